"""Which taxonomy holds at a basis, and what differs between two."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given as holds_for
from hypothesis import strategies as st

from ledger.domain.taxonomy import from_json, hash_of
from ledger.errors import FactDamagedError, NoTaxonomyError, UsageError
from ledger.reader import Row, open_log
from projections import basis as bases
from projections import taxonomies as asked
from tests import ledgers, oracle, strategies
from tests.definitions import all_bases, of_oracle
from tests.taxonomies import adopted, body, drawn, put

CLAIMED = datetime(2016, 10, 1, 4, tzinfo=UTC)


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """
    Versions 1 to 3: adopted in 2016 as claimed, recorded on 3 January 2024, and on the
    4th, at noon.
    """
    path = ledgers.make(tmp_path_factory.mktemp("taxonomies") / "scr.db")
    for day, name in ((2, "a"), (3, "b"), (4, "c")):
        put(
            path,
            body(name),
            adopted_at=CLAIMED if name == "a" else None,
            clock=lambda day=day: datetime(2024, 1, day, 12, tzinfo=UTC),
        )
    with open_log(path) as log:
        yield log


@pytest.mark.parametrize(
    ("as_of", "version"),
    [
        ("@1", None),
        ("@2", 1),
        ("@3", 2),
        (None, 3),
        ("2016-09-30", None),
        ("2016-10-01T03:59:59.999999Z", None),
        ("2016-10-01T04:00:00Z", 1),
        ("2020-01-15", 1),
        ("2024-01-03T11:59:59Z", 1),
        ("2024-01-03", 2),
        ("2024-01-04T12:00:00Z", 3),
    ],
)
def test_the_version_that_holds(log, as_of, version):
    """
    The last one that passes the cut-off, at a position up to the basis's.
    """
    basis = bases.of_now(log) if as_of is None else bases.parse_as_of(as_of, log)
    found = asked.at(log, basis)

    assert (found and found.taxonomy.version) == version
    if version is None:
        with pytest.raises(NoTaxonomyError, match="no taxonomy holds at this basis"):
            asked.find(log, basis, None)
    else:
        assert asked.find(log, basis, None) == found
        assert found.hash == hash_of(found.taxonomy)
        assert found.claimed is (version == 1)


def test_a_version_by_its_number(log):
    """
    It is found whatever holds, as long as it is recorded by the position.
    """
    early = bases.parse_as_of("2000-01-01", log)

    assert asked.find(log, early, "3").position == 4
    for text in ("4", "0", "01", "", "x"):
        with pytest.raises(UsageError, match=r"no version .*; there are: 1, 2, 3"):
            asked.find(log, early, text)
    with pytest.raises(UsageError, match="has no version 2; there are: 1"):
        asked.find(log, bases.parse_as_of("@2", log), "2")


def test_what_an_answer_says_of_it(log):
    """
    Version and hash; where it was recorded, and from when it holds, as whose word.
    """
    found = asked.at(log, bases.parse_as_of("@2", log))

    assert asked.as_json(found) == {
        "version": 1,
        "hash": hash_of(from_json({"version": 1, **body("a")})),
        "position": 2,
        "adopted_at": "2016-10-01T04:00:00Z",
        "claimed": True,
    }


@holds_for(
    st.lists(strategies.instants(), max_size=2).map(sorted),
    st.lists(drawn(), min_size=1, max_size=4),
    st.data(),
)
def test_the_taxonomy_at_any_basis(claims, said, data):
    """
    The one that a replay finds: claimed ones first, then as they were recorded.
    """
    with ledgers.folder() as folder:
        clock = ledgers.Clock()
        path = ledgers.make(folder / "scr.db", clock)
        for number, one in enumerate(said):
            since = claims[number] if number < len(claims) else None
            given = {**one, "version": number + 1}
            put(path, given, adopted_at=since, clock=clock)
        with open_log(path) as log:
            facts = adopted(log)
            basis = data.draw(all_bases(facts), label="basis")
            held = oracle.in_force(facts, basis)
            found = asked.at(log, of_oracle(log, basis))
            if held is None:
                assert found is None
            else:
                assert found.taxonomy == from_json(held)


def test_a_damaged_one_is_told():
    """
    What cannot be read names its position, whatever it is.
    """

    class Damaged:
        """A log that holds something else."""

        def stream(self, _stream, _upto):
            """Return it."""
            payload = json.dumps({"taxonomy": {}}).encode()
            return [Row(7, "taxonomy", 1, "t", "2024-01-01T00:00:00Z", payload)]

    with pytest.raises(FactDamagedError, match="position 7 is damaged: it is no taxo"):
        asked.recorded(Damaged(), 9)


# --- two of them ----------------------------------------------------------------------


def differing(first, second) -> list[tuple]:
    """
    Return what differs between two bodies.
    """
    return [
        tuple(one)
        for one in asked.differences(
            from_json({"version": 1, **first}), from_json({"version": 2, **second})
        )
    ]


def test_what_came_went_and_changed():
    """
    First what is said of the whole, then category by category in their order.
    """
    first = {**body("b", c="no", d="yes"), "thresholds": {"office-silent": 9}}
    second = {**body(a="no", c="yes", d="yes"), "title": "other"}
    second["categories"]["d"]["criteria"] = "more"
    first["categories"]["d"]["subcategories"] = {
        "x": {"criteria": "c"},
        "z": {"criteria": "c"},
    }
    second["categories"]["d"]["subcategories"] = {
        "x": {"criteria": "c", "requires_tco": "no"},
        "y": {"criteria": "c"},
    }

    assert differing(first, second) == [
        (None, None, "changed", "title", "categories", "other"),
        (None, None, "changed", "thresholds.office-silent", 9, None),
        ("a", None, "came", None, None, "no"),
        ("b", None, "went", None, "yes", None),
        ("c", None, "changed", "requires_tco", "no", "yes"),
        ("d", None, "changed", "criteria", "what d asks for", "more"),
        ("d", "x", "changed", "requires_tco", "yes", "no"),
        ("d", "y", "came", None, None, "yes"),
        ("d", "z", "went", None, "yes", None),
    ]


@holds_for(drawn(), drawn())
def test_nothing_differs_of_what_says_the_same(first, second):
    """
    There is no difference exactly where both say the same of every category; and the
    other way round what came went.
    """
    turned = {"came": "went", "went": "came", "changed": "changed"}
    forth, back = differing(first, second), differing(second, first)

    def effective(said):
        return asked._flat(from_json({"version": 1, **said})), asked._words(
            from_json({"version": 1, **said})
        )

    assert (forth == []) == (effective(first) == effective(second))
    assert {(c, s, turned[how], f, b, a) for c, s, how, f, a, b in forth} == set(back)
