"""The MQTT door against a real broker: acknowledged after the commit, delivered when acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from adapters.mqtt import Config, Door, Tls
from gateway.ports import Delivery
from tests.adapters.certificates import Authority
from tests.adapters.desk import FakeDesk
from tests.adapters.waiting import until
from tests.services import Mosquitto, mosquitto

__all__ = ["mosquitto"]  # the fixture

OpenMqtt = Callable[..., Awaitable[Door]]


@pytest.fixture(autouse=True)
def _retry_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.mqtt.RETRY_FIRST_S", 0.02)


@pytest.fixture
async def open_mqtt(mosquitto: Mosquitto) -> AsyncIterator[OpenMqtt]:
    doors: list[Door] = []

    async def opened(desk: FakeDesk, **settings: Any) -> Door:
        door = Door("events", Config("127.0.0.1", mosquitto.port, **settings), desk)
        await door.start()
        doors.append(door)
        await until(lambda: door._client)
        return door

    yield opened
    for door in doors:
        await door.stop()


def peer(broker: Mosquitto, **settings: Any) -> aiomqtt.Client:
    return aiomqtt.Client("127.0.0.1", broker.port, **settings)


def delivery(id: int) -> Delivery:
    return Delivery(id, "events", f"{id}.json", "json.payment", "application/json", b"%d" % id)


async def received(client: aiomqtt.Client, number: int) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    async with asyncio.timeout(10):
        async for message in client.messages:
            found.append((str(message.topic), bytes(message.payload)))
            if len(found) == number:
                break
    return found


async def test_messages_are_offered_with_their_topic(mosquitto: Mosquitto, open_mqtt: OpenMqtt) -> None:
    desk = FakeDesk("outbox")
    await open_mqtt(desk, subscribe="in/#")
    async with peer(mosquitto) as client:
        for number in range(50):
            await client.publish(f"in/{number % 2}", b"%d" % number, qos=1)
    await until(lambda: len(desk.committed) == 50)
    assert [inbound.data for inbound in desk.committed] == [b"%d" % number for number in range(50)]
    assert {inbound.source for inbound in desk.committed} == {"in/0", "in/1"}
    assert {inbound.endpoint for inbound in desk.committed} == {"events"}


async def test_what_was_not_committed_comes_again(mosquitto: Mosquitto, open_mqtt: OpenMqtt) -> None:
    """The door ends between offer and commit: the broker has kept the message for the next start."""
    desk = FakeDesk("outbox")
    desk.pause()
    door = await open_mqtt(desk, subscribe="in")
    async with peer(mosquitto) as client:
        await client.publish("in", b"x", qos=1)
        await until(lambda: desk.waiting)
        await door.stop()
        assert not desk.committed
    after = FakeDesk("outbox")
    await open_mqtt(after, subscribe="in")
    await until(lambda: [inbound.data for inbound in after.committed] == [b"x"])


async def test_what_was_committed_does_not_come_again(mosquitto: Mosquitto, open_mqtt: OpenMqtt) -> None:
    desk = FakeDesk("outbox")
    door = await open_mqtt(desk, subscribe="in")
    async with peer(mosquitto) as client:
        await client.publish("in", b"first", qos=1)
        await until(lambda: desk.committed)
        await asyncio.sleep(0.05)
        await door.stop()
        await client.publish("in", b"second", qos=1)  # kept while the door is closed
    after = FakeDesk("outbox")
    await open_mqtt(after, subscribe="in")
    await until(lambda: after.committed)
    assert [inbound.data for inbound in after.committed] == [b"second"]


async def test_the_broker_holds_back_what_is_not_acknowledged(mosquitto: Mosquitto, open_mqtt: OpenMqtt) -> None:
    desk = FakeDesk("outbox")
    desk.pause()
    await open_mqtt(desk, subscribe="in")
    async with peer(mosquitto) as client:
        for number in range(100):
            await client.publish("in", b"%d" % number, qos=1)
        await until(lambda: desk.waiting)
        await asyncio.sleep(0.1)
        assert sum(len(messages) for messages, _, _ in desk.waiting) <= 20
        desk.resume()
        await until(lambda: len(desk.committed) == 100)


async def test_deliveries_are_published_in_order(mosquitto: Mosquitto, open_mqtt: OpenMqtt) -> None:
    door = await open_mqtt(FakeDesk("outbox"), publish="bank/out")
    async with peer(mosquitto) as client:
        await client.subscribe("bank/out/#", qos=1)
        assert await door.deliver([delivery(number) for number in range(1, 101)]) == list(range(1, 101))
        found = await received(client, 100)
    assert found == [("bank/out/json.payment", b"%d" % number) for number in range(1, 101)]


async def test_a_message_type_is_one_level_of_the_topic(mosquitto: Mosquitto, open_mqtt: OpenMqtt) -> None:
    door = await open_mqtt(FakeDesk("outbox"), publish="out")
    async with peer(mosquitto) as client:
        await client.subscribe("out/+", qos=1)
        await door.deliver([Delivery(1, "events", "1", "FIX.4.4/D#+", "text/plain", b"x")])
        assert await received(client, 1) == [("out/FIX.4.4-D--", b"x")]


async def test_a_broker_that_goes_and_comes_back_is_found_again(mosquitto: Mosquitto, open_mqtt: OpenMqtt) -> None:
    desk = FakeDesk("outbox")
    door = await open_mqtt(desk, subscribe="in", publish="out")
    mosquitto.stop()
    await until(lambda: door._client is None)
    with pytest.raises(ConnectionError):
        await door.deliver([delivery(1)])
    mosquitto.start()
    await until(lambda: door._client is not None)
    assert await door.deliver([delivery(1)]) == [1]
    async with peer(mosquitto) as client:
        await client.publish("in", b"x", qos=1)
    await until(lambda: desk.committed)


async def test_a_broker_that_comes_later_is_waited_for(mosquitto: Mosquitto) -> None:
    mosquitto.stop()
    door = Door("events", Config("127.0.0.1", mosquitto.port, publish="out"), FakeDesk("outbox"))
    await door.start()
    with pytest.raises(ConnectionError):
        await door.deliver([delivery(1)])
    mosquitto.start()
    await until(lambda: door._client)
    await door.stop()
    await door.stop()


async def test_without_a_topic_nothing_is_sent(open_mqtt: OpenMqtt) -> None:
    door = await open_mqtt(FakeDesk("outbox"), subscribe="in")
    with pytest.raises(ConnectionError, match="no topic"):
        await door.deliver([delivery(1)])


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"publish": "a/#"},
        {"publish": "a/"},
        {"publish": "+"},
        {"subscribe": "a/#/b"},
        {"subscribe": "a+"},
        {"subscribe": "a", "tls": Tls(certificate=Path("x"))},
    ],
)
def test_a_config_that_cannot_work_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        Config("h", **settings)


async def test_secrets_and_certificates_are_read_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="NOT_SET"):
        await Door("e", Config("h", publish="o", password="env:NOT_SET"), FakeDesk()).start()
    door = Door("e", Config("127.0.0.1", 1, publish="o", tls=Tls(Authority(tmp_path).path)), FakeDesk())
    await door.start()
    await door.stop()
