"""An engine with accounts, a folder bank and statement rules, a clock by hand; `restart` keeps only what is durable."""

from __future__ import annotations

import asyncio

from gateway import formats
from gateway.compile import account_operations, compile_snapshot
from gateway.config.load import parse
from gateway.engine import Engine
from gateway.formats.iso20022 import FORMAT as ISO
from gateway.model import Account, Notice, Operation, Party, Payment, Refusal, Statement
from gateway.model.money import Money
from gateway.ports import Decoded, Delivery, Inbound, Outcome, Writing
from gateway.settlement import calendars
from gateway.statements.due import Due
from gateway.statements.issue import made_until, own_hash
from gateway.telemetry.metrics import Metrics
from tests.fakes.store import Disk, MemoryStore

ZONE = "Europe/Berlin"
DAILY = "{name: daily, accounts: [ALICE, BOB, 'DE*'], as: camt.053.001.08, to: bank, at: '18:00', zone: Europe/Berlin}"
ROUTES = """
version: 1
store: "sqlite::memory:"
gateway: {{bic: FINODEHHXXX}}
endpoints:
  bank: {{adapter: folder, format: auto, path: bank}}
  other: {{adapter: folder, format: auto, path: other}}
accounts:
  open:
    - {{id: EQUITY, currency: EUR, floor: none}}
    - {{id: ALICE, currency: EUR, floor: none}}
    - {{id: BOB, currency: EUR, floor: none}}
    - {{id: NOSTRO, currency: EUR, floor: none}}
    - {{id: DE89370400440532013000, currency: EUR, balance: 100, from: EQUITY}}
statements: [{statements}]
reconcile: [{reconcile}]
routes:
  - {{name: book, settle: {{debit: debtor, credit: creditor}}}}
"""


def at(day: str, time: str) -> int:
    """A moment in Berlin."""
    return calendars.cutoff("T2", day, time, ZONE)


class Counter:
    """One engine."""

    def __init__(self, statements: str = DAILY, reconcile: str = "", now_ns: int = at("2026-03-02", "09:00")) -> None:
        self.runner = asyncio.Runner()
        self.config = parse(ROUTES.format(statements=statements, reconcile=reconcile), "counter", {})
        self.disk, self.now_ns, self.number, self._taken = Disk(), now_ns, 0, 0
        self.start()

    def start(self) -> None:
        async def begin() -> Engine:
            engine = Engine(MemoryStore(self.disk), compile_snapshot(self.config, 1), lambda: self.now_ns, Metrics())
            await engine.open()
            await engine.open_accounts(account_operations(self.config.accounts.open))
            return engine

        self.engine, self.due = self.runner.run(begin()), Due()

    def offer(self, *records: object, endpoint: str = "other", type: str = "test") -> Outcome:
        self.number += 1
        decoded = Decoded("json", type, records=records)  # type: ignore[arg-type]
        one = Inbound(endpoint, self.now_ns, b"%d" % self.number, f"{self.number}", digest=b"%d" % self.number)
        [outcome] = self.runner.run(self.engine.run([_with(one, decoded)]))
        return outcome

    def pay(self, debit: str, credit: str, minor: int, id: str = "", **fields: object) -> int:
        """A transfer that settles; the number of its payment."""
        payment = Payment(
            "credit_transfer",
            Money("EUR", minor),
            end_to_end_id=id or f"E{self.number}",
            debtor=Party("Ada Debtor"),
            debtor_account=Account(debit),
            creditor=Party("Carl Creditor"),
            creditor_account=Account(credit),
            **fields,  # type: ignore[arg-type]
        )
        [status] = self.offer(payment).statuses
        assert status.code == "ACSC", status
        return status.payment_id

    def tick(self) -> list[Operation]:
        """What the daemon does each second."""

        def last_cut(rule: str, account: str, currency: str) -> int:
            row = self.engine.store.latest(own_hash(rule, account, currency))
            return made_until(row) if row is not None else 0

        engine = self.engine
        due = self.due.operations(engine.snapshot.statements, engine.state.ledger.positions, last_cut, self.now_ns)
        for operation in due:
            [status] = self.offer(operation, endpoint="config").statuses
            assert status.code == "ACSC", status
        return due

    def ask(self, account: str, requested: str = "", day: str = "", endpoint: str = "bank") -> Outcome:
        notice = Notice("statement_request", "ASK1", account=Account(account), requested=requested, date=day)
        return self.offer(notice, endpoint=endpoint, type="camt.060.001.05")

    def sent(self, endpoint: str = "bank") -> list[Delivery]:
        """What was put into the outbox since the last time."""
        found = [d for id, d in sorted(self.disk.outbox.items()) if id > self._taken]
        self._taken = max([self._taken, *(d.id for d in found)])
        return [d for d in found if d.endpoint == endpoint and d.media == "application/xml"]  # not answers to `offer`

    def statements(self, endpoint: str = "bank") -> list[Statement]:
        """The statements sent since the last time, read back by the format; they are valid."""
        found = []
        for delivery in self.sent(endpoint):
            decoded = ISO.decode(delivery.data)
            assert not decoded.refusals, decoded.refusals
            found += [record for record in decoded.records if isinstance(record, Statement)]
        return found


def _with(inbound: Inbound, decoded: Decoded) -> Inbound:
    return Inbound(
        inbound.endpoint, inbound.received_ns, inbound.data, inbound.source, digest=inbound.digest, decoded=decoded
    )


def signed(statement: Statement) -> tuple[int, int, int]:
    """Opening balance, sum of the entries, closing balance."""
    opening, closing = (b.amount.minor if b.credit else -b.amount.minor for b in statement.balances)
    return opening, sum(e.amount.minor if e.credit else -e.amount.minor for e in statement.entries), closing


def written(statement: Statement, type: str = "camt.053.001.08") -> Statement | Refusal:
    """A statement as a bank would send it: written and read again."""
    data = formats.writer(type).encode([statement], type, Writing("BANK1", 0)).data  # type: ignore[list-item]
    [record] = ISO.decode(data).records
    assert isinstance(record, Statement | Refusal)
    return record
