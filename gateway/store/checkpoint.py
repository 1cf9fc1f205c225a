"""Moves the write-ahead log into the database file beside the commits, so that no commit waits for it.

Strategy: SQLite would checkpoint inside a commit. Instead, once the log has grown enough, a thread with a connection
of its own copies most of it while commits go on; then one short checkpoint between two commits copies the rest,
after which SQLite begins the log anew. How far it has grown is estimated from what was committed: asking the files
is not safe, since closing any descriptor of them would drop SQLite's locks (POSIX).
"""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

GROWN_BYTES = 32 * 1024 * 1024  # long enough to be rare, short enough to be replayed in an instant
COMMIT_BYTES = 32 * 1024  # the least a commit adds: the last page of every table and index it touches
PAGES_PER_CONTENT = 2  # pages are never full, and indexes come on top

_PASSIVE = "PRAGMA wal_checkpoint(PASSIVE)"


class Checkpoints:
    """Of one database file and its writer's connection."""

    def __init__(self, path: Path, writer: sqlite3.Connection) -> None:
        self._path = path
        self._writer = writer
        self._grown_bytes = 0.0
        self.running: asyncio.Future[None] | None = None

    def after_commit(self, size_bytes: int) -> None:
        """Begin or finish a checkpoint when it is time. Raises sqlite3.Error when the last one failed."""
        self._grown_bytes += COMMIT_BYTES + PAGES_PER_CONTENT * size_bytes
        if self.running is None:
            if self._grown_bytes >= GROWN_BYTES:
                self.running = asyncio.get_running_loop().run_in_executor(None, self._copy)
        elif self.running.done():
            running, self.running = self.running, None
            running.result()
            self._writer.execute(_PASSIVE)
            self._grown_bytes = 0.0

    def _copy(self) -> None:
        connection = sqlite3.connect(self._path, isolation_level=None)
        try:
            connection.execute("PRAGMA wal_autocheckpoint = 0")
            connection.execute(_PASSIVE)
        finally:
            connection.close()
