#!/usr/bin/python3
#===- compile.py - Time and size of compilation ---------------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# What does it cost to turn a network into a library, and how large is that? Also
# says where the time goes, by the phases that a compilation can stop at.
#
#===----------------------------------------------------------------------===#
"""Compiles examples several times and prints processor time and size.

The best of the runs counts: a busy machine only ever adds to them.
"""
import argparse
import os
import sys
import tempfile

import measure

# Where a compilation is after each stop; the rest is linking.
STOPS = [
    ("lowering to loops", ["--to=buffers"]),
    ("LLVM dialect", ["--to=llvm"]),
    ("LLVM's optimizer", ["--emit=llvm"]),
    ("machine code", ["--emit=obj"]),
]


def examples():
    folder = os.path.join(measure.SOURCE, "examples")
    return sorted(n[:-5] for n in os.listdir(folder) if n.endswith(".mlir"))


def measure_one(args, name, folder):
    model = os.path.join(measure.SOURCE, "examples", f"{name}.mlir")
    command = [args.modc, "compile", model, "-o"]
    library = os.path.join(folder, f"{name}.so")
    runs = [measure.run(command + [library]) for _ in range(args.runs)]
    stops = [
        min(
            measure.run(command + [os.path.join(folder, "stop")] + flags).cpu_seconds
            for _ in range(args.runs)
        )
        for _, flags in (STOPS if args.stops else [])
    ]
    return {
        "name": name,
        "cpu_seconds": min(run.cpu_seconds for run in runs),
        "seconds": min(run.seconds for run in runs),
        "bytes": os.path.getsize(library),
        "peak_mib": max(run.peak_mib for run in runs),
        "stops": dict(zip([label for label, _ in STOPS], stops)),
    }


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--modc",
        default=os.path.join(measure.SOURCE, "build", "bin", "modc"),
        help="the driver (default: build/bin/modc)",
    )
    parser.add_argument(
        "--examples", default=",".join(examples()), help="names (default: all)"
    )
    parser.add_argument("--runs", type=int, default=3, help="default: 3")
    parser.add_argument(
        "--stops", action="store_true", help="also time the phases before the end"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead")
    args = parser.parse_args()
    names = args.examples.split(",")
    for name in names:
        if name not in examples():
            parser.error(f"unknown example '{name}'")
    if args.runs < 1:
        parser.error(f"--runs {args.runs} is less than 1")
    with tempfile.TemporaryDirectory() as folder:
        results = []
        for name in names:
            if sys.stderr.isatty():
                print(f"\r{name}\033[K", end="", file=sys.stderr)
            results.append(measure_one(args, name, folder))
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr)
    header = ["example", "processor s", "clock s", "model.so kB", "peak MiB"]
    header += [f"to {label}, s" for label, _ in STOPS] if args.stops else []
    rows = [
        [
            r["name"],
            f"{r['cpu_seconds']:.2f}",
            f"{r['seconds']:.2f}",
            f"{r['bytes'] / 1000:.0f}",
            f"{r['peak_mib']:.0f}",
        ]
        + [f"{s:.2f}" for s in r["stops"].values()]
        for r in results
    ]
    report = {"machine": measure.machine(), "runs": results}
    remarks = [f"best of {args.runs} runs, one after the other"]
    measure.show(args, report, header, rows, remarks)


if __name__ == "__main__":
    main()
