#===- random_bodies.py - Random modules, pools and controllers ------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Writes the bodies of random networks: modules of several kinds behind a few
# interfaces, pools of them, and controllers.
#
#===----------------------------------------------------------------------===#
import dataclasses


@dataclasses.dataclass(frozen=True)
class Interface:
    """Widths of row operands, of shared operands [d, s] and of row results."""

    rows: tuple
    results: tuple
    shared: tuple = ()


class Writer:
    """Text of one network, body by body."""

    BODIES = ("affine", "affine", "affine", "mlp", "gated", "norm", "residual", "nested", "halves")

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

    def width(self, high):
        """Of a value."""
        return self.size(1, high)

    def members(self, interface):
        """M of a pool."""
        return self.one_of(1, 2, 2, 3, 4, 5)

    def fresh(self, stem):
        self.count += 1
        return f"{stem}{self.count}"

    def rows(self, *dims):
        """tensor<?x...>, one row for each choice."""
        return f"tensor<{'x'.join(['?'] + [str(d) for d in dims] + [self.element])}>"

    def static(self, *dims):
        return f"tensor<{'x'.join([str(d) for d in dims] + [self.element])}>"

    def parameter(self, out, name, *dims, kind=None):
        init = self.one_of("glorot_uniform", "glorot_normal", "he_uniform", "he_normal")
        if len(dims) == 1:
            init = self.one_of("zeros", "uniform(-0.5, 0.5)", "normal(0.0, 0.3)", "constant(0.1)")
        if kind is None:
            kind = self.one_of(*[""] * 18, " frozen", " state")
        value = self.fresh("%w")
        out.append(
            f'{value} = modular.parameter "{name}" init({init}){kind} : {self.static(*dims)}'
        )
        return value

    def multiply(self, out, values, d, h):
        types = [self.rows(d), self.static(d, h), self.static(h)][: len(values)]
        y = self.fresh("%v")
        out.append(
            f"{y} = modular.linear {', '.join(values)} : {', '.join(types)} -> {self.rows(h)}"
        )
        return y

    def linear(self, out, x, d, h, name, bias=None):
        """x·W + b under parameters `name`-weight and -bias; returns the value."""
        values = [x, self.parameter(out, f"{name}-weight", d, h)]
        if self.chance(0.7) if bias is None else bias:
            values.append(self.parameter(out, f"{name}-bias", h))
        return self.multiply(out, values, d, h)

    def unary(self, out, name, x, d):
        y = self.fresh("%v")
        out.append(f"{y} = {name} {x} : {self.rows(d)}")
        return y

    def activation(self, out, x, d):
        name = self.one_of(
            "modular.gelu", "modular.sigmoid", "modular.softplus", "math.tanh", "modular.relu",
            "math.sin", "math.erf", "modular.softmax", "modular.log_softmax",
        )  # fmt: skip
        return self.unary(out, name, x, d)

    def binary(self, out, name, a, b, d):
        y = self.fresh("%v")
        out.append(f"{y} = arith.{name} {a}, {b} : {self.rows(d)}")
        return y

    def number_of_rows(self, out, x, type):
        zero, n = self.fresh("%c"), self.fresh("%n")
        out += [f"{zero} = arith.constant 0 : index", f"{n} = tensor.dim {x}, {zero} : {type}"]
        return n

    def normalise(self, out, x, d):
        """Root-mean-square norm of each row, as linalg on tensors."""
        e1, e2, zero, f, s, y = (self.fresh("%v") for _ in range(6))
        vec, mat = self.rows(), self.rows(d)
        n = self.number_of_rows(out, x, mat)
        width, eps, t = self.fresh("%c"), self.fresh("%c"), self.element
        row, all_ = "affine_map<(i, j) -> (i)>", "affine_map<(i, j) -> (i, j)>"
        out += [
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

    def halves(self, out, x, d):
        """One half times the sigmoid of the other, as slices."""
        both, type, part = self.linear(out, x, d[0], 2 * d[1], "both"), self.rows(2 * d[1]), []
        n = self.number_of_rows(out, both, type)
        for offset in (0, d[1]):
            part.append(self.fresh("%v"))
            out.append(
                f"{part[-1]} = tensor.extract_slice {both}[0, {offset}] [{n}, {d[1]}] [1, 1] : {type} to {self.rows(d[1])}"
            )
        return self.binary(out, "mulf", part[0], self.unary(out, "modular.sigmoid", part[1], d[1]), d[1])

    def core(self, out, x, d, h):
        """Some function of rows d -> h."""
        kind = self.one_of(*self.BODIES)
        if kind == "mlp":
            k = self.width(6)
            y = self.activation(out, self.linear(out, x, d, k, "in"), k)
            return self.linear(out, y, k, h, "out")
        if kind == "gated":
            gate = self.unary(out, "modular.sigmoid", self.linear(out, x, d, h, "gate"), h)
            return self.binary(out, "mulf", gate, self.linear(out, x, d, h, "value"), h)
        if kind == "norm":
            return self.linear(out, self.normalise(out, x, d), d, h, "out")
        if kind == "residual":
            y = self.linear(out, x, d, h, "first", True)
            return self.binary(out, "addf", y, self.linear(out, self.activation(out, y, h), h, h, "second"), h)
        if kind == "nested":
            inner = self.module(Interface((d,), (h,)))
            y = self.fresh("%v")
            out.append(f'{y} = modular.apply @{inner} as "inner"({x}) : ({self.rows(d)}) -> {self.rows(h)}')
            return y
        if kind == "halves":
            return self.halves(out, x, (d, h))
        if kind == "active":
            return self.activation(out, self.linear(out, x, d, h, "only"), h)
        return self.linear(out, x, d, h, "only")

    def module(self, interface):
        """A new module template; returns its symbol."""
        out, symbol = [], self.fresh("m")
        h = interface.results[0]
        y = self.core(out, "%x0", interface.rows[0], h)
        for i, d in enumerate(interface.rows[1:], 1):
            y = self.binary(out, "addf", y, self.linear(out, f"%x{i}", d, h, f"more{i}"), h)
        for i, (d, s) in enumerate(interface.shared):
            # What every row sees whole: a matrix that row operand 0 meets.
            seen = self.activation(out, self.multiply(out, ["%x0", f"%s{i}"], d, s), s)
            y = self.binary(out, "addf", y, self.linear(out, seen, s, h, f"seen{i}"), h)
        results = [y]
        for i, width in enumerate(interface.results[1:], 1):
            results.append(self.linear(out, self.activation(out, y, h), h, width, f"result{i}"))
        args = [f"%x{i}: {self.rows(d)}" for i, d in enumerate(interface.rows)]
        args += [f"shared %s{i}: {self.static(*d)}" for i, d in enumerate(interface.shared)]
        types = [self.rows(d) for d in interface.results]
        result = types[0] if len(types) == 1 else f"({', '.join(types)})"
        self.modules.append(f"modular.module @{symbol}({', '.join(args)}) -> {result} {{")
        self.modules += ["  " + line for line in out]
        self.modules += [f"  modular.yield {', '.join(results)} : {', '.join(types)}", "}"]
        return symbol

    def pool(self, interface):
        """(symbol, M) of a new pool."""
        symbol, m = self.fresh("p"), self.members(interface)
        bodies = [self.module(interface) for _ in range(min(m, self.one_of(1, 1, 2, 3)))]
        members, left = [], m
        while left:
            # Members of one body in a row, or here and there.
            same = left if len(bodies) == 1 else self.size(1, left)
            name = self.one_of(*bodies)
            members.append(f"@{name} x {same}" if same > 1 else f"@{name}")
            left -= same
        self.pools.append(f"modular.pool @{symbol} [{', '.join(members)}]")
        return symbol, m

    def controller(self, d, k, m):
        """The symbol of a new controller: linear, or an MLP."""
        out, symbol = [], self.fresh("c")
        x, width = "%x", d
        for _ in range(self.one_of(0, 0, 0, 1, 1, 2)):
            hidden = self.size(1, 6)
            x = self.activation(out, self.linear(out, x, width, hidden, self.fresh("hidden")), hidden)
            width = hidden
        scores, y = self.linear(out, x, width, k * m, "scores"), self.fresh("%v")
        out.append(f"{y} = modular.reshape {scores} : {self.rows(k * m)} -> {self.rows(k, m)}")
        result = self.rows(k, m)
        fixed = " distribution(#modular.fixed)" if self.chance(0.1) else ""
        self.controllers.append(f"modular.controller @{symbol}(%x: {self.rows(d)}) -> {result}{fixed} {{")
        self.controllers += ["  " + line for line in out]
        self.controllers += [f"  modular.yield {y} : {result}", "}"]
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
