#!/usr/bin/python3
#===- test_random_networks.py - Random networks, by NumPy alone -----------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Reads many random networks in generic form from standard input; each is evaluated
# on every batch of random_networks.CASES and its gradient compared with a finite
# difference along one random direction. Prints what the networks cover.
#
#===----------------------------------------------------------------------===#
import collections
import re
import sys

import numpy as np

import mlir_generic
from modular_ops import enum, member
from network import Network
from random_networks import CASES, batch


def is_fixed(network, layer):
    controller = network.symbols[layer.attrs["controller"].path[0]]
    return enum(controller.attrs["distribution"]) == "fixed"


def check(network, seed):
    rng = np.random.default_rng([seed, 24])
    # Off their initial values: relu of a zero bias has no derivative to compare.
    parameters = {
        name: value + 0.05 * rng.normal(size=value.shape)
        for name, value in network.initial(rng).items()
    }
    for case, points in CASES:
        inputs, wanted, choices = batch(network, seed, case, points)
        free = network.run(parameters, inputs, wanted)
        forced = network.run(parameters, inputs, wanted, choices)
        if not any(is_fixed(network, op) for op in network.layers):
            np.testing.assert_array_equal(forced.selection(), choices)
        for result in (free, forced):
            for value in result.outputs + [result.log_likelihood, result.log_prior]:
                assert np.isfinite(value.data).all(), f"{case}: not finite"
                assert value.shape[0] == points
            assert (result.log_prior.data <= 0).all(), f"{case}: p(a|x) above 1"
        for picks, p in zip(free.choices, free.probabilities):
            mode = np.take_along_axis(p, picks[..., None], -1)[..., 0]
            assert (mode == p.max(-1)).all(), f"{case}: the mode is not the likeliest choice"
        if len(network.layers) == 1 and network.steps(network.layers[0]) == 1:
            # Where no choice hangs on another, so are all choices together. (A mode
            # in a scan may lead to a state whose choices are less certain.)
            assert (free.log_prior.data >= forced.log_prior.data).all(), case

    inputs, wanted, choices = batch(network, seed, *CASES[0])
    _, gradients = network.m_step(parameters, inputs, wanted, choices)
    direction = {k: rng.normal(size=v.shape) for k, v in gradients.items()}

    def loss(step):
        moved = {**parameters, **{k: parameters[k] + step * d for k, d in direction.items()}}
        r = network.run(moved, inputs, wanted, choices)
        return -(r.log_likelihood.data + r.log_prior.data).mean()

    step = 1e-6
    numeric = (loss(step) - loss(-step)) / (2 * step)
    exact = sum((gradients[k] * direction[k]).sum() for k in direction)
    np.testing.assert_allclose(exact, numeric, rtol=1e-5, atol=1e-6)


def cover(counts, network):
    pools = collections.Counter()
    for op in network.op.walk():
        counts["frozen"] += "frozen" in op.attrs
        counts["state"] += "state" in op.attrs
        counts["scan"] += op.name == "modular.scan"
        counts["reverse"] += "reverse" in op.attrs
    inside = [o for s in network.graph.walk() if s.name == "modular.scan" for o in s.walk()]
    for op in network.layers:
        k, m = network.layer_shape(op)
        pool = op.attrs["pool"].path[0]
        bodies = {member(a)[1] for a in network.symbols[pool].attrs["members"]}
        pools[pool] += 1
        counts["compose " + enum(op.attrs["compose"])] += 1
        counts["gate " + enum(op.attrs["gate"])] += 1
        counts["duplicates " + enum(op.attrs["duplicates"])] += 1
        counts["K = M"] += k == m
        counts["M = 1"] += m == 1
        counts["1 < K < M"] += 1 < k < m
        counts["different bodies"] += len(bodies) > 1
        counts["several results"] += len(op.results) > 1
        counts["shared operands"] += op.attrs["operandSegmentSizes"][1] > 0
        counts["several rows a point"] += int(op.attrs.get("rows_per_point", 1)) > 1
        counts["choices in a scan"] += op in inside
        counts["fixed"] += is_fixed(network, op)
    counts["shared pools"] += sum(n > 1 for n in pools.values())
    counts[f"{len(network.layers)} layers"] += 1
    counts[str(network.graph.attrs["function_type"].results[0].element)] += 1
    counts["objective " + enum(network.objective.attrs["kind"])] += 1
    counts["optimizer " + enum(network.optimizer.attrs["kind"])] += 1
    counts["several outputs"] += len(network.graph.attrs["function_type"].results) > 1


def main():
    counts, failed = collections.Counter(), 0
    module = mlir_generic.parse(sys.stdin.read())
    networks = [o for o in module.walk() if o.name == "modular.network"]
    for op in networks:
        network = Network(op)
        name = op.attrs["sym_name"]
        cover(counts, network)
        try:
            check(network, int(re.sub(r"\D", "", name)))
        except Exception as error:
            failed += 1
            print(f"{name}: {error}")
    for key in sorted(counts):
        print(f"{key}: {counts[key]}")
    print(f"{len(networks) - failed} networks agree, {failed} do not")
    return 1 if failed or not networks else 0


if __name__ == "__main__":
    sys.exit(main())
