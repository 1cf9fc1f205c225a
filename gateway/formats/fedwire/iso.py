"""Fedwire's ISO 20022: the ISO 20022 codec, with Fedwire's wrapper and header around it and its rules upon it.

Strategy: what comes in is validated as ISO 20022 first and held against the profile after that. What goes out is
prepared (local instrument, settlement, one remittance text), written by ISO 20022 and wrapped; `fit` held it against
the same rules beforehand.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

import msgspec
from lxml import etree
from msgspec import structs

from gateway.formats.fedwire import profile, write
from gateway.formats.fedwire.meaning import FAMILY, INSTRUMENTS, KIND_INSTRUMENTS, SCHEME
from gateway.formats.fedwire.parties import latin
from gateway.formats.iso20022 import FORMAT as ISO
from gateway.formats.iso20022.envelope import Envelope, open_envelope
from gateway.formats.iso20022.write import stamp
from gateway.formats.iso20022.xml import MESSAGE_BYTES_MAX, parse, violations
from gateway.model import Agent, Loss, Payment, Refusal, Status
from gateway.ports import Decoded, Fit, Frame, Writing

NAME = "fedwire"
WRITES = ("pacs.008.001.08", "pacs.009.001.08")
HEAD_BYTES = 4_096  # what is looked at to know the format
MARKET_PRACTICE = ("www2.swift.com/mystandards/#/group/Federal_Reserve_Financial_Services", "frb.fedwire.01")
INSTRUMENT = "iso:PmtTpInf/LclInstrm/Prtry"
REMITTANCE_MAX = 140
_ENVIRONMENT, _DUPLICATE = f"{FAMILY}{{1500}}/environment", f"{FAMILY}{{1500}}/duplication"
_OMAD = f"{FAMILY}AppHdr/BizMsgIdr"
_TRIAL = Writing("TRIAL00000000001", 1_752_480_000_000_000_000)
_OURS = "123456780"  # stands for our own routing number while a payment is only tried


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
        extra[_ENVIRONMENT] = "T"
    if header.get("duplicate") == "true":
        extra[_DUPLICATE] = "P"
    if len(header.get("omad", "")) == 34:
        extra[_OMAD] = header["omad"]
    return structs.replace(
        record,
        scheme=SCHEME,
        local_instrument=instrument,
        clearing_reference=record.clearing_reference or decoded.message_id,
        identity=record.identity or decoded.message_id,
        extra=tuple(extra.items()),
    )


def parts(file: BinaryIO) -> Iterator[Decoded]:
    """A message is small; one that is not is refused."""
    yield decode(file.read(MESSAGE_BYTES_MAX + 1))


def reprint(data: bytes) -> bytes:
    """As ISO 20022."""
    return ISO.reprint(data)


def answer(decoded: Decoded, statuses: Sequence[Status], reply: str, writing: Writing) -> list[Frame]:
    """pacs.002."""
    return ISO.answer(decoded, statuses, reply, writing)


# --- writing ------------------------------------------------------------------------------------------------


def fit(payment: Payment, type: str) -> Fit:
    """The rules on what would be sent, and what Fedwire has no place for."""
    if payment.kind in ("payment_request", "return"):
        text = f"{type} carries no {payment.kind.replace('_', ' ')}"
        return Fit(Refusal("wrong-kind", "FF01", payment.place, text, payment.end_to_end_id))
    # Who sends is known when it is written; while it is tried, a payment without a sender for Fedwire has us.
    trial = _TRIAL if write.member(payment.instructing_agent) else structs.replace(_TRIAL, routing_number=_OURS)
    written, losses = prepared(payment, trial.routing_number)
    found = ISO.fit(written, type)
    if found.refusal is not None:
        return found
    root = parse(encode([payment], type, trial).data)
    assert not isinstance(root, Refusal), "what is written is XML"
    envelope = open_envelope(root)
    assert not isinstance(envelope, list), "what is written holds one document"
    broken = violations(envelope.document, type) or profile.check(root, envelope.document, type)
    if broken:
        return Fit(structs.replace(broken[0], record=payment.end_to_end_id))
    own = (_ENVIRONMENT, _DUPLICATE, _OMAD)
    return Fit(None, (*losses, *(loss for loss in found.losses if loss.element not in own)))


def prepared(payment: Payment, routing_number: str = "") -> tuple[Payment, list[Loss]]:
    """The payment as Fedwire writes it, and what is written otherwise than it was said."""
    losses: list[Loss] = []
    payment = _latin(payment, losses)
    instrument = payment.local_instrument
    if instrument not in INSTRUMENTS:
        instrument = "COVC" if payment.underlying is not None else KIND_INSTRUMENTS.get(payment.kind, "CTRC")
        if payment.local_instrument:
            losses.append(Loss("local_instrument", f"written as {instrument}: Fedwire has codes of its own"))
    remittance = _one_text(payment.remittance, "remittance", losses)
    below = payment.underlying
    if below is not None:
        below = structs.replace(
            below,
            remittance=_one_text(below.remittance, "underlying.remittance", losses),
            instructions_for_next_agent=(),
        )
    if payment.instructions_for_next_agent:
        losses.append(Loss("instructions_for_next_agent", "Fedwire has no instruction for the next agent"))
    sender, receiver = payment.instructing_agent, write.receiver(payment)
    if routing_number and write.member(sender) != routing_number:
        if sender is not None:
            losses.append(Loss("instructing_agent", "we are the sender", "info"))
        sender = Agent(clearing_system="USABA", clearing_member=routing_number)
    imad = own_imad(payment)
    fields: dict[str, Any] = {
        "local_instrument": "",
        "remittance": remittance,
        "underlying": below,
        "instructions_for_next_agent": (),
        "settlement_method": "CLRG",
        "clearing_system": "FDW",
        "instructing_agent": sender,
        "instructed_agent": receiver,
        "clearing_reference": "" if imad else payment.clearing_reference,
        "uetr": payment.uetr or _derived(payment),
        "extra": (*(pair for pair in payment.extra if pair[0] != INSTRUMENT), (INSTRUMENT, instrument)),
    }
    return structs.replace(payment, **fields), losses


def _one_text(texts: tuple[str, ...], element: str, losses: list[Loss]) -> tuple[str, ...]:
    """Lines of remittance as the one text that Fedwire takes."""
    if len(texts) < 2:
        return texts
    whole = " ".join(texts)
    cut = len(whole) > REMITTANCE_MAX
    why = f"{len(whole)} characters, Fedwire takes {REMITTANCE_MAX}" if cut else "several lines are written as one"
    losses.append(Loss(element, why, "truncated" if cut else "info"))
    return (whole[:REMITTANCE_MAX].rstrip(),)


def own_imad(payment: Payment) -> str:
    """The payment's own IMAD, when its reference is one; it becomes the message's id."""
    return payment.clearing_reference if write.IMAD.match(payment.clearing_reference) else ""


def _latin(payment: Payment, losses: list[Loss]) -> Payment:
    """Texts in printable ASCII."""
    if msgspec.json.encode(payment).isascii():
        return payment
    losses.append(Loss("texts", "letters outside ASCII are written without their marks or as a full stop", "info"))
    return msgspec.convert(_mapped(msgspec.to_builtins(payment)), Payment)


def _mapped(value: Any) -> Any:
    if isinstance(value, str):
        return latin(value)
    if isinstance(value, dict):
        return {name: _mapped(inner) for name, inner in value.items()}
    return [_mapped(inner) for inner in value] if isinstance(value, list | tuple) else value


def _derived(payment: Payment) -> str:
    """A reference of the form of a UUID version 4, from what is unique to the payment."""
    said = "/".join((payment.identity, payment.instruction_id, payment.end_to_end_id, payment.place))
    digits = hashlib.sha256(said.encode()).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:32]}"


def encode(payments: Sequence[Payment], type: str, writing: Writing) -> Frame:
    """One message with its header, in the wrapper of what is sent to Fedwire."""
    assert len(payments) == 1, "a Fedwire message holds one transaction"
    payment = prepared(payments[0], writing.routing_number)[0]
    imad = write.accountability(payments[0], writing, 0)
    inner = ISO.encode([payment], type, structs.replace(writing, message_id=imad)).data
    declaration, _, document = inner.decode().partition("\n")
    extra = dict(payments[0].extra)
    head = _head(payment, type, writing, imad, extra)
    body = f"<{profile.MESSAGES[type]}>{head}\n{document.strip()}</{profile.MESSAGES[type]}>"
    data = (
        f'{declaration}\n<FedwireFundsIncoming xmlns="{profile.INCOMING}"><FedwireFundsIncomingMessage>{body}'
        "</FedwireFundsIncomingMessage></FedwireFundsIncoming>\n"
    )
    return Frame(data.encode(), type, ".xml", "application/xml", imad)


def _head(payment: Payment, type: str, writing: Writing, imad: str, extra: Mapping[str, str]) -> str:
    """The business application header, head.001.001.03."""
    service = "TEST" if extra.get(_ENVIRONMENT) == "T" else "PROD"
    duplicate = "<PssblDplct>true</PssblDplct>" if extra.get(_DUPLICATE) == "P" else ""
    sides = "".join(
        f"<{side}><FIId><FinInstnId><ClrSysMmbId><MmbId>{write.member(agent) or write.NOBODY}</MmbId></ClrSysMmbId>"
        f"</FinInstnId></FIId></{side}>"
        for side, agent in (("Fr", payment.instructing_agent), ("To", payment.instructed_agent))
    )
    registry, practice = MARKET_PRACTICE
    return (
        f'<AppHdr xmlns="urn:iso:std:iso:20022:tech:xsd:head.001.001.03">{sides}<BizMsgIdr>{imad}</BizMsgIdr>'
        f"<MsgDefIdr>{type}</MsgDefIdr><BizSvc>{service}</BizSvc><MktPrctc><Regy>{registry}</Regy><Id>{practice}</Id>"
        f"</MktPrctc><CreDt>{stamp(writing.now_ns)}</CreDt>{duplicate}</AppHdr>"
    )
