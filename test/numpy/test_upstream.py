#!/usr/bin/python3
#===- test_upstream.py - The reader and the upstream semantics ------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Reads Inputs/upstream.mlir in generic form from standard input and compares each
# function with NumPy, and its gradients with finite differences.
#
#===----------------------------------------------------------------------===#
import sys
import unittest

import numpy as np

import mlir_generic
import tape
import upstream_linalg  # noqa: F401  (registers its operations)
import upstream_scalar  # noqa: F401
import upstream_tensor  # noqa: F401
from evaluator import EvaluationError, Evaluator
from mlir_ir import AffineMap, Opaque, Symbol
from mlir_text import ParseError


def erf(x):
    return tape.erf(x).data


def expect_affine(x, w, b):
    return x @ w + b


def expect_norm(x):
    d = x - x.mean(1, keepdims=True)
    return d / np.sqrt((d * d).mean(1, keepdims=True) + 1e-5)


def expect_decay(x, i):
    return i / 16 + x @ np.array([0.125, 0.25, 0.5, 1.0])


def expect_largest(x):
    return x.max(1)


def expect_scalar_math(x):
    e = np.exp(x)
    return np.abs(
        np.tanh(x) * np.sin(x)
        + erf(x) / np.sqrt(e)
        + np.cos(np.log(1 + e))
        - np.exp(0.5 * x * x)
        + x
    )


def expect_branches(x, y):
    return np.minimum(np.where(x > y, x, -y), x)


def expect_cut_and_join(x):
    b = x[1:3, 0:5:2].copy()
    b[0] = x[3, 1:4]
    p = np.concatenate([[0], x[3, 1:4], [0, 0]]).reshape(2, 3)
    return np.concatenate([b, p, x.ravel()[5:21:3].reshape(2, 3)])


def expect_transposed(x):
    return np.einsum("abc->cab", x)


def expect_convolution(x, k):
    y = np.zeros((2, 2, 2, 3))
    for i in range(2):
        for j in range(2):
            window = x[:, 2 * i : 2 * i + 2, 2 * j : 2 * j + 3 : 2]
            y[:, i, j] = np.einsum("nhwc,hwcf->nf", window, k)
    return y


def expect_positions(x):
    return x[:, ::-1] * np.arange(3)


def expect_loop(x):
    return x**4


def shapes(function):
    kinds = function.attrs["function_type"].inputs
    return [[5 if s is None else s for s in kind.shape] for kind in kinds]


class Upstream(unittest.TestCase):
    def evaluate(self, function, args):
        (result,) = Evaluator().run(function.regions[0], args)
        return result


def check(function, expected):
    def test(self):
        rng = np.random.default_rng(7)
        args = [rng.normal(size=s) for s in shapes(function)]
        leaves = [tape.leaf(a) for a in args]
        result = self.evaluate(function, leaves)
        np.testing.assert_allclose(result.data, expected(*args), rtol=1e-12, atol=1e-13)
        # Gradients of a weighted sum, one element after another.
        weights = rng.normal(size=result.shape)
        tape.backward(tape.mul(result, weights))
        step = 1e-6
        for leaf, arg in zip(leaves, args):
            numeric = np.zeros_like(arg)
            for at in np.ndindex(arg.shape):
                kept, ends = arg[at], []
                for sign in (1, -1):
                    arg[at] = kept + sign * step
                    ends.append((expected(*args) * weights).sum())
                arg[at] = kept
                numeric[at] = (ends[0] - ends[1]) / (2 * step)
            np.testing.assert_allclose(leaf.grad, numeric, rtol=1e-7, atol=1e-8)

    return test


class Reader(unittest.TestCase):
    def read(self, attribute):
        text = f'#m = affine_map<(a, b)[n] -> (b, a * 2 - n, (a + 3) floordiv 4)>\n"t.op"() {{x = {attribute}}} : () -> ()'
        return mlir_generic.parse(text).attrs["x"]

    def test_attributes(self):
        self.assertEqual(self.read("@a::@b"), Symbol(("a", "b")))
        self.assertEqual(self.read('"q\\22\\n"'), 'q"\n')
        self.assertEqual(self.read("-4 : i32").type.name, "i32")
        self.assertEqual(self.read("0x3F800000 : f32"), 1.0)
        self.assertEqual(self.read("array<i64: 1, -2>"), [1, -2])
        self.assertEqual(self.read("{k = [true, unit]}")["k"][0], True)
        self.assertEqual(
            self.read("#d.k<a<b>, -> c>"), Opaque("#", "d", "k", "a<b>, -> c")
        )
        self.assertEqual(self.read("#d<k a>").body, None)
        self.assertEqual(str(self.read("tensor<?x2xf32, 1 : i64>")), "tensor<?x2xf32>")
        function = self.read("(i1, tensor<*xf32>) -> ()")
        self.assertEqual((len(function.inputs), len(function.results)), (2, 0))

    def test_dense(self):
        np.testing.assert_array_equal(
            self.read("dense<[[1, 2], [3, 4]]> : tensor<2x2xi8>").values, [[1, 2], [3, 4]]
        )
        np.testing.assert_array_equal(
            self.read('dense<"0x0000803F00000040"> : tensor<2xf32>').values, [1, 2]
        )
        np.testing.assert_array_equal(
            self.read("dense<true> : tensor<2xi1>").values, [True, True]
        )
        self.assertEqual(self.read("dense<> : tensor<0x3xf32>").values.shape, (0, 3))

    def test_affine_map(self):
        map = self.read("#m")
        self.assertIsInstance(map, AffineMap)
        self.assertEqual(map.evaluate([5, 7], [1]), [7, 9, 2])

    def test_errors(self):
        for text, message in (
            ('"a"() : () -> (', "expected a type"),
            ('"a"(%x) : (i1) -> ()', "undefined value '%x'"),
            ('"a"() {x = #m} : () -> ()', "unknown alias '#m'"),
            ('%0 = "a"() : () -> ()', "another number of values"),
        ):
            with self.assertRaisesRegex(ParseError, message):
                mlir_generic.parse(text)

    def test_unknown_operation(self):
        op = mlir_generic.parse('"a.b"() : () -> ()')
        with self.assertRaisesRegex(EvaluationError, "line 1: no semantics for 'a.b'"):
            Evaluator().step(op)


def main():
    module = mlir_generic.parse(sys.stdin.read())
    for function in module.regions[0].ops:
        name = function.attrs["sym_name"]
        setattr(Upstream, "test_" + name, check(function, globals()["expect_" + name]))
    unittest.main(argv=sys.argv[:1])


if __name__ == "__main__":
    main()
