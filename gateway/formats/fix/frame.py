"""Framing: a stream of bytes cut into FIX messages.

Strategy: a message begins with `8=FIX`, says its BodyLength (9) and ends with CheckSum (10). What begins so but lies
about length or sum, or has other first fields, is garbled: it is skipped whole, up to the first CheckSum field at
or after the place where its BodyLength points, and consumes no sequence number. Garbled messages and garbage
between messages are reported as GARBLED in their place; nothing is copied but the messages themselves.
"""

from __future__ import annotations

import re
from zlib import adler32

MESSAGE_BYTES_MAX = 128 * 1024  # an allocation of several hundred accounts fits ten times over
LOGON_BYTES_MAX = 4 * 1024  # before a counterparty is known: a Logon with a long RawData, and not more
GARBLED = b""  # stands where a message or garbage was skipped

_BEGIN = b"8=FIX"
_HEAD = re.compile(rb"8=(FIX[^\x01]{0,13})\x019=(\d{1,9})\x01(?=35=)")
_LENGTH = re.compile(rb"\x019=(\d{1,9})\x01")
_PARTIAL_HEAD = re.compile(rb"8(=(F(I(X[^\x01]{0,13}(\x01(9(=(\d{0,9}(\x01(3(5)?)?)?)?)?)?)?)?)?)?)?\Z")
_SUMS = [b"10=%03d\x01" % value for value in range(256)]
_TRAILER_BYTES = 7  # 10=nnn and the separator
_ADLER_EXACT = 256  # bytes; 256 * 255 stays below Adler's modulus of 65,521


def checksum(data: bytes) -> int:
    """Sum of all bytes modulo 256.

    The low half of Adler-32 is one plus the sum of the bytes modulo 65,521: exact for up to 256 bytes, and ten
    times as fast as `sum`.
    """
    if len(data) <= _ADLER_EXACT:
        return (adler32(data) - 1) & 0xFF
    starts = range(0, len(data), _ADLER_EXACT)
    return sum(adler32(data[start : start + _ADLER_EXACT]) - 1 for start in starts) & 0xFF


def trailer(data: bytes) -> bytes:
    """The CheckSum field for everything before it."""
    return _SUMS[checksum(data)]


def cut(buffer: bytes, start: int, size_max: int, *, final: bool = False) -> tuple[int, bytes] | None:
    """The message at `start` and where it ends; GARBLED when it has to be skipped, None when more bytes are needed.

    With `final` no more bytes will come, and what is not complete is garbled.
    """
    head = _HEAD.match(buffer, start)
    if head is None:
        return _cut_garbled(buffer, start, size_max, final)
    body_end = head.end() + int(head[2])
    end = body_end + _TRAILER_BYTES
    if end - start > size_max:
        return _resynchronise(buffer, start, final)
    if len(buffer) >= end:
        before = buffer[start:body_end]
        if buffer[body_end:end] == _SUMS[checksum(before)] and before[-1] == 1:
            return end, buffer[start:end]
    return _skip(buffer, start, body_end, size_max, final)


def _cut_garbled(buffer: bytes, start: int, size_max: int, final: bool) -> tuple[int, bytes] | None:
    """The first fields are not 8, 9, 35, or have not all come yet."""
    if not final and _PARTIAL_HEAD.match(buffer, start):
        return None
    if not buffer.startswith(_BEGIN, start):
        return _resynchronise(buffer, start, final)
    limit = min(start + size_max, len(buffer))
    following = buffer.find(_BEGIN, start + 1, limit)
    length = _LENGTH.search(buffer, start, following if following >= 0 else limit)
    if length is not None:
        return _skip(buffer, start, length.end() + int(length[1]), size_max, final)
    if following < 0 and not final and len(buffer) < start + size_max:
        return None
    return _resynchronise(buffer, start, final)


def _skip(buffer: bytes, start: int, body_end: int, size_max: int, final: bool) -> tuple[int, bytes] | None:
    """Pass over a garbled message, to the end of the first CheckSum field where its body ends or after."""
    limit = start + size_max
    field = buffer.find(b"\x0110=", max(body_end - 1, start), limit)
    end = buffer.find(b"\x01", field + 4, limit) if field >= 0 else -1
    if end >= 0:
        return end + 1, GARBLED
    if final or body_end >= limit or len(buffer) >= limit:
        return _resynchronise(buffer, start, final)
    return None


def _resynchronise(buffer: bytes, start: int, final: bool) -> tuple[int, bytes]:
    """Go on at the next thing that looks like a beginning; keep what may be the first bytes of one."""
    found = buffer.find(_BEGIN, start + 1)
    if found >= 0:
        return found, GARBLED
    if not final:
        for kept in range(len(_BEGIN) - 1, 0, -1):
            if len(buffer) - kept > start and buffer.endswith(_BEGIN[:kept]):
                return len(buffer) - kept, GARBLED
    return len(buffer), GARBLED


class Framer:
    """Cuts what one connection brings; holds at most `size_max` bytes of an unfinished message."""

    def __init__(self, size_max: int = MESSAGE_BYTES_MAX) -> None:
        self.size_max = size_max
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Complete messages in order, GARBLED in the place of what was skipped."""
        buffer = self._rest + data if self._rest else bytes(data)
        frames: list[bytes] = []
        start = 0
        while start < len(buffer):
            found = cut(buffer, start, self.size_max)
            if found is None:
                break
            start, frame = found
            frames.append(frame)
        self._rest = buffer[start:]
        return frames

    def pending(self) -> int:
        """Bytes of an unfinished message."""
        return len(self._rest)
