"""What a venue says of an order that it works: fills settle here, everything else is passed on to the client.

Strategy: an execution is matched by the number under which we placed the order, and only when it comes from the
endpoint and session that the order went to. An ExecID counts once per order, so a report that comes again does
nothing. A fill is a fact: when the accounts cannot bear it, it is held for people and the client is told all the
same. The row of the latest execution holds the order's state (see settlement/book.py); a bust undoes what the fill
moved, a correction undoes and books anew in one linked movement.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from gateway.entries import Entries, identity, source_of, unpack_record
from gateway.model import MINOR_MAX, Money, Order, Refusal, Status
from gateway.model.trading import ActionReject, Execution, OrderAction
from gateway.planning import Source
from gateway.ports import PaymentRow
from gateway.settlement.book import Working
from gateway.settlement.ledger import Leg
from gateway.settlement.plan import deal_legs
from gateway.settling import final_state, last_execution, lots, report, reversed_legs

PRICE_UNIT = 10**18  # prices have at most 18 decimals, so that quantity x price x this is whole
_CLOSED = {"canceled": "CANC", "expired": "CANC", "rejected": "RJCT"}
_DECIDED = ("overfilled", "final-order")  # problems that are none once a person has released the fill
# CxlRejReason (102) of the venue -> our word; all others are `other`.
_ACTION_REASONS = {"0": "too_late", "1": "unknown_order", "3": "pending", "6": "duplicate"}


class Fill(Struct, frozen=True):
    """What an execution does: movements, or why they cannot be made; and the change of the order's state."""

    legs: tuple[Leg, ...] = ()
    back: tuple[Leg, ...] = ()  # what is undone, in the same linked movement
    quantity: int = 0  # minor units more (or, of a bust, less) filled
    weighted: int = 0
    value: int = 0  # minor units of the quote currency
    problem: Refusal | None = None  # to be held for people
    undone: PaymentRow | None = None  # the fill that is taken back


class Executions:
    """The venues' words of one batch."""

    def __init__(self, entries: Entries) -> None:
        self.entries = entries
        self.state = entries.state
        self.book = entries.state.book

    def take(self, id: int, execution: Execution, source: Source) -> Status:
        """Do what a report means, and write it down."""
        working = self._match(execution, source)
        if working is None:
            return self._keep_quietly(id, execution, source, "about no order that was placed through this session")
        hash = 0
        if execution.exec_id and execution.kind not in ("status", "action_rejected"):
            hash = self._hash(working, execution.exec_id, execution, source)
            before = self.entries.known(hash)
            if before is not None:
                return self._keep_quietly(id, execution, source, f"reported before, as payment {before.id}")
        if execution.kind in ("fill", "busted", "corrected"):
            return self._fill(id, execution, working, source, hash)
        if execution.kind in _CLOSED:
            return self._close(id, execution, working, source, hash)
        if execution.kind == "replaced":
            return self._replace(id, execution, working, source, hash)
        if execution.kind == "action_rejected":
            self._reject_action(execution, working, source)
        elif execution.kind == "new":
            self._tell(working, id, "new")
        return self._keep_quietly(id, execution, source, "", hash)

    # -- which order

    def _match(self, execution: Execution, source: Source) -> Working | None:
        """The order that a report is about, at work or final; of this very venue's session."""
        for name in (execution.client_order_id, execution.original_id):
            number = _number(name)
            working = self.book.working.get(self.book.actions.get(number, number)) or self._final(number)
            if working is not None and working.order.venue is not None:
                venue = working.order.venue
                if (venue.endpoint, venue.session) == (source.endpoint, source.session):
                    return working
        return None

    def _final(self, number: int) -> Working | None:
        """An order that is at work no more, as its last execution left it."""
        row = self.entries.payment(number) if number else None
        record = unpack_record(row.record) if row is not None else None
        if isinstance(record, OrderAction) and record.payment:
            if record.payment in self.book.working:
                return self.book.working[record.payment]
            row = self.entries.payment(record.payment)
            record = unpack_record(row.record) if row is not None else None
        if row is None or not isinstance(record, Order):
            return None
        return final_state(self.entries, row, record)

    def _hash(self, working: Working, exec_id: str, execution: Execution, source: Source) -> int:
        """An ExecID counts once per order: venues may begin anew every day."""
        return identity(source.endpoint, f"{execution.identity}/{working.payment}/{exec_id}")

    # -- fills

    def _fill(self, id: int, execution: Execution, working: Working, source: Source, hash: int) -> Status:
        """A fill, a bust or a correction."""
        fill = self._plan(execution, working, source)
        if isinstance(fill, Refusal):
            status = Status("RJCT", execution, id, fill.reason, fill.text, fill.code, execution.place, ())
            self.entries.keep(id, source.message, execution, None, status)
            return status
        problem = fill.problem or self._move(id, fill)
        if problem is None:
            self._take_back(fill, working, source)
        working.filled_minor += fill.quantity
        working.weighted += fill.weighted
        working.value_minor += fill.value
        execution = msgspec.structs.replace(execution, moved=lots(fill.legs))
        at_work = self._at_work(working, execution)
        code = "PDNG" if problem is not None else "ACSP" if at_work else "ACSC"
        status = Status(code, execution, id, place=execution.place, told=())
        if problem is not None:
            status = msgspec.structs.replace(
                status, reason=problem.reason, text=problem.text, refusal_code=problem.code
            )
        self._advance(id, execution, working, source, status, hash, fill.legs or fill.back)
        self._stand(working, source, at_work=at_work)
        self._tell_fill(id, execution, working, at_work=at_work)
        return status

    def _plan(self, execution: Execution, working: Working, source: Source, releasing: int = 0) -> Fill | Refusal:
        """What an execution moves; a Refusal when it cannot be read at all."""
        undone = None
        back: tuple[Leg, ...] = ()
        quantity = weighted = value = 0
        problem: Refusal | None = None
        if execution.kind != "fill":
            undone = self.entries.known(self._hash(working, execution.reference_id, execution, source))
            before = unpack_record(undone.record) if undone is not None else None
            if undone is None or not isinstance(before, Execution) or not before.moved or undone.status == "CANC":
                text = "ExecRefID names no fill of this order that still stands"
                return Refusal("unknown-execution", "NARR", "tag 19", text, execution.exec_id)
            quantity, weighted = _size(before, working.order)
            value = before.moved[1][3]
            back = reversed_legs(before.moved) if undone.status != "PDNG" else ()
            problem = self._taking_back(working, execution, undone, before, releasing)
            if problem is not None and problem.code == "unknown-execution":
                return problem
        if execution.kind == "busted":
            return Fill((), back, -quantity, -weighted, -value, problem, undone)
        new, more = _size(execution, working.order)
        legs = self._legs(working, execution) if new else ()
        if not legs:
            text = "LastQty and LastPx are not a positive amount and price"
            return Refusal("bad-fill", "AM12", "tag 32", text, execution.exec_id)
        if working.filled_minor - quantity + new > working.order.base.minor:
            problem = problem or Refusal("overfilled", "AM12", "tag 32", "more is filled than was ordered")
        elif execution.kind == "fill" and working.payment not in self.book.working:
            problem = problem or Refusal("final-order", "NARR", "tag 11", "the order was final when it was filled")
        return Fill(legs, back, new - quantity, more - weighted, legs[1].minor - value, problem, undone)

    def _taking_back(
        self, working: Working, execution: Execution, undone: PaymentRow, before: Execution, releasing: int
    ) -> Refusal | None:
        """Why a fill cannot be taken back now; `unknown-execution` when it cannot at all."""
        for row in self.state.held.values():
            other = unpack_record(row.record) if row.kind in ("busted", "corrected") and row.id != releasing else None
            if not isinstance(other, Execution):
                continue
            if (other.payment, other.reference_id) == (working.payment, execution.reference_id):
                text = f"payment {row.id} is to take that fill back, and is held"
                return Refusal("unknown-execution", "NARR", "tag 19", text, execution.exec_id)
        if before.kind == "corrected" and undone.status == "PDNG":
            return Refusal("held-correction", "NARR", "tag 19", f"payment {undone.id} corrects the fill, and is held")
        order = self.entries.payment(working.payment)
        if order is not None and order.status == "ACCC":
            return Refusal("allocated", "NARR", "tag 19", "the order is allocated: take that back first")
        return None

    @staticmethod
    def _legs(working: Working, execution: Execution) -> tuple[Leg, ...]:
        """The movements of one fill, between the accounts that the order was placed with; none without an amount."""
        order = working.order
        base = Money.parse(order.base.currency, execution.last_quantity)
        assert base is not None, "sized before"
        quote = order.value(base, execution.last_price)
        return deal_legs(base, quote, order.accounts) if quote is not None else ()

    def _take_back(self, fill: Fill, working: Working, source: Source) -> None:
        """The fill that is busted or corrected stands no more."""
        if fill.undone is None:
            return
        self.state.held.pop(fill.undone.id, None)
        self.entries.change(fill.undone.id, "CANC", source.message, text="taken back by the venue")
        if working.last == fill.undone.id:
            working.last = 0

    def _move(self, id: int, fill: Fill) -> Refusal | None:
        """All movements or none; why not."""
        legs = (*fill.back, *fill.legs)
        failure = self.state.ledger.apply(legs)
        if failure is not None:
            return Refusal(failure.code, failure.reason, "tag 32", failure.text)
        self.entries.post(id, legs)
        return None

    def _at_work(self, working: Working, execution: Execution) -> bool:
        """Whether the venue goes on with the order. A final one that it takes a fill back from may be at work again."""
        if working.filled_minor >= working.order.base.minor:
            return False
        if working.payment in self.book.working:
            return True
        if execution.kind == "fill":
            return False
        leaves = Money.parse(working.order.base.currency, execution.leaves)
        return leaves is not None and leaves.minor > 0

    # -- the order's own life

    def _close(self, id: int, execution: Execution, working: Working, source: Source, hash: int) -> Status:
        """Cancelled, expired or rejected: nothing more comes."""
        if working.payment not in self.book.working:
            return self._keep_quietly(id, execution, source, "the order is final already", hash)
        number = _number(execution.client_order_id)
        asked = working.actions.pop(number, None)
        order, original = working.order, ""
        if asked is not None:
            del self.book.actions[number]
            self.entries.change(number, "ACSC", source.message)
            original = asked.original_id
            order = msgspec.structs.replace(order, client_order_id=asked.client_order_id, extra=asked.extra)
        reason = (execution.reason_code or "99") if execution.kind == "rejected" else ""
        told = report(
            working,
            f"{id}-{execution.kind[0]}",
            execution.kind,
            execution.kind,
            order,
            original_id=original,
            reason=reason,
            text=execution.text,
        )
        status = Status("ACSC", execution, id, place=execution.place, told=())
        self._advance(id, execution, working, source, status, hash)
        self._stand(working, source, _CLOSED[execution.kind], at_work=False)
        self.entries.tell(self._client(working), told)
        return status

    def _replace(self, id: int, execution: Execution, working: Working, source: Source, hash: int) -> Status:
        """The venue took the replacement that it was asked for."""
        number = _number(execution.client_order_id)
        asked = working.actions.get(number)
        if asked is None or asked.order is None:
            return self._keep_quietly(id, execution, source, "no replacement was asked for", hash)
        del working.actions[number]
        del self.book.actions[number]
        self.entries.change(number, "ACSC", source.message)
        working.order = msgspec.structs.replace(asked.order, accounts=working.order.accounts)
        working.venue_id = number
        at_work = working.filled_minor < working.order.base.minor
        status = Status("ACSP" if at_work else "ACSC", execution, id, place=execution.place, told=())
        self._advance(id, execution, working, source, status, hash)
        self._stand(working, source, at_work=at_work)
        self.entries.tell(self._client(working), report(working, f"{id}-5", "replaced", original_id=asked.original_id))
        return status

    def _reject_action(self, execution: Execution, working: Working, source: Source) -> None:
        """The venue will not do what the client asked."""
        number = _number(execution.client_order_id)
        asked = working.actions.pop(number, None)
        if asked is None:
            return
        del self.book.actions[number]
        reason = _ACTION_REASONS.get(execution.reason_code, "other")
        self._refuse_action(number, asked, working, source, reason, execution.text or "refused by the venue")

    def _refuse_action(
        self, number: int, asked: OrderAction, working: Working, source: Source, reason: str, text: str
    ) -> None:
        self.entries.change(number, "RJCT", source.message, "NARR", text)
        status = report(working, "", "status").status
        self.entries.tell(self._client(working), ActionReject(asked, reason, str(working.payment), status, text))

    # -- writing down

    def _advance(
        self,
        id: int,
        execution: Execution,
        working: Working,
        source: Source,
        status: Status,
        hash: int,
        legs: tuple[Leg, ...] = (),
    ) -> None:
        """This execution holds the order's state from now on."""
        execution = msgspec.structs.replace(
            execution,
            payment=working.payment,
            order=working.order,
            venue_id=working.venue_id,
            filled_minor=working.filled_minor,
            weighted=str(working.weighted),
            value_minor=working.value_minor,
        )
        before = self.entries.payment(working.last) if working.last else None
        if before is not None and before.status == "ACSP":
            self.entries.change(before.id, "ACSC", source.message)
        working.last = id
        row = self.entries.keep(id, source.message, execution, None, status, hash, legs)
        if hash:
            self.entries.name(hash, id)
        self.entries.name(last_execution(working.payment), id)
        if status.code == "PDNG":
            self.state.held[id] = row

    def _stand(self, working: Working, source: Source, status: str = "ACSC", *, at_work: bool) -> None:
        """Put the order where it belongs: at work, or final with all requests about it refused."""
        row = self.entries.payment(working.payment)
        assert row is not None, "an order has its row"
        if at_work:
            self.book.working[working.payment] = working
            if row.status != "ACSP":
                self.entries.change(row.id, "ACSP", source.message)
            return
        self.book.working.pop(working.payment, None)
        if status == "ACSC" and working.filled_minor < working.order.base.minor:
            status = "CANC"  # a fill of a final order was taken back
        if row.status in ("ACSP", "ACSC") and row.status != status:
            self.entries.change(row.id, status, source.message)
        for number, asked in working.actions.items():
            del self.book.actions[number]
            self._refuse_action(number, asked, working, source, "too_late", "the order is final")
        working.actions.clear()

    def _keep_quietly(self, id: int, execution: Execution, source: Source, text: str, hash: int = 0) -> Status:
        status = Status("ACTC", execution, id, text=text, place=execution.place, told=())
        self.entries.keep(id, source.message, execution, None, status, hash)
        if hash:
            self.entries.name(hash, id)
        return status

    # -- telling the client

    def _client(self, working: Working) -> Source:
        message = self.entries.message(working.message)
        assert message is not None, "an order's message is in the store"
        return source_of(message, working.order.source)

    def _tell(self, working: Working, id: int, kind: str) -> None:
        self.entries.tell(self._client(working), report(working, f"{id}-0", kind))

    def _tell_fill(self, id: int, execution: Execution, working: Working, *, at_work: bool) -> None:
        """ExecIDs of ours; a bust or correction refers to the one under which the fill was reported."""
        status = "" if at_work or working.filled_minor >= working.order.base.minor else "canceled"
        reference = ""
        if execution.reference_id:
            venue = working.order.venue
            assert venue is not None, "matched by its venue"
            source = Source(venue.endpoint, venue.session, venue.type)
            fill = self.entries.known(self._hash(working, execution.reference_id, execution, source))
            reference = f"{fill.id}-F" if fill is not None else ""
        busted = execution.kind == "busted"
        told = report(
            working,
            f"{id}-{'H' if busted else 'F'}",
            execution.kind,
            status,
            last_quantity="" if busted else execution.last_quantity,
            last_price="" if busted else execution.last_price,
            reference_id=reference,
        )
        self.entries.tell(self._client(working), told)

    # -- people

    def release(self, row: PaymentRow, execution: Execution, source: Source) -> Status:
        """Try again to settle a fill that was held."""
        working = self.book.working.get(execution.payment) or self._final(execution.payment)
        assert working is not None, "a fill has its order"
        fill = self._plan(execution, working, source, row.id)
        problem = fill if isinstance(fill, Refusal) else fill.problem
        if isinstance(fill, Fill) and (problem is None or problem.code in _DECIDED):
            problem = self._move(row.id, fill)
            if problem is None:
                self._take_back(fill, working, source)
        if problem is not None:
            return Status("PDNG", execution, row.id, problem.reason, problem.text, problem.code, row.place, ())
        at_work = working.last == row.id and working.payment in self.book.working
        return Status("ACSP" if at_work else "ACSC", execution, row.id, place=row.place, told=())


def _number(name: str) -> int:
    """The payment number in a ClOrdID of ours; 0 when it is none."""
    digits = name[2:]
    return int(digits) if name.startswith("FO") and digits.isascii() and digits.isdigit() and len(digits) < 19 else 0


def _size(execution: Execution, order: Order) -> tuple[int, int]:
    """Quantity in minor units, and quantity x price in units of 10^-18; zeros when they cannot be read."""
    base = Money.parse(order.base.currency, execution.last_quantity)
    whole, _, fraction = execution.last_price.partition(".")
    digits = whole + fraction
    if base is None or not base.minor or not digits.isascii() or not digits.isdigit() or len(fraction) > 18:
        return 0, 0
    price = int(digits) * 10 ** (18 - len(fraction))
    return (base.minor, base.minor * price) if 0 < price <= MINOR_MAX * PRICE_UNIT else (0, 0)
