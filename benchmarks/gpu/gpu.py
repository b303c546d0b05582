#!/usr/bin/python3
#===- gpu.py - modc on a GPU beside PyTorch and the roofline --------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
"""Times one modular layer on a device: forward, forward and backward, and steps with
SGD and Adam, for modc and, where PyTorch finds a CUDA device, for a loop over experts,
grouped_mm and cuBLAS on packed rows, beside the time that a roofline predicts.

Every result is compared with one in f64 before it is timed. What cannot be measured on
this machine is named at the end. Without a GPU it runs on Mesa's lavapipe, on shapes
that are too small to mean anything: that shows that the program works, no more.
"""
import argparse
import gc
import json
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(1, os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "peers"))
import environment

if __name__ == "__main__":
    environment.enter()

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS = {"forward": "forward", "gradients": "m_step", "sgd": "train_step",
            "adam": "train_step"}


def parse_arguments():
    import shapes
    import timing

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", metavar="DEVICE", help="vulkan, vulkan:1, cuda, "
                        "cuda:1 (default: CUDA's first, else Vulkan's)")
    parser.add_argument("--shapes", metavar="IDS", help="of " + ", ".join(shapes.SHAPES)
                        + "; table is all of peers.py's table (default: table, and "
                        "tiny where a processor plays the device)")
    parser.add_argument("--routing", default="uniform,zipf", metavar="NAMES",
                        help="default: %(default)s")
    parser.add_argument("--tasks", default=",".join(timing.TASKS), metavar="NAMES",
                        help="default: %(default)s")
    parser.add_argument("--budget", type=float, default=1.0, metavar="S",
                        help="seconds for each task of a shape; five rounds are always "
                        "made (default: %(default)s)")
    parser.add_argument("--peak", type=float, metavar="GFLOPS",
                        help="of the device, for the roofline")
    parser.add_argument("--bandwidth", type=float, metavar="GBS", help="same")
    parser.add_argument("--torch-device", default="cuda", metavar="NAME",
                        help="where PyTorch runs; cpu tests this program, its times "
                        "are no GPU's (default: %(default)s)")
    parser.add_argument("--modc", metavar="PATH", help="default: build/bin/modc, or "
                        "the one on the path")
    parser.add_argument("--models", metavar="DIR",
                        help="keep compiled models there for the next run")
    parser.add_argument("--json", metavar="FILE", help="write all figures there")
    arguments = parser.parse_args()

    def parse(option, known, groups=None):
        environment.parse_names(parser, arguments, option, known, groups)

    if arguments.shapes is not None:
        parse("shapes", shapes.SHAPES, {"table": shapes.TABLE})
    parse("routing", shapes.ROUTINGS)
    parse("tasks", timing.TASKS)
    return arguments


def find_device(modc, wanted):
    """What `modc devices` says of it, and why there is no other kind."""
    listing = json.loads(subprocess.run(
        [modc, "devices", "--json"], check=True, stdout=subprocess.PIPE).stdout)
    devices = {d["device"]: d for d in listing["devices"] if d["kind"] != "cpu"}
    missing = [f"no {m['kind']} device: {m['reason']}" for m in listing["missing"]
               if m["kind"] != "cpu"]
    if wanted:
        name = wanted if ":" in wanted else wanted + ":0"
        if name not in devices:
            sys.exit(f"gpu.py: error: no device '{wanted}', there are "
                     f"{', '.join(devices) or 'none'}"
                     + "".join(f"; {reason}" for reason in missing))
        return devices[name], missing
    if not devices:
        sys.exit("gpu.py: error: there is no device: " + "; ".join(missing))
    order = sorted(devices.values(), key=lambda d: (d["kind"] != "cuda", d["software"]))
    return order[0], missing


def target_of(device):
    """The target that the device runs best, of those that modc compiles for."""
    if device["kind"] == "vulkan":
        return "vulkan"
    chip = int(device["architecture"].removeprefix("sm_"))
    if chip < 80:
        sys.exit(f"gpu.py: error: {device['device']} ({device['name']}) is an "
                 f"sm_{chip}, modc compiles for sm_80 and later")
    return "cuda:sm_90" if chip >= 90 else "cuda:sm_80"


class Roofline:
    """Of programs, by `modc inspect`: from rates that the user gave or, for chips
    that modc knows, those of the chip."""

    def __init__(self, modc, target, arguments):
        self.modc, self.target = modc, target
        self.flags = []
        for flag in ("peak", "bandwidth"):
            if getattr(arguments, flag):
                self.flags += [f"--{flag}", str(getattr(arguments, flag))]
        self.said = None

    def seconds(self, library, shape, program):
        """Or nothing, and launches of the program."""
        found = json.loads(subprocess.run(
            [self.modc, "inspect", library, "--kernels", f"--target={self.target}",
             "--points", str(shape.n), "--json", *self.flags],
            check=True, stdout=subprocess.PIPE).stdout)["kernels"]
        if found["gflops"] and found["gbs"]:
            self.said = (f"{found['gflops']:.0f} GFLOP/s and {found['gbs']:.0f} GB/s"
                         + (f" ({found['chip']})" if found["chip"] else ""))
        launches = next(p for p in found["programs"] if p["name"] == program)["launches"]
        times = [launch["seconds"] for launch in launches]
        return (None if None in times else sum(times)), len(times)


def interleave(runners, budget):
    """Samples of clock and device by runner, in turn."""
    clock, device, counts = [], [], []
    for runner in runners:
        runner.repeat(1)
        start = time.perf_counter()
        runner.repeat(1)
        once = time.perf_counter() - start
        counts.append(max(1, min(1000, int(3e-4 / once))))
        clock.append([])
        device.append([])
    start, rounds = time.perf_counter(), 0
    while rounds < 5 or time.perf_counter() - start < budget:
        for index, runner in enumerate(runners):
            before = time.perf_counter()
            runner.repeat(counts[index])
            clock[index].append((time.perf_counter() - before) / counts[index])
            device[index].append(runner.device_seconds())
        rounds += 1
    return clock, device, rounds


def spread(samples):
    import numpy as np

    samples = [s for s in samples if s is not None]
    if not samples:
        return None
    return {"median": float(np.median(samples)), "min": min(samples),
            "p10": float(np.quantile(samples, 0.1)),
            "p90": float(np.quantile(samples, 0.9))}


def measure_task(problem, name, task, device, models, torch, roofline, arguments):
    """Lines of one task, and what is missing: peer, why, and of what."""
    import device_runner
    import modc_ctypes
    import shapes
    import timing
    import torch_peers

    made = {routing: [runner] for routing, runner in
            device_runner.make(problem, task, device["device"], models).items()}
    lacks = {}
    if torch:
        peers, lacks = torch_peers.make(torch, problem, task, arguments.torch_device)
        for routing, forms in peers.items():
            made[routing] += forms
    rule = None if task == "forward" else "adam" if task == "adam" else "sgd"
    least, count = roofline.seconds(models.path(problem.shape, rule)[0],
                                    problem.shape, PROGRAMS[task])
    lines = []
    for routing, runners in made.items():
        line = {"shape": name, "description": shapes.describe(problem.shape),
                "task": task, "routing": routing}
        lines.append(line)
        try:
            for runner in runners:
                if not getattr(runner, "is_bound", False):
                    timing.check(problem, routing, runner)
            gc.collect()
            clock, on_device, rounds = interleave(runners, arguments.budget)
        except modc_ctypes.Failure:
            raise  # What modc refuses of a task is named once.
        except Exception as error:  # pylint: disable=broad-except
            # Whatever else it is, other lines may be measured.
            line["failed"] = describe(error)
            continue
        line.update({
            "rounds": rounds, "launches": count, "roofline": least,
            "flops": shapes.flops(problem.shape, problem.choices[routing]),
            "clock": {r.name: spread(of) for r, of in zip(runners, clock)},
            "device": {r.name: spread(of) for r, of in zip(runners, on_device)}})
    return lines, [(form, why, f"{task} of {name}") for form, why in lacks.items()]


def describe(error):
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"


def measure(arguments, modc):
    import measure as shared
    import modc_ctypes
    import networks
    import problem as problems
    import shapes
    import torch_peers

    device, missing = find_device(modc, arguments.device)
    target = target_of(device)
    arguments.shapes = arguments.shapes or (
        ["tiny"] if device["software"] else shapes.TABLE)
    torch, lack = torch_peers.open_torch(arguments.torch_device)
    roofline = Roofline(modc, target, arguments)
    result = {"machine": shared.machine(), "device": device, "target": target,
              "torch": torch and torch.__version__,
              "torch_device": arguments.torch_device, "missing": missing,
              "refused": {}, "lacks": [], "lines": []}
    if lack:
        result["lacks"] += [(form.name, lack, "") for form in torch_peers.FORMS]
    else:
        result["probes"] = torch_peers.probe(torch, arguments.torch_device)
    with tempfile.TemporaryDirectory() as directory:
        models = networks.Models(modc, arguments.models or directory,
                                 [f"--target={target}"])
        for name in arguments.shapes:
            problem = problems.Problem(shapes.SHAPES[name], arguments.routing)
            for task in arguments.tasks:
                rule = None if task == "forward" else (
                    "adam" if task == "adam" else "sgd")
                try:
                    models.compile(problem.shape, rule)
                    lines, lacks = measure_task(problem, name, task, device, models,
                                                torch, roofline, arguments)
                except (modc_ctypes.Failure, subprocess.CalledProcessError) as error:
                    result["refused"][f"{task} of {name}"] = str(error)
                    continue
                except Exception as error:  # pylint: disable=broad-except
                    result["lines"].append({
                        "shape": name, "description": shapes.describe(problem.shape),
                        "task": task, "routing": "all", "failed": describe(error)})
                    continue
                result["lines"] += lines
                result["lacks"] += lacks
    result["roofline"] = roofline.said
    return result


def main():
    arguments = parse_arguments()
    import tables

    modc = environment.find_modc("gpu.py", arguments.modc)
    result = measure(arguments, modc)
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump(result, file, indent=1)
            file.write("\n")
    print(tables.text(result))
    failed = sum("failed" in line for line in result["lines"])
    if failed:
        sys.exit(f"gpu.py: error: {failed} of {len(result['lines'])} lines failed")
    if not result["lines"]:
        sys.exit("gpu.py: error: nothing could be measured")


if __name__ == "__main__":
    main()
