"""Correction packages as people read them: what they would do, and how they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from cli.acting import acted
from cli.asking import Basing, answer, asking, form, progress
from cli.render import Answer, Column
from cli.restated import floor_words, signed, state_since

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cli.main import Settings
    from ledger.domain.people import Identity
    from ledger.reader import Log
    from projections.packages import Affected, Delay, Preview, Standing, Step
    from projections.reconcile import Item, Year
    from projections.superseding import Since

    Row = dict[str, object]


def items_words(count: int) -> str:
    """Return how many items, in words."""
    return "1 item" if count == 1 else f"{count:,} items"


def package_row(one: Standing) -> Row:
    """Return what a sample says of a package that is from its findings."""
    content = one.package.content
    found = content.findings
    return {
        "package": one.package.id,
        "state": one.package.state,
        "attribute": None if found is None else f"{found.attribute}={found.answer}",
        "items": len(content.items),
        "proposed_at": one.steps[0].position,
        "decided_at": None if one.decided is None else one.decided.position,
    }


def package_words(one: Standing) -> str:
    """Return the same in words."""
    row = package_row(one)
    at = row["decided_at"] or row["proposed_at"]
    return (
        f"{row['package']}  {row['state']} @{at}, {items_words(_size(one))} of the"
        f" findings {row['attribute']}"
    )


def _size(one: Standing) -> int:
    return len(one.package.content.items)


# --- preview --------------------------------------------------------------------------


def answer_preview(settings: Settings, given: Mapping[str, Any]) -> None:
    """Carry a package out in a copy, and answer with what it does."""
    from projections.packages import hash_now, package_of
    from projections.superseding import afterwards

    how = form(given)
    name = given["package"]
    with asking(settings, Basing(None, None)) as open_:
        standing = package_of(open_.log, name)
        _check_open(standing)
        digest = hash_now(open_.log, standing.package)
        basis = open_.graded()
        since = afterwards(open_.log)
    found = tried(settings, name)
    answer(_preview(standing, found, digest, basis, since, given), how)


def tried(settings: Settings, name: str) -> Preview:
    """Carry a package out in a copy of the ledger, and return what it does.

    :param name: of a package that is proposed.
    """
    from ledger.app import open_ledger
    from ledger.copying import copied
    from ledger.reader import open_log
    from projections.packages import package_of, preview
    from projections.readmodel import open_read_model, path_beside

    beside = [path_beside(settings.ledger)]
    with copied(settings.ledger, beside) as copy:
        ledger, identity = open_ledger(copy)
        try:
            upto = ledger.carry_out(name, zone=identity.zone)
        finally:
            ledger.close()
        with (
            open_log(copy) as log,
            progress("trying it in a copy, position") as tell,
            open_read_model(log, tell) as model,
        ):
            count = len(package_of(log, name).package.content.items)
            return preview(log, model, upto - count, upto)


def _check_open(standing: Standing) -> None:
    from ledger.errors import PackageDecidedError

    if standing.package.state != "proposed":
        raise PackageDecidedError(standing.package.id, standing.package.state)


def _preview(  # noqa: PLR0913, PLR0917 - what an answer is made of
    standing: Standing,
    found: Preview,
    digest: str,
    basis: dict[str, object],
    since: Mapping[str, Since],
    given: Mapping[str, Any],
) -> Answer:
    name, content = standing.package.id, standing.package.content
    rows = [
        _affected_row(one, since[one.publication.content.name])
        for one in found.affected
    ]
    today = [
        _year_row(effect.measure.definition.name, year)
        for effect in found.effects
        for year in effect.years
    ]
    return Answer(
        "scr-correction-preview/1",
        basis,
        _AFFECTED,
        rows,
        table_columns=[one for one in _AFFECTED if one.name not in _ONLY_IN_JSON],
        title=f"{name}: {items_words(len(content.items))}; printed figures it moves",
        extra={"package": name, "hash": digest, "state": standing.package.state},
        tail={"today": today},
        notes=_preview_notes(name, found, digest, items=given["items"]),
    )


_AFFECTED = [
    Column("publication", "Publication"),
    Column("measure", "Measure"),
    Column("fiscal_year", "FY"),
    Column("printed", "Printed", right=True, grouped=True),
    Column("before", "Today", right=True, grouped=True),
    Column("after", "Then", right=True, grouped=True),
    Column("change", "Change", right=True, show=signed),
    Column("material", "Material", show=lambda held: "MATERIAL" if held else ""),
    Column("flip", "Target"),
    Column("since", "Since"),
    Column("denominator", "Denominator"),
    Column("items", "Items"),
]
_ONLY_IN_JSON = ("denominator", "items")


def _affected_row(one: Affected, since: Since) -> Row:
    floor = since.floor(one.figure.measure, one.figure.fiscal_year)
    said = (state_since(since), floor_words(floor))
    flip = None
    if one.flips:
        flip = "met to UNMET" if one.met_before else "unmet to MET"
    return {
        "publication": one.publication.content.name,
        "measure": one.figure.measure,
        "fiscal_year": one.figure.fiscal_year,
        "printed": one.figure.shown,
        "before": one.before,
        "after": one.after,
        "change": one.after - one.before,
        "material": one.material,
        "flip": flip,
        "since": ", ".join(words for words in said if words),
        "denominator": _denominator(one),
        "items": [_item(item) for item in one.items],
    }


def _denominator(one: Affected) -> Row | None:
    if one.below_before is None:
        return None
    return {"before": one.below_before, "after": one.below_after}


def _year_row(measure: str, year: Year) -> Row:
    return {
        "measure": measure,
        "fiscal_year": year.fiscal_year,
        "before": year.before,
        "after": year.after,
        "change": year.change,
        "items": [_item(item) for item in year.items],
    }


def _item(item: Item) -> Row:
    row: Row = {"subject": item.subject, "effect": item.effect, "cause": item.cause}
    return row if item.outcome is None else {**row, "outcome": item.outcome}


def _preview_notes(name: str, found: Preview, digest: str, *, items: bool) -> list[str]:
    from projections.reconcile import by_cause

    notes = ["Today's figures:"] if found.effects else ["It moves no figure of today."]
    for effect in found.effects:
        for year in effect.years:
            causes = ", ".join(
                f"{signed(n)} {cause}" for cause, n in by_cause(year.items)
            )
            label = f"{effect.measure.definition.name} FY{year.fiscal_year}"
            notes.append(
                f"  {label}: {year.before:,} → {year.after:,}"
                f" ({signed(year.change)}): {causes}"
            )
            if items:
                notes += [
                    f"    {signed(item.effect)} {item.subject}"
                    f"{'' if item.outcome is None else f' {item.outcome}'} {item.cause}"
                    for item in year.items
                ]
    return [
        *notes,
        "",
        f"Agree to exactly this: scr correct approve {name} --hash {digest}",
    ]


# --- list and show --------------------------------------------------------------------


def answer_list(settings: Settings, given: Mapping[str, Any]) -> None:
    """Answer with all packages."""
    from projections.packages import packages_of

    how = form(given)
    with asking(settings, Basing(None, None)) as open_:
        rows = [
            _listed(open_.log, one)
            for one in packages_of(open_.log)
            if not given["open_"] or one.package.state == "proposed"
        ]
        answer(
            Answer(
                "scr-corrections/1",
                open_.graded(),
                _LIST,
                rows,
                table_columns=[one for one in _LIST if one.title != "Identity"],
                table_rows=[_with_acted(row) for row in rows],
            ),
            how,
        )


def _with_acted(row: Row) -> Row:
    """Return a row whose people are marked where no account binds them."""
    words = {
        name: acted(str(row[name]), cast("Identity", row[f"{name}_identity"]))
        for name in ("proposed_by", "decided_by")
        if row[name] is not None
    }
    return {**row, **words}


_LIST = [
    Column("package", "Package"),
    Column("state", "State"),
    Column("items", "Items", right=True, grouped=True),
    Column("subjects", "Subjects", right=True, grouped=True),
    Column("reason_code", "Reason code"),
    Column("reason", "Reason"),
    Column("proposed_by", "Proposed by"),
    Column("proposed_by_identity", "Identity"),
    Column("proposed_at", "Proposed at"),
    Column("decided_by", "Decided by"),
    Column("decided_by_identity", "Identity"),
    Column("decided_at", "Decided at"),
]


def _listed(log: Log, one: Standing) -> Row:
    content = one.package.content
    decided = one.decided
    subjects = {item.get("scr") or item.get("organization") for item in content.items}
    return {
        "package": one.package.id,
        "state": one.package.state,
        "items": len(content.items),
        "subjects": len(subjects),
        "reason_code": content.reason_code,
        "reason": content.reason,
        "proposed_by": one.steps[0].by,
        "proposed_by_identity": _identity(log, one.steps[0]),
        "proposed_at": one.steps[0].recorded_at,
        "decided_by": None if decided is None else decided.by,
        "decided_by_identity": None if decided is None else _identity(log, decided),
        "decided_at": None if decided is None else decided.recorded_at,
    }


def _identity(log: Log, step: Step) -> Identity:
    from projections.people import identity

    return identity(log, step.by, step.run_by, step.position)


def answer_show(settings: Settings, given: Mapping[str, Any]) -> None:
    """Answer with one package."""
    from projections.packages import delays, package_of

    how = form(given)
    with asking(settings, Basing(None, None)) as open_:
        one = package_of(open_.log, given["package"])
        stood = delays(open_.log, one)
        content = one.package.content
        rows: list[Row] = [
            {"item": number, **item} for number, item in enumerate(content.items, 1)
        ]
        answer(
            Answer(
                "scr-correction/1",
                open_.graded(),
                _columns(content.items),
                rows,
                title=f"{one.package.id}: {content.reason_code}, {content.reason}",
                extra={
                    **_listed(open_.log, one),
                    "items": len(content.items),
                    "evidence": content.evidence,
                    "findings": None
                    if content.findings is None
                    else content.findings.model_dump(),
                    "authors": list(dict.fromkeys(one.package.authors)),
                    "history": [
                        {**step._asdict(), "identity": _identity(open_.log, step)}
                        for step in one.steps
                    ],
                },
                tail={"delays": [_delay(each) for each in stood]},
                notes=_show_notes(open_.log, one, stood),
            ),
            how,
        )


def _columns(items: Sequence[Mapping[str, str]]) -> list[Column]:
    names = dict.fromkeys(name for item in items for name in item)
    return [
        Column("item", "Item", right=True),
        *(Column(name, name.replace("_", " ").capitalize()) for name in names),
    ]


def _delay(one: Delay) -> Row:
    return {
        "subject": one.subject,
        "event": one.event,
        "mistake_position": one.mistake_position,
        "mistake_at": one.mistake_at,
        "detected_at": one.detected_at,
        "corrected_at": one.corrected_at,
        "days_to_detection": one.days(one.detected_at),
        "days_to_correction": one.days(one.corrected_at),
    }


def _show_notes(log: Log, one: Standing, stood: Sequence[Delay]) -> list[str]:
    notes = []
    for step in one.steps:
        words = f": {step.words}" if step.words and step.event != "proposed" else ""
        who = acted(step.by, _identity(log, step))
        notes.append(
            f"{step.event} @{step.position} at {step.recorded_at} by {who}{words}"
        )
    if (of := one.package.content.findings) is not None:
        notes.append(f"From the findings {of.attribute}={of.answer} of {of.sample}")
    if one.package.content.evidence:
        notes.append(f"Evidence: {', '.join(one.package.content.evidence)}")
    if stood:
        notes.append(_stood(stood))
    return notes


def _stood(stood: Sequence[Delay]) -> str:
    from statistics import median_low

    found = [days for one in stood if (days := one.days(one.detected_at)) is not None]
    said = (
        f"What {len(stood):,} of its items correct stood for a median of"
        f" {median_low(found):,} days (longest {max(found):,}) before it was found"
    )
    done = [days for one in stood if (days := one.days(one.corrected_at)) is not None]
    if not done:
        return f"{said}."
    return f"{said}, and {median_low(done):,} days before it was corrected."
