#!/usr/bin/python3
#===- finite_differences.py - Gradients of a compiled model ---------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Compares the gradients of program m_step with central differences of program
# score, in f64: two programs of one model.so, no other implementation.
#
#===----------------------------------------------------------------------===#
"""A network of f32 is taken in f64: its text is rewritten. Each parameter is moved along
three directions: its element of the largest gradient, the gradient, and a random one."""
import argparse
import os
import re
import subprocess
import sys
import tempfile

import numpy as np

from compiled import Model

POINTS = 24


class Check:
    def __init__(self, path, seed):
        self.model, self.rng = Model(path), np.random.default_rng(seed)
        spec, rng = self.model.signature, self.rng
        if spec["element"] != "f64":
            raise ValueError(f"'{path}' computes in {spec['element']}, not f64")
        self.model.run("init", integers=[seed])
        for view in self.model.parameter_views().values():
            view += 0.05 * rng.normal(size=view.shape)
        shapes = {i["name"]: [POINTS, *i["shape"][1:]] for i in spec["inputs"]}
        self.buffers = {name: rng.normal(size=shape) for name, shape in shapes.items()}
        for wanted in spec["wanted"]:
            shape = [POINTS, *wanted["shape"][1:]]
            labels = rng.integers(0, max(spec.get("classes", 0), 1), shape)
            is_label = wanted.get("type") == "i32"
            self.buffers[wanted["name"]] = labels if is_label else rng.normal(size=shape)
        members = [
            len(layer["members"])
            for layer in sorted(spec["layers"], key=lambda layer: layer["slot"])
            for _ in range(layer["choose"] * layer["rows"])
        ]
        self.buffers["selection"] = rng.integers(0, members, (POINTS, len(members)))

    def loss(self):
        got = self.model.run("score", self.buffers, POINTS)
        return -(got["log_likelihood"] + got["log_prior"]).mean()

    def slope(self, view, direction, step=1e-6):
        kept, ends = view.copy(), []
        for sign in (1, -1):
            view[...] = kept + sign * step * direction
            ends.append(self.loss())
        view[...] = kept
        return (ends[0] - ends[1]) / (2 * step)

    def run(self):
        self.model.run("m_step", self.buffers, POINTS)
        gradients = {k: v.copy() for k, v in self.model.gradient_views().items()}
        views, checked = self.model.parameter_views(), 0
        for p in self.model.signature["parameters"]:
            if not p["trained"]:
                continue
            view, gradient = views[p["name"]], gradients[p["name"]]
            size = np.linalg.norm(gradient)
            if size == 0:
                raise SystemExit(f"gradient of '{p['name']}' is zero: nothing is checked")
            one = np.zeros(view.size)
            one[np.abs(gradient).argmax()] = 1
            directions = [one.reshape(view.shape), gradient / size]
            directions.append(self.rng.normal(size=view.shape) / np.sqrt(view.size))
            for direction in directions:
                expected = self.slope(view, direction)
                actual = (gradient * direction).sum()
                if not abs(actual - expected) <= 1e-6 * (size + abs(expected)):
                    raise SystemExit(
                        f"gradient of '{p['name']}': {actual!r} along a direction, "
                        f"differences give {expected!r}"
                    )
                checked += 1
        return checked


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("files", nargs="+", help="networks")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for path in args.files:
            name = os.path.splitext(os.path.basename(path))[0]
            source, library = (os.path.join(folder, name + e) for e in (".mlir", ".so"))
            with open(path) as file, open(source, "w") as copy:
                copy.write(re.sub(r"\bf32\b|(?<=x)f32\b", "f64", file.read()))
            subprocess.run(["modc", "compile", "-O", "0", source, "-o", library], check=True)
            print(f"{name}: {Check(library, args.seed).run()} directions agree", flush=True)


if __name__ == "__main__":
    sys.exit(main())
