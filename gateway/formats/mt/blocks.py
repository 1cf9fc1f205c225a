"""FIN messages as blocks and fields: what stands where, and nothing of what it means.

Strategy: bytes become text one to one (Latin-1), the file is cut where a basic header begins, each piece is taken
apart with one regular expression, one search for the end of the text, and one split into fields. A piece that is not as
the standard has it is read once more by a tolerant expression (blanks between blocks, block 3 before block 2, braces
too many or too few around the trailer); only a text without an end stays unread. Separators stay in the pieces, so
that printing the parts gives the same bytes. Every step is linear in the piece.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import BinaryIO

from msgspec import Struct

MESSAGE_CHARACTERS_MAX = 65_536  # FIN allows 10 000 in the text; room for trailers and private headers
CHUNK_BYTES = 1 << 20  # of a stream read at a time

_BEGIN = re.compile(r"\{1:[A-Z]")
_HEAD = re.compile(
    r"\{1:([^{}]*)\}(?:\{2:([^{}]*)\})?(?:\{3:((?:\{[^{}]*\})*)\})?(?:\{4:((?:\{[^{}]*\})+)\}|\{4:(?=[\r\n]))?"
)
_TAIL = re.compile(r"(?:\{5:((?:\{[^{}]*\})*)\})?(?:\{S:(?:\{[^{}]*\})*\})?[\x01\x03\x00\s$]*\Z")
_SEPARATORS = r"[\x00\x01\x03\s$]*+"
_LOOSE_HEAD = re.compile(
    rf"\{{1:([^{{}}]*+)\}}(?:{_SEPARATORS}(?:\{{2:(?P<two>[^{{}}]*+)\}}"
    r"|\{3:(?P<three>(?:\s*+\{(?!4:)[^{}]*+\})*+)\s*+\}?))*+"
    rf"{_SEPARATORS}(?P<four>\{{4:)?"
)
_TEXT_END = re.compile(r"\n-(?:\}|(?=\s*+(?:\{5:|\Z)))")
_LOOSE_TAIL = re.compile(r"(?:[\x00\x01\x03\s$}]|\{[5S]:[^{}]*+(?:\{[^{}]*+\}\s*+)*+\}?+)*+\Z")
_BASIC = re.compile(r"[FAL][0-9]{2}[A-Z0-9]{12}[0-9]{10}\Z", re.ASCII)
_APPLICATION = re.compile(
    r"(?:I([0-9]{3})([A-Z0-9]{12})[SUN]?[1-3]?(?:[0-9]{3})?"
    r"|O([0-9]{3})[0-9]{10}([A-Z0-9]{12})[0-9]{20}[SUN]?)\Z",
    re.ASCII,
)
_USER = re.compile(r"\{([0-9A-Z]{3}):([^{}]*)\}")
_TAG = re.compile(r"[0-9]{2}[A-Z]?\Z", re.ASCII)
_BETWEEN = "\x00\x01\x03 \t\r\n\x0b\x0c$"  # what may stand before, between and after messages


class Message(Struct, frozen=True, gc=False):
    """One piece of a file that begins with a basic header; text as it stands, line ends and all."""

    basic: str
    application: str = ""
    user: str = ""  # block 3 without its braces: `{108:...}{121:...}`
    service: str = ""  # block 4 of a service message: `{177:...}{451:0}`
    text: str = ""  # block 4 between `{4:` and the line feed before `-}`
    head: str = ""  # everything before the text, as it stood
    tail: str = ""  # everything after the text, as it stood
    fault: str = ""  # why the text cannot be read, in one sentence

    @property
    def fields(self) -> list[tuple[str, str]]:
        """Block 4 as (tag, value), lines of a value apart by one line feed. A tag that is none stands as it is."""
        return fields_of(self.lines)

    @property
    def lines(self) -> str:
        """Block 4 with one line feed at the end of a line."""
        return "\n".join(self.text.split("\r\n")).rstrip("\r")  # faster than to replace

    @property
    def type(self) -> str:
        """The three digits of the message type; "" without an application header."""
        return self.application[1:4]

    @property
    def outgoing(self) -> bool:
        """True: as the sender handed it in (`I`), False: as the network delivered it (`O`)."""
        return self.application[:1] == "I"

    @property
    def sender(self) -> str:
        """Logical terminal (12 characters) of the sender: block 1, or the input reference of block 2."""
        return self.basic[3:15] if self.outgoing else self.application[14:26]

    @property
    def receiver(self) -> str:
        """Logical terminal (12 characters) of the receiver."""
        return self.application[4:16] if self.outgoing else self.basic[3:15]

    @property
    def headers(self) -> dict[str, str]:
        """The tags of block 3."""
        return dict(_USER.findall(self.user))


def fields_of(lines: str) -> list[tuple[str, str]]:
    """The fields of a text of lines."""
    return [(tag, value) for tag, _, value in [part.partition(":") for part in lines.split("\n:")[1:]]]


def parse(piece: str) -> Message | str:
    """Take one piece apart, or say in one sentence why it is no message."""
    if len(piece) > MESSAGE_CHARACTERS_MAX:
        return f"a message has at most {MESSAGE_CHARACTERS_MAX} characters"
    head = _HEAD.match(piece)
    if head is None:
        return _tolerant(piece)
    basic, application, user, service = head[1], head[2] or "", head[3] or "", head[4] or ""
    start = end = head.end()
    if not service and piece.endswith("{4:", 0, start):
        end = piece.find("-}", start) - 1
        while end > 0 and piece[end] != "\n":
            end = piece.find("-}", end + 2) - 1
        if end < 0:
            return _tolerant(piece)
    tail = end + 3 if end > start or piece.startswith("\n-}", end) else end
    if _TAIL.match(piece, tail) is None:
        return _tolerant(piece)
    return Message(basic, application, user, service, piece[start:end], piece[:start], piece[end:])


def _tolerant(piece: str) -> Message | str:
    """Read a piece that is not quite as the standard has it, as far as nothing has to be guessed."""
    head = _LOOSE_HEAD.match(piece)
    if head is None:
        return "block 1 does not end"
    start = end = tail = head.end()
    fault = ""
    if head["four"]:
        found = _TEXT_END.search(piece, start)
        end, tail = found.span() if found else (piece.rfind("-}", start), piece.rfind("-}", start) + 2)
        if end < 0:
            end, tail, fault = start, start, "the text block does not end with -} on a line of its own"
    if not fault and _LOOSE_TAIL.match(piece, tail) is None:
        fault = "something other than a trailer {5:...} follows the text block"
    return Message(
        head[1], head["two"] or "", head["three"] or "", "", piece[start:end], piece[:start], piece[end:], fault
    )


def header_fault(message: Message) -> tuple[str, str]:
    """What is wrong with blocks 1 and 2: (code, sentence), ("", "") when nothing is."""
    if not _BASIC.match(message.basic):
        return "H10", "block 1 is not an application, a service, a terminal of 12 characters and 10 digits"
    if not _APPLICATION.match(message.application):
        return "H30", "block 2 is neither an input nor an output header"
    return "", ""


def is_tag(text: str) -> bool:
    """Whether this is how a field is called."""
    return _TAG.match(text) is not None


def printed(message: Message) -> str:
    """The message printed from its parts."""
    text = message.text
    if text:
        lead, *fields = text.split("\n:")
        text = "\n:".join([lead, *(f"{tag}{colon}{value}" for tag, colon, value in (f.partition(":") for f in fields))])
    return message.head + text + message.tail


def pieces(text: str) -> tuple[str, list[str]]:
    """Cut a file where messages begin: what stands before the first, and the messages with what follows each."""
    starts = [match.start() for match in _BEGIN.finditer(text)]
    if not starts:
        return text, []
    starts.append(len(text))
    return text[: starts[0]], [text[a:b] for a, b in pairwise(starts)]


def stream(file: BinaryIO) -> Iterator[str]:
    """The same of a stream: first what stands before the first message, then message by message."""
    rest, begun = "", False
    for chunk in _chunks(file):
        before, found = pieces(rest + chunk)
        if not found:
            rest = _clipped(before)
            continue
        yield from found[:-1] if begun else (before, *found[:-1])
        rest, begun = _clipped(found[-1]), True
    yield rest


def _chunks(file: BinaryIO) -> Iterable[str]:
    while chunk := file.read(CHUNK_BYTES):
        yield chunk.decode("latin-1")


def _clipped(rest: str) -> str:
    """An unfinished piece, no longer than is needed to see that it is too long."""
    limit = MESSAGE_CHARACTERS_MAX + 1
    return rest if len(rest) <= limit + 8 else f"{rest[:limit]}\0\0\0\0{rest[-5:]}"


_BARE = re.compile(r":[0-9]{2,3}[A-Z]?:|(?:[A-Z0-9][A-Z0-9 ]{1,34}\r?\n){1,4}+:20:", re.ASCII)


def bare(text: str) -> bool:
    """Whether a text block stands there without headers, as statements are often handed over."""
    return _BARE.match(text.lstrip(_BETWEEN)) is not None


def blank(text: str) -> bool:
    """Whether nothing but separators stands there."""
    return not text.strip(_BETWEEN)
