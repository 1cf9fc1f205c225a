"""SWIFT FIN: MT103, MT202 and MT202 COV, read and written, with the network's acknowledgements.

Strategy: `blocks` takes a file apart and knows no meaning, `tables` holds the message types as data, `rules` what holds
between fields, `parties` and `text` know the options and the character set, `read` checks, `meaning` makes the payment,
`write` makes messages and says what they would lose, `answer` acknowledges.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from gateway.formats.mt import answer, read, write
from gateway.model import Payment, Status
from gateway.ports import Codec, Decoded, Fit, Frame, Writing

# A basic header, or a field; before the first field of a bare statement some banks write a few lines of their own.
_HEAD = re.compile(rb"[\x00\x01\x03\s$]*+(?:\{1:|:[0-9]{2,3}[A-Z]?:|(?:[A-Z0-9][A-Z0-9 ]{1,34}\r?\n){1,4}+:20:)")


class Mt:
    """ports.Codec of FIN."""

    name = "mt"
    writes: tuple[str, ...] = write.TYPES

    def detect(self, head: bytes) -> bool:
        return _HEAD.match(head) is not None

    def decode(self, data: bytes, type: str = "") -> Decoded:
        return read.decode(data)

    def parts(self, file: BinaryIO, records_max: int) -> Iterator[Decoded]:
        return read.parts(file, records_max)

    def fit(self, payment: Payment, type: str) -> Fit:
        return write.fit(payment, type)

    def encode(self, payments: Sequence[Payment], type: str, writing: Writing) -> Frame:
        return write.encode(payments, type, writing)

    def answer(self, decoded: Decoded, statuses: Sequence[Status], reply: str, writing: Writing) -> list[Frame]:
        return answer.answer(decoded, statuses, writing)

    def reprint(self, data: bytes) -> bytes:
        return read.reprint(data)


FORMAT: Codec = Mt()
