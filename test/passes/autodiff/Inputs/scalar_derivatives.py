#===- scalar_derivatives.py - A function for each scalar derivative -------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Reads the table passes/autodiff/ScalarDerivatives.def and writes, for each row, a
# function of scalars, one of tensors and one of a linalg body with a pullback.
#
#===----------------------------------------------------------------------===#
import re
import sys

# Where the operands come from, if not from everywhere.
POSITIVE = "[0.25, 3.0]"
INSIDE = "[-0.9, 0.9]"
RANGES = {
    **dict.fromkeys(["log", "log2", "log10", "sqrt", "rsqrt", "cbrt", "log1p"], POSITIVE),
    **dict.fromkeys(["asin", "acos", "atanh", "tan"], INSIDE),
    "acosh": "[1.25, 3.0]",
    "divf": POSITIVE,
    "powf": POSITIVE,
    "atan2": POSITIVE,
}


def arguments(kind, count, given):
    attribute = f" {{test.range = {given}}}" if given else ""
    inputs = [f"%x{i}: {kind}{attribute}" for i in range(count)]
    return ", ".join(inputs + [f"%dy: {kind}"])


def function(name, kind, count, given, body):
    values = ", ".join(f"%x{i}" for i in range(count))
    gradients = ", ".join(f"%d{i}" for i in range(count))
    inputs = ", ".join(f"%x{i} : {kind}" for i in range(count))
    kinds = ", ".join([kind] * (count + 1))
    print(
        f"func.func @{name}({arguments(kind, count, given)}) -> ({kinds}) {{\n"
        f"{body.format(values=values)}"
        f"  {gradients} = modular.pullback (%y : {kind}) along (%dy : {kind}) to ({inputs})\n"
        f"  return %y, {gradients} : {kinds}\n}}"
    )


def main():
    table = open(sys.argv[1], encoding="utf-8").read()
    rows = re.findall(r"^(ARITH|MATH)_(\d)\((\w+)Op,", table, re.M)
    if not rows:
        sys.exit("no rows")
    print("#id = affine_map<(i, j) -> (i, j)>")
    for dialect, count, name in rows:
        count = int(count)
        mnemonic = name.lower()
        op = f"{dialect.lower()}.{mnemonic}"
        given = RANGES.get(mnemonic)
        function(f"{mnemonic}_scalar", "f64", count, given, f"  %y = {op} {{values}} : f64\n")
        tensor = "tensor<2x3xf64>"
        function(f"{mnemonic}_tensor", tensor, count, given, f"  %y = {op} {{values}} : {tensor}\n")
        elements = ", ".join(f"%e{i}" for i in range(count))
        typed = ", ".join(f"%e{i}: f64" for i in range(count))
        function(
            f"{mnemonic}_body", tensor, count, given,
            f"  %empty = tensor.empty() : {tensor}\n"
            f"  %y = linalg.generic {{{{indexing_maps = [{', '.join(['#id'] * (count + 1))}], "
            'iterator_types = ["parallel", "parallel"]}} '
            f"ins({{values}} : {', '.join([tensor] * count)}) outs(%empty : {tensor}) {{{{\n"
            f"  ^bb0({typed}, %out: f64):\n    %r = {op} {elements} : f64\n"
            f"    linalg.yield %r : f64\n  }}}} -> {tensor}\n",
        )  # fmt: skip


if __name__ == "__main__":
    main()
