#===- files.py - Make and damage files for the driver's tests -------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# usage: files.py ACTION FILE... The actions write what a user might have, or what
# is left of a file after an accident. Weights are rewritten without modc's hash,
# as other tools would.
#
#===----------------------------------------------------------------------===#

import json
import struct
import sys

import numpy as np


def read_safetensors(path):
    data = open(path, "rb").read()
    (size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + size])
    header.pop("__metadata__", None)
    body = data[8 + size :]
    return {
        name: (spec["dtype"], spec["shape"], body[slice(*spec["data_offsets"])])
        for name, spec in header.items()
    }


def write_safetensors(path, tensors):
    header, body = {}, b""
    for name, (dtype, shape, data) in tensors.items():
        span = [len(body), len(body) + len(data)]
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": span}
        body += data
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    open(path, "wb").write(struct.pack("<Q", len(text)) + text + body)


def weights(source, target, change):
    """Rewrites weights: 'nan NAME', 'drop NAME', 'add NAME', 'transpose NAME'."""
    tensors = read_safetensors(source)
    what, name = change.split(":")
    if what == "drop":
        del tensors[name]
    elif what == "add":
        tensors[name] = ("F32", [1], b"\0\0\0\0")
    elif what == "nan":
        dtype, shape, data = tensors[name]
        tensors[name] = (dtype, shape, struct.pack("<f", float("nan")) + data[4:])
    elif what == "widen":
        dtype, shape, data = tensors[name]
        tensors[name] = (dtype, [*shape, 1], data)
    elif what == "half":
        dtype, shape, data = tensors[name]
        tensors[name] = ("F16", shape, np.frombuffer(data, "<f4").astype("<f2").tobytes())
    else:
        sys.exit(f"unknown change {what}")
    write_safetensors(target, tensors)


def checkpoint(source, target, key, value):
    """Changes an entry of a checkpoint's metadata, and drops modc's hash."""
    data = open(source, "rb").read()
    (size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + size])
    del header["__metadata__"]["modc.hash"]
    header["__metadata__"][key] = value
    text = json.dumps(header).encode()
    open(target, "wb").write(struct.pack("<Q", len(text)) + text + data[8 + size :])


def array(path, dtype, values):
    """An array that a Python expression gives; np is NumPy."""
    np.save(path, np.array(eval(values), dtype))


def flip(source, target, at):
    """Flips one bit, `at` bytes from the end."""
    data = bytearray(open(source, "rb").read())
    data[-int(at)] ^= 0x10
    open(target, "wb").write(data)


def cut(source, target, size):
    """Keeps the first bytes."""
    open(target, "wb").write(open(source, "rb").read()[: int(size)])


def replace(source, target, old, new):
    """Replaces bytes by as many others."""
    data = open(source, "rb").read()
    old, new = old.encode(), new.encode()
    if len(old) != len(new) or data.count(old) == 0:
        sys.exit(f"cannot replace {old} by {new} in {source}")
    open(target, "wb").write(data.replace(old, new))


def points(path, count, width, seed="0"):
    """Normal numbers, f32 [count, width]."""
    rng = np.random.default_rng(int(seed))
    np.save(path, rng.normal(size=(int(count), int(width))).astype(np.float32))


def full(path, count, width, value, dtype="f4"):
    """One value everywhere."""
    np.save(path, np.full((int(count), int(width)), float(value), dtype))


def add(source, target, index, amount):
    """Adds to one element of an array."""
    array = np.load(source)
    array.reshape(-1)[int(index)] += float(amount)
    np.save(target, array)


if __name__ == "__main__":
    actions = [weights, checkpoint, array, flip, cut, replace, points, full, add]
    {action.__name__: action for action in actions}[sys.argv[1]](*sys.argv[2:])
