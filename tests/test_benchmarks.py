"""The benchmark: its sizes, its table, its picture; never a time."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path

import pytest

from benchmarks import measuring, plot
from benchmarks.run import sizes

RESULTS = Path(__file__).parent.parent / "benchmarks" / "results"
PICTURE = Path(__file__).parent.parent / "docs" / "benchmarks.svg"
PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1e4", [10_000]),
        ("1e4..1e6", [10_000, 100_000, 1_000_000]),
        ("20000..300000", [20_000, 200_000]),
    ],
)
def test_sizes_are_powers_of_ten_apart(text, found):
    """
    From one size to another, or the one.
    """
    assert sizes(text) == found


def test_neighbours_are_compared():
    """
    A ratio is the median of ratios of what was done one after the other.
    """
    done = []
    figure = measuring.in_turn(
        "a",
        7,
        lambda: done.append("ours"),
        lambda: done.append("theirs"),
        baseline="b",
        aim="c",
        repeat=3,
    )

    assert done == ["ours", "theirs"] * 3
    assert "a" in measuring.printed([figure])


def test_a_picture_is_drawn_of_what_was_measured():
    """
    Powers of ten are equally far apart, and no label stands over another.
    """
    lines = [
        plot.Line("flat", "#000000", [(1e4, 0.001), (1e5, 0.001), (1e6, 0.001)]),
        plot.Line("linear", "#111111", [(1e4, 0.01), (1e5, 0.1), (1e6, 1.0)]),
        plot.Line("nearly <flat>", "#222222", [(1e4, 0.0011), (1e6, 0.0011)]),
    ]
    picture = ET.fromstring(plot.drawn(lines, "costs"))  # noqa: S314 - ours
    mark = "{http://www.w3.org/2000/svg}"
    flat, linear, _ = (
        [tuple(map(float, pair.split(","))) for pair in one.get("points").split()]
        for one in picture.iter(f"{mark}polyline")
    )

    assert flat[1][0] - flat[0][0] == pytest.approx(flat[2][0] - flat[1][0])
    assert len({y for _, y in flat}) == 1
    assert linear[1][1] - linear[0][1] == pytest.approx(linear[2][1] - linear[1][1])
    labels = [
        float(one.get("y"))
        for one in picture.iter(f"{mark}text")
        if one.text in ("flat", "linear", "nearly <flat>")
    ]
    assert len(labels) == 3
    assert min(b - a for a, b in pairwise(labels)) >= plot.APART


def test_the_picture_of_the_page_is_that_of_its_results():
    """
    The results that the page names give the picture beside it, byte for byte.
    """
    page = PAGE.read_text(encoding="utf-8")
    (drawn,) = re.findall(r"^<!-- drawn from (.*) -->$", page, re.MULTILINE)
    sources = [RESULTS / name for name in drawn.split()]

    assert plot.picture(sources) == PICTURE.read_text("utf-8")
