"""Copies of an original's fields in a recall or a query (n92, n95, n96), said by the paths of ISO 20022's OrgnlTxRef.

Strategy: ordering customer, beneficiary, their banks and the remittance have a place there. A copy is said by its paths
only when the paths make the same field again; every other copy stays under its tag, so nothing can be lost here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from gateway.formats.mt import parties, text
from gateway.formats.mt.fields import Lines, agent_lines, field, party_lines
from gateway.formats.mt.grammar import CUSTOMER
from gateway.formats.mt.numbered import wrong
from gateway.formats.mt.tables import A, D, compiled
from gateway.model import Account, Address, Agent, Extra, Party

# Number of the field -> path of the party or agent, of its account, option of free lines.
_CUSTOMERS = {"50": ("Dbtr/Pty", "DbtrAcct", "K"), "59": ("Cdtr/Pty", "CdtrAcct", "")}
_AGENTS = {"52": ("DbtrAgt", "DbtrAgtAcct"), "57": ("CdtrAgt", "CdtrAgtAcct")}
_OPTIONS = {"50": "AFK", "59": "AF"}
_ADDRESS = {
    "StrtNm": "street",
    "PstCd": "postcode",
    "TwnNm": "town",
    "CtrySubDvsn": "subdivision",
    "Ctry": "country",
}
_REMITTANCE = "RmtInf/Ustrd"
_PATH = re.compile(r"(?P<lead>(?:Dbtr|Cdtr)(?:/Pty|Agt|Acct|AgtAcct))/(?P<rest>.+)\Z")


def paths(tag: str, value: str) -> Extra:
    """The field by its paths; () when it cannot be said so."""
    made = _paths(tag, value) if _right(tag, value) else ()
    return made if made and fields_of(made) == [(tag, value.replace("\n", "\r\n"))] else ()


def _right(tag: str, value: str) -> bool:
    """Whether a copy, which no grammar has held, has the format of its field."""
    number, option = tag[:2], tag[2:]
    if number in _AGENTS:
        return option in ("A", "D") and compiled(A if option == "A" else D).match(value) is not None
    if number not in _CUSTOMERS or (option and option not in _OPTIONS[number]):
        return tag == "70" and compiled("4*35x").match(value) is not None
    return compiled(CUSTOMER[option]).match(value) is not None and (
        option != "F" or not wrong(value, number == "50")[0]
    )


def _paths(tag: str, value: str) -> Extra:
    number, option = tag[:2], tag[2:]
    if tag == "70":
        return ((_REMITTANCE, value.replace("\n", "")),)
    if number in _AGENTS:
        agent, own, side = parties.agent(option, value)
        lead, held = _AGENTS[number]
        found = [(f"{lead}/FinInstnId/BICFI", agent.bic)] if agent is not None and agent.bic and not side else []
        return (*found, *_account(held, own)) if found else ()
    party, own = parties.party(option, value)
    lead, held, _ = _CUSTOMERS[number]
    return (*_party(lead, party), *_account(held, own))


def _account(lead: str, own: Account | None) -> Extra:
    if own is None:
        return ()
    return ((f"{lead}/Id/IBAN" if own.scheme == "IBAN" else f"{lead}/Id/Othr/Id", own.id),)


def _party(lead: str, party: Party) -> Extra:
    found = [(f"{lead}/Nm", party.name), (f"{lead}/Id/OrgId/AnyBIC", party.bic)]
    address = party.address or Address()
    found += [(f"{lead}/PstlAdr/{name}", getattr(address, field)) for name, field in _ADDRESS.items()]
    for index, line in enumerate(address.lines, 1):
        found.append((f"{lead}/PstlAdr/AdrLine{f'[{index}]' if index > 1 else ''}", line))
    return tuple(pair for pair in found if pair[1])


def fields_of(said: Extra) -> Lines:
    """The copies that paths say, in the order of their numbers."""
    texts: dict[str, dict[str, str]] = {}
    for path, value in said:
        match = _PATH.match(path)
        if match is not None:
            texts.setdefault(match["lead"], {})[match["rest"]] = value
    out: Lines = []
    for number, (lead, held, free) in _CUSTOMERS.items():
        if lead in texts:
            out += party_lines(number, _as_party(texts[lead]), _as_account(texts.get(held, {})), free)
    for number, (lead, held) in _AGENTS.items():
        bic = texts.get(lead, {}).get("FinInstnId/BICFI", "")
        out += agent_lines(number, Agent(bic) if bic else None, _as_account(texts.get(held, {})), "A")
    remittance = "".join(value for path, value in said if path == _REMITTANCE)
    out += field("70", text.filled(text.plain(remittance), 4)) if remittance else []
    return sorted(out, key=lambda line: line[0])


def _as_party(texts: dict[str, str]) -> Party:
    address = Address(
        **{field: texts.get(f"PstlAdr/{name}", "") for name, field in _ADDRESS.items()},
        lines=tuple(value for path, value in texts.items() if path.startswith("PstlAdr/AdrLine")),
    )
    return Party(texts.get("Nm", ""), address if address != Address() else None, texts.get("Id/OrgId/AnyBIC", ""))


def _as_account(texts: dict[str, str]) -> Account | None:
    number = texts.get("Id/IBAN") or texts.get("Id/Othr/Id", "")
    return parties.account(number) if number else None


def said(copies: Iterable[tuple[str, str]]) -> Extra:
    """Copies by their paths where they have any, under their tags where not."""
    out: list[tuple[str, str]] = []
    seen: set[str] = set()
    for tag, value in copies:
        made = paths(tag, value) if tag[:2] not in seen else ()
        seen.add(tag[:2])
        out += made or [(f"mt:{tag}", value)]
    return tuple(out)
