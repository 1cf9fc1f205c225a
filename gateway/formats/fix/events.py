"""What happened to a session lately, for the operator who asks which side is wrong.

Strategy: sentences in a short ring, counters, and the last thing that kept the two sides from being in step, with
the numbers as they stood then. Nothing of a message's content is kept, so nothing needs masking.
"""

from __future__ import annotations

from collections import deque

EVENTS_KEPT = 64  # a bad hour of a session; the log has all of them


class Events:
    """One session's recent past."""

    def __init__(self) -> None:
        self.ring: deque[tuple[int, str]] = deque(maxlen=EVENTS_KEPT)
        self.resends_asked = 0
        self.resends_served = 0
        self.rejects_sent = 0
        self.rejects_received = 0
        self.problem = ""
        self.problem_ns = 0
        self.expected = 0
        self.received = 0

    def note(self, now_ns: int, sentence: str) -> None:
        self.ring.append((now_ns, sentence))

    def out_of_step(self, now_ns: int, problem: str, expected: int = 0, received: int = 0) -> None:
        """What is wrong now: a code of doctor.ADVICE, and the numbers as they stand."""
        self.problem, self.problem_ns, self.expected, self.received = problem, now_ns, expected, received

    def in_step(self) -> None:
        """Whatever was wrong is over."""
        self.problem, self.problem_ns, self.expected, self.received = "", 0, 0, 0
