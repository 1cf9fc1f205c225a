"""What single entry classes ask beyond the tables: check serials, terminals, cards, and the addenda of IAT."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.formats.ach import tables
from gateway.formats.ach.codes import CARD_TYPES, IAT_TYPES, STATES
from gateway.formats.ach.faults import column
from gateway.formats.ach.tables import Column, Layout

Found = tuple[str, int, Column | None, str]

_NEEDED = {
    "ARC": ("check_serial_number",),
    "BOC": ("check_serial_number",),
    "RCK": ("check_serial_number",),
    "POP": ("check_serial_number", "terminal_city", "terminal_state"),
    "TRC": ("check_serial_number", "process_control", "item_research_number"),
    "XCK": ("check_serial_number", "process_control", "item_research_number"),
    "SHR": ("card_expiration", "card_account_number"),
    "MTE": ("individual_id",),
}
_MONTH_YEAR = re.compile(r"(0[1-9]|1[0-2])\d\d")
_MONTH_DAY = re.compile(r"(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])")
_QUALIFIERS = ("01", "02", "03")
_ORDER = tuple(str(number) for number in range(10, 17))


def class_faults(sec: str, line: int, text: str, layout: Layout, addenda: list[str]) -> Iterator[Found]:
    """Rule E10 for one entry and its addenda 02."""
    for name in _NEEDED.get(sec, ()):
        c = column(layout, name)
        if not text[c.where].strip(" 0"):
            yield "E10", line, c, f"{sec} needs it"
    if sec == "POP":
        yield from _state(line, text, column(layout, "terminal_state"))
    if sec == "SHR" and text[39:43].strip() and not _MONTH_YEAR.fullmatch(text[39:43]):
        yield "E10", line, column(layout, "card_expiration"), f"{text[39:43]!r} is not MMYY"
    if sec in ("SHR", "POS") and text[76:78] not in CARD_TYPES:
        yield "E10", line, column(layout, "card_transaction_type"), f"{text[76:78]!r} is not a card transaction type"
    if sec in ("WEB", "TEL") and text[76] not in "SR ":
        yield "E10", line, column(layout, "payment_type"), f"{text[76:78]!r} is not S (single) or R (recurring)"
    for at, record in enumerate(addenda, line + 1):
        if record[1:3] == "02":
            yield from _terminal(at, record)


def _terminal(at: int, record: str) -> Iterator[Found]:
    layout = tables.ADDENDA_02
    yield from _state(at, record, column(layout, "terminal_state"))
    if not _MONTH_DAY.fullmatch(record[25:29]):
        yield "E10", at, column(layout, "transaction_date"), f"{record[25:29]!r} is not a date MMDD"
    for name in ("terminal_id", "transaction_serial", "terminal_location", "terminal_city"):
        c = column(layout, name)
        if not record[c.where].strip():
            yield "E10", at, c, "addenda 02 need it"


def _state(at: int, record: str, c: Column) -> Iterator[Found]:
    if record[c.where].strip() and record[c.where].upper() not in STATES:
        yield "E10", at, c, f"{record[c.where]!r} is not a state"


def international_faults(line: int, addenda: list[str]) -> Iterator[Found]:
    """Rule E11 for the addenda of one IAT entry."""
    kinds = [record[1:3] for record in addenda]
    mandatory = [kind for kind in kinds if kind not in ("17", "18")]
    if tuple(mandatory) != _ORDER or tuple(kinds[:7]) != _ORDER:
        wrong = next((n for n, kind in enumerate(_ORDER) if n >= len(kinds) or kinds[n] != kind), 7)
        at = line + min(wrong + 1, len(kinds))
        yield "E11", at, None, "addenda 10 to 16 are not all there and in order"
    for kind, most in (("17", 2), ("18", 5)):
        if kinds.count(kind) > most:
            yield "E11", line + kinds.index(kind) + most + 1, tables.ADDENDA_17[1], f"more than {most} addenda {kind}"
    for at, record in enumerate(addenda, line + 1):
        yield from bank_faults(at, record)


def bank_faults(at: int, record: str) -> Iterator[Found]:
    """Codes of single addenda: type, qualifiers and countries."""
    kind = record[1:3]
    if kind == "10" and record[3:6] not in IAT_TYPES and record[3:6].isascii():
        yield "E11", at, tables.ADDENDA_10[2], f"{record[3:6]!r} is not a transaction type"
    if kind in ("13", "14", "18"):
        layout = tables.LAYOUTS[f"addenda_{kind}"]
        if record[38:40] not in _QUALIFIERS and record[38:40].isascii():
            yield "E11", at, layout[3], f"{record[38:40]!r} is not 01, 02 or 03"
        country = record[74:77]
        if country.isascii() and country.isprintable() and not re.fullmatch(r"[A-Z]{2} ", country):
            yield "E11", at, layout[5], f"{country!r} is not a country of two letters"


def header_faults(line: int, header: str) -> Iterator[Found]:
    """Rules of the descriptions that a class prescribes, and of the exchange fields of IAT."""
    sec, description = header[50:53], header[53:63].strip()
    wanted = {"RCK": "REDEPCHECK", "ENR": "AUTOENROLL"}.get(sec)
    if wanted is not None and description.upper() != wanted and header[53:63].isascii():
        yield (
            "E10",
            line,
            column(tables.BATCH_HEADER, "entry_description"),
            f"found {description!r}, {sec} has {wanted}",
        )
    if sec != "IAT":
        return
    layout = tables.BATCH_HEADER_IAT
    for name, width in (("destination_country", 2), ("originating_currency", 3), ("destination_currency", 3)):
        c = column(layout, name)
        if header[c.where].isascii() and not re.fullmatch(f"[A-Z]{{{width}}}", header[c.where]):
            yield "E11", line, c, f"{header[c.where]!r} is not {width} capital letters"
    if header[20:22] not in ("FV", "VF", "FF") and header[20:22].isascii() and header[20:22].isprintable():
        yield "E11", line, column(layout, "exchange_indicator"), f"{header[20:22]!r} is not FV, VF or FF"
