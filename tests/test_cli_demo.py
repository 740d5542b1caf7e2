"""The demonstration: every number of the audit, recomputed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.main import run

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def told(tmp_path_factory) -> dict:
    """
    What `scr demo` says, as JSON.
    """
    out = tmp_path_factory.mktemp("demo") / "demo.json"
    assert run(["demo", "--json", "-o", str(out)]) == 0
    return json.loads(out.read_text())


def test_the_audit_is_recounted_from_the_ledger(told):
    """
    The sample is drawn again from the ledger, and gives the published totals.
    """
    audit = told["audit"]

    assert audit["drawn_again"] is True
    assert (audit["sampled"], audit["not_a_tco"]) == (422, 253)
    assert (audit["in_measure"], audit["as_outcomes"]) == (171, 123)
    assert audit["in_denominator_only"] == 48
    assert audit["by_category"]["crimes-against-children"] == 107
    assert audit["by_category"]["worksite-enforcement"] == 3
    assert (audit["requests_without_scr_data"], audit["requests"]) == (49, 50)


def test_one_printing_is_not_supported(told):
    """
    The ledger gives what was printed for every year but the one made wrong on purpose.
    """
    supported = {row["fiscal_year"]: row["supported"] for row in told["rows"]}

    assert [year for year, word in supported.items() if word != "yes"] == [2020]
    assert list(supported) == [2017, 2018, 2019, 2020, 2021, 2022]


def test_it_ends_with_the_scorecard(told):
    """
    Before the audit's corrections and after them; and it says how many requests had
    something to cite, and did not.
    """
    before, after = told["scorecards"]
    rates = [one["rates"] for one in (before, after)]

    assert (before["day"], after["day"]) == ("2023-06-30", "2024-01-15")
    assert [one[0]["percent"] for one in rates] == [24.5, 34.4]
    assert [[one["percent"] for one in each[1:]] for each in rates] == [[0.0, 2.0]] * 2
    assert told["audit"]["requests_with_activity_overlooked"] == 41


def test_the_requests_that_had_something_to_cite_are_listed(told):
    """
    As many as it says, the most active first, by id here and on the page of the
    command; the figure of each is its own, and it cites nothing.
    """
    found = told["overlooked"]
    values = [one["value"] for one in found]
    ids = [one["request"] for one in found]
    page = (ROOT / "docs" / "commands" / "demo.md").read_text(encoding="utf-8")
    lines = (ROOT / "fixtures" / "oig-23-52" / "requests.jsonl").read_text("utf-8")
    asked = {one["request"]: one for one in map(json.loads, lines.splitlines())}

    assert len(set(ids)) == told["audit"]["requests_with_activity_overlooked"]
    assert values == sorted(values, reverse=True)
    assert min(values) > 0
    assert ", ".join(sorted(ids)) in page
    for one in found:
        assert asked[one["request"]]["cites"] == []
        assert asked[one["request"]]["submitted_on"] == one["submitted_on"]


def test_it_says_it_is_synthetic(told, capsys):
    """
    Both forms say that the data is made up.
    """
    assert run(["demo"]) == 0

    assert told["synthetic"] is True
    assert "SYNTHETIC" in capsys.readouterr().out


def test_the_readme_shows_what_it_prints(capsys):
    """
    The screen in the README is today's, but for the line with the root.
    """
    assert run(["demo"]) == 0
    printed = capsys.readouterr().out.splitlines()
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    missing = [
        line for line in printed if line not in readme and not line.startswith("all @")
    ]
    assert missing == []


def test_a_kept_ledger_can_be_asked_further(tmp_path, capsys):
    """
    `--keep` leaves the ledger; `init` never writes over a file, so nor does it.
    """
    path = str(tmp_path / "demo.db")
    assert run(["demo", "--keep", path]) == 0
    capsys.readouterr()

    assert run(["--ledger", path, "count", "dd-all", "--fy", "2020", "-f", "csv"]) == 0
    assert capsys.readouterr().out.startswith("measure,fiscal_year,value,basis\n")
    assert run(["demo", "--keep", path]) == 5


def test_the_readme_shows_a_reconciliation_of_the_kept_ledger(tmp_path, capsys):
    """
    The second screen in the README is today's, and every year comes out itemised.
    """
    path = str(tmp_path / "demo.db")
    assert run(["demo", "--keep", path]) == 0
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    command = "$ scr --ledger demo.db diff dd-all --from 2020-01-15 --fy 2019\n"
    _, _, screen = readme.partition(command)
    capsys.readouterr()

    given = ["--ledger", path, "diff", "dd-all", "--from", "2020-01-15"]
    assert run([*given, "--fy", "2019"]) == 1
    assert screen.partition("```\n")[0] in capsys.readouterr().out

    for more in (["--from", "2020-01-15"], ["dd-tco", "--as-of", "2020-01-15"]):
        asked = ["--ledger", path, "diff", "dd-all", *more, "--json"]
        assert run(asked) == 1
        for row in json.loads(capsys.readouterr().out)["rows"]:
            assert sum(item["effect"] for item in row["items"]) == row["change"]
