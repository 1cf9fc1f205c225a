"""The whole store read again: is it what was committed, and do the books agree with each other?

Strategy: one pass over the journal, batch by batch, in constant memory but for one balance per position. Each batch
is hashed again, its transfers are added up, its payments are compared with its transfers. Then what is derived
(balances, statuses, holds, segments) is compared with what the journal says. Problems are sentences.
"""

from __future__ import annotations

from collections import defaultdict

from gateway.store import sql
from gateway.store.packed import Gathering, segment_crc
from gateway.store.reading import Fetch, Reread, head_of, reread, value
from gateway.store.records import JOURNAL, Head
from gateway.store.recovery import missing

PROBLEMS_MAX = 100  # sentences: who has more needs a backup, not a list
NOT_SETTLED = frozenset(("RJCT", "PDNG", "CANC", "RCVD", "ACTC"))

_DERIVED = (
    (sql.WRONG_HOLDS, "{} on the list of held payments that are not held"),
    (sql.LOST_HOLDS, "{} held but not on the list of held payments"),
    (sql.WRONG_STANDINGS, "{} not in the status that the journal says last"),
)
_READ_AT_START = (sql.HELD, sql.SESSIONS, sql.OPEN_FILES)


def verify(fetch: Fetch, mark: Head | None) -> list[str]:
    """Problems found, in sentences; empty when the books are right."""
    return Verification(fetch).run(mark)[:PROBLEMS_MAX]


class Verification:
    """One pass, and what it gathers."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._problems: list[str] = []
        self._balances: dict[tuple[str, str], int] = defaultdict(int)
        self._opened: dict[tuple[str, str], tuple[int | None, int]] = {}
        self._gathering = Gathering()
        self._segment = self._next_segment(0)

    def run(self, mark: Head | None) -> list[str]:
        head = Head()
        for batch in reread(self._fetch, head):
            self._batch(head, batch)
            head = batch.head
            if len(self._problems) >= PROBLEMS_MAX:
                return [*self._problems[: PROBLEMS_MAX - 1], "and more: the list ends here"]
        self._ends(head, mark)
        self._positions()
        self._derived()
        return self._problems

    def _batch(self, before: Head, batch: Reread) -> None:
        if batch.problem:
            self._problems.append(batch.problem)
        if batch.head.time_ns < before.time_ns:
            self._problems.append(f"batch {batch.head.id} is older than the one before it")
        for _, account, currency, floor, closed in batch.journal["openings"]:
            self._opened[account, currency] = (floor, closed)
        for _, _, debit, credit, currency, minor in batch.journal["transfers"]:
            self._balances[debit, currency] -= minor
            self._balances[credit, currency] += minor
        self._payments(batch)
        self._pairs(batch)

    def _payments(self, batch: Reread) -> None:
        """Every transfer belongs to a payment that settled in this batch, and what settled between accounts moved."""
        rows = batch.journal["payments"]
        settled = {row[0] for row in rows if row[4] not in NOT_SETTLED}
        settled |= {row[1] for row in batch.journal["statuses"] if row[2] not in NOT_SETTLED}
        moved = {row[1] for row in batch.journal["transfers"]}
        for payment in sorted(moved - settled):
            self._problems.append(
                f"batch {batch.head.id} moves money for payment {payment}, which did not settle in it"
            )
        for row in rows:
            if row[4] == "ACSC" and row[10] and row[13] and row[0] not in moved:
                self._problems.append(f"payment {row[0]} is settled, but no transfer belongs to it")

    def _pairs(self, batch: Reread) -> None:
        self._gathering.add(batch.identities, batch.arrivals)
        if self._segment is None or self._segment[0] != batch.head.id:
            return
        _, identities, arrivals, crc = self._segment
        if self._gathering.packed() != (identities, arrivals) or segment_crc(identities, arrivals) != crc:
            self._problems.append(
                f"the list of known payments and messages up to batch {batch.head.id} is not the sum of its batches"
            )
        self._gathering = Gathering()
        self._segment = self._next_segment(batch.head.id)

    def _next_segment(self, after: int) -> tuple[int, bytes, bytes, int] | None:
        rows = self._fetch(sql.NEXT_SEGMENT, after)
        return (rows[0][0], rows[0][1], rows[0][2], rows[0][3]) if rows else None

    # -- what is derived

    def _ends(self, head: Head, mark: Head | None) -> None:
        if mark is not None and mark.id > head.id:
            self._problems.append(missing(head, mark))
        elif mark is not None and mark.id:
            rows = self._fetch(sql.HEAD, mark.id)
            if not rows or head_of(rows[0]).hash != mark.hash:
                self._problems.append(f"batch {mark.id} is not the one that was acknowledged")
        for table in JOURNAL:
            last = value(self._fetch, sql.LAST_ID[table]) or 0
            if last > head.last(table):
                self._problems.append(
                    f"table {table} holds rows up to {last}, the last batch ends at {head.last(table)}"
                )

    def _positions(self) -> None:
        totals: dict[str, int] = defaultdict(int)
        for account, currency, stored, change, floor, closed in self._fetch(sql.POSITIONS):
            totals[currency] += stored + change
            expected = self._balances.pop((account, currency), 0)
            if stored + change != expected:
                self._problems.append(
                    f"the balance of {masked(account)} in {currency} is {stored + change} in minor units, its"
                    f" transfers add up to {expected}"
                )
            if self._opened.pop((account, currency), None) != (floor, closed):
                self._problems.append(
                    f"account {masked(account)} in {currency} is not as it was opened or last changed"
                )
        for account, currency in sorted({*self._balances, *self._opened}):
            self._problems.append(f"account {masked(account)} in {currency} is in the journal but has no position")
        for currency, total in sorted(totals.items()):
            if total:
                self._problems.append(f"the balances in {currency} sum to {total} in minor units instead of 0")

    def _derived(self) -> None:
        for statement in _READ_AT_START:  # a table that cannot be read ends the verification with a sentence
            self._fetch(statement)
        for statement, sentence in _DERIVED:
            count = value(self._fetch, statement)
            if count:
                self._problems.append(sentence.format(_payments(count)))
        lost = value(self._fetch, sql.LOST_DELIVERIES)
        if lost:
            self._problems.append(f"{lost} messages to be sent are neither waiting nor noted as delivered")
        if self._segment is not None:
            self._problems.append(f"the list of known payments goes up to batch {self._segment[0]}, which is not there")


def masked(account: str) -> str:
    """An account as a log may show it: its last four characters."""
    return f"...{account[-4:]}" if len(account) > 4 else account


def _payments(count: int) -> str:
    return f"{count} payment is" if count == 1 else f"{count} payments are"
