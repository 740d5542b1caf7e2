"""The live commands: one event each, its options named as the event's fields.

The options come from the event's class, so a new field needs no change here.
"""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from cli.main import warn
from ledger.domain import events

if TYPE_CHECKING:
    from cli.main import Settings
    from ledger.domain.events import CaseEvent

VERBS: dict[str, type[CaseEvent]] = {
    "file": events.Filed,
    "classify": events.Classified,
    "determine": events.Determined,
    "approve": events.Approved,
    "return": events.Returned,
    "disrupt": events.Disrupted,
    "dismantle": events.Dismantled,
    "transfer": events.Transferred,
    "reopen": events.Reopened,
    "reclassify": events.Reclassified,
    "redetermine": events.Redetermined,
    "redate": events.Redated,
    "reverse": events.Reversed,
    "rescind": events.Rescinded,
    "refile": events.Refiled,
    "void": events.Voided,
    "reinstate": events.Reinstated,
    "merge": events.Merged,
    "unmerge": events.Unmerged,
}

DAY_REQUIRED = ("disrupt", "dismantle")

FIELD_HELP = {
    "association": "Is it an association of individuals: yes, no or unknown.",
    "case_number": "The case it was filed against.",
    "category": "The category.",
    "command_id": "Your id for this command; repeated with it, it is recorded once.",
    "correction": "The correction package it carries out.",
    "definition": "The version of the TCO definition applied.",
    "duplicate_of": "The SCR it is a duplicate of.",
    "evidence": "Where the evidence is.",
    "from": "Holds for outcomes dated on or after this day; left out: for all.",
    "high_threat": "Is it a high threat: yes, no or unknown.",
    "into": "The organization it is one with.",
    "note": "Anything to remember; stays out of public lists.",
    "office": "The office.",
    "organization": "The organization's id.",
    "outcome": "The outcome's id, unique within the SCR.",
    "panel": "Which panel.",
    "program": "The program.",
    "reason": "Why.",
    "source": "Where the fact was found.",
    "subcategory": "The subcategory.",
    "title": "A title; stays out of public lists.",
    "transnational": "Does it operate across borders: yes, no or unknown.",
}

_OURS = ("scr", "event", "effective_on", "known_at", "by", "forced", "recorded_by")

_OF_EVERY_EVENT = ("source", "note", "evidence", "correction", "command_id")

_EXAMPLE_VALUES = {
    "association": "yes",
    "case_number": "HO07QR19HO0042",
    "category": "narcotics",
    "into": "ORG-7",
    "office": '"SAC Houston"',
    "outcome": "D1",
    "reason": '"found in review"',
    "subcategory": "fentanyl",
    "transnational": "unknown",
}
_EXAMPLE_MORE = {
    "disrupt": " --on 2024-03-01",
    "dismantle": " --on 2024-03-01",
    "redate": " --on 2024-03-01",
    "refile": ' --office "SAC Houston"',
}


def _fields(cls: type[CaseEvent]) -> dict[str, bool]:
    """Return the fields a command gives, by their names in the interchange format.

    The event's own come before those every event may have.
    """
    subject = {"organization"} if issubclass(cls, events.OrganizationFact) else set()
    given = {
        name: field
        for name, field in cls.model_fields.items()
        if name not in {*_OURS, *subject}
    }
    own = [name for name in given if name not in _OF_EVERY_EVENT]
    common = [name for name in given if name in _OF_EVERY_EVENT]
    return {
        given[name].alias or name: given[name].is_required() for name in own + common
    }


def _command(verb: str) -> click.Command:
    cls = VERBS[verb]
    on_scr = issubclass(cls, events.ScrFact)
    subject = "scr" if on_scr else "organization"
    params: list[click.Parameter] = [
        click.Argument(["subject"], metavar=subject.upper()),
        *(_option(name, required=required) for name, required in _fields(cls).items()),
        *_common(verb),
    ]
    event = cls.topic.partition(".")[2].partition("/")[0]

    def callback(**given: Any) -> None:
        _record(event, subject, given)

    return click.Command(
        verb,
        callback=callback,
        params=params,
        help=f"Record `{event}`: {_says(cls)}",
        epilog=_examples(verb, cls),
    )


def _option(name: str, *, required: bool) -> click.Option:
    flag = f"--{name.replace('_', '-')}"
    metavar = "DATE" if name == "from" else "TEXT"
    text = FIELD_HELP[name]
    return click.Option(
        [flag, f"field_{name}"], required=required, metavar=metavar, help=text
    )


def _common(verb: str) -> list[click.Option]:
    day_required = verb in DAY_REQUIRED
    happened = day_required or verb == "redate"
    day = "The day it happened." if happened else "The day it holds from."
    default = "" if day_required else "  [default: the day of recording]"
    return [
        click.Option(
            ["--on", "field_effective_on"],
            metavar="DATE",
            required=day_required,
            help=f"{day}{default}",
        ),
        click.Option(
            ["--by", "field_by"],
            metavar="TEXT",
            envvar="SCR_BY",
            required=True,
            help="Who says so; also SCR_BY.",
        ),
        click.Option(
            ["--force", "field_forced"],
            metavar="REASON",
            help="Record it although it departs from a rule; the reason is kept.",
        ),
        click.Option(["--dry-run"], is_flag=True, help="Decide, record nothing."),
        click.Option(["--json", "as_json"], is_flag=True, help="Answer as JSON."),
    ]


def _says(cls: type[CaseEvent]) -> str:
    text = " ".join((cls.__doc__ or "").replace("``", "`").split())
    return text[0].lower() + text[1:] if not text.startswith("SCR") else text


def _examples(verb: str, cls: type[CaseEvent]) -> str:
    subject = "ORG-12" if issubclass(cls, events.OrganizationFact) else "SCR-2024-00007"
    required = [name for name, needed in _fields(cls).items() if needed]
    given = "".join(f" --{n.replace('_', '-')} {_EXAMPLE_VALUES[n]}" for n in required)
    more = _EXAMPLE_MORE.get(verb, "")
    line = f"scr {verb} {subject}{given}{more} --by agent-1187"
    return f"\b\nExamples:\n  {line}\n  {line} --dry-run\n"


def _record(event: str, subject: str, given: dict[str, Any]) -> None:

    from ledger.app import open_ledger

    settings: Settings = click.get_current_context().obj
    fields = {
        subject: given["subject"],
        "event": event,
        **{
            name.removeprefix("field_"): value
            for name, value in given.items()
            if name.startswith("field_") and value is not None
        },
    }
    ledger, identity = open_ledger(settings.ledger, warn=warn)
    try:
        recorded = ledger.record(fields, zone=identity.zone, dry_run=given["dry_run"])
    finally:
        ledger.close()
    _tell(recorded.fact, recorded.position, given, already=recorded.already)


def _tell(
    fact: CaseEvent, position: int | None, given: dict[str, Any], *, already: bool
) -> None:
    from cli.safe import display, json_text

    word = "recorded"
    if already:
        word = "already recorded"
    elif given["dry_run"]:
        word = "would be recorded"
    if given["as_json"]:
        told = {
            "schema": "scr-recorded/1",
            "status": word,
            "position": None if given["dry_run"] else position,
            "subject": fact.subject,
            "event": fact.event,
            "effective_on": fact.effective_on.isoformat(),
        }
        click.echo(json_text(json.dumps(told, ensure_ascii=False)))
        return
    at = f" @{position}" if position is not None and not given["dry_run"] else ""
    day = fact.effective_on
    assert isinstance(day, date)
    click.echo(display(f"{word}{at}: {fact.event} {fact.subject}, effective {day}"))


for _verb in VERBS:
    globals()[f"{_verb}_command"] = _command(_verb)
