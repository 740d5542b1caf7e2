"""Publications computed, and computed again: the same for ever, or an alarm."""

from __future__ import annotations

import copy
import json
import shutil
from collections import defaultdict
from datetime import UTC, datetime
from itertools import chain

import pytest
from hypothesis import given as holds_for
from hypothesis import strategies as st

from ledger import fsck
from ledger.domain import publication as publications
from ledger.errors import (
    FactDamagedError,
    IntegrityError,
    NoSuchPublicationError,
    PublicationTakenError,
    UsageError,
)
from projections import counts
from projections.publications import behind, recorded
from projections.publishing import (
    claims_otherwise,
    registered,
    today,
)
from projections.tracing import trace
from tests import ledgers, oracle, taxonomies
from tests.claims import opened
from tests.commandline import life, line, prepare
from tests.definitions import (
    LONG_AGO,
    Put,
    all_bases,
    body,
    case_facts,
    case_loads,
    definitions,
    of_oracle,
    put,
)
from tests.publications import (
    RED,
    compact,
    compute,
    every,
    forge,
    payload,
    printing,
    publish,
    register,
    verify,
)
from tests.strategies import as_jsonl

YEARS = st.integers(2017, 2021)
NAMES = st.sampled_from((*oracle.MEASURES, "m@1", "m@1", "m@1"))
FIGURES = st.lists(
    st.tuples(NAMES, YEARS),
    min_size=1,
    max_size=5,
    unique_by=lambda one: (one[0].partition("@")[0], one[1]),
)


# --- whatever happens later -----------------------------------------------------------


@st.composite
def laters(draw, loads):
    """
    Draw what happens after a publication: the files in their order, among them what
    becomes of the measure `m`, taxonomies and further publications.
    """
    others = draw(
        st.lists(
            st.sampled_from(("redefine", "retire", "tax", "publish", "register")),
            min_size=1,
            max_size=4,
            unique=True,
        )
    )
    turns = draw(st.permutations([*["load"] * len(loads), *others]))
    return turns if "retire" not in turns else _retired_last(turns)


def _retired_last(turns):
    # What is retired is redefined no more.
    measure = iter(
        [one for one in ("redefine", "retire") if one in turns],
    )
    return [next(measure) if one in ("redefine", "retire") else one for one in turns]


def happen(path, turn, loads, clock, figures):
    """
    Let one thing happen to a ledger.
    """
    match turn:
        case "load":
            ledgers.load(path, as_jsonl(next(loads)), clock=clock)
        case "redefine":
            other = body("m", 2, population={"tco": ["no"]}, targets={"2019": 1})
            put(path, Put(other), clock=clock)
        case "retire":
            put(path, Put("m"), clock=clock)
        case "tax":
            taxonomies.put(path, taxonomies.body("fraud"), clock=clock)
        case "publish":
            publish(path, "LATER", *figures, ("m@1", 2016), clock=clock)
        case "register":
            measure, year = figures[0]
            if measure != "m@1":  # A printing names measures, as in force then.
                register(path, printing("PRINTED", (measure, year, 7)), clock=clock)


@holds_for(case_loads(max_lines=40, max_files=4), definitions(), st.data())
def test_a_publication_is_the_same_for_ever(loads, said, data):
    """
    Whatever history and definition, at whatever basis: the bytes that are sealed are
    computed again after any later facts, definitions, retirements and publications.
    """
    clock = ledgers.Clock()
    with ledgers.folder() as folder:
        path = ledgers.make(folder / "scr.db", clock)
        before = data.draw(st.integers(0, len(loads)), label="files before")
        for load in loads[:before]:
            ledgers.load(path, as_jsonl(load), clock=clock)
        put(path, Put(said, LONG_AGO), clock=clock)
        with opened(path) as (log, _):
            at = data.draw(all_bases(case_facts(log)), label="basis")
        figures = data.draw(FIGURES, label="figures")
        claims = data.draw(st.sampled_from(("words", "m", "m@1", "m@2", "dd-tco")))
        status = data.draw(st.sampled_from(publications.STATUSES))
        content = publish(
            path,
            "FIRST",
            *figures,
            at=lambda log: of_oracle(log, at),
            claims=claims,
            status=status,
            clock=clock,
        )
        sealed = {"FIRST": publications.canonical(content)}
        assert verify(path, "FIRST") == sealed["FIRST"]

        left = loads[before:]
        files = iter(left)
        for turn in data.draw(laters(left), label="later"):
            happen(path, turn, files, clock, figures)
            for one in every(path):
                held = sealed.setdefault(
                    one.content.name, publications.canonical(one.content)
                )
                assert verify(path, one.content.name) == held
        assert fsck.check(path, lambda _: None).findings == ()


# --- both ways ------------------------------------------------------------------------


def unit_of(said, row):
    """
    Return the units that a row of ``cases`` stands for.
    """
    match said["unit"]:
        case "outcome":
            return {f"{row['scr']} {one['outcome']}" for one in row["outcomes"]}
        case "organization":
            return {row["organization"]}
        case "case":
            return {row["case_number"]}
        case _:
            return {row["scr"]}


@holds_for(case_loads(max_lines=40, max_files=3), definitions(), st.data())
def test_behind_and_trace_are_each_others_inverse(loads, said, data):
    """
    An SCR's trace leads to just the figures behind which it stands; these are the rows
    of ``cases`` at the publication's basis; and what a figure counts are their units,
    as the oracle has them.
    """
    clock = ledgers.Clock()
    with ledgers.folder() as folder:
        path = ledgers.make(folder / "scr.db", clock)
        for load in loads:
            ledgers.load(path, as_jsonl(load), clock=clock)
        put(path, Put(said, LONG_AGO), clock=clock)
        with opened(path) as (log, _):
            facts = case_facts(log)
        bases = [data.draw(all_bases(facts), label="basis") for _ in range(2)]
        for number, at in enumerate(bases):
            publish(
                path,
                f"P{number}",
                *data.draw(FIGURES, label="figures"),
                at=lambda log, at=at: of_oracle(log, at),
                clock=clock,
            )
        with opened(path) as (log, model):
            ways = defaultdict(list)
            for one, at in zip(recorded(log), bases, strict=True):
                rows = behind(log, model, one)
                _as_cases(model, one, of_oracle(log, at), rows)
                _as_the_oracle(facts, at, said, one.content.figures)
                _units_of_rows(said, one.content.figures, rows)
                for row in rows:
                    ways[row["scr"]].append((one.content.name, row))
            for scr in {fact.line["scr"] for fact in facts if "scr" in fact.line}:
                found = trace(log, model, scr)
                told = [(one.publication.content.name, one.then) for one in found]
                assert told == ways[scr]


def _as_cases(model, one, basis, rows):
    asked = [
        counts.Question(
            (figure.measure,),
            range(figure.fiscal_year, figure.fiscal_year + 1),
            definitions=("m@1",) if figure.measure == "m" else (),
        )
        for figure in one.content.figures
    ]
    assert rows == list(
        chain.from_iterable(counts.cases(model, basis, each) for each in asked)
    )


def _as_the_oracle(facts, at, said, figures):
    for figure in figures:
        name, year = figure.measure, figure.fiscal_year
        one = said if name == "m" else oracle.BUILT_INS[name]
        rows = oracle.cases_by_definition(facts, at, name, one, [year])
        units = set().union(*(unit_of(one, row) for row in rows))
        assert figure.counted == tuple(sorted(units))
        assert figure.value == len(units)
        under = one.get("denominator")
        if under is not None:
            below = oracle.BUILT_INS[under]
            rows = oracle.cases_by_definition(facts, at, under, below, [year])
            units = set().union(*(unit_of(below, row) for row in rows))
            assert figure.denominator == len(units)
            assert figure.denominator_sha256 == publications.hash_of_set(units)
        target = one.get("targets", {}).get(str(year))
        assert figure.target == target
        if target is not None:
            reached = figure.value
            if under is not None and figure.denominator:
                reached = 100 * figure.value / figure.denominator
            if under is None or figure.denominator:
                assert figure.met == (reached >= target)


def _units_of_rows(said, figures, rows):
    for figure in figures:
        one = said if figure.measure == "m" else oracle.BUILT_INS[figure.measure]
        units = set().union(
            *(
                unit_of(one, row)
                for row in rows
                if (row["measure"], row["fiscal_year"])
                == (figure.measure, figure.fiscal_year)
            )
        )
        assert figure.counted == tuple(sorted(units))
        assert figure.counted_sha256 == publications.hash_of_set(units)


@pytest.fixture
def path(tmp_path) -> str:
    """
    A ledger of 19 facts, three SCRs counted in FY 2019.
    """
    return str(prepare(tmp_path))


def test_a_trace_tells_then_and_now(path):
    """
    What an SCR was counted for, and whether it is now: by the definition of then.
    """
    publish(path, "A", ("dd-all", 2019), ("dd-tco", 2019))
    late = "2024-01-01T00:00:00Z"
    answers = {"association": "yes", "transnational": "no", "reason": "r"}
    ledgers.load(
        path,
        line("SCR-1", "redetermined", "2023-01-01", late, **answers)
        + line("SCR-2", "reversed", "2023-01-01", late, outcome="D1", reason="r"),
        clock=ledgers.Clock(datetime(2024, 6, 1, tzinfo=UTC)),
    )
    with opened(path) as (log, model):
        told = {
            scr: [
                (one.then["measure"], one.then["meets_tco"], one.now["meets_tco"])
                if one.now
                else (one.then["measure"], one.then["meets_tco"], None)
                for one in trace(log, model, scr)
            ]
            for scr in ("SCR-1", "SCR-2", "SCR-4")
        }

    assert told == {
        "SCR-1": [("dd-all", "yes", "no"), ("dd-tco", "yes", None)],
        "SCR-2": [("dd-all", "no", None)],
        "SCR-4": [],
    }


def test_now_is_by_the_definition_of_then(path):
    """
    So that what differs is the data: a later version changes no trace.
    """
    put(path, Put(body("m", population={"tco": ["yes"]}), LONG_AGO))
    publish(path, "A", ("m", 2019))
    put(path, Put(body("m", 2, population={"tco": ["no"]})), Put("m"))
    with opened(path) as (log, model):
        (one,) = trace(log, model, "SCR-1")
    assert one.now == one.then


def test_an_scr_may_count_by_another_outcome_now(path):
    """
    Where SCRs are counted it still counts; where outcomes are, the one that was printed
    does not, and another is none of it.
    """
    publish(path, "A", ("dd-all", 2019), ("disruptions-all", 2019))
    late = "2024-01-01T00:00:00Z"
    ledgers.load(
        path,
        line("SCR-3", "disrupted", "2019-05-01", late, outcome="D2")
        + line("SCR-3", "reversed", "2023-01-01", late, outcome="D1", reason="r"),
        clock=ledgers.Clock(datetime(2024, 6, 1, tzinfo=UTC)),
    )
    with opened(path) as (log, model):
        scrs, outcomes = trace(log, model, "SCR-3")

    assert [one["outcome"] for one in scrs.then["outcomes"]] == ["D1"]
    assert [one["outcome"] for one in scrs.now["outcomes"]] == ["D2"]
    assert outcomes.now is None


def test_each_outcome_is_traced_for_itself(path):
    """
    Two of one SCR with two answers are two rows, then and now.
    """
    late = "2023-12-01T00:00:00Z"
    answers = {"association": "no", "transnational": "no", "from": "2019-05-01"}
    ledgers.load(
        path,
        line("SCR-1", "disrupted", "2019-06-01", late, outcome="D2")
        + line("SCR-1", "determined", "2019-06-01", late, **answers),
    )
    publish(path, "A", ("disruptions-all", 2019))
    with opened(path) as (log, model):
        found = trace(log, model, "SCR-1")

    assert sorted(one.then["meets_tco"] for one in found) == ["no", "yes"]
    assert all(one.now == one.then for one in found)


# --- any change is found --------------------------------------------------------------


@pytest.fixture(scope="module")
def sealed(tmp_path_factory) -> str:
    """
    A ledger with the rate `m` at position 20, its figure printed in `A` at 21 and, by
    more facts, in `B` at 22; and `C`, as printed, at 23.
    """
    path = str(prepare(tmp_path_factory.mktemp("sealed")))
    said = body(
        "m", population={"tco": ["yes"]}, denominator="dd-all", targets={"2019": 50}
    )
    put(path, Put(said, LONG_AGO))
    publish(path, "A", ("m", 2019), claims="m", override="asked for", gate=RED)
    ledgers.load(path, life("SCR-9", tco="yes"))
    publish(path, "B", ("m", 2019), ("dd-all", 2018), claims="m")
    register(path, printing("C", ("m", 2019, 9), synthetic=True, claims="m@1"))
    for name in "ABC":
        verify(path, name)
    return path


POSITIONS = {"A": 21, "B": 27, "C": 28}


def leaves(fields, path=()):
    """
    Yield the path of everything in JSON that may be changed.
    """
    if isinstance(fields, dict):
        for name, value in fields.items():
            yield from leaves(value, (*path, name))
    elif isinstance(fields, list) and fields:
        for number, value in enumerate(fields):
            yield from leaves(value, (*path, number))
    else:
        yield path


def others(value):
    """
    Return other values of the same kind.
    """
    match value:
        case bool():
            return [not value]
        case int() | float():
            return [value + 1]
        case [] | None:
            return [["SCR-1"]]
        case str() if len(value) == 64:
            return [value[::-1]]
        case _:
            same_kind = {"late-data": "error", "2020-01-15": "2020-01-16"}
            return [f"{value}x", same_kind.get(value, "y")]


def changed(fields, path, value):
    """
    Return JSON with another value at a path; with ``del`` without it.
    """
    made = copy.deepcopy(fields)
    held = made
    for step in path[:-1]:
        held = held[step]
    if value is del_:
        del held[path[-1]]
    else:
        held[path[-1]] = value
    return made


del_ = object()


def refuses(path, name):
    """
    Return whether a publication raises the alarm when it is verified.
    """
    try:
        verify(path, name)
    except IntegrityError:
        return True
    return False


@pytest.mark.parametrize("rehash", [False, True], ids=["leaf kept", "leaf anew"])
@pytest.mark.parametrize("name", "ABC")
def test_every_field_of_it_is_sealed(sealed, tmp_path, name, rehash):
    """
    One field after another is changed, or left out: none goes unnoticed, whether or not
    its leaf hash is made anew.
    """
    path = shutil.copy(sealed, tmp_path / "scr.db")
    position = POSITIONS[name]
    fields = payload(path, position)
    # Who published is no part of the content; the leaf holds it.
    paths = [
        one
        for one in leaves(fields)
        if not rehash or one[0] not in ("by", "run_by", "event", "publication")
    ]
    missed = []
    for one in paths:
        held = fields
        for step in one:
            held = held[step]
        for value in (*others(held), del_):
            forge(path, position, changed(fields, one, value), rehash=rehash)
            if not refuses(path, name):
                missed.append((one, value))
    assert missed == []
    assert len(paths) > 30
    forge(path, position, fields, rehash=True)
    assert not refuses(path, name)


# A publication of before `four_eyes` does not have it, so that it is gone is no fault.
SAID = {  # What nothing but the seal holds: people said it, or validation did.
    "A": {"document", "override", "gate", "four_eyes"},
    "B": {"document", "gate", "status", "four_eyes"},
    "C": {"document", "printed", "printed_on", "synthetic", "four_eyes"},
}


@pytest.mark.parametrize("name", "ABC")
def test_what_can_be_computed_is_computed_again(sealed, tmp_path, name):
    """
    Where seal and leaf hash are made anew as well, every field that follows from the
    log is still found; only what people say, or validation said, is not.
    """
    path = shutil.copy(sealed, tmp_path / "scr.db")
    position = POSITIONS[name]
    fields = payload(path, position)
    missed = set()
    for one in leaves(fields["content"]):
        held = fields["content"]
        for step in one:
            held = held[step]
        for value in (*others(held), del_):
            content = changed(fields["content"], one, value)
            try:
                seal = publications.seal_of(publications.from_json(content))
            except (KeyError, TypeError, ValueError):
                continue  # That is no publication any more.
            forge(
                path,
                position,
                {**fields, "content": content, "seal": seal},
                rehash=True,
            )
            if not refuses(path, name):
                missed.add(one[0] if one[0] != "figures" else one[2])
    assert missed == SAID[name]


BYTES = st.integers(0, 10**6)


@holds_for(st.sampled_from("ABC"), BYTES, st.integers(1, 255))
def test_every_byte_of_it_is_sealed(sealed, name, place, flip):
    """
    Whatever byte is another, verifying raises an alarm, and nothing else.
    """
    with ledgers.folder() as folder:
        path = shutil.copy(sealed, folder / "scr.db")
        state = bytearray(compact(payload(path, POSITIONS[name])))
        state[place % len(state)] ^= flip
        for rehash in (False, True):
            forge(path, POSITIONS[name], bytes(state), rehash=rehash)
            if rehash and _same_content(sealed, name, bytes(state)):
                continue  # It is `by`, or white space: only the leaf holds it.
            assert refuses(path, name)


def _same_content(sealed, name, state):
    try:
        fields = json.loads(state)
        return (
            publications.from_json(fields["content"])
            == publications.from_json(payload(sealed, POSITIONS[name])["content"])
            and fields["seal"] == payload(sealed, POSITIONS[name])["seal"]
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return False


NO_PUBLICATIONS = [
    b"",
    b"null",
    b"[]",
    b"{}",
    b"\xff",
    b"[" * 100_000,
    b'{"by":"b","run_by":"r","seal":"s","content":null}',
    b'{"by":"b","run_by":"r","seal":"s","content":{"figures":7}}',
]


@pytest.mark.parametrize("state", NO_PUBLICATIONS, ids=range(len(NO_PUBLICATIONS)))
def test_what_is_no_publication_is_damage(sealed, tmp_path, state):
    """
    However it is looked at, it is said where it stands; nothing else is raised.
    """
    path = shutil.copy(sealed, tmp_path / "scr.db")
    forge(path, 27, state, rehash=True)

    with pytest.raises(FactDamagedError, match="position 27"):
        verify(path, "B")
    with pytest.raises(FactDamagedError, match="position 27"):
        every(path)


@pytest.mark.parametrize(
    "figure",
    [
        {"value": "3"},
        {"value": None},
        {"value": 10**30},
        {"value": 1.5},
        {"counted": "SCR-1"},
        {"counted": [1, None]},
        {"fiscal_year": "2019"},
        {"fiscal_year": 10**12},
        {"measure": "../x"},
        {"measure": ["m"]},
        {"measure": "\ud800"},
        {"target": "x"},
        {"target": float("nan")},
        {"last": 7},
        {"last": {"publication": 7, "value": "x"}},
    ],
)
def test_values_of_another_kind_are_damage(sealed, tmp_path, figure):
    """
    A forged number, list or name ends as an alarm, never as a fault of the program.
    """
    path = shutil.copy(sealed, tmp_path / "scr.db")
    fields = payload(path, 27)
    fields["content"]["figures"][0] |= figure
    forge(path, 27, json.dumps(fields).encode(), rehash=True)

    assert refuses(path, "B")


def test_the_log_it_rests_on_is_checked(sealed, tmp_path):
    """
    Where a fact before its basis is another, its root is, with leaf hashes made anew.
    """
    path = shutil.copy(sealed, tmp_path / "scr.db")
    fields = payload(path, 7)
    forge(path, 7, {**fields, "by": "agent-2"}, rehash=True)
    for name in "ABC":
        assert refuses(path, name)


# --- what is computed -----------------------------------------------------------------


def test_what_is_sealed_of_a_rate(sealed):
    """
    The figure, what it is a part of, its target, what was printed last and why it is
    another now.
    """
    first, second, printed = (one.content for one in every(sealed))
    figure = second.figures[0]

    assert [one.name for one in (first, second, printed)] == ["A", "B", "C"]
    assert (first.figures[0].value, first.figures[0].denominator) == (1, 3)
    assert (first.figures[0].target, first.figures[0].met) == (50, False)
    assert (figure.value, figure.denominator, figure.met) == (2, 4, True)
    assert figure.last == ("A", 1, 3)
    assert figure.status == "late-data"
    assert second.figures[1].status is None
    assert [one.measure for one in second.definitions] == ["m", "dd-all"]
    assert (printed.figures[0].value, printed.figures[0].supported) == (2, False)
    assert printed.figures[0].last == ("B", 2, 4)


def test_an_empty_rate_meets_no_target(path):
    """
    Nothing out of nothing is no percentage: its target is neither met nor unmet.
    """
    said = body("m", denominator="dd-all", targets={"1990": 50})
    put(path, Put(said, LONG_AGO))
    content = publish(path, "A", ("m", 1990))

    assert (content.figures[0].denominator, content.figures[0].value) == (0, 0)
    assert (content.figures[0].target, content.figures[0].met) == (50, None)
    assert verify(path, "A") == publications.canonical(content)


def test_a_claim_is_compared_with_what_is_computed(path):
    """
    By name and version where it names a measure; else its words are told beside it.
    """
    put(path, Put(body("m"), LONG_AGO))
    told = {
        claims: claims_otherwise(compute(path, "A", ("dd-all", 2019), claims=claims)[0])
        for claims in ("dd-all", "dd-all@1", "dd-tco", "m", "all of them", "m@2")
    }

    assert told == {
        "dd-all": None,
        "dd-all@1": None,
        "dd-tco": "the document claims dd-tco@1, and what is computed is dd-all@1",
        "m": "the document claims m@1, and what is computed is dd-all@1",
        "all of them": "the document claims the words 'all of them', and what is"
        " computed is dd-all@1",
        "m@2": "the document claims the words 'm@2', and what is computed is dd-all@1",
    }


def test_a_claim_means_what_there_was(path):
    """
    A version that is recorded later is not what a document claimed.
    """
    put(path, Put(body("m"), LONG_AGO))
    content = publish(path, "A", ("m", 2019), claims="m@2")
    put(path, Put(body("m", 2)))

    assert content.claims_measure is None
    assert verify(path, "A") == publications.canonical(content)


def test_today_is_by_the_definition_of_then(path):
    """
    Where another is in force by now, or none, that is named besides.
    """
    put(path, Put(body("m", population={"tco": ["yes"]}), LONG_AGO))
    publish(path, "A", ("m", 2019), ("dd-all", 2019))

    def told():
        with opened(path) as (log, model):
            return [one[1:] for one in today(log, model, recorded(log)[0])]

    assert told() == [(1, None), (3, None)]
    ledgers.load(path, life("SCR-9", tco="yes"))
    put(path, Put(body("m", 2)))
    assert told() == [(2, "m@2"), (4, None)]
    put(path, Put("m"))
    assert told() == [(2, "retired"), (4, None)]


def test_what_there_is_not(path):
    """
    No publication of a name, no measure at the basis: each is said.
    """
    with pytest.raises(NoSuchPublicationError, match="no publication is named A"):
        verify(path, "A")
    for name in ("", "\ud800", "A\nB", "Ø"):
        with pytest.raises(NoSuchPublicationError):
            verify(path, name)
    with pytest.raises(UsageError, match="no measure is named x"):
        compute(path, "A", ("x", 2019))


SAME = printing("C", ("dd-all", 2019, 3))


@pytest.mark.parametrize(
    "said",
    [
        {"document": "another"},
        {"claims": "dd-all"},
        {"printed_on": "2020-01-16"},
        {"as_of": "2020-01-16"},
        {"as_of": "2020-01-16T04:59:59Z"},
        {"as_of": "@19"},
        {"synthetic": True},
        {"figures": (("dd-all", 2019, 4, None),)},
        {"figures": (("dd-all", 2019, 3, "3"),)},
        {"figures": (("dd-all", 2018, 3, None),)},
        {"figures": (*SAME.figures, ("dd-tco", 2019, 1, None))},
    ],
)
def test_a_printing_is_registered_once(path, said):
    """
    The same again is recorded already, however long the log is by now; anything else
    under its name is refused.
    """
    register(path, SAME)
    ledgers.load(path, life("SCR-9"))
    with opened(path) as (log, _):
        assert registered(log, [SAME]) == ([], ["C"])
        with pytest.raises(PublicationTakenError):
            registered(log, [SAME._replace(**said)])


@pytest.mark.parametrize("as_of", ["@19", "2020-01-15T10:00:00-05:00", "A"])
def test_the_same_basis_is_the_same_printing(path, as_of):
    """
    A position, an instant and a publication name one basis for ever.
    """
    publish(path, "A", ("dd-tco", 2019))
    one = SAME._replace(as_of=as_of)
    register(path, one)
    ledgers.load(path, life("SCR-9"))
    with opened(path) as (log, _):
        assert registered(log, [one]) == ([], ["C"])
