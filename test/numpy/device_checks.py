#===- device_checks.py - What every program of a device must do -----------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Beyond what every kernel must do (kernel_checks.py): choose what the processor
# chooses wherever the two best differ by more than rounding, from the same random
# bits; keep what was stored on a tie; update within bounds; and end, whatever the
# numbers are.
#
#===----------------------------------------------------------------------===#
import numpy as np

import philox
from agreement import Mismatch
from bounded import UNIT, Bounded, lift
from kernel_checks import KernelChecks
from model_checks import SAMPLES, SEED, STEP
from random_networks import batch
from routed_ops import draw
from update_rules import Rule

# Choices are equal where the two best are this many u of the largest apart.
APART = 8


class Candidates:
    """Those of an E-step: `selections` [S, N, slots], `objectives` [S, N] (bounded),
    `drawn`, the points where no random number is at an edge of a member's share."""

    def __init__(self, selections, objectives, drawn):
        self.selections, self.objectives, self.drawn = selections, objectives, drawn
        value, self.rows = objectives.value, np.arange(len(drawn))
        self.best = value.argmax(0)
        self.chosen = selections[self.best, self.rows]
        other = (selections != self.chosen[None]).any(-1)
        self.gap = value.max(0) - np.where(other, value, -np.inf).max(0)
        self.scale = UNIT * np.abs(value).max(0)

    def decided(self, errors):
        """Points whose best candidate is larger than all others by more than this."""
        return self.drawn & (self.gap > errors)

    def of_best(self, points):
        return self.objectives[self.best, self.rows][points]


class DeviceChecks(KernelChecks):
    """The first model is the processor's, of naive dispatch."""

    PARTS = KernelChecks.PARTS + ("score", "infer", "evaluate", "e_step", "update")
    FREE = ("infer", "evaluate", "e_step")

    def __init__(self, model, network, seed, known, naive=None):
        super().__init__(model, network, seed, known, naive)
        # Points whose choices were compared with the processor's, and all.
        self.compared = self.seen = 0

    def all(self, cases):
        super().all(cases)
        self.case = "equal scores"
        self.ties()
        self.case = "numbers that are none"
        self.strange()

    def threads(self, given, first):
        pass

    def same_choices(self, program, selection, decided):
        key = (self.case, program, len(selection))
        self.results[key] = selection
        if self.reference is None:
            return
        other = self.reference.results[key]
        self.seen += len(selection)
        self.compared += int(decided.sum())
        wrong = decided & (selection != other).any(-1)
        if wrong.any():
            n = int(np.nonzero(wrong)[0][0])
            raise Mismatch(f"{program}: point {n} chooses {selection[n]}, the processor {other[n]}")

    def largest(self, program, selection, expected):
        self.agreement = self.parts[program]
        apart = self.apart(expected, lambda scores: APART * UNIT * np.abs(scores.value).max(-1))
        self.same_choices(program, selection, apart)
        return super().largest(program, selection, expected)

    @staticmethod
    def apart(result, limit):
        """Points whose two best scores are further apart than `limit` in all slots."""
        n = result.outputs[0].shape[0]
        apart = np.ones(n, bool)
        for scores in result.scores:
            if n and scores.shape[-1] > 1:
                top = np.sort(scores.value, -1)
                clear = top[..., -1] - top[..., -2] > limit(scores)
                apart &= clear.reshape(n, -1).all(1)
        return apart

    def candidates(self, inputs, wanted, stored, points):
        n, unsure = len(stored), np.zeros(len(stored), bool)
        parameters = dict(zip(self.parameters, self.given(self.parameters.values())))
        fixed = any(layer["fixed"] for layer in self.model.signature["layers"])

        def draw_for(candidate):
            def one(p, first, rows):
                count, members = p.shape[1:]
                i, r, k = np.ogrid[:n, :rows, :count]
                counter = (points[i], STEP, first + r * count + k, (1 << 24) + candidate)
                u = philox.uniform(counter, SEED, self.element).reshape(p.shape[:2])
                shares = p.value.cumsum(-1)
                # Of the shares, and of adding them up.
                errors = p.error.cumsum(-1) + 2 * UNIT * members * shares
                near = (np.abs(shares - u[..., None]) <= errors).any(-1)
                unsure[near.reshape(n, rows * count).any(1)] = True
                return draw(p.value, u)

            return one

        selections, objectives = [], []
        for s in range(SAMPLES):
            how = {"choices": stored} if s == 0 else {"draw": draw_for(s)}
            result = self.network.run(parameters, self.given(inputs), wanted, **how)
            if fixed:
                unsure |= ~self.apart(result, lambda scores: 2 * self.bound(scores).max(-1))
            j = lift(result.log_likelihood.data) + lift(result.log_prior.data)
            selections.append(result.selection())
            objectives.append(j.reshape(1, n))
        return Candidates(np.array(selections), np.concatenate(objectives), ~unsure)

    def bound(self, bounded):
        return self.agreement.bound(bounded.error)

    def e_step(self, buffers, goal, inputs, wanted, stored):
        n = len(stored)
        points = (np.arange(n) * 7 + 3) % 1000
        given = {**buffers, **goal, "points": points, "stored": stored}
        key = ("e_step", self.case)
        if key not in self.known:
            self.known[key] = self.candidates(inputs, wanted, stored, points)
        known = self.known[key]
        got = self.model.run("e_step", given, n, SAMPLES, [SEED, STEP])
        sure = known.decided(2 * self.bound(known.objectives).max(0))
        if (got["selection"][sure] != known.chosen[sure]).any():
            raise Mismatch("e_step: selection differs")
        self.same_choices("e_step", got["selection"], known.decided(APART * known.scale))
        self.agree("e_step: before", got["before"], known.objectives[0])
        self.agree("e_step: after", got["after"][sure], known.of_best(sure))
        if (got["after"] < got["before"]).any():
            raise Mismatch("e_step: an objective falls")
        # Without candidates but what is stored.
        got = self.model.run("e_step", given, n, 1, [SEED, STEP])
        if (got["selection"] != known.selections[0])[known.drawn].any():
            raise Mismatch("e_step: one candidate is not kept")
        if got["before"].tobytes() != got["after"].tobytes():
            raise Mismatch("e_step: one candidate has two objectives")

    def update(self):
        """Three steps with different groups touched, against NumPy's rules."""
        spec, rng = self.model.signature, np.random.default_rng([self.seed, 26])
        self.case, self.points = "update", 0
        values = dict(zip(self.parameters, self.given(self.parameters.values())))
        reference = Rule(self.network, spec, values)
        for view in self.model.state_views().values():
            view[...] = 0
        for number, (clip, decay) in enumerate(((0.0, 0.0), (0.5, 0.0), (0.0, 0.01))):
            gradients = {
                p["name"]: self.round(rng.normal(size=p["shape"])) for p in spec["parameters"]
            }
            for name, view in self.model.gradient_views().items():
                view[...] = gradients[name]
            touched = rng.integers(0, 2, len(spec["groups"]))
            frozen = rng.random(len(spec["groups"])) < 0.2
            reals = [0.01, decay, clip]
            flags = {"touched": touched, "frozen": frozen}
            got = self.model.run("update", flags, 0, 0, [], reals)
            given = {name: Bounded(value) for name, value in gradients.items()}
            norm = reference.step(given, touched, frozen, *map(lift, reals))
            self.agree(f"update {number}: gradient norm", got["gradient_norm"], norm.reshape(1))
            for name, value in reference.values.items():
                actual = self.model.parameter_views()[name]
                self.agree(f"update {number} of '{name}'", actual, value)
            if (self.model.state_views()["steps"] != reference.steps).any():
                raise Mismatch("update: steps differ")
        self.model.set_parameters(self.parameters)

    def ties(self):
        """The first of equal members, and what was stored."""
        spec = self.model.signature
        inputs, wanted, stored = batch(self.network, self.seed, self.case, 7)
        buffers = {name: 0 * x for name, x in zip(self.input_names, inputs)}
        buffers.update(zip(self.wanted_names, wanted))
        self.model.set_parameters({name: 0 * value for name, value in self.parameters.items()})
        if self.has("infer") and self.model.run("infer", buffers, 7)["selection"].any():
            raise Mismatch("infer: no first member")
        if not self.has("e_step"):
            self.model.set_parameters(self.parameters)
            return
        given = {**buffers, "points": np.arange(7), "stored": stored}
        got = self.model.run("e_step", given, 7, SAMPLES, [SEED, STEP])
        expected, ends = stored.copy(), [layer["slot"] for layer in spec["layers"]]
        for layer, end in zip(spec["layers"], ends[1:] + [spec["slots"]]):
            if layer["fixed"]:
                expected[:, layer["slot"] : end] = 0
        if (got["selection"] != expected).any() or (got["before"] != got["after"]).any():
            raise Mismatch("e_step: a tie is not kept")
        self.model.set_parameters(self.parameters)

    def same_kinds(self, what, got):
        """NaN where the processor has NaN, an infinity where it has that one; equal
        choices. Numbers are compared elsewhere."""
        self.results[self.case, what] = got
        if self.reference is None:
            return
        for name, value in self.reference.results[self.case, what].items():
            same = got[name] == value
            if value.dtype.kind == "f":
                same |= np.isnan(got[name]) & np.isnan(value)
                same |= np.isfinite(got[name]) & np.isfinite(value)
            if not same.all():
                at = tuple(int(i[0]) for i in np.nonzero(~same))
                raise Mismatch(
                    f"{what}: '{name}'{list(at)} is {got[name][at]}, the processor has {value[at]}"
                )

    def strange(self):
        """NaN and infinities: programs end, with choices that there are, and give none
        but where the processor does. What overflows on the way hangs on the order."""
        spec = self.model.signature
        inputs, wanted, stored = batch(self.network, self.seed, self.case, 5)
        names = self.input_names + self.wanted_names
        for value in (np.nan, np.inf, 3e38):
            given = {"points": np.arange(5), "stored": stored, "selection": stored}
            for name, x in zip(names, inputs + wanted):
                given[name] = x if x.dtype.kind == "i" else np.full(x.shape, value)
            given["frozen"] = np.zeros(len(spec["groups"]))
            for program, *numbers in (("infer",), ("e_step", [SEED, STEP])):
                if not self.has(program):
                    continue
                results = self.model.run(program, given, 5, SAMPLES, *numbers)
                if not np.isfinite(value):
                    self.same_kinds(f"{program} of {value}", results)
                got = results["selection"]
                ends = [layer["slot"] for layer in spec["layers"]][1:] + [spec["slots"]]
                for layer, end in zip(spec["layers"], ends):
                    picks = got[:, layer["slot"] : end]
                    if ((picks < 0) | (picks >= len(layer["members"]))).any():
                        raise Mismatch(f"{program}: picks {picks} of '{layer['name']}' for {value}")
            if self.has("train_step"):
                results = self.model.run("train_step", given, 5, reals=[0.01, 0.0, 1.0])
                if not np.isfinite(value):
                    self.same_kinds(f"train_step of {value}", results)
                self.model.set_parameters(self.parameters)
