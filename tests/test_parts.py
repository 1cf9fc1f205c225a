"""A large file whose parts have another size after a crash than before goes on where it was."""

from __future__ import annotations

import pytest

from gateway.ports import Decoded, Inbound
from tests.conversations.bank import Bank, transfer

RECORDS = [transfer(n, 100 + n) for n in range(10)]


def parts(size: int) -> list[Inbound]:
    """The file in parts of so many records."""
    starts = range(0, len(RECORDS), size)
    return [
        Inbound(
            "correspondent",
            1,
            b"",
            "large.xml",
            digest=b"d" * 32,
            decoded=Decoded("iso20022", "pacs.008.001.08", "LARGE", records=RECORDS[at : at + size], count=10),
            part=number,
            first=at,
            last=at + size >= len(RECORDS),
        )
        for number, at in enumerate(starts)
    ]


@pytest.mark.parametrize("committed", range(5))
@pytest.mark.parametrize("size", [1, 2, 3, 7, 10, 20])
def test_other_parts_than_before(committed: int, size: int) -> None:
    bank = Bank()
    for part in parts(2)[:committed]:
        bank.run([part])
    bank.restart()
    for part in parts(size):
        bank.run([part])
    assert bank.balance("BREEZE") == sum(record.amount.minor for record in RECORDS)
    again = bank.run([parts(size)[-1]])
    assert again[0].repeated
    assert bank.balance("BREEZE") == sum(record.amount.minor for record in RECORDS)
