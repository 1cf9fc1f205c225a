"""Runs of entries as nearly all are, checked a thousand at a time.

Strategy: a run is PPD, CCD, WEB or TEL entries, each with no addenda or one addenda 05. It is cut into columns at once;
every rule is then one question about a whole column. A run that answers all of them is counted; one that does not is
left to the exact rules, record by record. What this module says yes to must be what they say yes to.
"""

from __future__ import annotations

import re
from itertools import compress
from operator import lt
from struct import Struct as Cut
from typing import NamedTuple

from gateway.formats.ach.codes import LIVE_CODES, SECS, routing_check_digit
from gateway.formats.ach.faults import Batch
from gateway.formats.ach.lines import Block
from gateway.formats.ach.tables import RECORD

RUN = re.compile(rb"(?:67?){16,}(?!7)")  # over the record types; shorter runs are not worth it
RUN_RECORDS_MAX = 4_096  # of one go: a fault sends no more than these to the slow rules
PRINTABLE = bytes(range(0x20, 0x7F))
ROUTING_MEMO = 50_000

_ENTRY = "x2s9s17x10s15x22x2x1x15s"  # code, routing number, amount, trace number
_ADDENDA = "83x4s7s"  # sequence, end of the entry's trace
_LIVE = {code.encode(): said.debit for code, said in LIVE_CODES.items()}
_DEBITS = frozenset(code for code, debit in _LIVE.items() if debit)
_CREDITS = frozenset(_LIVE) - _DEBITS
_ZERO = b"0000000000"


class Tally(NamedTuple):
    """What a run adds to its batch."""

    entries: int
    hash: int
    debits: int
    credits: int
    last_trace: str


def tally(block: Block, first: int, kinds: bytes, batch: Batch, routing: dict[bytes, int]) -> Tally | None:
    """Count a run that keeps every rule; None when any record of it asks for a closer look."""
    stride = block.stride
    run = block.data[first * stride : (first + len(kinds)) * stride]
    if len(run.translate(None, PRINTABLE)) != len(kinds) * (stride - RECORD):
        return None
    if b"7" not in kinds:
        return _entries(run, stride, b"0" * len(kinds), batch, routing)
    if "05" not in SECS[batch.sec].addenda:
        return None
    entries, addenda, indicators = _parted(run, stride, kinds)
    found = _entries(entries, stride, indicators, batch, routing)
    return found if found is not None and _addenda_agree(entries, addenda, indicators, stride) else None


def _parted(run: bytes, stride: int, kinds: bytes) -> tuple[bytes, bytes, bytes]:
    """Entries, addenda, and of each entry whether an addenda follows."""
    indicators = kinds.replace(b"67", b"1").replace(b"6", b"0")
    if b"0" not in indicators:
        pairs = range(0, len(run), 2 * stride)
        return (
            b"".join([run[at : at + stride] for at in pairs]),
            b"".join([run[at + stride : at + 2 * stride] for at in pairs]),
            indicators,
        )
    rows = [run[at : at + stride] for at in range(0, len(run), stride)]
    entries = [row for row, kind in zip(rows, kinds, strict=True) if kind == 0x36]
    addenda = [row for row, kind in zip(rows, kinds, strict=True) if kind == 0x37]
    return b"".join(entries), b"".join(addenda), indicators


def _entries(run: bytes, stride: int, indicators: bytes, batch: Batch, routing: dict[bytes, int]) -> Tally | None:
    if run[78::stride] != indicators:
        return None
    rows = Cut(f"{_ENTRY}{stride - RECORD}x").iter_unpack(run)
    codes, banks, amounts, traces = zip(*rows, strict=True)
    odfi = batch.odfi.encode()
    if (
        not traces[0] > batch.last_trace.encode()
        or not all(map(lt, traces, traces[1:]))
        or not (traces[0].startswith(odfi) and traces[-1].startswith(odfi))
        or not b"".join(traces).isdigit()
        or not b"".join(amounts).isdigit()
        or _ZERO in amounts
        or not _named(run, stride)
        or not _known(set(banks), routing)
    ):
        return None
    if batch.sec in ("WEB", "TEL") and run[76::stride].translate(None, b"SR "):
        return None
    moved = _moved(codes, amounts, batch)
    if moved is None:
        return None
    hashed = sum(map(routing.__getitem__, banks))
    return Tally(len(codes), hashed, *moved, traces[-1].decode())


def _moved(codes: tuple[bytes, ...], amounts: tuple[bytes, ...], batch: Batch) -> tuple[int, int] | None:
    """Debits and credits in cents; None for a code that is no live one, or not of this class and service."""
    kinds = set(codes)
    if not kinds <= _LIVE.keys():
        return None
    cents = list(map(int, amounts))
    debits, credits = kinds & _DEBITS, kinds & _CREDITS
    if (credits and (batch.only is True or not SECS[batch.sec].credits)) or (debits and batch.only is False):
        return None
    if not debits:
        return 0, sum(cents)
    if not credits:
        return sum(cents), 0
    debited = sum(compress(cents, map(_LIVE.__getitem__, codes)))
    return debited, sum(cents) - debited


def _named(run: bytes, stride: int) -> bool:
    """Whether every entry has an account number and a name."""
    begun = len(run[54::stride].translate(None, b" 0"))  # names that begin with something else
    if begun != len(run) // stride and not all(
        run[at + 54 : at + 76].strip(b" 0") for at in range(0, len(run), stride)
    ):
        return False
    return b" " not in run[12::stride] or all(run[at + 12 : at + 29].strip() for at in range(0, len(run), stride))


def _known(banks: set[bytes], routing: dict[bytes, int]) -> bool:
    """Whether all routing numbers are right; those that are new are remembered."""
    for bank in banks - routing.keys():
        if not bank.isdigit() or routing_check_digit(bank[:8].decode()) != chr(bank[8]):
            return False
        if len(routing) >= ROUTING_MEMO:
            routing.clear()
            return False  # what was known is gone: this run goes the slow way
        routing[bank] = int(bank[:8])
    return True


def _addenda_agree(entries: bytes, addenda: bytes, indicators: bytes, stride: int) -> bool:
    """One addenda 05, numbered 1, with the end of its entry's trace."""
    count = len(addenda) // stride
    if addenda[1::stride] != b"0" * count or addenda[2::stride] != b"5" * count:
        return False
    sequences, ends = zip(*Cut(f"{_ADDENDA}{stride - RECORD}x").iter_unpack(addenda), strict=True)
    if set(sequences) != {b"0001"}:
        return False
    traces = Cut(f"87x7s{stride - RECORD}x").iter_unpack(entries)
    parents = compress(traces, map(0x31.__eq__, indicators))
    return all(parent == end for (parent,), end in zip(parents, ends, strict=True))
