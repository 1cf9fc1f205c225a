"""Cancel, replace, status: what a client wants of an order it placed.

Strategy: the order is found under the name that the client has for it now: its own ClOrdID, or that of the last
replacement that was accepted. An order that a venue works is asked for there, and the venue's answer is passed on;
one that waits for a person or an affirmation is cancelled here; one that is settled is past that.
"""

from __future__ import annotations

import msgspec

from gateway.entries import Entries, identity, orders_of, unpack_record
from gateway.model import Order, Status
from gateway.model.trading import ActionReject, OrderAction, OrderReport, Placement
from gateway.planning import Source
from gateway.ports import PaymentRow
from gateway.settlement.book import ACTIONS_MAX, Working
from gateway.settling import Settling, final_state, placed, report, standing

# How an order that is not at work stands: status -> OrdStatus in words.
_STANDINGS = {"ACSC": "filled", "ACCC": "filled", "PDNG": "pending_new", "RJCT": "rejected", "CANC": "canceled"}


class Actions:
    """The order actions of one batch."""

    def __init__(self, entries: Entries, settling: Settling) -> None:
        self.entries = entries
        self.settling = settling
        self.state = entries.state

    def take(self, id: int, action: OrderAction, source: Source) -> Status:
        """Do what is asked of an order, and write it down."""
        hash = identity(source.endpoint, action.identity) if action.identity else 0
        found = self._find(action, source)
        if action.kind == "status":
            status = self._status(id, action, found)
            hash = 0
        else:
            status = self._change(id, action, found, source, hash)
        row = status.record if isinstance(status.record, OrderAction) else action
        self.entries.keep(id, source.message, row, None, status, hash if status.code != "RJCT" else 0)
        if hash and status.code != "RJCT":
            self.entries.remember(hash, id)
        return status

    # -- the order

    def _find(self, action: OrderAction, source: Source) -> tuple[PaymentRow, Order] | None:
        """The order that is meant, of this session; by the client's name for it, else by ours."""
        name = action.original_id or action.client_order_id
        row = None
        if name:
            sender = action.identity.removesuffix(f"/{action.client_order_id}")
            row = self.entries.known(identity(source.endpoint, f"{sender}/{name}"))
        elif action.order_id.isdecimal() and len(action.order_id) < 19:
            row = self.entries.payment(int(action.order_id))
        for _ in range(2):  # a replacement leads to its order
            record = unpack_record(row.record) if row is not None else None
            if isinstance(record, OrderAction) and record.payment:
                row = self.entries.payment(record.payment)
        order = orders_of(record) if record is not None else None
        if row is None or order is None or not self._owned(row, source):
            return None
        return row, order

    def _owned(self, row: PaymentRow, source: Source) -> bool:
        message = self.entries.message(row.message)
        return message is not None and (message.endpoint, message.session) == (source.endpoint, source.session)

    # -- status

    def _status(self, id: int, action: OrderAction, found: tuple[PaymentRow, Order] | None) -> Status:
        if found is None:
            return self._refused(id, action, "unknown-order", "no order of this session has this name")
        row, order = found
        order = msgspec.structs.replace(order, extra=action.extra)
        working = self.state.book.working.get(row.id) or final_state(self.entries, row, order)
        if working is not None:
            told = standing(working, id, msgspec.structs.replace(working.order, extra=action.extra), row.status)
        else:
            told = _settled(row, order, f"{id}-I", "status")
        return Status("ACTC", action, id, place=action.place, told=(told,))

    # -- cancel and replace

    def _change(
        self, id: int, action: OrderAction, found: tuple[PaymentRow, Order] | None, source: Source, hash: int
    ) -> Status:
        if found is None:
            return self._refused(id, action, "unknown-order", "no order of this session has this name")
        row, order = found
        if hash and self.entries.known(hash) is not None:
            return self._refused(id, action, "duplicate-action", "this ClOrdID was used before", row, "duplicate")
        working = self.state.book.working.get(row.id)
        if working is not None:
            return self._ask(id, action, row, working)
        if row.id in self.state.held and action.kind == "cancel":
            return self._cancel_held(id, action, row, order, source)
        text = f"the order is {_STANDINGS.get(row.status, 'closed')} and cannot be changed"
        return self._refused(id, action, "too-late", text, row, "too_late")

    def _ask(self, id: int, action: OrderAction, row: PaymentRow, working: Working) -> Status:
        """Ask the venue; the client hears its answer."""
        action = msgspec.structs.replace(action, payment=row.id)
        if len(working.actions) >= ACTIONS_MAX or any(a.kind == "cancel" for a in working.actions.values()):
            text = "an earlier request about this order is not answered yet"
            return self._refused(id, action, "action-pending", text, row, "pending")
        order, wanted = working.order, action.order
        assert order.venue is not None, "only orders at a venue are at work"
        if order.venue.endpoint not in self.entries.snapshot.endpoints:
            text = "the order's venue cannot be reached any more"
            return self._refused(id, action, "venue-gone", text, row, "other")
        if action.kind == "replace":
            assert wanted is not None, "a replacement is read as an order"
            if wanted.symbol != order.symbol or wanted.side != order.side:
                text = "a replacement keeps symbol and side"
                return self._refused(id, action, "other-instrument", text, row, "other")
            if wanted.base.minor <= working.filled_minor:
                text = "the new quantity is not above what is filled already"
                return self._refused(id, action, "too-late", text, row, "too_late")
            order = msgspec.structs.replace(wanted, venue=order.venue)
            action = msgspec.structs.replace(action, order=order)
        self.state.book.ask(id, action)
        venue = Source(order.venue.endpoint, order.venue.session, order.venue.type)  # type: ignore[union-attr]
        self.entries.tell(venue, Placement(action.kind, placed(id), order, placed(working.venue_id)))
        state = "pending_cancel" if action.kind == "cancel" else "pending_replace"
        return Status("ACSP", action, id, place=action.place, told=(pending(working, id, action, state),))

    def _cancel_held(self, id: int, action: OrderAction, row: PaymentRow, order: Order, source: Source) -> Status:
        """An order that waits for somebody is its client's to take back."""
        del self.state.held[row.id]
        self.entries.change(row.id, "CANC", source.message, text="cancelled by its client")
        order = msgspec.structs.replace(order, client_order_id=action.client_order_id, extra=action.extra)
        row = msgspec.structs.replace(row, status="CANC")
        told = _settled(row, order, f"{id}-4", "canceled", action.original_id)
        return Status("ACTC", action, id, place=action.place, told=(told,))

    def _refused(
        self,
        id: int,
        action: OrderAction,
        code: str,
        text: str,
        row: PaymentRow | None = None,
        reason: str = "unknown_order",
    ) -> Status:
        told: ActionReject | None = None
        working = self.state.book.working.get(row.id) if row is not None else None
        state = _STANDINGS.get(row.status, "rejected") if row is not None else "rejected"
        if working is not None:
            state = report(working, "", "status").status
        told = ActionReject(action, reason, str(row.id) if row is not None else "NONE", state, text)
        return Status("RJCT", action, id, "NARR", text, code, action.place, (told,))


def pending(working: Working, id: int, action: OrderAction, state: str) -> OrderReport:
    """The client's request is on its way to the venue."""
    order = msgspec.structs.replace(working.order, client_order_id=action.client_order_id, extra=action.extra)
    return report(working, f"{id}-P", state, state, order, original_id=action.original_id)


def _settled(row: PaymentRow, order: Order, exec_id: str, kind: str, original_id: str = "") -> OrderReport:
    """How an order stands that is filled here at once, waits, or was refused."""
    state = _STANDINGS.get(row.status, "rejected")
    none, all_ = msgspec.structs.replace(order.base, minor=0), order.base
    done = state == "filled"
    return OrderReport(
        order,
        row.id,
        exec_id,
        kind,
        state,
        all_ if done else none,
        all_ if state == "pending_new" else none,
        order.price if done else "0",
        original_id=original_id,
    )
