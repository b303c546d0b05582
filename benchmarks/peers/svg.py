#===- svg.py - Curves of cost over M --------------------------------------===#
#
# Part of modc, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===----------------------------------------------------------------------===#
#
# Draws microseconds of a call over the number of modules, both axes logarithmic,
# one line a runner and number of threads.
#
#===----------------------------------------------------------------------===#
import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 70, 250, 50, 50
# Distinct also for those who do not tell red from green.
COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"]


def curves(lines, caption):
    """The picture as text; an empty frame where there are no lines."""
    points = {}
    for line in lines:
        for name, seconds in line["seconds"].items():
            key = (name, line["threads"], line["routing"])
            points.setdefault(key, []).append((line["m"], seconds["min"] * 1e6))
    xs = sorted({x for curve in points.values() for x, _ in curve}) or [1]
    ys = [y for curve in points.values() for _, y in curve] or [1]
    low, high = math.floor(math.log10(min(ys))), math.ceil(math.log10(max(ys)))
    high = max(high, low + 1)
    first, last = math.log2(xs[0]), max(math.log2(xs[-1]), math.log2(xs[0]) + 1)

    def place(x, y):
        across = (math.log2(x) - first) / (last - first)
        up = (math.log10(y) - low) / (high - low)
        return (LEFT + across * (WIDTH - LEFT - RIGHT),
                HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM))

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
           f'height="{HEIGHT}" font-family="sans-serif" font-size="12">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
           f'<text x="{LEFT}" y="20" font-size="14">Cost of a layer over the '
           'number of its modules, 1024×128→128, K 1</text>',
           f'<text x="{LEFT}" y="38" font-size="9" fill="#555">'
           f'{escape(caption)}</text>']
    for power in range(low, high + 1):
        _, y = place(xs[0], 10.0**power)
        out.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" '
                   f'y2="{y:.1f}" stroke="#ddd"/>')
        out.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">'
                   f'{10.0**power:g}</text>')
    for x in xs:
        across, y = place(x, 10.0**low)
        out.append(f'<text x="{across:.1f}" y="{y + 18:.1f}" '
                   f'text-anchor="middle">{x}</text>')
    out.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 10}" '
               'text-anchor="middle">modules</text>')
    out.append(f'<text transform="translate(16 {HEIGHT / 2}) rotate(-90)" '
               'text-anchor="middle">µs of a call, fastest sample</text>')
    names = list(dict.fromkeys(name for name, _, _ in points))
    for row, ((name, threads, routing), curve) in enumerate(points.items()):
        colour = COLOURS[names.index(name) % len(COLOURS)]
        dash = "" if threads == 1 else f' stroke-dasharray="{2 + threads},3"'
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in
                        (place(*point) for point in sorted(curve)))
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" '
                   f'stroke-width="2"{dash}/>')
        y = TOP + 16 * row + 8
        x = WIDTH - RIGHT + 14
        out.append(f'<line x1="{x}" y1="{y}" x2="{x + 26}" y2="{y}" '
                   f'stroke="{colour}" stroke-width="2"{dash}/>')
        label = f"{name}, {routing}, threads {threads}"
        out.append(f'<text x="{x + 32}" y="{y + 4}" font-size="10">'
                   f'{escape(label)}</text>')
    return "\n".join(out + ["</svg>", ""])
