"""Taxonomies for tests, plain and drawn, and ledgers that record them.

A taxonomy stands here as its JSON body, as in ``tests.definitions``.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from ledger import app
from tests import oracle
from tests.ledgers import Clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.reader import Log
    from ledger.store.taxonomies import Decided

    Body = dict[str, Any]


def body(*names: str, **requires: str) -> Body:
    """
    Return a taxonomy of some categories; those named by keyword say what they require.
    """
    answers = {**dict.fromkeys(names, "yes"), **requires}
    return {
        "title": "categories",
        "source": "a handbook",
        "categories": {
            name: {"criteria": f"what {name} asks for", "requires_tco": answer}
            for name, answer in answers.items()
        },
    }


def put(
    path: str,
    said: Body,
    *,
    adopted_at: datetime | None = None,
    clock: Callable[[], datetime] | None = None,
) -> Decided:
    """
    Record a taxonomy.
    """
    ledger, _ = app.open_ledger(path, clock=clock or Clock())
    try:
        return ledger.categorize(said, by="b", adopted_at=adopted_at)
    finally:
        ledger.close()


def waive(path: str, rule: str, scr: str, **said: Any):
    """
    Record a waiver, by default until the end of 2024.
    """
    clock = said.pop("clock", None) or Clock()
    ledger, _ = app.open_ledger(path, clock=clock)
    try:
        given = {"until": "2024-12-31", "reason": "r", "by": "b", **said}
        return ledger.waive(rule, scr, **given)
    finally:
        ledger.close()


def adopted(log: Log) -> list[oracle.Adopted]:
    """
    Return what the log says of the taxonomy, as the oracle takes it.
    """
    found = []
    for row in log.stream("taxonomy", log.head):
        said = json.loads(row.payload)
        known_at = datetime.fromisoformat(said.get("adopted_at", row.recorded_at))
        found.append(oracle.Adopted(row.position, known_at, said["taxonomy"]))
    return found


ANSWERS = st.sampled_from(("yes", "no", "unknown"))


@st.composite
def drawn(draw) -> Body:
    """
    Draw a taxonomy of the categories that drawn histories have, or of some of them.
    """
    names = draw(
        st.lists(st.sampled_from(("fraud", "Gangs", "x")), min_size=1, unique=True)
    )
    said = body(**{name: draw(ANSWERS) for name in names})
    said["title"] = f"categories {draw(st.integers(0, 9))}"
    for held in said["categories"].values():
        parts = st.lists(st.sampled_from(("null", "production", "y")), unique=True)
        chosen = draw(st.one_of(st.just([]), parts))
        if chosen:
            held["subcategories"] = {
                part: {
                    "criteria": "c",
                    **draw(
                        st.one_of(st.just({}), st.builds(dict, requires_tco=ANSWERS))
                    ),
                }
                for part in chosen
            }
    limits = {
        "office-silent": draw(st.sampled_from((None, None, 1, 200))),
        "outcome-far-from-filing": draw(st.sampled_from((None, 1, 400))),
    }
    kept = {rule: value for rule, value in limits.items() if value is not None}
    return {**said, "thresholds": kept} if kept else said
