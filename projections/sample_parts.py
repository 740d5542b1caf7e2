"""Parts of a sample: the items with an answer, and of these those that are so."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ledger.domain.sampling import FINDINGS
from ledger.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from projections.populations import Population
    from projections.samples import Item

UNDETERMINED = "not-determinable"
_PREFIX = "attribute:"


class Group(NamedTuple):
    """Some of the items, under a name."""

    what: str
    items: list[Item]
    open: int = 0
    """So many of those before it have no answer to go by: none, one in dispute, or one
    without the second review that was asked for."""
    unsure: int = 0
    """So many of those before it are not determinable."""

    def open_words(self) -> Iterator[str]:
        """Yield how many have no answer to go by, if any."""
        if self.open:
            yield (
                f"{self.open:,} without an answer to {self.what} that holds and is"
                " reviewed as asked for"
            )

    def unsure_words(self) -> Iterator[str]:
        """Yield how many are not determinable, if any."""
        if self.unsure:
            yield f"{self.unsure:,} are not determinable for {self.what}"


def answer_of(item: Item, attribute: str) -> str | None:
    """Return the answer that holds; None if there is none, or two disagree."""
    held = item.answers.get(attribute)
    said = None if held is None else held.holds
    return None if said is None else said.answer


def check_attribute(attribute: str, items: Sequence[Item]) -> None:
    """Refuse an attribute that nobody answered.

    :raises UsageError: says which there are.
    """
    there = sorted({name for item in items for name in item.answers})
    if attribute not in there:
        known = f"there are {', '.join(there)}" if there else "nothing is recorded yet"
        message = f"no attribute {attribute} is answered; {known}"
        raise UsageError(message)


def levels_of(
    usable: Sequence[Item],
    population: Population,
    finding: tuple[str, str],
    then: Sequence[str],
    *,
    reviews: int,
) -> list[Group]:
    """Return the items with a finding, and each part of those before it.

    :param finding: attribute and answer.
    :param then: queries, or ``attribute:NAME=ANSWER``.
    :raises UsageError: one is neither, or of an attribute that nobody answered.
    """
    attribute, answer = finding
    kept = [item for item in usable if answer_of(item, attribute) == answer]
    levels = [Group(f"{attribute}={answer}", kept)]
    for query in then:
        if query.startswith(_PREFIX):
            level = _answered(query, usable, levels[-1].items, reviews)
        else:
            found = population.of(query)
            level = Group(query, [i for i in levels[-1].items if i.item in found])
        levels.append(level)
    return levels


def _answered(
    query: str, usable: Sequence[Item], before: Sequence[Item], reviews: int
) -> Group:
    name, _, answer = query.removeprefix(_PREFIX).partition("=")
    if answer not in FINDINGS:
        message = f"{query} is no attribute:NAME=ANSWER; answers are "
        raise UsageError(message + ", ".join(FINDINGS))
    check_attribute(name, usable)
    given = [answer_of(item, name) for item in before]
    unreviewed = [
        item.item
        for item in before
        if answer_of(item, name) is not None
        and reviews > 1
        and item.answers[name].second is None
    ]
    return Group(
        query,
        [item for item, said in zip(before, given, strict=True) if said == answer],
        given.count(None) + len(unreviewed),
        0 if answer == UNDETERMINED else given.count(UNDETERMINED),
    )
