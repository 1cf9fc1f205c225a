"""The lines of an address in pieces: what stands between line ends and commas.

Strategy: what is recognised is taken out, piece by piece; what is left is put together again line by line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from msgspec import Struct

_COMMA = re.compile(r"\s*[,;]\s*")
_FIELD_50F = re.compile(r"2/(?=\S)")


class Piece(Struct, frozen=True):
    """A text and the line, from 0, that it stands in."""

    line: int
    text: str


def split(lines: Sequence[str]) -> list[Piece]:
    """The pieces of all lines, in order; the `2/` of option F says nothing more than that it is an address."""
    return [
        Piece(number, text)
        for number, line in enumerate(lines)
        for part in _COMMA.split(_FIELD_50F.sub("", line, count=1) if line.startswith("2/") else line)
        if (text := " ".join(part.split()).strip(" ."))
    ]


def without(pieces: Sequence[Piece], place: int, rest: str = "") -> list[Piece]:
    """The pieces without one, or with what is left of it."""
    left = [Piece(pieces[place].line, rest)] if rest else []
    return [*pieces[:place], *left, *pieces[place + 1 :]]


def joined(pieces: Iterable[Piece]) -> list[str]:
    """What is left, line by line."""
    lines: dict[int, list[str]] = {}
    for piece in pieces:
        lines.setdefault(piece.line, []).append(piece.text)
    return [", ".join(texts) for texts in lines.values()]


def suffixes(text: str, words_max: int = 5) -> Iterable[tuple[str, str]]:
    """(what stands before, the last words), the longest first; the whole text is not among them."""
    words = text.split()
    for count in range(min(words_max, len(words) - 1), 0, -1):
        yield " ".join(words[:-count]), " ".join(words[-count:])
