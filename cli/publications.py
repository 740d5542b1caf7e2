"""``scr publication`` and ``scr trace``: what was printed, and the SCRs behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cli.acting import acted, eyes
from cli.asking import (
    Basing,
    answer,
    asking,
    document_format,
    document_options,
    form,
    form_options,
    output,
)
from cli.disclosing import case_columns, disclosed, disclosure_option, positions
from cli.main import Suggesting, read_enough, say
from cli.marking import mark_command, withdraw_command
from cli.noticing import notice_command
from cli.render import Answer, Column
from cli.restated import floor_words, part_name, signed, since_json, state_since

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cli.asking import Asking
    from cli.main import Settings
    from ledger.domain.people import Identity
    from ledger.domain.publication import Figure, Publication
    from projections.keys import Checkpoint
    from projections.publications import Recorded
    from projections.superseding import Floor, Since
    from projections.tracing import Traced
    from projections.witnessing import Status

    Row = dict[str, object]

GROUP_EXAMPLES = """\b
Examples:
  scr publication list
  scr publication verify
"""
LIST_EXAMPLES = """\b
Examples:
  scr publication list
  scr publication list --fy 2019 --json
"""
SHOW_EXAMPLES = """\b
Examples:
  scr publication show APR-2019
  scr publication show APR-2019 --json
"""
VERIFY_EXAMPLES = """\b
Examples:
  scr publication verify APR-2019
  scr publication verify
"""
REPORT_EXAMPLES = """\b
Examples:
  scr publication report APR-2019
  scr publication report APR-2019 -o APR-2019.html
"""
CASES_EXAMPLES = """\b
Examples:
  scr publication cases APR-2019 --fy 2019
  scr publication cases APR-2019 --fy 2019 --disclosure full -f jsonl
"""
TRACE_EXAMPLES = """\b
Examples:
  scr trace SCR-2019-00042
  scr trace SCR-2019-00042 --disclosure public -f csv
"""

_YEAR = Column("fiscal_year", "FY")
_PERCENT = 100


@click.group("publication", cls=Suggesting, epilog=GROUP_EXAMPLES)
def publication_command() -> None:
    """Look up what was printed: publications, figures, and the SCRs behind them."""


publication_command.add_command(mark_command)
publication_command.add_command(withdraw_command)
publication_command.add_command(notice_command)


# --- list ---------------------------------------------------------------------------


@publication_command.command("list", epilog=LIST_EXAMPLES)
@click.option("--fy", metavar="Y|Y..Z", help="Only figures of these fiscal years.")
@click.option("--measure", metavar="ID", help="Only figures of this measure.")
@click.option(
    "--current",
    is_flag=True,
    help="Only of publications that are neither superseded nor withdrawn.",
)
@form_options
@click.pass_obj
def list_command(settings: Settings, /, **given: Any) -> None:
    """List every printed figure: as printed, as of today, and the difference.

    Today is by the definition the publication names; where another one is in force
    by now, it is named.
    """
    from projections.publications import recorded
    from projections.superseding import afterwards
    from projections.witnessing import witnessing

    how = form(given)
    years = _years(given["fy"])
    with asking(settings, Basing(None, None)) as open_:
        since = afterwards(open_.log)
        every = recorded(open_.log)
        witnessed = witnessing(open_.log)
        if given["measure"] is not None:
            _check_measure(open_, given["measure"], every)
        rows = [
            row
            for one in every
            if since[one.content.name].current or not given["current"]
            for row in _listed(
                open_, one, since[one.content.name], witnessed(one.position)
            )
            if (years is None or row["fiscal_year"] in years)
            and given["measure"] in (None, row["measure"])
        ]
        answer(
            Answer(
                "scr-publications/1",
                open_.graded(),
                _LIST_COLUMNS,
                rows,
                table_columns=[
                    c
                    for c in _LIST_COLUMNS
                    if c.name not in _NOT_IN_TABLES
                    and (c.name != "witnessed" or any(row[c.name] for row in rows))
                ],
            ),
            how,
        )


def _check_measure(open_: Asking, name: str, every: Iterable[Recorded]) -> None:
    """Refuse a measure that was never printed, and that none defines either."""
    from projections.measures import find

    if not any(name == f.measure for one in every for f in one.content.figures):
        find(open_.model, open_.basis, name)


_LIST_COLUMNS = [
    Column("publication", "Publication"),
    Column("document", "Document"),
    Column("published_on", "Printed on"),
    Column("position", "Position", right=True),
    Column("kind", "Kind"),
    Column("measure", "Measure"),
    Column("version", "Version", right=True),
    _YEAR,
    Column("printed", "Printed", right=True, grouped=True),
    Column("ledger_then", "Ledger then", right=True, grouped=True),
    Column("today", "Today", right=True, grouped=True),
    Column("difference", "Difference", right=True),
    Column("state", "State"),
    Column("in_force", "In force now"),
    Column("since", "Since"),
    Column("witnessed", "Witnessed"),
]
_NOT_IN_TABLES = ("document", "position", "kind", "version")


def _listed(
    open_: Asking, one: Recorded, since: Since, witnessed: Status | None
) -> Iterable[Row]:
    from projections.publications import printed_on
    from projections.publishing import today

    versions = {used.measure: used.version for used in one.content.definitions}
    for figure, now, in_force in today(open_.log, open_.model, one):
        floor = since.floor(figure.measure, figure.fiscal_year)
        yield {
            "publication": one.content.name,
            "document": one.content.document,
            "published_on": printed_on(open_.log, one),
            "position": one.position,
            "kind": one.content.kind,
            "measure": figure.measure,
            "version": versions[figure.measure],
            "fiscal_year": figure.fiscal_year,
            "printed": figure.shown,
            "ledger_then": figure.value,
            "today": now,
            "difference": now - figure.shown,
            "state": state_of(one.content, figure),
            "in_force": in_force,
            "superseded_by": since.superseded_by,
            "withdrawn": since.withdrawn is not None,
            "floor": None if floor is None else floor.at_least,
            "since": _since_words(since, floor),
            "witnessed": None if witnessed is None else witnessed.short,
        }


def _since_words(since: Since, floor: Floor | None) -> str:
    said = floor_words(floor)
    return state_since(since) if said is None else f"{state_since(since)}, {said}"


def state_of(content: Publication, figure: Figure) -> str:
    """Return how a figure stands: supported or not, restated, overridden."""
    words = []
    if figure.supported is not None:
        words.append("supported" if figure.supported else "UNSUPPORTED")
    if figure.status is not None:
        words.append(figure.status)
    if content.supersedes is not None:
        words.append(f"in place of {content.supersedes.publication}")
        words += figure.statuses or ()
    if content.override is not None:
        words.append("gate overridden")
    return ", ".join(words) or "computed"


def _years(text: str | None) -> range | None:
    from ledger.domain.fiscal import parse_fiscal_years
    from ledger.errors import UsageError

    try:
        return None if text is None else parse_fiscal_years(text)
    except ValueError as error:
        raise UsageError(str(error)) from None


# --- show ---------------------------------------------------------------------------


@publication_command.command("show", epilog=SHOW_EXAMPLES)
@click.argument("name")
@form_options
@click.pass_obj
def show_command(settings: Settings, /, **given: Any) -> None:
    """Show what is sealed of a publication, and what was said of it since."""
    from ledger.domain.publication import as_json
    from ledger.reader import open_log
    from projections.keys import covering
    from projections.people import identity
    from projections.publications import named
    from projections.superseding import afterwards
    from projections.witnessing import witnessing

    how = form(given)
    with open_log(settings.ledger) as log:
        one = named(log, given["name"])
        tied = identity(log, one.by, one.run_by, one.position)
        since = afterwards(log)[one.content.name]
        covered = covering(log, one.position)
        witnessed = witnessing(log)(one.position)
    sealed = as_json(one.content)
    answer(
        Answer(
            "scr-publication/1",
            {"instant": None, **sealed["basis"]},
            _sealed_columns(one.content),
            sealed["figures"],
            table_rows=[_shown(figure) for figure in one.content.figures],
            table_columns=_table_columns(one.content),
            title=f"{one.content.name}: {one.content.document}",
            extra={
                "position": one.position,
                "recorded_at": one.recorded_at,
                "by": one.by,
                "run_by": one.run_by,
                "identity": tied,
                "seal": one.seal,
                **{k: v for k, v in sealed.items() if k not in ("basis", "figures")},
                **since_json(since),
                "checkpoint": None if covered is None else covered.as_json(),
                "witnessed": None if witnessed is None else witnessed.as_json(),
            },
            notes=[
                *since.notices(),
                *notes(one, tied),
                *covered_words(covered),
                *([] if witnessed is None else [f"It is {witnessed}."]),
            ],
        ),
        how,
    )


_SHOW_COLUMNS = [
    Column("measure", "Measure"),
    _YEAR,
    Column("value", "Value", right=True, grouped=True),
    Column("denominator", "Of", right=True, grouped=True),
    Column("printed", "Printed", right=True, grouped=True),
    Column("supported", "Supported", show=lambda held: "yes" if held else "NO"),
    Column("target", "Target", right=True, grouped=True),
    Column("met", "Met", show=lambda met: "met" if met else "UNMET"),
    Column("last", "Last printed"),
    Column("status", "Status"),
    Column("counted_sha256", "Hash of what is counted"),
    Column("members_root", "Members root"),
]


_RESTATED_COLUMNS = [
    Column("previously", "Previously"),
    Column("changes", "Changes"),
    Column("statuses", "Because of"),
]


def _sealed_columns(content: Publication) -> list[Column]:
    """Return the columns of all that is sealed of a figure."""
    restated = [] if content.supersedes is None else _RESTATED_COLUMNS
    return [*_SHOW_COLUMNS, *restated]


def _table_columns(content: Publication) -> list[Column]:
    """Return the columns that say anything, with what is counted as a number."""
    told = [_shown(figure) for figure in content.figures]
    percent = Column("percent", "%", right=True)
    columns = [*_SHOW_COLUMNS[:-2], percent, *_RESTATED_COLUMNS]
    return [c for c in columns if any(row.get(c.name) is not None for row in told)]


def _shown(figure: Figure) -> Row:
    row: Row = {**figure._asdict()}
    if figure.last is not None:
        row["last"] = f"{figure.last.value:,} in {figure.last.publication}"
    if figure.previously is not None:
        was = figure.previously
        row["previously"] = f"{was.value:,} {was.measure}@{was.version}"
        changes = [f"{signed(c.effect)} {part_name(c)}" for c in figure.changes or ()]
        row["changes"] = ", ".join(changes) or "none"
        row["statuses"] = ", ".join(figure.statuses or ()) or "unchanged"
    if figure.denominator:
        row["percent"] = f"{figure.value * _PERCENT / figure.denominator:.1f}"
    return row


def covered_words(covered: Checkpoint | None) -> list[str]:
    """Return which checkpoint covers a publication, in words."""
    if covered is None:
        return ["No checkpoint covers it."]
    return [
        f"Checkpoint @{covered.position} covers it: all up to @{covered.size},"
        f" signed by key {covered.key}."
    ]


def notes(one: Recorded, tied: Identity) -> list[str]:
    """Return what is said of a publication, in words."""
    from projections.publishing import claims_otherwise

    content = one.content
    day = "" if content.printed_on is None else f" Printed on {content.printed_on}."
    lines = [
        f"Recorded @{one.position} at {one.recorded_at} by {acted(one.by, tied)}.{day}",
        f"The document claims: {content.claims}",
    ]
    if (said := claims_otherwise(content)) is not None:
        lines.append(f"They differ: {said}.")
    used = ", ".join(
        f"{each.measure}@{each.version} {each.hash[:12]}…"
        for each in content.definitions
    )
    lines += [f"Definitions: {used}", *_gate_words(content), f"Seal {one.seal}"]
    if (said := eyes(content.four_eyes)) is not None:
        lines.append(said)
    if content.supersedes is not None:
        lines.insert(
            1, f"In place of {content.supersedes.publication}: {content.reason}"
        )
    if content.synthetic:
        lines.append("SYNTHETIC: no document of the real world printed this.")
    return lines


def _gate_words(content: Publication) -> list[str]:
    gate = content.gate
    if gate is None:
        return []
    if gate.green:
        return ["The gate was green."]
    errors = [one for one in gate.rules if one.severity == "error"]
    closing = [
        f"{one.rule} ({one.failing - one.waived:,})"
        for one in errors
        if one.failing > one.waived
    ]
    closing += [f"{one.rule} (not judged)" for one in errors if one.unknown]
    why = ", ".join(closing) or "a rule could not be judged"
    return [
        f"The gate was NOT green: {why}.",
        f"It was overridden: {content.override}",
    ]


# --- verify -------------------------------------------------------------------------


@publication_command.command("verify", epilog=VERIFY_EXAMPLES)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.pass_obj
def verify_command(settings: Settings, names: Sequence[str]) -> None:
    """Compute publications again, and compare them byte for byte with what is sealed.

    Without a name: all of them. Ends with 4 at the first that differs.
    """
    from projections.publications import recorded
    from projections.publishing import verify

    with asking(settings, Basing(None, None)) as open_:
        every = None if names else recorded(open_.log)
        asked = names or [one.content.name for one in every or ()]
        for name in asked:
            one, sealed = verify(open_.log, open_.model, name, every)
            say(f"{name}: the same {len(sealed):,} bytes, seal {one.seal}")
        if not asked:
            say("no publication is recorded")


# --- report -------------------------------------------------------------------------


@publication_command.command("report", epilog=REPORT_EXAMPLES)
@click.argument("name")
@document_options
@click.option(
    "--public",
    is_flag=True,
    help="Only what is printed, as JSON: for `scr check-proof --publication`.",
)
@click.pass_obj
def report_command(
    settings: Settings,
    name: str,
    format_: str | None,
    path: str | None,
    *,
    public: bool,
) -> None:
    """Write a publication as a document: figures, definitions, data quality, basis.

    The page of HTML is self-contained, and prints well.
    """
    from cli.reporting import document
    from projections.publications import named
    from projections.reporting import report

    if public:
        if format_ is not None:
            message = "--public is JSON; leave -f out"
            raise click.UsageError(message)
        _write_public(settings, name, path)
        return
    fmt = document_format(format_, path)
    with asking(settings, Basing(None, None)) as open_:
        found = report(open_.log, open_.model, named(open_.log, name))
    text = document(found, fmt)
    with read_enough(), output(path) as out:
        out.write(text)


def _write_public(settings: Settings, name: str, path: str | None) -> None:
    from ledger.members import summary_of
    from ledger.membership import document
    from ledger.reader import open_log
    from projections.publications import named

    with open_log(settings.ledger) as log:
        one = named(log, name)
    with read_enough(), output(path) as out:
        out.write(document(summary_of(one.content, one.seal)))


# --- the SCRs behind it -------------------------------------------------------------


@publication_command.command("cases", epilog=CASES_EXAMPLES)
@click.argument("name")
@click.option("--fy", metavar="Y|Y..Z", help="Only figures of these fiscal years.")
@click.option(
    "--measure", "measures", multiple=True, metavar="ID", help="Only of this measure."
)
@disclosure_option
@form_options
@click.pass_obj
def cases_command(settings: Settings, /, **given: Any) -> None:
    """List the SCRs behind a publication's figures, as `scr cases` at its basis."""
    from ledger.errors import UsageError
    from projections.publications import basis_of, behind, named
    from projections.superseding import afterwards

    how = form(given)
    years = _years(given["fy"])
    with asking(settings, Basing(None, None)) as open_:
        one = named(open_.log, given["name"])
        shown = sorted({figure.fiscal_year for figure in one.content.figures})
        if years is not None and not set(years) & set(shown):
            which = ", ".join(map(str, shown))
            message = f"{given['name']} has no figure of these years; it has {which}"
            raise UsageError(message)
        there = {figure.measure for figure in one.content.figures}
        for measure in given["measures"]:
            if measure not in there:
                known = ", ".join(sorted(there))
                message = f"{given['name']} has no figure of {measure}; it has {known}"
                raise UsageError(message)
        basis = basis_of(open_.log, one)
        rows = behind(
            open_.log, open_.model, one, years=years, measures=given["measures"]
        )
        level = given["disclosure"] or "public"
        columns = case_columns(level)
        found = Answer(
            "scr-publication-cases/1",
            open_._replace(basis=basis).graded(),
            [Column("measure", "Measure"), *columns],
            disclosed(open_.log, basis, rows, level),
            title=f"{one.content.name}: {len(rows):,} rows",
            extra={"publication": one.content.name, "disclosure": level},
            notes=list(afterwards(open_.log)[one.content.name].notices()),
        )
        answer(found, how)


@click.command("trace", epilog=TRACE_EXAMPLES)
@click.argument("scr")
@disclosure_option
@form_options
@click.pass_obj
def trace_command(settings: Settings, /, **given: Any) -> None:
    """List every printed figure that an SCR entered, then and now.

    Then is at the publication's basis. Now is by all that is recorded, and by the
    definition the publication names: what differs is the data.
    """
    from projections.superseding import afterwards
    from projections.tracing import trace

    how = form(given)
    with asking(settings, Basing(None, None)) as open_:
        found = trace(open_.log, open_.model, given["scr"])
        since = afterwards(open_.log)
        rows = [_traced(open_, one, given["disclosure"], since) for one in found]
        answer(
            Answer(
                "scr-trace/1",
                open_.graded(),
                _trace_columns(given["disclosure"]),
                rows
                if how.format in ("json", "jsonl")
                else [_flat(row) for row in rows],
                title=f"{given['scr']}: figures it entered",
                extra={
                    "scr": given["scr"],
                    "disclosure": given["disclosure"] or "public",
                },
                notes=[] if rows else ["It entered no printed figure."],
            ),
            how,
        )


_TRACE_COLUMNS = [
    Column("publication", "Publication"),
    Column("published_on", "Printed on"),
    Column("measure", "Measure"),
    _YEAR,
    Column("then_meets_tco", "Meets TCO then"),
    Column("then_category", "Category then"),
    Column("then_outcomes", "Outcomes then"),
    Column("now", "Counts now"),
    Column("now_meets_tco", "Meets TCO now"),
    Column("now_category", "Category now"),
    Column("since", "Since"),
]


def _trace_columns(level: str | None) -> list[Column]:
    """Return the columns of a trace, as much as is disclosed."""
    more = []
    if level in ("official", "full"):
        more += [
            Column("then_case_number", "Case number then"),
            Column("then_title", "Title then"),
        ]
    if level == "full":
        more.append(Column("then_facts", "Facts then"))
    return [*_TRACE_COLUMNS, *more]


def _traced(
    open_: Asking, one: Traced, level: str | None, every: Mapping[str, Since]
) -> Row:
    from projections.disclosure import told
    from projections.publications import basis_of, printed_on

    log, disclosure = open_.log, level or "public"
    basis = basis_of(log, one.publication)
    then = told(log, basis, one.then, disclosure)  # type: ignore[arg-type]
    now = None
    if one.now is not None:
        now = told(log, open_.basis, one.now, disclosure)  # type: ignore[arg-type]
    content = one.publication.content
    shared = ("measure", "fiscal_year", "scr")
    since = every[content.name]
    floor = since.floor(str(then["measure"]), int(str(then["fiscal_year"])))
    return {
        "publication": content.name,
        "document": content.document,
        "published_on": printed_on(open_.log, one.publication),
        "position": one.publication.position,
        "measure": then["measure"],
        "fiscal_year": then["fiscal_year"],
        "then": {k: v for k, v in then.items() if k not in shared},
        "now": None
        if now is None
        else {k: v for k, v in now.items() if k not in shared},
        "superseded_by": since.superseded_by,
        "withdrawn": since.withdrawn is not None,
        "floor": None if floor is None else floor.at_least,
        "since": _since_words(since, floor),
    }


def _flat(row: Row) -> Row:
    then, now = row["then"], row["now"]
    assert isinstance(then, dict)
    outcomes = ", ".join(one["outcome"] for one in then["outcomes"])
    flat = {
        **row,
        "then_meets_tco": then["meets_tco"],
        "then_category": then["category"],
        "then_outcomes": outcomes or None,
        "then_case_number": then.get("case_number"),
        "then_title": then.get("title"),
        "then_facts": positions(then["facts"]) if "facts" in then else None,
        "now": "no" if now is None else "yes",
    }
    if isinstance(now, dict):
        flat |= {"now_meets_tco": now["meets_tco"], "now_category": now["category"]}
    return flat
