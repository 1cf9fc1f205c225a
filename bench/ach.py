"""ACH alone and in the running daemon: every figure that docs/formats/ach.md quotes.

    python bench/ach.py [--json] [--only WORD] [--quick]

Generated PPD files; one process, the standard library; its rates are of processor time. Memory is the peak of a process of its own above what it takes
before it reads. Latency of other traffic is measured on an idle daemon first, then while a file of 1,000,000 entries is
posted by it; load generator and daemon run on the same cores.
"""

from __future__ import annotations

import gc
import io
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from statistics import median

from figures import ROOT, Figure, machine, options, show
from gateway_under_test import ACH_ACCOUNTS, Ports, make
from pipeline import FixLoad

from gateway.formats.ach import FORMAT
from gateway.formats.ach.scan import Scanner
from gateway.model import Payment
from gateway.ports import Writing
from tests import samples
from tests.harness import DaemonProcess

MB = 1024 * 1024
WRITING = Writing("FO00000000100001", 1_767_225_600_000_000_000, routing_number="091000019")
FILE_ENTRIES = 10_000  # of a file that is written: what most receivers take


def rate(count: int, work: Callable[[], object], rounds: int = 7) -> float:
    """Median of entries per second of processor time: what other programs do meanwhile does not count."""
    found = []
    for _ in range(rounds):
        gc.collect()
        started = time.process_time()
        work()
        found.append(count / (time.process_time() - started))
    return median(found)


# --- in one process -------------------------------------------------------------------------------


def alone(quick: bool) -> Iterator[Figure]:
    count = 20_000 if quick else 200_000
    file = io.BytesIO(samples.ach(count))

    def check() -> None:
        file.seek(0)
        scanner = Scanner()
        scanner.run(file)
        assert not scanner.faults
        assert scanner.entries == count

    def cut_and_add() -> None:
        file.seek(0)
        lines = [line for line in file if line[:1] == b"6"]
        fields = [(line[1:3], line[3:12], line[12:29], int(line[29:39]), line[54:76], line[79:94]) for line in lines]
        assert sum(field[3] for field in fields) == 100 * count

    def read() -> None:
        file.seek(0)
        assert sum(len(part.records) for part in FORMAT.parts(file, 1_024)) == count

    beside = rate(count, cut_and_add, 3)
    yield Figure(
        "ACH full validation",
        rate(count, check),
        "entries/s",
        1_200_000,
        False,
        beside,
        "cut into fields and add up, no checks",
    )
    yield Figure("ACH to canonical records", rate(count, read), "entries/s", 300_000)
    records = FORMAT.decode(samples.ach(FILE_ENTRIES)).records
    payments = [record for record in records if isinstance(record, Payment)]
    assert not FORMAT.decode(FORMAT.encode(payments, "PPD", WRITING).data).refusals
    yield Figure(
        "ACH write from records",
        rate(FILE_ENTRIES, lambda: FORMAT.encode(payments, "PPD", WRITING), 21),
        "entries/s",
        800_000,
    )


CHILD = """
import re, sys
sys.path.insert(0, sys.argv[1])
from gateway.formats.ach import FORMAT
def peak_kib():
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
idle = peak_kib()
with open(sys.argv[2], "rb") as file:
    count = sum(len(part.records) for part in FORMAT.parts(file, 1024))
print(count, peak_kib() - idle)
"""


def memory(quick: bool) -> Iterator[Figure]:
    count = 50_000 if quick else 1_000_000
    with tempfile.NamedTemporaryFile(suffix=".ach") as file:
        file.write(samples.ach(count))
        file.flush()
        run = subprocess.run(
            [sys.executable, "-c", CHILD, str(ROOT), file.name], capture_output=True, text=True, check=True
        )
    read, kib = map(int, run.stdout.split())
    assert read == count
    yield Figure("ACH 1,000,000 entries, memory above idle", kib / 1024, "MB", 64, True)


# --- in the daemon --------------------------------------------------------------------------------


def drop(bank: Path, name: str, data: bytes, step_s: float) -> float:
    """Seconds from the file's appearance to its answer, which must say that all of it is posted."""
    (bank / "in").mkdir(parents=True, exist_ok=True)
    out = bank / "out"
    before = set(os.listdir(out)) if out.exists() else set()
    aside = bank / "in" / f".{name}.part"
    aside.write_bytes(data)
    started = time.perf_counter()
    aside.rename(bank / "in" / name)
    while not (new := _answers(out, before)):
        time.sleep(step_s)
    took = time.perf_counter() - started
    receipt = json.loads((out / new.pop()).read_text())
    assert receipt["status"] == "ACSC", receipt
    assert not receipt["refused"], receipt
    return took


def _answers(out: Path, before: set[str]) -> set[str]:
    return {name for name in os.listdir(out) if not name.startswith(".")} - before if out.exists() else set()


def posted(bank: Path, quick: bool) -> Iterator[Figure]:
    count = 20 if quick else 200
    drop(bank, "warm.ach", samples.ach(2_000, ACH_ACCOUNTS, 50_000_000, "W"), 0.002)
    one = [
        drop(
            bank, f"one{n}.ach", samples.ach(1, ACH_ACCOUNTS, 60_000_000 + n, time=f"{n // 60:02d}{n % 60:02d}"), 0.0002
        )
        for n in range(count)
    ]
    yield Figure("ACH drop to durable answer, one entry p50", median(one) * 1e3, "ms", 5, True)
    entries = 10_000 if quick else 100_000
    many = [
        drop(bank, f"many{run}.ach", samples.ach(entries, ACH_ACCOUNTS, n * entries, run), 0.002)
        for n, run in enumerate("ABC")
    ]
    yield Figure("ACH drop to durable answer, 100,000 entries", median(many), "s", 4, True)


class Traffic:
    """FIX orders and HTTP payments at a steady pace, each timed."""

    def __init__(self, ports: Ports) -> None:
        self.fix = FixLoad(ports.fix, "CLIENT2")
        self.http = HTTPConnection("127.0.0.1", ports.http)
        self.sent = 0

    def p99_ms(self, count: int, per_s: int, run: str) -> tuple[float, float]:
        """99th percentile of FIX and of HTTP, side by side."""
        found: list[float] = []
        http = threading.Thread(target=lambda: found.extend(self._post(count // 5, per_s / 5, run)))
        http.start()
        fix = sorted(self.fix.paced(self.fix.orders(run, count), per_s))
        http.join()
        return fix[int(len(fix) * 0.99)], sorted(found)[int(len(found) * 0.99)]

    def _post(self, count: int, per_s: float, run: str) -> Iterator[float]:
        started = time.perf_counter()
        for n in range(count):
            time.sleep(max(0.0, started + n / per_s - time.perf_counter()))
            self.sent += 1
            at = time.perf_counter()
            body = samples.pacs008(self.sent, "SINK-USD", run=run)
            self.http.request("POST", "/iso20022", body, {"Content-Type": "application/xml"})
            answer = self.http.getresponse()
            assert answer.status == 200
            assert b"ACSC" in answer.read()
            yield (time.perf_counter() - at) * 1e3


def beside(bank: Path, ports: Ports, quick: bool) -> Iterator[Figure]:
    """How other traffic fares while a large file is posted."""
    traffic = Traffic(ports)
    seconds, per_s = (2, 200) if quick else (15, 200)
    traffic.p99_ms(per_s, per_s, "W")
    calm = traffic.p99_ms(seconds * per_s, per_s, "C")
    data = samples.ach(50_000 if quick else 1_000_000, ACH_ACCOUNTS, 100_000_000, "Z", time="1000")
    dropped: list[float] = []
    file = threading.Thread(target=lambda: dropped.append(drop(bank, "large.ach", data, 0.02)))
    file.start()
    time.sleep(0.3)
    busy = traffic.p99_ms(seconds * per_s, per_s, "B")
    file.join()
    for name, idle, loaded in zip(("FIX", "HTTP"), calm, busy, strict=True):
        grown = (loaded / idle - 1) * 100
        yield Figure(f"{name} p99 beside 1,000,000 entries: growth", grown, "%", 50, True)
        yield Figure(f"{name} p99 beside 1,000,000 entries", loaded, "ms", None, True, idle, "with an idle daemon")
    yield Figure("ACH file of 1,000,000 entries, beside that traffic", dropped[0], "s")


def with_daemon(quick: bool) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="financial-os-bench-") as name:
        daemon, ports = make(Path(name))
        daemon.start()
        try:
            yield from _daemon(daemon, Path(name) / "bank", ports, quick)
        finally:
            daemon.kill()


def _daemon(daemon: DaemonProcess, bank: Path, ports: Ports, quick: bool) -> Iterator[Figure]:
    yield from posted(bank, quick)
    yield from beside(bank, ports, quick)


def main() -> None:
    chosen = options(__doc__ or "")
    if not chosen.json:
        print(machine())
    for name, measure in (("alone", alone), ("memory", memory), ("daemon", with_daemon)):
        if not chosen.only or any(word in name for word in chosen.only):
            for figure in measure(chosen.quick):
                show(figure, chosen.json)


if __name__ == "__main__":
    main()
