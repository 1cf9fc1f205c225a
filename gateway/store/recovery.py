"""A start: is what was acknowledged still there, and what state does it add up to?

Strategy: first the questions, reading only: does the database reach the mark, is it the same history, do the last
batches match their hashes, is there nothing beyond the last batch. Only then the load. Damage is an error that
names what is missing; docs/store.md says what to do about each sentence.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime

from msgspec import Struct

from gateway.ports import AccountRow, Recovered, StoreDamaged
from gateway.store import sql
from gateway.store.packed import PAIR_BYTES, PAIRS_LOADED, Gathering, Pairs, segment_crc
from gateway.store.reading import Fetch, Stream, head_of, is_or_are, reread, span, value
from gateway.store.records import JOURNAL, Head, file_row, payment_row, session_state

TAIL_BATCHES = 64  # re-read whole at every start: where a crash or a torn write would show
TAIL_ROWS = 10_000  # but stop going back after so many rows: a start must stay quick
FILES_LOADED = 10_000  # completed files remembered by name; older ones are found by their digest among the arrivals


class Found(Struct):
    """What a start found: the head to go on from, the state, and what the stored balances lack."""

    head: Head
    recovered: Recovered
    gathering: Gathering
    moved: list[AccountRow]


# --- questions -----------------------------------------------------------------------------------


def check(fetch: Fetch, mark: Head | None, *, marked: bool) -> Head:
    """The last batch, after making sure that nothing acknowledged is missing. Raises StoreDamaged.

    `marked`: this database has a mark beside it, so that a missing one is damage too.
    """
    heads = [head_of(row) for row in fetch(sql.LAST_HEADS, TAIL_BATCHES + 1)]
    head = heads[0] if heads else Head()
    if mark is not None:
        _compare(fetch, head, mark)
    elif marked and head.id:
        raise StoreDamaged(
            f"the mark beside the database is missing or unreadable, so it cannot be told whether anything after"
            f" batch {head.id} ({moment(head.time_ns)}) was lost"
        )
    _check_ends(fetch, head)
    for batch in reread(fetch, _tail_start(heads)):
        if batch.problem:
            raise StoreDamaged(batch.problem)
    return head


def _compare(fetch: Fetch, head: Head, mark: Head) -> None:
    if mark.id > head.id:
        raise StoreDamaged(missing(head, mark))
    if not mark.id:
        return
    rows = fetch(sql.HEAD, mark.id)
    if not rows:
        raise StoreDamaged(f"batch {mark.id} is missing from the database, though later batches are there")
    if head_of(rows[0]).hash != mark.hash:
        raise StoreDamaged(
            f"batch {mark.id} in the database is not the one that was acknowledged at {moment(mark.time_ns)}: the"
            f" database and the mark beside it belong to different histories"
        )


def missing(head: Head, mark: Head) -> str:
    """A sentence that names what was acknowledged and is not there."""
    count = mark.id - head.id
    lost = [
        span("message", head.messages + 1, mark.messages),
        span("payment", head.payments + 1, mark.payments),
        span("transfer", head.transfers + 1, mark.transfers),
    ]
    last = f"ends at batch {head.id} ({moment(head.time_ns)})" if head.id else "is empty"
    return (
        f"{span('batch', head.id + 1, mark.id)} {is_or_are(count)} missing: {', '.join(lost)}, acknowledged until"
        f" {moment(mark.time_ns)}; the database {last}"
    )


def _check_ends(fetch: Fetch, head: Head) -> None:
    """No table may end elsewhere than the last batch says."""
    for table in JOURNAL:
        last = value(fetch, sql.LAST_ID[table]) or 0
        if last > head.last(table):
            raise StoreDamaged(
                f"table {table} holds rows up to {last}, but the last batch, {head.id}, ends at {head.last(table)}:"
                f" batches after it are missing"
            )


def _tail_start(heads: list[Head]) -> Head:
    """The batch after which to re-read: the earliest that keeps the tail within its limits, so one batch at least."""
    candidates = heads if len(heads) > TAIL_BATCHES else [*heads, Head()]
    start = candidates[min(1, len(candidates) - 1)]
    for earlier in candidates[2:]:
        if _rows_between(earlier, candidates[0]) > TAIL_ROWS:
            break
        start = earlier
    return start


def _rows_between(earlier: Head, later: Head) -> int:
    return sum(later.last(table) - earlier.last(table) for table in JOURNAL)


def moment(time_ns: int) -> str:
    """A time as people write it, in UTC, to the millisecond."""
    seconds, rest_ns = divmod(time_ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}.{rest_ns // 1_000_000:03d} UTC"


# --- load ----------------------------------------------------------------------------------------


def load(fetch: Fetch, head: Head) -> Found:
    """The state that the store adds up to. Raises StoreDamaged when it contradicts itself."""
    accounts, moved = _positions(fetch)
    identities, arrivals, gathering = _pairs(fetch, head)
    recovered = Recovered(
        batch=head.id,
        message=head.messages,
        payment=head.payments,
        transfer=head.transfers,
        delivery=head.outbox,
        time_ns=head.time_ns,
        accounts=accounts,
        held=[payment_row(row) for row in fetch(sql.HELD)],
        sessions=[session_state(row) for row in fetch(sql.SESSIONS)],
        files=[file_row(row) for row in (*fetch(sql.OPEN_FILES), *reversed(fetch(sql.CLOSED_FILES, FILES_LOADED)))],
        references=identities,
        arrivals=arrivals,
    )
    return Found(head, recovered, gathering, moved)


def _positions(fetch: Fetch) -> tuple[list[AccountRow], list[AccountRow]]:
    """All positions, and those of them that moved since balances were stored last."""
    rows = {(row[0], row[1]): row for row in fetch(sql.STORED_POSITIONS)}
    changes = _changes(fetch, value(fetch, sql.BALANCES_AS_OF))
    strangers = changes.keys() - rows.keys()
    if strangers:
        raise StoreDamaged(f"there are transfers of positions that were never opened: {len(strangers)}")
    accounts = [
        AccountRow(account, currency, stored + changes.get((account, currency), 0), floor, bool(closed))
        for account, currency, stored, floor, closed in rows.values()
    ]
    totals: dict[str, int] = defaultdict(int)
    for row in accounts:
        totals[row.currency] += row.balance_minor
    wrong = sorted(currency for currency, total in totals.items() if total)
    if wrong:
        raise StoreDamaged(f"the balances in {', '.join(wrong)} do not sum to zero: money was created or destroyed")
    return accounts, [row for row in accounts if (row.account, row.currency) in changes]


def _changes(fetch: Fetch, after: int) -> dict[tuple[str, str], int]:
    """What the transfers after a known one did to each position."""
    changes: dict[tuple[str, str], int] = defaultdict(int)
    transfers = Stream(fetch, "transfers", after)
    while (row := transfers.next()) is not None:
        _, _, debit, credit, currency, minor = row
        changes[debit, currency] -= minor
        changes[credit, currency] += minor
    return changes


def _pairs(fetch: Fetch, head: Head) -> tuple[Pairs, Pairs, Gathering]:
    """Identities and arrivals: the latest segments, then the batches after them."""
    segments = _segments(fetch, head)
    identities, arrivals = Pairs(), Pairs()
    for _, packed_identities, packed_arrivals in reversed(segments):
        identities.extend_packed(packed_identities)
        arrivals.extend_packed(packed_arrivals)
    gathering, last = Gathering(), segments[0][0] if segments else 0
    for id, packed_identities, packed_arrivals in fetch(sql.PAIRS_AFTER, last):
        if id != last + 1:
            raise StoreDamaged(f"{span('batch', last + 1, id - 1)} {is_or_are(id - 1 - last)} missing")
        last = id
        identities.extend_packed(packed_identities)
        arrivals.extend_packed(packed_arrivals)
        gathering.add(packed_identities, packed_arrivals)
    return identities, arrivals, gathering


def _segments(fetch: Fetch, head: Head) -> list[tuple[int, bytes, bytes]]:
    """The latest segments, newest first, until enough pairs of both kinds are there."""
    found: list[tuple[int, bytes, bytes]] = []
    identities = arrivals = 0
    before = head.id + 1
    while min(identities, arrivals) < PAIRS_LOADED and max(identities, arrivals) < 2 * PAIRS_LOADED:
        rows = fetch(sql.SEGMENTS, before)
        if not rows:
            break
        batch, packed_identities, packed_arrivals, crc = rows[0]
        if segment_crc(packed_identities, packed_arrivals) != crc:
            raise StoreDamaged(f"the list of known payments and messages up to batch {batch} is damaged")
        found.append((batch, packed_identities, packed_arrivals))
        identities += len(packed_identities) // PAIR_BYTES
        arrivals += len(packed_arrivals) // PAIR_BYTES
        before = batch
    return found
