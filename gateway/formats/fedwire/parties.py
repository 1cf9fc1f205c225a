"""Parties and institutions of FAIM: an identification code, an identifier, a name and three lines; read and written.

Strategy: one table per kind, read both ways. `D` is an account and becomes the account beside the party; everything
else says who the party is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from gateway.model import Account, Address, Agent, Identification, Party

Elements = dict[str, str]

# code -> (scheme, proprietary, private) of a party's identification
SCHEMES: dict[str, tuple[str, bool, bool]] = {
    "1": ("CCPT", False, True),
    "2": ("TXID", False, False),
    "3": ("DRLC", False, True),
    "4": ("ARNU", False, True),
    "5": ("CORPORATE", True, False),
    "9": ("", False, False),
    "C": ("CHIPS", True, False),
    "F": ("USABA", True, False),
    "U": ("CHIPS UID", True, False),
}
_CODES = {scheme: code for code, scheme in SCHEMES.items()}
_BIC_ACCOUNT = re.compile(r"([A-Z0-9]{8}|[A-Z0-9]{11})/(.+)\Z")
BIC = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?\Z")
_MARKS = str.maketrans("*{}", ".()")
_LETTERS = str.maketrans({"\n": " ", "ß": "ss", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "ł": "l"})
_UNPRINTABLE = re.compile(r"[^ -~]")


def latin(text: str) -> str:
    """The text in printable ASCII: letters without their marks, a full stop for the rest."""
    if text.isascii() and text.isprintable():
        return text
    flat = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    return _UNPRINTABLE.sub(".", "".join(c for c in flat if not unicodedata.combining(c)))


def plain(text: str) -> str:
    """The text in the characters of FAIM: printable ASCII without asterisk and braces."""
    return latin(text).translate(_MARKS)


def _address(elements: Mapping[str, str]) -> Address | None:
    lines = tuple(line for n in (1, 2, 3) if (line := elements.get(f"address_{n}", "")))
    return Address(lines=lines) if lines else None


def party(elements: Mapping[str, str]) -> tuple[Party | None, Account | None]:
    """A beneficiary or originator, and the account named beside it."""
    code, identifier = elements.get("id_code", "").strip(), elements.get("identifier", "")
    bic, account = "", None
    ids: tuple[Identification, ...] = ()
    both = _BIC_ACCOUNT.match(identifier) if code == "T" else None
    if both:
        bic, account = both[1], Account(both[2])
    elif code in ("D", "T"):
        account = Account(identifier)
    elif code == "B" and BIC.match(identifier):
        bic = identifier
    elif code:
        scheme, proprietary, private = SCHEMES.get(code, SCHEMES["9"])
        ids = (Identification(identifier, scheme, proprietary, "", private),)
    name, address = elements.get("name", ""), _address(elements)
    known = Party(name, address, bic, "", ids) if name or address or bic or ids else None
    return known, account


def agent(elements: Mapping[str, str]) -> tuple[Agent | None, Account | None]:
    """An institution, and its account at the one before it."""
    code, identifier = elements.get("id_code", "").strip(), elements.get("identifier", "")
    fields: dict[str, str] = {}
    account = None
    both = _BIC_ACCOUNT.match(identifier) if code == "T" else None
    if both:
        fields["bic"], account = both[1], Account(both[2])
    elif code in ("D", "T"):
        account = Account(identifier)
    elif code == "B" and BIC.match(identifier):
        fields["bic"] = identifier
    elif code in ("F", "C"):
        fields["clearing_system"], fields["clearing_member"] = ("USABA" if code == "F" else "USPID"), identifier
    elif code:
        fields["other_id"] = identifier
    name, address = elements.get("name", ""), _address(elements)
    known = Agent(name=name, address=address, **fields) if fields or name or address else None
    return known, account


def lines_of(address: Address | None) -> list[str]:
    """An address in at most three lines: as it has them, else street, town, country."""
    if address is None:
        return []
    if address.lines:
        found = list(address.lines)
        place = " ".join(filter(None, (address.postcode, address.town, address.subdivision, address.country)))
        return [*found, place] if place and len(found) < 3 else found
    street = " ".join(filter(None, (address.building_number, address.street))) or address.post_box
    town = " ".join(filter(None, (address.town, address.subdivision, address.postcode)))
    return [line for line in (street, town, address.country) if line]


def _named(name: str, address: Address | None) -> Elements:
    elements = {"name": name} if name else {}
    for number, line in enumerate(lines_of(address)[:3], 1):
        elements[f"address_{number}"] = line
    return elements


def party_elements(who: Party | None, account: Account | None) -> Elements:
    """The tag of a beneficiary or originator; the account goes before every other identification."""
    elements = _named(who.name, who.address) if who is not None else {}
    if account is not None and who is not None and who.bic and len(f"{who.bic}/{account.id}") <= 34:
        return {"id_code": "T", "identifier": f"{who.bic}/{account.id}", **elements}
    if account is not None:
        return {"id_code": "D", "identifier": account.id, **elements}
    if who is not None and who.bic:
        return {"id_code": "B", "identifier": who.bic, **elements}
    if who is not None and who.ids:
        own = who.ids[0]
        code = _CODES.get((own.scheme, own.proprietary, own.private), "9")
        return {"id_code": code, "identifier": own.id, **elements}
    return elements


def agent_elements(who: Agent | None, account: Account | None) -> Elements:
    """The tag of an institution: routing number, BIC, CHIPS, or its account."""
    elements = _named(who.name, who.address) if who is not None else {}
    code, identifier = "", ""
    if who is not None and account is not None and who.bic and len(f"{who.bic}/{account.id}") <= 34:
        code, identifier = "T", f"{who.bic}/{account.id}"
    elif who is not None and who.clearing_system == "USABA" and who.clearing_member:
        code, identifier = "F", who.clearing_member
    elif who is not None and who.clearing_system == "USPID" and who.clearing_member:
        code, identifier = "C", who.clearing_member
    elif who is not None and who.bic:
        code, identifier = "B", who.bic
    elif account is not None:
        code, identifier = "D", account.id
    elif who is not None and who.other_id:
        code, identifier = "U", who.other_id
    return {"id_code": code, "identifier": identifier, **elements} if code else elements
