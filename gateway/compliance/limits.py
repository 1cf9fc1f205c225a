"""Amount limits: a payment above its currency's limit is refused (AM02)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from gateway.compliance._amounts import above, minor_limits
from gateway.model import Money, Record
from gateway.ports import Check, Finding

Options = dict[str, Decimal]  # currency -> highest amount allowed, in units of the currency


def build(options: Options, base: Path) -> Check:
    """The check; a currency without a limit is not limited."""
    limits = minor_limits(options)
    findings = {currency: _finding(Money(currency, minor)) for currency, minor in limits.items()}

    def check(records: Sequence[Record]) -> list[tuple[int, Finding]]:
        return [
            (place, findings[currency]) for place, record in enumerate(records) if (currency := above(record, limits))
        ]

    return check


def _finding(limit: Money) -> Finding:
    return Finding("limits", "refuse", "over-limit", "AM02", f"above the limit of {limit.text()} {limit.currency}")
