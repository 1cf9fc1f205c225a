"""Reading a NACHA file, record by record: one pass that counts and checks everything.

Strategy: the scanner is a state machine over 94-character records; runs of entries as nearly all are are checked at
one go (`fast`), anything else by the rules one by one. A second, light pass (`entries`) makes records of a file that
was right. A fault names its rule, line, columns and field; faults that follow from another are not said. What a told
fault makes unknowable (a total with an amount that cannot be read, a company that a cut line lost) is doubted, and
doubted things are not compared any more; of several numbers of one control that all differ, the first is told for all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

from gateway.formats.ach import tables
from gateway.formats.ach.codes import PLAIN
from gateway.formats.ach.fast import RUN, RUN_RECORDS_MAX, tally
from gateway.formats.ach.faults import IDENTITY, TOTALS, Batch, Fault, column
from gateway.formats.ach.header_checks import HeaderChecks
from gateway.formats.ach.lines import Block, is_digits, read_blocks
from gateway.formats.ach.rules import STRICT, Profile
from gateway.formats.ach.tables import RECORD, Column
from gateway.model import Record

Make = Callable[[Batch, int, str, list[str]], Record]
HEADER_MIN = 70  # a file header without its trailing blanks is at least as long as the origin's name begins
CONTENTS_MAX = 10_000  # batches of one file whose content is remembered


class Scanner(HeaderChecks):
    """One pass over a file; `faults` is what is wrong with it."""

    def __init__(self, profile: Profile = STRICT) -> None:
        super().__init__(profile)
        self.header = ""
        self.control = ""
        self.batch_count = self.totals_count = self.totals_hash = self.totals_debits = self.totals_credits = 0
        self.control_line = 0
        self.last_run = 0  # the last record of a run that was counted at one go
        self.stray = ""  # records follow whose batch header is missing: all of them, or controls
        self.early: Fault | None = None  # a file control inside a batch, unless the batch control comes behind it
        self.doubts: set[str] = set()  # of the file control
        self.contents: list[tuple[str, bytes]] = []  # where each batch begins, and a digest of it without its number

    def run(self, file: BinaryIO) -> None:
        """Walk all records; what is wrong is in `faults` then."""
        number = 0
        for block in read_blocks(file):
            number = self._block(block, number)
        self.lines = self.lines if self.control else number
        if self.entry is not None:
            self.finish_entry()
        self._end()

    def _block(self, block: Block, number: int) -> int:
        """All records of a block, those in runs at one go; the number of its last record."""
        if not block.stride:
            return self._lines(block.lines(), number)
        kinds = block.data[:: block.stride]
        at = 0
        for found in RUN.finditer(kinds):
            self._lines(block.between(at, found.start()), number + at)
            at = found.start()
            while at < found.end():
                end = min(at + RUN_RECORDS_MAX, found.end())
                if kinds[end : end + 1] == b"7":
                    end += 1
                if not self._run(block, at, kinds[at:end], number + at):
                    self._lines(block.between(at, end), number + at)
                at = end
        self._lines(block.between(at, len(kinds)), number + at)
        return number + len(kinds)

    def _run(self, block: Block, first: int, kinds: bytes, before: int) -> bool:
        """Count a run of entries at one go; False when it asks for a closer look."""
        if self.entry is not None:
            self.finish_entry()
        batch = self.batch
        if batch is None or not batch.plain or not batch.sound or batch.category not in ("", "forward"):
            return False
        found = tally(block, first, kinds, batch, self.routing)
        if found is None:
            return False
        batch.first = False
        batch.category = "forward"
        batch.last_trace = found.last_trace
        batch.count += len(kinds)
        batch.hash += found.hash
        batch.debits += found.debits
        batch.credits += found.credits
        batch.digest.update(block.with_newlines(first, first + len(kinds)))
        self.entries += found.entries
        self.lines = self.last_run = before + len(kinds)
        return True

    def _lines(self, lines: Iterable[str], before: int) -> int:
        """Records one by one; the number of the last."""
        number = before
        for number, text in enumerate(lines, before + 1):
            kind = text[:1]
            if kind == "7" and len(text) == RECORD and self.entry is not None:
                self.take_addenda(number, text)
                continue
            if self.entry is not None:
                if kind == "1" and self.header == "missing":
                    self.header = text  # out of its place, which is told: it parts no entry from its addenda
                    continue
                self._close(kind)
            if kind == "6" and len(text) == RECORD and self.batch is not None:
                self.take_entry(number, text)
            else:
                self._record(number, text)
        return number

    def _close(self, kind: str) -> None:
        """The open entry ends. One that a batch header parts from its addenda is not looked at: the header is wrong."""
        assert self.entry is not None, "called when an entry is open"
        if kind == "5" and self.entry[1][78] == "1" and not self.addenda and self.batch is not None:
            self.entry = None
            self.stray = "all"
        else:
            self.finish_entry()

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
            if text[0] == "8" and self.early in self.faults:
                self.faults.remove(self.early)  # the batch was not without a control: the file control came too early
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
            self.wrong("F02", number, None, "the file header is not the first record", field="file_header")
        act(number, text)

    def _whole(self, number: int, text: str) -> str:
        """94 characters: short records are filled with blanks, long ones may only be longer by blanks."""
        if len(text) == RECORD:
            return text
        bare = text.rstrip()
        if (
            len(bare) > RECORD
            or (bare[:1] in ("5", "6", "8") and len(bare) < RECORD)
            or (bare[:1] == "1" and len(bare) < HEADER_MIN)
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
        self.check_file_header(number, text)

    def _batch_header(self, number: int, text: str) -> None:
        if self.batch is not None:
            self.wrong("B07", number, None, f"the batch of line {self.batch.line} has no control record")
            self.doubts.update(("batch_count", *TOTALS))
        parted = self.batch is not None and self.stray == "all"
        self.stray = "all" if parted else ""
        batch = self.batch = Batch(number, text)
        self.group = number
        if parted:
            batch.doubts.update(TOTALS)
        batch.plain = batch.sec in PLAIN and not (batch.sec == "TEL" and text[53:63].strip() == "REVERSAL")
        t = tables.BATCH_HEADER_IAT if batch.international else tables.BATCH_HEADER
        self.check_batch_header(number, text, batch, t, parted=parted)

    def _batch_control(self, number: int, text: str) -> None:
        batch, self.batch = self.batch, None
        if batch is None:
            self._astray(number, "a batch control without a batch header", "control")
            self.stray = "control"
            return
        adv = batch.sec == "ADV"
        if len(self.contents) < CONTENTS_MAX:
            self.contents.append((f"line {batch.line}", batch.digest.digest()))
        t = tables.BATCH_CONTROL_ADV if adv else tables.BATCH_CONTROL
        if number == self.cut:
            batch.doubts.update((*IDENTITY, *TOTALS))
        if text[1:4] != batch.service and "service_class" not in batch.doubts:
            what = f"found {text[1:4]!r}, the header says {batch.service!r}"
            self.wrong("B01", number, column(t, "service_class"), what, "FF01", batch.service, "control_service")
        said = text[44:54].strip()
        differs = said != batch.header[40:50].strip() and (said or not batch.international)
        if not adv and differs and "company_identification" not in batch.doubts:
            what = "not the header's company identification"
            expected = batch.header[40:50]
            c = column(t, "company_identification")
            self.wrong("B02", number, c, what, "FF01", expected, "control_company")
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
        told = ("service_class", "odfi", "batch_number", *TOTALS)
        self._printable(
            number, text, t, told if "company_identification" in self.doubts else (*told, "company_identification")
        )

    def _compare(
        self,
        rule: str,
        number: int,
        text: str,
        t: tables.Layout,
        found: tuple[int, int, int, int],
        doubts: set[str],
    ) -> tuple[int, int, int, int]:
        """A control record against what was counted; what the control says. What differs is doubted from then on."""
        said = []
        differ: list[tuple[Column, str, int]] = []
        for name, value in zip(TOTALS, found, strict=True):
            c = column(t, name)
            digits = text[c.where]
            value %= 10 ** (c.last - c.first + 1)
            if not is_digits(digits):
                differ.append((c, f"{digits!r} is not a number, expected {value}", value))
                said.append(value)
                continue
            if int(digits) != value:
                differ.append((c, f"says {int(digits)}, the records give {value}", value))
            said.append(int(digits))
        allows = self.profile.allows
        told = [one for one in differ if one[0].name not in doubts and not allows(rule, one[0].name)]
        doubts.update(c.name for c, _, _ in differ)
        if told:
            (c, text, value), *others = told
            more = f"; {', '.join(other.name for other, _, _ in others)} differ too" if others else ""
            self.wrong(rule, number, c, text + more, "AM10" if "cents" in c.name else "FF01", f"{value:0{c.width}d}")
        return said[0], said[1], said[2], said[3]

    def _file_control(self, number: int, text: str) -> None:
        if self.batch is not None:
            self.wrong("B07", number, None, f"the batch of line {self.batch.line} has no control record")
            self.early = self.faults[-1] if self.faults else None
            self.batch = None
            self.doubts.update(("batch_count", *TOTALS))
        if number == self.cut:
            self.doubts.update(("batch_count", *TOTALS))
        self.control = text
        self.group = number
        t = tables.FILE_CONTROL_ADV if self.adv else tables.FILE_CONTROL
        c = column(t, "batch_count")
        counts = is_digits(text[c.where]) and int(text[c.where]) == self.batch_count
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
            self.take_addenda(number, text)
        elif self.last_run == number - 1 and self.batch is not None:
            self.batch.count += 1
            self.last_run = number
            c = column(tables.ENTRY, "addenda_indicator")
            self.wrong("E06", number - 1, c, "addenda follow that the indicator does not announce")
        else:
            self._astray(number, "an addenda record outside an entry")

    def _astray(self, number: int, text: str, kind: str = "all") -> None:
        """A record whose batch header is missing: told once, up to the next header or control."""
        if self.stray not in ("all", kind):
            self.wrong("F02", number, None, text)
        self.stray = "all"
        self.doubts.update(("batch_count", *TOTALS))
        if self.batch is not None:
            self.batch.first = False
            self.batch.doubts.update(TOTALS)

    def _end(self) -> None:
        if not self.header:
            self.wrong("F02", 1, None, "no file header", field="file_header")
        if self.batch is not None and not self.control:
            self.wrong("F11", self.lines or 1, None, "the file ends inside a batch: it is truncated")
        elif not self.control:
            what = "no file control: the file is truncated"
            self.wrong("F11", self.lines or 1, None, what, field="file_control")
        elif self.control and not self._blocks_agree():
            c = column(tables.FILE_CONTROL, "block_count")
            blocks = -(-self.control_line // tables.BLOCKING)
            text = f"says {self.control[c.where].strip() or 'nothing'}, the file has {blocks}"
            self.wrong("F06", self.control_line, c, text)
        elif not self.batch_count and not any(f.rule in ("B07", "F02") for f in self.faults):
            self.wrong("F09", self.lines or 1, None, "the file has no batches")

    def _blocks_agree(self) -> bool:
        """Blocks of ten lines. Some count a block of padding that is not there; fewer than there are is an error."""
        said, blocks = self.control[7:13], -(-self.control_line // tables.BLOCKING)
        return is_digits(said) and blocks <= int(said) <= blocks + 1


def entries(lines: Iterable[str], make: Make, *, keep_spaces: bool = False) -> Iterator[Record]:
    """The records of a file that was found right: no checks, only entries, their addenda and their batch."""
    batch = Batch(0, "5".ljust(RECORD))  # of entries without one, where a bank's profile allows that
    entry, at, addenda = "", 0, list[str]()
    for number, text in enumerate(lines, 1):
        kind = text[:1]
        if kind == "7":
            addenda.append(text.ljust(RECORD))
            continue
        if entry:
            yield make(batch, at, entry, addenda)
            entry = ""
            if addenda:
                addenda = []
        if kind == "6":
            entry, at = text if len(text) == RECORD else text.ljust(RECORD), number
        elif kind == "5":
            batch = Batch(number, text.ljust(RECORD))
            batch.plain, batch.keep_spaces = batch.sec in PLAIN, keep_spaces
        elif kind == "9":
            return
    if entry:  # no control at the end, where a bank's profile allows that
        yield make(batch, at, entry, addenda)
