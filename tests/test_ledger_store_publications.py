"""Publications: decided against the log they are appended to, all or none."""

from __future__ import annotations

import pytest

from ledger import app, fsck
from ledger.errors import (
    FieldError,
    HeadMovedError,
    PublicationFaultyError,
    PublicationTakenError,
)
from ledger.reader import open_log
from tests import ledgers
from tests.commandline import life, prepare
from tests.publications import (
    HASH,
    compute,
    every,
    printing,
    publish,
    record,
    register,
)

FY2019 = ("dd-all", 2019)


@pytest.fixture
def path(tmp_path) -> str:
    """
    A ledger of 19 facts, three SCRs counted in FY 2019.
    """
    return str(prepare(tmp_path))


def head(path) -> int:
    """
    Return how far the log goes.
    """
    with open_log(path) as log:
        return log.head


def sound(path) -> bool:
    """
    Whether the ledger verifies.
    """
    return fsck.check(path, lambda _: None).findings == ()


def test_a_publication_is_recorded(path):
    """
    Where it says it would be, with who publishes it and under its seal; and the ledger
    verifies.
    """
    content, at = compute(path, "APR-2019", FY2019)
    (rehearsed,) = record(path, at, content, dry_run=True)
    assert head(path) == 19
    (told,) = record(path, at, content)
    (one,) = every(path)

    assert rehearsed[:2] == told[:2] == ("APR-2019", 20)
    assert (one.position, one.by, one.content) == (20, "publisher", told.content)
    assert one.content.figures[0].counted == ("SCR-1", "SCR-2", "SCR-3")
    assert sound(path)


def test_a_name_is_taken_for_ever(path):
    """
    By whatever was published under it, and within one append; upper case is another.
    """
    publish(path, "APR-2019", FY2019)
    again, at = compute(path, "APR-2019", ("dd-all", 2020))
    with pytest.raises(PublicationTakenError, match="APR-2019 is recorded at @20"):
        record(path, at, again)

    one, other = compute(path, "B", ("dd-tco", 2019))[0], again._replace(name="B")
    with pytest.raises(PublicationTakenError, match="B is recorded at @21"):
        record(path, at, one, other)
    assert head(path) == 20
    publish(path, "apr-2019", FY2019)
    assert head(path) == 21


def test_the_log_must_not_have_grown(path):
    """
    Figures that were computed before something else was recorded are computed anew.
    """
    content, at = compute(path, "APR-2019", FY2019)
    ledgers.load(path, life("SCR-9"))

    with pytest.raises(HeadMovedError, match="@19, and the log goes up to"):
        record(path, at, content)
    assert head(path) == 23
    assert every(path) == []


def rested(content, **said):
    """
    Return a publication with another basis.
    """
    return content._replace(basis=content.basis._replace(**said))


def figured(content, **said):
    """
    Return a publication with another figure.
    """
    return content._replace(figures=(content.figures[0]._replace(**said),))


FAULTY = [
    ("its value is another", lambda one: figured(one, value=4)),
    ("the hash of what is counted", lambda one: figured(one, counted_sha256=HASH)),
    ("a computed publication went", lambda one: one._replace(gate=None)),
    ("was printed otherwise", lambda one: figured(one, last=None, status=None)),
    (
        "was printed otherwise",
        lambda one: figured(one, last=one.figures[0].last._replace(publication="Z")),
    ),
    ("its basis is beyond the head", lambda one: rested(one, position=21)),
]


@pytest.mark.parametrize(("words", "change"), FAULTY)
def test_what_does_not_agree_is_refused(path, words, change):
    """
    With itself, or with what was printed before; and nothing is recorded.
    """
    publish(path, "A", FY2019)
    content, at = compute(path, "B", FY2019)
    with pytest.raises(PublicationFaultyError, match=words):
        record(path, at, change(content))
    assert head(path) == 20
    assert record(path, at, content)
    assert sound(path)


def test_the_seal_is_of_the_content(path, monkeypatch):
    """
    Whoever hands a publication in with another seal is refused.
    """
    content, at = compute(path, "APR", FY2019)
    monkeypatch.setattr(app, "seal_of", lambda _: HASH)
    with pytest.raises(PublicationFaultyError, match="its seal is of another content"):
        record(path, at, content)
    assert head(path) == 19


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("the name must be 1 to 64", {"name": "9"}),
        ("the name must be 1 to 64", {"name": "a" * 65}),
        ("--document must be text", {"document": " "}),
        ("--document must be text", {"document": "a\nb"}),
        ("--claims must be text", {"claims": "x" * 201}),
        ("--override must be text", {"override": "x" * 2001}),
    ],
)
def test_a_wrong_value_is_told_by_its_option(path, words, said):
    """
    As in any fact; nothing is recorded.
    """
    content, at = compute(path, "APR", FY2019)
    with pytest.raises(FieldError, match=words):
        record(path, at, content._replace(**said))
    assert head(path) == 19


def test_several_are_recorded_all_or_none(path):
    """
    Each knows what the one before it printed; a fault of the last takes them all back.
    """
    made = [
        printing(name, ("dd-all", 2019, value))
        for name, value in (("A", 3), ("B", 4), ("C", 4))
    ]
    good = register(path, *made)
    assert [one.figures[0].supported for one in good] == [True, False, False]
    assert [one.figures[0].last for one in good] == [
        None,
        ("A", 3, None),
        ("B", 4, None),
    ]
    assert [one.position for one in every(path)] == [20, 21, 22]
    assert sound(path)

    more = [compute(path, name, ("dd-tco", 2019))[0] for name in ("D", "E")]
    with pytest.raises(PublicationFaultyError, match="E is refused: dd-tco FY2019"):
        record(path, 22, *more)
    assert head(path) == 22


def test_what_was_printed_is_of_its_figure_and_no_other(path):
    """
    Each measure and each year has its own last printing, the last in the log.
    """
    publish(path, "A", FY2019, ("dd-all", 2020), ("dd-tco", 2019))
    publish(path, "B", FY2019)
    content = publish(path, "C", FY2019, ("dd-all", 2020), ("dd-tco", 2018))

    assert [one.last and one.last.publication for one in content.figures] == [
        "B",
        "A",
        None,
    ]
    assert sound(path)
