"""Reading Fedwire's ISO 20022: the ISO 20022 codec, with Fedwire's wrapper and header around it and its rules upon it.

Strategy: what comes in is validated as ISO 20022 first and held against the profile after that. `iso_write` writes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from lxml import etree
from msgspec import structs

from gateway.formats.fedwire import profile
from gateway.formats.fedwire.meaning import FAMILY, SCHEME
from gateway.formats.fedwire.write import IMAD
from gateway.formats.iso20022 import FORMAT as ISO
from gateway.formats.iso20022.envelope import Envelope, open_envelope
from gateway.formats.iso20022.xml import MESSAGE_BYTES_MAX, parse
from gateway.model import Original, Payment, Refusal, Status
from gateway.ports import Decoded, Frame, Writing

NAME = "fedwire"
HEAD_BYTES = 4_096  # what is looked at to know the format
INSTRUMENT = "iso:PmtTpInf/LclInstrm/Prtry"
ENVIRONMENT, DUPLICATE = f"{FAMILY}{{1500}}/environment", f"{FAMILY}{{1500}}/duplication"
OMAD = f"{FAMILY}AppHdr/BizMsgIdr"


def is_xml(data: bytes) -> bool:
    """Whether bytes are XML rather than FAIM."""
    return data[:HEAD_BYTES].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def wrapped(head: bytes) -> bool:
    """Whether bytes begin with the wrapper of Fedwire."""
    return is_xml(head) and profile.OWN.encode() in head


def decode(data: bytes, type: str = "") -> Decoded:
    """Read one message; a rule of Fedwire that it breaks refuses it whole, since it holds one transaction."""
    root = parse(data)
    if isinstance(root, Refusal):
        return Decoded(NAME, "", refusals=(root,))
    envelope = open_envelope(root)
    if isinstance(envelope, list):
        return Decoded(NAME, "", refusals=tuple(envelope))
    decoded = structs.replace(ISO.decode(data, type), format=NAME)
    if any(refusal.code != "unsupported-type" for refusal in decoded.refusals):
        return decoded
    broken = profile.check(root, envelope.document, envelope.type)
    if broken:
        return structs.replace(decoded, records=(), refusals=tuple(broken))
    header = _header(root)
    records = [_record(record, decoded, header) for record in decoded.records]
    ends = _ends(root, envelope)
    return structs.replace(decoded, records=records, sender=ends[0], receiver=ends[1], header=decoded.header | header)


def _header(root: etree._Element) -> dict[str, str]:
    """What the business application header says that a payment keeps."""
    wanted = {"BizMsgIdr": "omad", "BizSvc": "environment", "PssblDplct": "duplicate"}
    found = {}
    for head in root.iter("{*}AppHdr"):
        for leaf in head:
            name = wanted.get(etree.QName(leaf).localname)
            if name and leaf.text:
                found[name] = leaf.text.strip()
    return found


def _ends(root: etree._Element, envelope: Envelope) -> tuple[str, str]:
    """Routing numbers of sender and receiver."""
    found = []
    for name in ("InstgAgt", "InstdAgt"):
        node = next(envelope.document.iter(f"{{*}}{name}"), None)
        member = next(node.iter("{*}MmbId"), None) if node is not None else None
        found.append((member.text or "").strip() if member is not None else "")
    return found[0], found[1]


def _record(record: Any, decoded: Decoded, header: Mapping[str, str]) -> Any:
    """A payment with what Fedwire means by the elements it uses in its own way."""
    if not isinstance(record, Payment):
        return record
    extra = dict(record.extra)
    instrument = extra.pop(INSTRUMENT, record.local_instrument)
    if header.get("environment") == "TEST":
        extra[ENVIRONMENT] = "T"
    if header.get("duplicate") == "true":
        extra[DUPLICATE] = "P"
    if len(header.get("omad", "")) == 34:
        extra[OMAD] = header["omad"]
    return structs.replace(
        record,
        scheme=SCHEME,
        local_instrument=instrument,
        clearing_reference=record.clearing_reference or (decoded.message_id if IMAD.match(decoded.message_id) else ""),
        identity=record.identity or decoded.message_id,
        original=_original(record.original),
        extra=tuple(extra.items()),
    )


def _original(original: Original | None) -> Original | None:
    """What is returned, by its IMAD, which is its message id."""
    if original is None or original.clearing_reference or not IMAD.match(original.message_id):
        return original
    return structs.replace(original, clearing_reference=original.message_id)


def parts(file: BinaryIO) -> Iterator[Decoded]:
    """A message is small; one that is not is refused."""
    yield decode(file.read(MESSAGE_BYTES_MAX + 1))


def reprint(data: bytes) -> bytes:
    """As ISO 20022."""
    return ISO.reprint(data)


def answer(decoded: Decoded, statuses: Sequence[Status], reply: str, writing: Writing) -> list[Frame]:
    """pacs.002."""
    return ISO.answer(decoded, statuses, reply, writing)
