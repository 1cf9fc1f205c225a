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
STANDARD = re.compile(r"(?:S\d{3}|[NF][A-Z0-9]{3})\Z", re.ASCII)
_NOTHING: Domain = ("", "", "")
_FAMILIES = {"ICDT": "TRF", "RCDT": "TRF", "IRCT": "TRF", "RRCT": "TRF", "IDDT": "DDT", "RDDT": "DDT"} | {
    "ICHQ": "CHK",
    "RCHQ": "CHK",
}
_REVERSE = {domain: code for code, sides in reversed(CODES.items()) for domain in sides if domain is not None}


def domain(code: str, credit: bool) -> Domain:
    """The codes of ISO 20022 of a type; three empty texts where none is sure. `credit`: of the original."""
    sides = (MESSAGES if code[:1] == "S" else CODES).get(code[1:])
    return (sides[not credit] if sides is not None else None) or _NOTHING


def code(own: str, said: Domain) -> str:
    """The type of an entry: its own where it is one, else that of its domain, else miscellaneous."""
    if STANDARD.match(own):
        return own
    return "N" + (_REVERSE.get(said) or _FAMILIES.get(said[1], "MSC"))
