"""The store: rows of the journal, what a batch writes, what a start finds, and what may be read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Protocol

from msgspec import Struct

from gateway.ports.doors import Delivery
from gateway.ports.sessions import SessionState


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
