"""KYC tiers: how much a payment says of its debtor; less than the policy's minimum is held for a person.

The tiers are a policy of the gateway (laws are risk-based and give none): none; simplified: name and account;
standard: and an address with country, or a date of birth, or an identification; enhanced: two of those three.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from msgspec import Struct

from gateway.model import Payment, Record
from gateway.ports import Check, Finding

LEVELS = ("none", "simplified", "standard", "enhanced")


class Options(Struct, frozen=True, forbid_unknown_fields=True):
    """`minimum`: what a payment must show of its debtor."""

    minimum: Literal["none", "simplified", "standard", "enhanced"] = "none"


def build(options: Options, base: Path) -> Check:
    """The check."""
    needed = LEVELS.index(options.minimum)

    def check(records: Sequence[Record]) -> list[tuple[int, Finding]]:
        found = []
        for place, record in enumerate(records):
            if isinstance(record, Payment) and (level := _level(record)) < needed:
                text = f"the debtor is known at level {LEVELS[level]}, needed is {options.minimum}"
                found.append((place, Finding("kyc_level", "hold", "kyc-level", "RR02", text)))
        return found

    return check


def _level(payment: Payment) -> int:
    debtor = payment.debtor
    if debtor is None or not debtor.name or payment.debtor_account is None:
        return 0
    evidence = debtor.address is not None and bool(debtor.address.country) + (debtor.birth is not None) + bool(
        debtor.ids or debtor.lei
    )
    return 1 + min(int(evidence), 2)
