"""Attacks on ledgers, by name: what is done to a sound one, and which finding that is.

The tables of the checker's tests, as far as they are statements, and what they leave
out. ``test_ledger_fsck_needed`` takes each check of the verifier out against them.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from ledger.domain import publication as publications
from ledger.domain.definitions import BUILT_IN, hash_of
from ledger.tlog import note
from tests import test_ledger_fsck as plain
from tests import test_ledger_fsck_signed as signed
from tests.people import smuggle
from tests.publications import forge, payload
from tests.test_ledger_fsck import E, put, rehash, reseal, tamper

Do = Callable[[str], Any]


def _nothing(path: str) -> dict[str, Any]:
    del path
    return {}


class Attack(NamedTuple):
    """
    One attack: what is done to a copy of which ledger, and what is found.
    """

    name: str
    base: str
    """The ledger: a key of ``BASES``."""
    do: Do
    check: str
    position: int | None
    words: str = ""
    asked: Callable[[str], dict[str, Any]] = _nothing
    """What the verification is asked besides, of the ledger at a path."""
    blind: bool = False
    """Whether no signature can be checked, because the library is missing."""

    def made(self, bases: dict[str, str], folder: Path) -> str:
        """
        Make the ledger as it is after the attack.
        """
        path = shutil.copy(bases[self.base], folder / "attacked.db")
        self.do(path)
        return path


def _said(*statements: str, anew: bool = True, sealed: int | None = None) -> Do:
    """
    Return what changes a ledger by statements, hashed anew or not.
    """

    def do(path: str) -> None:
        tamper(path, *statements)
        if sealed is not None:
            reseal(path, sealed)
        if anew:
            rehash(path)

    return do


def _of_tables() -> list[Attack]:
    """
    Return the attacks that the tests of the checker have in tables.
    """
    found = [
        Attack(f"as found {n}", "sound", _said(*statements, anew=False), check, at)
        for n, (check, at, statements) in enumerate(plain.MATRIX)
    ]
    found += [
        Attack(f"rules {n}", "sound", _said(statement), check, at)
        for n, (check, at, statement) in enumerate(plain.REHASHED)
    ]
    for base, check, table in (
        ("defined", "definition", plain.FORGED),
        ("asserted", "assertion", plain.FORGED_ASSERTIONS),
        ("packaged", "package", plain.FORGED_PACKAGES),
    ):
        found += [
            Attack(f"{base} {n}", base, _said(*statements), check, at, words)
            for n, (words, at, statements) in enumerate(table)
        ]
    found += [
        Attack(
            f"published {n}",
            "published",
            _said(*statements, sealed=at if sealed else None),
            "publication",
            at,
            words,
        )
        for n, (words, at, sealed, statements) in enumerate(plain.FORGED_PUBLICATIONS)
    ]
    found += [
        Attack(f"categorized {n}", "categorized", _said(statement), check, at, words)
        for n, (check, words, at, statement) in enumerate(plain.FORGED_OTHERS)
    ]
    found += [
        Attack(name, "signed", do, "unsigned", 10) for name, do in signed.FORGED.items()
    ]
    found += [
        Attack("a checkpoint of what is to come", "signed", signed.ahead, "forked", 10)
    ]
    return found


def forged(position: int, change: Callable[[dict], Any], *, seal: bool = False) -> Do:
    """
    Return what changes the fields of a fact, with its seal and every hash made anew.
    """

    def do(path: str) -> None:
        fields = payload(path, position)
        change(fields)
        if seal:
            content = publications.from_json(fields["content"])
            fields["seal"] = publications.seal_of(content)
        forge(path, position, fields)
        rehash(path)

    return do


def _own_witness(path: str) -> None:
    public = note.public_of(signed.THREE.private, "w", note.COSIGNATURE)
    said = {"event": "entrusted", "required": 1, "witnesses": [str(public)]}
    smuggle(path, "witnesses", "ledger.entrusted/1", **said)


def _index(path: str) -> None:
    """
    Change a letter in the index of streams alone.
    """
    whole = bytearray(Path(path).read_bytes())
    for start in range(0, len(whole), 4096):
        place = whole.find(b"scr/S-7", start, start + 4096)
        if whole[start] == _INDEX_LEAF and place > 0:
            whole[place] ^= 1
            break
    Path(path).write_bytes(whole)


_INDEX_LEAF = 10


# --- signed by who may, of another log ------------------------------------------------


def _keys(path: str) -> None:
    note = signed.new_key(path, signed.FOUR, signed.THREE, root="ab" * 32)
    signed.put(path, signed.KEYED, note)


def _checkpoint(path: str) -> None:
    note = signed.tree_head(path, signed.THREE, root=b"\x01" * 32)
    signed.put(path, signed.CHECKPOINTED, note)


def _restored(path: str) -> None:
    said = {"event": "restored", "seen_position": 3, "seen_root": signed.root(path, 3)}
    smuggle(path, "ledger", "ledger.restored/1", **said, reason="r")


# --- held elsewhere -------------------------------------------------------------------


def _since(*signers: Any, turned: bool = False, **said: Any) -> Callable[[str], dict]:
    """
    Return what asks for a comparison with a checkpoint held elsewhere.
    """

    def asked(path: str) -> dict[str, Any]:
        held = signed.tree_head(path, *signers, **said)
        if turned:  # A bit of the signature, not of its name.
            *lines, last = held.splitlines()
            start, value = last.rsplit(" ", 1)
            value = value[:20] + ("A" if value[20] != "A" else "B") + value[21:]
            held = "\n".join([*lines, f"{start} {value}", ""])
        return {"since": held.encode()}

    return asked


def _other_log(path: str) -> dict[str, Any]:
    text = signed.tree_head(path, signed.THREE)
    return {"since": text.replace(signed.origin(path), "scr-ledger/other").encode()}


def _checkpointed(path: str) -> dict[str, Any]:
    del path
    return {"checkpointed": True}


def _smuggled(stream: str, event: str, **fields: Any) -> Do:
    """
    Return what puts a fact at the end that nobody decided.
    """

    def do(path: str) -> None:
        kind = "scr" if stream.startswith("scr/") else "ledger"
        smuggle(path, stream, f"{kind}.{event}/1", event=event, **fields)

    return do


SCR = {"scr": "S-1", "effective_on": "2024-01-01", "run_by": None}
ZEROS = "0" * 64
SUMMED = {
    "seal": ZEROS,
    "figures": [
        {"measure": "m", "fiscal_year": 2019, "value": 1, "members_root": ZEROS}
    ],
}


def _figure(path: str, **said: Any) -> dict[str, Any]:
    """
    Return a figure as a citation has it, by the built-in definition.
    """
    del path
    plain = {"measure": "dd-all", "fiscal_year": 2019, "value": 0}
    return {**plain, "definition_hash": hash_of(BUILT_IN["dd-all"]), **said}


def _cites(**said: Any) -> Do:
    return forged(7, lambda fields: fields.update(figure=_figure("", **said)))


FURTHER = [
    Attack("an index of other streams", "sound", _index, "file", None),
    Attack("no fact at all", "sound", _said(f"DELETE FROM {E}"), "identity", None),
    Attack(
        "another spelling",
        "sound",
        _said(put(7, '"by":', '"by": ')),
        "payload",
        7,
        "not in their one form",
    ),
    Attack(
        "four eyes that were not on",
        "published",
        forged(304, lambda f: f["content"].update(four_eyes=True), seal=True),
        "publication",
        304,
        "whether four eyes were on",
    ),
    Attack(
        "withdrawn twice",
        "published",
        lambda path: [
            _smuggled("publication/A", "retracted", publication="A", reason="r")(path)
            for _ in range(2)
        ],
        "publication",
        308,
        "is withdrawn already",
    ),
    Attack("in one place twice", "restated", _said(), "publication", 8, "does so"),
    Attack(
        "one eye less",
        "packaged",
        forged(7, lambda fields: fields.update(four_eyes=False)),
        "package",
        7,
        "whether two people were asked",
    ),
    # People.
    Attack(
        "waived by who may not",
        "people",
        _smuggled(
            "waivers",
            "waived",
            by="ann",
            run_by="a1",
            rule="office-silent",
            scr="S-1",
            until="2024-12-31",
            reason="r",
        ),
        "people",
        10,
        "takes the role supervisor",
    ),
    Attack(
        "approved by who may not",
        "people",
        _smuggled("scr/S-1", "approved", **SCR, by="ann", recorded_by="a1"),
        "people",
        10,
        "takes the role panel",
    ),
    Attack(
        "a correction that nobody brought",
        "people",
        _smuggled("scr/S-1", "reversed", **SCR, outcome="D1", reason="r"),
        "people",
        10,
        "no file and no package brought it",
    ),
    Attack(
        "a role that nobody may grant",
        "people",
        _smuggled(
            "people", "granted", person="ann", role="panel", by="ann", run_by="a1"
        ),
        "people",
        10,
    ),
    # Requests, citations, recommendations.
    Attack(
        "a day to come",
        "answering",
        forged(6, lambda fields: fields.update(submitted_on="2999-01-01")),
        "request",
        6,
    ),
    Attack(
        "an SCR that is not",
        "answering",
        forged(7, lambda fields: fields.update(scrs=["S-9"])),
        "request",
        7,
        "is not filed before it",
    ),
    Attack(
        "cited of another log",
        "answering",
        forged(7, lambda fields: fields.update(proved_position=4)),
        "request",
        7,
        "it was proved at root",
    ),
    Attack(
        "cited before it was there",
        "answering",
        forged(7, lambda fields: fields.update(proved_position=60)),
        "request",
        7,
        "at a position that was not there",
    ),
    Attack(
        "cited by no definition",
        "answering",
        _cites(definition_hash=ZEROS),
        "request",
        7,
        "no definition of dd-all before it",
    ),
    Attack(
        "cited by another version",
        "answering",
        _cites(version=9),
        "request",
        7,
        "no definition of dd-all@9 before it",
    ),
    Attack(
        "issued in days to come",
        "answering",
        forged(8, lambda fields: fields.update(issued_on="2999-09-19")),
        "recommendation",
        8,
    ),
    Attack(
        "closed by another check",
        "answering",
        forged(9, lambda fields: fields.update(check="coverage>=0")),
        "recommendation",
        9,
        "closed by another check",
    ),
    Attack(
        "closed of another log",
        "answering",
        forged(9, lambda fields: fields.update(proved_position=4)),
        "recommendation",
        9,
        "it was proved at root",
    ),
    Attack(
        "closed before it was there",
        "answering",
        forged(9, lambda fields: fields.update(proved_position=60)),
        "recommendation",
        9,
        "at a position that was not there",
    ),
    # Samples.
    Attack(
        "drawn from another frame",
        "sampled",
        forged(8, lambda fields: fields.update(frame_sha256=ZEROS)),
        "sample",
        8,
        "is refused",
    ),
    Attack(
        "a frame of what is to come",
        "sampled",
        forged(6, lambda fields: fields["basis"].update(position=60)),
        "sample",
        6,
        "its basis is beyond it",
    ),
    Attack(
        "a frame of another log",
        "sampled",
        forged(6, lambda fields: fields["basis"].update(position=4)),
        "sample",
        6,
        "it was proved at root",
    ),
    Attack(
        "a seed of another log",
        "sampled",
        _said(put(2, "agent-1", "agent-2")),
        "sample",
        8,
        "it was proved at root",
    ),
    # Members and summaries of what is printed; witnesses.
    Attack(
        "members of another secret",
        "published",
        forged(304, lambda fields: fields.update(members_secret="ab" * 32)),
        "publication",
        304,
        "not what its secret gives",
    ),
    Attack(
        "summary of nothing",
        "signed",
        _smuggled("summary/NONE", "summarized", publication="NONE", **SUMMED),
        "publication",
        10,
        "sums up no publication",
    ),
    Attack(
        "summary of something else",
        "published",
        _smuggled("summary/A", "summarized", publication="A", **SUMMED),
        "publication",
        307,
        "says otherwise",
    ),
    Attack(
        "the log's own key as its witness",
        "signed",
        _own_witness,
        "unsigned",
        10,
    ),
    # Keys, checkpoints, and what is held elsewhere.
    Attack("a key of another past", "signed", _keys, "forked", 10),
    Attack("a checkpoint of another past", "signed", _checkpoint, "forked", 10),
    Attack("another past, unseen", "signed", _checkpoint, "forked", 10, blind=True),
    Attack("restored from nothing", "signed", _restored, "restored", 10),
    Attack(
        "rolled back",
        "signed",
        _said(anew=False),
        "rolled back",
        None,
        asked=_since(signed.THREE, size=99),
    ),
    Attack(
        "forked",
        "signed",
        _said(anew=False),
        "forked",
        None,
        asked=_since(signed.THREE, root=b"\x01" * 32),
    ),
    Attack("swapped", "signed", _said(anew=False), "swapped", None, asked=_other_log),
    Attack(
        "a signature with another bit",
        "signed",
        _said(anew=False),
        "unsigned",
        None,
        "does not hold",
        asked=_since(signed.THREE, turned=True),
    ),
    Attack(
        "signed by nobody known",
        "signed",
        _said(anew=False),
        "unsigned",
        None,
        "no key that this log believes",
        asked=_since(signed.FOUR),
    ),
    Attack(
        "signed by who was revoked",
        "signed",
        _said(anew=False),
        "unsigned",
        None,
        "no key that this log believes",
        asked=_since(signed.TWO),
    ),
    Attack(
        "never checkpointed",
        "sound",
        _said(anew=False),
        "not checkpointed",
        None,
        asked=_checkpointed,
    ),
    Attack(
        "not checkpointed since",
        "signed",
        _said(anew=False),
        "not checkpointed",
        7,
        asked=_checkpointed,
    ),
]
"""What the tables leave out, so that every check is the only one to find something."""

ATTACKS = [*FURTHER, *_of_tables()]
