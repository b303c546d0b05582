#!/usr/bin/python3
#===- peers.py - modc beside what one would use instead -------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Times modular layers, routing and combining included, forward and in training. All
# that share a number of threads run in one process, turn by turn with the probes of
# the machine; results are judged against f64 before anything is timed.
#
#===----------------------------------------------------------------------===#
"""Times one modular layer for modc and its peers on this machine.

Forward: libxsmm, ONNX Runtime's MoE, PyTorch (loop, grouped_mm, compiled, gathered
weights, all modules), OpenBLAS, oneDNN with packed weights, JAX's ragged_dot. Forward
and backward, and steps with SGD and Adam: PyTorch. What is not installed is named and
left out; setup.sh gets it. Runs in the environment of setup.sh where that exists.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

import environment

if __name__ == "__main__":
    environment.enter()

PEERS = ["openblas", "libxsmm", "onednn", "onnxruntime", "jax", "torch", "numpy"]


def parse_arguments():
    import shapes
    import timing

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shapes", default="table,curves", metavar="IDS",
                        help="of " + ", ".join(shapes.SHAPES) + "; table and curves "
                        "are all of theirs (default: %(default)s)")
    parser.add_argument("--routing", default=",".join(shapes.ROUTINGS),
                        metavar="NAMES", help="default: %(default)s")
    parser.add_argument("--threads", default="1,2", metavar="N,...",
                        help="a process for each (default: %(default)s)")
    parser.add_argument("--tasks", default=",".join(timing.TASKS), metavar="NAMES",
                        help="default: %(default)s; curves are timed forward only")
    parser.add_argument("--peers", default=",".join(PEERS[:-1]), metavar="NAMES",
                        help="peers to look for, also numpy (default: %(default)s)")
    parser.add_argument("--budget", type=float, default=1.0, metavar="S",
                        help="seconds for each task of a shape; three rounds are "
                        "always made (default: %(default)s)")
    parser.add_argument("--modc", metavar="PATH", help="default: build/bin/modc, or "
                        "the one on the path")
    parser.add_argument("--models", metavar="DIR",
                        help="keep compiled models there for the next run")
    parser.add_argument("--read", metavar="FILE", nargs="+",
                        help="measure nothing; report what --json wrote in earlier "
                        "runs, later files before earlier ones")
    parser.add_argument("--json", metavar="FILE", help="write all figures there")
    parser.add_argument("--svg", metavar="DIR", help="write curves there")
    arguments = parser.parse_args()

    def parse(option, known, groups=None):
        environment.parse_names(parser, arguments, option, known, groups)

    parse("shapes", shapes.SHAPES, {"table": shapes.TABLE, "curves": shapes.CURVES})
    parse("peers", PEERS)
    parse("routing", shapes.ROUTINGS)
    parse("tasks", timing.TASKS)
    arguments.threads = environment.parse_threads(parser, arguments.threads)
    return arguments


def find_peers(wanted, threads, directory):
    """Kinds of runners with their libraries by name, and what is missing."""
    import graph_runners
    import native
    import numpy_runner

    def open_torch(helpers):
        import torch

        torch.set_num_threads(threads)
        return None, torch, f"PyTorch {torch.__version__}"

    openers = {
        "openblas": native.open_blas, "libxsmm": native.open_xsmm,
        "onednn": native.open_onednn, "onnxruntime": graph_runners.open_onnxruntime,
        "jax": graph_runners.open_jax, "torch": open_torch,
        "numpy": numpy_runner.open_numpy}
    helpers = {"directory": directory, "threads": threads}
    try:
        helpers["loop"] = native.compile_c("loop", directory)
        helpers["probes"] = native.compile_c("probes", directory)
    except environment.Missing as error:
        sys.exit(f"peers.py: error: {error}")
    found, missing = {}, []
    for peer in wanted:
        try:
            found[peer] = openers[peer](helpers)
        except environment.Missing as error:
            missing.append(str(error))
        except ImportError as error:
            missing.append(str(environment.missing(peer, error)))
    return found, missing, helpers


def measure(arguments, models, directory):
    """One number of threads, in this process."""
    threads = arguments.threads[0]
    environment.set_threads(threads)
    import measure as machine
    import native
    import shapes
    import timing
    from problem import Problem

    found, missing, helpers = find_peers(arguments.peers, threads, directory)
    memory, probes = native.probe_memory(), {}
    for workers in sorted({1, threads}):
        probe = native.Probes(helpers["probes"], workers, memory)
        probes[f"peak {workers}"] = probe.peak
        probes[f"bandwidth {workers}"] = probe.bandwidth
    groups = []
    for name in arguments.shapes:
        shape = shapes.SHAPES[name]
        print(f"peers.py: {name}: {shapes.describe(shape)}, threads {threads}",
              file=sys.stderr)
        tasks = [t for t in arguments.tasks if t in wanted_tasks(name)]
        try:
            groups.append(timing.measure(
                name, Problem(shape, arguments.routing), tasks, threads, found,
                models, helpers["loop"], probes, arguments.budget))
        except timing.Wrong as error:
            sys.exit(f"peers.py: error: {error}")
    return {"machine": machine.machine(), "cache": native.cache_bytes(),
            "versions": [version for _, _, version in found.values()],
            "missing": missing, "groups": groups}


def wanted_tasks(name):
    """Curves are timed forward; training takes six times the memory of the
    weights, so that the largest shapes are not trained."""
    import shapes
    import timing

    shape = shapes.SHAPES[name]
    if name in shapes.CURVES:
        return timing.TASKS[:1]
    if shapes.weight_bytes(shape) > 300 << 20:
        return timing.TASKS[:1]
    return timing.TASKS


def measure_each(arguments, models, directory):
    """Each number of threads in a process of its own: most libraries take one once
    and for all."""
    result = {}
    for threads in arguments.threads:
        path = os.path.join(directory, "part.json")
        command = [sys.executable, os.path.abspath(__file__), f"--threads={threads}",
                   f"--budget={arguments.budget}", f"--models={models.folder}",
                   f"--modc={models.modc}", "--json", path]
        for option in ("shapes", "routing", "tasks", "peers"):
            command.append(f"--{option}=" + ",".join(getattr(arguments, option)))
        done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
        if done.returncode:
            sys.exit(f"peers.py: error: the process of {threads} threads ended with "
                     f"{done.returncode}")
        with open(path, encoding="utf-8") as file:
            add(result, json.load(file))
    return result


def add(result, part):
    """Puts what `part` measured beside what `result` has, and in its place where
    shape, threads, task and routing are the same."""
    import shapes
    import timing

    groups = {(g["shape"], g["threads"]): g for g in result.get("groups", [])}
    best = {}
    for group in part["groups"]:
        for name, rate in group["probes"].items():
            best[name] = max(best.get(name, 0), rate)
    for group in part["groups"]:
        # Shares are of what the process that measured a line probed at best, as
        # load makes single probes low.
        for line in group["lines"]:
            line.setdefault("best_probes", best)
        before = groups.get((group["shape"], group["threads"]), group)
        lines = {(line["task"], line["routing"]): line
                 for line in before["lines"] + group["lines"]}
        order = lambda key: (timing.TASKS.index(key[0]),
                             shapes.ROUTINGS.index(key[1]))
        probes = {name: max(rate, before["probes"].get(name, 0))
                  for name, rate in group["probes"].items()}
        groups[group["shape"], group["threads"]] = dict(
            group, probes=probes, load=max(group["load"], before["load"]),
            lines=[lines[key] for key in sorted(lines, key=order)])
    names = list(shapes.SHAPES)
    result.update(part, groups=sorted(
        groups.values(), key=lambda g: (names.index(g["shape"]), g["threads"])))


def main():
    arguments = parse_arguments()
    import bars
    import networks
    import report
    import shapes
    import svg

    result = {}
    if arguments.read:
        for path in arguments.read:
            with open(path, encoding="utf-8") as file:
                add(result, json.load(file))
    else:
        modc = environment.find_modc("peers.py", arguments.modc)
        with tempfile.TemporaryDirectory() as directory:
            models = networks.Models(modc, arguments.models or directory)
            models.compile_all([
                (shapes.SHAPES[name], {"forward": None, "adam": "adam"}.get(t, "sgd"))
                for name in arguments.shapes for t in arguments.tasks
                if t in wanted_tasks(name)])
            if len(arguments.threads) > 1:
                result = measure_each(arguments, models, directory)
            else:
                add(result, measure(arguments, models, directory))
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump(result, file, indent=1)
            file.write("\n")
    print(report.text(result))
    print("\n".join(bars.lines(result)))
    if arguments.svg:
        os.makedirs(arguments.svg, exist_ok=True)
        for name, picture in svg.curves(result).items():
            with open(os.path.join(arguments.svg, name), "w",
                      encoding="utf-8") as file:
                file.write(picture)


if __name__ == "__main__":
    main()
