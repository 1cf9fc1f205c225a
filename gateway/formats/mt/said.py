"""What moves no money by itself: charges, recalls, queries and answers (n9x), notices (210), requests (920), the rest.

Strategy: every such message is one record that says what it is about (field 21) and keeps what has no place of ours
under its tag. A type without a grammar is kept whole, field by field, as a document.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from msgspec import Struct, structs

from gateway.formats.mt import copies, parties, returns
from gateway.formats.mt.grammar import CUSTOMER, Level
from gateway.formats.mt.meaning import day, money
from gateway.formats.mt.tables import A, D, compiled
from gateway.model import Account, Agent, Case, Extra, Floor, Notice, Original, Party, Reason, Record, Report

CASES = {
    "90": "charges_advice",
    "91": "charges_request",
    "92": "cancellation_request",
    "95": "query",
    "96": "resolution",
    "98": "free_format",
    "99": "free_format",
}
INQUIRIES = {  # what the first line of 75 says where the query is one of these
    "unable_to_apply": "UNABLE TO APPLY",
    "claim_non_receipt": "CLAIM NON RECEIPT",
    "modification_request": "REQUEST TO MODIFY",
}
_INQUIRY = {words: kind for kind, words in INQUIRIES.items()}
RECALLED_NOTICE = "210"  # type of the original in 11S when a recall cancels a notice to receive
TAKEN = {
    "90": ("20", "21", "25", "32", "71"),
    "91": ("20", "21", "32", "71"),
    "92": ("20", "21", "11"),
    "95": ("20", "21", "75", "11"),
    "96": ("20", "21", "76", "11"),
    "98": ("20",),
    "99": ("20", "21", "79"),
}
_WORD = re.compile(r"/([A-Z0-9]{4})/(.*)\Z")
_STATUS = re.compile(r"/([A-Z]{4})/(.*)\Z")
_CODE = re.compile(r"[A-Z0-9]{4}(?:/.*)?\Z")
_NO_REASONS = frozenset(("TEXT", "MREF", "TREF", "REJT", "RETN"))
_CHARGES_ASKED = re.compile(r"/CHRQ/([^\n]+)\Z")
_ROC = re.compile(r"/ROC/(.{1,35}?)(?://(?=/)|/(?=/)|/?\Z)")


Ends = tuple[Agent, Agent]  # sender and receiver


class _Told(Struct):
    """What lines of narrative say: reasons, each with its words, and the end-to-end reference."""

    reasons: list[Reason]
    uetr: str = ""

    def line(self, line: str) -> None:
        word = _WORD.match(line)
        if line.startswith("/UETR/"):
            self.uetr = line[6:]
        elif self.uetr and len(self.uetr) < 36 and line[:2] == "//":
            self.uetr += line[2:]
        elif word is not None and word[1] not in _NO_REASONS:
            self.reasons.append(Reason(word[1], text=(word[2],) if word[2] else ()))
        elif line:
            last = self.reasons.pop() if self.reasons else Reason()
            goes_on = line[:2] == "//" and last.text
            words = (*last.text[:-1], f"{last.text[-1]} {line[2:]}") if goes_on else (*last.text, line)
            self.reasons.append(structs.replace(last, text=words))


def _told(text: str) -> _Told:
    found = _Told([])
    for line in text.split("\n") if text else ():
        found.line(line)
    return found


def records(
    level: Level, type: str, place: str, identity: str, parts: dict[str, Any], extra: list[tuple[str, str]], uetr: str
) -> list[Record]:
    """The records of a message of the common group n9x: mostly one case. Raises Fault."""
    sent = returns.parsed(level.text("79")) if type[1:] == "99" and level.text("79") else None
    if sent is not None and sent.word == "REJT":
        return [_rejected(level, type, place, identity, sent, extra, uetr, parts)]
    if type[1:] == "92" and level.text("11")[:3] == RECALLED_NOTICE:
        ends = {"owner": Party(bic=parts["assigner"].bic), "servicer": parts["assignee"]}
        return [structs.replace(_recalled(level, type, place, identity, extra, uetr), **ends)]
    base = {"place": place, "source": f"MT{type}", "scheme": "swift", "identity": identity, **parts}
    said = _CASES[type[1:]](level, type, extra)
    original = said.pop("original")
    extra += [("mt:UETR", original.uetr)] if uetr and original.uetr not in ("", uetr) else []  # the header's goes first
    original = structs.replace(original, uetr=uetr or original.uetr)
    return [Case(said.pop("kind", CASES[type[1:]]), original, **said, **base, extra=tuple(extra))]


def _rejected(
    level: Level,
    type: str,
    place: str,
    identity: str,
    sent: returns.Sent,
    extra: list[tuple[str, str]],
    uetr: str,
    ends: dict[str, Any],
) -> Report:
    """n99 with /REJT/: the status of a payment."""
    if level.text("21") not in ("", "NOTPROVIDED", sent.reference):
        extra = [*extra, ("mt:21", level.text("21"))]
    own = {"id": level.text("20"), "place": place, "source": f"MT{type}", "identity": identity}
    own |= {"instructing_agent": ends["assigner"], "instructed_agent": ends["assignee"]}
    return returns.rejected(sent, "", uetr, extra=extra, **own)


def _original(level: Level) -> Original:
    """Field 21, and 11S or 11R: type, date, session and sequence number of the original."""
    kind = level.text("11").split("\n")
    digits = "".join(kind[1:])
    created = day(digits[:6], "11S") if digits else ""
    return Original(level.text("21"), f"MT{kind[0]}" if kind[0] else "", created, clearing_reference=digits[6:])


# No grammar holds copied fields: what is read of them must have its format first.
_COPIED = {"25": "35x", "30": "6!n", "32A": "6!n3!a15d", "32B": "3!a15d", "21": "16x", "52A": A, "52D": D, "56A": A} | {
    "56D": D,
    "50": CUSTOMER[""],
    "50C": CUSTOMER["C"],
    "50F": CUSTOMER["F"],
}


def _well_formed(tag: str, value: str) -> bool:
    return tag in _COPIED and compiled(_COPIED[tag]).match(value) is not None


def _copies(level: Level, group: str, original: Original) -> tuple[Original, Extra]:
    """The copied fields: amount, day and end-to-end id say what the original was, the rest is kept under its tag."""
    rest = [(tag, value) for tag, value in level.fields if tag[:2] not in TAKEN[group]]
    if group == "92" and rest and rest[0][0] == "79":
        rest = rest[1:]  # the narrative
    changed: dict[str, Any] = {}
    kept: list[tuple[str, str]] = []
    for tag, value in rest:
        end = _ROC.match(value.replace("\n", "")) if tag == "70" else None
        if tag in ("32A", "32B") and "amount" not in changed and _well_formed(tag, value):
            changed["amount"] = money(value[6:] if tag == "32A" else value, tag)
            changed |= {"settlement_date": day(value[:6], tag)} if tag == "32A" else {}
        elif end is not None and end.end() == len(value.replace("\n", "")):
            changed["end_to_end_id"] = end[1]
        elif tag != "77A" or not value.startswith("/UETR/"):
            kept.append((tag, value))
        else:
            changed["uetr"] = _told(value).uetr
    return structs.replace(original, **changed), copies.said(kept)


def _recall(level: Level, type: str, extra: list[tuple[str, str]]) -> dict[str, Any]:
    """n92: 79 behind 11S is why; what follows are copies."""
    narrative = next((value for tag, value in level.fields if tag[:2] not in ("20", "21", "11")), "")
    told = _told(narrative if level.text("79") == narrative else "")
    named = structs.replace(_original(level), instruction_id=level.text("21"), end_to_end_id="NOTPROVIDED")
    original, payment = _copies(level, "92", named)
    if told.uetr and not original.uetr:
        original = structs.replace(original, uetr=told.uetr)
    name = level.text("20")
    said = {"id": name, "cancellation_id": name, "assignment_id": name}
    return {**said, "original": original, "reasons": tuple(told.reasons), "payment": payment}


def _query(level: Level, type: str, extra: list[tuple[str, str]]) -> dict[str, Any]:
    """n95: the first line of 75 may say which kind of question it is."""
    lines = level.text("75").split("\n")
    kind = _INQUIRY.get(lines[0], "query")
    original, payment = _copies(level, "95", _original(level))
    name = level.text("20")
    said = tuple(lines[1:] if kind != "query" else lines)
    return {"kind": kind, "id": name, "assignment_id": name, "text": said, "original": original, "payment": payment}


def _resolution(level: Level, type: str, extra: list[tuple[str, str]]) -> dict[str, Any]:
    """n96: 76 begins with the status, and the reason may stand behind it; 21 names the case."""
    first, *lines = level.text("76").split("\n")
    status = _STATUS.match(first)
    if status is not None:
        lead = f"/{status[2].partition('/')[0]}/{status[2].partition('/')[2]}" if _CODE.match(status[2]) else status[2]
        lines = [lead, *lines] if status[2] else lines
    else:
        lines = [first, *lines]
    told = _told("\n".join(lines))
    original, payment = _copies(level, "96", structs.replace(_original(level), message_id=""))
    if told.uetr and not original.uetr:
        original = structs.replace(original, uetr=told.uetr)
    name = level.text("20")
    return {
        "id": level.text("21"),
        "cancellation_id": name,
        "assignment_id": name,
        "status": status[1] if status is not None else "",
        "original": original,
        "reasons": tuple(told.reasons),
        "payment": payment,
    }


def _charges(level: Level, type: str, extra: list[tuple[str, str]]) -> dict[str, Any]:
    """n90 and n91: amount, what for (71B), and who charges (72 with /CHRQ/)."""
    group = type[1:]
    option, text = level.get("32") or ("", "")
    said: dict[str, Any] = {"id": level.text("20"), "assignment_id": level.text("20"), "original": _original(level)}
    said["amount"] = money(text if option == "B" else text[6:], "32" + option)
    said["text"] = tuple(level.text("71").split("\n"))
    asked = _CHARGES_ASKED.match(level.text("72"))
    if asked is not None:
        bic = re.fullmatch(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?", asked[1])
        said["creator"] = Agent(asked[1]) if bic else Agent(name=asked[1])
    if group == "90":
        said["account"] = _bare(level.text("25"))
        said["date"] = day(text[:6], "32" + option)
        extra += [("mt:32/side", "C")] if option == "C" else []
    taken = (*TAKEN[group], "72") if asked is not None else TAKEN[group]
    extra += [(f"mt:{tag}", value) for tag, value in level.fields if tag[:2] not in taken or tag == "25P"]
    return said


def _free(level: Level, type: str, extra: list[tuple[str, str]]) -> dict[str, Any]:
    """n98 and n99."""
    group = type[1:]
    lines = level.text("79").split("\n") if group == "99" else []
    extra += [(f"mt:{tag}", value) for tag, value in level.fields if tag[:2] not in TAKEN[group]]
    original = Original(level.text("21") if group == "99" else "")
    return {"id": level.text("20"), "original": original, "text": tuple(lines)}


_CASES: dict[str, Callable[[Level, str, list[tuple[str, str]]], dict[str, Any]]] = {
    "90": _charges,
    "91": _charges,
    "92": _recall,
    "95": _query,
    "96": _resolution,
    "98": _free,
    "99": _free,
}


_MORE = "iso:/CxlRsn/AddtlInf"


def _recalled(level: Level, type: str, place: str, identity: str, extra: list[tuple[str, str]], uetr: str) -> Notice:
    """n92 of an MT 210: the notice is taken back; the copied fields say which amount of it."""
    original = structs.replace(_original(level), uetr=uetr, message_type="")
    fields: dict[str, Any] = {}
    for tag, value in level.fields[3:]:
        told = _told(value) if tag == "79" else _Told([])
        if told.reasons and told.reasons[0].code and (told.uetr in ("", uetr)):
            extra.append(("iso:/CxlRsn/Rsn/Cd", told.reasons[0].code))
            extra += [(_MORE, line) for one in told.reasons for line in one.text]
        elif not _well_formed(tag, value):
            extra.append((f"mt:{tag}", value))
        elif tag == "25":
            fields["account"] = parties.account(value)
        elif tag == "30":
            fields["date"] = day(value, tag)
        elif tag == "32B":
            fields["amount"] = money(value, tag)
        elif tag == "21":
            original = structs.replace(original, end_to_end_id=value)
        else:
            _payer(tag[:2], tag[2:], value, fields, extra)
    fields |= {"place": place, "source": f"MT{type}", "scheme": "swift", "identity": identity, "extra": tuple(extra)}
    item = original.end_to_end_id
    return Notice("receipt_cancelled", item, group_id=level.text("20"), original=original, **fields)


_PAYING = {"50": "payer", "52": "agent", "56": "intermediary"}


def _payer(number: str, option: str, value: str, fields: dict[str, Any], kept: list[tuple[str, str]]) -> None:
    """Who pays what is expected, and through whom; an account in the first line is kept."""
    own: Account | None
    if number == "50":
        fields["payer"], own = parties.party(option, value)
    else:
        fields[_PAYING[number]], own, _ = parties.agent(option, value)
    kept += [(f"mt:{number}/1", own.id)] if own is not None else []


def receipts(
    level: Level, place: str, identity: str, extra: list[tuple[str, str]], uetr: str, ends: Ends
) -> list[Notice]:
    """MT 210: a notice for each amount that is expected. Raises Fault."""
    account = parties.account(level.text("25")) if level.text("25") else None
    expected = day(level.text("30"), "30")
    found = []
    for index, inner in enumerate(level.levels()):
        fields: dict[str, Any] = {}
        kept = list(extra) if not index else []
        for number in _PAYING:
            one = inner.get(number)
            if one is not None:
                _payer(number, *one, fields, kept)
        found.append(
            Notice(
                "receipt_expected",
                inner.text("21"),
                group_id=level.text("20"),
                account=account,
                owner=Party(bic=ends[0].bic),
                servicer=ends[1],
                amount=money(inner.text("32"), "32B"),
                date=expected,
                original=Original(end_to_end_id=inner.text("21"), uetr=uetr),
                place=f"{place} :21:{inner.text('21')}",
                source="MT210",
                scheme="swift",
                identity=f"{identity}/{index}",
                extra=tuple(kept),
                **fields,
            )
        )
    return found


def requests(level: Level, place: str, identity: str, extra: list[tuple[str, str]], ends: Ends) -> list[Notice]:
    """MT 920: a notice for each statement that is asked for."""
    found = []
    for index, inner in enumerate(level.levels()):
        kept = [*(extra if not index else ())]
        option, account = inner.get("25") or ("", "")
        kept += [("mt:25P/2", account.partition("\n")[2])] if option == "P" else []
        found.append(
            Notice(
                "statement_request",
                level.text("20"),
                account=_bare(account),
                owner=Party(bic=ends[0].bic),
                agent=ends[1],
                floors=tuple(_floor(value) for _, value in inner.all("34")),
                requested=f"MT{inner.text('12')}",
                place=f"{place} :25:[{index + 1}]",
                source="MT920",
                scheme="swift",
                identity=f"{identity}/{index}",
                extra=tuple(kept),
            )
        )
    return found


def _floor(text: str) -> Floor:
    """34F: a currency, perhaps the side, an amount."""
    side = SIDES.get(text[3:4], "")
    return Floor(money(text[:3] + text[4 if side else 3 :], "34F"), side or "BOTH")


SIDES = {"D": "DEBT", "C": "CRED"}


def _bare(text: str) -> Account:
    return parties.account(text.partition("\n")[0])


def document(
    fields: list[tuple[str, str]],
    type: str,
    place: str,
    identity: str,
    parts: dict[str, Any],
    extra: list[tuple[str, str]],
) -> Notice:
    """Any other message: kept whole, under its tags."""
    reference = next((value for tag, value in fields if tag == "20" or tag == "20C"), "")
    kept = [(f"mt:{tag}", value) for tag, value in fields]
    agent: Agent | None = parts.get("assigner")
    return Notice(
        "document",
        reference.removeprefix(":SEME//").partition("\n")[0][:35],
        agent=agent,
        place=place,
        source=f"MT{type}" if type else "FIN",
        scheme="swift",
        identity=identity,
        extra=(*extra, *kept),
    )


def acknowledgement(service: str, place: str, extra: list[tuple[str, str]]) -> Report:
    """Service 21: the network's ACK ({451:0}) or NAK ({451:1} with the code in {405:})."""
    said = dict(re.findall(r"\{([0-9A-Z]{3}):([^{}]*)\}", service))
    taken = said.get("451", "0") == "0"
    kept = [(f"mt:{{{tag}}}", value) for tag, value in said.items() if tag not in ("451", "405")]
    return Report(
        "ACTC" if taken else "RJCT",
        Original(message_id=said.get("108", "")),
        "acknowledgement",
        "group",
        () if taken else (Reason(proprietary=said.get("405", "")),),
        place=place,
        source="FIN21",
        scheme="swift",
        extra=(*extra, *kept),
    )
