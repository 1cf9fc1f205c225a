"""CBPR+, cross-border payments and reporting: what banks that send over SWIFT ask beyond the schema.

Facts of the public usage guidelines, in our words. One transaction a message, a header that names it, references that
MT can carry, no metals, charges that add up, addresses that become structured: unstructured ones end with
November 2026.
"""

from __future__ import annotations

import re

from gateway.formats.iso20022.rules import (
    MessageRule,
    Rule,
    Test,
    absent,
    address_form,
    addresses,
    agents,
    at_most,
    characters,
    currency,
    ibans,
    identified,
    matches,
    one_of,
    parties,
    required,
    rule_set,
    uetr,
)
from gateway.model import Payment, Report, Statement
from gateway.ports import Decoded

CUSTOMER = frozenset({"credit_transfer"})
TRANSFERS = frozenset({"credit_transfer", "fi_transfer"})
RETURNS = frozenset({"return"})
DEBITS = frozenset({"fi_direct_debit"})
PAYMENTS = TRANSFERS | RETURNS | DEBITS
STATUSES = frozenset({"payment_status"})
STATEMENTS = frozenset({"report", "statement", "notification"})
METALS = ("XAU", "XAG", "XPD", "XPT")
FIN_X = r"[A-Za-z0-9/\-?:().,'+ \r\n]*"
# What names, addresses and remittance may hold besides.
EXTENDED = r"[A-Za-z0-9/\-?:().,'+ \r\n!#$%&*=^_`{|}~\";<>@\[\]\\]*"
OFFSET = re.compile(r".*[+-]\d\d:\d\d")
SERVICE = re.compile(r"swift\.cbprplus(\.(stp|cov|adv|col))?\.\d\d")
RELEASED = ("pacs.002", "pacs.004", "pacs.008", "pacs.009", "pain.001", "camt.052", "camt.054")
BETWEEN = ("pacs.008", "pacs.009", "pacs.004", "pacs.010")
TRACKED = frozenset("G001 G002 G003 G004 G005 G006 G007 G009".split())
SINGLE = ("pacs.008", "pacs.009", "pacs.004", "pacs.010", "camt.056", "camt.029")


def _initiation(record: Payment) -> bool:
    return record.source.startswith("pain.")


def _between(field: str) -> Test:
    """Needed between institutions, not from a customer."""
    return lambda record: "" if _initiation(record) or getattr(record, field) else f"{field} is missing"


def _bearer(record: Payment) -> str:
    if record.charge_bearer == "SLEV":
        return "charge bearer SLEV is of domestic schemes"
    if record.charge_bearer == "CRED" and not record.charges and not _initiation(record):
        return "with charge bearer CRED the charges taken are given"
    return ""


def _instructed(record: Payment) -> str:
    if record.charges and record.instructed_amount is None:
        return "with charges the instructed amount is given"
    instructed = record.instructed_amount
    if instructed is not None and instructed.currency != record.amount.currency and not record.exchange_rate:
        return "amounts of two currencies need an exchange rate"
    if instructed is not None and instructed.currency == record.amount.currency and record.exchange_rate:
        return "an exchange rate needs amounts of two currencies"
    return ""


def _debited(record: Payment) -> str:
    instructed = record.instructed_amount
    if instructed is None or instructed == record.amount or instructed.currency != record.amount.currency:
        return ""
    silent = record.charge_bearer == "DEBT" and not record.charges
    return "amounts of one currency that differ, with charges for the debtor, give the charges" if silent else ""


def _method(record: Payment) -> str:
    covered = any(agent is not None for agent in record.reimbursement_agents)
    if covered and record.settlement_method != "COVE":
        return "reimbursement agents are given when settlement is by cover"
    return ""


def _agents(record: Payment) -> str:
    for side in ("instructing_agent", "instructed_agent"):
        agent = getattr(record, side)
        if agent is not None and not agent.bic:
            return f"{side} is named by its BIC"
    return ""


def _named(record: Payment) -> str:
    for side, agent in agents(record):
        if bool(agent.name) != (agent.address is not None):
            return f"{side}: name and address are given together, or neither"
    return ""


def _party_named(record: Payment) -> str:
    for side, party in parties(record):
        if not party.name and (party.address is not None or not party.bic) and side != "initiating_party":
            return f"{side}: the name may only be missing where a BIC stands for it, and no address"
    return ""


def _duplicated(record: Payment) -> str:
    for side, where in addresses(record):
        fields = {text.upper() for text in (where.town, where.street, where.postcode, where.country) if text}
        if any(line.upper() in fields for line in where.lines):
            return f"the {side}'s address says in a line what a field says"
    return ""


def _for_creditor_agent(record: Payment) -> str:
    codes = [one.code for one in record.instructions_for_creditor_agent if one.code]
    if len(codes) > len(set(codes)):
        return "an instruction for the creditor's agent is given twice"
    for one, other in (("HOLD", "CHQB"), ("PHOB", "TELB")):
        if one in codes and other in codes:
            return f"{one} is not given together with {other}"
    return ""


def _tracked(record: Payment) -> str:
    wanted = "G004" if record.kind == "fi_transfer" else "G001"
    wrong = [code for code in record.service_level if code in TRACKED and code != wanted]
    return (
        f"service level {wrong[0]} is not of this message, which has {wanted}"
        if wrong and record.underlying is None
        else ""
    )


def _reasoned(record: Report) -> str:
    return "" if record.status != "RJCT" or record.reasons else "a rejection gives its reason"


def _remittance(record: Payment) -> str:
    if record.remittance and record.remittance_structured:
        return "remittance is structured or not, not both"
    if len(record.remittance) > 1 or any(len(line) > 140 for line in record.remittance):
        return "unstructured remittance is one text of at most 140 characters"
    return ""


def _digits(record: Payment) -> str:
    return "" if len(str(record.amount.minor)) <= 15 else "the amount has more than 14 digits and a point"


def _single(decoded: Decoded) -> str:
    return "" if len(decoded.records) <= 1 else f"{len(decoded.records)} transactions, one is taken"


def _headed(decoded: Decoded) -> str:
    return "" if _head(decoded, "BizMsgIdr") else "there is no business application header"


def _defined(decoded: Decoded) -> str:
    said = _head(decoded, "MsgDefIdr")
    return "" if not said or said == decoded.type else f"the header says {said[:35]}, the document is {decoded.type}"


def _service(decoded: Decoded) -> str:
    said = _head(decoded, "BizSvc")
    return "" if not said or SERVICE.fullmatch(said) else f"{said[:35]} is not a service of CBPR+"


def _service_2025(decoded: Decoded) -> str:
    said = _head(decoded, "BizSvc")
    return "" if not said or said.endswith(".03") else f"{said[:35]} is named, the release of 2025 is .03"


def _same_id(decoded: Decoded) -> str:
    said = _head(decoded, "BizMsgIdr")
    return "" if not said or said == decoded.message_id else "BizMsgIdr is not the MsgId of the group header"


def _one_batch(decoded: Decoded) -> str:
    payments = [record for record in decoded.records if isinstance(record, Payment)]
    same = all(payment.batch_id == decoded.message_id for payment in payments)
    return "" if same else "PmtInfId is not the MsgId of the group header"


def _from(decoded: Decoded) -> str:
    return _agent_in_header(decoded.sender, decoded, "instructing_agent")


def _to(decoded: Decoded) -> str:
    return _agent_in_header(decoded.receiver, decoded, "instructed_agent")


def _agent_in_header(said: str, decoded: Decoded, side: str) -> str:
    for record in decoded.records:
        agent = getattr(record, side, None)
        if agent is not None and agent.bic and said and agent.bic.ljust(11, "X") != said.ljust(11, "X"):
            return f"the header names another BIC than the {side}"
    return ""


def _dated(decoded: Decoded) -> str:
    return (
        "" if not decoded.created or OFFSET.fullmatch(decoded.created) else "the creation time has no offset from UTC"
    )


def _head(decoded: Decoded, name: str) -> str:
    return decoded.header.get(f"iso:AppHdr/{name}", "")


REFERENCE_FORM = "has up to 16 characters, no slash at either end and no two together"
REFERENCE = r"(?!/)(?!.*//)[A-Za-z0-9/\-?:().,'+ ]{1,16}(?<!/)"
# Message rules: id, reason, place, test, types.
MESSAGE_RULES = (
    MessageRule("CBPR-BAH", "FF01", "AppHdr", _headed),
    MessageRule("CBPR-DEF", "FF01", "AppHdr/MsgDefIdr", _defined),
    MessageRule("CBPR-SVC", "FF01", "AppHdr/BizSvc", _service),
    MessageRule("CBPR-SVC25", "FF01", "AppHdr/BizSvc", _service_2025, RELEASED, 2025, 2025),
    MessageRule("CBPR-MSGID", "FF01", "AppHdr/BizMsgIdr", _same_id, RELEASED),
    MessageRule("CBPR-FROM", "RC01", "AppHdr/Fr", _from, BETWEEN),
    MessageRule("CBPR-TO", "RC01", "AppHdr/To", _to, BETWEEN),
    MessageRule("CBPR-PMTINF", "FF01", "PmtInf/PmtInfId", _one_batch, ("pain.001",)),
    MessageRule("CBPR-TIME", "DT01", "GrpHdr/CreDtTm", _dated),
    MessageRule("CBPR-ONE", "FF01", "GrpHdr/NbOfTxs", _single, SINGLE),
)


def _booked(record: Statement) -> str:
    for entry in record.entries:
        if entry.status == "BOOK" and not (entry.booking_date or entry.value_date):
            return "a booked entry has neither booking nor value date"
    return ""


def _details(record: Statement) -> str:
    """References of entries travel on to MT too."""
    for entry in record.entries:
        for detail in entry.details:
            for reference in (detail.instruction_id, detail.end_to_end_id):
                if reference.startswith("/") or reference.endswith("/") or "//" in reference:
                    return "a reference has a slash at an end, or two together"
    return ""


# Rules: id, reason, place, test, kinds, first year, last year.
RULES = (
    Rule("CBPR-UETR", "FF01", "PmtId/UETR", required("uetr"), TRANSFERS | DEBITS),
    Rule("CBPR-UETR4", "FF01", "PmtId/UETR", uetr, PAYMENTS),
    Rule("CBPR-INSTR", "FF01", "PmtId/InstrId", required("instruction_id"), TRANSFERS),
    Rule("CBPR-REF", "FF01", "PmtId/InstrId", matches("instruction_id", REFERENCE, REFERENCE_FORM), TRANSFERS),
    Rule("CBPR-E2E", "FF01", "PmtId/EndToEndId", at_most(35, "end_to_end_id"), TRANSFERS),
    Rule("CBPR-METAL", "AM03", "IntrBkSttlmAmt", currency(never=METALS), PAYMENTS),
    Rule("CBPR-DIGITS", "AM12", "IntrBkSttlmAmt", _digits, PAYMENTS),
    Rule("CBPR-DATE", "DT01", "IntrBkSttlmDt", _between("settlement_date"), TRANSFERS),
    Rule("CBPR-INSTG", "RC01", "InstgAgt", _between("instructing_agent"), PAYMENTS),
    Rule("CBPR-INSTD", "RC01", "InstdAgt", _between("instructed_agent"), PAYMENTS),
    Rule("CBPR-AGTBIC", "RC01", "InstgAgt", _agents, PAYMENTS),
    Rule("CBPR-IDS", "RC01", "FinInstnId", identified, PAYMENTS),
    Rule("CBPR-IBAN", "AC01", "Id/IBAN", ibans, CUSTOMER),
    Rule("CBPR-MTD", "FF01", "SttlmInf/SttlmMtd", one_of("settlement_method", "INDA", "INGA", "COVE"), TRANSFERS),
    Rule("CBPR-COVE", "FF01", "SttlmInf", _method, TRANSFERS),
    Rule("CBPR-CLRSYS", "FF01", "SttlmInf/ClrSys", absent("clearing_system"), TRANSFERS),
    Rule("CBPR-CHRGBR", "FF01", "ChrgBr", _bearer, CUSTOMER),
    Rule("CBPR-CHRGS", "AM12", "InstdAmt", _instructed, CUSTOMER),
    Rule("CBPR-DEBT", "AM12", "ChrgsInf", _debited, CUSTOMER),
    Rule("CBPR-NAMED", "FF01", "FinInstnId/Nm", _named, PAYMENTS),
    Rule("CBPR-PARTY", "BE05", "Nm", _party_named, CUSTOMER),
    Rule("CBPR-ADRDUP", "BE04", "PstlAdr/AdrLine", _duplicated, TRANSFERS),
    Rule("CBPR-INSTRC", "FF01", "InstrForCdtrAgt/Cd", _for_creditor_agent, TRANSFERS),
    Rule("CBPR-GPI", "FF04", "PmtTpInf/SvcLvl/Cd", _tracked, TRANSFERS),
    Rule("CBPR-RSN", "NARR", "StsRsnInf/Rsn", _reasoned, STATUSES),
    Rule(
        "CBPR-ADR25", "BE04", "PstlAdr", address_form(lines_max=2, line_max=70, unstructured=True), TRANSFERS, 0, 2025
    ),
    Rule("CBPR-ADR26", "BE04", "PstlAdr", address_form(lines_max=2, line_max=70, unstructured=False), TRANSFERS, 2026),
    Rule("CBPR-RMT", "RR07", "RmtInf", _remittance, CUSTOMER),
    Rule("CBPR-RMTX", "FF01", "RmtInf/Ustrd", characters(EXTENDED, "remittance"), CUSTOMER),
    Rule(
        "CBPR-FINX", "FF01", "PmtId", characters(FIN_X, "instruction_id", "end_to_end_id", "transaction_id"), PAYMENTS
    ),
    Rule("CBPR-BOOK", "DT01", "Ntry/BookgDt", _booked, STATEMENTS),
    Rule("CBPR-NTRY", "FF01", "Ntry/NtryDtls/TxDtls/Refs", _details, STATEMENTS),
)
SERVICE_NOW = "swift.cbprplus.03"  # of the releases of 2025 and 2026
SETS = tuple(rule_set("cbpr", year, RULES, MESSAGE_RULES, headed=True, service=SERVICE_NOW) for year in (2025, 2026))
