#===- random_objectives.py - Random objectives and updates ---------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Writes objectives and update rules of random networks, as shorthands and as
# regions; `w` is a random_bodies.Writer.
#
#===----------------------------------------------------------------------===#


def shorthand(w):
    return w.one_of(
        f"gaussian(sigma = {w.rng.uniform(0.5, 2.0):.3f})",
        f"laplace(scale = {w.rng.uniform(0.5, 2.0):.3f})",
        "categorical",
        "bernoulli",
    )


def learned_precision(w, widths):
    """log p as a region: a gaussian whose precision is a parameter, and a penalty on
    the other results."""
    t, d = w.element, widths[0]
    all_, row, column = (f"affine_map<(i, j) -> ({x})>" for x in ("i, j", "i", "j"))
    args = [f"%y{i}: {w.rows(h)}" for i, h in enumerate(widths)] + [f"%goal: {w.rows(d)}"]
    out = []
    p = w.parameter(out, "log-precision", d, kind="")
    n = w.number_of_rows(out, "%y0", w.rows(d))
    out += [
        f"%zero = arith.constant 0.0 : {t}",
        f"%half = arith.constant -0.5 : {t}",
        f"%empty = tensor.empty({n}) : {w.rows()}",
        f"%start = linalg.fill ins(%zero : {t}) outs(%empty : {w.rows()}) -> {w.rows()}",
        f'%sum = linalg.generic {{indexing_maps = [{all_}, {all_}, {column}, {row}], iterator_types = ["parallel", "reduction"]}}'
        f" ins(%y0, %goal, {p} : {w.rows(d)}, {w.rows(d)}, {w.static(d)}) outs(%start : {w.rows()}) {{",
        f"^bb0(%a: {t}, %b: {t}, %q: {t}, %acc: {t}):",
        f"  %e = arith.subf %b, %a : {t}",
        f"  %s = math.exp %q : {t}",
        f"  %z = arith.mulf %e, %s : {t}",
        f"  %z2 = arith.mulf %z, %z : {t}",
        f"  %l = arith.mulf %half, %z2 : {t}",
        f"  %term = arith.addf %l, %q : {t}",
        f"  %r = arith.addf %acc, %term : {t}",
        f"  linalg.yield %r : {t}",
        f"}} -> {w.rows()}",
    ]
    total = "%sum"
    for i, h in enumerate(widths[1:], 1):
        out += [
            f'%cost{i} = linalg.generic {{indexing_maps = [{all_}, {row}], iterator_types = ["parallel", "reduction"]}}'
            f" ins(%y{i} : {w.rows(h)}) outs({total} : {w.rows()}) {{",
            f"^bb0(%a: {t}, %acc: {t}):",
            f"  %q = arith.mulf %a, %a : {t}",
            f"  %l = arith.mulf %half, %q : {t}",
            f"  %r = arith.addf %acc, %l : {t}",
            f"  linalg.yield %r : {t}",
            f"}} -> {w.rows()}",
        ]
        total = f"%cost{i}"
    head = f"modular.objective({', '.join(args)}) -> {w.rows()} {{"
    return [head] + ["  " + line for line in out] + [f"  modular.yield {total} : {w.rows()}", "}"]


def update_rule(w):
    dense, t = w.one_of("", "", " dense"), w.element
    if w.chance(0.8):
        name = w.one_of(
            "adam", "sgd", "momentum", "rmsprop", "adam(beta1 = 0.5, epsilon = 0.001)",
            "momentum(momentum = 0.5)", "rmsprop(decay = 0.5)",
        )  # fmt: skip
        return [f"modular.optimizer {name}{dense}"]
    # Bounded steps that shrink with their count, and two states.
    return [
        f"modular.optimizer(%p: {t}, %g: {t}, %lr: {t}, %step: {t}, %v: {t}, %n: {t}){dense} {{",
        f"  %half = arith.constant 0.5 : {t}",
        f"  %v0 = arith.mulf %half, %v : {t}",
        f"  %v1 = arith.addf %v0, %g : {t}",
        f"  %n1 = arith.addf %n, %half : {t}",
        f"  %s = arith.addf %step, %n1 : {t}",
        f"  %b = math.tanh %v1 : {t}",
        f"  %d = arith.divf %b, %s : {t}",
        f"  %m = arith.mulf %lr, %d : {t}",
        f"  %q = arith.subf %p, %m : {t}",
        f"  modular.yield %q, %v1, %n1 : {t}, {t}, {t}",
        "}",
    ]
