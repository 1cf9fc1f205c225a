"""A FIX 4.4 initiator with a memory: it survives broken connections and knows what it sent and what it got.

Used by the crash loop and by the benches. It keeps its own numbers and sent messages as a counterparty does,
answers resend requests with PossDup, asks for what it missed, and counts every execution report once per ExecID.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import UTC, datetime

SOH = b"\x01"
ADMIN = frozenset("0 1 2 3 4 5 A".split())


def stamp(now_ns: int | None = None) -> str:
    when = datetime.now(UTC) if now_ns is None else datetime.fromtimestamp(now_ns / 1e9, UTC)
    return when.strftime("%Y%m%d-%H:%M:%S.%f")[:-3]


def frame(kind: str, sender: str, target: str, number: int, body: str, extra: str = "", sent: str = "") -> bytes:
    text = f"35={kind}\x0134={number}\x0149={sender}\x0152={sent or stamp()}\x0156={target}\x01{extra}{body}"
    data = f"8=FIX.4.4\x019={len(text)}\x01{text}".encode("latin-1")
    return data + b"10=%03d\x01" % (sum(data) % 256)


def order_body(id: str, side: str, quantity: str, price: str) -> str:
    now = stamp()[:17]
    return f"11={id}\x0121=1\x0138={quantity}\x0140=2\x0144={price}\x0154={side}\x0155=EUR/USD\x0160={now}\x01"


class FixPeer:
    """One session; `connect` as often as needed."""

    def __init__(self, port: int, sender: str, target: str = "FINOS", heartbeat_s: int = 30) -> None:
        self.port, self.sender, self.target, self.heartbeat_s = port, sender, target, heartbeat_s
        self.next_out = self.next_in = 1
        self.sent: dict[int, tuple[str, str]] = {}
        self.reports: dict[str, set[str]] = {}  # ClOrdID -> ExecIDs
        self.statuses: dict[str, str] = {}  # ClOrdID -> OrdStatus
        self.rejects: list[dict[str, str]] = []
        self.on_report: Callable[[str], None] = lambda order: None
        self.logged_on = asyncio.Event()
        self._writer: asyncio.StreamWriter | None = None
        self._asked_to = 0
        self.clock_ns: Callable[[], int | None] = lambda: None  # None: the machine's clock

    async def run(self) -> None:
        """Stay connected until cancelled; try again whenever the connection ends."""
        while True:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                await self._connection()
            self.logged_on.clear()
            self._writer = None
            await asyncio.sleep(0.02)

    async def _connection(self) -> None:
        reader, self._writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 20)
        self._asked_to = 0
        try:
            self._admin("A", f"98=0\x01108={self.heartbeat_s}\x01")
            while True:
                data = await reader.readuntil(SOH + b"10=") + await reader.readuntil(SOH)
                self._take(data)
        finally:
            self._writer.close()

    def order(self, id: str, side: str, quantity: str, price: str) -> None:
        """Send an order now if connected; it is kept for resend either way."""
        self._send("D", order_body(id, side, quantity, price))

    def _send(self, kind: str, body: str) -> None:
        number, self.next_out = self.next_out, self.next_out + 1
        self.sent[number] = (kind, body)
        if self._writer is not None and (self.logged_on.is_set() or kind in ADMIN):
            self._write(kind, number, body)

    def _write(self, kind: str, number: int, body: str, extra: str = "") -> None:
        assert self._writer is not None, "asked only while connected"
        self._writer.write(frame(kind, self.sender, self.target, number, body, extra, stamp(self.clock_ns())))

    def _admin(self, kind: str, body: str) -> None:
        self._send(kind, body)

    def _take(self, data: bytes) -> None:
        fields = dict(f.split("=", 1) for f in data.decode("latin-1").split("\x01") if "=" in f)
        kind, number = fields["35"], int(fields["34"])
        if kind == "4" and fields.get("123") != "Y":
            self.next_in = int(fields["36"])
            return
        if number > self.next_in:
            if kind == "A":
                self.logged_on.set()
            if kind == "2":
                self._resend(int(fields["7"]), int(fields["16"]))
            if self._asked_to < number:
                self._asked_to = number
                self._admin("2", f"7={self.next_in}\x0116=0\x01")
            return
        if number < self.next_in:
            assert fields.get("43") == "Y", f"number {number} below {self.next_in} without PossDup"
            return
        self.next_in = int(fields["36"]) if kind == "4" else number + 1
        self._handle(kind, fields)

    def _handle(self, kind: str, fields: dict[str, str]) -> None:
        if kind == "A":
            self.logged_on.set()
        elif kind == "1":
            self._admin("0", f"112={fields['112']}\x01")
        elif kind == "2":
            self._resend(int(fields["7"]), int(fields["16"]))
        elif kind == "8":
            self.reports.setdefault(fields["11"], set()).add(fields["17"])
            self.statuses[fields["11"]] = fields["39"]
            self.on_report(fields["11"])
        elif kind in ("3", "j"):
            self.rejects.append(fields)

    def _resend(self, begin: int, end: int) -> None:
        last = self.next_out - 1 if end == 0 else min(end, self.next_out - 1)
        number = begin
        while number <= last and self._writer is not None:
            kind, body = self.sent[number]
            if kind in ADMIN:
                following = number
                while following <= last and self.sent[following][0] in ADMIN:
                    following += 1
                gap = f"123=Y\x0136={following}\x01"
                self._write("4", number, gap, "43=Y\x01")
                number = following
            else:
                self._write(kind, number, body, f"43=Y\x01122={stamp(self.clock_ns())}\x01")
                number += 1
