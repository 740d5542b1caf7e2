"""Definitions, taxonomies, assertions, publications and samples, on replay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.domain import assertion as assertions
from ledger.domain import measure as measures
from ledger.domain import publication as publications
from ledger.domain import restatement as restatements
from ledger.domain import sampling
from ledger.domain import taxonomy as taxonomies
from ledger.domain.claim import named
from ledger.domain.events import (
    Categorized,
    Defined,
    Drawn,
    Framed,
    Marked,
    Published,
    Retracted,
    Summarized,
    Withdrawn,
)
from ledger.errors import (
    LedgerError,
    MeasureError,
)
from ledger.fsck.found import Finding
from ledger.fsck.state import State, instant_of
from ledger.members import miscommitted, summary_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.domain.events import (
        AssertionEvent,
        MeasureEvent,
        SampleEvent,
    )


class Figures(State):
    """Holds what is said of figures against what it is said of."""

    def _measure(
        self, position: int, fact: MeasureEvent, recorded_at: str
    ) -> Iterator[Finding]:
        if isinstance(fact, Defined):
            for why in measures.disagreements(fact):
                yield Finding(position, "definition", why)
            self._definitions[fact.measure, fact.hash] = fact.version
        recorded = instant_of(recorded_at)
        if recorded is None:  # That is a finding already.
            return
        standing = self._measures.get(fact.measure)
        try:
            measures.refuse(standing, fact, recorded, self._measures.get)
        except MeasureError as error:
            yield Finding(position, "definition", str(error))
        self._measures[fact.measure] = measures.evolve(standing, fact, recorded)

    def _assertion(self, position: int, fact: AssertionEvent) -> Iterator[Finding]:
        try:
            assertions.refuse(self._assertions, fact, position - 1)
        except LedgerError as error:
            yield Finding(position, "assertion", str(error))
        about, stands = assertions.after(fact, position)
        self._assertions[about] = stands
        if isinstance(fact, Withdrawn):
            return
        proof = (fact.proved_position, fact.proved_root)
        self.proofs.append((position, *proof, "assertion"))
        version = self._definitions.get((fact.measure, fact.definition_hash))
        if version is None or fact.version not in (None, version):
            name = named(fact.measure, fact.version)
            why = f"no definition of {name} before it has the hash it names"
            yield Finding(position, "assertion", why)

    def _publication(self, position: int, fact: Published) -> Iterator[Finding]:
        content = publications.from_json(
            fact.content.model_dump(mode="json", exclude_none=True)
        )
        if publications.seal_of(content) != fact.seal:
            yield Finding(position, "publication", "its seal is of another content")
        if content.name != fact.publication or self._versions[fact.stream] > 1:
            yield Finding(position, "publication", "its name is another, or taken")
        if content.four_eyes not in (None, self._people.four_eyes):
            why = "whether four eyes were on is not what it says"
            yield Finding(position, "publication", why)
        for why in publications.disagreements(content):
            yield Finding(position, "publication", why)
        for why in miscommitted(content, fact.members_secret):
            yield Finding(position, "publication", why)
        for why in publications.stale(content, self._printed):
            yield Finding(position, "publication", why)
        for why in restatements.misplaced(content, self._printings):
            yield Finding(position, "publication", why)
        said = summary_of(content, fact.seal)
        self._summaries[content.name] = (
            fact.seal,
            [one._asdict() for one in said.figures],
        )
        self._printed |= publications.lasts(content)
        self._printings |= restatements.published(self._printings, content, fact.seal)
        for one in (*content.definitions, *filter(None, [content.claims_measure])):
            if self._definitions.get((one.measure, one.hash)) != one.version:
                why = f"no definition of {one.measure} before it has the hash it names"
                yield Finding(position, "publication", why)
        basis = content.basis
        if basis.position >= position:
            why = (
                f"it rests on @{basis.position}, and the log goes up to @{position - 1}"
            )
            yield Finding(position, "publication", why)
        self.proofs.append((position, basis.position, basis.root, "publication"))

    def _summary(self, position: int, fact: Summarized) -> Iterator[Finding]:
        figures = self._summaries.pop(fact.publication, None)
        if figures is None:
            why = "it sums up no publication, or one that is summed up already"
            yield Finding(position, "publication", why)
        elif figures != (fact.seal, [one.model_dump() for one in fact.figures]):
            why = "it says otherwise than the publication what that one prints"
            yield Finding(position, "publication", why)

    def _said_of(self, position: int, fact: Marked | Retracted) -> Iterator[Finding]:
        try:
            restatements.refuse(self._printings, fact)
        except LedgerError as error:
            yield Finding(position, "publication", str(error))
        self._printings |= restatements.said(self._printings, fact)

    def _categories(
        self, position: int, fact: Categorized, recorded_at: str
    ) -> Iterator[Finding]:
        for why in taxonomies.disagreements(fact):
            yield Finding(position, "taxonomy", why)
        recorded = instant_of(recorded_at)
        if recorded is None:  # That is a finding already.
            return
        try:
            taxonomies.refuse(self._taxonomy, fact, recorded)
        except MeasureError as error:
            yield Finding(position, "taxonomy", str(error))
        self._taxonomy = taxonomies.evolve(fact, recorded)

    def _sample(self, position: int, fact: SampleEvent) -> Iterator[Finding]:
        act = sampling.act_of(fact.model_dump(mode="json", exclude_none=True))
        held = self._samples.get(fact.sample)
        try:
            sampling.refuse(held, act)
            self._samples[fact.sample] = sampling.evolve(held, act, position)
        except LedgerError as error:
            yield Finding(position, "sample", str(error))
        if isinstance(fact, Framed):
            basis = fact.basis
            if basis.position >= position:
                yield Finding(position, "sample", "its basis is beyond it")
            self.proofs.append((position, basis.position, basis.root, "sample"))
        if isinstance(fact, Drawn) and fact.seed_position is not None:
            proof = (fact.seed_position, fact.seed)
            self.proofs.append((position, *proof, "sample"))
