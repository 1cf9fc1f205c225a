"""What must hold of every door: nothing is let go of, and nothing is answered, before the commit."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiomqtt
import pytest

from adapters import control, folder, http, mqtt
from tests.adapters.desk import FakeDesk
from tests.adapters.test_folder import drop
from tests.adapters.waiting import until
from tests.adapters.wire import ask
from tests.services import Mosquitto, mosquitto

__all__ = ["mosquitto"]  # the fixture

# Opens a door on a desk, sends one message, and yields the question whether it was let go of.
Sent = Callable[[], bool]
Send = Callable[[FakeDesk, Path, pytest.FixtureRequest], contextlib.AbstractAsyncContextManager[Sent]]


@contextlib.asynccontextmanager
async def by_folder(desk: FakeDesk, path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Sent]:
    desk.answer_by = "outbox"
    door = folder.Door("d", folder.Config(path, rescan_s=0.02, stable_s=0.02), desk)
    await door.start()
    drop(path, "a.xml", b"message")
    yield lambda: any((path / "done").iterdir()) or any((path / "quarantine").iterdir())
    await door.stop()


@contextlib.asynccontextmanager
async def by_large_file(desk: FakeDesk, path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Sent]:
    desk.answer_by = "outbox"
    door = folder.Door("d", folder.Config(path, rescan_s=0.02, stream_above_bytes=10, part_records=1), desk)
    await door.start()
    drop(path, "a.xml", b"message\n" * 4)
    yield lambda: any((path / "done").iterdir()) or any((path / "quarantine").iterdir())
    await door.stop()


@contextlib.asynccontextmanager
async def by_http(desk: FakeDesk, path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Sent]:
    door = http.Door("d", http.Config("127.0.0.1:0"), desk)
    await door.start()
    async with answered(ask(door.port, "POST", "/", b"message")) as sent:
        yield sent
    await door.stop()


@contextlib.asynccontextmanager
async def by_rest(desk: FakeDesk, path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Sent]:
    door = http.Door("d", http.Config("127.0.0.1:0", api=True), desk)
    await door.start()
    async with answered(ask(door.port, "POST", "/transfer", b"{}")) as sent:
        yield sent
    await door.stop()


@contextlib.asynccontextmanager
async def by_control(desk: FakeDesk, path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Sent]:
    door = control.Door("d", control.Config(path / "control.sock"), desk)
    await door.start()

    async def decide() -> bytes:
        reader, writer = await asyncio.open_unix_connection(str(path / "control.sock"))
        writer.write(json.dumps({"op": "release", "payment": 1, "by": "x", "because": "y"}).encode() + b"\n")
        line = await reader.readline()
        writer.close()
        return line

    async with answered(decide()) as sent:
        yield sent
    await door.stop()


@contextlib.asynccontextmanager
async def by_mqtt(desk: FakeDesk, path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Sent]:
    desk.answer_by = "outbox"
    broker: Mosquitto = request.getfixturevalue("mosquitto")
    door = mqtt.Door("d", mqtt.Config("127.0.0.1", broker.port, subscribe="in"), desk)
    acknowledged: list[int] = []
    await door.start()
    await until(lambda: door._client)
    assert door._client is not None, "it was just waited for"
    paho = door._client._client
    real = paho.ack
    paho.ack = lambda mid, qos: acknowledged.append(mid) or real(mid, qos)  # type: ignore[func-returns-value, method-assign]
    async with aiomqtt.Client("127.0.0.1", broker.port) as client:
        await client.publish("in", b"message", qos=1)
    yield lambda: bool(acknowledged)
    await door.stop()


@contextlib.asynccontextmanager
async def answered(asking: Awaitable[object]) -> AsyncIterator[Sent]:
    task = asyncio.ensure_future(asking)
    yield task.done
    await task


@pytest.mark.parametrize("send", [by_folder, by_large_file, by_http, by_rest, by_control, by_mqtt])
async def test_nothing_is_released_before_the_commit(
    send: Send, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    desk = FakeDesk()
    desk.pause()
    async with send(desk, tmp_path, request) as released:
        await until(lambda: desk.waiting)
        await asyncio.sleep(0.05)
        assert not released()
        assert not desk.committed
        desk.resume()
        await until(released)
        assert desk.committed
