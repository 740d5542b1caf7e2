"""`scr request`: requests, what they cite, what is restated, what they could cite."""

from __future__ import annotations

import json

import pytest

from ledger.reader import open_log
from projections import citations
from projections.publications import Recorded
from tests.commandline import HISTORY, life, line, prepare, scr
from tests.publications import figure, plain

ADD = ("--program", "p", "--fy", "2022", "--amount", "350000", "--positions", "4")
PRINTED = {
    "name": "APR",
    "document": "d",
    "claims": "dd-all",
    "printed_on": "2023-01-15",
    "as_of": "2020-01-15",
    "fiscal_year": 2019,
    "figures": {"dd-all": 4},
}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """
    A folder with a ledger of 19 facts, three SCRs of FY 2019; somebody who acts.
    """
    prepare(tmp_path, HISTORY.replace('"office"', '"program": "p", "office"'))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCR_BY", "program office")
    return tmp_path


def request(*arguments: str):
    """
    Run a command on requests.
    """
    return scr("request", *arguments)


def add(name: str = "R-1", *more: str):
    """
    Record a request.
    """
    return request("add", name, *ADD, *more)


def cite(*more: str, name: str = "R-1"):
    """
    Cite something in a request.
    """
    return request("cite", name, *more)


def head() -> int:
    """
    Return how far the log goes.
    """
    with open_log("scr.db") as log:
        return log.head


FIGURE = ("--figure", "dd-all FY2019 = 3 as of 2020-01-15")


class TestAdd:
    """
    A request is recorded once.
    """

    def test_it_is_recorded_and_listed(self):
        """
        One line says where; the list has all of it, and that nobody knows yet what
        supports it.
        """
        told = add("R-1", "--title", "officers", "--submitted-on", "2021-03-15")
        (row,) = request("list", "--json").json["rows"]

        assert told.out == "recorded: request R-1, 1 fact at @20\n"
        assert {name: row[name] for name in ("program", "amount", "positions")} == {
            "program": "p",
            "amount": 350000,
            "positions": 4,
        }
        assert (row["submitted_on"], row["claimed"]) == ("2021-03-15", True)
        assert (row["state"], row["cites"], row["reason"]) == ("undecided", [], None)
        again = add("R-1", "--title", "officers", "--submitted-on", "2021-03-15")
        assert again.out == "already recorded: request R-1\n"

    def test_it_is_known_from_its_day_on(self):
        """
        At a basis before the day it claims, nobody had asked.
        """
        add("R-1", "--submitted-on", "2021-03-15")

        assert request("list", "--as-of", "2021-03-14", "--json").json["rows"] == []
        assert request("list", "--as-of", "2021-03-15", "--json").json["rows"]
        assert request("show", "R-1", "--as-of", "2021-03-14").code == 3

    def test_a_rehearsal_records_nothing(self):
        """
        It says what would be, and nothing is there.
        """
        assert add("R-1", "--dry-run").out == "would be recorded: request R-1, 1 fact\n"
        assert head() == 19


class TestCite:
    """
    What is cited is proved first, and keeps its basis.
    """

    def test_a_figure_and_its_scrs_are_cited_at_one_basis(self):
        """
        The citation names position and root; the request has used SCR data.
        """
        add()
        told = cite(*FIGURE, "--scr", "SCR-1", "--scr", "SCR-2")
        row = request("list", "--json").json["rows"][0]
        (one,) = row["cites"]

        assert (told.code, row["state"]) == (0, "used")
        assert one["figure"] == {
            "measure": "dd-all",
            "version": None,
            "fiscal_year": 2019,
            "where": {},
            "value": 3,
        }
        assert one["scrs"] == ["SCR-1", "SCR-2"]
        assert (one["bound"], one["instant"]) == ("before", "2020-01-16T05:00:00Z")
        assert one["proved_position"] == 20
        basis = f"before {one['instant']} @20 {one['proved_root']}"
        counted = scr("count", "dd-all", "--fy", "2019", "--basis", basis, "--json")
        assert counted.json["rows"][0]["value"] == 3
        assert cite(*FIGURE, "--scr", "SCR-1", "--scr", "SCR-2").out.startswith("alre")

    def test_a_cell_of_a_figure_is_cited(self):
        """
        `--where` names it; the cell is proved, not the whole.
        """
        add()
        claim = "dd-all FY2019 = 1 as of 2020-01-15"

        assert cite("--figure", claim).code == 1
        assert cite("--figure", claim, "--where", "category=gangs").code == 0
        shown = request("show", "R-1").out
        assert "dd-all FY 2019 category=gangs = 1" in shown

    def test_the_cell_without_a_value_is_cited(self, here):
        """
        As `scr count --where category=` counts it; a file says null.
        """
        add()
        claim = "dd-all FY2019 = 1 as of 2020-01-15"
        where = ("--where", "category=")
        asked = ("dd-all", "--fy", "2019", "--as-of", "2020-01-15", *where)

        assert scr("count", *asked, "--json").json["rows"][0]["value"] == 1
        assert cite("--figure", claim, *where).code == 0
        shown = request("show", "R-1")
        assert "dd-all FY 2019 category=none = 1" in shown.out
        (one,) = request("list", "--json").json["rows"][0]["cites"]
        assert one["figure"]["where"] == {"category": None}
        assert request("verify").code == 0
        cell = {**CITE, "value": 1, "where": {"category": None}}
        file = written(here, {"request": "A", **ASKED, "cites": [cell]})
        assert [request("load", file).code for _ in range(2)] == [0, 0]
        assert head() == 23
        assert scr("verify").code == 0
        (here / "late.jsonl").write_text(
            line("SCR-3", "reversed", "2019-12-01", outcome="D1", reason="r")
        )
        assert scr("import", "late.jsonl").code == 0
        (row, _) = request("verify", "--json").json["rows"]
        assert [(one["scr"], one["effect"]) for one in row["items"]] == [("SCR-3", -1)]

    def test_another_value_is_refused(self):
        """
        What never was true is no citation: 1, one line, nothing recorded.
        """
        add()
        told = cite("--figure", "dd-all FY2019 = 4 as of 2020-01-15")

        assert (told.code, told.out, told.err.count("\n")) == (1, "", 1)
        assert (
            "dd-all FY 2019 as of 2020-01-15 is 3, not 4; nothing was rec" in told.err
        )
        assert head() == 20

    def test_an_scr_that_does_not_stand_is_refused(self):
        """
        It has to stand and be approved at the basis of the citation.
        """
        add()

        told = cite("--scr", "SCR-1", "--as-of", "2018-10-03")
        assert (told.code, told.err.count("\n")) == (1, 1)
        assert "SCR-1 does not stand, or is not approved" in told.err
        assert cite("--scr", "SCR-1", "--as-of", "2018-10-04").code == 0
        assert head() == 21


WRONG = [
    (
        ["add", "R-1", "--fy", "2022", "--amount", "1", "--positions", "1"],
        2,
        "who asks",
    ),
    (["add", "R 1", *ADD], 2, "--request must be an id"),
    (["add", "R-1", *ADD, "--fy", "2019..2020"], 2, "takes one fiscal year here"),
    (["add", "R-1", *ADD, "--amount", "-1"], 2, "--amount must be a whole number"),
    (["add", "R-1", *ADD, "--submitted-on", "2999-01-01"], 5, "is later than"),
    (["add", "R-0", *ADD, "--title", "other"], 5, "R-0 is recorded already, and says"),
    (["cite", "R-0"], 2, "give --figure, or --scr"),
    (["cite", "R-0", "--where", "office=x"], 2, "give --figure, or --scr"),
    (["cite", "R-0", "--scr", "SCR-1", "--where", "a=b"], 2, "is a cell of --figure"),
    (["cite", "R-0", *FIGURE, "--where", "colour=x"], 2, "takes COLUMN=VALUE, of cat"),
    (["cite", "R-0", *FIGURE, "--where", "office="], 1, "2020-01-15 office= is 0, not"),
    (
        ["cite", "R-0", *FIGURE, "--where", "office=x", "--where", "office=y"],
        2,
        "--where names office twice; name each once",
    ),
    (["cite", "R-0", *FIGURE, "--where", "meets_tco=x"], 2, "is yes, unknown or no"),
    (["cite", "R-0", *FIGURE, "--as-of", "@3"], 2, "a figure says `as of` itself"),
    (["cite", "R-0", "--figure", "dd-all"], 2, "is no claim; write MEASURE"),
    (["cite", "R-0", "--figure", "nothing FY2019 = 1"], 2, "no measure is named noth"),
    (["cite", "R-0", "--scr", "SCR-9"], 3, "no SCR SCR-9 is recorded"),
    (["cite", "R-0", "--scr", "\udc80"], 3, "no SCR"),
    (["cite", "R-9", *FIGURE], 3, "no request R-9 is recorded"),
    (["cite", "R-0", *FIGURE, "--on", "2020-01-14"], 5, "is earlier than 2020-01-15"),
    (["decline", "R-9", "--reason", "r"], 3, "no request R-9 is recorded"),
    (["decline", "R-0", "--reason", " "], 2, "--reason must be text"),
    (["show", "R-9"], 3, "no request R-9 is recorded"),
    (["verify", "R-9"], 3, "no request R-9 is recorded"),
    (["load", "none.jsonl"], 3, "cannot read none.jsonl"),
    (["load", "."], 3, "cannot read .: Is a directory; name a file, not a folder\n"),
    (["cite", "R-0", *FIGURE, "--on", "x"], 2, "--on must be a date"),
    (["decline", "R-0", "--reason", "r", "--on", "x"], 2, "--on must be a date"),
    (["coverage", "--by", "colour"], 2, "'colour' is not one of"),
    (["coverage", "--fy", "x"], 2, "is not a fiscal year"),
    (["suggest", "--fy", "2022"], 2, "who asks"),
]


@pytest.mark.parametrize(("arguments", "code", "words"), WRONG)
def test_wrong_input_gets_one_line(arguments, code, words):
    """
    What cannot be recorded or asked is said in one line, with its exit code.
    """
    add("R-0")
    told = request(*arguments)

    assert (told.code, told.out, told.err.count("\n")) == (code, "", 1)
    assert words in told.err
    assert head() == 20


def test_a_request_that_cites_does_not_decline():
    """
    One that has declined may still cite something.
    """
    add()
    assert request("decline", "R-1", "--reason", "none applies").code == 0
    assert request("list", "--json").json["rows"][0]["state"] == "declined"
    assert cite(*FIGURE).code == 0
    told = request("decline", "R-1", "--reason", "none")
    assert (told.code, told.err.count("\n")) == (5, 1)
    assert request("list", "--json").json["rows"][0]["state"] == "used"


# --- load -----------------------------------------------------------------------------


def written(here, *lines: dict) -> str:
    """
    Write a file of requests.
    """
    text = "".join(f"{json.dumps(one)}\n" for one in lines)
    (here / "requests.jsonl").write_text(text)
    return "requests.jsonl"


ASKED = {"program_office": "p", "fiscal_year": 2022, "amount": 1, "positions": 1}
CITE = {"measure": "dd-all", "fiscal_year": 2019, "as_of": "2020-01-15", "value": 3}


def test_a_file_is_loaded_whole_and_once(here):
    """
    What it cites is proved; the same again adds nothing, an extended file what is new.
    """
    first = {"request": "A", **ASKED, "submitted_on": "2021-03-01", "cites": [CITE]}
    second = {"request": "B", **ASKED, "reason": "r", "synthetic": True}
    told = request("load", written(here, first, second), "--json").json

    assert told["events"] == ["requested", "cited", "requested", "declined"]
    again = request("load", "requests.jsonl")
    assert again.out == "already recorded: 2 requests of requests.jsonl\n"
    third = {**second, "cites": [{**CITE, "scrs": ["SCR-1"]}]}
    del third["reason"]
    more = request("load", written(here, first, third), "--json").json
    assert (more["events"], more["already_recorded"]) == (["cited"], 3)
    rows = request("list", "--as-of", "2021-03-01", "--json").json["rows"]
    assert [(row["request"], row["state"]) for row in rows] == [("A", "used")]


def test_a_file_stays_loaded_whatever_came_of_its_requests(here):
    """
    The same again adds nothing where a request that declined cites by now, and where
    what one cites has been restated or is gone; a new line is proved and judged still.
    """
    scrs = {"scrs": ["SCR-2"]}
    pinned = {**CITE, "as_of": "@19"}
    lines = [
        {"request": "A", **ASKED, "submitted_on": "2021-03-01", "cites": [CITE]},
        {"request": "B", **ASKED, "reason": "r"},
        {"request": "C", **ASKED, "cites": [{**CITE, **scrs}, scrs, pinned]},
    ]
    assert request("load", written(here, *lines)).code == 0
    assert cite(*FIGURE, name="B").code == 0
    (here / "late.jsonl").write_text(life("SCR-9", tco="yes"))
    assert scr("import", "late.jsonl").code == 0
    assert scr("void", "SCR-2", "--reason", "r").code == 0
    assert request("verify").code == 1
    then = head()

    again = request("load", "requests.jsonl", "--by", "another")
    assert again.out == "already recorded: 3 requests of requests.jsonl\n"
    assert head() == then
    told = request(
        "load",
        written(
            here,
            {**lines[0], "cites": [CITE, {**CITE, "fiscal_year": 2020}]},
            {**lines[1], "reason": "another"},
        ),
    )
    assert told.code == 5
    assert [line.split(": ")[:2] for line in told.err.splitlines()[:-1]] == [
        ["requests.jsonl:1", "cites.1"],
        ["requests.jsonl:2", "request"],
    ]
    assert scr("verify").code == 0


def test_a_file_cites_nothing_that_was_not_known(here):
    """
    A cut-off after the day of submission is a fault at its place.
    """
    early = {"request": "A", **ASKED, "submitted_on": "2020-01-14", "cites": [CITE]}
    told = request("load", written(here, early))

    assert (told.code, head()) == (5, 19)
    assert told.err.startswith("requests.jsonl:1: cites.0: cited_on 2020-01-14 is ear")


def test_every_fault_of_a_file_is_a_line(here):
    """
    File, line, field and rule, then how many; nothing of it is recorded.
    """
    told = request("load", written(
        here,
        {"request": "A", **ASKED},
        {"request": "A", **ASKED},
        {"request": "B b", **ASKED, "positions": -1},
        {"request": "C", **ASKED, "program": "p"},
        {"request": "D", **ASKED, "program_office": None},
        {"request": "E", **ASKED, "cites": [CITE], "reason": "r"},
        {"request": "F", **ASKED, "cites": [{"measure": "dd-all"}]},
        {"request": "G", **ASKED, "submitted_on": "2020-02-30"},
        {"request": "H", **ASKED, "colour": 1},
    ))  # fmt: skip

    assert (told.code, told.out) == (5, "")
    assert [line.split(": ")[:2] for line in told.err.splitlines()[:-1]] == [
        ["requests.jsonl:2", "request"],
        ["requests.jsonl:3", "request"],
        ["requests.jsonl:3", "positions"],
        ["requests.jsonl:4", "program"],
        ["requests.jsonl:5", "line"],
        ["requests.jsonl:6", "line"],
        ["requests.jsonl:7", "cites.0"],
        ["requests.jsonl:8", "submitted_on"],
        ["requests.jsonl:9", "colour"],
    ]
    assert told.err.endswith("9 faults; correct the file and load it again\n")
    assert head() == 19


def test_what_a_file_cites_has_to_be_so(here):
    """
    Each citation that is not is a fault at its place, and so is a request that is
    recorded as another.
    """
    add("A")
    told = request("load", written(
        here,
        {"request": "A", **ASKED},
        {"request": "B", **ASKED, "cites": [CITE, {**CITE, "value": 4}]},
        {"request": "C", **ASKED, "cites": [{"scrs": ["SCR-9"]}]},
    ))  # fmt: skip

    assert told.code == 5
    assert [line.split(": ")[:2] for line in told.err.splitlines()[:-1]] == [
        ["requests.jsonl:1", "request"],
        ["requests.jsonl:2", "cites.1"],
        ["requests.jsonl:3", "cites.0"],
    ]
    assert "is 3, not 4" in told.err
    assert head() == 20


# --- verify ---------------------------------------------------------------------------


class TestVerify:
    """
    Every citation is proved again, with all that is recorded by now.
    """

    def test_one_that_holds_ends_with_zero(self):
        """
        Later facts that were known later change nothing at its cut-off.
        """
        add()
        cite(*FIGURE, "--scr", "SCR-2")
        scr("reverse", "SCR-1", "--outcome", "D1", "--reason", "r")

        told = request("verify", "--json")
        assert told.code == 0
        assert (told.json["holding"], told.json["restated"]) == (1, 0)

    def test_a_restated_figure_is_found_item_by_item(self, here):
        """
        What is loaded later and was known before the cut-off restates it: the SCR that
        came, why, and by which facts.
        """
        add()
        cite(*FIGURE)
        (here / "late.jsonl").write_text(life("SCR-9", tco="yes"))
        assert scr("import", "late.jsonl").code == 0
        told = request("verify", "--json")
        (row,) = told.json["rows"]

        assert told.code == 1
        assert (row["state"], row["claimed"], row["now"]) == ("restated", 3, 4)
        assert [(item["scr"], item["effect"]) for item in row["items"]] == [
            ("SCR-9", 1)
        ]
        shown = request("verify")
        assert (shown.code, "+1 SCR-9: late information" in shown.out) == (1, True)

    @pytest.mark.parametrize(
        ("fact", "cause"),
        [
            (
                line(
                    "SCR-1",
                    "reclassified",
                    "2019-12-01",
                    category="fraud",
                    subcategory="s",
                    reason="r",
                ),
                "reclassification",
            ),
            (
                line("SCR-1", "reversed", "2019-12-01", outcome="D1", reason="r"),
                "reversal",
            ),
        ],
    )
    def test_a_restated_cell_is_taken_apart(self, here, fact, cause):
        """
        Of one cell too: what left it, and by which fact.
        """
        add()
        claim = "dd-all FY2019 = 1 as of 2020-01-15"
        assert cite("--figure", claim, "--where", "category=gangs").code == 0
        (here / "late.jsonl").write_text(fact)
        assert scr("import", "late.jsonl").code == 0
        told = request("verify", "--json")
        (row,) = told.json["rows"]

        assert (told.code, row["now"]) == (1, 0)
        assert row["items"] == [
            {"scr": "SCR-1", "effect": -1, "cause": cause, "positions": [22]}
        ]

    def test_a_figure_that_was_printed_otherwise_later_is_found(self, here):
        """
        A publication after the citation has another value; one before it is none of
        its business.
        """
        (here / "printed.jsonl").write_text(json.dumps(PRINTED))
        add("R-1", "--submitted-on", "2022-03-15")
        cite(*FIGURE, "--on", "2022-03-15")
        add("R-2")
        cite(*FIGURE, name="R-2")
        assert request("verify").code == 0
        assert scr("publish", "--as-printed", "printed.jsonl").code == 0
        told = request("verify", "--json")

        assert told.code == 1
        states = {row["request"]: row["state"] for row in told.json["rows"]}
        assert states == {"R-1": "restated", "R-2": "holds"}
        assert told.json["rows"][0]["reprinted"] == [
            {
                "publication": "APR",
                "position": 24,
                "printed_on": "2023-01-15",
                "value": 4,
            }
        ]

    @pytest.mark.parametrize(
        ("position", "recorded_at", "printed_on", "later"),
        [
            (22, "2022-03-15T12:00:00Z", "2022-03-15", True),
            (20, "2022-03-15T12:00:00Z", "2022-03-15", False),
            (20, "2022-03-16T03:59:59Z", None, False),
            (22, "2022-03-16T03:59:59Z", None, True),
            (20, "2022-03-16T04:00:00Z", None, True),
            (22, "2024-01-01T12:00:00Z", "2022-03-14", False),
        ],
    )
    def test_of_one_day_the_order_of_recording_decides(
        self, monkeypatch, position, recorded_at, printed_on, later
    ):
        """
        A printing is later than a citation of 15 March on a later day in the ledger's
        zone, or where it was recorded later on that day.
        """
        add("R-1", "--submitted-on", "2022-03-15")
        cite(*FIGURE, "--on", "2022-03-15")
        content = plain(figure(units="abcd"), printed_on=printed_on)
        each = Recorded(position, recorded_at, "b", "b", "", content)
        monkeypatch.setattr(citations, "recorded", lambda _log: [each])
        (row,) = request("verify", "--json").json["rows"]

        assert [one["position"] for one in row["reprinted"]] == [position] * later

    def test_a_cited_scr_that_stands_no_more_is_found(self):
        """
        Voided since, it supports nothing; an SCR cited at a position stays what it was.
        """
        add()
        cite("--scr", "SCR-1", "--scr", "SCR-2")
        cite("--scr", "SCR-1", "--as-of", "@20")
        scr("void", "SCR-1", "--reason", "r")
        told = request("verify", "--json")

        assert told.code == 1
        assert [row["gone"] for row in told.json["rows"]] == [["SCR-1"], []]
        assert "SCR-1 does not stand" in request("verify").out

    def test_nothing_cited_is_said(self):
        """
        Silence would look like proof.
        """
        add()
        told = request("verify")

        assert told.code == 0
        assert told.err == (
            "scr: note: nothing is cited; `scr request cite` records a citation\n"
        )


def values_of(told: dict) -> list[int]:
    """
    Return the values of `dd-all` and `dd-tco` in the last complete year.
    """
    by = {row["measure"]: row["values"] for row in told["rows"]}
    return [
        one["value"]
        for measure in ("dd-all", "dd-tco")
        for one in by[measure]
        if one["fiscal_year"] == told["complete"]
    ]


# --- coverage and suggest -------------------------------------------------------------


def test_coverage_names_its_basis_and_its_list():
    """
    The share, and with it every request; the basis it prints gives the same for ever.
    """
    add("R-1", "--submitted-on", "2021-03-15")
    add("R-2")
    cite(*FIGURE, name="R-2")
    told = request("coverage", "--by", "program", "--json").json
    (row,) = told["rows"]

    assert (row["used"], row["requests"], row["percent"]) == (1, 2, 50.0)
    assert [(one["request"], one["state"]) for one in row["items"]] == [
        ("R-1", "undecided"),
        ("R-2", "used"),
    ]
    before = request("coverage", "--as-of", "2021-03-15")
    assert "0 of 1 request used SCR data; 1 did not, 100.0%." in before.out
    basis = json.dumps(told["basis"])
    add("R-3")
    again = request("coverage", "--by", "program", "--json", "--basis", basis)
    assert again.json == told
    listed = request("coverage", "--items", "-f", "csv").out.splitlines()
    assert [one.split(",")[0] for one in listed] == ["request", "R-1", "R-2", "R-3"]


class TestSuggest:
    """
    What a request could cite.
    """

    def test_its_figures_are_those_of_count(self):
        """
        Five years before the one that is asked for, in the cell of who asks; the SCRs
        are those of the last complete year, the claims can be cited as they stand.
        """
        add()
        asked = ["--program", "p", "--fy", "2022", "--as-of", "2020-01-15"]
        told = request("suggest", *asked, "--json")
        found = told.json
        by = {row["measure"]: row["values"] for row in found["rows"]}

        assert (told.code, found["complete"], found["supports"]) == (0, 2019, True)
        assert [one["value"] for one in by["dd-all"]] == [0, 0, 3, 0, 0]
        assert [one["value"] for one in by["dd-tco"]] == [0, 0, 1, 0, 0]
        assert [one["complete"] for one in by["dd-all"]] == [True] * 3 + [False] * 2
        assert [one["scr"] for one in found["cases"]] == ["SCR-1"]
        assert "title" not in found["cases"][0]
        assert found["categories"] == [
            {"category": "gangs", "value": 1},
            {"category": "narcotics", "value": 1},
            {"category": None, "value": 1},
        ]
        for one in found["cite"]:
            where = [part for cell in one["where"] for part in ("--where", cell)]
            assert cite("--figure", one["figure"], *where).code == 0
        assert found["basis"]["root"] in found["paragraph"][-1]
        full = request("suggest", *asked, "--disclosure", "official", "--json").json
        assert "title" in full["cases"][0]

    @pytest.mark.parametrize(
        ("as_of", "known", "until"),
        [
            ((), "all that is recorded", ""),
            (
                ("--as-of", "2020-01-15"),
                "what was known by 2020-01-15",
                " as of 2020-01-15",
            ),
            (
                ("--as-of", "2020-01-15T09:00:00-05:00"),
                "what was known by 2020-01-15T14:00:00Z",
                " as of 2020-01-15T14:00:00Z",
            ),
        ],
    )
    def test_a_pasted_basis_is_told_as_what_it_is(self, as_of, known, until):
        """
        The words and the claims name its cut-off; where the log has grown since, the
        words its position too, and a claim without a cut-off the position.
        """
        asked = ["suggest", "--program", "p", "--fy", "2021", "--json"]
        basis = json.dumps(request(*asked, *as_of).json["basis"])
        told = request(*asked, "--basis", basis).json

        assert f"dd-tco, by {known} (grade" in told["paragraph"][-1]
        assert [one["figure"] for one in told["cite"]] == [
            f"{measure} FY{told['complete']} = {value}{until}"
            for measure, value in zip(
                ("dd-all", "dd-tco"), values_of(told), strict=True
            )
        ]
        add()
        later = request(*asked, "--basis", basis).json
        upto = "up to @19"
        grown = f"{known}, as recorded {upto}" if as_of else f"{known} {upto}"
        assert f"dd-tco, by {grown} (grade" in later["paragraph"][-1]
        for one in later["cite"]:
            assert one["figure"].endswith(until or " as of @19")
            where = [part for cell in one["where"] for part in ("--where", cell)]
            assert cite("--figure", one["figure"], *where).code == 0

    def test_who_did_nothing_has_nothing_to_cite(self):
        """
        The answer is no: 1.
        """
        told = request("suggest", "--office", "SAC Nowhere", "--fy", "2022")

        assert told.code == 1
        assert "No case activity of SAC Nowhere is known at this basis" in told.out
