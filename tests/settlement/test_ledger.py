"""The ledger: double entry, linked legs, floors, and that nothing creates or destroys money."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model import MINOR_MAX
from gateway.ports import AccountRow
from gateway.settlement.ledger import RULES, Failure, Ledger, Leg

HOUSE = "HOUSE"


def ledger_with(**balances: int) -> Ledger:
    """Accounts in EUR with floor 0 and the given balances, paid for by HOUSE."""
    ledger = Ledger()
    assert ledger.open(HOUSE, "EUR", None) is None
    for account, minor in balances.items():
        assert ledger.open(account, "EUR", 0) is None
        if minor:
            assert ledger.apply([Leg(HOUSE, account, "EUR", minor)]) is None
    return ledger


def balance(ledger: Ledger, account: str, currency: str = "EUR") -> int:
    return next(row.balance_minor for row in ledger.rows(account) if row.currency == currency)


def test_a_leg_moves_money_from_one_account_to_the_other() -> None:
    ledger = ledger_with(alice=500, bob=0)
    assert ledger.apply([Leg("alice", "bob", "EUR", 125)]) is None
    assert (balance(ledger, "alice"), balance(ledger, "bob"), balance(ledger, HOUSE)) == (375, 125, -500)


@pytest.mark.parametrize(
    ("leg", "code", "reason", "side"),
    [
        (Leg("alice", "bob", "EUR", 0), "amount-not-positive", "AM01", ""),
        (Leg("nobody", "bob", "EUR", -1), "amount-not-positive", "AM01", ""),
        (Leg("nobody", "nowhere", "EUR", 1), "unknown-account", "AC01", "debit"),
        (Leg("alice", "nowhere", "EUR", 1), "unknown-account", "AC03", "credit"),
        (Leg("alice", "alice", "EUR", 1), "same-account", "AG01", "credit"),
        (Leg("gone", "bob", "EUR", 1), "closed-account", "AC04", "debit"),
        (Leg("alice", "gone", "USD", 1), "closed-account", "AC07", "credit"),
        (Leg("alice", "bob", "USD", 1), "currency-mismatch", "AM03", "debit"),
        (Leg("dollars", "bob", "USD", 1), "currency-mismatch", "AM03", "credit"),
        (Leg("alice", "bob", "EUR", 501), "insufficient-funds", "AM04", "debit"),
        (Leg("alice", "bob", "EUR", 10**30), "insufficient-funds", "AM04", "debit"),
        (Leg(HOUSE, "bob", "EUR", MINOR_MAX), "amount-too-large", "AM02", "debit"),
        (Leg("second", "rich", "EUR", 10), "amount-too-large", "AM02", "credit"),
    ],
)
def test_each_rule_in_its_order(leg: Leg, code: str, reason: str, side: str) -> None:
    ledger = ledger_with(alice=500, bob=0, gone=0, rich=0)
    for account, currency in (("dollars", "USD"), ("second", "EUR"), ("third", "EUR")):
        assert ledger.open(account, currency, None) is None
    assert ledger.close("gone") is None
    assert ledger.apply([Leg("third", "rich", "EUR", MINOR_MAX - 5)]) is None
    failure = ledger.apply([leg])
    assert failure is not None
    assert (failure.code, failure.reason, failure.side, failure.leg) == (code, reason, side, 0)
    for account in (leg.debit, leg.credit):
        assert account not in failure.text, "a sentence names no account"


def test_linked_legs_happen_together_or_not_at_all() -> None:
    ledger = ledger_with(alice=500, bob=0)
    before = ledger.rows("alice") + ledger.rows("bob")
    there, back, too_much = (
        Leg("alice", "bob", "EUR", 300),
        Leg("bob", "alice", "EUR", 100),
        Leg("alice", "bob", "EUR", 301),
    )
    failure = ledger.apply([there, back, too_much])
    assert failure == Failure("insufficient-funds", "AM04", "debit", 2, RULES["insufficient-funds"][2])
    assert ledger.rows("alice") + ledger.rows("bob") == before


def test_a_leg_sees_what_the_legs_before_it_left() -> None:
    ledger = ledger_with(alice=500, bob=0, carol=0)
    assert ledger.apply([Leg("alice", "bob", "EUR", 500), Leg("bob", "carol", "EUR", 500)]) is None
    assert balance(ledger, "carol") == 500
    failure = ledger.apply([Leg("bob", "alice", "EUR", 1), Leg("carol", "bob", "EUR", 1)])
    assert failure is not None
    assert failure.leg == 0


def test_floors_may_lie_below_and_above_zero() -> None:
    ledger = ledger_with(spare=1000)
    assert ledger.open("overdraft", "EUR", -200) is None
    assert ledger.open("minimum", "EUR", 50) is None
    assert ledger.apply([Leg("overdraft", "spare", "EUR", 200)]) is None
    assert ledger.apply([Leg("overdraft", "spare", "EUR", 1)]) is not None
    assert ledger.apply([Leg("spare", "minimum", "EUR", 60), Leg("minimum", "spare", "EUR", 10)]) is None
    assert ledger.apply([Leg("minimum", "spare", "EUR", 1)]) is not None


@pytest.mark.parametrize(
    ("account", "currency", "floor", "code"),
    [
        ("", "EUR", 0, "bad-account-id"),
        ("a\0b", "EUR", 0, "bad-account-id"),
        ("\ud800", "EUR", 0, "bad-account-id"),
        ("a" * 141, "EUR", 0, "bad-account-id"),
        ("new", "EURO", 0, "unknown-currency"),
        ("new", "EUR", -(10**18), "bad-floor"),
        ("alice", "EUR", 0, "account-exists"),
        ("gone", "USD", 0, "closed-account"),
    ],
)
def test_what_cannot_be_opened(account: str, currency: str, floor: int, code: str) -> None:
    ledger = ledger_with(alice=0, gone=0)
    assert ledger.close("gone") is None
    failure = ledger.open(account, currency, floor)
    assert failure is not None
    assert failure.code == code


def test_an_account_is_closed_in_all_its_currencies_and_once() -> None:
    ledger = ledger_with(alice=5)
    assert ledger.open("alice", "USD", 0) is None
    assert ledger.close("alice") is None
    assert ledger.rows("alice") == [AccountRow("alice", "EUR", 5, 0, True), AccountRow("alice", "USD", 0, 0, True)]
    failures = (ledger.close("alice"), ledger.close("nobody"))
    assert [failure.code for failure in failures if failure] == ["closed-account", "unknown-account"]


def test_an_opening_that_failed_is_forgotten() -> None:
    ledger = ledger_with(alice=5)
    assert ledger.open("new", "EUR", 0) is None
    assert ledger.apply([Leg("alice", "new", "EUR", 5), Leg("alice", "new", "EUR", 5)]) is not None
    ledger.forget("new", "EUR")
    assert not ledger.knows("new", "EUR")
    assert ledger.rows("new") == []
    assert "new" not in {row.account for row in ledger.moved()}
    assert ledger.open("new", "EUR", 0) is None


def test_moved_are_the_positions_touched_since_it_was_last_asked() -> None:
    ledger = ledger_with(alice=500, bob=0, carol=0)
    assert {row.account for row in ledger.moved()} == {HOUSE, "alice"}
    assert ledger.moved() == []
    assert ledger.apply([Leg("alice", "bob", "EUR", 1)]) is None
    ledger.prove()
    assert ledger.apply([Leg("alice", "carol", "EUR", 1)]) is None
    assert {(row.account, row.balance_minor) for row in ledger.moved()} == {("alice", 498), ("bob", 1), ("carol", 1)}


def test_the_proof_notices_invented_money() -> None:
    ledger = ledger_with(alice=500)
    ledger.moved()
    assert ledger.apply([Leg(HOUSE, "alice", "EUR", 1)]) is None
    ledger._positions["alice", "EUR"].balance += 1
    with pytest.raises(AssertionError, match="created or destroyed"):
        ledger.prove()


def test_load_takes_over_rows_and_refuses_invented_money() -> None:
    ledger = ledger_with(alice=500)
    other = Ledger()
    other.load(ledger.rows(HOUSE) + ledger.rows("alice"))
    assert other.rows("alice") == ledger.rows("alice")
    with pytest.raises(AssertionError, match="sum to zero"):
        other.load([AccountRow("alice", "EUR", 1, 0)])


# --- for all inputs ------------------------------------------------------------------------------

ACCOUNTS = ("HOUSE", "a", "b", "c", "d", "unknown")
legs = st.builds(
    Leg,
    st.sampled_from(ACCOUNTS),
    st.sampled_from(ACCOUNTS),
    st.sampled_from(("EUR", "USD", "JPY")),
    st.one_of(st.integers(-1, 60), st.integers(1, 10**18)),
)
calls = st.lists(st.lists(legs, max_size=4), max_size=25)
FLOORS = {"a": 0, "b": -50, "c": 10, "d": None}


def open_all() -> Ledger:
    ledger = Ledger()
    for currency in ("EUR", "USD"):
        assert ledger.open(HOUSE, currency, None) is None
        for account, floor in FLOORS.items():
            assert ledger.open(account, currency, floor) is None
    return ledger


def snapshot(ledger: Ledger) -> dict[tuple[str, str], int]:
    return {(row.account, row.currency): row.balance_minor for name in ACCOUNTS for row in ledger.rows(name)}


@given(calls)
def test_no_sequence_of_calls_creates_or_destroys_money(sequence: list[list[Leg]]) -> None:
    ledger = open_all()
    for call in sequence:
        before = snapshot(ledger)
        expected = dict(before)
        if ledger.apply(call) is None:
            for leg in call:
                expected[leg.debit, leg.currency] -= leg.minor
                expected[leg.credit, leg.currency] += leg.minor
        after = snapshot(ledger)
        assert after == expected, "all of it or nothing"
        ledger.prove()
        for currency in ("EUR", "USD"):
            assert sum(minor for (_, c), minor in after.items() if c == currency) == 0


@given(calls)
def test_no_sequence_of_calls_crosses_a_floor_or_a_limit(sequence: list[list[Leg]]) -> None:
    ledger = open_all()
    for call in sequence:
        before = snapshot(ledger)
        ledger.apply(call)
        for (account, currency), minor in snapshot(ledger).items():
            assert -MINOR_MAX <= minor <= MINOR_MAX
            floor = FLOORS.get(account)
            if floor is not None and minor < before[account, currency]:
                assert minor >= floor


@given(calls)
def test_the_same_calls_give_the_same_answers(sequence: list[list[Leg]]) -> None:
    one, two = open_all(), open_all()
    assert [one.apply(call) for call in sequence] == [two.apply(call) for call in sequence]
    assert one.moved() == two.moved()
