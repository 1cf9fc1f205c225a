"""What a record that was read from FIN says in the words of ISO 20022.

Strategy: the record is kept as it is; only for writing it is said otherwise. Lines are one text, a message type is that
of ISO 20022, and the reference of an original (field 20) names its instruction.
"""

from __future__ import annotations

import re
from typing import Any

from msgspec import structs

from gateway.model import Case, Original, Payment, Report

FULL_LINE = 35  # characters of a line of FIN
ISO_OF = {
    "MT101": "pain.001",
    "MT102": "pacs.008",
    "MT103": "pacs.008",
    "MT104": "pacs.003",
    "MT107": "pacs.003",
    "MT200": "pacs.009",
    "MT202": "pacs.009",
    "MT202COV": "pacs.009",
    "MT205": "pacs.009",
    "MT205COV": "pacs.009",
    "MT204": "pacs.010",
    "MT210": "camt.057",
}


def spoken(record: Any) -> Any:
    """The record as ISO 20022 says it; any other than one of FIN as it is."""
    if not record.source.startswith("MT"):
        return record
    if isinstance(record, Payment):
        return _payment(record)
    if isinstance(record, Case) and record.kind in CHARGES:
        return _charges(record)
    if isinstance(record, Case | Report) and record.original != Original():
        return structs.replace(record, original=_original(record.original))
    return record


CHARGES = {"charges_advice": "", "charges_request": "pacs.00{}.001.08"}  # and what the message charged for is called
_CHARGE = re.compile(r"/([A-Z]{4})/([A-Z]{3})([0-9]+,[0-9]*)(?:/([CD]))?\Z", re.ASCII)
_BIC = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?\Z", re.ASCII)


def _charges(case: Case) -> Case:
    """n90 and n91: each line of 71B is a record of its own; another text stays one."""
    found = [_CHARGE.match(line) for line in "\n".join(case.text).split("\n")]
    original = structs.replace(_original(case.original), message_id="")
    name = CHARGES[case.kind].format("8" if case.source[2:3] == "1" else "9")
    original = structs.replace(original, message_type=original.message_type or name)
    case = structs.replace(case, original=original)
    if not all(found):
        return case
    paying = dict(case.extra).get("mt:52A", "")
    paying = paying if _BIC.match(paying) else ""
    kept = [(path, text) for path, text in case.extra if not (path == "mt:52A" and paying)]
    several = len(found) > 1
    for number, one in enumerate(found, 1):
        place = f"iso:Chrgs/PerTx/Rcrd[{number}]/" if number > 1 else "iso:Chrgs/PerTx/Rcrd/"
        assert one is not None, "all were found"
        kept += [(place + path, text) for path, text in _charge(one, case, paying, several) if text]
    if not several:
        return structs.replace(case, text=(), extra=tuple(kept))
    kept += _totals(case, len(found))
    return structs.replace(case, text=(), amount=None, creator=None, original=Original(), extra=tuple(kept))


def _charge(line: re.Match[str], case: Case, paying: str, several: bool) -> list[tuple[str, str]]:
    """One record of charges; one of several says everything itself."""
    code, currency, amount, mark = line.groups()
    text = amount.replace(",", ".").rstrip(".")
    side = "CRDT" if mark == "C" else "DBIT"
    said = [
        ("TtlChrgsPerRcrd/NbOfChrgsBrkdwnItms", "1"),
        ("TtlChrgsPerRcrd/CdtDbtInd", side),
        ("ChrgsBrkdwn/Amt", text),
        ("ChrgsBrkdwn/Amt/@Ccy", currency),
        ("ChrgsBrkdwn/CdtDbtInd", side),
        ("ChrgsBrkdwn/Tp/Cd", code),
        ("DbtrAgt/FinInstnId/BICFI", paying),
    ]
    if not several:
        return said
    original = case.original
    return [
        *said,
        ("TtlChrgsPerRcrd/TtlChrgsAmt", text),
        ("TtlChrgsPerRcrd/TtlChrgsAmt/@Ccy", currency),
        ("ChrgsRqstr/FinInstnId/BICFI", case.creator.bic if case.creator is not None else ""),
        ("UndrlygTx/MsgNmId", original.message_type),
        ("UndrlygTx/InstrId", original.instruction_id),
        ("UndrlygTx/UETR", original.uetr),
    ]


def _totals(case: Case, count: int) -> list[tuple[str, str]]:
    if case.amount is None:
        return []
    place = "iso:GrpHdr/TtlChrgs/"
    return [
        (place + "NbOfChrgsRcrds", str(count)),
        (place + "TtlChrgsAmt", case.amount.text()),
        (place + "TtlChrgsAmt/@Ccy", case.amount.currency),
        (place + "CdtDbtInd", "DBIT"),
    ]


def _payment(payment: Payment) -> Payment:
    if payment.underlying is not None:
        payment = structs.replace(payment, underlying=_flowing(payment.underlying))
    if payment.kind == "return" and payment.original is not None:
        # The original is named by its instruction: which message it came in, a return of FIN does not say.
        original = structs.replace(_original(payment.original), message_id="", message_type="")
        payment = structs.replace(payment, original=original)
    return _flowing(payment)


def _original(original: Original) -> Original:
    name = ISO_OF.get(original.message_type, original.message_type)
    return structs.replace(original, message_type=name, instruction_id=original.instruction_id or original.message_id)


def _flowing(payment: Payment) -> Payment:
    """Remittance as one text: lines of FIN are cut by their length, so a full one runs on."""
    if len(payment.remittance) < 2:
        return payment
    *first, last = payment.remittance
    text = "".join(line if len(line) == FULL_LINE else f"{line} " for line in first) + last
    return structs.replace(payment, remittance=(text,))
