#!/usr/bin/python3
#===- metrics.py - What modc eval and modc train report -------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Computes every metric again in NumPy, from the weights, the data and the random
# bits of docs/artefact.md, and compares it with what modc says.
#
#===----------------------------------------------------------------------===#
"""usage: metrics.py weights OUT          writes weights for Inputs/three.mlir
       metrics.py eval WEIGHTS JSON     checks modc eval --data toy --json --seed 3
       metrics.py train LOG SELECTIONS  checks modc train --batch 1000 --log-every 1"""
import itertools
import json
import os
import struct
import sys

import numpy as np

from philox import philox, uniform

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../benchmarks"))
from measure import read_safetensors  # noqa: E402
from toy_data import make_toy_data  # noqa: E402

SEED, POINTS, MEMBERS, SAMPLES = 3, 1000, 3, 10


def write_weights(path):
    """Members near one that is right, and a controller that is never sure."""
    rng = np.random.default_rng(8)
    tensors = {"router.weight": 0.3 * rng.normal(size=(2, 3)), "router.bias": np.zeros(3)}
    for m in range(MEMBERS):
        tensors[f"experts.{m}.weight"] = 0.3 * rng.normal(size=(2, 2))
        tensors[f"experts.{m}.bias"] = 0.3 * rng.normal(size=2)
    header, body = {}, b""
    for name, value in tensors.items():
        data = value.astype("<f4").tobytes()
        span = [len(body), len(body) + len(data)]
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": span}
        body += data
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + body)


def entropy(p):
    return -np.where(p > 0, p * np.log(np.where(p > 0, p, 1)), 0).sum(-1)


def adaptation(table):
    """By draws of NumPy's own, half a million."""
    rules, members = table.shape
    prior = np.random.default_rng(1).dirichlet(np.ones(rules), 500_000)
    length = max(rules, members)
    sides = []
    for shares in (prior, prior @ table):
        filled = np.zeros((len(shares), length))
        filled[:, : shares.shape[1]] = shares
        sides.append(np.sort(filled, -1))
    return np.abs(sides[0] - sides[1]).sum(-1).mean() / 2


def best_matching(table):
    rules, members = table.shape
    return max(
        sum(table[r, m] for r, m in enumerate(order))
        for order in itertools.permutations(range(members), rules)
    )


def expected(weights):
    w = {name: value.astype(np.float64) for name, value in read_safetensors(weights).items()}
    x, y, rule = make_toy_data(SEED, POINTS, test=True)
    x, y = (v.astype(np.float32).astype(np.float64) for v in (x, y))
    scores = x @ w["router.weight"] + w["router.bias"]
    log_p = scores - np.log(np.exp(scores).sum(-1, keepdims=True))
    p, rows, mode = np.exp(log_p), np.arange(POINTS), scores.argmax(-1)
    outputs = [x @ w[f"experts.{m}.weight"] + w[f"experts.{m}.bias"] for m in range(MEMBERS)]
    squares = np.stack([((o - y) ** 2).sum(-1) for o in outputs], -1)
    likelihood = -squares / 2

    # docs/artefact.md: purpose 2, one draw for each point and sample.
    s = np.arange(SAMPLES)[:, None]
    u = uniform((rows[None], 0, 0, (2 << 24) + s), SEED, "f32")
    drawn = (p.cumsum(-1)[None] <= u[..., None]).sum(-1).clip(max=MEMBERS - 1)
    sampled, prior = likelihood[rows, drawn], log_p[rows, drawn]
    at_mode = likelihood[rows, mode]
    bound = np.maximum((sampled + prior).max(0), at_mode + log_p[rows, mode])

    usage = np.bincount(mode, minlength=MEMBERS) / POINTS
    table = np.stack([p[rule == r].mean(0) for r in range(2)])
    modes = np.stack([np.bincount(mode[rule == r], minlength=MEMBERS) for r in range(2)])
    share = np.bincount(rule) / POINTS
    information = entropy(share @ table) - (share * entropy(table)).sum()
    h_a, h_b = entropy(p).mean(), entropy(p.mean(0))
    return {
        "mode.loss": -at_mode.mean(),
        "best.loss": -sampled.max(0).mean(),
        "mean.loss": -sampled.mean(),
        "log_likelihood_mode": at_mode.mean(),
        "log_likelihood_bound": bound.mean(),
        "log_likelihood_marginal": np.log(np.exp(sampled - sampled.max(0)).mean(0)).mean()
        + sampled.max(0).mean(),
        "squared_error": squares[rows, mode].mean() / 2,
        "best_squared_error": squares.min(-1).mean() / 2,
        "h_a": h_a,
        "h_b": h_b,
        "mutual_information": h_b - h_a,
        "dead": (usage < 1 / (10 * MEMBERS)).sum(),
        "alignment": 1 - best_matching(table) / 2,
        "inverse_mutual_information": 1 - information / np.log(2),
        "adaptation": adaptation(table),
        "rule_accuracy": best_matching(modes) / POINTS,
        "layers.0.usage": usage,
        "layers.0.h_a": h_a,
        "layers.0.h_b": h_b,
        "layers.0.collapse_average": MEMBERS / (MEMBERS - 1) * np.maximum(0, 1 / MEMBERS - usage).sum(),
        "layers.0.collapse_worst": 1 - MEMBERS * usage.min(),
    }


def check_eval(weights, report):
    with open(report, encoding="utf-8") as file:
        said = json.load(file)
    for name, value in expected(weights).items():
        actual = said
        for key in name.split("."):
            actual = actual[int(key) if isinstance(actual, list) else key]
        # Half a million draws against 16,384.
        tolerance = 0.004 if name == "adaptation" else 2e-5 * (1 + np.abs(value).max())
        if np.abs(np.subtract(actual, value)).max() > tolerance:
            sys.exit(f"{name}: modc says {actual}, NumPy {value}")
        print(f"{name}: {value}")


def check_training(log, selections):
    """Each step takes all points: acceptance is what differs between a* of two steps."""
    with open(log, encoding="utf-8") as file:
        steps = [line for line in map(json.loads, file) if line["event"] == "step"]
    w0, w1 = philox((np.arange(POINTS), 0, 0, 4 << 24), SEED)[:2]
    words = zip(w0, w1)
    choices = np.array([((int(b) << 32 | int(a)) * MEMBERS) >> 64 for a, b in words])[:, None]
    for number, line in enumerate(steps, 1):
        after = np.load(os.path.join(selections, f"step-{number:08}.npy"))
        accepted = (after != choices).any(-1).mean()
        if abs(line["e_acceptance"] - accepted) > 1e-12:
            sys.exit(f"step {number}: acceptance {line['e_acceptance']}, a* says {accepted}")
        if line["e_updates_per_point"] != number:
            sys.exit(f"step {number}: {line['e_updates_per_point']} E-updates per point")
        print(f"step {number}: {accepted} accepted")
        choices = after


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    {"weights": write_weights, "eval": check_eval, "train": check_training}[sys.argv[1]](*sys.argv[2:])
