"""The FIX door over loopback: nothing leaves before its commit, and whoever misbehaves is cut off."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from adapters import fix
from gateway.formats.fix import FORMAT
from gateway.formats.fix.message import parse
from gateway.model import Order, Status
from gateway.ports import Delivery, SessionConfig
from tests.adapters.certificates import Authority
from tests.adapters.desk import FakeDesk, replies, settled
from tests.adapters.waiting import until
from tests.formats.fix.peer import ORDER, framed, shown, stamp

PATIENCE_S = 10.0
BLINK_S = 0.05  # long enough for what must not happen to happen
Open = Callable[..., Awaitable[tuple[fix.Door, FakeDesk]]]


class Client:
    """An initiator on a socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, name: str) -> None:
        self.reader, self.writer, self.name, self.number = reader, writer, name, 0

    @classmethod
    async def connect(cls, door: fix.Door, name: str = "CLIENT1", **options: Any) -> Client:
        return cls(*await asyncio.open_connection("127.0.0.1", door.port, **options), name)

    def send(self, kind: str, body: str = "") -> None:
        self.number += 1
        head = f"35={kind}|34={self.number}|49={self.name}|52={stamp(time.time_ns())}|56=FINOS|"
        self.writer.write(framed(head + body))

    async def read(self) -> str:
        """The next message, shown."""
        async with asyncio.timeout(PATIENCE_S):
            return shown(await self.reader.readuntil(b"\x0110=") + await self.reader.readuntil(b"\x01"))

    async def silent(self) -> bool:
        """Nothing comes."""
        with contextlib.suppress(TimeoutError):
            return not await asyncio.wait_for(self.reader.read(1), BLINK_S)
        return True

    async def ended(self) -> bool:
        async with asyncio.timeout(PATIENCE_S):
            with contextlib.suppress(ConnectionError):
                return await self.reader.read() == b""
        return True

    async def logon(self, interval_s: int = 30) -> str:
        self.send("A", f"98=0|108={interval_s}|")
        return await self.read()


@pytest.fixture
async def opened() -> AsyncIterator[Open]:
    doors: list[fix.Door] = []

    async def open_door(**settings: Any) -> tuple[fix.Door, FakeDesk]:
        sessions = settings.pop("sessions", (SessionConfig("CLIENT1"), SessionConfig("CLIENT2")))
        acceptor = FORMAT.acceptor("fix", sessions, [], lambda session, first, last: [])
        desk = FakeDesk("link", replies(FORMAT, settled), acceptor)
        door = fix.Door("fix", fix.Config("127.0.0.1:0", sessions, **settings), desk)
        await door.start()
        doors.append(door)
        return door, desk

    yield open_door
    for door in doors:
        await door.stop()


async def test_an_order_is_reported_on(opened: Open) -> None:
    door, desk = await opened()
    client = await Client.connect(door)
    assert await client.logon() == "35=A|34=1|98=0|108=30"
    client.send("D", ORDER.format("A1"))
    assert "|11=A1|17=1-F|150=F|39=2|" in await client.read()
    [inbound] = desk.committed
    assert (inbound.endpoint, inbound.session, inbound.type) == ("fix", "CLIENT1", fix.CHECKED)
    assert inbound.source.startswith("127.0.0.1:")
    client.send("5")
    assert await client.read() == "35=5|34=3"
    assert await client.ended()


async def test_nothing_leaves_before_the_commit(opened: Open) -> None:
    door, desk = await opened()
    client = await Client.connect(door)
    desk.pause()
    client.send("A", "98=0|108=30|")
    await until(lambda: desk.waiting)
    assert await client.silent()
    desk.resume()
    assert await client.read() == "35=A|34=1|98=0|108=30"


async def test_one_offer_is_under_way_and_the_next_takes_all_that_came(opened: Open) -> None:
    door, desk = await opened()
    client = await Client.connect(door)
    await client.logon()
    await until(lambda: not desk.waiting)
    desk.pause()
    client.send("D", ORDER.format("A1"))
    await until(lambda: desk.waiting)
    for n in range(2, 6):
        client.send("D", ORDER.format(f"A{n}"))
        await asyncio.sleep(0.01)
    assert [len(messages) for messages, _, _ in desk.waiting] == [1]
    desk.resume()
    assert [(await client.read()).split("|11=")[1][:2] for _ in range(5)] == ["A1", "A2", "A3", "A4", "A5"]
    assert len(desk.committed) == 5


async def test_a_commit_that_fails_hangs_up_without_an_answer(opened: Open) -> None:
    door, desk = await opened()
    client = await Client.connect(door)
    await client.logon()
    desk.failing = True
    client.send("D", ORDER.format("A1"))
    assert await client.ended()
    desk.failing = False


async def test_a_full_engine_is_waited_for(opened: Open) -> None:
    door, desk = await opened()
    client = await Client.connect(door)
    await client.logon()
    desk.fill()
    client.send("D", ORDER.format("A1"))
    assert await client.silent()
    assert not desk.committed
    desk.empty()
    assert "|11=A1|" in await client.read()


async def test_sessions_are_independent(opened: Open) -> None:
    door, _ = await opened()
    first, second = await Client.connect(door), await Client.connect(door, "CLIENT2")
    await first.logon()
    await second.logon()
    second.writer.transport.abort()
    first.send("1", "112=STILL|")
    assert await first.read() == "35=0|34=2|112=STILL"


async def test_a_second_logon_of_a_live_session_is_closed(opened: Open) -> None:
    door, _ = await opened()
    first, second = await Client.connect(door), await Client.connect(door)
    await first.logon()
    second.send("A", "98=0|108=30|")
    assert await second.ended()
    first.send("1", "112=STILL|")
    assert await first.read() == "35=0|34=2|112=STILL"


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n\r\n", b"x" * 100_000, b"8=FIX.4.4\x019=5\x0135=0\x0110=000\x01"])
async def test_whoever_speaks_something_else_is_hung_up(opened: Open, data: bytes) -> None:
    door, desk = await opened()
    client = await Client.connect(door)
    client.writer.write(data)
    assert await client.ended()
    assert not desk.committed


async def test_whoever_does_not_log_on_in_time_is_hung_up(opened: Open) -> None:
    door, _ = await opened(logon_timeout_s=0.05)
    silent, slow = await Client.connect(door), await Client.connect(door)
    slow.writer.write(b"8=FIX.4.4\x019=")
    assert await silent.ended()
    assert await slow.ended()
    await until(lambda: not door.connections)


async def test_connections_from_one_address_are_bounded(opened: Open) -> None:
    door, _ = await opened(connections_max=2)
    first = await Client.connect(door)
    await Client.connect(door, "CLIENT2")
    assert await (await Client.connect(door)).ended()
    first.writer.close()
    await until(lambda: len(door.connections) == 1)
    assert await (await Client.connect(door)).logon()


async def test_whoever_does_not_read_is_cut_off(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fix, "WRITE_BYTES_HIGH", 10_000)
    monkeypatch.setattr(fix, "WRITE_STALL_S", 0.1)
    door, _ = await opened()
    client = await Client.connect(door, limit=1_000)
    await client.logon()
    with contextlib.suppress(ConnectionError):
        for _ in range(400):
            client.send("1", f"112={'x' * 50_000}|")
            await client.writer.drain()
    await until(lambda: not door.connections)


async def test_a_heartbeat_comes_by_itself(opened: Open) -> None:
    door, _ = await opened()
    client = await Client.connect(door)
    await client.logon(1)
    assert await client.read() == "35=0|34=2"


async def test_later_answers_reach_a_session_that_is_there_and_one_that_is_away(opened: Open) -> None:
    door, _ = await opened()
    client = await Client.connect(door)
    await client.logon()
    order = parse(framed("35=D|34=2|49=CLIENT1|52=20260921-14:13:20|56=FINOS|" + ORDER.format("A1")))
    assert order is not None
    record = FORMAT.decode(order.raw).records[0]
    assert isinstance(record, Order)
    [frame] = FORMAT.answer(FORMAT.decode(order.raw), [Status("ACSC", record, 7)], "", _writing())
    items = [
        Delivery(n, "fix", "x", "8", "", frame.data, session)
        for n, session in enumerate(("CLIENT1", "CLIENT2", "NOBODY"))
    ]
    assert await door.deliver(items) == [0, 1], "for a session that is not configured, it is kept"
    assert "|11=A1|17=7-F|" in await client.read()
    away = await Client.connect(door, "CLIENT2")
    assert await away.logon() == "35=A|34=2|98=0|108=30", "number 1 was used for the answer"


def _writing() -> Any:
    from gateway.ports import Writing

    return Writing("FO1", time.time_ns())


async def test_later_answers_wait_for_the_offer_under_way(opened: Open) -> None:
    door, desk = await opened()
    client = await Client.connect(door)
    await client.logon()
    await until(lambda: not desk.waiting)
    desk.pause()
    client.send("D", ORDER.format("A1"))
    await until(lambda: desk.waiting)
    delivery = asyncio.create_task(door.deliver([Delivery(1, "fix", "x", "8", "", b"35=8\x0137=LATE\x01", "CLIENT1")]))
    await asyncio.sleep(BLINK_S)
    assert len(desk.waiting) == 1
    assert not delivery.done()
    desk.resume()
    assert await delivery == [1]
    assert {(await client.read()).split("|")[2][:4], (await client.read()).split("|")[2][:4]} == {"37=1", "37=L"}


async def test_stopping_logs_out(opened: Open) -> None:
    door, _ = await opened()
    client, nobody = await Client.connect(door), await Client.connect(door)
    await client.logon()
    stopping = asyncio.create_task(door.stop())
    assert await client.read() == "35=5|34=2"
    client.send("5")
    assert await client.ended()
    assert await nobody.ended()
    await stopping
    with pytest.raises(ConnectionError):
        await Client.connect(door)


async def test_sessions_change_while_others_stay(opened: Open) -> None:
    door, _ = await opened()
    stays, goes = await Client.connect(door), await Client.connect(door, "CLIENT2")
    await stays.logon()
    await goes.logon()
    sessions = (SessionConfig("CLIENT1"), SessionConfig("CLIENT3"))
    assert door.reconfigure(fix.Config("127.0.0.1:0", sessions))
    assert await goes.read() == "35=5|34=2"
    assert await (await Client.connect(door, "CLIENT3")).logon()
    stays.send("1", "112=STILL|")
    assert await stays.read() == "35=0|34=2|112=STILL"
    assert not door.reconfigure(fix.Config("127.0.0.1:1", sessions)), "another address needs another door"


def test_a_session_named_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="CLIENT1 stands there twice"):
        fix.Config("127.0.0.1:0", (SessionConfig("CLIENT1"), SessionConfig("CLIENT1", sender="X")))
    with pytest.raises(ValueError, match="is not an address to listen on"):
        fix.Config("9878", ())


# --- TLS


async def test_tls_is_1_3_and_shows_our_certificate(opened: Open, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate, key = authority.sign("gateway")
    door, _ = await opened(tls=fix.Tls(str(certificate), str(key)))
    context = ssl.create_default_context(cafile=str(authority.path))
    client = await Client.connect(door, ssl=context)
    assert client.writer.get_extra_info("ssl_object").version() == "TLSv1.3"
    assert await client.logon() == "35=A|34=1|98=0|108=30"
    client.send("D", ORDER.format("A1"))
    assert "|11=A1|" in await client.read()
    context = ssl.create_default_context(cafile=str(authority.path))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await Client.connect(door, ssl=context)


async def test_clients_show_a_certificate_of_the_authority(opened: Open, tmp_path: Path) -> None:
    authority, stranger = Authority(tmp_path), Authority(tmp_path, "Stranger")
    certificate, key = authority.sign("gateway")
    door, _ = await opened(tls=fix.Tls(str(certificate), str(key), str(authority.path)))
    for signer, welcome in ((authority, True), (stranger, False), (None, False)):
        context = ssl.create_default_context(cafile=str(authority.path))
        if signer is not None:
            context.load_cert_chain(*signer.sign("client"))
        answer = ""
        with contextlib.suppress(ssl.SSLError, ConnectionError, asyncio.IncompleteReadError):
            answer = await (await Client.connect(door, ssl=context)).logon()
        assert bool(answer) == welcome


async def test_a_plain_connection_to_a_tls_door_is_hung_up(opened: Open, tmp_path: Path) -> None:
    certificate, key = Authority(tmp_path).sign("gateway")
    door, desk = await opened(tls=fix.Tls(str(certificate), str(key)))
    client = await Client.connect(door)
    client.send("A", "98=0|108=30|")
    data = b"x"
    with contextlib.suppress(ConnectionError):
        data = await client.reader.read()
    assert b"35=" not in data
    assert not desk.committed


async def test_a_certificate_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    desk = FakeDesk("link", acceptor=FORMAT.acceptor("fix", [], [], lambda *_: []))
    door = fix.Door(
        "fix",
        fix.Config("127.0.0.1:0", (SessionConfig("CLIENT1"),), tls=fix.Tls(str(tmp_path / "no.pem"), "key.pem")),
        desk,
    )
    with pytest.raises(ValueError, match=r"no\.pem, key\.pem cannot be used: No such file"):
        await door.start()
