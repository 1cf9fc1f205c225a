"""Each check alone, and a policy of several."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from gateway import compliance
from gateway.compliance import kyc_level, limits, report_above, screen
from gateway.model import Account, Address, Agent, Money, Order, Party, Payment
from tests.support import ROOT

DEMO = ("lists/demo",)


def payment(amount: int = 100, currency: str = "EUR", **fields: object) -> Payment:
    return Payment("credit_transfer", Money(currency, amount), "line 1", **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(("minor", "refused"), [(1_000_00, False), (1_000_01, True)])
def test_a_limit_is_the_highest_amount_allowed(minor: int, refused: bool) -> None:
    found = limits.build({"EUR": Decimal(1000)}, Path())([payment(minor)])
    assert [f.reason for _, f in found] == (["AM02"] if refused else [])


def test_a_currency_without_a_limit_is_not_limited() -> None:
    assert limits.build({"EUR": Decimal(1)}, Path())([payment(10**9, "USD")]) == []


@pytest.mark.parametrize("options", [{"EUX": Decimal(1)}, {"EUR": Decimal("1.001")}, {"EUR": Decimal(-1)}])
def test_a_limit_that_is_no_amount_is_an_error_of_the_operator(options: dict[str, Decimal]) -> None:
    with pytest.raises(ValueError):
        limits.build(options, Path())


@pytest.mark.parametrize(("minor", "recorded"), [(10_000_00, False), (10_000_01, True)])
def test_exactly_the_threshold_is_not_above_it(minor: int, recorded: bool) -> None:
    found = report_above.build({"USD": Decimal(10_000)}, Path())([payment(minor, "USD")])
    assert [(f.outcome, f.code) for _, f in found] == ([("record", "report-threshold")] if recorded else [])


def test_orders_are_limited_by_their_base_quantity() -> None:
    order = Order("A", "EUR/USD", "buy", Money("EUR", 10_00), Money("USD", 11_00))
    assert len(limits.build({"EUR": Decimal(9)}, Path())([order])) == 1


@pytest.mark.parametrize(
    ("debtor", "account", "level"),
    [
        (None, None, "none"),
        (Party("Alma"), None, "none"),
        (Party("Alma"), Account("A"), "simplified"),
        (Party("Alma", Address(country="DE")), Account("A"), "standard"),
        (Party("Alma", Address(country="DE"), lei="X" * 20), Account("A"), "enhanced"),
    ],
)
def test_tiers(debtor: Party | None, account: Account | None, level: str) -> None:
    one = payment(debtor=debtor, debtor_account=account)
    reached = [
        minimum
        for minimum in kyc_level.LEVELS
        if not kyc_level.build(kyc_level.Options(minimum), Path())([one])  # type: ignore[arg-type]
    ]
    assert reached[-1] == level


@pytest.mark.parametrize(
    "name",
    [
        "Obsidian Kestrel Shipping Ltd",
        "OBSIDIAN KESTREL SHIPPING",
        "Shipping Kestrel Obsidian",
        "Obsidiän Kestrel Shipping",
        "Obsidian Kestrl Shipping Limited",
        "Mirko Teodor Varga",
        "Varga Mirko",
        "Jabir Abdalmunif",
        "Аркадий Листопадов",
    ],
)
def test_a_listed_name_is_held_however_it_is_written(name: str) -> None:
    check = screen.build(screen.Options(DEMO), ROOT)
    [(place, finding)] = check([payment(creditor=Party("Somebody Else")), payment(debtor=Party(name))])
    assert (place, finding.outcome, finding.reason) == (1, "hold", "RR04")
    assert finding.score >= 0.8
    assert len(finding.evidence) == 64
    assert "list" not in finding.text, "the sender must not learn of the hit"


@pytest.mark.parametrize(
    "name",
    [
        "Breeze Bakery GmbH",
        "Harbor Light Trading Inc",
        "Kestrel",
        "Shipping Ltd",
        "Obsidian Jewellery",
        "Maria Varga",
        "Black Forest Logistics GmbH",
        "Cobalt Works",
        "",
        " ",
        "-",
        "x" * 10_000,
        "\x00\ud800",
    ],
)
def test_other_names_are_not(name: str) -> None:
    assert screen.build(screen.Options(DEMO), ROOT)([payment(creditor=Party(name))]) == []


def test_institutions_and_the_parties_of_a_cover_are_screened() -> None:
    check = screen.build(screen.Options(DEMO), ROOT)
    listed = Party("Pelagic Orchid Trading FZE")
    assert check([payment(creditor_institution=Agent(name=listed.name))])
    assert check([payment(underlying=payment(creditor=listed))])


def test_a_policy_answers_for_each_record() -> None:
    policy = compliance.policy("p", {"screen": screen.Options(DEMO), "limits": {"EUR": Decimal(1)}}, ROOT)
    found = policy([payment(50), payment(200, debtor=Party("Black Heron Logistics"))])
    assert [len(one) for one in found] == [0, 2]


def test_a_list_that_is_not_there_is_said_with_the_policy() -> None:
    with pytest.raises(ValueError, match=r"policies\.p\.screen: no such list"):
        compliance.policy("p", {"screen": screen.Options(("nowhere.csv",))}, ROOT)


def test_the_command_says_why() -> None:
    [hit] = compliance.screen_names(["Obsidian Kestrel Shipping"], [str(ROOT / "lists" / "demo")], 0.8)[:1]
    assert hit["entry"] == "1001"
    assert hit["why"][0].startswith(("obsidian", "kestrel", "shipping"))
