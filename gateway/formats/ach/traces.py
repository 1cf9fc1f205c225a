"""Trace numbers of ours: the routing number's eight digits, then the number of the payment that they name.

Strategy: payments are numbered for ever, so their numbers need no counter of their own, rise from file to file and
never meet in two of them. What comes back names a trace number, and that is the payment. Seven digits begin anew after
9,999,999 payments: the latest payment of a trace number is tried first, then the ones before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from gateway.formats.ach.entries import said_id, sides, told
from gateway.model import Payment

SEQUENCES = 9_999_999  # 0000000 is none


def sequence(payment: int) -> int:
    """The seven digits of a payment's number."""
    return (payment - 1) % SEQUENCES + 1


def payments_of(trace: str, routing_number: str, last: int) -> Iterator[int]:
    """Numbers of the payments that a trace number of ours may name, the latest first."""
    if len(trace) != 15 or not trace.isdecimal() or trace[:8] != routing_number[:8] or trace[8:] == "0" * 7:
        return
    first = int(trace[8:])
    for turn in range((last - first) // SEQUENCES, -1, -1):
        yield first + turn * SEQUENCES


def week(day: str) -> int:
    """Days are looked through by the week: a dozen of them hold all that may still come back."""
    return date.fromisoformat(day).toordinal() // 7


def content(payment: Payment, day: str) -> str:
    """What an entry is found by where its trace number is wrong: bank, amount, id of the individual, and the week."""
    _, account, _, agent, _, _ = sides(payment)
    id = said_id(payment).strip()[:15].strip() or account
    return f"{agent.clearing_member[:8] if agent else ''}/{payment.amount.minor}/{id}/{week(day)}"


def returned_content(payment: Payment, week: int) -> str:
    """The same of what comes back: it repeats the entry's fields, and says which bank the entry went to."""
    _, account, _, _, _, _ = sides(payment)
    id = (payment.original.end_to_end_id if payment.original else "").strip() or account
    return f"{original_rdfi(payment)}/{payment.amount.minor}/{id}/{week}"


def original_rdfi(payment: Payment) -> str:
    """The bank that the entry went to, as what comes back names it."""
    return told(payment).get("original_rdfi", "")
