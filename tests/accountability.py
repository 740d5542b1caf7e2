"""Requests and recommendations for tests, plain and drawn; and what they come to.

What counts is counted here slowly, from docs/accountability.md alone.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, NamedTuple
from unittest.mock import patch
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from ledger import app
from ledger.domain import claimed_days
from ledger.reader import open_log
from tests import oracle
from tests.ledgers import ZONE, Clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ledger.reader import Log
    from ledger.store.requests import Decided

DAYS = ("2016-03-12", "2019-03-14", "2020-10-01", "2024-01-15")


def request(path: str, *facts: dict, **said) -> list[Decided]:
    """
    Record facts about requests, all or none.
    """
    clock: Callable[[], datetime] = said.pop("clock", None) or Clock()
    ledger, identity = app.open_ledger(path, clock=clock)
    try:
        zone = ZoneInfo(identity.timezone)
        return ledger.record_requests(facts, zone=zone, **{"by": "b", **said})
    finally:
        ledger.close()


def requested(name: str = "R-1", **said) -> dict:
    """
    Return a request of the program `p` for FY 2022.
    """
    plain = {"fiscal_year": 2022, "amount": 1, "positions": 1, "program": "p"}
    return {"event": "requested", "request": name, **plain, **said}


def declined(name: str = "R-1", **said) -> dict:
    """
    Return that a request cites nothing.
    """
    return {"event": "declined", "request": name, "reason": "r", **said}


def cited(path: str, name: str = "R-1", **said) -> dict:
    """
    Return that a request cites SCR S-1, as if it had been proved at the head.
    """
    with open_log(path) as log:
        proof = {"proved_position": log.head, "proved_root": log.root(log.head).hex()}
    plain = {"scrs": ["S-1"], "bound": "all", **proof}
    return {"event": "cited", "request": name, **plain, **said}


def recommend(path: str, event: str, **said):
    """
    Record a fact about the recommendation R.
    """
    clock = said.pop("clock", None) or Clock()
    head = said.pop("head", None)
    ledger, identity = app.open_ledger(path, clock=clock)
    try:
        return ledger.record_recommendation(
            {"event": event, "recommendation": "R", **said},
            zone=ZoneInfo(identity.timezone),
            by="b",
            head=head,
        )
    finally:
        ledger.close()


def recommended(path: str, **said):
    """
    Record the recommendation R, issued on 19 September 2023.
    """
    plain = {"text": "t", "addressee": "ICE", "issued_on": "2023-09-19"}
    return recommend(path, "recommended", **{**plain, **said})


# --- drawn ----------------------------------------------------------------------------


class Drawn(NamedTuple):
    """
    A request that is recorded: its days, and what is said of it afterwards.
    """

    name: str
    submitted_on: str | None
    cited_on: tuple[str | None, ...]
    declined_on: tuple[str | None, ...]


def drawn() -> st.SearchStrategy[list[Drawn]]:
    """
    Draw requests that cite, decline, both or neither, on days that are claimed or not.
    """
    days = st.one_of(st.none(), st.sampled_from(DAYS))
    said = st.lists(days, max_size=2, unique=True).map(tuple)
    one = st.tuples(days, said, said)
    return st.lists(one, max_size=4).map(
        lambda found: [
            Drawn(f"R-{number}", *parts) for number, parts in enumerate(found)
        ]
    )


@contextmanager
def before_days_were_compared() -> Iterator[None]:
    """
    Record as before the days of a stream were held against each other.
    """
    with patch.object(claimed_days, "refuse_earlier", lambda *_: None):
        yield


def record(path: str, every: Sequence[Drawn]) -> None:
    """
    Record drawn requests; what declines comes before what cites.

    Some of their days are in an order that only older ledgers have.
    """
    for one in every:
        facts = [requested(one.name, submitted_on=one.submitted_on)]
        facts += [declined(one.name, declined_on=day) for day in one.declined_on]
        facts += [cited(path, one.name, cited_on=day) for day in one.cited_on]
        clock = Clock(datetime(2024, 7, 1, 12, tzinfo=UTC))
        with before_days_were_compared():
            request(path, *facts, clock=clock)


# --- counted slowly -------------------------------------------------------------------


def passes(
    basis: oracle.Basis, position: int, recorded_at: str, day: str | None
) -> bool:
    """
    Say whether a fact is known: recorded by the position, and by the cut-off; where it
    claims a day, if the cut-off is on that day or later.
    """
    if position > basis.position:
        return False
    if basis.instant is None:
        return True
    if day is None:
        known = datetime.fromisoformat(recorded_at)
        return known < basis.instant or (
            basis.bound == "through" and known == basis.instant
        )
    begins = datetime.combine(date.fromisoformat(day), time(), ZoneInfo(ZONE))
    return basis.instant > begins or (
        basis.bound == "through" and basis.instant == begins
    )


def used(log: Log, basis: oracle.Basis) -> dict[str, str]:
    """
    Return how each known request uses SCR data, by rules told in words.
    """
    import json

    found: dict[str, set[str]] = {}
    days = ("submitted_on", "cited_on", "declined_on")
    for row in log.rows(0, log.head):
        if not row.stream.startswith("request/"):
            continue
        said = json.loads(row.payload)
        day = next((said[name] for name in days if name in said), None)
        if not passes(basis, row.position, row.recorded_at, day):
            continue
        if said["event"] == "requested":
            found[said["request"]] = set()
        elif said["request"] in found:
            found[said["request"]].add(said["event"])
    return {
        name: "used" if "cited" in events else ("declined" if events else "undecided")
        for name, events in found.items()
    }


def identified(facts: Sequence[oracle.Fact], basis: oracle.Basis) -> dict[str, bool]:
    """
    Return each SCR that stands and is approved: whether none of its days is unknown.
    """
    return {
        case.scr: "unknown"
        not in {case.meets_tco_on_entry, *(one.meets_tco for one in case.outcomes)}
        for case in oracle._cases(facts, basis)
    }


def ends(day: date, by: str) -> list[date]:
    """
    Return the last days of the fiscal periods in the four years before a day.
    """
    last = {"quarter": {"12-31", "03-31", "06-30", "09-30"}, "year": {"09-30"}}[by]
    every = [day - timedelta(days=n) for n in range(1, 366 * 13)]
    return [one for one in every if one.isoformat()[5:] in last]
