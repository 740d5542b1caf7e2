"""``scr verify``: whether the record is whole, and what can be said of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cli.asking import answer, form, form_options, output, progress
from cli.main import complain, read_enough
from cli.render import Answer, Column
from cli.safe import display
from cli.seeing import beside, keep

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cli.asking import Form
    from cli.main import Settings
    from ledger.fsck import Checked, Finding, Signing

EXAMPLES = """\b
Examples:
  scr verify
  scr verify --json
  scr verify --since checkpoint.txt
  scr verify --log-only
  scr verify --leaves
"""

INTEGRITY = 4
READ_MODEL = "read model"
_LONGEST = 64 * 1024
"""Bytes of a checkpoint; nothing longer is one."""

_ADVICE = {
    "damaged": "keep this file as evidence and restore a copy that verifies",
    "rolled back": "keep this file as evidence and find the copy that has the rest",
    "forked": "keep both files as evidence and find out who wrote which",
    "swapped": "keep this file as evidence and find the ledger that belongs here",
    "unsigned": "keep this file as evidence and believe only what a trusted key signed",
    "not checkpointed": "run `scr checkpoint`, and give it to somebody else",
}
"""What to do, by the word that the findings begin with."""

_COLUMNS = [
    Column("position", "Position", right=True),
    Column("word", "Word"),
    Column("check", "Check"),
    Column("why", "What is wrong"),
]


@click.command("verify", epilog=EXAMPLES)
@click.option(
    "--since",
    metavar="CHECKPOINT_FILE",
    help="Also compare the log with a checkpoint held elsewhere.",
)
@click.option(
    "--checkpointed",
    is_flag=True,
    help="Facts that no checkpoint covers are a finding too.",
)
@click.option(
    "--log-only",
    is_flag=True,
    help="Leave out the read model and the figures that facts name.",
)
@click.option(
    "--leaves",
    is_flag=True,
    help="Only that the bytes give leaves, tiles and root; seconds per million facts.",
)
@form_options
@click.pass_obj
def verify_command(settings: Settings, /, **given: Any) -> int:
    """Recompute leaves, tiles, root and rules from the bytes of the file.

    Then makes a read model anew, compares the one beside the ledger with it, and
    computes every publication, assertion, citation, frame and closing check again.
    Ends with 4 where anything differs, and names the first bad position.
    """
    from ledger import fsck

    how = form(given)
    if given["leaves"]:
        return _hashed(settings.ledger, how, given)
    held = None if given["since"] is None else _read(given["since"])
    older: list[str] = []
    with progress("checked position") as tell:
        checked = fsck.check(
            settings.ledger,
            tell,
            since=held,
            compare=beside(settings.ledger, older),
            checkpointed=given["checkpointed"],
        )
    findings, notes = list(checked.findings), [*_signed(checked.signing), *older]
    if not checked.compared:
        notes.append(
            "not compared with what was seen or signed elsewhere: its bytes do not give"
            " its own hashes"
        )
    if given["log_only"]:
        notes.append("not checked: the read model, and the figures that facts name")
    elif any(one.word == fsck.DAMAGED for one in findings):
        notes.append(
            "not checked: the read model and figures; of a log that is damaged they"
            " prove nothing"
        )
    else:
        more, done = _recomputed(settings.ledger)
        findings += more
        notes += done
    _tell(settings.ledger, checked._replace(findings=tuple(findings)), notes, how)
    if findings:
        return INTEGRITY
    keep(settings.ledger, checked.head, checked.root)
    return 0


def _hashed(ledger: str, how: Form, given: Mapping[str, Any]) -> int:
    """Recompute leaves, tiles and root alone.

    :raises UsageError: it was asked to look at more.
    """
    from ledger import leaves
    from ledger.fsck import Checked, Finding

    for option in ("since", "checkpointed", "log_only"):
        if given[option]:
            message = f"--leaves only hashes; leave --{option.replace('_', '-')} out"
            raise click.UsageError(message)
    with progress("checked position") as tell:
        hashed = leaves.check(ledger, tell)
    found = tuple(Finding(*one) for one in hashed.wrong)
    checked = Checked(hashed.head, hashed.root, found, compared=True)
    notes = ["not checked: signatures, rules, the read model and figures"]
    _tell(ledger, checked, notes, how, "the leaf of every fact")
    return INTEGRITY if found else 0


def _read(path: str) -> bytes:
    """Return what a file holds, as far as a checkpoint can be long.

    :raises NoInputFileError: it cannot be read.
    """
    from pathlib import Path

    from ledger.errors import NoInputFileError

    try:
        with Path(path).open("rb") as file:
            return file.read(_LONGEST + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise NoInputFileError(path, why) from None


def _signed(found: Signing | None) -> Iterator[str]:
    """Say how far the log is signed, and what of that nobody checked."""
    if found is None:
        return
    if found.covered is not None:
        after = f"{_some(found.uncovered, 'fact')} after it not checkpointed"
        yield f"signed: every fact up to @{found.covered}; {after}"
    elif found.key is None and not found.unchecked:
        yield "not signed: no key signs for this ledger"
    elif found.key is not None:
        yield f"not checkpointed: the key {found.key} has signed nothing yet"
    if found.distrusted:
        checkpoints = _some(found.distrusted, "checkpoint")
        yield f"not believed: {checkpoints} of a size beyond what its key is trusted to"
    if found.unchecked:
        yield (
            f"not checked: {_some(found.unchecked, 'signature')}, because the library"
            " cryptography is not installed"
        )


def _some(count: int, noun: str) -> str:
    """Return how many there are, in words."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _recomputed(ledger: str) -> tuple[list[Finding], list[str]]:
    """Return what a read model made anew finds, and how much was computed with it."""
    from ledger.fsck import Finding
    from ledger.reader import open_log
    from projections.comparing import recomputed

    with open_log(ledger) as log, progress("recomputed position") as tell:
        found = recomputed(log, tell)
    findings = [Finding(None, READ_MODEL, why) for why in found.read_model]
    findings += [Finding(*one) for one in found.figures.disagreements]
    counts = ", ".join(
        _some(count, kind) for kind, count in found.figures.counts.items()
    )
    return findings, [f"computed again: {counts}"] if counts else []


def _tell(
    ledger: str,
    checked: Checked,
    notes: Sequence[str],
    how: Form,
    what: str = "every fact",
) -> None:
    """Write what was found, and in a line on stderr what it comes to."""
    found = checked.findings
    if not found and how.format == "table":
        with read_enough(), output(how.output) as out:
            out.write(f"verified: {what} up to @{checked.head},")
            out.write(f" root {checked.root}\n")
            out.writelines(f"{display(note)}\n" for note in notes)
        return
    extra = {
        "verified": not found,
        "position": checked.head,
        "root": checked.root,
        "first_bad": checked.first_bad,
        "words": list(dict.fromkeys(one.word for one in found)),
        "notes": list(notes),
    }
    rows = [{**one._asdict(), "word": one.word} for one in found]
    title = f"{ledger} @{checked.head} {checked.root}"
    told = Answer(
        "scr-verify/1", None, _COLUMNS, rows, title=title, extra=extra, notes=notes
    )
    answer(told, how)
    if found:
        complain(_verdict(ledger, checked))


def _verdict(ledger: str, checked: Checked) -> str:
    """Return in one line what the findings are, where the first is, and what to do."""
    found = checked.findings
    if all(one.check == READ_MODEL for one in found):
        return (
            f"the read model of {ledger} does not say what the log says, which"
            " verifies; run `scr rebuild`, and ask again whatever was answered from it"
        )
    words = list(dict.fromkeys(one.word for one in found))
    where = "" if checked.first_bad is None else f", first at @{checked.first_bad}"
    said = f"{_some(len(found), 'finding')} ({', '.join(words)}){where}"
    return f"{ledger} does not verify: {said}; {_ADVICE[words[0]]}"
