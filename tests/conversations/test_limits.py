"""Until when a scheme allows what, counted by its calendar."""

from __future__ import annotations

import pytest

from gateway.conversations.limits import last_day
from gateway.formats.sepa.exceptions import Limit
from tests.conversations.bank import DAY_S, PLAIN, Bank

SEPA = {"service_level": ("SEPA",), "settlement_method": "CLRG"}
RETURNING = PLAIN.replace("credit: creditor}", "credit: creditor}\n    recall: {do: return}")


@pytest.mark.parametrize(
    ("start", "limit", "last"),
    [
        ("2026-11-23", Limit(3, "banking_days"), "2026-11-26"),
        ("2026-12-23", Limit(3, "banking_days"), "2026-12-29"),  # Christmas Day, then a weekend
        ("2026-04-02", Limit(1, "banking_days"), "2026-04-07"),  # Good Friday to Easter Monday
        ("2026-01-30", Limit(56, "calendar_days"), "2026-03-27"),
        ("2026-01-31", Limit(13, "months"), "2027-02-28"),
        ("2026-12-15", Limit(12, "months"), "2027-12-15"),
    ],
)
def test_the_last_day(start: str, limit: Limit, last: str) -> None:
    assert last_day(start, limit) == last


def test_a_return_is_in_time_for_three_banking_days() -> None:
    for days, code in ((3, ""), (4, "after-limit")):
        bank = Bank()
        paid = bank.pay(onward=True, **SEPA)
        bank.wait(days * DAY_S)
        back = bank.give_back().statuses[0]
        assert (back.refusal_code, bank.status(paid)) == (code, "ACSC" if code else "RTRN")


def test_a_recall_has_ten_banking_days_and_one_for_fraud_thirteen_months() -> None:
    for days, reason, code in (
        (14, "DUPL", "ACSC"),
        (15, "DUPL", "RJCT"),
        (300, "FRAD", "ACSC"),
        (400, "FRAD", "RJCT"),
    ):
        bank = Bank(RETURNING)
        bank.pay(**SEPA)
        bank.wait(days * DAY_S)
        case = bank.recall(reason=reason).statuses[0]
        assert case.code == code, (days, reason, case.text)
        assert case.reason == ("" if code == "ACSC" else "NARR")
