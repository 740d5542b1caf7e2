"""The bytes of a fact that are hashed as a leaf."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.tlog import merkle
from ledger.tlog.entry import entry

AT = "2019-03-06T15:00:00.000001Z"


def test_golden_bytes():
    """
    Six lines and the stored payload: these bytes may never change.
    """
    got = entry(42, "scr/SCR-2019-00042", 3, "disrupted/1", AT, b'{"by":"\xc3\xa9"}\n')

    assert got == (
        b"scr-fact/1\n"
        b"42\n"
        b"scr/SCR-2019-00042\n"
        b"3\n"
        b"disrupted/1\n"
        b"2019-03-06T15:00:00.000001Z\n"
        b'{"by":"\xc3\xa9"}\n'
    )
    assert merkle.leaf_hash(got).hex() == (
        "dc12d00507cc50d5eba0008b402f75b0811bf5d84b03b278281f787153e1e915"
    )


def test_text_is_utf8():
    """
    Header text is UTF-8, whatever the machine prefers.
    """
    assert "scr/é\n".encode() in entry(1, "scr/é", 1, "filed/1", AT, b"")


@pytest.mark.parametrize("field", ["stream", "topic", "recorded_at"])
@pytest.mark.parametrize("value", ["\n", "a\nb", "a\n", "\na"])
def test_refuses_a_line_break(field, value):
    """
    A header field with a line feed could be read as two, so it has no bytes.
    """
    fields = {"stream": "scr/A", "topic": "filed/1", "recorded_at": AT, field: value}

    with pytest.raises(ValueError, match="the fact at 7 holds a line break"):
        entry(position=7, version=1, payload=b"{}", **fields)


def test_refuses_a_lone_surrogate():
    """
    Text that UTF-8 cannot hold has no bytes.
    """
    with pytest.raises(ValueError, match="surrogates not allowed"):
        entry(1, "scr/\ud800", 1, "filed/1", AT, b"")


lines = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]))
facts = st.tuples(
    st.integers(1), lines, st.integers(1), lines, lines, st.binary(max_size=40)
)


@given(facts)
def test_reads_back(fact):
    """
    Every fact can be read back from its bytes, so no two facts share them.
    """
    tag, *header, payload = entry(*fact).split(b"\n", 6)
    position, stream, version, topic, recorded_at = (part.decode() for part in header)

    assert tag == b"scr-fact/1"
    assert fact == (
        int(position),
        stream,
        int(version),
        topic,
        recorded_at,
        payload,
    )
