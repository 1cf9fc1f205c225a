"""Messages out by HTTP, and TLS both ways: our own server is the receiver."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.http import Config, Door, Tls
from gateway.ports import Delivery, Inbound, Outcome
from tests.adapters.certificates import Authority
from tests.adapters.conftest import OpenHttp
from tests.adapters.desk import FakeDesk, accepted, refused

OpenSender = Callable[..., Awaitable[Door]]


@pytest.fixture
async def open_sender() -> AsyncIterator[OpenSender]:
    doors: list[Door] = []

    async def opened(url: str, **settings: Any) -> Door:
        door = Door("out", Config(url=url, **settings), FakeDesk())
        await door.start()
        doors.append(door)
        return door

    yield opened
    for door in doors:
        await door.stop()


def delivery(id: int, group: str = "", data: bytes = b"<Document/>") -> Delivery:
    return Delivery(id, "out", f"{id}-pacs.008.xml", "pacs.008.001.08", "application/xml", data, group=group)


async def test_a_delivery_is_posted_under_its_name(open_http: OpenHttp, open_sender: OpenSender) -> None:
    desk = FakeDesk()
    receiver = await open_http(desk, path="/in")
    sender = await open_sender(f"http://127.0.0.1:{receiver.port}/in")
    assert sender.port == 0
    assert await sender.deliver([delivery(n) for n in range(1, 4)]) == [1, 2, 3]
    assert {inbound.key for inbound in desk.committed} == {f"{n}-pacs.008.xml" for n in range(1, 4)}


async def test_a_delivery_again_is_recognised_by_the_receiver(open_http: OpenHttp, open_sender: OpenSender) -> None:
    desk = FakeDesk()
    receiver = await open_http(desk)
    sender = await open_sender(f"http://127.0.0.1:{receiver.port}/")
    for _ in range(2):
        assert await sender.deliver([delivery(1)]) == [1]
    assert len(desk.committed) == 1


async def test_what_was_not_taken_stays(open_http: OpenHttp, open_sender: OpenSender) -> None:
    def only_even(number: int, inbound: Inbound) -> Outcome:
        return accepted(number, inbound) if inbound.data == b"even" else refused(number, inbound)

    receiver = await open_http(FakeDesk(reply=only_even))
    sender = await open_sender(f"http://127.0.0.1:{receiver.port}/")
    items = [delivery(n, data=b"odd" if n % 2 else b"even") for n in range(1, 5)]
    assert await sender.deliver(items) == [2, 4]


async def test_a_group_keeps_its_order(open_http: OpenHttp, open_sender: OpenSender) -> None:
    def not_two(number: int, inbound: Inbound) -> Outcome:
        return refused(number, inbound) if inbound.data == b"2" else accepted(number, inbound)

    desk = FakeDesk(reply=not_two)
    receiver = await open_http(desk)
    sender = await open_sender(f"http://127.0.0.1:{receiver.port}/")
    items = [delivery(n, "g", b"%d" % n) for n in range(1, 4)] + [delivery(9, "h", b"9")]
    assert await sender.deliver(items) == [1, 9]
    assert [m.data for m in desk.committed if m.data != b"9"] == [b"1", b"2"]


async def test_a_receiver_that_is_away_gets_it_later(open_sender: OpenSender) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sender = await open_sender(f"http://127.0.0.1:{sock.getsockname()[1]}/")
        assert await sender.deliver([delivery(1)]) == []


async def test_a_receiver_that_does_not_answer_is_given_up(open_sender: OpenSender) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    sender = await open_sender(f"http://127.0.0.1:{port}/", url_timeout_s=0.1)
    assert await sender.deliver([delivery(1)]) == []
    server.close()


async def test_a_redirect_is_not_followed(open_sender: OpenSender) -> None:
    seen = []

    async def elsewhere(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 307 Elsewhere\r\nLocation: /other\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(elsewhere, "127.0.0.1", 0)
    sender = await open_sender(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    assert await sender.deliver([delivery(1)]) == []
    assert len(seen) == 1
    server.close()


async def test_a_token_goes_with_it(
    open_http: OpenHttp, open_sender: OpenSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "secret")
    desk = FakeDesk()
    receiver = await open_http(desk, tokens={"us": "env:TOKEN"})
    url = f"http://127.0.0.1:{receiver.port}/"
    assert await (await open_sender(url)).deliver([delivery(1)]) == []
    assert await (await open_sender(url, url_token="env:TOKEN")).deliver([delivery(1)]) == [1]
    assert desk.committed[0].session == "us"


async def test_without_a_url_nothing_is_sent(open_http: OpenHttp) -> None:
    door = await open_http(FakeDesk())
    with pytest.raises(ConnectionError, match="no url"):
        await door.deliver([delivery(1)])


# --- TLS ------------------------------------------------------------------------------------------


async def test_tls_is_spoken_and_checked(open_http: OpenHttp, open_sender: OpenSender, tmp_path: Path) -> None:
    authority, other = Authority(tmp_path), Authority(tmp_path, "Other Authority")
    receiver = await open_http(FakeDesk(), tls=Tls(*authority.sign("server")))
    url = f"https://127.0.0.1:{receiver.port}/"
    assert await (await open_sender(url, url_ca=authority.path)).deliver([delivery(1)]) == [1]
    assert await (await open_sender(url, url_ca=other.path)).deliver([delivery(1)]) == []
    assert await (await open_sender(url)).deliver([delivery(1)]) == []


async def test_tls_1_2_is_refused(open_http: OpenHttp, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    receiver = await open_http(FakeDesk(), tls=Tls(*authority.sign("server")))
    context = ssl.create_default_context(cafile=authority.path)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await asyncio.open_connection("127.0.0.1", receiver.port, ssl=context)


async def test_callers_may_have_to_show_a_certificate(open_http: OpenHttp, tmp_path: Path) -> None:
    authority, other = Authority(tmp_path), Authority(tmp_path, "Other Authority")
    receiver = await open_http(FakeDesk(), tls=Tls(*authority.sign("server"), clients=authority.path))
    assert await tls_status(receiver.port, authority, authority.sign("client")) == 200
    for shown in (None, other.sign("stranger")):
        with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
            await tls_status(receiver.port, authority, shown)


async def tls_status(port: int, authority: Authority, shown: tuple[Path, Path] | None) -> int:
    context = ssl.create_default_context(cafile=authority.path)
    if shown is not None:
        context.load_cert_chain(*shown)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    writer.write(b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\n\r\nx")
    try:
        return int((await reader.readuntil(b"\r\n")).split()[1])
    finally:
        writer.close()


async def test_a_certificate_that_is_not_there_stops_the_start(open_http: OpenHttp, tmp_path: Path) -> None:
    with pytest.raises(OSError):
        await open_http(FakeDesk(), tls=Tls(tmp_path / "none.pem", tmp_path / "none.key"))
