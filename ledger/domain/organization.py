"""Organizations: two ids found to be one, and found not to be after all."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, assert_never

from ledger.domain.links import check_link
from ledger.errors import AlreadyMergedError, NotMergedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.domain.events import OrganizationEvent


class Organization(NamedTuple):
    """An organization as it stands; ``into`` is the id it is merged into, if any."""

    id: str
    into: str | None = None


def evolve(
    organization: Organization | None,  # noqa: ARG001 - the form of every evolve
    event: OrganizationEvent,
) -> Organization:
    """Return what ``event`` makes of an organization; it exists once it is named."""
    match event.event:
        case "merged":
            return Organization(event.organization, event.into)
        case "unmerged":
            return Organization(event.organization)
        case _:
            assert_never(event)


def refuse(
    organization: Organization | None,
    event: OrganizationEvent,
    leads_to: Callable[[str], str | None],
) -> None:
    """Refuse a merger of what is merged, an unmerger of what is not, and circles.

    :param leads_to: gives the organization a given one is merged into now, or None.
    :raises RuleError: the class names the rule.
    """
    into = organization.into if organization else None
    match event.event:
        case "merged":
            if into is not None:
                raise AlreadyMergedError(event.organization, into)
            check_link("into", event.organization, event.into, leads_to)
        case "unmerged":
            if into is None:
                raise NotMergedError(event.organization)
        case _:
            assert_never(event)
