"""Rows as the databases hold them: plain tuples, and back.

Strategy: the ports' rows are array-like Structs in the order of the columns, so a row is `astuple` one way and
`Row(*columns)` the other. What the databases cannot hold as it is, is said here and nowhere else: the 64 bits of
an identity are kept as a signed number, decisions and status changes get an id of the store's own, and texts that
no database can write are changed as little as possible, since what is settled must be stored.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from zlib import crc32

from msgspec import Struct
from msgspec.structs import astuple

from gateway.ports import Batch, Delivery, FileRow, MessageRow, PaymentRow, SessionState, TransferRow

Row = tuple[Any, ...]

# The journal: tables that are only appended to, and the name of the batch row's column with their last id.
JOURNAL: dict[str, str] = {
    "messages": "last_message",
    "payments": "last_payment",
    "transfers": "last_transfer",
    "decisions": "last_decision",
    "statuses": "last_status",
    "outbox": "last_delivery",
    "openings": "last_opening",
}

COLUMNS: dict[str, tuple[str, ...]] = {
    "messages": MessageRow.__struct_fields__,
    "payments": PaymentRow.__struct_fields__,
    "transfers": TransferRow.__struct_fields__,
    "decisions": (
        "id",
        "payment",
        "check_name",
        "outcome",
        "code",
        "reason",
        "text",
        "detail",
        "score",
        "evidence",
        "decided_by",
        "because",
    ),
    "statuses": ("id", "payment", "status", "reason", "text", "message"),
    "outbox": ("id", "endpoint", "name", "type", "media", "data", "session", "ordering"),
    "openings": ("id", "account", "currency", "floor_minor", "closed"),
    "batches": ("id", "time_ns", "hash", *JOURNAL.values(), "identities", "arrivals"),
}

_IDENTITY = PaymentRow.__struct_fields__.index("identity")
_SIGN = 1 << 63
_WRAP = 1 << 64


class Head(Struct, frozen=True, gc=False):
    """The last batch and the last id of every journal table: where the next batch goes on."""

    id: int = 0
    time_ns: int = 0
    hash: bytes = bytes(32)
    messages: int = 0
    payments: int = 0
    transfers: int = 0
    decisions: int = 0
    statuses: int = 0
    outbox: int = 0
    openings: int = 0

    def last(self, table: str) -> int:
        """The last id of a journal table."""
        number: int = getattr(self, table)
        return number


def journal_rows(batch: Batch, head: Head) -> dict[str, list[Row]]:
    """What a batch appends to each journal table, as tuples in the order of COLUMNS."""
    return {
        "messages": [astuple(row) for row in batch.messages],
        "payments": [_signed(astuple(row)) for row in batch.payments],
        "transfers": [astuple(row) for row in batch.transfers],
        "decisions": [
            (
                id,
                row.payment,
                row.check,
                row.outcome,
                row.code,
                row.reason,
                row.text,
                row.detail,
                float(row.score),
                row.evidence,
                row.by,
                row.because,
            )
            for id, row in enumerate(batch.decisions, head.decisions + 1)
        ],
        "statuses": [(id, *astuple(row)) for id, row in enumerate(batch.statuses, head.statuses + 1)],
        "outbox": [astuple(row) for row in batch.outbox],
        "openings": [
            (id, row.account, row.currency, row.floor_minor, int(row.closed))
            for id, row in enumerate(batch.opened, head.openings + 1)
        ],
    }


def _signed(row: Row) -> Row:
    identity = row[_IDENTITY]
    return row if identity < _SIGN else (*row[:_IDENTITY], signed(identity), *row[_IDENTITY + 1 :])


def signed(identity: int) -> int:
    """The 64 bits of an identity as a column holds them."""
    return identity if identity < _SIGN else identity - _WRAP


def payment_row(columns: Sequence[Any]) -> PaymentRow:
    """A payment as the port has it."""
    values = list(columns)
    values[_IDENTITY] %= _WRAP
    return PaymentRow(*values)


def message_row(columns: Sequence[Any]) -> MessageRow:
    return MessageRow(*columns)


def delivery(columns: Sequence[Any]) -> Delivery:
    return Delivery(*columns)


def session_row(state: SessionState) -> Row:
    """A session's numbers, with a CRC over them."""
    columns = (state.endpoint, state.session, state.next_in, state.next_out, state.began_ns)
    return (*columns, _crc(columns))


def session_state(columns: Sequence[Any]) -> SessionState:
    """The numbers of a session as they stand in the store.

    Of a damaged row only the names can be trusted: everything is expected again, so that the counterparty resends
    it, and numbering goes on behind the last message that was kept.
    """
    *kept, crc, last_sent = columns
    if crc is None or crc == _crc(kept):
        return SessionState(*kept)
    return SessionState(str(columns[0]), str(columns[1]), 1, int(last_sent or 0) + 1, damaged=True)


def _crc(columns: Sequence[Any]) -> int:
    """Over the plain characters of the names, since a database may not write the others as they are."""
    return crc32("|".join("".join(c for c in str(column) if " " <= c <= "~") for column in columns).encode())


def sent_message(columns: Sequence[Any]) -> tuple[int, bytes] | None:
    """A message that was sent, with its number; None for one that was damaged in the store."""
    number, message, crc = columns
    if crc is not None and crc != crc32(message):
        return None
    return number, message


def file_row(columns: Sequence[Any]) -> FileRow:
    return FileRow(*columns)


Clean = Callable[[list[Row]], list[Row]]


def as_is(rows: list[Row]) -> list[Row]:
    """Every text can be stored: what is tried first."""
    return rows


def without_surrogates(rows: list[Row]) -> list[Row]:
    """Lone surrogates, which UTF-8 cannot write, become question marks; what is kept then is what the hash covers."""
    return [tuple(_writable(value) for value in row) for row in rows]


def without_nul(rows: list[Row]) -> list[Row]:
    """Also NUL, which PostgreSQL takes in no text, becomes its picture."""
    return [tuple(_writable(value, nul="\N{SYMBOL FOR NULL}") for value in row) for row in rows]


def _writable(value: Any, nul: str = "\0") -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode().replace("\0", nul)
    return value
