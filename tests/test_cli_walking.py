"""Walking through history in a terminal: keys, screens, and the terminal itself."""

from __future__ import annotations

from contextlib import chdir
from typing import TYPE_CHECKING

import pytest
from hypothesis import given as holds_for
from hypothesis import strategies as st
from rich.cells import cell_len

from cli import walking
from cli.walking import KEYS, View, draw, guide_of, keys, press, show_step
from ledger.reader import open_log
from projections import basis as bases
from projections.replaying import walk
from tests import ledgers
from tests.commandline import filed, life, prepare
from tests.terminal import DOWN, END, LEFT, RIGHT, Terminal

if TYPE_CHECKING:
    from ledger.reader import Log
    from projections.replaying import Walk

WIDE = (100, 40)


@pytest.fixture(scope="module")
def log():
    """
    A ledger of four SCRs in 19 facts; the first one opens it, the last is the import.
    """
    with ledgers.folder() as made:
        prepare(made)
        with open_log(str(made / "scr.db")) as opened:
            yield opened


@pytest.fixture(scope="module")
def walked(log) -> Walk:
    """
    All of it.
    """
    return walk(log, ("dd-all", "dd-tco"), bases.of_now(log))


def pressed(log: Log, walked: Walk, sent: str, view: View = View()) -> View:  # noqa: B008 - it cannot change
    """
    Return the view after some keys.
    """
    guide = guide_of(log, walked, "recorded")
    for key in keys(sent):
        view = press(view, key, walked, guide)
    return view


def drawn(
    log: Log, walked: Walk, view: View, size: tuple[int, int] = WIDE
) -> list[str]:
    """
    Return the lines of a screen.
    """
    shown = show_step(log, walked, view.at, "recorded")
    return [line.plain for line in draw(view, walked, shown, *size)]


# --- keys ---------------------------------------------------------------------------

STEPS = [
    pytest.param(RIGHT, 1, "", id="on"),
    pytest.param("l", 1, "", id="on, by letter"),
    pytest.param(" ", 1, "", id="on, by space"),
    pytest.param(RIGHT * 3 + LEFT, 2, "", id="and back"),
    pytest.param("lllh", 2, "", id="and back, by letter"),
    pytest.param(LEFT, 0, "this is the first fact", id="not before the first"),
    pytest.param(DOWN, 10, "", id="a page on"),
    pytest.param("\x1b[6~\x1b[5~", 0, "", id="a page on and back"),
    pytest.param("jk", 0, "", id="a page on and back, by letter"),
    pytest.param("\x1bOC", 1, "", id="a terminal in application mode"),
    pytest.param(END, 18, "", id="the last"),
    pytest.param("$", 18, "", id="the last, by letter"),
    pytest.param("$l", 18, "this is the last fact", id="not past the last"),
    pytest.param("$0", 0, "", id="the first"),
    pytest.param("]", 5, "", id="the next that moved a figure"),
    pytest.param("]]", 10, "", id="the one after"),
    pytest.param("]][", 5, "", id="and back to it"),
    pytest.param("]]]]]", 17, "no further fact moved a figure", id="no more"),
    pytest.param("[", 0, "no earlier fact moved a figure", id="none before"),
    pytest.param("g@7\r", 6, "", id="to a position"),
    pytest.param("g2019-01-01\r", 0, "", id="to a day of recording"),
    pytest.param("g2030-01-01\r", 18, "nothing is later than this", id="too late"),
    pytest.param("gnow\r", 0, "now is neither", id="to nowhere"),
    pytest.param("g@99\r", 0, "beyond the head", id="beyond the end"),
    pytest.param("g@8\x7f7\r", 6, "", id="mistyped"),
    pytest.param("g@7\x1b", 0, "", id="thought better of it"),
    pytest.param("g\r", 0, "", id="to nothing"),
    pytest.param("/SCR-3\r", 11, "", id="search"),
    pytest.param("/scr-3\rnn", 13, "", id="search on, whatever the case"),
    pytest.param("/SCR-3\rN", 13, "from the last fact", id="search back, round"),
    pytest.param("/nothing\r", 0, "no fact has nothing", id="not found"),
    pytest.param("n", 0, "nothing was searched for", id="no search yet"),
    pytest.param("x", 0, "no such key", id="no key"),
    pytest.param("lq", 1, "", id="enough"),
]


@pytest.mark.parametrize(("sent", "at", "message"), STEPS)
def test_keys(log, walked, sent, at, message):
    """
    Each key leads to a step, or says why it does not.
    """
    view = pressed(log, walked, sent)

    assert view.at == at
    assert message in view.message
    assert bool(view.message) == bool(message)
    assert view.done == sent.endswith("q")


SOME_KEYS = st.lists(
    st.sampled_from([RIGHT, LEFT, DOWN, END, "[", "]", "$", "0", "?", "n", "g", "/"])
    | st.text(max_size=2)
    | st.sampled_from(["@7", "\r", "\x1b", "\x7f", "SCR", "2019-02-30"]),
    max_size=25,
)


@holds_for(SOME_KEYS, st.integers(1, 120), st.integers(1, 50))
def test_whatever_is_pressed(log, walked, sent, width, height):
    """
    No keys lead out of the walk, and every screen fits its window.
    """
    view = pressed(log, walked, "".join(sent))

    assert 0 <= view.at < len(walked.steps)
    lines = drawn(log, walked, view, (width, height))
    assert len(lines) == height
    assert all(cell_len(line) <= width for line in lines)


@holds_for(st.integers(0, 17))
def test_back_undoes_on(log, walked, at):
    """
    One step on and one back shows the same screen again.
    """
    there = pressed(log, walked, RIGHT, View(at))
    back = pressed(log, walked, LEFT, there)

    assert drawn(log, walked, there) != drawn(log, walked, View(at))
    assert drawn(log, walked, back) == drawn(log, walked, View(at))


# --- screens --------------------------------------------------------------------------


def test_a_screen(log, walked):
    """
    A fact with both clocks, what it changed, what it moved, and all figures after it.
    """
    lines = drawn(log, walked, View(5))
    text = "\n".join(lines)

    assert lines[0].startswith("fact 6 of 19 · by the clock recorded  [#######....")
    assert lines[2] == "@6  disrupted  SCR-1"
    assert "effective on 2019-03-04 · known at 2019-03-04T12:00:00Z (claimed)" in text
    assert "* D1 meets_tco: none → yes" in text
    assert "* dd-all FY2019 0 → 1 (+1)" in text
    assert "dd-tco: FY2019 1" in text
    assert lines[-1] == walking.HELP_LINE


def test_the_list_of_keys(log, walked):
    """
    `?` lists every key, and any key closes the list.
    """
    view = pressed(log, walked, "?")
    text = "\n".join(drawn(log, walked, view))

    assert all(key in text and does in text for key, does in KEYS.items())
    assert pressed(log, walked, "l", view) == View()


def test_what_does_not_fit_is_counted(log, walked):
    """
    A low window says how much is missing.
    """
    lines = drawn(log, walked, View(5), (100, 9))

    assert lines[-2].startswith("… ")
    assert lines[-2].endswith(" more lines; d goes down")


def test_what_does_not_fit_is_reached(log, walked):
    """
    `d` goes down in a fact, `u` up again, and the next fact begins at its top.
    """
    low = (100, 9)
    view = pressed(log, walked, "ddd", View(5))
    everything = drawn(log, walked, View(5))
    last = next(line for line in reversed(everything[:-1]) if line)

    assert last in drawn(log, walked, view, low)
    assert drawn(log, walked, pressed(log, walked, "uuu", view), low) == drawn(
        log, walked, View(5), low
    )
    assert pressed(log, walked, "dl", View(5)).scroll == 0


def test_data_cannot_steer_the_terminal(tmp_path):
    """
    Control characters that a damaged file may hold are shown, not obeyed.
    """
    shown = walking.Shown(
        {
            "position": 1,
            "event": "opened",
            "recorded_at": "\x1b[2J",
            "scr": "\x07",
            "moved": [],
        },
        (None, {"office": "\x1b]0;x\x07"}),
        "recorded",
    )
    prepare(tmp_path)
    with open_log(str(tmp_path / "scr.db")) as log:
        walked = walk(log, ("dd-all",), bases.of_now(log))
    text = "".join(line.plain for line in draw(View(), walked, shown, 80, 20))

    assert "\x1b" not in text
    assert "\x07" not in text
    assert "\\x1b[2J" in text


def test_what_is_said_of_a_fact_is_cleaned(walked):
    """
    Every line about a fact shows what it must not obey, whatever it is about.
    """
    line = {
        "position": 1,
        "event": "\x1b[1mfiled",
        "recorded_at": "2024",
        "by": "\x1b[2m",
        "scr": "\x1b[3m",
        "note": "\x1b[4m",
        "effective_on": "\x1b[5m",
        "known_at": "2024",
        "claimed": True,
        "moved": [{"measure": "\x1b[6m", "fiscal_year": 2019, "from": 0, "to": 1}],
    }
    shown = walking.Shown(line, (None, None), "recorded")
    lines = draw(View(), walked, shown, 200, 40)
    text = "".join(one.plain for one in lines)

    assert "\x1b" not in text
    assert all(f"\\x1b[{number}m" in text for number in range(1, 7))


def test_search_finds_what_the_screen_shows(tmp_path):
    """
    Quotes, backslashes and any script are searched as they are shown.
    """
    title = 'say "hi" \\ in Zürich'
    prepare(tmp_path, filed("S-1") + filed("S-2", title=title))
    with open_log(str(tmp_path / "scr.db")) as log:
        walked = walk(log, ("dd-all",), bases.of_now(log))
        for sought in ('say "hi"', "\\ in", "zürich", "title say", "@3"):
            assert pressed(log, walked, f"/{sought}\r").at == 2


def test_by_the_other_clock(log):
    """
    By the clock `known` one goes to a day of knowledge, or to a fact's position.
    """
    walked = walk(log, ("dd-all",), bases.of_now(log), clock="known")
    guide = guide_of(log, walked, "known")
    places = [step.position for step in walked.steps]

    day = press(View(typing="g", typed="2019-03-04"), "\r", walked, guide)
    fact = press(View(typing="g", typed="@17"), "\r", walked, guide)
    none = press(View(typing="g", typed="@77"), "\r", walked, guide)

    assert show_step(log, walked, day.at, "known").line["event"] == "disrupted"
    assert show_step(log, walked, day.at - 1, "known").line["event"] == "approved"
    assert places[fact.at] == 17
    assert none.message == "@77 is no step of this walk"


# --- a terminal -----------------------------------------------------------------------


@pytest.fixture
def folder():
    """
    A folder with scr.db, of four SCRs, and the working directory of the test.
    """
    with ledgers.folder() as made, chdir(made):
        prepare(made)
        yield made


@pytest.mark.usefixtures("folder")
class TestTerminal:
    """`scr replay` in a real terminal."""

    def test_there_and_back(self):
        """
        It steps on and back, and leaves the screen as it was.
        """
        with Terminal("replay") as there:
            there.wait_for("fact 1 of 19")
            there.press(RIGHT)
            there.wait_for("@2  filed  SCR-1")
            there.press("]")
            there.wait_for("dd-all FY2019 0 → 1 (+1)")
            there.press(LEFT)
            there.wait_for("@5  approved  SCR-1")
            there.press("q")
            assert there.ended() == 0
            assert there.sent.count("\x1b[?1049h") == there.sent.count("\x1b[?1049l")
            assert there.sent.rstrip().endswith("\x1b[?25h")

    def test_keys_sent_at_once(self):
        """
        Keys that arrive together are taken one after the other.
        """
        with Terminal("replay") as there:
            there.wait_for("fact 1 of 19")
            there.press(f"l{RIGHT}g@7\r")
            there.wait_for("@7  filed  SCR-2")

    def test_a_thousand_keys_at_once(self):
        """
        However many keys arrive together, none is cut in two.
        """
        with Terminal("replay") as there:
            there.wait_for("fact 1 of 19")
            for _ in range(5):
                there.press(f"{RIGHT}{LEFT}" * 130 + RIGHT)
            there.wait_for("fact 6 of 19")
            assert "no such key" not in there.sent

    def test_a_key_in_two_parts(self):
        """
        A slow line may split a key; a lone Escape is none.
        """
        with Terminal("replay") as there:
            there.wait_for("fact 1 of 19")
            there.press("\x1b")
            there.press("[C")
            there.wait_for("fact 2 of 19")
            there.press("g2\x1b")
            there.wait_for("q quit")

    def test_it_is_not_stopped(self):
        """
        Ctrl-Z is no key: a stopped screen could not be given back.
        """
        with Terminal("replay") as there:
            there.wait_for("fact 1 of 19")
            there.press("\x1a")
            there.wait_for("no such key")
            there.press("l")
            there.wait_for("fact 2 of 19")

    def test_another_size(self):
        """
        A window that gets another size is drawn anew, without a key.
        """
        with Terminal("replay", width=90, height=30) as there:
            there.wait_for("q quit")
            assert len(there.lines) == 30
            there.resize(30, 9)
            there.wait_for("1/19")
            there.wait_for("[ ] figure")
            assert len(there.lines) == 9
            assert all(len(line) <= 30 for line in there.lines)
            there.press(RIGHT)
            there.wait_for("2/19")

    def test_interrupted(self):
        """
        An interrupt gives the screen back and ends as the contract says.
        """
        with Terminal("replay") as there:
            there.wait_for("fact 1 of 19")
            there.press("\x03")
            assert there.ended() == 130
            left = there.sent.rpartition("\x1b[?1049l")[2]
            assert "scr: interrupted" in left
            assert "Traceback" not in there.sent

    def test_end_of_input(self):
        """
        The end of input is the end of the walk.
        """
        with Terminal("replay") as there:
            there.wait_for("fact 1 of 19")
            there.press("\x04")
            assert there.ended() == 0

    def test_without_colour(self):
        """
        Without colours a star still marks what changed, and no colour is sent.
        """
        with Terminal("replay", env={"NO_COLOR": "1"}) as there:
            there.wait_for("fact 1 of 19")
            there.press("]")
            there.wait_for("* dd-all FY2019 0 → 1 (+1)")
            assert "\x1b[3" not in there.sent.replace("\x1b[3m", "")

    @pytest.mark.parametrize(
        ("arguments", "env"),
        [
            pytest.param(["--plain"], {}, id="asked for"),
            pytest.param(["-f", "csv"], {}, id="a format"),
            pytest.param([], {"TERM": "dumb"}, id="a terminal that cannot"),
        ],
    )
    def test_a_list_instead(self, arguments, env):
        """
        Where it is wanted, or nothing else is possible, the steps are listed.
        """
        with Terminal("replay", *arguments, env=env) as there:
            assert there.ended() == 0
            assert "\x1b[?1049h" not in there.sent
            assert there.sent.count("SCR-4") >= 4

    def test_nothing_to_walk(self):
        """
        Where no fact is chosen there is no walk, but an answer that says so.
        """
        with Terminal("replay", "--office", "nowhere") as there:
            assert there.ended() == 0
            assert "no rows" in there.sent


def test_ten_thousand_facts(tmp_path, monkeypatch):
    """
    A long history is walked to its end and searched.
    """
    monkeypatch.chdir(tmp_path)
    prepare(tmp_path, "".join(life(f"S-{n}") for n in range(3_333)) + filed("S-last"))
    with Terminal("replay") as there:
        there.wait_for("fact 1 of 10,002")
        there.press(RIGHT * 200)
        there.wait_for("fact 201 of")
        there.press("/S-last\r")
        there.wait_for("@10001  filed  S-last")
        there.press("[")
        there.wait_for("dd-all FY2019 3,332 → 3,333 (+1)")
        there.press("q")
        assert there.ended() == 0
