"""kill -9 while ACH files are dropped: every file ends once, with one answer, and every entry is posted once.

    python tests/crash/drop_loop.py --cycles 200 [--seed 1]

A bank drops files of 1 to 100,000 entries, some with a control total that is wrong; at a random moment of each cycle
the daemon is killed and started again. At the end each file must be in done/ or in quarantine/, not both, with exactly
one answer in out/; `lost` are files or entries that are missing, `doubled` those that are there twice. Exit 1 unless
both are 0.
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from gateway.store import open_store  # noqa: E402  # the path comes first
from tests import samples  # noqa: E402
from tests.harness import DaemonProcess  # noqa: E402

ACCOUNTS = 100
ENTRIES_MAX = 100_000
ENTRIES_TOTAL_MAX = 1_500_000  # of all cycles: beyond it files stay small, so that 200 cycles end within minutes
DRAIN_S = 300.0

ROUTES = """
version: 1
gateway: {{bic: FINODEHHXXX, routing_number: "091000019"}}
store: sqlite:{folder}/fos.db
endpoints:
  bank: {{adapter: folder, format: ach, path: {folder}/bank, rescan_s: 0.2}}
accounts:
  open:
    - {{id: FED, currency: USD, floor: none}}
{accounts}
routes:
  - {{name: ach, when: {{scheme: ach}}, settle: {{debit: FED, credit: creditor}}}}
  - {{name: default, refuse: {{reason: AG01, because: no route takes it}}}}
"""


class Bank:
    """What was dropped, and how each file should end."""

    def __init__(self, folder: Path, random: Random) -> None:
        self.folder, self.random = folder, random
        self.good: dict[str, int] = {}  # name -> entries
        self.bad: set[str] = set()
        self.total = 0

    def drop(self, number: int) -> None:
        """One file, most of them small; each tenth has a wrong control total."""
        count = int(ENTRIES_MAX ** self.random.random())
        if self.total + count > ENTRIES_TOTAL_MAX:
            count = self.random.randint(1, 50)
        self.total += count
        when = f"{number // 26 % 24:02d}{number // 624 % 60:02d}"
        data = samples.ach(count, ACCOUNTS, first=number * 200_000, modifier=chr(65 + number % 26), time=when)
        name = f"f{number:06d}.ach"
        if self.random.random() < 0.1:
            head, mark, control = data.rpartition(b"\n9000")
            data = head + mark + control[:-60].replace(b"0", b"1", 1) + control[-60:]
            self.bad.add(name)
        else:
            self.good[name] = count
        inbox = self.folder / "bank" / "in"
        (inbox / f".{name}.part").write_bytes(data)
        (inbox / f".{name}.part").rename(inbox / name)

    def names(self, place: str) -> list[str]:
        folder = self.folder / "bank" / place
        return [path.name for path in folder.iterdir() if not path.name.startswith(".")]

    def at_rest(self) -> bool:
        return (
            not self.names("in") and not self.names("work") and len(self.names("out")) >= len(self.good) + len(self.bad)
        )


def run(cycles: int, seed: int, folder: Path) -> tuple[int, int, int]:
    """Entries dropped, lost, doubled (files that ended wrongly count too)."""
    random = Random(seed)
    accounts = "\n".join(f'    - {{id: "{2_000_000 + n}", currency: USD}}' for n in range(ACCOUNTS))
    daemon = DaemonProcess(folder, ROUTES.format(folder=folder, accounts=accounts))
    bank = Bank(folder, random)
    daemon.start()
    try:
        for cycle in range(cycles):
            for place in range(random.randint(1, 3)):
                bank.drop(cycle * 3 + place)
            time.sleep(random.random() * 0.6)
            daemon.kill()
            daemon.start()
        _drain(bank)
        assert daemon.stop() == 0, "an orderly stop"
    finally:
        if daemon.process is not None and daemon.process.poll() is None:
            daemon.kill()
    return _count(bank)


def _drain(bank: Bank) -> None:
    end = time.monotonic() + DRAIN_S
    while not bank.at_rest() and time.monotonic() < end:
        time.sleep(0.1)


def _count(bank: Bank) -> tuple[int, int, int]:
    lost = doubled = 0
    done, refused = Counter(bank.names("done")), Counter(n for n in bank.names("quarantine") if n.endswith(".ach"))
    answers = Counter(_source(name) for name in bank.names("out"))
    for name in [*bank.good, *bank.bad]:
        ended, answered = done[name] + refused[name], answers[name]
        right = done if name in bank.good else refused
        lost += (ended == 0) + (answered == 0) + (ended == 1 and not right[name])
        doubled += (ended > 1) + (answered > 1)
    with sqlite3.connect(f"file:{bank.folder}/fos.db?mode=ro", uri=True) as database:
        rows = database.execute("SELECT reference, count(*) FROM payments WHERE status = 'ACSC' GROUP BY reference")
        posted = dict(rows.fetchall())
        transfers = database.execute("SELECT count(*) FROM transfers").fetchone()[0]
    expected = sum(bank.good.values())
    doubled += sum(count - 1 for count in posted.values()) + max(0, transfers - expected)
    lost += max(0, expected - transfers)
    problems = asyncio.run(_verify(bank.folder))
    for problem in problems:
        print(problem)
    return bank.total, lost + len(problems), doubled


def _source(answer: str) -> str:
    """The dropped file that an answer belongs to: its name stands behind the message's number."""
    return answer.partition("-")[2][: len("f000000.ach")]


async def _verify(folder: Path) -> list[str]:
    store = open_store(f"sqlite:{folder}/fos.db")
    try:
        return await store.verify()
    finally:
        await store.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cycles", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="financial-os-drops-") as folder:
        entries, lost, doubled = run(options.cycles, options.seed, Path(folder))
    print(f"{entries} entries in {options.cycles} cycles: lost {lost}, doubled {doubled}")
    return 1 if lost or doubled else 0


if __name__ == "__main__":
    sys.exit(main())
