"""Chains of duplicates and mergers: where they end, and that they end."""

from __future__ import annotations

import pytest
from hypothesis import given as holds_for
from hypothesis import strategies as st

from ledger.domain.links import check_link, end_of_chain
from ledger.errors import ClosesCircleError, NamesItselfError

names = st.sampled_from("abcdef")


@pytest.mark.parametrize(
    ("start", "links", "end"),
    [
        ("a", {}, "a"),
        ("a", {"b": "c"}, "a"),
        ("a", {"a": "b"}, "b"),
        ("a", {"a": "c", "c": "b"}, "b"),
        ("a", {"a": "b", "b": "a"}, "a"),
        ("b", {"a": "b", "b": "a"}, "a"),
        ("a", {"a": "d", "d": "c", "c": "d"}, "c"),
        ("Z", {"Z": "a", "a": "Z"}, "Z"),
        ("ORG-9", {"ORG-9": "ORG-10", "ORG-10": "ORG-9"}, "ORG-10"),
    ],
)
def test_where_a_chain_ends(start, links, end):
    """
    In the last id or, of a circle, in the smallest by code point that is on it.
    """
    assert end_of_chain(start, links) == end


@holds_for(st.lists(st.tuples(names, names), max_size=12))
def test_links_that_are_not_refused_make_no_circle(wanted):
    """
    A link is refused exactly if its target leads back, so every chain has an end.
    """
    links: dict[str, str] = {}
    for subject, target in wanted:
        links.pop(subject, None)  # Whatever it led to is undone first.
        back = end_of_chain(target, links) == subject
        try:
            check_link("into", subject, target, links.get)
        except (NamesItselfError, ClosesCircleError):
            assert back
        else:
            assert not back
            links[subject] = target

    assert all(end_of_chain(name, links) not in links for name in "abcdef")


def test_a_circle_elsewhere_is_no_matter():
    """
    A circle that is there already, which no ledger has, does not hang the check.
    """
    check_link("into", "a", "b", {"b": "c", "c": "b"}.get)


def test_a_long_chain():
    """
    Chains may be as long as they like.
    """
    links = {str(n): str(n + 1) for n in range(100_000)}

    assert end_of_chain("0", links) == "100000"
    with pytest.raises(ClosesCircleError):
        check_link("into", "100000", "0", links.get)
