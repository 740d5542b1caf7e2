"""The audit's years restated: as a data correction, and recast to TCO only.

Every number is held to `scr diff`, which takes the same figures apart by itself.
"""

from __future__ import annotations

import shutil
from contextlib import chdir
from pathlib import Path

import pytest

from tests.commandline import scr

FIXTURE = Path(__file__).parents[1] / "fixtures" / "oig-23-52"
NAMES = [f"APR-{year}" for year in range(2017, 2023)]
SAID = ["--document", "Revised", "--reason", "OIG-23-52", "--override", "an audit"]

RESTATED = {2017: 167, 2018: 233, 2019: 261, 2020: 260, 2021: 251, 2022: 298}
RECAST = {2017: 29, 2018: 52, 2019: 45, 2020: 42, 2021: 45, 2022: 58}
OUT = {  # Left out of what dd-all counts now: no TCO, and nobody can tell.
    2017: (20, 118),
    2018: (36, 145),
    2019: (47, 169),
    2020: (46, 172),
    2021: (43, 163),
    2022: (45, 195),
}


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """
    A folder with the fixture's ledger, its taxonomy, and all that was printed.
    """
    folder = tmp_path_factory.mktemp("audit")
    with chdir(folder):
        assert scr("init").code == 0
        assert scr("import", str(FIXTURE / "events.jsonl")).code == 0
        loading = ["taxonomy", "load", str(FIXTURE / "taxonomy.toml"), "--by", "b"]
        assert scr(*loading, "--adopted", "2016-10-01").code == 0
        printings = str(FIXTURE / "printed.jsonl")
        assert scr("publish", "--as-printed", printings, "--by", "b").code == 0
    return folder


@pytest.fixture
def here(printed, tmp_path, monkeypatch):
    """
    A copy of it.
    """
    for path in printed.iterdir():
        shutil.copy(path, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCR_BY", "publisher")


def restated(*options):
    """
    Restate all six; return the first figure of each, with the year's diff.
    """
    found = {}
    for name in NAMES:
        told = scr("restate", name, *SAID, *options, "--json")
        assert told.code == 0, told.err
        (figure, *_) = told.json["publication"]["figures"]
        found[figure["fiscal_year"]] = figure
    return found


def by_cause(year):
    """
    Return what `scr diff` has between a publication and today, by cause.
    """
    asked = ["diff", "dd-all", "--from", f"APR-{year}", "--fy", str(year), "--json"]
    (row,) = scr(*asked).json["rows"]
    effects = {}
    for item in row["items"]:
        effects[item["cause"]] = effects.get(item["cause"], 0) + item["effect"]
    return row, effects


def corner(year):
    """
    Return the four corners of dd-all and dd-tco between a publication and today.
    """
    asked = ["dd-all", "dd-tco", "--from", f"APR-{year}", "--fy", str(year)]
    (row,) = scr("diff", *asked, "--corners", "--json").json["rows"]
    return row


def bytes_of(name):
    """
    Return what is sealed of a publication.
    """
    shown = scr("publication", "show", name, "--json").json
    return {name: shown[name] for name in shown if name not in SINCE}


SINCE = {"superseded_by", "current", "withdrawn", "floors"}


def test_the_years_restated_as_a_data_correction(here):
    """
    The same definition on what is known by now; the parts are those of `scr diff`.
    """
    del here
    before = {name: bytes_of(name) for name in NAMES}
    found = restated()

    assert {year: one["value"] for year, one in found.items()} == RESTATED
    for year, one in found.items():
        row, effects = by_cause(year)
        parts = {part["cause"]: part["effect"] for part in one["changes"]}
        otherwise = parts.pop("printed-otherwise", 0)
        assert otherwise == (9 if year == 2020 else 0)
        assert one["previously"]["value"] + otherwise == row["from"]
        assert parts == effects
        assert one["value"] == row["to"]
        assert one["statuses"] == ["late-data", "error"]
    assert {name: bytes_of(name) for name in NAMES} == before
    assert scr("publication", "verify").out.count("the same ") == 12
    assert scr("check").code == 0
    assert scr("verify").code == 0


def test_the_years_recast_to_tco_only(here):
    """
    Data and definition apart: what is no TCO, and what nobody can tell.
    """
    del here
    found = restated("--measure", "dd-tco")

    assert {year: one["value"] for year, one in found.items()} == RECAST
    for year, one in found.items():
        row = corner(year)
        parts = {one.get("part", one["cause"]): one["effect"] for one in one["changes"]}
        otherwise = parts.pop("printed-otherwise", 0)
        out = (-parts.pop("tco-no"), -parts.pop("tco-unknown"))
        assert out == OUT[year] == (row["removed"]["no"], row["removed"]["unknown"])
        assert (row["removed"]["yes"], sum(row["added"].values())) == (0, 0)
        assert sum(parts.values()) == row["data_effect"]
        assert one["previously"]["value"] + otherwise == row["then_then"]
        assert one["value"] == row["now_now"] == row["now_then"] - sum(out)
        assert one["statuses"] == ["late-data", "error", "definition"]
    assert scr("publication", "verify").out.count("the same ") == 12
    assert scr("verify").code == 0


def test_restated_first_and_recast_then(here):
    """
    The second takes the place of the first: nothing but the definition is left.
    """
    del here
    restated()
    found = restated("--measure", "dd-tco")

    for year, one in found.items():
        assert one["previously"]["value"] == RESTATED[year]
        parts = {part["part"]: part["went"] for part in one["changes"]}
        assert parts == dict(zip(("tco-no", "tco-unknown"), OUT[year], strict=True))
        assert one["statuses"] == ["definition"]
    listed = scr("publication", "list", "--current", "--json").json["rows"]
    assert {row["publication"] for row in listed} == {f"{name}-R2" for name in NAMES}
    assert scr("publication", "verify").out.count("the same ") == 18
