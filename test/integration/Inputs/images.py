#===- images.py - A small part of Fashion-MNIST ---------------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# usage: images.py FOLDER TRAIN TEST OUT writes the first TRAIN training and TEST
# test images, bytes as they are, to OUT/{train,test}-{x,y}.npy: what an example
# is trained on in seconds.
#
#===----------------------------------------------------------------------===#

import gzip
import os
import sys

import numpy as np


def part(folder, split, what, rank, count):
    """The first `count` entries of an IDX file of bytes."""
    path = os.path.join(folder, f"{split}-{what}-idx{rank}-ubyte.gz")
    with gzip.open(path) as file:
        head = np.frombuffer(file.read(4 + 4 * rank), ">i4")
        shape = (count, *head[2:])
        data = np.frombuffer(file.read(int(np.prod(shape))), np.uint8)
    return data.reshape(shape)


folder, train, test, out = sys.argv[1:]
os.makedirs(out, exist_ok=True)
for name, split, count in (("train", "train", int(train)), ("test", "t10k", int(test))):
    x = part(folder, split, "images", 3, count)
    y = part(folder, split, "labels", 1, count)
    np.save(os.path.join(out, f"{name}-x.npy"), x.reshape(count, -1))
    np.save(os.path.join(out, f"{name}-y.npy"), y.astype(np.int32))
