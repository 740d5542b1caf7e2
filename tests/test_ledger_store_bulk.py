"""Import: what the contract refuses, what it accepts with a note, what it adds."""

from __future__ import annotations

import io
import json
import tracemalloc
from datetime import UTC, datetime
from hashlib import sha256
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given as holds_for
from hypothesis import strategies as st

from ledger import app, errors
from ledger.domain import scr as scrs
from ledger.domain.events import MAX_LINE_BYTES
from ledger.errors import FaultyFileError, FieldError, RuleError
from ledger.intake.facts import JsonLines
from ledger.reader import open_log
from ledger.store.bulk import _Matcher
from ledger.store.sqlite import system_clock
from projections.history import exported, line_of
from tests import commandline, ledgers, strategies, taxonomies
from tests.definitions import LONG_AGO
from tests.facts import (
    ACCEPTED,
    ANOMALIES,
    IN_TAXONOMY,
    REFUSED,
    REFUSED_AS_KNOWN,
    WHY,
    classified,
    determined,
    dismantled,
    disrupted,
    fact,
    filed,
    merged,
    read,
    reclassified,
    redated,
    redetermined,
    reinstated,
    returned,
    unmerged,
    voided,
)
from tests.ledgers import Clock


@pytest.fixture
def path(tmp_path) -> str:
    """
    An empty ledger.
    """
    return ledgers.make(tmp_path / "scr.db")


def load(path, *lines, **options):
    """
    Import lines as one file.
    """
    text = "".join(json.dumps(line) + "\n" for line in lines)
    return load_bytes(path, text.encode(), **options)


def load_bytes(path, data, *, file="f.jsonl", clock=system_clock, **options):
    """
    Import a file.
    """
    lines = io.BytesIO(data) if isinstance(data, bytes) else data
    ledger, identity = app.open_ledger(path, clock=clock)
    try:
        return ledger.import_file(
            file, JsonLines(lines), zone=ZoneInfo(identity.timezone), **options
        )
    finally:
        ledger.close()


def facts(path) -> list[dict]:
    """
    Return the whole log.
    """
    with open_log(path) as log:
        return [line_of(row) for row in log.rows(0, log.head)]


@pytest.mark.parametrize("together", [True, False], ids=["one file", "two files"])
@pytest.mark.parametrize(
    ("words", "field", "before", "line"),
    [row[1:] for row in (*REFUSED, *REFUSED_AS_KNOWN)],
)
def test_what_the_contract_refuses(  # noqa: PLR0913, PLR0917 - a table
    path, words, field, before, line, together
):
    """
    Each rule refuses the whole file, naming line, field and rule; nothing is recorded.
    """
    if before and not together:
        load(path, *before)
        before = []
    head = len(facts(path))

    # Otherwise an equal line of a second file would be already recorded.
    with pytest.raises(FaultyFileError) as refused:
        load(path, *before, {**line, "note": "another"})

    (text,) = refused.value.lines
    assert text.startswith(f"f.jsonl:{len(before) + 1}: {field}: ")
    assert words in text
    assert len(facts(path)) == head


def test_every_rule_is_in_the_table():
    """
    No refusal of the domain is without a row.
    """
    of_import = {errors.OutOfOrderError}  # Shown below, with what is recorded.
    rules = set(RuleError.__subclasses__()) - of_import

    assert {rule for rule, *_ in (*REFUSED, *REFUSED_AS_KNOWN)} == rules


@pytest.mark.parametrize("lines", ACCEPTED)
def test_what_the_contract_does_not_refuse(path, lines):
    """
    What comes close to a rule and keeps it is recorded.
    """
    assert load(path, *lines).totals.new == len(lines)


@pytest.mark.parametrize(("rule", "departs", "keeps"), ANOMALIES)
def test_what_is_accepted_with_a_note(path, rule, departs, keeps):
    """
    History is loaded as found: each departure is counted by its rule, and no other.
    """
    taxonomies.put(path, taxonomies.body(*IN_TAXONOMY))

    def noted(lines) -> int:
        return load(path, *lines, dry_run=True).totals.anomalies.get(rule, 0)

    assert noted(departs) == noted(departs[:-1]) + 1
    assert noted(keeps) == noted(keeps[:-1])


def test_without_a_taxonomy_every_category_is_taken(path):
    """
    Nothing is noted of categories before one is loaded; then the latest one recorded
    is what they are compared with, whenever it was adopted.
    """

    def noted(scr, category) -> int:
        lines = [filed(scr), classified(category, scr=scr)]
        return load(path, *lines).totals.anomalies.get("category-not-in-taxonomy", 0)

    assert noted("S-1", "gangs") == 0
    taxonomies.put(path, taxonomies.body("fraud"), adopted_at=LONG_AGO)
    assert noted("S-2", "gangs") == 1
    taxonomies.put(path, taxonomies.body("fraud", "gangs"))
    assert noted("S-3", "gangs") == 0


def test_every_anomaly_is_in_the_table():
    """
    No anomaly is without a row.
    """
    assert {rule for rule, *_ in ANOMALIES} == set(scrs.ANOMALIES)


def test_notes_are_recorded_with_the_import(path):
    """
    What was found odd about a file stays on record, rule by rule.
    """
    report = load(path, filed(), disrupted(), disrupted("D2"), voided(duplicate_of="X"))

    assert report.totals.anomalies == {
        "outcome-not-approved": 2,
        "duplicate-of-unknown": 1,
    }
    assert facts(path)[-1]["anomalies"] == report.totals.anomalies


def test_a_clean_life_has_no_note(path):
    """
    A history as the rules want it departs from none.
    """
    report = load(
        path,
        filed(),
        classified(),
        determined(),
        fact("approved"),
        disrupted(),
        dismantled(),
        returned(),
        reclassified(),
        redetermined(),
    )

    assert report.totals.anomalies == {}


def test_all_faults_are_listed_in_order(path):
    """
    A file's faults are all found: the first hundred listed, then how many there are.
    """
    bad = [filed(f"S-{n}", effective_on="2019-02-30") for n in range(150)]

    with pytest.raises(FaultyFileError, match="150 faults") as refused:
        load(path, filed("S-A"), *bad)

    assert len(refused.value.lines) == 100
    assert [text.split(":")[1] for text in refused.value.lines[:3]] == ["2", "3", "4"]


def faults(path, *lines, **options) -> list[str]:
    """
    Import lines that are refused; return their faults.
    """
    with pytest.raises(FaultyFileError) as refused:
        load(path, *lines, **options)
    return list(refused.value.lines)


def numbers(told: list[str]) -> list[int]:
    """
    Return the numbers of the lines at fault.
    """
    return [int(text.split(":")[1]) for text in told]


BAD = {"by": " "}
FUTURE = {"known_at": "2999-01-01T00:00:00Z"}  # Refused by a rule, though readable.

EXCUSED = [
    ([], filed, [classified(), disrupted(), redated(), voided()]),
    ([filed()], disrupted, [redated(), returned(outcome="D1")]),
    ([filed()], dismantled, [redated("D2")]),
    ([filed()], voided, [reinstated()]),
    ([filed(), voided()], reinstated, [disrupted(), redated()]),
    ([], merged, [unmerged()]),
    ([merged()], unmerged, [merged(into="O-3")]),
]


@pytest.mark.parametrize("wrong", [BAD, FUTURE], ids=["unreadable", "against a rule"])
@pytest.mark.parametrize("together", [True, False], ids=["one file", "two files"])
@pytest.mark.parametrize(("before", "line", "after"), EXCUSED)
def test_a_refused_line_makes_no_further_faults(  # noqa: PLR0913, PLR0917 - a table
    path, before, line, after, together, wrong
):
    """
    What a refused line would have established is not missed by later ones.
    """
    if before and not together:
        load(path, *before)
        before = []

    assert numbers(faults(path, *before, line(**wrong), *after)) == [len(before) + 1]


@pytest.mark.parametrize(
    "after",
    [
        fact("reopened", "S-2", **WHY),
        redated("D9"),
        disrupted("D3"),
        reinstated(),
    ],
)
def test_a_refused_line_excuses_nothing_else(path, after):
    """
    Faults that have nothing to do with an earlier one are all told.
    """
    before = [filed(), disrupted("D3"), disrupted("D1", **BAD)]

    assert numbers(faults(path, *before, after)) == [3, 4]


def test_an_outcome_that_cannot_be_read_may_be_any(path):
    """
    Only the outcome that a refused line names is excused, if it can be told.
    """
    told = faults(path, filed(), disrupted("D 1"), redated("D1"), redated("D2"))

    assert numbers(told) == [2]


def test_what_came_after_a_refused_line_is_judged_as_it_is(path):
    """
    A refused `reinstated` excuses nothing once the SCR was reinstated and voided anew.
    """
    again = [reinstated(note="2"), voided(note="2"), disrupted()]

    assert numbers(faults(path, filed(), voided(), reinstated(**BAD), *again)) == [3, 6]


def test_a_line_that_is_no_json_excuses_nothing(path):
    """
    Nothing can be told about a line that does not even name its subject.
    """
    text = b'{"scr":"S-1","event":"filed"\n' + json.dumps(disrupted()).encode()

    with pytest.raises(FaultyFileError, match="2 faults"):
        load_bytes(path, text)


def test_a_value_that_no_number_can_hold_hides_nothing(path):
    """
    Whatever else is wrong with a line, its subject and event are told.
    """
    huge = json.dumps(filed()).encode()[:-1] + b',"note":' + b"9" * 5000 + b"}\n"

    with pytest.raises(FaultyFileError, match="1 fault"):
        load_bytes(path, huge + json.dumps(disrupted()).encode())


@pytest.mark.parametrize(
    "subject",
    [
        b'"scr":"\\ud800"',
        b'"scr":"a b"',
        b'"scr":7',
        b'"organization":["O"]',
        b'"scr":' + b"9" * 5000,
    ],
)
def test_a_subject_that_is_none_is_one_fault(path, subject):
    """
    A line about no possible subject is refused in words, whatever it says.
    """
    load(path, filed())  # A ledger that is not empty looks subjects up.

    with pytest.raises(FaultyFileError, match="refused") as refused:
        load_bytes(path, b"{" + subject + b',"event":"filed"}')

    assert set(numbers(refused.value.lines)) == {1}


# --- again, and more -------------------------------------------------------------


def test_the_same_file_again_adds_nothing(path):
    """
    What is recorded is not recorded again, and the log stays as it is.
    """
    lines = [filed(), disrupted(), fact("reopened", known_at=None, **WHY)]
    load(path, *lines)
    head = len(facts(path))

    report = load(path, *lines)

    assert (report.totals.new, report.totals.already_recorded) == (0, 3)
    assert len(facts(path)) == head


def test_an_extended_file_adds_what_is_new(path):
    """
    Of a longer file only the lines that are not there are added.
    """
    load(path, filed())

    report = load(path, filed(), disrupted())

    assert (report.totals.added, report.totals.already_recorded) == (
        {"disrupted": 1},
        1,
    )


def test_two_equal_lines_are_two_events(path):
    """
    One event matches one line: a line that stands twice is recorded twice, once.
    """
    twice = [filed(), fact("reopened", **WHY), fact("reopened", **WHY)]

    assert load(path, *twice).totals.new == 3
    assert load(path, *twice).totals.new == 0
    assert load(path, *twice, twice[-1]).totals.new == 1


def test_a_new_line_before_a_recorded_one_is_refused(path):
    """
    New facts about a subject follow what is recorded about it.
    """
    load(path, filed(), disrupted())

    (told,) = faults(path, filed(), fact("reopened", **WHY), disrupted())

    assert told == (
        "f.jsonl:2: event: this line of S-1 is new, but line 3 after it is already"
        " recorded; new facts follow what is recorded"
    )


OUT_OF_PLACE = [
    [fact("reopened", known_at="2019-01-02T00:00:01Z", **WHY)],
    [redated(known_at="2019-01-02T00:00:01Z"), redated("D9")],
    [disrupted(note="another")],
    [fact("reopened", **WHY), filed("S-2"), fact("transferred", office="X")],
]


@pytest.mark.parametrize("new", OUT_OF_PLACE)
def test_a_line_out_of_place_has_no_other_fault(path, new):
    """
    It was judged by what comes after it, so only its place is told, once.
    """
    recorded = [filed(), disrupted(), fact("approved", known_at="2020-01-01T00:00:00Z")]
    load(path, *recorded)

    told = faults(path, *recorded[:2], *new, recorded[2])

    of_another = [3 + at for at, line in enumerate(new) if line["scr"] != "S-1"]
    assert numbers(told) == sorted({*range(3, 3 + len(new))} - {*of_another})
    assert all("is new, but" in text for text in told)


def test_a_line_is_out_of_place_once(path):
    """
    However many recorded lines come after it, it is one fault.
    """
    load(path, filed(), classified(), disrupted())
    new = [fact("reopened", **WHY), fact("reopened", **WHY)]

    told = faults(path, filed(), new[0], classified(), new[1], disrupted())

    assert numbers(told) == [2, 4]


def test_lines_out_of_place_stand_in_file_order(path):
    """
    Of many faults the first hundred in file order are listed, whenever they showed.
    """
    load(path, filed(), disrupted())
    early = [fact("reopened", **WHY, note=str(n)) for n in range(60)]
    wrong = [filed(f"S-{n}", **BAD) for n in range(100, 200)]

    with pytest.raises(FaultyFileError, match="160 faults") as refused:
        load(path, filed(), *early, *wrong, disrupted())

    assert numbers(refused.value.lines) == list(range(2, 102))


@pytest.mark.parametrize(
    "changed",
    [
        {"source": "another extract"},
        {"known_at": "2019-01-01T19:00:00-05:00"},
        {"known_at": None},
    ],
)
def test_what_does_not_make_a_line_another(path, changed):
    """
    A source, another offset of the same instant, or no instant, is the same fact.
    """
    load(path, filed())

    assert (
        load(
            path,
            {**filed(), **changed}
            if changed.get("known_at", 1)
            else {k: v for k, v in filed().items() if k != "known_at"},
        ).totals.already_recorded
        == 1
    )


@pytest.mark.parametrize(
    "changed", [{"note": "n"}, {"by": "other"}, {"known_at": "2019-01-02T00:00:01Z"}]
)
def test_what_makes_a_line_another(path, changed):
    """
    Any other difference is another event; here a second filing, which is refused.
    """
    load(path, filed())

    with pytest.raises(FaultyFileError, match="1 fault"):
        load(path, {**filed(), **changed})


def test_an_export_is_already_recorded(path):
    """
    What the ledger exports, it has; also where it set `known_at` itself.
    """
    load(path, filed(), disrupted(known_at=None), merged())
    with open_log(path) as log:
        lines = list(exported(log))

    assert load(path, *lines).totals.already_recorded == 3


def test_an_export_of_live_facts_is_already_recorded(path):
    """
    Who ran a live command is not in an export, and makes no fact another.
    """
    ledger, identity = app.open_ledger(path)
    ledger.record(filed(known_at=None), zone=ZoneInfo(identity.timezone))
    ledger.close()
    with open_log(path) as log:
        lines = list(exported(log))

    assert load(path, *lines).totals.already_recorded == 1


def test_the_import_is_a_fact(path):
    """
    Who loaded what, how much and with what notes is recorded after the facts.
    """
    load(path, filed(), disrupted(), source="extract of 2019")
    *_, first, second, imported = facts(path)

    assert (first["source"], second["source"]) == ("extract of 2019",) * 2
    assert imported["event"] == "imported"
    assert imported["added"] == {"filed": 1, "disrupted": 1}
    assert imported["rows"] == 2
    assert imported["run_by"] == app.account()


def test_a_rehearsed_import_records_nothing(path):
    """
    A dry run reports what would be added.
    """
    report = load(path, filed(), dry_run=True)

    assert report.totals.new == 1
    assert len(facts(path)) == 1


def test_known_at_left_out_is_the_moment_of_import(path):
    """
    Facts without `known_at` were known when they were imported: all at once.
    """
    load(path, filed(known_at=None), disrupted(known_at=None))
    one, two = facts(path)[1:3]

    assert one["known_at"] == one["recorded_at"] == two["known_at"]
    assert one["claimed"] is False


def test_a_link_that_was_undone_closes_no_circle(path):
    """
    A duplicate that was reinstated leads nowhere.
    """
    load(
        path,
        filed(),
        filed("S-2"),
        fact("voided", "S-2", duplicate_of="S-1", **WHY),
        fact("reinstated", "S-2", **WHY),
        fact("voided", duplicate_of="S-2", **WHY),
    )

    assert len(facts(path)) == 7


RAW = [
    (b"\xef\xbb\xbf%s\r\n\r\n  \n%s\n", 2),
    (b"%s\n%s", 2),
]


@pytest.mark.parametrize(("form", "rows"), RAW)
def test_marks_breaks_and_blank_lines(path, form, rows):
    """
    A byte order mark, CRLF, blank lines and a missing last break change nothing.
    """
    lines = [json.dumps(line).encode() for line in (filed(), disrupted())]

    assert load_bytes(path, form % tuple(lines)).totals.rows == rows


def longest(size: int) -> bytes:
    """
    Return a line of so many bytes, most of them in a field that is ignored.
    """
    short = json.dumps(filed(position="")).encode()
    return short.replace(b'""', b'"' + b"x" * (size - len(short)) + b'"')


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "marked"])
@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b"\r\n\n"])
def test_the_longest_line(path, mark, end):
    """
    A line may be as long as the limit, not counting its mark and its end.
    """
    assert load_bytes(path, mark + longest(MAX_LINE_BYTES) + end).totals.new == 1
    for more in (1, 2, 3, 4, 5, 6, 7):
        with pytest.raises(FaultyFileError) as refused:
            load_bytes(path, mark + longest(MAX_LINE_BYTES + more) + end)
        assert "longer than" in refused.value.lines[0]


def test_a_line_number_counts_every_line(path):
    """
    Blank and overlong lines count, so that an editor finds the line at fault.
    """
    overlong = longest(MAX_LINE_BYTES * 3)
    text = b"\n\r\n" + overlong + b"\n \n" + json.dumps(filed(**BAD)).encode()

    with pytest.raises(FaultyFileError) as refused:
        load_bytes(path, text)

    assert numbers(refused.value.lines) == [3, 5]


@pytest.mark.parametrize("form", ["utf-16", "utf-16-le", "utf-32", "latin-1", "cp500"])
def test_what_is_not_utf8_is_refused(path, form):
    """
    A file in another encoding is refused in words.
    """
    text = json.dumps(filed(note="é"), ensure_ascii=False).encode(form)

    with pytest.raises(FaultyFileError) as refused:
        load_bytes(path, text)

    assert "is not JSON" in refused.value.lines[0]


class Garbage(io.RawIOBase):
    """Two hundred megabytes without a line break, made as they are read."""

    left = 200_000_000

    def readable(self) -> bool:
        """Say yes."""
        return True

    def readinto(self, buffer) -> int:
        """Fill a buffer."""
        size = min(len(buffer), self.left)
        self.left -= size
        buffer[:size] = b"x" * size
        return size


def test_a_huge_line_is_refused_in_little_memory(path):
    """
    Two hundred megabytes of garbage are one fault, read in bounded memory.
    """
    tracemalloc.start()
    with pytest.raises(FaultyFileError, match="1 fault") as refused:
        load_bytes(path, io.BufferedReader(Garbage()))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert "longer than" in refused.value.lines[0]
    assert peak < 20_000_000


# --- who, from where, and as what it is recorded ------------------------------


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("a" * 300, "a" * 200),
        ("a\x1b[2J\n.jsonl", "a?[2J?.jsonl"),
        ("\udcff.jsonl", "?.jsonl"),
        ("", "unnamed"),
        ("   ", "unnamed"),
        ("-", "-"),
    ],
)
def test_any_file_name_can_be_recorded(path, name, kept):
    """
    A file may have any name; what is recorded of it is text of the contract's form.
    """
    load_bytes(path, json.dumps(filed()).encode(), file=name)

    assert facts(path)[-1]["file"] == kept


@pytest.mark.parametrize(
    ("name", "kept"), [("\x1b]0;x", "?]0;x"), ("x" * 201, "x" * 200), (" ", "unnamed")]
)
def test_any_account_can_be_recorded(path, monkeypatch, name, kept):
    """
    Whatever the machine calls whoever runs it, the import is recorded.
    """
    entry = SimpleNamespace(pw_name=name)
    monkeypatch.setattr("pwd.getpwuid", lambda _uid: entry)
    load(path, filed())

    assert facts(path)[-1]["run_by"] == kept


@pytest.mark.parametrize("source", ["", " ", "x" * 201, "a\nb", "\ud800"])
def test_a_source_that_is_no_text_is_refused(path, source):
    """
    What facts are said to come from is a field like any other.
    """
    with pytest.raises(FieldError, match="--source must be text"):
        load(path, filed(), source=source)


def test_a_source_fills_only_what_is_empty(path):
    """
    A fact that says where it was found keeps saying so.
    """
    load(path, filed(), disrupted(source="row 7"), source="extract")

    assert [line["source"] for line in facts(path)[1:]] == [
        "extract",
        "row 7",
        "extract",
    ]


def test_the_hash_is_of_the_bytes_of_the_file(path):
    """
    All of the file is hashed: mark, blank lines, and an end without a break.
    """
    text = b"\xef\xbb\xbf\r\n" + json.dumps(filed()).encode() + b"\n\n  "
    report = load_bytes(path, text)

    assert facts(path)[-1]["sha256"] == report.sha256 == sha256(text).hexdigest()
    assert facts(path)[-1]["rows"] == 1


def test_an_import_that_adds_nothing_is_no_fact(path):
    """
    Neither an empty file nor a known one leaves a trace.
    """
    load(path, filed())
    load(path, filed())
    load_bytes(path, b"\n\n")

    assert [line["event"] for line in facts(path)] == ["opened", "filed", "imported"]


def test_known_at_the_moment_of_import_is_not_later(path):
    """
    The moment of import itself, and the moment of the fact before, are lawful.
    """
    clock = Clock(datetime(2024, 1, 1, 12, tzinfo=UTC))
    now = "2024-01-02T12:00:00Z"

    assert load(path, filed(known_at=now), classified(known_at=now), clock=clock)
    assert numbers(
        faults(
            path, filed("S-2", known_at="2024-01-02T12:00:00.000001Z"), clock=Clock()
        )
    ) == [1]


@pytest.mark.parametrize("first", ["S-1", "S-2"])
def test_a_circle_across_files(path, first):
    """
    A circle is a circle, whether it closes within a file or over several.
    """
    other = {"S-1": "S-2", "S-2": "S-1"}[first]
    load(path, filed(), filed("S-2"))
    load(path, voided(first, duplicate_of=other))

    (told,) = faults(path, voided(other, duplicate_of=first))
    assert "closes a circle" in told

    load(path, reinstated(first))
    assert load(path, voided(other, duplicate_of=first)).totals.new == 1


# --- properties ------------------------------------------------------------------


def said(path) -> list[dict]:
    """
    Return what an export says, apart from where and when it was recorded.
    """
    with open_log(path) as log:
        return [
            {name: told for name, told in line.items() if name not in _OURS}
            for line in exported(log)
        ]


_OURS = ("position", "recorded_at")


@holds_for(strategies.loads())
def test_what_is_loaded_can_be_loaded_again_and_elsewhere(loads):
    """
    The same files and an export add nothing; a new ledger gets the same facts of it.
    """
    with ledgers.folder() as folder:
        path = ledgers.make(folder / "scr.db")
        copy = ledgers.make(folder / "copy.db")
        for _ in ledgers.load_all(path, loads):
            pass
        with open_log(path) as log:
            lines = list(exported(log))

        again = [load(path, *one.lines).totals.new for one in loads]
        load(copy, *lines)

        assert [*again, load(path, *lines).totals.new] == [0] * (len(loads) + 1)
        assert said(copy) == said(path)


INSTANTS = (
    None,
    "2019-01-02T00:00:00Z",
    "2019-01-01T19:00:00-05:00",
    "2020-01-01T00:00:00Z",
)
small_lines = st.builds(
    lambda note, known, source: fact(
        "reopened", note=note, known_at=known, source=source, **WHY
    ),
    st.sampled_from("ab"),
    st.sampled_from(INSTANTS),
    st.sampled_from((None, "x")),
)
MOMENT = datetime(2021, 1, 1, tzinfo=UTC)


def already_recorded(recorded, lines) -> list[bool]:
    """
    Say of each line whether it is recorded already, by the words of the contract.
    """
    found, after = [], 0
    for line in lines:
        matches = [
            place
            for place, held in enumerate(recorded)
            if place >= after
            and held.model_dump(exclude={"source", "known_at"})
            == line.model_dump(exclude={"source", "known_at"})
            and line.known_at in (None, held.known_at or MOMENT)
        ]
        found.append(bool(matches))
        after = matches[0] + 1 if matches else after
    return found


@holds_for(st.lists(small_lines, max_size=8), st.lists(small_lines, max_size=8))
def test_matching_is_what_the_contract_says(recorded, lines):
    """
    In file order, each line takes the first equal event after the one before it took.
    """
    recorded, lines = [read(one) for one in recorded], [read(one) for one in lines]
    matcher = _Matcher([(one, one.known_at or MOMENT) for one in recorded])

    taken = [matcher.take(one, one.known_at or MOMENT) for one in lines]

    assert taken == already_recorded(recorded, lines)


def test_a_line_out_of_order_causes_no_faults_after_it(tmp_path):
    """
    It is refused, so what it would have established does not hold for later lines.
    """
    path = ledgers.make(tmp_path / "scr.db")
    ledgers.load(
        path,
        commandline.filed("A")
        + commandline.line("A", "reopened", "2019-01-01", reason="q"),
    )
    text = (
        commandline.filed("A")
        + commandline.line("A", "voided", "2018-12-01", reason="new")
        + commandline.line("A", "reopened", "2019-01-01", reason="q")
        + commandline.line("A", "reopened", "2019-02-01", reason="also new")
    )

    with pytest.raises(FaultyFileError) as caught:
        ledgers.load(path, text)
    assert [fault.partition(": ")[0] for fault in caught.value.lines] == [
        "test.jsonl:2"
    ]


def test_a_line_that_is_too_long_is_a_fault_even_if_it_begins_with_blanks(tmp_path):
    """
    Blank lines are skipped, but nobody knows what follows this many blanks.
    """
    path = ledgers.make(tmp_path / "scr.db")

    with pytest.raises(FaultyFileError) as caught:
        ledgers.load(path, " " * (MAX_LINE_BYTES + 10) + commandline.filed("A"))
    assert "is longer than" in caught.value.lines[0]


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_json_is_refused_where_it_would_be_ignored_too(tmp_path, constant):
    """
    An export adds `position`, whose value import ignores; JSON it must be.
    """
    path = ledgers.make(tmp_path / "scr.db")
    text = commandline.filed("A").replace("}", f', "position": {constant}}}')

    with pytest.raises(FaultyFileError) as caught:
        ledgers.load(path, text)
    assert caught.value.lines == (f"test.jsonl:1: line: is not JSON: {constant}",)
