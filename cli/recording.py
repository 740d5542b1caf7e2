"""What commands share that record something: who says so, and at which head."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.asking import F

T = TypeVar("T")

ATTEMPTS = 5
"""How often an answer is computed anew because the log has grown meanwhile."""


def by_option(command: F) -> F:
    """Add ``--by``."""
    return click.option(
        "--by",
        metavar="TEXT",
        envvar="SCR_BY",
        required=True,
        help="Who says so; also SCR_BY.",
    )(command)


def dry_run_option(command: F) -> F:
    """Add ``--dry-run``."""
    return click.option("--dry-run", is_flag=True, help="Decide, record nothing.")(
        command
    )


def recording_options(command: F) -> F:
    """Add who says so, whether really, and how to answer."""
    as_json = click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
    return by_option(dry_run_option(as_json(command)))


def at_the_head(attempt: Callable[[], T]) -> T:
    """Compute an answer and record it, anew where the log has grown in between.

    :param attempt: computes and records; it raises when the log has grown.
    :returns: what it returns.
    :raises HeadMovedError: the log has grown each of ``ATTEMPTS`` times.
    """
    from ledger.errors import HeadMovedError

    for _ in range(ATTEMPTS - 1):
        try:
            return attempt()
        except HeadMovedError:
            continue
    return attempt()
