"""Payments from the text of valid messages, without their trees: records of one file are made alike, so their tags are
read once.

Strategy: a record is cut at its angle brackets into tags and texts in turn. The tags are looked up: which texts are
leaves, which fields they are of. What is unusual (a branch with attributes, content of another namespace, an outer
level that is overruled, a fault) is read through a tree, by the same functions that read every other message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any, BinaryIO

from lxml import etree
from msgspec import Struct

from gateway.formats.iso20022.assemble import MAKERS, READERS, BadAmount, Form, fields, forms
from gateway.formats.iso20022.kinds import Kind, kind_of
from gateway.formats.iso20022.pieces import Cutter
from gateway.formats.iso20022.read import NOTHING, Outer, Record, outer, paid, record
from gateway.formats.iso20022.table import Table
from gateway.formats.iso20022.tags import Picked, Places, Texts, between, cut, picker, plain, resolved
from gateway.formats.iso20022.xml import NAMESPACE, parser
from gateway.model import Extra, Payment, Refusal

PATTERNS_MAX = 128  # of one type
Read = Callable[[Texts], Any]  # a field from the texts; raises BadAmount


class Pattern(Struct, frozen=True):
    """What the texts between a sequence of tags are; places count the texts, constants (attributes) behind them."""

    constants: tuple[str, ...]
    every: Picked
    texts: tuple[str, ...]  # fields that are one text, as it stands
    pick: Picked
    fields: tuple[tuple[str, Read], ...]
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
    places = Places(tags)
    found = places.leaves(range(len(tags)))
    return sorted_pattern(found, table, places) if found is not None else None


def sorted_pattern(found: Sequence[tuple[str, int]], table: Table, all: Places) -> Pattern | None:
    """Leaves by field, as `read.sort` has them; None when none of them is the amount."""
    groups, extra = by_field(found, table)
    return _pattern(groups, extra, all.constants)


def by_field(found: Iterable[tuple[str, int]], table: Table) -> tuple[dict[str, dict[str, int]], list[tuple[str, int]]]:
    """Places by field and rest of it, and those that no field takes."""
    groups: dict[str, dict[str, int]] = {}
    extra: list[tuple[str, int]] = []
    for path, place in found:
        slot = table.slot(path)
        if slot is None or slot[1] in groups.get(slot[0], {}):
            extra.append((f"iso:{path}", place))
        else:
            groups.setdefault(slot[0], {})[slot[1]] = place
    return groups, extra


def _pattern(places: dict[str, dict[str, int]], extra: list[tuple[str, int]], constants: list[str]) -> Pattern | None:
    original = places.get("original", {})
    if "amount" not in places and "amount" not in original:
        return None
    return laid(Payment, places, extra, constants)


def laid(
    record: type[Struct], places: dict[str, dict[str, int]], extra: list[tuple[str, int]], constants: Sequence[str]
) -> Pattern:
    """How the fields of a record are read from texts at these places."""
    known = forms(record)
    plain = [name for name in places if known[name].what == "text"]
    every = [place for inner in places.values() for place in inner.values()] + [place for _, place in extra]
    return Pattern(
        tuple(constants),
        picker(every),
        tuple(plain),
        picker([places[name][""] for name in plain]),
        tuple(_field(known[name], inner) for name, inner in places.items() if known[name].what != "text"),
        tuple(path for path, _ in extra),
        picker([place for _, place in extra]),
        frozenset(places),
    )


def valued(found: Pattern, parts: Sequence[str], made: dict[str, Any]) -> Extra | None:
    """Put the fields into `made`, and answer with the rest; None when a leaf is empty. Raises BadAmount."""
    if "" in found.every(parts):
        return None
    made.update(zip(found.texts, found.pick(parts), strict=True))
    for name, read in found.fields:
        made[name] = read(parts)
    return tuple(zip(found.extra, found.pick_extra(parts), strict=True))


def _field(form: Form, places: dict[str, int]) -> tuple[str, Read]:
    """How one field of several texts, or of one that has to be read, is made."""
    rests, pick, what = tuple(places), picker(list(places.values())), form.what
    make = MAKERS.get(form.inner) if what == "record" and form.inner is not None else None
    if what == "texts":
        return form.name, pick
    if make is not None:
        return form.name, lambda texts: make(tuple(zip(rests, pick(texts), strict=True)))
    read = READERS[what]
    return form.name, lambda texts: read(form, dict(zip(rests, pick(texts), strict=True)))


class Maker:
    """Makes payments of one type; patterns are kept, for the next message is like this one."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._patterns: dict[tuple[str, ...], Pattern | None] = {}

    def payment(self, text: str, over: Above, place: str) -> Payment | None:
        """The payment of what stands between a record's tags; None when it is to be read through a tree."""
        parts = cut(text)
        if parts is None or over.made is None:
            return None
        tags = tuple(parts[1::2])
        try:
            found = self._patterns[tags]
        except KeyError:
            found = self._remembered(tags)
        if found is None or not found.names.isdisjoint(over.names):
            return None
        if "&" in text:
            parts = resolved(parts)
        parts += found.constants
        return self.made(found, parts, over, place)

    def _remembered(self, tags: tuple[str, ...]) -> Pattern | None:
        if len(self._patterns) >= PATTERNS_MAX:
            self._patterns.clear()
        made = self._patterns[tags] = pattern(tags, self._kind.table)
        return made

    def made(self, found: Pattern, parts: Sequence[str], over: Above, place: str) -> Payment | None:
        """None when a leaf is empty or an amount is none, which the other way knows to tell."""
        if over.made is None:
            return None
        made = dict(over.made)
        try:
            extra = valued(found, parts, made)
        except BadAmount:
            return None
        return paid(self._kind, made, (*over.outer.extra, *extra), place) if extra is not None else None


@cache
def maker(type: str) -> Maker:
    """The maker of a type's payments."""
    kind = kind_of(type)
    assert kind is not None, f"no schema of {type}"
    return Maker(kind)


_NOTHING = above(NOTHING)


class Told:
    """The records of a small message as text, in order, beside its tree."""

    def __init__(self, kind: Kind, texts: Sequence[str]) -> None:
        self._maker, self._texts = maker(kind.type), iter(texts)
        self._over = _NOTHING

    def next(self, over: Outer, place: str) -> Payment | None:
        """The next record, if its text is enough."""
        if self._over.outer is not over:
            self._over = above(over)
        return self._maker.payment(next(self._texts), self._over, place)


def told(data: bytes, body: etree._Element, kind: Kind) -> Told | None:
    """What a message says between its records' tags; None when bytes and tree could mean different records."""
    if kind.family.record is not Payment or not kind.depth or not plain(data):
        return None
    texts = between(kind.family.spine[-1], data.decode())
    return Told(kind, texts) if texts is not None and len(texts) == _counts(kind.type)(body) else None


@cache
def _counts(type: str) -> Callable[[etree._Element], Any]:
    """How many records a body holds: one XPath, in C."""
    kind = kind_of(type)
    assert kind is not None, f"no schema of {type}"
    return etree.XPath(f"count(d:{'/d:'.join(kind.family.spine)})", namespaces={"d": NAMESPACE + type})


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
