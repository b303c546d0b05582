#===- evaluator.py - Runs regions of operations ---------------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Evaluates operations one by one over the arrays of tape.py, by tables that the
# dialects fill in. Floats of every width are computed in f64.
#
#===----------------------------------------------------------------------===#
import numpy as np

from mlir_ir import Dense

HANDLERS = {}


class EvaluationError(Exception):
    pass


def handles(*names):
    """Registers f(evaluator, op, *operands) for operations of these names. It
    returns one value, or a list of them."""

    def add(f):
        for name in names:
            assert name not in HANDLERS, name
            HANDLERS[name] = f
        return f

    return add


class Evaluator:
    def __init__(self):
        self.values = {}
        # Index arrays of the linalg operations around what runs, for
        # linalg.index.
        self.grids = []

    def __getitem__(self, value):
        return self.values[value]

    def run(self, region, args):
        """Runs a region of one block; returns what its terminator is given."""
        if len(region.blocks) != 1:
            raise EvaluationError(f"a region of {len(region.blocks)} blocks")
        block = region.blocks[0]
        if len(block.args) != len(args):
            raise EvaluationError(
                f"a block of {len(block.args)} arguments is given {len(args)}"
            )
        self.values.update(zip(block.args, args))
        for op in block.ops[:-1]:
            self.step(op)
        return [self.values[v] for v in block.ops[-1].operands]

    def step(self, op):
        handler = HANDLERS.get(op.name)
        if handler is None:
            raise EvaluationError(f"line {op.line}: no semantics for '{op.name}'")
        try:
            results = handler(self, op, *[self.values[v] for v in op.operands])
        except EvaluationError:
            raise
        except Exception as error:
            raise EvaluationError(f"line {op.line}: '{op.name}': {error}") from error
        if not isinstance(results, list):
            results = [results]
        if len(results) != len(op.results):
            raise EvaluationError(
                f"line {op.line}: '{op.name}' made {len(results)} values for "
                f"{len(op.results)} results"
            )
        for value, result in zip(op.results, results):
            self.values[value] = result


def is_float(type):
    return str(getattr(type, "element", type))[0] in "fb"


def constant(attribute):
    """The array of a constant attribute, floats in f64."""
    data = attribute.values if isinstance(attribute, Dense) else np.asarray(attribute)
    return data.astype(np.float64) if data.dtype.kind == "f" else data


def number(x):
    """A Python int from a size, offset or bound."""
    return int(getattr(x, "data", x))
