"""The matching of ACH returns, among a few thousand entries; ach_returns.py does the same among a million."""

from __future__ import annotations

from tests.conformance.ach_returns import run


def test_returns_give_back_the_payments_that_they_were_built_from() -> None:
    result = run(4_000, 400, 7)
    assert (result.missed, result.wrong) == (0, 0)
    assert result.matched > 350
    assert result.strangers
