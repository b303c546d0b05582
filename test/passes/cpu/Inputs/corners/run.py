#===- run.py - Networks at the corners of kernels, by both dispatches -----===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Compiles each network of this folder by both dispatches and compares what
# `infer` gives on batches of 1, 7 and 70 points.
#
#===----------------------------------------------------------------------===#
"""Usage: run.py DIRECTORY, an empty one to work in."""
import glob
import os
import re
import subprocess
import sys

import numpy as np


def modc(*arguments):
    subprocess.run(["modc", *arguments], check=True, stderr=subprocess.DEVNULL)


def main():
    os.chdir(sys.argv[1])
    files = sorted(glob.glob(os.path.join(os.path.dirname(os.path.abspath(__file__)), "*.mlir")))
    random = np.random.default_rng(0)
    for path in files:
        name = os.path.basename(path)
        signature = re.search(r"modular\.graph\((.*?)\) -> (.*) \{", open(path).read())
        width = int(re.search(r"\?x(\d+)x", signature[1])[1])
        outputs = [f"y{i}" for i in range(signature[2].count("tensor"))]
        if len(outputs) == 1:
            outputs = ["y"]
        for dispatch in ("naive", "grouped"):
            modc("compile", "-O", "1", f"--dispatch={dispatch}", path, "-o", f"{dispatch}.so")
        modc("init", "naive.so", "-o", "w.safetensors")
        for n in (1, 7, 70):
            np.save("x.npy", 3 * random.standard_normal((n, width)).astype(np.float32))
            run = ["--weights", "w.safetensors", "--input", "x.npy"]
            modc("run", "naive.so", *run, *(a for o in outputs for a in ("--output", f"{o}={o}.npy")))
            assert all(np.abs(np.load(f"{o}.npy")).max() > 0 for o in outputs), name
            got = subprocess.run(
                ["modc", "run", "grouped.so", *run, "--rtol", "1e-4", "--atol", "1e-4"]
                + [a for o in outputs for a in ("--expect", f"{o}={o}.npy")],
                capture_output=True, text=True)
            if got.returncode:
                print(f"FAIL: {name}, {n} points: {got.stderr}")
    print(f"{len(files)} networks")


if __name__ == "__main__":
    main()
