"""Corrections and what they corrected, held equal to a search written from the page."""

from __future__ import annotations

import pytest
from hypothesis import given as holds_for

from ledger.domain.corrections import CORRECTIONS
from ledger.domain.events import CASE_CLASSES
from projections.pairing import pair
from tests import facts, strategies
from tests.facts import (
    classified,
    determined,
    dismantled,
    disrupted,
    fact,
    filed,
    merged,
    reclassified,
    redated,
    redetermined,
    reinstated,
    rescinded,
    returned,
    reversed_,
    unmerged,
    voided,
)

WHY = {"reason": "as found"}


def approved(**fields) -> dict:
    """
    Return a line of the panel that accepts.
    """
    return fact("approved", **fields)


def transferred(**fields) -> dict:
    """
    Return a line by which another office has it.
    """
    return fact("transferred", office="SAC Y", **fields)


def refiled(**fields) -> dict:
    """
    Return a line that corrects what was filed.
    """
    return fact("refiled", **WHY, **fields)


def paired(*lines: dict):
    """
    Return the pairs of a stream whose facts stand at 1, 2, 3, …
    """
    return pair(enumerate(map(facts.read, lines), 1))


FROM = {"from_": "2019-01-01"}
LATER = {"from_": "2020-01-01"}

# A stream, and which of its facts the last one corrects.
RULES = [
    ("the first category", [filed(), classified(), reclassified()], (2,)),
    (
        "the last category",
        [filed(), classified(), reclassified(), reclassified()],
        (3,),
    ),
    ("no category", [filed(), reclassified()], ()),
    ("the determination", [filed(), determined(), redetermined()], (2,)),
    (
        "the one from the same day, not the last",
        [filed(), determined(), determined(**FROM), redetermined()],
        (2,),
    ),
    (
        "the last from the same day",
        [filed(), determined(**FROM), redetermined(**FROM), redetermined(**FROM)],
        (3,),
    ),
    (
        "the last, where none is from the same day",
        [filed(), determined(), determined(**FROM), redetermined(**LATER)],
        (3,),
    ),
    (
        "the last with a day, where none is without",
        [filed(), determined(**FROM), determined(**LATER), redetermined()],
        (3,),
    ),
    ("no determination", [filed(), redetermined()], ()),
    ("a disruption's date", [filed(), disrupted(), redated()], (2,)),
    ("a dismantlement's date", [filed(), dismantled(), redated("D2")], (2,)),
    ("the last redating", [filed(), disrupted(), redated(), redated()], (3,)),
    (
        "the date of that outcome",
        [filed(), disrupted(), disrupted("D3"), redated()],
        (2,),
    ),
    ("the outcome", [filed(), disrupted(), reversed_()], (2,)),
    (
        "the outcome, not its redating",
        [filed(), disrupted(), redated(), reversed_()],
        (2,),
    ),
    ("the last approval", [filed(), approved(), approved(), rescinded()], (3,)),
    (
        "an approval that was returned since",
        [filed(), approved(), returned(), rescinded()],
        (2,),
    ),
    (
        "the approval of that outcome",
        [
            filed(),
            disrupted(),
            approved(outcome="D1"),
            approved(),
            rescinded(outcome="D1"),
        ],
        (3,),
    ),
    (
        "the approval of the SCR",
        [filed(), approved(), disrupted(), approved(outcome="D1"), rescinded()],
        (2,),
    ),
    ("no approval", [filed(), rescinded()], ()),
    ("what was filed", [filed(), refiled(case_number="C-2")], (1,)),
    ("an office since", [filed(), transferred(), refiled(office="SAC Z")], (2,)),
    (
        "each field where it was set",
        [filed(), transferred(), refiled(office="SAC Z", title="t")],
        (1, 2),
    ),
    (
        "one fact once",
        [filed(), refiled(office="SAC Z", case_number="C-2")],
        (1,),
    ),
    (
        "the last refiling of the field",
        [filed(), refiled(title="t"), refiled(title="u")],
        (2,),
    ),
    (
        "a field that a transfer left alone",
        [filed(program="p"), transferred(), refiled(program="q")],
        (1,),
    ),
    (
        "a field that a transfer set",
        [filed(program="p"), transferred(program="r"), refiled(program="q")],
        (2,),
    ),
    ("a field that the filing left out", [filed(), refiled(program="p")], (1,)),
    ("the filing", [filed(), classified(), voided()], (1,)),
    (
        "the filing again",
        [filed(), voided(), reinstated(), voided()],
        (1,),
    ),
    (
        "the last voiding",
        [filed(), voided(), reinstated(), voided(), reinstated()],
        (4,),
    ),
    ("the last merger", [merged(), unmerged(), merged(), unmerged()], (3,)),
    ("nothing: a return is no correction", [filed(), approved(), returned()], ()),
]


@pytest.mark.parametrize(
    ("stream", "places"),
    [rule[1:] for rule in RULES],
    ids=[rule[0] for rule in RULES],
)
def test_a_correction_corrects(stream, places):
    """
    What the page of `scr show` says it corrects, by position.
    """
    found = paired(*stream)

    assert found.corrects.get(len(stream), ()) == places


def test_a_fact_may_be_corrected_more_than_once():
    """
    Redated and then reversed: both name the disruption, and it names both.
    """
    found = paired(filed(), disrupted(), redated(), reversed_())

    assert found.corrects == {3: (2,), 4: (2,)}
    assert found.corrected_by == {2: (3, 4)}


def test_corrections_are_the_events_that_say_so():
    """
    The list has the events whose class says that it is a correction, and no other.
    """
    named = {
        cls.topic.partition(".")[2].partition("/")[0]: str(cls.__doc__)
        for cls in CASE_CLASSES
    }
    assert {
        event
        for event, says in named.items()
        if says.startswith("Correction") or event == "unmerged"
    } == set(CORRECTIONS)
    assert named["unmerged"] == "Correction: they are not."


# --- for every history ----------------------------------------------------------------


def corrected(stream: list[tuple[int, dict]], at: int) -> set[int]:  # noqa: PLR0911 - one case per rule
    """
    Return what a fact corrects: search what stands before it, the last first.
    """
    _, line = stream[at]
    before = stream[:at][::-1]

    def last(*events: str, when=lambda _: True) -> set[int]:
        found = (n for n, each in before if each["event"] in events and when(each))
        return {place for place in [next(found, None)] if place is not None}

    def same(field: str):
        return lambda each: each.get(field) == line.get(field)

    match line["event"]:
        case "reclassified":
            return last("classified", "reclassified")
        case "redetermined":
            events = ("determined", "redetermined")
            return last(*events, when=same("from")) or last(*events)
        case "redated":
            return last("disrupted", "dismantled", "redated", when=same("outcome"))
        case "reversed":
            return last("disrupted", "dismantled", when=same("outcome"))
        case "rescinded":
            return last("approved", when=same("outcome"))
        case "refiled":
            fields = {"case_number", "office", "program", "title"} & line.keys()
            return {
                place
                for field in fields
                for place in last(
                    "filed",
                    "transferred",
                    "refiled",
                    when=lambda each, field=field: (
                        each["event"] == "filed" or field in each
                    ),
                )
            }
        case "voided":
            return last("filed")
        case "reinstated":
            return last("voided")
        case "unmerged":
            return last("merged")
        case _:
            return set()


def streams(log) -> list[list[tuple[int, dict]]]:
    """
    Return the streams of a log, each fact with its position.
    """
    found: dict[tuple, list] = {}
    for each in log:
        subject = "scr" if "scr" in each.line else "organization"
        stream = found.setdefault((subject, each.line[subject]), [])
        stream.append((each.position, each.line))
    return list(found.values())


@holds_for(strategies.histories())
def test_pairs_are_those_of_a_search(log):
    """
    In any stream each correction corrects what a search finds, and nothing else does.
    """
    for stream in streams(log):
        found = pair((position, facts.read(line)) for position, line in stream)
        for at, (position, _) in enumerate(stream):
            places = found.corrects.get(position, ())
            assert list(places) == sorted(corrected(stream, at))


@holds_for(strategies.histories())
def test_pairs_go_both_ways_and_back_in_time(log):
    """
    Each is of the same subject and earlier; and whatever corrects is named by what it
    corrects, no more and no less.
    """
    for stream in streams(log):
        found = pair((position, facts.read(line)) for position, line in stream)
        of_stream = dict(stream)
        there = {(at, of) for at, places in found.corrects.items() for of in places}
        back = {(by, at) for at, places in found.corrected_by.items() for by in places}

        assert there == back
        for at, of in there:
            assert of < at
            assert of in of_stream
            assert of_stream[at]["event"] in CORRECTIONS


@holds_for(strategies.histories())
def test_what_comes_later_changes_no_pair(log):
    """
    What a correction corrects is the same at every basis at which it is visible.
    """
    for stream in streams(log):
        known = [(position, facts.read(line)) for position, line in stream]
        whole = pair(known).corrects
        for upto in range(len(known)):
            last = known[upto][0]
            assert pair(known[: upto + 1]).corrects == {
                at: places for at, places in whole.items() if at <= last
            }
