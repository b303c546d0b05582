#===- large_temporaries.py - Temporaries of the size of parameters --------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Compiles examples to buffers and lists the temporaries that are too large to be
# anything but a copy of a parameter, a gradient or a state.
#
#===----------------------------------------------------------------------===#
import os
import re
import subprocess
import sys

SOURCE = os.path.abspath(os.path.join(os.path.dirname(__file__), *[".."] * 4))
# Elements of half of the smallest matrix of these networks that is not tiny.
LARGE = 160
# A task may have a part of a gradient aside, of at most as many.
PART = 1 << 16
FUNCTION = re.compile(r"func\.func (private )?@(\w+)\(")
ALLOC = re.compile(r"memref\.alloc\(\).*: memref<((?:\d+x)+)f32>")
CALL = re.compile(r"call @matmul_\w+\((.*?)\)")


def temporaries(example, flags):
    """(program, shape) of each, panels that kernels get aside; and how many
    programs there are."""
    model = os.path.join(SOURCE, "examples", f"{example}.mlir")
    command = ["modc", "compile", model, "--to=buffers", "-o", "-", *flags]
    text = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    lines = text.stdout.splitlines()
    panels = set()
    for line in lines:
        if call := CALL.search(line):
            panels.update(call[1].split(", ")[3:])
    programs, found, name, tasks = 0, [], "", None
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if line.lstrip().startswith("scf.parallel"):
            tasks = indent
        elif tasks is not None and indent <= tasks:
            tasks = None
        if function := FUNCTION.search(line):
            name = function[2]
            programs += not function[1]
        alloc = ALLOC.search(line)
        if not alloc or line.split(" =")[0].strip() in panels:
            continue
        elements = 1
        for size in alloc[1].split("x")[:-1]:
            elements *= int(size)
        if elements >= LARGE if tasks is None else elements > PART:
            found.append((name, alloc[1]))
    return found, programs


def main():
    flags = [a for a in sys.argv[1:] if a.startswith("-")]
    count = 0
    for example in sys.argv[1:]:
        if example in flags:
            continue
        found, programs = temporaries(example, flags)
        count += programs
        for program, shape in found:
            print(f"{example}: {program} has a temporary of {shape}f32")
    print(f"{count} programs")


main()
