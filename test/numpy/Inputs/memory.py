#===- memory.py - Whether inspect says what a workspace takes -------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Compares the bytes of `modc inspect MODEL --memory` with what the model's own
# functions ask for, for several sizes of a call.
#
#===----------------------------------------------------------------------===#
"""usage: memory.py TEST/NUMPY MODEL"""
import ctypes
import json
import os
import subprocess
import sys

path = os.path.abspath(sys.argv[2])
sys.path.insert(0, sys.argv[1])
from compiled import Model  # noqa: E402

compared = 0
model = Model(path)
for points, candidates, threads in ((1, 1, 1), (7, 3, 2), (64, 1, 4), (1000, 10, 3)):
    command = ["modc", "inspect", path, "--memory", "--json"]
    for flag, value in (("points", points), ("samples", candidates), ("threads", threads)):
        command += [f"--{flag}", str(value)]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    for program in json.loads(text)["memory"]["programs"]:
        sizes = (ctypes.c_int64 * 2)(points, candidates)
        asked = model.programs[program["name"]][1].workspace(sizes, threads)
        assert program["bytes"] == asked, (program["name"], points, program["bytes"], asked)
        assert all(b["bytes"] is not None for b in program["buffers"])
        compared += 1
print(compared, "workspaces agree")
