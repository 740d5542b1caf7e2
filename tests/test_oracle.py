"""The definition of the figures, against examples worked out by hand."""

import json
from datetime import UTC, date, datetime
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import oracle, strategies
from tests.oracle import Basis, Fact, end_of_day

HEAD = 1_000_000
NOW = Basis("all", None, HEAD)
IMPORTED_AT = datetime(2024, 1, 1, tzinfo=UTC)

EXAMPLE = """
{"scr":"SCR-2019-00042","event":"filed","effective_on":"2019-03-04","known_at":"2019-03-06T15:00:00Z","by":"agent-1187","case_number":"HO07QR19HO0042","office":"SAC Houston"}
{"scr":"SCR-2019-00042","event":"classified","effective_on":"2019-03-04","known_at":"2019-03-06T15:00:00Z","by":"agent-1187","category":"crimes-against-children","subcategory":"production"}
{"scr":"SCR-2019-00042","event":"approved","effective_on":"2019-05-14","known_at":"2019-05-14T20:11:00Z","by":"panel"}
{"scr":"SCR-2019-00042","event":"disrupted","effective_on":"2019-09-30","known_at":"2019-10-08T12:00:00Z","by":"agent-1187","outcome":"D1"}
{"scr":"SCR-2019-00042","event":"determined","effective_on":"2019-10-08","known_at":"2019-10-08T12:00:00Z","by":"agent-1187","association":"yes","transnational":"unknown","organization":"ORG-12"}
{"scr":"SCR-2019-00042","event":"redetermined","effective_on":"2023-09-12","known_at":"2023-09-12T16:00:00Z","by":"corrections","association":"no","transnational":"no","reason":"single subject; no association of individuals"}
{"organization":"ORG-12","event":"merged","effective_on":"2021-02-01","known_at":"2021-02-01T10:00:00Z","by":"analyst-3","into":"ORG-7","reason":"same network under two names"}
"""  # noqa: E501  # One fact a line.


def line(event, on="2019-03-04", known="2019-12-01T12:00:00Z", scr="S", **said):
    """Say one thing about an SCR; ``from_`` stands for the field ``from``."""
    said = {field.removesuffix("_"): value for field, value in said.items()}
    return {"scr": scr, "event": event, "effective_on": on, "known_at": known, **said}


def merged(organization, into, known="2019-12-01T12:00:00Z"):
    """Say that an organization is another one."""
    return {
        "organization": organization,
        "event": "merged",
        "effective_on": "2019-03-04",
        "known_at": known,
        "into": into,
    }


def unmerged(organization, known):
    """Say that it is not."""
    return {
        "organization": organization,
        "event": "unmerged",
        "effective_on": "2019-03-04",
        "known_at": known,
    }


def filed(**said):
    """Say that an SCR exists."""
    return line("filed", **{"case_number": "C", "office": "Houston", **said})


def determined(association, transnational, **said):
    """Determine the elements of the definition."""
    return line(
        "determined", association=association, transnational=transnational, **said
    )


def meeting(**said):
    """Determine that it meets the definition."""
    return determined("yes", "yes", **said)


def disrupted(outcome="D1", on="2019-03-04", **said):
    """Say that there was a disruption."""
    return line("disrupted", on, outcome=outcome, **said)


def dismantled(outcome="D2", on="2019-03-04", **said):
    """Say that there was a dismantlement."""
    return line("dismantled", on, outcome=outcome, **said)


def approved(on="2019-03-04", **said):
    """Say that the panel accepted an SCR or, named, an outcome."""
    return line("approved", on, **said)


def given_lines(*lines):
    """Return the log that an import of these lines makes."""
    return [
        Fact(
            position,
            IMPORTED_AT,
            datetime.fromisoformat(each["known_at"]),
            claimed=True,
            line={key: value for key, value in each.items() if key != "known_at"},
        )
        for position, each in enumerate(lines, 1)
    ]


def figures(measure, *lines, basis=NOW, years=None, **cell):
    """Return a measure's figures by year."""
    rows = oracle.count(given_lines(*lines), basis, [measure], years, where=cell)
    return {row["fiscal_year"]: row["value"] for row in rows}


def answers(*lines, measure="dd-all", basis=NOW):
    """Return year and answer of each row behind a measure."""
    rows = oracle.cases(given_lines(*lines), basis, [measure], None)
    return [(row["fiscal_year"], row["meets_tco"]) for row in rows]


def only(measure, *lines, basis=NOW, years=None):
    """Return the one row behind a measure."""
    (row,) = oracle.cases(given_lines(*lines), basis, [measure], years)
    return row


def at(instant):
    """Return the basis of all that was known at an instant."""
    return Basis("through", datetime.fromisoformat(instant), HEAD)


def on_day(day):
    """Return the basis of all that was known by the end of a day."""
    return end_of_day(date.fromisoformat(day), HEAD)


class TestExample:
    """The example file of the interchange format."""

    @staticmethod
    def log():
        """Return the example as a log."""
        return given_lines(*map(json.loads, EXAMPLE.split("\n")[1:-1]))

    @pytest.mark.parametrize(
        ("day", "dd_all", "unknown", "no", "entered"),
        [
            # Filed and classified, but not approved: nothing counts.
            ("2019-05-13", 0, 0, 0, 0),
            # Approved on 14 May 2019, in fiscal year 2019.
            ("2019-05-14", 0, 0, 0, 1),
            # The disruption of 30 September became known on 8 October.
            ("2019-10-07", 0, 0, 0, 1),
            # Then its transnational element is unknown, hence the answer.
            ("2019-10-08", 1, 1, 0, 1),
            ("2023-09-11", 1, 1, 0, 1),
            # Redetermined: no association, hence no.
            ("2023-09-12", 1, 0, 1, 1),
        ],
    )
    def test_figures(self, day, dd_all, unknown, no, entered):
        """
        Fiscal year 2019 is what was known by the end of each day.
        """
        log = self.log()

        def value(measure, **cell):
            return oracle.count(log, on_day(day), [measure], [2019], where=cell)[0][
                "value"
            ]

        assert value("dd-all") == dd_all
        assert value("dd-all", meets_tco="unknown") == unknown
        assert value("dd-all", meets_tco="no") == no
        assert value("disruptions-all") == dd_all
        assert value("entered-all") == entered
        for measure in (
            "dd-tco",
            "disruptions-tco",
            "dismantlements-all",
            "dismantlements-tco",
            "organizations-tco",
        ):
            assert value(measure) == 0

    def test_other_years(self):
        """
        Nothing counts in the year before or after.
        """
        rows = oracle.count(self.log(), NOW, oracle.MEASURES, [2018, 2020])

        assert [row["value"] for row in rows] == [0] * 16

    @pytest.mark.parametrize(
        ("instant", "organization"),
        [
            ("2019-10-08T12:00:00Z", "ORG-12"),
            ("2021-02-01T09:59:59.999999Z", "ORG-12"),
            # Merged.
            ("2021-02-01T10:00:00Z", "ORG-7"),
            # The redetermination names no organization.
            ("2023-09-12T16:00:00Z", None),
        ],
    )
    def test_the_row(self, instant, organization):
        """
        The row behind the figure names the organization as known at the time.
        """
        (row,) = oracle.cases(self.log(), at(instant), ["dd-all"], None)

        assert row == {
            "measure": "dd-all",
            "fiscal_year": 2019,
            "scr": "SCR-2019-00042",
            "category": "crimes-against-children",
            "subcategory": "production",
            "office": "SAC Houston",
            "program": None,
            "meets_tco": "unknown" if organization else "no",
            "organization": organization,
            "outcomes": [{"outcome": "D1", "kind": "disruption", "on": "2019-09-30"}],
        }

    def test_entered_before_it_has_outcomes(self):
        """
        Approved without outcome or determination, it has entered and is unknown.
        """
        (row,) = oracle.cases(self.log(), on_day("2019-05-14"), ["entered-all"], [2019])

        assert row["meets_tco"] == "unknown"
        assert row["organization"] is None
        assert row["outcomes"] == []


class TestBasis:
    """Which facts are visible."""

    @pytest.mark.parametrize(
        ("day", "last", "next_day"),
        [
            # Winter: five hours behind UTC.
            ("2019-01-15", "2019-01-16T04:59:59.999999Z", "2019-01-16T05:00:00Z"),
            # Summer: four.
            ("2019-09-30", "2019-10-01T03:59:59.999999Z", "2019-10-01T04:00:00Z"),
            # The days on which the clocks change have 23 and 25 hours.
            ("2019-03-10", "2019-03-11T03:59:59.999999Z", "2019-03-11T04:00:00Z"),
            ("2019-11-03", "2019-11-04T04:59:59.999999Z", "2019-11-04T05:00:00Z"),
        ],
    )
    def test_a_day_ends_at_midnight_in_the_zone(self, day, last, next_day):
        """
        A day shows what was known before the next one began in New York.
        """
        log = given_lines(filed(known=last), filed(known=next_day, scr="T"))

        assert oracle.visible(log, on_day(day)) == log[:1]

    def test_an_instant_is_included(self):
        """
        An instant shows what was known at it, and nothing a microsecond later.
        """
        log = given_lines(
            filed(known="2019-06-01T09:00:00-04:00"),
            filed(known="2019-06-01T13:00:00.000001Z", scr="T"),
        )

        assert oracle.visible(log, at("2019-06-01T13:00:00Z")) == log[:1]

    @pytest.mark.parametrize("position", [0, 1, 2])
    def test_a_position_splits_one_instant(self, position):
        """
        A position shows the facts up to it, though all were known at once.
        """
        log = given_lines(filed(), approved())

        shown = oracle.visible(log, Basis("all", None, position))

        assert shown == log[:position]

    def test_a_cut_off_stops_at_its_position(self):
        """
        What is loaded later is not visible, however early it claims to be known.
        """
        log = given_lines(filed(), filed(known="1999-01-01T00:00:00Z", scr="T"))
        basis = Basis("through", datetime(2020, 1, 1, tzinfo=UTC), 1)

        assert oracle.visible(log, basis) == log[:1]

    @pytest.mark.parametrize(
        ("claims", "position", "grade"),
        [
            ([], 0, ("none", 0, 0)),
            ([True], 0, ("none", 0, 0)),
            ([True, True], 2, ("claimed", 2, 2)),
            ([False, False], 2, ("witnessed", 2, 0)),
            ([True, False, True], 3, ("mixed", 3, 2)),
            # Only what is visible is graded.
            ([True, False, True], 1, ("claimed", 1, 1)),
        ],
    )
    def test_grade(self, claims, position, grade):
        """
        A grade says whether files claimed all, some or none of the visible facts.
        """
        log = [
            Fact(number, IMPORTED_AT, IMPORTED_AT, claimed, filed(scr=f"S{number}"))
            for number, claimed in enumerate(claims, 1)
        ]

        assert oracle.grade(log, Basis("all", None, position)) == grade

    def test_an_export_is_read_back(self):
        """
        An export gives positions and instants; a fact known before it is recorded
        was claimed by a file.
        """
        said = {"scr": "S", "event": "reopened", "effective_on": "2019-01-01"}
        recorded = "2024-01-01T00:00:00Z"
        exported = [
            said | {"position": 2, "recorded_at": recorded, "known_at": known}
            for known in ("2019-01-01T00:00:00-05:00", recorded)
        ]

        claimed, witnessed = oracle.facts_of(map(json.dumps, exported))

        known_at = datetime(2019, 1, 1, 5, tzinfo=UTC)
        assert claimed == Fact(2, IMPORTED_AT, known_at, claimed=True, line=said)
        assert witnessed == Fact(2, IMPORTED_AT, IMPORTED_AT, claimed=False, line=said)


class TestState:
    """Which SCRs count, and in which cell."""

    @pytest.mark.parametrize(
        ("rulings", "counted"),
        [
            ([], 0),
            (["approved"], 1),
            (["approved", "returned"], 0),
            (["returned", "approved"], 1),
            (["approved", "rescinded"], 0),
            # A correction does not outrank a later plain event.
            (["approved", "rescinded", "approved"], 1),
            (["approved", "rescinded", "approved", "returned"], 0),
        ],
    )
    def test_approved(self, rulings, counted):
        """
        An SCR is approved if the last ruling on it is.
        """
        lines = [filed(), disrupted(), *map(line, rulings)]

        assert figures("dd-all", *lines, years=[2019]) == {2019: counted}

    def test_ruling_on_an_outcome_is_none_on_the_scr(self):
        """
        Approving an outcome does not approve its SCR, nor does returning one undo it.
        """
        start = filed(), disrupted(), disrupted("D2")
        one = approved(outcome="D1")
        other = line("returned", outcome="D2")

        assert figures("dd-all", *start, one, years=[2019]) == {2019: 0}
        assert figures("dd-all", *start, approved(), other) == {2019: 1}

    @pytest.mark.parametrize(
        ("changes", "counted"),
        [
            (["voided"], 0),
            (["voided", "reinstated"], 1),
            (["voided", "reinstated", "voided"], 0),
            (["reopened"], 1),
        ],
    )
    def test_stands(self, changes, counted):
        """
        An SCR stands unless it is voided and not reinstated since.
        """
        lines = [filed(), disrupted(), approved(), *map(line, changes)]

        assert figures("dd-all", *lines, years=[2019]) == {2019: counted}

    def test_a_duplicate_does_not_change_the_other(self):
        """
        Voiding an SCR as the duplicate of another leaves the other as it is.
        """
        one = filed(), disrupted(), approved()
        other = (
            filed(scr="T"),
            disrupted(scr="T"),
            approved(scr="T"),
            line("voided", scr="T", duplicate_of="S"),
        )

        assert figures("dd-all", *one, *other[:3]) == {2019: 2}
        assert figures("dd-all", *one, *other) == {2019: 1}

    def test_category_is_the_last_one(self):
        """
        A reclassification holds, until a later classification.
        """
        start = (
            filed(),
            disrupted(),
            approved(),
            line("classified", category="a", subcategory="x"),
            line("reclassified", category="b", subcategory="y"),
        )
        again = line("classified", category="c", subcategory="x")

        row = only("dd-all", *start)
        assert (row["category"], row["subcategory"]) == ("b", "y")
        row = only("dd-all", *start, again)
        assert (row["category"], row["subcategory"]) == ("c", "x")

    @pytest.mark.parametrize(
        ("change", "office", "program"),
        [
            (line("transferred", office="El Paso"), "El Paso", "P"),
            (line("transferred", office="El Paso", program="Q"), "El Paso", "Q"),
            (line("refiled", office="El Paso"), "El Paso", "P"),
            (line("refiled", program="Q"), "Houston", "Q"),
            (line("refiled", title="T"), "Houston", "P"),
        ],
    )
    def test_office_and_program(self, change, office, program):
        """
        A transfer or refiling changes what it names, and leaves the rest.
        """
        row = only("dd-all", filed(program="P"), change, disrupted(), approved())

        assert (row["office"], row["program"]) == (office, program)


class TestOutcome:
    """Which outcomes are live, and when they happened."""

    @pytest.mark.parametrize(
        ("day", "year"),
        [
            ("2018-09-30", 2018),
            ("2018-10-01", 2019),
            ("2019-09-30", 2019),
            ("2019-10-01", 2020),
        ],
    )
    def test_fiscal_year(self, day, year):
        """
        A fiscal year begins on 1 October of the year before.
        """
        assert figures("dd-all", filed(), approved(), disrupted(on=day)) == {year: 1}

    def test_redated(self):
        """
        An outcome is dated as its last redating says.
        """
        start = filed(), approved(), disrupted(on="2019-09-30")
        once = line("redated", "2019-10-01", outcome="D1")
        again = line("redated", "2018-09-30", outcome="D1")

        assert figures("dd-all", *start, once) == {2020: 1}
        assert figures("dd-all", *start, once, again) == {2018: 1}

    @pytest.mark.parametrize(
        ("events", "counted"),
        [
            ([], 1),
            (["approved"], 1),
            (["returned"], 0),
            (["rescinded"], 0),
            (["approved", "rescinded", "approved"], 1),
            (["approved", "returned"], 0),
            (["reversed"], 0),
            # A ruling does not bring a reversed outcome back.
            (["reversed", "approved"], 0),
        ],
    )
    def test_live(self, events, counted):
        """
        An outcome is live unless reversed, or ruled upon and not approved last.
        """
        changes = [line(event, outcome="D1") for event in events]
        lines = [filed(), approved(), disrupted(), *changes]

        assert figures("disruptions-all", *lines, years=[2019]) == {2019: counted}

    def test_a_new_outcome_after_a_reversal(self):
        """
        After a reversal another outcome may stand in its place.
        """
        lines = [
            filed(),
            approved(),
            disrupted("D1", "2019-09-30"),
            line("reversed", outcome="D1"),
            dismantled("D2", "2019-10-01"),
        ]

        assert figures("dd-all", *lines) == {2020: 1}
        assert figures("dismantlements-all", *lines) == {2020: 1}
        assert figures("disruptions-all", *lines) == {2020: 0}

    def test_units(self):
        """
        An SCR counts once a year however many outcomes it has; outcomes count each.
        """
        lines = [
            filed(),
            approved(),
            disrupted("D1"),
            disrupted("D2"),
            dismantled("D3"),
            disrupted("D4", "2019-10-01"),
        ]

        assert figures("dd-all", *lines) == {2019: 1, 2020: 1}
        assert figures("disruptions-all", *lines) == {2019: 2, 2020: 1}
        assert figures("dismantlements-all", *lines) == {2019: 1, 2020: 0}

    def test_order_in_a_row(self):
        """
        Outcomes in a row stand by date, and on one date in stream order.
        """
        lines = [
            filed(),
            approved(),
            disrupted("B", "2019-03-05"),
            dismantled("Z", "2019-03-04"),
            disrupted("A", "2019-03-04"),
        ]

        outcomes = only("dd-all", *lines)["outcomes"]

        assert [each["outcome"] for each in outcomes] == ["Z", "A", "B"]


class TestDetermination:
    """Does an outcome meet the TCO definition."""

    @pytest.mark.parametrize(
        ("association", "transnational", "answer"),
        [
            ("yes", "yes", "yes"),
            ("yes", "no", "no"),
            ("no", "yes", "no"),
            ("no", "no", "no"),
            ("no", "unknown", "no"),
            ("unknown", "no", "no"),
            ("yes", "unknown", "unknown"),
            ("unknown", "yes", "unknown"),
            ("unknown", "unknown", "unknown"),
        ],
    )
    def test_elements(self, association, transnational, answer):
        """
        One missing element is a no; else one unknown element is an unknown.
        """
        start = filed(), approved(), disrupted()

        assert answers(*start, determined(association, transnational)) == [
            (2019, answer)
        ]

    def test_none_is_unknown(self):
        """
        An outcome of an SCR never determined is unknown, which is not a no.
        """
        assert answers(filed(), approved(), disrupted()) == [(2019, "unknown")]

    @pytest.mark.parametrize(
        ("on", "answer"),
        [("2019-03-03", "no"), ("2019-03-04", "yes"), ("2019-03-05", "yes")],
    )
    def test_from(self, on, answer):
        """
        A determination from a day holds for outcomes on and after that day.
        """
        lines = [
            filed(),
            approved(),
            disrupted(on=on),
            determined("no", "no"),
            meeting(from_="2019-03-04"),
        ]

        assert answers(*lines) == [(2019, answer)]

    def test_from_alone(self):
        """
        Before the day from which alone it is determined, an outcome is unknown.
        """
        lines = [filed(), approved(), disrupted(on="2019-03-03")]

        assert answers(*lines, meeting(from_="2019-03-04")) == [(2019, "unknown")]

    def test_the_last_that_applies_holds(self):
        """
        A later determination for all outcomes replaces one from a day, and a later one
        from an early day replaces one from a late day.
        """
        start = filed(), approved(), disrupted(on="2019-03-04")
        late = meeting(from_="2019-03-01")

        assert answers(*start, late, determined("no", "no")) == [(2019, "no")]
        assert answers(*start, late, determined("no", "no", from_="2018-01-01")) == [
            (2019, "no")
        ]

    def test_a_correction_does_not_outrank_a_later_plain_event(self):
        """
        Determined, redetermined, determined again: the last holds.
        """
        no = line("redetermined", association="no", transnational="no")
        start = filed(), approved(), disrupted(), meeting()

        assert answers(*start, no) == [(2019, "no")]
        assert answers(*start, no, meeting()) == [(2019, "yes")]

    def test_redating_changes_the_determination(self):
        """
        A redated outcome is judged on its new date.
        """
        lines = [
            filed(),
            approved(),
            meeting(from_="2019-10-01"),
            disrupted(on="2019-09-30"),
        ]
        redated = line("redated", "2019-10-01", outcome="D1")

        assert answers(*lines) == [(2019, "unknown")]
        assert answers(*lines, redated) == [(2020, "yes")]

    def test_an_scr_in_a_year(self):
        """
        A yes among the counted outcomes wins, then an unknown.
        """
        start = filed(), approved()
        no, unknown, yes = (
            (disrupted("D1", "2019-01-01"), determined("no", "no")),
            (
                disrupted("D2", "2019-02-01"),
                determined("yes", "unknown", from_="2019-02-01"),
            ),
            (disrupted("D3", "2019-03-01"), meeting(from_="2019-03-01")),
        )

        assert answers(*start, *no) == [(2019, "no")]
        assert answers(*start, *no, *unknown) == [(2019, "unknown")]
        assert answers(*start, *no, *unknown, *yes) == [(2019, "yes")]
        assert answers(*start, *no, *unknown, *yes, measure="dd-tco") == [(2019, "yes")]
        # Outcomes each have their own answer: a row for each.
        assert answers(*start, *no, *unknown, *yes, measure="disruptions-all") == [
            (2019, "no"),
            (2019, "unknown"),
            (2019, "yes"),
        ]


class TestOrganizations:
    """Which organizations are one, and how many count."""

    @staticmethod
    def scrs(*organizations):
        """Return one SCR for each organization."""
        return [
            each
            for number, organization in enumerate(organizations)
            for each in (
                filed(scr=f"S{number}"),
                approved(scr=f"S{number}"),
                disrupted(scr=f"S{number}"),
                meeting(scr=f"S{number}", organization=organization),
            )
        ]

    def test_distinct(self):
        """
        An organization of two SCRs counts once a year, and once in each cell.
        """
        lines = [
            *self.scrs("A", "A", "B"),
            line("transferred", scr="S1", office="El Paso"),
        ]

        assert figures("organizations-tco", *lines) == {2019: 2}
        assert figures("organizations-tco", *lines, office="Houston") == {2019: 2}
        assert figures("organizations-tco", *lines, office="El Paso") == {2019: 1}

    def test_only_of_outcomes_that_meet_the_definition_and_name_one(self):
        """
        Neither an unknown answer nor a determination without organization counts.
        """
        start = filed(), approved(), disrupted()
        unknown = determined("yes", "unknown", organization="A")

        assert figures("organizations-tco", *start, unknown) == {2019: 0}
        assert figures("organizations-tco", *start, meeting()) == {2019: 0}
        assert figures("dd-tco", *start, meeting()) == {2019: 1}

    def test_an_organization_is_not_carried_over(self):
        """
        A redetermination that names no organization leaves none.
        """
        lines = [*self.scrs("A"), meeting(scr="S0")]

        assert only("dd-tco", *lines)["organization"] is None
        assert figures("organizations-tco", *lines) == {2019: 0}

    def test_a_chain(self):
        """
        A chain of mergers is one organization, under the id it ends in.
        """
        lines = [*self.scrs("A", "B", "C"), merged("A", "B"), merged("B", "C")]

        rows = oracle.cases(given_lines(*lines), NOW, ["organizations-tco"], None)

        assert [(row["scr"], row["organization"]) for row in rows] == [
            ("S0", "C"),
            ("S1", "C"),
            ("S2", "C"),
        ]
        assert figures("organizations-tco", *lines) == {2019: 1}

    def test_unmerged(self):
        """
        Organizations are one only between their merger and its correction.
        """
        lines = [
            *self.scrs("A", "B"),
            merged("A", "B", "2020-01-01T00:00:00Z"),
            unmerged("A", "2020-01-02T00:00:00Z"),
        ]

        def known(day):
            return figures("organizations-tco", *lines, basis=on_day(day))

        assert known("2019-12-30") == {2019: 2}
        assert known("2019-12-31") == {2019: 1}
        assert known("2020-01-02") == {2019: 2}

    def test_a_circle(self):
        """
        A cut-off may show two mergers and not the correction between them: the circle
        is one organization under its smallest id, also for what leads into it.
        """
        lines = [
            *self.scrs("A", "M", "Z"),
            merged("Z", "M", "2020-01-01T00:00:00Z"),
            unmerged("Z", "2021-01-01T00:00:00Z"),
            merged("M", "Z", "2020-01-01T00:00:00Z"),  # Loaded late.
            merged("A", "Z", "2020-01-01T00:00:00Z"),
        ]

        rows = oracle.cases(
            given_lines(*lines), on_day("2020-06-01"), ["organizations-tco"], None
        )

        assert [row["organization"] for row in rows] == ["M", "M", "M"]
        now = oracle.cases(given_lines(*lines), NOW, ["organizations-tco"], None)
        assert [row["organization"] for row in now] == ["Z", "Z", "Z"]

    def test_several_in_one_scr(self):
        """
        Where counted outcomes name several, the organization is null, and
        ``organizations-tco`` has a row for each; merged, they are one again.
        """
        lines = [
            filed(),
            approved(),
            disrupted("D1", "2019-01-01"),
            disrupted("D2", "2019-02-01"),
            meeting(organization="B"),
            meeting(organization="A", from_="2019-02-01"),
        ]

        rows = oracle.cases(given_lines(*lines), NOW, ["organizations-tco"], None)

        assert only("dd-all", *lines)["organization"] is None
        assert only("disruptions-tco", *lines)["organization"] is None
        assert [
            (row["organization"], [each["outcome"] for each in row["outcomes"]])
            for row in rows
        ] == [("A", ["D2"]), ("B", ["D1"])]
        assert only("dd-all", *lines, merged("B", "A"))["organization"] == "A"

    def test_one_named_and_one_not(self):
        """
        An outcome without organization does not hide that of another.
        """
        lines = [
            filed(),
            approved(),
            disrupted("D1", "2019-01-01"),
            disrupted("D2", "2019-02-01"),
            determined("no", "no"),
            meeting(organization="A", from_="2019-02-01"),
        ]

        assert only("dd-all", *lines)["organization"] == "A"


class TestEntered:
    """SCRs that entered in a year."""

    def test_once_a_year(self):
        """
        An SCR enters in the year of its first approval and in those of its outcomes.
        """
        lines = [
            filed(),
            approved("2018-09-30"),
            disrupted("D1", "2018-09-30"),
            disrupted("D2", "2019-10-01"),
        ]

        assert figures("entered-all", *lines) == {2018: 1, 2019: 0, 2020: 1}

    def test_the_first_approval(self):
        """
        Approved again after a rescission, it entered when first approved.
        """
        lines = [
            filed(),
            disrupted(on="2019-03-04"),
            approved("2018-09-30"),
            line("rescinded"),
            approved("2019-10-01"),
        ]

        assert figures("entered-all", *lines, years=[2018, 2019, 2020]) == {
            2018: 1,
            2019: 1,
            2020: 0,
        }

    def test_the_first_in_the_stream(self):
        """
        The first approval is the first in the stream, not the earliest by date, and one
        of an outcome is none of the SCR.
        """
        lines = [
            filed(),
            disrupted(on="2019-03-04"),
            approved("2016-09-30", outcome="D1"),
            approved("2019-10-01"),
            approved("2018-09-30"),
        ]

        assert figures("entered-all", *lines, years=[2016, 2018, 2019, 2020]) == {
            2016: 0,
            2018: 0,
            2019: 1,
            2020: 1,
        }

    def test_answer_without_outcome(self):
        """
        Without an outcome in the year, an SCR is judged on the date of its approval.
        """
        lines = [
            filed(),
            approved("2018-09-30"),
            disrupted(on="2019-03-04"),
            determined("no", "no"),
            meeting(from_="2018-10-01", organization="A"),
        ]

        assert answers(*lines, measure="entered-all") == [(2019, "yes")]
        row = only("entered-all", *lines, years=[2018])
        assert (row["meets_tco"], row["organization"]) == ("no", None)

    def test_answer_with_outcome(self):
        """
        With an outcome in the year, the date of the approval has no say.
        """
        lines = [
            filed(),
            approved("2019-03-04"),
            disrupted(on="2018-10-01"),
            determined("no", "no"),
            meeting(from_="2018-10-02"),
        ]

        assert answers(*lines, measure="entered-all") == [(2019, "no")]


class TestRows:
    """Which figures are rows, and in which order."""

    def test_years_between_are_zeros(self):
        """
        Without years asked, all from the first to the last of ``dd-all`` are rows.
        """
        lines = [
            filed(),
            approved("2023-01-01"),
            disrupted("D1", "2016-09-30"),
            disrupted("D2", "2018-10-01"),
        ]

        assert figures("dd-all", *lines) == {2016: 1, 2017: 0, 2018: 0, 2019: 1}
        assert figures("dd-tco", *lines) == dict.fromkeys(range(2016, 2020), 0)
        assert list(figures("entered-all", *lines)) == list(range(2016, 2020))

    def test_nothing_counted(self):
        """
        Where ``dd-all`` is nowhere more than 0 there are no rows, unless years are
        asked.
        """
        lines = [filed(), approved()]

        assert figures("entered-all", *lines) == {}
        assert figures("entered-all", *lines, years=[2018, 2019]) == {2018: 0, 2019: 1}
        assert figures("dd-all", basis=Basis("all", None, 0), years=[2019]) == {2019: 0}

    def test_where(self):
        """
        Keeping one cell leaves a row for every year, also where nothing is in it.
        """
        lines = [
            filed(),
            approved(),
            disrupted("D1", "2018-09-30"),
            disrupted("D2", "2019-10-01"),
            meeting(from_="2019-10-01"),
        ]

        assert figures("dd-all", *lines, meets_tco="yes") == {2018: 0, 2019: 0, 2020: 1}
        assert figures("dd-all", *lines, program=None)[2018] == 1
        assert figures("dd-all", *lines, program="")[2018] == 1
        assert figures("dd-all", *lines, program="P")[2018] == 0
        assert figures("dd-all", *lines, office="Houston", program=None)[2018] == 1

    def test_cells(self):
        """
        Cells stand by code point, null last, column by column, and 0 is none.
        """
        lines = []
        for number, (office, program) in enumerate(
            [("b", None), ("b", "é"), ("b", "z"), ("a", "A"), ("B", None), ("b", "z")]
        ):
            scr = f"S{number}"
            said = {"program": program} if program else {}
            lines += [
                filed(scr=scr, office=office, **said),
                approved(scr=scr),
                disrupted(scr=scr),
            ]
        log = given_lines(*lines)

        rows = oracle.count(log, NOW, ["dd-all"], [2018, 2019], ["office", "program"])

        assert [tuple(row.values())[1:] for row in rows] == [
            (2019, "B", None, 1),
            (2019, "a", "A", 1),
            (2019, "b", "z", 2),
            (2019, "b", "é", 1),
            (2019, "b", None, 1),
        ]
        assert list(rows[0]) == [
            "measure",
            "fiscal_year",
            "office",
            "program",
            "value",
        ]

    def test_measures_as_asked(self):
        """
        Figures stand by measure as asked, then by year; rows behind them by SCR.
        """
        lines = [
            each
            for scr in ("b", "a", "B")
            for each in (
                filed(scr=scr),
                approved(scr=scr),
                disrupted("D1", "2019-03-04", scr=scr),
                disrupted("D2", "2019-10-01", scr=scr),
            )
        ]
        log = given_lines(*lines)

        asked = ["entered-all", "dd-all"]

        rows = oracle.count(log, NOW, asked, None)
        assert [(row["measure"], row["fiscal_year"]) for row in rows] == [
            ("entered-all", 2019),
            ("entered-all", 2020),
            ("dd-all", 2019),
            ("dd-all", 2020),
        ]
        behind = oracle.cases(log, NOW, asked[1:], None)
        assert [row["scr"] for row in behind] == ["B", "a", "b"] * 2


def holds_for(strategy):
    """Check a test for every history, however busy the machine."""
    return lambda test: settings(deadline=None)(given(strategy)(test))


def logs_and_bases():
    """Draw a log and a basis to ask it at."""
    return strategies.histories().flatmap(
        lambda log: st.tuples(st.just(log), strategies.past_bases(log))
    )


def values(log, basis, measure, **cell):
    """Return a measure's values, year by year."""
    return [
        row["value"] for row in oracle.count(log, basis, [measure], None, where=cell)
    ]


@holds_for(logs_and_bases())
def test_the_parts_add_up(question):
    """
    Split by ``meets_tco``, every measure of SCRs or outcomes has three parts that add
    up.
    """
    log, basis = question

    for measure in oracle.MEASURES:
        parts = [
            values(log, basis, measure, meets_tco=answer)
            for answer in ("yes", "unknown", "no")
        ]
        assert list(map(sum, zip(*parts, strict=True))) == values(log, basis, measure)


@holds_for(logs_and_bases())
def test_the_part_that_meets_the_definition(question):
    """
    The yes part of a measure is the measure of TCOs.
    """
    log, basis = question

    for unit in ("dd", "disruptions", "dismantlements"):
        yes = values(log, basis, f"{unit}-all", meets_tco="yes")
        assert yes == values(log, basis, f"{unit}-tco")


@holds_for(logs_and_bases())
def test_cases_reconcile(question):
    """
    The rows behind a figure add up to it, in the measure's unit.
    """
    log, basis = question

    for figure in oracle.count(log, basis, oracle.MEASURES, None):
        measure, year = figure["measure"], figure["fiscal_year"]
        rows = oracle.cases(log, basis, [measure], [year])
        if measure == "organizations-tco":
            behind = len({row["organization"] for row in rows})
        elif measure.startswith("dis"):
            behind = sum(len(row["outcomes"]) for row in rows)
        else:
            behind = len({row["scr"] for row in rows})
            assert behind == len(rows)
        assert behind == figure["value"]


@holds_for(logs_and_bases())
def test_a_cell_is_what_where_keeps(question):
    """
    A cell of a breakdown is the figure of that cell kept alone.
    """
    log, basis = question

    for column in oracle.COLUMNS:
        for row in oracle.count(log, basis, oracle.MEASURES, None, [column]):
            (kept,) = oracle.count(
                log,
                basis,
                [row["measure"]],
                [row["fiscal_year"]],
                where={column: row[column]},
            )
            assert kept["value"] == row["value"] > 0


@holds_for(logs_and_bases())
def test_later_facts_change_no_earlier_answer(question):
    """
    What a basis shows is the same in the log as it was and as it has become.
    """
    log, basis = question
    then = [fact for fact in log if fact.position <= basis.position]

    assert oracle.grade(log, basis) == oracle.grade(then, basis)
    assert oracle.count(log, basis, oracle.MEASURES, None) == oracle.count(
        then, basis, oracle.MEASURES, None
    )


@holds_for(strategies.loads())
def test_histories_are_lawful(files):
    """
    In every drawn history each SCR is filed once and first, names only outcomes it
    has, takes nothing but its reinstatement when voided, and knows in order.
    """
    log = strategies.log_of(files)
    known = {}
    for fact in log:
        said = fact.line
        subject = "scr" in said, said.get("scr") or said["organization"]
        assert fact.known_at >= known.get(subject, fact.known_at)
        assert fact.known_at <= fact.recorded_at
        known[subject] = fact.known_at

    for history in oracle._histories(log, "scr").values():
        events = [said["event"] for said in history]
        assert events.index("filed") == 0
        assert events.count("filed") == 1
        assert all(
            (before == "voided") == (after == "reinstated")
            for before, after in pairwise(events)
        )
        named = set()
        for said in history:
            if said["event"] in oracle.KINDS:
                assert said["outcome"] not in named
                named.add(said["outcome"])
            assert said.get("outcome") in {*named, None}


@holds_for(strategies.loads())
def test_mergers_are_lawful(files):
    """
    In every drawn history a merger closes no circle, and only the merged are unmerged.
    """
    into = {}
    for fact in strategies.log_of(files):
        organization = fact.line.get("organization")
        if fact.line["event"] == "merged":
            assert organization not in into
            end = into[organization] = fact.line["into"]
            while end in into:
                assert end != organization
                end = into[end]
        elif fact.line["event"] == "unmerged":
            del into[organization]


@holds_for(strategies.loads())
def test_a_file_is_read_back(files):
    """
    A file's text has a line for each fact.
    """
    for load in files:
        text = strategies.as_jsonl(load)
        assert [json.loads(each) for each in text.splitlines()] == load.lines


@holds_for(
    strategies.histories().flatmap(
        lambda log: st.tuples(st.just(log), strategies.bases(log))
    )
)
def test_a_basis_can_be_asked_for(question):
    """
    What is written after ``--as-of`` means the drawn basis.
    """
    log, basis = question
    asked = strategies.as_of(basis)
    head = strategies.head(log)

    if asked.startswith("@"):
        assert basis == Basis("all", None, int(asked[1:]))
    elif "T" in asked:
        assert basis == Basis("through", datetime.fromisoformat(asked), head)
    else:
        assert basis == end_of_day(date.fromisoformat(asked), head)
