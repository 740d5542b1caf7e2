r"""The bytes of a whole fact, which its leaf hash commits to.

Six lines, each ended by a line feed, then the payload exactly as it is stored:

>>> entry(2, "scr/SCR-1", 1, "filed/1", "2019-03-06T15:00:00Z", b"{}")
b'scr-fact/1\n2\nscr/SCR-1\n1\nfiled/1\n2019-03-06T15:00:00Z\n{}'

Position and version are in the bytes, so a fact cannot be moved; and no two facts share
their bytes, because the payload starts after the sixth line feed, whatever it holds.
"""

from __future__ import annotations

from typing import NamedTuple

_HEADER_LINES = 6
_DIGITS = 20


def entry(  # noqa: PLR0913, PLR0917  # The parts of a fact, in the bytes' order.
    position: int,
    stream: str,
    version: int,
    topic: str,
    recorded_at: str,
    payload: bytes,
) -> bytes:
    """Return the canonical bytes of one fact: UTF-8 header lines, then the payload.

    A line feed in a header field would make the bytes ambiguous: it is a programmer's
    mistake and raises ValueError, as does text that UTF-8 cannot hold.
    """
    header = f"scr-fact/1\n{position}\n{stream}\n{version}\n{topic}\n{recorded_at}\n"
    if header.count("\n") != _HEADER_LINES:
        message = f"a header field of the fact at {position} holds a line break"
        raise ValueError(message)
    return header.encode() + payload


class Entry(NamedTuple):
    """The parts of a fact, as its bytes have them."""

    position: int
    stream: str
    version: int
    topic: str
    recorded_at: str
    payload: bytes


def parse(data: bytes) -> Entry:
    r"""Return the parts of a fact from its bytes; nothing of the payload is looked at.

    >>> parse(b"scr-fact/1\n2\nscr/SCR-1\n1\nfiled/1\n2019-03-06T15:00:00Z\n{}").stream
    'scr/SCR-1'

    :raises ValueError: they are not the bytes of a fact, or not in their one form.
    """
    parts = data.split(b"\n", _HEADER_LINES)
    if len(parts) <= _HEADER_LINES:
        message = "it has not six lines before the payload"
        raise ValueError(message)
    _, position, stream, version, topic, recorded_at = (
        part.decode() for part in parts[:_HEADER_LINES]
    )
    if not (position.isascii() and position.isdigit() and len(position) < _DIGITS):
        message = "its position is no number"
        raise ValueError(message)
    if not (version.isascii() and version.isdigit() and len(version) < _DIGITS):
        message = "its version is no number"
        raise ValueError(message)
    found = Entry(
        int(position), stream, int(version), topic, recorded_at, parts[_HEADER_LINES]
    )
    if entry(*found) != data:
        message = "it is not in its one form"
        raise ValueError(message)
    return found
