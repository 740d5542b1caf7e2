"""Import: what the contract refuses, what it accepts with a note, what it adds."""

from __future__ import annotations

import io
import json
from zoneinfo import ZoneInfo

import pytest

from ledger import app, errors
from ledger.domain.scr import ANOMALIES
from ledger.errors import FaultyFileError, RuleError
from ledger.reader import open_log
from projections.history import exported, line_of
from tests import ledgers


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
    ledger, identity = app.open_ledger(path)
    try:
        return ledger.import_file(
            "f.jsonl",
            io.BytesIO(text.encode()),
            zone=ZoneInfo(identity.timezone),
            **options,
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
    History is loaded as found: each departure is recorded, and counted by its rule.
    """
    *before, last = departs
    load(path, *before, keeps[0] | {"scr": "S-0"} if before else keeps[0])

    report = load(path, last)

    assert report.totals.anomalies[rule] == 1
    assert report.totals.new == 1
    assert facts(path)[-1]["anomalies"] == report.totals.anomalies


def test_a_clean_life_has_no_note(path):
    """
    A history as the rules want it departs from none.
    """
    report = load(
        path,
        filed(),
        fact("classified", category="a", subcategory="b"),
        fact("determined", association="yes", transnational="yes"),
        fact("approved"),
        disrupted(),
        fact("dismantled", outcome="D2"),
        fact("returned", **WHY),
        fact("reclassified", category="a", subcategory="c", **WHY),
        fact("redetermined", association="no", transnational="yes", **WHY),
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


def test_an_unread_line_makes_no_further_faults(path):
    """
    What an unreadable line would have established is not missed by later ones.
    """
    with pytest.raises(FaultyFileError) as refused:
        load(
            path, filed(by=" "), disrupted(outcome="D 1"), fact("approved", outcome="D")
        )

    assert [text.split(":")[1] for text in refused.value.lines] == ["1", "2"]


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

    with pytest.raises(FaultyFileError) as refused:
        load(path, filed(), fact("reopened", **WHY), disrupted())

    assert "already recorded" in refused.value.lines[0]
    assert refused.value.lines[0].startswith("f.jsonl:3: ")


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
    load(path, filed(), disrupted(known_at=None), merged("O-1", "O-2"))
    with open_log(path) as log:
        lines = list(exported(log))

    assert load(path, *lines).totals.already_recorded == 3


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
    ledger, identity = app.open_ledger(path)

    report = ledger.import_file(
        "f", io.BytesIO(form % tuple(lines)), zone=ZoneInfo(identity.timezone)
    )

    assert report.totals.rows == rows
    ledger.close()


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
    import tracemalloc

    ledger, identity = app.open_ledger(path)
    tracemalloc.start()
    with pytest.raises(FaultyFileError, match="1 fault") as refused:
        ledger.import_file(
            "f", io.BufferedReader(Garbage()), zone=ZoneInfo(identity.timezone)
        )
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    ledger.close()

    assert "longer than" in refused.value.lines[0]
    assert peak < 20_000_000
