#!/usr/bin/env python3
"""Draws the panels of config/grafana/dashboards/hookbridge.json as an SVG, from what Prometheus answers.

    docs/dashboard.py http://127.0.0.1:9090 [MINUTES [SCRAPE]] > docs/dashboard.svg

It looks MINUTES back (15). SCRAPE is how often Prometheus scrapes, in seconds (15).

It asks the same queries as Grafana does and lays the panels out in the same places. It is no Grafana: of
a panel it knows the title, the unit, the lines and their legends. Python's own library alone.
"""

import json
import math
import pathlib
import re
import sys
import time
import urllib.parse
import urllib.request
from xml.sax.saxutils import escape

DASHBOARD = pathlib.Path(__file__).parent.parent / "config/grafana/dashboards/hookbridge.json"
COLUMN, ROW, GAP = 50, 23, 6  # the size of a unit of the grid, and what is between two panels
POINTS = 160  # in time; more than a panel's pixels can show is of no use
GAPS = 2.5  # steps without a value that break a line
RATE = 4  # scrapes that a rate is taken over, as Grafana does
# Okabe and Ito's, which also those distinguish who see few; two of them darker, for thin lines.
COLOURS = ["#0072b2", "#d55e00", "#009e73", "#b3589a", "#c78500", "#3a9bd1", "#777777", "#a09a00"]
SECONDS = [(86400, "d"), (3600, "h"), (60, "min"), (1, "s"), (1e-3, "ms"), (1e-6, "µs")]
BYTES = [(2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (1, "B")]
COUNTS = [(1e6, "M"), (1e3, "k"), (1, "")]
LEGENDS = 4  # lines of a legend; the rest is counted


def ask(url, expression, span):
    """The series of a span of time: labels, and pairs of time and value."""
    start, end, step = span
    query = {"query": expression, "start": start, "end": end, "step": step}
    request = f"{url}/api/v1/query_range?{urllib.parse.urlencode(query)}"
    with urllib.request.urlopen(request, timeout=30) as answer:
        series = json.load(answer)["data"]["result"]
    numbers = [(s["metric"], [(t, float(v)) for t, v in s["values"]]) for s in series]
    return [(labels, [(t, v) for t, v in values if math.isfinite(v)]) for labels, values in numbers]


def variables(url, span, scrape):
    """What Grafana puts in the place of its variables, where all bridges are shown."""
    bridges = [labels for labels, _ in ask(url, "hookbridge_build_info", span)]
    names = {
        "$" + name: "|".join(sorted({re.escape(bridge[name]).replace("\\", "\\\\") for bridge in bridges}))
        for name in ("job", "instance")
    }
    return names | {"$__rate_interval": f"{math.ceil(1000 * max(RATE * scrape, span[2]))}ms"}


def shown(value, unit):
    """A value as a person reads it."""
    if unit == "percentunit":
        return f"{100 * value:.3g} %"
    sizes = {"s": SECONDS, "bytes": BYTES}.get(unit, COUNTS)
    size, name = next(((s, n) for s, n in sizes if abs(value) >= s), sizes[-1] if value else (1, ""))
    name += {"reqps": "/s", "cps": "/s"}.get(unit, "")
    return f"{value / size:.3g}{' ' if name else ''}{name}"


def text(x, y, words, **style):
    """A text at a place."""
    style = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in style.items())
    return f'<text x="{x:.0f}" y="{y:.0f}"{style}>{escape(words)}</text>'


def path(points, scale_x, scale_y, gap):
    """A line through points, broken where there are none; points that it would go through anyway are left out."""
    parts, before = [], None
    for place, (at, value) in enumerate(points):
        x, y = round(scale_x(at)), round(scale_y(value))
        is_flat = (
            before is not None
            and 0 < place < len(points) - 1
            and y == before[1] == round(scale_y(points[place + 1][1]))
        )
        if before is None or at - before[0] > gap:
            parts.append(f"M{x} {y}")
        elif not is_flat:
            parts.append(f"L{x} {y}")
        before = (at, y)
    return "".join(parts)


def series_of(panel, url, names, span):
    """Name and points of each line, in the order of the queries."""
    found = []
    for target in panel["targets"]:
        expression = target["expr"]
        for name, value in names.items():
            expression = expression.replace(name, value)
        for labels, values in ask(url, expression, span):
            legend = target.get("legendFormat", "")
            name = re.sub(r"{{(\w+)}}", lambda label: labels.get(label[1], ""), legend)
            found.append((name, values))
    return [(name, values) for name, values in found if values]


def frame(panel):
    """Where a panel is, and its ground and title."""
    grid = panel["gridPos"]
    x, y = grid["x"] * COLUMN + GAP, grid["y"] * ROW + GAP
    width, height = grid["w"] * COLUMN - GAP, grid["h"] * ROW - GAP
    ground = f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="3" fill="#fff" stroke="#ddd"/>'
    return x, y, width, height, [ground, text(x + 8, y + 16, panel["title"], font_weight="600")]


def stat(panel, series):
    """The last value, large."""
    x, y, width, height, drawn = frame(panel)
    defaults = panel["fieldConfig"]["defaults"]
    words, colour = defaults.get("noValue", "no data"), "#222"
    if series:
        value = series[0][1][-1][1]
        words = shown(value, defaults["unit"])
        for mapping in defaults.get("mappings", []):
            option = mapping["options"].get(f"{value:g}")
            words, colour = (option["text"], option["color"]) if option else (words, colour)
    middle = {"text_anchor": "middle", "font_size": 24, "fill": colour}
    return drawn + [text(x + width / 2, y + height / 2 + 18, words, **middle)]


def graph(panel, series, span):
    """Lines over time."""
    start, end, step = span
    x, y, width, height, drawn = frame(panel)
    unit = panel["fieldConfig"]["defaults"]["unit"]
    legends = min(len(series), LEGENDS)
    left, right, top = x + 58, x + width - 10, y + 28
    bottom = y + height - 18 - 13 * ((legends + 1) // 2)
    most = max((value for _, values in series for _, value in values), default=0) or 1

    def scale_x(at):
        return left + (right - left) * (at - start) / (end - start)

    def scale_y(value):
        return bottom - (bottom - top) * value / most

    for part in (0, 0.5, 1):
        line = scale_y(part * most)
        drawn.append(f'<path d="M{left} {line:.0f}H{right}" stroke="#eee"/>')
        drawn.append(text(left - 5, line + 4, shown(part * most, unit), text_anchor="end", fill="#666"))
    for at, anchor in ((start, "start"), (end, "end")):
        clock = time.strftime("%H:%M", time.gmtime(at))
        drawn.append(text(scale_x(at), bottom + 13, clock, text_anchor=anchor, fill="#666"))
    for place, (name, values) in enumerate(series):
        colour = COLOURS[place % len(COLOURS)]
        line = path(values, scale_x, scale_y, GAPS * step)
        drawn.append(f'<path d="{line}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        if place < LEGENDS:
            is_rest = place == LEGENDS - 1 and len(series) > LEGENDS
            words = f"{name}, and {len(series) - LEGENDS} more" if is_rest else name
            at = x + 8 + (place % 2) * (width - 16) / 2
            below = bottom + 27 + 13 * (place // 2)
            drawn.append(f'<path d="M{at:.0f} {below - 4}h12" stroke="{colour}" stroke-width="2"/>')
            drawn.append(text(at + 17, below, words))
    if not series:
        drawn.append(text((left + right) / 2, (top + bottom) / 2, "no data", text_anchor="middle"))
    return drawn


def main(url, minutes="15", scrape="15"):
    """Prints the picture."""
    url, end = url.rstrip("/"), time.time()
    start = end - 60 * float(minutes)
    span = (start, end, (end - start) / POINTS)
    names = variables(url, span, float(scrape))
    panels = json.loads(DASHBOARD.read_text())["panels"]
    width = 24 * COLUMN + GAP
    height = max(p["gridPos"]["y"] + p["gridPos"]["h"] for p in panels) * ROW + GAP
    print(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
        ' font-family="system-ui, sans-serif" font-size="11" fill="#222">'
    )
    print(f'<title>The dashboard</title><rect width="{width}" height="{height}" fill="#f4f5f5"/>')
    for panel in panels:
        series = series_of(panel, url, names, span)
        drawn = stat(panel, series) if panel["type"] == "stat" else graph(panel, series, span)
        print("\n".join(drawn))
    print("</svg>")


if __name__ == "__main__":
    main(*sys.argv[1:])
