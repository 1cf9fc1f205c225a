"""Whether a translation lost anything in silence, asked of its two sides alone and not of the translator.

Strategy: every text of the source must be found in the output as what it means (dates, amounts and BICs in each of
their writings, text without its blanks and line ends, cut where a plus sign stands), or a rule below must say what it
became, or the loss report must name it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from tests.conformance import loss_names
from tests.conformance.loss_names import PLACES as _PLACES
from tests.conformance.sides import Leaves

_SPACE = re.compile(r"\s+")
_DATE = re.compile(r"(\d\d)(\d\d)-(\d\d)-(\d\d)")
_CUT_MIN = 6  # characters that must stand before a plus sign for a text to count as cut there

# What an element becomes that has no text of its own in the other format, by the end of its path. Left its text, right
# what must then stand in the output: a tag and a part of its value, or any text.
DERIVED_XML: Mapping[str, Mapping[str, str]] = {
    "PmtTpInf/InstrPrty": {"HIGH": "{2} priority|U", "URGT": "{2} priority|U", "NORM": "{2} priority|N"},
    "ChrgBr": {"DEBT": ":71a: OUR", "SHAR": ":71a: SHA", "CRED": ":71a: BEN"},
    "SttlmInf/SttlmMtd": {"INGA": ":53a: /C/", "COVE": ":53a:", "CLRG": "{103}"},
    "PmtTpInf/SvcLvl/Cd": {f"G00{n}": f"{{111}} 00{n}" for n in range(1, 10)},
    "FlrLmt/CdtDbtInd": {"DEBT": ":34a:", "CRED": ":34a:", "BOTH": ":34a:"},
    "TtlChrgs/CdtDbtInd": {"DBIT": "/D", "CRDT": "/C"},
    "TtlChrgsPerRcrd/CdtDbtInd": {"DBIT": "/D", "CRDT": "/C"},
    "ChrgsBrkdwn/CdtDbtInd": {"DBIT": "/D", "CRDT": "/C"},
    "ChrgsBrkdwn/Tp/Cd": {"DEBT": "/OURC/", "CFEE": "/CANF/"},
    "ChqCxlOrStopRsn/Rsn/Cd": {"CUST": "RequestedByCustomer"},
    "ChqCxlOrStopSts/Sts/Cd": {"RJCR": "Rejected"},
    "TxInfAndSts/TxSts": {"RJCT": "/REJT/"},
    "OrgnlGrpInf/OrgnlMsgNmId": {
        **{f"pacs.008.001.{n:02}": ":11a: 103" for n in range(2, 15)},
        **{f"pacs.009.001.{n:02}": ":11a: 202" for n in range(2, 15)},
        "MT205": "{2} type|205",
    },
    "Bal/Tp/CdOrPrtry/Cd": {"OPBD": ":60a:", "CLBD": ":62a:", "CLAV": ":64a:", "FWAV": ":65a:"},
    "Bal/CdtDbtInd": {"CRDT": "\nC", "DBIT": "\nD"},
    "StmtPgntn/LastPgInd": {"true": ":62a: F", "false": ":62a: M"},
    "RgltryRptg/DbtCdtRptgInd": {"DEBT": "ORDERRES", "CRED": "BENEFRES"},
    "ClrSysMmbId/ClrSysId/Cd": {
        code: f"//{prefix}"
        for prefix, code in (
            pair.split(":")
            for pair in "AT:ATBLZ AU:AUBSB BL:DEBLZ CC:CACPA CN:CNAPS CP:USPID ES:ESNCC FW:USABA GR:GRBIC HK:HKNCC IE:IENCC"
            " IN:INFSC IT:ITNCC NZ:NZNCC PL:PLKNR PT:PTNCC RU:RUCBC SC:GBDSC SW:CHBCC ZA:ZANCC".split()
        )
    },
    "BkTxCd/Prtry/Issr": {"SWIFT": ":61a:"},
    "ReqdMsgNmId": {
        **{f"MT{number}": f":12a: {number}" for number in (900, 910, 940, 941, 942, 950)},
        "camt.052.001.08": ":12a: 942",
        "camt.053.001.08": ":12a: 940",
    },
}


class _Leaf(NamedTuple):
    """A text of the source and where it stands, with both sides of the translation."""

    path: str
    text: str
    source: Leaves
    written: Leaves


def _of_the_carrier(leaf: _Leaf) -> bool:
    """FIN gives a message its time, and its type says the rest; a document of another type has its own."""
    return "{2} type" in leaf.written or any(path.endswith("GrpHdr/CreDtTm") for path in leaf.written)


def _summed_in_the_source(leaf: _Leaf) -> bool:
    """The sum of the amounts below the same element, each of which is looked for by itself."""
    above = leaf.path.rpartition("/")[0]
    found = [text for path, text in leaf.source.items() if path.startswith(f"{above}/") and path.endswith("/InstdAmt")]
    return bool(found) and Decimal(leaf.text) == sum(map(Decimal, found))


def _counted(leaf: _Leaf) -> bool:
    """As many amounts stand in the output; a settled sum is one more."""
    amounts = sum(path.startswith(":32a:") or path.endswith("/IntrBkSttlmAmt") for path in leaf.written)
    return leaf.text in (str(amounts), str(amounts - 1))


def _own_account(leaf: _Leaf) -> bool:
    """INDA is what is meant where neither 53a nor 54a names a third bank."""
    held = [leaf.written.get(f":{tag}a:", "B\n/") for tag in ("53", "54")]
    ends = [leaf.written.get(end, "?")[:8] for end in ("{1} sender", "{2} receiver")]
    return leaf.text == "INDA" and all("\n/" in one or one.split("\n")[-1][:8] in ends for one in held)


def _side(leaf: _Leaf) -> bool:
    """The mark in the entry's own 61, or the type: 900 is a debit, 910 a credit."""
    kind = leaf.written.get("{2} type", "")
    if kind in ("900", "910"):
        return leaf.text == {"900": "DBIT", "910": "CRDT"}[kind]
    found = _line_of(leaf)
    return found is not None and leaf.text == {"C": "CRDT", "RD": "CRDT", "D": "DBIT", "RC": "DBIT"}[found[1]]


def _as_its_entry(leaf: _Leaf) -> bool:
    """A detail on the side of its entry."""
    entry, _, inner = leaf.path.partition("/NtryDtls")
    return bool(inner) and leaf.source.get(f"{entry}/CdtDbtInd") == leaf.text and _side(leaf)


# Types of 61 and the codes of ISO 20022 that say the same.
_TYPES_61 = {
    "PMNT": ("NTRF", "NCHK", "NDDT", "NSTO"),
    "CAMT": ("NCHG", "NTRF"),
    "ACMT": ("NCHG",),
    **dict.fromkeys(("ICDT", "RCDT"), ("NTRF", "NSTO")),
    **dict.fromkeys(("ICHQ", "RCHQ"), ("NCHK",)),
    **dict.fromkeys(("IDDT", "RDDT"), ("NDDT",)),
    **dict.fromkeys(("MDOP", "MCOP", "CHRG"), ("NCHG",)),
}


_LINE_61 = re.compile(r"\n\d{6}(?:\d{4})?(RC|RD|C|D)[A-Z]?[\d,]+([NSF][A-Z0-9]{3})")


def _line_of(leaf: _Leaf) -> re.Match[str] | None:
    """The entry's own 61: mark and type."""
    number = re.search(r"Ntry\[(\d+)\]", leaf.path)
    return _LINE_61.match(leaf.written.get(f":61a:[{number[1]}]" if number else ":61a:", ""))


def _type_of_entry(leaf: _Leaf) -> bool:
    """Domain and family become the type of the entry's own 61."""
    found = _line_of(leaf)
    if found is None:
        return False
    transfer = found[2][0] == "S" and leaf.text in ("PMNT", "ICDT", "RCDT")  # S103: the transfer told by an MT 103
    return transfer or "N" + found[2][1:] in _TYPES_61.get(leaf.text, ())


def _reversed(leaf: _Leaf) -> bool:
    found = _line_of(leaf)
    return found is not None and (found[1][0] == "R") == (leaf.text == "true")


def _intermediate(leaf: _Leaf) -> bool:
    """A balance between pages: option M of the field that its type has."""
    kind = leaf.source.get(leaf.path.replace("SubTp/Cd", "CdOrPrtry/Cd"), "")
    field = {"OPBD": ":60a:", "CLBD": ":62a:"}.get(kind, "")
    return leaf.text == "INTM" and leaf.written.get(field, "")[:1] == "M"


def _booked(leaf: _Leaf) -> bool:
    """FIN statements say what is booked."""
    return leaf.text == "BOOK" and leaf.written.get("{2} type", "")[:1] == "9"


def _summed(leaf: _Leaf) -> bool:
    """The sum of the amounts that stand in the output: counted anew."""
    fin = [text.partition("\n")[2] for path, text in leaf.written.items() if path.startswith(":32a:")]
    found = [re.sub(r"^(\d{6})?[A-Z]{3}", "", text).replace(",", ".") for text in fin]
    found = found or [text for path, text in leaf.written.items() if path.endswith("/IntrBkSttlmAmt")]
    try:
        return bool(found) and Decimal(leaf.text.replace(",", ".")) == sum(map(Decimal, found))
    except InvalidOperation:
        return False


def _currency_of_all(leaf: _Leaf) -> bool:
    amounts = [text for path, text in leaf.written.items() if path.startswith(":32a:")]
    return bool(amounts) and all(leaf.text in text for text in amounts)


def _last_of_one(leaf: _Leaf) -> bool:
    """What is no statement is one page."""
    return leaf.text == "true" and leaf.written.get("{2} type") in ("900", "910", "941", "942")


def _category(leaf: _Leaf) -> bool:
    """Charges for a customer transfer are told in category 1, those for any other in category 2."""
    category = "1" if leaf.text.startswith("pacs.008") else "2"
    return leaf.written.get("{2} type") in (f"{category}90", f"{category}91")


def _of_the_type(leaf: _Leaf) -> bool:
    """How is paid is the type: 101 a transfer, 104 a collection."""
    documents = {"TRF": "FIToFICstmrCdtTrf/", "DD": "FIToFICstmrDrctDbt/"}
    return leaf.written.get("{2} type") in {"TRF": ("101", "103"), "DD": ("104", "107")}.get(leaf.text, ()) or any(
        documents.get(leaf.text, "?") in path for path in leaf.written
    )


def _other_side(leaf: _Leaf) -> bool:
    """The type of a message shows in that of its translation, which must be of the other format."""
    return "{2} type" in leaf.source and any(path.startswith("Document/") for path in leaf.written)


# What follows from the rest, and how that is seen in the output.
FOLLOWS: Mapping[str, Callable[[_Leaf], bool]] = {
    "AppHdr/MsgDefIdr": _of_the_carrier,
    "AppHdr/BizSvc": _of_the_carrier,
    "AppHdr/CreDt": _of_the_carrier,
    "GrpHdr/CreDtTm": _of_the_carrier,
    "Assgnmt/CreDtTm": _of_the_carrier,
    "GrpHdr/NbOfTxs": _counted,
    "GrpHdr/CtrlSum": _summed,
    "GrpHdr/TtlIntrBkSttlmAmt": _summed,
    "GrpHdr/TtlIntrBkSttlmAmt/@Ccy": _currency_of_all,
    "PmtInf/PmtMtd": _of_the_type,
    "PmtInf/CtrlSum": _summed_in_the_source,
    "SttlmInf/SttlmMtd": _own_account,
    "Pgntn/LastPgInd": _last_of_one,
    "UndrlygTx/MsgNmId": _category,
    "Ntry/CdtDbtInd": _side,
    "TxDtls/CdtDbtInd": _as_its_entry,
    "Ntry/Sts/Cd": _booked,
    "Ntry/Sts": _booked,
    "Ntry/RvslInd": _reversed,
    "Bal/Tp/SubTp/Cd": _intermediate,
    "BkTxCd/Domn/Cd": _type_of_entry,
    "BkTxCd/Domn/Fmly/Cd": _type_of_entry,
    "BkTxCd/Domn/Fmly/SubFmlyCd": _type_of_entry,
    "{2} type": _other_side,
    ":19a:": _summed,
    ":32a:": _summed,
}
NOTHING = frozenset(("", "NOTPROVIDED", "NTAV"))  # says that there is nothing
# Codes of FIN that say which element something is, and stand as that element in the output.
CODE_WORDS = frozenset(
    "ROC PURP URI RFB ULTD ULTB RELID INS INTA ACC REC BNF SVCLVL LOCINS CATPURP ORDERRES BENEFRES UDLC FIN53 TSU"
    " Rejected RequestedByCustomer REJT RETN MREF TREF TEXT UETR CHGS CHRQ XT99 99 CLSTIME SNDTIME RNCTIME TILTIME FROTIME REJTIME".split()
)
CLEARING_PREFIX = re.compile(r"//(AT|AU|BL|CC|CH|CN|CP|ES|FW|GR|HK|IE|IN|IT|NZ|PL|PT|RU|SC|SW|ZA|RT)")
DERIVED_FIN: Mapping[str, Mapping[str, str]] = {
    ":23a:": {"CRED": "", "AUTH": "MndtId", "NAUT": ""},
    ":75a:": {
        "UNABLE TO APPLY": "Document/UblToApply",
        "CLAIM NON RECEIPT": "Document/ClmNonRct",
        "REQUEST TO MODIFY": "Document/ReqToModfyPmt",
    },
    ":71a:": {"OUR": "DEBT", "SHA": "SHAR", "BEN": "CRED"},
    "{119}": {"COV": "UndrlygCstmrCdtTrf", "STP": "", "REMIT": ""},
    "{2} priority": {"N": "", "S": "", "U": "HIGH"},
}


def silent(source: Leaves, written: Leaves, losses: Iterable[str]) -> list[str]:
    """Paths of the source that were neither carried, derived nor named. `losses` are the elements of the report."""
    named = [_PLACES.sub("", loss) for loss in losses]
    if "{2} type" in source:
        return [path for path, text in fin_pieces(source) if not _carried(path, text, written, named, source)]
    return [path for path, text in source.items() if not _carried(path, text, written, named, source)]


def _carried(path: str, text: str, written: Leaves, named: list[str], source: Leaves) -> bool:
    if text.strip() in NOTHING:
        return True
    if _derived(path, text, written, source):
        return True
    return found_in(text, written) or _is_named(path, named)


def _derived(path: str, text: str, written: Leaves, source: Leaves) -> bool:
    bare, leaf = _PLACES.sub("", path), _Leaf(path, text, source, written)
    if any(holds(leaf) for end, holds in FOLLOWS.items() if bare.endswith(end)):
        return True
    tables = [becomes for end, becomes in DERIVED_XML.items() if bare.endswith(end)]
    tables += [DERIVED_FIN[bare]] if bare in DERIVED_FIN else []
    return any(text in becomes and _says(becomes[text], written) for becomes in tables)


def _says(what: str, written: Leaves) -> bool:
    if not what:
        return True
    place, _, value = what.partition("|" if "|" in what else " ")
    if place.startswith((":", "{")):
        return any(path.startswith(place) and value in text for path, text in written.items())
    return any(what in path or what in text for path, text in written.items())


def plain(text: str) -> str:
    """Letters without marks, other signs as a full stop, no blanks."""
    folded = unicodedata.normalize("NFKD", text.replace("ß", "ss").replace("&", "+").replace("_", "-"))
    kept = "".join(c for c in folded if not unicodedata.combining(c))
    return _SPACE.sub("", re.sub(r"[^A-Za-z0-9/\-?:().,'+ \n]", ".", kept))


def writings(text: str) -> list[str]:
    """The ways in which a text may stand in the other format."""
    found = [plain(text)]
    bare = text.strip()
    if match := _DATE.fullmatch(bare[:10]):
        found.append(match[2] + match[3] + match[4])
        if len(bare) == 10:
            return [*found, match[1] + match[2] + match[3] + match[4]]
    if re.fullmatch(r"\d{6}", bare):
        century = "19" if bare >= "8" else "20"
        found.append(f"{century}{bare[:2]}-{bare[2:4]}-{bare[4:]}")
    if re.fullmatch(r"\d{8}", bare):
        found.append(f"{bare[:4]}-{bare[4:6]}-{bare[6:]}")
    if re.fullmatch(r"\d+([.,]\d*)?", bare):
        whole, _, part = bare.replace(",", ".").partition(".")
        part = part.rstrip("0")
        found += [
            f"{whole}{sign}{part}{'0' * more}" for sign in ".," for more in range(4) if part or more or sign == ","
        ]
        found.append(whole if not part else f"{whole}.{part}")
    if re.match(r"/[A-Z]{4}/.", bare):  # a code and its text: 23E has them without the first slash
        found.append(plain(bare[1:]))
    if re.fullmatch(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}(XXX)?", bare):
        found += [bare[:8], bare[:8] + "XXX"]
    if match := re.fullmatch(r"(?:.*T)?(\d\d):(\d\d):\d\d(?:\.\d+)?([+-])(\d\d):(\d\d)", bare):
        found.append("".join(match.groups()))
    if match := re.fullmatch(r"(\d\d)(\d\d)([+-])(\d\d)(\d\d)", bare):
        found.append(f"{match[1]}:{match[2]}:00{match[3]}{match[4]}:{match[5]}")
    return found


def found_in(text: str, written: Leaves) -> bool:
    wanted = writings(text)
    short = len(wanted[0]) < 3
    for other in written.values():
        lines = other.replace("\n//", " ").replace("\r", "")
        hay = plain(lines)
        number = text.strip().removesuffix(",")
        if short and number.isdigit() and re.search(rf"(?<!\d){number}(?:[,.]0*)?(?!\d)", other):
            return True
        if short:
            if re.search(rf"(?<![A-Za-z0-9]){re.escape(text.strip())}(?![A-Za-z0-9])", other):
                return True
        elif (
            any(one in hay for one in wanted)
            or _stands_cut(wanted[0], hay)
            or any(one in plain(re.sub(r"\n[1-8]/", "", other)) for one in wanted)
        ):
            return True
    return False


def _stands_cut(text: str, hay: str) -> bool:
    """Whether the beginning of the text stands before a plus sign."""
    for match in re.finditer(r"\+", hay):
        kept = hay[: match.start()]
        for length in range(len(text) - 1, _CUT_MIN - 1, -1):
            if kept.endswith(text[:length]):
                return True
    return False


def _is_named(path: str, named: list[str]) -> bool:
    """Whether the loss report names the element: by its own path or tag, or by the name that it has there."""
    bare = _PLACES.sub("", path)
    if bare.startswith(("{", ":")):
        tag = bare.lstrip(":B")[:2] if bare.startswith(":") else bare
        return any(loss_names.of_a_field(one, tag) for one in named)
    tails = (one.rpartition("iso:")[2].strip("/") for one in named if "/" in one or "iso:" in one)
    if any(bare == tail or bare.endswith("/" + tail) for tail in tails):
        return True
    known = tuple(loss_names.names(bare))
    return any(loss_names.covers_below(one, bare) for one in named) or any(
        loss_names.covers(one, name) for name in known for one in named
    )


def fin_pieces(source: Leaves) -> Iterable[tuple[str, str]]:
    """The texts of a FIN message: parts of its values without what only says which element they are."""
    for path, value in source.items():
        if path.startswith("{"):
            yield path, value
            continue
        option, *lines = value.split("\n")
        yield from _pieces(path, option, lines)


# Fields of statements: what each part says; marks and types stand as elements and are left out.
_FORMATS = {
    "60": re.compile(r"[CD](\d{6})([A-Z]{3})([\d,]+)"),
    "62": re.compile(r"[CD](\d{6})([A-Z]{3})([\d,]+)"),
    "64": re.compile(r"[CD](\d{6})([A-Z]{3})([\d,]+)"),
    "65": re.compile(r"[CD](\d{6})([A-Z]{3})([\d,]+)"),
    "61": re.compile(r"(\d{6})(?:\d{4})?[A-Z]{1,3}([\d,]+)([NSF][A-Z0-9]{3})(.*?)(?://(.*))?(?:\n(.*))?\Z"),
    "13": re.compile(r"(\d{6})\d{4}[+-]\d{4}\Z"),
    "34": re.compile(r"([A-Z]{3})[CD]?([\d,]+)"),
    "90": re.compile(r"(\d{1,5})([A-Z]{3})([\d,]+)"),
    "11": re.compile(r"\d{3}\n(\d{6})(.*)\Z", re.DOTALL),
}


_CHARGE = re.compile(r"/([A-Z]{4})/([A-Z]{3})([0-9,]+)(?:/[CD])?\Z")


def _pieces(path: str, option: str, lines: list[str]) -> Iterable[tuple[str, str]]:
    tag = path[1:].lstrip("B")[:2]
    if tag in ("32", "33") or (tag == "71" and option in ("F", "G")):
        match = re.match(r"(\d{6})?([A-Z]{3})([\d,]+)", lines[0])
        for part in match.groups() if match else lines:
            if part:
                yield path, part
        return
    if (format := _FORMATS.get(tag)) is not None and (match := format.match("\n".join(lines))):
        for part in match.groups():
            if part and part not in ("NONREF", "0,"):
                yield path, part.strip()
        return
    if tag == "71" and option == "B":
        for line in lines:
            charge = _CHARGE.match(line)
            yield from ((path, part) for part in (charge.groups() if charge else (line,)))
        return
    for line in lines:
        rest = CLEARING_PREFIX.sub("/", line) if tag in ("52", "53", "54", "55", "56", "57", "58") else line
        rest = re.sub(r"^[1-8]/", "", rest) if tag in ("50", "59") and option in ("F", "") else rest
        rest = re.sub(r"^/[CD](/|$)", "/", rest) if tag in ("53", "54") else rest
        for piece in re.split("[/,]" if tag in ("50", "59") and line[:2] == "3/" else "/", rest):
            if piece.strip() and piece.strip() not in CODE_WORDS:
                yield path, piece.strip()
