#===- math_functions.py - Errors of the expanded math functions -----------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Sweeps every function of modular-expand-math against libm in long double and
# checks the errors that docs/math.md states, and special values against NumPy.
#
#===----------------------------------------------------------------------===#

import sys

import numpy as np

from program import Program

L = np.longdouble
# name, reference, ranges, error in ulp for f64
def erf_reference(complement):
    import math

    f = math.erfc if complement else math.erf
    return lambda x: np.array([f(float(v)) for v in x])


FUNCTIONS = [
    ("exp", np.exp, [(-745, 709)], 2),
    ("exp2", np.exp2, [(-1020, 1020)], 2),
    ("expm1", np.expm1, [(-40, 700), (-1, 1)], 3),
    ("log", np.log, [(1e-300, 1e300), (0.5, 2)], 2),
    ("log1p", np.log1p, [(-0.99, 10), (-1e-3, 1e-3)], 3),
    ("log2", np.log2, [(1e-300, 1e300), (1.5, 20)], 3),
    ("log10", np.log10, [(1e-300, 1e300), (1.5, 20)], 3),
    ("tanh", np.tanh, [(-30, 30), (-0.1, 0.1)], 4),
    ("sinh", np.sinh, [(-700, 700), (-1, 1)], 4),
    ("cosh", np.cosh, [(-700, 700)], 4),
    ("sin", np.sin, [(-3, 3), (-1e5, 1e5)], 2),
    ("cos", np.cos, [(-1.5, 1.5), (-1e5, 1e5)], 2),
    ("tan", np.tan, [(-1.5, 1.5)], 4),
    ("asin", np.arcsin, [(-1, 1)], 4),
    ("acos", np.arccos, [(-1, 1)], 4),
    ("atan", np.arctan, [(-100, 100), (-1, 1)], 3),
    ("asinh", np.arcsinh, [(-100, 100)], 5),
    ("acosh", np.arccosh, [(1.001, 100)], 6),
    ("atanh", np.arctanh, [(-0.999, 0.999)], 5),
    ("erf", erf_reference(False), [(-6, 6), (-1, 1)], 5),
    ("erfc", erf_reference(True), [(-3, 0.5)], 8),
    ("rsqrt", lambda x: 1 / np.sqrt(x), [(1e-300, 1e300)], 2),
    ("cbrt", np.cbrt, [(-1e300, 1e300), (-1, 1)], 2),
]
SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 5e-324, 1e-310, 1.7e308]
# Exactly rounded or by selects: equal to NumPy everywhere.
EXACT = [("ceil", np.ceil), ("trunc", np.trunc), ("roundeven", np.rint)]


def text(name, kind):
    return f"""func.func @{name}_{kind}(%x: tensor<?x{kind}> {{bufferization.writable = false}},
    %y: tensor<?x{kind}> {{bufferization.writable = true}}) -> tensor<?x{kind}> {{
  %v = math.{name} %x : tensor<?x{kind}>
  %r = bufferization.materialize_in_destination %v in %y : (tensor<?x{kind}>, tensor<?x{kind}>) -> tensor<?x{kind}>
  return %r : tensor<?x{kind}>
}}
"""


def main():
    names = [f[0] for f in FUNCTIONS] + [f[0] for f in EXACT]
    program = Program("".join(text(n, k) for n in names for k in ("f32", "f64")),
                      ["--modular-to-tiled", "--modular-to-buffers"])
    rng = np.random.default_rng(1)
    failures = 0

    def evaluate(name, x):
        y = np.empty_like(x)
        program(f"{name}_{'f32' if x.dtype == np.float32 else 'f64'}", x, y)
        return y

    np.seterr(all="ignore")
    for name, reference, ranges, limit in FUNCTIONS:
        worst = {}
        for dtype in (np.float32, np.float64):
            allowed = limit if dtype == np.float64 else 1
            for low, high in ranges:
                top = np.finfo(dtype).max
                x = rng.uniform(max(low, -float(top) / 4), min(high, float(top) / 4), 20001).astype(dtype)
                if low > 0 and high > 1e30:
                    x = np.exp(rng.uniform(np.log(max(low, float(np.finfo(dtype).tiny))), np.log(min(high, float(top) / 4)), 20001)).astype(dtype)
                y = evaluate(name, x)
                exact = reference(x.astype(L))
                rounded = exact.astype(dtype)
                finite = np.isfinite(rounded) & (np.abs(rounded) >= np.finfo(dtype).tiny)
                error = np.abs(y.astype(L) - exact) / np.spacing(np.abs(rounded)).astype(L)
                error = float(np.max(error[finite])) if finite.any() else 0.0
                worst[dtype] = max(worst.get(dtype, 0), error)
                if not error <= allowed:
                    failures += 1
                    at = np.nanargmax(np.where(finite, np.abs(y.astype(L) - exact) / np.spacing(np.abs(rounded)), 0))
                    print(f"FAIL {name} {dtype.__name__} [{low}, {high}]: {error:.2f} ulp at {x[at]!r}, allowed {allowed}")
            special = np.array(SPECIAL, dtype)
            if name in ("sin", "cos", "tan"):
                # Reduction is for |x| < 2^20; beyond, results mean nothing.
                special = special[~(np.abs(special) > 2.0**20) | ~np.isfinite(special)]
            if name == "cbrt":
                special = special[(np.abs(special) > 1e-300) | (special == 0)]
            got, want = evaluate(name, special), reference(special.astype(L)).astype(dtype)
            for x, g, w in zip(special, got, want):
                close = abs(float(g) - float(w)) <= limit * abs(np.spacing(w)) if np.isfinite(w) and np.isfinite(g) else False
                if not (close or g == w or (np.isnan(g) and np.isnan(w))):
                    failures += 1
                    print(f"FAIL {name} {dtype.__name__} of {x!r}: {g!r}, not {w!r}")
        print(f"{name}: f32 {worst[np.float32]:.2f}, f64 {worst[np.float64]:.2f} ulp")
    for name, reference in EXACT:
        for dtype in (np.float32, np.float64):
            x = np.concatenate([rng.uniform(-9, 9, 2001), np.arange(-9, 9) / 2, SPECIAL]).astype(dtype)
            if not np.array_equal(evaluate(name, x), reference(x), equal_nan=True):
                failures += 1
                print(f"FAIL {name} {dtype.__name__}")
    print(f"{failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
