"""FinancialCore: the engine inside another program."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from gateway import FinancialCore, Refused
from tests import samples
from tests.fix_peer import frame, order_body


@pytest.fixture
def core() -> Iterator[FinancialCore]:
    with FinancialCore() as made:
        made.create_account("ALICE", Decimal("100.00"))
        made.create_account("BOB")
        yield made


def test_a_transfer_moves_money_once(core: FinancialCore) -> None:
    id = core.transfer("ALICE", "BOB", Decimal("12.50"))
    assert int(id) > 0
    assert core.get_balance("ALICE") == Decimal("87.50")
    assert core.get_balance("BOB") == Decimal("12.50")


@pytest.mark.parametrize(
    ("debit", "credit", "amount", "reason"),
    [
        ("ALICE", "BOB", "100.01", "AM04"),
        ("ALICE", "NOBODY", "1", "AC03"),
        ("NOBODY", "BOB", "1", "AC01"),
        ("ALICE", "BOB", "0", "AM01"),
    ],
)
def test_what_cannot_be_moved_is_refused_with_its_reason(
    core: FinancialCore, debit: str, credit: str, amount: str, reason: str
) -> None:
    with pytest.raises(Refused) as caught:
        core.transfer(debit, credit, Decimal(amount))
    assert caught.value.reason == reason
    assert core.get_balance("ALICE") == Decimal(100)


@pytest.mark.parametrize("amount", ["1.001", "-1", "1e30"])
def test_an_amount_that_the_currency_does_not_have_is_no_amount(core: FinancialCore, amount: str) -> None:
    with pytest.raises(ValueError):
        core.transfer("ALICE", "BOB", Decimal(amount))


def test_an_account_opens_once(core: FinancialCore) -> None:
    with pytest.raises(Refused):
        core.create_account("ALICE", Decimal(5))
    assert core.get_balance("ALICE") == Decimal(100)


async def test_messages_of_every_protocol_settle_and_are_answered(core: FinancialCore) -> None:
    core.create_account("PAYER-1", Decimal(50))
    for name in ("CLIENT1-USD", "HOUSE-USD"):
        core.create_account(name, Decimal(10_000))
    for name in ("CLIENT1-EUR", "HOUSE-EUR"):
        core.create_account(name, Decimal(10_000), "EUR")
    swift = await core.handle_protocol_message("SWIFT", samples.mt103(1, "BOB"))
    assert swift.accepted
    assert b"{451:0}" in swift.answers[0]
    iso = await core.handle_protocol_message("ISO20022", samples.pacs008(1, "BOB"))
    assert [status["status"] for status in iso.statuses] == ["ACSC"]
    order = frame("D", "CLIENT1", "FINOS", 2, "1=CLIENT1\x01" + order_body("A1", "1", "1000", "1.1"))
    fix = await core.handle_protocol_message("FIX", order)
    assert b"\x0139=2\x01" in fix.answers[0]
    ach = await core.handle_protocol_message("ACH", samples.ach(1))
    assert not ach.accepted, "no account 2000000 here: the entry is returned"
    assert b"R03" in ach.answers[0]
    assert core.get_balance("BOB") == Decimal(2)
    assert core.get_balance("CLIENT1-EUR", "EUR") == Decimal(11_000)


async def test_a_message_twice_is_answered_twice_and_settled_once(core: FinancialCore) -> None:
    core.create_account("PAYER-1", Decimal(50))
    first = await core.handle_protocol_message("ISO20022", samples.pacs008(1, "BOB"))
    again = await core.handle_protocol_message("ISO20022", samples.pacs008(1, "BOB"))
    assert again.repeated
    assert again.answers == first.answers
    assert core.get_balance("BOB") == Decimal(1)


async def test_a_batch_under_another_wrapper_is_found(core: FinancialCore) -> None:
    for data in (samples.ach(2), samples.ach(2, first=2)):
        assert b"batch-repeated" not in (await core.handle_protocol_message("ACH", data)).answers[0]
    again = await core.handle_protocol_message("ACH", samples.ach(2, modifier="B", time="1100"))
    assert not again.accepted
    assert b"batch-repeated" in again.answers[0]
    assert b"line 2" in again.answers[0]


def test_a_file_store_remembers(tmp_path: Path) -> None:
    url = f"sqlite:{tmp_path / 'core.db'}"
    with FinancialCore(url) as core:
        core.create_account("ALICE", Decimal(10))
        core.create_account("BOB")
        core.transfer("ALICE", "BOB", Decimal(4))
    with FinancialCore(url) as core:
        assert core.get_balance("BOB") == Decimal(4)
        assert core.get_status()["transfers"] == 2


async def test_within_a_running_loop_too(core: FinancialCore) -> None:
    assert core.get_balance("ALICE") == Decimal(100)
    await asyncio.to_thread(core.transfer, "ALICE", "BOB", Decimal(1))
    core.transfer("ALICE", "BOB", Decimal(1))
    assert core.get_balance("BOB") == Decimal(2)
