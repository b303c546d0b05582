#!/usr/bin/python3
#===- test_agreement.py - Dispatches agree within error bounds ------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Random networks, compiled by both dispatches: forward, gradients and modes against
# an f64 evaluation that runs every member on every row and masks, within the bounds
# of bounded.py.
#
#===----------------------------------------------------------------------===#
"""Seeds are drawn unless given, by --seeds or MODC_SEEDS (FIRST-LAST or a list); what
fails is printed by its seed. Every network is compiled for --dispatch, with only the
programs that are compared. Of every --interpret-th network, the derived programs with
gradients as ops are also interpreted in NumPy.
"""
import argparse
import json
import os
import random
import re
import resource
import sys
import tempfile
import time

from agreement import Agreement
from compiled import Model
from derived import Derived
from model_checks import Checks
from network import Network
from random_networks import CASES, generate
from test_programs import generic, run

PROGRAMS = ("forward", "infer", "m_step")
# Batches of networks that are given: they may be large.
FEW = (("few points", 5), ("one point", 1), ("no point", 0))
GRADIENTS = (
    "modular-derive-programs", "modular-differentiate", "modular-share-candidates",
    "canonicalize", "cse",
)  # fmt: skip


def keep_programs(routed, names):
    """IR of the phase routed with only these programs: compiling takes less time."""
    signature = re.compile(r'modular\.signature = "([^"]*)"')
    description = json.loads(signature.search(routed)[1].replace("\\22", '"'))
    kept = [p for p in description["programs"] if p["name"] in names]
    for program in description["programs"]:
        if program not in kept:
            function = rf"^  func\.func @{program['name']}\(.*?^  }}\n"
            routed, count = re.subn(function, "", routed, flags=re.M | re.S)
            assert count == 1, program["name"]
    description["programs"] = kept
    text = json.dumps(description).replace('"', "\\22")
    return signature.sub(lambda _: f'modular.signature = "{text}"', routed)


def check(seed, text, args, folder, totals):
    source = os.path.join(folder, f"network{seed}.mlir")
    with open(source, "w") as file:
        file.write(text)
    network = Network.parse(generic(text))
    routed = source + ".routed"
    run(["modc", "compile", source, "--to=routed", "-o", routed])
    with open(routed) as file:
        text = keep_programs(file.read(), PROGRAMS)
    with open(routed, "w") as file:
        file.write(text)
    known = {}
    for dispatch in args.dispatch.split(","):
        library = f"{source}.{dispatch}.so"
        flags = [f"--dispatch={dispatch}", "-O", str(args.optimize)]
        run(["modc", "compile", routed, "--from=routed", "-o", library, *flags])
        checks = Checks(Model(library, args.workers), network, seed, known=known)
        try:
            checks.all(FEW if args.files else CASES)
        except Exception as error:
            raise type(error)(f"{dispatch}: {error}") from None
        totals[dispatch].add(checks.agreement)
        os.remove(library)


def interpret(seed, text, args):
    """The derived programs, gradients as ops, in NumPy."""
    model = Derived(generic(text, GRADIENTS))
    wanted = [p for p in model.signature["programs"] if p["name"] in PROGRAMS]
    model.signature["programs"] = wanted
    Checks(model, Network.parse(generic(text)), seed, exact=True).all(
        FEW if args.files else CASES
    )


def seeds_of(args):
    given = args.seeds or os.environ.get("MODC_SEEDS")
    if not given:
        return sorted(random.SystemRandom().sample(range(1_000_000), args.count))
    seeds = []
    for part in given.split(","):
        first, _, last = part.partition("-")
        seeds += range(int(first), int(last or first) + 1)
    return seeds


def report(totals):
    for name, total in totals.items():
        worst = total.values
        print(
            f"{name}: {worst.count} numbers and {worst.unbounded} without a bound, largest error "
            f"{worst.ratio:.3f} of its bound ({worst.what}); {total.modes} modes, "
            f"{total.undecided} not of the largest score, but of one up to {total.gap:.2g} u less"
        )
    dense = totals[next(iter(totals))].masked
    print(f"dense in NumPy f32: largest error {dense.ratio:.3f} of its bound ({dense.what})")


def processor_seconds():
    """Of this process and those that it ran."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("files", nargs="*", help="networks, instead of random ones")
    parser.add_argument("--seeds", help="FIRST-LAST, or a list of them")
    parser.add_argument("--count", type=int, default=4, help="networks to draw")
    parser.add_argument("--dispatch", default="grouped,naive")
    parser.add_argument("--optimize", type=int, default=0)
    parser.add_argument("--element", choices=("f32", "f64"), help="of files, instead of their own")
    parser.add_argument("--interpret", type=int, default=5, metavar="N")
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--seconds", type=float, help="stop after the network that ends then")
    parser.add_argument("--keep-going", action="store_true", help="past what fails")
    parser.add_argument("--progress", action="store_true")
    args = parser.parse_args()
    seeds = range(len(args.files)) if args.files else seeds_of(args)
    start = time.monotonic()
    if not args.files:
        print("seeds:", *(seeds if len(seeds) < 10 else (seeds[0], "to", seeds[-1])), flush=True)
    totals = {dispatch: Agreement("f32") for dispatch in args.dispatch.split(",")}
    agree = interpreted = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(seeds):
            try:
                name = f"seed {seed}"
                if args.files:
                    name = args.files[seed]
                    with open(name) as file:
                        text = file.read()
                    if args.element:
                        text = re.sub("f(32|64)", args.element, text)
                else:
                    text = generate(seed)
                check(seed, text, args, folder, totals)
                if number % args.interpret == 0:
                    interpret(seed, text, args)
                    interpreted += 1
                agree += 1
            except Exception as error:
                failed += 1
                print(f"{name}: {type(error).__name__}: {error}", flush=True)
                if not args.keep_going:
                    break
            if args.progress:
                print(f"{number + 1} of {len(seeds)}, {name}", file=sys.stderr, flush=True)
            if args.seconds and time.monotonic() - start > args.seconds:
                break
    report(totals)
    print(f"{interpreted} interpreted too; {processor_seconds():.0f} s of processor")
    print(f"{agree} networks agree, {failed} do not")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
