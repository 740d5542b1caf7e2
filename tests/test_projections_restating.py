"""Figures restated: the parts add up, whatever the data and the definitions do."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given as holds_for
from hypothesis import strategies as st

from ledger import fsck
from ledger.domain import restatement as restatements
from ledger.domain.events import contradictions
from ledger.domain.publication import canonical
from ledger.errors import (
    IntegrityError,
    PublicationFaultyError,
    UsageError,
)
from projections import basis as bases
from projections.counts import Question, cases
from projections.measures import find
from projections.publications import basis_of, named, recorded
from projections.publishing import verify
from projections.reconcile import Side, by_cause, corners, reconcile
from projections.restating import met
from projections.superseding import afterwards
from tests import ledgers
from tests.claims import opened, writing
from tests.commandline import life, line, prepare
from tests.definitions import LONG_AGO, Put, body, case_loads, definitions, put
from tests.restatements import draft, figure, publish, register, restate
from tests.strategies import as_jsonl

YEARS = (2017, 2019, 2020)
RATE = body("rate", denominator="m", targets={"2019": 1})
ASKED = ("dd-all", "disruptions-all", "organizations-tco", "m", "rate")
RECASTS = {"dd-all": "dd-tco", "disruptions-all": "disruptions-tco", "m": "m@2"}


def at_end_of_2019(log):
    """
    What was known by the end of 1 October 2019.
    """
    return bases.parse_as_of("2019-10-01", log)


def check_against_reconciliation(log, model, one):
    """
    Hold every part of a restatement to the reconciliation, counted by itself.
    """
    old = named(log, one.content.supersedes.publication)
    sides = {}
    for record in (old, one):
        basis = basis_of(log, record)
        for used in record.content.definitions:
            name = f"{used.measure}@{used.version}"
            side = Side(basis, find(model, basis, name))
            sides[record.content.name, used.measure] = side
    for each in one.content.figures:
        was, year = each.previously, each.fiscal_year
        then = sides[old.content.name, was.measure]
        now = sides[one.content.name, each.measure]
        span = range(year, year + 1)
        (corner,) = corners(model, then, now, span)
        (data,) = reconcile(log, model, then, Side(now.basis, then.measure), span)
        parts = {c.part: c for c in each.changes if c.part is not None}
        causes = {c.cause: c.effect for c in each.changes if c.part is None}
        otherwise = causes.pop("printed-otherwise", 0)

        assert was.value + otherwise == corner.then_then
        assert causes == dict(by_cause(data.items))
        assert sum(causes.values()) == corner.data_effect
        for word in ("no", "unknown", "yes"):
            part = parts.get(f"tco-{word}")
            assert (part.went if part else 0) == corner.removed[word]
        taken = parts.get("taken-in")
        assert (taken.came if taken else 0) == sum(corner.added.values())
        assert each.value == corner.now_now


@holds_for(
    st.data(), case_loads(max_files=4), definitions("m"), st.sampled_from(["", "wrong"])
)
def test_the_parts_of_a_restatement_add_up(drawn, loads, first, wrong):
    """
    Over any history: publish, let any facts follow, restate, let more follow, restate
    again. Every publication verifies, the old ones byte for byte; what was shown and
    all parts give what is shown, for every figure and unit; the parts are those of the
    reconciliation; the whole ledger verifies.
    """
    with ledgers.folder() as folder:
        path = ledgers.make(folder / "scr.db")
        second = _counting_as(first, drawn.draw(definitions("m", 2)))
        put(path, Put(first, LONG_AGO), Put(RATE, LONG_AGO))
        cut = drawn.draw(st.integers(0, len(loads)))
        turns = drawn.draw(st.integers(cut, len(loads)))
        load_all(path, loads[:cut])
        keys = [(measure, year) for measure in ASKED for year in YEARS]
        if wrong:
            register(path, "APR", *((*key, 7) for key in keys))
        else:
            publish(path, "APR", *keys)
        load_all(path, loads[cut:turns])
        put(path, Put(second))
        recasts = drawn.draw(
            st.lists(st.sampled_from(sorted(RECASTS)), unique=True, max_size=3)
        )
        at = drawn.draw(st.sampled_from([bases.of_now, at_end_of_2019]))
        sealed = held(path)
        restate(path, "APR", [f"{old}={RECASTS[old]}" for old in recasts], at)
        load_all(path, loads[turns:])
        restate(path, "APR")

        names = ["APR", "APR-R1", "APR-R2"]
        assert [name for name, _ in held(path)] == names
        assert held(path)[:1] == sealed
        with opened(path) as (log, model):
            for name in names:
                assert verify(log, model, name)[1] == dict(held(path))[name]
            for one in recorded(log)[1:]:
                check_against_reconciliation(log, model, one)
                for each in one.content.figures:
                    _check_sums(each)
            since = afterwards(log)
        assert [since[name].superseded_by for name in names] == [*names[1:], None]
        assert not fsck.check(path, lambda _: None).findings


def _counting_as(first, drawn):
    """
    Return a second version that counts what the first does, of as many or of nothing.

    What counts otherwise, or is of something else, takes no place.
    """
    kept = {name: drawn[name] for name in drawn if name != "denominator"}
    kept["unit"] = first["unit"]
    if "denominator" in drawn and "denominator" in first:
        kept["denominator"] = first["denominator"]
    return {**first, "version": 2} if contradictions(kept) else kept


def _check_sums(each):
    """
    Add up what was shown and every part, of a figure and of its denominator.
    """
    was = each.previously
    assert was.value + sum(c.effect for c in each.changes) == each.value
    if each.denominator_changes is not None:
        under = sum(c.effect for c in each.denominator_changes)
        assert was.denominator + under == each.denominator
    else:
        assert was.denominator is None or each.denominator is None
    for change in each.changes:
        assert change.effect == change.came - change.went


def load_all(path, loads):
    """
    Load files one after another.
    """
    for one in loads:
        ledgers.load(path, as_jsonl(one), clock=ledgers.Clock())


def held(path):
    """
    Return the names of all publications, and the bytes that are sealed.
    """
    with opened(path) as (log, _):
        return [(one.content.name, canonical(one.content)) for one in recorded(log)]


# --- by example -----------------------------------------------------------------------


@pytest.fixture
def path(tmp_path) -> str:
    """
    The ledger of 19 facts: in FY 2019 a TCO, none and unknown; a TCO in FY 2020.
    """
    return str(prepare(tmp_path))


def later(path, text):
    """
    Load facts that became known since.
    """
    ledgers.load(path, text, clock=ledgers.Clock())


def told(one):
    """
    Return what a restatement says of its figures.
    """
    return [
        (
            each.measure,
            each.previously.value,
            {c.part or c.cause: c.effect for c in each.changes},
            each.value,
            each.statuses,
        )
        for each in one.figures
    ]


def test_late_data_and_errors_are_told_apart(path):
    """
    What came late is late data, a correction says that there was an error.
    """
    publish(path, "APR", ("dd-all", 2019), ("dd-all", 2020))
    later(
        path,
        line(
            "SCR-1",
            "redated",
            "2020-01-01",
            known_at="2023-01-01T00:00:00Z",
            outcome="D1",
            reason="r",
        )
        + life("SCR-9"),
    )

    assert told(restate(path, "APR")) == [
        (
            "dd-all",
            3,
            {"late-information": 1, "redating": -1},
            3,
            ("late-data", "error"),
        ),
        ("dd-all", 1, {"redating": 1}, 2, ("error",)),
    ]


def test_a_recast_says_what_the_definition_leaves_out(path):
    """
    By TCO answer, on the data of now; what nobody can tell is its own part.
    """
    publish(path, "APR", ("dd-all", 2019))

    assert told(restate(path, "APR", ["dd-tco"])) == [
        ("dd-tco", 3, {"tco-no": -1, "tco-unknown": -1}, 1, ("definition",))
    ]
    assert told(restate(path, "APR", ["dd-all"])) == [
        ("dd-all", 1, {"taken-in": 2}, 3, ("definition",))
    ]


def test_what_was_printed_otherwise_is_a_part(path):
    """
    From what the document had to what the ledger gave; an error of the document.
    """
    register(path, "APR", ("dd-all", 2019, 7))

    assert told(restate(path, "APR")) == [
        ("dd-all", 7, {"printed-otherwise": -4}, 3, ("error",))
    ]


def test_a_restatement_is_a_printing(path):
    """
    What is printed afterwards is compared with it.
    """
    publish(path, "APR", ("dd-all", 2019))
    later(path, life("SCR-9"))
    restate(path, "APR")
    (last,) = {one.last for one in publish(path, "APR-2", ("dd-all", 2019)).figures}

    assert (last.publication, last.value) == ("APR-R1", 4)


def test_the_same_definitions_are_kept(path):
    """
    Also where another version is in force by now, of a denominator as well.
    """
    rate = body("rate", denominator="m", kinds=["disruption"])
    put(path, Put(body("m"), LONG_AGO), Put(rate, LONG_AGO))
    publish(path, "APR", ("rate", 2019))
    put(path, Put(body("m", 2, kinds=["dismantlement"])))
    one = restate(path, "APR")

    assert [(d.measure, d.version) for d in one.definitions] == [("rate", 1), ("m", 1)]
    (figure,) = one.figures
    assert (figure.denominator, figure.denominator_changes) == (3, ())


def test_a_figure_that_nothing_moved_is_confirmed(path):
    """
    No part, no status.
    """
    publish(path, "APR", ("dd-all", 2019))

    assert told(restate(path, "APR")) == [("dd-all", 3, {}, 3, ())]


REFUSED = [
    (["nothing"], "no measure is named nothing"),
    (["dd-tco@2"], "has no version 2"),
    (["x=dd-tco"], "APR has no figure of x; it has dd-all, entered-all"),
    (["disruptions-tco"], "say in place of which measure disruptions-tco"),
    (["dd-all=disruptions-tco"], "dd-all@1 counts by scr, and disruptions-tco@1 by"),
    (["dd-all=dd-tco", "dd-all=dd-tco"], "names dd-all twice"),
    (["dd-all=entered-all"], "two figures of one measure"),
]


@pytest.mark.parametrize(("recasts", "words"), REFUSED)
def test_what_cannot_take_its_place_is_refused(path, recasts, words):
    """
    One sentence for what is no measure, counts otherwise, or is not said clearly.
    """
    publish(path, "APR", ("dd-all", 2019), ("entered-all", 2019))

    with pytest.raises(UsageError, match=words.replace("(", r"\(")):
        restate(path, "APR", recasts)


def test_two_restatements_cannot_take_one_place(path):
    """
    The second is refused under the lock, though it was computed in time.
    """
    publish(path, "APR", ("dd-all", 2019))
    content, head = draft(path, "APR")
    other = draft(path, "APR", ["dd-tco"])[0]._replace(name="APR-X")

    with (
        writing(path) as ledger,
        pytest.raises(PublicationFaultyError, match="APR-R1 does so already"),
    ):
        ledger.publish([content, other], head=head, by="b")
    assert [name for name, _ in held(path)] == ["APR"]


def test_a_part_that_the_log_does_not_give_is_found(path):
    """
    Somebody who calls late data an error, and seals it anew, is found out.
    """
    publish(path, "APR", ("dd-all", 2019))
    later(path, life("SCR-9"))
    content, head = draft(path, "APR")
    (one,) = content.figures
    forged = one._replace(
        changes=(one.changes[0]._replace(cause="reversal"),), statuses=("error",)
    )
    with writing(path) as ledger:
        ledger.publish([content._replace(figures=(forged,))], head=head, by="b")

    with (
        opened(path) as (log, model),
        pytest.raises(IntegrityError, match="does not rest on what it names"),
    ):
        verify(log, model, "APR-R1")


def test_two_in_one_place_are_found_when_the_ledger_is_verified(path, monkeypatch):
    """
    Whoever gets past the lock with a second one is found out from the bytes.
    """
    publish(path, "APR", ("dd-all", 2019))
    content, head = draft(path, "APR")
    other = draft(path, "APR", ["dd-tco"])[0]._replace(name="APR-X")
    with monkeypatch.context() as unlocked, writing(path) as ledger:
        unlocked.setattr(restatements, "misplaced", lambda *_: iter(()))
        ledger.publish([content, other], head=head, by="b")

    (found,) = fsck.check(path, lambda _: None).findings
    assert (found.position, found.check) == (22, "publication")
    assert "APR-R1 does so already" in found.why


# --- every document that is touched ---------------------------------------------------


@pytest.mark.parametrize(
    ("said", "value", "expected"),
    [
        ({}, 3, None),
        ({"target": 3.0}, 3, True),
        ({"target": 3.0}, 2, False),
        ({"target": 50.0, "denominator": 4}, 2, True),
        ({"target": 50.0, "denominator": 4}, 1, False),
        ({"target": 50.0, "denominator": 0}, 0, None),
    ],
)
def test_a_target_is_met_or_not(said, value, expected):
    """
    Of a rate in percent; without a target, and of a part of nothing, neither.
    """
    assert met(figure(**said), value) is expected


@holds_for(case_loads(max_files=3))
def test_the_figures_that_an_scr_entered_are_those_it_is_behind(loads):
    """
    What is behind a restatement is what its figures count, as for any publication.
    """
    with ledgers.folder() as folder:
        path = ledgers.make(folder / "scr.db")
        load_all(path, loads[:1])
        publish(path, "APR", *(("dd-all", year) for year in YEARS))
        load_all(path, loads[1:])
        one = restate(path, "APR")
        with opened(path) as (log, model):
            basis = bases.parse_as_of("APR-R1", log)
            for each in one.figures:
                year = each.fiscal_year
                rows = cases(
                    model, basis, Question((each.measure,), range(year, year + 1))
                )
                assert Counter(str(row["scr"]) for row in rows) == Counter(each.counted)
