"""What moves no money by itself: charges, recalls, queries and answers (n9x), notices (210), requests (920), the rest.

Strategy: every such message is one record that says what it is about (field 21) and keeps what has no place of ours
under its tag. A type without a grammar is kept whole, field by field, as a document.
"""

from __future__ import annotations

import re
from typing import Any

from gateway.formats.mt import parties
from gateway.formats.mt.grammar import Level
from gateway.formats.mt.meaning import day, money
from gateway.model import Account, Agent, Case, Notice, Original, Reason, Report

CASES = {
    "90": "charges_advice",
    "91": "charges_request",
    "92": "cancellation_request",
    "95": "query",
    "96": "resolution",
    "98": "free_format",
    "99": "free_format",
}
TAKEN = {
    "90": ("20", "21", "25", "32", "52", "71"),
    "91": ("20", "21", "32", "52", "71"),
    "92": ("20", "21", "11"),
    "95": ("20", "21", "75", "11"),
    "96": ("20", "21", "76", "11"),
    "98": ("20",),
    "99": ("20", "21", "79"),
}
# Words of field 76 and of the text of a recall that stand for an ISO 20022 code.
_WORD = re.compile(r"/([A-Z]{4})/")


def case(
    level: Level, type: str, place: str, identity: str, parts: dict[str, Any], extra: list[tuple[str, str]]
) -> Case:
    """The record of a message of the common group n9x. Raises Fault."""
    group = type[1:]
    narrative = level.text("75") or level.text("76") or level.text("71") or ("" if group == "98" else level.text("79"))
    lines = tuple(narrative.split("\n")) if narrative else ()
    word = _WORD.search(narrative if group != "92" else level.text("79"))
    amount = None
    option, text = level.get("32") or ("", "")
    if text:
        amount = money(text if option == "B" else text[6:], "32" + option)
    fields: dict[str, Any] = {}
    agent = level.get("52")
    if agent is not None:
        fields["creator"] = parties.agent(*agent)[0]
    taken = TAKEN[group] + (("79",) if group == "92" and not _copied(level) else ())
    rest = [(tag, value) for tag, value in level.fields if tag[:2] not in taken]
    copied = [(f"mt:{tag}", value) for tag, value in rest] if group in ("92", "95", "96") else []
    if group not in ("92", "95", "96"):
        extra += [(f"mt:{tag}", value) for tag, value in rest]
    if group in ("90", "91") and text and option != "B":
        extra.append((f"mt:32{option}/1", day(text[:6], "32" + option)))
    if group == "90":
        extra.append(("mt:25", level.text("25")))
    return Case(
        CASES[group],
        _original(level),
        level.text("20"),
        **fields,
        **parts,
        status=word[1] if word is not None and group == "96" else "",
        reasons=(Reason(word[1]),) if word is not None and group == "92" else (),
        amount=amount,
        text=lines
        if group != "92"
        else tuple(level.text("79").split("\n"))
        if "79" in taken and level.text("79")
        else (),
        payment=tuple(copied),
        place=place,
        source=f"MT{type}",
        scheme="swift",
        identity=identity,
        extra=tuple(extra),
    )


def _copied(level: Level) -> bool:
    """Whether fields of the original stand behind the narrative."""
    return len(level.all("79")) > 1


def _original(level: Level) -> Original:
    """Field 21, and 11S or 11R: type, date, session and sequence number of the original."""
    kind = level.text("11").split("\n")
    created = day(kind[1][:6], "11S") if len(kind) > 1 else ""
    more = kind[1][6:] if len(kind) > 1 else ""
    return Original(level.text("21"), f"MT{kind[0]}" if kind[0] else "", created, clearing_reference=more)


def receipts(level: Level, place: str, identity: str, extra: list[tuple[str, str]]) -> list[Notice]:
    """MT 210: a notice for each amount that is expected. Raises Fault."""
    account = parties.account(level.text("25")) if level.text("25") else None
    expected = day(level.text("30"), "30")
    found = []
    for index, inner in enumerate(level.levels()):
        fields: dict[str, Any] = {}
        kept = list(extra) if not index else []
        payer = inner.get("50")
        if payer is not None:
            fields["payer"], own = parties.party(*payer)
            kept += [("mt:50/1", own.id)] if own is not None else []
        for number in ("52", "56"):
            agent = inner.get(number)
            if agent is not None and number == "52":
                fields["agent"] = parties.agent(*agent)[0]
            elif agent is not None:
                kept.append((f"mt:{number}{agent[0]}", agent[1]))
        found.append(
            Notice(
                "receipt_expected",
                level.text("20"),
                account=account,
                amount=money(inner.text("32"), "32B"),
                date=expected,
                original=Original(end_to_end_id=inner.text("21")),
                place=f"{place} :21:{inner.text('21')}",
                source="MT210",
                scheme="swift",
                identity=f"{identity}/{index}",
                extra=tuple(kept),
                **fields,
            )
        )
    return found


def requests(level: Level, place: str, identity: str, extra: list[tuple[str, str]]) -> list[Notice]:
    """MT 920: a notice for each statement that is asked for."""
    found = []
    for index, inner in enumerate(level.levels()):
        kept = [*(extra if not index else ()), *(("mt:34F", value) for _, value in inner.all("34"))]
        found.append(
            Notice(
                "statement_request",
                level.text("20"),
                account=_bare(inner.text("25")),
                requested=f"MT{inner.text('12')}",
                place=f"{place} :25:[{index + 1}]",
                source="MT920",
                scheme="swift",
                identity=f"{identity}/{index}",
                extra=tuple(kept),
            )
        )
    return found


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
