"""Which definition a measure has, at every basis and under every name."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given as holds_for
from hypothesis import strategies as st

from ledger.domain.definitions import BUILT_IN, as_json, hash_of
from ledger.errors import UsageError
from ledger.reader import open_log
from projections import basis as bases
from projections import counts, measures
from projections.readmodel import open_read_model
from tests import ledgers, oracle, strategies
from tests.definitions import (
    Put,
    adopted,
    all_bases,
    body,
    case_facts,
    definitions,
    of_oracle,
    put,
)
from tests.strategies import Load, as_jsonl

HISTORY = [
    Put(body("m", 1)),
    Put(body("m", 2, once="ever"), datetime(2024, 1, 10, 5, tzinfo=UTC)),
    Put("m"),
    Put(body("m", 4, kinds=["disruption"])),
    Put(body("early"), datetime(2016, 10, 1, 4, tzinfo=UTC)),  # Midnight in New York.
    Put(body("gone"), datetime(2017, 1, 1, tzinfo=UTC)),
    Put("gone", datetime(2018, 1, 1, tzinfo=UTC)),
]
"""At positions 2 to 8; what is not said to be adopted, is at noon of its day below."""
RECORDED = {2: 5, 3: 15, 4: 16, 5: 17, 6: 18, 7: 19, 8: 20}
"""Position and day of January 2024."""


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    """
    A ledger with that history, and its read model, both open.
    """
    path = ledgers.make(tmp_path_factory.mktemp("measures") / "scr.db")
    for one, day in zip(HISTORY, RECORDED.values(), strict=True):
        noon = datetime(2024, 1, day, 12, tzinfo=UTC)
        (decided,) = put(path, one, clock=lambda noon=noon: noon)
        assert RECORDED[decided.position] == day
    with open_log(path) as log, open_read_model(log) as model:
        yield log, model


@pytest.fixture(scope="module")
def asked(history):
    """
    What finds a measure by its name, as of now or of another basis.
    """
    log, model = history

    def ask(name: str, as_of: str | None = None) -> measures.Measure:
        now = bases.of_now(log)
        basis = now if as_of is None else bases.parse_as_of(as_of, log)
        return measures.find(model, basis, name)

    return ask


@pytest.mark.parametrize(
    ("as_of", "version"),
    [
        (None, 4),
        # By position: when it was adopted does not matter.
        ("@2", 1),
        ("@3", 2),
        ("@5", 4),
        ("@8", 4),
        # By what was known: from the instant of recording, or of adoption.
        ("2024-01-05T12:00:00Z", 1),
        ("2024-01-05", 1),
        ("2024-01-09", 1),
        ("2024-01-10T04:59:59.999999Z", 1),
        ("2024-01-10T05:00:00Z", 2),
        ("2024-01-10", 2),
        ("2024-01-16T11:59:59.999999Z", 2),
        ("2024-01-17T12:00:00Z", 4),
        ("2999-12-31", 4),
    ],
)
def test_the_version_in_force(asked, as_of, version):
    """
    The last one that passes the cut-off, at a position up to the basis's.
    """
    found = asked("m", as_of)

    assert found.definition.name == f"m@{version}"
    assert found.in_force is True
    assert asked(f"m@{version}", as_of) == found


@pytest.mark.parametrize(
    ("name", "as_of"),
    [
        # Before the first, and while it is retired.
        ("m", "@0"),
        ("m", "@1"),
        ("m", "2024-01-05T11:59:59.999999Z"),
        ("m", "2024-01-04"),
        ("m", "2019-09-30"),
        ("m", "@4"),
        ("m", "2024-01-16"),
        ("m", "2024-01-17T11:59:59.999999Z"),
        ("early", "2016-09-30"),
        ("early", "2016-10-01T03:59:59.999999Z"),
        ("early", "@5"),
        ("gone", None),
        ("gone", "2018-01-01T00:00:00Z"),
        ("gone", "2016-12-30"),
        ("gone", "@6"),
    ],
)
def test_no_version_in_force(asked, name, as_of):
    """
    A measure that has none at a basis can be asked for by its version.
    """
    with pytest.raises(UsageError, match=f"ask for a version, such as {name}@1"):
        asked(name, as_of)

    assert asked(f"{name}@1", as_of).in_force is False


def test_adopted_before_the_ledger_existed(asked):
    """
    A definition claimed to have held long ago does so at the old cut-offs; it says so.
    """
    for as_of in ("2016-10-01", "2016-10-01T04:00:00Z", "2020-01-15", "@6", None):
        found = asked("early", as_of)
        assert (found.position, found.claimed) == (6, True)
    assert asked("gone", "2017-12-31T23:59:59.999999Z").position == 7


def test_a_version_overrides_the_basis(asked):
    """
    ``ID@VERSION`` is that version, whatever is in force; ``in_force`` tells them apart.
    """
    by_version = {n: asked(f"m@{n}", "2024-01-12") for n in (1, 2, 4)}

    assert [found.position for found in by_version.values()] == [2, 3, 5]
    assert [found.in_force for found in by_version.values()] == [False, True, False]
    assert by_version[4].definition.kinds == ("disruption",)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("n", "no measure is named n; there are dd-all, .*, m, early, gone"),
        ("M", "no measure is named M"),
        ("", "'' names no measure, give ID or ID@VERSION; there are dd-all"),
        ("@1", "@1 names no measure, give ID or ID@VERSION"),
        ("dd-ALL", "no measure is named dd-ALL"),
        ("dd-all@2", "measure dd-all has no version 2"),
        ("m@3", "measure m has no version 3"),  # The retirement was the third fact.
        ("m@0", "has no version 0"),
        ("m@01", "has no version 01"),
        ("m@-1", "has no version -1"),
        ("m@x", "has no version x"),
        ("m@1@1", "has no version 1@1"),
        ("n@1", "no measure is named n; there are"),
        ("é", "no measure is named é"),
        ("\udc80", "no measure is named"),
    ],
)
def test_unknown_names(asked, name, message):
    """
    A name or a version that does not exist is refused, with the names that do.
    """
    with pytest.raises(UsageError, match=message):
        asked(name)


def test_built_in_measures_hold_at_every_basis(asked):
    """
    Even in the empty ledger; they are version 1, and were recorded nowhere.
    """
    for as_of in ("@0", "1900-01-01", None):
        for name, definition in BUILT_IN.items():
            found = asked(name, as_of)
            assert found == measures.Measure(
                definition,
                hash_of(definition),
                position=None,
                adopted=None,
                claimed=False,
                in_force=True,
            )
            assert asked(f"{name}@1", as_of) == found


def test_what_an_answer_says_of_a_definition(asked):
    """
    Id, version and hash; where it was recorded, and from when it holds, as whose word.
    """
    told = [measures.as_json(asked(name)) for name in ("m", "m@2", "early", "dd-all")]

    assert [
        (
            each["position"],
            each["adopted_at"],
            each["claimed"],
            each["in_force"],
        )
        for each in told
    ] == [
        (5, "2024-01-17T12:00:00Z", False, True),
        (3, "2024-01-10T05:00:00Z", True, False),
        (6, "2016-10-01T04:00:00Z", True, True),
        (None, None, False, True),
    ]
    assert [(each["measure"], each["version"]) for each in told] == [
        ("m", 4),
        ("m", 2),
        ("early", 1),
        ("dd-all", 1),
    ]
    assert [each["hash"] for each in told] == [
        hash_of(asked(name).definition) for name in ("m", "m@2", "early", "dd-all")
    ]


@pytest.mark.parametrize(
    ("as_of", "listed"),
    [
        ("@1", []),
        ("@3", ["m@2 in force"]),
        ("@4", ["m@2 retired"]),
        (None, ["early@1 in force", "gone@1 retired", "m@4 in force"]),
        ("2024-01-16", ["early@1 in force", "gone@1 retired", "m@2 retired"]),
        (
            "2017-06-30",
            ["early@1 in force", "gone@1 in force", "m@1 not in force yet"],
        ),
        (
            "2016-09-30",
            [
                "early@1 not in force yet",
                "gone@1 not in force yet",
                "m@1 not in force yet",
            ],
        ),
    ],
)
def test_every_measure(history, as_of, listed):
    """
    The built-in ones come first; of the others those recorded at the basis's position,
    by id, each with how it stands at its cut-off.
    """
    log, model = history
    basis = bases.of_now(log) if as_of is None else bases.parse_as_of(as_of, log)
    found = [
        (each.measure.definition.name, each.state)
        for each in measures.every(model, basis)
    ]

    assert found[:8] == [(f"{name}@1", "built in") for name in BUILT_IN]
    assert [" ".join(each) for each in found[8:]] == listed


def test_a_recorded_definition_comes_back_whole(tmp_path):
    """
    What is counted by is what was recorded, clause by clause and word by word.
    """
    said = body(
        population={"approved": False, "tco": ["no", "yes"], "offices": ["SAC X", "é"]},
        targets={"2019": 2.5, "2020": 3},
        denominator="dd-all",
        attribution="scr-approval",
        once="ever",
    )
    path = ledgers.make(tmp_path / "scr.db")
    put(path, Put(said))

    with open_log(path) as log, open_read_model(log) as model:
        found = measures.find(model, bases.of_now(log), "m")
    assert as_json(found.definition) == said


# --- at any basis -----------------------------------------------------------------


@st.composite
def careers(draw) -> list[Put]:
    """
    Draw versions and retirements of a measure: some adopted as claimed, then others.
    """
    claims = sorted(draw(st.lists(strategies.instants(), max_size=3)))
    instants: list[datetime | None] = [*claims, *[None] * draw(st.integers(0, 2))]
    steps: list[Put] = []
    version = 0
    for adopted_at in instants:
        if steps and isinstance(steps[-1].said, dict) and draw(st.booleans()):
            steps.append(Put("m", adopted_at))
        else:
            version += draw(st.integers(1, 3))
            steps.append(Put(draw(definitions(version=version)), adopted_at))
    return steps


def interleaved(loads: list[Load], steps: list[Put]):
    """
    Draw an order of files and definitions in which each keep their own.
    """

    def in_order(turns: list[bool]) -> list[Load | Put]:
        of_files, of_measures = iter(loads), iter(steps)
        return [next(of_files if turn else of_measures) for turn in turns]

    turns = [*[True] * len(loads), *[False] * len(steps)]
    return st.permutations(turns).map(in_order)


def around(facts, said) -> st.SearchStrategy[oracle.Basis]:
    """
    Draw bases at the edges of what case facts and definitions say.
    """
    whole = sorted([*facts, *said], key=lambda each: each.position)
    return st.one_of(all_bases(whole), all_bases(said))


@holds_for(strategies.loads(max_lines=15), careers(), st.data())
def test_the_definition_and_its_figures_at_any_basis(
    loads: list[Load], steps: list[Put], data
):
    """
    Recorded between the files, a definition that a replay finds in force at a basis is
    the one that figures and members there are made by.
    """
    clock = ledgers.Clock()
    with ledgers.folder() as folder:
        path = ledgers.make(folder / "scr.db", clock)
        for step in data.draw(interleaved(loads, steps)):
            if isinstance(step, Put):
                put(path, step, clock=clock)
            else:
                ledgers.load(path, as_jsonl(step), clock=clock)
        with open_log(path) as log, open_read_model(log) as model:
            facts, said = case_facts(log), adopted(log, "m")
            asked = counts.Question(("m",))
            for _ in range(4):
                replayed = data.draw(around(facts, said), label="basis")
                basis = of_oracle(log, replayed)
                held = oracle.in_force(said, replayed)
                if held is None:
                    with pytest.raises(UsageError):
                        counts.count(model, basis, asked)
                    continue
                found = measures.find(model, basis, "m")
                assert found.definition.version == held["version"]
                told = (facts, replayed, "m", held, None)
                under = oracle.BUILT_INS.get(held.get("denominator"))
                figures = oracle.count_by_definition(*told, denominator=under)
                assert counts.count(model, basis, asked) == figures
                assert counts.cases(model, basis, asked) == oracle.cases_by_definition(
                    *told
                )
