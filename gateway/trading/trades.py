"""Trade capture: deals made elsewhere, reported here to be settled (AE), and asked for again (AD).

Strategy: a new trade is its deal: it takes the way of an order, under the kind `trade`, its TradeReportID as what must
be unique. What it moved between is kept with it, so that it can be undone. A session's trades form a chain: each
knows the one before, the name of the chain leads to the last.
"""

from __future__ import annotations

import msgspec

from gateway.entries import Entries, identity, unpack_record
from gateway.model import Order, Refusal, Status
from gateway.model.trading import TradeAnswer, TradeCopy, TradeList, TradeReport, TradeRequest
from gateway.planning import Plan, Source, plan_whole
from gateway.ports import PaymentRow
from gateway.settlement.ledger import Leg
from gateway.settlement.plan import deal_legs
from gateway.settling import Settling, lots, reversed_legs, with_accounts

TRADES_MAX = 1_000  # told at once, the latest first
PREVIOUS = "trades:previous"  # path in a deal's extra: the payment number of the session's trade before


class Trades:
    """The trade reports of one batch."""

    def __init__(self, entries: Entries, settling: Settling) -> None:
        self.entries = entries
        self.settling = settling
        self.state = entries.state

    def report(self, id: int, report: TradeReport, source: Source) -> Status:
        """A new trade, or one to be undone or changed."""
        if report.kind == "new":
            assert report.deal is not None, "a new trade is read with its deal"
            deal = self._chained(report.deal, source)
            status = self.settling.take(id, deal, plan_whole(deal, source, self.entries.snapshot), source)
            if status.code != "RJCT" and status.payment_id == id:
                self.entries.name(_chain(source), id)
            return status
        refused = self._undo(id, report, source)
        if isinstance(refused, Status):
            return refused
        return self._answered(id, report, source, refused)

    def _chained(self, deal: Order, source: Source) -> Order:
        last = self.state.references.find(_chain(source))
        return msgspec.structs.replace(deal, extra=(*deal.extra, (PREVIOUS, str(last)))) if last else deal

    def _answered(self, id: int, report: TradeReport, source: Source, refused: Refusal | None) -> Status:
        if refused is None:
            told = TradeAnswer(report, id, accepted=True)
            status = Status("ACSC", report, id, place=report.place, told=(told,))
        else:
            told = TradeAnswer(report, id, accepted=False, reason=refused.reason, text=refused.text)
            status = Status("RJCT", report, id, refused.reason, refused.text, refused.code, report.place, (told,))
        self.entries.keep(id, source.message, report, None, status)
        return status

    # -- cancel and replace

    def _undo(self, id: int, report: TradeReport, source: Source) -> Refusal | Status | None:
        """Take a trade back, and book its replacement in the same linked movement."""
        sender = report.identity.removesuffix(f"/AE/{report.id}")
        row = self.entries.known(identity(source.endpoint, f"{sender}/AE/{report.reference_id}"))
        deal = unpack_record(row.record) if row is not None else None
        if row is None or not isinstance(deal, Order) or row.status not in ("ACSC", "PDNG"):
            return _no(report, "unknown-trade", "NARR", "TradeReportRefID names no trade that stands")
        back: tuple[Leg, ...] = ()
        if row.status == "ACSC":
            assert deal.quote is not None, "what settled has a price"
            back = reversed_legs(lots(deal_legs(deal.base, deal.quote, deal.accounts)))
        new, plan = report.deal, None
        if report.kind == "replace":
            assert new is not None, "a replacement is read with its deal"
            new = self._chained(new, source)
            plan = plan_whole(new, source, self.entries.snapshot)
            objection = self._objection(report, new, plan, source)
            if objection is not None:
                return objection
        legs = (*back, *(plan.legs if plan is not None else ()))
        failure = self.state.ledger.apply(legs)
        if failure is not None:
            return _no(report, failure.code, failure.reason, failure.text)
        self.state.held.pop(row.id, None)
        self.entries.change(row.id, "CANC", source.message, text=f"{report.kind}d by payment {id}")
        self.entries.post(id, legs)
        return self._replaced(id, report, new, plan, source) if new is not None and plan is not None else None

    def _objection(self, report: TradeReport, new: Order, plan: Plan, source: Source) -> Refusal | None:
        """Why a replacement may not be booked; one that a check would hold is refused, since it cannot wait."""
        if self.entries.known(identity(source.endpoint, new.identity)) is not None:
            return _no(report, "duplicate-trade", "AM05", "this TradeReportID was used before")
        found = next((finding for finding in plan.findings if finding.outcome != "record"), None)
        if found is not None:
            return _no(report, found.code, found.reason, found.text)
        if plan.way.affirm:
            return _no(report, "affirm-required", "AG02", "cancel the trade and report it anew: it must be affirmed")
        return plan.refusal

    def _replaced(self, id: int, report: TradeReport, new: Order, plan: Plan, source: Source) -> Status:
        """The replacement stands as a trade of its own."""
        new = with_accounts(new, plan.way, source)
        hash = identity(source.endpoint, new.identity)
        told = TradeAnswer(report, id, accepted=True)
        status = Status("ACSC", new, id, place=new.place, told=(told,))
        self.entries.keep(id, source.message, new, plan, status, hash)
        self.entries.name(hash, id)
        self.entries.name(_chain(source), id)
        return status

    # -- requests

    def request(self, id: int, request: TradeRequest, source: Source) -> Status:
        """Trades of this session: one by its name or ours, else all that were reported."""
        found = self._named(request, source) if _names(request) else self._all(request, source)
        result = "found" if found else "unknown" if _names(request) else "none"
        head = TradeList(request, len(found), result, "" if found else "no such trade of this session")
        copies = tuple(
            TradeCopy(deal.client_order_id, deal, row.id, request.id, place == len(found))
            for place, (row, deal) in enumerate(found, 1)
        )
        status = Status("ACTC", request, id, place=request.place, told=(head, *copies))
        self.entries.keep(id, source.message, request, None, status)
        return status

    def _named(self, request: TradeRequest, source: Source) -> list[tuple[PaymentRow, Order]]:
        sender = request.identity.removesuffix(f"/AD/{request.id}")
        row = None
        if request.trade_id:
            row = self.entries.known(identity(source.endpoint, f"{sender}/AE/{request.trade_id}"))
        elif request.client_order_id:
            row = self.entries.known(identity(source.endpoint, f"{sender}/{request.client_order_id}"))
        elif request.order_id.isascii() and request.order_id.isdigit() and len(request.order_id) < 19:
            row = self.entries.payment(int(request.order_id))
        deal = unpack_record(row.record) if row is not None else None
        if row is None or not isinstance(deal, Order) or not self._owned(row, source):
            return []
        return [(row, deal)] if row.status in ("ACSC", "ACCC") else []

    def _all(self, request: TradeRequest, source: Source) -> list[tuple[PaymentRow, Order]]:
        """Along the chain, from the last."""
        found: list[tuple[PaymentRow, Order]] = []
        number = self.state.references.find(_chain(source))
        while number and len(found) < TRADES_MAX:
            row = self.entries.payment(number)
            deal = unpack_record(row.record) if row is not None else None
            if row is None or not isinstance(deal, Order) or deal.kind != "trade" or not self._owned(row, source):
                break
            if row.status in ("ACSC", "ACCC") and request.symbol in ("", deal.symbol):
                found.append((row, deal))
            number = int(dict(deal.extra).get(PREVIOUS, "0"))
        return found

    def _owned(self, row: PaymentRow, source: Source) -> bool:
        message = self.entries.message(row.message)
        return message is not None and (message.endpoint, message.session) == (source.endpoint, source.session)


def _names(request: TradeRequest) -> bool:
    return bool(request.trade_id or request.client_order_id or request.order_id)


def _chain(source: Source) -> int:
    return identity(source.endpoint, f"{source.session}/trades")


def _no(report: TradeReport, code: str, reason: str, text: str) -> Refusal:
    return Refusal(code, reason, report.place, text, report.id)
