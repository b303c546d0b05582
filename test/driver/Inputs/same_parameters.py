"""same_parameters.py WEIGHTS CHECKPOINT: the weights are the parameters of the
checkpoint, bit by bit."""

import json
import struct
import sys


def read(path):
    with open(path, "rb") as file:
        data = file.read()
    size = struct.unpack_from("<Q", data)[0]
    header = json.loads(data[8 : 8 + size])
    header.pop("__metadata__", None)
    body = data[8 + size :]
    return {n: body[slice(*t["data_offsets"])] for n, t in header.items()}


def main():
    weights, checkpoint = (read(path) for path in sys.argv[1:])
    assert weights, "no weights"
    for name, values in weights.items():
        assert checkpoint["parameters." + name] == values, name


main()
