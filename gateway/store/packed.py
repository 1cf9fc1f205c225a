"""Pairs of (64-bit hash, number), packed: 16 bytes each, so that a million of them load in an instant.

A batch keeps its pairs as one value of its row. So that a start need not read a million batch rows, every so
often all pairs since the last time are written once more as one segment; a start reads the segments and the
batches after the last of them.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator, Sequence
from typing import Any, overload
from zlib import crc32

from gateway.ports import StoreDamaged

PAIR_BYTES = 16
SEGMENT_PAIRS = 65_536  # one megabyte: read at once, and rare enough to cost nothing
SEGMENT_BATCHES = 10_000  # a start reads at most so many batch rows for their pairs
PAIRS_LOADED = 5_000_000  # at most so many of each kind: what gateway.repeats keeps

Row = tuple[Any, ...]


def pack_pairs(pairs: Sequence[tuple[int, int]]) -> bytes:
    """All hashes, then all numbers, as little-endian 64-bit words."""
    if not pairs:
        return b""
    hashes, numbers = zip(*pairs, strict=True)
    words = array("Q", hashes)
    words.extend(numbers)
    return _little(words).tobytes()


def _little(words: array[int]) -> array[int]:
    if sys.byteorder == "big":
        words.byteswap()
    return words


class Pairs(Sequence[tuple[int, int]]):
    """A long list of pairs in two arrays."""

    def __init__(self) -> None:
        self._hashes = array("Q")
        self._numbers = array("Q")

    def extend_packed(self, packed: bytes) -> None:
        """Append what `pack_pairs` made. Raises StoreDamaged for a size that it cannot have."""
        if len(packed) % PAIR_BYTES:
            raise StoreDamaged(f"a list of pairs has {len(packed)} bytes, which is no multiple of {PAIR_BYTES}")
        half = len(packed) // 2
        for words, part in ((self._hashes, packed[:half]), (self._numbers, packed[half:])):
            words.frombytes(_little(array("Q", part)).tobytes())

    def packed(self) -> bytes:
        return _little(self._hashes[:]).tobytes() + _little(self._numbers[:]).tobytes()

    def __len__(self) -> int:
        return len(self._hashes)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return zip(self._hashes, self._numbers, strict=True)

    @overload
    def __getitem__(self, place: int) -> tuple[int, int]: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[tuple[int, int]]: ...

    def __getitem__(self, place: int | slice) -> tuple[int, int] | Sequence[tuple[int, int]]:
        if isinstance(place, slice):
            return list(zip(self._hashes[place], self._numbers[place], strict=True))
        return self._hashes[place], self._numbers[place]


class Gathering:
    """The pairs since the last segment, and when the next one is due."""

    def __init__(self) -> None:
        self._identities = Pairs()
        self._arrivals = Pairs()
        self._batches = 0

    def add(self, identities: bytes, arrivals: bytes) -> None:
        """Take the packed pairs of one more batch."""
        self._identities.extend_packed(identities)
        self._arrivals.extend_packed(arrivals)
        self._batches += 1

    def segment(self, batch: int) -> list[Row]:
        """When it is time: everything gathered, up to and with this batch, as a row of `segments`; else nothing."""
        if len(self._identities) + len(self._arrivals) < SEGMENT_PAIRS and self._batches < SEGMENT_BATCHES:
            return []
        identities, arrivals = self.packed()
        return [(batch, identities, arrivals, segment_crc(identities, arrivals))]

    def packed(self) -> tuple[bytes, bytes]:
        return self._identities.packed(), self._arrivals.packed()


def segment_crc(identities: bytes, arrivals: bytes) -> int:
    """Guards a segment against a flipped bit: a lost pair could let a repetition through."""
    return crc32(arrivals, crc32(identities))
