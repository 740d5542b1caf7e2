"""The whole life of a package on the command line."""

from __future__ import annotations

import json
import shutil

import pytest

from cli import correcting
from tests.commandline import prepare, scr
from tests.packages import seals, two_people

FIXTURE = "fixtures/oig-23-52/corrections.csv"
WHY = ("--reason-code", "other", "--reason", "as found")
FORMATS = ("table", "json", "jsonl", "csv", "tsv", "md")


@pytest.fixture
def run(tmp_path, monkeypatch):
    """
    Run commands on a ledger of four SCRs in which two people are asked for.
    """
    two_people(monkeypatch)
    monkeypatch.delenv("SCR_BY", raising=False)
    path = str(prepare(tmp_path))
    return lambda *said: scr("--ledger", path, *said)


def propose(run, *said, by="ann"):
    """
    Propose that SCR-1 is void.
    """
    one = said or ("--scr", "SCR-1", "--event", "voided")
    return run("correct", "propose", *one, *WHY, "--by", by)


def hash_of(run, package="C-1") -> str:
    """
    Return the hash that a preview prints.
    """
    return run("correct", "preview", package, "--json").json["hash"]


def test_nobody_agrees_to_a_package_of_a_stranger(run):
    """
    Who proposed it before there were persons may be the one who agrees; as a person it
    can be proposed again, by one, and agreed to by another.
    """
    propose(run, by="Ann Smith (HQ)")
    for name, role in (
        ("chief", "supervisor"),
        ("ann", "corrector"),
        ("bob", "approver"),
    ):
        assert run("person", "add", name, "--role", role, "--by", "chief").code == 0

    told = run("correct", "approve", "C-1", "--hash", hash_of(run), "--by", "bob")
    assert (told.code, told.out, told.err.count("\n")) == (5, "", 1)
    assert "Ann Smith (HQ), an author of package C-1, is no person of this" in told.err
    propose(run, by="ann")
    digest = hash_of(run, "C-2")
    agreed = run("correct", "approve", "C-2", "--hash", digest, "--by", "bob")
    assert agreed.code == 0
    assert run("verify").code == 0


def test_a_refusal_of_ones_own_names_who_else_may(run):
    """
    The approvers on record, without the package's authors; of rejecting as well.
    """
    for name, *roles in (
        ("chief", "supervisor"),
        ("ann", "corrector", "approver"),
        ("bob", "approver"),
        ("cy", "auditor"),
    ):
        asked = [part for role in roles for part in ("--role", role)]
        assert run("person", "add", name, *asked, "--by", "chief").code == 0
    propose(run)
    own = ("correct", "approve", "C-1", "--hash", hash_of(run), "--by", "ann")
    for told in (
        run(*own),
        run("correct", "reject", "C-1", "--reason", "r", "--by", "ann"),
    ):
        assert (told.code, told.err.count("\n")) == (5, 1)
        assert told.err.endswith("another person with the role approver do it: bob\n")


def test_an_item_has_one_subject(run):
    """
    An SCR or an organization; said in a line that fits.
    """
    both = ("--scr", "SCR-1", "--organization-id", "O", "--event", "voided")
    told = propose(run, *both)
    assert (told.code, told.out, told.err.count("\n")) == (2, "", 1)
    assert "--scr and --organization-id name two subjects" in told.err


def test_who_is_only_asserted_shows_so(run):
    """
    Where no account binds a name, in the list and in the history of a package.
    """
    propose(run)
    assert "ann (asserted)" in run("correct", "list").out
    assert "by ann (asserted)" in run("correct", "show", "C-1").out
    (row,) = run("correct", "list", "--json").json["rows"]
    assert (row["proposed_by"], row["proposed_by_identity"]) == ("ann", "unknown")
    assert row["decided_by_identity"] is None
    shown = run("correct", "show", "C-1", "--json").json
    assert [step["identity"] for step in shown["history"]] == ["unknown"]


def test_a_preview_says_what_was_said_of_a_publication_since(run):
    """
    That it is withdrawn, and by how much it is known to be misstated.
    """
    figure = ("--measure", "dd-all", "--fy", "2019")
    why = ("--reason", "r", "--by", "b")
    said = ("--document", "d", "--claims", "dd-all", "--override", "o", "--by", "b")
    assert run("publish", "APR", *figure, *said).code == 0
    floor = ("--misstated-by-at-least", "2", "--basis-of", "b")
    assert run("publication", "mark", "APR", *figure, *floor, *why).code == 0
    assert run("publication", "withdraw", "APR", *why).code == 0
    propose(run)

    (row,) = run("correct", "preview", "C-1", "--json").json["rows"]
    assert row["since"] == "WITHDRAWN, misstated by at least 2"


def test_the_whole_life_of_a_package(run):
    """
    Proposed, looked at, amended, refused to its authors, agreed to by another.
    """
    told = propose(run)
    assert (told.code, told.err) == (0, "")
    assert told.out.startswith("proposed @20: C-1, 1 item\n")
    old = hash_of(run)
    amended = run(
        "correct", "amend", "C-1", "--scr", "SCR-2", "--event", "voided", *WHY,
        "--by", "cy",
    )  # fmt: skip
    assert amended.out.startswith("amended @21: C-1, 1 item\n")

    approve = ("correct", "approve", "C-1", "--hash")
    for digest, by, words in (
        (old, "bob", "is not what that hash is of"),
        (hash_of(run), "Ann", "nobody agrees to their own"),
        (hash_of(run), "cy", "let another person with the role approver"),
    ):
        told = run(*approve, digest, "--by", by)
        assert (told.code, told.out) == (5, "")
        assert told.err.count("\n") == 1
        assert words in told.err
    digest = hash_of(run)
    rehearsed = run(*approve, digest, "--by", "bob", "--dry-run")
    assert rehearsed.out == "would be agreed to: C-1, 1 facts\n"
    told = run(*approve, digest, "--by", "bob")
    assert told.out == "agreed @22: C-1, its facts at @23\n"
    assert run(*approve, digest, "--by", "bob").code == 5
    assert run("verify").code == 0
    assert run("correct", "preview", "C-1").code == 5


def test_turned_down_and_taken_back(run):
    """
    Each ends the package with a reason that `show` tells.
    """
    propose(run)
    propose(run)
    for verb, package, by in (("reject", "C-1", "bob"), ("withdraw", "C-2", "ann")):
        wrong = "ann" if by == "bob" else "bob"
        said = ("correct", verb, package, "--reason", "they were two", "--by")
        assert run(*said, wrong).code == 5
        assert run(*said, by, "--dry-run").out.startswith("would be ")
        assert run(*said, by).out.split(" @")[0] in ("rejected", "withdrawn")
        shown = run("correct", "show", package, "--json").json
        assert shown["history"][-1]["words"] == "they were two"
    states = [one["state"] for one in run("correct", "list", "--json").json["rows"]]
    assert states == ["rejected", "recalled"]
    assert run("correct", "list", "--open", "--json").json["rows"] == []


@pytest.mark.parametrize("form", FORMATS)
def test_every_answer_in_every_format(run, form):
    """
    Preview, list and show name their basis in each.
    """
    propose(run)
    root = run("correct", "list", "--json").json["basis"]["root"]

    for said in (("preview", "C-1"), ("list",), ("show", "C-1")):
        told = run("correct", *said, "-f", form)
        assert (told.code, told.err) == (0, "")
        if form in ("csv", "tsv") and said[0] == "preview":
            continue  # Nothing is printed yet, so there is no row to carry it.
        assert root in told.out


def test_what_is_shown_is_made_safe(run, tmp_path):
    """
    Direction marks and formulas in a reason are shown, not obeyed.
    """
    file = tmp_path / "items.jsonl"
    said = {"scr": "SCR-1", "event": "voided", "reason": "=1+1\u202e"}
    file.write_text(json.dumps(said))
    propose(run, "--csv", str(file))

    for form in ("table", "csv", "tsv", "md"):
        told = run("correct", "show", "C-1", "-f", form).out
        assert "\u202e" not in told
    assert "'=1+1" in run("correct", "show", "C-1", "-f", "csv").out


NO_HASH = "0" * 64
ERRORS = [
    (2, "give --reason-code", ["propose", "--scr", "SCR-1", "--event", "voided"]),
    (2, "give --scr and --event", ["propose", *WHY]),
    (2, "give --scr and --event", ["propose", *WHY, "--scr", "SCR-1"]),
    (2, "leave the options of one SCR", ["propose", *WHY, "--csv", "x", "--scr", "S"]),
    (2, "because", ["propose", "--reason-code", "because", "--reason", "r"]),
    (2, "filed", ["propose", *WHY, "--scr", "SCR-1", "--event", "filed"]),
    (3, "cannot read x.csv", ["propose", *WHY, "--csv", "x.csv"]),
    (2, "64 hex digits", ["approve", "C-1", "--hash", "abc"]),
    (3, "no package is named C-9", ["approve", "C-9", "--hash", NO_HASH]),
    (3, "no package is named foo", ["approve", "foo", "--hash", NO_HASH]),
    (3, "no package is named", ["approve", "C-1\udcff", "--hash", NO_HASH]),
    (3, "no package is named foo", ["reject", "foo", "--reason", "r"]),
    (3, "no package is named C-9", ["withdraw", "C-9", "--reason", "r"]),
    (
        3,
        "no package is named C-9",
        ["amend", "C-9", *WHY, "--scr", "SCR-1", "--event", "voided"],
    ),
    (2, "--evidence must be text", [*["propose", "--scr", "SCR-1", "--event", "voided"],
                                    *WHY, "--evidence", " "]),
    (2, "--reason", ["reject", "C-1"]),
]  # fmt: skip


@pytest.mark.parametrize(("code", "words", "said"), ERRORS)
def test_errors_are_one_line_with_their_code(run, code, words, said):
    """
    What was wrong is named, and nothing is recorded.
    """
    propose(run)
    told = run("correct", *said, "--by", "bob")

    assert (told.code, told.out) == (code, "")
    assert words in told.err
    assert told.err.count("\n") == 1
    assert len(run("correct", "list", "--json").json["rows"]) == 1


def test_who_does_it_has_to_be_said(run):
    """
    By option or by SCR_BY.
    """
    told = run("correct", "withdraw", "C-1", "--reason", "r")
    assert told.code == 2
    assert "--by" in told.err


def test_the_walk_through_of_the_fixture(tmp_path, monkeypatch):
    """
    The audit's 253 corrections, proposed and agreed to by two people: then every figure
    is that of the demonstration that has them, and what was printed is as it was.
    """
    monkeypatch.chdir(tmp_path)
    shutil.copy(f"{correcting.__file__.rpartition('/cli/')[0]}/{FIXTURE}", "c.csv")
    assert scr("demo", "--keep", "whole.db").code == 0
    assert scr("demo", "--keep", "x.db", "--uncorrected").code == 0
    root = f"{correcting.__file__.rpartition('/cli/')[0]}/fixtures/oig-23-52"
    ours = ("--ledger", "x.db")
    printed = ("publish", "--as-printed", f"{root}/printed.jsonl", "--by", "press")
    assert scr(*ours, *printed).code == 0
    before = seals("x.db")
    assert before
    for person, *roles in (
        ("chief", "supervisor"),
        ("ann", "corrector", "approver"),
        ("bob", "approver", "publisher"),
    ):
        holds = [word for role in roles for word in ("--role", role)]
        added = scr(*ours, "person", "add", person, *holds, "--by", "chief")
        assert added.code == 0

    told = scr(
        *ours, "correct", "propose", "--csv", "c.csv", "--reason-code",
        "audit-finding", "--reason", "OIG-23-52", "--by", "ann",
    )  # fmt: skip
    assert "C-1, 253 items" in told.out
    digest = scr(*ours, "correct", "preview", "C-1", "--json").json["hash"]
    approve = (*ours, "correct", "approve", "C-1", "--hash", digest, "--by")
    assert scr(*approve, "ANN").code == 5
    assert scr(*approve, "bob").code == 0

    def every(ledger: str, *by: str):
        measures = [f"{one}-{what}" for one in _UNITS for what in ("all", "tco")]
        asked = (*measures, "organizations-tco", "entered-all", "--fy", "2010..2026")
        return scr("--ledger", ledger, "count", *asked, *by, "--json").json["rows"]

    assert every("x.db") == every("whole.db")
    for column in ("meets_tco", "category", "office"):
        assert every("x.db", "--by", column) == every("whole.db", "--by", column)
    assert scr(*ours, "verify").code == 0
    assert seals("x.db") == before

    names = [stream.partition("/")[2] for stream in before]
    saying = ("--reason", "OIG-23-52", "--override", "asked for", "--by", "bob")
    for name in names:
        restating = (*ours, "restate", name, "--document", "again", *saying)
        assert scr(*restating).code == 0
        assert scr(*restating, "--measure", "dd-tco").code == 0
        notice = scr(*ours, "publication", "notice", f"{name}-R2").out
        assert "Nature: recast: the definition changed" in notice
    assert scr(*ours, "check").code == 0
    assert scr(*ours, "publication", "verify").code == 0
    assert {name: seals("x.db")[name] for name in before} == before


_UNITS = ("dd", "disruptions", "dismantlements")
