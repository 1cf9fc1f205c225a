"""HTTP as bytes on a socket: what a well-behaved client library would not send."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from msgspec import Struct

PATIENCE_S = 10.0


class Reply(Struct, frozen=True):
    """One response, and whether the connection ended after it."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Wire:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def connect(cls, port: int) -> Wire:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def reply(self) -> Reply:
        """The next response; ConnectionError when the connection ended instead."""
        async with asyncio.timeout(PATIENCE_S):
            try:
                head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
            except asyncio.IncompleteReadError:
                raise ConnectionError("no response") from None
            lines = head.split("\r\n")
            pairs = (line.split(": ", 1) for line in lines[1:] if line)
            headers = {name.lower(): value for name, value in pairs}
            body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return Reply(int(lines[0].split()[1]), headers, body)

    async def ended(self) -> bool:
        """Wait until the other side has closed."""
        async with asyncio.timeout(PATIENCE_S):
            try:
                while await self.reader.read(65_536):
                    continue
            except ConnectionError:
                return True
        return True

    def close(self) -> None:
        self.writer.close()


def request(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    """A request in order; header names are written with _ for -."""
    lines = [f"{method} {path} HTTP/1.1", "Host: test"]
    if body or method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


async def ask(port: int, method: str, path: str, body: bytes = b"", **headers: str) -> Reply:
    """One request on a connection of its own."""
    wire = await Wire.connect(port)
    try:
        await wire.send(request(method, path, body, **headers))
        return await wire.reply()
    finally:
        wire.close()
