"""Where the elements of payments stand in the canonical model: transfers, debits, returns, reversals, requests."""

from __future__ import annotations

from gateway.formats.iso20022.mapping import (
    Lines,
    below,
    block,
    blocks,
    charges,
    group,
    money,
    original,
    reasons,
)

THREE = ("1", "2", "3")
CHAIN = (
    ("agent", "DbtrAgt", "debtor_agent"),
    ("account", "DbtrAgtAcct", "debtor_agent_account"),
    ("agent", "CdtrAgt", "creditor_agent"),
    ("account", "CdtrAgtAcct", "creditor_agent_account"),
    ("account", "DbtrAcct", "debtor_account"),
    ("account", "CdtrAcct", "creditor_account"),
    *(("agent", f"IntrmyAgt{n}", f"intermediary_agents.{i}") for i, n in enumerate(THREE)),
    *(("account", f"IntrmyAgt{n}Acct", f"intermediary_accounts.{i}") for i, n in enumerate(THREE)),
    *(("agent", f"PrvsInstgAgt{n}", f"previous_agents.{i}") for i, n in enumerate(THREE)),
    ("agent", "PrvsInstgAgt", "previous_agents.0"),  # 2009
)
ULTIMATES = (
    ("party", "UltmtDbtr", "ultimate_debtor"),
    ("party", "InitgPty", "initiating_party"),
    ("party", "UltmtCdtr", "ultimate_creditor"),
)
CUSTOMERS = (*ULTIMATES, ("party", "Dbtr", "debtor"), ("party", "Cdtr", "creditor"))
INSTITUTIONS = (("agent", "Dbtr", "debtor_institution"), ("agent", "Cdtr", "creditor_institution"))
BETWEEN = (("agent", "InstgAgt", "instructing_agent"), ("agent", "InstdAgt", "instructed_agent"))
# Elements of one side or of the whole are written once, for agents and customers with the same name or another.
REIMBURSEMENT = (
    ("account", "SttlmInf/SttlmAcct", "settlement_account"),
    *(
        place
        for number, name in enumerate(("Instg", "Instd", "Thrd"))
        for place in (
            ("agent", f"SttlmInf/{name}RmbrsmntAgt", f"reimbursement_agents.{number}"),
            ("account", f"SttlmInf/{name}RmbrsmntAgtAcct", f"reimbursement_accounts.{number}"),
        )
    ),
)
TYPE: Lines = {
    "PmtTpInf/InstrPrty": "priority",
    "PmtTpInf/SvcLvl*/Cd": "service_level.*",
    "PmtTpInf/LclInstrm/Cd": "local_instrument",
    "PmtTpInf/CtgyPurp/Cd": "category_purpose",
    "PmtTpInf/SeqTp": "mandate.sequence",
}
COMMON: Lines = {
    "PmtId/InstrId": "instruction_id",
    "PmtId/EndToEndId": "end_to_end_id",
    "PmtId/UETR": "uetr",
    **TYPE,
    "Purp/Cd": "purpose",
    "ChrgBr": "charge_bearer",
    "RmtInf/Ustrd*": "remittance.*",
    "RmtInf//": "remittance_structured",
    "InstrForCdtrAgt*/Cd": "instructions_for_creditor_agent.*.code",
    "InstrForCdtrAgt*/InstrInf": "instructions_for_creditor_agent.*.text",
}
NEXT: Lines = {
    "InstrForNxtAgt*/Cd": "instructions_for_next_agent.*.code",
    "InstrForNxtAgt*/InstrInf": "instructions_for_next_agent.*.text",
}
SETTLEMENT: Lines = {
    "SttlmInf/SttlmMtd": "settlement_method",
    "SttlmInf/ClrSys/Cd": "clearing_system",
    **blocks(REIMBURSEMENT),
}
INTERBANK: Lines = {
    **COMMON,
    **NEXT,
    "PmtId/TxId": "transaction_id",
    "PmtId/ClrSysRef": "clearing_reference",
    **money("IntrBkSttlmAmt", "amount"),
    "IntrBkSttlmDt": "settlement_date",
    **money("InstdAmt", "instructed_amount"),
    "XchgRate": "exchange_rate",
    **SETTLEMENT,
    "SttlmTmReq/CLSTm": "settlement_times.CLSTIME",
    "SttlmTmReq/TillTm": "settlement_times.TILTIME",
    "SttlmTmReq/FrTm": "settlement_times.FROTIME",
    "SttlmTmReq/RjctTm": "settlement_times.REJTIME",
    "SttlmTmIndctn/DbtDtTm": "settlement_times.SNDTIME",
    "SttlmTmIndctn/CdtDtTm": "settlement_times.RNCTIME",
    "RgltryRptg/Dtls/Inf*": "regulatory.*",
    **charges(),
    **blocks(BETWEEN),
    **blocks(CHAIN),
}
UNDERLYING: Lines = {
    **{path: field for path, field in COMMON.items() if path.split("/")[0] in ("RmtInf", "InstrForCdtrAgt*")},
    **NEXT,
    **money("InstdAmt", "instructed_amount"),
    **blocks(CHAIN),
    **blocks(CUSTOMERS),
}
CREDIT_TRANSFER: Lines = {**INTERBANK, **blocks(CUSTOMERS)}
FI_TRANSFER: Lines = {
    **INTERBANK,
    **blocks(INSTITUTIONS),
    **{f"UndrlygCstmrCdtTrf/{path}": f"underlying.{field}" for path, field in UNDERLYING.items()},
}
INITIATED: Lines = {
    **COMMON,
    "PmtInfId": "batch_id",
    "RgltryRptg/Dtls/Inf*": "regulatory.*",
    **money("Amt/InstdAmt", "amount"),
    **money("Amt/EqvtAmt/Amt", "amount"),
    "ReqdExctnDt": "settlement_date",
    "ReqdExctnDt/Dt": "settlement_date",
    "InstrForDbtrAgt": "instructions_for_next_agent.0.text",
    "InstrForDbtrAgt/Cd": "instructions_for_next_agent.0.code",
    "InstrForDbtrAgt/InstrInf": "instructions_for_next_agent.0.text",
    **blocks(CHAIN),
    **blocks(CUSTOMERS),
}
_CREDITOR_ID = {
    "CdtrSchmeId/Id/PrvtId/Othr/Id": "mandate.creditor_scheme_id",
    "DrctDbtTx/CdtrSchmeId/Id/PrvtId/Othr/Id": "mandate.creditor_scheme_id",
    "CdtrSchmeId/Id/PrvtId/Othr/SchmeNm/Prtry": "mandate.creditor_scheme",
    "DrctDbtTx/CdtrSchmeId/Id/PrvtId/Othr/SchmeNm/Prtry": "mandate.creditor_scheme",
}
DEBIT: Lines = {
    "DrctDbtTx/MndtRltdInf/MndtId": "mandate.id",
    "DrctDbtTx/MndtRltdInf/DtOfSgntr": "mandate.signed",
    "DrctDbtTx/MndtRltdInf/ElctrncSgntr": "mandate.signature",
    "DrctDbtTx/MndtRltdInf/AmdmntInfDtls//": "mandate.amended",
    **_CREDITOR_ID,
}
# A direct debit is read between institutions (pacs.003) and from customers (pain.008).
DIRECT_DEBIT: Lines = {
    **INTERBANK,
    **DEBIT,
    **blocks(CUSTOMERS),
}
COLLECTION: Lines = {
    **COMMON,
    "RgltryRptg/Dtls/Inf*": "regulatory.*",
    **DEBIT,
    "PmtInfId": "batch_id",
    **money("InstdAmt", "amount"),
    "ReqdColltnDt": "settlement_date",
    **blocks(CHAIN),
    **blocks(CUSTOMERS),
}
FI_DEBIT: Lines = {
    **INTERBANK,
    "CdtId": "batch_id",
    "InstrForDbtrAgt": "instructions_for_next_agent.0.text",
    **blocks(INSTITUTIONS),
}


def _given_back(word: str) -> Lines:
    """What returns and reversals share; `word` is Rtr or Rvs, as in RtrdIntrBkSttlmAmt and RvsdIntrBkSttlmAmt."""
    return {
        **money(f"{word}dIntrBkSttlmAmt", "amount"),
        "IntrBkSttlmDt": "settlement_date",
        **money(f"{word}dInstdAmt", "instructed_amount"),
        "XchgRate": "exchange_rate",
        "ChrgBr": "charge_bearer",
        "ClrSysRef": "clearing_reference",
        **charges(),
        **SETTLEMENT,
        **blocks(BETWEEN),
        **original(),
        **below("/", original(transaction=False)),
    }


_RETURN_CHAIN = (
    *((kind, f"RtrChain/{path}/Pty", field) for kind, path, field in CUSTOMERS),
    *((kind, f"RtrChain/{path}/Agt", field) for kind, path, field in INSTITUTIONS),
    *(
        (kind, f"RtrChain/{path}", field)
        for kind, path, field in CHAIN
        if path.startswith(("DbtrAgt", "CdtrAgt", "IntrmyAgt", "PrvsInstgAgt", "DbtrAcct", "CdtrAcct"))
    ),
)
RETURN: Lines = {
    **_given_back("Rtr"),
    "RtrId": "transaction_id",
    **reasons("RtrRsnInf"),
    **blocks(_RETURN_CHAIN),
    **below("/", group("OrgnlGrpInf/")),
    **below("/", reasons("OrgnlGrpInf/RtrRsnInf")),
}
REVERSAL: Lines = {
    **_given_back("Rvs"),
    "RvslId": "transaction_id",
    **reasons("RvslRsnInf"),
    **below("/", group("OrgnlGrpInf/")),
    **below("/", reasons("OrgnlGrpInf/RvslRsnInf")),
}
CUSTOMER_REVERSAL: Lines = {
    "RvslId": "transaction_id",
    **money("RvsdInstdAmt", "amount"),
    "ChrgBr": "charge_bearer",
    **original(),
    **reasons("RvslRsnInf"),
    **below("/", group("OrgnlGrpInf/")),
    **below("/", reasons("OrgnlGrpInf/RvslRsnInf")),
    "OrgnlPmtInfAndRvsl/RvslPmtInfId": "batch_id",
    "OrgnlPmtInfAndRvsl/OrgnlPmtInfId": "original.batch_id",
    "OrgnlPmtInfAndRvsl/OrgnlNbOfTxs": "original.count",
    "OrgnlPmtInfAndRvsl/OrgnlCtrlSum": "original.total",
    **below("OrgnlPmtInfAndRvsl/", reasons("RvslRsnInf")),
    **block("party", "/GrpHdr/InitgPty", "initiating_party"),
    **block("agent", "/GrpHdr/DbtrAgt", "debtor_agent"),
    **block("agent", "/GrpHdr/CdtrAgt", "creditor_agent"),
}
