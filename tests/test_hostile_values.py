"""Whatever is typed, loaded or recorded: no traceback, nothing a reader would obey.

`./dev soak` tries SCR_SOAK_VALUES values in places of the command line and of files,
and all of them in every answer; the suite a few hundred.
"""

from __future__ import annotations

import ast
import io
import json
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import pytest

from cli import render, safe
from ledger.domain.events import TOPICS
from ledger.reader import open_log
from tests import ledgers, workbooks
from tests.commandline import HISTORY, Told, filed, prepare, scr
from tests.hostile import (
    Attack,
    accepted,
    attacks,
    broken,
    cells,
    faults,
    formulas,
    harmless,
    shape,
    shows,
    tags,
    texts,
    unsafe,
    whole,
)
from tests.hostile_ledger import Build, build, toml
from tests.hostile_surfaces import asked, commands, formats, questions, slots
from tests.publications import forge, payload
from tests.soak import figure

if TYPE_CHECKING:
    from collections.abc import Iterator

VALUES = int(os.environ.get("SCR_SOAK_VALUES", "300"))
LONG = "SCR_SOAK_VALUES" in os.environ
EACH = 2 if LONG else 12
"""Of how many accepted texts one goes into the case facts of the ledger."""
KINDS = ("html", "formula", "markup", "markdown", "direction", "repeated")
"""Of these one goes into each of the ledger's own facts, too."""
FEW = 30 if LONG else 400
"""Of how many accepted texts another one does."""
ASKED = None if LONG else 2
"""About how many of them one asks, one by one."""
QUESTIONS = 10_000 if LONG else 150
ONE_LINE = {2, 3, 6}
"""The exit codes that come with one line; a refused file has one for each fault."""


@pytest.fixture(scope="module")
def folders() -> Iterator[Path]:
    """
    A folder deep enough that no path leads out of it to anything.
    """
    with ledgers.folder() as folder:
        deep = folder / "a" / "b" / "c"
        deep.mkdir(parents=True)
        yield deep


@pytest.fixture(scope="module")
def built(folders) -> Build:
    """
    A ledger with hostile texts in every field.
    """
    return _built(folders / "hostile", lambda text: text)


def _built(folder: Path, change) -> Build:
    folder.mkdir()
    every = accepted()
    of_kinds = [next(one for one in every[::-1] if one.kind == kind) for kind in KINDS]
    few = list(dict.fromkeys([*of_kinds, *every[::FEW]]))
    held = dict.fromkeys([*few, *every[::EACH]])
    here = Path.cwd()
    os.chdir(folder)
    try:
        return build(
            folder,
            [change(one.text) for one in held],
            [change(one.text) for one in few],
        )
    finally:
        os.chdir(here)


@pytest.fixture
def here(built, monkeypatch) -> Build:
    """
    The current folder is that of the ledger.
    """
    monkeypatch.chdir(Path(built.path).parent)
    return built


def fails(told: Told, attack: str = "") -> list[str]:
    """
    Return what is wrong with how a command ended.
    """
    found = faults(told, attack)
    lines = len(told.err.splitlines())
    if told.code in ONE_LINE and lines != 1:
        found.append(f"{lines} lines for one error")
    return found


# --- what goes in by the command line -------------------------------------------------


def test_whatever_is_typed(folders, monkeypatch):
    """
    In any place of any command line, a hostile value is refused in one line or taken;
    nothing of it comes out that a terminal would obey.
    """
    since = time.monotonic()
    folder = folders / "typed"
    folder.mkdir()
    monkeypatch.chdir(folder)
    held = [one.text for one in accepted()]
    build(folder, held[:: len(held) // 8], held[:: len(held) // 4])
    Path("f.csv").write_text("a,b\n1,2\n")
    kept = {path.name: path.read_bytes() for path in folder.iterdir()}
    dice, found = random.Random(VALUES), []
    every, places = attacks(), slots()
    drawn = [(dice.choice(every), dice.choice(places)) for _ in range(VALUES)]
    huge = [Attack("number", digits) for digits in (f"{2**64}", "9" * 400)]
    counted = places if LONG else [one for one in places if one.name.endswith("--last")]
    drawn += [(attack, slot) for slot in counted for attack in huge]
    for attack, slot in drawn:
        told = typed(slot, attack.text)
        if told is not None:
            found += [(slot.name, attack, one) for one in fails(told, attack.text)]
        tidy(folder, kept)

    what = "a traceback, a raw control byte, or an error of several lines"
    figure("hostile-typed", "held", len(drawn), len(found), what, since=since)
    assert found == []


def typed(slot, text: str) -> Told | None:
    """
    Run a command with a value in a place; None where no system lets it get there.
    """
    nothing = io.TextIOWrapper(io.BytesIO(b""))
    try:
        with (
            mock.patch.dict(
                os.environ, {slot.environment: text} if slot.environment else {}
            ),
            mock.patch("sys.stdin", nothing),
        ):
            return scr(*slot.filled(text))
    except ValueError:
        assert slot.environment, slot.name
        return None


def tidy(folder: Path, kept: dict[str, bytes]) -> None:
    """
    Take away what a command left, and put back what it changed.
    """
    for path in folder.iterdir():
        if path.name in ("scr.db", "scr.db.readmodel"):
            continue
        if path.name not in kept:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    ledger = folder / "scr.db"
    if ledger.stat().st_size != len(kept["scr.db"]):
        ledger.write_bytes(kept["scr.db"])
        (folder / "scr.db.readmodel").unlink(missing_ok=True)


def test_every_option_that_takes_a_text_is_a_place():
    """
    The places are those of the commands themselves, and there are hundreds.
    """
    names = {slot.name for slot in slots()}

    assert len(names) > 1_000
    assert {"file --note", "request cite --figure", "correct amend --csv"} <= names


@pytest.mark.parametrize("words", [[], ["import"]])
def test_arguments_that_are_no_utf_8(tmp_path, words):
    """
    Bytes that are no text, as a real command line has them.
    """
    prepare(tmp_path)
    bad = [data for _, data in broken() if b"\0" not in data]
    data = b"a" + b"-".join(bad)
    told = run_with([*(word.encode() for word in words), data], cwd=tmp_path)

    assert told.code in (2, 3)
    assert fails(told) == []


def run_with(arguments: list[bytes], cwd: Path, **more) -> Told:
    """
    Run the program in a process of its own.
    """
    code = "from cli.entry import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        check=False,
        timeout=60,
        **more,
    )
    return Told(done.returncode, done.stdout.decode(), done.stderr.decode())


# --- what goes in by files ------------------------------------------------------------


def _field(text: str) -> bytes:
    return filed("SCR-1", title="@").replace('"@"', json.dumps(text)).encode()


def _raw_field(text: str) -> bytes:
    quoted = json.dumps(text, ensure_ascii=False)
    return (
        filed("SCR-1", title="@").replace('"@"', quoted).encode(errors="surrogatepass")
    )


def _csv(text: str, delimiter: str = ",") -> bytes:
    import csv

    out = io.StringIO()
    rows = csv.writer(out, delimiter=delimiter)
    names = ["scr", "event", "effective_on", "known_at", "by", "case_number", "office"]
    rows.writerow([*names, "title"])
    plain = ["SCR-1", "filed", "2019-01-01", "2019-01-02T00:00:00Z", "b", "C", "o"]
    rows.writerow([*plain, text])
    return out.getvalue().encode(errors="surrogatepass")


def _xlsx(text: str) -> bytes:
    rows = [line.split(",") for line in _csv("").decode().splitlines()]
    kept = text[:32_767].encode(errors="replace").decode()  # What a workbook can hold.
    return workbooks.written([rows[0], [*rows[1][:-1], kept]])


def _header(text: str) -> bytes:
    return _csv("x").replace(b"title", text.encode(errors="surrogatepass"))


FILES = {
    "a field of a line": ("f.jsonl", _field, ["import"]),
    "a field of a line, unescaped": ("f.jsonl", _raw_field, ["import"]),
    "a whole line": (
        "f.jsonl",
        lambda text: text.encode(errors="surrogatepass"),
        ["import"],
    ),
    "the name of a field": (
        "f.jsonl",
        lambda text: json.dumps({"scr": "SCR-1", text: "x"}).encode(),
        ["import"],
    ),
    "a subject": ("f.jsonl", lambda text: filed(text).encode(), ["import"]),
    "a cell of CSV": ("f.csv", _csv, ["import"]),
    "a cell of TSV": ("f.tsv", lambda text: _csv(text, "\t"), ["import"]),
    "a header of CSV": ("f.csv", _header, ["import"]),
    "a cell of XLSX": ("f.xlsx", _xlsx, ["import"]),
    "a column of an extract": ("f.csv", _header, ["compare"]),
    "a map drafted of a header": ("f.csv", _header, ["map", "--init"]),
    "a text of a definition": (
        "m.toml",
        lambda text: toml({"id": "m", "title": text}).encode(errors="surrogatepass"),
        ["measure", "define", "--by", "b"],
    ),
    "the name of a category": (
        "t.toml",
        lambda text: toml(
            {"title": "t", "source": "s", "categories": {text: {"criteria": "c"}}}
        ).encode(errors="surrogatepass"),
        ["taxonomy", "load", "--by", "b"],
    ),
    "a whole TOML": (
        "t.toml",
        lambda text: text.encode(errors="surrogatepass"),
        ["taxonomy", "load", "--by", "b"],
    ),
    "a map": (
        "f.toml",
        lambda text: toml({"columns": {"scr": text}}).encode(errors="surrogatepass"),
        ["import", "f.csv", "--map"],
    ),
    "a printing": (
        "p.jsonl",
        lambda text: json.dumps({"name": text, "document": text}).encode(),
        ["publish", "--by", "b", "--as-printed"],
    ),
    "a request": (
        "r.jsonl",
        lambda text: json.dumps(
            {"request": "R", "title": text, "amount": text}
        ).encode(),
        ["request", "load", "--by", "b"],
    ),
    "an item of a package": (
        "i.jsonl",
        lambda text: json.dumps(
            {"scr": "SCR-1", "event": "voided", "note": text}
        ).encode(),
        [
            "correct",
            "propose",
            "--reason",
            "r",
            "--reason-code",
            "other",
            "--by",
            "b",
            "--csv",
        ],
    ),
}


def test_whatever_a_file_holds(tmp_path, monkeypatch):
    """
    In any place of any file, a hostile value is a fault that is named, or is taken.
    """
    since = time.monotonic()
    prepare(tmp_path)
    (tmp_path / "f.csv").write_bytes(_csv("x"))
    monkeypatch.chdir(tmp_path)
    before = Path("scr.db").read_bytes()
    found, tried = [], 0
    places = list(FILES.items())
    values = [one.text for one in attacks()]
    texts_ = values if LONG else random.Random(2).sample(values, VALUES // len(places))
    for text in texts_:
        for place, (name, made, words) in places:
            try:
                data = made(text)
            except UnicodeEncodeError:  # Such a text cannot stand there at all.
                continue
            tried += 1
            Path(name).write_bytes(data)
            told = scr(*words, name)
            found += [(place, text[:50], one) for one in fails(told, text)]
            if Path("scr.db").stat().st_size != len(before):
                Path("scr.db").write_bytes(before)

    what = "a traceback, a raw control byte, or an error of several lines"
    figure("hostile-files", "held", tried, len(found), what, since=since)
    assert found == []
    assert tried > 200


@pytest.mark.parametrize(("kind", "data"), broken())
def test_bytes_that_are_no_text(tmp_path, monkeypatch, kind, data):
    """
    In a file of any form they are refused with their place, or are text after all.
    """
    prepare(tmp_path)
    monkeypatch.chdir(tmp_path)
    for name, whole_file in (
        ("f.jsonl", filed("SCR-9", title="@").encode().replace(b"@", data)),
        ("f.csv", _csv("@").replace(b"@", data)),
        ("f.tsv", _csv("@", "\t").replace(b"@", data)),
    ):
        Path(name).write_bytes(whole_file)
        told = scr("import", name)
        assert fails(told) == []
        assert told.code in (0, 5), (kind, told)
    for words in (
        ["measure", "define", "--by", "b"],
        ["taxonomy", "load", "--by", "b"],
    ):
        Path("t.toml").write_bytes(b'title = "' + data + b'"\n')
        told = scr(*words, "t.toml")
        assert (told.code, fails(told)) == (5, [])


# --- what comes out -------------------------------------------------------------------


def test_whatever_is_recorded(here):
    """
    In every answer of every format, texts that are recorded show as themselves, and
    are obeyed by no terminal, spreadsheet or renderer.
    """
    since = time.monotonic()
    reached: set[tuple] = set()
    found: list[tuple] = []
    held = {tag: text for text in here.texts for tag in tags(text)}
    every = questions(ASKED or len(here.few))
    for arguments, fmt in random.Random(5).sample(every, min(QUESTIONS, len(every))):
        told = scr(*arguments)
        found += [(arguments, one) for one in fails(told)]
        if told.code not in (0, 1):
            found.append((arguments, told.err))
            continue
        if fmt in ("csv", "tsv"):
            found += [(arguments, one) for one in formulas(told.out, fmt)]
        said = shows(told.out, fmt)
        for tag in tags(said) & held.keys():
            if not whole(said, fmt, held[tag]):
                found.append((arguments, f"{held[tag]!a} does not read as itself"))
            reached.add((tag, arguments[:2], fmt))

    what = "a value obeyed, hidden or changed in an answer"
    figure("hostile-answers", "held", len(reached), len(found), what, since=since)
    assert found == []
    assert len(reached) > 1000


def test_a_terminal_with_colours(here, monkeypatch):
    """
    What rich draws holds no sequence but its own colours, and no style of the data's.
    """
    for columns in ("5000", "60"):
        monkeypatch.setenv("COLUMNS", columns)
        for arguments in (
            ("log", "--last", "99"),
            ("show", "SCR-1"),
            ("cases", "dd-all"),
        ):
            told = on_terminal(*arguments)
            assert told.code == 0
            assert unsafe(told.out, styled=True) == set()
            if columns == "60":
                continue
            held = {tag: text for text in here.texts for tag in tags(text)}
            plain = "".join(told.out.split("\x1b[0m"))
            for tag in tags(plain) & held.keys():
                assert safe.display(held[tag]) in told.out, held[tag]


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def on_terminal(*arguments: str) -> Told:
    """
    Run a command here as if on a terminal.
    """
    from cli.main import run

    out = _Terminal()
    with mock.patch("sys.stdout", out), mock.patch.dict(os.environ, {"TERM": "xterm"}):
        return Told(run(arguments), out.getvalue(), "")


def test_pages_have_the_elements_of_a_harmless_ledger(folders, built, monkeypatch):
    """
    In HTML no text becomes an element, an attribute, a comment or a declaration: the
    tree is that of a ledger with the same facts and plain texts.
    """
    since = time.monotonic()
    plain = _built(folders / "harmless", harmless)
    pages = [one for one, fmt in questions(ASKED or len(built.few)) if fmt == "html"]
    trees: list[list] = []
    for made in (built, plain):
        monkeypatch.chdir(Path(made.path).parent)
        told = [scr(*arguments) for arguments in pages]
        trees.append([shape(one.out) for one in told])
    found = sum(one != other for one, other in zip(*trees, strict=True))

    what = "a new element, attribute or comment"
    figure("hostile-pages", "held", len(pages), found, what, since=since)
    assert found == 0
    assert min(map(len, trees[0])) > 30
    assert len(pages) > 5


def test_every_command_that_answers_is_asked():
    """
    A command with formats that nobody asks above is missed.
    """
    with_formats = {words for words, command in commands() if formats(command)}

    assert with_formats - set(asked(1)) == {("demo",)}


def test_every_topic_holds_a_text(built):
    """
    Every topic is in the ledger, and every fact has a hostile text in it.

    Who agrees to a package stands in no field that others do not have.
    """
    seen = set()
    with open_log(built.path) as log:
        for row in log.rows(1, log.head):
            seen.add(row.topic)
            assert any(map(tags, texts(json.loads(row.payload)))), row

    assert set(TOPICS) - seen == {"ledger.opened/1", "ledger.agreed/1"}


CLEANING = {"display", "json_text", "text"}
"""What a text may be a call of, or the name of a document that is rendered whole."""


def unclean(source: str) -> list[int]:
    """
    Return the lines that write what was not cleaned right there.
    """
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if (getattr(node.func.value, "id", ""), node.func.attr) != ("click", "echo"):
            continue
        said = node.args[0]
        parts = said.values if isinstance(said, ast.JoinedStr) else [said]
        values = [
            part.value if isinstance(part, ast.FormattedValue) else part
            for part in parts
        ]
        found += [
            node.lineno
            for value in values
            if not isinstance(value, ast.Constant)
            and getattr(getattr(value, "func", None), "id", "") not in CLEANING
            and getattr(value, "id", "") != "prefix"
        ]
    return found


def test_every_echo_is_cleaned():
    """
    What a command says beside its answer is passed through `cli.safe` where it is said.
    """
    modules = sorted((Path(__file__).parent.parent / "cli").glob("*.py"))
    found = {path.name: unclean(path.read_text()) for path in modules}

    assert {name: lines for name, lines in found.items() if lines} == {}
    assert unclean('click.echo(f"made {path}")') == [1]
    assert unclean("click.echo(json.dumps(told))") == [1]


# --- the detectors --------------------------------------------------------------------


def _seeded(name: str, broken_: int, runs: int, what: str) -> None:
    figure(name, "seeded", runs, broken_, what)
    assert broken_ > 0


def test_the_detectors_see_a_display_that_cleans_nothing(tmp_path, monkeypatch):
    """
    Without `display` control characters reach a terminal, and this is noticed.
    """
    prepare(tmp_path)
    monkeypatch.chdir(tmp_path)
    for module in ("cli.safe", "cli.saying", "cli.render.safe"):
        monkeypatch.setattr(f"{module}.display", lambda text: text)
    every = [
        one.text for one in attacks() if one.kind in ("control", "ansi", "direction")
    ]
    bad = [text for text in every if fails(scr("show", text), text)]

    _seeded("hostile-typed", len(bad), len(every), "seen, with no cleaning of errors")


@pytest.mark.usefixtures("here")
def test_the_detectors_see_a_formula(monkeypatch):
    """
    Without `cell`, and with `--raw`, cells begin as formulas do.
    """
    asked_ = ("cases", "dd-all", "-f", "csv")
    raw = formulas(scr(*asked_, "--raw").out, "csv")
    assert formulas(scr(*asked_).out, "csv") == []
    monkeypatch.setattr(render.safe, "cell", lambda text: text)
    bare = formulas(scr(*asked_).out, "csv")

    assert raw
    rows = len(cells(scr(*asked_).out, "csv"))
    _seeded("hostile-answers", len(bare), rows, "seen, with formulas left alone")


def test_the_detectors_see_markup(built, monkeypatch):
    """
    Without Jinja's escaping a page has elements of the data's.
    """
    import jinja2

    monkeypatch.chdir(Path(built.path).parent)
    ask = [
        ("publication", "report", f"OLD-{n}", "-f", "html")
        for n in range(len(built.few))
    ]
    good = [shape(scr(*one).out) for one in ask]
    real = jinja2.Environment.__init__
    monkeypatch.setattr(
        jinja2.Environment,
        "__init__",
        lambda self, **said: real(self, **{**said, "autoescape": False}),
    )
    bad = sum(shape(scr(*one).out) != was for one, was in zip(ask, good, strict=True))

    _seeded("hostile-pages", bad, len(ask), "seen, with no escaping in pages")


def test_the_categories_are_all_that_hide():
    """
    `unsafe` names every character that `display` hides, but for line feed and tab.
    """
    every = "".join(map(chr, range(0x10000)))

    assert unsafe(every) >= set("\0\x1b\x7f\x9b\u202e\u200b\ud800\u2028")
    assert unsafe(safe.display(every)) == set()


# --- nested too deep ------------------------------------------------------------------


@pytest.mark.parametrize("depth", [400, 990, 200_000])
@pytest.mark.parametrize("closed", [True, False])
def test_a_fact_nested_deep_is_damage(tmp_path, monkeypatch, depth, closed):
    """
    A payload that somebody filled with brackets ends every command in one line.
    """
    path = str(prepare(tmp_path, HISTORY))
    monkeypatch.chdir(tmp_path)
    inside = b"[" * depth + (b"]" * depth if closed else b"")
    fields = json.dumps(payload(path, 3), separators=(",", ":")).encode()
    forge(path, 3, fields[:-1] + b',"note":' + inside + b"}", rehash=True)

    for arguments in (
        ["log"],
        ["log", "--json"],
        ["show", "SCR-1"],
        ["export"],
        ["count"],
        ["rebuild"],
        ["explain", "dd-all", "--fy", "2019"],
        ["replay", "--plain"],
        ["late"],
        ["activity"],
        ["validate"],
        ["vintages", "dd-all"],
        ["diff", "dd-all", "--from", "@2"],
        ["file", "SCR-1", "--case-number", "C", "--office", "o", "--by", "b"],
    ):
        told = scr(*arguments)
        assert fails(told) == []
        assert told.code in (0, 1, 4, 5), (arguments, told)
        if told.code == 4:
            assert told.err.count("\n") == 1
    assert scr("verify").code == 4
