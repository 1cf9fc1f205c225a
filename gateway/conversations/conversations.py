"""Every record that says something about a payment, to the module that knows what to do with it."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import structs

from gateway.conversations.ach_entries import AchEntries
from gateway.conversations.ach_originals import AchOriginals
from gateway.conversations.ach_returns import AchReturns
from gateway.conversations.asking import Asking
from gateway.conversations.booking import Booking
from gateway.conversations.finding import Finder
from gateway.conversations.instants import Instants
from gateway.conversations.moneyback import UNBOOKED, MoneyBack
from gateway.conversations.recalls import Recalls
from gateway.conversations.reports import CONTRADICTS, Reports
from gateway.conversations.requests import Requests
from gateway.conversations.saying import Saying
from gateway.conversations.states import ENDED, HELD, after
from gateway.entries import Entries, source_of, unpack_record
from gateway.model import Case, Notice, Operation, Payment, Reason, Record, Refusal, Report, Status
from gateway.planning import GIVING_BACK, Source
from gateway.ports import Frame, MessageRow, PaymentRow
from gateway.settlement.ledger import Failure
from gateway.settling import Settling

Said = Payment | Report | Case
CHANGES = ("change_notice",)  # notices about an entry of ours


class Conversations:
    """The conversations of one batch."""

    def __init__(self, entries: Entries, settling: Settling) -> None:
        self.entries, self.settling = entries, settling
        self._parts: Parts | None = None

    @property
    def parts(self) -> Parts:
        """Made when they are asked for: most batches say nothing about payments."""
        if self._parts is None:
            self._parts = Parts(self.entries)
        return self._parts

    def take(self, id: int, record: Record, source: Source) -> Status | None:
        """Do what a record means and write it down; None for one that is no part of a payment's life."""
        if isinstance(record, Payment):
            if record.kind not in GIVING_BACK:
                return None
            taker = self.parts.ach_returns if record.scheme == "ach" else self.parts.money_back
            return taker.take(id, record, source)
        if isinstance(record, Notice):
            return self.parts.ach_returns.change(id, record, source) if record.kind in CHANGES else None
        if isinstance(record, Report):
            return self.parts.reports.take(id, record, source)
        if not isinstance(record, Case):
            return None
        take: Any = {
            "cancellation_request": self.parts.recalls.take,
            "resolution": self.parts.recalls.resolve,
            "status_request": self.parts.requests.take,
        }.get(record.kind)
        return take(id, record, source) if take is not None else None

    def said(self) -> list[Frame]:
        """What answers the message in hand beside its own answer; asked once a message."""
        if self._parts is None or not self._parts.saying.answers:
            return []
        answers, self._parts.saying.answers = self._parts.saying.answers, []
        return answers

    # -- what has not left yet

    def withdraw(self, id: int, payment: int, operation: Operation, number: int) -> Failure | None:
        """A person cancels a payment that waits to leave: `id` is the decision's own number."""
        found = self.parts.finder.at(payment)
        assert found is not None, "what waits to leave is a payment"
        source, reason = source_of(found.message), Reason("CUST", text=(operation.because,))
        source = structs.replace(source, message=number)
        failure = self.parts.booking.book(id, found, "cancel", found.record.amount, (reason,), source)
        if failure is None:
            self.entries.decided_by(payment, operation, Status("CANC", found.record, payment, "CUST"))
            self.parts.saying.outcome(found, "CANC", "CUST", "cancelled before it left")
        return failure

    # -- covers

    def go_on(self, number: int) -> None:
        """Settle what waited for the other half that a message has brought; once that message is journaled."""
        covers = self.settling.covers
        while covers.arrived:
            row = covers.partner(covers.arrived.pop(0))
            held = self.entries.state.held.get(row.id) if row is not None and row.status == HELD else None
            if held is None:
                continue
            record, message = unpack_record(held.record), self.entries.message(held.message)
            assert isinstance(record, Payment), "covers and what they cover are payments"
            if message is not None and not covers.lacks(record, held.id):
                self.close(held, self.settling.release(held, record, message), message, number)

    def close(self, held: PaymentRow, status: Status, message: MessageRow, number: int) -> None:
        """What became of a hold: written down, and told to the payment's sender."""
        state = after(HELD, ENDED[status.code])
        if state != HELD:
            self.entries.let_go(held.id, number)
        self.entries.change(held.id, state, number, status.reason, status.text)
        self.entries.tell_sender(message, status)

    # -- people

    def release(self, held: PaymentRow, said: Said, operation: Operation, number: int) -> Refusal | None:
        """A person lets go what waits: gives a payment back, or books what could not be booked."""
        if isinstance(said, Case):
            return self.parts.recalls.release(held, said, operation, number)
        source = self._source(held, number)
        if isinstance(said, Payment) and said.scheme == "ach" and held.refusal_code != UNBOOKED:
            status = self.parts.ach_returns.release(held, said, operation, source)
        elif isinstance(said, Report) and held.refusal_code == CONTRADICTS:
            status = self.parts.reports.accept(held, said, source, operation.place)
        else:
            status = self.parts.money_back.release(held, said, source, operation.place)
        if isinstance(status, Refusal):
            return status
        self._close(held, status, number)
        return None

    def reject(self, held: PaymentRow, said: Said, operation: Operation, number: int) -> Refusal | None:
        """A person refuses what waits; what the receiving side did to the money cannot be refused."""
        status: Status | Refusal | None = None
        if isinstance(said, Payment) and said.scheme == "ach" and held.refusal_code != UNBOOKED:
            status = self.parts.ach_returns.reject(held, said, operation, self._source(held, number))
        elif held.refusal_code == CONTRADICTS:
            text = "the rejection stands: the receiving side gives it back"
            status = Status("RJCT", said, held.id, held.reason, text)
        if isinstance(status, Refusal):
            return status
        if status is not None:
            self._close(held, status, number)
            return None
        if not isinstance(said, Case):
            text = "the other side has moved the money: release it once the account can bear it"
            return Refusal("not-rejectable", "NARR", operation.place, text, operation.subject)
        self.parts.recalls.reject(held, operation, number)
        return None

    def send_back(self, id: int, payment: int, operation: Operation, number: int) -> Refusal | Literal[False] | None:
        """A person returns an entry of ACH that came in; False when the payment is none."""
        found = self.parts.ach_entries.came_in(payment)
        return self.parts.ach_entries.reject(id, found, operation, number) if found is not None else False

    def _close(self, held: PaymentRow, status: Status, number: int) -> None:
        self.entries.let_go(held.id, number)
        self.entries.change(held.id, status.code, number, status.reason, status.text)

    def _source(self, held: PaymentRow, number: int) -> Source:
        message = self.entries.message(held.message)
        assert message is not None, "the message of what is held is in the store"
        came = source_of(message)
        return Source(came.endpoint, came.session, came.type, number)


class Parts:
    """One of each, for one batch."""

    def __init__(self, entries: Entries) -> None:
        self.saying = Saying(entries)
        self.finder = Finder(entries)
        self.booking = booking = Booking(entries, self.saying)
        self.recalls = Recalls(entries, self.finder, self.saying, booking)
        self.money_back = MoneyBack(entries, self.finder, booking, self.recalls)
        self.ach_returns = AchReturns(entries, AchOriginals(entries, self.finder), self.money_back)
        self.reports = Reports(entries, self.finder, self.saying, self.money_back)
        self.requests = Requests(entries, self.finder, self.saying)
        self.ach_entries = AchEntries(entries, self.finder, self.saying, booking)
        self.asking = Asking(entries, self.finder, self.saying, booking, self.recalls)
        self.instants = Instants(entries, self.finder, self.saying, booking, self.ach_entries)
