"""What only PostgreSQL has: a lease that moves, and commits of the old holder that fail."""

from __future__ import annotations

import asyncpg
import pytest

from gateway.ports import StoreDamaged, StoreFailed
from gateway.store import PostgresStore
from tests.store.books import Books


async def changed(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


async def filled(url: str) -> tuple[PostgresStore, Books]:
    store, books = PostgresStore(url), Books()
    await store.open()
    await store.commit(books.opening("A", "B"))
    await store.commit(books.settled(("A", "B", 100)))
    return store, books


async def test_who_opens_takes_over_and_the_writer_before_can_no_longer_commit(postgres_url: str) -> None:
    first, books = await filled(postgres_url)
    second = PostgresStore(postgres_url)
    assert (await second.open()).batch == 2
    for _ in range(2):
        with pytest.raises(StoreFailed, match="another writer has taken this store over"):
            await first.commit(books.settled(("A", "B", 1)))
    books.batch, books.message, books.payment, books.transfer = 2, 1, 1, 1
    await second.commit(books.settled(("B", "A", 1)))
    assert await second.verify() == []
    await first.close()
    await second.close()


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("DELETE FROM batches WHERE id = 2", "batch 2 is missing: message 1, payment 1, transfer 1"),
        ("UPDATE transfers SET minor = 1", r"batch 2 \(message 1\) does not match its hash"),
        ("UPDATE writer SET mark = 'torn'", "the mark beside the database is missing or unreadable"),
        ("UPDATE positions SET balance_minor = 1", "do not sum to zero"),
    ],
)
async def test_damage_is_named(postgres_url: str, statement: str, sentence: str) -> None:
    store, _ = await filled(postgres_url)
    await store.close()
    await changed(postgres_url, statement)
    with pytest.raises(StoreDamaged, match=sentence):
        await PostgresStore(postgres_url).open()


async def test_a_start_that_fails_leaves_the_writer_alone(postgres_url: str) -> None:
    store, books = await filled(postgres_url)
    await changed(postgres_url, "INSERT INTO transfers VALUES (9, 1, 'A', 'B', 'EUR', 1)")
    with pytest.raises(StoreDamaged, match="rows up to 9"):
        await PostgresStore(postgres_url).open()
    await changed(postgres_url, "DELETE FROM transfers WHERE id = 9")
    await store.commit(books.settled(("A", "B", 1)))
    await store.close()


async def test_a_server_that_is_not_there(postgres_url: str) -> None:
    with pytest.raises(StoreFailed, match="PostgreSQL"):
        await PostgresStore("postgresql://test@127.0.0.1:1/none").open()
    with pytest.raises(StoreFailed, match="PostgreSQL"):
        await PostgresStore(postgres_url + "_not_there").verify()


async def test_a_server_that_goes_away_fails_the_commit(postgres_url: str) -> None:
    store, books = await filled(postgres_url)
    name = postgres_url.rpartition("/")[2]
    await changed(
        postgres_url.replace(name, "postgres"),
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
    )
    for _ in range(2):
        with pytest.raises(StoreFailed, match="not committed"):
            await store.commit(books.settled(("A", "B", 1)))
    await store.close()
    store = PostgresStore(postgres_url)
    assert (await store.open()).batch == 2
    await store.close()


async def test_a_database_of_a_newer_program(postgres_url: str) -> None:
    store, _ = await filled(postgres_url)
    await store.close()
    await changed(postgres_url, "INSERT INTO migrations VALUES (99)")
    with pytest.raises(StoreFailed, match="written by a newer one"):
        await PostgresStore(postgres_url).open()
