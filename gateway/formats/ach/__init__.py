"""NACHA ACH: files of entries, checked as a whole, posted one by one, returned where they cannot be posted.

Strategy: `tables` prints the rule book, `scan` walks the records of a file and says what is wrong, `make` turns
entries into payments, `write` prints files. A file is scanned once to check everything and once to make payments;
nothing of it is posted when anything is wrong.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from operator import attrgetter
from typing import BinaryIO

import msgspec

from gateway.formats.ach import make, returns, tables, traces, write
from gateway.formats.ach.entries import classed
from gateway.formats.ach.faults import explained
from gateway.formats.ach.interchange import inward, inward_payment, outward
from gateway.formats.ach.jsonform import reprinted
from gateway.formats.ach.lines import read_lines
from gateway.formats.ach.rules import STRICT, Profile, profile
from gateway.formats.ach.scan import Scanner, entries
from gateway.formats.ach.tools import toolbox
from gateway.model import Loss, Payment, Record, Refusal, Status
from gateway.ports import Decoded, Fit, Frame, Writing

OPENS = re.compile(rb"101[ 0-9][0-9 A-Z]{8}|5(200|220|225|280)[ -~]{46}[A-Z]{3}|6[2-8][0-9]{10}[ -~]{17}[0-9]{10}")
_SCHEME = attrgetter("scheme")
REFUSALS_TOLD = 100  # in the answer to a file that was refused


class Ach:
    """ports.Codec."""

    name = "ach"
    writes: tuple[str, ...] = ("ACH", *write.TYPES)

    def __init__(self, profile: Profile = STRICT) -> None:
        self.profile = profile
        self.tools = toolbox(lambda data, names: self.loosened(names).decode(data).refusals)

    def loosened(self, names: Sequence[str]) -> Ach:
        """The same format with some of its rules switched off; ValueError names a switch that there is not."""
        return Ach(profile(names)) if names else self

    def detect(self, head: bytes) -> bool:
        """A file header; or a batch header or entry, so that a file without its header is told what it lacks."""
        return OPENS.match(head) is not None

    def decode(self, data: bytes, type: str = "") -> Decoded:
        """Read a file; all records of all classes are checked."""
        whole = list(self.parts(io.BytesIO(data), 1 << 62))
        return whole[0]

    def parts(self, file: BinaryIO, records_max: int) -> Iterator[Decoded]:
        """Check the whole file, then yield its entries in parts; constant memory."""
        scanner = Scanner(self.profile)
        scanner.run(file)
        head = _head(scanner)
        if scanner.faults:
            yield Decoded(self.name, "ACH", _file_id(head), refusals=explained(file, scanner.summed()), header=head)
            return
        file.seek(0)
        payments = entries(read_lines(file), make.record, keep_spaces="keep_spaces" in self.profile.names)
        count = scanner.entries
        while True:
            part = list(islice(payments, records_max))
            if part or not count:
                yield Decoded(
                    self.name,
                    "ACH",
                    _file_id(head),
                    head["created"],
                    part,
                    (),
                    head["origin"],
                    head["destination"],
                    head,
                    contents=tuple(scanner.contents),
                )
            if len(part) < records_max:
                return

    def fit(self, payment: Payment, type: str) -> Fit:
        """Whether an entry can carry the payment, and what it would lose."""
        return write.fit(inward_payment(payment), type)

    def outward(self, record: Record, type: str) -> tuple[Record, tuple[Loss, ...]]:
        """A record of ours for a message of ISO 20022."""
        return outward(record, type)

    def inward(self, record: Record) -> Record:
        """A record of ISO 20022 as entries are written from it."""
        return inward(record)

    def encode(self, payments: Sequence[Payment], type: str, writing: Writing) -> Frame:
        """A file with a batch per company and day."""
        if set(map(_SCHEME, payments)) != {"ach"}:
            payments = list(map(inward_payment, payments))
        return Frame(write.outgoing(payments, type, writing), type, ".ach", "text/plain", writing.message_id)

    def content(self, payment: Payment, day: str) -> str:
        """What an entry is found by when what comes back names a wrong trace number."""
        return traces.content(inward_payment(payment), day)

    def classed(self, payment: Payment, type: str) -> Payment:
        """The payment with the name of the class that it would be written in."""
        return classed(inward_payment(payment), type)

    def counted(self, statuses: Sequence[Status]) -> bool:
        """Whether the answer is a file that is told from others of its day by its modifier."""
        return any(map(returns.goes_back, statuses))

    def answer(self, decoded: Decoded, statuses: Sequence[Status], reply: str, writing: Writing) -> list[Frame]:
        """A return file when entries are returned, otherwise a receipt."""
        if any(map(returns.goes_back, statuses)):
            return [
                Frame(
                    returns.returned_file(decoded, statuses, writing),
                    "ACH-RETURN",
                    ".ach",
                    "text/plain",
                    writing.message_id,
                )
            ]
        count = decoded.count or len(statuses)
        held = sum(status.code == "PDNG" for status in statuses)
        refused = sum(status.code == "RJCT" for status in statuses)
        receipt = {
            "file": decoded.message_id,
            "status": "RJCT" if decoded.refusals else "ACSC",
            "opened": count,
            "settled": count - held - refused,
            "held": held,
            "refused": refused,
            "refusals": [_told(refusal) for refusal in decoded.refusals[:REFUSALS_TOLD]],
        }
        data = msgspec.json.format(msgspec.json.encode(receipt), indent=2) + b"\n"
        return [Frame(data, "ACH-RECEIPT", ".json", "application/json", writing.message_id)]

    def reprint(self, data: bytes) -> bytes:
        """Every record cut into the fields of its layout and printed from them again; line ends as they were."""
        return reprinted(data)


def _head(scanner: Scanner) -> dict[str, str]:
    h = scanner.header if len(scanner.header) == tables.RECORD else ""
    return {
        "destination": h[3:13].strip(),
        "origin": h[13:23].strip(),
        "created": h[23:33].strip(),
        "modifier": h[33:34],
        "destination_name": h[40:63].strip(),
        "origin_name": h[63:86].strip(),
    }


def _file_id(head: dict[str, str]) -> str:
    """What tells files of one origin apart: origin, destination, date, time, modifier."""
    return "/".join((head["origin"], head["destination"], head["created"], head["modifier"])) if head["origin"] else ""


def _told(refusal: Refusal) -> dict[str, str]:
    return {"code": refusal.code, "reason": refusal.reason, "place": refusal.place, "text": refusal.text}


FORMAT = Ach()
