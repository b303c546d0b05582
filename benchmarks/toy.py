#!/usr/bin/python3
#===- toy.py - The toy regression over many seeds -------------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# How often does EM find the two rules of examples/toy.mlir? Beside it stand a
# controller that is never trained and the NumPy reference (test/numpy/toy_em.py).
#
#===----------------------------------------------------------------------===#
"""Trains examples/toy.mlir from many seeds and counts the solved ones.

A seed is *solved* if the squared error with the best member of each training
point is below 0.01 and the controller's mode tells the two components apart
within one point (0.01) of the best linear classifier.
"""
import argparse
import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile

import numpy as np

import measure
from toy_data import make_toy_data

sys.path.insert(0, os.path.join(measure.SOURCE, "test", "numpy"))
from toy_em import best_linear_accuracy  # noqa: E402


def variants(steps):
    """Name, M-steps and flags; `steps` counts E- and M-steps together."""
    nine = steps * 9 // 10
    own = ["--e-every", "9", "--e-own-batch"]
    return {
        "own": (
            "EM, one E-step then nine M-steps, each on its own batch (as released)",
            nine,
            own,
        ),
        "both": ("EM, E- and M-step on each batch", steps // 2, ["--e-every", "1"]),
        "untrained": (
            "controller never trained",
            nine,
            own + ["--freeze", "router"],
        ),
        "no-e-step": ("no E-step", steps, ["--e-every", "0"]),
    }


def recomputed_error(weights, x, y):
    """The squared error by the mode, from the weights file alone: it agrees with
    `modc eval` only if both looked at the same data."""
    w = measure.read_safetensors(weights)
    mode = (x @ w["router.weight"] + w["router.bias"]).argmax(-1)
    outputs = np.stack(
        [x @ w[f"experts.{m}.weight"] + w[f"experts.{m}.bias"] for m in (0, 1)]
    )
    return ((outputs[mode, np.arange(len(x))] - y) ** 2).mean()


def one_run(args, library, folder, variant, seed):
    _, steps, flags = variants(args.steps)[variant]
    weights = os.path.join(folder, f"{variant}-{seed}.safetensors")
    train = measure.run(
        [args.modc, "train", library, "--data", "toy", "--seed", str(seed)]
        + ["--steps", str(steps), "--batch", "100", "--lr", "0.01"]
        + ["--threads", "1", "--save", weights, "--json"]
        + flags
    )
    judged = json.loads(
        measure.run(
            [args.modc, "eval", library, "--weights", weights, "--data", "toy"]
            + ["--seed", str(seed), "--split", "train", "--samples", "0"]
            + ["--threads", "1", "--json"]
        ).output
    )
    x, y, component = make_toy_data(seed)
    error = recomputed_error(weights, x, y)
    expected = judged["squared_error"]
    if abs(error - expected) > 1e-5 + 1e-3 * abs(expected):
        sys.exit(f"seed {seed}: squared error {expected} by eval, {error} by NumPy")
    linear = best_linear_accuracy(x, component)
    by_best = judged["best_squared_error"] < 0.01
    by_mode = judged["rule_accuracy"] >= linear - 0.01
    return {
        "variant": variant,
        "seed": seed,
        "squared_error": expected,
        "best_squared_error": judged["best_squared_error"],
        "rule_accuracy": judged["rule_accuracy"],
        "linear_accuracy": linear,
        "h_a": judged["h_a"],
        "h_b": judged["h_b"],
        "solved_best": by_best,
        "solved_mode": by_mode,
        "solved": by_best and by_mode,
        "seconds": train.seconds,
        "cpu_seconds": train.cpu_seconds,
        "peak_mib": train.peak_mib,
    }


def reference(args):
    """The NumPy EM, all seeds at once."""
    script = os.path.join(measure.SOURCE, "test", "numpy", "toy_em.py")
    command = [sys.executable, script, "--seeds", args.seeds, "--summary"]
    command += ["--steps", str(args.steps), "--variants", "em,untrained"]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--modc", default="modc", help="the driver to measure")
    parser.add_argument("--seeds", default="0-39", help="FIRST-LAST")
    parser.add_argument("--steps", type=int, default=20000, help="E- and M-steps")
    parser.add_argument("--variants", default="own,both,untrained")
    parser.add_argument("--jobs", type=int, default=1, help="runs at once")
    parser.add_argument("--no-numpy", action="store_true", help="leave it out")
    parser.add_argument("--json", action="store_true", help="print JSON instead")
    args = parser.parse_args()
    names = measure.chosen_variants(parser, args, variants(args.steps))
    seeds = measure.seeds(args.seeds)
    with tempfile.TemporaryDirectory() as folder:
        library = os.path.join(folder, "toy.so")
        model = os.path.join(measure.SOURCE, "examples", "toy.mlir")
        compile_ = measure.run([args.modc, "compile", model, "-o", library])
        with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
            futures = [
                pool.submit(one_run, args, library, folder, name, seed)
                for name in names
                for seed in seeds
            ]
            runs = [future.result() for future in futures]
    report = {
        "machine": measure.machine(),
        "steps": args.steps,
        "jobs": args.jobs,
        "compile_seconds": compile_.seconds,
        "runs": runs,
    }
    if not args.no_numpy:
        report["numpy"] = reference(args)["variants"]
    rows = []
    for name, of in measure.by_variant(names, runs):
        count = {k: sum(run[k] for run in of) for k in of[0] if k.startswith("solved")}
        rows.append(
            [
                variants(args.steps)[name][0],
                f"{count['solved']} of {len(of)}",
                count["solved_best"],
                count["solved_mode"],
                measure.span([run["cpu_seconds"] for run in of], "{:.2f}"),
                measure.span([run["seconds"] for run in of], "{:.1f}"),
            ]
        )
    for name, entry in report.get("numpy", {}).items():
        label = {"em": "NumPy, EM as released", "untrained": "NumPy, never trained"}
        rows.append(
            [label[name], f"{entry['solved']} of {len(seeds)}", entry["solved_best"]]
            + [entry["solved_mode"], "", f"{entry['seconds']:.1f} for all seeds"]
        )
    header = ["", "solved", "by the best member", "by the mode"]
    header += ["processor s a run", "clock s a run"]
    bad = [str(r["seed"]) for r in runs if r["variant"] == names[0] and not r["solved"]]
    remarks = [f"Not solved by `{names[0]}`: seeds {', '.join(bad) or 'none'}."]
    remarks += [f"{args.jobs} runs at once, one thread each"]
    measure.show(args, report, header, rows, remarks)


if __name__ == "__main__":
    main()
