"""Routes that are never reached: only those that really are not."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model import Record
from gateway.routing.cover import hidden
from gateway.routing.route import Amount, When
from tests.routing.records import ENDPOINTS, SESSIONS, TYPES, records, takes, whens

EUR = ("EUR",)


def _upto(text: str) -> Amount:
    return Amount(lte=Decimal(text))


@settings(max_examples=300)
@given(
    st.lists(whens, max_size=12),
    st.lists(records, max_size=8),
    st.sampled_from(ENDPOINTS),
    st.sampled_from(TYPES),
    st.sampled_from(SESSIONS),
)
def test_what_is_hidden_is_taken_above(
    conditions: list[When], some: list[Record], endpoint: str, type: str, session: str
) -> None:
    for narrow, wide in hidden(conditions).items():
        assert wide < narrow
        for record in some:
            if takes(conditions[narrow], record, endpoint, type, session):
                assert takes(conditions[wide], record, endpoint, type, session)


@pytest.mark.parametrize(
    ("wider", "narrower"),
    [
        (When(), When()),
        (When(), When(currency=EUR)),
        (When(currency=EUR), When(currency=EUR)),
        (When(currency=("USD", "EUR")), When(currency=EUR, scheme=("ach",))),
        (When(type=("pain.*",)), When(type=("pain.001.001.09", "pain.008*"))),
        (When(debtor_agent=("FINO",)), When(debtor_agent=("FINODEHH", "FINOFR*"))),
        (When(symbol=("*",)), When(symbol=("EUR/USD",))),
        (When(amount=_upto("5")), When(amount=_upto("5"))),
        (When(amount=_upto("5")), When(amount=Amount(lt=Decimal(5)))),
        (When(amount=Amount(gt=Decimal(1))), When(amount=Amount(gte=Decimal(2), lte=Decimal(9)))),
        (When(amount=Amount(gte=Decimal(1))), When(amount=Amount(gt=Decimal(1)))),
    ],
)
def test_hidden(wider: When, narrower: When) -> None:
    assert hidden([wider, narrower]) == {1: 0}
    assert hidden([When(currency=("CHF",)), wider, narrower])[2] == 1


@pytest.mark.parametrize(
    ("above", "below"),
    [
        (When(currency=EUR), When()),
        (When(currency=EUR), When(currency=("EUR", "USD"))),
        (When(currency=EUR), When(scheme=("ach",))),
        (When(type=("pain.001.001.09",)), When(type=("pain*",))),
        (When(debtor_account=("DE1",)), When(debtor_account=("DE1*",))),
        (When(debtor_agent=("FINODEHH",)), When(debtor_agent=("FINO",))),
        (When(amount=_upto("5")), When()),
        (When(amount=_upto("5")), When(amount=_upto("6"))),
        (When(amount=Amount(lt=Decimal(5))), When(amount=_upto("5"))),
        (When(amount=Amount(gt=Decimal(1))), When(amount=Amount(gte=Decimal(1)))),
        (When(amount=Amount(gt=Decimal(1), lt=Decimal(5))), When(amount=Amount(gt=Decimal(1)))),
    ],
)
def test_not_hidden(above: When, below: When) -> None:
    assert hidden([above, below]) == {}
