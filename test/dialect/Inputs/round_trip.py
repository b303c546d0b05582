#===- round_trip.py - Examples read back as they were written -------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Prints each example that changes on its way through text, the generic form or
# bytecode, then how many there are and how many survive.
#
#===----------------------------------------------------------------------===#

import pathlib
import subprocess
import sys


def run(arguments, text):
    done = subprocess.run(
        ["modc-opt", *arguments], input=text, capture_output=True
    )
    if done.returncode:
        sys.stderr.write(done.stderr.decode())
        return b""
    return done.stdout


def main():
    examples = sorted(pathlib.Path(sys.argv[1]).glob("*.mlir"))
    kept = 0
    for path in examples:
        pretty = run([], path.read_bytes())
        same = pretty != b""
        for form in ([], ["--mlir-print-op-generic"], ["--emit-bytecode"]):
            same &= run([], run(form, pretty)) == pretty
        if not same:
            print(f"{path.name} changed")
        kept += same
    print(f"{len(examples)} examples, {kept} as they were")


main()
