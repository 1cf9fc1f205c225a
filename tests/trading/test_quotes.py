"""Quotes: given at the configured rate, dealt on once, at that rate only."""

from __future__ import annotations

import pytest

from gateway.config.load import ConfigErrors
from tests.trading.floor import AT_ONCE, BY_VENUE, STAMP, Fields, Floor

RATES = "rates: {EUR/USD: {bid: 1.0700, ask: 1.0702, valid_s: 10, max: 5_000_000}, EUR/GBP: {ask: 0.86, max: 1000}}"
ASK = "131=R1|146=1|55=EUR/USD|{}"


def quoting(routes: str = AT_ONCE) -> Floor:
    return Floor(routes, RATES)


def quote(floor: Floor, more: str = "38=1000|", session: str = "CLIENT1") -> Fields:
    return floor.answer("R", ASK.format(more), session)


def deal(floor: Floor, id: str, quote_id: str, session: str = "CLIENT1", **changes: str) -> Fields:
    """An order that takes a quote."""
    fields = {"54": "1", "38": "1000", "44": "1.0702", "55": "EUR/USD"} | {k.strip("_"): v for k, v in changes.items()}
    body = "".join(f"{tag}={value}|" for tag, value in fields.items())
    return floor.answer("D", f"11={id}|21=1|40=D|117={quote_id}|60={STAMP}|{body}", session)


def test_a_quote_is_given_and_dealt_on_once() -> None:
    floor = quoting()
    given = quote(floor)
    assert [given[t] for t in ("35", "131", "132", "133", "134", "135", "15")] == [
        "S", "R1", "1.0700", "1.0702", "1000.00", "1000.00", "EUR",
    ]  # fmt: skip
    assert given["62"] == "20260921-14:13:30.000"
    floor.restart()
    assert deal(floor, "A", given["117"])["39"] == "2"
    assert floor.position() == (1000, -1071)
    again = deal(floor, "B", given["117"])
    assert (again["39"], again["103"]) == ("8", "6")
    assert floor.position() == (1000, -1071)


@pytest.mark.parametrize(
    ("changes", "session", "wait_s"),
    [
        ({"_44": "1.0701"}, "CLIENT1", 0),
        ({"_44": "1.0700"}, "CLIENT1", 0),
        ({"_54": "2"}, "CLIENT1", 0),
        ({"_38": "1000.01"}, "CLIENT1", 0),
        ({"_55": "EUR/GBP"}, "CLIENT1", 0),
        ({}, "CLIENT2", 0),
        ({}, "CLIENT1", 10.001),
    ],
)
def test_a_quote_is_dealt_on_as_it_is_or_not_at_all(changes: dict[str, str], session: str, wait_s: float) -> None:
    floor = quoting()
    given = quote(floor)
    floor.wait(wait_s)
    told = deal(floor, "A", given["117"], session, **changes)
    assert (told["150"], told["39"]) == ("8", "8")
    assert floor.position() == (0, 0)


def test_a_quote_holds_until_its_last_moment() -> None:
    floor = quoting()
    given = quote(floor)
    floor.wait(9.9)
    assert deal(floor, "A", given["117"], _38="999", _54="2", _44="1.07")["39"] == "2"
    assert floor.position() == (-999, 1068)


def test_a_refused_deal_leaves_the_quote() -> None:
    floor = quoting()
    given = quote(floor, "", "CLIENT2")
    assert deal(floor, "A", given["117"], "CLIENT2", _38="999999")["39"] == "8"
    assert deal(floor, "B", given["117"], "CLIENT2", _38="10")["39"] == "2"


def test_a_hit_deals() -> None:
    floor = quoting()
    given = quote(floor)
    hit = f"693=H1|117={given['117']}|694=1|55=EUR/USD|54=1|38=1000|44=1.0702|60={STAMP}|"
    told = floor.answer("AJ", hit)
    assert [told[tag] for tag in ("35", "11", "39", "31")] == ["8", "H1", "2", "1.0702"]
    assert floor.position() == (1000, -1071)
    assert floor.answer("AJ", hit.replace("693=H1", "693=H2"))["39"] == "8"


def test_a_hit_without_its_terms_is_asked_for_them() -> None:
    told = quoting().answer("AJ", "693=H1|117=Q1|694=1|55=EUR/USD|54=1|38=1000|")
    assert (told["35"], told["372"], told["380"]) == ("j", "AJ", "5")


def test_quotes_given_back_are_not_dealt_on() -> None:
    floor = quoting()
    first, second, third = (quote(floor)["117"] for _ in range(3))
    assert floor.answers("AJ", f"693=H|117={first}|694=6|55=EUR/USD|") == []
    assert floor.answers("Z", f"117={second}|298=1|") == []
    assert floor.answer("Z", f"117={second}|298=1|")["35"] == "j"
    for name in (first, second):
        assert deal(floor, f"A{name}", name)["39"] == "8"
    floor.restart()
    assert floor.answers("Z", "117=x|298=4|") == []
    assert deal(floor, "B", third)["39"] == "8"
    assert deal(floor, "C", quote(floor)["117"])["39"] == "2"


def test_a_counter_offer_leaves_the_quote() -> None:
    floor = quoting()
    given = quote(floor)
    assert floor.answer("AJ", f"693=H|117={given['117']}|694=2|55=EUR/USD|44=1.06|")["35"] == "j"
    assert deal(floor, "A", given["117"])["39"] == "2"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("131=R1|146=1|55=USD/EUR|", "1"),
        ("131=R1|146=1|55=EURUSD|", "1"),
        ("131=R1|146=1|55=EUR/USD|38=5000000.01|", "3"),
        ("131=R1|146=1|55=EUR/GBP|54=2|", "99"),
    ],
)
def test_what_cannot_be_quoted(body: str, reason: str) -> None:
    told = quoting().answer("R", body)
    assert (told["35"], told["131"], told["658"]) == ("AG", "R1", reason)


def test_a_wrong_count_is_the_sessions_to_reject() -> None:
    told = quoting().answer("R", "131=R1|146=2|55=EUR/USD|")
    assert (told["35"], told["372"], told["373"]) == ("3", "R", "16")


def test_several_symbols_are_several_quotes() -> None:
    told = quoting().answers("R", "131=R1|146=2|55=EUR/USD|38=10|55=EUR/GBP|54=1|")
    assert [(one["55"], one.get("132"), one["133"]) for one in told] == [
        ("EUR/USD", "1.0700", "1.0702"),
        ("EUR/GBP", None, "0.86"),
    ]


def test_a_quoted_deal_is_ours_also_where_orders_go_to_a_venue() -> None:
    floor = quoting(BY_VENUE)
    assert deal(floor, "A", quote(floor)["117"])["39"] == "2"
    assert floor.sent("VENUE") == []


@pytest.mark.parametrize(
    "rates",
    ["{EURUSD: {bid: 1, max: 1}}", "{EUR/USD: {max: 1}}", "{EUR/USD: {bid: 2, ask: 1, max: 1}}", "{EUR/USD: {bid: 1}}"],
)
def test_rates_that_cannot_be(rates: str) -> None:
    with pytest.raises(ConfigErrors, match="rates"):
        Floor(top=f"rates: {rates}")
