"""Payments against the clock: what nobody decided in time is rejected, and money that had moved moves back.

Strategy: time comes as a message of its own (an operation `tick`), journaled like any other, so that a replay rejects
the same payments. What comes late already is refused at the door (`settling`); what is confirmed before the tick stays
confirmed.
"""

from __future__ import annotations

from gateway.conversations.ach_entries import AchEntries
from gateway.conversations.booking import Booking
from gateway.conversations.finding import Finder, Found
from gateway.conversations.saying import Saying
from gateway.conversations.states import HELD, after
from gateway.entries import Entries
from gateway.model import Reason
from gateway.planning import Source

# Who did not answer in time: we, who hold the payment, or the receiving side.
HELD_TOO_LONG = Reason("AB05", text=("not decided in time",))
NOT_CONFIRMED = Reason("AB06", text=("the receiving side did not confirm it in time",))


class Instants:
    """What runs out of time in one batch."""

    def __init__(
        self, entries: Entries, finder: Finder, saying: Saying, booking: Booking, ach_entries: AchEntries
    ) -> None:
        self.ach_entries = ach_entries
        self.entries = entries
        self.finder = finder
        self.saying = saying
        self.booking = booking

    def expire(self, id: int, source: Source) -> int:
        """Reject whatever is due; how much that was. `id` is the tick's own number."""
        state = self.entries.state
        due = sorted(payment for payment, at_ns in state.deadlines.items() if at_ns <= self.entries.batch.time_ns)
        return sum(self._expire(id, payment, source) for payment in due)

    def _expire(self, id: int, payment: int, source: Source) -> bool:
        found = self.finder.at(payment)
        assert found is not None, "what has a deadline is a payment that is not final"
        if found.row.status == HELD and found.message.format == "ach":
            return self.ach_entries.expire(id, found, source.message)
        if found.row.status == HELD:
            self.entries.let_go(payment, source.message)
            self._reject(id, found, HELD_TOO_LONG, source)
            return True
        amount = found.record.amount
        if self.booking.book(id, found, "expire", amount, (NOT_CONFIRMED,), source) is not None:
            del self.entries.state.deadlines[
                payment
            ]  # cannot be given back now: its confirmation, or a person, decides
            return False
        self.entries.link(payment, id, "tick")
        return True

    def _reject(self, id: int, found: Found, reason: Reason, source: Source) -> None:
        text = reason.text[0]
        self.entries.change(found.row.id, after(found.row.status, "expire"), source.message, reason.code, text)
        self.entries.link(found.row.id, id, "tick")
        self.saying.outcome(found, "RJCT", reason.code, text)
