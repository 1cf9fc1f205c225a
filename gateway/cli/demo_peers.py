"""The other side of the demonstration: a FIX client, a correspondent bank that receives by HTTP, an MQTT broker.

Small working programs, so that the demonstration needs no service installed: a real Mosquitto is used when the
machine has one, amqtt otherwise.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web

SOH = b"\x01"
PATIENCE_S = 10.0


def free_port() -> int:
    """A port on loopback that nobody uses now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


class FixClient:
    """A FIX 4.4 initiator that logs on, sends and reads; enough to place orders."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sender: str, target: str) -> None:
        self._reader, self._writer = reader, writer
        self._head = f"49={sender}\x0156={target}\x01"
        self._number = 0

    @classmethod
    async def connect(cls, port: int, sender: str = "CLIENT1", target: str = "FINOS") -> FixClient:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        client = cls(reader, writer, sender, target)
        client.send("A", "98=0\x01108=30\x01141=Y\x01")
        answer = await client.receive()
        if answer.get("35") != "A":
            raise ConnectionError(f"no logon: {answer}")
        return client

    def send(self, kind: str, body: str) -> None:
        self._number += 1
        now = datetime.now(UTC).strftime("%Y%m%d-%H:%M:%S.%f")[:-3]
        text = f"35={kind}\x01{self._head}34={self._number}\x0152={now}\x01{body}"
        data = f"8=FIX.4.4\x019={len(text)}\x01{text}".encode()
        self._writer.write(data + f"10={sum(data) % 256:03d}\x01".encode())

    async def receive(self) -> dict[str, str]:
        """The next message, as tag -> value; the last value of a tag that repeats."""
        async with asyncio.timeout(PATIENCE_S):
            data = await self._reader.readuntil(SOH + b"10=")
            await self._reader.readuntil(SOH)
        return dict(field.split("=", 1) for field in data.decode().split("\x01") if "=" in field)

    async def order(self, id: str, side: str, quantity: str, price: str) -> dict[str, str]:
        now = datetime.now(UTC).strftime("%Y%m%d-%H:%M:%S")
        self.send(
            "D", f"11={id}\x0121=1\x0155=EUR/USD\x0154={side}\x0160={now}\x0138={quantity}\x0140=2\x0144={price}\x01"
        )
        return await self.receive()

    async def close(self) -> None:
        self.send("5", "")
        with contextlib.suppress(TimeoutError, asyncio.IncompleteReadError):
            await self.receive()
        self._writer.close()


class Correspondent:
    """A bank that takes ISO 20022 by HTTP POST and remembers what came."""

    def __init__(self) -> None:
        self.received: dict[str, bytes] = {}  # by Idempotency-Key: a repetition changes nothing

    async def start(self, port: int) -> None:
        app = web.Application(client_max_size=16 * 1024 * 1024)
        app.router.add_post("/{tail:.*}", self._take)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()

    async def _take(self, request: web.Request) -> web.Response:
        key = request.headers.get("Idempotency-Key", str(len(self.received)))
        self.received[key] = await request.read()
        return web.Response(status=202)

    async def stop(self) -> None:
        await self._runner.cleanup()


@contextlib.asynccontextmanager
async def broker(port: int, folder: Path) -> AsyncIterator[str]:
    """An MQTT broker on loopback; yields its name."""
    path = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if path is not None:
        async with _mosquitto(path, port, folder):
            yield "mosquitto"
    else:
        async with _amqtt(port):
            yield "amqtt"


@contextlib.asynccontextmanager
async def _mosquitto(path: str, port: int, folder: Path) -> AsyncIterator[None]:
    config = folder / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n")
    process = await asyncio.create_subprocess_exec(
        path, "-c", str(config), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        await _until_open(port)
        yield
    finally:
        process.terminate()
        await process.wait()


@contextlib.asynccontextmanager
async def _amqtt(port: int) -> AsyncIterator[None]:
    try:
        from amqtt.broker import Broker
    except ImportError:
        raise OSError("the demonstration needs an MQTT broker: install mosquitto, or the `demo` extra") from None
    logging.getLogger("amqtt").setLevel(logging.CRITICAL)
    logging.getLogger("transitions").setLevel(logging.CRITICAL)
    config: dict[str, Any] = {
        "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }
    server = Broker(config)
    await server.start()
    try:
        yield
    finally:
        await server.shutdown()


async def _until_open(port: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.05)
