#===- runners.py - One layer, computed by modc and by its peers -----------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Each runner is a class that takes a problem and has `run()`, which computes the
# layer, and `result()`, which hands over what the last run made. Routing and
# combining are part of every run; what weights alone decide is prepared before.
#
#===----------------------------------------------------------------------===#
import ctypes
import os
import subprocess
import sys

import numpy as np

SOURCE = os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
)
sys.path.insert(0, os.path.join(SOURCE, "test", "numpy"))

import shapes  # noqa: E402


class Missing(Exception):
    """A peer that is not on this machine, and how to get it."""


class Problem:
    """Weights, inputs and choices of one shape, and the expected result."""

    def __init__(self, shape, routing):
        random = np.random.default_rng(1)
        self.shape = shape
        real = lambda *size: random.uniform(-1, 1, size).astype(np.float32)
        n, d, h, o, m = shape.n, shape.d, shape.h, shape.o, shape.m
        self.x = real(n, d)
        self.w1, self.b1 = real(m, d, h) / np.float32(d**0.5), real(m, h)
        self.w2 = real(m, h, o) / np.float32(h**0.5) if o else None
        self.b2 = real(m, o) if o else None
        self.route(routing)

    def route(self, routing):
        self.choices = shapes.choices(self.shape, routing)

    def expected(self):
        """In f64, one module after the other."""
        y = np.zeros((self.shape.n, shapes.width(self.shape)))
        for e in np.unique(self.choices):
            rows = np.nonzero(self.choices == e)[0]
            value = self.x[rows].astype(np.float64) @ self.w1[e] + self.b1[e]
            if self.shape.o:
                value = np.maximum(value, 0) @ self.w2[e] + self.b2[e]
            y[rows] += value
        return y


class Modc:
    name = "modc"

    def __init__(self, problem, threads, model):
        import modc_ctypes

        self.library = modc_ctypes.library()
        self.session = modc_ctypes.Session(model, threads)
        # Writing to them counts as having set them.
        for name, value in self.session.parameters.items():
            _, _, name = name.partition(".")
            member, _, field = name.partition(".")
            source = getattr(problem, field, None)
            if source is not None:
                value[...] = source[int(member)]
        self.problem = problem
        self.y = np.zeros((problem.shape.n, shapes.width(problem.shape)), np.float32)
        spec = model.programs["forward"]
        arrays = {"x": problem.x, "selection": problem.choices}
        # Bound once, as C programs do.
        buffers = [
            self.y if b["output"] else arrays[b["name"]] for b in spec["buffers"]
        ]
        self.count = len(buffers)
        self.pointers = (ctypes.c_void_p * self.count)(
            *[b.ctypes.data for b in buffers]
        )
        self.sizes = (ctypes.c_int64 * self.count)(*[b.nbytes for b in buffers])
        self.none = (ctypes.c_int64 * 1)(), (ctypes.c_double * 1)()
        self.error = ctypes.c_void_p()
        self.failure = modc_ctypes.Failure

    def run(self):
        code = self.library.modc_session_call(
            self.session.handle, b"forward", self.problem.shape.n, 1,
            self.pointers, self.sizes, self.count, self.none[0], 0,
            self.none[1], 0, ctypes.byref(self.error),
        )
        if code:
            raise self.failure(ctypes.string_at(self.error.value).decode())

    def result(self):
        return self.y


class OpenBlas:
    name = "OpenBLAS loop"

    def __init__(self, problem, threads, loop, blas):
        shape, rows = problem.shape, problem.shape.n * problem.shape.k
        self.y = np.zeros((shape.n, shapes.width(shape)), np.float32)
        self.scratch = np.zeros(rows * (shape.d + shape.h + shape.o), np.float32)
        self.places = np.zeros(rows + shape.m + 1, np.int64)
        self.keep = problem
        pointer = lambda a: ctypes.c_void_p(a.ctypes.data if a is not None else None)
        numbers = (shape.n, shape.d, shape.h, shape.o, shape.m, shape.k)
        self.arguments = (
            [ctypes.cast(blas.cblas_sgemm, ctypes.c_void_p)]
            + [ctypes.c_int64(v) for v in numbers]
            + [pointer(a) for a in (
                problem.x, problem.choices, problem.w1, problem.b1, problem.w2,
                problem.b2, self.y, self.scratch, self.places)]
        )
        self.loop = loop

    def run(self):
        self.loop(*self.arguments)

    def result(self):
        return self.y


class NumPy:
    name = "NumPy loop"

    def __init__(self, problem, threads):
        self.problem, self.y = problem, None

    def run(self):
        p = self.problem
        flat = p.choices.reshape(-1)
        order = np.argsort(flat, kind="stable")
        ends = np.cumsum(np.bincount(flat, minlength=p.shape.m))
        y = np.zeros((p.shape.n, shapes.width(p.shape)), np.float32)
        first = 0
        for e, end in enumerate(ends):
            if end > first:
                rows = order[first:end] // p.shape.k
                value = p.x[rows] @ p.w1[e] + p.b1[e]
                if p.shape.o:
                    value = np.maximum(value, 0) @ p.w2[e] + p.b2[e]
                y[rows] += value
            first = end
        self.y = y

    def result(self):
        return self.y


class TorchLoop:
    """Sorted once, permuted once, a loop over unbound weights."""

    name = "PyTorch sorted loop"

    def __init__(self, problem, threads, torch):
        self.torch, self.threads = torch, threads
        self.shape = problem.shape
        tensor = lambda a: None if a is None else torch.from_numpy(a)
        self.x, self.y = tensor(problem.x), None
        self.choices = tensor(problem.choices.astype(np.int64))
        self.stacks = [tensor(a) for a in (
            problem.w1, problem.b1, problem.w2, problem.b2)]
        self.modules = [None if s is None else s.unbind(0) for s in self.stacks]

    def run(self):
        torch = self.torch
        if torch.get_num_threads() != self.threads:
            torch.set_num_threads(self.threads)
        with torch.inference_mode():
            self.y = self.layer(torch)

    def layer(self, torch):
        w1, b1, w2, b2 = self.modules
        flat = self.choices.reshape(-1)
        order = torch.argsort(flat, stable=True)
        counts = torch.bincount(flat, minlength=self.shape.m).tolist()
        rows = order // self.shape.k
        parts = []
        for e, part in enumerate(self.x[rows].split(counts)):
            if counts[e] == 0:
                continue
            value = torch.addmm(b1[e], part, w1[e])
            if w2 is not None:
                value = torch.addmm(b2[e], value.relu_(), w2[e])
            parts.append(value)
        y = torch.zeros(self.shape.n, shapes.width(self.shape))
        return y.index_add_(0, rows, torch.cat(parts))

    def result(self):
        return self.y.numpy()


class TorchGather(TorchLoop):
    """A copy of the weights for each row, and one batched product."""

    name = "PyTorch gathered weights"

    def layer(self, torch):
        w1, b1, w2, b2 = self.stacks
        flat = self.choices.reshape(-1)
        x = self.x.repeat_interleave(self.shape.k, 0)[:, None]
        value = torch.baddbmm(b1[flat][:, None], x, w1[flat])
        if w2 is not None:
            value = torch.baddbmm(b2[flat][:, None], value.relu_(), w2[flat])
        return value.view(self.shape.n, self.shape.k, -1).sum(1)

    @staticmethod
    def fits(shape):
        """At most 256 MiB of copies."""
        return shape.n * shape.k * (shape.d + shape.o) * shape.h <= 1 << 26


class TorchDense(TorchLoop):
    """Every module on every row, then the chosen ones."""

    name = "PyTorch all modules"

    def layer(self, torch):
        w1, b1, w2, b2 = self.stacks
        value = torch.baddbmm(b1[:, None], self.x.expand(self.shape.m, -1, -1), w1)
        if w2 is not None:
            value = torch.baddbmm(b2[:, None], value.relu_(), w2)
        rows = torch.arange(self.shape.n)[:, None]
        return value[self.choices, rows].sum(1)

    @staticmethod
    def fits(shape):
        return shape.m <= 64 and shapes.flops(shape) // shape.k * shape.m < 1 << 34


def compile_helpers(directory):
    """The C loop and the probe, compiled for this processor."""
    here = os.path.dirname(os.path.abspath(__file__))
    path = os.path.join(directory, "peers.so")
    command = [os.environ.get("CC", "cc"), "-O3", "-march=native", "-shared",
               "-fPIC", "-o", path, os.path.join(here, "peers.c")]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        detail = getattr(error, "stderr", "") or str(error)
        raise Missing(f"peers.c could not be compiled: {detail.strip()}") from None
    helpers = ctypes.CDLL(path)
    helpers.peer_loop.restype = None
    helpers.peer_peak.restype = ctypes.c_double
    helpers.peer_peak.argtypes = [ctypes.c_int64, ctypes.c_void_p]
    return helpers


def open_blas():
    """OpenBLAS itself, whichever BLAS the system prefers."""
    folder = "usr/lib/x86_64-linux-gnu/openblas-pthread/libopenblas.so.0"
    candidates = ["/" + folder, "libopenblas.so.0"]
    if os.environ.get("MODC_PEERS"):
        candidates.insert(0, os.path.join(os.environ["MODC_PEERS"], folder))
    for path in candidates:
        try:
            blas = ctypes.CDLL(path)
            blas.openblas_get_config.restype = ctypes.c_char_p
            return blas
        except OSError:
            pass
    raise Missing("OpenBLAS is not installed: benchmarks/peers/setup.sh")


def open_torch():
    prefix = os.environ.get("MODC_PEERS")
    if prefix:
        sys.path.append(os.path.join(prefix, "usr/lib/python3/dist-packages"))
    try:
        import torch

        return torch
    except ImportError as error:
        raise Missing(f"PyTorch is not installed ({error}): "
                      "benchmarks/peers/setup.sh") from None
