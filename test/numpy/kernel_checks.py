#===- kernel_checks.py - What every kernel must do ------------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Beyond what every program must do (model_checks.py): agree with the naive dispatch
# too, and give the same bits for any number of threads and whatever else is in the
# batch; train_step applies the gradients that m_step shows.
#
#===----------------------------------------------------------------------===#
import re

import numpy as np

from agreement import Agreement, Mismatch
from bounded import Bounded, lift
from model_checks import Checks
from update_rules import Rule

THREADS = (2, 4)
# Such that a step of Adam does not hang on the sign of a small gradient.
LEARNING_RATE, STEPS_BEFORE = 0.125, 5000
# Slots of the optimizers' state that are means of squares.
SQUARES = ("v", "square")


class KernelChecks(Checks):
    """What the first model of a network gives, of naive dispatch, is kept in `naive`
    for those that follow."""

    # What the numbers are about, by the first word of a description.
    PARTS = ("forward", "m_step", "gradient", "train_step")
    # Of these, what hangs on a model's own choices.
    FREE = ()

    def __init__(self, model, network, seed, known, naive=None):
        super().__init__(model, network, seed, known=known)
        self.reference, self.results = naive, {}
        self.parts = {what: Agreement(self.element) for what in self.PARTS}

    def agree(self, what, actual, expected):
        part = re.match(r"\w+", what)[0]
        self.agreement = self.parts[part]
        super().agree(what, actual, expected)
        if part in self.FREE:
            return
        key = (self.case, self.points, what)
        self.results[key] = np.array(actual)
        if self.reference is not None:
            other, bounded = self.reference.results[key], lift(expected)
            self.agreement.pair_agrees(f"{what}, beside naive", actual, other, bounded)

    def forced(self, buffers, goal, inputs, wanted, choices):
        self.points = len(choices)
        super().forced(buffers, goal, inputs, wanted, choices)
        given = {**buffers, **goal, "selection": choices}
        first = self.bits(given, self.points)
        if self.reference is not None:
            self.threads(given, first)
            self.rows(given, first)
        if self.has("train_step"):
            self.train(given, inputs, wanted, choices)

    def threads(self, given, first):
        for workers in THREADS:
            self.model.use(workers, threads=True)
            self.same_bits(f"on {workers} threads", self.bits(given, self.points), first)
        self.model.use(1)

    def bits(self, given, points):
        """Everything that forward and m_step give."""
        results = {}
        for program in filter(self.has, ("forward", "m_step")):
            self.poison_gradients()
            names = [b["name"] for b in self.model.programs[program][0]["buffers"]]
            own = {name: given[name] for name in names if name in given}
            got = self.model.run(program, own, points)
            results.update({(program, name): value for name, value in got.items()})
        views = self.model.gradient_views()
        trained = [p["name"] for p in self.model.signature["parameters"] if p["trained"]]
        if self.has("m_step"):
            results.update({("m_step", name): views[name].copy() for name in trained})
        return results

    def poison_gradients(self):
        for view in self.model.gradient_views().values():
            view[...] = np.nan

    @staticmethod
    def same_bits(what, actual, expected):
        for (program, name), value in expected.items():
            if actual[program, name].tobytes() != value.tobytes():
                raise Mismatch(f"{program}: other bits of '{name}' {what}")

    def rows(self, given, whole):
        """Some of the points, in another order: their results stay as they were."""
        rng = np.random.default_rng([self.seed, self.points, 28])
        for count in {1, self.points // 2 + 1}:
            if count > self.points:
                continue
            some = rng.permutation(self.points)[:count]
            by_point = {
                (program, b["name"]): whole[program, b["name"]][some]
                for program in filter(self.has, ("forward", "m_step"))
                for b in self.model.programs[program][0]["buffers"]
                if b["output"] and b["shape"][:1] == ["N"]
            }
            part = self.bits({name: value[some] for name, value in given.items()}, count)
            self.same_bits(f"with {count} of {self.points} points", part, by_point)

    def train(self, given, inputs, wanted, choices):
        """A step of the optimizer, from some state of its own."""
        views, spec = self.model.state_views(), self.model.signature
        rng = np.random.default_rng([self.seed, 29])
        frozen = rng.random(len(spec["groups"])) < 0.1
        views["steps"][...] = STEPS_BEFORE
        state = {"steps": views["steps"].copy()}
        for name, view in views.items():
            if name != "steps":
                low = 0.5 if name.rpartition(".")[2] in SQUARES else -0.5
                state[name] = view[...] = self.round(rng.uniform(low, low + 1, view.shape))
        self.poison_gradients()
        reals = [LEARNING_RATE, 0.0, 0.0]
        given = {**given, "frozen": frozen}
        got = self.model.run("train_step", given, self.points, 1, reals=reals)
        key = ("train_step", self.case, choices.tobytes())
        if key not in self.known:
            step = self.expected(self.network.m_step, inputs, wanted, choices)
            self.known[key] = self.trained(*step, state, frozen, reals)
        norm, values, state = self.known[key]
        self.agree("train_step: gradient norm", got["gradient_norm"], norm)
        for name, value in values.items():
            self.agree(f"train_step: '{name}'", self.model.parameter_views()[name], value)
        views = self.model.state_views()
        for name, value in state.items():
            if name != "steps":
                self.agree(f"train_step: '{name}'", views[name], value)
        if (views["steps"] != state["steps"]).any():
            raise Mismatch(f"train_step: steps are {views['steps']}, not {state['steps']}")
        self.model.set_parameters(self.parameters)

    def trained(self, result, gradients, state, frozen, reals):
        """(norm, parameters, state) after a step, with bounds."""
        spec = self.model.signature
        values = dict(zip(self.parameters, self.given(self.parameters.values())))
        rule = Rule(self.network, spec, values)
        rule.steps = state["steps"].copy()
        slots, seen = [], {}
        for name in state:
            parameter, _, slot = name.rpartition(".")
            if parameter in rule.states:
                own = rule.kind == "custom"
                slots.append((name, parameter, seen.get(parameter, 0) if own else slot in SQUARES))
                seen[parameter] = seen.get(parameter, 0) + 1
        for name, parameter, slot in slots:
            rule.states[parameter][slot] = Bounded(state[name])
        members = {m for layer in spec["layers"] for m in layer["members"]}
        reached = result.touched if self.points else set()
        touched = np.array([g not in members or g in reached for g in spec["groups"]])
        gradients = {name: lift(gradient) for name, gradient in gradients.items()}
        norm = rule.step(gradients, touched, frozen, *reals)
        after = {name: rule.states[p][slot] for name, p, slot in slots}
        return norm.reshape(1), rule.values, {**after, "steps": rule.steps}
