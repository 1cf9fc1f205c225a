"""Why our translation may differ from the expected one of a pair: rules, each narrow, each with its reason.

The expected sides are the output of one implementation with known deviations. A rule names the path it is about
and the condition under which it holds; whatever no rule explains is wrong. Section numbers are those of the
translation rules in the shared reference.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from msgspec import Struct

from tests.conformance import pair_known as known
from tests.conformance.pair_places import is_of_the_source, moved, stands_right
from tests.conformance.sides import Leaves, same


class Difference(Struct, frozen=True):
    """One place where the two outputs differ; "" stands for absent."""

    path: str
    expected: str
    ours: str
    all_expected: Leaves
    all_ours: Leaves
    source: Leaves


class Rule(Struct, frozen=True):
    """When a difference is right."""

    id: str
    path: re.Pattern[str]
    holds: Callable[[Difference], bool]
    why: str
    reference: str


def _sibling(difference: Difference, name: str) -> str:
    base = difference.path.rpartition("/")[0]
    return f"{base}/{name}"


def _street(one: Difference) -> bool:
    street, line = _sibling(one, "StrtNm"), _sibling(one, "AdrLine")
    return (
        same(one.all_expected.get(line, ""), one.all_ours.get(street, ""))
        and line not in one.all_ours
        and street not in one.all_expected
    )


def _ours_in_remittance(one: Difference) -> bool:
    id = next((text for path, text in one.all_ours.items() if path.endswith("PmtId/EndToEndId")), "")
    return not one.ours and one.expected == f"/ROC/{id}"


def _field(one: Difference, path: str) -> str:
    return one.source.get(path, "").partition("\n")[2]


_TYPE_61 = re.compile(r"([CD][\d,]+)[NSF][A-Z0-9]{3}(\S+?)(//\S+)?$", re.DOTALL)


def _entry(one: Difference) -> bool:
    """Day, side and amount are the same; type, references and what follows may be more."""
    found = [_TYPE_61.search(text.partition("\n")[2][6:].partition("\n")[0]) for text in (one.expected, one.ours)]
    if found[0] is None or found[1] is None or one.expected[1:7] != one.ours[1:7]:
        return False
    return found[0][1] == found[1][1] and (
        found[0][2] == found[1][2] or any(text.startswith(found[1][2]) for text in one.source.values())
    )


def _said(one: Difference) -> bool:
    """Whether every line of ours is a text of the source, cut or with its digit."""
    lines = [re.sub(r"^([1-8]/)?([A-Z]{2}/)?", "", line).rstrip("+") for line in one.ours.split("\n")[1:]]
    return all(line == "/NOTPROVIDED" or any(text.startswith(line) for text in one.source.values()) for line in lines)


def _fields(one: Difference, path: str) -> list[str]:
    """The values of a field that comes again."""
    return [text.partition("\n")[2] for name, text in one.source.items() if name.startswith(path)]


def _behind_a_slash(text: str, source: Leaves) -> Iterator[bool]:
    """Whether 72 or 79 says a code, or the words behind one."""
    for path, value in source.items():
        if path.startswith((":72a:", ":79a:")):
            yield f"/{text}" in value


def type_is_of_the_line(one: Difference) -> bool:
    """Whether our type of an entry is the one of its own line; what it means in ISO codes stands beside it."""
    entry = one.path.partition("/BkTxCd/")[0]
    number = re.search(r"\[\d+\]$", entry)
    line = one.source.get(":61a:" + (number[0] if number else ""), "")
    found = re.match(r"\n\d{6}(?:\d{4})?(?:RC|RD|C|D)[A-Z]?[\d,]+([NSF][A-Z0-9]{3})", line)
    own, issuer = (one.all_ours.get(f"{entry}/BkTxCd/Prtry/{name}") for name in ("Cd", "Issr"))
    return found is not None and (own, issuer) == (found[1], "SWIFT")


# What a confirmation is named by: field, and the elements that it may come from.
_CONFIRMED = {
    ":20a:": r"(NtryRef|AcctSvcrRef|Ntfctn/Id)$",
    ":21a:": r"Refs/(EndToEndId|InstrId|TxId)$",
    "{121}": r"Refs/UETR$",
}


def _numbered(one: Difference) -> bool:
    if one.path.startswith(":"):
        return (
            one.expected.split("\n")[1:] == one.ours.split("\n")[1:]
            and one.ours.startswith("F\n")
            and "\n1/" in one.expected
        )
    lines = _field(one, ":59a:").split("\n")
    return any(line[:2] in ("1/", "2/", "3/") and (one.ours or one.expected[-9:]) in line for line in lines)


RULES = (
    Rule(
        "generated-time",
        re.compile(r"(CreDt|CreDtTm)$"),
        lambda one: one.expected == "CURRENT_TIME",
        "the source says no time, so each translator writes its own",
        "section 13, point 8",
    ),
    Rule(
        "century",
        re.compile(r"(Dt|Tm)$"),
        lambda one: (
            one.expected[:2] == "20"
            and one.ours[:2] == "19"
            and one.expected[2:19] == one.ours[2:19]
            and one.ours[2:4] >= "80"
        ),
        "years 80 to 99 of six digits are of the last century",
        "section 2, dates",
    ),
    Rule(
        "street",
        re.compile(r"PstlAdr/(StrtNm|AdrLine)$"),
        _street,
        "the one line 2/ of option F is a street: structured, where the other writes an address line",
        "section 4, 50F `2/` StrtNm or AdrLine; structured addresses since November 2026",
    ),
    Rule(
        "roc-once",
        re.compile(r"RmtInf/Ustrd$"),
        _ours_in_remittance,
        "the end-to-end id of /ROC/ is taken out of the remittance; the other leaves it there too",
        "section 5, field 70; section 13, point 4",
    ),
    Rule(
        "word-is-the-element",
        re.compile(r"InstrFor(NxtAgt|CdtrAgt)(\[\d+\])?/InstrInf$"),
        lambda one: one.expected == ("/REC/" if "NxtAgt" in one.path else "/ACC/") + one.ours,
        "/REC/ and /ACC/ say which element it is, and are not part of its text",
        "section 5, field 72",
    ),
    Rule(
        "generated-uetr",
        re.compile(r"PmtId/UETR$"),
        lambda one: not one.expected and "{121}" not in one.source,
        "between banks a transfer has a UETR; without {121:} one is made, and the report says so (T20087)",
        "section 1, {121:}",
    ),
)

RULES += (
    Rule(
        "nothing-invented",
        re.compile(r"^(AppHdr|Document)/"),
        lambda one: one.expected == "NOTPROVIDED" and (not one.ours or stands_right(one.path, one.ours, one.source)),
        "what the source does not say is left out, or said by what it does say",
        "section 13; section 9, n92",
    ),
    Rule(
        "by-the-tables",
        re.compile(r"^(AppHdr|Document)/"),
        lambda one: (
            moved(one.expected, one.all_ours, one.source)
            if not one.ours
            else not one.expected and stands_right(one.path, one.ours, one.source)
        ),
        "the field stands in another element, which the tables give to it; or the other leaves it out",
        "sections 7, 8 and 9; section 13, point 1",
    ),
    Rule(
        "kept-by-the-tables",
        re.compile(r"^(:|\{121\})"),
        lambda one: not one.expected and is_of_the_source(one.path, one.ours, one.source, one.all_ours),
        "the element stands in the field that the tables give to it; the other leaves it out in silence",
        "sections 7 and 8; section 13, point 1",
    ),
    Rule(
        "identifier-invented",
        re.compile(r"Othr/SchmeNm/(Cd|Prtry)$"),
        lambda one: not one.ours and one.all_expected.get(one.path.partition("SchmeNm")[0] + "Id") == "NOTPROVIDED",
        "the scheme of an identifier that is none",
        "section 13",
    ),
    Rule(
        "charge-bearer-invented",
        re.compile(r"/ChrgBr$"),
        lambda one: not one.ours and not any(path.startswith(":71a:") for path in one.source),
        "a message without 71A says no charge bearer",
        "section 9; reason codes, returns",
    ),
    Rule(
        "reason-told",
        re.compile(r"(StsRsnInf|RtrRsnInf)/(Rsn/Cd|AddtlInf)$"),
        lambda one: (
            one.expected in ("XT99", "NARR", "/CHGS/") and any(_behind_a_slash(one.ours, one.source))
            if one.ours
            else one.expected in one.all_ours.values()
        ),
        "XT99 is no ISO code: the code behind it is the reason; /CHGS/ is no reason",
        "reason codes, XT99",
    ),
    Rule(
        "rejection-is-no-original",
        re.compile(r"TxInfAndSts/OrgnlGrpInf/OrgnlMsgNmId$"),
        lambda one: one.expected == f"MT{one.source['{2} type']}",
        "the type of the rejection is not that of what it rejects",
        "section 9, n99 reject",
    ),
    Rule(
        "number-of-statement",
        re.compile(r"/(ElctrncSeqNb|LglSeqNb|PgNb|LastPgInd)$"),
        lambda one: (
            one.expected in _field(one, ":28a:").replace("/", "\n").split("\n")
            or (one.expected in ("1", "true") and "/" not in _field(one, ":28a:"))
            or one.ours in _field(one, ":28a:").replace("/", "\n").split("\n")
        ),
        "28C is the number and the page of a statement; they are not said twice, nor made up",
        "section 8, 28C",
    ),
    Rule(
        "no-iban",
        re.compile(r"/Acct/Id/(IBAN|Othr/Id|Othr/SchmeNm/Cd)$"),
        lambda one: one.expected == "BBAN" or (one.expected or one.ours) == _field(one, ":25a:"),
        "an account whose check digits are wrong is no IBAN; what scheme another is of is not said",
        "section 8, 25",
    ),
    Rule(
        "type-of-entry",
        re.compile(r"Ntry(\[\d+\])?/BkTxCd/(Prtry/(Cd|Issr)|Domn/.*)$"),
        lambda one: one.expected in ("", "NOTPROVIDED") and type_is_of_the_line(one),
        "the type in 61 is kept, and said in ISO codes where it is sure",
        "section 8, 61 subfield 6",
    ),
    Rule(
        "said-of-entry",
        re.compile(r"NtryDtls/TxDtls/(Amt|Amt/@Ccy|CdtDbtInd)$"),
        lambda one: not one.ours and same(one.expected, one.all_ours.get(one.path.replace("NtryDtls/TxDtls/", ""), "")),
        "a single detail has the amount and the side of its entry",
        "section 8",
    ),
    Rule(
        "no-reference",
        re.compile(r"Refs/EndToEndId$"),
        lambda one: one.expected == "NONREF" and not one.ours,
        "NONREF says that there is none",
        "section 8, 61 subfield 7",
    ),
    Rule(
        "request",
        re.compile(r"RptgReq(\[\d+\])?/(ReqdMsgNmId|ReqdTxTp/Sts/Cd)$"),
        lambda one: (
            (one.ours == f"MT{one.expected}" and one.expected in _fields(one, ":12a:"))
            or (one.expected, one.ours) == ("PDNG", "BOOK")
        ),
        "the message asked for by its whole name; a 942 tells what is booked",
        "section 0, 920",
    ),
    Rule(
        "mandate-not-purpose",
        re.compile(r"DrctDbtTxInf(\[\d+\])?/PmtTpInf/CtgyPurp/(Cd|Prtry)$"),
        lambda one: not one.ours and one.expected in ("AUTH", "NAUT", "OTHR") and one.expected == _field(one, ":23a:"),
        "23E of a collection says whether there is a mandate, and is no purpose",
        "section 0, 107",
    ),
    Rule(
        "notification-named",
        re.compile(r"^:20a:"),
        lambda one: bool(one.ours) and one.ours.strip() == one.source.get("Document/NtfctnToRcv/Ntfctn/Id", ""),
        "20 of a 210 is the notification's own id, which it is told by in a recall; the other takes the message's",
        "section 7, 210",
    ),
    Rule(
        "day-of-collection",
        re.compile(r"DrctDbtTxInf/ReqdColltnDt$"),
        lambda one: not one.ours and one.expected == one.all_ours.get(_sibling(one, "IntrBkSttlmDt")),
        "30 is the day of settlement, said once",
        "section 0, 107",
    ),
    Rule(
        "bank-reference-kept",
        re.compile(r"^:61a:"),
        _entry,
        "reference of the servicer and type of the entry are kept; the other drops them",
        "section 8, 61 subfields 6 and 8",
    ),
    Rule(
        "narrative-kept",
        re.compile(r"^:86a:"),
        lambda one: not one.expected and one.ours.startswith("\n/"),
        "references of a detail that 61 has no room for stand in 86",
        "section 8, 86",
    ),
    Rule(
        "reference-must-stand",
        re.compile(r"^:(20|21)a:$"),
        lambda one: not one.expected.strip() and bool(one.ours.strip()),
        "20 and 21 are mandatory: an empty field is no message",
        "section 9",
    ),
    Rule(
        "numbered-lines",
        re.compile(r"(^:59a:|(Pyee|Cdtr)/(Pty/)?(Nm|PstlAdr/))"),
        _numbered,
        "lines that begin with 1/ are those of option F: name, street, country and town",
        "section 4, 59a",
    ),
    Rule(
        "recalled-notice",
        re.compile(r"^:(20|21|50)a:"),
        lambda one: any("NtfctnToRcvCxlAdvc" in path for path in one.source) and _said(one),
        "a recall names the notice by its field 20, which is its MsgId, and copies its item",
        "section 9, n92: 21 and the copied fields",
    ),
    Rule(
        "confirmation",
        re.compile(r"^(\{121\}|:2[01]a:)$"),
        lambda one: (
            one.all_ours.get("{2} type") in ("900", "910")
            and any(
                text.startswith(one.ours.strip().removesuffix("+")) and re.search(_CONFIRMED[one.path], path)
                for path, text in one.source.items()
            )
        ),
        "a confirmation is named by its entry and by the references of its detail",
        "section 7, 900 and 910",
    ),
)


RULES += (
    Rule(
        "known-words",
        re.compile(r"^:B?72a:$"),
        lambda one: known.words(one.expected, one.ours),
        "/SVCLVL/ and /CATPURP/ are the code words of 72",
        "section 13, point 2",
    ),
    Rule(
        "known-empty-bearer",
        re.compile(r"^:71a:$"),
        lambda one: known.empty_bearer(one.expected, one.ours, one.source),
        "charges as the service level has them are shared (T13007), and 71A is mandatory",
        "section 13, point 3",
    ),
    Rule(
        "known-reference",
        re.compile(r"^:B?70a:$"),
        lambda one: known.reference_left_out(one.expected, one.ours, one.source),
        "the end-to-end id stands behind /ROC/ whatever else is said",
        "section 13, point 4",
    ),
    Rule(
        "known-long-reference",
        re.compile(r"PmtId/EndToEndId$"),
        lambda one: known.too_long_reference(one.expected, one.ours, one.source),
        "an end-to-end id ends at the next code word, and has 35 characters",
        "section 13, point 4; section 5, field 70",
    ),
    Rule(
        "known-zero-charge",
        re.compile(r"^:71a:(\[\d+\])?$"),
        lambda one: known.zero_charge(one.expected, one.ours, one.source),
        "no charge is none of the transfer's own currency",
        "section 13, point 5",
    ),
    Rule(
        "known-country",
        re.compile(r"/Ctry$"),
        lambda one: not one.ours and known.made_up_country(one.expected, one.source),
        "a country that nobody says is not made up",
        "section 13, point 6; section 4, structured addresses",
    ),
    Rule(
        "known-long-lines",
        re.compile(r"^:B?(50|59)a:$"),
        lambda one: known.long_lines(one.expected, one.ours),
        "35 characters a line",
        "section 13, point 7; section 2, truncation",
    ),
    Rule(
        "known-signs",
        re.compile(r"^:"),
        lambda one: known.signs(one.expected, one.ours),
        "characters outside the x set are written otherwise (T0000R)",
        "section 13, point 7; section 2",
    ),
)
