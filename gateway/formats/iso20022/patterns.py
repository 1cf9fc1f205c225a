"""Payments from the text of checked pieces, without a tree: records of one file are made alike, so their tags are
read once.

Strategy: a record is cut at its angle brackets into tags and texts in turn. The tags are looked up: which texts are
leaves, which fields they are of. What is unusual (a branch with attributes, content of another namespace, an outer
level that is overruled, a fault) is read through a tree, by the same functions that read every other message.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from typing import Any, BinaryIO

from lxml import etree
from msgspec import Struct

from gateway.formats.iso20022.assemble import MAKERS, READERS, BadAmount, Form, fields, forms
from gateway.formats.iso20022.kinds import Kind
from gateway.formats.iso20022.leaves import OPEN
from gateway.formats.iso20022.pieces import Cutter
from gateway.formats.iso20022.read import Outer, Record, outer, paid, record
from gateway.formats.iso20022.table import Table
from gateway.formats.iso20022.xml import NAMESPACE, parser
from gateway.model import Payment, Refusal

PATTERNS_MAX = 512  # of one file; a file of ever new ones is read through trees
_TAG = re.compile(r"([A-Za-z][A-Za-z0-9]*)((?:\s+[A-Za-z]+\s*=\s*(?:\"[^\"<&]*\"|'[^'<&]*'))*)\s*(/?)\Z")
_ATTRIBUTE = re.compile(r"([A-Za-z]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_REFERENCE = re.compile(r"&(?:#x([0-9A-Fa-f]+)|#([0-9]+)|([a-z]+));")
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
Texts = Sequence[str]
Picked = Callable[[Texts], tuple[str, ...]]


class Field(Struct, frozen=True):
    """One field of several texts, or of one that has to be read."""

    form: Form
    rests: tuple[str, ...]
    pick: Picked
    make: Callable[[Any], Any] | None


class Pattern(Struct, frozen=True):
    """What the texts between a sequence of tags are; places count the texts, constants (attributes) behind them."""

    constants: tuple[str, ...]
    every: Picked
    texts: tuple[str, ...]  # fields that are one text, as it stands
    pick: Picked
    fields: tuple[Field, ...]
    extra: tuple[str, ...]
    pick_extra: Picked
    names: frozenset[str]


class Above(Struct, frozen=True):
    """What the levels above say, read once; None when it cannot be read."""

    outer: Outer
    made: dict[str, Any] | None
    names: frozenset[str]


def above(found: Outer) -> Above:
    """The outer levels of records to come."""
    try:
        made = fields(Payment, found.groups)
    except BadAmount:
        made = None
    return Above(found, made, frozenset(found.groups))


def pattern(tags: Sequence[str], table: Table) -> Pattern | None:
    """How records of these tags are read; None when through a tree."""
    found = _leaves(tags)
    if found is None:
        return None
    places: dict[str, dict[str, int]] = {}
    extra: list[tuple[str, int]] = []
    constants: list[str] = []
    for path, place in found:
        if isinstance(place, str):
            constants.append(place)
            place = 2 * len(tags) + len(constants)  # behind texts and tags
        slot = table.slot(path)
        if slot is None or slot[1] in places.get(slot[0], {}):
            extra.append((f"iso:{path}", place))
        else:
            places.setdefault(slot[0], {})[slot[1]] = place
    return _pattern(places, extra, constants)


def _pattern(places: dict[str, dict[str, int]], extra: list[tuple[str, int]], constants: list[str]) -> Pattern | None:
    original = places.get("original", {})
    if "amount" not in places and "amount" not in original:
        return None
    known = forms(Payment)
    plain = [name for name in places if known[name].what == "text"]
    every = [place for inner in places.values() for place in inner.values()] + [place for _, place in extra]
    return Pattern(
        tuple(constants),
        _picker(every),
        tuple(plain),
        _picker([places[name][""] for name in plain]),
        tuple(_field(known[name], inner) for name, inner in places.items() if known[name].what != "text"),
        tuple(path for path, _ in extra),
        _picker([place for _, place in extra]),
        frozenset(places),
    )


def _field(form: Form, places: dict[str, int]) -> Field:
    make = MAKERS.get(form.inner) if form.what == "record" and form.inner is not None else None
    return Field(form, tuple(places), _picker(list(places.values())), make)


def _picker(places: Sequence[int]) -> Picked:
    if not places:
        return lambda texts: ()
    if len(places) == 1:
        place = places[0]
        return lambda texts: (texts[place],)
    return itemgetter(*places)


def _leaves(tags: Sequence[str]) -> list[tuple[str, int | str]] | None:
    """Paths with the place of their text, or the text of an attribute; None when there is more than elements."""
    found: list[tuple[str, int | str]] = []
    prefixes, siblings = [""], [("", 0)]
    for number, text in enumerate(tags):
        if text[:1] == "/":
            prefixes.pop()
            siblings.pop()
            continue
        tag = _TAG.match(text)
        if tag is None or tag[1] in OPEN or not siblings:
            return None
        name, attributes, closed = tag.groups()
        last, count = siblings[-1]
        count = count + 1 if name == last else 1
        siblings[-1] = (name, count)
        path = f"{prefixes[-1]}{name}[{count}]" if count > 1 else prefixes[-1] + name
        leaf = bool(closed) or (number + 1 < len(tags) and tags[number + 1][:1] == "/")
        if attributes and not leaf:
            return None
        found += [(f"{path}/@{one[1]}", one[2] or one[3] or "") for one in _ATTRIBUTE.finditer(attributes)]
        if leaf and not closed:
            found.append((path, 2 * number + 2))  # what stands behind its tag
        if not closed:
            prefixes.append(f"{path}/")
            siblings.append(("", 0))
    return found


class Reader:
    """The second reading of a file that was checked in pieces."""

    def __init__(self, kind: Kind, top: Outer) -> None:
        self._kind, self._top, self._cutter = kind, top, Cutter(kind)
        self._space = len(NAMESPACE) + len(kind.type) + 2
        self._patterns: dict[tuple[str, ...], Pattern | None] = {}
        self._parser = parser()
        self._close = f"</{kind.body}></Document>".encode()

    def records(self, file: BinaryIO) -> Iterator[Record | Refusal]:
        """All records in order."""
        name, group = self._cutter.record, self._cutter.group
        begin, end, begin_group = f"<{name}>", f"</{name}>", f"<{group}>"
        over, prefix, groups, number = above(self._top), "", 0, 0
        for piece in self._cutter.pieces(file):
            text = piece.text.decode()
            if "\r" in text:
                text = text.replace("\r\n", "\n").replace("\r", "\n")
            for one in text.split(end)[:-1]:
                at = one.find(begin)
                if group and at and begin_group in one[:at]:
                    groups, number = groups + 1, 0
                    prefix = f"{group}[{groups}]/"
                    over = above(self._outer(one[one.rfind(begin_group, 0, at) : at]))
                number += 1
                yield self._record(one[at + len(begin) :], over, f"{prefix}{name}[{number}]")

    def _outer(self, head: str) -> Outer:
        """What a group says before its first record."""
        end = f"</{self._cutter.group}>".encode()
        body = etree.fromstring(self._cutter.opening + head.encode() + end + self._close, self._parser)[0]
        return outer(body[-1], self._space, self._kind, 1, self._top)

    def _record(self, text: str, over: Above, place: str) -> Record | Refusal:
        parts = text.replace(">", "<").split("<")
        if text.count(">") * 2 + 1 == len(parts):  # else a bracket stands in a text, which XML allows
            tags = tuple(parts[1::2])
            found = self._patterns.get(tags)
            if found is None and tags not in self._patterns and len(self._patterns) < PATTERNS_MAX:
                found = self._patterns[tags] = pattern(tags, self._kind.table)
            if found is not None and over.made is not None and found.names.isdisjoint(over.names):
                if "&" in text:
                    parts = [_REFERENCE.sub(_character, part) if "&" in part else part for part in parts]
                payment = self._payment(found, parts, over.made, over.outer, place)
                if payment is not None:
                    return payment
        return record(self._element(text), self._space, self._kind, over.outer, place)

    def _payment(
        self, found: Pattern, parts: list[str], above_made: dict[str, Any], top: Outer, place: str
    ) -> Payment | None:
        """The payment; None when a leaf is empty or an amount is none, which the other way knows to tell."""
        parts += found.constants
        if not all(found.every(parts)):
            return None
        made = dict(above_made)
        made.update(zip(found.texts, found.pick(parts), strict=True))
        try:
            for field in found.fields:
                items = zip(field.rests, field.pick(parts), strict=True)
                form = field.form
                make = field.make
                made[form.name] = make(tuple(items)) if make is not None else READERS[form.what](form, dict(items))
        except BadAmount:
            return None
        extra = (*top.extra, *zip(found.extra, found.pick_extra(parts), strict=True))
        return paid(self._kind, made, extra, place)

    def _element(self, text: str) -> etree._Element:
        """One record as an element, in the place where it stands."""
        name, group = self._cutter.record, self._cutter.group
        inner = f"<{name}>{text}</{name}>".encode()
        if group:
            inner = b"<%s>%s</%s>" % (group.encode(), inner, group.encode())
        body = etree.fromstring(self._cutter.opening + inner + self._close, self._parser)[0]
        return body[-1][-1] if group else body[-1]


def _character(found: re.Match[str]) -> str:
    """A reference as the character that it means; in a document without a DTD there are no others."""
    if found[3]:
        return _NAMED[found[3]]
    return chr(int(found[1], 16) if found[1] else int(found[2]))
