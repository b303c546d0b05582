#===- test_ctypes.py - The toy model through the C interface --------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Checks the Python wrapper of libmodc.so, and with it the model written by hand
# in C++ that the runtime's unit tests use, against formulas in NumPy.
#
#===----------------------------------------------------------------------===#
import sys

import numpy as np

from modc_ctypes import Failure, Model, Session, toy_data


def objective(p, x, t, a):
    """log p(y|x,a) and log p(a|x) per point, in f64."""
    p = {name: value.astype(np.float64) for name, value in p.items()}
    y = np.stack([x @ p[f"experts.{m}.weight"] + p[f"experts.{m}.bias"]
                  for m in range(2)], 1)
    scores = x @ p["router.weight"] + p["router.bias"]
    logs = scores - np.log(np.exp(scores).sum(1, keepdims=True))
    rows = np.arange(len(x))
    return (-0.5 * ((t - y[rows, a]) ** 2).sum(1), logs[rows, a])


def main():
    model = Model(sys.argv[1])
    session = Session(model)
    session.init(seed=3)
    x, t, component = toy_data(3)
    assert set(component) == {0, 1}
    # Small inputs, so that finite differences are accurate.
    x, t = x[:50] / 10, t[:50] / 10
    a = np.arange(50) % 2

    parameters = {k: v.copy() for k, v in session.parameters.items()}
    likelihood, prior = objective(parameters, x.astype(float), t, a)
    score = session.call("score", points=50, x=x, target=t, selection=a)
    np.testing.assert_allclose(score["log_likelihood"], likelihood, 1e-4, 1e-6)
    np.testing.assert_allclose(score["log_prior"], prior, 1e-4, 1e-6)

    out = session.call("m_step", points=50, x=x, target=t, selection=a)
    assert list(out["touched"]) == [1, 1, 1]
    gradients = session.gradients
    for name, value in parameters.items():
        for index in np.ndindex(value.shape):
            def loss(step):
                moved = {k: v.astype(float) for k, v in parameters.items()}
                moved[name][index] += step
                return -sum(p.mean() for p in objective(
                    moved, x.astype(float), t, a))
            numeric = (loss(1e-5) - loss(-1e-5)) / 2e-5
            np.testing.assert_allclose(gradients[name][index], numeric, 1e-3,
                                       1e-5, err_msg=name)

    # Arrays that are aligned to an element only, and one that is not.
    given = dict(points=50, x=x, target=t, selection=a)
    for shift in (3, 4, 12, 60):
        for name, value in session.call("score", shift=shift, **given).items():
            np.testing.assert_array_equal(value, score[name])

    # A member that nobody chose keeps parameters, moments and count.
    before = {k: v.copy() for k, v in session.parameters.items()}
    session.call("train_step", points=50, x=x, target=t,
                 selection=np.zeros(50), frozen=[0, 0, 1], lr=0.1,
                 weight_decay=0, clip_norm=0)
    after = session.parameters
    assert (after["experts.0.weight"] != before["experts.0.weight"]).all()
    assert (after["experts.1.weight"] == before["experts.1.weight"]).all()
    assert (after["router.weight"] == before["router.weight"]).all()
    assert list(session.state["steps"]) == [1, 0, 0]

    for program, values, message in (
            ("forward", dict(points=1, x=[[1, 2]], selection=[2]),
             "its pool has 2 members"),
            ("backward", {}, "has no program 'backward'"),
            ("infer", {}, "'infer' needs 'x'")):
        try:
            session.call(program, **values)
        except Failure as failure:
            assert message in str(failure), failure
        else:
            raise AssertionError(f"{program} was not refused")
    print("passed")


main()
