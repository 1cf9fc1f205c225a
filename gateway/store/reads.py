"""The reads of a store, the same for both databases.

Two kinds: what `apply` needs, synchronous and rare, over `_fetch`; and what people ask for, over `_rows`, which never
touches the writer. People get dictionaries with amounts as decimal text beside the minor units.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from typing import Any

import msgspec

from gateway.model import EXPONENTS, Money, is_security
from gateway.ports import MessageRow, Movement, PaymentRow, SessionState, TransferRow
from gateway.store import sql
from gateway.store.records import Row, message_row, payment_row, sent_message, session_state, signed
from gateway.store.schema import BLOCK_BITS

log = logging.getLogger("financial_os.store")

NUMBER_MAX = 2**63 - 1  # what a column holds; a larger one asked for is one that is not there
ROWS_MAX = 1_000  # of one answer to a person: who wants more asks again with `after`
BLOCKS_FIRST, BLOCKS_MAX = 16, 512  # blocks of transfers looked through by one statement: few first, then more

_LISTED = (
    "id",
    "message",
    "place",
    "kind",
    "status",
    "reason",
    "refusal_code",
    "text",
    "route",
    "debit",
    "credit",
    "currency",
    "minor",
    "reference",
)
_TRANSFER = ("id", "payment", "debit", "credit", "currency", "minor", "reference", "time_ns")
_DECISION = ("check", "outcome", "code", "reason", "text", "detail", "score", "evidence", "by", "because")
CONVERSATION = "conversation"  # decisions that link what belongs to one conversation
_MESSAGE = ("endpoint", "received_ns", "format", "type", "message_id", "source", "session", "part", "outcome")


class Reads(ABC):
    """Over two ways to run a statement."""

    @abstractmethod
    def _fetch(self, statement: str, *values: Any) -> list[Row]:
        """Run a statement at once; sees everything that is committed."""

    @abstractmethod
    async def _rows(self, statement: str, *values: Any) -> list[Row]:
        """Run a statement beside the writer; may be an instant behind."""

    # -- for apply

    def message(self, id: int) -> MessageRow | None:
        rows = self._fetch(sql.MESSAGE, _within(id, NUMBER_MAX))
        return message_row(rows[0]) if rows else None

    def payment(self, id: int) -> PaymentRow | None:
        """A payment with its present status, reason and text."""
        rows = self._fetch(sql.PAYMENT, _within(id, NUMBER_MAX))
        return payment_row(rows[0]) if rows else None

    def sent(self, endpoint: str, session: str, first: int, last: int) -> list[tuple[int, bytes]]:
        rows = self._fetch(sql.SENT, endpoint, session, first, last)
        whole = [found for row in rows if (found := sent_message(row)) is not None]
        if len(whole) < len(rows):
            damaged = len(rows) - len(whole)
            log.error("store.sent-damaged endpoint=%s session=%s messages=%d", endpoint, session, damaged)
        return whole

    def exceptions(self, endpoint: str, digest: bytes) -> list[PaymentRow]:
        """Of a file in parts: the payments that are not settled now, in order."""
        return [payment_row(row) for row in self._fetch(sql.EXCEPTIONS, endpoint, digest)]

    def latest(self, identity: int) -> PaymentRow | None:
        rows = self._fetch(sql.LATEST, signed(identity))
        return payment_row(rows[0]) if rows else None

    def movements(self, account: str, after: int) -> list[Movement]:
        last = self._fetch(sql.LAST_ID["transfers"])[0][0] or 0
        found = list[Row]()
        for statement in _by_blocks(after, last):
            found += self._fetch(statement, account, after, NUMBER_MAX)
        return [_movement(row) for row in found]

    def last_transfer_before(self, time_ns: int) -> int:
        rows = self._fetch(sql.LAST_TRANSFER_AT, time_ns)
        return rows[0][0] if rows else 0

    # -- for people

    async def balances(self) -> list[dict[str, Any]]:
        """Every position as of the last commit, by account and currency."""
        return [
            {
                "account": account,
                "currency": currency,
                "balance": amount(currency, stored + change),
                "floor": None if floor is None else amount(currency, floor),
                "closed": bool(closed),
            }
            for account, currency, stored, change, floor, closed in await self._rows(sql.POSITIONS)
        ]

    async def history(self, account: str, since_ns: int) -> tuple[dict[str, int], list[Movement]]:
        """Balances at a moment and movements since. What is stored as balance may lie before the moment, or after."""
        positions = await self._rows(sql.POSITION, account)
        balances, as_of = {row[0]: row[1] for row in positions}, positions[0][2] if positions else 0
        start = ((await self._rows(sql.LAST_TRANSFER_AT, since_ns)) or [(0,)])[0][0]
        last, after = (await self._rows(sql.LAST_ID["transfers"]))[0][0] or 0, min(start, as_of)
        rows = [row for s in _by_blocks(after, last) for row in await self._rows(s, account, after, NUMBER_MAX)]
        found = [_movement(row) for row in rows]
        for move in (move.transfer for move in found if min(start, as_of) < move.transfer.id <= max(start, as_of)):
            forward = 1 if as_of < start else -1
            balances[move.currency] += forward * (move.minor if move.credit == account else -move.minor)
        return balances, [move for move in found if move.transfer.id > start]

    async def sessions(self) -> list[SessionState]:
        """The numbers of every session, as of the last commit."""
        return [session_state(row) for row in await self._rows(sql.SESSIONS)]

    async def transactions(self, account: str, after: int, limit: int) -> list[dict[str, Any]]:
        """An account's transfers with ids above `after`, oldest first."""
        after, limit = _within(after, NUMBER_MAX), _within(limit, ROWS_MAX)
        last = (await self._rows(sql.LAST_ID["transfers"]))[0][0] or 0
        block, count, found = after >> BLOCK_BITS, BLOCKS_FIRST, list[Row]()
        while len(found) < limit and block <= last >> BLOCK_BITS:
            numbers = ", ".join(map(str, range(block, block + count)))
            statement = sql.TRANSACTIONS.format(blocks=numbers)
            found += await self._rows(statement, account, after, limit - len(found))
            block, count = block + count, min(2 * count, BLOCKS_MAX)
        return [_with_amount(dict(zip(_TRANSFER, row, strict=True))) for row in found]

    async def payments(self, status: str, after: int, limit: int) -> list[dict[str, Any]]:
        """Payments with ids above `after` that have this status now ("": any), oldest first."""
        after, limit = _within(after, NUMBER_MAX), _within(limit, ROWS_MAX)
        if not status:
            rows = await self._rows(sql.ALL_PAYMENTS, after, limit)
        elif status == "ACSC":
            rows = await self._rows(sql.SETTLED_PAYMENTS, after, limit)
        else:
            rows = await self._rows(sql.PAYMENTS_BY_STATUS, after, limit, status)
        return [_with_amount(dict(zip(_LISTED, row, strict=True))) for row in rows]

    async def payment_story(self, id: int) -> dict[str, Any] | None:
        """Everything known of one payment: where it came from, what was decided, how it moved. None: no such one."""
        rows = await self._rows(sql.PAYMENT, _within(id, NUMBER_MAX))
        if not rows:
            return None
        row = payment_row(rows[0])
        story = {name: getattr(row, name) for name in (*_LISTED, "generation")}
        story["losses"] = msgspec.msgpack.decode(row.losses) if row.losses else []
        story["record"] = msgspec.msgpack.decode(row.record) if row.record else None
        [head] = await self._rows(sql.MESSAGE_HEAD, row.message) or [(None,) * len(_MESSAGE)]
        story["received"] = dict(zip(_MESSAGE, head, strict=True))
        decisions = [
            dict(zip(_DECISION, columns[2:], strict=True)) for columns in await self._rows(sql.DECISIONS_OF, id)
        ]
        story["decisions"] = [decision for decision in decisions if decision["check"] != CONVERSATION]
        links = [decision for decision in decisions if decision["check"] == CONVERSATION]
        story["conversation"] = [await self._said(link) for link in links]
        story["statuses"], story["transfers"] = await self._history(id)
        return _with_amount(story)

    async def _said(self, link: dict[str, Any]) -> dict[str, Any]:
        """One record of a payment's conversation, or the payment that it is about: what it is and how it stands."""
        [row] = [payment_row(row) for row in await self._rows(sql.PAYMENT, int(link["detail"]))]
        [head] = await self._rows(sql.MESSAGE_HEAD, row.message) or [(None,) * len(_MESSAGE)]
        said = {name: getattr(row, name) for name in ("kind", "status", "reason", "text", "message")}
        received = dict(zip(_MESSAGE, head, strict=True))
        return {"payment": row.id, **said, "says": link["text"], "received": received}

    async def _history(self, id: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Later statuses with their times, and the transfers made when it was admitted and at each of them."""
        batches = dict(await self._batch(sql.BATCH_OF_PAYMENT, id))
        statuses: list[dict[str, Any]] = []
        for number, status, reason, text, message in await self._rows(sql.STATUSES_OF, id):
            batch = await self._batch(sql.BATCH_OF_STATUS, number)
            batches.update(batch)
            [(time_ns, _)] = batch.values()
            statuses.append({"status": status, "reason": reason, "text": text, "message": message, "time_ns": time_ns})
        transfers: list[dict[str, Any]] = []
        for batch_id, found in sorted(batches.items()):
            transfers += await self._transfers(id, batch_id, found)
        return statuses, transfers

    async def _batch(self, statement: str, number: int) -> dict[int, tuple[int, int]]:
        return {id: (time_ns, last) for id, time_ns, last in await self._rows(statement, number)}

    async def _transfers(self, payment: int, batch: int, found: tuple[int, int]) -> list[dict[str, Any]]:
        time_ns, last = found
        before = await self._rows(sql.LAST_TRANSFER_BEFORE, batch - 1)
        rows = await self._rows(sql.TRANSFERS_OF, payment, before[0][0] if before else 0, last)
        return [
            {
                "id": id,
                "debit": debit,
                "credit": credit,
                "currency": currency,
                "minor": minor,
                "amount": amount(currency, minor),
                "time_ns": time_ns,
            }
            for id, _, debit, credit, currency, minor in rows
        ]


def _by_blocks(after: int, last: int) -> list[str]:
    """The statements that together look through all transfers after one and up to another."""
    blocks = range(after >> BLOCK_BITS, (last >> BLOCK_BITS) + 1, BLOCKS_MAX)
    return [sql.MOVEMENTS.format(blocks=", ".join(map(str, range(b, b + BLOCKS_MAX)))) for b in blocks]


def _movement(row: Row) -> Movement:
    *transfer, record, time_ns = row
    return Movement(TransferRow(*transfer), time_ns, record or b"")


def _within(number: int, most: int) -> int:
    return max(0, min(number, most))


def amount(currency: str, minor: int) -> str:
    """Decimal text; "" where there is no currency, as for a record that could not be read."""
    return Money(currency, minor).text() if currency in EXPONENTS or is_security(currency) else ""


def _with_amount(row: dict[str, Any]) -> dict[str, Any]:
    row["amount"] = amount(row["currency"], row["minor"])
    return row
