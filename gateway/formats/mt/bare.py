"""Statements without envelope, as banks drop them: MT 940 and 942 text, in the dialects that are about.

Strategy: no network checked these, so what can be read is read. Lines before the first field are a preamble; a line
that is only a hyphen ends a statement, and so does the next field 20. Fields may repeat, be missing or be unknown:
each is kept under its tag. Only an account and one balance or entry must be there, or nothing is said at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.formats.mt import entries, parties, statements
from gateway.formats.mt.grammar import Level
from gateway.formats.mt.meaning import Fault, day, money
from gateway.model import Account, Balance, Entry, Extra, Money, Record, Refusal, Statement
from gateway.ports import Decoded

CHARACTERS_MAX = 16 * 1024 * 1024  # of a file; a year of a busy account is a tenth of it

_FIELD = re.compile(r"^:([0-9]{2}[A-Z]?|NS):", re.MULTILINE)
_BALANCE = re.compile(r"\s*(?P<side>[CD])(?P<date>\d{6})(?P<currency>[A-Z]{3})\s*(?P<amount>[\d.,]+)")
_END = re.compile(r"\n[ \t]*(?:-\}?|--|—)[ \t\x00\x03]*(?=\n|\Z)")  # a line that ends the statement
_INTERIM = ("34", "13", "90")
_LINES = frozenset(("60", "61", "62", "64", "65", "86"))  # balances and entries: all but the head of a statement
_BEGIN = re.compile(r"\n(?=:20:)")
_TAGS = frozenset(("20", "21", "25", "28", "NS", *_LINES, *_INTERIM))

Fields = list[tuple[str, str]]


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
    for number, (fields, taken) in enumerate(_statements(_readable(text)), 1):
        place = prefix or f"statement {number} "
        try:
            found.append(_statement(fields, taken, place))
        except Fault as fault:
            code, reason, field, sentence = fault.args
            reference = next((value for tag, value in fields if tag == "20"), "")[:35]
            found.append(Refusal(code, reason, f"{place}{field}", sentence, reference))
    return found


def _readable(text: str) -> str:
    """The text with line feeds alone, and as UTF-8 where the bytes are that: umlauts are of two bytes there."""
    if not text.isascii():
        try:
            text = text.encode("latin-1").decode("utf-8")
        except UnicodeError:
            return text.replace("\r\n", "\n").replace("\r", "\n")  # one byte a letter, as it came
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _statements(text: str) -> Iterator[tuple[Fields, list[entries.Groups]]]:
    """Each statement's fields, and its entries where they could be taken out at once."""
    for part in _END.split(text):
        for one in _BEGIN.split(part):
            taken, before, after = entries.taken(one, entries.DIALECT_PAIR)
            if after and ((follows := _FIELD.match(after, 1)) is None or follows[1][:2] not in _TAGS):
                taken, before, after = [], one, ""  # the last narrative goes on
            if fields := _fields(before) + _fields(after):
                yield fields, taken


def _fields(text: str) -> Fields:
    found: Fields = []
    parts = _FIELD.split(text)
    for place in range(1, len(parts), 2):
        tag, value = parts[place], parts[place + 1].rstrip("\x00\x03 \t\n")
        if found and tag[:2] not in _TAGS and found[-1][0] == "86":
            # A time at the beginning of a line, and no field.
            value, tag = f"{found.pop()[1]}\n:{tag}:{value}", "86"
        found.append((tag, value))
    return found


def _statement(fields: Fields, taken: list[entries.Groups], prefix: str) -> Statement:
    balances, currency, kept = _balances(fields)
    booked, rest = _entries(fields, currency)
    booked += [entries.handed(groups, currency) for groups in taken]
    if not balances and not booked:
        raise Fault("T13", "FF01", ":60a:", "a statement has a balance or an entry")
    others = [(tag, value) for tag, value in fields if tag[:2] not in _LINES]
    level = Level(others, {})
    account = level.text("25").partition("\n")[0].strip()
    if not account:
        raise Fault("T13", "FF01", ":25:", "a statement names its account")
    serial, _, page = level.text("28").replace("\n", " ").strip().partition("/")
    own = parties.account(account)
    floors, created, totals = _interim(others, kept)
    kept += [(f"mt:{tag}", value) for tag, value in others if tag[:2] not in ("20", "21", "25", "28", *_INTERIM)]
    wrong = statements.unproven(tuple(balances), booked)
    if wrong:  # told, not refused: some banks leave entries out, or write a line that has no part in the sum
        kept.append(("mt:unproven-balance", wrong))
    reference = level.text("20").strip()
    interim = any(tag[:2] in _INTERIM for tag, _ in others)
    return Statement(
        "report" if interim else "statement",
        Account(own.id, own.scheme, currency),
        id=reference,
        related_id=level.text("21").strip(),
        legal_number=serial,
        page=page,
        last_page=not any(tag == "62M" for tag, _ in fields),
        created=created,
        floors=floors,
        balances=tuple(balances),
        entries=tuple(booked),
        totals=totals,
        information=tuple(rest),
        place=f"{prefix}:20:{reference}",
        source="MT942" if interim else "MT940",
        scheme="swift",
        extra=tuple(kept),
    )


def _interim(fields: Fields, kept: list[tuple[str, str]]) -> tuple[tuple[tuple[Money, str], ...], str, Extra]:
    """Floor limits, time and sums of a report; what is not as the standard has it is kept under its tag."""
    floors: list[tuple[Money, str]] = []
    created, totals = "", list[tuple[str, str]]()
    for tag, value in fields:
        try:
            if tag == "34F":
                floors.append(statements.floor(_amount(value)))
            elif tag == "13D" and not created:
                created = statements.moment(value)
            elif tag in ("90C", "90D"):
                totals += statements.totals([(tag[2:], _amount(value))])
            elif tag[:2] in _INTERIM:
                kept.append((f"mt:{tag}", value))
        except Fault:
            kept.append((f"mt:{tag}", value))
    return tuple(floors), created, tuple(totals)


def _amount(value: str) -> str:
    """A value that ends with an amount, the amount with one comma."""
    start = value.rstrip("0123456789.,")
    return start + entries.comma(value[len(start) :])


def _balances(fields: Fields) -> tuple[list[Balance], str, Fields]:
    """Balances, the account's currency, and fields that have no balance in them."""
    found: list[Balance] = []
    kept: Fields = []
    for tag, value in fields:
        if tag[:2] not in ("60", "62", "64", "65"):
            continue
        match = _BALANCE.match(value)
        if match is None:
            kept.append((f"mt:{tag}", value))
            continue
        kind = statements.BALANCES.get(tag, {"60": "OPBD", "62": "CLBD"}.get(tag[:2], "CLAV"))
        subtype = "INTM" if tag in ("60M", "62M") else ""
        amount = money(match["currency"] + entries.comma(match["amount"]), tag)
        found.append(Balance(kind, amount, match["side"] == "C", day(match["date"], tag), subtype=subtype))
    currency = found[0].amount.currency if found else next((v[:3] for t, v in fields if t == "34F"), "EUR")
    return found, currency, kept


def _entries(fields: Fields, currency: str) -> tuple[list[Entry], list[str]]:
    """Entries with the 86 behind each; what stands in an 86 elsewhere is of the statement."""
    found: list[Entry] = []
    rest: list[str] = []
    open_entry = ""
    for tag, value in fields:
        if open_entry and tag != "86":
            found.append(entries.dialect(open_entry, "", currency))
            open_entry = ""
        if tag == "61":
            open_entry = value
        elif tag == "86" and open_entry:
            found.append(entries.dialect(open_entry, value, currency))
            open_entry = ""
        elif tag == "86":
            rest += value.split("\n")
    if open_entry:
        found.append(entries.dialect(open_entry, "", currency))
    return found, rest
