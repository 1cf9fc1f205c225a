"""A quickfix engine in a process of its own: it sends orders and counts what comes back.

    python -m tests.interop.quickfix_peer initiator|acceptor PORT FOLDER DICTIONARY

Commands come as lines on standard input, answers leave as JSON lines:

    orders N    send N more orders, as fast as a window of unanswered ones allows
    done        are all of them answered? how often, and at which numbers do we stand?
    reconnect   log out, and on again
    quit
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import quickfix as fix

WINDOW = 400  # orders without a report; beyond it the sender waits
US, GATEWAY = "QUICK", "FINOS"

SETTINGS = """[DEFAULT]
ConnectionType={role}
StartTime=00:00:00
EndTime=00:00:00
ReconnectInterval=1
HeartBtInt=30
FileStorePath={folder}/store
UseDataDictionary=Y
DataDictionary={dictionary}
SocketAcceptPort={port}
SocketConnectPort={port}
SocketConnectHost=127.0.0.1
SocketNodelay=Y
SocketReuseAddress=Y
LogonTimeout=5
[SESSION]
BeginString=FIX.4.4
SenderCompID={us}
TargetCompID={gateway}
"""


class Peer(fix.Application):  # type: ignore[misc, unused-ignore]
    """The application behind the engine."""

    def __init__(self) -> None:
        super().__init__()
        self.session: Any = None
        self.reports: dict[str, set[str]] = defaultdict(set)
        self.rejected = 0
        self.sent = self.wanted = 0
        self.moved = threading.Event()

    # -- what quickfix calls; the names are its own

    def onCreate(self, session: Any) -> None:
        self.session = session

    def onLogon(self, session: Any) -> None:
        self.moved.set()

    def onLogout(self, session: Any) -> None: ...
    def toAdmin(self, message: Any, session: Any) -> None: ...
    def toApp(self, message: Any, session: Any) -> None: ...

    def fromAdmin(self, message: Any, session: Any) -> None:
        kind = fix.MsgType()
        message.getHeader().getField(kind)
        self.rejected += kind.getValue() == "3"

    def fromApp(self, message: Any, session: Any) -> None:
        kind, order, execution, what = fix.MsgType(), fix.ClOrdID(), fix.ExecID(), fix.ExecType()
        message.getHeader().getField(kind)
        if kind.getValue() != "8":
            self.rejected += 1
            return
        for field in (order, execution, what):
            message.getField(field)
        self.reports[order.getValue()].add(f"{what.getValue()}:{execution.getValue()}")
        self.moved.set()

    # -- orders

    def send(self) -> None:
        """Send what is wanted, no more than a window ahead of the reports; never ends."""
        while True:
            if self.sent < self.wanted and self.sent - len(self.reports) < WINDOW:
                self.sent += 1
                fix.Session.sendToTarget(_order(f"Q{self.sent}"), self.session)
            else:
                self.moved.wait(0.05)
                self.moved.clear()

    def standing(self) -> dict[str, Any]:
        engine = fix.Session.lookupSession(self.session)
        reports = [set(found) for found in list(self.reports.values())]  # callbacks come on a thread of their own
        return {
            "sent": self.sent,
            "answered": len(reports),
            "doubled": sum(len(found) > 1 for found in reports),
            "unfilled": sum(not any(one.startswith("F:") for one in found) for found in reports),
            "rejected": self.rejected,
            "next_out": engine.getExpectedSenderNum(),
            "next_in": engine.getExpectedTargetNum(),
            "logged_on": engine.isLoggedOn(),
        }


def _order(name: str) -> Any:
    message = fix.Message()
    message.getHeader().setField(fix.MsgType("D"))
    for field in (
        fix.ClOrdID(name), fix.HandlInst("1"), fix.Symbol("EUR/USD"), fix.Side("1"), fix.OrderQty(1),
        fix.OrdType("2"), fix.Price(1.0), fix.TransactTime(),
    ):  # fmt: skip
        message.setField(field)
    return message


def main() -> None:
    role, port, folder, dictionary = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]
    settings = folder / f"{role}.cfg"
    settings.write_text(
        SETTINGS.format(role=role, port=port, folder=folder, dictionary=dictionary, us=US, gateway=GATEWAY)
    )
    peer, found = Peer(), fix.SessionSettings(str(settings))
    make = fix.SocketInitiator if role == "initiator" else fix.SocketAcceptor
    engine = make(peer, fix.FileStoreFactory(found), found)
    engine.start()
    threading.Thread(target=peer.send, daemon=True).start()
    for line in sys.stdin:
        command, _, number = line.strip().partition(" ")
        if command == "orders":
            peer.wanted += int(number)
            peer.moved.set()
        elif command == "reconnect":
            session = fix.Session.lookupSession(peer.session)
            session.logout("a moment")
            time.sleep(0.3)
            session.logon()
        elif command == "quit":
            break
        print(json.dumps(peer.standing()), flush=True)
    engine.stop(True)


if __name__ == "__main__":
    main()
