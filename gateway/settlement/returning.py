"""Until when ACH entries may go back: banking days of the Federal Reserve, and days of the calendar.

A return is to be with the originating bank when the last banking day of its limit opens, so it must leave with the last
deadline of the day before. A limit of calendar days ends on the banking day after it.
"""

from __future__ import annotations

from datetime import date, timedelta

from gateway.settlement.calendars import (
    add_business_days,
    cutoff,
    local_day,
    next_business_day,
    on_or_after,
    previous_business_day,
)

CALENDAR, ZONE = "FED", "America/New_York"
LAST_DEADLINE = "22:00"  # of a day, for what settles when the next one opens
DECIDED_BY = "21:30"  # what nobody has decided until then is returned
USUAL_DAYS = 2


def settles_on(said: str, came_ns: int) -> str:
    """The banking day on which an entry settles: the day that it names, but none before it came."""
    return on_or_after(CALENDAR, max(said, local_day(came_ns, ZONE)))


def available_by(settled: str, days: int, calendar: bool) -> str:
    """The banking day that a return must have reached when it opens."""
    if not calendar:
        return add_business_days(CALENDAR, settled, days)
    return next_business_day(CALENDAR, (date.fromisoformat(settled) + timedelta(days=days)).isoformat())


def leaves_by(settled: str, days: int = USUAL_DAYS, calendar: bool = False) -> str:
    """The day with whose last deadline a return must leave."""
    return previous_business_day(CALENDAR, available_by(settled, days, calendar))


def too_late(now_ns: int, settled: str, days: int, calendar: bool) -> bool:
    """Whether a return that leaves now comes too late."""
    return now_ns >= cutoff(CALENDAR, leaves_by(settled, days, calendar), LAST_DEADLINE, ZONE)


def came_late(now_ns: int, settled: str, days: int, calendar: bool) -> bool:
    """Whether a return that comes now has come too late."""
    return today(now_ns) > available_by(settled, days, calendar)


def decided_by_ns(settled: str) -> int:
    """When an entry that waits for a decision is returned if there is none."""
    return cutoff(CALENDAR, leaves_by(settled), DECIDED_BY, ZONE)


def today(now_ns: int) -> str:
    """The banking day that it is."""
    return on_or_after(CALENDAR, local_day(now_ns, ZONE))


def answered_late(now_ns: int, came_ns: int, days: int) -> bool:
    """Whether it is too late to dispute what came some banking days ago."""
    return today(now_ns) > add_business_days(CALENDAR, today(came_ns), days)
