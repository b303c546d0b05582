#===- refusals.py - Commands that must be refused, and how ----------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# usage: refusals.py TEST [NETWORK]. Runs the cases that stand in the file TEST,
# in the current directory, and compares what each says with the text there. A
# case is a group of lines, up to an empty one:
#
#   EDIT: old => new    changes bad.mlir, a copy of NETWORK; \n is a new line
#   CASE: command       (default: modc compile bad.mlir -o bad.so); %python is
#                       this interpreter
#   CODE: number        exit code (default: 1)
#   SAYS: text          a line of standard error, all of them, in order; {{...}}
#                       is a regular expression
#
# Standard output must stay empty, no file may appear, none may change.
#
#===----------------------------------------------------------------------===#

import os
import re
import signal
import subprocess
import sys


def files():
    """Contents of every file here, and every directory."""
    found = {}
    for folder, _, names in os.walk("."):
        found[folder] = None
        for name in names:
            path = os.path.join(folder, name)
            found[path] = open(path, "rb").read() if os.path.isfile(path) else None
    return found


def cases(text):
    for group in re.split(r"\n\s*\n", text):
        lines = re.findall(r"^(EDIT|CASE|CODE|SAYS): ?(.*)$", group, re.M)
        if any(kind == "SAYS" for kind, _ in lines):
            yield lines


def pattern(text):
    parts = re.split(r"\{\{(.*?)\}\}", text)
    return "".join(p if i % 2 else re.escape(p) for i, p in enumerate(parts))


def refuse(lines, network):
    """What is wrong with a case, or nothing."""
    values = {kind: [v for k, v in lines if k == kind] for kind, _ in lines}
    if "EDIT" in values:
        text = network
        for edit in values["EDIT"]:
            old, new = edit.split(" => ") if " => " in edit else (edit[:-3], "")
            if old not in text:
                return f"'{old}' is not in the network"
            text = text.replace(old, new.replace("\\n", "\n"))
        open("bad.mlir", "w").write(text)
    command = values.get("CASE", ["modc compile bad.mlir -o bad.so"])[0]
    command = command.replace("%python", sys.executable)
    before = files()
    process = subprocess.Popen(
        command, shell=True, text=True, errors="replace", start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )
    try:
        stdout, stderr = process.communicate(timeout=300)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return "did not end within 5 minutes"
    code = int(values.get("CODE", ["1"])[0])
    if process.returncode != code:
        return f"exit code {process.returncode}, not {code}: {stderr}"
    if stdout:
        return f"wrote to standard output: {stdout[:200]}"
    wanted = "\n".join(pattern(line) for line in values["SAYS"]) + "\n"
    if not re.fullmatch(wanted, stderr):
        return "said\n" + stderr + "not\n" + "\n".join(values["SAYS"])
    after = files()
    changed = [p for p in {**before, **after} if before.get(p, 0) != after.get(p, 0)]
    return f"left or changed {changed}" if changed else None


def main():
    test = open(sys.argv[1]).read()
    network = open(sys.argv[2]).read() if len(sys.argv) > 2 else ""
    count = wrong = 0
    for lines in cases(test):
        count += 1
        problem = refuse(lines, network)
        if problem:
            wrong += 1
            print("\n".join(f"{kind}: {value}" for kind, value in lines))
            print(f"  {problem}\n")
    print(f"{count} cases, {wrong} wrong")
    sys.exit(wrong > 0 or count == 0)


main()
