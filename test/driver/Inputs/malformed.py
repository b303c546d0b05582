#===- malformed.py - Malformed files through the driver -------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# usage: malformed.py FOLDER MODEL CLASSES X.npy WEIGHTS. Gives each file of FOLDER, as
# Inputs/malformed/make.py made it, to a command that reads such files. It must
# end with exit code 1 and one line that names the file and what is wrong with it.
#
#===----------------------------------------------------------------------===#

import os
import subprocess
import sys

folder, model, classes, x, weights = sys.argv[1:]
wrong = count = 0
for line in open(os.path.join(folder, "expected.tsv"), encoding="utf-8"):
    name, text = line.rstrip("\n").split("\t")
    path = os.path.join(folder, name)
    run = ["modc", "run", model, "--output", "never.npy"]
    train = ["modc", "train", model, "--steps", "1", "--data"]
    if name.endswith(".npy"):
        command = run + ["--weights", weights, "--input", path]
    elif name.endswith(".safetensors"):
        command = run + ["--weights", path, "--input", x]
    elif name.endswith(".csv"):
        # Tables have one column of targets: labels.
        command = ["modc", "train", classes, "--steps", "1", "--data", path]
    else:
        command = train + [f"{path}:{x}"]
    result = subprocess.run(command, capture_output=True, timeout=120)
    said = result.stderr.decode(errors="replace")
    count += 1
    good = (
        result.returncode == 1
        and not result.stdout
        and said.startswith("modc: error: ")
        and said.count("\n") == 1
        and f"'{path}'" in said
        and text in said
        and not os.path.exists("never.npy")
    )
    if not good:
        wrong += 1
        print(f"{' '.join(command)}\n  exit code {result.returncode}: {said}")
        print(f"  expected: {text}")
print(f"{count} files, {wrong} wrong")
sys.exit(wrong > 0 or count < 60)
