"""ACH entries that came to us and go back: because a person says so, or because nobody has decided in time.

Strategy: a return is the answer to the file that the entry came in, written by the format; here is decided which code
it has, and whether the code may still be used. An entry that is posted goes back along its own legs.
"""

from __future__ import annotations

from msgspec import structs

from gateway.conversations.booking import Booking
from gateway.conversations.finding import Finder, Found
from gateway.conversations.limits import overdue_entry
from gateway.conversations.saying import Saying
from gateway.conversations.states import HELD, after
from gateway.entries import Entries, source_of
from gateway.formats.ach.codes import CONTESTED, DISHONORED, RETURN_OF, RETURN_OTHER, RETURNS
from gateway.formats.ach.entries import is_debit
from gateway.model import Operation, Reason, Refusal, Status

USUAL = RETURNS.keys() - DISHONORED - CONTESTED
OVERDUE = "the entry was not decided within its return deadline"


class AchEntries:
    """The entries of one batch that go back."""

    def __init__(self, entries: Entries, finder: Finder, saying: Saying, booking: Booking) -> None:
        self.entries = entries
        self.finder = finder
        self.saying = saying
        self.booking = booking

    def came_in(self, payment: int) -> Found | None:
        """An entry that came to us, and that a return could still be about; None for every other payment."""
        found = self.finder.at(payment)
        if found is None or found.message.format != "ach" or found.row.status not in (HELD, "ACSC"):
            return None
        return found

    def reject(self, id: int, found: Found, operation: Operation, number: int) -> Refusal | None:
        """A person returns an entry: the code stands at the beginning of the reason, or follows from what held it."""
        first = operation.because.split()[0]
        code = first if first in USUAL else RETURN_OF.get(found.row.reason, RETURN_OTHER)
        held = found.row.status == HELD
        problem = self._problem(code, first, found, operation)
        if problem is not None:
            return problem
        if held:
            self.entries.let_go(found.row.id, number)
            self._close(found, code, "refuse", number)
        else:
            known = RETURNS[code]
            reason = Reason(known.reason, text=(f"/ACH/{code} {known.title}",))
            source = structs.replace(source_of(found.message), message=number)
            failure = self.booking.book(id, found, "return", found.record.amount, (reason,), source)
            if failure is not None:
                return Refusal(failure.code, failure.reason, operation.place, failure.text, operation.subject)
        self.entries.link(found.row.id, id, "return", code)
        self.entries.decided_by(found.row.id, operation, Status("RJCT", found.record, found.row.id, code))
        return None

    def _problem(self, code: str, first: str, found: Found, operation: Operation) -> Refusal | None:
        """Why an entry may not go back with this code, or not any more."""
        place, subject = operation.place, operation.subject
        if found.onward:
            text = "the entry was sent on: ask for it back"
            return Refusal("sent-on", "NARR", place, text, subject)
        if found.row.status != HELD and first not in USUAL:
            text = "the entry is posted: begin the reason with the code that it is returned with, R10 for instance"
            return Refusal("no-return-code", "NARR", place, text, subject)
        known = RETURNS[code]
        if known.calendar and not is_debit(found.record):
            text = f"{code} is a code for debits, and this entry is a credit"
            return Refusal("no-return-code", "NARR", place, text, subject)
        late = overdue_entry(found, code, self.entries.batch.time_ns)
        return Refusal("after-limit", "TM01", place, late, subject) if late else None

    def expire(self, id: int, found: Found, number: int) -> bool:
        """Nobody has decided: the entry goes back, or, where it is too late for that too, waits on for a person."""
        del self.entries.state.deadlines[found.row.id]
        code = RETURN_OF.get(found.row.reason, RETURN_OTHER)
        if overdue_entry(found, code, self.entries.batch.time_ns):
            return False
        self.entries.let_go(found.row.id, number)
        self._close(found, code, "expire", number)
        self.entries.link(found.row.id, id, "tick", code)
        return True

    def _close(self, found: Found, code: str, event: str, number: int) -> None:
        """A hold ends with a return."""
        known = RETURNS[code]
        text = OVERDUE if event == "expire" and code == RETURN_OTHER else known.title
        said = f"/ACH/{code} {text}"
        self.entries.change(found.row.id, after(HELD, event), number, known.reason, said)
        self.saying.outcome(found, "RJCT", known.reason, said)
