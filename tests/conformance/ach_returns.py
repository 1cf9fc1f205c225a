"""Are ACH returns matched with the entries that they give back, among very many, and how fast?

    python tests/conformance/ach_returns.py [--entries 1000000] [--returns 10000] [--seed 1] [--json]

Entries are originated through the engine on a SQLite database: payments that leave in NACHA files, on three days, with
banks, amounts and ids that repeat. Then returns come in as files, built from lines of those that left: most with the right
trace number, one in ten with a wrong one, and one in a hundred of entries that never were. Right is a return that gives
back the very payment it was built from, or waits where it was built from none. Printed: the share of those that were
matched, of those that were matched wrongly, and how long one match took. Exit 1 below 99.9 in a hundred, above none
wrong, or when the slowest one in a hundred takes 5 ms or more.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from gateway.compile import account_operations, compile_snapshot  # noqa: E402  # the path comes first
from gateway.config.load import parse  # noqa: E402
from gateway.conversations.ach_originals import AchOriginals  # noqa: E402
from gateway.conversations.finding import Found  # noqa: E402
from gateway.engine import Engine  # noqa: E402
from gateway.entries import identity  # noqa: E402
from gateway.formats.ach import builders  # noqa: E402
from gateway.formats.ach.batches import Item, RawFile, file_header, grouped, put_together, taken_apart  # noqa: E402
from gateway.formats.ach.codes import routing_check_digit  # noqa: E402
from gateway.model import Account, Agent, Money, Party, Payment, Refusal  # noqa: E402
from gateway.ports import Decoded, Delivery, Inbound  # noqa: E402
from gateway.store import open_store  # noqa: E402
from gateway.telemetry.metrics import Metrics  # noqa: E402

OURS = "091000019"
MONDAY_NS = 1_795_428_000_000_000_000  # 23 November 2026, 10:00 UTC
DAY_NS = 86_400_000_000_000
DAYS = ("2026-11-23", "2026-11-24", "2026-11-25")
AT_ONCE = 1_000
SHARE_MIN, P99_MAX_MS = 0.999, 5.0
CODES = ("R01", "R02", "R03", "R08", "R16", "R20", "R23")
ROUTES = """
version: 1
store: "sqlite::memory:"
gateway: {bic: FINODEHHXXX, routing_number: "091000019"}
endpoints:
  fed: {adapter: folder, format: ach, path: var/fed}
  customers: {adapter: folder, format: json, path: var/customers}
accounts:
  open:
    - {id: FED, currency: USD, floor: none}
    - {id: CLIENT, currency: USD, floor: none}
routes:
  - name: out
    when: {endpoint: customers}
    settle: {debit: CLIENT, credit: FED}
    send: {to: fed, as: ACH, per_message: 1000}
  - {name: default, refuse: {reason: AG01, because: no route takes it}}
"""


@dataclass
class Result:
    """What came of it."""

    matched: int = 0
    wrong: int = 0  # matched with another payment, or with one where there is none
    missed: int = 0
    strangers: int = 0  # of no payment, and held as they should be
    times_ns: list[int] = field(default_factory=list)

    @property
    def share(self) -> float:
        return self.matched / max(self.matched + self.missed + self.wrong, 1)

    def quantile_ms(self, share: float) -> float:
        times = sorted(self.times_ns)
        return times[min(int(len(times) * share), len(times) - 1)] / 1e6 if times else 0.0

    def told(self) -> dict[str, Any]:
        return {
            "matched": self.matched,
            "wrong": self.wrong,
            "missed": self.missed,
            "strangers_held": self.strangers,
            "matched_percent": round(100 * self.share, 3),
            "match_p50_ms": round(self.quantile_ms(0.5), 3),
            "match_p99_ms": round(self.quantile_ms(0.99), 3),
        }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--returns", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result = run(options.entries, options.returns, options.seed)
    told = {"entries": options.entries, "returns": options.returns, **result.told()}
    print(json.dumps(told) if options.json else "\n".join(f"{name:16} {value}" for name, value in told.items()))
    return 0 if result.share >= SHARE_MIN and not result.wrong and result.quantile_ms(0.99) < P99_MAX_MS else 1


def run(entries: int, returns: int, seed: int) -> Result:
    """Originate, give back, compare."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_run(Path(folder), entries, returns, Random(seed)))


async def _run(folder: Path, entries: int, returns: int, random: Random) -> Result:
    config = parse(ROUTES, "returns", {})
    now_ns = [MONDAY_NS]
    engine = Engine(
        open_store(f"sqlite:{folder / 'returns.db'}"), compile_snapshot(config, 1), lambda: now_ns[0], Metrics()
    )
    await engine.open()
    await engine.open_accounts(account_operations(config.accounts.open))
    chosen = await _originate(engine, now_ns, entries, returns, random)
    result = Result()
    restore = _timed(result)
    try:
        await _give_back(engine, now_ns, chosen, result, random)
    finally:
        restore()
        await engine.store.close()
    return result


def _timed(result: Result) -> Any:
    """Measure every match; what is called puts back what was there."""
    inner = AchOriginals.one

    def one(self: AchOriginals, record: Payment, source: Any) -> Found | Refusal:
        began = time.perf_counter_ns()
        found = inner(self, record, source)
        result.times_ns.append(time.perf_counter_ns() - began)
        return found

    AchOriginals.one = one  # type: ignore[method-assign]

    def restore() -> None:
        AchOriginals.one = inner  # type: ignore[method-assign]

    return restore


# --- what goes out --------------------------------------------------------------------------------


async def _originate(
    engine: Engine, now_ns: list[int], entries: int, returns: int, random: Random
) -> list[tuple[int, Item]]:
    """Entries that leave; some of them, each with the payment that it is."""
    banks = [_bank(random) for _ in range(400)]
    left: list[Delivery] = []
    engine.on_outbox = left.extend
    chosen: list[tuple[int, Item]] = []
    batches = -(-entries // AT_ONCE)
    for number in range(batches):
        now_ns[0] = MONDAY_NS + number * len(DAYS) // batches * DAY_NS
        count = min(AT_ONCE, entries - number * AT_ONCE)
        day = DAYS[number * len(DAYS) // batches]
        payments = [_payment(number * AT_ONCE + n, banks, day, random) for n in range(count)]
        decoded = Decoded("json", "transfer", f"M{number}", "", payments)
        [outcome] = await engine.run(
            [Inbound("customers", now_ns[0], b"", f"{number}.json", decoded=decoded, digest=str(number).encode())]
        )
        ids = [status.payment_id for status in outcome.statuses]
        assert all(status.code == "ACSC" for status in outcome.statuses), outcome.statuses[0].text
        wanted = (number + 1) * returns // batches - number * returns // batches
        items = [item for file in left if file.endpoint == "fed" for item in taken_apart(file.data).items]
        by_trace = {int(item.entry[87:94]): item for item in items}
        chosen += [(id, by_trace[id]) for id in random.sample(ids, min(wanted, len(ids)))]
        left.clear()
    return chosen


def _bank(random: Random) -> Agent:
    eight = f"{random.choice((3, 7, 11, 12, 26)):02d}{random.randrange(10**6):06d}"
    return Agent(clearing_system="USABA", clearing_member=eight + routing_check_digit(eight))


def _payment(number: int, banks: list[Agent], day: str, random: Random) -> Payment:
    """Amounts and banks repeat; the same person is paid the same on several days, by several companies."""
    person = random.randrange(200_000)
    return Payment(
        "credit_transfer",
        Money("USD", 100_00 + 50_00 * (person % 200)),
        end_to_end_id=f"P{person}" if person % 50 else "",
        settlement_date=day,
        debtor=Party(f"COMPANY {number // 250}"),
        debtor_account=Account("CLIENT"),
        debtor_agent=Agent(clearing_system="USABA", clearing_member=OURS),
        creditor=Party(f"PERSON {person}"),
        creditor_account=Account(f"{number:010d}", type="checking"),
        creditor_agent=banks[person % len(banks)],
    )


# --- what comes back ------------------------------------------------------------------------------


async def _give_back(
    engine: Engine, now_ns: list[int], chosen: list[tuple[int, Item]], result: Result, random: Random
) -> None:
    """Files of returns, and whether each gave back what it was built from."""
    random.shuffle(chosen)
    for start in range(0, len(chosen), AT_ONCE):
        some = chosen[start : start + AT_ONCE]
        made = [_returned(item, place, random) for place, (_, item) in enumerate(some, 1)]
        header = file_header(OURS, OURS, ("", ""), now_ns[0] + start * 60_000_000_000, "A")
        items = [item for _, item in made]
        by_trace = {item.entry[79:94]: (id, kind) for (id, _), (kind, item) in zip(some, made, strict=True)}
        data = put_together(RawFile(header, grouped(items)))
        [outcome] = await engine.run([Inbound("fed", now_ns[0], data, f"returns-{start}.ach")])
        assert not outcome.refusals, outcome.refusals[0].text
        for status in outcome.statuses:
            assert isinstance(status.record, Payment)
            id, kind = by_trace[status.record.transaction_id]
            _judge(engine, id, kind, status.payment_id, status.code, result)


def _judge(engine: Engine, id: int, kind: str, said: int, code: str, result: Result) -> None:
    about = engine.state.references.find(_about(said))
    if kind == "stranger":
        result.strangers += code == "PDNG" and not about
        result.wrong += bool(about)
    elif about == id and code == "ACSC":
        result.matched += 1
    elif about and about != id:
        result.wrong += 1
    else:
        result.missed += 1


def _about(said: int) -> int:
    """The name under which a record is linked to the payment that it is about."""
    return identity("", f"about/{said}")


def _returned(item: Item, place: int, random: Random) -> tuple[str, Item]:
    """A return: as it should be, with a wrong trace number of the original, or of no entry of ours."""
    made = builders.returned(item, random.choice(CODES), f"{item.entry[3:12]}", place)
    drawn = random.random()
    if drawn >= 0.11:
        return "right", made
    addenda = made.lines[-1]
    wrong = f"{OURS[:8]}{random.randrange(1, 9_999_999):07d}" if drawn < 0.06 else f"{random.randrange(10**14, 10**15)}"
    lines = [made.entry, f"{addenda[:6]}{wrong}{addenda[21:]}"]
    if drawn >= 0.01:
        return "wrong trace", Item(made.header, lines)
    entry = f"{made.entry[:39]}{'NOBODY':15}{made.entry[54:]}"
    return "stranger", Item(made.header, [entry, *lines[1:]])


if __name__ == "__main__":
    sys.exit(main())
