"""Large files in constant memory: read twice, first to check everything, then in parts.

Strategy: plain files are checked in small documents and their payments and entries read by the pattern of their tags
(`pieces`, `patterns`, `patterns_entries`); any other file, and every file in which a fault is found, goes through
lxml's iterparse.

A part holds so many records at most; a statement with more entries comes as several statements with the same head,
all but the last of which say that it is not the last page.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any, BinaryIO

from lxml import etree
from msgspec import structs

from gateway.formats.iso20022 import patterns_entries
from gateway.formats.iso20022.assemble import BadAmount
from gateway.formats.iso20022.documents import amount_of, amount_paths, counted, header, totals
from gateway.formats.iso20022.kinds import Kind, kind_of
from gateway.formats.iso20022.patterns import Reader
from gateway.formats.iso20022.pieces import Checker, NotPlain
from gateway.formats.iso20022.read import Outer, Record, bad_amount, entry, outer, record
from gateway.formats.iso20022.xml import MESSAGE_BYTES_MAX, NAMESPACE, own_schema, violation
from gateway.model import Entry, Refusal, Statement
from gateway.ports import Decoded

if TYPE_CHECKING:
    from gateway.formats.iso20022 import Iso20022

HEAD_BYTES = 65_536  # a prolog is a few hundred bytes; a DOCTYPE stands in it or nowhere
# Messages that come in large files; nothing in them stands behind the last record but supplementary data.
LARGE = frozenset({"pain.001", "pain.008", "pacs.008", "pacs.009", "pacs.003", "camt.052", "camt.053", "camt.054"})


def parts(codec: Iso20022, file: BinaryIO, records_max: int) -> Iterator[Decoded]:
    """Parts of at most `records_max`; a file that is wrong as a whole is one part with refusals."""
    head = file.read(HEAD_BYTES)
    type = _type(head)
    kind = kind_of(type) if type[:8] in LARGE else None
    file.seek(0)
    if kind is None or b"<!DOCTYPE" in head or b"<!ENTITY" in head:
        yield codec.decode(file.read(MESSAGE_BYTES_MAX + 1))  # wrapped or wrong: read whole, which is bounded
        return
    wrong, top, plain = _checked(file, kind)
    if wrong or top is None:
        id = top.message.get("/GrpHdr/MsgId", "") if top is not None else ""
        yield Decoded(codec.name, type, id, refusals=tuple(wrong))
        return
    file.seek(0)
    if kind.family.record is Statement:
        reader = patterns_entries.Reader(kind, top, _part, records_max)
        reading = reader.records(file) if plain else _statements(file, kind, top, records_max)
    else:
        reading = Reader(kind, top).records(file) if plain else _records(file, kind, top)
    yield from _read(codec.name, kind, top, reading, records_max)


def _checked(file: BinaryIO, kind: Kind) -> tuple[list[Refusal], Outer | None, bool]:
    """What is wrong with the file, what its body says for every record, and whether it was read in pieces."""
    try:
        found = Checker(kind).run(file)
        return found.wrong, found.top, True
    except NotPlain:
        file.seek(0)
    return *_Check(kind).run(file), False


def _type(head: bytes) -> str:
    """The type of a bare document, from its namespace; empty for anything wrapped."""
    at = head.find(b"<Document")
    if at < 0 or b"<" in head[:at].replace(b"<?xml", b"", 1):
        return ""
    mark = head.find(NAMESPACE.encode(), at)
    return head[mark + len(NAMESPACE) : mark + len(NAMESPACE) + 15].decode("ascii", "replace") if mark >= 0 else ""


def _context(
    file: BinaryIO, kind: Kind, events: tuple[str, ...], names: tuple[str, ...], schema: etree.XMLSchema | None = None
) -> etree.iterparse:
    """Events of the elements that matter alone: the others are passed over in C."""
    return etree.iterparse(
        file,
        events=events,
        tag=[f"{{{NAMESPACE}{kind.type}}}{name}" for name in names],
        schema=schema,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
    )


def _let_go(element: etree._Element) -> None:
    """Free an element and what stood before it, but keep its parent's other children."""
    element.clear()
    parent, previous = element.getparent(), element.getprevious()
    if parent is not None and previous is not None and previous.tag == element.tag:
        parent.remove(previous)


def _below(element: etree._Element, space: int, name: str) -> bool:
    parent = element.getparent()
    return parent is not None and parent.tag[space:] == name


class _Check:
    """The first reading: schema, number and sum of the whole file."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._space = len(NAMESPACE) + len(kind.type) + 2
        self._spine = ("Ntry",) if kind.family.record is Statement else kind.family.spine[-1:]
        self._parent = (kind.body, *kind.family.spine)[-1 if kind.family.record is Statement else -2]
        self._paths = amount_paths(kind.type)
        self._wrong: list[Refusal] = []
        self._count, self._sum = 0, Decimal(0)
        self._group, self._group_count, self._group_sum = 0, 0, Decimal(0)

    def run(self, file: BinaryIO) -> tuple[list[Refusal], Outer | None]:
        """What is wrong with the file, and what its body says for every record."""
        names = (self._spine[0], self._parent, self._kind.body)
        context = _context(
            file, self._kind, ("end",), names, own_schema(self._kind.type)
        )  # a schema of this thread's own
        body: etree._Element | None = None
        try:
            for _, element in context:
                if self._element(element):
                    body = element
        except etree.XMLSyntaxError as error:
            log = list(context.error_log)
            found = violation(log[0], None) if log else Refusal("XML", "FF01", f"line {error.lineno}", error.msg[:300])
            return [found], None
        tree: Any = body.getroottree() if body is not None else None
        if body is None or tree.docinfo.doctype:
            return [Refusal("XML-DTD", "FF01", "DOCTYPE", "document type declarations are not read")], None
        top = header(body, self._space, self._kind)
        if counted(self._kind):
            where = f"/Document/{self._kind.body}/GrpHdr"
            self._wrong = totals(top.message, "/GrpHdr/", where, self._count, self._sum) + self._wrong
        return self._wrong, top

    def _element(self, element: etree._Element) -> bool:
        """Count and free; true of the body itself, once it has ended."""
        name = element.tag[self._space :]
        if name == self._spine[0] and _below(element, self._space, self._parent):
            self._group_count += 1
            if counted(self._kind):
                self._group_sum += amount_of(element, self._paths)
            _let_go(element)
        elif name == self._parent and name != self._kind.body:
            self._end_of_group(element)
            _let_go(element)
        elif name == self._kind.body:
            self._count, self._sum = self._count + self._group_count, self._sum + self._group_sum
            return True
        return False

    def _end_of_group(self, element: etree._Element) -> None:
        self._group += 1
        if counted(self._kind):
            said = {
                f"/{name}": str(child.text).strip()
                for child in element
                if (name := child.tag[self._space :]) in ("NbOfTxs", "CtrlSum") and child.text
            }
            where = f"/Document/{self._kind.body}/{self._parent}[{self._group}]"
            self._wrong += totals(said, "/", where, self._group_count, self._group_sum)
        self._count, self._sum = self._count + self._group_count, self._sum + self._group_sum
        self._group_count, self._group_sum = 0, Decimal(0)


def _read(
    name: str, kind: Kind, top: Outer, reading: Iterator[Record | Refusal], records_max: int
) -> Iterator[Decoded]:
    from gateway.formats.iso20022 import opened

    found: list[Record | Refusal] = []
    size = 0
    for one in reading:
        weight = max(1, len(one.entries)) if isinstance(one, Statement) else 1
        if size + weight > records_max and found:
            yield opened(name, kind, top, found, None)
            found, size = [], 0
        found.append(one)
        size += weight
    yield opened(name, kind, top, found, None)


def _records(file: BinaryIO, kind: Kind, top: Outer) -> Iterator[Record | Refusal]:
    space = len(NAMESPACE) + len(kind.type) + 2
    spine = kind.family.spine
    last, parent_name = spine[-1], (kind.body, *spine)[-2]
    group, above, number, place = 0, top, 0, ""
    for event, element in _context(file, kind, ("start", "end") if len(spine) == 2 else ("end",), spine):
        tag = element.tag[space:]
        if len(spine) == 2 and tag == spine[0] and _below(element, space, kind.body):
            if event == "start":
                group, number, place = group + 1, 0, f"{spine[0]}[{group + 1}]/"
            else:
                _let_go(element)
        elif event == "end" and tag == last and _below(element, space, parent_name):
            number += 1
            parent = element.getparent()
            if group and number == 1 and parent is not None:
                above = outer(parent, space, kind, 1, top)
            yield record(element, space, kind, above, f"{place}{last}[{number}]")
            _let_go(element)


def _statements(file: BinaryIO, kind: Kind, top: Outer, entries_max: int) -> Iterator[Record | Refusal]:
    """Statements, long ones as several; one with an amount that cannot be read is refused as a whole."""
    space = len(NAMESPACE) + len(kind.type) + 2
    name = kind.family.spine[0]
    held: list[Entry] = []
    number = count = 0
    wrong: Refusal | None = None
    for _, element in _context(file, kind, ("end",), (name, "Ntry")):
        tag = element.tag[space:]
        place = f"{name}[{number + 1}]"
        if tag == "Ntry" and _below(element, space, name):
            count += 1
            parent = element.getparent()
            if len(held) == entries_max and parent is not None and wrong is None:
                yield _part(record(parent, space, kind, top, place, head=True), held, False)
                held = []
            try:
                held.append(entry(element, space, f"{place}/Ntry[{count}]"))
            except BadAmount as error:
                wrong = wrong or bad_amount(error, f"{place}/Ntry[{count}]")
            _let_go(element)
        elif tag == name and _below(element, space, kind.body):
            yield wrong or _part(record(element, space, kind, top, place, head=True), held, True)
            held, wrong = [], None
            number, count = number + 1, 0
            _let_go(element)


def _part(head: Record | Refusal, held: list[Entry], last: bool) -> Record | Refusal:
    """A statement with the entries read so far. What is said behind the entries belongs to the last part."""
    if not isinstance(head, Statement):
        return head
    if not last:
        head = structs.replace(head, information=())
    return structs.replace(head, entries=tuple(held), last_page=head.last_page and last)
