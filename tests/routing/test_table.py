"""The compiled table against a plain reading of the conditions."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model import Agent, Money, Order, Payment, Record
from gateway.routing import table as subject
from gateway.routing.route import Amount, Refuse, Route, When
from gateway.routing.table import Table
from tests.routing.records import ENDPOINTS, SESSIONS, TYPES, records, tables, takes

REFUSE = Refuse("AG01", "no")


def transfer(minor: int, currency: str = "EUR", bic: str = "") -> Payment:
    return Payment("credit_transfer", Money(currency, minor), creditor_agent=Agent(bic=bic) if bic else None)


def table(*conditions: When) -> Table:
    return Table([Route(str(place), when, refuse=REFUSE) for place, when in enumerate((*conditions, When()))])


@settings(max_examples=400)
@given(
    tables,
    st.lists(records, min_size=1, max_size=8),
    st.sampled_from(ENDPOINTS),
    st.sampled_from(TYPES),
    st.sampled_from(SESSIONS),
)
def test_the_table_takes_the_first_route_that_a_plain_reading_takes(
    routes: list[Route], some: list[Record], endpoint: str, type: str, session: str
) -> None:
    compiled = Table(routes)
    for record in some:
        plain = next(route for route in routes if takes(route.when, record, endpoint, type, session))
        assert compiled.match(record, endpoint, type, session) is plain
        verdicts = compiled.explain(record, endpoint, type, session)
        assert [verdict.matched for verdict in verdicts] == [False] * (len(verdicts) - 1) + [True]
        assert verdicts[-1].route == plain.name


def test_first_match_wins() -> None:
    both = table(When(currency=("EUR",)), When(kind=("credit_transfer",)))
    assert both.match(transfer(1), "a", "t", "").name == "0"
    assert both.match(transfer(1, "USD"), "a", "t", "").name == "1"
    assert both.match(Order("1", "EUR/USD", "buy", Money("USD", 1), None), "a", "t", "").name == "2"


@pytest.mark.parametrize(
    ("currency", "minor", "route"),
    [
        ("EUR", 1000, "0"),
        ("EUR", 1001, "1"),
        ("EUR", 999, "0"),
        ("JPY", 10, "0"),
        ("JPY", 11, "1"),
        ("KWD", 10_000, "0"),
        ("KWD", 10_001, "1"),
    ],
)
def test_amounts_are_in_units_of_whichever_currency(currency: str, minor: int, route: str) -> None:
    assert table(When(amount=Amount(lte=Decimal(10)))).match(transfer(minor, currency), "a", "t", "").name == route


@pytest.mark.parametrize(
    ("bounds", "taken"),
    [
        (Amount(lt=Decimal("10.005")), [999, 1000]),
        (Amount(lte=Decimal("10.005")), [999, 1000]),
        (Amount(lt=Decimal(10)), [999]),
        (Amount(gt=Decimal("9.995")), [1000, 1001]),
        (Amount(gte=Decimal("9.995")), [1000, 1001]),
        (Amount(gt=Decimal(10)), [1001]),
        (Amount(gte=Decimal(10), lte=Decimal(10)), [1000]),
        (Amount(gt=Decimal(10), lt=Decimal(10)), []),
    ],
)
def test_bounds_between_minor_units(bounds: Amount, taken: list[int]) -> None:
    compiled = table(When(amount=bounds))
    assert [minor for minor in (999, 1000, 1001) if compiled.match(transfer(minor), "a", "t", "").name == "0"] == taken


def test_agents_match_by_their_beginning() -> None:
    compiled = table(When(creditor_agent=("FINODEHH",)), When(creditor_agent=("FINO*",)), When(creditor_agent=("*",)))
    bics = ("FINODEHHXXX", "FINOFRPP", "BANKUS33", "")
    found = [compiled.match(transfer(1, bic=bic), "a", "t", "").name for bic in bics]
    assert found == ["0", "1", "2", "3"]


def test_texts_looked_up_are_remembered_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "REMEMBERED_MAX", 4)
    compiled = table(When(creditor_agent=("FINO",)))
    for number in range(100):
        assert compiled.match(transfer(1, bic=f"FINO{number}"), f"e{number}", f"t{number}", f"s{number}").name == "0"
        assert compiled.match(transfer(1, bic=f"BANK{number}"), "a", "t", "").name == "1"
    columns = [compiled._endpoint, compiled._type, *(column for _, column in compiled._plans[Payment].double)]
    assert all(len(column) <= 4 for column in columns)


def test_many_routes() -> None:
    rng = random.Random(7)
    compiled = table(
        *(When(creditor_agent=(f"B{place:04d}",), amount=Amount(lt=Decimal(place + 1))) for place in range(2_000))
    )
    for _ in range(200):
        place = rng.randrange(2_000)
        assert compiled.match(transfer(100 * place, bic=f"B{place:04d}XXX"), "a", "t", "").name == str(place)
        assert compiled.match(transfer(100 * (place + 1), bic=f"B{place:04d}XXX"), "a", "t", "").name == "2000"


def test_a_table_ends_with_a_route_for_everything() -> None:
    with pytest.raises(AssertionError, match="the last route takes everything"):
        Table([Route("one", When(currency=("EUR",)), refuse=REFUSE)])
