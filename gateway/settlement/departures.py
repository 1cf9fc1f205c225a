"""What has settled here and waits to leave: until its payment system opens, or gathers for the last time.

Strategy: payments by the moment at which they leave, in the order in which they came; there are few such moments.
"""

from __future__ import annotations

from collections.abc import Iterator


class Departures:
    """Payments that wait, by number."""

    def __init__(self) -> None:
        self._times: dict[int, int] = {}  # payment -> ns
        self._queues: dict[int, dict[int, None]] = {}  # ns -> payments in order

    def __contains__(self, payment: int) -> bool:
        return payment in self._times

    def __len__(self) -> int:
        return len(self._times)

    def add(self, payment: int, at_ns: int) -> None:
        """A payment leaves at a moment."""
        self._times[payment] = at_ns
        self._queues.setdefault(at_ns, {})[payment] = None

    def remove(self, payment: int) -> bool:
        """A payment leaves no more, or has left; whether it waited."""
        at_ns = self._times.pop(payment, None)
        if at_ns is None:
            return False
        queue = self._queues[at_ns]
        del queue[payment]
        if not queue:
            del self._queues[at_ns]
        return True

    def next_ns(self) -> int | None:
        """The first moment at which something leaves."""
        return min(self._queues, default=None)

    def due(self, now_ns: int) -> Iterator[int]:
        """What leaves by now, in order. Nothing may be added or removed meanwhile."""
        for at_ns in sorted(at_ns for at_ns in self._queues if at_ns <= now_ns):
            yield from self._queues[at_ns]
