#===- bounded.py - Arrays that carry a bound on rounding errors -----------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# A running error analysis: beside each f64 value, how far a computation in f32 may
# be from it, and what NumPy gets in f32. The tape works on such arrays as on plain
# ones, so gradients carry bounds too.
#
#===----------------------------------------------------------------------===#
"""The rules, for operands a and b with errors ea and eb, u = 2^-24 and U = 2u (the
factor 2 of `|err| <= 2 * gamma_K * (|A| * |B|)`):

  a + b        ea + eb                                         + U |a + b|
  a * b        ea |b| + eb |a| + ea eb                         + U |a b|
  a / b        (ea + |a / b| eb) / (|b| - eb)                  + U |a / b|
  sum of n     sum of the errors                               + gamma(n - 1) sum |a|
  contraction  |A| eB + eA |B| + eA eB                         + gamma(K) |A| |B|
  f(a)         the most that f changes within ea of a          + C U |f(a)|

where gamma(k) = k U / (1 - k U) and C = 1.1 covers the 0.51 ulp that docs/math.md
states for every function of f32 (1 ulp is at most 2 u); `use_functions` takes the
ulp of other functions for C, which leaves them no slack. Sums and contractions hold
in any order, with and without fma. Comparisons that the errors leave open count as
open, and whoever chooses by one has an error that covers both.

Bounds are linear in u but for terms that only grow with it: those of f64 are these
times 2^-29 (`for_f64`).
"""
import math

import numpy as np

UNIT = 2.0**-24
_U = 2 * UNIT
# Covers results that underflow.
_TINY = 2.0**-126

erf = np.vectorize(math.erf, otypes=[np.float64])

# What docs/gpu.md states of the functions of devices, in ulp.
OF_DEVICES = {
    np.exp: 1, np.exp2: 1.25, np.expm1: 2, np.log: 1, np.log1p: 2, np.log2: 2,
    np.power: 0.75, np.cbrt: 1, np.sin: 2, np.cos: 2, np.tan: 3.5, np.arctan: 2,
    np.sinh: 3, np.cosh: 3, np.tanh: 3, erf: 3,
}  # fmt: skip
_functions = {}


def use_functions(ulp):
    """From here on bounds hold for these functions, and for the processor's others."""
    _functions.clear()
    _functions.update(ulp)


def _relative(f):
    return _functions.get(f, 1.1) * _U



def for_f64(bound):
    """The bound on computing in f64, both here and there."""
    return 2 * bound * 2.0**-29


def _gamma(n):
    return n * _U / (1 - n * _U)


def _rounded(value):
    return _U * np.abs(value) + _TINY


class Bounded(np.lib.mixins.NDArrayOperatorsMixin):
    """`value` in f64, `error` >= |f32 - value|, `single`: NumPy's own f32. Arrays of
    truth values have 1 for `error` where they may be either."""

    __slots__ = ("value", "error", "single")

    def __init__(self, value, error=None, single=None):
        self.value = np.asarray(value)
        if error is None and self.value.dtype.kind == "f":
            with np.errstate(over="ignore"):
                single = self.value.astype(np.float32)
            error = np.abs(self.value - single)
        elif error is None:
            error, single = np.zeros(self.value.shape), self.value
        self.error, self.single = np.asarray(error), np.asarray(single)

    def __array__(self, *_):
        raise TypeError("a bounded array would lose its bounds")

    def __bool__(self):
        raise TypeError("a bounded comparison may be open")

    @property
    def shape(self):
        return self.value.shape

    @property
    def ndim(self):
        return self.value.ndim

    @property
    def size(self):
        return self.value.size

    @property
    def dtype(self):
        return self.value.dtype

    def _each(self, f):
        """For what moves elements without computing."""
        return Bounded(f(self.value), f(self.error), f(self.single))

    def reshape(self, *shape):
        return self._each(lambda x: x.reshape(*shape))

    def transpose(self, *order):
        return self._each(lambda x: x.transpose(*order))

    def astype(self, dtype):
        return self

    def copy(self):
        return self._each(np.array)

    def __getitem__(self, key):
        return self._each(lambda x: x[key])

    def __setitem__(self, key, part):
        part = lift(part)
        self.value[key] = part.value
        self.error[key] = part.error
        self.single[key] = part.single

    def sum(self, axes=None, keepdims=False):
        def add(x):
            return x.sum(axes, keepdims=keepdims)

        value = add(self.value)
        terms = self.value.size // max(value.size, 1)
        error = add(self.error) + _gamma(max(terms - 1, 0)) * add(np.abs(self.value))
        return Bounded(value, error, add(self.single))

    def max(self, axis, keepdims=False):
        parts = (self.value, self.error, self.single)
        return Bounded(*[x.max(axis, keepdims=keepdims) for x in parts])

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        if method != "__call__" or kwargs:
            return NotImplemented
        if ufunc is np.isnan:
            return np.isnan(self.value)
        rule = _RULES.get(ufunc)
        if rule is None:
            return NotImplemented
        inputs = [lift(x) for x in inputs]
        with np.errstate(all="ignore"):
            values = [x.value for x in inputs]
            value = ufunc(*values)
            error = rule(value, *values, *[x.error for x in inputs])
            single = _in_f32(ufunc, [x.single for x in inputs])
        return Bounded(value, np.where(np.isnan(error), np.inf, error), single)

    def __array_function__(self, func, types, args, kwargs):
        if func in _FUNCTIONS:
            return _FUNCTIONS[func](*args, **kwargs)
        if func in (np.broadcast_to, np.expand_dims, np.take_along_axis):
            return args[0]._each(lambda x: func(x, *args[1:], **kwargs))
        return NotImplemented


def _in_f32(f, operands):
    """Rounded once: f32 functions of NumPy are less exact than those of docs/math.md."""
    wide = [x.astype(np.float64) if x.dtype == np.float32 else x for x in operands]
    result = f(*wide)
    return result.astype(np.float32) if result.dtype.kind == "f" else result


def lift(x):
    """Constants of an f32 network are rounded once."""
    return x if isinstance(x, Bounded) else Bounded(x)


def plain(x):
    """The f64 value of an array of either kind."""
    return x.value if isinstance(x, Bounded) else x


def function(f):
    """A function that is no ufunc but monotone, as a function of bounded arrays."""

    def apply(x):
        if not isinstance(x, Bounded):
            return f(x)
        value = f(x.value)
        error = _monotone(f)(value, x.value, x.error)
        return Bounded(value, error, _in_f32(f, [x.single]))

    return apply


def add_at(array, key, part):
    """np.add.at; of bounded arrays each element is met once, or summed in order."""
    if not isinstance(array, Bounded):
        return np.add.at(array, key, part)
    before = np.zeros(array.shape)
    np.add.at(before, key, 1.0)
    np.add.at(array.value, key, part.value)
    np.add.at(array.single, key, part.single)
    np.add.at(array.error, key, part.error + _gamma(max(before.max(initial=0) - 1, 0)) * np.abs(part.value))


def _monotone(f):
    def rule(value, x, ex):
        ends = np.maximum(np.abs(f(x + ex) - value), np.abs(f(x - ex) - value))
        return np.where(ex > 0, ends, 0.0) + _relative(f) * np.abs(value) + _TINY

    return rule


def _add(v, a, b, ea, eb):
    return ea + eb + _rounded(v)


def _multiply(v, a, b, ea, eb):
    exact = ((ea == 0) & np.isin(np.abs(a), (0.0, 1.0))) | ((eb == 0) & np.isin(np.abs(b), (0.0, 1.0)))
    # What is not masked: 0 times whatever is 0.
    zero = ((a == 0) & (ea == 0)) | ((b == 0) & (eb == 0))
    return np.where(zero, 0.0, ea * np.abs(b) + eb * np.abs(a) + ea * eb + np.where(exact, 0.0, _rounded(v)))


def _divide(v, a, b, ea, eb):
    rest = np.abs(b) - eb
    return np.where(rest > 0, (ea + np.abs(v) * eb) / rest + _rounded(v), np.inf)


def _power(v, a, b, ea, eb):
    slope = np.abs(b) * np.maximum(np.abs(a - ea) ** (b - 1), np.abs(a + ea) ** (b - 1))
    other = np.abs(np.log(np.abs(a))) * np.maximum(np.abs(v), np.abs(a ** (b + eb)))
    return np.where(ea > 0, slope * ea, 0.0) + np.where(eb > 0, other * eb, 0.0) + _relative(np.power) * np.abs(v) + _TINY


def _compare(v, a, b, ea, eb):
    return ((np.abs(a - b) <= ea + eb) & (ea + eb > 0)).astype(np.float64)


def _bits(v, *rest):
    # Values first, then errors.
    return np.maximum.reduce([np.broadcast_to(e, v.shape) for e in rest[len(rest) // 2 :]])


def _sign(v, x, ex):
    return np.where((np.abs(x) <= ex) & (ex > 0), 2.0, 0.0)


def _circular(f, derivative):
    def rule(value, x, ex):
        return ex * np.abs(derivative(x)) + 0.5 * ex**2 + _relative(f) * np.abs(value) + _TINY

    return rule


_RULES = {
    np.add: _add,
    np.subtract: _add,
    np.multiply: _multiply,
    np.divide: _divide,
    np.power: _power,
    np.negative: lambda v, x, ex: ex,
    np.positive: lambda v, x, ex: ex,
    np.absolute: lambda v, x, ex: ex,
    np.sign: _sign,
    np.sin: _circular(np.sin, np.cos),
    np.cos: _circular(np.cos, np.sin),
    np.cosh: lambda v, x, ex: ex * np.sinh(np.abs(x) + ex) + _relative(np.cosh) * v,
    np.invert: _bits,
    np.bitwise_and: _bits,
    np.bitwise_or: _bits,
    # max(x, 0) + log(1 + e^-|x|): two functions and a rounding.
    np.logaddexp: lambda v, a, b, ea, eb: np.maximum(ea, eb)
    + (_relative(np.exp) + _relative(np.log1p) + 1.1 * _U) * np.abs(v) + _TINY,
    **{f: _compare for f in (np.greater, np.greater_equal, np.less, np.less_equal, np.equal, np.not_equal)},
    **{f: _monotone(f) for f in (
        np.exp, np.exp2, np.expm1, np.log, np.log1p, np.log2, np.sqrt, np.tanh,
        np.arctan, np.sinh, np.cbrt, np.tan)},
}  # fmt: skip


def _einsum(text, *operands):
    operands = [lift(o) for o in operands]
    terms, output = text.split("->")
    sizes = {}
    for term, operand in zip(terms.split(","), operands):
        sizes.update(zip(term, operand.shape))
    count = math.prod(n for name, n in sizes.items() if name not in output)
    value = np.einsum(text, *[o.value for o in operands])
    sizes_ = np.einsum(text, *[np.abs(o.value) for o in operands])
    spread = np.einsum(text, *[np.abs(o.value) + o.error for o in operands])
    error = (spread - sizes_) + _gamma(count * (len(operands) - 1)) * spread
    # The difference of two sums has an error of its own, in f64.
    error = error + 2.0**-50 * spread
    return Bounded(value, error, np.einsum(text, *[o.single for o in operands]))


def _where(condition, a, b):
    a, b = lift(a), lift(b)
    if not isinstance(condition, Bounded):
        pairs = ((a.value, b.value), (a.error, b.error), (a.single, b.single))
        return Bounded(*[np.where(condition, x, y) for x, y in pairs])
    error = np.where(condition.value, a.error, b.error)
    either = np.maximum(a.error, b.error) + np.abs(a.value - b.value)
    return Bounded(
        np.where(condition.value, a.value, b.value),
        np.where(condition.error > 0, either, error),
        np.where(condition.single, a.single, b.single),
    )


def _concatenate(parts, axis=0):
    parts = [lift(p) for p in parts]
    names = Bounded.__slots__
    return Bounded(*[np.concatenate([getattr(p, n) for p in parts], axis) for n in names])


def _put_along_axis(array, index, part, axis):
    part = lift(part)
    for name in Bounded.__slots__:
        np.put_along_axis(getattr(array, name), index, getattr(part, name), axis)


_FUNCTIONS = {
    np.einsum: _einsum,
    np.where: _where,
    np.concatenate: _concatenate,
    np.put_along_axis: _put_along_axis,
    np.zeros_like: lambda x: Bounded(np.zeros(x.shape)),
    np.ones_like: lambda x: Bounded(np.ones(x.shape)),
    np.argmax: lambda x, axis: x.value.argmax(axis),
    np.argmin: lambda x, axis: x.value.argmin(axis),
}
