#===- modc_runner.py - modc's calls of a layer ----------------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Calls programs of a session as a C program would: buffers are bound once, and
# each call goes through the session's checks.
#
#===----------------------------------------------------------------------===#
import ctypes

import numpy as np

import modc_ctypes
import shapes


class Layer:
    """A session with the problem's weights; runners of all routings share it."""

    def __init__(self, problem, threads, model):
        self.model, self.problem = model, problem
        self.session = modc_ctypes.Session(model, threads)
        self.names = [names["name"] for names in model.signature["parameters"]]
        self.reset()

    def reset(self):
        # Writing to them counts as having set them.
        for name, value in self.session.parameters.items():
            _, _, name = name.partition(".")
            member, _, field = name.partition(".")
            if member.isdigit():
                value[...] = getattr(self.problem, field)[int(member)]
            else:
                value[...] = 0

    def fields(self, arena, e):
        """w1 … b2 of module e in an arena."""
        views = getattr(self.session, arena)
        return {f: views[f"experts.{e}.{f}"] for f in self.problem.fields()}


class Forward:
    task = "forward"

    def __init__(self, layer, helpers, routing, threads=None):
        self.name = "modc" if threads is None else f"modc, {threads} thread"
        self.layer, self.helpers, problem = layer, helpers, layer.problem
        self.y = np.zeros((problem.shape.n, shapes.width(problem.shape)), np.float32)
        self.bind("forward", {"x": problem.x, "y": self.y,
                              "selection": problem.choices[routing]}, {})

    def bind(self, program, arrays, reals):
        layer = self.layer
        spec = layer.model.programs[program]
        buffers = [arrays[b["name"]] for b in spec["buffers"]]
        count = len(buffers)
        self.keep = buffers
        self.reals = (ctypes.c_double * 8)(*[reals[n] for n in spec["reals"]])
        self.error = ctypes.c_void_p()
        number, call = ctypes.c_int64, modc_ctypes.library().modc_session_call
        self.arguments = (
            ctypes.cast(call, ctypes.c_void_p), layer.session.handle,
            program.encode(), number(layer.problem.shape.n),
            (ctypes.c_void_p * count)(*[b.ctypes.data for b in buffers]),
            (number * count)(*[b.nbytes for b in buffers]), number(count),
            self.reals, number(len(spec["reals"])), ctypes.byref(self.error))

    def repeat(self, calls):
        if self.helpers.peer_modc(ctypes.c_int64(calls), *self.arguments):
            message = ctypes.string_at(self.error.value).decode()
            raise modc_ctypes.Failure(message)

    def result(self):
        return self.y


class Training(Forward):
    """Gradients of the layer (`m_step`) or a whole step (`train_step`); the choices
    are those with the largest scores."""

    def __init__(self, layer, helpers, routing, task):
        self.name, self.task = "modc", task
        self.layer, self.helpers, problem = layer, helpers, layer.problem
        n = problem.shape.n
        scores = np.zeros((n, problem.shape.k, problem.shape.m), np.float32)
        np.put_along_axis(scores, problem.choices[routing][:, :, None], 1, 2)
        groups = len(layer.model.signature["groups"])
        self.groups = np.zeros(groups, np.int32)
        self.bind("m_step" if task == "gradients" else "train_step", {
            "x": problem.x, "scores": scores, "target": problem.target,
            "selection": problem.choices[routing],
            "touched": self.groups, "frozen": np.zeros(groups, np.int8),
            "log_likelihood": np.zeros(n, np.float32),
            "log_prior": np.zeros(n, np.float32),
            "gradient_norm": np.zeros(1, np.float64),
        }, {"lr": 0, "weight_decay": 0, "clip_norm": 0})

    def set_rate(self, rate):
        self.reals[0] = rate

    def gradients(self, e):
        fields = self.layer.fields("gradients", e)
        spec = self.layer.model.signature
        group = {p["name"]: p["group"] for p in spec["parameters"]}
        # A member without rows has none.
        return {
            field: view if self.groups[group[f"experts.{e}.{field}"]] else np.zeros_like(view)
            for field, view in fields.items()
        }

    def values(self, e):
        return self.layer.fields("parameters", e)

    def reset(self):
        self.layer.reset()
        for values in self.layer.session.state.values():
            values[...] = 0
