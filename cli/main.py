"""The command line: the group, lazily loaded commands, and the error boundary.

No rule lives here. A command imports what it needs when it runs, so that a figure
can be asked for in a few bare interpreter starts (docs/decisions/0006).
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from cli.saying import (
    DEFAULT_LEDGER,
    NO_ROOM,
    Settings,
    cannot_write,
    check_ledger,
    complain,
    let_go_of,
    prepare_streams,
    read_enough,
    say,
    warn,
)
from ledger.errors import (
    STUMBLES,
    FaultyFileError,
    LedgerError,
    LogDamagedError,
    NoLedgerError,
    TooDeepError,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "COMMANDS",
    "NO_ROOM",
    "LazyGroup",
    "Settings",
    "Suggesting",
    "check_ledger",
    "complain",
    "main",
    "read_enough",
    "run",
    "say",
    "scr",
    "warn",
]

COMMANDS = {
    "init": ("cli.keeping", "make an empty ledger"),
    "import": ("cli.importing", "load facts from a file"),
    "map": ("cli.mapping", "draft how a table's columns are read"),
    "export": ("cli.history", "write the case facts out"),
    "count": ("cli.count", "figures per fiscal year"),
    "cases": ("cli.count", "the SCRs behind a figure"),
    "measure": ("cli.measures", "define what is counted, and look it up"),
    "taxonomy": ("cli.taxonomy", "categories, and what their criteria require"),
    "diff": ("cli.diff", "two figures taken apart, item by item"),
    "explain": ("cli.explain", "why an SCR is counted, or is not"),
    "vintages": ("cli.vintages", "figures as they were known, time after time"),
    "assert": ("cli.asserting", "claim a figure; it is proved, now and later"),
    "check": ("cli.asserting", "prove all that is asserted again"),
    "publish": ("cli.publishing", "seal figures that pass validation"),
    "publication": ("cli.publications", "what was printed, and what stands behind it"),
    "restate": ("cli.restating", "put figures in the place of printed ones"),
    "trace": ("cli.publications", "every printed figure an SCR entered"),
    "person": ("cli.person", "who there is, and which roles they hold"),
    "sample": ("cli.sample", "draw a sample, and say what was found in it"),
    "request": ("cli.requests", "what was asked for, and what supports it"),
    "recommendation": ("cli.recommendations", "what was recommended, and is overdue"),
    "scorecard": ("cli.scorecard", "whether the fixes hold, with the lists behind"),
    "compare": ("cli.comparing", "an extract beside the ledger, both ways"),
    "validate": ("cli.validating", "what speaks against printing a figure"),
    "waive": ("cli.validating", "let a failure of validation pass, until a day"),
    "show": ("cli.history", "one SCR's history, with both clocks"),
    "log": ("cli.history", "the whole log, fact by fact"),
    "replay": ("cli.replay", "walk through history, and see figures move"),
    "late": ("cli.late", "what was known long after it happened"),
    "activity": ("cli.late", "who recorded what"),
    "key": ("cli.key", "which key signs for the ledger"),
    "checkpoint": ("cli.checkpoint", "sign the log as it is, to be kept elsewhere"),
    "prove": ("cli.proving", "show that the log holds a fact, to be checked offline"),
    "check-proof": ("cli.proof_checking", "check proofs, with no ledger at hand"),
    "witness": ("cli.witness", "cosign a log, and say whose cosignatures count"),
    "verify": ("cli.verifying", "recompute everything, and name what is wrong"),
    "bundle": ("cli.bundling", "one file to take home and check without scr"),
    "file": ("cli.live", "record that an SCR was filed"),
    "classify": ("cli.live", "record its category"),
    "determine": ("cli.live", "record whether it meets the TCO definition"),
    "approve": ("cli.live", "record that the panel accepted it, or an outcome"),
    "return": ("cli.live", "record that the panel sent it back"),
    "disrupt": ("cli.live", "record a disruption"),
    "dismantle": ("cli.live", "record a dismantlement"),
    "transfer": ("cli.live", "record that another office has it"),
    "reopen": ("cli.live", "record that work resumed"),
    "reclassify": ("cli.live", "correct the category"),
    "redetermine": ("cli.live", "correct a determination"),
    "redate": ("cli.live", "correct the date of an outcome"),
    "reverse": ("cli.live", "correct: an outcome does not stand"),
    "rescind": ("cli.live", "correct: an approval does not stand"),
    "refile": ("cli.live", "correct what was filed"),
    "void": ("cli.live", "correct: the SCR does not stand"),
    "reinstate": ("cli.live", "correct: a voided SCR stands again"),
    "merge": ("cli.live", "record that two organizations are one"),
    "unmerge": ("cli.live", "correct: they are not"),
    "correct": ("cli.correcting", "propose corrections, and agree to them"),
    "backup": ("cli.backup", "write a verified copy of the ledger"),
    "restore": ("cli.backup", "make the ledger from a copy that verifies"),
    "rebuild": ("cli.keeping", "make the read model anew"),
    "doctor": ("cli.checking", "look over the ledger and this installation"),
    "demo": ("cli.demo", "the audit's story, on a synthetic ledger"),
}
"""Where each command lives, and what it does in a line; in the order of the help."""

UNEXPECTED = 70
"""A fault of this program, as in ``sysexits.h``; a test never sees it."""
INTERRUPTED = 130


class Suggesting(click.Group):
    """A group that suggests a command where there is none of the name typed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names in the order in which the commands were added."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, and suggest one where there is none of that name."""
        name = args[0] if args else ""
        names = self.list_commands(ctx)
        if args and name not in names and not name.startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(name, names, 1)
            path = ctx.command_path
            hint = f"did you mean {near[0]}?" if near else f"see `{path} --help`"
            of = "" if ctx.parent is None else f" of {ctx.info_name}"
            ctx.fail(f"no command{of} is named {name}; {hint}")
        return super().resolve_command(ctx, args)


class LazyGroup(Suggesting):
    """Imports a command's module when the command is run, not before."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return a command by name."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(COMMANDS[cmd_name][0])
        command = getattr(module, f"{cmd_name.replace('-', '_')}_command")
        assert isinstance(command, click.Command)
        return command

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """List the commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, says) for name, (_, says) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an interrupt is said once, without an empty line first.

        Where it stumbles over what it read, a ledger that does not verify is at fault.
        """
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise click.exceptions.Abort from None
        except LedgerError:
            raise
        except STUMBLES as error:
            why = _damage(ctx.obj.ledger) if isinstance(ctx.obj, Settings) else None
            if why is None:
                raise
            raise LogDamagedError(why) from error


@click.group(
    cls=LazyGroup,
    no_args_is_help=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Every command has `--help` with examples. The reference is in docs/.",
)
@click.option(
    "--ledger",
    metavar="PATH",
    envvar="SCR_LEDGER",
    default=DEFAULT_LEDGER,
    show_default=True,
    help="The ledger file; also SCR_LEDGER.",
)
@click.version_option(package_name="scr-ledger", prog_name="scr")
@click.pass_context
def scr(ctx: click.Context, ledger: str) -> None:
    """Ask a ledger of Significant Case Reports what was counted, when, and why."""
    check_ledger(ledger)
    ctx.obj = Settings(ledger)


def _damage(ledger: str) -> str | None:
    """Return the first thing that is wrong with a ledger, or None if it verifies."""
    from ledger.fsck import check

    try:
        findings = check(ledger, lambda _position: None).findings
    except NoLedgerError:
        return None
    except (LedgerError, *STUMBLES):
        return "it cannot be read to its end"
    if not findings:
        return None
    first = findings[0]
    where = "" if first.position is None else f" (@{first.position})"
    return f"{first.why}{where}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command; end with the exit code of docs/commands/index.md."""
    prepare_streams()
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; every error is one line on stderr."""
    try:
        code = scr.main(arguments, prog_name="scr", standalone_mode=False)
        with read_enough():
            if sys.stdout is not None:  # It is None where it was closed: `>&-`.
                sys.stdout.flush()
    except LedgerError as error:
        return _refused(error)
    except (click.exceptions.Abort, KeyboardInterrupt):
        complain("interrupted")
        return INTERRUPTED
    except click.ClickException as error:
        return _misused(error)
    except (BrokenPipeError, SystemExit):  # The latter is what click makes of it.
        # The help of a command; answers and lines have `read_enough` around them.
        let_go_of(sys.stdout)
        return 0
    except OSError as error:
        return cannot_write(error)
    except RecursionError:
        # Nothing here calls itself but what follows the nesting of somebody's data.
        if os.environ.get("SCR_DEBUG"):
            raise
        return _refused(TooDeepError())
    except Exception as error:  # noqa: BLE001 - no traceback reaches a user
        return _unexpected(error)
    return code if isinstance(code, int) else 0


def _refused(error: LedgerError) -> int:
    if isinstance(error, FaultyFileError):
        for line in error.lines:
            complain(line, prefix="")
    complain(str(error))
    return error.exit_code


def _misused(error: click.ClickException) -> int:
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "scr"
    text = " ".join(error.format_message().split())
    hint = "" if "see `" in text or "did you mean" in text else f"; see `{path} --help`"
    complain(f"{text.rstrip('.')}{hint}")
    return error.exit_code


def _unexpected(error: Exception) -> int:
    if os.environ.get("SCR_DEBUG"):
        raise error
    complain(
        f"this is a fault of scr itself ({type(error).__name__}: {error});"
        " please report it, with what SCR_DEBUG=1 shows"
    )
    return UNEXPECTED
