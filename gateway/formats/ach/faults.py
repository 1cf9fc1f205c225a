"""What is wrong with a file, told once: faults, what they make doubtful, and the batch that is open.

A fault is noted with line and field while the file is read; only when there are any, `explained` goes over the file
again and adds byte offset, value, batch and trace number.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from hashlib import blake2b
from typing import BinaryIO, NamedTuple

from gateway.formats.ach.lines import placed_lines
from gateway.formats.ach.rules import RULES, STRICT, Profile
from gateway.formats.ach.tables import MASKED, Column, Layout
from gateway.model import Extra, Refusal

SAME_TOLD = 2  # errors of one rule and field in one batch; how many more there are, the last of them says
FAULTS_MAX = 200  # of one file: enough to mend it, bounded against a hostile one

TOTALS = ("count", "entry_hash", "debits_cents", "credits_cents")
AMOUNTS = ("debits_cents", "credits_cents")
IDENTITY = ("service_class", "company_identification", "odfi", "batch_number")


class Fault(NamedTuple):
    """An error as it is found; the text never holds a name or an account number."""

    rule: str
    line: int
    at: Column | None
    text: str
    reason: str
    expected: str
    group: int = 0


def column(table: Layout, name: str) -> Column:
    return table.by[name]


def day(text: str) -> date | None:
    """YYMMDD of this century; None when it is no day."""
    if not text.isdecimal() or len(text) != 6:
        return None
    try:
        return date(2000 + int(text[:2]), int(text[2:4]), int(text[4:]))
    except ValueError:
        return None


class Batch:
    """What is known of the batch that is open."""

    __slots__ = (
        "category",
        "count",
        "credits",
        "debits",
        "digest",
        "doubts",
        "first",
        "hash",
        "header",
        "international",
        "keep_spaces",
        "last_trace",
        "line",
        "number",
        "odfi",
        "only",
        "plain",
        "sec",
        "service",
        "shared",
        "sound",
    )

    def __init__(self, line: int, header: str) -> None:
        self.line, self.header = line, header
        self.service, self.sec = header[1:4], header[50:53]
        self.odfi, self.number = header[79:87], header[87:94]
        self.international = self.sec == "IAT" or header[4:10] == "IATCOR"
        self.count = self.hash = self.debits = self.credits = 0
        self.last_trace = ""
        self.first = True
        self.category = ""  # of its entries: forward, return; notifications go with both
        self.sound = True  # the header says what its entries may be
        self.plain = False  # its entries can be read in runs
        self.only = {"220": False, "225": True}.get(self.service)  # debits only, credits only, or None: both
        self.doubts: set[str] = set()  # what cannot be compared any more
        self.shared: object = None  # what the maker of payments keeps per batch
        self.keep_spaces = False
        self.digest = blake2b(header[:87].encode(), digest_size=16)  # all that it says but its number


class Faults:
    """A list of faults that holds the roots only."""

    def __init__(self, profile: Profile = STRICT) -> None:
        self.profile = profile
        self.faults: list[Fault] = []
        self.group = 0  # the line of the batch header that errors belong to
        self.same: dict[tuple[str, str, int], int] = {}
        self.told: set[tuple[int, int]] = set()  # lines and first columns of fields that have their error
        self.cut = self.cut_at = 0  # the line that has not its length: nothing is said of what lies behind its end

    def wrong(
        self,
        rule: str,
        line: int,
        at: Column | None,
        text: str,
        reason: str = "FF01",
        expected: str = "",
        field: str = "",
    ) -> None:
        """Note an error. `field` is what a switch knows it by, where that is not the column's name."""
        if line == self.cut and (at is None or at.last > self.cut_at):
            return
        if self.profile.allows(rule, field or (at.name if at else "!")):
            return
        if at is not None and len(self.faults) < FAULTS_MAX:
            if (line, at.first) in self.told:
                return  # one error for one field
            self.told.add((line, at.first))
        key = (rule, at.name if at else "", self.group)
        self.same[key] = self.same.get(key, 0) + 1
        if len(self.faults) < FAULTS_MAX and self.same[key] <= SAME_TOLD:
            self.faults.append(Fault(rule, line, at, text, reason, expected, self.group))

    def summed(self) -> list[Fault]:
        """The faults, the last of many alike with the number of those that are not told."""
        last = {(one.rule, one.at.name if one.at else "", one.group): one for one in self.faults}
        found = []
        for one in self.faults:
            key = (one.rule, one.at.name if one.at else "", one.group)
            more = self.same[key] - SAME_TOLD
            found.append(
                one._replace(text=f"{one.text}; and {more} more in this batch")
                if more > 0 and last[key] is one
                else one
            )
        return found


def explained(file: BinaryIO, faults: list[Fault]) -> tuple[Refusal, ...]:
    """Faults as refusals, with all that helps to mend the file."""
    waiting: dict[int, list[tuple[int, Fault]]] = {}
    for place, fault in enumerate(faults):
        waiting.setdefault(fault.line, []).append((place, fault))
    found: dict[int, Refusal] = {}
    file.seek(0)
    for number, offset, text, batch, trace in _context(file):
        for place, fault in waiting.pop(number, ()):
            found[place] = _refusal(fault, offset, text, batch, trace)
        if not waiting:
            break
    for rest in waiting.values():  # of an empty file
        found |= {place: _refusal(fault, 0, "", "", "") for place, fault in rest}
    return tuple(found[place] for place in sorted(found))


def _context(file: BinaryIO) -> Iterator[tuple[int, int, str, str, str]]:
    batch = trace = ""
    for number, (offset, text) in enumerate(placed_lines(file), 1):
        if text[:1] == "5":
            batch, trace = text[87:94], ""
        elif text[:1] == "6":
            trace = text[79:94]
        yield number, offset, text, batch if text[:1] in "5678" else "", trace if text[:1] in "67" else ""


def _refusal(fault: Fault, offset: int, text: str, batch: str, trace: str) -> Refusal:
    at, rule = fault.at, RULES[fault.rule]
    where = f"line {fault.line}"
    details: list[tuple[str, str]] = [("rule", fault.rule), ("record", str(fault.line)), ("record_type", text[:1])]
    if at is not None:
        where += f", columns {at.first}-{at.last} ({at.name})"
        value = text[at.where]
        masked = at.name in MASKED
        details += [("field", at.name), ("columns", f"{at.first}-{at.last}")]
        details.append(("value", "*" * len(value.strip()) if masked else value))
        offset += at.first - 1 if text.isascii() else len(text[: at.first - 1].encode("utf-8", "surrogateescape"))
    details += [("offset", str(offset)), ("expected", fault.expected or rule.expects)]
    details += [(name, value) for name, value in (("batch", batch), ("trace", trace)) if value.strip()]
    if rule.return_code and text[:1] in "67":
        details.append(("return_code", rule.return_code))
    extra: Extra = tuple((f"ach:{name}", value) for name, value in details)
    return Refusal(fault.rule, fault.reason, where, fault.text, trace.strip(), extra)
