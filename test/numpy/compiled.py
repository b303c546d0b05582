#===- compiled.py - A compiled model, called from Python ------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# A second host for model.so, written from docs/artefact.md and runtime/ModelAbi.h
# alone: reads the note, fills the arenas, calls programs through ctypes.
#
#===----------------------------------------------------------------------===#
import ctypes
import json
import struct

import numpy as np

ABI = 2
FLAGS = (
    "sse4_2", "popcnt", "avx", "avx2", "fma", "bmi2", "f16c", "avx512f",
    "avx512dq", "avx512bw", "avx512vl", "avx512cd", "abm",
)  # fmt: skip
DTYPES = {"f32": "<f4", "f64": "<f8", "i8": "<i1", "i32": "<i4", "i64": "<i8"}

_TASK = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)
_PARALLEL = ctypes.CFUNCTYPE(
    None, ctypes.c_void_p, ctypes.c_int64, _TASK, ctypes.c_void_p, ctypes.c_char_p
)


class _Host(ctypes.Structure):
    _fields_ = [
        ("user", ctypes.c_void_p),
        ("workers", ctypes.c_int64),
        ("parallel_for", _PARALLEL),
        ("every_region", ctypes.c_int64),
    ]


class _Call(ctypes.Structure):
    _fields_ = [
        ("host", ctypes.POINTER(_Host)),
        ("parameters", ctypes.c_void_p),
        ("gradients", ctypes.c_void_p),
        ("state", ctypes.c_void_p),
        ("workspace", ctypes.c_void_p),
        ("buffers", ctypes.POINTER(ctypes.c_void_p)),
        ("sizes", ctypes.POINTER(ctypes.c_int64)),
        ("integers", ctypes.POINTER(ctypes.c_int64)),
        ("reals", ctypes.POINTER(ctypes.c_double)),
    ]


class _Program(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("run", ctypes.CFUNCTYPE(None, ctypes.POINTER(_Call))),
        (
            "workspace",
            ctypes.CFUNCTYPE(
                ctypes.c_int64, ctypes.POINTER(ctypes.c_int64), ctypes.c_int64
            ),
        ),
    ]


class _Model(ctypes.Structure):
    _fields_ = [
        ("abi", ctypes.c_int64),
        ("target", ctypes.c_char_p),
        ("program_count", ctypes.c_int64),
        ("programs", ctypes.POINTER(_Program)),
    ]


def read_note(path):
    """The signature in an ELF file's .note.modc, as a dictionary."""
    with open(path, "rb") as file:
        data = file.read()
    if data[:6] != b"\x7fELF\x02\x01":
        raise ValueError(f"'{path}' is no 64-bit little-endian ELF file")
    table = struct.unpack_from("<Q", data, 40)[0]
    entry, count, names = struct.unpack_from("<HHH", data, 58)

    def section(i):
        fields = struct.unpack_from("<IIQQQQ", data, table + i * entry)
        return fields[0], fields[4], fields[5]  # name, offset, size

    start = section(names)[1]
    for i in range(count):
        name, offset, size = section(i)
        if data[start + name :].split(b"\0", 1)[0] != b".note.modc":
            continue
        name_size, size, kind = struct.unpack_from("<III", data, offset)
        if data[offset + 12 : offset + 16] != b"modc" or kind != 1:
            raise ValueError(f"'{path}' has a .note.modc of another kind")
        begin = offset + 12 + (name_size + 3) // 4 * 4
        return json.loads(data[begin : begin + size].rstrip(b"\0"))
    raise ValueError(f"'{path}' has no .note.modc")


def _aligned(size, fill=0):
    """Bytes at a 64-byte boundary, and guard bytes behind them."""
    raw = np.full(size + 192, fill, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + size + 64]


class Model:
    def __init__(self, path, workers=1):
        self.signature = read_note(path)
        self.library = ctypes.CDLL(path)
        entry = self.library.modc_model_entry
        entry.restype = ctypes.POINTER(_Model)
        entry.argtypes = [ctypes.c_int64, ctypes.c_uint64]
        model = entry(ABI, _features())
        if not model:
            raise ValueError(f"'{path}' has no variant for this processor")
        self.table = model.contents
        self.programs = {
            p["name"]: (p, self.table.programs[i])
            for i, p in enumerate(self.signature["programs"])
        }
        self.failures = []
        self._task = _PARALLEL(self._parallel_for)
        self.host = _Host(None, workers, self._task, 0)
        self.workers = workers
        s = self.signature
        self.parameters = _aligned(s["parameter_bytes"])
        self.gradients = _aligned(s["parameter_bytes"])
        self.state = _aligned(s["state_bytes"])

    def _parallel_for(self, user, tasks, body, context, name):
        # Backwards and over all workers: order and worker may not matter.
        for task in reversed(range(tasks)):
            body(context, task, task % self.workers)

    def _views(self, arena, entries):
        element = self.signature["element"]
        views = {}
        for e in entries:
            dtype = np.dtype(DTYPES[e.get("type", element)])
            size = int(np.prod(e["shape"])) * dtype.itemsize
            part = arena[e["offset"] : e["offset"] + size]
            views[e["name"]] = part.view(dtype).reshape(e["shape"])
        return views

    def parameter_views(self):
        return self._views(self.parameters, self.signature["parameters"])

    def gradient_views(self):
        return self._views(self.gradients, self.signature["parameters"])

    def state_views(self):
        return self._views(self.state, self.signature["state"])

    def set_parameters(self, values):
        views = self.parameter_views()
        if set(views) != set(values):
            raise ValueError(f"parameters differ: {sorted(set(views) ^ set(values))}")
        for name, view in views.items():
            view[...] = values[name]

    def run(self, name, buffers=None, points=0, samples=0, integers=(), reals=()):
        """Runs a program; `buffers` holds its inputs by name, the result its
        outputs. Outputs start as NaN, or ones in all bits."""
        spec, program = self.programs[name]
        element, held, outputs = self.signature["element"], [], {}
        sizes = {"N": points, "S*N": points * samples}
        for b in spec["buffers"]:
            shape = [sizes.get(s, s) for s in b["shape"]]
            dtype = np.dtype(DTYPES[b.get("type", element)])
            memory = _aligned(int(np.prod(shape)) * dtype.itemsize, 0xFF)
            view = memory[: int(np.prod(shape)) * dtype.itemsize].view(dtype).reshape(shape)
            if b["output"]:
                outputs[b["name"]] = view
            else:
                view[...] = buffers[b["name"]]
            held.append(memory)
        size_array = (ctypes.c_int64 * 2)(points, samples)
        needed = program.workspace(size_array, self.workers)
        workspace = _aligned(needed, 0xFF)
        call = _Call(
            ctypes.pointer(self.host),
            self.parameters.ctypes.data,
            self.gradients.ctypes.data,
            self.state.ctypes.data,
            workspace.ctypes.data,
            (ctypes.c_void_p * max(len(held), 1))(*[m.ctypes.data for m in held]),
            size_array,
            (ctypes.c_int64 * max(len(integers), 1))(*integers),
            (ctypes.c_double * max(len(reals), 1))(*reals),
        )
        program.run(ctypes.byref(call))
        for memory, what in [(m, "a buffer") for m in held] + [(workspace, "the workspace")]:
            if (memory[-64:] != 0xFF).any():
                raise AssertionError(f"'{name}' writes behind {what}")
        return outputs


def _features():
    with open("/proc/cpuinfo") as file:
        line = next((x for x in file if x.startswith("flags")), "flags :")
    have = line.split(":")[1].split()
    return sum(1 << i for i, flag in enumerate(FLAGS) if flag in have)
