"""The embedded store: SQLite in WAL mode, every commit forced to the disk.

Strategy: one connection writes, in the thread of the loop (a thread of its own only costs: the interpreter's lock
is held while rows are bound). A batch is one transaction with one `executemany` per table. Before anything is
opened for writing, a read-only connection makes sure that nothing acknowledged is missing, so that a damaged
database stays as it was found. People read over another read-only connection in aiosqlite's thread.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import aiosqlite

from gateway.ports import Batch, Delivery, Recovered, StoreFailed
from gateway.store import mark, recovery, sql, verify
from gateway.store.chain import Sealed
from gateway.store.changes import Plan, balances, plan
from gateway.store.checkpoint import Checkpoints
from gateway.store.lease import Lease
from gateway.store.packed import Gathering
from gateway.store.reads import Reads
from gateway.store.records import Head, Row, delivery, without_surrogates
from gateway.store.sqlite_file import (
    connect,
    guarded,
    look,
    mark_path,
    migrate,
    read_only_uri,
    transaction,
    verify_file,
)

MARK_SYNC_S = 1.0  # how long a mark may wait to be forced to the disk


class SqliteStore(Reads):
    """ports.Store in one file, or in memory when `path` is None (for embedding and tests: nothing is kept)."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._writer: sqlite3.Connection | None = None
        self._reader: aiosqlite.Connection | None = None
        self._reader_opening = asyncio.Lock()
        self._files: _Files | None = None
        self._head = Head()
        self._gathering = Gathering()
        self._failed = ""

    # -- start and end

    async def open(self) -> Recovered:
        """Take the lease, make sure nothing is missing, load. Raises StoreDamaged or StoreFailed."""
        try:
            return guarded(self._path, self._open)
        except BaseException:
            await self.close()
            raise

    def _open(self) -> Recovered:
        path, found = self._path, None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._files = _Files(path)
            found = look(path)
        found = found or self._begin()
        self._writer = writer = self._writer or connect(path)
        with transaction(writer):
            for statement, rows in balances(found.moved):
                writer.executemany(statement, rows)
        self._head, self._gathering = found.head, found.gathering
        if self._files is not None:
            self._files.begin(writer, found.head)
        return found.recovered

    def _begin(self) -> recovery.Found:
        """A new database, or one of an older version: bring it to this one, then load it."""
        self._writer = connect(self._path)
        migrate(self._writer)
        return recovery.load(self._fetch, recovery.check(self._fetch, None, marked=False))

    async def close(self) -> None:
        """Close everything; may be called twice. Raises StoreFailed for what went wrong in the background till now."""
        if self._reader is not None:
            await self._reader.close()
            self._reader = None
        files, self._files = self._files, None
        errors = await files.stop() if files is not None else []
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        if files is not None:
            files.close()
        if errors and not self._failed:
            self._fail(f"the store was closed, but {errors[0]}")

    # -- the writer

    async def commit(self, batch: Batch) -> None:
        if self._failed:
            raise StoreFailed(self._failed)
        writer = self._open_writer()
        try:
            planned = self._write(writer, batch)
            if self._files is not None:
                self._files.committed(planned.sealed)
        except (sqlite3.Error, OSError, OverflowError) as error:
            self._fail(f"batch {batch.id} was not committed: {error}")
        self._head = planned.sealed.head

    def _write(self, writer: sqlite3.Connection, batch: Batch) -> Plan:
        segment = self._gathering.segment(self._head.id)
        try:
            planned = plan(batch, self._head)
            _run(writer, planned, segment)
        except UnicodeEncodeError:
            planned = plan(batch, self._head, without_surrogates)
            _run(writer, planned, segment)
        if segment:
            self._gathering = Gathering()
        self._gathering.add(*planned.sealed.row[-2:])
        return planned

    async def delivered(self, ids: Sequence[int], now_ns: int) -> None:
        """Note what arrived. Not forced to the disk: what a power cut forgets is delivered again, under its name."""
        writer = self._open_writer()
        try:
            writer.execute("PRAGMA synchronous = NORMAL")
            with transaction(writer):
                writer.executemany(sql.ARRIVED, [(id,) for id in ids])
                writer.executemany(sql.NOTE_DELIVERY, [(id, now_ns) for id in ids])
            writer.execute("PRAGMA synchronous = FULL")
        except sqlite3.Error as error:
            self._fail(f"deliveries were not noted: {error}")

    def _fail(self, text: str) -> None:
        self._failed = text
        raise StoreFailed(text)

    def _open_writer(self) -> sqlite3.Connection:
        if self._writer is None:
            raise StoreFailed("the store is not open")
        return self._writer

    # -- reads

    async def undelivered(self, endpoint: str, after: int, limit: int) -> list[Delivery]:
        return [delivery(row) for row in self._fetch(sql.UNDELIVERED, endpoint, after, limit)]

    def _fetch(self, statement: str, *values: Any) -> list[Row]:
        return self._open_writer().execute(statement, values).fetchall()

    async def _rows(self, statement: str, *values: Any) -> list[Row]:
        if self._path is None:
            return self._fetch(statement, *values)
        async with self._reader_opening:
            if self._reader is None:
                self._reader = await aiosqlite.connect(read_only_uri(self._path), uri=True, isolation_level=None)
        rows: Iterable[Any] = await self._reader.execute_fetchall(statement, values)
        return list(rows)

    async def verify(self) -> list[str]:
        """Read everything again, beside the writer, in a thread. Problems in sentences."""
        if self._path is None:
            return verify.verify(self._fetch, None)
        return await asyncio.to_thread(verify_file, self._path)


class _Files:
    """What stands beside the database file: lease, mark, checkpoints."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lease = Lease(path.with_name(path.name + ".lock"))
        self._mark: mark.Mark | None = None
        self._checkpoints: Checkpoints | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._syncing: asyncio.Future[None] | None = None

    def begin(self, writer: sqlite3.Connection, head: Head) -> None:
        """The database is whole: from now on the mark follows it."""
        self._mark = mark.Mark(mark_path(self._path))
        self._mark.write(head)
        self._mark.sync()
        self._checkpoints = Checkpoints(self._path, writer)

    def committed(self, sealed: Sealed) -> None:
        """Move the mark; begin what is due. Raises what failed in the background since the last time."""
        assert self._mark is not None, "a store that commits is open"
        assert self._checkpoints is not None, "a store that commits is open"
        self._mark.write(sealed.head)
        self._checkpoints.after_commit(sealed.size_bytes)
        if self._timer is None and (self._syncing is None or self._syncing.done()):
            if self._syncing is not None:
                self._syncing.result()
            self._timer = asyncio.get_running_loop().call_later(MARK_SYNC_S, self._sync)

    def _sync(self) -> None:
        self._timer = None
        if self._mark is not None:
            self._syncing = asyncio.get_running_loop().run_in_executor(None, self._mark.sync)

    async def stop(self) -> list[BaseException]:
        """End what runs in threads; what failed there."""
        if self._timer is not None:
            self._timer.cancel()
        running = [self._syncing, self._checkpoints.running if self._checkpoints is not None else None]
        found = await asyncio.gather(*(work for work in running if work is not None), return_exceptions=True)
        return [error for error in found if error is not None]

    def close(self) -> None:
        if self._mark is not None:
            self._mark.sync()
            self._mark.close()
        self._lease.close()


def _run(writer: sqlite3.Connection, planned: Plan, segment: list[Row]) -> None:
    sealed = planned.sealed
    with transaction(writer):
        for table, rows in sealed.journal.items():
            if rows:
                writer.executemany(sql.INSERT[table], rows)
        writer.execute(sql.INSERT["batches"], sealed.row)
        for statement, rows in planned.changes:
            writer.executemany(statement, rows)
        if segment:
            writer.executemany(sql.KEEP_SEGMENT, segment)
