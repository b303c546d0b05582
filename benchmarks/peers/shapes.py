#===- shapes.py - The layers that peers are timed on ----------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Shapes of layers by name, choices for them, and the network that modc
# compiles for each.
#
#===----------------------------------------------------------------------===#
"""N points, modules D -> H or D -> H -> O with relu between, M of them, K a point."""
import collections

import numpy as np

Shape = collections.namedtuple("Shape", "n d h o m k source")

SHAPES = {
    "tiny": Shape(8, 4, 3, 2, 3, 2, "for tests"),
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
    "O3": Shape(1, 2048, 1408, 2048, 64, 6, "DeepSeek-V2-Lite, one token"),
    "O4": Shape(256, 1024, 384, 1024, 128, 8, "Qwen3-30B-A3B / 2"),
    "O5": Shape(512, 512, 1792, 512, 8, 2, "Mixtral / 8"),
    "O6": Shape(256, 896, 256, 896, 256, 8, "DeepSeek-V3 / 8"),
}
CURVE = [1, 4, 16, 64, 256, 1024]
for _m in CURVE:
    SHAPES[f"M{_m}"] = Shape(1024, 128, 128, 0, _m, 1, "cost over M")
DEFAULT = ["K1", "B1", "T1", "S1", "S4"] + [f"M{m}" for m in CURVE]


def flops(shape):
    return 2 * shape.n * shape.k * (shape.d * shape.h + shape.h * shape.o)


def width(shape):
    return shape.o or shape.h


def describe(shape):
    layers = f"{shape.d}→{shape.h}" + (f"→{shape.o}" if shape.o else "")
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


def network(shape):
    """The layer as a network, with a linear controller that is not used."""
    d, h, o, m, k = shape.d, shape.h, shape.o, shape.m, shape.k
    last = width(shape)
    body = f"""
    %w1 = modular.parameter "w1" init(glorot_uniform) : tensor<{d}x{h}xf32>
    %b1 = modular.parameter "b1" init(zeros) : tensor<{h}xf32>
    %y1 = modular.linear %x, %w1, %b1 : tensor<?x{d}xf32>, tensor<{d}x{h}xf32>, tensor<{h}xf32> -> tensor<?x{h}xf32>"""
    result = "%y1"
    if o:
        body += f"""
    %r = modular.relu %y1 : tensor<?x{h}xf32>
    %w2 = modular.parameter "w2" init(glorot_uniform) : tensor<{h}x{o}xf32>
    %b2 = modular.parameter "b2" init(zeros) : tensor<{o}xf32>
    %y2 = modular.linear %r, %w2, %b2 : tensor<?x{h}xf32>, tensor<{h}x{o}xf32>, tensor<{o}xf32> -> tensor<?x{o}xf32>"""
        result = "%y2"
    return f"""modular.network @peer {{
  modular.module @expert(%x: tensor<?x{d}xf32>) -> tensor<?x{last}xf32> {{{body}
    modular.yield {result} : tensor<?x{last}xf32>
  }}
  modular.pool @experts [@expert x {m}]
  modular.controller @router(%x: tensor<?x{d}xf32>) -> tensor<?x{k}x{m}xf32> {{
    %w = modular.parameter "w" init(glorot_uniform) : tensor<{d}x{k * m}xf32>
    %s = modular.linear %x, %w : tensor<?x{d}xf32>, tensor<{d}x{k * m}xf32> -> tensor<?x{k * m}xf32>
    %scores = modular.reshape %s : tensor<?x{k * m}xf32> -> tensor<?x{k}x{m}xf32>
    modular.yield %scores : tensor<?x{k}x{m}xf32>
  }}
  modular.graph(%x: tensor<?x{d}xf32>) -> tensor<?x{last}xf32> {{
    %y = modular.layer @experts(%x : tensor<?x{d}xf32>) by @router(%x : tensor<?x{d}xf32>)
        choose {k} compose sum -> tensor<?x{last}xf32>
    modular.output %y : tensor<?x{last}xf32>
  }}
  modular.objective gaussian(sigma = 1.0)
  modular.optimizer sgd
}}
"""
