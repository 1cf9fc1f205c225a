"""Each check alone, and a policy of several."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from gateway import compliance
from gateway.compliance import kyc_level, limits, report_above, screen
from gateway.model import Account, Address, Agent, Birth, Identification, Money, Operation, Order, Party, Payment
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


@pytest.mark.parametrize(
    "options",
    [
        {"EUX": Decimal(1)},
        {"EUR": Decimal("1.001")},
        {"EUR": Decimal(-1)},
        {"EUR": Decimal("NaN")},
        {"EUR": Decimal("1E30")},
    ],
)
def test_a_limit_that_is_no_amount_is_an_error_of_the_operator(options: dict[str, Decimal]) -> None:
    with pytest.raises(ValueError):
        limits.build(options, Path())


@pytest.mark.parametrize(("minor", "recorded"), [(10_000_00, False), (10_000_01, True)])
def test_exactly_the_threshold_is_not_above_it(minor: int, recorded: bool) -> None:
    found = report_above.build({"USD": Decimal(10_000)}, Path())([payment(minor, "USD")])
    assert [(f.outcome, f.code) for _, f in found] == ([("record", "report-threshold")] if recorded else [])


@pytest.mark.parametrize(
    ("options", "refused"),
    [({"EUR": 9}, True), ({"EUR": 10}, False), ({"USD": 10}, True), ({"EUR": 10, "USD": 11}, False)],
)
def test_orders_are_limited_by_what_they_buy_and_what_they_sell(options: dict[str, int], refused: bool) -> None:
    order = Order("A", "EUR/USD", "buy", Money("EUR", 10_00), Money("USD", 11_00))
    check = limits.build({currency: Decimal(units) for currency, units in options.items()}, Path())
    assert bool(check([order])) is refused


def test_operations_have_no_amount_and_no_names() -> None:
    records = [Operation("open_account", "A-1", "EUR", 10**12)]
    assert limits.build({"EUR": Decimal(1)}, Path())(records) == []
    assert screen.build(screen.Options(DEMO), ROOT)(records) == []


def test_limits_are_told_as_amounts() -> None:
    [(_, finding)] = limits.build({"JPY": Decimal("1E+6")}, Path())([payment(1_000_001, "JPY")])
    assert finding.text == "above the limit of 1000000 JPY"


ALMA = Account("A-1")
IBAN = Account("FI3199910000000005", "IBAN")
TOWN = Address(town="Otterton", country="DE")
STREET = Address(street="Pier Street", building_number="1", town="Otterton", country="DE")
DOCUMENT = (Identification("P1234567", "CCPT", private=True),)
BORN = Birth("1980-02-29", "Otterton", "DE")


@pytest.mark.parametrize(
    ("level", "fields"),
    [
        ("none", {}),
        ("none", {"debtor": Party("Alma")}),
        ("none", {"debtor": Party("Alma"), "debtor_account": ALMA}),
        ("simplified", {"debtor": Party("Alma"), "debtor_account": IBAN}),
        ("simplified", {"debtor": Party("Alma", TOWN), "debtor_account": ALMA}),
        ("simplified", {"debtor": Party("Alma", birth=BORN), "debtor_account": ALMA}),
        ("standard", {"debtor": Party("Alma", TOWN, birth=BORN), "debtor_account": ALMA}),
        ("standard", {"debtor": Party("Alma", TOWN, ids=DOCUMENT), "debtor_account": ALMA}),
        ("standard", {"debtor": Party("Alma", STREET, ids=DOCUMENT, birth=BORN), "debtor_account": ALMA}),
        (
            "enhanced",
            {"debtor": Party("Alma", STREET, ids=DOCUMENT, birth=BORN), "debtor_account": ALMA, "purpose": "SALA"},
        ),
        (
            "enhanced",
            {"debtor": Party("Alma Ltd", STREET, lei="X" * 20), "debtor_account": ALMA, "remittance": ("Rent",)},
        ),
        ("enhanced", {"debtor_institution": Agent("FINODEHHXXX")}),
        ("none", {"debtor_institution": Agent(name="Some Bank")}),
    ],
)
def test_tiers(level: str, fields: dict[str, object]) -> None:
    one = payment(**fields)
    assert kyc_level.level(one) == level
    for minimum in kyc_level.LEVELS:
        found = kyc_level.build(kyc_level.Options(minimum), Path())([one])  # type: ignore[arg-type]
        low = kyc_level.LEVELS.index(level) < kyc_level.LEVELS.index(minimum)
        assert [(f.outcome, f.code) for _, f in found] == ([("hold", "kyc-level")] if low else [])


@pytest.mark.parametrize(
    ("fields", "reason", "missing"),
    [
        ({}, "RR02", "name"),
        ({"debtor": Party("Alma")}, "RR01", "account"),
        ({"debtor": Party("Alma"), "debtor_account": ALMA}, "RR02", "country"),
        ({"debtor": Party("Alma"), "debtor_account": IBAN}, "RR02", "address"),
        ({"debtor": Party("Alma", TOWN), "debtor_account": ALMA}, "RR01", "date of birth"),
    ],
)
def test_the_sender_is_told_what_is_missing(fields: dict[str, object], reason: str, missing: str) -> None:
    [(_, finding)] = kyc_level.build(kyc_level.Options("standard"), Path())([payment(**fields)])
    assert finding.reason == reason
    assert finding.text.partition("missing: ")[2].startswith(missing)


def test_what_goes_back_is_not_asked_who_pays() -> None:
    back = Payment("return", Money("EUR", 1))
    assert kyc_level.build(kyc_level.Options("enhanced"), Path())([back]) == []


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
    assert finding.text == "held for review", "the sender must not learn of the hit"
    assert finding.detail.startswith("debtor ~ sdn entry 10")


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


def test_of_several_hits_the_best_is_told() -> None:
    both = payment(debtor=Party("Obsidian Kestrl Shipping"), creditor=Party("PELAGIC ORCHID TRADING FZE"))
    [(_, finding)] = screen.build(screen.Options(DEMO), ROOT)([both])
    assert finding.detail.startswith("creditor ~ sdn entry 1006: PELAGIC ORCHID TRADING FZE (entity, DEMO-SEA); ")
    assert finding.score == 1.0


def test_only_the_parties_asked_for_are_screened() -> None:
    check = screen.build(screen.Options(DEMO, parties=("creditor",)), ROOT)
    listed = Party("Black Heron Logistics GmbH")
    assert [place for place, _ in check([payment(debtor=listed), payment(creditor=listed)])] == [1]


def test_a_list_on_trial_only_records() -> None:
    check = screen.build(screen.Options(DEMO, hold=False), ROOT)
    [(_, finding)] = check([payment(debtor=Party("Black Heron Logistics GmbH"))])
    assert (finding.outcome, finding.code) == ("record", "sanctions-hit")


def test_the_threshold_decides() -> None:
    near = [payment(debtor=Party("Qasimof Elnur"))]
    found = screen.build(screen.Options(DEMO, 0.7), ROOT)(near)
    assert found
    assert screen.build(screen.Options(DEMO, 1.0), ROOT)(near) == []


def test_same_records_same_findings() -> None:
    records = [payment(debtor=Party(name)) for name in ("Black Heron", "Alma Dachsberg", "Elnur Farid Qasimov") * 50]
    check = screen.build(screen.Options(DEMO), ROOT)
    assert check(records) == check(records) == screen.build(screen.Options(DEMO), ROOT)(records)


def test_the_name_in_a_policy_is_the_module() -> None:
    assert compliance.names() == ("kyc_level", "limits", "report_above", "screen")
    assert all(hasattr(compliance.load(name), "Options") for name in compliance.names())
    for unknown in ("_lists", "velocity", ""):
        with pytest.raises(ValueError, match="no check"):
            compliance.load(unknown)


def test_a_policy_answers_for_each_record() -> None:
    policy = compliance.policy("p", {"screen": screen.Options(DEMO), "limits": {"EUR": Decimal(1)}}, ROOT)
    found = policy([payment(50), payment(200, debtor=Party("Black Heron Logistics"))])
    assert [len(one) for one in found] == [0, 2]


def test_a_list_that_is_not_there_is_said_with_the_policy() -> None:
    with pytest.raises(ValueError, match=r"policies\.p\.screen: no such list"):
        compliance.policy("p", {"screen": screen.Options(("nowhere.csv",))}, ROOT)


def test_the_command_says_why() -> None:
    [hit] = compliance.screen_names(["Obsidian Kestrl Shipping", "Alma Dachsberg"], [str(ROOT / "lists")], 0.8)
    assert hit["name"] == "Obsidian Kestrl Shipping"
    assert (hit["entry"], hit["list"], hit["programme"]) == ("1001", "sdn", "DEMO-SEA")
    assert sorted(hit["why"]) == ["kestrl ~ kestrel 0.94", "obsidian ~ obsidian 1.00", "shipping ~ shipping 1.00"]
