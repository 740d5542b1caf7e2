"""The plain question, answered before click is loaded: ``scr count`` and little else.

Importing click takes four times as long as a bare interpreter; finding a figure does
not. Taken here is only what click can read in one way: the command, at most one of
each of three options in its long form with its value after it, and names of measures.
Everything else, and all that ends in an error, is left to click and asked anew: what
is said, and how it ends, is the same, which a test holds.
"""

from __future__ import annotations

import os
import sys
from typing import NamedTuple

from cli.saying import (
    DEFAULT_LEDGER,
    Settings,
    cannot_write,
    check_ledger,
    complain,
    let_go_of,
    prepare_streams,
    read_enough,
)
from ledger.errors import LedgerError

_COMMAND = "count"
_OPTIONS = ("--fy", "--as-of")
_NAME = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-@")


class Plain(NamedTuple):
    """A plain question, as typed."""

    ledger: str
    measures: tuple[str, ...]
    fy: str | None
    as_of: str | None
    format: str


def plain(arguments: list[str]) -> int | None:
    """Answer a plain question; return the exit code, None if it is left to click."""
    asked = read(arguments)
    if asked is None:
        return None
    prepare_streams()
    try:
        return _answered(asked)
    except LedgerError as error:  # There is nowhere to write; what was found is fine.
        complain(str(error))
        return error.exit_code
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            let_go_of(sys.stdout)
            return 0
        return cannot_write(error)


def read(arguments: list[str]) -> Plain | None:
    """Return a plain question, None of all others."""
    if sys.platform == "win32" or "_SCR_COMPLETE" in os.environ:
        return None  # There click expands patterns; here it answers a shell.
    words = list(arguments)
    ledger = os.environ.get("SCR_LEDGER") or DEFAULT_LEDGER
    if words[:1] == ["--ledger"] and _is_value(words[1:2]):
        ledger, words = words[1], words[2:]
    if words[:1] != [_COMMAND]:
        return None
    given: dict[str, str] = {}
    measures: list[str] = []
    words = words[1:]
    while words:
        word = words.pop(0)
        if word in given:
            return None
        if word == "--json":
            given[word] = "json"
        elif word in _OPTIONS and _is_value(words[:1]):
            given[word] = words.pop(0)
        elif word and word[0] != "-" and _NAME.issuperset(word):
            measures.append(word)
        else:
            return None
    form = given.get("--json", "table")
    asked = (tuple(measures), given.get("--fy"), given.get("--as-of"), form)
    return Plain(ledger, *asked)


def _is_value(words: list[str]) -> bool:
    return bool(words) and words[0] != "" and not words[0].startswith("-")


def _answered(asked: Plain) -> int | None:
    from cli.asking import Basing, Form, answer, asking
    from cli.counting import counted
    from ledger.domain.fiscal import parse_fiscal_years
    from projections import counts

    how = Form(asked.format, None, raw=False)
    said: list[str] = []
    try:
        check_ledger(asked.ledger)
        years = None if asked.fy is None else parse_fiscal_years(asked.fy)
        measures = asked.measures or counts.DEFAULT_MEASURES
        question = counts.Question(measures, years)
        counts.check(question)
        basing = Basing(asked.as_of, None)
        with asking(Settings(asked.ledger), basing, said.append) as open_:
            found = counted(
                open_, question, how, parts=not asked.measures, tell=said.append
            )
            found = found._replace(rows=list(found.rows))
    except Exception:  # noqa: BLE001 - whatever it is, click's way comes upon it too
        return None
    for text in said:
        complain(text)
    answer(found, how)
    with read_enough():
        if sys.stdout is not None:
            sys.stdout.flush()
    return 0
