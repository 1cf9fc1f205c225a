"""Requests to give a payment back (camt.056, camt.055, MT n92) and their answers (camt.029, MT n96, a return).

Strategy: what has not settled is cancelled at once. What has settled and stayed here is given back, refused or put
before a person, as the route says (`recall`); what was sent on is asked back from whoever has it now. The request is a
record of its own that waits (PDNG) for as long as the question is open; the payment is PDCR meanwhile.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import structs

from gateway.conversations.booking import Booking, legs_back
from gateway.conversations.finding import Finder, Found
from gateway.conversations.limits import overdue
from gateway.conversations.saying import Saying, original_of
from gateway.conversations.states import HELD, after
from gateway.entries import Entries, identity, rejected, source_of, unpack_record
from gateway.model import Case, Operation, Reason, Refusal, Status
from gateway.planning import Source
from gateway.ports import MessageRow, PaymentRow
from gateway.routing.route import Recall
from gateway.settlement.ledger import Leg

FOLLOWING = "FOCR"  # returned after a request for cancellation
ACCEPTED, REFUSED, PENDING = "CNCL", "RJCR", "PDCR"
ASKED_ONWARD = "asked-onward"
ASKED = "asked-back"
# Reasons that a refusal of a recall may give; a person's decision may begin with one of them.
REFUSALS = frozenset("AC04 AGNT AM04 ARDT CUST INDM LEGL NOAS NOOR PTNA RQDA NARR".split())
NO_GROUP = "no message between us has this id and type, or it came in parts: name each payment"
BOOKING = {"insufficient-funds": "AM04", "closed-account": "AC04"}  # why a ledger cannot give back, as such a reason
# What a final state says to who asks for the payment back.
TOO_LATE = {
    "RTRN": ("ARDT", "it was given back already"),
    "CANC": ("ARDT", "it was cancelled already"),
    "RJCT": ("NOOR", "it was rejected, and moved no money"),
    "ACSP": ("PTNA", "it is still being settled"),
}


class Recalls:
    """The requests of one batch."""

    def __init__(self, entries: Entries, finder: Finder, saying: Saying, booking: Booking) -> None:
        self.entries = entries
        self.state = entries.state
        self.finder = finder
        self.saying = saying
        self.booking = booking

    # -- a request comes in

    def take(self, id: int, case: Case, source: Source) -> Status:
        """Decide about a request, and answer it."""
        if about_group(case):
            return self._group(id, case, source)
        return self._one(id, case, source)

    def _group(self, id: int, case: Case, source: Source) -> Status:
        """A request about a whole message: each of its payments is decided about, and all are told in one answer."""
        members = self.finder.came_in(case, case.original, source)
        count = case.original.count if not case.original.batch_id else ""
        if not members or (count and int(count) != len(members)):
            text = NO_GROUP if not members else f"{count} payments are named, and {len(members)} came in that message"
            refusal = Refusal("original-not-found", "NOOR", case.place, text, case.id)
            return self._refused(id, case, None, Reason("NOOR", text=(text,)), source, refusal)
        self.saying.gathered = gathered = []
        for number, found in enumerate(members):
            each = structs.replace(case, original=original_of(found, case.original))
            status = self._known(id if not number else self._next(), each, found, source)
            if status.code == "PDNG":
                gathered.append(self.saying.resolution(each, found, PENDING))
        self.saying.gathered = None
        self.saying.answer_together(source, gathered)
        return Status("ACTC", case, id, text=f"about {len(members)} payments", place=case.place)

    def _next(self) -> int:
        """A number for the same request about one more payment."""
        self.state.payment += 1
        return self.state.payment

    def _one(self, id: int, case: Case, source: Source) -> Status:
        found = self.finder.one(case, case.original, source, "origin")
        if isinstance(found, Refusal):
            return self._refused(id, case, None, Reason(found.reason, text=(found.text,)), source, found)
        return self._known(id, case, found, source)

    def _known(self, id: int, case: Case, found: Found, source: Source) -> Status:
        """A request about a payment that is here: by the state that it is in."""
        if found.row.status == HELD:
            return self._cancel(id, case, found, source)
        if found.row.id in self.state.departures:
            return self._withdraw(id, case, found, source)
        if found.row.status == "PDCR":
            return self._again(id, case, found, source)
        if not after(found.row.status, "recall"):
            reason, text = TOO_LATE[found.row.status]
            return self._refuse(id, case, found, reason, text, source)
        asked = case.reasons[0].code if case.reasons else ""
        late = overdue(found, "recall", asked, self.entries.batch.time_ns)
        if late:
            return self._refuse(id, case, found, "NARR", late, source)
        return self._settled(id, case, found, source)

    def _cancel(self, id: int, case: Case, found: Found, source: Source) -> Status:
        """A payment that is held moves no money any more."""
        row = found.row
        self.entries.let_go(row.id, source.message)
        reason = case.reasons[0].code if case.reasons else ""
        self.entries.change(row.id, after(row.status, "cancel"), source.message, reason, f"cancelled by record {id}")
        self.saying.answer(source, self.saying.resolution(case, found, ACCEPTED), "resolution", found)
        return self._keep(id, case, found, Status("ACSC", case, id, place=case.place), source)

    def _withdraw(self, id: int, case: Case, found: Found, source: Source) -> Status:
        """A payment that waits to leave does not leave; its money moves back."""
        reason = case.reasons[0] if case.reasons else Reason("CUST")
        failure = self.booking.book(id, found, "cancel", found.record.amount, (reason,), source)
        if failure is not None:
            return self._refuse(id, case, found, BOOKING.get(failure.code, "NARR"), failure.text, source)
        self.saying.answer(source, self.saying.resolution(case, found, ACCEPTED), "resolution", found)
        legs = legs_back(found.row, found.record.amount.minor)
        return self._keep(id, case, found, Status("ACSC", case, id, place=case.place), source, legs)

    def _again(self, id: int, case: Case, found: Found, source: Source) -> Status:
        """Asked for again while the first request is open: it is pending. One of our own waits for the sender now."""
        opened = self._opened(found)
        if opened is not None and self._own(opened[0]):
            return self._take_over(id, case, found, opened[0], source)
        self.saying.answer(source, self.saying.resolution(case, found, PENDING), "resolution", found)
        text = f"payment {found.row.id} is asked back already"
        return self._keep(id, case, found, Status("ACTC", case, id, text=text, place=case.place), source)

    def _own(self, held: PaymentRow) -> bool:
        """Whether a person here began a request, and not the payment's sender."""
        message = self.entries.message(held.message)
        return message is not None and message.format == "json"

    def _take_over(self, id: int, case: Case, found: Found, own: PaymentRow, source: Source) -> Status:
        """What was asked by ourselves is asked for the sender from now on: the answer is told to it."""
        self.entries.let_go(own.id, source.message)
        self.entries.change(own.id, "ACSC", source.message, text=f"asked for record {id} from now on")
        self.entries.name(_forwarded(id), found.row.id)
        return self._hold(id, case, found, source, forwarded=True)

    def _settled(self, id: int, case: Case, found: Found, source: Source) -> Status:
        wish = found.way.route.recall if found.way is not None else Recall()
        if wish.do == "refuse":
            return self._refuse(id, case, found, wish.reason, "payments of this kind are not given back", source)
        if wish.do == "return" and not found.onward:
            return self._return(id, case, found, source)
        return self._wait(id, case, found, source, forwarded=wish.do == "forward" and self._ask_onward(id, case, found))

    def begin(self, id: int, case: Case, found: Found, source: Source) -> bool:
        """A request of our own to where the payment was sent; False where it cannot be asked in writing."""
        if not self._ask_onward(id, case, found):
            return False
        self._wait(id, case, found, source, forwarded=True)
        return True

    def _wait(self, id: int, case: Case, found: Found, source: Source, *, forwarded: bool) -> Status:
        row = found.row
        reason = case.reasons[0].code if case.reasons else ""
        self.entries.change(row.id, after(row.status, "recall"), source.message, reason, f"asked back by record {id}")
        return self._hold(id, case, found, source, forwarded=forwarded)

    def _hold(self, id: int, case: Case, found: Found, source: Source, *, forwarded: bool) -> Status:
        """The request waits; it is found by the payment."""
        self.entries.name(_of(found.row.id), id)
        code, text = (ASKED_ONWARD, "asked back from where it was sent") if forwarded else (ASKED, "waits for a person")
        reason = case.reasons[0].code if case.reasons else ""
        status = Status("PDNG", case, id, reason, text, code, case.place)
        self._keep(id, case, found, status, source)
        self.state.held[id] = self.entries.payments[id]
        return status

    def _ask_onward(self, id: int, case: Case, found: Found) -> bool:
        if not found.onward or not self.saying.onward(
            found, self.saying.request(case, found, id), "cancellation_request"
        ):
            return False
        self.entries.name(_forwarded(id), found.row.id)
        return True

    def _return(self, id: int, case: Case, found: Found, source: Source) -> Status:
        """The money goes back at once, if it is still there."""
        failure = self.booking.book(id, found, "return", found.record.amount, (Reason(FOLLOWING),), source)
        if failure is not None:
            return self._refuse(id, case, found, BOOKING.get(failure.code, "NARR"), failure.text, source)
        self.saying.answer(source, self.saying.resolution(case, found, ACCEPTED), "resolution", found)
        legs = legs_back(found.row, found.record.amount.minor)
        return self._keep(id, case, found, Status("ACSC", case, id, place=case.place), source, legs)

    def _refuse(self, id: int, case: Case, found: Found, reason: str, text: str, source: Source) -> Status:
        refusal = Refusal("recall-refused", reason, case.place, text, case.id)
        return self._refused(id, case, found, Reason(reason, text=(text,)), source, refusal)

    def _refused(
        self, id: int, case: Case, found: Found | None, reason: Reason, source: Source, refusal: Refusal
    ) -> Status:
        self.saying.answer(source, self.saying.resolution(case, found, REFUSED, (reason,)), "resolution", found)
        return self._keep(id, case, found, rejected(id, case, refusal), source)

    def _keep(
        self, id: int, case: Case, found: Found | None, status: Status, source: Source, legs: Sequence[Leg] = ()
    ) -> Status:
        if found is not None:
            self.entries.link(found.row.id, id, case.kind)
        self.entries.keep(id, source.message, case, None, status, legs=legs)
        return status

    # -- the other side answers ours

    def resolve(self, id: int, case: Case, source: Source) -> Status:
        """A resolution of a request that we sent on."""
        found = self.finder.one(case, case.original, source, "onward")
        if isinstance(found, Refusal):
            status = rejected(id, case, found)
            self.entries.keep(id, source.message, case, None, status)
            return status
        status = Status("ACSC", case, id, place=case.place)
        self._keep(id, case, found, status, source)
        if found.row.status == "PDCR" and REFUSED in (case.status, case.transaction_status):
            self.kept(found, case.reasons, source)
        return status

    def kept(self, found: Found, reasons: Sequence[Reason], source: Source) -> None:
        """The payment stays where it is: so the request is answered."""
        reason = reasons[0] if reasons else Reason("NARR")
        code, text = reason.code or "NARR", next(iter(reason.text), "the payment is not given back")
        self.entries.change(found.row.id, after(found.row.status, "keep"), source.message, code, text)
        opened = self._opened(found)
        if opened is not None:
            self._close(*opened, found, REFUSED, reasons or (reason,), "RJCT", source)

    def fulfilled(self, found: Found, source: Source) -> None:
        """The payment came back: so the request is answered."""
        opened = self._opened(found)
        if opened is not None:
            self._close(*opened, found, ACCEPTED, (), "ACSC", source)

    def _opened(self, found: Found) -> tuple[PaymentRow, Case] | None:
        held = self.state.held.get(self.state.references.find(_of(found.row.id)))
        case = unpack_record(held.record) if held is not None else None
        return (held, case) if held is not None and isinstance(case, Case) else None

    def _close(
        self,
        held: PaymentRow,
        case: Case,
        found: Found,
        word: str,
        reasons: Sequence[Reason],
        code: str,
        source: Source,
    ) -> None:
        self.entries.let_go(held.id, source.message)
        reason = reasons[0].code if reasons else ""
        self.entries.change(held.id, code, source.message, reason, "given back" if word == ACCEPTED else "refused")
        message = self.entries.message(held.message)
        assert message is not None, "the message of what is held is in the store"
        self.saying.later(message, self.saying.resolution(case, found, word, reasons), "resolution", found)

    # -- a person decides

    def release(self, held: PaymentRow, case: Case, operation: Operation, number: int) -> Refusal | None:
        """Give the payment back, or ask whoever has it now."""
        found = self.finder.at(self.entries.about(held.id))
        message = self.entries.message(held.message)
        assert found is not None, "an open request is about a payment that is here"
        assert message is not None, "the message of what is held is in the store"
        source = source_of_number(message, number)
        if self.state.references.find(_forwarded(held.id)):
            text = "it is asked back from where it was sent: its answer decides"
            return Refusal("asked-onward", "NARR", operation.place, text, operation.subject)
        if found.onward:
            if not self._ask_onward(held.id, case, found):
                text = (
                    "where the payment was sent to cannot be asked in writing: ask, then reject or wait for its return"
                )
                return Refusal("cannot-ask", "NARR", operation.place, text, operation.subject)
            self.entries.change(held.id, "PDNG", number, held.reason, "asked back from where it was sent")
            return None
        failure = self.booking.book(held.id, found, "return", found.record.amount, (Reason(FOLLOWING),), source)
        if failure is not None:
            return Refusal(failure.code, failure.reason, operation.place, failure.text, operation.subject)
        self.fulfilled(found, source)
        return None

    def reject(self, held: PaymentRow, operation: Operation, number: int) -> None:
        """The payment stays; the reason may stand at the beginning of what the person wrote."""
        found = self.finder.at(self.entries.about(held.id))
        assert found is not None, "an open request is about a payment that is here"
        word = re.match(r"[A-Z0-9]{4}\b", operation.because)
        code = word[0] if word is not None and word[0] in REFUSALS else "NARR"
        source = source_of_number(found.message, number)
        self.kept(found, (Reason(code, text=("refused after review",)),), source)


def about_group(case: Case) -> bool:
    """Whether a request names a message and none of its payments (GrpCxl, PmtInfCxl)."""
    original = case.original
    named = original.uetr or original.transaction_id or original.end_to_end_id or original.instruction_id
    return case.source.startswith("camt.") and bool(original.message_id) and not named


def source_of_number(message: MessageRow, number: int) -> Source:
    """Where an earlier message came from, for what a later one brings about."""
    came = source_of(message)
    return Source(came.endpoint, came.session, came.type, number)


def _of(payment: int) -> int:
    """The name under which the open request for a payment is found."""
    return identity("", f"recall of/{payment}")


def _forwarded(case: int) -> int:
    return identity("", f"asked onward/{case}")
