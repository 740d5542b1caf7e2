"""A ledger that holds a text in every field that takes one, through every command.

Made twice, of hostile texts and of harmless ones with the same tags, it has the same
facts in the same order: whatever else differs between two answers was obeyed.
"""

from __future__ import annotations

import csv
import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest import mock

import cli.witness
from ledger import app
from tests import ledgers
from tests.commandline import scr
from tests.ledgers import Clock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_DAY = "2019-03-04"
_MEASURE = "m"


class Build(NamedTuple):
    """What went into a ledger."""

    path: str
    texts: Sequence[str]
    """Those in the fields of case facts: of SCR-0, SCR-1 and so on."""
    few: Sequence[str]
    """Those in the ledger's own facts, too."""


@contextmanager
def acting(account: str = "registry") -> Iterator[None]:
    """Run commands at made-up times, each a day later, from some account."""
    with (
        mock.patch.dict(app.open_ledger.__kwdefaults__, {"clock": Clock()}),
        mock.patch.object(app, "account", return_value=account),
    ):
        yield


def build(folder: Path, texts: Sequence[str], few: Sequence[str]) -> Build:
    """Make a ledger named `scr.db` in the current folder, `folder`."""
    path = ledgers.make(folder / "scr.db")
    made = Build(path, texts, few)
    with acting(few[0]):
        _facts(made)
        _definitions(made)
        _key(made)
        _publications(made)
        _witnesses(made)
        _sample(made)
        _requests(made)
        _recommendations(made)
        _the_rest(made)
    _extract(made)
    return made


def _ok(*arguments: str) -> None:
    told = scr(*arguments)
    assert told.code == 0, (arguments, told)


def _lines(text: str, number: int) -> Iterator[dict[str, str]]:
    """Yield facts of an SCR and an organization that say a text wherever they can."""
    about = {"scr": f"SCR-{number}"}
    common = {
        "effective_on": _DAY,
        "known_at": "2019-03-05T12:00:00Z",
        **dict.fromkeys(
            ("by", "source", "note", "evidence", "correction", "forced"), text
        ),
    }
    placed = dict.fromkeys(("case_number", "office", "program", "title"), text)
    sorted_ = dict.fromkeys(("category", "subcategory"), text)
    met = {"association": "yes", "transnational": "yes", "definition": text}
    why = {"reason": text}
    for event, fields in (
        ("filed", placed),
        ("classified", sorted_),
        ("determined", met),
        ("returned", why),
        ("approved", {"panel": text}),
        ("disrupted", {"outcome": "D1"}),
        ("dismantled", {"outcome": "D2"}),
        ("transferred", {"office": text, "program": text}),
        ("redated", {"outcome": "D2", **why}),
        ("reversed", {"outcome": "D2", **why}),
        ("rescinded", why),
        ("approved", {}),
        ("reclassified", {**sorted_, **why}),
        ("redetermined", {**met, **why}),
        ("refiled", {**placed, **why}),
        ("voided", why),
        ("reinstated", why),
        ("reopened", why),
    ):
        yield {**about, "event": event, **common, **fields, "command_id": text}
    organization = {"organization": f"ORG-{number}"}
    yield {**organization, "event": "merged", **common, **why, "into": "ORG-x"}
    yield {**organization, "event": "unmerged", **common, **why}


def _facts(made: Build) -> None:
    said = [one for n, text in enumerate(made.texts) for one in _lines(text, n)]
    Path("f.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in said))
    _ok("import", "f.jsonl", "--source", made.few[0])


def _extract(made: Build) -> None:
    """Write an extract of one day that says something else of every second SCR."""
    names = ("case_number", "office", "program", "title", "category", "subcategory")
    with Path("extract.csv").open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["scr", *names, "approved"])
        for number, text in enumerate(made.texts):
            said = [f"{'other ' * (number % 2)}{text}"] * len(names)
            rows.writerow([f"SCR-{number}", *said, "yes"])


def toml(said: dict[str, Any], table: str = "") -> str:
    """Return TOML of texts, lists of texts and tables: JSON's texts are TOML's."""
    plain = {k: v for k, v in said.items() if not isinstance(v, dict)}
    text = "".join(f"{_quoted(k)} = {_quoted(v)}\n" for k, v in plain.items())
    for name, inner in said.items():
        if isinstance(inner, dict):
            path = f"{table}.{_quoted(name)}" if table else _quoted(name)
            text += f"[{path}]\n{toml(inner, path)}"
    return text


def _quoted(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _definitions(made: Build) -> None:
    words = ("verification", "sources", "accuracy", "limitations", "compensation")
    for number, text in enumerate(made.few):
        said = {
            "id": f"{_MEASURE}{number}",
            **dict.fromkeys(("title", "owner", "source"), text),
            "unit": "scr",
            "kinds": ["disruption", "dismantlement"],
            "population": {
                "categories": [text, "gangs"],
                "offices_except": ["x", text],
            },
            "data_quality": dict.fromkeys(words, text),
        }
        Path("m.toml").write_text(toml(said))
        _ok("measure", "define", "m.toml", "--by", text, "--reason", text)
    Path("m.toml").write_text(toml({**said, "id": f"{_MEASURE}0", "once": "ever"}))
    _ok("measure", "define", "m.toml", "--by", made.few[-1])
    last = f"{_MEASURE}{len(made.few) - 1}"
    _ok("measure", "retire", last, "--by", made.few[-1], "--reason", made.few[-1])
    said = {
        "title": made.few[0],
        "source": made.few[0],
        "categories": {
            text: {
                "criteria": text,
                "requires_tco": "no",
                "subcategories": {text: {"criteria": text}},
            }
            for text in made.few
        },
    }
    for version in (1, 2):
        said["title"] = f"{version} {made.few[0]}"
        Path("t.toml").write_text(toml(said))
        _ok("taxonomy", "load", "t.toml", "--by", made.few[0], "--reason", made.few[0])


def _publications(made: Build) -> None:
    printed = [
        {
            "name": f"OLD-{number}",
            "document": text,
            "claims": text,
            "printed_on": "2020-01-15",
            "as_of": "2020-01-15",
            "fiscal_year": 2019,
            "figures": {"dd-all": number + 1},
        }
        for number, text in enumerate(made.few)
    ]
    Path("p.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in printed))
    _ok("publish", "--as-printed", "p.jsonl", "--by", made.few[0])
    figure = ("--measure", "dd-all", "--fy", "2019")
    for number, text in enumerate(made.few):
        words = (f"--document={text}", f"--claims={text}", f"--override={text}")
        said = (*words, f"--by={text}", "--status", "late-data")
        _ok("publish", f"NEW-{number}", "--measure", f"{_MEASURE}0", *figure, *said)
        why = (f"--reason={text}", f"--by={text}")
        floor = ("--misstated-by-at-least", "1", f"--basis-of={text}")
        _ok("publication", "mark", f"OLD-{number}", *figure, *floor, *why)
    _ok("reclassify", "SCR-0", "--category=other", "--subcategory=o", *why, "--force=r")
    _ok("void", "SCR-1", *why, "--force=r")
    for number, text in enumerate(made.few):
        why = (f"--reason={text}", f"--by={text}")
        again = (f"--document={text}", f"--claims={text}", f"--override={text}")
        _ok("restate", f"OLD-{number}", *again, *why)
    _ok("publication", "withdraw", "NEW-0", *why)


def _key(made: Build) -> None:
    by = f"--by={made.few[0]}"
    _ok("key", "new", by)
    _ok("key", "rotate", by)
    rows = scr("key", "list", "--json").json["rows"]
    Path("log.vkey").write_text("".join(f"{one['vkey']}\n" for one in rows))


def _witnesses(made: Build) -> None:
    """Let a witness sign, put an older copy back, and revoke the key."""
    by, why = f"--by={made.few[1]}", f"--reason={made.few[1]}"
    early = mock.Mock(**{"time.return_value": 1_700_000_000.0})
    with mock.patch.object(cli.witness, "time", early):
        Path("w.vkey").write_text(scr("witness", "new", "w").out, encoding="utf-8")
        _ok("witness", "policy", "--required", "1", "--witness", "w.vkey", by)
        _ok("checkpoint", "-o", "held.txt", by)
        _ok("witness", "sign", "held.txt", "--key", "log.vkey", "-o", "line.txt")
        _ok("witness", "add", "line.txt", by)
    older = Path(made.path).read_bytes()
    _ok("reopen", "SCR-0", by, why)
    Path(made.path).write_bytes(older)
    _ok("checkpoint", "admit", by, why)
    current = scr("key", "list", "--json").json["rows"][-1]["key"]
    _ok("key", "revoke", current, "--trusted-to", "@1", by, why)


def _sample(made: Build) -> None:
    by, why = (f"--by={made.few[0]}",), (f"--reason={made.few[0]}",)
    _ok("sample", "frame", "A", "stands", *by)
    drawn = ("--size", "2", "--reviews", "2", "--spares", "1", f"--seed={made.few[0]}")
    _ok("sample", "draw", "A", *drawn, *by)
    told = scr("sample", "show", "A", "--json").json
    one, two = [row["item"] for row in told["rows"]][:2]
    _ok("sample", "spare", "A", f"--item={one}", *by, *why)
    note = (f"--note-ref={made.few[0]}",)
    for review, answer in (("first", "yes"), ("second", "no")):
        who = (f"--by={review} {made.few[0]}", "--review", review)
        _ok(
            "sample",
            "record",
            "A",
            "--item",
            two,
            "--attribute",
            f"a={answer}",
            *note,
            *who,
        )
    third = (f"--by=third {made.few[0]}",)
    said = ("--item", two, "--attribute", "a=yes", *note, *why)
    _ok("sample", "settle", "A", *said, *third)


def _requests(made: Build) -> None:
    for number, text in enumerate(made.few):
        name, by = f"R-{number}", f"--by={text}"
        asked = ("--fy", "2022", "--amount", "1", "--positions", "1")
        words = (f"--program={text}", f"--office={text}", f"--title={text}")
        _ok("request", "add", name, *asked, *words, by)
        figure = ("--figure", f"dd-all FY2019 = {_counted()}", "--scr", "SCR-2")
        _ok("request", "cite", name, *figure, f"--note={text}", by)
        _ok("request", "add", f"N-{number}", *asked, *words, by)
        _ok("request", "decline", f"N-{number}", f"--reason={text}", by)


def _counted() -> int:
    (row,) = scr("count", "dd-all", "--fy", "2019", "--json").json["rows"]
    return int(row["value"])


def _recommendations(made: Build) -> None:
    for number, text in enumerate(made.few):
        name, by = f"REC-{number}", f"--by={text}"
        issued = ("--issued-on", "2023-09-19", f"--number={text}", f"--report={text}")
        said = (f"--text={text}", f"--addressee={text}", *issued)
        _ok("recommendation", "add", name, *said, by)
        words = ("--concur", f"--text={text}", "--due", "2024-01-01")
        _ok("recommendation", "respond", name, *words, by)
        due = ("--due", "2024-01-01")
        _ok("recommendation", "milestone", name, *due, by, "--", text)
        _ok("recommendation", "milestone", name, "--done", by, "--", text)
    _ok(
        "recommendation",
        "close",
        "REC-0",
        f"--evidence={made.few[0]}",
        f"--by={made.few[0]}",
    )


def _the_rest(made: Build) -> None:
    for number, text in enumerate(made.few):
        by, why = f"--by={text}", f"--reason={text}"
        _ok("assert", f"dd-all FY2019 = {_counted()}", f"--note={text}", by)
        until = ("--scr", f"SCR-{number}", "--until", "2999-12-31")
        _ok("waive", "same-organization-and-date", *until, why, by)
        items = ("--event", "transferred", f"--office={text}", f"--note={text}")
        code = ("--reason-code", "other", f"--evidence={text}")
        _ok("correct", "propose", "--scr", "SCR-3", *items, *code, why, by)
    held = scr("check", "--json").json["rows"][0]
    _ok("assert", "--withdraw", f"@{held['position']}", why, by)
    _ok("correct", "amend", "C-1", "--scr", "SCR-3", *items, *code, why, by)
    _ok("correct", "reject", "C-2", why, by)
    _ok("correct", "withdraw", "C-3", f"--reason={made.few[2]}", f"--by={made.few[2]}")
    account = (f"--account={made.few[0]}",)
    _ok("person", "add", "ann", "--role", "auditor", *account, by)
    _ok("person", "revoke", "ann", "auditor", why, by)
