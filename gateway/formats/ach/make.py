"""From entries to payments. What the entries of a batch have in common is made once per batch."""

from __future__ import annotations

from msgspec import Struct

from gateway.formats.ach.faults import Batch, day
from gateway.formats.ach.tables import CODES, POSTED
from gateway.model import Account, Agent, Extra, Money, Party, Payment

KINDS = {"live": "credit_transfer", "prenote": "prenote", "zero": "prenote", "returned": "return"}


class Shared(Struct, gc=False):
    """What the payments of a batch point to, made once for all of them."""

    company: Party
    odfi: Agent
    effective: str
    extra: Extra
    agents: dict[str, Agent] = {}
    extras: dict[str, Extra] = {}


def shared(batch: Batch) -> Shared:
    """Made at a batch's first entry. The extras hold what a return of its entries needs again."""
    h = batch.header
    effective = day(h[69:75])
    texts = (
        ("company_name", h[4:20]),
        ("company_identification", h[40:50]),
        ("company_discretionary_data", h[20:40]),
        ("entry_description", h[53:63]),
        ("descriptive_date", h[63:69]),
        ("effective_date", h[69:75]),
        ("odfi", h[79:87]),
        ("originator_status", h[78]),
        ("service_class", h[1:4]),
    )
    extra = tuple((f"ach:{name}", text.strip()) for name, text in texts if text.strip())
    odfi = Agent(clearing_system="USABA", clearing_member=h[79:87])
    return Shared(Party(h[4:20].strip()), odfi, effective.isoformat() if effective else "", extra, {}, {})


def payment(batch: Batch, line: int, text: str, addenda: list[str]) -> Payment:
    """One entry. A credit's creditor is the receiver, a debit's debtor is."""
    common = batch.shared
    if not isinstance(common, Shared):
        common = batch.shared = shared(batch)
    code = CODES[text[1:3]]
    name = text[54:76].strip()
    receiver = Party(name) if name else None
    account = Account(text[12:29].strip(), "ABA", "", "", code.account)
    rdfi = common.agents.get(text[3:12]) or _agent(common, text[3:12])
    id = text[39:54].strip()
    trace = text[79:94]
    extra = _extra(common, text, addenda)
    remittance = tuple([line[3:83].rstrip() for line in addenda if line[1:3] == "05"]) if addenda else ()
    money = Money("USD", int(text[29:39]))
    kind = _kind(batch, code.kind, code.debit, addenda)
    number, company, odfi = batch.number, common.company, common.odfi
    # Positional up to the creditor's agent: half the cost of keywords, a million times a file.
    # fmt: off
    if code.debit:
        return Payment(kind, money, f"line {line}", batch.sec, "ach", "", id, id or trace, trace, "", "", number,
                       common.effective, None, "", "", (), receiver, account, rdfi, None, company, None, odfi,
                       local_instrument=batch.sec, remittance=remittance, extra=extra)
    return Payment(kind, money, f"line {line}", batch.sec, "ach", "", id, id or trace, trace, "", "", number,
                   common.effective, None, "", "", (), company, None, odfi, None, receiver, account, rdfi,
                   local_instrument=batch.sec, remittance=remittance, extra=extra)
    # fmt: on


def _agent(common: Shared, routing: str) -> Agent:
    made = common.agents[routing] = Agent(clearing_system="USABA", clearing_member=routing)
    return made


def _extra(common: Shared, text: str, addenda: list[str]) -> Extra:
    """What has no field in the model; the same for all entries of a code without data of their own."""
    key = text[1:3] + text[76:78]
    extra = common.extras.get(key)
    if extra is None:
        extra = (*common.extra, ("ach:transaction_code", text[1:3]))
        if text[76:78] != "  ":
            extra = (*extra, ("ach:discretionary_data", text[76:78]))
        common.extras[key] = extra
    others = (
        [(f"ach:addenda_{line[1:3]}", line[3:94].rstrip()) for line in addenda if line[1:3] != "05"] if addenda else []
    )
    return (*extra, *others) if others else extra


def _kind(batch: Batch, code: str, debit: bool, addenda: list[str]) -> str:
    """What the pipeline is to do with it."""
    if batch.sec == "COR":
        return "notification"
    if code == "returned" or any(line[1:3] == "99" for line in addenda):
        return "return"
    if batch.sec not in POSTED:
        return "unposted"
    return "direct_debit" if code == "live" and debit else KINDS[code]
