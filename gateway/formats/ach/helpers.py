"""What is done with whole files, without state: merge, flatten, segment, return. Pure functions over files taken apart.

All of them keep entries as they are, byte for byte, and make numbers, counts and totals anew. Files are taken for
right: who calls has decoded them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from gateway.formats.ach.batches import Item, RawBatch, RawFile, changed, file_header, grouped
from gateway.formats.ach.builders import retraced, returned
from gateway.formats.ach.codes import said
from gateway.formats.ach.tables import BATCH_HEADER, BLOCKING, ENTRY, FILE_HEADER

LINES_MAX = 10_000  # of one file: what most originating banks take
AMOUNT_MAX = 999_999_999_999  # debits or credits of one file, in cents: the twelve digits of a control
MODIFIERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def merge(files: Sequence[RawFile], lines_max: int = LINES_MAX, amount_max: int = AMOUNT_MAX) -> list[RawFile]:
    """As few files as the limits allow, one series for each destination and origin.

    Batches with the same header become one. Where a trace number stands in a batch already, the entry goes into a batch
    of its own below the same header, so that traces rise in each; a batch that is too large is cut between entries.
    """
    series: dict[str, list[RawFile]] = {}
    for file in files:
        series.setdefault(file.header[:23] + file.header[40:], []).append(file)
    return [merged for same in series.values() for merged in _merged(same, lines_max, amount_max)]


def _merged(files: Sequence[RawFile], lines_max: int, amount_max: int) -> list[RawFile]:
    batches = [batch for file in files for batch in file.batches]
    pieces = [piece for batch in _joined(batches) for piece in _cut(batch, lines_max, amount_max)]
    packed: list[RawFile] = []
    room = _Room(0, 0, 0)
    for piece in pieces:
        size = _Room.of(piece)
        if not packed or not room.takes(size, lines_max, amount_max):
            packed.append(_next_file(files[0].header, len(packed)))
            room = _Room(0, 0, 0)
        packed[-1].batches.append(piece)
        room = room.plus(size)
    return packed or [RawFile(files[0].header)]


def _next_file(header: str, place: int) -> RawFile:
    at = (MODIFIERS.find(header[33]) + place) % len(MODIFIERS)
    return RawFile(changed(FILE_HEADER, header, {"file_id_modifier": MODIFIERS[at]}), [])


class _Room:
    """Lines and amounts of a file that is being filled."""

    def __init__(self, lines: int, debits: int, credits: int) -> None:
        self.lines, self.debits, self.credits = lines, debits, credits

    @staticmethod
    def of(batch: RawBatch) -> _Room:
        count, _, debits, credits = batch.numbers()
        return _Room(count + 2, debits, credits)

    def plus(self, other: _Room) -> _Room:
        return _Room(self.lines + other.lines, self.debits + other.debits, self.credits + other.credits)

    def takes(self, other: _Room, lines_max: int, amount_max: int) -> bool:
        both = self.plus(other)
        printed = -(-(both.lines + 2) // BLOCKING) * BLOCKING  # header and control, and the padding
        return printed <= lines_max and both.debits <= amount_max and both.credits <= amount_max


def _key(batch: RawBatch) -> str:
    service = batch.header[1:4] if batch.advice else "200"
    return service + batch.header[4:87]


def _joined(batches: Iterable[RawBatch]) -> list[RawBatch]:
    """Batches of the same header as one, or as many as colliding traces make necessary."""
    found: dict[str, list[RawBatch]] = {}
    traces: dict[int, set[str]] = {}
    for batch in batches:
        same = found.setdefault(_key(batch), [])
        for lines in batch.entries:
            trace = lines[0][79:94]
            place = next((one for one in same if trace not in traces[id(one)]), None)
            if place is None:
                place = RawBatch(batch.header, [])
                traces[id(place)] = set()
                same.append(place)
            place.entries.append(lines)
            traces[id(place)].add(trace)
    for same in found.values():
        for batch in same:
            batch.entries.sort(key=_by_trace)
    return [batch for same in found.values() for batch in same]


def _by_trace(lines: list[str]) -> str:
    return lines[0][79:94]


def _cut(batch: RawBatch, lines_max: int, amount_max: int) -> list[RawBatch]:
    """A batch in pieces that each fit into a file of their own."""
    pieces = [RawBatch(batch.header, [])]
    room = _Room(2, 0, 0)
    for lines in batch.entries:
        count, _, debits, credits = RawBatch(batch.header, [lines]).numbers()
        size = _Room(count, debits, credits)
        if pieces[-1].entries and not room.takes(size, lines_max, amount_max):
            pieces.append(RawBatch(batch.header, []))
            room = _Room(2, 0, 0)
        pieces[-1].entries.append(lines)
        room = room.plus(size)
    return pieces


def flatten(file: RawFile) -> RawFile:
    """Batches that say the same in their headers as one batch each."""
    return RawFile(file.header, _joined(file.batches))


def segment(file: RawFile) -> tuple[RawFile, RawFile]:
    """Two files: the credits, and the debits. Advices say both and stay with the credits."""
    credits, debits = RawFile(file.header, []), RawFile(file.header, [])
    for batch in file.batches:
        for target, wanted in ((credits, False), (debits, True)):
            entries = [lines for lines in batch.entries if (not batch.advice and said(lines[0][1:3]).debit) == wanted]
            if entries:
                target.batches.append(RawBatch(batch.header, entries))
    return credits, debits


def returns(file: RawFile, code: str, chosen: Callable[[Item], bool], now_ns: int, information: str = "") -> RawFile:
    """A return file for the chosen entries, from the institution that received them to the one that sent them."""
    below: dict[str, int] = {}
    items = []
    for item in file.items:
        if not chosen(item):
            continue
        ours = item.entry[3:12]
        below[ours] = below.get(ours, 0) + 1
        items.append(returned(item, code, ours, below[ours], information))
    return answer(file, grouped(items), now_ns, "R")


def answer(file: RawFile, batches: list[RawBatch], now_ns: int, modifier: str) -> RawFile:
    """A file that goes back where `file` came from."""
    head = file.header
    names = head[63:86].rstrip(), head[40:63].rstrip()
    return RawFile(file_header(head[13:23].strip(), head[3:13].strip(), names, now_ns, modifier), batches)


def balanced(batch: RawBatch, offset: Mapping[str, str]) -> RawBatch:
    """The batch with an offset entry, so that debits equal credits.

    `offset` names the account that it goes to: routing_number, account_number, name, and type (checking, savings, gl).
    """
    _, _, debits, credits = batch.numbers()
    if debits == credits:
        return batch
    batch = batch.opened()
    code = {"checking": "2", "savings": "3", "gl": "4"}[offset.get("type", "checking")] + (
        "2" if debits > credits else "7"
    )
    last = batch.entries[-1][0]
    values: dict[str, str | int] = {
        "transaction_code": code,
        "rdfi": offset["routing_number"][:8],
        "check_digit": offset["routing_number"][8],
        "account_number": offset["account_number"],
        "amount_cents": abs(debits - credits),
        "individual_id": "",
        "individual_name": offset["name"],
        "discretionary_data": "",
        "addenda_indicator": 0,
    }
    entry = changed(ENTRY, last, values)
    line = entry[:79] + f"{int(last[79:94]) + 1:015d}"
    return RawBatch(changed(BATCH_HEADER, batch.header, {"service_class": "200"}), [*batch.entries, [line]])


def renumbered(batch: RawBatch, first: int = 1) -> RawBatch:
    """The batch with trace numbers from `first` on, below its ODFI."""
    entries = []
    for sequence, lines in enumerate(batch.entries, first):
        trace = f"{batch.header[79:87]}{sequence:07d}"
        entries.append([lines[0][:79] + trace, *(retraced(line, trace) for line in lines[1:])])
    return RawBatch(batch.header, entries)
