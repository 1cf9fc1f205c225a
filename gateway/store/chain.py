"""The hash chain: every batch carries a SHA-256 over the one before it and over everything it appended.

Strategy: the hash is over msgpack of the very tuples that the database gets, so that reading them back and
packing them again must give the same bytes. Message and outbox data stand in it by their own SHA-256, so that an
old payload can one day be removed without breaking the chain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256

import msgspec
from msgspec import Struct

from gateway.ports import Batch
from gateway.store.packed import pack_pairs
from gateway.store.records import COLUMNS, JOURNAL, Clean, Head, Row, as_is, journal_rows

_pack = msgspec.msgpack.Encoder().encode
_MESSAGE_DATA = COLUMNS["messages"].index("data")
_OUTBOX_DATA = COLUMNS["outbox"].index("data")


class Sealed(Struct):
    """A batch ready to be written: journal rows per table, the batch's own row, and the head it leads to."""

    head: Head
    journal: dict[str, list[Row]]
    row: Row
    size_bytes: int  # of everything appended


def seal(batch: Batch, before: Head, clean: Clean = as_is) -> Sealed:
    """Chain a batch to the one before. Raises UnicodeEncodeError when a text cannot be stored as it is."""
    assert batch.id == before.id + 1, f"batch {batch.id} does not follow batch {before.id}"
    journal = {table: clean(rows) for table, rows in journal_rows(batch, before).items()}
    identities, arrivals = pack_pairs(batch.references), pack_pairs(batch.arrivals)
    content = _content(batch.id, batch.time_ns, journal, identities, arrivals)
    hash = sha256(before.hash + content).digest()
    lasts = [_last(table, rows, before) for table, rows in journal.items()]
    payload = sum(len(row[_MESSAGE_DATA]) for row in journal["messages"])
    payload += sum(len(row[_OUTBOX_DATA]) for row in journal["outbox"])
    head = Head(batch.id, batch.time_ns, hash, *lasts)
    row = (batch.id, batch.time_ns, hash, *lasts, identities, arrivals)
    return Sealed(head, journal, row, len(content) + payload)


def _last(table: str, rows: Sequence[Row], before: Head) -> int:
    """The last id, after making sure that ids rise: a batch must be a range of its table."""
    if not rows:
        return before.last(table)
    ids = [row[0] for row in rows]
    assert ids[0] > before.last(table), f"{table}: id {ids[0]} does not rise above {before.last(table)}"
    assert ids == sorted(ids), f"{table}: ids of a batch do not rise"
    last: int = ids[-1]
    return last


def batch_hash(
    before: bytes, id: int, time_ns: int, journal: Mapping[str, Sequence[Row]], identities: bytes, arrivals: bytes
) -> bytes:
    """The hash of a batch, from the hash before it and everything it appended."""
    return sha256(before + _content(id, time_ns, journal, identities, arrivals)).digest()


def _content(id: int, time_ns: int, journal: Mapping[str, Sequence[Row]], identities: bytes, arrivals: bytes) -> bytes:
    """What is hashed: the batch's own columns and its rows, in the order of JOURNAL."""
    tables = [
        [_with_digest(row, _MESSAGE_DATA) for row in journal["messages"]],
        *(journal[table] for table in JOURNAL if table not in ("messages", "outbox")),
        [_with_digest(row, _OUTBOX_DATA) for row in journal["outbox"]],
    ]
    return _pack((id, time_ns, tables, identities, arrivals))


def _with_digest(row: Row, place: int) -> Row:
    data = row[place]
    return (*row[:place], sha256(data).digest() if data else b"", *row[place + 1 :])
