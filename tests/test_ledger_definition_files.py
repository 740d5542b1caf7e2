"""The TOML file of a definition: what it says, and what is wrong with it."""

from __future__ import annotations

import io

import pytest

from ledger import definition_files
from ledger.errors import FaultyFileError

WRONG = [
    (b"id = \n", "f.toml:1: is not TOML: Invalid value"),
    (b"id = 'a'\ntitle\n", "f.toml:2: is not TOML: Expected '=' after a key"),
    (b"id = 'a'\nkinds = [\n", "f.toml:2: is not TOML: Invalid value"),
    (b"id = 'a'\nid = 'b'\n", "f.toml:2: is not TOML: Cannot overwrite a value"),
    (b"\n\nid = '\xff'\n", "f.toml:3: is not UTF-8"),
    (b"v = " + b"9" * 5000, "f.toml: has a number that is too long"),
    (b"v = " + b"[" * 5000, "f.toml: is nested too deeply"),
    (b"#" * 1_000_001, "f.toml: is longer than 1,000,000 bytes"),
]


@pytest.mark.parametrize(("raw", "words"), WRONG)
def test_what_is_no_toml_is_one_line(raw, words):
    """
    Name of the file, line where there is one, and what is wrong.
    """
    with pytest.raises(FaultyFileError) as caught:
        definition_files.read("f.toml", io.BytesIO(raw))

    (line,) = caught.value.lines
    assert line.startswith(words)
    assert str(caught.value) == (
        "f.toml is refused, nothing of it was recorded: 1 fault;"
        " correct the file and define it again"
    )


@pytest.mark.parametrize(
    "raw",
    [
        b"id = 'a'\n[targets]\n2020 = 1.5\n",
        b"\xef\xbb\xbfid = 'a'\r\n[targets]\r\n2020 = 1.5\r\n",
        b"id = 'a'\ntargets = { '2020' = 1.5 }" + b"\n" * 999_000,
    ],
)
def test_what_it_says_is_returned(raw):
    """
    With or without byte order mark, LF or CRLF, up to the greatest length.
    """
    told = definition_files.read("f.toml", io.BytesIO(raw))

    assert told == {"id": "a", "targets": {"2020": 1.5}}


def test_of_many_faults_the_first_hundred_are_listed():
    """
    Path and rule, a line each; then how many more there are.
    """
    faults = [(f"targets.{n}", "is bad") for n in range(250)]
    error = definition_files.faulty("f.toml", faults)

    assert error.lines[99] == "f.toml: targets.99: is bad"
    assert len(error.lines) == 100
    assert "250 faults, 100 of them above and 150 more" in str(error)
