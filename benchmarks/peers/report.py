#===- report.py - Tables of a run -----------------------------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Markdown tables, one a task and number of threads: times of the fastest samples,
# and how many times modc's each peer takes.
#
#===----------------------------------------------------------------------===#
import measure

SHORT = {
    "PyTorch loop": "loop",
    "PyTorch grouped_mm": "grouped",
    "PyTorch grouped_mm, compiled": "compiled",
    "PyTorch gathered weights": "gathered",
    "PyTorch all modules": "all",
}
TITLES = {
    "forward": "Forward",
    "gradients": "Forward and backward",
    "sgd": "Step with SGD",
    "adam": "Step with Adam",
}


def seconds(line, name):
    found = line["seconds"].get(name)
    return found and found["min"]


def best_torch(line):
    """Name and seconds of PyTorch's fastest form, or two times None."""
    forms = {n: seconds(line, n) for n in SHORT if n in line["seconds"]}
    if not forms:
        return None, None
    form = min(forms, key=forms.get)
    return form, forms[form]


def micro(value):
    """µs with three digits that count."""
    value *= 1e6
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def ratio(value):
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"


def rows_of(result, task, threads):
    for group in result["groups"]:
        if group["threads"] == threads:
            for line in group["lines"]:
                if line["task"] == task:
                    yield group, line


def section(result, task, threads):
    found = list(rows_of(result, task, threads))
    if not found:
        return []
    names = dict.fromkeys(n for _, line in found for n in line["seconds"])
    others = [n for n in names if not n.startswith("modc") and n not in SHORT]
    header = ["shape", "routing", "modc µs (median)"]
    if task == "forward":
        header += ["GFLOP/s", "of peak", "GB/s", "of reads"]
    has_torch = any(n in SHORT for n in names)
    header += ["PyTorch's best"] if has_torch else []
    header += others
    rows = []
    for group, line in found:
        own = seconds(line, "modc")
        row = [f"{group['shape']}: {group['description']}", line["routing"],
               f"{micro(own)} ({micro(line['seconds']['modc']['median'])})"]
        if task == "forward":
            best = line["best_probes"]
            peak, reads = best[f"peak {threads}"], best[f"bandwidth {threads}"]
            rate, traffic = line["flops"] / own, line["bytes"] / own
            row += [f"{rate / 1e9:.1f}", f"{rate / peak:.2f}",
                    f"{traffic / 1e9:.1f}", f"{traffic / reads:.2f}"]
        if has_torch:
            form, fastest = best_torch(line)
            row.append(f"{ratio(fastest / own)} ({SHORT[form]})" if form else "")
        for name in others:
            value = seconds(line, name)
            row.append(ratio(value / own) if value else "")
        rows.append(row)
    title = f"{TITLES[task]}, {threads} thread{'s' if threads > 1 else ''}"
    return [f"### {title}", "", measure.table(header, rows), ""]


def lost(result):
    """By peer: where it is faster, the worst places first."""
    shown = []
    names = dict.fromkeys(
        "PyTorch's best" if name in SHORT else name
        for group in result["groups"] for line in group["lines"]
        for name in line["seconds"] if not name.startswith("modc"))
    for name in names:
        places = []
        for group in result["groups"]:
            for line in group["lines"]:
                peer = (best_torch(line)[1] if name == "PyTorch's best"
                        else seconds(line, name))
                if peer:
                    places.append((
                        peer / seconds(line, "modc"),
                        f"{group['shape']} {line['routing']}, "
                        f"{TITLES[line['task']].lower()}, {group['threads']}T"))
        faster = sorted(place for place in places if place[0] < 1)
        worst = "; ".join(f"{ratio(value)} ({where})" for value, where in faster[:5])
        shown.append(f"- {name}: faster on {len(faster)} of {len(places)} lines"
                     + (f", most on {worst}" if faster else ""))
    return ["Where modc loses, and what the peer takes then in terms of modc's time:",
            ""] + shown


def probes(result):
    """By process: what it probed at best."""
    found = {}
    for group in result["groups"]:
        for line in group["lines"]:
            for name, rate in line["best_probes"].items():
                found.setdefault(name, []).append(rate / 1e9)

    def shown(name, form):
        values = sorted({format(v, form) for v in found[name]}, key=float)
        return values[0] if len(values) == 1 else f"{values[0]} to {values[-1]}"

    return [f"Probed on {threads} thread{'s' if threads > '1' else ''}: "
            f"{shown(f'peak {threads}', '.0f')} GFLOP/s, "
            f"{shown(f'bandwidth {threads}', '.1f')} GB/s."
            for threads in sorted({name.split()[1] for name in found})]


def machine(result):
    """With the load while it was measured."""
    name, _, _ = result["machine"].partition(", load average")
    loads = [group["load"] for group in result["groups"]]
    return f"{name}, load average {min(loads):.1f} to {max(loads):.1f}"


def text(result):
    lines = [f"{machine(result)}; {', '.join(result['versions'])}", ""]
    lines += [f"Left out: {reason}." for reason in result["missing"]]
    lines += probes(result)
    lines += ["", "Times of the fastest sample; peers as multiples of modc's.", ""]
    threads = sorted({group["threads"] for group in result["groups"]})
    for task in TITLES:
        for number in threads:
            lines += section(result, task, number)
    return "\n".join(lines + lost(result) + [""])
