"""An order on its way: a client, our daemon, a venue that we dial (another daemon), and back again."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from gateway.cli.operate import ask
from tests.fix_peer import FixPeer
from tests.harness import DaemonProcess, free_port

VENUE = """
version: 1
store: sqlite:fos.db
endpoints:
  clients: {{adapter: fix, format: fix, listen: "127.0.0.1:{venue}", sessions: [{{target: BROKER, sender: VENUE}}]}}
accounts:
  open:
    - {{id: HOUSE-EUR, currency: EUR, floor: none}}
    - {{id: HOUSE-USD, currency: USD, floor: none}}
    - {{id: BROKER-EUR, currency: EUR, floor: none}}
    - {{id: BROKER-USD, currency: USD, floor: none}}
routes:
  - {{name: fx, when: {{kind: order}}, settle: {{client: "{{session}}-{{currency}}", principal: "HOUSE-{{currency}}"}}}}
  - {{name: default, refuse: {{reason: AG01, because: no route takes it}}}}
"""
BROKER = """
version: 1
store: sqlite:fos.db
endpoints:
  clients: {{adapter: fix, format: fix, listen: "127.0.0.1:{clients}", sessions: [{{target: CLIENT1}}]}}
  venue:
    {{adapter: fix, format: fix, connect: ["127.0.0.1:{venue}"], reconnect_s: 0.1, reconnect_max_s: 0.2,
     sessions: [{{target: VENUE, sender: BROKER}}]}}
accounts:
  open:
    - {{id: VENUE-EUR, currency: EUR, floor: none}}
    - {{id: VENUE-USD, currency: USD, floor: none}}
    - {{id: CLIENT1-EUR, currency: EUR}}
    - {{id: FUNDING, currency: USD, floor: none}}
    - {{id: CLIENT1-USD, currency: USD, balance: 100_000, from: FUNDING}}
routes:
  - name: at-the-venue
    when: {{kind: order}}
    settle: {{client: "{{session}}-{{currency}}", principal: "VENUE-{{currency}}"}}
    send: {{to: venue, as: FIX.4.4/D}}
  - {{name: default, refuse: {{reason: AG01, because: no route takes it}}}}
"""


def balance(daemon: DaemonProcess, account: str) -> str:
    rows: Any = ask(daemon.folder / "control.sock", {"op": "balance", "account": account})
    return str(rows[0]["balance"])


async def until(condition: Any) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.02)


@pytest.mark.slow
async def test_orders_are_worked_at_the_venue_and_settle_once_on_every_side(tmp_path: Path) -> None:
    ports = {"venue": free_port(), "clients": free_port()}
    daemons = []
    for name, routes in (("venue", VENUE), ("broker", BROKER)):
        (tmp_path / name).mkdir()
        daemons.append(DaemonProcess(tmp_path / name, routes.format(**ports)))
        daemons[-1].start()
    venue, broker = daemons
    client = FixPeer(ports["clients"], "CLIENT1")
    running = asyncio.create_task(client.run())
    try:
        await asyncio.wait_for(client.logged_on.wait(), 20)
        for number in range(20):
            client.order(f"O{number}", "1", "100", "1.1000")
        await until(lambda: sum(status == "2" for status in client.statuses.values()) == 20)
        for daemon in (broker, venue):  # whoever is killed, nothing is bought twice
            daemon.kill()
            client.order(f"K{daemon.folder.name}", "1", "100", "1.1000")
            daemon.start()
        await until(lambda: sum(status == "2" for status in client.statuses.values()) == 22)
        assert await asyncio.to_thread(balance, broker, "CLIENT1-EUR") == "2200.00"
        assert await asyncio.to_thread(balance, broker, "CLIENT1-USD") == "97580.00"
        assert await asyncio.to_thread(balance, venue, "BROKER-EUR") == "2200.00"
        assert not client.rejects
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        for daemon in daemons:
            if daemon.process is not None and daemon.process.poll() is None:
                daemon.kill()
