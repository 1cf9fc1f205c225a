"""Application messages other than NewOrderSingle to canonical records: one reader per message type.

Strategy: a reader takes the fields it needs by tag and leaves all others in `extra`, so that nothing is lost. What is
said after the trade is read by `posttrade`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gateway.formats.fix import posttrade
from gateway.formats.fix.fields import deal_of, extra_of, group_of, identity_of, missing, source_of, text_of
from gateway.formats.fix.message import Message
from gateway.formats.fix.orders import order_of, refusal
from gateway.formats.fix.posttrade import Read, Reader
from gateway.model import Money, Notice, Order, Refusal
from gateway.model.trading import (
    Execution,
    OrderAction,
    QuoteCancel,
    QuoteRequest,
    QuoteResponse,
)


def records_of(message: Message) -> Sequence[Read] | None:
    """What a message says, record by record; None for a type that is not taken."""
    reader = READERS.get(message.type)
    return reader(message) if reader is not None else None


# --- orders ---------------------------------------------------------------------------------------


def _cancel(message: Message) -> Sequence[Read]:
    return [_action(message, "cancel", None)]


def _replace(message: Message) -> Sequence[Read]:
    order = order_of(message)
    return [order if isinstance(order, Refusal) else _action(message, "replace", order)]


def _order_status(message: Message) -> Sequence[Read]:
    return [_action(message, "status", None)]


def _action(message: Message, kind: str, order: Order | None) -> Read:
    id, original = text_of(message, b"11"), text_of(message, b"41")
    if kind != "status" and not id:
        return missing(message, b"11", "the ClOrdID of the request")
    if kind != "status" and not original:
        return missing(message, b"41", "OrigClOrdID, the order that is meant,")
    if not id and not text_of(message, b"37"):
        return missing(message, b"11", "the ClOrdID of the order")
    sides = {"1": "buy", "2": "sell"}
    return OrderAction(
        kind,
        id,
        original,
        text_of(message, b"37"),
        order,
        text_of(message, b"55"),
        sides.get(text_of(message, b"54"), ""),
        identity=identity_of(message, id),
        place="tag 11",
        source=source_of(message),
        scheme="fx_spot",
        extra=extra_of(message, b"11", b"41", b"37", b"55", b"54"),
    )


# ExecType (150) of FIX 4.1 to 5.0 SP2 and, where there is none (4.0), OrdStatus (39).
_EXECUTIONS = {
    "0": "new",
    "1": "fill",
    "2": "fill",
    "4": "canceled",
    "5": "replaced",
    "8": "rejected",
    "C": "expired",
    "F": "fill",
    "G": "corrected",
    "H": "busted",
    "I": "status",
}  # all others say that something is under way
_TRANSACTIONS = {"1": "busted", "2": "corrected", "3": "status"}  # ExecTransType (20), FIX 4.0 to 4.2


def _execution(message: Message) -> Sequence[Read]:
    kind = _EXECUTIONS.get(text_of(message, b"150", b"39"), "pending")
    kind = _TRANSACTIONS.get(text_of(message, b"20"), kind)
    return [_report(message, kind, text_of(message, b"103"))]


def _action_reject(message: Message) -> Sequence[Read]:
    return [_report(message, "action_rejected", text_of(message, b"102"))]


def _report(message: Message, kind: str, reason: str) -> Execution:
    fields = {tag: text_of(message, tag) for tag in (b"11", b"17", b"37", b"41", b"19", b"32", b"31", b"151", b"58")}
    return Execution(
        kind,
        fields[b"11"],
        fields[b"17"],
        fields[b"37"],
        fields[b"41"],
        fields[b"19"],
        fields[b"32"],
        fields[b"31"],
        fields[b"151"],
        reason,
        fields[b"58"],
        identity=f"{text_of(message, b'49')}/execution",
        place="tag 17",
        source=source_of(message),
        scheme="fx_spot",
        extra=extra_of(message, *fields),
    )


def _business_reject(message: Message) -> Sequence[Read]:
    """A venue that cannot take an order at all says so by j, and names it in BusinessRejectRefID (379)."""
    about = {"D": "rejected", "F": "action_rejected", "G": "action_rejected"}.get(text_of(message, b"372"))
    if about is None or b"379" not in message.fields:
        return _quietly(message)
    return [
        Execution(
            about,
            text_of(message, b"379"),
            reason_code="99",
            text=text_of(message, b"58"),
            identity=f"{text_of(message, b'49')}/execution",
            place="tag 379",
            source=source_of(message),
            extra=extra_of(message, b"379", b"58"),
        )
    ]


def _quietly(message: Message) -> Sequence[Read]:
    """A rejection of something of ours, or an acknowledgement: kept for people, and never answered."""
    text = text_of(message, b"58")
    notice = Notice(
        "document",
        text_of(message, b"45", b"70", b"755", b"17"),
        text=(text,) if text else (),
        place=f"message {text_of(message, b'34')}",
        source=source_of(message),
        extra=extra_of(message),
    )
    return [notice]


# --- quotes ---------------------------------------------------------------------------------------


def _quote_request(message: Message) -> Sequence[Read]:
    id = text_of(message, b"131")
    if not id:
        return [missing(message, b"131", "QuoteReqID")]
    if b"146" not in message.fields:  # FIX 4.0 and 4.1 ask for one symbol
        return [_asked(message, id, {tag.decode("latin-1"): text_of(message, tag) for tag in message.fields})]
    entries = group_of(message, b"146", b"55")
    if isinstance(entries, Refusal):
        return [entries]
    return [_asked(message, id, entry) for entry in entries] or [missing(message, b"55", "the symbol")]


def _asked(message: Message, id: str, entry: Mapping[str, str]) -> Read:
    symbol = entry.get("55", "")
    quantity: Money | None = None
    if entry.get("38"):
        quantity = Money.parse(symbol[:3], entry["38"])
        if quantity is None or not quantity.minor:
            return refusal(message, "bad-quantity", "AM12", b"38", "OrderQty is not an amount of the base currency")
    return QuoteRequest(
        id,
        symbol,
        {"1": "buy", "2": "sell"}.get(entry.get("54", ""), ""),
        quantity,
        entry.get("1", ""),
        place=f"symbol {symbol}",
        source=source_of(message),
        scheme="fx_spot",
        extra=extra_of(message, b"131"),
    )


_RESPONSES = {"1": "hit", "2": "counter"}  # QuoteRespType (694); all others pass


def _quote_response(message: Message) -> Sequence[Read]:
    id, quote, kind = (
        text_of(message, b"693"),
        text_of(message, b"117"),
        _RESPONSES.get(text_of(message, b"694"), "pass"),
    )
    deal: Order | None = None
    if kind == "hit":
        for tag, what in ((b"117", "QuoteID"), (b"38", "OrderQty"), (b"44", "Price")):
            if tag not in message.fields:
                return [missing(message, tag, f"{what} of a hit")]
        read = deal_of(message, {b"11": (text_of(message, b"11") or id).encode("latin-1"), b"40": b"2"})
        if isinstance(read, Refusal):
            return [read]
        deal = read
    return [
        QuoteResponse(
            kind,
            id,
            quote,
            deal,
            place="tag 693",
            source=source_of(message),
            scheme="fx_spot",
            extra=extra_of(message, b"693", b"117"),
        )
    ]


def _quote_cancel(message: Message) -> Sequence[Read]:
    everything = text_of(message, b"298") == "4"
    if not everything and b"117" not in message.fields:
        return [missing(message, b"117", "QuoteID")]
    id = "" if everything else text_of(message, b"117")
    extra = extra_of(message, b"117")
    return [QuoteCancel(id, place="tag 117", source=source_of(message), scheme="fx_spot", extra=extra)]


READERS: dict[bytes, Reader] = {
    b"F": _cancel,
    b"G": _replace,
    b"H": _order_status,
    b"8": _execution,
    b"9": _action_reject,
    b"j": _business_reject,
    b"P": _quietly,
    b"AG": _quietly,
    b"AR": _quietly,
    b"R": _quote_request,
    b"AJ": _quote_response,
    b"Z": _quote_cancel,
    **posttrade.READERS,
}
