"""Check a bundle that `scr bundle` wrote, without the program that wrote it.

    python3 verify.py             the folder that this file lies in
    python3 verify.py BUNDLE      another folder, or the zip as it is

It needs Python 3.8 or later and nothing else, reads, and writes nothing. It computes
again: every leaf and root (RFC 6962), the hashes of definitions and publications (RFC
8785), and every published figure with the list of what it counts, from the facts alone.
Signatures, those of witnesses too, are checked where `cryptography` is installed.

It ends with 0 if all of it agrees, 1 if something differs, 2 if it cannot be read.
Whoever can write the whole bundle can make one that agrees: take this file from where
you trust it, and compare the last line with what was noted elsewhere.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import sys
import zipfile
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # Python 3.8 reads this file, and would stumble over what follows.
    from collections.abc import Iterable, Iterator

    Json = dict[str, Any]
    Files = dict[str, bytes]
    Streams = dict[tuple[str, str], list[Json]]
    Definitions = dict[tuple[str, int, str], Json]
    Keys = dict[str, tuple[bytes, int, str]]

CANNOT_READ = 2
TOP = "scr-bundle/"
LARGEST = 2**53
INSTANT = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(Z|[+-]\d\d:\d\d)", re.ASCII
)
WRONG: list[str] = []


class Unreadable(Exception):  # noqa: N818 - it is what a bundle is, and ends with 2
    """The bundle is not of the form that is read here."""


def tell(what: str, problems: Iterable[str]) -> None:
    """Print what was checked, and each thing that is wrong with it."""
    found = list(problems)
    WRONG.extend(found)
    for problem in found[:20]:
        print(f"WRONG  {clean(problem)}")
    if len(found) > 20:
        print(f"WRONG  ... and {len(found) - 20} more")
    if not found:
        print(f"ok     {clean(what)}")


def clean(text: str) -> str:
    """Make control characters of the bundle's visible: they could move the cursor."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


# --- JSON and RFC 8785 ----------------------------------------------------------------


def parsed(data: bytes) -> Any:
    """Read JSON; a key twice, NaN and what is not UTF-8 are refused."""

    def pairs(items: list[tuple[str, Any]]) -> Json:
        if len({name for name, _ in items}) != len(items):
            raise ValueError("a key stands twice")
        return dict(items)

    def constant(name: str) -> None:
        raise ValueError(f"{name} is not JSON")

    return json.loads(
        data.decode("utf-8"), object_pairs_hook=pairs, parse_constant=constant
    )


def canonical(value: Any) -> str:
    """Write RFC 8785 JSON; what this short version cannot write is refused."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        members = (f"{canonical(name)}:{canonical(value[name])}" for name in names)
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, float):
        if value.is_integer() and abs(value) < LARGEST:
            return str(int(value))
        if not 1e-4 <= abs(value) < 1e15:  # Python writes others with an exponent.
            raise ValueError(f"{value} is not written here")
        return repr(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > LARGEST:
        raise ValueError(f"{value} is no number of RFC 8785")
    return json.dumps(value, ensure_ascii=False)


def sha256(data: bytes) -> str:
    """Return a SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


# --- the log: leaves and roots, RFC 6962 ----------------------------------------------


def leaf_of(fact: Json) -> bytes:
    """Return the hash of a whole fact; without its text, the one it comes with."""
    if "leaf" in fact:
        return bytes.fromhex(fact["leaf"])
    places = (
        fact[n] for n in ("position", "stream", "version", "topic", "recorded_at")
    )
    lines = ["scr-fact/1", *map(str, places)]
    if any("\n" in line for line in lines):
        raise Unreadable(f"a line break in the fact at {fact['position']}")
    entry = "\n".join([*lines, fact["payload"]]).encode("utf-8")
    return hashlib.sha256(b"\x00" + entry).digest()


def roots(leaves: list[bytes], sizes: set[int]) -> dict[int, str]:
    """Return the root of the first n leaves, for each n that is asked for."""

    def node(left: bytes, right: bytes) -> bytes:
        return hashlib.sha256(b"\x01" + left + right).digest()

    found = {0: sha256(b"")}
    complete: list[tuple[int, bytes]] = []
    for size, leaf in enumerate(leaves, 1):
        height, last = 0, leaf
        while complete and complete[-1][0] == height:
            height, last = height + 1, node(complete.pop()[1], last)
        complete.append((height, last))
        if size in sizes:
            top = complete[-1][1]
            for _, left in reversed(complete[:-1]):
                top = node(left, top)
            found[size] = top.hex()
    return found


def out_of_place(facts: list[Json]) -> Iterator[str]:
    """Yield the facts that do not stand where they say."""
    versions: dict[str, int] = {}
    before = ""
    for position, fact in enumerate(facts, 1):
        stream, at = fact["stream"], fact["recorded_at"]
        versions[stream] = versions.get(stream, 0) + 1
        if (fact["position"], fact["version"]) != (position, versions[stream]):
            yield f"@{position} stands at another place, or something is missing"
        if at < before:
            yield f"@{position} was recorded before the fact before it"
        before = at


# --- what is counted, as docs/counting.md and docs/measures.md say it -----------------

DD = ["disruption", "dismantlement"]
KINDS = {"disrupted": "disruption", "dismantled": "dismantlement"}
RULINGS = ("approved", "returned", "rescinded")
TCO = {"approved": True, "tco": ["yes"]}
BUILT_IN = {
    "dd-all": ("scr", DD, {"approved": True}),
    "dd-tco": ("scr", DD, TCO),
    "disruptions-all": ("outcome", DD[:1], {"approved": True}),
    "disruptions-tco": ("outcome", DD[:1], TCO),
    "dismantlements-all": ("outcome", DD[1:], {"approved": True}),
    "dismantlements-tco": ("outcome", DD[1:], TCO),
    "organizations-tco": ("organization", DD, TCO),
    "entered-all": ("scr", [*DD, "first-approval"], {"approved": True}),
}


def instant(text: str) -> datetime:
    """Read an instant as facts have them."""
    found = INSTANT.fullmatch(text)
    if found is None:
        raise ValueError(f"{text} is no instant")
    zone = "+00:00" if found[3] == "Z" else found[3]
    whole = datetime.fromisoformat(found[1] + zone)
    return whole + timedelta(microseconds=int((found[2] or "0").ljust(6, "0")))


def fields_of(fact: Json) -> Json:
    """Return what a fact says; of one without its text, what is left of it."""
    said = fact["fields"] if "leaf" in fact else parsed(fact["payload"].encode("utf-8"))
    if not isinstance(said, dict):
        raise Unreadable(f"the fact at {fact['position']} says nothing")
    return said


class Fact:
    """A case fact: when it was known, what it is about, and what it says."""

    def __init__(self, fact: Json) -> None:
        self.position: int = fact["position"]
        self.line = fields_of(fact)
        self.claimed = (
            "known_at" in self.line
        )  # A file said so; else the ledger saw it.
        self.known = instant(self.line.get("known_at") or fact["recorded_at"])
        kind = fact["topic"].partition(".")[0]
        self.subject = (kind, self.line[kind])


def visible(facts: list[Fact], basis: Json) -> list[Fact]:
    """Return the facts that a basis sees: known by its cut-off, up to its position."""
    reached = [fact for fact in facts if fact.position <= basis["position"]]
    if basis["bound"] == "all":
        return reached
    cutoff = instant(basis["instant"])
    if basis["bound"] == "before":
        return [fact for fact in reached if fact.known < cutoff]
    return [fact for fact in reached if fact.known <= cutoff]


def last(history: list[Json], *events: str) -> Json:
    """Return the last of a group of events, or an empty one: the last holds."""
    return next((one for one in reversed(history) if one["event"] in events), {})


def given(history: list[Json], field: str, *events: str) -> str | None:
    """Return a field as it was last given by one of these events."""
    return last([one for one in history if field in one], *events).get(field)


def candidates(facts: list[Fact]) -> Iterator[Json]:
    """Yield what can count: live outcomes and first approvals of SCRs that stand."""
    streams: Streams = {}
    for fact in facts:
        streams.setdefault(fact.subject, []).append(fact.line)
    for (kind, subject), history in streams.items():
        stood = last(history, "voided", "reinstated").get("event") != "voided"
        if kind == "scr" and stood:
            yield from of_scr(subject, history, streams)


def of_scr(
    scr: str,
    history: list[Json],
    streams: Streams,
) -> Iterator[Json]:
    """Yield what of one SCR can count."""
    about_it = [one for one in history if "outcome" not in one]
    first = next((one for one in about_it if one["event"] == "approved"), {})
    common = {
        "scr": scr,
        "approved": last(about_it, *RULINGS).get("event") == "approved",
        "approved_on": first.get("effective_on"),
        "category": given(history, "category", "classified", "reclassified"),
        "office": given(history, "office", "filed", "transferred", "refiled"),
        "case": given(history, "case_number", "filed", "refiled"),
    }
    for one in history:
        if one["event"] not in KINDS:
            continue
        naming = [other for other in history if other.get("outcome") == one["outcome"]]
        ruling = last(naming, *RULINGS).get("event", "approved")
        if last(naming, "reversed") or ruling != "approved":
            continue
        on = last(naming, "disrupted", "dismantled", "redated")["effective_on"]
        determined = determination(history, on)
        named = determined.get("organization")
        yield {
            **common,
            **answers(determined),
            "outcome": f"{scr} {one['outcome']}",
            "kind": KINDS[one["event"]],
            "on": on,
            "outcome_approved_on": last(naming, "approved").get("effective_on"),
            "organization": named and shown_as(named, streams),
        }
    if first:
        on = first["effective_on"]
        yield {
            **common,
            **answers(determination(history, on)),
            "kind": "first-approval",
            "on": on,
        }


def determination(history: list[Json], on: str) -> Json:
    """Return the determination that holds for a day."""
    holding = [one for one in history if one.get("from", on) <= on]
    return last(holding, "determined", "redetermined")


def answers(determined: Json) -> Json:
    """Return whether the entity meets the TCO definition; unknown is not no."""
    parts = [determined.get(n, "unknown") for n in ("association", "transnational")]
    tco = "no" if "no" in parts else "yes" if parts == ["yes", "yes"] else "unknown"
    return {"tco": tco, "high_threat": determined.get("high_threat", "unknown")}


def shown_as(name: str, streams: Streams) -> str:
    """Return the id that a chain of mergers ends in, or the smallest of a circle."""
    chain: list[str] = []
    while name not in chain:
        chain.append(name)
        change = last(streams.get(("organization", name), []), "merged", "unmerged")
        if change.get("event") != "merged":
            return name
        name = change["into"]
    return min(chain[chain.index(name) :])


def takes(definition: Json, one: Json) -> bool:
    """Say whether a definition counts something, in whatever year."""
    clauses = definition.get("population", {})
    category, office = one["category"], one["office"]
    return (
        one["kind"] in definition["kinds"]
        and (one["approved"] or not clauses.get("approved", True))
        and one["tco"] in clauses.get("tco", [one["tco"]])
        and one["high_threat"] in clauses.get("high_threat", [one["high_threat"]])
        and category in clauses.get("categories", [category])
        and category not in clauses.get("categories_except", [])
        and office in clauses.get("offices", [office])
        and office not in clauses.get("offices_except", [])
    )


def counted(definition: Json, found: list[Json]) -> dict[int, set[str]]:
    """Return the units that a definition counts, by fiscal year."""
    dated = {
        "outcome": "on",
        "outcome-approval": "outcome_approved_on",
        "scr-approval": "approved_on",
    }[definition.get("attribution", "outcome")]
    years: dict[int, set[str]] = {}
    for one in found:
        unit = one.get(definition["unit"])
        if unit is not None and one.get(dated) and takes(definition, one):
            day = date.fromisoformat(one[dated])
            year = day.year + (day.month >= 10)  # It begins on 1 October.
            years.setdefault(year, set()).add(unit)
    if definition.get("once") == "ever":
        seen: set[str] = set()
        for year in sorted(years):
            years[year] -= seen
            seen |= years[year]
    return years


# --- publications ---------------------------------------------------------------------


def wrong_figures(
    content: Json,
    definitions: Definitions,
    facts: list[Fact],
) -> Iterator[str]:
    """Yield what a publication says and the facts do not give."""
    seen = visible(facts, content["basis"])
    claimed = sum(fact.claimed for fact in seen)
    grade = "claimed" if claimed == len(seen) else "mixed" if claimed else "witnessed"
    graded = (grade if seen else "none", len(seen), claimed)
    if tuple(content["basis"][n] for n in ("grade", "visible", "claimed")) != graded:
        yield f"its basis is {graded[0]}, {claimed} of {len(seen)} facts claimed"
    found = list(candidates(seen))
    used: Json = {}
    for one in content["definitions"]:
        key = (one["measure"], one["version"], one["hash"])
        if key not in definitions:
            yield f"no definition here is {key[0]}@{key[1]} of hash {key[2]}"
            return
        used[key[0]] = definitions[key]
    by = {name: counted(definition, found) for name, definition in used.items()}
    for figure in content["figures"]:
        measure, year = figure["measure"], figure["fiscal_year"]
        units = by[measure].get(year, set())
        due: Json = {"value": len(units), "counted": sorted(units)}
        due.update(listed(units, "counted"))
        under = used[measure].get("denominator")
        if under is not None:
            below = by[under].get(year, set())
            due.update(denominator=len(below), **listed(below, "denominator"))
        target = used[measure].get("targets", {}).get(str(year))
        if target is not None:
            due["target"] = target
            if under is None:
                due["met"] = len(units) >= target
            elif due["denominator"]:
                due["met"] = len(units) * 100 >= target * due["denominator"]
        if "printed" in figure:
            due["supported"] = figure["printed"] == len(units)
        for name in sorted({*due, *PROVED} & {*due, *figure}):
            if figure.get(name) != due.get(name):
                says, gives = figure.get(name), due.get(name)
                yield f"{measure} FY{year}: {name} is {says}, the facts give {gives}"


PROVED = ("denominator", "denominator_sha256", "target", "met", "supported")


def listed(units: set[str], of: str) -> Json:
    """Return the hash of a list: each unit, sorted, followed by a line feed."""
    text = "".join(f"{unit}\n" for unit in sorted(units))
    return {f"{of}_sha256": sha256(text.encode("utf-8"))}


# --- signed notes: https://c2sp.org/signed-note and tlog-checkpoint -------------------


def parts_of(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """Return the text of a note, and of each signature its key's id and its bytes."""
    text, _, tail = note.rpartition("\n\n")
    found = []
    for line in tail.splitlines():
        value = base64.b64decode(line.split(" ")[2], validate=True)
        found.append((value[:4].hex(), value[4:]))
    return text + "\n", found


def key_of(vkey: str) -> tuple[str, str, bytes]:
    """Return name, id and public key of a verifier key; its id has to be its own."""
    name, key_id, material = vkey.split("+", 2)  # Base64 has plus signs too.
    made = base64.b64decode(material, validate=True)
    if sha256(name.encode("utf-8") + b"\n" + made)[:8] != key_id:
        raise ValueError("the id of a key is not that of its name and key")
    return name, key_id, made[1:]


def holds(public: bytes, signature: bytes, text: str) -> bool:
    """Say whether a signature holds, or nothing here can tell."""
    if verifier() is None:
        return True
    try:
        verifier().from_public_bytes(public).verify(signature, text.encode("utf-8"))
    except Exception:  # noqa: BLE001 - whatever it is, it does not hold
        return False
    return True


def fallen(keys: Keys, said: Json) -> set[str]:
    """Return the keys that nobody vouches for once one is believed no further."""
    gone = {said["key"]}
    for key_id, (_, since, replaced) in keys.items():
        direct = replaced == said["key"]
        if replaced in gone and (not direct or since - 1 > said["trusted_to"]):
            gone.add(key_id)
    return gone


def verifier() -> Any:
    """Return what checks Ed25519, or None where no library does."""
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        return None
    return Ed25519PublicKey


def wrong_notes(
    facts: list[Json],
    root: dict[int, str],
    origin: str,
) -> Iterator[str]:
    """Yield the keys and checkpoints that are of another log, or not signed."""
    keys: Keys = {}
    current = ""
    for fact in facts:
        at, topic = fact["position"], fact["topic"]
        if topic == DISTRUSTED and current in fallen(keys, fields_of(fact)):
            current = ""  # Whoever comes next stands for himself.
        if topic not in NOTED:
            continue
        text, signatures = parts_of(fields_of(fact)["note"])
        lines = text.split("\n")
        due = {current} - {""}
        if topic == KEYED:
            said, size, top = lines[1], int(lines[3]), lines[4]
            try:
                _, key_id, public = key_of(lines[2])
            except ValueError as error:
                yield f"@{at}: {error}"
                continue
            if key_id in keys:
                yield f"@{at} puts the key {key_id} on record again"
                continue
            keys[key_id] = public, at, current
            current = key_id
            due.add(key_id)
        else:
            said, size = lines[0], int(lines[1])
            top = base64.b64decode(lines[2], validate=True).hex()
        if said != origin:
            yield f"@{at} is signed for the log {said}, not for {origin}"
        if size >= at or root.get(size) != top:
            yield f"@{at} names another root than the facts up to @{size} give"
        if not due or sorted(key_id for key_id, _ in signatures) != sorted(due):
            yield f"@{at} is not signed by the keys that should"
            continue
        for key_id, signature in signatures:
            if not holds(keys[key_id][0], signature, text):
                yield f"@{at}: the signature of key {key_id} does not hold"


def wrong_cosignatures(facts: list[Json]) -> Iterator[str]:
    """Yield the cosignatures of no checkpoint here, or by no witness of the policy."""
    texts: dict[int, str] = {}
    witnesses: dict[tuple[str, str], bytes] = {}
    for fact in facts:
        at, topic = fact["position"], fact["topic"]
        if topic == CHECKPOINTED:
            texts[size_of(fact)] = parts_of(fields_of(fact)["note"])[0]
        elif topic == ENTRUSTED:
            named = map(key_of, fields_of(fact)["witnesses"])
            witnesses = {(name, key_id): public for name, key_id, public in named}
        elif topic == COSIGNED:
            said = fields_of(fact)
            _, name, value = said["line"].split(" ")
            made = base64.b64decode(value, validate=True)
            public = witnesses.get((name, made[:4].hex()))
            text = texts.get(said["size"])
            time = int.from_bytes(made[4:12], "big")
            if public is None or text is None:
                yield f"@{at} is by no witness of the policy, or of no checkpoint"
            elif not holds(public, made[12:], f"cosignature/v1\ntime {time}\n{text}"):
                yield f"@{at}: the cosignature of {name} does not hold"


KEYED, CHECKPOINTED = "ledger.keyed/1", "ledger.checkpointed/1"
NOTED = (KEYED, CHECKPOINTED)
DISTRUSTED, ENTRUSTED = "ledger.distrusted/1", "ledger.entrusted/1"
COSIGNED, SUMMARIZED = "ledger.cosigned/1", "ledger.summarized/1"
OPENED, PUBLISHED = "ledger.opened/1", "ledger.published/1"
WHOLE = {*NOTED, ENTRUSTED, COSIGNED, SUMMARIZED, OPENED, PUBLISHED}


def size_of(fact: Json) -> int:
    """Return the position that a key or a checkpoint names with its root."""
    lines = parts_of(fields_of(fact)["note"])[0].split("\n")
    return int(lines[3 if fact["topic"] == KEYED else 1])


# --- the bundle -----------------------------------------------------------------------


def read(path: Path) -> Files:
    """Return the files of a bundle, by name."""
    if path.is_dir():
        found = [one for one in path.rglob("*") if one.is_file()]
        return {one.relative_to(path).as_posix(): one.read_bytes() for one in found}
    with zipfile.ZipFile(path) as held:
        packed = held.infolist()
        if len({one.filename for one in packed}) != len(packed):
            raise Unreadable("a file stands in it twice")
        if any(one.compress_type != zipfile.ZIP_STORED for one in packed):
            raise Unreadable(
                "its files are compressed, and `scr bundle` does not do so"
            )
        if not all(one.filename.startswith(TOP) for one in packed):
            raise Unreadable(f"a file does not stand in {TOP}")
        return {one.filename[len(TOP) :]: held.read(one) for one in packed}


class Bundle:
    """The files of a bundle, read."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self.about: Json = parsed(files["bundle.json"])
        if self.about.get("schema") != "scr-bundle/1":
            raise Unreadable("bundle.json is not of the form scr-bundle/1")
        self.facts = [parsed(line) for line in files["facts.jsonl"].splitlines()]
        told = [fact for fact in self.facts if not fact["topic"].startswith("ledger.")]
        if not {fact["topic"] for fact in told} <= TOPICS:
            raise Unreadable("it holds facts of a kind that is not known here")
        self.cases = [Fact(fact) for fact in told]
        self.noted = [fact for fact in self.facts if fact["topic"] in NOTED]
        self.published = self.of(PUBLISHED)
        sizes = {len(self.facts), *map(size_of, self.noted)}
        sizes |= {fact["content"]["basis"]["position"] for _, fact in self.published}
        self.root = roots([leaf_of(fact) for fact in self.facts], sizes)
        self.definitions: Definitions = {}
        for one in self.about["definitions"]:
            data = files[one["file"]]
            self.definitions[one["measure"], one["version"], sha256(data)] = parsed(
                data
            )

    def of(self, topic: str) -> list[tuple[int, Json]]:
        """Return the facts of a topic: position and what they say."""
        found = [fact for fact in self.facts if fact["topic"] == topic]
        return [(fact["position"], fields_of(fact)) for fact in found]


def wrong_files(bundle: Bundle) -> Iterator[str]:
    """Yield the files that are not those that bundle.json lists."""
    files, named = bundle.files, bundle.about["files"]
    for name in sorted({*files, *named} - {"bundle.json"}):
        if name not in files:
            yield f"{name} is missing"
        elif name not in named:
            yield f"{name} is not in the list of bundle.json"
        elif sha256(files[name]) != named[name]:
            yield f"{name} is not the file that bundle.json lists"
    form = json.dumps(bundle.about, indent=2, ensure_ascii=False, sort_keys=True)
    if f"{form}\n".encode() != files["bundle.json"]:
        yield "bundle.json is not in its one form"


def wrong_facts(bundle: Bundle) -> Iterator[str]:
    """Yield what bundle.json says of the facts and they do not."""
    facts, about = bundle.facts, bundle.about
    yield from out_of_place(facts)
    if (len(facts), bundle.root[len(facts)]) != (about["head"], about["root"]):
        yield f"bundle.json says @{about['head']}, root {about['root']}"
    if any("leaf" in fact for fact in facts) > about["without_text"]:
        yield "facts lack their text, and bundle.json does not say so"
    for fact in facts:
        if "leaf" in fact and fact["topic"] in WHOLE:
            yield f"@{fact['position']} has no free text, and is not here whole"
    own = fields_of(facts[0])
    same = {name: own.get(name) for name in ("ledger_id", "name", "timezone")}
    if facts[0]["topic"] != OPENED or same != about["ledger"]:
        yield "the facts are of another ledger than bundle.json says"


def wrong_definitions(bundle: Bundle) -> Iterator[str]:
    """Yield the definitions that are not as they are named, hashed, or built in."""
    for one in bundle.about["definitions"]:
        name = f"{one['measure']}@{one['version']}"
        body = bundle.definitions.get((one["measure"], one["version"], one["hash"]))
        if body is None or sha256(canonical(body).encode("utf-8")) != one["hash"]:
            yield f"{name} does not have the hash {one['hash']}"
            continue
        if (body["id"], body["version"]) != (one["measure"], one["version"]):
            yield f"{name} is the definition of another"
        if one["measure"] in BUILT_IN:
            form = (body["unit"], body["kinds"], body["population"])
            more = {"denominator", "targets"} & set(body)
            once = (body["attribution"], body["once"]) != ("outcome", "per-year")
            if form != BUILT_IN[one["measure"]] or more or once:
                yield f"{name} is not the built-in measure of that name"
    for _, fact in bundle.of("ledger.defined/1"):
        said = dict(fact["definition"])
        if not said.get("targets", True):
            del said[
                "targets"
            ]  # None are written out in the fact, not in what is hashed.
        digest = sha256(canonical(said).encode("utf-8"))
        key = (fact["measure"], fact["version"], fact["hash"])
        if digest != fact["hash"] or key not in bundle.definitions:
            yield f"{key[0]}@{key[1]} is not here as it was recorded"


def wrong_publication(
    bundle: Bundle, position: int, fact: Json, about: Json
) -> Iterator[str]:
    """Yield what of a publication is not as it was sealed, or not as the facts give."""
    content, basis = fact["content"], fact["content"]["basis"]
    text = canonical(content).encode("utf-8")
    if sha256(text) != fact["seal"] or bundle.files.get(about["file"]) != text:
        yield "its seal is of another content"
    said = {"name": content["name"], "seal": fact["seal"], "position": position}
    if said != {name: about[name] for name in said} or len(about) != len(said) + 1:
        yield "bundle.json says something else of it"
    if basis["position"] >= position:
        yield "it rests on facts that came after it"
    elif bundle.root[basis["position"]] != basis["root"]:
        yield f"the log had another root at @{basis['position']}"
    yield from wrong_members(fact)
    yield from wrong_figures(content, bundle.definitions, bundle.cases)


def wrong_members(fact: Json) -> Iterator[str]:
    """Yield the figures whose members root is not what the secret gives."""
    content, key = fact["content"], bytes.fromhex(fact.get("members_secret", ""))

    def salt(of: str) -> bytes:
        return hmac.new(key, of.encode("utf-8"), hashlib.sha256).digest()

    if content.get("seal_salt") != (salt("seal").hex() if key else None):
        yield "its salt is not what its secret gives"
    for figure in content["figures"]:
        of = f"{figure['measure']}|{figure['fiscal_year']}"
        leaves = sorted(
            hashlib.sha256(b"\x00" + salt(f"{of}|{unit}") + unit.encode()).digest()
            for unit in figure["counted"]
        )
        root = roots(leaves, {len(leaves)})[len(leaves)] if key else None
        if figure.get("members_root") != root:
            yield f"{of}: its members root is not what its secret gives"


def wrong_summaries(bundle: Bundle) -> Iterator[str]:
    """Yield the summaries that are not what their publication prints."""
    names = ("measure", "fiscal_year", "value", "members_root", "printed")
    due = {
        fact["publication"]: (
            fact["seal"],
            [
                {n: one[n] for n in names if n in one}
                for one in fact["content"]["figures"]
            ],
        )
        for _, fact in bundle.published
    }
    for position, said in bundle.of(SUMMARIZED):
        if due.get(said["publication"]) != (said["seal"], said["figures"]):
            yield f"@{position} is not what {said['publication']} prints"


def wrong_checkpoints(bundle: Bundle, ledger_id: str) -> Iterator[str]:
    """Yield what is wrong with keys, checkpoints, and the copies of these."""
    yield from wrong_notes(bundle.facts, bundle.root, f"scr-ledger/{ledger_id}")
    issued = bundle.of(CHECKPOINTED)
    due = {f"checkpoints/{position}.txt": fact["note"] for position, fact in issued}
    found = {name for name in bundle.files if name.startswith("checkpoints/")}
    if found != set(due) or any(
        bundle.files[name] != due[name].encode("utf-8") for name in found
    ):
        yield "checkpoints/ does not hold the checkpoints on record"


def check(bundle: Bundle) -> None:
    """Print a line for each thing that is checked, and for what is not."""
    facts, about = bundle.facts, bundle.about
    own = fields_of(facts[0])
    tell(f"files: {len(about['files'])}, each with its SHA-256", wrong_files(bundle))
    tell(f"ledger: {own['name']}, id {own['ledger_id']}", ())
    tell(
        f"facts: {len(facts)}, in order, root {bundle.root[len(facts)]}",
        wrong_facts(bundle),
    )
    tell(
        f"definitions: {len(bundle.definitions)}, each with its hash",
        wrong_definitions(bundle),
    )
    if len(bundle.published) != len(about["publications"]):
        tell("", ["bundle.json lists other publications than there are"])
    for (position, fact), said in zip(bundle.published, about["publications"]):  # noqa: B905
        name, figures = f"publication {fact['publication']}", fact["content"]["figures"]
        tell(
            f"{name}: computed again, figures with their lists: {len(figures)};"
            f" seal {fact['seal']}",
            (
                f"{name}: {why}"
                for why in wrong_publication(bundle, position, fact, said)
            ),
        )
    issued = bundle.of(CHECKPOINTED)
    tell(
        f"checkpoints: {len(issued)}, each with the root of its facts",
        wrong_checkpoints(bundle, own["ledger_id"]),
    )
    for topic, what, wrong in (
        (COSIGNED, "cosignatures: {}, each by a witness", wrong_cosignatures(facts)),
        (SUMMARIZED, "summaries: {}, each as was published", wrong_summaries(bundle)),
    ):
        if bundle.of(topic):
            tell(what.format(len(bundle.of(topic))), wrong)
    if not issued:
        print("note   no checkpoint is on record: nobody signed any of this")
    if verifier() is None and bundle.noted:
        print("note   signatures not checked: cryptography is not installed")
    for at, fact in bundle.of(KEYED):
        vkey = fact["note"].split("\n")[2:3]
        print(clean(f"note   a key signs from @{at}: {''.join(vkey)}"))
    if bundle.of(KEYED):
        print("note   compare these keys with what you have of them by another way")
    for _, fact in bundle.of(DISTRUSTED):
        key, upto = fact["key"], fact["trusted_to"]
        print(clean(f"note   key {key} is trusted up to @{upto}, and no further"))
    lacking = sum("leaf" in fact for fact in facts)
    if lacking:
        print(
            f"note   {lacking} of {len(facts)} facts are without their free text: their"
            " leaves are taken on trust, and that the rest of them is as recorded; no"
            " figure depends on the text, and a bundle with it proves them"
        )


EVENTS = (
    "filed classified determined approved returned disrupted dismantled transferred"
    " reopened reclassified redetermined redated reversed rescinded refiled voided"
    " reinstated"
)
TOPICS = {f"scr.{event}/1" for event in EVENTS.split()}
TOPICS |= {"organization.merged/1", "organization.unmerged/1"}


def judge(path: Path) -> int:
    """Check the bundle at a path, and return how it ends."""
    WRONG.clear()
    try:
        files = read(path)
        bundle = Bundle(files)
        check(bundle)
    except Exception as error:  # noqa: BLE001 - a bundle may hold anything
        print(clean(f"cannot read {path}: {type(error).__name__}: {error}"))
        return CANNOT_READ
    print(f"bundle.json has the SHA-256 {sha256(files['bundle.json'])}")
    lacking = sum("leaf" in fact for fact in bundle.facts)
    but = f", but for {lacking} facts that are taken on trust" if lacking else ""
    print("It does not agree." if WRONG else f"All of it agrees{but}.")
    return 1 if WRONG else 0


if __name__ == "__main__":
    here = Path(__file__).resolve().parent
    sys.exit(judge(Path(sys.argv[1]) if sys.argv[1:] else here))
