"""What the receiving side says of a payment that we sent to it: pacs.002, pain.002, admi.002.

Strategy: a rejection moves the money back and its sender is told; a confirmation makes final what waits for one; any
other status is kept with the payment. A report about a whole message is one about every payment that left in it.
"""

from __future__ import annotations

from gateway.conversations.finding import Finder, Found
from gateway.conversations.instants import NOT_CONFIRMED
from gateway.conversations.moneyback import MoneyBack
from gateway.conversations.saying import Saying
from gateway.conversations.states import after
from gateway.entries import Entries, identity, rejected
from gateway.model import Reason, Refusal, Report, Status
from gateway.planning import Source
from gateway.ports import PaymentRow
from gateway.settlement.ledger import Leg

ABOUT_PAYMENTS = frozenset({"payment_status", "group_status", "message_rejected"})
CONFIRMED = frozenset({"ACSC", "ACCC", "ACWC"})
CONFIRMED_INSTANT = CONFIRMED | {"ACCP"}  # what a positive answer is called in SCT Inst
REJECTED = frozenset({"RJCT", "CANC"})
CONTRADICTS = "contradicts"


class Reports:
    """The reports of one batch."""

    def __init__(self, entries: Entries, finder: Finder, saying: Saying, money_back: MoneyBack) -> None:
        self.entries = entries
        self.finder = finder
        self.saying = saying
        self.money_back = money_back

    def take(self, id: int, report: Report, source: Source) -> Status | None:
        """Do what a report means; None for one that is about no payment."""
        if report.kind not in ABOUT_PAYMENTS:
            return None
        if report.level != "transaction" or report.kind == "message_rejected":
            return self._whole(id, report, source)
        found = self.finder.one(report, report.original, source, "onward")
        if isinstance(found, Refusal):
            status = rejected(id, report, found)
            self.entries.keep(id, source.message, report, None, status)
            return status
        return self._about(id, report, found, source)

    def _whole(self, id: int, report: Report, source: Source) -> Status | None:
        """A report about a message: a rejection or confirmation holds for all that left in it."""
        members = self.finder.group(report.original, source)
        if len(members) == 1:
            return self._about(id, report, members[0], source)
        if not members or report.status not in REJECTED | CONFIRMED:
            return None
        for number, found in enumerate(members):
            self._about(id if not number else self._next(), report, found, source)
        return Status("ACSC", report, id, text=f"holds for {len(members)} payments", place=report.place)

    def _next(self) -> int:
        """A number for the same report about one more payment."""
        self.entries.state.payment += 1
        return self.entries.state.payment

    def _about(self, id: int, report: Report, found: Found, source: Source) -> Status:
        row = found.row
        if report.status in REJECTED and after(row.status, "reject"):
            self.entries.link(row.id, id, report.kind)
            reasons = report.reasons or (Reason("NARR"),)
            return self.money_back.give_back(id, report, found, "reject", found.record.amount, reasons, source)
        confirms = CONFIRMED_INSTANT if found.record.scheme == "sepa_inst" else CONFIRMED
        if report.status in confirms and after(row.status, "confirm"):
            self._confirm(found, report, source)
        if self._late(report, found):
            return self._hold(id, report, found, source)
        status = self._noted(id, report, found)
        self.entries.link(row.id, id, report.kind, report.status)
        self.entries.keep(id, source.message, report, None, status)
        return status

    def _confirm(self, found: Found, report: Report, source: Source) -> None:
        row = found.row
        state = after(row.status, "confirm")
        self.entries.change(row.id, state, source.message, text=f"{report.status} of the receiving side")
        if row.status == "ACSP":
            self.saying.outcome(found, "ACSC", "", "")

    # -- confirmations that come after their time

    def _late(self, report: Report, found: Found) -> bool:
        """Whether a payment is confirmed that was rejected because it was not, and nobody is deciding about that."""
        confirms = CONFIRMED_INSTANT if found.record.scheme == "sepa_inst" else CONFIRMED
        late = report.status in confirms and (found.row.status, found.row.reason) == ("RJCT", NOT_CONFIRMED.code)
        return (
            late and self.entries.state.references.find(_confirmation_of(found.row.id)) not in self.entries.state.held
        )

    def _hold(self, id: int, report: Report, found: Found, source: Source) -> Status:
        """The other side has the money, and the sender has it back: a person decides whose word holds."""
        text = f"payment {found.row.id} was rejected out of time, and the receiving side says {report.status} now"
        status = Status("PDNG", report, id, "NARR", text, CONTRADICTS, report.place)
        self.entries.link(found.row.id, id, report.kind, report.status)
        self.entries.name(_confirmation_of(found.row.id), id)
        self.entries.state.held[id] = self.entries.keep(id, source.message, report, None, status)
        return status

    def accept(self, held: PaymentRow, report: Report, source: Source, place: str) -> Status | Refusal:
        """A person believes the receiving side: the money moves once more as it did, and the sender is told."""
        found = self.finder.at(self.entries.about(held.id))
        state = after(found.row.status, "accept") if found is not None else ""
        if found is None or not state:
            return Refusal("wrong-state", "NARR", place, "the payment is not rejected any more", str(held.id))
        row = found.row
        legs = (Leg(row.debit, row.credit, row.currency, row.minor),) if row.debit else ()
        failure = self.entries.state.ledger.apply(legs) if legs else None
        if failure is not None:
            return Refusal(failure.code, failure.reason, place, failure.text, str(held.id))
        self.entries.post(held.id, legs)
        self.entries.change(row.id, state, source.message, text=f"accepted as confirmed by record {held.id}")
        self.saying.outcome(found, state, "", "")
        return Status("ACSC", report, held.id, place=report.place)

    @staticmethod
    def _noted(id: int, report: Report, found: Found) -> Status:
        """What is kept of a report that changes nothing; one that contradicts what was told is refused."""
        state = found.row.status
        contradicts = (report.status in CONFIRMED and state in ("RJCT", "CANC")) or (
            report.status in REJECTED and state in ("PDNG", "CANC")
        )
        if contradicts:
            text = f"payment {found.row.id} is {state} here, and the receiving side says {report.status}: ask it"
            return rejected(id, report, Refusal(CONTRADICTS, "NARR", report.place, text, report.id))
        return Status("ACTC", report, id, place=report.place)


def _confirmation_of(payment: int) -> int:
    """The name under which the late confirmation of a payment is found, while a person decides about it."""
    return identity("", f"late confirmation/{payment}")
