"""`scr assert` and `scr check`, as typed."""

# ruff: noqa: RUF001 - a figure that falls has a minus sign, not a hyphen.

from __future__ import annotations

import subprocess
import sys

import pytest

from cli import recording
from ledger import app
from ledger.reader import open_log
from tests import ledgers
from tests.commandline import DOCUMENTED, life, line, prepare, scr
from tests.definitions import LONG_AGO, Put, body, put
from tests.test_ledger_fsck import put as replace
from tests.test_ledger_fsck import rehash, tamper

THREE = "dd-all FY2019 = 3"
THEN = f"{THREE} as of 2020-01-15"
HASH = "342ae20fa440f698bf68b0bbaf2bfcd4a7b75686f89ed0cdf5cf96ffaed2fe07"
REVERSE = ("reverse", "SCR-2", "--outcome", "D1", "--reason", "r")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """
    A folder with a ledger of 19 facts; three SCRs count in FY 2019; somebody acts.
    """
    prepare(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCR_BY", "records office")
    return tmp_path


def head() -> int:
    """
    Return how far the log goes.
    """
    with open_log("scr.db") as log:
        return log.head


def root(position: int) -> str:
    """
    Return the root of the log up to a position.
    """
    with open_log("scr.db") as log:
        return log.root(position).hex()


# --- claims -------------------------------------------------------------------------


def test_a_claim_is_recorded():
    """
    One line says what and where, one what it was proved at.
    """
    told = scr("assert", THEN, "--note", "page 7")

    assert (told.code, told.err) == (0, "")
    assert told.out == (
        "asserted @20: dd-all FY 2019 = 3, known before 2020-01-16T05:00:00Z\n"
        f"proved at before 2020-01-16T05:00:00Z @19 {root(19)}\n"
    )
    (row,) = scr("log", "--from", "@20", "--json").json["rows"]
    assert (row["by"], row["note"]) == ("records office", "page 7")


def test_a_claim_is_told_as_json():
    """
    With the basis it was proved at, and how it is named.
    """
    told = scr("assert", "dd-all@1 fy2019=3 AS OF @19", "--json").json
    basis = told.pop("basis")

    assert told == {
        "schema": "scr-asserted/1",
        "status": "recorded",
        "position": 20,
        "event": "asserted",
        "measure": "dd-all",
        "version": 1,
        "fiscal_year": 2019,
        "value": 3,
        "as_of": {"bound": "all", "instant": None, "position": 19},
        "hash": HASH,
    }
    assert (basis["position"], basis["root"]) == (19, root(19))
    assert (basis["grade"], basis["visible"]) == ("claimed", 17)


def test_a_claim_needs_no_quotes():
    """
    Its words may be arguments of their own.
    """
    told = scr("assert", "dd-all", "FY2019", "=", "3", "as", "of", "2020-01-15")

    assert told.out.startswith("asserted @20: dd-all FY 2019 = 3, known before")


def test_the_same_claim_again_adds_nothing():
    """
    It says so, and where it is; by another it is another.
    """
    scr("assert", THEN)
    again = scr("assert", THEN)

    assert again.code == 0
    assert again.out.startswith("already asserted @20: dd-all FY 2019 = 3, known")
    status = scr("assert", THEN, "--json").json
    assert (status["status"], status["position"]) == ("already recorded", 20)
    assert head() == 20
    assert scr("assert", THEN, "--by", "auditor").out.startswith("asserted @21: ")


def test_what_is_not_true_is_refused_with_what_is():
    """
    One line with the figure and the commands that show why; nothing is recorded.
    """
    told = scr("assert", "dd-all FY2019 = 214 as of 2020-01-15")

    assert (told.code, told.out) == (1, "")
    assert told.err == (
        "scr: dd-all FY 2019 as of 2020-01-15 is 3, not 214; nothing was recorded; see"
        " `scr cases dd-all --fy 2019 --as-of 2020-01-15`, and"
        " `scr diff dd-all --fy 2019 --from 2020-01-15` for what changed since\n"
    )
    assert head() == 19
    assert scr("cases", "dd-all", "--fy", "2019", "--as-of", "2020-01-15").code == 0
    assert scr("diff", "dd-all", "--fy", "2019", "--from", "2020-01-15").code == 0


def test_a_rehearsal_records_nothing():
    """
    It says what would be; what is not true is refused all the same.
    """
    told = scr("assert", THREE, "--dry-run")

    assert told.out.startswith("would be asserted: dd-all FY 2019 = 3\nproved at all")
    assert scr("assert", THREE, "--dry-run", "--json").json["position"] is None
    assert scr("assert", "dd-all FY2019 = 4", "--dry-run").code == 1
    assert head() == 19


def test_a_cut_off_to_come_is_accepted_with_a_warning():
    """
    What becomes known until then will count.
    """
    told = scr("assert", f"{THREE} as of 2998-01-01")

    assert told.code == 0
    assert told.err.startswith("scr: warning: 2998-01-01 is not over yet")
    last = scr("assert", f"{THREE} as of 2999-12-31")
    assert (last.code, head()) == (2, 20)
    assert "\nscr: the cut-off must be a date-time" in last.err


def test_of_a_rate_the_value_is_claimed():
    """
    Also where its denominator is gone.
    """
    clock = ledgers.Clock(ledgers.datetime(2024, 7, 1, tzinfo=ledgers.UTC))
    rate = body("rate", population={"tco": ["yes"]}, denominator="m")
    put("scr.db", Put(body("m"), LONG_AGO), Put(rate, LONG_AGO), clock=clock)
    assert scr("assert", "rate FY2019 = 1").code == 0
    put("scr.db", Put("m", LONG_AGO), clock=clock)

    assert scr("check").code == 0


@pytest.fixture
def growing(monkeypatch):
    """
    Let another SCR be loaded right after a claim is proved, as often as is told.
    """
    left = [0]
    opened = app.open_ledger

    def open_ledger(path, **how):
        if left[0] and "clock" not in how:  # The loading itself hands in a clock.
            left[0] -= 1
            ledgers.load(path, life(f"SCR-{90 + left[0]}", outcome="2022-03-04"))
        return opened(path, **how)

    monkeypatch.setattr(app, "open_ledger", open_ledger)
    return left


def test_a_claim_the_log_outran_is_proved_again(growing):
    """
    It is recorded right after what proved it in the end.
    """
    growing[0] = 2
    told = scr("assert", THREE)

    assert (told.code, told.err) == (0, "")
    at = head()
    assert told.out.startswith(f"asserted @{at}: dd-all FY 2019 = 3\n")
    assert f"proved at all @{at - 1} {root(at - 1)}\n" in told.out
    assert at == 19 + 2 * 4 + 1
    assert scr("verify").code == 0


def test_a_log_that_never_rests_is_not_waited_for(growing):
    """
    After some attempts it is refused, with what to do.
    """
    growing[0] = recording.ATTEMPTS
    told = scr("assert", THREE)

    assert (told.code, told.out) == (5, "")
    assert "the claim was proved at @" in told.err
    assert told.err.endswith("nothing was recorded, assert it again\n")
    assert scr("log", "--event", "asserted", "--json").json["rows"] == []


def test_two_who_claim_at_once_both_succeed(here):
    """
    In two processes, as often as they like: every claim is there, and verifies.
    """
    code = "from cli.entry import main; main()"
    both = [
        subprocess.Popen(
            [sys.executable, "-c", code, "assert", THREE, "--by", f"author {n}"],
            cwd=here,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for n in (1, 2)
    ]
    told = [one.communicate() for one in both]

    assert [one.returncode for one in both] == [0, 0], told
    assert head() == 21
    assert scr("check").code == 0
    assert scr("verify").code == 0


# --- withdrawals --------------------------------------------------------------------


def test_an_assertion_is_withdrawn():
    """
    One line says which, and where that is recorded.
    """
    scr("assert", THREE)
    told = scr("assert", "--withdraw", "@20", "--reason", "as found")

    assert told.out == "withdrawn: the assertion @20, at @21\n"
    again = scr("assert", "--withdraw", "@20", "--reason", "as found")
    assert (again.code, head()) == (5, 21)
    assert again.err.startswith("scr: the assertion at @20 is withdrawn already; see")


def test_a_withdrawal_is_told_as_json_or_rehearsed():
    """
    What it is about is named by its position.
    """
    scr("assert", THREE)
    withdraw = ["assert", "--withdraw", "@20", "--reason", "r"]

    rehearsed = scr(*withdraw, "--dry-run")
    assert rehearsed.out == "would be withdrawn: the assertion @20\n"
    assert head() == 20
    assert scr(*withdraw, "--json").json == {
        "schema": "scr-asserted/1",
        "status": "recorded",
        "position": 21,
        "event": "withdrawn",
        "assertion": 20,
    }


# --- what is wrong ------------------------------------------------------------------

WRONG = [
    (["assert"], 2, "give a claim, such as 'dd-all FY2019 = 214', or --withdraw"),
    (["assert", ""], 2, "give a claim"),
    (["assert", "dd-all"], 2, "dd-all is no claim; write MEASURE FYYEAR = VALUE"),
    (["assert", "dd-all FY2019 = x\x1b[31m"], 2, r"x\x1b[31m is no claim"),
    (["assert", "\u202e"], 2, r"\u202e is no claim"),
    (["assert", "\udc80 FY2019 = 3"], 2, "no measure is named"),
    (["assert", "none FY2019 = 3"], 2, "no measure is named none; there are dd-all"),
    (["assert", "dd-all@2 FY2019 = 3"], 2, "measure dd-all has no version 2"),
    (["assert", "dd-all@ FY2019 = 3"], 2, "measure dd-all has no version ''"),
    (["assert", "dd-all FY19 = 3"], 2, "is not a fiscal year"),
    (["assert", f"{THREE} as of 2020-02-30"], 2, "is not a day of the calendar"),
    (["assert", f"{THREE} as of 2020-01-15T09:00:00"], 2, "the offset is missing"),
    (["assert", f"{THREE} as of @20"], 2, "position @20 is beyond the head"),
    (["assert", f"{THREE} as of printed"], 3, "no publication is named printed"),
    (["assert", THREE, "--by", " "], 2, "--by takes 1 to 200"),
    (["assert", THREE, "--note", ""], 2, "--note must be text of 1 to"),
    (["assert", THREE, "--reason", "r"], 2, "a claim takes --note"),
    (["assert", THREE, "--withdraw", "@3"], 2, "--withdraw and a claim contradict"),
    (["assert", "--withdraw", "@3"], 2, "--withdraw takes --reason"),
    (["assert", "--withdraw", "@3", "--reason", "r", "--note", "n"], 2, "contradict"),
    (["assert", "--withdraw", "3", "--reason", "r"], 2, "3 names no assertion; give"),
    (["assert", "--withdraw", "@3", "--reason", " "], 2, "--reason must be text"),
    (["assert", "--withdraw", "@3", "--reason", "r"], 3, "no assertion stands at @3"),
    (["assert", "--withdraw", "@" + "9" * 5000, "--reason", "r"], 3, "no assertion"),
    (["assert", "--withdraw", "@0", "--reason", "r"], 3, "no assertion stands at @0"),
    (["check", "20"], 2, "20 names no assertion; give its position, as @20"),
    (["check", "@3"], 3, "no assertion stands at @3; `scr check --list` lists them"),
    (["check", "@" + "9" * 5000], 3, "no assertion stands at @9"),
    (["check", "-f", "json", "--raw", "@99"], 3, "no assertion stands at @99"),
    (["check", "--json", "-f", "csv"], 2, "contradict"),
]


@pytest.mark.parametrize(("arguments", "code", "words"), WRONG)
def test_wrong_input_gets_one_line(arguments, code, words):
    """
    What cannot be claimed or checked is said in one line, with its exit code.
    """
    told = scr(*arguments)

    assert (told.code, told.out, told.err.count("\n")) == (code, "", 1), told.err
    assert words in told.err
    assert told.code in DOCUMENTED
    assert head() == 19


def test_without_anybody_it_is_refused(monkeypatch):
    """
    Who says so must be given, as an option or in SCR_BY.
    """
    monkeypatch.delenv("SCR_BY")

    assert scr("assert", THREE).code == 2
    assert scr("assert", THREE, "--by", "somebody").code == 0


def test_without_a_ledger_there_is_nothing(monkeypatch, tmp_path):
    """
    Neither makes one.
    """
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")

    assert scr("assert", THREE).code == 3
    assert scr("check").code == 3
    assert list((tmp_path / "empty").iterdir()) == []


# --- checks -------------------------------------------------------------------------


def test_a_check_is_silent_while_all_holds():
    """
    With none there is a note; with some there is nothing at all.
    """
    none = scr("check")
    assert (none.code, none.out) == (0, "")
    assert none.err == "scr: note: nothing is asserted; `scr assert` records a claim\n"
    scr("assert", THEN)
    scr("assert", THREE)

    for asked in (["check"], ["check", "@21"], ["check", "@21", "@20", "@21"]):
        assert scr(*asked) == (0, "", "")


def test_what_fails_is_itemised():
    """
    Claimed, now and the change; every item with its fact; both bases and definitions.
    """
    scr("assert", THEN)
    scr("assert", THREE)
    scr(*REVERSE)
    told = scr("check")

    assert (told.code, told.err) == (1, "")
    assert (
        told.out
        == f"""\
2 standing assertions, 1 fails
all @22 {root(22)}
grade mixed (17 of 18 claimed)

Assertion   Figure           Claimed   Now   Change   By
────────────────────────────────────────────────────────────────────
@21         dd-all FY 2019         3     2       −1   records office

@21 FY 2019: 3 → 2 = −1: −1 reversal
  −1 SCR-2: reversal, @22
  from all @20 {root(20)}, by dd-all@1 sha256 342ae20f…
  to   all @22 {root(22)}, by dd-all@1 sha256 342ae20f…
"""
    )
    assert scr("check", "@20") == (0, "", "")
    assert scr("check", "@20", "@21").code == 1
    assert scr("check", "@21", "--json").code == 1


def test_the_bases_below_a_failed_assertion_can_be_pasted():
    """
    `scr diff` between the two gives the same items.
    """
    scr("assert", THREE)
    scr(*REVERSE)
    (row,) = scr("check", "--json").json["rows"]
    lines = [one.strip() for one in scr("check").out.splitlines()[-2:]]
    before, after = (one.partition(" ")[2].strip().partition(",")[0] for one in lines)
    asked = ["diff", "dd-all", "--fy", "2019", "--from", before, "--to", after]
    told = scr(*asked, "--json")

    assert told.json["rows"][0]["items"] == row["items"]
    assert told.json["basis"] == row["basis"]


def test_withdrawn_ones_are_not_proved():
    """
    Not among all, and not by name, which is noted.
    """
    scr("assert", THREE)
    scr("assert", "--withdraw", "@20", "--reason", "r")
    scr(*REVERSE)

    told = scr("check")
    assert (told.code, told.out) == (0, "")
    assert "nothing is asserted" in told.err
    named = scr("check", "@20")
    assert (named.code, named.out) == (0, "")
    assert named.err == "scr: note: @20 is withdrawn, at @21; it is not proved\n"


def test_a_measure_that_is_retired_is_a_reason():
    """
    Not a crash: the figure is none, and says why.
    """
    clock = ledgers.Clock(ledgers.datetime(2024, 7, 1, tzinfo=ledgers.UTC))
    put("scr.db", Put(body("m"), LONG_AGO), clock=clock)
    scr("assert", "m FY2019 = 3")
    put("scr.db", Put("m"), clock=clock)
    told = scr("check")

    assert (told.code, told.err) == (1, "")
    assert "@21         m FY 2019         3   none     none   records off" in told.out
    assert "@21 FY 2019: 3 → no figure\n  measure m is not in force at" in told.out
    (row,) = scr("check", "--json").json["rows"]
    assert (row["now"], row["change"], row["items"]) == (None, None, [])
    assert row["definitions"]["to"] is None


def test_the_list_has_every_assertion():
    """
    Who made it, when, what it claims, how it stands; and ends as the check does.
    """
    scr("assert", THEN, "--note", "page 7")
    scr("assert", f"{THREE} as of @19", "--by", "auditor")
    assert scr("check", "--list").code == 0
    scr("assert", THREE)
    scr("assert", "--withdraw", "@20", "--reason", "misprint")
    scr(*REVERSE)
    told = scr("check", "--list")

    assert told.code == 1
    assert told.out.startswith("2 standing assertions, 1 fails\nall @24 ")
    _, _, _, _, _, _, *lines = told.out.splitlines()
    said = [" ".join(one.split()) for one in lines]
    assert "withdrawn dd-all FY 2019 = 3, known before 2020-01-16T05:00:00Z" in said[0]
    assert said[0].endswith("@23 records office: misprint")
    assert said[1].startswith(
        "@21 holds dd-all FY 2019 = 3, up to @19 3 auditor (asserted) 202"
    )
    assert said[2].startswith(
        "@22 fails dd-all FY 2019 = 3 2 records office (asserted)"
    )
    states = [one["state"] for one in scr("check", "--list", "--json").json["rows"]]
    assert states == ["withdrawn", "holds", "fails"]
    assert scr("check", "--list", "@21").out.startswith("1 standing assertion, it hol")


def test_another_log_is_an_alarm(here):
    """
    A claim that was proved by another log ends the check with 4.
    """
    scr("assert", THREE)
    tamper("scr.db", replace(2, "SAC Houston", "SAC Elsewhere"))
    rehash("scr.db")
    (here / "scr.db.readmodel").unlink()
    told = scr("check")

    assert (told.code, told.out, told.err.count("\n")) == (4, "", 1)
    assert "this is not the log the basis was taken from: at position 19" in told.err


def test_facts_recorded_later_and_known_earlier_are_noticed(here):
    """
    The cut-off stays, the log goes on: nothing is restated in silence.
    """
    scr("assert", THEN)
    (here / "late.jsonl").write_text(
        life("SCR-9") + line("SCR-9", "voided", "2020-06-01", reason="r")
    )
    scr("import", "late.jsonl")
    told = scr("check")

    assert told.code == 1
    assert "@20 FY 2019: 3 → 4 = +1: +1 late information\n" in told.out
    assert "  +1 SCR-9: late information, @2" in told.out
