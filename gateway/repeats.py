"""What came before: 64-bit hashes of identities, each with the number of what carried it first.

Strategy: 16,384 buckets by the hash's upper bits, each a byte string of 16-byte entries (hash, number) in order of
arrival, searched by the byte search of the interpreter. A bucket that is full forgets its older half, so
memory is bounded without any merging, sorting or pause; see docs/decisions/0041-repeats.md.

Two identities may share a hash (about 1 in 4 million for 3 million entries), so a hit is a question, not an
answer: the caller reads the row of that number and compares before it calls anything a repetition.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from struct import Struct as Layout

KEPT = 5_000_000  # entries remembered at least: two weeks of 350,000 payments a day, the longest repeat window

_BUCKET_BITS = 14
_SHIFT = 64 - _BUCKET_BITS
# A bucket forgets half when full, so twice KEPT keeps KEPT; the margin is for the unevenness of chance (8 sigma).
_ENTRY_BYTES = 16
_BUCKET_BYTES_MAX = _ENTRY_BYTES * (2 * KEPT // 2**_BUCKET_BITS + 200)

_entry = Layout("<QQ").pack
_key = Layout("<Q").pack


def identity_hash(identity: str | bytes) -> int:
    """A 64-bit number for what must be unique; never 0, which means "nothing" everywhere."""
    data = identity.encode("utf-8", "surrogatepass") if isinstance(identity, str) else identity
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "little") or 1


class Repeats:
    """Hash -> number, for the latest entries; at least KEPT of them, at most about twice as many."""

    def __init__(self) -> None:
        self._buckets = [bytearray() for _ in range(2**_BUCKET_BITS)]

    def find(self, hash: int) -> int:
        """The number last added under a hash, 0 when there is none. To be confirmed by reading that row."""
        bucket = self._buckets[hash >> _SHIFT]
        key = _key(hash)
        at = bucket.rfind(key)
        while at >= 0 and at % _ENTRY_BYTES:  # bytes across two fields that happen to look like the key
            at = bucket.rfind(key, 0, at + len(key) - 1)
        return int.from_bytes(bucket[at + 8 : at + 16], "little") if at >= 0 else 0

    def add(self, hash: int, number: int) -> None:
        """Remember a hash under a number above 0."""
        bucket = self._buckets[hash >> _SHIFT]
        if len(bucket) >= _BUCKET_BYTES_MAX:
            del bucket[: _BUCKET_BYTES_MAX // 2 // _ENTRY_BYTES * _ENTRY_BYTES]
        bucket += _entry(hash, number)

    def load(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Take over what a store remembers, oldest first."""
        buckets, entry = self._buckets, _entry
        for hash, number in pairs:
            buckets[hash >> _SHIFT] += entry(hash, number)
        for bucket in buckets:
            if len(bucket) > _BUCKET_BYTES_MAX:
                del bucket[: len(bucket) - _BUCKET_BYTES_MAX]
