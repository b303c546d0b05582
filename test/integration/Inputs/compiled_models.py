#===- compiled_models.py - When a compiled model is taken again -----------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# compiled_models.py PEERS FOLDER: with a compiler and a ptxas that are scripts, a model
# that is kept is taken by the same tools for the same network only.
#
#===----------------------------------------------------------------------===#
import os
import sys

sys.path.insert(0, sys.argv[1])

import environment  # noqa: E402

environment.enter()

import networks  # noqa: E402
import shapes  # noqa: E402

FOLDER = sys.argv[2]
MODC, PTXAS = (os.path.join(FOLDER, name) for name in ("modc", "ptxas"))
os.environ["PATH"] = FOLDER + os.pathsep + os.environ["PATH"]


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"#!/bin/sh\n{text}\n")
    os.chmod(path, 0o755)


def compiled(shape="tiny", rule=None, flags=()):
    """What the model says of its compiler, and whether that ran now."""
    models = networks.Models(MODC, os.path.join(FOLDER, "models"), flags)
    path = models.path(shapes.SHAPES[shape], rule)[0]
    before = os.path.exists(path)
    models.compile(shapes.SHAPES[shape], rule)
    with open(path, encoding="utf-8") as file:
        return file.read().strip(), not before


write(MODC, 'echo one > "$4"')
write(PTXAS, "# of some version")
assert compiled() == ("one", True)
assert compiled() == ("one", False)
assert compiled(rule="sgd") == ("one", True)
assert compiled(shape="tiny1") == ("one", True)
assert compiled(flags=["--target=cuda:sm_80"]) == ("one", True)
# Flags are not taken for one another's ends.
assert compiled(flags=["--a", "b"]) == ("one", True)
assert compiled(flags=["--ab"]) == ("one", True)
write(MODC, 'echo two > "$4"')
assert compiled() == ("two", True)
assert compiled() == ("two", False)
write(PTXAS, "# of another version")
assert compiled() == ("two", True)
write(MODC, 'echo one > "$4"')
write(PTXAS, "# of another version ")
assert compiled() == ("one", True)
# A compiler that fails leaves nothing that a later run would take.
write(MODC, "exit 1")
for _ in range(2):
    try:
        compiled()
    except (Exception, SystemExit):
        continue
    raise AssertionError("a failure is taken for a model")
