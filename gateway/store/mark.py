"""The high-water mark: what was acknowledged last, kept outside the database.

SQLite drops commits in silence when its write-ahead log is damaged: it cannot tell a torn tail from a lost one.
This small file can. It is written with one `pwrite` after each commit, alternately into two slots, so that a torn
write leaves the slot before it whole. It is forced to the disk by a thread at most once a second and at the end:
see docs/decisions/0040-high-water-mark.md for what that can and cannot tell.
"""

from __future__ import annotations

import os
from pathlib import Path
from struct import Struct as Layout
from zlib import crc32

from gateway.store.records import Head

_LAYOUT = Layout("<8s9Q32s")
_MAGIC = b"FINOSMK1"
_SLOT_BYTES = 512  # a sector each: one slot's write cannot tear the other
_SLOTS = 2


class Mark:
    """The open file of a writer."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if os.fstat(self._file).st_size < _SLOTS * _SLOT_BYTES:  # take the room now: a full disk must not stop it
            os.pwrite(self._file, bytes(_SLOTS * _SLOT_BYTES), 0)

        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)  # the file itself must survive a power cut, or its absence would look like damage
        finally:
            os.close(folder)

    def write(self, head: Head) -> None:
        """Note that everything up to this batch is committed. Raises OSError."""
        os.pwrite(self._file, pack(head), head.id % _SLOTS * _SLOT_BYTES)

    def sync(self) -> None:
        """Force it to the disk; may run in another thread."""
        os.fdatasync(self._file)

    def close(self) -> None:
        os.close(self._file)


def read(path: Path) -> Head | None:
    """The latest mark that is whole; None when the file is missing or holds none."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    heads = [parse(data[at : at + _SLOT_BYTES]) for at in range(0, _SLOTS * _SLOT_BYTES, _SLOT_BYTES)]
    return max((head for head in heads if head is not None), key=lambda head: head.id, default=None)


def pack(head: Head) -> bytes:
    """A mark as bytes, with its own checksum."""
    numbers = (
        head.id,
        head.time_ns,
        head.messages,
        head.payments,
        head.transfers,
        head.decisions,
        head.statuses,
        head.outbox,
        head.openings,
    )
    body = _LAYOUT.pack(_MAGIC, *numbers, head.hash)
    return body + crc32(body).to_bytes(4, "little")


def parse(slot: bytes) -> Head | None:
    """A mark, None when it is not whole."""
    body, crc = slot[: _LAYOUT.size], slot[_LAYOUT.size : _LAYOUT.size + 4]
    if len(crc) < 4 or crc32(body).to_bytes(4, "little") != crc:
        return None
    magic, id, time_ns, *numbers, hash = _LAYOUT.unpack(body)
    return Head(id, time_ns, hash, *numbers) if magic == _MAGIC else None
