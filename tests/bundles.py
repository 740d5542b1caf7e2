"""Bundles for tests: written, changed file by file, and judged by their own checker."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ledger.evidence import verify
from ledger.reader import open_log
from projections import bundling

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    Files = dict[str, bytes]


class Judged(NamedTuple):
    """How the checker ended, and what it said."""

    code: int
    said: str


def written(ledger: str, **how: bool) -> bytes:
    """
    Return the bundle of a ledger, as it is written.
    """
    out = io.BytesIO()
    with open_log(ledger) as log:
        bundling.write(log, out, **how)
    return out.getvalue()


def unpacked(data: bytes, folder: Path) -> Files:
    """
    Return the files of a bundle.
    """
    at = folder / "bundle.zip"
    at.write_bytes(data)
    return verify.read(at)


def judged(files: Mapping[str, bytes], monkeypatch: Any) -> Judged:
    """
    Let the checker judge files, as if it had read them from a folder.
    """
    with monkeypatch.context() as patched:
        patched.setattr(verify, "read", lambda _path: dict(files))
        out = io.StringIO()
        with redirect_stdout(out):
            code = verify.judge(Path("bundle"))
    return Judged(code, out.getvalue())


def changed(
    files: Files, name: str, change: Callable[[Any], None], *, sealed: bool = True
) -> Files:
    """
    Return files of which one, of JSON or of JSON lines, was changed.

    :param sealed: whether bundle.json has the new hash, as a careful forger sees to.
    """
    lines = name.endswith(".jsonl")
    held = [json.loads(one) for one in files[name].splitlines()] if lines else None
    said = json.loads(files[name]) if held is None else held
    change(said)
    if held is None:
        text = verify.canonical(said)
    else:
        text = "".join(
            json.dumps(one, ensure_ascii=False, separators=(",", ":")) + "\n"
            for one in held
        )
    made = {**files, name: text.encode()}
    return listed(made) if sealed else made


def listed(files: Files, **said: object) -> Files:
    """
    Return files with a bundle.json that lists them as they are.
    """
    about = {**json.loads(files["bundle.json"]), **said}
    about["files"] = {
        name: sha256(data).hexdigest()
        for name, data in files.items()
        if name != "bundle.json"
    }
    text = json.dumps(about, indent=2, ensure_ascii=False, sort_keys=True)
    return {**files, "bundle.json": f"{text}\n".encode()}


def rewritten(files: Files, change: Callable[[list[Any]], None]) -> Files:
    """
    Return files of which the facts were changed by somebody who can write all of them:
    seals, sealed files, root and list are made anew, and agree.

    :param change: of the facts, each with what it says as ``said``.
    """
    facts = [json.loads(one) for one in files["facts.jsonl"].splitlines()]
    for one in facts:
        one["said"] = json.loads(one["payload"])
    change(facts)
    made, about = dict(files), json.loads(files["bundle.json"])
    for one in facts:
        said = one.pop("said")
        for listed_one in about["publications"]:
            if listed_one["position"] == one["position"]:
                sealed = verify.canonical(said["content"]).encode()
                said["seal"] = listed_one["seal"] = verify.sha256(sealed)
                made[listed_one["file"]] = sealed
        one["payload"] = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    made["facts.jsonl"] = b"".join(json.dumps(one).encode() + b"\n" for one in facts)
    leaves = [verify.leaf_of(one) for one in facts]
    root = verify.roots(leaves, {len(facts)})[len(facts)]
    lists = {name: about[name] for name in ("publications", "definitions")}
    return listed(made, head=len(facts), root=root, **lists)
