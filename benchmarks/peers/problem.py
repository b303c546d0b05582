#===- problem.py - What is computed, and what should come out -------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Weights, points, targets and choices of a shape, and in f64 the result of the
# layer and the gradients of its loss, against which every runner is judged before
# it is timed.
#
#===----------------------------------------------------------------------===#
import numpy as np

import shapes

FIELDS = ["w1", "b1", "w2", "b2"]


class Problem:
    """`w1[e]` … `b2[e]` are the parameters of module e: where all modules are
    alike, `w1` … `b2` are stacks. The loss is |y − t|² / 2 per point, its mean."""

    def __init__(self, shape, routings):
        random = np.random.default_rng(1)
        self.shape, self.alike = shape, not shape.narrow

        def real(*size):
            return random.random(size, np.float32) * np.float32(2) - np.float32(1)

        def stack(make):
            parts = [make(h) for h in shapes.hidden(shape)]
            return np.stack(parts) if self.alike else parts

        n, d, o = shape.n, shape.d, shape.o
        self.x, self.target = real(n, d), real(n, shapes.width(shape))
        self.w1 = stack(lambda h: real(d, h) / np.float32(d**0.5))
        self.b1 = stack(lambda h: real(h))
        self.w2 = stack(lambda h: real(h, o) / np.float32(h**0.5)) if o else None
        self.b2 = stack(lambda h: real(o)) if o else None
        self.choices = {r: shapes.choices(shape, r) for r in routings}
        self.results = {}

    def fields(self):
        return FIELDS if self.shape.o else FIELDS[:2]

    def rows(self, routing, e):
        return np.nonzero(self.choices[routing] == e)[0]

    def first(self, routing, e):
        """The first layer's result, without relu."""
        x = self.x[self.rows(routing, e)].astype(np.float64)
        return x @ self.w1[e].astype(np.float64) + self.b1[e]

    def expected(self, routing):
        if routing in self.results:
            return self.results[routing]
        y = np.zeros((self.shape.n, shapes.width(self.shape)))
        for e in np.unique(self.choices[routing]):
            value = self.first(routing, e)
            if self.shape.o:
                w2 = self.w2[e].astype(np.float64)
                value = np.maximum(value, 0) @ w2 + self.b2[e]
            y[self.rows(routing, e)] += value
        self.results[routing] = y
        return y

    def gradients(self, routing, e):
        """Of the parameters of module e, by name."""
        rows = self.rows(routing, e)
        x = self.x[rows].astype(np.float64)
        dy = (self.expected(routing)[rows] - self.target[rows]) / self.shape.n
        if not self.shape.o:
            return {"w1": x.T @ dy, "b1": dy.sum(0)}
        value = self.first(routing, e)
        dh = (dy @ self.w2[e].T.astype(np.float64)) * (value > 0)
        return {"w1": x.T @ dh, "b1": dh.sum(0),
                "w2": np.maximum(value, 0).T @ dy, "b2": dy.sum(0)}

    def some_modules(self, routing, most=3):
        """Chosen ones, those with the most and the fewest rows among them."""
        counts = np.bincount(self.choices[routing].reshape(-1),
                             minlength=self.shape.m)
        order = [e for e in np.argsort(-counts, kind="stable") if counts[e]]
        return order[: most - 1] + order[max(most - 1, len(order) - 1):]

    def tolerance(self):
        """Of the largest element: rounding of sums this long, and some more."""
        longest = max(self.shape.d, self.shape.h, self.shape.n)
        return 1e-6 * longest**0.5 + 1e-6
