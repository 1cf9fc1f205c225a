"""Reading routes.yaml and matching records against it.

    python bench/routing.py [--json]

Prints how long a record takes through a table of 500 routes, against reading the conditions one by one, and how long
a file of 3,000 lines takes to load, against PyYAML's safe_load of the same text. Medians; ratios are the point.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.figures import Figure, options, show
from gateway.config.load import parse
from gateway.model import Account, Agent, Money, Party, Payment
from gateway.routing.explain import judge
from gateway.routing.route import Amount, Refuse, Route, When
from gateway.routing.table import Table
from tests.config.known import World

ROUTES = 500
RECORDS = 2_000
ROUNDS = 7
CURRENCIES = ("EUR", "USD", "GBP", "CHF", "JPY", "SEK")
SCHEMES = ("sepa_ct", "swift", "ach", "internal")


def _when(rng: random.Random, place: int) -> When:
    """Two to seven conditions, as a bank with many correspondents has them."""
    return When(
        scheme=(rng.choice(SCHEMES),),
        currency=tuple(rng.sample(CURRENCIES, 2)) if rng.random() < 0.8 else (),
        creditor_agent=(f"B{place:03d}DE",) if rng.random() < 0.5 else (),
        creditor_account=(f"DE{place % 90 + 10}*",) if rng.random() < 0.3 else (),
        amount=Amount(lte=Decimal(rng.randrange(1, 100_000))) if rng.random() < 0.5 else None,
        endpoint=(f"bank_{place % 20}",) if rng.random() < 0.3 else (),
        debtor_country=(rng.choice(("DE", "FR", "US")),) if rng.random() < 0.2 else (),
    )


def _payment(rng: random.Random) -> Payment:
    return Payment(
        "credit_transfer",
        Money(rng.choice(CURRENCIES), rng.randrange(1, 10**8)),
        scheme=rng.choice(SCHEMES),
        debtor=Party("Debtor", country_of_residence="DE"),
        debtor_account=Account("DE23999900000000000101", "IBAN"),
        creditor_account=Account(f"DE{rng.randrange(10, 100)}9999{rng.randrange(10**9):014d}", "IBAN"),
        creditor_agent=Agent(f"B{rng.randrange(ROUTES):03d}DEFF"),
    )


def _median_s(work: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def matching() -> tuple[float, float]:
    """Microseconds per record: by the table, and by reading the conditions of one route after the other."""
    rng = random.Random(1)
    refuse = Refuse("AG01", "no")
    routes = [Route(f"r{place}", _when(rng, place), refuse=refuse) for place in range(ROUTES - 1)]
    routes.append(Route("default", refuse=refuse))
    table, payments = Table(routes), [_payment(rng) for _ in range(RECORDS)]
    few = payments[:20]

    def compiled() -> None:
        for payment in payments:
            table.match(payment, "bank_3", "pacs.008.001.08", "")

    def one_by_one() -> None:
        for payment in few:
            next(route for route in routes if judge(route, payment, "bank_3", "pacs.008.001.08", "").matched)

    return _median_s(compiled) / RECORDS * 1e6, _median_s(one_by_one) / len(few) * 1e6


def long_file(lines: int) -> str:
    """A configuration of so many lines, six to a route."""
    head = "version: 1\nstore: sqlite:x.db\nendpoints:\n  csm: {adapter: folder, format: iso20022, path: csm}\n"
    head += "accounts: {open: [{id: CSM-EUR, currency: EUR, floor: none}]}\n"
    head += "policies: {retail: {limits: {EUR: 1_000}}}\n"
    routes = "".join(
        f"  - name: route-{place}\n"
        f"    when: {{scheme: [sepa_ct, sepa_inst], currency: EUR, creditor_agent: B{place:04d}, amount: {{lt: 5}}}}\n"
        "    check: retail\n"
        "    settle: {debit: debtor, credit: CSM-EUR}\n"
        "    send: {to: csm, as: pacs.008.001.08}\n"
        "    reply: pain.002.001.10\n"
        for place in range((lines - head.count("\n") - 2) // 6)
    )
    return f"{head}routes:\n{routes}  - {{name: default, refuse: {{reason: AG01, because: no route takes it}}}}\n"


def loading() -> tuple[float, float]:
    """Milliseconds: to load 3,000 lines, and for PyYAML to make plain values of them."""
    text, world = long_file(3_000), World()
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return (
        _median_s(lambda: parse(text, "routes.yaml", {}, None, world)) * 1e3,
        _median_s(lambda: yaml.load(text, loader)) * 1e3,  # a safe loader, in C where there is one
    )


def main() -> int:
    chosen = options(__doc__ or "")
    compiled, one_by_one = matching()
    show(Figure("routing.match_500_routes", compiled, "us", 2.0, True, one_by_one, "one by one"), chosen.json)
    ours, values = loading()
    show(Figure("config.load_3000_lines", ours, "ms", 150.0, True, values, "yaml.load"), chosen.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
