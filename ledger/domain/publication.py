"""Publications: figures as some document printed them, sealed.

A publication is data, and it is hashed as RFC 8785 JSON. What can be computed of it is
computed again whenever it is verified; what cannot, such as what the document claims,
stands under the same seal (docs/publications.md).
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ledger.domain import restatement
from ledger.domain.restatement import Change, Previously, Supersedes
from ledger.errors import FieldError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Kind = Literal["computed", "as-printed", "restatement"]
Bound = Literal["all", "before", "through"]
Status = Literal["late-data", "error", "definition"]

STATUSES: tuple[Status, ...] = ("late-data", "error", "definition")
"""Why a figure is not what was printed of it last."""


class Rested(NamedTuple):
    """The basis a publication rests on, graded."""

    bound: Bound
    instant: str | None
    position: int
    root: str
    grade: str
    visible: int
    claimed: int


class Counted(NamedTuple):
    """A definition that figures were computed by."""

    measure: str
    version: int
    hash: str


class Last(NamedTuple):
    """What was printed of a figure the last time before."""

    publication: str
    value: int
    denominator: int | None = None


class Figure(NamedTuple):
    """One figure of a publication."""

    measure: str
    fiscal_year: int
    value: int
    """What the ledger gives."""
    counted: tuple[str, ...]
    """What is counted, sorted: SCRs; `SCR OUTCOME`; organizations; case numbers."""
    counted_sha256: str
    """Of these, each followed by a line feed."""
    denominator: int | None = None
    denominator_sha256: str | None = None
    target: float | None = None
    met: bool | None = None
    """None without a target, and of a part of nothing."""
    printed: int | None = None
    """What the document has, where it was printed before it was registered."""
    printed_as: str | None = None
    """How the document has it, in its own words."""
    supported: bool | None = None
    """Whether the ledger gives what was printed."""
    last: Last | None = None
    status: Status | None = None
    previously: Previously | None = None
    """Of a restatement: what the superseded publication shows."""
    changes: tuple[Change, ...] | None = None
    """Of a restatement: the parts of the difference to that."""
    denominator_changes: tuple[Change, ...] | None = None
    statuses: tuple[Status, ...] | None = None
    """Of a restatement: why it differs from that, all reasons."""
    members_root: str | None = None
    """The root over the salted leaves of what is counted (``ledger.tlog.members``), in
    hex; older publications have none."""

    @property
    def shown(self) -> int:
        """What the document shows: as printed, else as computed."""
        return self.value if self.printed is None else self.printed


NAME = r"^[A-Za-z][A-Za-z0-9._/-]{0,63}$"
NAME_TAKES = "must be 1 to 64 of A-Z a-z 0-9 . _ - /, a letter first"


def check_name(name: str) -> None:
    """Refuse what no publication can be named.

    :raises FieldError: it says what a name takes.
    """
    if re.fullmatch(NAME, name) is None:
        field = "publication"
        raise FieldError(field, NAME_TAKES)


class Ruled(NamedTuple):
    """What one rule of validation found."""

    rule: str
    severity: str
    failing: int
    waived: int
    threshold: float | None = None
    unknown: bool | None = None
    """True where it could not be judged, which is no pass; older ones do not say."""


class Gate(NamedTuple):
    """What validation said before a publication."""

    green: bool
    taxonomy: str | None
    """The hash of the taxonomy it was judged by; None where there was none."""
    rules: tuple[Ruled, ...]


class Publication(NamedTuple):
    """Everything that is sealed."""

    name: str
    kind: Kind
    document: str
    claims: str
    """What the document says that it measures, in its own words."""
    basis: Rested
    definitions: tuple[Counted, ...]
    figures: tuple[Figure, ...]
    claims_measure: Counted | None = None
    """The definition that is claimed, where the claim names a measure."""
    printed_on: str | None = None
    synthetic: bool = False
    gate: Gate | None = None
    override: str | None = None
    """Why it was published through a gate that was not green."""
    four_eyes: bool | None = None
    """Whether roles were asked for when it was published; older ones do not say."""
    supersedes: Supersedes | None = None
    """Of a restatement: what it takes the place of."""
    reason: str | None = None
    """Of a restatement: why, in words."""
    seal_salt: str | None = None
    """What nobody knows who has only what is printed: without it, guesses of who is
    counted could be tried against the seal. Older publications have none."""


def as_json(one: Publication) -> dict[str, Any]:
    """Return what is hashed and kept: plain JSON; what is absent is left out."""
    return {
        **_told(one),
        "basis": _present(one.basis),
        "definitions": [counted._asdict() for counted in one.definitions],
        "figures": [_figure(figure) for figure in one.figures],
        **(
            {}
            if one.claims_measure is None
            else {"claims_measure": one.claims_measure._asdict()}
        ),
        **({} if one.gate is None else {"gate": _gate(one.gate)}),
        **({} if one.supersedes is None else {"supersedes": one.supersedes._asdict()}),
    }


_PARTS = (
    "basis",
    "definitions",
    "figures",
    "claims_measure",
    "gate",
    "supersedes",
)


def _told(one: Publication) -> dict[str, Any]:
    told = {k: v for k, v in one._asdict().items() if k not in _PARTS and v is not None}
    if not one.synthetic:
        del told["synthetic"]
    return told


def _figure(one: Figure) -> dict[str, Any]:
    told = {k: v for k, v in one._asdict().items() if v is not None}
    told["counted"] = list(one.counted)
    if one.last is not None:
        told["last"] = _present(one.last)
    if one.previously is not None:
        told["previously"] = _present(one.previously)
    for name in _CHANGES:
        if name in told:
            told[name] = [_present(change) for change in told[name]]
    if one.statuses is not None:
        told["statuses"] = list(one.statuses)
    return told


_CHANGES = ("changes", "denominator_changes")


def _gate(one: Gate) -> dict[str, Any]:
    return {**_present(one), "rules": [_present(rule) for rule in one.rules]}


def _present(one: NamedTuple) -> dict[str, Any]:
    return {k: v for k, v in one._asdict().items() if v is not None}


def from_json(fields: Mapping[str, Any]) -> Publication:
    """Return a publication from what :func:`as_json` gives.

    :raises KeyError, TypeError: it is not of that form.
    """
    said = dict(fields)
    said["basis"] = Rested(**{"instant": None, **said["basis"]})
    said["definitions"] = tuple(Counted(**one) for one in said["definitions"])
    said["figures"] = tuple(_figure_from(one) for one in said["figures"])
    if "claims_measure" in said:
        said["claims_measure"] = Counted(**said["claims_measure"])
    if "gate" in said:
        gate = {"taxonomy": None, **said["gate"]}
        gate["rules"] = tuple(Ruled(**one) for one in gate["rules"])
        said["gate"] = Gate(**gate)
    if "supersedes" in said:
        said["supersedes"] = Supersedes(**said["supersedes"])
    return Publication(**said)


def _figure_from(fields: Mapping[str, Any]) -> Figure:
    said = dict(fields)
    said["counted"] = tuple(said["counted"])
    if "last" in said:
        said["last"] = Last(**said["last"])
    if "previously" in said:
        said["previously"] = Previously(**said["previously"])
    for name in _CHANGES:
        if name in said:
            said[name] = tuple(Change(**change) for change in said[name])
    if "statuses" in said:
        said["statuses"] = tuple(said["statuses"])
    return Figure(**said)


def canonical(one: Publication) -> bytes:
    """Return the RFC 8785 JSON of a publication: the bytes that are sealed."""
    import rfc8785

    return rfc8785.dumps(as_json(one))


def seal_of(one: Publication) -> str:
    """Return the SHA-256 of a publication's canonical bytes, in hex."""
    return sha256(canonical(one)).hexdigest()


def hash_of_set(units: Iterable[str]) -> str:
    """Return the SHA-256, in hex, of sorted units, each followed by a line feed."""
    text = "".join(f"{unit}\n" for unit in sorted(units))
    return sha256(text.encode()).hexdigest()


def disagreements(one: Publication) -> Iterator[str]:
    """Yield what in a publication does not agree with the rest of it.

    The same rules judge it before it is recorded and when it is verified.
    """
    computed = one.kind != "as-printed"
    yield from restatement.disagreements(one)
    if computed == (one.gate is None):
        yield "a computed publication went through a gate, one as printed did not"
    if one.gate is not None and one.gate.green and _left(one.gate):
        yield "a gate is not green where an error is left unwaived"
    if one.gate is not None and one.gate.green == (one.override is not None):
        yield "a gate that is not green is overridden with a reason, a green one is not"
    if (one.basis.bound == "all") != (one.basis.instant is None):
        yield "its basis has an instant, or is of all that was recorded"
    if computed == (one.printed_on is not None):
        yield "one as printed has a day of printing, a computed one has none"
    named = {(counted.measure, counted.hash) for counted in one.definitions}
    if len(named) != len(one.definitions):
        yield "a definition is named twice"
    seen: set[tuple[str, int]] = set()
    for figure in one.figures:
        about = f"{figure.measure} FY{figure.fiscal_year}"
        if (figure.measure, figure.fiscal_year) in seen:
            yield f"{about} is there twice"
        seen.add((figure.measure, figure.fiscal_year))
        if figure.measure not in {measure for measure, _ in named}:
            yield f"{about} has no definition"
        yield from (f"{about}: {why}" for why in _of_figure(figure, computed=computed))


def _left(gate: Gate) -> bool:
    return any(
        one.severity == "error" and (one.failing > one.waived or one.unknown)
        for one in gate.rules
    )


def _of_figure(figure: Figure, *, computed: bool) -> Iterator[str]:
    if list(figure.counted) != sorted(set(figure.counted)):
        yield "what is counted is not sorted, or named twice"
    if len(figure.counted) != figure.value:
        yield f"it names {len(figure.counted)} that count, and its value is another"
    if hash_of_set(figure.counted) != figure.counted_sha256:
        yield "the hash of what is counted is another"
    if (figure.printed is None) != computed:
        yield "only a figure as printed says what was printed"
    if figure.printed is not None:
        if figure.supported != (figure.printed == figure.value):
            yield "whether the ledger supports it is not what its values say"
    elif figure.supported is not None:
        yield "a computed figure needs no support"
    judged = figure.target is not None and figure.denominator != 0
    if judged != (figure.met is not None):
        yield "a target is met or unmet; none, or of a part of nothing, is neither"
    restated = figure.previously is not None  # Its statuses are told apart.
    due = differs(figure) and not restated
    if computed and due != (figure.status is not None):
        yield "a figure that is not what was printed last has a status, no other has"


def differs(figure: Figure) -> bool:
    """Whether a figure is not what was printed of it the last time."""
    last = figure.last
    return last is not None and (
        last.value != figure.shown or last.denominator != figure.denominator
    )


def lasts(one: Publication) -> dict[tuple[str, int], Last]:
    """Return what a publication prints: measure and fiscal year → what is last now."""
    return {
        (figure.measure, figure.fiscal_year): Last(
            one.name, figure.shown, figure.denominator
        )
        for figure in one.figures
    }


def stale(one: Publication, printed: Mapping[tuple[str, int], Last]) -> Iterator[str]:
    """Yield the figures that name another last printing than there was.

    :param printed: what was printed last before it, of every figure.
    """
    for figure in one.figures:
        if figure.last != printed.get((figure.measure, figure.fiscal_year)):
            about = f"{figure.measure} FY{figure.fiscal_year}"
            yield f"{about} was printed otherwise, or elsewhere, the last time"
