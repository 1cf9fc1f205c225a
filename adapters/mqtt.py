"""The MQTT door: messages in from a topic, answers and events out to another.

Strategy: quality of service 1 both ways. A message in is acknowledged to the broker only after its commit; until
then the broker keeps it for our session, which outlives the connection, and sends it again: the engine then
recognises its bytes. A delivery counts as arrived when the broker has acknowledged it. The broker is never the
record, and one that is away is waited for: it delays, it loses nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import ssl
from collections.abc import Sequence
from pathlib import Path

import aiomqtt
from msgspec import Struct

from adapters import _secrets
from gateway.ports import AnswerBy, Delivery, Desk, Inbound, StoreFailed

BATCH_MAX = 64  # messages offered at once; brokers commonly have 20 under way for one client
PUBLISH_S = 10.0  # for the broker's acknowledgement
CONNECT_S = 10.0
RETRY_FIRST_S, RETRY_MAX_S = 0.5, 30.0
QOS = 1

_FILTER = re.compile(r"(?:(?:[^+#\0/]*|\+)(?:/(?:[^+#\0/]*|\+))*(?:/#)?|#)\Z")
_LEVEL = re.compile(r"[^A-Za-z0-9._-]")

log = logging.getLogger("financial_os.mqtt")


class Tls(Struct, frozen=True, forbid_unknown_fields=True):
    """How the broker is known; paths of PEM files."""

    ca: Path | None = None  # authorities to trust, instead of the system's
    certificate: Path | None = None  # our own, where the broker asks for one
    key: Path | None = None


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """One broker: a topic to take messages from, a base topic to send to, or both."""

    host: str
    port: int = 1883
    subscribe: str = ""  # topic or filter; each message on it is one message of the endpoint's format
    publish: str = ""  # deliveries and answers go to PUBLISH/<message type>
    username: str = ""
    password: str = ""  # where it is kept: env:NAME, file:PATH, credential:NAME
    tls: Tls | None = None
    client_id: str = ""  # the session's name at the broker, one per daemon; "" is financial-os-<endpoint>
    keepalive_s: int = 30

    def __post_init__(self) -> None:
        if not self.subscribe and not self.publish:
            raise ValueError("an mqtt endpoint has a topic to subscribe to, to publish to, or both")
        if set("#+\0") & set(self.publish) or self.publish.endswith("/"):
            raise ValueError(f"publish {self.publish!r} is a topic without wildcards and without a slash at its end")
        if not _FILTER.match(self.subscribe):
            raise ValueError(f"subscribe {self.subscribe!r}: + stands for a whole level, # for all that follow")
        if self.tls is not None and (self.tls.certificate is None) != (self.tls.key is None):
            raise ValueError("tls.certificate and tls.key come together")


class Door:
    """ports.Door over one broker."""

    answer_by: AnswerBy = "outbox"

    def __init__(self, name: str, config: Config, desk: Desk) -> None:
        self._name = name
        self._config = config
        self._desk = desk
        self._client: aiomqtt.Client | None = None  # while connected
        self._password = ""
        self._context: ssl.SSLContext | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Raises ValueError or OSError for secrets and certificates that cannot be read; a broker may come later."""
        config = self._config
        self._password = _secrets.resolve(config.password) if config.password else ""
        self._context = _context(config.tls) if config.tls is not None else None
        self._task = asyncio.create_task(self._run(), name=f"mqtt {self._name}")

    async def stop(self) -> None:
        """Messages that are under way are not acknowledged: the broker has them for the next start."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    # -- out

    async def deliver(self, items: Sequence[Delivery]) -> list[int]:
        """The ids that the broker acknowledged, up to the first that it did not: so their order stays."""
        client = self._client
        if client is None:
            raise ConnectionError(f"endpoint {self._name}: the broker is not connected")
        if not self._config.publish:
            raise ConnectionError(f"endpoint {self._name} has no topic to publish to")
        results = await asyncio.gather(*(self._publish(client, item) for item in items), return_exceptions=True)
        arrived = []
        for item, failure in zip(items, results, strict=True):
            if failure is not None:
                log.warning("mqtt.not-delivered endpoint=%s name=%s error=%s", self._name, item.name, failure)
                break
            arrived.append(item.id)
        return arrived

    async def _publish(self, client: aiomqtt.Client, item: Delivery) -> None:
        topic = f"{self._config.publish}/{_LEVEL.sub('-', item.type)}"
        await client.publish(topic, item.data, qos=QOS, timeout=PUBLISH_S)

    # -- in

    async def _run(self) -> None:
        """Stay connected; wait longer after each attempt that fails."""
        wait_s = RETRY_FIRST_S
        while True:
            try:
                async with self._connect() as client:
                    wait_s = RETRY_FIRST_S
                    await self._serve(client)
            except aiomqtt.MqttError as error:
                log.warning("mqtt.away endpoint=%s error=%s retry_s=%s", self._name, error, wait_s)
            except StoreFailed:
                return
            finally:
                self._client = None
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, RETRY_MAX_S)

    def _connect(self) -> aiomqtt.Client:
        config = self._config
        client = aiomqtt.Client(
            config.host,
            config.port,
            username=config.username or None,
            password=self._password or None,
            identifier=config.client_id or f"financial-os-{self._name}",
            clean_session=False,
            timeout=CONNECT_S,
            keepalive=config.keepalive_s,
            tls_context=self._context,
        )
        client.pending_calls_threshold = BATCH_MAX * 4  # a whole batch of publications at once is meant
        client._client.manual_ack_set(True)  # paho's own switch, which aiomqtt does not hand on
        return client

    async def _serve(self, client: aiomqtt.Client) -> None:
        self._client = client
        if self._config.subscribe:
            await client.subscribe(self._config.subscribe, qos=QOS)
        log.info("mqtt.connected endpoint=%s subscribed=%s", self._name, self._config.subscribe)
        messages = client.messages
        async for first in messages:
            batch = [first]
            while len(messages) and len(batch) < BATCH_MAX:
                batch.append(await anext(messages))
            await self._take(client, batch)

    async def _take(self, client: aiomqtt.Client, batch: Sequence[aiomqtt.Message]) -> None:
        """Offer messages; acknowledge them once they are durable."""
        await self._desk.room()
        now_ns = self._desk.clock_ns()
        await self._desk.offer([Inbound(self._name, now_ns, _payload(m), str(m.topic)) for m in batch])
        for message in batch:
            client._client.ack(message.mid, message.qos)  # on a connection that is gone this does nothing


def _payload(message: aiomqtt.Message) -> bytes:
    return message.payload if isinstance(message.payload, bytes) else bytes(message.payload or b"")


def _context(tls: Tls) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=tls.ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if tls.certificate is not None:
        context.load_cert_chain(tls.certificate, tls.key)
    return context
