"""What a person begins: asks for a payment that was sent (recall), gives one back that came in (return), asks how one
stands (status).

Strategy: each is checked like what the other side may say of the same payment: its state, the reason, the limits of its
scheme. What is asked is a record of its own beside the decision, so that its answer finds it as it finds a request that
was only passed on.
"""

from __future__ import annotations

from gateway.conversations.booking import Booking
from gateway.conversations.finding import Finder, Found
from gateway.conversations.limits import overdue
from gateway.conversations.recalls import BOOKING, Recalls
from gateway.conversations.saying import Saying
from gateway.conversations.states import MOVED, after
from gateway.entries import Entries
from gateway.formats.sepa.exceptions import limit, unusual
from gateway.model import Agent, Case, Operation, Original, Reason, Refusal, Status
from gateway.planning import Source

EVENTS = {"recall": "recall", "return": "return"}
# What to do instead, by the state of the payment.
INSTEAD = {
    "PDNG": "it is held: reject it",
    "ACSP": "it is still being settled",
    "PDCR": "it is asked back already",
    "RTRN": "it was given back already",
    "CANC": "it was cancelled",
    "RJCT": "it was rejected, and its money is back",
}
LEAVING = "it has not left yet: cancel it"


class Asking:
    """What people begin in one batch."""

    def __init__(self, entries: Entries, finder: Finder, saying: Saying, booking: Booking, recalls: Recalls) -> None:
        self.entries = entries
        self.finder = finder
        self.saying = saying
        self.booking = booking
        self.recalls = recalls

    def take(self, id: int, operation: Operation, source: Source) -> Refusal | str:
        """Do what a person asks for; what was done, in a sentence, or why not."""
        number = int(operation.subject) if operation.subject.isdecimal() else 0
        found = self.finder.at(number)
        if found is None:
            text = f"{operation.subject[:20]} is no payment that could be asked about"
            return Refusal("unknown-payment", "NOOR", operation.place, text, operation.subject)
        act = {"recall": self._recall, "return": self._return, "ask_status": self._ask}[operation.kind]
        return act(id, found, operation, source)

    def _recall(self, id: int, found: Found, operation: Operation, source: Source) -> Refusal | str:
        problem = self._problem(found, operation, sent=True) or self._too_late(found, operation, "recall")
        if problem is not None:
            return problem
        number = self._next
        if not self.recalls.begin(number, self._case("cancellation_request", number, operation), found, source):
            return _cannot_ask(found, operation)
        self.entries.state.payment = number
        self._decided(found, operation)
        return f"asked back from {found.onward}, as record {number}"

    def _return(self, id: int, found: Found, operation: Operation, source: Source) -> Refusal | str:
        problem = self._problem(found, operation, sent=False)
        if problem is None and found.row.status != "PDCR":  # what answers a recall has its own limit
            problem = self._too_late(found, operation, "return")
        if problem is not None:
            return problem
        failure = self.booking.book(id, found, "return", found.record.amount, (_reason(operation),), source)
        if failure is not None:
            reason = BOOKING.get(failure.code, failure.reason)
            return Refusal(failure.code, reason, operation.place, failure.text, operation.subject)
        self.entries.link(found.row.id, id, operation.kind)
        self._decided(found, operation)
        if found.row.status == "PDCR":
            self.recalls.fulfilled(found, source)
        return f"given back to {found.message.endpoint}"

    def _ask(self, id: int, found: Found, operation: Operation, source: Source) -> Refusal | str:
        problem = self._problem(found, operation, sent=True)
        if problem is not None:
            return problem
        number = self._next
        case = self._case("status_request", number, operation)
        if not self.saying.onward(found, self.saying.request(case, found, number), case.kind):
            return _cannot_ask(found, operation)
        self.entries.state.payment = number
        self.entries.link(found.row.id, number, case.kind)
        self.entries.keep(number, source.message, case, None, Status("ACTC", case, number))
        self._decided(found, operation)
        return f"asked {found.onward}, as record {number}"

    # -- judgement

    def _problem(self, found: Found, operation: Operation, *, sent: bool) -> Refusal | None:
        """Why this cannot be done to a payment: where it is, or the state that it is in."""
        state, waits = found.row.status, found.row.id in self.entries.state.departures
        event = EVENTS.get(operation.kind, "")
        possible = after(state, event) if event else state in MOVED
        if waits or not possible or (state == "ACSP" and event):
            code = "returned-before" if state == "RTRN" else "wrong-state"
            text = f"payment {found.row.id} is {state}: {LEAVING if waits else INSTEAD[state]}"
            return Refusal(code, "NARR", operation.place, text, operation.subject)
        if sent and not found.onward:
            text = f"payment {found.row.id} ended here: there is nobody to ask"
            return Refusal("ended-here", "NARR", operation.place, text, operation.subject)
        if not sent and found.onward:
            text = f"payment {found.row.id} was sent on to {found.onward}: recall it"
            return Refusal("sent-on", "NARR", operation.place, text, operation.subject)
        return None

    def _too_late(self, found: Found, operation: Operation, what: str) -> Refusal | None:
        """What its scheme does not allow: another reason, or so late."""
        scheme, reason = found.record.scheme, operation.reason
        refund = what == "return" and limit(scheme, "refund", reason) is not None
        if unusual(scheme, what, reason) and not refund:
            text = f"{reason} is no reason for a {what} in {scheme}"
            return Refusal("unusual-reason", "NARR", operation.place, text, operation.subject)
        late = overdue(found, what, reason, self.entries.batch.time_ns)
        return Refusal("after-limit", "TM01", operation.place, late, operation.subject) if late else None

    # -- records

    def _case(self, kind: str, number: int, operation: Operation) -> Case:
        reasons = (_reason(operation),) if operation.reason else ()
        own = Agent(bic=self.entries.snapshot.sender)
        return Case(kind, Original(), id=f"FO{number}", creator=own, reasons=reasons, place=operation.place)

    @property
    def _next(self) -> int:
        """The number for what is asked, beside that of the decision to ask; used up once it is sent."""
        return self.entries.state.payment + 1

    def _decided(self, found: Found, operation: Operation) -> None:
        self.entries.decided_by(found.row.id, operation, Status("ACSC", found.record, found.row.id, operation.reason))


def _reason(operation: Operation) -> Reason:
    return Reason(operation.reason, text=(operation.text,) if operation.text else ())


def _cannot_ask(found: Found, operation: Operation) -> Refusal:
    text = f"{found.onward} cannot be asked in writing: its format has no such message, or lacks what this one must say"
    return Refusal("cannot-ask", "NARR", operation.place, text, operation.subject)
