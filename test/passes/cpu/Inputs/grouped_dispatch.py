#===- grouped_dispatch.py - Both dispatches against NumPy -----------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Runs a layer of two classes of members forward and backward, with the selection
# forced, by naive and by grouped dispatch and by NumPy in f64: no row, one row,
# empty groups, all rows to one member, rows that repeat a pick.
#
#===----------------------------------------------------------------------===#

import sys

import numpy as np

from program import Program

D, H, M = 37, 23, 4


def text(duplicates, distinct, K):
    plan = ("distinct(%i of %n : tensor<?xi32>) " if distinct else "") + ("unique " if K == 1 else "")
    plan += f"duplicates {duplicates} "
    return f"""
func.func @forward(%w: tensor<3x{D}x{H}xf32> {{bufferization.writable = false}},
    %b: tensor<3x{H}xf32> {{bufferization.writable = false}}, %s: tensor<1x{H}xf32> {{bufferization.writable = false}},
    %x: tensor<?x{D}xf32> {{bufferization.writable = false}}, %a: tensor<?x{K}xi32> {{bufferization.writable = false}},
    %i: tensor<?xi32> {{bufferization.writable = false}}, %y: tensor<?x{H}xf32> {{bufferization.writable = true}}) -> tensor<?x{H}xf32> {{
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x{D}xf32>
  %sel = modular.to_selection %a : tensor<?x{K}xi32> -> !modular.selection<{K} of {M}>
  %p = modular.plan %sel {plan}: !modular.selection<{K} of {M}> -> !modular.plan<{K} of {M}>
  %h = modular.grouped %p gather(%x : tensor<?x{D}xf32>)
    class [0, 1, 3] parameters(%w : tensor<3x{D}x{H}xf32>, %b : tensor<3x{H}xf32>) {{
    ^bb0(%xm: tensor<?x{D}xf32>, %wm: tensor<{D}x{H}xf32>, %bm: tensor<{H}xf32>):
      %v = modular.linear %xm, %wm, %bm : tensor<?x{D}xf32>, tensor<{D}x{H}xf32>, tensor<{H}xf32> -> tensor<?x{H}xf32>
      modular.yield %v : tensor<?x{H}xf32>
    }}
    class [2] parameters(%s : tensor<1x{H}xf32>) {{
    ^bb0(%xm: tensor<?x{D}xf32>, %sm: tensor<{H}xf32>):
      %c = arith.constant 0 : index
      %r = tensor.dim %xm, %c : tensor<?x{D}xf32>
      %v = tensor.extract_slice %xm[0, 0] [%r, {H}] [1, 1] : tensor<?x{D}xf32> to tensor<?x{H}xf32>
      %z = modular.relu %v : tensor<?x{H}xf32>
      modular.yield %z : tensor<?x{H}xf32>
    }} : !modular.plan<{K} of {M}> -> rows(tensor<?x{H}xf32>) gradients() gradients()
  %c = modular.combine sum %p, %h : !modular.plan<{K} of {M}>, tensor<?x{H}xf32> -> tensor<?x{H}xf32>
  %r = bufferization.materialize_in_destination %c in %y : (tensor<?x{H}xf32>, tensor<?x{H}xf32>) -> tensor<?x{H}xf32>
  return %r : tensor<?x{H}xf32>
}}
""" + ("" if distinct else f"""
func.func @backward(%w: tensor<{M}x{D}x{H}xf32> {{bufferization.writable = false}},
    %x: tensor<?x{D}xf32> {{bufferization.writable = false}}, %a: tensor<?x{K}xi32> {{bufferization.writable = false}},
    %dy: tensor<?x{H}xf32> {{bufferization.writable = false}}, %dx: tensor<?x{D}xf32> {{bufferization.writable = true}},
    %dw: tensor<{M}x{D}x{H}xf32> {{bufferization.writable = true}}, %db: tensor<{M}x{H}xf32> {{bufferization.writable = true}})
    -> (tensor<?x{D}xf32>, tensor<{M}x{D}x{H}xf32>, tensor<{M}x{H}xf32>) {{
  %sel = modular.to_selection %a : tensor<?x{K}xi32> -> !modular.selection<{K} of {M}>
  %p = modular.plan %sel {plan}: !modular.selection<{K} of {M}> -> !modular.plan<{K} of {M}>
  %g = modular.dispatch sum %p, %dy : !modular.plan<{K} of {M}>, tensor<?x{H}xf32> -> tensor<?x{H}xf32>
  %h, %gw, %gb = modular.grouped %p gather(%x : tensor<?x{D}xf32>) along(%g : tensor<?x{H}xf32>)
    class [0, 1, 2, 3] parameters(%w : tensor<{M}x{D}x{H}xf32>) {{
    ^bb0(%xm: tensor<?x{D}xf32>, %gm: tensor<?x{H}xf32>, %wm: tensor<{D}x{H}xf32>):
      %zero = arith.constant 0.0 : f32
      %c = arith.constant 0 : index
      %r = tensor.dim %xm, %c : tensor<?x{D}xf32>
      %e0 = tensor.empty(%r) : tensor<?x{D}xf32>
      %f0 = linalg.fill ins(%zero : f32) outs(%e0 : tensor<?x{D}xf32>) -> tensor<?x{D}xf32>
      %v = linalg.generic {{indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (j, k)>, affine_map<(i, j, k) -> (i, j)>],
          iterator_types = ["parallel", "parallel", "reduction"]}} ins(%gm, %wm : tensor<?x{H}xf32>, tensor<{D}x{H}xf32>) outs(%f0 : tensor<?x{D}xf32>) {{
      ^bb1(%p0: f32, %p1: f32, %o: f32):
        %m = arith.mulf %p0, %p1 : f32
        %s = arith.addf %o, %m : f32
        linalg.yield %s : f32
      }} -> tensor<?x{D}xf32>
      %e1 = tensor.empty() : tensor<{D}x{H}xf32>
      %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<{D}x{H}xf32>) -> tensor<{D}x{H}xf32>
      %q = linalg.generic {{indexing_maps = [affine_map<(i, j, k) -> (k, i)>, affine_map<(i, j, k) -> (k, j)>, affine_map<(i, j, k) -> (i, j)>],
          iterator_types = ["parallel", "parallel", "reduction"]}} ins(%xm, %gm : tensor<?x{D}xf32>, tensor<?x{H}xf32>) outs(%f1 : tensor<{D}x{H}xf32>) {{
      ^bb1(%p0: f32, %p1: f32, %o: f32):
        %m = arith.mulf %p0, %p1 : f32
        %s = arith.addf %o, %m : f32
        linalg.yield %s : f32
      }} -> tensor<{D}x{H}xf32>
      %e2 = tensor.empty() : tensor<{H}xf32>
      %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<{H}xf32>) -> tensor<{H}xf32>
      %t = linalg.reduce ins(%gm : tensor<?x{H}xf32>) outs(%f2 : tensor<{H}xf32>) dimensions = [0]
        (%p0: f32, %o: f32) {{
          %s = arith.addf %o, %p0 : f32
          linalg.yield %s : f32
        }}
      modular.yield %v, %q, %t : tensor<?x{D}xf32>, tensor<{D}x{H}xf32>, tensor<{H}xf32>
    }} : !modular.plan<{K} of {M}> -> rows(tensor<?x{D}xf32>) gradients(tensor<{M}x{D}x{H}xf32>, tensor<{M}x{H}xf32>)
  %c = modular.combine sum %p, %h : !modular.plan<{K} of {M}>, tensor<?x{D}xf32> -> tensor<?x{D}xf32>
  %r0 = bufferization.materialize_in_destination %c in %dx : (tensor<?x{D}xf32>, tensor<?x{D}xf32>) -> tensor<?x{D}xf32>
  %r1 = bufferization.materialize_in_destination %gw in %dw : (tensor<{M}x{D}x{H}xf32>, tensor<{M}x{D}x{H}xf32>) -> tensor<{M}x{D}x{H}xf32>
  %r2 = bufferization.materialize_in_destination %gb in %db : (tensor<{M}x{H}xf32>, tensor<{M}x{H}xf32>) -> tensor<{M}x{H}xf32>
  return %r0, %r1, %r2 : tensor<?x{D}xf32>, tensor<{M}x{D}x{H}xf32>, tensor<{M}x{H}xf32>
}}
""")


def picks(a, r, once):
    chosen = list(a[r])
    return list(dict.fromkeys(chosen)) if once else chosen


def main():
    rng = np.random.default_rng(7)
    f32 = lambda *shape: rng.standard_normal(shape).astype(np.float32)
    failures = checks = 0

    def check(what, got, want, scale):
        nonlocal failures, checks
        checks += 1
        # Twice γ_n·(|A|·|B|) of the longest sum, n ≤ 600.
        if not np.all(np.abs(got - want) <= 2 * 600 * 2.0**-24 * scale + 1e-30):
            failures += 1
            print(f"FAIL {what}: {np.max(np.abs(got - want)):.3g}")

    # With one pick a row, plans whose pairs of operand row and member are unique.
    for duplicates, distinct, K in (("each", False, 2), ("once", False, 2), ("each", True, 2), ("once", True, 2), ("each", True, 1)):
        once = duplicates == "once"
        for passes in (["--modular-to-tiled=dispatch=naive", "--modular-to-buffers=dispatch=naive"],
                       ["--modular-to-tiled", "--modular-to-buffers"],
                       ["--modular-to-tiled=row-block=7", "--modular-to-buffers=vector-bits=512"]):
            program = Program(text(duplicates, distinct, K), passes)
            for rows, kind in ((0, "any"), (1, "any"), (5, "any"), (300, "any"), (300, "one"), (130, "two")):
                copies = 3 if distinct else 1
                x, w, b, s = f32(rows, D), f32(3, D, H), f32(3, H), f32(1, H)
                high = {"any": M, "one": 1, "two": 2}[kind]
                a = rng.integers(0, high, (rows * copies, K)).astype(np.int32) + (1 if kind != "any" else 0)
                a = np.ascontiguousarray(a.astype(np.int32))
                y = np.full((rows * copies, H), np.nan, np.float32)
                # Any row may stand for any operand row, and some for none.
                source = np.arange(rows) if not distinct else rng.integers(0, max(rows, 1), rows * copies)
                if K == 1:
                    pairs = rng.permutation(rows * M)[: rows * copies]
                    source, a = pairs // M, np.ascontiguousarray((pairs % M)[:, None].astype(np.int32))
                source = source.astype(np.int32)
                program("forward", w, b, s, x, a, source, y)
                want, scale = np.zeros(y.shape), np.zeros(y.shape)
                slot = {0: 0, 1: 1, 3: 2}
                for r in range(rows * copies):
                    xr = x[source[r]].astype(np.float64)
                    for m in picks(a, r, once):
                        if m == 2:
                            v = np.maximum(xr[:H], 0)
                            want[r] += v
                            scale[r] += v
                        else:
                            want[r] += xr @ w[slot[m]] + b[slot[m]]
                            scale[r] += np.abs(xr) @ np.abs(w[slot[m]]) + np.abs(b[slot[m]])
                name = f"{duplicates} distinct={distinct} K={K} {passes[0][18:]} {rows} {kind}"
                check(f"y {name}", y, want, scale)
                if distinct:
                    continue
                w4, dy = f32(M, D, H), f32(rows, H)
                dx = np.full((rows, D), np.nan, np.float32)
                dw, db = np.full((M, D, H), np.nan, np.float32), np.full((M, H), np.nan, np.float32)
                program("backward", w4, x, a, dy, dx, dw, db)
                wdx, sdx = np.zeros(dx.shape), np.zeros(dx.shape)
                wdw, sdw, wdb, sdb = np.zeros(dw.shape), np.zeros(dw.shape), np.zeros(db.shape), np.zeros(db.shape)
                for r in range(rows):
                    for m in picks(a, r, once):
                        wdx[r] += w4[m].astype(np.float64) @ dy[r]
                        sdx[r] += np.abs(w4[m]).astype(np.float64) @ np.abs(dy[r])
                        outer = np.outer(x[r].astype(np.float64), dy[r])
                        wdw[m] += outer
                        sdw[m] += np.abs(outer)
                        wdb[m] += dy[r]
                        sdb[m] += np.abs(dy[r])
                check(f"dx {name}", dx, wdx, sdx)
                check(f"dw {name}", dw, wdw, sdw)
                check(f"db {name}", db, wdb, sdb)
    print(f"{checks} checks, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
