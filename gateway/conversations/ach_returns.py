"""ACH returns that come in, and what the two banks say against them: dishonored and contested returns.

Strategy: a return that is found, in time and bookable is booked like any other (`moneyback`). Every other one waits
(PDNG) for a person, since the other bank has moved the money: nothing that comes back is refused. Who releases it says
which payment it gives back where that was not found; who rejects it dishonors it, or contests it where it was
dishonored, with a file of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import structs

from gateway.conversations.ach_originals import AchOriginals
from gateway.conversations.finding import Found
from gateway.conversations.states import after
from gateway.entries import Entries, rejected
from gateway.formats.ach.codes import CONTESTED, DISHONORED, RETURNS
from gateway.formats.ach.entries import return_code, told
from gateway.formats.ach.returns import disputed
from gateway.model import Notice, Operation, Payment, Reason, Refusal, Status
from gateway.planning import Source
from gateway.ports import Frame, PaymentRow
from gateway.settlement.returning import answered_late, came_late, settles_on

if TYPE_CHECKING:
    from gateway.conversations.moneyback import MoneyBack

# Why a return waits -> the code that it is dishonored with, where who rejects it names none.
DISHONORED_FOR = {"original-not-found": "R61", "returned-before": "R67", "after-limit": "R68"}
DISHONORED_OTHER = "R69"
DISPUTES = {"return": (DISHONORED, "dishonored", 5), "dishonored": (CONTESTED, "contested", 2)}


class AchReturns:
    """The ACH returns of one batch."""

    def __init__(self, entries: Entries, originals: AchOriginals, money_back: MoneyBack) -> None:
        self.entries = entries
        self.originals = originals
        self.money_back = money_back

    def take(self, id: int, record: Payment, source: Source) -> Status:
        """A return that came in: booked, or kept for a person."""
        found = self.originals.one(record, source)
        if isinstance(found, Refusal):
            return self._wait(id, record, found, source)
        self.entries.link(found.row.id, id, record.kind, return_code(record))
        problem = self._dispute(record) or self.money_back.problem(record, found) or self._late(record, found)
        if problem is not None:
            return self._wait(id, record, problem, source)
        return self.money_back.give_back(id, record, found, "return", record.amount, record.reasons, source)

    def change(self, id: int, notice: Notice, source: Source) -> Status:
        """A notification of change: kept, with the entry that it is about. Nothing is changed by itself."""
        found = self.originals.of_change(notice, source)
        if isinstance(found, Refusal):
            status = Status("ACTC", notice, id, "", found.text, found.code, notice.place)
        else:
            self.entries.link(found.row.id, id, notice.kind, notice.result)
            status = Status("ACTC", notice, id, text=f"about payment {found.row.id}", place=notice.place)
        self.entries.keep(id, source.message, notice, None, status)
        return status

    def _wait(self, id: int, record: Payment, problem: Refusal, source: Source) -> Status:
        status = Status("PDNG", record, id, problem.reason, problem.text, problem.code, record.place)
        self.entries.state.held[id] = self.entries.keep(id, source.message, record, None, status)
        return status

    @staticmethod
    def _dispute(record: Payment) -> Refusal | None:
        """What the two banks disagree about, a person decides."""
        category = told(record).get("category", "return")
        if category == "return":
            return None
        text = f"{return_code(record)}: the return is {category}"
        return Refusal(f"{category}-return", "NARR", record.place, text, record.transaction_id)

    def _late(self, record: Payment, found: Found) -> Refusal | None:
        """A return that comes after the limit of its code."""
        code = return_code(record)
        known = RETURNS[code]
        settled = settles_on(found.left_for or found.record.settlement_date, found.message.received_ns)
        if not came_late(self.entries.batch.time_ns, settled, known.days, known.calendar):
            return None
        unit = "days" if known.calendar else "banking days"
        text = f"{code} is allowed for {known.days} {unit} after settlement, which was on {settled}"
        return Refusal("after-limit", "TM01", record.place, text, record.transaction_id)

    # -- people

    def release(self, held: PaymentRow, record: Payment, operation: Operation, source: Source) -> Status | Refusal:
        """A person takes a return that waits: it gives back the payment it is about, or the one that is named."""
        found = self._named(held, record, operation, source)
        if isinstance(found, Refusal):
            return found
        if found is None or not after(found.row.status, "return"):
            if told(record).get("category", "return") != "return":
                return Status("ACSC", record, held.id, text="accepted", place=operation.place)
            text = "the payment that it is about cannot be given back any more: reject it, so that it is dishonored"
            return Refusal("wrong-state", "NARR", operation.place, text, operation.subject)
        reasons = record.reasons or (Reason("NARR"),)
        failure = self.money_back.booking.book(held.id, found, "return", record.amount, reasons, source)
        if failure is not None:
            return Refusal(failure.code, failure.reason, operation.place, failure.text, operation.subject)
        if found.row.status == "PDCR":
            self.money_back.recalls.fulfilled(found, source)
        return Status("ACSC", record, held.id, text=f"gives back payment {found.row.id}", place=operation.place)

    def _named(self, held: PaymentRow, record: Payment, operation: Operation, source: Source) -> Found | Refusal | None:
        """The payment that a return is about: as it was found, as the person says, or as it is found now."""
        finder = self.originals.finder
        known = self.entries.about(held.id)
        if known:
            return finder.at(known)
        number = operation.because.split()[0]
        found = finder.at(int(number)) if number.isdecimal() else self.originals.one(record, source)
        if isinstance(found, Refusal):
            text = f"{found.text}: begin the reason with the number of the payment that it gives back"
            return structs.replace(found, place=operation.place, text=text)
        if found is None or found.onward != source.endpoint or found.record.amount != record.amount:
            text = f"payment {number} did not go where this comes from, or has another amount"
            return Refusal("original-not-found", "NOOR", operation.place, text, operation.subject)
        self.entries.link(found.row.id, held.id, record.kind, return_code(record))
        return found

    def reject(self, held: PaymentRow, record: Payment, operation: Operation, source: Source) -> Status | Refusal:
        """A person sends a return back: dishonored, or, where it was dishonored, contested."""
        category = told(record).get("category", "return")
        if category not in DISPUTES:
            text = "a contested return cannot be disputed any more: release it"
            return Refusal("not-rejectable", "NARR", operation.place, text, operation.subject)
        codes, word, days = DISPUTES[category]
        code = operation.because.split()[0]
        if code not in codes and category == "return":
            code = DISHONORED_FOR.get(held.refusal_code, DISHONORED_OTHER)
        if code not in codes:
            text = f"begin the reason with the code that it is contested with: {', '.join(sorted(codes))}"
            return Refusal("no-return-code", "NARR", operation.place, text, operation.subject)
        message = self.entries.message(held.message)
        assert message is not None, "the message of what is held is in the store"
        if answered_late(self.entries.batch.time_ns, message.received_ns, days):
            text = f"a return is {word} within {days} banking days"
            return Refusal("after-limit", "TM01", operation.place, text, operation.subject)
        self._send(held, record, code, source)
        reason = RETURNS[code]
        return rejected(held.id, record, Refusal(word, reason.reason, record.place, f"/ACH/{code} {reason.title}"))

    def _send(self, held: PaymentRow, record: Payment, code: str, source: Source) -> None:
        """The file that says so, to where the return came from."""
        entries = self.entries
        endpoint = entries.snapshot.endpoints.get(source.endpoint)
        if endpoint is None or endpoint.answer_by != "outbox":
            return  # gone from the configuration, or nobody waits any more: the rows say what would be said
        writing = structs.replace(entries.writing(""), files_before=entries.files_before(source.endpoint))
        data = disputed(record, code, entries.snapshot.routing_number, held.id, writing)
        frame = Frame(data, "ACH-RETURN", ".ach", "text/plain", writing.message_id)
        entries.outbox(source.endpoint, f"{entries.state.delivery + 1:012d}-{frame.type}{frame.suffix}", frame)
