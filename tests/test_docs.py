"""The documentation says what the program does."""

from __future__ import annotations

import io
import re
import shlex
import shutil
import sys
from contextlib import chdir
from importlib import util
from pathlib import Path

import pytest

from cli.main import COMMANDS
from ledger.domain.events import TOPICS
from tests import ledgers
from tests.commandline import life, line, prepare, scr
from tests.keys import ONE, issue, put_key
from tests.witnessed import clocks, publish, signed

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
FIXTURE = ROOT / "fixtures" / "oig-23-52" / "events.jsonl"
ASIDE = {".git", ".venv", "node_modules"}


def of_ours(*endings: str) -> list[Path]:
    """
    Return the project's files with one of these endings.
    """
    return sorted(
        path
        for path in ROOT.rglob("*")
        if path.is_file()
        and path.name.endswith(endings)
        and not any(part in ASIDE or part.startswith(".") for part in _folders(path))
    )


def _folders(path: Path) -> tuple[str, ...]:
    return path.relative_to(ROOT).parts[:-1]


PAGES = of_ours(".md")


def named(path: Path) -> str:
    """
    Return a path as it is named in the project.
    """
    return str(path.relative_to(ROOT))


def refresh():
    """
    Return docs/refresh.py as a module.
    """
    spec = util.spec_from_file_location("refresh", DOCS / "refresh.py")
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# --- commands ---------------------------------------------------------------------


def page_of(command: str) -> str:
    """
    Return a command's page of the reference.
    """
    return (DOCS / "commands" / f"{command}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", COMMANDS)
def test_the_page_of_a_command_is_current(command):
    """
    Its help, and what its examples print, are what the program says now; if not, run
    docs/refresh.py.
    """
    page = page_of(command)

    assert refresh().refreshed(command, page) == page


@pytest.mark.parametrize("command", COMMANDS)
def test_the_page_of_a_command_has_all_its_parts(command):
    """
    What it does, its help, an example, its JSON, and its exit codes; and the list of
    commands links to it.
    """
    page = page_of(command)
    text = re.sub(r"^```.*?^```$", "", page, flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)

    assert headings == [f"`scr {command}`", "Help", "Example", "JSON", "Exit codes"]
    assert "\n| 0 | " in page
    assert "\n| 2 | " in page
    index = (DOCS / "commands" / "index.md").read_text(encoding="utf-8")
    assert f"| [`{command}`]({command}.md) | {COMMANDS[command][1]} |" in index


@pytest.mark.parametrize("name", refresh().WORKED)
def test_the_examples_of_a_page_are_current(name):
    """
    What other pages show is what the program says now; if not, run docs/refresh.py.
    """
    page = (DOCS / name).read_text(encoding="utf-8")

    assert refresh().replayed(page) == page


def test_no_page_is_left_of_a_command_that_is_gone():
    """
    docs/commands has a page per command and the list, nothing else.
    """
    assert {path.stem for path in (DOCS / "commands").glob("*.md")} == {
        "index",
        *COMMANDS,
    }


def test_the_list_of_commands_has_what_they_share():
    """
    Exit codes, formats, columns and the forms of a basis stand in one place.
    """
    index = (DOCS / "commands" / "index.md").read_text(encoding="utf-8")

    for code in (0, 1, 2, 3, 4, 5, 6, 130):
        assert f"\n| {code} | " in index
    for word in ("jsonl", "tsv", "--as-of @15217", "SCR_LEDGER", "meets_tco"):
        assert word in index


PUBLISHING = ("--document", "d", "--claims", "dd-tco", "--by", "b", "--override", "o")
RECOMMENDING = ("--text", "t", "--addressee", "a", "--issued-on", "2023-09-19")
RECOMMENDING += ("--check", "assertions", "--by", "me")
REVOKING = ("--reason", "r", "--by", "me")
RESTATING = ("--document", "d", "--reason", "r", "--override", "o", "--by", "me")
WAIVING = ("--scr", "SCR-2", "--until", "2026-06-30", "--reason", "r", "--by", "me")


@pytest.mark.parametrize(
    "asked",
    [
        ["count", "--by", "category"],
        ["cases", "dd-all"],
        ["diff", "dd-all", "dd-tco", "--from", "@4"],
        ["diff", "dd-all", "dd-tco", "--from", "@4", "--corners"],
        ["explain", "dd-all", "--fy", "2019", "--scr", "SCR-1"],
        ["explain", "dd-all", "--fy", "2019"],
        ["show", "SCR-1"],
        ["log"],
        ["late"],
        ["late", "--list", "--over", "1"],
        ["activity", "--per", "person,account,source,day,month,event"],
        ["verify"],
        ["doctor"],
        ["classify", "SCR-1", "--category", "c", "--subcategory", "s", "--by", "me"],
        ["measure", "define", "apg.toml", "--by", "me"],
        ["measure", "list"],
        ["measure", "show", "dd-tco"],
        ["measure", "diff", "dd-all", "dd-tco"],
        ["assert", "dd-all FY2019 = 2 as of @10", "--by", "me"],
        ["assert", "--withdraw", "@11", "--reason", "r", "--by", "me"],
        ["check", "--list"],
        ["taxonomy", "load", "taxonomy.toml", "--by", "me"],
        ["taxonomy", "show"],
        ["taxonomy", "diff", "taxonomy.toml", "taxonomy.toml"],
        ["validate"],
        ["waive", "same-case-number", *WAIVING],
        ["waive", "--list"],
        ["publish", "--as-printed", "printed.jsonl", "--by", "me"],
        ["publish", "P", "--measure", "dd-tco", "--fy", "2019", *PUBLISHING],
        ["publication", "list"],
        ["publication", "show", "APR-2019"],
        ["publication", "cases", "APR-2019", "--fy", "2019"],
        ["trace", "SCR-1"],
        ["restate", "APR-2019", *RESTATING],
        ["restate", "--plan", "--scr", "SCR-1"],
        ["publication", "withdraw", "APR-2019", "--reason", "r", "--by", "me"],
        ["person", "add", "chief", "--role", "supervisor", "--by", "chief"],
        ["person", "list"],
        ["sample", "plan", "--confidence", "95", "--tolerable", "5"],
        ["sample", "frame", "B", "stands", "--by", "me"],
        ["sample", "draw", "A", "--size", "1", "--seed", "s", "--by", "me"],
        ["sample", "list"],
        ["sample", "show", "A"],
        ["sample", "evaluate", "A", "--attribute", "tco=no"],
        ["request", "load", "requests.jsonl", "--by", "me"],
        ["request", "list"],
        ["request", "show", "RR-2026-01"],
        ["request", "coverage", "--by", "office"],
        ["request", "verify"],
        ["request", "suggest", "--office", "SAC Houston", "--fy", "2021"],
        ["recommendation", "add", "R-1", *RECOMMENDING],
        ["recommendation", "list"],
        ["recommendation", "show", "R-2"],
        ["scorecard"],
        ["check-proof", "5.tlog-proof", "--key", "log.vkey"],
        ["check-proof", "member.json", "--key", "log.vkey"],
        [
            "check-proof",
            "grown.txt",
            "--against",
            "held.checkpoint",
            "--key",
            "log.vkey",
        ],
        ["witness", "policy", "--required", "1", "--witness", "ig.vkey", "--by", "b"],
        ["witness", "add", "cosigned.txt", "--by", "b"],
        ["witness", "list"],
        ["key", "new", "--by", "me"],
        ["key", "rotate", "--by", "me"],
        ["key", "revoke", "56475aa7", "--trusted-to", "@1", *REVOKING],
        ["key", "list"],
        ["checkpoint", "--by", "me"],
        ["checkpoint", "admit", *REVOKING],
    ],
    ids=" ".join,
)
def test_every_member_of_json_is_on_the_page(asked, tmp_path, monkeypatch):
    """
    The page of a command names each member its JSON has, inside the basis as well.
    """
    with refresh().prepared():
        if asked[0] == "check" or "--withdraw" in asked:
            claimed(fails=asked[0] == "check")
        if asked[0] in {"taxonomy", "waive"} and "load" not in asked:
            scr("taxonomy", "load", "taxonomy.toml", "--by", "me")
            scr("waive", "office-silent", *WAIVING)
        if asked[0] in {"publication", "restate", "trace"}:
            scr("publish", "--as-printed", "printed.jsonl", "--by", "me")
        if asked == ["person", "list"]:
            scr("person", "add", "chief", "--by", "chief")
        if asked[0] == "sample":
            sampled("A", drawn="draw" not in asked)
        if asked[0] in {"request", "scorecard"} and "load" not in asked:
            scr("request", "load", "requests.jsonl", "--by", "me")
        if asked[0] == "recommendation":
            scr("recommendation", "add", "R-2", *RECOMMENDING)
        if asked[0] in {"key", "checkpoint"}:
            asked = signing(f" {' '.join(asked)} ").split()
        proved = asked[0] in {"check-proof", "witness"}
        example = " ".join([*asked, ""])
        with chdir(proving(tmp_path, example, monkeypatch) if proved else "."):
            told = scr(*asked, "--json").json
    page = page_of(asked[0])
    index = (DOCS / "commands" / "index.md").read_text(encoding="utf-8")
    rows = told.get("rows", [])
    if asked[0] in {"show", "log"}:  # The facts' own fields are on the events' pages.
        told_of = {"days_late", "corrects", "corrected_by"}
        rows = [
            dict.fromkeys([*list(row)[:4], *(told_of & row.keys())])
            for row in rows
            if "known_at" in row
        ]

    for name in {
        *told,
        *told.get("state", {}),
        *told.get("total", {}),
        *(name for one in told.get("recorded", ()) for name in one),
        *(name for one in _definitions(told) for name in one),
        *(name for row in rows for name in row),
        *(name for row in rows for item in _listed(row.get("items")) for name in item),
        *(name for row in rows for item in _listed(row.get("scrs")) for name in item),
        *(name for one in told.get("taxonomies", {}).values() for name in one),
        *(name for one in told.get("admitted", ()) for name in one),
    }:
        assert re.search(rf"[`.]{name}`", page), name
    basis = told.get("basis") or {}
    for name in basis.get("from", basis):
        assert f"| `{name}` | " in index


def sampled(name: str, *, drawn: bool) -> None:
    """
    Seal a frame; if asked, draw all of it but one spare, and answer for each.
    """
    assert scr("sample", "frame", name, "stands", "--by", "a").code == 0
    if not drawn:
        return
    shown = scr("sample", "show", name, "--json").json
    size = str(len(shown["frame_items"]) - 1)
    draw = ["sample", "draw", name, "--size", size, "--spares", "1", "--seed", "s"]
    assert scr(*draw, "--by", "a").code == 0
    for row in scr("sample", "show", name, "--json").json["rows"]:
        found = ["--item", row["item"], "--attribute", "tco=no", "--by", "a"]
        assert scr("sample", "record", name, *found).code == 0


def claimed(*, fails: bool) -> None:
    """
    Assert a figure at @11; let it fail, if asked.
    """
    assert scr("assert", "dd-all FY2019 = 2", "--by", "me").code == 0
    if fails:
        reverse = ["reverse", "SCR-2", "--outcome", "D1", "--reason", "r", "--by", "me"]
        assert scr(*reverse).code == 0


def _listed(value) -> list[dict]:
    """
    Return a list of what rows have inside; some have a number under the same name.
    """
    found = value if isinstance(value, list) else []
    return [one for one in found if isinstance(one, dict)]


def _definitions(told) -> list[dict]:
    """
    Return what an answer says of the definitions it rests on.
    """
    found = told.get("definitions", [])
    return list(found.values()) if isinstance(found, dict) else found


# --- examples ---------------------------------------------------------------------

SUBJECT = "SCR-2024-00007"
BASE = (
    life(SUBJECT, tco="yes", category="narcotics")
    .replace("2018-10-", "2024-02-")
    .replace("2019-03-04", "2024-02-20")
    .replace("D1", "D0")
)
MORE = {
    "file": "",
    "redate": BASE + line(SUBJECT, "disrupted", "2024-02-21", outcome="D1"),
    "reverse": BASE + line(SUBJECT, "disrupted", "2024-02-21", outcome="D1"),
    "reinstate": BASE + line(SUBJECT, "voided", "2024-02-21", reason="r"),
    "unmerge": '{"organization":"ORG-12","event":"merged","effective_on":"2024-01-01",'
    '"by":"b","into":"ORG-7","reason":"r"}\n',
}
"""What must be recorded before the examples of a live command; else the base."""


def examples() -> list[tuple[str, str]]:
    """
    Return every example in the help of every command, and of each of a group.
    """
    return [
        (command, example.strip())
        for command in COMMANDS
        for path in refresh().paths(command)
        for example in scr(*path, "--help").out.partition("Examples:\n")[2].splitlines()
    ]


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """
    A folder with the fixture as events.jsonl, imported into scr.db, and a copy.db.
    """
    folder = tmp_path_factory.mktemp("demo")
    shutil.copy(FIXTURE, folder / "events.jsonl")
    for name, language in (("extract.csv", "csv"), ("columns.toml", "toml")):
        (folder / name).write_text(refresh().block("maps.md", language))
    taxonomy = refresh().block("validation.md", "toml")
    (folder / "taxonomy.toml").write_text(taxonomy)
    with chdir(folder):
        assert scr("init").code == 0
        assert scr("import", "events.jsonl").code == 0
        loading = ["taxonomy", "load", "taxonomy.toml", "--by", "b"]
        assert scr(*loading, "--adopted", "2016-10-01").code == 0
        assert scr("--ledger", "copy.db", "init").code == 0
        assert scr("count").code == 0
    return folder


def peopled(folder: Path, *, agent: bool) -> Path:
    """
    Make a ledger with a registrar and, if asked, an agent in a folder.
    """
    ledgers.make(folder / "scr.db")
    adding = [["registrar", "--role", "supervisor"], ["agent-1187", "--role", "agent"]]
    with chdir(folder):
        for each in adding[: 1 + agent]:
            assert scr("person", "add", *each, "--by", "registrar").code == 0
    return folder


@pytest.mark.parametrize(
    ("command", "example"), [pair for pair in examples() if pair[0] != "demo"]
)
def test_examples_run(  # noqa: C901, PLR0912, PLR0915 - a place for each command's examples
    demo, tmp_path, monkeypatch, command, example
):
    """
    Every example of every help, pasted as it stands, ends with 0, or with 1 where the
    answer is "differs" or "no".
    """
    fine = (
        {0, 1}
        if command in {"compare", "diff", "explain", "validate"} or " diff " in example
        else {0}
    )
    live = COMMANDS[command][0] == "cli.live"
    if live:
        path = ledgers.make(tmp_path / "scr.db")
        clock = ledgers.Clock(ledgers.datetime(2024, 6, 1, 12, tzinfo=ledgers.UTC))
        ledgers.load(path, MORE.get(command, BASE), clock=clock)
        folder = tmp_path
    elif "--since checkpoint.txt" in example:
        prepare(tmp_path)
        folder, path = tmp_path, str(tmp_path / "scr.db")
        put_key(path, ONE)
        (folder / "checkpoint.txt").write_text(issue(path, ONE).note, encoding="utf-8")
    elif command in {"assert", "check"}:
        prepare(tmp_path)
        folder = tmp_path
        if command == "check" or "--withdraw" in example:
            with chdir(folder):
                assert scr("assert", "dd-all FY2019 = 3", "--by", "b").code == 0
    elif command == "correct":
        prepare(tmp_path)
        folder = tmp_path
        items = "scr,event,outcome\nSCR-1,reversed,D1\n"
        (folder / "items.csv").write_text(items, encoding="utf-8")
        if "propose" not in example:
            with chdir(folder):
                proposing = ["--reason-code", "other", "--reason", "r", "--by", "b"]
                assert (
                    scr("correct", "propose", "--csv", "items.csv", *proposing).code
                    == 0
                )
    elif command == "sample":
        folder = sampling(tmp_path, example)
    elif command in {"publish", "publication", "restate", "trace"}:
        folder = shutil.copytree(demo, tmp_path / "published")
        shutil.copy(FIXTURE.parent / "printed.jsonl", folder)
        if command != "publish":
            with chdir(folder):
                registered = scr(
                    "publish", "--as-printed", "printed.jsonl", "--by", "b"
                )
                assert registered.code == 0
                if " notice " in example:
                    restating = ["--document", "d", "--reason", "r", "--by", "b"]
                    told = scr("restate", "APR-2019", *restating, "--override", "o")
                    assert told.code == 0
    elif command in {"prove", "check-proof", "witness"}:
        folder = proving(tmp_path, example, monkeypatch)
    elif command in {"backup", "restore"}:
        made = prepare(tmp_path)
        folder = tmp_path
        if command == "restore":
            made.rename(tmp_path / "monday.db")
    elif command == "person":
        folder = peopled(tmp_path, agent=" add " not in example)
    elif command in {"request", "recommendation"}:
        folder = shutil.copytree(demo, tmp_path / "accounted")
        shutil.copy(FIXTURE.parent / "requests.jsonl", folder)
        with chdir(folder):
            accounted(example)
    elif command in {"key", "checkpoint"}:
        prepare(tmp_path)
        folder = tmp_path
        with chdir(folder):
            example = signing(example)
    elif command == "measure":
        ledgers.make(tmp_path / "scr.db")
        text = refresh().block("measures.md", "toml")
        (tmp_path / "apg.toml").write_text(text, encoding="utf-8")
        folder = tmp_path
        if " retire " in example:
            with chdir(folder):
                assert scr("measure", "define", "apg.toml", "--by", "b").code == 0
    else:
        folder = demo
        monkeypatch.chdir(folder)
        for name in ("new.db", "west.db", "mine.db", "facts.jsonl"):
            (folder / name).unlink(missing_ok=True)

    with chdir(folder):
        piped = ""
        for stage in example.split(" | "):
            program, *arguments = shlex.split(stage)
            assert program == "scr"
            stdin = io.TextIOWrapper(io.BytesIO(piped.encode()))
            monkeypatch.setattr(sys, "stdin", stdin)
            told = scr(*arguments)
            assert told.code in fine, told.err
            piped = told.out


def proving(folder: Path, example: str, monkeypatch) -> Path:
    """
    Make a signed ledger that has published, with the files that examples name.
    """
    monkeypatch.setenv("SCR_KEYS", str(folder / "keys"))
    clocks(monkeypatch, 1_700_000_000)  # Before whatever the ledger says it is.
    signed(folder)
    with chdir(folder):
        assert publish("APR-23", "dd-tco", year="2019..2023").code == 0
        assert scr("prove", "@5", "-o", "5.tlog-proof").code == 0
        assert scr("prove", "SCR-1", "-o", "proofs").code == 0
        named = ("--in", "APR-23", "--measure", "dd-tco", "--fy", "2019")
        assert scr("prove", "SCR-1", *named, "-o", "member.json").code == 0
        assert scr("publication", "report", "APR-23", "--public", "-o", "APR-23.json")
        assert scr("prove", "--from", "held.checkpoint", "-o", "grown.txt").code == 0
        if " new " not in example:
            told = scr("witness", "new", "ig")
            Path("ig.vkey").write_text(told.out)
        if " add " in example or "grown.txt -o" in example:
            policy = ("--required", "1", "--witness", "ig.vkey", "--by", "b")
            assert scr("witness", "policy", *policy).code == 0
            first = ("held.checkpoint", "--key", "log.vkey", "-o", "cosigned.txt")
            assert scr("witness", "sign", *first).code == 0
    return folder


def signing(example: str) -> str:
    """
    Make the key that an example names, or the restore that it admits; return it.
    """
    if " new " in example:
        return example
    made = scr("key", "new", "--by", "b", "--json").json["key"]
    if " admit " in example:
        shutil.copy("scr.db", "older.db")
        assert scr("checkpoint", "--by", "b").code == 0
        shutil.copy("older.db", "scr.db")
    return example.replace("56475aa7", made)


def sampling(folder: Path, example: str) -> Path:
    """
    Make a ledger of 70 SCRs, with the samples that an example asks for.
    """
    lives = (life(f"SCR-{n}", tco="yes", category="gangs") for n in range(1, 71))
    prepare(folder, "".join(lives))
    found = ["--item", "SCR-1", "--attribute"]
    (folder / "findings.csv").write_text("item,tco\nSCR-1,no\n")
    with chdir(folder):
        for name in re.findall(r"\bA-[0345]\b", example)[:1]:
            if name == "A-5":
                lone = "filed:2019 and category=gangs"
                assert scr("sample", "frame", name, lone, "--by", "a").code == 0
            else:
                assert scr("sample", "frame", name, "stands", "--by", "a").code == 0
            if name == "A-0":
                assert scr("reopen", "SCR-1", "--reason", "r", "--by", "a").code == 0
                continue
            size = ["--size", "69", "--spares", "1", "--seed", "s", "--by", "a"]
            assert scr("sample", "draw", name, *size).code == 0
            record = ["sample", "record", name, *found]
            if name == "A-4":
                assert scr(*record, "tco=no", "--by", "a").code == 0
                second = ["tco=yes", "--review", "second", "--by", "b"]
                assert scr(*record, *second).code == 0
            if name == "A-5":
                for row in scr("sample", "show", name, "--json").json["rows"]:
                    record[4] = row["item"]
                    assert scr(*record, "tco=no", "--by", "a").code == 0
    return folder


def accounted(example: str) -> None:
    """
    Record what the examples of requests and recommendations name, but for the ones that
    record it themselves.
    """
    if " request " in example and " load " not in example:
        told = scr("request", "load", "requests.jsonl", "--by", "b")
        assert told.code == 0, told.err
    if " recommendation " in example and " add " not in example:
        plain = ("--text", "t", "--addressee", "a", "--issued-on", "2023-09-19")
        assert scr("recommendation", "add", "R-1", *plain, "--by", "b").code == 0
        due = ("R-1", "guidance", "--due", "2030-01-31", "--by", "b")
        assert scr("recommendation", "milestone", *due).code == 0


def test_the_demo_runs_as_its_help_says(tmp_path, monkeypatch):
    """
    The examples of `scr demo` end with 0, and leave what they say.
    """
    monkeypatch.chdir(tmp_path)
    for command, example in examples():
        if command == "demo":
            assert scr(*shlex.split(example)[1:]).code == 0
    assert [path.name for path in tmp_path.glob("*.db")] == ["demo.db"]


def typed() -> list[tuple[str, str]]:
    """
    Return each command line of this program in a code block of a page.
    """
    found = []
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        for block in re.findall(r"```(?:sh|console)\n(.*?)```", text, re.DOTALL):
            for text_line in block.splitlines():
                match = re.match(r"(?:\$ )?(?:\./dev|scr) (.*)", text_line)
                if match is not None:
                    found.append((named(path), match[1]))
    return found


@pytest.mark.parametrize(("page", "command"), sorted(set(typed())))
def test_commands_on_pages_exist(page, command):
    """
    What a page tells its readers to type names commands and options that there are.
    """
    del page
    words = shlex.split(command.partition(" | ")[0], comments=True)
    if words[0] in {"test", "check", "bench", "soak"}:
        assert f"    {words[0]})" in (ROOT / "dev").read_text()
        return
    told = scr(*words, "--help")

    assert told.code == 0, told.err


# --- events -----------------------------------------------------------------------


@pytest.mark.parametrize("topic", TOPICS)
def test_every_event_has_its_page(topic):
    """
    It names the topic and each field; those of every event are named once for all.
    """
    cls = TOPICS[topic]
    event = topic.partition(".")[2].partition("/")[0]
    page = (DOCS / "events" / f"{event}.md").read_text(encoding="utf-8")
    index = (DOCS / "events" / "index.md").read_text(encoding="utf-8")
    shared = index.partition("## Fields of every event")[2]

    assert f"`{topic}`" in page
    assert f"]({event}.md)" in index
    for name, field in cls.model_fields.items():
        given = f"`{field.alias or name}`"
        assert f"| {given} |" in page or given in shared, name


def test_no_page_is_left_of_an_event_that_is_gone():
    """
    docs/events has a page per event and the list, nothing else.
    """
    events = {topic.partition(".")[2].partition("/")[0] for topic in TOPICS}

    assert {path.stem for path in (DOCS / "events").glob("*.md")} == {"index", *events}


# --- pages ------------------------------------------------------------------------


def slugs(path: Path) -> set[str]:
    """
    Return the anchors of a page's headings, as code hosts make them.
    """
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in headings
    }


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_between_pages_resolve(page):
    """
    A relative link leads to a file of the project, and its anchor to a heading there.
    """
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        assert path.exists(), target
        assert path.is_relative_to(ROOT), target
        if anchor and path.suffix == ".md":
            assert anchor in slugs(path), target


def test_every_decision_is_listed():
    """
    The start page links to each decision record, by its number.
    """
    index = (DOCS / "index.md").read_text(encoding="utf-8")

    for path in (DOCS / "decisions").glob("*.md"):
        assert f"[{path.name[:4]}](decisions/{path.name})" in index


def test_no_file_names_a_build_machine():
    """
    No page, source or result names a folder of the machine it was written on.
    """
    homes = re.compile(r"/(?:work|root|home|Users)/\w")
    others = [ROOT / "dev", ROOT / ".ci" / "run"]
    for path in [*of_ours(".py", ".md", ".toml", ".json", ".sh"), *others]:
        text = path.read_text(encoding="utf-8")
        assert homes.search(text) is None, named(path)
        assert str(ROOT) not in text or len(ROOT.parts) < 3, named(path)
