"""The daemon as its operator sees it: start, edit routes.yaml, reload, decide what is held, stop, start again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.cli.operate import ask, control_path
from gateway.daemon import Daemon
from tests.harness import free_port

LISTS = Path(__file__).resolve().parents[1] / "lists" / "demo"


def routes(port: int, more: str = "", store: str = "fos.db") -> str:
    return f"""
version: 1
store: sqlite:{store}
endpoints:
  api: {{adapter: http, format: json, listen: "127.0.0.1:{port}", api: true}}
accounts:
  open:
    - {{id: EQUITY, currency: USD, floor: none}}
    - {{id: A, currency: USD, balance: 100, from: EQUITY}}
    - {{id: B, currency: USD}}
policies:
  retail: {{screen: {{lists: [{LISTS}]}}, limits: {{USD: 50}}}}
routes:
{more}  - {{name: book, when: {{scheme: internal}}, check: retail, settle: {{debit: debtor, credit: creditor}}}}
  - {{name: default, refuse: {{reason: AG01, because: no route takes it}}}}
"""


class Client:
    """A REST caller of the daemon under test."""

    def __init__(self, port: int, http: aiohttp.ClientSession) -> None:
        self.url, self.http = f"http://127.0.0.1:{port}", http

    async def transfer(self, amount: str, key: str = "", **more: str) -> tuple[int, dict[str, Any]]:
        body = {"debit_account": "A", "credit_account": "B", "amount": amount, "currency": "USD", **more}
        headers = {"Idempotency-Key": key} if key else {}
        async with self.http.post(f"{self.url}/transfer", json=body, headers=headers) as response:
            return response.status, await response.json(content_type=None)

    async def get(self, path: str) -> Any:
        async with self.http.get(self.url + path) as response:
            return await response.json(content_type=None)

    async def balance(self, account: str) -> str:
        answer = await self.get(f"/balance/{account}")
        return str((answer["balances"] if isinstance(answer, dict) else answer)[0]["balance"])


@asynccontextmanager
async def running(path: Path, environ: dict[str, str] | None = None) -> AsyncIterator[Daemon]:
    daemon = Daemon(path, environ or {})
    await daemon.start()
    try:
        yield daemon
    finally:
        await daemon.stop()


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[tuple[Path, Client]]:
    port = free_port()
    path = tmp_path / "routes.yaml"
    path.write_text(routes(port))
    async with aiohttp.ClientSession() as http:
        yield path, Client(port, http)


async def test_balances_survive_a_restart(place: tuple[Path, Client]) -> None:
    path, client = place
    async with running(path):
        assert (await client.transfer("12.50"))[0] in (200, 201)
    async with running(path):
        assert await client.balance("B") == "12.50"
        assert await client.balance("A") == "87.50", "the opening balance is booked once"


async def test_a_key_used_twice_moves_money_once(place: tuple[Path, Client]) -> None:
    path, client = place
    async with running(path):
        first = await client.transfer("5.00", key="k1")
        assert await client.transfer("5.00", key="k1") == first
        assert (await client.transfer("6.00", key="k1"))[0] == 409
    async with running(path):
        assert await client.transfer("5.00", key="k1") == first, "also after a restart"
        assert await client.balance("B") == "5.00"


async def test_a_door_that_cannot_open_leaves_everything_as_it_was(place: tuple[Path, Client]) -> None:
    path, client = place
    async with running(path) as daemon:
        text = path.read_text()
        taken = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
        port = taken.sockets[0].getsockname()[1]
        more = (
            f'  fix: {{adapter: fix, format: fix, listen: "127.0.0.1:{port}", sessions: [{{target: C}}]}}\naccounts:\n'
        )
        path.write_text(text.replace("accounts:\n", more))
        [problem] = await daemon.reload()
        assert "in use" in problem
        assert "everything is as it was" in problem
        assert (daemon.engine.snapshot.generation, list(daemon.config.endpoints)) == (1, ["api"])
        assert (await client.transfer("1.00"))[0] in (200, 201)
        taken.close()
        await taken.wait_closed()
        assert await daemon.reload() == [], "the same file, once the address is free"
        secret = (
            "fix: {adapter: fix, format: fix, listen: 127.0.0.1:0, sessions: [{target: C, password: env:NOT_THERE}]}"
        )
        path.write_text(text.replace("endpoints:\n", f"endpoints:\n  {secret}\n"))
        [problem] = await daemon.reload()
        assert "NOT_THERE" in problem
        assert sorted(daemon.doors) == ["api", "control", "fix"]
        assert (await client.transfer("1.00"))[0] in (200, 201)


async def test_an_edit_takes_effect_between_two_batches(place: tuple[Path, Client]) -> None:
    path, client = place
    async with running(path) as daemon:
        assert (await client.transfer("1.00"))[0] in (200, 201)
        text = path.read_text()
        path.write_text(
            text.replace(
                "routes:\n",
                "routes:\n  - {name: none, when: {scheme: internal, amount: {lte: 10}}, refuse: {reason: TM01, because: closed}}\n",
            )
        )
        assert await daemon.reload() == []
        assert daemon.engine.snapshot.generation == 2
        assert (await client.transfer("1.00"))[1]["reason"] == "TM01"
        path.write_text(text)
        assert await daemon.reload() == []
        assert (await client.transfer("1.00"))[0] in (200, 201)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("scheme: internal", "schema: internal", "unknown key 'schema'"),
        ("check: retail", "check: retial", "retial"),
        ("adapter: http", "adapter: htp", "htp"),
        ("credit: creditor", "credit: creditor, credit: B", "credit"),
        ("USD: 50", "USD: fifty", "limits"),
        ("sqlite:fos.db", "sqlite:other.db", "store"),
        ("version: 1", "version: [1", "routes.yaml:"),
    ],
)
async def test_a_wrong_edit_changes_nothing_and_says_what_is_wrong(
    place: tuple[Path, Client], old: str, new: str, expected: str
) -> None:
    path, client = place
    async with running(path) as daemon:
        path.write_text(path.read_text().replace(old, new))
        problems = await daemon.reload()
        assert any(expected in problem for problem in problems), problems
        assert daemon.engine.snapshot.generation == 1
        assert (await client.transfer("1.00"))[0] in (200, 201)


async def test_a_test_that_fails_keeps_the_old_configuration(place: tuple[Path, Client]) -> None:
    path, _ = place
    (path.parent / "t.json").write_text(
        json.dumps(
            {"type": "transfer", "debit_account": "A", "credit_account": "B", "amount": "1.00", "currency": "USD"}
        )
    )
    async with running(path) as daemon:
        path.write_text(path.read_text() + "tests:\n  - {name: is refused, message: t.json, expect: {status: RJCT}}\n")
        [problem] = await daemon.reload()
        assert "expected status RJCT, found ACSC" in problem


async def test_a_new_endpoint_opens_and_a_removed_one_closes(place: tuple[Path, Client]) -> None:
    path, client = place
    async with running(path) as daemon:
        text, inbox = path.read_text(), path.parent / "drop"
        path.write_text(
            text.replace("endpoints:\n", f"endpoints:\n  bank: {{adapter: folder, format: json, path: {inbox}}}\n")
        )
        assert await daemon.reload() == []
        body = {"type": "transfer", "debit_account": "A", "credit_account": "B", "amount": "2.00", "currency": "USD"}
        (inbox / "in" / ".t.json.part").write_text(json.dumps(body))
        (inbox / "in" / ".t.json.part").rename(inbox / "in" / "t.json")
        async with asyncio.timeout(10):
            while not list((inbox / "out").glob("*")):
                await asyncio.sleep(0.02)
        assert await client.balance("B") == "2.00"
        path.write_text(text)
        assert await daemon.reload() == []
        assert "bank" not in daemon.doors


async def test_a_held_payment_waits_for_a_person_and_survives_a_restart(place: tuple[Path, Client]) -> None:
    path, client = place
    listed = {"creditor_name": "Obsidian Kestrel Shipping Ltd"}
    async with running(path):
        code, answer = await client.transfer("7.00", **listed)
        assert (code, answer["status"]) == (202, "PDNG")
        assert await client.balance("B") == "0.00"
    id = answer["payment_id"]
    async with running(path) as daemon:
        control = control_path(daemon.config)
        nobody = await asyncio.to_thread(ask, control, {"op": "release", "payment": id, "by": " ", "because": "x"})
        assert nobody is not None
        assert nobody["status"] == "RJCT"
        done = await asyncio.to_thread(
            ask, control, {"op": "release", "payment": id, "by": "j.doe", "because": "checked"}
        )
        assert done is not None
        assert done["status"] == "ACSC"
        assert await client.balance("B") == "7.00"
        story = await client.get(f"/payments/{id}")
        assert story["status"] == "ACSC"
        twice = await asyncio.to_thread(
            ask, control, {"op": "release", "payment": id, "by": "j.doe", "because": "again"}
        )
        assert twice is not None
        assert twice["status"] == "RJCT"
        assert await daemon.engine.store.verify() == []


async def test_a_rejected_payment_moves_nothing(place: tuple[Path, Client]) -> None:
    path, client = place
    async with running(path) as daemon:
        _, answer = await client.transfer("7.00", creditor_name="Obsidian Kestrel Shipping Ltd")
        request = {"op": "reject", "payment": answer["payment_id"], "by": "j.doe", "because": "confirmed"}
        await asyncio.to_thread(ask, control_path(daemon.config), request)
        assert (await client.get(f"/payments/{answer['payment_id']}"))["status"] == "RJCT"
        assert await client.balance("B") == "0.00"


async def test_above_the_limit_is_refused(place: tuple[Path, Client]) -> None:
    path, client = place
    async with running(path):
        assert (await client.transfer("50.01"))[1]["reason"] == "AM02"
        assert (await client.transfer("50.00"))[0] in (200, 201)


async def test_the_environment_overrides_what_it_names(place: tuple[Path, Client], tmp_path: Path) -> None:
    path, client = place
    environ = {"DATABASE_URL": f"sqlite:{tmp_path / 'else.db'}", "FINOS__POLICIES__RETAIL__LIMITS__USD": "3"}
    async with running(path, environ):
        assert (await client.transfer("3.01"))[1]["reason"] == "AM02"
    assert (tmp_path / "else.db").exists()
    assert not (tmp_path / "fos.db").exists()


async def test_operations_come_only_through_doors_that_may(place: tuple[Path, Client]) -> None:
    path, client = place
    async with running(path):
        _, held = await client.transfer("7.00", creditor_name="Obsidian Kestrel Shipping Ltd")
        body = {"type": "operation", "op": "release", "payment": held["payment_id"], "by": "mallory", "because": "hm"}
        async with client.http.post(client.url + "/transfer", json=body) as response:
            assert response.status >= 400
        assert await client.balance("B") == "0.00"
