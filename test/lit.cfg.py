#===- lit.cfg.py - Configuration of the lit tests -------------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# What every lit test may use: tools on the path, substitutions and features.
# The paths come from lit.site.cfg.py, which CMake writes into the build.
#
#===----------------------------------------------------------------------===#

import os

import lit.formats

config.name = "modc"
config.test_format = lit.formats.ShTest(execute_external=False)
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.modc_build, "test")
config.suffixes = [".mlir", ".test", ".c"]
config.excludes = ["Inputs", "unit", "CMakeLists.txt"]

# The build's own tools first, then LLVM's (FileCheck, not, mlir-opt, ...).
config.environment["PATH"] = os.pathsep.join(
    [
        os.path.join(config.modc_build, "bin"),
        config.llvm_tools,
        config.environment.get("PATH", os.environ["PATH"]),
    ]
)
for name in (
    "ASAN_OPTIONS",
    "ASAN_SYMBOLIZER_PATH",
    "LSAN_OPTIONS",
    "UBSAN_OPTIONS",
    "TSAN_OPTIONS",
    "CCACHE_DIR",
    "HOME",
    "MODC_LONG",
    "MODC_SEEDS",
):
    if name in os.environ:
        config.environment[name] = os.environ[name]
config.environment["PYTHONDONTWRITEBYTECODE"] = "1"
# One thread per test of NumPy's BLAS: lit runs as many tests at once as fit.
config.environment["OPENBLAS_NUM_THREADS"] = "1"

config.substitutions += [
    ("%python", config.python),
    ("%cc", config.c_compiler),
    ("%cxx", config.cxx_compiler),
    ("%cmake", config.cmake),
    ("%ptxas", config.ptxas),
    ("%source", config.modc_source),
    ("%build", config.modc_build),
    ("%sanitizers", config.sanitizer_flags),
    ("%examples", os.path.join(config.modc_source, "examples")),
    ("%fashion_mnist", config.fashion_mnist),
]

# What x86-64-v4 adds: code for it runs here.
try:
    with open("/proc/cpuinfo") as cpu:
        flags = next((set(line.split()) for line in cpu if line.startswith("flags")), set())
except OSError:
    flags = set()
if {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"} <= flags:
    config.available_features.add("x86-64-v4")
# `long`: the full counts of tools/test.sh --long.
if os.environ.get("MODC_LONG", "0") not in ("", "0"):
    config.available_features.add("long")
if os.path.exists(
    os.path.join(config.fashion_mnist, "train-images-idx3-ubyte.gz")
):
    config.available_features.add("fashion-mnist")
# A library of a build with a sanitizer loads into programs of that build only.
if config.sanitize:
    config.available_features.update(("sanitize", "address-sanitizer"))
if config.thread_sanitizer:
    config.available_features.update(("sanitize", "thread-sanitizer"))
# Builds without the compiler borrow that of the default build where there is one.
modc = os.path.join(
    config.modc_build if config.compiler else os.path.join(config.modc_source, "build"),
    "bin",
    "modc",
)
if os.path.exists(modc):
    config.available_features.add("modc-compiler")
    config.substitutions.append(("%modc", modc))
if config.compiler:
    config.available_features.add("compiler")
else:
    config.excludes += ["dialect", "passes", "driver", "integration", "numpy"]
