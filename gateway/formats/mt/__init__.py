"""SWIFT FIN: the payments family, read and written, with the network's acknowledgements.

Strategy: `blocks` takes a file apart and knows no meaning, `tables` and `messages` hold the message types as data,
`rules` and `family_rules` what holds between fields, `parties` and `text` know the options and the character set,
`read` checks, `meaning`, `several`, `said` and `statements` make the records. `write`, `write_many` and `write_said`
make messages, `losses` finds what they would lose, `answer` acknowledges.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import BinaryIO, Protocol

from gateway.formats.mt import answer, cheques, read, write, write_many, write_said, write_statements
from gateway.formats.mt.printing import refusal
from gateway.model import Case, Notice, Payment, Record, Report, Statement, Status
from gateway.ports import Codec, Decoded, Fit, Frame, Writing


class Writer(Protocol):
    """A module that writes its TYPES: what each would lose (`fit`), and the messages (`encode`)."""

    @property
    def TYPES(self) -> tuple[str, ...]: ...

    def fit(self, record: Record, type: str) -> Fit: ...
    def encode(self, records: Sequence[Record], type: str, writing: Writing) -> Frame: ...


MODULES: tuple[Writer, ...] = (write, write_many, write_said, write_statements, cheques)
WRITERS = {type: module for module in MODULES for type in module.TYPES}


def _writer(record: Record, type: str) -> Writer:
    """Who writes a record as a type: a rejection in the form of a payment is no payment."""
    return write_said if isinstance(record, Report) and type in write_said.REJECTING else WRITERS[type]


# A basic header, or a field; before the first field of a bare statement some banks write a few lines of their own.
_HEAD = re.compile(rb"[\x00\x01\x03\s$]*+(?:\{1:|:[0-9]{2,3}[A-Z]?:|(?:[A-Z0-9][A-Z0-9 ]{1,34}\r?\n){1,4}+:20:)")


class Mt:
    """ports.Codec of FIN."""

    name = "mt"
    writes: tuple[str, ...] = tuple(WRITERS)
    carries = (Payment, Report, Case, Notice, Statement)

    def detect(self, head: bytes) -> bool:
        return _HEAD.match(head) is not None

    def decode(self, data: bytes, type: str = "") -> Decoded:
        return read.decode(data)

    def parts(self, file: BinaryIO, records_max: int) -> Iterator[Decoded]:
        return read.parts(file, records_max)

    def fit(self, record: Record, type: str) -> Fit:
        if type not in WRITERS:
            return Fit(refusal("unsupported-type", "type", f"{type} is read, but not written"))
        return _writer(record, type).fit(record, type)

    def encode(self, records: Sequence[Record], type: str, writing: Writing) -> Frame:
        groups = [list(group) for _, group in groupby(records, key=lambda record: isinstance(record, Report))]
        frames = [_writer(group[0], type).encode(group, type, writing) for group in groups]
        if len(frames) == 1:
            return frames[0]
        return Frame(b"\r\n".join(frame.data for frame in frames), type, write.SUFFIX, write.MEDIA, writing.message_id)

    def answer(self, decoded: Decoded, statuses: Sequence[Status], reply: str, writing: Writing) -> list[Frame]:
        return answer.answer(decoded, statuses, writing)

    def reprint(self, data: bytes) -> bytes:
        return read.reprint(data)


FORMAT: Codec = Mt()
