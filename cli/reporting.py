"""A publication as a document: Markdown, or one self-contained page of HTML.

The templates have the words; every piece of data passes through ``cli.safe`` on its
way into them, and into HTML through Jinja's escaping as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cli import safe
from cli.acting import acted, eyes
from cli.definitions import clauses_of, told
from cli.render import basis_line, grade_text
from cli.restated import floor_words

if TYPE_CHECKING:
    from jinja2 import Environment, Template
    from markupsafe import Markup

    from ledger.domain.publication import Publication
    from projections.reporting import Line, Report, Reported
    from projections.superseding import Since

FORMATS = ("md", "html")
_PERCENT = 100


class _Column(NamedTuple):
    name: str
    title: str
    number: bool = True


class _Defined(NamedTuple):
    definition: Any
    hash: str
    takes: str


class _Stated(NamedTuple):
    title: str
    said: tuple[str, ...]
    found: tuple[str, ...]


def document(report: Report, fmt: str) -> str:
    """Return a report as text in one of ``FORMATS``; the same bytes for ever."""
    one = report.recorded.content
    basis = {"instant": None, **one.basis._asdict()}
    rows = [_row(line, report.since) for line in report.lines]
    return _template(fmt).render(
        p=one,
        recorded=report.recorded,
        recorded_by=acted(report.recorded.by, report.identity),
        basis_line=basis_line(basis),
        basis_words=_basis_words(one),
        grade=grade_text(basis),
        notices=_notices(report),
        columns=_columns(rows),
        rows=[{k: "" if v is None else v for k, v in row.items()} for row in rows],
        definitions=[_defined(one) for one in report.definitions],
        statements=_statements(report.definitions),
        gate_words=_gate_words(one),
        eyes_words=eyes(one.four_eyes),
    )


def _template(fmt: str) -> Template:
    name = f"publication.{fmt}.j2"
    return environment(fmt).get_template(name)


def environment(fmt: str) -> Environment:
    """Return the templates, where every text is cleaned on its way in."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    clean = safe.display if fmt == "html" else safe.markdown

    def finalize(value: object) -> object:
        return clean(value) if type(value) is str else value

    environment = Environment(
        loader=PackageLoader("cli"),
        autoescape=fmt == "html",  # noqa: S701 - Markdown is cleaned by `finalize`
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
        finalize=finalize,
    )
    environment.filters |= {"line": _line, "code": _code}
    return environment


def _line(text: str) -> Markup:
    """Return what begins a line of Markdown: no heading, no list."""
    from markupsafe import Markup

    return Markup(safe.markdown_line(text))  # noqa: S704 - it is cleaned


def _code(text: str) -> Markup:
    """Return what stands in a code span of Markdown, where nothing is escaped."""
    from markupsafe import Markup

    return Markup(safe.display(text).replace("`", "'"))  # noqa: S704 - it is cleaned


# --- figures --------------------------------------------------------------------------


_COLUMNS = (
    _Column("printed", "Printed"),
    _Column("value", "Value"),
    _Column("denominator", "Of"),
    _Column("percent", "%"),
    _Column("target", "Target"),
    _Column("met", "Met", number=False),
    _Column("yes", "TCO yes"),
    _Column("unknown", "TCO unknown"),
    _Column("no", "TCO no"),
    _Column("last", "Last printed", number=False),
    _Column("previously", "Previously reported", number=False),
    _Column("status", "Status", number=False),
    _Column("floor", "Known since", number=False),
)


def _columns(rows: list[dict[str, Any]]) -> list[_Column]:
    return [c for c in _COLUMNS if any(row[c.name] is not None for row in rows)]


def _row(line: Line, since: Since) -> dict[str, Any]:
    figure = line.figure
    percent = None
    if figure.denominator:
        percent = f"{_PERCENT * figure.value / figure.denominator:.1f}"
    last = None
    if figure.last is not None:
        last = f"{figure.last.value:,} in {figure.last.publication}"
    previously = None
    if figure.previously is not None:
        was = figure.previously
        previously = f"{was.value:,} {was.measure}@{was.version}"
    status: str | None = figure.status
    if figure.statuses is not None:
        status = ", ".join(figure.statuses) or "unchanged"
    if figure.supported is not None:
        status = "supported" if figure.supported else "unsupported"
    return {
        "measure": figure.measure,
        "fiscal_year": figure.fiscal_year,
        "printed": _number(figure.printed),
        "value": _number(figure.value),
        "denominator": _number(figure.denominator),
        "percent": percent,
        "target": _number(figure.target),
        "met": None if figure.met is None else ("met" if figure.met else "unmet"),
        **{word: _number(count) for word, count in line.parts.items()},
        "last": last,
        "previously": previously,
        "floor": floor_words(since.floor(figure.measure, figure.fiscal_year)),
        "status": status,
    }


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:,}"


# --- words ----------------------------------------------------------------------------


def _basis_words(one: Publication) -> str:
    basis = one.basis
    if basis.instant is None:
        return f"at position {basis.position:,} of the ledger"
    return f"{basis.bound} {basis.instant}"


def _notices(report: Report) -> list[str]:
    one = report.recorded.content
    found = list(report.since.notices())
    if one.synthetic:
        found.append("SYNTHETIC: no document of the real world printed this.")
    if report.otherwise is not None:
        found.append(f"Claim and computation differ: {report.otherwise}.")
    if one.override is not None:
        found.append(f"Published through a gate that was not green: {one.override}")
    if one.four_eyes is False and (said := eyes(one.four_eyes)) is not None:
        found.append(said)
    found += [
        f"{figure.measure} FY{figure.fiscal_year} was printed as {figure.printed:,};"
        f" the ledger gives {figure.value:,}, so it is unsupported."
        for figure in one.figures
        if figure.supported is False
    ]
    return found


def _gate_words(one: Publication) -> str:
    if one.gate is None:
        return ""
    if one.gate.green:
        return "The gate was green: no error was left unwaived, and none unknown."
    return f"The gate was not green, and was overridden: {one.override}"


def _defined(one: Reported) -> _Defined:
    takes = [
        str(row["says"]) for row in clauses_of(told(one.definition)) if row["says"]
    ]
    return _Defined(one.definition, one.hash, "; ".join(takes))


def _statements(definitions: tuple[Reported, ...]) -> list[_Stated]:
    """Return the five statements, each with the words of every definition once."""
    found = []
    for number, statement in enumerate(definitions[0].statements):
        said = dict.fromkeys(one.statements[number].said for one in definitions)
        found.append(_Stated(statement.title, tuple(said), statement.found))
    return found
