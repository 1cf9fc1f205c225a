"""The whole daemon under load, and the decoders alone: every figure that README and docs quote.

    python bench/pipeline.py [--json] [--only WORD] [--quick]

One daemon, SQLite with synchronous=FULL, both names of every payment screened; the load generator runs on the
same cores. Baselines are run beside the figure: for decoders the usual library, for the durable paths the plain
way of doing it, one SQLite commit per message.
"""

from __future__ import annotations

import asyncio
import gc
import io
import os
import resource
import socket
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from figures import Figure, machine, options, show
from gateway_under_test import ACH_ACCOUNTS, IBAN, make
from lxml import etree

from gateway import formats
from tests import samples
from tests.fix_peer import frame, order_body
from tests.harness import DaemonProcess

MB = 1024 * 1024


# --- baselines ------------------------------------------------------------------------------------


def one_commit_a_message(folder: Path, count: int = 2_000) -> float:
    """Rows per second when every message is its own durable transaction."""
    database = sqlite3.connect(folder / "baseline.db", isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE transfer (id INTEGER PRIMARY KEY, debit TEXT, credit TEXT, minor INTEGER)")
    started = time.perf_counter()
    for n in range(count):
        database.execute("INSERT INTO transfer VALUES (?, 'A', 'B', 1)", (n,))
    return count / (time.perf_counter() - started)


def per_call_us(work: Callable[[], object], calls: int) -> float:
    """Median over seven rounds of microseconds per call."""
    rounds = []
    gc.disable()
    for _ in range(7):
        started = time.perf_counter()
        for _ in range(calls):
            work()
        rounds.append((time.perf_counter() - started) / calls * 1e6)
    gc.enable()
    return median(rounds)


# --- decoders alone -------------------------------------------------------------------------------


def decode_fix(quick: bool) -> Iterator[Figure]:
    import simplefix

    data = frame("D", "CLIENT1", "FINOS", 7, order_body("ORDER-1", "1", "1000", "1.0842"))
    codec = formats.load("fix")
    assert codec.decode(data).records[0].kind == "order"  # type: ignore[union-attr]

    def peer() -> None:
        parser = simplefix.FixParser()
        parser.append_buffer(data)
        parser.get_message()

    yield Figure(
        "decode NewOrderSingle",
        per_call_us(lambda: codec.decode(data), 2_000),
        "us",
        10,
        True,
        per_call_us(peer, 500),
        "simplefix parse only",
    )


def decode_mt(quick: bool) -> Iterator[Figure]:
    data = samples.mt103(1, "BREEZE-USD")
    codec = formats.load("mt")
    assert codec.decode(data).records[0].kind == "credit_transfer"  # type: ignore[union-attr]
    yield Figure("decode MT103", per_call_us(lambda: codec.decode(data), 1_000), "us", 60, True)


def decode_iso(quick: bool) -> Iterator[Figure]:
    import xmlschema

    data = samples.pacs008(1, "BREEZE-USD")
    codec = formats.load("iso20022")
    assert codec.decode(data).records[0].kind == "credit_transfer"  # type: ignore[union-attr]
    schema = xmlschema.XMLSchema(str(Path(formats.__file__).parents[2] / "schemas/iso20022/pacs.008.001.08.xsd"))
    yield Figure(
        "decode pacs.008 with XSD",
        per_call_us(lambda: codec.decode(data), 500),
        "us",
        120,
        True,
        per_call_us(lambda: schema.is_valid(etree.fromstring(data)), 20),
        "xmlschema is_valid only",
    )


def decode_ach(quick: bool) -> Iterator[Figure]:
    count = 10_000 if quick else 100_000
    file = io.BytesIO(samples.ach(count))
    codec = formats.load("ach")

    def read() -> None:
        file.seek(0)
        assert sum(len(part.records) for part in codec.parts(file, 1_024)) == count

    rates = []
    for _ in range(3):
        started = time.perf_counter()
        read()
        rates.append(count / (time.perf_counter() - started))
    yield Figure("decode ACH to records", median(rates), "entries/s", 250_000)


# --- FIX ------------------------------------------------------------------------------------------


class FixLoad:
    """A blocking FIX client that keeps orders in flight and times each report."""

    def __init__(
        self, port: int, sender: str, wrap: Callable[[socket.socket], socket.socket] = lambda plain: plain
    ) -> None:
        self.sender, self.number, self.buffer = sender, 0, b""
        plain = socket.create_connection(("127.0.0.1", port))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = wrap(plain)
        self.socket.sendall(self.frame("A", "98=0\x01108=60\x01141=Y\x01"))
        while b"35=A\x01" not in self.buffer:
            self.buffer += self.socket.recv(65536)
        self.buffer = b""

    def frame(self, kind: str, body: str) -> bytes:
        self.number += 1
        return frame(kind, self.sender, "FINOS", self.number, body)

    def orders(self, run: str, count: int) -> list[bytes]:
        return [self.frame("D", order_body(f"{run}{n}", "1" if n % 2 else "2", "1000", "1.0842")) for n in range(count)]

    def reports(self) -> int:
        """Read once; how many execution reports that brought."""
        self.buffer += self.socket.recv(1 << 18)
        found = self.buffer.count(b"\x0135=8\x01")
        self.buffer = self.buffer[self.buffer.rfind(b"\x0110=") + 1 :] if found else self.buffer
        return found

    def flood(self, orders: list[bytes], window: int) -> float:
        """Orders per second with `window` in flight."""
        sent = done = 0
        started = time.perf_counter()
        while done < len(orders):
            room = min(window - (sent - done), len(orders) - sent)
            if room > 0:
                self.socket.sendall(b"".join(orders[sent : sent + room]))
                sent += room
            done += self.reports()
        return len(orders) / (time.perf_counter() - started)

    def paced(self, orders: list[bytes], per_s: int) -> list[float]:
        """Milliseconds from sending to report, at a fixed rate."""
        self.socket.setblocking(False)
        sent_at: list[float] = []
        took: list[float] = []
        started = time.perf_counter()
        while len(took) < len(orders):
            now = time.perf_counter()
            if len(sent_at) < len(orders) and now >= started + len(sent_at) / per_s:
                self.socket.setblocking(True)
                self.socket.sendall(orders[len(sent_at)])
                self.socket.setblocking(False)
                sent_at.append(now)
            try:
                found = self.reports()
            except BlockingIOError:
                time.sleep(0.00005)
                continue
            took += [(time.perf_counter() - sent_at[len(took) + i]) * 1e3 for i in range(found)]
        return took


def fix(daemon: DaemonProcess, port: int, folder: Path, quick: bool) -> Iterator[Figure]:
    client = FixLoad(port, "CLIENT1")
    client.flood(client.orders("W", 2_000), 256)
    count = 5_000 if quick else 40_000
    rates = [client.flood(client.orders(run, count), 1_024) for run in "ABC"]
    yield Figure(
        "FIX order to report, 1024 in flight",
        median(rates),
        "orders/s",
        10_000,
        False,
        one_commit_a_message(folder),
        "one commit a message",
    )
    took = sorted(client.paced(client.orders("P", 1_000 if quick else 10_000), 1_000))
    yield Figure("FIX p99 at 1000/s", took[int(len(took) * 0.99)], "ms", 5, True)
    yield Figure("FIX p50 at 1000/s", median(took), "ms")


# --- files ----------------------------------------------------------------------------------------


def drop(folder: Path, name: str, data: bytes) -> float:
    """Seconds from the file's appearance to its answer in out/."""
    (folder / "in").mkdir(parents=True, exist_ok=True)
    out = folder / "out"
    before = {path.name for path in out.glob("*")}
    aside = folder / "in" / f".{name}.part"
    aside.write_bytes(data)
    started = time.perf_counter()
    aside.rename(folder / "in" / name)
    while not any(path.name not in before and not path.name.startswith(".") for path in out.glob("*")):
        time.sleep(0.002)
    return time.perf_counter() - started


def files(folder: Path, quick: bool) -> Iterator[Figure]:
    bank = folder / "bank"
    count = 1_000 if quick else 10_000
    drop(bank, "warm.fin", b"".join(samples.mt103(n, "SINK-USD", "W") for n in range(500)))
    seconds = [
        drop(bank, f"mt{run}.fin", b"".join(samples.mt103(n, "SINK-USD", run) for n in range(count))) for run in "ABC"
    ]
    yield Figure("MT103 file of 10,000", count / median(seconds), "messages/s", 8_000)
    seconds = [drop(bank, f"pain{run}.xml", samples.pain001(count, IBAN, run=run)) for run in "ABC"]
    yield Figure("pain.001 with 10,000 payments", count / median(seconds), "payments/s", 6_000)
    entries = 10_000 if quick else 100_000
    seconds = [
        drop(bank, f"ppd{run}.ach", samples.ach(entries, ACH_ACCOUNTS, n * entries, modifier=run))
        for n, run in enumerate("ABC")
    ]
    yield Figure("ACH file of 100,000 entries", entries / median(seconds), "entries/s", 25_000)


# --- HTTP -----------------------------------------------------------------------------------------


async def http_load(port: int, bodies: list[bytes], connections: int) -> tuple[float, list[float]]:
    """Requests per second and milliseconds of each, every connection one request at a time."""
    pending = iter(bodies)
    took: list[float] = []

    async def connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for body in pending:
            started = time.perf_counter()
            writer.write(
                b"POST /iso20022 HTTP/1.1\r\nHost: x\r\nContent-Type: application/xml\r\nContent-Length: "
                + str(len(body)).encode()
                + b"\r\n\r\n"
                + body
            )
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head[:200]
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
            answer = await reader.readexactly(length)
            assert b"<TxSts>ACSC<" in answer, answer
            took.append((time.perf_counter() - started) * 1e3)
        writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(connection() for _ in range(connections)))
    return len(bodies) / (time.perf_counter() - started), took


def http(port: int, quick: bool) -> Iterator[Figure]:
    count = 1_000 if quick else 10_000
    asyncio.run(http_load(port, [samples.pacs008(n, "SINK-USD", run="V") for n in range(500)], 64))
    runs = [
        asyncio.run(http_load(port, [samples.pacs008(n, "SINK-USD", run=run) for n in range(count)], 64))
        for run in "ABC"
    ]
    yield Figure("pacs.008 over HTTP, 64 connections", median(rate for rate, _ in runs), "requests/s", 2_500)
    yield Figure("pacs.008 over HTTP p99", median(sorted(t)[int(len(t) * 0.99)] for _, t in runs), "ms", 40, True)


# --- memory and restart ---------------------------------------------------------------------------


def large(daemon: DaemonProcess, folder: Path, quick: bool) -> Iterator[Figure]:
    count = 50_000 if quick else 1_000_000
    data = samples.ach(count, ACH_ACCOUNTS, 1_000_000, modifier="Z", time="1000")
    daemon.kill()  # what earlier loads left in its memory is not what an idle daemon takes
    daemon.start()
    idle = peak = daemon.rss_bytes()
    bank = folder / "bank"
    (bank / "in" / ".big.part").write_bytes(data)
    del data
    before = len(list((bank / "out").glob("*")))
    started = time.perf_counter()
    (bank / "in" / ".big.part").rename(bank / "in" / "big.ach")
    while len(list((bank / "out").glob("*"))) == before:
        peak = max(peak, daemon.rss_bytes())
        time.sleep(0.02)
    yield Figure("memory above idle, 1,000,000 entries", (peak - idle) / MB, "MB", 150, True)
    yield Figure("ACH file of 1,000,000 entries", count / (time.perf_counter() - started), "entries/s")
    daemon.kill()
    yield Figure("restart with 1,000,000 transfers", daemon.start(), "s", 3, True)


# --- all ------------------------------------------------------------------------------------------


def measures(quick: bool) -> Iterator[tuple[str, Callable[[], Iterator[Figure]]]]:
    yield "decode fix", lambda: decode_fix(quick)
    yield "decode mt", lambda: decode_mt(quick)
    yield "decode iso", lambda: decode_iso(quick)
    yield "decode ach", lambda: decode_ach(quick)
    yield "daemon", lambda: with_daemon(quick)


def with_daemon(quick: bool) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="financial-os-bench-") as name:
        folder = Path(name)
        daemon, ports = make(folder)
        daemon.start()
        try:
            yield from fix(daemon, ports.fix, folder, quick)
            yield from http(ports.http, quick)
            yield from files(folder, quick)
            yield from large(daemon, folder, quick)
        finally:
            daemon.kill()


def main() -> None:
    chosen = options(__doc__ or "")
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
    if not chosen.json:
        print(f"{machine()}, {os.cpu_count()} cores shared with the load generator")
    for name, measure in measures(chosen.quick):
        if not chosen.only or any(word in name for word in chosen.only):
            for figure in measure():
                show(figure, chosen.json)


if __name__ == "__main__":
    main()
