"""Where each element of a transaction stands in the canonical model: one table, read both ways.

Left the path below the transaction as the standard writes it, right the attribute of the record. A path that is
not here has no field in the model and travels in `extra`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

ADDRESS = {
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
    "AdrTp/Cd": "type",
}
PARTY = {
    "Nm": "name",
    **{f"PstlAdr/{path}": f"address.{attribute}" for path, attribute in ADDRESS.items()},
    "Id/OrgId/AnyBIC": "bic",
    "Id/OrgId/LEI": "lei",
    "Id/OrgId/Othr/Id": "organisation.id",
    "Id/OrgId/Othr/SchmeNm/Cd": "organisation.code",
    "Id/OrgId/Othr/SchmeNm/Prtry": "organisation.proprietary",
    "Id/OrgId/Othr/Issr": "organisation.issuer",
    "Id/PrvtId/DtAndPlcOfBirth/BirthDt": "birth.date",
    "Id/PrvtId/DtAndPlcOfBirth/PrvcOfBirth": "birth.province",
    "Id/PrvtId/DtAndPlcOfBirth/CityOfBirth": "birth.city",
    "Id/PrvtId/DtAndPlcOfBirth/CtryOfBirth": "birth.country",
    "Id/PrvtId/Othr/Id": "private.id",
    "Id/PrvtId/Othr/SchmeNm/Cd": "private.code",
    "Id/PrvtId/Othr/SchmeNm/Prtry": "private.proprietary",
    "Id/PrvtId/Othr/Issr": "private.issuer",
    "CtryOfRes": "country_of_residence",
}
ACCOUNT = {
    "Id/IBAN": "iban",
    "Id/Othr/Id": "id",
    "Id/Othr/SchmeNm/Cd": "code",
    "Id/Othr/SchmeNm/Prtry": "proprietary",
    "Id/Othr/Issr": "issuer",
    "Tp/Cd": "type",
    "Ccy": "currency",
    "Nm": "name",
}
AGENT = {
    "FinInstnId/BICFI": "bic",
    "FinInstnId/ClrSysMmbId/ClrSysId/Cd": "clearing_system",
    "FinInstnId/ClrSysMmbId/MmbId": "clearing_member",
    "FinInstnId/LEI": "lei",
    "FinInstnId/Nm": "name",
    **{f"FinInstnId/PstlAdr/{path}": f"address.{attribute}" for path, attribute in ADDRESS.items()},
    "FinInstnId/Othr/Id": "other_id",
    "BrnchId/Id": "branch",
}
KINDS: dict[str, Mapping[str, str]] = {"party": PARTY, "account": ACCOUNT, "agent": AGENT}

# element -> (kind, field); a field with a number is a place in a tuple.
CUSTOMER = {
    "UltmtDbtr": ("party", "ultimate_debtor"),
    "InitgPty": ("party", "initiating_party"),
    "Dbtr": ("party", "debtor"),
    "DbtrAcct": ("account", "debtor_account"),
    "DbtrAgt": ("agent", "debtor_agent"),
    "DbtrAgtAcct": ("account", "debtor_agent_account"),
    "CdtrAgt": ("agent", "creditor_agent"),
    "CdtrAgtAcct": ("account", "creditor_agent_account"),
    "Cdtr": ("party", "creditor"),
    "CdtrAcct": ("account", "creditor_account"),
    "UltmtCdtr": ("party", "ultimate_creditor"),
    **{f"IntrmyAgt{n + 1}": ("agent", f"intermediary_agents.{n}") for n in range(3)},
    **{f"IntrmyAgt{n + 1}Acct": ("account", f"intermediary_accounts.{n}") for n in range(3)},
    **{f"PrvsInstgAgt{n + 1}": ("agent", f"previous_agents.{n}") for n in range(3)},
    "InstgAgt": ("agent", "instructing_agent"),
    "InstdAgt": ("agent", "instructed_agent"),
    "SttlmInf/SttlmAcct": ("account", "settlement_account"),
    "SttlmInf/InstgRmbrsmntAgt": ("agent", "reimbursement_agents.0"),
    "SttlmInf/InstdRmbrsmntAgt": ("agent", "reimbursement_agents.1"),
    "SttlmInf/ThrdRmbrsmntAgt": ("agent", "reimbursement_agents.2"),
    "SttlmInf/InstgRmbrsmntAgtAcct": ("account", "reimbursement_accounts.0"),
    "SttlmInf/InstdRmbrsmntAgtAcct": ("account", "reimbursement_accounts.1"),
    "SttlmInf/ThrdRmbrsmntAgtAcct": ("account", "reimbursement_accounts.2"),
}
INSTITUTION = {
    **{path: block for path, block in CUSTOMER.items() if path not in ("UltmtDbtr", "UltmtCdtr", "InitgPty")},
    "Dbtr": ("agent", "debtor_institution"),
    "Cdtr": ("agent", "creditor_institution"),
}

# Leaves of the transaction itself. SttlmInf stands in the group header and belongs to each transaction.
COMMON = {
    "PmtId/InstrId": "instruction_id",
    "PmtId/EndToEndId": "end_to_end_id",
    "PmtId/UETR": "uetr",
    "PmtTpInf/InstrPrty": "priority",
    "PmtTpInf/SvcLvl/Cd": "service_level",
    "PmtTpInf/LclInstrm/Cd": "local_instrument",
    "PmtTpInf/CtgyPurp/Cd": "category_purpose",
    "Purp/Cd": "purpose",
    "ChrgBr": "charge_bearer",
    "RmtInf/Ustrd": "remittance",
    "InstrForCdtrAgt/Cd": "for_creditor_agent.code",
    "InstrForCdtrAgt/InstrInf": "for_creditor_agent.text",
}
INTERBANK = {
    **COMMON,
    "PmtId/TxId": "transaction_id",
    "PmtId/ClrSysRef": "clearing_reference",
    "IntrBkSttlmAmt": "amount",
    "IntrBkSttlmAmt/@Ccy": "amount_currency",
    "IntrBkSttlmDt": "settlement_date",
    "InstdAmt": "instructed",
    "InstdAmt/@Ccy": "instructed_currency",
    "XchgRate": "exchange_rate",
    "SttlmInf/SttlmMtd": "settlement_method",
    "SttlmInf/ClrSys/Cd": "clearing_system",
    "SttlmTmReq/CLSTm": "time.CLSTIME",
    "SttlmTmReq/TillTm": "time.TILTIME",
    "SttlmTmReq/FrTm": "time.FROTIME",
    "SttlmTmReq/RjctTm": "time.REJTIME",
    "InstrForNxtAgt/Cd": "for_next_agent.code",
    "InstrForNxtAgt/InstrInf": "for_next_agent.text",
    "RgltryRptg/Dtls/Inf": "regulatory",
    "ChrgsInf/Amt": "charge.amount",
    "ChrgsInf/Amt/@Ccy": "charge.currency",
    **{f"ChrgsInf/Agt/{path}": f"charge.agent.{attribute}" for path, attribute in AGENT.items()},
}
INITIATION = {
    **COMMON,
    "PmtInfId": "batch_id",
    "Amt/InstdAmt": "amount",
    "Amt/InstdAmt/@Ccy": "amount_currency",
    "Amt/EqvtAmt/Amt": "amount",
    "Amt/EqvtAmt/Amt/@Ccy": "amount_currency",
    "ReqdExctnDt": "settlement_date",
    "ReqdExctnDt/Dt": "settlement_date",
    "InstrForDbtrAgt": "for_next_agent.text",
}
# The 2009 edition says these otherwise.
OLDER = {"FinInstnId/BICFI": "FinInstnId/BIC", "Id/OrgId/AnyBIC": "Id/OrgId/BICOrBEI"}

LISTS = frozenset({"lines", "remittance", "service_level", "regulatory"})  # attributes that repeat as plain texts

Leaf = tuple[str, str]  # (field, attribute): ("debtor", "address.town"); ("", "uetr") for the payment itself


def leaves(own: Mapping[str, str], blocks: Mapping[str, tuple[str, str]]) -> dict[str, Leaf]:
    """The whole table: path below the transaction -> (field, attribute)."""
    table = {path: ("", attribute) for path, attribute in own.items()}
    for prefix, (kind, field) in blocks.items():
        table.update((f"{prefix}/{path}", (field, attribute)) for path, attribute in _with_older(KINDS[kind]))
    return table


def _with_older(kind: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for path, attribute in kind.items():
        yield path, attribute
        if path in OLDER:
            yield OLDER[path], attribute


CREDIT_TRANSFER = leaves(INTERBANK, CUSTOMER)
FI_TRANSFER = leaves(INTERBANK, INSTITUTION)
UNDERLYING = leaves(
    {
        path: attribute
        for path, attribute in INTERBANK.items()
        if path.partition("/")[0] in ("InstrForCdtrAgt", "InstrForNxtAgt", "RmtInf", "InstdAmt")
    },
    {
        path: block
        for path, block in CUSTOMER.items()
        if not path.startswith("SttlmInf") and path not in ("InstgAgt", "InstdAgt")
    },
)
INITIATED = leaves(INITIATION, {path: block for path, block in CUSTOMER.items() if not path.startswith("SttlmInf")})
