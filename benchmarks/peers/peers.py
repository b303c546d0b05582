#!/usr/bin/python3
#===- peers.py - modc beside what one would use instead -------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Times the forward pass of modular layers, routing and combining included, in one
# process: a call of each in turn, then the probe of the peak, and again. Results
# are compared before anything is timed.
#
#===----------------------------------------------------------------------===#
"""Times one modular layer, forward, for modc and its peers on this machine.

Peers: PyTorch (sorted loop, gathered weights, all modules), a C loop over OpenBLAS,
a NumPy loop. What is not installed is named and left out; setup.sh gets it.
"""
import argparse
import concurrent.futures
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(1, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import numpy as np  # noqa: E402

import measure  # noqa: E402
import runners  # noqa: E402
import shapes  # noqa: E402
import svg  # noqa: E402

SAMPLE = 300e-6
PEERS = ["torch", "openblas", "numpy"]


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shapes", default=",".join(shapes.DEFAULT), metavar="IDS",
                        help="of " + ", ".join(shapes.SHAPES) + " (default: %(default)s)")
    parser.add_argument("--peers", default=",".join(PEERS), metavar="NAMES",
                        help="peers to look for (default: %(default)s)")
    parser.add_argument("--threads", default="1,2", metavar="N,...",
                        help="default: %(default)s")
    parser.add_argument("--routing", default="uniform", metavar="NAMES",
                        help="uniform, zipf, one (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=1.0, metavar="X",
                        help="for each line of the table (default: %(default)s)")
    parser.add_argument("--modc", metavar="PATH", help="default: build/bin/modc, or "
                        "the one on the path")
    parser.add_argument("--json", metavar="FILE", help="write all figures there")
    parser.add_argument("--svg", metavar="FILE", help="write the curve over M there")
    arguments = parser.parse_args()
    split = lambda text: [part for part in text.split(",") if part]
    for name, known in (("shapes", shapes.SHAPES), ("peers", PEERS),
                        ("routing", ["uniform", "zipf", "one"])):
        values = split(getattr(arguments, name))
        for value in values:
            if value not in known:
                parser.error(f"unknown {name.rstrip('s')} '{value}', "
                             f"known are {', '.join(known)}")
        setattr(arguments, name, values)
    try:
        arguments.threads = [int(part) for part in split(arguments.threads)]
    except ValueError:
        parser.error(f"--threads: '{arguments.threads}' is not a list of numbers")
    if not arguments.threads or min(arguments.threads) < 1:
        parser.error("--threads wants numbers of at least 1")
    return arguments


def find_modc(path):
    built = os.path.join(measure.SOURCE, "build", "bin", "modc")
    found = path or (built if os.access(built, os.X_OK) else shutil.which("modc"))
    if not found or not os.access(found, os.X_OK):
        sys.exit(f"peers.py: error: no modc at '{found or built}', name one by --modc")
    return found


def compile_shape(modc, name, shape, directory):
    import modc_ctypes

    source = os.path.join(directory, f"{name}.mlir")
    with open(source, "w", encoding="utf-8") as file:
        file.write(shapes.network(shape))
    library = os.path.join(directory, f"{name}.so")
    measure.run([modc, "compile", source, "-o", library])
    return modc_ctypes.Model(library)


class Peak:
    """FLOP/s of multiply-adds on that many threads."""

    def __init__(self, helpers, threads):
        self.helpers, self.threads = helpers, threads
        self.pool = concurrent.futures.ThreadPoolExecutor(threads)
        self.sinks = [np.zeros(64, np.float32) for _ in range(threads)]

    def run(self, iterations=400000):
        start = time.perf_counter()
        work = self.pool.map(
            lambda sink: self.helpers.peer_peak(iterations, sink.ctypes.data),
            self.sinks)
        return sum(work) / (time.perf_counter() - start)


def make_runners(problem, threads, found, model):
    """The runners of one line; modc first."""
    made = [runners.Modc(problem, threads, model)]
    if "torch" in found:
        made.append(runners.TorchLoop(problem, threads, found["torch"]))
        for other in (runners.TorchGather, runners.TorchDense):
            if other.fits(problem.shape):
                made.append(other(problem, threads, found["torch"]))
    if "openblas" in found:
        made.append(runners.OpenBlas(problem, threads, found["helpers"].peer_loop,
                                     found["openblas"]))
    if "numpy" in found:
        made.append(runners.NumPy(problem, threads))
    return made


def check(problem, made):
    expected = problem.expected()
    depth = max(problem.shape.d, problem.shape.h)
    scale = np.abs(expected).max() or 1
    for runner in made:
        runner.run()
        worst = np.abs(runner.result() - expected).max() / scale
        if not worst <= 1e-6 * depth**0.5 + 1e-6:
            sys.exit(f"peers.py: error: {runner.name} differs from the result in f64 "
                     f"by {worst:.1e} of its largest element at "
                     f"{shapes.describe(problem.shape)}")


def time_line(made, peak, seconds):
    """Seconds of a call by runner, sample by sample, and samples of the peak."""
    calls, times = {}, {runner.name: [] for runner in made}
    for runner in made:
        start = time.perf_counter()
        runner.run()
        once = time.perf_counter() - start
        calls[runner.name] = max(1, min(10000, int(SAMPLE / once) + 1))
    peaks, start = [], time.perf_counter()
    while len(peaks) < 5 or time.perf_counter() - start < seconds:
        if len(peaks) >= 3 and time.perf_counter() - start > 3 * seconds:
            break
        peaks.append(peak.run())
        for runner in made:
            # What ran before has taken the caches.
            runner.run()
            count = calls[runner.name]
            before = time.perf_counter()
            for _ in range(count):
                runner.run()
            times[runner.name].append((time.perf_counter() - before) / count)
    return times, peaks


FORMS = {
    "PyTorch sorted loop": "loop",
    "PyTorch gathered weights": "gathered",
    "PyTorch all modules": "all",
}


def fastest_peaks(lines):
    """The best probe of the whole run by threads: load makes single ones low."""
    peaks = {}
    for line in lines:
        threads = line["threads"]
        peaks[threads] = max(peaks.get(threads, 0), line["peak"])
    return peaks


def report(result):
    """The table, in Markdown; of PyTorch the form that is fastest in the line."""
    lines = [result["machine"], ""]
    lines += [f"Left out: {text}." for text in result["missing"]]
    peaks = fastest_peaks(result["lines"])
    lines += [f"Peak: {peak / 1e9:.0f} GFLOP/s on {threads} threads."
              for threads, peak in peaks.items()]
    names = [n for n in result["names"] if n != "modc" and n not in FORMS]
    header = ["shape", "routing", "threads", "modc µs (median)", "GFLOP/s", "of peak"]
    if any(n in FORMS for n in result["names"]):
        header.append("PyTorch's best, µs (over modc)")
    header += [f"{name}, µs (over modc)" for name in names]
    rows, lost = [], []
    for line in result["lines"]:
        best = {n: t["min"] for n, t in line["seconds"].items()}
        own, median = best["modc"], line["seconds"]["modc"]["median"]
        rate = line["flops"] / own
        row = [f"{line['shape']}: {line['description']}", line["routing"],
               line["threads"], f"{own * 1e6:.1f} ({median * 1e6:.1f})",
               f"{rate / 1e9:.2f}", f"{rate / peaks[line['threads']]:.2f}"]
        forms = {n: t for n, t in best.items() if n in FORMS}
        if forms:
            form = min(forms, key=forms.get)
            row.append(f"{FORMS[form]} {forms[form] * 1e6:.1f} "
                       f"({forms[form] / own:.2f})")
        elif len(header) > 6 + len(names):
            row.append("")
        row += [f"{best[n] * 1e6:.1f} ({best[n] / own:.2f})" if n in best else ""
                for n in names]
        rows.append(row)
        lost += [f"{line['shape']} ({line['routing']}, {line['threads']} threads) to "
                 f"{n}, {t / own:.2f}" for n, t in best.items() if t < own]
    lines += ["", measure.table(header, rows), ""]
    lines.append("modc loses: " + ("; ".join(lost) if lost else "nowhere") + ".")
    return "\n".join(lines)


def main():
    arguments = parse_arguments()
    modc = find_modc(arguments.modc)
    missing, found = [], {}
    with tempfile.TemporaryDirectory() as directory:
        try:
            found["helpers"] = runners.compile_helpers(directory)
        except runners.Missing as error:
            sys.exit(f"peers.py: error: {error}")
        openers = {"torch": runners.open_torch, "openblas": runners.open_blas,
                   "numpy": lambda: np}
        for peer in arguments.peers:
            try:
                found[peer] = openers[peer]()
            except runners.Missing as error:
                missing.append(str(error))
        versions = [f"NumPy {np.__version__}"]
        if "torch" in found:
            versions.append(f"PyTorch {found['torch'].__version__}")
        if "openblas" in found:
            config = found["openblas"].openblas_get_config().decode()
            versions.append(" ".join(config.split()))
        result = {"machine": measure.machine() + "; " + ", ".join(versions),
                  "missing": missing, "names": [], "lines": []}
        peaks = {threads: Peak(found["helpers"], threads)
                 for threads in arguments.threads}
        for name in arguments.shapes:
            shape = shapes.SHAPES[name]
            print(f"peers.py: {name}: {shapes.describe(shape)}", file=sys.stderr)
            model = compile_shape(modc, name, shape, directory)
            for routing in arguments.routing:
                problem = runners.Problem(shape, routing)
                for threads in arguments.threads:
                    # PyTorch and NumPy load it too, and leave its threads alone.
                    if "openblas" in found:
                        found["openblas"].openblas_set_num_threads(threads)
                    made = make_runners(problem, threads, found, model)
                    check(problem, made)
                    times, samples = time_line(made, peaks[threads],
                                               arguments.seconds)
                    for runner in made:
                        if runner.name not in result["names"]:
                            result["names"].append(runner.name)
                    result["lines"].append({
                        "shape": name, "description": shapes.describe(shape),
                        "m": shape.m, "routing": routing, "threads": threads,
                        "flops": shapes.flops(shape), "peak": max(samples),
                        "rounds": len(samples), "load": os.getloadavg()[0],
                        "seconds": {
                            n: {"min": min(t), "median": float(np.median(t)),
                                "p90": float(np.quantile(t, 0.9))}
                            for n, t in times.items()},
                    })
    print(report(result))
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump(result, file, indent=1)
            file.write("\n")
    if arguments.svg:
        # One routing, or it could not be read.
        curve = [line for line in result["lines"]
                 if line["shape"].startswith("M") and line["shape"][1:].isdigit()
                 and line["routing"] == arguments.routing[0]]
        with open(arguments.svg, "w", encoding="utf-8") as file:
            file.write(svg.curves(curve, result["machine"]))


if __name__ == "__main__":
    main()
