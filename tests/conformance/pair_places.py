"""Which element of ISO 20022 a field of notices, statements and cases may stand in: the tables of the reference.

Of these messages the reference leaves the place open in parts (21 of a 210 is the item's id or its end-to-end id, the
account stands with the notification or its item), so two translations may differ and both be right. A difference is
right by these tables when the text is one of the source, and its place is one that the field has there. Transfers are
not here: their places are exact.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tests.conformance.carried import fin_pieces, found_in, writings
from tests.conformance.loss_names import PLACES
from tests.conformance.sides import Leaves, same

_NOTICE = {  # sections 0 and 7: 210, 900, 910, 920
    "20": r"(GrpHdr/MsgId|Ntfctn/Id|RptgReq/Id|AppHdr/BizMsgIdr|Ntry/AcctSvcrRef)",  # the servicer's own name of it
    "21": r"(Itm/(Id|EndToEndId)|Refs/(EndToEndId|InstrId))",
    "25": r"(Acct/(Id|Ownr)/.*|AcctOwnr/.*)",
    "30": r"XpctdValDt",
    "13": r"(Ntfctn/CreDtTm|GrpHdr/CreDtTm|BookgDt/DtTm)",
    "32": r"(Ntry|Itm|TxDtls|Ntfctn)/(Amt|Amt/@Ccy|TtlAmt|TtlAmt/@Ccy)|(ValDt|BookgDt)/Dt|IntrBkSttlmDt|XpctdValDt|Acct/Ccy",
    "50": r"(Ntfctn|Itm|RltdPties)/Dbtr(/Pty)?/.*|DbtrAcct/Id/.*",
    "52": r"(Ntfctn|Itm|RltdAgts)/DbtrAgt/.*|RltdPties/Dbtr/Agt/.*|(Ntfctn|Itm)/Dbtr/Agt/.*",
    "56": r"(Ntfctn|Itm)/IntrmyAgt/.*|RltdAgts/IntrmyAgt1/.*",
    "72": r"(AddtlNtryInf|AddtlTxInf|RmtInf/Ustrd)",
    "12": r"ReqdMsgNmId",
    "34": r"FlrLmt/.*",
    "{1}": r"(AcctOwnr|AcctSvcr|Svcr|Acct/Ownr|Acct/Svcr)/.*",
    "{2}": r"(AcctOwnr|AcctSvcr|Svcr|Acct/Ownr|Acct/Svcr)/.*",
    "{121}": r"UETR",
}
_STATEMENT = {  # section 8: 940, 941, 942, 950
    "20": r"(GrpHdr/MsgId|(Stmt|Rpt)/Id|AppHdr/BizMsgIdr)",
    "21": r"OrgnlBizQry/MsgId",
    "25": r"Acct/(Id|Ownr)/.*",
    "28": r"(LglSeqNb|ElctrncSeqNb|Pgntn/PgNb)",
    "13": r"(Stmt|Rpt)/(CreDtTm|FrToDt/.*)",
    "60": r"Bal/.*|Acct/Ccy",
    "62": r"Bal/.*",
    "64": r"Bal/.*",
    "65": r"Bal/.*",
    "34": r"TxsSummry/.*",
    "90": r"TxsSummry/.*",
    "61": r"Ntry/(Amt.*|ValDt/Dt|BookgDt/Dt|AcctSvcrRef|BkTxCd/Prtry/Cd|NtryDtls/TxDtls/(Refs/.*|Amt.*|AddtlTxInf|RmtInf/Ustrd)|AddtlNtryInf)",
    "86": r"(AddtlNtryInf|AddtlStmtInf|AddtlRptInf|TxDtls/RmtInf/Ustrd|TxDtls/AddtlTxInf|TxDtls/Refs/.*)",
}
_CASE = {  # section 9: n92, n96, n99
    "20": r"(Assgnmt/Id|CxlId|CxlStsId|StsId|Case/Id|GrpHdr/MsgId)",
    "21": r"(OrgnlInstrId|OrgnlMsgId|OrgnlEndToEndId|RslvdCase/Id|OrgnlItmId|OrgnlNtfctnId)",
    "11": r"OrgnlGrpInf/Orgnl(MsgNmId|CreDtTm)|OrgnlClrSysRef|OrgnlCreDtTm",
    "32": r"OrgnlIntrBkSttlm(Amt|Amt/@Ccy|Dt)|OrgnlItm/Amt.*",
    "50": r"OrgnlTxRef/(Dbtr|DbtrAcct)/.*|OrgnlNtfctnRef/Dbtr/.*",
    "52": r"OrgnlTxRef/DbtrAgt/.*|OrgnlNtfctnRef/DbtrAgt/.*",
    "57": r"OrgnlTxRef/CdtrAgt/.*",
    "59": r"OrgnlTxRef/(Cdtr|CdtrAcct)/.*",
    "70": r"OrgnlTxRef/RmtInf/Ustrd|OrgnlEndToEndId",
    "76": r"(Sts/Conf|CxlStsRsnInf/(Rsn/Cd|AddtlInf))",
    "77": r"(CxlStsRsnInf/AddtlInf|OrgnlUETR)",
    "79": r"(CxlRsnInf|CxlStsRsnInf|StsRsnInf|CxlRsn)/(Rsn/Cd|AddtlInf)|OrgnlUETR|Orgnl(MsgId|InstrId|EndToEndId)",
    "{1}": r"(AcctOwnr|AcctSvcr)/.*",
    "{2}": r"(AcctOwnr|AcctSvcr)/.*",
    "{121}": r"(OrgnlUETR|OrgnlItm/UETR)",
}
TABLES: Mapping[str, Mapping[str, str]] = {
    **dict.fromkeys(("210", "900", "910", "920"), _NOTICE),
    **dict.fromkeys(("940", "941", "942", "950"), _STATEMENT),
    **{f"{category}{group}": _CASE for category in "12" for group in ("92", "96", "99")},
}


def stands_right(path: str, text: str, source: Leaves) -> bool:
    """Whether a text is one of a FIN source, at a place that its field has by the tables."""
    table = TABLES.get(source.get("{2} type", ""), {})
    bare = PLACES.sub("", path)
    return any(_is(tag, text, source) for tag, place in table.items() if re.search(rf"(^|/)(?:{place})\Z", bare))


def _is(tag: str, text: str, source: Leaves) -> bool:
    """Whether a field says a text: whole, or as one of its parts."""
    held = {
        path: value
        for path, value in source.items()
        if path.startswith(f":{tag}" if tag.isdigit() else tag) and path != "{2} type"
    }
    if any(same(text, piece) for _, piece in fin_pieces(held)):
        return True
    return any(one == part for one in writings(text) for _, piece in fin_pieces(held) for part in writings(piece)) or (
        len(text) > 5 and found_in(text, held)
    )


def moved(expected: str, ours: Leaves, source: Leaves) -> bool:
    """Whether our side says a text at another place, which is one that its field has."""
    return any(same(expected, text) and stands_right(path, text, source) for path, text in ours.items())


def is_of_the_source(path: str, value: str, source: Leaves, written: Leaves) -> bool:
    """Whether every part of a FIN field comes from an element of the source that the field has by the tables."""
    table = TABLES.get(written.get("{2} type", ""), {})
    places = [place for tag, place in table.items() if path.startswith(f":{tag}" if tag.isdigit() else tag)]
    pieces = [piece for _, piece in fin_pieces({path: value})]
    return bool(pieces) and all(
        any(
            re.search(rf"(^|/)(?:{place})\Z", PLACES.sub("", name)) and found_in(piece.removesuffix("+"), {name: text})
            for place in places
            for name, text in source.items()
        )
        for piece in pieces
    )
