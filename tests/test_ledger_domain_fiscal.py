"""Fiscal years, ends of days in a time zone, and instants as text and as integers."""

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain import fiscal

kept_days = st.dates(date(1900, 1, 1), date(2999, 12, 31))
kept_instants = st.datetimes(
    datetime(1900, 1, 1),  # noqa: DTZ001  # Hypothesis wants these without a zone.
    datetime(2999, 12, 31, 23, 59, 59, 999_999),  # noqa: DTZ001
    timezones=st.just(UTC),
)


class TestFiscalYear:
    """Which fiscal year a day is in."""

    @pytest.mark.parametrize(
        ("day", "year"),
        [
            ("2016-09-30", 2016),
            ("2016-10-01", 2017),
            ("2017-12-31", 2018),
            ("2018-01-01", 2018),
            ("2022-09-30", 2022),
            ("2022-10-01", 2023),
            ("2024-02-29", 2024),
            ("1900-01-01", 1900),
            ("2999-12-31", 3000),
        ],
    )
    def test_begins_on_1_october(self, day, year):
        """
        A fiscal year is named after the calendar year it ends in, 31 USC 1102.
        """
        assert fiscal.fiscal_year(date.fromisoformat(day)) == year
        assert fiscal.fiscal_year_of(day) == year

    @given(kept_days)
    def test_text_and_day_agree(self, day):
        """
        The quick way from text gives every day the year that the day itself has.
        """
        assert fiscal.fiscal_year_of(day.isoformat()) == fiscal.fiscal_year(day)

    @pytest.mark.parametrize("year", [1900, 2016, 2023, 2024, 2999])
    def test_first_and_last_day(self, year):
        """
        Both ends of a fiscal year are in it, and their neighbours are not.
        """
        first, last = fiscal.first_day(year), fiscal.last_day(year)
        day = timedelta(days=1)

        assert (first, last) == (date(year - 1, 10, 1), date(year, 9, 30))
        assert [fiscal.fiscal_year(at) for at in (first - day, first)] == [
            year - 1,
            year,
        ]
        assert [fiscal.fiscal_year(at) for at in (last, last + day)] == [year, year + 1]


class TestEndOfDay:
    """When a day ends in a time zone."""

    @pytest.mark.parametrize(
        ("day", "zone", "end"),
        [
            # Summer time, winter time; the ends of fiscal years.
            ("2018-09-30", "America/New_York", "2018-10-01T04:00:00Z"),
            ("2020-01-15", "America/New_York", "2020-01-16T05:00:00Z"),
            ("2018-09-30", "UTC", "2018-10-01T00:00:00Z"),
            ("2018-09-30", "Asia/Kolkata", "2018-09-30T18:30:00Z"),
            # Clocks change during the night, not at midnight: days of 23 and 25 hours.
            ("2022-03-12", "America/New_York", "2022-03-13T05:00:00Z"),
            ("2022-03-13", "America/New_York", "2022-03-14T04:00:00Z"),
            ("2022-11-05", "America/New_York", "2022-11-06T04:00:00Z"),
            ("2022-11-06", "America/New_York", "2022-11-07T05:00:00Z"),
            # Midnight is skipped: the day begins at 01:00.
            ("2018-11-03", "America/Sao_Paulo", "2018-11-04T03:00:00Z"),
            ("2022-03-26", "Asia/Beirut", "2022-03-26T22:00:00Z"),
            # 23:30 is followed by 00:30: the day begins at 00:30.
            ("1919-03-30", "America/Toronto", "1919-03-31T04:30:00Z"),
            # The hour before midnight is repeated: the day begins after the second.
            ("2018-02-17", "America/Sao_Paulo", "2018-02-18T03:00:00Z"),
            # The hour after midnight is repeated: the day begins with the first.
            ("2016-11-05", "America/Havana", "2016-11-06T04:00:00Z"),
            # At 00:01 clocks go back to 23:01: the first of the two midnights.
            ("2010-11-06", "America/St_Johns", "2010-11-07T02:30:00Z"),
            # 30 December 2011 did not happen: it begins when the 31st does.
            ("2011-12-29", "Pacific/Apia", "2011-12-30T10:00:00Z"),
            ("2011-12-30", "Pacific/Apia", "2011-12-30T10:00:00Z"),
        ],
    )
    def test_is_where_the_next_day_begins(self, day, zone, end):
        """
        A day ends at the first instant of the next one on the zone's clocks.
        """
        got = fiscal.end_of_day(date.fromisoformat(day), zone)

        assert fiscal.format_instant(got) == end

    def test_evening_of_the_last_day(self):
        """
        22:00 in New York on 30 September is before its end, though UTC has October.
        """
        evening = fiscal.parse_instant("2018-09-30T22:00:00-04:00")
        end = fiscal.end_of_day(date(2018, 9, 30), "America/New_York")

        assert evening.date() == date(2018, 10, 1)
        assert evening < end

    def test_both_of_a_repeated_hour(self):
        """
        On 6 November 2022, 01:30 comes twice in New York, and both are in that day.
        """
        start = fiscal.end_of_day(date(2022, 11, 5), "America/New_York")
        end = fiscal.end_of_day(date(2022, 11, 6), "America/New_York")
        first = fiscal.parse_instant("2022-11-06T01:30:00-04:00")
        second = fiscal.parse_instant("2022-11-06T01:30:00-05:00")

        assert start < first < second < end
        assert end - start == timedelta(hours=25)

    @given(
        kept_days,
        st.sampled_from(
            ["America/New_York", "America/Sao_Paulo", "Asia/Beirut", "America/Toronto"]
        ),
    )
    def test_divides_the_days(self, day, zone):
        """
        The instant is in a later day, and the second before it is not.
        """
        end = fiscal.end_of_day(day, zone)
        before = end - timedelta(seconds=1)

        assert end.tzinfo is UTC
        assert before.astimezone(ZoneInfo(zone)).date() <= day
        assert end.astimezone(ZoneInfo(zone)).date() > day

    @pytest.mark.parametrize("zone", ["", "Mars/Olympus", "America", "../x", "a\0b"])
    def test_refuses_an_unknown_zone(self, zone):
        """
        A name that is no time zone is refused, whatever it does to a file system.
        """
        with pytest.raises(ValueError, match="there is no time zone"):
            fiscal.end_of_day(date(2020, 1, 1), zone)


class TestDaysIn:
    """Which day an instant falls on."""

    @pytest.mark.parametrize(
        ("instant", "zone", "day"),
        [
            ("2019-03-06T04:59:59.999999Z", "America/New_York", "2019-03-05"),
            ("2019-03-06T05:00:00Z", "America/New_York", "2019-03-06"),
            ("2019-07-06T03:59:59Z", "America/New_York", "2019-07-05"),
            ("2019-07-06T04:00:00Z", "America/New_York", "2019-07-06"),
            ("2019-07-06T18:30:00Z", "Asia/Kolkata", "2019-07-07"),
            ("2019-07-06T04:00:00+14:00", "UTC", "2019-07-05"),
        ],
    )
    def test_the_clocks_there_decide(self, instant, zone, day):
        """
        The same instant is of different days in different zones and seasons.
        """
        moment = datetime.fromisoformat(instant)

        assert fiscal.days_in(zone)(moment) == date.fromisoformat(day)

    @given(kept_days, st.sampled_from(["America/New_York", "Asia/Beirut", "UTC"]))
    def test_a_day_ends_where_the_next_begins(self, day, zone):
        """
        The second before the end of a day is not later than it; the end is.
        """
        day_of = fiscal.days_in(zone)
        end = fiscal.end_of_day(day, zone)

        assert day_of(end - timedelta(seconds=1)) <= day < day_of(end)

    def test_refuses_an_unknown_zone(self):
        """
        At once, not when the first day is asked for.
        """
        with pytest.raises(ValueError, match="there is no time zone"):
            fiscal.days_in("Mars/Olympus")


class TestParseFiscalYears:
    """Fiscal years as a user writes them."""

    @pytest.mark.parametrize(
        ("text", "years"),
        [
            ("2019", [2019]),
            ("FY2019", [2019]),
            ("2017..2019", [2017, 2018, 2019]),
            ("FY2017..FY2019", [2017, 2018, 2019]),
            ("2019..2019", [2019]),
            ("1900", [1900]),
            ("2999", [2999]),
        ],
    )
    def test_takes(self, text, years):
        """
        One year or two with dots between name every year from the first to the last.
        """
        assert list(fiscal.parse_fiscal_years(text)) == years

    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ("", "is not a fiscal year"),
            ("19", "is not a fiscal year"),
            ("FY19", "is not a fiscal year"),
            ("20190", "is not a fiscal year"),
            ("2017-2019", "is not a fiscal year"),
            ("2017..", "is not a fiscal year"),
            ("..2019", "is not a fiscal year"),
            ("2017...2019", "is not a fiscal year"),
            ("2017..FY", "is not a fiscal year"),
            (" 2019", "is not a fiscal year"),
            ("2019\n", "is not a fiscal year"),
            ("-2019", "is not a fiscal year"),
            ("٢٠١٩", "is not a fiscal year"),  # Digits, not ASCII ones.
            ("1899", "is outside the fiscal years 1900 to 3000"),
            ("3001", "is outside the fiscal years 1900 to 3000"),
            ("1899..1901", "is outside the fiscal years 1900 to 3000"),
            ("2998..3001", "is outside the fiscal years 1900 to 3000"),
            ("2019..2017", r"ends before it begins: write 2017\.\.2019"),
        ],
    )
    def test_refuses(self, text, sentence):
        """
        Anything else is refused with a sentence that says what to write.
        """
        with pytest.raises(ValueError, match=sentence):
            fiscal.parse_fiscal_years(text)


class TestParseInstant:
    """Instants as RFC 3339 text, and what is not one."""

    @pytest.mark.parametrize(
        ("text", "written"),
        [
            ("2019-03-06T15:00:00Z", "2019-03-06T15:00:00Z"),
            ("2019-03-06T15:00:00+00:00", "2019-03-06T15:00:00Z"),
            ("2019-03-06T15:00:00-00:00", "2019-03-06T15:00:00Z"),
            ("2019-03-06t15:00:00z", "2019-03-06T15:00:00Z"),
            ("2020-01-15T09:00:00-05:00", "2020-01-15T14:00:00Z"),
            ("2019-03-06T00:15:00+05:45", "2019-03-05T18:30:00Z"),
            ("2019-03-06T15:00:00.5Z", "2019-03-06T15:00:00.500000Z"),
            ("2019-03-06T15:00:00.000001Z", "2019-03-06T15:00:00.000001Z"),
            ("2019-03-06T15:00:00.000000Z", "2019-03-06T15:00:00Z"),
            ("2024-02-29T23:59:59.999999Z", "2024-02-29T23:59:59.999999Z"),
            ("1900-01-01T00:00:00Z", "1900-01-01T00:00:00Z"),
            ("2999-12-31T23:59:59Z", "2999-12-31T23:59:59Z"),
        ],
    )
    def test_takes(self, text, written):
        """
        RFC 3339 with seconds and an offset is read, and written back in UTC.
        """
        instant = fiscal.parse_instant(text)

        assert instant.tzinfo is UTC
        assert fiscal.format_instant(instant) == written

    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ("", "write 2019-03-06T15:00:00Z"),
            ("yesterday", "write 2019-03-06T15:00:00Z"),
            ("2019-03-06", "a day; add a time and an offset"),
            ("2019-03-06T15:00Z", "seconds are missing"),
            ("2019-03-06T15:00", "seconds are missing"),
            ("2019-03-06T15:00:00", "the offset is missing"),
            ("2019-03-06T15:00:00.123", "the offset is missing"),
            ("2019-03-06T15:00:60Z", "leap seconds are not kept"),
            ("2016-12-31T23:59:60Z", "leap seconds are not kept"),
            ("2019-03-06T24:00:00Z", "24:00 is 00:00 of the next day"),
            ("2019-03-06T24:00Z", "24:00 is 00:00 of the next day"),
            ("2019-03-06T15:00:00.1234567Z", "at most six decimals"),
            ("2019-03-06T15:00:00.0000000Z", "at most six decimals"),
            ("2019-03-06T15:00:00.Z", "write 2019-03-06T15:00:00Z"),
            ("2019-03-06T15:00:00,5Z", "write 2019-03-06T15:00:00Z"),
            ("2019-03-06 15:00:00Z", "write 2019-03-06T15:00:00Z"),
            ("2019-03-06T15:00:00 Z", "write 2019-03-06T15:00:00Z"),
            ("2019-03-06T15:00:00Z\n", "write 2019-03-06T15:00:00Z"),
            (" 2019-03-06T15:00:00Z", "write 2019-03-06T15:00:00Z"),
            ("2019-03-06T25:00:00Z", "write 2019-03-06T15:00:00Z"),
            ("2019-03-06T15:61:00Z", "write 2019-03-06T15:00:00Z"),
            ("2019-03-06T15:00:00+05", "write 2019-03-06T15:00:00Z"),
            ("2019-03-06T15:00:00+0500", "write 2019-03-06T15:00:00Z"),
            ("2019-03-06T15:00:00+24:00", "write 2019-03-06T15:00:00Z"),
            ("2019-03-06T15:00:00+05:60", "write 2019-03-06T15:00:00Z"),
            ("2019-03-06T15:00:00+05:00:30", "write 2019-03-06T15:00:00Z"),
            ("2019-03-06T15:00:00-05:00[America/New_York]", "write 2019-03-06T15:0"),
            ("20190306T150000Z", "write 2019-03-06T15:00:00Z"),
            ("2019-W10-3T15:00:00Z", "write 2019-03-06T15:00:00Z"),
            ("19-03-06T15:00:00Z", "write 2019-03-06T15:00:00Z"),
            ("٢٠١٩-03-06T15:00:00Z", "write 2019-03-06T15:00:00Z"),
            ("2019-02-29T15:00:00Z", "there is no such day"),
            ("2019-13-01T15:00:00Z", "there is no such day"),
            ("2019-00-01T15:00:00Z", "there is no such day"),
            ("2019-04-31T15:00:00Z", "there is no such day"),
            ("0000-01-01T00:00:00Z", "there is no such day"),
            ("0001-01-01T00:00:00+05:00", "is outside the years 1900 to 2999"),
            ("9999-12-31T23:59:59-05:00", "is outside the years 1900 to 2999"),
            ("1899-12-31T23:59:59Z", "is outside the years 1900 to 2999"),
            ("3000-01-01T00:00:00Z", "is outside the years 1900 to 2999"),
            ("1900-01-01T00:00:00+05:00", "is outside the years 1900 to 2999"),
            ("1899-12-31T23:00:00-05:00", "is outside the years 1900 to 2999"),
            ("2999-12-31T23:00:00-05:00", "is outside the years 1900 to 2999"),
            ("3000-01-01T00:00:00+05:00", "is outside the years 1900 to 2999"),
        ],
    )
    def test_refuses(self, text, sentence):
        """
        Anything else is refused with a sentence that names the fault.
        """
        with pytest.raises(ValueError, match=sentence):
            fiscal.parse_instant(text)

    @given(st.text(max_size=40) | st.text("0123456789-:.TZ+", max_size=30))
    def test_refusals_are_sentences(self, text):
        """
        Any text is read or refused with ValueError; nothing else happens.
        """
        try:
            instant = fiscal.parse_instant(text)
        except ValueError as error:
            refusal = str(error)
        else:
            refusal = ""

        if refusal:
            assert refusal.startswith(f"{text!r} is ")
        else:
            assert fiscal.parse_instant(fiscal.format_instant(instant)) == instant


class TestInstants:
    """Instants as text and as integers, there and back."""

    @given(kept_instants)
    def test_text_round_trip(self, instant):
        """
        What is written is read back as the same instant, and has six decimals or none.
        """
        text = fiscal.format_instant(instant)

        assert fiscal.parse_instant(text) == instant
        assert len(text) == (27 if instant.microsecond else 20)

    @given(kept_instants, st.integers(-23 * 60 - 59, 23 * 60 + 59))
    def test_offset_does_not_matter(self, instant, minutes):
        """
        One instant has one text and one integer, whatever offset it comes with.
        """
        elsewhere = instant.astimezone(timezone(timedelta(minutes=minutes)))

        assert fiscal.format_instant(elsewhere) == fiscal.format_instant(instant)
        assert fiscal.to_micros(elsewhere) == fiscal.to_micros(instant)

    @given(kept_instants)
    def test_integer_round_trip(self, instant):
        """
        An integer of microseconds gives back exactly the instant it was made of.
        """
        back = fiscal.from_micros(fiscal.to_micros(instant))

        assert back == instant
        assert back.tzinfo is UTC

    @given(kept_instants, kept_instants)
    def test_integers_sort_alike(self, one, other):
        """
        Integers sort as their instants do.
        """
        assert (fiscal.to_micros(one) < fiscal.to_micros(other)) == (one < other)

    @pytest.mark.parametrize(
        ("text", "micros"),
        [
            ("1970-01-01T00:00:00Z", 0),
            ("1969-12-31T23:59:59.999999Z", -1),
            ("2019-03-06T15:00:00.123456Z", 1_551_884_400_123_456),
            ("1900-01-01T00:00:00Z", -2_208_988_800_000_000),
            ("2999-12-31T23:59:59.999999Z", 32_503_679_999_999_999),
        ],
    )
    def test_golden_integers(self, text, micros):
        """
        Microseconds are counted from 1970 without leap seconds, below it too.
        """
        assert fiscal.to_micros(fiscal.parse_instant(text)) == micros
        assert fiscal.format_instant(fiscal.from_micros(micros)) == text

    def test_naive_is_nobodys_instant(self):
        """
        A datetime without a zone is refused, never taken for the machine's own.
        """
        naive = datetime(2019, 3, 6, 15)  # noqa: DTZ001  # The slip itself.

        with pytest.raises(ValueError, match="2019-03-06T15:00:00 has no time zone"):
            fiscal.format_instant(naive)
        with pytest.raises(TypeError):
            fiscal.to_micros(naive)


def test_import_is_light():
    """
    Importing the module does not load time zones: most commands need none.
    """
    code = "import sys, ledger.domain.fiscal; sys.exit('zoneinfo' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
