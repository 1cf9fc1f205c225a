"""The parties of an IAT entry: addenda 10 to 18 as parties, addresses and agents, and back.

Cities stand as `TOWN*STATE\\`, countries as `CC*POSTCODE\\`; what is written otherwise stays as it is, as a line of
the address.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import structs

from gateway.model import Address, Agent, Identification, Party

_PAIR = re.compile(r"([^*\\]*)\*([^*\\]*)\\")
Parties = tuple[Party, Party, Agent, Agent, tuple[Agent, ...], frozenset[str]]


def parties(addenda: Mapping[str, str], odfi: Agent, rdfi: Agent) -> Parties:
    """Originator, receiver, their banks, banks between; and the names of the fields that stand in them."""
    placed: set[str] = {"receiver_name", "receiver_id"}
    originator = _party(addenda, "originator", placed)
    receiver = _party(addenda, "receiver", placed)
    if addenda.get("receiver_id", "").strip():
        receiver = structs.replace(receiver, ids=(Identification(addenda["receiver_id"].strip()),))
    names = [name for name in addenda if name.startswith("correspondent_name")]
    between = tuple(_bank(addenda, "correspondent", Agent(), placed, name[18:]) for name in names)
    return (
        originator,
        receiver,
        _bank(addenda, "odfi", odfi, placed),
        _bank(addenda, "rdfi", rdfi, placed),
        between,
        frozenset(placed),
    )


def _party(addenda: Mapping[str, str], role: str, placed: set[str]) -> Party:
    names = [f"{role}_{part}" for part in ("name", "street", "city_state", "country_postcode")]
    name, street, city, country = (addenda.get(one, "").strip() for one in names)
    placed.update(names)
    lines = []
    town = subdivision = code = postcode = ""
    if (found := _PAIR.fullmatch(city)) is not None:
        town, subdivision = found.groups()
    elif city:
        lines.append(city)
    if (found := _PAIR.fullmatch(country)) is not None:
        code, postcode = found.groups()
    elif country:
        lines.append(country)
    address = Address(
        street=street, town=town, subdivision=subdivision, country=code, postcode=postcode, lines=tuple(lines)
    )
    return Party(name, address if address != Address() else None)


def _bank(addenda: Mapping[str, str], role: str, agent: Agent, placed: set[str], number: str = "") -> Agent:
    names = [f"{role}_{part}{number}" for part in ("name", "id_qualifier", "id", "branch_country")]
    name, qualifier, id, country = (addenda.get(one, "").strip() for one in names)
    placed.update((names[0], names[2], names[3]))
    known = {"bic": id} if qualifier == "02" else {"other_id": id}
    address = Address(country=country) if country else None
    return structs.replace(agent, name=name, address=address, **known)


def party_fields(party: Party, role: str) -> dict[str, str]:
    """The other way round, for addenda 10, 11, 12, 15 and 16."""
    address = party.address or Address()
    lines = list(address.lines)
    city = f"{address.town}*{address.subdivision}\\" if address.town or address.subdivision else _next(lines)
    country = f"{address.country}*{address.postcode}\\" if address.country or address.postcode else _next(lines)
    street = " ".join(part for part in (address.building_number, address.street) if part)
    fields = {f"{role}_name": party.name, f"{role}_street": street, f"{role}_city_state": city}
    fields[f"{role}_country_postcode"] = country
    if role == "receiver" and party.ids:
        fields["receiver_id"] = party.ids[0].id
    return fields


def _next(lines: list[str]) -> str:
    return lines.pop(0) if lines else ""


def bank_fields(agent: Agent, role: str, qualifier: str) -> dict[str, str]:
    """For addenda 13, 14 and 18: a BIC where there is one, else what its own system calls the bank."""
    id, kind = (agent.bic, "02") if agent.bic else (agent.other_id or agent.clearing_member, qualifier or "01")
    country = agent.address.country if agent.address else agent.bic[4:6]
    return {
        f"{role}_name": agent.name,
        f"{role}_id_qualifier": kind,
        f"{role}_id": id,
        f"{role}_branch_country": country or "US",
    }
