#!/usr/bin/env python3
#===- check-docs.py - Generated reference pages are whole -----------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# check-docs.py FOLDER: FOLDER holds what the target modc-doc generates. Prints each
# op, type, attribute, pass or interface of the TableGen without a summary, a
# description, an example (ops and passes) or a heading in its page.
#
#===----------------------------------------------------------------------===#

import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDES = [ROOT, "/usr/lib/llvm-22/include", "/usr/include"]
TABLEGEN = "/usr/lib/llvm-22/bin/llvm-tblgen"


def read_records(path):
    command = [TABLEGEN, "--dump-json", str(ROOT / path)]
    command += [f"-I{folder}" for folder in INCLUDES]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def list_entities(dialect, passes):
    """(what, page, heading, record, whether it has an example) of all that is to be
    documented."""
    for name in dialect["!instanceof"]["Op"]:
        record = dialect[name]
        if record["opDialect"]["def"] == "Modular_Dialect":
            yield "op", "ops.md", f"`modular.{record['opName']}`", record, True
    for kind, page in (("TypeDef", "types.md"), ("AttrDef", "attributes.md")):
        for name in dialect["!instanceof"][kind]:
            record = dialect[name]
            # The attributes that hold enums have their enum's table.
            if record["dialect"]["def"] == "Modular_Dialect" and "EnumAttr" not in record["!superclasses"]:
                yield kind, page, record["cppClassName"], record, False
    for name in passes["!instanceof"]["PassBase"]:
        record = passes[name]
        yield "pass", "passes.md", f"`-{record['argument']}`", record, True


def main():
    folder = pathlib.Path(sys.argv[1])
    pages = {page.name: page.read_text() for page in folder.glob("*.md")}
    count = 0
    dialect = read_records("dialect/ModularOps.td")
    for what, page, heading, record, needs_example in list_entities(
        dialect, read_records("passes/Passes.td")
    ):
        count += 1
        name = f"{what} {heading}"
        headings = [l for l in pages.get(page, "").splitlines() if l.startswith("#")]
        if not any(heading in line for line in headings):
            print(f"{name} has no heading in {page}")
        if not record["summary"]:
            print(f"{name} has no summary")
        if not (record["description"] or "").strip():
            print(f"{name} has no description")
        elif needs_example and "```" not in record["description"]:
            print(f"{name} has no example")
    print(f"{count} entities")


if __name__ == "__main__":
    main()
