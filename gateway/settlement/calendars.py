"""Business days and cut-off times: of TARGET, of the Federal Reserve, and of national banking.

Strategy: `holidays.py` holds the tables; here they are read, one year at a time and once. Days are text as in the
model, YYYY-MM-DD. A calendar may be several joined by "+": "T2+PL" is open when both are. Times of day are those of an
IANA zone, so a cut-off at 16:00 in New York follows the clocks there.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from gateway.settlement.holidays import CALENDARS, Holiday

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SATURDAY, SUNDAY = 5, 6
YEARS_KEPT = 1_024  # of all calendars together: each is a set of a dozen days
NS_PER_SECOND = 1_000_000_000


# --- questions ------------------------------------------------------------------------------------


def is_calendar(name: str) -> bool:
    """Whether there is such a calendar, or all of those joined by "+"."""
    return all(part in CALENDARS for part in name.split("+"))


def is_business_day(calendar: str, day: str) -> bool:
    """Neither a Saturday or Sunday nor one of the calendar's holidays."""
    return _open(calendar, date.fromisoformat(day))


def holidays(calendar: str, year: int) -> list[str]:
    """The calendar's holidays of a year as they are kept, in order; some may be Saturdays or Sundays."""
    return sorted(day.isoformat() for day in _closed(calendar, year))


def next_business_day(calendar: str, day: str) -> str:
    """The first business day after `day`."""
    return add_business_days(calendar, day, 1)


def previous_business_day(calendar: str, day: str) -> str:
    """The last business day before `day`."""
    return add_business_days(calendar, day, -1)


def on_or_after(calendar: str, day: str) -> str:
    """`day` itself when it is a business day, else the next one."""
    return day if is_business_day(calendar, day) else next_business_day(calendar, day)


def add_business_days(calendar: str, day: str, count: int) -> str:
    """The `count`-th business day after `day`, or before it for a negative count; 0 is the day itself."""
    at, step = date.fromisoformat(day), timedelta(days=1 if count > 0 else -1)
    left = abs(count)
    while left:
        at += step
        left -= _open(calendar, at)
    return at.isoformat()


def count_business_days(calendar: str, start: str, end: str) -> int:
    """How many business days come after `start`, up to and with `end`; negative when `end` is the earlier one."""
    first, last = date.fromisoformat(start), date.fromisoformat(end)
    if last < first:
        return -count_business_days(calendar, end, start)
    return sum(_open(calendar, first + timedelta(days=n)) for n in range(1, (last - first).days + 1))


# --- times of day ---------------------------------------------------------------------------------


def cutoff(calendar: str, day: str, at: str, zone: str) -> int:
    """When a business day closes, in ns since 1970: `at` (HH:MM) in `zone`, on `day` or the business day after it.

    A time that the clocks pass twice is the first of the two; one that they leave out is read with the offset before.
    """
    when = datetime.combine(date.fromisoformat(on_or_after(calendar, day)), time.fromisoformat(at), ZoneInfo(zone))
    return int(when.timestamp()) * NS_PER_SECOND


def day_begins(day: str, zone: str) -> int:
    """When a day begins there, in ns since 1970."""
    return int(datetime.combine(date.fromisoformat(day), time(), ZoneInfo(zone)).timestamp()) * NS_PER_SECOND


def local_day(moment_ns: int, zone: str) -> str:
    """The date that clocks in `zone` show."""
    moment = datetime.fromtimestamp(moment_ns // NS_PER_SECOND, UTC)
    return moment.astimezone(ZoneInfo(zone)).date().isoformat()


def business_date(calendar: str, moment_ns: int, at: str, zone: str) -> str:
    """The business day that a moment belongs to: today until its cut-off, from then on the next one."""
    today = on_or_after(calendar, local_day(moment_ns, zone))
    return today if moment_ns < cutoff(calendar, today, at, zone) else next_business_day(calendar, today)


# --- the tables, read -----------------------------------------------------------------------------


def _open(calendar: str, day: date) -> bool:
    return day.weekday() < SATURDAY and day not in _closed(calendar, day.year)


@lru_cache(YEARS_KEPT)
def _closed(calendar: str, year: int) -> frozenset[date]:
    """The holidays of a year on the days they are kept; none moves into the next year."""
    return frozenset(day for part in calendar.split("+") for day in _kept_days(CALENDARS[part], year))


def _kept_days(table: tuple[Holiday, ...], year: int) -> set[date]:
    named = [
        (_day_of(holiday.rule, year), holiday.moves) for holiday in table if holiday.since <= year <= holiday.until
    ]
    kept = {day for day, _ in named}
    for day, moves in sorted(named):
        if day.weekday() >= SATURDAY:
            kept.add(_moved(day, moves, kept))
    return kept


def _moved(day: date, moves: str, kept: set[date]) -> date:
    """The day on which a holiday of a weekend is kept; itself when it is lost."""
    if moves == "free":
        while day.weekday() >= SATURDAY or day in kept:
            day += timedelta(days=1)
    elif moves == "sunday" and day.weekday() == SUNDAY:
        day += timedelta(days=1)
    return day


def _day_of(rule: str, year: int) -> date:
    """The day that a rule of the tables names in a year."""
    for name, sunday in (("easter", easter), ("orthodox", orthodox_easter)):
        if rule.startswith(name):
            return sunday(year) + timedelta(days=int(rule[len(name) :]))
    month, rest = int(rule[:2]), rule[3:]
    if rest == "st-brigid":
        return _st_brigid(year)
    if rest.startswith("last-"):
        after = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=7)
        return _weekday_from(after, rest[5:])
    if ">=" in rest:
        weekday, _, first = rest.partition(">=")
        return _weekday_from(date(year, month, int(first)), weekday)
    return date(year, month, int(rest))


def _weekday_from(day: date, weekday: str) -> date:
    """The first such weekday on or after a day."""
    return day + timedelta(days=(WEEKDAYS.index(weekday) - day.weekday()) % 7)


def _st_brigid(year: int) -> date:
    """The first Monday of February, unless the first itself is a Friday."""
    first = date(year, 2, 1)
    return first if first.weekday() == WEEKDAYS.index("fri") else _weekday_from(first, "mon")


def easter(year: int) -> date:
    """Western Easter Sunday: the Sunday after the ecclesiastical full moon of the Gregorian calendar."""
    golden, century = year % 19, year // 100
    epact = (century - century // 4 - (8 * century + 13) // 25 + 19 * golden + 15) % 30
    moon = epact - (epact // 28) * (1 - (29 // (epact + 1)) * ((21 - golden) // 11))  # days from 21 March
    weekday = (year + year // 4 + moon + 2 - century + century // 4) % 7
    return date(year, 3, 28) + timedelta(days=moon - weekday)


def orthodox_easter(year: int) -> date:
    """Orthodox Easter Sunday: reckoned in the Julian calendar, named in ours."""
    moon = (19 * (year % 19) + 15) % 30
    weekday = (year + year // 4 + moon) % 7
    julian_days_behind = year // 100 - year // 400 - 2
    return date(year, 3, 28) + timedelta(days=moon - weekday + julian_days_behind)
