"""JSON: the format of the REST door, of operators' instructions, and of events to other programs.

Strategy: a message is an object with a `type` (or the door knows it), or an array of such objects. Each type is
one record of `shapes`; msgspec checks it, `read` turns it into canonical records, `write` prints answers and
events. An object that is wrong is a Refusal in its place, with its JSON path; text that is not JSON, or holds a
key twice, is refused whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from gateway.formats.json import read, write
from gateway.model import Payment, Status
from gateway.ports import Codec, Decoded, Fit, Frame, Writing

_OPENS = re.compile(rb"\s*(\[|\{\s*[\"}])")


class Json:
    """ports.Codec of JSON."""

    name = "json"
    writes: tuple[str, ...] = ("json.payment",)

    def detect(self, head: bytes) -> bool:
        return _OPENS.match(head) is not None  # `{1:` is a SWIFT message

    def decode(self, data: bytes, type: str = "") -> Decoded:
        return read.decode(data, type)

    def parts(self, file: BinaryIO, records_max: int) -> Iterator[Decoded]:
        return read.parts(file, records_max)

    def fit(self, payment: Payment, type: str) -> Fit:
        return write.FITS

    def encode(self, payments: Sequence[Payment], type: str, writing: Writing) -> Frame:
        return write.event(payments, writing)

    def answer(self, decoded: Decoded, statuses: Sequence[Status], reply: str, writing: Writing) -> list[Frame]:
        return [write.answer(decoded, statuses, writing)]

    def reprint(self, data: bytes) -> bytes:
        return read.reprint(data)


FORMAT: Codec = Json()
