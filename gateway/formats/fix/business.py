"""Application messages other than NewOrderSingle to canonical records: one reader per message type.

Strategy: a reader takes the fields it needs by tag and leaves all others in `extra`, so that nothing is lost. An entry
of a repeating group begins with the group's first field; what it holds is looked up within it. Where a message
carries a deal (a replacement, a hit on a quote, a trade), its fields are put under the tags of an order and read by
the order's reader, so that there is one rule for symbols, quantities and prices.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from gateway.formats.fix.message import Message
from gateway.formats.fix.orders import order_of, refusal
from gateway.model import Extra, Money, Notice, Order, Refusal
from gateway.model.trading import (
    Affirmation,
    Allocation,
    ConfirmationRequest,
    Execution,
    InstructionRequest,
    OrderAction,
    QuoteCancel,
    QuoteRequest,
    QuoteResponse,
    SettlementInstruction,
    Share,
    TradeReport,
    TradeRequest,
    Trading,
)

GROUP_ENTRIES_MAX = 1_000  # of one message: accounts of a block, symbols of a request
_SESSION = frozenset(b"8 9 10 34 35 43 49 52 56 97 122".split())
_HEADER = frozenset(b"8 9 10 43 49 52 56 122".split())  # 34 and 35 are kept: a rejection names them

Read = Trading | Notice | Order | Refusal
Reader = Callable[[Message], Sequence[Read]]


def records_of(message: Message) -> Sequence[Read] | None:
    """What a message says, record by record; None for a type that is not taken."""
    reader = READERS.get(message.type)
    return reader(message) if reader is not None else None


# --- fields ---------------------------------------------------------------------------------------


def _text(message: Message, *tags: bytes) -> str:
    """The first of some fields that is given."""
    for tag in tags:
        if tag in message.fields:
            return message.fields[tag].decode("latin-1")
    return ""


def _source(message: Message) -> str:
    return f"{_text(message, b'8')}/{message.type.decode('latin-1')}"


def _identity(message: Message, id: str, kind: str = "") -> str:
    """What must be unique: the counterparty and its name for this; orders and their changes share one space."""
    sender = _text(message, b"49")
    return f"{sender}/{kind}/{id}" if kind else f"{sender}/{id}"


def _extra(message: Message, *mapped: bytes) -> Extra:
    return tuple(
        (f"fix:{tag.decode('latin-1')}", value.decode("latin-1"))
        for tag, value in message.pairs()
        if tag not in _HEADER and tag not in mapped
    )


def _group(message: Message, count: bytes, first: bytes) -> list[dict[str, str]] | Refusal:
    """The entries of a repeating group, each from its first field to the next one's; as many as `count` says."""
    found: list[dict[str, str]] = []
    begun = False
    for tag, value in message.pairs():
        if tag == count:
            begun = True
        elif begun and tag == first:
            found.append({})
        if found and tag != count:
            found[-1].setdefault(tag.decode("latin-1"), value.decode("latin-1"))
    said = message.fields.get(count, b"0")
    if not said.isdigit() or len(said) > 6 or int(said) != len(found) or len(found) > GROUP_ENTRIES_MAX:
        text = f"the group counted by {count.decode()} has {len(found)} entries; at most {GROUP_ENTRIES_MAX} are taken"
        return refusal(message, "wrong-group-count", "FF01", count, text)
    return found


def _missing(message: Message, tag: bytes, what: str) -> Refusal:
    return refusal(message, "missing-field", "FF01", tag, f"{what} is missing")


# --- orders ---------------------------------------------------------------------------------------


def _cancel(message: Message) -> Sequence[Read]:
    return [_action(message, "cancel", None)]


def _replace(message: Message) -> Sequence[Read]:
    order = order_of(message)
    return [order if isinstance(order, Refusal) else _action(message, "replace", order)]


def _order_status(message: Message) -> Sequence[Read]:
    return [_action(message, "status", None)]


def _action(message: Message, kind: str, order: Order | None) -> Read:
    id, original = _text(message, b"11"), _text(message, b"41")
    if kind != "status" and not id:
        return _missing(message, b"11", "the ClOrdID of the request")
    if kind != "status" and not original:
        return _missing(message, b"41", "OrigClOrdID, the order that is meant,")
    if not id and not _text(message, b"37"):
        return _missing(message, b"11", "the ClOrdID of the order")
    sides = {"1": "buy", "2": "sell"}
    return OrderAction(
        kind,
        id,
        original,
        _text(message, b"37"),
        order,
        _text(message, b"55"),
        sides.get(_text(message, b"54"), ""),
        identity=_identity(message, id),
        place="tag 11",
        source=_source(message),
        scheme="fx_spot",
        extra=_extra(message, b"11", b"41", b"37", b"55", b"54"),
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
    kind = _EXECUTIONS.get(_text(message, b"150", b"39"), "pending")
    kind = _TRANSACTIONS.get(_text(message, b"20"), kind)
    return [_report(message, kind, _text(message, b"103"))]


def _action_reject(message: Message) -> Sequence[Read]:
    return [_report(message, "action_rejected", _text(message, b"102"))]


def _report(message: Message, kind: str, reason: str) -> Execution:
    fields = {tag: _text(message, tag) for tag in (b"11", b"17", b"37", b"41", b"19", b"32", b"31", b"151", b"58")}
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
        identity=f"{_text(message, b'49')}/execution",
        place="tag 17",
        source=_source(message),
        scheme="fx_spot",
        extra=_extra(message, *fields),
    )


def _quietly(message: Message) -> Sequence[Read]:
    """A rejection of something of ours, or an acknowledgement: kept for people, and never answered."""
    text = _text(message, b"58")
    notice = Notice(
        "document",
        _text(message, b"45", b"70", b"755", b"17"),
        text=(text,) if text else (),
        place=f"message {_text(message, b'34')}",
        source=_source(message),
        extra=_extra(message),
    )
    return [notice]


# --- quotes ---------------------------------------------------------------------------------------


def _quote_request(message: Message) -> Sequence[Read]:
    id = _text(message, b"131")
    if not id:
        return [_missing(message, b"131", "QuoteReqID")]
    if b"146" not in message.fields:  # FIX 4.0 and 4.1 ask for one symbol
        return [_asked(message, id, {tag.decode("latin-1"): _text(message, tag) for tag in message.fields})]
    entries = _group(message, b"146", b"55")
    if isinstance(entries, Refusal):
        return [entries]
    return [_asked(message, id, entry) for entry in entries] or [_missing(message, b"55", "the symbol")]


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
        source=_source(message),
        scheme="fx_spot",
        extra=_extra(message, b"131"),
    )


_RESPONSES = {"1": "hit", "2": "counter"}  # QuoteRespType (694); all others pass


def _quote_response(message: Message) -> Sequence[Read]:
    id, quote, kind = _text(message, b"693"), _text(message, b"117"), _RESPONSES.get(_text(message, b"694"), "pass")
    deal: Order | None = None
    if kind == "hit":
        for tag, what in ((b"117", "QuoteID"), (b"38", "OrderQty"), (b"44", "Price")):
            if tag not in message.fields:
                return [_missing(message, tag, f"{what} of a hit")]
        read = _deal(message, {b"11": (_text(message, b"11") or id).encode("latin-1"), b"40": b"2"})
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
            source=_source(message),
            scheme="fx_spot",
            extra=_extra(message, b"693", b"117"),
        )
    ]


def _deal(message: Message, fields: Mapping[bytes, bytes]) -> Order | Refusal:
    """The deal in a message, read as an order whose tags are `fields` where they are given."""
    return order_of(msgspec.structs.replace(message, fields={**message.fields, **fields}))


def _quote_cancel(message: Message) -> Sequence[Read]:
    everything = _text(message, b"298") == "4"
    if not everything and b"117" not in message.fields:
        return [_missing(message, b"117", "QuoteID")]
    id = "" if everything else _text(message, b"117")
    extra = _extra(message, b"117")
    return [QuoteCancel(id, place="tag 117", source=_source(message), scheme="fx_spot", extra=extra)]


# --- after the trade ------------------------------------------------------------------------------

_ALLOCATIONS = {"0": "allocate", "1": "replace", "2": "cancel"}  # AllocTransType (71)


def _allocation(message: Message) -> Sequence[Read]:
    id, kind = _text(message, b"70"), _ALLOCATIONS.get(_text(message, b"71") or "0")
    if not id:
        return [_missing(message, b"70", "AllocID")]
    if kind is None:
        return [refusal(message, "unsupported-allocation", "AG02", b"71", "AllocTransType must be 0, 1 or 2")]
    orders = _group(message, b"73", b"11") if b"73" in message.fields else []
    shares = _group(message, b"78", b"79") if b"78" in message.fields else []
    if isinstance(orders, Refusal) or isinstance(shares, Refusal):
        return [wrong for wrong in (orders, shares) if isinstance(wrong, Refusal)][:1]
    return [
        Allocation(
            kind,
            id,
            _text(message, b"72"),
            tuple(entry.get("11", "") for entry in orders),
            _text(message, b"55"),
            {"1": "buy", "2": "sell"}.get(_text(message, b"54"), ""),
            _text(message, b"53"),
            _text(message, b"6"),
            _text(message, b"75"),
            tuple(Share(e.get("79", ""), e.get("80", ""), e.get("467", "")) for e in shares),
            identity=_identity(message, id, "J"),
            place="tag 70",
            source=_source(message),
            scheme="fx_spot",
            extra=_extra(message, b"70", b"72"),
        )
    ]


def _allocation_ack(message: Message) -> Sequence[Read]:
    """AT: the client's word on our AllocationReport; AllocStatus (87) 0 accepts it, 3 only says that it came."""
    said = {"0": "affirmed", "3": "received"}.get(_text(message, b"87"), "disputed")
    return [_affirmed(message, said, "allocation", _text(message, b"70", b"755"))]


def _affirmation(message: Message) -> Sequence[Read]:
    """AU: AffirmStatus (940) 3 affirms, 2 rejects, 1 only says that it came."""
    said = {"3": "affirmed", "1": "received"}.get(_text(message, b"940"), "disputed")
    return [_affirmed(message, said, "confirmation", _text(message, b"664"))]


def _affirmed(message: Message, said: str, about: str, id: str) -> Read:
    if not id:
        return _missing(message, b"664" if about == "confirmation" else b"70", "what it is about")
    text = _text(message, b"58")
    return Affirmation(
        said,
        about,
        id,
        text,
        identity=_identity(message, id, "J" if about == "allocation" else "C"),
        place="tag 70" if about == "allocation" else "tag 664",
        source=_source(message),
        extra=_extra(message),
    )


def _confirmation_request(message: Message) -> Sequence[Read]:
    orders = _group(message, b"73", b"11") if b"73" in message.fields else []
    if isinstance(orders, Refusal):
        return [orders]
    names = tuple(entry.get("11", "") for entry in orders)
    return [
        ConfirmationRequest(
            _text(message, b"859"),
            names,
            identity=_identity(message, _text(message, b"859"), "BH"),
            place="tag 859",
            source=_source(message),
            extra=_extra(message, b"859"),
        )
    ]


_TRADES = {"0": "new", "1": "cancel", "2": "replace"}  # TradeReportTransType (487)


def _trade(message: Message) -> Sequence[Read]:
    id, kind = _text(message, b"571"), _TRADES.get(_text(message, b"487") or "0")
    if not id:
        return [_missing(message, b"571", "TradeReportID")]
    if kind is None:
        return [refusal(message, "unsupported-trade-report", "AG02", b"487", "TradeReportTransType must be 0, 1 or 2")]
    deal: Order | None = None
    if kind != "cancel":
        read = _trade_deal(message, id)
        if isinstance(read, Refusal):
            return [read]
        deal = read
    return [
        TradeReport(
            kind,
            id,
            deal,
            _text(message, b"572"),
            identity=_identity(message, id, "AE"),
            place="tag 571",
            source=_source(message),
            scheme=deal.scheme if deal is not None else "",
            extra=_extra(message, b"571", b"572"),
        )
    ]


def _trade_deal(message: Message, id: str) -> Order | Refusal:
    """The reporting side's view of the trade: its first side, the last quantity and price."""
    sides = _group(message, b"552", b"54") if b"552" in message.fields else []
    if isinstance(sides, Refusal):
        return sides
    side = sides[0] if sides else {"54": _text(message, b"54"), "1": _text(message, b"1")}
    fields = {
        b"11": id.encode("latin-1"),
        b"38": message.fields.get(b"32", b""),
        b"44": message.fields.get(b"31", b""),
        b"54": side.get("54", "").encode("latin-1"),
        b"1": side.get("1", "").encode("latin-1"),
        b"40": b"2",
    }
    deal = _deal(message, fields)
    if isinstance(deal, Refusal):
        return deal
    return msgspec.structs.replace(
        deal,
        kind="trade",
        identity=_identity(message, id, "AE"),
        source=_source(message),
        place="tag 571",
        extra=_extra(message, b"571", b"572"),
    )


def _trade_request(message: Message) -> Sequence[Read]:
    id = _text(message, b"568")
    if not id:
        return [_missing(message, b"568", "TradeRequestID")]
    return [
        TradeRequest(
            id,
            _text(message, b"571"),
            _text(message, b"11"),
            _text(message, b"37"),
            _text(message, b"55"),
            identity=_identity(message, id, "AD"),
            place="tag 568",
            source=_source(message),
            extra=_extra(message, b"568"),
        )
    ]


_INSTRUCTIONS = {"N": "new", "R": "replace", "C": "cancel"}  # SettlInstTransType (163)


def _instructions(message: Message) -> Sequence[Read]:
    """One record per instruction; FIX 4.2 holds one, without a group."""
    if b"778" in message.fields:
        entries = _group(message, b"778", b"162")
        if isinstance(entries, Refusal):
            return [entries]
        return [_instruction(message, place) for place in _spans(message, b"778", b"162")]
    return [_instruction(message, message.pairs())]


def _spans(message: Message, count: bytes, first: bytes) -> list[list[tuple[bytes, bytes]]]:
    """The fields of every entry of a group, in their order."""
    found: list[list[tuple[bytes, bytes]]] = []
    begun = False
    for tag, value in message.pairs():
        begun = begun or tag == count
        if begun and tag == first:
            found.append([])
        if found and tag not in _SESSION:
            found[-1].append((tag, value))
    return found


def _instruction(message: Message, pairs: list[tuple[bytes, bytes]]) -> Read:
    own = {tag: value.decode("latin-1") for tag, value in reversed(pairs)}
    id, kind = own.get(b"162", ""), _INSTRUCTIONS.get(own.get(b"163", "N"))
    if not id:
        return _missing(message, b"162", "SettlInstID")
    if kind is None:
        return refusal(message, "unsupported-instruction", "AG02", b"163", "SettlInstTransType must be N, R or C")
    account = own.get(b"79") or own.get(b"448") or _text(message, b"79", b"1") or _text(message, b"49")
    fields = tuple(
        (f"fix:{tag.decode('latin-1')}", value.decode("latin-1")) for tag, value in pairs if tag not in _SESSION
    )
    return SettlementInstruction(
        kind,
        id,
        account,
        own.get(b"214", ""),
        fields,
        identity=_identity(message, id, "T"),
        place=f"instruction {id}",
        source=_source(message),
    )


def _instruction_request(message: Message) -> Sequence[Read]:
    id = _text(message, b"791")
    if not id:
        return [_missing(message, b"791", "SettlInstReqID")]
    account = _text(message, b"79", b"448", b"1")
    extra = _extra(message, b"791")
    return [InstructionRequest(id, account, place="tag 791", source=_source(message), extra=extra)]


READERS: dict[bytes, Reader] = {
    b"F": _cancel,
    b"G": _replace,
    b"H": _order_status,
    b"8": _execution,
    b"9": _action_reject,
    b"j": _quietly,
    b"P": _quietly,
    b"AG": _quietly,
    b"AR": _quietly,
    b"R": _quote_request,
    b"AJ": _quote_response,
    b"Z": _quote_cancel,
    b"J": _allocation,
    b"AT": _allocation_ack,
    b"AU": _affirmation,
    b"BH": _confirmation_request,
    b"AE": _trade,
    b"AD": _trade_request,
    b"T": _instructions,
    b"AV": _instruction_request,
}
