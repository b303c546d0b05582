#!/usr/bin/env python3
#===- check-status.py - docs/status.md against the TableGen ---------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Checks that docs/status.md has one row for each op of the dialect, with what
# the sources and tests hold, and that each numbered constraint is named in the
# code and in a negative test. `--write` brings the table up to date.
#
#===----------------------------------------------------------------------===#

import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
COLUMNS = ["op", "constraints", "round trip", "invalid", "fold", "rows", "VJP"]
BEGIN = "<!-- table: tools/check-status.py --write -->"
END = "<!-- end of table -->"
INCLUDES = ["/usr/lib/llvm-22/include", "/usr/include"]
TABLEGEN = "/usr/lib/llvm-22/bin/llvm-tblgen"


def read(pattern):
    """Text of all files that match, joined."""
    return "\n".join(p.read_text() for p in sorted(ROOT.glob(pattern)))


def read_ops():
    """The dialect's ops by mnemonic, and all records by name."""
    command = [TABLEGEN, "--dump-json", str(ROOT / "dialect/ModularOps.td")]
    command += [f"-I{folder}" for folder in [ROOT, *INCLUDES]]
    records = json.loads(subprocess.run(
        command, check=True, capture_output=True, text=True).stdout)
    ops = {}
    for name in records["!instanceof"]["Op"]:
        record = records[name]
        if record["opDialect"]["def"] == "Modular_Dialect":
            ops[record["opName"]] = record
    return dict(sorted(ops.items())), records


def list_traits(record, records):
    """Names of the op's traits and C++ names of its interfaces."""
    names = [trait["def"] for trait in record["traits"]]
    names += [records[name].get("cppInterfaceName", "") for name in names]
    return " ".join(names)


def has_vjp(name, traits, derivatives):
    """Whether the op's VJP is built; None for an op that promises none."""
    if "VJPOpInterface" not in traits:
        return None
    return f"MODC_NO_VJP({name})" not in derivatives


def mark(present):
    return "–" if present is None else "yes" if present else "no"


def build(problems):
    code = read("dialect/*.cpp")
    derivatives = read("dialect/*VJP*.cpp") + read("passes/autodiff/*.cpp")
    negative = read("test/dialect/*-errors.mlir")
    trips = read("test/dialect/round-trip-*.mlir")
    rows = []
    ops, records = read_ops()
    for mnemonic, record in ops.items():
        constraints = re.findall(r"^ *- \(C(\d+)\)", record["description"], re.M)
        if constraints != [str(i + 1) for i in range(len(constraints))]:
            problems.append(f"{mnemonic}: constraints are numbered {constraints}")
        for number in constraints:
            name = f"{mnemonic}_c{number}"
            if not re.search(rf"//.*\b{name}\b", code):
                problems.append(f"{name} is not named in dialect/*.cpp")
            if not re.search(rf"@{name}\b", negative):
                problems.append(f"@{name} is no test in test/dialect/*-errors.mlir")
        trip = re.search(rf"CHECK.*modular\.{mnemonic}\b", trips) is not None
        if not trip:
            problems.append(f"{mnemonic} has no round trip in test/dialect")
        name = record["!name"].split("_", 1)[1]
        traits = list_traits(record, records)
        keeps_rows = "RowOpInterface" in traits or "Elementwise" in traits
        rows.append([
            f"`{mnemonic}`",
            str(len(constraints)) if constraints else "–",
            mark(trip),
            mark(bool(constraints) or None),
            mark(bool(record["hasFolder"] or record["hasCanonicalizer"]
                      or record["hasCanonicalizeMethod"]
                      or "Idempotent" in traits) or None),
            mark(keeps_rows or None),
            mark(has_vjp(name, traits, derivatives)),
        ])
    lines = ["| " + " | ".join(COLUMNS) + " |", "|---" * len(COLUMNS) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def main():
    page = ROOT / "docs/status.md"
    text = page.read_text()
    problems = []
    table = build(problems)
    before, _, rest = text.partition(BEGIN)
    old, _, after = rest.partition(END)
    if sys.argv[1:] == ["--write"]:
        page.write_text(f"{before}{BEGIN}\n\n{table}\n\n{END}{after}")
    elif old.strip() != table:
        problems.append("docs/status.md is not current: run tools/check-status.py --write")
    for problem in problems:
        print(problem)
    return 1 if problems else 0


sys.exit(main())
