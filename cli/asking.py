"""What every question shares: a ledger, a basis, a format, and a place to put it."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from time import monotonic
from typing import IO, TYPE_CHECKING, Any, NamedTuple, TextIO, TypeVar

from cli import render
from cli.safe import display
from cli.saying import Settings, complain, read_enough
from ledger.errors import RefusedError, StoreError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from ledger.reader import Log
    from projections.basis import Basis
    from projections.readmodel import ReadModel

F = TypeVar("F", bound="Callable[..., Any]")

PROGRESS_AFTER_SECONDS = 1.0

_DOCUMENTS = {"": "md", ".md": "md", ".html": "html", ".htm": "html"}
"""The endings of documents; a name without one says nothing."""

_SQLITE = b"SQLite format 3\0"


class Basing(NamedTuple):
    """How the basis was asked for: at most one of the two."""

    as_of: str | None
    basis: str | None


class Form(NamedTuple):
    """How the answer is to be written."""

    format: str
    output: str | None
    raw: bool


class Asking(NamedTuple):
    """An open ledger, its read model, and the basis of the question."""

    log: Log
    model: ReadModel
    basis: Basis

    def graded(self) -> dict[str, object]:
        """Return the JSON object of the basis."""
        from projections import basis as bases

        return bases.graded(self.basis, self.model, self.log)


def basis_options(command: F) -> F:
    """Add ``--as-of`` and ``--basis``."""
    import click

    command = click.option(
        "--basis",
        metavar="BASIS",
        help="A basis copied from an answer, as its line or its JSON object.",
    )(command)
    return click.option(
        "--as-of",
        metavar="WHEN",
        help="What was known by then: a date (its end, in the ledger's zone), an"
        " instant with offset, or @POSITION.  [default: all that is recorded]",
    )(command)


def form_options(command: F) -> F:
    """Add ``--format``, ``--json``, ``--output`` and ``--raw``."""
    import click

    command = click.option(
        "--raw", is_flag=True, help="Leave CSV and TSV cells exact, formulas too."
    )(command)
    command = click.option(
        "-o", "--output", metavar="FILE", help="Write to a file instead."
    )(command)
    command = click.option(
        "--json", "as_json", is_flag=True, help="Short for -f json."
    )(command)
    return click.option(
        "-f",
        "--format",
        "format_",
        type=click.Choice(render.FORMATS),
        help="How to write the answer.  [default: table]",
    )(command)


def form(given: Mapping[str, Any]) -> Form:
    """Return the form asked for by ``form_options``.

    :raises UsageError: ``--json`` and another format contradict.
    """
    import click

    named, as_json = given["format_"], given["as_json"]
    if as_json and named not in (None, "json"):
        message = f"--json and --format {named} contradict; give one"
        raise click.UsageError(message)
    return Form("json" if as_json else named or "table", given["output"], given["raw"])


@contextmanager
def asking(
    settings: Settings, basing: Basing, tell: Callable[[str], None] = complain
) -> Iterator[Asking]:
    """Open the ledger read-only, its read model at the head, and resolve the basis.

    :param tell: gets what is to be said on standard error.
    """
    from ledger.reader import open_log
    from projections.readmodel import open_read_model

    if basing.as_of is not None and basing.basis is not None:
        import click

        message = "--as-of and --basis contradict; give one"
        raise click.UsageError(message)
    with (
        open_log(settings.ledger) as log,
        progress("reading the log, facts") as show,
        open_read_model(log, show) as model,
    ):
        basis = resolve(basing, log, tell)
        yield Asking(log, model, basis)


def resolve(basing: Basing, log: Log, tell: Callable[[str], None] = complain) -> Basis:
    """Return the basis asked for; one that is not over yet with a warning."""
    from projections import basis as bases

    if basing.basis is not None:
        return bases.parse_basis(basing.basis, log)
    if basing.as_of is None:
        return bases.of_now(log)
    basis = bases.parse_as_of(basing.as_of, log)
    if basis.instant is not None:
        warn_of_future(basis.instant, basing.as_of, tell)
    return basis


def warn_of_future(
    instant: int, text: str, tell: Callable[[str], None] = complain
) -> None:
    """Say that a cut-off is not over yet, where it is not."""
    from time import time_ns

    if instant > time_ns() // 1000:
        tell(
            f"warning: {text} is not over yet; what becomes known until then is not"
            " in this answer"
        )


def answer(found: render.Answer, how: Form) -> None:
    """Write an answer where and how it was asked for."""
    with read_enough(), output(how.output) as out:
        terminal = how.output is None and out.isatty()
        width = None
        if terminal:
            from shutil import get_terminal_size

            width = get_terminal_size().columns
        render.write(
            found,
            how.format,
            out,
            raw=how.raw,
            width=width,
            colour=terminal and _colour(),
        )


def _colour() -> bool:
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def document_options(command: F) -> F:
    """Add how to write a document, and where to."""
    import click

    for option in (
        click.option(
            "-o", "--output", "path", metavar="FILE", help="Write to a file instead."
        ),
        click.option(
            "-f",
            "--format",
            "format_",
            type=click.Choice(("md", "html")),
            help="Markdown, or a page of HTML.  [default: by the ending of FILE, else"
            " md]",
        ),
    ):
        command = option(command)
    return command


def document_format(asked: str | None, path: str | None) -> str:
    """Return ``md`` or ``html``: what is asked for, else what the file's name says.

    :raises UsageError: the name ends as something else does, such as .pdf.
    """
    if asked is not None or path is None:
        return asked or "md"
    _, ending = os.path.splitext(path)  # noqa: PTH122 - of a text, which is no path yet
    try:
        return _DOCUMENTS[ending.lower()]
    except KeyError:
        message = (
            f"-o {path} ends with {ending}, and a document is .md or .html;"
            " name it so, or say which with --format"
        )
        raise UsageError(message) from None


@contextmanager
def output(path: str | None) -> Iterator[TextIO]:
    """Yield stdout, or a file that appears whole or not at all.

    :raises StoreError: it cannot be written.
    """
    if path is None:
        if sys.stdout is None:
            message = "standard output is closed; give it somewhere to go, or -o FILE"
            raise StoreError(message)
        yield sys.stdout
        return
    with _said(path), _file(path) as out:
        yield out


@contextmanager
def put_in_place(path: str) -> Iterator[Path]:
    """Yield a path to write to; what is written there appears whole, or not at all.

    :raises UsageError: the path cannot name a file.
    :raises RefusedError: a database stands there, or what is kept beside one.
    :raises StoreError: it cannot be written, or what stands there is no file.
    """
    from pathlib import Path

    from ledger.placing import put_over, refuse_kept

    check_path("-o", path)
    with _said(path):
        target = Path(os.path.realpath(path))
        if target.exists() and not target.is_file():
            message = f"{path} is a folder, a device or a pipe; name a file"
            raise StoreError(message)
        _spare_databases(path, target)
        refuse_kept(str(target))
        draft = target.with_name(f".{target.name[:200]}.{os.getpid()}.part")
        try:
            yield draft
            if target.exists():
                draft.chmod(target.stat().st_mode & 0o777)
            put_over(draft, target)
        finally:
            draft.unlink(missing_ok=True)


@contextmanager
def _said(path: str) -> Iterator[None]:
    """Say in a line that a file cannot be written."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        message = (
            f"cannot write {path}: {error.strerror or error};"
            " name a file in a folder that exists and can be written"
        )
        raise StoreError(message) from None


@contextmanager
def _file(path: str) -> Iterator[TextIO]:
    from pathlib import Path

    if _names_a_file(path) and Path(path).exists() and not Path(path).is_file():
        # A device or a pipe cannot be put in place; it is written as it is.
        with Path(path).open("w", encoding="utf-8", newline="") as out:
            yield out
        return
    with (
        put_in_place(path) as draft,
        draft.open("w", encoding="utf-8", newline="") as out,
    ):
        yield out


def check_path(option: str, path: str) -> None:
    """Refuse what can never name a file, before a library stumbles over it.

    :raises UsageError: names the option that takes it.
    """
    if not _names_a_file(path):
        message = f"{path or repr('')} cannot name a file; {option} takes a path"
        raise UsageError(message)


def _names_a_file(path: str) -> bool:
    try:
        return b"\0" not in os.fsencode(path) and bool(path)
    except UnicodeEncodeError:  # Half of a surrogate pair.
        return False


def _spare_databases(path: str, target: Path) -> None:
    """Refuse to write an answer over a ledger, whichever."""
    if not target.exists():
        return
    with target.open("rb") as held:
        if held.read(len(_SQLITE)) == _SQLITE:
            message = f"{path} is a database; -o never writes over one, name another"
            raise RefusedError(message)


@contextmanager
def progress(what: str) -> Iterator[Callable[[int], None]]:
    """Yield a function that shows how far work is, once it takes a while.

    Only on a terminal; the line is gone when the work is.
    """
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda _done: None
        return
    started = monotonic()
    shown = False

    def tell(done: int) -> None:
        nonlocal shown
        if monotonic() - started > PROGRESS_AFTER_SECONDS:
            shown = True
            _on_one_line(sys.stderr, f"{display(what)} {done:,}")

    try:
        yield tell
    finally:
        if shown:
            _on_one_line(sys.stderr, "")


def _on_one_line(stream: IO[str], text: str) -> None:
    stream.write(f"\r\x1b[K{text}")
    stream.flush()


def scrs(count: int) -> str:
    """Return how many SCRs, in words."""
    return "1 SCR" if count == 1 else f"{count:,} SCRs"


def check_text(option: str, text: str) -> None:
    """Refuse an option that a field of text would not take.

    :raises UsageError: says what it takes.
    """
    from ledger.domain.events import is_text

    if not is_text(text):
        message = (
            f"{option} takes 1 to 200 characters, not only spaces,"
            " none of them a control character"
        )
        raise UsageError(message)
