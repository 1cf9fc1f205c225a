"""What may be asked of a running engine: balances, histories, health, metrics. Never touches the writer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

from gateway import formats
from gateway.engine import Engine
from gateway.model import Money, Refusal
from gateway.outbox import Outbox
from gateway.ports import Acceptor, Frame, Made, SessionView, Toolbox, Writing
from gateway.statements.look import Look, look
from gateway.telemetry.metrics import Metrics

BEAT_MAX_S = 5.0  # a loop that has not turned for so long is not alive


class EngineQueries:
    """ports.Queries over an engine's memory and its store's read side."""

    def __init__(self, engine: Engine, outbox: Outbox | None, metrics: Metrics) -> None:
        self._engine = engine
        self._outbox = outbox
        self._metrics = metrics
        self._beat = time.monotonic()
        self.started = False
        self.acceptors: dict[str, Acceptor] = {}  # by endpoint
        self._tooling = asyncio.Semaphore(1)

    def beat(self) -> None:
        """The loop turns."""
        self._beat = time.monotonic()

    async def balance(self, account: str) -> list[dict[str, Any]] | None:
        rows = self._engine.state.ledger.rows(account)
        return [
            {
                "account": row.account,
                "currency": row.currency,
                "balance": Money(row.currency, row.balance_minor).text(),
                "floor": None if row.floor_minor is None else Money(row.currency, row.floor_minor).text(),
                "closed": row.closed,
            }
            for row in rows
        ] or None

    async def transactions(self, account: str, after: int, limit: int) -> list[dict[str, Any]] | None:
        if not self._engine.state.ledger.rows(account):
            return None
        return await self._engine.store.transactions(account, after, limit)

    async def statement(self, account: str, day: str, type: str, currency: str) -> Sequence[Frame] | Refusal:
        engine = self._engine
        snapshot = engine.snapshot
        writing = Writing("LOOK", engine.clock_ns(), snapshot.sender, "", snapshot.routing_number)
        seen = await look(engine.store, snapshot.statements, Look(account, day, type, currency), writing)
        return seen if isinstance(seen, Refusal) else seen.frames

    def tools(self) -> dict[str, tuple[str, ...]]:
        boxes = ((name, getattr(formats.load(name), "tools", None)) for name in formats.names())
        return {name: tuple(box) for name, box in boxes if box}

    async def tool(self, format: str, name: str, data: bytes, options: Mapping[str, str]) -> Made:
        box: Toolbox = getattr(formats.load(format), "tools")  # noqa: B009  # asked only for formats that have one
        async with self._tooling:  # one at a time: they are here beside what pays
            return await asyncio.to_thread(box[name], data, options, self._engine.clock_ns())

    async def payments(self, status: str, after: int, limit: int) -> list[dict[str, Any]]:
        return await self._engine.store.payments(status, after, limit)

    async def payment(self, id: int) -> dict[str, Any] | None:
        return await self._engine.store.payment_story(id)

    def status(self) -> dict[str, Any]:
        engine = self._engine
        state = engine.state
        return {
            "ready": self.ready()[0],
            "generation": engine.snapshot.generation,
            "batch": engine.batch_id,
            "messages": state.message,
            "payments": state.payment,
            "transfers": state.transfer,
            "held": len(state.held),
            "queued": engine.queued(),
            "outbox": self._outbox.pending() if self._outbox is not None else {},
            "sessions": {
                f"{s.endpoint}/{s.session}": {"next_in": s.next_in, "next_out": s.next_out}
                for s in engine.session_states()
            },
        }

    def sessions(self) -> list[SessionView]:
        now_ns = self._engine.clock_ns()
        return [view for acceptor in self.acceptors.values() for view in acceptor.views(now_ns)]

    def live(self) -> bool:
        return time.monotonic() - self._beat < BEAT_MAX_S

    def ready(self) -> tuple[bool, str]:
        if not self.started:
            return False, "the doors are not open"
        return (True, "") if self.live() else (False, "the loop does not turn")

    def metrics(self) -> bytes:
        return self._metrics.render(
            queued=self._engine.queued(),
            outbox=self._outbox.pending() if self._outbox is not None else {},
            sessions=self.sessions(),
        )
