"""Returns, reversals and late rejections that come in.

Strategy: such a message may name only a part of the payment, in the same currency. A payment is given back once:
afterwards it is final. What cannot be booked (the account that must pay has not enough, or is closed) is a fact all the
same, since the other side has let go of the money or taken it: it waits for a person.
"""

from __future__ import annotations

from collections.abc import Sequence

from gateway.conversations.booking import Booking, legs_back
from gateway.conversations.finding import Finder, Found
from gateway.conversations.limits import overdue
from gateway.conversations.recalls import Recalls
from gateway.conversations.states import FINAL, after
from gateway.entries import Entries, rejected
from gateway.model import Money, Payment, Reason, Refusal, Report, Status
from gateway.planning import Source, reference
from gateway.ports import PaymentRow

SIDES = {"return": "onward", "reversal": "origin"}  # who may say so
EVENTS = {"return": "return", "reversal": "reverse"}
UNBOOKED = "cannot-give-back"


class MoneyBack:
    """Returns, reversals and rejections of one batch."""

    def __init__(self, entries: Entries, finder: Finder, booking: Booking, recalls: Recalls) -> None:
        self.entries = entries
        self.finder = finder
        self.booking = booking
        self.recalls = recalls

    def take(self, id: int, record: Payment, source: Source) -> Status:
        """A return or a reversal that came in: decide, book, write down, tell."""
        found = self.finder.one(record, record.original, source, SIDES[record.kind])
        problem = found if isinstance(found, Refusal) else self.problem(record, found)
        if isinstance(found, Found):
            self.entries.link(found.row.id, id, record.kind)
            if problem is None:
                return self.give_back(id, record, found, EVENTS[record.kind], record.amount, record.reasons, source)
        assert problem is not None, "what is not given back has a problem"
        status = rejected(id, record, problem)
        self.entries.keep(id, source.message, record, None, status)
        return status

    def problem(self, record: Payment, found: Found) -> Refusal | None:
        """Why a payment cannot be given back so."""
        row, amount = found.row, found.record.amount
        for code, reason, wrong, text in (
            ("returned-before", "ARDT", row.status == "RTRN", f"payment {row.id} was given back already"),
            ("wrong-state", "NOOR", row.status in FINAL, f"payment {row.id} moved no money: it is {row.status}"),
            ("wrong-state", "NARR", not after(row.status, EVENTS[record.kind]), f"payment {row.id} is {row.status}"),
            ("other-currency", "CURR", record.amount.currency != amount.currency, "the payment had another currency"),
            ("more-than-original", "AM09", record.amount.minor > amount.minor, "more comes back than was paid"),
        ):
            if wrong:
                return Refusal(code, reason, record.place, text, reference(record))
        if record.kind == "reversal" and found.onward:
            text = "what was sent on cannot be reversed here: ask for it back"
            return Refusal("sent-on", "NARR", record.place, text, reference(record))
        reason = record.reasons[0].code if record.reasons else ""
        late = "" if row.status == "PDCR" else overdue(found, record.kind, reason, self.entries.batch.time_ns)
        return Refusal("after-limit", "TM01", record.place, late, reference(record)) if late else None

    def give_back(
        self,
        id: int,
        said: Payment | Report,
        found: Found,
        event: str,
        amount: Money,
        reasons: Sequence[Reason],
        source: Source,
    ) -> Status:
        """Book it under the number of what was said, or let that wait for a person."""
        failure = self.booking.book(id, found, event, amount, reasons, source)
        if failure is not None:
            text = f"payment {found.row.id} cannot be given back: {failure.text}"
            status = Status("PDNG", said, id, failure.reason, text, UNBOOKED, said.place)
            self.entries.state.held[id] = self.entries.keep(id, source.message, said, None, status)
            return status
        status = Status("ACSC", said, id, place=said.place)
        self.entries.keep(id, source.message, said, None, status, legs=legs_back(found.row, amount.minor))
        if found.row.status == "PDCR":
            self.recalls.fulfilled(found, source)
        return status

    # -- what waits for a person

    def release(self, held: PaymentRow, said: Payment | Report, source: Source, place: str) -> Status | Refusal:
        """Book what could not be booked, if it can be now."""
        found = self.finder.at(self.entries.about(held.id))
        event = EVENTS[said.kind] if isinstance(said, Payment) else "reject"
        if found is None or not after(found.row.status, event):
            return rejected(held.id, said, Refusal("wrong-state", "NARR", place, "the payment is final by now"))
        amount = said.amount if isinstance(said, Payment) else found.record.amount
        failure = self.booking.book(held.id, found, event, amount, said.reasons, source)
        if failure is not None:
            return Refusal(failure.code, failure.reason, place, failure.text, str(held.id))
        if found.row.status == "PDCR":
            self.recalls.fulfilled(found, source)
        return Status("ACSC", said, held.id, place=said.place)
