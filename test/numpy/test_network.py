#!/usr/bin/python3
#===- test_network.py - The interpreter of networks -----------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Reads Inputs/networks.mlir in generic form from standard input; compares values
# with ones worked out by hand and gradients with finite differences.
#
#===----------------------------------------------------------------------===#
import sys
import unittest

import numpy as np

from evaluator import EvaluationError
from network import Network, fans, initial

TEXT = ""


def load(name):
    return Network.parse(TEXT, name)


def close(actual, expected, **tolerance):
    np.testing.assert_allclose(actual, expected, **{"rtol": 1e-12, "atol": 1e-12, **tolerance})


class Values(unittest.TestCase):
    def pair(self):
        # 2x + 1 and -x; scores (x, 0).
        return {
            "experts.0.weight": np.array([[2.0]]),
            "experts.0.bias": np.array([1.0]),
            "experts.1.weight": np.array([[-1.0]]),
            "experts.1.bias": np.array([0.0]),
            "router.weight": np.array([[1.0, 0.0]]),
        }

    def test_pair(self):
        x = np.array([[1.0], [-2.0], [0.0]])
        y = np.array([[3.0], [0.0], [1.0]])
        result = load("pair").run(self.pair(), [x], [y])
        # The mode is member 0 where x >= 0: the first of equals.
        close(result.selection(), [[0], [1], [0]])
        close(result.outputs[0].data, [[3.0], [2.0], [1.0]])
        # -1/2 (y - y')^2 / sigma^2 with sigma = 2.
        close(result.log_likelihood.data, [0.0, -0.5, 0.0])
        e = np.exp
        close(
            result.log_prior.data,
            [-np.log1p(e(-1)), -np.log1p(e(-2)), -np.log(2)],
        )
        close(result.all_probabilities()[0], [e(1) / (1 + e(1)), 1 / (1 + e(1))])

    def test_pair_gradient(self):
        # One point x = 1, y = 1, forced to member 0: y' = 3, so d(-log p)/dy' =
        # (3 - 1) / 4 = 1/2; scores (1, 0) give d(-log p(a))/ds = (p - 1, 1 - p).
        result, gradients = load("pair").m_step(self.pair(), [[[1.0]]], [[[1.0]]], [[0]])
        close(gradients["experts.0.weight"], [[0.5]])
        close(gradients["experts.0.bias"], [0.5])
        close(gradients["experts.1.weight"], [[0.0]])
        q = 1 / (1 + np.exp(1.0))
        close(gradients["router.weight"], [[-q, q]])
        self.assertEqual(result.touched, {"experts.0"})

    def test_compositions(self):
        network = load("compositions")
        weights = {f"experts.{i}.weight": np.array([[10.0**i]]) for i in range(3)}
        x = np.array([[1.0], [2.0]])
        # exp(scores): pick 0 of member 1 has 3/6, pick 1 of member 2 has 1/4;
        # both picks of member 0 in row 1: 1/6 and 1/4.
        scores = np.log([[[1, 3, 2], [1, 2, 1]], [[1, 3, 2], [1, 2, 1]]])
        picks = [[1, 2], [0, 0]]
        forced = np.tile(picks, (1, 6))
        result = network.run(weights, [x, scores], choices=forced)
        total, mean, concat, fixed, soft, given = [o.data for o in result.outputs]
        close(total, [[110.0], [4.0]])
        close(mean, [[55.0], [1.0]])  # a second pick of a member counts 0
        close(concat, [[10.0, 100.0], [2.0, 2.0]])
        close(fixed, [[0.25 * 10 + 0.5 * 100], [0.75 * 2]])
        close(soft, [[(10 * 0.5 + 100 * 0.25) / 0.75], [2.0]])
        close(given, [[20.0], [40.0]])  # its mode is member 1, twice
        # Five random layers; the sixth is given and has no log-probability.
        close(result.log_prior.data, 5 * np.log([0.5 * 0.25, 1 / 6 * 0.25]))
        free = network.run(weights, [x, scores])
        close(free.selection(), [[1, 1] * 6] * 2)
        close(free.probabilities[5][0, 0], [[0, 1, 0], [0, 1, 0]])

    def test_no_points(self):
        result = load("pair").run(self.pair(), [np.zeros((0, 1))], [np.zeros((0, 1))])
        self.assertEqual(result.selection().shape, (0, 1))
        self.assertEqual(result.log_likelihood.shape, (0,))

    def test_names(self):
        names = list(load("deep").parameters())
        self.assertEqual(len(names), len(set(names)))
        for name in ("mixed.0.weight", "mixed.2.in.weight", "mlp.hidden", "head.bias"):
            self.assertIn(name, names)

    def test_scan_by_hand(self):
        network = load("recurrent")
        rng = np.random.default_rng(3)
        p = network.initial(rng)
        xs, h = rng.normal(size=(2, 4, 2)), rng.normal(size=(2, 3))
        picks = rng.integers(0, 2, (2, 4))
        result = network.run(p, [xs, h], choices=picks)
        log_prior = np.zeros(2)
        for t in range(4):
            scores = h @ p["router.weight"]
            log_prior += scores[[0, 1], picks[:, t]] - np.log(np.exp(scores).sum(1))
            new = np.empty_like(h)
            for n in range(2):
                c = f"cells.{picks[n, t]}."
                new[n] = np.tanh(xs[n, t] @ p[c + "u"] + p[c + "b"] + h[n] @ p[c + "w"])
            h = new
        close(result.outputs[0].data, h)
        close(result.log_prior.data, log_prior)
        close(result.selection(), picks)

    def test_initialisers(self):
        rng = np.random.default_rng(0)
        close(initial(rng, "#modular.init<zeros>", (2,)), [0, 0])
        close(initial(rng, "#modular.init<constant(2.5)>", (2,)), [2.5, 2.5])
        self.assertEqual(fans((3, 4)), (3, 4))
        self.assertEqual(fans((5,)), (5, 5))
        self.assertEqual(fans((2, 5, 3, 4)), (30, 40))
        drawn = initial(rng, "#modular.init<glorot_uniform>", (200, 100))
        self.assertLessEqual(np.abs(drawn).max(), np.sqrt(6 / 300))
        close(drawn.std(), np.sqrt(2 / 300), rtol=0.02)

    def test_missing_parameter(self):
        parameters = self.pair()
        del parameters["experts.1.bias"]
        with self.assertRaisesRegex(EvaluationError, "no parameter 'experts.1.bias'"):
            load("pair").run(parameters, [np.zeros((1, 1))])


class Gradients(unittest.TestCase):
    def check(self, name, inputs, wanted, slots, members):
        network = load(name)
        rng = np.random.default_rng(11)
        parameters = network.initial(rng)
        points = inputs[0].shape[0]
        choices = rng.integers(0, members, (points, slots))
        _, gradients = network.m_step(parameters, inputs, wanted, choices)

        def loss():
            r = network.run(parameters, inputs, wanted, choices)
            return -(r.log_likelihood.data + r.log_prior.data).mean()

        self.assertEqual(set(gradients), set(parameters))
        step = 1e-6
        for key, value in parameters.items():
            numeric = np.zeros_like(value)
            for at in np.ndindex(value.shape):
                kept, ends = value[at], []
                for sign in (1, -1):
                    value[at] = kept + sign * step
                    ends.append(loss())
                value[at] = kept
                numeric[at] = (ends[0] - ends[1]) / (2 * step)
            close(gradients[key], numeric, rtol=1e-6, atol=1e-8, err_msg=key)

    def test_pair(self):
        rng = np.random.default_rng(1)
        self.check("pair", [rng.normal(size=(6, 1))], [rng.normal(size=(6, 1))], 1, 2)

    def test_deep(self):
        rng = np.random.default_rng(2)
        self.check("deep", [rng.normal(size=(5, 3))], [rng.integers(0, 3, 5)], 4, 3)

    def test_recurrent(self):
        rng = np.random.default_rng(5)
        inputs = [rng.normal(size=(3, 4, 2)), rng.normal(size=(3, 3))]
        self.check("recurrent", inputs, [rng.normal(size=(3, 3))], 4, 2)


if __name__ == "__main__":
    TEXT = sys.stdin.read()
    unittest.main(argv=sys.argv[:1])
