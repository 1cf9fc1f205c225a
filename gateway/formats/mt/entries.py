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

from gateway.formats.mt import details, entry_codes, tables
from gateway.formats.mt.meaning import Fault, day, money
from gateway.model import EXPONENTS, Entry, Extra, Money, Payment

_SUBFIELDS, _REFERENCE = 10, 7  # groups of a pair: how many, and which is subfield 7
_KNOWN = "".join(chr(code) for code in range(128) if re.match(tables.X, chr(code))).encode() + b"\n"
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
# The same where it stands in a text, with the 86 behind it: what nearly every entry is. That no character stands there
# that the network does not know is seen of all entries at once.
STANDARD_PAIR = re.compile(
    r"\n:61:(\d{6})(\d{4})?([RE]?[CD])([A-Z])?(\d[\d,]{0,14})([A-Z][A-Z0-9]{3})"
    r"([^\n/]{0,16}(?:/[^\n/]{1,16})*)(?://([^\n]{1,16}))?(?:\n(?!:)([^\n]{1,34}))?"
    r"(?:\n:86:([^\n]{1,65}(?:\n(?!:)[^\n]{1,65}){0,5}))?(?=\n:|\Z)",
    re.ASCII,
)
DIALECT_PAIR = re.compile(
    r"\n:61:(\d{6})(\d{4})?([RE]?[CD])([A-Z])?(\d[\d.,]*)([A-Z][A-Z0-9 ]{3})([^\n/]*(?:/[^\n/]+)*+)"
    r"(?://([^\n]*))?(?:\n(?!:)([^\n]*(?:\n(?!:)[^\n]*)*))?(?:\n:86:([^\n]*(?:\n(?!:)[^\n]*)*))?(?=\n:|\Z)",
    re.ASCII,
)
_OF_TWO = frozenset(code for code, decimals in EXPONENTS.items() if decimals == 2) - tables.COMMODITIES
_BLANKS = "\x00\x03 \t\n"
# Value and booking date, side, reversal, status, whether the other side pays; domain, family, sub-family; type, issuer.
_Frame = tuple[str, str, bool, bool, str, bool, str, str, str, str, str]
Groups = tuple[Any, ...]  # subfields of 61 in order, and the text of 86; None or "" for what is not there
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
    before, *parts = pattern.split(text)
    step = _SUBFIELDS + 1  # the last of each step is the text up to the next entry
    if not parts or "\n:61:" in before or any(parts[_SUBFIELDS:-1:step]):
        return [], text, ""
    after = parts[-1]
    if "\n:61:" in after or (after.startswith("\n:86:") and not parts[-2]):
        return [], text, ""
    if pattern is STANDARD_PAIR and not _standard(
        text[len(before) : len(text) - len(after)], parts[_REFERENCE - 1 :: step]
    ):
        return [], text, ""
    return list(zip(*(parts[place::step] for place in range(_SUBFIELDS)), strict=True)), before, after


def _standard(text: str, references: list[str]) -> bool:
    """Whether what the expression leaves open is as the standard has it: characters, and the owner's references."""
    lengths = set(map(len, references))
    return min(lengths) > 0 and max(lengths) <= 16 and text.isascii() and not text.encode().translate(None, _KNOWN)


def entry(text: str, information: str, currency: str) -> Entry:
    """An entry as the standard has it. Raises Fault."""
    found = STANDARD.match(text)
    if found is None:
        raise Fault("T50", "FF01", ":61:", "a statement line does not have the format of field 61")
    return made((*found.groups(), information), currency)


def dialect(text: str, information: str, currency: str) -> Entry:
    """An entry as a bank hands it over. Raises Fault."""
    found = DIALECT.match(text)
    if found is None:
        raise Fault("T50", "FF01", ":61:", "a statement line begins with a date, a side and an amount")
    return handed((*found.groups(), information), currency)


def handed(groups: Groups, currency: str) -> Entry:
    """The record of an entry as a bank hands it over: points in the amount, the 30th of February. Raises Fault."""
    day_text, amount = groups[0], groups[4]
    more, information = groups[8:]
    if (more and more[-1] in _BLANKS) or (information and information[-1] in _BLANKS):
        groups = (*groups[:8], (more or "").rstrip(_BLANKS), (information or "").rstrip(_BLANKS))
    day_fixed = _february(day_text) if day_text[2:4] == "02" else day_text
    if day_fixed is day_text and "." not in amount and "," in amount:
        return made(groups, currency)
    extra = (("mt:61/value", day_text),) if day_fixed != day_text else ()
    return made((day_fixed, *groups[1:4], comma(amount), *groups[5:]), currency, extra)


def made(groups: Groups, currency: str, extra: Extra = ()) -> Entry:
    """The record of an entry that was taken apart. Raises Fault."""
    when, entered, mark, funds, figures, code, reference, servicer, more, information = groups
    head = information[: entry_codes.HEAD_CHARACTERS] if information and information[:1].isdigit() else ""
    value, booked, credit, reversal, status, payer, domain, family, subfamily, code, issuer = _frame(
        when, entered, mark, code, head
    )
    amount = _amount(currency, figures)
    reference = reference.strip()
    found: tuple[Payment, ...] = ()
    if information or more:
        found = details.details(amount, payer, reference, more or "", information or "")
    elif reference not in details.POINTERS:
        found = (Payment("entry", amount, end_to_end_id=reference),)
    return Entry(
        amount,
        credit,
        status,
        reversal,
        "",
        booked,
        value,
        servicer.strip() if servicer else "",
        reference,
        domain,
        family,
        subfamily,
        code,
        issuer,
        funds or "",
        more or "",
        tuple(information.split("\n")) if information else (),
        (),
        found,
        (),
        extra,
    )


@lru_cache(4_096)
def _frame(when: str, entered: str | None, mark: str, code: str | None, head: str) -> _Frame:
    """What comes again in the entries of a day. Raises Fault."""
    value = day(when, "61")
    booked = _booked(entered, value) if entered else ""
    credit, reversal, status = MARKS[mark]
    payer, code = credit != reversal, (code or "").strip()
    issuer = "SWIFT" if entry_codes.STANDARD.match(code) else ""
    return value, booked, credit, reversal, status, payer, *entry_codes.domain(code, payer, head), code, issuer


def _amount(currency: str, text: str) -> Money:
    """The amount: of two decimals, where its currency has two, read at once; any other with every check."""
    whole, _, cents = text.partition(",")
    if len(cents) == 2 and currency in _OF_TWO and cents.isdecimal() and len(whole) < 17:
        return Money(currency, int(whole + cents))
    return money(currency + text, "61")


def comma(amount: str) -> str:
    """The amount with one comma: some banks write a point."""
    if "," not in amount:
        whole, _, fraction = amount.rpartition(".")
        return f"{whole.replace('.', '')},{fraction}" if whole else f"{fraction},"
    return amount.replace(".", "") if "." in amount else amount


def _booked(text: str, value: str) -> str:
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
