"""Amounts as checks compare them: minor units, per currency."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from gateway.model import EXPONENTS, MINOR_MAX, Money, Order, Payment, Record


def minor_limits(units: Mapping[str, Decimal]) -> dict[str, int]:
    """Currency -> minor units. Raises ValueError for what is no currency, too large, or has too many decimals."""
    limits = {}
    for currency, value in units.items():
        if currency not in EXPONENTS:
            raise ValueError(f"{currency} is not a currency")
        minor = value.scaleb(EXPONENTS[currency]) if value.is_finite() else Decimal(-1)
        if minor != minor.to_integral_value() or not 0 <= minor <= MINOR_MAX:
            raise ValueError(f"{value} is not an amount of {currency}")
        limits[currency] = int(minor)
    return limits


def above(record: Record, limits: Mapping[str, int]) -> str:
    """The currency in which a record is strictly above its limit, "" for none.

    A payment is counted by its amount, an order by what it buys and by what it sells, anything else not at all.
    """
    if isinstance(record, Order):
        quote = record.quote
        return _above(record.base, limits) or (_above(quote, limits) if quote is not None else "")
    return _above(record.amount, limits) if isinstance(record, Payment) else ""


def _above(money: Money, limits: Mapping[str, int]) -> str:
    limit = limits.get(money.currency)
    return money.currency if limit is not None and money.minor > limit else ""
