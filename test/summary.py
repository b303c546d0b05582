#!/usr/bin/python3
#===- summary.py - Add up test results ------------------------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Reads what the GoogleTest programs and lit wrote into a results folder and
# prints the counts, last the line `N passed, N failed`.
#
#===----------------------------------------------------------------------===#
"""usage: summary.py RESULTS

RESULTS holds, for each GoogleTest program, NAME.gtest.json and NAME.gtest.code
(its exit code), and lit.json and lit.code. Exits with 1 if anything failed; a
program that ended badly without a failed test of its own counts as one.
"""

import glob
import json
import os
import sys


def read_code(path):
    with open(path) as file:
        return int(file.read())


def gtest(code_path):
    """Returns (passed, failed, skipped) of one GoogleTest program."""
    passed = failed = skipped = 0
    try:
        with open(code_path[: -len(".code")] + ".json") as file:
            suites = json.load(file)["testsuites"]
    except (OSError, ValueError, KeyError):
        suites = []
    for suite in suites:
        for case in suite.get("testsuite", []):
            if case.get("failures"):
                failed += 1
            elif case.get("result") == "SKIPPED":
                skipped += 1
            elif case.get("result") == "COMPLETED":
                passed += 1
    # A crash or a timeout leaves no report, a sanitizer at exit a clean one.
    if read_code(code_path) != 0 and failed == 0:
        failed = 1
    return passed, failed, skipped


def lit(code_path):
    """Returns (passed, failed, skipped) of the lit run."""
    passed = failed = skipped = 0
    try:
        with open(os.path.join(os.path.dirname(code_path), "lit.json")) as file:
            tests = json.load(file)["tests"]
    except (OSError, ValueError, KeyError):
        tests = []
    for test in tests:
        if test["code"] in ("PASS", "XFAIL", "FLAKYPASS"):
            passed += 1
        elif test["code"] in ("UNSUPPORTED", "SKIPPED"):
            skipped += 1
        elif test["code"] != "EXCLUDED":
            failed += 1
    if read_code(code_path) != 0 and failed == 0:
        failed = 1
    return passed, failed, skipped


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    results = sys.argv[1]
    total = [0, 0]
    paths = sorted(glob.glob(os.path.join(results, "*.code")))
    for path in paths:
        name = os.path.basename(path)
        if name == "lit.code":
            name, counts = "lit", lit(path)
        else:
            name, counts = name[: -len(".gtest.code")], gtest(path)
        note = f", {counts[2]} skipped" if counts[2] else ""
        print(f"{name}: {counts[0]} passed, {counts[1]} failed{note}")
        total[0] += counts[0]
        total[1] += counts[1]
    if not paths:
        print(f"no results in '{results}'")
        total[1] = 1
    print(f"{total[0]} passed, {total[1]} failed")
    return 1 if total[1] else 0


if __name__ == "__main__":
    sys.exit(main())
