"""Files as batches of records: taken apart, and put together again with their numbers, counts and totals made anew."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from gateway.formats.ach import tables
from gateway.formats.ach.codes import international, said
from gateway.formats.ach.lines import read_lines
from gateway.formats.ach.tables import DIGITS, RECORD, Layout

Lines = list[str]  # an entry and its addenda


class Item(Struct, frozen=True):
    """One entry with its addenda, under the header of its batch."""

    header: str
    lines: Lines

    @property
    def entry(self) -> str:
        return self.lines[0]


class RawBatch(Struct):
    """A batch header, and the entries below it; of many, some as they are printed, with what they add up to."""

    header: str
    entries: list[Lines] = []
    printed: list[bytes] = []
    counted: tuple[int, int, int, int] = (0, 0, 0, 0)  # of those printed: records, hash, debits, credits
    last: int = 0  # number of the last of those printed

    @property
    def advice(self) -> bool:
        return self.header[50:53] == "ADV"

    def opened(self) -> RawBatch:
        """The batch with all its entries as records, none printed."""
        if not self.printed:
            return self
        entries: list[Lines] = []
        for line in b"".join(self.printed).decode("ascii").splitlines():
            if line[0] == "6":
                entries.append([line])
            else:
                entries[-1].append(line)
        return RawBatch(self.header, [*entries, *self.entries])

    def numbers(self) -> tuple[int, int, int, int]:
        """Records, hash, debits and credits of the entries."""
        count, hash_, debits, credits = self.counted
        amount = slice(27, 39) if self.advice else slice(29, 39)
        for lines in self.entries:
            entry = lines[0]
            count += len(lines)
            hash_ += int(entry[3:11])
            if said(entry[1:3]).debit:
                debits += int(entry[amount])
            else:
                credits += int(entry[amount])
        return count, hash_, debits, credits


class RawFile(Struct):
    """A file header and its batches."""

    header: str
    batches: list[RawBatch] = []

    @property
    def items(self) -> list[Item]:
        return [Item(batch.header, lines) for batch in self.batches for lines in batch.entries]


def text(value: str, width: int) -> str:
    """Printable ASCII, left aligned, cut to its field."""
    return "".join(c if " " <= c <= "~" else "?" for c in value)[:width].ljust(width)


def record(table: Layout, values: Mapping[str, str | int]) -> str:
    """One record from its table; a field that is not given is zeros or blanks."""
    out = []
    for c in table:
        if c.name not in values:
            out.append(c.kind if c.kind.isdecimal() else ("0" if c.kind in DIGITS else " ") * c.width)
            continue
        value = values[c.name]
        if isinstance(value, int):
            out.append(f"{value:0{c.width}d}")
        elif c.kind in "i$":
            out.append(text(value, c.width) if not value.isdecimal() else value.rjust(c.width, "0"))
        else:
            out.append(text(value.rjust(c.width) if c.kind == "r" else value, c.width))
    return "".join(out)


def taken_apart(data: bytes) -> RawFile:
    """The batches of a file that was found right."""
    file = RawFile("")
    for line in read_lines(io.BytesIO(data)):
        kind, line = line[:1], line[:RECORD].ljust(RECORD)
        if kind == "1":
            file.header = line
        elif kind == "5":
            file.batches.append(RawBatch(line, []))
        elif kind == "6":
            file.batches[-1].entries.append([line])
        elif kind == "7":
            file.batches[-1].entries[-1].append(line)
        elif kind == "9":
            break
    return file


def put_together(file: RawFile) -> bytes:
    """A whole file: batches numbered from 1, controls, padding."""
    return b"".join(_printed(file))


def _printed(file: RawFile) -> Iterable[bytes]:
    count = hash_ = debits = credits = 0
    yield file.header.encode("ascii") + b"\n"
    for number, batch in enumerate(file.batches, 1):
        numbers = batch.numbers()
        yield _batch(batch, number, numbers)
        count, hash_ = count + numbers[0], hash_ + numbers[1]
        debits, credits = debits + numbers[2], credits + numbers[3]
    lines = 2 + count + 2 * len(file.batches)
    advice = any(batch.advice for batch in file.batches)
    values = {
        "batch_count": len(file.batches),
        "block_count": -(-lines // tables.BLOCKING),
        "count": count,
        "entry_hash": hash_ % 10**10,
        "debits_cents": debits,
        "credits_cents": credits,
    }
    control = record(tables.FILE_CONTROL_ADV if advice else tables.FILE_CONTROL, values)
    yield "\n".join([control, *[tables.PADDING] * (-lines % tables.BLOCKING)]).encode() + b"\n"


def _batch(batch: RawBatch, number: int, numbers: tuple[int, int, int, int]) -> bytes:
    count, hash_, debits, credits = numbers
    header = batch.header
    service = header[1:4]
    if service != "280":
        codes = {said(lines[0][1:3]).debit for lines in batch.entries} | ({True} if debits else set())
        codes |= {False} if credits else set()
        service = "200" if len(codes) != 1 else "225" if codes == {True} else "220"
    header = f"5{service}{header[4:87]}{number:07d}"
    company = header[4:20] if batch.advice else header[40:50]
    values: dict[str, str | int] = {
        "service_class": service,
        "count": count,
        "entry_hash": hash_ % 10**10,
        "debits_cents": debits,
        "credits_cents": credits,
        "company_identification": company if not international(header) else "",
        "operator_data": company,
        "odfi": header[79:87],
        "batch_number": number,
    }
    control = record(tables.BATCH_CONTROL_ADV if batch.advice else tables.BATCH_CONTROL, values)
    entries = "".join(["\n".join(lines) + "\n" for lines in batch.entries])
    return f"{header}\n".encode("ascii") + b"".join(batch.printed) + f"{entries}{control}\n".encode("ascii")


def file_header(destination: str, origin: str, names: tuple[str, str], now_ns: int, modifier: str) -> str:
    """A file header of a moment."""
    now = datetime.fromtimestamp(now_ns / 1e9, UTC)
    values = {
        "immediate_destination": destination,
        "immediate_origin": origin,
        "creation_date": now.strftime("%y%m%d"),
        "creation_time": now.strftime("%H%M"),
        "file_id_modifier": modifier,
        "destination_name": names[0],
        "origin_name": names[1],
    }
    return record(tables.FILE_HEADER, values)


def grouped(items: Sequence[Item]) -> list[RawBatch]:
    """A batch for each header, numbers and service classes aside; entries keep their order."""
    found: dict[str, RawBatch] = {}
    for item in items:
        service = "280" if item.header[1:4] == "280" else "200"
        header = f"5{service}{item.header[4:87]}0000000"
        found.setdefault(header, RawBatch(header, [])).entries.append(item.lines)
    return list(found.values())


def changed(table: Layout, line: str, values: Mapping[str, str | int]) -> str:
    """A record with some of its fields put anew."""
    for c in table:
        if c.name in values:
            one = record(Layout((c,)), {c.name: values[c.name]})
            line = line[: c.first - 1] + one + line[c.last :]
    return line
