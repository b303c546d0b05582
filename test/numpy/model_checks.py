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
from agreement import Agreement, Mismatch
from bounded import Bounded, lift, plain
from random_networks import CASES, batch
from routed_ops import draw
from update_rules import Rule

SAMPLES = 4
SEED, STEP = 12345678901, 17


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
    network's element is; other models are judged by error bounds, which
    `agreement` collects. What is expected is kept in `known`, for other models of
    the network."""

    def __init__(self, model, network, seed, exact=False, known=None):
        self.model, self.network, self.seed = model, network, seed
        self.known = {} if known is None else known
        self.element = model.signature["element"]
        self.exact = exact
        single = self.element == "f32" and not exact
        # Constants of an f32 network are rounded, whoever computes with them.
        self.tolerance = 5e-5 if single else 2e-6 if self.element == "f32" else 1e-8
        self.agreement = Agreement(self.element)
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

    def has(self, program):
        return any(p["name"] == program for p in self.model.signature["programs"])

    def all(self, cases=CASES):
        if self.has("init"):
            self.init()
        for case, points in cases:
            inputs, wanted, choices = batch(self.network, self.seed, case, points)
            inputs = [self.round(x) for x in inputs]
            wanted = [self.round(y) for y in wanted]
            buffers = dict(zip(self.input_names, inputs))
            goal = dict(zip(self.wanted_names, wanted))
            self.case = case
            try:
                self.forced(buffers, goal, inputs, wanted, choices)
                if all(map(self.has, ("m_step", "train_step", "update"))):
                    self.train_step(buffers, goal, choices)
                self.modes(buffers, goal, inputs, wanted)
                if self.has("e_step"):
                    self.e_step(buffers, goal, inputs, wanted, choices)
            except Mismatch as error:
                raise Mismatch(f"{case}: {error}") from None
        if self.has("update"):
            self.update()

    def init(self):
        self.model.run("init", integers=[SEED])
        for p in self.model.signature["parameters"]:
            expected = philox.initial(p["name"], p["shape"], p["init"], SEED, self.element)
            actual = self.model.parameter_views()[p["name"]]
            same(f"init of '{p['name']}'", actual, expected, max(self.tolerance, 1e-7) / 10)
        self.model.set_parameters(self.parameters)

    def given(self, values):
        """What the network is evaluated on: with bounds where they are wanted."""
        return values if self.exact else [Bounded(v) if v.dtype.kind == "f" else v for v in values]

    def expected(self, how, inputs, wanted, choices):
        key = (how, self.case, len(choices), choices.tobytes())
        if key not in self.known:
            parameters = dict(zip(self.parameters, self.given(self.parameters.values())))
            self.known[key] = how(parameters, self.given(inputs), wanted, choices)
        return self.known[key]

    def agree(self, what, actual, expected):
        if self.exact:
            same(what, actual, expected, self.tolerance)
        else:
            # Nothing flows to what no row reaches: zeros without a bound.
            self.agreement.values_agree(what, actual, lift(expected))

    def forced(self, buffers, goal, inputs, wanted, choices):
        """Programs that are given what to choose."""
        result, gradients = self.expected(self.network.m_step, inputs, wanted, choices)
        n = len(choices)
        if self.has("forward"):
            got = self.model.run("forward", {**buffers, "selection": choices}, n)
            for name, value in zip(self.output_names, result.outputs):
                self.agree(f"forward '{name}'", got[name], value.data)
        if self.has("score"):
            got = self.model.run("score", {**buffers, **goal, "selection": choices}, n)
            self.scored("score", got, result)
        if not self.has("m_step"):
            return
        for view in self.model.gradient_views().values():
            view[...] = np.nan
        got = self.model.run("m_step", {**buffers, **goal, "selection": choices}, n)
        self.scored("m_step", got, result)
        self.touched(got["touched"], result.touched, n)
        spec = self.model.signature
        for p in spec["parameters"]:
            # That of a member without rows is not defined.
            if p["trained"] and got["touched"][p["group"]]:
                actual = self.model.gradient_views()[p["name"]]
                self.agree(f"gradient of '{p['name']}'", actual, gradients[p["name"]])

    def scored(self, what, got, result):
        self.agree(f"{what}: log likelihood", got["log_likelihood"], result.log_likelihood.data)
        self.agree(f"{what}: log prior", got["log_prior"], result.log_prior.data)

    def touched(self, touched, chosen, points):
        """A member that no row chose is not touched, a group outside pools always."""
        spec = self.model.signature
        members = {m for layer in spec["layers"] for m in layer["members"]}
        for group, is_touched in zip(spec["groups"], touched):
            wants = group not in members or (points > 0 and group in chosen)
            if bool(is_touched) != wants:
                raise Mismatch(f"m_step: '{group}' touched is {is_touched}")

    def modes(self, buffers, goal, inputs, wanted):
        """Programs that choose by the mode: what they choose is the largest score, and
        the rest as if it had been given."""
        n = inputs[0].shape[0]
        for program in ("infer", "evaluate"):
            if not self.has(program):
                continue
            got = self.model.run(program, {**buffers, **goal}, n)
            expected = self.expected(self.network.run, inputs, wanted, got["selection"])
            sure = self.largest(program, got["selection"], expected)
            if not sure:
                continue
            for name, value in zip(self.output_names, expected.outputs):
                self.agree(f"{program} '{name}'", got[name], value.data)
            if program == "infer":
                continue
            self.scored("evaluate", got, expected)
            self.agree("evaluate: probabilities", got["probabilities"], expected.all_probabilities())
            if "correct" in got:
                logits = plain(expected.outputs[0].data)
                top = np.sort(logits, -1)
                sure = top[:, -1] - top[:, -2] > 1e-3
                right = logits.argmax(-1) == wanted[0]
                if (got["correct"][sure] != right[sure]).any():
                    raise Mismatch("evaluate: correct differs")

    def largest(self, program, selection, expected):
        """Whether the rest can be compared: a fixed layer, of which the network takes
        its own mode, may be left open by rounding."""
        n, at, sure = len(selection), 0, True
        for layer, scores in zip(self.model.signature["layers"], expected.scores):
            shape = scores.shape[:-1]
            count = int(np.prod(shape[1:]))
            picks = selection[:, at : at + count].reshape(shape)
            at += count
            if self.exact:
                top = np.sort(scores, -1)
                clear = np.ones(shape, bool)
                if scores.shape[-1] > 1:
                    clear = top[..., -1] - top[..., -2] > 100 * self.tolerance
                equal = scores.argmax(-1) == picks if n else clear
                if (clear & ~equal).any():
                    raise Mismatch(f"{program}: selection of '{layer['name']}' differs")
            else:
                what = f"{program}: selection of '{layer['name']}'"
                equal = self.agreement.modes_agree(what, picks, scores)
            sure &= bool(equal.all()) or not layer["fixed"]
        return sure

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

    def train_step(self, buffers, goal, choices):
        """A step is m_step and update to the bit, whether gradients are clipped or
        updates run where gradients are computed."""
        model, groups = self.model, self.model.signature["groups"]
        rng = np.random.default_rng([self.seed, 27])
        state = {k: rng.random(v.shape) for k, v in model.state_views().items() if k != "steps"}
        frozen = rng.random(len(groups)) < 0.2
        given = {**buffers, **goal, "selection": choices}
        for clip, decay in ((0.0, 0.0), (1e30, 0.01), (0.01, 0.0)):
            reals, results = [0.01, decay, clip], []
            for whole in (False, True):
                model.set_parameters(self.parameters)
                for name, view in model.state_views().items():
                    view[...] = state.get(name, 3)
                for view in model.gradient_views().values():
                    view[...] = np.nan
                if whole:
                    buffers = {**given, "frozen": frozen}
                    got = model.run("train_step", buffers, len(choices), 0, [], reals)
                else:
                    touched = model.run("m_step", given, len(choices))["touched"]
                    buffers = {"touched": touched, "frozen": frozen}
                    got = model.run("update", buffers, 0, 0, [], reals)
                result = {"the norm": got["gradient_norm"]}
                for views in (model.parameter_views(), model.state_views()):
                    result.update({f"{len(result)} {k}": v.copy() for k, v in views.items()})
                results.append(result)
            for name, value in results[0].items():
                if not np.array_equal(value, results[1][name], equal_nan=True):
                    raise Mismatch(f"train_step: '{name}' is not of m_step and update, clip {clip}")
        model.set_parameters(self.parameters)

    def update(self):
        """Three steps with different groups touched, against NumPy's rules."""
        spec, rng = self.model.signature, np.random.default_rng([self.seed, 26])
        model, reference = self.model, Rule(self.network, spec, self.parameters)
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
