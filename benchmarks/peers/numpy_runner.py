#===- numpy_runner.py - A modular layer in NumPy --------------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# The loop that is always there: a product for each module on the rows that picked
# it. Not among the peers that are looked for unless it is asked for.
#
#===----------------------------------------------------------------------===#
import numpy as np

import shapes


class NumPy:
    name, task, most_threads = "NumPy loop", "forward", None

    def __init__(self, problem, routing, threads, library, shared):
        self.problem, self.choices = problem, problem.choices[routing]

    def repeat(self, calls):
        for _ in range(calls):
            self.y = self.layer()

    def layer(self):
        p, shape = self.problem, self.problem.shape
        flat = self.choices.reshape(-1)
        order = np.argsort(flat, kind="stable")
        ends = np.cumsum(np.bincount(flat, minlength=shape.m))
        y = np.zeros((shape.n, shapes.width(shape)), np.float32)
        first = 0
        for e, end in enumerate(ends):
            if end > first:
                rows = order[first:end] // shape.k
                value = p.x[rows] @ p.w1[e] + p.b1[e]
                if shape.o:
                    value = np.maximum(value, 0) @ p.w2[e] + p.b2[e]
                y[rows] += value
            first = end
        return y

    def result(self):
        return self.y

    @staticmethod
    def fits(problem, routing):
        return True


def open_numpy(helpers):
    return NumPy, None, f"NumPy {np.__version__}"
