"""Statements without envelope, as banks drop them: MT 940 and 942 text, in the dialects that are about.

Strategy: no network checked these, so what can be read is read. Lines before the first field are a preamble; a line
that is only a hyphen ends a statement, and so does the next field 20. Fields may repeat, be missing or be unknown:
each is kept under its tag. Only an account and one balance or entry must be there, or nothing is said at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.formats.mt import parties, statements
from gateway.formats.mt.grammar import Level
from gateway.formats.mt.meaning import Fault, day, money
from gateway.model import Account, Balance, Entry, Extra, Record, Refusal, Statement
from gateway.ports import Decoded

CHARACTERS_MAX = 16 * 1024 * 1024  # of a file; a year of a busy account is a tenth of it

_FIELD = re.compile(r"^:([0-9]{2}[A-Z]?|NS):", re.MULTILINE)
_BALANCE = re.compile(r"\s*(?P<side>[CD])(?P<date>\d{6})(?P<currency>[A-Z]{3})\s*(?P<amount>[\d.,]+)")
_ENTRY = re.compile(
    r"\s*(?P<value>\d{6})(?P<booked>\d{4})?\s*(?P<mark>[RE]?[CD])(?P<funds>[A-Z])?\s*(?P<amount>[\d.,]+)"
    r"(?P<code>[A-Z][A-Z0-9 ]{3})?(?P<reference>(?:(?!//)[^\n])*)(?://(?P<servicer>[^\n]*))?(?:\n(?P<more>.*))?\Z",
    re.DOTALL,
)
_INTERIM = ("34", "13", "90")


def decode(text: str) -> Decoded:
    """Every statement of a text. Never raises."""
    if len(text) > CHARACTERS_MAX:
        return too_large()
    found = records(text)
    if not found:
        wrong = "there is no field of a statement in the text"
        return Decoded("mt", "FIN", refusals=(Refusal("not-fin", "FF01", "character 1", wrong),))
    first = found[0]
    kind = first.source if isinstance(first, Statement) else "MT940"
    return Decoded("mt", kind, first.id if isinstance(first, Statement) else "", records=tuple(found))


def too_large() -> Decoded:
    """The refusal of a text that is not read in parts and is too long to be read whole."""
    wrong = f"bare statements or acknowledgements alone have at most {CHARACTERS_MAX} characters in a file"
    return Decoded("mt", "MT940", refusals=(Refusal("file-too-large", "FF01", "file", wrong),))


def records(text: str, prefix: str = "") -> list[Record | Refusal]:
    """Each statement of a text, a Refusal in the place of one that says too little."""
    found: list[Record | Refusal] = []
    for number, fields in enumerate(_statements(text.replace("\r\n", "\n").replace("\r", "\n")), 1):
        place = prefix or f"statement {number} "
        try:
            found.append(_statement(fields, place))
        except Fault as fault:
            code, reason, field, sentence = fault.args
            reference = next((value for tag, value in fields if tag == "20"), "")[:35]
            found.append(Refusal(code, reason, f"{place}{field}", sentence, reference))
    return found


def _statements(text: str) -> Iterator[list[tuple[str, str]]]:
    found: list[tuple[str, str]] = []
    marks = list(_FIELD.finditer(text))
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    for mark, end in zip(marks, ends, strict=False):
        value, ended = _ended(text[mark.end() : end])
        if mark[1] == "20" and found:
            yield found
            found = []
        found.append((mark[1], value))
        if ended:
            yield found
            found = []
    if found:
        yield found


def _ended(value: str) -> tuple[str, bool]:
    """The value up to a line that ends the statement, and whether one was there."""
    lines = value.rstrip("\x00\x03 \t\n").split("\n")
    for place, line in enumerate(lines):
        if line.strip() in ("-", "-}", "--", "—"):
            return "\n".join(lines[:place]), True
    return "\n".join(line.rstrip() for line in lines), False


def _statement(fields: list[tuple[str, str]], prefix: str) -> Statement:
    level = Level(fields, {})
    balances, currency, kept = _balances(fields)
    entries, rest = _entries(fields, currency)
    if not balances and not entries:
        raise Fault("T13", "FF01", ":60a:", "a statement has a balance or an entry")
    account = level.text("25").partition("\n")[0].strip()
    if not account:
        raise Fault("T13", "FF01", ":25:", "a statement names its account")
    serial, _, page = level.text("28").replace("\n", " ").strip().partition("/")
    interim = any(tag[:2] in _INTERIM for tag, _ in fields)
    own = parties.account(account)
    kept += [
        (f"mt:{tag}", value)
        for tag, value in fields
        if tag[:2] not in ("20", "21", "25", "28", "60", "61", "62", "64", "65", "86")
    ]
    reference = level.text("20").strip()
    return Statement(
        "report" if interim else "statement",
        Account(own.id, own.scheme, currency),
        id=reference,
        related_id=level.text("21").strip(),
        legal_number=serial,
        page=page,
        last_page=not any(tag == "62M" for tag, _ in fields),
        balances=tuple(balances),
        entries=tuple(entries),
        information=tuple(rest),
        place=f"{prefix}:20:{reference}",
        source="MT942" if interim else "MT940",
        scheme="swift",
        extra=tuple(kept),
    )


def _balances(fields: list[tuple[str, str]]) -> tuple[list[Balance], str, list[tuple[str, str]]]:
    """Balances, the account's currency, and fields that have no balance in them."""
    found: list[Balance] = []
    kept: list[tuple[str, str]] = []
    for tag, value in fields:
        if tag[:2] not in ("60", "62", "64", "65"):
            continue
        match = _BALANCE.match(value)
        if match is None:
            kept.append((f"mt:{tag}", value))
            continue
        kind = statements.BALANCES.get(tag, {"60": "OPBD", "62": "CLBD"}.get(tag[:2], "CLAV"))
        subtype = {"60M": "OPEN", "62M": "CLOS"}.get(tag, "")
        amount = money(match["currency"] + _comma(match["amount"]), tag)
        found.append(Balance(kind, amount, match["side"] == "C", day(match["date"], tag), subtype=subtype))
    currency = found[0].amount.currency if found else next((v[:3] for t, v in fields if t == "34F"), "EUR")
    return found, currency, kept


def _comma(amount: str) -> str:
    """The amount with one comma: some banks write a point."""
    if "," not in amount:
        whole, _, fraction = amount.rpartition(".")
        return f"{whole.replace('.', '')},{fraction}" if whole else f"{fraction},"
    return amount.replace(".", "")


def _entries(fields: list[tuple[str, str]], currency: str) -> tuple[list[Entry], list[str]]:
    """Entries with the 86 behind each; what stands in an 86 elsewhere is of the statement."""
    found: list[Entry] = []
    rest: list[str] = []
    open_entry = ""
    for tag, value in fields:
        if open_entry and tag != "86":
            found.append(_entry(open_entry, "", currency))
            open_entry = ""
        if tag == "61":
            open_entry = value
        elif tag == "86" and open_entry:
            found.append(_entry(open_entry, value, currency))
            open_entry = ""
        elif tag == "86":
            rest += value.split("\n")
    if open_entry:
        found.append(_entry(open_entry, "", currency))
    return found, rest


def _entry(text: str, information: str, currency: str) -> Entry:
    found = _ENTRY.match(text)
    if found is None:
        raise Fault("T50", "FF01", ":61:", "a statement line begins with a date, a side and an amount")
    value = day(found["value"], "61")
    extra: Extra = (("mt:61/mark", found["mark"]),) if found["mark"][0] == "E" else ()
    return Entry(
        money(currency + _comma(found["amount"]), "61"),
        found["mark"][-1] == "C",
        status="PDNG" if extra else "BOOK",
        reversal=found["mark"][0] == "R",
        booking_date=statements.booked(found["booked"], value),
        value_date=value,
        servicer_reference=(found["servicer"] or "").strip(),
        owner_reference=found["reference"].strip(),
        proprietary_code=(found["code"] or "").strip(),
        funds_code=found["funds"] or "",
        supplementary=found["more"] or "",
        information=tuple(information.split("\n")) if information else (),
        extra=extra,
    )
