#===- tape.py - Reverse-mode differentiation over NumPy -------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Arrays that remember how they were made. Every operation of the interpreter is
# built from the primitives here, so their gradients are the interpreter's.
#
#===----------------------------------------------------------------------===#
import math

import numpy as np

import bounded
from bounded import Bounded

_erf = bounded.function(bounded.erf)


class Var:
    """An array and, for each parent that it depends on smoothly, the function
    that takes its gradient to the parent's."""

    __slots__ = ("data", "parents", "grad")

    def __init__(self, data, parents=()):
        self.data = data if isinstance(data, Bounded) else np.asarray(data)
        self.parents = [p for p in parents if p[0].tracked()]
        self.grad = None

    def tracked(self):
        return bool(self.parents) or self.grad is not None

    @property
    def shape(self):
        return self.data.shape

    @property
    def ndim(self):
        return self.data.ndim


def leaf(data):
    """A variable that gradients are wanted of (in f64)."""
    var = Var(data if isinstance(data, Bounded) else np.array(data, np.float64))
    var.grad = np.zeros_like(var.data)
    return var


def as_var(x):
    return x if isinstance(x, Var) else Var(x)


def backward(loss):
    """Adds the gradient of the sum of `loss` to the `grad` of every leaf."""
    for var, grad in _sweep([loss], [np.ones_like(loss.data)]):
        if not var.parents and var.grad is not None:
            var.grad = var.grad + grad


def pull_back(values, cotangents, inputs):
    """The cotangents of `inputs`, given those of `values`."""
    found = {id(x): np.zeros_like(x.data) for x in inputs}
    for var, grad in _sweep(values, [c.data for c in cotangents]):
        if id(var) in found:
            found[id(var)] = found[id(var)] + grad
    return [Var(found[id(x)]) for x in inputs]


def _sweep(values, cotangents):
    """(variable, its cotangent) of everything that `values` are made of, each
    before what it is made of."""
    order, seen, stack = [], set(), [(value, False) for value in values]
    while stack:
        var, done = stack.pop()
        if done:
            order.append(var)
            continue
        if id(var) in seen:
            continue
        seen.add(id(var))
        stack.append((var, True))
        stack.extend((parent, False) for parent, _ in var.parents)
    grads = {}
    for value, cotangent in zip(values, cotangents):
        grads[id(value)] = grads.get(id(value), 0) + cotangent
    for var in reversed(order):
        grad = grads.pop(id(var), None)
        if grad is None:
            continue
        yield var, grad
        for parent, pull in var.parents:
            part = pull(grad)
            key = id(parent)
            grads[key] = grads[key] + part if key in grads else part


def _fit(grad, shape):
    """Sums a gradient over the axes along which its operand was broadcast."""
    grad = grad.sum(tuple(range(grad.ndim - len(shape)))) if grad.ndim > len(shape) else grad
    axes = tuple(i for i, s in enumerate(shape) if s == 1 and grad.shape[i] != 1)
    return grad.sum(axes, keepdims=True) if axes else grad


def _binary(value, a, b, da, db):
    return Var(
        value,
        [
            (a, lambda g: _fit(g * da(), a.shape)),
            (b, lambda g: _fit(g * db(), b.shape)),
        ],
    )


def add(a, b):
    a, b = as_var(a), as_var(b)
    return _binary(a.data + b.data, a, b, lambda: 1, lambda: 1)


def sub(a, b):
    a, b = as_var(a), as_var(b)
    return _binary(a.data - b.data, a, b, lambda: 1, lambda: -1)


def mul(a, b):
    a, b = as_var(a), as_var(b)
    return _binary(a.data * b.data, a, b, lambda: b.data, lambda: a.data)


def div(a, b):
    a, b = as_var(a), as_var(b)
    value = a.data / b.data
    return _binary(value, a, b, lambda: 1 / b.data, lambda: -value / b.data)


def power(a, b):
    a, b = as_var(a), as_var(b)
    value = a.data**b.data

    def db():
        return value * np.log(np.where(a.data > 0, a.data, 1.0))

    return _binary(value, a, b, lambda: b.data * a.data ** (b.data - 1), db)


def _choose(a, b, first):
    """a where `first`, else b."""
    return _binary(
        np.where(first, a.data, b.data), a, b, lambda: first, lambda: ~first
    )


def maximum(a, b):
    a, b = as_var(a), as_var(b)
    return _choose(a, b, a.data >= b.data)


def minimum(a, b):
    a, b = as_var(a), as_var(b)
    return _choose(a, b, a.data <= b.data)


def where(condition, a, b):
    condition = as_var(condition).data
    if not isinstance(condition, Bounded):
        condition = np.asarray(condition, bool)
    return _choose(as_var(a), as_var(b), condition)


def _unary(f, df):
    def op(a):
        a = as_var(a)
        value = f(a.data)
        return Var(value, [(a, lambda g: g * df(a.data, value))])

    return op


def _sigmoid(x):
    return 0.5 * (1.0 + np.tanh(0.5 * x))


neg = _unary(np.negative, lambda x, y: -1)
exp = _unary(np.exp, lambda x, y: y)
expm1 = _unary(np.expm1, lambda x, y: y + 1)
log = _unary(np.log, lambda x, y: 1 / x)
log1p = _unary(np.log1p, lambda x, y: 1 / (1 + x))
log2 = _unary(np.log2, lambda x, y: 1 / (x * np.log(2)))
exp2 = _unary(np.exp2, lambda x, y: y * np.log(2))
sqrt = _unary(np.sqrt, lambda x, y: 0.5 / y)
rsqrt = _unary(lambda x: 1 / np.sqrt(x), lambda x, y: -0.5 * y / x)
tanh = _unary(np.tanh, lambda x, y: 1 - y * y)
sin = _unary(np.sin, lambda x, y: np.cos(x))
cos = _unary(np.cos, lambda x, y: -np.sin(x))
tan = _unary(np.tan, lambda x, y: 1 + y * y)
atan = _unary(np.arctan, lambda x, y: 1 / (1 + x * x))
sinh = _unary(np.sinh, lambda x, y: np.cosh(x))
cosh = _unary(np.cosh, lambda x, y: np.sinh(x))
absolute = _unary(np.abs, lambda x, y: np.sign(x))
sigmoid = _unary(_sigmoid, lambda x, y: y * (1 - y))
erf = _unary(_erf, lambda x, y: 2 / np.sqrt(np.pi) * np.exp(-x * x))
cbrt = _unary(np.cbrt, lambda x, y: 1 / (3 * y * y))
step_like = {
    "floor": np.floor,
    "ceil": np.ceil,
    "round": lambda x: np.trunc(x + np.copysign(0.5, x)),
    "roundeven": np.rint,
    "trunc": np.trunc,
}


def reduce_sum(a, axes, keepdims=False):
    a = as_var(a)
    axes = tuple(axes)

    def pull(g):
        return np.broadcast_to(g if keepdims else np.expand_dims(g, axes), a.shape)

    return Var(a.data.sum(axes, keepdims=keepdims), [(a, pull)])


def reduce_extreme(a, axes, pick):
    """Maximum or minimum over axes; the first of equals gets the gradient."""
    a = as_var(a)
    axes = tuple(axes)
    rest = [i for i in range(a.ndim) if i not in axes]
    moved = transpose(a, rest + list(axes))
    size = math.prod(a.shape[i] for i in axes)
    flat = reshape(moved, [a.shape[i] for i in rest] + [size])
    index = pick(flat.data, -1)
    return take_along_last(flat, index)


def take_along_last(a, index):
    """a[..., index[...]] for an integer array over the leading axes."""
    a = as_var(a)
    value = np.take_along_axis(a.data, index[..., None], -1)[..., 0]

    def pull(g):
        out = np.zeros_like(a.data)
        np.put_along_axis(out, index[..., None], g[..., None], -1)
        return out

    return Var(value, [(a, pull)])


def einsum(text, *operands):
    """np.einsum; every index of an operand stands in the result or in another
    operand."""
    operands = [as_var(o) for o in operands]
    inputs, output = text.split("->")
    terms = inputs.split(",")

    def pull(i):
        others = [t for j, t in enumerate(terms) if j != i]
        back = ",".join([output] + others) + "->" + terms[i]
        rest = [o.data for j, o in enumerate(operands) if j != i]
        return lambda g: np.einsum(back, g, *rest)

    value = np.einsum(text, *[o.data for o in operands])
    return Var(value, [(o, pull(i)) for i, o in enumerate(operands)])


def transpose(a, order):
    a = as_var(a)
    back = np.argsort(order)
    return Var(a.data.transpose(order), [(a, lambda g: g.transpose(back))])


def reshape(a, shape):
    a = as_var(a)
    return Var(a.data.reshape(shape), [(a, lambda g: g.reshape(a.shape))])


def broadcast(a, shape):
    a = as_var(a)
    value = np.broadcast_to(a.data, shape)
    return Var(value, [(a, lambda g: _fit(g, a.shape))])


def index(a, key):
    """a[key] for any NumPy index."""
    a = as_var(a)

    def pull(g):
        out = np.zeros_like(a.data)
        bounded.add_at(out, key, g)
        return out

    return Var(a.data[key], [(a, pull)])


def insert(a, key, part):
    """A copy of a with a[key] = part; key meets every element at most once."""
    a, part = as_var(a), as_var(part)
    # A copy, bounded if either is.
    value = bounded.lift(a.data).copy() if isinstance(part.data, Bounded) else a.data.copy()
    value[key] = part.data

    def outside(g):
        out = g.copy()
        out[key] = 0
        return out

    return Var(value, [(a, outside), (part, lambda g: _fit(g[key], part.shape))])


def concat(parts, axis):
    parts = [as_var(p) for p in parts]
    ends = np.cumsum([0] + [p.shape[axis] for p in parts])

    def pull(i):
        key = [slice(None)] * parts[0].ndim
        key[axis] = slice(ends[i], ends[i + 1])
        return lambda g: g[tuple(key)]

    value = np.concatenate([p.data for p in parts], axis)
    return Var(value, [(p, pull(i)) for i, p in enumerate(parts)])


def log_softmax(a):
    """Over the last axis."""
    a = as_var(a)
    shifted = a.data - a.data.max(-1, keepdims=True)
    value = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))

    def pull(g):
        return g - np.exp(value) * g.sum(-1, keepdims=True)

    return Var(value, [(a, pull)])
