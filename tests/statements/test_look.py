"""The commands on a store on disk, beside a daemon and without one; the daemon's own statements, once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.cli import main
from gateway.daemon import Daemon
from gateway.formats.iso20022 import FORMAT as ISO
from gateway.model import Account, Money, Payment, Refusal, Statement
from gateway.ports import Decoded, Inbound
from tests.statements.counter import at, signed
from tests.statements.test_reconcile import entry, received

ROUTES = """
version: 1
store: sqlite:fos.db
gateway: {bic: FINODEHHXXX}
endpoints:
  bank: {adapter: folder, format: auto, path: bank}
accounts:
  open:
    - {id: EQUITY, currency: EUR, floor: none}
    - {id: ALICE, currency: EUR, balance: 1_000, from: EQUITY}
    - {id: NOSTRO, currency: EUR, floor: none}
statements:
  - {name: daily, accounts: ALICE, as: camt.053.001.08, to: bank, at: "18:00", zone: Europe/Berlin}
reconcile:
  - {account: "0044771100", ledger: NOSTRO, zone: Europe/Berlin}
routes:
  - {name: book, settle: {debit: debtor, credit: creditor}}
"""


class Clock:
    def __init__(self) -> None:
        self.now_ns = at("2026-03-02", "09:00")

    def __call__(self) -> int:
        return self.now_ns


@contextlib.asynccontextmanager
async def running(path: Path, clock: Clock) -> AsyncIterator[Daemon]:
    daemon = Daemon(path, {}, clock)
    await daemon.start()
    try:
        yield daemon
    finally:
        await daemon.stop()


async def pay(daemon: Daemon, minor: int, id: str) -> None:
    payment = Payment("credit_transfer", Money("EUR", minor), end_to_end_id=id, debtor_account=Account("ALICE"))
    await offer(daemon, Payment(**{**_fields(payment), "creditor_account": Account("NOSTRO")}))


def _fields(payment: Payment) -> dict[str, object]:
    return {name: getattr(payment, name) for name in payment.__struct_fields__}


async def offer(daemon: Daemon, record: Payment | Statement) -> None:
    clock = daemon.engine.clock_ns
    one = Inbound("core", clock(), b"", "", decoded=Decoded("json", "transfer", records=[record]))
    [outcome] = (await daemon.engine.offer([one])).outcomes
    assert outcome.statuses[0].code in ("ACSC", "ACTC"), outcome


async def statements_of(daemon: Daemon) -> None:
    """Let the daemon look at the clock."""
    task = asyncio.create_task(daemon._make_statements())
    await asyncio.sleep(0.1)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def sent(path: Path) -> list[Statement]:
    found = [ISO.decode(file.read_bytes()).records[0] for file in sorted((path / "bank" / "out").glob("*camt.053*"))]
    return [record for record in found if isinstance(record, Statement)]


@pytest.fixture
def routes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("gateway.daemon.STATEMENTS_S", 0.01)
    path = tmp_path / "routes.yaml"
    path.write_text(ROUTES)
    return path


def test_days_of_a_daemon(routes: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    clock = Clock()

    async def first_day() -> None:
        async with running(routes, clock) as daemon:
            await morning(daemon)

    async def morning(daemon: Daemon) -> None:
        await pay(daemon, 1_250, "REF-1")
        clock.now_ns = at("2026-03-02", "18:00")
        await statements_of(daemon)
        await pay(daemon, 50, "REF-2")
        beside = ["statement", "ALICE", "--date", "2026-03-02", "--routes", str(routes)]
        assert await asyncio.to_thread(main, beside) == 0
        seen = ISO.decode(capfdbinary.readouterr().out).records[0]
        assert isinstance(seen, Statement)
        assert signed(seen) == (0, 98_750, 98_750)
        found = await daemon.queries.statement("ALICE", "2026-03-02", "camt.052.001.08", "")
        assert not isinstance(found, Refusal)
        assert b"<CdtDbtInd>" in found[0].data

    async def second_day() -> None:
        async with running(routes, clock) as daemon:
            await evening(daemon)

    async def evening(daemon: Daemon) -> None:
        await statements_of(daemon)  # the first day's was made
        clock.now_ns = at("2026-03-03", "18:00")
        await statements_of(daemon)
        await offer(daemon, received(1, 0, [entry(-1_250, "REF-1"), entry(-7, "FEE")]))
        for _ in range(100):
            if len(sent(routes.parent)) == 2:
                break
            await asyncio.sleep(0.02)

    asyncio.run(first_day())
    asyncio.run(second_day())
    assert [(s.electronic_number, signed(s)) for s in sent(routes.parent)] == [
        ("1", (0, 98_750, 98_750)),
        ("2", (98_750, -50, 98_700)),
    ]
    capfdbinary.readouterr()
    assert main(["statement", "ALICE", "--date", "2026-03-03", "--routes", str(routes)]) == 0
    copy = ISO.decode(capfdbinary.readouterr().out).records[0]
    assert isinstance(copy, Statement)
    assert (copy.electronic_number, signed(copy)) == ("", (98_750, -50, 98_700))
    assert main(["reconcile", "--routes", str(routes), "list"]) == 1
    [line] = capfdbinary.readouterr().out.decode().splitlines()
    assert "reconciled: 1 matched, 1 missing-at-bank, 1 missing-in-ledger" in line
    assert main(["reconcile", "--routes", str(routes), "show", line.partition(":")[2].partition(",")[0].strip()]) == 1
    assert b'"missing-in-ledger"' in capfdbinary.readouterr().out
    assert main(["verify", "--routes", str(routes)]) == 0


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["NOBODY"], "there is no such account"),
        (["ALICE", "--currency", "USD"], "there is no such account"),
        (["ALICE", "--date", "2026-3-2"], "YYYY-MM-DD"),
        (["ALICE", "--date", "0001-01-01"], "YYYY-MM-DD"),
        (["ALICE", "--as", "camt.054.001.08"], "no statement of account"),
        (["ALICE", "--as", "MT9999"], "no format writes"),
    ],
)
def test_what_cannot_be_shown_is_said(
    routes: Path, arguments: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async def open_store() -> None:
        async with running(routes, Clock()):
            pass

    asyncio.run(open_store())
    assert main(["statement", *arguments, "--routes", str(routes)]) == 1
    assert text in capsys.readouterr().err
