#!/usr/bin/python3
#===- fashion.py - The main job and what it must beat ---------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Trains examples/fashion-mnist.mlir with E-steps at several rates, beside no E-step,
# fixed random routing and one module, and says what was learned and what it took.
#
#===----------------------------------------------------------------------===#
"""Fashion-MNIST: accuracy by the controllers' mode, entropies of the choices,
dead members, time of an epoch and peak memory, over several seeds."""
import argparse
import json
import os
import sys
import tempfile

import measure

VARIANTS = {
    "em": ("EM, E-step on every batch", "fashion-mnist", 1),
    "em4": ("EM, E-step on every 4th batch", "fashion-mnist", 4),
    "em10": ("EM, E-step on every 10th batch", "fashion-mnist", 10),
    "no-e-step": ("no E-step", "fashion-mnist", 0),
    "random": ("fixed random routing", "fashion-mnist-random", 0),
    "one": ("one module (M = 1)", "fashion-mnist-one", 0),
}


def one_run(args, library, weights, variant, seed):
    """Trains and judges; seconds are those of the training command alone, the
    judging at its end included."""
    train = measure.run(
        [args.modc, "train", library, "--data", "fashion-mnist"]
        + ["--epochs", str(args.epochs), "--seed", str(seed)]
        + ["--e-every", str(VARIANTS[variant][2]), "--threads", str(args.threads)]
        + ["--save", weights]
    )
    judge = measure.run(
        [args.modc, "eval", library, "--weights", weights, "--json"]
        + ["--data", "fashion-mnist", "--samples", "0"]
        + ["--threads", str(args.threads)]
    )
    judged = json.loads(judge.output)
    return {
        "variant": variant,
        "seed": seed,
        "accuracy": judged["mode"]["accuracy"],
        "h_a": judged.get("h_a", 0),
        "h_b": judged.get("h_b", 0),
        "dead": judged.get("dead", 0),
        "seconds_per_epoch": train.seconds / args.epochs,
        "cpu_seconds_per_epoch": train.cpu_seconds / args.epochs,
        "peak_mib": train.peak_mib,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument("--modc", default="modc", help="the driver to measure")
    parser.add_argument("--seeds", default="0-4", help="FIRST-LAST")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--variants", default=",".join(VARIANTS))
    parser.add_argument("--libraries", help="take compiled models from there, or put them")
    parser.add_argument("--json", action="store_true", help="print JSON instead")
    args = parser.parse_args()
    names = measure.chosen_variants(parser, args, VARIANTS)
    seeds = measure.seeds(args.seeds)
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        libraries = {}
        for model in sorted({VARIANTS[name][1] for name in names}):
            libraries[model] = os.path.join(args.libraries or folder, model + ".so")
            path = os.path.join(measure.SOURCE, "examples", model + ".mlir")
            if not os.path.exists(libraries[model]):
                measure.run([args.modc, "compile", path, "-o", libraries[model]])
        weights = os.path.join(folder, "weights.safetensors")
        # Seeds outside, so that a change of load meets all variants alike.
        for seed in seeds:
            for name in names:
                library = libraries[VARIANTS[name][1]]
                runs.append(one_run(args, library, weights, name, seed))
                print(json.dumps(runs[-1]), file=sys.stderr, flush=True)
    report = {"machine": measure.machine(), "epochs": args.epochs}
    report.update(threads=args.threads, runs=runs)
    rows = []
    for name, of in measure.by_variant(names, runs):

        def column(key, form):
            return measure.span([run[key] for run in of], form)

        def entropy(key):
            # One that draws nothing, or has one member to draw, has none.
            return "" if name in ("random", "one") else column(key, "{:.2f}")

        dead = sorted(run["dead"] for run in of)
        rows.append(
            [VARIANTS[name][0], column("accuracy", "{:.4f}")]
            + [entropy("h_a"), entropy("h_b"), f"{dead[0]}–{dead[-1]}"]
            + [column("seconds_per_epoch", "{:.2f}")]
            + [column("cpu_seconds_per_epoch", "{:.2f}"), column("peak_mib", "{:.0f}")]
        )
    header = ["", "test accuracy by the mode", "H_a", "H_b", "dead members"]
    header += ["clock s an epoch", "processor s an epoch", "peak MiB"]
    remarks = [f"{args.epochs} epochs, seeds {args.seeds}, mean (range)."]
    remarks += [f"{args.threads} threads"]
    measure.show(args, report, header, rows, remarks)


if __name__ == "__main__":
    main()
