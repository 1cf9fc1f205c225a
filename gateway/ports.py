"""The shapes at the edges: what a format, a door, a check and a store look like to the engine.

Nothing here does anything. A format is a module `gateway/formats/<name>` with `FORMAT: Codec`; a door
is a module `adapters/<name>.py` with `Config` and `Door`; a check is a module `gateway/compliance/<name>.py` with
`Options` and `build`. The name in routes.yaml is the module name.
"""

from __future__ import annotations

from asyncio import Future
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Literal, Protocol

from msgspec import Meta, Struct

from gateway.model import Loss, Payment, Record, Refusal, Status

# --- messages -----------------------------------------------------------------------------------


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


# --- sessions -----------------------------------------------------------------------------------


Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
ClockTime = Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$")]


class Schedule(Struct, frozen=True, forbid_unknown_fields=True):
    """When a session is open, by the clock of a place. Sequence numbers start again with each opening.

    Every day from `start` to `end` (of the next day when `end` is not later than `start`), or only on `days`; with
    `start_day` and `end_day` once a week, from one to the other.
    """

    start: ClockTime
    end: ClockTime
    zone: str = "UTC"  # an IANA name: Europe/Berlin
    days: tuple[Day, ...] = ()  # on which it opens; empty: all
    start_day: Day | None = None
    end_day: Day | None = None


class Checks(Struct, frozen=True, forbid_unknown_fields=True):
    """Which rules of the dictionary a session's messages are held to; all of them unless switched off."""

    unknown_tags: bool = True  # a tag that the dictionary does not have, or not in this message
    user_tags: bool = True  # the same for tags of 5000 and above
    order: bool = True  # header before body before trailer
    empty: bool = True  # a tag without a value
    required: bool = True
    enums: bool = True
    formats: bool = True
    repeated: bool = True  # a tag that stands twice
    groups: bool = True  # the count of a repeating group, and the order within it


ALL_CHECKS = Checks()


class SessionConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """One FIX session as routes.yaml names it: we are `sender`, the counterparty is `target`.

    A target that ends in `*` is a template: whoever logs on under a name that begins so gets a session of its own.
    """

    target: str
    sender: str = "FINOS"
    begin_string: str = "FIX.4.4"
    application: Literal["", "FIX50", "FIX50SP1", "FIX50SP2"] = ""  # of FIXT, where we log on: what messages are
    name: str = ""  # legal name of the counterparty, for screening
    heartbeat_s: Annotated[int, Meta(ge=0, le=3600)] = 30  # where we log on: what we ask for
    heartbeat_max_s: int = 60  # where the counterparty logs on: the most it may ask for
    latency_max_s: Annotated[int, Meta(ge=1, le=86400)] = 120  # how far SendingTime may be from our clock
    precision: Literal["", "seconds", "milliseconds", "microseconds", "nanoseconds"] = ""  # of our times; "": usual
    reset_on_logon: bool = False
    reset_on_logout: bool = False
    reset_on_disconnect: bool = False
    next_expected: bool = False  # NextExpectedMsgSeqNum (789) instead of a ResendRequest behind the Logon
    last_processed: bool = False  # LastMsgSeqNumProcessed (369) in every header
    resend_chunk: Annotated[int, Meta(ge=0)] = 0  # most messages asked for with one ResendRequest; 0: all at once
    schedule: Schedule | None = None  # None: always open
    user: str = ""  # Username (553)
    password: str = ""  # Password (554), and where it is kept: env:NAME, file:PATH, credential:NAME
    certificate: str = ""  # the counterparty's certificate: a name in it (CN, DNS), or sha256: and its fingerprint
    addresses: tuple[str, ...] = ()  # networks that it may come from, 192.0.2.0/24; empty: all
    messages_per_s: Annotated[int, Meta(ge=0)] = 0  # read no faster than this; 0: as fast as they come
    sessions_max: Annotated[int, Meta(ge=1, le=10_000)] = 100  # of a template
    validate: bool = True
    checks: Checks = ALL_CHECKS
    dictionaries: Path | None = None  # a folder of QuickFIX dictionaries, looked into before those of the project


class SessionState(Struct, frozen=True, gc=False):
    """The durable part of a session: next numbers expected and to be used, and since when they count."""

    endpoint: str
    session: str
    next_in: int
    next_out: int
    began_ns: int = 0  # opening of the scheduled period that the numbers belong to
    damaged: bool = False  # the store's record was: the numbers are such that the counterparty resends everything


class Peer(Struct, frozen=True):
    """Who is at the other end of a connection, as far as the network tells."""

    address: str = ""
    certificate: frozenset[str] = frozenset()  # names in it, and sha256: with its fingerprint; empty without one


UNKNOWN = Peer()


class SessionView(Struct, frozen=True):
    """A session as an operator sees it. Times in ns since 1970, 0 for never."""

    endpoint: str
    session: str
    version: str
    state: str  # logged on, logging on, logging out, disconnected, closed (by its schedule), disabled
    next_in: int
    next_out: int
    connected_ns: int
    received_ns: int
    sent_ns: int
    waiting_for: tuple[int, int] | None  # first and last number asked for again
    queued: int  # messages kept ahead of that gap
    resends_asked: int
    resends_served: int
    rejects_sent: int
    rejects_received: int
    problem: str  # code of what last kept it from being in step, "" for nothing
    problem_ns: int
    expected: int  # numbers of that problem ...
    received: int  # ... as they stood
    events: tuple[tuple[int, str], ...]  # (time, sentence), oldest first


class Sealed(Struct, frozen=True, gc=False):
    """What a link has changed since it was last sealed: to be committed, then `wire` to be written."""

    state: SessionState | None = None
    sent: Sequence[tuple[int, bytes]] = ()  # (number, message) kept for resend
    reset: bool = False  # numbers went back to 1: earlier sent messages are void
    wire: bytes = b""
    close: bool = False  # hang up after writing


class Link(Protocol):
    """One connection's protocol engine: bytes and time in, messages and bytes out; no socket, no clock."""

    session: str  # "" until the counterparty has logged on

    def receive(self, data: bytes, now_ns: int) -> list[bytes]:
        """Take bytes; return the application messages they completed, in order, once each."""

    def tick(self, now_ns: int) -> int:
        """Let time pass; return when to tick again (ns)."""

    def send(self, bodies: Sequence[bytes], now_ns: int) -> None:
        """Queue application messages, given without header and trailer, beginning with `35=`."""

    def seal(self) -> Sealed:
        """What must be committed, and the bytes that may leave after."""

    def lost(self) -> None:
        """The connection is gone; offer the link once more, since that may have changed numbers."""

    def hold_ns(self, now_ns: int) -> int:
        """How long nothing more should be read from this counterparty, which sends more than was agreed."""


class Acceptor(Protocol):
    """The sessions of one endpoint, whether they are accepted or dialled."""

    def connect(self, now_ns: int, peer: Peer = UNKNOWN) -> Link:
        """A connection that came in; whose it is, its first message says."""

    def dial(self, session: str, now_ns: int, peer: Peer = UNKNOWN) -> Link | None:
        """A connection that we opened: the Logon is queued on it. None while the session is closed or disabled."""

    def opens_ns(self, session: str, now_ns: int) -> int:
        """When a session may be dialled; not later than now when it may."""

    def send(self, session: str, bodies: Sequence[bytes], now_ns: int) -> Link | None:
        """Queue messages for a session whether or not it is connected; the link to be sealed.

        None when there is no such session, or its schedule has it closed: what is numbered then would be void.
        """

    def command(self, session: str, command: Literal["reset", "logout"], now_ns: int) -> Link | None:
        """An operator's wish; the link to be sealed. None when there is no such session."""

    def views(self, now_ns: int) -> list[SessionView]: ...

    def reconfigure(self, sessions: Sequence[SessionConfig]) -> None: ...


# --- doors --------------------------------------------------------------------------------------


class Outcome(Struct, frozen=True, gc=False):
    """What became of one Inbound, after the commit."""

    message: int  # the gateway's number for it
    answers: Sequence[Frame] = ()  # for a caller that waits
    statuses: Sequence[Status] = ()
    refusals: Sequence[Refusal] = ()
    repeated: bool = False  # answered before; the same answer again, nothing done twice


class Committed(Struct, frozen=True, gc=False):
    """What an offer becomes once it is durable."""

    outcomes: Sequence[Outcome]
    wire: bytes = b""
    close: bool = False


class Delivery(Struct, frozen=True, gc=False):
    """One outbound message from the outbox; may be delivered again after a crash, under the same name."""

    id: int
    endpoint: str
    name: str  # stable, safe as a file name: "000000000012-pacs.008.xml"
    type: str
    media: str
    data: bytes
    session: str = ""
    group: str = ""  # deliveries of one group keep their order


class Queries(Protocol):
    """Reads for people and programs; never touch the writer. Account ids and amounts as the ledger has them."""

    async def balance(self, account: str) -> list[dict[str, Any]] | None: ...
    async def transactions(self, account: str, after: int, limit: int) -> list[dict[str, Any]] | None: ...
    async def statement(self, account: str, day: str, type: str, currency: str) -> Sequence[Frame] | Refusal:
        """An account's statement, written, one message for each currency; "" where it does not matter."""

    async def payment(self, id: int) -> dict[str, Any] | None: ...
    async def payments(self, status: str, after: int, limit: int) -> list[dict[str, Any]]: ...
    def tools(self) -> dict[str, tuple[str, ...]]:
        """What formats can do with files, by format."""

    async def tool(self, format: str, name: str, data: bytes, options: Mapping[str, str]) -> Made:
        """Use one. Raises ValueError with a sentence for options that make no sense."""

    def status(self) -> dict[str, Any]: ...
    def sessions(self) -> list[SessionView]: ...
    def live(self) -> bool: ...
    def ready(self) -> tuple[bool, str]: ...
    def metrics(self) -> bytes: ...


class Desk(Protocol):
    """What a door may ask of the engine."""

    queries: Queries

    def clock_ns(self) -> int: ...

    def offer(self, messages: Sequence[Inbound], link: Link | None = None) -> Future[Committed]:
        """Hand messages over. The future is done when they are durable; only then let go of the original."""

    async def room(self) -> None:
        """Wait until the engine can take more: call before reading on."""

    def has_room(self) -> bool: ...

    def parts(self, endpoint: str, file: BinaryIO, records_max: int) -> Iterator[Decoded]:
        """The endpoint's format reads a large file (detected from its first bytes when `auto`)."""

    def acceptor(self, endpoint: str, sessions: Sequence[SessionConfig]) -> Acceptor:
        """The endpoint's format's session engine, with its durable state."""

    async def command(self, endpoint: str, session: str, command: Literal["reset", "logout"]) -> bool:
        """Carry out an operator's wish about a session; False when there is none of that name."""


AnswerBy = Literal["caller", "outbox", "link"]


class Door(Protocol):
    """An adapter: it moves bytes and knows no format.

    Built as `Door(name, config, desk)`. `answer_by` says how answers leave: to the caller that waits, through
    the outbox to this same endpoint, or over the link.
    """

    answer_by: AnswerBy

    async def start(self) -> None:
        """Open; raise when the place cannot be used."""

    async def stop(self) -> None:
        """Take nothing new, wait for what is under way, close."""

    async def deliver(self, items: Sequence[Delivery]) -> list[int]:
        """Send on; return the ids that arrived. Raise, or return fewer, and the rest is tried again later."""


# --- checks -------------------------------------------------------------------------------------


class Finding(Struct, frozen=True, gc=False):
    """What a check has to say of one record; kept with the payment as a decision."""

    check: str  # "screen", "limits"
    outcome: Literal["hold", "refuse", "record"]
    code: str  # "sanctions-hit", "over-limit"
    reason: str  # ISO 20022 code told to the sender: RR04, AM02
    text: str  # what the sender may know
    detail: str = ""  # what only the operator sees: list entry, matched name
    score: float = 0.0
    evidence: str = ""  # hash of the list or rule set that decided


class Check(Protocol):
    """A rule sees the batch and speaks only when it objects. Stateless: same records, same findings."""

    def __call__(self, records: Sequence[Record]) -> list[tuple[int, Finding]]: ...


class Builder(Protocol):
    """`build` of a check's module; relative paths are below `base`. Raises ValueError with a sentence."""

    def __call__(self, options: Any, base: Path) -> Check: ...


# --- store --------------------------------------------------------------------------------------


class AccountRow(Struct, frozen=True, gc=False):
    """One position: an account in one currency."""

    account: str
    currency: str
    balance_minor: int
    floor_minor: int | None  # None: no floor
    closed: bool = False


class MessageRow(Struct, frozen=True, gc=False, array_like=True):
    """A journaled message. `outcome` is accepted, refused or repeated."""

    id: int
    endpoint: str
    received_ns: int
    format: str
    type: str
    message_id: str
    digest: bytes
    source: str
    session: str
    key: str
    part: int
    outcome: str
    refusals: bytes  # msgpack of the message's own refusals, b"" without
    data: bytes
    answers: bytes = b""  # msgpack of list[Frame], for a caller that repeats itself


class PaymentRow(Struct, frozen=True, gc=False, array_like=True):
    """A record as it was admitted; later changes are StatusRows."""

    id: int
    message: int
    place: str
    kind: str
    status: str
    reason: str
    refusal_code: str
    text: str
    route: str
    generation: int
    debit: str
    credit: str
    currency: str
    minor: int
    reference: str  # end-to-end id or client order id
    identity: int  # 64-bit hash of what must be unique, 0 without
    losses: bytes  # msgpack of tuple[Loss, ...], b"" without
    record: bytes  # msgpack of the canonical record (tagged, see gateway.store.records)


class TransferRow(Struct, frozen=True, gc=False, array_like=True):
    """One movement in the ledger; immutable."""

    id: int
    payment: int
    debit: str
    credit: str
    currency: str
    minor: int


class Movement(Struct, frozen=True, gc=False, array_like=True):
    """A transfer, when its batch was, and the record that brought it about."""

    transfer: TransferRow
    time_ns: int
    record: bytes  # as in its PaymentRow


class DecisionRow(Struct, frozen=True, gc=False, array_like=True):
    """A check's finding, or a person's decision, about a payment."""

    payment: int
    check: str
    outcome: str
    code: str
    reason: str
    text: str
    detail: str
    score: float
    evidence: str
    by: str = ""
    because: str = ""


class StatusRow(Struct, frozen=True, gc=False, array_like=True):
    """A change of a payment's status after its admission."""

    payment: int
    status: str
    reason: str
    text: str
    message: int  # the message that brought it about


class FileRow(Struct, frozen=True, gc=False):
    """How far a large file has come; `next_part` -1: complete."""

    endpoint: str
    digest: bytes
    next_part: int
    message: int  # of its first part
    opened: int
    settled: int
    held: int
    refused: int


class Batch(Struct):
    """Everything one walk changed; one transaction."""

    id: int
    time_ns: int
    messages: list[MessageRow] = []
    payments: list[PaymentRow] = []
    transfers: list[TransferRow] = []
    decisions: list[DecisionRow] = []
    statuses: list[StatusRow] = []
    outbox: list[Delivery] = []
    opened: list[AccountRow] = []  # accounts opened or changed (closed, new floor) in this batch
    balances: list[AccountRow] = []  # now and then, all positions that moved since the last time
    files: list[FileRow] = []
    sessions: list[SessionState] = []
    sent: list[tuple[str, str, int, bytes]] = []  # endpoint, session, number, message
    resets: list[tuple[str, str]] = []  # endpoint, session: forget sent messages first
    references: list[tuple[int, int]] = []  # (64-bit identity hash, payment id)
    arrivals: list[tuple[int, int]] = []  # (64-bit message hash, message id)


class Recovered(Struct):
    """What a start-up finds in the store."""

    batch: int  # id of the last batch
    message: int
    payment: int
    transfer: int
    delivery: int
    time_ns: int
    accounts: list[AccountRow]
    held: list[PaymentRow]  # and those at work: all whose status is PDNG or ACSP, by id
    sessions: list[SessionState]
    files: list[FileRow]
    references: Sequence[tuple[int, int]]
    arrivals: Sequence[tuple[int, int]]


class StoreDamaged(Exception):
    """The store lacks what was acknowledged, or contradicts itself; the text names what is missing."""


class StoreFailed(Exception):
    """A commit did not happen. Memory may be ahead of the disk: the process must end."""


class Reading(Protocol):
    """The reads of a store that apply needs: synchronous, rare, and only of what is committed."""

    def message(self, id: int) -> MessageRow | None: ...
    def payment(self, id: int) -> PaymentRow | None: ...
    def exceptions(self, endpoint: str, digest: bytes) -> list[PaymentRow]:
        """Of a file in parts: the payments that did not settle, in order."""

    def latest(self, identity: int) -> PaymentRow | None:
        """The last statement, report or reconciliation that was kept under an identity."""

    def movements(self, account: str, after: int) -> list[Movement]:
        """An account's transfers with ids above `after`, in all its currencies, oldest first."""

    def last_transfer_before(self, time_ns: int) -> int:
        """The last transfer of the batches before a moment; 0 for none."""


class Store(Reading, Protocol):
    """The journal and everything derived from it. One writer; reads may come from anywhere."""

    async def open(self) -> Recovered:
        """Take the writer's lease, verify the tail, load. Raises StoreDamaged."""

    async def commit(self, batch: Batch) -> None:
        """All of it, durable, or StoreFailed."""

    async def delivered(self, ids: Sequence[int], now_ns: int) -> None: ...

    async def undelivered(self, endpoint: str, after: int, limit: int) -> list[Delivery]: ...

    async def close(self) -> None: ...

    def sent(self, endpoint: str, session: str, first: int, last: int) -> list[tuple[int, bytes]]: ...

    # Reads for people.
    async def sessions(self) -> list[SessionState]: ...
    async def transactions(self, account: str, after: int, limit: int) -> list[dict[str, Any]]: ...
    async def payments(self, status: str, after: int, limit: int) -> list[dict[str, Any]]: ...
    async def payment_story(self, id: int) -> dict[str, Any] | None: ...
    async def balances(self) -> list[dict[str, Any]]: ...
    async def history(self, account: str, since_ns: int) -> tuple[dict[str, int], list[Movement]]:
        """An account's balances at a moment, by currency, and what moved it since; both of one instant."""

    async def verify(self) -> list[str]:
        """Read everything again: hash chain, conservation, balances. Problems found, in sentences."""


Clock = Callable[[], int]
Limits = dict[str, Decimal]
