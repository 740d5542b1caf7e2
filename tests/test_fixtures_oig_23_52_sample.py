"""The audit's sample: framed, drawn, recorded and evaluated (docs/sampling.md)."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from contextlib import chdir
from pathlib import Path

import pytest

from ledger.reader import open_log
from projections import basis as bases
from projections.samples import named, needing_correction
from tests.commandline import scr
from tests.test_docs import refresh

ROOT = Path(__file__).resolve().parent.parent
FIXTURE = ROOT / "fixtures" / "oig-23-52"
LINES = (FIXTURE / "sample.jsonl").read_text(encoding="utf-8").splitlines()
HEADER, *ITEMS = map(json.loads, LINES)
SEED = ["--seed", HEADER["seed"]]
QUERY = "filed:2017..2022 and approved and stands"


@pytest.fixture(scope="module")
def audited(tmp_path_factory):
    """
    A folder with the fixture in `scr.db`, printed, sampled and examined.
    """
    folder = tmp_path_factory.mktemp("audited")
    (folder / "findings.csv").write_text(refresh().findings(), encoding="utf-8")
    with chdir(folder):
        for command in (
            ["demo", "--keep", "scr.db"],
            ["publish", "--as-printed", str(FIXTURE / "printed.jsonl"), "--by", "a"],
            ["sample", "frame", "OIG", QUERY, "--as-of", "2023-02-28", "--by", "a"],
            ["sample", "draw", "OIG", "--size", "422", "--by", "a", *SEED],
            ["sample", "record", "OIG", "--csv", "findings.csv", "--by", "a"],
        ):
            told = scr(*command)
            assert told.code == 0, told.err
    return folder


@pytest.fixture
def shown(audited):
    """
    What `scr sample show` says of it, as text.
    """
    with chdir(audited):
        return scr("sample", "show", "OIG", "--json").out


def test_the_422_are_drawn_again(shown):
    """
    The sealed frame is the fixture's, by its hash, and the items are its, in order.
    """
    told = json.loads(shown)

    assert told["frame_sha256"] == HEADER["frame_sha256"]
    assert told["frame"] == HEADER["frame_size"]
    assert [row["item"] for row in told["rows"]] == [one["scr"] for one in ITEMS]


def rows_of(audited) -> list[dict]:
    """
    Return the evaluation, with its parts.
    """
    narrowed = ["--then", "publication:*", "--then", "publication:*:dd-all"]
    with chdir(audited):
        told = scr(
            *["sample", "evaluate", "OIG", "--attribute", "exception=yes", *narrowed],
            *["--by-category", "--json"],
        )
    assert told.code == 0, told.err
    return told.json["rows"]


def test_what_the_audit_found(audited):
    """
    253 of 422 are 59.95 %, exactly 55.10 % to 64.66 %; 171 of these were in the
    measure, 123 of those with outcomes.
    """
    rows = [row for row in rows_of(audited) if row["category"] is None]

    assert [(row["x"], row["n"], row["lower"], row["upper"]) for row in rows] == [
        (253, 422, 0.551027, 0.646619),
        (171, 253, 0.614427, 0.733172),
        (171, 422, 0.357998, 0.453768),
        (123, 171, 0.645603, 0.78522),
        (123, 422, 0.248521, 0.33737),
    ]
    assert rows[0]["rate"] == 0.599526
    assert (rows[0]["frame_lower"], rows[0]["frame_upper"]) == (1136, 1310)


def test_by_category(audited):
    """
    Of the 171, 107 are crimes against children and 3 worksite enforcement.
    """
    found = {
        row["category"]: row["x"]
        for row in rows_of(audited)
        if row["what"] == row["of"] == "publication:*"
    }

    assert found["crimes-against-children"] == 107
    assert found["worksite-enforcement"] == 3
    assert sum(found.values()) == 171


def test_what_needs_a_correction(audited):
    """
    The 253, in the order drawn, with who found it and the working paper of each.
    """
    with chdir(audited), open_log("scr.db") as log:
        one = named(log, bases.of_now(log), "OIG")
        found = needing_correction(one, "exception", "yes")

    expected = [item for item in ITEMS if item["finding"] == "not a TCO"]
    assert [need.scr for need in found] == [item["scr"] for item in expected]
    assert [need.note_ref for need in found] == [item["note"] for item in expected]
    assert {need.by for need in found} == {"a"}


def program() -> str:
    """
    Return the re-check of docs/sampling.md.
    """
    text = (ROOT / "docs" / "sampling.md").read_text(encoding="utf-8")
    return re.search(r"```python\n(.*?)```", text, re.DOTALL)[1]


def rechecked(shown: str) -> subprocess.CompletedProcess[str]:
    """
    Run the re-check alone, with the standard library.
    """
    return subprocess.run(
        [sys.executable, "-I", "-c", program()],
        input=shown,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_program_of_the_documentation_draws_it_again(shown):
    """
    It says that they are the same, and of another item or frame that they are not.
    """
    assert rechecked(shown).stdout == "the same 422 of 2042\n"
    told = json.loads(shown)
    told["rows"][0]["item"], told["rows"][1]["item"] = (
        told["rows"][1]["item"],
        told["rows"][0]["item"],
    )
    assert "another sample" in rechecked(json.dumps(told)).stderr
    told["frame_items"].pop()
    assert "another frame" in rechecked(json.dumps(told)).stderr


def test_it_is_a_dozen_lines():
    """
    Of the standard library alone.
    """
    lines = [line for line in program().splitlines() if line]

    assert len(lines) <= 12
    imports = [line for line in lines if line.startswith(("import", "from"))]
    assert imports == ["import hashlib", "import json", "import sys"]


def test_the_strata_of_the_documentation(audited):
    """
    The table on the page divides the same frame, and is drawn; the log gives the seed.
    """
    text = refresh().block("sampling.md", "csv")
    (audited / "strata.csv").write_text(text, encoding="utf-8")
    with chdir(audited):
        framing = ["sample", "frame", "S", QUERY, "--as-of", "2023-02-28", "--by", "a"]
        assert scr(*framing).code == 0
        # Any fact after it gives the seed; here another frame.
        assert scr("sample", "frame", "T", "stands", "--by", "a").code == 0
        draw = ["sample", "draw", "S", "--strata", "strata.csv", "--seed-from-log"]
        told = scr(*draw, "--by", "a", "--json").json

    sizes = [(len(one["items"]), len(one["spares"])) for one in told["strata"]]
    assert sizes == [(200, 10), (222, 10)]
    assert sum(one["population"] for one in told["strata"]) == HEADER["frame_size"]
