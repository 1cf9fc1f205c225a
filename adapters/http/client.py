"""Messages out: each is POSTed to the endpoint's URL under a name that stays the same when it is sent again."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Sequence

import aiohttp

from adapters import _secrets
from adapters.http.config import Config
from gateway.ports import Delivery

ANSWER_BYTES_MAX = 64 * 1024  # of the receiver's answer; it is not read for its content

log = logging.getLogger("financial_os.http")


class Sender:
    """Deliveries of one endpoint over kept-alive connections."""

    def __init__(self, endpoint: str, config: Config) -> None:
        self._endpoint = endpoint
        self._url = config.url
        self._turns = asyncio.Semaphore(config.url_parallel)
        headers = {"Authorization": f"Bearer {_secrets.resolve(config.url_token)}"} if config.url_token else None
        context = ssl.create_default_context(cafile=config.url_ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=context, limit=config.url_parallel),
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=config.url_timeout_s),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def close(self) -> None:
        await self._session.close()

    async def deliver(self, items: Sequence[Delivery]) -> list[int]:
        """The ids that the receiver confirmed. Items of one group go one after the other, others side by side."""
        lanes: dict[str, list[Delivery]] = {}
        for item in items:
            lanes.setdefault(item.group or f"\0{item.id}", []).append(item)
        arrived = await asyncio.gather(*(self._lane(lane) for lane in lanes.values()))
        return sorted(id for ids in arrived for id in ids)

    async def _lane(self, items: Sequence[Delivery]) -> list[int]:
        arrived = []
        for item in items:
            async with self._turns:
                if not await self._post(item):
                    break
            arrived.append(item.id)
        return arrived

    async def _post(self, item: Delivery) -> bool:
        headers = {"Content-Type": item.media, "Idempotency-Key": item.name}
        try:
            async with self._session.post(
                self._url, data=item.data, headers=headers, allow_redirects=False
            ) as response:
                await response.content.read(ANSWER_BYTES_MAX)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            kind = type(error).__name__
            log.warning("http.not-delivered endpoint=%s name=%s error=%s", self._endpoint, item.name, kind)
            return False
        if not 200 <= response.status < 300:
            log.warning("http.not-delivered endpoint=%s name=%s status=%d", self._endpoint, item.name, response.status)
            return False
        return True
