#===- model_checks.py - What every program of a model must do -------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Compares the programs of one model, compiled or derived, with the network that it
# was made from (network.py) and with NumPy's update rules.
#
#===----------------------------------------------------------------------===#
import numpy as np

import philox
from random_networks import CASES, batch
from routed_ops import draw

SAMPLES = 4
SEED, STEP = 12345678901, 17


class Mismatch(Exception):
    pass


def same(what, actual, expected, tolerance):
    actual, expected = np.asarray(actual, np.float64), np.asarray(expected, np.float64)
    if actual.shape != expected.shape:
        raise Mismatch(f"{what}: shape {actual.shape}, expected {expected.shape}")
    if actual.size == 0:
        return
    if not np.isfinite(actual).all():
        raise Mismatch(f"{what}: not finite")
    scale = 1.0 + np.abs(expected).max()
    worst = np.abs(actual - expected).max() / scale
    if worst > tolerance:
        at = np.unravel_index(np.abs(actual - expected).argmax(), actual.shape)
        raise Mismatch(
            f"{what}{list(map(int, at))}: {actual[at]!r}, expected {expected[at]!r}"
        )


class Checks:
    """One model of one network. `exact` says that it computes in f64 whatever the
    network's element is."""

    def __init__(self, model, network, seed, exact=False):
        self.model, self.network, self.seed = model, network, seed
        self.element = model.signature["element"]
        single = self.element == "f32" and not exact
        # Constants of an f32 network are rounded, whoever computes with them.
        self.tolerance = 5e-5 if single else 2e-6 if self.element == "f32" else 1e-8
        self.rounded = np.float32 if self.element == "f32" else np.float64
        rng = np.random.default_rng([seed, 25])
        self.parameters = {
            name: self.round(value + 0.05 * rng.normal(size=value.shape))
            for name, value in network.initial(rng).items()
            if name in model.parameter_views()
        }
        model.set_parameters(self.parameters)
        spec = model.signature
        self.input_names = [i["name"] for i in spec["inputs"]]
        self.wanted_names = [w["name"] for w in spec["wanted"]]
        self.output_names = [o["name"] for o in spec["outputs"]]
        self.groups = [p["group"] for p in spec["parameters"]]

    def round(self, x):
        return x.astype(self.rounded).astype(np.float64) if x.dtype.kind == "f" else x

    def all(self):
        self.init()
        for case, points in CASES:
            inputs, wanted, choices = batch(self.network, self.seed, case, points)
            inputs = [self.round(x) for x in inputs]
            wanted = [self.round(y) for y in wanted]
            buffers = dict(zip(self.input_names, inputs))
            goal = dict(zip(self.wanted_names, wanted))
            try:
                self.forward(buffers, goal, inputs, wanted, choices)
                self.modes(buffers, goal, inputs, wanted)
                self.m_step(buffers, goal, inputs, wanted, choices)
                self.e_step(buffers, goal, inputs, wanted, choices)
            except Mismatch as error:
                raise Mismatch(f"{case}: {error}") from None
        self.update()

    def init(self):
        self.model.run("init", integers=[SEED])
        for p in self.model.signature["parameters"]:
            expected = philox.initial(p["name"], p["shape"], p["init"], SEED, self.element)
            actual = self.model.parameter_views()[p["name"]]
            same(f"init of '{p['name']}'", actual, expected, max(self.tolerance, 1e-7) / 10)
        self.model.set_parameters(self.parameters)

    def forward(self, buffers, goal, inputs, wanted, choices):
        expected = self.network.run(self.parameters, inputs, wanted, choices)
        n = len(choices)
        got = self.model.run("forward", {**buffers, "selection": choices}, n)
        for name, value in zip(self.output_names, expected.outputs):
            same(f"forward '{name}'", got[name], value.data, self.tolerance)
        got = self.model.run("score", {**buffers, **goal, "selection": choices}, n)
        likelihood, prior = expected.log_likelihood.data, expected.log_prior.data
        same("score: log likelihood", got["log_likelihood"], likelihood, self.tolerance)
        same("score: log prior", got["log_prior"], prior, self.tolerance)

    def modes(self, buffers, goal, inputs, wanted):
        expected = self.network.run(self.parameters, inputs, wanted)
        n = inputs[0].shape[0]
        clear = self.clear(expected)
        for program in ("infer", "evaluate"):
            got = self.model.run(program, {**buffers, **goal}, n)
            if (got["selection"][clear] != expected.selection()[clear]).any():
                raise Mismatch(f"{program}: selection differs")
            for name, value in zip(self.output_names, expected.outputs):
                same(f"{program} '{name}'", got[name][clear], value.data[clear], self.tolerance)
        likelihood, prior = expected.log_likelihood.data, expected.log_prior.data
        same("evaluate: log likelihood", got["log_likelihood"][clear], likelihood[clear], self.tolerance)
        same("evaluate: log prior", got["log_prior"][clear], prior[clear], self.tolerance)
        probabilities = expected.all_probabilities()
        same("evaluate: probabilities", got["probabilities"][clear], probabilities[clear], self.tolerance)
        if "correct" in got:
            logits = np.sort(expected.outputs[0].data, -1)
            sure = clear & (logits[:, -1] - logits[:, -2] > 1e-3)
            right = expected.outputs[0].data.argmax(-1) == wanted[0]
            if (got["correct"][sure] != right[sure]).any():
                raise Mismatch("evaluate: correct differs")

    def clear(self, result):
        """Points whose modes do not hang on rounding, in any layer."""
        n = result.outputs[0].shape[0]
        clear = np.ones(n, bool)
        for scores in result.scores:
            if scores.shape[-1] > 1:
                top = np.sort(scores, -1)
                gap = top[..., -1] - top[..., -2]
                clear &= (gap > 100 * self.tolerance).reshape(n, -1 if n else 0).all(1) if n else clear
        return clear

    def m_step(self, buffers, goal, inputs, wanted, choices):
        result, gradients = self.network.m_step(
            self.parameters, inputs, wanted, choices
        )
        for view in self.model.gradient_views().values():
            view[...] = np.nan
        n = len(choices)
        got = self.model.run("m_step", {**buffers, **goal, "selection": choices}, n)
        same("m_step: log likelihood", got["log_likelihood"], result.log_likelihood.data, self.tolerance)
        same("m_step: log prior", got["log_prior"], result.log_prior.data, self.tolerance)
        spec = self.model.signature
        for p in spec["parameters"]:
            if p["trained"]:
                actual = self.model.gradient_views()[p["name"]]
                same(f"gradient of '{p['name']}'", actual, gradients[p["name"]], self.tolerance)
        members = {m for layer in spec["layers"] for m in layer["members"]}
        # A member that no row chose is not touched, a group outside pools always.
        for group, touched in zip(spec["groups"], got["touched"]):
            if group not in members:
                wants = True
            elif n == 0:
                wants = False
            else:
                wants = group in result.touched
            if bool(touched) != wants:
                raise Mismatch(f"m_step: '{group}' touched is {touched}")

    def e_step(self, buffers, goal, inputs, wanted, stored):
        n = len(stored)
        points = (np.arange(n) * 7 + 3) % 1000
        given = {**buffers, **goal, "points": points, "stored": stored}
        got = self.model.run("e_step", given, n, SAMPLES, [SEED, STEP])

        def draw_for(candidate):
            def one(p, first, rows):
                count = p.shape[1]
                i, r, k = np.ogrid[:n, :rows, :count]
                counter = (points[i], STEP, first + r * count + k, (1 << 24) + candidate)
                u = philox.uniform(counter, SEED, self.element).reshape(p.shape[:2])
                edge = np.abs(p.cumsum(-1) - u[..., None]).min(-1, initial=1.0)
                near = (edge < 10 * self.tolerance).reshape(n, rows * count)
                unsure[near.any(1)] = True
                return draw(p, u)

            return one

        unsure = np.zeros(n, bool)
        candidates, objectives = [], []
        for s in range(SAMPLES):
            how = {"choices": stored} if s == 0 else {"draw": draw_for(s)}
            r = self.network.run(self.parameters, inputs, wanted, **how)
            candidates.append(r.selection())
            objectives.append(r.log_likelihood.data + r.log_prior.data)
            if any(layer["fixed"] for layer in self.model.signature["layers"]):
                unsure |= ~self.clear(r)
        j = np.array(objectives).reshape(SAMPLES, n)
        best, rows = j.argmax(0), np.arange(n)
        chosen = np.array(candidates)[best, rows] if n else candidates[0]
        # Ties between different choices are for rounding to decide.
        other = (np.array(candidates) != chosen[None]).any(-1)
        gap = j.max(0) - np.where(other, j, -np.inf).max(0)
        sure = ~unsure & (gap > 100 * self.tolerance * (1 + np.abs(j.max(0))))
        same("e_step: before", got["before"], j[0], 4 * self.tolerance)
        same("e_step: after", got["after"][sure], j.max(0)[sure], 4 * self.tolerance)
        if (got["selection"][sure] != chosen[sure]).any():
            raise Mismatch("e_step: selection differs")
        if (got["after"] < got["before"]).any():
            raise Mismatch("e_step: an objective falls")

    def update(self):
        """Three steps with different groups touched, against NumPy's rules."""
        spec, rng = self.model.signature, np.random.default_rng([self.seed, 26])
        model, reference = self.model, Rule(spec, self.parameters)
        for view in model.state_views().values():
            view[...] = 0
        for clip, decay in ((0.0, 0.0), (0.5, 0.0), (0.0, 0.01)):
            gradients = {
                p["name"]: self.round(rng.normal(size=p["shape"]))
                for p in spec["parameters"]
            }
            for name, view in model.gradient_views().items():
                view[...] = gradients[name]
            touched = rng.integers(0, 2, len(spec["groups"]))
            frozen = rng.random(len(spec["groups"])) < 0.2
            got = model.run(
                "update", {"touched": touched, "frozen": frozen}, 0, 0, [], [0.01, decay, clip]
            )
            norm = reference.step(gradients, touched, frozen, 0.01, decay, clip)
            same("update: gradient norm", got["gradient_norm"], [norm], max(self.tolerance, 1e-6))
            for name, value in reference.values.items():
                same(f"update of '{name}'", model.parameter_views()[name], value, self.tolerance)
            same("update: steps", model.state_views()["steps"], reference.steps, 0)
        model.set_parameters(self.parameters)


class Rule:
    """The shorthands of modular.optimizer with their default settings."""

    def __init__(self, spec, parameters):
        self.spec, self.kind = spec, spec["optimizer"]["name"]
        self.values = {k: v.copy() for k, v in parameters.items()}
        self.m = {k: np.zeros_like(v) for k, v in parameters.items()}
        self.v = {k: np.zeros_like(v) for k, v in parameters.items()}
        self.steps = np.zeros(len(spec["groups"]), np.int64)

    def step(self, gradients, touched, frozen, lr, decay, clip):
        on = ((touched != 0) | self.spec["optimizer"]["dense"]) & ~frozen
        trained = [p for p in self.spec["parameters"] if p["trained"] and on[p["group"]]]
        norm = np.sqrt(sum((gradients[p["name"]] ** 2).sum() for p in trained))
        scale = clip / norm if clip > 0 and norm > clip else 1.0
        self.steps += on
        for p in trained:
            name, t = p["name"], self.steps[p["group"]]
            g = gradients[name] * scale
            x = self.values[name] * (1 - lr * decay)
            if self.kind == "sgd":
                x = x - lr * g
            elif self.kind == "momentum":
                self.m[name] = 0.9 * self.m[name] + g
                x = x - lr * self.m[name]
            elif self.kind == "rmsprop":
                self.v[name] = 0.9 * self.v[name] + 0.1 * g * g
                x = x - lr * g / (np.sqrt(self.v[name]) + 1e-8)
            else:
                self.m[name] = 0.9 * self.m[name] + 0.1 * g
                self.v[name] = 0.999 * self.v[name] + 0.001 * g * g
                m, v = self.m[name] / (1 - 0.9**t), self.v[name] / (1 - 0.999**t)
                x = x - lr * m / (np.sqrt(v) + 1e-8)
            self.values[name] = x
        return norm
