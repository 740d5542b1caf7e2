"""Facts: one frozen class per thing that can have happened, and the one parser.

A fact is read from a file, kept and read back in the same form: one JSON object
(docs/interchange.md). Every case fact has a day in the world, ``effective_on``;
``known_at`` is present only where a source claims it. When the ledger recorded a
fact, and at which position, is not part of the object: the ledger alone sets it.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Literal,
    TypeGuard,
    TypeVar,
    get_args,
)

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from ledger.domain.check import PATTERN as CHECK_PATTERN
from ledger.domain.corrections import REASON_CODES
from ledger.domain.corrections import ReasonCode as AnyReason
from ledger.domain.keys import CHECKPOINTS as CHECKPOINTS_STREAM
from ledger.domain.keys import STREAM as KEYS_STREAM
from ledger.domain.people import ROLES, Role
from ledger.domain.people import STREAM as PEOPLE_STREAM
from ledger.domain.publication import NAME as PUBLICATION_NAME
from ledger.domain.publication import NAME_TAKES as PUBLICATION_NAME_TAKES
from ledger.domain.restatement import Cause, Part
from ledger.domain.taxonomy import STREAM as TAXONOMY_STREAM
from ledger.domain.taxonomy import Threshold
from ledger.domain.witnesses import MOST as WITNESSES_MOST
from ledger.domain.witnesses import STREAM as WITNESSES_STREAM

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic_core import ErrorDetails

# --- the values fields take (docs/interchange.md, "Values") ------------------

_DAY = r"^(19|2[0-9])[0-9]{2}-[0-9]{2}-[0-9]{2}$"
_INSTANT = (
    r"^(19|2[0-9])[0-9]{2}-[0-9]{2}-[0-9]{2}[Tt]"
    r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?"
    r"([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)
_ID = r"^[A-Za-z0-9._/-]{1,64}$"
# At least one character that is not white space; no control character anywhere.
_TEXT = r"^\P{Cc}*[^\p{Cc}\p{White_Space}]\P{Cc}*$"

# An instant is shown and exported in UTC, and must be one that can be read again.
_FIRST_INSTANT = datetime(1900, 1, 1, tzinfo=UTC)
_LAST_INSTANT = datetime(2999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)

MAX_LINE_BYTES = 262_144
"""A fact with every field full and all of it escaped has less than 100,000; a longer
line is refused unread."""


def _worded(schema: CoreSchema, kind: str, words: str) -> CoreSchema:
    """Give every failure of ``schema`` one sentence of ours."""
    return core_schema.custom_error_schema(
        schema, custom_error_type=kind, custom_error_message=words
    )


class _Day:
    @classmethod
    def __get_pydantic_core_schema__(
        cls, _source: Any, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return _worded(
            core_schema.chain_schema(
                [
                    core_schema.str_schema(pattern=_DAY, strict=True),
                    core_schema.date_schema(strict=False),
                ]
            ),
            "day",
            "must be a date YYYY-MM-DD, years 1900 to 2999",
        )


class _Instant:
    @classmethod
    def __get_pydantic_core_schema__(
        cls, _source: Any, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return _worded(
            core_schema.chain_schema(
                [
                    core_schema.str_schema(pattern=_INSTANT, strict=True),
                    core_schema.datetime_schema(
                        strict=False,
                        tz_constraint="aware",
                        ge=_FIRST_INSTANT,
                        le=_LAST_INSTANT,
                    ),
                ]
            ),
            "instant",
            "must be a date-time with seconds and offset, such as"
            " 2019-03-06T15:00:00Z, with at most six decimals, years 1900 to 2999",
        )


class _Id:
    @classmethod
    def __get_pydantic_core_schema__(
        cls, _source: Any, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return _worded(
            core_schema.str_schema(pattern=_ID, strict=True),
            "id",
            "must be an id: 1 to 64 of A-Z a-z 0-9 . _ - /",
        )


class _Text:
    def __init__(self, longest: int) -> None:
        self.longest = longest

    def __get_pydantic_core_schema__(
        self, _source: Any, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return _worded(
            core_schema.str_schema(pattern=_TEXT, max_length=self.longest, strict=True),
            "text",
            f"must be text of 1 to {self.longest:,} characters, not only spaces,"
            " without control characters",
        )


class _Absent:
    """The field may be left out; ``null`` is refused all the same."""

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        schema = handler(source)
        assert schema["type"] == "nullable"  # Only ever put on `X | None`.
        inner: CoreSchema = schema["schema"]
        return inner


class _Says:
    """Gives every failure of what stands before it one sentence."""

    def __init__(self, kind: str, words: str) -> None:
        self.kind, self.words = kind, words

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return _worded(handler(source), self.kind, self.words)


Day = Annotated[date, _Day]
Instant = Annotated[datetime, _Instant]
Id = Annotated[str, _Id]
Text = Annotated[str, _Text(200)]
LongText = Annotated[str, _Text(2000)]
Answer = Annotated[
    Literal["yes", "no", "unknown"], _Says("answer", "must be yes, no or unknown")
]
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
OptionalDay = Annotated[Day | None, _Absent]
OptionalInstant = Annotated[Instant | None, _Absent]
OptionalId = Annotated[Id | None, _Absent]
OptionalText = Annotated[Text | None, _Absent]
OptionalLongText = Annotated[LongText | None, _Absent]
OptionalAnswer = Annotated[Answer | None, _Absent]
OptionalHash = Annotated[Hash | None, _Absent]

# --- what every fact carries -------------------------------------------------


class _Base(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, validate_by_name=False
    )

    topic: ClassVar[str]


class _OnScr(BaseModel):
    scr: Id


class _OnOrganization(BaseModel):
    organization: Id


class _Common(_Base):
    """The fields any case fact may have (docs/events/index.md)."""

    event: str
    effective_on: Day
    known_at: OptionalInstant = None
    by: Text
    source: OptionalText = None
    note: OptionalLongText = None
    evidence: OptionalText = None
    correction: OptionalText = None
    forced: OptionalText = None
    command_id: OptionalText = None
    recorded_by: OptionalText = None
    """The account that ran a live command; the ledger sets it, a file may not."""


class ScrFact(_Common, _OnScr):
    """A fact about one Significant Case Report."""

    @property
    def stream(self) -> str:
        """The stream the fact belongs to."""
        return f"scr/{self.scr}"

    @property
    def subject(self) -> str:
        """The id of the SCR."""
        return self.scr


class OrganizationFact(_Common, _OnOrganization):
    """A fact about one organization."""

    @property
    def stream(self) -> str:
        """The stream the fact belongs to."""
        return f"organization/{self.organization}"

    @property
    def subject(self) -> str:
        """The id of the organization."""
        return self.organization


# --- facts about SCRs --------------------------------------------------------


class Filed(ScrFact):
    """The SCR exists."""

    topic = "scr.filed/1"
    event: Literal["filed"]
    case_number: Text
    office: Text
    program: OptionalText = None
    title: OptionalLongText = None


class Classified(ScrFact):
    """The SCR has this category and subcategory; may recur."""

    topic = "scr.classified/1"
    event: Literal["classified"]
    category: Text
    subcategory: Text


class _Determination(ScrFact):
    association: Answer
    transnational: Answer
    high_threat: OptionalAnswer = None
    organization: OptionalId = None
    definition: OptionalText = None
    since: OptionalDay = Field(default=None, alias="from")
    """Holds for outcomes dated on or after this day; left out: for all."""


class Determined(_Determination):
    """Whether the entity meets the TCO definition, element by element; may recur."""

    topic = "scr.determined/1"
    event: Literal["determined"]


class Approved(ScrFact):
    """The panel accepted the SCR or, with ``outcome``, that outcome."""

    topic = "scr.approved/1"
    event: Literal["approved"]
    outcome: OptionalId = None
    panel: OptionalText = None


class Returned(ScrFact):
    """The panel sent the SCR, or that outcome, back."""

    topic = "scr.returned/1"
    event: Literal["returned"]
    reason: LongText
    outcome: OptionalId = None


class Disrupted(ScrFact):
    """A disruption happened on ``effective_on``."""

    topic = "scr.disrupted/1"
    event: Literal["disrupted"]
    outcome: Id


class Dismantled(ScrFact):
    """A dismantlement happened on ``effective_on``."""

    topic = "scr.dismantled/1"
    event: Literal["dismantled"]
    outcome: Id


class Transferred(ScrFact):
    """Another office has the SCR."""

    topic = "scr.transferred/1"
    event: Literal["transferred"]
    office: Text
    program: OptionalText = None


class Reopened(ScrFact):
    """Work resumed; changes no count."""

    topic = "scr.reopened/1"
    event: Literal["reopened"]
    reason: LongText


class Reclassified(ScrFact):
    """Correction: the category should have been this."""

    topic = "scr.reclassified/1"
    event: Literal["reclassified"]
    category: Text
    subcategory: Text
    reason: LongText


class Redetermined(_Determination):
    """Correction of a determination."""

    topic = "scr.redetermined/1"
    event: Literal["redetermined"]
    reason: LongText


class Redated(ScrFact):
    """Correction: that outcome happened on ``effective_on``."""

    topic = "scr.redated/1"
    event: Literal["redated"]
    outcome: Id
    reason: LongText


class Reversed(ScrFact):
    """Correction: that outcome does not stand."""

    topic = "scr.reversed/1"
    event: Literal["reversed"]
    outcome: Id
    reason: LongText


class Rescinded(ScrFact):
    """Correction: the approval of the SCR, or of that outcome, does not stand."""

    topic = "scr.rescinded/1"
    event: Literal["rescinded"]
    reason: LongText
    outcome: OptionalId = None


class Refiled(ScrFact):
    """Correction of what was filed."""

    topic = "scr.refiled/1"
    event: Literal["refiled"]
    reason: LongText
    case_number: OptionalText = None
    office: OptionalText = None
    program: OptionalText = None
    title: OptionalLongText = None


class Voided(ScrFact):
    """Correction: the SCR does not stand."""

    topic = "scr.voided/1"
    event: Literal["voided"]
    reason: LongText
    duplicate_of: OptionalId = None


class Reinstated(ScrFact):
    """Correction: a voided SCR stands again."""

    topic = "scr.reinstated/1"
    event: Literal["reinstated"]
    reason: LongText


# --- facts about organizations -----------------------------------------------


class Merged(OrganizationFact):
    """The two ids are one organization."""

    topic = "organization.merged/1"
    event: Literal["merged"]
    into: Id
    reason: LongText


class Unmerged(OrganizationFact):
    """Correction: they are not."""

    topic = "organization.unmerged/1"
    event: Literal["unmerged"]
    reason: LongText


# --- the ledger's own facts --------------------------------------------------

LEDGER_STREAM = "ledger"
WAIVERS_STREAM = "waivers"


class _LedgerFact(_Base):
    @property
    def stream(self) -> str:
        """The one stream of the ledger's own facts."""
        return LEDGER_STREAM


class Opened(_LedgerFact):
    """The ledger exists, under this identity; always at position 1."""

    topic = "ledger.opened/1"
    event: Literal["opened"]
    ledger_id: Id
    name: Text
    timezone: Text
    solo: Annotated[Literal[True] | None, _Absent] = None
    """That it is one person's for ever: nobody is added, four eyes stay off."""


class Imported(_LedgerFact):
    """A file was loaded; the facts it added stand right before this one."""

    topic = "ledger.imported/1"
    event: Literal["imported"]
    file: Text
    sha256: Hash
    rows: Annotated[int, Field(ge=0)]
    added: dict[Text, Annotated[int, Field(ge=0)]]
    already_recorded: Annotated[int, Field(ge=0)]
    set_aside: Annotated[int, Field(ge=0)]
    anomalies: dict[Text, Annotated[int, Field(ge=0)]]
    run_by: Text
    source: OptionalText = None
    map: OptionalText = None
    """The name of the map a table was read through."""
    map_sha256: OptionalHash = None
    snapshot_at: OptionalInstant = None
    """Of an extract: when what it shows was known."""


# --- measure definitions -----------------------------------------------------

_MEASURE = r"^[a-z][a-z0-9-]{0,63}$"
_YEAR = r"^(19|2[0-9])[0-9]{2}$"


class _Measure:
    @classmethod
    def __get_pydantic_core_schema__(
        cls, _source: Any, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return _worded(
            core_schema.str_schema(pattern=_MEASURE, strict=True),
            "measure",
            "must be 1 to 64 of a-z 0-9 -, a letter first",
        )


def _distinct(values: list[Any]) -> list[Any]:
    if len(set(values)) < len(values):
        message = "must not name anything twice"
        raise ValueError(message)
    return values


MeasureId = Annotated[str, _Measure]
Version = Annotated[
    int,
    Field(ge=1, le=1_000_000),
    _Says("version", "must be a whole number from 1 to 1,000,000"),
]
_Some = Annotated[
    list[Text], Field(min_length=1, max_length=1_000), AfterValidator(_distinct)
]
_Answers = Annotated[list[Answer], Field(min_length=1), AfterValidator(_distinct)]
_Kinds = Annotated[
    list[
        Annotated[
            Literal["disruption", "dismantlement", "first-approval"],
            _Says("kind", "must be disruption, dismantlement or first-approval"),
        ]
    ],
    Field(min_length=1),
    AfterValidator(_distinct),
]
_Year = Annotated[
    str,
    Field(pattern=_YEAR),
    _Says("year", "is not a fiscal year, such as 2024, from 1900 to 2999"),
]
_Target = Annotated[
    int | float,
    Field(ge=0, le=1e12, allow_inf_nan=False),
    _Says("target", "must be a number from 0 to 1,000,000,000,000"),
]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class PopulationClauses(_Part):
    """Which observations a measure takes (``definitions.Population``)."""

    approved: bool = True
    tco: Annotated[_Answers | None, _Absent] = None
    high_threat: Annotated[_Answers | None, _Absent] = None
    categories: Annotated[_Some | None, _Absent] = None
    categories_except: Annotated[_Some | None, _Absent] = None
    offices: Annotated[_Some | None, _Absent] = None
    offices_except: Annotated[_Some | None, _Absent] = None


class DataQualityStatements(_Part):
    """What 31 USC 1116(c)(6) asks of a measure that is reported."""

    verification: LongText
    sources: LongText
    accuracy: LongText
    limitations: LongText
    compensation: LongText


class DefinitionBody(_Part):
    """One version of a measure (``definitions.Definition``)."""

    id: MeasureId
    version: Version
    title: Text
    owner: Text
    source: Text
    unit: Annotated[
        Literal["scr", "outcome", "organization", "case"],
        _Says("unit", "must be scr, outcome, organization or case"),
    ]
    kinds: _Kinds
    population: PopulationClauses = PopulationClauses()
    attribution: Annotated[
        Literal["outcome", "outcome-approval", "scr-approval"],
        _Says("attribution", "must be outcome, outcome-approval or scr-approval"),
    ] = "outcome"
    once: Annotated[
        Literal["per-year", "ever"], _Says("once", "must be per-year or ever")
    ] = "per-year"
    denominator: Annotated[MeasureId | None, _Absent] = None
    targets: dict[_Year, _Target] = {}
    data_quality: DataQualityStatements

    @model_validator(mode="after")
    def _consistent(self) -> DefinitionBody:
        for field, rule in contradictions(self.model_dump()):
            message = f"{field}: {rule}"
            raise ValueError(message)
        return self


def contradictions(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what a definition says that cannot go together: field and rule.

    The body may hold anything; what is no value of its field contradicts nothing.
    """
    unit, kinds, once = body.get("unit"), body.get("kinds"), body.get("once")
    entered = isinstance(kinds, list) and "first-approval" in kinds
    population = body.get("population")
    lists = population if isinstance(population, dict) else {}
    found = [
        (f"population.{name}", f"contradicts {name}_except; give one of them")
        for name in ("categories", "offices")
        if lists.get(name) is not None and lists.get(f"{name}_except") is not None
    ]
    if entered and unit in ("outcome", "organization"):
        rule = f"a first approval is no {unit}; unit scr or case has one"
        found.append(("kinds", rule))
    if entered and body.get("attribution") == "outcome-approval":
        found.append(("attribution", "a first approval is of no outcome"))
    if once == "ever" and unit == "outcome":
        found.append(("once", "an outcome is in one year already; leave it out"))
    if body.get("denominator") is not None and body["denominator"] == body.get("id"):
        found.append(("denominator", "must be another measure"))
    return found


class _MeasureFact(_LedgerFact):
    measure: MeasureId
    adopted_at: OptionalInstant = None
    """From when it holds, where whoever records it says so; else from recording on."""
    by: Text
    run_by: Text

    @property
    def stream(self) -> str:
        """The stream of one measure's definitions."""
        return f"measure/{self.measure}"


class Defined(_MeasureFact):
    """A measure has this definition from now on, or from ``adopted_at``."""

    topic = "ledger.defined/1"
    event: Literal["defined"]
    version: Version
    hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    definition: DefinitionBody
    reason: OptionalLongText = None


class Retired(_MeasureFact):
    """A measure has no definition from now on, or from ``adopted_at``."""

    topic = "ledger.retired/1"
    event: Literal["retired"]
    reason: LongText


# --- standing assertions -----------------------------------------------------

ASSERTIONS_STREAM = "assertions"

_Position = Annotated[int, Field(ge=0)]


class _AssertionFact(_LedgerFact):
    by: Text
    run_by: Text

    @property
    def stream(self) -> str:
        """The one stream of all assertions."""
        return ASSERTIONS_STREAM


class Asserted(_AssertionFact):
    """A figure has this value: claimed, proved when it was recorded, and standing."""

    topic = "ledger.asserted/1"
    event: Literal["asserted"]
    measure: MeasureId
    version: Annotated[Version | None, _Absent] = None
    """Of the definition, where the claim names one; else that in force is meant."""
    fiscal_year: Annotated[int, Field(ge=1900, le=3000)]
    value: Annotated[int, Field(ge=0)]
    bound: Literal["all", "before", "through"]
    instant: OptionalInstant = None
    """The cut-off on ``known_at``, where ``bound`` says there is one."""
    pinned: Annotated[_Position | None, _Absent] = None
    """The position it is for ever proved at; left out: at the head, wherever it is."""
    proved_position: _Position
    proved_root: Hash
    definition_hash: Hash
    note: OptionalLongText = None

    @model_validator(mode="after")
    def _consistent(self) -> Asserted:
        if (self.bound == "all") != (self.instant is None):
            message = "a bound has an instant, all has none"
            raise ValueError(message)
        return self


class Withdrawn(_AssertionFact):
    """An assertion, named by its position, is proved no more."""

    topic = "ledger.withdrawn/1"
    event: Literal["withdrawn"]
    assertion: _Position
    reason: LongText


# --- publications ------------------------------------------------------------

Quantity = Annotated[
    int,
    Field(ge=0, le=2**53 - 1),
    _Says("quantity", f"must be a whole number from 0 to {2**53 - 1:,}"),
]
"""No larger one is exact in every JSON (RFC 8785, which is what is hashed)."""
FiscalYear = Annotated[
    int,
    Field(ge=1900, le=3000),
    _Says("fiscal_year", "must be a fiscal year, such as 2019, from 1900 to 3000"),
]
PublicationName = Annotated[
    str,
    Field(pattern=PUBLICATION_NAME),
    _Says("publication", PUBLICATION_NAME_TAKES),
]
_PublicationStatus = Annotated[
    Literal["late-data", "error", "definition"],
    _Says("status", "must be late-data, error or definition"),
]


class BasisBody(_Part):
    """The basis of a publication (``publication.Rested``)."""

    bound: Literal["all", "before", "through"]
    instant: OptionalText = None
    """As answers print it: the end of a last day may be in the year 3000."""
    position: Quantity
    root: Hash
    grade: Literal["none", "claimed", "witnessed", "mixed"]
    visible: Quantity
    claimed: Quantity


class CountedBody(_Part):
    """A definition that figures were computed by (``publication.Counted``)."""

    measure: MeasureId
    version: Version
    hash: Hash


class LastBody(_Part):
    """What was printed of a figure before (``publication.Last``)."""

    publication: PublicationName
    value: Quantity
    denominator: Annotated[Quantity | None, _Absent] = None


class PreviouslyBody(_Part):
    """What a superseded publication shows (``restatement.Previously``)."""

    measure: MeasureId
    version: Version
    value: Quantity
    denominator: Annotated[Quantity | None, _Absent] = None


class ChangeBody(_Part):
    """A part of what a restatement changes (``restatement.Change``)."""

    cause: Annotated[
        Cause, _Says("cause", f"must be one of {', '.join(get_args(Cause))}")
    ]
    effect: Annotated[int, Field(ge=1 - 2**53, le=2**53 - 1)]
    came: Quantity
    went: Quantity
    part: Annotated[Part | None, _Absent] = None


class SupersedesBody(_Part):
    """What a restatement takes the place of (``restatement.Supersedes``)."""

    publication: PublicationName
    seal: Hash


class FigureBody(_Part):
    """One figure of a publication (``publication.Figure``)."""

    measure: MeasureId
    fiscal_year: FiscalYear
    value: Quantity
    counted: list[Text]
    counted_sha256: Hash
    denominator: Annotated[Quantity | None, _Absent] = None
    denominator_sha256: OptionalHash = None
    target: Annotated[_Target | None, _Absent] = None
    met: Annotated[bool | None, _Absent] = None
    printed: Annotated[Quantity | None, _Absent] = None
    printed_as: OptionalText = None
    supported: Annotated[bool | None, _Absent] = None
    last: Annotated[LastBody | None, _Absent] = None
    status: Annotated[_PublicationStatus | None, _Absent] = None
    previously: Annotated[PreviouslyBody | None, _Absent] = None
    changes: Annotated[list[ChangeBody] | None, _Absent] = None
    denominator_changes: Annotated[list[ChangeBody] | None, _Absent] = None
    statuses: Annotated[list[_PublicationStatus] | None, _Absent] = None
    members_root: OptionalHash = None


class RuledBody(_Part):
    """What a rule of validation found (``publication.Ruled``)."""

    rule: Text
    severity: Literal["error", "warning"]
    failing: Quantity
    waived: Quantity
    threshold: Annotated[_Target | None, _Absent] = None
    unknown: Annotated[Literal[True] | None, _Absent] = None


class GateBody(_Part):
    """What validation said before a publication (``publication.Gate``)."""

    green: bool
    taxonomy: OptionalHash = None
    rules: list[RuledBody]


class PublicationBody(_Part):
    """Everything that is sealed of a publication (``publication.Publication``)."""

    name: PublicationName
    kind: Literal["computed", "as-printed", "restatement"]
    document: Text
    claims: Text
    basis: BasisBody
    definitions: list[CountedBody]
    figures: Annotated[list[FigureBody], Field(min_length=1)]
    claims_measure: Annotated[CountedBody | None, _Absent] = None
    printed_on: OptionalDay = None
    synthetic: Annotated[bool | None, _Absent] = None
    gate: Annotated[GateBody | None, _Absent] = None
    override: OptionalLongText = None
    four_eyes: Annotated[bool | None, _Absent] = None
    supersedes: Annotated[SupersedesBody | None, _Absent] = None
    reason: OptionalLongText = None
    seal_salt: OptionalHash = None


class Published(_LedgerFact):
    """A document printed these figures: computed and sealed, or as it printed them."""

    topic = "ledger.published/1"
    event: Literal["published"]
    publication: PublicationName
    seal: Hash
    content: PublicationBody
    members_secret: OptionalHash = None
    """What the salts of its members come from; never printed, and not sealed."""
    by: Text
    run_by: Text

    @property
    def stream(self) -> str:
        """The stream of one publication."""
        return f"publication/{self.publication}"


# --- samples -----------------------------------------------------------------

Finding = Annotated[
    Literal["yes", "no", "not-determinable"],
    _Says("answer", "must be yes, no or not-determinable"),
]
_AttributeName = Annotated[
    str,
    Field(pattern=_MEASURE),
    _Says("attribute", "must be 1 to 64 of a-z 0-9 -, a letter first"),
]
_SampleName = Annotated[
    str,
    Field(pattern=r"^[A-Za-z][A-Za-z0-9._/-]{0,63}$"),
    _Says("sample", "must be 1 to 64 of A-Z a-z 0-9 . _ - /, a letter first"),
]
_Items = Annotated[list[Id], Field(max_length=1_000_000)]


class _SampleFact(_LedgerFact):
    sample: _SampleName
    by: Text
    run_by: Text

    @property
    def stream(self) -> str:
        """The stream of one sample."""
        return f"sample/{self.sample}"


class Framed(_SampleFact):
    """A frame is sealed: these SCRs, and no others, can be drawn."""

    topic = "ledger.framed/1"
    event: Literal["framed"]
    query: LongText
    basis: BasisBody
    order: Text
    """How the items are ordered before anything is drawn."""
    size: Quantity
    sha256: Hash
    """Of the items in that order, each followed by a line feed."""
    items: _Items


class StratumBody(_Part):
    """A part of a frame, and what was drawn of it (``sampling.Stratum``)."""

    stratum: Text
    population: Quantity
    items: _Items
    """In the order of selection."""
    spares: _Items
    query: OptionalLongText = None
    members: Annotated[_Items | None, _Absent] = None
    """What belongs to it, where it is not the whole frame."""


class Drawn(_SampleFact):
    """Items were drawn from the frame, by a rule that anyone can repeat."""

    topic = "ledger.drawn/1"
    event: Literal["drawn"]
    frame_sha256: Hash
    rule: Text
    seed: Text
    chosen: Annotated[Literal["given", "log"], _Says("chosen", "must be given or log")]
    """Who chose the seed: whoever drew, or the log."""
    seed_position: Annotated[_Position | None, _Absent] = None
    """The position whose root is the seed."""
    reviews: Annotated[Literal[1, 2], _Says("reviews", "must be 1 or 2, of each item")]
    strata: Annotated[list[StratumBody], Field(min_length=1, max_length=1_000)]


class Spared(_SampleFact):
    """A spare was taken in place of an item."""

    topic = "ledger.spared/1"
    event: Literal["spared"]
    item: Id
    spare: Id
    reason: LongText


class Examined(_SampleFact):
    """An item was examined, and this is the answer for each attribute."""

    topic = "ledger.examined/1"
    event: Literal["examined"]
    item: Id
    review: Annotated[
        Literal["first", "second"], _Says("review", "must be first or second")
    ]
    answers: Annotated[
        dict[_AttributeName, Finding], Field(min_length=1, max_length=100)
    ]
    note_ref: OptionalText = None
    """Where the working paper is."""


class Settled(_SampleFact):
    """Two reviewers disagreed, and a third person says which answer holds."""

    topic = "ledger.settled/1"
    event: Literal["settled"]
    item: Id
    attribute: _AttributeName
    answer: Finding
    reason: LongText
    note_ref: OptionalText = None


class Marked(_LedgerFact):
    """A printed figure is misstated by at least so much; the last one said holds."""

    topic = "ledger.marked/1"
    event: Literal["marked"]
    publication: PublicationName
    measure: MeasureId
    fiscal_year: FiscalYear
    at_least: Quantity
    """0: nothing is known to be wrong of it any more."""
    basis_of: Text
    """What was looked at: a sample, a review."""
    reason: LongText
    by: Text
    run_by: Text

    @property
    def stream(self) -> str:
        """The stream of the publication."""
        return f"publication/{self.publication}"


class Retracted(_LedgerFact):
    """A publication is withdrawn: nobody should rely on it; it stays as it is."""

    topic = "ledger.retracted/1"
    event: Literal["retracted"]
    publication: PublicationName
    reason: LongText
    by: Text
    run_by: Text

    @property
    def stream(self) -> str:
        """The stream of the publication."""
        return f"publication/{self.publication}"


# --- the taxonomy, and what validation is told -------------------------------

_Threshold = Annotated[
    Threshold,
    _Says("threshold", f"is no threshold; there are {', '.join(get_args(Threshold))}"),
]
_ThresholdValue = Annotated[
    int,
    Field(ge=1, le=100_000),
    _Says("threshold_value", "must be a whole number from 1 to 100,000"),
]
_RequiresTco = Annotated[
    Literal["yes", "no", "unknown"],
    _Says("requires_tco", "must be yes, no or unknown, in quotes"),
]


class SubcategoryBody(_Part):
    """A part of a category (``taxonomy.Subcategory``)."""

    criteria: LongText
    requires_tco: Annotated[_RequiresTco | None, _Absent] = None


class CategoryBody(_Part):
    """A category and its criteria (``taxonomy.Category``)."""

    criteria: LongText
    requires_tco: _RequiresTco
    subcategories: dict[Text, SubcategoryBody] = {}


class TaxonomyBody(_Part):
    """One version of all categories (``taxonomy.Taxonomy``)."""

    version: Version
    title: Text
    source: Text
    categories: Annotated[
        dict[Text, CategoryBody], Field(min_length=1, max_length=1_000)
    ]
    thresholds: dict[_Threshold, _ThresholdValue] = {}


class Categorized(_LedgerFact):
    """These are the categories from now on, or from ``adopted_at``; all of them."""

    topic = "ledger.categorized/1"
    event: Literal["categorized"]
    version: Version
    hash: Hash
    adopted_at: OptionalInstant = None
    """From when it holds, where whoever records it says so; else from recording on."""
    by: Text
    run_by: Text
    reason: OptionalLongText = None
    taxonomy: TaxonomyBody

    @property
    def stream(self) -> str:
        """The stream of the taxonomy's versions."""
        return TAXONOMY_STREAM


class Waived(_LedgerFact):
    """Until that day an SCR's failure of a validation rule fails no validation."""

    topic = "ledger.waived/1"
    event: Literal["waived"]
    rule: Annotated[
        str,
        Field(pattern=r"^[a-z][a-z0-9-]{0,63}$"),
        _Says("rule", "must be 1 to 64 of a-z 0-9 -, a letter first"),
    ]
    scr: Id
    until: Day
    """The last day on which it is waived."""
    reason: LongText
    by: Text
    run_by: Text

    @property
    def stream(self) -> str:
        """The one stream of waivers."""
        return WAIVERS_STREAM


# --- correction packages -----------------------------------------------------

ReasonCode = Annotated[
    AnyReason,
    _Says(
        "reason_code",
        f"must be {', '.join(REASON_CODES[:-1])} or {REASON_CODES[-1]}",
    ),
]
PackageId = Annotated[
    str,
    Field(pattern=r"^C-[1-9][0-9]{0,8}$"),
    _Says("package", "must be C- and a number, as C-12"),
]


class FindingsBody(_Part):
    """The findings of a sample that a package corrects."""

    sample: _SampleName
    attribute: _AttributeName
    answer: Finding


class PackageBody(_Part):
    """What a package says (``package.Package``)."""

    items: Annotated[list[dict[str, LongText]], Field(min_length=1, max_length=100_000)]
    """The facts, in order, each as in a file, without who says so and when."""
    reason_code: ReasonCode
    reason: LongText
    evidence: list[Text] = []
    findings: Annotated[FindingsBody | None, _Absent] = None
    """What a sample found, where all of the items are due to that."""


class _PackageFact(_LedgerFact):
    package: PackageId
    by: Text
    run_by: Text

    @property
    def stream(self) -> str:
        """The stream of one package."""
        return f"correction/{self.package}"


class Proposed(_PackageFact):
    """Somebody proposes these corrections."""

    topic = "ledger.proposed/1"
    event: Literal["proposed"]
    content: PackageBody


class Amended(_PackageFact):
    """The package is now this; whoever amends it is an author of it."""

    topic = "ledger.amended/1"
    event: Literal["amended"]
    content: PackageBody
    note: OptionalLongText = None


class Agreed(_PackageFact):
    """Another one agrees: the package's facts stand right behind this one."""

    topic = "ledger.agreed/1"
    event: Literal["agreed"]
    hash: Hash
    """Of what is agreed to (``package.hash_of``)."""
    facts: Annotated[int, Field(ge=1)]
    four_eyes: bool
    """Whether two people were asked for in this ledger then."""


class Rejected(_PackageFact):
    """Somebody else turns the package down."""

    topic = "ledger.rejected/1"
    event: Literal["rejected"]
    reason: LongText


class Recalled(_PackageFact):
    """An author takes the package back."""

    topic = "ledger.recalled/1"
    event: Literal["recalled"]
    reason: LongText


# --- people ------------------------------------------------------------------

_Role = Annotated[Role, _Says("role", f"must be one of {', '.join(ROLES)}")]


class _PersonFact(_LedgerFact):
    person: Id
    by: Text
    run_by: Text

    @property
    def stream(self) -> str:
        """The one stream of all people."""
        return PEOPLE_STREAM


class Joined(_PersonFact):
    """A person may act from now on, with the roles that are granted."""

    topic = "ledger.joined/1"
    event: Literal["joined"]
    account: OptionalText = None
    """The operating-system account that is the person's, where one is on record."""


class Granted(_PersonFact):
    """A person holds this role from now on."""

    topic = "ledger.granted/1"
    event: Literal["granted"]
    role: _Role


class Revoked(_PersonFact):
    """A person does not hold this role any more."""

    topic = "ledger.revoked/1"
    event: Literal["revoked"]
    role: _Role
    reason: LongText


# --- resource requests -------------------------------------------------------

Amount = Annotated[Quantity, _Says("amount", "must be a whole number, 0 or more")]


class _RequestFact(_LedgerFact):
    request: Id
    by: Text
    run_by: Text

    @property
    def stream(self) -> str:
        """The stream of one request."""
        return f"request/{self.request}"


class Requested(_RequestFact):
    """A program or an office asked for money and positions for a fiscal year."""

    topic = "ledger.requested/1"
    event: Literal["requested"]
    fiscal_year: FiscalYear
    amount: Amount
    positions: Amount
    program: OptionalText = None
    office: OptionalText = None
    title: OptionalLongText = None
    submitted_on: OptionalDay = None
    """The day it was submitted, where that was before it was recorded."""
    synthetic: Annotated[bool | None, _Absent] = None

    @model_validator(mode="after")
    def _consistent(self) -> Requested:
        if self.program is None and self.office is None:
            message = "a request is of a program, of an office, or of both"
            raise ValueError(message)
        return self


_Cell = Annotated[
    dict[
        Literal["category", "subcategory", "office", "program", "meets_tco"],
        Text | None,
    ],
    Field(min_length=1),
]
_Ids = Annotated[
    list[Id], Field(min_length=1, max_length=1_000), AfterValidator(_distinct)
]


class CitedFigureBody(_Part):
    """A figure as a request cites it (``claim.Claim``, and a cell of it)."""

    measure: MeasureId
    version: Annotated[Version | None, _Absent] = None
    fiscal_year: FiscalYear
    value: Quantity
    where: Annotated[_Cell | None, _Absent] = None
    """The cell that is meant, by column, null without a value; else the whole."""
    definition_hash: Hash


class Cited(_RequestFact):
    """A figure, some SCRs, or both support a request; proved when it was recorded."""

    topic = "ledger.cited/1"
    event: Literal["cited"]
    figure: Annotated[CitedFigureBody | None, _Absent] = None
    scrs: Annotated[_Ids | None, _Absent] = None
    bound: Literal["all", "before", "through"]
    instant: OptionalInstant = None
    pinned: Annotated[_Position | None, _Absent] = None
    proved_position: _Position
    proved_root: Hash
    cited_on: OptionalDay = None
    """The day the request cited it, where that was before it was recorded."""
    note: OptionalLongText = None

    @model_validator(mode="after")
    def _consistent(self) -> Cited:
        if self.figure is None and self.scrs is None:
            message = "a citation is of a figure, of SCRs, or of both"
            raise ValueError(message)
        if (self.bound == "all") != (self.instant is None):
            message = "a bound has an instant, all has none"
            raise ValueError(message)
        if self.pinned not in (None, self.proved_position):
            message = "a pinned citation is proved where it is pinned"
            raise ValueError(message)
        return self


class Declined(_RequestFact):
    """No SCR data supports a request, and why."""

    topic = "ledger.declined/1"
    event: Literal["declined"]
    reason: LongText
    declined_on: OptionalDay = None
    """The day it was said, where that was before it was recorded."""


# --- recommendations ---------------------------------------------------------

_Check = Annotated[
    str,
    Field(pattern=CHECK_PATTERN),
    _Says(
        "check",
        "must be validation:RULE[@SEVERITY], coverage>=PERCENT, gate:MEASURE or"
        " assertions",
    ),
]


class _RecommendationFact(_LedgerFact):
    recommendation: Id
    by: Text
    run_by: Text

    @property
    def stream(self) -> str:
        """The stream of one recommendation."""
        return f"recommendation/{self.recommendation}"


class Recommended(_RecommendationFact):
    """An audit recommended something to somebody, on a day."""

    topic = "ledger.recommended/1"
    event: Literal["recommended"]
    text: LongText
    addressee: Text
    issued_on: Day
    number: OptionalText = None
    """Its number in the report."""
    report: OptionalText = None
    check: Annotated[_Check | None, _Absent] = None
    """What shows that it is carried out, where the ledger can compute it."""


class Responded(_RecommendationFact):
    """The addressee concurs, with a plan and a day, or does not."""

    topic = "ledger.responded/1"
    event: Literal["responded"]
    answer: Annotated[
        Literal["concur", "non-concur"], _Says("answer", "must be concur or non-concur")
    ]
    text: LongText
    due_on: OptionalDay = None
    responded_on: OptionalDay = None

    @model_validator(mode="after")
    def _consistent(self) -> Responded:
        if (self.answer == "concur") != (self.due_on is not None):
            message = "who concurs names a day, who does not names none"
            raise ValueError(message)
        return self


class Scheduled(_RecommendationFact):
    """A milestone is due on a day; of one name the last holds."""

    topic = "ledger.scheduled/1"
    event: Literal["scheduled"]
    milestone: Text
    due_on: Day
    scheduled_on: OptionalDay = None


class Completed(_RecommendationFact):
    """A milestone is reached."""

    topic = "ledger.completed/1"
    event: Literal["completed"]
    milestone: Text
    completed_on: OptionalDay = None


class Closed(_RecommendationFact):
    """A recommendation is closed; where it names a check, that was green."""

    topic = "ledger.closed/1"
    event: Literal["closed"]
    evidence: LongText
    check: Annotated[_Check | None, _Absent] = None
    """The check of the recommendation, which was green at the position named."""
    proved_position: Annotated[_Position | None, _Absent] = None
    proved_root: OptionalHash = None

    @model_validator(mode="after")
    def _consistent(self) -> Closed:
        proof = (self.proved_position, self.proved_root)
        if [self.check is None] * 2 != [part is None for part in proof]:
            message = "a check is proved at a position and its root"
            raise ValueError(message)
        return self


# --- keys and checkpoints ----------------------------------------------------

NoteText = Annotated[
    str,
    Field(pattern=r"^[^\x00-\x09\x0b-\x1f\x7f]+\n$", max_length=4096),
    _Says("note", "must be a signed note of at most 4,096 characters"),
]
KeyId = Annotated[
    str,
    Field(pattern=r"^[0-9a-f]{8}$"),
    _Says("key", "must be the id of a key, 8 of 0-9 a-f, as `scr key list` shows it"),
]


class _TrustFact(_LedgerFact):
    by: Text
    run_by: Text

    @property
    def stream(self) -> str:
        """The one stream of all keys."""
        return KEYS_STREAM


class Keyed(_TrustFact):
    """A key signs for the ledger from now on."""

    topic = "ledger.keyed/1"
    event: Literal["keyed"]
    note: NoteText
    """``tlog.key_note``: the key, where the log stood, signed by it and, where it takes
    the place of one, by that one."""


class Distrusted(_TrustFact):
    """A key is believed no further: it is lost, or somebody else may have it."""

    topic = "ledger.distrusted/1"
    event: Literal["distrusted"]
    key: KeyId
    trusted_to: _Position
    """Its checkpoints up to this size stay believed; larger ones are not."""
    reason: LongText


class Checkpointed(_TrustFact):
    """A checkpoint was issued: origin, size and root, signed."""

    topic = "ledger.checkpointed/1"
    event: Literal["checkpointed"]
    note: NoteText
    """``tlog.checkpoint``, with one signature: of the key that signed then."""

    @property
    def stream(self) -> str:
        """The one stream of all checkpoints."""
        return CHECKPOINTS_STREAM


class Restored(_TrustFact):
    """The file was put back from a backup on purpose; what was seen since is gone."""

    topic = "ledger.restored/1"
    event: Literal["restored"]
    seen_position: _Position
    seen_root: Hash
    """What somebody had seen, and what is not in this log."""
    seen_ledger: OptionalId = None
    """The id of the ledger that was seen, where it is another one."""
    reason: LongText

    @property
    def stream(self) -> str:
        """The stream of the ledger itself."""
        return LEDGER_STREAM


# --- witnesses, and what may be shown -----------------------------------------

VKey = Annotated[
    str,
    Field(pattern=r"^[^\s+]{1,200}\+[0-9a-f]{8}\+[A-Za-z0-9+/=]{4,200}$"),
    _Says("vkey", "must be a verifier key: NAME+ID+KEY"),
]
CosignatureLine = Annotated[
    str,
    Field(pattern=r"^\x{2014} [^\s+]{1,200} [A-Za-z0-9+/=]{8,400}$"),
    _Says("line", "must be one signature line of a note"),
]


class Entrusted(_TrustFact):
    """So many of these witnesses have to cosign what covers a publication."""

    topic = "ledger.entrusted/1"
    event: Literal["entrusted"]
    required: Annotated[int, Field(ge=0, le=WITNESSES_MOST)]
    witnesses: Annotated[list[VKey], Field(max_length=WITNESSES_MOST)]
    """Their verifier keys; none, with none required, is no policy any more."""

    @property
    def stream(self) -> str:
        """The one stream of all policies."""
        return WITNESSES_STREAM


class Cosigned(_TrustFact):
    """A witness has signed a checkpoint on record."""

    topic = "ledger.cosigned/1"
    event: Literal["cosigned"]
    size: _Position
    """Of the checkpoint."""
    line: CosignatureLine

    @property
    def stream(self) -> str:
        """The one stream of all checkpoints."""
        return CHECKPOINTS_STREAM


class PrintedBody(_Part):
    """A figure as it is printed (``membership.Printed``)."""

    measure: MeasureId
    fiscal_year: FiscalYear
    value: Quantity
    members_root: OptionalHash = None
    printed: Annotated[Quantity | None, _Absent] = None


class Summarized(_TrustFact):
    """What a publication prints, and nobody whom it counts: it may be shown whole."""

    topic = "ledger.summarized/1"
    event: Literal["summarized"]
    publication: PublicationName
    seal: Hash
    figures: Annotated[list[PrintedBody], Field(min_length=1)]

    @property
    def stream(self) -> str:
        """The stream of one summary."""
        return f"summary/{self.publication}"


ScrEvent = (
    Filed
    | Classified
    | Determined
    | Approved
    | Returned
    | Disrupted
    | Dismantled
    | Transferred
    | Reopened
    | Reclassified
    | Redetermined
    | Redated
    | Reversed
    | Rescinded
    | Refiled
    | Voided
    | Reinstated
)
OrganizationEvent = Merged | Unmerged
CaseEvent = ScrEvent | OrganizationEvent
MeasureEvent = Defined | Retired
AssertionEvent = Asserted | Withdrawn
PublicationEvent = Published | Marked | Retracted
PackageEvent = Proposed | Amended | Agreed | Rejected | Recalled
PersonEvent = Joined | Granted | Revoked
SampleEvent = Framed | Drawn | Spared | Examined | Settled
RequestEvent = Requested | Cited | Declined
RecommendationEvent = Recommended | Responded | Scheduled | Completed | Closed
KeyEvent = Keyed | Distrusted
WitnessEvent = Entrusted | Cosigned
LedgerEvent = (
    Opened
    | Imported
    | MeasureEvent
    | AssertionEvent
    | Categorized
    | Waived
    | PublicationEvent
    | PackageEvent
    | PersonEvent
    | SampleEvent
    | RequestEvent
    | RecommendationEvent
    | KeyEvent
    | Checkpointed
    | Restored
    | WitnessEvent
    | Summarized
)
Event = CaseEvent | LedgerEvent

CASE_EVENTS: TypeAdapter[CaseEvent] = TypeAdapter(
    Annotated[CaseEvent, Field(discriminator="event")]
)

CASE_CLASSES: tuple[type[CaseEvent], ...] = (
    *ScrEvent.__args__,
    *OrganizationEvent.__args__,
)

OWN_CLASSES: tuple[type[LedgerEvent], ...] = (
    Opened,
    Imported,
    Defined,
    Retired,
    Asserted,
    Withdrawn,
    Categorized,
    Waived,
    Published,
    Marked,
    Retracted,
    Proposed,
    Amended,
    Agreed,
    Rejected,
    Recalled,
    Joined,
    Granted,
    Revoked,
    Framed,
    Drawn,
    Spared,
    Examined,
    Settled,
    *RequestEvent.__args__,
    *RecommendationEvent.__args__,
    Keyed,
    Distrusted,
    Checkpointed,
    Restored,
    Entrusted,
    Cosigned,
    Summarized,
)

TOPICS: dict[str, type[Event]] = {
    cls.topic: cls for cls in (*CASE_CLASSES, *OWN_CLASSES)
}
"""Every shape of fact ever written, by its stored name. Closed: what is not here
is not read, and nothing in a ledger file can add to it (docs/decisions/0001)."""

# --- the parser --------------------------------------------------------------

_validate_json = CASE_EVENTS.validator.validate_json

_IGNORED = ("position", "recorded_at")  # An export adds them; import ignores them.
_LEDGERS_OWN = "recorded_by"


class Unreadable(ValueError):  # noqa: N818 - a value that is not what its field takes
    """One line of a file is not a fact. ``faults`` pairs each field with its rule."""

    def __init__(self, faults: tuple[tuple[str, str], ...]) -> None:
        super().__init__("; ".join(f"{field}: {rule}" for field, rule in faults))
        self.faults = faults


def parse_line(line: bytes) -> CaseEvent:
    """Read one line of an interchange file.

    :param line: UTF-8 JSON, without byte order mark; white space around is ignored.
    :raises Unreadable: the line is not exactly one fact of the contract's form.
    """
    if len(line) > MAX_LINE_BYTES:
        raise Unreadable((("line", f"is longer than {MAX_LINE_BYTES:,} bytes"),))
    try:
        fact: CaseEvent = _validate_json(line)
    except ValidationError as error:
        fact = _read_again(line, error)
    else:
        # Every field is a string, so a fact of n fields has 4n quotes, unless one is
        # escaped or a key stands twice.
        quotes = 4 * len(fact.__pydantic_fields_set__)
        if b"\\" in line or line.count(b'"') != quotes:
            _without_ignored(line)
    if fact.recorded_by is not None:
        raise Unreadable(((_LEDGERS_OWN, "is set by the ledger, not by a file"),))
    return fact


def _read_again(line: bytes, error: ValidationError) -> CaseEvent:
    """Read a line that is no fact as it stands: an export says more than a fact."""
    # A key given twice explains faults better than they do.
    less = _without_ignored(line)
    if b"\\" in line or b'"position"' in line or b'"recorded_at"' in line:
        try:
            fact: CaseEvent = _validate_json(less)
        except ValidationError as again:
            error = again
        else:
            return fact
    raise Unreadable(_faults(error)) from None


def parse_fields(fields: dict[str, str]) -> CaseEvent:
    """Read one fact from the fields of a command or a row, by the same parser.

    :raises Unreadable: as :func:`parse_line`.
    """
    try:
        return CASE_EVENTS.validate_json(json.dumps(fields))
    except ValidationError as error:
        raise Unreadable(_faults(error)) from None


def parse_stored(topic: str, payload: bytes) -> Event:
    """Read back the payload of a recorded fact.

    :raises Unreadable: the topic is unknown or the payload is not of its form.
    """
    cls = TOPICS.get(topic)
    if cls is None:
        raise Unreadable((("topic", "is not one this version knows"),))
    try:
        return cls.model_validate_json(payload)
    except ValidationError as error:
        raise Unreadable(_faults(error)) from None


def parse_definition(body: Mapping[str, Any]) -> DefinitionBody:
    """Read a definition from a file, as a table of TOML has it.

    :raises Unreadable: with every fault, each at the path of its field, in the order
        in which the fields stand in a definition.
    """
    try:
        return DefinitionBody.model_validate(dict(body))
    except ValidationError as error:
        found = _faults_by_path(error, DefinitionBody)
    raise Unreadable(_in_order([*found, *contradictions(body)], DefinitionBody))


def parse_taxonomy(body: Mapping[str, Any]) -> TaxonomyBody:
    """Read a taxonomy from a file, as a table of TOML has it.

    :raises Unreadable: as :func:`parse_definition`.
    """
    try:
        return TaxonomyBody.model_validate(dict(body))
    except ValidationError as error:
        found = _faults_by_path(error, TaxonomyBody)
    raise Unreadable(_in_order(found, TaxonomyBody))


_Own = TypeVar("_Own", bound=_Base)


def parse_own(cls: type[_Own], fields: Mapping[str, Any]) -> _Own:
    """Read one of the ledger's own facts from the fields of a command.

    :raises Unreadable: a value is not what its field takes.
    """
    try:
        return cls.model_validate(dict(fields))
    except ValidationError as error:
        raise Unreadable(_faults(error)) from None


def _faults_by_path(
    error: ValidationError, of: type[BaseModel]
) -> list[tuple[str, str]]:
    return [
        (_path(item["loc"]), _rule(item, of))
        for item in error.errors(include_url=False, include_context=False)
        if item["loc"]
    ]


def _in_order(
    found: Sequence[tuple[str, str]], of: type[BaseModel]
) -> tuple[tuple[str, str], ...]:
    order = list(of.model_fields)

    def place(fault: tuple[str, str]) -> int:
        name = fault[0].partition(".")[0]
        return order.index(name) if name in order else len(order)

    return tuple(sorted(found, key=place))


def _path(loc: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in loc if part != "[key]")


_DEFINITION_WORDS = {
    "missing": "is required",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "too_short": "must name at least one",
    "too_long": "must name at most 1,000",
    "value_error": "must not name anything twice",
    "model_type": "must be a table",
    "dict_type": "must be a table",
}


def _rule(item: ErrorDetails, of: type[BaseModel]) -> str:
    if item["type"] == "extra_forbidden":
        held = _part_of(of, item["loc"][:-1])
        return f"is no field; there are {', '.join(held.model_fields)}"
    rule = _DEFINITION_WORDS.get(item["type"], item["msg"])
    if isinstance(item["loc"][-1], int) and isinstance(item["input"], str):
        return f"{rule}, not {item['input'] or 'empty'}"
    return rule


_PARTS: dict[str, type[BaseModel]] = {
    "population": PopulationClauses,
    "data_quality": DataQualityStatements,
    "categories": CategoryBody,
    "subcategories": SubcategoryBody,
}


def _part_of(of: type[BaseModel], loc: tuple[int | str, ...]) -> type[BaseModel]:
    """Return what has the fields at a place: of names, every other is a field's."""
    if of is TaxonomyBody:
        loc = loc[::2]
    return _PARTS[str(loc[-1])] if loc else of


def payload_of(fact: Event) -> bytes:
    """Return the bytes kept and hashed: compact JSON, absent fields left out."""
    return fact.__pydantic_serializer__.to_json(fact, by_alias=True, exclude_none=True)


def _no_json(name: str) -> None:
    """Refuse NaN and Infinity, which Python reads and RFC 8259 does not have."""
    raise Unreadable((("line", f"is not JSON: {name}"),))


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as it was written: its keys in order, even those given twice."""


def _without_ignored(line: bytes) -> bytes:
    """Drop what import ignores, whatever it holds, and refuse a repeated key."""
    try:
        # An integer is no value of any field; long ones cannot even be read as one.
        pairs = json.loads(
            line.decode(),
            object_pairs_hook=_Pairs,
            parse_int=lambda _: 0,
            parse_constant=_no_json,
        )
    except Unreadable:
        raise
    except (ValueError, RecursionError):
        return line  # The parser proper says what is wrong with it.
    if not isinstance(pairs, _Pairs):
        return line
    fields: dict[str, Any] = {}
    for key, value in pairs:
        if key in fields:
            raise Unreadable(((key, "is given twice"),))
        fields[key] = value
    return json.dumps({k: v for k, v in fields.items() if k not in _IGNORED}).encode()


_WORDS = {
    "missing": "is required",
    "extra_forbidden": "is not a field of this event",
    "union_tag_not_found": "is required",
    "model_attributes_type": "must be one JSON object",
    "model_type": "must be one JSON object",
    "dict_type": "must be one JSON object",
}


def _faults(error: ValidationError) -> tuple[tuple[str, str], ...]:
    return tuple(
        _fault(item["type"], item["loc"], item["msg"])
        for item in error.errors(include_url=False, include_context=False)
    )


def _fault(kind: str, loc: tuple[int | str, ...], message: str) -> tuple[str, str]:
    # The first part of a location inside the union is the event's name.
    field = str(loc[-1]) if loc else "line"
    if kind == "json_invalid":
        return "line", "is not JSON: " + message.removeprefix("Invalid JSON: ")
    if kind == "union_tag_not_found":
        return "event", _WORDS[kind]
    if kind == "union_tag_invalid":
        return "event", "is not an event this ledger knows"
    if kind in ("model_attributes_type", "model_type", "dict_type"):
        return "line", _WORDS[kind]
    return field, _WORDS.get(kind, message)


def rule_of(item: ErrorDetails) -> str:
    """Return what a value should be, as messages say it."""
    if item["type"] == "value_error":
        return str(item["msg"]).removeprefix("Value error, ")
    return _WORDS.get(item["type"], item["msg"])


_TEXTS: TypeAdapter[str] = TypeAdapter(Text)
_IDS: TypeAdapter[str] = TypeAdapter(Id)


def is_text(value: str) -> bool:
    """Whether a field of text of 1 to 200 characters would take ``value``."""
    return _takes(_TEXTS, value)


def is_id(value: object) -> TypeGuard[str]:
    """Whether a field with an id would take ``value``."""
    return _takes(_IDS, value)


def _takes(values: TypeAdapter[str], value: object) -> bool:
    try:
        values.validate_python(value)
    except ValidationError:
        return False
    return True
