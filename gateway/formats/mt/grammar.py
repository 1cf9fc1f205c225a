"""Messages of sequences: a small grammar, and the walk that holds a message against it.

Strategy: a message type is a few lines of text, one a field: its number with the letters of its options, whether it is
mandatory (`!`) and may stand again (`*`), and its format as SWIFT writes it. `(` and `)` make a sequence, which repeats
or is mandatory as the sign behind `)` says. The walk is greedy and never goes back: in every FIN message the next tag
tells which way it goes on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from gateway.formats.mt import numbered
from gateway.formats.mt.blocks import is_tag
from gateway.formats.mt.meaning import Fault
from gateway.formats.mt.tables import (
    ACCOUNT,
    BIC,
    BIC_FAULT,
    FAULT_CODES,
    FORMAT_FAULT,
    ORDER_FAULT,
    A,
    B,
    C,
    D,
    compiled,
)

# Formats of options that are the same wherever they stand.
PARTY = {"A": A, "B": B, "C": C, "D": D}
CUSTOMER = {
    "": ACCOUNT + "(!/)4*35x",
    "A": ACCOUNT + BIC,
    "F": "35x$4*35x",
    "G": "/34x$" + BIC,
    "H": "/34x$4*35x",
    "K": ACCOUNT + "(!/)4*35x",
    "C": BIC,
    "L": "35x",
}
BALANCE, TIME = "1!a6!n3!a15d", "6!n4!n1!x4!n"
ENTRY = "6!n[4!n]2a[1!a]15d1!a3!c16x[//16x][$34x]"
_LINE = re.compile(r"(\d{2})([A-Z_]*)([!*]*)(?:\s+(\S+))?\Z")


class Place(Struct, frozen=True):
    """A field of a sequence; `options` are the formats by option letter, "" for none."""

    number: str
    options: dict[str, re.Pattern[str]]
    mandatory: bool
    repeats: bool

    def takes(self, tag: str) -> bool:
        return tag[:2] == self.number and tag[2:] in self.options


class Sequence(Struct, frozen=True):
    """Fields and sequences in their order; `rest` takes whatever follows (copied fields of another message)."""

    parts: tuple[Place | Sequence, ...]
    mandatory: bool = True
    repeats: bool = False
    rest: bool = False

    def takes(self, tag: str) -> bool:
        """Whether the sequence may begin with this tag."""
        for part in self.parts:
            if part.takes(tag):
                return True
            if part.mandatory:
                return False
        return False


class Level(Struct):
    """One occurrence of a sequence: its fields in order, and the sequences in it by their place."""

    fields: list[tuple[str, str]]
    inner: dict[int, list[Level]]

    def get(self, number: str) -> tuple[str, str] | None:
        """(option, value) of the first field of a number."""
        for tag, value in self.fields:
            if tag[:2] == number:
                return tag[2:], value
        return None

    def text(self, number: str) -> str:
        found = self.get(number)
        return found[1] if found is not None else ""

    def all(self, number: str) -> list[tuple[str, str]]:
        return [(tag[2:], value) for tag, value in self.fields if tag[:2] == number]

    def levels(self) -> Iterator[Level]:
        """The sequences in it, in order."""
        for found in self.inner.values():
            yield from found


def sequence(text: str) -> Sequence:
    """Compile the lines of a message type."""
    parts, _ = _parts(iter(line.strip() for line in text.strip().splitlines()))
    return Sequence(tuple(parts), rest=any(line.strip() == "..." for line in text.splitlines()))


def _parts(lines: Iterator[str]) -> tuple[list[Place | Sequence], str]:
    parts: list[Place | Sequence] = []
    for line in lines:
        if line == "(":
            inner, signs = _parts(lines)
            parts.append(Sequence(tuple(inner), "!" in signs, "*" in signs))
        elif line.startswith(")"):
            return parts, line[1:]
        elif line != "...":
            parts.append(_place(line))
    return parts, ""


def _place(line: str) -> Place:
    found = _LINE.match(line)
    assert found is not None, f"{line!r} is no line of the grammar"
    number, letters, signs, notation = found.groups()
    options = letters.replace("_", "") if letters else ""
    names = ["", *options] if "_" in letters or not letters else list(options)
    standard = CUSTOMER if number in ("50", "59") else PARTY
    formats = {name: compiled(notation or standard[name]) for name in names}
    return Place(number, formats, "!" in signs, "*" in signs)


def walk(fields: list[tuple[str, str]], grammar: Sequence, name: str) -> Level:
    """Hold the fields against the grammar; raises Fault at the first that has no place or not its format."""
    level, at = _walk(fields, 0, grammar, name)
    if at < len(fields) and not grammar.rest:
        tag = fields[at][0]
        place = f":{tag}:" if is_tag(tag) else "block 4"
        raise Fault(ORDER_FAULT, "FF01", place, f"{name} has no such field at this place")
    level.fields += fields[at:]
    return level


def _walk(fields: list[tuple[str, str]], at: int, grammar: Sequence, name: str) -> tuple[Level, int]:
    level = Level([], {})
    for index, part in enumerate(grammar.parts):
        first = at
        while at < len(fields) and part.takes(fields[at][0]) and (part.repeats or at == first):
            if isinstance(part, Place):
                level.fields.append(_checked(*fields[at], part))
                at += 1
            else:
                inner, at = _walk(fields, at, part, name)
                level.inner.setdefault(index, []).append(inner)
                first = at if part.repeats else -1
        if at == first and part.mandatory and index not in level.inner and not _stands(level, part):
            raise Fault(ORDER_FAULT, "FF01", f":{_title(part)}:", f"a mandatory field of {name} is missing")
    return level, at


def _stands(level: Level, part: Place | Sequence) -> bool:
    return isinstance(part, Place) and any(part.takes(tag) for tag, _ in level.fields)


def _title(part: Place | Sequence) -> str:
    """How a missing field is called: by its tag, or `a` for one of several options."""
    if isinstance(part, Sequence):
        return _title(part.parts[0])
    return part.number + (next(iter(part.options)) if len(part.options) == 1 else "a")


def _numbered(tag: str, value: str) -> tuple[str, str]:
    """The field, once its numbered lines are right where it has such."""
    if tag in ("50F", "59F"):
        code, text = numbered.wrong(value, tag == "50F")
        if code:
            raise Fault(code, "FF01", f":{tag}:", text)
    return tag, value


def _checked(tag: str, value: str, place: Place) -> tuple[str, str]:
    """The field as it stands, once its format is right; blanks at line ends and empty lines are passed over."""
    pattern = place.options[tag[2:]]
    if pattern.match(value):
        return _numbered(tag, value)
    tidy = "\n".join(line for line in map(str.rstrip, value.split("\n")) if line)
    if pattern.match(tidy):
        return _numbered(tag, tidy)
    code = FAULT_CODES.get(tag, BIC_FAULT if tag[2:] == "A" else FORMAT_FAULT)
    raise Fault(code, "FF01", f":{tag}:", "the value does not have the format of the field")
