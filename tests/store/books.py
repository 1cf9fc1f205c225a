"""Batches for tests, written the way the pipeline writes them: ids that rise, one message with its payments."""

from __future__ import annotations

import hashlib

import msgspec

from gateway.model import Account, Loss, Money, Payment
from gateway.ports import AccountRow, Batch, DecisionRow, Delivery, MessageRow, PaymentRow, StatusRow, TransferRow

START_NS = 1_767_225_600_000_000_000
RECORD = msgspec.msgpack.encode(
    Payment("credit_transfer", Money("EUR", 1234), end_to_end_id="E2E-1", debtor_account=Account("DE-A"))
)


class Books:
    """Remembers the last ids, as the writer of a store does."""

    def __init__(self) -> None:
        self.batch = self.message = self.payment = self.transfer = self.delivery = 0

    def new(self) -> Batch:
        self.batch += 1
        return Batch(self.batch, START_NS + self.batch * 1_000_000_000)

    def opening(self, *accounts: str, currency: str = "EUR") -> Batch:
        """A batch that opens accounts without floors."""
        batch = self.new()
        batch.opened = [AccountRow(account, currency, 0, None) for account in accounts]
        return batch

    def add_message(self, batch: Batch, data: bytes = b"", **fields: object) -> MessageRow:
        self.message += 1
        data = data or b"message %d" % self.message
        row = MessageRow(
            self.message,
            "bank_x",
            batch.time_ns,
            "mt",
            "MT103",
            f"REF{self.message}",
            hashlib.sha256(data).digest(),
            f"{self.message}.fin",
            "",
            "",
            0,
            "accepted",
            b"",
            data,
            b"answer",
        )
        row = msgspec.structs.replace(row, **fields)
        batch.messages.append(row)
        batch.arrivals.append((int.from_bytes(row.digest[:8], "big"), row.id))
        return row

    def add_payment(
        self,
        batch: Batch,
        debit: str = "A",
        credit: str = "B",
        minor: int = 100,
        *,
        currency: str = "EUR",
        moves: bool = True,
        **fields: object,
    ) -> PaymentRow:
        """A payment of the latest message; it settles and moves money unless told otherwise."""
        self.payment += 1
        identity = int.from_bytes(hashlib.sha256(b"%d" % self.payment).digest()[:8], "big")
        row = PaymentRow(
            self.payment,
            self.message,
            ":20:",
            "credit_transfer",
            "ACSC",
            "",
            "",
            "",
            "default",
            1,
            debit,
            credit,
            currency,
            minor,
            f"E2E-{self.payment}",
            identity,
            b"",
            RECORD,
        )
        row = msgspec.structs.replace(row, **fields)
        batch.payments.append(row)
        batch.references.append((identity, row.id))
        if moves and row.status == "ACSC":
            self.add_transfer(batch, row.id, debit, credit, minor, currency)
        return row

    def add_transfer(
        self, batch: Batch, payment: int, debit: str, credit: str, minor: int, currency: str = "EUR"
    ) -> None:
        self.transfer += 1
        batch.transfers.append(TransferRow(self.transfer, payment, debit, credit, currency, minor))

    def add_delivery(self, batch: Batch, endpoint: str = "csm", data: bytes = b"out") -> Delivery:
        self.delivery += 1
        item = Delivery(
            self.delivery,
            endpoint,
            f"{self.delivery:012d}-pacs.008.xml",
            "pacs.008.001.08",
            "application/xml",
            data,
            "session",
            "group",
        )
        batch.outbox.append(item)
        return item

    def settled(self, *payments: tuple[str, str, int]) -> Batch:
        """A batch of one message with these settled payments."""
        batch = self.new()
        self.add_message(batch)
        for debit, credit, minor in payments:
            self.add_payment(batch, debit, credit, minor)
        return batch

    def held(self) -> Batch:
        """A batch with one payment that waits for a person."""
        batch = self.new()
        self.add_message(batch)
        row = self.add_payment(
            batch,
            status="PDNG",
            reason="RR04",
            refusal_code="sanctions-hit",
            text="waits",
            losses=msgspec.msgpack.encode([Loss("purpose", "no field")]),
        )
        batch.decisions.append(
            DecisionRow(row.id, "screen", "hold", "sanctions-hit", "RR04", "waits", "entry 7", 0.91, "hash")
        )
        return batch

    def decided(self, payment: int, status: str, *, moves: bool) -> Batch:
        """A batch in which a person decides about a held payment."""
        batch = self.new()
        message = self.add_message(batch)
        self.add_payment(batch, "", "", 0, currency="", kind="release", moves=False)
        batch.statuses.append(StatusRow(payment, status, "", f"now {status}", message.id))
        batch.decisions.append(DecisionRow(payment, "person", "release", "", "", "", "", 0.0, "", "officer", "checked"))
        if moves:
            self.add_transfer(batch, payment, "A", "B", 100)
        return batch


def balances(accounts: list[AccountRow]) -> dict[tuple[str, str], int]:
    """Positions as a dictionary."""
    return {(row.account, row.currency): row.balance_minor for row in accounts}
