#===- network.py - A network as a mathematical function -------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# A `modular.network` in generic form, evaluated in f64 by NumPy: outputs, choices,
# log p(y|x,a), log p(a|x) and the gradients of an M-step.
#
#===----------------------------------------------------------------------===#
import re

import numpy as np

import mlir_generic
import modular_ops
import tape
import upstream_linalg  # noqa: F401  (registers its operations)
import upstream_scalar  # noqa: F401
import upstream_tensor  # noqa: F401
from bounded import Bounded
from evaluator import EvaluationError
from modular_ops import NetworkEvaluator, enum, member
from tape import Var


class Result:
    """One evaluation for N points. `choices` holds, for each layer in order, an
    array [N, rows, K]; `probabilities` likewise [N, rows, K, M]; `log_prior` and
    `log_likelihood` (None without wanted values) are variables [N]."""

    def __init__(self):
        self.outputs = self.choices = self.probabilities = None
        self.scores = self.log_prior = self.log_likelihood = None
        self.touched = set()

    def selection(self):
        """The choices as in docs/artefact.md, [N, slots]."""
        n = self.outputs[0].shape[0]
        parts = [c.reshape(n, int(np.prod(c.shape[1:]))) for c in self.choices]
        return np.concatenate(parts + [np.zeros((n, 0))], 1).astype(np.int32)

    def all_probabilities(self):
        """The controllers' outputs as in docs/artefact.md, [N, probabilities]."""
        n = self.outputs[0].shape[0]
        parts = [p.reshape(n, int(np.prod(p.shape[1:]))) for p in self.probabilities]
        return np.concatenate(parts + [np.zeros((n, 0))], 1)


class Network:
    def __init__(self, op):
        self.op = op
        body = op.regions[0].ops
        self.symbols = {o.attrs["sym_name"]: o for o in body if "sym_name" in o.attrs}
        self.graph = next(o for o in body if o.name == "modular.graph")
        self.objective = next((o for o in body if o.name == "modular.objective"), None)
        self.optimizer = next((o for o in body if o.name == "modular.optimizer"), None)
        self.layers = [o for o in self.graph.walk() if o.name == "modular.layer"]

    @staticmethod
    def parse(text, name=None):
        """The network of this name, or the only one, of a file in generic form."""
        module = mlir_generic.parse(text)
        found = [o for o in module.walk() if o.name == "modular.network"]
        found = [o for o in found if name in (None, o.attrs["sym_name"])]
        if len(found) != 1:
            raise EvaluationError(f"{len(found)} networks to choose from")
        return Network(found[0])

    def layer_name(self, op):
        return op.attrs.get("layer_name") or f"layer{self.layers.index(op)}"

    def layer_shape(self, op):
        """(K, M) of a layer."""
        controller = self.symbols[op.attrs["controller"].path[0]]
        return controller.attrs["function_type"].results[0].shape[1:]

    def instances(self):
        """(name, body) of every instance, each once: pools in order, controllers,
        then what the graph and the objective apply and hold themselves."""
        found = {}

        def visit(name, body):
            if name in found:
                return
            found[name] = body
            inside = "" if name in ("graph", "objective") else name + "."
            for op in body.walk():
                if op.name == "modular.apply":
                    module = self.symbols[op.attrs["module"].path[0]]
                    visit(inside + op.attrs["instance"], module)

        for op in self.symbols.values():
            if op.name == "modular.pool":
                for attribute in op.attrs["members"]:
                    name, module = member(attribute)
                    visit(name, self.symbols[module])
        for name, op in self.symbols.items():
            if op.name == "modular.controller":
                visit(name, op)
        visit("graph", self.graph)
        if self.objective is not None:
            visit("objective", self.objective)
        return found

    def parameters(self):
        """{name: the op modular.parameter} of every parameter of the network."""
        found = {}
        for name, body in self.instances().items():
            for op in body.walk():
                if op.name == "modular.parameter":
                    found[f"{name}.{op.attrs['name']}"] = op
        return found

    def initial(self, rng):
        """Parameters drawn from their initialisers' distributions, by name. Not
        modc's own draws: those come from Philox."""
        return {
            name: initial(rng, op.attrs["init"], op.results[0].type.shape)
            for name, op in self.parameters().items()
        }

    def run(self, parameters, inputs, wanted=None, choices=None, draw=None):
        """Evaluates N points. `choices`, an array [N, slots], forces what layers
        pick; else they take the mode of their controllers, or what
        draw(probabilities [N * rows, K, M], first slot, rows) gives. Fixed layers
        always take the mode. Parameters and inputs may be
        variables that gradients are wanted of."""
        inputs = [tape.as_var(_as_f64(x)) for x in inputs]
        points = inputs[0].shape[0]
        parameters = {k: tape.as_var(_as_f64(v)) for k, v in parameters.items()}
        offsets, slots = self._slots(inputs)

        def choose(name, step, scores):
            op = next(o for o in self.layers if self.layer_name(o) == name)
            rows, (count, _) = int(op.attrs.get("rows_per_point", 1)), scores.shape[1:]
            if choices is not None:
                at = offsets[name] + step * rows * count
                part = np.asarray(choices)[:, at : at + rows * count]
                return part.reshape(points * rows, count)
            if draw is not None:
                first = offsets[name] + step * rows * count
                return draw(np.exp(tape.log_softmax(scores).data), first, rows)
            return modular_ops.mode(scores)

        ev = NetworkEvaluator(self, parameters, choose)
        result = Result()
        result.outputs = ev.instance("graph", self.graph.regions[0], inputs)
        self._gather(result, ev, points)
        if wanted is not None:
            result.log_likelihood = self._likelihood(ev, result.outputs, wanted)
        return result

    def _slots(self, inputs):
        """The first slot of each layer, by name, and the number of slots."""
        offsets, at = {}, 0
        for op in self.layers:
            offsets[self.layer_name(op)] = at
            rows = int(op.attrs.get("rows_per_point", 1))
            at += rows * self.steps(op) * self.layer_shape(op)[0]
        return offsets, at

    def steps(self, layer):
        """How often a layer runs: the lengths of the scans around it."""
        steps = 1
        for op in self.graph.walk():
            if op.name == "modular.scan" and any(o is layer for o in op.walk()):
                sequence = op.segments()[1][0]
                steps *= sequence.type.shape[1]
        return steps

    def _gather(self, result, ev, points):
        """Choices of all steps of each layer, in the order of layers."""
        result.choices, result.probabilities, result.scores = [], [], []
        total = Var(np.zeros(points))
        for op in self.layers:
            name = self.layer_name(op)
            parts = sorted((c for c in ev.choices if c.name == name), key=lambda c: c.step)
            count, members = self.layer_shape(op)
            rows = int(op.attrs.get("rows_per_point", 1))

            def join(arrays, tail):
                shape = (points, rows) + tail
                return np.concatenate([a.reshape(shape) for a in arrays], 1)

            result.choices.append(join([c.picks for c in parts], (count,)))
            result.scores.append(join([c.scores.data for c in parts], (count, members)))
            # A fixed distribution is a point mass on its mode.
            result.probabilities.append(
                join(
                    [
                        np.exp(tape.log_softmax(c.scores).data)
                        if c.random
                        else np.eye(members)[modular_ops.mode(c.scores.data)]
                        for c in parts
                    ],
                    (count, members),
                )
            )
            for c in parts:
                by_point = tape.reshape(c.log_prob, (points, rows))
                total = tape.add(total, tape.reduce_sum(by_point, (1,)))
        result.log_prior = total
        result.touched = ev.touched

    def _likelihood(self, ev, outputs, wanted):
        if self.objective is None:
            raise EvaluationError("the network has no objective")
        kind = enum(self.objective.attrs["kind"])
        if kind == "custom":
            wanted = [tape.as_var(_as_f64(w)) for w in wanted]
            args = list(outputs) + wanted
            (value,) = ev.instance("objective", self.objective.regions[0], args)
            return value
        y, scale = outputs[0], float(self.objective.attrs.get("scale", 1.0))
        t = np.asarray(wanted[0])
        if kind == "gaussian":
            error = tape.sub(t.astype(np.float64), y)
            return tape.mul(tape.reduce_sum(tape.mul(error, error), (1,)), -0.5 / scale**2)
        if kind == "laplace":
            error = tape.absolute(tape.sub(t.astype(np.float64), y))
            return tape.mul(tape.reduce_sum(error, (1,)), -1.0 / scale)
        if kind == "categorical":
            return modular_ops.pick(tape.log_softmax(y), t.astype(np.int64))
        if kind == "bernoulli":
            # log s(y) = -softplus(-y), log(1 - s(y)) = -softplus(y).
            t = t.astype(np.float64)
            one = tape.mul(t, modular_ops.softplus(tape.neg(y)))
            zero = tape.mul(1 - t, modular_ops.softplus(y))
            return tape.neg(tape.reduce_sum(tape.add(one, zero), (1,)))
        raise EvaluationError(f"unknown objective '{kind}'")

    def m_step(self, parameters, inputs, wanted, choices):
        """(result, gradients by name) of -mean log p(y|x,a) - mean log p(a|x).
        Parameters that are not trained have none."""
        trained = {
            name: tape.leaf(parameters[name])
            for name, op in self.parameters().items()
            if not modular_ops.is_untrained(op)
        }
        result = self.run({**parameters, **trained}, inputs, wanted, choices)
        points = max(result.outputs[0].shape[0], 1)
        total = tape.add(result.log_likelihood, result.log_prior)
        loss = tape.mul(tape.reduce_sum(total, (0,)), -1.0 / points)
        tape.backward(loss)
        return result, {name: var.grad for name, var in trained.items()}


def _as_f64(x):
    if isinstance(x, (Var, Bounded)):
        return x
    x = np.asarray(x)
    return x.astype(np.float64) if x.dtype.kind == "f" else x


def fans(shape):
    if len(shape) == 0:
        return 1, 1
    if len(shape) == 1:
        return shape[0], shape[0]
    leading = int(np.prod(shape[:-2]))
    return shape[-2] * leading, shape[-1] * leading


def parse_init(text, shape):
    """(kind, values, fan in, fan out) of an initialiser's text."""
    kind, tail = re.search(r"(\w+)\s*(?:\(([^)]*)\))?\s*>?$", text.split("<")[-1]).groups()
    return (kind, [float(v) for v in (tail or "").split(",") if v.strip()], *fans(shape))


def initial(rng, attribute, shape):
    """An array from the distribution of #modular.init<...>."""
    kind, values, fan_in, fan_out = parse_init(str(attribute), shape)
    if kind == "zeros":
        return np.zeros(shape)
    if kind == "constant":
        return np.full(shape, values[0])
    if kind == "uniform":
        return rng.uniform(values[0], values[1], shape)
    if kind == "normal":
        return rng.normal(values[0], values[1], shape)
    variance = 2.0 / (fan_in + fan_out if kind.startswith("glorot") else fan_in)
    if kind.endswith("normal"):
        return rng.normal(0.0, np.sqrt(variance), shape)
    limit = np.sqrt(3.0 * variance)
    return rng.uniform(-limit, limit, shape)
