"""ISO 20022: customer initiations and transfers between institutions, validated, read, written, answered.

Strategy: the schema says whether a message is one; the table in `mapping` says where each element stands in the
canonical model; both directions read the same table. `xml` opens bytes safely, `envelope` unwraps, `documents`
reads, `stream` reads large files in parts, `write` prints, `status` answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from lxml import etree
from msgspec import structs

from gateway.formats.iso20022 import status, stream, whole, write
from gateway.formats.iso20022.documents import document_totals, header, records
from gateway.formats.iso20022.envelope import Envelope, open_envelope, wrapped
from gateway.formats.iso20022.kinds import Kind, kind_of
from gateway.formats.iso20022.patterns import told
from gateway.formats.iso20022.read import Outer, Record
from gateway.formats.iso20022.xml import parse, violations
from gateway.model import Case, Notice, Payment, Refusal, Report, Statement, Status
from gateway.ports import Decoded, Fit, Frame, Writing

PROLOG = re.compile(rb"(?:\xef\xbb\xbf)?(?:\s+|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)
MARKS = (b"urn:iso:std:iso:20022", b"<Document", b":Document", b"<BusMsg", b"DataPDU", b"RequestPayload")


class Iso20022:
    """ports.Codec."""

    name = "iso20022"
    writes: tuple[str, ...] = write.types()
    carries = (Payment, Report, Case, Notice, Statement)

    def detect(self, head: bytes) -> bool:
        """XML that names the namespace, or a wrapper that is known to carry it."""
        return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") and any(mark in head for mark in MARKS)

    def decode(self, data: bytes, type: str = "") -> Decoded:
        """Read a message; faults of the whole are refusals, faults of one transaction a Refusal in its place."""
        root = parse(data)
        if isinstance(root, Refusal):
            return self._refused("", [root])
        texts = whole.texts(data)
        read = whole.read(root, texts, data) if texts is not None else None
        if read is not None:
            return opened(self.name, read.kind, read.top, [read.payment], read.envelope)
        envelope = open_envelope(root)
        if isinstance(envelope, list):
            return self._refused("", envelope)
        return self._document(root, envelope, data, texts)

    def _document(self, root: etree._Element, envelope: Envelope, data: bytes, texts: list[str] | None) -> Decoded:
        wrong = violations(envelope.document, envelope.type)
        kind = kind_of(envelope.type)
        if wrong or kind is None:
            return self._refused(envelope.type, wrong, _message_id(envelope.document))
        body = envelope.document[0]
        space = body.tag.index("}") + 1
        top = header(body, space, kind)
        wrong = document_totals(body, space, kind, top)
        if wrong:
            return self._refused(envelope.type, wrong, top.message.get("/GrpHdr/MsgId", ""))
        found = list(records(body, space, kind, top, told(data, body, kind)))
        if texts is not None and len(found) == 1 and isinstance(found[0], Payment):
            whole.keep(root, texts, found[0], top, envelope)
        return opened(self.name, kind, top, found, envelope)

    def _refused(self, type: str, refusals: list[Refusal], message_id: str = "") -> Decoded:
        return Decoded(self.name, type, message_id, refusals=tuple(refusals))

    def parts(self, file: BinaryIO, records_max: int) -> Iterator[Decoded]:
        """A large file in constant memory: validated and counted first, then read in parts."""
        yield from stream.parts(self, file, records_max)

    def group(self, record: Record, type: str) -> str:
        """What records of one message have in common: what stands above them all."""
        return write.settlement(record, type)

    def fit(self, record: Record, type: str) -> Fit:
        """Whether the type can carry the record, and what it would lose."""
        refusal = write.refusal(record, type)
        return Fit(refusal) if refusal is not None else Fit(None, write.fitted(record, type).losses)

    def encode(self, records: Sequence[Record], type: str, writing: Writing) -> Frame:
        """One message with all the records."""
        return Frame(write.message(records, type, writing), type, ".xml", "application/xml", writing.message_id)

    def wrap(self, frame: Frame, writing: Writing, service: str = "") -> Frame:
        """The same message with a business application header (head.001.001.02), for networks that ask for one."""
        return structs.replace(frame, data=wrapped(frame.data, frame.type, writing, service=service))

    def answer(self, decoded: Decoded, statuses: Sequence[Status], reply: str, writing: Writing) -> list[Frame]:
        """pain.002, pacs.002 or admi.002; nothing to what only says something."""
        return status.answers(decoded, statuses, reply, writing)

    def reprint(self, data: bytes) -> bytes:
        """The tree printed between the prolog and the end that it came with; line ends as they were."""
        try:
            root = etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
        except (etree.XMLSyntaxError, ValueError):
            return b""
        body = etree.tostring(root, encoding="utf-8", with_tail=False)
        if b"\r\n" in data:  # XML readers are told to make one line end of two characters
            body = body.replace(b"\n", b"\r\n")
        prolog = PROLOG.match(data)
        return (prolog[0] if prolog else b"") + body + data[data.rfind(b">") + 1 :]


def opened(name: str, kind: Kind, top: Outer, found: Sequence[Record | Refusal], envelope: Envelope | None) -> Decoded:
    """A message that was read."""
    message = top.message
    path = f"/{kind.family.header}/"
    head = {f"iso:{where}": text for where, text in message.items()}
    head["count"] = message.get(f"{path}NbOfTxs", "")
    if envelope is not None:
        head |= {f"iso:{where}": text for where, text in envelope.header.items()}
    sender = (envelope.sender if envelope else "") or _bic(top, "instructing_agent")
    receiver = (envelope.receiver if envelope else "") or _bic(top, "instructed_agent")
    id, created = message.get(f"{path}MsgId", ""), message.get(f"{path}CreDtTm", "")
    if not id:
        id, created = _identity(found)
    return Decoded(name, kind.type, id, created, found, (), sender, receiver, head)


def _identity(found: Sequence[Record | Refusal]) -> tuple[str, str]:
    """The message's name where the records have it: cases their assignment's, others their own."""
    for one in found:
        if isinstance(one, Case):
            return one.assignment_id or one.id, one.created
        if isinstance(one, Notice | Report):
            said = dict(one.extra)
            id = next((text for path, text in said.items() if path.endswith("/MsgId")), one.id)
            return id, said.get("iso:GrpHdr/CreDtTm", "")
    return "", ""


def _bic(top: Outer, field: str) -> str:
    return top.groups.get(field, {}).get("bic", "")


def _message_id(document: etree._Element) -> str:
    """The id of a message that is not valid, if it has one."""
    for node in document.iter():
        if isinstance(node.tag, str) and node.tag.endswith("}MsgId"):
            return (node.text or "").strip()[:35]
    return ""


FORMAT = Iso20022()
