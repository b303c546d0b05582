#===- device_model.py - A compiled model, run by a device -----------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# What compiled.Model is for the processor's code, by a session of the runtime.
#
#===----------------------------------------------------------------------===#
import compiled
from modc_ctypes import Model, Session


class DeviceModel:
    """The same calls as compiled.Model has. Arenas are asked for before each reading
    and writing: a call makes those of before old."""

    def __init__(self, path, device):
        self.session = Session(Model(path), device=device)
        self.signature = self.session.model.signature
        self.programs = {name: (p, None) for name, p in self.session.model.programs.items()}
        self.target = device

    def parameter_views(self):
        return self.session.parameters

    def gradient_views(self):
        return self.session.gradients

    def state_views(self):
        return self.session.state

    set_parameters = compiled.Model.set_parameters

    def run(self, name, buffers=None, points=0, samples=0, integers=(), reals=()):
        spec = self.programs[name][0]
        given = {b["name"]: buffers[b["name"]] for b in spec["buffers"] if not b["output"]}
        given.update(zip(spec["integers"], integers))
        given.update(zip(spec["reals"], reals))
        return self.session.run(name, given, points, max(samples, 1))
