"""Doors that tests open, and that are closed after."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from adapters import http
from tests.adapters.desk import FakeDesk

OpenHttp = Callable[..., Awaitable[http.Door]]


@pytest.fixture
async def open_http() -> AsyncIterator[OpenHttp]:
    """Opens an http door on a free port: `await open_http(desk, path="/iso20022")`."""
    doors: list[http.Door] = []

    async def opened(desk: FakeDesk, name: str = "web", **settings: Any) -> http.Door:
        door = http.Door(name, http.Config(**{"listen": "127.0.0.1:0", **settings}), desk)
        await door.start()
        doors.append(door)
        return door

    yield opened
    for door in reversed(doors):
        await door.stop()
