"""Amounts as checks compare them: minor units, per currency."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from gateway.model import EXPONENTS, Money, Operation, Order, Record


def minor_limits(units: Mapping[str, Decimal]) -> dict[str, int]:
    """Currency -> minor units. Raises ValueError for what is no currency or has too many decimals."""
    limits = {}
    for currency, value in units.items():
        if currency not in EXPONENTS:
            raise ValueError(f"{currency} is not a currency")
        minor = value.scaleb(EXPONENTS[currency])
        if minor != minor.to_integral_value() or minor < 0:
            raise ValueError(f"{value} is not an amount of {currency}")
        limits[currency] = int(minor)
    return limits


def amount_of(record: Record) -> Money | None:
    """The amount that counts: a payment's, an order's in its base currency; none of an operation."""
    if isinstance(record, Operation):
        return None
    return record.base if isinstance(record, Order) else record.amount
