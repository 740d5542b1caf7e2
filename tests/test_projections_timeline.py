"""What belief rows tell of an SCR, held equal to a fold of its stream."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

from hypothesis import given as holds_for

from ledger.domain.fiscal import to_micros
from ledger.reader import open_log
from projections.readmodel import NEVER, open_read_model
from projections.standing import COLUMNS, FOLDS, Standing
from projections.timeline import turns
from tests import ledgers, strategies
from tests.facts import classified, disrupted, fact, filed, voided
from tests.strategies import Load, as_jsonl

if TYPE_CHECKING:
    from ledger.reader import Log
    from projections.readmodel import ReadModel

SPAN = ("known_from", "position_from", "known_until", "position_until")


def told(model: ReadModel, scr: str) -> list[tuple]:
    """
    Return the turns that the belief rows of an SCR tell, each with a copy of its own.
    """
    rows = model.all(
        f"SELECT outcome, {', '.join((*COLUMNS, *SPAN))} FROM beliefs WHERE scr=?",
        (scr,),
    )
    return [(known, position, dict(held)) for known, position, held in turns(rows)]


def folded(log: Log, scr: str) -> list[tuple]:
    """
    Return the facts of a stream after which something else could be counted.
    """
    found: list[tuple] = []
    held: dict = {}
    standing = None
    for row in log.stream(f"scr/{scr}", log.head):
        fields = json.loads(row.payload)
        known = datetime.fromisoformat(fields.get("known_at") or row.recorded_at)
        if standing is None:
            standing = Standing(fields)
        else:
            FOLDS[fields["event"]](standing, fields)
        if standing.observations() != held:
            held = standing.observations()
            found.append((to_micros(known), row.position, held))
    return found


@holds_for(strategies.loads())
def test_turns_are_a_fold_of_the_stream(loads: list[Load]):
    """
    Every fact that changed what is observable is a turn, with its two clocks; no other
    is; and after each, the rows hold what the fold holds.
    """
    with ledgers.folder() as folder:
        path = ledgers.make(folder / "scr.db")
        list(ledgers.load_all(path, loads))
        with open_log(path) as log, open_read_model(log) as model:
            for scr in strategies.SCRS:
                assert told(model, scr) == folded(log, scr)


def test_turns_by_hand(tmp_path):
    """
    A row ends and another begins at the same fact; a void ends all; nothing is told of
    facts before there is anything to observe.
    """
    path = ledgers.make(tmp_path / "scr.db")
    lines = [
        *(filed(), classified()),  # Positions 2 and 3.
        disrupted(),
        fact("reopened", reason="more work"),
        fact("approved", known_at="2019-02-01T00:00:00Z"),
        voided(known_at="2019-03-01T00:00:00Z"),
    ]
    ledgers.load(path, as_jsonl(Load(lines)))

    with open_log(path) as log, open_read_model(log) as model:
        assert [(position, set(held)) for _, position, held in told(model, "S-1")] == [
            (4, {"D1"}),
            (6, {"", "D1"}),
            (7, set()),
        ]


def test_turns_without_rows():
    """
    Of an SCR that was never observable there is nothing to tell.
    """
    assert list(turns([])) == []


def test_turns_do_not_depend_on_the_order_of_the_rows():
    """
    The same dictionary is yielded each time; what ends at a fact is gone before what
    begins there comes.
    """
    first, second = ((place,) * len(COLUMNS) for place in (1, 2))
    rows = [
        ("D1", *second, 20, 5, NEVER, NEVER),
        ("D1", *first, 10, 3, 20, 5),
        ("D2", *first, 10, 4, 20, 5),
    ]
    expected = [
        (10, 3, {"D1": first}),
        (10, 4, {"D1": first, "D2": first}),
        (20, 5, {"D1": second}),
    ]

    for order in (rows, rows[::-1]):
        assert [(*when, dict(held)) for *when, held in turns(order)] == expected
    assert len({id(held) for *_, held in turns(rows)}) == 1
