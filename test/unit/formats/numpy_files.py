#!/usr/bin/env python3
#===- numpy_files.py - Files by NumPy and by a second safetensors ---------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# The other side of NumpyTest.cpp: `write FOLDER` makes files by NumPy and by an
# independent safetensors writer, `check FOLDER` reads those that modc made. The
# hash is computed here from docs/formats.md, with an XXH64 of its own.
#
#===----------------------------------------------------------------------===#

import json
import os
import struct
import sys

import numpy as np

TYPES = {"bool": "?", "u8": "u1", "i8": "i1", "u16": "<u2", "i16": "<i2",
         "f16": "<f2", "u32": "<u4", "i32": "<i4", "f32": "<f4", "u64": "<u8",
         "i64": "<i8", "f64": "<f8"}
MASK = (1 << 64) - 1
PRIMES = (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9,
          0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5)


def values(name):
    """3 x 5 elements; element i is 7 i mod 11, or its parity for bool."""
    v = np.arange(15) * 7 % 11
    return (v % 2 if name == "bool" else v).astype(TYPES[name]).reshape(3, 5)


def rotl(x, r):
    return (x << r | x >> (64 - r)) & MASK


def step(acc, lane):
    return rotl((acc + lane * PRIMES[1]) & MASK, 31) * PRIMES[0] & MASK


def xxh64(data):
    p1, p2, p3, p4, p5 = PRIMES
    at, size = 0, len(data)
    if size >= 32:
        acc = [(p1 + p2) & MASK, p2, 0, -p1 & MASK]
        while size - at >= 32:
            lanes = struct.unpack_from("<4Q", data, at)
            acc = [step(a, lane) for a, lane in zip(acc, lanes)]
            at += 32
        h = sum(rotl(a, r) for a, r in zip(acc, (1, 7, 12, 18))) & MASK
        for a in acc:
            h = ((h ^ step(0, a)) * p1 + p4) & MASK
    else:
        h = p5
    h = (h + size) & MASK
    while size - at >= 8:
        lane, = struct.unpack_from("<Q", data, at)
        h = (rotl(h ^ step(0, lane), 27) * p1 + p4) & MASK
        at += 8
    if size - at >= 4:
        lane, = struct.unpack_from("<I", data, at)
        h = (rotl(h ^ lane * p1 & MASK, 23) * p2 + p3) & MASK
        at += 4
    for byte in data[at:]:
        h = rotl(h ^ byte * p5 & MASK, 11) * p1 & MASK
    h = (h ^ h >> 33) * p2 & MASK
    h = (h ^ h >> 29) * p3 & MASK
    return h ^ h >> 32


def content_hash(tensors, metadata):
    """tensors: name -> (dtype name, array)."""
    def number(n):
        return struct.pack("<Q", n)

    def text(t):
        return number(len(t.encode())) + t.encode()

    out = number(len(metadata))
    for key in sorted(metadata, key=str.encode):
        out += text(key) + text(metadata[key])
    out += number(len(tensors))
    for name in sorted(tensors, key=str.encode):
        dtype, array = tensors[name]
        out += text(name) + text(dtype) + number(array.ndim)
        out += b"".join(number(n) for n in array.shape) + array.tobytes()
    return "%016x" % xxh64(out)


def write(folder):
    for name in TYPES:
        np.save(os.path.join(folder, name + ".npy"), values(name))
    for version in ((1, 0), (2, 0), (3, 0)):
        with open(os.path.join(folder, f"v{version[0]}.npy"), "wb") as out:
            np.lib.format.write_array(out, values("f32"), version)
    np.save(os.path.join(folder, "scalar.npy"), np.float64(2.5))
    np.save(os.path.join(folder, "empty.npy"), np.zeros((0, 4), np.int32))
    np.save(os.path.join(folder, "fortran.npy"), np.asfortranarray(values("f32")))

    # Names in reverse order, no padding: nothing like what modc would write.
    tensors = {name: (name, values(name)) for name in sorted(TYPES)[::-1]}
    metadata = {"step": "17", "note": "\u00e9 \"quoted\"\n"}
    header, payload = {}, b""
    stored = dict(metadata)
    stored["modc.hash"] = content_hash(tensors, metadata)
    for name, (dtype, array) in tensors.items():
        data = array.tobytes()
        header[name] = {
            "data_offsets": [len(payload), len(payload) + len(data)],
            "shape": list(array.shape), "dtype": dtype.upper()}
        payload += data
    header["__metadata__"] = stored
    text = json.dumps(header, indent=1).encode()
    with open(os.path.join(folder, "all.safetensors"), "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text + payload)


def check(folder):
    for name in TYPES:
        array = np.load(os.path.join(folder, name + ".npy"))
        assert array.dtype == np.dtype(TYPES[name]), (name, array.dtype)
        np.testing.assert_array_equal(array, values(name))
    assert np.load(os.path.join(folder, "scalar.npy")).shape == ()

    with open(os.path.join(folder, "all.safetensors"), "rb") as file:
        data = file.read()
    length, = struct.unpack_from("<Q", data)
    header = json.loads(data[8:8 + length])
    assert (8 + length) % 64 == 0
    metadata = header.pop("__metadata__")
    found = metadata.pop("modc.hash")
    assert set(header) == set(TYPES), header
    end, tensors = 0, {}
    for name, item in header.items():
        begin, stop = item["data_offsets"]
        assert begin == end, (name, begin, end)
        end = stop
        array = np.frombuffer(data[8 + length + begin:8 + length + stop],
                              TYPES[name]).reshape(item["shape"])
        np.testing.assert_array_equal(array, values(name))
        assert item["dtype"] == name.upper(), item
        tensors[name] = (name, array)
    assert 8 + length + end == len(data)
    assert found == content_hash(tensors, metadata), found


if len(sys.argv) != 3 or sys.argv[1] not in ("write", "check"):
    sys.exit("usage: numpy_files.py write|check FOLDER")
(write if sys.argv[1] == "write" else check)(sys.argv[2])
