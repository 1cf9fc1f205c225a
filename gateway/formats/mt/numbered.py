"""The numbered lines of 50F and 59F: which numbers, in which order, and what stands behind each.

Strategy: the lines are told apart once, then each rule is one question; the first that is broken is told with the
network's code. Values come again and again in a file, so answers are remembered.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

from gateway.formats.mt.tables import IDENTIFIERS
from gateway.model import COUNTRIES

VALUES_REMEMBERED = 4096  # distinct values kept; a few hundred bytes each

Wrong = tuple[str, str]  # the network's code, and a sentence; empty when nothing is wrong
NOTHING: Wrong = ("", "")
LINES_MAX = {"1": 2, "2": 2, "3": 2}  # every other number stands once
_LINE = re.compile(r"([1-8])/(.+)\Z", re.ASCII)
_IDENTIFIER = re.compile(r"([A-Z]{4})/([A-Z]{2})/(.{1,27})\Z", re.ASCII)
_PLACED = re.compile(r"([A-Z]{2})(?:/(.*))?\Z", re.ASCII)


@lru_cache(maxsize=VALUES_REMEMBERED)
def wrong(value: str, debtor: bool) -> Wrong:
    """What is wrong with a value of option F; `debtor`: it is field 50, which has an account or a code before."""
    lines = value.split("\n")
    head = "" if lines[0][:2] == "1/" else lines.pop(0)
    coded = head[:1] != "/"
    if debtor and coded:
        found = _IDENTIFIER.match(head)
        if found is None or found[1] not in IDENTIFIERS:
            return "T54", "the first line is neither an account nor a code, a country and an identifier"
        if found[2] not in COUNTRIES:
            return "T73", "the country of the identifier is none of ISO 3166"
    elif head and coded:
        return "T56", "lines begin with 1/ to 3/ in ascending order, the name first"
    return _lines(lines, debtor, coded and debtor)


def _lines(lines: list[str], debtor: bool, coded: bool) -> Wrong:
    found = [_LINE.match(line) for line in lines]
    numbers = [one[1] for one in found if one is not None]
    highest = "8" if debtor else "3"
    if len(numbers) != len(lines) or numbers[:1] != ["1"] or numbers != sorted(numbers) or numbers[-1] > highest:
        return "T56", f"lines begin with 1/ to {highest}/ in ascending order, the name first"
    texts = {one[1]: one[2] for one in reversed(found) if one is not None}  # of each number the first
    return _counts(numbers, coded) or _contents(texts) or NOTHING


def _counts(numbers: list[str], coded: bool) -> Wrong | None:
    """Which numbers stand with which, and how often."""
    if any(numbers.count(one) > LINES_MAX.get(one, 1) for one in numbers):
        return "T56", "name, address and town have at most two lines each, every other number one"
    if "2" in numbers and "3" not in numbers:
        return "T56", "an address (2/) stands with its country and town (3/)"
    if ("4" in numbers) != ("5" in numbers):
        return "T56", "date (4/) and place of birth (5/) stand together"
    if "8" in numbers and not coded and "6" not in numbers and "7" not in numbers:
        return "T56", "8/ goes on with an identifier, and none stands before it"
    return None


def _contents(texts: dict[str, str]) -> Wrong | None:
    """Countries and the date of birth."""
    for number in ("3", "5", "6", "7"):
        placed = _PLACED.match(texts.get(number, "GB/X"))
        if placed is None or placed[1] not in COUNTRIES:
            return "T73", f"{number}/ begins with a country of ISO 3166"
        if number != "3" and not placed[2]:
            return "T56", f"{number}/ has a country, a slash and more behind it"
    if "4" in texts and not _is_day(texts["4"]):
        return "T50", "the date of birth (4/) is YYYYMMDD"
    return None


def _is_day(text: str) -> bool:
    if len(text) != 8 or not (text.isascii() and text.isdigit()):
        return False
    try:
        date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return False
    return True
