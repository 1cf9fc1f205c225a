"""Doors: what they hand over and are given, and what they may ask."""

from __future__ import annotations

from asyncio import Future
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO, Literal, Protocol

from msgspec import Struct

from gateway.model import Refusal, Status
from gateway.ports.messages import Decoded, Frame, Inbound, Made
from gateway.ports.sessions import Acceptor, Link, SessionConfig, SessionView


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
