"""Reading a NACHA file, record by record: one pass that counts and checks everything.

Strategy: the scanner is a state machine over 94-character records; an entry as nearly all are is checked at one go,
anything else by the rules one by one. A second, light pass (`entries`) makes payments of a file that was right. A
fault names its rule, line, columns and field; faults that follow from another are not said. What a told fault makes
unknowable (a total with an amount that cannot be read, a company that a cut line lost) is doubted, and doubted things
are not compared any more; of several numbers of one control that all differ, the first is told for all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import BinaryIO

from gateway.formats.ach import tables
from gateway.formats.ach.tables import CODES, RECORD, SECS, Column, routing_check_digit
from gateway.model import Payment, Refusal

FAULTS_MAX = 200  # of one file: enough to mend it, bounded against a hostile one
CHUNK_BYTES = 1 << 20  # read at once: large enough to be fast, small enough for many files at a time
LINE_BYTES_MAX = 64 * RECORD  # longer lines are runs of records, or belong to no ACH file
ADDENDA_MAX = 9_999  # of one entry: the sequence field's four digits
ROUTING_MEMO = 50_000  # routing numbers remembered as right


def fault(rule: str, line: int, column: Column | None, text: str, reason: str = "FF01") -> Refusal:
    """A refusal in the words of the rule book; the text never holds a name or an account number."""
    where = f"line {line}" if column is None else f"line {line}, columns {column.first}-{column.last} ({column.name})"
    return Refusal(rule, reason, where, text)


def column(table: tuple[Column, ...], name: str) -> Column:
    return next(c for c in table if c.name == name)


def read_lines(file: BinaryIO) -> Iterator[str]:
    """Records with LF or CRLF after each, or none at all; read in chunks, split at once."""
    tail = b""
    while chunk := file.read(CHUNK_BYTES):
        lines = (tail + chunk).split(b"\n")
        tail = lines.pop()
        if len(tail) > LINE_BYTES_MAX:  # a run of records without line ends, or no ACH file
            whole = len(tail) - len(tail) % RECORD
            lines.append(tail[:whole])
            tail = tail[whole:]
        if lines:
            yield from _split(lines)
    if tail:
        yield from _split([tail])


def _split(lines: list[bytes]) -> Iterator[str]:
    """Lines as texts. Columns are characters: UTF-8 where a line is, Latin-1 otherwise; nothing is changed."""
    joined = b"\n".join(lines)
    texts = joined.decode("ascii").split("\n") if joined.isascii() else [_text(line) for line in lines]
    for text in texts:
        if len(text) == RECORD:
            yield text
        else:
            yield from _pieces(text.rstrip("\r"))


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _pieces(text: str) -> list[str]:
    """A line that is a run of records, its last one perhaps without its blanks, as those records."""
    if len(text) <= RECORD or len(text.rstrip()) < 2 * RECORD:
        return [text]
    return [text[at : at + RECORD].ljust(RECORD) for at in range(0, len(text), RECORD)]


TOTALS = ("count", "entry_hash", "debits_cents", "credits_cents")
AMOUNTS = ("debits_cents", "credits_cents")
IDENTITY = ("service_class", "company_identification", "odfi", "batch_number")


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


Make = Callable[[Batch, int, str, list[str]], Payment]


class Scanner:
    """One pass over a file; `faults` is what is wrong with it."""

    def __init__(self) -> None:
        self.faults: list[Refusal] = []
        self.header = ""
        self.control = ""
        self.batch: Batch | None = None
        self.batches: list[tuple[int, int, int, int]] = []  # count, hash, debits, credits as the controls say
        self.batch_count = self.totals_count = self.totals_hash = self.totals_debits = self.totals_credits = 0
        self.last_batch_number = ""
        self.entries = 0
        self.lines = self.control_line = 0
        self.entry: tuple[int, str] | None = None
        self.addenda: list[str] = []
        self.routing: dict[str, int] = {}  # right routing numbers: what they add to the entry hash
        self.last_plain = 0
        self.adv = False
        self.cut = self.cut_at = 0  # the line that has not its length: nothing is said of what lies behind its end
        self.stray = False  # records follow whose batch header is missing
        self.doubts: set[str] = set()  # of the file control

    def wrong(self, rule: str, line: int, at: Column | None, text: str, reason: str = "FF01") -> None:
        if line == self.cut and (at is None or at.last > self.cut_at):
            return
        if len(self.faults) < FAULTS_MAX:
            self.faults.append(fault(rule, line, at, text, reason))

    def run(self, lines: Iterable[str]) -> None:
        """Walk all records; what is wrong is in `faults` then."""
        number = 0
        for number, text in enumerate(lines, 1):
            kind = text[:1]
            if kind == "6" and self.entry is None and len(text) == RECORD and self._plain(number, text):
                continue
            if kind == "7" and len(text) == RECORD and self.entry is not None and text.isascii():
                self._addenda(number, text)
                continue
            if self.entry is not None:
                self._finish_entry()
            if kind == "6" and len(text) == RECORD and self.batch is not None:
                self._entry(number, text)
            else:
                self._record(number, text)
        self.lines = self.lines if self.control else number
        if self.entry is not None:
            self._finish_entry()
        self._end()

    def _plain(self, number: int, text: str) -> bool:
        """An entry as nearly all are, checked at one go; False when anything asks for a closer look."""
        batch = self.batch
        if batch is None or not batch.plain or text[78] != "0":
            return False
        debit, cents, trace = LIVE.get(text[1:3]), text[29:39], text[79:]
        routing = self.routing.get(text[3:12])
        if (
            debit is None
            or routing is None
            or not cents.isdigit()
            or cents == "0000000000"
            or trace <= batch.last_trace
            or trace[:8] != batch.odfi
            or not trace.isdigit()
            or batch.only not in (None, debit)
            or not text[54:76].strip(" 0")
            or not (text.isascii() and text.isprintable())
        ):
            return False
        batch.first = False
        batch.last_trace = trace
        batch.count += 1
        batch.hash += routing
        if debit:
            batch.debits += int(cents)
        else:
            batch.credits += int(cents)
        self.entries += 1
        self.last_plain = number
        return True

    # -- records other than entries

    def _record(self, number: int, text: str) -> None:
        text = self._whole(number, text)
        if not text.strip():
            return
        if text.startswith(tables.PADDING[:94]) and (self.control or text == tables.PADDING):
            self.lines = number
            return
        self.lines = number
        if self.control:
            self.wrong("F02", number, None, "nothing but padding may follow the file control")
            return
        act = {
            "1": self._file_header,
            "5": self._batch_header,
            "6": self._stray_entry,
            "7": self._stray_addenda,
            "8": self._batch_control,
            "9": self._file_control,
        }.get(text[0])
        if act is None:
            self.wrong("F02", number, None, f"record type {text[0]!r} is not one of 1 5 6 7 8 9")
            return
        if not self.header and text[0] != "1":
            self.header = "missing"
            self.wrong("F02", number, None, "the file header is not the first record")
        act(number, text)

    def _whole(self, number: int, text: str) -> str:
        """94 characters: short records are filled with blanks, long ones may only be longer by blanks."""
        if len(text) == RECORD:
            return text
        bare = text.rstrip()
        if (
            len(bare) > RECORD
            or (bare and bare[0] in "1568" and len(bare) < 80)
            or (bare[:1] == "9" and len(bare) < 55 and bare != "9" * len(bare))
            or (bare and bare[0] not in "156789")
        ):
            self.wrong("F01", number, None, f"a record has 94 characters, this one has {len(bare)}")
            self.cut, self.cut_at = number, min(len(bare), RECORD)
            if self.batch is not None:
                self.batch.doubts.update(TOTALS[1:])
        return bare[:RECORD].ljust(RECORD)

    def _file_header(self, number: int, text: str) -> None:
        if self.header:
            if self.header != "missing":
                self.wrong("F02", number, None, "a second file header")
            return
        self.header = text
        t = tables.FILE_HEADER
        for name in ("priority_code", "record_size", "blocking_factor", "format_code"):
            c = column(t, name)
            if text[c.where] != c.kind:
                self.wrong("F03", number, c, f"found {text[c.where]!r}, expected {c.kind!r}")
        self._check_destination(number, text)
        origin = text[13:23].strip()
        if not origin.strip("0"):
            self.wrong("F04", number, column(t, "immediate_origin"), "the origin is blank or zeros")
        if _date(text[23:29]) is None:
            self.wrong("F05", number, column(t, "creation_date"), f"{text[23:29]!r} is not a date YYMMDD", "DT01")
        time = text[29:33]
        if time.strip() and not re.fullmatch(r"([01]\d|2[0-3])[0-5]\d", time):
            self.wrong("F05", number, column(t, "creation_time"), f"{time!r} is not a time HHMM", "DT01")
        if not re.fullmatch(r"[A-Z0-9]", text[33]):
            self.wrong("F05", number, column(t, "file_id_modifier"), f"{text[33]!r} is not A-Z or 0-9")
        self._characters(number, text)

    def _check_destination(self, number: int, text: str) -> None:
        c = column(tables.FILE_HEADER, "immediate_destination")
        destination = text[3:13].strip()
        if not destination.isdigit() or len(destination) not in (9, 10):
            self.wrong("F04", number, c, "the destination is not a routing number of nine digits", "RC01")
        elif len(destination) == 9 and routing_check_digit(destination[:8]) != destination[8]:
            expected = routing_check_digit(destination[:8])
            self.wrong("F04", number, c, f"check digit {destination[8]}, expected {expected}", "RC01")

    def _batch_header(self, number: int, text: str) -> None:
        if self.batch is not None:
            self.wrong("B07", number, None, f"the batch of line {self.batch.line} has no control record")
            self.doubts.update(("batch_count", *TOTALS))
        self.stray = False
        batch = self.batch = Batch(number, text)
        if number == self.cut:
            batch.doubts.update(IDENTITY)
            batch.sound = False
        t = tables.BATCH_HEADER
        if batch.service not in ("200", "220", "225", "280"):
            self.wrong("B01", number, column(t, "service_class"), f"{batch.service!r} is not 200, 220, 225 or 280")
            batch.doubts.add("service_class")
        if batch.sec not in SECS:
            self.wrong("B03", number, column(t, "sec_code"), f"{batch.sec!r} is not an entry class")
            batch.sound = False
        self._check_company(number, text, batch)
        status = {"ADV": "0", "DNE": "2"}.get(batch.sec)
        if (
            (status is not None and text[78] != status)
            or text[78] not in "012"
            or (text[78] == "0" and batch.sec not in ("ADV", "IAT"))
        ):
            self.wrong(
                "B03", number, column(t, "originator_status"), f"found {text[78]!r}, expected {status or '1 or 2'}"
            )
        effective = text[69:75]
        if effective.isdigit() and effective.strip("0") and _date(effective) is None:
            self.wrong("B04", number, column(t, "effective_date"), f"{effective!r} is not a date YYMMDD", "DT01")
        if not batch.odfi.isdigit():
            self.wrong("B05", number, column(t, "odfi"), "not eight digits", "RC01")
            batch.sound = False
            batch.doubts.add("odfi")
        if not batch.number.isdigit():
            self.wrong("B05", number, column(t, "batch_number"), "not seven digits")
            batch.doubts.add("batch_number")
            batch.number = self.last_batch_number
        elif self.last_batch_number and batch.number <= self.last_batch_number:
            self.wrong(
                "F07", number, column(t, "batch_number"), f"{batch.number} does not follow {self.last_batch_number}"
            )
        self.last_batch_number = batch.number
        if not (text.isascii() and text.isprintable()):
            batch.doubts.add("company_identification")
        self._characters(number, text)

    def _check_company(self, number: int, text: str, batch: Batch) -> None:
        names = (
            ("entry_description",)
            if _international(text)
            else ("company_name", "company_identification", "entry_description")
        )
        for name in names:
            c = column(tables.BATCH_HEADER, name)
            if not text[c.where].strip(" 0"):
                self.wrong("B02", number, c, "blank or all zeros")

    def _batch_control(self, number: int, text: str) -> None:
        batch, self.batch = self.batch, None
        if batch is None:
            self._astray(number, "a batch control without a batch header")
            self.stray = False
            return
        adv = batch.sec == "ADV"
        self.adv = self.adv or adv
        t = tables.BATCH_CONTROL_ADV if adv else tables.BATCH_CONTROL
        if number == self.cut:
            batch.doubts.update((*IDENTITY, *TOTALS))
        if text[1:4] != batch.service and "service_class" not in batch.doubts:
            self.wrong(
                "B01", number, column(t, "service_class"), f"found {text[1:4]!r}, the header says {batch.service!r}"
            )
        said = text[44:54].strip()
        differs = said != batch.header[40:50].strip() and (said or not _international(batch.header))
        if not adv and differs and "company_identification" not in batch.doubts:
            self.wrong("B02", number, column(t, "company_identification"), "not the header's company identification")
        for name, said in (("odfi", batch.odfi), ("batch_number", batch.number)):
            if text[column(t, name).where] != said and name not in batch.doubts:
                self.wrong(
                    "B05", number, column(t, name), f"found {text[column(t, name).where]!r}, the header says {said!r}"
                )
        if batch.first:
            self.wrong("B07", number, None, "the batch has no entries")
        counted = (batch.count, batch.hash, batch.debits, batch.credits)
        values = self._compare("B06", number, text, t, counted, batch.doubts)
        self.doubts |= batch.doubts
        self.batch_count += 1
        self.totals_count += values[0]
        self.totals_hash += values[1]
        self.totals_debits += values[2]
        self.totals_credits += values[3]
        self._characters(number, text)

    def _compare(
        self,
        rule: str,
        number: int,
        text: str,
        t: tuple[Column, ...],
        found: tuple[int, int, int, int],
        doubts: set[str],
    ) -> tuple[int, int, int, int]:
        """A control record against what was counted; what the control says. What differs is doubted from then on."""
        said = []
        differ: list[tuple[Column, str]] = []
        for name, value in zip(TOTALS, found, strict=True):
            c = column(t, name)
            digits = text[c.where]
            value %= 10 ** (c.last - c.first + 1)
            if not digits.isdigit():
                differ.append((c, f"{digits!r} is not a number, expected {value}"))
                said.append(value)
                continue
            if int(digits) != value:
                differ.append((c, f"says {int(digits)}, the records give {value}"))
            said.append(int(digits))
        told = [(c, text) for c, text in differ if c.name not in doubts]
        doubts.update(c.name for c, _ in differ)
        if told:
            (c, text), *others = told
            more = f"; {', '.join(other.name for other, _ in others)} differ too" if others else ""
            self.wrong(rule, number, c, text + more, "AM10" if "cents" in c.name else "FF01")
        return said[0], said[1], said[2], said[3]

    def _file_control(self, number: int, text: str) -> None:
        if self.batch is not None:
            self.wrong("B07", number, None, f"the batch of line {self.batch.line} has no control record")
            self.batch = None
            self.doubts.update(("batch_count", *TOTALS))
        if number == self.cut:
            self.doubts.update(("batch_count", *TOTALS))
        self.control = text
        t = tables.FILE_CONTROL_ADV if self.adv else tables.FILE_CONTROL
        c = column(t, "batch_count")
        counts = text[c.where].isdigit() and int(text[c.where]) == self.batch_count
        if not counts and "batch_count" not in self.doubts:
            self.wrong("F06", number, c, f"says {text[c.where].strip() or 'nothing'}, the file has {self.batch_count}")
        self.control_line = number
        counted = (self.totals_count, self.totals_hash, self.totals_debits, self.totals_credits)
        self._compare("F06", number, text, t, counted, self.doubts)

    def _stray_entry(self, number: int, text: str) -> None:
        if self.batch is None:
            if self.header != "missing" or not self.faults:
                self._astray(number, "an entry outside a batch")
            self.header = self.header or "missing"
            return
        self._entry(number, text)

    def _stray_addenda(self, number: int, text: str) -> None:
        if self.entry is not None:
            self._characters(number, text)
            self._addenda(number, text)
        elif self.last_plain == number - 1 and self.batch is not None:
            self.batch.count += 1
            self.last_plain = number
            c = column(tables.ENTRY, "addenda_indicator")
            self.wrong("E06", number - 1, c, "found '0', and addenda follow")
        else:
            self._astray(number, "an addenda record outside an entry")

    def _astray(self, number: int, text: str) -> None:
        """A record whose batch header is missing: told once, up to the next header or control."""
        if not self.stray:
            self.wrong("F02", number, None, text)
        self.stray = True
        self.doubts.update(("batch_count", *TOTALS))

    def _end(self) -> None:
        if not self.header:
            self.wrong("F02", 1, None, "no file header")
        if self.batch is not None and not self.control:
            self.wrong("F11", self.lines or 1, None, "the file ends inside a batch: it is truncated")
        elif not self.control:
            self.wrong("F11", self.lines or 1, None, "no file control: the file is truncated")
        elif self.control and not self._blocks_agree():
            c = column(tables.FILE_CONTROL, "block_count")
            blocks = -(-self.control_line // tables.BLOCKING)
            text = f"says {self.control[c.where].strip() or 'nothing'}, the file has {blocks}"
            self.wrong("F06", self.control_line, c, text)
        elif not self.batch_count and not any(f.code in ("B07", "F02") for f in self.faults):
            self.wrong("F09", self.lines or 1, None, "the file has no batches")

    def _blocks_agree(self) -> bool:
        """Blocks of ten lines. Some count a block of padding that is not there; fewer than there are is an error."""
        said, blocks = self.control[7:13], -(-self.control_line // tables.BLOCKING)
        return said.isdigit() and blocks <= int(said) <= blocks + 1

    def _characters(self, number: int, text: str) -> None:
        if text.isascii() and text.isprintable():
            return
        place = next(i for i, c in enumerate(text) if not " " <= c <= "~")
        self.wrong("E05", number, Column("character", place + 1, place + 1, "a"), "not a printable ASCII character")

    # -- entries

    def _entry(self, number: int, text: str) -> None:
        """The hot path: count and check one entry; the rest of it follows when its addenda are known."""
        batch = self.batch
        assert batch is not None, "called within a batch"
        batch.first = False
        batch.count += 1
        self.lines = number
        if batch.sec == "ADV":
            self._entry_adv(number, text, batch)
            return
        code = CODES.get(text[1:3])
        routing = text[3:12]
        if routing not in self.routing:
            self._check_routing(number, text)
        if text[3:11].isdigit():
            batch.hash += int(text[3:11])
        else:
            batch.doubts.add("entry_hash")
        amount = text[29:39]
        cents = int(amount) if amount.isdigit() else -1
        if code is None:
            self.wrong("E01", number, tables.ENTRY[1], f"{text[1:3]!r} is not a transaction code")
            batch.doubts.update(AMOUNTS)
        elif code.debit:
            batch.debits += max(cents, 0)
        else:
            batch.credits += max(cents, 0)
        if cents < 0:
            self.wrong("E03", number, tables.ENTRY[5], "the amount is not ten digits", "AM12")
            batch.doubts.update(AMOUNTS)
        trace = text[79:94]
        if trace > batch.last_trace and trace[:8] == batch.odfi and trace.isdigit():
            batch.last_trace = trace
        elif number != self.cut:
            self._check_trace(number, trace, batch)
        if not (text.isascii() and text.isprintable()):
            self._characters(number, text)
        self.entry = number, text
        self.entries += 1

    def _entry_adv(self, number: int, text: str, batch: Batch) -> None:
        digits = text[27:39]
        cents = int(digits) if digits.isdigit() else 0
        if text[3:12] not in self.routing:
            self._check_routing(number, text)
        batch.hash += int(text[3:11]) if text[3:11].isdigit() else 0
        code = CODES.get(text[1:3])
        if code is None or not 81 <= int(text[1:3]) <= 88:
            self.wrong("E01", number, tables.ENTRY_ADV[1], f"{text[1:3]!r} is not a transaction code of ADV")
        elif code.debit:
            batch.debits += cents
        else:
            batch.credits += cents
        self.entry = number, text
        self.entries += 1

    def _check_routing(self, number: int, text: str) -> None:
        routing = text[3:12]
        if not routing[:8].isdigit():
            self.wrong("E02", number, tables.ENTRY[2], "the routing number is not eight digits", "RC01")
        elif routing_check_digit(routing[:8]) != routing[8]:
            expected = routing_check_digit(routing[:8])
            self.wrong("E02", number, tables.ENTRY[3], f"check digit {routing[8]!r}, expected {expected!r}", "RC01")
        elif len(self.routing) < ROUTING_MEMO:
            self.routing[routing] = int(routing[:8])

    def _check_trace(self, number: int, trace: str, batch: Batch) -> None:
        """A trace number that does not rise, or not in the batch's own series."""
        c = column(tables.ENTRY, "trace_number")
        if trace == batch.last_trace and not batch.returned:
            batch.doubts.update(TOTALS)  # the entry stands there twice
        if not trace.isdigit():
            self.wrong("B08", number, c, "the trace number is not fifteen digits", "RF01")
        elif trace <= batch.last_trace and not batch.returned:
            self.wrong("B08", number, c, "the trace number does not rise within its batch", "RF01")
        elif trace[:8] != batch.odfi and batch.sound:
            self.wrong("B08", number, c, f"begins with {trace[:8]}, the batch's ODFI is {batch.odfi}", "RF01")
            batch.sound = False  # said once: the header is as likely at fault as the entries
        elif trace[:8] != batch.odfi and trace > batch.last_trace:
            batch.last_trace = trace

    def _addenda(self, number: int, text: str) -> None:
        batch = self.batch
        assert batch is not None, "called within an entry"
        batch.count += 1
        self.lines = number
        if not text.isprintable():
            self._characters(number, text)
        if len(self.addenda) < ADDENDA_MAX:
            self.addenda.append(text)

    def _finish_entry(self) -> None:
        """What can only be said once the addenda are there."""
        assert self.entry is not None
        (number, text), addenda = self.entry, self.addenda
        self.entry = None
        if addenda:
            self.addenda = []
        batch = self.batch
        assert batch is not None, "an entry stands in a batch"
        if text[78] != ("1" if addenda else "0") or addenda or batch.sec not in ("PPD", "CCD"):
            self._check_rest(number, text, addenda, batch)
        else:
            self._check_plain(number, text, batch)

    def _check_plain(self, number: int, text: str, batch: Batch) -> None:
        """Amount, name and direction of a PPD or CCD entry without addenda: most entries there are."""
        code = CODES.get(text[1:3])
        if code is None or (not batch.sound and batch.sec not in SECS):
            return
        zero = text[29:39] == "0000000000"
        if zero == (code.kind == "live") or (code.kind == "zero" and batch.sec == "PPD") or code.kind == "returned":
            self._check_amount(number, text, code, batch)
        if not text[54:76].strip(" 0"):
            self.wrong("E04", number, column(tables.ENTRY, "individual_name"), "blank or all zeros", "BE06")
        if batch.service != "200":
            self._check_direction(number, code, batch)

    def _check_amount(self, number: int, text: str, code: tables.Code, batch: Batch) -> None:
        c, amount = tables.ENTRY[5], text[29:39]
        sec = SECS[batch.sec]
        if not amount.isdigit():
            return
        cents = int(amount)
        if code.kind == "live" and not cents and not sec.zero:
            self.wrong("E03", number, c, "zero, and the transaction code is a live one", "AM01")
        elif code.kind in ("prenote", "zero") and cents and batch.sec not in ("DNE", "ENR", "ACK", "ATX"):
            self.wrong("E03", number, c, f"{cents}, and the transaction code says zero", "AM09")
        elif code.kind == "zero" and not sec.zero:
            self.wrong("E01", number, tables.ENTRY[1], f"{text[1:3]} is not for {batch.sec}")
        elif cents > tables.CEILING_CENTS.get(batch.sec, cents):
            self.wrong("E03", number, c, f"above the {tables.CEILING_CENTS[batch.sec]} cents of {batch.sec}", "AM02")

    def _check_direction(self, number: int, code: tables.Code, batch: Batch) -> None:
        if (batch.service == "220" and code.debit) or (batch.service == "225" and not code.debit):
            text = f"service class {batch.service} has no {'debits' if code.debit else 'credits'}"
            self.wrong("B10", number, tables.ENTRY[1], text)

    def _check_rest(self, number: int, text: str, addenda: list[str], batch: Batch) -> None:
        """An entry with addenda, or of another class."""
        sec = SECS.get(batch.sec)
        types = {line[1:3] for line in addenda}
        returned = "99" in types
        batch.returned = batch.returned or returned
        if sec is None or (batch.sec == "ADV" and not returned):
            return
        if text[78] != ("1" if addenda else "0"):
            what = "no addenda follow" if not addenda else f"{len(addenda)} addenda follow"
            self.wrong("E06", number, column(tables.ENTRY, "addenda_indicator"), f"found {text[78]!r}, and {what}")
        if returned or "98" in types:
            self._check_returned(number, addenda)
            return
        self._check_addenda(number, text, addenda, batch, sec)
        code = CODES.get(text[1:3])
        if code is None:
            return
        reversal = batch.header[53:63].strip() == "REVERSAL"
        if not reversal and (
            (code.debit and not sec.debits) or (not code.debit and not sec.credits and code.kind != "prenote")
        ):
            self.wrong("E01", number, tables.ENTRY[1], f"{text[1:3]} is not for {batch.sec}")
        if reversal and batch.sec == "TEL" and code.debit:
            self.wrong("E01", number, tables.ENTRY[1], "a reversal of TEL has credits only")
        if batch.sec != "IAT":
            self._check_amount(number, text, code, batch)
        if batch.service in ("220", "225") and batch.sec != "IAT":
            self._check_direction(number, code, batch)
        if sec.name_needed and not text[54:76].strip(" 0"):
            self.wrong("E04", number, column(tables.ENTRY, "individual_name"), "blank or all zeros", "BE06")

    def _check_returned(self, number: int, addenda: list[str]) -> None:
        for place, line in enumerate(addenda, 1):
            if line[1:3] == "99" and line[3:6] not in tables.RETURN_CODES:
                self.wrong("R01x", number + place, tables.ADDENDA_99[2], f"{line[3:6]!r} is not a return code")
            if line[1:3] == "98" and line[3:6] not in tables.CHANGE_CODES:
                self.wrong("C01x", number + place, tables.ADDENDA_98[2], f"{line[3:6]!r} is not a change code")

    def _check_addenda(self, number: int, text: str, addenda: list[str], batch: Batch, sec: tables.Sec) -> None:
        if len(addenda) > sec.addenda_max:
            self.wrong("E07", number + 1, None, f"{len(addenda)} addenda, {batch.sec} has at most {sec.addenda_max}")
            return
        for place, line in enumerate(addenda, 1):
            if line[1:3] not in sec.addenda:
                self.wrong("E07", number + place, tables.ADDENDA_05[1], f"type {line[1:3]!r} is not for {batch.sec}")
            elif line[1:3] == "05":
                self._check_sequence(number + place, place, line, text)
        if sec.count_field is not None:
            first, last = sec.count_field
            said = text[first - 1 : last]
            mandatory = 7 if batch.sec == "IAT" else len(addenda)  # some count only 10 to 16
            if batch.sec != "ENR" and (not said.isdigit() or int(said) not in (len(addenda), mandatory)):
                self.wrong(
                    "E09", number, Column("addenda_count", first, last, "n"), f"says {said!r}, found {len(addenda)}"
                )
        if batch.sec == "IAT":
            self._check_iat(number, addenda)

    def _check_sequence(self, number: int, place: int, line: str, entry: str) -> None:
        if not line[87:94].isdigit() or not entry[87:94].isdigit():
            return  # a record without its last columns, as some write it: nothing to compare
        if not line[83:87].isdigit() or int(line[83:87]) != place:
            self.wrong(
                "E08", number, column(tables.ADDENDA_05, "sequence"), f"found {line[83:87]!r}, expected {place:04d}"
            )
        elif line[87:94] != entry[87:94]:
            self.wrong(
                "E08",
                number,
                column(tables.ADDENDA_05, "entry_sequence"),
                "not the last seven digits of the entry's trace",
            )

    def _check_iat(self, number: int, addenda: list[str]) -> None:
        kinds = [line[1:3] for line in addenda]
        if kinds[:7] != ["10", "11", "12", "13", "14", "15", "16"]:
            self.wrong("E11", number, None, "addenda 10 to 16 are not all there and in order")
        for place, line in enumerate(addenda, 1):
            if line[1:3] == "10" and line[3:6] not in IAT_TYPES:
                self.wrong(
                    "E11",
                    number + place,
                    Column("transaction_type", 4, 6, "a"),
                    f"{line[3:6]!r} is not a transaction type",
                )


LIVE = {code: said.debit for code, said in CODES.items() if said.kind == "live" and said.account != "advice"}
IAT_TYPES = frozenset(
    "ANN BUS DEP LOA MIS MOR PEN REM RLS SAL TAX ARC BOC CIE CCD CTX MTE POP POS PPD RCK SHR TEL WEB".split()
)


def entries(lines: Iterable[str], make: Make) -> Iterator[Payment]:
    """The payments of a file that was found right: no checks, only entries, their addenda and their batch."""
    batch: Batch | None = None
    entry, at, addenda = "", 0, list[str]()
    for number, text in enumerate(lines, 1):
        kind = text[:1]
        if kind == "7":
            addenda.append(text.ljust(RECORD))
            continue
        if entry:
            assert batch is not None, "the file was checked: an entry stands in a batch"
            yield make(batch, at, entry, addenda)
            entry = ""
            if addenda:
                addenda = []
        if kind == "6":
            entry, at = text if len(text) == RECORD else text.ljust(RECORD), number
        elif kind == "5":
            batch = Batch(number, text.ljust(RECORD))
        elif kind == "9":
            return


def _international(header: str) -> bool:
    """Whether a batch header has the layout of IAT."""
    return header[50:53] == "IAT" or header[4:10] == "IATCOR"


def _date(text: str) -> date | None:
    """YYMMDD of this century; None when it is no day."""
    if not text.isdigit() or len(text) != 6:
        return None
    try:
        return date(2000 + int(text[:2]), int(text[2:4]), int(text[4:]))
    except ValueError:
        return None
