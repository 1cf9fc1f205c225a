"""Confirmation and affirmation: a deal on a route that asks for it settles once its counterparty has affirmed it.

The deal waits as a held payment; its confirmation (AK) carries its number. An affirmation (AU) settles it, a dispute
leaves it to people, who may release or reject it like anything that is held.
"""

from __future__ import annotations

from gateway.entries import Entries, identity, unpack_record
from gateway.model import Order, Refusal, Status
from gateway.model.trading import Affirmation, Confirmation, ConfirmationRequest
from gateway.planning import Source
from gateway.ports import Finding, MessageRow, PaymentRow
from gateway.settling import AWAITING, Settling


class Confirmations:
    """The affirmations of one batch."""

    def __init__(self, entries: Entries, settling: Settling) -> None:
        self.entries = entries
        self.settling = settling
        self.held = entries.state.held

    def affirm(self, id: int, affirmation: Affirmation, source: Source) -> Status:
        """Settle what is affirmed; leave to people what is disputed."""
        refused = self._do(affirmation, source)
        if refused is None:
            status = Status("ACTC", affirmation, id, place=affirmation.place, told=())
        else:
            status = Status("RJCT", affirmation, id, refused.reason, refused.text, refused.code, affirmation.place)
        self.entries.keep(id, source.message, affirmation, None, status)
        return status

    def _do(self, affirmation: Affirmation, source: Source) -> Refusal | None:
        found = self._waiting(affirmation, source)
        if found is None:
            text = "ConfirmID names no deal of this session that waits for its affirmation"
            return Refusal("unknown-confirmation", "NARR", affirmation.place, text, affirmation.id)
        row, deal, message = found
        if affirmation.kind == "affirmed":
            return self._settle(row, deal, message, affirmation, source)
        if affirmation.kind == "disputed":
            text = f"disputed by its counterparty: {affirmation.text}"[:140]
            self.entries.change(row.id, "PDNG", source.message, "NARR", text)
            self.entries.decided(row.id, Finding("affirmation", "hold", "disputed", "NARR", text))
        return None

    def _settle(
        self, row: PaymentRow, deal: Order, message: MessageRow, affirmation: Affirmation, source: Source
    ) -> Refusal | None:
        """What cannot settle now goes on waiting, and may be affirmed again."""
        status = self.settling.release(row, deal, message)
        if status.code == "RJCT":
            self.entries.change(row.id, "PDNG", source.message, status.reason, status.text)
            return Refusal(status.refusal_code, status.reason, affirmation.place, status.text, affirmation.id)
        del self.held[row.id]
        self.entries.change(row.id, status.code, source.message, text="affirmed by its counterparty")
        self.entries.decided(row.id, Finding("affirmation", "record", "affirmed", "", "affirmed by its counterparty"))
        return None

    def _waiting(self, affirmation: Affirmation, source: Source) -> tuple[PaymentRow, Order, MessageRow] | None:
        digits = affirmation.id[1:]
        if not affirmation.id.startswith("C") or not digits.isascii() or not digits.isdigit() or len(digits) > 18:
            return None
        row = self.held.get(int(digits))
        if row is None or row.refusal_code != AWAITING:
            return None
        deal, message = unpack_record(row.record), self.entries.message(row.message)
        if not isinstance(deal, Order) or message is None:
            return None
        mine = (message.endpoint, message.session) == (source.endpoint, source.session)
        return (row, deal, message) if mine else None

    def request(self, id: int, request: ConfirmationRequest, source: Source) -> Status:
        """The confirmations of some orders, again."""
        sender = request.identity.removesuffix(f"/BH/{request.id}")
        told: list[Confirmation] = []
        for name in request.orders:
            row = self.entries.known(identity(source.endpoint, f"{sender}/{name}"))
            deal = unpack_record(row.record) if row is not None else None
            message = self.entries.message(row.message) if row is not None else None
            if row is None or not isinstance(deal, Order) or message is None or row.status in ("RJCT", "CANC"):
                continue
            if (message.endpoint, message.session) == (source.endpoint, source.session) and deal.price:
                account = deal.account or source.session
                told.append(Confirmation(f"C{row.id}", deal, row.id, account, request.id))
        if told:
            status = Status("ACTC", request, id, place=request.place, told=tuple(told))
        else:
            text = "no deal of this session has any of these names"
            status = Status("RJCT", request, id, "NARR", text, "unknown-order", request.place)
        self.entries.keep(id, source.message, request, None, status)
        return status
