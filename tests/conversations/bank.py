"""A small bank: the engine on a store, a correspondent and a clearing system that speak to it, a clock by hand.

Messages walk the whole way (prepare, apply, commit) and come from files, as from a folder; what leaves through the
outbox is collected by endpoint and read again. `restart` builds the engine from what is durable.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from uuid import UUID

from gateway import formats
from gateway.compile import account_operations, compile_snapshot
from gateway.config.load import parse
from gateway.engine import Engine
from gateway.formats.iso20022 import FORMAT as ISO
from gateway.formats.iso20022.layout import stamp
from gateway.model import Agent, Case, Money, Operation, Original, Payment, Reason, Record, Refusal, Report
from gateway.ports import Decoded, Inbound, Outcome, Store, Writing
from gateway.telemetry.metrics import Metrics
from tests import samples
from tests.fakes.store import Disk, MemoryStore

EPOCH_NS = 1_795_428_000_000_000_000  # 2026-11-23 10:00 UTC, a Monday
SECOND_NS = 1_000_000_000
DAY_S = 86_400
US, THEM, CSM = "FINODEHHXXX", "HARBUS33XXX", "CLEADEFFXXX"

ROUTES = """
version: 1
store: "sqlite::memory:"
gateway: {bic: FINODEHHXXX}
endpoints:
  correspondent: {adapter: folder, format: iso20022, path: var/correspondent}
  fin: {adapter: folder, format: mt, path: var/fin}
  csm: {adapter: folder, format: iso20022, path: var/csm}
  other: {adapter: folder, format: iso20022, path: var/other}
  events: {adapter: folder, format: json, path: var/events}
accounts:
  open:
    - {id: NOSTRO, currency: EUR, floor: none}
    - {id: CSM, currency: EUR, floor: none}
    - {id: COVERS, currency: EUR, floor: none}
    - {id: BREEZE, currency: EUR}
    - {id: HARBOUR, currency: EUR, balance: 1000, from: NOSTRO}
ROUTES_HERE
"""
# What comes in from the correspondent ends here or goes on to the clearing system, as the creditor's agent says.
PLAIN = """
routes:
  - name: onward
    when: {creditor_agent: CLEADEFF, kind: credit_transfer}
    settle: {debit: NOSTRO, credit: CSM}
    send: {to: csm, as: pacs.008.001.08}
    recall: {do: forward}
  - name: here
    when: {kind: credit_transfer}
    settle: {debit: NOSTRO, credit: creditor}
  - {name: default, refuse: {reason: AG01, because: no route takes it}}
"""

PARTIES = samples.pacs008(1, "BREEZE", currency="EUR")

Sent = dict[str, list[Record | Refusal]]


def uetr(n: int) -> str:
    return str(UUID(int=(7 << 96) | (4 << 76) | (8 << 60) | n))


class Bank:
    """One engine and everybody who speaks to it."""

    def __init__(
        self, routes: str = PLAIN, store: Callable[[Disk], Store] = MemoryStore, more: str = "", base: str = ROUTES
    ) -> None:
        self.runner = asyncio.Runner()
        self._store = store
        self.config = parse(base.replace("ROUTES_HERE", more + routes), "bank", {})
        self.snapshot = compile_snapshot(self.config, 1)
        self.disk = Disk()
        self.now_ns = EPOCH_NS
        self.number = 0
        self._taken = 0
        self.start()

    def start(self) -> None:
        """An engine on what is durable."""

        async def begin() -> Engine:
            engine = Engine(self._store(self.disk), self.snapshot, lambda: self.now_ns, Metrics())
            await engine.open()
            await engine.open_accounts(account_operations(self.config.accounts.open))
            return engine

        self.engine = self.runner.run(begin())

    def restart(self) -> None:
        """Only what is durable is left."""
        self.runner.run(self.engine.store.close())
        self.start()

    def close(self) -> None:
        """Let go of the store; a real one has a thread of its own."""
        self.runner.run(self.engine.store.close())

    def wait(self, seconds: float) -> None:
        self.now_ns += int(seconds * SECOND_NS)

    # -- what comes in

    def say(self, record: Record, type: str, endpoint: str = "correspondent") -> Outcome:
        """A message with one record, written by the codec that reads it."""
        self.number += 1
        writing = Writing(f"IN{self.number:08d}", self.now_ns, THEM, US)
        fit = ISO.fit(record, type)  # type: ignore[arg-type]
        assert fit.refusal is None, fit.refusal
        data = ISO.encode([record], type, writing).data  # type: ignore[list-item]
        return self.put(data, endpoint)

    def put(self, data: bytes, endpoint: str) -> Outcome:
        [outcome] = self.run([Inbound(endpoint, self.now_ns, data, f"{self.number}.xml")])
        return outcome

    def run(self, messages: list[Inbound]) -> list[Outcome]:
        return self.runner.run(self.engine.run(messages))

    def operate(self, kind: str, id: int, because: str = "looked at", reason: str = "", text: str = "") -> Outcome:
        operation = Operation(kind, str(id), by="Ana", because=because, reason=reason, text=text)
        decoded = Decoded("json", "operation", records=(operation,))
        return self.run([Inbound("control", self.now_ns, b"", decoded=decoded)])[0]

    def tick(self) -> int:
        """Let the engine see the time; how many ticks it asked for."""

        async def pass_time() -> int:
            self.engine.tick()
            arrivals = self.engine._take()
            for arrival in arrivals:
                await self.engine._carry([arrival])
            return len(arrivals)

        return self.runner.run(pass_time())

    # -- what comes in, in short

    def pay(self, n: int = 1, cents: int = 10_000, onward: bool = False, **more: object) -> int:
        """A customer transfer from the correspondent; its payment number."""
        outcome = self.say(transfer(n, cents, onward, **more), "pacs.008.001.08")
        return outcome.statuses[0].payment_id

    def recall(self, n: int = 1, endpoint: str = "correspondent", reason: str = "DUPL", **about: object) -> Outcome:
        case = Case(
            "cancellation_request",
            original(n, **about),
            id=f"CASE{n}",
            cancellation_id=f"CXL{n}-{self.number}",
            creator=Agent(bic=THEM),
            assigner=Agent(bic=THEM),
            assignee=Agent(bic=US),
            assignment_id=f"ASG{self.number}",
            created=stamp(self.now_ns),
            reasons=(Reason(reason),),
        )
        return self.say(case, "camt.056.001.08", endpoint)

    def resolve(self, n: int = 1, word: str = "RJCR", reason: str = "LEGL", endpoint: str = "csm") -> Outcome:
        case = Case(
            "resolution",
            original(n),
            id=f"CASE{n}",
            cancellation_id=f"STS{self.number}",
            creator=Agent(bic=US),
            assigner=Agent(bic=CSM),
            assignee=Agent(bic=US),
            assignment_id=f"ANS{self.number}",
            created=stamp(self.now_ns),
            status=word,
            transaction_status={"CNCL": "ACCR"}.get(word, word),
            reasons=(Reason(reason),) if word == "RJCR" else (),
        )
        return self.say(case, "camt.029.001.09", endpoint)

    def give_back(
        self,
        n: int = 1,
        cents: int = 10_000,
        endpoint: str = "csm",
        kind: str = "return",
        currency: str = "EUR",
        reason: str = "AC04",
        **about: object,
    ) -> Outcome:
        record = Payment(
            kind,
            Money(currency, cents),
            transaction_id=f"BACK{self.number}",
            settlement_date=stamp(self.now_ns)[:10],
            settlement_method="CLRG",
            instructing_agent=Agent(bic=CSM),
            original=original(n, **about),
            reasons=(Reason(reason),),
        )
        return self.say(record, "pacs.004.001.09" if kind == "return" else "pacs.007.001.09", endpoint)

    def report(self, n: int = 1, status: str = "RJCT", endpoint: str = "csm", reason: str = "AC04") -> Outcome:
        about = Original(end_to_end_id=f"E{n}", uetr=uetr(n))
        reasons = (Reason(reason),) if status == "RJCT" else ()
        return self.say(Report(status, about, id=f"S{self.number}", reasons=reasons), "pacs.002.001.10", endpoint)

    def ask(self, n: int = 1, endpoint: str = "correspondent") -> Outcome:
        case = Case("status_request", original(n, amount=None, settlement_date=""), id=f"ASK{self.number}")
        return self.say(case, "pacs.028.001.03", endpoint)

    # -- what goes out, and what is left

    def sent(self) -> Sent:
        """What left since this was last asked, read again, by endpoint. Plain answers are left out."""
        items = [item for id, item in sorted(self.disk.outbox.items()) if id > self._taken]
        self._taken = max(self.disk.outbox, default=0)
        found: Sent = {}
        for item in items:
            if item.type.startswith("ACH"):
                continue
            decoded = formats.load("mt" if item.type.startswith(("FIN", "MT")) else "iso20022").decode(item.data)
            assert not decoded.refusals, decoded.refusals
            found.setdefault(item.endpoint, []).extend(decoded.records)
        return found

    def told(self, kind: str, endpoint: str = "correspondent") -> list[Record | Refusal]:
        """Records of one kind that an endpoint was sent since this was last asked."""
        found = [record for record in self.sent().get(endpoint, []) if getattr(record, "kind", "") == kind]
        return [record for record in found if not isinstance(record, Report) or record.level == "transaction"]

    def status(self, id: int) -> str:
        row = self.engine.store.payment(id)
        assert row is not None
        return row.status

    def balance(self, account: str) -> int:
        return self.engine.state.ledger.rows(account)[0].balance_minor

    def story(self, id: int) -> dict[str, object]:
        found = self.runner.run(self.engine.store.payment_story(id))
        assert found is not None
        return found


def transfer(n: int, cents: int = 10_000, onward: bool = False, **more: object) -> Payment:
    agent = CSM if onward else US
    fields: dict[str, object] = {
        "instruction_id": f"I{n}",
        "end_to_end_id": f"E{n}",
        "transaction_id": f"T{n}",
        "uetr": uetr(n),
        "settlement_date": "2026-11-23",
        "charge_bearer": "SLEV",
        "settlement_method": "INDA",
        "instructing_agent": Agent(bic=THEM),
        "instructed_agent": Agent(bic=US),
        "debtor_agent": Agent(bic=THEM),
        "creditor_agent": Agent(bic=agent),
        **more,
    }
    parties = ISO.decode(PARTIES).records[0]
    assert isinstance(parties, Payment)
    named = {name: getattr(parties, name) for name in ("debtor", "creditor", "debtor_account", "creditor_account")}
    return Payment("credit_transfer", Money("EUR", cents), **{**named, **fields})  # type: ignore[arg-type]


def original(n: int, **about: object) -> Original:
    fields: dict[str, object] = {
        "end_to_end_id": f"E{n}",
        "transaction_id": f"T{n}",
        "uetr": uetr(n),
        "amount": Money("EUR", 10_000),
        "settlement_date": "2026-11-23",
        **about,
    }
    return Original(**fields)  # type: ignore[arg-type]
