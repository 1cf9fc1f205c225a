"""A payment goes back the way it came: its ledger legs the other way round, its new state, word of it to its sender.

Strategy: what moved is read from the payment's own row, never from the message that gives it back. Ledger, state and
messages are of one batch: all of them are durable, or none is.
"""

from __future__ import annotations

from collections.abc import Sequence

from gateway.conversations.finding import Found
from gateway.conversations.saying import Saying
from gateway.conversations.states import after
from gateway.entries import Entries
from gateway.model import Money, Reason
from gateway.planning import Source
from gateway.ports import PaymentRow
from gateway.settlement.ledger import Failure, Leg

BETWEEN = ("pacs.", "MT103", "MT202", "MT205")  # what institutions pay with, and give back in kind


class Booking:
    """What is given back in one batch."""

    def __init__(self, entries: Entries, saying: Saying) -> None:
        self.entries = entries
        self.saying = saying

    def book(
        self, id: int, found: Found, event: str, amount: Money, reasons: Sequence[Reason], source: Source
    ) -> Failure | None:
        """Give back under the number of what asked for it; why the ledger cannot, and then nothing has changed."""
        row = found.row
        state = after(row.status, event)
        assert state, f"a payment that is {row.status} is not given back by {event}"
        legs = legs_back(row, amount.minor)
        failure = self.entries.state.ledger.apply(legs) if legs else None
        if failure is not None:
            return failure
        self.entries.post(id, legs)
        reason = reasons[0] if reasons else Reason("NARR")
        code = reason.code or reason.proprietary[:35] or "NARR"
        part = "" if amount == found.record.amount else f", {amount.text()} of {found.record.amount.text()}"
        self.entries.change(row.id, state, source.message, code, f"given back by record {id}{part}")
        if event not in ("reverse", "cancel"):
            self._tell(id, found, event, amount, reasons or (reason,))
        return None

    def _tell(self, id: int, found: Found, event: str, amount: Money, reasons: Sequence[Reason]) -> None:
        """Institutions get a return, everybody else hears that the payment failed."""
        if event == "return" and found.record.source.startswith(BETWEEN):
            record = self.saying.giving_back("return", found, id, amount, reasons)
            if self.saying.later(found.message, record, "return", found):
                return
        text = next((text for reason in reasons for text in reason.text), "given back by the receiving side")
        self.saying.outcome(found, "RJCT", reasons[0].code or "NARR", text)


def legs_back(row: PaymentRow, minor: int) -> tuple[Leg, ...]:
    """The payment's movement the other way round; nothing for one that moved no money."""
    return (Leg(row.credit, row.debit, row.currency, minor),) if row.debit else ()
