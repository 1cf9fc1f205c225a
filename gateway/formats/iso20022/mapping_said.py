"""Where the elements of what is only said stand in the canonical model: reports, cases, notices."""

from __future__ import annotations

from gateway.formats.iso20022.mapping import (
    GROUP,
    Lines,
    below,
    block,
    group,
    money,
    original,
    reasons,
)

# --- reports ------------------------------------------------------------------------------------

_STATUS: Lines = {
    "StsId": "id",
    "TxSts": "status",
    **reasons("StsRsnInf"),
    "AccptncDtTm": "accepted",
    "ChrgsInf*//": "charges.*",
    "OrgnlTxRef//": "payment",
    **original(),
    **below("/", group("OrgnlGrpInfAndSts/")),
    "/OrgnlGrpInfAndSts/GrpSts": "status",
    **below("/", reasons("OrgnlGrpInfAndSts/StsRsnInf")),
}
PAYMENT_STATUS: Lines = {
    **_STATUS,
    **block("agent", "InstgAgt", "instructing_agent"),
    **block("agent", "InstdAgt", "instructed_agent"),
    **block("agent", "/GrpHdr/InstgAgt", "instructing_agent"),
    **block("agent", "/GrpHdr/InstdAgt", "instructed_agent"),
}
CUSTOMER_STATUS: Lines = {
    **_STATUS,
    "OrgnlPmtInfAndSts/OrgnlPmtInfId": "original.batch_id",
    "OrgnlPmtInfAndSts/PmtInfSts": "status",
    **below("OrgnlPmtInfAndSts/", reasons("StsRsnInf")),
}
REJECTED: Lines = {
    "RltdRef/Ref": "original.message_id",
    "Rsn/RjctgPtyRsn": "reasons.0.proprietary",
    "Rsn/RsnDesc": "reasons.0.text.0",
    "Rsn/RjctnDtTm": "accepted",
}
RECEIPT: Lines = {
    "RltdRef/Ref": "original.message_id",
    "RltdRef/MsgNm": "original.message_type",
    "ReqHdlg/StsCd": "status",
    "ReqHdlg/StsDtTm": "accepted",
    "ReqHdlg/Desc": "reasons.0.text.0",
}

# --- cases --------------------------------------------------------------------------------------


def _case(path: str) -> Lines:
    return {
        f"{path}/Id": "id",
        **block("agent", f"{path}/Cretr/Agt", "creator"),
    }


ASSIGNMENT: Lines = {
    "Assgnmt/Id": "assignment_id",
    "Assgnmt/CreDtTm": "created",
    **block("agent", "Assgnmt/Assgnr/Agt", "assigner"),
    **block("agent", "Assgnmt/Assgne/Agt", "assignee"),
}
CANCELLATION: Lines = {
    **below("/", ASSIGNMENT),
    **below("/", _case("Case")),
    **_case("Case"),
    **below("Undrlyg/OrgnlGrpInfAndCxl/", _case("Case")),
    "CxlId": "cancellation_id",
    **original(),
    **group("Undrlyg/OrgnlGrpInfAndCxl/"),
    "Undrlyg/OrgnlGrpInfAndCxl/NbOfTxs": "original.count",
    "Undrlyg/OrgnlGrpInfAndCxl/CtrlSum": "original.total",
    **reasons("CxlRsnInf"),
    **reasons("Undrlyg/OrgnlGrpInfAndCxl/CxlRsnInf"),
    "OrgnlTxRef//": "payment",
}
CUSTOMER_CANCELLATION: Lines = {
    **CANCELLATION,
    "OrgnlPmtInfAndCxl/OrgnlPmtInfId": "original.batch_id",
    **below("OrgnlPmtInfAndCxl/", original(transaction=False)),
    **below("OrgnlPmtInfAndCxl/", reasons("CxlRsnInf")),
}
RESOLUTION: Lines = {
    **below("/", ASSIGNMENT),
    **below("/", _case("RslvdCase")),
    **below("/", _case("Case")),
    **_case("RslvdCase"),
    "CxlStsId": "cancellation_id",
    "/Sts/Conf": "status",
    "/Sts/Conf/Cd": "status",
    "TxCxlSts": "transaction_status",
    **original(),
    **group("CxlDtls/OrgnlGrpInfAndSts/"),
    **reasons("CxlStsRsnInf"),
    **reasons("CxlDtls/OrgnlGrpInfAndSts/CxlStsRsnInf"),
    **money("RsltnRltdInf/IntrBkSttlmAmt", "amount"),
    "OrgnlTxRef//": "payment",
}
STATUS_REQUEST: Lines = {
    "StsReqId": "id",
    **original(),
    **{f"/OrgnlGrpInf/{path}": f"original.{field}" for path, field in GROUP.items()},
    "/OrgnlGrpInf/OrgnlNbOfTxs": "original.count",
    "/OrgnlGrpInf/OrgnlCtrlSum": "original.total",
    **block("agent", "InstgAgt", "assigner"),
    **block("agent", "InstdAgt", "assignee"),
    **block("agent", "/GrpHdr/InstgAgt", "assigner"),
    **block("agent", "/GrpHdr/InstdAgt", "assignee"),
    "OrgnlTxRef//": "payment",
}
_SETTLED = ("original.amount", "original.settlement_date")
INQUIRY: Lines = {
    **ASSIGNMENT,
    **_case("Case"),
    **original("Undrlyg/IntrBk/"),
    # An instructed amount and a requested date are not those of settlement: they are kept where they stand.
    **{path: field for path, field in original("Undrlyg/Initn/").items() if not field.startswith(_SETTLED)},
    **{f"Undrlyg/StmtNtry/OrgnlGrpInf/{path}": f"original.{field}" for path, field in GROUP.items()},
    "Undrlyg/StmtNtry/OrgnlUETR": "original.uetr",
    "Undrlyg/IntrBk/OrgnlTxRef//": "payment",
    "InstrForAssgne/InstrInf": "text.0",
    "Justfn/MssngOrIncrrctInf/IncrrctInf*/AddtlIncrrctInf": "text.*",
}
# --- notices ------------------------------------------------------------------------------------

_KEEPER = (
    ("account", "Acct", "account"),
    ("party", "AcctOwnr/Pty", "owner"),
    ("agent", "AcctSvcr", "agent"),
)
_EXPECTED: Lines = {
    **{path: field for place in _KEEPER[:2] for path, field in block(*place).items()},
    **block("agent", "AcctSvcr", "servicer"),
    "XpctdValDt": "date",
    **block("party", "Dbtr/Pty", "payer"),
    **block("agent", "DbtrAgt", "agent"),
    **block("agent", "IntrmyAgt", "intermediary"),
}
_NAMED: Lines = {"EndToEndId": "original.end_to_end_id", "UETR": "original.uetr"}
RECEIPT_EXPECTED: Lines = {
    "Id": "id",
    **_NAMED,
    **money("Amt", "amount"),
    **_EXPECTED,
    **below("Ntfctn/", _EXPECTED),
    "Ntfctn/Id": "group_id",
    "/GrpHdr/CreDtTm": "created",
}
RECEIPT_CANCELLED: Lines = {
    "OrgnlItmId": "id",
    "OrgnlEndToEndId": "original.end_to_end_id",
    "UETR": "original.uetr",
    "OrgnlUETR": "original.uetr",
    **money("Amt", "amount"),
    "XpctdValDt": "date",
    **below("OrgnlNtfctnRef/", _EXPECTED),
    "OrgnlNtfctn/OrgnlMsgId": "original.message_id",
    "OrgnlNtfctn/OrgnlCreDtTm": "original.created",
    "OrgnlNtfctn/OrgnlNtfctnId": "original.batch_id",
    "/GrpHdr/CreDtTm": "created",
}
STATEMENT_REQUEST: Lines = {
    "Id": "id",
    "ReqdMsgNmId": "requested",
    **{path: field for place in _KEEPER for path, field in block(*place).items()},
    "RptgPrd/FrToDt/FrDt": "date",
    **money("ReqdTxTp/FlrLmt*/Amt", "floors.*.amount"),
    "ReqdTxTp/FlrLmt*/CdtDbtInd": "floors.*.side",
    "/GrpHdr/CreDtTm": "created",
}
_EVENT: Lines = {"EvtCd": "result", "EvtParam*": "text.*", "EvtTm": "created"}
SYSTEM_EVENT: Lines = below("EvtInf/", _EVENT)
EVENT_ACKNOWLEDGED: Lines = {"MsgId": "id", "OrgtrRef": "original.message_id", **below("AckDtls/", _EVENT)}


def _identified(path: str) -> Lines:
    return {
        **block("party", f"{path}/Pty", "owner"),
        **block("account", f"{path}/Acct", "account"),
        f"{path}/Acct/IBAN": "account.iban",  # the second edition has the choice itself here
        f"{path}/Acct/Othr/Id": "account.id",
        **block("agent", f"{path}/Agt", "agent"),
    }


VERIFICATION: Lines = {
    "Id": "id",
    **_identified("PtyAndAcctId"),
    "/Assgnmt/CreDtTm": "created",
}
VERIFIED: Lines = {
    "OrgnlId": "id",
    "Vrfctn": "result",
    "Rsn/Cd": "text.0",
    **_identified("OrgnlPtyAndAcctId"),
    "/OrgnlAssgnmt/MsgId": "original.message_id",
    "/OrgnlAssgnmt/CreDtTm": "original.created",
    "/Assgnmt/CreDtTm": "created",
}
_CHARGED: Lines = {
    "UndrlygTx/MsgId": "original.message_id",
    "UndrlygTx/MsgNmId": "original.message_type",
    "UndrlygTx/InstrId": "original.instruction_id",
    "UndrlygTx/EndToEndId": "original.end_to_end_id",
    "UndrlygTx/UETR": "original.uetr",
    "UndrlygTx/TxId": "original.transaction_id",
}
CHARGES: Lines = {
    "GrpHdr/MsgId": "assignment_id",
    "GrpHdr/CreDtTm": "created",
    **block("agent", "GrpHdr/ChrgsRqstr", "creator"),
    **block("account", "GrpHdr/ChrgsAcct", "account"),
    "Chrgs/Sngl/ValDt/Dt": "date",
    "Chrgs/PerTx/Rcrd/ValDt/Dt": "date",
    "Chrgs/Sngl/ChrgsId": "id",
    **money("Chrgs/Sngl/Amt", "amount"),
    **below("Chrgs/Sngl/", _CHARGED),
    "Chrgs/Sngl/AddtlInf": "text.0",
    "Chrgs/PerTx/ChrgsId": "id",
    **below("Chrgs/PerTx/Rcrd/", _CHARGED),
    **money("Chrgs/PerTx/Rcrd/TtlChrgsPerRcrd/TtlChrgsAmt", "amount"),
    "Chrgs/PerTx/AddtlInf": "text.0",
}
