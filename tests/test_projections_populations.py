"""Queries of populations, against a slow replay of what the log says."""

from __future__ import annotations

import pytest

from ledger.errors import NoSuchPublicationError, UsageError
from ledger.reader import open_log
from projections import basis as bases
from projections.populations import Population, parse
from projections.readmodel import open_read_model
from tests import ledgers
from tests.commandline import filed, life, line

TEXT = (
    life("S-1", tco="yes", category="gangs")
    + life("S-2", tco="no", category="two words", outcome="2020-03-04")
    + filed("S-3", "2019-10-01")
    + life("S-4", tco="yes")
    + line("S-4", "voided", "2019-04-01", reason="r")
    + life("S-5", tco="yes", category="gangs")
    + line("S-5", "returned", "2021-01-01", reason="r")
)


@pytest.fixture
def asked(tmp_path):
    """
    What asks a query, as of a moment.
    """
    path = ledgers.make(tmp_path / "scr.db")
    ledgers.load(path, TEXT)

    def ask(query: str, as_of: str | None = None) -> list[str]:
        with open_log(path) as log, open_read_model(log, lambda _: None) as model:
            basis = bases.parse_as_of(as_of, log) if as_of else bases.of_now(log)
            return sorted(Population(log, model, basis).of(query))

    return ask


ANSWERS = [
    ("stands", ["S-1", "S-2", "S-3", "S-5"]),
    ("approved", ["S-1", "S-2", "S-4"]),
    ("approved and stands", ["S-1", "S-2"]),
    ("filed:2020", ["S-3"]),
    ("filed:FY2019..2020 and stands", ["S-1", "S-2", "S-3", "S-5"]),
    ("category=gangs", ["S-1", "S-5"]),
    ('category="two words"', ["S-2"]),
    ("category=", ["S-3", "S-4"]),
    ('office="SAC Houston" and filed:2020', ["S-3"]),
    ("program=x", []),
    ("counted:dd-all", ["S-1", "S-2"]),
    ("counted:dd-all:2019", ["S-1"]),
    ("counted:dd-tco:2019..2020 and category=gangs", ["S-1"]),
    ("publication:*", []),
]


@pytest.mark.parametrize(("query", "scrs"), ANSWERS)
def test_what_a_query_names(asked, query, scrs):
    """
    Each term by itself, and joined.
    """
    assert asked(query) == scrs


def test_a_query_is_asked_at_a_basis(asked):
    """
    What was known then is all that counts.
    """
    assert asked("approved", "2019-12-31") == ["S-1", "S-2", "S-4", "S-5"]
    assert asked("stands", "2019-01-01") == ["S-1", "S-2", "S-4", "S-5"]
    assert asked("stands", "@0") == []


@pytest.mark.parametrize(
    "query",
    [
        "",
        " ",
        "and",
        "approved stands",
        "approved AND stands",
        "approved and and stands",
        "category",
        "colour=red",
        'category="x',
        "filed",
        "filed:x",
        "filed:2019:2020",
        "counted:dd-all:2019:x",
        "publication:A:2019:2020",
        "publication:A:b:c",
        "attribute:x=yes",
    ],
)
def test_what_is_no_query(query):
    """
    It is refused, and nothing is guessed.
    """
    with pytest.raises(UsageError):
        parse(query)


def test_a_publication_that_is_not_there(asked):
    """
    It is said, rather than nobody is named.
    """
    with pytest.raises(NoSuchPublicationError):
        asked("publication:APR-2019")
