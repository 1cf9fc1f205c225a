"""Many orders at a venue through many lives: reports come in any order, again and again, between restarts."""

from __future__ import annotations

import contextlib
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from gateway.store import open_store
from tests.fakes.store import MemoryStore
from tests.trading.floor import BY_VENUE, STAMP, Floor

ORDERS, STEPS = 12, 160


class Crash(Exception):
    """The machine stops here."""


class Venue:
    """Fills, busts and corrects what it was sent; remembers what that comes to, and repeats itself."""

    def __init__(self, floor: Floor, random: Random) -> None:
        self.floor, self.random = floor, random
        self.open: dict[str, tuple[str, int]] = {}  # name -> side, quantity left
        self.fills: dict[str, tuple[str, str, int, int]] = {}  # ExecID -> name, side, quantity, cents
        self.said: list[str] = []
        self.number = 0

    def take(self) -> None:
        for order in self.floor.sent("VENUE"):
            if order["35"] == "D":
                self.open[order["11"]] = (order["54"], round(float(order["38"])))

    def say(self, name: str, type: str, more: str) -> None:
        self.number += 1
        body = f"37=V|11={name}|17=E{self.number}|150={type}|39=1|55=EUR/USD|54=1|151=1|14=0|6=0|{more}"
        self.said.append(body)
        self.deliver(body)

    def deliver(self, body: str) -> None:
        """Until it is taken: a crash before or after the commit looks the same from here."""
        while True:
            try:
                self.floor.venue("8", body)
            except Crash:
                self.floor.restart()
            else:
                return

    def fill(self) -> None:
        name = self.random.choice(sorted(self.open))
        side, left = self.open[name]
        quantity, cents = self.random.randint(1, left), self.random.randint(90, 120)
        self.say(name, "F", f"32={quantity}|31={cents / 100:.2f}|")
        self.fills[f"E{self.number}"] = (name, side, quantity, cents)
        self.open[name] = (side, left - quantity)
        if left == quantity:
            del self.open[name]

    def bust(self) -> None:
        """Only of orders that are still at work: a final one that comes back is tested by itself."""
        chosen = [id for id, fill in self.fills.items() if fill[0] in self.open]
        if not chosen:
            return
        id = self.random.choice(chosen)
        name, side, quantity, _ = self.fills.pop(id)
        if self.random.random() < 0.5:
            self.say(name, "H", f"19={id}|")
            self.open[name] = (side, self.open[name][1] + quantity)
        else:
            cents = self.random.randint(90, 120)
            self.say(name, "G", f"19={id}|32={quantity}|31={cents / 100:.2f}|")
            self.fills[f"E{self.number}"] = (name, side, quantity, cents)

    def expected(self) -> tuple[int, int]:
        euros = dollars = 0
        for _, side, quantity, cents in self.fills.values():
            sign = 1 if side == "1" else -1
            euros, dollars = euros + sign * quantity * 100, dollars - sign * quantity * cents
        return euros, dollars


@pytest.mark.parametrize("seed", range(8))
def test_every_fill_settles_once_through_all_lives(seed: int) -> None:
    random = Random(seed)

    weather = {"crashes": 0.0}

    def fault(when: str) -> None:
        if random.random() < weather["crashes"]:
            raise Crash(when)

    floor = Floor(BY_VENUE, store=lambda disk: MemoryStore(disk, fault))
    venue = Venue(floor, random)
    for n in range(ORDERS):
        floor.order(f"O{n}", random.choice("12"), str(random.randint(10, 1000)))
        venue.take()
    weather["crashes"] = 0.1
    for _ in range(STEPS):
        step = random.random()
        if step < 0.4 and venue.open:
            venue.fill()
        elif step < 0.55:
            venue.bust()
        elif step < 0.8 and venue.said:
            venue.deliver(random.choice(venue.said))
        elif step < 0.9:
            floor.restart()
        else:
            with contextlib.suppress(Crash):
                again = floor.answer("H", f"11=O{random.randrange(ORDERS)}|55=EUR/USD|54=1|60={STAMP}|")
                assert again["150"] == "I"
                continue
            floor.restart()
    euros, dollars = (floor.balance(f"CLIENT1-{c}") - 100_000_000 for c in ("EUR", "USD"))
    assert (euros, dollars) == venue.expected()
    totals: Counter[str] = Counter()
    for account in ("EQUITY", "HOUSE", "CLIENT1", "CLIENT2"):
        for currency in ("EUR", "USD"):
            name = account if account == "EQUITY" else f"{account}-{currency}"
            totals[currency] += floor.balance(name, currency)
    assert totals == {"EUR": 0, "USD": 0}
    assert len(floor.engine.state.book.working) == len(venue.open)
    moved = [(t.payment, t.debit, t.credit, t.minor) for t in floor.disk.transfers.values()]
    assert len(set(moved)) == len(moved), "no movement was made twice under one payment"
    assert floor.runner.run(floor.engine.store.verify()) == []


def test_a_real_store_agrees(tmp_path: Path) -> None:
    """The same lives on SQLite: what is open is found again, and the books are right."""
    path = tmp_path / "trading.db"
    floor = Floor(BY_VENUE, store=lambda disk: open_store(f"sqlite:{path}"))
    floor.order("A")
    name = "FO9"
    body = f"37=V|11={name}|39=1|55=EUR/USD|54=1|151=1|14=0|6=0|"
    for more in ("17=E1|150=F|32=400|31=1.09|", "17=E2|150=F|32=100|31=1.10|", "17=E3|150=H|19=E1|"):
        floor.venue("8", body + more)
        floor.restart()
        floor.venue("8", body + more)
    assert floor.position() == (100, -110)
    floor.answer("F", f"11=B|41=A|55=EUR/USD|54=1|60={STAMP}|")
    floor.restart()
    assert floor.engine.state.book.actions == {max(floor.engine.state.book.actions): 9}
    floor.venue("8", body.replace(name, f"FO{max(floor.engine.state.book.actions)}") + f"17=E4|150=4|41={name}|")
    floor.restart()
    assert not floor.engine.state.book.working
    assert not floor.engine.state.book.actions
    assert floor.runner.run(floor.engine.store.verify()) == []
    floor.runner.run(floor.engine.store.close())
