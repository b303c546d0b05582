#===- device_runner.py - modc's calls of a layer on a device --------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Two sessions on one device: the one that the clock is read of is not traced, as
# timing each launch makes it wait; the other one tells how long the launches took.
#
#===----------------------------------------------------------------------===#
import ctypes

import modc_ctypes
import modc_runner


class Layer(modc_runner.Layer):
    def __init__(self, problem, device, model, trace=None):
        self.model, self.problem = model, problem
        self.session = modc_ctypes.Session(model, 1, device, trace)
        self.names = [names["name"] for names in model.signature["parameters"]]
        self.reset()


class Calls:
    """Of one session; mixed into the runners of the processor."""

    def repeat(self, calls):
        _, handle, program, points, buffers, sizes, count, reals, given, error = (
            self.arguments)
        call = modc_ctypes.library().modc_session_call
        for _ in range(calls):
            if call(handle, program, points, 1, buffers, sizes, count.value, None, 0,
                    reals, given.value, error):
                raise modc_ctypes.Failure(ctypes.string_at(self.error.value).decode())


class Forward(Calls, modc_runner.Forward):
    def __init__(self, layer, routing, task):
        super().__init__(layer, None, routing)
        self.task = task


class Training(Calls, modc_runner.Training):
    def __init__(self, layer, routing, task):
        super().__init__(layer, None, routing, task)


class Traced:
    """Adds up the launches of a call."""

    def __init__(self, problem, device, model):
        self.events = []
        self.layer = Layer(problem, device, model, self.events.append)

    def launches(self, runner):
        """Pairs of name and seconds, of one call."""
        self.events.clear()
        runner.repeat(1)
        return [(name, (end - begin) * 1e-9)
                for kind, _, name, begin, end in self.events if kind == 1]


class Runner:
    """What is timed: `clock` with all transfers of a call, `device` without."""

    name = "modc"

    def __init__(self, layer, traced, routing, task):
        kind = Forward if task == "forward" else Training
        self.task, self.clock = task, kind(layer, routing, task)
        self.traced, self.inner = traced, kind(traced.layer, routing, task)

    def __getattr__(self, name):
        # To be judged as all runners are.
        return getattr(self.clock, name)

    def device_seconds(self):
        launches = self.traced.launches(self.inner)
        self.count = len(launches)
        return sum(seconds for _, seconds in launches) if launches else None


def make(problem, task, device, models):
    """A runner for each routing."""
    model = models.open(problem.shape, None if task == "forward" else
                        "adam" if task == "adam" else "sgd")
    layer, traced = Layer(problem, device, model), Traced(problem, device, model)
    return {routing: Runner(layer, traced, routing, task)
            for routing in problem.choices}
