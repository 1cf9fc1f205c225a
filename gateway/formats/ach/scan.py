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

from gateway.formats.ach import tables
from gateway.formats.ach.entry_checks import EntryChecks
from gateway.formats.ach.faults import IDENTITY, TOTALS, Batch, column, day
from gateway.formats.ach.tables import CODES, RECORD, SECS, Column, routing_check_digit
from gateway.model import Payment

Make = Callable[[Batch, int, str, list[str]], Payment]


class Scanner(EntryChecks):
    """One pass over a file; `faults` is what is wrong with it."""

    def __init__(self) -> None:
        super().__init__()
        self.header = ""
        self.control = ""
        self.batches: list[tuple[int, int, int, int]] = []  # count, hash, debits, credits as the controls say
        self.batch_count = self.totals_count = self.totals_hash = self.totals_debits = self.totals_credits = 0
        self.last_batch_number = ""
        self.control_line = 0
        self.last_plain = 0
        self.adv = False
        self.stray = False  # records follow whose batch header is missing
        self.doubts: set[str] = set()  # of the file control

    def run(self, lines: Iterable[str]) -> None:
        """Walk all records; what is wrong is in `faults` then."""
        number = 0
        for number, text in enumerate(lines, 1):
            kind = text[:1]
            if kind == "6" and self.entry is None and len(text) == RECORD and self._plain(number, text):
                continue
            if kind == "7" and len(text) == RECORD and self.entry is not None and text.isascii():
                self.take_addenda(number, text)
                continue
            if self.entry is not None:
                self.finish_entry()
            if kind == "6" and len(text) == RECORD and self.batch is not None:
                self.take_entry(number, text)
            else:
                self._record(number, text)
        self.lines = self.lines if self.control else number
        if self.entry is not None:
            self.finish_entry()
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
        if day(text[23:29]) is None:
            self.wrong("F05", number, column(t, "creation_date"), f"{text[23:29]!r} is not a date YYMMDD", "DT01")
        time = text[29:33]
        if time.strip() and not re.fullmatch(r"([01]\d|2[0-3])[0-5]\d", time):
            self.wrong("F05", number, column(t, "creation_time"), f"{time!r} is not a time HHMM", "DT01")
        if not re.fullmatch(r"[A-Z0-9]", text[33]):
            self.wrong("F05", number, column(t, "file_id_modifier"), f"{text[33]!r} is not A-Z or 0-9")
        self.characters(number, text)

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
        if effective.isdigit() and effective.strip("0") and day(effective) is None:
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
        self.characters(number, text)

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
        self.characters(number, text)

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
        self.take_entry(number, text)

    def _stray_addenda(self, number: int, text: str) -> None:
        if self.entry is not None:
            self.characters(number, text)
            self.take_addenda(number, text)
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


LIVE = {code: said.debit for code, said in CODES.items() if said.kind == "live" and said.account != "advice"}


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
