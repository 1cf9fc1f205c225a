"""Large files in constant memory: read twice, first to check everything, then in parts."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, BinaryIO

from lxml import etree

from gateway.formats.iso20022.documents import KINDS, NOTHING, Kind, Level, amount_of, level, totals, transaction
from gateway.formats.iso20022.xml import MESSAGE_BYTES_MAX, NAMESPACE, compiled, violation
from gateway.model import Payment, Refusal
from gateway.ports import Decoded

if TYPE_CHECKING:
    from gateway.formats.iso20022 import Iso20022

HEAD_BYTES = 65_536  # a prolog is a few hundred bytes; a DOCTYPE stands in it or nowhere


def parts(codec: Iso20022, file: BinaryIO, records_max: int) -> Iterator[Decoded]:
    """Parts of at most `records_max`; a file that is wrong as a whole is one part with refusals."""
    head = file.read(HEAD_BYTES)
    type = _type(head)
    file.seek(0)
    if type not in KINDS or b"<!DOCTYPE" in head or b"<!ENTITY" in head:
        yield codec.decode(file.read(MESSAGE_BYTES_MAX + 1))  # wrapped or wrong: read whole, which is bounded
        return
    wrong, header = _check(file, type)
    if wrong or header is None:
        yield Decoded(codec.name, type, header.text("MsgId") if header else "", refusals=tuple(wrong))
        return
    file.seek(0)
    yield from _read(codec.name, file, type, header, records_max)


def _type(head: bytes) -> str:
    """The type of a bare document, from its namespace; empty for anything wrapped."""
    at = head.find(b"<Document")
    if at < 0 or b"<" in head[:at].replace(b"<?xml", b"", 1):
        return ""
    mark = head.find(NAMESPACE.encode(), at)
    return head[mark + len(NAMESPACE) : mark + len(NAMESPACE) + 15].decode("ascii", "replace") if mark >= 0 else ""


def _check(file: BinaryIO, type: str) -> tuple[list[Refusal], Level | None]:
    """Schema, number and sum of the whole file."""
    kind = KINDS[type]
    space = len(NAMESPACE) + len(type) + 2
    count, amounts = 0, Decimal(0)
    header: Level | None = None
    context = etree.iterparse(
        file,
        events=("end",),
        schema=compiled(type),  # of this thread's own
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        for _, element in context:
            name = element.tag[space:]
            if name == "CdtTrfTxInf":
                count += 1
                amounts += amount_of(element, space)
                _let_go(element)
            elif name == "GrpHdr":
                if element.getroottree().docinfo.doctype:
                    return [Refusal("XML-DTD", "FF01", "DOCTYPE", "document type declarations are not read")], None
                header = level(element, space, kind.table, NOTHING, "GrpHdr")
    except etree.XMLSyntaxError as error:
        log = list(context.error_log)
        found = violation(log[0], None) if log else Refusal("XML", "FF01", f"line {error.lineno}", str(error)[:300])
        return [found], header
    return (totals(header, count, amounts, f"/Document/{kind.body}/GrpHdr") if header else []), header


def _let_go(element: etree._Element) -> None:
    """Free an element and what stood before it, but keep its parent's other children."""
    element.clear()
    parent, previous = element.getparent(), element.getprevious()
    if parent is not None and previous is not None and previous.tag == element.tag:
        parent.remove(previous)


def _read(name: str, file: BinaryIO, type: str, header: Level, records_max: int) -> Iterator[Decoded]:
    from gateway.formats.iso20022 import opened

    records: list[Payment | Refusal] = []
    for record in _records(file, type, header):
        if len(records) == records_max:
            yield opened(name, type, header, records, None)
            records = []
        records.append(record)
    yield opened(name, type, header, records, None)


def _records(file: BinaryIO, type: str, header: Level) -> Iterator[Payment | Refusal]:
    kind: Kind = KINDS[type]
    space = len(NAMESPACE) + len(type) + 2
    information, outer, number, place = 0, header, 0, ""
    context = etree.iterparse(
        file,
        events=("start", "end"),
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
    )
    for event, element in context:
        tag = element.tag[space:]
        if event == "start" and tag == "PmtInf":
            information, number, place = information + 1, 0, f"PmtInf[{information + 1}]/"
        elif event == "end" and tag == "CdtTrfTxInf":
            number += 1
            parent = element.getparent()
            if information and number == 1 and parent is not None:
                outer = level(parent, space, kind.table, header, "PmtInf")
            yield transaction(element, space, kind, type, outer, f"{place}CdtTrfTxInf[{number}]")
            _let_go(element)
        elif event == "end" and tag == "PmtInf":
            _let_go(element)
