"""Between a fact and the bytes that are kept, and what those bytes have been."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from eventsourcing.persistence import StoredEvent
from hypothesis import given as holds_for

from ledger.domain.events import (
    CASE_CLASSES,
    TOPICS,
    parse_fields,
    parse_line,
    parse_stored,
    payload_of,
)
from ledger.errors import LogDamagedError
from ledger.store.codec import FactMapper, Placed, fact_of
from tests import strategies
from tests.facts import filed, read

GOLDEN = Path(__file__).parents[1] / "fixtures" / "golden"
MAPPER = FactMapper()
LATER = (
    "ledger.opened.1.solo",
    "ledger.published.1.four-eyes",
    "ledger.published.1.members",
    "ledger.proposed.1.findings",
    "ledger.amended.1.findings",
)
"""What was added to topics, in the order in which it was."""


def goldens(topic: str) -> list[bytes]:
    """
    Return the payloads that are kept for a topic: the first ones, then what was added.
    """
    paths = sorted(GOLDEN.glob(f"{topic.replace('/', '.')}.*json"), key=_age)
    texts = [path.read_bytes() for path in paths]
    assert all(text.endswith(b"}\n") for text in texts)
    return [text.removesuffix(b"\n") for text in texts]


def _age(path: Path) -> tuple[int, int]:
    return path.name.count("."), LATER.index(path.stem) if path.stem in LATER else 0


def golden(topic: str) -> bytes:
    """
    Return the payload of a topic that has every field.
    """
    return goldens(topic)[-1]


def test_every_topic_has_its_golden_payload():
    """
    There is one for each topic ever written, and none for another; a later one has a
    word after the topic that says what was added.
    """
    names = [path.name.removesuffix(".json") for path in GOLDEN.glob("*.json")]
    later = {name for name in names if name.count(".") > 2}

    assert {*names} - later == {topic.replace("/", ".") for topic in TOPICS}
    assert later == {*LATER}
    assert {name.rpartition(".")[0] for name in later} <= {*names}


@pytest.mark.parametrize("topic", TOPICS)
def test_golden_payloads_are_still_what_they_were(topic):
    """
    What a ledger holds is read, and written again to the same bytes.
    """
    for payload in goldens(topic):
        fact = parse_stored(topic, payload)

        assert type(fact) is TOPICS[topic]
        assert payload_of(fact) == payload


@pytest.mark.parametrize("topic", TOPICS)
def test_golden_payloads_have_every_field(topic):
    """
    Each has all the fields that its fact can have, in the order they are kept; the
    last one, where fields were added.
    """
    fields = TOPICS[topic].model_fields

    assert list(json.loads(golden(topic))) == [
        field.alias or name for name, field in fields.items()
    ]


@pytest.mark.parametrize("cls", CASE_CLASSES, ids=lambda cls: cls.topic)
def test_a_payload_is_an_interchange_line(cls):
    """
    But for who recorded it, what is kept is what a file may say.
    """
    fields = json.loads(golden(cls.topic))
    del fields["recorded_by"]

    assert payload_of(parse_line(json.dumps(fields).encode())) == payload_of(
        parse_fields(fields)
    )


@holds_for(strategies.loads())
def test_what_is_mapped_is_mapped_back(loads):
    """
    A fact comes back from its row as it was, with its place.
    """
    facts = [parse_fields(line) for load in loads for line in load.lines]

    for version, fact in enumerate(facts, 1):
        placed = Placed(fact.stream, version, fact)
        stored = MAPPER.to_stored_event(placed)
        assert stored.topic == fact.topic
        assert MAPPER.to_domain_event(stored) == placed


PAYLOAD = payload_of(read(filed()))


@pytest.mark.parametrize(
    ("stream", "topic", "payload", "words"),
    [
        ("scr/S-1", "scr.filed/2", PAYLOAD, "not one this version knows"),
        ("scr/S-1", "builtins:eval", PAYLOAD, "not one this version knows"),
        ("scr/S-1", "ledger.app:create", PAYLOAD, "not one this version knows"),
        ("scr/S-1", "scr.voided/1", PAYLOAD, "event"),
        ("scr/S-1", "ledger.opened/1", PAYLOAD, "event"),
        ("scr/S-2", "scr.filed/1", PAYLOAD, "scr/S-1 stands in the stream scr/S-2"),
        ("organization/S-1", "scr.filed/1", PAYLOAD, "stands in the stream"),
        ("ledger", "scr.filed/1", PAYLOAD, "stands in the stream"),
        ("scr/S-1", "scr.filed/1", b"", "not JSON"),
        ("scr/S-1", "scr.filed/1", b"\x80\x04K\x01.", "not JSON"),
        ("scr/S-1", "scr.filed/1", b"[]", "one JSON object"),
        ("scr/S-1", "scr.filed/1", b"{}", "is required"),
        ("scr/S-1", "scr.filed/1", PAYLOAD[:-1] + b',"x":1}', "not a field"),
    ],
)
def test_a_row_that_no_ledger_wrote_is_damage(stream, topic, payload, words):
    """
    A row is a fact of its topic, in its own stream, or the log is damaged.
    """
    with pytest.raises(LogDamagedError, match=words):
        fact_of(stream, topic, payload)
    with pytest.raises(LogDamagedError, match=words):
        MAPPER.to_domain_event(StoredEvent(stream, 1, topic, payload))
