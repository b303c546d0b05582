#===- tables.py - Tables of a run on a GPU --------------------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Markdown tables, one a task: medians with their spread, peers as multiples of modc's
# time; then what was not measured, by name.
#
#===----------------------------------------------------------------------===#
import measure
import report

PEERS = ["PyTorch loop", "PyTorch grouped_mm", "cuBLAS per module"]


def times(value):
    """Median in µs, and the middle eight tenths."""
    if not value:
        return ""
    micro = report.micro
    return f"{micro(value['median'])} ({micro(value['p10'])}–{micro(value['p90'])})"


def ratio(line, where, peer):
    own, other = line[where].get("modc"), line[where].get(peer)
    return report.ratio(other["median"] / own["median"]) if own and other else ""


def section(result, task):
    lines = [line for line in result["lines"] if line["task"] == task]
    if not lines:
        return []
    peers = [p for p in PEERS if any(p in line.get("clock", {}) for line in lines)]
    header = ["shape", "routing", "launches", "device µs", "clock µs",
              "roofline µs", "of it"]
    header += [f"{peer}, {where}" for peer in peers for where in ("device", "clock")]
    rows = []
    for line in lines:
        if "failed" in line:
            rows.append([f"{line['shape']}: {line['description']}", line["routing"],
                         "failed"] + [""] * (len(header) - 3))
            continue
        own, least = line["device"]["modc"], line["roofline"]
        row = [f"{line['shape']}: {line['description']}", line["routing"],
               str(line["launches"]), times(own), times(line["clock"]["modc"]),
               report.micro(least) if least is not None else "",
               f"{least / own['median']:.2g}" if least and own else ""]
        row += [ratio(line, where, peer) for peer in peers
                for where in ("device", "clock")]
        rows.append(row)
    return [f"### {report.TITLES[task]}", "", measure.table(header, rows), ""]


def failed(result):
    found = [f"- {line['task']} of {line['shape']}, {line['routing']}: {line['failed']}"
             for line in result["lines"] if "failed" in line]
    return ["Failed:", "", *found, ""] if found else []


def unmeasured(result):
    """Lines for what a reader may look for in vain."""
    device, found = result["device"], []
    if device["software"]:
        found.append(f"A GPU: {device['device']} is {device['name']}, which the "
                     "processor plays. No time above says anything of a GPU")
    if result["torch"] and not result["torch_device"].startswith("cuda"):
        found.append("PyTorch and cuBLAS on a GPU: PyTorch ran on "
                     f"'{result['torch_device']}', where torch.mm is no cuBLAS")
    whys = {}
    for peer, why, where in result["lacks"]:
        whys.setdefault(why, {}).setdefault(peer, []).append(where)
    for why, lacking in whys.items():
        peers = ", ".join(lacking)
        where = ", ".join(dict.fromkeys(w for of in lacking.values() for w in of if w))
        found.append(f"{peers}{' (' + where + ')' if where else ''}: {why}")
    if not result["roofline"]:
        found.append(f"Roofline: the rates of '{device['name']}' are not known; "
                     "--peak and --bandwidth give them")
    if not device["timestamps"]:
        found.append("Device times of modc: the device has no timestamps")
    for what, why in result["refused"].items():
        found.append(f"modc, {what}: {why}")
    found += result["missing"]
    return ["Not measured here:", ""] + [f"- {line}" for line in found] if found else []


def text(result):
    device = result["device"]
    lines = [f"{device['device']}: {device['name']}, {device['driver']}, target "
             f"{result['target']}; {result['machine']}"
             + (f"; PyTorch {result['torch']} on {result['torch_device']}"
                if result["torch"] else ""), ""]
    if result["roofline"]:
        lines.append(f"Roofline: {result['roofline']}.")
    if "probes" in result:
        rates = result["probes"]
        lines.append(f"Probed by PyTorch: {rates['peak'] / 1e9:.0f} GFLOP/s of a "
                     f"product in f32, {rates['bandwidth'] / 1e9:.0f} GB/s of a copy.")
    lines += ["", "Medians (10th–90th percentile). Device: the launches of a call, of "
              "PyTorch from the first to the last. Clock: a call with its copies to the "
              "device and back. Peers as multiples of modc's.", ""]
    for task in report.TITLES:
        lines += section(result, task)
    return "\n".join(lines + failed(result) + unmeasured(result))
