"""The FIX door: TCP connections, with TLS where certificates are configured, for the sessions of one endpoint.

It listens, or it connects: then each session has a task that dials the hosts in turn, waits longer after each
failure, and stays away while the session's schedule has it closed.

Strategy: a connection feeds its link, offers what came out, and writes only what the commit gives back. One offer of
a connection is under way at a time; bytes that come meanwhile wait and go into the next, so that a number never
counts as received before the message that bore it is durable, and load makes offers larger. Time is driven by the
link: it says when it wants to be woken. Whoever does not log on, does not read, or comes too often from one address
is cut off.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import socket
import ssl
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Literal, cast

from msgspec import Struct
from msgspec.structs import replace

from adapters import _address, _secrets
from gateway.ports import Acceptor, AnswerBy, Committed, Delivery, Desk, Inbound, Link, Peer, SessionConfig

READ_BYTES_MAX = 256 * 1024  # waiting for an offer that is under way; then the socket is not read
WRITE_BYTES_HIGH = 1024 * 1024  # a counterparty that does not read its answers is not read from either ...
WRITE_STALL_S = 30.0  # ... and cut off when it goes on
STOP_S = 5.0  # for counterparties to answer our Logout
BACKLOG = 1_024
CONNECT_S = 10.0  # for one host, TLS included
STEADY_S = 30.0  # a connection that held so long starts the waits anew
CLOSED_S = 60.0  # a session that is closed is looked at again so often, since its schedule may be edited
CHECKED = "session"  # what a message is that came through a session: framed and validated

log = logging.getLogger("financial_os.fix")


class Tls(Struct, frozen=True, forbid_unknown_fields=True):
    """Our certificate and those of others; paths of PEM files."""

    certificate: str = ""  # ours: to listen it must be there, to connect where the other side asks for one
    key: str = ""
    client_ca: str = ""  # to listen: counterparties must show a certificate signed by one of these authorities
    server_ca: str = ""  # to connect: the authorities that may sign the other side's certificate; "": the system's
    server_name: str = ""  # to connect: the name in the other side's certificate; "": the host that is dialled
    minimum: Literal["1.2", "1.3"] = "1.3"


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """One address to listen on, or the hosts to connect to, and the sessions behind it."""

    listen: str = ""  # host:port
    sessions: tuple[SessionConfig, ...] = ()
    connect: tuple[str, ...] = ()  # host:port of each of the counterparty's hosts, the first tried first
    tls: Tls | None = None
    connections_max: int = 256  # from one address: a counterparty needs one per session
    logon_timeout_s: float = 10.0  # from connecting to a Logon that was accepted
    reconnect_s: float = 5.0  # to wait before dialling again; doubled up to ...
    reconnect_max_s: float = 60.0

    def __post_init__(self) -> None:
        if bool(self.listen) == bool(self.connect):
            raise ValueError("either listen or connect: an endpoint listens on one address or connects to hosts")
        for address in (self.listen,) if self.listen else self.connect:
            _address.split(address)
        if self.tls is not None and self.listen and not (self.tls.certificate and self.tls.key):
            raise ValueError("tls: to listen takes a certificate and a key")
        if not self.sessions:
            raise ValueError("sessions: a FIX endpoint has at least one session")
        targets = Counter(session.target for session in self.sessions)
        twice = [target for target, count in targets.items() if count > 1]
        if twice:
            raise ValueError(f"sessions: {twice[0]} stands there twice; a target is the name of one session")
        if self.connect and any(target.endswith("*") for target in targets):
            raise ValueError("sessions: a template is for counterparties that connect to us")


class Door:
    """ports.Door over TCP."""

    answer_by: AnswerBy = "link"

    def __init__(self, name: str, config: Config, desk: Desk) -> None:
        self.name = name
        self.config = config
        self.desk = desk
        self.connections: set[Connection] = set()
        self._addresses: Counter[str] = Counter()
        self._acceptor: Acceptor | None = None
        self._server: asyncio.Server | None = None
        self._dialling: dict[str, asyncio.Task[None]] = {}
        self._context: ssl.SSLContext | None = None

    @property
    def acceptor(self) -> Acceptor:
        assert self._acceptor is not None, "the door was started"
        return self._acceptor

    @property
    def port(self) -> int:
        """Where it listens; 0 when it does not."""
        sockets = self._server.sockets if self._server is not None else ()
        return int(sockets[0].getsockname()[1]) if sockets else 0

    async def start(self) -> None:
        """Raises ValueError or OSError with a sentence. A host to connect to may come later."""
        config = self.config
        self._context = _context(config.tls, listening=bool(config.listen)) if config.tls is not None else None
        self._acceptor = self.desk.acceptor(self.name, _with_passwords(config.sessions))
        if not config.listen:
            self._dial_all()
            return
        host, port = _address.split(config.listen)
        timeout_s = config.logon_timeout_s if self._context is not None else None
        self._server = await asyncio.get_running_loop().create_server(
            lambda: Connection(self), host, port, ssl=self._context, ssl_handshake_timeout=timeout_s, backlog=BACKLOG
        )

    async def stop(self) -> None:
        """Log out of every session and wait for the answers, not for ever."""
        if self._acceptor is None:
            return
        if self._server is not None:
            self._server.close()
        self.acceptor.reconfigure(())
        for connection in list(self.connections):
            connection.poke()
        ends = [connection.ended for connection in self.connections]
        if ends:
            await asyncio.wait(ends, timeout=STOP_S)
        for task in self._dialling.values():
            task.cancel()
        await asyncio.gather(*self._dialling.values(), return_exceptions=True)
        self._dialling.clear()
        for connection in list(self.connections):
            connection.abort()
        self._server = self._acceptor = None

    def reconfigure(self, config: Config) -> bool:
        """Take a new configuration without touching sessions that stay; False when the address itself changed."""
        if (config.listen, config.connect, config.tls) != (self.config.listen, self.config.connect, self.config.tls):
            return False
        self.acceptor.reconfigure(_with_passwords(config.sessions))
        self.config = config
        for connection in list(self.connections):
            connection.poke()
        if config.connect:
            self._dial_all()
        return True

    async def command(self, session: str, command: Literal["reset", "logout"]) -> bool:
        """An operator's wish about a session; done when it is durable. False when there is no such session."""
        link = self.acceptor.command(session, command, self.desk.clock_ns())
        if link is None:
            return False
        connection = next((one for one in self.connections if one.link is link), None)
        if connection is None:
            await self.desk.offer([], link)
        else:
            connection.poke()
            await connection.flush()
        return True

    # -- dialling

    def _dial_all(self) -> None:
        """A task for each session that is configured; one that is gone logs out by itself and is not dialled again."""
        wanted = {session.target for session in self.config.sessions}
        for target in self._dialling.keys() - wanted:
            self._dialling.pop(target).cancel()
        for target in wanted - self._dialling.keys():
            self._dialling[target] = asyncio.create_task(self._keep_connected(target), name=f"{self.name} {target}")

    async def _keep_connected(self, target: str) -> None:
        loop = asyncio.get_running_loop()
        turn, wait_s = 0, self.config.reconnect_s
        while True:
            now_ns = self.desk.clock_ns()
            closed_s = (self.acceptor.opens_ns(target, now_ns) - now_ns) / 1e9
            if closed_s > 0:
                await asyncio.sleep(min(closed_s, CLOSED_S))
                continue
            started = loop.time()
            host = self.config.connect[turn % len(self.config.connect)]
            try:
                connection = await self._connect(host, target)
                await asyncio.shield(connection.ended)
            except (OSError, TimeoutError, ValueError) as error:  # UnicodeError: a name that no resolver takes
                log.warning("fix.not-connected endpoint=%s session=%s host=%s %s", self.name, target, host, error)
            if loop.time() - started > STEADY_S:
                turn, wait_s = 0, self.config.reconnect_s
            else:
                turn += 1
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, self.config.reconnect_max_s)

    async def _connect(self, address: str, target: str) -> Connection:
        host, port = _address.split(address)
        name = self.config.tls.server_name if self.config.tls is not None else ""
        async with asyncio.timeout(CONNECT_S):
            _, connection = await asyncio.get_running_loop().create_connection(
                lambda: Connection(self, target),
                host,
                port,
                ssl=self._context,
                server_hostname=(name or host) if self._context is not None else None,
            )
        return connection

    async def deliver(self, items: Sequence[Delivery]) -> list[int]:
        """Answers that came later, to sessions that may be away: they are durable, and asked for by their numbers."""
        queued: dict[str, list[Delivery]] = {}
        for item in items:
            queued.setdefault(item.session, []).append(item)
        arrived: list[int] = []
        for session, group in queued.items():
            link = self.acceptor.send(session, [item.data for item in group], self.desk.clock_ns())
            if link is None:
                log.warning("fix.no-session endpoint=%s session=%s items=%d", self.name, session, len(group))
                continue
            connection = next((c for c in self.connections if c.link is link), None)
            await (connection.flush() if connection is not None else self.desk.offer([], link))
            arrived.extend(item.id for item in group)
        return arrived

    # -- connections

    def admit(self, connection: Connection) -> bool:
        """Whether one more connection from its address is welcome."""
        if self._addresses[connection.address] >= self.config.connections_max:
            log.warning("fix.turned-away endpoint=%s connections=%d", self.name, self.config.connections_max)
            return False
        self._addresses[connection.address] += 1
        self.connections.add(connection)
        return True

    def forget(self, connection: Connection) -> None:
        """A connection is gone."""
        self.connections.discard(connection)
        self._addresses[connection.address] -= 1
        if not self._addresses[connection.address]:
            del self._addresses[connection.address]


class Connection(asyncio.Protocol):
    """One socket and its link; `dialled` is the session that we opened it for."""

    link: Link

    def __init__(self, door: Door, dialled: str = "") -> None:
        self.door = door
        self.desk = door.desk
        self._dialled = dialled
        self.address = self.source = ""
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._busy = False  # an offer is under way
        self._tick_wanted = False  # time ran on meanwhile
        self._holds: set[str] = set()  # why the socket is not read
        self._waiting: list[asyncio.Future[None]] = []  # for the offer after the one under way
        self._timer: asyncio.TimerHandle | None = None
        self._logon_timer: asyncio.TimerHandle | None = None
        self._stall_timer: asyncio.TimerHandle | None = None
        self._pace_timer: asyncio.TimerHandle | None = None
        self._room: asyncio.Task[None] | None = None

    # -- asyncio.Protocol

    def connection_made(self, opened: asyncio.BaseTransport) -> None:
        transport = cast(asyncio.Transport, opened)  # uvloop's reads and writes too, and is no subclass
        name = transport.get_extra_info("peername") or ("",)
        self.address, self.source = str(name[0]), ":".join(str(part) for part in name[:2])
        peer, now_ns = Peer(self.address, _certificate(transport)), self.desk.clock_ns()
        acceptor = self.door.acceptor
        link = acceptor.dial(self._dialled, now_ns, peer) if self._dialled else acceptor.connect(now_ns, peer)
        if link is None or not self.door.admit(self):
            transport.abort()
            self.ended.set_result(None)
            return
        self.link = link
        self._transport = transport
        transport.set_write_buffer_limits(high=WRITE_BYTES_HIGH)
        sock = transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if self._dialled:
            self._tick()  # the Logon waits on the link
        else:
            self._logon_timer = self._loop.call_later(self.door.config.logon_timeout_s, self._too_slow, "logon")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if len(self._buffer) > READ_BYTES_MAX:
            self._hold("buffer")
        self._pump()

    def pause_writing(self) -> None:
        self._hold("unread")
        self._stall_timer = self._loop.call_later(WRITE_STALL_S, self._too_slow, "reading")

    def resume_writing(self) -> None:
        self._cancel(self._stall_timer)
        self._let_go("unread")
        self._tick()

    def connection_lost(self, error: Exception | None) -> None:
        for timer in (self._timer, self._logon_timer, self._stall_timer, self._pace_timer):
            self._cancel(timer)
        if self._room is not None:
            self._room.cancel()
        if self._transport is None:
            return  # turned away
        self._transport = None
        self.door.forget(self)
        self.link.lost()
        if self.link.session:
            self._waiting.append(self._ignored())  # numbers may have been reset by the end of the connection
        self._finish()

    def _ignored(self) -> asyncio.Future[None]:
        """For an offer that nobody waits for: a store that failed ends the process anyway."""
        future: asyncio.Future[None] = self._loop.create_future()
        future.add_done_callback(lambda done: done.cancelled() or done.exception())
        return future

    # -- offers

    def _pump(self) -> None:
        """Offer what waits, unless an offer is under way or the engine has no room."""
        if self._busy:
            return
        if self._waiting:
            self._offer([])
        elif self._buffer and self._open() and not self._holds & {"unread", "pace"}:
            if not self.desk.has_room():
                self._wait_for_room()
                return
            data = bytes(self._buffer)
            self._buffer.clear()
            self._let_go("buffer")
            self._offer(self.link.receive(data, self.desk.clock_ns()))
            self._keep_pace()
        elif self._tick_wanted:
            self._tick()

    def _offer(self, messages: Sequence[bytes], *, by_tick: bool = False) -> None:
        self._busy = True
        waiting, self._waiting = self._waiting, []
        now_ns, name, session = self.desk.clock_ns(), self.door.name, self.link.session
        inbound = [Inbound(name, now_ns, data, self.source, session, "", CHECKED) for data in messages]
        quiet = by_tick or bool(messages)
        self.desk.offer(inbound, self.link).add_done_callback(partial(self._committed, waiting, quiet))

    def _committed(self, waiting: list[asyncio.Future[None]], quiet: bool, done: asyncio.Future[Committed]) -> None:
        """What was offered is durable: now the answers may leave."""
        self._busy = False
        error = asyncio.CancelledError() if done.cancelled() else done.exception()
        for future in waiting:
            if not future.done():
                future.set_result(None) if error is None else future.set_exception(error)
        if error is not None:
            self.abort()
        else:
            self._release(done.result(), quiet)
        self._finish()

    def _release(self, committed: Committed, quiet: bool) -> None:
        if self._transport is not None and self._open():
            if committed.wire:
                self._transport.write(committed.wire)
            if committed.close:
                self._transport.close()
            elif self.link.session:
                self._cancel(self._logon_timer)
        self._tick_wanted = self._tick_wanted or not quiet
        self._pump()

    def _finish(self) -> None:
        """The connection ended once it is gone and nothing of it is under way."""
        if self._transport is None and not self._busy:
            if self._waiting:
                self._offer([])
            elif not self.ended.done():
                self.ended.set_result(None)

    async def flush(self) -> None:
        """Commit and write what was queued on the link by now."""
        future: asyncio.Future[None] = self._loop.create_future()
        self._waiting.append(future)
        self._pump()
        await future

    def poke(self) -> None:
        """The link changed by itself: let it say what it has to say, or hang up when nobody logged on."""
        if not self.link.session and self._transport is not None:
            self._transport.close()
        self._tick()

    # -- time

    def _tick(self) -> None:
        """Wake the link; what it has to say goes through an offer like everything else."""
        self._tick_wanted = self._busy
        if self._busy or self._transport is None:
            return
        now_ns = self.desk.clock_ns()
        due_ns = self.link.tick(now_ns) if "unread" not in self._holds else now_ns + 1_000_000_000
        self._cancel(self._timer)
        self._timer = self._loop.call_at(self._loop.time() + max(due_ns - now_ns, 0) / 1e9, self._tick)
        self._offer([], by_tick=True)

    def _too_slow(self, what: str) -> None:
        log.warning("fix.too-slow endpoint=%s what=%s", self.door.name, what)
        self.abort()

    @staticmethod
    def _cancel(timer: asyncio.TimerHandle | None) -> None:
        if timer is not None:
            timer.cancel()

    # -- the socket

    def _open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def abort(self) -> None:
        """Hang up without a word."""
        if self._transport is not None:
            self._transport.abort()

    def _keep_pace(self) -> None:
        """Read nothing for a while from a counterparty that sends more than was agreed."""
        pause_ns = self.link.hold_ns(self.desk.clock_ns())
        if pause_ns:
            self._hold("pace")
            self._pace_timer = self._loop.call_later(pause_ns / 1e9, self._resume_pace)

    def _resume_pace(self) -> None:
        self._let_go("pace")
        self._pump()

    def _hold(self, why: str) -> None:
        if not self._holds and self._transport is not None:
            self._transport.pause_reading()
        self._holds.add(why)

    def _let_go(self, why: str) -> None:
        if why not in self._holds:
            return
        self._holds.discard(why)
        if not self._holds and self._transport is not None:
            self._transport.resume_reading()

    def _wait_for_room(self) -> None:
        if self._room is None:
            self._hold("room")
            self._room = self._loop.create_task(self._pump_when_room())

    async def _pump_when_room(self) -> None:
        await self.desk.room()
        self._room = None
        self._let_go("room")
        self._pump()


def _with_passwords(sessions: Sequence[SessionConfig]) -> tuple[SessionConfig, ...]:
    """Sessions with the passwords that their references name. Raises ValueError for one that cannot be read."""
    return tuple(
        replace(session, password=_secrets.resolve(session.password)) if session.password else session
        for session in sessions
    )


def _certificate(transport: asyncio.Transport) -> frozenset[str]:
    """What the other side's certificate says of it: its names, and its fingerprint."""
    found = transport.get_extra_info("ssl_object")
    data = found.getpeercert(binary_form=True) if found is not None else None
    if not data:
        return frozenset()
    said = found.getpeercert()
    names = {value for part in said.get("subject", ()) for key, value in part if key == "commonName"}
    names |= {value for kind, value in said.get("subjectAltName", ()) if kind in ("DNS", "URI", "email")}
    return frozenset(names | {f"sha256:{hashlib.sha256(data).hexdigest()}"})


def _context(tls: Tls, *, listening: bool) -> ssl.SSLContext:
    """The context of a side: TLS 1.3 unless 1.2 is allowed, and the authorities that are trusted."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if listening else ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3 if tls.minimum == "1.3" else ssl.TLSVersion.TLSv1_2
    authority = tls.client_ca if listening else tls.server_ca
    try:
        if tls.certificate:
            context.load_cert_chain(tls.certificate, tls.key or None)
        if authority:
            context.load_verify_locations(authority)
        elif not listening:
            context.load_default_certs()
    except OSError as error:  # ssl.SSLError is one
        paths = ", ".join(path for path in (tls.certificate, tls.key, authority) if path)
        raise ValueError(f"tls: one of {paths} cannot be used: {error.strerror or error}") from None
    if listening and authority:
        context.verify_mode = ssl.CERT_REQUIRED
    return context
