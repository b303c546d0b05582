#===- upstream_scalar.py - arith, math, scf and func ----------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Semantics of the element-wise dialects and of structured control flow. Scalars
# inside a linalg body are arrays over its iteration space: the same functions.
#
#===----------------------------------------------------------------------===#
import numpy as np

import tape
from evaluator import constant, handles, number
from tape import Var


@handles("arith.constant")
def _constant(ev, op):
    return Var(constant(op.attrs["value"]))


def _float(name, f):
    handles(name)(lambda ev, op, *xs: f(*xs))


for _name, _f in {
    "arith.addf": tape.add,
    "arith.subf": tape.sub,
    "arith.mulf": tape.mul,
    "arith.divf": tape.div,
    "arith.negf": tape.neg,
    "arith.maximumf": tape.maximum,
    "arith.maxnumf": tape.maximum,
    "arith.minimumf": tape.minimum,
    "arith.minnumf": tape.minimum,
    "arith.select": tape.where,
    "arith.truncf": lambda x: x,
    "arith.extf": lambda x: x,
    "math.exp": tape.exp,
    "math.exp2": tape.exp2,
    "math.expm1": tape.expm1,
    "math.log": tape.log,
    "math.log1p": tape.log1p,
    "math.log2": tape.log2,
    "math.sqrt": tape.sqrt,
    "math.rsqrt": tape.rsqrt,
    "math.cbrt": tape.cbrt,
    "math.tanh": tape.tanh,
    "math.sinh": tape.sinh,
    "math.cosh": tape.cosh,
    "math.sin": tape.sin,
    "math.cos": tape.cos,
    "math.tan": tape.tan,
    "math.atan": tape.atan,
    "math.erf": tape.erf,
    "math.absf": tape.absolute,
    "math.powf": tape.power,
    "math.fma": lambda a, b, c: tape.add(tape.mul(a, b), c),
    "math.fpowi": lambda a, b: tape.power(a, Var(b.data.astype(np.float64))),
    "math.copysign": lambda a, b: tape.mul(a, Var(np.sign(a.data) * np.sign(b.data))),
}.items():
    _float(_name, _f)

for _name, _f in tape.step_like.items():
    _float(f"math.{_name}", lambda x, f=_f: Var(f(x.data)))


def _integer(name, f):
    handles(name)(lambda ev, op, *xs: Var(f(*[x.data for x in xs])))


for _name, _f in {
    "arith.addi": np.add,
    "arith.subi": np.subtract,
    "arith.muli": np.multiply,
    "arith.divsi": lambda a, b: np.trunc(a / b).astype(a.dtype),
    "arith.divui": np.floor_divide,
    "arith.remsi": np.fmod,
    "arith.remui": np.mod,
    "arith.ceildivsi": lambda a, b: -(-a // b),
    "arith.floordivsi": np.floor_divide,
    "arith.minsi": np.minimum,
    "arith.minui": np.minimum,
    "arith.maxsi": np.maximum,
    "arith.maxui": np.maximum,
    "arith.andi": np.bitwise_and,
    "arith.ori": np.bitwise_or,
    "arith.xori": np.bitwise_xor,
}.items():
    _integer(_name, _f)


@handles("arith.index_cast", "arith.extsi", "arith.trunci", "arith.extui", "arith.index_castui")
def _integer_cast(ev, op, x):
    return Var(x.data.astype(np.int64))


@handles("arith.sitofp", "arith.uitofp")
def _to_float(ev, op, x):
    return Var(x.data.astype(np.float64))


@handles("arith.fptosi", "arith.fptoui")
def _to_integer(ev, op, x):
    return Var(np.trunc(x.data).astype(np.int64))


# In the order of the enumerations of arith: ordered comparisons are false, and
# unordered ones true, where an operand is not a number.
_FLOAT_PREDICATES = [
    None, "==", ">", ">=", "<", "<=", "!=", "ord",
    "u==", "u>", "u>=", "u<", "u<=", "u!=", "uno", None,
]  # fmt: skip
_INTEGER_PREDICATES = ["==", "!=", "<", "<=", ">", ">=", "<", "<=", ">", ">="]
_COMPARE = {
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


@handles("arith.cmpf")
def _cmpf(ev, op, a, b):
    number_ = int(op.attrs["predicate"])
    nan = np.isnan(a.data) | np.isnan(b.data)
    if number_ in (0, 15):
        return Var(np.full(nan.shape, number_ == 15))
    name = _FLOAT_PREDICATES[number_]
    if name in ("ord", "uno"):
        return Var(nan if name == "uno" else ~nan)
    if name[0] == "u":
        return Var(_COMPARE[name[1:]](a.data, b.data) | nan)
    return Var(_COMPARE[name](a.data, b.data) & ~nan)


@handles("arith.cmpi")
def _cmpi(ev, op, a, b):
    name = _INTEGER_PREDICATES[int(op.attrs["predicate"])]
    return Var(_COMPARE[name](a.data, b.data))


@handles("scf.if")
def _if(ev, op, condition):
    chosen = op.regions[0 if bool(condition.data) else 1]
    return ev.run(chosen, []) if chosen.blocks else []


@handles("scf.for")
def _for(ev, op, low, high, step, *carried):
    carried = list(carried)
    for i in range(number(low), number(high), number(step)):
        carried = ev.run(op.regions[0], [Var(i)] + carried)
    return carried
