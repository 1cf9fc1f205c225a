"""An echo application behind the FIX engine, for acceptance tests.

    python -m tests.live.fix_echo --port PORT --version fix44 --dictionaries DIR [--tls CERT KEY]

NewOrderSingle, SecurityDefinition and Email go back with the same body; a possible resend of an order that was seen
is dropped; every other application message is answered with `Unsupported Message Type`. Sequence numbers start
again at each Logon. `Host` is the same without a socket, for tests on a clock of their own.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import ssl
import time
from pathlib import Path
from typing import cast

from gateway.formats.fix.acceptor import FixAcceptor, FixLink, Library
from gateway.formats.fix.dictionary import Group
from gateway.formats.fix.message import HEADER_TAGS, Message, join, parse
from gateway.formats.fix.rejects import reversed_route
from gateway.formats.fix.validate import Rules, entries
from gateway.formats.fix.versions import VERSIONS, Version
from gateway.ports import SessionConfig

BEGIN_STRINGS = {
    "fix40": "FIX.4.0",
    "fix41": "FIX.4.1",
    "fix42": "FIX.4.2",
    "fix43": "FIX.4.3",
    "fix44": "FIX.4.4",
    "fix50": "FIXT.1.1",
    "fix50sp1": "FIXT.1.1",
    "fix50sp2": "FIXT.1.1",
}
APPLICATIONS = {"fix50": b"7", "fix50sp1": b"8", "fix50sp2": b"9"}
PIECE = re.compile(rb".*?\x0110=[^\x01]*\x01|.+\Z", re.DOTALL)  # one message at a time keeps answers in order


class Store:
    """What is sealed is kept, in memory."""

    def __init__(self) -> None:
        self.messages: dict[int, bytes] = {}

    def sent(self, session: str, first: int, last: int) -> list[tuple[int, bytes]]:
        return [(n, self.messages[n]) for n in range(first, last + 1) if n in self.messages]


class Host:
    """One session of one version, and its application."""

    def __init__(self, version: str, dictionaries: Path) -> None:
        begin_string = BEGIN_STRINGS[version]
        self.version: Version = VERSIONS[begin_string.encode()]
        self.application = APPLICATIONS.get(version, b"")
        library = Library(dictionaries)
        rules = library.rules(self.version, self.application)
        assert rules is not None
        self.rules: Rules = rules
        self.store = Store()
        target = f"TW{version.removeprefix('fix').upper()}"
        config = SessionConfig(target, "ISLD", begin_string, reset_on_logon=True)
        self.acceptor = FixAcceptor("echo", [config], [], self.store.sent, library)

    def connect(self, now_ns: int) -> Connection:
        return Connection(self, self.acceptor.connect(now_ns))

    # -- the application

    def answer(self, message: Message, seen: set[bytes]) -> list[bytes]:
        order = message.fields.get(b"11", b"")
        if message.type == b"D" and message.fields.get(b"97") == b"Y" and order in seen:
            return []
        if message.type == b"D":
            seen.add(order)
        if message.type in self._echoed():
            return [self._echo(message)]
        return [self._unsupported(message)]

    def _echoed(self) -> tuple[bytes, ...]:
        return (b"D", b"C", b"d") if self.version.business_reject else (b"D", b"C")

    def _unsupported(self, message: Message) -> bytes:
        head = reversed_route(message.fields)
        number, text = message.fields[b"34"], b"58=Unsupported Message Type"
        if not self.version.business_reject:
            return b"35=3\x01%b45=%b\x01%b\x01" % (head, number, text)
        version = b"1137=%b\x01" % self.application if self.application else b""
        return b"35=j\x01%b45=%b\x01%b\x01372=%b\x01380=3\x01%b" % (head, number, text, message.type, version)

    def _echo(self, message: Message) -> bytes:
        """The body in ascending tags, the entries of a group where the group is counted."""
        layout = self.rules.layout(message.type)
        assert layout is not None
        groups = {member.tag: member.group for member in layout.members if member.group is not None}
        blocks = sorted(_blocks(message, groups), key=lambda block: int(block[0][0]))
        resend = b"97=Y\x01" if message.fields.get(b"97") == b"Y" else b""
        return b"35=%b\x01%b%b" % (message.type, resend, join([pair for block in blocks for pair in block]))


def _blocks(message: Message, groups: dict[bytes, Group]) -> list[list[tuple[bytes, bytes]]]:
    pairs = message.pairs()
    blocks: list[list[tuple[bytes, bytes]]] = []
    place = 0
    while place < len(pairs):
        tag = pairs[place][0]
        end = entries(message.tags, place + 1, groups[tag]).end if tag in groups else place + 1
        if tag not in HEADER_TAGS and tag != b"10":
            blocks.append(pairs[place:end])
        place = end
    return blocks


class Connection:
    """Feeds a link and commits at once."""

    def __init__(self, host: Host, link: FixLink) -> None:
        self.host = host
        self.link = link
        self.seen: set[bytes] = set()
        self.closed = False

    def feed(self, data: bytes, now_ns: int) -> bytes:
        """Bytes in, bytes out."""
        wire = b""
        for piece in PIECE.findall(data):
            for raw in self.link.receive(piece, now_ns):
                message = parse(raw)
                assert message is not None
                bodies = self.host.answer(message, self.seen)
                if bodies:
                    self.link.send(bodies, now_ns)
            wire += self._sealed()
        return wire

    def tick(self, now_ns: int) -> tuple[bytes, int]:
        """Bytes out, and when to come again."""
        due = self.link.tick(now_ns)
        return self._sealed(), due

    def _sealed(self) -> bytes:
        sealed = self.link.seal()
        if sealed.reset:
            self.host.store.messages.clear()
        self.host.store.messages.update(sealed.sent)
        self.closed = self.closed or sealed.close
        return sealed.wire


class Protocol(asyncio.Protocol):
    """A Connection on a socket."""

    def __init__(self, host: Host) -> None:
        self.connection = host.connect(time.time_ns())
        self.timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # of TLS too, which is no subclass

    def data_received(self, data: bytes) -> None:
        self._write(self.connection.feed(data, time.time_ns()))
        self._tick()

    def _tick(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
        now_ns = time.time_ns()
        wire, due = self.connection.tick(now_ns)
        self._write(wire)
        if not self.connection.closed:
            self.timer = asyncio.get_running_loop().call_later((due - now_ns) / 1e9, self._tick)

    def _write(self, wire: bytes) -> None:
        if wire:
            self.transport.write(wire)
        if self.connection.closed:
            self.transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if self.timer is not None:
            self.timer.cancel()
        self.connection.link.lost()


async def serve(port: int, version: str, dictionaries: Path, tls: tuple[str, str] | None) -> None:
    host, context = Host(version, dictionaries), None
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(*tls)
    server = await asyncio.get_running_loop().create_server(lambda: Protocol(host), "127.0.0.1", port, ssl=context)
    async with server:
        await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--version", choices=BEGIN_STRINGS, required=True)
    parser.add_argument("--dictionaries", type=Path, required=True)
    parser.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"), help="PEM files")
    options = parser.parse_args()
    asyncio.run(serve(options.port, options.version, options.dictionaries, options.tls))


if __name__ == "__main__":
    main()
