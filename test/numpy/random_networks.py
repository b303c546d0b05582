#!/usr/bin/python3
#===- random_networks.py - Random networks as text ------------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Writes networks that people would not think of, in the dialect's own syntax, and
# the batches on which dispatch goes wrong first. The same seed, the same text.
#
#===----------------------------------------------------------------------===#
"""A network of 1 to 4 layers over a DAG with skips: pools that layers share, pools
of members with different bodies, linear and MLP controllers that read the layer's
input, another value or scores from data, every composition, gate and policy for
duplicates, K from 1 to M and M from 1.
"""
import argparse
import sys

import numpy as np

# (case, points): what the batch of a network looks like.
CASES = (
    ("ordinary", 13),
    ("one point", 1),
    ("no point", 0),
    ("all to one member", 9),
    ("empty groups", 7),
    ("many", 67),
)


class Writer:
    """Text of one network, module by module."""

    def __init__(self, rng, element):
        self.rng = rng
        self.element = element
        self.modules, self.controllers, self.pools = [], [], []
        self.graph, self.count = [], 0

    def one_of(self, *items):
        return items[int(self.rng.integers(len(items)))]

    def chance(self, p):
        return bool(self.rng.random() < p)

    def size(self, low, high):
        return int(self.rng.integers(low, high + 1))

    def fresh(self, stem):
        self.count += 1
        return f"{stem}{self.count}"

    def rows(self, *dims):
        """tensor<?x...>, one row for each choice."""
        return f"tensor<?x{'x'.join([str(d) for d in dims] + [self.element])}>"

    def static(self, *dims):
        return f"tensor<{'x'.join([str(d) for d in dims] + [self.element])}>"

    def parameter(self, out, name, *dims):
        init = self.one_of("glorot_uniform", "glorot_normal", "he_uniform", "he_normal")
        if len(dims) == 1:
            init = self.one_of("zeros", "uniform(-0.5, 0.5)", "normal(0.0, 0.3)", "constant(0.1)")
        value = self.fresh("%w")
        out.append(
            f'{value} = modular.parameter "{name}" init({init}) : {self.static(*dims)}'
        )
        return value

    def linear(self, out, x, d, h, name, bias=None):
        """x·W + b under parameters `name`.weight and .bias; returns the value."""
        weight = self.parameter(out, f"{name}-weight", d, h)
        values, types = [x, weight], [self.rows(d), self.static(d, h)]
        if self.chance(0.7) if bias is None else bias:
            values.append(self.parameter(out, f"{name}-bias", h))
            types.append(self.static(h))
        y = self.fresh("%v")
        out.append(
            f"{y} = modular.linear {', '.join(values)} : {', '.join(types)} -> {self.rows(h)}"
        )
        return y

    def activation(self, out, x, d):
        name = self.one_of(
            "modular.gelu", "modular.sigmoid", "modular.softplus", "math.tanh",
            "modular.relu", "math.sin",
        )  # fmt: skip
        y = self.fresh("%v")
        out.append(f"{y} = {name} {x} : {self.rows(d)}")
        return y

    def binary(self, out, name, a, b, d):
        y = self.fresh("%v")
        out.append(f"{y} = arith.{name} {a}, {b} : {self.rows(d)}")
        return y

    def normalise(self, out, x, d):
        """Root-mean-square norm of each row, as linalg on tensors."""
        n, e1, e2, zero, f, s, y = (self.fresh("%v") for _ in range(7))
        c0, vec, mat = self.fresh("%c"), "tensor<?x%s>" % self.element, self.rows(d)
        width, eps, t = self.fresh("%c"), self.fresh("%c"), self.element
        row, all_ = "affine_map<(i, j) -> (i)>", "affine_map<(i, j) -> (i, j)>"
        out += [
            f"{c0} = arith.constant 0 : index",
            f"{n} = tensor.dim {x}, {c0} : {mat}",
            f"{zero} = arith.constant 0.0 : {t}",
            f"{width} = arith.constant {float(d)} : {t}",
            f"{eps} = arith.constant 0.01 : {t}",
            f"{e1} = tensor.empty({n}) : {vec}",
            f"{f} = linalg.fill ins({zero} : {t}) outs({e1} : {vec}) -> {vec}",
            f'{s} = linalg.generic {{indexing_maps = [{all_}, {row}], iterator_types = ["parallel", "reduction"]}}'
            f" ins({x} : {mat}) outs({f} : {vec}) {{",
            f"^bb0(%a: {t}, %acc: {t}):",
            f"  %q = arith.mulf %a, %a : {t}",
            f"  %r = arith.addf %acc, %q : {t}",
            f"  linalg.yield %r : {t}",
            f"}} -> {vec}",
            f"{e2} = tensor.empty({n}) : {mat}",
            f'{y} = linalg.generic {{indexing_maps = [{all_}, {row}, {all_}], iterator_types = ["parallel", "parallel"]}}'
            f" ins({x}, {s} : {mat}, {vec}) outs({e2} : {mat}) {{",
            f"^bb0(%a: {t}, %b: {t}, %o: {t}):",
            f"  %m = arith.divf %b, {width} : {t}",
            f"  %e = arith.addf %m, {eps} : {t}",
            f"  %r = math.rsqrt %e : {t}",
            f"  %p = arith.mulf %a, %r : {t}",
            f"  linalg.yield %p : {t}",
            f"}} -> {mat}",
        ]
        return y

    def module(self, d, h):
        """A new module template d -> h; returns its symbol."""
        out, symbol = [], self.fresh("m")
        kind = self.one_of("affine", "affine", "mlp", "gated", "norm", "residual", "nested")
        x = "%x"
        if kind == "mlp":
            k = self.size(1, 6)
            y = self.linear(out, self.activation(out, self.linear(out, x, d, k, "in"), k), k, h, "out")
        elif kind == "gated":
            gate = self.fresh("%v")
            scores = self.linear(out, x, d, h, "gate")
            out.append(f"{gate} = modular.sigmoid {scores} : {self.rows(h)}")
            y = self.binary(out, "mulf", gate, self.linear(out, x, d, h, "value"), h)
        elif kind == "norm":
            y = self.linear(out, self.normalise(out, x, d), d, h, "out")
        elif kind == "residual":
            y = self.linear(out, x, d, h, "first", True)
            y = self.binary(out, "addf", y, self.linear(out, self.activation(out, y, h), h, h, "second"), h)
        elif kind == "nested":
            inner = self.module(d, h)
            y = self.fresh("%v")
            out.append(f'{y} = modular.apply @{inner} as "inner"(%x) : ({self.rows(d)}) -> {self.rows(h)}')
        else:
            y = self.linear(out, x, d, h, "only")
        self.body(self.modules, f"modular.module @{symbol}", d, self.rows(h), out, y)
        return symbol

    def body(self, where, head, d, result, out, y):
        where.append(f"{head}(%x: {self.rows(d)}) -> {result} {{")
        where += ["  " + line for line in out]
        where += [f"  modular.yield {y} : {result}", "}"]

    def pool(self, d, h):
        """(symbol, M) of a new pool of members d -> h."""
        symbol, m = self.fresh("p"), self.one_of(1, 2, 2, 3, 4, 5)
        members, left = [], m
        while left:
            # Members of one body in a row, or bodies of their own.
            same = left if self.chance(0.5) else self.size(1, left)
            name = self.module(d, h)
            members.append(f"@{name} x {same}" if same > 1 else f"@{name}")
            left -= same
        self.pools.append(f"modular.pool @{symbol} [{', '.join(members)}]")
        return symbol, m

    def controller(self, d, k, m):
        """(symbol, whether its choices are drawn) of a new controller."""
        out, symbol = [], self.fresh("c")
        x, width = "%x", d
        for _ in range(self.one_of(0, 0, 1, 2)):
            hidden = self.size(1, 6)
            x = self.activation(out, self.linear(out, x, width, hidden, self.fresh("hidden")), hidden)
            width = hidden
        scores, y = self.linear(out, x, width, k * m, "scores"), self.fresh("%v")
        out.append(f"{y} = modular.reshape {scores} : {self.rows(k * m)} -> {self.rows(k, m)}")
        result = self.rows(k, m)
        head, tail = f"modular.controller @{symbol}", result
        if self.chance(0.1):
            tail += " distribution(#modular.fixed)"
        self.body(self.controllers, head, d, tail, out, y)
        self.controllers[-2] = f"  modular.yield {y} : {result}"
        return symbol

    def given(self, k, m):
        """A controller whose scores are data."""
        symbol, type = self.fresh("c"), self.rows(k, m)
        self.controllers += [
            f"modular.controller @{symbol}(%s: {type}) -> {type} {{",
            f"  modular.yield %s : {type}",
            "}",
        ]
        return symbol


def generate(seed, element=None):
    """The text of network number `seed`."""
    rng = np.random.default_rng([seed, 22])
    w = Writer(rng, element or ("f32" if rng.random() < 0.5 else "f64"))
    inputs = [("%x", (w.size(1, 9),))]
    if w.chance(0.25):
        inputs.append(("%z", (w.size(1, 5),)))
    values = [(name, dims[0]) for name, dims in inputs]
    pools, controllers = [], []
    for _ in range(w.one_of(1, 1, 2, 2, 3, 4)):
        x, d = values[-1] if w.chance(0.7) else w.one_of(*values)
        fitting = [p for p in pools if p[2] == d]
        if fitting and w.chance(0.6):
            pool, m, _, h = w.one_of(*fitting)
        else:
            # Equal widths make pools that later layers can share.
            h = d if w.chance(0.4) else w.size(1, 8)
            pool, m = w.pool(d, h)
            pools.append((pool, m, d, h))
        k = w.one_of(1, 1, m, w.size(1, m))
        if w.chance(0.1):
            operand = (f"%s{len(inputs)}", (k, m))
            inputs.append(operand)
            by = f"@{w.given(k, m)}({operand[0]} : {w.rows(k, m)})"
        else:
            source, width = (x, d) if w.chance(0.6) else w.one_of(*values)
            same = [c for c in controllers if c[1:] == (width, k, m)]
            if same and w.chance(0.5):
                symbol = same[0][0]
            else:
                symbol = w.controller(width, k, m)
                controllers.append((symbol, width, k, m))
            by = f"@{symbol}({source} : {w.rows(width)})"
        compose = w.one_of("sum", "sum", "concat", "mean", "gated")
        gate = ""
        if compose == "gated":
            gate = " gate soft"
            if w.chance(0.4):
                gates = ", ".join(f"{g:.3f}" for g in rng.uniform(-1.0, 1.0, k))
                gate = f" gate fixed [{gates}]"
        duplicates = " duplicates once" if compose != "concat" and w.chance(0.4) else ""
        y, width = w.fresh("%v"), h * k if compose == "concat" else h
        w.graph.append(
            f"{y} = modular.layer @{pool}({x} : {w.rows(d)}) by {by} choose {k} "
            f"compose {compose}{gate}{duplicates} -> {w.rows(width)}"
        )
        if w.chance(0.6):
            y = w.activation(w.graph, y, width)
        like = [v for v, n in values if n == width]
        if like and w.chance(0.5):
            y = w.binary(w.graph, "addf", y, w.one_of(*like), width)
        values.append((y, width))
    y, width = values[-1]
    outputs = w.size(2, 5)
    head = w.module(width, outputs)
    last = w.fresh("%v")
    w.graph.append(f'{last} = modular.apply @{head} as "head"({y}) : ({w.rows(width)}) -> {w.rows(outputs)}')
    objective = w.one_of(
        f"gaussian(sigma = {rng.uniform(0.5, 2.0):.3f})",
        f"laplace(scale = {rng.uniform(0.5, 2.0):.3f})",
        "categorical",
        "bernoulli",
    )
    args = ", ".join(f"{name}: {w.rows(*dims)}" for name, dims in inputs)
    lines = w.modules + w.pools + w.controllers
    lines.append(f"modular.graph({args}) -> {w.rows(outputs)} {{")
    lines += ["  " + line for line in w.graph]
    lines += [f"  modular.output {last} : {w.rows(outputs)}", "}"]
    lines.append(f"modular.objective {objective}")
    lines.append(f"modular.optimizer {w.one_of('adam', 'sgd', 'momentum', 'rmsprop')}")
    text = [f"// Random network {seed}.", f"modular.network @random{seed} {{"]
    return "\n".join(text + ["  " + line for line in lines] + ["}", ""])


def batch(network, seed, case, points):
    """(inputs, wanted, choices [N, slots]) for a network.Network; wanted is None
    without an objective."""
    rng = np.random.default_rng([seed, points, 23])
    types = network.graph.attrs["function_type"]
    inputs = [rng.normal(size=(points,) + t.shape[1:]) for t in types.inputs]
    wanted = None
    if network.objective is not None:
        kind = str(network.objective.attrs["kind"])
        width = types.results[0].shape[1]
        if "categorical" in kind:
            wanted = [rng.integers(0, width, points).astype(np.int32)]
        elif "bernoulli" in kind:
            wanted = [rng.integers(0, 2, (points, width)).astype(np.float64)]
        else:
            wanted = [rng.normal(size=(points, width))]
    columns = []
    for layer in network.layers:
        k, m = network.layer_shape(layer)
        k *= int(layer.attrs.get("rows_per_point", 1)) * network.steps(layer)
        if case == "all to one member":
            picks = np.full((points, k), rng.integers(m))
        elif case == "empty groups":
            picks = rng.choice(rng.permutation(m)[: max(1, m // 2)], (points, k))
        else:
            picks = rng.integers(0, m, (points, k))
        columns.append(picks)
    choices = np.concatenate(columns, 1).astype(np.int32)
    return inputs, wanted, choices


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=1, help="networks, from --seed on")
    parser.add_argument("--element", choices=("f32", "f64"))
    args = parser.parse_args()
    for seed in range(args.seed, args.seed + args.count):
        sys.stdout.write(generate(seed, args.element))


if __name__ == "__main__":
    main()
