"""FIX: parsing, validation, writing, the session alone, the whole path, idle sessions, TLS.

    python bench/fix.py [--json] [--only WORD] [--quick]

Baselines run in the same run: simplefix for parsing and writing, quickfix's Python binding (when it is installed:
pip install -e '.[interop]') for the session. The load generator shares the cores with what it loads.
"""

from __future__ import annotations

import asyncio
import importlib.util
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from figures import ROOT, Figure, machine, options, show
from gateway_under_test import make
from pipeline import MB, FixLoad, per_call_us

from gateway.formats import load
from gateway.formats.fix.acceptor import shipped
from gateway.formats.fix.frame import Framer
from gateway.formats.fix.message import parse
from gateway.formats.fix.outgoing import Outgoing
from gateway.formats.fix.reports import report
from gateway.formats.fix.versions import VERSIONS
from gateway.model import Order, Status
from gateway.ports import Batch, SessionState
from gateway.store import open_store
from tests.adapters.certificates import Authority
from tests.fix_peer import frame, order_body
from tests.harness import DaemonProcess, free_port

STREAM = 100  # messages that a framer is fed at once
IDLE_SESSIONS = 1_000
VERSION = VERSIONS[b"FIX.4.4"]


def order(number: int = 215) -> bytes:
    """A NewOrderSingle of some 220 bytes."""
    more = "1=ACC-778899\x0115=EUR\x0158=spot deal, value two days\x0159=0\x01167=FOR\x01"
    return frame("D", "CLIENT1", "FINOS", number, order_body("ORDER-000001-A", "1", "100000", "1.08725") + more)


# --- parsing, validation, writing -----------------------------------------------------------------


def codec(quick: bool) -> Iterator[Figure]:
    import simplefix

    calls, message = 50 if quick else 400, order()
    stream = message * STREAM

    def ours() -> None:
        for raw in Framer().feed(stream):
            parse(raw)

    def theirs() -> None:
        parser = simplefix.FixParser()
        parser.append_buffer(message)
        parser.get_message()

    took, peer = per_call_us(ours, calls) / STREAM, per_call_us(theirs, calls * 10)
    yield Figure("frame, checksum, parse an order", took, "us", 6, True, peer, "simplefix parse")
    yield Figure("parsing, times as fast", peer / took, "x simplefix", 9)
    rules, parsed = shipped().rules(VERSION), parse(message)
    assert rules is not None, "the version is shipped"
    assert parsed is not None, "the order is whole"
    assert rules.fault(parsed) is None, "and valid"
    yield Figure("validate an order", per_call_us(lambda: rules.fault(parsed), calls * STREAM), "us", 4, True)
    yield from _encode(message, calls * STREAM)


def _encode(message: bytes, calls: int) -> Iterator[Figure]:
    import simplefix

    record = load("fix").decode(message, "session").records[0]
    assert isinstance(record, Order), "the order is taken"
    status, now_ns = Status("ACSC", record, 4711), time.time_ns()
    out = Outgoing("CLIENT1", "FINOS", VERSION, 1, lambda *_: [], lambda: 0)
    out.connected = True

    def ours() -> None:
        out.application(report(status, now_ns).data, now_ns)
        if out.next_out % 1_000 == 0:
            out.seal()
            out.wire()

    pairs = [field.split(b"=", 1) for field in report(status, now_ns).data.rstrip(b"\x01").split(b"\x01")]

    def theirs() -> None:
        made = simplefix.FixMessage()
        made.append_pair(8, "FIX.4.4")
        for tag, value in pairs:
            made.append_pair(tag, value)
        made.encode()

    peer = per_call_us(theirs, calls // 20)
    yield Figure("write an ExecutionReport", per_call_us(ours, calls), "us", 6, True, peer, "simplefix encode")


# --- the session alone ----------------------------------------------------------------------------


def echo_rate(who: str, what: str, count: int) -> float:
    """Orders per second that a server of bench/fix_echo.py answers, 512 in flight; the median of three floods."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="financial-os-bench-") as folder:
        server = subprocess.Popen([sys.executable, str(ROOT / "bench" / "fix_echo.py"), who, what, str(port), folder])
        try:
            client = _connected(lambda: (Echoed if what == "echo" else FixLoad)(port, "CLIENT1"))
            client.flood(client.orders("W", count // 10), 512)
            return median([client.flood(client.orders(run, count), 512) for run in "ABC"])
        finally:
            server.kill()
            server.wait()


class Echoed(FixLoad):
    """Counts orders that come back."""

    def reports(self) -> int:
        self.buffer += self.socket.recv(1 << 18)
        found = self.buffer.count(b"\x0135=D\x01")
        self.buffer = self.buffer[self.buffer.rfind(b"\x0110=") + 1 :] if found else self.buffer
        return found


def _connected(connect: Callable[[], FixLoad]) -> FixLoad:
    for _ in range(200):
        try:
            return connect()
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("the server does not listen")


def echo(quick: bool) -> Iterator[Figure]:
    """The session with a dictionary and a durable log, and nothing behind it but the answer."""
    count = 2_000 if quick else 30_000
    there = importlib.util.find_spec("quickfix") is not None
    beside = "quickfix-python, FileStore" if there else "quickfix is not installed: pip install -e '.[interop]'"
    for what, name in (("echo", "session echo"), ("report", "session, order to report")):
        rate = echo_rate("ours", what, count)
        peer = echo_rate("quickfix", what, count // 5) if there else None
        yield Figure(f"{name}, durable", rate, "pairs/s", 30_000, False, peer, beside)
        if peer:
            yield Figure(f"{name}, times as fast", rate / peer, "x quickfix", 6)


# --- the daemon -----------------------------------------------------------------------------------


def path(quick: bool) -> Iterator[Figure]:
    with running() as (daemon, port, _):
        assert daemon.process is not None, "it runs"
        client = FixLoad(port, "CLIENT1")
        client.flood(client.orders("W", 2_000), 256)
        count = 5_000 if quick else 40_000
        plain = median([client.flood(client.orders(run, count), 1_024) for run in "ABC"])
        yield Figure("order, checks, settled, report", plain, "orders/s", 15_000)
        took = sorted(client.paced(client.orders("P", 1_000 if quick else 20_000), 1_000))
        yield Figure("p99 at 1,000 orders/s", took[int(len(took) * 0.99)], "ms", 2, True)
        yield Figure("p50 at 1,000 orders/s", median(took), "ms")
    with tempfile.TemporaryDirectory(prefix="financial-os-bench-") as folder:
        authority = Authority(Path(folder))
        certificate, key = authority.sign("gateway")
        with running(f", tls: {{certificate: {certificate}, key: {key}}}") as (_, port, _):
            context = ssl.create_default_context(cafile=str(authority.path))
            secure = FixLoad(port, "CLIENT1", lambda sock: context.wrap_socket(sock, server_hostname="localhost"))
            secure.flood(secure.orders("W", 2_000), 256)
            rate = median([secure.flood(secure.orders(run, count), 1_024) for run in "ABC"])
    yield Figure("what TLS costs", plain / rate, "x", 2, True, rate, "orders/s over TLS 1.3")


class running:
    """The daemon of the benches, started; `tls` is added to its FIX endpoint."""

    def __init__(self, more: str = "") -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="financial-os-bench-")
        self._daemon, ports = make(Path(self._folder.name))
        self._port = ports.fix
        if more:
            routes = self._daemon.path.read_text()
            self._daemon.path.write_text(routes.replace(f'127.0.0.1:{ports.fix}"', f'127.0.0.1:{ports.fix}"{more}'))

    def __enter__(self) -> tuple[DaemonProcess, int, Path]:
        self._daemon.start()
        return self._daemon, self._port, Path(self._folder.name)

    def __exit__(self, *_: object) -> None:
        self._daemon.kill()
        self._folder.cleanup()


# --- idle sessions --------------------------------------------------------------------------------


def idle(quick: bool) -> Iterator[Figure]:
    count, seconds = (100, 3) if quick else (IDLE_SESSIONS, 20)
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="financial-os-bench-") as folder:
        daemon = DaemonProcess(Path(folder), _routes_of_many(port, count))
        daemon.start()
        try:
            empty = daemon.rss_bytes()
            clients = [_log_on(port, f"C{n}") for n in range(count)]
            started = _cpu_s(daemon)
            for _ in range(seconds):
                time.sleep(1)
            share = (_cpu_s(daemon) - started) / seconds
            yield Figure(f"{count:,} idle sessions, one core", share * 100, "%", 5, True)
            yield Figure(f"{count:,} idle sessions, memory", (daemon.rss_bytes() - empty) / MB, "MB", 200, True)
            for client in clients:
                client.close()
        finally:
            daemon.kill()


def _routes_of_many(port: int, count: int) -> str:
    return f"""
version: 1
store: sqlite:fos.db
endpoints:
  fix: {{adapter: fix, format: fix, listen: "127.0.0.1:{port}", connections_max: {count + 10}, sessions: [{{target: "C*", sessions_max: {count}}}]}}
accounts: {{open: [{{id: EQUITY, currency: USD, floor: none}}]}}
routes: [{{name: default, refuse: {{reason: AG01, because: no route takes it}}}}]
"""


def _log_on(port: int, name: str) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", port))
    sock.sendall(frame("A", name, "FINOS", 1, "98=0\x01108=30\x01"))
    assert b"35=A" in sock.recv(4096), "logged on"
    return sock


def _cpu_s(daemon: DaemonProcess) -> float:
    """Seconds of a core that the daemon has used."""
    assert daemon.process is not None, "it runs"
    fields = Path(f"/proc/{daemon.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


# --- restart --------------------------------------------------------------------------------------


def restart(quick: bool) -> Iterator[Figure]:
    """From the start of the process to a Logon that is answered, with a store full of sent messages."""
    count = 50_000 if quick else 1_000_000
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="financial-os-bench-") as folder:
        daemon = DaemonProcess(Path(folder), _routes_of_many(port, 1))
        asyncio.run(_fill(Path(folder), count))
        daemon.start()  # once, so that the figure is not the first reading of a fresh file
        daemon.kill()
        started = time.perf_counter()
        daemon.start()
        try:
            sock = socket.create_connection(("127.0.0.1", port))
            sock.sendall(frame("A", "C1", "FINOS", 1, "98=0\x01108=30\x01"))
            answer = sock.recv(4096)
            took = time.perf_counter() - started
            assert b"\x0134=%d\x01" % (count + 1) in answer, answer
            sock.close()
        finally:
            daemon.kill()
    yield Figure(f"logon-ready with {count:,} sent messages", took, "s", 1, True)


async def _fill(folder: Path, count: int) -> None:
    """A store whose session C1 has sent so many reports."""
    store = open_store(f"sqlite:{folder}/fos.db")
    await store.open()
    message = frame(
        "8", "FINOS", "C1", 1, "37=1\x0117=1\x01150=F\x0139=2\x0155=EUR/USD\x0154=1\x01151=0\x0114=1\x016=1\x01"
    )
    for batch, start in enumerate(range(0, count, 10_000), 1):
        end = min(start + 10_000, count)
        sent = [("fix", "C1", number, message) for number in range(start + 1, end + 1)]
        states = [SessionState("fix", "C1", 1, end + 1)]
        await store.commit(Batch(batch, batch, sessions=states, sent=sent))
    await store.close()


# --- all ------------------------------------------------------------------------------------------

MEASURES: dict[str, Callable[[bool], Iterator[Figure]]] = {
    "codec": codec,
    "echo": echo,
    "path": path,
    "idle": idle,
    "restart": restart,
}


def main() -> None:
    wanted = options(__doc__ or "")
    if not wanted.json:
        print(machine())
    for name, measure in MEASURES.items():
        if not wanted.only or any(word in name for word in wanted.only):
            for figure in measure(wanted.quick):
                show(figure, wanted.json)


if __name__ == "__main__":
    main()
