#===- mlir_ir.py - MLIR's objects as Python ones --------------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# What the parser of the generic form makes: operations, regions, values, types and
# attributes, as plain data. Nothing here knows a dialect.
#
#===----------------------------------------------------------------------===#
from dataclasses import dataclass, field

import numpy as np

DYNAMIC = -(2**63)


@dataclass(frozen=True)
class Scalar:
    """`f32`, `i64`, `index`, `none`, ..."""

    name: str

    def __str__(self):
        return self.name


@dataclass(frozen=True)
class Shaped:
    """A tensor, vector or memref; `shape` is None when unranked and holds None
    for each dynamic size. `extra` is an encoding or layout as text."""

    kind: str
    shape: tuple
    element: object
    extra: object = None

    def __str__(self):
        dims = "*" if self.shape is None else self.shape
        text = "x".join(["?" if d is None else str(d) for d in dims] + [str(self.element)])
        return f"{self.kind}<{text}>"


@dataclass(frozen=True)
class Function:
    inputs: tuple
    results: tuple


@dataclass(frozen=True)
class Opaque:
    """A dialect's type or attribute that only its text is known of:
    `#linalg.iterator_type<parallel>` has dialect `linalg`, name `iterator_type`
    and body `parallel` (None where there are no angle brackets)."""

    sigil: str
    dialect: str
    name: str
    body: object = None

    def __str__(self):
        tail = "" if self.body is None else f"<{self.body}>"
        return f"{self.sigil}{self.dialect}.{self.name}{tail}"


class Integer(int):
    """An integer attribute; `type` is a Scalar."""

    def __new__(cls, value, type=None):
        self = super().__new__(cls, value)
        self.type = type
        return self


class Float(float):
    """A float attribute; `type` is a Scalar."""

    def __new__(cls, value, type=None):
        self = super().__new__(cls, value)
        self.type = type
        return self


@dataclass(frozen=True)
class Symbol:
    """A symbol reference: `@a::@b` is ("a", "b")."""

    path: tuple

    def __str__(self):
        return "::".join("@" + name for name in self.path)


class Unit:
    def __repr__(self):
        return "unit"


UNIT = Unit()


@dataclass
class Dense:
    """A dense constant; `values` is an array of the type's shape."""

    values: np.ndarray
    type: Shaped


@dataclass(frozen=True)
class AffineMap:
    """`results` are expressions over d0.. and s0..: ("d", i), ("s", i),
    ("const", c) or (operator, left, right)."""

    dims: int
    symbols: int
    results: tuple

    def evaluate(self, dims, symbols=()):
        """The results for these dims; works on numbers and on arrays alike."""

        def value(e):
            if e[0] == "d":
                return dims[e[1]]
            if e[0] == "s":
                return symbols[e[1]]
            if e[0] == "const":
                return e[1]
            a, b = value(e[1]), value(e[2])
            if e[0] == "+":
                return a + b
            if e[0] == "-":
                return a - b
            if e[0] == "*":
                return a * b
            if e[0] == "mod":
                return a % b
            if e[0] == "floordiv":
                return a // b
            return -(-a // b)  # ceildiv

        return [value(e) for e in self.results]


@dataclass(eq=False)
class Value:
    name: str
    type: object


@dataclass(eq=False)
class Block:
    label: str
    args: list
    ops: list = field(default_factory=list)


@dataclass(eq=False)
class Region:
    blocks: list

    @property
    def ops(self):
        return self.blocks[0].ops if self.blocks else []

    @property
    def args(self):
        return self.blocks[0].args if self.blocks else []


@dataclass(eq=False)
class Operation:
    name: str
    operands: list
    results: list
    attrs: dict
    regions: list
    successors: list
    line: int

    def segments(self):
        """Operands split by operandSegmentSizes."""
        parts, at = [], 0
        for size in self.attrs["operandSegmentSizes"]:
            parts.append(self.operands[at : at + size])
            at += size
        return parts

    def walk(self):
        yield self
        for region in self.regions:
            for block in region.blocks:
                for op in block.ops:
                    yield from op.walk()
