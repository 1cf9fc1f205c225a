"""The REST interface: accounts, transfers, questions, OpenAPI."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from adapters.http.rest import TOOLS_MAX
from gateway.formats.json import FORMAT
from gateway.model import Address, Operation, Payment, Status
from tests.adapters.conftest import OpenHttp
from tests.adapters.desk import FakeDesk, replies, settled
from tests.adapters.wire import Reply, ask
from tests.support import ROOT

TRANSFER = {"debit_account": "ALICE", "credit_account": "BOB", "amount": "12.50", "currency": "EUR", "reference": "R-1"}


def rejected(record: Any, number: int) -> Status:
    return Status("RJCT", record, number, "AM04", "the account holds too little", "insufficient-funds", "$")


def held(record: Any, number: int) -> Status:
    return Status("PDNG", record, number, "RR04", "held for review", "sanctions-hit", "$")


def desk_that(decide: Any = settled) -> FakeDesk:
    return FakeDesk(reply=replies(FORMAT, decide))


async def post(port: int, path: str, body: object, **headers: str) -> Reply:
    return await ask(port, "POST", path, json.dumps(body).encode(), **headers)


async def test_a_transfer_is_made(open_http: OpenHttp) -> None:
    desk = desk_that()
    door = await open_http(desk, api=True)
    reply = await post(door.port, "/transfer", TRANSFER)
    assert (reply.status, reply.headers["location"]) == (201, "/payments/1")
    assert reply.json() == {"status": "ACSC", "payment_id": 1, "reference": "R-1"}
    assert desk.committed[0].type == "transfer"
    [payment] = FORMAT.decode(desk.committed[0].data, "transfer").records
    assert isinstance(payment, Payment)


async def test_a_key_makes_a_transfer_once(open_http: OpenHttp) -> None:
    desk = desk_that()
    door = await open_http(desk, api=True)
    first, again = [await post(door.port, "/transfer", TRANSFER, Idempotency_Key="k") for _ in range(2)]
    assert (again.status, again.body, again.headers["location"]) == (201, first.body, first.headers["location"])
    assert again.headers["idempotent-replayed"] == "true"
    other = await post(door.port, "/transfer", {**TRANSFER, "amount": "13"}, Idempotency_Key="k")
    assert (other.status, other.json()["code"]) == (409, "idempotency-key-reused")
    assert len(desk.committed) == 1


@pytest.mark.parametrize("decide", [held, rejected])
async def test_what_was_not_made_is_replayed_alike(open_http: OpenHttp, decide: Any) -> None:
    door = await open_http(desk_that(decide), api=True)
    first, again = [await post(door.port, "/transfer", TRANSFER, Idempotency_Key="k") for _ in range(2)]
    assert (again.status, again.body) == (first.status, first.body)


async def test_a_held_transfer_is_accepted(open_http: OpenHttp) -> None:
    door = await open_http(desk_that(held), api=True)
    reply = await post(door.port, "/transfer", TRANSFER)
    assert (reply.status, reply.headers["location"], reply.json()["status"]) == (202, "/payments/1", "PDNG")


async def test_a_rejected_transfer_is_a_problem(open_http: OpenHttp) -> None:
    door = await open_http(desk_that(rejected), api=True)
    reply = await post(door.port, "/transfer", TRANSFER)
    assert reply.headers["content-type"].startswith("application/problem+json")
    assert (reply.status, reply.json()) == (
        422,
        {
            "type": "urn:financial-os:refusal:insufficient-funds",
            "title": "The message was refused",
            "status": 422,
            "detail": "the account holds too little",
            "code": "insufficient-funds",
            "payment_status": "RJCT",
            "reason": "AM04",
            "place": "$",
            "payment_id": 1,
        },
    )


@pytest.mark.parametrize(
    ("change", "status", "code", "place"),
    [
        ({"amount": "-1"}, 422, "negative-amount", "$.amount"),
        ({"amount": "0"}, 422, "zero-amount", "$.amount"),
        ({"amount": "1234567890123456789"}, 422, "amount-too-large", "$.amount"),
        ({"amount": 12.5}, 422, "bad-amount", "$.amount"),
        ({"currency": "EUX"}, 422, "unknown-currency", "$.currency"),
        ({"reference": 7}, 400, "json-field", "$.reference"),
        ({"memo": "x"}, 400, "json-field", "$.memo"),
        ({"type": "account"}, 400, "json-type", "$.type"),
    ],
)
async def test_a_wrong_transfer_says_where(
    open_http: OpenHttp, change: dict[str, object], status: int, code: str, place: str
) -> None:
    door = await open_http(desk_that(), api=True)
    reply = await post(door.port, "/transfer", {**TRANSFER, **change})
    assert (reply.status, reply.json()["code"], reply.json()["place"]) == (status, code, place)


async def test_what_is_not_json_is_a_400(open_http: OpenHttp) -> None:
    door = await open_http(desk_that(), api=True)
    for body in (b"{", b"\xff", b"[" * 100_000, b"null"):
        reply = await ask(door.port, "POST", "/transfer", body)
        assert (reply.status, reply.json()["status"]) == (400, 400)


async def test_transfers_in_an_array_are_each_answered(open_http: OpenHttp) -> None:
    door = await open_http(desk_that(), api=True)
    reply = await post(door.port, "/transfer", [TRANSFER, {**TRANSFER, "amount": "0"}])
    assert reply.status == 200
    assert [result["status"] for result in reply.json()["results"]] == ["ACSC", "RJCT"]


async def test_an_account_is_opened(open_http: OpenHttp) -> None:
    desk = desk_that()
    door = await open_http(desk, api=True)
    reply = await post(door.port, "/account", {"id": "A/1", "currency": "EUR"})
    assert (reply.status, reply.headers["location"]) == (201, "/balance/A%2F1")
    [operation] = FORMAT.decode(desk.committed[0].data, desk.committed[0].type).records
    assert isinstance(operation, Operation)


# --- questions ------------------------------------------------------------------------------------


async def test_a_statement_is_the_message_itself(open_http: OpenHttp) -> None:
    desk = desk_that()
    desk.queries.balances["A"] = []
    door = await open_http(desk, api=True)
    found = await ask(door.port, "GET", "/statement/A?date=2026-03-02&as=camt.053.001.08&currency=EUR")
    assert (found.status, found.body) == (200, b"2026-03-02 camt.053.001.08 EUR")
    assert found.headers["content-type"].startswith("application/xml")
    for path, status, code in (
        ("A", 422, "which-currency"),
        ("A?date=never", 400, "bad-date"),
        ("NONE", 404, "unknown-account"),
    ):
        refused = await ask(door.port, "GET", f"/statement/{path}")
        assert (refused.status, refused.json()["code"]) == (status, code)


async def test_balances_and_transactions(open_http: OpenHttp) -> None:
    desk = FakeDesk()
    desk.queries.balances["A/1"] = [{"account": "A/1", "currency": "EUR", "balance": "12.50"}]
    desk.queries.movements["A/1"] = [{"id": n} for n in range(1, 6)]
    door = await open_http(desk, api=True)
    assert (await ask(door.port, "GET", "/balance/A%2F1")).json() == {
        "account": "A/1",
        "balances": desk.queries.balances["A/1"],
    }
    found = (await ask(door.port, "GET", "/transactions/A%2F1?after=2&limit=2")).json()
    assert [row["id"] for row in found["transactions"]] == [3, 4]
    for path in ("/balance/NONE", "/transactions/NONE", "/balance/", "/balance/%00"):
        reply = await ask(door.port, "GET", path)
        assert (reply.status, reply.json()["code"]) == (404, "unknown-account")


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=1001", "limit=x", "limit=", "after=-1", "after=x", "after=99999999999999999999", "limit=%C2%B2"],
)
async def test_a_page_is_a_page(open_http: OpenHttp, query: str) -> None:
    desk = FakeDesk()
    desk.queries.movements["A"] = []
    door = await open_http(desk, api=True)
    assert (await ask(door.port, "GET", f"/transactions/A?{query}")).status == 400


async def test_a_payment_tells_its_story(open_http: OpenHttp) -> None:
    desk = FakeDesk()
    desk.queries.stories[7] = {"id": 7, "status": "ACSC"}
    door = await open_http(desk, api=True)
    assert (await ask(door.port, "GET", "/payments/7")).json() == {"id": 7, "status": "ACSC"}
    for id in ("8", "x", "-7", "0", "9" * 30, "7/x", "%C2%B2"):
        assert (await ask(door.port, "GET", f"/payments/{id}")).status == 404, id


async def test_metrics_are_for_known_callers(open_http: OpenHttp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "secret")
    desk = FakeDesk()
    desk.queries.balances["A"] = []
    door = await open_http(desk, api=True, tokens={"shop": "env:TOKEN"})
    for path in ("/metrics", "/balance/A", "/transactions/A", "/payments/1"):
        assert (await ask(door.port, "GET", path)).status == 401
    reply = await ask(door.port, "GET", "/metrics", Authorization="Bearer secret")
    assert (reply.status, reply.body) == (200, b"fos_messages_total 1.0\n")


async def test_the_interface_can_stand_below_a_path(open_http: OpenHttp) -> None:
    door = await open_http(desk_that(), api=True, path="/v1")
    reply = await post(door.port, "/v1/transfer", TRANSFER)
    assert (reply.status, reply.headers["location"]) == (201, "/v1/payments/1")
    assert (await ask(door.port, "GET", "/v1/openapi.json")).json()["servers"] == [{"url": "/v1"}]


# --- OpenAPI --------------------------------------------------------------------------------------


async def test_the_document_describes_what_is_served(open_http: OpenHttp) -> None:
    door = await open_http(desk_that(), api=True)
    document = (await ask(door.port, "GET", "/openapi.json")).json()
    assert document["openapi"] == "3.1.0"
    served = {
        path.replace("{account_id}", "A").replace("{id}", "1"): methods for path, methods in document["paths"].items()
    }
    for path, methods in served.items():
        for method in methods:
            assert (await ask(door.port, method.upper(), path, b"{}")).status != 405, path
    assert refers(document) <= {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}


def refers(node: Any) -> set[str]:
    """Every reference in a document."""
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*(refers(value) for value in node.values()))
    return set().union(*(refers(value) for value in node)) if isinstance(node, list) else set()


REPAIR = {
    "op": "repair",
    "payment": 17,
    "addresses": {"creditor": {"town": "Paris", "country": "FR", "lines": ["Door 3"]}},
    "by": "j.doe",
    "because": "asked the sender",
}


async def test_a_held_payment_is_decided_about(open_http: OpenHttp) -> None:
    desk = desk_that()
    door = await open_http(desk, api=True)
    reply = await post(door.port, "/decision", REPAIR)
    assert (reply.status, reply.headers["location"]) == (201, "/payments/17")
    [operation] = FORMAT.decode(desk.committed[0].data, desk.committed[0].type).records
    assert isinstance(operation, Operation)
    assert operation.addresses == (("creditor", Address(town="Paris", country="FR", lines=("Door 3",))),)


async def test_a_payment_is_recalled(open_http: OpenHttp) -> None:
    desk = desk_that()
    door = await open_http(desk, api=True)
    recall = {"op": "recall", "payment": 17, "reason": "DUPL", "by": "j.doe", "because": "sent twice"}
    assert (await post(door.port, "/decision", recall)).status == 201
    [operation] = FORMAT.decode(desk.committed[0].data, desk.committed[0].type).records
    assert isinstance(operation, Operation)
    assert (operation.kind, operation.reason) == ("recall", "DUPL")
    missing = await post(door.port, "/decision", {**recall, "reason": ""})
    assert (missing.status, missing.json()["place"]) == (400, "$.reason")


@pytest.mark.parametrize(
    "change",
    [
        {"addresses": {}},
        {"op": "release"},
        {"addresses": {"nobody": {"town": "Paris", "country": "FR"}}},
        {"addresses": {"creditor": {"town": "Paris", "country": "France"}}},
        {"addresses": {"creditor": {"town": "Paris"}}},
        {"addresses": {"creditor": {"town": "Paris", "country": "FR", "lines": ["1", "2", "3"]}}},
    ],
)
async def test_a_decision_that_is_none_says_where(open_http: OpenHttp, change: dict[str, Any]) -> None:
    door = await open_http(desk_that(), api=True)
    reply = await post(door.port, "/decision", {**REPAIR, **change})
    assert reply.status in (400, 422)
    assert "addresses" in reply.json()["place"]


# --- files that nobody posts --------------------------------------------------------------------------------------


async def tool(port: int, path: str, data: bytes) -> Reply:
    return await ask(port, "POST", "/tools/ach/" + path, data)


async def test_tools_on_files(open_http: OpenHttp) -> None:
    door = await open_http(desk_that(), api=True)
    file = (ROOT / "examples" / "payroll.ach").read_bytes()
    assert (await tool(door.port, "validate", file)).json() == {"accepted": True, "errors": []}
    form = await tool(door.port, "json", file)
    assert (await tool(door.port, "from-json", form.body)).body == file
    assert (await tool(door.port, "flatten", file)).body.startswith(b"101")
    back = await tool(door.port, "return?code=R03", file)
    assert back.status == 200
    assert b"799R03" in back.body
    split = (await tool(door.port, "segment", file)).status
    assert split == 200


async def test_what_is_wrong_with_a_file_is_told(open_http: OpenHttp) -> None:
    door = await open_http(desk_that(), api=True)
    file = (ROOT / "examples" / "payroll-wrong-total.ach").read_bytes()
    reply = await tool(door.port, "merge", file)
    assert (reply.status, reply.json()["code"]) == (422, "B06")
    assert reply.json()["errors"][0]["place"].startswith("line 9")
    verdict = (await tool(door.port, "validate", file)).json()
    assert (verdict["accepted"], verdict["errors"][0]["code"]) == (False, "B06")
    for path, data in (("return?code=X", file), ("from-json", b"["), ("merge?lines_max=-1", b"")):
        right = (ROOT / "examples" / "payroll.ach").read_bytes()
        reply = await tool(door.port, path, data if path == "from-json" else right)
        assert (reply.status, reply.json()["code"]) == (422, "bad-option"), path
    assert (await tool(door.port, "post", file)).status == 404


async def test_only_so_many_files_are_held_for_tools(open_http: OpenHttp, monkeypatch: pytest.MonkeyPatch) -> None:
    desk, go_on = desk_that(), asyncio.Event()

    async def slow(*said: Any) -> list[Any]:
        await go_on.wait()
        return []

    monkeypatch.setattr(desk.queries, "tool", slow)
    door = await open_http(desk, api=True)
    waiting = [asyncio.create_task(tool(door.port, "json", b"x")) for _ in range(TOOLS_MAX)]
    await asyncio.sleep(0.2)
    assert (await tool(door.port, "json", b"x")).status == 503
    go_on.set()
    assert {reply.status for reply in await asyncio.gather(*waiting)} == {200}
    assert (await tool(door.port, "json", b"x")).status == 200
