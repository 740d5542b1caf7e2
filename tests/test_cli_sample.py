"""`scr sample`, as typed: sealed, drawn, examined, settled, evaluated."""

from __future__ import annotations

import json
import sqlite3
import sys

import pytest

from ledger import fsck
from ledger.domain.publication import hash_of_set
from ledger.domain.sampling import ranked
from ledger.reader import open_log
from tests import ledgers
from tests.commandline import life, prepare, scr
from tests.test_ledger_fsck import put, rehash, tamper

NAMES = [f"SCR-{n:02}" for n in range(1, 21)]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """
    A ledger of twenty SCRs, half of them gangs and half narcotics; somebody who acts.
    """
    text = "".join(
        life(name, tco="yes", category=("gangs", "narcotics")[i % 2])
        for i, name in enumerate(NAMES)
    )
    prepare(tmp_path, text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCR_BY", "ann")
    return tmp_path


def head() -> int:
    """
    Return how far the log goes.
    """
    with open_log("scr.db") as log:
        return log.head


def sample(*arguments):
    """
    Run a command of the group.
    """
    return scr("sample", *arguments)


def framed(name="A", query="stands") -> dict:
    """
    Seal a frame; return what is said.
    """
    told = sample("frame", name, query, "--json")
    assert told.code == 0, told.err
    return told.json


def drawn(*options, name="A", seed="s") -> list[str]:
    """
    Seal and draw; return the items.
    """
    framed(name)
    told = sample("draw", name, *(options or ("--size", "6")), "--seed", seed, "--json")
    assert told.code == 0, told.err
    return [one for stratum in told.json["strata"] for one in stratum["items"]]


def record(item, answer, *options):
    """
    Record one answer.
    """
    return sample("record", "A", "--item", item, "--attribute", answer, *options)


def findings() -> tuple:
    """
    Return what verification finds.
    """
    return fsck.check("scr.db", lambda _: None).findings


def test_a_frame_is_sealed():
    """
    Its size and the hash of its SCRs are said and recorded, with query and basis.
    """
    told = framed(query="category=gangs and filed:2019 and approved")
    (row,) = scr("log", "--from", f"@{head()}", "--json").json["rows"]

    assert (told["size"], told["sha256"]) == (10, hash_of_set(NAMES[::2]))
    assert row["items"] == NAMES[::2]
    assert row["basis"]["position"] == head() - 1
    assert findings() == ()


def test_a_draw_is_what_anyone_can_repeat():
    """
    The lowest hashes of the frame, and the spares next.
    """
    framed()
    options = ["--size", "5", "--spares", "2", "--seed", "x"]
    told = sample("draw", "A", *options, "--json").json
    (stratum,) = told["strata"]

    assert [*stratum["items"], *stratum["spares"]] == ranked("x", NAMES)[:7]
    assert findings() == ()


def test_the_log_gives_a_seed_nobody_chose():
    """
    The root right after the frame, once there is one; later facts change nothing.
    """
    framed()
    at = head()
    early = sample("draw", "A", "--size", "3", "--seed-from-log")
    assert (early.code, head()) == (5, at)
    assert "so the log has no seed yet" in early.err
    for name in NAMES[:3]:
        scr("reopen", name, "--reason", "r")
    told = sample("draw", "A", "--size", "3", "--seed-from-log", "--json").json

    with open_log("scr.db") as log:
        assert told["seed"] == log.root(at + 1).hex()
    assert (told["chosen"], told["seed_position"]) == ("log", at + 1)
    assert findings() == ()


def test_strata_are_tables_of_queries(here):
    """
    Each SCR is in one; the estimate is by stratum, with its standard error.
    """
    rows = "gangs,category=gangs,4,1\nothers,category=narcotics,5,0\n"
    (here / "strata.csv").write_text(f"stratum,query,size,spares\n{rows}")
    items = drawn("--strata", "strata.csv")
    for number, item in enumerate(items):
        assert record(item, f"tco={'no' if number % 3 else 'yes'}").code == 0
    told = sample("evaluate", "A", "--attribute", "tco=no", "--json").json

    assert len(items) == 9
    assert [(r["stratum"], r["x"], r["n"]) for r in told["rows"]] == [
        ("gangs", 2, 4),
        ("others", 4, 5),
        ("all strata", 6, 9),
    ]
    assert told["rows"][2]["projected"] == 13
    # 10 * 6 * (1/2)(1/2) / 3 + 10 * 5 * (4/5)(1/5) / 4 = 5 + 2.
    assert told["rows"][2]["standard_error"] == round(7**0.5, 6)
    assert "within each of 2 strata" in told["design"]
    assert findings() == ()


def test_strata_in_which_all_seen_is_alike(here):
    """
    No spread was seen, so there are no limits; and nothing is said of all of them while
    one has no answer.
    """
    ledgers.load("scr.db", "".join(life(f"X-{n}", category="fraud") for n in (1, 2, 3)))
    rows = "gangs,category=gangs,3\nothers,category=narcotics,2\nx,category=fraud,2\n"
    (here / "strata.csv").write_text(f"stratum,query,size\n{rows}")
    items = drawn("--strata", "strata.csv")
    for item in items[:5]:
        assert record(item, f"tco={'no' if item in items[:3] else 'yes'}").code == 0
    asked = ("evaluate", "A", "--attribute", "tco=no", "--json")
    partial = sample(*asked, "--partial").json["rows"]
    assert [row["stratum"] for row in partial] == ["gangs", "others"]

    for item in items[5:]:
        assert record(item, "tco=yes").code == 0
    row = sample(*asked).json["rows"][-1]
    assert (row["stratum"], row["projected"], row["frame"]) == ("all strata", 10, 23)
    assert [row[n] for n in ("lower", "upper", "frame_lower", "frame_upper")] == [
        None
    ] * 4
    assert row["method"].endswith("no spread was seen, so no limits are given")


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("a,category=gangs,4\n", "are in no stratum"),
        ("a,stands,4\nb,category=gangs,2\n", "each SCR is in one"),
        ("a,category=gangs,x\nb,category=narcotics,2\n", "size takes a whole number"),
        ("a,category=gangs,\n", "size: is required"),
        ("a,stands,4\na,stands,4\n", "stratum: is there twice"),
        ("a,nonsense,4\n", "is no query of a population"),
        ("", "has no stratum"),
        ("a,category=gangs,11\nb,category=narcotics,2\n", "are asked for, of 10"),
    ],
)
def test_strata_that_are_none(here, rows, words):
    """
    Said in one line, or one for each fault; nothing is drawn.
    """
    (here / "strata.csv").write_text(f"stratum,query,size\n{rows}")
    framed()
    at = head()
    told = sample("draw", "A", "--strata", "strata.csv", "--seed", "s")

    assert told.code in {2, 5}
    assert words in told.err
    assert head() == at


def test_spares_are_used_in_their_order():
    """
    Each with its reason; what is examined is never exchanged.
    """
    items = drawn("--size", "4", "--spares", "1")
    record(items[1], "tco=no")
    spare = ranked("s", NAMES)[4]
    options = ["--reason", "sealed by a court"]

    assert sample("spare", "A", "--item", items[1], *options).code == 5
    told = sample("spare", "A", "--item", items[0], *options, "--json").json
    assert told["spare"] == spare
    rows = sample("show", "A", "--json").json["rows"]
    assert (rows[0]["item"], rows[0]["instead_of"]) == (spare, items[0])
    assert "sealed by a court" in sample("show", "A").out
    assert record(items[0], "tco=no").code == 5
    assert sample("spare", "A", "--item", items[2], *options).code == 5
    assert findings() == ()


def test_reviewers_disagree_and_a_third_person_settles():
    """
    The item is in dispute, is not evaluated, and all three answers stay.
    """
    items = drawn("--size", "2")
    for item in items:
        record(item, "tco=no")
    assert record(items[0], "tco=yes", "--review", "second", "--by", "ANN ").code == 5
    assert record(items[0], "tco=yes", "--review", "second", "--by", "bo").code == 0
    rows = sample("show", "A", "--open", "--json").json["rows"]
    assert [(row["item"], row["state"]) for row in rows] == [(items[0], "in dispute")]
    told = sample("evaluate", "A", "--attribute", "tco=no")
    assert (told.code, "1 in dispute" in told.err) == (5, True)
    settle = ["settle", "A", "--item", items[0], "--attribute", "tco=yes"]
    assert sample(*settle, "--reason", "r", "--by", "b.o").code == 5
    assert sample(*settle, "--reason", "r", "--by", "cy").code == 0
    (row, _) = sample("show", "A", "--json").json["rows"]
    assert (row["first"], row["second"]) == ("no (ann)", "yes (bo)")
    assert (row["settled"], row["state"]) == ("yes (cy)", "yes")
    (line,) = sample("evaluate", "A", "--attribute", "tco=no", "--json").json["rows"]
    assert (line["x"], line["n"]) == (1, 2)
    assert findings() == ()


def test_what_is_not_finished_is_not_evaluated():
    """
    Unless it is asked for, and then it says so.
    """
    items = drawn("--size", "3")
    record(items[0], "tco=no")
    told = sample("evaluate", "A", "--attribute", "tco=no")
    assert (told.code, "2 not answered" in told.err) == (5, True)
    partial = sample("evaluate", "A", "--attribute", "tco=no", "--partial", "--json")
    assert partial.json["partial"] is True
    assert partial.json["unanswered"] == 2
    assert "PARTIAL: only 1 are answered" in partial.json["design"]
    assert partial.json["rows"][0]["n"] == 1


def test_two_reviews_where_two_are_asked_for():
    """
    Without the second the sample is not finished.
    """
    (item,) = drawn("--size", "1", "--reviews", "2")
    record(item, "tco=no")
    told = sample("evaluate", "A", "--attribute", "tco=no")
    assert (told.code, "1 without a second review" in told.err) == (5, True)
    (row,) = sample("show", "A", "--open", "--json").json["rows"]
    assert (row["item"], row["state"]) == (item, "to be reviewed")
    record(item, "tco=no", "--review", "second", "--by", "bo")
    assert sample("show", "A", "--open", "--json").json["rows"] == []
    assert sample("evaluate", "A", "--attribute", "tco=no").code == 0


def test_not_determinable_is_neither_yes_nor_no():
    """
    It stays in n, and has lines of its own.
    """
    items = drawn("--size", "4")
    for item, found in zip(items, ("no", "no", "yes", "not-determinable"), strict=True):
        record(item, f"tco={found}")
    told = sample("evaluate", "A", "--attribute", "tco=no", "--json").json

    assert [(row["what"], row["x"], row["n"]) for row in told["rows"]] == [
        ("tco=no", 2, 4),
        ("tco=not-determinable", 1, 4),
        ("tco=no or not-determinable", 3, 4),
    ]
    assert told["not_determinable"] == 1


def test_a_part_of_a_part():
    """
    Queries and attributes narrow what was found; categories split it.
    """
    items = drawn("--size", "6")
    for number, item in enumerate(items):
        found = [f"tco={'no' if number < 4 else 'yes'}", "--attribute"]
        record(item, *found, f"late={'yes' if number < 2 else 'no'}")
    options = ["--then", "attribute:late=yes", "--by-category", "--json"]
    told = sample("evaluate", "A", "--attribute", "tco=no", *options).json
    whole = [row for row in told["rows"] if row["category"] is None]

    assert [(row["what"], row["of"], row["x"], row["n"]) for row in whole] == [
        ("tco=no", "sample", 4, 6),
        ("attribute:late=yes", "tco=no", 2, 4),
        ("attribute:late=yes", "sample", 2, 6),
    ]
    gangs = [one for one in items[:4] if one in NAMES[::2]]
    split = {r["category"]: r["x"] for r in told["rows"] if r["of"] == r["what"]}
    parts = [r for r in told["rows"] if r["category"] and r["what"] == "tco=no"]
    assert sum(row["x"] for row in parts) == 4
    by_name = {row["category"]: row["x"] for row in parts}
    assert by_name.get("gangs", 0) == len(gangs)
    assert split


def test_a_part_that_is_not_finished_is_not_evaluated():
    """
    An attribute that narrows has to be answered for what it narrows, and only for that;
    with --partial the answer says how many are not. One that nobody answered is none.
    """
    items = drawn("--size", "4")
    for item, found in zip(items, ("no", "no", "no", "yes"), strict=True):
        record(item, f"tco={found}")
    record(items[0], "late=yes")
    asked = ("evaluate", "A", "--attribute", "tco=no", "--then", "attribute:late=yes")
    told = sample(*asked)
    assert (told.code, told.out) == (5, "")
    assert "2 without an answer to attribute:late=yes that holds" in told.err
    partial = sample(*asked, "--partial", "--json").json
    assert partial["partial"]
    assert "PARTIAL: 2 without an answer to attribute:late=yes" in partial["design"]
    record(items[1], "late=no")
    record(items[2], "late=not-determinable")
    whole = sample(*asked, "--json").json
    assert (whole["partial"], whole["rows"][1]["x"]) == (False, 1)
    assert "1 are not determinable for attribute:late=yes" in whole["design"]
    record(items[1], "late=yes", "--review", "second", "--by", "bo")
    assert sample(*asked).code == 5

    told = sample(*asked[:-1], "attribute:lat=yes")
    assert (told.code, "no attribute lat is answered" in told.err) == (2, True)


def test_a_table_is_recorded_whole_or_not_at_all(here):
    """
    Every fault is a line; the same table again adds nothing.
    """
    items = drawn("--size", "3")
    table = here / "found.csv"
    table.write_text(
        f"item,tco,note_ref\n{items[0]},no,wp\n{items[1]},maybe,\n x,no,\n"
    )
    at = head()
    told = sample("record", "A", "--csv", "found.csv")
    assert (told.code, head()) == (5, at)
    assert told.err.splitlines()[:2] == [
        "found.csv:3: tco: must be yes, no, not-determinable",
        "found.csv:4: item: must be the id of an SCR",
    ]
    table.write_text(f"item,tco\n{items[0]},no\nSCR-99,no\n")
    assert (sample("record", "A", "--csv", "found.csv").code, head()) == (5, at)
    table.write_text(f"item,tco\n{items[0]},no\n{items[1]},yes\n")
    assert sample("record", "A", "--csv", "found.csv", "--json").json["items"] == 2
    again = sample("record", "A", "--csv", "found.csv", "--json").json
    assert (again["items"], again["already_recorded"]) == (0, 2)
    assert head() == at + 2


def test_a_rehearsal_records_nothing():
    """
    Of any of the five facts.
    """
    at = head()
    assert sample("frame", "A", "stands", "--dry-run").out.startswith("would be sealed")
    assert head() == at
    items = drawn("--size", "1", "--spares", "1")
    at = head()
    assert record(items[0], "tco=no", "--dry-run").out.startswith("would be recorded")
    told = sample("spare", "A", "--item", items[0], "--reason", "r", "--dry-run")
    assert told.out.startswith("would be replaced")
    assert head() == at


def test_a_frame_that_changed_is_refused():
    """
    Other ids under hashes made anew are found by the query, at the basis; and by the
    hash that somebody noted.
    """
    told = framed(query="category=gangs")
    noted = ["draw", "A", "--size", "1", "--seed", "s", "--frame-sha256"]
    assert sample(*noted, "0" * 64).code == 4
    forged = ["SCR-99", *NAMES[2::2]]
    at = head()
    tamper(
        "scr.db",
        put(at, "SCR-01", "SCR-99"),
        put(at, told["sha256"], hash_of_set(forged)),
    )
    items = json.dumps(sorted(forged), separators=(",", ":"))
    now = json.dumps(forged, separators=(",", ":"))
    tamper("scr.db", put(at, now, items))
    rehash("scr.db")
    told = sample("draw", "A", "--size", "1", "--seed", "s")
    assert (told.code, head()) == (4, at)
    assert "the frame of sample A has changed" in told.err


FORGED = [
    ("sample", '"seed":"s"', '"seed":"t"'),
    ("sample", '"order":"ids by', '"order":"by'),
    ("sample", '"review":"second"', '"review":"first"'),
    ("sample", '"by":"bo"', '"by":"An-n"'),
    ("sample", '"by":"cy"', '"by":"bo."'),
    ("sample", '"event":"spared","item":"', '"event":"spared","item":"x'),
    ("sample", '"position":161', '"position":160'),
]


@pytest.mark.parametrize(("check", "old", "new"), FORGED)
def test_a_forged_fact_is_found(check, old, new):
    """
    With leaf hashes made anew, the rules still say no.
    """
    items = drawn("--size", "3", "--spares", "1")
    sample("spare", "A", "--item", items[2], "--reason", "r")
    record(items[0], "tco=no")
    record(items[0], "tco=yes", "--review", "second", "--by", "bo")
    settle = ["settle", "A", "--item", items[0], "--attribute", "tco=yes"]
    sample(*settle, "--reason", "r", "--by", "cy")
    assert findings() == ()
    connection = sqlite3.connect("scr.db")
    texts = connection.execute(
        "SELECT rowid, CAST(state AS TEXT) FROM stored_events"
        " WHERE originator_id='sample/A'"
    ).fetchall()
    connection.close()
    if "position" in old:
        base = json.loads(texts[0][1])["basis"]["position"]
        old, new = f'"position":{base}', f'"position":{base - 1}'
    (at,) = [row for row, text in texts if old in text][:1]
    tamper("scr.db", put(at, old, new))
    rehash("scr.db")

    assert (check, at) in [(one.check, one.position) for one in findings()]


def test_a_forged_seed_from_the_log_is_found():
    """
    Another seed, its items drawn by the rule, under hashes made anew: the root that
    it names is not the log's.
    """
    framed()
    scr("reopen", NAMES[0], "--reason", "r")
    assert sample("draw", "A", "--size", "3", "--seed-from-log").code == 0
    at = head()
    assert findings() == ()
    (row,) = scr("log", "--from", f"@{at}", "--json").json["rows"]
    seed = hash_of_set(["liked better"])
    items = row["strata"][0]["items"]
    forged = json.dumps(ranked(seed, NAMES)[:3], separators=(",", ":"))
    tamper(
        "scr.db",
        put(at, json.dumps(items, separators=(",", ":")), forged),
        put(at, row["seed"], seed),
    )
    rehash("scr.db")

    assert [(one.check, one.position) for one in findings()] == [("sample", at)]


def test_the_log_says_how_many_and_not_which():
    """
    In details a frame is a number of items, a draw one of each stratum; JSON has all.
    """
    drawn("--size", "3", "--spares", "2")
    told = scr("log", "--last", "2", "-f", "csv")
    frame, draw = told.out.splitlines()[-2:]

    assert "items 20" in frame
    assert "strata all 3 and 2 spares of 20" in draw
    assert "SCR-" not in frame + draw
    rows = scr("log", "--last", "2", "--json").json["rows"]
    assert rows[0]["items"] == NAMES


WRONG = [
    (["frame", "A", "stands"], 5, "is sealed at"),
    (["frame", "B", "approved or stands"], 2, "is no query of a population"),
    (["frame", "B", "approved and"], 2, "is no query of a population"),
    (["frame", "B", ""], 2, "is no query of a population"),
    (["frame", "B", "filed:17"], 2, "is not a fiscal year"),
    (["frame", "B", "counted:nothing:2019"], 2, "nothing"),
    (["frame", "B", "publication:none"], 3, "no publication is named none"),
    (["frame", "B", "category=none"], 5, "its frame has no SCR"),
    (["frame", "9", "stands"], 2, "--sample must be 1 to 64"),
    (["frame", "B", "stands", "--as-of", "x y"], 2, "neither a date"),
    (["draw", "B", "--size", "1", "--seed", "s"], 3, "no frame is sealed"),
    (["draw", "A", "--size", "1", "--seed", "t"], 5, "is drawn already"),
    (["draw", "A", "--size", "99", "--seed", "t"], 5, "are asked for, of 20"),
    (["draw", "A", "--size", "0", "--seed", "t"], 2, "0 is not in the range"),
    (["draw", "A", "--size", "1"], 2, "--seed-from-log"),
    (["draw", "A", "--seed", "s"], 2, "give --size, or --strata"),
    (["spare", "A", "--item", "X", "--reason", "r"], 5, "it was not drawn"),
    (["spare", "A", "--item", "SCR-01"], 2, "Missing option '--reason'"),
    (["record", "A", "--item", "SCR-01"], 2, "--attribute NAME=ANSWER"),
    (["record", "A", "--item", "S", "--attribute", "tco=maybe"], 2, "answers are yes"),
    (["record", "A"], 2, "give --item and --attribute, or --csv"),
    (["record", "B", "--item", "S", "--attribute", "tco=no"], 3, "no frame is sealed"),
    (["record", "A", "--csv", "none.csv"], 3, "cannot read none.csv"),
    (["show", "B"], 3, "no frame is sealed for a sample named B"),
    (["show", "\udc80"], 3, "no frame is sealed"),
    (["evaluate", "A", "--attribute", "tco=no"], 2, "nothing is recorded yet"),
    (["evaluate", "A", "--attribute", "tco"], 2, "takes NAME=ANSWER"),
    (
        ["evaluate", "A", "--attribute", "tco=no", "--confidence", "0.95"],
        2,
        "from 50 to less than 100",
    ),
    (["plan", "--confidence", "95"], 2, "give --tolerable, or --margin"),
    (["plan", "--confidence", "95", "--tolerable", "0"], 2, "must be above the expec"),
    (["plan", "--confidence", "100", "--tolerable", "5"], 2, "less than 100"),
    (
        ["plan", "--confidence", "99", "--tolerable", "0.01"],
        2,
        "no sample of up to 10,000 will do",
    ),
]


@pytest.mark.parametrize(("arguments", "code", "words"), WRONG)
def test_wrong_input_gets_one_line(arguments, code, words):
    """
    What was wrong, in one line, with its exit code; nothing is recorded.
    """
    if "t" in arguments and "99" in arguments:
        framed()
    else:
        drawn("--size", "3")
    at = head()
    told = sample(*arguments)

    assert (told.code, told.out, told.err.count("\n")) == (code, "", 1)
    assert words in told.err
    assert head() == at


def test_a_plan_needs_no_ledger(here):
    """
    Sizes, Cochran's, and strata by Neyman.
    """
    (here / "scr.db").unlink()
    (here / "strata.csv").write_text(
        "stratum,population,rate\na,400,50\nb,600,10\nc,1000,1\n"
    )
    plan = ["plan", "--confidence", "95", "--json"]
    attribute = [*plan, "--expected", "1", "--tolerable", "5"]

    assert sample(*attribute).json["rows"][0]["n"] == 93
    found = sample(*plan, "--margin", "5", "--population", "1000").json["rows"]
    assert [row["n"] for row in found] == [278]
    found = sample(*plan, "--size", "240", "--strata", "strata.csv").json["rows"]
    assert [row["n"] for row in found] == [240, 100, 90, 50]
    assert found[1]["method"] == "allocation, Neyman"


def test_a_sample_is_seen_as_it_stood():
    """
    Before it was drawn it is not drawn, and before it was sealed there is none.
    """
    framed()
    at = head()
    sample("draw", "A", "--size", "2", "--seed", "s")

    told = sample("show", "A", "--as-of", f"@{at}")
    assert "It is not drawn yet." in told.out
    assert sample("show", "A", "--as-of", f"@{at - 1}").code == 3
    assert sample("show", "A", "--as-of", "2024-12-31").code == 3
    assert sample("list", "--as-of", f"@{at - 1}", "--json").json["rows"] == []


def test_a_report_is_one_file(here):
    """
    Markdown, or a page that refers to nothing else; hostile text stays text.
    """
    items = drawn("--size", "2", "--spares", "1")
    hostile = "<script>|x"
    sample("spare", "A", "--item", items[0], "--reason", hostile)
    for row in sample("show", "A", "--json").json["rows"]:
        record(row["item"], "tco=no")
    asked = ["report", "A", "--attribute", "tco=no"]
    assert sample(*asked, "-o", "A.html").code == 0
    page = (here / "A.html").read_text()
    text = sample(*asked).out

    assert "&lt;script&gt;" in page
    assert "<script" not in page + text
    assert not any(mark in page for mark in ("http:", "https:", "src=", "href="))
    for said in ("100.00 %", "Clopper-Pearson", "Design: simple random sampling"):
        assert said in page
        assert said in text


def test_without_scipy_one_line_says_what_to_install(monkeypatch):
    """
    Exit 2, and the extra by name.
    """
    (item,) = drawn("--size", "1")
    record(item, "tco=no")
    monkeypatch.setitem(sys.modules, "scipy.stats", None)
    told = sample("evaluate", "A", "--attribute", "tco=no")

    assert (told.code, told.err.count("\n")) == (2, 1)
    assert 'pip install "scr-ledger[audit]"' in told.err


def test_counts_do_not_change():
    """
    A sample is no case fact: figures stay, and so does what an export has.
    """
    before = (scr("count", "--json").json["rows"], scr("export").out)
    (item,) = drawn("--size", "1")
    record(item, "tco=no")

    assert (scr("count", "--json").json["rows"], scr("export").out) == before


def test_a_plan_of_strata_is_of_its_population(here):
    """
    An empty stratum, or another number than is planned for, is refused in one line.
    """
    plan = ("plan", "--confidence", "95", "--strata", "strata.csv")
    (here / "strata.csv").write_text("stratum,population\na,400\nb,600\n")
    told = sample(*plan, "--margin", "5", "--population", "7000")
    assert (told.code, told.out) == (2, "")
    assert "--population is 7,000, and the strata have 1,000" in told.err
    assert sample(*plan, "--margin", "5", "--population", "1000").code == 0
    (here / "strata.csv").write_text("stratum,population\na,400\nb,0\n")
    told = sample(*plan, "--size", "24")
    assert (told.code, "b has a population of 0" in told.err) == (2, True)
