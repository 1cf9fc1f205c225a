"""The embedded store: SQLite in WAL mode, every commit forced to the disk.

Strategy: one connection writes, in the thread of the loop (a thread of its own only costs: the interpreter's lock
is held while rows are bound). A batch is one transaction with one `executemany` per table. Before anything is
opened for writing, a read-only connection makes sure that nothing acknowledged is missing, so that a damaged
database stays as it was found. People read over another read-only connection in aiosqlite's thread.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite

from gateway.ports import Batch, Delivery, Recovered, StoreDamaged, StoreFailed
from gateway.store import mark, recovery, schema, sql, verify
from gateway.store.changes import Plan, balances, plan
from gateway.store.checkpoint import Checkpoints
from gateway.store.lease import Lease
from gateway.store.packed import Gathering
from gateway.store.reads import Reads
from gateway.store.records import Head, Row, delivery, without_surrogates

CACHE_KIB = 32 * 1024  # pages kept by the writer: the upper levels of every tree, and the newest pages
MARK_SYNC_S = 1.0  # how long a mark may wait to be forced to the disk
INTEGRITY_PROBLEMS_MAX = 20

# Errors of the place, not of the data: the disk is full, the file cannot be read, somebody has it locked.
_OF_THE_PLACE = frozenset((
    sqlite3.SQLITE_PERM, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOLFS,
))


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
            return self._open()
        except BaseException:
            await self.close()
            raise

    def _open(self) -> Recovered:
        path = self._path
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._files = _Files(path)
            _guarded(path, lambda: _look(path))
        found = _guarded(path, self._load)
        self._head, self._gathering = found.head, found.gathering
        if self._files is not None and self._writer is not None:
            self._files.begin(self._writer, found.head)
        return found.recovered

    def _load(self) -> recovery.Found:
        self._writer = writer = _connect(self._path)
        _migrate(writer)
        head = recovery.check(self._fetch, None, marked=False) if self._path is None else _head(self._fetch)
        found = recovery.load(self._fetch, head)
        with _transaction(writer):
            for statement, rows in balances(found.moved):
                writer.executemany(statement, rows)
        return found

    async def close(self) -> None:
        if self._reader is not None:
            await self._reader.close()
            self._reader = None
        files, self._files = self._files, None
        if files is not None:
            await files.stop()
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        if files is not None:
            files.close()

    # -- the writer

    async def commit(self, batch: Batch) -> None:
        if self._failed:
            raise StoreFailed(self._failed)
        writer = self._open_writer()
        try:
            planned = self._write(writer, batch)
            if self._files is not None:
                self._files.committed(planned.sealed.head)
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
            with _transaction(writer):
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
                self._reader = await aiosqlite.connect(_read_only_uri(self._path), uri=True, isolation_level=None)
        rows: Iterable[Any] = await self._reader.execute_fetchall(statement, values)
        return list(rows)

    async def verify(self) -> list[str]:
        """Read everything again, beside the writer, in a thread. Problems in sentences."""
        if self._path is None:
            return verify.verify(self._fetch, None)
        return await asyncio.to_thread(_verify, self._path)


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

    def committed(self, head: Head) -> None:
        assert self._mark is not None, "a store that commits is open"
        assert self._checkpoints is not None, "a store that commits is open"
        self._mark.write(head)
        self._checkpoints.after_commit()
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(MARK_SYNC_S, self._sync)

    def _sync(self) -> None:
        self._timer = None
        if self._mark is not None:
            self._syncing = asyncio.get_running_loop().run_in_executor(None, self._mark.sync)

    async def stop(self) -> None:
        """End what runs in threads."""
        if self._timer is not None:
            self._timer.cancel()
        if self._syncing is not None:
            await self._syncing
        if self._checkpoints is not None:
            await self._checkpoints.close()

    def close(self) -> None:
        if self._mark is not None:
            self._mark.sync()
            self._mark.close()
        self._lease.close()


class _transaction:
    """All of a block or nothing; COMMIT is where it becomes durable."""

    def __init__(self, writer: sqlite3.Connection) -> None:
        self._writer = writer

    def __enter__(self) -> None:
        self._writer.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._writer.execute("COMMIT")
        elif self._writer.in_transaction:  # a full disk has rolled back by itself
            self._writer.execute("ROLLBACK")


def _run(writer: sqlite3.Connection, planned: Plan, segment: list[Row]) -> None:
    sealed = planned.sealed
    with _transaction(writer):
        for table, rows in sealed.journal.items():
            if rows:
                writer.executemany(sql.INSERT[table], rows)
        writer.execute(sql.INSERT["batches"], sealed.row)
        for statement, rows in planned.changes:
            writer.executemany(statement, rows)
        if segment:
            writer.executemany(sql.KEEP_SEGMENT, segment)


# --- connections ---------------------------------------------------------------------------------


def mark_path(path: Path) -> Path:
    """Where a database's mark stands."""
    return path.with_name(path.name + ".mark")


def _connect(path: Path | None) -> sqlite3.Connection:
    connection = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "wal_autocheckpoint = 0", f"cache_size = -{CACHE_KIB}",
                   "temp_store = MEMORY"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _read_only_uri(path: Path) -> str:
    """For a connection that changes nothing, not even when it is the last one to close."""
    if not path.exists():
        raise StoreFailed(f"{path}: there is no database")
    return f"{path.absolute().as_uri()}?mode=ro"


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(_read_only_uri(path), uri=True, isolation_level=None)


def _fetch_from(connection: sqlite3.Connection) -> Callable[..., list[Row]]:
    return lambda statement, *values: connection.execute(statement, values).fetchall()


def _version(connection: sqlite3.Connection) -> int:
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'migrations'").fetchall():
        return 0
    version: int = connection.execute("SELECT max(version) FROM migrations").fetchone()[0]
    return version


def _migrate(writer: sqlite3.Connection) -> None:
    """Bring the tables to this program's version, each step a transaction."""
    for version in range(_version(writer) + 1, len(schema.SCRIPTS) + 1):
        with _transaction(writer):
            writer.execute("CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY)")
            for statement in schema.statements(version, schema.SQLITE):
                writer.execute(statement)
            writer.execute("INSERT INTO migrations VALUES (?)", (version,))


# --- before and beside the writer ----------------------------------------------------------------


def _look(path: Path) -> None:
    """Make sure, reading only, that nothing acknowledged is missing. Raises StoreDamaged."""
    found = mark.read(mark_path(path))
    if not path.exists() or not path.stat().st_size:
        if found is not None and found.id:
            raise StoreDamaged(recovery.missing(Head(), found))
        return
    with closing(_read_only(path)) as connection:
        version = _version(connection)
        if version > len(schema.SCRIPTS):
            raise StoreFailed(f"the database has version {version}, this program knows {len(schema.SCRIPTS)}: it was"
                              " written by a newer one")
        if version:
            recovery.check(_fetch_from(connection), found, marked=True)
        elif found is not None and found.id:
            raise StoreDamaged(recovery.missing(Head(), found))


def _head(fetch: Callable[..., list[Row]]) -> Head:
    rows = fetch(sql.LAST_HEADS, 1)
    return Head(*rows[0]) if rows else Head()


def _verify(path: Path) -> list[str]:
    found = mark.read(mark_path(path))  # before the database: a daemon may be committing beside us

    def look() -> list[str]:
        with closing(_read_only(path)) as connection:
            connection.execute("BEGIN")
            problems = verify.verify(_fetch_from(connection), found)
            rows = connection.execute(f"PRAGMA integrity_check({INTEGRITY_PROBLEMS_MAX})").fetchall()
            return problems + [f"the database file: {text}" for (text,) in rows if text != "ok"]

    try:
        return _guarded(path, look)
    except StoreDamaged as damage:
        return [str(damage)]


def accept(path: Path) -> str:
    """Declare the database as it stands to be the truth, after a person decided so; one sentence of what was done.

    For a database restored from a backup, or one whose lost batches cannot be had back: the old mark is kept under
    another name and a new one written. Raises StoreDamaged when the database contradicts itself even without a mark.
    """
    lease = Lease(path.with_name(path.name + ".lock"))
    try:
        def look() -> Head:
            with closing(_read_only(path)) as connection:
                return recovery.check(_fetch_from(connection), None, marked=False)

        head, old = _guarded(path, look), mark_path(path)
        if old.exists():
            before = mark.read(old)
            old.rename(old.with_name(f"{old.name}.{before.id if before is not None else 'unreadable'}"))
        fresh = mark.Mark(old)
        fresh.write(head)
        fresh.sync()
        fresh.close()
    finally:
        lease.close()
    return f"{path.name} ends at batch {head.id} ({recovery.moment(head.time_ns)}); whatever came after is given up"


T = TypeVar("T")


def _guarded(path: Path | None, work: Callable[[], T]) -> T:
    """Tell a place that cannot be used (StoreFailed) from data that contradicts itself (StoreDamaged)."""
    name = path.name if path is not None else "the store in memory"
    try:
        return work()
    except sqlite3.ProgrammingError:
        raise  # ours
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
        if code in _OF_THE_PLACE:
            raise StoreFailed(f"{name}: {error}") from error
        raise StoreDamaged(f"{name}: {error}") from error
    except (TypeError, ValueError) as error:  # a column holds what was never written into it
        raise StoreDamaged(f"{name}: a row cannot be read: {error}") from error
