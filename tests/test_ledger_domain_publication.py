"""Publications as data: their bytes, and what must agree within them."""

from __future__ import annotations

import hashlib
import inspect
import json

import pytest
from hypothesis import given as holds_for
from hypothesis import strategies as st

from ledger.domain import publication
from ledger.domain.events import Published, parse_own, parse_stored, payload_of
from ledger.domain.publication import (
    STATUSES,
    Counted,
    Figure,
    Gate,
    Last,
    Publication,
    Rested,
    Ruled,
    as_json,
    canonical,
    differs,
    disagreements,
    from_json,
    hash_of_set,
    lasts,
    seal_of,
    stale,
)
from ledger.domain.restatement import PARTS, REASONS, Change, Previously, Supersedes
from tests.publications import GREEN, HASH, RED, figure, last, plain, printed

# --- drawn ones -----------------------------------------------------------------------

WORDS = st.sampled_from(("a", "Ø <b>|", "x" * 200, '"\\', "a\u202eb", "=1+1"))
HASHES = st.sampled_from((HASH, HASH[::-1]))
NUMBERS = st.integers(0, 2**53 - 1)
MEASURES = st.sampled_from(("dd-all", "dd-tco", "m"))
NAMES = st.sampled_from(("APR-2019", "a", "b._/-Z"))
TARGETS = st.sampled_from((0, 7, 2.5, 1e12))


def maybe(drawn):
    """
    Draw it, or leave it out.
    """
    return st.one_of(st.none(), drawn)


COUNTED = st.builds(Counted, MEASURES, st.integers(1, 10**6), HASHES)
EFFECTS = st.integers(1 - 2**53, 2**53 - 1)
CHANGES = st.lists(
    st.builds(
        Change,
        st.sampled_from(tuple(REASONS)),
        EFFECTS,
        NUMBERS,
        NUMBERS,
        maybe(st.sampled_from(PARTS)),
    )
).map(tuple)
FIGURES = st.builds(
    Figure,
    MEASURES,
    st.integers(1900, 3000),
    NUMBERS,
    st.lists(WORDS).map(tuple),
    HASHES,
    denominator=maybe(NUMBERS),
    denominator_sha256=maybe(HASHES),
    target=maybe(TARGETS),
    met=maybe(st.booleans()),
    printed=maybe(NUMBERS),
    printed_as=maybe(WORDS),
    supported=maybe(st.booleans()),
    last=maybe(st.builds(Last, NAMES, NUMBERS, maybe(NUMBERS))),
    status=maybe(st.sampled_from(STATUSES)),
    previously=maybe(
        st.builds(Previously, MEASURES, st.integers(1, 9), NUMBERS, maybe(NUMBERS))
    ),
    changes=maybe(CHANGES),
    denominator_changes=maybe(CHANGES),
    statuses=maybe(st.lists(st.sampled_from(STATUSES)).map(tuple)),
    members_root=maybe(HASHES),
)
RULES = st.builds(
    Ruled,
    WORDS,
    st.sampled_from(("error", "warning")),
    NUMBERS,
    NUMBERS,
    maybe(TARGETS),
    unknown=maybe(st.sampled_from([True])),
)
PUBLICATIONS = st.builds(
    Publication,
    NAMES,
    st.sampled_from(("computed", "as-printed")),
    WORDS,
    WORDS,
    st.builds(
        Rested,
        st.sampled_from(("all", "before", "through")),
        maybe(st.just("2020-01-16T05:00:00Z")),
        NUMBERS,
        HASHES,
        st.sampled_from(("none", "claimed", "witnessed", "mixed")),
        NUMBERS,
        NUMBERS,
    ),
    st.lists(COUNTED).map(tuple),
    st.lists(FIGURES, min_size=1).map(tuple),
    claims_measure=maybe(COUNTED),
    printed_on=maybe(st.just("2020-01-15")),
    synthetic=st.booleans(),
    gate=maybe(
        st.builds(Gate, st.booleans(), maybe(HASHES), st.lists(RULES).map(tuple))
    ),
    override=maybe(WORDS),
    four_eyes=maybe(st.booleans()),
    supersedes=maybe(st.builds(Supersedes, NAMES, HASHES)),
    reason=maybe(WORDS),
    seal_salt=maybe(HASHES),
)


class TestBytes:
    """What is hashed, and kept."""

    @holds_for(PUBLICATIONS)
    def test_it_is_read_back_as_it_was(self, one):
        """
        From its JSON, and from its canonical bytes, whatever it says.
        """
        assert from_json(as_json(one)) == one
        assert from_json(json.loads(canonical(one))) == one
        assert canonical(from_json(json.loads(canonical(one)))) == canonical(one)

    @holds_for(PUBLICATIONS)
    def test_a_fact_keeps_it(self, one):
        """
        The fact that records it takes whatever it says, and gives the same seal back.
        """
        fields = {
            "event": "published",
            "publication": one.name,
            "seal": seal_of(one),
            "content": as_json(one),
            "by": "b",
            "run_by": "r",
        }
        kept = payload_of(parse_own(Published, fields))
        fact = parse_stored(Published.topic, kept)

        assert payload_of(fact) == kept
        assert seal_of(from_json(json.loads(kept)["content"])) == fact.seal
        assert fact.stream == f"publication/{one.name}"

    @holds_for(PUBLICATIONS)
    def test_nothing_is_null(self, one):
        """
        What is absent is left out, so that a field that comes later changes no seal.
        """
        assert "null" not in json.dumps(as_json(one)).replace('"null"', "")
        assert one.synthetic == as_json(one).get("synthetic", False)

    @holds_for(PUBLICATIONS, PUBLICATIONS)
    def test_another_content_has_another_seal(self, one, other):
        """
        The seal is the SHA-256 of the canonical bytes, so it tells contents apart.
        """
        assert seal_of(one) == hashlib.sha256(canonical(one)).hexdigest()
        assert (seal_of(one) == seal_of(other)) == (as_json(one) == as_json(other))

    def test_a_set_has_one_hash(self):
        """
        In whatever order: sorted by code point, each followed by a line feed.
        """
        said = hashlib.sha256(b"S-1 D1\nS-10\nS-2\n").hexdigest()

        assert hash_of_set(["S-2", "S-10", "S-1 D1"]) == said
        assert hash_of_set([]) == hashlib.sha256(b"").hexdigest()
        assert hash_of_set(["ab"]) != hash_of_set(["a", "b"])


# --- what must agree ------------------------------------------------------------------

RATE = figure(denominator=4, denominator_sha256=HASH, target=50, met=True)


@pytest.mark.parametrize(
    "one",
    [
        plain(),
        plain(gate=RED, override="asked for by Congress"),
        plain(figure("dd-tco", 2018, "")),
        plain(RATE, figure(year=2018), figure("dd-tco")),
        plain(figure(denominator=0, target=50)),
        plain(figure(last=last())),
        plain(figure(last=last(3), status="late-data")),
        plain(figure(last=last(2, 9), status="definition")),
        plain(claims_measure=Counted("dd-tco", 1, HASH)),
        plain(basis=Rested("all", None, 1, HASH, "none", 0, 0)),
        printed(),
        printed(figure(last=last(3))),
        printed(figure("dd-all", 2018), figure()),
    ],
)
def test_what_agrees_with_itself(one):
    """
    Nothing is said of it.
    """
    assert list(disagreements(one)) == []


SUPPORT = "whether the ledger supports it is not what its values say"
STATUS = "a figure that is not what was printed last has a status, no other has"
OVERRIDE = "a gate that is not green is overridden with a reason, a green one is not"
GATE = "a computed publication went through a gate, one as printed did not"
INSTANT = "its basis has an instant, or is of all that was recorded"
TARGET = "a target is met or unmet; none, or of a part of nothing, is neither"
PRINTED_ON = "one as printed has a day of printing, a computed one has none"
ABOUT = "dd-all FY2019"
WRONG = figure(printed=3, supported=True)

WRONG_ONES = [  # What is said; a good one, but for one thing.
    (GATE, plain(gate=None)),
    (GATE, printed(gate=GREEN)),
    (OVERRIDE, plain(gate=RED)),
    (OVERRIDE, plain(override="to be safe")),
    ("a gate is not green where an error is", plain(gate=RED._replace(green=True))),
    (INSTANT, plain(basis=plain().basis._replace(instant=None))),
    (INSTANT, plain(basis=plain().basis._replace(bound="all"))),
    (PRINTED_ON, plain(printed_on="2020-01-15")),
    (PRINTED_ON, printed(printed_on=None)),
    ("a definition is named twice", plain(definitions=plain().definitions * 2)),
    (f"{ABOUT} is there twice", plain(figure(), figure())),
    (f"{ABOUT} has no definition", plain(definitions=())),
    (f"{ABOUT} has no definition", plain(definitions=(Counted("m", 1, HASH),))),
    ("is not sorted, or named twice", plain(figure(units="ba"))),
    ("is not sorted, or named twice", plain(figure(units="aa"))),
    ("names 2 that count, and its value is another", plain(figure(value=3))),
    ("the hash of what is counted is another", plain(figure(counted_sha256=HASH))),
    ("only a figure as printed says what", plain(WRONG._replace(printed=2))),
    (SUPPORT, printed()._replace(figures=(WRONG,))),
    (SUPPORT, printed()._replace(figures=(WRONG._replace(supported=None),))),
    (SUPPORT, printed()._replace(figures=(figure(printed=2, supported=False),))),
    ("only a figure as printed says what", printed()._replace(figures=(figure(),))),
    ("a computed figure needs no support", plain(figure(supported=True))),
    (TARGET, plain(figure(target=7))),
    (TARGET, plain(figure(met=False))),
    (TARGET, plain(figure(denominator=0, target=50, met=True))),
    (STATUS, plain(figure(last=last(3)))),
    (STATUS, plain(figure(last=last(2, 9)))),
    (STATUS, plain(figure(last=last(), status="error"))),
    (STATUS, plain(figure(status="error"))),
]


@pytest.mark.parametrize(("words", "one"), WRONG_ONES)
def test_what_does_not_agree_is_said(words, one):
    """
    One thing that is not as the rest of it says, and one sentence that tells which.
    """
    assert any(words in why for why in disagreements(one))
    assert len(list(disagreements(one))) <= 2


def test_the_table_has_every_sentence():
    """
    No rule is without a publication that breaks it.
    """
    source = inspect.getsource(disagreements) + inspect.getsource(
        publication._of_figure
    )
    yields = source.count("yield ") - source.count("yield from")
    said = {
        why.removeprefix(f"{ABOUT}: ")
        for _, one in WRONG_ONES
        for why in disagreements(one)
    }
    assert len(said) == yields


class TestLast:
    """What was printed the last time."""

    @pytest.mark.parametrize(
        ("one", "is_other"),
        [
            (figure(), False),
            (figure(last=last(2)), False),
            (figure(last=last(3)), True),
            (figure(last=last(2, 4)), True),
            (figure(denominator=4, last=last(2, 4)), False),
            (figure(denominator=5, last=last(2, 4)), True),
            (figure(printed=3, last=last(3)), False),
            (figure(printed=3, last=last(2)), True),
        ],
    )
    def test_what_is_shown_differs_or_not(self, one, is_other):
        """
        What a document shows is compared, its denominator with it.
        """
        assert differs(one) is is_other

    def test_what_a_publication_prints(self):
        """
        Each figure, as it is shown: what was printed rather than what the ledger gives.
        """
        rate = figure("m", 2018, "abc", denominator=5)
        told = plain(rate, figure(printed=9), name="APR-9")

        assert lasts(told) == {
            ("m", 2018): Last("APR-9", 3, 5),
            ("dd-all", 2019): Last("APR-9", 9),
        }

    @pytest.mark.parametrize(
        ("held", "before", "wrong"),
        [
            (None, {}, False),
            (None, {("dd-all", 2018): last()}, False),
            (None, {("dd-tco", 2019): last()}, False),
            (None, {("dd-all", 2019): last()}, True),
            (last(), {}, True),
            (last(), {("dd-all", 2019): last()}, False),
            (last(), {("dd-all", 2019): last(3)}, True),
            (last(), {("dd-all", 2019): last(2, 3)}, True),
            (last(), {("dd-all", 2019): Last("APR-1", 2)}, True),
        ],
    )
    def test_a_last_printing_is_the_one_there_was(self, held, before, wrong):
        """
        One that there was not, that had another value or that is left out is stale.
        """
        found = list(stale(plain(figure(last=held)), before))

        assert found == (
            [f"{ABOUT} was printed otherwise, or elsewhere, the last time"]
            if wrong
            else []
        )
