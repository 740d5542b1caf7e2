"""``scr vintages``: the revision triangle, in every shape."""

from __future__ import annotations

import csv
import io

import pytest

from cli import vintages
from tests.commandline import life, line, prepare, scr
from tests.terminal import Terminal

# FY 2019: one SCR known in time, one a year late, one reversed after two years.
HISTORY = (
    life("SCR-1")
    + life("SCR-2").replace("2019-03-04T12:00", "2020-03-04T12:00")
    + life("SCR-3")
    + line("SCR-3", "reversed", "2021-05-01", outcome="D1", reason="it never happened")
    + life("SCR-4", outcome="2020-02-02")
)
AT = ("--at", "2020-01-15", "--at", "2021-01-15", "--at", "2022-01-15")


@pytest.fixture(autouse=True)
def ledger(tmp_path, monkeypatch):
    """
    A ledger of four SCRs.
    """
    monkeypatch.chdir(tmp_path)
    return prepare(tmp_path, HISTORY)


def told(*arguments: str) -> dict:
    """
    Return an answer as JSON.
    """
    found = scr("vintages", "dd-all", *arguments, "--json")
    assert (found.code, found.err) == (0, "")
    return found.json


def test_a_matrix():
    """
    Each year has its figure by vintage, none before the year has ended.
    """
    found = told(*AT)

    assert (found["schema"], found["measure"], found["shape"]) == (
        "scr-vintages/1",
        "dd-all",
        "matrix",
    )
    assert found["rows"] == [
        {
            "fiscal_year": 2019,
            "values": {"2020-01-15": 2, "2021-01-15": 3, "2022-01-15": 2},
        },
        {
            "fiscal_year": 2020,
            "values": {"2020-01-15": None, "2021-01-15": 1, "2022-01-15": 1},
        },
    ]


def test_every_vintage_names_its_basis():
    """
    A vintage has the basis and the definition that `count` has there.
    """
    for vintage in told(*AT)["vintages"]:
        counted = scr("count", "dd-all", "--as-of", vintage["vintage"], "--json").json
        assert vintage["basis"] == counted["basis"]
        assert vintage["definition"]["measure"] == "dd-all"


def test_what_was_revised():
    """
    Statistics, causes and finality are those of the cells.
    """
    found = told(*AT)
    whole, first, second = found["revisions"]

    assert whole["between"] == "first to last"
    assert (whole["figures"], whole["mean"], whole["unchanged"]) == (2, 0.0, 2)
    assert (first["between"], first["mean"], first["largest"]) == ("1st to 2nd", 0.5, 1)
    assert first["relative_mean_absolute"] == 1 / 3
    assert (second["between"], second["mean"], second["down"]) == ("2nd to 3rd", -1, 1)
    assert found["causes"] == [
        {"cause": "late-information", "effect": 1},
        {"cause": "reversal", "effect": -1},
    ]
    assert found["final"] == [
        {
            "fiscal_year": 2019,
            "months_after": months,
            "then": 3 if months == 12 else 2,
            "kept": 2,
            "gone": 1 if months == 12 else 0,
            "last": 2,
        }
        for months in (12, 24)
    ] + [
        {
            "fiscal_year": 2020,
            "months_after": 12,
            "then": 1,
            "kept": 1,
            "gone": 0,
            "last": 1,
        }
    ]


SHAPES = [
    pytest.param(
        "long",
        [
            (2019, "2020-01-15", 2),
            (2019, "2021-01-15", 3),
            (2019, "2022-01-15", 2),
            (2020, "2021-01-15", 1),
            (2020, "2022-01-15", 1),
        ],
        id="long",
    ),
    pytest.param(
        "changes",
        [
            (2019, "2020-01-15", None, 2, None, 0, 0, {}),
            (2019, "2021-01-15", 2, 3, 1, 1, 0, {"late-information": 1}),
            (2019, "2022-01-15", 3, 2, -1, 0, 1, {"reversal": -1}),
            (2020, "2021-01-15", None, 1, None, 0, 0, {}),
        ],
        id="changes",
    ),
    pytest.param(
        "first",
        [(2019, "2020-01-15", 2, 2, 0), (2020, "2021-01-15", 1, 1, 0)],
        id="first",
    ),
]


@pytest.mark.parametrize(("shape", "rows"), SHAPES)
def test_other_shapes(shape, rows):
    """
    The same figures as rows: all, the new and revised ones, or the first of each year.
    """
    found = told(*AT, "--shape", shape)["rows"]

    assert [tuple(row.values()) for row in found] == rows


def test_in_cells():
    """
    In CSV a matrix has a column a vintage, and an empty cell before a year's end.
    """
    text = scr("vintages", "dd-all", *AT, "-f", "csv").out
    header, *rows = csv.reader(io.StringIO(text))

    assert header == [
        "fiscal_year",
        "2020-01-15",
        "2021-01-15",
        "2022-01-15",
        "basis",
    ]
    assert [row[:4] for row in rows] == [
        ["2019", "2", "3", "2"],
        ["2020", "", "1", "1"],
    ]


def test_in_a_table():
    """
    Beside a figure stands the change from the first one of its year.
    """
    text = scr("vintages", "dd-all", *AT).out

    assert "2019                   2         3 +1            2" in text
    assert "2020                   ·            1            1" in text
    assert "Revisions, 1st to 2nd: 2 years, mean +0.50" in text
    assert "All revisions by cause: late-information +1, reversal −1." in text  # noqa: RUF001 - a minus
    assert "Final 12 months after the year: FY2019 2 of 2, 1 gone since; FY2020" in text


def test_shaded_never_by_colour_alone():
    """
    In a terminal what was revised is shaded, and its change is written as well; without
    colours it is only written.
    """
    with Terminal("vintages", "dd-all", *AT) as there:
        assert there.ended() == 0
        assert "\x1b[100m3 +1" in there.sent or "3 +1\x1b[0m" in there.sent
    with Terminal("vintages", "dd-all", *AT, env={"NO_COLOR": "1"}) as there:
        assert there.ended() == 0
        assert "3 +1" in there.sent
        assert "\x1b[" not in there.sent


def test_regular_vintages():
    """
    Without `--at` there is one each January, and all that is recorded at the end.
    """
    names = [one["vintage"] for one in told()["vintages"]]

    assert names == ["2020-01-15", "2021-01-15", "2022-01-15", "2023-01-15", "all"]
    assert told("--every", "2y", "--on", "10-01")["vintages"][0]["vintage"] == (
        "2019-10-01"
    )


def test_a_vintage_that_is_not_over_yet():
    """
    It is answered with a warning, as everywhere.
    """
    found = scr("vintages", "dd-all", "--at", "2999-01-15", "--fy", "2019..2990")

    assert found.code == 0
    assert "is not over yet" in found.err
    assert "2990" in found.out
    assert "FY2990" not in found.out


def test_a_version_named_with_the_measure():
    """
    MEASURE@VERSION counts by that version throughout, as --definition does.
    """
    named = scr("vintages", "dd-all@1", *AT, "--json")
    pinned = scr("vintages", "dd-all", "--definition", "dd-all@1", *AT, "--json")

    assert named.json == pinned.json


@pytest.mark.parametrize(
    ("share", "shade"),
    [(0, ""), (1, "on grey23"), (2, "on grey35"), (9, "on grey35"), (10, "on grey50")],
)
def test_shades(share, shade):
    """
    Faint below two percent of the first figure, strong from ten.
    """
    assert vintages._shaded((100 + share, share, 100)) == shade
    assert vintages._shaded((100 - share, -share, 100)) == shade


REFUSED = [
    pytest.param(["x"], 2, "no measure is named x", id="no measure"),
    pytest.param(["dd-all", "--at", "2020-02-30"], 2, "2020-02-30", id="no day"),
    pytest.param(["dd-all", "--at", "@99"], 2, "@99", id="beyond the head"),
    pytest.param(["dd-all", "--at", "apr"], 3, "apr", id="no publication"),
    pytest.param(
        ["dd-all", "--at", "2020-01-15", "--every", "1y"], 2, "--at", id="both"
    ),
    pytest.param(["dd-all", "--every", "1w"], 2, "--every", id="no distance"),
    pytest.param(["dd-all", "--on", "02-29"], 2, "--on", id="not every year"),
    pytest.param(["dd-all", "--fy", "2020..2019"], 2, "2020..2019", id="no years"),
    pytest.param(["dd-all", "--definition", "dd-all"], 2, "@VERSION", id="no version"),
    pytest.param(["dd-all", "--definition", "m@1"], 2, "dd-all@", id="of another"),
    pytest.param(["dd-all", "--definition", "dd-all@9"], 2, "version 9", id="unknown"),
    pytest.param(["dd-all", "--shape", "round"], 2, "round", id="no shape"),
    pytest.param([], 2, "MEASURE", id="nothing asked"),
]


@pytest.mark.parametrize(("arguments", "code", "said"), REFUSED)
def test_refused(arguments, code, said):
    """
    What cannot be asked is refused in one line.
    """
    found = scr("vintages", *arguments)

    assert (found.code, found.out) == (code, "")
    assert len(found.err.splitlines()) == 1
    assert said in found.err
