#===- measure.py - What the benchmarks share -----------------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Runs a command and says what it took: time of the clock, time of the processor and
# peak resident memory. Also names the machine and reads safetensors files.
#
#===----------------------------------------------------------------------===#
import json
import os
import platform
import subprocess
import sys
import time

import numpy as np

SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Run:
    """A finished command: `output`, `seconds` of the clock, `cpu_seconds` and
    `peak_mib` of resident memory of this command alone."""

    def __init__(self, command, output, seconds, usage):
        self.command, self.output, self.seconds = command, output, seconds
        self.cpu_seconds = usage.ru_utime + usage.ru_stime
        self.peak_mib = usage.ru_maxrss / 1024


def run(command):
    """Runs `command` (a list); ends the benchmark with its message if it fails."""
    start = time.perf_counter()
    child = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    output = child.stdout.read()
    # wait4, as RUSAGE_CHILDREN would give the maximum over all runs so far.
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    child.stdout.close()
    if child.returncode != 0:
        again = subprocess.run(command, capture_output=True, text=True)
        sys.exit(f"{' '.join(command)}: exit code {child.returncode}\n{again.stderr}")
    return Run(command, output, time.perf_counter() - start, usage)


def machine():
    """One line: processor, how many of them, system, load."""
    name = platform.processor() or platform.machine()
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                name = line.split(":", 1)[1].strip()
                break
    load = os.getloadavg()[0]
    return (
        f"{name}, {os.cpu_count()} processors, {platform.system()} "
        f"{platform.machine()}, load average {load:.1f}"
    )


def read_safetensors(path):
    """The f32 tensors of a safetensors file, as a dictionary."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__" and entry["dtype"] == "F32":
            first, last = entry["data_offsets"]
            values = np.frombuffer(data[first:last], "<f4")
            tensors[name] = values.reshape(entry["shape"]).astype(np.float64)
    return tensors


def seeds(text):
    """`0-39` or `3` or `0,2,5` as a list of numbers."""
    result = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        result += range(int(first), int(last or first) + 1)
    return result


def table(header, rows):
    """A Markdown table."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def span(values, form="{:.3f}"):
    """Mean and range: `0.857 (0.844–0.866)`."""
    mean = form.format(sum(values) / len(values))
    return f"{mean} ({form.format(min(values))}–{form.format(max(values))})"


def chosen_variants(parser, args, known):
    """The names in --variants; ends with a usage error where one is not `known`."""
    names = args.variants.split(",")
    for name in names:
        if name not in known:
            parser.error(f"unknown variant '{name}'")
    return names


def by_variant(names, runs):
    """Each name with its runs, in the order of the names."""
    return [(name, [run for run in runs if run["variant"] == name]) for name in names]


def show(args, report, header, rows, remarks):
    """`report` as JSON where --json asks for it; else a table of its runs with
    remarks below, the last on the machine."""
    if args.json:
        print(json.dumps(report, indent=1))
        return
    print(table(header, rows))
    print()
    for remark in remarks[:-1]:
        print(remark)
    print(f"{report['machine']}; {remarks[-1]}.")
