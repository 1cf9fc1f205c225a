"""ISO 20022: customer initiations and transfers between institutions, validated, read, written, answered.

Strategy: the schema says whether a message is one; the table in `mapping` says where each element stands in the
canonical model; both directions read the same table. `xml` opens bytes safely, `envelope` unwraps, `documents`
reads, `stream` reads large files in parts, `write` prints, `status` answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import BinaryIO

from lxml import etree

from gateway.formats.iso20022 import status, stream, write
from gateway.formats.iso20022.documents import KINDS, NOTHING, Level, amount_of, level, totals, transactions
from gateway.formats.iso20022.envelope import Envelope, open_envelope
from gateway.formats.iso20022.xml import parse, violations
from gateway.model import Payment, Refusal, Status
from gateway.ports import Decoded, Fit, Frame, Writing

PROLOG = re.compile(rb"(?:\xef\xbb\xbf)?(?:\s+|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)
MARKS = (b"urn:iso:std:iso:20022", b"<Document", b":Document", b"<BusMsg", b"DataPDU", b"RequestPayload")


class Iso20022:
    """ports.Codec."""

    name = "iso20022"
    writes: tuple[str, ...] = ("pacs.008.001.08", "pacs.009.001.08")

    def detect(self, head: bytes) -> bool:
        """XML that names the namespace, or a wrapper that is known to carry it."""
        return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") and any(mark in head for mark in MARKS)

    def decode(self, data: bytes, type: str = "") -> Decoded:
        """Read a message; faults of the whole are refusals, faults of one transaction a Refusal in its place."""
        root = parse(data)
        if isinstance(root, Refusal):
            return self._refused("", [root])
        envelope = open_envelope(root)
        if isinstance(envelope, list):
            return self._refused("", envelope)
        return self._document(envelope)

    def _document(self, envelope: Envelope) -> Decoded:
        kind = KINDS.get(envelope.type)
        wrong = violations(envelope.document, envelope.type)
        if wrong:
            return self._refused(envelope.type, wrong, _message_id(envelope.document))
        if kind is None:
            text = f"{envelope.type} is valid, but is not a message that opens payments here"
            return self._refused(envelope.type, [Refusal("unsupported-type", "FF01", "Document", text)])
        body = envelope.document[0]
        space = body.tag.index("}") + 1
        header = level(body[0], space, kind.table, NOTHING, "GrpHdr")
        elements = list(body.iter(f"{str(body.tag)[:space]}CdtTrfTxInf"))
        wrong = totals(
            header,
            len(elements),
            sum((amount_of(e, space) for e in elements), Decimal(0)),
            f"/Document/{kind.body}/GrpHdr",
        )
        if wrong:
            return self._refused(envelope.type, wrong, header.text("MsgId"))
        return opened(self.name, envelope.type, header, list(transactions(body, space, envelope.type)), envelope)

    def _refused(self, type: str, refusals: list[Refusal], message_id: str = "") -> Decoded:
        return Decoded(self.name, type, message_id, refusals=tuple(refusals))

    def parts(self, file: BinaryIO, records_max: int) -> Iterator[Decoded]:
        """A large file in constant memory: validated and counted first, then read in parts."""
        yield from stream.parts(self, file, records_max)

    def group(self, payment: Payment, type: str) -> str:
        """What payments of one message have in common: the settlement information of its group header."""
        return write.settlement(payment, type)

    def fit(self, payment: Payment, type: str) -> Fit:
        """Whether the type can carry the payment, and what it would lose."""
        if type.startswith("pacs.009") != (payment.kind == "fi_transfer"):
            text = f"{type} does not carry a {payment.kind}"
            return Fit(Refusal("wrong-kind", "FF01", payment.place, text, payment.end_to_end_id))
        return Fit(None, tuple(write.fitted(payment, type)[1]))

    def encode(self, payments: Sequence[Payment], type: str, writing: Writing) -> Frame:
        """One message with all the payments."""
        return Frame(write.message(payments, type, writing), type, ".xml", "application/xml", writing.message_id)

    def answer(self, decoded: Decoded, statuses: Sequence[Status], reply: str, writing: Writing) -> list[Frame]:
        """pain.002 or pacs.002."""
        return [status.answer(decoded, statuses, reply, writing)]

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


def opened(
    name: str, type: str, header: Level, records: Sequence[Payment | Refusal], envelope: Envelope | None
) -> Decoded:
    """A message that was read."""
    agents = header.found
    sender = (envelope.sender if envelope else "") or _bic(agents, "instructing_agent")
    receiver = (envelope.receiver if envelope else "") or _bic(agents, "instructed_agent")
    head = {"count": header.text("NbOfTxs")}
    return Decoded(name, type, header.text("MsgId"), header.text("CreDtTm"), records, (), sender, receiver, head)


def _bic(found: dict[str, dict[str, list[str]]], field: str) -> str:
    return (found.get(field, {}).get("bic") or [""])[0]


def _message_id(document: etree._Element) -> str:
    """The id of a message that is not valid, if it has one."""
    for node in document.iter():
        if isinstance(node.tag, str) and node.tag.endswith("}MsgId"):
            return (node.text or "").strip()[:35]
    return ""


FORMAT = Iso20022()
