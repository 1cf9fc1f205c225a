"""The whole way over sockets: a client's order, a venue that fills it in parts, a daemon that restarts in between."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from gateway.daemon import Daemon
from tests.fix_peer import FixPeer
from tests.harness import free_port

ROUTES = """
version: 1
store: sqlite:fos.db
endpoints:
  clients: {{adapter: fix, format: fix, listen: "127.0.0.1:{clients}", sessions: [{{target: CLIENT1}}]}}
  venue: {{adapter: fix, format: fix, listen: "127.0.0.1:{venue}", sessions: [{{target: VENUE}}]}}
accounts:
  open:
    - {{id: HOUSE-EUR, currency: EUR, floor: none}}
    - {{id: HOUSE-USD, currency: USD, floor: none}}
    - {{id: CLIENT1-EUR, currency: EUR, floor: none}}
    - {{id: CLIENT1-USD, currency: USD, floor: none}}
routes:
  - name: fx
    when: {{kind: order}}
    settle: {{client: "{{session}}-{{currency}}", principal: "HOUSE-{{currency}}"}}
    send: {{to: venue, as: FIX.4.4/D}}
  - {{name: default, refuse: {{reason: AG01, because: no route takes it}}}}
"""


class Peer(FixPeer):
    """Remembers the orders that it is sent, and answers a Logout."""

    def __init__(self, port: int, sender: str) -> None:
        super().__init__(port, sender)
        self.orders: list[str] = []

    def _handle(self, kind: str, fields: dict[str, str]) -> None:
        super()._handle(kind, fields)
        if kind == "D":
            self.orders.append(fields["11"])
        elif kind == "5":
            self._admin("5", "")

    def fill(self, name: str, id: str, quantity: int, left: int) -> None:
        self._send(
            "8",
            f"37=V1\x0111={name}\x0117={id}\x01150=F\x0139={1 if left else 2}\x0155=EUR/USD\x0154=1\x0132={quantity}\x01"
            f"31=1.10\x01151={left}\x0114={1000 - left}\x016=1.1\x01",
        )


async def until(condition: object) -> None:
    assert callable(condition)
    for _ in range(400):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come about")


async def test_an_order_goes_to_the_venue_and_its_fills_come_back(tmp_path: Path) -> None:
    ports = {"clients": free_port(), "venue": free_port()}
    path = tmp_path / "routes.yaml"
    path.write_text(ROUTES.format(**ports))
    client, venue = Peer(ports["clients"], "CLIENT1"), Peer(ports["venue"], "VENUE")
    daemon = Daemon(path, {})
    await daemon.start()
    peers = [asyncio.create_task(peer.run()) for peer in (client, venue)]
    try:
        await client.logged_on.wait()
        client.order("A", "1", "1000", "1.2")
        await until(lambda: venue.orders)
        [name] = venue.orders
        venue.fill(name, "E1", 400, 600)
        await until(lambda: len(client.reports.get("A", ())) == 2)
        assert client.statuses["A"] == "1"
        await daemon.stop()
        daemon = Daemon(path, {})
        await daemon.start()
        await venue.logged_on.wait()
        venue.fill(name, "E1", 400, 600)
        venue.fill(name, "E2", 600, 0)
        await until(lambda: client.statuses["A"] == "2")
        rows = {row.account: row.balance_minor for row in daemon.engine.state.ledger.rows("CLIENT1-EUR")}
        assert rows == {"CLIENT1-EUR": 100_000}
        assert len(client.reports["A"]) == 3
        assert venue.orders == [name]
        assert not client.rejects
        assert not venue.rejects
        assert await daemon.engine.store.verify() == []
    finally:
        for peer in peers:
            peer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await peer
        await daemon.stop()
