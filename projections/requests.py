"""Resource requests as they stand at a basis: what they ask, and what they cite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ledger.domain.claim import Claim, Proof
from ledger.errors import FactDamagedError, NoSuchRequestError, UsageError
from projections import basis as bases
from projections.knowing import Knowing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger.reader import Log
    from projections.basis import Basis, Bound
    from projections.knowing import Known

State = Literal["used", "declined", "undecided"]

STATES: tuple[State, ...] = ("used", "declined", "undecided")
"""It cites SCR data; it says why it does not; it says neither."""

PREFIX = "request/"
_UNREADABLE = (
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    RecursionError,
    UsageError,
)


class Citation(NamedTuple):
    """What a request cites: a figure, some SCRs, or both, at a cut-off."""

    request: str
    position: int
    recorded_at: str
    day: str
    by: str
    run_by: str
    note: str | None
    claim: Claim | None
    where: tuple[tuple[str, str | None], ...]
    """Of a figure: the cell that is meant."""
    scrs: tuple[str, ...]
    bound: Bound
    instant: int | None
    pinned: int | None
    proof: Proof

    @property
    def words(self) -> str:
        """What is cited, as people write it."""
        scrs = ", ".join(self.scrs)
        if self.claim is None:
            return scrs
        cell = "".join(f" {column}={value or 'none'}" for column, value in self.where)
        claim = self.claim
        figure = f"{claim.name} FY {claim.fiscal_year}{cell} = {claim.value:,}"
        return f"{figure}, {scrs}" if scrs else figure


class Request(NamedTuple):
    """A request as it stands."""

    request: str
    fiscal_year: int
    program: str | None
    office: str | None
    title: str | None
    amount: int
    positions: int
    submitted_on: str
    """As claimed, else the day of its recording."""
    claimed: bool
    position: int
    recorded_at: str
    by: str
    synthetic: bool
    citations: tuple[Citation, ...] = ()
    reason: str | None = None
    """Why it cites nothing, as was said last."""

    @property
    def state(self) -> State:
        """How it uses SCR data; a citation outranks a reason."""
        if self.citations:
            return "used"
        return "undecided" if self.reason is None else "declined"


def at(log: Log, basis: Basis) -> list[Request]:
    """Return the requests known at a basis, by fiscal year, then id.

    :raises FactDamagedError: what is kept is no request.
    """
    held: dict[str, Request] = {}
    for known in Knowing(log, basis).facts(log, PREFIX):
        try:
            _take(held, known)
        except _UNREADABLE as error:
            why = f"it is no fact about a request ({type(error).__name__}: {error})"
            raise FactDamagedError(known.position, why) from None
    return sorted(held.values(), key=lambda one: (one.fiscal_year, one.request))


def named(log: Log, basis: Basis, request: str) -> Request:
    """Return one request.

    :raises NoSuchRequestError: none of that id is known at the basis.
    """
    for one in at(log, basis):
        if one.request == request:
            return one
    raise NoSuchRequestError(request)


def chosen(
    every: Iterable[Request],
    *,
    years: range | None = None,
    program: str | None = None,
    office: str | None = None,
) -> list[Request]:
    """Return those of some fiscal years, a program, an office."""
    return [
        one
        for one in every
        if (years is None or one.fiscal_year in years)
        and program in (None, one.program)
        and office in (None, one.office)
    ]


def _take(held: dict[str, Request], known: Known) -> None:
    fields = known.fields
    name = fields["request"]
    match fields["event"]:
        case "requested":
            held[name] = _request(known)
        case _ if name not in held:
            pass  # Nothing is known of a request before its own day.
        case "cited":
            one = held[name]
            citations = (*one.citations, _citation(known))
            held[name] = one._replace(citations=citations)
        case "declined":
            held[name] = held[name]._replace(reason=str(fields["reason"]))
        case other:
            why = f"{other} is no event of a request"
            raise FactDamagedError(known.position, why)


def _request(known: Known) -> Request:
    fields = known.fields
    numbers = ("fiscal_year", "amount", "positions")
    year, amount, positions = (int(fields[name]) for name in numbers)
    if not bases.FIRST_YEAR <= year <= bases.LAST_YEAR + 1:
        raise ValueError(year)
    return Request(
        str(fields["request"]),
        year,
        fields.get("program"),
        fields.get("office"),
        fields.get("title"),
        amount,
        positions,
        known.day,
        known.claimed,
        known.position,
        known.recorded_at,
        str(fields["by"]),
        bool(fields.get("synthetic")),
    )


def _citation(known: Known) -> Citation:
    fields = known.fields
    match fields:
        case {
            "bound": ("all" | "before" | "through") as bound,
            "proved_position": int(position),
            "proved_root": str(root),
        }:
            pass
        case _:
            raise ValueError(fields["event"])
    instant = None if bound == "all" else bases.printed_instant(fields["instant"])
    pinned = fields.get("pinned")
    figure: dict[str, Any] | None = fields.get("figure")
    claim, where, digest = None, (), ""
    if figure is not None:
        year, value = int(figure["fiscal_year"]), int(figure["value"])
        if not bases.FIRST_YEAR <= year <= bases.LAST_YEAR + 1:
            raise ValueError(year)
        claim = Claim(
            str(figure["measure"]),
            figure.get("version"),
            year,
            value,
            bound,
            instant,
            pinned,
        )
        where = tuple(sorted(figure.get("where", {}).items()))
        digest = str(figure["definition_hash"])
    return Citation(
        str(fields["request"]),
        known.position,
        known.recorded_at,
        known.day,
        str(fields["by"]),
        str(fields["run_by"]),
        fields.get("note"),
        claim,
        where,
        tuple(map(str, fields.get("scrs", ()))),
        bound,
        instant,
        pinned,
        Proof(position, root, digest),
    )
