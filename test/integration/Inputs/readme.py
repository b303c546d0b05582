#===- readme.py - Does the README tell the truth? -------------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Runs the `modc` commands of README.md, with few steps, in a folder of its own, and
# checks that its first network is examples/toy.mlir and that links lead somewhere.
#
#===----------------------------------------------------------------------===#
import glob
import os
import re
import shlex
import subprocess
import sys

STEPS = "200"


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)


def check_network(source, text):
    """The network in the README is the example, without the example's head."""
    with open(os.path.join(source, "examples", "toy.mlir"), encoding="utf-8") as file:
        example = file.read()
    example = example[example.index("modular.network") :]
    if blocks(text, "mlir")[0].strip() != example.strip():
        sys.exit("README.md: its first network is not examples/toy.mlir")


def check_links(path):
    with open(path, encoding="utf-8") as file:
        text = re.sub(r"```.*?```", "", file.read(), flags=re.S)
    folder = os.path.dirname(path)
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        if not os.path.exists(os.path.join(folder, target)):
            sys.exit(f"{path}: link to '{target}', which does not exist")


def run_commands(source, text):
    """Every line of a `sh` block that starts with modc."""
    os.symlink(os.path.join(source, "examples"), "examples")
    commands = [
        line.split("#")[0]
        for block in blocks(text, "sh")
        for line in block.splitlines()
        if line.startswith("modc ")
    ]
    for command in commands:
        words = shlex.split(command)
        if words[1] == "train":
            words += ["--steps", STEPS]
        print(">", " ".join(words), flush=True)
        # Messages and output in one stream, for what FileCheck sees.
        if subprocess.run(words, stderr=subprocess.STDOUT).returncode != 0:
            sys.exit(f"README.md: '{command}' fails")
    for name in ("compile", "train", "eval"):
        if not any(command.startswith(f"modc {name} ") for command in commands):
            sys.exit(f"README.md: no 'modc {name}' command")


def main():
    source = os.path.abspath(sys.argv[1])
    readme = os.path.join(source, "README.md")
    with open(readme, encoding="utf-8") as file:
        text = file.read()
    check_network(source, text)
    for name in ("README.md", "dialect/Rationale.md", "benchmarks/README.md"):
        check_links(os.path.join(source, name))
    for page in sorted(glob.glob(os.path.join(source, "docs", "*.md"))):
        check_links(page)
    run_commands(source, text)


if __name__ == "__main__":
    main()
