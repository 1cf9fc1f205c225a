"""Reporting thresholds: what is strictly above is recorded with the payment; nothing is held or refused."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from gateway.compliance._amounts import above, minor_limits
from gateway.model import Money, Record
from gateway.ports import Check, Finding

Options = dict[str, Decimal]  # currency -> threshold in units; "more than", as 31 CFR 1010.311 counts


def build(options: Options, base: Path) -> Check:
    """The check; exactly the threshold is not above it."""
    thresholds = minor_limits(options)
    findings = {currency: _finding(Money(currency, minor)) for currency, minor in thresholds.items()}

    def check(records: Sequence[Record]) -> list[tuple[int, Finding]]:
        return [
            (place, findings[currency])
            for place, record in enumerate(records)
            if (currency := above(record, thresholds))
        ]

    return check


def _finding(threshold: Money) -> Finding:
    text = f"above {threshold.text()} {threshold.currency}"
    return Finding("report_above", "record", "report-threshold", "", text)
