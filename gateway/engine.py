"""The engine: one task that walks batches through the pipeline and the store.

Strategy: doors offer messages and get a future; the walk takes whatever has come by now, up to a limit, and
commits it as one transaction. While a commit is under way the next batch gathers by itself, so load makes
batches larger and payments cheaper; there is no timer. The queue is bounded: a store that is slow makes the
doors wait (`room`). Parts of large files let all other messages pass, and are short steps while there are
others, so that a file of a million entries is hardly felt. A commit that fails ends the process, since memory is
then ahead of the disk.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from time import perf_counter_ns

from msgspec import Struct

from gateway.entries import unpack_record
from gateway.model import Operation, Payment
from gateway.pipeline import Snapshot, State, apply, prepare
from gateway.planning import GIVING_BACK
from gateway.ports import (
    Batch,
    Committed,
    Decoded,
    Delivery,
    Inbound,
    Link,
    Outcome,
    PaymentRow,
    Sealed,
    SessionState,
    Store,
)
from gateway.settlement.instant import deadline_ns
from gateway.settling import return_deadline_ns
from gateway.telemetry.metrics import Metrics

BATCH_WEIGHT_MAX = 1_024  # records of one transaction: beyond this a commit gains little and others wait longer
PARTS_WEIGHT_BESIDE = 64  # of parts of files in one transaction, where other messages came lately ...
LATELY_NS = 1_000_000_000  # ... that is, within a second
QUEUE_WEIGHT_MAX = 8 * BATCH_WEIGHT_MAX  # what may wait before doors are asked to wait
BYTES_PER_RECORD = 512  # how much of an undecoded message weighs as one record
SNAPSHOT_TRANSFERS = 200_000  # balances are written down after so many, so that a start replays no more
NEVER_NS = 2**63
CLOCK = "clock"  # the endpoint that the passing of time comes through

log = logging.getLogger("financial_os.engine")


class Arrival(Struct):
    """Messages of one offer, and who waits for them."""

    messages: Sequence[Inbound]
    link: Link | None
    done: asyncio.Future[Committed]
    weight: int


class Engine:
    """State, store and the current snapshot; the only writer of all three."""

    def __init__(self, store: Store, snapshot: Snapshot, clock_ns: Callable[[], int], metrics: Metrics) -> None:
        self.store = store
        self.snapshot = snapshot
        self.clock_ns = clock_ns
        self.metrics = metrics
        self.state = State(store)
        self.batch_id = self.time_ns = 0
        self.on_outbox: Callable[[Sequence[Delivery]], None] = lambda items: None
        self._sessions: dict[tuple[str, str], SessionState] = {}
        self._queue: deque[Arrival] = deque()
        self._parts: deque[Arrival] = deque()  # of large files
        self._parts_next = False  # it is their turn: messages had the last batch
        self._others_ns = 0  # when something else came last
        self._weight = 0
        self._work = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._since_snapshot = 0
        self._stopping = False
        self._ticking: asyncio.Future[Committed] | None = None

    # -- start

    async def open(self) -> None:
        """Rebuild the state from the store. Raises StoreDamaged."""
        found = await self.store.open()
        state = self.state
        self.batch_id, self.time_ns = found.batch, found.time_ns
        state.message, state.payment = found.message, found.payment
        state.transfer, state.delivery = found.transfer, found.delivery
        state.ledger.load(found.accounts)
        state.load_open(found.held)
        self._load_deadlines(found.held)
        state.files = {(row.endpoint, row.digest): row for row in found.files}
        state.references.load(found.references)
        state.arrivals.load(found.arrivals)
        self._sessions = {(row.endpoint, row.session): row for row in found.sessions}

    def _load_deadlines(self, rows: Sequence[PaymentRow]) -> None:
        """Until when the payments that are not decided must be, by the routes as they are now."""
        for row in rows:
            way = self.snapshot.ways.get(row.route)
            within_ns = way.within_ns if way is not None else 0
            if not within_ns and row.status != "PDNG":
                continue
            record = unpack_record(row.record)
            if not isinstance(record, Payment) or not (within_ns or record.scheme == "ach"):
                continue
            message = self.store.message(row.message)
            if message is not None and within_ns:
                self.state.deadlines[row.id] = deadline_ns(record, message.received_ns, within_ns)
            elif message is not None and message.format == "ach" and record.kind not in GIVING_BACK:
                self.state.deadlines[row.id] = return_deadline_ns(record, message.received_ns)

    def tick(self) -> None:
        """Let time pass: offer a tick when a payment has run out of it, or leaves. Called by whoever has a clock."""
        deadlines, leaves_ns = self.state.deadlines, self.state.departures.next_ns()
        if self._ticking is not None and not self._ticking.done():
            return
        now_ns = self.clock_ns()
        first_ns = min(deadlines.values(), default=NEVER_NS)
        if min(first_ns, leaves_ns if leaves_ns is not None else NEVER_NS) <= now_ns:
            record = Operation("tick", "", source=CLOCK)
            self._ticking = self.offer(
                [Inbound(CLOCK, now_ns, b"", decoded=Decoded("json", "operation", records=(record,)))]
            )

    async def open_accounts(self, operations: Sequence[Operation]) -> list[Outcome]:
        """Open the configured accounts that do not exist yet, as a journaled message; before `walk` runs."""
        missing = self.missing_accounts(operations)
        if not missing:
            return []
        decoded = Decoded("json", "operation", records=missing)
        return await self.run([Inbound("config", self.clock_ns(), b"", "routes.yaml", decoded=decoded)])

    def missing_accounts(self, operations: Sequence[Operation]) -> list[Operation]:
        """Those of the configured accounts that the ledger does not know."""
        return [op for op in operations if not self.state.ledger.knows(op.subject, op.currency)]

    def session_states(self) -> list[SessionState]:
        """Durable numbers of every session, as last committed or sealed."""
        return list(self._sessions.values())

    def queued(self) -> int:
        """Weight of what waits to be walked."""
        return self._weight

    # -- offers

    def offer(self, messages: Sequence[Inbound], link: Link | None = None) -> asyncio.Future[Committed]:
        """Queue messages; the future is done when they are durable."""
        done: asyncio.Future[Committed] = asyncio.get_running_loop().create_future()
        weight = 1 + sum(
            len(m.decoded.records) if m.decoded is not None else 1 + len(m.data) // BYTES_PER_RECORD for m in messages
        )
        arrival = Arrival(messages, link, done, weight)
        if messages and all(message.part or not message.last for message in messages):
            self._parts.append(arrival)
        else:
            self._queue.append(arrival)
            self._others_ns = self.clock_ns()
        self._weight += weight
        if self._weight >= QUEUE_WEIGHT_MAX:
            self._room.clear()
        self._work.set()
        return done

    def has_room(self) -> bool:
        return self._room.is_set()

    async def room(self) -> None:
        await self._room.wait()

    # -- the walk

    async def walk(self) -> None:
        """Take batches until stopped and empty. An exception here must end the process."""
        while True:
            await self._work.wait()
            arrivals = self._take()
            if not arrivals:
                if self._stopping:
                    return
                self._work.clear()
                continue
            await self._carry(arrivals)
            await asyncio.sleep(0)  # let the doors read what came meanwhile

    def stop(self) -> None:
        """Let the walk end once nothing waits."""
        self._stopping = True
        self._work.set()

    def _take(self) -> list[Arrival]:
        arrivals: list[Arrival] = []
        beside = self.clock_ns() - self._others_ns < LATELY_NS
        weight = 0
        if not self._parts_next or not self._parts:
            weight = _move(self._queue, arrivals, BATCH_WEIGHT_MAX)
        if not weight:  # a message waits for no more than one part of a file, and a file for one batch of messages
            weight = _move(self._parts, arrivals, PARTS_WEIGHT_BESIDE if beside else BATCH_WEIGHT_MAX)
            self._parts_next = False
        else:
            self._parts_next = bool(self._parts)
        self._weight -= weight
        if self._weight < QUEUE_WEIGHT_MAX:
            self._room.set()
        return arrivals

    async def _carry(self, arrivals: Sequence[Arrival]) -> None:
        """One batch: prepare, apply, one commit, release."""
        batch = self._new_batch()
        messages = [message for arrival in arrivals for message in arrival.messages]
        outcomes = self._process(messages, batch)
        sealed = self._answer_links(arrivals, outcomes, batch)
        await self._commit(batch)
        self._release(arrivals, outcomes, sealed)

    async def run(self, messages: Sequence[Inbound]) -> list[Outcome]:
        """One batch at once, past the queue: for embedding, start-up and commands. Never beside `walk`."""
        batch = self._new_batch()
        outcomes = self._process(messages, batch)
        await self._commit(batch)
        return outcomes

    def _new_batch(self) -> Batch:
        self.time_ns = max(self.time_ns + 1, self.clock_ns())
        return Batch(self.batch_id + 1, self.time_ns)

    def _process(self, messages: Sequence[Inbound], batch: Batch) -> list[Outcome]:
        snapshot = self.snapshot
        outcomes = apply(prepare(messages, snapshot), self.state, snapshot, batch)
        self.state.ledger.prove()
        self._since_snapshot += len(batch.transfers)
        if self._since_snapshot >= SNAPSHOT_TRANSFERS:
            self._since_snapshot = 0
            batch.balances = self.state.ledger.moved()
        return outcomes

    async def _commit(self, batch: Batch) -> None:
        if not _changes_anything(batch):
            return
        started = perf_counter_ns()
        await self.store.commit(batch)
        self.batch_id = batch.id
        self.metrics.committed(batch, perf_counter_ns() - started)
        if batch.outbox:
            self.on_outbox(batch.outbox)

    def _answer_links(
        self, arrivals: Sequence[Arrival], outcomes: Sequence[Outcome], batch: Batch
    ) -> dict[int, Sealed]:
        """Give sessions their answers, number them, and put numbers and messages into the same transaction."""
        links: dict[int, Link] = {}
        place = 0
        for arrival in arrivals:
            own = outcomes[place : place + len(arrival.messages)]
            place += len(arrival.messages)
            if arrival.link is None:
                continue
            links[id(arrival.link)] = arrival.link
            bodies = [frame.data for outcome in own for frame in outcome.answers]
            if bodies:
                arrival.link.send(bodies, batch.time_ns)
        sealed = {key: link.seal() for key, link in links.items()}
        for seal in sealed.values():
            _keep_seal(seal, batch)
        self._sessions.update({(state.endpoint, state.session): state for state in batch.sessions})
        return sealed

    @staticmethod
    def _release(arrivals: Sequence[Arrival], outcomes: Sequence[Outcome], sealed: dict[int, Sealed]) -> None:
        """Only now are the originals let go, and only now may answers leave."""
        place = 0
        for arrival in arrivals:
            own = outcomes[place : place + len(arrival.messages)]
            place += len(arrival.messages)
            seal = sealed.pop(id(arrival.link), None) if arrival.link is not None else None
            if not arrival.done.done():
                arrival.done.set_result(Committed(own, seal.wire, seal.close) if seal else Committed(own))


def _move(queue: deque[Arrival], arrivals: list[Arrival], weight_max: int) -> int:
    """Take from a queue as much as a batch may hold, but one in any case; what that weighs."""
    weight = 0
    while queue and (not weight or weight + queue[0].weight <= weight_max):
        arrival = queue.popleft()
        weight += arrival.weight
        arrivals.append(arrival)
    return weight


def _keep_seal(seal: Sealed, batch: Batch) -> None:
    state = seal.state
    if state is None:
        return
    batch.sessions.append(state)
    if seal.reset:
        batch.resets.append((state.endpoint, state.session))
    batch.sent.extend((state.endpoint, state.session, number, data) for number, data in seal.sent)


def _changes_anything(batch: Batch) -> bool:
    return bool(batch.messages or batch.sessions or batch.outbox or batch.opened or batch.files or batch.sent)
