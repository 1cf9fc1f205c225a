"""The ledger and the embedded store: movements, durable commits singly and in batches, a start with much history.

The baseline of each durable figure is the same rows in bare SQLite tables without an index, one transaction per batch,
measured in the same run: what the chain, the indexes, the lists of identities and the mark cost is the ratio.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter

from figures import Figure, options, show
from msgspec.structs import astuple

from gateway.ports import AccountRow, Batch, MessageRow, PaymentRow, TransferRow
from gateway.repeats import Repeats
from gateway.settlement.ledger import Ledger, Leg
from gateway.store import SqliteStore

ACCOUNTS = [f"DE{20 * 10**18 + number * 7919}" for number in range(20_000)]
MESSAGE_BYTES, ANSWER_BYTES, RECORD_BYTES = 600, 500, 350  # an MT 103, its answer, its canonical record
SNAPSHOT_TRANSFERS = 50_000  # as the engine does

Fill = Callable[[Batch, int, random.Random], None]


def transfers(batch: Batch, first: int, chance: random.Random) -> None:
    """One transfer with what finds its repetition."""
    debit, credit = chance.sample(ACCOUNTS, 2)
    batch.transfers.append(TransferRow(first, first, debit, credit, "EUR", 123))
    identity = chance.getrandbits(63)
    batch.references.append((identity, first))
    batch.arrivals.append((identity ^ 1, first))


def payments(batch: Batch, first: int, chance: random.Random) -> None:
    """One message with one payment and its transfer."""
    transfers(batch, first, chance)
    row = batch.transfers[-1]
    batch.messages.append(
        MessageRow(
            first,
            "bank_x",
            batch.time_ns,
            "mt",
            "MT103",
            f"REF{first}",
            chance.randbytes(32),
            f"{first}.fin",
            "",
            "",
            0,
            "accepted",
            b"",
            bytes(MESSAGE_BYTES),
            bytes(ANSWER_BYTES),
        )
    )
    batch.payments.append(
        PaymentRow(
            first,
            first,
            ":20:",
            "credit_transfer",
            "ACSC",
            "",
            "",
            "",
            "default",
            1,
            row.debit,
            row.credit,
            "EUR",
            123,
            f"E2E-{first}",
            batch.references[-1][0],
            b"",
            bytes(RECORD_BYTES),
        )
    )


def batches(fill: Fill, size: int, count: int) -> Iterator[Batch]:
    """The opening of the accounts, then batches of one kind, with balances now and then."""
    chance, ledger = random.Random(7), Ledger()
    yield Batch(1, 1, opened=[AccountRow(account, "EUR", 0, None) for account in ACCOUNTS])
    for account in ACCOUNTS:
        ledger.open(account, "EUR", None)
    number = since = 0
    for id in range(2, count + 2):
        batch = Batch(id, id)
        for _ in range(size):
            number += 1
            fill(batch, number, chance)
        for row in batch.transfers:
            ledger.apply((Leg(row.debit, row.credit, row.currency, row.minor),))
        since += size
        if since >= SNAPSHOT_TRANSFERS:
            since, batch.balances = 0, ledger.moved()
        yield batch


async def committed(folder: Path, fill: Fill, size: int, count: int) -> float:
    """Seconds in commit for all batches but the first."""
    store = SqliteStore(folder / "bench.db")
    await store.open()
    spent = 0.0
    for batch in batches(fill, size, count):
        started = perf_counter()
        await store.commit(batch)
        spent += perf_counter() - started if batch.id > 1 else 0
        await asyncio.sleep(0)
    await store.close()
    return spent


def bare(folder: Path, fill: Fill, size: int, count: int) -> float:
    """Seconds for the same rows in tables without anything."""
    connection = sqlite3.connect(folder / "bare.db", isolation_level=None)
    for pragma in ("journal_mode = WAL", "synchronous = FULL"):
        connection.execute(f"PRAGMA {pragma}")
    for name, row in (("messages", MessageRow), ("payments", PaymentRow), ("transfers", TransferRow)):
        connection.execute(f"CREATE TABLE {name} ({', '.join(f'{field}_' for field in row.__struct_fields__)})")
    spent = 0.0
    for batch in batches(fill, size, count):
        started = perf_counter()
        connection.execute("BEGIN")
        for name, rows in (("messages", batch.messages), ("payments", batch.payments), ("transfers", batch.transfers)):
            tuples = [astuple(row) for row in rows]
            if tuples:
                connection.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(tuples[0]))})", tuples)
        connection.execute("COMMIT")
        spent += perf_counter() - started
    connection.close()
    return spent


def measure_commits(scale: float) -> Iterator[Figure]:
    for name, fill, size, count, goal in (
        ("store.transfers-by-1", transfers, 1, 2_000, None),
        ("store.transfers-by-100", transfers, 100, 500, None),
        ("store.transfers-by-1000", transfers, 1_000, 200, 150_000),
        ("store.payments-by-1000", payments, 1_000, 60, 60_000),
    ):
        count = max(2, int(count * scale))
        with tempfile.TemporaryDirectory() as folder:
            beside = size * count / bare(Path(folder), fill, size, count)
            rate = size * count / asyncio.run(committed(Path(folder), fill, size, count))
        yield Figure(name, rate, "1/s", goal, False, beside, "bare tables")
        if size == 1:
            yield Figure("store.commit-single", 1e3 / rate, "ms", 0.4, True, 1e3 / beside, "bare tables")


def measure_start(scale: float) -> Iterator[Figure]:
    count = int(1_000 * scale)
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(committed(Path(folder), transfers, 1_000, count))
        yield Figure(f"store.start-at-{count * 1_000}", asyncio.run(started(Path(folder))), "s", 2.0, True)


async def started(folder: Path) -> float:
    """Seconds until store, ledger and repeats are ready."""
    before = perf_counter()
    store = SqliteStore(folder / "bench.db")
    found = await store.open()
    Ledger().load(found.accounts)
    for pairs in (found.references, found.arrivals):
        Repeats().load(pairs)
    spent = perf_counter() - before
    await store.close()
    return spent


def measure_ledger(scale: float) -> Iterator[Figure]:
    ledger, chance = Ledger(), random.Random(7)
    for account in ACCOUNTS:
        ledger.open(account, "EUR", None)
    sides = (chance.sample(ACCOUNTS, 2) for _ in range(int(200_000 * scale)))
    legs = [(Leg(debit, credit, "EUR", 1),) for debit, credit in sides]
    started = perf_counter()
    for leg in legs:
        ledger.apply(leg)
    yield Figure("ledger.apply", (perf_counter() - started) / len(legs) * 1e6, "us", 2.0, True)


def main() -> None:
    chosen = options(str(__doc__))
    for measure in (measure_ledger, measure_commits, measure_start):
        if not chosen.only or any(word in measure.__name__ for word in chosen.only):
            for figure in measure(0.1 if chosen.quick else 1.0):
                show(figure, chosen.json)


if __name__ == "__main__":
    main()
