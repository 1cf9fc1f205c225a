"""The HTTP door: messages in with the answer in the response, the REST interface, messages out to a URL.

Strategy: a request becomes one Inbound; the response is written after the commit, from the answer that was
committed with it, so that a caller who asks again under the same Idempotency-Key reads the same bytes. What is
wrong with a request as such (its path, its token, its size, its pace) is a problem document and never reaches the
engine. Endpoints with the same `listen` share one server; see `server` for the guard against slow callers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aiohttp.web import BaseRequest, Response

from adapters.http import replies, requests
from adapters.http.client import Sender
from adapters.http.config import Config, Tls
from adapters.http.problems import problem
from adapters.http.rest import Rest, health
from adapters.http.server import Methods, Server, leave, share
from gateway.ports import AnswerBy, Delivery, Desk, Inbound, Outcome, StoreFailed


class Door:
    """ports.Door over HTTP."""

    answer_by: AnswerBy = "caller"

    def __init__(self, name: str, config: Config, desk: Desk) -> None:
        self._name = name
        self._config = config
        self._desk = desk
        self._server: Server | None = None
        self._sender: Sender | None = None
        self._routes: dict[str, Methods] = {}
        self._callers = requests.Callers({})
        self._under_way = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def port(self) -> int:
        """Where it listens; 0 when it does not."""
        return self._server.port if self._server is not None else 0

    async def start(self) -> None:
        """Raises ValueError, OSError or ssl.SSLError with a sentence."""
        if self._config.url:
            self._sender = Sender(self._name, self._config)
        if self._config.listens:
            self._callers = requests.Callers(self._config.tokens)
            self._routes = self._own_routes()
            self._server = await share(self._name, self._config, self._routes, health(self._desk.queries))

    async def stop(self) -> None:
        if self._server is not None:
            self._server.remove(self._name, self._routes)
            await self._idle.wait()
            await leave(self._name, self._server, self._routes)
            self._server = None
        if self._sender is not None:
            await self._sender.close()
            self._sender = None

    async def deliver(self, items: Sequence[Delivery]) -> list[int]:
        if self._sender is None:
            raise ConnectionError(f"endpoint {self._name} has no url to send to")
        return await self._sender.deliver(items)

    # -- requests

    def _own_routes(self) -> dict[str, Methods]:
        if self._config.api:
            return Rest(self._config.path, self._desk.queries, self._callers, self.take, self._read).routes()
        return {self._config.path or "/": {"POST": self._message}}

    async def _read(self, request: BaseRequest) -> bytes | Response:
        """The body of a request that becomes no message."""
        data = await requests.body(request, self._config)
        return data or problem(400, "empty-message", "the request has no body")

    async def _message(self, request: BaseRequest) -> Response:
        outcome = await self.take(request, "")
        return outcome if isinstance(outcome, Response) else replies.of_message(outcome)

    async def take(self, request: BaseRequest, type: str) -> Outcome | Response:
        """Read the request's message and have it committed; a problem when there is no message to take."""
        caller = self._callers.name(request)
        if isinstance(caller, Response):
            return caller
        key = requests.idempotency_key(request)
        if isinstance(key, Response):
            return key
        self._under_way += 1
        self._idle.clear()
        try:
            return await self._take(request, caller, key, type)
        except StoreFailed:
            return problem(503, "store-failed", "the message was not taken: the store failed", close=True)
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()

    async def _take(self, request: BaseRequest, caller: str, key: str, type: str) -> Outcome | Response:
        if not self._desk.has_room() and not await self._room():
            return problem(
                503,
                "busy",
                "more is waiting than can be taken now; try again later",
                close=True,
                headers={"Retry-After": "1"},
            )
        data = await requests.body(request, self._config)
        if isinstance(data, Response):
            return data
        if not data:
            return problem(400, "empty-message", "the request has no body")
        inbound = Inbound(self._name, self._desk.clock_ns(), data, request.remote or "", caller, key, type)
        return (await self._desk.offer((inbound,))).outcomes[0]

    async def _room(self) -> bool:
        try:
            await asyncio.wait_for(self._desk.room(), self._config.room_s)
        except TimeoutError:
            return False
        return True


__all__ = ["Config", "Door", "Tls"]
