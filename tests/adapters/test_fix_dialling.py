"""Two FIX doors, one dialling the other: hosts in turn, certificates bound to sessions, pace, an operator's wishes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from adapters import fix
from gateway.formats.fix import FORMAT
from gateway.ports import Delivery, SessionConfig, SessionView
from tests.adapters.certificates import Authority
from tests.adapters.desk import FakeDesk, replies, settled
from tests.adapters.test_fix import Client
from tests.adapters.waiting import until
from tests.formats.fix.peer import ORDER

NEWS = b"35=B\x01148=hello\x0133=1\x0158=text\x01"
Opened = tuple[fix.Door, FakeDesk]
OpenDoor = Callable[..., Awaitable[Opened]]


@pytest.fixture
async def opened() -> AsyncIterator[OpenDoor]:
    doors: list[fix.Door] = []

    async def open_door(*sessions: SessionConfig, **settings: Any) -> Opened:
        acceptor = FORMAT.acceptor("fix", sessions, [], lambda session, first, last: [])
        desk = FakeDesk("link", replies(FORMAT, settled), acceptor)
        door = fix.Door("fix", fix.Config(sessions=sessions, **settings), desk)
        await door.start()
        doors.append(door)
        return door, desk

    yield open_door
    for door in doors:
        await door.stop()


def view(door: fix.Door, session: str) -> SessionView:
    return next(one for one in door.acceptor.views(door.desk.clock_ns()) if one.session == session)


def logged_on(door: fix.Door, session: str) -> bool:
    return view(door, session).state == "logged on"


async def test_the_first_host_that_answers_is_taken(opened: OpenDoor) -> None:
    venue, desk = await opened(SessionConfig("US", "VENUE"), listen="127.0.0.1:0")
    hosts = ("127.0.0.1:1", f"127.0.0.1:{venue.port}")
    ours, _ = await opened(SessionConfig("VENUE", "US"), connect=hosts, reconnect_s=0.01)
    await until(lambda: logged_on(ours, "VENUE"))
    order = ("35=D\x01" + ORDER.format("A1").replace("|", "\x01")).encode()
    assert await ours.deliver([Delivery(7, "fix", "n", "FIX.4.4/D", "application/fix", order, "VENUE")]) == [7]
    await until(lambda: desk.committed)
    assert desk.committed[0].session == "US"


async def test_a_connection_that_ends_is_dialled_again_and_numbers_go_on(opened: OpenDoor) -> None:
    venue, _ = await opened(SessionConfig("US", "VENUE"), listen="127.0.0.1:0")
    ours, _ = await opened(
        SessionConfig("VENUE", "US"), connect=(f"127.0.0.1:{venue.port}",), reconnect_s=0.01, reconnect_max_s=0.02
    )
    for round in range(1, 4):
        await until(lambda: logged_on(ours, "VENUE") and logged_on(venue, "US"))
        assert view(ours, "VENUE").next_out == round + 1
        for connection in list(venue.connections):
            connection.abort()
        await until(lambda: not logged_on(ours, "VENUE"))


async def test_a_session_that_is_removed_logs_out_and_stays_away(opened: OpenDoor) -> None:
    both = (SessionConfig("A", "VENUE"), SessionConfig("B", "VENUE"))
    venue, _ = await opened(*both, listen="127.0.0.1:0")
    hosts = (f"127.0.0.1:{venue.port}",)
    acceptor = FORMAT.acceptor("fix", (SessionConfig("VENUE", "A"),), [], lambda *_: [])
    door = fix.Door("fix", fix.Config("", (SessionConfig("VENUE", "A"),), hosts), FakeDesk("link", acceptor=acceptor))
    await door.start()
    await until(lambda: logged_on(venue, "A"))
    assert door.reconfigure(fix.Config("", (SessionConfig("OTHER", "A"),), hosts))
    await until(lambda: not logged_on(venue, "A"))
    await door.stop()
    assert not door.connections


async def test_each_session_has_its_own_certificate(opened: OpenDoor, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate, key = map(str, authority.sign("gateway"))
    tls = fix.Tls(certificate, key, client_ca=str(authority.path))
    sessions = (SessionConfig("A", "VENUE", certificate="alpha"), SessionConfig("B", "VENUE", certificate="beta"))
    venue, _ = await opened(*sessions, listen="127.0.0.1:0", tls=tls)
    own, own_key = map(str, authority.sign("alpha"))
    shown = fix.Tls(own, own_key, server_ca=str(authority.path), server_name="localhost")
    hosts = (f"127.0.0.1:{venue.port}",)
    await opened(SessionConfig("VENUE", "A"), connect=hosts, tls=shown)
    await opened(SessionConfig("VENUE", "B"), connect=hosts, tls=shown, reconnect_s=0.01)
    await until(lambda: logged_on(venue, "A"))
    await asyncio.sleep(0.1)
    assert not logged_on(venue, "B"), "a right certificate, and of another session"


async def test_the_venue_shows_its_certificate_too(opened: OpenDoor, tmp_path: Path) -> None:
    authority, stranger = Authority(tmp_path), Authority(tmp_path, "Stranger")
    certificate, key = map(str, authority.sign("gateway"))
    venue, _ = await opened(SessionConfig("A", "VENUE"), listen="127.0.0.1:0", tls=fix.Tls(certificate, key))
    hosts = (f"127.0.0.1:{venue.port}",)
    wrong = fix.Tls(server_ca=str(stranger.path), server_name="localhost")
    ours, _ = await opened(SessionConfig("VENUE", "A"), connect=hosts, tls=wrong, reconnect_s=0.01)
    await asyncio.sleep(0.1)
    assert not logged_on(ours, "VENUE")


@pytest.mark.parametrize(("networks", "welcome"), [(("127.0.0.0/8",), True), (("192.0.2.0/24", "::1"), False)])
async def test_a_session_comes_from_its_networks(opened: OpenDoor, networks: tuple[str, ...], welcome: bool) -> None:
    door, _ = await opened(SessionConfig("CLIENT1", addresses=networks), listen="127.0.0.1:0")
    client = await Client.connect(door)
    if welcome:
        assert await client.logon()
    else:
        client.send("A", "98=0|108=30|")
        assert await client.ended()


async def test_a_template_serves_whoever_begins_so(opened: OpenDoor) -> None:
    door, _ = await opened(SessionConfig("FUND*", sessions_max=2), listen="127.0.0.1:0")
    for name in ("FUND1", "FUND2"):
        assert await (await Client.connect(door, name)).logon()
    for name in ("FUND3", "OTHER"):
        client = await Client.connect(door, name)
        client.send("A", "98=0|108=30|")
        assert await client.ended()
    assert sorted(view.session for view in door.acceptor.views(0)) == ["FUND1", "FUND2"]


async def test_names_that_never_log_on_do_not_fill_a_template(opened: OpenDoor) -> None:
    session = SessionConfig("FUND*", sessions_max=2, user="fund", password="env:PATH")
    door, _ = await opened(session, listen="127.0.0.1:0")
    for number in range(6):
        client = await Client.connect(door, f"FUND{number}")
        client.send("A", "98=0|108=30|553=fund|554=guess|")
        assert await client.ended()
    assert len(door.acceptor.views(0)) <= 2
    known = await Client.connect(door, "FUNDX")
    known.send("A", "98=0|108=30|553=fund|554=env:PATH|")  # the test's desk has the reference itself for the password
    assert "35=A" in await known.read()


async def test_a_counterparty_is_read_no_faster_than_agreed(opened: OpenDoor) -> None:
    door, desk = await opened(SessionConfig("CLIENT1", messages_per_s=20), listen="127.0.0.1:0")
    client = await Client.connect(door)
    await client.logon()
    for number in range(40):
        client.send("D", ORDER.format(f"A{number}"))
    await until(lambda: len(desk.committed) == 40)  # all of them come through in the end
    client.send("D", ORDER.format("B"))
    await asyncio.sleep(0.1)
    assert len(desk.committed) == 40, "and the next waits for its second"


async def test_an_operator_resets_and_logs_out(opened: OpenDoor) -> None:
    door, _ = await opened(SessionConfig("CLIENT1"), listen="127.0.0.1:0")
    client = await Client.connect(door)
    await client.logon()
    assert await door.command("CLIENT1", "logout")
    assert await client.read() == "35=5|34=2"
    client.send("5")
    assert await client.ended()
    assert (view(door, "CLIENT1").next_in, view(door, "CLIENT1").next_out) == (3, 3)
    assert await door.command("CLIENT1", "reset")
    assert (view(door, "CLIENT1").next_in, view(door, "CLIENT1").next_out) == (1, 1)
    client = await Client.connect(door)
    await client.logon()
    assert await door.command("CLIENT1", "reset")
    assert await client.ended()
    assert not await door.command("NOBODY", "reset")


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({}, "either listen or connect"),
        ({"listen": "127.0.0.1:0", "connect": ("127.0.0.1:1",)}, "either listen or connect"),
        ({"connect": ("nowhere",)}, "is not an address"),
        ({"connect": ("127.0.0.1:1",), "sessions": (SessionConfig("A*"),)}, "a template is for counterparties"),
        ({"listen": "127.0.0.1:0", "sessions": ()}, "at least one session"),
        ({"listen": "127.0.0.1:0", "tls": fix.Tls()}, "takes a certificate and a key"),
    ],
)
def test_configurations_that_contradict_themselves(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        fix.Config(**({"sessions": (SessionConfig("A"),)} | settings))


@pytest.mark.parametrize(
    ("session", "problem"),
    [
        (SessionConfig("A", begin_string="FIX.9"), "is none of"),
        (SessionConfig("A", application="FIX50"), "belongs to begin_string FIXT.1.1"),
        (SessionConfig("A", begin_string="FIX.4.2", next_expected=True), "belongs to FIX.4.4"),
        (SessionConfig("A", addresses=("10.0.0.0/99",)), "is not a network"),
    ],
)
def test_sessions_that_cannot_be_served(session: SessionConfig, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        FORMAT.check_sessions([session])
