#!/usr/bin/python3
#===- estep.py - E-steps against forward passes ---------------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# What does an E-step of ten candidates cost beside ten forward passes? As little as
# its candidates differ: with controllers that have no opinion, and with ones that
# are nearly certain.
#
#===----------------------------------------------------------------------===#
"""Times e_step beside forward in one process, turn by turn (`modc bench`).

Candidate 0 of a point is its stored choice, drawn uniformly; the others come from
the controller. Logits are normal with a deviation of 0.01 (uniform), or of one at
which the best member has a probability of 0.99 on average (peaked).
"""
import argparse
import json
import os
import sys
import tempfile

import measure
import numpy as np

# Points, inputs, outputs, members.
SHAPES = {
    "K1e": (32, 784, 32, 10),
    "main": (128, 784, 64, 8),
    "square": (128, 256, 256, 10),
}

NETWORK = """
modular.network @estep {{
  modular.module @member(%x: tensor<?x{d}xf32>) -> tensor<?x{h}xf32> {{
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<{d}x{h}xf32>
    %b = modular.parameter "bias" init(zeros) : tensor<{h}xf32>
    %y = modular.linear %x, %w, %b : tensor<?x{d}xf32>, tensor<{d}x{h}xf32>, tensor<{h}xf32> -> tensor<?x{h}xf32>
    modular.yield %y : tensor<?x{h}xf32>
  }}
  modular.pool @experts [@member x {m}]
  modular.controller @router(%x: tensor<?x{d}xf32>) -> tensor<?x1x{m}xf32> {{
    %w = modular.parameter "weight" init(glorot_uniform) : tensor<{d}x{m}xf32>
    %b = modular.parameter "bias" init(zeros) : tensor<{m}xf32>
    %s = modular.linear %x, %w, %b : tensor<?x{d}xf32>, tensor<{d}x{m}xf32>, tensor<{m}xf32> -> tensor<?x{m}xf32>
    %scores = modular.reshape %s : tensor<?x{m}xf32> -> tensor<?x1x{m}xf32>
    modular.yield %scores : tensor<?x1x{m}xf32>
  }}
  modular.graph(%x: tensor<?x{d}xf32>) -> tensor<?x{h}xf32> {{
    %y = modular.layer @experts(%x : tensor<?x{d}xf32>) by @router(%x : tensor<?x{d}xf32>)
        choose 1 compose sum -> tensor<?x{h}xf32>
    modular.output %y : tensor<?x{h}xf32>
  }}
  modular.objective gaussian(sigma = 1.0)
}}
"""


def best_probability(deviation, members):
    logits = np.random.default_rng(1).standard_normal((20000, members)) * deviation
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return (1 / powers.sum(1)).mean()


def peaked_deviation(members):
    low, high = 0.0, 1e4
    for _ in range(60):
        middle = (low + high) / 2
        if best_probability(middle, members) < 0.99:
            low = middle
        else:
            high = middle
    return high


def write_weights(path, shape, deviation):
    _, d, h, m = shape
    rng = np.random.default_rng(0)
    tensors = {}
    for i in range(m):
        tensors[f"experts.{i}.weight"] = rng.standard_normal((d, h)) / d**0.5
        tensors[f"experts.{i}.bias"] = np.zeros(h)
    tensors["router.weight"] = rng.standard_normal((d, m)) * deviation / d**0.5
    tensors["router.bias"] = np.zeros(m)
    header, data = {}, b""
    for name, values in tensors.items():
        part = values.astype("<f4").tobytes()
        header[name] = {
            "dtype": "F32",
            "shape": list(values.shape),
            "data_offsets": [len(data), len(data) + len(part)],
        }
        data += part
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text + data)


def measure_one(args, modc, name, controller, folder):
    shape = n, d, h, m = SHAPES[name]
    network, weights = os.path.join(folder, "n.mlir"), os.path.join(folder, "w")
    library = os.path.join(folder, "n.so")
    with open(network, "w", encoding="utf-8") as file:
        file.write(NETWORK.format(d=d, h=h, m=m))
    deviation = 0.01 if controller == "uniform" else peaked_deviation(m)
    write_weights(weights, shape, deviation)
    measure.run([modc, "compile", network, "-o", library])
    command = [args.modc, "bench", library, "--json", "--weights", weights]
    command += ["--batch", str(n), "--samples", str(args.samples)]
    command += ["--threads", str(args.threads), "--seconds", str(args.seconds)]
    command += ["--program", "forward", "--program", "e_step"]
    report = json.loads(measure.run(command).output)
    times = {p["name"]: p["seconds"] for p in report["programs"]}
    return {
        "shape": f"{name}: {n}×{d}→{h}, M {m}",
        "controller": controller,
        "compiler": "before" if modc == args.before else "now",
        "forward": times["forward"],
        "e_step": times["e_step"],
        "ratio": times["e_step"]["min"] / (args.samples * times["forward"]["min"]),
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
    parser.add_argument("--before", help="an older driver that compiles too")
    parser.add_argument(
        "--shapes", default=",".join(SHAPES), help="names (default: all)"
    )
    parser.add_argument("--samples", type=int, default=10, help="default: 10")
    parser.add_argument("--threads", type=int, default=1, help="default: 1")
    parser.add_argument("--seconds", type=float, default=3, help="each (default: 3)")
    parser.add_argument("--json", action="store_true", help="print JSON instead")
    args = parser.parse_args()
    names = args.shapes.split(",")
    for name in names:
        if name not in SHAPES:
            parser.error(f"unknown shape '{name}'")
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            for controller in ("uniform", "peaked"):
                for modc in [args.before, args.modc] if args.before else [args.modc]:
                    if sys.stderr.isatty():
                        print(f"\r{name} {controller}\033[K", end="", file=sys.stderr)
                    results.append(measure_one(args, modc, name, controller, folder))
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    header = ["shape", "controller", "compiler", "forward µs (median)"]
    header += ["E-step µs (median)", f"E-step over {args.samples} forwards"]
    micros = lambda t: f"{1e6 * t['min']:.1f} ({1e6 * t['median']:.1f})"
    rows = [
        [
            r["shape"],
            r["controller"],
            r["compiler"],
            micros(r["forward"]),
            micros(r["e_step"]),
            f"{r['ratio']:.2f}",
        ]
        for r in results
    ]
    report = {"machine": measure.machine(), "runs": results}
    remarks = [f"{args.samples} candidates, {args.threads} thread(s), fastest samples"]
    measure.show(args, report, header, rows, remarks)


if __name__ == "__main__":
    main()
