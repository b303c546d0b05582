#!/usr/bin/python3
#===- test_kernels.py - Grouped kernels over random shapes ----------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Every grouped kernel against the naive dispatch and an f64 evaluation with error
# bounds (bounded.py), over random shapes, for every set of processor features that
# this machine runs, with the selection forced and buffers poisoned.
#
#===----------------------------------------------------------------------===#
"""A shape is a network (kernel_networks.py) and a batch for it; --draws shapes share
one compiled network. Networks have the numbers SEED, SEED + 1, and so on; "commit"
takes a number that the commit draws, so that each has shapes of its own, and a failure
can be had again. What fails is printed by its number: `--seed NUMBER --shapes 25`.
"""
import argparse
import hashlib
import os
import sys
import tempfile
import time

from agreement import Agreement
from compiled import Model, features_here
from kernel_checks import KernelChecks
from kernel_networks import KernelNetwork, draw_cases
from network import Network
from random_networks import generate
from test_agreement import keep_programs, processor_seconds
from test_programs import generic, run

PROGRAMS = ("forward", "m_step", "train_step")
TARGETS = ("x86-64-v2", "x86-64-v3", "x86-64-v4")


def seed_of(text):
    if text != "commit":
        return int(text)
    here = os.path.dirname(os.path.abspath(__file__))
    try:
        name = run(["git", "-C", here, "rev-parse", "HEAD"])
    except (OSError, RuntimeError):
        # Without git the day does.
        name = time.strftime("%Y-%m-%d")
    return int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) % 1_000_000


def compiled(source, dispatch, optimize, targets=()):
    library = f"{source}.{dispatch}.so"
    flags = [f"--dispatch={dispatch}", "-O", str(optimize)]
    flags += [f"--target=cpu:{target}" for target in targets]
    run(["modc", "compile", source, "--from=routed", "-o", library, *flags])
    return library


def check(seed, draws, args, folder, totals):
    if args.network:
        with open(args.network) as file:
            text = file.read()
    else:
        text = generate(seed, args.element, KernelNetwork)
    if args.verbose:
        print(text)
    network = Network.parse(generic(text))
    source = os.path.join(folder, f"network{seed}.mlir")
    with open(source, "w") as file:
        file.write(text)
    routed = run(["modc", "compile", source, "--to=routed"])
    with open(source, "w") as file:
        file.write(keep_programs(routed, PROGRAMS))
    cases = draw_cases(network, seed, draws)
    naive = KernelChecks(Model(compiled(source, "naive", 1)), network, seed, {})
    library = compiled(source, "grouped", args.optimize, args.targets)
    runs = [("naive", naive)]
    for variant in Model(library).signature["targets"]:
        if variant["features"] & ~features_here():
            continue
        model = Model(library, features=variant["features"])
        assert model.target == variant["name"], (model.target, variant)
        runs.append((model.target, KernelChecks(model, network, seed, naive.known, naive)))
    for name, checks in runs:
        try:
            checks.all(cases)
        except Exception as error:
            raise type(error)(f"{name}: {error}") from None
        for part, agreement in checks.parts.items():
            totals.setdefault((name, part), Agreement("f32")).add(agreement)


def report(totals):
    for (name, part), total in totals.items():
        worst, pairs = total.values, total.pairs
        text = f"{name}, {part}: {worst.count} numbers, largest error {worst.ratio:.3f} of its bound"
        if pairs.count:
            text += f", {pairs.ratio:.3f} of it from naive"
        print(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=seed_of, default=0, help="number of the first network")
    parser.add_argument("--shapes", type=int, default=50)
    parser.add_argument("--network", metavar="FILE", help="instead of drawn ones")
    parser.add_argument("--draws", type=int, default=25, help="shapes of a compiled network")
    parser.add_argument("--optimize", type=int, default=2)
    parser.add_argument("--element", choices=("f32", "f64"))
    parser.add_argument("--targets", type=lambda x: x.split(","), default=TARGETS)
    parser.add_argument("--keep-going", action="store_true", help="past what fails")
    parser.add_argument("--verbose", action="store_true", help="print networks")
    args = parser.parse_args()
    totals, agree, failed, seed = {}, 0, 0, args.seed
    print(f"networks from {seed} on", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        while agree + failed < args.shapes:
            draws = min(args.draws, args.shapes - agree - failed)
            try:
                check(seed, draws, args, folder, totals)
                agree += draws
            except Exception as error:
                failed += draws
                print(f"network {seed}: {type(error).__name__}: {error}", flush=True)
                if not args.keep_going:
                    break
            seed += 1
    report(totals)
    print(f"{seed - args.seed} networks; {processor_seconds():.0f} s of processor")
    print(f"{agree} shapes agree, {failed} do not")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
