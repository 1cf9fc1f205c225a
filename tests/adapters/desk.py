"""A desk that is a small working program: it commits in memory, and can be told to wait, to fail, to be full.

It answers as the engine does: the same key or the same bytes get the first answer again, another body under a
used key is refused. Door tests look at `committed` to see what was durable at any moment.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from gateway.formats.ach import FORMAT as ACH
from gateway.model import Money, Payment, Refusal, Status
from gateway.ports import (
    Acceptor,
    Codec,
    Committed,
    Decoded,
    Frame,
    Inbound,
    Link,
    Made,
    Outcome,
    SessionConfig,
    StoreFailed,
    Writing,
)

Reply = Callable[[int, Inbound], Outcome]


def accepted(number: int, inbound: Inbound) -> Outcome:
    """Everything is fine, and the answer says so."""
    return Outcome(number, [Frame(b"accepted %d" % number, "test", ".txt", "text/plain")])


def refused(number: int, inbound: Inbound) -> Outcome:
    """The message as a whole is refused, with an answer."""
    refusal = Refusal("bad-total", "AM10", "trailer", "the totals do not add up")
    return Outcome(number, [Frame(b"refused", "test", ".txt", "text/plain")], refusals=[refusal])


def replies(codec: Codec, decide: Callable[[Any, int], Status]) -> Reply:
    """Answers in a real format: each record gets the status that `decide` gives it."""

    def reply(number: int, inbound: Inbound) -> Outcome:
        decoded = inbound.decoded or codec.decode(inbound.data, inbound.type)
        statuses = [
            Status("RJCT", record, number, record.reason, record.text, record.code, record.place)
            if isinstance(record, Refusal)
            else decide(record, number)
            for record in decoded.records
        ]
        frames = codec.answer(decoded, statuses, "", Writing(f"M{number}", number))
        return Outcome(number, frames, statuses, decoded.refusals)

    return reply


def settled(record: Any, number: int) -> Status:
    """Every record settles."""
    return Status("ACSC", record, number)


class FakeQueries:
    """Answers from plain dictionaries."""

    def __init__(self) -> None:
        self.balances: dict[str, list[dict[str, Any]]] = {}
        self.movements: dict[str, list[dict[str, Any]]] = {}
        self.stories: dict[int, dict[str, Any]] = {}
        self.is_ready = (True, "")
        self.is_live = True

    async def balance(self, account: str) -> list[dict[str, Any]] | None:
        return self.balances.get(account)

    def tools(self) -> dict[str, tuple[str, ...]]:
        return {"ach": tuple(ACH.tools)}

    async def tool(self, format: str, name: str, data: bytes, options: Mapping[str, str]) -> Made:
        return ACH.tools[name](data, options, 1_795_000_000 * 10**9)

    async def transactions(self, account: str, after: int, limit: int) -> list[dict[str, Any]] | None:
        found = self.movements.get(account)
        return None if found is None else [row for row in found if row["id"] > after][:limit]

    async def statement(self, account: str, day: str, type: str, currency: str) -> Sequence[Frame] | Refusal:
        if account not in self.balances:
            return Refusal("unknown-account", "AC01", "account", "there is no such account")
        if day == "never":
            return Refusal("bad-date", "DT01", "date", "a date is written YYYY-MM-DD")
        frames = [Frame(f"{day} {type} {c}".encode(), type, ".xml", "application/xml") for c in ("EUR", "USD")]
        return [frame for frame in frames if frame.data.decode().endswith(currency)]

    async def payment(self, id: int) -> dict[str, Any] | None:
        return self.stories.get(id)

    def status(self) -> dict[str, Any]:
        return {"ready": self.is_ready[0]}

    def live(self) -> bool:
        return self.is_live

    def ready(self) -> tuple[bool, str]:
        return self.is_ready

    def metrics(self) -> bytes:
        return b"fos_messages_total 1.0\n"


class FakeDesk:
    """ports.Desk in memory; `answer_by` is that of the door under test."""

    def __init__(
        self,
        answer_by: str = "caller",
        reply: Reply = accepted,
        acceptor: Acceptor | None = None,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.queries: Any = FakeQueries()
        self.reply = reply
        self.answer_by = answer_by
        self.clock_ns = clock_ns  # type: ignore[method-assign]
        self.committed: list[Inbound] = []  # durable by now
        self.waiting: list[tuple[Sequence[Inbound], Link | None, asyncio.Future[Committed]]] = []
        self.failing = False
        self.unknown_format = False
        self._paused = False
        self._room = asyncio.Event()
        self._room.set()
        self._acceptor = acceptor
        self._first: dict[tuple[str, ...] | bytes, tuple[bytes, Outcome]] = {}
        self._parts: dict[bytes, int] = {}
        self._numbers = 0

    def clock_ns(self) -> int:
        raise AssertionError("replaced by the constructor's argument")

    # -- what tests do to it

    def pause(self) -> None:
        """Commit nothing until `resume`: the disk is slow."""
        self._paused = True

    def resume(self) -> None:
        self._paused = False
        self._commit()

    def fill(self) -> None:
        """There is no room until `empty`."""
        self._room.clear()

    def empty(self) -> None:
        self._room.set()

    # -- ports.Desk

    def offer(self, messages: Sequence[Inbound], link: Link | None = None) -> asyncio.Future[Committed]:
        done: asyncio.Future[Committed] = asyncio.get_running_loop().create_future()
        self.waiting.append((messages, link, done))
        asyncio.get_running_loop().call_soon(self._commit)
        return done

    async def room(self) -> None:
        await self._room.wait()

    def has_room(self) -> bool:
        return self._room.is_set()

    def parts(self, endpoint: str, file: BinaryIO, records_max: int) -> Iterator[Decoded]:
        """Files of lines: a line is a record; a first line `BAD` refuses the file."""
        if self.unknown_format:
            raise ValueError("unknown format")
        return _lines(file, records_max)

    def acceptor(self, endpoint: str, sessions: Sequence[SessionConfig]) -> Acceptor:
        assert self._acceptor is not None, "this test's desk has no sessions"
        return self._acceptor

    # -- the walk

    def _commit(self) -> None:
        if self._paused:
            return
        batch, self.waiting = self.waiting, []
        for messages, link, done in batch:
            if self.failing:
                done.set_exception(StoreFailed("the disk is full"))
                continue
            outcomes = [self._take(message) for message in messages]
            if done.cancelled():
                continue
            done.set_result(self._sealed(outcomes, link))

    def _sealed(self, outcomes: list[Outcome], link: Link | None) -> Committed:
        if link is None:
            return Committed(outcomes)
        bodies = [frame.data for outcome in outcomes for frame in outcome.answers]
        if bodies:
            link.send(bodies, self.clock_ns())
        sealed = link.seal()
        return Committed(outcomes, sealed.wire, sealed.close)

    def _take(self, inbound: Inbound) -> Outcome:
        if inbound.decoded is not None and (inbound.part or not inbound.last):
            return self._take_part(inbound)
        digest = inbound.digest or hashlib.sha256(inbound.data).digest()
        name: tuple[str, ...] | bytes = (inbound.session, inbound.key) if inbound.key else digest
        if inbound.key or self.answer_by == "outbox":
            first = self._first.get(name)
            if first is not None and first[0] == digest:
                outcome = first[1]
                return Outcome(outcome.message, outcome.answers, (), outcome.refusals, repeated=True)
            if first is not None:
                self._numbers += 1
                text = "this idempotency key was used before for a request with other content"
                refusal = Refusal("idempotency-key-reused", "DUPL", "Idempotency-Key", text)
                return Outcome(self._numbers, refusals=[refusal])
        self._numbers += 1
        outcome = self._whole(inbound) or self.reply(self._numbers, inbound)
        self.committed.append(inbound)
        self._first[name] = (digest, outcome)
        return outcome

    def _whole(self, inbound: Inbound) -> Outcome | None:
        decoded = inbound.decoded
        if decoded is None or not decoded.refusals:
            return None
        return Outcome(self._numbers, refusals=decoded.refusals)

    def _take_part(self, inbound: Inbound) -> Outcome:
        expected = self._parts.get(inbound.digest, 0)
        if expected < 0 or inbound.part < expected:
            return Outcome(1, repeated=True)
        assert inbound.part == expected, "the parts of a file come in order"
        self._numbers += 1
        self._parts[inbound.digest] = -1 if inbound.last else inbound.part + 1
        self.committed.append(inbound)
        return Outcome(self._numbers)


def _lines(file: BinaryIO, records_max: int) -> Iterator[Decoded]:
    lines = file.read().splitlines()
    if lines[0] == b"BAD":
        yield Decoded("lines", "lines", refusals=[Refusal("bad-total", "AM10", "line 1", "the totals do not add up")])
        return
    for start in range(0, len(lines), records_max):
        records = [
            Payment("credit_transfer", Money("EUR", 1), end_to_end_id=line.decode())
            for line in lines[start : start + records_max]
        ]
        yield Decoded("lines", "lines", records=records, count=len(lines))
