"""Instructions to the gateway itself: open and close accounts; release, reject and repair what is held; begin a
conversation about a payment.

Each returns a Refusal, or None or a sentence when it is done. Who may give which instruction is the endpoint's affair.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gateway import addressing
from gateway.conversations import Conversations
from gateway.entries import Entries, rejected, source_of, unpack_record
from gateway.model import Case, Operation, Order, Payment, Refusal, Report, Status
from gateway.model.trading import Execution
from gateway.planning import GIVING_BACK, Source, refusal
from gateway.ports import AccountRow, Finding, MessageRow, PaymentRow
from gateway.settlement.ledger import Failure, Leg
from gateway.settling import Settling
from gateway.statements.issue import Issuing
from gateway.trading import Desk
from gateway.trading.netting import obligations

WHO_AND_WHY = "a decision names a person and a reason"
Held = Payment | Order | Execution | Case | Report
Decide = Callable[[PaymentRow, Any, Operation, int], Refusal | None]


class Operations:
    """Carries out the instructions of one batch."""

    def __init__(self, entries: Entries, settling: Settling, desk: Desk, conversations: Conversations) -> None:
        self.entries = entries
        self.state = entries.state
        self.settling = settling
        self.desk = desk
        self.conversations = conversations

    def take(self, id: int, operation: Operation, source: Source) -> Status:
        """Do what is asked, and write it down."""
        status = self._do(id, operation, source)
        self.entries.keep(id, source.message, operation, None, status)
        return status

    def _do(self, id: int, operation: Operation, source: Source) -> Status:
        if operation.kind not in self.entries.snapshot.endpoints[source.endpoint].operations:
            text = f"{operation.kind} may not come through endpoint {source.endpoint}"
            return rejected(id, operation, Refusal("not-permitted", "AG01", operation.place, text))
        act = {
            "open_account": self._open_account,
            "close_account": self._close_account,
            "release": self._release,
            "reject": self._reject,
            "repair": self._repair,
            "net": self._net,
            "statement": self._statement,
            "cancel": self._cancel,
            "tick": self._tick,
            "recall": self._begin,
            "return": self._begin,
            "ask_status": self._begin,
        }[operation.kind]
        done = act(id, operation, source.message)
        if isinstance(done, Refusal):
            return rejected(id, operation, done)
        waits = id in self.state.repairs.get(_number(operation.subject), ())
        return Status("ACSP" if waits else "ACSC", operation, id, text=done or "", place=operation.place)

    # -- accounts

    def _open_account(self, id: int, operation: Operation, number: int) -> Refusal | None:
        ledger = self.state.ledger
        failure = ledger.open(operation.subject, operation.currency, operation.floor_minor)
        if failure is None and operation.minor:
            leg = Leg(operation.source_account, operation.subject, operation.currency, operation.minor)
            failure = ledger.apply((leg,))
            if failure is None:
                self.entries.post(id, (leg,))
            else:
                ledger.forget(operation.subject, operation.currency)
        if failure is None:
            row = AccountRow(operation.subject, operation.currency, 0, operation.floor_minor)
            self.entries.batch.opened.append(row)
        return _failed(operation, failure)

    def _close_account(self, id: int, operation: Operation, number: int) -> Refusal | None:
        failure = self.state.ledger.close(operation.subject)
        if failure is None:
            self.entries.batch.opened.extend(self.state.ledger.rows(operation.subject))
        return _failed(operation, failure)

    # -- what is open

    def _net(self, id: int, operation: Operation, number: int) -> Refusal | None:
        """Tell a session what its deals that wait for their affirmation come to, by currency."""
        endpoint, _, session = operation.subject.partition("/")
        report, type = obligations(id, self.state.held.values(), self.entries, Source(endpoint, session, ""))
        if not report.obligations:
            text = "no deal of this session waits for its affirmation, or they come to nothing"
            return Refusal("nothing-to-net", "NARR", operation.place, text, operation.subject)
        self.entries.tell(Source(endpoint, session, type), report)
        return None

    def _statement(self, id: int, operation: Operation, number: int) -> Refusal | None:
        """Make the statements of an account up to a moment."""
        return Issuing(self.entries).operate(operation, number)

    # -- what is held

    def _release(self, id: int, operation: Operation, number: int) -> Refusal | None:
        """Settle what was held: today's accounts, the route it was admitted under where that still exists."""
        found = self._held(operation)
        if isinstance(found, Refusal):
            return found
        held, record, message = found
        source = source_of(message, record.source)
        if isinstance(record, Execution):
            status = self.desk.executions.release(held, record, source)
            if status.code == "PDNG":
                return Refusal(status.refusal_code, status.reason, operation.place, status.text, operation.subject)
            self._close_hold(operation, held, status, number, message)
            return None
        if _said(record):
            return self._decide(self.conversations.release, held, record, operation, number)
        assert isinstance(record, Payment | Order), "everything else was decided above"
        plan = self.settling.plan_again(held, record, source)
        if any(finding.code == addressing.REPAIR for finding in plan.findings):
            text = "an address of this payment is incomplete: repair gives it, release does not"
            return Refusal("needs-repair", "BE04", operation.place, text, operation.subject)
        self._close_hold(operation, held, self.settling.settle_held(held, record, plan, source), number, message)
        return None

    def _repair(self, id: int, operation: Operation, number: int) -> Refusal | None:
        """A held payment with the addresses that a person gives: checked again, settled if nothing else holds it."""
        found = self._held(operation)
        if isinstance(found, Refusal):
            return found
        held, record, message = found
        made = addressing.repaired(record, operation.addresses) if isinstance(record, Payment) else "it is no payment"
        if isinstance(made, str):
            return Refusal("not-repairable", "NARR", operation.place, made, operation.subject)
        source = source_of(message, made.source)
        plan = self.settling.plan_again(held, made, source)
        if plan.refusal is not None or any(finding.code == addressing.REPAIR for finding in plan.findings):
            text = plan.refusal.text if plan.refusal is not None else plan.findings[-1].text
            return Refusal("still-incomplete", "BE04", operation.place, text[:300], operation.subject)
        findings = plan.way.policy([made])[0] if plan.way.policy is not None else ()
        refused = next((finding for finding in findings if finding.outcome == "refuse"), None)
        if refused is not None:
            status = rejected(held.id, made, refusal(made, refused.code, refused.reason, refused.text))
            self._close_hold(operation, held, status, number, message)
            return None
        holding = next((finding for finding in findings if finding.outcome == "hold"), None)
        if holding is not None:
            self._keep_hold(id, operation, held, made, holding, number)
            return None
        self._close_hold(operation, held, self.settling.settle_held(held, made, plan, source), number, message)
        return None

    def _keep_hold(
        self, id: int, operation: Operation, held: PaymentRow, made: Payment, holding: Finding, number: int
    ) -> None:
        """Repaired, but something else holds it: it waits on, as it is now. The repair is at work until it ends."""
        self.entries.decided(held.id, holding)
        self.entries.decided_by(held.id, operation, Status("PDNG", made, held.id, holding.reason, holding.text))
        self.entries.change(held.id, "PDNG", number, holding.reason, holding.text)
        self.state.repair(id, held, made)

    def _reject(self, id: int, operation: Operation, number: int) -> Refusal | None:
        if operation.by.strip() and operation.because.strip():
            sent_back = self.conversations.send_back(id, _number(operation.subject), operation, number)
            if sent_back is not False:
                return sent_back
        found = self._held(operation)
        if isinstance(found, Refusal):
            return found
        held, record, message = found
        if isinstance(record, Execution):
            text = "a venue's fill is a fact: release it once the accounts can bear it, or the venue takes it back"
            return Refusal("not-rejectable", "NARR", operation.place, text, operation.subject)
        if _said(record):
            return self._decide(self.conversations.reject, held, record, operation, number)
        assert isinstance(record, Payment | Order), "everything else was decided above"
        refused = refusal(record, "rejected-by-operator", held.reason or "RR04", "refused after review")
        self._close_hold(operation, held, rejected(held.id, record, refused), number, message)
        return None

    def _decide(self, act: Decide, held: PaymentRow, record: Any, operation: Operation, number: int) -> Refusal | None:
        """A person's word in a conversation about a payment."""
        refused = act(held, record, operation, number)
        if refused is None:
            self.entries.decided_by(held.id, operation, Status("ACSC", record, held.id))
        return refused

    # -- conversations that people begin

    def _begin(self, id: int, operation: Operation, number: int) -> Refusal | str:
        """Ask a payment back, give it back, or ask how it stands."""
        if not operation.by.strip() or not operation.because.strip():
            return Refusal("who-and-why", "NARR", operation.place, WHO_AND_WHY)
        return self.conversations.parts.asking.take(id, operation, Source("", "", operation.source, number))

    # -- time

    def _tick(self, id: int, operation: Operation, number: int) -> Refusal | None:
        """Time has passed: what should have been decided by now is rejected."""
        self.conversations.parts.instants.expire(id, Source(operation.source, "", "", number))
        self.settling.depart(number)
        return None

    def _cancel(self, id: int, operation: Operation, number: int) -> Refusal | None:
        """A payment that has not left yet does not leave: the money moves back, and its sender is told."""
        if not operation.by.strip() or not operation.because.strip():
            return Refusal("who-and-why", "NARR", operation.place, WHO_AND_WHY)
        payment = _number(operation.subject)
        if payment not in self.state.departures:
            text = f"payment {operation.subject[:20]} does not wait to leave"
            return Refusal("not-waiting", "NARR", operation.place, text, operation.subject)
        failure = self.conversations.withdraw(id, payment, operation, number)
        return _failed(operation, failure)

    def _held(self, operation: Operation) -> tuple[PaymentRow, Held, MessageRow] | Refusal:
        if not operation.by.strip() or not operation.because.strip():
            return Refusal("who-and-why", "NARR", operation.place, WHO_AND_WHY)
        held = self.state.held.get(_number(operation.subject))
        if held is None:
            return Refusal("not-held", "NARR", operation.place, f"payment {operation.subject[:20]} is not on hold")
        record = unpack_record(held.record)
        assert isinstance(record, Held), "only what moves money is held, or asks for it back"
        message = self.entries.message(held.message)
        assert message is not None, "a held payment's message is in the store"
        return held, record, message

    def _close_hold(
        self, operation: Operation, held: PaymentRow, status: Status, number: int, message: MessageRow
    ) -> None:
        self.entries.decided_by(held.id, operation, status)
        self.conversations.close(held, status, message, number)
        if self.settling.covers.arrived:
            self.conversations.go_on(number)


def _said(record: Held) -> bool:
    """Whether it is part of a conversation about another payment."""
    return isinstance(record, Case | Report) or record.kind in GIVING_BACK


def _number(subject: str) -> int:
    """A payment's number; 0 for what is none."""
    return int(subject) if subject.isdecimal() else 0


def _failed(operation: Operation, failure: Failure | None) -> Refusal | None:
    if failure is None:
        return None
    return Refusal(failure.code, failure.reason, operation.place, failure.text, operation.subject)
