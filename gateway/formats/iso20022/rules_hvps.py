"""HVPS+ and T2: what high-value systems that settle in central bank money ask beyond the schema.

Facts of the public guidelines, in our words. One transaction a message, cleared by a named system, in one currency;
every agent by its BIC, and since November 2025 no address in lines alone.
"""

from __future__ import annotations

from gateway.formats.iso20022.rules import (
    Rule,
    absent,
    address_form,
    currency,
    ibans,
    identified,
    one_of,
    required,
    rule_set,
    uetr,
)
from gateway.formats.iso20022.rules_cbpr import MESSAGE_RULES, METALS
from gateway.model import Payment

CUSTOMER = frozenset({"credit_transfer"})
TRANSFERS = frozenset({"credit_transfer", "fi_transfer"})


def _cleared(record: Payment) -> str:
    return "" if record.settlement_method == "CLRG" else "a high-value system clears: settlement method CLRG"


def _bics(record: Payment) -> str:
    for side in ("instructing_agent", "instructed_agent"):
        agent = getattr(record, side)
        if agent is None or not agent.bic:
            return f"{side} is named by its BIC"
    return ""


# id, reason, place, test, kinds, first year, last year
RULES = (
    Rule("HVPS-UETR", "FF01", "PmtId/UETR", required("uetr"), TRANSFERS),
    Rule("HVPS-UETR4", "FF01", "PmtId/UETR", uetr, TRANSFERS),
    Rule("HVPS-CLRG", "FF01", "SttlmInf/SttlmMtd", _cleared, TRANSFERS),
    Rule("HVPS-DATE", "DT01", "IntrBkSttlmDt", required("settlement_date"), TRANSFERS),
    Rule("HVPS-AGT", "RC01", "InstgAgt", _bics, TRANSFERS),
    Rule("HVPS-IDS", "RC01", "FinInstnId", identified, TRANSFERS),
    Rule("HVPS-COVE", "FF01", "SttlmInf", absent("reimbursement_agents"), TRANSFERS),
    Rule("HVPS-METAL", "AM03", "IntrBkSttlmAmt", currency(never=METALS), TRANSFERS),
    Rule("HVPS-IBAN", "AC01", "Id/IBAN", ibans, CUSTOMER),
    Rule("HVPS-ADR", "BE04", "PstlAdr", address_form(lines_max=2, line_max=70, unstructured=False), TRANSFERS, 2026),
    Rule(
        "HVPS-ADR25", "BE04", "PstlAdr", address_form(lines_max=2, line_max=70, unstructured=True), TRANSFERS, 0, 2025
    ),
)
# T2 moves euros, and priorities are its own.
T2 = (
    *RULES,
    Rule("T2-CUR", "AM03", "IntrBkSttlmAmt", currency(only=("EUR",)), TRANSFERS),
    Rule("T2-PRTY", "FF01", "PmtTpInf/InstrPrty", one_of("priority", "HIGH", "NORM"), TRANSFERS),
    Rule("T2-CLRSYS", "FF01", "SttlmInf/ClrSys/Cd", one_of("clearing_system", "TGT"), TRANSFERS),
)
ONE = tuple(rule for rule in MESSAGE_RULES if rule.id in ("CBPR-BAH", "CBPR-DEF", "CBPR-ONE"))
SETS = (
    *(rule_set("hvps", year, RULES, ONE, headed=True) for year in (2025, 2026)),
    *(rule_set("t2", year, T2, ONE, headed=True) for year in (2025, 2026)),
)
