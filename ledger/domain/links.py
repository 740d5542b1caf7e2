"""Chains from one id to another: duplicates among SCRs, mergers of organizations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.errors import ClosesCircleError, NamesItselfError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def check_link(
    field: str, subject: str, target: str, leads_to: Callable[[str], str | None]
) -> None:
    """Refuse a link from ``subject`` to ``target`` that leads back to ``subject``.

    :param leads_to: gives the end of the link an id has now, or None.
    :raises NamesItselfError: the target is the subject.
    :raises ClosesCircleError: the target leads to the subject.
    """
    if target == subject:
        raise NamesItselfError(field, subject)
    step: str | None = target
    seen = set()
    while step is not None and step not in seen:
        seen.add(step)
        step = leads_to(step)
        if step == subject:
            raise ClosesCircleError(field, subject, target)


def end_of_chain(start: str, links: Mapping[str, str]) -> str:
    """Return the id a chain ends in, or the smallest of the circle it runs into.

    No circle is ever recorded, but a view of part of the log can show one.
    """
    path = [start]
    seen = {start}
    while (step := links.get(path[-1])) is not None:
        if step in seen:
            return min(path[path.index(step) :])
        path.append(step)
        seen.add(step)
    return path[-1]
