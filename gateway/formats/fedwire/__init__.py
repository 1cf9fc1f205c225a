"""Fedwire Funds Service: ISO 20022 as it runs since July 2025, and FAIM 3.0.7, which archives and back offices keep.

Strategy: one codec for both, told apart by the first bytes. FAIM: `tables` holds the format as data, `scan` takes text
apart, `rules` says what goes with what, `meaning` makes payments, `write` makes messages, `loss` says what they
lose. ISO 20022: `profile` holds what Fedwire asks beyond the schema; `iso` reads and `iso_write` writes, around the ISO
20022 codec. Translation between the two goes through the canonical records.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO

from gateway.formats.fedwire import faim, iso, iso_write, profile, write
from gateway.model import Payment, Refusal, Status
from gateway.ports import Decoded, Fit, Frame, Writing

# A bank may put a short line of its own before the first tag.
_FAIM = re.compile(rb"[\x00-\x20]*(?:[A-Za-z0-9][A-Za-z0-9 ._-]{0,31}[ \t\r\n]*)?\{[1-9][0-9]{3}\}")


class Fedwire:
    """ports.Codec of both Fedwire formats."""

    name = "fedwire"
    writes: tuple[str, ...] = write.TYPES
    profiles: tuple[str, ...] = iso_write.WRITES  # written for endpoints of this format, in the Fedwire wrapper

    def detect(self, head: bytes) -> bool:
        """A FAIM tag, or the wrapper of Fedwire; a bare ISO 20022 document is Fedwire's only by the route's word."""
        return _FAIM.match(head) is not None or iso.wrapped(head)

    def decode(self, data: bytes, type: str = "") -> Decoded:
        return iso.decode(data, type) if iso.is_xml(data) else faim.decode(data, type)

    def parts(self, file: BinaryIO, records_max: int) -> Iterator[Decoded]:
        """A file of FAIM messages in parts. Fedwire's XML holds one transaction a message and is read whole."""
        head = file.read(iso.HEAD_BYTES)
        file.seek(0)
        yield from iso.parts(file) if iso.is_xml(head) else faim.parts(file, records_max)

    editions: Mapping[str, str] = {"pacs.004.001.09": "pacs.004.001.10"}  # where Fedwire's is another than elsewhere

    def accountable(self, record: object, type: str, writing: Writing) -> bool:
        """Whether a message is numbered among those of its sender's day: value messages are."""
        value = type in ("FAIM", "FAIM.padded") or type.startswith(profile.VALUE)
        return value and isinstance(record, Payment) and not write.keeps_its_own(record, writing)

    def group(self, record: iso_write.Record, type: str) -> str:
        """Records of one ISO message: each is alone. FAIM files hold any."""
        return str(id(record)) if type in iso_write.WRITES else ""

    def fit(self, record: iso_write.Record, type: str) -> Fit:
        if type in iso_write.WRITES:
            return iso_write.fit(record, type)
        if not isinstance(record, Payment):
            text = f"{type} carries no {record.kind.replace('_', ' ')}"
            return Fit(Refusal("wrong-kind", "FF01", record.place, text, record.id))
        return faim.fit(record, type)

    def encode(self, records: Sequence[iso_write.Record], type: str, writing: Writing) -> Frame:
        if type in iso_write.WRITES:
            return iso_write.encode(records, type, writing)
        return faim.encode([record for record in records if isinstance(record, Payment)], type, writing)

    def answer(self, decoded: Decoded, statuses: Sequence[Status], reply: str, writing: Writing) -> list[Frame]:
        """pacs.002 to ISO 20022, an acknowledgement in FAIM to FAIM."""
        if decoded.type == faim.TYPE and not reply.startswith("pacs."):
            return faim.answer(decoded, statuses, writing)
        return iso.answer(decoded, statuses, reply, writing)

    def reprint(self, data: bytes) -> bytes:
        return iso.reprint(data) if iso.is_xml(data) else faim.reprint(data)


FORMAT = Fedwire()
