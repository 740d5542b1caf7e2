"""Organizations: merged, unmerged, and merged again."""

from __future__ import annotations

import pytest

from ledger.domain import organization as organizations
from ledger.domain.organization import Organization
from tests.facts import given, merged, read, unmerged


@pytest.mark.parametrize(
    ("lines", "into"),
    [
        ([merged()], "O-2"),
        ([merged(), unmerged()], None),
        ([merged(), unmerged(), merged(into="O-3")], "O-3"),
        ([merged(), merged("O-2", "O-3")], "O-2"),
    ],
)
def test_what_facts_make_of_an_organization(lines, into):
    """
    It is merged into what the last merger says, until that is corrected.
    """
    assert given(*lines)["organization/O-1"] == Organization("O-1", into)


def test_an_organization_needs_no_filing():
    """
    It exists once it is named; nothing but a merger is refused or accepted of it.
    """
    assert organizations.evolve(None, read(merged())) == Organization("O-1", "O-2")
    organizations.refuse(None, read(merged()), lambda _: None)
