#===- upstream_linalg.py - The linalg dialect -----------------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Semantics of linalg: every structured operation is its body, evaluated once over
# arrays of the whole iteration space, then reduced.
#
#===----------------------------------------------------------------------===#
import itertools

import numpy as np

import tape
from evaluator import EvaluationError, handles
from mlir_ir import AffineMap
from tape import Var

_SUMS = {
    "arith.addf": tape.add,
    "arith.addi": tape.add,
    "arith.maximumf": tape.maximum,
    "arith.maxnumf": tape.maximum,
    "arith.maxsi": tape.maximum,
    "arith.minimumf": tape.minimum,
    "arith.minnumf": tape.minimum,
    "arith.minsi": tape.minimum,
}


def identity(rank):
    return AffineMap(rank, 0, tuple(("d", i) for i in range(rank)))


def _extents(maps, operands):
    """The size of every dimension of the iteration space."""
    sizes = [None] * maps[0].dims
    for map, operand in zip(maps, operands):
        if len(map.results) != operand.ndim:
            raise ValueError(f"a map of {len(map.results)} results for {operand.shape}")
        for result, size in zip(map.results, operand.shape):
            if result[0] == "d":
                i = result[1]
                if sizes[i] not in (None, size):
                    raise ValueError(f"dimension {i} is both {sizes[i]} and {size}")
                sizes[i] = size
    if None in sizes:
        raise ValueError("a dimension without a size")
    return sizes


def _gather(operand, map, grids):
    """The operand's element for every point of the iteration space; dimensions
    that it does not depend on have size 1."""
    kinds = [r[0] for r in map.results]
    dims = [r[1] for r in map.results if r[0] == "d"]
    if all(k == "d" for k in kinds) and len(set(dims)) == len(dims):
        order = sorted(range(len(dims)), key=lambda i: dims[i])
        moved = tape.transpose(operand, order)
        sizes = iter(moved.shape)
        shape = [next(sizes) if i in dims else 1 for i in range(map.dims)]
        return tape.reshape(moved, shape)
    key = np.broadcast_arrays(*[np.asarray(i) for i in map.evaluate(grids)])
    return tape.index(operand, tuple(key))


def _depends(region, value, on):
    """Whether a value of a body is computed from another."""
    made = {r: op for op in region.ops for r in op.results}
    work, seen = [value], set()
    while work:
        v = work.pop()
        if v is on:
            return True
        if v in made and v not in seen:
            seen.add(v)
            work.extend(made[v].operands)
    return False


def _accumulation(region, out_args):
    """For each yielded value, the (fold, value) of `acc = fold(acc, value)`; None
    if any is not of that form."""
    made = {r: op for op in region.ops for r in op.results}
    found = []
    for yielded, acc in zip(region.ops[-1].operands, out_args):
        op = made.get(yielded)
        if op is None or op.name not in _SUMS or acc not in op.operands:
            return None
        value = op.operands[1 if op.operands[0] is acc else 0]
        if any(_depends(region, value, a) for a in out_args):
            return None
        found.append((_SUMS[op.name], value))
    return found


def _fold(fold, init, value, axes):
    if fold is tape.add:
        return tape.add(init, tape.reduce_sum(value, axes))
    if any(value.shape[a] == 0 for a in axes):
        return init
    pick = np.argmax if fold is tape.maximum else np.argmin
    return fold(init, tape.reduce_extreme(value, axes, pick))


def structured(ev, region, maps, ins, outs):
    """Runs a structured operation; maps are those of ins and then outs."""
    operands = list(ins) + list(outs)
    sizes = _extents(maps, operands)
    rank = len(sizes)
    out_maps = maps[len(ins) :]
    used = {r[1] for m in out_maps for r in m.results if r[0] == "d"}
    reduced = [i for i in range(rank) if i not in used]
    kept = [i for i in range(rank) if i in used]
    grids = np.ogrid[tuple(slice(n) for n in sizes)] if rank else []
    gathered = [_gather(o, m, grids) for o, m in zip(operands, maps)]
    out_args = region.args[len(ins) :]

    def finish(value, map, shape):
        """From an array over the kept dimensions to the result's layout; a constant
        index is that of a dimension of size 1, as keepdims leaves it."""
        full = tape.broadcast(value, [sizes[i] for i in kept])
        order = [kept.index(r[1]) for r in map.results if r[0] == "d"]
        if any(r[0] != "d" and size != 1 for r, size in zip(map.results, shape)):
            raise ValueError(f"an output of shape {shape} is written in part")
        return tape.reshape(tape.transpose(full, order), shape)

    def drop(value):
        """Leaves out the reduced dimensions, along which an output is constant."""
        shape = [value.shape[i] for i in kept]
        return tape.reshape(value, shape)

    ev.grids.append(grids)
    try:
        if not reduced:
            results = ev.run(region, gathered)
            return [finish(v, m, o.shape) for v, m, o in zip(results, out_maps, outs)]
        inits = [drop(g) for g in gathered[len(ins) :]]
        accumulation = _accumulation(region, out_args)
        if accumulation is not None:
            ev.run(region, gathered)
            results = []
            for (fold, value), init in zip(accumulation, inits):
                full = tape.broadcast(ev[value], sizes)
                results.append(_fold(fold, init, full, reduced))
        else:
            results = _serial(ev, region, sizes, kept, reduced, gathered, len(ins), inits)
        return [finish(v, m, o.shape) for v, m, o in zip(results, out_maps, outs)]
    finally:
        ev.grids.pop()


def _serial(ev, region, sizes, kept, reduced, gathered, inputs, accs):
    """A body that is no plain sum: one step of the reduction after another."""
    grids = ev.grids[-1]
    for point in itertools.product(*[range(sizes[i]) for i in reduced]):
        at = dict(zip(reduced, point))

        def cut(value):
            key = [slice(None)] * len(sizes)
            for i, p in at.items():
                key[i] = p if value.shape[i] > 1 else 0
            return tape.index(value, tuple(key))

        ev.grids[-1] = [
            np.int64(at[i]) if i in at else grids[i].reshape([grids[i].shape[j] for j in kept])
            for i in range(len(sizes))
        ]
        accs = ev.run(region, [cut(g) for g in gathered[:inputs]] + accs)
    return accs


def _split(op, operands):
    inputs = op.attrs["operandSegmentSizes"][0]
    return operands[:inputs], operands[inputs:]


@handles("linalg.generic", "linalg.matmul", "linalg.batch_matmul", "linalg.contract",
         "linalg.elementwise", "linalg.batch_reduce_matmul")  # fmt: skip
def _with_maps(ev, op, *operands):
    ins, outs = _split(op, operands)
    return structured(ev, op.regions[0], op.attrs["indexing_maps"], ins, outs)


@handles(*[f"linalg.{n}" for n in (
    "add", "sub", "mul", "div", "max", "min", "powf", "select", "copy", "exp",
    "log", "abs", "ceil", "floor", "negf", "reciprocal", "round", "sqrt",
    "rsqrt", "square", "tanh", "erf")])  # fmt: skip
def _elementwise(ev, op, *operands):
    ins, outs = _split(op, operands)
    maps = [identity(outs[0].ndim)] * len(operands)
    return structured(ev, op.regions[0], maps, ins, outs)


@handles("linalg.map")
def _map(ev, op, *operands):
    # Older forms hand the body the inputs only, newer ones the output as well.
    region, out = op.regions[0], operands[-1]
    args = list(operands)[: len(region.args)]
    (value,) = ev.run(region, args)
    return tape.broadcast(value, out.shape)


@handles("linalg.fill")
def _fill(ev, op, value, out):
    return tape.broadcast(value, out.shape)


@handles("linalg.transpose")
def _transpose(ev, op, x, out):
    return tape.transpose(x, [int(i) for i in op.attrs["permutation"]])


@handles("linalg.broadcast")
def _broadcast(ev, op, x, out):
    added = op.attrs["dimensions"]
    sizes = iter(x.shape)
    shape = [1 if i in added else next(sizes) for i in range(out.ndim)]
    return tape.broadcast(tape.reshape(x, shape), out.shape)


@handles("linalg.reduce")
def _reduce(ev, op, *operands):
    half = len(operands) // 2
    rank, gone = operands[0].ndim, op.attrs["dimensions"]
    kept = tuple(("d", i) for i in range(rank) if i not in gone)
    maps = [identity(rank)] * half + [AffineMap(rank, 0, kept)] * half
    return structured(ev, op.regions[0], maps, operands[:half], operands[half:])


@handles("linalg.softmax")
def _softmax(ev, op, x, out):
    axis = int(op.attrs["dimension"])
    order = [i for i in range(x.ndim) if i != axis] + [axis]
    soft = tape.exp(tape.log_softmax(tape.transpose(x, order)))
    return tape.transpose(soft, list(np.argsort(order)))


@handles("linalg.index")
def _index(ev, op):
    if not ev.grids:
        raise EvaluationError("linalg.index outside of a linalg body")
    return Var(ev.grids[-1][int(op.attrs["dim"])])


# Named operations whose maps are their definition: the indices of each operand,
# where `a*b` in a convolution's input is the place of window element b at a.
_NAMED = {
    "dot": ("k", "k", ""),
    "matvec": ("mk", "k", "m"),
    "vecmat": ("k", "kn", "n"),
    "batch_matvec": ("bmk", "bk", "bm"),
    "batch_vecmat": ("bk", "bkn", "bn"),
    "conv_1d": (["x*w"], "w", "x"),
    "conv_2d": (["x*w", "y*v"], "wv", "xy"),
    "conv_1d_nwc_wcf": (["n", "x*w", "c"], "wcf", "nxf"),
    "conv_1d_ncw_fcw": (["n", "c", "x*w"], "fcw", "nfx"),
    "conv_2d_nhwc_hwcf": (["n", "x*w", "y*v", "c"], "wvcf", "nxyf"),
    "conv_2d_nhwc_fhwc": (["n", "x*w", "y*v", "c"], "fwvc", "nxyf"),
    "conv_2d_nchw_fchw": (["n", "c", "x*w", "y*v"], "fcwv", "nfxy"),
    "depthwise_conv_1d_nwc_wc": (["n", "x*w", "c"], "wc", "nxc"),
    "depthwise_conv_2d_nhwc_hwc": (["n", "x*w", "y*v", "c"], "wvc", "nxyc"),
    "depthwise_conv_2d_nchw_chw": (["n", "c", "x*w", "y*v"], "cwv", "ncxy"),
    "pooling_nhwc_sum": (["n", "x*w", "y*v", "c"], "wv", "nxyc"),
    "pooling_nhwc_max": (["n", "x*w", "y*v", "c"], "wv", "nxyc"),
    "pooling_nhwc_min": (["n", "x*w", "y*v", "c"], "wv", "nxyc"),
    "pooling_nchw_sum": (["n", "c", "x*w", "y*v"], "wv", "ncxy"),
    "pooling_nchw_max": (["n", "c", "x*w", "y*v"], "wv", "ncxy"),
    "pooling_nwc_sum": (["n", "x*w", "c"], "w", "nxc"),
    "pooling_nwc_max": (["n", "x*w", "c"], "w", "nxc"),
}


def _named_maps(terms, strides, dilations):
    names = sorted({c for term in terms for part in term for c in part if c != "*"})
    dims = {name: ("d", i) for i, name in enumerate(names)}
    maps = []
    for term in terms:
        results, window = [], 0
        for part in term:
            if "*" in part:
                place = ("*", dims[part[0]], ("const", int(strides[window])))
                inside = ("*", dims[part[2]], ("const", int(dilations[window])))
                results.append(("+", place, inside))
                window += 1
            else:
                results.append(dims[part])
        maps.append(AffineMap(len(names), 0, tuple(results)))
    return maps


@handles(*[f"linalg.{name}" for name in _NAMED])
def _named(ev, op, *operands):
    def steps(name):
        given = op.attrs.get(name)
        return np.ones(3, int) if given is None else given.values

    maps = _named_maps(_NAMED[op.name[7:]], steps("strides"), steps("dilations"))
    ins, outs = _split(op, operands)
    return structured(ev, op.regions[0], maps, ins, outs)
