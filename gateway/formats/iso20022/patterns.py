"""Payments from the text of valid messages, without their trees: records of one file are made alike, so their tags are
read once.

Strategy: a record is cut at its angle brackets into tags and texts in turn. The tags are looked up: which texts are
leaves, which fields they are of. What is unusual (a branch with attributes, content of another namespace, an outer
level that is overruled, a fault) is read through a tree, by the same functions that read every other message.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from operator import itemgetter
from typing import Any, BinaryIO

from lxml import etree
from msgspec import Struct

from gateway.formats.iso20022.assemble import MAKERS, READERS, BadAmount, Form, fields, forms
from gateway.formats.iso20022.kinds import Kind, kind_of
from gateway.formats.iso20022.leaves import OPEN
from gateway.formats.iso20022.pieces import Cutter
from gateway.formats.iso20022.read import NOTHING, Outer, Record, outer, paid, record
from gateway.formats.iso20022.table import Table
from gateway.formats.iso20022.xml import NAMESPACE, parser
from gateway.model import Payment, Refusal

PATTERNS_MAX = 512  # of one type
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


class Maker:
    """Makes payments of one type; patterns are kept, for the next message is like this one."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._patterns: dict[tuple[str, ...], Pattern | None] = {}

    def payment(self, text: str, over: Above, place: str) -> Payment | None:
        """The payment of what stands between a record's tags; None when it is to be read through a tree."""
        parts = text.replace(">", "<").split("<")
        if over.made is None or text.count(">") * 2 + 1 != len(parts):
            return None  # a bracket stands in a text, which XML allows
        tags = tuple(parts[1::2])
        try:
            found = self._patterns[tags]
        except KeyError:
            found = self._remembered(tags)
        if found is None or not found.names.isdisjoint(over.names):
            return None
        if "&" in text:
            parts = [_REFERENCE.sub(_character, part) if "&" in part else part for part in parts]
        parts += found.constants
        return self._made(found, parts, over, place) if all(found.every(parts)) else None

    def _remembered(self, tags: tuple[str, ...]) -> Pattern | None:
        if len(self._patterns) >= PATTERNS_MAX:
            self._patterns.clear()
        made = self._patterns[tags] = pattern(tags, self._kind.table)
        return made

    def _made(self, found: Pattern, parts: list[str], over: Above, place: str) -> Payment | None:
        """None when an amount is none, which the other way knows to tell."""
        assert over.made is not None
        made = dict(over.made)
        made.update(zip(found.texts, found.pick(parts), strict=True))
        try:
            for field in found.fields:
                items = zip(field.rests, field.pick(parts), strict=True)
                form = field.form
                make = field.make
                made[form.name] = make(tuple(items)) if make is not None else READERS[form.what](form, dict(items))
        except BadAmount:
            return None
        extra = (*over.outer.extra, *zip(found.extra, found.pick_extra(parts), strict=True))
        return paid(self._kind, made, extra, place)


@cache
def maker(type: str) -> Maker:
    """The maker of a type's payments."""
    kind = kind_of(type)
    assert kind is not None, f"no schema of {type}"
    return Maker(kind)


class Told:
    """The records of a small message as text, in order, beside its tree."""

    def __init__(self, kind: Kind, texts: Sequence[str]) -> None:
        self._maker, self._texts = maker(kind.type), iter(texts)
        self._over = above(NOTHING)

    def next(self, over: Outer, place: str) -> Payment | None:
        """The next record, if its text is enough."""
        if self._over.outer is not over:
            self._over = above(over)
        return self._maker.payment(next(self._texts), self._over, place)


def told(data: bytes, body: etree._Element, space: int, kind: Kind) -> Told | None:
    """What a message says between its records' tags; None when bytes and tree could mean different records."""
    if kind.family.record is not Payment or not kind.depth or b"<!" in data or b"<?" in data[1:]:
        return None
    name, prefix = kind.family.spine[-1], body.tag[:space]
    parents = body.iterchildren(prefix + kind.family.spine[0]) if kind.depth == 2 else (body,)
    count = sum(1 for parent in parents for _ in parent.iterchildren(prefix + name))
    text = data.decode()
    if begun(name, text) != count:
        return None
    return Told(kind, list(between(name, text)))


def begun(name: str, text: str) -> int:
    """How often an element begins; -1 when it does not always begin and end in the same way."""
    count = text.count(f"<{name}>")
    unlike = f":{name}" in text or text.count(f"</{name}>") != count or len(_begins(name)(text)) != count
    return -1 if unlike else count


@cache
def _begins(name: str) -> Callable[[str], list[str]]:
    return re.compile(rf"<{name}(?=[\s/>])").findall


def between(name: str, text: str) -> Iterator[str]:
    """What stands between the tags of each element of this name, line ends as a parser has them."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    begin = f"<{name}>"
    for one in text.split(f"</{name}>")[:-1]:
        yield one[one.find(begin) + len(begin) :]


class Reader:
    """The second reading of a file that was checked in pieces."""

    def __init__(self, kind: Kind, top: Outer) -> None:
        self._kind, self._top, self._cutter, self._maker = kind, top, Cutter(kind), maker(kind.type)
        self._space = len(NAMESPACE) + len(kind.type) + 2
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
                inner, place = one[at + len(begin) :], f"{prefix}{name}[{number}]"
                made = self._maker.payment(inner, over, place)
                yield made or record(self._element(inner), self._space, self._kind, over.outer, place)

    def _outer(self, head: str) -> Outer:
        """What a group says before its first record."""
        end = f"</{self._cutter.group}>".encode()
        body = etree.fromstring(self._cutter.opening + head.encode() + end + self._close, self._parser)[0]
        return outer(body[-1], self._space, self._kind, 1, self._top)

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
