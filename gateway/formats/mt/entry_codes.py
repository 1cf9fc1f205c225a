"""Types of entries: subfield 6 of field 61, and the bank transaction codes of ISO 20022 that say the same.

Only where the two say the same without doubt; the four characters themselves stay with the entry, whatever they are.
"""

from __future__ import annotations

import re

Domain = tuple[str, str, str]  # domain, family, sub-family

# type: (of a credit, of a debit)
CODES: dict[str, tuple[Domain | None, Domain | None]] = {
    "TRF": (("PMNT", "RCDT", "NTAV"), ("PMNT", "ICDT", "NTAV")),  # transfer
    "STO": (("PMNT", "RCDT", "STDO"), ("PMNT", "ICDT", "STDO")),  # standing order
    "DDT": (("PMNT", "IDDT", "NTAV"), ("PMNT", "RDDT", "NTAV")),  # direct debit
    "CHK": (("PMNT", "RCHQ", "NTAV"), ("PMNT", "ICHQ", "NTAV")),  # cheque
    "CHG": (("ACMT", "MCOP", "CHRG"), ("ACMT", "MDOP", "CHRG")),  # charges
    "COM": (("ACMT", "MCOP", "COMM"), ("ACMT", "MDOP", "COMM")),  # commission
    "INT": (("ACMT", "MCOP", "INTR"), ("ACMT", "MDOP", "INTR")),  # interest
    "CMZ": (("CAMT", "ACCB", "ZABA"), ("CAMT", "ACCB", "ZABA")),  # zero balancing
    "CMS": (("CAMT", "ACCB", "SWEP"), ("CAMT", "ACCB", "SWEP")),  # sweeping
    "CMT": (("CAMT", "ACCB", "TOPG"), ("CAMT", "ACCB", "TOPG")),  # topping
    "DIV": (("SECU", "CORP", "DVCA"), None),  # cash dividend
}
# Entries that name the message type they come from, as S103 does: what those messages do.
MESSAGES = {
    **dict.fromkeys(("101", "102", "103"), CODES["TRF"]),
    **dict.fromkeys(("104", "107"), CODES["DDT"]),
    **dict.fromkeys(("202", "203", "205"), (("PMNT", "RCDT", "FICT"), ("PMNT", "ICDT", "FICT"))),
}
# Transaction codes of German banks (GVC), which stand first in field 86 and say more than a type.
GERMAN: dict[str, Domain] = {
    "104": ("PMNT", "RDDT", "BBDD"),  # SEPA direct debit between businesses, of one payment
    "105": ("PMNT", "RDDT", "ESDD"),  # SEPA direct debit
    "108": ("PMNT", "IDDT", "UPDD"),  # own direct debit between businesses that comes back
    "109": ("PMNT", "IDDT", "UPDD"),  # own direct debit that comes back
    "116": ("PMNT", "ICDT", "ESCT"),  # SEPA credit transfer, own
    "117": ("PMNT", "ICDT", "STDO"),  # own standing order
    "118": ("PMNT", "IRCT", "ESCT"),  # own instant credit transfer
    "152": ("PMNT", "RCDT", "STDO"),  # standing order of another
    "153": ("PMNT", "RCDT", "SALA"),  # salary or pension
    "159": ("PMNT", "ICDT", "RRTN"),  # own credit transfer that comes back
    "166": ("PMNT", "RCDT", "ESCT"),  # SEPA credit transfer
    "168": ("PMNT", "RRCT", "ESCT"),  # instant credit transfer
    "171": ("PMNT", "IDDT", "ESDD"),  # own SEPA direct debit
    "174": ("PMNT", "IDDT", "BBDD"),  # own SEPA direct debit between businesses
    "177": ("PMNT", "ICDT", "ESCT"),  # SEPA credit transfer, own, online
    "181": ("PMNT", "RDDT", "UPDD"),  # direct debit that is given back
    "184": ("PMNT", "RDDT", "UPDD"),  # direct debit between businesses that is given back
    "191": ("PMNT", "ICDT", "ESCT"),  # own SEPA credit transfers in one sum
    "192": ("PMNT", "IDDT", "ESDD"),  # own SEPA direct debits in one sum
    "194": ("PMNT", "RCDT", "ESCT"),  # SEPA credit transfers in one sum
    "196": ("PMNT", "IDDT", "BBDD"),  # own SEPA direct debits between businesses in one sum
    "201": ("PMNT", "ICDT", "XBCT"),  # cross-border credit transfer, own
    "202": ("PMNT", "RCDT", "XBCT"),  # cross-border credit transfer
}
_NUMBERED = re.compile(r"(\d{3})[^\w\s/:.,'()-](?:00|10|2\d|3\d)", re.ASCII)
HEAD_CHARACTERS = 6  # of field 86: so many tell whether it begins with such a code
STANDARD = re.compile(r"(?:S\d{3}|[NF][A-Z0-9]{3})\Z", re.ASCII)
_NOTHING: Domain = ("", "", "")
_FAMILIES = {"ICDT": "TRF", "RCDT": "TRF", "IRCT": "TRF", "RRCT": "TRF", "IDDT": "DDT", "RDDT": "DDT"} | {
    "ICHQ": "CHK",
    "RCHQ": "CHK",
}
_REVERSE = {domain: code for code, sides in reversed(CODES.items()) for domain in sides if domain is not None}


def domain(code: str, credit: bool, head: str = "") -> Domain:
    """The codes of ISO 20022 of a type; three empty texts where none is sure.

    `credit`: of the original. `head`: how field 86 begins.
    """
    numbered = _NUMBERED.match(head)
    if numbered is not None and numbered[1] in GERMAN:
        return GERMAN[numbered[1]]
    sides = (MESSAGES if code[:1] == "S" else CODES).get(code[1:])
    return (sides[not credit] if sides is not None else None) or _NOTHING


def code(own: str, said: Domain) -> str:
    """The type of an entry: its own where it is one, else that of its domain, else miscellaneous."""
    if STANDARD.match(own):
        return own
    return "N" + (_REVERSE.get(said) or _FAMILIES.get(said[1], "MSC"))
