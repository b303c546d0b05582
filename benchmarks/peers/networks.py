#===- networks.py - The networks that modc compiles for a shape -----------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# One modular layer as text, and compiled models of it. In the network that is
# timed forward the choices are an argument, so that its controller never runs; in
# the one that is trained scores stand in the data, so that it has nothing to learn
# and peers need not have one.
#
#===----------------------------------------------------------------------===#
import concurrent.futures
import hashlib
import os
import shutil
import subprocess

import measure
import modc_ctypes
import shapes


def body(shape, name, h):
    d, o, last = shape.d, shape.o, shapes.width(shape)
    text = f"""
  modular.module @{name}(%x: tensor<?x{d}xf32>) -> tensor<?x{last}xf32> {{
    %w1 = modular.parameter "w1" init(glorot_uniform) : tensor<{d}x{h}xf32>
    %b1 = modular.parameter "b1" init(zeros) : tensor<{h}xf32>
    %y1 = modular.linear %x, %w1, %b1 : tensor<?x{d}xf32>, tensor<{d}x{h}xf32>, tensor<{h}xf32> -> tensor<?x{h}xf32>"""
    if o:
        text += f"""
    %r = modular.relu %y1 : tensor<?x{h}xf32>
    %w2 = modular.parameter "w2" init(glorot_uniform) : tensor<{h}x{o}xf32>
    %b2 = modular.parameter "b2" init(zeros) : tensor<{o}xf32>
    %y2 = modular.linear %r, %w2, %b2 : tensor<?x{h}xf32>, tensor<{h}x{o}xf32>, tensor<{o}xf32> -> tensor<?x{o}xf32>"""
    return text + f"""
    modular.yield %y{2 if o else 1} : tensor<?x{last}xf32>
  }}"""


def network(shape, trained):
    d, k, m, last = shape.d, shape.k, shape.m, shapes.width(shape)
    pool, bodies = f"@expert x {m}", body(shape, "expert", shape.h)
    if shape.narrow:
        pool = f"@narrow x {m // 2}, @expert x {m - m // 2}"
        bodies = body(shape, "narrow", shape.narrow) + bodies
    scores = f"tensor<?x{k}x{m}xf32>"
    if trained:
        arguments, given, of = f", %scores: {scores}", "%scores", scores
        controller = f"""(%s: {scores}) -> {scores} distribution(#modular.fixed) {{
    modular.yield %s : {scores}"""
    else:
        arguments, given, of = "", "%x", f"tensor<?x{d}xf32>"
        controller = f"""(%x: tensor<?x{d}xf32>) -> {scores} {{
    %w = modular.parameter "w" init(zeros) : tensor<{d}x{k * m}xf32>
    %s = modular.linear %x, %w : tensor<?x{d}xf32>, tensor<{d}x{k * m}xf32> -> tensor<?x{k * m}xf32>
    %scores = modular.reshape %s : tensor<?x{k * m}xf32> -> {scores}
    modular.yield %scores : {scores}"""
    return f"""modular.network @peer {{{bodies}
  modular.pool @experts [{pool}]
  modular.controller @router{controller}
  }}
  modular.graph(%x: tensor<?x{d}xf32>{arguments}) -> tensor<?x{last}xf32> {{
    %y = modular.layer @experts(%x : tensor<?x{d}xf32>) by @router({given} : {of})
        choose {k} compose sum -> tensor<?x{last}xf32>
    modular.output %y : tensor<?x{last}xf32>
  }}
  modular.objective gaussian(sigma = 1.0)
  modular.optimizer sgd
}}
"""


def find_ptxas():
    """Where frontend/Ptxas.h looks for it."""
    toolkit = os.environ.get("CUDA_PATH") or "/usr/local/cuda"
    return shutil.which("ptxas") or shutil.which(os.path.join(toolkit, "bin/ptxas"))


def tools_of(modc):
    """A line for each file that has a part in what `modc` writes: the compiler's bytes,
    and name, size and time of its libraries and of ptxas."""
    with open(os.path.realpath(modc), "rb") as file:
        lines = [hashlib.file_digest(file, "sha256").hexdigest()]
    listed = subprocess.run(["ldd", os.path.realpath(modc)], capture_output=True, text=True)
    files = [part for part in listed.stdout.split() if part.startswith("/")]
    files.append(find_ptxas())
    for path in filter(None, files):
        status = os.stat(path)
        lines.append(f"{os.path.realpath(path)} {status.st_size} {status.st_mtime_ns}")
    return lines


class Models:
    """Compiled models in a folder, which may hold those of an earlier run: the
    name of a file is a hash of the compiler, its tools, and of what it was given.
    `flags` go to the compiler."""

    def __init__(self, modc, folder, flags=()):
        self.modc, self.folder, self.flags = modc, folder, list(flags)
        os.makedirs(folder, exist_ok=True)
        self.tools = tools_of(modc)

    def path(self, shape, rule):
        text = network(shape, rule is not None)
        given = self.tools + [text, str(rule)] + self.flags
        name = hashlib.sha256("\0".join(given).encode())
        return os.path.join(self.folder, name.hexdigest()[:24] + ".so"), text

    def compile(self, shape, rule):
        """`rule` is None for the network that is timed forward."""
        library, text = self.path(shape, rule)
        if os.path.exists(library):
            return
        source = library[:-3] + ".mlir"
        with open(source, "w", encoding="utf-8") as file:
            file.write(text)
        command = [self.modc, "compile", source, "-o", library] + self.flags
        measure.run(command + ([f"--optimizer={rule}"] if rule else []))

    def compile_all(self, wanted):
        """Pairs of shape and rule, on all processors."""
        wanted = {self.path(*pair)[0]: pair for pair in wanted}.values()
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(lambda pair: self.compile(*pair), wanted))

    def open(self, shape, rule):
        return modc_ctypes.Model(self.path(shape, rule)[0])
