"""``scr key``: who signs for the ledger, and how far who did is believed."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import click

from cli.asking import answer, form, form_options
from cli.main import Suggesting, complain, warn
from cli.recording import recording_options
from cli.render import Answer, Column
from cli.safe import display, json_text
from cli.signing import new_passphrase, signer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cli.asking import F
    from cli.main import Settings
    from ledger.domain.keys import Decided
    from ledger.private_keys import PrivateKey

EXAMPLES = """\b
Examples:
  scr key new --by publisher
  scr key list
"""
NEW_EXAMPLES = """\b
Examples:
  scr key new --by publisher
"""
ROTATE_EXAMPLES = """\b
Examples:
  scr key rotate --by publisher
"""
REVOKE_EXAMPLES = """\b
Examples:
  scr key revoke {key} --trusted-to @10 --reason "laptop stolen" --by publisher
"""
LIST_EXAMPLES = """\b
Examples:
  scr key list
  scr key list --json
"""


@click.group("key", cls=Suggesting, no_args_is_help=False, epilog=EXAMPLES)
def key_command() -> None:
    """Say which key signs the checkpoints of this ledger.

    Private keys are kept outside the ledger, for one user alone: in SCR_KEYS, else in
    ~/.config/scr-ledger/keys. docs/checkpoints.md says how to keep them.
    """


def _making_options(command: F) -> F:
    encrypt = click.option(
        "--encrypt",
        is_flag=True,
        help="Encrypt its file; asks for a passphrase, or takes SCR_KEY_PASSPHRASE.",
    )
    return encrypt(recording_options(command))


@key_command.command("new", short_help="make a key that signs", epilog=NEW_EXAMPLES)
@_making_options
@click.pass_obj
def new_command(settings: Settings, /, **given: Any) -> None:
    """Make a key, keep it for this user alone, and put it on record.

    Where a key signs already, `scr key rotate` is asked for.
    """
    _make(settings, None, given)


@key_command.command(
    "rotate", short_help="put another key in its place", epilog=ROTATE_EXAMPLES
)
@_making_options
@click.pass_obj
def rotate_command(settings: Settings, /, **given: Any) -> None:
    """Make a key that takes the place of the one that signs; both sign that it does.

    What the old one has signed stays believed, and its file stays where it is.
    """
    _make(settings, signer(settings), given)


def _make(
    settings: Settings, replaced: PrivateKey | None, given: Mapping[str, Any]
) -> None:
    from ledger import private_keys
    from ledger.app import open_ledger
    from ledger.errors import RefusedError

    ledger, identity = open_ledger(settings.ledger, warn=warn)
    try:
        private, ledger_id = private_keys.made(), identity.ledger_id
        key = private_keys.id_of(private, ledger_id)
        path = private_keys.path_of(ledger_id, key)
        secret = new_passphrase(str(path)) if given["encrypt"] else None
        said = {"replaced": replaced, "by": given["by"]}
        # Decided once before there is a file, so that a refusal leaves none.
        decided = ledger.put_key(private, **said, dry_run=True)
        if not given["dry_run"]:
            private_keys.save(private, ledger_id, secret)
            try:
                decided = ledger.put_key(private, **said)
            except RefusedError:
                # Only then is it sure that nothing is recorded: a file that nobody
                # needs does no harm, a key on record without its file does.
                private_keys.discard(path)
                raise
    finally:
        ledger.close()
    _tell_made(decided, key, str(path), given)


def _tell_made(decided: Decided, key: str, path: str, given: Mapping[str, Any]) -> None:
    dry = given["dry_run"]
    if given["as_json"]:
        made = {
            "schema": "scr-key/1",
            "status": "would be recorded" if dry else "recorded",
            "position": None if dry else decided.position,
            "key": None if dry else key,
            "vkey": None if dry else decided.keys.keys[key].vkey,
            "replaces": decided.keys.keys[key].replaces,
            "file": None if dry else path,
            "encrypted": given["encrypt"],
        }
        click.echo(json_text(json.dumps(made, ensure_ascii=False)))
        return
    if dry:
        click.echo("would be recorded: a new key")
        return
    one = decided.keys.keys[key]
    place = "" if one.replaces is None else f", in place of {one.replaces}"
    click.echo(display(f"key {key} signs from @{decided.position} on{place}"))
    click.echo(display(f"public: {one.vkey}"))
    click.echo(display(f"private: {path}"))


@key_command.command(
    "revoke",
    short_help="take the trust in a key back",
    epilog=REVOKE_EXAMPLES.format(key="56475aa7"),
)
@click.argument("key", metavar="ID")
@click.option(
    "--trusted-to",
    metavar="@POSITION",
    required=True,
    help="Its checkpoints up to this size stay believed; @0: none does.",
)
@click.option("--reason", metavar="TEXT", required=True, help="Why.")
@recording_options
@click.pass_obj
def revoke_command(settings: Settings, /, **given: Any) -> None:
    """Record that a key is believed no further: it is lost, or somebody may have it.

    Name the largest position that you are sure of: the last checkpoint that somebody
    else holds. A key that this one has put in its place after that falls with it.
    """
    from ledger.app import open_ledger

    at = given["trusted_to"]
    if re.fullmatch(r"@[0-9]{1,18}", at) is None:
        message = f"--trusted-to takes a position, such as @20, not {at or repr('')}"
        raise click.UsageError(message)
    ledger, _ = open_ledger(settings.ledger, warn=warn)
    try:
        decided = ledger.distrust(
            given["key"],
            trusted_to=int(at[1:]),
            reason=given["reason"],
            by=given["by"],
            dry_run=given["dry_run"],
        )
    finally:
        ledger.close()
    _tell_revoked(decided, given)


def _tell_revoked(decided: Decided, given: Mapping[str, Any]) -> None:
    dry, key = given["dry_run"], given["key"]
    keys = decided.keys
    fallen = [
        one.id for one in keys.keys.values() if one.trusted_to == 0 and one.id != key
    ]
    if given["as_json"]:
        told = {
            "schema": "scr-key-revoked/1",
            "status": "would be recorded" if dry else "recorded",
            "position": None if dry else decided.position,
            "key": key,
            "trusted_to": keys.keys[key].trusted_to,
            "fallen": fallen,
            "signs": keys.current,
        }
        click.echo(json_text(json.dumps(told, ensure_ascii=False)))
    else:
        verb = "would be revoked" if dry else f"revoked @{decided.position}"
        believed = f"believed up to {given['trusted_to']}"
        click.echo(display(f"{verb}: key {key}, {believed}"))
    if fallen:
        complain(
            f"note: it vouched for {', '.join(fallen)} after that, so nobody has; no"
            " checkpoint of theirs is believed"
        )
    if keys.current is None:
        complain("note: no key signs now; `scr key new` makes one")


@key_command.command("list", short_help="the keys on record", epilog=LIST_EXAMPLES)
@form_options
@click.pass_obj
def list_command(settings: Settings, /, **given: Any) -> None:
    """List the keys on record, how far each is believed, and which are here."""
    from ledger.private_keys import held as files
    from ledger.reader import open_log
    from projections.keys import listed

    how = form(given)
    with open_log(settings.ledger) as log:
        here = files(log.identity.ledger_id)
        rows: list[dict[str, object]] = [
            {
                "key": one.key.id,
                "state": one.state,
                "since": one.key.since,
                "trusted_to": one.key.trusted_to,
                "replaces": one.key.replaces,
                "here": one.key.id in here,
                "encrypted": here.get(one.key.id),
                "by": one.by,
                "vkey": one.key.vkey,
            }
            for one in listed(log)
        ]
    answer(
        Answer(
            "scr-keys/1",
            None,
            _COLUMNS,
            rows,
            title=f"{len(rows)} keys" if len(rows) != 1 else "1 key",
        ),
        how,
    )


def _yes(held_here: object) -> str:
    return "yes" if held_here else "no"


_COLUMNS = [
    Column("key", "Key"),
    Column("state", "State"),
    Column("since", "Believed from", right=True),
    Column("trusted_to", "to", right=True),
    Column("replaces", "In place of"),
    Column("here", "Here", show=_yes),
    Column("encrypted", "Encrypted", show=_yes),
    Column("by", "By"),
    Column("vkey", "Public key"),
]
