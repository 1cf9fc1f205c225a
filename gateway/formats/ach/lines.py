"""A NACHA file as records: lines, or runs of records without line ends; nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from gateway.formats.ach.tables import RECORD

CHUNK_BYTES = 1 << 20  # read at once: large enough to be fast, small enough for many files at a time
LINE_BYTES_MAX = 64 * RECORD  # longer lines are runs of records, or belong to no ACH file


def read_lines(file: BinaryIO) -> Iterator[str]:
    """Records with LF or CRLF after each, or none at all; read in chunks, split at once."""
    tail = b""
    while chunk := file.read(CHUNK_BYTES):
        lines = (tail + chunk).split(b"\n")
        tail = lines.pop()
        if len(tail) > LINE_BYTES_MAX:  # a run of records without line ends, or no ACH file
            whole = len(tail) - len(tail) % RECORD
            lines.append(tail[:whole])
            tail = tail[whole:]
        if lines:
            yield from _split(lines)
    if tail:
        yield from _split([tail])


def _split(lines: list[bytes]) -> Iterator[str]:
    """Lines as texts. Columns are characters: UTF-8 where a line is, Latin-1 otherwise; nothing is changed."""
    joined = b"\n".join(lines)
    texts = joined.decode("ascii").split("\n") if joined.isascii() else [_text(line) for line in lines]
    for text in texts:
        if len(text) == RECORD:
            yield text
        else:
            yield from _pieces(text.rstrip("\r"))


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _pieces(text: str) -> list[str]:
    """A line that is a run of records, its last one perhaps without its blanks, as those records."""
    if len(text) <= RECORD or len(text.rstrip()) < 2 * RECORD:
        return [text]
    return [text[at : at + RECORD].ljust(RECORD) for at in range(0, len(text), RECORD)]
