#===- timing.py - Turn by turn in one process -----------------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Judges all runners of a shape against f64, then calls them in turn, with the probes
# of the processor and of its memory among them. All routings of a shape are in one
# such loop, so that their ratio can be had.
#
#===----------------------------------------------------------------------===#
import gc
import os
import time

import numpy as np

import modc_runner
import shapes
import torch_runner

TASKS = ["forward", "gradients", "sgd", "adam"]
# A sample is as many calls as take that long.
SAMPLE = 300e-6
# What ran before has taken the caches, and threads sleep: as many calls before the
# sample, if one is short.
SHORT = 5e-3
# Threads of libraries spin for less than that after a call.
PAUSE = 5e-3


class Wrong(Exception):
    """A runner's result is not what it should be."""


def compare(problem, runner, what, got, expected, tolerance=None):
    scale = np.abs(expected).max() or 1
    worst = np.abs(got - expected).max() / scale
    if not worst <= (tolerance or problem.tolerance()):
        raise Wrong(f"{what} of {runner.name} differs from that in f64 by "
                    f"{worst:.1e} of its largest element at "
                    f"{shapes.describe(problem.shape)}")


def check(problem, routing, runner):
    """The result, or gradients and one step at a rate that shows."""
    runner.repeat(1)
    if runner.task == "forward":
        compare(problem, runner, "the result", runner.result(),
                problem.expected(routing))
        return
    modules = problem.some_modules(routing)
    expected = {e: problem.gradients(routing, e) for e in modules}
    if runner.task == "gradients":
        for e in modules:
            for field, got in runner.gradients(e).items():
                compare(problem, runner, f"the gradient of {field}", got,
                        expected[e][field])
        return
    runner.set_rate(0.5)
    runner.reset()
    runner.repeat(1)
    for e in modules:
        for field, got in runner.values(e).items():
            gradient, before = expected[e][field], getattr(problem, field)[e]
            wanted, tolerance = before - 0.5 * gradient, None
            if runner.task == "adam":
                # The first step has the length of the rate, and a direction where
                # the gradient is more than rounding. 1 - 0.999 in f32 costs digits.
                clear = np.abs(gradient) > 1e-3 * np.abs(gradient).max()
                step = 0.5 * gradient / (np.abs(gradient) + 1e-8)
                wanted, tolerance = np.where(clear, before - step, got), 1e-4
            compare(problem, runner, f"{field} after a step", got, wanted, tolerance)
    runner.set_rate(0.0)
    runner.reset()


def make_runners(name, problem, task, threads, found, models, helpers):
    """Pairs of routing and runner; modc first."""
    shape, made = problem.shape, []
    if task == "forward":
        model = models.open(shape, None)
        for workers in (None, 1) if threads > 1 else (None,):
            layer = modc_runner.Layer(problem, workers or threads, model)
            made += [(r, modc_runner.Forward(layer, helpers, r, workers))
                     for r in problem.choices]
    else:
        model = models.open(shape, "adam" if task == "adam" else "sgd")
        layer = modc_runner.Layer(problem, threads, model)
        made += [(r, modc_runner.Training(layer, helpers, r, task)) for r in problem.choices]
    for peer, (kind, library, _) in found.items():
        if peer == "torch":
            forms = torch_runner.make(library, problem, name, task)
            made += [(r, form) for r, of in forms.items() for form in of]
        elif task == "forward" and threads <= (kind.most_threads or threads):
            shared = {}
            made += [(r, kind(problem, r, threads, library, shared))
                     for r in problem.choices if kind.fits(problem, r)]
    return made


def sample(runner, count, short):
    if short:
        runner.repeat(count)
    before = time.perf_counter()
    runner.repeat(count)
    return (time.perf_counter() - before) / count


def time_once(runner):
    """Seconds of a call: the better of two, as the first takes many times as long,
    and of short ones the best of five."""
    times = []
    while len(times) < 2 or (len(times) < 5 and min(times) < SHORT):
        start = time.perf_counter()
        runner.repeat(1)
        times.append(time.perf_counter() - start)
    return min(times)


def interleave(made, probes, budget, pause):
    """Seconds of a call by runner, sample by sample, and samples of the probes."""
    counts, once, times = [], [], [[] for _ in made]
    for _, runner in made:
        once.append(time_once(runner))
        counts.append(max(1, min(10000, int(SAMPLE / once[-1]) + 1)))
    rates = {name: [] for name in probes}
    start, rounds = time.perf_counter(), 0
    while rounds < 3 or time.perf_counter() - start < budget:
        for name, probe in probes.items():
            # Reading memory takes long: a few times will do.
            if rounds < 5 or not name.startswith("bandwidth"):
                rates[name].append(probe())
        for index, (_, runner) in enumerate(made):
            if pause:
                time.sleep(PAUSE)
            times[index].append(
                sample(runner, counts[index], once[index] < SHORT))
        rounds += 1
        # Three of the slowest are enough where they take all the time there is.
        if rounds >= 3 and time.perf_counter() - start > 3 * budget:
            break
    return times, {name: max(of) for name, of in rates.items()}, rounds


def measure(name, problem, tasks, threads, found, models, helpers, probes, budget):
    """The lines of one shape, and the best of its probes."""
    shape, best, lines = problem.shape, {}, []
    for task in tasks:
        made = make_runners(name, problem, task, threads, found, models, helpers)
        for routing, runner in made:
            check(problem, routing, runner)
        gc.collect()
        gc.disable()
        times, rates, rounds = interleave(made, probes, budget, threads > 1)
        gc.enable()
        for key, rate in rates.items():
            best[key] = max(best.get(key, 0), rate)
        for routing, chosen in problem.choices.items():
            lines.append({
                "task": task, "routing": routing, "rounds": rounds,
                "flops": shapes.flops(shape, chosen),
                "bytes": shapes.forward_bytes(shape, chosen),
                "active_bytes": shapes.active_bytes(shape, chosen),
                "rows": shapes.rows_a_module(shape, chosen),
                "seconds": {
                    runner.name: {"min": min(of), "median": float(np.median(of)),
                                  "p90": float(np.quantile(of, 0.9))}
                    for (r, runner), of in zip(made, times) if r == routing},
            })
        del made
        gc.collect()
    return {"shape": name, "description": shapes.describe(shape), "n": shape.n,
            "m": shape.m, "k": shape.k, "d": shape.d, "h": shape.h, "o": shape.o,
            "threads": threads, "probes": best, "load": os.getloadavg()[0],
            "lines": lines}
