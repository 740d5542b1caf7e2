"""Everything the ledger can refuse or find wrong, under one root.

The class says which rule; its constructor writes the one line a person reads;
``exit_code`` is what the process ends with (docs/commands/index.md).
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


class LedgerError(Exception):
    """Base of every error a person can meet: one line, one exit code."""

    exit_code = 1


class UsageError(LedgerError):
    """The question cannot be understood as asked."""

    exit_code = 2


class NotFoundError(LedgerError):
    """There is no such SCR, publication, input file or ledger."""

    exit_code = 3


STUMBLES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What code raises that was handed what makes no sense: a fault of ours, or damage.

Which of the two is found out before it is said: whoever catches these looks whether
what was read verifies.
"""


class IntegrityError(LedgerError):
    """Evidence of damage or tampering. Nobody catches this and carries on."""

    exit_code = 4


class RefusedError(LedgerError):
    """What was asked breaks a rule. Nothing was recorded."""

    exit_code = 5


class StoreError(LedgerError):
    """The store cannot be opened, is locked, or has no room left."""

    exit_code = 6


# --- what may not be asked ---------------------------------------------------


class BeyondHeadError(UsageError):
    """A position past the end of the log names nothing."""

    def __init__(self, position: int, head: int) -> None:
        super().__init__(
            f"position @{position} is beyond the head of the log;"
            f" give @0 to @{head}, the last one recorded"
        )


class WrongRootError(IntegrityError):
    """A pasted basis names a root that this log does not have there."""

    def __init__(self, position: int, given: str, found: str) -> None:
        super().__init__(
            f"this is not the log the basis was taken from: at position {position}"
            f" its root is {found}, the basis says {given};"
            " compare the files and run `scr verify`"
        )


class NoSuchScrError(NotFoundError):
    """Only an SCR that is filed can be named."""

    def __init__(self, scr: str) -> None:
        super().__init__(f"no SCR {scr} is recorded; `scr log` lists what is")


class NoTaxonomyError(NotFoundError):
    """No taxonomy holds where one is asked for."""

    def __init__(self, where: str) -> None:
        super().__init__(
            f"no taxonomy holds {where};"
            " load one with `scr taxonomy load`, or ask for a later basis"
        )


# --- the ledger file ---------------------------------------------------------


class NoLedgerError(NotFoundError):
    """There is no file where the ledger should be."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"no ledger at {path}; make one with `scr --ledger {path} init`,"
            " or name another with --ledger or SCR_LEDGER"
        )


class NotALedgerError(StoreError):
    """The file is something else."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} is not an SCR ledger; name a file made by `scr init`")


class LedgerExistsError(RefusedError):
    """A ledger, or a backup of one, is never made over another file.

    :param by: the command that would have made it.
    """

    def __init__(self, path: str, by: str = "init") -> None:
        super().__init__(f"{path} already exists; {by} never writes over a file")


class LeftBesideError(RefusedError):
    """A journal without its file would be rolled back into whatever gets its name."""

    def __init__(self, left: str, by: str) -> None:
        super().__init__(
            f"{left} was left by a file that is gone, and would be written into the new"
            f" one; move it away before {by}"
        )


class KeptBesideError(RefusedError):
    """Under some names SQLite and this program keep what they remove again."""

    def __init__(self, path: str, ending: str) -> None:
        super().__init__(
            f"{path} ends in {ending}, as what is kept beside a ledger and removed"
            " again; name another file"
        )


class NoBackupError(NotFoundError):
    """There is no file where the backup should be."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"no backup at {path}; give the path of a file that `scr backup` made"
        )


class NotVerifiedError(IntegrityError):
    """What does not verify is neither backed up nor restored."""

    def __init__(self, path: str, what: str, instead: str) -> None:
        super().__init__(f"{path} does not verify: {what}; {instead}")


class LockedError(StoreError):
    """Somebody else is writing, and went on for longer than we wait."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"{path} is locked by another process for over 30 seconds;"
            " try again when it has finished"
        )


class InterruptedWriteError(StoreError):
    """A write was cut off, and what it left can only be undone with write access."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"an interrupted write left {path}-journal, which must be rolled back;"
            " run any command once with write access to the file and its folder"
        )


class NotAFileError(StoreError):
    """A folder, a pipe or a device is read as nothing, or without an end."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} is not a file; give the path of a ledger file")


class UnmergedWalError(StoreError):
    """Facts may stand in a write-ahead log beside the file, and nowhere else."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"{path}-wal lies beside the ledger, and what is in it is not in {path};"
            " ask whoever has it for a copy made when nobody writes, or, in a copy of"
            " your own, let SQLite put them together: PRAGMA journal_mode=DELETE"
        )


class ForeignJournalError(StoreError):
    """Undoing the interrupted write would delete a file that the journal names."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"{path}-journal is not one that `scr` left: it names another file, or"
            " cannot be read; nothing was undone; look at it, and move it away"
        )


class SealedError(StoreError):
    """Evidence is not written: no write permission for anybody, or no such medium."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"{path} has no write permission or is on a read-only medium, so nothing"
            " is recorded in it; work on a copy"
        )


class NoRoomError(StoreError):
    """The disk is full, or a limit on file size was reached."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"no room left to write {path}; nothing was recorded;"
            " free some space and repeat the command"
        )


class SchemaChangedError(IntegrityError):
    """The tables are not those that `init` made."""

    def __init__(self, path: str, what: str) -> None:
        super().__init__(
            f"the tables of {path} are not those `scr init` makes ({what});"
            " restore a copy that verifies"
        )


class UnknownZoneError(IntegrityError, ValueError):
    """The identity of a ledger names a time zone that there is not."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"there is no time zone {name!r}: give an IANA name; if it is a ledger's,"
            " the file is damaged or made to mislead, or this machine lacks tzdata"
        )


class ReadModelChangedError(IntegrityError):
    """A read model says something else than the log, so that no answer came of it."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"the read model {path} does not say what the log says;"
            " run `scr rebuild`, and ask again whatever was answered from it"
        )


class RunawayError(IntegrityError):
    """A statement went on for longer than an honest one over so small a file."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"{path} is damaged or made to mislead: reading it does not come to an end;"
            " do not rely on it, and restore a copy that verifies"
        )


class FactDamagedError(IntegrityError):
    """What is stored at a position cannot have been recorded by this ledger."""

    def __init__(self, position: int, why: str) -> None:
        self.position = position
        self.why = why
        super().__init__(
            f"the fact at position {position} is damaged: {why};"
            " run `scr verify` and restore a copy that verifies"
        )


class LogDamagedError(IntegrityError):
    """The log as a whole is not what it says it is."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"the log is damaged: {why};"
            " run `scr verify` and restore a copy that verifies"
        )


class LogEndError(LogDamagedError):
    """The log does not end where it says that it ends."""

    def __init__(self, head: int, given: int) -> None:
        super().__init__(
            f"it ends at position {head}, but position {given} was given out"
        )


class TooDeepError(IntegrityError):
    """Brackets within brackets, more of them than anything here writes."""

    def __init__(self) -> None:
        super().__init__(
            "something that was to be read is nested too deeply to be read;"
            " run `scr verify`: if the ledger holds it, restore a copy that verifies"
        )


# --- rules on facts ----------------------------------------------------------


class RuleError(RefusedError):
    """A fact may not follow what is recorded. ``field`` is where it is wrong."""

    field = "event"


class NotFiledError(RuleError):
    """An SCR exists from its `filed` on."""

    def __init__(self, scr: str) -> None:
        super().__init__(f"{scr} is not filed yet; its first event must be `filed`")


class AlreadyFiledError(RuleError):
    """An SCR is filed once."""

    def __init__(self, scr: str) -> None:
        super().__init__(f"{scr} is filed already; correct it with `refiled`")


class OutcomeTakenError(RuleError):
    """An outcome id is unique within its SCR, for ever."""

    field = "outcome"

    def __init__(self, scr: str, outcome: str) -> None:
        super().__init__(f"{scr} already has an outcome {outcome}; use a new id")


class UnknownOutcomeError(RuleError):
    """Only an outcome of this SCR can be named."""

    field = "outcome"

    def __init__(self, scr: str, outcome: str) -> None:
        super().__init__(f"{scr} has no outcome {outcome}; name one it has")


class OutcomeReversedError(RuleError):
    """A reversed outcome does not stand, so it is neither redated nor reversed."""

    field = "outcome"

    def __init__(self, scr: str, outcome: str) -> None:
        super().__init__(
            f"outcome {outcome} of {scr} is reversed; record a new outcome instead"
        )


class VoidedError(RuleError):
    """Nothing happens to a voided SCR but that it is reinstated."""

    def __init__(self, scr: str) -> None:
        super().__init__(f"{scr} is voided; record `reinstated` first")


class NotVoidedError(RuleError):
    """Only a voided SCR is reinstated."""

    def __init__(self, scr: str) -> None:
        super().__init__(f"{scr} is not voided, so there is nothing to reinstate")


class NamesItselfError(RuleError):
    """Nothing is a duplicate of itself, or merged into itself."""

    def __init__(self, field: str, subject: str) -> None:
        super().__init__(f"{subject} names itself; name another")
        self.field = field


class ClosesCircleError(RuleError):
    """A chain of duplicates or mergers must end somewhere."""

    def __init__(self, field: str, subject: str, target: str) -> None:
        super().__init__(f"{target} already leads to {subject}; that closes a circle")
        self.field = field


class AlreadyMergedError(RuleError):
    """An organization is merged into one other at a time."""

    def __init__(self, organization: str, into: str) -> None:
        super().__init__(
            f"{organization} is already merged into {into}; record `unmerged` first"
        )


class NotMergedError(RuleError):
    """Only a merged organization is unmerged."""

    def __init__(self, organization: str) -> None:
        super().__init__(f"{organization} is not merged")


class KnownEarlierError(RuleError):
    """What is known about one subject becomes known in the order of its stream."""

    field = "known_at"

    def __init__(self, subject: str, known_at: str, previous: str) -> None:
        super().__init__(
            f"{known_at} is earlier than {previous}, when the previous fact about"
            f" {subject} was known"
        )


class KnownLaterError(RuleError):
    """Nothing was known after the moment it is imported."""

    field = "known_at"

    def __init__(self, known_at: str, moment: str) -> None:
        super().__init__(f"{known_at} is later than {moment}, the moment of import")


class OutOfOrderError(RuleError):
    """New facts about a subject follow what is recorded about it."""

    def __init__(self, subject: str, line: int) -> None:
        super().__init__(
            f"this line of {subject} is new, but line {line} after it is already"
            " recorded; new facts follow what is recorded"
        )


# --- live commands -----------------------------------------------------------


_OPTIONS = {
    "at_least": "--misstated-by-at-least",
    "adopted_at": "--adopted",
    "cited_on": "--on",
    "completed_on": "--on",
    "declined_on": "--on",
    "due_on": "--due",
    "effective_on": "--on",
    "forced": "--force",
    "instant": "the cut-off",
    "measure": "the measure",
    "person": "the person",
    "publication": "the name",
    "responded_on": "--on",
    "role": "the role",
    "rule": "the rule",
    "scheduled_on": "--on",
    "scr": "the SCR",
    "organization": "the organization",
}


class FieldError(UsageError):
    """A value is not what its field takes."""

    def __init__(self, field: str, rule: str) -> None:
        option = _OPTIONS.get(field, f"--{field.replace('_', '-')}")
        super().__init__(f"{option} {rule}")
        self.field = field


class MeasureError(RefusedError):
    """A definition, or a taxonomy, may not follow what is recorded of it."""


class BuiltInMeasureError(MeasureError):
    """The built-in measures hold at every basis."""

    def __init__(self, measure: str) -> None:
        super().__init__(
            f"{measure} is built in and holds at every basis; give yours another id"
        )


class VersionTakenError(MeasureError):
    """A version says one thing for ever, and versions count up."""

    def __init__(self, measure: str, version: int, last: int) -> None:
        super().__init__(
            f"{measure} has versions up to {last} already, and {version} would be"
            f" another; leave the version out, or give {last + 1}"
        )


class NoSuchMeasureError(MeasureError):
    """There is no definition in force to retire."""

    def __init__(self, measure: str) -> None:
        super().__init__(f"no measure {measure} is in force; see `scr measure list`")


class NoDenominatorError(MeasureError):
    """A rate is of a measure that there is."""

    def __init__(self, denominator: str) -> None:
        super().__init__(
            f"denominator: no measure {denominator} is built in or in force;"
            " define it first, see `scr measure list`"
        )


class AdoptedOtherwiseError(MeasureError):
    """A version is adopted once."""

    def __init__(self, name: str, adopted: str, recorded: str) -> None:
        super().__init__(
            f"{name} is recorded already, in force from {recorded} and not from"
            f" {adopted}; a version is adopted once, give another one"
        )


class AdoptedLaterError(MeasureError):
    """A definition is recorded once it is adopted."""

    def __init__(self, adopted: str, moment: str) -> None:
        super().__init__(
            f"{adopted} is later than {moment}, now; record it once it is adopted"
        )


class AdoptedEarlierError(MeasureError):
    """Definitions of one measure are adopted in the order of their versions."""

    def __init__(self, measure: str, adopted: str, previous: str) -> None:
        super().__init__(
            f"{adopted} is earlier than {previous}, from when the last fact about"
            f" {measure} holds"
        )


# --- standing assertions -----------------------------------------------------


class NotTrueError(LedgerError):
    """Only what the ledger gives is asserted: the answer is no."""

    exit_code = 1

    def __init__(self, figure: str, value: int, claimed: int, see: str) -> None:
        super().__init__(
            f"{figure} is {value:,}, not {claimed:,}; nothing was recorded; see {see}"
        )


class HeadMovedError(RefusedError):
    """A claim is recorded right after what it was proved by."""

    def __init__(self, proved: int, head: int) -> None:
        super().__init__(
            f"the claim was proved at @{proved}, and the log goes up to @{head};"
            " nothing was recorded, assert it again"
        )


class NoSuchAssertionError(NotFoundError):
    """An assertion is named by the position at which it was recorded."""

    def __init__(self, position: int) -> None:
        super().__init__(
            f"no assertion stands at @{position}; `scr check --list` lists them"
        )


class AlreadyWithdrawnError(RefusedError):
    """An assertion is withdrawn once."""

    def __init__(self, position: int) -> None:
        super().__init__(
            f"the assertion at @{position} is withdrawn already; see `scr check --list`"
        )


class NoSuchPublicationError(NotFoundError):
    """A publication is named as it was when it was recorded."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"no publication is named {name or repr('')};"
            " `scr publication list` lists them"
        )


class PublicationTakenError(RefusedError):
    """A publication is recorded once, and never changed."""

    def __init__(self, name: str, position: int) -> None:
        super().__init__(
            f"a publication named {name} is recorded at @{position} already, and none"
            " is ever changed; give this one another name"
        )


class PublicationFaultyError(RefusedError):
    """A publication does not agree with itself, or with what was recorded before."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"publication {name} is refused: {why}; nothing was recorded")


class GateClosedError(RefusedError):
    """What does not pass validation is not published, unless somebody says why."""

    def __init__(self, rules: str, command: str, *, past: bool) -> None:
        mend = (
            "what is mended today was not known then"
            if past
            else "correct or waive what fails"
        )
        super().__init__(
            f"the gate is not green: {rules}; see `{command}`; {mend},"
            " or say why it is published all the same with --override REASON"
        )


class UnexplainedError(RefusedError):
    """A figure that is not what was printed last needs a reason."""

    def __init__(self, figures: str) -> None:
        super().__init__(
            f"not as printed last, without a status: {figures}; say why with --status"
            " MEASURE:YEAR=STATUS, or --status STATUS for all:"
            " late-data, error or definition"
        )


class PublicationChangedError(IntegrityError):
    """A publication is not what was sealed, or is not what the log gives."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(
            f"publication {name} does not verify: {why};"
            " compare it with a copy of the ledger"
        )


class FigureChangedError(IntegrityError):
    """What was proved of a figure does not come out again at the same basis."""

    def __init__(self, position: int, why: str) -> None:
        super().__init__(
            f"what was proved at @{position} does not come out again: {why};"
            " run `scr verify`, and compare with a copy of the ledger"
        )


class NoSuchPackageError(NotFoundError):
    """A package is named by the id it was given when it was proposed."""

    def __init__(self, package: str) -> None:
        super().__init__(
            f"no package is named {package or repr('')}; `scr correct list` lists them"
        )


class PackageDecidedError(RefusedError):
    """What is decided about a package is decided once."""

    def __init__(self, package: str, state: str) -> None:
        super().__init__(f"package {package} is {state} already; propose another one")


class SelfApprovalError(RefusedError):
    """Nobody agrees to what they proposed or amended."""

    def __init__(
        self,
        package: str,
        by: str,
        authors: tuple[str, ...],
        approvers: Sequence[str] = (),
    ) -> None:
        names = ", ".join(dict.fromkeys(authors))
        who = f": {_some(approvers)}" if approvers else ""
        super().__init__(
            f"{by} is an author of package {package} ({names}), and nobody agrees to"
            f" their own; let another person with the role approver do it{who}"
        )


class UnknownAuthorError(RefusedError):
    """Who proposed a package has to be known, or it may be the one who agrees."""

    def __init__(self, package: str, author: str) -> None:
        super().__init__(
            f"{author}, an author of package {package}, is no person of this ledger, so"
            " nobody can say who it is; reject the package and propose it again as a"
            " person with the role corrector"
        )


class NotAnAuthorError(RefusedError):
    """A package is taken back by who proposed or amended it."""

    def __init__(self, package: str, by: str, authors: tuple[str, ...]) -> None:
        names = ", ".join(dict.fromkeys(authors))
        super().__init__(
            f"{by} is no author of package {package} ({names}); an approver may reject"
            " it with `scr correct reject`"
        )


class PackagesOwnError(RefusedError):
    """Only the facts that agreement brings say that they carry a package out."""

    def __init__(self) -> None:
        super().__init__(
            "C- and a number names a package, and only a package's own facts name it;"
            " leave --correction out, or name something else"
        )


class NotAFindingError(RefusedError):
    """What is proposed from the findings of a sample corrects these, and no more."""

    def __init__(self, package: str, subject: str, sample: str, finding: str) -> None:
        super().__init__(
            f"package {package} corrects what sample {sample} found ({finding}), and of"
            f" {subject} no such answer holds; see `scr sample show {sample}`, and"
            " propose it in a package of its own, or without it"
        )


class FindingsKeptError(RefusedError):
    """A package that is amended stays one from the same findings."""

    def __init__(self, package: str) -> None:
        super().__init__(
            f"package {package} would be amended to be from other findings than it was"
            " proposed from; withdraw it and propose another one"
        )


class PackageChangedError(RefusedError):
    """Somebody agrees to what they looked at, and to nothing else."""

    def __init__(self, package: str) -> None:
        super().__init__(
            f"package {package}, or an SCR it touches, is not what that hash is of;"
            f" look at it again: `scr correct preview {package}`"
        )


# --- samples -----------------------------------------------------------------


class NoSuchSampleError(NotFoundError):
    """Nothing is drawn, recorded or evaluated without a sealed frame."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"no frame is sealed for a sample named {name or repr('')};"
            " seal one with `scr sample frame`; `scr sample list` lists them"
        )


class SampleError(RefusedError):
    """What is to be recorded of a sample breaks a rule."""


class SampleTakenError(SampleError):
    """A frame is sealed once, and never changed."""

    def __init__(self, name: str, position: int) -> None:
        super().__init__(
            f"the frame of sample {name} is sealed at @{position} already, and none is"
            " ever changed; give this one another name"
        )


class SampleFaultyError(SampleError):
    """A frame or a draw does not agree with itself, or with what is sealed."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"sample {name} is refused: {why}; nothing was recorded")


class FrameChangedError(IntegrityError):
    """A frame is not what was sealed, or not what its query gives at its basis."""

    def __init__(self, name: str, sealed: str, found: str) -> None:
        super().__init__(
            f"the frame of sample {name} has changed: {sealed} is sealed, and it is"
            f" {found}; nothing is drawn from it, run `scr verify`"
        )


class AlreadyDrawnError(SampleError):
    """A sample is drawn once: nobody draws until they like what they get."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"sample {name} is drawn already, and is not drawn again;"
            " see `scr sample show`"
        )


class NotDrawnError(SampleError):
    """Items are examined once they are drawn."""

    def __init__(self, name: str) -> None:
        super().__init__(f"sample {name} is not drawn yet; see `scr sample draw`")


class NoSeedYetError(SampleError):
    """A seed from the log is a root that did not exist when the frame was sealed."""

    def __init__(self, name: str, framed_at: int) -> None:
        super().__init__(
            f"nothing is recorded since the frame of sample {name} was sealed at"
            f" @{framed_at}, so the log has no seed yet; draw once the next fact is"
            " recorded, or give --seed"
        )


class NotInSampleError(SampleError):
    """Only what was drawn, and not replaced, is examined."""

    def __init__(self, name: str, item: str, why: str) -> None:
        super().__init__(f"{item} is not in sample {name}: {why}")


class AlreadyAnsweredError(SampleError):
    """An answer is given once a review, and never changed."""

    def __init__(self, item: str, attribute: str, said: str, by: str) -> None:
        super().__init__(
            f"{item} is answered {attribute}={said} by {by} already; if that is wrong,"
            " a second reviewer says so and a third person settles it"
        )


class NoFirstReviewError(SampleError):
    """There is nothing to review a second time."""

    def __init__(self, item: str, attribute: str) -> None:
        super().__init__(
            f"{item} has no first answer for {attribute}, so there is nothing to review"
        )


class OwnReviewError(SampleError):
    """Nobody reviews their own answers."""

    def __init__(self, item: str, attribute: str, by: str) -> None:
        super().__init__(
            f"{by} gave the first answer for {attribute} of {item};"
            " somebody else has to review it"
        )


class NoDisagreementError(SampleError):
    """Only a disagreement between two reviews is settled, and once."""

    def __init__(self, item: str, attribute: str) -> None:
        super().__init__(
            f"there is no open disagreement on {attribute} of {item};"
            " see `scr sample show`"
        )


class NotAThirdPersonError(SampleError):
    """A disagreement is settled by neither of those who disagree."""

    def __init__(self, item: str, attribute: str, by: str) -> None:
        super().__init__(
            f"{by} reviewed {attribute} of {item}; a third person has to settle it"
        )


class NoSpareError(SampleError):
    """Spares are taken in the order drawn, for items nobody has examined."""

    def __init__(self, item: str, why: str) -> None:
        super().__init__(f"no spare for {item}: {why}")


class UnfinishedError(RefusedError):
    """What is not answered is not evaluated as if it were."""

    def __init__(self, name: str, what: str) -> None:
        super().__init__(
            f"sample {name} is not finished: {what}; see `scr sample show`, or evaluate"
            " what is answered with --partial, which says so"
        )


class MissingExtraError(UsageError):
    """Something that is not installed is needed for what was asked."""

    def __init__(self, library: str, extra: str) -> None:
        super().__init__(
            f"exact limits need {library}, which is not installed;"
            f' install it with `pip install "scr-ledger[{extra}]"`'
        )


class NoSuchFigureError(UsageError):
    """What is said of a publication is said of one of its figures."""

    def __init__(self, name: str, figure: str, figures: str) -> None:
        super().__init__(f"{name} has no figure {figure}; it has {figures}")


class FloorTooHighError(RefusedError):
    """No figure is misstated by more than it is."""

    def __init__(
        self, publication: str, figure: str, shown: int, at_least: int
    ) -> None:
        super().__init__(
            f"{publication} shows {shown:,} as {figure}, so it is not misstated by at"
            f" least {at_least:,}; give at most {shown:,}"
        )


class AlreadyRetractedError(RefusedError):
    """A publication is withdrawn once."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} is withdrawn already; see `scr publication show {name}`"
        )


class AnomalyError(RefusedError):
    """A live command departs from a rule that only history may depart from."""

    def __init__(self, rules: list[str]) -> None:
        super().__init__(
            f"refused as an anomaly: {'; '.join(rules)};"
            " if it is so all the same, say why with --force REASON"
        )


class CommandIdTakenError(RefusedError):
    """A command id belongs to one fact for ever."""

    def __init__(self, command_id: str, event: str, subject: str) -> None:
        super().__init__(
            f"command id {command_id} belongs to another `{event}` of {subject};"
            " use a new one for a new command"
        )


# --- requests and recommendations --------------------------------------------


class DayToComeError(RefusedError):
    """What is claimed to have been known from a day on was not known before it."""

    def __init__(self, field: str, claimed: str, today: str) -> None:
        super().__init__(
            f"{field} {claimed} is later than {today}, the day of recording;"
            " record it once it has happened"
        )


class DayTooEarlyError(RefusedError):
    """Nothing is done about what is not there yet, or with what is not known yet."""

    def __init__(self, field: str, day: str, earliest: str, what: str) -> None:
        super().__init__(
            f"{field} {day} is earlier than {earliest}, {what}; give {earliest} or a"
            " later day"
        )


class NoSuchRequestError(NotFoundError):
    """Only a request that is recorded can be named."""

    def __init__(self, request: str) -> None:
        super().__init__(
            f"no request {request or repr('')} is recorded; `scr request list` lists"
            " them, `scr request add` records one"
        )


class RequestTakenError(RefusedError):
    """A request is recorded once, and never changed."""

    def __init__(self, request: str) -> None:
        super().__init__(
            f"request {request} is recorded already, and says something else; see"
            f" `scr request show {request}`, and give this one another id"
        )


class CitesAlreadyError(RefusedError):
    """A request that cites SCR data does not decline to."""

    def __init__(self, request: str) -> None:
        super().__init__(
            f"request {request} cites SCR data, so there is nothing to decline;"
            f" see `scr request show {request}`"
        )


class NotCountableError(NotTrueError):
    """Only an SCR that stands and is approved supports a request: the answer is no."""

    def __init__(self, scr: str) -> None:
        LedgerError.__init__(
            self,
            f"{scr} does not stand, or is not approved, at this basis; nothing was"
            f" recorded; see `scr show {scr}`",
        )


class NoSuchRecommendationError(NotFoundError):
    """Only a recommendation that is recorded can be named."""

    def __init__(self, recommendation: str) -> None:
        super().__init__(
            f"no recommendation {recommendation or repr('')} is recorded;"
            " `scr recommendation list` lists them"
        )


class RecommendationTakenError(RefusedError):
    """A recommendation is recorded once, and never changed."""

    def __init__(self, recommendation: str) -> None:
        super().__init__(
            f"recommendation {recommendation} is recorded already, and says something"
            f" else; see `scr recommendation show {recommendation}`"
        )


class ClosedAlreadyError(RefusedError):
    """Nothing follows the closing of a recommendation."""

    def __init__(self, recommendation: str) -> None:
        super().__init__(
            f"recommendation {recommendation} is closed; nothing more is recorded of it"
        )


class NoSuchMilestoneError(RefusedError):
    """Only a milestone that is scheduled is completed."""

    def __init__(self, recommendation: str, milestone: str) -> None:
        super().__init__(
            f"recommendation {recommendation} has no milestone {milestone};"
            " record it with --due first"
        )


class MilestoneCompletedError(RefusedError):
    """A milestone is completed once."""

    def __init__(self, recommendation: str, milestone: str) -> None:
        super().__init__(
            f"milestone {milestone} of {recommendation} is completed already;"
            " give another one another name"
        )


class RedCheckError(RefusedError):
    """A recommendation is not closed while its own check does not pass."""

    def __init__(self, recommendation: str, check: str, why: str) -> None:
        super().__init__(
            f"recommendation {recommendation} is not closed: its check {check} is not"
            f" green: {why}; nothing was recorded"
        )


# --- files -------------------------------------------------------------------


class NoInputFileError(NotFoundError):
    """There is no such file to read."""

    def __init__(self, path: str, why: str) -> None:
        folder = why == os.strerror(errno.EISDIR)
        name = "a file, not a folder" if folder else "a file that exists"
        super().__init__(f"cannot read {path}: {why}; name {name}")


class FaultyFileError(RefusedError):
    """A file holds lines that cannot be recorded, so none of it was.

    ``lines`` has one text per fault, in file order, the first 100.
    """

    def __init__(
        self, file: str, lines: tuple[str, ...], count: int, *, verb: str = "import"
    ) -> None:
        super().__init__(
            f"{file} is refused, nothing of it was recorded:"
            f" {_counted(count, len(lines))}; correct the file and {verb} it again"
        )
        self.lines = lines
        self.count = count


class NoPrintingError(RefusedError):
    """A file that says of nothing that it was printed registers nothing."""

    def __init__(self, file: str) -> None:
        super().__init__(
            f"{file} has no printing in it; give a JSON object a line, each what a"
            " document printed (docs/publications.md)"
        )


class FaultyPackageError(FaultyFileError):
    """A package has items that cannot be recorded, so nothing of it was.

    ``lines`` has one text per fault, in order, the first 100.
    """

    def __init__(self, package: str, lines: tuple[str, ...], count: int) -> None:
        super().__init__(f"package {package}", lines, count, verb="propose")


class FaultyTableError(FaultyFileError):
    """A table cannot be read, whatever it is read for.

    ``lines`` has one text per fault, in file order, the first 100.
    """

    def __init__(self, file: str, lines: tuple[str, ...], count: int) -> None:
        super().__init__(file, lines, count)
        self.args = (
            f"{file} cannot be read: {_counted(count, len(lines))};"
            " correct it, or the map that names its columns, and try again",
        )


class UnreadableTableError(RefusedError):
    """A file is no table, or larger than what is read of one."""

    def __init__(self, where: str, why: str, what_to_do: str) -> None:
        super().__init__(f"{where} {why}; {what_to_do}")


class FaultyMapError(FaultyFileError):
    """A map does not say how the columns of a table are to be read."""

    def __init__(self, file: str, lines: tuple[str, ...]) -> None:
        super().__init__(file, lines, len(lines))
        self.args = (
            f"{file} is no map: {_counted(len(lines), len(lines))};"
            " correct it (docs/maps.md)",
        )


def _counted(count: int, listed: int) -> str:
    unlisted = count - listed
    more = f", {listed} of them above and {unlisted} more" if unlisted else ""
    return f"{'1 fault' if count == 1 else f'{count} faults'}{more}"


# --- people ------------------------------------------------------------------

_HOLDERS_NAMED = 10


class PeopleError(RefusedError):
    """Who asks may not do it, or a person cannot be as asked."""


def _may(roles: Sequence[str], holders: Sequence[str]) -> str:
    """Say which roles an act takes, and who holds one."""
    takes = f"the role {' or '.join(roles)}" if roles else "any person of this ledger"
    if not holders:
        return f"it takes {takes}, which nobody holds; see `scr person grant`"
    return f"it takes {takes}: {_some(holders)}"


def _some(people: Sequence[str]) -> str:
    """Name people; of very many the first, and how many more there are."""
    named = ", ".join(people[:_HOLDERS_NAMED])
    more = len(people) - _HOLDERS_NAMED
    return f"{named} and {more} more" if more > 0 else named


class NotAPersonError(PeopleError):
    """While four eyes are on, only a person of the ledger acts."""

    def __init__(self, by: str, roles: Sequence[str], holders: Sequence[str]) -> None:
        super().__init__(
            f"{by or repr('')} is no person of this ledger; {_may(roles, holders)}"
        )


class LacksRoleError(PeopleError):
    """Each act takes a role, held at that moment."""

    def __init__(
        self, person: str, roles: Sequence[str], holders: Sequence[str]
    ) -> None:
        super().__init__(f"{person} may not do this; {_may(roles, holders)}")


class ImpersonationError(PeopleError):
    """A person with an account on record acts from that account."""

    def __init__(
        self, by: str, account: str, roles: Sequence[str], holders: Sequence[str]
    ) -> None:
        super().__init__(
            f"{by} acts from another account than {account}, which runs this;"
            f" {_may(roles, holders)}"
        )


class AccountOfAnotherError(PeopleError):
    """An account that is on record as one person's acts for no other."""

    def __init__(
        self,
        by: str,
        account: str,
        owner: str,
        roles: Sequence[str],
        holders: Sequence[str],
    ) -> None:
        super().__init__(
            f"the account {account}, which runs this, is that of {owner}, not of {by};"
            f" {_may(roles, holders)}"
        )


class DirectCorrectionError(PeopleError):
    """While four eyes are on, a correction is proposed, and another one agrees."""

    def __init__(self, event: str, holders: Sequence[str]) -> None:
        super().__init__(
            f"`{event}` is a correction, and four eyes are on; propose it with"
            f" `scr correct propose`; {_may(('corrector',), holders)}"
        )


class SoloLedgerError(PeopleError):
    """A ledger that was made to be one person's stays so."""

    def __init__(self) -> None:
        super().__init__(
            "this ledger was made with `scr init --solo`, so it has no persons and no"
            " roles; import its export into a ledger made without --solo"
        )


class UnnamableError(PeopleError):
    """A person's id has a letter or a digit."""

    def __init__(self, person: str) -> None:
        super().__init__(f"{person} has no letter and no digit; give another id")


class PersonTakenError(PeopleError):
    """However it is written, an id is one person's."""

    def __init__(self, person: str, taken: str) -> None:
        super().__init__(
            f"{person} is {taken}, who is on record already; `scr person grant` gives"
            " roles, `scr person list` shows who there is"
        )


class AccountTakenError(PeopleError):
    """An account is one person's."""

    def __init__(self, account: str, owner: str) -> None:
        super().__init__(
            f"the account {account} is that of {owner}; give each person one of their"
            " own, or none"
        )


class NoSuchPersonError(NotFoundError):
    """Roles are those of a person who was added."""

    def __init__(self, person: str) -> None:
        super().__init__(
            f"no person {person or repr('')} is on record; `scr person add` adds one,"
            " `scr person list` shows who there is"
        )


class RoleHeldError(PeopleError):
    """A role is granted to who does not hold it."""

    def __init__(self, person: str, role: str) -> None:
        super().__init__(f"{person} holds the role {role} already")


class RoleNotHeldError(PeopleError):
    """Only a role that is held is revoked."""

    def __init__(self, person: str, role: str) -> None:
        super().__init__(
            f"{person} does not hold the role {role}; see `scr person list`"
        )


class LastSupervisorError(PeopleError):
    """Without a supervisor nobody could grant a role again."""

    def __init__(self, person: str) -> None:
        super().__init__(
            f"{person} is the only supervisor; grant that role to another one first"
        )


# --- keys, checkpoints, and what was seen before ------------------------------


class KeysError(RefusedError):
    """A key or a checkpoint cannot be put on record as asked."""


class NoCheckpointError(UsageError):
    """A file that is to be compared with is not a checkpoint."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"that is no checkpoint: {why};"
            " give the file that `scr checkpoint -o` wrote"
        )


class NotSignedError(KeysError):
    """What is signed is signed by who may, says what is so, and the signature holds."""

    def __init__(self, why: str) -> None:
        super().__init__(f"what is signed does not hold: {why}; nothing is recorded")


class NoKeyError(KeysError):
    """A checkpoint takes a key that signs."""

    def __init__(self) -> None:
        super().__init__(
            "no key signs for this ledger; `scr key new` makes one, and puts it on"
            " record"
        )


class KeyHeldError(KeysError):
    """One key signs at a time; another takes its place with the consent of both."""

    def __init__(self, key: str) -> None:
        super().__init__(
            f"the key {key} signs for this ledger already; `scr key rotate` puts a new"
            " one in its place, `scr key revoke` takes the trust in it back"
        )


class KeyTakenError(KeysError):
    """A key is put on record once."""

    def __init__(self, key: str) -> None:
        super().__init__(
            f"a key {key} is or was on record; make another, see `scr key list`"
        )


class NoSuchKeyError(NotFoundError):
    """A key is revoked that is on record."""

    def __init__(self, key: str) -> None:
        super().__init__(
            f"no key {key or repr('')} is on record; `scr key list` shows all"
        )


class TrustedLessError(KeysError):
    """A revocation takes trust away, and never gives any."""

    def __init__(self, key: str, trusted_to: int) -> None:
        super().__init__(
            f"the key {key} is trusted up to @{trusted_to} only, as it is; name a"
            " smaller position, or leave it"
        )


class CheckpointOrderError(KeysError):
    """Each checkpoint covers more than those before it, and what its key has seen."""

    def __init__(self, size: int, after: int) -> None:
        super().__init__(
            f"a checkpoint of @{size} is not larger than @{after}, where the last one,"
            " or the time before its key, ends; nothing is recorded"
        )


class KeyNotHereError(KeysError):
    """Signing takes the private key."""

    def __init__(self, key: str, path: str) -> None:
        super().__init__(
            f"the private key {key} is not here: there is no {path}; run this where it"
            " is, or `scr key revoke` it and make another"
        )


class ExposedKeyError(KeysError):
    """A private key is its owner's alone."""

    def __init__(self, path: str, mode: int) -> None:
        super().__init__(
            f"others can read the private key {path} (mode {mode:04o}); if nobody has,"
            f" `chmod 600` it, else `scr key revoke` it"
        )


class KeyFileError(StoreError):
    """A key file is readable, and holds the key that its name says."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(
            f"cannot use the key file {path}: {why}; put it back from where it is kept,"
            " or name another folder with SCR_KEYS"
        )


class NoPassphraseError(UsageError):
    """An encrypted key takes its passphrase."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"the private key {path} is encrypted; run this on a terminal, which asks"
            " for the passphrase, or set SCR_KEY_PASSPHRASE"
        )


class LongPassphraseError(UsageError):
    """A passphrase is one that a key can be encrypted with."""

    def __init__(self) -> None:
        super().__init__(
            "a passphrase may have 1,023 bytes, and this one has more; take a shorter"
        )


class WrongPassphraseError(KeysError):
    """The passphrase is the one it was encrypted with."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"that is not the passphrase of the private key {path}; nothing is recorded"
        )


class NothingGoneError(KeysError):
    """A restore is admitted where something that was seen is gone."""

    def __init__(self) -> None:
        super().__init__(
            "nothing that you have seen of this ledger is missing; there is nothing to"
            " admit"
        )


class UnseenError(StoreError):
    """What a user has seen of ledgers is kept, so that it can be compared."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(
            f"cannot keep what you have seen of this ledger in {path}: {why}; a file"
            " that is rolled back will not be noticed"
        )


class _Memory(Protocol):
    """What was seen of a ledger (``ledger.seen.Seen``)."""

    @property
    def position(self) -> int: ...
    @property
    def root(self) -> str: ...
    @property
    def at(self) -> str: ...


def _seen(seen: _Memory) -> str:
    return f"@{seen.position}, recorded {seen.at}" if seen.at else f"@{seen.position}"


_ADMIT = "; if it was put there on purpose, `scr checkpoint admit` records that"


class UnlikeSeenError(IntegrityError):
    """A ledger is not as this user has seen it."""

    word = "forked"
    """What it is, in a word."""

    def __init__(self, message: str, seen: _Memory, ledger: str | None = None) -> None:
        super().__init__(message)
        self.seen = seen
        self.ledger = ledger
        """The id of the ledger that was seen, where it is another one."""


class RolledBackError(UnlikeSeenError):
    """A ledger never gets shorter."""

    word = "rolled back"

    def __init__(self, path: str, head: int, seen: _Memory) -> None:
        super().__init__(
            f"{path} is rolled back: it ends at @{head}, and you have seen it at"
            f" {_seen(seen)}; put the newer file back{_ADMIT}",
            seen,
        )


class ForkedError(UnlikeSeenError):
    """A ledger has one history."""

    def __init__(self, path: str, root: str, seen: _Memory) -> None:
        super().__init__(
            f"{path} is forked: at {_seen(seen)}, it had the root {seen.root} when you"
            f" saw it, and now has {root}: it was rewritten, or written on from an"
            f" older copy; keep this file as evidence, and put yours back{_ADMIT}",
            seen,
        )


class SwappedError(UnlikeSeenError):
    """A path holds the ledger it held."""

    word = "swapped"

    def __init__(self, path: str, ledger_id: str, other: str, seen: _Memory) -> None:
        super().__init__(
            f"{path} is swapped: it is the ledger {ledger_id}, and you have seen the"
            f" ledger {other} there; put that one back, or give this one a path of its"
            f" own{_ADMIT}",
            seen,
            other,
        )


# --- proofs and witnesses ----------------------------------------------------


class NoProofError(RefusedError):
    """A file is neither a proof nor a checkpoint, or not in its one spelling."""

    def __init__(self, file: str, why: str) -> None:
        super().__init__(
            f"{file} is no proof that can be read: {why};"
            " get the file again, exactly as it was made"
        )


class NotProvedError(IntegrityError):
    """A proof does not hold."""

    def __init__(self, file: str, why: str) -> None:
        super().__init__(
            f"{file} proves nothing: {why}; do not rely on it, and ask who gave it to"
            " you for another"
        )


class UnknownKeyError(IntegrityError):
    """A checkpoint is signed by nobody whose key is at hand."""

    def __init__(self, file: str, origin: str, why: str) -> None:
        super().__init__(
            f"{file} is not verified: {why}; give the key of {origin} with --key, as"
            " its keepers hand it out (`scr key list` there prints it)"
        )


class TwoHistoriesError(IntegrityError):
    """Two checkpoints of one log cannot both be true."""

    def __init__(self, origin: str, size: int, one: str, other: str) -> None:
        super().__init__(
            f"{origin} is forked: at size {size} it has the root {one}, and the root"
            f" {other}; keep both files as evidence, and trust neither"
        )


class NotLinkedError(IntegrityError):
    """Two checkpoints of different sizes, and nothing that ties them."""

    def __init__(self, file: str, size: int, held: int) -> None:
        super().__init__(
            f"{file} is against a log of {size} facts, and the checkpoint held is of"
            f" {held}; give the file of `scr prove --from` that ties the two as well"
        )


class NotCoveredError(NotFoundError):
    """No checkpoint on record covers what is to be proved."""

    def __init__(self, position: int) -> None:
        super().__init__(
            f"no trusted checkpoint on record covers @{position};"
            " make one with `scr checkpoint`"
        )


class OtherLogError(RefusedError):
    """A checkpoint of another ledger was given."""

    def __init__(self, file: str, origin: str, own: str) -> None:
        super().__init__(f"{file} is of {origin}, not of {own}; give one of this log")


class NotAMemberError(NotFoundError):
    """What is asked about is not counted in a figure."""

    def __init__(self, unit: str, publication: str, figure: str) -> None:
        super().__init__(
            f"{unit} is not counted in {figure} of {publication};"
            f" see `scr publication cases {publication}`"
        )


class NoMembersError(NotFoundError):
    """A publication older than members roots."""

    def __init__(self, publication: str) -> None:
        super().__init__(
            f"{publication} was recorded without members roots, so no member of its"
            " figures can be shown without all others; publish or restate it anew"
        )


class WitnessError(RefusedError):
    """A witness does not sign, or its signature cannot be recorded."""


class NoSuchWitnessError(NotFoundError):
    """There is no witness of that name on this machine."""

    def __init__(self, name: str | None) -> None:
        named = "" if name is None else f" named {name}"
        super().__init__(
            f"there is no witness{named} here; make one with `scr witness new`"
        )


class WitnessTakenError(RefusedError):
    """A witness of that name was made here before."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is a witness named {name} here; take another name")


class FirstSightError(WitnessError):
    """A witness has never seen a log, and nobody said that its key is to be trusted."""

    def __init__(self, origin: str) -> None:
        super().__init__(
            f"this witness has never seen {origin}; to trust it from now on, give its"
            " key with --key, as its keepers hand it out"
        )


class OtherSizeError(WitnessError):
    """A witness needs a proof from the very size that it has signed last."""

    def __init__(self, origin: str, held: int) -> None:
        super().__init__(
            f"this witness has {origin} at size {held}, and needs a proof from there;"
            f" give it the file of `scr prove --from @{held}`"
        )


class SmallerError(IntegrityError):
    """A log is shown to a witness smaller than it has seen it."""

    def __init__(self, origin: str, size: int, held: int) -> None:
        super().__init__(
            f"{origin} is rolled back: this witness has signed it at size {held},"
            f" and is shown size {size}; keep the file as evidence"
        )


class UnknownWitnessError(WitnessError):
    """A cosignature is by no witness of the policy, or of no checkpoint on record."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the cosignature of {name} is by no witness of the policy over any"
            " checkpoint on record; see `scr witness policy` and `scr checkpoint`"
        )


class PolicyError(WitnessError):
    """A policy of witnesses that nobody could keep, or that says nothing."""

    def __init__(self, why: str) -> None:
        super().__init__(f"this policy cannot be: {why}; see docs/witnesses.md")


class FutureError(WitnessError):
    """A cosignature says that it was made later than now."""

    def __init__(self, name: str, at: int) -> None:
        super().__init__(
            f"the cosignature of {name} says that it was made {at} seconds after 1970,"
            " which is still to come; set its clock right, and sign again"
        )
