"""Members of a figure: each shown alone, against a root over all."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.tlog import members
from ledger.tlog.merkle import root

SECRET = b"\x05" * 32
UNITS = st.lists(st.text("ABC 12", min_size=1, max_size=4), unique=True, max_size=20)
FIGURE = ("dd-all", 2019)


def shown(units, unit, secret=SECRET):
    """Return what shows a unit to be among some."""
    return members.member(secret, *FIGURE, units, unit)


@given(UNITS.filter(bool), st.data())
def test_a_member_is_shown_alone(units, data):
    """
    Salt, index and path of any of them lead to the root over all, and of others not.
    """
    unit = data.draw(st.sampled_from(units))
    other = data.draw(st.text("ABC", min_size=5, max_size=5))
    of = members.members_root(SECRET, *FIGURE, units)
    one = shown(units, unit)

    assert members.counts(one, len(units), of)
    assert not members.counts(one._replace(id=other), len(units), of)
    assert not members.counts(one._replace(salt=b"\0" * 32), len(units), of)
    assert not members.counts(one, len(units), b"\0" * 32)
    assert not members.counts(one._replace(leaf_index=len(units)), len(units), of)


@given(UNITS)
def test_the_root_is_of_the_set(units):
    """
    The order in which they come says nothing, and the root says nothing of it.
    """
    of = members.members_root(SECRET, *FIGURE, units)

    assert of == members.members_root(SECRET, *FIGURE, reversed(units))
    assert (of == root([])) == (not units)


def test_the_root_by_hand():
    """
    Two members: SHA-256(1, leaf, leaf), in the order of leaves, and each of these is
    SHA-256(0, salt, id).
    """
    leaves = sorted(
        sha256(b"\0" + members.salt(SECRET, *FIGURE, unit) + unit.encode()).digest()
        for unit in ("S-1", "S-2")
    )
    by_hand = sha256(b"\x01" + leaves[0] + leaves[1]).digest()

    assert members.members_root(SECRET, *FIGURE, ["S-1", "S-2"]) == by_hand


def test_nothing_of_one_figure_or_secret_is_of_another():
    """
    Salts differ by member, measure, year and secret, and none of them is the seal's.
    """
    salts = [
        members.salt(SECRET, "dd-all", 2019, "S-1"),
        members.salt(SECRET, "dd-all", 2019, "S-2"),
        members.salt(SECRET, "dd-all", 2020, "S-1"),
        members.salt(SECRET, "dd-tco", 2019, "S-1"),
        members.salt(b"\x06" * 32, "dd-all", 2019, "S-1"),
        members.seal_salt(SECRET),
    ]

    assert len(set(salts)) == len(salts)
    assert {len(one) for one in salts} == {32}


def test_salt_and_id_cannot_be_parted_elsewhere():
    """
    A salt one byte longer and an id one shorter give the same leaf, and are refused.
    """
    of = members.members_root(SECRET, *FIGURE, ["AB"])
    one = shown(["AB"], "AB")
    moved = one._replace(salt=one.salt + b"A", id="B")

    assert members.leaf(moved.salt, moved.id) == members.leaf(one.salt, one.id)
    assert members.counts(one, 1, of)
    assert not members.counts(moved, 1, of)


def test_what_is_not_counted_cannot_be_shown():
    """
    There is nothing to show of what is not among them.
    """
    with pytest.raises(ValueError, match="not in list"):
        shown(["S-1"], "S-2")


def test_more_than_a_tile_of_members():
    """
    Of several hundred each is shown, also where a path goes through more than a level.
    """
    units = [f"S-{number}" for number in range(700)]
    of = members.members_root(SECRET, *FIGURE, units)

    for unit in (units[0], units[350], units[699]):
        assert members.counts(shown(units, unit), 700, of)
