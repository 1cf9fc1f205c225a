"""What completing an address takes and gives: hints beside it, evidence for every word that was placed."""

from __future__ import annotations

from msgspec import Struct

from gateway.model import Address


class Hints(Struct, frozen=True):
    """Countries that other fields of the same party speak for; "" where they say nothing."""

    account: str = ""  # of its IBAN
    residence: str = ""
    agent: str = ""  # of its agent's BIC: never enough by itself


class Evidence(Struct, frozen=True):
    """One thing that was found: which field it fills, what it says, by which rule, out of which text."""

    field: str
    value: str
    rule: str
    source: str
    confidence: float

    def text(self) -> str:
        """As a report says it."""
        return f"{self.rule} in {self.source!r}, confidence {self.confidence:.2f}"


class Found(Struct, frozen=True):
    """An address as far as it could be completed."""

    address: Address
    evidence: tuple[Evidence, ...] = ()
    confidence: float = 1.0
    missing: str = ""  # what is still wanted, in words; "" when nothing is
