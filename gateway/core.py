"""The engine inside another program: `from gateway import FinancialCore`.

    core = FinancialCore()
    core.create_account("ALICE", Decimal("100.00"))
    core.create_account("BOB", Decimal("0"))
    core.transfer("ALICE", "BOB", Decimal("12.50"))
    core.get_balance("BOB")                                  # Decimal("12.50")
    await core.handle_protocol_message("SWIFT", mt103_bytes)  # decoded, checked, settled, answered

It is the daemon's engine without doors: the same pipeline, ledger and store, on an event loop in a thread of
its own, so that the same object serves plain and asynchronous programs.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from gateway import formats
from gateway.compile import account_operations, compile_snapshot
from gateway.config.load import load, parse
from gateway.config.records import Configuration
from gateway.engine import Engine
from gateway.model import Account, Money, Operation, Payment, Record, Refusal
from gateway.pipeline import Endpoint
from gateway.ports import Decoded, Inbound, Outcome
from gateway.queries import EngineQueries
from gateway.store import open_store
from gateway.telemetry.metrics import Metrics

# What callers call the formats; the names of routes.yaml work as well.
PROTOCOLS = {
    "ISO20022": "iso20022",
    "ISO 20022": "iso20022",
    "SWIFT": "mt",
    "MT": "mt",
    "FIX": "fix",
    "ACH": "ach",
    "NACHA": "ach",
    "SEPA": "sepa",
    "JSON": "json",
    "REST": "json",
}
EQUITY = "EQUITY"  # opening balances are transfers from here: the only account without a floor

DEFAULT_ROUTES = """
version: 1
store: "sqlite::memory:"
accounts: {open: []}
routes:
  - {name: orders, when: {kind: order}, settle: {client: "{account}-{currency}", principal: "HOUSE-{currency}"}}
  - {name: default, settle: {debit: debtor, credit: creditor}}
"""

T = TypeVar("T")


class Refused(Exception):
    """The engine refused; `reason` is the ISO 20022 code, the text one sentence."""

    def __init__(self, code: str, reason: str, text: str) -> None:
        super().__init__(f"{reason} {code}: {text}")
        self.code, self.reason, self.text = code, reason, text


class Result(Struct, frozen=True):
    """What became of a protocol message."""

    accepted: bool  # False when the message was refused as a whole or none of its payments was taken
    statuses: tuple[dict[str, Any], ...]  # payment_id, status, reason, text, place: one per payment
    refusals: tuple[dict[str, Any], ...]  # of the message as a whole: code, reason, place, text
    answers: tuple[bytes, ...]  # the answer in the sender's format
    repeated: bool = False


class FinancialCore:
    """Accounts, transfers and protocol messages on one engine. Amounts are Decimals of the currency's major unit."""

    def __init__(
        self,
        store: str = "sqlite::memory:",
        *,
        routes: str | Path | None = None,
        currency: str = "USD",
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.currency = currency
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="financial-core", daemon=True)
        self._thread.start()
        self._lock = asyncio.Lock()
        try:
            self._engine = self._call(self._open(store, routes, clock_ns))
        except BaseException:
            self._end_loop()
            raise
        self._queries = EngineQueries(self._engine, None, self._engine.metrics)
        self._queries.started = True

    # -- accounts and transfers

    def create_account(self, account_id: str, balance: Decimal = Decimal(0), currency: str = "") -> str:
        """Open an account; an opening balance is a transfer from EQUITY. Raises Refused or ValueError."""
        currency = currency or self.currency
        minor = self._money(currency, balance).minor if balance else None
        operation = Operation("open_account", account_id, currency, minor, 0, EQUITY, place="create_account")
        self._call(self._operate(operation))
        return account_id

    def transfer(self, debit: str, credit: str, amount: Decimal, currency: str = "", reference: str = "") -> str:
        """Move money between two accounts; the payment's id once it is durable. Raises Refused or ValueError."""
        money = self._money(currency or self.currency, amount)
        payment = Payment(
            "credit_transfer",
            money,
            "transfer",
            "transfer",
            "internal",
            end_to_end_id=reference,
            debtor_account=Account(debit),
            creditor_account=Account(credit),
        )
        outcome = self._call(self._run_record(payment, "transfer"))
        return str(_only(outcome)["payment_id"])

    def get_balance(self, account_id: str, currency: str = "") -> Decimal:
        """The balance in one currency. Raises KeyError for an account or currency that is not there."""
        currency = currency or self.currency
        for row in self._engine.state.ledger.rows(account_id):
            if row.currency == currency:
                return Decimal(Money(currency, row.balance_minor).text())
        raise KeyError(f"{account_id} in {currency}")

    # -- messages

    async def handle_protocol_message(self, protocol: str, data: bytes) -> Result:
        """Take one message as a door would: decode, route, check, settle, answer; done when durable."""
        name = PROTOCOLS.get(protocol.upper(), protocol.lower())
        formats.load(name)
        work = self._run([Inbound(f"core/{name}", self._engine.clock_ns(), data, protocol)])
        outcome = (await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop)))[0]
        statuses = tuple(_status_dict(outcome))
        accepted = not outcome.refusals and (outcome.repeated or any(s["status"] != "RJCT" for s in statuses))
        return Result(
            accepted,
            statuses,
            tuple(msgspec.to_builtins(list(outcome.refusals))),
            tuple(frame.data for frame in outcome.answers),
            outcome.repeated,
        )

    def get_status(self) -> dict[str, Any]:
        """Counts and health of the engine."""
        return self._queries.status()

    # -- life

    def close(self) -> None:
        """Close the store and end the thread; may be called twice."""
        if self._thread.is_alive():
            self._call(self._engine.store.close())
            self._end_loop()

    def __enter__(self) -> FinancialCore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- within the thread

    async def _open(self, store: str, routes: str | Path | None, clock_ns: Callable[[], int]) -> Engine:
        config = load(Path(routes), {}) if routes is not None else parse(DEFAULT_ROUTES, "default", {})
        snapshot = compile_snapshot(config, 1)
        own = {f"core/{name}": Endpoint(f"core/{name}", formats.load(name), "caller") for name in formats.names()}
        snapshot = msgspec.structs.replace(snapshot, endpoints={**snapshot.endpoints, **own})
        engine = Engine(open_store(store), snapshot, clock_ns, Metrics())
        await engine.open()
        await engine.open_accounts(account_operations(config.accounts.open))
        return engine

    async def _operate(self, operation: Operation) -> None:
        if not self._engine.state.ledger.knows(EQUITY, operation.currency):
            equity = Operation("open_account", EQUITY, operation.currency, None, None, place="create_account")
            _only(await self._run_record(equity, "operation"))
        _only(await self._run_record(operation, "operation"))

    async def _run_record(self, record: Record, type: str) -> Outcome:
        decoded = Decoded("json", type, records=(record,))
        return (await self._run([Inbound("core", self._engine.clock_ns(), b"", decoded=decoded)]))[0]

    async def _run(self, messages: list[Inbound]) -> list[Outcome]:
        async with self._lock:
            return await self._engine.run(messages)

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _end_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @staticmethod
    def _money(currency: str, amount: Decimal) -> Money:
        money = Money.parse(currency, format(amount, "f"))
        if money is None:
            raise ValueError(f"{amount} is not an amount of {currency}")
        return money


def _only(outcome: Outcome) -> dict[str, Any]:
    """The one status of a one-record message; Refused when it was."""
    for refusal in outcome.refusals:
        raise Refused(refusal.code, refusal.reason, refusal.text)
    [status] = _status_dict(outcome)
    if status["status"] == "RJCT":
        raise Refused(status["code"], status["reason"], status["text"])
    return status


def _status_dict(outcome: Outcome) -> list[dict[str, Any]]:
    return [
        {
            "payment_id": s.payment_id,
            "status": s.code,
            "reason": s.reason,
            "code": s.refusal_code,
            "text": s.text,
            "place": s.place,
            "reference": s.record.record if isinstance(s.record, Refusal) else "",
        }
        for s in outcome.statuses
    ]


__all__ = ["Configuration", "FinancialCore", "Refused", "Result"]
