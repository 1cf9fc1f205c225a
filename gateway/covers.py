"""Cover payments and the customer payments that they pay for, matched by UETR, whichever comes first.

Strategy: both are found by names of their own in the index of identities, so nothing is kept in memory and a restart
forgets nothing. A route with `cover: required` makes the one that comes first wait (PDNG) for the other.
"""

from __future__ import annotations

from gateway.entries import Entries, identity, unpack_record
from gateway.model import Payment
from gateway.ports import PaymentRow

FINAL = ("RJCT", "CANC", "RTRN")
AWAITING_COVER = "awaiting-cover"
AWAITING_COVERED = "awaiting-covered"
WAITS = {
    False: (AWAITING_COVER, "waits for the cover payment that pays for it"),
    True: (AWAITING_COVERED, "waits for the customer payment that it pays for"),
}


class Covers:
    """The two halves of one batch's covered payments."""

    def __init__(self, entries: Entries) -> None:
        self.entries = entries
        self.arrived: list[Payment] = []  # halves admitted since this was last emptied: the other may go on now

    def admit(self, id: int, payment: Payment) -> None:
        """This half is here from now on."""
        if payment.uetr:
            self.entries.name(_name(payment, cover=payment.underlying is not None), id)
            self.arrived.append(payment)

    def partner(self, payment: Payment) -> PaymentRow | None:
        """The other half in its present status; None while it is not here, or differs in what it pays."""
        if not payment.uetr:
            return None
        id = self.entries.state.references.find(_name(payment, cover=payment.underlying is None))
        row = self.entries.payment(id) if id else None
        other = unpack_record(row.record) if row is not None else None
        if not isinstance(other, Payment) or (other.uetr, other.amount) != (payment.uetr, payment.amount):
            return None
        return row if (other.underlying is None) is (payment.underlying is not None) else None

    def lacks(self, payment: Payment, id: int) -> bool:
        """Whether the other half is still to come. A cover counts once its money is here."""
        row = self.partner(payment)
        if row is None or row.status in FINAL:
            return True
        return payment.underlying is None and (row.status == "PDNG" or self._spent(payment, id))

    def waits(self, payment: Payment, id: int) -> bool:
        """Whether this half waits for the other already: who releases it then, releases it without."""
        name = _name(payment, cover=payment.underlying is not None)
        return self.entries.state.references.find(name) == id

    def _spent(self, payment: Payment, id: int) -> bool:
        """Whether the cover has paid for another payment already: two that carry one UETR share no cover."""
        other = self.entries.state.references.find(_name(payment, cover=False))
        row = self.entries.payment(other) if other not in (0, id) else None
        return row is not None and row.status not in FINAL


def _name(payment: Payment, *, cover: bool) -> int:
    return identity("", f"{'cover' if cover else 'covered'}/{payment.uetr}")
