"""Metrics for Prometheus, counted once per batch.

Strategy: the engine hands over each committed batch; everything is counted from its rows, so that a payment
costs no metric call of its own and a metric cannot disagree with the store. Labels come from configuration
(endpoints, routes, sessions) or from closed lists, and are bounded even so.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from gateway.ports import Batch

LABEL_VALUES_MAX = 1_000  # of one label; beyond it everything is counted as "other"
BATCH_BUCKETS = (1, 4, 16, 64, 256, 1_024, 4_096)
COMMIT_BUCKETS_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2.0)


class Metrics:
    """The registry of one engine."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._labels: dict[str, set[str]] = {}
        self._messages = Counter("fos_messages", "messages journaled", ("endpoint", "outcome"), registry=registry)
        self._payments = Counter("fos_payments", "records admitted", ("status", "route"), registry=registry)
        self._changes = Counter("fos_payment_changes", "held payments decided later", ("status",), registry=registry)
        self._decisions = Counter("fos_decisions", "findings of checks", ("check", "outcome"), registry=registry)
        self._transfers = Counter("fos_transfers", "ledger movements", registry=registry)
        self._outbound = Counter("fos_outbound", "messages put into the outbox", ("endpoint",), registry=registry)
        self._batch = Histogram("fos_batch_payments", "records per batch", buckets=BATCH_BUCKETS, registry=registry)
        self._commit = Histogram("fos_commit_seconds", "one commit", buckets=COMMIT_BUCKETS_S, registry=registry)
        self._queued = Gauge("fos_queue_weight", "what waits to be walked, in records", registry=registry)
        self._pending = Gauge("fos_outbox_pending", "messages not yet delivered", ("endpoint",), registry=registry)
        self._next_in = Gauge("fos_session_next_in", "next number expected", ("endpoint", "session"), registry=registry)
        self._next_out = Gauge("fos_session_next_out", "next number used", ("endpoint", "session"), registry=registry)

    def committed(self, batch: Batch, duration_ns: int) -> None:
        """Count a batch that is durable; `duration_ns` is what its commit took."""
        self._commit.observe(duration_ns / 1e9)
        self._batch.observe(len(batch.payments))
        self._transfers.inc(len(batch.transfers))
        self._count("messages", self._messages, Tally([(row.endpoint, row.outcome) for row in batch.messages]))
        self._count("payments", self._payments, Tally([(row.status, row.route) for row in batch.payments]))
        self._count("changes", self._changes, Tally([(row.status,) for row in batch.statuses]))
        self._count("decisions", self._decisions, Tally([(row.check, row.outcome) for row in batch.decisions]))
        self._count("outbound", self._outbound, Tally([(item.endpoint,) for item in batch.outbox]))
        for state in batch.sessions:
            labels = self._bounded("sessions", (state.endpoint, state.session))
            self._next_in.labels(*labels).set(state.next_in)
            self._next_out.labels(*labels).set(state.next_out)

    def render(self, queued: int, outbox: Mapping[str, int]) -> bytes:
        """The text that Prometheus reads; `queued` and `outbox` are how things stand now."""
        self._queued.set(queued)
        self._pending.clear()
        for endpoint, count in outbox.items():
            self._pending.labels(endpoint).set(count)
        return generate_latest(self.registry)

    def _count(self, name: str, counter: Counter, found: Mapping[tuple[str, ...], int]) -> None:
        for values, number in found.items():
            counter.labels(*self._bounded(name, values)).inc(number)

    def _bounded(self, name: str, values: tuple[str, ...]) -> tuple[str, ...]:
        known = self._labels.setdefault(name, set())
        key = "\0".join(values)
        if key in known or len(known) < LABEL_VALUES_MAX:
            known.add(key)
            return values
        return ("other",) * len(values)
