"""The countries that an address may speak of: said outright, by a code, before a postcode, or by a hint beside it.

Strategy: candidates in the order of their strength, each with what has to agree before it is believed. None of them is
ever made from a town or a postcode alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Literal

from msgspec import Struct

import schemas
from gateway.addresses.pieces import Piece, suffixes, without
from gateway.addresses.records import Evidence, Hints
from gateway.addresses.tables import CITY_STATES, POSTCODES, PREFIXES, STATES, UNSAFE_NAMES
from gateway.addresses.words import folded

FILE = Path(schemas.__file__).parent / "addresses" / "countries.txt"
# What must agree: nothing; a town of that country; the same and no state of that name; a hint; postcode and town both.
Needs = Literal["nothing", "town", "town_not_state", "hint_town", "postcode_and_town"]
_PREFIXED = re.compile(r"([A-Z]{1,3})-(?=\d)", re.IGNORECASE)
_STATE_CODES = {code: country for country, codes in STATES.items() if country != "IT" for code in codes}


class Candidate(Struct, frozen=True):
    """A country, why, what must agree, and the pieces without the words that said so."""

    country: str
    evidence: Evidence
    needs: Needs
    pieces: Sequence[Piece]


@cache
def _table() -> tuple[frozenset[str], dict[str, str], dict[str, str]]:
    """Codes of two letters, codes of three, names."""
    codes, threes, names = set(), {}, {}
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            code, three, *spelled = line.split(";")
            codes.add(code)
            threes[three] = code
            names.update(dict.fromkeys(spelled, code))
    return frozenset(codes), threes, names


def is_code(text: str) -> bool:
    """Whether a text is the code of a country."""
    return text in _table()[0]


def candidates(pieces: Sequence[Piece], hints: Hints) -> Iterator[Candidate]:
    """Every country that is spoken of, the strongest first."""
    if pieces:
        yield from _named(pieces)
        yield from _coded(pieces)
        yield from _prefixed(pieces)
    yield from _hinted(pieces, hints)


def _named(pieces: Sequence[Piece]) -> Iterator[Candidate]:
    last, names = len(pieces) - 1, _table()[2]
    text = pieces[last].text
    whole = folded(text)
    if whole in names:
        needs: Needs = "town" if whole in UNSAFE_NAMES else "nothing"
        yield _said(names[whole], "country named", text, 0.98, needs, without(pieces, last))
        return
    for before, words in suffixes(text):
        name = folded(words)
        if name in names:
            yield _said(names[name], "country named at the end", text, 0.97, "town", without(pieces, last, before))
            return
        if name in UNSAFE_NAMES:
            return
    before, _, code = text.rpartition(" ")
    country = names.get(folded(before), "")
    if country in CITY_STATES and country in POSTCODES and POSTCODES[country].pattern.fullmatch(code):
        yield _said(country, "country named before its postcode", text, 0.97, "nothing", pieces)


def _coded(pieces: Sequence[Piece]) -> Iterator[Candidate]:
    last = len(pieces) - 1
    before, _, code = pieces[last].text.rpartition(" ")
    code = code.strip("()").upper()
    codes, threes, _ = _table()
    country = code if code in codes else threes.get(code, "")
    if country:
        needs: Needs = "town_not_state" if code in _STATE_CODES else "town"
        rest = without(pieces, last, before.strip(" -"))
        yield _said(country, "country code at the end", pieces[last].text, 0.95, needs, rest)


def _prefixed(pieces: Sequence[Piece]) -> Iterator[Candidate]:
    for place in reversed(range(len(pieces))):
        text = pieces[place].text
        match = _PREFIXED.match(text)
        country = _prefix_country(match[1].upper()) if match else ""
        if match and country in POSTCODES and POSTCODES[country].pattern.match(text[match.end() :]):
            rest = without(pieces, place, text[match.end() :])
            yield _said(country, "country sign before the postcode", text, 0.96, "nothing", rest)
            return
        if match is None and (behind := re.fullmatch(r"(.*?) ?\b(LV|LT)-(\d{4,5})", text)):
            rest = without(pieces, place, f"{behind[1]} {behind[3]}".strip())
            yield _said(behind[2], "country sign before the postcode", text, 0.96, "nothing", rest)
            return


def _prefix_country(sign: str) -> str:
    return PREFIXES.get(sign, sign if sign in _table()[0] else "")


def _hinted(pieces: Sequence[Piece], hints: Hints) -> Iterator[Candidate]:
    for country, rule, confidence, needs in (
        (hints.account, "country of the IBAN", 0.92, "hint_town"),
        (hints.residence, "country of residence", 0.92, "hint_town"),
        (hints.agent, "country of the agent's BIC, with a town and postcode of it", 0.85, "postcode_and_town"),
    ):
        if country:
            yield _said(country, rule, country, confidence, needs, pieces)  # type: ignore[arg-type]


def _said(country: str, rule: str, source: str, confidence: float, needs: Needs, pieces: Sequence[Piece]) -> Candidate:
    return Candidate(country, Evidence("country", country, rule, source, confidence), needs, pieces)


def state_country(code: str) -> str:
    """The country that has a state of that code."""
    return _STATE_CODES.get(code, "")
