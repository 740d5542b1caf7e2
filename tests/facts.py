"""Lines about SCRs and organizations, and the rules they keep or break.

A test spells out only what it is about; everything else is the same plain life, known
early on 2 January 2019.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger import errors
from ledger.domain import subject as subjects
from ledger.domain.events import parse_fields

if TYPE_CHECKING:
    from ledger.domain.events import CaseEvent

EARLY = "2019-01-02T00:00:00Z"
WHY = {"reason": "as found"}


def fact(event, scr="S-1", **fields) -> dict:
    """
    Return a line about an SCR; None leaves a field out, ``from_`` stands for `from`.
    """
    known = {} if "known_at" in fields else {"known_at": EARLY}
    common = {"effective_on": "2019-01-01", "by": "agent-1"}
    line = {"scr": scr, "event": event, **common, **known, **fields}
    return {name.rstrip("_"): said for name, said in line.items() if said is not None}


def filed(scr="S-1", **fields) -> dict:
    """
    Return the line that files an SCR.
    """
    return fact("filed", scr, case_number="C-1", office="SAC X", **fields)


def merged(organization="O-1", into="O-2", **fields) -> dict:
    """
    Return the line that makes an organization another one.
    """
    line = fact("merged", scr=None, into=into, **WHY, **fields)
    return {"organization": organization, **line}


def unmerged(organization="O-1", **fields) -> dict:
    """
    Return the line that says that it is not.
    """
    line = fact("unmerged", scr=None, **WHY, **fields)
    return {"organization": organization, **line}


def disrupted(outcome="D1", scr="S-1", **fields) -> dict:
    """
    Return a line with a disruption.
    """
    return fact("disrupted", scr, outcome=outcome, **fields)


def dismantled(outcome="D2", scr="S-1", **fields) -> dict:
    """
    Return a line with a dismantlement.
    """
    return fact("dismantled", scr, outcome=outcome, **fields)


def determined(association="yes", transnational="yes", **fields) -> dict:
    """
    Return a line with a determination.
    """
    elements = {"association": association, "transnational": transnational}
    return fact("determined", **elements, **fields)


def redetermined(association="no", transnational="no", **fields) -> dict:
    """
    Return a line that corrects a determination.
    """
    elements = {"association": association, "transnational": transnational}
    return fact("redetermined", **elements, **WHY, **fields)


def classified(category="gangs", subcategory="street", **fields) -> dict:
    """
    Return a line with a category.
    """
    return fact("classified", category=category, subcategory=subcategory, **fields)


def reclassified(category="gangs", subcategory="prison", **fields) -> dict:
    """
    Return a line that corrects a category.
    """
    given = {"category": category, "subcategory": subcategory}
    return fact("reclassified", **given, **WHY, **fields)


def voided(scr="S-1", **fields) -> dict:
    """
    Return the line that voids an SCR.
    """
    return fact("voided", scr, **WHY, **fields)


def reinstated(scr="S-1", **fields) -> dict:
    """
    Return the line with which it stands again.
    """
    return fact("reinstated", scr, **WHY, **fields)


def reversed_(outcome="D1", **fields) -> dict:
    """
    Return the line that reverses an outcome.
    """
    return fact("reversed", outcome=outcome, **WHY, **fields)


def redated(outcome="D1", **fields) -> dict:
    """
    Return the line that dates an outcome anew.
    """
    return fact("redated", outcome=outcome, **WHY, **fields)


def returned(**fields) -> dict:
    """
    Return a line with which the panel sends back.
    """
    return fact("returned", **WHY, **fields)


def rescinded(**fields) -> dict:
    """
    Return a line that corrects an approval.
    """
    return fact("rescinded", **WHY, **fields)


def read(line: dict) -> CaseEvent:
    """
    Return the fact that a line says.
    """
    return parse_fields(line)


def given(*lines: dict) -> dict[str, subjects.Subject]:
    """
    Return how every subject stands after these lines, by stream.
    """
    states: dict[str, subjects.Subject] = {}
    for event in map(read, lines):
        states[event.stream] = subjects.evolve(states.get(event.stream), event)
    return states


def scr_after(*lines: dict):
    """
    Return SCR S-1 as it stands after its filing and these lines.
    """
    return given(filed(), *lines)["scr/S-1"]


# --- the rules ---------------------------------------------------------------

REVERSED = [filed(), disrupted(), reversed_()]

# Rule, what its fault says, the field at fault; the history, and the line refused.
REFUSED = [
    (errors.NotFiledError, "is not filed yet", "event", [], fact("reopened", **WHY)),
    (errors.NotFiledError, "is not filed yet", "event", [filed("S-2")], disrupted()),
    (errors.NotFiledError, "is not filed yet", "event", [], reinstated()),
    (errors.AlreadyFiledError, "is filed already", "event", [filed()], filed()),
    (
        errors.OutcomeTakenError,
        "already has an outcome D1",
        "outcome",
        [filed(), disrupted()],
        disrupted(),
    ),
    (
        errors.OutcomeTakenError,
        "already has an outcome D1",
        "outcome",
        REVERSED,
        dismantled("D1"),
    ),
    *(
        (errors.UnknownOutcomeError, "has no outcome D1", "outcome", [filed()], line)
        for line in (
            redated(),
            reversed_(),
            fact("approved", outcome="D1"),
            returned(outcome="D1"),
            rescinded(outcome="D1"),
        )
    ),
    (
        errors.UnknownOutcomeError,
        "has no outcome D1",
        "outcome",
        [filed(), filed("S-2"), disrupted(scr="S-2")],
        redated(),
    ),
    (errors.OutcomeReversedError, "is reversed", "outcome", REVERSED, reversed_()),
    (errors.OutcomeReversedError, "is reversed", "outcome", REVERSED, redated()),
    *(
        (errors.VoidedError, "is voided", "event", [*history, voided()], line)
        for history, line in (
            ([filed()], fact("approved")),
            ([filed()], voided()),
            ([filed()], fact("refiled", office="SAC Y", **WHY)),
            ([filed(), disrupted()], redated()),
            ([filed(), disrupted()], disrupted()),
        )
    ),
    (
        errors.AlreadyFiledError,
        "is filed already",
        "event",
        [filed(), voided()],
        filed(),
    ),
    (errors.NotVoidedError, "is not voided", "event", [filed()], reinstated()),
    (
        errors.NotVoidedError,
        "is not voided",
        "event",
        [filed(), voided(), reinstated()],
        reinstated(),
    ),
    (
        errors.NamesItselfError,
        "S-1 names itself",
        "duplicate_of",
        [filed()],
        voided(duplicate_of="S-1"),
    ),
    (
        errors.ClosesCircleError,
        "S-2 already leads to S-1",
        "duplicate_of",
        [filed(), filed("S-2"), voided("S-2", duplicate_of="S-1")],
        voided(duplicate_of="S-2"),
    ),
    (
        errors.ClosesCircleError,
        "S-2 already leads to S-1",
        "duplicate_of",
        [
            *map(filed, ("S-1", "S-2", "S-3")),
            voided("S-2", duplicate_of="S-3"),
            voided("S-3", duplicate_of="S-1"),
        ],
        voided(duplicate_of="S-2"),
    ),
    (errors.NamesItselfError, "O-1 names itself", "into", [], merged("O-1", "O-1")),
    (
        errors.ClosesCircleError,
        "O-1 already leads to O-3",
        "into",
        [merged("O-1", "O-2"), merged("O-2", "O-3")],
        merged("O-3", "O-1"),
    ),
    (
        errors.AlreadyMergedError,
        "O-1 is already merged into O-2",
        "event",
        [merged()],
        merged(into="O-3"),
    ),
    (
        errors.AlreadyMergedError,
        "O-1 is already merged into O-2",
        "event",
        [merged()],
        merged(),
    ),
    (errors.NotMergedError, "is not merged", "event", [], unmerged()),
    (errors.NotMergedError, "is not merged", "event", [merged()], unmerged("O-2")),
    (
        errors.NotMergedError,
        "is not merged",
        "event",
        [merged(), unmerged()],
        unmerged(),
    ),
]

# The two rules on when a fact was known; the ledger, not the subject, keeps them.
REFUSED_AS_KNOWN = [
    (
        errors.KnownEarlierError,
        "2019-01-01T23:59:59.999999Z is earlier than 2019-01-02T00:00:00Z",
        "known_at",
        [filed()],
        fact("reopened", known_at="2019-01-01T23:59:59.999999Z", **WHY),
    ),
    (
        errors.KnownEarlierError,
        "is earlier than 2019-01-02T00:00:00Z",
        "known_at",
        [merged()],
        unmerged(known_at="2019-01-02T00:59:59+01:00"),
    ),
    (
        errors.KnownLaterError,
        "is later than",
        "known_at",
        [filed()],
        fact("reopened", known_at="2999-01-01T00:00:00Z", **WHY),
    ),
]

ACCEPTED = [  # What is no breach, though it looks like one of the above.
    [filed(), filed("s-1")],
    [filed(), filed("S-2"), disrupted(), disrupted(scr="S-2")],
    [filed(), voided(), reinstated(), voided()],
    [filed(), disrupted(), redated(), redated(), reversed_(), returned(outcome="D1")],
    [
        filed(),
        filed("S-2"),
        voided("S-2", duplicate_of="S-1"),
        reinstated("S-2"),
        voided(duplicate_of="S-2"),
    ],
    [merged("O-1", "O-2"), unmerged("O-1"), merged("O-2", "O-1")],
    [merged("O-1", "O-3"), merged("O-2", "O-3"), merged("O-3", "O-4")],
    [merged("S-1", "S-2"), filed(), voided(duplicate_of="S-2")],
]

LAWFUL = [filed(), determined(), fact("approved"), disrupted()]
OUTCOME_APPROVED = [*LAWFUL, fact("approved", outcome="D1")]

IN_TAXONOMY = ("gangs",)
"""The categories of the taxonomy that is loaded where anomalies are looked for."""

# Rule; a history whose last line departs from it; one whose last line just does not.
ANOMALIES = [
    (
        "approved-without-determination",
        [filed(), fact("approved")],
        [filed(), determined("no"), fact("approved")],
    ),
    ("outcome-not-approved", [filed(), disrupted()], LAWFUL),
    (
        "outcome-not-approved",
        [filed(), determined(), fact("approved"), returned(), dismantled()],
        [*LAWFUL, returned(outcome="D1"), dismantled()],
    ),
    (
        "outcome-before-filing",
        [filed(), disrupted(effective_on="2018-12-31")],
        [filed(), disrupted(effective_on="2019-01-01")],
    ),
    (
        "outcome-before-filing",
        [*LAWFUL, redated(effective_on="2018-12-31")],
        [*LAWFUL, redated(effective_on="2019-01-01")],
    ),
    ("dismantled-before-disrupted", [filed(), dismantled()], [*LAWFUL, dismantled()]),
    (
        "dismantled-before-disrupted",
        [filed(), filed("S-2"), disrupted(scr="S-2"), dismantled(), dismantled("D3")],
        [*LAWFUL, reversed_(), dismantled()],
    ),
    (
        "effective-after-known",  # 00:00 UTC is still 1 January in New York.
        [filed(effective_on="2019-01-02")],
        [filed(effective_on="2019-01-01")],
    ),
    (
        "effective-after-known",
        [merged(effective_on="2019-01-02")],
        [merged(effective_on="2019-01-01")],
    ),
    (
        "effective-after-known",
        [filed(), fact("transferred", office="SAC Y", effective_on="2019-01-02")],
        [
            filed(),
            fact(
                "transferred",
                office="SAC Y",
                effective_on="2019-01-02",
                known_at="2019-01-02T05:00:00Z",
            ),
        ],
    ),
    ("nothing-returned", [filed(), returned()], [*LAWFUL, returned()]),
    ("nothing-returned", [*LAWFUL, returned(), returned()], [*LAWFUL, returned()]),
    (
        "nothing-returned",
        [*LAWFUL, returned(outcome="D1")],
        [*OUTCOME_APPROVED, returned(outcome="D1")],
    ),
    ("nothing-rescinded", [filed(), rescinded()], [*LAWFUL, rescinded()]),
    ("nothing-rescinded", [*LAWFUL, returned(), rescinded()], [*LAWFUL, rescinded()]),
    (
        "nothing-rescinded",
        [*OUTCOME_APPROVED, rescinded(outcome="D1"), rescinded(outcome="D1")],
        [*OUTCOME_APPROVED, rescinded(), rescinded(outcome="D1")],
    ),
    (
        "nothing-reclassified",
        [filed(), reclassified()],
        [filed(), classified(), reclassified()],
    ),
    (
        "nothing-redetermined",
        [filed(), redetermined()],
        [filed(), determined(), redetermined()],
    ),
    (
        "duplicate-of-unknown",
        [filed(), voided(duplicate_of="S-2")],
        [filed(), filed("S-2"), voided(duplicate_of="S-2")],
    ),
    (
        "category-not-in-taxonomy",
        [filed(), classified(category="Gangs")],
        [filed(), classified()],
    ),
    (
        "category-not-in-taxonomy",
        [filed(), classified(), reclassified(category="fraud")],
        [filed(), classified(category="fraud"), reclassified()],
    ),
]
