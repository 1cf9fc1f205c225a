"""When a session is open: daily, on some days, or once a week, by the clock of a place.

Strategy: openings are computed from local dates with the zone's own rules, so that a day of 23 or 25 hours opens
and closes when the clock on the wall says so. A local time that a change of the clock leaves out is the moment of
the change; of one that comes twice, the first counts for opening and the second for closing.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct

from gateway.ports import Schedule

SECOND_NS = 1_000_000_000
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Period(Struct, frozen=True):
    """One time that a session is open, in ns since 1970; `end_ns` is no longer part of it."""

    start_ns: int
    end_ns: int


ALWAYS = Period(0, 1 << 62)


class Calendar:
    """A schedule, compiled. Raises ValueError with a sentence for one that cannot be kept."""

    def __init__(self, schedule: Schedule | None) -> None:
        self._schedule = schedule
        self._known = ALWAYS  # the period found last, or the time between two
        self._open = schedule is None
        if schedule is None:
            return
        try:
            self._zone = ZoneInfo(schedule.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"schedule: {schedule.zone!r} is not the name of a time zone") from None
        if (schedule.start_day is None) != (schedule.end_day is None):
            raise ValueError("schedule: start_day and end_day belong together")
        if schedule.start_day is not None and schedule.days:
            raise ValueError("schedule: either days or start_day and end_day")
        self._start, self._end = time.fromisoformat(schedule.start), time.fromisoformat(schedule.end)
        self._known = Period(0, 0)

    def period(self, now_ns: int) -> Period | None:
        """The period that a moment lies in; None when the session is closed then."""
        if not self._known.start_ns <= now_ns < self._known.end_ns:
            self._look(now_ns)
        return self._known if self._open else None

    def change_ns(self, now_ns: int) -> int:
        """When the session opens or closes next."""
        self.period(now_ns)
        return self._known.end_ns

    def _look(self, now_ns: int) -> None:
        """Find the period around a moment, or the time between the one before it and the one after."""
        today = datetime.fromtimestamp(now_ns // SECOND_NS, self._zone).date()
        before = 0
        for offset in range(-8, 16):  # a week and the longest period either side
            period = self._opening(today + timedelta(days=offset))
            if period is None or period.end_ns <= now_ns:
                before = max(before, period.end_ns if period else 0)
                continue
            self._open = period.start_ns <= now_ns
            self._known = period if self._open else Period(before, period.start_ns)
            return
        raise AssertionError("a schedule opens at least once a week")

    def _opening(self, day: date) -> Period | None:
        """The period that opens on a local date."""
        schedule = self._schedule
        assert schedule is not None, "only a schedule has openings"
        weekday = DAYS[day.weekday()]
        if weekday not in ((schedule.start_day,) if schedule.start_day else schedule.days or DAYS):
            return None
        last = day
        if schedule.end_day is not None:
            last += timedelta(days=(DAYS.index(schedule.end_day) - day.weekday()) % 7)
        if last == day and self._end <= self._start:
            last += timedelta(days=7 if schedule.end_day is not None else 1)
        return Period(self._instant(day, self._start, 0), self._instant(last, self._end, 1))

    def _instant(self, day: date, clock: time, fold: int) -> int:
        local = datetime.combine(day, clock, self._zone).replace(fold=fold)
        moment = local.astimezone(UTC)
        if moment.astimezone(self._zone).replace(tzinfo=None) != local.replace(tzinfo=None):
            moment = self._moment_of_change(local)
        return int(moment.timestamp()) * SECOND_NS

    @staticmethod
    def _moment_of_change(local: datetime) -> datetime:
        """The change of the clock that leaves out a local time: it lies between the time's two readings."""
        early, late = local.replace(fold=1).astimezone(UTC), local.replace(fold=0).astimezone(UTC)
        zone = local.tzinfo
        before = early.astimezone(zone).utcoffset()
        while late - early > timedelta(seconds=1):
            middle = early + (late - early) / 2
            early, late = (middle, late) if middle.astimezone(zone).utcoffset() == before else (early, middle)
        return late.replace(microsecond=0)
