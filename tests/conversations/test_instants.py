"""Payments against the clock."""

from __future__ import annotations

from gateway.formats.sepa.exceptions import limit
from gateway.formats.sepa.rules import INSTANT
from gateway.model import Report
from gateway.settlement.instant import SECONDS, moment_ns
from tests.conversations.bank import EPOCH_NS, PLAIN, SECOND_NS, Bank

HERE = PLAIN.replace("credit: creditor}", "credit: creditor, cover: required, within_s: 10}")
ONWARD = PLAIN.replace("credit: CSM}", "credit: CSM, confirm: required, within_s: 10}")
AT_TEN = {"extra": (("iso:AccptncDtTm", "2026-11-23T10:00:00.000Z"),)}


def test_the_scheme_and_the_clock_agree() -> None:
    found = limit(INSTANT, "reject")
    assert found is not None
    assert (found.count, found.unit) == (SECONDS, "seconds")
    assert moment_ns("2026-11-23T10:00:00Z") == EPOCH_NS
    assert moment_ns("2026-11-23T11:00:00.5+01:00") == EPOCH_NS + SECOND_NS // 2
    assert moment_ns("soon") == 0


def test_what_comes_late_is_refused() -> None:
    bank = Bank(HERE)
    bank.wait(11)
    outcome = bank.run([])
    late = bank.pay(**AT_TEN)
    row = bank.engine.store.payment(late)
    assert row is not None
    assert (row.status, row.reason, row.refusal_code) == ("RJCT", "TM01", "too-late")
    assert outcome == []


def test_what_nobody_decides_is_rejected() -> None:
    bank = Bank(HERE)
    held = bank.pay(**AT_TEN)
    assert bank.status(held) == "PDNG"
    bank.sent()
    bank.wait(9)
    assert bank.tick() == 0
    bank.restart()
    bank.wait(1)
    assert bank.tick() == 1
    row = bank.engine.store.payment(held)
    assert row is not None
    assert (row.status, row.reason) == ("RJCT", "AB05")
    [told] = bank.told("payment_status")
    assert (told.status, told.reasons[0].code) == ("RJCT", "AB05")
    assert (bank.engine.state.held, bank.engine.state.deadlines, bank.tick()) == ({}, {}, 0)
    assert bank.operate("release", held).statuses[0].refusal_code == "not-held"


def test_money_that_was_set_aside_comes_back_when_nobody_confirms() -> None:
    bank = Bank(ONWARD)
    paid = bank.pay(onward=True, **AT_TEN)
    assert (bank.status(paid), bank.balance("CSM")) == ("ACSP", 10_000)
    bank.restart()
    bank.wait(10)
    assert bank.tick() == 1
    assert (bank.status(paid), bank.balance("CSM")) == ("RJCT", 0)


def confirmed_late() -> tuple[Bank, int, int]:
    """A payment that ran out of time and was confirmed afterwards: the bank, the payment, the confirmation."""
    bank = Bank(ONWARD)
    paid = bank.pay(onward=True, **AT_TEN)
    bank.wait(10)
    bank.tick()
    bank.sent()
    late = bank.report(status="ACSC").statuses[0]
    assert (late.code, late.refusal_code, bank.balance("CSM")) == ("PDNG", "contradicts", 0)
    bank.restart()
    again = bank.report(status="ACSC").statuses[0]
    assert (again.code, again.refusal_code) == ("RJCT", "contradicts"), "one is enough to decide about"
    return bank, paid, late.payment_id


def test_a_person_accepts_what_is_confirmed_after_its_time() -> None:
    bank, paid, late = confirmed_late()
    assert bank.operate("release", late).statuses[0].code == "ACSC"
    assert (bank.status(paid), bank.status(late), bank.balance("CSM")) == ("ACSC", "ACSC", 10_000)
    [told] = bank.told("payment_status")
    assert isinstance(told, Report)
    assert told.status == "ACSC"
    bank.restart()
    assert bank.operate("release", late).statuses[0].refusal_code == "not-held"
    assert bank.give_back().statuses[0].code == "ACSC", "it lives on like any other that is settled"
    assert (bank.status(paid), bank.balance("CSM"), bank.balance("NOSTRO")) == ("RTRN", 0, -100_000)


def test_a_person_leaves_it_rejected() -> None:
    bank, paid, late = confirmed_late()
    assert bank.operate("reject", late).statuses[0].code == "ACSC"
    assert (bank.status(paid), bank.status(late), bank.balance("CSM")) == ("RJCT", "RJCT", 0)
    assert bank.report(status="ACCC").statuses[0].code == "PDNG", "said once more, it is looked at once more"


def test_a_payment_that_was_rejected_by_the_other_side_is_not_confirmed_by_it() -> None:
    bank = Bank(ONWARD)
    bank.pay(onward=True, **AT_TEN)
    bank.report(status="RJCT")
    late = bank.report(status="ACSC").statuses[0]
    assert (late.code, late.refusal_code, bank.balance("CSM")) == ("RJCT", "contradicts", 0)


def test_an_answer_in_time_decides() -> None:
    for status, state, balance in (("ACSC", "ACSC", 10_000), ("RJCT", "RJCT", 0)):
        bank = Bank(ONWARD)
        paid = bank.pay(onward=True, **AT_TEN)
        bank.wait(9)
        bank.report(status=status)
        bank.wait(5)
        assert bank.tick() == 0
        assert (bank.status(paid), bank.balance("CSM")) == (state, balance)


def test_a_release_after_the_time_is_a_rejection() -> None:
    bank = Bank(HERE)
    held = bank.pay(**AT_TEN)
    bank.wait(12)
    bank.operate("release", held)
    row = bank.engine.store.payment(held)
    assert row is not None
    assert (row.status, row.reason) == ("RJCT", "TM01")
