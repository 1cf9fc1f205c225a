"""The HTTP door: messages in, callers, sharing an address, stopping."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from adapters import http
from gateway.model import Money, Payment, Refusal, Status
from gateway.ports import Frame, Inbound, Outcome
from tests.adapters.conftest import OpenHttp
from tests.adapters.desk import FakeDesk, refused
from tests.adapters.waiting import until
from tests.adapters.wire import Wire, ask, request

PAYMENT = Payment("credit_transfer", Money("EUR", 1))
XML = Frame(b"<Document/>", "pacs.002.001.10", ".xml", "application/xml")


async def test_a_message_is_answered_in_the_response(open_http: OpenHttp) -> None:
    desk = FakeDesk()
    door = await open_http(desk, path="/iso20022")
    reply = await ask(door.port, "POST", "/iso20022", b"<Document/>")
    assert (reply.status, reply.body, reply.headers["content-type"]) == (200, b"accepted 1", "text/plain")
    [inbound] = desk.committed
    assert (inbound.endpoint, inbound.data, inbound.source, inbound.key) == ("web", b"<Document/>", "127.0.0.1", "")


async def test_requests_follow_each_other_on_a_connection(open_http: OpenHttp) -> None:
    door = await open_http(FakeDesk())
    wire = await Wire.connect(door.port)
    for number in range(3):
        await wire.send(request("POST", "/", b"%d" % number))
        assert (await wire.reply()).status == 200
    await wire.send(request("POST", "/", b"a") + request("POST", "/", b"b"))
    assert [(await wire.reply()).body for _ in "ab"] == [b"accepted 4", b"accepted 5"]
    wire.close()


async def test_a_body_in_chunks_is_one_message(open_http: OpenHttp) -> None:
    desk = FakeDesk()
    door = await open_http(desk)
    wire = await Wire.connect(door.port)
    await wire.send(b"POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
    await wire.send(b"2\r\nde\r\n0\r\n\r\n")
    assert (await wire.reply()).status == 200
    assert desk.committed[0].data == b"abcde"
    wire.close()


async def test_a_caller_may_wait_to_be_asked_for_the_body(open_http: OpenHttp) -> None:
    desk = FakeDesk()
    door = await open_http(desk)
    wire = await Wire.connect(door.port)
    await wire.send(b"POST / HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
    assert (await wire.reply()).status == 100
    await wire.send(b"abc")
    assert (await wire.reply()).status == 200
    wire.close()
    assert (await ask(door.port, "POST", "/", b"", Expect="tea")).status in (400, 417)


# --- what became of a message ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (Outcome(1, [XML], [Status("ACSC", PAYMENT, 5)]), 200),
        (Outcome(1, [XML], [Status("RJCT", PAYMENT, 5)]), 200),
        (Outcome(1, [XML], [Status("ACSC", PAYMENT, 4), Status("PDNG", PAYMENT, 5)]), 202),
        (Outcome(1, [XML], refusals=[Refusal("XSD", "FF01", "line 3", "no")]), 422),
        (Outcome(1, [], refusals=[Refusal("unknown-format", "FF01", "byte 0", "no")]), 400),
        (Outcome(1, [XML], refusals=[Refusal("message-id-reused", "DUPL", "MsgId", "no")]), 409),
        (Outcome(1, [], [Status("ACSC", PAYMENT, 5)]), 204),
    ],
    ids=["settled", "rejected", "held", "refused", "unreadable", "conflict", "no answer"],
)
async def test_the_status_says_what_became_of_it(open_http: OpenHttp, outcome: Outcome, status: int) -> None:
    door = await open_http(FakeDesk(reply=lambda number, inbound: outcome))
    reply = await ask(door.port, "POST", "/", b"x")
    assert reply.status == status
    assert (reply.headers.get("location") == "/payments/5") == (status == 202)
    if status in (400, 409):
        assert reply.headers["content-type"].startswith("application/problem+json")
        assert reply.json()["refusals"][0]["code"] == outcome.refusals[0].code
        assert reply.json()["status"] == status
    elif status != 204:
        assert (reply.body, reply.headers["content-type"]) == (b"<Document/>", "application/xml")


async def test_several_answers_come_as_parts(open_http: OpenHttp) -> None:
    frames = [XML, Frame(b"--answer-0 inside", "MT103", ".fin", "text/plain")]
    door = await open_http(FakeDesk(reply=lambda number, inbound: Outcome(1, frames)))
    reply = await ask(door.port, "POST", "/", b"x")
    assert reply.headers["content-type"] == "multipart/mixed; boundary=answer-1"
    assert reply.body.count(b"--answer-1") == 3


async def test_a_key_replays_the_first_answer(open_http: OpenHttp) -> None:
    desk = FakeDesk()
    door = await open_http(desk)
    first = await ask(door.port, "POST", "/", b"x", Idempotency_Key="k1")
    again = await ask(door.port, "POST", "/", b"x", Idempotency_Key="k1")
    assert (again.status, again.body) == (first.status, first.body)
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    other = await ask(door.port, "POST", "/", b"y", Idempotency_Key="k1")
    assert (other.status, other.json()["code"]) == (409, "idempotency-key-reused")
    assert len(desk.committed) == 1


async def test_a_refusal_is_replayed_too(open_http: OpenHttp) -> None:
    door = await open_http(FakeDesk(reply=refused))
    replies = [await ask(door.port, "POST", "/", b"x", Idempotency_Key="k") for _ in range(2)]
    assert [(r.status, r.body) for r in replies] == [(422, b"refused")] * 2


@pytest.mark.parametrize("key", ["", "k" * 256, "\xe9", " "])
async def test_a_key_is_short_and_plain(open_http: OpenHttp, key: str) -> None:
    desk = FakeDesk()
    door = await open_http(desk)
    assert (await ask(door.port, "POST", "/", b"x", Idempotency_Key=key)).status == 400
    assert not desk.committed


# --- requests that are no messages ----------------------------------------------------------------


async def test_what_is_not_there_is_a_problem(open_http: OpenHttp) -> None:
    door = await open_http(FakeDesk(), path="/in")
    for method, path, status, code in (
        ("POST", "/", 404, "no-such-path"),
        ("POST", "/in/", 404, "no-such-path"),
        ("GET", "/in", 405, "no-such-method"),
        ("POST", "/in", 400, "empty-message"),
        ("POST", "/../in", 404, "no-such-path"),
    ):
        reply = await ask(door.port, method, path)
        assert (reply.status, reply.json()["code"]) == (status, code), path
        assert reply.headers["content-type"].startswith("application/problem+json")
    assert (await ask(door.port, "GET", "/in")).headers["allow"] == "POST"


async def test_web_pages_cannot_order_anything(open_http: OpenHttp) -> None:
    desk = FakeDesk()
    door = await open_http(desk)
    reply = await ask(door.port, "POST", "/", b"x", Origin="http://evil.example")
    assert (reply.status, reply.json()["code"]) == (403, "browser-origin")
    assert not desk.committed


async def test_compressed_bodies_are_not_opened(open_http: OpenHttp) -> None:
    desk = FakeDesk()
    door = await open_http(desk)
    assert (await ask(door.port, "POST", "/", b"x" * 50, Content_Encoding="gzip")).status == 415
    assert not desk.committed


async def test_a_failure_of_ours_is_a_problem(open_http: OpenHttp) -> None:
    def broken(number: int, inbound: Inbound) -> Outcome:
        return None  # type: ignore[return-value]  # a bug

    door = await open_http(FakeDesk(reply=broken))
    reply = await ask(door.port, "POST", "/", b"x")
    assert (reply.status, reply.json()["code"]) == (500, "internal")
    assert b"Traceback" not in reply.body


async def test_a_store_that_fails_is_said(open_http: OpenHttp) -> None:
    desk = FakeDesk()
    desk.failing = True
    door = await open_http(desk)
    reply = await ask(door.port, "POST", "/", b"x")
    assert (reply.status, reply.json()["code"]) == (503, "store-failed")


async def test_no_room_turns_callers_away(open_http: OpenHttp) -> None:
    desk = FakeDesk()
    desk.fill()
    door = await open_http(desk, room_s=0.05)
    reply = await ask(door.port, "POST", "/", b"x")
    assert (reply.status, reply.headers["retry-after"]) == (503, "1")
    waiting = asyncio.create_task(ask(door.port, "POST", "/", b"x"))
    desk.empty()
    assert (await waiting).status in (200, 503)


# --- tokens ---------------------------------------------------------------------------------------


async def test_only_known_callers_are_served(open_http: OpenHttp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN_A", "secret-a")
    monkeypatch.setenv("TOKEN_B", "secret-b")
    desk = FakeDesk()
    door = await open_http(desk, tokens={"shop": "env:TOKEN_A", "till": "env:TOKEN_B"})
    for header in (None, "Bearer wrong", "Bearer ", "Basic secret-a", "secret-a", "Bearer secret-a2", "Bearer \xff"):
        headers = {} if header is None else {"Authorization": header}
        reply = await ask(door.port, "POST", "/", b"x", **headers)
        assert (reply.status, reply.headers["www-authenticate"]) == (401, "Bearer"), header
    assert not desk.committed
    assert (await ask(door.port, "POST", "/", b"x", Authorization="Bearer secret-b")).status == 200
    assert desk.committed[0].session == "till"


async def test_keys_of_callers_are_apart(open_http: OpenHttp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN_A", "secret-a")
    monkeypatch.setenv("TOKEN_B", "secret-b")
    door = await open_http(FakeDesk(), tokens={"shop": "env:TOKEN_A", "till": "env:TOKEN_B"})
    first = await ask(door.port, "POST", "/", b"x", Authorization="Bearer secret-a", Idempotency_Key="k")
    other = await ask(door.port, "POST", "/", b"y", Authorization="Bearer secret-b", Idempotency_Key="k")
    assert (first.status, other.status) == (200, 200)


async def test_a_secret_that_is_not_there_stops_the_start(open_http: OpenHttp) -> None:
    with pytest.raises(ValueError, match="env:NOT_SET is empty or not set"):
        await open_http(FakeDesk(), tokens={"shop": "env:NOT_SET"})


# --- addresses ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings",
    [
        {"listen": "0.0.0.0:8080"},
        {"listen": "[::]:8080"},
        {"listen": "bank.example:8080"},
        {"listen": "0.0.0.0:8080", "tokens": {"a": "env:A"}},
        {"listen": "0.0.0.0:8080", "tls": http.Tls(Path("c"), Path("k"))},
        {"listen": "8080"},
        {"listen": "127.0.0.1:99999"},
        {"path": "x"},
        {"path": "/x/"},
        {"url": "ftp://a/"},
        {"url": "http://bank.example/"},
        {"url": "https://u:p@bank.example/"},
    ],
)
def test_a_config_that_is_not_safe_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        http.Config(**settings)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"listen": "[::1]:8080"},
        {"listen": "localhost:0"},
        {"listen": "0.0.0.0:8080", "insecure": True},
        {"listen": "0.0.0.0:8080", "tls": http.Tls(Path("c"), Path("k")), "tokens": {"a": "env:A"}},
        {"listen": "0.0.0.0:8080", "tls": http.Tls(Path("c"), Path("k"), Path("ca"))},
        {"url": "https://bank.example/x"},
        {"url": "http://127.0.0.1:9/x"},
    ],
)
def test_a_config_that_is_safe_is_taken(settings: dict[str, object]) -> None:
    assert http.Config(**settings)  # type: ignore[arg-type]


async def test_endpoints_share_an_address(open_http: OpenHttp) -> None:
    desk = FakeDesk()
    one = await open_http(desk, "one", path="/one")
    two = await open_http(desk, "two", path="/two")
    assert one.port == two.port
    for name in ("one", "two"):
        await ask(one.port, "POST", f"/{name}", b"x")
    assert [inbound.endpoint for inbound in desk.committed] == ["one", "two"]
    with pytest.raises(ValueError, match="belongs to another endpoint"):
        await open_http(desk, "three", path="/two")
    await one.stop()
    assert (await ask(two.port, "POST", "/one", b"x")).status == 404
    assert (await ask(two.port, "POST", "/two", b"x")).status == 200


async def test_the_last_endpoint_closes_the_address(open_http: OpenHttp) -> None:
    door = await open_http(FakeDesk())
    port = door.port
    await door.stop()
    with pytest.raises(ConnectionError):
        await Wire.connect(port)
    await door.stop()


async def test_a_stop_waits_for_what_is_under_way(open_http: OpenHttp) -> None:
    desk = FakeDesk()
    desk.pause()
    door = await open_http(desk)
    asked = asyncio.create_task(ask(door.port, "POST", "/", b"x"))
    await until(lambda: desk.waiting)
    stopping = asyncio.create_task(door.stop())
    await asyncio.sleep(0.05)
    assert not stopping.done()
    desk.resume()
    await stopping
    assert (await asked).status == 200


async def test_health_is_asked_without_a_token(open_http: OpenHttp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "secret")
    desk = FakeDesk()
    door = await open_http(desk, path="/in", tokens={"a": "env:TOKEN"})
    assert (await ask(door.port, "GET", "/health/live")).status == 200
    assert (await ask(door.port, "GET", "/health/ready")).json() == {"ready": True}
    desk.queries.is_ready, desk.queries.is_live = (False, "the doors are not open"), False
    assert (await ask(door.port, "GET", "/health/live")).status == 503
    assert (await ask(door.port, "GET", "/health/ready")).json()["detail"] == "the doors are not open"
