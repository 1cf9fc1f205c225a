"""What trading has to say, as FIX bodies: one writer per canonical record, in the words of the session's version.

Strategy: words are tables; a body begins with `35=` and has neither header nor trailer. The version is that of the
message type the answer belongs to ("FIX.4.2/D"); what an older version does not know is left out or said its way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import structs

from gateway.formats.fix.message import Stamps
from gateway.formats.fix.reports import (
    ORDER_REJECT_REASONS,
    OTHER_REASON,
    OUTCOMES,
    SIDE_CODES,
    TYPE_CODES,
    clean,
    frame,
    instrument_of,
    way_back,
)
from gateway.formats.fix.versions import EARLY, OLD_EXECUTIONS, reason
from gateway.model import Money, Order, Status, is_security
from gateway.model.trading import (
    ActionReject,
    AllocationAnswer,
    Confirmation,
    InstructionList,
    Obligation,
    ObligationReport,
    OrderReport,
    Placement,
    Quote,
    QuoteReject,
    SettlementInstruction,
    Told,
    TradeAnswer,
    TradeCopy,
    TradeList,
    TradeReport,
)
from gateway.ports import Frame

_stamp = Stamps(3)

# ExecType (150) and OrdStatus (39) by word.
EXEC_TYPES = {
    "new": "0",
    "canceled": "4",
    "replaced": "5",
    "pending_cancel": "6",
    "rejected": "8",
    "pending_new": "A",
    "expired": "C",
    "pending_replace": "E",
    "fill": "F",
    "corrected": "G",
    "busted": "H",
    "status": "I",
}
ORDER_STATUSES = {
    "new": "0",
    "partial": "1",
    "filled": "2",
    "canceled": "4",
    "replaced": "5",
    "pending_cancel": "6",
    "rejected": "8",
    "pending_new": "A",
    "expired": "C",
    "pending_replace": "E",
}
_WORDS = {code: word for word, code in EXEC_TYPES.items()}
# ExecTransType (20) of FIX 4.0 to 4.2; 0 is all others.
_TRANSACTIONS = {"busted": "1", "corrected": "2", "status": "3"}
TIMES = {
    "day": "0",
    "good_till_cancel": "1",
    "immediate_or_cancel": "3",
    "fill_or_kill": "4",
    "good_till_date": "6",
}
_ACTION_REASONS = {"too_late": "0", "unknown_order": "1", "pending": "3", "duplicate": "6", "other": "99"}  # 102
_QUOTE_REASONS = {"unknown_symbol": "1", "exceeds_limit": "3", "not_authorized": "6", "other": "99"}  # 658
# ISO 20022 reason -> AllocRejCode (88).
_ALLOCATION_REASONS = {
    "AC01": "0",
    "AC03": "0",
    "AC04": "0",
    "AC07": "0",
    "AM03": "0",
    "AM10": "1",
    "AM12": "2",
    "AM05": "11",
    "DUPL": "11",
}


def tell(told: Told, type: str, now_ns: int) -> list[Frame]:
    """The message or messages that say it, to a session of the version in `type`."""
    return _WRITERS[told.__class__](told, type.partition("/")[0], now_ns)


# --- orders ---------------------------------------------------------------------------------------


def _units(quantity: Money, version: str) -> str:
    """A quantity; early versions have whole numbers only, so decimals stay where they say something."""
    text = quantity.text()
    return text.rstrip("0").rstrip(".") if version in EARLY and "." in text else text


def _terms(order: Order, version: str, *, full: bool = True) -> str:
    """What an order says of the deal."""
    limit = f"44={order.price}\x01" if order.price and full else ""
    type = f"40={TYPE_CODES[order.order_type]}\x01" if full else ""
    security = order.scheme == "security"
    currency = order.quote_currency if security else order.base.currency
    percent = "423=1\x01" if order.percent and full else ""
    traded = f"15={currency}\x01" if full else ""
    quantity = _units(order.base, version)
    return f"{instrument_of(order)}54={SIDE_CODES[order.side]}\x0138={quantity}\x01{type}{percent}{limit}{traded}"


def _placement(told: Placement, version: str, now_ns: int) -> list[Frame]:
    """D, G, F or H to a venue."""
    type = {"order": "D", "replace": "G", "cancel": "F", "status": "H"}[told.kind]
    order = told.order
    time = "" if version in ("FIX.4.0", "FIX.4.1") else f"60={_time(now_ns)}\x01"
    original = f"41={told.original_id}\x01" if told.original_id and type in ("F", "G") else ""
    if type in ("F", "H"):
        terms = _terms(order, version, full=False)
        if version == "FIX.4.0" and type == "F":
            terms += "125=F\x01"  # the whole of what remains
    else:
        in_force = f"59={TIMES[order.time_in_force]}\x01" if order.time_in_force in TIMES else ""
        terms = f"21=1\x01{_terms(order, version)}{in_force}"
    return [frame(type, f"35={type}\x01{original}11={told.id}\x01{terms}{time if type != 'H' else ''}", told.id)]


def _order_report(told: OrderReport, version: str, now_ns: int) -> list[Frame]:
    """8 to a client."""
    order = told.order
    account = f"1={order.account}\x01" if order.account else ""
    original = f"41={told.original_id}\x01" if told.original_id and version != "FIX.4.0" else ""
    reference = f"19={_exec_id(told.reference_id, version)}\x01" if told.reference_id else ""
    last = f"31={told.last_price}\x0132={told.last_quantity}\x01" if told.last_price else ""
    if version in EARLY:
        whole = told.last_quantity.rstrip("0").rstrip(".") if "." in told.last_quantity else told.last_quantity
        last = f"31={told.last_price or '0'}\x0132={whole or '0'}\x01"
    code = told.reason if told.reason.isdigit() else ORDER_REJECT_REASONS.get(told.reason, OTHER_REASON)
    rejected = f"103={reason('103', code, version)}\x01" if told.reason else ""
    text = f"58={clean(told.text)}\x01" if told.text else ""
    left = "" if version == "FIX.4.0" else f"151={_units(told.leaves, version)}\x01"
    return [
        frame(
            "8",
            (
                f"35=8\x01{way_back(order.extra)}{account}37={told.payment}\x0111={order.client_order_id}\x01{original}"
                f"17={_exec_id(told.exec_id, version)}\x01{_kind(told, version)}{reference}"
                f"39={ORDER_STATUSES[told.status]}\x01{_terms(order, version)}{last}{rejected}{left}"
                f"14={_units(told.filled, version)}\x016={told.average}\x0160={_time(now_ns)}\x01{text}"
            ),
            str(told.payment),
        )
    ]


def _exec_id(id: str, version: str) -> str:
    """Our ExecID; in FIX 4.0 it is a number: the letter behind ours becomes three digits."""
    if version != "FIX.4.0":
        return id
    number, _, letter = id.partition("-")
    return f"{number}{ord(letter[0]):03d}"


def _kind(told: OrderReport, version: str) -> str:
    """ExecType; before 4.3 a fill says how much is left, and corrections are said by ExecTransType."""
    code = EXEC_TYPES[told.kind]
    if version not in OLD_EXECUTIONS:
        return f"150={code}\x01"
    if told.kind in ("fill", "busted", "corrected", "status"):
        code = ORDER_STATUSES[told.status]
    transaction = f"20={_TRANSACTIONS.get(told.kind, '0')}\x01"
    return transaction if version == "FIX.4.0" else f"{transaction}150={code}\x01"


def plain_report(status: Status, order: Order) -> OrderReport:
    """The report of an order that no venue works: settled, held or refused."""
    outcome = OUTCOMES[status.code]
    none = structs.replace(order.base, minor=0)
    filled = outcome.filled
    return OrderReport(
        order,
        status.payment_id,
        f"{status.payment_id}-{outcome.exec_type}",
        _WORDS[outcome.exec_type],
        "filled" if filled else _WORDS[outcome.exec_type],
        order.base if filled else none,
        order.base if outcome.open else none,
        order.price if filled else "0",
        order.base.text() if filled else "",
        order.price if filled else "",
        reason=status.reason if status.code == "RJCT" else "",
        text="" if filled else status.text,
    )


def _action_reject(told: ActionReject, version: str, now_ns: int) -> list[Frame]:
    """9 to a client; a status request is answered by 8."""
    action = told.action
    way, text = way_back(action.extra), clean(told.text)
    if action.kind == "status":
        side = f"54={SIDE_CODES[action.side]}\x01" if action.side else ""
        own = f"11={action.client_order_id}\x01" if action.client_order_id else ""
        kind = "20=3\x01" + ("" if version == "FIX.4.0" else "150=8\x01") if version in OLD_EXECUTIONS else "150=I\x01"
        left = "" if version == "FIX.4.0" else "151=0\x01"
        last = "31=0\x0132=0\x01" if version in EARLY else ""
        body = (
            f"35=8\x01{way}37={told.order_id}\x01{own}17=0\x01{kind}39=8\x01103={reason('103', '5', version)}\x01"
            f"55={action.symbol or '[N/A]'}\x01"
            f"{side}38=0\x01{last}{left}14=0\x016=0\x0158={text}\x01"
        )
        return [frame("8", body)]
    response = "" if version in ("FIX.4.0", "FIX.4.1") else f"434={'1' if action.kind == 'cancel' else '2'}\x01"
    status = original = ""
    if version != "FIX.4.0":
        status, original = f"39={ORDER_STATUSES[told.status]}\x01", f"41={action.original_id}\x01"
    body = (
        f"35=9\x01{way}37={told.order_id}\x0111={action.client_order_id}\x01{original}{status}"
        f"{response}102={reason('102', _ACTION_REASONS[told.reason], version)}\x0158={text}\x01"
    )
    return [frame("9", body)]


# --- quotes ---------------------------------------------------------------------------------------


def _quote(told: Quote, version: str, now_ns: int) -> list[Frame]:
    bid = f"132={told.bid}\x01" if told.bid else ""
    ask = f"133={told.ask}\x01" if told.ask else ""
    size = _units(told.quantity, version)
    sizes = (f"134={size}\x01" if bid else "") + (f"135={size}\x01" if ask else "")
    more = "" if version in EARLY else f"60={_time(now_ns)}\x0115={told.quantity.currency}\x01"
    body = (
        f"35=S\x01{way_back(told.extra)}131={told.request_id}\x01117={told.id}\x0155={told.symbol}\x01{bid}{ask}{sizes}"
        f"62={_time(told.valid_until_ns)}\x01{more}"
    )
    return [frame("S", body, told.id)]


def _quote_reject(told: QuoteReject, version: str, now_ns: int) -> list[Frame]:
    """AG; FIX 4.2 and older have none, and are told by j."""
    request, text = told.request, clean(told.text)
    way = way_back(request.extra)
    if version in OLD_EXECUTIONS:
        number = dict(request.extra).get("fix:34", "0")
        return [frame("j", f"35=j\x01{way}45={number}\x01372=R\x01380=0\x0158={text}\x01")]
    code = reason("658", _QUOTE_REASONS[told.reason], version)
    body = f"35=AG\x01{way}131={request.id}\x01658={code}\x01146=1\x0155={request.symbol}\x0158={text}\x01"
    return [frame("AG", body)]


# --- after the trade ------------------------------------------------------------------------------


def _allocation_answer(told: AllocationAnswer, version: str, now_ns: int) -> list[Frame]:
    """P, and for an allocation that is done the AllocationReport AS, where the version has one."""
    allocation = told.allocation
    way = way_back(allocation.extra)
    date = f"75={allocation.trade_date or _day(now_ns)}\x01"
    status = "0" if told.accepted else "1"
    code = "" if told.accepted else f"88={reason('88', _ALLOCATION_REASONS.get(told.reason, '7'), version)}\x01"
    text = f"58={clean(told.text)}\x01" if told.text else ""
    body = f"35=P\x01{way}70={allocation.id}\x0160={_time(now_ns)}\x01{date}87={status}\x01{code}{text}"
    frames = [frame("P", body, allocation.id)]
    if told.accepted and version not in OLD_EXECUTIONS and version != "FIX.4.3" and told.order is not None:
        frames.append(_allocation_report(told, told.order, way, date))
    return frames


def _allocation_report(told: AllocationAnswer, order: Order, way: str, date: str) -> Frame:
    allocation = told.allocation
    kind = {"allocate": "0", "replace": "1", "cancel": "2"}[allocation.kind]
    orders = "".join(f"11={name}\x01" for name in allocation.orders)
    shares = "".join(
        f"79={share.account}\x0180={share.quantity}\x01" + (f"467={share.id}\x01" if share.id else "")
        for share in allocation.shares
    )
    about = f"72={allocation.reference_id}\x01" if allocation.reference_id else ""
    report = "3" if ("fix:626", "2") in allocation.extra else "4"  # calculated after, or without, a preliminary one
    body = (
        f"35=AS\x01{way}755=A{told.payment}\x0170={allocation.id}\x0171={kind}\x01{about}794={report}\x0187=0\x01"
        f"857={'1' if orders else '0'}\x01" + (f"73={len(allocation.orders)}\x01{orders}" if orders else "")
    )
    body += (
        f"54={SIDE_CODES[order.side]}\x01{instrument_of(order)}53={order.base.text()}\x016={order.price or '0'}\x01"
        f"{date}" + (f"78={len(allocation.shares)}\x01{shares}" if shares else "")
    )
    return frame("AS", body, allocation.id)


def _confirmation(told: Confirmation, version: str, now_ns: int) -> list[Frame]:
    """AK: the trade as we have it, to be affirmed."""
    order = told.order
    request = f"859={told.request_id}\x01" if told.request_id else ""
    cost = order.quote.text() if order.quote is not None else "0"
    currency = order.quote.currency if order.quote is not None else order.base.currency
    body = (
        f"35=AK\x01{way_back(order.extra)}664={told.id}\x01{request}666=0\x01773=2\x01665=4\x0173=1\x01"
        f"11={order.client_order_id}\x0137={told.payment}\x0160={_time(now_ns)}\x0175={_day(now_ns)}\x01{instrument_of(order)}"
        f"80={order.base.text()}\x0154={SIDE_CODES[order.side]}\x0115={currency}\x01862=1\x01528=A\x01"
        f"863={order.base.text()}\x0179={told.account}\x016={order.price}\x01381={cost}\x01118={cost}\x01"
    )
    return [frame("AK", body, told.id)]


def _trade_answer(told: TradeAnswer, version: str, now_ns: int) -> list[Frame]:
    """AR."""
    report = told.report
    kind = {"new": "0", "cancel": "1", "replace": "2"}[report.kind]
    about = f"572={report.reference_id}\x01" if report.reference_id else ""
    reason = "" if told.accepted else f"751={'1' if told.reason in ('AC01', 'AC03') else '99'}\x01"
    about_what = instrument_of(report.deal) if report.deal is not None else "55=[N/A]\x01"
    text = f"58={clean(told.text)}\x01" if told.text else ""
    type = "0" if report.kind == "new" else "6"
    body = (
        f"35=AR\x01{way_back(report.extra)}571={report.id}\x01487={kind}\x01856={type}\x01{about}150=F\x01"
        f"939={'0' if told.accepted else '1'}\x01{reason}818={told.payment}\x01{about_what}"
        f"60={_time(now_ns)}\x01{text}"
    )
    return [frame("AR", body, report.id)]


def trade_answer(status: Status, deal: Order) -> TradeAnswer:
    """What became of a trade that was reported: it is kept as its deal."""
    report = TradeReport("new", deal.client_order_id, deal, source=deal.source, extra=deal.extra)
    return TradeAnswer(report, status.payment_id, status.code != "RJCT", status.reason, status.text)


def _trade_list(told: TradeList, version: str, now_ns: int) -> list[Frame]:
    """AQ."""
    request = told.request
    result, status = {"found": ("0", "0"), "none": ("0", "1"), "unknown": ("99", "2")}[told.result]
    text = f"58={clean(told.text)}\x01" if told.text else ""
    type = dict(request.extra).get("fix:569", "0")
    body = (
        f"35=AQ\x01{way_back(request.extra)}568={request.id}\x01569={type}\x01748={told.count}\x01749={result}\x01"
        f"750={status}\x0155={request.symbol or '[N/A]'}\x01{text}"
    )
    return [frame("AQ", body, request.id)]


def _trade_copy(told: TradeCopy, version: str, now_ns: int) -> list[Frame]:
    """AE, of a trade that we know."""
    deal = told.deal
    account = f"1={deal.account}\x01" if deal.account else ""
    time = deal.transact_time or _time(now_ns)
    last = "" if version == "FIX.4.3" else f"856=0\x01912={'Y' if told.last else 'N'}\x01"
    body = (
        f"35=AE\x01571={told.id}\x01568={told.request_id}\x01150=F\x01{last}"
        f"570=Y\x01{instrument_of(deal)}32={deal.base.text()}\x0131={deal.price}\x0175={_day(now_ns)}\x0160={time}\x01"
        f"552=1\x0154={SIDE_CODES[deal.side]}\x0137={told.payment}\x0111={deal.client_order_id}\x01{account}"
    )
    return [frame("AE", body, told.id)]


def _instruction_list(told: InstructionList, version: str, now_ns: int) -> list[Frame]:
    """T, in answer to a request: what stands, as it was given; or 160=5 with 792 when nothing does."""
    head = f"35=T\x01777={told.id}\x01791={told.request_id}\x01"
    if not told.instructions:
        body = f"{head}160=5\x01792=2\x0158=no settlement instruction stands\x0160={_time(now_ns)}\x01"
        return [frame("T", body)]
    entries = "".join(map(_instruction, told.instructions))
    return [frame("T", f"{head}160=1\x0160={_time(now_ns)}\x01778={len(told.instructions)}\x01{entries}", told.id)]


def _instruction(one: SettlementInstruction) -> str:
    """The fields as they came; what stands is new to whoever asks."""
    fields = ((path[4:], "N" if path == "fix:163" else value) for path, value in one.fields if path != "fix:214")
    return "".join(f"{tag}={value}\x01" for tag, value in fields)


def _obligations(told: ObligationReport, version: str, now_ns: int) -> list[Frame]:
    """BQ: the net flow of each currency, below zero where the counterparty pays; of a security in units."""
    entries = "".join(map(_obligation, told.obligations))
    body = f"35=BQ\x0160={_time(now_ns)}\x011159=1\x011160={told.id}\x011165={len(told.obligations)}\x01{entries}"
    return [frame("BQ", body, told.id)]


def _obligation(one: Obligation) -> str:
    sign = "" if one.credit else "-"
    code = one.amount.currency
    what = f"55={code}\x0148={code}\x0122=4\x01" if is_security(code) else f"120={code}\x01"
    return (
        f"1162=N\x011161={one.id}\x01119={sign}{one.amount.text()}\x01{what}"
        f"453=1\x01448={one.account}\x01447=D\x01452=24\x01"
    )


def _day(now_ns: int) -> str:
    return _time(now_ns)[:8]


def _time(now_ns: int) -> str:
    return _stamp(now_ns).decode()


_WRITERS: dict[type, Callable[[Any, str, int], list[Frame]]] = {
    Placement: _placement,
    OrderReport: _order_report,
    ActionReject: _action_reject,
    Quote: _quote,
    QuoteReject: _quote_reject,
    AllocationAnswer: _allocation_answer,
    Confirmation: _confirmation,
    TradeAnswer: _trade_answer,
    TradeList: _trade_list,
    TradeCopy: _trade_copy,
    InstructionList: _instruction_list,
    ObligationReport: _obligations,
}
