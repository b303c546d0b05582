#===- toy_data.py - The data that `--data toy` generates ------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# runtime/ToyData.cpp in NumPy, all points at once: the benchmark needs points and
# true components to fit the best linear classifier to. Logarithms are the C
# library's, so values may differ in the last bits of f64 and seldom in f32.
#
#===----------------------------------------------------------------------===#
import os
import sys

import numpy as np

from measure import SOURCE

sys.path.insert(0, os.path.join(SOURCE, "test", "numpy"))
from philox import philox  # noqa: E402

_PURPOSE = 5 << 24


class _Streams:
    """A stream of uniform numbers for each point; each keeps its own count."""

    def __init__(self, seed, points, use):
        self.seed, self.use = seed, use
        self.points = np.arange(points)
        self.count = np.zeros(points, np.int64)

    def uniform(self, which):
        w = philox((self.points[which], self.count[which], self.use, _PURPOSE), self.seed)
        self.count[which] += 1
        high = (w[0] >> np.uint64(5)).astype(np.float64) * 2.0**26
        return (high + (w[1] >> np.uint64(6)).astype(np.float64)) * 2.0**-53

    def disc(self):
        """A point of the unit disc [points, 2] by rejection, and its squared norm."""
        values = np.zeros((len(self.points), 2))
        open_ = np.arange(len(self.points))
        while len(open_):
            for i in (0, 1):
                values[open_, i] = 2 * self.uniform(open_) - 1
            square = (values[open_] ** 2).sum(-1)
            open_ = open_[~((square < 1) & (square > 0))]
        return values, (values**2).sum(-1)

    def normals(self):
        values, square = self.disc()
        return values * np.sqrt(-2 * np.log(square) / square)[:, None]


def make_toy_data(seed, points=1000, test=False):
    """x [points, 2], y [points, 2] and the component [points] of each point."""
    rules = _Streams(seed, 1, 0)
    means = 6 * np.concatenate([rules.normals(), rules.normals()])
    c, s = rules.disc()[0][0]
    norm = np.hypot(c, s)
    c, s = c / norm, s / norm
    scale = 2 * rules.normals()[0]
    rule = np.array([[[c, -s], [s, c]], np.diag(scale)])
    streams = _Streams(seed, points, 2 if test else 1)
    component = np.where(streams.uniform(np.arange(points)) < 0.5, 0, 1)
    x = means[component] + streams.normals()
    y = np.einsum("nij,nj->ni", rule[component], x)
    return x, y, component
