"""May an order deal at a quote? Once, in time, on a side that was quoted, for no more, and at that price only."""

from __future__ import annotations

from decimal import Decimal

from gateway.model import Order
from gateway.model.trading import Quote


def quote_problem(quote: Quote, status: str, order: Order, now_ns: int) -> tuple[str, str, str] | None:
    """What stands in the way: a refusal's code, its ISO 20022 reason and a sentence; None when nothing does.

    `status` is the quote's own: ACTC until it is taken (ACSC) or cancelled (CANC).
    """
    if status == "ACSC":
        return "quote-used", "AM05", "the quote was dealt on before"
    if status != "ACTC":
        return "quote-canceled", "NARR", "the quote was cancelled"
    if now_ns > quote.valid_until_ns:
        return "quote-expired", "TM01", "the quote is no longer valid"
    if order.symbol != quote.symbol:
        return "other-symbol", "NARR", f"the quote is for {quote.symbol}"
    price = quote.ask if order.side == "buy" else quote.bid
    if not price:
        return "side-not-quoted", "AG02", f"the quote has no price to {order.side} at"
    if not order.price or Decimal(order.price) != Decimal(price):
        return "price-not-quoted", "AM12", f"the quote's price to {order.side} at is {price}"
    if order.base.minor > quote.quantity.minor:
        return "more-than-quoted", "AM02", f"the quote is for at most {quote.quantity.text()}"
    return None
