"""Messages that came before their turn, and what was asked for to close the gap before them."""

from __future__ import annotations

from msgspec import Struct

from gateway.formats.fix.message import Message

QUEUE_MESSAGES_MAX = 10_000  # ahead of a gap; what does not fit is asked for again
QUEUE_BYTES_MAX = 8 * 1024 * 1024


class Asked(Struct, frozen=True):
    """An outstanding ResendRequest: the first number asked for, the last of this request, the last that is missing."""

    first: int
    until: int
    missing: int


class Gap:
    """Early messages by their numbers, bounded; true while there are any."""

    def __init__(self) -> None:
        self.asked: Asked | None = None
        self._queue: dict[int, Message] = {}
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._queue)

    def keep(self, message: Message, number: int) -> None:
        size = len(message.raw)
        room = len(self._queue) < QUEUE_MESSAGES_MAX and self._bytes + size <= QUEUE_BYTES_MAX
        if room and number not in self._queue:
            self._queue[number] = message
            self._bytes += size

    def pop(self, number: int) -> Message | None:
        """The message of a number whose turn has come."""
        message = self._queue.pop(number, None)
        if message is not None:
            self._bytes -= len(message.raw)
        return message

    def forget_below(self, number: int) -> None:
        """Numbers were passed over: what waited under them is void."""
        for early in [early for early in self._queue if early < number]:
            self.pop(early)

    def forget(self) -> None:
        self._queue.clear()
        self._bytes = 0
        self.asked = None
