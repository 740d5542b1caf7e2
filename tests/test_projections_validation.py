"""Validation: each rule at a basis, what is waived, and what cannot be known."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from unittest import mock

import pytest
from hypothesis import given as holds_for
from hypothesis import strategies as st

from ledger.domain.scr import ANOMALIES
from ledger.errors import UsageError
from ledger.reader import open_log
from projections import basis as bases
from projections import counts, validation, validation_rules
from projections.readmodel import open_read_model
from projections.validation import Asked, validate
from projections.validation_rules import RULES, Found, Rule
from tests import ledgers, taxonomies, validation_oracle
from tests.commandline import HISTORY, filed, life, line
from tests.definitions import (
    LONG_AGO,
    Put,
    all_bases,
    body,
    case_facts,
    case_loads,
    of_oracle,
    put,
)
from tests.oracle import BUILT_INS, in_force
from tests.strategies import as_jsonl

SPEAKS = {
    "unit": "scr",
    "kinds": ["disruption", "dismantlement"],
    "population": {"tco": ["yes", "unknown"]},
}
MEASURES = {
    **{name: BUILT_INS[name] for name in ("dd-all", "dd-tco")},
    "entered-all": BUILT_INS["entered-all"],
    "disruptions-all": BUILT_INS["disruptions-all"],
    "speaks": SPEAKS,
}


def asked(path, as_of=None, rules=None, **options):
    """
    Validate a ledger at a basis.
    """
    with open_log(path) as log, open_read_model(log) as model:
        basis = bases.of_now(log) if as_of is None else bases.parse_as_of(as_of, log)
        return validate(log, model, basis, rules, **options)


def failing(results) -> set[tuple[str, str, str]]:
    """
    Return rule, severity and SCR of all that fails.
    """
    return {
        (one.rule, one.severity, each.scr) for one in results for each in one.failing
    }


@holds_for(
    case_loads(max_lines=40, max_files=3),
    st.lists(st.tuples(taxonomies.drawn(), st.booleans()), max_size=2),
    st.data(),
)
def test_what_fails_is_what_the_document_says(loads, drawn, data):
    """
    At any basis of any history, under the taxonomy that holds there, the failing SCRs
    of each rule are those that a slow reading of docs/validation.md finds; and each
    rests on facts about it that the basis sees.
    """
    clock = ledgers.Clock()
    with ledgers.folder() as folder:
        path = ledgers.make(folder / "scr.db", clock)
        put(path, Put(body("speaks", **SPEAKS), LONG_AGO), clock=clock)
        of_files, of_taxonomies = iter(loads), iter(drawn)
        turns = [*[True] * len(loads), *[False] * len(drawn)]
        for turn in data.draw(st.permutations(turns), label="order"):
            if turn:
                ledgers.load(path, as_jsonl(next(of_files)), clock=clock)
            else:
                said, claimed = next(of_taxonomies)
                ago = LONG_AGO if claimed and not _any(path) else None
                taxonomies.put(path, said, adopted_at=ago, clock=clock)
        with open_log(path) as log, open_read_model(log) as model:
            facts, adopted = case_facts(log), taxonomies.adopted(log)
            for _ in range(3):
                at = data.draw(all_bases(facts), label="basis")
                question = validation_oracle.Question(
                    facts, at, _visible(at), in_force(adopted, at), 2
                )
                with mock.patch.object(validation_rules, "HABIT_FILINGS", 2):
                    measures = Asked(tuple(question.measures))
                    results = validate(log, model, of_oracle(log, at), asked=measures)

                assert failing(results) == validation_oracle.findings(question)
                for one in results:
                    for each in one.failing:
                        _check_positions(log, each, at.position)


def _any(path) -> bool:
    with open_log(path) as log:
        return bool(taxonomies.adopted(log))


def _visible(at):
    # The definition of `speaks` stands at position 2.
    return {
        name: said
        for name, said in MEASURES.items()
        if name != "speaks" or at.position >= 2
    }


def _check_positions(log, failure, upto) -> None:
    own = {row.position for row in log.stream(f"scr/{failure.scr}", upto)}
    assert failure.positions
    assert list(failure.positions) == sorted(set(failure.positions))
    assert own >= set(failure.positions)


@holds_for(case_loads(max_lines=20), taxonomies.drawn(), st.data())
def test_a_taxonomy_moves_no_count(loads, said, data):
    """
    Every figure at every basis is the same with a taxonomy as before it.
    """
    with ledgers.folder() as folder:
        path = ledgers.make(folder / "scr.db")
        for _ in ledgers.load_all(path, loads):
            pass
        question = counts.Question(tuple(BUILT_INS), by=("category", "meets_tco"))
        with open_log(path) as log, open_read_model(log) as model:
            facts = case_facts(log)
            drawn = [data.draw(all_bases(facts)) for _ in range(3)]
            before = [
                counts.count(model, of_oracle(log, one), question) for one in drawn
            ]
        taxonomies.put(path, said, adopted_at=LONG_AGO)
        for one in (fact.line["scr"] for fact in facts[:1] if "scr" in fact.line):
            taxonomies.waive(path, "office-silent", one)
        with open_log(path) as log, open_read_model(log) as model:
            after = [
                counts.count(model, of_oracle(log, one), question) for one in drawn
            ]
    assert before == after


# --- one SCR that fails each rule, and one that passes ----------------------------

TAXONOMY = {
    **taxonomies.body(narcotics="yes", children="no", gangs="unknown"),
    "thresholds": {"outcome-far-from-filing": 400},
}
MANY = "".join(
    line(f"{first}-{n:02}", "filed", f"2019-01-{n:02}", case_number="C", office=office)
    for first, office, days in (
        ("X", "SAC X", range(1, 12)),
        ("Y", "SAC Y", range(12, 22)),
        ("Z", "SAC Z", range(1, 10)),
    )
    for n in days
)


LATE = "2020-06-01T12:00:00Z"


def voided(scr) -> str:
    """
    Return the line that voids an SCR.
    """
    return line(scr, "voided", "2020-01-01", reason="r")


def organized(scr, organization, day="2019-03-04") -> str:
    """
    Return an SCR with an outcome of an organization.
    """
    answers = {"association": "yes", "transnational": "yes"}
    return (
        filed(scr)
        + line(scr, "determined", "2018-10-02", organization=organization, **answers)
        + line(scr, "disrupted", day, LATE, outcome="D1")
    )


def of(scr, category, **said) -> str:
    """
    Return an approved SCR of a category, with one disruption of FY 2019.
    """
    return life(scr, category=category, **said)


def redated_to(scr, day) -> str:
    """
    Return an SCR whose disruption is dated anew.
    """
    return life(scr) + line(scr, "redated", day, LATE, outcome="D1", reason="r")


def without(text, event) -> str:
    """
    Return the lines of an SCR but those of an event.
    """
    lines = text.splitlines(keepends=True)
    return "".join(one for one in lines if json.loads(one)["event"] != event)


# Rule and severity; what is loaded; the SCRs that fail; those that pass.
TABLE = [
    (
        "category-weaker-than-measure",
        "error",
        of("F", "children") + of("P", "narcotics") + of("Q", "children", tco="yes"),
        "F",
        "PQ",
    ),
    (
        "category-weaker-than-measure",
        "error",
        of("F", "children", tco="no") + without(of("P", "children"), "approved"),
        "F",
        "P",
    ),
    (
        "category-weaker-than-measure",
        "warning",
        of("F", "gangs") + of("G", "") + of("H", "other") + of("P", "children"),
        "FGH",
        "P",
    ),
    (
        "counted-without-determination",
        "warning",
        of("F", "narcotics") + of("P", "narcotics", tco="unknown"),
        "F",
        "P",
    ),
    (
        "counted-without-determination",
        "warning",
        life("F", tco="yes").replace('"tran', '"from": "2019-03-05", "tran')
        + life("P", tco="yes").replace('"tran', '"from": "2019-03-04", "tran'),
        "F",
        "P",
    ),
    (
        "same-case-number",
        "warning",
        filed("F") + filed("G") + filed("P").replace("C-1", "C-2"),
        "FG",
        "P",
    ),
    (
        "same-case-number",
        "warning",
        filed("P") + filed("Q") + voided("Q"),
        "",
        "PQ",
    ),
    (
        "same-organization-and-date",
        "warning",
        organized("F", "ORG-1")
        + organized("G", "ORG-2")
        + organized("P", "ORG-1", "2019-03-05")
        + organized("Q", "ORG-3")
        + '{"organization":"ORG-2","event":"merged","effective_on":"2019-01-01",'
        '"known_at":"2019-01-01T12:00:00Z","by":"b","into":"ORG-1","reason":"r"}\n',
        "FG",
        "PQ",
    ),
    (
        "outcome-far-from-filing",
        "warning",
        organized("F", "ORG-1", "2019-11-06")  # 401 days after 2018-10-01.
        + organized("G", "ORG-1", "2017-08-26")
        + organized("P", "ORG-1", "2019-11-05")
        + organized("Q", "ORG-1", "2017-08-27"),
        "FG",
        "PQ",
    ),
    (
        "approved-without-determination",
        "warning",
        life("F") + life("P", tco="no"),
        "F",
        "P",
    ),
    (
        "outcome-not-approved",
        "warning",
        without(life("F"), "approved") + life("P"),
        "F",
        "P",
    ),
    (
        "outcome-before-filing",
        "warning",
        redated_to("F", "2018-09-30") + redated_to("P", "2018-10-01"),
        "F",
        "P",
    ),
    (
        "dismantled-before-disrupted",
        "warning",
        life("F").replace("disrupted", "dismantled")
        + life("P")
        + line("P", "dismantled", "2019-05-01", outcome="D2"),
        "F",
        "P",
    ),
    (
        "effective-after-known",
        "warning",
        filed("F", "2019-01-02", known_at="2019-01-02T04:59:59Z")
        + filed("P", "2019-01-02", known_at="2019-01-02T05:00:00Z"),
        "F",
        "P",
    ),
    *(
        (
            f"nothing-{event}",
            "warning",
            filed("F")
            + line("F", event, "2019-05-01", reason="r")
            + life("G")
            + line("G", event, "2019-05-01", reason="r", outcome="D1")
            + life("P")
            + line("P", event, "2019-05-01", reason="r"),
            "FG",
            "P",
        )
        for event in ("returned", "rescinded")
    ),
    (
        "nothing-reclassified",
        "warning",
        "".join(
            text
            + line(
                scr,
                "reclassified",
                "2019-05-01",
                reason="r",
                category="gangs",
                subcategory="s",
            )
            for scr, text in (("F", life("F")), ("P", of("P", "gangs")))
        ),
        "F",
        "P",
    ),
    (
        "nothing-redetermined",
        "warning",
        "".join(
            text
            + line(
                scr,
                "redetermined",
                "2019-05-01",
                reason="r",
                association="no",
                transnational="no",
            )
            for scr, text in (("F", life("F")), ("P", life("P", tco="yes")))
        ),
        "F",
        "P",
    ),
    (
        "duplicate-of-unknown",
        "warning",
        "".join(
            filed(scr) + line(scr, "voided", "2019-01-01", reason="r", duplicate_of=of_)
            for scr, of_ in (("F", "X"), ("P", "F"))
        ),
        "F",
        "P",
    ),
    (
        "category-not-in-taxonomy",
        "warning",
        of("F", "other") + of("P", "gangs") + of("Q", ""),
        "F",
        "PQ",
    ),
]


@pytest.mark.parametrize(("rule", "severity", "text", "fail", "passing"), TABLE)
def test_one_fails_and_one_passes(  # noqa: PLR0913, PLR0917 - a table
    tmp_path, rule, severity, text, fail, passing
):
    """
    Of each rule: the SCRs that fail it, and others that come close and pass.
    """
    path = ledgers.make(tmp_path / "scr.db")
    taxonomies.put(path, TAXONOMY, adopted_at=LONG_AGO)
    ledgers.load(path, text)
    results = asked(path, rules=[rule])
    (found,) = (one for one in results if one.severity == severity)

    assert [each.scr for each in found.failing] == list(fail)
    assert not set(passing) & set(fail)
    assert found.state == ("fails" if fail else "passes")
    assert all(one.rule == rule for one in results)


def test_every_rule_is_in_the_table():
    """
    No rule, with no severity, is without a row; but two that are shown below, and what
    needs a publication (tests/test_projections_validation_moved.py).
    """
    apart = {
        ("counted-without-determination", "error"),
        ("office-silent", "warning"),
        ("moved-since-printing", "warning"),
    }
    every = {(rule.id, severity) for rule in RULES for severity in rule.severities}

    assert {(row[0], row[1]) for row in TABLE} == every - apart
    assert {rule.id for rule in RULES} >= set(ANOMALIES)


def test_a_measure_that_speaks_of_tcos_makes_it_an_error(tmp_path):
    """
    Counted without a determination is an error where the definition takes outcomes by
    their answer, and a warning where it does not, for the same SCR.
    """
    path = ledgers.make(tmp_path / "scr.db")
    put(path, Put(body("speaks", **SPEAKS), LONG_AGO))
    ledgers.load(path, life("F") + life("P", tco="unknown"))
    rule = "counted-without-determination"

    def found(*measures):
        return failing(asked(path, rules=[rule], asked=Asked(measures)))

    assert found("speaks") == {(rule, "error", "F")}
    assert found("dd-all") == {(rule, "warning", "F")}
    assert found("dd-tco") == set()
    assert found("speaks", "dd-all") == {
        (rule, "error", "F"),
        (rule, "warning", "F"),
    }


def test_the_day_decides_whether_it_was_determined(tmp_path):
    """
    Each counted outcome by its own day, so one of two is enough to fail; a first
    approval by the day of it.
    """
    path = ledgers.make(tmp_path / "scr.db")
    late = '"from": "2019-03-05", "tran'
    text = life("F", tco="yes").replace('"tran', late)
    two = line("F", "disrupted", "2019-03-05", outcome="D2")
    on_the_day = '"from": "2018-10-04", "tran'
    entered = without(life("E", tco="yes"), "disrupted").replace('"tran', on_the_day)
    ledgers.load(
        path,
        text
        + two
        + entered
        + without(life("G", tco="yes"), "disrupted").replace('"tran', late),
    )
    rule = "counted-without-determination"

    def found(measure):
        results = asked(path, rules=[rule], asked=Asked((measure,)))
        return [(one.scr, one.positions) for one in results[1].failing]

    assert found("dd-all") == [("F", (5,))]
    assert [scr for scr, _ in found("entered-all")] == ["F", "G"]


@pytest.mark.parametrize(
    ("as_of", "recorded", "fail"),
    [
        # SAC X files daily to 11 January, SAC Y to 21 January, ten or more each; SAC Z
        # nine times to 9 January, which is no habit.
        ("2019-01-12", None, []),
        ("2019-01-13", None, ["X-11"]),
        ("2019-01-22", None, ["X-11"]),
        ("2019-01-23", None, ["X-11", "Y-21"]),
        ("2019-01-13", 2, []),
        ("2019-01-14", 2, ["X-11"]),
        ("2019-01-31", 20, []),
        ("2019-02-01", 20, ["X-11"]),
        (None, None, ["X-11"]),  # The last day of what is known: 21 January.
        ("@12", None, []),
    ],
)
def test_a_silent_office(tmp_path, as_of, recorded, fail):
    """
    An office is silent once nothing is filed for longer than its longest gap, or than
    a recorded number of days; named is the SCR it filed last.
    """
    path = ledgers.make(tmp_path / "scr.db")
    ledgers.load(path, MANY)
    if recorded:
        said = {**TAXONOMY, "thresholds": {"office-silent": recorded}}
        taxonomies.put(path, said, adopted_at=LONG_AGO)
    (found,) = asked(path, as_of, ["office-silent"])

    assert [each.scr for each in found.failing] == fail
    assert found.threshold == recorded


def test_years_limit_what_is_counted_and_nothing_else(tmp_path):
    """
    Only figures of the years asked for are looked at.
    """
    path = ledgers.make(tmp_path / "scr.db")
    ledgers.load(path, HISTORY + life("SCR-5", outcome="2020-03-01"))
    rules = ["counted-without-determination", "approved-without-determination"]

    def found(years):
        return {
            (rule, scr)
            for rule, _, scr in failing(
                asked(path, rules=rules, asked=Asked(years=years))
            )
        }

    rule, other = rules
    always = {(other, "SCR-3"), (other, "SCR-5")}
    assert found(range(2019, 2020)) == {(rule, "SCR-3"), *always}
    assert found(range(2020, 2021)) == {(rule, "SCR-5"), *always}
    assert found(None) == {(rule, "SCR-3"), (rule, "SCR-5"), *always}


# --- the taxonomy that holds, and none --------------------------------------------


def test_without_a_taxonomy_nobody_knows(tmp_path):
    """
    What needs one says unknown, never that it passes; and that fails nothing.
    """
    path = ledgers.make(tmp_path / "scr.db")
    ledgers.load(path, of("F", "children"))
    results = asked(path)
    unknown = {one.rule for one in results if one.state == "unknown"}

    assert unknown == {"category-weaker-than-measure", "category-not-in-taxonomy"}
    assert not any(one.failing for one in results if one.state == "unknown")
    assert not validation.fails(results, "error")


def test_the_taxonomy_of_the_basis(tmp_path):
    """
    What validation would have said: by the version that held then.
    """
    path = ledgers.make(tmp_path / "scr.db")
    ledgers.load(path, of("F", "children"))
    first = datetime(2020, 1, 1, tzinfo=UTC)
    taxonomies.put(path, taxonomies.body(children="no"), adopted_at=first)
    taxonomies.put(path, taxonomies.body(children="yes"))
    rules = ["category-weaker-than-measure"]

    def states(as_of):
        return [one.state for one in asked(path, as_of, rules)]

    assert states("2019-12-30") == ["unknown", "unknown"]
    assert states("2020-01-01") == ["fails", "passes"]
    assert states(None) == ["passes", "passes"]
    assert states("@7") == ["fails", "passes"]


@pytest.mark.parametrize(
    ("as_of", "state"),
    [
        ("2018-10-03", "passes"),
        ("2018-10-04", "fails"),
        ("@2", "passes"),
        ("@3", "fails"),
    ],
)
def test_only_what_is_visible_is_judged(tmp_path, as_of, state):
    """
    A fact known after the cut-off, or recorded after the position, is not seen.
    """
    path = ledgers.make(tmp_path / "scr.db")
    ledgers.load(path, life("F"))

    assert [one.state for one in asked(path, as_of, [RULE])] == [state]


# --- waived -----------------------------------------------------------------------


@pytest.fixture
def waived(tmp_path):
    """
    A ledger in which two SCRs fail a rule, and the waiver of one, recorded on 2 January
    2024 in New York, to 4 January.
    """
    path = ledgers.make(tmp_path / "scr.db")
    ledgers.load(path, life("F") + life("G"))
    moment = datetime(2024, 1, 2, 15, tzinfo=UTC)
    taxonomies.waive(path, RULE, "F", until="2024-01-04", clock=lambda: moment)
    return path


RULE = "approved-without-determination"


@pytest.mark.parametrize(
    ("as_of", "until"),
    [
        ("2024-01-02T14:59:59Z", None),
        ("2020-01-15", None),
        ("2024-01-03", "2024-01-04"),
        ("2024-01-04", "2024-01-04"),
        ("2024-01-05T04:59:59.999999Z", "2024-01-04"),
        ("2024-01-05T05:00:00Z", None),
        ("2024-01-05", None),
        (None, "2024-01-04"),
        ("@8", None),
    ],
)
def test_a_waiver_holds_from_when_it_is_known_to_its_day(waived, as_of, until):
    """
    A basis that does not see it, or whose day is later, knows of no waiver.
    """
    (found,) = asked(waived, as_of, [RULE])

    assert [(each.scr, each.waived) for each in found.failing] == [
        ("F", until),
        ("G", None),
    ]
    assert found.waived == (until is not None)
    assert found.state == "fails"


def test_when_all_are_waived_nothing_fails(waived):
    """
    The failures are still there, and the state says why they fail nothing.
    """
    assert validation.fails(asked(waived, rules=[RULE]), "warning")
    taxonomies.waive(waived, RULE, "G", until="2024-12-31")
    taxonomies.waive(waived, RULE, "F", until="2024-12-31")
    results = asked(waived, rules=[RULE])

    assert [one.state for one in results] == ["waived"]
    assert len(results[0].failing) == 2
    assert not validation.fails(results, "warning")


def test_a_waiver_is_of_one_rule(waived):
    """
    The same SCR fails other rules as before, and other SCRs this one.
    """
    (found,) = asked(waived, rules=["counted-without-determination"])[1:]

    assert [each.waived for each in found.failing] == [None, None]


def test_the_last_waiver_holds(waived):
    """
    Another with an earlier day ends it.
    """
    taxonomies.waive(waived, RULE, "F", until="2024-01-01")

    assert [each.waived for each in asked(waived, rules=[RULE])[0].failing] == [
        None,
        None,
    ]


# --- asking -----------------------------------------------------------------------


def test_rules_that_there_are_not(tmp_path):
    """
    An unknown rule is refused with the names of those that exist.
    """
    path = ledgers.make(tmp_path / "scr.db")
    with pytest.raises(UsageError, match="no rule is named x; there are category-weak"):
        asked(path, rules=["x"])
    assert [one.rule for one in asked(path, rules=[RULE, "office-silent"])] == [
        "office-silent",
        RULE,
    ]


@pytest.mark.parametrize(
    ("severities", "fail_on", "fails"),
    [
        (["error"], "error", True),
        (["warning"], "error", False),
        (["warning"], "warning", True),
        (["error"], "warning", True),
        ([], "warning", False),
    ],
)
def test_what_fails_a_validation(tmp_path, severities, fail_on, fails):
    """
    A rule of the severity asked for or a graver one; a rule handed in counts as well.
    """
    path = ledgers.make(tmp_path / "scr.db")
    ledgers.load(path, life("F"))
    rule = Rule(
        "moved",
        validation_rules.SEVERITIES,
        "It moved.",
        lambda _: [Found(severity, "F", (2,), "by 11 %") for severity in severities],
        lambda _: 10,
    )
    results = asked(path, rules=["moved"], registry=(*RULES, rule))

    assert [one.threshold for one in results] == [10, 10]
    assert validation.fails(results, fail_on) is fails


def test_an_empty_ledger_fails_nothing(tmp_path):
    """
    Where nothing is visible there is nothing to judge.
    """
    path = ledgers.make(tmp_path / "scr.db")
    for as_of in (None, "@0", "2019-01-01"):
        results = asked(path, as_of)
        assert not any(one.failing for one in results)
