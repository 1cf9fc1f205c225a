"""FIX sessions: what routes.yaml says of one, what is durable of it, and the engine that keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, Protocol

from msgspec import Meta, Struct

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
