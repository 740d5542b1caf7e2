"""The table of a long run: added up, judged, and honest about what was not run."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from tests import soak

SCRIPT = Path(__file__).parent.parent / "docs" / "figures.py"
SPEC = importlib.util.spec_from_file_location("figures", SCRIPT)
figures = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(figures)

PLAN = {"kills": "kills", "power": "power loss"}


def said(name, kind, runs, failures):
    """
    Return a line as a test leaves it.
    """
    named = {"name": name, "kind": kind, "runs": runs, "failures": failures}
    return json.dumps({**named, "what": "facts lost", "seconds": 1.5})


def test_lines_of_one_figure_are_added_up():
    """
    Two runs of the same test are one row.
    """
    lines = [said("kills", "held", 10, 0), said("kills", "held", 5, 1)]
    table = figures.table(figures.read(lines), PLAN)

    assert "| kills | facts lost | 15 | 1 | 3 | BROKEN |" in table


@pytest.mark.parametrize(
    ("kind", "failures", "verdict"),
    [
        ("held", 0, "held"),
        ("held", 1, "BROKEN"),
        ("seeded", 3, "red, as it must be"),
        ("seeded", 0, "NOT RED"),
    ],
)
def test_a_seeded_failure_has_to_fail(kind, failures, verdict):
    """
    And nothing else may.
    """
    (one,) = figures.read([said("power", kind, 9, failures)])

    assert one.verdict == verdict


def test_what_was_not_run_is_said():
    """
    A name of the plan without a line is listed under the table.
    """
    table = figures.table(figures.read([said("kills", "held", 1, 0)]), PLAN)

    assert "- power loss (`power`)" in table.partition("Not run this time")[2]


def test_a_figure_is_written_only_where_it_is_asked_for(tmp_path, monkeypatch):
    """
    Without SCR_SOAK_FIGURES nothing is; with it, a line a call.
    """
    name = next(iter(soak.PLANNED))
    monkeypatch.delenv("SCR_SOAK_FIGURES", raising=False)
    soak.figure(name, "held", 1, 0)
    monkeypatch.setenv("SCR_SOAK_FIGURES", str(tmp_path / "lines"))
    soak.figure(name, "held", 2, 0)

    (line,) = (tmp_path / "lines").read_text().splitlines()
    assert json.loads(line)["runs"] == 2


def test_the_page_leaves_out_nothing_that_is_planned():
    """
    What was planned after the last long run is listed as not run, until it is.
    """
    said = figures.PLACE.search(figures.PAGE.read_text(encoding="utf-8"))[0]
    rows, _, missing = said.partition("### Not run this time")
    silent = [
        name
        for name, says in soak.PLANNED.items()
        if f"| {says} |" not in rows and f"- {says} (`{name}`)" not in missing
    ]

    assert silent == []
