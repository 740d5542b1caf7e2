"""A ledger's life in one process, decided by one number: the seed.

Two writers import, record, correct, publish, restate and define while the clock jumps,
one dies at some statement and tries again, and the other writes or reads in between.
After each step everything that was acknowledged has to be there, once and unchanged.
A crash leaves the files as they are at that moment, the journal included, and the
next one to open them has to make sense of them.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import contextmanager
from datetime import UTC, timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest import mock
from uuid import UUID
from zoneinfo import ZoneInfo

from ledger import app, fsck, guard
from ledger.errors import (
    HeadMovedError,
    LedgerError,
    LockedError,
    PackageDecidedError,
    PublicationTakenError,
)
from ledger.intake.facts import JsonLines
from ledger.reader import open_log
from ledger.store import sqlite as store
from projections import comparing, counts, publishing
from projections.readmodel import open_read_model
from tests import (
    definitions,
    ledgers,
    oracle,
    packages,
    publications,
    restatements,
    users,
)
from tests.faulty import Clock, Connection, CrashError
from tests.strategies import MICROSECOND, MIDNIGHTS, Load, Tape, World, as_jsonl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ledger.app import CaseLedger
    from ledger.reader import Log, Row

ZONE = ZoneInfo(ledgers.ZONE)
STEPS = 24
EVERY = 8
"""After so many steps, and at the end, also what takes longer is looked at."""
_STATEMENTS = 24
_TRIES = 12


class Command(NamedTuple):
    """What somebody wants, and tries until it is done."""

    name: str
    run: Callable[[CaseLedger], object]
    marks: Callable[[Row], bool]
    """Whether a row is of it."""
    facts: int
    """How many rows are."""
    done: type[LedgerError] | None = None
    """The refusal that says that it is done already."""
    once_more: bool = False
    """Whether it may be given again, and then adds nothing."""
    may_be_refused: bool = False


class Broken(AssertionError):  # noqa: N818 - it reads as what is the matter
    """An invariant does not hold; says which, and how to see it again."""

    def __init__(self, seed: int, step: int, error: Exception) -> None:
        super().__init__(
            f"seed {seed}, step {step}: {type(error).__name__}: {error}\n"
            f"run it again: SCR_SEED={seed} ./dev test tests/test_simulation.py"
        )


class Simulation:
    """One life of a ledger."""

    def __init__(self, seed: int, folder: Path, steps: int = STEPS) -> None:
        self.seed, self.steps = seed, steps
        self.dice = Random(seed)
        self.clock = Clock(self.dice)
        self.world = World(Tape(self.dice.randbytes(1)), 9)
        self.path = str(folder / "scr.db")
        self.number = 0
        self.done: list[Command] = []
        self.rows: list[Row] = []
        self.root = ""
        self.published: list[str] = []
        self.crashes = self.locked = self.repeated = 0
        self._writers: dict[int, CaseLedger] = {}
        self._left = 0
        self._then: Callable[[], None] = self._die
        self._inside = False
        identity = UUID(int=self.dice.getrandbits(128))
        with mock.patch.object(app, "uuid4", return_value=identity):
            app.create(self.path, timezone=ledgers.ZONE, clock=self.clock)

    # --- running ---

    def run(self) -> None:
        """Live through all steps.

        :raises Broken: something acknowledged is gone, double or changed.
        """
        users.forget()  # Another life of this ledger went further.
        wrapped = store.RollbackJournalPool._create_connection

        def connected(pool: store.RollbackJournalPool) -> Any:
            made = wrapped(pool)
            made._sqlite_conn = Connection(made._sqlite_conn, self._tick)
            return made

        with (
            mock.patch.object(
                store.RollbackJournalPool, "_create_connection", connected
            ),
            mock.patch.object(guard, "LOCK_TIMEOUT_SECONDS", 0),
            mock.patch.object(app, "token_hex", return_value="5c" * 32),
        ):
            step = 0
            try:
                for step in range(1, self.steps + 1):
                    self._step()
                    self._look()
                    if step % EVERY == 0 or step == self.steps:
                        self._look_closely()
            except (AssertionError, LedgerError, sqlite3.Error) as error:
                raise Broken(self.seed, step, error) from error
            finally:
                self._left = 0
                for number in list(self._writers):
                    self._close(number)

    def _step(self) -> None:
        if self.dice.random() < 0.25:
            self.clock.jump()
        again = [one for one in self.done if one.once_more]
        if again and self.dice.random() < 0.15:
            self._repeat(self.dice.choice(again))
            return
        makers = (
            *[self._live] * 5,
            *[self._import] * 4,
            *[self._package] * 2,
            self._publication,
            self._printing,
            self._restatement,
            self._definition,
        )
        command = self.dice.choice(makers)()
        if command is not None:
            self._attempt(command, self.dice.randrange(2))

    def _attempt(self, command: Command, writer: int) -> None:
        """Give a command until it is done, as somebody does who got no answer."""
        for tries in range(_TRIES):
            self._arm(writer)
            try:
                command.run(self._writer(writer))
            except CrashError:
                self.crashes += 1
                self._after_crash(writer)
                found = sum(map(command.marks, self._log()))
                assert found in (0, command.facts), f"{command.name} was torn: {found}"
                continue
            except (LockedError, HeadMovedError):
                self.locked += 1
                continue
            except LedgerError as error:
                if tries and command.done and isinstance(error, command.done):
                    break
                if command.may_be_refused:
                    assert not any(map(command.marks, self._log())), command.name
                    return
                raise
            finally:
                self._left = 0
            break
        else:
            message = f"{command.name} was not done in {_TRIES} tries"
            raise AssertionError(message)
        self.done.append(command)
        found = sum(map(command.marks, self._log()))
        wanted = f"{command.name} was acknowledged: {command.facts} facts, not {found}"
        assert found == command.facts, wanted

    def _repeat(self, command: Command) -> None:
        """Give a command again that was acknowledged: it adds nothing."""
        before = len(self._log())
        command.run(self._writer(self.dice.randrange(2)))
        self.repeated += 1
        added = len(self._log()) - before
        assert added == 0, f"{command.name}, given again, added {added}"

    # --- crashing, and what happens meanwhile ---

    def _arm(self, writer: int) -> None:
        """Decide at which statement of the next command something happens, if any."""
        self._left = 0
        if self.dice.random() < 0.4:
            self._left = self.dice.randrange(1, _STATEMENTS)
            other = 1 - writer
            self._then = self.dice.choice(
                (self._die, self._die, lambda: self._other_writes(other), self._reads)
            )

    def _tick(self) -> None:
        if self._left == 0 or self._inside:
            return
        self._left -= 1
        if self._left == 0:
            self._inside = True
            try:
                self._then()
            finally:
                self._inside = False

    def _die(self) -> None:
        # What a killed process leaves: the bytes that are in its files now.
        self._left_behind = {
            path: path.read_bytes() if path.exists() else None
            for path in (Path(self.path), Path(f"{self.path}-journal"))
        }
        raise CrashError

    def _after_crash(self, writer: int) -> None:
        self._close(writer)
        for path, data in self._left_behind.items():
            if data is None:
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(data)

    def _other_writes(self, writer: int) -> None:
        """Let the other writer record something now; it is refused, or recorded."""
        self.number += 1
        name = f"S-{self.number}"
        fields = {"scr": name, "event": "filed", "effective_on": "2019-03-04"}
        more = {"case_number": "C", "office": "o", "by": "other", "command_id": name}
        try:
            self._writer(writer).record({**fields, **more}, zone=ZONE)
        except LockedError:
            self.locked += 1
            return
        stream = f"scr/{name}"
        self.done.append(Command(name, str, lambda row: row.stream == stream, 1))

    def _reads(self) -> None:
        """Look at the log now: of what is not committed nothing is to be seen."""
        rows = self._log()
        seen = [row for row in rows if row.position <= len(self.rows)]
        assert seen == self.rows, "a reader saw a log that was changed"

    def _writer(self, number: int) -> CaseLedger:
        if number not in self._writers:
            self._writers[number], _ = app.open_ledger(self.path, clock=self.clock)
        elif not self._inside and self.dice.random() < 0.1:
            self._close(number)
            return self._writer(number)
        return self._writers[number]

    def _close(self, number: int) -> None:
        ledger = self._writers.pop(number, None)
        if ledger is not None:
            ledger.close()

    # --- commands ---

    def _line(self, *, witnessed: bool) -> dict[str, str] | None:
        self.world.begin_file(witnessed=witnessed, present=255)
        self.world.write_line(Tape(self.dice.randbytes(20)))
        lines = self.world.files[-1]
        return lines[0] if lines else None

    def _live(self) -> Command | None:
        line = self._line(witnessed=True)
        if line is None:
            return None
        self.number += 1
        name = f"cmd-{self.number}"
        fields = {**line, "command_id": name, "forced": "simulated"}
        return Command(
            name,
            lambda ledger: ledger.record(dict(fields), zone=ZONE),
            lambda row: said(row).get("note") == line["note"],
            1,
            once_more=True,
        )

    def _import(self) -> Command | None:
        witnessed = self.dice.random() < 0.3
        self.world.begin_file(witnessed=witnessed, present=self.dice.randrange(256))
        for _ in range(self.dice.randrange(1, 12)):
            self.world.write_line(Tape(self.dice.randbytes(20)))
        lines = self.world.files[-1]
        if not lines:
            return None
        text = as_jsonl(Load(lines)).encode()
        note = lines[0]["note"]
        return Command(
            f"import of {note}",
            lambda ledger: ledger.import_file("f.jsonl", _file(text), zone=ZONE),
            lambda row: said(row).get("note") == note,
            len(lines),
            once_more=True,
        )

    def _package(self) -> Command | None:
        """Propose a package and agree to it; the agreement is the command."""
        chosen = [one for one in self.world.scrs if one.filed and not one.voided]
        if not chosen:
            return None
        self.number += 1
        subject, note = self.dice.choice(chosen), f"package {self.number}"
        subject.witnessed = subject.determined = True
        elements = {"association": "no", "transnational": "yes", "note": note}
        item = packages.item("redetermined", subject.name, forced="s", **elements)
        reason = {"reason_code": "other", "reason": note}
        made = self._writer(0).propose([item], zone=ZONE, by="ann", **reason)
        return Command(
            note,
            lambda ledger: ledger.agree(
                made.package,
                zone=ZONE,
                hash_=packages.hash_now(self.path, made.package),
                by="bob",
            ),
            lambda row: row.stream.startswith("scr/") and said(row).get("note") == note,
            1,
            done=PackageDecidedError,
        )

    def _publication(self) -> Command:
        self.number += 1
        name = f"P-{self.number}"
        figures = (("dd-all", 2019), ("dd-tco", 2019), ("organizations-tco", 2020))

        def run(ledger: CaseLedger) -> None:
            content, head = publications.compute(self.path, name, *figures)
            ledger.publish([content], head=head, by="publisher")

        return self._publishing(name, run)

    def _printing(self) -> Command:
        self.number += 1
        name = f"OLD-{self.number}"
        value = self.dice.randrange(4)

        def run(ledger: CaseLedger) -> None:
            with open_log(self.path) as log, open_read_model(log) as model:
                one = publications.printing(name, ("dd-all", 2019, value))
                contents, head = publishing.as_printed(log, model, [one]), log.head
            ledger.publish(contents, head=head, by="archivist")

        return self._publishing(name, run)

    def _restatement(self) -> Command | None:
        if not self.published:
            return None
        old, names = self.dice.choice(self.published), []

        def run(ledger: CaseLedger) -> None:
            content, head = restatements.draft(self.path, old)
            names[:] = names or [content.name]
            if content.name != names[0]:
                raise PublicationTakenError(names[0], 0)
            ledger.publish([content], head=head, by="publisher")

        return Command(
            f"restatement of {old}",
            run,
            lambda row: (
                row.topic == "ledger.published/1"
                and row.stream == f"publication/{names[0] if names else None}"
            ),
            1,
            done=PublicationTakenError,
            may_be_refused=True,
        )

    def _publishing(self, name: str, run: Callable[[CaseLedger], None]) -> Command:
        self.published.append(name)
        return Command(
            name,
            run,
            lambda row: (
                row.topic == "ledger.published/1"
                and row.stream == f"publication/{name}"
            ),
            1,
            done=PublicationTakenError,
        )

    def _definition(self) -> Command:
        self.number += 1
        title = f"title {self.number}"
        body = definitions.body("m", title=title, unit="scr")
        del body["version"]
        return Command(
            f"definition {self.number}",
            lambda ledger: ledger.define(body, by="b"),
            lambda row: (
                row.topic == "ledger.defined/1"
                and said(row)["definition"]["title"] == title
            ),
            1,
        )

    # --- invariants ---

    def _log(self) -> list[Row]:
        with open_log(self.path) as log:
            return list(log.rows(0, log.head))

    def _look(self) -> None:
        """Assert what has to hold after every step."""
        with open_log(self.path) as log:
            rows = list(log.rows(0, log.head))
            before = log.root(len(self.rows)).hex()
            root = log.root(log.head).hex()
        places = [row.position for row in rows]
        assert places == list(range(1, len(rows) + 1)), "positions have gaps"
        recorded = [row.recorded_at for row in rows]
        assert recorded == sorted(recorded), "recorded_at decreases along the log"
        assert rows[: len(self.rows)] == self.rows, "what was recorded has changed"
        assert not self.rows or before == self.root, "the old root is no prefix"
        self.rows, self.root = rows, root
        for one in self.done:
            found = sum(map(one.marks, rows))
            assert found == one.facts, f"{one.name}: {found} facts, not {one.facts}"

    def _look_closely(self) -> None:
        """Assert what takes longer: bytes, read model, figures, publications."""
        found = fsck.check(self.path, lambda _: None).findings
        assert found == (), found
        with open_log(self.path) as log:
            with open_read_model(log):
                pass  # It catches up.
            assert list(comparing.differences(log)) == [], "the read model is another"
        with open_log(self.path) as log, open_read_model(log) as model:
            facts = ledgers.facts(log)
            for _ in range(3):
                self._count(log, model, facts)
            for name in self.published:
                made = [row for row in self.rows if row.stream == f"publication/{name}"]
                again = publishing.verify(log, model, name)[1]
                seal = hashlib.sha256(again).hexdigest()
                assert seal == said(made[0])["seal"], f"{name} verifies otherwise"

    def _count(self, log: Log, model: Any, facts: list[oracle.Fact]) -> None:
        asked = basis(self.dice, facts, log.head)
        question = counts.Question(oracle.MEASURES, range(2016, 2022))
        told = counts.count(model, definitions.of_oracle(log, asked), question)
        expected = oracle.count(facts, asked, oracle.MEASURES, range(2016, 2022))
        assert told == expected, f"figures at {asked} are not those of the replay"


def said(row: Row) -> dict[str, Any]:
    """Return what a row says."""
    held: dict[str, Any] = json.loads(row.payload)
    return held


def _file(text: bytes) -> JsonLines:
    import io

    return JsonLines(io.BytesIO(text))


def basis(dice: Random, facts: list[oracle.Fact], head: int) -> oracle.Basis:
    """Draw a basis on both axes, where it hurts: instants of facts, and midnights."""
    position = dice.choice((head, dice.randrange(head + 1)))
    bound = dice.choice(("all", "before", "through"))
    if bound == "all":
        return oracle.Basis("all", None, position)
    known = [fact.known_at for fact in facts]
    instant = dice.choice([*known, *MIDNIGHTS])
    nudge = dice.choice((timedelta(0), MICROSECOND, -MICROSECOND))
    return oracle.Basis(bound, (instant + nudge).astimezone(UTC), position)


@contextmanager
def simulated(seed: int, steps: int = STEPS) -> Iterator[Simulation]:
    """Yield a simulation that has not begun, in a folder that is gone afterwards."""
    with ledgers.folder() as folder:
        yield Simulation(seed, folder, steps)
