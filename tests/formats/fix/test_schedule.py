"""When a session is open: by the clock of its place, on long and short days too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.formats.fix.schedule import DAYS, SECOND_NS, Calendar
from gateway.ports import Schedule

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"


def ns(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND_NS


def shown(calendar: Calendar, at: str) -> tuple[str, str] | None:
    period = calendar.period(ns(at))
    if period is None:
        return None
    start, end = (datetime.fromtimestamp(moment // SECOND_NS, UTC) for moment in (period.start_ns, period.end_ns))
    return start.strftime("%m-%d %H:%M"), end.strftime("%m-%d %H:%M")


@pytest.mark.parametrize(
    ("schedule", "at", "expected"),
    [
        (None, "2026-11-23T03:00", ("01-01 00:00", "02-21 04:00")),
        (Schedule("08:00", "17:30"), "2026-11-23T08:00", ("11-23 08:00", "11-23 17:30")),
        (Schedule("08:00", "17:30"), "2026-11-23T17:30", None),
        (Schedule("08:00", "17:30"), "2026-11-23T07:59:59", None),
        # past midnight: the period of the evening before
        (Schedule("22:00", "05:00", NEW_YORK), "2026-11-24T04:00", ("11-24 03:00", "11-24 10:00")),
        (Schedule("17:00", "17:00", NEW_YORK), "2026-11-24T21:59", ("11-23 22:00", "11-24 22:00")),
        # a day of 23 hours in Berlin: 02:30 does not exist, the clock goes from 02:00 to 03:00 at 01:00 UTC
        (Schedule("02:30", "17:00", BERLIN), "2026-03-29T01:00", ("03-29 01:00", "03-29 15:00")),
        (Schedule("02:30", "17:00", BERLIN), "2026-03-29T00:59", None),
        # a day of 25 hours: 02:30 comes twice; open from the first, closed at the second
        (Schedule("02:30", "17:00", BERLIN), "2026-10-25T00:30", ("10-25 00:30", "10-25 16:00")),
        (Schedule("20:00", "02:30", BERLIN), "2026-10-25T01:29", ("10-24 18:00", "10-25 01:30")),
        # working days only: Saturday is closed, and Friday night goes on into it
        (Schedule("08:00", "17:00", days=("monday", "friday")), "2026-11-24T09:00", None),
        (Schedule("18:00", "02:00", days=("friday",)), "2026-11-28T01:00", ("11-27 18:00", "11-28 02:00")),
        # once a week
        (
            Schedule("17:00", "16:30", NEW_YORK, start_day="sunday", end_day="friday"),
            "2026-11-04T10:00",
            ("11-01 22:00", "11-06 21:30"),
        ),
        (Schedule("17:00", "16:30", NEW_YORK, start_day="sunday", end_day="friday"), "2026-11-07T10:00", None),
        (Schedule("00:00", "00:00", start_day="monday", end_day="monday"), "2026-11-29T23:59", ("11-23 00:00", "11-30 00:00")),
    ],
)  # fmt: skip
def test_periods(schedule: Schedule | None, at: str, expected: tuple[str, str] | None) -> None:
    calendar = Calendar(schedule)
    found = shown(calendar, at)
    assert found == expected or (schedule is None and found is not None)


def test_the_next_opening_is_known() -> None:
    calendar = Calendar(Schedule("08:00", "17:00", BERLIN))
    assert calendar.change_ns(ns("2026-11-23T06:00")) == ns("2026-11-23T07:00")
    assert calendar.change_ns(ns("2026-11-23T07:00")) == ns("2026-11-23T16:00")


@pytest.mark.parametrize(
    ("schedule", "problem"),
    [
        (Schedule("08:00", "17:00", "Mars/Olympus"), "is not the name of a time zone"),
        (Schedule("08:00", "17:00", "../etc/passwd"), "is not the name of a time zone"),
        (Schedule("08:00", "17:00", start_day="monday"), "belong together"),
        (Schedule("08:00", "17:00", days=("monday",), start_day="monday", end_day="friday"), "either days or"),
    ],
)
def test_schedules_that_cannot_be_kept(schedule: Schedule, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Calendar(schedule)


CLOCK = st.integers(0, 24 * 60 - 1).map(lambda minute: f"{minute // 60:02d}:{minute % 60:02d}")


@given(
    CLOCK,
    CLOCK,
    st.sampled_from([BERLIN, NEW_YORK, "Asia/Kolkata", "Australia/Lord_Howe", "UTC"]),
    st.lists(st.sampled_from(DAYS), unique=True, max_size=7),
    st.integers(0, 366 * 24 * 60),
)
def test_periods_follow_each_other(start: str, end: str, zone: str, days: list[str], minute: int) -> None:
    """Asked forwards, backwards or afresh, a moment has the same period, and a period contains its moments."""
    schedule = Schedule(start, end, zone, tuple(days))  # type: ignore[arg-type]
    moment = ns("2026-01-01T00:00") + minute * 60 * SECOND_NS
    calendar = Calendar(schedule)
    period = calendar.period(moment)
    assert calendar.change_ns(moment) > moment
    calendar.period(moment + int(timedelta(days=9).total_seconds()) * SECOND_NS)
    assert calendar.period(moment) == period == Calendar(schedule).period(moment)
    if period is not None:
        assert period.start_ns <= moment < period.end_ns
        assert calendar.period(period.start_ns) == period == calendar.period(period.end_ns - 1)
