"""The store beyond one machine: PostgreSQL.

Strategy: the same tables, statements and hash chain as the embedded store. One connection writes: a batch is one
transaction whose first statement is the fence, an update of the one-row table `writer` that only succeeds while this
store's epoch is the latest; whoever opens the store takes the next epoch, and from then on every commit of the
writer before it fails. Rows go in by COPY, or by INSERT when they are few.

`apply` needs a few reads while it runs, and may not wait on its own loop. Those go over a second connection that lives
in a thread with a loop of its own (`Bridge`); the caller's thread waits for the answer, about as long as one round
trip. People read over a small pool.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

import asyncpg

from gateway.ports import Batch, Delivery, Recovered, StoreFailed
from gateway.store import mark, recovery, schema, sql, verify
from gateway.store.changes import Plan, balances, plan
from gateway.store.packed import Gathering
from gateway.store.reads import Reads
from gateway.store.records import COLUMNS, Head, Row, as_is, delivery, without_nul

CONNECT_S = 10.0
STATEMENT_S = 60.0  # a server that takes longer is treated as gone: the process ends and starts again
COPY_ROWS_MIN = 16  # fewer are quicker as one pipelined INSERT than as a COPY of their own
POOL_MAX = 4  # connections for people's questions

_FOUNDATION = """
CREATE TABLE IF NOT EXISTS migrations (version BIGINT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS writer (one BIGINT PRIMARY KEY, epoch BIGINT NOT NULL, mark BYTEA NOT NULL);
INSERT INTO writer VALUES (1, 0, '') ON CONFLICT (one) DO NOTHING
"""
_FOUNDATION_LOCK = 0x46494E4F53  # "FINOS": two first starts at once do not both create the tables
_TAKE_LEASE = "UPDATE writer SET epoch = epoch + 1 RETURNING epoch"
_FENCE = "UPDATE writer SET mark = $2 WHERE epoch = $1"

# A text that PostgreSQL cannot hold: NUL, or a lone surrogate that UTF-8 cannot write.
_BAD_TEXT = (
    UnicodeEncodeError,
    asyncpg.CharacterNotInRepertoireError,
    asyncpg.UntranslatableCharacterError,
    asyncpg.DataError,
)
_ERRORS = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
    OverflowError,
)

T = TypeVar("T")


class PostgresStore(Reads):
    """ports.Store in a PostgreSQL database; `url` is postgresql://user:password@host:port/database."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._writer: Any = None
        self._writing = asyncio.Lock()
        self._bridge: Bridge | None = None
        self._pool: Any = None
        self._pooling = asyncio.Lock()
        self._epoch = 0
        self._head = Head()
        self._gathering = Gathering()
        self._failed = ""

    # -- start and end

    async def open(self) -> Recovered:
        """Take the lease from whoever has it, make sure nothing is missing, load. Raises StoreDamaged, StoreFailed."""
        try:
            return await self._open()
        except _ERRORS as error:
            await self.close()
            raise StoreFailed(f"PostgreSQL: {error}") from error
        except BaseException:
            await self.close()
            raise

    async def _open(self) -> Recovered:
        self._writer = writer = await _connect(self._url)
        await _migrate(writer)
        self._bridge = bridge = await asyncio.to_thread(Bridge, self._url)
        await asyncio.to_thread(_check, bridge)  # before anything is taken: a start that fails leaves the writer alone
        self._epoch = await writer.fetchval(_TAKE_LEASE)
        head = await asyncio.to_thread(_check, bridge)  # nobody else commits any more
        found = await asyncio.to_thread(recovery.load, bridge.fetch, head)
        async with writer.transaction():
            await self._fence(found.head)
            for statement, rows in balances(found.moved):
                await writer.executemany(_numbered(statement), rows)
        self._head, self._gathering = found.head, found.gathering
        return found.recovered

    async def close(self) -> None:
        for connection in (self._pool, self._writer):
            if connection is not None:
                await connection.close()
        self._pool = self._writer = None
        bridge, self._bridge = self._bridge, None
        if bridge is not None:
            await asyncio.to_thread(bridge.close)

    # -- the writer

    async def commit(self, batch: Batch) -> None:
        if self._failed:
            raise StoreFailed(self._failed)
        segment = self._gathering.segment(self._head.id)
        async with self._writing:
            try:
                planned = await self._write(batch, segment)
            except StoreFailed as error:
                self._failed = str(error)
                raise
            except _ERRORS as error:
                self._failed = f"batch {batch.id} was not committed: {error}"
                raise StoreFailed(self._failed) from error
        if segment:
            self._gathering = Gathering()
        self._gathering.add(*planned.sealed.row[-2:])
        self._head = planned.sealed.head

    async def _write(self, batch: Batch, segment: list[Row]) -> Plan:
        try:
            planned = plan(batch, self._head, as_is)
            await self._run(planned, segment)
        except _BAD_TEXT:
            planned = plan(batch, self._head, without_nul)
            await self._run(planned, segment)
        return planned

    async def _run(self, planned: Plan, segment: list[Row]) -> None:
        writer, sealed = self._open_writer(), planned.sealed
        async with writer.transaction():
            await self._fence(sealed.head)
            for table, rows in sealed.journal.items():
                await _append(writer, table, rows)
            await _append(writer, "batches", [sealed.row])
            for statement, rows in planned.changes:
                await writer.executemany(_numbered(statement), rows)
            if segment:
                await writer.executemany(_numbered(sql.KEEP_SEGMENT), segment)

    async def _fence(self, head: Head) -> None:
        """Go on only while nobody has taken over; holds the row until the transaction ends."""
        if await self._open_writer().execute(_FENCE, self._epoch, mark.pack(head)) != "UPDATE 1":
            raise StoreFailed("another writer has taken this store over; this process must end")

    async def delivered(self, ids: Sequence[int], now_ns: int) -> None:
        """Note what arrived; not waited for on the disk: what a crash forgets is delivered again, under its name."""
        try:
            async with self._writing:
                writer = self._open_writer()
                async with writer.transaction():
                    await writer.execute("SET LOCAL synchronous_commit = off")
                    await writer.executemany(_numbered(sql.ARRIVED), [(id,) for id in ids])
                    await writer.executemany(_numbered(sql.NOTE_DELIVERY), [(id, now_ns) for id in ids])
        except _ERRORS as error:
            self._failed = f"deliveries were not noted: {error}"
            raise StoreFailed(self._failed) from error

    def _open_writer(self) -> Any:
        if self._writer is None:
            raise StoreFailed("the store is not open")
        return self._writer

    # -- reads

    async def undelivered(self, endpoint: str, after: int, limit: int) -> list[Delivery]:
        return [delivery(row) for row in await self._rows(sql.UNDELIVERED, endpoint, after, limit)]

    def _fetch(self, statement: str, *values: Any) -> list[Row]:
        if self._bridge is None:
            raise StoreFailed("the store is not open")
        return self._bridge.fetch(statement, *values)

    async def _rows(self, statement: str, *values: Any) -> list[Row]:
        async with self._pooling:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    self._url, min_size=1, max_size=POOL_MAX, timeout=CONNECT_S, command_timeout=STATEMENT_S
                )
        return await _select(self._pool, statement, values)

    async def verify(self) -> list[str]:
        """Read everything again, as of one moment, in a thread. Problems in sentences."""
        return await asyncio.to_thread(_verify, self._url)


class Bridge:
    """A connection that plain code can ask: it lives on a loop in a thread of its own."""

    def __init__(self, url: str, begin: str = "") -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="store reads", daemon=True)
        self._thread.start()
        try:
            self._connection = self._wait(_connect(url))
            if begin:
                self._wait(self._connection.execute(begin))
        except BaseException:
            self._end()
            raise

    def fetch(self, statement: str, *values: Any) -> list[Row]:
        """Run a statement and wait for its rows."""
        return self._wait(_select(self._connection, statement, values))

    def close(self) -> None:
        self._wait(self._connection.close())
        self._end()

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _connect(url: str) -> Any:
    return await asyncpg.connect(url, timeout=CONNECT_S, command_timeout=STATEMENT_S)


async def _select(connection: Any, statement: str, values: Sequence[Any]) -> list[Row]:
    [cleaned] = without_nul([tuple(values)])
    return [tuple(record) for record in await connection.fetch(_numbered(statement), *cleaned)]


def _check(bridge: Bridge) -> Head:
    [(packed,)] = bridge.fetch("SELECT mark FROM writer")
    return recovery.check(bridge.fetch, mark.parse(packed), marked=bool(packed))


def _numbered(statement: str) -> str:
    """Places as PostgreSQL writes them."""
    return statement.replace("?", "$")


async def _append(writer: Any, table: str, rows: Sequence[Row]) -> None:
    if len(rows) >= COPY_ROWS_MIN:
        await writer.copy_records_to_table(table, records=rows, columns=COLUMNS[table])
    elif rows:
        await writer.executemany(_numbered(sql.INSERT[table]), rows)


async def _migrate(writer: Any) -> None:
    """Bring the tables to this program's version, in one transaction."""
    async with writer.transaction():
        await writer.execute("SELECT pg_advisory_xact_lock($1)", _FOUNDATION_LOCK)
        for statement in _FOUNDATION.split(";"):
            await writer.execute(statement)
        found = await writer.fetchval("SELECT coalesce(max(version), 0) FROM migrations")
        if found > len(schema.SCRIPTS):
            raise StoreFailed(
                f"the database has version {found}, this program knows {len(schema.SCRIPTS)}: it was"
                " written by a newer one"
            )
        for version in range(found + 1, len(schema.SCRIPTS) + 1):
            for statement in schema.statements(version, schema.POSTGRES):
                await writer.execute(statement)
            await writer.execute("INSERT INTO migrations VALUES ($1)", version)


def _verify(url: str) -> list[str]:
    try:
        bridge = Bridge(url, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        try:
            rows = bridge.fetch("SELECT mark FROM writer")
            return verify.verify(bridge.fetch, mark.parse(rows[0][0]) if rows else None)
        finally:
            bridge.close()
    except asyncpg.DataCorruptedError as error:
        return [f"PostgreSQL: {error}"]
    except _ERRORS as error:
        raise StoreFailed(f"PostgreSQL: {error}") from error
