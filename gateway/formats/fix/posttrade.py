"""What is said after the trade: allocations, affirmations, trade capture, settlement instructions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from gateway.formats.fix.fields import (
    SESSION_FIELDS,
    deal_of,
    extra_of,
    group_of,
    identity_of,
    missing,
    source_of,
    spans_of,
    text_of,
)
from gateway.formats.fix.message import Message
from gateway.formats.fix.orders import refusal
from gateway.model import Notice, Order, Refusal
from gateway.model.trading import (
    Affirmation,
    Allocation,
    ConfirmationRequest,
    InstructionRequest,
    SettlementInstruction,
    Share,
    TradeReport,
    TradeRequest,
    Trading,
)

Read = Trading | Notice | Order | Refusal
Reader = Callable[[Message], Sequence[Read]]

_ALLOCATIONS = {"0": "allocate", "1": "replace", "2": "cancel"}  # AllocTransType (71)


def _allocation(message: Message) -> Sequence[Read]:
    id, kind = text_of(message, b"70"), _ALLOCATIONS.get(text_of(message, b"71") or "0")
    if not id:
        return [missing(message, b"70", "AllocID")]
    if kind is None:
        return [refusal(message, "unsupported-allocation", "AG02", b"71", "AllocTransType must be 0, 1 or 2")]
    orders = group_of(message, b"73", b"11") if b"73" in message.fields else []
    shares = group_of(message, b"78", b"79") if b"78" in message.fields else []
    if isinstance(orders, Refusal) or isinstance(shares, Refusal):
        return [wrong for wrong in (orders, shares) if isinstance(wrong, Refusal)][:1]
    return [
        Allocation(
            kind,
            id,
            text_of(message, b"72"),
            tuple(entry.get("11", "") for entry in orders),
            text_of(message, b"55"),
            {"1": "buy", "2": "sell"}.get(text_of(message, b"54"), ""),
            text_of(message, b"53"),
            text_of(message, b"6"),
            text_of(message, b"75"),
            tuple(Share(e.get("79", ""), e.get("80", ""), e.get("467", "")) for e in shares),
            identity=identity_of(message, id, "J"),
            place="tag 70",
            source=source_of(message),
            scheme="fx_spot",
            extra=extra_of(message, b"70", b"72"),
        )
    ]


def _allocation_ack(message: Message) -> Sequence[Read]:
    """AT: the client's word on our AllocationReport; AllocStatus (87) 0 accepts it, 3 only says that it came."""
    said = {"0": "affirmed", "3": "received"}.get(text_of(message, b"87"), "disputed")
    return [_affirmed(message, said, "allocation", text_of(message, b"70", b"755"))]


def _affirmation(message: Message) -> Sequence[Read]:
    """AU: AffirmStatus (940) 3 affirms, 2 rejects, 1 only says that it came."""
    said = {"3": "affirmed", "1": "received"}.get(text_of(message, b"940"), "disputed")
    return [_affirmed(message, said, "confirmation", text_of(message, b"664"))]


def _affirmed(message: Message, said: str, about: str, id: str) -> Read:
    if not id:
        return missing(message, b"664" if about == "confirmation" else b"70", "what it is about")
    text = text_of(message, b"58")
    return Affirmation(
        said,
        about,
        id,
        text,
        identity=identity_of(message, id, "J" if about == "allocation" else "C"),
        place="tag 70" if about == "allocation" else "tag 664",
        source=source_of(message),
        extra=extra_of(message),
    )


def _confirmation_request(message: Message) -> Sequence[Read]:
    orders = group_of(message, b"73", b"11") if b"73" in message.fields else []
    if isinstance(orders, Refusal):
        return [orders]
    names = tuple(entry.get("11", "") for entry in orders)
    return [
        ConfirmationRequest(
            text_of(message, b"859"),
            names,
            identity=identity_of(message, text_of(message, b"859"), "BH"),
            place="tag 859",
            source=source_of(message),
            extra=extra_of(message, b"859"),
        )
    ]


# TradeReportTransType (487); letters in FIX 4.3.
_TRADES = {"0": "new", "1": "cancel", "2": "replace", "N": "new", "C": "cancel", "R": "replace"}


def _trade(message: Message) -> Sequence[Read]:
    id, kind = text_of(message, b"571"), _TRADES.get(text_of(message, b"487") or "0")
    if not id:
        return [missing(message, b"571", "TradeReportID")]
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
            text_of(message, b"572"),
            identity=identity_of(message, id, "AE"),
            place="tag 571",
            source=source_of(message),
            scheme=deal.scheme if deal is not None else "",
            extra=extra_of(message, b"571", b"572"),
        )
    ]


def _trade_deal(message: Message, id: str) -> Order | Refusal:
    """The reporting side's view of the trade: its first side, the last quantity and price."""
    sides = group_of(message, b"552", b"54") if b"552" in message.fields else []
    if isinstance(sides, Refusal):
        return sides
    side = sides[0] if sides else {"54": text_of(message, b"54"), "1": text_of(message, b"1")}
    fields = {
        b"11": id.encode("latin-1"),
        b"38": message.fields.get(b"32", b""),
        b"44": message.fields.get(b"31", b""),
        b"54": side.get("54", "").encode("latin-1"),
        b"1": side.get("1", "").encode("latin-1"),
        b"40": b"2",
    }
    deal = deal_of(message, fields)
    if isinstance(deal, Refusal):
        return deal
    return msgspec.structs.replace(
        deal,
        kind="trade",
        identity=identity_of(message, id, "AE"),
        source=source_of(message),
        place="tag 571",
        extra=extra_of(message, b"571", b"572"),
    )


def _trade_request(message: Message) -> Sequence[Read]:
    id = text_of(message, b"568")
    if not id:
        return [missing(message, b"568", "TradeRequestID")]
    return [
        TradeRequest(
            id,
            text_of(message, b"571"),
            text_of(message, b"11"),
            text_of(message, b"37"),
            text_of(message, b"55"),
            identity=identity_of(message, id, "AD"),
            place="tag 568",
            source=source_of(message),
            extra=extra_of(message, b"568"),
        )
    ]


_INSTRUCTIONS = {"N": "new", "R": "replace", "C": "cancel"}  # SettlInstTransType (163)


def _instructions(message: Message) -> Sequence[Read]:
    """One record per instruction; FIX 4.2 holds one, without a group."""
    if b"778" in message.fields:
        entries = group_of(message, b"778", b"162")
        if isinstance(entries, Refusal):
            return [entries]
        return [_instruction(message, place) for place in spans_of(message, b"778", b"162")]
    return [_instruction(message, message.pairs())]


def _instruction(message: Message, pairs: list[tuple[bytes, bytes]]) -> Read:
    own = {tag: value.decode("latin-1") for tag, value in reversed(pairs)}
    id, kind = own.get(b"162", ""), _INSTRUCTIONS.get(own.get(b"163", "N"))
    if not id:
        return missing(message, b"162", "SettlInstID")
    if kind is None:
        return refusal(message, "unsupported-instruction", "AG02", b"163", "SettlInstTransType must be N, R or C")
    account = own.get(b"79") or own.get(b"448") or text_of(message, b"79", b"1") or text_of(message, b"49")
    fields = tuple(
        (f"fix:{tag.decode('latin-1')}", value.decode("latin-1")) for tag, value in pairs if tag not in SESSION_FIELDS
    )
    return SettlementInstruction(
        kind,
        id,
        account,
        own.get(b"214", ""),
        fields,
        identity=identity_of(message, id, "T"),
        place=f"instruction {id}",
        source=source_of(message),
        extra=(("fix:34", text_of(message, b"34")), ("fix:35", text_of(message, b"35"))),
    )


def _instruction_request(message: Message) -> Sequence[Read]:
    id = text_of(message, b"791")
    if not id:
        return [missing(message, b"791", "SettlInstReqID")]
    account = text_of(message, b"79", b"448", b"1")
    extra = extra_of(message, b"791")
    return [InstructionRequest(id, account, place="tag 791", source=source_of(message), extra=extra)]


READERS: dict[bytes, Reader] = {
    b"J": _allocation,
    b"AT": _allocation_ack,
    b"AU": _affirmation,
    b"BH": _confirmation_request,
    b"AE": _trade,
    b"AD": _trade_request,
    b"T": _instructions,
    b"AV": _instruction_request,
}
