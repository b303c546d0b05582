#===- bars.py - What is asked of the kernels, and what a run has ----------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Computes the bars that a run of peers.py can say something about: a line each, with
# the worst place that decides it. Shapes that the run does not have are left out of
# a bar, and a bar of which nothing is there says so.
#
#===----------------------------------------------------------------------===#
import math

import report

WIDE_64 = ["T1", "T2", "T3"]
MIDDLE = ["S1", "S2", "S4", "O1", "O4", "O5", "O6"]
ENOUGH_OF_PEAK = 0.85


class Run:
    """Figures of a run by shape, task, routing and threads."""

    def __init__(self, result):
        self.cache, self.found = result.get("cache", 0), {}
        for group in result["groups"]:
            for line in group["lines"]:
                key = group["shape"], line["task"], line["routing"], group["threads"]
                self.found[key] = group, line

    def lines(self, task="forward", routing=None, threads=None, shapes=None):
        for (shape, t, r, n), (group, line) in self.found.items():
            if t == task and routing in (None, r) and threads in (None, n) and (
                    shapes is None or shape in shapes):
                yield group, line

    def best(self, shape, task, routing, name):
        """The fastest over numbers of threads; a `name` of None is PyTorch's best
        form."""
        times = []
        for group, line in self.lines(task, routing, None, [shape]):
            value = (report.best_torch(line)[1] if name is None
                     else report.seconds(line, name))
            if value:
                times.append((value, group, line))
        return min(times, key=lambda t: t[0]) if times else None


def place(group, line):
    return f"{group['shape']} {line['routing']} {group['threads']}T"


def verdict(name, text, values, at_least, extra=""):
    """`values` are pairs of a figure and where it is from, the figure as a share of
    what is asked: below 1 misses."""
    if not values:
        return f"{name} {text}: not measured"
    worst, where = min(values)
    met = sum(value >= 1 for value, _ in values)
    missed = sorted((v, w) for v, w in values if v < 1)
    shown = "; ".join(f"{w} {at_least(v)}" for v, w in missed[:8])
    more = f" and {len(missed) - 8} more" if len(missed) > 8 else ""
    state = "met" if not missed else f"missed at {shown}{more}"
    return (f"{name} {text}: got {met} of {len(values)}, least {at_least(worst)} "
            f"({where}){extra}; {state}")


def times(value):
    return f"{value:.2f}×"


def share(asked):
    """Shows a share of what is asked as the figure itself."""
    return lambda value: f"{value * asked:.2f}"


def inverse(asked):
    return lambda value: f"{asked / value:.2f}"


def two_threads(run):
    compute, others = [], []
    for group, line in run.lines(threads=2):
        one, own = report.seconds(line, "modc, 1 thread"), report.seconds(line, "modc")
        probes = line["best_probes"]
        if not one:
            continue
        # Whether reading the weights or the arithmetic takes longer.
        bound = (line["flops"] / probes["peak 1"]
                 > line["bytes"] / probes["bandwidth 1"])
        if bound and line["flops"] >= 4e6:
            compute.append((one / own / 1.85, place(group, line)))
        else:
            wanted = 0.95 * probes["bandwidth 2"] / probes["bandwidth 1"]
            others.append((one / own / wanted, place(group, line)))
    return [verdict("C2", "2 threads over 1, bound by arithmetic, >= 1.85", compute,
                    share(1.85)),
            verdict("C2", "2 threads over 1, others, share of 0.95 of the ratio of "
                    "bandwidths", others, share(1))]


def memory_bound(run):
    values = []
    for group, line in run.lines():
        if line["rows"] <= 4 and line["active_bytes"] > 2 * run.cache:
            reads = line["best_probes"][f"bandwidth {group['threads']}"]
            rate = line["bytes"] / report.seconds(line, "modc")
            values.append((rate / reads / 0.85, place(group, line)))
    return [verdict("C3", "r <= 4, weights in DRAM, share of bandwidth >= 0.85",
                    values, share(0.85))]


def large(run):
    values = []
    for group, line in run.lines(threads=1):
        if line["rows"] >= 64 and min(group["d"], group["h"]) >= 512:
            rate = line["flops"] / report.seconds(line, "modc")
            values.append((rate / line["best_probes"]["peak 1"] / 0.88,
                           place(group, line)))
    return [verdict("C1", "r >= 64, D, H >= 512, 1 thread, share of peak >= 0.88",
                    values, share(0.88))]


def flat(run):
    values = []
    for threads in (1, 2):
        few = run.found.get(("M1", "forward", "uniform", threads))
        many = run.found.get(("M64", "forward", "uniform", threads))
        if few and many:
            ratio = (report.seconds(many[1], "modc")
                     / report.seconds(few[1], "modc"))
            values.append((1.10 / ratio, f"{threads}T"))
    return [verdict("C4", "M = 64 over M = 1 <= 1.10", values, inverse(1.10))]


def skewed(run):
    values = []
    for group, line in run.lines(routing="one", threads=2):
        even = run.found.get((group["shape"], "forward", "uniform", 2))
        # Where both choose the same there is nothing to compare.
        if even and group["m"] > group["k"]:
            ratio = (report.seconds(line, "modc")
                     / report.seconds(even[1], "modc"))
            values.append((1.05 / ratio, place(group, line)))
    return [verdict("C5", "all rows to one over uniform, 2 threads, <= 1.05", values,
                    inverse(1.05))]


def xsmm(run):
    values = []
    for group, line in run.lines(threads=1):
        value = report.seconds(line, "libxsmm loop")
        if value:
            values.append((value / report.seconds(line, "modc"), place(group, line)))
    mean = math.exp(sum(math.log(v) for v, _ in values) / len(values)) if values else 0
    return [verdict("C6", "libxsmm >= 1.0 each, geomean >= 1.35", values, times,
                    f", geomean {mean:.2f}")]


def against(run, name, title, peer, task, shapes, routing, asked):
    """modc's best number of threads against the peer's; 0.85 of the peak is enough
    where more is asked."""
    values = []
    for shape in shapes:
        for r in routing:
            own = run.best(shape, task, r, "modc")
            other = run.best(shape, task, r, peer)
            if not own or not other:
                continue
            figure = other[0] / own[0] / asked
            peak = own[2]["best_probes"][f"peak {own[1]['threads']}"]
            done = own[2]["flops"] * (1 if task == "forward" else 3)
            enough = done / own[0] >= ENOUGH_OF_PEAK * peak
            if figure < 1 and enough:
                figure = 1
            values.append((figure, f"{shape} {r}"))
    return verdict(name, f"{title} >= {asked}", values, share(asked))


def onnx(run):
    peer, even, all_one = "ONNX Runtime MoE", ["uniform", "zipf"], ["one"]
    return [
        against(run, "C7", "ONNX Runtime MoE, middle", peer, "forward", MIDDLE, even,
                1.3),
        against(run, "C7", "ONNX Runtime MoE, skewed", peer, "forward", MIDDLE,
                all_one, 2.2),
        against(run, "C7", "ONNX Runtime MoE, 64 wide", peer, "forward", WIDE_64,
                even + all_one, 4)]


def torch(run):
    lines = []
    for task, asked in (("forward", (1.7, 4.5, 20)), ("gradients", (2, 5, 20))):
        title = f"PyTorch's best form, {report.TITLES[task].lower()}"
        for group, shapes, figure in zip(
                ("middle", "64 wide", "B1"), (MIDDLE, WIDE_64, ["B1"]), asked):
            lines.append(against(run, "C8", f"{title}, {group}", None, task, shapes,
                                 ["uniform", "zipf", "one"], figure))
    return lines


def jax(run):
    values = []
    for group, line in run.lines():
        value = report.seconds(line, "JAX ragged_dot")
        if value and line["rows"] >= 16 and group["m"] >= 8:
            asked = 0.8 * group["m"] / group["k"]
            values.append((value / report.seconds(line, "modc") / asked,
                           place(group, line)))
    return [verdict("C9", "JAX ragged_dot, r >= 16, share of 0.8·M/K", values,
                    share(1))]


def step(run):
    """Steps of SGD in terms of forward passes."""
    many, few = [], []
    for group, line in run.lines("sgd"):
        forward = run.found.get(
            (group["shape"], "forward", line["routing"], group["threads"]))
        if not forward:
            continue
        ratio = report.seconds(line, "modc") / report.seconds(forward[1], "modc")
        if line["rows"] >= 64:
            many.append((3.2 / ratio, place(group, line)))
        elif 3 <= line["rows"] <= 6:
            few.append((5.0 / ratio, place(group, line)))
    return [verdict("C11", "step with SGD over forward, r >= 64, <= 3.2", many,
                    inverse(3.2)),
            verdict("C11", "step with SGD over forward, r about 4, <= 5.0", few,
                    inverse(5.0))]


def lines(result):
    run = Run(result)
    made = []
    for bar in (large, two_threads, memory_bound, flat, skewed, xsmm, onnx, torch, jax,
                step):
        made += bar(run)
    return made
