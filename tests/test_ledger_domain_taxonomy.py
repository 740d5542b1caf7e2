"""The taxonomy as data: what criteria require, its hash, what may follow."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from hypothesis import given as holds_for
from hypothesis import strategies as st

from ledger.domain import taxonomy as taxonomies
from ledger.domain.events import Categorized, Unreadable, parse_own, parse_taxonomy
from ledger.domain.taxonomy import as_json, canonical, from_json, hash_of
from ledger.errors import AdoptedEarlierError, AdoptedLaterError, VersionTakenError
from tests.taxonomies import body, drawn

MONDAY = datetime(2024, 1, 1, 12, tzinfo=UTC)
TUESDAY = datetime(2024, 1, 2, 12, tzinfo=UTC)

PARTS = {
    "version": 1,
    **body(weak="no", strong="yes", vague="unknown", whole="no", sound="yes"),
}
for _name in ("weak", "strong", "vague"):
    PARTS["categories"][_name]["subcategories"] = {
        "own-yes": {"criteria": "c", "requires_tco": "yes"},
        "own-no": {"criteria": "c", "requires_tco": "no"},
        "own-unknown": {"criteria": "c", "requires_tco": "unknown"},
        "as-category": {"criteria": "c"},
    }


@pytest.mark.parametrize(
    ("category", "subcategory", "answer"),
    [
        # A category without subcategories answers for all of them.
        ("whole", "any", "no"),
        ("sound", "any", "yes"),
        ("sound", None, "yes"),
        # A listed subcategory answers for itself, or as its category.
        *((name, "own-yes", "yes") for name in ("weak", "strong", "vague")),
        *((name, "own-no", "no") for name in ("weak", "strong", "vague")),
        *((name, "own-unknown", "unknown") for name in ("weak", "strong", "vague")),
        ("weak", "as-category", "no"),
        ("strong", "as-category", "yes"),
        ("vague", "as-category", "unknown"),
        # Nobody knows the criteria of one that is not listed among others.
        ("weak", "other", "no"),
        ("strong", "other", "unknown"),
        ("strong", None, "unknown"),
        ("vague", "other", "unknown"),
        # Nor those of a category that is not there.
        ("other", "own-yes", "unknown"),
        ("Weak", "own-no", "unknown"),
        (None, None, "unknown"),
        ("", "", "unknown"),
    ],
)
def test_what_criteria_require(category, subcategory, answer):
    """
    Unknown is not no: where nobody knows the criteria, nobody knows what they require.
    """
    assert from_json(PARTS).requires_tco(category, subcategory) == answer


@holds_for(drawn())
def test_a_taxonomy_comes_back_as_it_was(said):
    """
    From JSON and back it is the same, and so is its hash.
    """
    taxonomy = from_json({"version": 3, **said})

    assert as_json(taxonomy) == {"version": 3, **said}
    assert from_json(json.loads(canonical(taxonomy))) == taxonomy
    assert hash_of(taxonomy) == sha256(canonical(taxonomy)).hexdigest()


def test_the_order_of_a_file_does_not_matter():
    """
    The same categories in another order are the same taxonomy, under one hash.
    """
    turned = {
        **PARTS,
        "categories": dict(reversed(PARTS["categories"].items())),
    }

    assert hash_of(from_json(turned)) == hash_of(from_json(PARTS))


@pytest.mark.parametrize(
    "change",
    [
        lambda one: one.update(version=2),
        lambda one: one.update(title="other"),
        lambda one: one.update(source="other"),
        lambda one: one.update(thresholds={"office-silent": 9}),
        lambda one: one["categories"].pop("whole"),
        lambda one: one["categories"]["whole"].update(requires_tco="unknown"),
        lambda one: one["categories"]["whole"].update(criteria="other"),
        lambda one: one["categories"]["weak"]["subcategories"].pop("own-no"),
    ],
)
def test_every_word_is_in_the_hash(change):
    """
    Whatever is changed, the hash is another.
    """
    changed = json.loads(json.dumps(PARTS))
    change(changed)

    assert hash_of(from_json(changed)) != hash_of(from_json(PARTS))


# --- what a file may say --------------------------------------------------------------


def with_category(**said) -> dict:
    """
    Return a taxonomy of one category that says this.
    """
    told = {"criteria": "c", "requires_tco": "yes", **said}
    return {**PARTS, "categories": {"a": told}}


TEXT = "must be text of 1 to {} characters, not only spaces, without control characters"
WRONG = [
    ({}, "version: is required"),
    ({**PARTS, "version": 0}, "version: must be a whole number from 1 to 1,000,000"),
    ({**PARTS, "version": True}, "version: must be a whole number"),
    ({**PARTS, "title": " "}, f"title: {TEXT.format(200)}"),
    ({**PARTS, "source": 3}, f"source: {TEXT.format(200)}"),
    ({**PARTS, "categories": {}}, "categories: must name at least one"),
    ({**PARTS, "categories": []}, "categories: must be a table"),
    ({**PARTS, "categories": {"a": "yes"}}, "categories.a: must be a table"),
    ({**PARTS, "categories": {"": {}}}, "categories.: must be text"),
    (with_category(requires_tco=True), "categories.a.requires_tco: must be yes,"),
    (with_category(requires_tco="maybe"), "requires_tco: must be yes, no or unknown"),
    (with_category(criteria=""), f"categories.a.criteria: {TEXT.format('2,000')}"),
    (with_category(x=1), "categories.a.x: is no field; there are criteria, req"),
    (
        with_category(subcategories={"b": {"criteria": "c", "x": 1}}),
        "categories.a.subcategories.b.x: is no field; there are criteria, requires_tco",
    ),
    (
        with_category(subcategories={"b": {"criteria": "c", "requires_tco": "?"}}),
        "categories.a.subcategories.b.requires_tco: must be yes, no or unknown",
    ),
    ({**PARTS, "x": 1}, "x: is no field; there are version, title, source, cat"),
    (
        {**PARTS, "thresholds": {"office-silnt": 9}},
        "thresholds.office-silnt: is no threshold; there are office-silent, outcome",
    ),
    *(
        (
            {**PARTS, "thresholds": {"office-silent": value}},
            "thresholds.office-silent: must be a whole number from 1 to 100,000",
        )
        for value in (0, -1, 1.5, "9", True, 100_001)
    ),
]


@pytest.mark.parametrize(("said", "words"), WRONG)
def test_what_a_file_may_not_say(said, words):
    """
    Each fault is told at the path of its field, with its rule.
    """
    with pytest.raises(Unreadable) as refused:
        parse_taxonomy(said)

    told = [f"{field}: {rule}" for field, rule in refused.value.faults]
    assert any(words in one for one in told), told


# --- which may follow -----------------------------------------------------------------


def fact(version=1, adopted_at=None, **said) -> Categorized:
    """
    Return the fact of a taxonomy.
    """
    taxonomy = from_json({"version": version, **body("a"), **said})
    fields = {
        "event": "categorized",
        "version": version,
        "hash": hash_of(taxonomy),
        "by": "b",
        "run_by": "r",
        "taxonomy": as_json(taxonomy),
    }
    return parse_own(
        Categorized, {**fields, **({"adopted_at": adopted_at} if adopted_at else {})}
    )


FIRST = taxonomies.evolve(fact(2, "2020-01-01T00:00:00Z"), MONDAY)


@pytest.mark.parametrize(
    ("standing", "following", "rule", "words"),
    [
        (FIRST, fact(2), VersionTakenError, "the taxonomy has versions up to 2"),
        (FIRST, fact(1), VersionTakenError, "give 3"),
        (None, fact(1, "2024-01-02T12:00:00.000001Z"), AdoptedLaterError, "later than"),
        (FIRST, fact(3, "2019-12-31T23:59:59Z"), AdoptedEarlierError, "the taxonomy"),
    ],
)
def test_what_may_not_follow(standing, following, rule, words):
    """
    Versions count up, are adopted in their order, and are recorded afterwards.
    """
    with pytest.raises(rule, match=words):
        taxonomies.refuse(standing, following, TUESDAY)


@pytest.mark.parametrize(
    ("standing", "following"),
    [
        (None, fact(1)),
        (None, fact(7, "2024-01-02T12:00:00Z")),
        (FIRST, fact(3)),
        (FIRST, fact(9, "2020-01-01T00:00:00Z")),
    ],
)
def test_what_may_follow(standing, following):
    """
    What comes close to a rule and keeps it; it holds from its adoption or recording.
    """
    taxonomies.refuse(standing, following, TUESDAY)

    assert taxonomies.evolve(following, TUESDAY) == (
        following.version,
        following.adopted_at or TUESDAY,
    )


@holds_for(st.sampled_from(("version", "hash")))
def test_a_fact_agrees_with_its_taxonomy(field):
    """
    A version or a hash that is not that of the taxonomy is told.
    """
    sound = fact(2)
    changed = sound.model_copy(update={"version": 3, "hash": "0" * 64})

    assert list(taxonomies.disagreements(sound)) == []
    assert any(field in why for why in taxonomies.disagreements(changed))
