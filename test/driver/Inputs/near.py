"""Fails unless the tensors of weights files differ by no more than rounding."""

import json
import struct
import sys

import numpy as np


def read(path):
    with open(path, "rb") as file:
        data = file.read()
    size = struct.unpack_from("<Q", data)[0]
    header = json.loads(data[8 : 8 + size])
    header.pop("__metadata__", None)
    return {
        name: np.frombuffer(
            data[8 + size + t["data_offsets"][0] : 8 + size + t["data_offsets"][1]],
            np.float32,
        )
        for name, t in header.items()
    }


def main():
    first, *others = (read(path) for path in sys.argv[1:])
    for other in others:
        assert first.keys() == other.keys(), (first.keys(), other.keys())
        for name, values in first.items():
            # Sixty steps of Adam carry a rounding error on.
            np.testing.assert_allclose(other[name], values, 1e-4, 1e-5, err_msg=name)


main()
