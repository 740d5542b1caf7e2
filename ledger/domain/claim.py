"""A claim: that a measure has a value in a fiscal year, as far as was known.

What people type, and what of it is kept. Nothing here needs the parser of facts, so
that claims can be asked about without it.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from ledger.domain.fiscal import parse_fiscal_years
from ledger.errors import UsageError

Bound = Literal["all", "before", "through"]

# Compiled on first use, by `re` itself: most commands read no claim.
_CLAIM = (
    r"\s*(?P<measure>[^\s=@]+)(?:@(?P<version>[^\s=]*))?"
    r"\s+(?i:FY)?\s*(?P<year>[0-9]+)"
    r"\s*=\s*(?P<value>[0-9]{1,18}|[0-9]{1,3}(?:,[0-9]{3}){1,5})"
    r"(?:\s+(?i:as\s+of)\s+(?P<as_of>\S+))?\s*"
)


class Typed(NamedTuple):
    """A claim as somebody typed it."""

    measure: str
    version: str | None
    fiscal_year: int
    value: int
    as_of: str | None

    @property
    def name(self) -> str:
        """The measure, or the version of it that is claimed: ``apg@2``."""
        return named(self.measure, self.version)

    @property
    def figure(self) -> str:
        """What it is about, without the value: ``dd-all FY 2019 as of 2020-01-15``."""
        until = "" if self.as_of is None else f" as of {self.as_of}"
        return f"{self.name} FY {self.fiscal_year}{until}"


class Claim(NamedTuple):
    """A claim as it is kept: its cut-off is told, whatever it was typed as."""

    measure: str
    version: int | None
    """None: by the definition in force at the basis it is proved at."""
    fiscal_year: int
    value: int
    bound: Bound
    instant: int | None
    """Microseconds since 1970; None where there is no cut-off."""
    pinned: int | None
    """The position it is for ever proved at; None: at the head, wherever that is."""

    @property
    def name(self) -> str:
        """The measure, or the version of it that is claimed: ``apg@2``."""
        return named(self.measure, self.version)


class Proof(NamedTuple):
    """What a claim was proved by: the log up to a position, and a definition."""

    position: int
    root: str
    definition_hash: str


def named(measure: str, version: object) -> str:
    """Return a measure's name, with its version where that is given."""
    return measure if version is None else f"{measure}@{version}"


def typed(text: str) -> Typed:
    """Read ``MEASURE[@VERSION] [FY]YEAR = VALUE [as of WHEN]``.

    :raises UsageError: it is none, or there is no such fiscal year.
    """
    match = re.fullmatch(_CLAIM, text)
    if match is None:
        message = (
            f"{text or repr('')} is no claim; write MEASURE FYYEAR = VALUE, as"
            ' "dd-all FY2019 = 214", and after it `as of` a date, an instant or'
            " @POSITION if it is about what was known by then"
        )
        raise UsageError(message)
    try:
        (year,) = parse_fiscal_years(match["year"])
    except ValueError as error:
        raise UsageError(str(error)) from None
    value = int(match["value"].replace(",", ""))
    return Typed(match["measure"], match["version"], year, value, match["as_of"])
