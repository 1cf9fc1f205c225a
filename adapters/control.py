"""The control door: the operator's socket, a line of JSON each way.

    {"op": "release", "payment": 12, "by": "j.doe", "because": "other person"}
    {"status": "ACSC", "payment_id": 31, "reference": "12"}

Strategy: who may connect is decided by the kernel: the socket belongs to the daemon's user and the caller's user id
comes with the connection. A decision is a message like any other and is answered after its commit; a question goes
to the queries.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import struct
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from gateway.ports import AnswerBy, Delivery, Desk, Inbound, StoreFailed

LINE_BYTES_MAX = 64 * 1024  # a decision with its reason, many times over
PATH_BYTES_MAX = 107  # what the kernel has for a socket's name
CONNECTIONS_MAX = 32  # operators and their scripts
DECISIONS = ("release", "reject", "cancel", "repair", "recall", "return", "ask_status", "close_account", "net")
PAGE_DEFAULT, PAGE_MAX = 100, 1_000
_CREDENTIALS = struct.Struct("3i")  # process, user, group

log = logging.getLogger("financial_os.control")


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the socket is, and which users besides the daemon's own and root may use it."""

    path: Path = Path("var/control.sock")
    users: tuple[int, ...] = ()  # numeric user ids; the socket's folder must let them in


class Ask(Struct, frozen=True, forbid_unknown_fields=True):
    """A question or a decision. Decisions are checked by the JSON format, questions here."""

    op: str
    payment: int = 0
    account: str = ""
    endpoint: str = ""
    session: str = ""
    status: str = ""
    after: int = 0
    limit: int = PAGE_DEFAULT
    by: str = ""
    because: str = ""
    addresses: dict[str, Any] = {}
    reason: str = ""
    text: str = ""
    type: str = "operation"


_read = msgspec.json.Decoder(Ask).decode
_write = msgspec.json.Encoder().encode


class Door:
    """ports.Door over a Unix socket."""

    answer_by: AnswerBy = "caller"

    def __init__(self, name: str, config: Config, desk: Desk) -> None:
        self._name = name
        self._path = config.path
        self._users = {0, os.getuid(), *config.users}
        self._shared = bool(config.users)
        self._desk = desk
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._questions: dict[str, Callable[[Ask], Awaitable[Any]]] = {
            "status": self._status,
            "payment": self._payment,
            "balance": self._balance,
            "transactions": self._transactions,
            "payments": self._payments,
            "sessions": self._sessions,
            "session_reset": self._session_command,
            "session_logout": self._session_command,
        }

    async def start(self) -> None:
        """Raises OSError with a sentence when the socket cannot be placed or another daemon serves it."""
        if len(os.fsencode(self._path)) > PATH_BYTES_MAX:
            raise OSError(f"{self._path} is too long for a socket: at most {PATH_BYTES_MAX} bytes")
        self._path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        _clear(self._path)
        sock = socket.socket(socket.AF_UNIX)
        before = os.umask(0o117 if self._shared else 0o177)  # 0600, or 0660 where other users are named
        try:
            sock.bind(str(self._path))
        finally:
            os.umask(before)
        self._server = await asyncio.start_unix_server(self._connected, sock=sock, limit=LINE_BYTES_MAX)

    async def stop(self) -> None:
        if self._server is None:
            return
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        self._path.unlink(missing_ok=True)
        self._server = None

    async def deliver(self, items: Sequence[Delivery]) -> list[int]:
        raise ConnectionError(f"endpoint {self._name} answers and sends nothing of its own")

    # -- connections

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None, "a connection is served by a task"
        self._connections.add(task)
        try:
            user = _user(writer)
            if user in self._users and len(self._connections) <= CONNECTIONS_MAX:
                await self._serve(reader, writer, user)
            else:
                log.warning("control.refused endpoint=%s user=%d", self._name, user)
        except ConnectionError:
            log.info("control.hung-up endpoint=%s", self._name)
        finally:
            self._connections.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, user: int) -> None:
        while True:
            try:
                line = await reader.readuntil(b"\n")
            except asyncio.IncompleteReadError:
                return
            except asyncio.LimitOverrunError:
                writer.write(_error("line-too-long", f"a line has at most {LINE_BYTES_MAX} bytes"))
                await writer.drain()
                return
            writer.write(await self._answer(line, user))
            await writer.drain()

    async def _answer(self, line: bytes, user: int) -> bytes:
        try:
            ask = _read(line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            return _error("bad-request", str(error)[:200])
        if ask.op in DECISIONS:
            return await self._decide(line, user)
        question = self._questions.get(ask.op)
        if question is None:
            known = ", ".join((*DECISIONS, *self._questions))
            return _error("unknown-op", f"known are {known}")
        if not 0 < ask.limit <= PAGE_MAX or ask.after < 0:
            return _error("bad-page", f"limit is a number from 1 to {PAGE_MAX}, after is not negative")
        answer = await question(ask)
        return _error("not-found", "there is nothing of that name") if answer is None else _write(answer) + b"\n"

    async def _decide(self, line: bytes, user: int) -> bytes:
        inbound = Inbound(self._name, self._desk.clock_ns(), line, f"user {user}", type="operation")
        try:
            committed = await self._desk.offer((inbound,))
        except StoreFailed:
            return _error("store-failed", "the decision was not taken: the store failed")
        log.info("control.decided endpoint=%s user=%d message=%d", self._name, user, committed.outcomes[0].message)
        return b"".join(frame.data for frame in committed.outcomes[0].answers) + b"\n"

    # -- questions

    async def _status(self, ask: Ask) -> Any:
        return self._desk.queries.status()

    async def _payments(self, ask: Ask) -> Any:
        return {"payments": await self._desk.queries.payments(ask.status, ask.after, ask.limit)}

    async def _sessions(self, ask: Ask) -> Any:
        return {"sessions": self._desk.queries.sessions()}

    async def _session_command(self, ask: Ask) -> Any:
        """What a person does to a session: told to the log with who and why, like the decision it is."""
        if not ask.by.strip() or not ask.because.strip():
            return {"error": "who-and-why", "text": "a session is reset or logged out by a person, for a reason"}
        command: Literal["reset", "logout"] = "reset" if ask.op == "session_reset" else "logout"
        done = await self._desk.command(ask.endpoint, ask.session, command)
        log.warning(
            "control.session endpoint=%s session=%s command=%s by=%s because=%s done=%s",
            ask.endpoint,
            ask.session,
            command,
            ask.by,
            ask.because,
            done,
        )
        return {"done": True} if done else None

    async def _payment(self, ask: Ask) -> Any:
        return await self._desk.queries.payment(ask.payment)

    async def _balance(self, ask: Ask) -> Any:
        return await self._desk.queries.balance(ask.account)

    async def _transactions(self, ask: Ask) -> Any:
        return await self._desk.queries.transactions(ask.account, ask.after, ask.limit)


def _error(code: str, text: str) -> bytes:
    return _write({"error": code, "text": text}) + b"\n"


def _user(writer: asyncio.StreamWriter) -> int:
    """The caller's user id, from the kernel."""
    sock = writer.get_extra_info("socket")
    _, user, _ = _CREDENTIALS.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return int(user)


def _clear(path: Path) -> None:
    """Remove the socket that a crash left; a live one belongs to another daemon."""
    if not path.is_socket():
        if path.exists():
            raise OSError(f"{path} is there and is no socket")
        return
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as sock:
        try:
            sock.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise OSError(f"{path}: another daemon serves this socket")
