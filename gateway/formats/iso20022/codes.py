"""External code lists of ISO 20022 as data: purposes, service levels, local instruments, reasons.

A code that is on no list is unusual, not wrong: it is kept, written, and said. Lists grow every quarter.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import schemas
from gateway.model import Payment

FILE = Path(schemas.__file__).parent / "codes" / "external.txt"
# Field of a payment -> the list that its codes are on.
FIELDS = {
    "purpose": "ExternalPurpose1Code",
    "category_purpose": "ExternalCategoryPurpose1Code",
    "service_level": "ExternalServiceLevel1Code",
    "local_instrument": "ExternalLocalInstrument1Code",
}
RETURNS = "ExternalReturnReason1Code"


@cache
def lists() -> dict[str, frozenset[str]]:
    """Every list by its name."""
    found: dict[str, set[str]] = {}
    name = ""
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("    "):
            found[name].update(line.split())
        elif not line.startswith("#"):
            name = line
            found[name] = set()
    return {name: frozenset(codes) for name, codes in found.items()}


def unlisted(payment: Payment) -> Iterator[tuple[str, str]]:
    """(field, code) of every code of a payment that its list does not have."""
    for field, name in FIELDS.items():
        value = getattr(payment, field)
        for code in (value,) if isinstance(value, str) else value:
            if code and code not in lists()[name]:
                yield field, code
    for reason in payment.reasons if payment.kind == "return" else ():
        if reason.code and reason.code not in lists()[RETURNS]:
            yield "reasons", reason.code
