"""Linux tells when a file in a folder was closed or renamed into place: inotify, by ctypes.

watchfiles reports that something appeared, not that its writer is done with it, and later by some ten
milliseconds; both matter here. Where there is no inotify, a folder is found by looking again now and then.
"""

from __future__ import annotations

import ctypes
import os
import struct

CLOSE_WRITE = 0x0000_0008
MOVED_TO = 0x0000_0080
OVERFLOW = 0x0000_4000
_ONLYDIR = 0x0100_0000
_EVENT = struct.Struct("iIII")
READ_BYTES = 64 * 1024  # about a thousand events at a time


class Watch:
    """Files that were closed after writing or renamed into one folder. Not recursive."""

    def __init__(self, folder: str) -> None:
        """Raises OSError where the system has no inotify or no watch left."""
        libc = ctypes.CDLL(None, use_errno=True)
        try:
            open_watch, add_watch = libc.inotify_init1, libc.inotify_add_watch
        except AttributeError:
            raise OSError("this system has no inotify") from None
        self.fd: int = _checked(open_watch(os.O_NONBLOCK | os.O_CLOEXEC))
        try:
            _checked(add_watch(self.fd, os.fsencode(folder), CLOSE_WRITE | MOVED_TO | _ONLYDIR))
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        os.close(self.fd)

    def read(self) -> list[tuple[int, str]]:
        """What happened: (CLOSE_WRITE, MOVED_TO or OVERFLOW, name)."""
        try:
            data = os.read(self.fd, READ_BYTES)
        except BlockingIOError:
            return []
        events, offset = [], 0
        while offset < len(data):
            _, mask, _, length = _EVENT.unpack_from(data, offset)
            offset += _EVENT.size
            name = os.fsdecode(data[offset : offset + length].rstrip(b"\0"))
            offset += length
            events.append((mask & (CLOSE_WRITE | MOVED_TO | OVERFLOW), name))
        return events


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"inotify: {os.strerror(number)}")
    return result
