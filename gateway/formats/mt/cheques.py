"""Advices of cheques (110), stop requests (111) and answers to them (112): camt.107, 108 and 109, both ways.

Strategy: a cheque has no record of its own in the model. It stands in a document under the paths of ISO 20022, which
both families read and write; a table says which field is which path.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from gateway.formats.mt import fields, losses, parties, printing, text, write
from gateway.formats.mt.fields import Lines
from gateway.formats.mt.meaning import Fault, day, money
from gateway.formats.mt.printing import refusal
from gateway.model import Account, Address, Agent, Extra, Money, Notice, Party, Record
from gateway.ports import Fit, Frame, Writing

ISO_TYPES = {"MT110": "camt.107", "MT111": "camt.108", "MT112": "camt.109"}
TYPES = tuple(ISO_TYPES)
VALUE_DATES = {"MT110": "ValDt/Dt", "MT111": "FctvDt/Dt", "MT112": "FctvDt/Dt"}  # of 32A
# Words of 75 and 76, and the codes that they are.
REASONS = {"CUST": "RequestedByCustomer"}
ANSWERS = {"RJCR": "Rejected"}
_CODES = {word: code for code, word in (REASONS | ANSWERS).items()}
_WORD = re.compile(r"/([^/\n]+)/(.*)\Z", re.DOTALL)
_GROUP = "iso:GrpHdr/"
_FOLLOWS = ("iso:GrpHdr/CreDtTm", "iso:GrpHdr/NbOfChqs")  # from what is written
_CHEQUE = re.compile(r"iso:Chq(?:\[([0-9]+)\])?/(.*)\Z")


# --- reading ----------------------------------------------------------------------------------------


def extras(type: str, values: Sequence[tuple[str, str]]) -> Extra:
    """What the fields say, under the paths of ISO 20022. Raises Fault."""
    reference = next((value for tag, value in values if tag == "20"), "")
    out: list[tuple[str, str]] = []
    count = 0
    for tag, value in values:
        if tag == "21":
            count += 1
            out.append((_path(count, "InstrId"), reference))
        if tag == "20":
            continue
        found = _said(type, tag, value) if count else None
        if found is None:
            out.append((f"mt:{tag}", value))
        else:
            out += [(_path(count, path), text) for path, text in found if text]
    if not reference or not count:
        raise Fault("T13", "FF01", ":20:" if not reference else ":21:", f"a mandatory field of {type} is missing")
    return ((_GROUP + "MsgId", reference), (_GROUP + "NbOfChqs", str(count)), *out)


def _path(number: int, path: str) -> str:
    return f"iso:Chq[{number}]/{path}" if number > 1 else f"iso:Chq/{path}"


def _said(type: str, tag: str, value: str) -> list[tuple[str, str]] | None:
    """The paths below a cheque of one field; None where there is none for it."""
    if tag == "21":
        return [("ChqNb", value)]
    if tag == "30":
        return [("IsseDt", day(value, tag))]
    if tag in ("32A", "32B"):
        dated = tag == "32A"
        amount = money(value[6:] if dated else value, tag)
        said = [("Amt", amount.text()), ("Amt/@Ccy", amount.currency)]
        return [*said, (VALUE_DATES[type], day(value[:6], tag))] if dated else said
    if tag in ("50A", "50F", "50K"):
        return _party("Pyer", tag[2:], value)
    if tag in ("59", "59F"):
        return _party("Pyee", "F" if value.lstrip("/").startswith("1/") else tag[2:], value)
    if tag in ("52A", "52D"):
        agent = parties.agent(tag[2:], value)[0]
        return [("DrwrAgt/FinInstnId/BICFI", agent.bic)] if agent is not None and agent.bic else None
    if tag == "75" and type == "MT111":
        code, rest = _coded(value)
        return [("ChqCxlOrStopRsn/Rsn/Cd", code), ("ChqCxlOrStopRsn/AddtlInf", rest)] if code else None
    if tag == "76" and type == "MT112":
        code, rest = _coded(value)
        return [("ChqCxlOrStopSts/Sts/Cd", code), ("ChqCxlOrStopSts/AddtlInf", rest)] if code else None
    return None


def _coded(value: str) -> tuple[str, str]:
    found = _WORD.match(value)
    code = _CODES.get(found[1], found[1]) if found else ""
    return (code, found[2].replace("\n//", " ").strip()) if found and re.fullmatch(r"[A-Z0-9]{4}", code) else ("", "")


def _party(name: str, option: str, value: str) -> list[tuple[str, str]]:
    party, own = parties.party(option, value)
    address = party.address or Address()
    said = [
        (f"{name}/Nm", party.name),
        (f"{name}/Id/OrgId/AnyBIC", party.bic),
        (f"{name}/PstlAdr/StrtNm", address.street),
        (f"{name}/PstlAdr/PstCd", address.postcode),
        (f"{name}/PstlAdr/TwnNm", address.town),
        (f"{name}/PstlAdr/CtrySubDvsn", address.subdivision),
        (f"{name}/PstlAdr/Ctry", address.country),
    ]
    said += [
        (f"{name}/PstlAdr/AdrLine" + (f"[{number}]" if number > 1 else ""), line)
        for number, line in enumerate(address.lines, 1)
    ]
    if own is not None:
        said.append((f"{name}Acct/Id/" + ("IBAN" if own.scheme == "IBAN" else "Othr/Id"), own.id))
    return said


# --- writing ----------------------------------------------------------------------------------------


def fit(record: Record, type: str) -> Fit:
    """What the message would lose, or why there can be none."""
    if not isinstance(record, Notice) or not record.source.startswith((type, ISO_TYPES[type])):
        return Fit(refusal("wrong-kind", "kind", f"{type} carries no {record.kind.replace('_', ' ')}"))
    cheques = _cheques(record)
    if not cheques or not all(one.get("ChqNb") and _amount(one) is not None for one in cheques.values()):
        return Fit(refusal("missing-amount", "amount", "a cheque has a number and an amount of its currency"))
    return losses.compared(_without(record), _message(record, type, losses.BETWEEN_ITS_OWN, 0))


def encode(records: Sequence[Record], type: str, writing: Writing) -> Frame:
    """Messages one after the other."""
    notices = [record for record in records if isinstance(record, Notice)]
    return printing.frame([_message(one, type, writing, index) for index, one in enumerate(notices)], type, writing)


def _without(notice: Notice) -> Notice:
    """The document but for what follows from what is written."""
    kept = tuple((name, value) for name, value in notice.extra if name not in _FOLLOWS)
    return Notice(notice.kind, source=notice.source, extra=kept)


def _cheques(notice: Notice) -> dict[int, dict[str, str]]:
    found: dict[int, dict[str, str]] = {}
    for name, value in notice.extra:
        if match := _CHEQUE.match(name):
            found.setdefault(int(match[1] or 1), {})[match[2]] = value
    return found


def _message(notice: Notice, type: str, writing: Writing, index: int) -> str:
    said = dict(notice.extra)
    cheques = [one for _, one in sorted(_cheques(notice).items())]
    name = text.reference((cheques[0].get("InstrId", "") if cheques else "") or said.get(_GROUP + "MsgId", ""))
    out: Lines = [("20", name or write.numbered(writing.message_id, index))]
    out += [
        (tag[3:], value.replace("\n", "\r\n")) for tag, value in notice.extra if re.fullmatch(r"mt:5[34][A-D]", tag)
    ]
    for one in cheques:
        out += _fields(one, type)
    sender, receiver = printing.ends(writing, notice.agent or Agent(), None)
    return printing.message(type[2:5], out, sender, receiver)


def _fields(one: dict[str, str], type: str) -> Lines:
    """21 to 76 of one cheque."""
    amount = _amount(one)
    assert amount is not None, "asked for by fit"
    out: Lines = [("21", text.reference(one.get("ChqNb", "")))]
    if one.get("IsseDt"):
        out.append(("30", one["IsseDt"][2:].replace("-", "")))
    effective = one.get(VALUE_DATES[type], "")[2:].replace("-", "")
    out.append(("32A" if effective else "32B", effective + fields.amount_text(amount)))
    if type == "MT110":
        out += fields.party_lines("50", *_of(one, "Pyer"), "K")
    if bic := one.get("DrwrAgt/FinInstnId/BICFI", ""):
        out.append(("52A", bic))
    out += fields.party_lines("59", *_of(one, "Pyee"), "")
    for tag, place, words in (("75", "ChqCxlOrStopRsn/Rsn/Cd", REASONS), ("76", "ChqCxlOrStopSts/Sts/Cd", ANSWERS)):
        if code := one.get(place, ""):
            more = one.get(place.partition("/")[0] + "/AddtlInf", "")
            out += fields.field(tag, text.coded(words.get(code, code), more)[:6])
    return out


def _amount(one: dict[str, str]) -> Money | None:
    return Money.parse(one.get("Amt/@Ccy", ""), one.get("Amt", "").strip())


def _of(one: dict[str, str], name: str) -> tuple[Party | None, Account | None]:
    """The payer or the payee, and its account."""
    place = f"{name}/PstlAdr/"
    lines = tuple(value for path, value in one.items() if path.startswith(place + "AdrLine"))
    address = Address(
        street=" ".join(x for x in (one.get(place + "StrtNm", ""), one.get(place + "BldgNb", "")) if x),
        postcode=one.get(place + "PstCd", ""),
        town=one.get(place + "TwnNm", ""),
        subdivision=one.get(place + "CtrySubDvsn", ""),
        country=one.get(place + "Ctry", ""),
        lines=lines,
    )
    party = Party(
        one.get(f"{name}/Nm", ""), address if address != Address() else None, one.get(f"{name}/Id/OrgId/AnyBIC", "")
    )
    iban, other = one.get(f"{name}Acct/Id/IBAN", ""), one.get(f"{name}Acct/Id/Othr/Id", "")
    own = Account(iban, "IBAN") if iban else Account(other) if other else None
    return (party if party != Party() else None), own
