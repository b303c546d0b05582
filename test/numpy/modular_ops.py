#===- modular_ops.py - Semantics of the modular dialect -------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# What the operations of the network level mean (dialect/*.td), written from their
# descriptions. A layer runs every member on every row and masks: the definition
# that dispatch, in whatever order, must agree with.
#
#===----------------------------------------------------------------------===#
import re

import numpy as np

import tape
from bounded import plain
from evaluator import EvaluationError, Evaluator, handles
from tape import Var


def enum(attribute):
    """`sum` of #modular<compose sum> or #modular.compose<sum>."""
    return re.split(r"[ .<]", str(attribute).rstrip(">"))[-1]


def member(attribute):
    """(name, module) of #modular.member<"experts.0", @affine>."""
    found = re.fullmatch(r'\s*"((?:[^"\\]|\\.)*)"\s*,\s*@(.+?)\s*', attribute.body)
    return found[1], found[2].strip('"')


class Choice:
    """What one execution of a layer did, at a step of the scan around it: its scores
    [rows, K, M], its picks [rows, K] and their log-probability [rows]."""

    def __init__(self, name, step, scores, picks, log_prob, random):
        self.name, self.step, self.scores, self.picks = name, step, scores, picks
        self.log_prob, self.random = log_prob, random


class NetworkEvaluator(Evaluator):
    """Evaluates bodies of a network. `parameters` holds variables by name,
    `choose(name, step, scores)` says what a layer picks."""

    def __init__(self, network, parameters, choose):
        super().__init__()
        self.network = network
        self.parameters = parameters
        self.choose = choose
        self.instances = []
        self.choices = []
        # The step of the scan around what runs.
        self.at = 0
        self.touched = set()

    def instance(self, name, region, args):
        """Runs a body as the named instance: its parameters are its own."""
        self.instances.append(name)
        # Values are named by objects: a body that runs twice writes twice.
        saved = dict(self.values)
        try:
            return self.run(region, list(args))
        finally:
            self.values = saved
            self.instances.pop()


@handles("modular.parameter")
def _parameter(ev, op):
    name = f"{ev.instances[-1]}.{op.attrs['name']}"
    if name not in ev.parameters:
        raise EvaluationError(f"no parameter '{name}'")
    value = ev.parameters[name]
    if value.shape != op.results[0].type.shape:
        raise EvaluationError(
            f"'{name}' is {value.shape}, not {op.results[0].type.shape}"
        )
    return Var(value.data) if is_untrained(op) else value


def is_untrained(op):
    return "frozen" in op.attrs or "state" in op.attrs


@handles("modular.linear")
def _linear(ev, op, x, w, b=None):
    y = tape.einsum("nd,dh->nh", flat(x), w)
    if b is not None:
        y = tape.add(y, b)
    return tape.reshape(y, x.shape[:-1] + (w.shape[1],))


def flat(x):
    """All leading dimensions as one."""
    return tape.reshape(x, (int(np.prod(x.shape[:-1])), x.shape[-1]))


@handles("modular.relu")
def _relu(ev, op, x):
    # The derivative at 0 is 0, and what is not a number becomes 0.
    return tape.where(x.data > 0, x, np.zeros_like(x.data))


@handles("modular.gelu")
def _gelu(ev, op, x):
    phi = tape.mul(0.5, tape.add(1.0, tape.erf(tape.mul(x, np.sqrt(0.5)))))
    return tape.mul(x, phi)


@handles("modular.sigmoid")
def _sigmoid(ev, op, x):
    return tape.sigmoid(x)


@handles("modular.softplus")
def _softplus(ev, op, x):
    return softplus(x)


def softplus(x):
    # log(1 + e^x) = max(x, 0) + log(1 + e^-|x|), whose derivative is the sigmoid.
    x = tape.as_var(x)
    value = np.logaddexp(0.0, x.data)
    return Var(value, [(x, lambda g: g * tape.sigmoid(x).data)])


@handles("modular.softmax")
def _softmax(ev, op, x):
    return tape.exp(tape.log_softmax(x))


@handles("modular.log_softmax")
def _log_softmax(ev, op, x):
    return tape.log_softmax(x)


@handles("modular.reshape")
def _reshape(ev, op, x):
    return tape.reshape(x, x.shape[:1] + op.results[0].type.shape[1:])


@handles("modular.pick")
def _pick(ev, op, x, index):
    return pick(x, index.data)


def pick(x, index):
    """x[..., index[...]], 0 where the index is out of range."""
    inside = (index >= 0) & (index < x.shape[-1])
    value = tape.take_along_last(x, np.where(inside, index, 0))
    return tape.where(inside, value, 0.0)


@handles("modular.to_selection", "modular.from_selection")
def _selection(ev, op, a):
    return a


@handles("modular.apply")
def _apply(ev, op, *operands):
    name = op.attrs["instance"]
    # In the graph an instance has its own name, in a module the outer one's too.
    if ev.instances[-1] not in ("graph", "objective"):
        name = f"{ev.instances[-1]}.{name}"
    module = ev.network.symbols[op.attrs["module"].path[0]]
    return ev.instance(name, module.regions[0], operands)


@handles("modular.scan")
def _scan(ev, op, *operands):
    inits, sequences = op.segments()
    carried = list(operands[: len(inits)])
    over = operands[len(inits) :]
    length = over[0].shape[1]
    steps = range(length)
    stacked = [[None] * length for _ in op.results[len(inits) :]]
    for t in reversed(steps) if "reverse" in op.attrs else steps:
        elements = [tape.index(s, (slice(None), t)) for s in over]
        ev.at = t
        results = ev.run(op.regions[0], [Var(t)] + carried + elements)
        carried = results[: len(inits)]
        for parts, value in zip(stacked, results[len(inits) :]):
            parts[t] = tape.reshape(value, value.shape[:1] + (1,) + value.shape[1:])
    if length == 0:
        raise EvaluationError("a scan of no steps")
    ev.at = 0
    return carried + [tape.concat(parts, 1) for parts in stacked]


def log_probability(scores, picks):
    """log p(a|x) of each row: the sum over picks of log softmax at the pick."""
    return tape.reduce_sum(pick(tape.log_softmax(scores), picks), (1,))


def soft_gates(scores, picks):
    return tape.exp(tape.log_softmax(pick(tape.log_softmax(scores), picks)))


def mode(scores):
    """The first of the largest; what is not a number is never the largest."""
    scores = plain(scores)
    return np.where(np.isnan(scores), -np.inf, scores).argmax(-1)


@handles("modular.layer")
def _layer(ev, op, *operands):
    attrs, counts = op.attrs, op.attrs["operandSegmentSizes"]
    args = operands[: counts[0] + counts[1]]
    controller = ev.network.symbols[attrs["controller"].path[0]]
    (scores,) = ev.instance(
        attrs["controller"].path[0], controller.regions[0], operands[counts[0] + counts[1] :]
    )
    distribution = enum(controller.attrs.get("distribution", "softmax"))
    if distribution not in ("softmax", "fixed"):
        raise EvaluationError(f"unknown distribution '{distribution}'")
    random = distribution == "softmax"
    name = ev.network.layer_name(op)
    # A fixed distribution picks its mode, whatever was chosen elsewhere.
    picks = np.asarray(ev.choose(name, ev.at, scores.data)) if random else mode(scores.data)
    if picks.shape != scores.shape[:2]:
        raise EvaluationError(f"{picks.shape} choices for scores {scores.shape}")
    if random:
        log_prob = log_probability(scores, picks)
    else:
        # Scores of a fixed distribution have a gradient through soft gates only.
        log_prob = Var(np.zeros(len(picks)))
    ev.choices.append(Choice(name, ev.at, scores, picks, log_prob, random))

    members = [member(m) for m in ev.network.symbols[attrs["pool"].path[0]].attrs["members"]]
    everything = []
    for number, (instance, module) in enumerate(members):
        if (picks == number).any():
            ev.touched.add(instance)
        body = ev.network.symbols[module].regions[0]
        rows = int(attrs.get("rows_per_point", 1))
        everything.append(_run_member(ev, instance, body, args, counts[0], rows))
    weights = _weights(op, scores, picks)
    row_results = len(everything[0])
    results = []
    for i in range(row_results):
        by_member = [outputs[i] for outputs in everything]
        results.append(_compose(enum(attrs["compose"]), by_member, picks, weights))
    if len(op.results) > row_results:
        results.append(Var(picks))
    return results


def _run_member(ev, instance, body, args, n_rows, rows):
    """A member on all rows. Where a shared operand has a slice for each point, on
    the `rows` rows of one point after another."""
    inputs = body.blocks[0].args[n_rows:]
    by_point = [a.ndim > len(i.type.shape) for a, i in zip(args[n_rows:], inputs)]
    if not any(by_point) or args[0].shape[0] == 0:
        shapes = [a.shape[1:] if p else None for a, p in zip(args[n_rows:], by_point)]
        blank = [
            a if s is None else Var(np.zeros(s)) for a, s in zip(args[n_rows:], shapes)
        ]
        return ev.instance(instance, body, [*args[:n_rows], *blank])
    parts = []
    for n in range(args[0].shape[0] // rows):
        own = slice(n * rows, (n + 1) * rows)
        given = [tape.index(a, own) for a in args[:n_rows]]
        given += [tape.index(a, n) if p else a for a, p in zip(args[n_rows:], by_point)]
        parts.append(ev.instance(instance, body, given))
    return [tape.concat(list(results), 0) for results in zip(*parts)]


def _weights(op, scores, picks):
    """What each pick counts, [rows, K]."""
    gate = enum(op.attrs.get("gate", "hard"))
    if gate == "soft":
        weights = soft_gates(scores, picks)
    elif gate == "fixed":
        weights = Var(np.broadcast_to(np.array(op.attrs["gates"]), picks.shape))
    else:
        weights = Var(np.ones(picks.shape))
    if enum(op.attrs.get("duplicates", "each")) == "once":
        first = np.ones(picks.shape, bool)
        for k in range(1, picks.shape[1]):
            first[:, k] = (picks[:, k : k + 1] != picks[:, :k]).all(1)
        weights = tape.where(first, weights, 0.0)
    return weights


def _compose(how, by_member, picks, weights):
    rows, count = picks.shape
    rest = (1,) * (by_member[0].ndim - 1)
    parts = []
    for k in range(count):
        part = Var(np.zeros(by_member[0].shape))
        for number, value in enumerate(by_member):
            chosen = (picks[:, k] == number).reshape((rows,) + rest)
            part = tape.where(chosen, value, part)
        if how != "concat":
            weight = tape.index(weights, (slice(None), k))
            part = tape.mul(tape.reshape(weight, (rows,) + rest), part)
        parts.append(part)
    if how == "concat":
        return tape.concat(parts, by_member[0].ndim - 1)
    total = parts[0]
    for part in parts[1:]:
        total = tape.add(total, part)
    return tape.mul(total, 1.0 / count) if how == "mean" else total
