"""Statements and confirmations: MT 900, 910, 940, 941, 942 and 950 as canonical statements.

Strategy: one record a message. Balances keep their side and day, entries the subfields of 61 by name, and field 86
stands line by line with its entry, since every bank writes it in a way of its own. A day of an entry that has no year
takes that of its value date.
"""

from __future__ import annotations

import re
from typing import Any

from gateway.formats.mt import parties
from gateway.formats.mt.grammar import Level
from gateway.formats.mt.meaning import Fault, day, money
from gateway.model import Account, Agent, Balance, Entry, Extra, Money, Payment, Statement

BALANCES = {"60F": "OPBD", "60M": "ITBD", "62F": "CLBD", "62M": "ITBD", "64": "CLAV", "65": "FWAV"}
KINDS = {"940": "statement", "950": "statement", "941": "report", "942": "report", "900": "notification"} | {
    "910": "notification"
}

_ENTRY = re.compile(
    r"(?P<value>\d{6})(?P<booked>\d{4})?(?P<mark>R?[CD])(?P<funds>[A-Z])?(?P<amount>\d[\d,]*)"
    r"(?P<code>[A-Z][A-Z0-9]{3})(?P<reference>(?:(?!//)[^\n]){1,16})(?://(?P<servicer>[^\n]{1,16}))?"
    r"(?:\n(?P<more>.*))?\Z",
    re.DOTALL,
)


def statement(level: Level, type: str, place: str, identity: str, extra: list[tuple[str, str]]) -> Statement:
    """The record of a statement or report. Raises Fault."""
    balances = _balances(level)
    currency = balances[0].amount.currency if balances else _floor(level)[0][0].currency
    number, _, page = (level.text("28") or level.text("28C")).partition("/")
    option, account = level.get("25") or ("", "")
    if "90" in {tag[:2] for tag, _ in level.fields}:
        totals: Extra = tuple((f"90{option}", value) for option, value in level.all("90"))
    else:
        totals = ()
    return Statement(
        KINDS[type],
        _account(option, account, currency, extra),
        id=level.text("20"),
        related_id=level.text("21"),
        legal_number=number,
        page=page,
        last_page=not any(tag == "62M" for tag, _ in level.fields),
        created=_moment(level.text("13")),
        floors=_floor(level),
        balances=balances,
        entries=tuple(_entry(inner, currency) for inner in level.levels()) + _flat(level, currency),
        totals=totals,
        information=tuple(level.text("86").split("\n")) if level.text("86") else (),
        place=place,
        source=f"MT{type}",
        scheme="swift",
        identity=identity,
        extra=tuple(extra),
    )


def confirmation(level: Level, type: str, place: str, identity: str, extra: list[tuple[str, str]]) -> Statement:
    """The record of a confirmation of debit or credit (900, 910): a notification with one entry. Raises Fault."""
    text = level.text("32")
    booked, amount = day(text[:6], "32A"), money(text[6:], "32A")
    option, account = level.get("25") or ("", "")
    fields: dict[str, Any] = {}
    ordering = level.get("50")
    if ordering is not None:
        fields["debtor"], fields["debtor_account"] = parties.party(*ordering)
    for number, name in (("52", "debtor_agent"), ("56", "intermediary")):
        found = level.get(number)
        if found is not None:
            agent, own, _ = parties.agent(*found)
            if name == "intermediary":
                fields["intermediary_agents"] = (agent or Agent(),)
            else:
                fields[name], fields[name + "_account"] = agent, own
    detail = Payment(
        "entry",
        amount,
        source=f"MT{type}",
        scheme="swift",
        end_to_end_id=level.text("21"),
        settlement_date=booked,
        **fields,
    )
    entry = Entry(
        amount,
        type == "910",
        value_date=booked,
        servicer_reference=level.text("20"),
        information=tuple(level.text("72").split("\n")) if level.text("72") else (),
        details=(detail,),
    )
    return Statement(
        KINDS[type],
        _account(option, account, amount.currency, extra),
        id=level.text("20"),
        related_id=level.text("21"),
        created=_moment(level.text("13")),
        entries=(entry,),
        place=place,
        source=f"MT{type}",
        scheme="swift",
        identity=identity,
        extra=tuple(extra),
    )


def _account(option: str, text: str, currency: str, extra: list[tuple[str, str]]) -> Account:
    own, _, bic = text.partition("\n") if option == "P" else (text, "", "")
    if bic:
        extra.append(("mt:25P/2", bic))
    found = parties.account(own)
    return Account(found.id, found.scheme, currency)


def _balances(level: Level) -> tuple[Balance, ...]:
    found = []
    for tag, value in level.fields:
        kind = BALANCES.get(tag)
        if kind is None:
            continue
        subtype = "OPEN" if tag == "60M" else "CLOS" if tag == "62M" else ""
        amount = money(value[7:], tag)
        found.append(Balance(kind, amount, value[:1] == "C", day(value[1:7], tag), subtype=subtype))
    return tuple(found)


def _floor(level: Level) -> tuple[tuple[Money, str], ...]:
    found = []
    for _, value in level.all("34"):
        side = value[3] if value[3:4] in ("D", "C") else ""
        found.append((money(value[:3] + value[4 if side else 3 :], "34F"), side))
    return tuple(found)


def _flat(level: Level, currency: str) -> tuple[Entry, ...]:
    """Entries of a message that has no sequence for them (950)."""
    return tuple(entry(value, "", currency) for tag, value in level.fields if tag == "61")


def _entry(level: Level, currency: str) -> Entry:
    return entry(level.text("61"), level.text("86"), currency)


def entry(text: str, information: str, currency: str) -> Entry:
    """Field 61 with the 86 behind it. Raises Fault."""
    found = _ENTRY.match(text)
    if found is None:
        raise Fault("T50", "FF01", ":61:", "a statement line does not have the format of field 61")
    value = day(found["value"], "61")
    credit = found["mark"][-1] == "C"
    return Entry(
        money(currency + found["amount"], "61"),
        credit,
        reversal=found["mark"][0] == "R",
        booking_date=booked(found["booked"], value),
        value_date=value,
        servicer_reference=found["servicer"] or "",
        owner_reference=found["reference"],
        proprietary_code=found["code"],
        funds_code=found["funds"] or "",
        supplementary=found["more"] or "",
        information=tuple(information.split("\n")) if information else (),
    )


def booked(text: str | None, value: str) -> str:
    """MMDD with the year that brings it nearest to the value date; "" without one."""
    if not text:
        return ""
    year = int(value[:4])
    if text[:2] == "12" and value[5:7] == "01":
        year -= 1
    elif text[:2] == "01" and value[5:7] == "12":
        year += 1
    return day(f"{year % 100:02d}{text}", "61")


def _moment(text: str) -> str:
    """13D as a time with its offset; "" without one."""
    if not text:
        return ""
    return f"{day(text[:6], '13D')}T{text[6:8]}:{text[8:10]}:00{text[10:13]}:{text[13:]}"
