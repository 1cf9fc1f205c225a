"""Payments that have settled here and wait until their payment system takes them."""

from __future__ import annotations

import pytest
from msgspec import structs

from tests.conversations.bank import EPOCH_NS, PLAIN, Bank

HOUR = 3_600
CLOSED = 8 * HOUR  # 19:00 in Frankfurt
T2 = PLAIN.replace("as: pacs.008.001.08}", "as: pacs.008.001.08, hours: t2, per_message: 10}")
GATHERED = PLAIN.replace("as: pacs.008.001.08}", "as: pacs.008.001.08, hours: noon, per_message: 2}")
NOON = """
hours:
  noon: {calendar: T2, zone: UTC, deadlines: [{at: "12:00"}], most: 150, otherwise: t2}
"""


@pytest.fixture
def late() -> Bank:
    bank = Bank(T2)
    bank.wait(CLOSED)
    return bank


def test_an_open_system_takes_at_once() -> None:
    bank = Bank(T2)
    paid = bank.pay(onward=True)
    assert bank.status(paid) == "ACSC"
    assert len(bank.told("credit_transfer", "csm")) == 1


def test_a_closed_system_takes_when_it_opens(late: Bank) -> None:
    paid = [late.pay(n, onward=True) for n in (1, 2, 3)]
    assert [late.status(id) for id in paid] == ["ACSP"] * 3
    assert late.balance("CSM") == 30_000  # the money has moved; only the message waits
    row = late.engine.store.payment(paid[0])
    assert row is not None
    assert (row.refusal_code, row.text) == ("waits-to-leave", "leaves at 2026-11-24T01:30:00Z to settle on 2026-11-24")
    assert late.told("credit_transfer", "csm") == []
    late.restart()
    late.wait(7 * HOUR + 1_700)
    assert late.tick() == 0
    late.wait(101)
    assert late.tick() == 1
    sent = late.told("credit_transfer", "csm")
    assert [(one.end_to_end_id, one.settlement_date) for one in sent] == [
        (f"E2E-{n}", "2026-11-24") for n in (1, 2, 3)
    ] or [one.settlement_date for one in sent] == ["2026-11-24"] * 3
    assert [late.status(id) for id in paid] == ["ACSC"] * 3
    assert (late.tick(), late.balance("CSM")) == (0, 30_000)
    late.restart()
    assert len(late.engine.state.departures) == 0


def test_what_left_is_known_by_the_day_on_which_it_settles(late: Bank) -> None:
    paid = late.pay(onward=True)
    late.wait(7 * HOUR + 1_801)
    late.tick()
    late.restart()
    late.sent()
    late.operate("recall", paid, reason="DUPL")
    [asked] = late.told("cancellation_request", "csm")
    assert asked.original.settlement_date == "2026-11-24"
    assert late.give_back(settlement_date="2026-11-25").statuses[0].refusal_code == "original-not-found"
    assert late.give_back(settlement_date="2026-11-24").statuses[0].code == "ACSC"


def test_until_it_leaves_a_person_may_cancel_it(late: Bank) -> None:
    paid = late.pay(onward=True)
    late.restart()
    late.sent()
    assert late.operate("cancel", paid).statuses[0].code == "ACSC"
    assert (late.status(paid), late.balance("CSM")) == ("CANC", 0)
    [told] = late.told("payment_status", "correspondent")
    assert told.status == "CANC"
    again = late.operate("cancel", paid).statuses[0]
    assert (again.code, again.refusal_code) == ("RJCT", "not-waiting")
    late.wait(10 * HOUR)
    assert late.tick() == 0
    assert late.told("credit_transfer", "csm") == []


def test_until_it_leaves_its_sender_may_take_it_back(late: Bank) -> None:
    paid = late.pay(onward=True)
    late.sent()
    late.recall()
    assert (late.status(paid), late.balance("CSM")) == ("CANC", 0)
    [answer] = late.told("resolution", "correspondent")
    assert answer.status == "CNCL"


def test_what_leaves_cannot_be_cancelled_any_more(late: Bank) -> None:
    paid = late.pay(onward=True)
    late.wait(10 * HOUR)
    late.tick()
    assert late.operate("cancel", paid).statuses[0].refusal_code == "not-waiting"


def test_deadlines_gather_and_limits_divert() -> None:
    bank = Bank(GATHERED, more=NOON)
    small = [bank.pay(n, onward=True) for n in (1, 2, 3)]
    large = bank.pay(4, 20_000, onward=True)  # above 150: T2 takes it at once
    assert [bank.status(id) for id in (*small, large)] == ["ACSP"] * 3 + ["ACSC"]
    assert len(bank.told("credit_transfer", "csm")) == 1
    bank.wait(2 * HOUR)
    bank.tick()
    assert bank.now_ns == EPOCH_NS + 2 * HOUR * 10**9
    assert len(bank.told("credit_transfer", "csm")) == 3


def test_what_is_dated_ahead_waits_and_too_far_ahead_is_refused() -> None:
    bank = Bank(T2)
    paid = bank.pay(onward=True, settlement_date="2026-11-26")
    row = bank.engine.store.payment(paid)
    assert row is not None
    assert row.text == "leaves at 2026-11-26T01:30:00Z to settle on 2026-11-26"
    far = bank.pay(2, onward=True, settlement_date="2028-01-03")
    row = bank.engine.store.payment(far)
    assert row is not None
    assert (row.status, row.reason, row.refusal_code) == ("RJCT", "DT01", "too-far-ahead")


def test_what_cannot_leave_waits_for_people_and_stops_nobody() -> None:
    """Its route is gone from the configuration, or cannot carry it any more."""
    bank = Bank(T2)
    bank.wait(CLOSED)
    paid = bank.pay(onward=True)
    right = bank.snapshot
    bank.engine.snapshot = structs.replace(right, ways={k: way for k, way in right.ways.items() if k != "onward"})
    bank.wait(10 * HOUR)
    assert (bank.tick(), bank.tick(), bank.tick()) == (1, 0, 0)
    assert (bank.status(paid), bank.told("credit_transfer", "csm")) == ("ACSP", [])
    way = right.ways["onward"]
    send = structs.replace(way.route.send, as_="pain.008.001.08")
    unfit = structs.replace(way, route=structs.replace(way.route, send=send))
    bank.engine.snapshot = structs.replace(right, ways={**right.ways, "onward": unfit})
    bank.wait(901)
    assert (bank.tick(), bank.tick()) == (1, 0)
    assert bank.status(paid) == "ACSP"
    bank.engine.snapshot = right
    bank.wait(901)
    assert bank.tick() == 1
    assert bank.status(paid) == "ACSC"
    assert len(bank.told("credit_transfer", "csm")) == 1
