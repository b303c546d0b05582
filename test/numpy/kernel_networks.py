#===- kernel_networks.py - Networks of sizes that kernels meet ------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Random networks (random_networks.py) of one or two layers whose sizes are primes,
# widths of vectors and tiles, and their neighbours, and what batches they are run on.
#
#===----------------------------------------------------------------------===#
import numpy as np

from random_networks import Network

WIDTHS = (
    1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 15, 16, 17, 23, 31, 32, 33, 37, 47, 48, 49, 61,
    63, 64, 65, 67, 96, 97, 127, 128, 128, 129, 131, 192, 256, 257,
)  # fmt: skip
MEMBERS = (1, 2, 3, 4, 5, 7, 8, 13, 16, 31, 64, 101)
POINTS = (1, 2, 3, 4, 5, 6, 7, 8, 11, 13, 16, 17, 29, 31, 64, 67, 97, 131, 193, 257)
ROUTING = (
    "random", "random", "all to one member", "one row a member", "empty groups", "skewed",
)  # fmt: skip
# Numbers of parameters of a pool, and multiplications of a batch, about.
MOST_PARAMETERS = 1 << 17
MOST_WORK = 1 << 24


class KernelNetwork(Network):
    """Most members are what kernels are for: one or two products and an activation."""

    BODIES = (
        "affine", "active", "active", "active", "mlp", "mlp", "mlp", "mlp", "gated", "norm",
        "residual", "nested", "halves",
    )  # fmt: skip

    def __init__(self, rng, element):
        super().__init__(rng, element)
        if self.chance(0.6):
            # Trained below the first layer, so that its input has a gradient.
            (x, d), h = self.values[0], self.width(0)
            self.values[0] = (self.linear(self.graph, x, d, h, "stem", True), h)

    def width(self, high):
        return self.one_of(*WIDTHS)

    def members(self, interface):
        one = sum(interface.rows) * sum(interface.results)
        return self.one_of(*[m for m in MEMBERS if m == 1 or m * one <= MOST_PARAMETERS])

    def picks(self, m):
        return min(m, self.one_of(1, 1, 1, 2, 2, 3, 4, 8))

    def rule(self):
        name = self.one_of("sgd", "sgd", "momentum", "rmsprop", "adam")
        return [f"modular.optimizer {name}{self.one_of('', '', ' dense')}"]

    def choose_layers(self):
        wanted = self.one_of(1, 1, 2)
        while self.layers < wanted:
            self.one_of(*[self.plain] * 7, self.tokens)()


def draw_cases(network, seed, count):
    """(routing, points) of this many batches, no point among them."""
    rng = np.random.default_rng([seed, 27])
    numbers = sum(
        int(np.prod(op.results[0].type.shape)) for op in network.parameters().values()
    )
    sizes = [n for n in POINTS if n == 1 or n * numbers <= MOST_WORK]
    picks, members = network.layer_shape(network.layers[0])
    cases = [("random", 0)]
    for _ in range(count - 1):
        routing, points = (x[int(rng.integers(len(x)))] for x in (ROUTING, sizes))
        if routing == "one row a member":
            points = min(max(sizes), max(members // picks, 1))
        cases.append((routing, points))
    return cases[:count]
