"""``scr witness``: cosign a log elsewhere, and say whose cosignatures count."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import click

from cli.asking import answer, form, form_options, output
from cli.main import Suggesting, complain, read_enough
from cli.proof_files import instant, keys_in, read_file
from cli.recording import recording_options
from cli.render import Answer, Column
from cli.safe import display, json_text
from cli.signing import new_passphrase, passphrase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cli.main import Settings

EXAMPLES = """\b
Examples:
  scr witness new inspector-general
  scr witness list
"""
NEW_EXAMPLES = """\b
Examples:
  scr witness new inspector-general
"""
SIGN_EXAMPLES = """\b
Examples:
  scr witness sign held.checkpoint --key log.vkey -o cosigned.txt
  scr witness sign grown.txt -o cosigned.txt
"""
POLICY_EXAMPLES = """\b
Examples:
  scr witness policy --required 1 --witness ig.vkey --by publisher
"""
ADD_EXAMPLES = """\b
Examples:
  scr witness add cosigned.txt --by auditor
"""
LIST_EXAMPLES = """\b
Examples:
  scr witness list
  scr witness list --json
"""


@click.group("witness", cls=Suggesting, no_args_is_help=False, epilog=EXAMPLES)
def witness_command() -> None:
    """Have others sign that a log only grew, and say how many have to.

    `new` and `sign` are for the machine of the witness and need no ledger; `policy`,
    `add` and `list` are for the ledger. Files go between the two: a checkpoint or the
    file of `scr prove --from` one way, a cosignature the other way.
    """


# --- on the machine of the witness ----------------------------------------------------


@witness_command.command("new", epilog=NEW_EXAMPLES)
@click.argument("name")
@click.option("--encrypt", is_flag=True, help="Keep the key under a passphrase.")
def new_command(name: str, *, encrypt: bool) -> None:
    """Make a witness on this machine, and print its verifier key.

    Its private key stays here, in SCR_KEYS, else in ~/.config/scr-ledger/keys. Use it
    on one machine only: what it has signed is remembered here and nowhere else.
    """
    from ledger import witness

    secret = new_passphrase(name) if encrypt else None
    vkey, path = witness.new(name, secret)
    with read_enough(), output(None) as out:
        out.write(f"{display(vkey)}\n")
    complain(f"made: witness {name}, its key in {path}", prefix="")


@witness_command.command("sign", epilog=SIGN_EXAMPLES)
@click.argument("file")
@click.option("--as", "name", metavar="NAME", help="Which witness, if there are more.")
@click.option(
    "--key",
    "vkeys",
    multiple=True,
    metavar="VKEY|FILE",
    help="The key that the log is believed by, or a file of it: when it is new to this"
    " witness, or has another one.",
)
@click.option(
    "--rotation",
    metavar="FILE",
    help="The proof of the fact by which the log's key was replaced.",
)
@click.option("-o", "--output", metavar="FILE", help="Write to a file instead.")
def sign_command(**given: Any) -> None:
    """Cosign a checkpoint, if the log begins with all that was signed of it before.

    FILE is the file of `scr prove --from`, or a checkpoint where the log is new to
    this witness. What is printed is a signature line, for `scr witness add`. Nothing
    is signed of a log that is smaller than it was, or another one.
    """
    from ledger import witness

    name = given["name"] or _only(witness.here())
    rotation = None if given["rotation"] is None else read_file(given["rotation"])
    data = read_file(given["file"])
    shown = witness.Shown(given["file"], data, keys_in(given["vkeys"]), rotation)
    line = witness.sign(name, shown, clock=time.time, ask=passphrase)
    with read_enough(), output(given["output"]) as out:
        out.write(line)
    complain(f"signed by {name}; give it to the keepers of the log", prefix="")


def _only(here: Mapping[str, str]) -> str:
    from ledger.errors import NoSuchWitnessError

    if len(here) > 1:
        message = f"there are {', '.join(sorted(here))} here; say which with --as"
        raise click.UsageError(message)
    if not here:
        raise NoSuchWitnessError(None)
    return next(iter(here))


# --- in the ledger --------------------------------------------------------------------


@witness_command.command("policy", epilog=POLICY_EXAMPLES)
@click.option(
    "--required",
    type=click.IntRange(0, 16),
    required=True,
    metavar="N",
    help="How many of them have to sign; 0, without any, takes the policy back.",
)
@click.option(
    "--witness",
    "vkeys",
    multiple=True,
    metavar="VKEY|FILE",
    help="The verifier key of a witness, or a file of some.  May recur.",
)
@recording_options
@click.pass_obj
def policy_command(settings: Settings, /, **given: Any) -> None:
    """Record how many of which witnesses a publication needs; the last one holds."""
    from ledger.app import open_ledger

    ledger, _ = open_ledger(settings.ledger)
    try:
        decided = ledger.entrust(
            given["required"],
            keys_in(given["vkeys"]),
            by=given["by"],
            dry_run=given["dry_run"],
        )
    finally:
        ledger.close()
    status = _status(already=decided.already, dry=given["dry_run"])
    policy = decided.policy
    if given["as_json"]:
        told = {
            "schema": "scr-witness-policy/1",
            "status": status,
            "position": None if status.startswith("would") else decided.position,
            "required": policy.required,
            "witnesses": [one.vkey for one in policy.witnesses],
        }
        click.echo(json_text(json.dumps(told, ensure_ascii=False)))
        return
    names = ", ".join(one.name for one in policy.witnesses) or "nobody"
    at = "" if status.startswith("would") else f" @{decided.position}"
    said = f"{status}{at}: {policy.required} of {len(policy.witnesses)}: {names}"
    click.echo(display(said))


@witness_command.command("add", epilog=ADD_EXAMPLES)
@click.argument("file")
@recording_options
@click.pass_obj
def add_command(settings: Settings, /, **given: Any) -> None:
    """Record cosignatures: lines as `scr witness sign` prints them, or a whole note.

    Each has to be by a witness of the policy, over a checkpoint on record.
    """
    from ledger.app import open_ledger
    from ledger.cosignatures import lines_of

    lines = lines_of(read_file(given["file"]))
    ledger, _ = open_ledger(settings.ledger)
    try:
        heard = ledger.cosign(lines, by=given["by"], dry_run=given["dry_run"])
    finally:
        ledger.close()
    for one in heard:
        status = _status(already=one.already, dry=given["dry_run"])
        position = None if status.startswith("would") else one.position
        if given["as_json"]:
            told = {
                "schema": "scr-cosigned/1",
                "status": status,
                "position": position,
                "size": one.said.size,
                "witness": one.said.name,
                "at": instant(one.said.at),
            }
            click.echo(json_text(json.dumps(told, ensure_ascii=False)))
            continue
        at = "" if position is None else f" @{position}"
        said = f"{status}{at}: {one.said.name} has signed all up to @{one.said.size}"
        click.echo(display(said))


def _status(*, already: bool, dry: bool) -> str:
    if already:
        return "already recorded"
    return "would be recorded" if dry else "recorded"


_COLUMNS = [
    Column("witness", "Witness"),
    Column("signed", "Signed up to", right=True),
    Column("at", "Signed at"),
    Column("position", "Recorded", right=True),
    Column("vkey", "Verifier key"),
]


@witness_command.command("list", epilog=LIST_EXAMPLES)
@form_options
@click.pass_obj
def list_command(settings: Settings, /, **given: Any) -> None:
    """List the witnesses of the policy, and what each has signed last."""
    from ledger.reader import open_log
    from projections.witnessing import on_record, policy_of

    how = form(given)
    with open_log(settings.ledger) as log:
        policy = policy_of(log)
        last = {one.said.public: one for one in on_record(log)}
    rows = []
    for one in policy.witnesses:
        held = last.get(one.public)
        rows.append(
            {
                "witness": one.name,
                "signed": None if held is None else held.said.size,
                "at": None if held is None else instant(held.said.at),
                "position": None if held is None else held.position,
                "vkey": one.vkey,
            }
        )
    title = f"{policy.required} of {len(policy.witnesses)} witnesses are required"
    extra = {"required": policy.required}
    answer(
        Answer("scr-witnesses/1", None, _COLUMNS, rows, title=title, extra=extra), how
    )
