"""Statements and confirmations: MT 900, 910, 940, 941, 942 and 950 as canonical statements.

Strategy: one record a message. Balances keep their side and day; `entries` reads the lines. What a statement says must
add up: opening balance and booked entries make the closing one, on each page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from gateway.formats.mt import entries, parties
from gateway.formats.mt.grammar import Level
from gateway.formats.mt.meaning import Fault, day, money
from gateway.model import Account, Agent, Balance, Entry, Extra, Money, Party, Payment, Statement

# Balances by tag; those of a page that is not the first or the last are intermediate ones (INTM).
BALANCES = {"60F": "OPBD", "60M": "OPBD", "62F": "CLBD", "62M": "CLBD", "64": "CLAV", "65": "FWAV"}
KINDS = {"940": "statement", "950": "statement", "941": "report", "942": "report", "900": "notification"} | {
    "910": "notification"
}

_MOMENT = re.compile(r"(\d{6})([01]\d|2[0-3])([0-5]\d)([+-](?:0\d|1[0-4]))([0-5]\d)\Z", re.ASCII)
_SUM = re.compile(r"0*(\d{1,5})([A-Z]{3}.+)")
_TOTALS = {"D": "TtlDbtNtries", "C": "TtlCdtNtries"}


def statement(
    level: Level,
    type: str,
    place: str,
    identity: str,
    extra: list[tuple[str, str]],
    taken: Sequence[entries.Groups] = (),
) -> Statement:
    """The record of a statement or report; `taken` are entries that are not in the level any more. Raises Fault."""
    balances = _balances(level)
    currency = balances[0].amount.currency if balances else _floors(level)[0][0].currency
    number, _, page = (level.text("28") or level.text("28C")).partition("/")
    account, owner = _account(*(level.get("25") or ("", "")), currency)
    booked = tuple([entries.made(groups, currency) for groups in taken])
    booked = booked or tuple(_entry(inner, currency) for inner in level.levels()) + _flat(level, currency)
    wrong = unproven(balances, booked) if type in ("940", "950") else ""
    if wrong:
        raise Fault("unproven-balance", "AM12", ":62a:", wrong)
    return Statement(
        KINDS[type],
        account,
        id=level.text("20"),
        related_id=level.text("21"),
        legal_number=number,
        page=page,
        last_page=not any(tag == "62M" for tag, _ in level.fields),
        created=moment(level.text("13")),
        owner=owner,
        floors=_floors(level),
        balances=balances,
        entries=booked,
        totals=totals(level.all("90")),
        information=tuple(level.text("86").split("\n")) if level.text("86") else (),
        place=place,
        source=f"MT{type}",
        scheme="swift",
        identity=identity,
        extra=tuple(extra),
    )


def confirmation(
    level: Level, type: str, place: str, identity: str, extra: list[tuple[str, str]], uetr: str = ""
) -> Statement:
    """The record of a confirmation of debit or credit (900, 910): a notification with one entry. Raises Fault."""
    text = level.text("32")
    booked, amount = day(text[:6], "32A"), money(text[6:], "32A")
    account, owner = _account(*(level.get("25") or ("", "")), amount.currency)
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
        end_to_end_id=level.text("21"),
        uetr=uetr,
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
        account,
        id=level.text("20"),
        created=moment(level.text("13")),
        owner=owner,
        entries=(entry,),
        place=place,
        source=f"MT{type}",
        scheme="swift",
        identity=identity,
        extra=tuple(extra),
    )


def _account(option: str, text: str, currency: str) -> tuple[Account, Party | None]:
    """25 and 25P: the account, and whose it is."""
    own, _, bic = text.partition("\n") if option == "P" else (text, "", "")
    found = parties.account(own)
    return Account(found.id, found.scheme, currency), Party(bic=bic) if bic else None


def totals(fields: list[tuple[str, str]]) -> Extra:
    """90D and 90C: how many entries of a side there are, and their sum, as TxsSummry says it."""
    found: list[tuple[str, str]] = []
    for side, value in fields:
        match = _SUM.match(value)
        if match is None:
            raise Fault("T33", "FF01", f":90{side}:", "the value does not have the format of the field")
        name = _TOTALS.get(side, "TtlNtries")
        found += [(f"{name}/NbOfNtries", match[1]), (f"{name}/Sum", money(match[2], f"90{side}").text())]
    return tuple(found)


def unproven(balances: tuple[Balance, ...], booked: Iterable[Entry]) -> str:
    """What is wrong when the opening balance and the entries do not make the closing one; "" when they do."""
    named = {one.type: one.amount.minor if one.credit else -one.amount.minor for one in balances}
    opening, closing = named.get("OPBD"), named.get("CLBD")
    if opening is None or closing is None:
        return ""
    moved = sum(one.amount.minor if one.credit else -one.amount.minor for one in booked if one.status == "BOOK")
    if opening + moved == closing:
        return ""
    currency = balances[0].amount.currency
    said, sum_ = Money(currency, closing).text(","), Money(currency, opening + moved).text(",")
    return f"the closing balance is {said}, opening balance and entries make {sum_}"


def _balances(level: Level) -> tuple[Balance, ...]:
    found = []
    for tag, value in level.fields:
        kind = BALANCES.get(tag)
        if kind is None:
            continue
        subtype = "INTM" if tag in ("60M", "62M") else ""
        amount = money(value[7:], tag)
        found.append(Balance(kind, amount, value[:1] == "C", day(value[1:7], tag), subtype=subtype))
    return tuple(found)


def floor(value: str) -> tuple[Money, str]:
    """34F: a limit, and the side it holds for. Raises Fault."""
    side = value[3] if value[3:4] in ("D", "C") else ""
    return money(value[:3] + value[4 if side else 3 :], "34F"), side


def _floors(level: Level) -> tuple[tuple[Money, str], ...]:
    return tuple(floor(value) for _, value in level.all("34"))


def _flat(level: Level, currency: str) -> tuple[Entry, ...]:
    """Entries of a message that has no sequence for them (950)."""
    return tuple(entries.entry(value, "", currency) for tag, value in level.fields if tag == "61")


def _entry(level: Level, currency: str) -> Entry:
    return entries.entry(level.text("61"), level.text("86"), currency)


def moment(text: str) -> str:
    """13D as a time with its offset; "" without one. Raises Fault."""
    if not text:
        return ""
    found = _MOMENT.match(text)
    if found is None:
        raise Fault("T38", "DT01", ":13D:", "a time is a date, hours and minutes, and an offset")
    return f"{day(found[1], '13D')}T{found[2]}:{found[3]}:00{found[4]}:{found[5]}"
