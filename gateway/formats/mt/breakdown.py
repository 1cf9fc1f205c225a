"""Charges record by record, as camt.105 and camt.106 list them: one line of 71B each.

Strategy: what a record says beyond the fields of the model stands in `extra` under its path; the lines, the sum and the
paying bank are put together from there, and what was used is not kept twice.
"""

from __future__ import annotations

import re
from decimal import Decimal

from msgspec import structs

from gateway.model import Agent, Case, Loss, Money

CODES = {"DEBT": "OURC", "CFEE": "CANF"}  # types of charges that FIN calls otherwise
_RECORD = re.compile(r"iso:Chrgs/PerTx/Rcrd(?:\[([0-9]+)\])?/(.*)\Z")
_ITEM = re.compile(r"ChrgsBrkdwn(?:\[([0-9]+)\])?/(.*)\Z")
_TOTALS = "iso:GrpHdr/TtlChrgs/"
_USED = ("Amt", "Amt/@Ccy", "CdtDbtInd", "Tp/Cd")
_ASKING = "ChrgsRqstr/FinInstnId/BICFI"
_PAYING = "DbtrAgt/FinInstnId/BICFI"


def told(case: Case) -> Case:
    """The case with its records as lines and their sum as its amount; one without records as it is."""
    items: dict[tuple[int, int], dict[str, str]] = {}
    left: list[tuple[str, str]] = []
    paying = asking = ""
    original = case.original
    again = {  # what a further record says of the first one's payment
        "UndrlygTx/InstrId": original.instruction_id,
        "UndrlygTx/UETR": original.uetr,
        "UndrlygTx/MsgNmId": original.message_type,
    }
    for name, value in case.extra:
        record = _RECORD.match(name)
        item = _ITEM.match(record[2]) if record else None
        if record and item and item[2] in _USED:
            items.setdefault((int(record[1] or 1), int(item[1] or 1)), {})[item[2]] = value
        elif record and record[2] == _PAYING and paying in ("", value):
            paying = value
        elif record and record[2] == _ASKING and asking in ("", value):
            asking = value
        elif record and value and again.get(record[2]) == value:
            continue
        elif not name.startswith(_TOTALS) and not (record and record[2].startswith("TtlChrgsPerRcrd/")):
            left.append((name, value))
    if not items or case.text:
        return case
    kept = [*left, *([("mt:52A", paying)] if paying else [])]
    creator = case.creator or (Agent(asking) if asking else None)
    return structs.replace(
        case,
        creator=creator,
        text=tuple(_line(one) for _, one in sorted(items.items())),
        amount=_sum(case, items),
        extra=tuple(kept),
    )


def renamed(case: Case) -> tuple[Loss, ...]:
    """Types of charges that stand under another code."""
    return tuple(
        Loss(f"extra {name}", f"{value} is called {CODES[value]}", "info")
        for name, value in case.extra
        if name.endswith("/Tp/Cd") and _RECORD.match(name) and value in CODES
    )


def _line(item: dict[str, str]) -> str:
    """`/OURC/RON15,/D`"""
    code = item.get("Tp/Cd", "OTHR")
    amount = item.get("Amt", "0").replace(".", ",").rstrip("0" if "." in item.get("Amt", "") else "")
    written = amount if "," in amount else amount + ","
    side = "C" if item.get("CdtDbtInd") == "CRDT" else "D"
    return f"/{CODES.get(code, code)}/{item.get('Amt/@Ccy', '')}{written}/{side}"


def _sum(case: Case, items: dict[tuple[int, int], dict[str, str]]) -> Money | None:
    """The sum of all items of one currency; the case's own amount where they have several."""
    currencies = {one.get("Amt/@Ccy", "") for one in items.values()}
    if len(currencies) != 1:
        return case.amount
    total = sum((Decimal(one.get("Amt", "0")) for one in items.values()), Decimal(0))
    return Money.parse(currencies.pop(), format(total, "f")) or case.amount
