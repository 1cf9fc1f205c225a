"""Parties and agents: the options of fields 50a to 59a, read and written.

Strategy: the format of a value was checked before; here its lines are told apart. Agents and ordering customers come
again and again in a file, so readings are remembered.
"""

from __future__ import annotations

import re
from functools import lru_cache
from string import ascii_uppercase

from gateway.formats.mt.tables import CLEARING, CLEARING_PREFIX, IDENTIFIERS
from gateway.model import Account, Address, Agent, Birth, Identification, Party

AGENTS_REMEMBERED = 4096  # distinct values of party fields kept; a few hundred bytes each

_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}\Z", re.ASCII)
_DIGITS = str.maketrans({letter: str(int(letter, 36)) for letter in ascii_uppercase})  # A is 10, Z is 35
_NUMBERED = re.compile(r"([1-8])/(.*)\Z", re.ASCII)
_IDENTIFIER = re.compile(r"([A-Z]{4})/([A-Z]{2})/(.+)\Z", re.ASCII)
_POSTCODE = re.compile(r"[0-9]")

Reading = tuple[Agent | None, Account | None, str]  # agent, account, debit/credit indicator


@lru_cache(maxsize=AGENTS_REMEMBERED)
def is_iban(text: str) -> bool:
    """Whether the text is an IBAN by form and check digits (ISO 7064, modulus 97)."""
    if not _IBAN.match(text):
        return False
    return int((text[4:] + text[:4]).translate(_DIGITS)) % 97 == 1


def account(text: str) -> Account:
    """An account as it stands behind the slash."""
    return Account(text, "IBAN") if is_iban(text) else Account(text)


@lru_cache(maxsize=AGENTS_REMEMBERED)
def agent(option: str, value: str) -> Reading:
    """Read fields 51a to 58a."""
    lines = value.split("\n")
    first = lines.pop(0)[1:] if lines[0][:1] == "/" else ""
    indicator, clearing, member, own = _first_line(first)
    if option == "A":
        return Agent(lines[-1], clearing, member, other_id="" if member or clearing else own[0]), own[1], indicator
    if option == "D":
        address = Address(lines=tuple(lines[1:])) if len(lines) > 1 else None
        return Agent("", clearing, member, "", lines[0], address, own[0]), own[1], indicator
    place = Address(lines=tuple(lines)) if lines else None
    named = Agent("", clearing, member, address=place, other_id=own[0])
    return named if named != Agent() else None, own[1], indicator


def _first_line(first: str) -> tuple[str, str, str, tuple[str, Account | None]]:
    """Indicator, clearing system, member, (other id, account)."""
    if first[:1] == "/":
        system = CLEARING.get(first[1:3], "")
        if system and len(first) > 3:
            return "", system, first[3:], ("", None)
        return "", "", "", ("/" + first, None)
    indicator = first[0] if len(first) == 1 or (first[1:2] == "/" and first[0] in "CD") else ""
    number = first[2:] if indicator else first
    return indicator, "", "", ("", account(number) if number else None)


def agent_lines(
    found: Agent | None,
    own: Account | None,
    options: str,
    indicator: str = "",
) -> tuple[str, list[str]] | None:
    """Write an agent: the option and its lines; None when there is nothing, or no option says it."""
    first = _agent_first(found, own, indicator)
    if found is not None and found.bic and "A" in options:
        return "A", [*first, found.bic]
    if found is not None and found.name.strip() and "D" in options:
        return "D", [*first, found.name, *(_address_lines(found.address))][: 4 + len(first)]
    if first and "B" in options:
        return "B", [*first, *(_address_lines(found.address if found else None)[:1])]
    if first and "C" in options and len(first[0]) <= 35:
        return "C", first
    return ("D", [*first, "NOTPROVIDED"]) if first and "D" in options else None


def _agent_first(found: Agent | None, own: Account | None, indicator: str) -> list[str]:
    if own is not None:
        return [f"/{indicator}/{own.id}" if indicator else "/" + own.id]
    if found is not None and found.clearing_member and found.clearing_system in CLEARING_PREFIX:
        return [f"//{CLEARING_PREFIX[found.clearing_system]}{found.clearing_member}"]
    return [found.other_id] if found is not None and found.other_id.startswith("//") else []


# --- customers --------------------------------------------------------------------------------------


@lru_cache(maxsize=AGENTS_REMEMBERED)
def party(option: str, value: str) -> tuple[Party, Account | None]:
    """Read fields 50a and 59a: a BIC (A, C, G), a name (L), name and address (K, H, none), numbered lines (F)."""
    if option in ("C", "L"):
        return (Party(bic=value) if option == "C" else Party(value)), None
    lines = value.split("\n")
    own, identification = None, None
    if lines[0][:1] == "/":
        own = account(lines.pop(0)[1:])
    if option in ("A", "G"):
        return Party(bic=lines[0]), own
    if option != "F":
        name, *more = map(str.strip, lines)
        return Party(name, Address(lines=tuple(more)) if more else None), own
    if (found := _IDENTIFIER.match(lines[0])) is not None and not _NUMBERED.match(lines[0]):
        identification = Identification(found[3], found[1], issuer=found[2], private=IDENTIFIERS.get(found[1], False))
        lines.pop(0)
    return _numbered(lines, identification), own


def _numbered(lines: list[str], identification: Identification | None) -> Party:
    found: dict[str, list[str]] = {}
    for line in lines:
        found.setdefault(line[0], []).append(line[2:])
    ids = [identification] if identification else []
    for digit, code, private in (("6", "CUST", False), ("7", "NIDN", True)):
        for text in found.get(digit, ()):
            country, _, number = text.partition("/")
            ids.append(Identification(number, code, issuer=country, private=private))
    country, _, place = "/".join(found.get("5", ())).partition("/")
    day = "".join(found.get("4", ()))
    birth = Birth(f"{day[:4]}-{day[4:6]}-{day[6:]}", place, country) if len(day) == 8 and country else None
    return Party("".join(found.get("1", ())).strip(), _numbered_address(found), ids=tuple(ids), birth=birth)


def _numbered_address(found: dict[str, list[str]]) -> Address | None:
    streets, places = found.get("2", []), found.get("3", [])
    if not streets and not places:
        return None
    country, _, rest = places[0].partition("/") if places else ("", "", "")
    town, *more = map(str.strip, (rest + "".join(places[1:])).split(",", 2))
    postcode = more.pop(0) if more and _POSTCODE.search(more[0]) else ""
    street, lines = (streets[0].strip(), ()) if len(streets) == 1 else ("", tuple(streets))
    return Address(
        street=street, postcode=postcode, town=town, subdivision=",".join(more), country=country, lines=lines
    )


def party_lines(found: Party | None, own: Account | None, free: str, numbered: bool = True) -> tuple[str, list[str]]:
    """Write a customer; `free` is the option of name and address lines: "K" of 50, "" of 59. Not all have option F."""
    first = ["/" + own.id] if own is not None else []
    if found is not None and found.bic:
        return "A", [*first, found.bic]
    address = found.address if found is not None else None
    placed = address is not None and address.country
    if numbered and found is not None and (placed or found.birth or found.ids):
        lines = _numbered_lines(found, free == "K")
        if first or (free == "K" and not _NUMBERED.match(lines[0])):
            return "F", [*first, *(lines if not first else [x for x in lines if _NUMBERED.match(x)])]
        if free != "K" or first:
            return "F", lines
        return "F", ["/NOTPROVIDED", *lines]
    name = (found.name.strip() if found is not None else "") or "NOTPROVIDED"
    return free, [*first, name, *_address_lines(address)]


def _numbered_lines(found: Party, debtor: bool) -> list[str]:
    lines = [f"1/{part}" for part in _cut(found.name.strip() or "NOTPROVIDED", 33, 2)]
    address = found.address
    if address is not None and address.country:  # lines 2/ may not stand without the country of 3/
        street = _joined(
            ",",
            address.street,
            address.building_number,
            address.building_name,
            address.floor,
            address.post_box,
            address.room,
            address.department,
            address.sub_department,
        )
        lines += [f"2/{part}" for part in ([street] if street else list(address.lines[:2]))]
        town = _joined(",", address.town, address.postcode, address.subdivision)
        lines.append(f"3/{address.country}/{town}" if town else f"3/{address.country}")
    if debtor and found.birth is not None and len(lines) <= 2:  # both lines or neither
        lines += [f"4/{found.birth.date.replace('-', '')}", f"5/{found.birth.country}/{found.birth.city}"]
    if debtor and found.ids and found.ids[0].scheme in IDENTIFIERS and len(found.ids[0].issuer) == 2:
        one = found.ids[0]
        return [f"{one.scheme}/{one.issuer}/{one.id}", *lines[:4]]
    return lines[:4]


def _address_lines(address: Address | None) -> list[str]:
    if address is None:
        return []
    if address.lines:
        place = _joined(" ", address.postcode, address.town, address.country)
        return [*address.lines, place] if place else list(address.lines)
    street = _joined(" ", address.street, address.building_number)
    town = _joined(" ", address.postcode, address.town, address.country)
    return [line for line in (street, address.post_box, town) if line]


def _joined(separator: str, *parts: str) -> str:
    return separator.join(part.strip() for part in parts if part.strip())


def _cut(text: str, width: int, lines: int) -> list[str]:
    """Text in lines of a width, cut anywhere but at a blank, at most so many; `+` where more is."""
    found: list[str] = []
    while len(text) > width and len(found) < lines:
        end = width
        while end > 1 and " " in text[end - 1 : end + 1]:
            end -= 1
        found.append(text[:end])
        text = text[end:]
    found.append(text)
    if len(found) > lines:
        found = [*found[: lines - 1], found[lines - 1] + "+"]
    return found
