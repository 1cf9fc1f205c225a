"""Echo servers for bench/fix.py: our engine with a durable store, and quickfix with its FileStore.

    python bench/fix_echo.py ours|quickfix echo|report PORT FOLDER

Both validate against a full FIX 4.4 dictionary. `echo` sends every NewOrderSingle back as it came, which quickfix can
do without its Python side ever looking into the message; `report` reads the order's fields and answers with an
ExecutionReport, as an application does. Ours commits numbers and sent messages, with an fsync, before an answer
leaves; quickfix writes its files without one.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from gateway.formats.fix.acceptor import FixAcceptor, Library  # noqa: E402  # the path comes first
from gateway.formats.fix.message import parse  # noqa: E402
from gateway.ports import Batch, SessionConfig  # noqa: E402
from gateway.store import open_store  # noqa: E402

DICTIONARIES = ROOT.parent / "shared" / "corpus" / "fix" / "dictionaries"
HEAD_TAGS = (b"8=", b"9=", b"34", b"49", b"52", b"56", b"10")


class Echo:
    """One connection at a time; what comes while a commit is under way gathers for the next."""

    def __init__(self, folder: Path, answer: Callable[[bytes], bytes]) -> None:
        self.answer = answer
        library = Library(DICTIONARIES) if DICTIONARIES.exists() else None
        self.store = open_store(f"sqlite:{folder}/echo.db")
        self.acceptor = FixAcceptor("echo", [SessionConfig("CLIENT1")], [], self._sent, library)
        self.batch = 0

    def _sent(self, session: str, first: int, last: int) -> list[tuple[int, bytes]]:
        return self.store.sent("echo", session, first, last)

    async def serve(self, port: int) -> None:
        await self.store.open()
        server = await asyncio.start_server(self._connected, "127.0.0.1", port)
        async with server:
            await server.serve_forever()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = self.acceptor.connect(time.time_ns())
        while data := await reader.read(1 << 18):
            now_ns = time.time_ns()
            bodies = [self.answer(raw) for raw in link.receive(data, now_ns)]
            if bodies:
                link.send(bodies, now_ns)
            sealed = link.seal()
            if sealed.state is not None:
                self.batch += 1
                batch = Batch(self.batch, now_ns, sessions=[sealed.state])
                batch.sent = [("echo", link.session, number, message) for number, message in sealed.sent]
                batch.resets = [("echo", link.session)] if sealed.reset else []
                await self.store.commit(batch)
            writer.write(sealed.wire)
            if sealed.close:
                break
        writer.close()


def _body(raw: bytes) -> bytes:
    """The message without what the session writes anew."""
    return b"\x01".join([field for field in raw.split(b"\x01") if field[:2] not in HEAD_TAGS])


def _report(raw: bytes) -> bytes:
    """An ExecutionReport for an order."""
    message = parse(raw)
    assert message is not None, "it came off a session"
    symbol, side, quantity, price, order = [message.fields[tag] for tag in (b"55", b"54", b"38", b"44", b"11")]
    return (
        b"35=8\x0137=%b\x0111=%b\x0117=%b\x01150=F\x0139=2\x0155=%b\x0154=%b\x0138=%b\x0144=%b\x0132=%b\x0131=%b\x01"
        b"151=0\x0114=%b\x016=%b\x01"
        % (order, order, order, symbol, side, quantity, price, quantity, price, quantity, price)
    )


def ours(what: str, port: int, folder: Path) -> None:
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(Echo(folder, {"echo": _body, "report": _report}[what]).serve(port))


def quickfix(what: str, port: int, folder: Path) -> None:
    import quickfix as fix

    class Application(fix.Application):  # type: ignore[misc, unused-ignore]
        """Sends every application message back."""

        def onCreate(self, session: Any) -> None: ...
        def onLogon(self, session: Any) -> None: ...
        def onLogout(self, session: Any) -> None: ...
        def toAdmin(self, message: Any, session: Any) -> None: ...
        def toApp(self, message: Any, session: Any) -> None: ...
        def fromAdmin(self, message: Any, session: Any) -> None: ...

        def fromApp(self, message: Any, session: Any) -> None:
            fix.Session.sendToTarget(fix.Message(message) if what == "echo" else self.report(message), session)

        def report(self, message: Any) -> Any:
            found = [fix.Symbol(), fix.Side(), fix.OrderQty(), fix.Price(), fix.ClOrdID()]
            for field in found:
                message.getField(field)
            symbol, side, quantity, price, order = (field.getValue() for field in found)
            made = fix.Message()
            made.getHeader().setField(fix.MsgType("8"))
            for field in (
                fix.OrderID(order), fix.ClOrdID(order), fix.ExecID(order), fix.ExecType("F"), fix.OrdStatus("2"),
                fix.Symbol(symbol), fix.Side(side), fix.OrderQty(quantity), fix.Price(price), fix.LastQty(quantity),
                fix.LastPx(price), fix.LeavesQty(0), fix.CumQty(quantity), fix.AvgPx(price),
            ):  # fmt: skip
                made.setField(field)
            return made

    (folder / "quickfix.cfg").write_text(
        f"""[DEFAULT]
ConnectionType=acceptor
StartTime=00:00:00
EndTime=00:00:00
SocketAcceptPort={port}
SocketNodelay=Y
FileStorePath={folder}/store
UseDataDictionary=Y
DataDictionary={DICTIONARIES}/FIX44.xml
CheckLatency=N
[SESSION]
BeginString=FIX.4.4
SenderCompID=FINOS
TargetCompID=CLIENT1
"""
    )
    settings = fix.SessionSettings(str(folder / "quickfix.cfg"))
    acceptor = fix.SocketAcceptor(Application(), fix.FileStoreFactory(settings), settings)
    acceptor.start()
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    serve = {"ours": ours, "quickfix": quickfix}[sys.argv[1]]
    serve(sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
