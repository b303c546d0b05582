#===- product_panels.py - Products with panels against plain ones ---------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# A linear map of one member, its gradient of the input and that of the weights, by
# loops in any order, with weights row after row and in panels: both give the same
# bits, and what NumPy gives in f64. What lies beside a result stays.
#
#===----------------------------------------------------------------------===#

import random
import sys

import numpy as np

from program import Program

MEMBERS = 3
# Some are few to the kernels, some are many.
ROWS = (0, 1, 3, 6, 8, 9, 16, 17, 23, 24, 100)
# Length and width of the weights, bits of an element.
SHAPES = ((5, 128, 32), (4, 192, 32), (67, 192, 32), (512, 512, 32), (300, 128, 64))
PARALLEL, REDUCTION = '"parallel"', '"reduction"'
PASSES = ["--convert-linalg-to-loops"]


def product(kind, order, reductions, operands, gather=None):
    """A sum of products over the loops of `order`. `operands` are (value, type,
    indices) of a, b and c; of `gather` = (rows, column as ops), a's type is whole."""
    loops = ", ".join(order)
    shown = list(operands)
    if gather:
        row = operands[0][2].split(",")[0]
        shown[0] = (gather[0], "memref<?xi32>", row)
    maps = ", ".join(f"affine_map<({loops}) -> ({o[2]})>" for o in shown)
    kinds = ", ".join(REDUCTION if loop in reductions else PARALLEL for loop in order)
    (a, ta), (b, tb), (c, tc) = ((o[0], o[1]) for o in shown)
    first = "%p: " + ("i32" if gather else kind)
    load = ""
    if gather:
        load = f"""      %row = arith.index_cast %p : i32 to index
{gather[1]}      %v = memref.load {operands[0][0]}[%row, %column] : {operands[0][1]}
"""
    return f"""  linalg.generic {{indexing_maps = [{maps}], iterator_types = [{kinds}]}}
      ins({a}, {b} : {ta}, {tb}) outs({c} : {tc}) {{
    ^bb0({first}, %q: {kind}, %o: {kind}):
{load}      %m = arith.mulf {'%v' if gather else '%p'}, %q : {kind}
      %s = arith.addf %o, %m : {kind}
      linalg.yield %s : {kind}
  }}
"""


def member(kind, shape, name="w"):
    """(type of a stack, ops that take member %i of it, type of that)"""
    sizes = "x".join(map(str, shape))
    strides = [int(np.prod(shape[i + 1 :])) for i in range(len(shape))]
    part = f"memref<{sizes}x{kind}, strided<{strides}, offset: ?>>"
    zeros, ones = ", ".join("0" * len(shape)), ", ".join("1" * len(shape))
    whole = f"memref<{MEMBERS}x{sizes}x{kind}>"
    ops = f"  %{name}m = memref.subview %{name}[%i, {zeros}] [1, {', '.join(map(str, shape))}] [1, {ones}] : {whole} to {part}\n"
    return whole, ops, part


def functions(depth, width, bits, panels):
    kind, w = f"f{bits}", 2048 // bits
    count = width // w
    name = f"{depth}_{width}_{'panels' if panels else 'plain'}"
    draw = random.Random(depth * width)
    x, y = f"memref<?x{depth}x{kind}>", f"memref<?x{width}x{kind}>"
    stack, take, weights = member(kind, (count, depth, w) if panels else (depth, width))
    h = f"p * {w} + c" if panels else "h"
    ofW = "p, d, c" if panels else "d, h"

    def order(*loops):
        loops = [*loops, *("pc" if panels else "h")]
        draw.shuffle(loops)
        return loops

    def emit(reductions, loops, *operands, gather=None):
        sums = {*reductions} - {"h"} | (set("pc") if panels and "h" in reductions else set())
        return product(kind, loops, sums or {"h"}, operands, gather)

    text = f"""
func.func @forward_{name}(%x: {x}, %w: {stack}, %i: index, %bias: memref<{width}x{kind}>, %y: {y}) {{
  %zero = arith.constant 0.0 : {kind}
{take}  linalg.generic {{indexing_maps = [affine_map<(r, h) -> (h)>, affine_map<(r, h) -> (r, h)>], iterator_types = ["parallel", "parallel"]}}
      ins(%bias : memref<{width}x{kind}>) outs(%y : {y}) {{
    ^bb0(%b: {kind}, %o: {kind}):
      linalg.yield %b : {kind}
  }}
{emit("d", order("r", "d"), ("%x", x, "r, d"), ("%wm", weights, ofW), ("%y", y, f"r, {h}"))}
  linalg.generic {{indexing_maps = [affine_map<(r, h) -> (r, h)>, affine_map<(r, h) -> (r, h)>], iterator_types = ["parallel", "parallel"]}}
      ins(%y : {y}) outs(%y : {y}) {{
    ^bb0(%v: {kind}, %o: {kind}):
      %m = arith.maximumf %v, %zero : {kind}
      linalg.yield %m : {kind}
  }}
  return
}}
"""
    loops = order("r", "d")
    column = f"      %column = linalg.index {loops.index('d')} : index\n"
    gathered = emit("d", loops, ("%x", x, "r, d"), ("%wm", weights, ofW), ("%y", y, f"r, {h}"), gather=("%rows", column))
    text += f"""
func.func @gathered_{name}(%x: {x}, %rows: memref<?xi32>, %w: {stack}, %i: index, %y: {y}) {{
{take}{gathered}  return
}}
"""
    loops = order("r", "d")
    if panels:
        column = f"""      %pi = linalg.index {loops.index('p')} : index
      %ci = linalg.index {loops.index('c')} : index
      %wi = arith.constant {w} : index
      %from = arith.muli %pi, %wi : index
      %column = arith.addi %from, %ci : index
"""
    else:
        column = f"      %column = linalg.index {loops.index('h')} : index\n"
    gathered = emit("h", loops, ("%y", y, f"r, {h}"), ("%wm", weights, ofW), ("%x", x, "r, d"), gather=("%rows", column))
    text += f"""
func.func @input_{name}(%y: {y}, %w: {stack}, %i: index, %x: {x}) {{
{take}{emit("h", order("r", "d"), ("%y", y, f"r, {h}"), ("%wm", weights, ofW), ("%x", x, "r, d"))}  return
}}
func.func @rows_{name}(%y: {y}, %rows: memref<?xi32>, %w: {stack}, %i: index, %x: {x}) {{
{take}{gathered}  return
}}
func.func @weights_{name}(%x: {x}, %y: {y}, %i: index, %w: {stack}) {{
  %zero = arith.constant 0.0 : {kind}
{take}  linalg.fill ins(%zero : {kind}) outs(%wm : {weights})
{emit("r", order("r", "d"), ("%x", x, "r, d"), ("%y", y, f"r, {h}"), ("%wm", weights, ofW))}  return
}}
"""
    # The result in panels too.
    sums, ofY = (f"memref<{count}x?x{w}x{kind}>", "p, r, c") if panels else (y, "r, h")
    text += f"""
func.func @both_{name}(%x: {x}, %w: {stack}, %i: index, %y: {sums}) {{
{take}{emit("d", order("r", "d"), ("%x", x, "r, d"), ("%wm", weights, ofW), ("%y", sums, ofY))}  return
}}
"""
    # The last columns alone.
    last = f"memref<?x{w}x{kind}, strided<[{width}, 1], offset: {width - w}>>"
    if panels:
        part = f"memref<1x{depth}x{w}x{kind}, strided<[{depth * w}, {w}, 1], offset: ?>>"
        view = f"memref.subview %wm[{count - 1}, 0, 0] [1, {depth}, {w}] [1, 1, 1]"
    else:
        part = f"memref<{depth}x{w}x{kind}, strided<[{width}, 1], offset: ?>>"
        view = f"memref.subview %wm[0, {width - w}] [{depth}, {w}] [1, 1]"
    text += f"""
func.func @part_{name}(%x: {x}, %y: {y}, %i: index, %w: {stack}) {{
  %c0 = arith.constant 0 : index
{take}  %part = {view} : {weights} to {part}
  %n = memref.dim %y, %c0 : {y}
  %last = memref.subview %y[0, {width - w}] [%n, {w}] [1, 1] : {y} to {last}
{emit("r", order("r", "d"), ("%x", x, "r, d"), ("%last", last, f"r, {h}"), ("%part", part, ofW))}  return
}}
"""
    return text


failures = checks = 0


def check(name, good):
    global failures, checks
    checks += 1
    if not good:
        failures += 1
        print(f"FAIL {name}")


def compare(program, shape, rows, target):
    depth, width, bits = shape
    kind, w = np.dtype(f"f{bits // 8}"), 2048 // bits
    rng = np.random.default_rng([depth, width, rows])
    draw = lambda *sizes: rng.uniform(-1, 1, sizes).astype(kind)
    stored = lambda a: a.reshape(*a.shape[:-1], width // w, w).swapaxes(-2, -3).copy()
    x, y, stack, bias = draw(rows, depth), draw(rows, width), draw(MEMBERS, depth, width), draw(width)
    numbers = rng.permutation(rows).astype(np.int32)
    i = int(rng.integers(MEMBERS))
    wide, weights = [a.astype("f8") for a in (x, y)], stack[i].astype("f8")
    bound = 8 * np.finfo(kind).eps * (max(depth, width, rows) + 1)

    def both(name, expected, run):
        results = [run(layout, lambda a, p=layout == "panels": stored(a) if p else a.copy()) for layout in ("plain", "panels")]
        what = f"{name} of {rows} x {depth} x {width}, f{bits}, {target}"
        check(f"{what}: bits", results[0].tobytes() == results[1].tobytes())
        check(f"{what}: values", np.abs(results[0] - expected).max(initial=0) <= bound)

    def plain(a, shape):
        return a if a.shape == shape else np.ascontiguousarray(a.swapaxes(-2, -3)).reshape(shape)

    def run(name, *before, out):
        def call(layout, place):
            result = place(out) if out.ndim == 3 or name == "both" else out.copy()
            program(f"{name}_{depth}_{width}_{layout}", *(place(a) if isinstance(a, np.ndarray) and a.ndim == 3 else a for a in before), result)
            return plain(result, out.shape)

        return call

    both("forward", np.maximum(wide[0] @ weights + bias, 0), run("forward", x, stack, i, bias, out=np.full_like(y, np.nan)))
    both("both", wide[0] @ weights + y, run("both", x, stack, i, out=y))
    both("gathered", wide[0][numbers] @ weights + y, run("gathered", x, numbers, stack, i, out=y))
    both("input", wide[1] @ weights.T + x, run("input", y, stack, i, out=x))
    both("rows", wide[1][numbers] @ weights.T + x, run("rows", y, numbers, stack, i, out=x))
    expected = stack.astype("f8")
    expected[i] = wide[0].T @ wide[1]
    both("weights", expected, run("weights", x, y, i, out=stack))
    expected = stack.astype("f8")
    expected[i][:, width - w :] += wide[0].T @ wide[1][:, width - w :]
    both("part", expected, run("part", x, y, i, out=stack))


def targets():
    """Widths of vectors that this machine has."""
    with open("/proc/cpuinfo") as f:
        words = f.read().split()
    return [128, *([256] if "avx2" in words else []), *([512] if "avx512f" in words else [])]


def main():
    for bits in targets():
        text = "".join(functions(*shape, panels) for shape in SHAPES for panels in (False, True))
        lowering = f"--modular-lower-contractions=vector-bits={bits}"
        program = Program(text, [lowering, *PASSES])
        for shape in SHAPES:
            for rows in ROWS:
                compare(program, shape, rows, f"vectors of {bits}")
    print(f"{checks} checks, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
