"""Where a value goes in, and where it comes out: taken from the commands themselves.

A new option or command is a surface without anybody adding it here.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

import click

from cli.main import scr as program

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# What an option or argument is given where it is not the one under attack.
_PLAIN = {
    "subject": "SCR-1",
    "scr": "SCR-1",
    "measure": "dd-all",
    "measures": "dd-all",
    "fy": "2019",
    "by": "b",
    "reason": "r",
    "case_number": "C",
    "office": "o",
    "category": "c",
    "subcategory": "s",
    "association": "yes",
    "transnational": "yes",
    "outcome": "D1",
    "into": "ORG-2",
    "on": "2019-03-04",
    "name": "A",
    "basis_of": "x",
    "misstated_by_at_least": "1",
    "person": "ann",
    "roles": "auditor",
    "confidence": "95",
    "query": "stands",
    "item": "SCR-1",
    "attribute": "a=yes",
    "request": "R-0",
    "recommendation": "REC-0",
    "milestone": "m",
    "due": "2024-01-01",
    "text": "t",
    "addressee": "ICE",
    "issued_on": "2023-09-19",
    "evidence": "e",
    "package": "C-1",
    "hash": "0" * 64,
    "amount": "1",
    "positions": "1",
    "first": "dd-all",
    "second": "dd-tco",
    "publication": "OLD-0",
    "files": "f.jsonl",
    "file": "m.toml",
    "extract": "f.jsonl",
    "init": "f.csv",
}
_SKIPPED = {"demo", "init"}
"""Commands that make a ledger; `init` has a slot of its own below."""


class Slot(NamedTuple):
    """A place of a command line: what stands before a value, and after it."""

    name: str
    before: tuple[str, ...]
    after: tuple[str, ...] = ()
    glued: bool = False
    """Whether the value is part of the last word before it: ``--note=…``."""
    environment: str = ""
    """The variable it is given in instead."""

    def filled(self, value: str) -> list[str]:
        """Return the command line with a value in this place."""
        if self.environment:
            return [*self.before, *self.after]
        if self.glued:
            return [*self.before[:-1], f"{self.before[-1]}{value}", *self.after]
        return [*self.before, value, *self.after]


def commands() -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield every command with the words that name it."""
    context = click.Context(program)
    for name in program.list_commands(context):
        command = program.get_command(context, name)
        if isinstance(command, click.Group):
            yield from (((name, sub), held) for sub, held in command.commands.items())
        elif command is not None:
            yield (name,), command


def slots() -> list[Slot]:
    """Return every place in which a command line takes a text."""
    found = [
        Slot("a command", ()),
        Slot("an option", ("count", "--"), glued=True),
        Slot("the ledger", ("--ledger",), ("count",)),
        Slot("SCR_LEDGER", (), ("count",), environment="SCR_LEDGER"),
        Slot("SCR_BY", (), ("reopen", "SCR-1", "--reason", "r"), environment="SCR_BY"),
        Slot(
            "init --name",
            (
                "--ledger",
                "new.db",
                "init",
                "--name=",
            ),
            glued=True,
        ),
        Slot(
            "init --timezone",
            (
                "--ledger",
                "n.db",
                "init",
                "--timezone=",
            ),
            glued=True,
        ),
        Slot("count --where", ("count", "--where=category="), glued=True),
        Slot(
            "count --where column",
            ("count", "--where="),
            ("--by", "office"),
            glued=True,
        ),
        Slot(
            "assert",
            ("assert", "--by", "b", "--"),
        ),
        Slot(
            "a figure",
            ("request", "cite", "R-0", "--by", "b", "--figure=dd-all FY2019 = "),
            glued=True,
        ),
        Slot(
            "sample query",
            (
                "sample",
                "frame",
                "Z",
                "--dry-run",
                "--by",
                "b",
                "--",
                "category=",
            )[:-1],
        ),
    ]
    for words, command in commands():
        if words[0] not in _SKIPPED:
            found += _slots(words, command)
    return found


def _slots(words: tuple[str, ...], command: click.Command) -> Iterator[Slot]:
    takes = [one for one in command.params if not getattr(one, "is_flag", False)]
    needed = [one for one in takes if one.required]
    flags = {one.opts[0] for one in command.params if getattr(one, "is_flag", False)}
    said = ("--dry-run",) if "--dry-run" in flags else ()
    for extra in (said, (*said, "--json")) if "--json" in flags else (said,):
        yield from _with(words, command, takes, needed, extra)


def _with(
    words: tuple[str, ...],
    command: click.Command,
    takes: list[click.Parameter],
    needed: list[click.Parameter],
    extra: tuple[str, ...],
) -> Iterator[Slot]:
    """Yield the places of a command that is given some flags as well."""
    json = " --json" if "--json" in extra else ""
    for one in takes:
        others = [other for other in needed if other is not one]
        options = [
            f"{other.opts[0]}={_plain(other)}"
            for other in others
            if isinstance(other, click.Option)
        ]
        if isinstance(one, click.Option):
            given = [
                _plain(other) for other in others if isinstance(other, click.Argument)
            ]
            long = max(one.opts, key=len)
            before = (*words, *extra, *options, f"{long}=")
            yield Slot(
                f"{' '.join(words)}{json} {long}", before, tuple(given), glued=True
            )
            continue
        arguments = [
            other for other in command.params if isinstance(other, click.Argument)
        ]
        at = arguments.index(one)
        before = (*words, *extra, *options, "--", *map(_plain, arguments[:at]))
        after = tuple(_plain(other) for other in arguments[at + 1 :] if other.required)
        yield Slot(f"{' '.join(words)}{json} {one.name}", before, after)


def _plain(parameter: click.Parameter) -> str:
    return _PLAIN.get(str(parameter.name), "x")


# --- where it comes out ---------------------------------------------------------------

_TABLES = ("table", "json", "jsonl", "csv", "tsv", "md")
_PAGES = ("md", "html")


def formats(command: click.Command) -> Sequence[str]:
    """Return the formats that a command answers in."""
    for one in command.params:
        if "--format" in one.opts and isinstance(one.type, click.Choice):
            return [str(choice) for choice in one.type.choices]
    return []


def asked(number: int) -> dict[tuple[str, ...], list[tuple[str, ...]]]:
    """Return what each command that answers in formats is asked, by its name.

    :param number: of the SCRs, and of all else that is counted.
    """
    every = range(number)
    new = [(f"NEW-{n}",) for n in every]
    old = [(f"OLD-{n}",) for n in every]
    evaluated = ("A", "--attribute", "a=no", "--partial")
    return {
        ("count",): [
            ("--by", "office,category"),
            ("dd-tco", "--by", "subcategory,program"),
            ("m0",),
        ],
        ("cases",): [("dd-all",), ("entered-all",)],
        ("measure", "list"): [()],
        ("measure", "show"): [("m0",), ("m1",)],
        ("measure", "diff"): [("m0", "m1"), ("m0@1", "m0@2")],
        ("taxonomy", "show"): [(), ("1",)],
        ("taxonomy", "diff"): [("1", "2")],
        ("diff",): [("dd-all", "--from", "@40")],
        ("explain",): [("dd-all", "--fy", "2019", "--scr", f"SCR-{n}") for n in every]
        + [("m0", "--fy", "2019", "--scr", "SCR-2"), ("m0", "--fy", "2019")],
        ("vintages",): [("dd-all",), ("dd-all", "--shape", "changes")],
        ("check",): [()],
        ("publication", "list"): [()],
        ("publication", "show"): new + old,
        ("publication", "report"): new + old,
        ("publication", "notice"): [(f"OLD-{n}-R1",) for n in every],
        ("publication", "cases"): [(*one, "--disclosure", "full") for one in new],
        ("restate",): [("--plan", "--scr", "SCR-0")],
        ("trace",): [("SCR-0",), ("SCR-2", "--disclosure", "full")],
        ("person", "list"): [()],
        ("key", "list"): [()],
        ("witness", "list"): [()],
        ("sample", "plan"): [
            ("--confidence", "95", "--expected", "50", "--margin", "10"),
        ],
        ("sample", "list"): [()],
        ("sample", "show"): [("A",)],
        ("sample", "evaluate"): [evaluated],
        ("sample", "report"): [evaluated],
        ("request", "list"): [()],
        ("request", "show"): [(f"R-{n}",) for n in every]
        + [(f"N-{n}",) for n in every],
        ("request", "coverage"): [("--by", "program"), ("--by", "office")],
        ("request", "verify"): [()],
        ("request", "suggest"): [("--fy", "2022", "--program", "x")],
        ("recommendation", "list"): [()],
        ("recommendation", "show"): [(f"REC-{n}",) for n in every],
        ("scorecard",): [()],
        ("compare",): [("extract.csv", "--as-of", "2024-01-01")],
        ("validate",): [(), ("--rule", "same-case-number")],
        ("waive",): [("--list",)],
        ("show",): [(f"SCR-{n}",) for n in every],
        ("log",): [
            (),
            ("--organization", "ORG-0"),
            ("--measure", "m0"),
            ("--last", "50"),
        ],
        ("replay",): [("--plain",), ("--clock", "known", "--plain")],
        ("late",): [("--list",), ()],
        ("activity",): [(), ("--per", "day")],
        ("verify",): [()],
        ("doctor",): [()],
        ("correct", "list"): [()],
        ("correct", "show"): [(f"C-{n + 1}",) for n in every],
        ("correct", "preview"): [
            (f"C-{n + 1}", "--items") for n in every if n not in (1, 2)
        ],
    }


def questions(number: int) -> list[tuple[tuple[str, ...], str]]:
    """Return every command line that asks, with its format."""
    wanted = asked(number)
    found = []
    for words, command in commands():
        if words in wanted:
            pairs = itertools.product(wanted[words], formats(command))
            found += [((*words, *more, "-f", fmt), fmt) for more, fmt in pairs]
    return [*found, (("export",), "jsonl")]
