"""Moves the write-ahead log into the database file beside the commits, so that no commit waits for it.

Strategy: SQLite would checkpoint inside a commit. Instead, once the log has grown by enough frames, a thread with a
connection of its own copies most of it while commits go on; then one short checkpoint between two commits copies
the rest, after which SQLite begins the log anew. How long the log is stands in its index (`-shm`, a documented
format), which costs one small read to look up.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
from pathlib import Path

FRAMES = 8_192  # 32 MiB at pages of 4 KiB: long enough to be rare, short enough to be replayed in an instant
_FRAMES_AT = 16  # where the index's header has the number of frames, as 32 bits in the machine's order

_PASSIVE = "PRAGMA wal_checkpoint(PASSIVE)"


class Checkpoints:
    """Of one database file and its writer's connection."""

    def __init__(self, path: Path, writer: sqlite3.Connection) -> None:
        self._path = path
        self._writer = writer
        self._index = os.open(f"{path}-shm", os.O_RDONLY | os.O_CLOEXEC)
        self._running: asyncio.Future[None] | None = None
        self._left = 0  # frames that a reader kept from being copied: not worth another try yet

    def after_commit(self) -> None:
        """Begin or finish a checkpoint when it is time. Raises sqlite3.Error when the last one failed."""
        running = self._running
        if running is None:
            if self._frames() >= FRAMES + self._left:
                self._running = asyncio.get_running_loop().run_in_executor(None, self._copy)
        elif running.done():
            self._running = None
            running.result()
            _, frames, copied = self._writer.execute(_PASSIVE).fetchone()
            self._left = frames - copied

    def _frames(self) -> int:
        return int.from_bytes(os.pread(self._index, 4, _FRAMES_AT), sys.byteorder)

    def _copy(self) -> None:
        connection = sqlite3.connect(self._path, isolation_level=None)
        try:
            connection.execute("PRAGMA wal_autocheckpoint = 0")
            connection.execute(_PASSIVE).fetchone()
        finally:
            connection.close()

    async def close(self) -> None:
        """Wait for what is under way. Raises sqlite3.Error when it failed."""
        os.close(self._index)
        if self._running is not None:
            await self._running
