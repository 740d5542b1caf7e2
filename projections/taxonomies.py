"""Which taxonomy holds at a basis, and what one says that another does not.

Its versions are facts of one stream, each of them whole. As with measures, one holds
from when it was adopted, at positions from where it was recorded; the last visible one
is the one that holds.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from ledger.domain.fiscal import to_micros
from ledger.domain.taxonomy import STREAM, Taxonomy, from_json
from ledger.errors import FactDamagedError, NoTaxonomyError, UsageError
from projections.measures import instant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.reader import Log, Row
    from projections.basis import Basis

_NO_FACT = (KeyError, TypeError, ValueError, AttributeError, RecursionError)


class Loaded(NamedTuple):
    """A version of the taxonomy as the log has it."""

    taxonomy: Taxonomy
    hash: str
    """SHA-256 of the taxonomy as RFC 8785 JSON, in hex."""
    position: int
    known: int
    """From when it holds, in microseconds since 1970."""
    claimed: bool
    """Whether whoever recorded it said when it was adopted."""


def recorded(log: Log, upto: int) -> list[Loaded]:
    """Return the versions recorded up to a position, in order."""
    return [_loaded(row) for row in log.stream(STREAM, upto)]


def at(log: Log, basis: Basis) -> Loaded | None:
    """Return the taxonomy that holds at a basis: the last visible one, if any."""
    visible = [
        one for one in recorded(log, basis.position) if one.known <= basis.cutoff
    ]
    return visible[-1] if visible else None


def find(log: Log, basis: Basis, version: str | None) -> Loaded:
    """Return the taxonomy that holds at a basis, or a version recorded by then.

    :raises NoTaxonomyError: none holds at the basis.
    :raises UsageError: no such version is recorded.
    """
    if version is None:
        found = at(log, basis)
        if found is None:
            where = "at this basis"
            raise NoTaxonomyError(where)
        return found
    held = recorded(log, basis.position)
    for one in held:
        if str(one.taxonomy.version) == version:
            return one
    known = ", ".join(str(one.taxonomy.version) for one in held) or "none"
    message = f"the taxonomy has no version {version or repr('')}; there are: {known}"
    raise UsageError(message)


def _loaded(row: Row) -> Loaded:
    try:
        fields = json.loads(row.payload)
        adopted = fields.get("adopted_at")
        return Loaded(
            from_json(fields["taxonomy"]),
            fields["hash"],
            row.position,
            to_micros(datetime.fromisoformat(adopted or row.recorded_at)),
            adopted is not None,
        )
    except _NO_FACT as error:
        why = f"it is no taxonomy ({type(error).__name__}: {error})"
        raise FactDamagedError(row.position, why) from None


def as_json(loaded: Loaded) -> dict[str, object]:
    """Return what an answer says of the taxonomy it used."""
    return {
        "version": loaded.taxonomy.version,
        "hash": loaded.hash,
        "position": loaded.position,
        "adopted_at": instant(loaded.known),
        "claimed": loaded.claimed,
    }


# --- two of them ---------------------------------------------------------------


class Difference(NamedTuple):
    """One thing that one taxonomy says and the other does not."""

    category: str | None
    """None: it is about the taxonomy as a whole."""
    subcategory: str | None
    change: str
    """One of ``CHANGES``."""
    field: str | None
    """What changed; None of a category that came or went."""
    first: str | int | None
    second: str | int | None


CHANGES = ("came", "went", "changed")


def differences(first: Taxonomy, second: Taxonomy) -> list[Difference]:
    """Return all that differs but the version: the whole first, then by category."""
    return [*_whole(first, second), *_categories(first, second)]


def _whole(first: Taxonomy, second: Taxonomy) -> Iterator[Difference]:
    yield from _changed(None, None, _words(first), _words(second))


def _words(taxonomy: Taxonomy) -> dict[str, str | int | None]:
    limits = sorted(taxonomy.thresholds.items())
    return {
        "title": taxonomy.title,
        "source": taxonomy.source,
        **{f"thresholds.{rule}": value for rule, value in limits},
    }


def _categories(first: Taxonomy, second: Taxonomy) -> Iterator[Difference]:
    old, new = _flat(first), _flat(second)
    # None, the category itself, comes before its subcategories.
    for key in sorted(old.keys() | new.keys(), key=lambda one: (one[0], one[1] or "")):
        before, after = old.get(key), new.get(key)
        if before is None and after is not None:
            answer = after["requires_tco"]
            yield Difference(*key, "came", None, None, answer)
        elif after is None and before is not None:
            answer = before["requires_tco"]
            yield Difference(*key, "went", None, answer, None)
        elif before is not None and after is not None:
            yield from _changed(*key, before, after)


def _flat(
    taxonomy: Taxonomy,
) -> dict[tuple[str, str | None], dict[str, str | int | None]]:
    """Return each category and subcategory with what it says for itself."""
    found: dict[tuple[str, str | None], dict[str, str | int | None]] = {}
    for name, held in taxonomy.categories.items():
        found[name, None] = _said(held.requires_tco, held.criteria)
        for sub, part in held.subcategories.items():
            # What it does not say it has from its category.
            answer = part.requires_tco or held.requires_tco
            found[name, sub] = _said(answer, part.criteria)
    return found


def _said(requires_tco: str, criteria: str) -> dict[str, str | int | None]:
    return {"requires_tco": requires_tco, "criteria": criteria}


def _changed(
    category: str | None,
    subcategory: str | None,
    first: dict[str, str | int | None],
    second: dict[str, str | int | None],
) -> Iterator[Difference]:
    for field in {**first, **second}:
        old, new = first.get(field), second.get(field)
        if old != new:
            yield Difference(category, subcategory, "changed", field, old, new)
