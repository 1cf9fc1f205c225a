"""Until when a scheme allows a return, a reversal or a recall.

Strategy: the limits are data of the SEPA rule books (`formats/sepa/exceptions.py`); banking days are TARGET's. They
count from the day on which the payment settled. Entries of ACH that came to us have those of their return codes. A
payment of no such scheme has no limit here.
"""

from __future__ import annotations

from datetime import date, timedelta

from gateway.conversations.finding import Found
from gateway.conversations.saying import stamp
from gateway.formats.ach.codes import RETURN_OF, RETURN_OTHER, RETURNS
from gateway.formats.sepa.exceptions import Limit, limit
from gateway.settlement.calendars import add_business_days
from gateway.settlement.returning import leaves_by, settles_on, too_late

CALENDAR = "T2"
UNITS = {"banking_days": "banking days", "calendar_days": "days", "months": "months"}


def overdue(found: Found, what: str, reason: str, now_ns: int) -> str:
    """A sentence that says by when it would have been in time; "" when it is."""
    if what == "return" and found.message.format == "ach" and not found.onward:
        return overdue_entry(found, RETURN_OF.get(reason, RETURN_OTHER), now_ns)
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


def overdue_entry(found: Found, code: str, now_ns: int) -> str:
    """The same of an entry of ACH that came to us and is returned with a code of ACH."""
    known = RETURNS[code]
    settled = settles_on(found.record.settlement_date, found.message.received_ns)
    if not too_late(now_ns, settled, known.days, known.calendar):
        return ""
    last = leaves_by(settled, known.days, known.calendar)
    unit = "days" if known.calendar else "banking days"
    return f"{code} is allowed for {known.days} {unit} after settlement on {settled}: it had to leave on {last}"


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
