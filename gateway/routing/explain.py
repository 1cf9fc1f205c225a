"""Why a record takes a route or does not, in sentences.

Strategy: a plain interpreter of the conditions, slow and obvious; the compiled table is tested against it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from decimal import Decimal

import msgspec
from msgspec import Struct

from gateway.model import EXPONENTS, Money, Record
from gateway.routing.facts import PREFIX_CONDITIONS, amount_of, facts
from gateway.routing.route import Amount, Route, When

TEXT_CONDITIONS = tuple(f.name for f in msgspec.structs.fields(When) if f.name != "amount")
SHOWN_MAX = 6  # texts of a condition named in a sentence; more do not help the reader

_BOUNDS: dict[str, tuple[str, Callable[[Decimal, Decimal], bool]]] = {
    "lt": ("below", operator.lt),
    "lte": ("at most", operator.le),
    "gt": ("above", operator.gt),
    "gte": ("at least", operator.ge),
}


class Verdict(Struct, frozen=True):
    """What one route has to say of a record: whether it takes it, which conditions fail, and why in a sentence."""

    route: str
    matched: bool
    failed: tuple[str, ...]
    text: str

    def __str__(self) -> str:
        return f"{self.route}: {self.text}"


def judge(route: Route, record: Record, endpoint: str, type: str, session: str) -> Verdict:
    """Hold every condition of a route against a record."""
    found = facts(record, endpoint, type, session)
    failed = {
        name: _sentence(name, wanted, found.get(name, ()))
        for name in TEXT_CONDITIONS
        if (wanted := getattr(route.when, name)) and not takes(name, wanted, found)
    }
    bounds, money = route.when.amount, amount_of(record)
    if bounds is not None and not within(bounds, money):
        failed["amount"] = f"amount is {_amount_text(money)}, the route takes {_bounds_text(bounds)}"
    if failed:
        return Verdict(route.name, False, tuple(failed), "; ".join(failed.values()))
    return Verdict(route.name, True, (), _agreement(route.when))


def takes(name: str, wanted: tuple[str, ...], found: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether a condition is met by any of the texts found."""
    return any(_fits(pattern, text, name in PREFIX_CONDITIONS) for pattern in wanted for text in found.get(name, ()))


def _fits(pattern: str, text: str, prefix: bool) -> bool:
    if prefix or pattern.endswith("*"):
        return text.startswith(pattern.removesuffix("*"))
    return text == pattern


def within(bounds: Amount, money: Money | None) -> bool:
    """Whether an amount lies within all bounds given."""
    if money is None:
        return False
    units = Decimal(money.minor).scaleb(-EXPONENTS[money.currency])
    given = ((holds, getattr(bounds, name)) for name, (_, holds) in _BOUNDS.items())
    return all(holds(units, bound) for holds, bound in given if bound is not None)


def _sentence(name: str, wanted: tuple[str, ...], found: tuple[str, ...]) -> str:
    has = f"is {' and '.join(found)}" if found else "is not given"
    start = " what begins with" if name in PREFIX_CONDITIONS else ""
    return f"{name} {has}, the route takes{start} {_list(wanted)}"


def _list(texts: tuple[str, ...]) -> str:
    more = f" or one of {len(texts) - SHOWN_MAX} more" if len(texts) > SHOWN_MAX else ""
    return ", ".join(texts[:SHOWN_MAX]) + more


def _amount_text(money: Money | None) -> str:
    return f"{money.text()} {money.currency}" if money is not None else "not given"


def _bounds_text(bounds: Amount) -> str:
    given = ((word, getattr(bounds, name)) for name, (word, _) in _BOUNDS.items())
    return " and ".join(f"{word} {bound:f}" for word, bound in given if bound is not None)


def _agreement(when: When) -> str:
    given = [name for name in (*TEXT_CONDITIONS, "amount") if getattr(when, name)]
    return f"takes it: {', '.join(given)} agree{'s' if len(given) == 1 else ''}" if given else "takes everything"
