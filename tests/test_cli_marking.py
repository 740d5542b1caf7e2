"""`scr publication mark` and `withdraw`: what is said of a publication later."""

from __future__ import annotations

import json

import pytest

from ledger import app, fsck
from ledger.reader import open_log
from tests import ledgers, users
from tests.claims import writing
from tests.commandline import HISTORY, life, prepare, scr
from tests.restatements import publish, restate
from tests.test_ledger_fsck import put, rehash, tamper

WHY = ["--basis-of", "a sample of 70", "--reason", "no TCO"]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """
    A folder with a ledger and APR: dd-all of 2019 and 2020, 3 and 9; dd-tco of 2019.
    """
    more = "".join(life(f"SCR-{n}", outcome="2020-09-30") for n in range(5, 13))
    prepare(tmp_path, HISTORY + more)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCR_BY", "auditor")
    monkeypatch.setitem(app.open_ledger.__kwdefaults__, "clock", ledgers.Clock())
    publish("scr.db", "APR", ("dd-all", 2019), ("dd-all", 2020), ("dd-tco", 2019))
    return tmp_path


def mark(*options, fy="2020", at_least="2", name="APR"):
    """
    Mark, and return what is said.
    """
    least = ["--misstated-by-at-least", at_least]
    return scr("publication", "mark", name, "--fy", fy, *least, *WHY, *options)


def withdraw(name="APR", *options):
    """
    Withdraw, and return what is said.
    """
    return scr("publication", "withdraw", name, "--reason", "a slip", *options)


def head() -> int:
    """
    Return how far the log goes.
    """
    with open_log("scr.db") as log:
        return log.head


def rows(*options):
    """
    Return the figures that are listed.
    """
    return scr("publication", "list", *options, "--json").json["rows"]


def test_a_floor_is_recorded_and_shown_wherever_the_figure_is():
    """
    In the list, of the publication, in its report, and where an SCR is traced.
    """
    told = mark("--json")
    assert told.json == {
        "schema": "scr-publication-said/1",
        "status": "recorded",
        "position": 45,
        "event": "marked",
        "publication": "APR",
        "measure": "dd-all",
        "fiscal_year": 2020,
        "at_least": 2,
    }
    words = "misstated by at least 2"

    assert [row["floor"] for row in rows()] == [None, 2, None]
    assert [row["since"] for row in rows()][1] == f"current, {words}"
    shown = scr("publication", "show", "APR", "--json").json
    (floor,) = shown["floors"]
    assert (floor["by"], floor["basis_of"]) == ("auditor", "a sample of 70")
    whole = f"dd-all FY2020: known {words} (on the basis of a sample of 70): no TCO"
    assert whole in scr("publication", "show", "APR").out
    assert f"> {whole}" in scr("publication", "report", "APR").out
    assert f"| {words} |" in scr("publication", "report", "APR").out
    assert f"<td>{words}</td>" in scr("publication", "report", "APR", "-f", "html").out
    (traced,) = scr("trace", "SCR-4", "--json").json["rows"]
    assert traced["floor"] == 2
    assert scr("publication", "verify").code == 0
    assert not fsck.check("scr.db", lambda _: None).findings


def test_the_last_floor_of_a_figure_holds():
    """
    A further one takes its place, 0 takes it away, the same again adds nothing.
    """
    for number, expected in (("2", 2), ("5", 5), ("2", 2), ("0", None)):
        mark(at_least=number)
        assert rows()[1]["floor"] == expected
    assert head() == 48
    again = mark(at_least="0")
    assert again.out.startswith("already recorded @48: APR dd-all FY2020")
    assert head() == 48
    assert scr("publication", "show", "APR", "--json").json["floors"] == []


def test_a_floor_of_the_old_figure_stands_in_the_notice():
    """
    Where the superseded figure is told, its floor is, and what was said since.
    """
    mark()
    restate("scr.db", "APR")
    mark(name="APR-R1", at_least="9")
    withdraw("APR-R1")
    told = scr("publication", "notice", "APR-R1").out

    assert "as previously reported: known misstated by at least 2" in told
    assert "> dd-all FY2020: known misstated by at least 9" in told
    assert "> WITHDRAWN on " in told


def test_a_publication_is_withdrawn():
    """
    It stays, verifies, and is current no more.
    """
    assert withdraw().out == "recorded @45: APR, withdrawn\n"
    assert [row["withdrawn"] for row in rows()] == [True] * 3
    assert rows("--current") == []
    shown = scr("publication", "show", "APR", "--json").json
    assert (shown["current"], shown["withdrawn"]["reason"]) == (False, "a slip")
    assert "WITHDRAWN on " in scr("publication", "report", "APR").out
    assert scr("publication", "verify").code == 0
    assert not fsck.check("scr.db", lambda _: None).findings
    assert scr("count", "--as-of", "APR").code == 0


def test_rehearsals_record_nothing():
    """
    They say what would be.
    """
    assert mark("--dry-run").out.startswith("would be recorded: APR dd-all FY2020")
    assert withdraw("APR", "--dry-run").out == "would be recorded: APR, withdrawn\n"
    assert withdraw("APR", "--dry-run", "--json").json["position"] is None
    assert head() == 44


MARK = ["mark", "APR", "--fy", "2020", "--misstated-by-at-least", "2"]
WRONG = [
    (["mark"], 2, "Missing argument 'NAME'"),
    ([*MARK], 2, "Missing option '--basis-of'"),
    ([*MARK, "--basis-of", "b"], 2, "Missing option '--reason'"),
    ([*MARK[:-1], "-1", *WHY], 2, "-1"),
    ([*MARK[:-1], "x", *WHY], 2, "x"),
    ([*MARK, "--basis-of", " ", "--reason", "r"], 2, "--basis-of must be text"),
    ([*MARK, *WHY, "--by", " "], 2, "by must be text"),
    (["mark", "APR", "--fy", "x", *MARK[4:], *WHY], 2, "x"),
    (["mark", "APR", "--fy", "2019..2020", *MARK[4:], *WHY], 2, "one fiscal year"),
    (["mark", "APR", "--fy", "2019", *MARK[4:], *WHY], 2, "has of FY2019: dd-all, dd"),
    (["mark", "APR", "--fy", "2018", *MARK[4:], *WHY], 2, "has of FY2018: none"),
    ([*MARK, *WHY, "--measure", "dd-tco"], 2, "APR has no figure dd-tco FY2020"),
    ([*MARK, *WHY, "--measure", "A B"], 2, "measure must be 1 to 64"),
    (["mark", "X", *MARK[2:], *WHY], 3, "no publication is named X"),
    (["mark", "X", *MARK[2:], *WHY, "--measure", "dd-all"], 3, "is named X"),
    ([*MARK[:-1], "10", *WHY], 5, "APR shows 9 as dd-all FY2020, so it is not"),
    (["withdraw", "X", "--reason", "r"], 3, "no publication is named X"),
    (["withdraw", "APR"], 2, "Missing option '--reason'"),
    (["withdraw", "APR", "--reason", " "], 2, "reason must be text"),
    (["withdraw", "GONE", "--reason", "r"], 5, "GONE is withdrawn already"),
]


@pytest.mark.parametrize(("arguments", "code", "words"), WRONG)
def test_wrong_input_gets_one_line(arguments, code, words):
    """
    What cannot be said of a publication is said in one line; nothing is recorded.
    """
    publish("scr.db", "GONE", ("dismantlements-all", 2019))
    withdraw("GONE")
    told = scr("publication", *arguments)

    assert (told.code, told.out, told.err.count("\n")) == (code, "", 1)
    assert words in told.err
    assert head() == 46


def test_without_anybody_it_is_refused(monkeypatch):
    """
    Who says so must be given.
    """
    monkeypatch.delenv("SCR_BY")

    assert (mark().code, withdraw().code) == (2, 2)
    assert mark("--by", "somebody").code == 0


def test_a_floor_that_is_higher_than_its_figure_was_recorded_once():
    """
    A ledger that has one, of before it was refused, verifies and shows it; said again
    by the same person it adds nothing.
    """
    assert mark(at_least="9").code == 0
    tamper("scr.db", put(45, '"at_least":9', '"at_least":10'))
    rehash("scr.db")
    users.forget()

    assert not fsck.check("scr.db", lambda _: None).findings
    assert rows()[1]["floor"] == 10
    assert mark(at_least="10").out.startswith("already recorded @45")
    assert mark(at_least="9").code == 0


def test_what_is_said_of_no_publication_is_found(here):
    """
    The checker judges marks and withdrawals by the rules they were recorded under.
    """
    del here
    facts = [
        {"event": "marked", "publication": "APR", "measure": "dd-all"}
        | {"fiscal_year": 2031, "at_least": 1, "basis_of": "b"},
        {"event": "retracted", "publication": "APR"},
        {"event": "retracted", "publication": "APR"},
    ]
    from eventsourcing.persistence import StoredEvent

    for version, fields in enumerate(facts, 2):
        payload = json.dumps(
            {**fields, "reason": "r", "by": "a", "run_by": "b"}, separators=(",", ":")
        )
        topic = f"ledger.{fields['event']}/1"
        stored = StoredEvent("publication/APR", version, topic, payload.encode())
        with writing("scr.db") as ledger, ledger.appender.appending() as appending:
            appending.put([stored])

    found = [one.why for one in fsck.check("scr.db", lambda _: None).findings]
    assert any("APR has no figure dd-all FY2031" in why for why in found)
    assert any("APR is withdrawn already" in why for why in found)
    assert len(found) == 2
