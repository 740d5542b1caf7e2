"""Correction packages: facts that two people stand behind, proposed and then agreed to.

Whoever proposed or amended a package cannot agree to it. Agreement names the hash of
exactly what is agreed to: the package as it stands, and how long the histories of its
subjects were, so that it fails if anything moved since it was looked at
(docs/corrections.md).
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, Literal, NamedTuple, assert_never

from ledger.domain.corrections import CORRECTIONS
from ledger.domain.events import Agreed, Amended, Proposed, Recalled, Rejected
from ledger.domain.people import normal
from ledger.errors import (
    FindingsKeptError,
    NoSuchPackageError,
    NoSuchSampleError,
    NotAFindingError,
    PackageChangedError,
    PackageDecidedError,
    SelfApprovalError,
    UnknownAuthorError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ledger.domain.events import PackageBody, PackageEvent
    from ledger.domain.people import People
    from ledger.domain.sampling import Sample

State = Literal["proposed", "agreed", "rejected", "recalled"]

EVENTS = (
    "determined",
    "classified",
    "approved",
    "returned",
    "transferred",
    "merged",
    *CORRECTIONS,
)
"""What a package may bring: corrections, and what should have been said in time."""

PREFIX = "correction/"
_NAME = re.compile(r"C-[1-9][0-9]{0,8}")


class Package(NamedTuple):
    """A package as it stands."""

    id: str
    state: State
    content: PackageBody
    proposer: str
    authors: tuple[str, ...]
    """Who proposed or amended it, as they wrote themselves, in that order."""


def is_name(text: str) -> bool:
    """Whether a package can be named so: C- and a number."""
    return _NAME.fullmatch(text) is not None


def check_name(name: str) -> None:
    """Refuse what no package can be named, whatever is recorded.

    :raises NoSuchPackageError: it is not C- and a number.
    """
    if not is_name(name):
        raise NoSuchPackageError(name)


def content_hash(content: PackageBody) -> str:
    """Return the SHA-256, in hex, of what a package says, as RFC 8785 JSON."""
    return _hash(content.model_dump(mode="json", exclude_none=True))


def hash_of(package: str, content: PackageBody, lengths: Mapping[str, int]) -> str:
    """Return the SHA-256, in hex, of what is agreed to.

    :param lengths: the streams the package touches, and how many facts each has.
    """
    said = content.model_dump(mode="json", exclude_none=True)
    return _hash({"package": package, "content": said, "lengths": dict(lengths)})


def _hash(value: object) -> str:
    import rfc8785

    return sha256(rfc8785.dumps(value)).hexdigest()  # type: ignore[arg-type]


def touched(content: PackageBody) -> list[str]:
    """Return the streams whose state decides about a package, sorted."""
    found: set[str] = set()
    for item in content.items:
        for field, kind in (
            ("scr", "scr"),
            ("duplicate_of", "scr"),
            ("organization", "organization"),
            ("into", "organization"),
        ):
            if field in item and not (field == "organization" and "scr" in item):
                found.add(f"{kind}/{item[field]}")
    if content.findings is not None:
        found.add(f"sample/{content.findings.sample}")
    return sorted(found)


def evolve(held: Package | None, fact: PackageEvent) -> Package:
    """Return what a fact makes of a package."""
    if isinstance(fact, Proposed):
        return Package(fact.package, "proposed", fact.content, fact.by, (fact.by,))
    assert held is not None  # `refuse` has seen to it.
    match fact:
        case Amended():
            return held._replace(content=fact.content, authors=(*held.authors, fact.by))
        case Agreed():
            return held._replace(state="agreed")
        case Rejected():
            return held._replace(state="rejected")
        case Recalled():
            return held._replace(state="recalled")
        case _:
            assert_never(fact)


def said_of(held: Package | None, fact: PackageEvent) -> PackageBody | None:
    """Return what a fact proposes or agrees to; None if it does neither."""
    if isinstance(fact, Proposed | Amended):
        return fact.content
    return held.content if isinstance(fact, Agreed) and held is not None else None


def refuse_unfounded(package: str, content: PackageBody, sample: Sample | None) -> None:
    """Refuse corrections for which no finding of the sample they name stands.

    :param sample: as it stands when they are proposed, amended or agreed to.
    :raises NoSuchSampleError: no frame of that name is sealed.
    :raises NotAFindingError: an item is of an SCR of which something else was found,
        nothing, or what two reviews disagree on.
    """
    of = content.findings
    if of is None:
        return
    if sample is None:
        raise NoSuchSampleError(of.sample)
    for item in content.items:
        about = item.get("scr")
        answered = sample.answers.get((about or "", of.attribute))
        said = None if answered is None else answered.holds
        if said is None or said.answer != of.answer:
            subject = about or item.get("organization") or ""
            finding = f"{of.attribute}={of.answer}"
            raise NotAFindingError(package, subject, of.sample, finding)


def approvers(people: People, held: Package | None) -> list[str]:
    """Return the ids of those who may agree to a package: approvers, no authors."""
    authors = set() if held is None else {normal(name) for name in held.authors}
    return [one for one in people.holders(("approver",)) if normal(one) not in authors]


def refuse_strangers(people: People, held: Package) -> None:
    """Refuse to agree to a package of somebody who is no person of the ledger.

    Nobody could say that it is not the one who agrees.

    :param people: those on record, where four eyes are on.
    :raises UnknownAuthorError: an author is none of them.
    """
    strangers = [name for name in held.authors if people.find(name) is None]
    if people.persons and strangers and not people.solo:
        raise UnknownAuthorError(held.id, strangers[0])


def refuse(
    held: Package | None,
    fact: PackageEvent,
    lengths: Mapping[str, int],
    *,
    four_eyes: bool,
    approvers: Sequence[str] = (),
) -> None:
    """Refuse a fact that may not follow what is recorded of a package.

    :param lengths: how many facts each stream has that the package touches.
    :param four_eyes: whether two people are asked for in this ledger.
    :param approvers: who may agree to it, to be named where somebody else may not.
    :raises NoSuchPackageError: there is none.
    :raises PackageDecidedError: it was agreed to, rejected or recalled before.
    :raises SelfApprovalError: who agrees proposed or amended it.
    :raises FindingsKeptError: an amendment names other findings, or none.
    :raises PackageChangedError: what is agreed to is not what stands now.
    """
    if isinstance(fact, Proposed):
        if held is not None:
            raise PackageDecidedError(held.id, "proposed")
        return
    if held is None:
        raise NoSuchPackageError(fact.package)
    if held.state != "proposed":
        raise PackageDecidedError(held.id, held.state)
    if isinstance(fact, Amended) and fact.content.findings != held.content.findings:
        raise FindingsKeptError(held.id)
    if isinstance(fact, Agreed):
        if four_eyes and normal(fact.by) in {normal(name) for name in held.authors}:
            raise SelfApprovalError(held.id, fact.by, held.authors, approvers)
        if fact.hash != hash_of(held.id, held.content, lengths):
            raise PackageChangedError(held.id)
