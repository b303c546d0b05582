#!/usr/bin/python3
#===- training.py - Whole trainings beside PyTorch ------------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# How long do the examples take to train, and how long the same networks by the same
# procedure in PyTorch? First both train for a while, and what they learn is compared;
# then they take turns.
#
#===----------------------------------------------------------------------===#
"""Times trainings by EM of modc and of PyTorch, turn by turn: the Fashion-MNIST main
job, the network released for MNIST (on Fashion-MNIST), and the toy regression.

PyTorch runs in four forms, each on every number of threads; the fastest counts. Runs
in the environment of setup.sh where that exists.
"""
import argparse
import json
import os
import sys
import tempfile
import time

import environment

if __name__ == "__main__":
    environment.enter()

FORMS = ["loop", "grouped", "all", "compiled"]
# Example, flags of modc train, batch, M-steps an E-step, rate, steps to time, steps
# to judge, which figure, how far the two may lie apart, bar and its name.
JOBS = {
    "fashion": ("fashion-mnist", 128, 1, 1e-3, 468, 1404, "accuracy", 0.03,
                ("C13", 8)),
    "mnist": ("mnist", 32, 10, 1e-3, 1000, 3750, "accuracy", 0.05, ("C13b", 15)),
    "toy": ("toy", 100, 1, 1e-2, 1000, 10000, "loss", 0.5, ("C13b", 50)),
}


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", default=",".join(JOBS), metavar="NAMES",
                        help="default: %(default)s")
    parser.add_argument("--forms", default=",".join(FORMS), metavar="NAMES",
                        help="of PyTorch (default: %(default)s)")
    parser.add_argument("--threads", default="1,2", metavar="N,...",
                        help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=3, metavar="N",
                        help="turns of everyone (default: %(default)s)")
    parser.add_argument("--share", type=float, default=1.0, metavar="X",
                        help="do that share of all steps; below 1 what was learned "
                        "is not compared (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--modc", metavar="PATH", help="default: build/bin/modc, or "
                        "the one on the path")
    parser.add_argument("--json", metavar="FILE", help="write all figures there")
    arguments = parser.parse_args()
    for option, known in (("jobs", JOBS), ("forms", FORMS)):
        names = [n for n in getattr(arguments, option).split(",") if n]
        for name in names:
            if name not in known:
                parser.error(f"unknown {option.rstrip('s')} '{name}', "
                             f"known are {', '.join(known)}")
        setattr(arguments, option, names)
    arguments.threads = environment.parse_threads(parser, arguments.threads)
    return arguments


def load_data(torch, name):
    """Points and targets to train on and to judge by, as tensors."""
    if name == "toy":
        import modc_ctypes

        return [torch.from_numpy(a) for test in (False, True)
                for a in modc_ctypes.toy_data(0, 1000, test)[:2]]
    import fashion_em

    made = []
    for part in ("train", "t10k"):
        images, labels = fashion_em.load(part)
        # Floats beforehand: a step of modc's makes them of bytes.
        made += [torch.from_numpy(fashion_em.pixels(images)), torch.from_numpy(labels)]
    return made


class Modc:
    name = "modc"

    def __init__(self, arguments, job, library):
        self.arguments, self.job, self.library = arguments, job, library

    def train(self, threads, steps):
        """Seconds of the steps, and what the test data say."""
        import measure

        example, batch, e_every, rate = JOBS[self.job][:4]
        data = "toy" if self.job == "toy" else "fashion-mnist"
        run = measure.run([
            self.arguments.modc, "train", self.library, "--data", data, "--json",
            f"--batch={batch}", f"--e-every={e_every}", f"--lr={rate}",
            f"--steps={steps}", f"--threads={threads}", f"--log-every={steps}",
            f"--seed={self.arguments.seed}"])
        summary = json.loads(run.output)
        return summary["train"]["seconds"], summary["test"]["mode"]


class Torch:
    def __init__(self, arguments, job, torch, data, form):
        import training_torch

        self.name, self.torch, self.data = f"PyTorch {form}", torch, data
        _, batch, e_every, rate = JOBS[job][:4]
        self.fresh = lambda: training_torch.Trainer(
            training_torch.NETWORKS[job], form, data[0], data[1], batch, 10, e_every,
            rate, arguments.seed)
        self.trainers = {}

    def train(self, threads, steps):
        self.torch.set_num_threads(threads)
        # Goes on where it stopped: compiling is not what is timed.
        if threads not in self.trainers:
            self.trainers[threads] = self.fresh()
            for _ in range(12):
                self.trainers[threads].step()
        trainer = self.trainers[threads]
        start = time.perf_counter()
        for _ in range(steps):
            trainer.step()
        return time.perf_counter() - start, trainer.judge(*self.data[2:])


def compare(job, made, steps, threads):
    """What each learns in the same number of steps, and whose differs."""
    figure, apart = JOBS[job][6:8]
    judged = {}
    for runner in made:
        judged[runner.name] = runner.train(threads, steps)[1]
        if hasattr(runner, "trainers"):
            runner.trainers.clear()
    own = judged["modc"][figure]
    return judged, [name for name, values in judged.items()
                    if not abs(values[figure] - own) <= apart]


def measure_job(arguments, job, torch, directory):
    import measure

    steps, long = (max(1, round(n * arguments.share)) for n in JOBS[job][4:6])
    library = os.path.join(directory, f"{job}.so")
    source = os.path.join(environment.SOURCE, "examples", f"{JOBS[job][0]}.mlir")
    measure.run([arguments.modc, "compile", source, "-o", library])
    made = [Modc(arguments, job, library)]
    if torch:
        data = load_data(torch, job)
        # grouped_mm refuses rows that are not a multiple of 16 bytes.
        made += [Torch(arguments, job, torch, data, form) for form in arguments.forms
                 if form != "grouped" or job == "fashion"]
    judged, differ = (compare(job, made, long, max(arguments.threads))
                      if arguments.share >= 1 else ({}, []))
    times = {}
    for _ in range(arguments.rounds):
        for threads in arguments.threads:
            for runner in made:
                seconds, _ = runner.train(threads, steps)
                times.setdefault((runner.name, threads), []).append(seconds / steps)
    return {"job": job, "steps": steps, "judged": judged, "differ": differ,
            "judged_after": long,
            "runs": [{"name": n, "threads": t, "seconds": of}
                     for (n, t), of in times.items()]}


def report(result):
    import measure

    header = ["job", "by", "threads", "µs a step (median)", "steps a second",
              "times modc's best", "learned"]
    rows, bars = [], []
    for job in result["jobs"]:
        runs = [(min(r["seconds"]), r) for r in job["runs"]]
        own = min(s for s, r in runs if r["name"] == "modc")
        figure = JOBS[job["job"]][6]
        for seconds, run in runs:
            judged = job["judged"].get(run["name"])
            median = sorted(run["seconds"])[len(run["seconds"]) // 2]
            rows.append([
                job["job"], run["name"], run["threads"],
                f"{seconds * 1e6:.1f} ({median * 1e6:.1f})", f"{1 / seconds:.0f}",
                f"{seconds / own:.2f}",
                f"{figure} {judged[figure]:.4f}" if judged else ""])
        name, asked = JOBS[job["job"]][8]
        others = [(s, r) for s, r in runs if r["name"] != "modc"]
        if not others:
            bars.append(f"{name} {job['job']} >= {asked}: not measured")
            continue
        best, run = min(others, key=lambda pair: pair[0])
        got = best / own
        bars.append(f"{name} {job['job']} over PyTorch's best >= {asked}: got {got:.2f} "
                    f"({run['name']}, {run['threads']} threads); "
                    f"{'met' if got >= asked else 'missed'}")
        if job["job"] == "fashion":
            bars[-1] += f"; an epoch {own * 468:.2f} s and {best * 468:.2f} s"
        if job["differ"]:
            bars.append(f"{job['job']}: after {job['judged_after']} steps the test {figure} "
                        f"of {', '.join(job['differ'])} is more than {JOBS[job['job']][7]} "
                        f"from modc's: starts differ, or one of the two is wrong")
    lines = [f"{result['machine']}; {', '.join(result['versions'])}", ""]
    lines += [f"Left out: {text}." for text in result["missing"]]
    return "\n".join(lines + ["", measure.table(header, rows), ""] + bars)


def main():
    arguments = parse_arguments()
    arguments.modc = environment.find_modc("training.py", arguments.modc)
    environment.set_threads(max(arguments.threads))
    missing, versions, torch = [], [], None
    try:
        import torch

        versions.append(f"PyTorch {torch.__version__}")
    except ImportError as error:
        missing.append(str(environment.missing("PyTorch", error)))
    import measure

    with tempfile.TemporaryDirectory() as directory:
        jobs = [measure_job(arguments, job, torch, directory)
                for job in arguments.jobs]
    result = {"machine": measure.machine(), "versions": versions, "missing": missing,
              "jobs": jobs}
    print(report(result))
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump(result, file, indent=1)
            file.write("\n")
    return int(any(job["differ"] for job in jobs))


if __name__ == "__main__":
    sys.exit(main())
