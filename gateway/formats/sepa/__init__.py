"""SEPA credit transfer and instant credit transfer: a profile over ISO 20022.

Strategy: ISO 20022 reads and writes; here stands what the schemes ask beyond the schema, as a table of rules with
ids. A payment that breaks one becomes a Refusal in its place, and the rest of its message goes on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO

from msgspec import structs

from gateway.formats.iso20022 import FORMAT as ISO
from gateway.formats.sepa.rules import check, scheme_of, transliterate
from gateway.model import Loss, Payment, Refusal, Status
from gateway.ports import Decoded, Fit, Frame, Writing


class Sepa:
    """ports.Codec; chosen by name, never by content."""

    name = "sepa"
    writes: tuple[str, ...] = ()
    profiles = ("pacs.008.001.08",)  # written for endpoints of this format

    def detect(self, head: bytes) -> bool:
        """Never: a SEPA message looks like any other ISO 20022 message."""
        return False

    def decode(self, data: bytes, type: str = "") -> Decoded:
        """Read as ISO 20022, then hold each payment against the rules."""
        return self._checked(ISO.decode(data, type))

    def parts(self, file: BinaryIO, records_max: int) -> Iterator[Decoded]:
        """The same for large files."""
        return map(self._checked, ISO.parts(file, records_max))

    def _checked(self, decoded: Decoded) -> Decoded:
        records = [self._record(record) for record in decoded.records]
        return structs.replace(decoded, format=self.name, records=records)

    @staticmethod
    def _record(record: object) -> Payment | Refusal:
        if not isinstance(record, Payment):
            assert isinstance(record, Refusal), "ISO 20022 opens payments only"
            return record
        payment = structs.replace(record, scheme=scheme_of(record))
        broken = check(payment)
        if broken is None:
            return payment
        ids = (
            ("InstrId", payment.instruction_id),
            ("EndToEndId", payment.end_to_end_id),
            ("TxId", payment.transaction_id),
            ("UETR", payment.uetr),
            ("PmtInfId", payment.batch_id),
        )
        return structs.replace(broken, extra=tuple((f"iso:{name}", value) for name, value in ids if value))

    def group(self, payment: Payment, type: str) -> str:
        """What payments of one message have in common."""
        return scheme_of(payment) + ISO.group(prepared(payment)[0], type)

    def fit(self, payment: Payment, type: str) -> Fit:
        """The rules again, on what would be sent; characters outside the set are written otherwise, and said."""
        if payment.kind != "credit_transfer":
            return ISO.fit(payment, type)
        written, losses = prepared(payment)
        broken = check(written)
        if broken is not None:
            return Fit(broken)
        fit = ISO.fit(written, type)
        return Fit(fit.refusal, (*fit.losses, *losses)) if losses else fit

    def encode(self, payments: Sequence[Payment], type: str, writing: Writing) -> Frame:
        """One message, cleared by the scheme's mechanism, charges as its service level says."""
        return ISO.encode([prepared(payment)[0] for payment in payments], type, writing)

    def answer(self, decoded: Decoded, statuses: Sequence[Status], reply: str, writing: Writing) -> list[Frame]:
        """pain.002 or pacs.002."""
        return ISO.answer(decoded, statuses, reply, writing)

    def reprint(self, data: bytes) -> bytes:
        """As ISO 20022."""
        return ISO.reprint(data)


RECENT_MAX = 4_096  # payments prepared for `fit` that `encode` will ask for in the same batch
_recent: dict[int, tuple[Payment, tuple[Payment, tuple[Loss, ...]]]] = {}


def prepared(payment: Payment) -> tuple[Payment, tuple[Loss, ...]]:
    """The payment as the scheme writes it, and what is written otherwise than it was said."""
    found = _recent.get(id(payment))
    if found is not None and found[0] is payment:
        return found[1]
    if len(_recent) >= RECENT_MAX:
        _recent.clear()
    latin, losses = transliterate(payment)
    written = structs.replace(
        latin, charge_bearer="SLEV", service_level=("SEPA",), settlement_method="CLRG", scheme=scheme_of(payment)
    )
    _recent[id(payment)] = (payment, (written, losses))
    return written, losses


FORMAT = Sepa()
