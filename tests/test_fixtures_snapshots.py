"""Six yearly extracts of the audit fixture become a ledger that answers as it does."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import chdir
from importlib import util
from pathlib import Path

import pytest

from projections.counts import COLUMNS
from tests import ledgers, oracle
from tests.commandline import scr

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
EVENTS = FIXTURES / "oig-23-52" / "events.jsonl"
PRINTED = FIXTURES / "oig-23-52" / "printed.jsonl"


def yearly():
    """
    Return fixtures/snapshots/yearly.py as a module.
    """
    path = FIXTURES / "snapshots" / "yearly.py"
    spec = util.spec_from_file_location("yearly", path)
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MADE = yearly()


@pytest.fixture(scope="module")
def folder():
    """
    A folder with the extracts; cut.db, into which they are to be loaded, after the
    mergers of organizations; and whole.db with the fixture itself.
    """
    with ledgers.folder() as made, chdir(made):
        MADE.build(made)
        for name, file in {"whole.db": str(EVENTS), "cut.db": MADE.MERGERS}.items():
            scr("--ledger", name, "init")
            assert scr("--ledger", name, "import", file).code == 0
        yield made


@pytest.fixture(scope="module")
def told(folder):
    """
    What each import and each comparison right after it said.
    """
    return [
        (load(folder, extract), compare(folder, extract)) for extract in MADE.EXTRACTS
    ]


def load(folder, extract, *more):
    """
    Load an extract.
    """
    arguments = (*given(folder, extract), *more)
    return scr("--ledger", "cut.db", "import", "--snapshot", *arguments)


def given(folder, extract) -> list[str]:
    """
    Return the arguments that load an extract.
    """
    path = str(folder / extract.file)
    return [path, "--map", str(extract.map), "--known-at", extract.day.isoformat()]


def compare(folder, extract):
    """
    Compare an extract with what the ledger knew on its day.
    """
    path, *options = given(folder, extract)
    options[2] = "--as-of"
    return scr("--ledger", "cut.db", "compare", path, *options, "--json")


def figures(ledger: str, day, *arguments: str) -> list[dict]:
    """
    Return figures as of a day.
    """
    told = scr(
        "--ledger", ledger, "count", *arguments, "--as-of", day.isoformat(), "--json"
    )
    assert told.code == 0, told.err
    return told.json["rows"]


def test_the_extracts_load_and_compare_finds_nothing(told, folder):
    """
    Each right after it is loaded, and again when all are.
    """
    for loaded, compared in told:
        assert loaded.code == 0, loaded.err
        assert (compared.code, compared.json["rows"]) == (0, [])
    for extract in MADE.EXTRACTS:
        assert compare(folder, extract).code == 0


def test_what_was_printed_is_what_the_extracts_give(told):
    """
    The figures of each printing, as known on its day, from the extracts alone.
    """
    del told
    printed = [json.loads(text) for text in PRINTED.read_text().splitlines()]
    assert [held["as_of"] for held in printed] == [
        str(extract.day) for extract in MADE.EXTRACTS
    ]
    for extract, held in zip(MADE.EXTRACTS, printed, strict=True):
        asked = ("dd-all", "entered-all", "--fy", str(held["fiscal_year"]))
        assert figures("cut.db", extract.day, *asked) == figures(
            "whole.db", extract.day, *asked
        )


@pytest.mark.parametrize("by", ["", *COLUMNS])
def test_annual_figures_are_those_of_the_fixture(told, by):
    """
    All eight measures as of each 15 January, all years, whole and by every column.
    """
    del told
    asked = [*oracle.MEASURES, *(["--by", by] if by else [])]
    for extract in MADE.EXTRACTS:
        assert figures("cut.db", extract.day, *asked) == figures(
            "whole.db", extract.day, *asked
        )


def test_answers_are_claimed(told):
    """
    Everything the ledger knows of these years, the extracts say.
    """
    del told
    for extract in MADE.EXTRACTS:
        day = extract.day.isoformat()
        basis = scr("--ledger", "cut.db", "count", "--as-of", day, "--json").json
        assert basis["basis"]["grade"] == "claimed"


def test_the_extracts_again_add_nothing(told, folder):
    """
    Whichever is loaded again, also out of its turn.
    """
    del told
    for extract in MADE.EXTRACTS:
        again = load(folder, extract)
        assert (again.code, "nothing new" in again.out) == (0, True)


DIRT = [
    ("panel", "trim = true"),
    ("panel", 'empty = ["N/A", "-"]'),
    ("panel", 'ignore = ["Chk"]'),
    ("panel", 'encoding = "cp1252"'),
    ("panel", 'delimiter = ";"'),
    ("panel", '"cac" = "crimes-against-children"'),
    ("field", "trim = true"),
    ("field", 'empty = ["N/A"]'),
    ("field", ', "%b %d, %Y"'),
    ("desk", 'empty = ["N/A"]'),
    ("desk", 'filed_on = "excel"'),
]


@pytest.mark.parametrize(("layout", "said"), DIRT)
def test_each_kind_of_dirt_is_there_and_the_map_takes_care_of_it(folder, layout, said):
    """
    A map that does not say so refuses each extract of that layout.
    """
    whole = (FIXTURES / "snapshots" / f"{layout}.toml").read_text("utf-8")
    assert said in whole
    less = folder / "less.toml"
    less.write_text(whole.replace(said, ""), "utf-8")
    for extract in MADE.EXTRACTS:
        if extract.layout == layout:
            again = load(folder, extract, "--map", str(less), "--dry-run")
            assert again.code == 5


def test_rows_that_say_nothing_stand_in_the_middle(folder):
    """
    One without a character, and one of nothing but what stands between cells.
    """
    for extract in MADE.EXTRACTS:
        if extract.file.endswith(".csv"):
            lines = (folder / extract.file).read_bytes().split(b"\r\n")[:-1]

            assert b"" in lines
            assert any(line and not line.strip(b",;") for line in lines)


def test_the_same_bytes_are_written_again(folder, tmp_path):
    """
    By another run of the script: they do not depend on when or where it runs.
    """
    script = str(FIXTURES / "snapshots" / "yearly.py")
    told = subprocess.run(
        [sys.executable, script, str(tmp_path)],
        check=True,
        capture_output=True,
        text=True,
    )

    written = [Path(line) for line in told.stdout.splitlines()]
    assert len(written) == len(MADE.EXTRACTS) + 1
    for path in written:
        assert path.read_bytes() == (folder / path.name).read_bytes()
