"""The parser of facts: what each field takes, and what it refuses."""

from __future__ import annotations

import json

import pytest
from hypothesis import given as holds_for
from hypothesis import strategies as st

from ledger.domain.events import (
    CASE_CLASSES,
    MAX_LINE_BYTES,
    TOPICS,
    Unreadable,
    parse_fields,
    parse_line,
    parse_stored,
    payload_of,
)
from tests import strategies

FILED = {
    "scr": "S-1",
    "event": "filed",
    "effective_on": "2019-03-04",
    "known_at": "2019-03-06T15:00:00Z",
    "by": "agent-1",
    "case_number": "C-1",
    "office": "SAC X",
}


def line(**changed) -> bytes:
    """
    Return a line that files an SCR, with some fields changed.
    """
    return json.dumps({**FILED, **changed}).encode()


def faults(text: bytes) -> list[tuple[str, str]]:
    """
    Return what the parser says of a line it refuses.
    """
    with pytest.raises(Unreadable) as refused:
        parse_line(text)
    return list(refused.value.faults)


TAKEN = [
    ("effective_on", "1900-01-01"),
    ("effective_on", "2999-12-31"),
    ("effective_on", "2020-02-29"),
    ("known_at", "2019-03-06T15:00:00.123456Z"),
    ("known_at", "2019-03-06T15:00:00-05:00"),
    ("known_at", "2019-03-06T15:00:00+00:00"),
    ("known_at", "2019-03-06t15:00:00z"),
    ("scr", "a" * 64),
    ("scr", "A.b_c-d/9"),
    ("by", "x" * 200),
    ("by", " padded "),
    ("note", "y" * 2000),
    ("note", "Øresund 😀 \u202e"),
    ("title", "=1+1"),
]


@pytest.mark.parametrize(("field", "value"), TAKEN)
def test_what_a_field_takes(field, value):
    """
    Values of the contract's form are read, and kept as they are.
    """
    fact = parse_line(line(**{field: value}))

    assert parse_stored(fact.topic, payload_of(fact)) == fact


REFUSED = [
    *(
        ("effective_on", value)
        for value in (
            "2019-02-29",
            "2019-13-01",
            "2019-3-4",
            "20190304",
            "1899-12-31",
            "3000-01-01",
            "2019-03-04T00:00:00",
            "2019-03-04 ",
            "1551657600",
            "",
            "٢019-03-04",
            None,
            20190304,
            ["2019-03-04"],
            {"day": 1},
            True,
        )
    ),
    *(
        ("known_at", value)
        for value in (
            "2019-03-06T15:00:00",
            "2019-03-06T15:00Z",
            "2019-03-06 15:00:00Z",
            "2019-03-06T15:00:60Z",
            "2019-03-06T24:00:00Z",
            "2019-03-06T15:00:00.1234567Z",
            "2019-03-06T15:00:00,5Z",
            "2019-02-30T15:00:00Z",
            "2019-03-06T15:00:00+24:00",
            "2019-03-06",
            "1551884400",
            None,
            1551884400,
            1551884400.5,
        )
    ),
    *(
        ("scr", value)
        for value in ("", " ", "a b", "é", "a" * 65, "a\n", "S-1 ", "a:b", None, 7)
    ),
    *(
        ("by", value)
        for value in (
            "",
            " ",
            "\u00a0\u2003",
            "x" * 201,
            "a\tb",
            "a\nb",
            "a\x00b",
            "\x1b[2J",
            "a\x7f",
            "a\x85b",
            None,
            5,
            {},
        )
    ),
    ("note", "y" * 2001),
    ("source", "x" * 201),
    ("program", None),
    ("program", ""),
]


@pytest.mark.parametrize(("field", "value"), REFUSED)
def test_what_a_field_refuses(field, value):
    """
    A value that is not what its field takes is refused, and the field is named.
    """
    assert [name for name, _ in faults(line(**{field: value}))] == [field]


def test_all_fields_that_are_wrong_are_named():
    """
    One line can be wrong in several places, and each is said.
    """
    told = faults(line(by=" ", office="", colour="red", effective_on="x"))

    assert {name for name, _ in told} == {"by", "office", "colour", "effective_on"}


@pytest.mark.parametrize(
    ("text", "field", "rule"),
    [
        (b"", "line", "not JSON"),
        (b"{", "line", "not JSON"),
        (b"[1]", "line", "one JSON object"),
        (b"7", "line", "one JSON object"),
        (b"null", "line", "one JSON object"),
        (b'{"scr":"S"}', "event", "is required"),
        (b'{"scr":"S","event":"exploded"}', "event", "not an event"),
        (b'{"scr":"S","event":"opened"}', "event", "not an event"),
        (b'{"scr":"S","event":7}', "event", ""),
        (line()[:-1] + b',"by":"agent-1"}', "by", "given twice"),
        (line()[:-1] + b',"b\\u0079":"agent-1"}', "by", "given twice"),
        (line()[:-1] + b',"position":1,"position":2}', "position", "given twice"),
        (line()[:-1] + b',"note":NaN}', "note", "must be text"),
        (line()[:-1] + b',"note":"\\ud800"}', "line", "not JSON"),
        (line()[:-1] + b',"note":"\xff"}', "line", "not JSON"),
        (line().decode().encode("utf-16"), "line", "not JSON"),
        (b"\xef\xbb\xbf" + line(), "line", "not JSON"),
        (line() + b" {}", "line", "not JSON"),
        (b'{"a":' * 3000, "line", "not JSON"),
        (b'{"a\\u0061":' * 3000, "line", "not JSON"),
        (b'{"scr":' + b"9" * 10_000 + b"}", "line", "not JSON"),
        (line(note="x" * MAX_LINE_BYTES), "line", "longer than"),
        (line(recorded_by="root"), "recorded_by", "set by the ledger"),
        (line(event="merged", into="O", reason="r"), "organization", "is required"),
        (line(organization="O-1"), "organization", "not a field of this event"),
    ],
)
def test_lines_that_are_no_facts(text, field, rule):
    """
    What is not exactly one fact is refused in words, never with a crash.
    """
    assert any(name == field and rule in words for name, words in faults(text))


@pytest.mark.parametrize("value", [1, "x", None, {"a": [1]}, 1e400, True])
def test_what_an_export_adds_is_ignored(value):
    """
    `position` and `recorded_at` are the ledger's: a file's are not read at all.
    """
    fact = parse_line(line(position=value, recorded_at=value))

    assert fact == parse_line(line())


words = st.text('ab":,\\{}\u00e9 ', min_size=1, max_size=8).map(lambda text: f"x{text}")


@holds_for(
    words, st.sampled_from([None, *FILED]), st.booleans(), st.permutations(list(FILED))
)
def test_a_repeated_key_is_found_whatever_the_text(note, twice, ascii_only, order):
    """
    Counting quotes finds a repeated key, and none where there is none.
    """
    pairs = [("note", note), *((name, FILED[name]) for name in order)]
    if twice:
        pairs.append((twice, FILED[twice]))
    text = ",".join(
        f"{json.dumps(k)}:{json.dumps(v, ensure_ascii=ascii_only)}" for k, v in pairs
    )

    try:
        parse_line(f"{{{text}}}".encode())
        told = []
    except Unreadable as error:
        told = list(error.faults)

    assert told == ([(twice, "is given twice")] if twice else [])


@holds_for(strategies.loads())
def test_what_is_read_is_kept_and_read_back(loads):
    """
    The payload of a fact is again a line, and gives the same fact.
    """
    for load in loads:
        for fields in load.lines:
            fact = parse_fields(fields)
            assert parse_stored(fact.topic, payload_of(fact)) == fact
            assert parse_line(payload_of(fact)) == fact


def test_topics_are_one_for_each_event():
    """
    The dictionary of topics is closed: every event has its own, versioned.
    """
    assert len(TOPICS) == len(CASE_CLASSES) + 2
    assert all(topic.endswith("/1") for topic in TOPICS)
    assert all(cls.topic == topic for topic, cls in TOPICS.items())


@pytest.mark.parametrize("topic", ["os.system/1", "scr.filed/2", "", "ledger:app.x"])
def test_an_unknown_topic_is_not_resolved(topic):
    """
    A stored topic is looked up, never imported.
    """
    with pytest.raises(Unreadable, match="not one this version knows"):
        parse_stored(topic, line())
