"""Identifiers that carry their own proof: BIC, LEI, UETR, creditor identifiers, member ids of clearing systems.

Each function says in words what is wrong, and nothing when nothing is.
"""

from __future__ import annotations

import re
from functools import lru_cache

from gateway.model import COUNTRIES

_BIC = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?")
_LEI = re.compile(r"[A-Z0-9]{18}[0-9]{2}")
_UETR = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_CREDITOR = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{3}[A-Z0-9+?/:().,'-]{1,28}")
# ISO external code of a clearing system -> how its members are named (published code list, in patterns).
MEMBERS = {
    code: re.compile(pattern)
    for code, pattern in {
        "ATBLZ": r"\d{5}",
        "AUBSB": r"\d{6}",
        "BRISP": r"\d{8}",
        "CACPA": r"\d{9}",
        "CHBCC": r"\d{3,5}",
        "CHSIC": r"\d{6}",
        "CNAPS": r"\d{12}",
        "CNCIP": r"[A-Z0-9]{1,14}",
        "DEBLZ": r"\d{8}",
        "ESNCC": r"\d{8,9}",
        "GBDSC": r"\d{6}",
        "GRBIC": r"\d{7}",
        "HKNCC": r"\d{3}",
        "IENCC": r"\d{6}",
        "INFSC": r"[A-Z0-9]{11}",
        "ITNCC": r"\d{10}",
        "JPZGN": r"\d{7}",
        "NACSC": r"\d{6}",
        "NZNCC": r"\d{6}",
        "PLKNR": r"\d{8}",
        "PTNCC": r"\d{8}",
        "RUCBC": r"\d{9}",
        "SESBA": r"\d{4}",
        "SGIBG": r"\d{7}|\d{3,4}",
        "THCBC": r"\d{3}",
        "TWNCC": r"\d{7}",
        "USABA": r"\d{9}",
        "USPID": r"\d{4}",
        "ZANCC": r"\d{6}",
    }.items()
}


def _mod97(text: str) -> int:
    return int("".join(str(int(c, 36)) for c in text)) % 97


@lru_cache(maxsize=50_000)
def bic(text: str) -> str:
    """ISO 9362: bank, country, place, branch."""
    if not _BIC.fullmatch(text):
        return f"{text[:20]!r} does not have the form of a BIC"
    return "" if text[4:6] in COUNTRIES else f"{text[4:6]} in the BIC is not a country"


@lru_cache(maxsize=50_000)
def lei(text: str) -> str:
    """ISO 17442: twenty characters, check digits by mod 97."""
    if not _LEI.fullmatch(text):
        return "an LEI has 18 letters or digits and two check digits"
    return "" if _mod97(text) == 1 else "the check digits of the LEI are wrong"


def uetr(text: str) -> str:
    """RFC 4122 version 4, in small letters."""
    return "" if _UETR.fullmatch(text) else "a UETR is a UUID of version 4 in small letters"


@lru_cache(maxsize=10_000)
def creditor(text: str) -> str:
    """SEPA creditor identifier: country, check digits over all but the business code (EPC262-08)."""
    if not _CREDITOR.fullmatch(text) or text[:2] not in COUNTRIES:
        return "the creditor identifier is not a country, two digits, three characters and up to 28 more"
    national = re.sub(r"[^A-Z0-9]", "", text[7:])
    return "" if _mod97(national + text[:4]) == 1 else "the check digits of the creditor identifier are wrong"


def routing_number(text: str) -> bool:
    """The check digit of an ABA routing number: weights 3, 7, 1."""
    return sum(int(c) * weight for c, weight in zip(text, (3, 7, 1) * 3, strict=True)) % 10 == 0


def member(system: str, id: str) -> str:
    """A member's id in a clearing system; systems that are not listed take any."""
    pattern = MEMBERS.get(system)
    if pattern is None:
        return ""
    if not pattern.fullmatch(id):
        return f"{id[:20]!r} does not have the form of a member of {system}"
    return "" if system != "USABA" or routing_number(id) else "the check digit of the routing number is wrong"
