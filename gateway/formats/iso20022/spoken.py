"""What a record that was read from FIN says in the words of ISO 20022.

Strategy: the record is kept as it is; only for writing it is said otherwise. Lines are one text, a message type is that
of ISO 20022, and the reference of an original (field 20) names its instruction.
"""

from __future__ import annotations

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
    if isinstance(record, Case | Report) and record.original != Original():
        return structs.replace(record, original=_original(record.original))
    return record


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
