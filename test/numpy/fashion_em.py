#!/usr/bin/python3
#===- fashion_em.py - EM on Fashion-MNIST, in NumPy -----------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# An independent implementation of the main job, whose figures stand beside those
# of `modc train`: what EM, one module, fixed routing and no E-step reach.
#
#===----------------------------------------------------------------------===#
"""Fashion-MNIST: one layer of 8 members 784 -> 64 of which one is chosen by a
linear controller, relu, linear to 10; batch 128, S = 10, an E-step and an M-step
on each batch, Adam 1e-3. Prints one JSON object per run.

Variants: em; em4 and em10 (an E-step on every 4th and 10th batch); single
(M = 1); fixed (random choices, kept for ever, at test time drawn again: routing
that knows nothing); no-e-step (random choices for ever, and a controller that is
trained on them).
"""
import argparse
import gzip
import json
import os
import resource
import time

import numpy as np

from member_adam import MemberAdam

VARIANTS = ("em", "em4", "em10", "single", "fixed", "no-e-step")
FOLDER = "/usr/share/datasets/fashion-mnist"
HIDDEN, CLASSES = 64, 10


def read_idx(path):
    with gzip.open(path) as file:
        data = file.read()
    dims = data[3]
    shape = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(dims)]
    return np.frombuffer(data, np.uint8, offset=4 + 4 * dims).reshape(shape)


def load(part):
    images = read_idx(os.path.join(FOLDER, f"{part}-images-idx3-ubyte.gz"))
    labels = read_idx(os.path.join(FOLDER, f"{part}-labels-idx1-ubyte.gz"))
    return images.reshape(len(images), -1), labels.astype(np.int64)


def pixels(images):
    return images.astype(np.float32) / np.float32(255.0)


def log_softmax(scores):
    shifted = scores - scores.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


class Model:
    def __init__(self, rng, members):
        def glorot(*shape):
            limit = np.sqrt(6.0 / (shape[-2] + shape[-1]))
            return rng.uniform(-limit, limit, shape).astype(np.float32)

        def zeros(*shape):
            return np.zeros(shape, np.float32)

        self.members = members
        self.weight = MemberAdam(glorot(members, 784, HIDDEN), 1)
        self.bias = MemberAdam(zeros(members, HIDDEN), 1)
        self.router = MemberAdam(glorot(784, members))
        self.router_bias = MemberAdam(zeros(members))
        self.head = MemberAdam(glorot(HIDDEN, CLASSES))
        self.head_bias = MemberAdam(zeros(CLASSES))

    def log_prior(self, x):
        return log_softmax(x @ self.router.value + self.router_bias.value)

    def hidden(self, x, choice):
        """relu of the chosen member of each row, [B, 64]."""
        out = np.empty((len(x), HIDDEN), np.float32)
        for m in range(self.members):
            rows = np.flatnonzero(choice == m)
            if len(rows):
                out[rows] = x[rows] @ self.weight.value[m] + self.bias.value[m]
        return np.maximum(out, 0.0, out=out)

    def head_log_prob(self, hidden):
        return log_softmax(hidden @ self.head.value + self.head_bias.value)

    def all_likelihoods(self, x, label):
        """log p(y|x, a = m) for every member, [B, M]."""
        wide = self.weight.value.transpose(1, 0, 2).reshape(784, -1)
        hidden = (x @ wide).reshape(len(x), self.members, HIDDEN) + self.bias.value
        log_prob = self.head_log_prob(np.maximum(hidden, 0.0))
        return np.take_along_axis(log_prob, label[:, None, None], 2)[..., 0]


def e_step(model, rng, x, label, stored, samples):
    """Keeps the best of the stored choice and samples - 1 drawn ones."""
    log_prior = model.log_prior(x)
    joint = model.all_likelihoods(x, label) + log_prior
    cumulative = np.exp(log_prior).cumsum(-1)
    u = rng.random((len(x), samples - 1, 1))
    draws = (u >= cumulative[:, None]).sum(-1).clip(max=model.members - 1)
    drawn = np.zeros(joint.shape, bool)
    np.put_along_axis(drawn, draws, True, 1)
    candidate = np.where(drawn, joint, -np.inf)
    best = candidate.argmax(-1)
    rows = np.arange(len(x))
    return np.where(candidate[rows, best] > joint[rows, stored], best, stored)


def m_step(model, x, label, choice, train_router):
    b = np.float32(len(x))
    hidden = model.hidden(x, choice)
    log_prob = model.head_log_prob(hidden)
    d_logits = np.exp(log_prob)
    d_logits[np.arange(len(x)), label] -= 1
    d_logits /= b
    d_hidden = np.where(hidden > 0, d_logits @ model.head.value.T, 0)
    d_weight = np.zeros_like(model.weight.value)
    d_bias = np.zeros_like(model.bias.value)
    touched = np.zeros(model.members, bool)
    for m in range(model.members):
        rows = np.flatnonzero(choice == m)
        if len(rows):
            touched[m] = True
            d_weight[m] = x[rows].T @ d_hidden[rows]
            d_bias[m] = d_hidden[rows].sum(0)
    if train_router:
        d_scores = np.exp(model.log_prior(x))
        d_scores[np.arange(len(x)), choice] -= 1
        d_scores /= b
        model.router.step(x.T @ d_scores)
        model.router_bias.step(d_scores.sum(0))
    model.weight.step(d_weight, touched)
    model.bias.step(d_bias, touched)
    model.head.step(hidden.T @ d_logits)
    model.head_bias.step(d_logits.sum(0))


def judge(model, images, labels, fixed, rng):
    correct, prior_sum, entropy, usage = 0, 0.0, 0.0, np.zeros(model.members, int)
    likelihood = 0.0
    for at in range(0, len(images), 1000):
        x, label = pixels(images[at : at + 1000]), labels[at : at + 1000]
        log_prior = model.log_prior(x).astype(np.float64)
        prior = np.exp(log_prior)
        mode = rng.integers(0, model.members, len(x)) if fixed else log_prior.argmax(-1)
        log_prob = model.head_log_prob(model.hidden(x, mode))
        correct += (log_prob.argmax(-1) == label).sum()
        likelihood += float(log_prob[np.arange(len(x)), label].sum())
        prior_sum = prior_sum + prior.sum(0)
        entropy += -(prior * log_prior).sum()
        usage += np.bincount(mode, minlength=model.members)
    n = len(images)
    mean = prior_sum / n
    return {
        "accuracy": correct / n,
        "log_likelihood": likelihood / n,
        "h_a": entropy / n,
        "h_b": float(-(mean * np.log(np.maximum(mean, 1e-300))).sum()),
        "usage": (usage / n).tolist(),
        "dead": int((usage / n < 1 / (10 * model.members)).sum()),
    }


def run(variant, seed, args, data):
    images, labels, test_images, test_labels = data
    rng = np.random.default_rng([seed, 7])
    members = 1 if variant == "single" else 8
    every = {"em": 1, "em4": 4, "em10": 10}.get(variant, 0)
    model = Model(rng, members)
    n = len(images)
    stored = rng.integers(0, members, n)
    start = time.perf_counter()
    step = changed = scored = 0
    for epoch in range(args.epochs):
        order = rng.permutation(n)
        for at in range(0, n - args.batch + 1, args.batch):
            index = order[at : at + args.batch]
            x, label = pixels(images[index]), labels[index]
            if every and step % every == 0:
                choice = e_step(model, rng, x, label, stored[index], args.samples)
                changed += int((choice != stored[index]).sum())
                scored += len(index)
                stored[index] = choice
            m_step(model, x, label, stored[index], variant != "fixed")
            step += 1
    seconds = time.perf_counter() - start
    result = {"variant": variant, "seed": seed, "epochs": args.epochs}
    result.update(judge(model, test_images, test_labels, variant == "fixed", rng))
    result["e_updates_per_point"] = scored / n
    result["e_step_acceptance"] = changed / max(scored, 1)
    result["seconds_per_epoch"] = round(seconds / args.epochs, 2)
    result["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--variants", default="em,single,fixed,no-e-step")
    parser.add_argument("--seeds", default="0-1", help="FIRST-LAST")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--samples", type=int, default=10)
    parser.add_argument("--points", type=int, default=60000, help="training images")
    args = parser.parse_args()
    first, last = (int(s) for s in args.seeds.split("-"))
    images, labels = load("train")
    data = (images[: args.points], labels[: args.points], *load("t10k"))
    for variant in args.variants.split(","):
        if variant not in VARIANTS:
            parser.error(f"unknown variant '{variant}'")
        for seed in range(first, last + 1):
            print(json.dumps(run(variant, seed, args, data)), flush=True)


if __name__ == "__main__":
    main()
