"""A trading floor: the engine on a store in memory, clients and a venue that speak FIX to it, and a clock by hand.

Messages walk the whole way (prepare, apply, commit); what the gateway sends through the outbox is collected per
session. `restart` throws the engine away and builds it again from what is durable.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from gateway.compile import account_operations, compile_snapshot
from gateway.config.load import parse
from gateway.engine import Engine
from gateway.formats.fix import dictionary
from gateway.formats.fix import message as fix_message
from gateway.formats.fix.validate import Rules
from gateway.model import Operation
from gateway.ports import Decoded, Inbound, Outcome, Store
from gateway.telemetry.metrics import Metrics
from tests.fakes.store import Disk, MemoryStore
from tests.formats.fix.peer import framed

EPOCH_NS = 1_790_000_000_000_000_000
SECOND_NS = 1_000_000_000
STAMP = "20260921-14:13:20"

ROUTES = """
version: 1
store: "sqlite::memory:"
endpoints:
  clients: {{adapter: fix, format: fix, listen: 127.0.0.1:9878, sessions: [{{target: CLIENT1}}, {{target: CLIENT2}}]}}
  venue: {{adapter: fix, format: fix, listen: 127.0.0.1:9879, sessions: [{{target: VENUE}}]}}
{top}
accounts:
  open:
    - {{id: EQUITY, currency: EUR, floor: none}}
    - {{id: EQUITY, currency: USD, floor: none}}
    - {{id: HOUSE-EUR, currency: EUR, floor: none}}
    - {{id: HOUSE-USD, currency: USD, floor: none}}
    - {{id: CLIENT1-EUR, currency: EUR, balance: 1_000_000, from: EQUITY}}
    - {{id: CLIENT1-USD, currency: USD, balance: 1_000_000, from: EQUITY}}
    - {{id: CLIENT2-EUR, currency: EUR, balance: 1_000, from: EQUITY}}
    - {{id: CLIENT2-USD, currency: USD, balance: 1_000, from: EQUITY}}
{accounts}
routes:
{routes}
  - {{name: default, refuse: {{reason: AG01, because: no route takes it}}}}
"""
AT_ONCE = '  - {name: fx, when: {kind: order}, settle: {client: "{session}-{currency}", principal: "HOUSE-{currency}"}}'
BY_VENUE = (
    '  - {name: fx, when: {kind: order}, settle: {client: "{session}-{currency}", principal: "HOUSE-{currency}"},'
    " send: {to: venue, as: FIX.4.4/D}}"
)

Fields = dict[str, str]
RULES = Rules(dictionary.load("FIX44"))


def fields_of(data: bytes) -> Fields:
    """The fields of a body of FIX 4.4, which its dictionary must allow; of repeated tags the first."""
    head, _, rest = data.decode("latin-1").replace("\x01", "|").partition("|")
    message = fix_message.parse(framed(f"{head}|34=2|49=FINOS|52={STAMP}|56=CLIENT1|{rest}"))
    assert message is not None
    fault = RULES.fault(message)
    assert fault is None, f"{fault} in {rest}"
    found: Fields = {}
    for field in data.decode("latin-1").split("\x01"):
        if "=" in field:
            tag, _, value = field.partition("=")
            found.setdefault(tag, value)
    return found


class Floor:
    """One engine and everybody who trades with it."""

    def __init__(
        self, routes: str = AT_ONCE, top: str = "", accounts: str = "", store: Callable[[Disk], Store] = MemoryStore
    ) -> None:
        self.runner = asyncio.Runner()
        self._store = store
        self.config = parse(ROUTES.format(routes=routes, top=top, accounts=accounts), "floor", {})
        self.snapshot = compile_snapshot(self.config, 1)
        self.disk = Disk()
        self.now_ns = EPOCH_NS
        self.number = 1
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

    def wait(self, seconds: float) -> None:
        self.now_ns += int(seconds * SECOND_NS)

    # -- what comes in

    def say(self, type: str, body: str, session: str = "CLIENT1", endpoint: str = "clients", head: str = "") -> Outcome:
        """One message of a session; fields with `|` between them."""
        self.number += 1
        data = self.message(type, body, session, head)
        return self.run([Inbound(endpoint, self.now_ns, data, session=session, type="session")])[0]

    def message(
        self, type: str, body: str, session: str = "CLIENT1", head: str = "", version: str = "FIX.4.4"
    ) -> bytes:
        text = f"35={type}|34={self.number}|49={session}|52={STAMP}|56=FINOS|{head}{body}"
        return framed(text, version)

    def answers(self, type: str, body: str, session: str = "CLIENT1", head: str = "") -> list[Fields]:
        """What the sender is told at once."""
        return [fields_of(frame.data) for frame in self.say(type, body, session, head=head).answers]

    def answer(self, type: str, body: str, session: str = "CLIENT1", head: str = "") -> Fields:
        [found] = self.answers(type, body, session, head)
        return found

    def order(self, id: str, side: str = "1", quantity: str = "1000", price: str = "1.1", more: str = "") -> Fields:
        body = f"11={id}|21=1|38={quantity}|40=2|44={price}|54={side}|55=EUR/USD|60={STAMP}|{more}"
        return self.answer("D", body)

    def venue(self, type: str, body: str) -> Outcome:
        return self.say(type, body, "VENUE", "venue")

    def operate(self, operation: Operation) -> Outcome:
        decoded = Decoded("json", "operation", records=(operation,))
        return self.run([Inbound("control", self.now_ns, b"", decoded=decoded)])[0]

    def run(self, messages: list[Inbound]) -> list[Outcome]:
        return self.runner.run(self.engine.run(messages))

    # -- what goes out, and what is left

    def sent(self, session: str) -> list[Fields]:
        """What went to a session through the outbox since this was last asked for any."""
        items = [item for id, item in sorted(self.disk.outbox.items()) if id > self._taken]
        self._taken = max(self.disk.outbox, default=0)
        return [fields_of(item.data) for item in items if item.session == session]

    def balance(self, account: str, currency: str = "") -> int:
        currency = currency or account.rpartition("-")[2]
        return next(r.balance_minor for r in self.engine.state.ledger.rows(account) if r.currency == currency)

    def position(self, session: str = "CLIENT1") -> tuple[int, int]:
        """What a client gained in euros and dollars, in units."""
        start = 1_000_000 if session == "CLIENT1" else 1_000
        return tuple(self.balance(f"{session}-{c}") // 100 - start for c in ("EUR", "USD"))  # type: ignore[return-value]
