"""Why a route does not take a record, as an operator reads it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from gateway.model import Account, Address, Agent, Money, Operation, Order, Party, Payment
from gateway.routing.explain import judge
from gateway.routing.route import Amount, Refuse, Route, When

PAYMENT = Payment(
    "credit_transfer",
    Money("USD", 10_000_001),
    scheme="swift",
    debtor=Party("A", Address(country="DE")),
    debtor_account=Account("DE23999900000000000101", "IBAN"),
    creditor_agent=Agent("FINOFRPP", "", "30001"),
    purpose="SALA",
    category_purpose="SUPP",
)
ORDER = Order("1", "EUR/USD", "buy", Money("EUR", 500), None, account="A1")


def _why(when: When, record: Payment | Order | Operation = PAYMENT) -> str:
    return str(judge(Route("r", when, refuse=Refuse("AG01", "no")), record, "bank_x", "MT103", "S1"))


@pytest.mark.parametrize(
    ("when", "sentence"),
    [
        (When(), "r: takes everything"),
        (When(currency=("USD",)), "r: takes it: currency agrees"),
        (When(currency=("USD",), amount=Amount(gt=Decimal(5))), "r: takes it: currency, amount agree"),
        (When(currency=("EUR",)), "r: currency is USD, the route takes EUR"),
        (
            When(currency=("EUR",), scheme=("ach",)),
            "r: scheme is swift, the route takes ach; currency is USD, the route takes EUR",
        ),
        (When(creditor_country=("DE", "FR")), "r: takes it: creditor_country agrees"),
        (When(debtor_agent=("FINO",)), "r: debtor_agent is not given, the route takes what begins with FINO"),
        (
            When(creditor_agent=("BANK",)),
            "r: creditor_agent is FINOFRPP and 30001, the route takes what begins with BANK",
        ),
        (When(purpose=("PENS",)), "r: purpose is SALA and SUPP, the route takes PENS"),
        (When(amount=Amount(lte=Decimal(100_000))), "r: amount is 100000.01 USD, the route takes at most 100000"),
        (
            When(amount=Amount(gte=Decimal("1E+6"), lt=Decimal("2e6"))),
            "r: amount is 100000.01 USD, the route takes below 2000000 and at least 1000000",
        ),
        (
            When(endpoint=("csm",), type=("pacs.008*",), session=("S2",)),
            "r: endpoint is bank_x, the route takes csm; type is MT103, the route takes pacs.008*; session is S1, the route"
            " takes S2",
        ),
        (
            When(currency=tuple("EUR CHF SEK NOK DKK PLN CZK HUF".split())),
            "r: currency is USD, the route takes EUR, CHF, SEK, NOK, DKK, PLN or one of 2 more",
        ),
    ],
)
def test_payments(when: When, sentence: str) -> None:
    assert _why(when) == sentence


def test_orders() -> None:
    assert _why(When(side=("sell",)), ORDER) == "r: side is buy, the route takes sell"
    assert _why(When(debtor_country=("DE",)), ORDER) == "r: debtor_country is not given, the route takes DE"
    assert _why(When(kind=("order",), debtor_account=("A1",)), ORDER) == "r: takes it: kind, debtor_account agree"


def test_operations() -> None:
    operation = Operation("release", "17")
    assert _why(When(amount=Amount(gt=Decimal(0))), operation) == "r: amount is not given, the route takes above 0"


@pytest.mark.parametrize(
    ("party", "account", "agent", "country"),
    [
        (
            Party(address=Address(country="FR"), country_of_residence="DE"),
            Account("IT1", "IBAN"),
            Agent("FINOUS33"),
            "FR",
        ),
        (Party(address=Address(), country_of_residence="DE"), Account("IT1", "IBAN"), Agent("FINOUS33"), "DE"),
        (Party(), Account("IT1", "IBAN"), Agent("FINOUS33"), "IT"),
        (None, Account("IT1", "BBAN"), Agent("FINOUS33"), "US"),
        (None, None, Agent("FINOUS33", address=Address(country="GB")), "GB"),
    ],
)
def test_where_a_country_comes_from(party: Party | None, account: Account | None, agent: Agent, country: str) -> None:
    payment = Payment("credit_transfer", Money("EUR", 1), debtor=party, debtor_account=account, debtor_agent=agent)
    assert _why(When(debtor_country=(country,)), payment) == "r: takes it: debtor_country agrees"


def test_between_institutions() -> None:
    payment = Payment(
        "fi_transfer", Money("EUR", 1), creditor_institution=Agent("FINOFRPP"), debtor_agent=Agent("FINODEHH")
    )
    when = When(creditor_agent=("FINOFR",), creditor_country=("FR",), debtor_agent=("FINODE",))
    assert _why(when, payment).endswith("agree")
