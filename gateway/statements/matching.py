"""Entries of a bank and transfers of the ledger, brought together.

Strategy: pure functions over items of one shape and one sign, the bank's. First by a reference that both sides know,
the amount told apart; then, of what is left, by amount and date. Among equals the oldest come first, so that the same
input always gives the same pairs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from gateway.model import Entry, Payment, Record, Refusal
from gateway.model.reconciliation import Open
from gateway.statements.build import NOT_PROVIDED, REFERENCE_CHARACTERS


class Pair(Struct, frozen=True):
    """Places in the two lists, and what they have in common."""

    bank: int
    ledger: tuple[int, ...]
    by: str
    rest_minor: int = 0  # of the bank's amount, when they differ


def match(bank: Sequence[Open], ledger: Sequence[Open]) -> list[Pair]:
    """Which entries are which transfers; each belongs to one pair at most."""
    pairs = list(_by_reference(bank, ledger))
    taken_bank = {pair.bank for pair in pairs}
    taken_ledger = {place for pair in pairs for place in pair.ledger}
    free = defaultdict[tuple[int, str], list[int]](list)
    for place, item in enumerate(ledger):
        if place not in taken_ledger:
            for date in dict.fromkeys(item.dates):
                free[item.minor, date].append(place)
    for place, item in enumerate(bank):
        if place in taken_bank:
            continue
        near = (n for date in dict.fromkeys(item.dates) for n in free[item.minor, date] if n not in taken_ledger)
        found = next(near, None)
        if found is not None:
            taken_ledger.add(found)
            pairs.append(Pair(place, (found,), "amount and date"))
    return pairs


def _by_reference(bank: Sequence[Open], ledger: Sequence[Open]) -> Iterator[Pair]:
    """The transfer of the same amount among those that share a reference; else their sum; else the first of them."""
    named = defaultdict[str, list[int]](list)
    for place, item in enumerate(ledger):
        for reference in item.references:
            named[reference].append(place)
    taken: set[int] = set()
    left: list[tuple[int, list[int]]] = []
    for place, item in enumerate(bank):
        near = [n for reference in item.references for n in named.get(reference, ()) if n not in taken]
        near = sorted(set(near))
        exact = [n for n in near if ledger[n].minor == item.minor]
        if exact:
            taken.add(exact[0])
            yield Pair(place, (exact[0],), "reference")
        elif len(near) > 1 and sum(ledger[n].minor for n in near) == item.minor:
            taken.update(near)
            yield Pair(place, tuple(near), "reference")
        elif near:
            left.append((place, near))
    for place, near in left:  # only after every entry has had its own
        free = [n for n in near if n not in taken and (ledger[n].minor > 0) == (bank[place].minor > 0)]
        if free:
            taken.add(free[0])
            yield Pair(place, (free[0],), "reference", bank[place].minor - ledger[free[0]].minor)


# --- the two sides in one shape -----------------------------------------------------------------------


def of_entry(entry: Entry) -> Open:
    """A bank's entry."""
    own = (entry.reference, entry.servicer_reference, entry.owner_reference)
    details = [reference for detail in entry.details for reference in references(detail)]
    minor = entry.amount.minor if entry.credit else -entry.amount.minor
    return Open(minor, _dates(entry.booking_date, entry.value_date), known((*own, *details)))


def of_record(
    minor: int, booked: str, record: Record | Refusal | None, reference: str, transfer: int, payment: int
) -> Open:
    """A transfer of the ledger."""
    own = references(record) if isinstance(record, Payment) else (reference,)
    value = record.settlement_date if isinstance(record, Payment) else ""
    return Open(minor, _dates(booked, value), known(own), transfer, payment)


def references(payment: Payment) -> tuple[str, ...]:
    """Everything that a payment may be known by, the surest first."""
    return (
        payment.uetr,
        payment.end_to_end_id,
        payment.transaction_id,
        payment.instruction_id,
        payment.clearing_reference,
    )


def known(texts: Iterable[str]) -> tuple[str, ...]:
    """References as they are compared: without those that say nothing; long ones also as MT 61 cuts them."""
    found: dict[str, None] = {}
    for text in texts:
        if text.upper() not in NOT_PROVIDED:
            found[text] = None
            found[text[:REFERENCE_CHARACTERS]] = None
    return tuple(found)


def _dates(*dates: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(date[:10] for date in dates if date))
