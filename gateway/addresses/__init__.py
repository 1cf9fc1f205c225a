"""Addresses in lines made hybrid or structured, with evidence for every word that is placed.

Strategy: `countries` says which countries the address speaks of, `find_town` reads it as an address of each, and the
first country that its town agrees with is taken; `streets` reads what is left. A country is never made up: when nothing
speaks for one, or the town speaks against it, the address stays as it is and says what is missing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from msgspec import structs

from gateway.addresses import find_town, streets, towns
from gateway.addresses.countries import Candidate, candidates, is_code, state_country
from gateway.addresses.find_town import Town, alike
from gateway.addresses.pieces import Piece, joined, split
from gateway.addresses.records import Evidence, Found, Hints
from gateway.addresses.tables import OWN_POSTCODES
from gateway.model import Address

__all__ = ["ENOUGH", "NO_HINTS", "Evidence", "Form", "Found", "Hints", "complete", "is_complete"]

Form = Literal["hybrid", "structured"]
ENOUGH = 0.7  # confidence in town and country together, below which a person looks
_OPTION_F = re.compile(r"3/([A-Z]{2})(?:/(.*))?")
_CODE_LIKE = re.compile(r"(?:\D* )?\d{4,6}(?: \D*)?")


def is_complete(address: Address, form: Form = "hybrid") -> bool:
    """Whether an address has the form already."""
    if not address.town or not address.country:
        return False
    return streets.fits(address.lines) if form == "hybrid" else not address.lines


NO_HINTS = Hints()


def complete(address: Address, hints: Hints = NO_HINTS, form: Form = "hybrid") -> Found:
    """The address in a form, as far as its own words allow; one that has it already comes back untouched."""
    if is_complete(address, form):
        return Found(address)
    if address.town and address.country:
        return _finished(address, (), 1.0, address.lines, form)
    pieces, said = _option_f(address)
    if said.country and said.town:
        return _finished(said, _said_outright(address, said), 1.0, joined(pieces), form)
    best: Found | None = None
    for candidate in _candidates(said, pieces, hints):
        found = _read(said, candidate, hints, form)
        if found is not None and not found.missing:
            return found
        best = best or found
    return best or Found(address, (), 0.0, _missing(address))


def _option_f(address: Address) -> tuple[list[Piece], Address]:
    """Country and town as option F of field 50 or 59 gives them, `3/DE/Berlin, 10115`."""
    kept: list[str] = []
    said = address
    for line in address.lines:
        match = _OPTION_F.fullmatch(line.strip())
        if match is None or not is_code(match[1]):
            kept.append(line)
            continue
        town, _, rest = (match[2] or "").partition(",")
        said = structs.replace(said, country=match[1], town=said.town or town.strip())
        kept += [rest.strip()] if rest.strip() else []
    pieces = split(kept)
    return pieces, _coded(said, pieces) if said is not address else said


def _coded(said: Address, pieces: list[Piece]) -> Address:
    """With the postcode that stands beside such a town; taken out of the pieces."""
    for place, piece in enumerate(pieces if said.town else ()):
        for text in (f"{piece.text} {said.town}", f"{said.town} {piece.text}"):
            found = find_town.find([Piece(0, text)], said.country)
            if found is not None and found.postcode and found.name == said.town and not found.pieces:
                del pieces[place]
                return structs.replace(said, postcode=found.postcode, subdivision=found.state or said.subdivision)
    return said


def _said_outright(before: Address, said: Address) -> tuple[Evidence, ...]:
    names = ("country", "town", "postcode", "subdivision")
    pairs = [(name, getattr(said, name)) for name in names if getattr(said, name) != getattr(before, name)]
    return tuple(Evidence(name, value, "line 3/ of option F", value, 1.0) for name, value in pairs)


def _candidates(said: Address, pieces: Sequence[Piece], hints: Hints) -> Sequence[Candidate]:
    if not said.country:
        return list(candidates(pieces, hints))
    evidence = Evidence("country", said.country, "country of the address", said.country, 1.0)
    own = [one for one in candidates(pieces, NO_HINTS) if one.country == said.country]  # said twice
    return [
        *(structs.replace(one, evidence=evidence) for one in own),
        Candidate(said.country, evidence, "nothing", pieces),
    ]


def _read(said: Address, candidate: Candidate, hints: Hints, form: Form) -> Found | None:
    """The address read as one of the candidate's country; None when the two do not agree."""
    if said.town:
        known = Town(said.town, "town of the address", said.town, 1.0, candidate.pieces, True)
        town: Town | None = known if towns.has(candidate.country, said.town) or candidate.needs == "nothing" else None
    else:
        town = find_town.find(candidate.pieces, candidate.country)
    if town is None or not _agrees(candidate, town, hints):
        return None
    fields = {"country": candidate.country, "town": town.name}
    fields |= {"postcode": town.postcode} if town.postcode else {}
    fields |= {"subdivision": town.state} if town.state else {}
    completed = structs.replace(said, **fields)
    confidence = candidate.evidence.confidence * town.confidence
    return _finished(completed, (candidate.evidence, *town.evidence()), confidence, joined(town.pieces), form)


def _agrees(candidate: Candidate, town: Town, hints: Hints) -> bool:
    """Whether the town is what the candidate needs beside it."""
    country, needs = candidate.country, candidate.needs
    if needs == "nothing":
        return True
    if needs == "postcode_and_town":
        return town.listed and bool(town.postcode) and _meant(candidate, town)
    if not town.listed and not (town.postcode and _unlisted(candidate, town)):
        return False
    if needs == "town_not_state":
        code = country if state_country(country) else ""
        supported = country in (hints.account, hints.residence, hints.agent)
        return supported or not code or not towns.has(state_country(code), town.name)
    return needs != "hint_town" or _meant(candidate, town)


def _meant(candidate: Candidate, town: Town) -> bool:
    """Whether a town found for a hint alone is surely that country's: written as usual, mistakable for no other."""
    if not town.usual:
        return False
    if not town.postcode:
        coded = any(_CODE_LIKE.fullmatch(piece.text) for piece in candidate.pieces)
        return not coded and not towns.mistakable(candidate.country, town.name)
    return not towns.mistakable(candidate.country, town.name, alike(candidate.country, town.postcode))


def _unlisted(candidate: Candidate, town: Town) -> bool:
    """Whether a town that no list has is believed for its postcode: no other country has one that begins so."""
    if candidate.needs == "hint_town" and candidate.country not in OWN_POSTCODES:
        return False
    words = town.name.split()
    return not any(towns.elsewhere(candidate.country, " ".join(words[:end])) for end in range(1, len(words) + 1))


def _finished(
    address: Address, evidence: tuple[Evidence, ...], confidence: float, lines: Sequence[str], form: Form
) -> Found:
    """With the street out of the lines that are left, and what is still missing."""
    if address.street or address.post_box:
        street = streets.Street({}, (), streets.packed(lines))
    else:
        street = streets.find(lines, address.country)
    made = structs.replace(address, lines=street.lines, **street.fields)
    missing = "" if confidence >= ENOUGH else "a town and a country that are certain"
    if not missing and not is_complete(made, form):
        wanted = "two lines of 70 characters" if form == "hybrid" else "none"
        missing = f"a place for the other lines, of which the address may have {wanted}"
    return Found(made, (*evidence, *street.evidence), round(confidence, 3), missing)


def _missing(address: Address) -> str:
    names = [name for name in ("town", "country") if not getattr(address, name)]
    return " and ".join(f"the {name}" for name in names)
