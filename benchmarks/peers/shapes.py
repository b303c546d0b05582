#===- shapes.py - The layers that peers are timed on ----------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Shapes of layers by name, choices for them, and how much work they are.
#
#===----------------------------------------------------------------------===#
"""N points, modules D -> H or D -> H -> O with relu between, M of them, K a point.
Where `narrow` is not 0 the first half of the modules are D -> narrow -> O."""
import collections

import numpy as np

Shape = collections.namedtuple(
    "Shape", "n d h o m k source narrow", defaults=["for tests", 0])

ROUTINGS = ["uniform", "zipf", "one"]

SHAPES = {
    "tiny": Shape(8, 4, 3, 4, 3, 2),
    "tiny1": Shape(9, 5, 3, 0, 4, 1),
    "tinyH": Shape(8, 4, 5, 3, 4, 1, "for tests", 2),
    "K1": Shape(32, 784, 32, 0, 10, 1, "MNIST example, M-step"),
    "K1e": Shape(320, 784, 32, 0, 10, 1, "MNIST example, E-step"),
    "K2": Shape(320, 32, 10, 0, 8, 1, "MNIST example, logits"),
    "B1": Shape(256, 96, 4, 128, 32, 1, "modular architectures, smallest"),
    "B2": Shape(256, 96, 16, 128, 8, 1, "modular architectures"),
    "B3": Shape(256, 1536, 64, 2048, 32, 1, "modular architectures, largest"),
    "T1": Shape(256, 64, 64, 0, 64, 1, "tiny modules"),
    "T2": Shape(4096, 64, 64, 64, 64, 1, "many rows"),
    "T3": Shape(4096, 64, 64, 64, 1024, 1, "a thousand modules"),
    "S1": Shape(2048, 512, 512, 512, 8, 1, "middle"),
    "S2": Shape(2048, 512, 512, 512, 64, 2, "middle, many modules"),
    "S4": Shape(128, 512, 512, 512, 64, 2, "few rows a module"),
    "S5": Shape(8, 512, 512, 512, 64, 2, "a row a module"),
    "O1": Shape(512, 512, 256, 512, 64, 8, "OLMoE / 4"),
    # Of its 64 modules one token reaches 6; 16 keep the copies in memory.
    "O3": Shape(1, 2048, 1408, 2048, 16, 6, "DeepSeek-V2-Lite, one token"),
    "O4": Shape(256, 1024, 384, 1024, 128, 8, "Qwen3-30B-A3B / 2"),
    "O5": Shape(512, 512, 1792, 512, 8, 2, "Mixtral / 8"),
    "O6": Shape(256, 896, 256, 896, 256, 8, "DeepSeek-V3 / 8"),
    "H1": Shape(1024, 256, 512, 256, 16, 1, "half the modules narrow", 64),
}
TABLE = [name for name in SHAPES if not name.startswith("tiny")]
OVER_N = [1, 4, 16, 64, 256, 1024, 4096]
OVER_M = [1, 4, 16, 64, 256, 1024]
for _n in OVER_N:
    SHAPES[f"N{_n}"] = Shape(_n, 256, 256, 0, 64, 1, "cost over N")
for _m in OVER_M:
    SHAPES[f"M{_m}"] = Shape(1024, 128, 128, 0, _m, 1, "cost over M")
CURVES = [f"N{n}" for n in OVER_N] + [f"M{m}" for m in OVER_M]


def width(shape):
    return shape.o or shape.h


def hidden(shape):
    """The width between the two layers (or behind the only one), by module."""
    small = shape.m // 2 if shape.narrow else 0
    return np.array([shape.narrow] * small + [shape.h] * (shape.m - small), np.int64)


def parameters(shape):
    """Numbers in a module, by module."""
    h = hidden(shape)
    return h * (shape.d + 1) + (h + 1) * shape.o


def flops(shape, chosen):
    """Of a forward pass: multiplications and additions of its products."""
    rows = np.bincount(chosen.reshape(-1), minlength=shape.m)
    return int(2 * (rows * hidden(shape)).sum() * (shape.d + shape.o))


def weight_bytes(shape):
    return int(4 * parameters(shape).sum())


def active_bytes(shape, chosen):
    """The parameters of the modules that were chosen."""
    return int(4 * parameters(shape)[np.unique(chosen)].sum())


def forward_bytes(shape, chosen):
    """What a forward pass has to read and write at least."""
    return (active_bytes(shape, chosen)
            + 4 * shape.n * (shape.d + width(shape) + shape.k))


def rows_a_module(shape, chosen):
    return shape.n * shape.k / len(np.unique(chosen))


def describe(shape):
    middle = f"({shape.narrow} or {shape.h})" if shape.narrow else shape.h
    layers = f"{shape.d}→{middle}" + (f"→{shape.o}" if shape.o else "")
    return f"{shape.n}×{layers}, M {shape.m}, K {shape.k}"


def choices(shape, routing, seed=0):
    """[n, k] of i32; the picks of a point differ."""
    random = np.random.default_rng(seed)
    if routing == "one":
        return np.tile(np.arange(shape.k, dtype=np.int32), (shape.n, 1))
    weights = np.ones(shape.m)
    if routing == "zipf":
        weights = np.arange(1, shape.m + 1) ** -1.2
    # The k largest of Gumbel-perturbed weights are draws without replacement.
    keys = np.log(weights) + random.gumbel(size=(shape.n, shape.m))
    return np.argsort(-keys, axis=1)[:, : shape.k].astype(np.int32)
