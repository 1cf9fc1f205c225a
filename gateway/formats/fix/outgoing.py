"""The outgoing half of a session: numbers, headers, what waits for the wire, and what may be asked for again.

Strategy: a message is numbered when it is queued, and leaves only through `seal`, together with the numbers that
must be durable first. Application messages are kept for resend: the newest in memory, until the seal after theirs
shows that they were committed, the rest read back in windows, so that a resend of a million messages holds a
thousand. A run of numbers without an application message becomes one SequenceReset-GapFill.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from msgspec import Struct

from gateway.formats.fix.message import HEADER_TAGS, SOH, Stamps, assemble, join, parse
from gateway.formats.fix.versions import Version

RESEND_WINDOW = 1_000  # numbers read back and written at a time; some 400 KB
RESENDS_MAX = 8  # requests that wait while one is answered; a counterparty that needs more will ask again

FRACTION_DIGITS = {"seconds": 0, "milliseconds": 3, "microseconds": 6, "nanoseconds": 9}

Sent = Callable[[str, int, int], list[tuple[int, bytes]]]  # session, first, last -> committed (number, message)

_REBUILT = frozenset(b"8 9 10 35 34 43 49 52 56 122 369".split())  # fields that a resent message gets anew


class Range(Struct):
    """Numbers asked for again: the next to look at, the last, and where a run without messages began."""

    next: int
    last: int
    gap: int = 0


class Outgoing:
    """Everything that a session sends; knows nothing of what it means."""

    def __init__(
        self, session: str, sender: str, version: Version, next_out: int, sent: Sent, processed: Callable[[], int]
    ) -> None:
        self.session = session
        self.next_out = next_out
        self.last_sent_ns = 0
        self.connected = False
        self.reset_due = False  # numbers went back to 1 and that is not sealed yet
        self._stored_void = False  # what `sent` reads is from before a reset
        self._sent = sent
        self._begin_string = version.begin_string
        self._sender = b"49=%b\x01" % sender.encode()
        self._target = b"56=%b\x01" % session.encode()
        self._version = version
        self._processed = processed  # highest number received and acted upon
        self.configure("", last_processed=False)
        self._wire: list[bytes] = []
        self._unsealed: list[tuple[int, bytes]] = []
        self._sealed: list[tuple[int, bytes]] = []  # by the last seal; committed by the next one
        self._ranges: deque[Range] = deque()

    def configure(self, precision: str, *, last_processed: bool) -> None:
        """How times are written, and whether headers tell what was processed (369)."""
        self._stamp = Stamps(FRACTION_DIGITS.get(precision, self._version.fraction_digits))
        self._tells_processed = last_processed

    # -- new messages

    def application(self, body: bytes, now_ns: int) -> None:
        """Number a message (`35=...`, no header or trailer) and keep it for resend, unless it is a Reject."""
        number, data = self._number(body, now_ns)
        if not body.startswith(b"35=3\x01"):
            self._unsealed.append((number, data))
        self._write(data)

    def admin(self, body: bytes, now_ns: int) -> None:
        """Number a session message; it is never resent."""
        self._write(self._number(body, now_ns)[1])

    def _number(self, body: bytes, now_ns: int) -> tuple[int, bytes]:
        number = self.next_out
        self.next_out = number + 1
        self.last_sent_ns = now_ns
        rest = body.index(SOH) + 1
        text = b"%b34=%d\x01%b52=%b\x01%b%b%b" % (
            body[:rest],
            number,
            self._sender,
            self._stamp(now_ns),
            self._target,
            b"369=%d\x01" % self._processed() if self._tells_processed else b"",
            body[rest:],
        )
        return number, assemble(self._begin_string, text)

    def _write(self, data: bytes) -> None:
        if self.connected:
            self._wire.append(data)

    # -- the connection

    def disconnect(self) -> None:
        """What has not left will be asked for by its numbers."""
        self.connected = False
        self._wire.clear()
        self._ranges.clear()

    def reset(self) -> None:
        """Numbers go back to 1; what was sent before is void."""
        self.next_out = 1
        self.reset_due = self._stored_void = True
        self._unsealed.clear()
        self._sealed.clear()
        self._ranges.clear()

    def seal(self) -> tuple[list[tuple[int, bytes]], bool]:
        """Messages to be committed, and whether earlier ones are to be forgotten first."""
        if not self.reset_due:
            self._stored_void = False  # the seal with the reset was committed
        reset, self.reset_due = self.reset_due, False
        self._sealed, self._unsealed = self._unsealed, []
        return self._sealed, reset

    def wire(self) -> bytes:
        """Everything that may leave once it is committed."""
        data = b"".join(self._wire)
        self._wire.clear()
        return data

    # -- resend

    def resend(self, first: int, last: int, now_ns: int) -> None:
        """Send again what was sent under these numbers; at once as far as one window goes."""
        if len(self._ranges) < RESENDS_MAX:
            self._ranges.append(Range(first, last))
        if len(self._ranges) == 1:
            self.resume(now_ns)

    def resending(self) -> bool:
        return bool(self._ranges)

    def resume(self, now_ns: int) -> None:
        """Go on with what is to be sent again, by one window."""
        if not self._ranges:
            return
        span = self._ranges[0]
        window_last = min(span.next + RESEND_WINDOW - 1, span.last)
        for number, data in self._kept(span.next, window_last):
            self._fill(span, number, now_ns)
            self._write(self._again(number, data, now_ns))
            span.next = number + 1
        if span.next <= window_last:
            span.gap = span.gap or span.next
        span.next = window_last + 1
        if span.next > span.last:
            self._fill(span, span.next, now_ns)
            self._ranges.popleft()

    def _kept(self, first: int, last: int) -> list[tuple[int, bytes]]:
        """Application messages of these numbers, from the store and from memory."""
        found = {} if self._stored_void else dict(self._sent(self.session, first, last))
        found.update((n, data) for n, data in (*self._sealed, *self._unsealed) if first <= n <= last)
        return sorted(found.items())

    def _fill(self, span: Range, until: int, now_ns: int) -> None:
        """Close the run of numbers before `until` that held no application message."""
        begin = span.gap or span.next
        span.gap = 0
        if begin >= until:
            return
        stamp = self._stamp(now_ns)
        self.last_sent_ns = now_ns
        text = b"35=4\x0134=%d\x0143=Y\x01%b52=%b\x01%b122=%b\x0136=%d\x01123=Y\x01" % (
            begin,
            self._sender,
            stamp,
            self._target,
            stamp,
            until,
        )
        self._write(assemble(self._begin_string, text))

    def _again(self, number: int, data: bytes, now_ns: int) -> bytes:
        """A kept message with PossDupFlag, a new SendingTime and the old one as OrigSendingTime."""
        message = parse(data)
        assert message is not None, "what was sent was framed by us"
        self.last_sent_ns = now_ns
        pairs = [pair for pair in message.pairs() if pair[0] not in _REBUILT]
        head = [pair for pair in pairs if pair[0] in HEADER_TAGS]
        head += [
            (b"34", b"%d" % number),
            (b"43", b"Y"),
            (b"49", self._sender[3:-1]),
            (b"52", self._stamp(now_ns)),
            (b"56", self._target[3:-1]),
            (b"122", message.fields[b"52"]),
        ]
        if self._tells_processed:
            head.append((b"369", b"%d" % self._processed()))
        head.sort(key=lambda pair: int(pair[0]))
        body = [pair for pair in pairs if pair[0] not in HEADER_TAGS]
        return assemble(self._begin_string, join([(b"35", message.type), *head, *body]))
