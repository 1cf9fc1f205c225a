"""What is wrong with a file, told once: faults, what they make doubtful, and the batch that is open."""

from __future__ import annotations

from datetime import date

from gateway.formats.ach.tables import Column
from gateway.model import Refusal

FAULTS_MAX = 200  # of one file: enough to mend it, bounded against a hostile one

TOTALS = ("count", "entry_hash", "debits_cents", "credits_cents")
AMOUNTS = ("debits_cents", "credits_cents")
IDENTITY = ("service_class", "company_identification", "odfi", "batch_number")


def fault(rule: str, line: int, column: Column | None, text: str, reason: str = "FF01") -> Refusal:
    """A refusal in the words of the rule book; the text never holds a name or an account number."""
    where = f"line {line}" if column is None else f"line {line}, columns {column.first}-{column.last} ({column.name})"
    return Refusal(rule, reason, where, text)


def column(table: tuple[Column, ...], name: str) -> Column:
    return next(c for c in table if c.name == name)


def day(text: str) -> date | None:
    """YYMMDD of this century; None when it is no day."""
    if not text.isdigit() or len(text) != 6:
        return None
    try:
        return date(2000 + int(text[:2]), int(text[2:4]), int(text[4:]))
    except ValueError:
        return None


class Batch:
    """What is known of the batch that is open."""

    __slots__ = (
        "count",
        "credits",
        "debits",
        "doubts",
        "first",
        "hash",
        "header",
        "last_trace",
        "line",
        "number",
        "odfi",
        "only",
        "plain",
        "returned",
        "sec",
        "service",
        "shared",
        "sound",
    )

    def __init__(self, line: int, header: str) -> None:
        self.line, self.header = line, header
        self.service, self.sec = header[1:4], header[50:53]
        self.odfi, self.number = header[79:87], header[87:94]
        self.count = self.hash = self.debits = self.credits = 0
        self.last_trace = ""
        self.first = True
        self.returned = False
        self.sound = True  # the header says what its entries may be
        self.plain = self.sec in ("PPD", "CCD")
        self.only = {"220": False, "225": True}.get(self.service)  # debits only, credits only, or None: both
        self.doubts: set[str] = set()  # what cannot be compared any more
        self.shared: object = None  # what the maker of payments keeps per batch


class Faults:
    """A list of faults that holds the roots only."""

    def __init__(self) -> None:
        self.faults: list[Refusal] = []
        self.cut = self.cut_at = 0  # the line that has not its length: nothing is said of what lies behind its end

    def wrong(self, rule: str, line: int, at: Column | None, text: str, reason: str = "FF01") -> None:
        if line == self.cut and (at is None or at.last > self.cut_at):
            return
        if len(self.faults) < FAULTS_MAX:
            self.faults.append(fault(rule, line, at, text, reason))

    def characters(self, number: int, text: str) -> None:
        if text.isascii() and text.isprintable():
            return
        place = next(i for i, c in enumerate(text) if not " " <= c <= "~")
        self.wrong("E05", number, Column("character", place + 1, place + 1, "a"), "not a printable ASCII character")
