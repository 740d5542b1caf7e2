"""`scr sample propose-corrections`: what becomes a correction, and what does not."""

from __future__ import annotations

import shlex
import sys

import pytest

from ledger import app, fsck
from ledger.reader import open_log
from tests import ledgers
from tests.commandline import filed, life, line, prepare, scr
from tests.packages import publish as print_
from tests.restatements import publish, restate
from tests.test_ledger_fsck import put, rehash, tamper

NAMES = [f"SCR-{n}" for n in range(1, 7)]
NO = ("--association", "no", "--transnational", "unknown")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """
    A ledger of six SCRs counted in FY 2019, SCR-6 without a determination, all drawn;
    and APR, which printed them.
    """
    text = "".join(life(name, tco="yes") for name in NAMES[:5]) + life(NAMES[5])
    prepare(tmp_path, text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCR_BY", "ann")
    monkeypatch.setitem(app.open_ledger.__kwdefaults__, "clock", ledgers.Clock())
    publish("scr.db", "APR", ("dd-all", 2019), ("organizations-tco", 2019))
    assert scr("sample", "frame", "A", "stands").code == 0
    return tmp_path


def draw(*options: str) -> None:
    """
    Draw all of them.
    """
    told = scr("sample", "draw", "A", "--size", "6", "--seed", "s", *options)
    assert told.code == 0, told.err


def record(item: str, *answers: str, review="first", by="ann") -> None:
    """
    Record the answers on one item.
    """
    asked = [part for answer in answers for part in ("--attribute", answer)]
    said = ("--item", item, *asked, "--review", review, "--by", by)
    told = scr("sample", "record", "A", *said, "--note-ref", f"wp {item}")
    assert told.code == 0, told.err


def found(*wrong: str, others: str = "exception=no") -> None:
    """
    Draw, and record which SCRs are wrong.
    """
    draw()
    for name in NAMES:
        record(name, "exception=yes" if name in wrong else others)


def onward(*options: str, by: str = "ann"):
    """
    Propose what was found.
    """
    return scr("sample", "propose-corrections", "A", *options, "--by", by)


def proposed(*options: str) -> dict:
    """
    Propose it, and return what is said.
    """
    told = onward(*options, "--json")
    assert told.code == 0, told.err
    return told.json


def items(package: str = "C-1") -> dict[str, dict]:
    """
    Return the items of a package, by SCR.
    """
    rows = scr("correct", "show", package, "--json").json["rows"]
    return {row["scr"]: row for row in rows}


def left(told: dict) -> dict[str, str]:
    """
    Return why each SCR was left out.
    """
    return {one["scr"]: one["why"] for one in told["left_out"]}


def approve(package: str = "C-1", by: str = "bob"):
    """
    Agree to a package as it stands.
    """
    digest = scr("correct", "preview", package, "--json").json["hash"]
    return scr("correct", "approve", package, "--hash", digest, "--by", by)


def head() -> int:
    """
    Return how far the log goes.
    """
    with open_log("scr.db") as log:
        return log.head


def findings() -> list[tuple[str, int | None]]:
    """
    Return which checks complain, and where.
    """
    checked = fsck.check("scr.db", lambda _: None)
    return [(one.check, one.position) for one in checked.findings]


# --- what a finding becomes -----------------------------------------------------------


def test_a_finding_is_a_determination_with_its_evidence():
    """
    A correction where there is one to correct, with the package's reason; else the
    first, with the reason as its note.
    """
    found("SCR-1", "SCR-6")
    told = proposed(*NO, "--on", "2023-09-12", "--reason", "why", "--evidence", "e")

    at = {
        row["item"]: row["position"]
        for row in scr("log", "--event", "examined", "--json").json["rows"]
    }
    both = {
        "effective_on": "2023-09-12",
        "association": "no",
        "transnational": "unknown",
    }
    made = items()
    for name, event, why in (
        ("SCR-1", "redetermined", "reason"),
        ("SCR-6", "determined", "note"),
    ):
        expected = {**both, "event": event, why: "why"}
        assert {n: made[name][n] for n in expected} == expected
        assert made[name]["evidence"] == f"sample A @{at[name]}, wp {name}"
    assert scr("correct", "show", "C-1", "--json").json["evidence"] == ["e"]
    assert (told["package"], told["findings"], told["items"]) == ("C-1", 2, 2)
    assert approve().code == 0
    assert findings() == []


def test_the_elements_are_the_answers_to_attributes():
    """
    By default those called as the elements; of what is not answered, or cannot be
    determined, the element is unknown.
    """
    draw()
    record("SCR-1", "exception=yes", "association=no", "transnational=yes")
    record("SCR-2", "exception=yes", "transnational=no")
    record("SCR-3", "exception=yes", "association=not-determinable", "alone=no")
    for name in NAMES[3:]:
        record(name, "exception=no")
    told = proposed()

    elements = {
        name: (row["association"], row["transnational"])
        for name, row in items().items()
    }
    assert elements == {"SCR-1": ("no", "yes"), "SCR-2": ("unknown", "no")}
    assert left(told) == {"SCR-3": "no answer says which element fails"}
    again = proposed("--transnational", "attribute:alone")
    assert again["items"] == 1
    assert items("C-2")["SCR-3"]["transnational"] == "no"


def test_findings_that_do_not_say_what_fails_are_none():
    """
    Nobody determines by guessing: it is asked for.
    """
    found("SCR-1")
    at = head()
    told = onward()

    assert (told.code, told.out, head()) == (2, "", at)
    assert "no answer says which element fails for 1 SCR found" in told.err
    for wrong in ("maybe", "tco", ""):
        told = onward("--association", wrong)
        assert (told.code, told.err.count("\n")) == (2, 1)


def test_what_is_left_out_says_why():
    """
    In dispute, not determinable, voided, on record already, and proposed already.
    """
    draw()
    for name in NAMES[:5]:
        record(name, "exception=yes")
    record("SCR-6", "exception=not-determinable")
    record("SCR-1", "exception=no", review="second", by="bo")
    assert scr("void", "SCR-2", "--reason", "r").code == 0
    same = ("--association", "no", "--transnational", "unknown", "--reason", "r")
    assert scr("redetermine", "SCR-3", *same).code == 0
    one = ("--scr", "SCR-4", "--event", "redetermined", "--association", "no")
    by_hand = (*one, "--transnational", "no", "--reason-code", "other", "--reason", "r")
    assert scr("correct", "propose", *by_hand).code == 0
    told = proposed(*NO)

    assert left(told) == {
        "SCR-1": "two reviews disagree, and nobody has settled it",
        "SCR-2": "it is voided",
        "SCR-3": "the record says so already",
        "SCR-4": "proposed already, in C-1",
        "SCR-6": "not determinable",
    }
    assert set(items("C-2")) == {"SCR-5"}
    assert {one["projected"] for one in told["figures"]} == {None}
    assert "nothing is projected" in onward(*NO, "--dry-run").out


def test_a_sample_that_is_not_finished_is_asked_for():
    """
    Without an answer, or the second review that was asked for.
    """
    draw("--reviews", "2")
    for name in NAMES[:5]:
        record(name, "exception=yes")
    record("SCR-1", "exception=yes", review="second", by="bo")
    told = onward(*NO)
    assert told.code == 5
    assert "1 not answered, 4 without a second review" in told.err
    told = proposed(*NO, "--partial")
    assert set(items()) == {"SCR-1"}
    assert left(told) == {
        "SCR-6": "not answered",
        **dict.fromkeys(NAMES[1:5], "without a second review"),
    }


def test_before_there_are_findings():
    """
    No sample, no draw, no such attribute: one line each, nothing recorded.
    """
    at = head()
    for wanted, words in (
        (3, "no frame is sealed for a sample named B"),
        (5, "A is not drawn"),
    ):
        name = "B" if wanted == 3 else "A"
        told = scr("sample", "propose-corrections", name)
        assert (told.code, told.err.count("\n"), head()) == (wanted, 1, at)
        assert words in told.err
    found()
    for given in ("other=yes", "exception=maybe", "exception=not-determinable"):
        told = onward("--attribute", given)
        assert (told.code, told.err.count("\n")) == (2, 1)


def test_the_same_findings_again_add_nothing():
    """
    While the package is open, and once it is agreed to; rejected, they are proposed
    again.
    """
    found("SCR-1")
    proposed(*NO)
    at = head()
    assert proposed(*NO)["status"] == "nothing new"
    assert "left out: 1, proposed already, in C-1: SCR-1" in onward(*NO).out
    assert head() == at
    assert scr("correct", "reject", "C-1", "--reason", "r", "--by", "bob").code == 0
    assert proposed(*NO)["package"] == "C-2"
    assert approve("C-2").code == 0
    assert left(proposed(*NO)) == {"SCR-1": "the record says so already"}
    packages = scr("sample", "show", "A", "--json").json["packages"]
    assert [(one["package"], one["state"]) for one in packages] == [
        ("C-1", "rejected"),
        ("C-2", "agreed"),
    ]
    assert findings() == []


def test_a_log_that_grows_is_read_again(monkeypatch):
    """
    Where another one proposes the same in between, nothing is proposed twice.
    """
    found("SCR-1", "SCR-2")
    really = app.CaseLedger.correct_findings
    calls = []

    def overtaken(ledger, *given, **said):
        calls.append(said["head"])
        if len(calls) == 1:
            monkeypatch.setattr(app.CaseLedger, "correct_findings", really)
            assert onward(*NO, by="other").code == 0
        return really(ledger, *given, **said)

    monkeypatch.setattr(app.CaseLedger, "correct_findings", overtaken)
    told = proposed(*NO)

    assert len(calls) == 1
    assert told["status"] == "nothing new"
    assert len(scr("correct", "list", "--json").json["rows"]) == 1


# --- what a package is held to --------------------------------------------------------


def test_a_finding_in_dispute_is_not_agreed_to():
    """
    The hash is another one, and even the new one is refused until it is settled.
    """
    found("SCR-1")
    proposed(*NO)
    old = scr("correct", "preview", "C-1", "--json").json["hash"]
    record("SCR-1", "exception=no", review="second", by="bo")
    told = scr("correct", "approve", "C-1", "--hash", old, "--by", "bob")
    assert (told.code, "is not what that hash is of" in told.err) == (5, True)
    told = approve()
    assert (told.code, told.err.count("\n")) == (5, 1)
    assert "of SCR-1 no such answer holds" in told.err
    settle = ("--item", "SCR-1", "--attribute", "exception=yes", "--reason", "r")
    assert scr("sample", "settle", "A", *settle, "--by", "cy").code == 0
    assert approve().code == 0
    assert findings() == []


def test_an_amendment_keeps_the_findings():
    """
    It corrects these, and no other SCR.
    """
    found("SCR-1", "SCR-2")
    proposed(*NO)
    why = ("--reason-code", "other", "--reason", "r", "--transnational", "no")
    amend = ("correct", "amend", "C-1", "--event", "redetermined", *why)
    told = scr(*amend, "--scr", "SCR-3", "--association", "no")
    assert (told.code, "of SCR-3 no such answer holds" in told.err) == (5, True)
    assert scr(*amend, "--scr", "SCR-1", "--association", "no").code == 0
    shown = scr("correct", "show", "C-1", "--json").json
    assert shown["findings"]["sample"] == "A"
    assert "From the findings exception=yes of A" in scr("correct", "show", "C-1").out
    assert proposed(*NO)["items"] == 1
    assert findings() == []


FORGED = [
    ('"sample":"A"', '"sample":"Z"'),
    ('"attribute":"exception"', '"attribute":"tco"'),
    ('"answer":"yes"', '"answer":"no"'),
    ('"scr":"SCR-1"', '"scr":"SCR-2"'),
]


@pytest.mark.parametrize(("old", "new"), FORGED)
def test_a_package_that_no_finding_stands_behind_is_found(old, new):
    """
    Whoever owns the file can change what it says it rests on; the sample does not.
    """
    found("SCR-1")
    proposed(*NO)
    at = head()
    assert findings() == []
    tamper("scr.db", put(at, old, new))
    rehash("scr.db")

    assert ("package", at) in findings()


def test_an_amendment_with_other_findings_is_found():
    """
    Or with none: what a package rests on is not taken away from it.
    """
    found("SCR-1")
    proposed(*NO)
    why = ("--reason-code", "other", "--reason", "r", "--association", "no")
    said = ("--scr", "SCR-1", "--event", "redetermined", "--transnational", "no")
    assert scr("correct", "amend", "C-1", *said, *why).code == 0
    assert findings() == []
    gone = ',"findings":{"sample":"A","attribute":"exception","answer":"yes"}'
    tamper("scr.db", put(head(), gone, ""))
    rehash("scr.db")

    assert ("package", head()) in findings()


# --- what was printed -----------------------------------------------------------------


def test_the_command_that_is_printed_marks_the_figure():
    """
    Whatever the reason has in it; then there is nothing more to mark.
    """
    found("SCR-1", "SCR-2")
    reason = """it's "no" TCO; $(x) `y`"""
    (one,) = proposed(*NO, "--reason", reason)["figures"]

    assert (one["publication"], one["measure"]) == ("APR", "dd-all")
    assert (one["found_wrong"], one["at_least"], one["printed"]) == (2, 2, 6)
    assert (one["projected"], one["frame_lower"], one["frame_upper"]) == (2, 2, 2)
    assert scr(*shlex.split(one["command"])[1:]).code == 0
    (row,) = [
        row
        for row in scr("publication", "list", "--json").json["rows"]
        if row["measure"] == "dd-all"
    ]
    assert row["floor"] == 2
    (again,) = proposed(*NO)["figures"]
    assert (again["marked"], again["command"]) == (2, None)
    assert "marked already, by at least 2" in onward(*NO).out


def test_with_mark_all_of_it_is_recorded_or_nothing():
    """
    It takes the roles of both; who may do one of them only is told who may.
    """
    found("SCR-1")
    for person, *roles in (
        ("chief", "supervisor"),
        ("ann", "corrector"),
        ("aud", "auditor"),
        ("both", "corrector", "auditor"),
    ):
        asked = [part for role in roles for part in ("--role", role)]
        assert scr("person", "add", person, *asked, "--by", "chief").code == 0
    at = head()
    for by, holders in (("ann", "chief, aud, both"), ("aud", "ann, both")):
        told = onward(*NO, "--mark", by=by)
        assert (told.code, told.err.count("\n"), head()) == (5, 1, at)
        assert holders in told.err
    assert onward(*NO, "--mark", "--dry-run", by="both").code == 0
    assert head() == at
    told = onward(*NO, "--mark", "--json", by="both").json
    assert (told["position"], told["figures"][0]["position"]) == (at + 1, at + 2)
    assert onward(*NO, "--mark", by="both").code == 0
    assert head() == at + 2
    assert findings() == []


def test_who_may_only_mark_marks_once_it_is_proposed():
    """
    Nothing is proposed then, so it takes no corrector.
    """
    found("SCR-1")
    for person, role in (
        ("chief", "supervisor"),
        ("ann", "corrector"),
        ("aud", "auditor"),
    ):
        assert scr("person", "add", person, "--role", role, "--by", "chief").code == 0
    assert onward(*NO).code == 0
    told = onward(*NO, "--mark", "--json", by="aud").json
    assert (told["package"], told["figures"][0]["position"]) == (None, head())


def test_a_figure_is_misstated_by_no_more_than_it_is():
    """
    Where a document printed fewer than the ledger gave, those that it left out may be
    the wrong ones: of six that were counted two are found wrong, and it printed five,
    or one.
    """
    print_("scr.db", "FIVE", ("dd-all", 2019, 5))
    print_("scr.db", "ONE", ("dd-all", 2019, 1))
    print_("scr.db", "MORE", ("dd-all", 2019, 9))
    found("SCR-1", "SCR-2")
    words = onward(*NO, "--dry-run").out
    told = {one["publication"]: one for one in proposed(*NO, "--mark")["figures"]}

    assert {one["found_wrong"] for one in told.values()} == {2}
    floors = {name: one["at_least"] for name, one in told.items()}
    assert floors == {"APR": 2, "FIVE": 1, "ONE": 0, "MORE": 2}
    assert (told["ONE"]["command"], told["ONE"]["position"]) == (None, None)
    assert "no floor: 2 that were counted are found wrong" in words


def test_what_was_determined_after_the_finding_stands():
    """
    Whoever did so may know more than the auditors did: the finding is left out, and no
    floor counts it; a later determination that agrees takes nothing off the floor.
    """
    found("SCR-1", "SCR-2", "SCR-3")
    yes = ("--association", "yes", "--transnational", "yes", "--reason", "an appeal")
    no = ("--association", "no", "--transnational", "no", "--reason", "looked again")
    assert scr("redetermine", "SCR-1", *yes).code == 0
    at = head()
    assert scr("redetermine", "SCR-2", *no).code == 0
    told = proposed(*NO)

    assert set(items()) == {"SCR-3"}
    assert left(told)["SCR-1"].startswith(f"determined anew @{at}, after the finding")
    assert left(told)["SCR-2"].startswith(f"determined anew @{at + 1}")
    assert [one["at_least"] for one in told["figures"]] == [2]


def test_a_package_that_says_the_opposite_is_not_the_same_proposal():
    """
    Nobody is told that a correction is proposed where an open package affirms the TCO.
    """
    found("SCR-1")
    yes = ("--association", "yes", "--transnational", "yes")
    why = ("--reason-code", "other", "--reason", "r", "--by", "bob")
    event = ("--scr", "SCR-1", "--event", "redetermined")
    assert scr("correct", "propose", *event, *yes, *why).code == 0
    words = left(proposed(*NO))["SCR-1"]
    assert words == "C-1, which nobody has decided, determines it otherwise"


@pytest.mark.parametrize("text", ["", "x" * 201])
def test_a_reference_that_is_none_is_named(text):
    """
    By the option that takes it.
    """
    found("SCR-1")
    told = onward(*NO, "--evidence", text)
    assert (told.code, told.err.count("\n")) == (2, 1)
    assert told.err.startswith("scr: --evidence must be text")


def test_a_floor_is_never_lowered():
    """
    What somebody knows of more is not taken back by a sample that found less.
    """
    why = ("--basis-of", "b", "--reason", "r", "--misstated-by-at-least", "5")
    mark = ("publication", "mark", "APR", "--fy", "2019", "--measure", "dd-all")
    assert scr(*mark, *why).code == 0
    found("SCR-1")
    (one,) = proposed(*NO, "--mark")["figures"]
    assert (one["at_least"], one["marked"], one["position"]) == (1, 5, None)


def test_a_floor_of_findings_that_hold_no_more_is_told():
    """
    With the command that lowers it, which is not carried out; then nothing is left.
    """
    found("SCR-1", "SCR-2")
    assert onward(*NO, "--mark").code == 0
    for name in ("SCR-1", "SCR-2"):
        record(name, "exception=no", review="second", by="bo")
        item = ("--item", name, "--attribute", "exception=no", "--reason", "r")
        assert scr("sample", "settle", "A", *item, "--by", "cy").code == 0
        (one,) = proposed(*NO, "--mark")["figures"]
        assert (one["overtaken"], one["marked"], one["position"]) == (True, 2, None)
    assert one["at_least"] == 0
    assert "marked by 2 of these findings; fewer hold now" in onward(*NO).out
    assert scr(*shlex.split(one["command"])[1:]).code == 0
    assert proposed(*NO)["figures"] == []


def test_only_what_is_current_is_marked():
    """
    Not what is superseded or withdrawn; a restatement that still counts them is.
    """
    found("SCR-1")
    restate("scr.db", "APR")
    assert [one["publication"] for one in proposed(*NO)["figures"]] == ["APR-R1"]
    assert scr("publication", "withdraw", "APR-R1", "--reason", "r").code == 0
    told = onward(*NO)
    assert "No current publication counted an SCR that is found wrong" in told.out


def test_no_scipy_is_needed(monkeypatch):
    """
    Floors are counts, and limits of counts are exact without it.
    """
    found("SCR-1")
    monkeypatch.setitem(sys.modules, "scipy", None)
    monkeypatch.setitem(sys.modules, "scipy.stats", None)
    (one,) = proposed(*NO)["figures"]
    assert one["method"] == "exact, equal tails: hypergeometric in the frame"
    assert scr("sample", "evaluate", "A", "--attribute", "exception=yes").code == 2


def test_of_strata_the_projection_is_their_estimate(here):
    """
    As an evaluation gives it.
    """
    more = "".join(filed(f"X-{n}", "2017-10-01") for n in range(4)) + line(
        "X-0", "approved", "2018-10-04"
    )
    ledgers.load("scr.db", more)
    assert scr("sample", "frame", "B", "stands").code == 0
    rows = "old,filed:2018,2\nnew,filed:2019,5\n"
    (here / "strata.csv").write_text(f"stratum,query,size\n{rows}")
    draw = ("sample", "draw", "B", "--strata", "strata.csv", "--seed", "s", "--json")
    drawn = scr(*draw).json["strata"]
    for name in (name for stratum in drawn for name in stratum["items"]):
        answer = "yes" if name in ("SCR-1", "SCR-2") else "no"
        asked = ("--item", name, "--attribute", f"exception={answer}")
        assert scr("sample", "record", "B", *asked).code == 0
    (one,) = scr("sample", "propose-corrections", "B", *NO, "--json").json["figures"]
    asked = ("--attribute", "exception=yes", "--then", "publication:APR:dd-all")
    rows = scr("sample", "evaluate", "B", *asked, "--json").json["rows"]
    of_all = [row for row in rows if row["stratum"] == "all strata"][-1]
    for name in ("projected", "frame", "method"):
        assert one[name] == of_all[name]
    assert round(one["frame_upper"], 6) == of_all["frame_upper"]


def test_only_figures_of_scrs_and_outcomes_have_a_floor():
    """
    An outcome is its SCR's; an organization is none, even one of the same name.
    """
    yes = ("--association", "yes", "--transnational", "yes")
    named = ("--organization", "SCR-1")
    assert scr("determine", "SCR-1", *yes, *named).code == 0
    publish("scr.db", "ORG", ("organizations-tco", 2019), ("disruptions-all", 2019))
    found("SCR-1")
    told = proposed(*NO)["figures"]

    assert [(one["publication"], one["measure"]) for one in told] == [
        ("APR", "dd-all"),
        ("ORG", "disruptions-all"),
    ]
