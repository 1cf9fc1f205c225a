"""What every store does: one contract, played against SQLite in a file, in memory, and PostgreSQL."""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from pathlib import Path

import msgspec
import pytest

from gateway.ports import AccountRow, Batch, DecisionRow, FileRow, SessionState, StatusRow, StoreFailed
from gateway.store import open_store, packed
from tests.store.books import Books, balances
from tests.store.conftest import AnyStore, Make

BIG = 2**64 - 1


async def test_a_new_store_is_empty(store: AnyStore) -> None:
    assert store.message(1) is None
    assert store.payment(1) is None
    assert await store.payment_story(1) is None
    assert await store.payments("", 0, 10) == await store.transactions("A", 0, 10) == await store.balances() == []
    assert await store.verify() == []


async def test_state_is_found_again(durable: Make) -> None:
    books, store = Books(), durable()
    first = await store.open()
    assert (first.batch, first.message, first.payment, first.transfer, first.delivery) == (0, 0, 0, 0, 0)
    await store.commit(books.opening("A", "B"))
    await store.commit(books.settled(("A", "B", 100), ("B", "A", 30)))
    batch = books.settled(("A", "B", 5))
    books.add_delivery(batch)
    await store.commit(batch)
    await store.close()

    store = durable()
    found = await store.open()
    assert (found.batch, found.message, found.payment, found.transfer, found.delivery) == (3, 2, 3, 3, 1)
    assert found.time_ns == batch.time_ns
    assert balances(found.accounts) == {("A", "EUR"): -75, ("B", "EUR"): 75}
    assert await store.verify() == []
    await store.commit(books.settled(("A", "B", 1)))
    await store.close()


async def test_balances_are_replayed_from_the_last_snapshot(durable: Make) -> None:
    books, store = Books(), durable()
    await store.open()
    await store.commit(books.opening("A", "B", "C"))
    batch = books.settled(("A", "B", 100))
    batch.balances = [AccountRow("A", "EUR", -100, None), AccountRow("B", "EUR", 100, None)]
    await store.commit(batch)
    await store.commit(books.settled(("B", "C", 40)))
    for _ in range(2):  # the second time nothing needs replaying
        await store.close()
        store = durable()
        found = await store.open()
        assert balances(found.accounts) == {("A", "EUR"): -100, ("B", "EUR"): 60, ("C", "EUR"): 40}
    assert [(row["account"], row["balance"]) for row in await store.balances()] == [
        ("A", "-1.00"),
        ("B", "0.60"),
        ("C", "0.40"),
    ]
    assert await store.verify() == []
    await store.close()


async def test_accounts_keep_floor_and_end(durable: Make) -> None:
    books, store = Books(), durable()
    await store.open()
    batch = books.opening("A")
    batch.opened.append(AccountRow("B", "EUR", 0, -500))
    await store.commit(batch)
    batch = books.settled(("A", "B", 7))
    batch.opened.append(AccountRow("A", "EUR", -7, None, True))  # closed: what it says of the balance is not believed
    await store.commit(batch)
    await store.close()
    store = durable()
    assert (await store.open()).accounts == [AccountRow("A", "EUR", -7, None, True), AccountRow("B", "EUR", 7, -500)]
    await store.close()


async def test_rows_come_back_as_they_were(store: AnyStore) -> None:
    books = Books()
    await store.commit(books.opening("A", "B"))
    batch = books.new()
    message = books.add_message(batch, b"\0\xff bytes", source="Überweisung.fin", refusals=b"\x90", answers=b"")
    payment = books.add_payment(batch, identity=BIG, text="größer als 0", losses=b"\x90")
    await store.commit(batch)
    assert store.message(message.id) == message
    assert store.payment(payment.id) == payment


async def test_texts_that_no_database_can_write_are_kept_as_far_as_possible(store: AnyStore) -> None:
    books = Books()
    batch = books.opening("A", "B")
    message = books.add_message(batch, source="nul\0here", key="lone\ud800surrogate")
    books.add_payment(batch, reference="R\0")
    batch.sessions.append(SessionState("fix", "S\0\ud800", 2, 3))
    await store.commit(batch)
    row = store.message(message.id)
    assert row is not None
    assert row.source in ("nul\0here", "nul\N{SYMBOL FOR NULL}here")
    assert row.key == "lone?surrogate"
    assert await store.transactions("\0", 0, 10) == []
    assert await store.verify() == []


async def test_a_payment_has_its_last_status(store: AnyStore) -> None:
    books = Books()
    await store.commit(books.opening("A", "B"))
    await store.commit(books.held())
    waiting = store.payment(1)
    assert waiting is not None
    assert (waiting.status, waiting.reason) == ("PDNG", "RR04")
    await store.commit(books.decided(1, "ACSC", moves=True))
    settled = store.payment(1)
    assert settled is not None
    assert (settled.status, settled.reason, settled.text) == ("ACSC", "", "now ACSC")
    assert await store.verify() == []


async def test_held_payments_are_found_again_until_decided(durable: Make) -> None:
    books, store = Books(), durable()
    await store.open()
    await store.commit(books.opening("A", "B"))
    for _ in range(3):
        await store.commit(books.held())
    await store.commit(books.decided(1, "ACSC", moves=True))
    await store.commit(books.decided(2, "PDNG", moves=False))
    await store.close()
    store = durable()
    held = (await store.open()).held
    assert [(row.id, row.status, row.text) for row in held] == [(2, "PDNG", "now PDNG"), (3, "PDNG", "waits")]
    assert await store.verify() == []
    await store.close()


async def test_sessions_and_what_they_sent(durable: Make) -> None:
    books, store = Books(), durable()
    await store.open()
    batch = books.new()
    batch.sessions = [SessionState("fix", "ONE", 2, 3), SessionState("fix", "TWO", 1, 2)]
    batch.sent = [("fix", "ONE", 1, b"first"), ("fix", "ONE", 2, b"second"), ("fix", "TWO", 1, b"other")]
    await store.commit(batch)
    assert store.sent("fix", "ONE", 2, 9) == [(2, b"second")]
    batch = books.new()
    batch.sessions = [SessionState("fix", "ONE", 1, 2)]
    batch.resets = [("fix", "ONE")]
    batch.sent = [("fix", "ONE", 1, b"again")]
    await store.commit(batch)
    assert store.sent("fix", "ONE", 1, 9) == [(1, b"again")]
    assert store.sent("fix", "TWO", 1, 9) == [(1, b"other")]
    await store.close()
    store = durable()
    assert (await store.open()).sessions == [SessionState("fix", "ONE", 1, 2), SessionState("fix", "TWO", 1, 2)]
    await store.close()


async def test_how_far_files_have_come(durable: Make) -> None:
    books, store = Books(), durable()
    await store.open()
    for part in range(3):
        batch = books.new()
        batch.files = [FileRow("drop", b"whole", part + 1 if part < 2 else -1, 1, part, part, 0, 0)]
        await store.commit(batch)
    batch = books.new()
    batch.files = [FileRow("drop", b"begun", 1, 4, 5, 3, 1, 1)]
    await store.commit(batch)
    await store.close()
    store = durable()
    assert (await store.open()).files == [
        FileRow("drop", b"begun", 1, 4, 5, 3, 1, 1),
        FileRow("drop", b"whole", -1, 1, 2, 2, 0, 0),
    ]
    await store.close()


async def test_the_exceptions_of_a_file_are_what_is_not_settled_now(store: AnyStore) -> None:
    books, digest = Books(), hashlib.sha256(b"file").digest()
    await store.commit(books.opening("A", "B"))
    batch = books.new()
    for part in range(2):
        books.add_message(batch, digest=digest, part=part, endpoint="drop")
        books.add_payment(batch, status="PDNG")
        books.add_payment(batch, status="RJCT")
        books.add_payment(batch)
    batch.files = [FileRow("drop", digest, -1, batch.messages[0].id, 6, 2, 2, 2)]
    await store.commit(batch)
    assert [(row.id, row.status) for row in store.exceptions("drop", digest)] == [
        (1, "PDNG"),
        (2, "RJCT"),
        (4, "PDNG"),
        (5, "RJCT"),
    ]
    await store.commit(books.decided(4, "ACSC", moves=True))
    assert [row.id for row in store.exceptions("drop", digest)] == [1, 2, 5]


async def test_the_outbox_keeps_what_has_not_arrived(durable: Make) -> None:
    books, store = Books(), durable()
    await store.open()
    batch = books.new()
    items = [books.add_delivery(batch, endpoint) for endpoint in ("csm", "csm", "mqtt", "csm")]
    await store.commit(batch)
    assert await store.undelivered("csm", 0, 2) == items[:2]
    assert await store.undelivered("csm", 2, 10) == [items[3]]
    await store.delivered([1, 4], batch.time_ns)
    await store.delivered([4], batch.time_ns)  # twice is once
    await store.close()
    store = durable()
    await store.open()
    assert await store.undelivered("csm", 0, 10) == [items[1]]
    assert await store.undelivered("mqtt", 0, 10) == [items[2]]
    assert await store.verify() == []
    await store.close()


@pytest.mark.parametrize("segment_pairs", [1, 5, 10**9])
async def test_identities_and_arrivals_are_found_again(
    durable: Make, segment_pairs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packed, "SEGMENT_PAIRS", segment_pairs)
    books, store = Books(), durable()
    await store.open()
    references, arrivals = [], []
    for number in range(7):
        batch = books.new()
        batch.references = [(BIG - number, number), (number + 1, BIG)]
        batch.arrivals = [(number + 77, number)] * (number % 3)
        references += batch.references
        arrivals += batch.arrivals
        await store.commit(batch)
        if number == 3:
            await store.close()
            store = durable()
            await store.open()
    assert await store.verify() == []
    await store.close()
    store = durable()
    found = await store.open()
    assert list(found.references) == references
    assert list(found.arrivals) == arrivals
    assert (found.references[1], found.references[-2:], len(found.references)) == (references[1], references[-2:], 14)
    await store.close()


async def test_an_accounts_transfers_are_read_page_by_page(store: AnyStore) -> None:
    books = Books()
    await store.commit(books.opening("A", "B", "C"))
    books.transfer = 4090  # across the edge of a block
    await store.commit(books.settled(*[("A", "B", n) if n % 3 else ("C", "A", n) for n in range(1, 31)]))
    books.transfer = 4096 * 700  # and far away
    await store.commit(books.settled(("B", "C", 99), ("A", "C", 100)))
    seen: list[int] = []
    after = 0
    while page := await store.transactions("A", after, 7):
        seen += [row["minor"] for row in page]
        after = page[-1]["id"]
    assert seen == [*range(1, 31), 100]
    assert [row["minor"] for row in await store.transactions("B", after - 2, 10**9)] == [99]
    [row] = await store.transactions("A", after - 1, 1)
    assert (row["payment"], row["debit"], row["credit"], row["currency"], row["amount"], row["reference"]) == (
        32,
        "A",
        "C",
        "EUR",
        "1.00",
        "E2E-32",
    )
    assert row["time_ns"] > 0
    assert await store.transactions("nobody", 0, 10) == await store.transactions("A", BIG**2, 10) == []
    assert await store.transactions("A", -5, -5) == []


async def test_payments_are_listed_by_their_present_status(store: AnyStore) -> None:
    books = Books()
    await store.commit(books.opening("A", "B"))
    await store.commit(books.held())
    await store.commit(books.held())
    batch = books.new()
    books.add_message(batch)
    books.add_payment(batch, status="RJCT", reason="AC01")
    books.add_payment(batch)
    await store.commit(batch)
    await store.commit(books.decided(1, "RJCT", moves=False))

    async def ids(status: str, after: int = 0, limit: int = 10) -> list[int]:
        return [row["id"] for row in await store.payments(status, after, limit)]

    assert await ids("") == [1, 2, 3, 4, 5]
    assert await ids("PDNG") == [2]
    assert await ids("RJCT") == [1, 3]
    assert await ids("RJCT", 1) == [3]
    assert await ids("RJCT", 0, 1) == [1]
    assert await ids("ACSC") == [4, 5]
    assert await ids("nonsense") == []
    assert (await store.payments("RJCT", 0, 1))[0]["text"] == "now RJCT"


async def test_a_payments_story(store: AnyStore) -> None:
    books = Books()
    await store.commit(books.opening("A", "B"))
    held = books.held()
    await store.commit(held)
    await store.commit(books.settled(("A", "B", 3)))
    release = books.decided(1, "ACSC", moves=True)
    await store.commit(release)
    story = await store.payment_story(1)
    assert story is not None
    assert (story["id"], story["status"], story["minor"], story["amount"]) == (1, "ACSC", 100, "1.00")
    assert story["received"]["endpoint"] == "bank_x"
    assert story["losses"] == [{"element": "purpose", "why": "no field"}]
    assert story["record"]["end_to_end_id"] == "E2E-1"
    assert [(row["check"], row["by"]) for row in story["decisions"]] == [("screen", ""), ("person", "officer")]
    assert [(row["status"], row["time_ns"]) for row in story["statuses"]] == [("ACSC", release.time_ns)]
    assert [(row["id"], row["amount"], row["time_ns"]) for row in story["transfers"]] == [(2, "1.00", release.time_ns)]
    assert await store.payment_story(BIG) is None


async def test_a_payments_conversation(store: AnyStore) -> None:
    """A link is written for both sides, and each tells how the other stands now."""
    books = Books()
    await store.commit(books.opening("A", "B"))
    await store.commit(books.settled(("A", "B", 3)))
    batch = books.new()
    books.add_message(batch)
    books.add_payment(batch)
    for one, outcome, other in ((1, "return", "2"), (2, "about", "1")):
        batch.decisions.append(DecisionRow(one, "conversation", outcome, "", "", "AC04", other, 0.0, ""))
    batch.statuses.append(StatusRow(1, "RTRN", "AC04", "given back", 2))
    await store.commit(batch)
    story, said = await store.payment_story(1), await store.payment_story(2)
    assert story is not None
    assert said is not None
    assert story["decisions"] == said["decisions"] == []
    [link], [back] = story["conversation"], said["conversation"]
    assert (link["payment"], link["status"], link["says"], link["received"]["endpoint"]) == (
        2,
        "ACSC",
        "AC04",
        "bank_x",
    )
    assert (back["payment"], back["status"], back["reason"], back["text"]) == (1, "RTRN", "AC04", "given back")


async def test_ids_must_rise_and_batches_follow(store: AnyStore) -> None:
    books = Books()
    await store.commit(books.opening("A", "B"))
    await store.commit(books.settled(("A", "B", 1)))
    skipped = Books()
    skipped.batch = 5
    with pytest.raises(AssertionError, match="does not follow"):
        await store.commit(skipped.new())
    books.transfer = 0
    with pytest.raises(AssertionError, match="does not rise"):
        await store.commit(books.settled(("A", "B", 1)))


async def test_a_store_that_is_not_open_does_not_commit(durable: Make) -> None:
    with pytest.raises(StoreFailed, match="not open"):
        await durable().commit(Books().new())


async def test_people_read_a_store_that_others_write(durable: Make) -> None:
    books, writer = Books(), durable()
    await writer.open()
    await writer.commit(books.opening("A", "B"))
    await writer.commit(books.settled(("A", "B", 100)))
    reader = durable()
    assert [row["id"] for row in await reader.payments("", 0, 10)] == [1]
    assert len(await reader.balances()) == 2
    assert await reader.verify() == []
    await writer.commit(books.settled(("A", "B", 100)))
    assert [row["id"] for row in await reader.transactions("A", 0, 10)] == [1, 2]
    await reader.close()
    await writer.close()


def test_a_store_url_of_no_known_kind() -> None:
    for url in ("mysql://x", "sqlite:", ""):
        with pytest.raises(ValueError, match="a store is"):
            open_store(url)


async def test_every_row_survives_packing(store: AnyStore) -> None:
    """A batch with everything in it at once verifies."""
    books = Books()
    await store.commit(books.opening("A", "B"))
    batch = books.held()
    books.add_delivery(batch, data=b"\0" * 3000)
    batch.files = [FileRow("drop", b"d", 1, 1, 1, 0, 1, 0)]
    batch.sessions = [SessionState("fix", "S", 2, 2)]
    batch.sent = [("fix", "S", 1, msgspec.msgpack.encode("x"))]
    batch.balances = [AccountRow("A", "EUR", 0, None)]
    await store.commit(batch)
    assert await store.verify() == []


def _spoil(path: Path, statement: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute(statement)
        database.commit()


async def test_damaged_sessions_are_expected_again_and_damaged_messages_left_out(tmp_path: Path) -> None:
    path = tmp_path / "fos.db"
    store = open_store(f"sqlite:{path}")
    await store.open()
    batch = Batch(1, 1)
    batch.sessions = [SessionState("fix", "ONE", 7, 4, 99), SessionState("fix", "TWO", 7, 9, 99)]
    batch.sent = [("fix", name, number, b"message %d" % number) for name in ("ONE", "TWO") for number in (2, 3)]
    await store.commit(batch)
    await store.close()
    _spoil(path, "UPDATE sessions SET next_in = 5000 WHERE session = 'ONE'")
    _spoil(path, "UPDATE sent SET message = x'00' WHERE session = 'ONE' AND number = 2")
    found = (await store.open()).sessions
    assert found == [SessionState("fix", "ONE", 1, 4, damaged=True), SessionState("fix", "TWO", 7, 9, 99)]
    assert store.sent("fix", "ONE", 1, 9) == [(3, b"message 3")]
    assert len(store.sent("fix", "TWO", 1, 9)) == 2
    assert await store.sessions() == found
    await store.close()


async def test_what_is_kept_to_go_on_from_is_found_by_its_identity(store: AnyStore) -> None:
    books = Books()
    await store.commit(books.opening("A", "B"))
    for identity, kind in ((BIG, "statement"), (7, "statement"), (7, "report"), (BIG, "reconciliation"), (9, "return")):
        batch = books.new()
        books.add_message(batch)
        books.add_payment(batch, moves=False, kind=kind, identity=identity, status="ACTC")
        await store.commit(batch)
    found = {identity: store.latest(identity) for identity in (BIG, 7, 9, 1, 0)}
    assert {identity: row.id if row else None for identity, row in found.items()} == {
        BIG: 4,
        7: 3,
        9: None,
        1: None,
        0: None,
    }
    assert found[BIG].identity == BIG


async def test_movements_of_an_account_since_a_transfer(store: AnyStore) -> None:
    books = Books()
    await store.commit(books.opening("A", "B", "C"))
    assert store.movements("A", 0) == []
    first, second = books.settled(("A", "B", 100), ("B", "C", 30)), books.settled(("C", "A", 5))
    await store.commit(first)
    await store.commit(second)
    assert [(m.transfer, m.time_ns) for m in store.movements("A", 0)] == [
        (first.transfers[0], first.time_ns),
        (second.transfers[0], second.time_ns),
    ]
    assert [m.record for m in store.movements("A", 0)] == [first.payments[0].record, second.payments[0].record]
    assert [m.transfer.id for m in store.movements("A", 1)] == [3]
    balances, moves = await store.history("A", second.time_ns)
    assert (balances, moves) == ({"EUR": -100}, store.movements("A", 2))
    batch = books.settled(("A", "B", 7))
    batch.balances = [AccountRow("A", "EUR", -102, None), AccountRow("B", "EUR", 77, None)]
    await store.commit(batch)  # balances are stored beyond the moment that is asked for
    assert (await store.history("A", second.time_ns))[0] == {"EUR": -100}
    assert (await store.history("A", batch.time_ns + 1)) == ({"EUR": -102}, [])
    assert (await store.history("NOBODY", 0)) == ({}, [])
    assert store.movements("A", 4) == store.movements("NOBODY", 0) == []
    times = (first.time_ns, first.time_ns + 1, second.time_ns, second.time_ns + 1, 0)
    assert [store.last_transfer_before(time_ns) for time_ns in times] == [0, 2, 2, 3, 0]


async def test_movements_far_apart_are_all_found(store: AnyStore) -> None:
    books = Books()
    await store.commit(books.opening("A", "B", "C"))
    await store.commit(books.settled(("A", "B", 1)))
    books.transfer = 3 << 20  # beyond what one statement looks through
    await store.commit(books.settled(("C", "B", 1), ("B", "A", 1)))
    assert [m.transfer.id for m in store.movements("A", 0)] == [1, (3 << 20) + 2]
