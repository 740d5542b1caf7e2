"""That one SCR counts in a printed figure, as a file."""

import json
import os
import time

import pytest

from ledger import membership, proofs
from ledger.errors import LedgerError, NoProofError, NotProvedError
from ledger.membership import Membership, Printed, Summary
from ledger.tlog import members
from ledger.tlog.entry import entry
from tests.proofs import NOW, bits, entries, included, log_key, signed
from tests.soak import figure

SECRET = b"\x05" * 32
UNITS = ("S-1", "S-2", "S-3")
ROOT = members.members_root(SECRET, "dd-all", 2019, UNITS).hex()
FIGURE = Printed("dd-all", 2019, 3, ROOT)
SUMMARY = Summary("APR", "ab" * 32, (FIGURE, Printed("dd-tco", 2019, 0, None, 1)))
TRUST = proofs.trust_of([log_key()], now=NOW)


def made(unit="S-2", summary=None):
    """Return what shows a unit to count."""
    one = members.member(SECRET, "dd-all", 2019, UNITS, unit)
    return Membership("APR", "ab" * 32, FIGURE, (one,), summary)


def in_a_log():
    """Return the proof that the summary is in a log."""
    said = json.dumps({"event": "summarized", **membership.summary_json(SUMMARY)})
    facts = entries(2)
    when = "2026-01-05T14:00:00Z"
    topic = membership.SUMMARY_TOPIC
    facts.append(entry(3, "summary/APR", 1, topic, when, said.encode()))
    return str(included(facts, 3, signed(facts)))


def check(data, *, document=None):
    """Check a file as the command does."""
    one = membership.parse("f", data)
    found = {}
    if document is not None:
        found["d"] = membership.parse_document("d", document)
    if one.summary is not None:
        shown = proofs.summarized("f", one.summary, TRUST)
        found["log"] = proofs.summary_in("f", shown)
    membership.check("f", one, found)
    return one


DOCUMENT = membership.document(SUMMARY).encode()


def test_it_is_shown_against_what_is_printed():
    """
    The public document is enough, and names nobody.
    """
    data = membership.text(made()).encode()

    assert check(data, document=DOCUMENT) == made()
    assert not any(unit.encode() in DOCUMENT for unit in UNITS)
    assert b"S-1" not in data
    assert SECRET.hex().encode() not in data + DOCUMENT


def test_it_is_shown_against_the_log():
    """
    So is the summary that is in the log, signed.
    """
    one = made(summary=in_a_log())

    assert check(membership.text(one).encode()) == one


def test_tied_to_nothing_it_shows_nothing():
    """
    Anybody can make up a members root.
    """
    with pytest.raises(NotProvedError, match="--publication"):
        check(membership.text(made()).encode())


@pytest.mark.parametrize("tied", ["document", "log"])
def test_no_bit_of_it_can_be_turned(tied):
    """
    Neither against the document nor against the log.
    """
    document = DOCUMENT if tied == "document" else None
    data = membership.text(made(summary=in_a_log() if tied == "log" else None)).encode()
    check(data, document=document)
    whole = tied == "document" or os.environ.get("SCR_SOAK_STEPS")
    tried, accepted, since = (
        list(bits(data))[:: 1 if whole else 3],
        [],
        time.monotonic(),
    )
    for other in tried:
        try:
            check(other, document=document)
        except LedgerError:
            continue
        accepted.append(other)

    what = f"of a member, against the {tied}, accepted"
    figure("proofs", "held", len(tried), len(accepted), what, since=since)
    assert not accepted


@pytest.mark.parametrize(
    ("one", "says"),
    [
        (made()._replace(publication="APR-2"), "another publication"),
        (made()._replace(seal="cd" * 32), "another seal"),
        (made()._replace(figure=FIGURE._replace(fiscal_year=2020)), "another figure"),
        (made()._replace(figure=FIGURE._replace(value=4)), "another figure"),
        (made()._replace(figure=SUMMARY.figures[1]), "nobody"),
        (made()._replace(members=()), "nobody"),
        (made()._replace(members=made().members * 2), "S-2 stands in it twice"),
        (made()._replace(members=(made().members[0]._replace(id="S-9"),)), "S-9"),
    ],
)
def test_what_does_not_hold(one, says):
    """
    Of another publication, seal, figure or root, or of somebody else, it is refused.
    """
    with pytest.raises(NotProvedError, match=says):
        membership.check("f", one, {"d": SUMMARY})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'{"schema": "scr-membership/1"}',
        b"\xff",
        b"[" * 100_000,
        membership.text(made()).replace("3,", "3.0,", 1).encode(),
        membership.text(made()).replace('"S-2"', '"\\ud800"').encode(),
        membership.text(made()).replace('"S-2"', "null").encode(),
        membership.text(made()).encode() + b"\n",
        membership.text(made()).replace("  ", " ").encode(),
        membership.text(made()).replace('"seal"', '"seal": "x", "seal"', 1).encode(),
        membership.text(made()).replace(ROOT, ROOT.upper()).encode(),
    ],
)
def test_what_is_no_membership(data):
    """
    It is refused with a sentence, whatever it holds.
    """
    with pytest.raises(NoProofError, match="no proof that can be read"):
        membership.parse("f", data)


def test_a_summary_is_one_and_nothing_else():
    """
    Another fact in the log is none, though it is proved.
    """
    facts = entries(3)
    one = str(included(facts, 3, signed(facts)))

    with pytest.raises(NotProvedError, match=r"scr\.filed"):
        proofs.summary_in("f", proofs.summarized("f", one, TRUST))
    with pytest.raises(NotProvedError, match="no proof"):
        proofs.summarized("f", "nothing", TRUST)
