#===- svg.py - Curves of cost over N, M and skew --------------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Draws microseconds of a call, on logarithmic axes, a panel for each number of
# threads and a line for each runner. Without a background of their own, and with
# text that follows the reader's colour scheme.
#
#===----------------------------------------------------------------------===#
import math
from xml.sax.saxutils import escape

import report

PANEL, HEIGHT, LEFT, TOP, BOTTOM, GAP, LEGEND = 320, 430, 70, 84, 58, 84, 150
# Distinct also for those who do not tell red from green, on white and on black.
RUNNERS = {
    "modc": "#d55e00",
    "PyTorch's best": "#0f8fd6",
    "libxsmm loop": "#0a9e73",
    "OpenBLAS loop": "#c774a8",
    "oneDNN loop": "#d19a00",
    "ONNX Runtime MoE": "#8a7fd6",
    "JAX ragged_dot": "#8a8f98",
}
STYLE = """
  text { font-family: system-ui, sans-serif; fill: #1f2328; }
  .quiet { fill: #59636e; }
  .grid { stroke: #8a8f98; stroke-opacity: 0.25; }
  .axis { stroke: #8a8f98; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .quiet { fill: #9198a1; }
  }
"""


def text(x, y, content, size=12, anchor="start", quiet=False, extra=""):
    kind = ' class="quiet"' if quiet else ""
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" '
            f'text-anchor="{anchor}"{kind}{extra}>{escape(content)}</text>')


def marks(low, high):
    """1, 2, 5 of each power of ten from `low` to `high`, or the powers alone."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1, 2, 5) if len(powers) <= 4 else (1,)
    return [s * 10.0**p for p in powers for s in steps
            if low * 0.999 <= s * 10.0**p <= high * 1.001]


def micro(value):
    if value >= 1000:
        return f"{value / 1000:g} ms"
    return f"{value:g} µs"


def panel(x, title, series, ticks, low, high):
    """`series` are lists of (place from 0 to 1, µs) by runner."""
    bottom = HEIGHT - BOTTOM

    def down(value):
        part = math.log(value / low) / math.log(high / low)
        return bottom - part * (bottom - TOP)

    out = [text(x + PANEL / 2, TOP - 12, title, 13, "middle")]
    for value in marks(low, high):
        y = down(value)
        out.append(f'<line class="grid" x1="{x}" y1="{y:.1f}" x2="{x + PANEL}" '
                   f'y2="{y:.1f}"/>')
        out.append(text(x - 8, y + 4, micro(value), 11, "end", True))
    for place, label in ticks:
        across = x + place * PANEL
        out.append(f'<line class="axis" x1="{across:.1f}" y1="{bottom}" '
                   f'x2="{across:.1f}" y2="{bottom + 4}"/>')
        out.append(text(across, bottom + 18, label, 11, "middle", True))
    out.append(f'<line class="axis" x1="{x}" y1="{bottom}" x2="{x + PANEL}" '
               f'y2="{bottom}"/>')
    # modc last, above the others.
    for name in sorted(series, key=lambda n: n == "modc"):
        colour, wide = RUNNERS[name], 3 if name == "modc" else 1.75
        points = [(x + place * PANEL, down(value)) for place, value in series[name]]
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" '
                   f'stroke-width="{wide}" stroke-linejoin="round"/>')
        out += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="{wide + 0.5}" '
                f'fill="{colour}"/>' for a, b in points]
    return out


def chart(title, subtitle, label, panels, ticks):
    """`panels` are pairs of a title and series."""
    values = [v for _, series in panels for of in series.values() for _, v in of]
    low, high = min(values) / 1.3, max(values) * 1.3
    # The subtitle names the machine, which is long.
    width = max(LEFT + len(panels) * (PANEL + GAP) + LEGEND, 860)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" '
           f'width="{width}" height="{HEIGHT}">', f"<style>{STYLE}</style>",
           f"<title>{escape(title)}</title>",
           text(LEFT - 48, 24, title, 17, extra=' font-weight="600"'),
           text(LEFT - 48, 44, subtitle, 11, quiet=True)]
    for index, (name, series) in enumerate(panels):
        x = LEFT + index * (PANEL + GAP)
        out += panel(x, name, series, ticks, low, high)
        out.append(text(x + PANEL / 2, HEIGHT - 16, label, 12, "middle"))
    x, names = LEFT + len(panels) * (PANEL + GAP) - GAP + 24, []
    for name in RUNNERS:
        if any(name in series for _, series in panels):
            names.append(name)
    for row, name in enumerate(names):
        y = TOP + 14 + 22 * row
        out.append(f'<line x1="{x}" y1="{y}" x2="{x + 24}" y2="{y}" '
                   f'stroke="{RUNNERS[name]}" stroke-width="3"/>')
        out.append(text(x + 32, y + 4, name))
    return "\n".join(out + ["</svg>", ""])


def times(line):
    """µs by runner, of PyTorch's forms the best."""
    found = {n: report.seconds(line, n) for n in RUNNERS if n in line["seconds"]}
    _, best = report.best_torch(line)
    if best:
        found["PyTorch's best"] = best
    return {name: value * 1e6 for name, value in found.items()}


def over(result, letter, title, subtitle, label):
    """Over the number in the names of shapes such as M64."""
    panels = []
    groups = [g for g in result["groups"]
              if g["shape"][0] == letter and g["shape"][1:].isdigit()]
    everywhere = sorted({int(g["shape"][1:]) for g in groups})
    if len(everywhere) < 2:
        return None
    span = math.log(everywhere[-1] / everywhere[0])
    place = lambda n: math.log(n / everywhere[0]) / span
    for threads in sorted({g["threads"] for g in groups}):
        series = {}
        for group in sorted(groups, key=lambda g: int(g["shape"][1:])):
            if group["threads"] != threads:
                continue
            # One routing, or it could not be read.
            for name, value in times(group["lines"][0]).items():
                at = place(int(group["shape"][1:]))
                series.setdefault(name, []).append((at, value))
        panels.append((f"{threads} thread{'s' if threads > 1 else ''}", series))
    ticks = [(place(n), str(n)) for n in everywhere]
    return chart(title, f"{subtitle} {report.machine(result)}", label, panels, ticks)


def over_skew(result):
    wanted = ["uniform", "zipf", "one"]
    panels = []
    for shape in ("M64", "T2", "S2"):
        found = [g for g in result["groups"] if g["shape"] == shape]
        for group in sorted(found, key=lambda g: g["threads"])[:1]:
            series = {}
            for line in group["lines"]:
                if line["task"] == "forward" and line["routing"] in wanted:
                    at = wanted.index(line["routing"]) / 2
                    for name, value in times(line).items():
                        series.setdefault(name, []).append((at, value))
            threads = group["threads"]
            title = (f"{shape}: {group['description']}, {threads} "
                     f"thread{'s' if threads > 1 else ''}")
            panels.append((title, series))
    if not panels:
        return None
    ticks = [(0, "uniform"), (0.5, "Zipf(1.2)"), (1, "all to one")]
    return chart("Cost of a layer over skew",
                 f"Forward, fastest sample. {report.machine(result)}",
                 "how rows choose modules", panels, ticks)


def curves(result):
    """Pictures by the name of their file, of what the run has."""
    made = {
        "cost-over-modules.svg": over(
            result, "M", "Cost of a layer over the number of its modules",
            "Forward, 1024×128→128, K 1, uniform, fastest sample.", "modules"),
        "cost-over-points.svg": over(
            result, "N", "Cost of a layer over the number of points",
            "Forward, 256→256, M 64, K 1, uniform, fastest sample.", "points"),
        "cost-over-skew.svg": over_skew(result),
    }
    return {name: picture for name, picture in made.items() if picture}
