"""Our daemon against quickfix, in both roles: reconnections, kill -9, and the books of both sides compared.

    python -m tests.interop.run [--role acceptor|initiator] [--messages 100000] [--reconnects 50] [--kills 20] [--seed 1]

`--role` is ours. quickfix sends orders of 1 EUR at 1.0000; each must settle once and be reported on once. At random
moments quickfix logs out and on again, and our daemon is killed and started. At the end: every order has one report,
no report came under two ExecIDs, the ledger moved exactly as many euros as there were orders, and both sides expect
of each other what the other will send.
"""

from __future__ import annotations

import argparse
import json
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from gateway.cli.operate import ask
from tests.harness import ROOT, DaemonProcess, free_port

DICTIONARY = ROOT / "schemas" / "fix" / "FIX44.xml"
PATIENCE_S = 90.0
ANSWER_S = 30.0

ROUTES = """
version: 1
store: sqlite:{folder}/fos.db
endpoints:
  quick: {{adapter: fix, format: fix, {where}, sessions: [{{target: QUICK, latency_max_s: 600}}]}}
accounts:
  open:
    - {{id: HOUSE-EUR, currency: EUR, floor: none}}
    - {{id: HOUSE-USD, currency: USD, floor: none}}
    - {{id: QUICK-EUR, currency: EUR, floor: none}}
    - {{id: QUICK-USD, currency: USD, floor: none}}
routes:
  - {{name: fx, when: {{kind: order}}, settle: {{client: "{{session}}-{{currency}}", principal: "HOUSE-{{currency}}"}}}}
  - {{name: default, refuse: {{reason: AG01, because: no route takes it}}}}
"""


@dataclass
class Result:
    """What both sides say at the end."""

    orders: int
    lost: int
    doubled: int
    rejected: int
    settled: int
    ours: tuple[int, int]
    theirs: tuple[int, int]

    def good(self) -> bool:
        """Nothing lost, nothing doubled, the same numbers on both sides."""
        return (self.lost, self.doubled, self.rejected) == (0, 0, 0) and (
            self.settled == self.orders and self.ours == self.theirs[::-1]
        )


class Stuck(Exception):
    """The other engine stands still: its process, not ours, does not answer a question about itself."""


class QuickFix:
    """The other engine, in its process."""

    def __init__(self, role: str, port: int, folder: Path) -> None:
        command = [sys.executable, "-m", "tests.interop.quickfix_peer", role, str(port), str(folder), str(DICTIONARY)]
        self.log = (folder / "quickfix.log").open("wb")
        self.answers: queue.Queue[dict[str, Any]] = queue.Queue()
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True
        )
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None, "it has pipes"
        for line in self.process.stdout:
            if line.startswith("{"):  # quickfix prints events of its own
                self.answers.put(json.loads(line))

    def say(self, command: str) -> dict[str, Any]:
        """A command and its answer. Raises Stuck when the engine gives none."""
        assert self.process.stdin is not None, "it has pipes"
        try:
            self.process.stdin.write(command + "\n")
            self.process.stdin.flush()
            return self.answers.get(timeout=ANSWER_S)
        except (queue.Empty, OSError):
            raise Stuck(f"quickfix does not answer: {Path(self.log.name).read_text()[-2000:]}") from None

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self.log.close()


@contextmanager
def pair(role: str, folder: Path) -> Iterator[tuple[DaemonProcess, QuickFix]]:
    """Both engines, started; the daemon accepts or initiates, as `role` says."""
    port = free_port()
    key = f'listen: "127.0.0.1:{port}"'
    if role == "initiator":
        key = f'connect: ["127.0.0.1:{port}"], reconnect_s: 0.1, reconnect_max_s: 0.5'
    daemon = DaemonProcess(folder, ROUTES.format(folder=folder, where=key))
    theirs = QuickFix("acceptor" if role == "initiator" else "initiator", port, folder)
    daemon.start()
    try:
        yield daemon, theirs
    finally:
        theirs.end()
        if daemon.process is not None and daemon.process.poll() is None:
            daemon.kill()


def play(role: str, messages: int, reconnects: int, kills: int, seed: int, folder: Path) -> Result:
    """The whole story; AssertionError when the two sides do not come to rest."""
    random = Random(seed)
    with pair(role, folder) as (daemon, theirs):
        deeds = ["reconnect"] * reconnects + ["kill"] * kills
        random.shuffle(deeds)
        for place, deed in enumerate(deeds):
            already = messages * place // len(deeds)
            theirs.say(f"orders {messages * (place + 1) // len(deeds) - already}")
            time.sleep(random.random() * 0.4)
            if deed == "reconnect":
                theirs.say("reconnect")
            else:
                daemon.kill()
                daemon.start()
        if not deeds:
            theirs.say(f"orders {messages}")
        standing = _rest(theirs, messages)
        [view] = _views(daemon)
        balances = {row["account"]: row["balance"] for row in _balances(daemon)}
        return Result(
            messages,
            messages - standing["answered"] + standing["unfilled"],
            standing["doubled"],
            standing["rejected"],
            int(float(balances["QUICK-EUR"])),
            (view["next_in"], view["next_out"]),
            (standing["next_in"], standing["next_out"]),
        )


def _rest(theirs: QuickFix, messages: int) -> dict[str, Any]:
    """Wait until every order is answered and nothing moves any more."""
    end = time.monotonic() + PATIENCE_S
    before: dict[str, Any] = {}
    while time.monotonic() < end:
        standing = theirs.say("done")
        if standing["answered"] >= messages and standing["logged_on"] and standing == before:
            return standing
        before = standing
        time.sleep(0.5)
    raise AssertionError(f"not at rest: {before}")


def _views(daemon: DaemonProcess) -> list[dict[str, Any]]:
    answer = ask(daemon.folder / "control.sock", {"op": "sessions"})
    assert answer is not None, "the daemon runs"
    found: list[dict[str, Any]] = answer["sessions"]
    return found


def _balances(daemon: DaemonProcess) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for account in ("QUICK-EUR", "HOUSE-EUR"):
        answer: Any = ask(daemon.folder / "control.sock", {"op": "balance", "account": account})
        rows += answer
    assert not sum(float(row["balance"]) for row in rows), "what one side has, the other lacks"
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--role", choices=("acceptor", "initiator"), action="append")
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--reconnects", type=int, default=50)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    good = True
    for role in options.role or ("acceptor", "initiator"):
        with tempfile.TemporaryDirectory(prefix="financial-os-interop-") as folder:
            result = play(role, options.messages, options.reconnects, options.kills, options.seed, Path(folder))
        good = good and result.good()
        print(
            f"{role}: {result.orders} orders, lost {result.lost}, doubled {result.doubled}, rejected {result.rejected},"
            f" settled {result.settled}, numbers ours {result.ours} theirs {result.theirs}",
            flush=True,
        )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
