#!/usr/bin/python3
#===- toy_em.py - EM on the toy regression, in NumPy ----------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# An independent implementation of generalized Viterbi EM on the first experiment
# of Kirsch, Kunze and Barber (2018), to compare `modc train` with. All seeds run
# at once, as the leading axis of every array.
#
#===----------------------------------------------------------------------===#
"""Toy regression: two Gaussians in the plane, each with a linear rule of its own;
two affine modules, one chosen per point by a linear controller.

A seed is *solved* if the mean squared error with the best member of each point
is below 0.01 and the controller's mode tells the Gaussians apart within one
point (0.01) of the best linear classifier. Prints one JSON object.
"""
import argparse
import json
import time

import numpy as np

from member_adam import MemberAdam

VARIANTS = ("em", "untrained", "no-e-step", "single")


def make_data(seed, points=1000):
    """Returns x [N, 2], y [N, 2] and the Gaussian [N] that each point is from."""
    rng = np.random.default_rng(seed)
    means = rng.normal(0.0, 6.0, (2, 2))
    component = rng.integers(0, 2, points)
    x = means[component] + rng.normal(0.0, 1.0, (points, 2))
    angle = rng.uniform(0.0, 2.0 * np.pi)
    rotation = np.array(
        [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    )
    scale = np.diag(rng.normal(0.0, 2.0, 2))
    rules = np.stack([rotation, scale])
    y = np.einsum("nij,nj->ni", rules[component], x)
    return x, y, component


def best_linear_accuracy(x, component):
    """Accuracy of the better of logistic regression (Newton's method with line
    search, run until it no longer moves) and linear discriminant analysis."""
    z = np.column_stack([x, np.ones(len(x))])
    t = 2.0 * component - 1.0
    # A trace of ridge keeps separable data from running off to infinity.
    ridge = 1e-6

    def loss(w):
        return np.logaddexp(0.0, -t * (z @ w)).sum() + 0.5 * ridge * w @ w

    w = np.zeros(3)
    for _ in range(200):
        p = 0.5 * (1.0 + np.tanh(0.5 * (z @ w)))
        gradient = z.T @ (p - component) + ridge * w
        hessian = (z * (p * (1 - p))[:, None]).T @ z + ridge * np.eye(3)
        move = np.linalg.solve(hessian, gradient)
        step, before = 1.0, loss(w)
        while loss(w - step * move) > before and step > 1e-10:
            step *= 0.5
        w = w - step * move
        if np.abs(step * move).max() < 1e-10 * (1 + np.abs(w).max()):
            break
    logistic = np.mean((z @ w > 0) == (component == 1))

    groups = [x[component == c] for c in (0, 1)]
    scatter = sum((g - g.mean(0)).T @ (g - g.mean(0)) for g in groups)
    direction = np.linalg.solve(scatter / len(x), groups[1].mean(0) - groups[0].mean(0))
    middle = 0.5 * (groups[0].mean(0) + groups[1].mean(0))
    threshold = direction @ middle - np.log(len(groups[1]) / len(groups[0]))
    discriminant = np.mean((x @ direction > threshold) == (component == 1))
    return float(max(logistic, discriminant))


def log_softmax(scores):
    shifted = scores - scores.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


class Model:
    """G networks at once: weights [G, M, 2, 2], biases [G, M, 2], and a linear
    controller [G, 2, M] with bias [G, M]."""

    def __init__(self, seeds, members, lr, router_init):
        def glorot(rng, shape):
            limit = np.sqrt(6.0 / (shape[-2] + shape[-1]))
            return rng.uniform(-limit, limit, shape)

        rngs = [np.random.default_rng([seed, 1]) for seed in seeds]
        g, m = len(seeds), members
        weight = np.stack([glorot(rng, (m, 2, 2)) for rng in rngs])
        router = np.stack([glorot(rng, (2, m)) for rng in rngs])
        if router_init == "zeros":
            router = np.zeros_like(router)
        self.members = m
        self.weight = MemberAdam(weight, 2, lr)
        self.bias = MemberAdam(np.zeros((g, m, 2)), 2, lr)
        self.router = MemberAdam(router, 1, lr)
        self.router_bias = MemberAdam(np.zeros((g, m)), 1, lr)

    def outputs(self, x):
        """Every member's output [G, M, B, 2] for x [G, B, 2]."""
        return x[:, None] @ self.weight.value + self.bias.value[:, :, None]

    def log_prior(self, x):
        """log p(a|x), [G, B, M]."""
        return log_softmax(x @ self.router.value + self.router_bias.value[:, None])


def train(seeds, variant, args):
    data = [make_data(seed, args.points) for seed in seeds]
    x = np.stack([d[0] for d in data])
    y = np.stack([d[1] for d in data])
    members = 1 if variant == "single" else 2
    model = Model(seeds, members, args.lr, args.router_init)
    # One generator for everything drawn in training: seeds run in step, and the
    # data of a seed do not depend on which others run beside it.
    rng = np.random.default_rng([len(seeds), 2, *seeds])
    g, n, b = len(seeds), args.points, args.batch
    rows = np.arange(g)[:, None]
    stored = rng.integers(0, members, (g, n))
    e_steps = accepted = 0
    order, at = None, n
    for step in range(args.steps):
        if at + b > n:
            order, at = rng.permuted(np.tile(np.arange(n), (g, 1)), axis=1), 0
        index = order[:, at : at + b]
        at += b
        xb, yb, ab = x[rows, index], y[rows, index], stored[rows, index]
        out = model.outputs(xb)
        error = out - yb[:, None]
        log_prior = model.log_prior(xb)
        if step % args.e_every == 0 and variant != "no-e-step":
            likelihood = -0.5 * (error**2).sum(-1) / args.sigma**2
            joint = np.moveaxis(likelihood, 1, 2) + log_prior
            # With one pick a candidate is a member: the best drawn one wins
            # unless the stored one is as good.
            cumulative = np.exp(log_prior).cumsum(-1)
            u = rng.random((g, b, args.samples - 1, 1))
            draws = (u >= cumulative[:, :, None]).sum(-1).clip(max=members - 1)
            drawn = np.zeros((g, b, members), bool)
            np.put_along_axis(drawn, draws, True, 2)
            candidate = np.where(drawn, joint, -np.inf)
            best = candidate.argmax(-1)
            best_joint = np.take_along_axis(candidate, best[..., None], -1)[..., 0]
            kept = np.take_along_axis(joint, ab[..., None], -1)[..., 0]
            change = best_joint > kept
            stored[rows, index] = np.where(change, best, ab)
            accepted += change.mean()
            e_steps += 1
            continue
        chosen = ab[..., None] == np.arange(members)  # [G, B, M]
        mask = np.moveaxis(chosen, 1, 2)[..., None]  # [G, M, B, 1]
        d_out = np.where(mask, error, 0.0) / (b * args.sigma**2)
        d_scores = (np.exp(log_prior) - chosen) / b
        touched = chosen.any(1)
        x_t = xb.swapaxes(1, 2)
        model.weight.step(x_t[:, None] @ d_out, touched)
        model.bias.step(d_out.sum(2), touched)
        if variant != "untrained":
            model.router.step(x_t @ d_scores)
            model.router_bias.step(d_scores.sum(1))
    return model, data, e_steps, accepted / max(e_steps, 1)


def judge(model, data, args):
    x = np.stack([d[0] for d in data])
    y = np.stack([d[1] for d in data])
    error = ((model.outputs(x) - y[:, None]) ** 2).mean(-1)  # [G, M, N]
    log_prior = model.log_prior(x)
    prior = np.exp(log_prior)
    mode = log_prior.argmax(-1)
    result = []
    for i, (seed, (xi, _, component)) in enumerate(zip(args.seed_list, data)):
        best = float(error[i].min(0).mean())
        by_mode = float(np.take_along_axis(error[i], mode[i][None], 0).mean())
        agreement = float(np.mean(mode[i] == component))
        # Members have no order of their own.
        accuracy = max(agreement, 1.0 - agreement)
        linear = best_linear_accuracy(xi, component)
        h_a = float(-(prior[i] * log_prior[i]).sum(-1).mean())
        mean = prior[i].mean(0)
        h_b = float(-(mean * np.log(np.maximum(mean, 1e-300))).sum())
        solved_best = best < 0.01
        solved_mode = accuracy >= linear - 0.01
        result.append(
            {
                "seed": seed,
                "mse_best": best,
                "mse_mode": by_mode,
                "mode_accuracy": accuracy,
                "linear_accuracy": linear,
                "h_a": h_a,
                "h_b": h_b,
                "solved_best": solved_best,
                "solved_mode": solved_mode,
                "solved": solved_best and solved_mode,
            }
        )
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", default="0-39", help="FIRST-LAST")
    parser.add_argument("--steps", type=int, default=20000, help="E- and M-steps")
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--points", type=int, default=1000)
    parser.add_argument("--samples", type=int, default=10)
    parser.add_argument("--e-every", type=int, default=10, help="one step in N")
    parser.add_argument("--lr", type=float, default=1e-2)
    parser.add_argument("--sigma", type=float, default=1.0)
    parser.add_argument(
        "--router-init",
        choices=("glorot", "zeros"),
        default="glorot",
        help="points lie 6 from the origin: a Glorot controller starts out certain",
    )
    parser.add_argument("--variants", default=",".join(VARIANTS))
    parser.add_argument("--summary", action="store_true", help="leave seeds out")
    args = parser.parse_args()
    first, last = (int(s) for s in args.seeds.split("-"))
    args.seed_list = list(range(first, last + 1))
    report = {"seeds": args.seeds, "steps": args.steps, "e_every": args.e_every}
    report["router_init"] = args.router_init
    report["samples"], report["batch"] = args.samples, args.batch
    report["variants"] = {}
    for variant in args.variants.split(","):
        if variant not in VARIANTS:
            parser.error(f"unknown variant '{variant}'")
        start = time.perf_counter()
        model, data, e_steps, accepted = train(args.seed_list, variant, args)
        runs = judge(model, data, args)
        entry = {
            "seconds": round(time.perf_counter() - start, 2),
            "e_updates_per_point": e_steps * args.batch / args.points,
            "e_step_acceptance": float(accepted),
        }
        for key in ("solved_best", "solved_mode", "solved"):
            entry[key] = sum(run[key] for run in runs)
        if not args.summary:
            entry["runs"] = runs
        report["variants"][variant] = entry
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
