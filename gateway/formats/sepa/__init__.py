"""The SEPA schemes, credit transfer, instant credit transfer, direct debit core and B2B: a profile over ISO 20022.

Strategy: ISO 20022 reads and writes; here stands what the schemes ask beyond the schema, as a table of rules with
ids. A payment that breaks one becomes a Refusal in its place, and the rest of its message goes on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from msgspec import Struct, structs

from gateway.formats.iso20022 import FORMAT as ISO
from gateway.formats.iso20022.codes import unlisted
from gateway.formats.iso20022.read import Record
from gateway.formats.sepa.exceptions import unusual_reasons
from gateway.formats.sepa.rules import KINDS, check, scheme_of, transliterate
from gateway.model import Loss, Money, Payment, Status
from gateway.ports import Decoded, Fit, Frame, Writing


class Sepa:
    """ports.Codec; chosen by name, never by content."""

    name = "sepa"
    writes: tuple[str, ...] = ()
    profiles = ("pacs.008.001.08", "pacs.003.001.08")  # written for endpoints of this format

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
    def _record(record: Any) -> Any:
        if not isinstance(record, Payment) or record.kind not in KINDS:
            return record
        payment = structs.replace(record, scheme=scheme_of(record))
        return check(payment) or payment

    def group(self, record: Record, type: str) -> str:
        """What records of one message have in common."""
        if not isinstance(record, Payment) or record.kind not in KINDS:
            return ISO.group(record, type)
        return scheme_of(record) + ISO.group(headed(record, type), type)

    def fit(self, record: Record, type: str) -> Fit:
        """The rules again, on what would be sent; characters outside the set are written otherwise, and said."""
        if not isinstance(record, Payment) or record.kind not in KINDS:
            return _with_reasons(ISO.fit(record, type), record)
        written, losses = prepared(record)
        broken = check(written)
        if broken is not None:
            return Fit(broken)
        fit = ISO.fit(headed(record, type), type)
        # How it is cleared is the scheme's word, not the record's: an initiation without a place for it loses nothing.
        own = fit.losses if record.settlement_method else (x for x in fit.losses if x.element != "settlement_method")
        return Fit(fit.refusal, (*own, *losses, *_unlisted(record)))

    def encode(self, records: Sequence[Record], type: str, writing: Writing) -> Frame:
        """One message, cleared by the scheme's mechanism, charges as its service level says."""
        written = [
            headed(record, type) if isinstance(record, Payment) and record.kind in KINDS else record
            for record in records
        ]
        return ISO.encode(_totalled(written) if type.startswith(BETWEEN) else written, type, writing)

    def answer(self, decoded: Decoded, statuses: Sequence[Status], reply: str, writing: Writing) -> list[Frame]:
        """pain.002 or pacs.002."""
        return ISO.answer(decoded, statuses, reply, writing)

    def reprint(self, data: bytes) -> bytes:
        """As ISO 20022."""
        return ISO.reprint(data)


def _with_reasons(fit: Fit, record: Record) -> Fit:
    """A return, reversal, recall or rejection whose reason no scheme has for it is sent, and that is said."""
    codes = unusual_reasons(record)
    said = tuple(Loss("reasons", f"{code} is no reason that the schemes have for this", "info") for code in codes)
    return structs.replace(fit, losses=(*fit.losses, *said)) if said else fit


def _unlisted(payment: Payment) -> list[Loss]:
    return [Loss(field, f"{code} is not on the published list", "info") for field, code in unlisted(payment)]


BETWEEN = ("pacs.008", "pacs.003")


class Prepared(Struct):
    """A payment as its scheme writes it; `headed` is made when a message between banks asks for it."""

    written: Payment
    losses: tuple[Loss, ...]
    headed: Payment | None = None


def _totalled(written: Sequence[Record]) -> list[Record]:
    """Between banks the group header says the total for all."""
    payments = [record for record in written if isinstance(record, Payment)]
    if not payments or len(payments) < len(written) or any(p.amount.currency != "EUR" for p in payments):
        return list(written)
    total = Money("EUR", sum(payment.amount.minor for payment in payments))
    said = (("iso:/GrpHdr/TtlIntrBkSttlmAmt", total.text()), ("iso:/GrpHdr/TtlIntrBkSttlmAmt/@Ccy", "EUR"))
    first = payments[0]
    return [structs.replace(first, extra=(*first.extra, *said)), *payments[1:]]


def _debit(payment: Payment) -> Payment:
    """A direct debit names its scheme, and the creditor's identifier as SEPA's."""
    instrument = "B2B" if payment.local_instrument == "B2B" else "CORE"
    mandate = structs.replace(payment.mandate, creditor_scheme="SEPA") if payment.mandate is not None else None
    return structs.replace(payment, local_instrument=instrument, mandate=mandate)


RECENT_MAX = 4_096  # payments prepared for `fit` that `encode` will ask for in the same batch
_recent: dict[int, tuple[Payment, Prepared]] = {}


def prepared(payment: Payment) -> tuple[Payment, tuple[Loss, ...]]:
    """The payment as the scheme writes it, and what is written otherwise than it was said."""
    found = _prepared(payment)
    return found.written, found.losses


def headed(payment: Payment, type: str) -> Payment:
    """The same for a type: between banks the day of settlement is said by the group header, for all."""
    found = _prepared(payment)
    if not type.startswith(BETWEEN) or not payment.settlement_date:
        return found.written
    if found.headed is None:
        day = ("iso:/GrpHdr/IntrBkSttlmDt", payment.settlement_date)
        found.headed = structs.replace(found.written, settlement_date="", extra=(*found.written.extra, day))
    return found.headed


def _prepared(payment: Payment) -> Prepared:
    known = _recent.get(id(payment))
    if known is not None and known[0] is payment:
        return known[1]
    if len(_recent) >= RECENT_MAX:
        _recent.clear()
    latin, losses = transliterate(payment)
    written = structs.replace(
        latin, charge_bearer="SLEV", service_level=("SEPA",), settlement_method="CLRG", scheme=scheme_of(payment)
    )
    if payment.kind == "direct_debit":
        written = _debit(written)
    made = Prepared(written, losses)
    _recent[id(payment)] = (payment, made)
    return made


FORMAT = Sepa()
