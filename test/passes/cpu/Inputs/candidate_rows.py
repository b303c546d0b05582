#===- candidate_rows.py - Shared rows of candidates against NumPy ---------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Numbers distinct rows, takes rows by number, and draws, scores and gates by the
# scores of other rows, and picks the largest of many: by both dispatches and by NumPy. The temporaries of a call
# hold what earlier calls left there.
#
#===----------------------------------------------------------------------===#

import sys

import numpy as np

from program import Program

M = 5
MANY = 300  # whose scores of a row are 1 KiB and more


def text(k, bound):
    return f"""
func.func @distinct(%keys: tensor<?x{k}xi32> {{bufferization.writable = false}},
    %parent: tensor<?xi32> {{bufferization.writable = false}}, %index: tensor<?xi32> {{bufferization.writable = true}},
    %first: tensor<?xi32> {{bufferization.writable = true}}, %taken: tensor<?x{k}xi32> {{bufferization.writable = true}},
    %count: tensor<1xi32> {{bufferization.writable = true}})
    -> (tensor<?xi32>, tensor<?xi32>, tensor<?x{k}xi32>, tensor<1xi32>) {{
  %c0 = arith.constant 0 : index
  %parents = arith.constant 300 : index
  %i, %f = modular.distinct_rows %keys below {bound} of %parent in %parents : tensor<?x{k}xi32>, tensor<?xi32> -> tensor<?xi32>, tensor<?xi32>
  %once = modular.take_rows %keys at %f : tensor<?x{k}xi32>, tensor<?xi32> -> tensor<?x{k}xi32>
  %all = modular.take_rows %once at %i : tensor<?x{k}xi32>, tensor<?xi32> -> tensor<?x{k}xi32>
  %d = tensor.dim %f, %c0 : tensor<?xi32>
  %rows = tensor.dim %i, %c0 : tensor<?xi32>
  %empty = tensor.empty(%rows) : tensor<?xi32>
  %one = arith.constant 1 : i32
  %j = linalg.generic {{indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}}
      ins(%i : tensor<?xi32>) outs(%empty : tensor<?xi32>) {{
    ^bb0(%v: i32, %o: i32):
      %w = arith.addi %v, %one : i32
      linalg.yield %w : i32
    }} -> tensor<?xi32>
  %r0 = bufferization.materialize_in_destination %j in %index : (tensor<?xi32>, tensor<?xi32>) -> tensor<?xi32>
  %n = arith.index_cast %d : index to i32
  %r3 = linalg.fill ins(%n : i32) outs(%count : tensor<1xi32>) -> tensor<1xi32>
  %firsts = modular.take_rows %f at %i : tensor<?xi32>, tensor<?xi32> -> tensor<?xi32>
  %r1 = bufferization.materialize_in_destination %firsts in %first : (tensor<?xi32>, tensor<?xi32>) -> tensor<?xi32>
  %r2 = bufferization.materialize_in_destination %all in %taken : (tensor<?x{k}xi32>, tensor<?x{k}xi32>) -> tensor<?x{k}xi32>
  return %r0, %r1, %r2, %r3 : tensor<?xi32>, tensor<?xi32>, tensor<?x{k}xi32>, tensor<1xi32>
}}
func.func @scores(%scores: tensor<?x{k}x{M}xf32> {{bufferization.writable = false}},
    %i: tensor<?xi32> {{bufferization.writable = false}}, %u: tensor<?x{k}xf32> {{bufferization.writable = false}},
    %picks: tensor<?x{k}xi32> {{bufferization.writable = true}}, %logs: tensor<?xf32> {{bufferization.writable = true}},
    %gates: tensor<?x{k}xf32> {{bufferization.writable = true}}) -> (tensor<?x{k}xi32>, tensor<?xf32>, tensor<?x{k}xf32>) {{
  %a = modular.sample %scores at(%i : tensor<?xi32>), %u : tensor<?x{k}x{M}xf32>, tensor<?x{k}xf32> -> !modular.selection<{k} of {M}>
  %l = modular.log_probability %scores at(%i : tensor<?xi32>), %a : tensor<?x{k}x{M}xf32>, !modular.selection<{k} of {M}> -> tensor<?xf32>
  %g = modular.gates %scores at(%i : tensor<?xi32>), %a : tensor<?x{k}x{M}xf32>, !modular.selection<{k} of {M}> -> tensor<?x{k}xf32>
  %p = modular.from_selection %a : !modular.selection<{k} of {M}> -> tensor<?x{k}xi32>
  %r0 = bufferization.materialize_in_destination %p in %picks : (tensor<?x{k}xi32>, tensor<?x{k}xi32>) -> tensor<?x{k}xi32>
  %r1 = bufferization.materialize_in_destination %l in %logs : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %r2 = bufferization.materialize_in_destination %g in %gates : (tensor<?x{k}xf32>, tensor<?x{k}xf32>) -> tensor<?x{k}xf32>
  return %r0, %r1, %r2 : tensor<?x{k}xi32>, tensor<?xf32>, tensor<?x{k}xf32>
}}
func.func @largest(%scores: tensor<?x{k}x{MANY}xf32> {{bufferization.writable = false}},
    %picks: tensor<?x{k}xi32> {{bufferization.writable = true}}) -> tensor<?x{k}xi32> {{
  %a = modular.mode %scores : tensor<?x{k}x{MANY}xf32> -> !modular.selection<{k} of {MANY}>
  %p = modular.from_selection %a : !modular.selection<{k} of {MANY}> -> tensor<?x{k}xi32>
  %r = bufferization.materialize_in_destination %p in %picks : (tensor<?x{k}xi32>, tensor<?x{k}xi32>) -> tensor<?x{k}xi32>
  return %r : tensor<?x{k}xi32>
}}
"""


def number(keys, parent):
    numbers, first, index = {}, [], []
    for r in range(len(keys)):
        key = (parent[r], *keys[r])
        if key not in numbers:
            numbers[key] = len(first)
            first.append(r)
        index.append(numbers[key])
    return index, first


def main():
    rng = np.random.default_rng(3)
    failures = checks = 0

    def check(what, good):
        nonlocal failures, checks
        checks += 1
        if not good:
            failures += 1
            print(f"FAIL {what}")

    # By a table, by lists because of the bound, and by lists because of K.
    for k, bound in ((1, M), (1, 20), (2, M), (3, M)):
        for passes in (["--modular-to-tiled=dispatch=naive", "--modular-to-buffers=dispatch=naive"],
                       ["--modular-to-tiled=row-block=7", "--modular-to-buffers"]):
            program = Program(text(k, bound), passes)
            for rows, parents, members in ((0, 1, 1), (1, 1, 1), (300, 40, M), (300, 300, 2), (301, 1, 3)):
                name = f"K {k} below {bound} {passes[0][18:]} {rows} {parents}"
                keys = rng.integers(0, members, (rows, k)).astype(np.int32)
                parent = rng.integers(0, parents, rows).astype(np.int32)
                index = np.full(rows, -7, np.int32)
                first, taken = index.copy(), np.zeros_like(keys)
                count = np.full(1, -7, np.int32)
                program("distinct", keys, parent, index, first, taken, count)
                wanted_index, wanted_first = number(keys, parent)
                check(f"index {name}", (index - 1).tolist() == wanted_index)
                check(f"first {name}", first.tolist() == [wanted_first[i] for i in wanted_index])
                check(f"count {name}", count[0] == len(wanted_first))
                check(f"taken {name}", (taken == keys).all())
            for rows in (0, 1, 13, 100):
                # Few values, so that the first of equals is asked for; some unknown.
                many = rng.integers(-9, 9, (rows, k, MANY)).astype(np.float32)
                many[rng.random(many.shape) < 0.2] = np.nan
                many[:1] = np.nan
                many[5:6] = -np.inf
                picks = np.full((rows, k), -7, np.int32)
                program("largest", many, picks)
                check(f"largest K {k} {passes[0][18:]} {rows}",
                      (picks == np.nan_to_num(many, nan=-np.inf, neginf=-np.inf).argmax(-1)).all())
            for rows in (0, 1, 200):
                name = f"scores K {k} {passes[0][18:]} {rows}"
                sources = 30
                scores = (4 * rng.standard_normal((sources, k, M))).astype(np.float32)
                # Certain, impossible and unknown members.
                scores[0, :, 0] = 500
                scores[1, :, 3:] = -np.inf
                scores[2] = np.nan
                source = rng.integers(0, sources, rows).astype(np.int32)
                u = rng.random((rows, k)).astype(np.float32)
                u[rng.random((rows, k)) < 0.1] = np.float32(1 - 2.0**-24)
                picks = np.full((rows, k), -7, np.int32)
                logs, gates = np.full(rows, np.nan, np.float32), np.full((rows, k), np.nan, np.float32)
                program("scores", scores, source, u, picks, logs, gates)
                s = scores[source].astype(np.float64)
                shifted = s - s.max(-1, keepdims=True)
                p = np.exp(shifted) / np.exp(shifted).sum(-1, keepdims=True)
                total = p.cumsum(-1)
                known = ~np.isnan(p[..., 0])
                # A draw next to a step may fall on either side of it.
                near = (np.abs(total - u[..., None]) < 1e-5).any(-1)
                above = total > u[..., None]
                last = M - 1 - (p[..., ::-1] > 0).argmax(-1)
                drawn = np.where(above.any(-1), above.argmax(-1), last)
                check(f"picks {name}", ((picks == drawn) | near)[known].all() and (picks[~known] == 0).all())
                chosen = np.take_along_axis(p, picks[..., None].astype(int), -1)[..., 0]
                with np.errstate(divide="ignore", invalid="ignore"):
                    good = np.abs(logs - np.log(chosen).sum(-1)) < 1e-4
                    sure = known.all(-1) & (chosen > 1e-30).all(-1)
                check(f"logs {name}", good[sure].all())
                shares = chosen / np.where(known, chosen, 1).sum(-1, keepdims=True)
                check(f"gates {name}", (np.abs(gates - shares) < 1e-5)[sure].all())
    print(f"{checks} checks, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
