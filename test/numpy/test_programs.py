#!/usr/bin/python3
#===- test_programs.py - Programs of random networks ----------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Makes random networks, derives or compiles their programs and compares all of
# them, on every batch case, with the NumPy interpreter of the network.
#
#===----------------------------------------------------------------------===#
"""Without --compile, the programs are IR: modc-opt runs the given passes and NumPy
the result. With --compile, modc compiles a model.so that is called through its C
interface. A network that fails is printed by seed, and its text kept on request.
"""
import argparse
import os
import subprocess
import sys
import tempfile
import traceback

from compiled import Model
from derived import Derived
from model_checks import Checks
from network import Network
from random_networks import generate


def run(command, text=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()[:1000]}")
    return done.stdout


def generic(text, passes=()):
    flags = [f"--{name}" for name in passes]
    return run(["modc-opt", "--mlir-print-op-generic", *flags], text)


def check(seed, text, args, folder):
    network = Network.parse(generic(text))
    if not args.compile:
        model = Derived(generic(text, args.passes.split(",")))
        Checks(model, network, seed, exact=True).all()
        return
    source = os.path.join(folder, f"network{seed}.mlir")
    with open(source, "w") as file:
        file.write(text)
    for number, flags in enumerate(args.compile):
        # A library of a name of its own: the loader keeps what it has seen.
        library = f"{source}.{number}.so"
        run(["modc", "compile", source, "-o", library, *flags.split()])
        Checks(Model(library, args.workers), network, seed).all()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("files", nargs="*", help="networks, instead of random ones")
    parser.add_argument("--seeds", default="0-9", help="FIRST-LAST")
    parser.add_argument("--passes", default="modular-derive-programs")
    parser.add_argument(
        "--compile",
        action="append",
        metavar="FLAGS",
        help="compile with these flags of modc instead; may be repeated",
    )
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--keep", metavar="DIR", help="write failing networks there")
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    first, last = (int(s) for s in args.seeds.split("-"))
    if args.files:
        first, last = 0, len(args.files) - 1
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(first, last + 1):
            name = args.files[seed] if args.files else f"seed {seed}"
            text = open(name).read() if args.files else generate(seed)
            try:
                check(seed, text, args, folder)
            except Exception as error:
                failed += 1
                print(f"{name}: {type(error).__name__}: {error}", flush=True)
                if args.verbose:
                    traceback.print_exc()
                if args.keep:
                    with open(os.path.join(args.keep, f"network{seed}.mlir"), "w") as file:
                        file.write(text)
    print(f"{last - first + 1 - failed} networks agree, {failed} do not")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
