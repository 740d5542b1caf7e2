"""That one SCR is counted in a printed figure, as a file; made and checked.

The file shows that a salted leaf is under the members root of a figure. What ties that
root to the publication is either what was printed (the public document, or the summary
that was recorded), or nothing, and then the file shows nothing (docs/proofs.md).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from ledger.errors import NoProofError, NotProvedError
from ledger.tlog.members import Member, counts

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA = "scr-membership/1"
SUMMARY_SCHEMA = "scr-summary/1"
SUMMARY_TOPIC = "ledger.summarized/1"
LONGEST = 16 * 1024 * 1024
_HEX = re.compile(r"[0-9a-f]{64}")


class Printed(NamedTuple):
    """A figure as it is printed, with what its members are shown against."""

    measure: str
    fiscal_year: int
    value: int
    """What is counted, which is what the ledger gave."""
    members_root: str | None
    printed: int | None = None
    """What the document has, where it was printed before it was registered."""


class Summary(NamedTuple):
    """What a publication prints, without anybody whom it counts."""

    publication: str
    seal: str
    figures: tuple[Printed, ...]


class Membership(NamedTuple):
    """What is in the file: a figure, the members shown, and what ties them to a log."""

    publication: str
    seal: str
    figure: Printed
    members: tuple[Member, ...]
    summary: str | None
    """The inclusion proof of the recorded summary, as text; older ones have none."""


def summary_json(one: Summary) -> dict[str, Any]:
    """Return a summary as plain JSON."""
    return {
        "publication": one.publication,
        "seal": one.seal,
        "figures": [_printed_json(figure) for figure in one.figures],
    }


def _printed_json(one: Printed) -> dict[str, Any]:
    return {k: v for k, v in one._asdict().items() if v is not None}


def document(one: Summary) -> str:
    """Return the public document of a publication, as a machine reads it."""
    return _spelled({"schema": SUMMARY_SCHEMA, **summary_json(one)})


def text(one: Membership) -> str:
    """Return a membership as its file, in its one spelling."""
    told: dict[str, Any] = {
        "schema": SCHEMA,
        "publication": one.publication,
        "seal": one.seal,
        "figure": _printed_json(one.figure),
        "members": [
            {
                "id": member.id,
                "salt": member.salt.hex(),
                "leaf_index": member.leaf_index,
                "path": [hashed.hex() for hashed in member.path],
            }
            for member in one.members
        ],
    }
    if one.summary is not None:
        told["summary"] = one.summary
    return _spelled(told)


def parse(file: str, data: bytes) -> Membership:
    """Read a membership; nothing of it is checked yet.

    :raises NoProofError: it is none, or not in its one spelling.
    """
    try:
        told = _read(data, SCHEMA)
        made = Membership(
            _text(told["publication"]),
            _hash(told["seal"]),
            _printed(told["figure"]),
            tuple(
                Member(
                    _text(one["id"]),
                    bytes.fromhex(_hash(one["salt"])),
                    _whole(one["leaf_index"]),
                    tuple(bytes.fromhex(_hash(hashed)) for hashed in one["path"]),
                )
                for one in told["members"]
            ),
            _text(told["summary"]) if "summary" in told else None,
        )
        same = text(made).encode() == data
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise NoProofError(file, _why(error)) from None
    if not same:
        raise NoProofError(file, "it is not in its one spelling")
    return made


def parse_document(file: str, data: bytes) -> Summary:
    """Read the public document of a publication.

    :raises NoProofError: it is none.
    """
    try:
        return _summary(_read(data, SUMMARY_SCHEMA))
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise NoProofError(file, _why(error)) from None


def parse_summary(payload: bytes) -> Summary:
    """Read a recorded summary.

    :raises ValueError: it is none.
    """
    try:
        return _summary(json.loads(payload))
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError(_why(error)) from None


def check(file: str, one: Membership, summaries: Mapping[str, Summary]) -> None:
    """Make sure that members are counted in a figure that somebody printed.

    :param summaries: what ties it, by where it is from: the public document that the
        reader holds, the summary in the log. None: nothing is shown.
    :raises NotProvedError: it does not hold, or nothing ties it.
    """
    if not summaries:
        why = (
            f"nothing ties its members root to {one.publication}; give the public"
            " document with --publication (`scr publication report --public` writes it)"
        )
        raise NotProvedError(file, why)
    for source, summary in summaries.items():
        if (summary.publication, summary.seal) != (one.publication, one.seal):
            why = f"{source} is of another publication, or another seal"
            raise NotProvedError(file, why)
        if one.figure not in summary.figures:
            why = f"{source} has another figure, or another members root"
            raise NotProvedError(file, why)
    root = one.figure.members_root
    if root is None or not one.members:
        why = "it shows nobody to be a member"
        raise NotProvedError(file, why)
    shown: set[str] = set()
    for member in one.members:
        if member.id in shown:
            why = f"{member.id} stands in it twice"
            raise NotProvedError(file, why)
        shown.add(member.id)
        if not counts(member, one.figure.value, bytes.fromhex(root)):
            why = f"{member.id} is not under the members root"
            raise NotProvedError(file, why)


def _summary(told: Mapping[str, Any]) -> Summary:
    figures = tuple(map(_printed, told["figures"]))
    return Summary(_text(told["publication"]), _hash(told["seal"]), figures)


def _read(data: bytes, schema: str) -> dict[str, Any]:
    if len(data) > LONGEST:
        message = f"it is longer than {LONGEST:,} bytes"
        raise ValueError(message)
    told = json.loads(data.decode())
    if not isinstance(told, dict) or told.get("schema") != schema:
        message = f"its schema is not {schema}"
        raise ValueError(message)
    return told


def _printed(told: Mapping[str, Any]) -> Printed:
    printed = told.get("printed")
    root = told.get("members_root")
    return Printed(
        _text(told["measure"]),
        _whole(told["fiscal_year"]),
        _whole(told["value"]),
        None if root is None else _hash(root),
        None if printed is None else _whole(printed),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    value.encode()  # A lone surrogate is a ValueError here, and not later.
    return value


def _hash(value: object) -> str:
    if not isinstance(value, str) or _HEX.fullmatch(value) is None:
        message = "what should be a hash in hex is not"
        raise ValueError(message)
    return value


def _whole(value: object) -> int:
    if type(value) is not int or not 0 <= value < 2**53:
        message = "what should be a whole number is not"
        raise ValueError(message)
    return value


def _spelled(told: object) -> str:
    return f"{json.dumps(told, ensure_ascii=False, indent=2)}\n"


def _why(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
        return "it is not JSON in UTF-8"
    if isinstance(error, ValueError) and str(error):
        return str(error)
    return "a part of it is missing, or of another kind"
