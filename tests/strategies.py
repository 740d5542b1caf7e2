"""Lawful histories for property tests, and cut-offs that hit where it hurts.

Every drawn file is accepted when the files are loaded in their order.
The alphabets are small, so that facts collide: few offices and organizations, days on
both sides of a fiscal year's edge, instants on both sides of midnight.
Each line is decided by its own few bytes, of which 0 is the plainest choice: drawing is
cheap, and a failing example shrinks to few and plain lines.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from itertools import accumulate
from typing import NamedTuple

from hypothesis import strategies as st

from tests.oracle import ZONE, Basis, Fact, end_of_day

MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1)

SCRS = ("SCR-9", "SCR-10", "scr-9", "SCR-9/a", "SCR-9.b", "S_1")
ORGANIZATIONS = ("ORG-2", "ORG-10", "org-1")
DAYS = (  # Around the edges of fiscal years, most of them in 2019.
    "2019-03-04",
    "2018-10-01",
    "2019-09-30",
    "2019-09-30",
    "2019-10-01",
    "2019-10-01",
    "2018-10-01",
    "2018-10-01",
    "2018-09-30",
    "2019-03-04",
    "2019-09-30",
    "2016-10-01",
    "2016-09-30",
    "2020-10-01",
)
MIDNIGHTS = tuple(
    datetime.fromisoformat(day).replace(tzinfo=ZONE).astimezone(UTC)
    for day in (
        "2018-09-30",
        "2018-10-01",
        "2019-01-16",
        "2019-03-10",  # The clocks go forward at two.
        "2019-03-11",
        "2019-10-01",
        "2019-11-03",  # The clocks go back.
        "2019-11-04",
        "2020-03-01",
        "2020-10-01",
    )
)
INSTANTS = tuple(
    sorted(
        {instant - MICROSECOND for instant in MIDNIGHTS}
        | set(MIDNIGHTS)
        | {instant + timedelta(hours=15, minutes=11) for instant in MIDNIGHTS}
        | {datetime(year, 10, 1, tzinfo=UTC) for year in (2018, 2019, 2020)}
    )
)
OFFSETS = (UTC, ZONE, timezone(timedelta(hours=5, minutes=30)))

# How often an event follows on an SCR, where it is lawful.
EVENTS: Mapping[str, int] = {
    "determined": 6,
    "classified": 4,
    "approved": 4,
    "disrupted": 6,
    "dismantled": 3,
    "transferred": 2,
    "returned": 1,
    "reopened": 1,
    "redetermined": 4,
    "redated": 4,
    "refiled": 2,
    "reclassified": 2,
    "rescinded": 1,
    "reversed": 2,
    "voided": 1,
}
FIELDS: Mapping[str, tuple[str, ...]] = {  # Those with `?` may be left out.
    "filed": ("case_number", "office", "program?", "title?"),
    "classified": ("category", "subcategory"),
    "determined": (
        "association",
        "transnational",
        "organization?",
        "from?",
        "high_threat?",
    ),
    "approved": ("outcome?", "panel?"),
    "returned": ("reason", "outcome?"),
    "disrupted": ("outcome",),
    "dismantled": ("outcome",),
    "transferred": ("office", "program?"),
    "reopened": ("reason",),
    "reclassified": ("category", "subcategory", "reason"),
    "redetermined": (
        "association",
        "transnational",
        "organization?",
        "from?",
        "reason",
        "high_threat?",
    ),
    "redated": ("outcome", "reason"),
    "reversed": ("outcome", "reason"),
    "rescinded": ("reason", "outcome?"),
    "refiled": ("case_number?", "office?", "program?", "title?", "reason"),
    "voided": ("reason", "duplicate_of?"),
    "reinstated": ("reason",),
    "merged": ("into", "reason"),
    "unmerged": ("reason",),
}
VALUES: Mapping[str, tuple[str, ...]] = {
    "case_number": ("HO07QR19HO0042", "EP02"),
    "office": ("SAC Houston", "SAC El Paso", "sac Houston"),
    "program": ("none", "Øresund"),
    "title": ("=1+1",),
    "category": ("fraud", "Gangs"),
    "subcategory": ("null", "production"),
    "association": (*["yes"] * 6, "no", "unknown"),
    "transnational": (*["yes"] * 6, "unknown", "no"),
    "organization": ORGANIZATIONS,
    "from": DAYS,
    "high_threat": ("yes", "no", "unknown"),
    "panel": ("panel",),
    "reason": ("found in review",),
}
FILLED = {"organization": 3, "from": 1}  # Of four; other optional fields, two.


class Load(NamedTuple):
    """One file to import."""

    lines: list[dict[str, str]]


class Tape:
    """Bytes drawn beforehand, from which choices are read."""

    def __init__(self, drawn: bytes):
        self.drawn = iter(drawn)

    def number(self, below: int) -> int:
        """Choose a number; where the tape ends, 0."""
        return next(self.drawn, 0) * below // 256

    def happens(self, *, one_in: int) -> bool:
        """Choose whether something happens that mostly does not."""
        return self.number(one_in) == one_in - 1

    def pick(self, options: Sequence):
        """Choose one of the options."""
        return options[self.number(len(options))]

    def weigh(self, weights: Mapping[str, int]) -> str:
        """Choose one of the options, each as often as it weighs."""
        number = self.number(sum(weights.values()))
        bounds = zip(weights, accumulate(weights.values()), strict=True)
        return next(option for option, bound in bounds if number < bound)


class Subject:
    """An SCR or an organization, so far as what it may take next depends on it."""

    def __init__(self, field: str, name: str):
        self.field = field
        self.name = name
        self.clock: int | None = None  # Where in INSTANTS its last fact was known.
        self.witnessed = False  # It has a fact known only when it was imported.
        self.filed = False
        self.approved = False
        self.determined = False
        self.voided = False
        self.outcomes: list[str] = []
        self.reversed: set[str] = set()

    def correctable(self) -> list[str]:
        """Return the outcomes that may be redated or reversed."""
        return [name for name in self.outcomes if name not in self.reversed]

    def known_at(self, tape: Tape) -> str:
        """Let its clock stand still or go on, and read it in some zone."""
        if self.clock is None:
            self.clock = tape.number(len(INSTANTS) // 2)
        else:
            step = tape.pick((0, 1, 1, 2, 4, 0))
            self.clock = min(self.clock + step, len(INSTANTS) - 1)
        instant = INSTANTS[self.clock].astimezone(tape.pick(OFFSETS))
        return instant.isoformat().replace("+00:00", "Z")

    def next_event(self, tape: Tape) -> str:
        """Choose what happens to an SCR: most are approved and have outcomes."""
        if not self.filed:
            return "filed"
        if self.voided:
            return "reinstated"
        weights = dict(EVENTS)
        if not self.approved:
            weights["approved"] = 30
        if not self.determined:
            weights["determined"] = 20
        if not self.correctable():
            weights |= {"redated": 0, "reversed": 0}
        if len(self.correctable()) < 2:
            weights |= {"disrupted": 15, "dismantled": 10}
        return tape.weigh(weights)

    def take(self, line: Mapping[str, str]) -> None:
        """Note what a fact changes about what may follow."""
        event, outcome = line["event"], line.get("outcome")
        self.filed = True
        self.voided = event == "voided"
        self.determined |= event in {"determined", "redetermined"}
        if event in {"approved", "returned", "rescinded"} and outcome is None:
            self.approved = event == "approved"
        if event in {"disrupted", "dismantled"}:
            self.outcomes.append(outcome)
        if event == "reversed":
            self.reversed.add(outcome)


class World:
    """The subjects, the mergers between them, and the file that is being written."""

    def __init__(self, tape: Tape, max_subjects: int):
        most = max(1, max_subjects - 2)
        scrs = tape.pick((most, most, max(1, most - 1)))
        self.scrs = [Subject("scr", name) for name in SCRS[:scrs]]
        names = ORGANIZATIONS[: max(0, max_subjects - scrs)]
        self.organizations = [Subject("organization", name) for name in names]
        self.into: dict[str, str] = {}
        self.once_into: set[tuple[str, str]] = set()
        self.files: list[list[dict[str, str]]] = []

    def begin_file(self, *, witnessed: bool, present: int) -> None:
        """Begin a file about some of the subjects."""
        self.files.append([])
        self.witnessed = witnessed
        chosen = [each for n, each in enumerate(self.scrs) if present >> n & 1]
        self.present = chosen or self.scrs

    def write_line(self, tape: Tape) -> None:
        """Write a line about one of the subjects, if there is anything to say."""
        apart = tape.happens(one_in=5) and self.organizations
        subject = tape.pick(self.organizations if apart else self.present)
        event = self.next_event(subject, tape)
        if event is None:
            return
        line = {subject.field: subject.name, "event": event}
        line["effective_on"] = tape.pick(DAYS)
        subject.witnessed |= self.witnessed
        if not subject.witnessed:
            line["known_at"] = subject.known_at(tape)
        # Equal lines of two files would be one fact; those of one file are two.
        line |= {"by": "agent-1187", "note": f"file {len(self.files)}"}
        line |= self.fields(subject, event, tape)
        self.files[-1].append(line)
        self.take(subject, line)

    def next_event(self, subject: Subject, tape: Tape) -> str | None:
        """Choose what happens to a subject."""
        if subject.field == "scr":
            return subject.next_event(tape)
        if subject.name in self.into:
            return "unmerged"
        return "merged" if self.targets(subject) else None

    def fields(self, subject: Subject, event: str, tape: Tape) -> dict[str, str]:
        """Choose what an event says."""
        chosen = {}
        for field in FIELDS[event]:
            name = field.removesuffix("?")
            options = self.options(subject, event, name)
            if field == name or (options and tape.number(4) >= 4 - FILLED.get(name, 2)):
                chosen[name] = tape.pick(options)
        if event == "refiled" and len(chosen) == 1:
            chosen["office"] = tape.pick(VALUES["office"])
        return chosen

    def options(self, subject: Subject, event: str, field: str) -> Sequence[str]:
        """Return the values that a field may take here."""
        if field == "outcome":
            if event in {"disrupted", "dismantled"}:
                return [f"D{len(subject.outcomes) + 1}"]
            if event in {"redated", "reversed"}:
                return subject.correctable()
            return subject.outcomes
        if field == "duplicate_of":  # Only of earlier ones, which closes no circle.
            return [*SCRS[: SCRS.index(subject.name)], "SCR-404"]
        if field == "into":
            return self.targets(subject)
        return VALUES[field]

    def targets(self, subject: Subject) -> list[str]:
        """Return the organizations that do not lead to this one, by any chain.

        Better the other way round than before: where a cut-off shows both mergers and
        not what came between, they are a circle.
        """
        lawful = [name for name in ORGANIZATIONS if self.end_of(name) != subject.name]
        turned = [name for name in lawful if (name, subject.name) in self.once_into]
        return turned or lawful

    def end_of(self, organization: str) -> str:
        """Follow the mergers recorded so far."""
        while organization in self.into:
            organization = self.into[organization]
        return organization

    def take(self, subject: Subject, line: Mapping[str, str]) -> None:
        """Note what a fact changes about what may follow."""
        if line["event"] == "merged":
            self.into[subject.name] = line["into"]
            self.once_into.add((subject.name, line["into"]))
        elif line["event"] == "unmerged":
            del self.into[subject.name]
        else:
            subject.take(line)


@st.composite
def loads(draw, max_subjects=4, max_lines=30, max_files=4) -> list[Load]:
    """Draw files to import in their order; none of them is empty, but none may come."""
    world = World(Tape(draw(st.binary(min_size=1, max_size=1))), max_subjects)
    chunk = st.binary(min_size=20, max_size=20)
    chunks = st.lists(chunk, min_size=max_lines * 2 // 3, max_size=max_lines)
    for tape in map(Tape, draw(chunks)):
        if tape.number(256) == 0:
            continue  # A line that is not needed for a counterexample.
        begins = tape.happens(one_in=8)
        witnessed = tape.happens(one_in=6)
        present = tape.number(256)
        if not world.files or (begins and len(world.files) < max_files):
            world.begin_file(witnessed=witnessed, present=present)
        world.write_line(tape)
    return [Load(lines) for lines in world.files if lines]


def histories(**limits) -> st.SearchStrategy[list[Fact]]:
    """Draw logs as lawful files make them."""
    return loads(**limits).map(log_of)


def log_of(files: Iterable[Load]) -> list[Fact]:
    """Return a log these files may have made; the ledger's own facts stand between.

    Where a test has a ledger, its export tells the positions and instants it has set.
    """
    log: list[Fact] = []
    position = 1  # The identity of the ledger.
    for number, load in enumerate(files):
        recorded_at = datetime(2024, 1, 1, 12, tzinfo=UTC) + number * DAY
        for line in load.lines:
            position += 1
            said = dict(line)
            known_at = said.pop("known_at", None)
            log.append(
                Fact(
                    position,
                    recorded_at,
                    datetime.fromisoformat(known_at) if known_at else recorded_at,
                    known_at is not None,
                    said,
                )
            )
        position += 1  # The import itself.
    return log


def as_jsonl(load: Load) -> str:
    """Return a file's text."""
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in load.lines)


def head(log: Sequence[Fact]) -> int:
    """Return the position of the last case fact."""
    return log[-1].position if log else 0


def instants() -> st.SearchStrategy[datetime]:
    """Draw instants around midnights, whatever is in the log."""
    return _nudged(INSTANTS)


def cutoffs(log: Sequence[Fact]) -> st.SearchStrategy[datetime]:
    """Draw instants at which a fact was known, a microsecond off, or at midnights."""
    known = sorted({fact.known_at.astimezone(UTC) for fact in log})
    return st.one_of(_nudged(known), instants()) if known else instants()


def _nudged(exact: Sequence[datetime]) -> st.SearchStrategy[datetime]:
    nudge = st.sampled_from((timedelta(0), MICROSECOND, -MICROSECOND))
    return st.builds(datetime.__add__, st.sampled_from(exact), nudge)


def bases(log: Sequence[Fact]) -> st.SearchStrategy[Basis]:
    """Draw bases that ``--as-of`` can ask for: a cut-off at the head, or a position."""
    last = head(log)
    near = st.sampled_from((timedelta(0), -DAY, DAY))
    return st.one_of(
        st.integers(0, last).map(lambda position: Basis("all", None, position)),
        cutoffs(log).map(lambda instant: Basis("through", instant, last)),
        st.builds(
            lambda instant, days: end_of_day(
                instant.astimezone(ZONE).date() + days, last
            ),
            cutoffs(log),
            near,
        ),
    )


def past_bases(log: Sequence[Fact]) -> st.SearchStrategy[Basis]:
    """Draw bases asked for when the log was shorter, as ``--basis`` takes them."""
    return st.builds(
        lambda basis, position: basis._replace(position=position),
        bases(log),
        st.integers(0, head(log)),
    )


def as_of(basis: Basis) -> str:
    """Return what to write after ``--as-of`` for one of the ``bases`` of a log."""
    if basis.bound == "all":
        return f"@{basis.position}"
    local = basis.instant.astimezone(ZONE)
    if basis.bound == "through":
        return local.isoformat()
    return (local.date() - DAY).isoformat()
