#!/usr/bin/env python3
#===- make.py - Files that a reader must refuse ---------------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Writes a folder of damaged and hostile .npy, .safetensors, IDX and CSV files,
# and `expected.tsv`: for each file a text that the message must contain. Made
# from the formats' descriptions with Python's standard library alone.
#
# usage: make.py FOLDER
#
#===----------------------------------------------------------------------===#

import gzip
import json
import os
import struct
import sys

cases = []


def case(name, contents, expected):
    cases.append((name, contents, expected))


# --- .npy ---------------------------------------------------------------------


def npy(descr="<f4", shape="(2, 3)", order="False", payload=bytes(24),
        version=1, text=None, length=None):
    if text is None:
        text = "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }\n" % (
            descr, order, shape)
    text = text.encode("latin-1")
    size = len(text) if length is None else length
    return (b"\x93NUMPY" + bytes([version, 0]) +
            struct.pack("<H" if version == 1 else "<I", size) + text + payload)


case("empty.npy", b"", "not a .npy file")
case("magic.npy", b"\x93NUMBY\1\0" + bytes(100), "not a .npy file")
case("version.npy", npy(version=9), "version 9.0 of .npy")
case("header-beyond-file.npy", npy(version=2, length=0xFFFFFFFF),
     "header of 4294967295 bytes goes beyond the file's")
case("truncated.npy", npy()[:-1], "needs 24 bytes but the file has 23")
case("trailing.npy", npy() + b"!", "needs 24 bytes but the file has 25")
case("negative.npy", npy(shape="(-2, -3)"), "negative size")
case("overflow.npy", npy(shape="(4294967296, 4294967296)", payload=b""),
     "does not fit memory")
case("wraps-to-zero.npy", npy(shape="(4611686018427387904, 4)", payload=b""),
     "does not fit memory")
case("digits.npy", npy(shape="(" + "9" * 400 + ",)"), "fit 63 bits")
case("rank.npy", npy(shape="(" + "1, " * 65 + ")"), "more than 32 dimensions")
case("big-endian.npy", npy(descr=">f4"), "is big-endian")
case("object.npy", npy(descr="|O"), "dtype '|O' is not supported")
case("complex.npy", npy(descr="<c16"), "dtype '<c16' is not supported")
case("structured.npy", npy(text="{'descr': [('a', '<f4')], }"), "structured")
case("fortran.npy", npy(order="True"), "Fortran order")
case("code.npy", npy(text="__import__('os').system('true')"),
     "not a dictionary")
case("nested.npy", npy(text="{'shape': " + "(" * 10000), "tuple of sizes")
case("twice.npy", npy(text="{'descr': '<f4', 'descr': '<f8'}"),
     "key 'descr' twice")
case("missing.npy", npy(text="{'descr': '<f4', 'shape': (6,)}"),
     "no key 'fortran_order'")

# --- safetensors --------------------------------------------------------------


def safetensors(header, payload=b"", length=None):
    if not isinstance(header, (bytes, str)):
        header = json.dumps(header)
    if isinstance(header, str):
        header = header.encode()
    size = len(header) if length is None else length
    return struct.pack("<Q", size) + header + payload


def entry(dtype="F32", shape=(2,), offsets=(0, 8)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


eight = bytes(8)
case("empty.safetensors", b"", "it has 0 bytes")
case("header-beyond-file.safetensors", safetensors("{}", length=1 << 40),
     "goes beyond the file's")
case("header-length-overflow.safetensors",
     safetensors("{}", length=(1 << 64) - 1), "goes beyond the file's")
case("array.safetensors", safetensors("[]"), "not a JSON object")
case("cut-json.safetensors", safetensors('{"a":{"dty'), "not JSON at its byte")
case("not-utf8.safetensors", safetensors(b'{"\xff\xfe":1}'), "not JSON")
case("deep.safetensors", safetensors('{"a":' + "[" * 500000), "has an array")
case("truncated.safetensors", safetensors({"a": entry()}, eight[:-1]),
     "tensor 'a' ends at 8 but the payload has 7 bytes")
case("trailing.safetensors", safetensors({"a": entry()}, eight + b"!"),
     "tensors end at 8 but the payload has 9 bytes")
case("overlap.safetensors",
     safetensors({"a": entry(), "b": entry(offsets=(4, 12))}, eight + eight[4:]),
     "tensor 'b' begins at 4, within the end 8 of tensor 'a'")
case("alias.safetensors",
     safetensors({"a": entry(), "b": entry()}, eight), "tensor 'b' begins at 0")
case("gap.safetensors",
     safetensors({"a": entry(offsets=(4, 12))}, eight + eight[4:]),
     "tensor 'a' begins at 4, not at the end 0")
case("negative-offset.safetensors",
     safetensors({"a": entry(offsets=(-8, 0))}, eight), "a negative number")
case("reversed.safetensors", safetensors({"a": entry(offsets=(8, 0))}, eight),
     "begin at 8 but end at 0")
case("far-offset.safetensors",
     safetensors({"a": entry(offsets=((1 << 63) - 9, (1 << 63) - 1))}, eight),
     "but the payload has 8 bytes")
case("wide-offset.safetensors",
     safetensors({"a": entry(offsets=(0, 1 << 64))}, eight), "64-bit integer")
case("dtype.safetensors", safetensors({"a": entry("F8_E5M2")}, eight),
     "tensor 'a': dtype 'F8_E5M2' is not supported")
case("dtype-size.safetensors", safetensors({"a": entry("F64")}, eight),
     "tensor 'a': shape [2] of f64 needs 16 bytes")
case("overflow.safetensors",
     safetensors({"a": entry(shape=(1 << 32, 1 << 32))}, eight),
     "does not fit memory")
case("negative-size.safetensors", safetensors({"a": entry(shape=(-2,))}, eight),
     "negative number")
case("fraction.safetensors", safetensors({"a": entry(shape=(2.5,))}, eight),
     "not a 64-bit integer")
one = '"a":' + json.dumps(entry())
case("duplicate.safetensors", safetensors("{%s,%s}" % (one, one), eight),
     "name 'a' stands twice")
case("no-shape.safetensors",
     safetensors({"a": {"dtype": "F32", "data_offsets": [0, 8]}}, eight),
     "tensor 'a' lacks one of")
case("metadata.safetensors", safetensors({"__metadata__": {"step": 3}}),
     "at key 'step' has a number")
case("hash.safetensors",
     safetensors({"__metadata__": {"modc.hash": "0" * 16}, "a": entry()}, eight),
     "payload does not match its hash")

# --- IDX ----------------------------------------------------------------------


def idx(sizes, payload, type=8):
    return (bytes([0, 0, type, len(sizes)]) +
            b"".join(struct.pack(">I", size) for size in sizes) + payload)


def squeezed(contents):
    return gzip.compress(contents, mtime=0)


case("empty.idx", b"", "not an IDX file")
case("magic.idx", b"GIF89a" + bytes(20), "not an IDX file")
case("type.idx", idx([2], b"ab", type=7), "has type 7")
case("no-sizes.idx", idx([], b"ab"), "no dimensions")
case("cut-header.idx", idx([2, 3], b"")[:9], "ends within the header's 2 sizes")
case("truncated.idx", idx([2, 3], b"abcde"), "needs 6 bytes but the file has 5")
case("trailing.idx", idx([2, 3], b"abcdefg"),
     "needs 6 bytes but the file has 7")
case("overflow.idx", idx([0xFFFFFFFF] * 255, b""), "does not fit memory")
case("claim.idx.gz", squeezed(idx([0xFFFFFFFF, 0x40000000], b"")),
     "but the file has at most")
case("bomb.idx.gz", squeezed(idx([4], bytes(1 << 24))), "the file has more")
good = squeezed(idx([64], bytes(range(64))))
case("truncated.idx.gz", good[:-9], "cut short")
case("checksum.idx.gz", good[:-8] + bytes([good[-8] ^ 1]) + good[-7:],
     "gzip data is damaged: incorrect data check")
case("garbage.idx.gz", good + b"garbage", "followed by 7 other bytes")
case("method.idx.gz", good[:2] + b"\x07" + good[3:], "gzip data is damaged")

# --- CSV ----------------------------------------------------------------------

case("empty.csv", b"", "file has no rows")
case("header-only.csv", b"a,b\n", "header but no rows")
case("ragged.csv", b"1,2,3\n4,5\n", "line 2 has 2 columns but line 1 has 3")
case("text.csv", b"x,y\n1,2\n3,four\n", "line 3, column 2: 'four'")
case("hole.csv", b"1,2\n,4\n", "line 2, column 1: field is empty")
case("nan.csv", b"1,2\nnan,4\n", "line 2, column 1: 'nan' is not a finite")
case("infinity.csv", b"1,2\n3,-Infinity\n", "is not a finite number")
case("huge.csv", b"1,2\n1e999999999999,4\n", "out of the range")
case("zero-byte.csv", b"1,2\n3\0,4\n", "'3\\x00' is not a number")
case("binary.csv", bytes(range(128, 256)) + b"\n", "1 columns")
case("one-column.csv", b"1\n2\n", "leaves no input")
case("decimal-comma.csv", b"x;y\n1,5;2,5\n", "line 2, column 1: '1,5'")


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: make.py FOLDER")
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "expected.tsv"), "w", encoding="utf-8") as tsv:
        for name, contents, expected in cases:
            with open(os.path.join(folder, name), "wb") as out:
                out.write(contents)
            tsv.write(f"{name}\t{expected}\n")


main()
