#===- toy.py - The toy network in NumPy -----------------------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# usage: toy.py WEIGHTS X A Y checks that Y is what the members A make of X, and,
# unless all of A are one member, that the controller's mode is A.
#
#===----------------------------------------------------------------------===#

import sys

import numpy as np

from files import read_safetensors

tensors = {
    name: np.frombuffer(data, "<f4").astype(float).reshape(shape)
    for name, (_, shape, data) in read_safetensors(sys.argv[1]).items()
}
x, a, y = (np.load(path) for path in sys.argv[2:])
outputs = np.stack(
    [x @ tensors[f"experts.{m}.weight"] + tensors[f"experts.{m}.bias"] for m in (0, 1)]
)
wanted = outputs[a[:, 0], np.arange(len(x))]
np.testing.assert_allclose(y, wanted, rtol=1e-5, atol=1e-5)
if len(np.unique(a)) > 1:
    scores = x @ tensors["router.weight"] + tensors["router.bias"]
    np.testing.assert_array_equal(a[:, 0], scores.argmax(axis=1))
