"""What came before is found again, bounded, and never confused."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import repeats
from gateway.repeats import Repeats, identity_hash

hashes = st.integers(1, 2**64 - 1)


def test_what_was_added_is_found() -> None:
    seen = Repeats()
    one, two = identity_hash("first"), identity_hash(b"second")
    seen.add(one, 1)
    seen.add(two, 2**40)
    assert (seen.find(one), seen.find(two), seen.find(identity_hash("third"))) == (1, 2**40, 0)


def test_the_latest_number_of_a_hash_counts() -> None:
    seen = Repeats()
    seen.add(7, 1)
    seen.add(7, 2)
    assert seen.find(7) == 2


def test_an_identity_hash_is_stable_fits_64_bits_and_is_never_0() -> None:
    assert identity_hash("") == identity_hash(b"")
    assert 0 < identity_hash("bank_x\0REF-1") < 2**64
    assert identity_hash("\ud800") != identity_hash("?")


def test_bytes_across_two_fields_are_no_hit() -> None:
    """A number whose bytes, with the next hash's, spell another hash of the same bucket."""
    seen = Repeats()
    hidden = struct.unpack("<Q", b"\x01\x02\x03\x04\x00\x00\x05\x00")[0]
    number = struct.unpack("<Q", b"\xff\xff\xff\xff\x01\x02\x03\x04")[0]
    following = struct.unpack("<Q", b"\x00\x00\x05\x00\x00\x00\x05\x00")[0]
    seen.load([(following + 1, number), (following, 9)])
    assert seen.find(hidden) == 0
    seen.load([(hidden, 3), (following + 1, number), (following, 9)])
    assert seen.find(hidden) == 3


def test_memory_is_bounded_and_the_newest_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "_BUCKET_BYTES_MAX", 160)
    one_by_one, at_once = Repeats(), Repeats()
    pairs = [(n, n) for n in range(1, 1001)]  # all of one bucket
    for hash, number in pairs:
        one_by_one.add(hash, number)
    at_once.load(pairs)
    for seen in (one_by_one, at_once):
        assert all(seen.find(n) == n for n in range(996, 1001))
        assert seen.find(1) == 0
        assert max(map(len, seen._buckets)) <= 160


@given(st.lists(st.tuples(hashes, st.integers(1, 2**63))), st.lists(hashes))
def test_it_answers_as_a_dictionary_does(pairs: list[tuple[int, int]], others: list[int]) -> None:
    seen = Repeats()
    seen.load(pairs)
    expected = dict(pairs)
    for hash in [*others, *expected]:
        assert seen.find(hash) == expected.get(hash, 0)
