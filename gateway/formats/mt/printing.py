"""Fields to a message: put in order by the grammar that reads them, between the headers.

Strategy: a writer says which fields there are, not where they stand. Each place of the grammar takes the fields
that fit it, in the order they were given; what has no place is left out, and the comparison with what is read again
names it. Fields that a record was read with (`extra`, under its tag) come last, so they fill what nothing else did.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby

from msgspec import Struct

from gateway.formats.mt import grammar, write
from gateway.formats.mt.fields import Lines
from gateway.formats.mt.messages import grammar as grammar_of
from gateway.model import Agent, Extra, Refusal
from gateway.ports import Frame, Writing

_BIC = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?\Z", re.ASCII)
_TAG = r"([0-9]{2}[A-Z]?)\Z"
_NO_AGENT = Agent()


class Page(Struct, frozen=True):
    """What one record says in a message: fields of the whole, of its own repetition, and of the last sequence."""

    whole: Lines
    own: Lines = []
    uetr: str = ""
    sender: str = ""
    receiver: str = ""
    apart: str = ""  # records of one message have the same


def kept(extra: Extra, sequence: str = "") -> Lines:
    """The fields that a record was read with and has no words for; `sequence` "A/" or "C/" of the whole message."""
    pattern = re.compile(f"mt:{sequence}{_TAG}", re.ASCII)
    found = [(pattern.match(name), value) for name, value in extra]
    return [(match[1], value.replace("\n", "\r\n")) for match, value in found if match is not None]


def ordered(sequence: grammar.Sequence, fields: Lines, inner: Iterable[Lines] = (), last: Lines | None = None) -> Lines:
    """The fields as the grammar wants them; `inner` fills its first sequence, `last` the one after."""
    out: Lines = []
    left = list(fields)
    levels: list[list[Lines]] = [[*inner], [last] if last else []]
    for part in sequence.parts:
        if isinstance(part, grammar.Sequence):
            for one in levels.pop(0) if levels else ():
                out += ordered(part, one)
            continue
        taken = [line for line in left if part.takes(line[0])]
        for line in taken if part.repeats else taken[:1]:
            out.append(line)
            left.remove(line)
    return out + (left if sequence.rest else [])


def text_of(type: str, fields: Lines, inner: Iterable[Lines] = (), last: Lines | None = None) -> Lines:
    """The fields of a message of three digits, in order."""
    found = grammar_of(type)
    assert found is not None, f"MT{type} has a grammar"
    return ordered(found, fields, inner, last)


def message(type: str, fields: Lines, sender: str, receiver: str, uetr: str = "", flag: str = "") -> str:
    """The fields between their headers; `type` has three digits."""
    lines = "".join(f"\r\n:{tag}:{value}" for tag, value in fields)
    user = (f"{{119:{flag}}}" if flag else "") + (f"{{121:{uetr}}}" if uetr else "")
    block = f"{{3:{user}}}" if user else ""
    return (
        f"{{1:F01{write.terminal(sender, 'A')}0000000000}}{{2:I{type}{write.terminal(receiver, 'X')}N}}"
        f"{block}{{4:{lines}\r\n-}}"
    )


def ends(writing: Writing, sender: Agent | None, receiver: Agent | None) -> tuple[str, str]:
    """Who sends and who receives: as given, else as the record names them, else each the other."""
    first = _first(writing.sender, (sender or _NO_AGENT).bic, writing.receiver, (receiver or _NO_AGENT).bic)
    second = _first(writing.receiver, (receiver or _NO_AGENT).bic, first)
    return first, second


def _first(*found: str) -> str:
    return next((bic for bic in found if _BIC.match(bic)), "")


def frame(messages: Sequence[str], type: str, writing: Writing) -> Frame:
    """Messages one after the other, apart by CRLF."""
    return Frame("\r\n".join(messages).encode("latin-1"), type, write.SUFFIX, write.MEDIA, writing.message_id)


def together(pages: Sequence[Page], most: int) -> Iterable[list[Page]]:
    """Neighbours that go into one message, at most so many."""
    for _, group in groupby(pages, key=lambda page: (page.apart, page.whole, page.uetr, page.sender, page.receiver)):
        found = list(group)
        for first in range(0, len(found), most):
            yield found[first : first + most]


def refusal(code: str, place: str, sentence: str, reason: str = "FF01") -> Refusal:
    return Refusal(code, reason, place, sentence)
