"""Reporting thresholds: what is strictly above is recorded with the payment; nothing is held or refused."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from gateway.compliance._amounts import amount_of, minor_limits
from gateway.model import Record
from gateway.ports import Check, Finding

Options = dict[str, Decimal]  # currency -> threshold in units; "more than", as 31 CFR 1010.311 counts


def build(options: Options, base: Path) -> Check:
    """The check; exactly the threshold is not above it."""
    thresholds = minor_limits(options)

    def check(records: Sequence[Record]) -> list[tuple[int, Finding]]:
        found = []
        for place, record in enumerate(records):
            money = amount_of(record)
            if money is not None and money.minor > thresholds.get(money.currency, money.minor):
                text = f"above {options[money.currency]} {money.currency}"
                found.append((place, Finding("report_above", "record", "report-threshold", "", text)))
        return found

    return check
