"""Requests as a file has them: hostile lines are faults like others."""

from __future__ import annotations

import json

import pytest

from ledger.errors import FaultyFileError
from ledger.intake.requests import read_requests
from tests.commandline import Lines

LINE = {
    "request": "R-1",
    "program_office": "p",
    "fiscal_year": 2022,
    "amount": 350000,
    "positions": 4,
}


def line(**said) -> bytes:
    """
    Return a line.
    """
    return f"{json.dumps({**LINE, **said})}\n".encode()


def faults(*lines: bytes) -> list[str]:
    """
    Return what is said of a file that is refused.
    """
    with pytest.raises(FaultyFileError) as refused:
        read_requests("r.jsonl", Lines(lines))
    return list(refused.value.lines)


def test_what_is_around_the_lines_does_not_matter():
    """
    A byte order mark, CRLF, blank lines, no line feed at the end.
    """
    dressed = [
        b"\xef\xbb\xbf" + line().replace(b"\n", b"\r\n"),
        b"\r\n",
        line(request="R-2").rstrip(),
    ]

    found = read_requests("r.jsonl", Lines(dressed))
    assert [(one.number, one.request) for one in found] == [(1, "R-1"), (3, "R-2")]


HOSTILE = [
    (
        line().replace(b"350000", b"9" * 5_000),
        "amount: must be a whole number",
    ),
    (
        line().replace(b"350000", b"-" + b"9" * 5_000),
        "amount: must be a whole number",
    ),
    (line().replace(b"2022", b"1" * 5_000), "fiscal_year: must be a fiscal year"),
    (line().replace(b'"p"', b'"\xff"'), "line: is not UTF-8: byte 39 is 0xff"),
    (line().decode().encode("utf-16"), "line: is not UTF-8: byte 1 is 0xff"),
    (line(title="x" * 300_000), "line: is longer than 262,144 bytes"),
    (line().replace(b'"positions"', b'"amount"'), "amount: is given twice"),
    (b"\xef\xbb\xbf" + line(), "line: is not JSON: "),
    (b"[" * 100_000, "line: is not JSON: "),
    (b"{", "line: is not JSON: "),
    (b"7", "line: must be one JSON object"),
]


@pytest.mark.parametrize(("text", "words"), HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_lines_are_faults_like_others(text, words):
    """
    Whatever the bytes: one fault with its line, field and rule, short enough to read.
    """
    (told,) = faults(line(request="R-0"), text)

    assert told.startswith(f"r.jsonl:2: {words}")
    assert len(told) < 200
