"""kill -9 at random moments, under load through every door; then every payment is counted.

    python tests/crash/kill_loop.py --cycles 200 [--seed 1]

One daemon process on SQLite; peers that behave as real ones do: they repeat what was not answered, under the same
name. At the end the daemon is stopped in order and its store is read: `acked` is what peers were told has
happened, `lost` what was told and is not there, `doubled` what is there twice. Exit 1 unless both are 0, every
file ended once, and money is conserved.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import shutil
import sqlite3
import sys
import tempfile
from collections import Counter
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

import aiohttp  # noqa: E402  # the path comes first
import aiomqtt  # noqa: E402

from tests import samples  # noqa: E402
from tests.fix_peer import FixPeer  # noqa: E402
from tests.harness import DaemonProcess, free_port  # noqa: E402

ACCOUNTS = 50
DRAIN_S = 60.0


def routes(folder: Path, fix: int, http: int, mqtt: int) -> str:
    ach = "\n".join(f'    - {{id: "{2_000_000 + n}", currency: USD}}' for n in range(ACCOUNTS))
    broker = (
        f"  events: {{adapter: mqtt, format: json, host: 127.0.0.1, port: {mqtt}, subscribe: fos/in, publish: fos/out}}"
        if mqtt
        else ""
    )
    return f"""
version: 1
gateway: {{bic: FINODEHHXXX, routing_number: "091000019"}}
store: sqlite:{folder}/financial-os.db
endpoints:
  fix: {{adapter: fix, format: fix, listen: "127.0.0.1:{fix}", sessions: [{{target: PEER}}]}}
  bank: {{adapter: folder, format: auto, path: {folder}/bank}}
  out: {{adapter: folder, format: iso20022, path: {folder}/out}}
  iso: {{adapter: http, format: iso20022, listen: "127.0.0.1:{http}", path: /iso20022}}
  api: {{adapter: http, format: json, listen: "127.0.0.1:{http}", api: true}}
{broker}
accounts:
  open:
    - {{id: NOSTRO, currency: USD, floor: none}}
    - {{id: SINK-USD, currency: USD}}
    - {{id: FUND, currency: USD, floor: none}}
    - {{id: HOUSE-EUR, currency: EUR, floor: none}}
    - {{id: HOUSE-USD, currency: USD, floor: none}}
    - {{id: PEER-EUR, currency: EUR, floor: none}}
    - {{id: PEER-USD, currency: USD, floor: none}}
{ach}
routes:
  - {{name: ach, when: {{scheme: ach}}, settle: {{debit: NOSTRO, credit: creditor}}}}
  - {{name: fx, when: {{kind: order}}, settle: {{client: "{{session}}-{{currency}}", principal: "HOUSE-{{currency}}"}}}}
  - {{name: book, when: {{scheme: internal}}, settle: {{debit: debtor, credit: creditor}}}}
  - {{name: default, settle: {{debit: NOSTRO, credit: creditor}}, send: {{to: out, as: pacs.008.001.08, per_message: 50}}}}
"""


class Peers:
    """Everybody who talks to the daemon, and what each was told."""

    def __init__(self, folder: Path, ports: tuple[int, int, int], random: Random) -> None:
        self.folder, self.random = folder, random
        self.fix_port, self.http_port, self.mqtt_port = ports
        self.asked: set[str] = set()
        self.acked: set[str] = set()
        self.files: dict[str, int] = {}  # name -> payments in it
        self.fix = FixPeer(self.fix_port, "PEER")
        self.fix.on_report = self.acked.add
        self.stop = asyncio.Event()

    async def run(self) -> None:
        """Talk until told to stop, then until everything asked for was answered."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as http:
            fix = asyncio.create_task(self.fix.run())
            jobs = [self._rest(http, w) for w in range(4)] + [self._iso(http, w) for w in range(4)]
            jobs += [self._orders(), self._drops()] + ([self._mqtt()] if self.mqtt_port else [])
            await asyncio.gather(*jobs)
            fix.cancel()
            await asyncio.gather(fix, return_exceptions=True)

    async def _rest(self, http: aiohttp.ClientSession, worker: int) -> None:
        n = 0
        while not self.stop.is_set():
            reference = f"REST-{worker}-{n}"
            body = {
                "debit_account": "FUND",
                "credit_account": "SINK-USD",
                "amount": "1.00",
                "currency": "USD",
                "reference": reference,
            }
            await self._post(http, "/transfer", json.dumps(body).encode(), reference, {"Idempotency-Key": reference})
            n += 1

    async def _iso(self, http: aiohttp.ClientSession, worker: int) -> None:
        n = worker * 10_000_000
        while not self.stop.is_set():
            await self._post(http, "/iso20022", samples.pacs008(n, "SINK-USD", run="I"), f"I{n:09d}", {})
            n += 1

    async def _post(
        self, http: aiohttp.ClientSession, path: str, body: bytes, reference: str, headers: dict[str, str]
    ) -> None:
        """Post until answered; the same bytes under the same name every time."""
        self.asked.add(reference)
        kind = "application/json" if path == "/transfer" else "application/xml"
        while True:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
                async with http.post(
                    f"http://127.0.0.1:{self.http_port}{path}", data=body, headers={"Content-Type": kind, **headers}
                ) as response:
                    answer = await response.read()
                    if response.status in (200, 201):
                        assert b"ACSC" in answer, answer
                        self.acked.add(reference)
                        return
                    assert response.status in (429, 503), (response.status, answer[:500])
            await asyncio.sleep(0.01)

    async def _orders(self) -> None:
        n = 0
        while not self.stop.is_set():
            if self.fix.logged_on.is_set() and n - len(self.fix.reports) < 50:
                self.asked.add(f"FIX-{n}")
                self.fix.order(f"FIX-{n}", self.random.choice("12"), "1000", "1.1000")
                n += 1
            await asyncio.sleep(0.002)
        while len(self.fix.reports) < n:
            await asyncio.sleep(0.02)

    async def _drops(self) -> None:
        """A bank that drops MT and ACH files, and waits for each file's answer before it drops many more."""
        n, inbox = 0, self.folder / "bank" / "in"
        while not self.stop.is_set():
            count = self.random.randint(1, 200)
            if n % 2:
                name, data = (
                    f"f{n:06d}.ach",
                    samples.ach(
                        count,
                        ACCOUNTS,
                        first=n * 1_000,
                        modifier=chr(65 + n % 26),
                        time=f"{n // 26 % 24:02d}{n // 624 % 60:02d}",
                    ),
                )
            else:
                name, data = (
                    f"f{n:06d}.fin",
                    b"".join(samples.mt103(n * 1_000 + i, "SINK-USD", "S") for i in range(count)),
                )
            self.files[name] = count
            (inbox / f".{name}.part").write_bytes(data)
            (inbox / f".{name}.part").rename(inbox / name)
            n += 1
            while len(self.files) - self._answers() > 5 and not self.stop.is_set():
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.02)
        while self._answers() < len(self.files):
            await asyncio.sleep(0.05)

    def _answers(self) -> int:
        return sum(not p.name.startswith(".") for p in (self.folder / "bank" / "out").iterdir())

    async def _mqtt(self) -> None:
        """Publish with QoS 1; a reference counts as told once its event came out."""
        n = 0
        while not self.stop.is_set():
            with contextlib.suppress(aiomqtt.MqttError):
                async with aiomqtt.Client("127.0.0.1", self.mqtt_port, timeout=5) as client:
                    while not self.stop.is_set():
                        reference = f"MQTT-{n}"
                        body = {
                            "type": "transfer",
                            "debit_account": "FUND",
                            "credit_account": "SINK-USD",
                            "amount": "1.00",
                            "currency": "USD",
                            "reference": reference,
                        }
                        await client.publish("fos/in", json.dumps(body), qos=1)
                        self.asked.add(reference)
                        n += 1
                        await asyncio.sleep(0.01)


async def broker(port: int, folder: Path) -> asyncio.subprocess.Process | None:
    path = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    if path is None:
        return None
    config = folder / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nmax_queued_messages 0\n")
    process = await asyncio.create_subprocess_exec(
        path, "-c", str(config), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    await asyncio.sleep(0.3)
    return process


async def torture(folder: Path, cycles: int, seed: int) -> tuple[Peers, int]:
    random = Random(seed)
    fix, http, mqtt = free_port(), free_port(), free_port()
    mosquitto = await broker(mqtt, folder)
    ports = (fix, http, mqtt if mosquitto else 0)
    daemon = DaemonProcess(folder, routes(folder, *ports), {"LOG_LEVEL": "warning"})
    daemon.start()
    peers = Peers(folder, ports, random)
    work = asyncio.create_task(peers.run())
    try:
        for cycle in range(cycles):
            await asyncio.wait({work}, timeout=random.random() * 0.3)
            if work.done():
                work.result()
            daemon.kill()
            await asyncio.to_thread(daemon.start)
            if sys.stdout.isatty():
                print(f"\rcycle {cycle + 1} of {cycles}, {len(peers.acked)} acked", end="", flush=True)
        peers.stop.set()
        await asyncio.wait_for(work, DRAIN_S)
        await asyncio.sleep(1.0)  # what the broker still holds comes in
    finally:
        work.cancel()
        code = daemon.stop() if daemon.process is not None and daemon.process.poll() is None else 1
        if mosquitto is not None:
            mosquitto.terminate()
            await mosquitto.wait()
    return peers, code


def report(folder: Path, peers: Peers, code: int) -> int:
    """Count what is in the store against what was told."""
    with sqlite3.connect(f"file:{folder / 'financial-os.db'}?mode=ro", uri=True) as database:
        settled = Counter(
            r
            for (r,) in database.execute(
                "SELECT reference FROM payments WHERE status = 'ACSC' AND kind IN ('credit_transfer', 'order')"
                " AND debit <> '' AND message IN (SELECT id FROM messages WHERE endpoint <> 'bank')"
            )
        )
        by_file = dict(
            database.execute(
                "SELECT m.source, count(*) FROM payments p JOIN messages m ON m.id = p.message"
                " WHERE m.endpoint = 'bank' AND p.status = 'ACSC' GROUP BY m.source"
            ).fetchall()
        )
    lost = [r for r in peers.acked if settled[r] == 0]
    lost += [name for name, count in peers.files.items() if by_file.get(name, 0) < count]
    doubled = [r for r, count in settled.items() if count > 1]
    doubled += [name for name, count in peers.files.items() if by_file.get(name, 0) > count]
    doubled += [order for order, executions in peers.fix.reports.items() if len(executions) > 1]
    bank = folder / "bank"
    ended = Counter(
        p.name for place in ("done", "quarantine") for p in (bank / place).iterdir() if not p.name.endswith(".json")
    )
    astray = [name for name in peers.files if ended[name] != 1]
    conserved = _verify(folder)
    acked = len(peers.acked) + sum(peers.files.values())
    print(
        f"\nacked {acked}, lost {len(lost)}, doubled {len(doubled)}, files astray {len(astray)}, "
        f"books {'right' if conserved else 'WRONG'}, orderly stop exit {code}"
    )
    for name, found in (("lost", lost), ("doubled", doubled), ("astray", astray)):
        if found:
            print(f"  {name}: {found[:10]}")
    return 0 if not (lost or doubled or astray or code) and conserved and acked else 1


def _verify(folder: Path) -> bool:
    from gateway.store import open_store

    async def read() -> list[str]:
        store = open_store(f"sqlite:{folder / 'financial-os.db'}")
        try:
            return await store.verify()
        finally:
            await store.close()

    problems = asyncio.run(read())
    for problem in problems:
        print(problem)
    return not problems


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cycles", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", help="a folder to work in that is kept")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="financial-os-crash-") as name:
        folder = Path(options.keep or name)
        folder.mkdir(parents=True, exist_ok=True)
        peers, code = asyncio.run(torture(folder, options.cycles, options.seed))
        return report(folder, peers, code)


if __name__ == "__main__":
    sys.exit(main())
