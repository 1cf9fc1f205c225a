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

from gateway.formats.mt import entry_codes, narrative, tables
from gateway.formats.mt.meaning import Fault, day, money
from gateway.model import EXPONENTS, Entry, Extra, Money, Payment

_X, _PLAIN = tables.X, tables.X.replace("/", "", 1)
STANDARD = re.compile(
    r"(\d{6})(\d{4})?([RE]?[CD])([A-Z])?(\d[\d,]*)([A-Z][A-Z0-9]{3})((?:(?!//)[^\n]){1,16})"
    r"(?://([^\n]{1,16}))?(?:\n(.*))?\Z",
    re.DOTALL | re.ASCII,
)
DIALECT = re.compile(
    r"\s*(\d{6})(\d{4})?\s*([RE]?[CD])([A-Z])?\s*([\d.,]+)([A-Z][A-Z0-9 ]{3})?((?:(?!//)[^\n])*)"
    r"(?://([^\n]*))?(?:\n(.*))?\Z",
    re.DOTALL | re.ASCII,
)
# The same where it stands in a text, with the 86 behind it: what nearly every entry is, read at one match.
STANDARD_PAIR = re.compile(
    r"\n:61:(\d{6})(\d{4})?([RE]?[CD])([A-Z])?(\d[\d,]{0,14})([A-Z][A-Z0-9]{3})"
    rf"({_PLAIN}{{0,16}}(?:/{_PLAIN}{{1,16}})*)(?://({_X}{{1,16}}))?(?:\n(?!:)({_X}{{1,34}}))?"
    rf"(?:\n:86:({_X}{{1,65}}(?:\n(?!:){_X}{{1,65}}){{0,5}}))?(?=\n:|\Z)",
    re.ASCII,
)
DIALECT_PAIR = re.compile(
    r"\n:61:(\d{6})(\d{4})?([RE]?[CD])([A-Z])?(\d[\d.,]*)([A-Z][A-Z0-9 ]{3})([^\n/]*(?:/[^\n/]+)*+)"
    r"(?://([^\n]*))?(?:\n(?!:)([^\n]*(?:\n(?!:)[^\n]*)*))?(?:\n:86:([^\n]*(?:\n(?!:)[^\n]*)*))?(?=\n:|\Z)",
    re.ASCII,
)
_BLANKS = "\x00\x03 \t\n"
Groups = tuple[str, ...]  # subfields of 61 in order, and the text of 86; "" for what is not there
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


def taken(text: str, pattern: re.Pattern[str]) -> tuple[list[Groups], str, str]:
    """Entries that stand one behind the other, the text before them and the text after them.

    None when any entry is left over: then each field is looked at by itself, which says what is wrong with it.
    """
    start = at = text.find("\n:61:")
    found: list[Groups] = []
    while start >= 0 and (one := pattern.match(text, at)) is not None:
        groups = one.groups("")
        if pattern is STANDARD_PAIR and not 0 < len(groups[6]) <= 16:
            break
        found.append(groups)
        at = one.end()
    if not found or text.find("\n:61:", at) >= 0 or (text.startswith("\n:86:", at) and not found[-1][-1]):
        return [], text, ""
    return found, text[:start], text[at:]


def entry(text: str, information: str, currency: str) -> Entry:
    """An entry as the standard has it. Raises Fault."""
    found = STANDARD.match(text)
    if found is None:
        raise Fault("T50", "FF01", ":61:", "a statement line does not have the format of field 61")
    return made((*found.groups(""), information), currency)


def dialect(text: str, information: str, currency: str) -> Entry:
    """An entry as a bank hands it over. Raises Fault."""
    found = DIALECT.match(text)
    if found is None:
        raise Fault("T50", "FF01", ":61:", "a statement line begins with a date, a side and an amount")
    return handed((*found.groups(""), information), currency)


def handed(groups: Groups, currency: str) -> Entry:
    """The record of an entry as a bank hands it over: points in the amount, the 30th of February. Raises Fault."""
    day_text, amount = groups[0], groups[4]
    more, information = groups[8:]
    if (more and more[-1] in _BLANKS) or (information and information[-1] in _BLANKS):
        groups = (*groups[:8], more.rstrip(_BLANKS), information.rstrip(_BLANKS))
    day_fixed = _february(day_text) if day_text[2:4] == "02" else day_text
    if day_fixed is day_text and "." not in amount and "," in amount:
        return made(groups, currency)
    extra = (("mt:61/value", day_text),) if day_fixed != day_text else ()
    return made((day_fixed, *groups[1:4], comma(amount), *groups[5:]), currency, extra)


def made(groups: Groups, currency: str, extra: Extra = ()) -> Entry:
    """The record of an entry that was taken apart. Raises Fault."""
    when, entered, mark, funds, figures, code, reference, servicer, more, information = groups
    value = day(when, "61")
    credit, reversal, status = MARKS[mark]
    payer = credit != reversal
    amount = _amount(currency, figures)
    domain, family, subfamily, code, issuer = _type(code, payer)
    reference = reference.strip()
    details: tuple[Payment, ...] = ()
    if information or more:
        details = _details(amount, payer, reference, more, information)
    elif reference not in POINTERS:
        details = (Payment("entry", amount, end_to_end_id=reference),)
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
        issuer,
        funds,
        more,
        tuple(information.split("\n")) if information else (),
        (),
        details,
        (),
        extra,
    )


@lru_cache(1_024)
def _type(code: str, payer: bool) -> tuple[str, str, str, str, str]:
    """Domain, family and sub-family of a type, the type itself, and who issues it."""
    code = code.strip()
    return *entry_codes.domain(code, payer), code, "SWIFT" if entry_codes.STANDARD.match(code) else ""


def _details(amount: Money, payer: bool, reference: str, more: str, information: str) -> tuple[Payment, ...]:
    """What is told of the entry beside its amount, as its only detail."""
    fields: dict[str, Any]
    if "/" in more and (found := narrative.supplement(more)):
        found = (narrative.facts(information) if information else {}) | found
        fields = narrative.fields(found, payer, amount.currency)
    else:
        fields = narrative.understood(information, payer, amount.currency) if information else {}
    if not fields:
        return (Payment("entry", amount, end_to_end_id=reference),) if reference not in POINTERS else ()
    if reference not in POINTERS:
        refer(fields, reference)
    return (Payment("entry", amount, **fields),)


def refer(fields: dict[str, Any], reference: str) -> None:
    """The owner's reference: the end-to-end id, unless field 86 names that; then the instruction's."""
    known = fields.setdefault("end_to_end_id", reference)
    if known != reference:
        fields.setdefault("instruction_id", reference)


def _amount(currency: str, text: str) -> Money:
    """The amount: of two decimals, where its currency has two, read at once; any other with every check."""
    if text[-3:-2] == "," and EXPONENTS.get(currency) == 2:
        digits = text[:-3] + text[-2:]
        if 2 < len(digits) < 18 and digits.isdigit():
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


def _february(text: str) -> str:
    """YYMMDD; where a month of interest has 30 days, the last day of February."""
    if text[4:] not in ("29", "30"):
        return text
    year = int(text[:2]) + (1900 if text[:2] >= "80" else 2000)
    return f"{text[:4]}{min(int(text[4:]), monthrange(year, 2)[1])}"
