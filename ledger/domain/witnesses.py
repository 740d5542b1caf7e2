"""Witnesses: whose cosignatures a publication needs, and which are on record.

The rules are those of docs/witnesses.md; they decide before a fact is appended, and
judge it when it is verified. Whether a cosignature holds is found out elsewhere
(``ledger.cosignatures``): here a witness has signed a size, at a time, or has not. A
witness is its public key, whatever it is called, so one is never counted as two.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from ledger.errors import FutureError, PolicyError, UnknownWitnessError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

STREAM = "witnesses"
MOST = 16
"""As many cosignatures as every reader of a signed note has to take (C2SP)."""
AHEAD_SECONDS = 300
"""How far the clock of a witness may be ahead of the ledger's."""


class Witness(NamedTuple):
    """Whose cosignatures are believed."""

    name: str
    vkey: str
    public: str
    """The key itself, in hex."""


class Policy(NamedTuple):
    """How many of which witnesses a publication needs; none: nobody is asked."""

    required: int = 0
    witnesses: tuple[Witness, ...] = ()


class Cosignature(NamedTuple):
    """That a witness has signed a checkpoint."""

    name: str
    public: str
    size: int
    at: int
    """When it says so, in seconds since 1970."""


class Witnessed(NamedTuple):
    """What is on record of witnesses."""

    policy: Policy = Policy()
    sizes: Mapping[int, frozenset[str]] = MappingProxyType({})
    """Which checkpoints are cosigned, by size, and by whose public key."""

    def covering(self, position: int, logs: Iterable[str]) -> tuple[Witness, ...]:
        """Return who of the policy has signed a log that holds a position.

        A witness signs a log only as one that begins with all it has signed before, so
        whoever signed a larger one has signed the position as well.

        :param logs: the public keys of the ledger itself, which witness nothing.
        """
        signed = frozenset[str]().union(
            *(keys for size, keys in self.sizes.items() if size >= position)
        ) - frozenset(logs)
        return tuple(one for one in self.policy.witnesses if one.public in signed)


def refuse_policy(said: Policy, logs: Iterable[str]) -> None:
    """Refuse a policy that nobody could keep, or that counts one as two.

    :param logs: the public keys that sign, or signed, for the ledger itself.
    :raises PolicyError: says why.
    """
    publics = [one.public for one in said.witnesses]
    names = {one.name for one in said.witnesses}
    why = None
    if len(publics) > MOST:
        why = f"it names more than {MOST} witnesses"
    elif len(set(publics)) < len(publics) or len(names) < len(publics):
        why = "it names one witness twice"
    elif not set(publics).isdisjoint(logs):
        why = "a key of the ledger cannot be its own witness"
    elif said.required > len(publics):
        why = f"it asks for {said.required} of {len(publics)} witnesses"
    elif bool(publics) != bool(said.required):
        why = "it names witnesses and asks for none of them"
    if why is not None:
        raise PolicyError(why)


def with_policy(held: Witnessed, said: Policy) -> Witnessed:
    """Return what is on record after a policy; the last one holds."""
    return held._replace(policy=said)


def refuse(held: Witnessed, said: Cosignature, now: int) -> None:
    """Refuse a cosignature by no witness of the policy, or of a time to come.

    :param now: when it is recorded, in seconds since 1970.
    :raises UnknownWitnessError: it is by no witness of the policy.
    :raises FutureError: it is of a time to come.
    """
    if said.public not in {one.public for one in held.policy.witnesses}:
        raise UnknownWitnessError(said.name)
    if said.at > now + AHEAD_SECONDS:
        raise FutureError(said.name, said.at)


def has(held: Witnessed, said: Cosignature) -> bool:
    """Whether the witness's cosignature of that size is on record."""
    return said.public in held.sizes.get(said.size, frozenset())


def evolve(held: Witnessed, said: Cosignature) -> Witnessed:
    """Return what is on record after a cosignature; it never argues."""
    keys = held.sizes.get(said.size, frozenset()) | {said.public}
    return held._replace(sizes=MappingProxyType({**held.sizes, said.size: keys}))
