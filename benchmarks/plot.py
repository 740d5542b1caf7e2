"""Draw what things cost against the size of the ledger, both scales logarithmic.

    .venv/bin/python -m benchmarks.plot RESULTS.json… docs/benchmarks.svg

From committed results alone, so that whoever has them has the picture.
"""

from __future__ import annotations

import json
import sys
from html import escape
from math import log10
from pathlib import Path
from typing import NamedTuple

LINES = {
    "import, time": "import",
    "rebuild": "rebuild",
    "leaves, tiles and root verified": "verify --leaves",
    "full verification": "verify, facts and rules",
    "scr count --json": "scr count --json, whole command",
    "catch-up after a live fact (disrupted)": "catch-up after live facts",
    "as-of count, in process": "as-of count, in process",
}
"""Figures that are drawn, by name, and what is written beside them."""

COLOURS = ("#1b6ca8", "#c2571a", "#2e7d32", "#8e24aa", "#555555", "#b8860b", "#c62828")
WIDTH, HEIGHT = 860, 520
LEFT, RIGHT, TOP, BOTTOM = 80, 250, 40, 60
APART = 16
"""Between two labels, at least."""


class Line(NamedTuple):
    """What one thing costs at each size."""

    label: str
    colour: str
    points: list[tuple[float, float]]
    """Facts and seconds."""


class Scale(NamedTuple):
    """From whole powers of ten to places on the page."""

    low: int
    high: int
    first: float
    last: float

    def at(self, value: float) -> float:
        """Return the place of a value."""
        part = (log10(value) - self.low) / (self.high - self.low)
        return self.first + part * (self.last - self.first)


def lines_of(figures: list[dict[str, object]]) -> list[Line]:
    """Return the lines that figures give; of two of one size the first counts."""
    found = []
    for (name, label), colour in zip(LINES.items(), COLOURS, strict=True):
        points: dict[float, float] = {}
        for one in figures:
            if one["name"] == name:
                size, seconds = float(str(one["size"])), float(str(one["seconds"]))
                points.setdefault(size, seconds)
        if points:
            found.append(Line(label, colour, sorted(points.items())))
    return found


def drawn(lines: list[Line], title: str) -> str:
    """Return the picture as SVG."""
    sizes = [size for line in lines for size, _ in line.points]
    seconds = [cost for line in lines for _, cost in line.points]
    across = Scale(*_decades(sizes), LEFT, WIDTH - RIGHT)
    up = Scale(*_decades(seconds), HEIGHT - BOTTOM, TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
        ' font-family="sans-serif" font-size="12" role="img">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        _text(LEFT, 22, title, size=14),
    ]
    parts += _grid(across, up)
    for line in lines:
        places = [(across.at(size), up.at(cost)) for size, cost in line.points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{line.colour}"'
            ' stroke-width="2"/>'
        )
        parts += [
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{line.colour}"/>'
            for x, y in places
        ]
    parts += _labels(lines, across, up)
    return "\n".join([*parts, "</svg>", ""])


def _decades(values: list[float]) -> tuple[int, int]:
    # Rounded: what is almost a power of ten stands on its line.
    exponents = [round(log10(value), 2) for value in values]
    low = int(min(exponents) // 1)
    return low, max(low + 1, -int(-max(exponents) // 1))


def _grid(across: Scale, up: Scale) -> list[str]:
    parts = []
    for power in range(across.low, across.high + 1):
        x = across.at(10**power)
        parts.append(_rule(x, up.first, x, up.last))
        parts.append(_text(x, up.first + 18, f"{10**power:,}", anchor="middle"))
    for power in range(up.low, up.high + 1):
        y = up.at(10.0**power)
        parts.append(_rule(across.first, y, across.last, y))
        parts.append(_text(across.first - 8, y + 4, _seconds(power), anchor="end"))
    middle = (across.first + across.last) / 2
    parts.append(_text(middle, up.first + 42, "facts in the ledger", anchor="middle"))
    return parts


def _seconds(power: int) -> str:
    return f"{10**power:,} s" if power >= 0 else f"{10.0 ** (power + 3):g} ms"


def _labels(lines: list[Line], across: Scale, up: Scale) -> list[str]:
    """Write each line's name beside its end, none over another."""
    parts, last = [], 0.0
    for line in sorted(lines, key=lambda line: -line.points[-1][1]):
        size, cost = line.points[-1]
        last = max(up.at(cost) + 4, last + APART)
        x = across.at(size) + 10
        parts.append(_text(x, last, line.label, colour=line.colour))
    return parts


def _rule(x1: float, y1: float, x2: float, y2: float) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
        ' stroke="#dddddd"/>'
    )


def _text(  # noqa: PLR0913 - how a text looks
    x: float,
    y: float,
    text: str,
    *,
    anchor: str = "start",
    colour: str = "#222222",
    size: int = 12,
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}"'
        f' font-size="{size}">{escape(text)}</text>'
    )


def main() -> None:
    """Read a file of results, write a picture."""
    *sources, target = map(Path, sys.argv[1:])
    target.write_text(picture(sources), encoding="utf-8")


def picture(sources: list[Path]) -> str:
    """Return the picture of some files of results."""
    results = [json.loads(source.read_bytes()) for source in sources]
    figures = [one for result in results for one in result["figures"]]
    title = f"What it costs, by size of the ledger ({results[0]['measured']})"
    return drawn(lines_of(figures), title)


if __name__ == "__main__":
    main()
