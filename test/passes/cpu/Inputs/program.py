#===- program.py - Calls programs of a module from NumPy ------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Compiles MLIR text with given passes to a library, through LLVM's own tools,
# and calls its functions on arrays. It shares nothing with the model ABI, so that
# the phases up to `buffers` are tested alone.
#
#===----------------------------------------------------------------------===#

import ctypes
import os
import subprocess
import tempfile

import numpy as np

TO_LLVM = [
    "--modular-expand-math",
    "--llvm-request-c-wrappers",
    "--lower-affine",
    "--convert-scf-to-cf",
    "--expand-strided-metadata",
    "--lower-affine",
    "--arith-expand",
    "--convert-vector-to-llvm",
    "--convert-math-to-llvm",
    "--finalize-memref-to-llvm",
    "--convert-index-to-llvm",
    "--convert-arith-to-llvm",
    "--convert-func-to-llvm",
    "--convert-cf-to-llvm",
    "--reconcile-unrealized-casts",
]


def descriptor(array):
    """The memref descriptor of an array; keep the array alive."""
    fields = [("base", ctypes.c_void_p), ("data", ctypes.c_void_p), ("offset", ctypes.c_int64)]
    rank = array.ndim
    if rank:
        fields += [("sizes", ctypes.c_int64 * rank), ("strides", ctypes.c_int64 * rank)]
    kind = type(f"MemRef{rank}", (ctypes.Structure,), {"_fields_": fields})
    pointer = array.ctypes.data
    if not rank:
        return kind(pointer, pointer, 0)
    strides = [s // array.itemsize for s in array.strides]
    return kind(pointer, pointer, 0, (ctypes.c_int64 * rank)(*array.shape), (ctypes.c_int64 * rank)(*strides))


class Program:
    """Functions of MLIR text after `passes` of modc-opt."""

    def __init__(self, text, passes):
        self.folder = tempfile.TemporaryDirectory()
        source = os.path.join(self.folder.name, "in.mlir")
        with open(source, "w") as f:
            f.write(text)
        lowered = self.run(["modc-opt", source, *passes])
        # There is no host to say how many workers there are.
        lowered = lowered.replace(b"modular.num_workers", b"arith.constant 3 : index")
        lowered = self.run(["modc-opt", *TO_LLVM], lowered)
        ir = self.run(["mlir-translate", "--mlir-to-llvmir"], lowered)
        ll = os.path.join(self.folder.name, "out.ll")
        with open(ll, "wb") as f:
            f.write(ir)
        library = os.path.join(self.folder.name, "out.so")
        self.run(["clang", "-O3", "-march=native", "-Wno-override-module", "-shared", "-fPIC", ll, "-o", library])
        self.library = ctypes.CDLL(library)

    @staticmethod
    def run(command, stdin=None):
        result = subprocess.run(command, input=stdin, stdout=subprocess.PIPE)
        if result.returncode:
            raise RuntimeError(f"{command[0]} failed")
        return result.stdout

    def __call__(self, name, *arguments):
        values, keep = [], []
        for argument in arguments:
            if isinstance(argument, np.ndarray):
                keep.append(descriptor(argument))
                values.append(ctypes.byref(keep[-1]))
            elif isinstance(argument, int):
                values.append(ctypes.c_int64(argument))
            elif isinstance(argument, np.float32):
                values.append(ctypes.c_float(argument))
            else:
                values.append(ctypes.c_double(argument))
        getattr(self.library, "_mlir_ciface_" + name)(*values)
