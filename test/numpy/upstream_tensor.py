#===- upstream_tensor.py - The tensor dialect -----------------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Semantics of creating, cutting, joining and reshaping tensors.
#
#===----------------------------------------------------------------------===#
import math

import numpy as np

import tape
from evaluator import handles, is_float, number
from mlir_ir import DYNAMIC
from tape import Var


def mixed(static, dynamic):
    """Sizes from a static array whose dynamic places come from operands."""
    dynamic = iter(dynamic)
    return [number(next(dynamic)) if s == DYNAMIC else int(s) for s in static]


def fill_shape(type, sizes):
    sizes = iter(sizes)
    return [number(next(sizes)) if s is None else s for s in type.shape]


@handles("tensor.empty")
def _empty(ev, op, *sizes):
    type = op.results[0].type
    # Not a number: whoever reads what nobody wrote shows it.
    filler = np.nan if is_float(type) else -(2**31)
    return Var(np.full(fill_shape(type, sizes), filler))


@handles("tensor.dim")
def _dim(ev, op, x, i):
    return Var(np.int64(x.shape[number(i)]))


@handles("tensor.rank")
def _rank(ev, op, x):
    return Var(np.int64(x.ndim))


@handles("tensor.cast")
def _cast(ev, op, x):
    for have, want in zip(x.shape, op.results[0].type.shape):
        if want is not None and have != want:
            raise ValueError(f"size {have} is cast to {want}")
    return x


def _slices(offsets, sizes, strides):
    # A slice, not an index: the result keeps every dimension.
    return tuple(
        slice(o, o + (n - 1) * s + 1 if n else o, s)
        for o, n, s in zip(offsets, sizes, strides)
    )


def _place(op, operands, first):
    """Offsets, sizes and strides from attributes and operand segments."""
    counts = op.attrs["operandSegmentSizes"]
    at, parts = sum(counts[:first]), []
    for i in range(3):
        parts.append(operands[at : at + counts[first + i]])
        at += counts[first + i]
    names = ("static_offsets", "static_sizes", "static_strides")
    return [mixed(op.attrs[n], part) for n, part in zip(names, parts)]


def _dropped(sizes, type):
    """The shape of a slice without the unit dimensions that its type drops."""
    shape, at = [], 0
    for position, size in enumerate(sizes):
        want = type.shape[at] if at < len(type.shape) else "none"
        left = len(sizes) - position - 1
        needed = len(type.shape) - at
        if want != "none" and (want == size or want is None) and not (
            size == 1 and want is None and left >= needed
        ):
            shape.append(size)
            at += 1
        elif size != 1:
            raise ValueError(f"sizes {sizes} do not reduce to {type}")
    return shape


@handles("tensor.extract_slice")
def _extract_slice(ev, op, x, *rest):
    offsets, sizes, strides = _place(op, (x,) + rest, 1)
    part = tape.index(x, _slices(offsets, sizes, strides))
    if list(part.shape) != sizes:
        raise ValueError(f"sizes {sizes} at {offsets} leave {list(x.shape)}")
    return tape.reshape(part, _dropped(sizes, op.results[0].type))


@handles("tensor.insert_slice", "tensor.parallel_insert_slice")
def _insert_slice(ev, op, part, x, *rest):
    offsets, sizes, strides = _place(op, (part, x) + rest, 2)
    return tape.insert(x, _slices(offsets, sizes, strides), tape.reshape(part, sizes))


@handles("tensor.collapse_shape")
def _collapse(ev, op, x):
    groups = op.attrs["reassociation"]
    return tape.reshape(x, [math.prod(x.shape[i] for i in g) for g in groups])


@handles("tensor.expand_shape")
def _expand(ev, op, x, *sizes):
    return tape.reshape(x, mixed(op.attrs["static_output_shape"], sizes))


@handles("tensor.reshape")
def _reshape(ev, op, x, shape):
    return tape.reshape(x, [int(s) for s in shape.data])


@handles("tensor.concat")
def _concat(ev, op, *parts):
    return tape.concat(parts, int(op.attrs["dim"]))


@handles("tensor.pad")
def _pad(ev, op, x, *rest):
    counts = op.attrs["operandSegmentSizes"]
    low = mixed(op.attrs["static_low"], rest[: counts[1]])
    high = mixed(op.attrs["static_high"], rest[counts[1] :])
    shape = [a + n + b for a, n, b in zip(low, x.shape, high)]
    grid = np.meshgrid(*[np.arange(n) for n in shape], indexing="ij")
    (value,) = ev.run(op.regions[0], [Var(g) for g in grid])
    key = tuple(slice(a, a + n) for a, n in zip(low, x.shape))
    return tape.insert(tape.broadcast(value, shape), key, x)


@handles("tensor.extract")
def _extract(ev, op, x, *indices):
    return tape.index(x, tuple(i.data for i in indices))


@handles("tensor.insert")
def _insert(ev, op, scalar, x, *indices):
    return tape.insert(x, tuple(number(i) for i in indices), scalar)


@handles("tensor.from_elements")
def _from_elements(ev, op, *elements):
    flat = tape.concat([tape.reshape(e, [1]) for e in elements], 0)
    return tape.reshape(flat, list(op.results[0].type.shape))


@handles("tensor.splat")
def _splat(ev, op, x, *sizes):
    return tape.broadcast(x, fill_shape(op.results[0].type, sizes))


@handles("tensor.generate")
def _generate(ev, op, *sizes):
    shape = fill_shape(op.results[0].type, sizes)
    grid = np.meshgrid(*[np.arange(n) for n in shape], indexing="ij")
    (value,) = ev.run(op.regions[0], [Var(g) for g in grid])
    return tape.broadcast(value, shape)
