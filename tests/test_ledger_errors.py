"""Everything that can be refused or found wrong: one line, one exit code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ledger import errors
from ledger.domain import scr as scrs
from ledger.errors import (
    FaultyFileError,
    FieldError,
    LedgerError,
    NotTrueError,
    RuleError,
)

INTERCHANGE = Path(__file__).parents[1] / "docs" / "interchange.md"


def below(cls) -> set[type]:
    """
    Return all classes below a class.
    """
    return {cls for sub in cls.__subclasses__() for cls in (sub, *below(sub))}


OURS = sorted(
    (cls for cls in below(LedgerError) if cls.__module__ == errors.__name__),
    key=lambda cls: cls.__name__,
)


@pytest.mark.parametrize("cls", OURS)
def test_an_error_says_what_it_is(cls):
    """
    Each has a sentence, a name that ends in Error, and an exit code of the contract;
    1 is an answer, "no", and no other error.
    """
    assert cls.__name__.endswith("Error")
    assert cls.__doc__.strip().endswith(".")
    assert cls.exit_code in ({1} if issubclass(cls, NotTrueError) else {2, 3, 4, 5, 6})


@pytest.mark.parametrize("cls", sorted(below(RuleError), key=lambda cls: cls.__name__))
def test_a_rule_is_in_the_docs(cls):
    """
    Every rule that refuses a fact is named where people look it up, and exits 5.
    """
    assert f"| `{cls.__name__}` |" in INTERCHANGE.read_text("utf-8")
    assert cls.exit_code == 5


def test_the_docs_name_no_other_rule():
    """
    A class that the docs name is one that there is.
    """
    named = re.findall(r"\| `(\w+Error)` \|", INTERCHANGE.read_text("utf-8"))

    assert set(named) == {cls.__name__ for cls in below(RuleError)}


@pytest.mark.parametrize("rule", scrs.ANOMALIES)
def test_an_anomaly_is_in_the_docs(rule):
    """
    Every note that an import prints is explained where people look it up.
    """
    assert re.search(
        rf"^\| .*`{rule}`.* \|", INTERCHANGE.read_text("utf-8"), re.MULTILINE
    )


@pytest.mark.parametrize(
    ("count", "listed", "words"),
    [
        (1, 1, "f is refused, nothing of it was recorded: 1 fault; correct"),
        (2, 2, ": 2 faults; correct"),
        (101, 100, ": 101 faults, 100 of them above and 1 more; correct"),
    ],
)
def test_how_many_faults(count, listed, words):
    """
    A faulty file is summed up in one line, after its faults.
    """
    error = FaultyFileError("f", ("fault",) * listed, count)

    assert words in str(error)
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("field", "option"),
    [
        ("effective_on", "--on"),
        ("forced", "--force"),
        ("case_number", "--case-number"),
        ("scr", "the SCR"),
    ],
)
def test_a_field_is_named_as_it_was_given(field, option):
    """
    What is wrong with a command is said in the words of the command.
    """
    assert str(FieldError(field, "is bad")) == f"{option} is bad"
