"""What trading says, held against the dictionary of every version that has the message."""

from __future__ import annotations

import pytest
from msgspec import structs

from gateway.formats.fix import FORMAT, dictionary
from gateway.formats.fix.message import parse
from gateway.formats.fix.validate import Rules
from gateway.model import Money, Order, Status, Venue
from gateway.model.trading import (
    ActionReject,
    Allocation,
    AllocationAnswer,
    Confirmation,
    OrderAction,
    OrderReport,
    Placement,
    Quote,
    QuoteReject,
    QuoteRequest,
    Share,
    Told,
    TradeAnswer,
    TradeCopy,
    TradeList,
    TradeReport,
    TradeRequest,
)
from gateway.ports import Decoded, Writing
from tests.formats.fix.peer import framed

NOW_NS = 1_790_000_000_123_000_000
VERSIONS = {"FIX40": "FIX.4.0", "FIX41": "FIX.4.1", "FIX42": "FIX.4.2", "FIX43": "FIX.4.3", "FIX44": "FIX.4.4"}
KINDS = ("fill", "busted", "corrected", "status", "replaced", "canceled", "expired", "new", "pending_new")
EUR, NONE = Money("EUR", 100_000), Money("EUR", 0)


def an_order(version: str) -> Order:
    usd = Money("USD", 110_000)
    return Order("A", "EUR/USD", "buy", EUR, usd, "1.1", "limit", "day", "ACC", source=f"{version}/D")


def orders_told(order: Order) -> list[Told]:
    placed = structs.replace(order, venue=Venue("v", "V", order.source))
    cancel, status = OrderAction("cancel", "B", "A"), OrderAction("status", "B", symbol="EUR/USD", side="buy")
    reports: list[Told] = [
        OrderReport(order, 7, "9-F", kind, "partial", EUR, NONE, "1.1", "1000.00", "1.1", reference_id="8-F")
        for kind in KINDS
    ]
    return [
        *reports,
        Placement("order", "FO1", placed),
        Placement("replace", "FO2", placed, "FO1"),
        Placement("cancel", "FO2", placed, "FO1"),
        OrderReport(order, 7, "9-c", "canceled", "canceled", NONE, NONE, original_id="A"),
        OrderReport(order, 7, "9-8", "rejected", "rejected", NONE, NONE, reason="AC01", text="x"),
        ActionReject(cancel, "too_late", "7", "filled", "x"),
        ActionReject(cancel, "other", "7", "new", "x"),
        ActionReject(status, "unknown_order", text="x"),
    ]


def deals_told(order: Order) -> list[Told]:
    shares = (Share("X", "400", "I"), Share("Y", "600"))
    block = Allocation("allocate", "10", "", ("A",), trade_date="20260921", shares=shares)
    trade = TradeReport("new", "T", order)
    request = QuoteRequest("R", "EUR/USD", extra=(("fix:34", "3"),))
    return [
        Quote("Q1", "R", "EUR/USD", "1", "2", EUR, NOW_NS),
        QuoteReject(request, "other", "x"),
        AllocationAnswer(block, 9, accepted=False, reason="AM05", text="x"),
        AllocationAnswer(block, 9, accepted=True, order=order),
        Confirmation("C1", order, 7, "ACC"),
        TradeAnswer(trade, 7, accepted=True),
        TradeAnswer(trade, 7, accepted=False, reason="AC01", text="x"),
        TradeList(TradeRequest("Q"), 1, "found"),
        TradeCopy("T", order, 7, "Q", last=True),
    ]


@pytest.mark.parametrize("name", VERSIONS)
def test_every_version_can_read_what_is_said_to_it(name: str) -> None:
    version, known = VERSIONS[name], dictionary.load(name)
    order, rules = an_order(version), Rules(known)
    frames = [
        frame for told in (*orders_told(order), *deals_told(order)) for frame in FORMAT.tell(told, order.source, NOW_NS)
    ]
    for code in ("ACSC", "ACCC", "PDNG", "RJCT", "CANC"):
        status = Status(code, order, 7, "AC01", "x", "unknown-account")
        frames += FORMAT.answer(Decoded("fix", order.source), [status], "", Writing("M", NOW_NS))
    for frame in frames:
        if frame.type.encode() not in known.messages:
            continue  # what a version has not cannot have been asked in it
        head, _, rest = frame.data.decode("latin-1").replace("\x01", "|").partition("|")
        message = parse(framed(f"{head}|34=2|49=FINOS|52=20260921-14:13:20|56=CLIENT1|{rest}", version))
        assert message is not None
        assert rules.fault(message) is None, f"{rules.fault(message)} in {head}|{rest}"
