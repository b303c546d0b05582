#===- derived.py - Derived programs, called like a compiled model ---------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Runs the programs of the routed and programs phases (docs/phases.md) in NumPy,
# behind the interface of compiled.Model: the same checks judge both.
#
#===----------------------------------------------------------------------===#
import json

import numpy as np

import mlir_generic
import routed_ops  # noqa: F401  (registers its operations)
import tape
import upstream_linalg  # noqa: F401
import upstream_scalar  # noqa: F401
import upstream_tensor  # noqa: F401
from evaluator import Evaluator, is_float
from mlir_ir import Shaped
from tape import Var


class Derived:
    def __init__(self, text):
        module = mlir_generic.parse(text)
        self.signature = json.loads(module.attrs["modular.signature"])
        self.functions = {
            op.attrs["sym_name"]: op
            for op in module.regions[0].ops
            if op.name == "func.func"
        }
        self.programs = {p["name"]: p for p in self.signature["programs"]}
        self.arenas = {
            kind: {
                e["name"]: np.zeros(
                    e["shape"], np.int64 if e.get("type") == "i64" else np.float64
                )
                for e in self.signature["state" if kind == "state" else "parameters"]
            }
            for kind in ("parameter", "gradient", "state")
        }
        # Where each arena tensor begins, to find the members of a stack.
        self.offsets = {
            kind: sorted(
                (e["offset"], e["name"])
                for e in self.signature["state" if kind == "state" else "parameters"]
            )
            for kind in self.arenas
        }

    def parameter_views(self):
        return self.arenas["parameter"]

    def gradient_views(self):
        return self.arenas["gradient"]

    def state_views(self):
        return self.arenas["state"]

    def set_parameters(self, values):
        for name, view in self.parameter_views().items():
            view[...] = values[name]

    def _members(self, kind, attrs, type):
        """Names of the tensors that an arena argument covers, and whether it is
        a stack of them."""
        entries = self.offsets[kind]
        first = next(i for i, e in enumerate(entries) if e[0] == attrs["modular.offset"])
        single = self.arenas[kind][entries[first][1]].shape
        if single == type.shape:
            return [entries[first][1]], False
        return [e[1] for e in entries[first : first + type.shape[0]]], True

    def run(self, name, buffers=None, points=0, samples=0, integers=(), reals=()):
        function = self.functions[name]
        attributes = function.attrs.get("arg_attrs", [])
        integers, reals = iter(integers), iter(reals)
        sizes = {"N": points, "S": samples, "S*N": points * samples}
        args = []
        for value, attrs in zip(function.regions[0].args, attributes):
            role, type = attrs["modular.role"], value.type
            if role in self.arenas:
                names, stacked = self._members(role, attrs, type)
                parts = [self.arenas[role][n] for n in names]
                data = np.stack(parts) if stacked else parts[0].copy()
                data = data.reshape(type.shape)
                args.append(tape.leaf(data) if is_float(type) else Var(data))
            elif role == "size":
                args.append(Var(np.int64(sizes[attrs["modular.name"]])))
            elif role == "integer":
                args.append(Var(np.int64(next(integers))))
            elif role == "real":
                args.append(Var(np.float64(next(reals))))
            elif role == "input":
                data = np.asarray(buffers[attrs["modular.name"]])
                args.append(Var(data.astype(np.float64) if is_float(type) else data))
            else:
                rows = sizes[attrs["modular.rows"]] if "modular.rows" in attrs else None
                shape = [rows if s is None else s for s in type.shape]
                filler = np.nan if is_float(type) else -1
                args.append(Var(np.full(shape, filler)))
        # A mean over no points divides by 0, and nobody reads it.
        with np.errstate(divide="ignore", invalid="ignore"):
            results = Evaluator().run(function.regions[0], args)
        outputs = {}
        for result, attrs in zip(results, function.attrs.get("res_attrs", [])):
            index = int(attrs["modular.argument"])
            attrs, type = attributes[index], function.regions[0].args[index].type
            assert isinstance(type, Shaped)
            role = attrs["modular.role"]
            if role in self.arenas:
                names, stacked = self._members(role, attrs, type)
                for i, n in enumerate(names):
                    part = result.data[i] if stacked else result.data
                    self.arenas[role][n][...] = part.reshape(self.arenas[role][n].shape)
            else:
                outputs[attrs["modular.name"]] = result.data
        return outputs
