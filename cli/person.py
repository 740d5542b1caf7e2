"""``scr person``: who there is, and which roles they hold."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import click

from cli.acting import acted
from cli.asking import Basing, answer, asking, form, form_options
from cli.main import Suggesting, complain, warn
from cli.recording import recording_options
from cli.render import Answer, Column
from cli.safe import display, json_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cli.main import Settings
    from ledger.app import CaseLedger
    from ledger.domain.people import Decided

EXAMPLES = """\b
Examples:
  scr person add agent-1187 --role agent --by registrar
  scr person list
"""
ADD_EXAMPLES = """\b
Examples:
  scr person add registrar --role supervisor --by registrar
  scr person add agent-1187 --account jdoe --role agent --by registrar
"""
GRANT_EXAMPLES = """\b
Examples:
  scr person grant agent-1187 agent corrector --by registrar
"""
REVOKE_EXAMPLES = """\b
Examples:
  scr person revoke agent-1187 agent --reason "moved to audit" --by registrar
"""
LIST_EXAMPLES = """\b
Examples:
  scr person list
  scr person list --at @3 --json
"""


@click.group("person", cls=Suggesting, no_args_is_help=False, epilog=EXAMPLES)
def person_command() -> None:
    """Say who there is and which roles they hold, and look it up.

    With the first person four eyes are on: every act takes a role, and corrections are
    proposed by one and approved by another. docs/people.md says which act takes which.
    """


@person_command.command("add", short_help="add a person", epilog=ADD_EXAMPLES)
@click.argument("person", metavar="ID")
@click.option(
    "--account",
    metavar="TEXT",
    help="The operating-system account that is theirs. Without one, what they do is"
    " marked asserted.",
)
@click.option(
    "--role", "roles", metavar="ROLE", multiple=True, help="A role to hold.  May recur."
)
@recording_options
@click.pass_obj
def add_command(settings: Settings, /, **given: Any) -> None:
    """Add a person, with the roles to hold.

    Anybody may, until somebody is a supervisor; from then on a supervisor may. A
    person, or a role, that is on record as asked adds nothing.
    """
    _record(
        settings,
        lambda ledger: ledger.add_person(
            given["person"],
            account_of=given["account"],
            roles=given["roles"],
            by=given["by"],
            dry_run=given["dry_run"],
        ),
        "added",
        given,
    )


@person_command.command("grant", short_help="give roles", epilog=GRANT_EXAMPLES)
@click.argument("person", metavar="ID")
@click.argument("roles", metavar="ROLE...", nargs=-1, required=True)
@recording_options
@click.pass_obj
def grant_command(settings: Settings, /, **given: Any) -> None:
    """Record that a person holds roles from now on.

    The roles are agent, supervisor, panel, corrector, approver, publisher, auditor.
    """
    _record(
        settings,
        lambda ledger: ledger.grant(
            given["person"], given["roles"], by=given["by"], dry_run=given["dry_run"]
        ),
        "granted",
        given,
    )


@person_command.command("revoke", short_help="take roles back", epilog=REVOKE_EXAMPLES)
@click.argument("person", metavar="ID")
@click.argument("roles", metavar="ROLE...", nargs=-1, required=True)
@click.option("--reason", metavar="TEXT", required=True, help="Why.")
@recording_options
@click.pass_obj
def revoke_command(settings: Settings, /, **given: Any) -> None:
    """Record that a person holds roles no more; what was done with them stays."""
    _record(
        settings,
        lambda ledger: ledger.revoke(
            given["person"],
            given["roles"],
            reason=given["reason"],
            by=given["by"],
            dry_run=given["dry_run"],
        ),
        "revoked",
        given,
    )


def _record(
    settings: Settings,
    decide: Callable[[CaseLedger], Decided],
    verb: str,
    given: dict[str, Any],
) -> None:
    from ledger.app import open_ledger

    ledger, _ = open_ledger(settings.ledger, warn=warn)
    try:
        decided = decide(ledger)
    finally:
        ledger.close()
    _tell(decided, verb, given)


def _tell(decided: Decided, verb: str, given: dict[str, Any]) -> None:
    dry = given["dry_run"]
    status = "would be recorded" if dry else "recorded"
    if not decided.positions:
        status = "already recorded"
    if given["as_json"]:
        told = {
            "schema": "scr-person-recorded/1",
            "status": status,
            "person": decided.person,
            "account": decided.account,
            "recorded": [
                {"what": what, "position": None if dry else position}
                for what, position in decided.positions.items()
            ],
            "already_recorded": list(decided.already),
        }
        click.echo(json_text(json.dumps(told, ensure_ascii=False)))
    else:
        for line in _lines(decided, verb, status):
            click.echo(display(line))
    for role in decided.vacant:
        complain(
            f"warning: nobody is {role} now, so nothing can be corrected;"
            " `scr person grant` gives the role"
        )
    if decided.first:
        complain(
            "note: with the first person four eyes are on: each act takes a role, and"
            " corrections are proposed and approved"
        )


def _lines(decided: Decided, verb: str, status: str) -> list[str]:
    if status == "already recorded":
        return [f"already recorded: {decided.person}, {', '.join(decided.already)}"]
    said = status.replace("recorded", verb)
    dry = status != "recorded"
    told = [
        what if dry else f"{what} @{position}"
        for what, position in decided.positions.items()
    ]
    if decided.already:
        told.append(f"already recorded: {', '.join(decided.already)}")
    account = "" if decided.account is None else f" (account {decided.account})"
    return [f"{said}: {decided.person}{account}, {', '.join(told)}"]


@person_command.command("list", short_help="who there is", epilog=LIST_EXAMPLES)
@click.option("--at", metavar="@POSITION", help="As it was after this position.")
@form_options
@click.pass_obj
def list_command(settings: Settings, /, **given: Any) -> None:
    """List all persons, with their roles and accounts.

    Bound is who has an account on record: nobody else acts as that person. What
    others do is asserted.
    """
    from projections.people import as_json, four_eyes, listed

    how = form(given)
    at = given["at"]
    if at is not None and re.fullmatch(r"@[0-9]+", at) is None:
        message = f"--at takes a position, such as @20, not {at or repr('')}"
        raise click.UsageError(message)
    with asking(settings, Basing(at, None)) as open_:
        position = open_.basis.position
        rows = [as_json(one) for one in listed(open_.log, position)]
        on = four_eyes(open_.log, position)
        said = [
            {**row, "by": acted(one.by, one.identity)}
            for row, one in zip(rows, listed(open_.log, position), strict=True)
        ]
        solo = open_.log.identity.solo
        found = Answer(
            "scr-persons/1",
            open_.graded(),
            _COLUMNS,
            rows,
            table_columns=[c for c in _COLUMNS if c.name != "by_identity"],
            table_rows=said,
            title=f"Four eyes are {'on' if on else 'off'}"
            + (", for ever: the ledger is solo" if solo else ""),
            extra={"four_eyes": on, "solo": solo},
        )
        answer(found, how)


def _roles(value: object) -> str:
    roles: Sequence[str] = value if isinstance(value, list) else []
    return ", ".join(roles) or "none"


_COLUMNS = [
    Column("person", "Person"),
    Column("roles", "Roles", show=_roles),
    Column("account", "Account"),
    Column("identity", "Identity"),
    Column("since", "Since"),
    Column("position", "Position", right=True),
    Column("by", "Added by"),
    Column("by_identity", "Identity of who added"),
]
