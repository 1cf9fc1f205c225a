"""NewOrderSingle (35=D) to the canonical order: FX spot, or a security by its ISIN.

Strategy: the order's fields are looked up by tag and checked in the order in which a person would ask: which pair,
which way, how much, at which price. The quantity is of the base currency. The quote amount is quantity times price
in exact integers, rounded half to even to the quote currency's smallest unit, as the FX market settles; the price
itself stays as written. What has no field in the order is kept in `extra` under `fix:` and its tag.
"""

from __future__ import annotations

import re
from functools import lru_cache

from gateway.formats.fix.message import SHAPE_TAGS_MAX, SHAPES_KEPT, Message
from gateway.model import EXPONENTS, MINOR_MAX, Extra, Money, Order, Refusal, counter_value, is_security

SIDES = {b"1": "buy", b"2": "sell"}
ORDER_TYPES = {b"1": "market", b"2": "limit", b"D": "previously_quoted"}
TIMES_IN_FORCE = {
    b"0": "day",
    b"1": "good_till_cancel",
    b"3": "immediate_or_cancel",
    b"4": "fill_or_kill",
    b"6": "good_till_date",
}
PAIRS_KEPT = 1_024  # symbols read once; some thirty thousand pairs of currencies exist, few are traded

_SYMBOL = re.compile(rb"([A-Z]{3})/([A-Z]{3})\Z")
_PRICE = re.compile(rb"(\d{1,18})(?:\.(\d{0,18}))?\Z")

# Fields that have a place in Order or that an answer gets anew; all others are kept in `extra`.
_MAPPED = frozenset(b"8 9 10 34 35 43 49 52 56 122 11 55 54 38 44 40 59 1 60 15 117".split())


@lru_cache(maxsize=PAIRS_KEPT)
def _pair(symbol: bytes) -> tuple[str, str] | None:
    """Base and quote currency of a Symbol."""
    found = _SYMBOL.match(symbol)
    if found is None:
        return None
    base, quote = found[1].decode(), found[2].decode()
    return (base, quote) if base in EXPONENTS and quote in EXPONENTS and base != quote else None


def order_of(message: Message) -> Order | Refusal:
    """The order that a NewOrderSingle places; a Refusal that says which field cannot be taken."""
    fields = message.fields
    reference = fields.get(b"11", b"").decode("latin-1")
    if not reference:
        return refusal(message, "no-client-order-id", "RF01", b"11", "an order has a ClOrdID")
    pair = _pair(fields.get(b"55", b""))
    security = pair is None
    if pair is None:
        found = _security(message)
        if isinstance(found, Refusal):
            return found
        pair = found
    side, type = SIDES.get(fields.get(b"54", b"")), ORDER_TYPES.get(fields.get(b"40", b""))
    in_force = TIMES_IN_FORCE.get(fields.get(b"59", b"0"))
    if side is None or type is None or in_force is None:
        return _unsupported(message, side, type)
    base, quote = pair
    if b"15" in fields and not security and fields[b"15"] != base.encode():
        return _wrong_currency(message, base, quote)
    quantity = fields.get(b"38", b"")
    amount = Money.parse(base, quantity.decode("latin-1"))
    if amount is None or not amount.minor:
        return _wrong_quantity(message, base, quantity)
    counter: Money | Refusal | None = _quote_amount(message, amount, quote, security) if type != "market" else None
    if isinstance(counter, Refusal):
        return counter
    price, account, counterparty, time, version = [
        fields.get(tag, b"").decode("latin-1") for tag in (b"44", b"1", b"49", b"60", b"8")
    ]
    return Order(
        reference,
        f"{base}/{quote}",
        side,
        amount,
        counter,
        price,
        type,
        in_force,
        account,
        f"{counterparty}/{reference}",
        time,
        "tag 11",
        f"{version}/D",
        "order",
        "security" if security else "fx_spot",
        _extra(message),
        security and _in_percent(message),
        fields[b"117"].decode("latin-1") if b"117" in fields else "",
    )


def _security(message: Message) -> tuple[str, str] | Refusal:
    """ISIN and currency of an order in a security: SecurityID with source 4, or the ISIN as the Symbol."""
    fields = message.fields
    code = fields.get(b"48", b"") if fields.get(b"22") == b"4" else fields.get(b"55", b"")
    isin, currency = code.decode("latin-1"), fields.get(b"15", b"").decode("latin-1")
    if not is_security(isin):
        text = "Symbol is neither a currency pair such as EUR/USD nor an ISIN, and SecurityID (22=4) is no ISIN"
        return refusal(message, "unknown-symbol", "AM03", b"55", text)
    if currency not in EXPONENTS:
        return refusal(message, "wrong-currency", "CURR", b"15", "an order in a security names its price's Currency")
    if fields.get(b"423", b"2") not in (b"1", b"2"):
        return refusal(
            message, "unsupported-price-type", "AG02", b"423", "PriceType must be 1 (percent) or 2 (per unit)"
        )
    return isin, currency


def _in_percent(message: Message) -> bool:
    return message.fields.get(b"423") == b"1"


def _extra(message: Message) -> Extra:
    tags = message.tags
    unmapped = _unmapped(tags) if len(tags) <= SHAPE_TAGS_MAX else _unmapped.__wrapped__(tags)
    values = message.values
    return tuple([(path, values[place].decode("latin-1")) for place, path in unmapped])


@lru_cache(maxsize=SHAPES_KEPT)
def _unmapped(tags: tuple[bytes, ...]) -> tuple[tuple[int, str], ...]:
    """Where the fields stand that have no place in Order, and what they are called; once per sequence of tags."""
    return tuple((place, f"fix:{tag.decode()}") for place, tag in enumerate(tags) if tag not in _MAPPED)


def _quote_amount(message: Message, base: Money, quote: str, security: bool) -> Money | Refusal:
    """Quantity times price, half to even; a price in percent is for 100 units."""
    price = _PRICE.match(message.fields.get(b"44", b""))
    if price is None:
        if b"44" not in message.fields:
            return refusal(message, "no-price", "AM12", b"44", "a limit order names its Price")
        return refusal(message, "bad-price", "AM12", b"44", "Price is not a positive decimal number")
    decimals = price[2] or b""
    per = 2 if security and _in_percent(message) else 0
    minor = counter_value(base, int(price[1] + decimals), len(decimals) + per, quote)
    if not minor:
        return refusal(message, "zero-amount", "AM01", b"44", "quantity times price is less than the smallest amount")
    if minor > MINOR_MAX:
        return refusal(message, "amount-too-large", "AM02", b"44", "quantity times price has more than 18 digits")
    return Money(quote, minor)


# --- refusals ---------------------------------------------------------------------------------------


def refusal(message: Message, code: str, reason: str, tag: bytes, text: str) -> Refusal:
    """A refusal about one field, with all that a report of it repeats."""
    kept = tuple((f"fix:{tag.decode()}", value.decode("latin-1")) for tag, value in message.pairs() if tag in REPEATED)
    place = f"tag {tag.decode()}" if tag else f"message {message.fields.get(b'34', b'?').decode('latin-1')}"
    extra = (("fix:371", tag.decode()), *kept) if tag else kept
    return Refusal(code, reason, place, text, message.fields.get(b"11", b"").decode("latin-1"), extra)


# What an answer to a refused message repeats: its number and type, the order's own fields, the way back.
# (and of what is said after the trade, the id it goes by)
REPEATED = frozenset(
    b"8 34 35 1 11 15 37 38 40 41 44 54 55 59 115 116 128 129 144 145 70 71 131 487 571 693 664 791 568".split()
)


def _unsupported(message: Message, side: str | None, type: str | None) -> Refusal:
    if side is None:
        return refusal(message, "unsupported-side", "AG02", b"54", "Side must be 1 (buy) or 2 (sell)")
    if type is None:
        return refusal(
            message,
            "unsupported-order-type",
            "AG02",
            b"40",
            "OrdType must be 1 (market), 2 (limit) or D (previously quoted)",
        )
    known = ", ".join(value.decode() for value in TIMES_IN_FORCE)
    return refusal(message, "unsupported-time-in-force", "AG02", b"59", f"TimeInForce must be one of {known}")


def _wrong_currency(message: Message, base: str, quote: str) -> Refusal:
    if message.fields[b"15"] == quote.encode():
        text = f"quantities are taken in the base currency {base}, not in {quote}; give OrderQty in {base}"
        return refusal(message, "quantity-in-quote-currency", "CURR", b"15", text)
    text = f"Currency must be {base}, the base currency of the Symbol"
    return refusal(message, "wrong-currency", "CURR", b"15", text)


def _wrong_quantity(message: Message, base: str, quantity: bytes) -> Refusal:
    if not quantity:
        return refusal(message, "no-quantity", "AM12", b"38", "an order names its OrderQty")
    if not quantity.strip(b"0.") and quantity.strip(b"."):
        return refusal(message, "zero-amount", "AM01", b"38", "OrderQty is zero")
    text = f"OrderQty is not an amount of {base}: at most {EXPONENTS[base]} decimals and 18 digits, no sign"
    return refusal(message, "bad-quantity", "AM12", b"38", text)
