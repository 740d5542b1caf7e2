"""Walk through history in a terminal: one screen a fact, keys to go on and back.

What a key does and what a screen shows are functions of a view and a walk, without a
terminal; only ``explore`` has one.
"""

from __future__ import annotations

import os
import re
from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

from rich.console import Console, Group
from rich.control import Control
from rich.text import Text

from cli.keyboard import keyboard, resizing
from cli.replay import moved_words
from cli.safe import display
from ledger.errors import LedgerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ledger.reader import Log, Row
    from projections.replaying import Walk
    from projections.states import Change

PAGE = 10
SCROLL = 5
KEYS = {
    "→ l space": "the next fact",
    "← h": "the one before",
    "↓ ↑": f"{PAGE} further, {PAGE} back",
    "d u": "down and up in a fact that does not fit",
    "] [": "the next, the last fact that moved a figure",
    "Home End": "the first fact, the last",
    "g": "go to a date, an instant or @POSITION",
    "/ n N": "search in facts; the next match, the one before",
    "?": "this list",
    "q": "quit",
}
HELP_LINE = "←→ step  [ ] figure moves  g go to  / search  ? keys  q quit"

_KEY = re.compile(r"\x1b(?:\[[0-9;]*[A-Za-z~]|O.)?|.", re.DOTALL)
_MOVES = {
    "\x1b[C": 1,
    "\x1bOC": 1,
    "l": 1,
    " ": 1,
    "\x1b[D": -1,
    "\x1bOD": -1,
    "h": -1,
    "\x1b[B": PAGE,
    "\x1bOB": PAGE,
    "j": PAGE,
    "\x1b[A": -PAGE,
    "\x1bOA": -PAGE,
    "k": -PAGE,
    "\x1b[6~": PAGE,
    "\x1b[5~": -PAGE,
}
_FIRST = ("\x1b[H", "\x1bOH", "\x1b[1~", "0")
_LAST = ("\x1b[F", "\x1bOF", "\x1b[4~", "$")
_ERASE = ("\x7f", "\x08")
_ENTER = ("\r", "\n")
_ESCAPE = "\x1b"
_QUIT = ("q", "Q", "\x04")
_BAR = 24


class View(NamedTuple):
    """What a screen shows."""

    at: int = 0
    """The step, from 0."""
    typing: str | None = None
    """What is typed for: ``g`` or ``/``; None where keys are commands."""
    typed: str = ""
    sought: str = ""
    """What was searched for last."""
    message: str = ""
    scroll: int = 0
    """How many lines of the fact stand above the screen."""
    keys: bool = False
    """Whether the list of keys is shown."""
    done: bool = False


class Guide(NamedTuple):
    """Where a walk has what is asked for; reads the log."""

    when: Callable[[str], int]
    """The step at or after a date, an instant or a position.

    :raises LedgerError: the text is none of these.
    """
    find: Callable[[str, int, int], int | None]
    """The step with a text, from a step on, in a direction, or None."""


def keys(text: str) -> list[str]:
    """Split what a terminal sent into keys: it may send several at once."""
    return _KEY.findall(text)


# --- what a key does ------------------------------------------------------------------


def press(view: View, key: str, walked: Walk, guide: Guide) -> View:
    """Return the view after a key."""
    view = view._replace(message="")
    if view.typing is not None:
        return _type(view, key, walked, guide)
    if key in _QUIT:
        return view._replace(done=True)
    if view.keys:
        return view._replace(keys=False)
    match key:
        case "]" | "[":
            return _to_move(view, walked, 1 if key == "]" else -1)
        case "g" | "/":
            return view._replace(typing=key, typed="")
        case "n" | "N":
            return _search(view, guide, 1 if key == "n" else -1)
        case "?":
            return view._replace(keys=True)
        case _:
            return _step(view, key, len(walked.steps) - 1)


def _step(view: View, key: str, last: int) -> View:
    if key in _FIRST or key in _LAST:
        return view._replace(at=0 if key in _FIRST else last, scroll=0)
    if key in ("d", "u"):
        to = view.scroll + (SCROLL if key == "d" else -SCROLL)
        return view._replace(scroll=max(to, 0))
    if key not in _MOVES:
        return view._replace(message="no such key; ? lists them")
    to = min(max(view.at + _MOVES[key], 0), last)
    end = "this is the last fact" if _MOVES[key] > 0 else "this is the first fact"
    if to == view.at:
        return view._replace(message=end)
    return view._replace(at=to, scroll=0)


def _to_move(view: View, walked: Walk, step: int) -> View:
    at = view.at + step
    while 0 <= at < len(walked.steps):
        if walked.steps[at].moved:
            return view._replace(at=at, scroll=0)
        at += step
    where = "further" if step > 0 else "earlier"
    return view._replace(message=f"no {where} fact moved a figure")


def _type(view: View, key: str, walked: Walk, guide: Guide) -> View:
    if key == _ESCAPE:
        return view._replace(typing=None)
    if key in _ERASE:
        return view._replace(typed=view.typed[:-1])
    if key not in _ENTER:
        return view._replace(typed=view.typed + key) if key.isprintable() else view
    done = view._replace(typing=None)
    if not view.typed:
        return done
    if view.typing == "/":
        return _search(done._replace(sought=view.typed), guide, 1)
    try:
        at = guide.when(view.typed.strip())
    except LedgerError as error:
        return done._replace(message=str(error))
    if at == len(walked.steps):
        return done._replace(at=at - 1, scroll=0, message="nothing is later than this")
    return done._replace(at=at, scroll=0)


def _search(view: View, guide: Guide, step: int) -> View:
    if not view.sought:
        return view._replace(message="nothing was searched for yet; press /")
    found = guide.find(view.sought, view.at, step)
    if found is None:
        return view._replace(message=f"no fact has {view.sought}")
    round_the_end = (found <= view.at) if step > 0 else (found >= view.at)
    where = "from the first fact" if step > 0 else "from the last fact"
    message = f"searched on {where}" if round_the_end else ""
    return view._replace(at=found, scroll=0, message=message)


# --- what a screen shows --------------------------------------------------------------


class Shown(NamedTuple):
    """The fact of a view, as it is drawn."""

    line: dict[str, object]
    """As answers say it, with ``before``, ``after`` and ``moved``."""
    made: Change
    clock: str


def draw(view: View, walked: Walk, shown: Shown, width: int, height: int) -> list[Text]:
    """Return the lines of a screen: as many as it is high, none wider than it is."""
    top = _progress(view, walked, shown, width)
    body = _keys() if view.keys else _fact(walked, view, shown)
    foot = Text(_foot(view), style="reverse" if view.typing or view.message else "dim")
    room = max(height - 3, 0)
    body = [part for line in body for part in _folded(line, width)]
    above = min(view.scroll, max(len(body) - room, 0))
    body = body[above:]
    if len(body) > room:
        left = len(body) - room + 1
        more = f"… {left} more lines; d goes down"
        body = [*body[: max(room - 1, 0)], Text(more, style="dim")]
    lines = [top, Text(""), *body]
    lines += [Text("")] * (height - 1 - len(lines))
    lines = [*lines[: height - 1], foot]
    for line in lines:
        line.truncate(width, overflow="ellipsis")
    return lines


def _folded(line: Text, width: int) -> list[Text]:
    """Fold a line at words; what goes on is set in."""
    if line.cell_len <= width or width < _NARROWEST:
        return [line]
    first, *rest = line.wrap(_PLAIN, width)
    joined = Text(" ").join(rest)
    return [first, *(Text("    ") + part for part in joined.wrap(_PLAIN, width - 4))]


_NARROWEST = 12
_PLAIN = Console(width=80, color_system=None, file=None)


def _progress(view: View, walked: Walk, shown: Shown, width: int) -> Text:
    total = len(walked.steps)
    done = view.at + 1
    words = f"fact {done:,} of {total:,} · by the clock {shown.clock}"
    if len(words) + _BAR + 3 > width:
        return Text(f"{done:,}/{total:,}", style="bold")
    full = done * _BAR // total
    return Text(f"{words}  [{'#' * full}{'.' * (_BAR - full)}]", style="bold")


def _foot(view: View) -> str:
    if view.typing == "g":
        return f"go to a date, an instant or @POSITION: {display(view.typed)}_"
    if view.typing == "/":
        return f"search: {display(view.typed)}_"
    return display(view.message) or HELP_LINE


def _keys() -> list[Text]:
    room = max(map(len, KEYS))
    return [Text(f"{key:<{room}}  {does}") for key, does in KEYS.items()]


def _fact(walked: Walk, view: View, shown: Shown) -> list[Text]:
    return [
        *_said(shown),
        Text(""),
        *_state(shown.made),
        Text(""),
        *_figures(walked, view, shown),
    ]


def _said(shown: Shown) -> list[Text]:
    from projections.history import details, subject_of

    line = {
        k: v for k, v in shown.line.items() if k not in ("before", "after", "moved")
    }
    head = f"@{line['position']}  {line['event']}  {subject_of(line)}"
    found = [Text(display(head), style="bold")]
    clocks = []
    if "effective_on" in line:
        clocks.append(f"effective on {line['effective_on']}")
    if "known_at" in line:
        claimed = " (claimed)" if line["claimed"] else ""
        clocks.append(f"known at {line['known_at']}{claimed}")
    clocks.append(f"recorded at {line['recorded_at']}")
    found.append(Text(display(" · ".join(clocks))))
    if "by" in line:
        found.append(Text(display(f"by {line['by']}")))
    told = details(line)
    return [*found, Text(display(told))] if told else found


def _state(made: Change) -> list[Text]:
    """Return what changed, each line marked with a star."""
    from projections.states import differences

    found = [
        Text(f"* {display(name)}: ")
        + Text(display(before or "none"), style="dim")
        + Text(" → ")
        + Text(display(after or "none"), style="bold")
        for name, before, after in differences(made)
    ]
    if found:
        return [Text("What it changed", style="underline"), *found]
    return [Text("It changed nothing of how its subject stands.", style="dim")]


def _figures(walked: Walk, view: View, shown: Shown) -> list[Text]:
    moved = shown.line["moved"]
    assert isinstance(moved, list)
    found = [Text("Figures after it", style="underline")]
    for move in moved:
        change = move["to"] - move["from"]
        words = f"* {moved_words(move)} ({change:+,})"
        found.append(Text(display(words), style="bold"))
    by_measure: dict[str, list[str]] = {}
    for (measure, year), value in sorted(walked.figures(view.at + 1).items()):
        by_measure.setdefault(measure, []).append(f"FY{year} {value:,}")
    found += [
        Text(display(f"{measure}: {', '.join(years)}"))
        for measure, years in by_measure.items()
    ]
    if len(found) == 1:
        found.append(Text("none counts anything yet", style="dim"))
    return found


# --- with a terminal ------------------------------------------------------------------


def explore(log: Log, walked: Walk, clock: str) -> None:
    """Show a walk in the terminal, until whoever walks has seen enough.

    :raises KeyboardInterrupt: they interrupted it.
    """
    guide = guide_of(log, walked, clock)
    view = View()
    # The window may change; what the environment said of it when it began does not.
    said = {k: v for k, v in os.environ.items() if k not in ("LINES", "COLUMNS")}
    console = Console(highlight=False, _environ=said)
    with console.screen(hide_cursor=True) as screen:

        def show() -> None:
            width, height = console.size
            shown = show_step(log, walked, view.at, clock)
            console.control(Control.home())
            screen.update(Group(*draw(view, walked, shown, width, height)))

        with keyboard() as read, resizing(show) as waiting:
            show()
            while not view.done:
                with waiting:
                    sent = read()
                if not sent:
                    return
                for key in keys(sent):
                    view = press(view, key, walked, guide)
                show()


def show_step(log: Log, walked: Walk, at: int, clock: str) -> Shown:
    """Return the fact of a step, as it is drawn."""
    from projections.replaying import line_of_step
    from projections.states import change

    step = walked.steps[at]
    (row,) = log.at([step.position])
    made = change(log, row)
    return Shown(line_of_step(step, row, made), made, clock)


def guide_of(log: Log, walked: Walk, clock: str) -> Guide:
    """Return where a walk has what is asked for."""
    from projections.history import first_from, known_before

    by_position = [step.position for step in walked.steps]
    by_known = [step.known for step in walked.steps]

    def when(text: str) -> int:
        if clock == "recorded":
            return bisect_left(by_position, first_from(log, text))
        if text.startswith("@"):
            return _place_of(by_position, text)
        return bisect_left(by_known, known_before(log, text) + 1)

    def find(text: str, at: int, step: int) -> int | None:
        count = len(by_position)
        places = [(at + step * (n + 1)) % count for n in range(count)]
        return _first_with(log, by_position, text, places)

    return Guide(when, find)


def _place_of(positions: list[int], text: str) -> int:
    digits = text.removeprefix("@")
    if not (digits.isascii() and digits.isdigit()) or int(digits) not in positions:
        message = f"{text} is no step of this walk"
        raise UsageError(message)
    return positions.index(int(digits))


_AT_ONCE = 2_000


def _first_with(
    log: Log, positions: list[int], text: str, places: list[int]
) -> int | None:
    sought = text.casefold()
    for first in range(0, len(places), _AT_ONCE):
        page = places[first : first + _AT_ONCE]
        rows = {row.position: row for row in log.at(positions[n] for n in page)}
        for place in page:
            if sought in _told(rows[positions[place]]).casefold():
                return place
    return None


def _told(row: Row) -> str:
    """Return what a screen tells of a fact, as one text."""
    from projections.history import details, line_of, subject_of

    line = line_of(row)
    head = (line.get(name) for name in ("event", "effective_on", "known_at", "by"))
    return " ".join(
        map(str, (f"@{row.position}", subject_of(line), *head, details(line)))
    )
