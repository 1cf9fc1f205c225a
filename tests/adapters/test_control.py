"""The control door: decisions and questions over a local socket."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from adapters import control
from adapters.control import Config, Door
from gateway.formats.json import FORMAT
from gateway.model import Operation
from tests.adapters.desk import FakeDesk, replies, settled
from tests.adapters.waiting import until

RELEASE = {"op": "release", "payment": 12, "by": "j.doe", "because": "another person"}

OpenControl = Callable[..., Awaitable[Door]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "control.sock"


@pytest.fixture
async def open_control(path: Path) -> AsyncIterator[OpenControl]:
    doors: list[Door] = []

    async def opened(desk: FakeDesk, **settings: Any) -> Door:
        door = Door("control", Config(path, **settings), desk)
        await door.start()
        doors.append(door)
        return door

    yield opened
    for door in doors:
        await door.stop()


async def say(path: Path, *lines: bytes) -> list[Any]:
    """Lines on one connection, and what is answered to each."""
    reader, writer = await asyncio.open_unix_connection(str(path))
    answers = []
    async with asyncio.timeout(10):
        for line in lines:
            writer.write(line + b"\n")
            answers.append(json.loads(await reader.readuntil(b"\n")))
    writer.close()
    return answers


async def ask(path: Path, **request: Any) -> Any:
    [answer] = await say(path, json.dumps(request).encode())
    return answer


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def is_there(path: Path) -> bool:
    return path.exists()


async def test_a_decision_is_answered_after_its_commit(path: Path, open_control: OpenControl) -> None:
    desk = FakeDesk(reply=replies(FORMAT, settled))
    await open_control(desk)
    desk.pause()
    asked = asyncio.create_task(ask(path, **RELEASE))
    await until(lambda: desk.waiting)
    await asyncio.sleep(0.05)
    assert not asked.done()
    desk.resume()
    assert await asked == {"status": "ACSC", "payment_id": 1, "reference": "12"}
    [inbound] = desk.committed
    assert (inbound.endpoint, inbound.type, inbound.source) == ("control", "operation", f"user {os.getuid()}")
    [operation] = FORMAT.decode(inbound.data, inbound.type).records
    assert operation == Operation("release", "12", by="j.doe", because="another person", place="$", source="operation")


async def test_a_person_recalls_a_payment(path: Path, open_control: OpenControl) -> None:
    desk = FakeDesk(reply=replies(FORMAT, settled))
    await open_control(desk)
    await ask(path, op="recall", payment=12, by="j.doe", because="sent twice", reason="DUPL", text="twice")
    [operation] = FORMAT.decode(desk.committed[0].data, desk.committed[0].type).records
    assert isinstance(operation, Operation)
    assert (operation.kind, operation.subject, operation.reason, operation.text) == ("recall", "12", "DUPL", "twice")


async def test_a_decision_without_a_reason_is_refused(path: Path, open_control: OpenControl) -> None:
    await open_control(FakeDesk(reply=replies(FORMAT, settled)))
    answer = await ask(path, op="release", payment=12, by="j.doe")
    assert (answer["status"], answer["code"]) == ("RJCT", "json-field")


async def test_a_store_that_fails_is_said(path: Path, open_control: OpenControl) -> None:
    desk = FakeDesk()
    desk.failing = True
    await open_control(desk)
    assert (await ask(path, **RELEASE))["error"] == "store-failed"


async def test_questions_go_to_the_queries(path: Path, open_control: OpenControl) -> None:
    desk = FakeDesk()
    desk.queries.balances["A"] = [{"account": "A"}]
    desk.queries.movements["A"] = [{"id": 1}, {"id": 2}]
    desk.queries.stories[7] = {"id": 7}
    await open_control(desk)
    assert await ask(path, op="status") == {"ready": True}
    assert await ask(path, op="balance", account="A") == [{"account": "A"}]
    assert await ask(path, op="transactions", account="A", after=1) == [{"id": 2}]
    assert await ask(path, op="payment", payment=7) == {"id": 7}
    assert (await ask(path, op="payment", payment=8))["error"] == "not-found"
    assert not desk.committed


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b"", "bad-request"),
        (b"{", "bad-request"),
        (b"[]", "bad-request"),
        (b"\xff", "bad-request"),
        (b'{"op": 7}', "bad-request"),
        (b'{"op": "sudo"}', "unknown-op"),
        (b'{"op": "status", "x": 1}', "bad-request"),
        (b'{"op": "transactions", "limit": 0}', "bad-page"),
        (b'{"op":' * 1_000, "bad-request"),
    ],
)
async def test_a_line_that_is_wrong_is_answered(path: Path, open_control: OpenControl, line: bytes, error: str) -> None:
    await open_control(FakeDesk())
    first, second = await say(path, line, b'{"op": "status"}')
    assert first["error"] == error
    assert second == {"ready": True}


async def test_a_line_without_end_is_cut_off(path: Path, open_control: OpenControl) -> None:
    await open_control(FakeDesk())
    reader, writer = await asyncio.open_unix_connection(str(path))
    writer.write(b"x" * (control.LINE_BYTES_MAX * 3))
    assert json.loads(await reader.readline())["error"] == "line-too-long"
    writer.close()


async def test_the_socket_is_the_daemon_s_alone(path: Path, open_control: OpenControl) -> None:
    door = await open_control(FakeDesk())
    assert mode(path) == 0o600
    assert mode(path.parent) & 0o007 == 0
    await door.stop()
    assert not is_there(path)


async def test_other_users_are_turned_away(
    path: Path, open_control: OpenControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.control._user", lambda writer: 4_711)
    desk = FakeDesk()
    door = await open_control(desk)
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await ask(path, **RELEASE)
    assert not desk.committed
    await door.stop()
    await open_control(desk, users=(4_711,))
    assert await ask(path, op="status") == {"ready": True}
    assert mode(path) == 0o660


async def test_a_socket_left_by_a_crash_is_replaced(path: Path, open_control: OpenControl) -> None:
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))
    await open_control(FakeDesk())
    assert await ask(path, op="status") == {"ready": True}


async def test_a_socket_in_use_is_an_error(path: Path, open_control: OpenControl) -> None:
    await open_control(FakeDesk())
    with pytest.raises(OSError, match="another daemon"):
        await open_control(FakeDesk())
    assert await ask(path, op="status") == {"ready": True}


async def test_what_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    os.close(os.open(precious, os.O_CREAT))
    with pytest.raises(OSError, match="no socket"):
        await Door("control", Config(precious), FakeDesk()).start()
    assert is_there(precious)


async def test_a_path_too_long_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="too long"):
        await Door("control", Config(tmp_path / ("x" * 120)), FakeDesk()).start()


async def test_a_stop_ends_connections(path: Path, open_control: OpenControl) -> None:
    door = await open_control(FakeDesk())
    reader, writer = await asyncio.open_unix_connection(str(path))
    await asyncio.sleep(0.02)
    await door.stop()
    assert await reader.read() == b""
    writer.close()
