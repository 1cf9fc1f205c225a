"""Messages in and out, and the formats that read and write them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, BinaryIO, Literal, Protocol

from msgspec import Meta, Struct

from gateway.model import Loss, Payment, Record, Refusal, Status


class Inbound(Struct, frozen=True, gc=False):
    """One message as it arrived, or one part of a large file (then `decoded` is set and `data` is empty)."""

    endpoint: str
    received_ns: int
    data: bytes
    source: str = ""  # file name, remote address, topic: for people and for naming the answer
    session: str = ""  # FIX session, REST caller
    key: str = ""  # what the caller calls this message: Idempotency-Key
    type: str = ""  # what the door already knows of the kind: "transfer", "account"
    digest: bytes = b""  # SHA-256 of the whole message or file; empty: taken from data
    decoded: Decoded | None = None
    part: int = 0  # of a large file: which part this is, from 0 ...
    first: int = 0  # ... how many records came before it ...
    last: bool = True  # ... and whether it is the last


class Decoded(Struct, frozen=True):
    """A message in canonical records, in the order in which they stand in it.

    A record that cannot be read is a Refusal in its place. `refusals` concern the message as a whole: when
    there are any, none of its records is processed and `records` is empty.
    """

    format: str
    type: str  # "pain.001.001.09", "MT103", "ACH", "FIX.4.4/D", "transfer"
    message_id: str = ""  # MsgId, field 20, file id: the sender's name for the message
    created: str = ""  # as the source writes it
    records: Sequence[Record | Refusal] = ()
    refusals: Sequence[Refusal] = ()
    sender: str = ""
    receiver: str = ""
    header: dict[str, str] = {}  # what the codec needs again to answer; small
    count: int = 0  # of a file in parts: how many records the whole file holds
    original: bytes = b""  # a message inside a file of several: its own bytes
    # What may not come in twice, under whatever wrapper: (where it stands, a digest of its content) of each batch.
    contents: tuple[tuple[str, bytes], ...] = ()


class Frame(Struct, frozen=True, gc=False):
    """Encoded bytes, with what a door needs to send them on."""

    data: bytes
    type: str  # "pacs.008.001.08"
    suffix: str  # ".xml", ".fin", ".ach", ".json"
    media: str  # "application/xml"
    name: str = ""  # message id of the frame


class Fit(Struct, frozen=True, gc=False):
    """What a format would make of a payment, said beforehand: a refusal, or what would be lost."""

    refusal: Refusal | None = None
    losses: tuple[Loss, ...] = ()


class Offset(Struct, frozen=True, forbid_unknown_fields=True):
    """An account of ours that balances files of entries: what their debits and credits differ by goes to it."""

    routing_number: Annotated[str, Meta(pattern=r"^\d{9}$")]
    account: Annotated[str, Meta(pattern=r"^[ -~]{1,17}$")]
    name: Annotated[str, Meta(pattern=r"^[ -~]{1,22}$")]
    type: Literal["checking", "savings", "gl"] = "checking"


class Writing(Struct, frozen=True, gc=False):
    """What the writer of a message is given, so that encoding needs neither clock nor chance."""

    message_id: str  # unique, at most 16 characters of [A-Z0-9]
    now_ns: int
    sender: str = ""  # our BIC
    receiver: str = ""
    routing_number: str = ""  # ours, nine digits
    terminal: str = ""  # what our messages to Fedwire are numbered under; "" where they are not
    numbers: Sequence[int] = ()  # the payments' own, for formats that number what they write by them
    files_before: int = 0  # how many files went to the same place on the same day, for formats that count those
    offset: Offset | None = None  # what balances a file ...
    offset_numbers: Sequence[int] = ()  # ... and the numbers of the entries that do so


# What a format can do with files beside reading and writing them: bytes, options and the time go in, files or refusals
# come out. Raises ValueError with a sentence for an option that makes no sense.
Made = list[Frame] | list[Refusal]
Tool = Callable[[bytes, Mapping[str, str], int], Made]
Toolbox = dict[str, Tool]


class Codec(Protocol):
    """A format: pure functions over bytes and records. decode never raises on any bytes."""

    name: str
    writes: tuple[str, ...]  # message types that encode can write

    def detect(self, head: bytes) -> bool:
        """Whether bytes that begin so are this format; `head` is at most 4 KiB."""

    def decode(self, data: bytes, type: str = "") -> Decoded:
        """Read one message (or a small file); `type` is what the door already knows."""

    def parts(self, file: BinaryIO, records_max: int) -> Iterator[Decoded]:
        """Read a large file in constant memory.

        Everything about the file as a whole (schema, totals, hashes) is checked before the first part is
        yielded; a file that is wrong as a whole yields one Decoded with `refusals`. To be carried on by the thread
        that began it: parsers in C keep state per thread.
        """

    def fit(self, payment: Payment, type: str) -> Fit:
        """Can `type` carry this payment, and what would it lose? Cheap; before any money moves."""

    def encode(self, payments: Sequence[Payment], type: str, writing: Writing) -> Frame:
        """Write payments that fit; may not fail."""

    def answer(self, decoded: Decoded, statuses: Sequence[Status], reply: str, writing: Writing) -> list[Frame]:
        """The answer to a message. `reply` is the type asked for by the route, "" for the natural one.

        Of a file in parts, `statuses` are only those that are not settled, and `decoded.count` tells how many
        records there were.
        """

    def reprint(self, data: bytes) -> bytes:
        """Print what was parsed; equal to `data` when nothing of it was dropped."""
