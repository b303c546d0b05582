#===- routed_ops.py - Semantics of the routed level -----------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# What plan, grouped, combine and the other operations of derived programs mean
# (dialect/ModularRoutedOps.td, ModularTrainingOps.td). Grouped order is followed
# literally, so that what depends on it shows.
#
#===----------------------------------------------------------------------===#
import numpy as np

import modular_ops
import philox
import tape
from evaluator import handles, number
from modular_ops import enum
from tape import Var


class Plan:
    """A selection [rows, K] sorted by member: `source` is the operand row behind
    each position, `start` the first position of each member, `position` that of
    each (row, pick), -1 where it has none."""

    def __init__(self, picks, members, operand_rows, once):
        rows, count = picks.shape
        self.size = rows * count
        self.position = np.full((rows, count), -1)
        keys = {}
        for (r, k), m in np.ndenumerate(picks):
            if once and (picks[r, :k] == m).any():
                continue
            # (member, operand row, what tells two positions of these apart).
            keys[r, k] = (m, r, k) if operand_rows is None else (m, operand_rows[r], 0)
        order = sorted(set(keys.values()))
        places = {key: place for place, key in enumerate(order)}
        for at, key in keys.items():
            self.position[at] = places[key]
        self.source = np.array([source for _, source, _ in order], int)
        owners = np.array([m for m, _, _ in order], int)
        self.start = np.searchsorted(owners, np.arange(members + 1))


def dims_of(type):
    """(K, M) of !modular.selection<K of M> or !modular.plan<K of M>."""
    count, members = type.body.split(" of ")
    return int(count), int(members)


@handles("modular.mode")
def _mode(ev, op, scores):
    return Var(modular_ops.mode(scores.data))


def looked_up(scores, rest):
    """Scores of each row, which may be those of other rows, and the operand after
    their numbers."""
    return (scores, *rest) if len(rest) == 1 else (tape.index(scores, rest[0].data), rest[1])


@handles("modular.sample")
def _sample(ev, op, scores, *rest):
    scores, uniforms = looked_up(scores, rest)
    p = np.exp(tape.log_softmax(scores).data)
    return Var(draw(p, uniforms.data))


def draw(probabilities, uniforms):
    """The first member whose cumulative probability exceeds u; the last one that
    has any if none does."""
    above = probabilities.cumsum(-1) > uniforms[..., None]
    last = probabilities.shape[-1] - 1 - (probabilities[..., ::-1] > 0).argmax(-1)
    return np.where(above.any(-1), above.argmax(-1), last)


@handles("modular.keep_stored")
def _keep_stored(ev, op, selection, stored):
    out = selection.data.copy()
    out[: len(stored.data)] = stored.data
    return Var(out)


@handles("modular.log_probability")
def _log_probability(ev, op, scores, *rest):
    scores, selection = looked_up(scores, rest)
    return modular_ops.log_probability(scores, selection.data)


@handles("modular.gates")
def _gates(ev, op, scores, *rest):
    scores, selection = looked_up(scores, rest)
    return modular_ops.soft_gates(scores, selection.data)


@handles("modular.usage")
def _usage(ev, op, selection):
    members = op.results[0].type.shape[0]
    return Var(np.bincount(selection.data.ravel(), minlength=members))


@handles("modular.plan")
def _plan(ev, op, selection, rows=None, count=None):
    once = enum(op.attrs.get("duplicates", "each")) == "once"
    _, members = dims_of(op.results[0].type)
    return Plan(selection.data, members, None if rows is None else rows.data, once)


@handles("modular.grouped")
def _grouped(ev, op, plan, *operands):
    sizes = [int(n) for n in op.attrs["operandSegmentSizes"][1:]]
    ends = np.cumsum(sizes)
    gathered, along, points, shared, stacks = (
        operands[end - size : end] for size, end in zip(sizes, ends)
    )
    n_gradients = [int(n) for n in op.attrs["gradient_counts"]]
    n_points = int(op.attrs.get("num_point_results", 0))
    per_point = int(op.attrs.get("rows_per_point", 1))
    n_rows = len(op.results) - n_points - sum(n_gradients)
    rows, gradients, at = [None] * n_rows, [], 0
    by_point = [[None] * (len(plan.position) // per_point) for _ in range(n_points)]
    owner = []  # (member, its class, its place there)
    for c, members in enumerate(op.attrs["classes"]):
        count = int(op.attrs["parameter_counts"][c])
        own = stacks[at : at + count]
        at += count
        sums = [[None] * len(members) for _ in range(n_gradients[c])]
        for i, m in enumerate(members):
            owner.append((int(m), c, i, own, sums))
        gradients.append(sums)
    for m, c, i, own, sums in sorted(owner, key=lambda o: o[0]):
        low, high = plan.start[m], plan.start[m + 1]
        if low == high:
            continue
        # One run for all rows of the member, or one for each of their points.
        starts = [low, high]
        if points or n_points:
            owner_of = plan.source[low:high] // per_point
            changes = np.flatnonzero(np.diff(owner_of)) + 1
            starts = [low, *(low + changes), high]
        for first, last in zip(starts, starts[1:]):
            source = plan.source[first:last]
            point = source[0] // per_point
            args = [tape.index(x, source) for x in gathered]
            args += [tape.index(x, slice(first, last)) for x in along]
            args += [tape.index(x, point) for x in points]
            args += list(shared) + [tape.index(stack, i) for stack in own]
            results = ev.run(op.regions[c], args)
            for r in range(n_rows):
                if rows[r] is None:
                    rows[r] = Var(np.full((plan.size,) + results[r].shape[1:], np.nan))
                rows[r] = tape.insert(rows[r], slice(first, last), results[r])

            def add(place, value):
                return value if place is None else tape.add(place, value)

            for g, value in enumerate(results[n_rows : n_rows + n_points]):
                by_point[g][point] = add(by_point[g][point], value)
            for g, value in enumerate(results[n_rows + n_points :]):
                sums[g][i] = add(sums[g][i], value)
    outputs = []
    for r in range(n_rows):
        empty = (plan.size,) + op.results[r].type.shape[1:]
        outputs.append(Var(np.full(empty, np.nan)) if rows[r] is None else rows[r])
    for parts in by_point + [parts for sums in gradients for parts in sums]:
        shape = op.results[len(outputs)].type.shape[1:]
        zero = Var(np.zeros(shape))
        parts = [zero if p is None else p for p in parts]
        parts = [tape.reshape(p, (1,) + tuple(shape)) for p in parts]
        none = Var(np.zeros((0,) + tuple(shape)))
        outputs.append(tape.concat(parts, 0) if parts else none)
    return outputs


def _picked(plan, values, k):
    """values[position(r, k)], 0 for picks without a position."""
    at = plan.position[:, k]
    rest = (1,) * (values.ndim - 1)
    if values.shape[0] == 0:
        return Var(np.zeros((len(at),) + values.shape[1:]))
    rows = tape.index(values, np.maximum(at, 0))
    return tape.where((at >= 0).reshape((-1,) + rest), rows, 0.0)


@handles("modular.combine")
def _combine(ev, op, plan, values, gates=None):
    how, count = enum(op.attrs["compose"]), plan.position.shape[1]
    parts = [_picked(plan, values, k) for k in range(count)]
    if how == "concat":
        return tape.concat(parts, values.ndim - 1)
    rest = (1,) * (values.ndim - 1)
    total = None
    for k, part in enumerate(parts):
        if gates is not None:
            gate = tape.reshape(tape.index(gates, (slice(None), k)), (-1,) + rest) if part.shape[0] else 1.0
            part = tape.mul(gate, part)
        total = part if total is None else tape.add(total, part)
    return tape.mul(total, 1.0 / count) if how == "mean" else total


@handles("modular.dispatch")
def _dispatch(ev, op, plan, values, gates=None):
    how, (rows, count) = enum(op.attrs["compose"]), plan.position.shape
    shape = values.shape[1:]
    width = shape[-1] // count if how == "concat" else shape[-1]
    out = np.full((plan.size,) + shape[:-1] + (width,), np.nan)
    for r in range(rows):
        for k in range(count):
            if plan.position[r, k] < 0:
                continue
            y = values.data[r]
            if how == "concat":
                y = y[..., k * width : (k + 1) * width]
            if gates is not None:
                y = gates.data[r, k] * y
            out[plan.position[r, k]] = y / count if how == "mean" else y
    return Var(out)


@handles("modular.gate_cotangent")
def _gate_cotangent(ev, op, plan, values, cotangent):
    out = np.zeros(plan.position.shape)
    for (r, k), at in np.ndenumerate(plan.position):
        if at >= 0:
            out[r, k] = (values.data[at] * cotangent.data[r]).sum()
    return Var(out)


@handles("modular.tile_rows")
def _tile_rows(ev, op, x, times):
    return tape.concat([x] * number(times), 0)


@handles("modular.take_rows")
def _take_rows(ev, op, x, rows):
    return tape.index(x, rows.data)


@handles("modular.distinct_rows")
def _distinct_rows(ev, op, keys, parent, count):
    numbers, first = {}, []
    index = np.zeros(len(keys.data), int)
    for r, row in enumerate(keys.data):
        key = (int(parent.data[r]), *map(int, row))
        if key not in numbers:
            numbers[key] = len(first)
            first.append(r)
        index[r] = numbers[key]
    return [Var(index), Var(np.array(first, int))]


@handles("modular.uniform")
def _uniform(ev, op, seed, step, points, candidates, slot):
    rows = int(op.attrs.get("rows_per_point", 1))
    count, element = op.results[0].type.shape[1], str(op.results[0].type.element)
    s, n, r, k = np.ogrid[: number(candidates), : len(points.data), :rows, :count]
    counter = (
        points.data[n],
        number(step),
        number(slot) + r * count + k,
        (int(op.attrs["purpose"]) << 24) + s,
    )
    u = philox.uniform(counter, number(seed), element)
    return Var(u.reshape(-1, count) if u.size else np.zeros((0, count)))


@handles("modular.initialize")
def _initialize(ev, op, seed):
    type = op.results[0].type
    names = op.attrs["names"]
    shape = type.shape[1:] if len(names) > 1 or "stacked" in op.attrs else type.shape
    parts = [
        philox.initial(n, shape, str(op.attrs["init"]), number(seed), str(type.element))
        for n in names
    ]
    return Var(np.stack(parts).reshape(type.shape))


@handles("modular.keep_best")
def _keep_best(ev, op, objective, choices, candidates):
    s = number(candidates)
    j = objective.data.reshape(s, len(objective.data) // s)
    ranked = np.where(np.isnan(j), -np.inf, j)
    best, points = ranked.argmax(0), np.arange(j.shape[1])
    kept = choices.data.reshape((s, j.shape[1]) + choices.shape[1:])[best, points]
    return [Var(kept), Var(j[0]), Var(j[best, points])]


@handles("modular.pullback")
def _pullback(ev, op, *operands):
    a, b, _ = op.attrs["operandSegmentSizes"]
    return tape.pull_back(operands[:a], operands[a : a + b], operands[a + b :])


@handles("modular.defined_where")
def _defined_where(ev, op, value, flags):
    on = (flags.data != 0).reshape((-1,) + (1,) * (value.data.ndim - 1))
    return [Var(np.where(on, value.data, np.nan))]


@handles("modular.gradient_norm")
def _gradient_norm(ev, op, *operands):
    *tensors, clip = [o.data for o in operands]
    half, total = len(tensors) // 2, 0.0
    for g, active, stacked in zip(tensors[:half], tensors[half:], op.attrs["stacked"]):
        g = np.asarray(g, np.float64)
        on = (active != 0).reshape((-1,) + (1,) * (g.ndim - 1)) if stacked else active[0] != 0
        total += np.where(on, g * g, 0).sum()
    norm = np.sqrt(total)
    return [Var(norm), Var(clip / norm if clip > 0 and norm > clip else 1.0)]


@handles("modular.update")
def _update(ev, op, *operands):
    states = operands[2:-5]
    parameter, gradient = operands[0].data, operands[1].data
    active, steps, lr, decay, scale = [o.data for o in operands[-5:]]
    rest = (1,) * (parameter.ndim - 1)
    shape = (-1,) + rest if "stacked" in op.attrs else (1,) * max(parameter.ndim, 1)
    on = (active != 0).reshape(shape)
    step = steps.astype(np.float64).reshape(shape)
    before = parameter * (1 - lr * decay)
    args = [before, gradient * scale, lr, step] + [s.data for s in states]
    # Members that have not stepped yet are computed too, and then left out.
    with np.errstate(divide="ignore", invalid="ignore"):
        results = ev.run(op.regions[0], [Var(a) for a in args])
    old = [parameter] + [s.data for s in states]
    return [Var(np.where(on, r.data, o)) for r, o in zip(results, old)]


@handles("bufferization.materialize_in_destination")
def _materialize(ev, op, value, destination):
    if value.shape != destination.shape:
        raise ValueError(f"{value.shape} is written to {destination.shape}")
    return value
