#===- check_gradients.py - Gradients against finite differences -----------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Reads differentiated functions in generic form from standard input. Each returns
# a value y and then the gradients of its first float arguments along the last
# argument, the cotangent of y; central differences of y in f64 must agree.
#
# An argument may say where its values come from by `test.range = [a, b]` (else
# floats are normal and integers in [0, 2)); a dynamic size is 5. A function whose
# gradients are 0 says `test.zero`.
#
#===----------------------------------------------------------------------===#
import sys
import unittest

import numpy as np

import mlir_generic
import modular_ops  # noqa: F401  (registers its operations)
import tape
import upstream_linalg  # noqa: F401
import upstream_scalar  # noqa: F401
import upstream_tensor  # noqa: F401
from evaluator import HANDLERS, Evaluator, handles

try:
    import routed_ops  # noqa: F401
except ImportError:
    routed_ops = None

# Functions that the evaluator has no gradients for; here their values suffice.
for _name, _f in {
    "acos": np.arccos,
    "acosh": np.arccosh,
    "asin": np.arcsin,
    "asinh": np.arcsinh,
    "atan2": np.arctan2,
    "atanh": np.arctanh,
    "erfc": lambda x: 1 - tape.erf(tape.Var(x)).data,
    "log10": np.log10,
}.items():
    if f"math.{_name}" not in HANDLERS:
        handles(f"math.{_name}")(
            lambda ev, op, *xs, f=_f: tape.Var(f(*[x.data for x in xs]))
        )

ROWS = 5
STEP = 1e-6


def is_float(kind):
    return str(getattr(kind, "element", kind)).startswith("f")


def draw(rng, kind, bounds):
    shape = [ROWS if s is None else s for s in getattr(kind, "shape", ())]
    if is_float(kind):
        low, high = bounds or (None, None)
        return rng.normal(size=shape) if bounds is None else rng.uniform(low, high, shape)
    low, high = bounds or (0, 2)
    return np.asarray(rng.integers(int(low), int(high), shape))


def evaluate(function, args):
    values = Evaluator().run(function.regions[0], [tape.Var(a) for a in args])
    return [np.asarray(v.data) for v in values]


class Gradients(unittest.TestCase):
    pass


def check(function):
    def test(self):
        rng = np.random.default_rng(11)
        kinds = function.attrs["function_type"].inputs
        attributes = function.attrs.get("arg_attrs") or [{}] * len(kinds)
        args = [
            draw(rng, kind, given.get("test.range"))
            for kind, given in zip(kinds, attributes)
        ]
        y, *gradients = evaluate(function, args)
        self.assertEqual(y.shape, args[-1].shape)
        self.assertTrue(gradients, "no gradient")
        wanted = [i for i, kind in enumerate(kinds[:-1]) if is_float(kind)]
        largest = 0.0
        for gradient, i in zip(gradients, wanted):
            numeric = np.zeros_like(args[i])
            self.assertEqual(gradient.shape, numeric.shape)
            for at in np.ndindex(numeric.shape):
                ends = []
                for sign in (1, -1):
                    moved = [np.array(a) for a in args]
                    moved[i][at] += sign * STEP
                    ends.append((evaluate(function, moved)[0] * args[-1]).sum())
                numeric[at] = (ends[0] - ends[1]) / (2 * STEP)
            np.testing.assert_allclose(gradient, numeric, rtol=2e-6, atol=2e-8)
            largest = max(largest, np.abs(numeric).max(initial=0))
        self.assertEqual(largest == 0, "test.zero" in function.attrs)

    return test


def main():
    module = mlir_generic.parse(sys.stdin.read())
    for function in module.regions[0].ops:
        name = function.attrs["sym_name"]
        setattr(Gradients, "test_" + name, check(function))
    unittest.main(argv=sys.argv[:1])


if __name__ == "__main__":
    main()
