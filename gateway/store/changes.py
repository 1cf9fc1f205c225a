"""What a batch changes in place, beside what it appends to the journal: statements with their rows.

Strategy: one list in a fixed order, the same for both databases, so that a batch means the same in both.
"""

from __future__ import annotations

from zlib import crc32

from msgspec import Struct
from msgspec.structs import astuple

from gateway.ports import AccountRow, Batch
from gateway.store import sql
from gateway.store.chain import Sealed, seal
from gateway.store.records import Clean, Head, Row, as_is, session_row

OPEN = ("PDNG", "ACSP")  # held, at work: what a start must find again


class Plan(Struct):
    """One transaction: the sealed journal rows to append, then the changes in order."""

    sealed: Sealed
    changes: list[tuple[str, list[Row]]]


def plan(batch: Batch, before: Head, clean: Clean = as_is) -> Plan:
    """Everything that a commit of this batch writes. Raises UnicodeEncodeError for a text that cannot be stored."""
    sealed = seal(batch, before, clean)
    changes = [*_ledger(batch), *_payments(batch), *_links(batch)]
    return Plan(sealed, [(statement, clean(rows)) for statement, rows in changes if rows])


def _ledger(batch: Batch) -> list[tuple[str, list[Row]]]:
    """Positions opened or closed; and, now and then, the balances of all that moved, as of this batch."""
    opened: list[Row] = [(row.account, row.currency, row.floor_minor, int(row.closed)) for row in batch.opened]
    return [(sql.OPEN_POSITION, opened), *balances(batch.balances)]


def balances(rows: list[AccountRow]) -> list[tuple[str, list[Row]]]:
    """Stored balances brought up to the last transfer that the journal holds."""
    if not rows:
        return []
    return [
        (sql.SET_BALANCE, [(row.account, row.currency, row.balance_minor) for row in rows]),
        (sql.SET_BALANCES_AS_OF, [()]),
    ]


def _payments(batch: Batch) -> list[tuple[str, list[Row]]]:
    held: list[Row] = [(row.id,) for row in batch.payments if row.status in OPEN]
    standings: list[Row] = [(row.payment, row.status, row.reason, row.text) for row in batch.statuses]
    latest = {row.payment: row.status for row in batch.statuses}
    return [
        (sql.HOLD, held),
        (sql.SET_STANDING, standings),
        (sql.LET_GO, [(payment,) for payment in latest]),
        (sql.HOLD, [(payment,) for payment, status in latest.items() if status in OPEN]),
        (sql.PEND, [(item.id, item.endpoint) for item in batch.outbox]),
    ]


def _links(batch: Batch) -> list[tuple[str, list[Row]]]:
    """How far files have come, and the sessions' numbers and sent messages."""
    return [
        (sql.SET_FILE, [astuple(row) for row in batch.files]),
        (sql.SET_SESSION, [session_row(state) for state in batch.sessions]),
        (sql.FORGET_SENT, list(batch.resets)),
        (sql.KEEP_SENT, [(*row, crc32(row[3])) for row in batch.sent]),
    ]
