r"""The bytes of a whole fact, which its leaf hash commits to.

Six lines, each ended by a line feed, then the payload exactly as it is stored:

>>> entry(2, "scr/SCR-1", 1, "filed/1", "2019-03-06T15:00:00Z", b"{}")
b'scr-fact/1\n2\nscr/SCR-1\n1\nfiled/1\n2019-03-06T15:00:00Z\n{}'

Position and version are in the bytes, so a fact cannot be moved; and no two facts share
their bytes, because the payload starts after the sixth line feed, whatever it holds.
"""

from __future__ import annotations

_HEADER_LINES = 6


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
