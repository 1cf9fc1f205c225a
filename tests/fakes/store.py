"""A store in memory with a disk that can be made to fail: a small working program, not a mock.

What was committed survives `MemoryStore.reopen`; what was not is gone, as after a power cut. `fault` is asked
before and after every commit and may raise.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from gateway.ports import (
    AccountRow,
    Batch,
    DecisionRow,
    Delivery,
    FileRow,
    MessageRow,
    Movement,
    PaymentRow,
    Recovered,
    SessionState,
    StatusRow,
    TransferRow,
)


class Disk:
    """What is durable."""

    def __init__(self) -> None:
        self.batch = self.time_ns = 0
        self.messages: dict[int, MessageRow] = {}
        self.payments: dict[int, PaymentRow] = {}
        self.transfers: dict[int, TransferRow] = {}
        self.statuses: list[StatusRow] = []
        self.decisions: list[DecisionRow] = []
        self.outbox: dict[int, Delivery] = {}
        self.delivered: set[int] = set()
        self.accounts: dict[tuple[str, str], AccountRow] = {}
        self.sessions: dict[tuple[str, str], SessionState] = {}
        self.sent: dict[tuple[str, str], dict[int, bytes]] = {}
        self.files: dict[tuple[str, bytes], FileRow] = {}
        self.references: list[tuple[int, int]] = []
        self.arrivals: list[tuple[int, int]] = []
        self.last_transfers: list[tuple[int, int]] = []  # of each batch: its time and its last transfer

    def time_of(self, transfer: int) -> int:
        """When a transfer was made."""
        return next(time_ns for time_ns, last in self.last_transfers if last >= transfer)

    def current(self, id: int) -> str:
        """A payment's status now."""
        return next((row.status for row in reversed(self.statuses) if row.payment == id), self.payments[id].status)


class MemoryStore:
    """ports.Store over a Disk."""

    def __init__(
        self, disk: Disk, fault: Callable[[str], None] = lambda when: None, commit_s: Callable[[], float] = lambda: 0.0
    ) -> None:
        self.disk, self._fault, self._commit_s = disk, fault, commit_s

    async def open(self) -> Recovered:
        d = self.disk
        return Recovered(
            d.batch,
            max(d.messages, default=0),
            max(d.payments, default=0),
            max(d.transfers, default=0),
            max(d.outbox, default=0),
            d.time_ns,
            self._balances(),
            [self._now(p) for p in d.payments.values() if d.current(p.id) in ("PDNG", "ACSP")],
            list(d.sessions.values()),
            list(d.files.values()),
            d.references,
            d.arrivals,
        )

    def _balances(self) -> list[AccountRow]:
        balance = dict.fromkeys(self.disk.accounts, 0)
        for t in self.disk.transfers.values():
            balance[t.debit, t.currency] -= t.minor
            balance[t.credit, t.currency] += t.minor
        return [
            AccountRow(a.account, a.currency, balance[a.account, a.currency], a.floor_minor, a.closed)
            for a in self.disk.accounts.values()
        ]

    async def commit(self, batch: Batch) -> None:
        delay = self._commit_s()
        if delay:
            await asyncio.sleep(delay)
        self._fault("before")
        self._write(batch)
        self._fault("after")

    def _write(self, batch: Batch) -> None:
        d = self.disk
        assert batch.id == d.batch + 1, "batches follow each other"
        for rows in (batch.messages, batch.payments, batch.transfers, batch.outbox):
            ids = [row.id for row in rows]
            assert ids == sorted(ids), "ids of a batch do not rise"
        d.batch, d.time_ns = batch.id, batch.time_ns
        d.messages.update((row.id, row) for row in batch.messages)
        d.payments.update((row.id, row) for row in batch.payments)
        d.transfers.update((row.id, row) for row in batch.transfers)
        d.statuses.extend(batch.statuses)
        d.decisions.extend(batch.decisions)
        d.outbox.update((item.id, item) for item in batch.outbox)
        d.accounts.update(((row.account, row.currency), row) for row in batch.opened)
        d.sessions.update(((s.endpoint, s.session), s) for s in batch.sessions)
        for key in batch.resets:
            d.sent[key] = {}
        for endpoint, session, number, data in batch.sent:
            d.sent.setdefault((endpoint, session), {})[number] = data
        d.files.update(((f.endpoint, f.digest), f) for f in batch.files)
        d.references.extend(batch.references)
        d.arrivals.extend(batch.arrivals)
        d.last_transfers.append((batch.time_ns, max(d.transfers, default=0)))

    async def delivered(self, ids: Sequence[int], now_ns: int) -> None:
        self.disk.delivered.update(ids)

    async def undelivered(self, endpoint: str, after: int, limit: int) -> list[Delivery]:
        waiting = (
            item
            for id, item in sorted(self.disk.outbox.items())
            if id > after and item.endpoint == endpoint and id not in self.disk.delivered
        )
        return [item for item, _ in zip(waiting, range(limit), strict=False)]

    async def close(self) -> None:
        """Nothing to let go of."""

    def message(self, id: int) -> MessageRow | None:
        return self.disk.messages.get(id)

    def payment(self, id: int) -> PaymentRow | None:
        row = self.disk.payments.get(id)
        return None if row is None else self._now(row)

    def _now(self, row: PaymentRow) -> PaymentRow:
        """A payment in the status that it has now."""
        last = next((change for change in reversed(self.disk.statuses) if change.payment == row.id), None)
        if last is None:
            return row
        return msgspec.structs.replace(row, status=last.status, reason=last.reason, text=last.text)

    def sent(self, endpoint: str, session: str, first: int, last: int) -> list[tuple[int, bytes]]:
        kept = self.disk.sent.get((endpoint, session), {})
        return [(number, kept[number]) for number in sorted(kept) if first <= number <= last]

    def exceptions(self, endpoint: str, digest: bytes) -> list[PaymentRow]:
        of = {m.id for m in self.disk.messages.values() if (m.endpoint, m.digest) == (endpoint, digest)}
        return [p for p in self.disk.payments.values() if p.message in of and p.status in ("PDNG", "RJCT")]

    def latest(self, identity: int) -> PaymentRow | None:
        kinds = ("statement", "report", "reconciliation")
        rows = [p for p in self.disk.payments.values() if identity and p.identity == identity and p.kind in kinds]
        return self._now(rows[-1]) if rows else None

    def movements(self, account: str, after: int) -> list[Movement]:
        rows = [t for t in self.disk.transfers.values() if t.id > after and account in (t.debit, t.credit)]
        return [Movement(t, self.disk.time_of(t.id), self.disk.payments[t.payment].record) for t in rows]

    async def history(self, account: str, since_ns: int) -> tuple[dict[str, int], list[Movement]]:
        start = self.last_transfer_before(since_ns)
        balances = {c: 0 for a, c in self.disk.accounts if a == account}
        for move in self.movements(account, 0):
            if move.transfer.id <= start:
                sign = 1 if move.transfer.credit == account else -1
                balances[move.transfer.currency] += sign * move.transfer.minor
        return balances, self.movements(account, start)

    def last_transfer_before(self, time_ns: int) -> int:
        return max((last for when, last in self.disk.last_transfers if when < time_ns), default=0)

    async def transactions(self, account: str, after: int, limit: int) -> list[dict[str, Any]]:
        rows = [t for t in self.disk.transfers.values() if t.id > after and account in (t.debit, t.credit)]
        return [
            {"id": t.id, "payment": t.payment, "debit": t.debit, "credit": t.credit, "minor": t.minor}
            for t in rows[:limit]
        ]

    async def payments(self, status: str, after: int, limit: int) -> list[dict[str, Any]]:
        rows = [p for p in self.disk.payments.values() if p.id > after and status in ("", self.disk.current(p.id))]
        return [{"id": p.id, "status": self.disk.current(p.id), "reference": p.reference} for p in rows[:limit]]

    async def payment_story(self, id: int) -> dict[str, Any] | None:
        row = self.disk.payments.get(id)
        return None if row is None else {"id": id, "status": self.disk.current(id)}

    async def balances(self) -> list[dict[str, Any]]:
        return [{"account": a.account, "currency": a.currency, "minor": a.balance_minor} for a in self._balances()]

    async def verify(self) -> list[str]:
        totals: dict[str, int] = {}
        for row in self._balances():
            totals[row.currency] = totals.get(row.currency, 0) + row.balance_minor
        return [f"{currency} does not sum to zero" for currency, total in totals.items() if total]
