"""Answers: pacs.002 to institutions, pain.002 to customers, admi.002 to what is no payment and cannot be read.

What only says something (a statement, a status, a resolution) is not answered when it is read; a report or a
rejection is never answered, so that two gateways do not answer each other without end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gateway.formats.iso20022.layout import escape, stamp
from gateway.formats.iso20022.xml import NAMESPACE
from gateway.model import Operation, Order, Payment, Refusal, Said, Status
from gateway.ports import Decoded, Frame, Writing

# The answer that belongs to a message; editions of before 2019 have the older one.
NATURAL = {
    "pain.001": ("pain.002.001.10", "pain.002.001.03"),
    "pain.007": ("pain.002.001.10", "pain.002.001.03"),
    "pain.008": ("pain.002.001.10", "pain.002.001.03"),
    "pain.013": ("pain.002.001.10", "pain.002.001.10"),
}
OLDER = frozenset({"pain.001.001.02", "pain.001.001.03", "pain.007.001.02", "pain.008.001.01", "pain.008.001.02"})
TYPES = ("pacs.002.001.10", "pain.002.001.03", "pain.002.001.10")
BODIES = {
    "pacs.002.001.10": "FIToFIPmtStsRpt",
    "pain.002.001.03": "CstmrPmtStsRpt",
    "pain.002.001.10": "CstmrPmtStsRpt",
}
REASONS_MAX = 50  # of a message refused as a whole: the first faults mend it
ADDITIONAL_MAX = 105  # AddtlInf
UNKNOWN = "NOTPROVIDED"


SILENT = ("pacs.002", "pain.002", "pain.014", "admi.", "camt.025", "camt.029", "acmt.024")  # answers themselves
ANSWERED = ("pacs.", "pain.")  # with a status report; other messages that are refused with admi.002


def answers(decoded: Decoded, statuses: Sequence[Status], reply: str, writing: Writing) -> list[Frame]:
    """What a message is answered with; `reply` is the type that the route asks for."""
    if reply not in TYPES and decoded.type:
        if decoded.type.startswith(SILENT):
            return []
        said = bool(statuses) and all(isinstance(status.record, Said) for status in statuses)
        if not decoded.refusals and said:
            return []
        if decoded.refusals and not decoded.type.startswith(ANSWERED):
            return [rejection(decoded, writing)]
    return [answer(decoded, statuses, reply, writing)]


def rejection(decoded: Decoded, writing: Writing) -> Frame:
    """admi.002: the message is refused, and the first reason why."""
    type, first = "admi.002.001.01", decoded.refusals[0]
    body = (
        f"<RltdRef><Ref>{escape((decoded.message_id or UNKNOWN)[:35])}</Ref></RltdRef><Rsn>"
        f"<RjctgPtyRsn>{escape(first.code[:35])}</RjctgPtyRsn><RjctnDtTm>{stamp(writing.now_ns)}</RjctnDtTm>"
        f"<ErrLctn>{escape(first.place[:350])}</ErrLctn><RsnDesc>{escape(first.text[:350])}</RsnDesc></Rsn>"
    )
    document = f'<Document xmlns="{NAMESPACE}{type}"><{type}>{body}</{type}></Document>'
    data = f'<?xml version="1.0" encoding="UTF-8"?>\n{document}\n'
    return Frame(data.encode(), type, ".xml", "application/xml", writing.message_id)


def answer(decoded: Decoded, statuses: Sequence[Status], reply: str, writing: Writing) -> Frame:
    """One status report on a message. Of a file in parts, only what did not settle is listed."""
    type = reply if reply in TYPES else natural(decoded.type)
    count = decoded.count or int(decoded.header.get("count", "0") or 0) or len(statuses)
    group = group_status(decoded, statuses, count)
    body = (
        f"<GrpHdr><MsgId>{writing.message_id}</MsgId><CreDtTm>{stamp(writing.now_ns)}</CreDtTm></GrpHdr><OrgnlGrpInfAndSts>"
        f"<OrgnlMsgId>{escape(decoded.message_id or UNKNOWN)[:35]}</OrgnlMsgId>"
        f"<OrgnlMsgNmId>{escape(decoded.type or UNKNOWN)[:35]}</OrgnlMsgNmId>"
        + (f"<OrgnlNbOfTxs>{count}</OrgnlNbOfTxs>" if count else "")
        + f"<GrpSts>{group}</GrpSts>"
        + "".join(_reason(r.reason, f"{r.place}: {r.text}") for r in decoded.refusals[:REASONS_MAX])
        + "</OrgnlGrpInfAndSts>"
        + (_transactions(statuses, uetr=True) if type.startswith("pacs") else _informations(statuses, type))
    )
    name = BODIES[type]
    document = f'<Document xmlns="{NAMESPACE}{type}"><{name}>{body}</{name}></Document>'
    data = f'<?xml version="1.0" encoding="UTF-8"?>\n{document}\n'
    return Frame(data.encode(), type, ".xml", "application/xml", writing.message_id)


def natural(type: str) -> str:
    """The type of the answer to a message."""
    newer, older = NATURAL.get(type[:8], ("pacs.002.001.10", "pacs.002.001.10"))
    return older if type in OLDER else newer


def group_status(decoded: Decoded, statuses: Sequence[Status], count: int) -> str:
    """One word for the whole: all the same, or PART."""
    if decoded.refusals:
        return "RJCT"
    codes = {status.code for status in statuses}
    if count > len(statuses):
        codes.add("ACSC")
    if len(codes) == 1:
        return codes.pop()
    return "PART" if codes else "RJCT"


def _informations(statuses: Sequence[Status], type: str) -> str:
    """pain.002: transactions below the payment information that they came in."""
    groups: dict[str, list[Status]] = {}
    for status in statuses:
        groups.setdefault(_ids(status).get("PmtInfId") or UNKNOWN, []).append(status)
    uetr = type == "pain.002.001.10"
    return "".join(
        f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{escape(name)}</OrgnlPmtInfId>"
        f"{_transactions(group, uetr=uetr, tx_id=False)}</OrgnlPmtInfAndSts>"
        for name, group in groups.items()
    )


def _transactions(statuses: Sequence[Status], *, uetr: bool, tx_id: bool = True) -> str:
    return "\n".join(_transaction(status, uetr, tx_id) for status in statuses)


def _transaction(status: Status, uetr: bool, tx_id: bool) -> str:
    ids = _ids(status)
    wanted = ["InstrId", "EndToEndId", *(["TxId"] if tx_id else []), *(["UETR"] if uetr else [])]
    original = "".join(f"<Orgnl{name}>{escape(ids[name])}</Orgnl{name}>" for name in wanted if ids.get(name))
    number = f"<StsId>{status.payment_id}</StsId>" if status.payment_id else ""
    text = f"{status.place}: {status.text}" if status.place and status.code == "RJCT" else status.text
    reason = _reason(status.reason, text) if status.reason else ""
    return f"<TxInfAndSts>{number}{original}<TxSts>{status.code}</TxSts>{reason}</TxInfAndSts>"


def _reason(reason: str, text: str) -> str:
    code = f"<Cd>{reason}</Cd>" if len(reason) <= 4 else f"<Prtry>{escape(reason)[:35]}</Prtry>"
    more = f"<AddtlInf>{escape(text[:ADDITIONAL_MAX])}</AddtlInf>" if text.strip() else ""
    return f"<StsRsnInf><Rsn>{code}</Rsn>{more}</StsRsnInf>"


def _ids(status: Status) -> Mapping[str, str]:
    record = status.record
    if isinstance(record, Payment):
        return {
            "InstrId": record.instruction_id,
            "EndToEndId": record.end_to_end_id,
            "TxId": record.transaction_id,
            "UETR": record.uetr,
            "PmtInfId": record.batch_id,
        }
    if isinstance(record, Refusal):
        return {path.removeprefix("iso:"): text for path, text in record.extra}
    if isinstance(record, Order | Operation):
        return {"EndToEndId": record.identity[:35]}
    return {"EndToEndId": getattr(record, "id", record.identity)[:35]}
