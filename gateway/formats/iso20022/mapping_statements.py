"""Where the elements of account reports, statements and notifications stand in the canonical model."""

from __future__ import annotations

from gateway.formats.iso20022.mapping import Lines, block, blocks, charges, money
from gateway.formats.iso20022.mapping_payments import BETWEEN, CHAIN, CUSTOMERS, INSTITUTIONS

BALANCE: Lines = {
    "Tp/CdOrPrtry/Cd": "type",
    "Tp/CdOrPrtry/Prtry": "proprietary",
    "Tp/SubTp/Cd": "subtype",
    **money("Amt", "amount"),
    "CdtDbtInd": "credit",
    "Dt/Dt": "date",
    "Dt/DtTm": "date",
}
STATEMENT: Lines = {
    "Id": "id",
    "ElctrncSeqNb": "electronic_number",
    "LglSeqNb": "legal_number",
    "CreDtTm": "created",
    "FrToDt/FrDtTm": "begin",
    "FrToDt/ToDtTm": "end",
    **block("account", "Acct", "account"),
    **block("party", "Acct/Ownr", "owner"),
    **block("agent", "Acct/Svcr", "servicer"),
    **{f"Bal*/{path}": f"balances.*.{field}" for path, field in BALANCE.items()},
    "Bal*//CdtLine": "balances.*.lines",
    "Bal*//Avlbty": "balances.*.lines",
    "TxsSummry//": "totals",
    **{f"Addtl{name}Inf": "information.0" for name in ("Stmt", "Rpt", "Ntfctn")},
    **{f"{name}Pgntn/PgNb": "page" for name in ("Stmt", "Rpt", "Ntfctn")},
    **{f"{name}Pgntn/LastPgInd": "last_page" for name in ("Stmt", "Rpt", "Ntfctn")},
    # Before statements had pages of their own, the group header had them.
    "/GrpHdr/MsgPgntn/PgNb": "page",
    "/GrpHdr/MsgPgntn/LastPgInd": "last_page",
    "/GrpHdr/OrgnlBizQry/MsgId": "related_id",
}
ENTRY: Lines = {
    "NtryRef": "reference",
    **money("Amt", "amount"),
    "CdtDbtInd": "credit",
    "RvslInd": "reversal",
    "Sts": "status",
    "Sts/Cd": "status",
    "BookgDt/Dt": "booking_date",
    "BookgDt/DtTm": "booking_date",
    "ValDt/Dt": "value_date",
    "ValDt/DtTm": "value_date",
    "AcctSvcrRef": "servicer_reference",
    "BkTxCd/Domn/Cd": "domain",
    "BkTxCd/Domn/Fmly/Cd": "family",
    "BkTxCd/Domn/Fmly/SubFmlyCd": "subfamily",
    "BkTxCd/Prtry/Cd": "proprietary_code",
    "BkTxCd/Prtry/Issr": "proprietary_issuer",
    **charges("Chrgs/Rcrd"),
    "AddtlNtryInf": "information.0",
    "NtryDtls/Btch//": "batch",
}
_PARTIES = (*CUSTOMERS, ("account", "DbtrAcct", "debtor_account"), ("account", "CdtrAcct", "creditor_account"))
_AGENTS = (
    *BETWEEN,
    *((kind, path, field) for kind, path, field in CHAIN if kind == "agent" and not path.startswith("Prvs")),
)
DETAIL: Lines = {
    "Refs/AcctSvcrRef": "clearing_reference",
    "Refs/PmtInfId": "batch_id",
    "Refs/InstrId": "instruction_id",
    "Refs/EndToEndId": "end_to_end_id",
    "Refs/UETR": "uetr",
    "Refs/TxId": "transaction_id",
    "Refs/MndtId": "mandate.id",
    "Refs/MsgId": "original.message_id",
    **money("Amt", "amount"),
    **money("AmtDtls/TxAmt/Amt", "amount"),
    **money("AmtDtls/InstdAmt/Amt", "instructed_amount"),
    "AmtDtls/InstdAmt/CcyXchg/XchgRate": "exchange_rate",
    **charges("Chrgs/Rcrd"),
    **blocks((kind, f"RltdPties/{path}/Pty", field) for kind, path, field in CUSTOMERS),
    **blocks((kind, f"RltdPties/{path}/Agt", field) for kind, path, field in INSTITUTIONS),
    **blocks((kind, f"RltdPties/{path}", field) for kind, path, field in _PARTIES),
    **blocks((kind, f"RltdAgts/{path}", field) for kind, path, field in _AGENTS),
    "Purp/Cd": "purpose",
    "RmtInf/Ustrd*": "remittance.*",
    "RmtInf//": "remittance_structured",
    "RltdDts/IntrBkSttlmDt": "settlement_date",
    "RtrInf/Rsn/Cd": "reasons.0.code",
    "RtrInf/Rsn/Prtry": "reasons.0.proprietary",
    "RtrInf/AddtlInf*": "reasons.0.text.*",
    **block("party", "RtrInf/Orgtr", "reasons.0.originator"),
}
