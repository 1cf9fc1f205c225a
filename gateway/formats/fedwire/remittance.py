"""Structured remittance {8300} to {8750} and the elements of ISO 20022 that say the same; one table, read both ways.

Left the tag and its element, right the path below `RmtInf/Strd`. A tag that repeats belongs to the next `Strd`.
The originator of the remittance is the invoicee, its beneficiary the invoicer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.model import Extra

Leaves = dict[tuple[str, str], str]

_ADDRESS = {
    "address_type": "AdrTp/Cd",
    "department": "Dept",
    "sub_department": "SubDept",
    "street": "StrtNm",
    "building_number": "BldgNb",
    "postcode": "PstCd",
    "town": "TwnNm",
    "subdivision": "CtrySubDvsn",
    "country": "Ctry",
    "address_1": "AdrLine",
    **{f"address_{n}": f"AdrLine[{n}]" for n in range(2, 8)},
}
_PARTY = {"name": "Nm", "country_of_residence": "CtryOfRes"} | {
    name: f"PstlAdr/{path}" for name, path in _ADDRESS.items()
}
_CONTACT = {"contact_name": "CtctDtls/Nm"}
_DOCUMENT = {
    "document_type": "Tp/CdOrPrtry/Cd",
    "proprietary_type": "Tp/CdOrPrtry/Prtry",
    "issuer": "Tp/Issr",
    "identification": "Nb",
}


def _amounts(path: str) -> dict[str, str]:
    return {"currency": f"{path}/@Ccy", "amount": path}


# (tag, element) -> path below Strd
TABLE: dict[tuple[str, str], str] = {
    **{("8300", name): f"Invcee/{path}" for name, path in (_PARTY | _CONTACT).items()},
    **{("8350", name): f"Invcr/{path}" for name, path in _PARTY.items()},
    **{("8400", name): f"RfrdDocInf/{path}" for name, path in _DOCUMENT.items()},
    ("8650", "date"): "RfrdDocInf/RltdDt",
    **{("8700", name): f"RfrdDocInf[2]/{path}" for name, path in _DOCUMENT.items()},
    **{("8500", name): path for name, path in _amounts("RfrdDocAmt/DuePyblAmt").items()},
    **{("8550", name): path for name, path in _amounts("RfrdDocAmt/DscntApldAmt/Amt").items()},
    **{("8600", name): path for name, path in _amounts("RfrdDocAmt/AdjstmntAmtAndRsn/Amt").items()},
    ("8600", "indicator"): "RfrdDocAmt/AdjstmntAmtAndRsn/CdtDbtInd",
    ("8600", "reason"): "RfrdDocAmt/AdjstmntAmtAndRsn/Rsn",
    ("8600", "additional"): "RfrdDocAmt/AdjstmntAmtAndRsn/AddtlInf",
    **{("8450", name): path for name, path in _amounts("RfrdDocAmt/RmtdAmt").items()},
    ("8750", "line_1"): "AddtlRmtInf",
    ("8750", "line_2"): "AddtlRmtInf[2]",
    ("8750", "line_3"): "AddtlRmtInf[3]",
}
_PATHS = {path: leaf for leaf, path in TABLE.items()}
_TAG = re.compile(r"\{([0-9]{4})\}(?:\[([0-9]+)\])?\Z")
_STRD = re.compile(r"Strd(?:\[([0-9]+)\])?/(.*)\Z")
_DATE = re.compile(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})\Z")
_NUMBERED = {"id_number": "Othr/Id", "id_code": "Othr/SchmeNm/Cd", "id_issuer": "Othr/Issr"}
_BRANCHES = {"OI": "Id/OrgId", "PI": "Id/PrvtId"}
_SIDES = {"8300": "Invcee", "8350": "Invcr"}
_IDS = {
    f"{side}/{branch}/{path}": (tag, type, name)
    for tag, side in _SIDES.items()
    for type, branch in _BRANCHES.items()
    for name, path in _NUMBERED.items()
}
# What ISO 20022 takes only in its own form; a text that has not that form stays with FAIM.
_FORMS = {"country": re.compile(r"[A-Z]{2}\Z"), "country_of_residence": re.compile(r"[A-Z]{2}\Z")}


def structured(basket: Leaves) -> Extra:
    """Take what has a place in ISO 20022 out of the basket, as (path below RmtInf, text)."""
    found: dict[tuple[int, str], str] = {}
    for tag, name in list(basket):
        match = _TAG.match(tag)
        path = TABLE.get((match[1], name)) if match else None
        if match is None or path is None or (name in _FORMS and not _FORMS[name].match(basket[tag, name])):
            continue
        text = basket[tag, name]
        if name == "document_type" and text == "PROP":
            continue  # said by the proprietary type
        found[int(match[2] or 1), path] = _to_iso(name, text)
        del basket[tag, name]
        if name == "proprietary_type":
            basket.pop((tag, "document_type"), None)
    _numbers(basket, found)
    order = {path: place for place, path in enumerate((*TABLE.values(), *_IDS))}
    ordered = sorted(found, key=lambda key: (key[0], order[key[1]]))
    return tuple((f"{_strd(number)}/{path}", found[number, path]) for number, path in ordered)


def _numbers(basket: Leaves, found: dict[tuple[int, str], str]) -> None:
    """Whose number it is decides between an organisation's and a person's; without a number there is none."""
    for number, side in _SIDES.items():
        tag = f"{{{number}}}"
        branch = _BRANCHES.get(basket.get((tag, "id_type"), ""))
        if branch is None or (tag, "id_number") not in basket:
            continue
        del basket[tag, "id_type"]
        for name, path in _NUMBERED.items():
            if text := basket.pop((tag, name), ""):
                found[1, f"{side}/{branch}/{path}"] = text


def _strd(number: int) -> str:
    return "Strd" if number == 1 else f"Strd[{number}]"


def _to_iso(name: str, text: str) -> str:
    if name == "amount":
        return text.replace(",", ".").rstrip(".")
    if name == "date" and (parts := _DATE.match(text)):
        return "-".join(parts.groups())
    return text


def elements(pairs: Extra) -> Iterator[tuple[str, int, str, str]]:
    """(tag, which of that tag, element, text) for every path that has one; the others have no tag."""
    for path, text in pairs:
        match = _STRD.match(path)
        if match is None:
            continue
        number = int(match[1] or 1)
        if match[2] in _IDS:
            tag, type, name = _IDS[match[2]]
            yield tag, number, name, text
            yield tag, number, "id_type", type
        leaf = _PATHS.get(match[2])
        if leaf is None:
            continue
        tag, name = leaf
        yield tag, number, name, text.replace("-", "") if name == "date" else text
        if name == "proprietary_type":
            yield tag, number, "document_type", "PROP"
