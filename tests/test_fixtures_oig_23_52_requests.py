"""The fixture's requests: 98 % used no SCR data, and most could have."""

from __future__ import annotations

from contextlib import chdir
from pathlib import Path

import pytest

from tests.commandline import scr

FIXTURE = Path(__file__).resolve().parent.parent / "fixtures" / "oig-23-52"


@pytest.fixture(scope="module")
def ledger(tmp_path_factory) -> Path:
    """
    The fixture's events, printings and requests in a ledger.
    """
    folder = tmp_path_factory.mktemp("requests")
    with chdir(folder):
        assert scr("init").code == 0
        assert scr("import", str(FIXTURE / "events.jsonl")).code == 0
        for command in (
            ("publish", "--as-printed", "printed"),
            ("request", "load", "requests"),
        ):
            *words, name = command
            told = scr(*words, str(FIXTURE / f"{name}.jsonl"), "--by", "archivist")
            assert told.code == 0, told.err
    return folder


@pytest.fixture(autouse=True)
def here(ledger, monkeypatch):
    """
    Stand beside it.
    """
    monkeypatch.chdir(ledger)


def test_98_percent_used_no_scr_data():
    """
    Of 50 requests one cites a figure, the others say why not.
    """
    (row,) = scr("request", "coverage", "--json").json["rows"]

    assert (row["used"], row["declined"], row["undecided"]) == (1, 49, 0)
    assert row["requests"] == len(row["items"]) == 50
    assert (row["requests"] - row["used"]) / row["requests"] == 0.98


def test_the_one_that_cites_holds():
    """
    Its figure was so on its day, and is so with all that is recorded by now.
    """
    told = scr("request", "verify", "--json")

    assert (told.code, told.json["holding"]) == (0, 1)
    assert told.json["rows"][0]["request"] == "RR-2022-47"


def test_a_program_could_have_supported_its_request():
    """
    On the day it was submitted without any data, there was something to cite; and what
    is suggested is what `scr count` gives at that basis.
    """
    row = next(
        row
        for row in scr("request", "list", "--fy", "2022", "--json").json["rows"]
        if row["program"] == "transnational-gangs"
    )
    assert row["state"] == "declined"
    asked = ["--program", row["program"], "--fy", "2022"]
    asked += ["--as-of", row["submitted_on"]]
    found = scr("request", "suggest", *asked, "--json").json

    assert (found["supports"], found["complete"]) == (True, 2020)
    where = ["--where", f"program={row['program']}", "--fy", "2017..2021"]
    basis = ["--as-of", row["submitted_on"], "--json"]
    for measure in found["rows"]:
        counted = scr("count", measure["measure"], *where, *basis).json["rows"]
        told = [one["value"] for one in measure["values"]]
        assert told == [one["value"] for one in counted]
    last = next(one for one in found["rows"] if one["measure"] == "dd-all")
    assert last["values"][3]["value"] == 15


def test_the_scorecard_before_and_after_the_corrections():
    """
    Identification rises by the audit's determinations, while validation and use of the
    data stay where they were: one of three fixes shows.
    """
    rates = {
        day: [
            (row["numerator"], row["denominator"])
            for row in scr("scorecard", "--as-of", day, "--json").json["rows"]
        ]
        for day in ("2023-06-30", "2024-01-15")
    }

    assert rates == {
        "2023-06-30": [(620, 2535), (0, 9), (1, 50)],
        "2024-01-15": [(930, 2702), (0, 9), (1, 50)],
    }
