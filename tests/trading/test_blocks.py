"""Allocations: the whole block, to accounts that exist, once."""

from __future__ import annotations

import pytest

from tests.trading.floor import AT_ONCE, BY_VENUE, STAMP, Fields, Floor

FUNDS = "\n".join(
    f"    - {{id: {name}, currency: {currency}, balance: 5000, from: EQUITY}}"
    for name in ("F1", "F2", "F3")
    for currency in ("EUR", "USD")
)
HEAD = "70={id}|71={kind}|54={side}|55=EUR/USD|75=20260921|60=20260921-14:13:20|"


def floor(routes: str = AT_ONCE) -> Floor:
    return Floor(routes, accounts=FUNDS)


def allocate(
    floor: Floor, id: str, shares: dict[str, str], orders: str = "A", kind: str = "0", more: str = ""
) -> list[Fields]:
    names = orders.split()
    body = HEAD.format(id=id, kind=kind, side="1") + more
    body += f"73={len(names)}|" + "".join(f"11={name}|" for name in names) if names else ""
    body += f"78={len(shares)}|" + "".join(f"79={name}|80={quantity}|" for name, quantity in shares.items())
    return floor.answers("J", body)


def of(floor: Floor, *names: str) -> list[tuple[int, int]]:
    """Euros and dollars of the funds, in cents, beyond what they started with."""
    return [tuple(floor.balance(name, c) - 500_000 for c in ("EUR", "USD")) for name in names]  # type: ignore[misc]


@pytest.mark.parametrize(("side", "sign"), [("1", 1), ("2", -1)])
def test_a_block_is_divided_to_the_cent(side: str, sign: int) -> None:
    it = floor()
    it.order("A", side, "1000", "1.10001")
    told = allocate(it, "J1", {"F1": "333.33", "F2": "333.33", "F3": "333.34"})
    assert [(one["35"], one["70"], one["87"]) for one in told] == [("P", "J1", "0"), ("AS", "J1", "0")]
    assert it.position() == (0, 0)
    found = of(it, "F1", "F2", "F3")
    assert [sign * euros for euros, _ in found] == [33_333, 33_333, 33_334]
    assert sum(sign * dollars for _, dollars in found) == -110_001


def test_orders_of_one_block() -> None:
    it = floor()
    it.order("A", "1", "600", "1.1")
    it.order("B", "1", "400", "1.2")
    assert allocate(it, "J1", {"F1": "1000"}, "A B")[0]["87"] == "0"
    assert of(it, "F1") == [(100_000, -114_000)]


@pytest.mark.parametrize(
    ("shares", "orders", "more", "code"),
    [
        ({"F1": "999.99"}, "A", "", "1"),
        ({"F1": "1000.01"}, "A", "", "1"),
        ({"F1": "1000"}, "A", "53=999|", "1"),
        ({"F1": "1000"}, "X", "", "1"),
        ({"F1": "1000"}, "A A", "", "1"),
        ({"F1": "1000"}, "", "", "1"),
        ({"F1": "1000", "F2": "0"}, "A", "", "2"),
        ({"F1": "x"}, "A", "", "1"),
        ({"NOBODY": "1000"}, "A", "", "0"),
        ({}, "A", "", "2"),
    ],
)
def test_what_is_no_division(shares: dict[str, str], orders: str, more: str, code: str) -> None:
    it = floor()
    it.order("A")
    [told] = allocate(it, "J1", shares, orders, more=more)
    assert (told["35"], told["87"], told["88"]) == ("P", "1", code)
    assert it.position() == (1000, -1100)
    assert allocate(it, "J1", {"F1": "1000"})[0]["87"] == "0", "a refused AllocID may be used again"


def test_a_block_is_divided_once() -> None:
    it = floor()
    it.order("A")
    allocate(it, "J1", {"F1": "1000"})
    it.restart()
    for id in ("J1", "J2"):
        assert allocate(it, id, {"F2": "1000"})[0]["87"] == "1"
    assert of(it, "F1", "F2") == [(100_000, -110_000), (0, 0)]


def test_an_account_that_cannot_pay_stops_all() -> None:
    it = floor()
    it.order("A", quantity="100000")
    assert allocate(it, "J1", {"F1": "99000", "F2": "1000"})[0]["87"] == "1"
    assert of(it, "F1", "F2") == [(0, 0), (0, 0)]


def test_cancel_replace_and_affirmation() -> None:
    it = floor()
    it.order("A")
    allocate(it, "J1", {"F1": "1000"})
    assert allocate(it, "J2", {"F2": "400", "F1": "600"}, kind="1", more="72=J1|")[0]["87"] == "0"
    assert of(it, "F1", "F2") == [(60_000, -66_000), (40_000, -44_000)]
    it.restart()
    assert allocate(it, "J3", {}, "A", "2", "72=J1|")[0]["87"] == "1", "J1 was replaced"
    assert [one["71"] for one in allocate(it, "J4", {}, "A", "2", "72=J2|") if one["35"] == "AS"] == ["2"]
    assert of(it, "F1", "F2") == [(0, 0), (0, 0)]
    assert it.position() == (1000, -1100)
    allocate(it, "J5", {"F3": "1000"})
    assert it.answers("AT", "755=A1|70=J5|87=0|") == []
    assert allocate(it, "J6", {}, "A", "2", "72=J5|")[0]["87"] == "1", "what was affirmed stays"
    assert it.answer("AT", "755=A1|70=XX|87=0|")["35"] == "j"


def test_a_block_that_a_venue_filled() -> None:
    it = floor(BY_VENUE)
    it.order("A")
    [placed] = it.sent("VENUE")
    assert allocate(it, "J0", {"F1": "1000"})[0]["87"] == "1", "it is not filled yet"
    for id, quantity, price in (("E1", "300", "1.09"), ("E2", "700", "1.08")):
        it.venue(
            "8", f"37=V|11={placed['11']}|17={id}|150=F|39=1|55=EUR/USD|54=1|151=0|14=0|6=0|32={quantity}|31={price}|"
        )
    assert allocate(it, "J1", {"F1": "500", "F2": "500"})[0]["87"] == "0"
    assert of(it, "F1", "F2") == [(50_000, -54_150), (50_000, -54_150)]
    it.venue("8", f"37=V|11={placed['11']}|17=E3|150=H|39=1|19=E2|55=EUR/USD|54=1|151=0|14=0|6=0|")
    assert len(it.engine.state.held) == 1, "a bust of an allocated order waits for people"


def test_an_allocated_order_is_resent() -> None:
    it = floor()
    first = it.order("A")
    allocate(it, "J1", {"F1": "1000"})
    again = it.answer("D", f"11=A|21=1|38=1000|40=2|44=1.1|54=1|55=EUR/USD|60={STAMP}|", head="97=Y|")
    assert (again["17"], again["39"]) == (first["17"], "2")
    assert it.answer("H", "11=A|55=EUR/USD|54=1|")["39"] == "2"
