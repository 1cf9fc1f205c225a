"""Metrics for Prometheus, counted once per batch.

Strategy: the engine hands over each committed batch; everything is counted from its rows, so that a payment
costs no metric call of its own and a metric cannot disagree with the store. Labels come from configuration
(endpoints, routes, sessions) or from closed lists, and are bounded even so.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Mapping, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from gateway.ports import Batch, SessionView

LABEL_VALUES_MAX = 1_000  # of one label; beyond it everything is counted as "other"
BATCH_BUCKETS = (1, 4, 16, 64, 256, 1_024, 4_096)
COMMIT_BUCKETS_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2.0)

# Name -> what it says, and how it is read off a session.
SESSION_GAUGES: dict[str, tuple[str, Callable[[SessionView], float]]] = {
    "logged_on": ("1 while the counterparty is logged on", lambda view: view.state == "logged on"),
    "next_in": ("next number expected", lambda view: view.next_in),
    "next_out": ("next number used", lambda view: view.next_out),
    "received_timestamp_seconds": ("when something was received last", lambda view: view.received_ns / 1e9),
    "sent_timestamp_seconds": ("when something was sent last", lambda view: view.sent_ns / 1e9),
    "queued": ("messages kept ahead of a gap", lambda view: view.queued),
    "resends_asked": ("resend requests of ours since the start", lambda view: view.resends_asked),
    "resends_served": ("resend requests of the counterparty's since the start", lambda view: view.resends_served),
    "rejects_sent": ("messages rejected since the start", lambda view: view.rejects_sent),
    "rejects_received": ("our messages that were rejected since the start", lambda view: view.rejects_received),
    "out_of_step": ("1 while the two sides disagree about numbers", lambda view: bool(view.problem)),
}


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
        self._sessions = {
            name: Gauge(f"fos_session_{name}", text, ("endpoint", "session"), registry=registry)
            for name, (text, _) in SESSION_GAUGES.items()
        }

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

    def render(self, queued: int, outbox: Mapping[str, int], sessions: Sequence[SessionView] = ()) -> bytes:
        """The text that Prometheus reads; the arguments are how things stand now."""
        self._queued.set(queued)
        self._pending.clear()
        for endpoint, count in outbox.items():
            self._pending.labels(endpoint).set(count)
        for name, (_, read) in SESSION_GAUGES.items():
            gauge = self._sessions[name]
            gauge.clear()
            for view in sessions:
                gauge.labels(*self._bounded("sessions", (view.endpoint, view.session))).set(read(view))
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
