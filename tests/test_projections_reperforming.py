"""What was printed, asserted and cited comes out again, or is found not to."""

from __future__ import annotations

import json
import shutil

import pytest

from ledger import fsck
from ledger.reader import open_log
from projections import comparing, reperforming
from projections.readmodel import silent
from tests import ledgers
from tests.accountability import cited, recommend, recommended, request, requested
from tests.claims import claim, opened
from tests.commandline import scr
from tests.publications import forge, payload, publish
from tests.test_ledger_fsck import rehash

LINES = [
    {"event": "filed", "case_number": "C-1", "office": "SAC X"},
    {"event": "approved"},
    {"event": "disrupted", "outcome": "D1"},
]
CHECK = "coverage>=1"
PUBLISHED, ASSERTED, REQUESTED, CITED, FRAMED, ISSUED, CLOSED = range(6, 13)
KINDS = {
    "publication": 1,
    "assertion": 1,
    "citation": 1,
    "frame": 1,
    "closing check": 1,
}


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> str:
    """
    A ledger in which one SCR is counted, and everything is said of it that can be.
    """
    folder = tmp_path_factory.mktemp("made")
    path = ledgers.make(folder / "scr.db")
    common = {"scr": "S-1", "effective_on": "2019-03-04", "by": "a"}
    common["known_at"] = "2019-04-01T00:00:00Z"
    ledgers.load(path, "".join(f"{json.dumps({**common, **one})}\n" for one in LINES))
    publish(path, "APR", ("dd-all", 2019))
    claim(path, "dd-all FY2019 = 1")
    request(path, requested())
    with open_log(path) as log:
        digest = payload(path, ASSERTED)["definition_hash"]
        figure = {"measure": "dd-all", "fiscal_year": 2019, "value": 1}
        figure |= {"definition_hash": digest}
        assert log.head == REQUESTED
    request(path, cited(path, figure=figure))
    told = scr("--ledger", path, "sample", "frame", "A", "stands", "--by", "a")
    assert told.code == 0, told.err
    recommended(path, check=CHECK)
    with open_log(path) as log:
        proof = {"proved_position": log.head, "proved_root": log.root(log.head).hex()}
    recommend(path, "closed", evidence="e", check=CHECK, **proof)
    assert fsck.check(path, silent).findings == ()
    return path


@pytest.fixture
def path(made, tmp_path) -> str:
    """
    A copy to tamper with.
    """
    return shutil.copy(made, tmp_path / "scr.db")


def test_everything_comes_out_again(path):
    """
    One of each kind is computed, all agree, and `verify` says how many there were.
    """
    with opened(path) as (log, model):
        found = reperforming.reperformed(log, model, silent)
    assert (found.counts, found.disagreements) == (KINDS, ())

    told = scr("--ledger", path, "verify")
    said = "computed again: " + ", ".join(f"1 {kind}" for kind in KINDS)
    assert (told.code, told.out.splitlines()[2:]) == (0, [said])


def published(fields):
    """
    Another SCR that counts, its members root made anew, and sealed anew.
    """
    from ledger import members
    from ledger.domain import publication as publications

    (figure,) = fields["content"]["figures"]
    figure["counted"] = ["S-2"]
    figure["counted_sha256"] = publications.hash_of_set(figure["counted"])
    content = publications.from_json(fields["content"])
    content = members.committed(content, fields["members_secret"])
    figure["members_root"] = content.figures[0].members_root
    fields["seal"] = publications.seal_of(content)


def asserted(fields):
    """
    Another value.
    """
    fields["value"] = 2


def figure_cited(fields):
    """
    Another value of the figure.
    """
    fields["figure"]["value"] = 2


def framed(fields):
    """
    Another SCR than the query gives, and the hash of the set with it.
    """
    from ledger.domain.publication import hash_of_set

    fields["items"] = ["S-2"]
    fields["sha256"] = hash_of_set(fields["items"])


FORGED = {
    "publication": (PUBLISHED, published),
    "assertion": (ASSERTED, asserted),
    "request": (CITED, figure_cited),
    "sample": (FRAMED, framed),
}


@pytest.mark.parametrize("check", FORGED)
def test_a_forged_figure_does_not_come_out_again(path, check):
    """
    Sealed and hashed anew it agrees with everything but the log: rules find nothing.
    """
    position, change = FORGED[check]
    fields = payload(path, position)
    change(fields)
    forge(path, position, fields)
    for place in range(position + 1, CLOSED + 1):
        reprove(path, place)
    rehash(path)
    assert fsck.check(path, silent).findings == ()

    told = scr("--ledger", path, "verify", "--json")
    assert told.code == 4
    found = [(row["position"], row["check"], row["word"]) for row in told.json["rows"]]
    assert found == [(position, check, "damaged")]
    assert told.json["first_bad"] == position
    assert scr("--ledger", path, "verify", "--log-only").code == 0


def reprove(path: str, position: int) -> None:
    """
    Give a fact the root that the log has by now where it was proved.
    """
    rehash(path)
    fields = payload(path, position)
    with open_log(path) as log:
        if "proved_root" in fields:
            root = log.root(fields["proved_position"]).hex()
            forge(path, position, {**fields, "proved_root": root})
        elif "basis" in fields:
            fields["basis"]["root"] = log.root(fields["basis"]["position"]).hex()
            forge(path, position, fields)


def test_what_was_not_green_did_not_close_anything(path):
    """
    The check that closed a recommendation is computed where it was computed.
    """
    fields = payload(path, CLOSED)
    with open_log(path) as log:
        fields["proved_position"] = REQUESTED
        fields["proved_root"] = log.root(REQUESTED).hex()
    forge(path, CLOSED, fields)
    rehash(path)
    assert fsck.check(path, silent).findings == ()

    with open_log(path) as log:
        (found,) = comparing.recomputed(log, silent).figures.disagreements
    assert (found.position, found.check) == (CLOSED, "recommendation")
    assert "its check was red: 0 of 1 requests used SCR data" in found.why


def test_an_scr_that_did_not_stand_was_not_cited(path):
    """
    An SCR is looked up where it was cited, not as it stands now.
    """
    fields = payload(path, CITED)
    with open_log(path) as log:
        fields["proved_position"] = 2
        fields["proved_root"] = log.root(2).hex()
    del fields["figure"]
    forge(path, CITED, fields)
    for place in range(FRAMED, CLOSED + 1):
        reprove(path, place)
    rehash(path)
    assert fsck.check(path, silent).findings == ()

    with open_log(path) as log:
        (found,) = comparing.recomputed(log, silent).figures.disagreements
    assert (found.position, found.check) == (CITED, "request")
    assert "S-1 did not stand, or was not approved" in found.why


def test_what_came_later_is_no_fault(path):
    """
    A figure that has changed since was right when it was said.
    """
    late = {**LINES[2], "scr": "S-1", "effective_on": "2020-03-04", "by": "a"}
    gone = {"event": "reversed", "reason": "r", "outcome": "D1"}
    lines = [{**late, **gone}]
    ledgers.load(path, "".join(f"{json.dumps(line)}\n" for line in lines))

    assert scr("--ledger", path, "check").code == 1
    assert scr("--ledger", path, "verify").code == 0


def test_figures_of_a_damaged_log_are_not_computed(path):
    """
    It says so, instead of proving something from facts that are not what they were.
    """
    forge(path, 3, {**payload(path, 3), "by": "c"})

    told = scr("--ledger", path, "verify", "--json")
    assert told.code == 4
    assert told.json["notes"][-1].startswith("not checked: the read model and figures")
    assert told.json["notes"][-2].startswith("not compared with what was seen")
