"""The parser of facts: what each field takes, and what it refuses."""

from __future__ import annotations

import json

import pytest
from hypothesis import given as holds_for
from hypothesis import strategies as st

from ledger.domain.events import (
    CASE_CLASSES,
    MAX_LINE_BYTES,
    OWN_CLASSES,
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
    ("known_at", "2019-03-06T15:00:00-00:00"),
    ("known_at", "2019-03-06T23:59:59.9+23:59"),
    ("known_at", "1900-01-01T00:00:00Z"),
    ("known_at", "1900-01-01T01:00:00+01:00"),
    ("known_at", "2999-12-31T23:59:59.999999Z"),
    ("scr", "a" * 64),
    ("scr", "A.b_c-d/9"),
    ("by", "x" * 200),
    ("by", "😀" * 200),
    ("by", "x"),
    ("by", "a\u2028b"),
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
            "2019-00-01",
            "2019-04-31",
            "0019-03-04",
            " 2019-03-04",
            "2019-03-04\n",
            "2019-W10-1",
            "2019-063",
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
            "1900-01-01T00:00:00+00:01",  # In UTC of 1899, as an export would say.
            "2999-12-31T23:59:59-00:01",
            "3000-01-01T00:00:00Z",
            "2019-03-06T15:00:00+0500",
            "2019-03-06T15:00:00 Z",
            "2019-03-06T15:00:00Z\n",
            "2019-03-06T15:00:00.Z",
            "2019-03-06T15:60:00Z",
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
            "\u2028",
            "😀" * 201,
            ["a"],
            False,
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
        (b'"x"', "line", "one JSON object"),
        (line() + line(), "line", "not JSON"),
        (line()[:-1], "line", "not JSON"),
        (line()[:-1] + b",}", "line", "not JSON"),
        (line() + b" // why", "line", "not JSON"),
        (line() + b"\x00", "line", "not JSON"),
        (line().replace(b'"', b"'"), "line", "not JSON"),
        (line()[:-1] + b',"note":"a\tb"}', "line", "not JSON"),
        (line()[:-1] + b',"note":"\xed\xa0\x80"}', "line", "not JSON"),
        (line()[:-1] + b',"event":"voided"}', "event", "given twice"),
        (line()[:-1] + b',"by":null}', "by", "given twice"),
        (line()[:-1] + b',"colour":1,"colour":2}', "colour", "given twice"),
        (line()[:-1] + b',"position":1,"by":"b"}', "by", "given twice"),
        (line(since="2019-01-01"), "since", "not a field of this event"),
        (line(source={"a": 1}), "source", "must be text"),
        (line(Scr="S-1"), "Scr", "not a field of this event"),
        (b'{"scr":"S"}', "event", "is required"),
        (b'{"scr":"S","event":"exploded"}', "event", "not an event"),
        (b'{"scr":"S","event":"opened"}', "event", "not an event"),
        (b'{"scr":"S","event":7}', "event", ""),
        (line()[:-1] + b',"by":"agent-1"}', "by", "given twice"),
        (line()[:-1] + b',"b\\u0079":"agent-1"}', "by", "given twice"),
        (line()[:-1] + b',"position":1,"position":2}', "position", "given twice"),
        (line()[:-1] + b',"note":NaN}', "line", "is not JSON: NaN"),
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


@pytest.mark.parametrize(
    "value",
    [1, "x", None, {"a": [1]}, 1e300, True, "", "\ud800", -1, [[[]]], "a" * 9999],
)
def test_what_an_export_adds_is_ignored(value):
    """
    `position` and `recorded_at` are the ledger's: a file's are not read at all.
    """
    fact = parse_line(line(position=value, recorded_at=value))

    assert fact == parse_line(line())


@pytest.mark.parametrize(
    "value",
    [b"9" * 10_000, b'{"a":1,"a":2}', b"[" * 200 + b"]" * 200, b'"\\ud800\\u0000"'],
)
def test_what_is_ignored_need_not_be_sensible(value):
    """
    Neither what no number can hold, nor what is repeated within, is looked at.
    """
    extra = b',"position":' + value + b',"r\\u0065corded_at":' + value

    assert parse_line(line()[:-1] + extra + b"}") == parse_line(line())


def test_what_is_ignored_may_be_escaped():
    """
    A key is what it says, however it is written.
    """
    extra = b',"\\u0070osition":7'

    assert parse_line(line()[:-1] + extra + b"}") == parse_line(line())


DEEP = {
    "filed": {"note", "title"},
    "refiled": {"note", "title", "reason"},
    "returned": {"note", "reason"},
    "transferred": {"note"},
    "merged": {"note", "reason"},
}
AROUND = {"filed": {"case_number": "C", "office": "X"}, "transferred": {"office": "X"}}


@pytest.mark.parametrize("event", DEEP)
def test_which_text_may_be_long(event):
    """
    Reasons, notes and titles may have 2,000 characters; a title is never required.
    """
    subject = "organization" if event == "merged" else "scr"
    into = {"into": "O-2"} if event == "merged" else {}
    common = {subject: "S-1", "event": event, "effective_on": "2019-03-04", "by": "a"}
    given = {**common, **into, **AROUND.get(event, {})}

    parse_fields(given | dict.fromkeys(DEEP[event], "é" * 2000))
    with pytest.raises(Unreadable) as refused:
        parse_fields(given | dict.fromkeys(DEEP[event], "é" * 2001))
    assert {name for name, _ in refused.value.faults} == DEEP[event]


FIELDS = {  # Of the contract: required, then optional.
    "filed": ("case_number office", "program title"),
    "classified": ("category subcategory", ""),
    "determined": (
        "association transnational",
        "high_threat organization definition from",
    ),
    "approved": ("", "outcome panel"),
    "returned": ("reason", "outcome"),
    "disrupted": ("outcome", ""),
    "dismantled": ("outcome", ""),
    "transferred": ("office", "program"),
    "reopened": ("reason", ""),
    "reclassified": ("category subcategory reason", ""),
    "redetermined": (
        "association transnational reason",
        "high_threat organization definition from",
    ),
    "redated": ("outcome reason", ""),
    "reversed": ("outcome reason", ""),
    "rescinded": ("reason", "outcome"),
    "refiled": ("reason", "case_number office program title"),
    "voided": ("reason", "duplicate_of"),
    "reinstated": ("reason", ""),
    "merged": ("into reason", ""),
    "unmerged": ("reason", ""),
}
COMMON = "known_at source note evidence correction forced command_id"
VALUES = {
    "known_at": "2019-03-06T15:00:00Z",
    "from": "2018-10-01",
    **dict.fromkeys(("association", "transnational", "high_threat"), "unknown"),
}


def required(event) -> dict:
    """
    Return the least that a line of an event says.
    """
    subject = "organization" if event in ("merged", "unmerged") else "scr"
    least = {subject: "X-1", "event": event, "effective_on": "2019-03-04", "by": "a"}
    return least | {name: VALUES.get(name, "V") for name in FIELDS[event][0].split()}


@pytest.mark.parametrize("event", FIELDS)
def test_which_fields_an_event_takes(event):
    """
    What it requires, what it may have, and what any event may have; nothing else.
    """
    own = set(" ".join(FIELDS[event]).split())
    every = {name for fields in FIELDS.values() for name in " ".join(fields).split()}
    least = required(event)
    may = {n: VALUES.get(n, "V") for n in f"{FIELDS[event][1]} {COMMON}".split()}

    assert parse_fields(least | may).event == event
    for name in least:
        with pytest.raises(Unreadable, match=f"{name}: is required"):
            parse_fields({key: value for key, value in least.items() if key != name})
    for name in every - own - set(least):
        with pytest.raises(Unreadable, match=f"{name}: is not a field"):
            parse_fields({**least, name: VALUES.get(name, "V")})


@pytest.mark.parametrize("event", FIELDS)
def test_an_event_keeps_to_its_subject(event):
    """
    An SCR's event on an organization is refused, and the reverse.
    """
    least = required(event)
    scr = least.pop("scr", None) or least.pop("organization")
    other = "scr" if event in ("merged", "unmerged") else "organization"

    with pytest.raises(Unreadable, match="is required"):
        parse_fields({**least, other: scr})


def test_the_longest_lawful_fact_fits_in_a_line():
    """
    Every field full, every character written as two escapes: still a line.
    """
    long = ("note", "title", "reason")
    fields = required("refiled") | {
        name: "😀" * (2000 if name in long else 200)
        for name in f"{' '.join(FIELDS['refiled'])} {COMMON} by".split()
    }
    fields |= {"scr": "S" * 64, "known_at": VALUES["known_at"]}
    text = json.dumps(fields).encode()

    assert 65_536 < len(text) < MAX_LINE_BYTES / 2
    assert parse_line(text).title == fields["title"]


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
    assert len(TOPICS) == len(CASE_CLASSES) + len(OWN_CLASSES)
    assert all(topic.endswith("/1") for topic in TOPICS)
    assert all(cls.topic == topic for topic, cls in TOPICS.items())


@pytest.mark.parametrize("topic", ["os.system/1", "scr.filed/2", "", "ledger:app.x"])
def test_an_unknown_topic_is_not_resolved(topic):
    """
    A stored topic is looked up, never imported.
    """
    with pytest.raises(Unreadable, match="not one this version knows"):
        parse_stored(topic, line())
