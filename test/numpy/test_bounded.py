#!/usr/bin/python3
#===- test_bounded.py - The running error bounds --------------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Bounds hold for computations in f32, whatever their order, and do not for ones that
# are less exact: checks that stand on them can fail.
#
#===----------------------------------------------------------------------===#
import os
import re
import unittest

import numpy as np

import bounded
import tape
from agreement import Agreement, Mismatch
from bounded import UNIT, Bounded

F = np.float32


def near(x):
    """f32 numbers, without errors."""
    return Bounded(x.astype(F).astype(np.float64))


class Rules(unittest.TestCase):
    def setUp(self):
        self.rng = np.random.default_rng(7)

    def holds(self, expected, actual):
        errors = np.abs(np.asarray(actual, np.float64) - expected.value)
        self.assertTrue((errors <= expected.error).all(), (errors / expected.error).max())

    def test_contraction(self):
        a, b = near(self.rng.normal(size=(20, 300))), near(self.rng.normal(size=(300, 7)))
        expected = np.einsum("ik,kj->ij", a, b)
        # gamma_K |A| |B|, twice.
        gamma = 300 * UNIT / (1 - 300 * UNIT)
        limit = 2 * gamma * np.abs(a.value) @ np.abs(b.value)
        np.testing.assert_allclose(expected.error, limit, rtol=1e-4)
        order = self.rng.permutation(300)
        chain = np.zeros((20, 7), F)
        for k in order:
            chain = chain + a.single[:, k : k + 1] * b.single[k]
        self.holds(expected, chain)
        self.holds(expected, expected.single)
        # Operands of 16 bits are too far off.
        half = a.single.astype(np.float16).astype(F) @ b.single
        self.assertTrue((np.abs(half - expected.value) > expected.error).any())

    def test_functions(self):
        x = near(self.rng.uniform(0.5, 2.0, 500))
        for f in (np.exp, np.log, np.sqrt, np.tanh, np.sin, np.cos, np.log1p, np.arctan):
            self.holds(f(x), f(x.value).astype(F))
            # An operand that is off by 5 ulp, as its error says.
            off = Bounded(x.value, 10 * UNIT * x.value, x.single)
            self.holds(f(off), f(x.value * (1 + 10 * UNIT)).astype(F))
            self.holds(f(off), f(x.value * (1 - 10 * UNIT)).astype(F))
            single = f(off).single
            self.assertEqual(single.dtype, F)
            self.holds(f(off), single)
            self.assertLess((f(x).error / np.abs(f(x).value)).max(), 3 * UNIT)
        erf = bounded.function(bounded.erf)
        self.holds(erf(x), bounded.erf(x.single).astype(F))

    def test_functions_of_devices(self):
        """Those of docs/gpu.md, to the ulp that is stated there."""
        with open(os.path.join(os.path.dirname(__file__), "../../docs/gpu.md")) as file:
            rows = re.findall(r"^\| ([a-z0-9_, ]+) \| ([0-9., ]+) \| [0-9., ]+ \|", file.read(), re.M)
        stated = {}
        for names, ulp in rows:
            names, ulp = names.split(", "), ulp.split(", ")
            stated.update(zip(names, map(float, ulp if len(ulp) > 1 else ulp * len(names))))
        names = {np.power: "powf", np.arctan: "atan", bounded.erf: "erf"}
        for f, ulp in bounded.OF_DEVICES.items():
            self.assertEqual(stated[names.get(f, getattr(f, "__name__", ""))], ulp)
        x, exact = near(self.rng.uniform(0.5, 2.0, 500)), np.tanh
        bounded.use_functions(bounded.OF_DEVICES)
        try:
            self.holds(exact(x), exact(x.value) * (1 + 2.9 * 2**-24))
            self.assertGreater((exact(x).error / exact(x.value)).min(), 2.9 * 2**-23)
            self.assertLess((exact(x).error / exact(x.value)).max(), 3.1 * 2**-23)
        finally:
            bounded.use_functions({})
        self.assertLess((exact(x).error / exact(x.value)).max(), 1.2 * 2**-23)

    def test_arithmetic(self):
        a, b, c = (near(self.rng.normal(size=1000)) for _ in range(3))
        self.holds(a * b - c / b, a.single * b.single - c.single / b.single)
        cancelled = (a + b) - a
        self.holds(cancelled, (a.single + b.single) - a.single)
        self.assertTrue((cancelled.error >= UNIT * np.abs(a.value + b.value)).all())

    def test_constants(self):
        self.assertEqual(bounded.lift(0.5).error, 0)
        self.assertEqual(bounded.lift(0.1).error, abs(float(F(0.1)) - 0.1))

    def test_division_by_what_may_be_zero(self):
        almost = Bounded(np.array([1e-9]), np.array([1e-8]), np.array([0], F))
        self.assertEqual((near(np.ones(1)) / almost).error[0], np.inf)

    def test_open_comparisons(self):
        x = Bounded(np.array([1e-9, 0.5, 0.0]), np.array([1e-8, 1e-8, 0.0]), np.array([0, 0.5, 0], F))
        np.testing.assert_array_equal((x > 0).error, [1, 0, 0])
        # relu moves by the error of x, its derivative by 1 where x may be negative.
        relu = np.where(x > 0, x, np.zeros(3))
        np.testing.assert_array_equal(relu.value, [1e-9, 0.5, 0])
        self.assertGreaterEqual(relu.error[0], 1e-8)
        self.assertEqual(((x > 0) * near(np.ones(3))).error[0], 1)

    def test_masked(self):
        far = Bounded(np.array([0.0]), np.array([np.inf]), np.array([0], F))
        self.assertEqual((near(np.zeros(1)) * far).error[0], 0)
        self.assertEqual(np.where(np.array([False]), far, near(np.ones(1))).error[0], 0)


class Gradients(unittest.TestCase):
    def gradient(self, x, w, v, dtype):
        """d/dw of sum(v tanh(x w)), by hand."""
        x, w, v = (a.astype(dtype) for a in (x, w, v))
        y = np.tanh(x @ w)
        return x.T @ (v * (dtype(1) - y * y))

    def test_gradient(self):
        rng = np.random.default_rng(8)
        parts = [rng.normal(size=s).astype(F) for s in ((40, 6), (6, 5), (40, 5))]
        x, w, v = (near(p) for p in parts)
        leaf = tape.leaf(w)
        y = tape.tanh(tape.einsum("nd,dh->nh", tape.as_var(x), leaf))
        tape.backward(tape.reduce_sum(tape.mul(tape.as_var(v), y), (0, 1)))
        np.testing.assert_allclose(leaf.grad.value, self.gradient(*parts, np.float64), rtol=1e-9)
        agreement = Agreement("f32")
        single = self.gradient(*parts, F)
        agreement.values_agree("gradient", single, leaf.grad)
        self.assertGreater(agreement.values.ratio, 1e-3)
        with self.assertRaisesRegex(Mismatch, "times the bound"):
            agreement.values_agree("gradient", single * F(1 + 2.0**-12), leaf.grad)
        with self.assertRaisesRegex(Mismatch, "times the bound"):
            # What computes in f64 must be as exact.
            Agreement("f64").values_agree("gradient", single, leaf.grad)


class Modes(unittest.TestCase):
    def test_modes(self):
        scores = Bounded(
            np.array([[[1.0, 2.0, 2.0 + 1e-7]]]), np.full((1, 1, 3), 1e-7), np.ones((1, 1, 3), F)
        )
        agreement = Agreement("f32")
        for pick in (1, 2):
            agreement.modes_agree("modes", np.array([[pick]]), scores)
        self.assertEqual((agreement.modes, agreement.undecided), (2, 1))
        with self.assertRaisesRegex(Mismatch, r"picks 0 of"):
            agreement.modes_agree("modes", np.array([[0]]), scores)


if __name__ == "__main__":
    unittest.main()
