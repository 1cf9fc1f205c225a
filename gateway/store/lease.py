"""One writer at a time: a lock on a small file beside the database, held as long as the process lives.

The lock is the kernel's and goes with the process, however that ends; the number inside the file is only for the
sentence that a second writer gets.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from gateway.ports import StoreFailed


class Lease:
    """The right to write. Raises StoreFailed when somebody else has it."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._file, 20, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(self._file)
            raise StoreFailed(f"{path.name}: another writer has this database open (process {holder})") from None
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def close(self) -> None:
        """Let go; the file stays, so that nobody locks a file that somebody else has just removed."""
        os.close(self._file)
