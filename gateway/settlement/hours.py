"""When what goes out by a payment system leaves: while the system is open, or gathered until its next deadline.

Strategy: a system is a record of times on a calendar's business days; the well-known ones are a table. `leaves` says
for a moment when that is, and which day it then settles. A business day that opens later in the day than it closes
(Fedwire: 21:00 to 19:00) begins on the evening before.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from msgspec import Struct

from gateway.settlement.calendars import (
    NS_PER_SECOND,
    add_business_days,
    local_day,
    next_business_day,
    on_or_after,
)

DAYS_REMEMBERED = 4_096  # business days of systems, whose times are reckoned once


class Deadline(Struct, frozen=True, forbid_unknown_fields=True):
    """What has come by `at` leaves then, and settles `days` business days later at `settles`."""

    at: str  # HH:MM
    settles: str = ""  # HH:MM, for people
    days: int = 0


class Hours(Struct, frozen=True, forbid_unknown_fields=True):
    """Times of a payment system, by the clocks of its place, on the business days of its calendar."""

    calendar: str
    zone: str  # an IANA name
    opens: str = "00:00"  # later than `closes`: on the evening before
    closes: str = "23:59"
    deadlines: tuple[Deadline, ...] = ()  # in order; none: what comes leaves at once


class Departure(Struct, frozen=True):
    """When something leaves, and the day on which it settles."""

    at_ns: int
    settles: str  # YYYY-MM-DD


_NEW_YORK, _FRANKFURT = "America/New_York", "Europe/Berlin"
SYSTEMS: dict[str, Hours] = {
    # FedACH: input deadlines of the same-day windows and of the night cycle (frbservices, in force since March 2021).
    "fedach_same_day": Hours(
        "FED",
        _NEW_YORK,
        deadlines=(Deadline("10:30", "13:00"), Deadline("14:45", "17:00"), Deadline("16:45", "18:00")),
    ),
    "fedach": Hours("FED", _NEW_YORK, deadlines=(Deadline("22:00", "08:30", 1),)),
    # Fedwire Funds Service: the business day opens on the evening before; third-party transfers end at 18:45.
    "fedwire": Hours("FED", _NEW_YORK, "21:00", "19:00"),
    "fedwire_customer": Hours("FED", _NEW_YORK, "21:00", "18:45"),
    # T2: real-time settlement of customer payments until 17:00, of interbank payments until 18:00.
    "t2_customer": Hours("T2", _FRANKFURT, "02:30", "17:00"),
    "t2": Hours("T2", _FRANKFURT, "02:30", "18:00"),
}


def leaves(hours: Hours, moment_ns: int) -> Departure:
    """When what comes at a moment leaves: at once, with the next deadline, or when the system next opens."""
    today = local_day(moment_ns, hours.zone)
    day = on_or_after(hours.calendar, today)
    while True:  # ends: a business day comes after every moment
        for at_ns, until_ns, days in _chances(hours, day):
            if moment_ns < until_ns:
                return Departure(max(moment_ns, at_ns), add_business_days(hours.calendar, day, days))
        day = next_business_day(hours.calendar, day)


def is_open(hours: Hours, moment_ns: int) -> bool:
    """Whether the system takes something at this very moment; one of deadlines always gathers."""
    return bool(hours.deadlines) or leaves(hours, moment_ns).at_ns == moment_ns


@lru_cache(DAYS_REMEMBERED)
def _chances(hours: Hours, day: str) -> tuple[tuple[int, int, int], ...]:
    """The chances to leave on a business day: from when, for what came before when, settling how many days later."""
    if hours.deadlines:
        stops = [(_moment(hours.zone, day, one.at), one.days) for one in hours.deadlines]
        return tuple((at_ns, at_ns, days) for at_ns, days in stops)
    evening = (date.fromisoformat(day) - timedelta(days=1)).isoformat()
    opened_on = evening if hours.opens > hours.closes else day
    return ((_moment(hours.zone, opened_on, hours.opens), _moment(hours.zone, day, hours.closes), 0),)


def _moment(zone: str, day: str, at: str) -> int:
    when = datetime.combine(date.fromisoformat(day), time.fromisoformat(at), ZoneInfo(zone))
    return int(when.timestamp()) * NS_PER_SECOND
