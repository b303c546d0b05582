#===- check_values.py - Gradients that are known ---------------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Reads functions without arguments in generic form from standard input, runs them
# in NumPy and compares their results, flat and in order, with `test.expect`.
#
#===----------------------------------------------------------------------===#
import sys
import unittest

import numpy as np

import mlir_generic
import modular_ops  # noqa: F401  (registers its operations)
import upstream_linalg  # noqa: F401
import upstream_scalar  # noqa: F401
import upstream_tensor  # noqa: F401
from evaluator import Evaluator


class Values(unittest.TestCase):
    pass


def check(function):
    def test(self):
        values = Evaluator().run(function.regions[0], [])
        flat = np.concatenate([np.ravel(v.data) for v in values])
        np.testing.assert_array_equal(flat, np.asarray(function.attrs["test.expect"]))

    return test


def main():
    functions = mlir_generic.parse(sys.stdin.read()).regions[0].ops
    for function in functions:
        setattr(Values, "test_" + function.attrs["sym_name"], check(function))
    unittest.main(argv=sys.argv[:1])


if __name__ == "__main__":
    main()
