"""Amount limits: a payment above its currency's limit is refused (AM02)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from gateway.compliance._amounts import amount_of, minor_limits
from gateway.model import Record
from gateway.ports import Check, Finding

Options = dict[str, Decimal]  # currency -> highest amount allowed, in units of the currency


def build(options: Options, base: Path) -> Check:
    """The check; a currency without a limit is not limited."""
    limits = minor_limits(options)

    def check(records: Sequence[Record]) -> list[tuple[int, Finding]]:
        found = []
        for place, record in enumerate(records):
            money = amount_of(record)
            if money is not None and money.minor > limits.get(money.currency, money.minor):
                text = f"above the limit of {options[money.currency]} {money.currency}"
                found.append((place, Finding("limits", "refuse", "over-limit", "AM02", text)))
        return found

    return check
