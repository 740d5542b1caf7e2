"""``scr check-proof``: what a file shows, with no ledger at hand."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.asking import output
from cli.main import read_enough
from cli.proof_files import instant, keys_in, read_file
from cli.safe import display, json_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ledger.membership import Membership, Summary
    from ledger.proofs import Included, Shown, Trust, Vouched

CHECK_EXAMPLES = """\b
Examples:
  scr check-proof 5.tlog-proof --key log.vkey
  scr check-proof proofs --key log.vkey
  scr check-proof grown.txt --against held.checkpoint --key log.vkey
  scr check-proof member.json --publication APR-23.json --key log.vkey
"""
_SHOWN = 400
"""Characters of a fact that are shown in words; --json has all of it."""


@click.command("check-proof", epilog=CHECK_EXAMPLES)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--key",
    "vkeys",
    multiple=True,
    metavar="VKEY|FILE",
    help="The key of the log, or of a witness, as its keepers hand it out, or a file of"
    " keys.  May recur.",
)
@click.option(
    "--required",
    type=click.IntRange(0, 16),
    metavar="N",
    help="How many of the witnesses must have signed.  [default: all given]",
)
@click.option(
    "--against",
    metavar="CHECKPOINT",
    help="A checkpoint you kept: the proof must be of the same log.",
)
@click.option(
    "--publication",
    metavar="FILE",
    help="The public document, from `scr publication report --public`.",
)
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
def check_proof_command(**given: Any) -> None:
    """Check proofs offline, and say what each of them shows.

    No ledger is needed or looked at. What a file says counts only if its checkpoint is
    signed by a key you give, which you got from its keepers by another way than the
    file. A folder stands for the proofs in it. It ends with 4 if anything does not
    hold, or is signed by no key given.
    """
    told = _checked(_files(given["files"]), given)
    with read_enough(), output(None) as out:
        for one in told:
            if given["as_json"]:
                out.write(json_text(json.dumps(one, ensure_ascii=False)) + "\n")
            else:
                out.writelines(f"{display(line)}\n" for line in _sentences(one))


def _files(paths: Iterable[str]) -> list[str]:
    found: list[str] = []
    for path in paths:
        inside = sorted(Path(path).glob("*.tlog-proof"), key=_by_number)
        found += map(str, inside) if inside else [path]
    return found


def _by_number(path: Path) -> tuple[int, str]:
    return (int(path.stem) if path.stem.isdecimal() else 0, path.name)


def _checked(files: Sequence[str], given: Mapping[str, Any]) -> list[dict[str, Any]]:
    from ledger import membership, proofs
    from ledger.errors import UsageError
    from ledger.proofs import is_consistency, read

    try:
        trust = proofs.trust_of(
            keys_in(given["vkeys"]), required=given["required"], now=int(time.time())
        )
    except ValueError as error:
        message = f"--key does not hold: {error}"
        raise UsageError(message) from None
    held = _held(given["against"], trust)
    data = {file: read_file(file) for file in files}
    members = [file for file in files if data[file].startswith(b"{")]
    read_ = {file: read(file, data[file]) for file in files if file not in members}
    ties = [one for one in read_.values() if is_consistency(one)]
    told = []
    for file in files:
        if file in members:
            one = membership.parse(file, data[file])
            told.append(_member_told(file, one, trust, held, given["publication"]))
            continue
        shown = proofs.check(file, read_[file], trust, held, ties)
        told.append({"file": file, **_told(shown)})
    return told


def _held(path: str | None, trust: Trust) -> Vouched | None:
    from ledger.proofs import read_checkpoint, vouch

    if path is None:
        return None
    alone = trust._replace(witnesses=(), required=0)
    return vouch(path, read_checkpoint(path, read_file(path)), alone)


def _member_told(
    file: str,
    one: Membership,
    trust: Trust,
    held: Vouched | None,
    document: str | None,
) -> dict[str, Any]:
    from ledger import membership, proofs
    from ledger.errors import NotProvedError

    summaries: dict[str, Summary] = {}
    vouched = None
    if document is not None:
        read = read_file(document)
        summaries[document] = membership.parse_document(document, read)
    asked = trust.required > 0 or held is not None
    if asked and one.summary is None:
        why = (
            "it does not show that a log has it, which is what --against and the"
            " keys of witnesses ask for"
        )
        raise NotProvedError(file, why)
    if one.summary is not None and (trust.logs or asked or document is None):
        shown = proofs.summarized(file, one.summary, trust, held)
        vouched = shown.vouched
        summaries["the summary in the log"] = proofs.summary_in(file, shown)
    membership.check(file, one, summaries)
    return {
        "file": file,
        "shows": "membership",
        "publication": one.publication,
        "seal": one.seal,
        **one.figure._asdict(),
        "members": [member.id for member in one.members],
        "document": document,
        **({} if vouched is None else _vouched(vouched)),
    }


def _told(shown: Shown) -> dict[str, Any]:
    from ledger.proofs import Extended, Included

    if isinstance(shown, Included):
        return {"shows": "inclusion", **_fact(shown), **_vouched(shown.vouched)}
    if isinstance(shown, Extended):
        old = {"old_size": shown.old.size, "old_root": shown.old.root.hex()}
        return {"shows": "consistency", **old, **_vouched(shown.vouched)}
    return {"shows": "checkpoint", **_vouched(shown)}


def _fact(shown: Included) -> dict[str, Any]:
    fact = shown.fact
    return {
        "position": fact.position,
        "stream": fact.stream,
        "version": fact.version,
        "topic": fact.topic,
        "recorded_at": fact.recorded_at,
        "payload": fact.payload.decode(errors="backslashreplace"),
    }


def _vouched(one: Vouched) -> dict[str, Any]:
    return {
        "origin": one.head.origin,
        "size": one.head.size,
        "root": one.head.root.hex(),
        "key": one.key,
        "cosigned": [
            {"name": each.name, "key": each.vkey, "at": instant(each.at)}
            for each in one.cosigned
        ],
        "other_signatures": one.others,
    }


# --- in words -------------------------------------------------------------------------


def _sentences(one: Mapping[str, Any]) -> Iterable[str]:
    file = one["file"]
    match one["shows"]:
        case "inclusion":
            yield (
                f"{file}: @{one['position']} of {one['origin']} is fact"
                f" {one['version']} of {one['stream']} ({one['topic']}), recorded"
                f" {one['recorded_at']}; {_signed(one)}"
            )
            yield f"  {_cut(one['payload'])}"
        case "consistency":
            yield (
                f"{file}: {one['origin']} begins with what it was at size"
                f" {one['old_size']} (root {one['old_root']}), nothing of it changed,"
                f" removed or put in between; {_signed(one)}"
            )
        case "membership":
            yield _member_words(one)
        case _:
            yield f"{file}: a checkpoint of {one['origin']}; {_signed(one)}"


def _member_words(one: Mapping[str, Any]) -> str:
    printed = "" if one["printed"] is None else f", printed as {one['printed']}"
    names = ", ".join(one["members"])
    by = [] if one["document"] is None else [f"as {one['document']} prints it"]
    if "origin" in one:
        by.append(f"as {one['origin']} has it; {_signed(one)}")
    aside = "" if "origin" in one else " (whether a log has it is not shown)"
    return (
        f"{one['file']}: {names} counts in {one['measure']} FY{one['fiscal_year']} ="
        f" {one['value']}{printed} of {one['publication']} (seal {one['seal']}),"
        f" {' and '.join(by)}{aside}"
    )


def _signed(one: Mapping[str, Any]) -> str:
    key = one["key"].split("+")[1]
    said = f"the log had {one['size']} facts and the root {one['root']}, signed by key"
    parts = [f"{said} {key}"]
    parts += [f"cosigned by {each['name']} at {each['at']}" for each in one["cosigned"]]
    if one["other_signatures"] > 0:
        parts.append(f"{one['other_signatures']} by keys not given left aside")
    return ", ".join(parts)


def _cut(text: str) -> str:
    if len(text) <= _SHOWN:
        return text
    return f"{text[:_SHOWN]}… ({len(text) - _SHOWN:,} more characters; --json has all)"
