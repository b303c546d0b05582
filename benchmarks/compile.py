#!/usr/bin/python3
#===- compile.py - Time and size of compilation ---------------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# What does it cost to turn a network into a library, and how large is that? Also
# says where the time goes, by the phases that a compilation can stop at, and how
# long one layer takes, as a library and in the process.
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

sys.path += [
    os.path.join(measure.SOURCE, *parts)
    for parts in (["benchmarks", "peers"], ["test", "numpy"])
]

import networks
import shapes

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


def measure_layer(args, name, folder):
    """The forward program of one layer of benchmarks/peers."""
    model = os.path.join(folder, f"{name}.mlir")
    with open(model, "w", encoding="utf-8") as file:
        file.write(networks.network(shapes.SHAPES[name], trained=False))
    command = [args.modc, "compile", model, "--program=forward", "-o"]
    runs = [
        measure.run(command + [os.path.join(folder, f"{name}.so")])
        for _ in range(args.runs)
    ]
    in_process = measure.run([args.jit_times, str(args.runs), "forward", model])
    return {
        "name": name,
        "jit_seconds": float(in_process.output),
        "seconds": min(run.seconds for run in runs),
    }


def measure_all(names, measure_named):
    results = []
    for name in names:
        if sys.stderr.isatty():
            print(f"\r{name}\033[K", end="", file=sys.stderr)
        results.append(measure_named(name))
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    return results


def show_layers(args, names):
    with tempfile.TemporaryDirectory() as folder:
        results = measure_all(names, lambda name: measure_layer(args, name, folder))
    header = ["layer", "in the process, s", "as a library, s"]
    rows = [
        [
            f"{r['name']}: {shapes.describe(shapes.SHAPES[r['name']])}",
            f"{r['jit_seconds']:.2f}",
            f"{r['seconds']:.2f}",
        ]
        for r in results
    ]
    report = {"machine": measure.machine(), "layers": results}
    measure.show(args, report, header, rows, [f"best of {args.runs} runs"])


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
    parser.add_argument(
        "--layers",
        nargs="?",
        const=",".join(shapes.TABLE),
        help="one forward layer of each of these shapes of benchmarks/peers instead "
        "(without names: all)",
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
    if args.layers is not None:
        layers = args.layers.split(",")
        for name in layers:
            if name not in shapes.SHAPES:
                parser.error(f"unknown layer '{name}'")
        folder = os.path.dirname(args.modc)
        args.jit_times = os.path.join(folder, "benchmarks", "jit_times")
        if not os.path.exists(args.jit_times):
            parser.error(f"no '{args.jit_times}', which tools/build.sh makes")
        return show_layers(args, layers)
    with tempfile.TemporaryDirectory() as folder:
        results = measure_all(names, lambda name: measure_one(args, name, folder))
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
