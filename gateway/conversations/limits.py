"""Until when a scheme allows a return, a reversal or a recall.

Strategy: the limits are data of the SEPA rule books (`formats/sepa/exceptions.py`); banking days are TARGET's. They
count from the day on which the payment settled. A payment of no such scheme has no limit here.
"""

from __future__ import annotations

from datetime import date, timedelta

from gateway.conversations.finding import Found
from gateway.conversations.saying import stamp
from gateway.formats.sepa.exceptions import Limit, limit
from gateway.settlement.calendars import add_business_days

CALENDAR = "T2"
UNITS = {"banking_days": "banking days", "calendar_days": "days", "months": "months"}


def overdue(found: Found, what: str, reason: str, now_ns: int) -> str:
    """A sentence that says by when it would have been in time; "" when it is."""
    scheme = found.record.scheme
    if what == "return" and limit(scheme, "refund", reason) is not None:
        what = "refund"  # a debit that the debtor has asked back goes the same way, and may do so longer
    allowed = limit(scheme, what, reason)
    if allowed is None or allowed.unit not in UNITS:
        return ""
    last = last_day(settled_on(found), allowed)
    if stamp(now_ns)[:10] <= last:
        return ""
    asked = what.replace("_", " ")
    return f"a {asked} is allowed for {allowed.count} {UNITS[allowed.unit]} after settlement, until {last}"


def settled_on(found: Found) -> str:
    """The day of settlement; where the payment names none, the day on which it came."""
    day = found.left_for or found.record.settlement_date
    return day if _is_day(day) else stamp(found.message.received_ns)[:10]


def last_day(start: str, allowed: Limit) -> str:
    """The last day of a limit that begins on `start`."""
    if allowed.unit == "banking_days":
        return add_business_days(CALENDAR, start, allowed.count)
    first = date.fromisoformat(start)
    if allowed.unit == "calendar_days":
        return (first + timedelta(days=allowed.count)).isoformat()
    years, month = divmod(first.month - 1 + allowed.count, 12)
    return _day(first.year + years, month + 1, first.day).isoformat()


def _day(year: int, month: int, day: int) -> date:
    """That day of a month, or its last one where the month is shorter."""
    following = date(year + month // 12, month % 12 + 1, 1)
    return min(date(year, month, 1) + timedelta(days=day - 1), following - timedelta(days=1))


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == 10
