"""Damage of the embedded store is found at the next start, named, and not made worse by looking."""

# the tests damage small local files themselves; nothing else waits for their loop

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.ports import AccountRow, Recovered, StoreDamaged, StoreFailed
from gateway.store import SqliteStore, accept, recovery
from gateway.store.sqlite_file import mark_path
from tests.store.books import Books

COMMITS = 5  # after the opening: batches 2 to 6, messages 1 to 5
FILES = ("", "-wal", "-shm", ".mark")


async def filled(path: Path, books: Books | None = None) -> SqliteStore:
    """An open store with a history."""
    store, books = SqliteStore(path), books or Books()
    await store.open()
    await store.commit(books.opening("A", "B"))
    for number in range(COMMITS):
        await store.commit(books.settled(("A", "B", 100 + number)))
    return store


async def crashed(folder: Path) -> Path:
    """A database as a killed process leaves it: the log not yet copied into the file."""
    folder.mkdir()
    store = await filled(folder / "live.db")
    for suffix in FILES:
        shutil.copyfile(f"{folder / 'live.db'}{suffix}", f"{folder / 'crashed.db'}{suffix}")
    await store.close()
    return folder / "crashed.db"


async def closed(folder: Path) -> Path:
    """A database after an orderly end: one file and its mark."""
    folder.mkdir()
    await (await filled(folder / "closed.db")).close()
    return folder / "closed.db"


async def opened(path: Path) -> Recovered:
    store = SqliteStore(path)
    try:
        return await store.open()
    finally:
        await store.close()


async def refused(path: Path) -> str:
    """The sentence with which a start is refused, after making sure that refusing changed nothing."""
    files = [file for file in (Path(f"{path}{suffix}") for suffix in ("", "-wal", ".mark")) if file.exists()]
    before = [file.read_bytes() for file in files]
    with pytest.raises(StoreDamaged) as damage:
        await opened(path)
    assert [file.read_bytes() for file in files] == before, "looking at the damage changed something"
    return str(damage.value)


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 0x40
    path.write_bytes(data)


def by_hand(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


# --- the log -------------------------------------------------------------------------------------


async def test_a_crash_alone_loses_nothing(tmp_path: Path) -> None:
    assert (await opened(await crashed(tmp_path / "a"))).batch == COMMITS + 1


async def test_a_log_cut_short_is_named_by_batch_message_and_time(tmp_path: Path) -> None:
    path = await crashed(tmp_path / "a")
    log = Path(f"{path}-wal")
    log.write_bytes(log.read_bytes()[:-8000])
    assert await refused(path) == (
        "batch 6 is missing: message 5, payment 5, transfer 5, acknowledged until 2026-01-01 00:00:06.000 UTC;"
        " the database ends at batch 5 (2026-01-01 00:00:05.000 UTC)"
    )


async def test_a_log_that_is_gone(tmp_path: Path) -> None:
    path = await crashed(tmp_path / "a")
    Path(f"{path}-wal").unlink()
    assert (await refused(path)).startswith("batches 1 to 6 are missing: messages 1 to 5, payments 1 to 5")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1, exclude_max=True))
async def test_a_flipped_bit_in_the_log_is_never_taken_in_silence(
    tmp_path_factory: pytest.TempPathFactory, place: float
) -> None:
    path = await crashed(tmp_path_factory.mktemp("flip") / "a")
    log = Path(f"{path}-wal")
    flip(log, int(place * log.stat().st_size))
    try:
        found = await opened(path)
    except StoreDamaged:
        return
    assert found.batch == COMMITS + 1


# --- the file ------------------------------------------------------------------------------------


async def test_a_changed_message_is_named_by_its_batch(tmp_path: Path) -> None:
    path = await closed(tmp_path / "a")
    flip(path, path.read_bytes().index(b"message 3"))
    assert await refused(path) == "batch 4 (message 3) does not match its hash: it is not what was committed"


async def test_a_change_before_the_tail_is_found_by_verify(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovery, "TAIL_BATCHES", 2)
    path = await closed(tmp_path / "a")
    by_hand(path, "UPDATE payments SET reference = 'someone else' WHERE id = 2")
    await opened(path)
    assert await SqliteStore(path).verify() == [
        "batch 3 (message 2) does not match its hash: it is not what was committed"
    ]


async def test_a_file_cut_short(tmp_path: Path) -> None:
    path = await closed(tmp_path / "a")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert await refused(path) == (
        "closed.db: database disk image is malformed; acknowledged are the batches up to 6, with messages up to 5 and"
        " transfers up to 5, until 2026-01-01 00:00:06.000 UTC"
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1, exclude_max=True))
async def test_a_flipped_bit_in_the_file_never_loses_money(
    tmp_path_factory: pytest.TempPathFactory, place: float
) -> None:
    """Where it does not matter to the journal it may pass; what is loaded is what was committed, or nothing."""
    path = await closed(tmp_path_factory.mktemp("flip") / "a")
    flip(path, int(place * path.stat().st_size))
    try:
        found = await opened(path)
    except (StoreDamaged, StoreFailed):
        return
    assert (found.batch, found.payment) == (COMMITS + 1, COMMITS)
    total = sum(100 + number for number in range(COMMITS))
    if await SqliteStore(path).verify() == []:
        assert [row.balance_minor for row in found.accounts] == [-total, total]


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("DELETE FROM batches WHERE id = 6", "batch 6 is missing: message 5"),
        ("DELETE FROM batches WHERE id = 3", "batch 3 is missing"),
        ("DELETE FROM transfers WHERE id = 5", "batch 6 (message 5) does not match its hash"),
        ("UPDATE transfers SET minor = 1 WHERE id = 2", "batch 3 (message 2) does not match its hash"),
        ("INSERT INTO transfers VALUES (9, 5, 'A', 'B', 'EUR', 1)", "table transfers holds rows up to 9"),
        ("UPDATE batches SET time_ns = 1 WHERE id = 4", "batch 4 (message 3) does not match its hash"),
        ("UPDATE batches SET hash = 'text' WHERE id = 4", "batch 4 (message 3) does not match its hash"),
        ("UPDATE batches SET arrivals = x'00' WHERE id = 6", "batch 6 (message 5) does not match its hash"),
        ("UPDATE positions SET balance_minor = 7 WHERE account = 'A'", "the balances in EUR do not sum to zero"),
        ("DELETE FROM positions WHERE account = 'A'", "transfers of positions that were never opened: 1"),
        ("DROP TABLE sessions", "no such table"),
    ],
)
async def test_what_was_changed_by_hand(tmp_path: Path, statement: str, sentence: str) -> None:
    path = await closed(tmp_path / "a")
    by_hand(path, statement)
    assert sentence in await refused(path)
    assert await SqliteStore(path).verify() != []


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("INSERT INTO holds VALUES (2)", "1 payment is on the list of held payments that are not held"),
        ("UPDATE positions SET floor_minor = 5 WHERE account = 'A'", "account A in EUR is not as it was opened"),
        ("INSERT INTO standings VALUES (1, 'PDNG', '', '')", "1 payment is held but not on the list"),
        ("INSERT INTO segments VALUES (3, x'', x'', 0)", "the list of known payments and messages up to batch 3"),
        ("INSERT INTO segments VALUES (9, x'', x'', 0)", "goes up to batch 9, which is not there"),
        ("DELETE FROM pending", "1 messages to be sent are neither waiting nor noted as delivered"),
        ("UPDATE balances_as_of SET transfer = 3", "the balance of A in EUR is"),
    ],
)
async def test_verify_compares_what_is_derived_with_the_journal(tmp_path: Path, statement: str, sentence: str) -> None:
    path = tmp_path / "test.db"
    books = Books()
    store = await filled(path, books)
    batch = books.settled(("A", "B", 1))
    books.add_delivery(batch)
    await store.commit(batch)
    await store.close()
    assert await SqliteStore(path).verify() == []
    by_hand(path, statement)
    assert any(sentence in problem for problem in await SqliteStore(path).verify())


async def test_verify_compares_payments_with_transfers(tmp_path: Path) -> None:
    store, books = SqliteStore(tmp_path / "test.db"), Books()
    await store.open()
    await store.commit(books.opening("A", "B"))
    batch = books.new()
    books.add_message(batch)
    books.add_payment(batch, moves=False)
    books.add_transfer(batch, books.add_payment(batch, status="RJCT").id, "A", "B", 5)
    await store.commit(batch)
    assert await store.verify() == [
        "batch 2 moves money for payment 2, which did not settle in it",
        "payment 1 is settled, but no transfer belongs to it",
    ]
    await store.close()


# --- the mark ------------------------------------------------------------------------------------


async def test_a_database_older_than_its_mark(tmp_path: Path) -> None:
    """A backup put back, or a disk that forgot."""
    path = await closed(tmp_path / "a")
    backup = path.read_bytes()
    books, store = Books(), SqliteStore(path)
    found = await store.open()
    books.batch, books.message, books.payment, books.transfer = found.batch, 5, 5, 5
    for _ in range(3):
        await store.commit(books.settled(("A", "B", 1)))
    await store.close()
    path.write_bytes(backup)
    assert (await refused(path)).startswith("batches 7 to 9 are missing: messages 6 to 8, payments 6 to 8")
    assert [problem[:24] for problem in await SqliteStore(path).verify()] == ["batches 7 to 9 are missi"]

    assert accept(path) == "closed.db ends at batch 6 (2026-01-01 00:00:06.000 UTC); whatever came after is given up"
    assert Path(f"{path}.mark.9").exists(), "the mark that said more is kept"
    assert (await opened(path)).batch == 6


async def test_a_database_that_is_gone(tmp_path: Path) -> None:
    path = await closed(tmp_path / "a")
    path.unlink()
    assert (await refused(path)).endswith("the database is empty")
    path.touch()
    assert (await refused(path)).startswith("batches 1 to 6 are missing")
    with pytest.raises(StoreFailed, match="there is no database"):
        await SqliteStore(tmp_path / "none.db").verify()


async def test_a_mark_that_is_gone_or_torn(tmp_path: Path) -> None:
    path = await closed(tmp_path / "a")
    mark = mark_path(path)
    whole = mark.read_bytes()
    flip(mark, (COMMITS + 1) % 2 * 512 + 20)  # the latest slot torn: the one before it counts
    assert (await opened(path)).batch == COMMITS + 1
    mark.write_bytes(bytes(len(whole)))
    assert "the mark beside the database is missing or unreadable" in await refused(path)
    mark.unlink()
    assert "the mark beside the database is missing or unreadable" in await refused(path)
    assert not mark.exists()
    accept(path)
    assert (await opened(path)).batch == COMMITS + 1


async def test_a_mark_of_another_history(tmp_path: Path) -> None:
    path, books = await closed(tmp_path / "a"), Books()
    other = tmp_path / "other.db"
    store = SqliteStore(other)
    await store.open()
    await store.commit(books.opening("X", "Y"))
    await store.close()
    shutil.copyfile(mark_path(other), mark_path(path))
    assert "belong to different histories" in await refused(path)


async def test_a_database_of_a_newer_program(tmp_path: Path) -> None:
    path = await closed(tmp_path / "a")
    by_hand(path, "INSERT INTO migrations VALUES (99)")
    with pytest.raises(StoreFailed, match="written by a newer one"):
        await opened(path)


# --- the place -----------------------------------------------------------------------------------


async def test_there_is_one_writer(tmp_path: Path) -> None:
    store = await filled(tmp_path / "test.db")
    with pytest.raises(StoreFailed, match="another writer has this database open"):
        await opened(tmp_path / "test.db")
    await store.close()
    await opened(tmp_path / "test.db")


async def fill_up(path: Path, limit: Callable[[SqliteStore], None]) -> int:
    """Commit until the place is full; the last batch that was acknowledged."""
    store, books = SqliteStore(path), Books()
    await store.open()
    await store.commit(books.opening("A", "B"))
    limit(store)
    acknowledged = books.batch
    try:
        while books.batch < 2_000:
            batch = books.new()
            books.add_message(batch, bytes(20_000))
            books.add_payment(batch)
            await store.commit(batch)
            acknowledged = batch.id
    except StoreFailed:
        with pytest.raises(StoreFailed):
            await store.commit(books.new())
    await store.close()
    return acknowledged


async def test_a_full_quota_stops_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "test.db"

    def limit(store: SqliteStore) -> None:
        store._fetch("PRAGMA max_page_count = 300")

    acknowledged = await fill_up(path, limit)
    assert 1 < acknowledged < 2_000
    assert (await opened(path)).batch == acknowledged
    assert await SqliteStore(path).verify() == []


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of two megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting a small file system is not allowed here")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


async def test_a_full_disk_stops_and_loses_nothing(tiny_disk: Path) -> None:
    path = tiny_disk / "test.db"
    ballast = tiny_disk / "ballast"
    ballast.write_bytes(bytes(300_000))
    acknowledged = await fill_up(path, lambda store: None)
    assert 1 < acknowledged < 2_000
    ballast.unlink()  # somebody made room
    found = await opened(path)
    assert found.batch in (acknowledged, acknowledged + 1), "at most the batch that was under way is there as well"
    assert await SqliteStore(path).verify() == []


async def test_a_snapshot_of_balances_needs_no_replay(tmp_path: Path) -> None:
    books, path = Books(), tmp_path / "test.db"
    store = await filled(path, books)
    batch = books.settled(("A", "B", 1))
    batch.balances = [AccountRow("A", "EUR", -511, None), AccountRow("B", "EUR", 511, None)]
    await store.commit(batch)
    assert store._fetch("SELECT transfer FROM balances_as_of") == [(6,)]
    assert await store.verify() == []
    await store.close()
