"""The HTTP door against slow, large and malformed requests. The limits are set short for the tests."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from gateway.ports import Frame, Outcome
from tests.adapters.conftest import OpenHttp
from tests.adapters.desk import FakeDesk
from tests.adapters.waiting import until
from tests.adapters.wire import Wire, ask, request

HEAD = b"POST / HTTP/1.1\r\nHost: t\r\n"
SHORT: dict[str, Any] = {"header_s": 0.15, "body_s": 0.15, "idle_s": 30.0}


@pytest.fixture(autouse=True)
def _linger_shortly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.http.server.LINGER_S", 0.1)


# --- slow -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("sent", [b"", b"POST / HT", HEAD, HEAD + b"X-A: "], ids=["nothing", "line", "header", "name"])
async def test_a_header_that_does_not_come_ends_the_connection(open_http: OpenHttp, sent: bytes) -> None:
    door = await open_http(FakeDesk(), **SHORT)
    wire = await Wire.connect(door.port)
    await wire.send(sent)
    assert await wire.ended()


async def test_a_header_that_drips_ends_the_connection(open_http: OpenHttp) -> None:
    door = await open_http(FakeDesk(), **SHORT)
    wire = await Wire.connect(door.port)
    await wire.send(HEAD)
    dripping = asyncio.create_task(drip(wire, b"X-A: b\r\n"))
    assert await wire.ended()
    dripping.cancel()


async def drip(wire: Wire, piece: bytes) -> None:
    while True:
        await asyncio.sleep(0.03)
        await wire.send(piece)


async def test_a_second_header_that_does_not_come_ends_the_connection(open_http: OpenHttp) -> None:
    door = await open_http(FakeDesk(), **SHORT)
    wire = await Wire.connect(door.port)
    await wire.send(request("POST", "/", b"x"))
    assert (await wire.reply()).status == 200
    await asyncio.sleep(0.3)  # idle between requests is not slow
    await wire.send(request("POST", "/", b"x"))
    assert (await wire.reply()).status == 200
    await wire.send(b"POST / HTTP")
    assert await wire.ended()


async def test_an_idle_connection_ends(open_http: OpenHttp) -> None:
    door = await open_http(FakeDesk(), header_s=30.0, idle_s=0.15)
    wire = await Wire.connect(door.port)
    await wire.send(request("POST", "/", b"x"))
    assert (await wire.reply()).status == 200
    assert await wire.ended()


@pytest.mark.parametrize("framing", [b"Content-Length: 100\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n"])
async def test_a_body_that_does_not_come_is_a_408(open_http: OpenHttp, framing: bytes) -> None:
    desk = FakeDesk()
    door = await open_http(desk, **SHORT)
    wire = await Wire.connect(door.port)
    await wire.send(HEAD + framing)
    reply = await wire.reply()
    assert (reply.status, reply.json()["code"]) == (408, "too-slow")
    assert await wire.ended()
    assert not desk.committed


async def test_a_body_that_drips_is_a_408(open_http: OpenHttp) -> None:
    door = await open_http(FakeDesk(), **SHORT)
    wire = await Wire.connect(door.port)
    await wire.send(HEAD + b"Content-Length: 100000\r\n\r\n")
    dripping = asyncio.create_task(drip(wire, b"x"))
    assert (await wire.reply()).status == 408
    dripping.cancel()
    wire.close()


async def test_a_body_that_comes_steadily_has_the_time_it_needs(open_http: OpenHttp) -> None:
    desk = FakeDesk()
    door = await open_http(desk, **{**SHORT, "body_rate_min": 10_000})
    wire = await Wire.connect(door.port)
    await wire.send(HEAD + b"Content-Length: 20000\r\n\r\n")
    for _ in range(20):
        await wire.send(b"x" * 1_000)
        await asyncio.sleep(0.02)
    assert (await wire.reply()).status == 200
    assert len(desk.committed[0].data) == 20_000
    wire.close()


async def test_a_slow_commit_is_not_a_slow_caller(open_http: OpenHttp) -> None:
    desk = FakeDesk()
    desk.pause()
    door = await open_http(desk, **SHORT)
    asked = asyncio.create_task(ask(door.port, "POST", "/", b"x"))
    await until(lambda: desk.waiting)
    await asyncio.sleep(0.4)
    desk.resume()
    assert (await asked).status == 200


async def test_a_caller_that_does_not_read_is_cut_off(open_http: OpenHttp) -> None:
    large = Frame(b"x" * 30_000_000, "test", ".txt", "text/plain")
    desk = FakeDesk(reply=lambda number, inbound: Outcome(1, [large]))
    door = await open_http(desk, write_s=0.1)
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(sock, ("127.0.0.1", door.port))
        await loop.sock_sendall(sock, request("POST", "/", b"x"))
        await until(lambda: desk.committed)
        await asyncio.sleep(0.3)
        assert await received_until_end(sock) < 30_000_000


async def received_until_end(sock: socket.socket) -> int:
    received = 0
    try:
        while piece := await asyncio.get_running_loop().sock_recv(sock, 1_000_000):
            received += len(piece)
    except ConnectionError:
        return received
    return received


async def test_beyond_the_most_connections_there_are_no_more(open_http: OpenHttp) -> None:
    door = await open_http(FakeDesk(), connections_max=3)
    wires = [await Wire.connect(door.port) for _ in range(3)]
    for wire in wires:
        await wire.send(request("POST", "/", b"x"))
        assert (await wire.reply()).status == 200
    assert await (await Wire.connect(door.port)).ended()
    wires[0].close()
    await until(lambda: wires[0].writer.is_closing())
    await asyncio.sleep(0.05)
    assert (await ask(door.port, "POST", "/", b"x")).status == 200
    for wire in wires:
        wire.close()


# --- large ----------------------------------------------------------------------------------------


async def test_100_megabytes_are_refused_unread(open_http: OpenHttp) -> None:
    desk = FakeDesk()
    door = await open_http(desk)
    wire = await Wire.connect(door.port)
    await wire.send(HEAD + b"Content-Length: 104857600\r\n\r\n")
    reply = await wire.reply()
    assert (reply.status, reply.json()["code"]) == (413, "message-too-large")
    assert await wire.ended()
    assert not desk.committed


async def test_a_body_larger_than_allowed_is_refused_however_it_comes(open_http: OpenHttp) -> None:
    desk = FakeDesk()
    door = await open_http(desk, body_bytes_max=1_000)
    chunk = b"190\r\n" + b"x" * 400 + b"\r\n"
    for data in (request("POST", "/", b"x" * 1_001), HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 3):
        wire = await Wire.connect(door.port)
        await wire.send(data)
        assert (await wire.reply()).status == 413
        assert await wire.ended()
    assert (await ask(door.port, "POST", "/", b"x" * 1_000)).status == 200
    assert len(desk.committed) == 1


async def test_the_refusal_arrives_although_the_caller_goes_on_sending(open_http: OpenHttp) -> None:
    door = await open_http(FakeDesk(), body_bytes_max=1_000)
    wire = await Wire.connect(door.port)
    await wire.send(request("POST", "/", b"x" * 500_000))
    assert (await wire.reply()).status == 413
    wire.close()


# --- malformed ------------------------------------------------------------------------------------

MALFORMED = {
    "length and chunks": HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": HEAD + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "two equal lengths": HEAD + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "length list": HEAD + b"Content-Length: 3, 3\r\n\r\nabc",
    "negative length": HEAD + b"Content-Length: -1\r\n\r\n",
    "signed length": HEAD + b"Content-Length: +3\r\n\r\nabc",
    "length in hex": HEAD + b"Content-Length: 0x3\r\n\r\nabc",
    "huge length": HEAD + b"Content-Length: " + b"9" * 40 + b"\r\n\r\n",
    "unknown coding": HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked not last": HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "chunked twice": HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunk size in words": HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n0\r\n\r\n",
    "negative chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\n-1\r\nab\r\n0\r\n\r\n",
    "chunk without end": HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nabXX0\r\n\r\n",
    "space before colon": HEAD + b"Content-Length : 3\r\n\r\nabc",
    "folded header": HEAD + b"X-A: b\r\n c\r\nContent-Length: 3\r\n\r\nabc",
    "bare line feed": b"POST / HTTP/1.1\nHost: t\nContent-Length: 3\n\nabc",
    "bare carriage return": HEAD + b"X-A: b\rContent-Length: 3\r\n\r\nabc",
    "nul in a header": HEAD + b"X-A: a\0b\r\nContent-Length: 3\r\n\r\nabc",
    "no header name": HEAD + b": x\r\nContent-Length: 3\r\n\r\nabc",
    "line of 9 kB": HEAD + b"X-A: " + b"a" * 9_000 + b"\r\n\r\n",
    "2000 headers": HEAD + b"".join(b"X-%d: a\r\n" % n for n in range(2_000)) + b"\r\n",
    "not HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "HTTP/0.9": b"GET /\r\n\r\n",
    "HTTP/3.0": b"POST / HTTP/3.0\r\nHost: t\r\n\r\n",
    "no version": b"POST / \r\nHost: t\r\n\r\n",
    "two spaces": b"POST  / HTTP/1.1 x\r\nHost: t\r\n\r\n",
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED.keys())
async def test_what_is_not_http_is_refused_and_the_connection_ends(open_http: OpenHttp, data: bytes) -> None:
    desk = FakeDesk()
    door = await open_http(desk, **SHORT)
    wire = await Wire.connect(door.port)
    await wire.send(data)
    reply = await wire.reply()
    assert reply.status in (400, 413), reply
    assert reply.json()["code"] in ("bad-request", "message-too-large")
    assert await wire.ended()
    assert not desk.committed


async def test_nothing_that_was_sent_comes_back(open_http: OpenHttp) -> None:
    door = await open_http(FakeDesk())
    wire = await Wire.connect(door.port)
    await wire.send(HEAD + b"X-Secret token-123\r\n\r\n")
    assert b"token-123" not in (await wire.reply()).body


async def test_a_caller_that_hangs_up_is_no_error(open_http: OpenHttp) -> None:
    desk = FakeDesk()
    desk.pause()
    door = await open_http(desk)
    wire = await Wire.connect(door.port)
    await wire.send(request("POST", "/", b"x"))
    await until(lambda: desk.waiting)
    wire.close()
    half = await Wire.connect(door.port)
    await half.send(HEAD + b"Content-Length: 10\r\n\r\nhalf")
    half.close()
    await asyncio.sleep(0.05)
    desk.resume()
    assert (await ask(door.port, "POST", "/", b"y")).status == 200
    assert [inbound.data for inbound in desk.committed] == [b"x", b"y"]
