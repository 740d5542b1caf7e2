"""The scorecard as one self-contained page of HTML with a trend drawn as SVG.

Lines differ by dash and mark as well as by colour, every point has its numbers in a
table below, and nothing is loaded from elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cli.render import basis_line, grade_text
from cli.reporting import environment

if TYPE_CHECKING:
    from projections.scorecard import Point, Rate, RateId, Scorecard

WIDTH, HEIGHT = 640, 280
LEFT, RIGHT, TOP, BOTTOM = 48, 16, 16, 44
TICKS = (0, 25, 50, 75, 100)
MOST_MISSING = 50
"""How many units that are not met the page names of each rate."""

_FULL = 100
_STYLES = {
    "tco-identified": ("a", "#1b4f8a", "", "circle"),
    "validated-before-reporting": ("b", "#8a1c1c", "7 4", "square"),
    "scr-data-used": ("c", "#2f6b2f", "2 3", "triangle"),
}


class Mark(NamedTuple):
    """One point of a line, where it stands and what it says."""

    x: float
    y: float
    says: str


class Line(NamedTuple):
    """One rate as a line."""

    title: str
    colour: str
    dash: str
    mark: str
    points: str
    """As SVG has them."""
    marks: tuple[Mark, ...]


class Tile(NamedTuple):
    """One rate as a reader sees it first."""

    title: str
    percent: str
    words: str
    first: str
    """What it was at the beginning of the trend."""
    missing: tuple[tuple[str, str], ...]
    more: int


def page(found: Scorecard, basis: dict[str, object], by: str) -> str:
    """Return the page; the same bytes for the same basis."""
    from projections.scorecard import TITLES

    template = environment("html").get_template("scorecard.html.j2")
    trend = found.trend
    return template.render(
        day=found.day or "an empty ledger",
        by=by,
        tiles=[_tile(found, rate) for rate in found.rates],
        lines=[_line(trend, rate.rate) for rate in found.rates],
        labels=[(_x(n, len(trend)), one.label) for n, one in enumerate(trend)],
        ticks=[(_y(tick), f"{tick} %") for tick in TICKS],
        frame=(LEFT, TOP, WIDTH - RIGHT, HEIGHT - BOTTOM),
        size=(WIDTH, HEIGHT),
        summary=_summary(trend),
        titles=list(TITLES.values()),
        rows=[
            (one.label, one.day, [_words(rate) for rate in one.rates])
            for one in reversed(trend)
        ],
        basis_line=basis_line(basis),
        grade=grade_text(basis),
    )


def _words(rate: Rate) -> str:
    if rate.percent is None:
        return "none yet"
    return f"{rate.numerator:,} of {rate.denominator:,} = {rate.percent:.1f} %"


def _percent(rate: Rate) -> str:
    return "none yet" if rate.percent is None else f"{rate.percent:.1f} %"


def _tile(found: Scorecard, rate: Rate) -> Tile:
    from projections.scorecard import TITLES, UNITS

    missing = [one for one in found.lists[rate.rate] if not one.counts]
    first = found.trend[0]
    was = next(one for one in first.rates if one.rate == rate.rate)
    since = "" if len(found.trend) == 1 else f"{first.label}: {_percent(was)}"
    return Tile(
        TITLES[rate.rate],
        _percent(rate),
        f"{rate.numerator:,} of {rate.denominator:,} {UNITS[rate.rate]}",
        since,
        tuple((one.unit, one.why) for one in missing[:MOST_MISSING]),
        max(0, len(missing) - MOST_MISSING),
    )


def _summary(trend: tuple[Point, ...]) -> str:
    """Say in words what the picture shows."""
    from projections.scorecard import TITLES

    first, last = trend[0], trend[-1]
    told = [
        f"{TITLES[now.rate]}: {_percent(was)} in {first.label},"
        f" {_percent(now)} on {last.label}"
        for was, now in zip(first.rates, last.rates, strict=True)
    ]
    return "; ".join(told)


def _line(trend: tuple[Point, ...], name: RateId) -> Line:
    from projections.scorecard import TITLES

    marks = []
    for number, point in enumerate(trend):
        rate = next(one for one in point.rates if one.rate == name)
        if rate.percent is not None:
            x, y = _x(number, len(trend)), _y(rate.percent)
            marks.append(Mark(x, y, f"{point.label}: {_words(rate)}"))
    _, colour, dash, mark = _STYLES[name]
    points = " ".join(f"{one.x:g},{one.y:g}" for one in marks)
    return Line(TITLES[name], colour, dash, mark, points, tuple(marks))


def _x(number: int, count: int) -> float:
    room = WIDTH - LEFT - RIGHT - 40
    return round(LEFT + 20 + room * number / max(1, count - 1), 1)


def _y(percent: float) -> float:
    room = HEIGHT - TOP - BOTTOM
    return round(TOP + room * (1 - percent / _FULL), 1)
