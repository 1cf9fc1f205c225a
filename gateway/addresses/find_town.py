"""The town of an address whose country is known or supposed: by its postcode, else by the list of towns.

Strategy: from the last piece to the first, since the town stands near the end everywhere. A postcode with a text
beside it is a town even when no list has it; a text alone only when one has.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from msgspec import Struct, structs

from gateway.addresses import towns
from gateway.addresses.pieces import Piece, suffixes, without
from gateway.addresses.records import Evidence
from gateway.addresses.tables import CITY_STATES, POSTCODES, STATES
from gateway.addresses.words import folded

TOWN_MAX = 35
_JOINING = frozenset("DE DU DES DA DO DI DEL DELLA OF THE VAN DER DEN LA LE AM IM AN ZUR ZUM VON SAN ST SAINT".split())
_CEDEX = re.compile(r"\s+CEDEX(\s+\d+)?$", re.IGNORECASE)
_DISTRICT = re.compile(r"\s+\d{1,2}$")  # Dublin 2, Praha 1
_SIGN = re.compile(r"[A-Z]{1,2}-(?=\d)")
_DIGITS = re.compile(r"\d")
_CODE_LIKE = re.compile(r"\d{4,6}")


class Town(Struct, frozen=True):
    """A town, with its postcode where it has one, and the pieces that are left."""

    name: str
    rule: str
    source: str
    confidence: float
    pieces: Sequence[Piece]
    listed: bool
    postcode: str = ""
    state: str = ""
    usual: bool = True  # written as the country's addresses are; False: in the other order, or at the end of a line

    def evidence(self) -> tuple[Evidence, ...]:
        """What speaks for it."""
        said = [Evidence("town", self.name, self.rule, self.source, self.confidence)]
        if self.postcode:
            said.append(Evidence("postcode", self.postcode, "postcode of the country", self.source, self.confidence))
        if self.state:
            said.append(Evidence("subdivision", self.state, "state beside the town", self.source, self.confidence))
        return tuple(said)


def find(pieces: Sequence[Piece], country: str) -> Town | None:
    """The best reading of the pieces as an address of the country; None when there is no town in it."""
    if country in POSTCODES:
        way = _before if POSTCODES[country].before else _behind
        other = _behind if way is _before else _before
        found = _first(pieces, country, way)
        if found is not None:
            return found
        found = _first(pieces, country, other, listed=True)
        if found is not None:
            return structs.replace(found, usual=False)
    return _without_postcode(pieces, country)


def _first(
    pieces: Sequence[Piece], country: str, way: Callable[[Sequence[Piece], int, str], Town | None], listed: bool = False
) -> Town | None:
    for place in reversed(range(len(pieces))):
        found = way(pieces, place, country)
        if found is not None and (found.listed or not listed):
            return found
    return None


# --- postcode before the town ---------------------------------------------------------------------


def _before(pieces: Sequence[Piece], place: int, country: str) -> Town | None:
    text = pieces[place].text
    pattern = POSTCODES[country].pattern.pattern
    match = re.fullmatch(
        rf"(?:(?P<head>.*\S)\s+)?(?:{country}[- ]?)?(?P<code>{pattern})(?:\s+(?P<tail>[^\d].*))?", text
    )
    match = match or re.fullmatch(rf"(?P<head>)(?P<code>{pattern})\s+(?P<tail>[^\d].*)", text)
    if match is None:
        return None
    head, code, tail = match["head"] or "", match["code"], match["tail"] or ""
    if not tail:
        return None if head else _neighbour(pieces, place, country, code)
    name, state = _stateless(tail, country)
    listed = _listed(country, name)
    if head and not listed:
        return None
    rest = without(pieces, place, head)
    return _coded_town(name, state, code, text, rest, listed)


def _neighbour(pieces: Sequence[Piece], place: int, country: str, code: str) -> Town | None:
    """A postcode that stands alone: the town is the piece behind it, or the one before."""
    for other in (place + 1, place - 1):
        if 0 <= other < len(pieces):
            name, state = _stateless(pieces[other].text, country)
            if name and _listed(country, name):
                rest = [piece for number, piece in enumerate(pieces) if number not in (place, other)]
                return _coded_town(name, state, code, f"{code} {name}", rest, listed=True)
    return None


# --- postcode behind the town ---------------------------------------------------------------------


def _behind(pieces: Sequence[Piece], place: int, country: str) -> Town | None:
    text = pieces[place].text
    match = re.fullmatch(
        rf"(?:(?P<head>.*?[^\s-])(?:\s+-?\s*|\s*-\s*))?(?P<code>{POSTCODES[country].pattern.pattern})",
        text,
        re.IGNORECASE,
    )
    if match is None:
        return None
    head, code = match["head"] or "", match["code"]
    name, state = _stateless(head, country)
    rest = list(pieces[:place])
    behind = list(pieces[place + 1 :])
    while not name and rest:  # the town is the piece before; a state may stand between
        name, other = _stateless(rest.pop().text, country)
        state = state or other
    if not name:
        return None
    return _named_before(name, state, code, text, (rest, behind), country)


def _named_before(
    name: str, state: str, code: str, text: str, around: tuple[list[Piece], list[Piece]], country: str
) -> Town | None:
    rest, behind = around
    line = rest[-1].line if rest else 0
    if _listed(country, name):
        return _coded_town(name, state, code, text, [*rest, *behind], listed=True)
    if rest and _listed(country, rest[-1].text) and not _DIGITS.search(name):  # a county stands below the town
        town = rest.pop().text
        return _coded_town(town, state or name, code, f"{town}, {text}", [*rest, *behind], listed=True)
    for before, words in suffixes(name):
        if _listed(country, words) and before.split()[-1].upper() not in _JOINING:
            return _coded_town(words, state, code, text, [*rest, Piece(line + 1, before), *behind], listed=True)
    if _DIGITS.search(name) or len(name) > TOWN_MAX:
        return None
    return _coded_town(name, state, code, text, [*rest, *behind], listed=False)


def _coded_town(name: str, state: str, code: str, source: str, rest: Sequence[Piece], listed: bool) -> Town | None:
    if not name or len(name) > TOWN_MAX:
        return None
    rule = "town beside its postcode, and in the list" if listed else "town beside a postcode"
    return Town(name, rule, source, 0.98 if listed else 0.85, rest, listed, code.upper(), state)


# --- no postcode ----------------------------------------------------------------------------------


def _without_postcode(pieces: Sequence[Piece], country: str) -> Town | None:
    for place in range(len(pieces) - 1, max(len(pieces) - 3, -1), -1):
        name, state = _stateless(pieces[place].text, country)
        if name and _listed(country, name) and len(name) <= TOWN_MAX:
            rest = without(pieces, place)
            usual = not _DISTRICT.search(name)
            return Town(name, "town in the list", pieces[place].text, 0.88, rest, True, "", state, usual)
    return _at_the_end(pieces, country) or _city_state(pieces, country) or _guessed(pieces)


def _at_the_end(pieces: Sequence[Piece], country: str) -> Town | None:
    if not pieces:
        return None
    place = len(pieces) - 1
    text, state = _stateless(pieces[place].text, country)
    for before, words in suffixes(text):
        last = before.split()[-1]
        if last.upper() in _JOINING or _CODE_LIKE.fullmatch(last):
            continue
        if _listed(country, words) and _DIGITS.search(before):
            rest = without(pieces, place, before)
            return Town(words, "town in the list at the end of a line", text, 0.78, rest, True, "", state, False)
    return None


def _city_state(pieces: Sequence[Piece], country: str) -> Town | None:
    name = CITY_STATES.get(country)
    if name is None:
        return None
    for place in reversed(range(len(pieces))):
        words, _, code = _SIGN.sub("", pieces[place].text).rpartition(" ")
        if country in POSTCODES and POSTCODES[country].pattern.fullmatch(code) and folded(words) in ("", name):
            return Town(words or name, "country that is a town", code, 0.95, without(pieces, place), True, code)
    return Town(name, "country that is a town", name, 0.9, pieces, False)


def _guessed(pieces: Sequence[Piece]) -> Town | None:
    """The last piece without a digit: shown to whoever repairs the address, too little to go on by itself."""
    if not pieces or _DIGITS.search(pieces[-1].text) or len(pieces[-1].text) > TOWN_MAX:
        return None
    text = pieces[-1].text
    return Town(text, "last line, which no list knows", text, 0.5, without(pieces, len(pieces) - 1), False)


def alike(country: str, postcode: str) -> list[str]:
    """The countries that may have a postcode of this form, in the same place."""
    before = POSTCODES[country].before
    return [one for one, form in POSTCODES.items() if form.before == before and form.pattern.fullmatch(postcode)]


def _stateless(text: str, country: str) -> tuple[str, str]:
    """A town and the state that stands behind it; a text that is a state alone has no town."""
    states = STATES.get(country)
    text = text.strip(" -")
    if states is None:
        return text, ""
    if text.upper() in states and not _listed(country, text):
        return "", text.upper()
    head, _, last = text.rpartition(" ")
    code = last.strip("()").upper()
    if head and code in states:
        return head.strip(" -"), code
    return text, ""


def _listed(country: str, name: str) -> bool:
    return towns.has(country, _DISTRICT.sub("", _CEDEX.sub("", name)))
