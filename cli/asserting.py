"""``scr assert`` and ``scr check``: claims that are proved, and proved again."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import click

from cli.asking import Basing, answer, asking, check_text, form, form_options
from cli.main import complain, warn
from cli.recording import at_the_head, by_option, dry_run_option
from cli.safe import display, json_text

if TYPE_CHECKING:
    from cli.main import Settings
    from ledger.domain.claim import Claim, Proof, Typed
    from projections.assertions import Assertion

ASSERT_EXAMPLES = """\b
Examples:
  scr assert "dd-all FY2019 = 3 as of 2020-01-15" --by "records office"
  scr assert --withdraw @20 --reason "typed by mistake" --by "records office"
"""
CHECK_EXAMPLES = """\b
Examples:
  scr check
  scr check @20 --json
  scr check --list
"""

FAILS = 1


@click.command("assert", epilog=ASSERT_EXAMPLES)
@click.argument("claim", nargs=-1)
@click.option("--note", metavar="TEXT", help="Anything worth keeping with the claim.")
@click.option("--withdraw", metavar="@POSITION", help="Take an assertion back.")
@click.option("--reason", metavar="TEXT", help="Why it is withdrawn.")
@by_option
@dry_run_option
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
@click.pass_obj
def assert_command(settings: Settings, /, **given: Any) -> None:
    """Record a claim, which `scr check` proves again from then on.

    CLAIM is MEASURE[@VERSION] [FY]YEAR = VALUE [as of WHEN]; WHEN is what --as-of
    takes. What is not true now is refused, with 1. Each time it is proved with the
    same cut-off but by all that is recorded by then; only one as of @POSITION is
    proved there for ever. Without a version the definition is the one in force at
    the cut-off.
    """
    claim = " ".join(given["claim"])
    if given["withdraw"] is None:
        if not claim:
            message = "give a claim, such as 'dd-all FY2019 = 214', or --withdraw"
            raise click.UsageError(message)
        if given["reason"] is not None:
            message = "--reason is why an assertion is withdrawn; a claim takes --note"
            raise click.UsageError(message)
        _assert(settings, claim, given)
        return
    if claim or given["note"] is not None:
        message = "--withdraw and a claim contradict; give one"
        raise click.UsageError(message)
    if given["reason"] is None:
        message = "--withdraw takes --reason: why it is withdrawn"
        raise click.UsageError(message)
    _withdraw(settings, _position(given["withdraw"]), given)


def _assert(settings: Settings, claim: str, given: dict[str, Any]) -> None:
    from ledger.domain.claim import typed

    said = typed(claim)
    check_text("--by", given["by"])
    at_the_head(lambda: _prove_and_record(settings, said, given))


def _prove_and_record(settings: Settings, said: Typed, given: dict[str, Any]) -> None:
    from ledger.app import open_ledger
    from projections.assertions import prove

    with asking(settings, Basing(said.as_of, None)) as open_:
        claim, proof = prove(open_.log, open_.model, said, open_.basis)
        basis = open_.graded()
    ledger, _ = open_ledger(settings.ledger, warn=warn)
    try:
        decided = ledger.assert_claim(
            claim,
            proof,
            by=given["by"],
            note=given["note"],
            dry_run=given["dry_run"],
        )
    finally:
        ledger.close()
    status, position = _status(decided.position, given, already=decided.already)
    _tell_claim(claim, proof, basis, (status, position), given)


def _status(
    position: int, given: dict[str, Any], *, already: bool
) -> tuple[str, int | None]:
    if already:
        return "already recorded", position
    return ("would be recorded", None) if given["dry_run"] else ("recorded", position)


def _tell_claim(
    claim: Claim,
    proof: Proof,
    basis: dict[str, object],
    decided: tuple[str, int | None],
    given: dict[str, Any],
) -> None:
    from cli.assertions import as_of, claim_text
    from cli.render import basis_line

    status, position = decided
    if given["as_json"]:
        told = {
            "schema": "scr-asserted/1",
            "basis": basis,
            "status": status,
            "position": position,
            "event": "asserted",
            "measure": claim.measure,
            "version": claim.version,
            "fiscal_year": claim.fiscal_year,
            "value": claim.value,
            "as_of": as_of(claim),
            "hash": proof.definition_hash,
        }
        click.echo(json_text(json.dumps(told, ensure_ascii=False)))
        return
    verb = status.replace("recorded", "asserted")
    at = "" if position is None else f" @{position}"
    click.echo(display(f"{verb}{at}: {claim_text(claim)}"))
    click.echo(display(f"proved at {basis_line(basis)}"))


def _withdraw(settings: Settings, assertion: int, given: dict[str, Any]) -> None:
    from ledger.app import open_ledger

    ledger, _ = open_ledger(settings.ledger, warn=warn)
    try:
        decided = ledger.withdraw(
            assertion, by=given["by"], reason=given["reason"], dry_run=given["dry_run"]
        )
    finally:
        ledger.close()
    status, position = _status(decided.position, given, already=False)
    if given["as_json"]:
        told = {
            "schema": "scr-asserted/1",
            "status": status,
            "position": position,
            "event": "withdrawn",
            "assertion": assertion,
        }
        click.echo(json_text(json.dumps(told, ensure_ascii=False)))
        return
    at = "" if position is None else f", at @{position}"
    verb = status.replace("recorded", "withdrawn")
    click.echo(display(f"{verb}: the assertion @{assertion}{at}"))


def _position(text: str) -> int:
    """Return the position that names an assertion.

    :raises UsageError: the text names none.
    """
    match = re.fullmatch(r"@([0-9]+)", text)
    if match is None:
        message = f"{text or repr('')} names no assertion; give its position, as @20"
        raise click.UsageError(message)
    return int(match[1].lstrip("0")[:19] or "0")  # No log has a position of more.


@click.command("check", epilog=CHECK_EXAMPLES)
@click.argument("assertions", nargs=-1, metavar="[@POSITION]...")
@click.option("--list", "every", is_flag=True, help="List all, withdrawn ones too.")
@form_options
@click.pass_obj
def check_command(settings: Settings, /, **given: Any) -> int:
    """Prove the standing assertions again, all or those named.

    Silent if all hold, and ends with 0. Ends with 1 if one fails: with what was
    claimed, what it is now, and every item that came or went since it was proved.
    In any format but a table the answer is always written.
    """
    from cli.assertions import found, listed
    from projections.assertions import check, chosen, recorded

    how = form(given)
    named = [_position(text) for text in given["assertions"]]
    with asking(settings, Basing(None, None)) as open_:
        all_ = recorded(open_.log)
        asked = chosen(all_, named) if named else all_
        _note(asked, named)
        proved = [
            check(open_.log, open_.model, one)
            for one in asked
            if given["every"] or one.withdrawn is None
        ]
        failing = any(one.state == "fails" for one in proved)
        silent = how.format == "table" and how.output is None
        if given["every"]:
            answer(listed(open_, proved, how.format), how)
        elif failing or not silent:
            answer(found(open_, proved, how.format), how)
    return FAILS if failing else 0


def _note(asked: list[Assertion], named: list[int]) -> None:
    """Say on stderr what is not proved although one might think so."""
    if named:
        for one in asked:
            if one.withdrawn is not None:
                complain(
                    f"note: @{one.position} is withdrawn, at"
                    f" @{one.withdrawn.position}; it is not proved"
                )
    elif all(one.withdrawn is not None for one in asked):
        complain("note: nothing is asserted; `scr assert` records a claim")
