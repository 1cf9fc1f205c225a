"""The street, house number and post box in the lines that are left when town and country are found."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from gateway.addresses.records import Evidence
from gateway.addresses.tables import (
    NUMBER_FIRST,
    NUMBERED_BLOCKS,
    POST_BOX,
    STREET_NUMBER_FIRST,
    STREET_NUMBER_LAST,
    UNIT,
)

STREET_MAX, NUMBER_MAX, BOX_MAX = 70, 16, 16
_DIGIT_PART = re.compile(r"^\d[\w/-]*(?: bis| ter)?, |, \d[^,]*$")  # a comma between street and number
LINES_MAX, LINE_MAX = 2, 70  # of a hybrid address


class Street(Struct, frozen=True):
    """Fields of an address, what spoke for them, and the lines that are left."""

    fields: dict[str, str]
    evidence: tuple[Evidence, ...]
    lines: tuple[str, ...]


def find(lines: Sequence[str], country: str) -> Street:
    """The first line that reads as a street, and the first that is a post box."""
    fields: dict[str, str] = {}
    evidence: list[Evidence] = []
    left: list[str] = []
    for line in lines:
        taken = _taken(line, country, fields)
        if taken is None:
            left.append(line)
            continue
        found, rest = taken
        fields |= found
        evidence += [
            Evidence(name, value, f"{_WORDS[name]} of the country", line, 0.9) for name, value in found.items()
        ]
        left += rest
    return Street(fields, tuple(evidence), packed(left))


_WORDS = {"street": "way of writing streets", "building_number": "way of writing streets", "post_box": "post boxes"}


def _taken(line: str, country: str, known: dict[str, str]) -> tuple[dict[str, str], list[str]] | None:
    """The fields of a line and what is left of it; the parts between commas are looked at when the whole is none."""
    parts = line.split(", ")
    for place, text in enumerate([line, *parts] if len(parts) > 1 else [line]):
        found = _box(text) if "post_box" not in known else {}
        found = found or (_street(text, country) if "street" not in known else {})
        if found:
            rest = [] if place == 0 else [", ".join(part for number, part in enumerate(parts, 1) if number != place)]
            return found, rest
    return None


def _box(text: str) -> dict[str, str]:
    match = POST_BOX.fullmatch(text)
    return {"post_box": match["number"].strip()} if match and len(match["number"].strip()) <= BOX_MAX else {}


def _street(text: str, country: str) -> dict[str, str]:
    if country in NUMBERED_BLOCKS or (", " in text and not _DIGIT_PART.search(text)):
        return {}
    first, second = STREET_NUMBER_LAST, STREET_NUMBER_FIRST
    if country in NUMBER_FIRST:
        first, second = second, first
    match = first.fullmatch(text) or second.fullmatch(text)
    if (
        match is None
        or POST_BOX.match(text)
        or UNIT.search(match["street"])
        or len(match["street"]) > STREET_MAX
        or len(match["number"]) > NUMBER_MAX
    ):
        return {}
    return {"street": match["street"].strip(" ,"), "building_number": match["number"].replace(" ", "")}


def packed(lines: Sequence[str]) -> tuple[str, ...]:
    """The same text in as few lines as it needs, when it has more than a hybrid address holds."""
    if len(lines) <= LINES_MAX:
        return tuple(lines)
    made: list[str] = []
    for line in lines:
        if made and len(made[-1]) + 2 + len(line) <= LINE_MAX:
            made[-1] = f"{made[-1]}, {line}"
        else:
            made.append(line)
    return tuple(made)


def fits(lines: Sequence[str]) -> bool:
    """Whether a hybrid address holds the lines."""
    return len(lines) <= LINES_MAX and all(len(line) <= LINE_MAX for line in lines)
