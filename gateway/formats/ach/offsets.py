"""The entries that balance a file: what its debits and credits differ by, to an account of the bank that sends it."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.formats.ach import tables
from gateway.formats.ach.batches import RawBatch, record
from gateway.formats.ach.codes import CODE_OF
from gateway.formats.ach.entries import is_debit
from gateway.formats.ach.traces import sequence
from gateway.model import Payment
from gateway.ports import Offset

ENTRY_MAX = 9_999_999_999  # what one entry can carry


def amounts(payments: Sequence[Payment]) -> list[int]:
    """What the offset entries of a file move, in cents: debits are negative, since they take back what credits gave."""
    over = sum(-payment.amount.minor if is_debit(payment) else payment.amount.minor for payment in payments)
    sign = -1 if over > 0 else 1
    whole, rest = divmod(abs(over), ENTRY_MAX)
    return [sign * ENTRY_MAX] * whole + ([sign * rest] if rest else [])


def batch(
    payments: Sequence[Payment], offset: Offset, numbers: Sequence[int], routing_number: str, day: str
) -> RawBatch:
    """The batch at the end of a file that balances it: an entry for each number."""
    header = record(
        tables.BATCH_HEADER,
        {
            "service_class": "200",
            "company_name": offset.name,
            "company_identification": f"1{routing_number}",
            "sec_code": "CCD",
            "entry_description": "OFFSET",
            "effective_date": day[2:].replace("-", ""),
            "originator_status": "1",
            "odfi": routing_number[:8],
        },
    )
    made = zip(amounts(payments), numbers, strict=True)
    return RawBatch(header, [[_entry(cents, offset, number, routing_number)] for cents, number in made])


def _entry(cents: int, offset: Offset, number: int, routing_number: str) -> str:
    return record(
        tables.ENTRY,
        {
            "transaction_code": CODE_OF[offset.type, cents < 0, "live"],
            "rdfi": offset.routing_number[:8],
            "check_digit": offset.routing_number[8:9],
            "account_number": offset.account,
            "amount_cents": abs(cents),
            "individual_name": offset.name,
            "addenda_indicator": 0,
            "trace_number": f"{routing_number[:8]}{sequence(number):07d}",
        },
    )
