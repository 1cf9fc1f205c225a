"""Where the elements that messages share stand in the canonical model: parties, agents, accounts, reasons, originals.

Left the path as the standard writes it, right the attribute of the record; `table` says how to read the lines.
Editions name some elements otherwise: each name has its line, and the writer takes the one that its schema has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Lines = dict[str, str]

ADDRESS: Lines = {
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
    "AdrLine*": "lines.*",
    "AdrTp/Cd": "type",
    "AdrTp": "type",  # 2009
}
PARTY: Lines = {
    "Nm": "name",
    **{f"PstlAdr/{path}": f"address.{attribute}" for path, attribute in ADDRESS.items()},
    "Id/OrgId/AnyBIC": "bic",
    "Id/OrgId/BICOrBEI": "bic",  # 2009
    "Id/OrgId/LEI": "lei",
    "Id/OrgId/Othr*/Id": "organisation.*.id",
    "Id/OrgId/Othr*/SchmeNm/Cd": "organisation.*.code",
    "Id/OrgId/Othr*/SchmeNm/Prtry": "organisation.*.proprietary",
    "Id/OrgId/Othr*/Issr": "organisation.*.issuer",
    "Id/PrvtId/DtAndPlcOfBirth/BirthDt": "birth.date",
    "Id/PrvtId/DtAndPlcOfBirth/PrvcOfBirth": "birth.province",
    "Id/PrvtId/DtAndPlcOfBirth/CityOfBirth": "birth.city",
    "Id/PrvtId/DtAndPlcOfBirth/CtryOfBirth": "birth.country",
    "Id/PrvtId/Othr*/Id": "private.*.id",
    "Id/PrvtId/Othr*/SchmeNm/Cd": "private.*.code",
    "Id/PrvtId/Othr*/SchmeNm/Prtry": "private.*.proprietary",
    "Id/PrvtId/Othr*/Issr": "private.*.issuer",
    "CtryOfRes": "country_of_residence",
}
ACCOUNT: Lines = {
    "Id/IBAN": "iban",
    "Id/Othr/Id": "id",
    "Id/Othr/SchmeNm/Cd": "code",
    "Id/Othr/SchmeNm/Prtry": "own",
    "Id/Othr/Issr": "issuer",
    "Tp/Cd": "type",
    "Ccy": "currency",
    "Nm": "name",
}
AGENT: Lines = {
    "FinInstnId/BICFI": "bic",
    "FinInstnId/BIC": "bic",  # 2009
    "FinInstnId/ClrSysMmbId/ClrSysId/Cd": "clearing_system",
    "FinInstnId/ClrSysMmbId/MmbId": "clearing_member",
    "FinInstnId/LEI": "lei",
    "FinInstnId/Nm": "name",
    **{f"FinInstnId/PstlAdr/{path}": f"address.{attribute}" for path, attribute in ADDRESS.items()},
    "FinInstnId/Othr/Id": "other_id",
    "BrnchId/Id": "branch",
}
BLOCKS: dict[str, Lines] = {"party": PARTY, "account": ACCOUNT, "agent": AGENT}


def block(kind: str, path: str, field: str) -> Lines:
    """A party, an account or an agent at a place."""
    return {f"{path}/{below}": f"{field}.{attribute}" for below, attribute in BLOCKS[kind].items()}


def blocks(places: Iterable[tuple[str, str, str]]) -> Lines:
    """Several of them: (kind, path, field)."""
    return {path: field for place in places for path, field in block(*place).items()}


def money(path: str, field: str) -> Lines:
    """An amount and its currency."""
    return {path: field, f"{path}/@Ccy": f"{field}.currency"}


def reasons(path: str, field: str = "reasons") -> Lines:
    """Why, who says so, and more words: StsRsnInf, RtrRsnInf, CxlRsnInf and their like."""
    return {
        f"{path}*/Rsn/Cd": f"{field}.*.code",
        f"{path}*/Rsn/Prtry": f"{field}.*.proprietary",
        f"{path}*/AddtlInf*": f"{field}.*.text.*",
        **block("party", f"{path}*/Orgtr", f"{field}.*.originator"),
    }


def charges(path: str = "ChrgsInf", field: str = "charges") -> Lines:
    """What was taken, and by whom."""
    lines = money(f"{path}*/Amt", f"{field}.*.amount")
    lines.update(block("agent", f"{path}*/Agt", f"{field}.*.agent"))
    lines.update(block("agent", f"{path}*/Pty", f"{field}.*.agent"))  # 2009
    return lines


GROUP: Lines = {"OrgnlMsgId": "message_id", "OrgnlMsgNmId": "message_type", "OrgnlCreDtTm": "created"}


def original(path: str = "", *, transaction: bool = True, field: str = "original") -> Lines:
    """Which message, and below it which transaction, is meant. `path` ends with a slash or is empty."""
    lines = {f"{path}OrgnlGrpInf/{below}": f"{field}.{attribute}" for below, attribute in GROUP.items()}
    if transaction:
        lines |= {
            f"{path}OrgnlInstrId": f"{field}.instruction_id",
            f"{path}OrgnlEndToEndId": f"{field}.end_to_end_id",
            f"{path}OrgnlTxId": f"{field}.transaction_id",
            f"{path}OrgnlUETR": f"{field}.uetr",
            f"{path}OrgnlClrSysRef": f"{field}.clearing_reference",
            f"{path}OrgnlPmtInfId": f"{field}.batch_id",
            **money(f"{path}OrgnlIntrBkSttlmAmt", f"{field}.amount"),
            **money(f"{path}OrgnlInstdAmt", f"{field}.amount"),
            f"{path}OrgnlIntrBkSttlmDt": f"{field}.settlement_date",
            f"{path}OrgnlReqdExctnDt": f"{field}.settlement_date",
            f"{path}OrgnlReqdExctnDt/Dt": f"{field}.settlement_date",
        }
    return lines


def group(path: str, field: str = "original") -> Lines:
    """The group of an original: OrgnlGrpInfAndSts, OrgnlGrpInfAndCxl. `path` ends with a slash."""
    return {
        **{path + below: f"{field}.{attribute}" for below, attribute in GROUP.items()},
        f"{path}OrgnlNbOfTxs": f"{field}.count",
        f"{path}OrgnlCtrlSum": f"{field}.total",
    }


def below(prefix: str, lines: Mapping[str, str]) -> Lines:
    """The same lines one step further down."""
    return {prefix + path: field for path, field in lines.items()}
