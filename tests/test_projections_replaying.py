"""The log walked fact by fact, held equal to the read model at every step."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given as holds_for
from hypothesis import strategies as st

from ledger.domain.definitions import BUILT_IN
from ledger.errors import FactDamagedError, UsageError
from ledger.reader import open_log
from projections import basis as bases
from projections import counts, history
from projections.grade import grade
from projections.readmodel import NO_CUTOFF, open_read_model
from projections.replaying import Chosen, walk
from projections.states import Change, Subjects, change, differences
from tests import ledgers
from tests.definitions import LONG_AGO, Put, body, case_loads, families, put
from tests.facts import (
    disrupted,
    fact,
    filed,
    merged,
    redated,
    redetermined,
    unmerged,
)
from tests.strategies import Load, as_jsonl

if TYPE_CHECKING:
    from pathlib import Path

    from ledger.reader import Log, Row
    from projections.basis import Basis
    from projections.readmodel import ReadModel
    from projections.replaying import Figure

MEASURES = tuple(BUILT_IN)
YEARS = range(2015, 2023)


def counted(model: ReadModel, basis: Basis, measures: tuple[str, ...]) -> dict:
    """
    Return what `count` says, without the zeros; a measure not in force counts nothing.
    """
    found: dict[Figure, int] = {}
    for name in measures:
        try:
            rows = counts.count(model, basis, counts.Question((name,), YEARS))
        except UsageError:
            continue
        found |= {(name, int(str(row["fiscal_year"]))): row["value"] for row in rows}
    return {key: value for key, value in found.items() if value}


def without_zeros(figures: dict[Figure, int]) -> dict[Figure, int]:
    """
    Return figures without those that are 0.
    """
    return {key: value for key, value in figures.items() if value}


def ledger_of(folder: Path, loads: list[Load], definitions: list) -> str:
    """
    Make a ledger whose definitions are recorded between its files.
    """
    path = ledgers.make(folder / "scr.db")
    clock = ledgers.Clock()
    for number, load in enumerate(loads):
        ledgers.load(path, as_jsonl(load), clock=clock)
        put(path, *definitions[number : number + 1], clock=clock)
    put(path, *definitions[len(loads) :], clock=clock)
    return path


@st.composite
def adoptions(draw) -> list[Put]:
    """
    Draw versions of one measure, some retired again, some adopted before recorded.
    """
    found: list[Put] = []
    for one in draw(families(most=3)):
        said = {k: v for k, v in one.items() if k not in ("version", "denominator")}
        long_ago = not found and draw(st.booleans())
        found.append(Put({**said, "id": "m"}, LONG_AGO if long_ago else None))
        if draw(st.booleans()):
            found.append(Put("m"))
    return found


class TestWalk:
    """Replaying any history gives the figures of the read model at every step."""

    @holds_for(case_loads(max_files=3), adoptions())
    def test_as_recorded(self, loads, definitions):
        """
        After each fact the figures are those of `count` at its position.
        """
        with ledgers.folder() as folder:
            path = ledger_of(folder, loads, definitions)
            with open_log(path) as log, open_read_model(log) as model:
                measures = (*MEASURES, *(["m"] if definitions else []))
                walked = walk(log, measures, bases.of_now(log))

                assert [step.position for step in walked.steps] == [
                    *range(1, log.head + 1)
                ]
                for place in range(log.head + 1):
                    at = bases.parse_as_of(f"@{place}", log)
                    found = without_zeros(walked.figures(place))
                    assert found == counted(model, at, measures)
                assert walked.grade == grade(model, log, NO_CUTOFF, log.head)

    @holds_for(case_loads(max_files=3), adoptions())
    def test_as_known(self, loads, definitions):
        """
        By the other clock, after the last fact of an instant the figures are those of
        `count` as of that instant.
        """
        with ledgers.folder() as folder:
            path = ledger_of(folder, loads, definitions)
            with open_log(path) as log, open_read_model(log) as model:
                measures = (*MEASURES, *(["m"] if definitions else []))
                walked = walk(log, measures, bases.of_now(log), clock="known")

                last = [*walked.steps[1:], None]
                for place, (step, after) in enumerate(
                    zip(walked.steps, last, strict=True), 1
                ):
                    if after is not None and after.known == step.known:
                        continue
                    at = bases.Basis("through", step.known, log.head, "")
                    found = without_zeros(walked.figures(place))
                    assert found == counted(model, at, measures)

    @holds_for(case_loads(max_files=2), st.data())
    def test_a_part_of_it(self, loads, data):
        """
        What is walked from a fact on begins with the figures that it found.
        """
        with ledgers.folder() as folder:
            path = ledger_of(folder, loads, [])
            with open_log(path) as log:
                after = data.draw(st.integers(0, log.head))
                whole = walk(log, MEASURES, bases.of_now(log))
                part = walk(log, MEASURES, bases.of_now(log), after=after)

                assert part.steps == whole.steps[after:]
                assert part.start == without_zeros(whole.figures(after))
                assert part.end == without_zeros(whole.figures(log.head))

    @holds_for(case_loads(max_files=2), adoptions())
    def test_every_move_is_from_the_figure_before_it(self, loads, definitions):
        """
        Going back by the figures a move found undoes going forward by those it left.
        """
        with ledgers.folder() as folder:
            path = ledger_of(folder, loads, definitions)
            with open_log(path) as log:
                measures = (*MEASURES, *(["m"] if definitions else []))
                walked = walk(log, measures, bases.of_now(log))

                figures = walked.figures(len(walked.steps))
                for place in range(len(walked.steps), 0, -1):
                    for move in walked.steps[place - 1].moved:
                        key = move.measure, move.fiscal_year
                        assert figures[key] == move.after
                        figures[key] = move.before
                    expected = walked.figures(place - 1)
                    assert without_zeros(figures) == without_zeros(expected)

    @holds_for(case_loads(max_files=2))
    def test_a_pinned_version(self, loads):
        """
        A version that is asked for counts throughout, before it was recorded too.
        """
        with ledgers.folder() as folder:
            path = ledger_of(folder, loads, [Put(body("m")), Put("m")])
            with open_log(path) as log, open_read_model(log) as model:
                walked = walk(log, ("m@1",), bases.of_now(log))
                asked = counts.Question(("m",), YEARS, definitions=("m@1",))
                for place in range(log.head + 1):
                    at = bases.parse_as_of(f"@{place}", log)
                    rows = counts.count(model, at, asked)
                    assert without_zeros(walked.figures(place)) == {
                        ("m@1", row["fiscal_year"]): row["value"]
                        for row in rows
                        if row["value"]
                    }


class TestChosen:
    """Only the facts that are wanted are steps; the figures rest on all of them."""

    @pytest.fixture
    def log(self, tmp_path):
        """
        Two SCRs of two offices, one outcome moved from one year to the next.
        """
        path = ledgers.make(tmp_path / "scr.db")
        lines = [
            {**filed("S-1"), "office": "A"},
            {**filed("S-2"), "office": "B"},
            fact("approved", "S-1"),
            disrupted("D1", "S-1", effective_on="2019-09-30"),
            fact("approved", "S-2"),
            disrupted("D1", "S-2", effective_on="2019-09-30"),
            redated("D1", scr="S-1", effective_on="2019-10-01"),
            fact("transferred", "S-1", office="C"),
        ]
        ledgers.load(path, as_jsonl(Load(lines)))
        with open_log(path) as opened:
            yield opened

    @pytest.mark.parametrize(
        ("chosen", "positions"),
        [
            pytest.param(Chosen(scr="S-1"), [2, 4, 5, 8, 9], id="one SCR"),
            pytest.param(Chosen(office="A"), [2, 4, 5, 8, 9], id="who had it"),
            pytest.param(Chosen(office="C"), [9], id="who has it then"),
            pytest.param(Chosen(office="B"), [3, 6, 7], id="one office"),
            pytest.param(Chosen(moving=True), [5, 7, 8], id="what moved a figure"),
            pytest.param(
                Chosen(years=range(2020, 2021)), [8], id="what moved one year"
            ),
            pytest.param(
                Chosen(scr="S-2", years=range(2019, 2020)), [7], id="both at once"
            ),
        ],
    )
    def test_what_is_wanted(self, log, chosen, positions):
        """
        Each step meets all that is asked for.
        """
        walked = walk(log, ("dd-all",), bases.of_now(log), chosen=chosen)

        assert [step.position for step in walked.steps] == positions

    def test_figures_rest_on_all_facts(self, log):
        """
        The figures after a step count what was not chosen as well.
        """
        everything = walk(log, ("dd-all",), bases.of_now(log))
        walked = walk(log, ("dd-all",), bases.of_now(log), chosen=Chosen(scr="S-2"))

        places = [step.position for step in walked.steps]
        assert [walked.figures(taken) for taken in range(1, len(places) + 1)] == [
            everything.figures(position) for position in places
        ]

    def test_a_move_names_the_figures_of_all(self, log):
        """
        The figure that a step moved is that of all SCRs, not of the chosen ones.
        """
        walked = walk(
            log, ("dd-all",), bases.of_now(log), chosen=Chosen(scr="S-2", moving=True)
        )

        assert [step.moved for step in walked.steps] == [(("dd-all", 2019, 1, 2),)]


def test_mergers_move_organizations(tmp_path):
    """
    Two organizations that turn out to be one are one from that fact on, and two again
    from the fact on that says they are not.
    """
    path = ledgers.make(tmp_path / "scr.db")
    lines = []
    for scr, organization in (("S-1", "ORG-1"), ("S-2", "ORG-2")):
        lines += [
            filed(scr),
            fact("approved", scr),
            disrupted("D1", scr, effective_on="2019-09-30"),
            redetermined("yes", "yes", scr=scr, organization=organization),
        ]
    ledgers.load(
        path, as_jsonl(Load([*lines, merged("ORG-1", "ORG-2"), unmerged("ORG-1")]))
    )
    with open_log(path) as log:
        walked = walk(
            log, ("organizations-tco",), bases.of_now(log), chosen=Chosen(moving=True)
        )

    moves = [move[1:] for step in walked.steps for move in step.moved]
    assert moves == [(2019, 0, 1), (2019, 1, 2), (2019, 2, 1), (2019, 1, 2)]


@pytest.mark.parametrize("name", ["none", "dd-all@2", "d\u00e9", ""])
def test_a_measure_that_is_none(tmp_path, name):
    """
    A measure without a definition in the log is refused.
    """
    with (
        open_log(ledgers.make(tmp_path / "scr.db")) as log,
        pytest.raises(UsageError, match="measure"),
    ):
        walk(log, (name,), bases.of_now(log))


class TestStates:
    """How a subject stood before a fact, and after it."""

    @holds_for(case_loads(max_files=2))
    def test_as_the_read_side_has_it(self, loads):
        """
        After each fact on an SCR its state is that of `show` at its position, and
        before each it is that after the one before.
        """
        with ledgers.folder() as folder:
            path = ledger_of(folder, loads, [Put(body("m"))])
            with open_log(path) as log:
                subjects = Subjects(log)
                streams: dict[str, list[Change]] = {}
                for row in log.rows(0, log.head):
                    made = subjects.take(row)
                    assert change(log, row) == made
                    streams.setdefault(row.stream, []).append(made)
                    if row.topic.startswith("scr."):
                        assert made.after == shown(log, row)
                for changes in streams.values():
                    assert changes[0].before is None
                    assert all(
                        one.after == other.before for one, other in pairwise(changes)
                    )

    @holds_for(case_loads(max_files=2))
    def test_differences_tell_all(self, loads):
        """
        What differs is named exactly where two states are not the same.
        """
        with ledgers.folder() as folder:
            path = ledger_of(folder, loads, [])
            with open_log(path) as log:
                subjects = Subjects(log)
                for row in log.rows(0, log.head):
                    made = subjects.take(row)
                    assert bool(differences(made)) == (made.before != made.after)

    def test_in_words(self, tmp_path):
        """
        A difference names what changed, what it was and what it is.
        """
        path = ledgers.make(tmp_path / "scr.db")
        lines = [
            filed("S-1"),
            fact("approved", "S-1"),
            disrupted("D1", "S-1", effective_on="2019-09-30"),
            redated("D1", scr="S-1", effective_on="2019-10-01"),
        ]
        ledgers.load(path, as_jsonl(Load(lines)))
        with open_log(path) as log:
            made = [change(log, row) for row in log.rows(2, 5)]

        assert differences(made[0]) == [("approved", "no", "yes")]
        assert ("D1 kind", None, "disruption") in differences(made[1])
        assert differences(made[2]) == [("D1 on", "2019-09-30", "2019-10-01")]


def shown(log: Log, row: Row) -> object:
    """
    Return the state of a row's SCR at its position.
    """
    at = bases.parse_as_of(f"@{row.position}", log)
    return history.state_of(log, row.stream.removeprefix("scr/"), at)


def test_a_damaged_fact_is_named(tmp_path, monkeypatch):
    """
    What cannot be read is an alarm that says where.
    """
    path = ledgers.make(tmp_path / "scr.db")
    ledgers.load(path, as_jsonl(Load([filed("S-1")])))
    with open_log(path) as log:
        monkeypatch.setattr(
            log, "narrow", lambda *_: iter([(2, "scr.filed/1", "2024", b"{}")])
        )
        with pytest.raises(FactDamagedError, match="position 2"):
            walk(log, ("dd-all",), bases.of_now(log))
