"""From a request to an Inbound: who calls, under which key, with which body. Wrong ones become problems."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from collections.abc import Mapping

from aiohttp.client_exceptions import ClientPayloadError
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web import BaseRequest, RequestPayloadError, Response

from adapters import _secrets
from adapters.http.config import Config
from adapters.http.problems import problem

_KEY = re.compile(r"[\x21-\x7e][\x20-\x7e]{0,254}\Z")


class Callers:
    """The bearer tokens of an endpoint, kept as hashes and compared in constant time."""

    def __init__(self, tokens: Mapping[str, str]) -> None:
        self._known = [(name, _hash(_secrets.resolve(reference))) for name, reference in tokens.items()]

    def name(self, request: BaseRequest) -> str | Response:
        """The caller's name, "" where nobody has to say; a problem for whoever is not known."""
        if "Origin" in request.headers:  # a web page in somebody's browser must not order transfers
            return problem(403, "browser-origin", "requests of web pages are not taken", close=True)
        if not self._known:
            return ""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        shown, found = _hash(token.strip()), ""
        for name, expected in self._known:  # all of them, always
            if hmac.compare_digest(shown, expected):
                found = name
        if found and scheme.lower() == "bearer":
            return found
        return problem(
            401,
            "unknown-caller",
            "a bearer token of this endpoint is needed",
            close=True,
            headers={"WWW-Authenticate": "Bearer"},
        )


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def idempotency_key(request: BaseRequest) -> str | Response:
    """The Idempotency-Key, "" without: at most 255 printable ASCII characters."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return ""
    if _KEY.match(key) is None:
        return problem(
            400, "bad-idempotency-key", "an Idempotency-Key has 1 to 255 printable ASCII characters", close=True
        )
    return key


async def body(request: BaseRequest, config: Config) -> bytes | Response:
    """The whole body, if it is small, quick and plain enough."""
    too_large = f"a message has at most {config.body_bytes_max} bytes here; larger ones come through a folder"
    if (request.content_length or 0) > config.body_bytes_max:
        return problem(413, "message-too-large", too_large, close=True)
    if "Content-Encoding" in request.headers:
        return problem(415, "content-encoding", "compressed bodies are not taken", close=True)
    content = request.content
    if content.is_eof():
        data = content.read_nowait()
        return data if len(data) <= config.body_bytes_max else problem(413, "message-too-large", too_large, close=True)
    if "Expect" in request.headers:
        refused = await _continue(request)
        if refused is not None:
            return refused
    try:
        received = await _slowly(request, config)
    except TimeoutError:
        return problem(408, "too-slow", "the body did not arrive in time", close=True)
    except (RequestPayloadError, ClientPayloadError, HttpProcessingError):
        return problem(400, "bad-request", "the body is not framed as RFC 9112 writes it", close=True)
    return received if received is not None else problem(413, "message-too-large", too_large, close=True)


async def _slowly(request: BaseRequest, config: Config) -> bytes | None:
    """Read piece by piece, each piece buying time; None when it becomes too large."""
    received = bytearray()
    start = asyncio.get_running_loop().time() + config.body_s
    async with asyncio.timeout_at(start) as deadline:
        while piece := await request.content.readany():
            received += piece
            if len(received) > config.body_bytes_max:
                return None
            deadline.reschedule(start + len(received) / config.body_rate_min)
    return bytes(received)


async def _continue(request: BaseRequest) -> Response | None:
    if request.headers["Expect"].lower() != "100-continue":
        return problem(417, "bad-expectation", "only 100-continue is known", close=True)
    await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    request.writer.output_size = 0  # the interim answer is not the answer
    return None
