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
import threading

import numpy as np

ABI = 5
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
        ("device_code", ctypes.c_void_p),
        ("device_code_bytes", ctypes.c_int64),
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


class Memory:
    """Bytes at a 64-byte boundary between guards of ones in all bits, of which a
    kernel that reads one makes NaN."""

    GUARD = 64

    def __init__(self, size, fill=0xFF):
        raw = np.full(size + 4 * self.GUARD, 0xFF, np.uint8)
        start = -raw.ctypes.data % 64 + self.GUARD
        self.bytes = raw[start : start + size]
        self.bytes[...] = fill
        self.guards = raw[start - self.GUARD : start], raw[start + size : start + size + self.GUARD]
        self.address = self.bytes.ctypes.data

    def is_intact(self):
        return all((guard == 0xFF).all() for guard in self.guards)


class Model:
    """`workers` run the tasks of a loop: of one thread, backwards, or where `threads`
    is set, of as many. `features` are those to choose a variant by."""

    def __init__(self, path, workers=1, threads=False, features=None):
        self.signature = read_note(path)
        self.library = ctypes.CDLL(path)
        entry = self.library.modc_model_entry
        entry.restype = ctypes.POINTER(_Model)
        entry.argtypes = [ctypes.c_int64, ctypes.c_uint64]
        model = entry(ABI, features_here() if features is None else features)
        if not model:
            raise ValueError(f"'{path}' has no variant for this processor")
        self.table = model.contents
        self.target = self.table.target.decode()
        self.programs = {
            p["name"]: (p, self.table.programs[i])
            for i, p in enumerate(self.signature["programs"])
        }
        self._task = _PARALLEL(self._parallel_for)
        self.use(workers, threads)
        s = self.signature
        # Matrices in panels, and the users' copies.
        self.panels = []
        # What is between tensors is no number.
        self.parameters = Memory(s["parameter_bytes"])
        self.gradients = Memory(s["parameter_bytes"])
        self.state = Memory(s["state_bytes"], 0)
        self.views = {
            "parameters": self._views(self.parameters, s["parameters"]),
            "gradients": self._views(self.gradients, s["parameters"]),
            "state": self._views(self.state, s["state"]),
        }

    def use(self, workers, threads=False):
        self.workers, self.threads = workers, threads and workers > 1
        self.host = _Host(None, workers, self._task, 0)

    def _parallel_for(self, user, tasks, body, context, name):
        # In an order, and by workers, that may not matter.
        left = iter(reversed(range(tasks)))
        if not self.threads:
            for task in left:
                body(context, task, task % self.workers)
            return

        def work(worker):
            # Calls of body run at once, steps of the iterator do not.
            for task in left:
                body(context, task, worker)

        others = [threading.Thread(target=work, args=(w,)) for w in range(1, self.workers)]
        for other in others:
            other.start()
        work(0)
        for other in others:
            other.join()

    def _views(self, arena, entries):
        element = self.signature["element"]
        views = {}
        for e in entries:
            dtype = np.dtype(DTYPES[e.get("type", element)])
            size = int(np.prod(e["shape"])) * dtype.itemsize
            part = arena.bytes[e["offset"] : e["offset"] + size].view(dtype)
            if "panels" in e:
                rows, columns = e["shape"]
                width = e["panels"]
                panels = part.reshape(columns // width, rows, width).transpose(1, 0, 2)
                part = panels.copy()
                self.panels.append((panels, part))
            views[e["name"]] = part.reshape(e["shape"])
        return views

    def parameter_views(self):
        return self.views["parameters"]

    def gradient_views(self):
        return self.views["gradients"]

    def state_views(self):
        return self.views["state"]

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
        element, held, inputs, outputs = self.signature["element"], [], [], {}
        sizes = {"N": points, "S*N": points * samples}
        for b in spec["buffers"]:
            shape = [sizes.get(s, s) for s in b["shape"]]
            dtype = np.dtype(DTYPES[b.get("type", element)])
            memory = Memory(int(np.prod(shape)) * dtype.itemsize)
            view = memory.bytes.view(dtype).reshape(shape)
            if b["output"]:
                outputs[b["name"]] = view
            else:
                view[...] = buffers[b["name"]]
                inputs.append((b["name"], memory, memory.bytes.tobytes()))
            held.append((f"buffer '{b['name']}'", memory))
        size_array = (ctypes.c_int64 * 2)(points, samples)
        needed = program.workspace(size_array, self.workers)
        if needed < 0:
            raise ValueError(f"the workspace of '{name}' overflows")
        workspace = Memory(needed)
        call = _Call(
            ctypes.pointer(self.host),
            self.parameters.address,
            self.gradients.address,
            self.state.address,
            workspace.address,
            (ctypes.c_void_p * max(len(held), 1))(*[m.address for _, m in held]),
            size_array,
            (ctypes.c_int64 * max(len(integers), 1))(*integers),
            (ctypes.c_double * max(len(reals), 1))(*reals),
        )
        for panels, users in self.panels:
            panels[...] = users
        program.run(ctypes.byref(call))
        for panels, users in self.panels:
            users[...] = panels
        held += [("the workspace", workspace), ("the parameters", self.parameters)]
        held += [("the gradients", self.gradients), ("the state", self.state)]
        for what, memory in held:
            if not memory.is_intact():
                raise AssertionError(f"'{name}' writes outside {what}")
        for what, memory, before in inputs:
            if memory.bytes.tobytes() != before:
                raise AssertionError(f"'{name}' writes to its input '{what}'")
        return outputs


def features_here():
    with open("/proc/cpuinfo") as file:
        line = next((x for x in file if x.startswith("flags")), "flags :")
    have = line.split(":")[1].split()
    return sum(1 << i for i, flag in enumerate(FLAGS) if flag in have)
