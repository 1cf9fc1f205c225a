"""Securities: delivery versus payment, in whole or declared parts of units."""

from __future__ import annotations

import pytest

from gateway.config.load import ConfigErrors
from gateway.model import Money, is_security
from tests.trading.floor import AT_ONCE, STAMP, Fields, Floor

BOND = "ZZ00BOND0013"
SHARE = "ZZ00SHARE018"
TOP = f"securities: {{{BOND}: {{decimals: 2}}, {SHARE}: {{}}}}"
ACCOUNTS = "\n".join(
    f"    - {{id: {owner}-{isin}, currency: {isin}, {rest}}}"
    for isin in (BOND, SHARE)
    for owner, rest in (("HOUSE", "floor: none"), ("CLIENT1", "floor: 0"), ("CLIENT2", "floor: 0"))
)


def trading() -> Floor:
    return Floor(AT_ONCE, TOP, ACCOUNTS)


def order(
    floor: Floor, id: str, quantity: str, price: str, side: str = "1", more: str = "", isin: str = BOND
) -> Fields:
    body = f"11={id}|21=1|38={quantity}|40=2|44={price}|54={side}|55=[N/A]|48={isin}|22=4|15=EUR|60={STAMP}|{more}"
    return floor.answer("D", body)


def test_delivery_versus_payment() -> None:
    floor = trading()
    told = order(floor, "A", "100.25", "99.5", more="423=1|")
    assert [told[t] for t in ("39", "55", "48", "22", "15", "14", "6")] == [
        "2", BOND, BOND, "4", "EUR", "100.25", "99.5",
    ]  # fmt: skip
    assert floor.balance(f"CLIENT1-{BOND}", BOND) == 100_250_000
    assert floor.balance("CLIENT1-EUR") == 100_000_000 - 9975
    floor.restart()
    assert order(floor, "B", "100.26", "99.5", "2", "423=1|")["103"] == "3", "more than is held"
    assert order(floor, "C", "100.25", "2", "2")["39"] == "2"
    assert floor.balance("CLIENT1-EUR") == 100_000_000 - 9975 + 20_050


def test_by_symbol_and_per_unit() -> None:
    floor = trading()
    body = f"11=A|21=1|38=3|40=2|44=12.345|54=1|55={SHARE}|15=EUR|60={STAMP}|"
    assert floor.answer("D", body)["39"] == "2"
    assert floor.balance("CLIENT1-EUR") == 100_000_000 - 3704


@pytest.mark.parametrize(
    ("quantity", "isin", "more", "reason"),
    [
        ("1.001", BOND, "", "13"),
        ("1.5", SHARE, "", "13"),
        ("1", "ZZ00SHARE026", "", "1"),
        ("1", "ZZ00SHARE019", "", "1"),
        ("1", BOND, "423=3|", "11"),
        ("0", BOND, "", "13"),
    ],
)
def test_what_is_not_traded(quantity: str, isin: str, more: str, reason: str) -> None:
    told = order(trading(), "A", quantity, "100", more=more, isin=isin)
    assert (told["39"], told["103"]) == ("8", reason)


def test_an_isin_has_a_check_digit() -> None:
    assert is_security(BOND)
    assert is_security(SHARE)
    assert not is_security("ZZ00BOND0014")
    assert not is_security("EUR")
    assert Money.parse(BOND, "1.5") == Money(BOND, 1_500_000)
    assert Money(BOND, 1_500_000).text() == "1.5"
    assert Money(BOND, 100_000_000).text() == "100"


@pytest.mark.parametrize(
    ("top", "accounts"),
    [
        ("securities: {ZZ00BOND0014: {}}", ""),
        ("securities: {EUR: {}}", ""),
        ("", f"    - {{id: X, currency: {BOND}}}"),
    ],
)
def test_securities_that_cannot_be(top: str, accounts: str) -> None:
    with pytest.raises(ConfigErrors):
        Floor(top=top, accounts=accounts)
