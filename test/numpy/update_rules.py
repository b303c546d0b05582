#===- update_rules.py - What an update does to parameters ----------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# The rules of modular.optimizer (dialect/ModularNetworkOps.td) in NumPy, with decay,
# clipping, frozen groups and untouched members as docs/artefact.md says.
#
#===----------------------------------------------------------------------===#
import numpy as np

from bounded import Bounded, lift, plain
from evaluator import Evaluator
from tape import Var


class Rule:
    """The shorthands of modular.optimizer, or its region, on each element. Of bounded
    parameters the settings are bounded, too: those of f32 are rounded."""

    def __init__(self, network, spec, parameters):
        self.spec, self.kind = spec, spec["optimizer"]["name"]
        self.values = {k: v.copy() for k, v in parameters.items()}
        self.bounded = any(isinstance(v, Bounded) for v in parameters.values())
        self.steps = np.zeros(len(spec["groups"]), np.int64)
        self.op = network.optimizer
        settings = self.op.attrs.get("settings", {}) if self.op else {}
        self.settings = {k: float(v) for k, v in settings.items()}
        count = len(self.op.regions[0].args) - 4 if self.kind == "custom" else 2
        self.states = {k: [np.zeros_like(v) for _ in range(count)] for k, v in parameters.items()}

    def step(self, gradients, touched, frozen, lr, decay, clip):
        on = ((touched != 0) | self.spec["optimizer"]["dense"]) & ~frozen
        trained = [p for p in self.spec["parameters"] if p["trained"] and on[p["group"]]]
        norm = np.sqrt(sum((gradients[p["name"]] ** 2).sum() for p in trained))
        scale = clip / norm if plain(clip) > 0 and plain(norm) > plain(clip) else 1.0
        self.steps += on
        for p in trained:
            name, t = p["name"], self.steps[p["group"]]
            x, g = self.values[name] * (1 - lr * decay), gradients[name] * scale
            rule = getattr(self, self.kind)
            self.values[name], *self.states[name] = rule(x, g, lr, t, *self.states[name])
        return norm

    def setting(self, name, default):
        value = self.settings.get(name, default)
        return lift(value) if self.bounded else value

    def sgd(self, x, g, lr, t, m, v):
        return x - lr * g, m, v

    def momentum(self, x, g, lr, t, m, v):
        m = self.setting("momentum", 0.9) * m + g
        return x - lr * m, m, v

    def rmsprop(self, x, g, lr, t, m, v):
        decay = self.setting("decay", 0.9)
        v = decay * v + (1 - decay) * g * g
        return x - lr * g / (np.sqrt(v) + self.setting("epsilon", 1e-8)), m, v

    def adam(self, x, g, lr, t, m, v):
        beta1, beta2 = self.setting("beta1", 0.9), self.setting("beta2", 0.999)
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
        step = np.sqrt(v / (1 - beta2**t)) + self.setting("epsilon", 1e-8)
        return x - lr * (m / (1 - beta1**t)) / step, m, v

    def custom(self, x, g, lr, t, *states):
        region = self.op.regions[0]
        numbers = [np.float64(t) if a is t else a for a in (x, g, lr, t, *states)]
        args = [np.broadcast_to(a, x.shape) for a in numbers]
        return [v.data for v in Evaluator().run(region, [Var(a) for a in args])]
