#===- modc_ctypes.py - The runtime's C interface for numeric tests --------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Calls any program of a compiled model from NumPy through libmodc.so, as C
# programs do; compiled.py is a host of its own that does without the runtime.
#
#===----------------------------------------------------------------------===#
"""NumPy arrays in and out of compiled programs.

Names of buffers, sizes and scalars come from the model's signature, so that a
test says what it means:

    session = Session(Model("model.so"))
    session.init(seed=1)
    out = session.call("score", points=n, x=x, target=t, selection=a)
    out["log_likelihood"]

The library is found in $MODC_LIBRARY, or in build/lib beside the sources.
"""

import ctypes
import json
import os
from ctypes import (POINTER, byref, c_char_p, c_double, c_int, c_int64,
                    c_size_t, c_uint64, c_void_p)

import numpy as np

DTYPES = {"f32": np.float32, "f64": np.float64, "i8": np.int8,
          "i32": np.int32, "i64": np.int64}

ARENAS = {"parameters": 0, "gradients": 1, "state": 2}


class Failure(Exception):
    """A message of the library."""


def _find_library():
    here = os.path.dirname(os.path.abspath(__file__))
    candidates = [os.environ.get("MODC_LIBRARY"),
                  os.path.join(here, "..", "..", "build", "lib", "libmodc.so"),
                  "libmodc.so"]
    for path in candidates:
        if path and (os.path.exists(path) or "/" not in path):
            return ctypes.CDLL(path)
    raise Failure("libmodc.so not found: set MODC_LIBRARY")


_library = None


def library():
    """The loaded library, with the types of its functions."""
    global _library
    if _library is not None:
        return _library
    lib = _find_library()
    error = POINTER(c_void_p)
    signatures = {
        "modc_version": (c_char_p, []),
        "modc_string_free": (None, [c_void_p]),
        "modc_model_open": (c_int, [c_char_p, POINTER(c_void_p), error]),
        "modc_model_close": (None, [c_void_p]),
        "modc_model_signature": (c_char_p, [c_void_p]),
        "modc_model_target": (c_char_p, [c_void_p]),
        "modc_session_options_init": (None, [c_void_p]),
        "modc_session_open": (c_int, [c_void_p, c_void_p, POINTER(c_void_p),
                                      error]),
        "modc_session_close": (None, [c_void_p]),
        "modc_session_init": (c_int, [c_void_p, c_uint64, error]),
        "modc_session_load_weights": (c_int, [c_void_p, c_char_p, error]),
        "modc_session_load_weights_memory": (c_int, [c_void_p, c_char_p,
                                                     c_size_t, error]),
        "modc_session_save_weights": (c_int, [c_void_p, c_char_p, error]),
        "modc_session_call": (c_int, [c_void_p, c_char_p, c_int64, c_int64,
                                      POINTER(c_void_p), POINTER(c_int64),
                                      c_size_t, POINTER(c_int64), c_size_t,
                                      POINTER(c_double), c_size_t, error]),
        "modc_session_arena": (c_void_p, [c_void_p, c_int, POINTER(c_int64)]),
        "modc_toy_data": (None, [c_uint64, c_int64, c_int, c_void_p, c_void_p,
                                 c_void_p]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(lib, name)
        function.restype = result
        function.argtypes = arguments
    _library = lib
    return lib


def _check(code, error):
    if code == 0:
        return
    text = ctypes.cast(error, c_char_p).value if error else b"out of memory"
    library().modc_string_free(error)
    raise Failure(text.decode())


class _TraceEvent(ctypes.Structure):
    _fields_ = [("kind", c_int), ("program", c_char_p), ("name", c_char_p),
                ("worker", c_int64), ("number", c_int64),
                ("begin_ns", c_int64), ("end_ns", c_int64)]


_Trace = ctypes.CFUNCTYPE(None, c_void_p, POINTER(_TraceEvent))


class _SessionOptions(ctypes.Structure):
    """modc_session_options; of the host's own functions only `trace` is set."""
    _fields_ = [("struct_size", c_size_t), ("workers", c_int64),
                ("executor", c_int64 * 4), ("allocator", c_void_p * 3),
                ("log", c_void_p * 2), ("trace", _Trace), ("trace_user", c_void_p),
                ("device", c_char_p)]


class Model:
    """A compiled model; `signature` is its parsed JSON."""

    def __init__(self, path):
        self.handle = c_void_p()
        error = c_void_p()
        _check(library().modc_model_open(os.fsencode(path), byref(self.handle),
                                         byref(error)), error)
        text = library().modc_model_signature(self.handle)
        self.signature = json.loads(text)
        self.programs = {p["name"]: p for p in self.signature["programs"]}

    def __del__(self):
        if self.handle:
            library().modc_model_close(self.handle)

    def dtype(self, tensor):
        return DTYPES[tensor.get("type", self.signature["element"])]


class Session:
    """A model with parameters, run by a device if one is named. Arenas appear as
    dicts of NumPy views. `trace` is told of each event as (kind, program, name,
    begin, end), in ns; kind 1 is a parallel loop, or a launch of the device."""

    def __init__(self, model, workers=1, device=None, trace=None):
        self.model = model
        options = _SessionOptions()
        library().modc_session_options_init(byref(options))
        if options.struct_size != ctypes.sizeof(options):
            raise Failure("modc_session_options is not what it was")
        options.workers = workers
        options.device = device.encode() if device else None
        if trace:
            def report(_, event):
                e = event.contents
                trace((e.kind, e.program.decode(), e.name.decode(), e.begin_ns,
                       e.end_ns))

            # As long as the session.
            self.trace = _Trace(report)
            options.trace = self.trace
        self.handle = c_void_p()
        error = c_void_p()
        _check(library().modc_session_open(model.handle, byref(options),
                                           byref(self.handle), byref(error)),
               error)

    def __del__(self):
        if self.handle:
            library().modc_session_close(self.handle)

    def init(self, seed):
        error = c_void_p()
        _check(library().modc_session_init(self.handle, seed, byref(error)),
               error)

    def load(self, path):
        error = c_void_p()
        _check(library().modc_session_load_weights(
            self.handle, os.fsencode(path), byref(error)), error)

    def save(self, path):
        error = c_void_p()
        _check(library().modc_session_save_weights(
            self.handle, os.fsencode(path), byref(error)), error)

    def _views(self, arena, tensors):
        size = c_int64()
        memory = library().modc_session_arena(self.handle, ARENAS[arena],
                                              byref(size))
        if not memory:
            raise Failure(f"no memory for the arena of {arena}")
        data = np.ctypeslib.as_array(
            ctypes.cast(memory, POINTER(ctypes.c_uint8)), (size.value,))
        views = {}
        for tensor in tensors:
            dtype = np.dtype(self.model.dtype(tensor))
            count = int(np.prod(tensor["shape"], dtype=np.int64))
            first = tensor["offset"]
            views[tensor["name"]] = data[
                first:first + count * dtype.itemsize].view(dtype).reshape(
                    tensor["shape"])
        return views

    @property
    def parameters(self):
        """Views by name; writing to them changes the session. With a device, or
        where programs keep tensors in panels, they are those of now: a call makes
        them old."""
        return self._views("parameters", self.model.signature["parameters"])

    @property
    def gradients(self):
        return self._views("gradients", self.model.signature["parameters"])

    @property
    def state(self):
        return self._views("state", self.model.signature["state"])

    def call(self, program, points=0, candidates=1, shift=0, **values):
        """Runs a program with inputs and scalars by name; returns its outputs
        by name. Arrays are converted to the signature's types; their size is
        checked against its shapes. They start `shift` bytes behind a multiple
        of 64."""
        return self.run(program, values, points, candidates, shift)

    def run(self, program, values, points=0, candidates=1, shift=0):
        """As `call`, for inputs of any name."""
        values = dict(values)
        spec = self.model.programs.get(program)
        if spec is None:
            raise Failure(f"the model has no program '{program}'")
        sizes = {"N": points, "S*N": points * candidates}
        arrays, outputs = [], {}
        for buffer in spec["buffers"]:
            shape = [sizes.get(d, d) for d in buffer["shape"]]
            dtype = np.dtype(self.model.dtype(buffer))
            size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
            memory = np.zeros(size + 128, np.uint8)
            first = -memory.ctypes.data % 64 + shift
            array = memory[first:first + size].view(dtype).reshape(shape)
            if buffer["output"]:
                outputs[buffer["name"]] = array
            else:
                if buffer["name"] not in values:
                    raise Failure(f"'{program}' needs '{buffer['name']}'")
                given = np.asarray(values.pop(buffer["name"]))
                array[...] = given.astype(dtype).reshape(shape)
            arrays.append(array)
        integers = [int(values.pop(name)) for name in spec["integers"]]
        reals = [float(values.pop(name)) for name in spec["reals"]]
        if values:
            raise Failure(f"'{program}' does not take {sorted(values)}")
        pointers = (c_void_p * max(len(arrays), 1))(
            *[a.ctypes.data for a in arrays])
        lengths = (c_int64 * max(len(arrays), 1))(*[a.nbytes for a in arrays])
        error = c_void_p()
        _check(library().modc_session_call(
            self.handle, program.encode(), points, candidates, pointers,
            lengths, len(arrays), (c_int64 * max(len(integers), 1))(*integers),
            len(integers), (c_double * max(len(reals), 1))(*reals), len(reals),
            byref(error)), error)
        return outputs


def toy_data(seed, points=1000, test=False):
    """x, y and component of the built-in toy regression."""
    x = np.empty((points, 2), np.float32)
    y = np.empty((points, 2), np.float32)
    component = np.empty(points, np.int32)
    library().modc_toy_data(seed, points, int(test), x.ctypes.data,
                            y.ctypes.data, component.ctypes.data)
    return x, y, component
