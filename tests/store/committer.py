"""A process that commits until it is killed: `python -m tests.store.committer URL SEED`.

It goes on from what the store holds and prints, after each commit, the last batch, payment and transfer that are
now durable. Run by test_crash.py.
"""

from __future__ import annotations

import asyncio
import random
import sys

from gateway.store import open_store
from tests.store.books import Books

ACCOUNTS = [f"ACCOUNT-{number}" for number in range(40)]


async def commit_for_ever(url: str, seed: int) -> None:
    chance, store, books = random.Random(seed), open_store(url), Books()
    found = await store.open()
    books.batch, books.message, books.payment = found.batch, found.message, found.payment
    books.transfer, books.delivery = found.transfer, found.delivery
    if not found.accounts:
        await store.commit(books.opening(*ACCOUNTS))
    while True:
        batch = books.new()
        for _ in range(chance.choice((1, 1, 2, 60))):
            books.add_message(batch, chance.randbytes(chance.choice((10, 400, 9000))))
            debit, credit = chance.sample(ACCOUNTS, 2)
            books.add_payment(batch, debit, credit, chance.randrange(1, 10**6))
            books.add_delivery(batch)
        await store.commit(batch)
        print(books.batch, books.payment, books.transfer, flush=True)
        await store.delivered([books.delivery], batch.time_ns)
        await asyncio.sleep(0)


if __name__ == "__main__":
    asyncio.run(commit_for_ever(sys.argv[1], int(sys.argv[2])))
