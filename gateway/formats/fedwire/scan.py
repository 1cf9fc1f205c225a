"""FAIM text to tags and elements, and back to the same bytes.

Strategy: one search for `{nnnn}` cuts a file into tags and, where a header tag begins again, into messages; each tag is
cut by its specification. An element ends at its asterisk, at its full width in the padded writing, or with
the tag. Everything that was read keeps the characters it was read from, so that printing the parts gives the
same bytes. Linear in the file; nothing raises.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable, Iterator
from functools import cache
from typing import BinaryIO

from msgspec import Struct

from gateway.formats.fedwire.tables import (
    ADDENDA_END,
    ADDENDA_NEW_MAX,
    ADDENDA_OLD_MAX,
    BY_NUMBER,
    CLASSES,
    CODES,
    FIRST,
    SHORT,
    Element,
    Tag,
)
from gateway.model import Refusal

MESSAGE_CHARACTERS_MAX = 65_536  # all tags full are about 33,000
CHUNK_BYTES = 1 << 20  # of a stream read at a time
PIECE_CHARACTERS_MAX = 4 << 20  # without an end of a message in it: no file of FAIM

_TAG = re.compile(r"\{([0-9]{4})\}")
_LENGTH = re.compile(r"[0-9]{4}")
_AFTER_ADDENDA = re.compile(r"\*?\s*(?:\{[0-9]{4}\}|\Z)")


class Read(Struct, frozen=True, gc=False):
    """One tag as it stands: element texts, and the raw characters of tag, elements and what follows."""

    number: str
    values: tuple[str, ...]  # without padding and asterisk; fewer than specified when the rest was left out
    raw: tuple[str, ...]  # `{nnnn}`, each element with padding and asterisk, what follows
    place: int  # of the tag in the file, characters from 0

    def get(self, name: str) -> str:
        """The text of an element, "" when it is empty or left out."""
        return value_of(self.number, self.values, name)


class Message(Struct, frozen=True, gc=False):
    """One message: its tags in the order in which they stand, and what is wrong with how they are written."""

    tags: tuple[Read, ...]
    faults: tuple[Refusal, ...]

    def first(self, number: str) -> Read | None:
        """The first tag of this number."""
        return next((tag for tag in self.tags if tag.number == number), None)

    def text(self, number: str, name: str) -> str:
        """The text of an element of the first tag of this number; "" without it."""
        tag = self.first(number)
        return tag.get(name) if tag is not None else ""


@cache
def _position(number: str, name: str) -> int:
    return [element.name for element in BY_NUMBER[number].elements].index(name)


def value_of(number: str, values: tuple[str, ...], name: str) -> str:
    """The element of a tag's texts by its name."""
    place = _position(number, name)
    return values[place] if place < len(values) else ""


@cache
def pattern(kind: str, width: int) -> re.Pattern[str]:
    """What an element of this kind and width must match."""
    return re.compile(CLASSES[kind].replace("{}", str(width)) + r"\Z")


def scan(text: str) -> tuple[str, list[Message]]:
    """What stands before the first tag, and the messages."""
    found = _TAG.search(text)
    return text[: found.start()] if found else text, list(messages(text))


def messages(text: str) -> Iterator[Message]:
    """The messages of a file, one at a time, so that no more than one is held in pieces."""
    for cuts, end in _extents(text):
        ends = [start for _, start, _ in cuts[1:]] + [end]
        tags: list[Read] = []
        faults: list[Refusal] = []
        if end - cuts[0][1] > MESSAGE_CHARACTERS_MAX:
            said = f"the message has {end - cuts[0][1]} characters; expected at most {MESSAGE_CHARACTERS_MAX}"
            faults.append(Refusal("FAIM-SIZE", "FF01", f"character {cuts[0][1]}", said))
        for (number, start, body), stop in zip(cuts, ends, strict=True):
            read, wrong = _tag(number, text[start:body], text[body:stop], start)
            tags.append(read)
            faults += wrong
        yield Message(tuple(tags), tuple(faults))


Cut = tuple[str, int, int]  # number, where the tag begins, where its elements begin


def _extents(text: str) -> Iterator[tuple[list[Cut], int]]:
    """The tags of each message and where it ends; of one that is too long, the tags up to the limit."""
    cuts: list[Cut] = []
    seen: set[str] = set()
    for cut in _cuts(text):
        if cuts and cut[0] in FIRST and (cut[0] in seen or not seen <= FIRST):
            yield cuts, cut[1]
            cuts, seen = [], set()
        seen.add(cut[0])
        if not cuts or cut[1] - cuts[0][1] <= MESSAGE_CHARACTERS_MAX:
            cuts.append(cut)
    if cuts:
        yield cuts, len(text)


def _cuts(text: str) -> Iterator[Cut]:
    """Every tag: number, where it begins, where its elements begin. Addenda are passed over by their own measure."""
    at = 0
    while found := _TAG.search(text, at):
        yield found[1], found.start(), found.end()
        at = found.end()
        if found[1] == "8200":
            at = _addenda(text, at)[1]


def _addenda(text: str, start: int) -> tuple[str, int]:
    """The addenda's text and where they end; ("", start) when they have neither length nor end."""
    if length := _LENGTH.match(text, start):
        count = int(length[0])
        end = start + 4 + count
        if count <= ADDENDA_OLD_MAX and end <= len(text) and _AFTER_ADDENDA.match(text, end):
            return text[start + 4 : end], end
    end = text.find(ADDENDA_END, start, start + ADDENDA_NEW_MAX + len(ADDENDA_END))
    return (text[start:end], end + len(ADDENDA_END)) if end >= 0 else ("", start)


def _tag(number: str, head: str, body: str, place: int) -> tuple[Read, list[Refusal]]:
    """One tag by its specification; what nobody knows is kept whole and refused."""
    where = f"{{{number}}} at character {place}"
    spec = BY_NUMBER.get(number)
    if spec is None:
        return Read(number, (), (head, body), place), [
            Refusal("FAIM-TAG", "FF01", where, f"{{{number}}} is not a tag of FAIM 3.0.7")
        ]
    if number == "8200":
        return _read_addenda(head, body, place, where)
    rest = body.rstrip("\r\n\t\x00\x1a")
    raw, values, left = cut(spec, rest)
    read = Read(number, tuple(values), (head, *raw, left + body[len(rest) :]), place)
    faults = list(_checked(spec, values, where))
    if left.strip(" *"):
        text = f"{len(left)} characters stand after the last element: an element is longer than its width"
        faults.append(Refusal("FAIM-LONG", "FF01", f"{where}, element {spec.elements[-1].name}", text))
    return read, faults


def _read_addenda(head: str, body: str, place: int, where: str) -> tuple[Read, list[Refusal]]:
    text, end = _addenda(body, 0)
    read = Read("8200", (text,), (head, body[:end], body[end:]), place)
    after = body[end:].strip("* \r\n\t\x00\x1a")
    if not end or after:
        sentence = "neither a four-digit length that fits, nor at most 9000 characters ended by <<>>"
        return read, [Refusal("FAIM-ADDENDA", "FF01", f"{where}, element addenda", sentence)]
    return read, []


def cut(spec: Tag, body: str) -> tuple[list[str], list[str], str]:
    """Raw pieces and texts of a tag's elements, and what is left over."""
    raw: list[str] = []
    values: list[str] = []
    at, starred = 0, "*" in body
    for element in spec.elements:
        if at >= len(body):
            break
        end, after = _end(element, body, at, starred)
        raw.append(body[at:after])
        text = body[at:end]
        values.append(text if element.fixed else text.strip(" "))
        at = after
    return raw, values, body[at:]


def _end(element: Element, body: str, at: int, starred: bool) -> tuple[int, int]:
    """Where an element's text ends and where the next begins."""
    full = min(at + element.width, len(body))
    if element.fixed:
        return full, full
    star = body.find("*", at) if starred else -1
    if star < 0:
        return full, full
    if star > full and element.width <= SHORT:
        return full, full
    return star, star + 1


def _checked(spec: Tag, values: list[str], where: str) -> Iterator[Refusal]:
    """Each element against its width, its class or its codes."""
    for place, element in enumerate(spec.elements):
        value = values[place] if place < len(values) else ""
        expected = _wrong(element, value)
        if expected:
            said = f"{value[:40]!r} is not {expected}" if value else f"missing; expected {expected}"
            yield Refusal("FAIM-ELEMENT", "FF01", f"{where}, element {element.name}", said)


def _wrong(element: Element, value: str) -> str:
    """What was expected; "" when the value is right."""
    if not value or (element.fixed and not element.required and not value.strip()):
        return _expected(element) if element.required and (element.kind, value) != ("duplication", "") else ""
    codes = CODES.get(element.kind)
    if codes is not None:
        return "" if value in codes else _expected(element)
    if len(value) > element.width or not pattern(element.kind, element.width).match(value):
        return _expected(element)
    return _expected(element) if element.kind == "date" and not _is_date(value) else ""


def _is_date(text: str) -> bool:
    """Whether the month has that day."""
    return int(text[6:]) <= monthrange(int(text[:4]), int(text[4:6]))[1]


def _expected(element: Element) -> str:
    codes = CODES.get(element.kind)
    if codes is not None:
        return f"one of {' '.join(sorted(code.strip() or 'blank' for code in codes))}"
    extent = f"{element.width}" if element.fixed else f"at most {element.width}"
    return f"{extent} characters: {_WORDS[element.kind]}"


_WORDS = {
    "text": "printable ASCII",
    "token": "printable ASCII",
    "alphanumeric": "letters and digits",
    "digits": "digits",
    "date": "a date as YYYYMMDD",
    "monthday": "a date as MMDD",
    "time": "a time as HHMM",
    "currency": "a currency of three letters",
    "decimal": "digits with at most one comma",
    "money": "a currency of three letters and an amount with a comma",
}


def printed(before: str, read: Iterable[Message]) -> str:
    """A file from what was read of it."""
    return before + "".join("".join(tag.raw) for message in read for tag in message.tags)


def stream(file: BinaryIO) -> Iterator[str]:
    """A long file in pieces of whole messages, each beginning with a header tag; the first with what stands before."""
    rest = ""
    while chunk := file.read(CHUNK_BYTES):
        rest += chunk.decode("latin-1")
        # Addenda that are not all there may look like tags: what may belong to them waits for the next chunk.
        sure = len(rest) - ADDENDA_NEW_MAX - len("{8200}" + ADDENDA_END)
        last = 0
        for cuts, _ in _extents(rest):
            last = cuts[0][1] if cuts[0][1] <= sure else last
        if not last and len(rest) > PIECE_CHARACTERS_MAX:
            last = len(rest)
        if last:
            yield rest[:last]
            rest = rest[last:]
    if rest:
        yield rest
