"""`scr recommendation`: issue to closing, what is overdue, what its check says."""

from __future__ import annotations

import pytest

from ledger.reader import open_log
from tests.commandline import life, prepare, scr

ISSUED = ("--text", "t", "--addressee", "ICE", "--issued-on", "2023-09-19")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """
    A folder with a ledger of one SCR that nobody determined; somebody who acts.
    """
    prepare(tmp_path, life("SCR-1"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCR_BY", "auditor")
    return tmp_path


def rec(*arguments: str):
    """
    Run a command on recommendations.
    """
    return scr("recommendation", *arguments)


def add(name: str = "R", *more: str):
    """
    Record a recommendation.
    """
    return rec("add", name, *ISSUED, *more)


def concur(*more: str, due: str = "2024-06-30"):
    """
    Record that the addressee of R concurs.
    """
    return rec("respond", "R", "--concur", "--text", "t", "--due", due, *more)


def close():
    """
    Close R.
    """
    return rec("close", "R", "--evidence", "e")


def at(day: str, name: str = "R") -> dict:
    """
    Return how a recommendation stands on a day.
    """
    rows = rec("list", "--as-of", day, "--json").json["rows"]
    return next(row for row in rows if row["recommendation"] == name)


def head() -> int:
    """
    Return how far the log goes.
    """
    with open_log("scr.db") as log:
        return log.head


class TestLife:
    """
    Status and overdue follow from the facts and from the day of the basis.
    """

    def test_status(self):
        """
        Unresolved until the addressee concurs, again if it no longer does, then closed.
        """
        add()
        statuses = [rec("list", "--json").json["rows"][0]["status"]]
        for do in (
            concur,
            lambda: rec("respond", "R", "--non-concur", "--text", "t"),
            concur,
            close,
        ):
            assert do().code == 0
            statuses.append(rec("list", "--json").json["rows"][0]["status"])

        assert statuses == [
            "open unresolved",
            "open resolved",
            "open unresolved",
            "open resolved",
            "closed",
        ]
        assert concur().code == 5

    @pytest.mark.parametrize(
        ("day", "overdue"),
        [
            ("2023-12-18", []),
            ("2023-12-19", [("response, 90 days after issue", "2023-12-18")]),
        ],
    )
    def test_a_response_is_due_in_90_days(self, day, overdue):
        """
        Issued on 19 September it is due on 18 December, and overdue from the 19th.
        """
        add()
        found = at(day)["overdue"]
        assert [(one["what"], one["due_on"]) for one in found] == overdue

    @pytest.mark.parametrize(
        ("day", "overdue"),
        [
            ("2023-12-19", []),
            ("2024-01-31", []),
            ("2024-02-01", ["milestone draft"]),
            ("2024-02-10", []),
            ("2024-06-30", []),
            ("2024-07-01", ["corrective action"]),
        ],
    )
    def test_each_due_day_counts_until_it_is_met(self, day, overdue):
        """
        A milestone until it is completed, the corrective action until it is closed; on
        the day itself nothing is overdue.
        """
        add()
        concur("--on", "2023-12-01")
        rec("milestone", "R", "draft", "--due", "2024-01-31", "--on", "2023-12-01")
        rec("milestone", "R", "draft", "--done", "--on", "2024-02-10")

        assert [one["what"] for one in at(day)["overdue"]] == overdue

    def test_nothing_is_known_before_its_day(self):
        """
        Before the day of issue there is no recommendation, before the response none.
        """
        add()
        concur("--on", "2023-12-01")

        assert rec("list", "--as-of", "2023-09-18", "--json").json["rows"] == []
        assert at("2023-11-30")["status"] == "open unresolved"
        assert at("2023-12-01")["status"] == "open resolved"


GREEN = {
    "validation:counted-without-determination": (
        "determine", "SCR-1", "--association", "no", "--transnational", "no",
    ),
    "coverage>=100": (
        "request", "cite", "Q", "--scr", "SCR-1",
    ),
    "assertions": ("assert", "dd-all FY2019 = 1"),
}  # fmt: skip
STATES = {
    "validation:counted-without-determination": "red",
    "coverage>=100": "red",
    "assertions": "unknown",
}


class TestCheck:
    """
    A check is computed at the basis, and closing waits for it.
    """

    @pytest.mark.parametrize("check", GREEN)
    def test_closing_is_refused_until_it_is_green(self, check):
        """
        Red and unknown alike: 5, with what is red, nothing recorded; then it closes,
        and the check still says at every basis what it said there.
        """
        asked = ("--program", "p", "--fy", "2022", "--amount", "1", "--positions", "1")
        assert scr("request", "add", "Q", *asked).code == 0
        assert add("R", "--check", check).code == 0
        then = head()
        told = close()

        assert (told.code, told.out, told.err.count("\n")) == (5, "", 1)
        assert f"its check {check} is not green: " in told.err
        assert head() == then
        assert scr(*GREEN[check]).code == 0
        assert close().code == 0
        shown = rec("show", "R", "--json").json["rows"][0]
        assert (shown["status"], shown["check"]["state"]) == ("closed", "green")
        before = rec("show", "R", "--as-of", f"@{then}", "--json").json["rows"][0]
        assert (before["status"], before["check"]["state"]) == (
            "open unresolved",
            STATES[check],
        )
        assert scr("verify").code == 0

    def test_a_closing_again_adds_nothing(self):
        """
        Whatever its check says by now; with other evidence it is closed already.
        """
        add("R", "--check", "assertions")
        scr("assert", "dd-all FY2019 = 1")
        assert close().code == 0
        scr("reverse", "SCR-1", "--outcome", "D1", "--reason", "r")
        then = head()

        assert close().out == "already recorded: recommendation R, closed\n"
        other = rec("close", "R", "--evidence", "other")
        assert (other.code, other.err.count("\n"), head()) == (5, 1, then)

    def test_the_check_of_a_recommendation_is_part_of_it(self):
        """
        Only of a closing it is what proves it: another check is another recommendation.
        """
        add("R", "--check", "assertions")

        assert add("R", "--check", "assertions").out.startswith("already recorded")
        assert add("R", "--check", "coverage>=0").code == 5

    def test_a_gate_needs_a_taxonomy(self):
        """
        Without one nobody can say whether criteria ask for a TCO: unknown, not green.
        """
        add("R", "--check", "gate:dd-tco")
        (row,) = rec("list", "--json").json["rows"]

        assert row["check"]["state"] == "unknown"
        assert "category-weaker-than-measure cannot be judged" in row["check"]["says"]
        assert close().code == 5

    def test_an_assertion_that_fails_is_named(self):
        """
        By its position; at the basis before it failed, it held.
        """
        scr("assert", "dd-all FY2019 = 1")
        add("R", "--check", "assertions")
        then = head()
        scr("reverse", "SCR-1", "--outcome", "D1", "--reason", "r")
        told = close()

        assert told.code == 5
        assert "1 of 1 assertions fail: @6" in told.err
        before = rec("list", "--as-of", f"@{then}", "--json").json["rows"][0]
        assert before["check"]["state"] == "green"


WRONG = [
    (["add", "R", "--text", "t"], 2, "Missing option"),
    (["add", "R", *ISSUED, "--check", "x"], 2, "x is no check; write validation:RULE"),
    (["add", "R", *ISSUED, "--check", "validation:x"], 2, "no rule is named x"),
    (["add", "R", *ISSUED, "--check", "gate:x"], 2, "no measure is named x"),
    (["add", "R", *ISSUED, "--issued-on", "2999-01-01"], 5, "issued_on 2999-01-01 is"),
    (["add", "R", *ISSUED, "--issued-on", "x"], 2, "--issued-on must be a date"),
    (["add", "Q", *ISSUED, "--number", "1"], 5, "Q is recorded already, and says"),
    (["respond", "Q", "--text", "t"], 2, "give --concur or --non-concur"),
    (["respond", "Q", "--text", "t", "--concur"], 2, "--concur takes --due"),
    (["respond", "X", "--text", "t", "--non-concur"], 3, "no recommendation X is reco"),
    (
        ["respond", "Q", "--text", "t", "--concur", "--due", "2023-09-18"],
        5,
        "due_on 2023-09-18 is earlier than 2023-09-19, the day the recommendation was",
    ),
    (
        ["respond", "Q", "--text", "t", "--concur", "--due", "x"],
        2,
        "scr: --due must be a date",
    ),
    (
        ["respond", "Q", "--text", "t", "--non-concur", "--on", "x"],
        2,
        "scr: --on must be a date",
    ),
    (["milestone", "Q", "m", "--due", "x"], 2, "scr: --due must be a date"),
    (["milestone", "Q", "m", "--done", "--on", "x"], 2, "scr: --on must be a date"),
    (
        ["milestone", "Q", "m", "--due", "2024-01-01", "--on", "x"],
        2,
        "scr: --on must be a date",
    ),
    (["milestone", "Q", "m"], 2, "give --due, or --done"),
    (["milestone", "Q", "m", "--done"], 5, "Q has no milestone m"),
    (["close", "X", "--evidence", "e"], 3, "no recommendation X is recorded"),
    (["show", "X"], 3, "no recommendation X is recorded"),
]


@pytest.mark.parametrize(("arguments", "code", "words"), WRONG)
def test_wrong_input_gets_one_line(arguments, code, words):
    """
    What cannot be recorded or asked is said in one line, with its exit code.
    """
    add("Q")
    at_head = head()
    told = rec(*arguments)

    assert (told.code, told.out, told.err.count("\n")) == (code, "", 1)
    assert words in told.err
    assert head() == at_head


def test_what_is_shown_is_safe():
    """
    Text that a terminal would obey is shown as escapes.
    """
    add("R", "--report", "a\u202eb")

    assert r"a\u202eb" in rec("show", "R").out
