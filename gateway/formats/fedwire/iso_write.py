"""Writing Fedwire's ISO 20022: every message of the set, with the service's header and wrapper.

Strategy: a record is prepared (local instrument, settlement, references, one remittance text, plain letters), written
by ISO 20022 and wrapped; `fit` holds the whole against schema and profile beforehand. Value messages carry the IMAD as
their message id; the others go to the service itself unless they name an institution.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import structs

from gateway.formats.fedwire import profile, write
from gateway.formats.fedwire.iso import DUPLICATE, ENVIRONMENT, INSTRUMENT, OMAD
from gateway.formats.fedwire.meaning import INSTRUMENTS, KIND_INSTRUMENTS
from gateway.formats.fedwire.parties import latin
from gateway.formats.iso20022 import FORMAT as ISO
from gateway.formats.iso20022.envelope import open_envelope
from gateway.formats.iso20022.write import stamp
from gateway.formats.iso20022.xml import parse, violations
from gateway.model import Agent, Case, Loss, Notice, Original, Payment, Refusal, Report, Statement
from gateway.ports import Fit, Frame, Writing

WRITES = tuple(profile.MESSAGES)
SERVICE = "021151080"  # routing number of the Fedwire Funds Service itself, to whom what moves no money goes
MARKET_PRACTICE = ("www2.swift.com/mystandards/#/group/Federal_Reserve_Financial_Services", "frb.fedwire.01")
REMITTANCE_MAX = 140
_TRIAL = Writing("TRIAL00000000001", 1_752_480_000_000_000_000)
_OURS = "123456780"  # stands for our own routing number while a record is only tried
_HEADER_SAYS = (ENVIRONMENT, DUPLICATE, OMAD)

Record = Payment | Report | Case | Notice | Statement
Preparer = Callable[[Payment, str, list[Loss]], Payment]


def fit(record: Record, type: str) -> Fit:
    """The rules on what would be sent, and what Fedwire has no place for."""
    if isinstance(record, Payment) and record.kind != _kind(record, type):
        text = f"{type} carries no {record.kind.replace('_', ' ')}"
        return Fit(Refusal("wrong-kind", "FF01", record.place, text, record.end_to_end_id))
    # Who sends is known when it is written; while it is tried, a record without a sender for Fedwire has us.
    trial = _TRIAL if write.member(_ends(record)[0]) else structs.replace(_TRIAL, routing_number=_OURS)
    written, losses = prepared(record, type, trial.routing_number)
    found = ISO.fit(written, type)
    if found.refusal is not None:
        return found
    root = parse(encode([record], type, trial).data)
    assert not isinstance(root, Refusal), "what is written is XML"
    envelope = open_envelope(root)
    assert not isinstance(envelope, list), "what is written holds one document"
    broken = violations(envelope.document, type) or profile.check(root, envelope.document, type)
    if broken:
        reference = record.end_to_end_id if isinstance(record, Payment) else record.id
        return Fit(structs.replace(broken[0], record=reference))
    return Fit(None, (*losses, *(loss for loss in found.losses if loss.element not in _HEADER_SAYS)))


def _kind(payment: Payment, type: str) -> str:
    """The kind of payment that a type carries; a transfer's own kind, which the schema then judges."""
    named = {"pacs.004": "return", "pain.013": "payment_request"}.get(type[:8])
    if named is None and payment.kind in ("return", "payment_request"):
        return ""
    return named or payment.kind


# --- preparing ----------------------------------------------------------------------------------------------


def prepared(record: Record, type: str, routing_number: str = "") -> tuple[Record, list[Loss]]:
    """The record as Fedwire writes it, and what is written otherwise than it was said."""
    losses: list[Loss] = []
    record = _latin(record, losses)
    if isinstance(record, Payment):
        return _PREPARERS.get(type[:8], _transfer)(record, routing_number, losses), losses
    return record, losses


def _transfer(payment: Payment, routing_number: str, losses: list[Loss]) -> Payment:
    """pacs.008 and pacs.009."""
    instrument = payment.local_instrument
    if instrument not in INSTRUMENTS:
        instrument = "COVC" if payment.underlying is not None else KIND_INSTRUMENTS.get(payment.kind, "CTRC")
        if payment.local_instrument:
            losses.append(Loss("local_instrument", f"written as {instrument}: Fedwire has codes of its own"))
    below = payment.underlying
    if below is not None:
        below = structs.replace(
            below,
            remittance=_one_text(below.remittance, "underlying.remittance", losses),
            instructions_for_next_agent=(),
        )
    if payment.instructions_for_next_agent:
        losses.append(Loss("instructions_for_next_agent", "Fedwire has no instruction for the next agent"))
    fields: dict[str, Any] = {
        "local_instrument": "",
        "remittance": _one_text(payment.remittance, "remittance", losses),
        "underlying": below,
        "instructions_for_next_agent": (),
        "uetr": payment.uetr or _derived(payment),
        "extra": _with_instrument(payment, instrument),
    }
    return structs.replace(_settled(payment, routing_number, losses), **fields)


def _returned(payment: Payment, routing_number: str, losses: list[Loss]) -> Payment:
    """pacs.004: what is given back is named by its IMAD, which was its message id."""
    original = payment.original or Original()
    named = structs.replace(
        original,
        message_id=original.message_id or original.clearing_reference,
        message_type=original.message_type or ("pacs.009.001.08" if payment.debtor_institution else "pacs.008.001.08"),
        clearing_reference="",
    )
    transaction = payment.transaction_id or payment.instruction_id or own_imad(payment)
    settled = structs.replace(_settled(payment, routing_number, losses), original=named, transaction_id=transaction)
    return structs.replace(settled, local_instrument="", extra=_without_instrument(payment))


def _requested(payment: Payment, routing_number: str, losses: list[Loss]) -> Payment:
    """pain.013: a drawdown request."""
    institutions = payment.debtor_institution is not None or payment.local_instrument == "DRRB"
    instrument = "DRRB" if institutions else "DRRC"
    if payment.local_instrument not in ("", instrument):
        losses.append(Loss("local_instrument", f"written as {instrument}: Fedwire has codes of its own"))
    return structs.replace(
        payment,
        local_instrument="",
        initiating_party=payment.initiating_party or payment.creditor,
        batch_id=payment.batch_id or payment.instruction_id,
        clearing_reference="",
        settlement_method="",
        clearing_system="",
        instructing_agent=None,
        instructed_agent=None,
        remittance=_one_text(payment.remittance, "remittance", losses),
        uetr=payment.uetr or _derived(payment),
        extra=_with_instrument(payment, instrument),
    )


_PREPARERS: dict[str, Preparer] = {"pacs.004": _returned, "pain.013": _requested}


def _settled(payment: Payment, routing_number: str, losses: list[Loss]) -> Payment:
    """What every value message says of sender, receiver and settlement."""
    sender, receiver = payment.instructing_agent, write.receiver(payment)
    if routing_number and write.member(sender) != routing_number:
        if sender is not None:
            losses.append(Loss("instructing_agent", "we are the sender", "info"))
        sender = Agent(clearing_system="USABA", clearing_member=routing_number)
    return structs.replace(
        payment,
        settlement_method="CLRG",
        clearing_system="FDW",
        instructing_agent=sender,
        instructed_agent=receiver,
        clearing_reference="" if own_imad(payment) else payment.clearing_reference,
    )


def _with_instrument(payment: Payment, instrument: str) -> tuple[tuple[str, str], ...]:
    return (*_without_instrument(payment), (INSTRUMENT, instrument))


def _without_instrument(payment: Payment) -> tuple[tuple[str, str], ...]:
    return tuple(pair for pair in payment.extra if pair[0] != INSTRUMENT)


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


def _latin(record: Record, losses: list[Loss]) -> Record:
    """Texts in printable ASCII."""
    if msgspec.json.encode(record).isascii():
        return record
    losses.append(Loss("texts", "letters outside ASCII are written without their marks or as a full stop", "info"))
    return msgspec.convert(_mapped(msgspec.to_builtins(record)), type(record))


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


# --- encoding -----------------------------------------------------------------------------------------------


def encode(records: Sequence[Record], type: str, writing: Writing) -> Frame:
    """One message with its header, in the wrapper of what is sent to Fedwire."""
    assert len(records) == 1, "a Fedwire message holds one transaction"
    record = prepared(records[0], type, writing.routing_number)[0]
    name = writing.message_id
    if type.startswith(profile.VALUE):
        assert isinstance(records[0], Payment), "value messages carry payments"
        name = write.accountability(records[0], writing, 0)
    inner = ISO.encode([record], type, structs.replace(writing, message_id=name)).data
    declaration, _, document = inner.decode().partition("\n")
    head = _head(record, type, writing, name)
    body = f"<{profile.MESSAGES[type]}>{head}\n{document.strip()}</{profile.MESSAGES[type]}>"
    data = (
        f'{declaration}\n<FedwireFundsIncoming xmlns="{profile.INCOMING}"><FedwireFundsIncomingMessage>{body}'
        "</FedwireFundsIncomingMessage></FedwireFundsIncoming>\n"
    )
    return Frame(data.encode(), type, ".xml", "application/xml", name)


def _ends(record: Record) -> tuple[Agent | None, Agent | None]:
    """Who sends and who shall get it, as far as the record says."""
    if isinstance(record, Payment):
        return record.instructing_agent, write.receiver(record)
    if isinstance(record, Case):
        return record.assigner, record.assignee
    return None, None


def _head(record: Record, type: str, writing: Writing, name: str) -> str:
    """The business application header, head.001.001.03."""
    extra: Mapping[str, str] = dict(record.extra)
    service = "TEST" if extra.get(ENVIRONMENT) == "T" else "PROD"
    duplicate = "<PssblDplct>true</PssblDplct>" if extra.get(DUPLICATE) == "P" else ""
    sender, receiver = _ends(record)
    value = type.startswith(profile.VALUE)
    ours = write.member(sender) if value else writing.routing_number or write.member(sender)
    theirs = write.member(receiver) or (write.NOBODY if value else SERVICE)
    sides = "".join(
        f"<{side}><FIId><FinInstnId><ClrSysMmbId><MmbId>{number}</MmbId></ClrSysMmbId></FinInstnId></FIId></{side}>"
        for side, number in (("Fr", ours or write.NOBODY), ("To", theirs))
    )
    registry, practice = MARKET_PRACTICE
    return (
        f'<AppHdr xmlns="urn:iso:std:iso:20022:tech:xsd:head.001.001.03">{sides}<BizMsgIdr>{name}</BizMsgIdr>'
        f"<MsgDefIdr>{type}</MsgDefIdr><BizSvc>{service}</BizSvc><MktPrctc><Regy>{registry}</Regy><Id>{practice}</Id>"
        f"</MktPrctc><CreDt>{stamp(writing.now_ns)}</CreDt>{duplicate}</AppHdr>"
    )
