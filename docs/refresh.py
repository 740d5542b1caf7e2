"""Write what the program says into the pages: each help, each example's output.

Run it after a change to a command: `.venv/bin/python docs/refresh.py`. All other text
on a page is written by hand and stays. The examples run in a folder of their own, on
the ledger of docs/counting.md, at a fixed time and under a fixed id.
"""  # noqa: INP001 - a script, not a package

from __future__ import annotations

import csv
import io
import json
import os
import re
import shlex
import shutil
import sys
import tempfile
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock
from uuid import UUID

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = Path(__file__).resolve().parent
COMMANDS = DOCS / "commands"
FIXTURE = DOCS.parent / "fixtures" / "oig-23-52"

HELP = re.compile(
    r"(?<=<!-- help -->\n\n```text\n).*?(?=```\n\n<!-- /help -->)", re.DOTALL
)
EXAMPLE = re.compile(r"(?<=```console\n).*?(?=```\n)", re.DOTALL)
PREPARE = re.compile(r"^<!-- before: (.*) -->$", re.MULTILINE)

WORKED = (
    "corrections.md",
    "accountability.md",
    "checkpoints.md",
    "evidence.md",
    "measures.md",
    "people.md",
    "proofs.md",
    "publications.md",
    "reconciliation.md",
    "restatement.md",
    "sampling.md",
    "validation.md",
    "vintages.md",
    "witnesses.md",
)
"""Other pages with examples."""

LEDGER_IDS = tuple(
    UUID(f"5c4e2a70-0000-4000-8000-{number:012}") for number in range(1, 9)
)
"""Of the ledgers that an example makes, one after another."""
SEEDS = tuple(bytes([number]) * 32 for number in range(1, 9))
"""Of the keys that an example makes: nobody's, and the same every time."""
SECRET = "5c" * 32
"""What the salts of members come from, in examples alone."""
START = datetime(2026, 1, 5, 14, tzinfo=UTC)
ENVIRONMENT = {"COLUMNS": "80", "SCR_LEDGER": "", "SCR_BY": ""}


class Clock:
    """Five past two, six past two, and so on."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        """Return the time, and let a minute pass."""
        self.now += timedelta(minutes=1)
        return self.now


def refreshed(name: str, page: str) -> str:
    """Return a command's page with its help and its examples' outputs as of now."""
    if HELP.search(page) is None:
        message = f"docs/commands/{name}.md has no place for the help"
        raise ValueError(message)
    page = HELP.sub(lambda _: helped(name), page)
    return replayed(page)


def helped(name: str) -> str:
    """Return the help of a command, and of a group that of each of its commands."""
    return "\n".join(said([*path, "--help"]) for path in paths(name))


def paths(name: str) -> list[list[str]]:
    """Return what is typed for a command, and for each of its own if it is a group."""
    from cli.main import LazyGroup, scr

    assert isinstance(scr, LazyGroup)
    command = scr.get_command(click.Context(scr), name)
    own = command.commands if isinstance(command, click.Group) else {}
    return [[name], *([name, sub] for sub in own)]


def said(arguments: list[str]) -> str:
    """Run a command here and return all it says, on either stream."""
    from cli.main import run

    told = io.StringIO()
    with (
        mock.patch.dict(os.environ, ENVIRONMENT),
        redirect_stdout(told),
        redirect_stderr(told),
    ):
        run(arguments)
    return told.getvalue()


def replayed(page: str) -> str:
    """Return any page with the outputs that its examples have now."""
    before = PREPARE.findall(page)
    return EXAMPLE.sub(lambda match: played(match[0], before), page)


def played(block: str, before: list[str]) -> str:
    """Return a console block with the outputs its commands have now."""
    commands = [line for line in block.splitlines() if line.startswith("$ ")]
    with prepared():
        for line in before:
            said(shlex.split(line)[1:])
        return "".join(f"{line}\n{_typed(line[2:])}" for line in commands)


def _typed(line: str) -> str:
    if line.startswith("cp "):
        shutil.copy(*shlex.split(line)[1:])
        return ""
    command, _, head = line.partition(" | head -")
    if command.startswith("python3 verify.py "):
        return _judged(command.split()[-1])
    told = said(shlex.split(command)[1:]).splitlines(keepends=True)
    return "".join(told[: int(head)] if head else told)


def _judged(bundle: str) -> str:
    """Return what the checker says of a bundle, as if it were run alone."""
    from ledger.evidence import verify

    out = io.StringIO()
    with redirect_stdout(out):
        verify.judge(Path(bundle))
    return out.getvalue()


@contextmanager
def prepared() -> Iterator[None]:
    """Stand in a folder with the files of the documentation, and a ledger of some."""
    import cli.proof_checking
    import cli.witness
    from ledger import app, private_keys
    from projections import building

    clock = Clock()
    elsewhere = mock.Mock(**{"time.return_value": START.timestamp()})
    with (
        tempfile.TemporaryDirectory(prefix="scr-") as folder,
        chdir(folder),
        mock.patch.dict(app.create.__kwdefaults__, clock=clock),
        mock.patch.dict(app.open_ledger.__kwdefaults__, clock=clock),
        mock.patch.object(app, "uuid4", side_effect=LEDGER_IDS),
        mock.patch.object(app, "token_hex", return_value=SECRET),
        mock.patch.object(private_keys, "_seed", side_effect=SEEDS),
        mock.patch.dict(os.environ, XDG_STATE_HOME=f"{folder}/state", SCR_KEYS="keys"),
        mock.patch.object(app, "account", return_value="registry"),
        mock.patch.object(cli.proof_checking, "time", elsewhere),
        mock.patch.object(cli.witness, "time", elsewhere),
        mock.patch.object(building, "monotonic", return_value=0.0),
    ):
        Path("first.jsonl").write_text(worked_example(), encoding="utf-8")
        Path("extract.csv").write_text(block("maps.md", "csv"), encoding="utf-8")
        Path("columns.toml").write_text(block("maps.md", "toml"), encoding="utf-8")
        Path("taxonomy.toml").write_text(
            block("validation.md", "toml"), encoding="utf-8"
        )
        Path("apg.toml").write_text(block("measures.md", "toml"), encoding="utf-8")
        Path("printed.jsonl").write_text(
            block("publications.md", "json"), encoding="utf-8"
        )
        for name, copy in (
            ("printed.jsonl", "printings.jsonl"),
            ("corrections.csv", "corrections.csv"),
        ):
            shutil.copy(FIXTURE / name, copy)
        shutil.copy(FIXTURE / "printed.jsonl", "oig-printed.jsonl")
        Path("findings.csv").write_text(findings(), encoding="utf-8")
        Path("requests.jsonl").write_text(
            block("accountability.md", "json"), encoding="utf-8"
        )
        said(["init", "--name", "first"])
        said(["import", "first.jsonl"])
        yield


def findings() -> str:
    """Return what the fixture's auditors found, as `scr sample record` reads it.

    Of what is no TCO also which element fails, as their own corrections have it.
    """
    lines = (FIXTURE / "sample.jsonl").read_text(encoding="utf-8").splitlines()
    with (FIXTURE / "corrections.csv").open(encoding="utf-8", newline="") as table:
        corrected = {row["scr"]: row for row in csv.DictReader(table)}
    elements = ("association", "transnational")
    rows = [f"item,exception,{','.join(elements)},note_ref"]
    for item in map(json.loads, lines[1:]):
        answer = "yes" if item["finding"] == "not a TCO" else "no"
        of = corrected.get(item["scr"], {})
        cells = [of.get(name, "") for name in elements]
        rows.append(",".join([item["scr"], answer, *cells, item["note"]]))
    return "".join(f"{row}\n" for row in rows)


def worked_example() -> str:
    """Return the lines that docs/counting.md tells its readers to save."""
    text = (DOCS / "counting.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith('{"scr"')]
    return "".join(f"{line}\n" for line in lines)


def block(page: str, language: str) -> str:
    """Return the first block of a language on a page."""
    text = (DOCS / page).read_text(encoding="utf-8")
    found = re.search(rf"```{language}\n(.*?)```", text, re.DOTALL)
    assert found
    return found[1]


def main() -> None:
    """Refresh every page, and say which changed."""
    from cli.main import COMMANDS as NAMES

    for name in NAMES:
        path = COMMANDS / f"{name}.md"
        _put(path, refreshed(name, path.read_text(encoding="utf-8")))
    for path in (DOCS / name for name in WORKED):
        _put(path, replayed(path.read_text(encoding="utf-8")))


def _put(path: Path, fresh: str) -> None:
    if fresh != path.read_text(encoding="utf-8"):
        path.write_text(fresh, encoding="utf-8")
        sys.stdout.write(f"refreshed {path.relative_to(DOCS.parent)}\n")


if __name__ == "__main__":
    main()
