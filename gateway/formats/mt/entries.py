"""Field 61 with the 86 behind it: one entry of a statement.

Strategy: one expression takes the line apart, the standard's for messages that a network checked, a wider one for what
banks hand over. Marks say side and reversal (RC takes back a credit, so it debits), EC and ED what is expected and not
booked yet. References, original amounts and what field 86 tells become the entry's only detail.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date
from functools import lru_cache
from typing import Any

from gateway.formats.mt import entry_codes, narrative
from gateway.formats.mt.meaning import Fault, day, money
from gateway.model import EXPONENTS, Entry, Extra, Money, Payment

STANDARD = re.compile(
    r"(\d{6})(\d{4})?([RE]?[CD])([A-Z])?(\d[\d,]*)([A-Z][A-Z0-9]{3})((?:(?!//)[^\n]){1,16})"
    r"(?://([^\n]{1,16}))?(?:\n(.*))?\Z",
    re.DOTALL,
)
DIALECT = re.compile(
    r"\s*(\d{6})(\d{4})?\s*([RE]?[CD])([A-Z])?\s*([\d.,]+)([A-Z][A-Z0-9 ]{3})?((?:(?!//)[^\n])*)"
    r"(?://([^\n]*))?(?:\n(.*))?\Z",
    re.DOTALL,
)
# In subfield 7: no reference at all, or the one that field 86 names.
POINTERS = frozenset(("", "NONREF", "EREF", "PREF", "MARF", "KREF", "EREF+", "KREF+", "MREF+"))
MARKS = {  # (credit, reversal, status)
    "C": (True, False, "BOOK"),
    "D": (False, False, "BOOK"),
    "RC": (False, True, "BOOK"),
    "RD": (True, True, "BOOK"),
    "EC": (True, False, "PDNG"),
    "ED": (False, False, "PDNG"),
}


def entry(text: str, information: str, currency: str) -> Entry:
    """An entry as the standard has it. Raises Fault."""
    found = STANDARD.match(text)
    if found is None:
        raise Fault("T50", "FF01", ":61:", "a statement line does not have the format of field 61")
    return made(found, day(found[1], "61"), found[5], information, currency, ())


def dialect(text: str, information: str, currency: str) -> Entry:
    """An entry as a bank hands it over. Raises Fault."""
    found = DIALECT.match(text)
    if found is None:
        raise Fault("T50", "FF01", ":61:", "a statement line begins with a date, a side and an amount")
    value = _real_day(found[1])
    extra = (("mt:61/value", found[1]),) if found[1][2:] != value[5:7] + value[8:] else ()
    return made(found, value, comma(found[5]), information, currency, extra)


def made(found: re.Match[str], value: str, figures: str, information: str, currency: str, extra: Extra) -> Entry:
    """The record of a line that was taken apart."""
    _, entered, mark, funds, _, code, reference, servicer, more = found.groups()
    credit, reversal, status = MARKS[mark]
    amount = _amount(currency, figures)
    reference, code = reference.strip(), (code or "").strip()
    domain, family, subfamily = _domain(code, credit != reversal)
    return Entry(
        amount,
        credit,
        status,
        reversal,
        "",
        booked(entered, value) if entered else "",
        value,
        servicer.strip() if servicer else "",
        reference,
        domain,
        family,
        subfamily,
        code,
        _issuer(code),
        funds or "",
        more or "",
        tuple(information.split("\n")) if information else (),
        (),
        _details(amount, credit != reversal, reference, more, information),
        (),
        extra,
    )


_domain = lru_cache(1_024)(entry_codes.domain)


@lru_cache(1_024)
def _issuer(code: str) -> str:
    return "SWIFT" if entry_codes.STANDARD.match(code) else ""


def _details(amount: Money, payer: bool, reference: str, more: str | None, information: str) -> tuple[Payment, ...]:
    found = narrative.facts(information) if information else {}
    if more and "/" in more:
        found |= narrative.supplement(more)
    named = reference not in POINTERS
    if not found:
        return (Payment("entry", amount, end_to_end_id=reference),) if named else ()
    fields: dict[str, Any] = narrative.fields(found, payer, amount.currency)
    if named:
        refer(fields, reference)
    return (Payment("entry", amount, **fields),) if fields else ()


def refer(fields: dict[str, Any], reference: str) -> None:
    """The owner's reference: the end-to-end id, unless field 86 names that; then the instruction's."""
    known = fields.setdefault("end_to_end_id", reference)
    if known != reference:
        fields.setdefault("instruction_id", reference)


def _amount(currency: str, text: str) -> Money:
    """The amount with as many decimals as its currency has, read at once; any other with every check."""
    whole, _, fraction = text.partition(",")
    digits = whole + fraction
    if len(fraction) == EXPONENTS.get(currency) and whole and digits.isdigit() and len(digits) < 18:
        return Money(currency, int(digits))
    return money(currency + text, "61")


def comma(amount: str) -> str:
    """The amount with one comma: some banks write a point."""
    if "," not in amount:
        whole, _, fraction = amount.rpartition(".")
        return f"{whole.replace('.', '')},{fraction}" if whole else f"{fraction},"
    return amount.replace(".", "") if "." in amount else amount


@lru_cache(1_024)
def booked(text: str, value: str) -> str:
    """MMDD with the year that brings it nearest to the value date. Raises Fault."""
    near, year = date.fromisoformat(value), int(value[:4])
    found = []
    for one in (year - 1, year, year + 1):
        try:
            found.append(date(one, int(text[:2]), int(text[2:])))
        except ValueError:
            continue  # the 29th of February of another year
    if not found:
        raise Fault("T50", "DT01", ":61:", "the entry date is no date")
    return min(found, key=lambda one: abs(one - near)).isoformat()


@lru_cache(1_024)
def _real_day(text: str) -> str:
    """YYMMDD; where a month of interest has 30 days, the last day of February. Raises Fault."""
    if text[2:4] == "02" and text[4:] in ("29", "30"):
        year = int(text[:2]) + (1900 if text[:2] >= "80" else 2000)
        text = f"{text[:4]}{min(int(text[4:]), monthrange(year, 2)[1])}"
    return day(text, "61")
