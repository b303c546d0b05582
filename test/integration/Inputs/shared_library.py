#===- shared_library.py - What a shared library weighs and takes in ------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Prints size, needed libraries, imports and exports of a library, as its dynamic
# section and symbol table name them, and ends with 1 if it is not below a limit.
#
#===----------------------------------------------------------------------===#
"""usage: shared_library.py LIBRARY LIMIT-IN-BYTES"""
import os
import re
import subprocess
import sys


def readelf(*arguments):
    command = ["llvm-readelf", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def main():
    library, limit = os.path.realpath(sys.argv[1]), int(sys.argv[2])
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", readelf("-d", library))
    symbols = [
        line.split()
        for line in readelf("--dyn-syms", library).splitlines()
        if re.match(r"\s*[1-9]\d*:", line)
    ]
    # Columns: number, value, size, type, bind, visibility, section, name.
    names = {"imports": set(), "exports": set()}
    for symbol in symbols:
        kind = "imports" if symbol[6] == "UND" else "exports"
        names[kind].add(symbol[7].split("@")[0])
    size = os.path.getsize(library)
    print("size:", size)
    for name in sorted(needed):
        print("needs:", name)
    for kind, members in names.items():
        for name in sorted(members):
            print(f"{kind}:", name)
    if size >= limit:
        sys.exit(f"{library} has {size} bytes, which is not below {limit}")


if __name__ == "__main__":
    main()
