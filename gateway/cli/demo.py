"""financial-os demo: a fictional bank with every door open, its sample traffic, and what came of it.

Each step sends one real message through one door and says what it expects; what came back is read from that
door. The exit code is 0 only if every outcome is the expected one.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import tempfile
import xml.etree.ElementTree as ElementTree  # reads only what the gateway itself wrote
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import aiomqtt

from gateway.cli.demo_peers import PATIENCE_S, Correspondent, FixClient, broker, free_port
from gateway.cli.operate import ask, control_path
from gateway.cli.serve import configure_logs, runner
from gateway.daemon import Daemon

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
Step = tuple[str, str, str, Callable[["Demo"], Awaitable[str]]]


class Demo:
    """A running demonstration: the daemon, its peers, and where they listen."""

    def __init__(
        self,
        daemon: Daemon,
        http: aiohttp.ClientSession,
        correspondent: Correspondent,
        folder: Path,
        ports: dict[str, int],
    ) -> None:
        self.daemon, self.http, self.correspondent, self.folder, self.ports = daemon, http, correspondent, folder, ports
        self.held = 0

    # -- doors, from the other side

    async def post(self, path: str, data: bytes, **headers: str) -> tuple[int, bytes]:
        kind = "application/json" if data[:1] == b"{" else "application/xml"
        url = f"http://127.0.0.1:{self.ports['http']}{path}"
        async with self.http.post(url, data=data, headers={"Content-Type": kind, **headers}) as response:
            return response.status, await response.read()

    async def get(self, path: str) -> Any:
        async with self.http.get(f"http://127.0.0.1:{self.ports['http']}{path}") as response:
            return await response.json()

    async def drop(self, name: str) -> Path:
        """Put an example into the bank's folder as a bank does: written aside, then renamed. Its answer's path."""
        bank = self.folder / "bank_x"
        before = set((bank / "out").glob("*"))
        aside = bank / "in" / f".{name}.part"
        aside.write_bytes((EXAMPLES / name).read_bytes())
        aside.rename(bank / "in" / name)
        found: Path = await until(
            lambda: next((path for path in sorted((bank / "out").glob("*")) if path not in before), None)
        )
        return found


async def until(found: Callable[[], Any]) -> Any:
    """Wait until something is there."""
    async with asyncio.timeout(PATIENCE_S):
        while not (value := found()):
            await asyncio.sleep(0.02)
    return value


def xml_statuses(data: bytes) -> str:
    """Group and transaction statuses of a pacs.002 or pain.002, with reasons, as one text."""
    kinds = ("GrpSts", "TxSts", "Cd")
    return " ".join(
        e.text or ""
        for e in ElementTree.fromstring(data).iter()  # noqa: S314
        if e.tag.rpartition("}")[2] in kinds
    )


# --- the steps ------------------------------------------------------------------------------------


async def rest_transfer(demo: Demo) -> str:
    await demo.post("/account", b'{"id": "DEMO-USD", "currency": "USD"}')
    body = {
        "debit_account": "BREEZE-USD",
        "credit_account": "DEMO-USD",
        "amount": "12.50",
        "currency": "USD",
        "reference": "REST-1",
    }
    code, _ = await demo.post("/transfer", json.dumps(body).encode(), **{"Idempotency-Key": "demo-1"})
    again, _ = await demo.post("/transfer", json.dumps(body).encode(), **{"Idempotency-Key": "demo-1"})
    balance = await demo.get("/balance/DEMO-USD")
    return f"{code} {again} balance {_balance(balance)}"


def _balance(answer: Any) -> str:
    positions = answer["balances"] if isinstance(answer, dict) else answer
    return str(positions[0]["balance"])


async def rest_overdraft(demo: Demo) -> str:
    body = {"debit_account": "DEMO-USD", "credit_account": "BREEZE-USD", "amount": "1000000.00", "currency": "USD"}
    _, data = await demo.post("/transfer", json.dumps(body).encode())
    answer = json.loads(data)
    return f"{answer.get('status_code') or answer.get('payment_status') or ''}{answer.get('reason', '')}"


async def iso_credit(demo: Demo) -> str:
    code, data = await demo.post("/iso20022", (EXAMPLES / "pacs.008.xml").read_bytes())
    await until(lambda: any(b"HARBOR-0001" in body for body in demo.correspondent.received.values()))
    return f"{code} {xml_statuses(data)}, pacs.008 sent on"


async def iso_held(demo: Demo) -> str:
    code, data = await demo.post("/iso20022", (EXAMPLES / "pacs.008-sanctioned.xml").read_bytes())
    demo.held = next(iter(demo.daemon.engine.state.held))
    return f"{code} {xml_statuses(data)}"


async def release(demo: Demo) -> str:
    request = {"op": "release", "payment": demo.held, "by": "j.doe", "because": "other company, checked by phone"}
    answer = await asyncio.to_thread(ask, control_path(demo.daemon.config), request)
    story = await demo.get(f"/payments/{demo.held}")
    return f"{(answer or {}).get('status')} then {story['status']}"


async def iso_broken(demo: Demo) -> str:
    code, data = await demo.post("/iso20022", (EXAMPLES / "pacs.008-broken.xml").read_bytes())
    return f"{code} {xml_statuses(data)[:4]}"


async def pain_repeated(demo: Demo) -> str:
    message = (EXAMPLES / "pain.001.xml").read_bytes()
    code, first = await demo.post("/iso20022", message)
    _, again = await demo.post("/iso20022", message)
    await until(lambda: any((demo.folder / "csm" / "out").glob("*.xml")))
    balance = await demo.get("/balance/DE23999900000000000101")
    same = "same answer" if first == again else "another answer"
    return f"{code} {xml_statuses(first)[:4]}, {same}, balance {_balance(balance)}"


async def mt103(demo: Demo) -> str:
    text = (await demo.drop("mt103.fin")).read_bytes()
    return (
        f"{text.count(b'{451:0}')} ACK, REJT {'AC03' if b'/AC03/' in text else 'AC01' if b'/AC01/' in text else 'none'}"
    )


async def mt202(demo: Demo) -> str:
    text = (await demo.drop("mt202.fin")).read_bytes()
    await until(lambda: any(b"pacs.009" in body for body in demo.correspondent.received.values()))
    return f"{text.count(b'{451:0}')} ACK, pacs.009 sent on"


async def ach(demo: Demo) -> str:
    text = (await demo.drop("payroll.ach")).read_text("ascii")
    returns = [line[3:6] for line in text.splitlines() if line[:3] == "799"]
    balance = await demo.get("/balance/1000002")
    return f"return file {' '.join(returns)}, balance {_balance(balance)}"


async def ach_wrong(demo: Demo) -> str:
    await demo.drop("payroll-wrong-total.ach")
    reason = await until(lambda: next((demo.folder / "bank_x" / "quarantine").glob("*.reason.json"), None))
    return " ".join(sorted({r["code"] for r in json.loads(reason.read_bytes())["refusals"]}))


async def fix_orders(demo: Demo) -> str:
    client = await FixClient.connect(demo.ports["fix"])
    bought = await client.order("DEMO-1", "1", "100000", "1.0842")
    refused = await client.order("DEMO-2", "1", "900000", "1.0842")
    client.send("V", "262=X\x01263=0\x01264=1\x01267=1\x01269=0\x01146=1\x0155=EUR/USD\x01")
    unsupported = await client.receive()
    await client.close()
    return f"39={bought.get('39')} 39={refused.get('39')} 35={unsupported.get('35')}"


async def mqtt_transfer(demo: Demo) -> str:
    async with aiomqtt.Client("127.0.0.1", demo.ports["mqtt"]) as client:
        await client.subscribe("financial-os/out/#", qos=1)
        await client.publish("financial-os/in", (EXAMPLES / "transfer.json").read_bytes(), qos=1)
        async with asyncio.timeout(PATIENCE_S):
            async for message in client.messages:
                if b"MQTT-1" in bytes(message.payload):
                    return "event out"
    return "no event"


async def books(demo: Demo) -> str:
    await demo.daemon.outbox.drained()
    problems = await demo.daemon.engine.store.verify()
    return "verified" if not problems else problems[0]


STEPS: tuple[Step, ...] = (
    ("REST", "open an account, transfer 12.50 twice under one Idempotency-Key", "201 201 balance 12.50", rest_transfer),
    ("REST", "transfer more than there is", "RJCTAM04", rest_overdraft),
    ("HTTP", "pacs.008 in, pacs.002 back, sent on to the correspondent", "200 ACSC ACSC, pacs.008 sent on", iso_credit),
    ("HTTP", "pacs.008 to a listed name", "202 PDNG PDNG RR04", iso_held),
    ("control", "a person releases the held payment", "ACSC then ACSC", release),
    ("HTTP", "pacs.008 with an amount that is none", "422 RJCT", iso_broken),
    (
        "HTTP",
        "SEPA pain.001 twice: once settled, twice answered",
        "200 ACSC, same answer, balance 18487.50",
        pain_repeated,
    ),
    ("folder", "a file of two MT 103, one to an unknown account", "2 ACK, REJT AC03", mt103),
    ("folder", "MT 202 between banks", "1 ACK, pacs.009 sent on", mt202),
    ("folder", "ACH payroll, one entry to an unknown account", "return file R03, balance 1720.50", ach),
    ("folder", "ACH file whose control total is wrong", "B06", ach_wrong),
    ("FIX", "order filled, order beyond the funds, unsupported message", "39=2 39=8 35=j", fix_orders),
    ("MQTT", "JSON transfer in, event out", "event out", mqtt_transfer),
    ("ledger", "read everything again: hash chain, conservation, balances", "verified", books),
)


# --- running --------------------------------------------------------------------------------------


def demo(options: argparse.Namespace) -> int:
    """Exit 0 only if every outcome is the expected one."""
    once = options.once or os.environ.get("ONCE") == "1" or os.environ.get("CI") == "true"
    configure_logs("ERROR")
    with contextlib.ExitStack() as stack:
        folder = Path(options.folder or stack.enter_context(tempfile.TemporaryDirectory(prefix="financial-os-demo-")))
        with runner() as loop:
            return loop.run(_demo(folder, once))


async def _demo(folder: Path, once: bool) -> int:
    async with _opened(folder) as demo:
        failed = await _play(demo)
        if not once:
            _invite(demo)
            await _until_interrupted()
    return 1 if failed else 0


@contextlib.asynccontextmanager
async def _opened(folder: Path) -> AsyncIterator[Demo]:
    folder.mkdir(parents=True, exist_ok=True)
    ports = {name: free_port() for name in ("fix", "http", "harbor", "mqtt")}
    correspondent = Correspondent()
    async with broker(ports["mqtt"], folder), aiohttp.ClientSession() as http:
        await correspondent.start(ports["harbor"])
        daemon = Daemon(EXAMPLES / "demo.yaml", {**os.environ, **_settings(folder, ports)})
        await daemon.start()
        try:
            yield Demo(daemon, http, correspondent, folder, ports)
        finally:
            await daemon.stop()
            await correspondent.stop()


def _settings(folder: Path, ports: dict[str, int]) -> dict[str, str]:
    """What the demonstration overrides in its configuration: free ports, a folder of its own."""
    http = f"127.0.0.1:{ports['http']}"
    return {
        "DATABASE_URL": f"sqlite:{folder / 'financial-os.db'}",
        "FINOS__ENDPOINTS__FIX_CLIENTS__LISTEN": f"127.0.0.1:{ports['fix']}",
        "FINOS__ENDPOINTS__ISO_IN__LISTEN": http,
        "FINOS__ENDPOINTS__API__LISTEN": http,
        "FINOS__ENDPOINTS__HARBOR_OUT__URL": f"http://127.0.0.1:{ports['harbor']}/iso20022",
        "FINOS__ENDPOINTS__EVENTS__PORT": str(ports["mqtt"]),
        "FINOS__ENDPOINTS__BANK_X__PATH": str(folder / "bank_x"),
        "FINOS__ENDPOINTS__CSM__PATH": str(folder / "csm"),
    }


async def _play(demo: Demo) -> int:
    failed = 0
    print(f"{'door':8} {'what happens':64} {'outcome'}")
    for door, what, expected, step in STEPS:
        try:
            got = await step(demo)
        except Exception as error:  # a step that breaks is an unexpected outcome, and the others still run
            got = f"{type(error).__name__}: {error}"
        good = got == expected
        failed += not good
        print(f"{door:8} {what:64} {'ok  ' + got if good else f'FAIL {got!r}, expected {expected!r}'}", flush=True)
    print(f"{len(STEPS) - failed} of {len(STEPS)} outcomes as expected")
    return failed


def _invite(demo: Demo) -> None:
    http = f"http://127.0.0.1:{demo.ports['http']}"
    print(f"""
serving until Ctrl-C:
  REST and ISO 20022   {http}/openapi.json  {http}/balance/BREEZE-USD  {http}/metrics
  FIX 4.4              127.0.0.1:{demo.ports["fix"]}  (you are CLIENT1, the gateway is FINOS)
  files                {demo.folder / "bank_x" / "in"}  ->  out, done, quarantine
  MQTT                 127.0.0.1:{demo.ports["mqtt"]}  financial-os/in  ->  financial-os/out
""")


async def _until_interrupted() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
