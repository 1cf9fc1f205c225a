"""One listening address, shared by the endpoints that name it, and the guard on each of its connections.

Strategy: aiohttp's protocol without its application layer: a dictionary of paths instead of a router, no
middleware, no access log. aiohttp closes no connection that is merely slow, so a guard does: a header has to
arrive within `header_s`, an answer has to be read within `write_s`, a connection may idle for `idle_s`.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from asyncio import AbstractEventLoop, TimerHandle
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import HttpVersion10, HttpVersion11
from aiohttp.web import BaseRequest, Response, StreamResponse
from aiohttp.web import Server as Manager
from aiohttp.web_protocol import RequestHandler

from adapters import _address
from adapters.http.config import Config, Tls
from adapters.http.problems import problem

LINGER_S = 2.0  # how long a refused body is read on, so that the caller sees the answer before the reset
SHUTDOWN_S = 5.0  # for answers that are being written when the daemon stops
HEADER_BYTES_MAX = 8_190  # of a line; proxies commonly allow as much
HEADERS_MAX = 128
BACKLOG = 1_024  # connections that wait to be accepted

Handler = Callable[[BaseRequest], Awaitable[Response]]
Methods = dict[str, Handler]

log = logging.getLogger("financial_os.http")


class Guard(RequestHandler):
    """One connection, with the deadlines that aiohttp lacks."""

    __slots__ = ("_header_timer", "_limits", "_write_timer", "handled")

    def __init__(self, manager: Manager, limits: Config, loop: AbstractEventLoop) -> None:
        super().__init__(
            manager,
            loop=loop,
            keepalive_timeout=limits.idle_s,
            access_log=None,  # type: ignore[arg-type]  # aiohttp takes None: no log
            auto_decompress=False,
            lingering_time=LINGER_S,
            max_line_size=HEADER_BYTES_MAX,
            max_field_size=HEADER_BYTES_MAX,
            max_headers=HEADERS_MAX,
        )
        self._limits = limits
        self._header_timer: TimerHandle | None = None
        self._write_timer: TimerHandle | None = None
        self.handled = 0  # requests answered; fewer than were parsed while one is under way

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        assert self._manager is not None, "a connection that was just made has its manager"
        number = len(self._manager.connections)
        if number > self._limits.connections_max:
            log.warning("http.turned-away address=%s connections=%d", self._limits.address, number)
            self.force_close()
            return
        self._arm()

    def data_received(self, data: bytes) -> None:
        before = self._request_count
        super().data_received(data)
        if self._request_count > before:
            self._disarm()
        elif self._header_timer is None and self._request_count == self.handled:
            self._arm()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._disarm()
        self._stop_write_timer()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._write_timer = self._loop.call_later(self._limits.write_s, self._abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_write_timer()

    def handle_error(
        self, request: BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> StreamResponse:
        """What aiohttp's parser objects to, or an exception of ours, as a problem; the connection ends."""
        if status >= 500:
            log.error("http.failed address=%s", self._limits.address, exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("an answer was already begun")
        if status >= 500:
            return problem(
                500, "internal", "the message may or may not have been taken: ask again with the same key", close=True
            )
        return malformed()

    def _arm(self) -> None:
        self._header_timer = self._loop.call_later(self._limits.header_s, self._header_late)

    def _disarm(self) -> None:
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None

    def _header_late(self) -> None:
        self._header_timer = None
        self.force_close()

    def _stop_write_timer(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None

    def _abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()


def malformed() -> Response:
    """The answer to what is no request; what follows it on the connection is not read."""
    return problem(400, "bad-request", "the request is not HTTP/1.1 as RFC 9112 writes it", close=True)


class _Guarded(Manager):
    """aiohttp's connection manager, making guarded connections."""

    def __init__(self, handler: Handler, limits: Config) -> None:
        super().__init__(handler)
        self._limits = limits

    def __call__(self) -> RequestHandler:
        return Guard(self, self._limits, self._loop)


class Server:
    """A listening address and the paths that endpoints have put on it."""

    def __init__(self, config: Config, health: dict[str, Methods]) -> None:
        self.config = config
        self.loop = asyncio.get_running_loop()
        self.port = 0
        self.owners: set[str] = set()
        self._exact: dict[str, Methods] = dict(health)
        self._below: dict[str, Methods] = {}  # "/balance/" takes /balance/<one more segment>
        self._manager = _Guarded(self._dispatch, config)
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        host, port = _address.split(self.config.address)
        context = tls_context(self.config.tls) if self.config.tls is not None else None
        self._server = await self.loop.create_server(
            self._manager,
            host,
            port,
            ssl=context,
            backlog=BACKLOG,
            ssl_handshake_timeout=self.config.header_s if context else None,
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        assert self._server is not None, "only an open server is closed"
        self._server.close()
        self._manager.pre_shutdown()
        await self._manager.shutdown(SHUTDOWN_S)

    def add(self, owner: str, routes: dict[str, Methods]) -> None:
        """Put an endpoint's paths here; one that ends with a slash takes one segment more. Raises ValueError."""
        for path in routes:
            if path in self._exact or path in self._below:
                raise ValueError(f"endpoint {owner}: {self.config.address}{path} belongs to another endpoint")
        for path, methods in routes.items():
            (self._below if len(path) > 1 and path.endswith("/") else self._exact)[path] = methods
        self.owners.add(owner)

    def remove(self, owner: str, paths: dict[str, Methods]) -> None:
        for path in paths:
            self._exact.pop(path, None)
            self._below.pop(path, None)
        self.owners.discard(owner)

    async def _dispatch(self, request: BaseRequest) -> Response:
        path = request.rel_url.raw_path
        methods = self._exact.get(path) or self._below.get(path[: path.rfind("/") + 1])
        try:
            if request.version != HttpVersion11 and request.version != HttpVersion10:
                return malformed()
            if methods is None:
                return problem(404, "no-such-path", "nothing is served under this path")
            handler = methods.get(request.method)
            if handler is None:
                allowed = ", ".join(methods)
                return problem(405, "no-such-method", f"this path takes {allowed}", headers={"Allow": allowed})
            return await handler(request)
        finally:
            connection: Any = request.protocol
            connection.handled += 1


_servers: dict[str, Server] = {}


async def share(owner: str, config: Config, routes: dict[str, Methods], health: dict[str, Methods]) -> Server:
    """Serve an endpoint's paths on its address, opening it, with `health`, when it is the first there."""
    server = _servers.get(config.address)
    if server is None or server.loop is not asyncio.get_running_loop():
        server = Server(config, health)
        server.add(owner, routes)
        await server.open()
        _servers[config.address] = server
        return server
    if server.config.tls != config.tls:
        raise ValueError(f"endpoint {owner}: endpoints on {config.address} have the same tls")
    server.add(owner, routes)
    return server


async def leave(owner: str, server: Server, routes: dict[str, Methods]) -> None:
    """Take an endpoint's paths away; the last one closes the address."""
    server.remove(owner, routes)
    if not server.owners:
        if _servers.get(server.config.address) is server:
            del _servers[server.config.address]
        await server.close()


def tls_context(tls: Tls) -> ssl.SSLContext:
    """TLS 1.3 alone. Raises OSError or ssl.SSLError for files that cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(tls.certificate, tls.key)
    if tls.clients is not None:
        context.load_verify_locations(tls.clients)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
