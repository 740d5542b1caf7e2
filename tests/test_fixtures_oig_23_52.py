"""The audit fixture: its bytes, its story, and ledgers of any size."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "fixtures" / "oig-23-52"
YEARS = range(2017, 2023)
PRINTINGS = {year: f"{year + 1}-01-16T05:00:00Z" for year in YEARS}
"""The first instant after each 15 January in New York, in UTC."""
AUDIT = "2023-03-01T05:00:00Z"
EVER = "9999"


def build(*arguments):
    """Run the generator as a user does."""
    return subprocess.run(
        [sys.executable, str(FOLDER / "build.py"), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


def read(name):
    """Return the lines of a file of the fixture."""
    return [json.loads(line) for line in (FOLDER / name).read_text().splitlines()]


# --- the contract, said slowly -----------------------------------------------
# Every `known_at` of the fixture is UTC with `Z` and whole seconds: text sorts as time.


def fiscal_year(day):
    """Return the year a day or instant as text is in: it begins in October."""
    return int(day[:4]) + (day[5:7] >= "10")


def meets(fact):
    """Say whether one determination meets the TCO definition."""
    answers = (fact["association"], fact["transnational"])
    if "no" in answers:
        return "no"
    return "yes" if answers == ("yes", "yes") else "unknown"


def last(facts, *events, outcome=None):
    """Return the last of these events that names this outcome, or none."""
    named = [
        fact
        for fact in facts
        if fact["event"] in events and fact.get("outcome") == outcome
    ]
    return named[-1] if named else {"event": None}


def countable(facts):
    """Say whether an SCR stands and is approved, after these facts."""
    panel = last(facts, "approved", "returned", "rescinded")["event"]
    return (
        panel == "approved" and last(facts, "voided", "reinstated")["event"] != "voided"
    )


def outcome_years(facts):
    """Return the fiscal years of the live outcomes of an SCR that counts."""
    years = set()
    for fact in facts:
        if fact["event"] not in ("disrupted", "dismantled") or not countable(facts):
            continue
        name = fact["outcome"]
        dated = last(facts, fact["event"], "redated", outcome=name)
        panel = last(facts, "approved", "returned", "rescinded", outcome=name)["event"]
        undone = last(facts, "reversed", outcome=name)["event"]
        if panel in (None, "approved") and not undone:
            years.add(fiscal_year(dated["effective_on"]))
    return years


def first_approved(facts):
    """Return the fiscal year of the first approval of the SCR itself."""
    days = [
        fact["effective_on"]
        for fact in facts
        if fact["event"] == "approved" and "outcome" not in fact
    ]
    return fiscal_year(days[0]) if days else None


def entered_years(facts):
    """Return the fiscal years in which `entered-all` counts an SCR."""
    return outcome_years(facts) | (
        {first_approved(facts)} if countable(facts) else set()
    )


def category(facts):
    """Return the category of an SCR."""
    return last(facts, "classified", "reclassified").get("category")


def determinations(facts):
    """Return every answer on the TCO, in order."""
    return [fact for fact in facts if fact["event"] in ("determined", "redetermined")]


# --- the fixture, read once --------------------------------------------------


@pytest.fixture(scope="module")
def events():
    """
    Every fact of the fixture, in the order of the file.
    """
    return read("events.jsonl")


@pytest.fixture(scope="module")
def scrs(events):
    """
    The facts of each SCR.
    """
    streams = defaultdict(list)
    for fact in events:
        if "scr" in fact:
            streams[fact["scr"]].append(fact)
    return streams


@pytest.fixture(scope="module")
def known(scrs):
    """
    A function that gives every SCR's facts known before an instant.
    """
    kept = {}

    def at(instant):
        if instant not in kept:
            cut = {
                scr: [fact for fact in facts if fact["known_at"] < instant]
                for scr, facts in scrs.items()
            }
            kept[instant] = {scr: facts for scr, facts in cut.items() if facts}
        return kept[instant]

    return at


@pytest.fixture(scope="module")
def figures(known):
    """
    A function that gives `dd-all` and `entered-all` of a year before an instant.
    """

    def at(instant, year):
        streams = known(instant).values()
        return (
            sum(year in outcome_years(facts) for facts in streams),
            sum(year in entered_years(facts) for facts in streams),
        )

    return at


@pytest.fixture(scope="module")
def sample():
    """
    How the sample was drawn, then its items.
    """
    return read("sample.jsonl")


@pytest.fixture(scope="module")
def findings(sample):
    """
    The SCRs found not to be on a TCO.
    """
    return [item["scr"] for item in sample[1:] if item["finding"] == "not a TCO"]


@pytest.fixture(scope="module")
def parts(known, findings):
    """
    How each of the 253 entered the printings, as known on their days.
    """
    counted, denominator = set(), set()
    for year, instant in PRINTINGS.items():
        for scr in findings:
            facts = known(instant).get(scr, [])
            if year in outcome_years(facts):
                counted.add(scr)
            elif year < 2020 and year in entered_years(facts):
                denominator.add(scr)
    return counted, denominator - counted


# --- bytes -------------------------------------------------------------------


class TestCheck:
    """The generator and the files it made."""

    def test_reproduces_every_byte(self):
        """
        The seed gives every byte of the files, and saying so takes one line.
        """
        done = build("--check")

        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.count("\n") == 1

    def test_names_the_first_difference(self, tmp_path):
        """
        A changed byte is found, by file and place, and the exit code is 1.
        """
        for path in [*FOLDER.glob("*.*l"), *FOLDER.glob("*.csv"), FOLDER / "build.py"]:
            (tmp_path / path.name).write_bytes(path.read_bytes())
        changed = bytearray((tmp_path / "printed.jsonl").read_bytes())
        changed[100] ^= 1
        (tmp_path / "printed.jsonl").write_bytes(changed)

        done = subprocess.run(
            [sys.executable, str(tmp_path / "build.py"), "--check"],
            capture_output=True,
            text=True,
            check=False,
        )

        assert (done.returncode, done.stdout) == (1, "")
        assert re.search(r"printed\.jsonl differs .* byte 100 on$", done.stderr)

    def test_is_small(self):
        """
        The facts stay small enough to be kept with the code.
        """
        assert (FOLDER / "events.jsonl").stat().st_size < 6_000_000


# --- the events --------------------------------------------------------------


class TestEvents:
    """The history itself."""

    def test_is_in_the_order_it_became_known(self, events):
        """
        `known_at` never decreases, and is always UTC with whole seconds.
        """
        instants = [fact["known_at"] for fact in events]

        assert instants == sorted(instants)
        assert all(
            re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", each) for each in instants
        )

    def test_is_lawful(self, events):
        """
        No fact is one that an import refuses.
        """
        assert unlawful(events) == []

    def test_covers_eight_years_of_filings(self, scrs):
        """
        Three thousand SCRs were filed, some in each fiscal year from 2016 to 2023.
        """
        filed = Counter(
            fiscal_year(facts[0]["effective_on"]) for facts in scrs.values()
        )

        assert sum(filed.values()) == 3000
        assert sorted(filed) == list(range(2016, 2024))

    def test_says_it_is_synthetic(self, events):
        """
        Every filing and every fact on an organization names its source as synthetic.
        """
        marked = [
            fact for fact in events if fact["event"] == "filed" or "scr" not in fact
        ]

        assert {fact["source"] for fact in marked} == {"synthetic"}

    def test_knows_every_event(self, events):
        """
        Every event of the contract happens, on outcomes too where it may.
        """
        happened = {fact["event"] for fact in events}
        on_outcomes = {fact["event"] for fact in events if "outcome" in fact}

        assert len(happened) == 19
        assert {"approved", "returned", "rescinded", "redated"} <= on_outcomes
        assert any("from" in fact for fact in events)
        assert any("duplicate_of" in fact for fact in events)

    def test_has_a_last_evening(self, figures):
        """
        For some year, taking midnight UTC for the end of the day gives a wrong figure.
        """
        late = [
            year
            for year in YEARS
            if figures(f"{year + 1}-01-16T00:00:00Z", year)
            != figures(PRINTINGS[year], year)
        ]

        assert late


# --- the printings -----------------------------------------------------------


class TestPrinted:
    """What was printed, and what the facts known that day give."""

    def test_one_line_per_printing(self):
        """
        There is one printing for each fiscal year, on 15 January after it.
        """
        printed = read("printed.jsonl")

        assert [line["fiscal_year"] for line in printed] == list(YEARS)
        assert all(
            line["printed_on"] == line["as_of"] == f"{line['fiscal_year'] + 1}-01-15"
            for line in printed
        )
        assert all(line["synthetic"] is True for line in printed)

    def test_measure_changes_once(self):
        """
        A rate is printed for FY 2017 to FY 2019, a count from FY 2020 on.
        """
        definitions = {
            line["fiscal_year"]: line["definition"] for line in read("printed.jsonl")
        }
        rate = {"kind": "rate", "numerator": "dd-all", "denominator": "entered-all"}
        number = {"kind": "count", "numerator": "dd-all"}

        assert definitions == {year: rate if year < 2020 else number for year in YEARS}

    def test_one_figure_is_unsupported(self, figures):
        """
        All figures but that of FY 2020 are what the facts known that day give.
        """
        wrong = {}
        for line in read("printed.jsonl"):
            year = line["fiscal_year"]
            given = dict(
                zip(
                    ("dd-all", "entered-all"),
                    figures(PRINTINGS[year], year),
                    strict=True,
                )
            )
            for measure, figure in line["figures"].items():
                if figure != given[measure]:
                    wrong[year, measure] = (figure, given[measure])

        assert wrong == {(2020, "dd-all"): (245, 254)}

    def test_text_is_that_of_the_figures(self):
        """
        The text as printed is the count, or the rate in percent with one decimal.
        """
        for line in read("printed.jsonl"):
            shown, whole = line["figures"]["dd-all"], line["figures"].get("entered-all")
            text = f"{100 * shown / whole:.1f} %" if whole else str(shown)

            assert line["printed"] == text

    def test_years_were_revised(self, figures):
        """
        Most years have another `dd-all` today than the day they were printed.
        """
        then = [figures(PRINTINGS[year], year)[0] for year in YEARS]
        today = [figures(EVER, year)[0] for year in YEARS]

        assert sum(one != other for one, other in zip(then, today, strict=True)) >= 4
        assert all(
            abs(one - other) <= one // 8 for one, other in zip(then, today, strict=True)
        )


# --- the audit ---------------------------------------------------------------


class TestSample:
    """The 422, and what was found of them."""

    def test_is_drawn_from_the_frame(self, known, sample):
        """
        The items are the 422 of the frame with the lowest SHA-256 of `seed,scr`.
        """
        header, *items = sample
        frame = sorted(
            scr
            for scr, facts in known(AUDIT).items()
            if countable(facts) and fiscal_year(facts[0]["effective_on"]) in YEARS
        )
        order = sorted(
            (sha256(f"{header['seed']},{scr}".encode()).hexdigest(), scr)
            for scr in frame
        )

        assert header["frame_size"] == len(frame)
        assert (
            header["frame_sha256"]
            == sha256("".join(f"{scr}\n" for scr in frame).encode()).hexdigest()
        )
        assert [(item["sha256"], item["scr"]) for item in items] == order[:422]
        assert [item["rank"] for item in items] == list(range(1, 423))
        assert all(line["synthetic"] is True for line in sample)

    def test_findings_add_up(self, sample):
        """
        Of 422, 253 are not TCOs; for 169 no exception was found.
        """
        counted = Counter(item["finding"] for item in sample[1:])

        assert counted == {"not a TCO": 253, "no exception found": 169}

    def test_category_is_that_of_the_day(self, known, sample):
        """
        The auditors saw the category that was known at the end of February 2023.
        """
        for item in sample[1:]:
            assert item["category"] == (category(known(AUDIT)[item["scr"]]) or "none")

    def test_parts_in_the_measure(self, known, findings, parts):
        """
        The 253 are 123 counted, 48 in a denominator only, and 82 in no printing.
        """
        counted, denominator = parts
        unprinted = set(findings) - counted - denominator

        def by_category(some):
            seen = Counter(category(known(AUDIT)[scr]) for scr in some)
            named = ("crimes-against-children", "worksite-enforcement")
            return (*(seen.pop(each, 0) for each in named), seen.total())

        assert by_category(counted) == (77, 2, 44)
        assert by_category(denominator) == (30, 1, 17)
        assert by_category(unprinted) == (0, 0, 82)

    def test_first_approvals(self, known, findings, parts):
        """
        Those in a denominator were approved by FY 2019, those in no printing later.
        """
        counted, denominator = parts
        rest = set(findings) - counted - denominator
        approved = {scr: first_approved(known(AUDIT)[scr]) for scr in findings}

        assert {approved[scr] for scr in denominator} == {2017, 2018, 2019}
        assert {approved[scr] for scr in rest} == {2020, 2021, 2022}

    def test_determinations_before(self, known, findings, parts):
        """
        25 of the 123 had been determined to be TCOs; 228 had no determination.
        """
        before = {scr: determinations(known(AUDIT)[scr]) for scr in findings}
        answered = {scr for scr, facts in before.items() if facts}

        assert len(answered) == 25
        assert answered <= parts[0]
        assert all(meets(before[scr][-1]) == "yes" for scr in answered)

    def test_determinations_after(self, scrs, findings):
        """
        From 12 September 2023 the 25 are redetermined, the 228 determined, to be none.
        """
        after = Counter()
        for scr in findings:
            final = determinations(scrs[scr])[-1]
            after[final["event"]] += 1
            assert final["known_at"] >= "2023-09-12"
            assert meets(final) == "no"
            assert final.get("reason") or final.get("note")

        assert after == {"redetermined": 25, "determined": 228}

    def test_no_exception_is_no_answer(self, scrs, sample):
        """
        Of the 169 some were determined to be TCOs, some unknown, some not at all.
        """
        clean = [item["scr"] for item in sample[1:] if item["finding"] != "not a TCO"]
        answers = Counter(
            meets(found[-1]) if (found := determinations(scrs[scr])) else "none"
            for scr in clean
        )

        assert set(answers) == {"yes", "unknown", "none"}


class TestRequests:
    """The requests for resources."""

    def test_one_in_fifty_cites(self, known):
        """
        One of 50 requests cites SCR data, truly; the others say why they do not.
        """
        requests = read("requests.jsonl")
        (citing,) = (each for each in requests if each["cites"])
        (cite,) = citing["cites"]
        end = f"{date.fromisoformat(cite['as_of']).replace(day=16)}T05:00:00Z"
        value = sum(
            cite["fiscal_year"] in outcome_years(facts)
            and program(facts) == cite["where"]["program"]
            for facts in known(end).values()
        )

        assert len(requests) == len({each["request"] for each in requests}) == 50
        assert sum(bool(each.get("reason")) for each in requests) == 49
        assert all(each["synthetic"] is True for each in requests)
        assert cite["as_of"].endswith("-02-15")
        assert cite["value"] == value

    def test_offices_have_cases(self, scrs):
        """
        Every program office that asks is the program of some SCRs.
        """
        offices = {each["program_office"] for each in read("requests.jsonl")}

        assert offices <= {program(facts) for facts in scrs.values()}


def program(facts):
    """Return the program of an SCR."""
    named = [fact["program"] for fact in facts if "program" in fact]
    return named[-1] if named else None


class TestReadme:
    """The page that says what is published and what is not."""

    @pytest.mark.parametrize(
        "number", ["422", "253", "171", "at least 123", "107", "3", "98 %"]
    )
    def test_states_every_published_number(self, number):
        """
        Each published number has its row in the table of published facts.
        """
        assert re.search(
            rf"^\| {number} \|", (FOLDER / "README.md").read_text(), re.MULTILINE
        )

    def test_years_are_those_of_the_ledger(self, figures):
        """
        Its table per year is what was printed, known that day, and known today.
        """
        text = (FOLDER / "README.md").read_text()
        for line in read("printed.jsonl"):
            year = line["fiscal_year"]
            cells = (
                year,
                line["printed"],
                *figures(PRINTINGS[year], year),
                *figures(EVER, year),
            )

            assert f"| {' | '.join(map(str, cells))} |" in text

    def test_names_the_sample_and_the_unsupported_figure(self, sample):
        """
        It gives the seed, the size of the frame, and the figure that is wrong.
        """
        text = (FOLDER / "README.md").read_text()

        assert f"`{sample[0]['seed']}`" in text
        assert f"{sample[0]['frame_size']} of them" in text
        assert "FY 2020 was printed as 245" in text
        assert "give 254, so it is 9 too low" in text


# --- ledgers of any size -----------------------------------------------------

COMMON = {"event", "effective_on", "known_at", "by", "source"}
FIELDS = {
    "filed": {"case_number", "office", "program"},
    "classified": {"category", "subcategory"},
    "determined": {"association", "transnational", "organization"},
    "approved": set(),
    "returned": {"reason"},
    "disrupted": {"outcome"},
    "dismantled": {"outcome"},
    "transferred": {"office"},
    "reclassified": {"category", "subcategory", "reason"},
    "redetermined": {"association", "transnational", "reason"},
    "redated": {"outcome", "reason"},
    "reversed": {"outcome", "reason"},
    "rescinded": {"reason"},
    "voided": {"reason"},
    "merged": {"into", "reason"},
    "unmerged": {"reason"},
}


def unlawful(facts):
    """Return the facts, with the rule, that an import refuses after one another."""
    seen, voided, outcomes = {}, {}, defaultdict(dict)
    merged, duplicates = {}, {}
    refused = []
    for fact in facts:
        subject = fact.get("scr") or f"organization {fact['organization']}"
        event, outcome = fact["event"], fact.get("outcome")
        own = outcomes[subject]
        rules = {
            "known earlier": fact["known_at"] < seen.get(subject, ""),
            "filed once, first": "scr" in fact
            and (event == "filed") == (subject in seen),
            "voided": voided.get(subject, False) != (event == "reinstated"),
            "outcome used twice": event in ("disrupted", "dismantled")
            and outcome in own,
            "unknown outcome": event not in ("disrupted", "dismantled")
            and outcome is not None
            and outcome not in own,
            "outcome reversed": event in ("redated", "reversed")
            and own.get(outcome) == "reversed",
            "merged": (event == "merged" and subject in merged)
            or (event == "unmerged" and subject not in merged),
            "circle": reaches(merged, f"organization {fact.get('into')}", subject)
            or reaches(duplicates, fact.get("duplicate_of"), subject),
        }
        refused += [(rule, fact) for rule, broken in rules.items() if broken]
        seen[subject] = fact["known_at"]
        match event:
            case "disrupted" | "dismantled" | "reversed":
                own[outcome] = event
            case "voided":
                voided[subject] = True
                duplicates[subject] = fact.get("duplicate_of")
            case "reinstated":
                voided[subject] = False
                duplicates.pop(subject)
            case "merged":
                merged[subject] = f"organization {fact['into']}"
            case "unmerged":
                merged.pop(subject, None)
    return refused


def reaches(links, start, end):
    """Say whether a chain of links from one id comes to another."""
    while start is not None and start != end:
        start = links.get(start)
    return start is not None


@pytest.fixture(scope="module")
def stream(tmp_path_factory):
    """
    A function that gives the bytes of a streamed ledger.
    """
    kept = {}

    def bulk(*options):
        if options not in kept:
            path = tmp_path_factory.mktemp("bulk") / "bulk.jsonl"
            assert build(*options, "-o", path).returncode == 0
            kept[options] = path.read_bytes()
        return kept[options]

    return bulk


LOG = ("--facts", "2000", "--seed", "7")


class TestFacts:
    """Streams of about so many facts."""

    def test_has_about_so_many(self, stream):
        """
        The number of lines is near the number asked for.
        """
        assert 1800 < stream(*LOG).count(b"\n") < 2200

    @pytest.mark.parametrize("shape", ["log", "cases"])
    def test_is_lawful(self, stream, shape):
        """
        Every line is a fact with its own fields, and none that an import refuses.
        """
        facts = [
            json.loads(line) for line in stream(*LOG, "--shape", shape).splitlines()
        ]

        assert unlawful(facts) == []
        for fact in facts:
            subject = "scr" if "scr" in fact else "organization"
            required = {subject, *FIELDS[fact["event"]]}
            assert required <= set(fact) <= required | COMMON | {"outcome"}
            assert re.fullmatch(r"[A-Za-z0-9._/-]{1,64}", fact[subject])
            assert date.fromisoformat(fact["effective_on"]) <= known_on(fact)

    def test_covers_ten_years(self, stream):
        """
        Facts become known over ten fiscal years, in the order of the log.
        """
        facts = [json.loads(line) for line in stream(*LOG).splitlines()]
        instants = [fact["known_at"] for fact in facts]

        assert instants == sorted(instants)
        assert {fiscal_year(each) for each in instants} == set(range(2013, 2023))
        assert len({fact["office"] for fact in facts if fact["event"] == "filed"}) == 30

    def test_shapes_hold_the_same_facts(self, stream):
        """
        Both shapes have the same lines; one has every SCR whole.
        """
        log, cases = stream(*LOG).splitlines(), stream(*LOG, "--shape", "cases")
        subjects = [
            json.loads(line).get("scr", "organizations") for line in cases.splitlines()
        ]
        starts = [
            each
            for each, before in zip(subjects, ["", *subjects], strict=False)
            if each != before
        ]

        assert sorted(log) == sorted(cases.splitlines())
        assert len(starts) == len(set(subjects))

    def test_seed_decides_every_byte(self, stream, tmp_path):
        """
        The same seed gives the same bytes, another seed others.
        """
        again = tmp_path / "again.jsonl"
        build(*LOG, "-o", again)

        assert again.read_bytes() == stream(*LOG)
        assert stream("--facts", "2000", "--seed", "8") != stream(*LOG)

    def test_bytes_are_pinned(self, stream):
        """
        The stream is the same on every machine and version: benchmarks compare.
        """
        digest = sha256(stream(*LOG)).hexdigest()

        assert (
            digest == "f7ff9f4607cac4373a31db67b28d2de2db4b10a1244154afc6fcce8fb6fe8de4"
        )

    @pytest.mark.parametrize("number", [1, 40, 1000])
    def test_small_ones_are_lawful_too(self, stream, number):
        """
        However few facts are asked for, there are some, and they are lawful.
        """
        lines = stream("--facts", number).splitlines()

        assert lines
        assert unlawful([json.loads(line) for line in lines]) == []


def known_on(fact):
    """Return the day in New York: every instant of a stream is within office hours."""
    instant = datetime.fromisoformat(fact["known_at"])
    assert 13 <= instant.hour <= 22
    return instant.date()
