"""The rules of entries and their addenda: codes, routing numbers, amounts, names, traces, sequences, classes.

Strategy: a record is held against one pattern made of its layout; only one that does not match is looked at field by
field. What a class asks of its entries stands in `codes.SECS`, what is beyond a table in `class_checks`.
"""

from __future__ import annotations

import re
from functools import cache

from gateway.formats.ach import tables
from gateway.formats.ach.class_checks import bank_faults, class_faults, international_faults
from gateway.formats.ach.codes import (
    CHANGE_CODES,
    CHANGES,
    CODES,
    RETURN_CODES,
    REVERSAL,
    SECS,
    Code,
    Sec,
    addenda_layout,
    entry_layout,
    routing_check_digit,
    said,
)
from gateway.formats.ach.faults import AMOUNTS, TOTALS, Batch, Faults, column
from gateway.formats.ach.rules import STRICT, Profile
from gateway.formats.ach.tables import DIGITS, Column, Layout

ADDENDA_MAX = 9_999  # of one entry: the sequence field's four digits
ROUTING_MEMO = 50_000  # routing numbers remembered as right
SEQUENCED = ("05", "18")

_CLASSES = {"n": "[0-9]", "i": "[0-9]", "$": "[0-9]", "o": "[0-9 ]"}
# Field -> the rule that says it is digits, and the reason; of addenda 98 and 99 their own rule.
_DIGIT_RULES = {
    "rdfi": ("E02", "RC01"),
    "check_digit": ("E02", "RC01"),
    "amount_cents": ("E03", "AM12"),
    "trace_number": ("B08", "RF01"),
    "transaction_code": ("E01", "FF01"),
    "addenda_indicator": ("E06", "FF01"),
    "addenda_count": ("E09", "FF01"),
    "sequence": ("E08", "FF01"),
    "entry_sequence": ("E08", "FF01"),
}


@cache
def pattern(layout: Layout) -> re.Pattern[str]:
    """What matches a record whose fields are all of their kinds; codes of digits are left to the rules."""
    return re.compile("".join(_CLASSES.get(c.kind, "[ -~]") + f"{{{c.width}}}" for c in layout))


def fits(c: Column, text: str) -> bool:
    """Whether a field's value is of its kind."""
    value = text[c.where]
    if c.kind in DIGITS:
        return value.isascii() and value.isdecimal()
    if c.kind == "o":
        return value.isascii() and all(character.isdecimal() or character == " " for character in value)
    return value.isascii() and value.isprintable()


class EntryChecks(Faults):
    """Checks the entry that is open and the addenda behind it, and counts them into their batch."""

    def __init__(self, profile: Profile = STRICT) -> None:
        super().__init__(profile)
        self.batch: Batch | None = None
        self.entry: tuple[int, str, Layout] | None = None
        self.addenda: list[str] = []
        self.entries = 0
        self.lines = 0
        self.routing: dict[bytes, int] = {}  # right routing numbers: what they add to the entry hash

    def misfits(self, number: int, text: str, layout: Layout, rule: str = "") -> list[Column]:
        """Tell of fields that are not of their kind; which they are."""
        found = [c for c in layout if not fits(c, text)]
        for c in found:
            if c.kind in DIGITS or c.kind == "o":
                digits, reason = _DIGIT_RULES.get(c.name, (rule or "E10", "FF01"))
                kinds = "digits or blank" if c.kind == "o" else f"{c.width} digits"
                text_ = f"the {c.name.replace('_', ' ')} is not {kinds}"
                self.wrong(rule or digits, number, c, text_, reason, kinds)
            else:
                self.characters(number, text, c)
        return found

    def _printable(self, number: int, text: str, layout: Layout, told: tuple[str, ...] = ()) -> None:
        """Tell of fields with other characters than printable ASCII, but those that a rule of their own looks at."""
        if text.isascii() and text.isprintable():
            return
        for c in layout:
            value = text[c.where]
            if c.name not in told and c.kind not in DIGITS and not (value.isascii() and value.isprintable()):
                self.characters(number, text, c)

    def characters(self, number: int, text: str, c: Column) -> None:
        value = text[c.where]
        place = next((i for i, character in enumerate(value) if not " " <= character <= "~"), 0)
        self.wrong("E05", number, c, f"position {c.first + place} is not a printable ASCII character")

    # -- entries

    def take_entry(self, number: int, text: str) -> None:
        """Count and check one entry; the rest of it follows when its addenda are known."""
        batch = self.batch
        assert batch is not None, "called within a batch"
        batch.first = False
        batch.count += 1
        batch.digest.update(text.encode("utf-8", "replace") + b"\n")
        self.lines = number
        self.entries += 1
        layout = tables.ENTRY_IAT if batch.international else entry_layout(batch.sec, text)
        self.entry = number, text, layout
        wrong = () if pattern(layout).fullmatch(text) else {c.name for c in self.misfits(number, text, layout)}
        self._count(number, text, layout, batch, wrong)
        self._check_routing(number, text, layout, batch, wrong)
        if batch.sec == "ADV":
            self._check_sequence_adv(number, text, batch)
        elif "trace_number" not in wrong and number != self.cut:
            self._check_trace(number, text[79:94], batch)

    def _count(self, number: int, text: str, layout: Layout, batch: Batch, wrong: set[str] | tuple[()]) -> None:
        """Into the totals; an amount or a code that cannot be read makes them doubtful."""
        digits = text[layout.amount.where]
        cents = int(digits) if "amount_cents" not in wrong else 0
        code = CODES.get(text[1:3])
        strange = code is None or (batch.sec in SECS and (code.account == "advice") != (batch.sec == "ADV"))
        if "transaction_code" not in wrong and strange:
            what = f"{text[1:3]!r} is not a transaction code" + (" of ADV" if batch.sec == "ADV" else "")
            self.wrong("E01", number, layout[1], what)
        if strange or "amount_cents" in wrong:
            batch.doubts.update(AMOUNTS)
        if said(text[1:3]).debit:
            batch.debits += cents
        else:
            batch.credits += cents

    def _check_routing(self, number: int, text: str, layout: Layout, batch: Batch, wrong: set[str] | tuple[()]) -> None:
        if "rdfi" in wrong:
            batch.doubts.add("entry_hash")
            return
        routing = text[3:12].encode()
        known = self.routing.get(routing)
        batch.hash += known if known is not None else int(text[3:11])
        if known is not None or "check_digit" in wrong:
            return
        expected = routing_check_digit(text[3:11])
        if expected != text[11]:
            self.wrong("E02", number, layout[3], f"check digit {text[11]!r}, expected {expected!r}", "RC01", expected)
        elif len(self.routing) < ROUTING_MEMO:
            self.routing[routing] = int(text[3:11])

    def _check_sequence_adv(self, number: int, text: str, batch: Batch) -> None:
        if not (text[90:94].isdecimal() and text[90:94].isascii()):
            return
        if text[90:94] <= batch.last_trace:
            c = column(tables.ENTRY_ADV, "sequence")
            self.wrong("B08", number, c, "the sequence number does not rise within its batch", "RF01")
        batch.last_trace = max(batch.last_trace, text[90:94])

    def _check_trace(self, number: int, trace: str, batch: Batch) -> None:
        """A trace number that does not rise, or not in the batch's own series."""
        if trace > batch.last_trace and trace[:8] == batch.odfi:
            batch.last_trace = trace
            return
        c = column(tables.ENTRY, "trace_number")
        returned = batch.category not in ("", "forward")
        if trace == batch.last_trace and not returned:
            batch.doubts.update(TOTALS)  # the entry stands there twice
        if trace <= batch.last_trace and not returned:
            self.wrong("B08", number, c, "the trace number does not rise within its batch", "RF01")
        elif trace[:8] != batch.odfi and batch.sound:
            text = f"begins with {trace[:8]}, the batch's ODFI is {batch.odfi}"
            self.wrong("B08", number, c, text, "RF01", batch.odfi)
            batch.sound = False  # said once: the header is as likely at fault as the entries
        elif trace[:8] != batch.odfi and trace > batch.last_trace:
            batch.last_trace = trace

    # -- addenda

    def take_addenda(self, number: int, text: str) -> None:
        batch = self.batch
        assert batch is not None, "called within an entry"
        batch.count += 1
        batch.digest.update(text.encode("utf-8", "replace") + b"\n")
        self.lines = number
        if len(self.addenda) < ADDENDA_MAX:
            self.addenda.append(text)

    def finish_entry(self) -> None:
        """What can only be said once the addenda are there."""
        assert self.entry is not None, "called when an entry is open"
        (number, text, layout), addenda = self.entry, self.addenda
        self.entry = None
        if addenda:
            self.addenda = []
        batch = self.batch
        assert batch is not None, "an entry stands in a batch"
        before = len(self.faults)
        said_1, has = text[78], "1" if addenda else "0"
        if said_1 != has and said_1.isdecimal():
            what = f"{len(addenda)} addenda follow" if addenda else "no addenda follow"
            self.wrong("E06", number, column(layout, "addenda_indicator"), f"found {said_1!r}, and {what}", "FF01", has)
            batch.doubts.add("count")
            if not addenda:
                return  # what they were cannot be known, nor what the entry is
        sec = SECS.get(batch.sec)
        if sec is None:
            return
        category = _category(addenda)
        if category == "forward":
            self._check_forward(number, text, layout, addenda, batch, sec)
        else:
            self._check_returned(number, text, addenda, batch)
        if category != "notification":
            if batch.category not in ("", category) and before == len(self.faults):
                self.wrong("B09", number, None, f"one of category {category} in a batch of {batch.category}")
            batch.category = batch.category or category

    def _check_returned(self, number: int, text: str, addenda: list[str], batch: Batch) -> None:
        """An entry that comes back, or a notification of change."""
        for at, line in enumerate(addenda, number + 1):
            layout = addenda_layout(line, batch.international)
            if layout is None or line[1:3] not in ("98", "99"):
                self._addenda_kind(at, line, layout)
                for rule, place, c, what in bank_faults(at, line):
                    self.wrong(rule, place, c, what)
                continue
            rule, codes, what = (
                ("R01x", RETURN_CODES, "return") if line[1:3] == "99" else ("C01x", CHANGE_CODES, "change")
            )
            if not pattern(layout).fullmatch(line):
                self.misfits(at, line, layout, rule)
            if line[3:6].isascii() and line[3:6].isprintable() and line[3:6] not in codes:
                self.wrong(rule, at, layout[2], f"{line[3:6]!r} is not a {what} code", "FF01", "", f"{what}_code")
            elif layout is tables.ADDENDA_99 and line[21:27].strip("0 ") and line[3:6] not in ("R14", "R15"):
                self.wrong("R01x", at, layout[4], "a date of death, and the return code is not R14 or R15")
            elif line[3:6] in CHANGES and CHANGES[line[3:6]].parts and not line[35:64].strip():
                self.wrong("C01x", at, layout[6], "no corrected data", "FF01", CHANGES[line[3:6]].title)
        if batch.international and any(line[1:3] in ("17", "18") for line in addenda):
            at = next(at for at, line in enumerate(addenda, number + 1) if line[1:3] in ("17", "18"))
            self.wrong("E11", at, tables.ADDENDA_17[1], "a return of IAT has no addenda 17 or 18")
        sec = SECS[batch.sec]
        if sec.always_zero and not batch.international and text[29:39].strip("0") and text[29:39].isdecimal():
            self.wrong("E03", number, tables.ENTRY[5], f"{batch.sec} moves no money", "AM09", "0000000000")

    def _addenda_kind(self, at: int, line: str, layout: Layout | None) -> None:
        if layout is None:
            self.wrong("E07", at, tables.ADDENDA_05[1], f"type {line[1:3]!r} is not an addenda type")
        elif not pattern(layout).fullmatch(line):
            self.misfits(at, line, layout)

    def _check_forward(
        self, number: int, text: str, layout: Layout, addenda: list[str], batch: Batch, sec: Sec
    ) -> None:
        self._check_addenda(number, text, layout, addenda, batch, sec)
        code = CODES.get(text[1:3])
        if code is not None and (code.account == "advice") == (batch.sec == "ADV"):
            self._check_code(number, text, layout, code, batch, sec)
            if batch.sec != "IAT":  # gateways send both directions under one class
                self._check_direction(number, layout, code, batch)
        for name in ("individual_name",) if sec.name_needed else ():
            c = column(layout, name)
            if not text[c.where].strip(" 0"):
                self.wrong("E04", number, c, "blank or all zeros", "BE06")
        c = layout.by["account_number"]
        if not text[c.where].strip():
            self.wrong("E04", number, c, "no account number", "AC01")
        own = addenda if "02" in sec.addenda else []
        for rule, at, found, what in class_faults(batch.sec, number, text, layout, own):
            self.wrong(rule, at, found, what)

    def _check_code(self, number: int, text: str, layout: Layout, code: Code, batch: Batch, sec: Sec) -> None:
        """Code and amount: what the class allows, and zero where it has to be."""
        digits = text[layout.amount.where]
        if batch.sec == "ADV" or not digits.isdecimal():
            return
        cents, c = int(digits), layout.amount
        reversal = batch.header[53:63].strip() == REVERSAL
        allowed = sec.debits if code.debit else sec.credits
        if code.kind == "returned":
            if not sec.always_zero:
                self.wrong("E01", number, layout[1], f"{text[1:3]} is for returns, and no addenda 98 or 99 follows")
        elif not allowed and not reversal and (code.debit or code.kind != "prenote"):
            self.wrong("E01", number, layout[1], f"{text[1:3]} is not for {batch.sec}")
        elif reversal and batch.sec == "TEL" and code.debit:
            self.wrong("E01", number, layout[1], "a reversal of TEL has credits only")
        elif code.kind == "zero" and not sec.zero:
            self.wrong("E01", number, layout[1], f"{text[1:3]} is not for {batch.sec}")
        elif code.kind == "live" and not cents and not sec.zero:
            self.wrong("E03", number, c, "zero, and the transaction code is a live one", "AM01", "", "zero_amount")
        elif (code.kind in ("prenote", "zero") or sec.always_zero) and cents:
            self.wrong("E03", number, c, f"{cents}, and the transaction code says zero", "AM09", "0000000000")
        elif sec.ceiling_cents and cents > sec.ceiling_cents:
            self.wrong("E03", number, c, f"above the {sec.ceiling_cents} cents of {batch.sec}", "AM02")
        else:
            return
        batch.doubts.update(AMOUNTS)

    def _check_direction(self, number: int, layout: Layout, code: Code, batch: Batch) -> None:
        if batch.only is not None and code.debit != batch.only and "service_class" not in batch.doubts:
            what = "debits" if code.debit else "credits"
            self.wrong("B10", number, layout[1], f"service class {batch.service} has no {what}")

    def _check_addenda(
        self, number: int, text: str, layout: Layout, addenda: list[str], batch: Batch, sec: Sec
    ) -> None:
        if len(addenda) > sec.addenda_max:
            at = number + sec.addenda_max + 1
            self.wrong("E07", at, None, f"{len(addenda)} addenda, {batch.sec} has at most {sec.addenda_max}")
            return
        if len(addenda) < sec.addenda_min and text[78] == "0" and said(text[1:3]).kind != "prenote":
            self.wrong("E07", number, None, f"{len(addenda)} addenda, {batch.sec} has at least {sec.addenda_min}")
        sequences: dict[str, int] = {}
        sound = True
        for at, line in enumerate(addenda, number + 1):
            kind = line[1:3]
            found = addenda_layout(line, batch.international)
            if kind not in sec.addenda or found is None:
                self.wrong("E07", at, tables.ADDENDA_05[1], f"type {kind!r} is not for {batch.sec}")
                sound = False  # nor can it be known where those behind it stand
                continue
            sequences[kind] = sequences.get(kind, 0) + 1
            if line[93] == " " and kind == "05":
                self._printable(at, line, found)
                continue  # a record shorter than its last columns, as some write it: nothing to compare
            if not pattern(found).fullmatch(line) and self.misfits(at, line, found):
                continue
            if sound:
                self._check_sequence(at, sequences[kind], line, found, text)
        self._check_count(number, text, layout, addenda)
        if batch.sec == "IAT" and sound:
            for rule, at, c, what in international_faults(number, addenda):
                self.wrong(rule, at, c, what)

    def _check_sequence(self, at: int, place: int, line: str, layout: Layout, entry: str) -> None:
        if line[1:3] in SEQUENCED and int(line[83:87]) != place:
            c = column(layout, "sequence")
            self.wrong("E08", at, c, f"found {line[83:87]!r}, expected {place:04d}", "FF01", f"{place:04d}")
        elif line[87:94] != entry[87:94] and entry[87:94].isdecimal():
            what = "not the last seven digits of the entry's trace"
            self.wrong("E08", at, layout[-1], what, "FF01", entry[87:94])

    def _check_count(self, number: int, text: str, layout: Layout, addenda: list[str]) -> None:
        c = layout.by.get("addenda_count")
        if c is None or not text[c.where].isdecimal():
            return
        mandatory = 7 if layout is tables.ENTRY_IAT else len(addenda)  # some count only 10 to 16
        if int(text[c.where]) not in (len(addenda), mandatory) and text[78] == ("1" if addenda else "0"):
            what = f"says {text[c.where]!r}, found {len(addenda)}"
            self.wrong("E09", number, c, what, "FF01", f"{len(addenda):04d}")


def _category(addenda: list[str]) -> str:
    kinds = {line[1:3] for line in addenda}
    if "99" in kinds:
        return "return"
    return "notification" if "98" in kinds else "forward"
