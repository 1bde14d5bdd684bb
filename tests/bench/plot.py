"""The picture on docs/speed.md, as SVG: CPU of a message by the number of rules, and messages/s through Postfix.

Left, both axes are logarithmic: a line for each contender, over the sets of rules that are literals. Right, a bar for
each contender with 4 rules. Whatever has no valid figure is left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape

from .results import Run

__all__ = ["picture"]

RULES = (4, 50, 1000, 5000)
WIDTH, HEIGHT = 1000, 440
# left edge, right edge of the drawing of each panel; top and bottom of both
LEFT, RIGHT, TOP, BOTTOM = (60, 400), (770, 950), 50, 390
OURS, THEIRS = "#1f5fbf", "#8a8f98"
DASHES = {"pyfilter cold": "2 3", "pyfilter warm": "7 3", "Dovecot LMTP": "7 3"}
LINE_HEIGHT = 14

Point = tuple[float, float]


def picture(runs: Mapping[str, Run]) -> str:
    shown = f'viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12" fill="#222"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {shown}>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        *_lines(_by_rules(runs)),
        *_bars(_rates(runs)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _by_rules(runs: Mapping[str, Run]) -> dict[str, list[Point]]:
    """Contender -> (rules, milliseconds of CPU)."""
    found: dict[str, list[Point]] = {}
    for name in ("one-shot", "lmtp"):
        for contender in runs[name].contenders if name in runs else ():
            for count in RULES:
                value = runs[name].median(contender, str(count), "cpu")
                if value:
                    found.setdefault(contender, []).append((count, value))
    return found


def _rates(runs: Mapping[str, Run]) -> dict[str, float]:
    run = runs.get("postfix")
    found = {name: run.median(name, "4", "rate") for name in run.contenders} if run else {}
    return {name: rate for name, rate in found.items() if rate}


def _lines(series: Mapping[str, list[Point]]) -> list[str]:
    drawn = [_text((LEFT[0] + LEFT[1]) / 2, 24, "CPU of a message by the number of rules, ms", "middle", bold=True)]
    values = [value for points in series.values() for _, value in points]
    if not values:
        return drawn
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    high = max(high, low + 1)

    def place(rules: float, value: float) -> Point:
        across = (math.log10(rules) - math.log10(RULES[0])) / (math.log10(RULES[-1]) - math.log10(RULES[0]))
        up = (math.log10(value) - low) / (high - low)
        return LEFT[0] + across * (LEFT[1] - LEFT[0]), BOTTOM - up * (BOTTOM - TOP)

    for power in range(low, high + 1):
        y = place(RULES[0], 10.0**power)[1]
        drawn.append(f'<path d="M{LEFT[0]} {y:.1f}H{LEFT[1]}" stroke="#e3e5e8"/>')
        drawn.append(_text(LEFT[0] - 8, y + 4, f"{10.0**power:g}", "end"))
    for rules in RULES:
        drawn.append(_text(place(rules, 10.0**low)[0], BOTTOM + 18, str(rules), "middle"))
    ends = []
    for name, points in series.items():
        places = [place(*point) for point in points]
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        drawn.append(f'<path d="{path}" fill="none" stroke="{_colour(name)}" stroke-width="2"{_dashes(name)}/>')
        drawn += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{_colour(name)}"/>' for x, y in places]
        ends.append((places[-1][1], f"{name}, {points[-1][1]:.3g}", _colour(name)))
    for y, words, colour in _apart(ends):
        drawn.append(_text(LEFT[1] + 10, y + 4, words, colour=colour))
    return drawn


def _apart(ends: list[tuple[float, str, str]]) -> list[tuple[float, str, str]]:
    """The words at the ends of lines, far enough from each other to be read."""
    placed: list[tuple[float, str, str]] = []
    for y, words, colour in sorted(ends):
        placed.append((max(y, placed[-1][0] + LINE_HEIGHT) if placed else y, words, colour))
    return placed


def _bars(rates: Mapping[str, float]) -> list[str]:
    drawn = [_text((RIGHT[0] + RIGHT[1]) / 2, 24, "Through Postfix, 4 rules, messages/s", "middle", bold=True)]
    step = (BOTTOM - TOP) / max(1, len(rates))
    for number, (name, rate) in enumerate(sorted(rates.items(), key=lambda one: -one[1])):
        y = TOP + number * step
        width = (RIGHT[1] - RIGHT[0]) * rate / max(rates.values())
        box = f'x="{RIGHT[0]}" y="{y + step * 0.15:.1f}" width="{width:.1f}" height="{step * 0.7:.1f}"'
        drawn += [
            _text(RIGHT[0] - 8, y + step / 2 + 4, name, "end"),
            f'<rect {box} fill="{_colour(name)}"/>',
            _text(RIGHT[0] + width + 6, y + step / 2 + 4, f"{rate:.0f}"),
        ]
    return drawn


def _colour(name: str) -> str:
    return OURS if name.startswith("pyfilter") else THEIRS


def _dashes(name: str) -> str:
    return f' stroke-dasharray="{DASHES[name]}"' if name in DASHES else ""


def _text(x: float, y: float, words: str, anchor: str = "start", *, bold: bool = False, colour: str = "#222") -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}"{weight}>{escape(words)}</text>'
