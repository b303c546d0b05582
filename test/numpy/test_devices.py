#!/usr/bin/python3
#===- test_devices.py - Random networks on a device -----------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Random networks of f32, compiled for a device beside the naive dispatch of the
# processor: all programs of both within the bounds of bounded.py, with the errors
# that docs/gpu.md states for functions, and the same choices.
#
#===----------------------------------------------------------------------===#
"""Seeds are FIRST-LAST or a list of them; "commit" takes --count that the commit
draws. What fails is printed by its seed; what the compiler or the device refuses fails.
"""
import argparse
import os
import sys
import tempfile
import time

import bounded
from agreement import Agreement
from compiled import Model
from device_checks import DeviceChecks
from device_model import DeviceModel
from network import Network
from random_networks import CASES, generate
from test_agreement import FEW, processor_seconds
from test_kernels import seed_of
from test_programs import generic, run

# Half of them for each network, in turn, where --half is given.
HALVES = (("infer", "forward", "e_step", "m_step"), ("evaluate", "score", "update", "train_step"))


def compile_for(target, source, programs):
    library = source + ".so"
    flags = [flag for name in programs for flag in ("--program", name)]
    flags += ["--target=cpu:host", f"--target={target}", "--dispatch=naive", "-O", "0"]
    run(["modc", "compile", source, "-o", library, *flags])
    return library


def check(seed, text, args, folder, totals):
    source = os.path.join(folder, f"network{seed}.mlir")
    with open(source, "w") as file:
        file.write(text)
    network = Network.parse(generic(text))
    programs = HALVES[seed % 2] if args.half else HALVES[0] + HALVES[1]
    library = compile_for(args.target, source, programs)
    cases = FEW if args.files else args.cases
    naive = DeviceChecks(Model(library, 2), network, seed, {})
    device = DeviceChecks(DeviceModel(library, args.device), network, seed, naive.known, naive)
    for name, checks in (("naive", naive), (args.device, device)):
        try:
            checks.all(cases)
        except Exception as error:
            raise type(error)(f"{name}: {error}") from None
    os.remove(library)
    for name, checks in (("naive", naive), (args.device, device)):
        for part, agreement in checks.parts.items():
            totals.setdefault((name, part), Agreement("f32")).add(agreement)
    return device.compared, device.seen


def seeds_of(text, count):
    if text == "commit":
        first = seed_of("commit")
        return range(first, first + count)
    seeds = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        seeds += range(int(first), int(last or first) + 1)
    return seeds


def report(totals):
    for (name, part), total in totals.items():
        worst, pairs = total.values, total.pairs
        if not worst.count:
            continue
        text = f"{name}, {part}: {worst.count} numbers, largest error {worst.ratio:.3f} of its bound ({worst.what})"
        if pairs.count:
            text += f", {pairs.ratio:.3f} of it from naive"
        if total.modes:
            text += f"; {total.modes} modes, {total.undecided} of a score up to {total.gap:.2g} u less"
        print(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("files", nargs="*", help="networks, instead of random ones")
    parser.add_argument("--seeds", default=os.environ.get("MODC_SEEDS", "0-9"))
    parser.add_argument("--count", type=int, default=10, help="networks that the commit draws")
    parser.add_argument("--device", default="vulkan")
    parser.add_argument("--target", default="vulkan", help="of the compiler")
    parser.add_argument("--half", action="store_true", help="of the programs of each network")
    parser.add_argument("--cases", type=int, default=len(CASES), help="batches of a network")
    parser.add_argument("--validate", type=int, default=10, metavar="N",
                        help="every N-th network with Vulkan's validation layer")  # fmt: skip
    parser.add_argument("--keep", metavar="DIR", help="write what does not agree there")
    parser.add_argument("--keep-going", action="store_true", help="past what fails")
    parser.add_argument("--progress", action="store_true")
    args = parser.parse_args()
    args.cases = CASES[: args.cases]
    bounded.use_functions(bounded.OF_DEVICES)
    seeds = range(len(args.files)) if args.files else seeds_of(args.seeds, args.count)
    print("seeds:", seeds[0], "to", seeds[-1], flush=True)
    totals, failures = {}, []
    agree = compared = seen = 0
    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(seeds):
            name, start = f"seed {seed}", time.monotonic()
            if args.files:
                name = args.files[seed]
                with open(name) as file:
                    text = file.read()
            else:
                text = generate(seed, "f32")
            os.environ["MODC_VULKAN_VALIDATION"] = "01"[number % args.validate == 0]
            outcome = "agrees"
            try:
                counts = check(seed, text, args, folder, totals)
                compared, seen = compared + counts[0], seen + counts[1]
                agree += 1
            except Exception as error:
                failures.append(name)
                outcome = f"{type(error).__name__}: {error}"
                print(f"{name}: {outcome}", flush=True)
            if outcome != "agrees" and args.keep:
                with open(os.path.join(args.keep, f"network{seed}.mlir"), "w") as file:
                    file.write(f"// {outcome}\n{text}")
            if args.progress:
                seconds = time.monotonic() - start
                print(f"{number + 1} of {len(seeds)}, {name}, {seconds:.1f} s: {outcome}",
                      file=sys.stderr, flush=True)  # fmt: skip
            if failures and not args.keep_going:
                break
    report(totals)
    print(f"{compared} of {seen} points have choices that rounding cannot change")
    print(f"{processor_seconds():.0f} s of processor")
    print(f"{agree} networks agree, {len(failures)} do not")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
