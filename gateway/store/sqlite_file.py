"""A database file of the embedded store: opened, looked at before anything is written, verified, accepted.

Strategy: whatever only looks uses a read-only connection, since the last connection that may write tidies the
write-ahead log away when it closes, and with it the evidence. Errors are told apart: a place that cannot be used is
StoreFailed, data that contradicts itself is StoreDamaged.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from gateway.ports import StoreDamaged, StoreFailed
from gateway.store import mark, recovery, schema, verify
from gateway.store.lease import Lease
from gateway.store.reading import Fetch
from gateway.store.records import Head

CACHE_KIB = 32 * 1024  # pages kept by the writer: the upper levels of every tree, and the newest pages
INTEGRITY_PROBLEMS_MAX = 20

# Errors of the place, not of the data: the disk is full, the file cannot be read, somebody has it locked.
_OF_THE_PLACE = frozenset(
    (
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_NOLFS,
    )
)

T = TypeVar("T")


class transaction:
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


# --- connections ---------------------------------------------------------------------------------


def mark_path(path: Path) -> Path:
    """Where a database's mark stands."""
    return path.with_name(path.name + ".mark")


def connect(path: Path | None) -> sqlite3.Connection:
    connection = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "wal_autocheckpoint = 0",
        f"cache_size = -{CACHE_KIB}",
        "temp_store = MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def read_only_uri(path: Path) -> str:
    """For a connection that changes nothing, not even when it is the last one to close."""
    if not path.exists():
        raise StoreFailed(f"{path}: there is no database")
    return f"{path.absolute().as_uri()}?mode=ro"


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(read_only_uri(path), uri=True, isolation_level=None)


def fetch_from(connection: sqlite3.Connection) -> Fetch:
    return lambda statement, *values: connection.execute(statement, values).fetchall()


def _version(connection: sqlite3.Connection) -> int:
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'migrations'").fetchall():
        return 0
    version: int = connection.execute("SELECT max(version) FROM migrations").fetchone()[0]
    return version


def migrate(writer: sqlite3.Connection) -> None:
    """Bring the tables to this program's version, each step a transaction."""
    for version in range(_version(writer) + 1, len(schema.SCRIPTS) + 1):
        with transaction(writer):
            writer.execute("CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY)")
            for statement in schema.statements(version, schema.SQLITE):
                writer.execute(statement)
            writer.execute("INSERT INTO migrations VALUES (?)", (version,))


# --- before and beside the writer ----------------------------------------------------------------


def look(path: Path) -> recovery.Found | None:
    """Make sure that nothing acknowledged is missing, and load, reading only. None: the tables must be made first."""
    acknowledged = mark.read(mark_path(path))
    if not path.exists() or not path.stat().st_size:
        version = 0
    else:
        with closing(_read_only(path)) as connection:
            version, fetch = _version(connection), fetch_from(connection)
            if version > len(schema.SCRIPTS):
                raise StoreFailed(
                    f"the database has version {version}, this program knows {len(schema.SCRIPTS)}: it"
                    " was written by a newer one"
                )
            if version:
                head = recovery.check(fetch, acknowledged, marked=True)
                return recovery.load(fetch, head) if version == len(schema.SCRIPTS) else None
    if acknowledged is not None and acknowledged.id:
        raise StoreDamaged(recovery.missing(Head(), acknowledged))
    return None


def verify_file(path: Path) -> list[str]:
    """Read a whole database again, beside whoever writes it; problems in sentences. Raises StoreFailed without one."""
    found = mark.read(mark_path(path))  # before the database: a daemon may be committing beside us

    def read() -> list[str]:
        with closing(_read_only(path)) as connection:
            connection.execute("BEGIN")
            problems = verify.verify(fetch_from(connection), found)
            rows = connection.execute(f"PRAGMA integrity_check({INTEGRITY_PROBLEMS_MAX})").fetchall()
            return problems + [f"the database file: {text}" for (text,) in rows if text != "ok"]

    try:
        return guarded(path, read)
    except StoreDamaged as damage:
        return [str(damage)]


def accept(path: Path) -> str:
    """Declare the database as it stands to be the truth, after a person decided so; one sentence of what was done.

    For a database restored from a backup, or one whose lost batches cannot be had back: the old mark is kept under
    another name and a new one written. Raises StoreDamaged when the database contradicts itself even without a mark.
    """

    def read() -> Head:
        with closing(_read_only(path)) as connection:
            return recovery.check(fetch_from(connection), None, marked=False)

    lease = Lease(path.with_name(path.name + ".lock"))
    try:
        head, old = guarded(path, read), mark_path(path)
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


def guarded(path: Path | None, work: Callable[[], T]) -> T:
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
        raise StoreDamaged(f"{name}: {error}; {_acknowledged(path)}") from error
    except OSError as error:
        raise StoreFailed(f"{name}: {error}") from error
    except (TypeError, ValueError) as error:  # a column holds what was never written into it
        raise StoreDamaged(f"{name}: a row cannot be read: {error}; {_acknowledged(path)}") from error


def _acknowledged(path: Path | None) -> str:
    """What must be in the database according to the mark, for a sentence about damage that cannot be placed."""
    found = mark.read(mark_path(path)) if path is not None else None
    if found is None:
        return "there is no mark to tell what was acknowledged"
    return (
        f"acknowledged are the batches up to {found.id}, with messages up to {found.messages} and transfers up to"
        f" {found.transfers}, until {recovery.moment(found.time_ns)}"
    )
