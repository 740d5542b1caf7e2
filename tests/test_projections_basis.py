"""Reading a basis: every form it is written in, and none that it is not."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given as holds_for
from hypothesis import strategies as st

from ledger.domain.fiscal import to_micros
from ledger.errors import BeyondHeadError, NotFoundError, UsageError, WrongRootError
from projections import basis as bases
from projections.grade import Grade
from projections.readmodel import NO_CUTOFF
from tests import ledgers

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


class FakeLog:
    """A log of 300 facts with made-up roots: what reading a basis needs of one."""

    head = 300

    class identity:  # noqa: N801 - as on a log
        """Where its days end."""

        timezone = "America/New_York"

    def root(self, position: int) -> bytes:
        """Return another root for each position."""
        if position > self.head:
            raise BeyondHeadError(position, self.head)
        return position.to_bytes(32, "big")

    @staticmethod
    def stream(_stream: str, _upto: int) -> list[object]:
        """Return the facts of a stream: nothing is published in it."""
        return []


LOG = FakeLog()


def line(basis: bases.Basis) -> str:
    """
    Return the line an answer prints of a basis.
    """
    fields = bases.as_json(basis, Grade(0, 0))
    instant = f"{fields['instant']} " if fields["instant"] else ""
    return f"{basis.bound} {instant}@{basis.position} {basis.root}"


def test_without_a_cut_off_everything_is_visible():
    """
    The basis of now is all, up to the head, with the root there.
    """
    basis = bases.of_now(LOG)

    assert basis == ("all", None, 300, (300).to_bytes(32, "big").hex())
    assert basis.cutoff == NO_CUTOFF


@holds_for(st.dates(date(1900, 1, 1), date(2999, 12, 31)))
def test_a_day_is_cut_off_before_the_next(day):
    """
    The last visible microsecond is the last of that day in the ledger's zone.
    """
    basis = bases.parse_as_of(day.isoformat(), LOG)
    last = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=basis.cutoff)

    assert (basis.bound, basis.position) == ("before", 300)
    zone = ZoneInfo("America/New_York")
    assert last.astimezone(zone).date() == day
    assert (last + timedelta(microseconds=1)).astimezone(zone).date() > day


def test_an_instant_is_cut_off_after_itself():
    """
    What was known at the very instant is visible.
    """
    basis = bases.parse_as_of("2019-01-15T09:00:00.000001-05:00", LOG)

    assert basis.bound == "through"
    assert basis.cutoff == to_micros(datetime(2019, 1, 15, 14, 0, 0, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("text", "position"), [("@0", 0), ("@300", 300), ("@0" + "0" * 50 + "17", 17)]
)
def test_a_position_is_a_basis(text, position):
    """
    `@N` takes positions 1 to N, whatever their instants.
    """
    basis = bases.parse_as_of(text, LOG)

    assert (basis.bound, basis.cutoff) == ("all", NO_CUTOFF)
    assert basis.position == position


@pytest.mark.parametrize("text", ["@301", "@999999999999999999", "@" + "9" * 5000])
def test_beyond_the_head_there_is_no_basis(text):
    """
    A position that is not recorded yet is refused, however long it is.
    """
    with pytest.raises(BeyondHeadError, match="give @0 to @300"):
        bases.parse_as_of(text, LOG)


@pytest.mark.parametrize("text", ["gpra-2019", "A", "x/y.z_1", "T", "all"])
def test_a_word_is_the_name_of_a_publication(text):
    """
    What begins with a letter names a publication; there is none of that name.
    """
    with pytest.raises(NotFoundError, match="no publication is named"):
        bases.parse_as_of(text, LOG)


@holds_for(st.text(max_size=30))
def test_no_text_is_anything_but_a_basis_or_refused(text):
    """
    Reading any text gives a basis or one of the two errors, never another.
    """
    for read in (bases.parse_as_of, bases.parse_basis):
        try:
            basis = read(text, LOG)
        except (UsageError, NotFoundError, WrongRootError):
            continue
        assert 0 <= basis.position <= 300


ASKED = st.one_of(
    st.none(),
    st.integers(0, 300).map("@{}".format),
    st.dates(date(1900, 1, 1), date(2999, 12, 31)).map(date.isoformat),
    st.datetimes(datetime(1901, 1, 1), datetime(2999, 12, 30)).map(  # noqa: DTZ001
        lambda moment: f"{moment.isoformat(timespec='seconds')}+05:30"
    ),
)


@holds_for(ASKED)
def test_what_is_printed_is_read_back(asked):
    """
    A basis printed as a line or as an object is the same basis when it is given back.
    """
    basis = bases.of_now(LOG) if asked is None else bases.parse_as_of(asked, LOG)
    fields = bases.as_json(basis, Grade(visible=5, claimed=3))

    assert bases.parse_basis(line(basis), LOG) == basis
    assert bases.parse_basis(f"  {line(basis)}\n", LOG) == basis
    assert bases.parse_basis(json.dumps(fields), LOG) == basis
    assert fields["grade"] == "mixed"


def test_the_end_of_the_last_day_is_read_back():
    """
    31 December 2999 ends in a year of its own; its basis is one all the same.
    """
    for zone in ("America/New_York", "UTC", "Pacific/Auckland"):
        log = FakeLog()
        log.identity = type("identity", (), {"timezone": zone})
        basis = bases.parse_as_of("2999-12-31", log)
        assert bases.parse_basis(line(basis), log) == basis


@pytest.mark.parametrize(
    "instant", ["3000-01-01T29:00:00Z", "3000-01-02T00:00:00Z", "3000-01-01T00:00:00"]
)
def test_nothing_after_the_last_day_is_read(instant):
    """
    Only what an answer can print is taken.
    """
    with pytest.raises(UsageError):
        bases.parse_basis(f"before {instant} @1 {'0' * 64}", LOG)


def test_a_root_may_be_written_in_capitals_and_must_be_this_logs():
    """
    Hex digits are digits in either case; another root is another log.
    """
    basis = bases.parse_as_of("@171", LOG)
    assert bases.parse_basis(f"all @171 {basis.root.upper()}", LOG) == basis
    with pytest.raises(WrongRootError, match="at position 170 its root is"):
        bases.parse_basis(f"all @170 {basis.root}", LOG)


def test_a_basis_of_a_real_log(tmp_path):
    """
    The empty log has the root of nothing, and a log of one fact that of its leaf.
    """
    from ledger.reader import open_log

    with open_log(ledgers.make(tmp_path / "scr.db")) as log:
        assert bases.parse_as_of("@0", log).root == EMPTY
        assert bases.of_now(log).position == 1
        assert bases.of_now(log).root != EMPTY
