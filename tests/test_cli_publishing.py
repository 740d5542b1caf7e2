"""`scr publish`, as typed: through the gate, under a seal, or not at all."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import time
from pathlib import Path
from random import Random

import pytest

from cli.main import run
from ledger import fsck
from ledger.errors import HeadMovedError
from ledger.reader import open_log
from tests import ledgers, users
from tests.commandline import NOT_SIGNED, life, line, prepare, scr
from tests.definitions import LONG_AGO, Put, body, put
from tests.publications import every, verify
from tests.test_fixtures_oig_23_52 import FOLDER

TAXONOMY = """\
title = "categories"
source = "a handbook"

[categories.gangs]
criteria = "A gang of several commits a crime."
requires_tco = "yes"

[categories.narcotics]
criteria = "Somebody sells."
requires_tco = "no"
"""
LINE = {
    "name": "OLD",
    "document": "a report",
    "claims": "what it says",
    "printed_on": "2020-01-15",
    "as_of": "2020-01-15",
    "fiscal_year": 2019,
    "figures": {"dd-all": 3},
}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """
    A folder with a ledger of 20 facts, a taxonomy the last; somebody who acts.
    """
    prepare(tmp_path)
    (tmp_path / "t.toml").write_text(TAXONOMY)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCR_BY", "publisher")
    assert scr("taxonomy", "load", "t.toml", "--adopted", "2016-10-01").code == 0
    return tmp_path


def head() -> int:
    """
    Return how far the log goes.
    """
    with open_log("scr.db") as log:
        return log.head


def publish(*options: str, name="APR", measure="dd-tco", fy="2019"):
    """
    Publish, and return what is said.
    """
    given = ["--measure", measure, "--fy", fy]
    if "--document" not in options:
        given += ["--document", "a report"]
    if "--claims" not in options:
        given += ["--claims", "dd-tco"]
    return scr("publish", name, *given, *options)


def register(*lines: dict, options=()):
    """
    Register printings, and return what is said.
    """
    text = "".join(f"{json.dumps({**LINE, **one})}\n" for one in lines)
    Path("p.jsonl").write_text(text)
    return scr("publish", "--as-printed", "p.jsonl", *options)


# --- through the gate -----------------------------------------------------------------


def test_through_a_green_gate():
    """
    One line says what, where and under which seal; what is sealed has the gate in it.
    """
    told = publish()
    (one,) = every("scr.db")

    assert (told.code, told.err) == (0, NOT_SIGNED)
    assert told.out == f"published @21: APR, 1 figure, seal {one.seal}\n"
    assert (one.position, one.by) == (21, "publisher")
    assert one.content.gate.green
    assert one.content.override is None
    assert one.content.gate.taxonomy is not None
    assert len(one.content.gate.rules) > 15
    assert scr("verify").code == 0


def test_as_json():
    """
    The whole content, the basis, the seal, and where it is recorded.
    """
    told = publish("--json", "--as-of", "2020-01-15").json
    (one,) = every("scr.db")

    assert told["schema"] == "scr-published/1"
    assert (told["status"], told["position"]) == ("recorded", 21)
    assert told["seal"] == one.seal
    assert told["basis"]["bound"] == "before"
    figure = told["publication"]["figures"][0]
    assert (figure["value"], figure["counted"]) == (1, ["SCR-1"])


def test_through_a_red_gate_nothing_goes():
    """
    The rules that fail are named, and what to do; nothing is recorded.
    """
    told = publish(measure="dd-all")

    assert (told.code, told.out, head()) == (5, "", 20)
    assert told.err == (
        "scr: the gate is not green: category-weaker-than-measure fails for 1 SCR; see"
        " `scr validate --measure dd-all --fy 2019..2019`; correct or waive what fails,"
        " or say why it is published all the same with --override REASON\n"
    )
    assert publish("--dry-run", measure="dd-all").code == 5


def test_an_override_is_kept_for_ever():
    """
    With what failed; it is shown wherever the publication is, also once the gate would
    be green.
    """
    told = publish("--override", "asked for by <Congress>", measure="dd-all")
    assert told.code == 0
    assert "note: published through a gate that is not green" in told.err
    assert scr("waive", "category-weaker-than-measure", "--scr", "SCR-2",
               "--reason", "r", "--until", "2999-12-31").code == 0  # fmt: skip
    (one,) = every("scr.db")

    assert not one.content.gate.green
    assert one.content.override == "asked for by <Congress>"
    shown = scr("publication", "show", "APR").out
    assert "The gate was NOT green: category-weaker-than-measure (1)." in shown
    assert "It was overridden: asked for by <Congress>" in shown
    assert "gate overridden" in scr("publication", "list").out
    report = scr("publication", "report", "APR").out
    assert "gate that was not green: asked for by &lt;Congress&gt;" in report


def test_a_waived_failure_closes_no_gate():
    """
    Once somebody answers for it.
    """
    assert publish(measure="dd-all").code == 5
    scr("waive", "category-weaker-than-measure", "--scr", "SCR-2",
        "--reason", "r", "--until", "2999-12-31")  # fmt: skip
    assert publish(measure="dd-all").code == 0
    assert [(one.failing, one.waived) for one in _errors()] == [(1, 1), (0, 0)]


def _errors():
    (one,) = every("scr.db")
    return [rule for rule in one.content.gate.rules if rule.severity == "error"]


def test_without_a_taxonomy_the_gate_is_not_green():
    """
    What cannot be judged has not passed: unknown is not yes.
    """
    ledgers.make(Path("bare.db"))
    ledgers.load("bare.db", life("SCR-1", tco="yes", category="gangs"))
    arguments = ["--ledger", "bare.db", "publish", "A", "--measure", "dd-tco", "--fy",
                 "2019", "--document", "d", "--claims", "c"]  # fmt: skip
    told = scr(*arguments)

    assert told.code == 5
    assert "category-weaker-than-measure cannot be judged" in told.err
    assert scr(*arguments, "--override", "none was loaded").code == 0
    ours = ("--ledger", "bare.db", "publication")
    assert "category-weaker-than-measure (not judged)" in scr(*ours, "show", "A").out
    report = scr(*ours, "report", "A").out
    assert "| category-weaker-than-measure | error | not judged |" in report
    sealed = scr(*ours, "show", "A", "--json").json["gate"]["rules"]
    unknown = {one["rule"] for one in sealed if one.get("unknown")}
    assert unknown == {"category-weaker-than-measure", "category-not-in-taxonomy"}


def test_a_rehearsal_records_nothing():
    """
    It says what would be published; it is sealed when it is recorded, and not before.
    """
    told = publish("--dry-run")
    as_json = publish("--dry-run", "--json").json

    words = "would be published: APR, 1 figure, to be sealed when it is recorded\n"
    assert told.out == words
    assert (as_json["status"], as_json["position"]) == ("would be recorded", None)
    assert as_json["seal"] is None
    assert "members_root" not in as_json["publication"]["figures"][0]
    assert head() == 20


def test_a_name_is_taken_once():
    """
    The same again is refused: figures of another moment are another publication.
    """
    publish()
    told = publish()

    assert (told.code, head()) == (5, 21)
    assert "a publication named APR is recorded at @21 already" in told.err


def test_what_is_not_needed_is_said():
    """
    An override of a green gate, a status of a figure that is as printed: not kept.
    """
    told = publish("--override", "to be safe", "--status", "error")
    (one,) = every("scr.db")

    assert told.err.splitlines() == [
        "scr: note: no figure needs a status; none is recorded",
        "scr: note: the gate is green; the override is not recorded",
        NOT_SIGNED.rstrip(),
    ]
    assert one.content.override is None
    assert one.content.figures[0].status is None


def test_a_claim_that_is_not_what_is_computed_is_told():
    """
    When it is published, and for ever with it.
    """
    told = publish("--claims", "Percent of cases on TCOs")
    words = (
        "the document claims the words 'Percent of cases on TCOs', and what is computed"
        " is dd-tco@1"
    )

    assert f"note: {words}" in told.err
    assert words in scr("publication", "show", "APR").out


# --- printed before -------------------------------------------------------------------


@pytest.fixture
def moved() -> int:
    """
    A publication of FY 2019 and 2020, and another TCO of FY 2019 since.
    """
    assert publish(name="A", fy="2019..2020").code == 0
    more = life("SCR-9", tco="yes", category="gangs")
    Path("more.jsonl").write_text(more)
    assert scr("import", "more.jsonl").code == 0
    return head()


def test_another_figure_than_printed_needs_a_status(moved):
    """
    Without one it is refused with both numbers and where the last one stands.
    """
    told = publish(name="B", fy="2019..2020")

    assert (told.code, head()) == (5, moved)
    assert told.err.startswith(
        "scr: not as printed last, without a status: dd-tco FY2019 2, printed 1 in A;"
        " say why with --status MEASURE:YEAR=STATUS"
    )


@pytest.mark.usefixtures("moved")
@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("late-data", "late-data"),
        ("error", "error"),
        ("definition", "definition"),
        ("dd-tco:2019=error", "error"),
        ("dd-tco:FY2019=late-data", "late-data"),
        ("dd-tco:fy2019=definition", "definition"),
    ],
)
def test_each_spelling_of_a_status(text, status):
    """
    Of all that differ, or of one figure; one that is as printed gets none.
    """
    assert publish("--status", text, name="B", fy="2019..2020").code == 0
    figures = every("scr.db")[1].content.figures

    assert [one.status for one in figures] == [status, None]
    assert figures[0].last == ("A", 1, None)
    state = scr("publication", "list", "--json").json["rows"][2]["state"]
    assert state == status


@pytest.mark.parametrize(
    "text",
    [
        "",
        "late",
        "LATE-DATA",
        "=error",
        "dd-tco=error",
        "dd-tco:=error",
        "dd-tco:2019",
        "dd-tco:2018=error",
        "dd-all:2019=error",
        "dd-tco:2019=late",
        "dd-tco:²019=error",
        "dd-tco:²=error",
        f"dd-tco:{'9' * 5000}=error",
        "dd-tco:2019=error ",
    ],
)
def test_wrong_statuses(moved, text):
    """
    What is no status, or of no figure that is published, is told with those there are.
    """
    told = publish("--status", text, name="B")

    assert (told.code, told.out, head()) == (2, "", moved)
    assert "--status takes late-data, error, definition, or a figure that" in told.err
    assert len(told.err.splitlines()) == 1


@pytest.mark.usefixtures("moved")
def test_the_last_status_of_a_figure_holds():
    """
    One for all, then another for one.
    """
    options = ("--status", "error", "--status", "dd-tco:2019=late-data")
    publish(*options, name="B")
    assert every("scr.db")[1].content.figures[0].status == "late-data"


# --- what cannot be asked -------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "words", "arguments"),
    [
        (2, "give a NAME for the publication", []),
        (2, "give --measure", ["A"]),
        (2, "give --fy", ["A", "--measure", "dd-all"]),
        (2, "give --document", ["A", "--measure", "dd-all", "--fy", "2019"]),
        (
            2,
            "give --claims",
            ["A", "--measure", "x", "--fy", "2019", "--document", "d"],
        ),
    ],
)
def test_what_has_to_be_given(code, words, arguments):
    """
    One line says what is missing; nothing is recorded.
    """
    told = scr("publish", *arguments)

    assert (told.code, told.out, head()) == (code, "", 20)
    assert words in told.err
    assert len(told.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("code", "words", "said"),
    [
        (2, "no measure is named x", {"measure": "x"}),
        (2, "measure dd-all has no version 2", {"measure": "dd-all@2"}),
        (2, "outside the fiscal years 1900 to 3000", {"fy": "1066"}),
        (2, "2020..2019", {"fy": "2020..2019"}),
        (2, "the name must be 1 to 64", {"name": "9"}),
        (2, "the name must be 1 to 64", {"name": "a b"}),
        (2, "the name must be 1 to 64", {"name": "a" * 65}),
    ],
)
def test_what_cannot_be_published(code, words, said):
    """
    One line says what is wrong; nothing is recorded.
    """
    told = publish(**said)

    assert (told.code, told.out, head()) == (code, "", 20)
    assert words in told.err
    assert len(told.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("code", "words", "options"),
    [
        (2, "names one measure twice", ["--measure", "dd-tco@1"]),
        (2, "is not a day of the calendar", ["--as-of", "2020-02-30"]),
        (2, "is beyond the head", ["--as-of", "@99"]),
        (3, "no publication is named NOPE", ["--as-of", "NOPE"]),
        (2, "--document takes 1 to 200", ["--document", "a\x1b[31m\nb"]),
        (2, "--claims takes 1 to 200", ["--claims", "x" * 201]),
        (2, "--override takes 1 to 200", ["--override", " "]),
        (2, "--by takes 1 to 200", ["--by", " "]),
        (2, "leave the rest out", ["--as-printed", "p.jsonl"]),
    ],
)
def test_what_no_option_takes(code, words, options):
    """
    One line says what is wrong; nothing is recorded.
    """
    told = publish(*options)

    assert (told.code, told.out, head()) == (code, "", 20)
    assert words in told.err
    assert len(told.err.splitlines()) == 1
    assert "\x1b" not in told.err


def test_somebody_publishes(monkeypatch):
    """
    Without --by, and without SCR_BY, nobody does.
    """
    monkeypatch.delenv("SCR_BY")
    assert publish().code == 2
    assert publish("--by", "another").code == 0
    assert every("scr.db")[0].by == "another"


# --- as of a publication --------------------------------------------------------------


QUESTIONS = [
    ["count", "dd-all", "--fy", "2019"],
    ["cases", "dd-all", "--fy", "2019"],
    ["show", "SCR-1"],
    ["validate"],
]


@pytest.mark.usefixtures("moved")
@pytest.mark.parametrize("arguments", QUESTIONS, ids=lambda a: a[0])
def test_as_of_a_publication(arguments):
    """
    Any question takes its name for its basis, whatever is recorded since.
    """
    named = scr(*arguments, "--as-of", "A", "--json").json
    (sealed,) = (one.content.basis for one in every("scr.db"))

    assert named["basis"] == {"instant": None, **sealed._asdict()}
    assert named["rows"] == scr(*arguments, "--as-of", "@20", "--json").json["rows"]
    told = scr(*arguments, "--as-of", "NOPE")
    assert (told.code, told.out) == (3, "")
    assert "no publication is named NOPE" in told.err


def test_differences_from_a_publication(moved):
    """
    On both sides a name may stand.
    """
    told = scr("diff", "dd-tco", "--from", "A", "--to", f"@{moved}", "--json")

    assert told.code == 1
    (row,) = (row for row in told.json["rows"] if row["fiscal_year"] == 2019)
    assert [item["scr"] for item in row["items"]] == ["SCR-9"]
    assert scr("diff", "dd-tco", "--from", "A", "--to", "A").code == 0
    assert scr("diff", "dd-tco", "--from", "NOPE", "--to", "A").code == 3


def test_a_day_of_a_publication_is_its_day():
    """
    Published as of a day, it is the same day for who asks by its name.
    """
    publish("--as-of", "2018-12-31")
    told = scr("count", "dd-all", "--fy", "2019", "--as-of", "APR", "--json").json

    assert told["rows"][0]["value"] == 0
    assert told["basis"]["bound"] == "before"


# --- as printed -----------------------------------------------------------------------


def test_what_was_printed_is_registered():
    """
    Supported where the ledger gives it as of its day, else with the difference; the
    same file again adds nothing.
    """
    lines = [{}, {"fiscal_year": 2020, "figures": {"dd-all": 7}}, {"name": "B"}]
    told = register(*lines)

    assert (told.code, told.err) == (0, NOT_SIGNED)
    assert told.out.splitlines() == [
        "registered @21: OLD, UNSUPPORTED: dd-all FY2020 printed 7, the ledger gives 0",
        "registered @22: B, supported",
    ]
    assert register(*lines).out.splitlines() == [
        "already recorded: OLD",
        "already recorded: B",
    ]
    assert head() == 22
    assert scr("verify").code == 0


def test_another_content_under_a_taken_name():
    """
    Is refused, with all else of the file.
    """
    register({})
    for said in ({"as_of": "2020-01-16"}, {"figures": {"dd-all": 4}}):
        told = register({"name": "NEW"}, said)
        assert (told.code, told.out, head()) == (5, "", 21)
        assert "a publication named OLD is recorded at @21 already" in told.err


def test_registering_as_json():
    """
    What is sealed, what was there already, and where.
    """
    register({})
    told = register({}, {"name": "B"}, options=["--json"]).json

    assert told["schema"] == "scr-registered/1"
    assert (told["positions"], told["already_recorded"]) == ([22], ["OLD"])
    assert [one["name"] for one in told["publications"]] == ["B"]
    dry = register({"name": "C"}, options=["--json", "--dry-run"]).json
    assert (dry["status"], dry["positions"]) == ("would be recorded", [])
    said = register({"name": "C"}, options=["--dry-run"]).out
    assert said == "would be registered: C, supported\n"
    assert head() == 22


def test_a_faulty_file_of_printings():
    """
    Each fault is a line, safe to read; nothing of the file is recorded.
    """
    told = register({}, {"document": "a\x1b[31m", "\u202ex": 1})

    assert (told.code, told.out, head()) == (5, "", 20)
    assert told.err.splitlines() == [
        "p.jsonl:2: document: must be text of 1 to 200 characters, not only spaces,"
        " without control characters",
        r"p.jsonl:2: \u202ex: is not a field of this event",
        "scr: p.jsonl is refused, nothing of it was recorded: 2 faults; correct the"
        " file and register it again",
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("figures.x: no measure is named x", {"figures": {"dd-all": 3, "x": 1}}),
        ("as_of: 2020-02-30 is not a day of the calendar", {"as_of": "2020-02-30"}),
        ("as_of: position @99 is beyond the head", {"as_of": "@99"}),
        ("as_of: no publication is named NOPE", {"as_of": "NOPE"}),
    ],
)
def test_what_cannot_be_registered(words, said):
    """
    A measure that there is not, a basis that there is not: each is a fault of a line,
    and nothing is recorded.
    """
    told = register({"name": "A"}, {"name": "B", **said})

    assert (told.code, told.out, head()) == (5, "", 20)
    assert told.err.startswith(f"p.jsonl:2: {words}")
    assert told.err.splitlines()[1:] == [
        "scr: p.jsonl is refused, nothing of it was recorded: 1 fault; correct the file"
        " and register it again"
    ]


def test_every_line_that_cannot_be_registered_is_told():
    """
    In the order of the file, each under its own line.
    """
    told = register(
        {"name": "C"},
        {"name": "B", "as_of": "@99"},
        {"name": "C", "fiscal_year": 2020, "figures": {"x": 1, "y": 2}},
        {"name": "A", "figures": {"x": 1}},
    )

    assert told.code == 5
    assert [line.split(": no ")[0] for line in told.err.splitlines()[:-1]] == [
        "p.jsonl:2: as_of: position @99 is beyond the head of the log; give @0 to @20,"
        " the last one recorded",
        "p.jsonl:3: figures.x",
        "p.jsonl:3: figures.y",
        "p.jsonl:4: figures.x",
    ]


def test_what_is_registered_already_is_not_asked_for_again():
    """
    Only its basis: what a measure is by now is no fault of the file.
    """
    assert register({}).code == 0
    told = register({}, {"name": "B", "as_of": "@99"})
    assert (told.code, told.err.splitlines()[0][:17]) == (5, "p.jsonl:2: as_of:")
    told = register({"as_of": "@99"})
    assert (told.code, told.err.splitlines()[0][:17]) == (5, "p.jsonl:1: as_of:")

    put("scr.db", Put(body("m"), LONG_AGO))
    later = {"name": "M", "as_of": "2999-01-01", "figures": {"m": 0}}
    assert register(later).code == 0
    put("scr.db", Put("m"))
    assert register(later).out == "already recorded: M\n"
    told = register({**later, "name": "N"})
    assert told.err.startswith("p.jsonl:1: figures.m: measure m is not in force")


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_a_file_without_a_printing(text):
    """
    Registers nothing, and does not look as if it had.
    """
    Path("p.jsonl").write_text(text)
    told = scr("publish", "--as-printed", "p.jsonl")

    assert (told.code, told.out, head()) == (5, "", 20)
    assert told.err.splitlines() == [
        "scr: p.jsonl has no printing in it; give a JSON object a line, each what a"
        " document printed (docs/publications.md)"
    ]


@pytest.mark.parametrize("path", ["nowhere.jsonl", ".", "a\0b", ""])
def test_there_is_no_such_file(path):
    """
    Said in a line, and which.
    """
    told = scr("publish", "--as-printed", path)

    assert (told.code, head()) == (3, 20)
    assert len(told.err.splitlines()) == 1


# --- between computing and recording --------------------------------------------------


def test_figures_are_computed_anew_when_the_log_grew(monkeypatch):
    """
    What was recorded meanwhile is in them, and nothing comes between figures and seal.
    """
    from cli import publishing

    make = publishing._make

    def meanwhile(*given):
        made = make(*given)
        if head() == 20:
            ledgers.load("scr.db", life("SCR-9", tco="yes", category="gangs"))
        return made

    monkeypatch.setattr(publishing, "_make", meanwhile)
    assert publish().code == 0
    (one,) = every("scr.db")
    assert one.content.figures[0].counted == ("SCR-1", "SCR-9")
    assert one.content.basis.position == one.position - 1


def test_a_log_that_never_stands_still_ends_it(monkeypatch):
    """
    After some attempts it is given up, with the code of a refusal.
    """
    from cli import publishing

    make = publishing._make

    def meanwhile(*given):
        made = make(*given)
        ledgers.load("scr.db", life(f"SCR-{head()}"))
        return made

    monkeypatch.setattr(publishing, "_make", meanwhile)
    told = publish()
    assert told.code == HeadMovedError.exit_code
    assert every("scr.db") == []


# --- killed ---------------------------------------------------------------------------


def killed_at(step: int, arguments: list[str]) -> int | None:
    """
    Run a command in a process that dies before its statement of that number, wherever
    it reads or writes.

    :return: how it ended; None if it was killed.
    """
    child = os.fork()
    if child == 0:  # pragma: no cover - it may die anywhere
        done = 0
        connect = sqlite3.connect

        def counting(_statement):
            nonlocal done
            done += 1
            if done == step:
                os.kill(os.getpid(), signal.SIGKILL)

        def traced(*given, **named):
            connection = connect(*given, **named)
            connection.set_trace_callback(counting)
            return connection

        sqlite3.connect = traced
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        os._exit(run(arguments))
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return None
    return os.WEXITSTATUS(status)


def whole_or_not_at_all(path: str, names: list[str]) -> bool:
    """
    Return whether the publications are there: all of them or none, and all else sound.
    """
    there = [one.content.name for one in every(path)]
    assert there in ([], names)
    assert fsck.check(path, lambda _: None).findings == ()
    for name in there:
        assert verify(path, name)
    return bool(there)


def test_killed_at_any_step_it_is_there_whole_or_not_at_all():
    """
    Before each statement from the first to the last, of one that is computed and of two
    as printed; and then it can be published.
    """
    computed = ["publish", "APR", "--measure", "dd-tco", "--fy", "2019..2020",
                "--document", "d", "--claims", "dd-tco"]  # fmt: skip
    register({"name": "A"}, {"name": "B"}, options=["--dry-run"])
    printed = ["publish", "--as-printed", "p.jsonl"]
    for arguments, names in ((computed, ["APR"]), (printed, ["A", "B"])):
        step, there = 0, []
        ended = None
        while ended is None:
            step += 1
            for beside in Path().glob("copy.db*"):
                beside.unlink()
            shutil.copy("scr.db", "copy.db")
            users.forget()
            ended = killed_at(step, ["--ledger", "copy.db", *arguments])
            there.append(whole_or_not_at_all("copy.db", names))
            if ended is None and not there[-1] and step % 7 == 0:
                assert scr("--ledger", "copy.db", *arguments).code == 0
                assert whole_or_not_at_all("copy.db", names)
        assert ended == 0
        assert step > 20
        assert there == sorted(there)  # None, up to the commit; then whole.
        assert not there[0]


def test_killed_at_any_moment_it_is_there_whole_or_not_at_all():
    """
    Also between two statements, and while the file is written.
    """
    random = Random(7)
    arguments = ["--ledger", "copy.db", "publish", "APR", "--measure", "dd-tco",
                 "--fy", "2019", "--document", "d", "--claims", "c"]  # fmt: skip
    killed = 0
    for _ in range(30):
        for beside in Path().glob("copy.db*"):
            beside.unlink()
        shutil.copy("scr.db", "copy.db")
        users.forget()
        child = os.fork()
        if child == 0:  # pragma: no cover - it may die anywhere
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            os._exit(run(arguments))
        time.sleep(random.random() * 0.06)
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        killed += os.WIFSIGNALED(status)
        whole_or_not_at_all("copy.db", ["APR"])
    assert killed


# --- the audit's story ----------------------------------------------------------------


@pytest.fixture(scope="module")
def fixture(tmp_path_factory) -> str:
    """
    A ledger of the fixture, its taxonomy, and the six printings registered.
    """
    folder = tmp_path_factory.mktemp("fixture")
    path = str(folder / "scr.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCR_LEDGER", path)
        patch.setenv("SCR_BY", "archivist")
        assert scr("init").code == 0
        assert scr("import", str(FOLDER / "events.jsonl")).code == 0
        taxonomy = str(FOLDER / "taxonomy.toml")
        assert scr("taxonomy", "load", taxonomy, "--adopted", "2016-10-01").code == 0
        told = scr("publish", "--as-printed", str(FOLDER / "printed.jsonl"))
        (folder / "said").write_text(told.out)
        assert told.code == 0
    return path


@pytest.fixture
def audited(fixture, tmp_path, monkeypatch) -> str:
    """
    A copy of it.
    """
    for beside in Path(fixture).parent.glob("scr.db*"):
        shutil.copy(beside, tmp_path / f"a{beside.name}")
    path = str(tmp_path / "ascr.db")
    monkeypatch.setenv("SCR_LEDGER", path)
    return path


class TestStory:
    """The audit fixture: what was printed, and what may be."""

    def test_all_printings_are_supported_but_one(self, fixture):
        """
        FY 2020 was printed as 245, where the ledger of its day gives 254.
        """
        said = (Path(fixture).parent / "said").read_text().splitlines()
        names = [one.split(": ", 1)[1] for one in said]

        assert names == [
            "APR-2017, supported",
            "APR-2018, supported",
            "APR-2019, supported",
            "APR-2020, UNSUPPORTED: dd-all FY2020 printed 245, the ledger gives 254",
            "APR-2021, supported",
            "APR-2022, supported",
        ]
        assert all(one.content.synthetic for one in every(fixture))

    def test_once_is_enough(self, audited):
        """
        The same file again records nothing.
        """
        told = scr("publish", "--as-printed", str(FOLDER / "printed.jsonl"))
        assert told.code == 0
        assert told.out.count("already recorded") == 6
        assert len(every(audited)) == 6

    def test_the_measure_that_speaks_of_tcos_goes_through(self, audited):
        """
        FY 2023 of dd-tco as of January 2024; and the figure is that of `count`.
        """
        told = publish("--as-of", "2024-01-15", name="APR-2023", fy="2023")
        assert (told.code, told.err) == (0, NOT_SIGNED)
        one = every(audited)[-1]
        counted = scr("count", "dd-tco", "--fy", "2023", "--as-of", "2024-01-15",
                      "--json").json["rows"]  # fmt: skip

        assert one.content.gate.green
        assert one.content.figures[0].value == counted[0]["value"] == 69
        assert scr("publication", "verify").out.count("the same") == 7

    def test_the_measure_that_counted_the_107_does_not(self, audited):
        """
        dd-all is stopped by the rule that would have stopped it then; overridden, that
        is shown for ever.
        """
        told = publish("--as-of", "2024-01-15", measure="dd-all", fy="2023")
        assert (told.code, told.out, len(every(audited))) == (5, "", 6)
        assert "category-weaker-than-measure fails for 74 SCRs" in told.err

        options = ("--as-of", "2024-01-15", "--override", "ordered")
        assert publish(*options, measure="dd-all", fy="2023").code == 0
        assert "It was overridden: ordered" in scr("publication", "show", "APR").out

    def test_five_prior_years_need_their_reasons(self, audited):
        """
        31 USC 1116(c)(1) has them printed again; every one that moved needs a status.
        """
        options = ("--as-of", "2024-01-15", "--override", "ordered")
        told = publish(*options, measure="dd-all", fy="2018..2023")
        assert told.code == 5
        assert "dd-all FY2020 260, printed 245 in APR-2020" in told.err

        options += ("--status", "late-data", "--status", "dd-all:2020=error")
        assert publish(*options, measure="dd-all", fy="2018..2023").code == 0
        states = [one.status for one in every(audited)[-1].content.figures]
        assert states == ["late-data", "late-data", "error", *["late-data"] * 2, None]


def test_what_nobody_knows_yet_is_said():
    """
    A cut-off that is not over yet is warned of; what is published rests on it all the
    same.
    """
    told = publish("--as-of", "2999-12-31")

    assert told.code == 0
    assert "is not over yet" in told.err
    assert verify("scr.db", "APR")
    assert scr("count", "--as-of", "APR").code == 0


def test_a_hostile_note_is_no_part_of_it():
    """
    What SCRs say in free text is nowhere in what is sealed.
    """
    ledgers.load("scr.db", line("SCR-1", "reopened", "2020-01-01", reason="CANARY"))
    publish("--as-of", "2024-01-15")
    assert "CANARY" not in scr("publication", "show", "APR", "--json").out


@pytest.mark.parametrize("option", ["name", "--document", "--claims"])
def test_what_no_seal_takes_is_one_line(option):
    """
    Text that is no Unicode is refused before anything is computed.
    """
    given = {"name": "B", "--document": "d", "--claims": "c", option: "b\udcff"}
    name = given.pop("name")
    said = [word for pair in given.items() for word in pair]
    told = scr("publish", name, "--measure", "dd-all", "--fy", "2019", *said,
               "--override", "o", "--by", "b")  # fmt: skip

    assert (told.code, told.out, told.err.count("\n")) == (2, "", 1)


def test_the_gate_of_the_past_cannot_be_mended_today():
    """
    What is corrected or waived now was not known then: the refusal says so, and names
    the basis at which validation lists what fails.
    """
    told = publish("--as-of", "@19", measure="dd-all")

    assert told.code == 5
    assert '`scr validate --basis "all @19 ' in told.err
    assert "what is mended today was not known then" in told.err
