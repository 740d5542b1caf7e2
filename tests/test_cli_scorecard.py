"""`scr scorecard`: table, JSON, and a page that needs nothing else."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree as ET

import pytest

from tests.commandline import HISTORY, prepare, scr

ASK = ("--program", "p", "--fy", "2022", "--amount", "1", "--positions", "1")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """
    A folder with four SCRs, a printing, and a request that cites nothing.
    """
    prepare(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCR_BY", "auditor")
    assert scr("request", "add", "<R>", *ASK).code == 2
    more = ("--submitted-on", "2019-03-15")
    assert scr("request", "add", "R-1", *ASK, *more).code == 0
    decline = ("--reason", "<b>'none'</b> & \u202e", "--on", "2019-03-15")
    assert scr("request", "decline", "R-1", *decline).code == 0
    return tmp_path


def test_each_rate_has_its_list():
    """
    Numerator and denominator are the lengths of what is listed.
    """
    told = scr("scorecard", "--as-of", "2021-01-15", "--json").json

    assert [(r["rate"], r["numerator"], r["denominator"]) for r in told["rows"]] == [
        ("tco-identified", 3, 4),
        ("validated-before-reporting", 0, 0),
        ("scr-data-used", 0, 1),
    ]
    for row in told["rows"]:
        met = [item["counts"] for item in row["items"]]
        assert (sum(met), len(met)) == (row["numerator"], row["denominator"])
    assert [one["period"] for one in told["trend"]] == [
        "FY2019",
        "FY2020",
        "2021-01-15",
    ]
    assert told["rows"][1]["percent"] is None


def test_a_green_gate_counts_and_another_does_not(here):
    """
    What was computed and went through a green gate is validated; what was overridden
    is not, nor is what was registered as printed.
    """
    shared = ("--fy", "2019", "--document", "d", "--claims", "dd-tco")
    first = ("publish", "A", "--measure", "dd-tco", *shared)
    assert scr(*first).code == 5  # No taxonomy: nobody can judge.
    assert scr(*first, "--override", "o").code == 0
    lines = ['title = "t"', 'source = "s"']
    for name in ("gangs", "narcotics"):
        lines += [f"[categories.{name}]", 'criteria = "c"', 'requires_tco = "yes"']
    (here / "t.toml").write_text("\n".join(lines))
    assert scr("taxonomy", "load", "t.toml", "--adopted", "2018-01-01").code == 0
    assert scr("publish", "B", "--measure", "dd-tco", *shared).code == 0
    told = scr("scorecard", "--json").json["rows"][1]

    assert [(one["unit"], one["counts"], one["why"]) for one in told["items"]] == [
        ("A dd-tco FY2019", False, "gate overridden"),
        ("B dd-tco FY2019", True, "through a green gate"),
    ]
    assert (told["numerator"], told["denominator"]) == (1, 2)


def test_the_same_basis_gives_the_same_bytes(here):
    """
    Whatever is recorded later: in JSON, and as a page.
    """
    first = scr("scorecard", "--by", "quarter", "--as-of", "2021-01-15", "--json")
    basis = json.dumps(first.json["basis"])
    asked = ("scorecard", "--by", "quarter", "--basis", basis)
    assert scr(*asked, "-o", "a.html").code == 0
    assert scr("reverse", "SCR-1", "--outcome", "D1", "--reason", "r").code == 0
    (here / "late.jsonl").write_text(HISTORY.replace("SCR-", "LATE-"))
    assert scr("import", "late.jsonl").code == 0

    assert scr(*asked, "--json").out == first.out
    assert scr(*asked, "-o", "b.html").code == 0
    assert (here / "a.html").read_bytes() == (here / "b.html").read_bytes()


def page(here, *more: str) -> str:
    """
    Write a page, and return it.
    """
    assert scr("scorecard", "--as-of", "2021-01-15", *more, "-o", "s.html").code == 0
    return (here / "s.html").read_text(encoding="utf-8")


def test_the_page_is_self_contained(here):
    """
    It loads nothing, runs nothing, and its own policy forbids it.
    """
    text = page(here)

    assert "default-src 'none'" in text
    assert re.search(r"(?:src|href)\s*=|url\(|@import|<script|<link", text) is None
    assert "https:" not in text


def test_the_picture_can_be_read_without_seeing_it(here):
    """
    It has a title and a description with the numbers, lines differ by dash and mark as
    well as by colour, and the table has every point.
    """
    text = page(here)
    svg = ET.fromstring(re.search(r"<svg viewBox.*?role.*?</svg>", text, re.DOTALL)[0])  # noqa: S314 - ours
    names = svg.get("aria-labelledby").split()
    by_id = {one.get("id"): one.text for one in svg}

    assert svg.get("role") == "img"
    assert all(by_id[name] for name in names)
    assert "TCO identified in the SCR" in by_id["trend-desc"]
    lines = [one for one in svg if one.tag == "polyline"]
    assert len({one.get("stroke-dasharray") for one in lines}) == len(lines) == 3
    told = scr("scorecard", "--as-of", "2021-01-15", "--json").json
    for point in told["trend"]:
        for rate in point["rates"]:
            if rate["denominator"]:
                words = f"{rate['numerator']} of {rate['denominator']} = "
                assert words in text


def test_data_on_the_page_is_inert(here):
    """
    Marks of HTML and hidden characters in a reason are shown, not obeyed.
    """
    text = page(here)

    assert "<b>" not in text.partition("<main>")[2]
    assert "&lt;b&gt;" in text
    assert "\u202e" not in text


@pytest.mark.parametrize("name", ["page.HTML", "page.Htm", "page.html"])
def test_the_ending_of_a_page_may_be_written_in_capitals(here, name):
    """
    It is a page all the same, as it is with the ending in small letters.
    """
    assert scr("scorecard", "-o", name).code == 0
    assert (here / name).read_text().startswith("<!DOCTYPE html>")


def test_items_are_listed():
    """
    `--items` gives a row for each unit, in a table and in CSV.
    """
    told = scr("scorecard", "--items", "-f", "csv").out.splitlines()

    assert told[0] == "rate,unit,counts,why,basis"
    assert len(told) == 1 + 4 + 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--items", "-o", "page.html"], 2),
        (["--items", "-o", "page.HTM"], 2),
        (["--by", "month"], 2),
        (["--as-of", "x-y z"], 2),
        (["--as-of", "@999"], 2),
    ],
)
def test_wrong_input_gets_one_line(arguments, code):
    """
    With its exit code.
    """
    told = scr("scorecard", *arguments)

    assert (told.code, told.out, told.err.count("\n")) == (code, "", 1)
