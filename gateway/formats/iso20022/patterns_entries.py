"""Statements from the text of valid files, entry by entry, without their trees: entries of one file are made alike.

Strategy: a piece of the file is cut where entries end. The tags of an entry are looked up: which texts are its own, and
which are of which of its details. What is unusual is read through a tree, and so is what a statement says beside its
entries, by the same functions that read every other statement.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO

from lxml import etree
from msgspec import Struct

from gateway.formats.iso20022.assemble import BadAmount
from gateway.formats.iso20022.kinds import Kind, entries
from gateway.formats.iso20022.lines import lifted
from gateway.formats.iso20022.patterns import PATTERNS_MAX, Pattern, by_field, laid, valued
from gateway.formats.iso20022.pieces import Cutter
from gateway.formats.iso20022.read import NO_AMOUNT, Outer, Record, bad_amount, entry, record
from gateway.formats.iso20022.tags import Places, cut, resolved
from gateway.formats.iso20022.xml import NAMESPACE, parser
from gateway.model import Entry, Money, Payment, Refusal

TAGS_MAX = 512  # of an entry whose tags are remembered; a batch of many details comes in one shape alone
_DETAIL = re.compile(r"NtryDtls(?:\[(\d+)\])?/TxDtls(?:\[(\d+)\])?/(.+)")
_ENDS = ("TxDtls", "TxDtls/")
Part = Callable[[Record | Refusal, list[Entry], bool], Record | Refusal]


class Shape(Struct, frozen=True):
    """What the texts between the tags of an entry are: its own, and those of each detail with its place."""

    constants: tuple[str, ...]
    own: Pattern
    details: tuple[tuple[Pattern, str], ...]


def shape(tags: Sequence[str]) -> Shape | None:
    """How entries of these tags are read; None when through a tree."""
    places = Places(tags)
    found = places.leaves(range(len(tags)))
    if found is None:
        return None
    own: list[tuple[str, int]] = []
    details: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for path, place in found:
        detail = _DETAIL.match(path)
        if detail is None:
            own.append((path, place))
        else:
            details.setdefault((detail[1] or "1", detail[2] or "1"), []).append((detail[3], place))
    own.sort(key=lambda one: one[0].startswith("NtryDtls"))  # what stands about details comes last
    groups, extra = by_field(own, entries("entry"))
    if "amount" not in groups or "reversal" in groups or len(details) != sum(tag in _ENDS for tag in tags):
        return None
    constants = tuple(places.constants)
    read = []
    for (block, _), leaves in details.items():
        inner, more = by_field(leaves, entries("detail"))
        read.append((laid(Payment, inner, more, constants), f"NtryDtls[{block}]" if block != "1" else ""))
    return Shape(constants, laid(Entry, groups, extra, constants), tuple(read))


class Maker:
    """Makes entries; shapes are kept, for the next entry is like this one."""

    def __init__(self) -> None:
        self._shapes: dict[tuple[str, ...], Shape | None] = {}

    def entry(self, text: str) -> Entry | None:
        """The entry of what stands between its tags; None when it is to be read through a tree."""
        parts = cut(text)
        if parts is None or len(parts) > 2 * TAGS_MAX:
            return None
        tags = tuple(parts[1::2])
        try:
            found = self._shapes[tags]
        except KeyError:
            if len(self._shapes) >= PATTERNS_MAX:
                self._shapes.clear()
            found = self._shapes[tags] = shape(tags)
        if found is None:
            return None
        if "&" in text:
            parts = resolved(parts)
        parts += found.constants
        try:
            return _made(found, parts)
        except BadAmount:
            return None


def _made(found: Shape, parts: Sequence[str]) -> Entry | None:
    """None when a leaf is empty, which the tree knows to tell. Raises BadAmount."""
    made: dict[str, Any] = {}
    extra = valued(found.own, parts, made)
    if extra is None:
        return None
    amount = made.pop("amount")
    alone = amount if len(found.details) == 1 else Money(amount.currency, 0)
    details = []
    for pattern, place in found.details:
        one = _detail(pattern, parts, place, alone)
        if one is None:
            return None
        details.append(one)
    lines = lifted(made, tuple(details))
    return Entry(amount, made.pop("credit", False), **made, details=lines, extra=extra)


def _detail(pattern: Pattern, parts: Sequence[str], place: str, alone: Money) -> Payment | None:
    made: dict[str, Any] = {}
    extra = valued(pattern, parts, made)
    if extra is None:
        return None
    if "amount" not in made and alone.minor == 0:
        extra = (*extra, NO_AMOUNT)
    return Payment("entry", made.pop("amount", alone), place, **made, extra=extra)


class Reader:
    """The second reading of a file of statements that was checked in pieces."""

    def __init__(self, kind: Kind, top: Outer, part: Part, entries_max: int) -> None:
        self._kind, self._top, self._part, self._entries_max = kind, top, part, entries_max
        self._cutter, self._maker, self._parser = Cutter(kind), Maker(), parser()
        self._space = len(NAMESPACE) + len(kind.type) + 2
        self._name = self._cutter.group
        self._begin, self._end = f"<{self._name}>", f"</{self._name}>"
        self._close = f"</{kind.body}></Document>".encode()
        self._number, self._count, self._said = 0, 0, ""  # statements ended, entries and other text of the present one
        self._held: list[Entry] = []
        self._wrong: Refusal | None = None

    def records(self, file: BinaryIO) -> Iterator[Record | Refusal]:
        """Statements, long ones as several; one with an amount that cannot be read is refused as a whole."""
        for piece in self._cutter.pieces(file):
            text = piece.text.decode()
            if "\r" in text:
                text = text.replace("\r\n", "\n").replace("\r", "\n")
            *lines, rest = text.split("</Ntry>")
            for line in lines:
                between, _, inner = line.partition("<Ntry>")
                if "<" in between:
                    yield from self._between(between)
                if len(self._held) == self._entries_max and self._wrong is None:
                    yield self._part(self._head(), self._held, False)
                    self._held = []
                self._entry(inner)
            yield from self._between(rest)

    def _between(self, text: str) -> Iterator[Record | Refusal]:
        """What stands between two entries: more of their statement, its end, the next one's beginning."""
        *ended, open = text.split(self._end)
        for one in (*ended, None):
            said = open if one is None else one
            before, begins, after = said.partition(self._begin)
            self._said = after if begins else self._said + before
            if one is not None:
                yield self._wrong or self._part(self._head(), self._held, True)
                self._held, self._wrong, self._said = [], None, ""
                self._number, self._count = self._number + 1, 0

    def _entry(self, inner: str) -> None:
        self._count += 1
        made = self._maker.entry(inner)
        if made is None:
            place = f"{self._place()}/Ntry[{self._count}]"
            try:
                made = entry(self._element(f"<Ntry>{inner}</Ntry>")[0], self._space, place)
            except BadAmount as error:
                self._wrong = self._wrong or bad_amount(error, place)
                return
        self._held.append(made)

    def _place(self) -> str:
        return f"{self._name}[{self._number + 1}]"

    def _head(self) -> Record | Refusal:
        """The statement without its entries, as far as it was read."""
        return record(self._element(self._said), self._space, self._kind, self._top, self._place(), head=True)

    def _element(self, text: str) -> etree._Element:
        """A statement in its place that holds this text."""
        inner = f"{self._begin}{text}{self._end}".encode()
        return etree.fromstring(self._cutter.opening + inner + self._close, self._parser)[0][-1]
