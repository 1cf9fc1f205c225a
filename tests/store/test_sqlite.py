"""What only the embedded store has: a log that must not grow for ever, indexes that must be used, the mark file."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.store import SqliteStore, checkpoint, mark, sql
from gateway.store.packed import Pairs, pack_pairs
from gateway.store.records import Head
from tests.store.books import Books


async def test_the_log_is_copied_into_the_file_beside_the_commits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "GROWN_BYTES", 200_000)
    path, books = tmp_path / "test.db", Books()
    store = SqliteStore(path)
    await store.open()
    await store.commit(books.opening("A", "B"))
    for _ in range(150):
        batch = books.new()
        books.add_message(batch, bytes(20_000))
        await store.commit(batch)
        await asyncio.sleep(0.001)
    written = 150 * 20_000
    assert os.stat(path).st_size > written / 2
    assert os.stat(f"{path}-wal").st_size < written / 2
    assert await store.verify() == []
    await store.close()
    assert "test.db-wal" not in os.listdir(tmp_path)


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        (sql.PAYMENT, (1,)),
        (sql.MESSAGE, (1,)),
        (sql.EXCEPTIONS, ("e", b"d")),
        (sql.SENT, ("e", "s", 1, 2)),
        (sql.UNDELIVERED, ("e", 1, 2)),
        (sql.HELD, ()),
        (sql.TRANSACTIONS.format(blocks="1, 2, 3"), ("A", 1, 2)),
        (sql.PAYMENTS_BY_STATUS, (1, 2, "PDNG")),
        (sql.ALL_PAYMENTS, (1, 2)),
        (sql.BATCH_OF_PAYMENT, (1,)),
        (sql.BATCH_OF_STATUS, (1,)),
        (sql.TRANSFERS_OF, (1, 2, 3)),
        (sql.STATUSES_OF, (1,)),
        (sql.DECISIONS_OF, (1,)),
        (sql.LAST_ID["messages"], ()),
    ],
)
async def test_no_statement_of_daily_work_reads_a_whole_table(statement: str, values: tuple[object, ...]) -> None:
    store = SqliteStore(None)
    await store.open()
    steps = [row[3] for row in store._fetch(f"EXPLAIN QUERY PLAN {statement}", *values)]
    allowed = ("SCAN holds", "SCAN q", "SCAN found", "SCAN (subquery")  # small lists of what waits
    assert [step for step in steps if step.startswith("SCAN") and not step.startswith(allowed)] == []
    await store.close()


heads = st.builds(Head, *[st.integers(0, 2**62)] * 2, st.binary(min_size=32, max_size=32), *[st.integers(0, 2**62)] * 7)


@given(heads)
def test_a_mark_is_read_as_it_was_written(head: Head) -> None:
    assert mark.parse(mark.pack(head)) == head


@given(heads, st.integers(0, 130), st.integers(1, 255))
def test_a_mark_with_a_wrong_byte_is_no_mark(head: Head, at: int, change: int) -> None:
    data = bytearray(mark.pack(head))
    data[at % len(data)] ^= change
    assert mark.parse(bytes(data)) is None


@given(st.lists(st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 2**63))))
def test_pairs_are_unpacked_as_they_were_packed(pairs: list[tuple[int, int]]) -> None:
    unpacked = Pairs()
    unpacked.extend_packed(pack_pairs(pairs))
    assert list(unpacked) == pairs
    assert unpacked.packed() == pack_pairs(pairs)
    assert [unpacked[place] for place in range(len(pairs))] == unpacked[:] == pairs
