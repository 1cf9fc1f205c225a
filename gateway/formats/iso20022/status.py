"""Answers: pacs.002 to institutions, pain.002 to customers, admi.002 to what is no payment and cannot be read.

What only says something (a statement, a status, a resolution) is not answered when it is read; a report or a
rejection is never answered, so that two gateways do not answer each other without end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from gateway.formats.iso20022.layout import escape, stamp
from gateway.formats.iso20022.xml import NAMESPACE
from gateway.model import Agent, Operation, Order, Payment, Refusal, Said, Status
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
_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?\Z", re.ASCII
)  # not the date of a FIN one


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
    named = _named(decoded)
    header = f"<GrpHdr><MsgId>{writing.message_id}</MsgId><CreDtTm>{stamp(writing.now_ns)}</CreDtTm></GrpHdr>"
    if type.startswith("pacs") and len(statuses) == 1 and not decoded.refusals and _cross_border(decoded):
        body = header + _between(statuses[0], f"<OrgnlGrpInf>{named}</OrgnlGrpInf>")
    else:
        body = (
            f"{header}<OrgnlGrpInfAndSts>{named}"
            + (f"<OrgnlNbOfTxs>{count}</OrgnlNbOfTxs>" if count else "")
            + f"<GrpSts>{group}</GrpSts>"
            + ("".join(_group_reasons(decoded, statuses)) if group == "RJCT" else "")
            + "</OrgnlGrpInfAndSts>"
            + ("\n".join(map(_between, statuses)) if type.startswith("pacs") else _informations(statuses, type))
        )
    name = BODIES[type]
    document = f'<Document xmlns="{NAMESPACE}{type}"><{name}>{body}</{name}></Document>'
    data = f'<?xml version="1.0" encoding="UTF-8"?>\n{document}\n'
    return Frame(data.encode(), type, ".xml", "application/xml", writing.message_id)


def _named(decoded: Decoded) -> str:
    """Which message it is about: its id and type, and when it was made."""
    created = decoded.created if _MOMENT.match(decoded.created) else ""
    return (
        f"<OrgnlMsgId>{escape(decoded.message_id or UNKNOWN)[:35]}</OrgnlMsgId>"
        f"<OrgnlMsgNmId>{escape(decoded.type or UNKNOWN)[:35]}</OrgnlMsgNmId>"
        + (f"<OrgnlCreDtTm>{created}</OrgnlCreDtTm>" if created else "")
    )


def _cross_border(decoded: Decoded) -> bool:
    """Whether its header says that it is held to CBPR+, where a report is about one payment and has no group."""
    return decoded.header.get("iso:AppHdr/BizSvc", "").startswith("swift.cbprplus.")


def _group_reasons(decoded: Decoded, statuses: Sequence[Status]) -> Iterator[str]:
    """Why a whole message is refused: its own faults, or the reasons of all that it holds, each once."""
    if decoded.refusals:
        yield from (_reason(r.reason, f"{r.place}: {r.text}") for r in decoded.refusals[:REASONS_MAX])
    else:
        codes = dict.fromkeys(status.reason for status in statuses if status.reason)
        yield from (_reason(code, "") for code in list(codes)[:REASONS_MAX])


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
    wanted = ("InstrId", "EndToEndId", *(["UETR"] if type == "pain.002.001.10" else []))
    return "".join(
        f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{escape(name)}</OrgnlPmtInfId>"
        + "\n".join(_transaction(status, wanted) for status in group)
        + "</OrgnlPmtInfAndSts>"
        for name, group in groups.items()
    )


def _between(status: Status, group: str = "") -> str:
    """pacs.002: a payment between institutions, answered from the one that was instructed to the one that did."""
    record = status.record
    agents = ""
    if isinstance(record, Payment):
        agents = _agent("InstgAgt", record.instructed_agent) + _agent("InstdAgt", record.instructing_agent)
    return _transaction(status, ("InstrId", "EndToEndId", "TxId", "UETR"), group, agents)


def _transaction(status: Status, wanted: Sequence[str], group: str = "", agents: str = "") -> str:
    ids = _ids(status)
    original = "".join(f"<Orgnl{name}>{escape(ids[name])}</Orgnl{name}>" for name in wanted if ids.get(name))
    number = f"<StsId>{status.payment_id}</StsId>" if status.payment_id else ""
    text = f"{status.place}: {status.text}" if status.place and status.code == "RJCT" else status.text
    reason = _reason(status.reason, text) if status.reason else ""
    return f"<TxInfAndSts>{number}{group}{original}<TxSts>{status.code}</TxSts>{reason}{agents}</TxInfAndSts>"


@lru_cache(1024)
def _agent(name: str, agent: Agent | None) -> str:
    """An institution by its BIC, or by its number in a clearing system; "" for one that has neither."""
    if agent is None:
        return ""
    system = f"<ClrSysId><Cd>{escape(agent.clearing_system)}</Cd></ClrSysId>" if agent.clearing_system else ""
    member = f"<ClrSysMmbId>{system}<MmbId>{escape(agent.clearing_member)}</MmbId></ClrSysMmbId>"
    named = f"<BICFI>{agent.bic}</BICFI>" if agent.bic else member if agent.clearing_member else ""
    return f"<{name}><FinInstnId>{named}</FinInstnId></{name}>" if named else ""


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
