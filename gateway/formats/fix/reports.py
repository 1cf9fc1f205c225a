"""Answers: ExecutionReport (8) for orders, BusinessMessageReject (j) or Reject (3) for everything else.

Strategy: the outcome of an order is a row of OUTCOMES, the reason of a rejection a row of ORDER_REJECT_REASONS. An
answer is a body: it begins with `35=` and has neither header nor trailer, which the session adds with its number.
Every outcome has an ExecID of its own, made from the payment's number, so that a report that is delivered twice is
known by it.
"""

from __future__ import annotations

from msgspec import Struct

from gateway.formats.fix.message import Stamps
from gateway.formats.fix.rejects import REVERSED
from gateway.formats.fix.versions import EARLY, OLD_EXECUTIONS, reason
from gateway.model import Extra, Order, Refusal, Status
from gateway.ports import Frame

TEXT_MAX = 240  # of Text (58); what counterparties commonly store

_stamp = Stamps(3)


class Outcome(Struct, frozen=True):
    """How a status is told: ExecType (150), OrdStatus (39), and what is left and done of the quantity."""

    exec_type: str
    order_status: str
    filled: bool = False
    open: bool = False


FILLED = Outcome("F", "2", filled=True)
PENDING_NEW = Outcome("A", "A", open=True)
NEW = Outcome("0", "0", open=True)
REJECTED = Outcome("8", "8")
CANCELED = Outcome("4", "4")

OUTCOMES = {
    "ACSC": FILLED,
    "ACCC": FILLED,  # and allocated
    "PDNG": PENDING_NEW,
    "RCVD": NEW,
    "ACTC": NEW,
    "ACSP": NEW,
    "RJCT": REJECTED,
    "CANC": CANCELED,
    "RTRN": CANCELED,
}

# ISO 20022 reason -> OrdRejReason (103).
ORDER_REJECT_REASONS = {
    "AM03": "1",
    "CURR": "1",  # unknown symbol
    "AM02": "3",
    "AM04": "3",
    "AM14": "3",
    "AG07": "3",  # order exceeds limit
    "TM01": "4",  # too late to enter
    "AM05": "6",
    "DUPL": "6",  # duplicate order
    "AG02": "11",  # unsupported order characteristic
    "AM01": "13",
    "AM09": "13",
    "AM12": "13",  # incorrect quantity
    "AC01": "15",
    "AC02": "15",
    "AC03": "15",
    "AC04": "15",
    "AC06": "15",
    "AC07": "15",  # unknown account
    "AG01": "0",
    "RR04": "0",
    "FR01": "0",  # broker option
}
OTHER_REASON = "99"

SIDE_CODES = {"buy": "1", "sell": "2"}
TYPE_CODES = {"market": "1", "limit": "2", "previously_quoted": "D"}


def report(status: Status, now_ns: int) -> Frame:
    """ExecutionReport, since 4.3, for an order that was settled, held or refused."""
    order = status.record
    if isinstance(order, Refusal):
        return refused_order(status, order, now_ns)
    assert isinstance(order, Order), "only orders are reported on"
    outcome = OUTCOMES[status.code]
    quantity = order.base.text()
    price, text = order.price, ""
    last = f"31={price}\x0132={quantity}\x01" if outcome.filled else ""
    if outcome is REJECTED:
        last = f"103={ORDER_REJECT_REASONS.get(status.reason, OTHER_REASON)}\x01"
    if status.text and not outcome.filled:
        text = f"58={clean(status.text)}\x01"
    account = f"1={order.account}\x01" if order.account else ""
    limit = f"44={price}\x01" if price else ""
    way = way_back(order.extra) if order.extra else ""
    instrument, currency = f"55={order.symbol}\x01", order.base.currency
    if order.scheme == "security":
        instrument, currency = instrument_of(order), order.quote_currency
    return frame(
        "8",
        (
            f"35=8\x01{way}{account}37={status.payment_id or 'NONE'}\x0111={order.client_order_id}\x01"
            f"17={status.payment_id}-{outcome.exec_type}\x01150={outcome.exec_type}\x0139={outcome.order_status}\x01"
            f"{instrument}54={SIDE_CODES[order.side]}\x0138={quantity}\x01"
            f"40={TYPE_CODES[order.order_type]}\x01{limit}15={currency}\x01{last}"
            f"151={quantity if outcome.open else '0'}\x0114={quantity if outcome.filled else '0'}\x01"
            f"6={price if outcome.filled else '0'}\x0160={_stamp(now_ns).decode()}\x01{text}"
        ),
        str(status.payment_id),
    )


def old_exec_type(version: str, order_status: str) -> str:
    """Before 4.3 ExecTransType stands beside ExecType, which says of a fill how far it went; 4.0 has no ExecType."""
    return "20=0\x01" if version == "FIX.4.0" else f"20=0\x01150={order_status}\x01"


def refused_order(status: Status, refusal: Refusal, now_ns: int) -> Frame:
    """An order that could not be read: what it said goes back as it stood."""
    said = dict(refusal.extra)
    repeated = "".join(
        f"{tag}={said[f'fix:{tag}']}\x01"
        for tag in ("1", "11", "55", "54", "38", "40", "44", "15")
        if said.get(f"fix:{tag}")
    )
    version = said.get("fix:8", "")
    exec_type = old_exec_type(version, "8") if version in OLD_EXECUTIONS else "150=8\x01"
    left = "" if version == "FIX.4.0" else "151=0\x01"
    left += "31=0\x0132=0\x01" if version in EARLY else ""
    code = reason("103", ORDER_REJECT_REASONS.get(status.reason, OTHER_REASON), version)
    exec_id = f"{status.payment_id}056" if version == "FIX.4.0" else f"{status.payment_id}-8"
    return frame(
        "8",
        (
            f"35=8\x01{way_back(refusal.extra)}37={status.payment_id or 'NONE'}\x0117={exec_id}\x01"
            f"{exec_type}39=8\x01{repeated}103={code}\x01{left}14=0\x016=0\x01"
            f"60={_stamp(now_ns).decode()}\x0158={clean(status.text)}\x01"
        ),
        str(status.payment_id),
    )


def reject(status: Status, refusal: Refusal) -> Frame:
    """An answer to a message that is no order: j, or 3 where the version has no j or the message is malformed."""
    said = dict(refusal.extra)
    way, text = way_back(refusal.extra), clean(status.text)
    number, type = said.get("fix:34", "0"), said.get("fix:35", "")
    if refusal.code in SESSION_REASONS or said.get("fix:8") in ("FIX.4.0", "FIX.4.1"):
        tag = f"371={said['fix:371']}\x01" if "fix:371" in said else ""
        session_reason = f"373={SESSION_REASONS.get(refusal.code, 99)}\x01"
        about = "" if said.get("fix:8") in ("FIX.4.0", "FIX.4.1") else f"{tag}372={type}\x01{session_reason}"
        return frame("3", f"35=3\x01{way}45={number}\x0158={text}\x01{about}")
    business = BUSINESS_REASONS.get(refusal.code, "0")
    return frame("j", f"35=j\x01{way}45={number}\x0158={text}\x01372={type}\x01380={business}\x01")


UNSUPPORTED_TYPE = "unsupported-message-type"
BUSINESS_REASONS = {UNSUPPORTED_TYPE: "3", "missing-field": "5"}  # -> BusinessRejectReason (380); 0 is `other`

# Refusal code -> SessionRejectReason (373).
SESSION_REASONS = {
    "invalid-tag": 0,
    "missing-tag": 1,
    "tag-not-in-message": 2,
    "tag-without-value": 4,
    "value-out-of-range": 5,
    "bad-data-format": 6,
    "invalid-message-type": 11,
    "repeated-tag": 13,
    "tag-out-of-order": 14,
    "group-out-of-order": 15,
    "wrong-group-count": 16,
}


def instrument_of(order: Order) -> str:
    """What is traded: a pair's Symbol, or a security by its ISIN."""
    if order.scheme != "security":
        return f"55={order.symbol}\x01"
    isin = order.base.currency
    return f"55={isin}\x0148={isin}\x0122=4\x01"


def frame(type: str, text: str, name: str = "") -> Frame:
    """A body of this MsgType."""
    return Frame(text.encode("latin-1", "replace"), type, ".fix", "application/fix", name)


def way_back(extra: Extra) -> str:
    """OnBehalfOf and DeliverTo names, the other way round."""
    found = ((REVERSED.get(path[4:].encode()), value) for path, value in extra)
    back = [(tag.decode(), value) for tag, value in found if tag is not None]
    return "".join(f"{tag}={value}\x01" for tag, value in sorted(back) if value)


def clean(text: str) -> str:
    """One line of plain characters."""
    return "".join(c if c.isprintable() else " " for c in text[:TEXT_MAX])
