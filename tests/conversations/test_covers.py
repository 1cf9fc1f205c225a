"""Cover payments and what they cover, in both orders of arrival."""

from __future__ import annotations

from gateway.formats.iso20022 import FORMAT as ISO
from gateway.model import Agent, Money, Payment
from tests.conversations.bank import CSM, THEM, US, Bank, transfer, uetr

COVERED = """
routes:
  - name: cover
    when: {kind: fi_transfer}
    settle: {debit: NOSTRO, credit: COVERS}
  - name: covered
    when: {kind: credit_transfer}
    settle: {debit: COVERS, credit: creditor, cover: required}
  - {name: default, refuse: {reason: AG01, because: no route takes it}}
"""
BOTH = COVERED.replace("credit: COVERS}", "credit: COVERS, cover: required}")


def cover(bank: Bank, n: int = 1, cents: int = 10_000, endpoint: str = "csm") -> int:
    record = Payment(
        "fi_transfer",
        Money("EUR", cents),
        instruction_id=f"COV{n}",
        end_to_end_id=f"I{n}",
        transaction_id=f"COV{n}",
        uetr=uetr(n),
        settlement_date="2026-11-23",
        settlement_method="INDA",
        instructing_agent=Agent(bic=CSM),
        instructed_agent=Agent(bic=US),
        debtor_institution=Agent(bic=THEM),
        creditor_institution=Agent(bic=US),
        underlying=transfer(n, cents),
    )
    return bank.say(record, "pacs.009.001.08", endpoint).statuses[0].payment_id


def test_a_payment_waits_for_its_cover() -> None:
    bank = Bank(COVERED)
    paid = bank.pay()
    assert (bank.status(paid), bank.balance("BREEZE")) == ("PDNG", 0)
    bank.restart()
    bank.sent()
    paying = cover(bank)
    assert (bank.status(paying), bank.status(paid)) == ("ACSC", "ACSC")
    assert (bank.balance("BREEZE"), bank.balance("COVERS"), bank.engine.state.held) == (10_000, 0, {})
    [told] = bank.told("payment_status")
    assert told.status == "ACSC"


def test_a_cover_that_is_here_already_lets_the_payment_settle() -> None:
    bank = Bank(COVERED)
    cover(bank)
    bank.restart()
    paid = bank.pay()
    assert (bank.status(paid), bank.balance("COVERS")) == ("ACSC", 0)


def test_a_cover_pays_for_one_payment_only() -> None:
    bank = Bank(COVERED)
    cover(bank)
    first = bank.pay()
    data = ISO.encode([transfer(1)], "pacs.008.001.08", _writing()).data
    again = bank.put(data, "other").statuses[0].payment_id
    assert (bank.status(first), bank.status(again), bank.balance("BREEZE")) == ("ACSC", "PDNG", 10_000)


def _writing() -> object:
    from gateway.ports import Writing

    return Writing("AGAIN", 0, THEM, US)


def test_a_cover_of_another_amount_covers_nothing() -> None:
    bank = Bank(COVERED)
    paid = bank.pay()
    cover(bank, cents=9_999)
    assert bank.status(paid) == "PDNG"


def test_each_half_may_wait_for_the_other() -> None:
    for first_half in ("cover", "payment"):
        bank = Bank(BOTH)
        if first_half == "cover":
            paying = cover(bank)
            assert (bank.status(paying), bank.balance("COVERS")) == ("PDNG", 0)
            paid = bank.pay()
        else:
            paid = bank.pay()
            assert bank.status(paid) == "PDNG"
            paying = cover(bank)
        assert (bank.status(paying), bank.status(paid)) == ("ACSC", "ACSC")
        assert (bank.balance("BREEZE"), bank.balance("COVERS")) == (10_000, 0)


def test_a_person_may_release_without_a_cover() -> None:
    bank = Bank(COVERED.replace("debit: COVERS, credit: creditor", "debit: NOSTRO, credit: creditor"))
    paid = bank.pay()
    assert bank.operate("release", paid).statuses[0].code == "ACSC"
    assert bank.status(paid) == "ACSC"
