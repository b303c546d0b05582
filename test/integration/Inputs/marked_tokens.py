#!/usr/bin/python3
#===- marked_tokens.py - Sequences that attention can read ----------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# marked_tokens.py TRAIN TEST FOLDER: sequences of 6 tokens, one of them marked in
# feature 0. Features 1 to 3 hold a one-hot kind; the label is the kind of the
# marked token, which no linear map of the sequence tells from the others' kinds.
#
#===----------------------------------------------------------------------===#
import os
import sys

import numpy as np


def draw(rng, count):
    x = 0.1 * rng.normal(size=(count, 6, 8))
    kinds = rng.integers(0, 3, (count, 6))
    marked = rng.integers(0, 6, count)
    every = np.arange(count)
    x[every, marked, 0] += 2.0
    for token in range(6):
        x[every, token, 1 + kinds[:, token]] += 1.0
    return x.astype(np.float32), kinds[every, marked].astype(np.int32)


def main():
    rng = np.random.default_rng(3)
    for name, count in zip(("train", "test"), sys.argv[1:3]):
        x, y = draw(rng, int(count))
        np.save(os.path.join(sys.argv[3], f"{name}-x.npy"), x)
        np.save(os.path.join(sys.argv[3], f"{name}-y.npy"), y)


if __name__ == "__main__":
    main()
