"""What a loss report calls the elements of ISO 20022 and the fields of FIN: tables of their own, not the translator's.

Strategy: a name of the report is put together from where an element stands (a level, a holder such as the debtor's
agent, a leaf such as its BIC). A loss names an element when it has its name, that of its holder, or of a part of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import product

PLACES = re.compile(r"\[\d+\]")

# Who an element belongs to, by the last of these steps on its path.
HOLDERS: Mapping[str, tuple[str, ...]] = {
    "Dbtr": ("debtor", "debtor_institution", "payer"),
    "Cdtr": ("creditor", "creditor_institution"),
    "UltmtDbtr": ("ultimate_debtor",),
    "UltmtCdtr": ("ultimate_creditor",),
    "InitgPty": ("initiating_party",),
    "DbtrAgt": ("debtor_agent", "agent"),
    "CdtrAgt": ("creditor_agent",),
    "IntrmyAgt": ("intermediary",),
    **{f"IntrmyAgt{n}": ("intermediary_agents",) for n in (1, 2, 3)},
    **{f"IntrmyAgt{n}Acct": ("intermediary_accounts",) for n in (1, 2, 3)},
    **{f"PrvsInstgAgt{n}": ("previous_agents",) for n in (1, 2, 3)},
    "InstgAgt": ("instructing_agent",),
    "InstdAgt": ("instructed_agent",),
    **{f"{which}RmbrsmntAgt": ("reimbursement_agents",) for which in ("Instg", "Instd", "Thrd")},
    **{f"{which}RmbrsmntAgtAcct": ("reimbursement_accounts",) for which in ("Instg", "Instd", "Thrd")},
    "DbtrAcct": ("debtor_account",),
    "CdtrAcct": ("creditor_account",),
    "DbtrAgtAcct": ("debtor_agent_account",),
    "CdtrAgtAcct": ("creditor_agent_account",),
    "SttlmAcct": ("settlement_account",),
    "Acct": ("account",),
    "ChrgsAcct": ("account",),
    "AcctOwnr": ("owner",),
    "Ownr": ("owner",),
    "AcctSvcr": ("servicer", "agent"),
    "Svcr": ("servicer",),
    "Cretr": ("creator",),
    "ChrgsRqstr": ("creator",),
    "Assgnr": ("assigner",),
    "Assgne": ("assignee",),
    "Orgtr": ("reasons.originator",),
    "ChrgsInf": ("charges.agent",),
}
_ADDRESS = {
    "Dept": "department",
    "SubDept": "sub_department",
    "StrtNm": "street",
    "BldgNb": "building_number",
    "BldgNm": "building_name",
    "Flr": "floor",
    "PstBx": "post_box",
    "Room": "room",
    "PstCd": "postcode",
    "TwnNm": "town",
    "TwnLctnNm": "town_location",
    "DstrctNm": "district",
    "CtrySubDvsn": "subdivision",
    "Ctry": "country",
    "AdrLine": "lines",
}
# What a holder's leaf is called, by the end of the path.
OF_A_HOLDER: Mapping[str, str] = {
    **{f"PstlAdr/{name}": f"address.{word}" for name, word in _ADDRESS.items()},
    "OrgId/AnyBIC": "bic",
    "FinInstnId/BICFI": "bic",
    "FinInstnId/LEI": "lei",
    "OrgId/LEI": "lei",
    "ClrSysMmbId/ClrSysId/Cd": "clearing_system",
    "ClrSysMmbId/MmbId": "clearing_member",
    "FinInstnId/Othr/Id": "other_id",
    "BrnchId/Id": "branch",
    "OrgId/Othr/Id": "ids.id",
    "PrvtId/Othr/Id": "ids.id",
    "Othr/SchmeNm/Cd": "ids.scheme",
    "Othr/SchmeNm/Prtry": "ids.scheme",
    "Othr/Issr": "ids.issuer",
    "DtAndPlcOfBirth/BirthDt": "birth.date",
    "DtAndPlcOfBirth/CityOfBirth": "birth.city",
    "DtAndPlcOfBirth/CtryOfBirth": "birth.country",
    "CtryOfRes": "country_of_residence",
    "Id/IBAN": "id",
    "Id/Othr/Id": "id",
    "Id/Othr/SchmeNm/Cd": "scheme",
    "Id/Othr/Issr": "issuer",
    "Acct/Ccy": "currency",
    "Acct/Nm": "name",
    "Nm": "name",
}
# Elements that stand for themselves, by the end of the path.
LEAVES: Mapping[str, tuple[str, ...]] = {
    "InstrId": ("instruction_id",),
    "EndToEndId": ("end_to_end_id", "original.end_to_end_id"),
    "UETR": ("uetr", "original.uetr"),
    "TxId": ("transaction_id",),
    "RtrId": ("transaction_id",),
    "StsId": ("id",),
    "Refs/MsgId": ("original.message_id",),
    "RtrInf/AddtlInf": ("reasons.text",),
    "ClrSysRef": ("clearing_reference",),
    "PmtInfId": ("batch_id",),
    "IntrBkSttlmAmt": ("amount",),
    "IntrBkSttlmDt": ("settlement_date",),
    "ReqdExctnDt/Dt": ("settlement_date",),
    "ReqdColltnDt": ("settlement_date",),
    "XpctdValDt": ("date",),
    "InstdAmt": ("instructed_amount", "amount"),
    "XchgRate": ("exchange_rate",),
    "ChrgBr": ("charge_bearer",),
    "SttlmMtd": ("settlement_method",),
    "SttlmInf/ClrSys/Cd": ("clearing_system",),
    "InstrPrty": ("priority",),
    "SvcLvl/Cd": ("service_level",),
    "LclInstrm/Cd": ("local_instrument",),
    "CtgyPurp/Cd": ("category_purpose",),
    "Purp/Cd": ("purpose",),
    "RmtInf/Ustrd": ("remittance",),
    "Dtls/Inf": ("regulatory",),
    "MndtRltdInf/MndtId": ("mandate.id",),
    "MndtRltdInf/DtOfSgntr": ("mandate.signed",),
    "PmtTpInf/SeqTp": ("mandate.sequence",),
    "OrgnlMsgId": ("original.message_id",),
    "OrgnlMsgNmId": ("original.message_type",),
    "OrgnlCreDtTm": ("original.created",),
    "OrgnlInstrId": ("original.instruction_id",),
    "OrgnlEndToEndId": ("original.end_to_end_id",),
    "OrgnlTxId": ("original.transaction_id",),
    "OrgnlUETR": ("original.uetr",),
    "OrgnlIntrBkSttlmAmt": ("original.amount",),
    "OrgnlIntrBkSttlmDt": ("original.settlement_date",),
    "OrgnlNtfctnId": ("original.batch_id",),
    "OrgnlItmId": ("id",),
    "Rsn/Cd": ("reasons.code",),
    "Rsn/Prtry": ("reasons.proprietary",),
    "RsnInf/AddtlInf": ("reasons.text",),
    "Assgnmt/Id": ("assignment_id",),
    "GrpHdr/MsgId": ("assignment_id", "group_id"),
    "CxlId": ("cancellation_id",),
    "CxlStsId": ("cancellation_id",),
    "Case/Id": ("id",),
    "Sts/Conf": ("status",),
    "Ntfctn/Id": ("id", "group_id"),
    "Stmt/Id": ("id",),
    "Rpt/Id": ("id",),
    "Itm/Id": ("id",),
    "OrgnlBizQry/MsgId": ("related_id",),
    "FrToDt/FrDtTm": ("begin",),
    "FrToDt/ToDtTm": ("end",),
    "CreDtTm": ("created",),
    "CdtrSchmeId/Id/PrvtId/Othr/SchmeNm/Prtry": ("mandate.creditor_scheme",),
    "Othr/SchmeNm/Prtry": ("mandate.creditor_scheme",),
    "ElctrncSeqNb": ("electronic_number",),
    "LglSeqNb": ("legal_number",),
    "PgNb": ("page",),
    "Ntry/NtryRef": ("reference",),
    "AcctSvcrRef": ("servicer_reference", "clearing_reference"),
    "BkTxCd/Domn/Cd": ("domain",),
    "BkTxCd/Domn/Fmly/Cd": ("family",),
    "BkTxCd/Domn/Fmly/SubFmlyCd": ("subfamily",),
    "BkTxCd/Prtry/Cd": ("proprietary_code",),
    "BkTxCd/Prtry/Issr": ("proprietary_issuer",),
    "BookgDt/Dt": ("booking_date",),
    "ValDt/Dt": ("value_date",),
    "AddtlNtryInf": ("information",),
    "AddtlStmtInf": ("information",),
    "AddtlRptInf": ("information",),
    "AddtlNtfctnInf": ("information",),
}
# Whole branches that have one name.
BRANCHES: Mapping[str, str] = {
    "Bal": "balances",
    "TxsSummry": "totals",
    "InstrForCdtrAgt": "instructions_for_creditor_agent",
    "InstrForNxtAgt": "instructions_for_next_agent",
    "InstrForDbtrAgt": "instructions_for_next_agent",
    "SttlmTmReq": "settlement_times",
    "SttlmTmIndctn": "settlement_times",
    "CdtrSchmeId": "mandate.creditor_scheme_id",
    "FlrLmt": "floors",
    "Btch": "batch",
}


def names(path: str) -> Iterable[str]:
    """The names that an element may have in a report."""
    steps = PLACES.sub("", path).split("/")
    level = _level(steps)
    yield from (level + BRANCHES[step] for step in steps if step in BRANCHES)
    ends = ["/".join(steps[-count:]) for count in range(min(4, len(steps)), 0, -1)]
    yield from (level + name for end in ends if end in LEAVES for name in LEAVES[end])
    holder = next((step for step in reversed(steps) if step in HOLDERS), "")
    if holder:
        leaves = [OF_A_HOLDER[end] for end in ends if end in OF_A_HOLDER][:1]
        yield from (f"{level}{name}.{leaf}" for name, leaf in product(HOLDERS[holder], leaves or [""]))
    if "Strd" in steps:
        yield level + "remittance_structured"
    if level:
        yield level + "?"  # whatever it is called there: it is lost with all that it stands in


def _level(steps: list[str]) -> str:
    """The record inside the record that the steps lead to."""
    if "TxDtls" in steps:
        return "entries.details."
    if "Ntry" in steps:
        return "entries."
    return "underlying." if "UndrlygCstmrCdtTrf" in steps else ""


def covers(loss: str, name: str) -> bool:
    """Whether a loss (places left out) is of this element, of what it belongs to, or of a part of it."""
    return loss == name or name.startswith(loss + ".") or loss.startswith(name.rstrip(".") + ".")


def covers_below(loss: str, path: str) -> bool:
    """The same of a loss that is a name and, behind a blank, the rest of a path: `entries.batch NbOfTxs`."""
    head, _, tail = loss.rpartition(" ")
    return bool(head) and path.endswith("/" + tail) and any(covers(head, name) for name in names(path))


# Fields of FIN: what the report calls what they say.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "20": ("instruction_id",),
    "21": ("end_to_end_id",),
    "13": ("settlement_times",),
    "23": ("service_level", "category_purpose", "instructions_for", "iso:PmtTpInf"),
    "26": ("purpose", "iso:Purp"),
    "50": ("debtor", "underlying.debtor"),
    "52": ("debtor_agent", "debtor_institution", "underlying.debtor_agent"),
    "53": ("settlement_account", "reimbursement"),
    "54": ("reimbursement",),
    "55": ("reimbursement",),
    "56": ("intermediary", "underlying.intermediary"),
    "57": ("creditor_agent", "underlying.creditor_agent"),
    "58": ("creditor_institution", "creditor_account"),
    "59": ("creditor", "underlying.creditor"),
    "70": ("remittance", "end_to_end_id", "purpose", "ultimate", "underlying.remittance"),
    "71": ("charges", "charge_bearer"),
    "72": ("instructions_for", "previous_agents", "remittance", "intermediary", "iso:PmtTpInf", "iso:UltmtCdtr"),
    "34": ("floors",),
    "25": ("account",),
    "77": ("regulatory", "iso:RgltryRptg"),
}
_FIELD = re.compile(r"(?:payment\.|extra )?mt:(?:[ABC]/)?(\d\d|\{\d{3}\}|\{5:\{[A-Z]{3}\}\}|[A-Z]{4})")
_WORDS = {"REJT": ("72", "79"), "RETN": ("72",), "CHGS": ("72", "79"), "UETR": ("79", "77")}


def of_a_field(loss: str, tag: str) -> bool:
    """Whether a loss is of the field with this number, or of this part of a header."""
    found = _FIELD.match(loss)
    if found is not None:
        return tag in _WORDS.get(found[1], (found[1],))
    bare = loss.removeprefix("extra ")
    return any(bare.startswith(name) for name in FIELDS.get(tag, ()))
