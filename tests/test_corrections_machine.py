"""Packages against a small model: whatever people do, and in whatever order.

`./dev soak` walks as many steps as SCR_SOAK_STEPS says; the suite a few hundred.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from ledger import app
from ledger.errors import (
    DirectCorrectionError,
    FaultyPackageError,
    LacksRoleError,
    LedgerError,
    NotAnAuthorError,
    NotAPersonError,
    PackageChangedError,
    PackageDecidedError,
    PackagesOwnError,
    RoleNotHeldError,
    SelfApprovalError,
    UnknownAuthorError,
    VoidedError,
)
from tests import ledgers, people, restatements, users
from tests.commandline import HISTORY
from tests.packages import (
    WHY,
    ZONE,
    counts,
    hash_now,
    item,
    lines,
    previewed,
    publish,
    seals,
    verified,
)
from tests.soak import figure

STEPS = int(os.environ.get("SCR_SOAK_STEPS", "300"))
PER_RUN = 50
SCRS = ("SCR-1", "SCR-2", "SCR-3")
PEOPLE = ("ann", "bob", "cy")
STRANGER = "dee"
"""Who acts too, and never becomes a person of the ledger."""
CORRECTING = ("corrector", "approver")
OTHERS = {"agent-1": "agent", "press": "publisher", "publisher": "publisher"}
WAYS = (
    str,
    str.upper,
    " {}. ".format,
    lambda name: "".join(chr(ord(char) + 0xFEE0) for char in name),
)
EVENTS = {
    "voided": {},
    "reinstated": {},
    "redated": {"outcome": "D1"},
    "redetermined": {"association": "no", "transnational": "yes"},
    "classified": {"category": "gangs", "subcategory": "s"},
}
DAYS = ("2018-10-04", "2019-10-02", "2020-10-02")

ITEMS = st.lists(
    st.builds(
        lambda event, scr, day: item(event, scr, day, forced="m", **EVENTS[event]),
        st.sampled_from(sorted(EVENTS)),
        st.sampled_from(SCRS),
        st.sampled_from(DAYS),
    ),
    min_size=1,
    max_size=3,
)
NAMES = st.tuples(st.sampled_from((*PEOPLE, STRANGER)), st.sampled_from(WAYS))
ROLES = st.sampled_from(CORRECTING)
PICKED = st.integers(0, 999)


@dataclass
class Modelled:
    """What the model knows of a package."""

    items: list[dict]
    authors: set[str]
    state: str = "proposed"
    looked: list[tuple[str, object]] = field(default_factory=list)
    """The hashes that were printed, and what they were printed of."""


def template() -> bytes:
    """
    Return the bytes of a ledger of a few SCRs.
    """
    with ledgers.folder() as folder:
        path = ledgers.make(folder / "scr.db")
        ledgers.load(path, HISTORY)
        return (folder / "scr.db").read_bytes()


TEMPLATE: list[bytes] = []


class Corrections(RuleBasedStateMachine):
    """People who propose, look, amend and decide, while life goes on."""

    def __init__(self) -> None:
        """Begin with a ledger of nobody yet."""
        super().__init__()
        users.forget()  # The ledger of each run is the same one, from the beginning.
        if not TEMPLATE:
            TEMPLATE.append(template())
        self.entered = ledgers.folder()
        file = self.entered.__enter__() / "scr.db"
        file.write_bytes(TEMPLATE[0])
        self.path = str(file)
        self.ledger, _ = app.open_ledger(self.path, clock=ledgers.Clock())
        self.packages: dict[str, Modelled] = {}
        self.facts = {scr: [] for scr in SCRS}
        self.voided: set[str] = set()
        self.applied: list[tuple[str, str, str]] = []
        self.sealed: dict[str, bytes] = {}
        self.roles: dict[str, set[str]] = {}
        """Of each person; without any, four eyes are off."""

    def teardown(self) -> None:
        """Leave a ledger that verifies, and nothing else."""
        self.ledger.close()
        try:
            assert verified(self.path) == ()
        finally:
            self.entered.__exit__(None, None, None)

    # --- the model ---

    def lawful(self, items) -> bool:
        """Say whether all items can follow each other now."""
        voided = set(self.voided)
        for one in items:
            if (one["event"] == "reinstated") != (one["scr"] in voided):
                return False
            (voided.add if one["event"] == "voided" else voided.discard)(one["scr"])
        return True

    def may(self, who, *roles: str) -> type[LedgerError] | None:
        """Say how somebody is refused who holds none of some roles."""
        if not self.roles:
            return None
        if who[0] not in self.roles:
            return NotAPersonError
        return None if self.roles[who[0]] & {*roles} else LacksRoleError

    def is_own(self, who, held: Modelled) -> bool:
        """Say whether four eyes see an author in who decides."""
        return bool(self.roles) and who[0] in held.authors

    def take(self, one) -> None:
        """Note a fact."""
        self.facts[one["scr"]].append(one["event"])
        change = {"voided": self.voided.add, "reinstated": self.voided.discard}
        change.get(one["event"], lambda _: None)(one["scr"])

    def standing(self, name: str):
        """Return what an agreement to a package would be to."""
        items = self.packages[name].items
        return [
            [sorted(one.items()) for one in items],
            [(one["scr"], len(self.facts[one["scr"]])) for one in items],
        ]

    def picked(self, number: int) -> str:
        """Return one of the packages, the youngest more often."""
        names = list(self.packages)
        return names[-1] if number % 2 else names[number % len(names)]

    def expect(self, error: type[LedgerError] | None, act) -> bool:
        """Say whether it was done; else it was refused just so."""
        told = None
        try:
            act()
        except LedgerError as refused:
            told = refused
        assert (told and type(told)) is error, (told, error)
        return told is None

    # --- who there is ---

    @initialize(on=st.integers(0, 3))
    def begin(self, on) -> None:
        """Begin with four eyes on, mostly; sometimes a stranger proposed before."""
        if on == 1:
            self.propose([item("redated", outcome="D1")], (STRANGER, str))
        if on:
            self.switch_on()

    @precondition(lambda self: not self.roles)
    @rule()
    def switch_on(self) -> None:
        """Add everybody but the stranger; from then on roles are asked for."""
        people.add(self.path, people.CHIEF, "supervisor")
        for name, role in OTHERS.items():
            people.add(self.path, name, role)
        for name in PEOPLE:
            people.add(self.path, name, *CORRECTING)
        self.roles = {name: {*CORRECTING} for name in PEOPLE}

    @precondition(lambda self: self.roles)
    @rule(name=st.sampled_from(PEOPLE), role=ROLES, by=st.booleans())
    def grant(self, name, role, by) -> None:
        """Let the chief grant a role, or somebody who may not."""
        # What is held already is granted by anybody: it records nothing.
        error = None if by or role in self.roles[name] else LacksRoleError
        chief = people.CHIEF if by else name
        if self.expect(error, lambda: people.grant(self.path, name, role, by=chief)):
            self.roles[name].add(role)

    @precondition(lambda self: self.roles)
    @rule(name=st.sampled_from(PEOPLE), role=ROLES)
    def revoke(self, name, role) -> None:
        """Let the chief take a role away."""
        error = None if role in self.roles[name] else RoleNotHeldError
        if self.expect(error, lambda: people.revoke(self.path, name, role)):
            self.roles[name].remove(role)

    # --- what people do ---

    @rule(items=ITEMS, who=NAMES)
    def propose(self, items, who) -> None:
        """Propose a package."""
        error = None if self.lawful(items) else FaultyPackageError
        error = self.may(who, "corrector") or error
        name = f"C-{len(self.packages) + 1}"
        if self.expect(error, lambda: self._say(items, who, None)):
            self.packages[name] = Modelled(items, {who[0]})

    def _say(self, items, who, amends) -> None:
        by = who[1](who[0])
        self.ledger.propose(items, zone=ZONE, by=by, amends=amends, **WHY)

    @precondition(lambda self: self.packages)
    @rule(number=PICKED, items=ITEMS, who=NAMES)
    def amend(self, number, items, who) -> None:
        """Replace what a package says."""
        name = self.picked(number)
        held = self.packages[name]
        error = None if self.lawful(items) else FaultyPackageError
        if held.state != "proposed":
            error = PackageDecidedError
        error = self.may(who, "corrector") or error
        if self.expect(error, lambda: self._say(items, who, name)):
            held.items = items
            held.authors.add(who[0])

    @precondition(lambda self: self.packages)
    @rule(number=PICKED)
    def look(self, number) -> None:
        """Look at a package."""
        name = self.picked(number)
        digest = hash_now(self.path, name)
        self.packages[name].looked.append((digest, self.standing(name)))

    @precondition(lambda self: self.packages)
    @rule(number=PICKED, look=PICKED, who=NAMES)
    def approve_what_was_seen(self, number, look, who) -> None:
        """Agree to what was looked at at some time, or to nothing at all."""
        name = self.picked(number)
        looked = self.packages[name].looked or [("0" * 64, None)]
        digest, seen = looked[look % len(looked)]
        self._approve(name, digest, who, right=seen == self.standing(name))

    @precondition(lambda self: self.packages)
    @rule(number=PICKED, who=NAMES)
    def approve_what_stands(self, number, who) -> None:
        """Look, and agree to it at once."""
        name = self.picked(number)
        self._approve(name, hash_now(self.path, name), who, right=True)

    def _approve(self, name, digest, who, *, right) -> None:
        held = self.packages[name]
        error = self.may(who, "approver")
        if error is not None:
            pass
        elif self.roles and STRANGER in held.authors:
            error = UnknownAuthorError
        elif held.state != "proposed":
            error = PackageDecidedError
        elif self.is_own(who, held):
            error = SelfApprovalError
        elif not right:
            error = PackageChangedError
        elif not self.lawful(held.items):
            # It was looked at after what it corrects had gone: nothing is recorded.
            error = FaultyPackageError
        shown = None if error else previewed(self.path, name)
        before = None if error else counts(self.path)
        if self.expect(error, lambda: self._agree(name, digest, who)):
            held.state = "agreed"
            for one in held.items:
                self.take(one)
                self.applied.append((name, one["scr"], one["event"]))
            self._same(shown, before)

    def _agree(self, name, digest, who) -> None:
        self.ledger.agree(name, zone=ZONE, hash_=digest, by=who[1](who[0]))

    def _same(self, shown, before) -> None:
        """See that the figures have come to be what the preview showed."""
        expected = dict(before)
        for effect in shown.effects:
            for year in effect.years:
                cell = effect.measure.definition.id, year.fiscal_year
                assert expected[cell] == year.before
                expected[cell] = year.after
        after = counts(self.path)
        assert after == expected
        for one in shown.affected:
            cell = one.figure.measure, one.figure.fiscal_year
            assert (one.before, one.after) == (before[cell], after[cell])

    @precondition(lambda self: self.packages)
    @rule(number=PICKED, who=NAMES)
    def reject(self, number, who) -> None:
        """Turn a package down."""
        name = self.picked(number)
        held = self.packages[name]
        error = None if held.state == "proposed" else PackageDecidedError
        error = SelfApprovalError if self.is_own(who, held) else error
        error = self.may(who, "approver") or error
        if self.expect(error, lambda: self._turn(name, who, recall=False)):
            held.state = "rejected"

    @precondition(lambda self: self.packages)
    @rule(number=PICKED, who=NAMES)
    def withdraw(self, number, who) -> None:
        """Take a package back."""
        name = self.picked(number)
        held = self.packages[name]
        error = None if held.state == "proposed" else PackageDecidedError
        if self.roles and who[0] not in held.authors:
            error = NotAnAuthorError
        error = self.may(who, *CORRECTING) or error
        if self.expect(error, lambda: self._turn(name, who, recall=True)):
            held.state = "recalled"

    def _turn(self, name, who, *, recall) -> None:
        by = who[1](who[0])
        self.ledger.turn_down(name, zone=ZONE, reason="no", by=by, recall=recall)

    @rule(scr=st.sampled_from(SCRS), event=st.sampled_from(("reopened", "transferred")))
    def live(self, scr, event) -> None:
        """Record what else happens."""
        extra = {"office": "SAC X"} if event == "transferred" else {"reason": "r"}
        fields = {"scr": scr, "event": event, "by": "agent-1", **extra}
        error = VoidedError if scr in self.voided else None
        if self.expect(error, lambda: self.ledger.record(fields, zone=ZONE)):
            self.take({"scr": scr, "event": event})

    @rule(scr=st.sampled_from(SCRS), who=NAMES)
    def correct_directly(self, scr, who) -> None:
        """Correct without a package, which only a ledger without people lets pass."""
        fields = {"scr": scr, "event": "voided", "by": who[0], "reason": "r"}
        error = VoidedError if scr in self.voided else None
        error = DirectCorrectionError if self.roles else error
        if self.expect(error, lambda: self.ledger.record(fields, zone=ZONE)):
            self.take(fields)

    @precondition(lambda self: self.packages)
    @rule(number=PICKED, scr=st.sampled_from(SCRS))
    def pretend(self, number, scr) -> None:
        """Record a live fact as if a package had brought it."""
        fields = {"scr": scr, "event": "reopened", "by": "agent-1", "reason": "r"}
        said = {**fields, "correction": self.picked(number)}
        self.expect(PackagesOwnError, lambda: self.ledger.record(said, zone=ZONE))

    @precondition(lambda self: len(self.sealed) < 3)
    @rule(measure=st.sampled_from(("dd-all", "dd-tco")), value=st.integers(0, 4))
    def publish(self, measure, value) -> None:
        """Print figures."""
        name = f"APR-{len(self.sealed)}"
        publish(self.path, name, *((measure, year, value) for year in (2019, 2020)))
        self.sealed = {**seals(self.path), **self.sealed}

    @precondition(lambda self: 0 < len(self.sealed) < 5)
    @rule(recast=st.booleans())
    def restate(self, recast) -> None:
        """Seal another publication in the place of what is current of the first."""
        recasts = ["dd-tco"] if recast else []
        said = restatements.restate(self.path, "APR-0", recasts)
        assert said.four_eyes is bool(self.roles)
        self.sealed = self.sealed | {
            stream: payload
            for stream, payload in seals(self.path).items()
            if stream not in self.sealed
        }

    # --- what always holds ---

    @invariant()
    def only_what_was_agreed_to_takes_effect(self) -> None:
        """Whole packages, in the order of agreement, and nothing of any other."""
        told = [
            (one["correction"], one["scr"], one["event"])
            for one in lines(self.path)
            if "correction" in one
        ]
        assert told == self.applied

    @invariant()
    def nothing_printed_changes(self) -> None:
        """Every publication is kept as it was sealed."""
        assert seals(self.path) == self.sealed


class TestCorrections(Corrections.TestCase):
    """The machine, and how far it went."""

    def runTest(self) -> None:  # noqa: N802 - the library's name
        """Walk, and say how far in the figures of a long run."""
        since = time.monotonic()
        broken = 1
        try:
            super().runTest()
            broken = 0
        finally:
            what = "the model and the ledger differ"
            figure("corrections-machine", "held", STEPS, broken, what, since=since)


TestCorrections.settings = settings(
    max_examples=max(1, STEPS // PER_RUN),
    stateful_step_count=PER_RUN,
    deadline=None,
    derandomize=STEPS < 1_000,
    suppress_health_check=[*HealthCheck],
)
