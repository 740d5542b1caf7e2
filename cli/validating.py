"""``scr validate`` and ``scr waive``: what speaks against printing figures."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from cli.asking import (
    Basing,
    answer,
    asking,
    basis_options,
    form,
    form_options,
    progress,
    scrs,
)
from cli.main import complain, warn
from cli.render import Answer, Column
from cli.safe import display, json_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cli.asking import Form
    from cli.main import Settings
    from ledger.domain.events import Waived
    from projections.taxonomies import Loaded
    from projections.validation import Asked, Result

    Row = dict[str, object]

VALIDATE_EXAMPLES = """\b
Examples:
  scr validate
  scr validate --as-of 2020-01-15 --rule category-weaker-than-measure --items
"""
WAIVE_EXAMPLES = """\b
Examples:
  scr waive office-silent --scr SCR-2019-00042 --until 2030-01-31 --reason gone --by hq
  scr waive --list
"""

FAILS = 1
FEW = 5
"""How many SCRs of a rule are named where not all are."""


@click.command("validate", epilog=VALIDATE_EXAMPLES)
@click.option("--rule", "rules", metavar="RULE", multiple=True, help="Only this rule.")
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning"]),
    default="error",
    show_default=True,
    help="End with 1 if a rule of this severity, or a graver one, fails.",
)
@click.option("--fy", metavar="Y|Y..Z", help="Only figures of these fiscal years.")
@click.option(
    "--measure",
    "measures",
    metavar="ID[@VERSION]",
    multiple=True,
    help="What is to be printed.  [default: dd-all, dd-tco]",
)
@click.option(
    "--items", "--list", "items", is_flag=True, help="Every SCR, also in a table."
)
@basis_options
@form_options
@click.pass_obj
def validate_command(settings: Settings, /, **given: Any) -> int:
    """Say what speaks against printing figures: each rule, and the SCRs that fail it.

    At a basis it says what it would have said then, by the taxonomy, the thresholds and
    the waivers that held then. Ends with 1 if a rule fails that is not waived.
    """
    from projections import taxonomies, validation
    from projections.measures import as_json

    how = form(given)
    asked = _asked(given)
    chosen = given["rules"] or None
    validation.chosen_rules(chosen)
    with asking(settings, Basing(given["as_of"], given["basis"])) as open_:
        with progress("validating, position") as tell:
            results = validation.validate(
                *(open_.log, open_.model, open_.basis, chosen),
                asked=asked,
                on_progress=tell,
            )
        taxonomy = taxonomies.at(open_.log, open_.basis)
        used = validation.measures_of(open_.model, open_.basis, asked)
        found = _answer(results, taxonomy, open_.graded(), how, items=given["items"])
        extra = {
            "taxonomy": None if taxonomy is None else taxonomies.as_json(taxonomy),
            "definitions": [as_json(one) for one in used],
            "fail_on": given["fail_on"],
        }
        answer(found._replace(extra=extra), how)
    return FAILS if validation.fails(results, given["fail_on"]) else 0


def _asked(given: Mapping[str, Any]) -> Asked:
    from ledger.domain.fiscal import parse_fiscal_years
    from ledger.errors import UsageError
    from projections.validation import Asked

    try:
        years = None if given["fy"] is None else parse_fiscal_years(given["fy"])
    except ValueError as error:
        raise UsageError(str(error)) from None
    if not given["measures"]:
        return Asked(years=years)
    return Asked(tuple(dict.fromkeys(given["measures"])), years)


def _at(positions: object) -> str:
    assert isinstance(positions, list)
    return ", ".join(f"@{position}" for position in positions)


_COLUMNS = [
    Column("rule", "Rule"),
    Column("severity", "Severity"),
    Column("state", "State"),
    Column("failing", "Failing", right=True, grouped=True),
    Column("waived", "Waived", right=True, grouped=True),
    Column("threshold", "Threshold", right=True, grouped=True),
]
_REASON = Column("reason", "Reason")
_ITEM_COLUMNS = [
    Column("rule", "Rule"),
    Column("severity", "Severity"),
    Column("scr", "SCR"),
    Column("detail", "Detail"),
    Column("positions", "Positions", show=_at),
    Column("waived_until", "Waived until"),
]


def _answer(
    results: Sequence[Result],
    taxonomy: Loaded | None,
    basis: Row,
    how: Form,
    *,
    items: bool,
) -> Answer:
    rows = [_row(one) for one in results]
    exact = how.format in ("json", "jsonl")
    listed = list(_items(rows))
    return Answer(
        "scr-validate/1",
        basis,
        _ITEM_COLUMNS if items and not exact else [*_COLUMNS, _REASON],
        listed if items and not exact else rows,
        table_columns=None if items else _COLUMNS,
        title=_title(results),
        notes=() if exact or items else list(_notes(results, taxonomy)),
    )


def _row(result: Result) -> Row:
    return {
        "rule": result.rule,
        "severity": result.severity,
        "reason": result.reason,
        "threshold": result.threshold,
        "state": result.state,
        "failing": len(result.failing),
        "waived": result.waived,
        "scrs": [
            {
                "scr": one.scr,
                "detail": one.detail,
                "positions": list(one.positions),
                "waived_until": one.waived,
            }
            for one in result.failing
        ],
    }


def _items(rows: Sequence[Row]) -> Iterator[Row]:
    for row in rows:
        named = row["scrs"]
        assert isinstance(named, list)
        for one in named:
            yield {"rule": row["rule"], "severity": row["severity"], **one}


def _title(results: Sequence[Result]) -> str:
    fail = {
        severity: sum(
            one.state == "fails" and one.severity == severity for one in results
        )
        for severity in ("error", "warning")
    }
    unknown = len({one.rule for one in results if one.state == "unknown"})
    parts = [
        f"{count} {name}" if count == 1 else f"{count} {name}s"
        for name, count in fail.items()
        if count
    ]
    told = f"fails: {', '.join(parts)}" if parts else "nothing fails"
    return f"validation: {told}{f'; {unknown} unknown' if unknown else ''}"


def _notes(results: Sequence[Result], taxonomy: Loaded | None) -> Iterator[str]:
    """Yield what the table does not say: which taxonomy, why, and the first SCRs."""
    if taxonomy is None:
        yield "no taxonomy at this basis; what needs one is unknown"
    else:
        yield (
            f"taxonomy version {taxonomy.taxonomy.version} sha256"
            f" {taxonomy.hash[:8]}…, recorded @{taxonomy.position}"
        )
    for one in results:
        if not one.failing:
            continue
        yield ""
        waived = f", {one.waived:,} of them waived" if one.waived else ""
        count = len(one.failing)
        yield f"{one.severity} {one.rule}: {scrs(count)}{waived}. {one.reason}"
        for failure in one.failing[:FEW]:
            until = "" if failure.waived is None else f" (waived to {failure.waived})"
            at = _at(list(failure.positions[:FEW]))
            yield f"    {failure.scr}: {failure.detail}, {at}{until}"
        if count > FEW:
            yield f"    and {count - FEW:,} more; --items lists all"


# --- waiving -----------------------------------------------------------------------


@click.command("waive", epilog=WAIVE_EXAMPLES)
@click.argument("rule", required=False)
@click.option("--scr", metavar="SCR", help="The SCR that fails it.")
@click.option("--until", metavar="DATE", help="The last day on which it is waived.")
@click.option("--reason", metavar="TEXT", help="Why.")
@click.option("--by", metavar="TEXT", envvar="SCR_BY", help="Who says so; also SCR_BY.")
@click.option("--dry-run", is_flag=True, help="Decide, record nothing.")
@click.option("--list", "listing", is_flag=True, help="List the waivers at a basis.")
@basis_options
@form_options
@click.pass_obj
def waive_command(settings: Settings, /, **given: Any) -> None:
    """Record that an SCR's failure of a rule is waived, up to and with a day.

    It is still shown, as waived, and fails no validation at a basis that sees the
    waiver. The last waiver of a rule and an SCR holds: an earlier day ends it sooner.
    """
    if given["listing"]:
        _list(settings, given)
        return
    for option in ("rule", "scr", "until", "reason", "by"):
        if given[option] is None:
            name = "argument 'RULE'" if option == "rule" else f"option '--{option}'"
            message = f"Missing {name}"
            raise click.UsageError(message, click.get_current_context())
    for option in ("as_of", "basis", "output", "raw", "format_"):
        if given[option]:
            name = option.rstrip("_").replace("_", "-")
            message = f"--{name} is for --list; a waiver is recorded now"
            raise click.UsageError(message, click.get_current_context())
    from zoneinfo import ZoneInfo

    from ledger.app import open_ledger
    from projections.validation import chosen_rules

    chosen_rules((given["rule"],))
    ledger, identity = open_ledger(settings.ledger, warn=warn)
    try:
        names = ("until", "reason", "by", "dry_run")
        said = {name: given[name] for name in names}
        decided = ledger.waive(given["rule"], given["scr"], **said)
    finally:
        ledger.close()
    _tell(decided.fact, decided.position, given)
    today = decided.moment.astimezone(ZoneInfo(identity.timezone)).date()
    if decided.fact.until < today:
        complain(
            f"note: {decided.fact.until} is past, so this waives nothing from today on;"
            " to waive it, give a day to come"
        )


def _tell(fact: Waived, position: int | None, given: Mapping[str, Any]) -> None:
    status = "recorded"
    if position is None:
        status = "already recorded"
    elif given["dry_run"]:
        status, position = "would be recorded", None
    told = {
        "schema": "scr-waived/1",
        "status": status,
        "position": position,
        "rule": fact.rule,
        "scr": fact.scr,
        "until": fact.until.isoformat(),
    }
    if given["as_json"]:
        click.echo(json_text(json.dumps(told, ensure_ascii=False)))
        return
    verb = status.replace("recorded", "waived")
    at = "" if position is None else f" at @{position}"
    click.echo(display(f"{verb} {fact.rule} for {fact.scr} to {fact.until}{at}"))


def _list(settings: Settings, given: Mapping[str, Any]) -> None:
    from projections import waivers

    if any(given[name] is not None for name in ("rule", "scr", "until", "reason")):
        message = "--list lists all waivers and takes only a basis and a format"
        raise click.UsageError(message, click.get_current_context())
    how = form(given)
    with asking(settings, Basing(given["as_of"], given["basis"])) as open_:
        rows = [waivers.as_json(one) for one in waivers.at(open_.log, open_.basis)]
        found = Answer(
            "scr-waivers/1",
            open_.graded(),
            [
                Column("rule", "Rule"),
                Column("scr", "SCR"),
                Column("until", "Until"),
                Column("state", "State"),
                Column("reason", "Reason"),
                Column("by", "By"),
                Column("run_by", "Run by"),
                Column("position", "Position", right=True),
                Column("recorded_at", "Recorded at"),
            ],
            rows,
        )
        answer(found, how)
