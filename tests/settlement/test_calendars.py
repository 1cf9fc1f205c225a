"""Business days against an independent library, every day from 2024 to 2040; every difference is named here."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.settlement import calendars
from gateway.settlement.holidays import CALENDARS

YEARS = range(2024, 2041)
days = st.dates(date(2024, 1, 1), date(2040, 12, 31)).map(date.isoformat)
names = st.sampled_from([*CALENDARS, "T2+PL", "FED+GB"])

# What the library and the tables say differently, and why: rule -> calendar, the library's name of the day ("" where
# only we have it), and how it falls.
EXPLAINED = {
    "US": {
        "(observed)": "the library has the Friday before a Saturday, which offices keep; Federal Reserve Banks are open"
    },
    "IE": {
        "": "banks also close on Good Friday, and on the next weekday for a holiday of the weekend: the library leaves both out"
    },
    "NL": {"Liberation Day": "a day off for the state once in five years; banks settle"},
    "LU": {"Christmas Eve (afternoon)": "half a day", "New Year's Eve": "half a day"},
    "SE": {"(from 2pm)": "half days"},
    "DK": {
        "": "banks close on 5 June, the day after Ascension, 24 and 31 December; the library's public days leave them out"
    },
    "GR": {"": "Labour Day is moved by decree", "Labor Day": "Labour Day is moved by decree, to another day each time"},
    "CH": {"": "2 January: kept by banks in Zurich, not a public holiday there"},
}


def library(calendar: str) -> dict[date, str]:
    holidays = pytest.importorskip("holidays")
    if calendar in ("T2", "FED"):
        return dict(holidays.financial_holidays({"T2": "ECB"}.get(calendar, calendar), years=YEARS))
    country = getattr(holidays, calendar)
    categories = tuple(c for c in ("public", "bank") if c in country.supported_categories)
    return dict(country(years=YEARS, categories=categories, subdiv={"GB": "ENG", "CH": "ZH"}.get(calendar)))


@pytest.mark.parametrize("calendar", CALENDARS)
def test_every_weekday_is_what_the_library_says_or_is_explained(calendar: str) -> None:
    theirs = library(calendar)
    differing: dict[str, list[date]] = {}
    for number in range((date(2041, 1, 1) - date(2024, 1, 1)).days):
        day = date(2024, 1, 1) + timedelta(days=number)
        if day.weekday() < 5 and calendars.is_business_day(calendar, day.isoformat()) == (day in theirs):
            differing.setdefault(theirs.get(day, ""), []).append(day)
    reasons = EXPLAINED.get(calendar, {})
    unexplained = [name for name in differing if not any(name == r or (r and r in name) for r in reasons)]
    assert not unexplained, {name: differing[name] for name in unexplained}
    unused = [r for r in reasons if not any(name == r or (r and r in name) for name in differing)]
    assert not unused, f"nothing differs any more for {unused}"


def test_holidays_of_the_federal_reserve_on_a_weekend() -> None:
    assert calendars.is_business_day("FED", "2026-07-03")  # the fourth is a Saturday: open on the Friday
    assert not calendars.is_business_day("FED", "2027-07-05")  # the fourth is a Sunday: closed on the Monday
    assert not calendars.is_business_day("FED", "2028-06-19")
    assert calendars.holidays("T2", 2026) == [
        "2026-01-01", "2026-04-03", "2026-04-06", "2026-05-01", "2026-12-25", "2026-12-26",
    ]  # fmt: skip


def test_christmas_on_a_saturday_moves_both_days_in_the_united_kingdom() -> None:
    closed = [f"2027-12-{day}" for day in range(25, 32) if not calendars.is_business_day("GB", f"2027-12-{day}")]
    assert closed == ["2027-12-25", "2027-12-26", "2027-12-27", "2027-12-28"]
    assert not calendars.is_business_day("GB", "2028-01-03")  # New Year's Day 2028 is a Saturday


@given(st.integers(1583, 4099))
def test_easter_is_a_sunday_in_its_five_weeks(year: int) -> None:
    sunday = calendars.easter(year)
    assert sunday.weekday() == calendars.SUNDAY
    assert date(year, 3, 22) <= sunday <= date(year, 4, 25)


def test_easter_against_an_independent_reckoning() -> None:
    easter = pytest.importorskip("dateutil.easter").easter
    for year in range(1900, 2200):
        assert calendars.easter(year) == easter(year)
        assert calendars.orthodox_easter(year) == easter(year, 2)


@given(names, days, st.integers(-60, 60))
def test_adding_and_counting_agree(calendar: str, day: str, count: int) -> None:
    there = calendars.add_business_days(calendar, day, count)
    assert count == 0 or calendars.is_business_day(calendar, there)
    if count >= 0:
        assert calendars.count_business_days(calendar, day, there) == count
    if calendars.is_business_day(calendar, day):
        assert calendars.add_business_days(calendar, there, -count) == day


@given(names, days)
def test_next_and_previous_are_the_nearest(calendar: str, day: str) -> None:
    after, before = calendars.next_business_day(calendar, day), calendars.previous_business_day(calendar, day)
    assert before < day < after
    between = calendars.count_business_days(calendar, before, after)
    assert between == 1 + calendars.is_business_day(calendar, day)
    assert calendars.on_or_after(calendar, day) in (day, after)


def test_joined_calendars_are_open_when_all_are() -> None:
    assert calendars.is_business_day("T2", "2026-11-11")
    assert not calendars.is_business_day("T2+PL", "2026-11-11")
    assert calendars.is_calendar("T2+PL")
    assert not calendars.is_calendar("T2+XX")


@pytest.mark.parametrize(
    ("calendar", "day", "at", "zone", "expected"),
    [
        ("T2", "2026-01-15", "18:00", "Europe/Berlin", datetime(2026, 1, 15, 17, tzinfo=UTC)),
        ("T2", "2026-07-15", "18:00", "Europe/Berlin", datetime(2026, 7, 15, 16, tzinfo=UTC)),
        ("T2", "2026-04-03", "18:00", "Europe/Berlin", datetime(2026, 4, 7, 16, tzinfo=UTC)),  # Good Friday
        ("FED", "2026-03-06", "16:45", "America/New_York", datetime(2026, 3, 6, 21, 45, tzinfo=UTC)),
        ("FED", "2026-03-09", "16:45", "America/New_York", datetime(2026, 3, 9, 20, 45, tzinfo=UTC)),
    ],
)
def test_a_cutoff_follows_the_clocks(calendar: str, day: str, at: str, zone: str, expected: datetime) -> None:
    assert calendars.cutoff(calendar, day, at, zone) == int(expected.timestamp()) * 10**9


@given(names, days)
def test_a_moment_belongs_to_the_day_whose_cutoff_comes_next(calendar: str, day: str) -> None:
    zone = "America/New_York"
    end = calendars.cutoff(calendar, day, "17:00", zone)
    own = calendars.on_or_after(calendar, day)
    assert calendars.business_date(calendar, end - 1, "17:00", zone) == own
    assert calendars.business_date(calendar, end, "17:00", zone) == calendars.next_business_day(calendar, own)
