"""The routes compiled: which one takes a record, in a microsecond or two, however many there are.

Strategy: one bit per route. For every condition that any route uses there is a column: text -> the routes that
take it, as a bit mask. Matching is one look-up and one AND per column; the lowest bit left is the first route in
file order. 500 routes are masks of 500 bits, which a processor ANDs in nanoseconds. bench/routing.py measures.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from msgspec import Struct

from gateway.model import EXPONENTS, SECURITY_DECIMALS, Money, Record
from gateway.routing.explain import TEXT_CONDITIONS, Verdict, judge
from gateway.routing.facts import DOUBLE, MESSAGE_CONDITIONS, PREFIX_CONDITIONS, SINGLE, One, Two, amount_of
from gateway.routing.route import Amount, Route, When

_DECIMALS = frozenset((*EXPONENTS.values(), SECURITY_DECIMALS))
REMEMBERED_MAX = 20_000  # texts per condition: more than there are banks or currencies; accounts may be endless


class Column(dict[str, int]):
    """One condition over all routes: text -> mask of the routes that take it.

    The texts that routes name are keys; any other is looked up among the beginnings that they name, and remembered.
    """

    def __init__(self, wanted: Sequence[tuple[str, ...]], prefix: bool) -> None:
        super().__init__()
        self.free = _mask(not texts for texts in wanted)  # routes without this condition
        self.prefix = prefix
        self.beginnings: dict[str, int] = {}
        exact: dict[str, int] = {}
        for place, texts in enumerate(wanted):
            for text in texts:
                kind = self.beginnings if prefix or text.endswith("*") else exact
                text = text.removesuffix("*")
                kind[text] = kind.get(text, 0) | 1 << place
        self.lengths = sorted({len(text) for text in self.beginnings})
        for text, mask in exact.items():
            self[text] = mask | self[text]
        self[""] = self.free  # what is not given meets no condition

    def covering(self, texts: Sequence[str]) -> int:
        """The routes that take whatever a condition of these texts takes."""
        if not texts:
            return self.free
        mask = -1
        for text in texts:
            begins = self.prefix or text.endswith("*")
            mask &= self._begun(text.removesuffix("*")) if begins else self[text]
        return mask

    def _begun(self, text: str) -> int:
        mask = self.free
        for length in self.lengths:
            mask |= self.beginnings.get(text[:length], 0)
        return mask

    def __missing__(self, text: str) -> int:
        mask = self._begun(text)
        if len(self) < REMEMBERED_MAX:
            self[text] = mask
        return mask


class AmountColumn:
    """The amount bounds over all routes: between two neighbouring bounds the same routes take an amount."""

    def __init__(self, wanted: Sequence[Amount | None]) -> None:
        self.free = _mask(bounds is None for bounds in wanted)
        self.by_decimals = {decimals: _spans(wanted, decimals) for decimals in _DECIMALS}

    def mask(self, money: Money | None) -> int:
        """The routes that take the amount; without one, those that do not ask."""
        if money is None:
            return self.free
        starts, masks = self.by_decimals[EXPONENTS[money.currency]]
        return masks[bisect_right(starts, money.minor)]


class Plan(Struct, frozen=True, gc=False):
    """How the records of one type are matched: only the columns that some route uses."""

    start: int  # routes left by the conditions that records of this type say nothing to
    single: tuple[tuple[One, Column], ...]
    double: tuple[tuple[Two, Column], ...]


class Table:
    """Routes in file order; the last one takes everything."""

    def __init__(self, routes: Sequence[Route]) -> None:
        assert routes, "a table has at least one route"
        assert routes[-1].when == When(), "the last route takes everything"
        self.routes = tuple(routes)
        columns = columns_of([route.when for route in self.routes])
        self._endpoint, self._type, self._session = (columns[name] for name in MESSAGE_CONDITIONS)
        used = {name: column for name, column in columns.items() if len(column) > 1 or column.beginnings}
        self._plans = {kind: _plan(kind, used) for kind in SINGLE}
        asks = any(route.when.amount is not None for route in self.routes)
        self._amounts = AmountColumn([route.when.amount for route in self.routes]) if asks else None

    def match(self, record: Record, endpoint: str, type: str, session: str) -> Route:
        """The first route, in file order, all of whose conditions hold."""
        plan = self._plans[record.__class__]
        live = plan.start & self._endpoint[endpoint] & self._type[type] & self._session[session]
        for one, column in plan.single:
            live &= column[one(record)]
        for two, column in plan.double:
            first, second = two(record)
            live &= column[first] | column[second]
        if self._amounts is not None:
            live &= self._amounts.mask(amount_of(record))
        return self.routes[(live & -live).bit_length() - 1]

    def explain(self, record: Record, endpoint: str, type: str, session: str) -> list[Verdict]:
        """What every route up to the one that takes the record has to say of it."""
        verdicts: list[Verdict] = []
        for route in self.routes:
            verdicts.append(judge(route, record, endpoint, type, session))
            if verdicts[-1].matched:
                break
        return verdicts


def _mask(bits: Iterable[bool]) -> int:
    return sum(1 << place for place, bit in enumerate(bits) if bit)


def columns_of(whens: Sequence[When]) -> dict[str, Column]:
    """A column for every condition on a text."""
    return {
        name: Column([getattr(when, name) for when in whens], name in PREFIX_CONDITIONS) for name in TEXT_CONDITIONS
    }


def _plan(kind: type[Any], columns: dict[str, Column]) -> Plan:
    single = tuple((SINGLE[kind][name], column) for name, column in columns.items() if name in SINGLE[kind])
    double = tuple((DOUBLE[kind][name], column) for name, column in columns.items() if name in DOUBLE[kind])
    start = -1
    for name, column in columns.items():
        if name not in SINGLE[kind] and name not in DOUBLE[kind] and name not in MESSAGE_CONDITIONS:
            start &= column.free
    return Plan(start, single, double)


def _spans(wanted: Sequence[Amount | None], decimals: int) -> tuple[list[int], list[int]]:
    """Where the answer changes, in minor units, and the mask from each such place up to the next."""
    flips: dict[int, int] = {}
    mask = 0  # of amounts below every bound
    for place, bounds in enumerate(wanted):
        low, high = _range(bounds or Amount(), decimals)
        if low is None:
            mask |= 1 << place
        if low is not None and (high is None or low <= high):
            flips[low] = flips.get(low, 0) ^ 1 << place
        if high is not None and (low is None or low <= high):
            flips[high + 1] = flips.get(high + 1, 0) ^ 1 << place
    starts = sorted(flips)
    masks = [mask]
    for start in starts:
        masks.append(masks[-1] ^ flips[start])
    return starts, masks


def _range(bounds: Amount, decimals: int) -> tuple[int | None, int | None]:
    """The lowest and highest amount within the bounds, in minor units, both included."""
    low = [_scaled(bounds.gte, decimals, ROUND_CEILING)] if bounds.gte is not None else []
    low += [_scaled(bounds.gt, decimals, ROUND_FLOOR) + 1] if bounds.gt is not None else []
    high = [_scaled(bounds.lte, decimals, ROUND_FLOOR)] if bounds.lte is not None else []
    high += [_scaled(bounds.lt, decimals, ROUND_CEILING) - 1] if bounds.lt is not None else []
    return max(low, default=None), min(high, default=None)


def _scaled(bound: Decimal, decimals: int, rounding: str) -> int:
    return int(bound.scaleb(decimals).to_integral_value(rounding))
