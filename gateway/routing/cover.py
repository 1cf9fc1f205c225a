"""Which routes can never be reached, since one above takes everything that they would.

Strategy: the table's columns, asked not for a record's texts but for a condition's: one bit per route again, so that
500 routes are compared in milliseconds. Only the amounts of those that are left are compared one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from gateway.routing.route import Amount, When
from gateway.routing.table import columns_of


def hidden(whens: Sequence[When]) -> dict[int, int]:
    """The place of each condition that is never reached, with the place of the first one above that covers it."""
    columns = columns_of(whens)
    found: dict[int, int] = {}
    for place, when in enumerate(whens):
        above = (1 << place) - 1
        for name, column in columns.items():
            above &= column.covering(getattr(when, name))
        hider = next((wider for wider in _bits(above) if _covers(whens[wider].amount, when.amount)), None)
        if hider is not None:
            found[place] = hider
    return found


def _bits(mask: int) -> Iterator[int]:
    while mask:
        yield (mask & -mask).bit_length() - 1
        mask &= mask - 1


def _covers(wider: Amount | None, narrower: Amount | None) -> bool:
    """Whether every amount within the inner bounds is within the outer ones."""
    if wider is None:
        return True
    return narrower is not None and _covers_amount(wider, narrower)


def _covers_amount(wider: Amount, narrower: Amount) -> bool:
    return all(
        any(inner is not None and (inner * sign < outer * sign or (inner == outer and same)) for inner, same in inners)
        for outer, sign, inners in _bounds(wider, narrower)
        if outer is not None
    )


def _bounds(
    wider: Amount, narrower: Amount
) -> Iterator[tuple[Decimal | None, int, tuple[tuple[Decimal | None, bool], ...]]]:
    """Each outer bound, the direction it bounds, and the inner bounds with whether one equal to it keeps within it."""
    yield wider.lt, 1, ((narrower.lt, True), (narrower.lte, False))
    yield wider.lte, 1, ((narrower.lt, True), (narrower.lte, True))
    yield wider.gt, -1, ((narrower.gt, True), (narrower.gte, False))
    yield wider.gte, -1, ((narrower.gt, True), (narrower.gte, True))
