"""Definitions for tests, plain and drawn, and ledgers that record them.

A definition stands here as its JSON body: the oracle counts by it, the ledger keeps it.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from hypothesis import strategies as st

from ledger import app
from ledger.domain.fiscal import to_micros
from projections import basis as bases
from projections.history import exported
from tests import oracle, strategies
from tests.ledgers import Clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ledger.reader import Log
    from ledger.store.measures import Decided
    from projections.basis import Basis

    Body = dict[str, Any]

LONG_AGO = datetime(1950, 1, 1, tzinfo=UTC)
"""Before anything was known: a definition adopted then is in force at every cut-off."""

UNITS = ("scr", "outcome", "organization", "case")
KINDS = ("disruption", "dismantlement", "first-approval")
ANSWERS = ("yes", "unknown", "no")
ATTRIBUTIONS = ("outcome", "outcome-approval", "scr-approval")

_WORDS = ("verification", "sources", "accuracy", "limitations", "compensation")


def body(name: str = "m", version: int = 1, **said: object) -> Body:
    """
    Return a definition of which a test says what it is about.
    """
    return {
        "id": name,
        "version": version,
        "title": f"what {name} counts",
        "owner": "the programme office",
        "source": "a memorandum",
        "unit": "scr",
        "kinds": ["disruption", "dismantlement"],
        **said,
        "data_quality": dict.fromkeys(_WORDS, "as for every measure"),
    }


# --- drawn ones --------------------------------------------------------------------


def some(options: Iterable[str]) -> st.SearchStrategy[list[str]]:
    """
    Draw at least one of some values, in any order.
    """
    return st.lists(st.sampled_from(tuple(options)), min_size=1, unique=True)


def in_loads(field: str) -> tuple[str, ...]:
    """
    Return values that a field has in drawn loads, and one that it never has.
    """
    return (*strategies.VALUES[field], "elsewhere")


@st.composite
def populations(draw) -> Body:
    """
    Draw clauses: each is mostly left out, so that something is counted.
    """
    drawn: Body = {}
    approved = draw(st.sampled_from((None, False, False, True)))
    if approved is not None:
        drawn["approved"] = approved
    for name in ("tco", "high_threat"):
        if draw(st.integers(0, 3)) == 3:
            drawn[name] = draw(some(ANSWERS))
    for name, field in (("categories", "category"), ("offices", "office")):
        chosen = draw(st.sampled_from((*[None] * 4, name, f"{name}_except")))
        if chosen:
            drawn[chosen] = draw(some(in_loads(field)))
    return drawn


@st.composite
def definitions(draw, name: str = "m", version: int = 1) -> Body:
    """
    Draw any definition that may be recorded.
    """
    unit = draw(st.sampled_from(UNITS))
    attribution = draw(st.sampled_from(ATTRIBUTIONS))
    entered = unit in ("scr", "case") and attribution != "outcome-approval"
    said = {
        "unit": unit,
        "kinds": draw(some(KINDS if entered else KINDS[:2])),
        "population": draw(populations()),
        "attribution": attribution,
        "once": "per-year" if unit == "outcome" else draw(_ONCE),
        "denominator": draw(_DENOMINATORS),
        "targets": draw(_TARGETS),
    }
    # What is left out means the same as the default.
    kept = {key: value for key, value in said.items() if value not in (None, {})}
    for key, default in (("attribution", "outcome"), ("once", "per-year")):
        if kept[key] == default and draw(st.booleans()):
            del kept[key]
    return body(name, version, **kept)


_ONCE = st.sampled_from(("per-year", "ever"))
_DENOMINATORS = st.sampled_from((None, None, *oracle.MEASURES))
_TARGETS = st.dictionaries(
    st.sampled_from(("2018", "2019", "2020")), st.sampled_from((0, 7, 2.5)), max_size=2
)


def relatives(one: Body, name: str) -> st.SearchStrategy[Body]:
    """
    Draw definitions that differ from one in words, or in the TCO answers they take.
    """

    def with_answers(answers: list[str] | None) -> Body:
        population = {**one.get("population", {}), "tco": answers}
        if answers is None:
            del population["tco"]
        return {**one, "id": name, "title": name, "population": population}

    return st.one_of(st.none(), some(ANSWERS)).map(with_answers)


@st.composite
def families(draw, most: int = 4) -> list[Body]:
    """
    Draw definitions of several measures, some of which share their running totals.
    """
    drawn = [draw(definitions("m0"))]
    for number in range(1, draw(st.integers(1, most))):
        name = f"m{number}"
        related = relatives(draw(st.sampled_from(drawn)), name)
        drawn.append(draw(st.one_of(definitions(name), related)))
    return drawn


# --- recorded ones -----------------------------------------------------------------


class Put(NamedTuple):
    """One definition, or with a name alone one retirement, to be recorded."""

    said: Body | str
    adopted_at: datetime | None = None


def put(
    path: str, *these: Put, clock: Callable[[], datetime] | None = None
) -> list[Decided]:
    """
    Record definitions and retirements one after another, a day apart.
    """
    ledger, _ = app.open_ledger(path, clock=clock or Clock())
    try:
        return [
            ledger.retire(said, by="b", reason="a better one", adopted_at=adopted_at)
            if isinstance(said, str)
            else ledger.define(said, by="b", adopted_at=adopted_at)
            for said, adopted_at in these
        ]
    finally:
        ledger.close()


def case_facts(log: Log) -> list[oracle.Fact]:
    """
    Return the case facts of a log that has definitions too, as the oracle takes them.
    """
    return oracle.facts_of(map(json.dumps, exported(log)))


def of_oracle(log: Log, asked: oracle.Basis) -> Basis:
    """
    Return the ledger's own form of an oracle's basis.
    """
    instant = None if asked.instant is None else to_micros(asked.instant)
    root = log.root(asked.position).hex()
    return bases.Basis(asked.bound, instant, asked.position, root)


def all_bases(facts: Sequence[oracle.Fact]) -> st.SearchStrategy[oracle.Basis]:
    """
    Draw bases on both axes, of today and of when the log was shorter.

    Half of them see most of the log: at many of the others nothing is counted yet.
    """
    last = strategies.head(facts)
    late = st.integers(last * 3 // 4, last)
    return st.one_of(
        late.map(lambda position: oracle.Basis("all", None, position)),
        st.just(oracle.end_of_day(date(2020, 10, 1), last)),
        strategies.bases(facts),
        strategies.past_bases(facts),
    )


def case_loads(**limits) -> st.SearchStrategy[list[strategies.Load]]:
    """
    Draw files about one SCR and more: of few, more is told of each.
    """
    return st.sampled_from((3, 4, 5)).flatmap(
        lambda subjects: strategies.loads(max_subjects=subjects, **limits)
    )


def adopted(log: Log, measure: str) -> list[oracle.Adopted]:
    """
    Return what the log says of a measure, as the oracle takes it.
    """
    found = []
    for row in log.stream(f"measure/{measure}", log.head):
        said = json.loads(row.payload)
        known_at = datetime.fromisoformat(said.get("adopted_at", row.recorded_at))
        found.append(oracle.Adopted(row.position, known_at, said.get("definition")))
    return found
