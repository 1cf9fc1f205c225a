"""When what goes out by a payment system leaves: while the system is open, or gathered until its next deadline.

Strategy: a system is a record of times on a calendar's business days; the well-known ones are a table. `leaves` says
for a moment when that is, and which day it then settles. A business day that opens later in the day than it closes
(Fedwire: 21:00 to 19:00) begins on the evening before.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo

from msgspec import Meta, Struct

from gateway.settlement.calendars import (
    NS_PER_SECOND,
    add_business_days,
    local_day,
    next_business_day,
    on_or_after,
)

DAYS_REMEMBERED = 4_096  # business days of systems, whose times are reckoned once
AHEAD_DAYS_MAX = 370  # how far ahead a payment may be dated: a year and some

At = Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="a time of day, HH:MM")]


class Deadline(Struct, frozen=True):
    """What has come by `at` leaves then, and settles `days` business days later."""

    at: At
    days: Annotated[int, Meta(ge=0, le=5)] = 0


class Hours(Struct, frozen=True):
    """Times of a payment system, by the clocks of its place, on the business days of its calendar."""

    calendar: str  # T2, FED, DE ...; several joined by +
    zone: str  # an IANA name: America/New_York
    opens: At = "00:00"  # later than `closes`: on the evening before
    closes: At = "23:59"
    deadlines: tuple[Deadline, ...] = ()  # in order; none: what comes leaves at once
    most: Decimal | None = None  # what is above leaves by `otherwise` ...
    never: tuple[str, ...] = ()  # ... and so do these local instruments
    otherwise: str = ""  # a system without such limits


class Departure(Struct, frozen=True):
    """When something leaves, and the day on which it settles."""

    at_ns: int
    settles: str  # YYYY-MM-DD


_NEW_YORK, _FRANKFURT = "America/New_York", "Europe/Berlin"
SYSTEMS: dict[str, Hours] = {
    # FedACH: input deadlines of the same-day windows, which settle at 13:00, 17:00 and 18:00 (since 2021), and one of
    # an evening that settles at 8:30. Same-day entries are of at most a million dollars; IAT and ENR never are.
    "fedach_same_day": Hours(
        "FED",
        _NEW_YORK,
        deadlines=(Deadline("10:30"), Deadline("14:45"), Deadline("16:45")),
        most=Decimal(1_000_000),
        never=("IAT", "ENR"),
        otherwise="fedach",
    ),
    "fedach": Hours("FED", _NEW_YORK, deadlines=(Deadline("22:00", 1),)),
    # Fedwire Funds Service: the business day opens on the evening before; third-party transfers end at 18:45.
    "fedwire": Hours("FED", _NEW_YORK, "21:00", "19:00"),
    "fedwire_customer": Hours("FED", _NEW_YORK, "21:00", "18:45"),
    # T2: real-time settlement of customer payments until 17:00, of interbank payments until 18:00.
    "t2_customer": Hours("T2", _FRANKFURT, "02:30", "17:00"),
    "t2": Hours("T2", _FRANKFURT, "02:30", "18:00"),
}


def leaves(hours: Hours, moment_ns: int, wanted: str = "") -> Departure | None:
    """When what comes at a moment leaves: at once, with the next deadline, or when the system next opens.

    What shall not settle before the day `wanted` leaves with the last chance to settle then, or as soon after as can
    be. None when that day is more than a year ahead.
    """
    day = on_or_after(hours.calendar, local_day(moment_ns, hours.zone))
    if wanted > day:
        if date.fromisoformat(wanted) - date.fromisoformat(day) > timedelta(AHEAD_DAYS_MAX):
            return None
        ahead = max((one.days for one in hours.deadlines), default=0)
        day = max(day, add_business_days(hours.calendar, on_or_after(hours.calendar, wanted), -ahead))
    while True:  # ends: a business day comes after every moment
        for at_ns, until_ns, days in _chances(hours, day):
            settles = add_business_days(hours.calendar, day, days)
            if moment_ns < until_ns and settles >= wanted:
                return Departure(max(moment_ns, at_ns), settles)
        day = next_business_day(hours.calendar, day)


def is_open(hours: Hours, moment_ns: int) -> bool:
    """Whether the system takes something at this very moment; one of deadlines always gathers."""
    found = leaves(hours, moment_ns)
    return found is not None and (bool(hours.deadlines) or found.at_ns == moment_ns)


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
