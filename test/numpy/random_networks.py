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
of members with different bodies, members with several row operands, shared operands
and several results, linear and MLP controllers that read the layer's input, another
value or scores from data, every composition, gate and policy for duplicates, K from
1 to M and M from 1; layers for tokens and for the steps of a scan; frozen parameters
and state; objectives and update rules as shorthands and as regions.
"""
import argparse
import sys

import numpy as np

from random_bodies import Interface, Writer
from random_objectives import learned_precision, shorthand, update_rule

# (case, points): what the batch of a network looks like.
CASES = (
    ("ordinary", 13),
    ("one point", 1),
    ("no point", 0),
    ("all to one member", 9),
    ("empty groups", 7),
    ("many", 67),
)


class Network(Writer):
    """A graph of layers over values, which are (name, width)."""

    def __init__(self, rng, element):
        super().__init__(rng, element)
        self.inputs = [("%x", (self.width(9),))]
        if self.chance(0.25):
            self.inputs.append(("%z", (self.width(5),)))
        self.values = [(name, dims[0]) for name, dims in self.inputs]
        self.known, self.routers, self.layers = [], [], 0

    def picks(self, m):
        """K of a layer on a pool of m."""
        return self.one_of(1, 1, m, self.size(1, m))

    def input(self, *dims):
        self.inputs.append((self.fresh("%in"), dims))
        return self.inputs[-1][0]

    def pool_for(self, interface):
        """(symbol, M): a pool that there is, or a new one."""
        fitting = [p for p in self.known if p[2] == interface]
        if fitting and self.chance(0.6):
            return self.one_of(*fitting)[:2]
        self.known.append(self.pool(interface) + (interface,))
        return self.known[-1][:2]

    def routed_by(self, source, k, m):
        """The clause `by` of a layer; `source` is a value."""
        same = [c for c in self.routers if c[1:] == (source[1], k, m)]
        if same and self.chance(0.5):
            symbol = same[0][0]
        else:
            symbol = self.controller(source[1], k, m)
            self.routers.append((symbol, source[1], k, m))
        return f"by @{symbol}({source[0]} : {self.rows(source[1])})"

    def layer(self, out, operands, results, by=None, tail="", concat=True, shared=()):
        """Writes a layer of a pool with these row operands (values) and widths of
        results; returns its values. `by` is what its controller reads, None for
        scores from data."""
        self.layers += 1
        interface = Interface(tuple(d for _, d in operands), results, tuple(d for _, d, _ in shared))
        pool, m = self.pool_for(interface)
        k = self.picks(m)
        if by is None:
            by = f"by @{self.given(k, m)}({self.input(k, m)} : {self.rows(k, m)})"
        else:
            by = self.routed_by(by, k, m)
        how = self.one_of("sum", "sum", "mean", "gated", *["concat"] * concat)
        gate = ""
        if how == "gated":
            gate = " gate soft"
            if self.chance(0.4):
                gates = ", ".join(f"{g:.3f}" for g in self.rng.uniform(-1.0, 1.0, k))
                gate = f" gate fixed [{gates}]"
        duplicates = " duplicates once" if how != "concat" and self.chance(0.4) else ""
        widths = [h * k if how == "concat" else h for h in results]
        names = [self.fresh("%v") for _ in widths]
        args = ", ".join(f"{name} : {self.rows(d)}" for name, d in operands)
        if shared:
            args += " shared " + ", ".join(f"{name} : {type}" for name, _, type in shared)
        out.append(
            f"{', '.join(names)} = modular.layer @{pool}({args}) {by} choose {k} "
            f"compose {how}{gate}{duplicates}{tail} -> {', '.join(self.rows(w) for w in widths)}"
        )
        return list(zip(names, widths))

    def finish(self, y, width):
        """An activation and a skip, perhaps; then it is a value of the graph."""
        if self.chance(0.6):
            y = self.activation(self.graph, y, width)
        like = [v for v, n in self.values if n == width]
        if like and self.chance(0.5):
            y = self.binary(self.graph, "addf", y, self.one_of(*like), width)
        self.values.append((y, width))

    def plain(self):
        """A layer on a value, one row a point."""
        x, d = self.values[-1] if self.chance(0.7) else self.one_of(*self.values)
        # Equal widths make pools that later layers can share.
        results = (d if self.chance(0.4) else self.width(8),)
        if self.chance(0.15):
            results += (self.width(5),)
        operands, shared = [(x, d)], []
        if self.chance(0.15):
            operands.append(self.one_of(*self.values))
        if self.chance(0.12):
            size = (d, self.size(1, 4))
            if self.chance(0.4):
                # Each point has its own.
                shared.append((self.input(*size), size, self.rows(*size)))
            else:
                kind = self.one_of("", "", " frozen", " state")
                table = self.parameter(self.graph, self.fresh("table"), *size, kind=kind)
                shared.append((table, size, self.static(*size)))
        by = (x, d) if self.chance(0.6) else self.one_of(*self.values)
        if self.chance(0.1):
            by = None
        for value in self.layer(self.graph, operands, results, by, shared=shared):
            self.finish(*value)

    def flatten(self, x, *dims):
        y, width = self.fresh("%v"), int(np.prod(dims))
        self.graph.append(f"{y} = modular.reshape {x} : {self.rows(*dims)} -> {self.rows(width)}")
        self.finish(y, width)

    def tokens(self, x=None, count=None, d=None):
        """A layer that chooses for every token of a sequence."""
        if x is None:
            count, d = self.size(2, 4), self.width(5)
            x = self.input(count, d)
        flat, back, h = self.fresh("%v"), self.fresh("%v"), self.width(5)
        n = self.number_of_rows(self.graph, x, self.rows(count, d))
        self.graph.append(
            f"{flat} = tensor.collapse_shape {x} [[0, 1], [2]] : {self.rows(count, d)} into {self.rows(d)}"
        )
        ((y, width),) = self.layer(self.graph, [(flat, d)], (h,), (flat, d), f" rows {count}")
        self.graph.append(
            f"{back} = tensor.expand_shape {y} [[0, 1], [2]] output_shape [{n}, {count}, {width}]"
            f" : {self.rows(width)} into {self.rows(count, width)}"
        )
        self.flatten(back, count, width)

    def scan(self):
        """A recurrent cell chosen at every step."""
        steps, d = self.size(1, 4), self.size(1, 4)
        xs, (h0, h) = self.input(steps, d), self.one_of(*self.values)
        if h > 5:
            h = self.size(1, 5)
            h0 = self.input(h)
        last, all_, hp, xt, body = *(self.fresh("%v") for _ in range(4)), []
        by = self.one_of((hp, h), (xt, d))
        ((y, _),) = self.layer(body, [(xt, d), (hp, h)], (h,), by, concat=False)
        y = self.unary(body, "math.tanh", y, h) if self.chance(0.7) else y
        reverse = " reverse" if self.chance(0.3) else ""
        self.graph.append(
            f"{last}, {all_} = modular.scan step({self.fresh('%t')}) carry({hp} = {h0} : {self.rows(h)})"
            f" over({xt} = {xs} : {self.rows(steps, d)}){reverse} -> {self.rows(h)}, {self.rows(steps, h)} {{"
        )
        self.graph += ["  " + line for line in body]
        self.graph += [f"  modular.yield {y}, {y} : {self.rows(h)}, {self.rows(h)}", "}"]
        follow = self.one_of("last", "stacked", "tokens")
        if follow == "stacked":
            self.flatten(all_, steps, h)
        elif follow == "tokens" and steps > 1:
            self.tokens(all_, steps, h)
        else:
            self.finish(last, h)

    def head(self, value, outputs):
        symbol, y = self.module(Interface(value[1:], (outputs,))), self.fresh("%v")
        name = self.fresh("head")
        self.graph.append(
            f'{y} = modular.apply @{symbol} as "{name}"({value[0]}) : ({self.rows(value[1])}) -> {self.rows(outputs)}'
        )
        return y


    def rule(self):
        return update_rule(self)

    def choose_layers(self):
        wanted = self.one_of(1, 1, 1, 2, 2, 3, 4)
        while self.layers < wanted:
            self.one_of(*[self.plain] * 7, self.tokens, self.scan)()


def generate(seed, element=None, kind=Network):
    """The text of network number `seed` of a kind."""
    rng = np.random.default_rng([seed, 22])
    w = kind(rng, element or ("f32" if rng.random() < 0.5 else "f64"))
    w.choose_layers()
    widths = [w.size(2, 5)]
    results = [w.head(w.values[-1], widths[0])]
    if w.chance(0.25):
        if w.chance(0.6):
            widths.append(w.size(1, 3))
            results.append(w.head(w.one_of(*w.values), widths[1]))
        objective = learned_precision(w, widths)
    else:
        objective = [f"modular.objective {shorthand(w)}"]
    args = ", ".join(f"{name}: {w.rows(*dims)}" for name, dims in w.inputs)
    types = [w.rows(h) for h in widths]
    result = types[0] if len(types) == 1 else f"({', '.join(types)})"
    lines = w.modules + w.pools + w.controllers
    lines.append(f"modular.graph({args}) -> {result} {{")
    lines += ["  " + line for line in w.graph]
    lines += [f"  modular.output {', '.join(results)} : {', '.join(types)}", "}"]
    lines += objective + w.rule()
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
        if "custom" in kind:
            own = network.objective.attrs["function_type"].inputs[len(types.results) :]
            wanted = [rng.normal(size=(points,) + t.shape[1:]) for t in own]
        elif "categorical" in kind:
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
        elif case == "one row a member":
            picks = rng.permutation(m).repeat(points * k // m + 1)[: points * k].reshape(points, k)
        elif case == "skewed":
            # By Zipf's law.
            weights = rng.permutation(np.arange(1.0, m + 1) ** -1.2)
            picks = rng.choice(m, (points, k), p=weights / weights.sum())
        else:
            picks = rng.integers(0, m, (points, k))
        columns.append(picks)
    choices = np.concatenate(columns + [np.zeros((points, 0))], 1).astype(np.int32)
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
