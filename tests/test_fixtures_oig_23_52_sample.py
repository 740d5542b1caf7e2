"""The audit's sample: framed, drawn, recorded and evaluated (docs/sampling.md)."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
import sys
from collections import defaultdict
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
            ["demo", "--keep", "scr.db", "--uncorrected"],
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
    drawn = dict.fromkeys(row["item"] for row in told["rows"])
    assert list(drawn) == [one["scr"] for one in ITEMS]


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
    told["rows"].reverse()
    assert "another sample" in rechecked(json.dumps(told)).stderr
    told["frame_items"].pop()
    assert "another frame" in rechecked(json.dumps(told)).stderr


def test_the_findings_are_made_as_the_documentation_says(tmp_path):
    """
    Its second program, run beside the fixture, writes the table that is recorded.
    """
    (tmp_path / "fixtures").symlink_to(FIXTURE.parent)
    text = (ROOT / "docs" / "sampling.md").read_text(encoding="utf-8")
    making = re.findall(r"```python\n(.*?)```", text, re.DOTALL)[1]
    command = [sys.executable, "-c", making]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=60)
    made = (tmp_path / "findings.csv").read_text(encoding="utf-8")

    assert made == refresh().findings()


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


@pytest.fixture(scope="module")
def corrected(audited, tmp_path_factory):
    """
    A copy of it in which the findings are proposed and marked by one, and agreed to by
    another; with what was said.
    """
    folder = tmp_path_factory.mktemp("corrected")
    shutil.copy(audited / "scr.db", folder)
    with chdir(folder):
        for person, *roles in (
            ("chief", "supervisor"),
            ("ann", "corrector", "auditor"),
            ("bob", "approver"),
        ):
            asked = [part for role in roles for part in ("--role", role)]
            assert scr("person", "add", person, *asked, "--by", "chief").code == 0
        told = scr(*ONWARD, "--mark", "--on", "2023-09-12", "--by", "ann")
        assert told.code == 0, told.err
        digest = scr("correct", "preview", "C-1", "--json").json["hash"]
        own = scr("correct", "approve", "C-1", "--hash", digest, "--by", "ann")
        assert own.code == 5
        agreed = scr("correct", "approve", "C-1", "--hash", digest, "--by", "bob")
        assert agreed.code == 0, agreed.err
    return folder, told.json


ONWARD = ["sample", "propose-corrections", "OIG", "--json"]


def test_the_corrections_are_the_audits_own(corrected):
    """
    The 253 determinations of the fixture, each once, with position and working paper.
    """
    folder, told = corrected
    with (FIXTURE / "corrections.csv").open(encoding="utf-8", newline="") as table:
        own = {row["scr"]: row for row in csv.DictReader(table)}
    with chdir(folder):
        rows = scr("correct", "show", "C-1", "--json").json["rows"]

    same = ("scr", "event", "association", "transnational")
    assert told["items"] == len(rows) == 253
    assert [tuple(row[name] for name in same) for row in rows] == [
        tuple(own[row["scr"]][name] for name in same) for row in rows
    ]
    notes = {item["scr"]: item["note"] for item in ITEMS}
    assert all(row["evidence"].endswith(f", {notes[row['scr']]}") for row in rows)
    assert {row["scr"] for row in rows} == set(own)


def test_the_ledger_counts_as_the_audits_own_corrections_do(corrected, tmp_path):
    """
    The figures of the fixture's whole history, every year.
    """
    with chdir(tmp_path):
        assert scr("init").code == 0
        assert scr("import", str(FIXTURE / "events.jsonl")).code == 0
        own = scr("count", "dd-all", "dd-tco", "--json").json
    with chdir(corrected[0]):
        ours = scr("count", "dd-all", "dd-tco", "--json").json

    assert ours["rows"] == own["rows"]


def test_the_publications_are_marked(corrected):
    """
    Each figure by how many of the SCRs it counted are found wrong, as a slow count of
    the SCRs behind it says; 171 in all, 123 with outcomes. FY 2020 was printed 9 too
    low, so up to 9 of the 34 found wrong may not be among what was printed.
    """
    folder, told = corrected
    wrong = {item["scr"] for item in ITEMS if item["finding"] == "not a TCO"}
    hit = defaultdict(set)
    with chdir(folder):
        for name in {one["publication"] for one in told["figures"]}:
            rows = scr("publication", "cases", name, "--json").json["rows"]
            for row in rows:
                if row["scr"] in wrong:
                    hit[name, row["measure"], row["fiscal_year"]].add(row["scr"])
        listed = scr("publication", "list", "--json").json["rows"]
        assert scr("verify").code == 0

    key = ("publication", "measure", "fiscal_year")
    floors = {tuple(row[name] for name in key): row["floor"] for row in listed}
    low = ("APR-2020", "dd-all", 2020)
    assert (floors.pop(low), len(hit[low])) == (34 - 9, 34)
    assert floors == {place: len(scrs) for place, scrs in hit.items() if place != low}
    assert len(set.union(*hit.values())) == 171
    dd = [scrs for (_, measure, _), scrs in hit.items() if measure == "dd-all"]
    assert len(set.union(*dd)) == 123


def test_beside_each_floor_stands_the_projection_of_the_evaluation(corrected):
    """
    The same number and the same limits as `scr sample evaluate` gives.
    """
    folder, told = corrected
    with chdir(folder):
        for one in told["figures"][:2]:
            query = f"publication:{one['publication']}:{one['measure']}"
            asked = ["--attribute", "exception=yes", "--then", query]
            rows = scr("sample", "evaluate", "OIG", *asked, "--json").json["rows"]
            names = ("frame", "projected", "frame_lower", "frame_upper")
            assert [one[name] for name in names] == [rows[-1][name] for name in names]


def test_sample_and_package_name_each_other(corrected):
    """
    The sample its package as it stands, before and after it is agreed to; the package
    the sample; and what is agreed to is not proposed again.
    """
    folder, told = corrected
    with chdir(folder):
        shown = scr("correct", "show", "C-1", "--json").json
        (now,) = scr("sample", "show", "OIG", "--json").json["packages"]
        before = scr("sample", "show", "OIG", "--as-of", f"@{told['position']}")
        report = scr("sample", "report", "OIG", "--attribute", "exception=yes").out
        again = scr(*ONWARD, "--by", "ann").json

    assert shown["findings"] == {
        "sample": "OIG",
        "attribute": "exception",
        "answer": "yes",
    }
    assert (now["package"], now["state"], now["items"]) == ("C-1", "agreed", 253)
    assert "C-1  proposed @" in before.out
    assert "| C-1 | agreed | exception=yes | 253 |" in report
    assert (again["status"], again["items"]) == ("nothing new", 0)
    assert {one["why"] for one in again["left_out"]} == {"the record says so already"}
    assert {one["command"] for one in again["figures"]} == {None}
