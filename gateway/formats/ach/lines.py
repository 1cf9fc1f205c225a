"""A NACHA file as records: lines, or runs of records without line ends; nothing is changed.

Columns are characters: UTF-8 where a line is, Latin-1 otherwise. A chunk of nothing but whole records with the same
line end after each is given as one block, for those who can check a thousand records at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from gateway.formats.ach.tables import RECORD

CHUNK_BYTES = 1 << 20  # read at once: large enough to be fast, small enough for many files at a time
LINE_BYTES_MAX = 64 * RECORD  # longer lines are runs of records, or belong to no ACH file


class Block(NamedTuple):
    """Whole records. With a `stride` all are RECORD bytes of ASCII and `stride` apart; without, lines as they are."""

    data: bytes
    stride: int

    def lines(self) -> Iterator[str]:
        return self.between(0, len(self.data) // self.stride) if self.stride else _split(self.data)

    def between(self, first: int, last: int) -> Iterator[str]:
        """Records of a regular block."""
        text = self.data[first * self.stride : last * self.stride].decode("ascii")
        return (text[at : at + RECORD] for at in range(0, len(text), self.stride))

    def with_newlines(self, first: int, last: int) -> bytes | memoryview:
        """Records of a regular block, a newline after each whatever the file has."""
        if self.stride == RECORD + 1:
            return memoryview(self.data)[first * self.stride : last * self.stride]
        return b"".join([line.encode() + b"\n" for line in self.between(first, last)])


def read_blocks(file: BinaryIO) -> Iterator[Block]:
    """The file in blocks of whole records, each as regular as it is."""
    tail = b""
    while chunk := file.read(CHUNK_BYTES):
        data = tail + chunk if tail else chunk
        end = data.rfind(b"\n") + 1
        if not end and len(data) > LINE_BYTES_MAX:  # a run of records without line ends, or no ACH file
            end = len(data) - len(data) % RECORD
        elif len(data) - end > LINE_BYTES_MAX:
            end += (len(data) - end) // RECORD * RECORD
        tail = data[end:]
        if end:
            yield _block(data if end == len(data) else data[:end])
    if tail:
        yield _block(tail)


def _block(data: bytes) -> Block:
    found = data.find(b"\n")
    stride = found + 1 if found >= 0 else RECORD
    count, rest = divmod(len(data), stride)
    ends = {RECORD: 0, RECORD + 1: 1, RECORD + 2: 1}.get(stride)
    regular = (
        ends is not None
        and not rest
        and data.isascii()
        and data.count(b"\n") == count * ends
        and (not ends or data[stride - 1 :: stride].count(b"\n") == count)
        and data.count(b"\r") == (count if stride == RECORD + 2 else 0)
        and (stride != RECORD + 2 or data[RECORD::stride].count(b"\r") == count)
    )
    return Block(data, stride if regular else 0)


def read_lines(file: BinaryIO) -> Iterator[str]:
    """Records with LF or CRLF after each, or none at all; read in chunks."""
    for block in read_blocks(file):
        yield from block.lines()


def placed_lines(file: BinaryIO) -> Iterator[tuple[int, str]]:
    """Each record with the offset of its first byte in the file."""
    at = 0
    for block in read_blocks(file):
        if block.stride:
            for text in block.lines():
                yield at, text
                at += block.stride
            continue
        for line in block.data.removesuffix(b"\n").split(b"\n"):
            for piece, text in enumerate(_pieces(_text(line).rstrip("\r"))):
                yield at + piece * RECORD, text
            at += len(line) + 1


def _split(data: bytes) -> Iterator[str]:
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    for line in lines:
        text = _text(line)
        if len(text) == RECORD:
            yield text
        else:
            yield from _pieces(text.rstrip("\r"))


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def is_digits(text: str) -> bool:
    """Whether a text is a number: the ten digits alone, none of the many others that Unicode has."""
    return text.isascii() and text.isdecimal()


def _pieces(text: str) -> list[str]:
    """A line that is a run of records, its last one perhaps without its blanks, as those records."""
    if len(text) <= RECORD or len(text.rstrip()) < 2 * RECORD:
        return [text]
    return [text[at : at + RECORD].ljust(RECORD) for at in range(0, len(text), RECORD)]
