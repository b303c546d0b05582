#===- native.py - The loops in C, and the probes --------------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Compiles loop.c and its friends for this processor, one library each, so that one
# that is not there takes no other with it, and runs them.
#
#===----------------------------------------------------------------------===#
import concurrent.futures
import ctypes
import os
import subprocess
import time

import numpy as np

import environment
import shapes

FLAGS = {
    "loop": [],
    "probes": [],
    # Debian has the static library only.
    "xsmm": ["-l:libxsmm.a", "-l:libxsmmnoblas.a", "-lm", "-lpthread", "-ldl"],
    "onednn": ["-fopenmp", "-ldnnl"],
}


def compile_c(name, directory):
    path = os.path.join(directory, f"{name}.so")
    source = os.path.join(environment.HERE, f"{name}.c")
    command = [os.environ.get("CC", "cc"), "-O3", "-march=native", "-shared", "-fPIC",
               "-o", path, source] + FLAGS[name]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        text = getattr(error, "stderr", "") or str(error)
        lines = [line for line in text.splitlines() if "error" in line] or [text]
        raise environment.missing(f"{name}.c", lines[0]) from None
    return ctypes.CDLL(path)


def address(array):
    return ctypes.c_void_p(array.ctypes.data)


class Modules(ctypes.Structure):
    """`struct modules` of loop.h."""

    _fields_ = [("d", ctypes.c_int64), ("o", ctypes.c_int64), ("m", ctypes.c_int64),
                ("hidden", ctypes.c_void_p), ("w", ctypes.c_void_p * 2),
                ("b", ctypes.c_void_p * 2)]

    @classmethod
    def of(cls, problem):
        shape = problem.shape
        hidden = shapes.hidden(shape)
        tables = {
            field: np.array([part.ctypes.data for part in getattr(problem, field)],
                            np.uintp)
            for field in problem.fields()}
        made = cls(shape.d, shape.o, shape.m, hidden.ctypes.data)
        for layer in range(2 if shape.o else 1):
            made.w[layer] = tables[f"w{layer + 1}"].ctypes.data
            made.b[layer] = tables[f"b{layer + 1}"].ctypes.data
        # What the pointers point to.
        made.keep = problem, hidden, tables
        return made


class Loop:
    """The loop of loop.c with the products of a library."""

    # None: as many as one likes.
    most_threads = None
    task = "forward"

    def __init__(self, problem, routing, threads, library, shared):
        shape = problem.shape
        rows, largest = shape.n * shape.k, int(shapes.hidden(shape).max())
        self.library, self.threads, self.shared = library, threads, shared
        self.modules = shared.setdefault("modules", Modules.of(problem))
        self.y = np.zeros((shape.n, shapes.width(shape)), np.float32)
        scratch = np.zeros(rows * (shape.d + largest + shape.o), np.float32)
        places = np.zeros(rows + shape.m + 1, np.int64)
        chosen = problem.choices[routing]
        linear, self.context = self.prepare(chosen)
        number = ctypes.c_int64
        self.keep = scratch, places, problem
        self.arguments = [
            ctypes.cast(linear, ctypes.c_void_p), self.context,
            ctypes.byref(self.modules),
            number(shape.n), number(shape.k), number(largest), address(problem.x),
            address(chosen), address(self.y), address(scratch), address(places)]
        self.loop = library["loop"].peer_loop

    def repeat(self, calls):
        self.loop(ctypes.c_int64(calls), *self.arguments)

    def result(self):
        return self.y

    @staticmethod
    def fits(problem, routing):
        return True


class OpenBlas(Loop):
    name = "OpenBLAS loop"

    def prepare(self, chosen):
        context = (ctypes.c_void_p * 2)(
            ctypes.cast(self.library["blas"].cblas_sgemm, ctypes.c_void_p).value,
            ctypes.addressof(self.modules))
        return self.library["loop"].blas_linear, context

    def repeat(self, calls):
        # Others load it too, and leave its threads alone.
        self.library["blas"].openblas_set_num_threads(self.threads)
        super().repeat(calls)


class Context:
    """What C made; freed with the last runner that shares it."""

    def __init__(self, library, name, modules, *arguments):
        make, self.free = (getattr(library, f"{name}_{n}") for n in ("make", "free"))
        make.restype = ctypes.c_void_p
        # It is read until the end.
        self.modules = modules
        self._as_parameter_ = ctypes.c_void_p(make(ctypes.byref(modules), *arguments))

    def __del__(self):
        self.free(self._as_parameter_)


class Xsmm(Loop):
    name = "libxsmm loop"
    most_threads = 1

    def prepare(self, chosen):
        own = self.library["own"]
        if "context" not in self.shared:
            self.shared["context"] = Context(own, "xsmm", self.modules)
        return own.xsmm_linear, self.shared["context"]


class OneDnn(Loop):
    name = "oneDNN loop"

    def prepare(self, chosen):
        own = self.library["own"]
        counts = np.bincount(chosen.reshape(-1), minlength=self.modules.m)
        counts = counts.astype(np.int64)
        return own.dnn_linear, Context(own, "dnn", self.modules, address(counts),
                                       ctypes.c_int(self.threads))


def open_blas(helpers):
    """OpenBLAS itself, whichever BLAS the system prefers."""
    folder = "/usr/lib/x86_64-linux-gnu/openblas-pthread/libopenblas.so.0"
    for path in (folder, "libopenblas.so.0"):
        try:
            blas = ctypes.CDLL(path)
            break
        except OSError as error:
            reason = error
    else:
        raise environment.missing("OpenBLAS", reason)
    blas.openblas_get_config.restype = ctypes.c_char_p
    # "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH … SkylakeX MAX_THREADS=64".
    words = blas.openblas_get_config().decode().split()
    version = f"{' '.join(words[:2])} ({words[-2]})"
    return OpenBlas, dict(helpers, blas=blas), version


def open_xsmm(helpers):
    library = compile_c("xsmm", helpers["directory"])
    library.xsmm_version.restype = ctypes.c_char_p
    version = library.xsmm_version().decode()
    return Xsmm, dict(helpers, own=library), f"libxsmm {version}"


def open_onednn(helpers):
    library = compile_c("onednn", helpers["directory"])

    class Version(ctypes.Structure):
        _fields_ = [(n, ctypes.c_int) for n in ("major", "minor", "patch")]

    library.dnnl_version.restype = ctypes.POINTER(Version)
    of = library.dnnl_version().contents
    version = f"oneDNN {of.major}.{of.minor}.{of.patch}"
    return OneDnn, dict(helpers, own=library), version


class Probes:
    """FLOP/s of multiply-adds, and bytes a second of reads from memory, on so many
    threads."""

    def __init__(self, library, threads, data):
        self.library, self.threads, self.data = library, threads, data
        library.peer_peak.restype = library.peer_read.restype = ctypes.c_double
        library.peer_peak.argtypes = [ctypes.c_int64, ctypes.c_void_p]
        library.peer_read.argtypes = [ctypes.c_void_p, ctypes.c_int64,
                                      ctypes.c_void_p]
        self.pool = concurrent.futures.ThreadPoolExecutor(threads)
        self.sinks = [np.zeros(64, np.float32) for _ in range(threads)]

    def rate(self, work):
        start = time.perf_counter()
        done = sum(self.pool.map(work, range(self.threads)))
        return done / (time.perf_counter() - start)

    def peak(self, iterations=400000):
        return self.rate(lambda i: self.library.peer_peak(
            iterations, self.sinks[i].ctypes.data))

    def bandwidth(self):
        part = len(self.data) // self.threads // 128 * 128
        return self.rate(lambda i: self.library.peer_read(
            self.data.ctypes.data + 4 * i * part, part, self.sinks[i].ctypes.data))


def cache_bytes():
    """The largest cache that the system tells of."""
    largest, folder = 32 << 20, "/sys/devices/system/cpu/cpu0/cache"
    for index in range(8):
        try:
            with open(f"{folder}/index{index}/size", encoding="ascii") as file:
                text = file.read().strip()
            largest = max(largest, int(text.rstrip("KM")) << (
                20 if text.endswith("M") else 10))
        except OSError:
            break
    return largest


def probe_memory():
    """Four times the largest cache, aligned, written once."""
    count = cache_bytes()
    block = np.ones(count + 16, np.float32)
    first = -(block.ctypes.data // 4) % 16
    return block[first:first + count]
