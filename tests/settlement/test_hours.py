"""When what goes out leaves."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.settlement.calendars import is_business_day
from gateway.settlement.hours import SYSTEMS, is_open, leaves

NEW_YORK = ZoneInfo("America/New_York")


def at(text: str, zone: str = "America/New_York") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()) * 10**9


@pytest.mark.parametrize(
    ("system", "comes", "goes", "settles"),
    [
        ("fedach_same_day", "2026-07-01T09:00", "2026-07-01T10:30", "2026-07-01"),
        ("fedach_same_day", "2026-07-01T10:30", "2026-07-01T14:45", "2026-07-01"),  # the deadline itself is over
        ("fedach_same_day", "2026-07-01T17:00", "2026-07-02T10:30", "2026-07-02"),
        (
            "fedach_same_day",
            "2026-07-03T09:00",
            "2026-07-03T10:30",
            "2026-07-03",
        ),  # the Fed keeps no Friday for a Saturday
        ("fedach", "2026-11-25T12:00", "2026-11-25T22:00", "2026-11-27"),  # Thanksgiving
        ("fedach", "2026-11-25T23:00", "2026-11-27T22:00", "2026-11-30"),
        ("fedwire", "2026-11-25T19:30", "2026-11-26T21:00", "2026-11-27"),  # Thanksgiving's evening opens Friday
        ("fedwire", "2026-11-27T12:00", "2026-11-27T12:00", "2026-11-27"),
        ("fedwire", "2026-11-27T19:00", "2026-11-29T21:00", "2026-11-30"),
        ("fedwire", "2026-03-08T21:30", "2026-03-08T21:30", "2026-03-09"),  # the evening of the day the clocks change
    ],
)
def test_when_it_leaves(system: str, comes: str, goes: str, settles: str) -> None:
    found = leaves(SYSTEMS[system], at(comes))
    assert found is not None
    assert datetime.fromtimestamp(found.at_ns // 10**9, UTC).astimezone(NEW_YORK).strftime("%Y-%m-%dT%H:%M") == goes
    assert found.settles == settles


def test_open_is_now() -> None:
    assert is_open(SYSTEMS["t2"], at("2026-05-04T18:00", "Europe/Berlin") - 1)
    assert not is_open(SYSTEMS["t2"], at("2026-05-04T18:00", "Europe/Berlin"))
    assert not is_open(SYSTEMS["t2"], at("2026-05-01T12:00", "Europe/Berlin"))  # Labour Day
    assert is_open(SYSTEMS["fedach"], at("2026-07-04T12:00"))


@given(st.sampled_from(sorted(SYSTEMS)), st.integers(at("2024-01-01T00:00"), at("2039-12-01T00:00")))
def test_it_leaves_soon_and_not_before_it_came(system: str, moment_ns: int) -> None:
    hours = SYSTEMS[system]
    found = leaves(hours, moment_ns)
    assert found is not None
    assert moment_ns <= found.at_ns < moment_ns + 6 * 86_400 * 10**9
    assert is_business_day(hours.calendar, found.settles)
    again = leaves(hours, found.at_ns)
    assert again == found or hours.deadlines


@pytest.mark.parametrize(
    ("system", "wanted", "goes", "settles"),
    [
        ("fedach", "2026-07-02", "2026-07-01T22:00", "2026-07-02"),
        ("fedach", "2026-07-10", "2026-07-09T22:00", "2026-07-10"),
        ("fedach", "2026-07-12", "2026-07-10T22:00", "2026-07-13"),  # a Sunday is settled on Monday
        ("fedach_same_day", "2026-07-10", "2026-07-10T10:30", "2026-07-10"),
        ("fedwire", "2026-07-13", "2026-07-12T21:00", "2026-07-13"),
    ],
)
def test_what_is_dated_ahead_waits(system: str, wanted: str, goes: str, settles: str) -> None:
    found = leaves(SYSTEMS[system], at("2026-07-01T12:00"), wanted)
    assert found is not None
    assert datetime.fromtimestamp(found.at_ns // 10**9, UTC).astimezone(NEW_YORK).strftime("%Y-%m-%dT%H:%M") == goes
    assert found.settles == settles


def test_a_year_is_the_most() -> None:
    assert leaves(SYSTEMS["fedach"], at("2026-07-01T12:00"), "2027-07-09") is None
