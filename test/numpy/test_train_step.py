#===- test_train_step.py - Fused updates against separate ones ------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Trains a network for some steps by train_step, by m_step and update, with several
# numbers of threads: everything must be equal to the bit. The naive dispatch, which
# fuses nothing, must come close.
#
#===----------------------------------------------------------------------===#
"""test_train_step.py FOLDER SGD... compiles one network for each optimizer."""

import os
import subprocess
import sys

import numpy as np

from modc_ctypes import Model, Session

# Gradients of 1, 3 and 8 parts, the last of which is shorter, and biases.
NETWORK = """
modular.network @parts {
  modular.module @expert(%x: tensor<?x301xELEMENT>) -> tensor<?x9xELEMENT> {
    %w = modular.parameter "w" init(glorot_uniform) : tensor<301x170xELEMENT>
    %b = modular.parameter "b" init(zeros) : tensor<170xELEMENT>
    %v = modular.parameter "v" init(glorot_uniform) : tensor<170x900xELEMENT>
    %u = modular.parameter "u" init(glorot_uniform) : tensor<900x9xELEMENT>
    %h = modular.linear %x, %w, %b : tensor<?x301xELEMENT>, tensor<301x170xELEMENT>, tensor<170xELEMENT> -> tensor<?x170xELEMENT>
    %r = modular.relu %h : tensor<?x170xELEMENT>
    %i = modular.linear %r, %v : tensor<?x170xELEMENT>, tensor<170x900xELEMENT> -> tensor<?x900xELEMENT>
    %s = modular.relu %i : tensor<?x900xELEMENT>
    %y = modular.linear %s, %u : tensor<?x900xELEMENT>, tensor<900x9xELEMENT> -> tensor<?x9xELEMENT>
    modular.yield %y : tensor<?x9xELEMENT>
  }
  modular.pool @experts [@expert x 4]
  modular.controller @router(%x: tensor<?x301xELEMENT>) -> tensor<?x2x4xELEMENT> {
    %w = modular.parameter "w" init(glorot_uniform) : tensor<301x8xELEMENT>
    %l = modular.linear %x, %w : tensor<?x301xELEMENT>, tensor<301x8xELEMENT> -> tensor<?x8xELEMENT>
    %scores = modular.reshape %l : tensor<?x8xELEMENT> -> tensor<?x2x4xELEMENT>
    modular.yield %scores : tensor<?x2x4xELEMENT>
  }
  modular.graph(%x: tensor<?x301xELEMENT>) -> tensor<?x9xELEMENT> {
    %y = modular.layer @experts(%x : tensor<?x301xELEMENT>) by @router(%x : tensor<?x301xELEMENT>)
        choose 2 compose sum -> tensor<?x9xELEMENT>
    modular.output %y : tensor<?x9xELEMENT>
  }
  modular.objective gaussian(sigma = 1.0)
  modular.optimizer RULE
}
"""
POINTS, STEPS = 40, 3
# What a step is given: clip_norm, weight_decay.
SETTINGS = ((0.0, 0.0), (0.0, 0.01), (1e20, 0.0), (0.5, 0.01))


def build(folder, rule, dispatch, element="f32"):
    path = os.path.join(folder, f"{rule.replace(' ', '-')}-{element}-{dispatch}")
    with open(path + ".mlir", "w") as file:
        file.write(NETWORK.replace("RULE", rule).replace("ELEMENT", element))
    subprocess.run(
        ["modc", "compile", path + ".mlir", "-o", path + ".so", "-O", "0", f"--dispatch={dispatch}"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return Model(path + ".so")


def train(model, workers, whole, clip, decay, skips=False):
    """Parameters, state and norms after some steps, and the initial parameters."""
    session = Session(model, workers)
    session.init(seed=7)
    # Where moments are not zero, a dense rule moves members without rows.
    start = np.random.default_rng(6)
    for name, view in session.state.items():
        view[...] = 0 if name == "steps" else 0.01 * start.random(view.shape)
    first = {k: v.copy() for k, v in session.parameters.items()}
    groups = model.signature["groups"]
    rng = np.random.default_rng(5)
    norms = []
    for step in range(STEPS):
        x = rng.normal(size=(POINTS, 301))
        given = dict(x=x, target=rng.normal(size=(POINTS, 9)))
        # Member 3 has no rows, member 2 only in the last step; 1 is frozen then.
        members = 3 if step == STEPS - 1 else 2
        given["selection"] = rng.integers(0, members, size=(POINTS, 2))
        frozen = [int(g == "experts.1" and step == STEPS - 1) for g in groups]
        rates = dict(lr=0.01, weight_decay=decay, clip_norm=clip)
        # Nobody may read what an earlier step left there.
        for view in session.gradients.values():
            view[...] = np.nan
        if whole:
            out = session.call("train_step", POINTS, frozen=frozen, **given, **rates)
        else:
            touched = session.call("m_step", POINTS, **given)["touched"]
            if skips:
                # A member without rows has no gradient, and nobody writes one.
                for name, view in session.gradients.items():
                    if name.startswith("experts.3"):
                        assert np.isnan(view).all(), f"gradient of {name} is written"
            out = session.call("update", touched=touched, frozen=frozen, **rates)
        norms.append(out["gradient_norm"][0])
    values = {f"parameter {k}": v.copy() for k, v in session.parameters.items()}
    values.update({f"state {k}": v.copy() for k, v in session.state.items()})
    return {**values, "norms": np.array(norms)}, first


def main():
    folder, *rules = sys.argv[1:]
    for rule in rules:
        rule, _, element = rule.partition(":")
        grouped = build(folder, rule, "grouped", element or "f32")
        naive = build(folder, rule, "naive", element or "f32")
        for clip, decay in SETTINGS:
            expected, first = train(grouped, 1, False, clip, decay, "dense" not in rule)
            for name, value in expected.items():
                assert np.isfinite(value).all(), f"{name} is not finite"
            moves = "dense" in rule
            for name, value in first.items():
                same = (expected[f"parameter {name}"] == value).all()
                assert same == (name.startswith("experts.3") and not moves), name
            assert (expected["norms"] > clip).all() == (clip < 1)
            for workers in (1, 2, 4):
                got, _ = train(grouped, workers, True, clip, decay)
                for name, value in expected.items():
                    how = f"{rule}, clip {clip}, {workers} workers"
                    np.testing.assert_array_equal(value, got[name], f"{name}: {how}")
            # The reference adds up in another order.
            naive_expected, _ = train(naive, 1, False, clip, decay)
            got, _ = train(naive, 1, True, clip, decay)
            for name, value in naive_expected.items():
                how = f"{rule}, clip {clip}, naive"
                np.testing.assert_array_equal(value, got[name], f"{name}: {how}")
                scale = np.abs(value).max() + 1e-6
                # Adam and RMSProp divide small gradients by their size.
                worst = np.abs(value - expected[name]).max() / scale
                assert worst < 2e-2, f"{name}: {how}, {worst}"
        print(f"{rule} {element}: equal")


main()
