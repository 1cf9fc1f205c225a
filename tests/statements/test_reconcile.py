"""Received statements against the ledger: what is matched, what only one side has, what does not add up."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.entries import unpack_record
from gateway.model import Account, Balance, Entry, Money, Payment, Statement
from gateway.model.reconciliation import Open, Reconciliation
from gateway.statements.matching import match
from tests.statements.counter import Counter, at, written

OURS = "{account: '0044771100', ledger: NOSTRO, zone: Europe/Berlin}"
DAY = "2026-03-02"


def entry(minor: int, id: str = "", day: str = DAY, **fields: object) -> Entry:
    """An entry by the bank's sign."""
    amount = Money("EUR", abs(minor))
    details = (Payment("entry", amount, end_to_end_id=id),) if id else ()
    return Entry(
        amount, minor > 0, booking_date=day, domain="PMNT", family="RCDT", subfamily="OTHR", details=details, **fields
    )


def received(
    number: int,
    opening: int,
    entries: Sequence[Entry],
    closing: int | None = None,
    day: str = DAY,
    kind: str = "statement",
) -> Statement:
    """A statement of the bank, through its own message type."""
    change = sum(e.amount.minor if e.credit else -e.amount.minor for e in entries)
    closing = opening + change if closing is None else closing
    balances = tuple(
        Balance(type, Money("EUR", abs(minor)), minor >= 0, day)
        for type, minor in (("OPBD", opening), ("CLBD", closing))
    )
    made = Statement(
        kind,
        Account("0044771100", "BBAN", "EUR"),
        f"S{number}",
        str(number),
        created="2026-03-02T20:00:00+00:00",
        balances=balances if kind == "statement" else (),
        entries=tuple(entries),
    )
    record = written(made, "camt.053.001.08" if kind == "statement" else "camt.054.001.08")
    assert isinstance(record, Statement)
    return record


def reconcile(counter: Counter, statement: Statement) -> Reconciliation:
    [status] = counter.offer(statement, type="camt.053.001.08").statuses
    assert status.code == "ACTC"
    row = counter.disk.payments[status.payment_id + 1]
    record = unpack_record(row.record)
    assert isinstance(record, Reconciliation)
    assert row.text == status.text
    assert record.statement == status.payment_id
    return record


def codes(found: Reconciliation) -> list[str]:
    return [difference.code for difference in found.differences]


def counter_with(*paid: tuple[int, str]) -> Counter:
    """Payments out of ALICE's account through the nostro: the bank debits us, the ledger credits its mirror."""
    counter = Counter("", OURS)
    for minor, id in paid:
        counter.pay("ALICE", "NOSTRO", minor, id)
    counter.now_ns = at(DAY, "19:00")
    return counter


def test_what_both_have_is_matched_by_reference() -> None:
    counter = counter_with((100, "A"), (250, "B"))
    counter.pay("NOSTRO", "BOB", 40, "IN-1")
    found = reconcile(counter, received(7, 0, [entry(-250, "B"), entry(40, "IN-1"), entry(-100, "A")]))
    assert [(m.place, m.by, m.transfers) for m in found.matched] == [
        ("entry 1", "reference", (3,)),
        ("entry 2", "reference", (4,)),
        ("entry 3", "reference", (2,)),
    ]
    assert (found.differences, found.open_bank, found.open_ledger, found.number) == ((), (), (), "7")


def test_without_a_reference_amount_and_date_do() -> None:
    counter = counter_with((100, "A"), (100, "B"))
    found = reconcile(counter, received(1, 0, [entry(-100, day="2026-03-01"), entry(-100)]))
    assert [(m.place, m.by, m.transfers) for m in found.matched] == [("entry 2", "amount and date", (2,))]
    assert codes(found) == ["missing-in-ledger", "missing-at-bank"]


def test_a_batch_entry_is_the_sum_of_its_payments() -> None:
    counter = counter_with((100, "A"), (250, "B"))
    details = tuple(Payment("entry", Money("EUR", m), end_to_end_id=id) for m, id in ((100, "A"), (250, "B")))
    whole = Entry(
        Money("EUR", 350), False, booking_date=DAY, domain="PMNT", family="ICDT", subfamily="OTHR", details=details
    )
    found = reconcile(counter, received(1, 0, [whole]))
    assert [(m.by, m.transfers) for m in found.matched] == [("reference", (2, 3))]
    assert found.differences == ()


def test_what_is_missing_is_told_and_found_later() -> None:
    counter = counter_with((100, "A"), (250, "B"))
    found = reconcile(counter, received(1, 0, [entry(-100, "A"), entry(70, "LATE")]))
    assert codes(found) == ["missing-in-ledger", "missing-at-bank"]
    bank, ledger = found.differences
    assert (bank.place, bank.amount) == ("entry 2", Money("EUR", 70))
    assert (ledger.transfer, ledger.amount) == (3, Money("EUR", 250))
    counter.start()  # what is open is carried over a restart
    counter.now_ns = at("2026-03-03", "12:00")
    counter.pay("NOSTRO", "BOB", 70, "LATE")
    found = reconcile(counter, received(2, -30, [entry(-250, "B", "2026-03-03")], day="2026-03-03"))
    assert [(m.place, m.transfers) for m in found.matched] == [("carried on", (4,)), ("entry 1", (3,))]
    assert (found.differences, found.open_bank, found.open_ledger) == ((), (), ())


def test_a_transfer_after_the_closing_date_is_not_missing_yet() -> None:
    counter = counter_with((100, "A"))
    counter.now_ns = at("2026-03-03", "08:00")
    counter.pay("ALICE", "NOSTRO", 5, "TOMORROW")
    found = reconcile(counter, received(1, 0, [entry(-100, "A")]))
    assert codes(found) == []
    assert [item.transfer for item in found.open_ledger] == [3]


def test_another_amount_under_the_same_reference() -> None:
    counter = counter_with((100, "A"))
    found = reconcile(counter, received(1, 0, [entry(-103, "A")]))
    [difference] = found.differences
    assert (difference.code, difference.amount, difference.transfer) == ("amount-differs", Money("EUR", 3), 2)
    assert found.matched == ()
    assert [item.minor for item in found.open_bank] == [-3]


def test_a_balance_that_no_entry_explains() -> None:
    counter = counter_with((100, "A"))
    found = reconcile(counter, received(1, 50, [entry(-100, "A")]))
    [difference] = found.differences
    assert (difference.code, difference.amount) == ("balance-differs", Money("EUR", 50))


def test_numbers_and_balances_in_sequence() -> None:
    counter = counter_with((100, "A"))
    statement = received(4, 0, [entry(-100, "A")])
    assert codes(reconcile(counter, statement)) == []
    assert codes(reconcile(counter, statement)) == ["statement-repeated"]
    found = reconcile(counter, received(6, -90, [], -90))
    assert codes(found) == ["statement-gap", "opening-differs", "balance-differs"]
    found = reconcile(counter, received(7, -90, [entry(-5, "X")], -100))
    assert codes(found) == ["statement-does-not-add-up", "missing-in-ledger", "balance-differs"]


def test_a_notification_is_compared_and_comes_again_in_the_statement() -> None:
    counter = counter_with((100, "A"))
    told = reconcile(counter, received(9, 0, [entry(-100, "A"), entry(-1, "FEE")], kind="notification"))
    assert [m.transfers for m in told.matched] == [(2,)]
    assert codes(told) == ["missing-in-ledger"]
    found = reconcile(counter, received(1, 0, [entry(-100, "A")]))
    assert [m.transfers for m in found.matched] == [(2,)]
    assert codes(found) == []


def test_an_account_that_is_not_mirrored_is_only_kept() -> None:
    counter = Counter("", "")
    [status] = counter.offer(received(1, 0, [])).statuses
    assert (status.code, status.text) == ("ACTC", "")
    assert len(counter.disk.payments) == status.payment_id


def test_the_ledger_may_have_the_banks_own_signs() -> None:
    counter = Counter("", "{account: '0044771100', ledger: BOB, signs: same, zone: Europe/Berlin}")
    counter.pay("ALICE", "BOB", 100, "A")
    found = reconcile(counter, received(1, 0, [entry(100, "A")]))
    assert (len(found.matched), found.differences) == (1, ())


# --- for all inputs -----------------------------------------------------------------------------------

items = st.lists(
    st.builds(
        Open,
        st.integers(-3, 3).filter(bool),
        st.sampled_from(((), ("2026-03-01",), ("2026-03-02",), ("2026-03-01", "2026-03-02"))),
        st.sampled_from(((), ("A",), ("B",), ("A", "B"), ("C",))),
    ),
    max_size=12,
)


@given(items, items)
def test_nothing_is_matched_twice_and_amounts_agree(bank: list[Open], ledger: list[Open]) -> None:
    pairs = match(bank, ledger)
    assert len({pair.bank for pair in pairs}) == len(pairs)
    places = [place for pair in pairs for place in pair.ledger]
    assert len(set(places)) == len(places)
    for pair in pairs:
        assert bank[pair.bank].minor - sum(ledger[place].minor for place in pair.ledger) == pair.rest_minor
        if pair.by == "reference":
            assert all({*bank[pair.bank].references} & {*ledger[place].references} for place in pair.ledger)
        else:
            assert {*bank[pair.bank].dates} & {*ledger[pair.ledger[0]].dates}
    free = [item for place, item in enumerate(ledger) if place not in places]
    for place, item in enumerate(bank):
        if place not in {pair.bank for pair in pairs}:
            assert not [o for o in free if o.minor == item.minor and {*o.dates} & {*item.dates}]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(-9, 9).filter(bool), st.booleans(), st.booleans()), max_size=15), st.data())
def test_a_bank_that_is_right_in_the_end_leaves_nothing_open(
    moves: list[tuple[int, bool, bool]], data: st.DataObject
) -> None:
    """Every transfer comes in one of two statements, with or without its reference: no balance ever differs."""
    counter = Counter("", OURS)
    for place, (minor, _, _) in enumerate(moves):
        counter.pay(*(("NOSTRO", "BOB") if minor > 0 else ("ALICE", "NOSTRO")), abs(minor), f"REF-{place}")
    counter.now_ns = at(DAY, "19:00")
    opening, seen = 0, 0
    for number, late in ((1, False), (2, True)):
        place_of = {place: move for place, move in enumerate(moves) if move[1] == late}
        order = data.draw(st.permutations(sorted(place_of)))
        entries = [entry(place_of[n][0], f"REF-{n}" if place_of[n][2] else "") for n in order]
        found = reconcile(counter, received(number, opening, entries))
        opening += sum(place_of[n][0] for n in order)
        seen += len(entries)
        assert sum(len(m.transfers) for m in found.matched) == len(entries)
        assert {*codes(found)} <= {"missing-at-bank"}
    assert (found.open_bank, found.open_ledger, seen) == ((), (), len(moves))
