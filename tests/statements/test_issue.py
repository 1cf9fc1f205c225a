"""Statements made from the ledger: they chain, they prove, they come once."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.statements import issue
from tests.statements.counter import Counter, at, signed

HOUR_NS = 3_600 * 10**9


def test_the_end_of_a_day_makes_a_statement_of_each_account() -> None:
    counter = Counter()
    counter.pay("ALICE", "BOB", 1_250, "REF-1", remittance=("invoice 7",))
    counter.now_ns = at("2026-03-02", "18:00")
    assert len(counter.tick()) == 3
    alice, bob, iban = counter.statements()
    assert (alice.account.id, alice.electronic_number, signed(alice)) == ("ALICE", "1", (0, -1_250, -1_250))
    assert (bob.account.id, signed(bob)) == ("BOB", (0, 1_250, 1_250))
    assert (iban.account.scheme, signed(iban)) == ("IBAN", (0, 10_000, 10_000))
    [entry] = bob.entries
    assert entry.credit
    assert (entry.booking_date, entry.value_date, entry.servicer_reference) == ("2026-03-02", "2026-03-02", "T2")
    [detail] = entry.details
    assert (detail.end_to_end_id, detail.remittance) == ("REF-1", ("invoice 7",))
    assert detail.debtor is not None
    assert detail.debtor.name == "Ada Debtor"
    assert [balance.date for balance in bob.balances] == ["2026-02-27", "2026-03-02"]
    assert bob.servicer is not None
    assert bob.servicer.bic == "FINODEHHXXX"


def test_a_day_is_stated_once_also_after_a_restart() -> None:
    counter = Counter()
    counter.now_ns = at("2026-03-02", "18:00") + 1
    due = counter.tick()
    assert counter.tick() == []
    counter.start()
    assert counter.tick() == []
    assert len(counter.statements()) == 3
    [status] = counter.offer(due[0], endpoint="config").statuses  # the same instruction again
    assert (status.code, status.refusal_code) == ("RJCT", "statement-issued")
    assert counter.sent() == []


def test_what_comes_after_the_cutoff_is_in_the_next_statement() -> None:
    counter = Counter()
    counter.now_ns = at("2026-03-02", "18:00") - 1
    counter.pay("ALICE", "BOB", 1)
    counter.now_ns += 2
    counter.pay("ALICE", "BOB", 20)  # before anybody looked at the clock
    counter.tick()
    assert [signed(s) for s in counter.statements() if s.account.id == "BOB"] == [(0, 1, 1)]
    counter.now_ns = at("2026-03-03", "18:00")
    counter.tick()
    assert [signed(s) for s in counter.statements() if s.account.id == "BOB"] == [(1, 20, 21)]


def test_missed_days_are_made_up_for_each_with_its_number() -> None:
    counter = Counter()
    counter.now_ns = at("2026-04-01", "18:00")
    counter.tick()
    counter.now_ns = at("2026-04-02", "12:00")
    counter.pay("ALICE", "BOB", 5)
    counter.statements()
    counter.now_ns = at("2026-04-08", "10:00")  # Good Friday and Easter Monday are no business days
    counter.start()
    counter.tick()
    alice = [s for s in counter.statements() if s.account.id == "ALICE"]
    assert [(s.electronic_number, s.balances[-1].date) for s in alice] == [("2", "2026-04-02"), ("3", "2026-04-07")]
    assert [signed(s) for s in alice] == [(0, -5, -5), (-5, 0, -5)]


def test_a_day_without_entries_may_be_left_out() -> None:
    rule = "{name: d, accounts: BOB, as: camt.053.001.08, to: bank, at: '18:00', zone: Europe/Berlin, empty: false}"
    counter = Counter(rule)
    counter.now_ns = at("2026-03-02", "18:00")
    counter.tick()
    assert counter.statements() == []
    counter.pay("ALICE", "BOB", 7)
    counter.now_ns = at("2026-03-03", "18:00")
    counter.tick()
    [bob] = counter.statements()
    assert (bob.electronic_number, signed(bob)) == ("1", (0, 7, 7))


def test_a_long_day_is_told_in_several(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(issue, "ENTRIES_MAX", 2)
    counter = Counter()
    for minor in (1, 2, 3, 4, 5):
        counter.pay("ALICE", "BOB", minor)
    counter.now_ns = at("2026-03-02", "18:00")
    counter.tick()
    bob = [s for s in counter.statements() if s.account.id == "BOB"]
    assert [(s.electronic_number, signed(s)) for s in bob] == [("1", (0, 3, 3)), ("2", (3, 7, 10)), ("3", (10, 5, 15))]


ASKED = "{name: asked, accounts: [ALICE, BOB], as: camt.052.001.08, to: bank, when: on_request}"


def test_a_request_is_answered_with_what_came_since_the_last() -> None:
    counter = Counter(ASKED)
    counter.pay("ALICE", "BOB", 100)
    [status] = counter.ask("BOB", "camt.052.001.02").statuses
    assert status.code == "ACSC"
    assert status.text == "answered with camt.052.001.08 number 1 of EUR"
    counter.pay("ALICE", "BOB", 11)
    counter.ask("BOB")
    one, two = counter.statements()
    assert (signed(one), signed(two)) == ((0, 100, 100), (100, 11, 111))
    assert (one.kind, one.balances[1].type, two.electronic_number) == ("report", "ITBD", "2")


@pytest.mark.parametrize(
    ("account", "requested", "endpoint"),
    [("BOB", "", "other"), ("NOSTRO", "", "bank"), ("NOBODY", "", "bank"), ("BOB", "camt.053.001.08", "bank")],
)
def test_who_may_not_ask_learns_nothing(account: str, requested: str, endpoint: str) -> None:
    counter = Counter(ASKED)
    [status] = counter.ask(account, requested, endpoint=endpoint).statuses
    assert (status.code, status.refusal_code) == ("RJCT", "statement-not-available")
    [rejection] = counter.sent(endpoint)
    assert rejection.type == "admi.002.001.01"
    assert b"statement-not-available" in rejection.data
    assert b"ASK1" in rejection.data


def test_a_copy_of_a_day_is_what_was_sent_then() -> None:
    counter = Counter()
    for day in ("2026-03-02", "2026-03-03"):
        counter.pay("ALICE", "BOB", 10)
        counter.now_ns = at(day, "18:00")
        counter.tick()
    first, second = (s for s in counter.statements() if s.account.id == "BOB")
    counter.start()
    counter.ask("BOB", day="2026-03-02")
    counter.ask("BOB", "camt.053.001.08")
    assert counter.statements() == [first, second]
    [status] = counter.ask("BOB", day="2026-03-01").statuses
    assert status.refusal_code == "no-statement"


def test_each_entry_is_told_in_the_batch_that_makes_it() -> None:
    counter = Counter("{name: told, accounts: BOB, as: camt.054.001.08, to: bank, when: each_entry}")
    counter.pay("ALICE", "BOB", 100, "A")
    counter.pay("BOB", "ALICE", 40, "B")
    counter.pay("ALICE", "NOSTRO", 1, "C")
    told = counter.statements()
    assert [(s.kind, s.entries[0].credit, s.entries[0].details[0].end_to_end_id) for s in told] == [
        ("notification", True, "A"),
        ("notification", False, "B"),
    ]


steps = st.lists(
    st.tuples(st.sampled_from(("pay", "back", "day", "ask", "restart")), st.integers(1, 10**9), st.integers(0, 30)),
    max_size=25,
)


@settings(deadline=None, max_examples=60)
@given(steps)
def test_whatever_happens_statements_chain_and_prove(steps: list[tuple[str, int, int]]) -> None:
    daily = "{name: daily, accounts: '*', as: camt.053.001.08, to: bank, at: '18:00', zone: Europe/Berlin}"
    counter = Counter(f"{daily}, {ASKED}")
    for act, minor, hours in steps:
        counter.now_ns += hours * HOUR_NS
        if act == "pay":
            counter.pay("ALICE", "BOB", minor)
        elif act == "back":
            counter.pay("BOB", "NOSTRO", minor)
        elif act == "day":
            counter.tick()
        elif act == "ask":
            counter.ask("BOB", "camt.052.001.08")
        else:
            counter.start()
    counter.now_ns += 7 * 24 * HOUR_NS
    counter.tick()
    chains: dict[tuple[str, str], list[tuple[int, int, int]]] = {}
    for statement in counter.statements():
        chain = chains.setdefault((statement.kind, statement.account.id), [])
        assert statement.electronic_number == str(len(chain) + 1)
        opening, change, closing = signed(statement)
        assert opening + change == closing
        assert not chain or chain[-1][2] == opening
        chain.append((opening, change, closing))
    balances = {row.account: row.balance_minor for row in counter.runner.run(counter.engine.store.open()).accounts}
    assert {of: chain[-1][2] for (kind, of), chain in chains.items() if kind == "statement"} == balances
