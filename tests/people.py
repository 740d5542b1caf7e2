"""People for tests: those who act, from which account, and a slow model of them."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest import mock

from eventsourcing.persistence import StoredEvent
from hypothesis import strategies as st

from ledger import app
from ledger.domain.people import ROLES, Change
from tests.ledgers import Clock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.app import CaseLedger

CHIEF = "chief"
"""Who holds the role supervisor where a test needs somebody to."""


@contextmanager
def opened(path: str, account: str = "registry") -> Iterator[CaseLedger]:
    """
    Yield a ledger that is open for writing, from an account.
    """
    with mock.patch.object(app, "account", return_value=account):
        ledger, _ = app.open_ledger(path, clock=Clock())
        try:
            yield ledger
        finally:
            ledger.close()


def add(path: str, person: str, *roles: str, **said: Any):
    """
    Add a person, by default by the chief from the account `registry`.
    """
    said = {"by": CHIEF, "account_of": said.pop("account", None), **said}
    account = said.pop("from_account", "registry")
    with opened(path, account) as ledger:
        return ledger.add_person(person, roles=roles, **said)


def grant(path: str, person: str, *roles: str, by: str = CHIEF):
    """
    Grant roles.
    """
    with opened(path) as ledger:
        return ledger.grant(person, roles, by=by)


def revoke(path: str, person: str, *roles: str, by: str = CHIEF):
    """
    Revoke roles.
    """
    with opened(path) as ledger:
        return ledger.revoke(person, roles, reason="r", by=by)


def smuggle(path: str, stream: str, topic: str, **fields: Any) -> int:
    """
    Put a fact at the end of the log that nobody decided; return its position.
    """
    said = {"by": CHIEF, "run_by": "registry", **fields}
    with opened(path) as ledger, ledger.appender.appending() as appending:
        version = len(appending.positions(stream)) + 1
        kept = {name: value for name, value in said.items() if value is not None}
        text = json.dumps(kept, separators=(",", ":"), ensure_ascii=False)
        payload = text.encode()
        (position,) = appending.put([StoredEvent(stream, version, topic, payload)])
        return position


# --- a slow model --------------------------------------------------------------------


def changes() -> st.SearchStrategy[list[Change]]:
    """
    Draw facts about three people, of which some break the rules.
    """
    name = st.sampled_from(["ann", "ben", "chief"])
    role = st.sampled_from(ROLES[:3])
    account = st.sampled_from([None, "one", "two"])
    return st.lists(
        st.one_of(
            st.builds(
                Change,
                st.just("joined"),
                name,
                by=name,
                run_by=st.just("one"),
                account=account,
            ),
            st.builds(
                Change,
                st.sampled_from(["granted", "revoked"]),
                name,
                by=name,
                run_by=st.just("one"),
                role=role,
            ),
        ),
        max_size=30,
    )


def roles_of(facts: list[Change]) -> dict[str, set[str]]:
    """
    Return who holds what after some facts: the last one about a role decides.
    """
    people = {fact.person for fact in facts if fact.event == "joined"}
    return {
        person: {
            role
            for role in ROLES
            if [
                fact.event
                for fact in facts
                if (fact.person, fact.role) == (person, role)
            ][-1:]
            == ["granted"]
        }
        for person in people
    }
