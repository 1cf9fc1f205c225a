"""Whether a translation lost anything in silence, asked of its two sides alone and not of the translator.

Strategy: every text of the source must be found in the output as what it means (dates, amounts and BICs in each of
their writings, text without its blanks and line ends, cut where a plus sign stands), or a rule below must say what it
became, or the loss report must name it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from gateway.formats.iso20022.kinds import entries, kind_of
from tests.conformance.sides import Leaves

_SPACE = re.compile(r"\s+")
_DATE = re.compile(r"(\d\d)(\d\d)-(\d\d)-(\d\d)")
_CUT_MIN = 6  # characters that must stand before a plus sign for a text to count as cut there
_PLACES = re.compile(r"\[\d+\]")
_NUMBER = re.compile(r"\.?\d+(?=\.|$)")

# What follows from the rest of a message, or from who carries it, by the end of its path. Left the path, right what it
# becomes: `None` that nothing is left to say.
DERIVED_XML: Mapping[str, Mapping[str, str] | None] = {
    "AppHdr/MsgDefIdr": None,  # the type of what is written
    "AppHdr/BizSvc": None,  # the service that the type has
    "AppHdr/CreDt": None,  # the network gives a FIN message its time
    "GrpHdr/CreDtTm": None,
    "GrpHdr/NbOfTxs": None,  # counted anew
    "GrpHdr/CtrlSum": None,
    "GrpHdr/TtlIntrBkSttlmAmt": None,
    "GrpHdr/TtlIntrBkSttlmAmt/@Ccy": None,
    "PmtTpInf/InstrPrty": {"HIGH": "{2} U", "URGT": "{2} U", "NORM": "{2} N"},
    "ChrgBr": {"DEBT": ":71a: OUR", "SHAR": ":71a: SHA", "CRED": ":71a: BEN"},
    "SttlmInf/SttlmMtd": {"INDA": "", "INGA": "", "COVE": ":53a:", "CLRG": ""},
    "PmtTpInf/SvcLvl/Cd": {f"G00{n}": f"{{111}} 00{n}" for n in range(1, 10)},
    "RptPgntn/LastPgInd": {"true": ""},  # a report of one page
    "FlrLmt/CdtDbtInd": {"DEBT": ":34a:", "CRED": ":34a:"},
    "TtlChrgs/CdtDbtInd": {"DBIT": "/D", "CRDT": "/C"},
    "TtlChrgsPerRcrd/CdtDbtInd": {"DBIT": "/D", "CRDT": "/C"},
    "ChrgsBrkdwn/CdtDbtInd": {"DBIT": "/D", "CRDT": "/C"},
    "ChrgsBrkdwn/Tp/Cd": {"DEBT": "/OURC/", "CFEE": "/CANF/"},
    "UndrlygTx/MsgNmId": None,  # category 1 or 2 of the message says it
    "ChqCxlOrStopRsn/Rsn/Cd": {"CUST": "RequestedByCustomer"},
    "ChqCxlOrStopSts/Sts/Cd": {"RJCR": "Rejected"},
    "TxInfAndSts/TxSts": {"RJCT": "/REJT/"},
    "OrgnlGrpInf/OrgnlMsgNmId": {
        **{f"pacs.008.001.{n:02}": ":11a: 103" for n in range(2, 15)},
        **{f"pacs.009.001.{n:02}": ":11a: 202" for n in range(2, 15)},
        "MT205": "{2} 205",
    },
    "Bal/Tp/CdOrPrtry/Cd": {"OPBD": ":60a:", "CLBD": ":62a:", "CLAV": ":64a:", "FWAV": ":65a:"},
    "Bal/CdtDbtInd": {"CRDT": "\nC", "DBIT": "\nD"},
    "Ntry/CdtDbtInd": {"CRDT": "", "DBIT": ""},  # the mark in 61, or the type: 900 is a debit, 910 a credit
    "TxDtls/CdtDbtInd": {"CRDT": "", "DBIT": ""},  # that of its entry
    "Ntry/Sts/Cd": {"BOOK": ""},  # what is not booked has no place in a statement
    "Ntry/BkTxCd/Domn/Cd": {"PMNT": "", "CAMT": ""},  # the three become one type in 61
    "Ntry/BkTxCd/Domn/Fmly/Cd": dict.fromkeys(("ICDT", "RCDT", "ICHQ", "IDDT", "MDOP", "RDDT", "RCHQ"), ""),
    "Ntry/BkTxCd/Domn/Fmly/SubFmlyCd": dict.fromkeys(("XBCT", "CCHQ", "XBDD", "CHRG", "FEES"), ""),
    "StmtPgntn/LastPgInd": {"true": ":62a: F", "false": ":62a: M"},
    "RgltryRptg/DbtCdtRptgInd": {"DEBT": "ORDERRES", "CRED": "BENEFRES"},
}
NOT_PROVIDED = "NOTPROVIDED"  # says that there is nothing
# Codes of FIN that say which element something is, and stand as that element in the output.
CODE_WORDS = frozenset(
    "ROC PURP URI RFB ULTD ULTB RELID INS INTA ACC REC BNF SVCLVL LOCINS CATPURP ORDERRES BENEFRES UDLC FIN53 TSU"
    " Rejected RequestedByCustomer REJT RETN MREF TREF TEXT UETR CHGS CHRQ XT99 99 CLSTIME SNDTIME RNCTIME TILTIME FROTIME REJTIME".split()
)
CLEARING_PREFIX = re.compile(r"//(AT|AU|BL|CC|CH|CN|CP|ES|FW|GR|HK|IE|IN|IT|NZ|PL|PT|RU|SC|SW|ZA|RT)")
DERIVED_FIN: Mapping[str, Mapping[str, str]] = {
    ":23a:": {"CRED": "", "AUTH": "MndtId", "NAUT": ""},
    ":71a:": {"OUR": "DEBT", "SHA": "SHAR", "BEN": "CRED"},
    "{119}": {"COV": "UndrlygCstmrCdtTrf", "STP": "", "REMIT": ""},
    "{2} type": {},
    "{2} priority": {"N": "", "S": "", "U": "HIGH"},
}


def silent(source: Leaves, written: Leaves, losses: Iterable[str], type: str) -> list[str]:
    """Paths of the source that were neither carried, derived nor named. `losses` are the elements of the report."""
    named = [_PLACES.sub("", loss) for loss in losses]
    if "{2} type" in source:
        return [path for path, text in _fin_pieces(source) if not _carried(path, text, written, named, source, type)]
    return [path for path, text in source.items() if not _carried(path, text, written, named, source, type)]


def _carried(path: str, text: str, written: Leaves, named: list[str], source: Leaves, type: str) -> bool:
    if text.strip() in ("", NOT_PROVIDED):
        return True
    if _derived(path, text, written):
        return True
    return _found(text, written) or _is_named(path, text, named, type)


def _derived(path: str, text: str, written: Leaves) -> bool:
    for end, becomes in DERIVED_XML.items():
        if not _PLACES.sub("", path).endswith(end):
            continue
        if becomes is None or (text in becomes and _says(becomes[text], written)):
            return True
    tag = path.partition(" ")[0].partition("[")[0]
    if path.startswith("{2}") or tag in DERIVED_FIN:
        rules = DERIVED_FIN.get(tag, DERIVED_FIN.get(path, {}))
        return path == "{2} type" or (text in rules and _says(rules[text], written))
    return False


def _says(what: str, written: Leaves) -> bool:
    if not what:
        return True
    place, _, value = what.partition(" ")
    if place.startswith((":", "{")):
        return any(path.startswith(place) and value in text for path, text in written.items())
    return any(what in path or what in text for path, text in written.items())


def plain(text: str) -> str:
    """Letters without marks, other signs as a full stop, no blanks."""
    folded = unicodedata.normalize("NFKD", text.replace("ß", "ss").replace("&", "+").replace("_", "-"))
    kept = "".join(c for c in folded if not unicodedata.combining(c))
    return _SPACE.sub("", re.sub(r"[^A-Za-z0-9/\-?:().,'+ \n]", ".", kept))


def _writings(text: str) -> list[str]:
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
    if re.fullmatch(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}(XXX)?", bare):
        found += [bare[:8], bare[:8] + "XXX"]
    if match := re.fullmatch(r"(?:.*T)?(\d\d):(\d\d):\d\d(?:\.\d+)?([+-])(\d\d):(\d\d)", bare):
        found.append("".join(match.groups()))
    if match := re.fullmatch(r"(\d\d)(\d\d)([+-])(\d\d)(\d\d)", bare):
        found.append(f"{match[1]}:{match[2]}:00{match[3]}{match[4]}:{match[5]}")
    return found


def _found(text: str, written: Leaves) -> bool:
    wanted = _writings(text)
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


def _is_named(path: str, text: str, named: list[str], type: str) -> bool:
    """Whether the loss report names the element: by its own path or tag, or by its canonical name."""
    bare = _PLACES.sub("", path)
    if bare.startswith(("{", ":")):
        tag = bare.strip(":").partition(" ")[0].partition(":")[0]
        names = CANONICAL.get(tag.lstrip("B"), ())
        return any(
            f"mt:{tag[:2]}" in one or f"mt:{tag}" in one or one.startswith(tuple(names))
            for one in named
            if names or one
        )
    tails = (one.rpartition("iso:")[2].strip("/") for one in named if "/" in one or "iso:" in one)
    if any(bare == tail or bare.endswith("/" + tail) for tail in tails):
        return True
    name = _canonical(path, type)
    scheme = re.sub(r"\.(code|own|proprietary)$", ".scheme", name)
    return bool(name) and any(_covers(one, name) or _covers(one, scheme) for one in named)


def _canonical(path: str, type: str) -> str:
    """The model's name of an element, places left out; "" when the model has no field for it."""
    kind = kind_of(type)
    if kind is None:
        return ""
    inner = _record_path(path, kind.family.spine)
    prefix, table = "", kind.table
    if inner.startswith("Ntry"):
        inner, prefix, table = inner.partition("/")[2], "entries.", entries("entry")
        if inner.startswith("NtryDtls/TxDtls/"):
            inner, prefix, table = inner[16:], "entries.details.", entries("detail")
    slot = table.slot(inner)
    if slot is None:
        return ""
    name = slot[0] + ("." + _NUMBER.sub("", slot[1]).strip(".") if slot[1] else "")
    return prefix + name.replace(".private", ".ids").replace(".organisation", ".ids").strip(".")


def _covers(loss: str, name: str) -> bool:
    return name == loss or name.startswith(loss + ".") or loss.startswith(name + ".") or name.endswith("." + loss)


def _record_path(path: str, spine: tuple[str, ...]) -> str:
    """A path of the document as the tables write it."""
    steps = path.split("/")[2:]
    depth = 0
    while depth < min(len(spine), len(steps)) and _PLACES.sub("", steps[depth]) == spine[depth]:
        depth += 1
    rest = "/".join(steps[depth:])
    if depth == len(spine):
        return rest
    return f"{spine[depth - 1]}/{rest}" if depth else "/" + rest


# Tags of FIN and the fields of the model that they are read into.
CANONICAL: Mapping[str, tuple[str, ...]] = {
    "20": ("instruction_id",),
    "21": ("end_to_end_id",),
    "13a": ("settlement_times",),
    "23a": ("service_level", "category_purpose", "instructions_for", "extra iso:PmtTpInf"),
    "26a": ("purpose", "extra iso:Purp"),
    "50a": ("debtor", "underlying.debtor"),
    "52a": ("debtor_agent", "debtor_institution", "underlying.debtor_agent"),
    "53a": ("settlement_account", "reimbursement"),
    "54a": ("reimbursement",),
    "55a": ("reimbursement",),
    "56a": ("intermediary",),
    "57a": ("creditor_agent",),
    "58a": ("creditor_institution", "creditor_account"),
    "59a": ("creditor",),
    "70a": ("remittance", "end_to_end_id", "purpose", "ultimate"),
    "71a": ("charges", "charge_bearer"),
    "72a": ("instructions_for", "previous_agents", "remittance", "intermediary", "iso:"),
    "34a": ("floors",),
    "25a": ("account",),
    "77a": ("regulatory", "iso:RgltryRptg"),
}


def _fin_pieces(source: Leaves) -> Iterable[tuple[str, str]]:
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
        for piece in rest.split("/"):
            if piece.strip() and piece.strip() not in CODE_WORDS:
                yield path, piece.strip()
