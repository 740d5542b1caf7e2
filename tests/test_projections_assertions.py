"""Claims proved again, held equal to a slow count at the same cut-off."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import given as holds_for
from hypothesis import strategies as st

from ledger.domain.claim import typed
from ledger.errors import (
    FactDamagedError,
    NoSuchAssertionError,
    NotTrueError,
    UsageError,
    WrongRootError,
)
from projections import assertions
from projections import basis as bases
from tests import ledgers, oracle, strategies
from tests.claims import check, claim, opened, prove, withdraw, writing
from tests.commandline import line, prepare
from tests.definitions import (
    LONG_AGO,
    Put,
    adopted,
    body,
    case_facts,
    case_loads,
    put,
)
from tests.test_ledger_fsck import put as replace
from tests.test_ledger_fsck import rehash, tamper

if TYPE_CHECKING:
    from tests.definitions import Body
    from tests.strategies import Load

YEARS = (2017, 2018, 2019, 2020, 2021)
START = ledgers.datetime(2024, 6, 1, 12, tzinfo=ledgers.UTC)


# --- the property -------------------------------------------------------------------


OTHERS = (
    {"kinds": ["dismantlement"]},
    {"population": {"tco": ["no", "unknown"]}},
    {"population": {"offices": ["SAC El Paso"]}},
    {"attribution": "scr-approval"},
    {"title": "other words only"},
)
"""What a later version of the measure says."""


class Story(NamedTuple):
    """What is recorded before a claim, and what after it."""

    before: list[Load]
    after: list[Load]
    first: Body
    then: Put | None
    """What becomes of the measure after the claim, if anything."""


@st.composite
def stories(draw) -> Story:
    """
    Draw files, a place among them, and definitions of a measure before and after it.
    """
    loads = draw(case_loads())
    cut = draw(st.integers(0, len(loads)))
    first = body("m", population=draw(st.sampled_from(({}, {"approved": False}))))
    kinds = ("nothing", "nothing", "version", "version", "unit", "retired")
    kind = draw(st.sampled_from(kinds))
    since = draw(st.sampled_from((None, LONG_AGO, LONG_AGO)))
    then = None
    if kind == "version":
        then = Put(body("m", 2, **draw(st.sampled_from(OTHERS))), since)
    elif kind == "unit":
        then = Put(body("m", 2, unit="outcome"), since)
    elif kind == "retired":
        then = Put("m", since)
    return Story(loads[:cut], loads[cut:], first, then)


def value(path: str, name: str, year: int, basis: oracle.Basis) -> int | None:
    """
    Count slowly, by the definition in force; None if there is none.
    """
    with opened(path) as (log, _):
        facts = case_facts(log)
        one = oracle.BUILT_INS.get(name) or oracle.in_force(adopted(log, name), basis)
    if one is None:
        return None
    (row,) = oracle.count_by_definition(facts, basis, name, one, [year])
    return row["value"]


@holds_for(stories(), st.data())
def test_a_claim_holds_as_long_as_the_slow_count_is_the_same(story, data):
    """
    Over random histories, claims and cut-offs: what was true when a log was shorter
    holds if and only if a replay at the same cut-off counts the same; if not, the
    effects of the items are the difference.
    """
    with ledgers.folder() as folder:
        path = ledgers.make(folder / "scr.db")
        clock = ledgers.Clock(START)
        put(path, Put(story.first, LONG_AGO), clock=clock)
        for one in story.before:
            ledgers.load(path, strategies.as_jsonl(one), clock=clock)
        asked, said = drawn_claim(path, data)
        claim(path, said, clock=clock)
        for one in story.after:
            ledgers.load(path, strategies.as_jsonl(one), clock=clock)
        if story.then is not None:
            put(path, story.then, clock=clock)

        (found,) = check(path)

        name, year, basis, pinned = asked
        with opened(path) as (log, _):
            now = basis if pinned else basis._replace(position=log.head)
        expected = value(path, name, year, now)
        claimed = found.assertion.claim.value
        assert found.now == expected
        assert (found.state == "holds") == (expected == claimed)
        if found.state == "holds":
            assert (found.difference, found.reason) == (None, None)
        elif found.measure is None:
            assert "is not in force at this basis" in found.reason
        elif found.difference is None:
            assert "m@1 counts by scr, and m@2 by outcome" in found.reason
        else:
            assert found.reason is None
            items = found.difference.items
            assert sum(one.effect for one in items) == expected - claimed != 0


def drawn_claim(path, data):
    """
    Draw what is claimed of a ledger as it is; return what it means, and its text.
    """
    with opened(path) as (log, _):
        head = log.head
        facts = case_facts(log)
    built_in = st.sampled_from(tuple(oracle.BUILT_INS))
    name = data.draw(st.just("m") | built_in, label="measure")
    drawn = data.draw(st.none() | strategies.bases(facts), label="basis")
    if drawn is None:
        basis, until = oracle.Basis("all", None, head), ""
    else:
        until = f" as of {strategies.as_of(drawn)}"
        at = drawn.position if drawn.bound == "all" else head
        basis = drawn._replace(position=at)
    pinned = drawn is not None and drawn.bound == "all"
    if value(path, name, 2019, basis) is None:
        name = "dd-all"  # A position from before the measure was defined.
    # Mostly of a year in which something counts.
    true = {year: value(path, name, year, basis) for year in YEARS}
    some = [year for year in YEARS if true[year]]
    year = data.draw(st.sampled_from((*some, *some, *YEARS)), label="year")
    return (name, year, basis, pinned), f"{name} FY{year} = {true[year]}{until}"


# --- what makes a claim fail, one by one ----------------------------------------------


@pytest.fixture
def path(tmp_path) -> str:
    """
    A ledger of 19 facts, three SCRs counted in FY 2019, and a measure `m` at 20.
    """
    made = str(prepare(tmp_path))
    put(made, Put(body("m"), LONG_AGO), clock=ledgers.Clock(START))
    return made


def later(path: str, text: str) -> None:
    """
    Load more facts, months after the others.
    """
    july = ledgers.datetime(2024, 7, 1, 12, tzinfo=ledgers.UTC)
    ledgers.load(path, text, clock=ledgers.Clock(july))


REVERSED = line("SCR-2", "reversed", "2021-01-01", outcome="D1", reason="r")
EARLIER = line("SCR-3", "redated", "2019-10-01", "2019-12-01T12:00:00Z",
               outcome="D1", reason="r")  # fmt: skip
THEN = " as of 2020-01-15"


@pytest.mark.parametrize(
    ("until", "recorded", "item"),
    [
        ("", REVERSED, ("SCR-2", -1, "reversal")),
        (THEN, REVERSED, None),
        (" as of @20", REVERSED, None),
        ("", EARLIER, ("SCR-3", -1, "redating")),
        (THEN, EARLIER, ("SCR-3", -1, "redating")),
        (" as of 2019-12-01T12:00:00Z", EARLIER, ("SCR-3", -1, "redating")),
        (" as of 2019-11-30", EARLIER, None),
        (" as of @20", EARLIER, None),
    ],
)
def test_what_is_loaded_later_makes_a_claim_fail_that_sees_it(
    path, until, recorded, item
):
    """
    A fact known by the cut-off, whenever it is recorded; not one known after, and
    nothing at all where the claim is pinned.
    """
    claim(path, f"dd-all FY2019 = 3{until}", clock=ledgers.Clock(START))
    later(path, recorded)

    (found,) = check(path)
    if item is None:
        assert (found.state, found.now) == ("holds", 3)
        return
    assert (found.state, found.now) == ("fails", 2)
    (one,) = found.difference.items
    assert (one.subject, one.effect, one.cause) == item


GANGS = body("m", 2, population={"categories": ["gangs"]})


@pytest.mark.parametrize(
    ("name", "then", "now", "reason"),
    [
        ("m", Put(GANGS, LONG_AGO), 1, None),
        ("m", Put(GANGS), 3, None),
        ("m@1", Put(GANGS, LONG_AGO), 3, None),
        ("m", Put("m", LONG_AGO), None, "measure m is not in force at this basis"),
        ("m", Put("m"), 3, None),
        ("m@1", Put("m", LONG_AGO), 3, None),
        ("m", Put(body("m", 2, unit="outcome"), LONG_AGO), 3, None),
        (
            "m",
            Put(body("m", 2, unit="organization"), LONG_AGO),
            0,
            "m@1 counts by scr, and m@2 by organization",
        ),
    ],
)
def test_a_definition_adopted_in_retrospect_is_noticed(path, name, then, now, reason):
    """
    It counts from when it was adopted; a version that the claim names stays.
    """
    claim(path, f"{name} FY2019 = 3{THEN}", clock=ledgers.Clock(START))
    july = ledgers.datetime(2024, 7, 1, 12, tzinfo=ledgers.UTC)
    put(path, then, clock=ledgers.Clock(july))

    (found,) = check(path)
    assert (found.state, found.now) == ("holds" if now == 3 else "fails", now)
    assert (reason or "") in (found.reason or "")
    assert (found.reason is None) == (reason is None)
    if now == 1:
        assert {one.cause for one in found.difference.items} == {"definition"}
        assert found.proved.measure.definition.version == 1
        assert found.measure.definition.version == 2


def test_a_withdrawn_claim_is_not_proved(path):
    """
    It has no figure, whatever became of it.
    """
    claim(path, "dd-all FY2019 = 3", clock=ledgers.Clock(START))
    withdraw(path, 21, reason="as found", clock=ledgers.Clock(START))
    later(path, REVERSED)

    (found,) = check(path)
    assert (found.state, found.now, found.difference) == ("withdrawn", None, None)
    taken = found.assertion.withdrawn
    assert (taken.position, taken.by, taken.reason) == (22, "auditor", "as found")


def test_only_what_is_true_is_proved(path):
    """
    Else the sentence says what it is, and how to see why.
    """
    with pytest.raises(NotTrueError) as caught:
        prove(path, "dd-all@1 FY2019 = 1,214 as of @19")
    assert str(caught.value) == (
        "dd-all@1 FY 2019 as of @19 is 3, not 1,214; nothing was recorded;"
        " see `scr cases dd-all --fy 2019 --as-of @19 --definition dd-all@1`,"
        " and `scr diff dd-all@1 --fy 2019 --from @19` for what changed since"
    )
    assert caught.value.exit_code == 1
    with pytest.raises(NotTrueError, match=r"see `scr cases m --fy 2019`$"):
        prove(path, "m FY2019 = 4")
    with pytest.raises(UsageError, match="no measure is named n"):
        prove(path, "n FY2019 = 3")
    with pytest.raises(UsageError, match="m is not in force at this basis"):
        prove(path, "m FY2019 = 3 as of @19")


def test_a_basis_that_does_not_grow_is_pinned(path):
    """
    `@N` always is, even at the head; so is whatever else names an older position.
    """
    said = typed("dd-all FY2019 = 3 as of printed")
    with opened(path) as (log, model):
        older = bases.parse_as_of("@19", log)
        kept, proof = assertions.prove(log, model, said, older)

    assert (kept.pinned, proof.position) == (19, 19)
    assert prove(path, "dd-all FY2019 = 3 as of @20")[0].pinned == 20
    assert prove(path, "dd-all FY2019 = 3")[0].pinned is None
    assert prove(path, f"dd-all FY2019 = 3{THEN}")[0].pinned is None


def test_assertions_are_chosen_by_position(path):
    """
    Each once, as named; what is none is said.
    """
    clock = ledgers.Clock(START)
    for text in ("dd-all FY2019 = 3", "m FY2019 = 3"):
        claim(path, text, clock=clock)
    with opened(path) as (log, _):
        every = assertions.recorded(log)

    chosen = assertions.chosen(every, [22, 21, 22])
    assert [one.position for one in chosen] == [22, 21]
    with pytest.raises(NoSuchAssertionError, match="stands at @20"):
        assertions.chosen(every, [21, 20])


# --- logs that are not what they were -------------------------------------------------


def test_a_claim_of_another_log_is_not_proved(path):
    """
    Where the log has another root than it had, that is said, whatever it counts.
    """
    claim(path, "dd-all FY2019 = 3", clock=ledgers.Clock(START))
    tamper(path, replace(2, "SAC Houston", "SAC Elsewhere"))
    rehash(path)

    with pytest.raises(WrongRootError, match="at position 20 its root is"):
        check(path)
    tamper(path, replace(21, '"proved_position":20', '"proved_position":19'))
    with pytest.raises(WrongRootError, match="at position 19 its root is"):
        check(path)


DAMAGED = [
    [replace(21, '{"by"', '{"by')],
    [replace(21, '"fiscal_year"', '"year"')],
    [replace(21, '"bound":"before","instant":"2020', '"bound":"before","instant":"x')],
    [replace(21, '"proved_position":20', '"proved_position":99')],
    [replace(21, '"proved_position":20', '"proved_position":-1')],
    [replace(21, '"value":3', '"value":"3"')],
    [replace(21, '"fiscal_year":2019', '"fiscal_year":99999999999999999999')],
    [replace(21, '"bound":"before"', '"bound":"after"')],
    [replace(21, '"bound":"before"', '"pinned":9,"bound":"before"')],
    [replace(22, '"reason"', '"cause"')],
    ["UPDATE stored_events SET recorded_at='x' WHERE rowid=21"],
    ["UPDATE stored_events SET state=CAST('[]' AS BLOB) WHERE rowid=21"],
    [replace(21, '"measure":"dd-all"', '"measure":"none"')],
    [replace(22, '"assertion":21', '"assertion":20')],
    ["UPDATE stored_events SET topic='ledger.retired/1' WHERE rowid=22"],
]


@pytest.mark.parametrize("statements", DAMAGED)
def test_what_no_ledger_wrote_is_damage(path, statements):
    """
    Not a traceback, and not an assertion.
    """
    clock = ledgers.Clock(START)
    claim(path, f"dd-all FY2019 = 3{THEN}", clock=clock)
    with writing(path, clock) as ledger:
        ledger.withdraw(21, by="b", reason="r")
    tamper(path, *statements)

    with pytest.raises(FactDamagedError, match="is damaged"):
        check(path)


def test_a_value_that_was_never_so_is_told(path):
    """
    Where the ledger does not give it at the proof either, no item explains that.
    """
    claim(path, "dd-all FY2019 = 3", clock=ledgers.Clock(START))
    tamper(path, replace(21, '"value":3', '"value":5'))
    later(path, REVERSED)

    (found,) = check(path)
    assert (found.state, found.now) == ("fails", 2)
    assert found.reason.startswith("at the basis it was proved at, this ledger gives 3")
    assert [one.effect for one in found.difference.items] == [-1]
