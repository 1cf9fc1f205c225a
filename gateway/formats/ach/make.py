"""From entries to payments. What the entries of a batch have in common is made once per batch."""

from __future__ import annotations

from msgspec import Struct

from gateway.formats.ach.scan import Batch, _date
from gateway.formats.ach.tables import CODES, POSTED
from gateway.model import Account, Agent, Extra, Money, Party, Payment

KINDS = {"live": "credit_transfer", "prenote": "prenote", "zero": "prenote", "returned": "return"}


class Shared(Struct, gc=False):
    """What every payment of a batch points to."""

    company: Party
    odfi: Agent
    effective: str
    extra: Extra


def shared(batch: Batch) -> Shared:
    """Made at a batch's first entry. The extras hold what a return of its entries needs again."""
    h = batch.header
    day = _date(h[69:75])
    extra = tuple(
        (f"ach:{name}", text) for name, text in (
            ("company_name", h[4:20].strip()), ("company_identification", h[40:50].strip()),
            ("company_discretionary_data", h[20:40].strip()), ("entry_description", h[53:63].strip()),
            ("descriptive_date", h[63:69].strip()), ("effective_date", h[69:75].strip()), ("odfi", h[79:87]),
            ("originator_status", h[78]), ("service_class", h[1:4])) if text)
    return Shared(Party(h[4:20].strip()), Agent(clearing_system="USABA", clearing_member=h[79:87]), day.isoformat() if day else "", extra)


def payment(batch: Batch, line: int, text: str, addenda: list[str]) -> Payment:
    """One entry. A credit's creditor is the receiver, a debit's debtor is."""
    common = batch.shared
    if not isinstance(common, Shared):
        common = batch.shared = shared(batch)
    code = CODES[text[1:3]]
    name = text[54:76].strip()
    receiver = Party(name) if name else None
    account = Account(text[12:29].strip(), "ABA", type=code.account)
    rdfi = Agent(clearing_system="USABA", clearing_member=text[3:12])
    id = text[39:54].strip()
    trace = text[79:94]
    extra = (*common.extra, ("ach:transaction_code", text[1:3]))
    if text[76:78] != "  ":
        extra = (*extra, ("ach:discretionary_data", text[76:78]))
    remittance: tuple[str, ...] = ()
    if addenda:
        remittance = tuple(line[3:83].rstrip() for line in addenda if line[1:3] == "05")
        extra = (*extra, *((f"ach:addenda_{line[1:3]}", line[3:94].rstrip()) for line in addenda if line[1:3] != "05"))
    money = Money("USD", int(text[29:39]))
    kind = _kind(batch, code.kind, code.debit, addenda)
    if code.debit:
        return Payment(
            kind, money, f"line {line}", batch.sec, "ach", "", id, id or trace, trace, batch_id=batch.number,
            settlement_date=common.effective, debtor=receiver, debtor_account=account, debtor_agent=rdfi, creditor=common.company,
            creditor_agent=common.odfi, local_instrument=batch.sec, remittance=remittance, extra=extra)
    return Payment(
        kind, money, f"line {line}", batch.sec, "ach", "", id, id or trace, trace, batch_id=batch.number,
        settlement_date=common.effective, debtor=common.company, debtor_agent=common.odfi, creditor=receiver, creditor_account=account,
        creditor_agent=rdfi, local_instrument=batch.sec, remittance=remittance, extra=extra)


def _kind(batch: Batch, code: str, debit: bool, addenda: list[str]) -> str:
    """What the pipeline is to do with it. Entries of classes that are not posted keep their class as their kind's name."""
    if batch.sec == "COR":
        return "notification"
    if code == "returned" or any(line[1:3] == "99" for line in addenda):
        return "return"
    if batch.sec not in POSTED:
        return "unposted"
    return "direct_debit" if code == "live" and debit else KINDS[code]
