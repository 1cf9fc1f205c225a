"""Reading the journal back, batch by batch, in constant memory.

Strategy: every journal table is read in chunks by rising id, and every batch takes from each table the rows up to
its own last id. So one pass over the tables gives the batches whole, without a query per batch, and what a batch
appended can be hashed again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct

from gateway.store import sql
from gateway.store.chain import batch_hash
from gateway.store.records import JOURNAL, Head, Row

Fetch = Callable[..., list[Row]]  # fetch(statement, *values)

# Rows read at once: few of those that carry whole messages.
CHUNK_ROWS = {"messages": 64, "outbox": 64, "payments": 500}
CHUNK_ROWS_OTHERS = 2_000


class Stream:
    """The rows of a table in order of their ids, taken piece by piece."""

    def __init__(self, fetch: Fetch, table: str, after: int) -> None:
        self._fetch = fetch
        self._statement = sql.RANGE[table]
        self._chunk = CHUNK_ROWS.get(table, CHUNK_ROWS_OTHERS)
        self._last = after
        self._rows: deque[Row] = deque()
        self._ended = False

    def take(self, upto: int) -> list[Row]:
        """The rows not taken yet with ids up to and with this one."""
        taken: list[Row] = []
        while self._rows or self._read():
            if self._rows[0][0] > upto:
                break
            taken.append(self._rows.popleft())
        return taken

    def next(self) -> Row | None:
        """One more row, None at the end."""
        return self._rows.popleft() if self._rows or self._read() else None

    def _read(self) -> bool:
        if self._ended:
            return False
        rows = self._fetch(self._statement, self._last, self._chunk)
        self._ended = len(rows) < self._chunk
        if rows:
            self._last = rows[-1][0]
            self._rows.extend(rows)
        return bool(rows)


class Reread(Struct):
    """A batch as it was read back. `problem` is one sentence when it is not what was committed."""

    head: Head
    journal: dict[str, list[Row]]
    identities: bytes
    arrivals: bytes
    problem: str = ""


def head_of(columns: Row) -> Head:
    """A head from the columns of `sql.HEADS`."""
    return Head(*columns)


def reread(fetch: Fetch, after: Head) -> Iterator[Reread]:
    """All batches after a known one, each with what it appended and checked against its hash."""
    streams = {table: Stream(fetch, table, after.last(table)) for table in JOURNAL}
    batches = Stream(fetch, "batches", after.id)
    before = after
    while (row := batches.next()) is not None:
        head = Head(*row[: 3 + len(JOURNAL)])
        identities, arrivals = row[-2:]
        journal = {table: stream.take(head.last(table)) for table, stream in streams.items()}
        hash = batch_hash(before.hash, head.id, head.time_ns, journal, identities, arrivals)
        problem = ""
        if head.id != before.id + 1:
            problem = f"{span('batch', before.id + 1, head.id - 1)} {is_or_are(head.id - 1 - before.id)} missing"
        elif hash != head.hash:
            problem = f"{described(before, head)} does not match its hash: it is not what was committed"
        yield Reread(head, journal, identities, arrivals, problem)
        before = head


def described(before: Head, head: Head) -> str:
    """A batch as a person finds it again: its number and the messages in it."""
    messages = f" ({span('message', before.messages + 1, head.messages)})" if head.messages > before.messages else ""
    return f"batch {head.id}{messages}"


def span(noun: str, first: int, last: int) -> str:
    """`batch 7`, `batches 7 to 9`, `no batches`."""
    plural = noun + ("es" if noun.endswith(("ch", "s", "x")) else "s")
    if last < first:
        return f"no {plural}"
    return f"{noun} {first}" if first == last else f"{plural} {first} to {last}"


def is_or_are(count: int) -> str:
    return "is" if count == 1 else "are"


def value(fetch: Fetch, statement: str, *values: Any) -> Any:
    """The first column of the first row, None without one."""
    rows = fetch(statement, *values)
    return rows[0][0] if rows else None
