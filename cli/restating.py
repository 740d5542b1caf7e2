"""``scr restate``: figures that take the place of printed ones, exactly split."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from cli.asking import Basing, answer, asking, form, form_options
from cli.main import complain
from cli.render import Answer, Column
from cli.restated import part_name, signed, state_since
from cli.safe import display, json_text
from cli.sealing import Made, Placed, check_said, passed, seal_words, sealed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cli.asking import Asking
    from cli.main import Settings
    from ledger.domain.publication import Figure, Publication
    from projections.packages import Affected
    from projections.publications import Recorded
    from projections.superseding import Since

    Row = dict[str, object]

RESTATE_EXAMPLES = """\b
Examples:
  scr restate APR-2019 --document Revised --reason audit --override audit --by me
  scr restate APR-2019 --measure dd-tco --document Recast --reason audit \
--override audit --by me
  scr restate --plan --scr SCR-2019-00042
"""


@click.command("restate", epilog=RESTATE_EXAMPLES)
@click.argument("publication", required=False)
@click.option(
    "--measure",
    "recasts",
    multiple=True,
    metavar="[OLD=]ID[@VERSION]",
    help="Recast: count by this definition in place of the old one.  May recur."
    "  [default: the same definitions]",
)
@click.option(
    "--as", "name", metavar="NAME", help="Its name.  [default: PUBLICATION-R1, -R2, …]"
)
@click.option(
    "--as-of",
    metavar="WHEN",
    help="What was known by then.  [default: all that is recorded]",
)
@click.option("--document", metavar="TEXT", help="The document that prints it.")
@click.option(
    "--claims",
    metavar="TEXT",
    help="What the document says that it measures.  [default: as before]",
)
@click.option("--reason", metavar="TEXT", help="Why it is restated.")
@click.option("--override", metavar="REASON", help="Why the gate does not matter here.")
@click.option("--by", metavar="TEXT", envvar="SCR_BY", help="Who does; also SCR_BY.")
@click.option("--dry-run", is_flag=True, help="Compute and decide, record nothing.")
@click.option(
    "--plan", is_flag=True, help="Only list the printed figures that SCRs entered."
)
@click.option(
    "--scr", "scrs", multiple=True, metavar="SCR", help="With --plan.  May recur."
)
@click.option(
    "--package",
    metavar="PACKAGE",
    help="With --plan: the SCRs of a proposed package, and all that it moves.",
)
@form_options
@click.pass_obj
def restate_command(settings: Settings, /, **given: Any) -> None:
    """Seal a publication that takes the place of another, and say what changed.

    It has the same years, by the same definitions (restated) or by others (recast). Of
    each figure it says what was shown before, and every part of the difference. The
    gate is that of `scr publish`. The old publication stays as it is.
    """
    if given["plan"]:
        _refuse_with_plan(given)
        _plan(settings, given)
        return
    _require(given)
    _restate(settings, given)


def _refuse_with_plan(given: Mapping[str, Any]) -> None:
    others = ("publication", "recasts", "name", "as_of", "document", "claims")
    for option in (*others, "reason", "override", "dry_run"):
        if given[option]:
            message = (
                "--plan takes --scr or --package, and records nothing; leave the"
                " rest out"
            )
            raise click.UsageError(message)
    if bool(given["scrs"]) == (given["package"] is not None):
        message = (
            "give --scr, the SCRs that are to be corrected, or --package, with --plan"
        )
        raise click.UsageError(message)


def _require(given: Mapping[str, Any]) -> None:
    for option, what in (
        ("publication", "PUBLICATION, what to restate"),
        ("document", "--document, what prints the restatement"),
        ("reason", "--reason, why it is restated"),
        ("by", "--by, who restates it, or set SCR_BY"),
    ):
        if not given[option]:
            message = f"give {what}"
            raise click.UsageError(message)
    if given["scrs"] or given["package"] is not None:
        message = "--scr and --package go with --plan; leave them out"
        raise click.UsageError(message)
    if given["format_"] not in (None, "json") or given["output"] or given["raw"]:
        message = "a restatement is told in words or with --json; leave -f, -o, --raw"
        raise click.UsageError(message)
    check_said(given["name"], given)


# --- restating ------------------------------------------------------------------------


def _restate(settings: Settings, given: dict[str, Any]) -> None:
    made, placed = sealed(settings, lambda: _make(settings, given), given)
    _tell(made, placed, given)


def _make(settings: Settings, given: Mapping[str, Any]) -> Made:
    from projections.publications import named
    from projections.restatements import Said, restatement
    from projections.restating import current, next_name, refuse_earlier, restated
    from projections.superseding import afterwards

    with asking(settings, Basing(given["as_of"], None)) as open_:
        log, model, basis = open_.log, open_.model, open_.basis
        asked = named(log, given["publication"])
        old = current(log, asked)
        name = given["name"] or next_name(log, old)
        _check_free(open_, name)
        refuse_earlier(log, model, old, basis)
        figures = restated(model, basis, old.content, given["recasts"])
        checked = [(one.name, one.was[1]) for one in figures]
        gate, override = passed(open_, checked, given["override"])
        said = Said(name, given["document"], given["claims"], given["reason"])
        content = restatement(
            log, model, basis, old, figures, said, gate=gate, override=override
        )
        since = afterwards(log)[old.content.name]
        warnings = _warnings(asked, old, since, content, given)
        return Made(content, open_.graded(), log.head, tuple(warnings))


def _check_free(open_: Asking, name: str) -> None:
    from ledger.errors import PublicationTakenError
    from projections.publications import recorded

    for one in recorded(open_.log):
        if one.content.name == name:
            raise PublicationTakenError(name, one.position)


def _warnings(
    asked: Recorded,
    old: Recorded,
    since: Since,
    content: Publication,
    given: Mapping[str, Any],
) -> list[str]:
    from projections.publishing import claims_otherwise

    found = []
    if old != asked:
        found.append(
            f"note: {asked.content.name} is superseded; what is restated is"
            f" {old.content.name}, which is the last of its line"
        )
    found += [f"note: {old.content.name}: {words}" for words in since.notices()]
    if (said := claims_otherwise(content)) is not None:
        found.append(f"note: {said}")
    if content.override is not None:
        found.append("note: restated through a gate that is not green")
    elif given["override"] is not None:
        found.append("note: the gate is green; the override is not recorded")
    return found


def _tell(made: Made, placed: Placed, given: Mapping[str, Any]) -> None:
    from ledger.domain.publication import as_json, seal_of

    for text in made.warnings:
        complain(text)
    (position,) = placed.positions
    content, dry = made.content, given["dry_run"]
    if given["as_json"] or given["format_"] == "json":
        told = {
            "schema": "scr-restated/1",
            "basis": made.basis,
            "status": "would be recorded" if dry else "recorded",
            "position": None if dry else position,
            "checkpoint": placed.as_json(),
            "seal": None if dry else seal_of(content),
            "publication": as_json(content),
        }
        click.echo(json_text(json.dumps(told, ensure_ascii=False)))
        placed.tell(as_json=True)
        return
    assert content.supersedes is not None
    verb = "would be restated" if dry else f"restated @{position}"
    of = content.supersedes.publication
    seal = seal_words(content, dry=dry)
    click.echo(display(f"{verb}: {content.name} in place of {of}, {seal}"))
    for figure in content.figures:
        click.echo(display(f"  {in_words(figure)}"))
    placed.tell(as_json=False)


def in_words(figure: Figure) -> str:
    """Return a restated figure in a line: what was shown, each part, what is shown."""
    was = figure.previously
    assert was is not None
    parts = [f"{signed(one.effect)} {part_name(one)}" for one in figure.changes or ()]
    name = f"{figure.measure} FY{figure.fiscal_year}"
    if was.measure != figure.measure:
        name = f"{was.measure} to {name}"
    why = ", ".join(figure.statuses or ()) or "unchanged"
    return f"{name}: {' '.join([f'{was.value:,}', *parts])} = {figure.value:,} ({why})"


# --- the plan -------------------------------------------------------------------------


_PLAN_COLUMNS = [
    Column("publication", "Publication"),
    Column("published_on", "Printed on"),
    Column("measure", "Measure"),
    Column("fiscal_year", "FY"),
    Column("printed", "Printed", right=True, grouped=True),
    Column("today", "Today", right=True, grouped=True),
    Column("scrs", "SCRs"),
    Column("state", "State"),
]


def _plan(settings: Settings, given: Mapping[str, Any]) -> None:
    how = form(given)
    scrs = list(dict.fromkeys(given["scrs"]))
    moved: Sequence[Affected] = ()
    if given["package"] is not None:
        scrs, moved = _of_package(settings, given["package"])
    with asking(settings, Basing(None, None)) as open_:
        rows = _planned(open_, scrs, moved)
        flat = how.format in ("json", "jsonl")
        answer(
            Answer(
                "scr-restate-plan/1",
                open_.graded(),
                _PLAN_COLUMNS,
                rows
                if flat
                else [{**r, "scrs": ", ".join(map(str, _list(r)))} for r in rows],
                title=_plan_title(scrs, given["package"]),
                extra={"scrs": scrs, "package": given["package"]},
                notes=[] if rows else ["None entered a printed figure."],
            ),
            how,
        )


def _list(row: Row) -> Sequence[object]:
    scrs = row["scrs"]
    assert isinstance(scrs, list)
    return scrs


def _plan_title(scrs: Sequence[str], package: str | None) -> str:
    if package is not None:
        return f"printed figures that {package} moves or its SCRs entered"
    return f"printed figures that {_named(scrs)} entered"


def _named(scrs: Sequence[str]) -> str:
    return scrs[0] if len(scrs) == 1 else f"{len(scrs):,} SCRs"


def _of_package(settings: Settings, name: str) -> tuple[list[str], Sequence[Affected]]:
    """Return the SCRs of a proposed package, and the printed figures it moves."""
    from cli.packages import tried
    from ledger.errors import PackageDecidedError
    from projections.packages import package_of

    with asking(settings, Basing(None, None)) as open_:
        package = package_of(open_.log, name).package
    if package.state != "proposed":
        raise PackageDecidedError(name, package.state)
    named = (item.get("scr") for item in package.content.items)
    scrs = list(dict.fromkeys(scr for scr in named if scr is not None))
    return scrs, tried(settings, name).affected


def _planned(
    open_: Asking, scrs: Sequence[str], moved: Sequence[Affected] = ()
) -> list[Row]:
    from projections.publications import printed_on, recorded
    from projections.publishing import today
    from projections.superseding import afterwards
    from projections.tracing import trace

    entered: dict[tuple[int, str, int], list[str]] = {}
    for scr in scrs:
        for one in trace(open_.log, open_.model, scr):
            year = int(str(one.then["fiscal_year"]))
            key = one.publication.position, str(one.then["measure"]), year
            held = entered.setdefault(key, [])
            if scr not in held:  # It may have entered for several outcomes.
                held.append(scr)
    for of in moved:
        place = of.publication.position, of.figure.measure, of.figure.fiscal_year
        held = entered.setdefault(place, [])
        held += [one.subject for one in of.items if one.subject not in held]
    since = afterwards(open_.log)
    touched = {position for position, _, _ in entered}
    return [
        {
            "publication": each.content.name,
            "published_on": printed_on(open_.log, each),
            "measure": figure.measure,
            "fiscal_year": figure.fiscal_year,
            "printed": figure.shown,
            "today": now,
            "scrs": entered[each.position, figure.measure, figure.fiscal_year],
            "state": state_since(since[each.content.name]),
        }
        for each in recorded(open_.log)
        if each.position in touched
        for figure, now, _ in today(open_.log, open_.model, each)
        if (each.position, figure.measure, figure.fiscal_year) in entered
    ]
