"""Possible resends, and cancel, replace and status of orders that were filled at once or never placed."""

from __future__ import annotations

import pytest

from tests.trading.floor import Floor


def without_times(fields: dict[str, str]) -> dict[str, str]:
    return {tag: value for tag, value in fields.items() if tag != "60"}


def test_a_possible_resend_is_the_same_report_again() -> None:
    floor = Floor()
    first = floor.order("A")
    for _ in range(2):
        again = floor.answer(
            "D", f"11=A|21=1|38=1000|40=2|44=1.1|54=1|55=EUR/USD|60={'20260921-15:00:00'}|", head="97=Y|"
        )
        assert without_times(again) == without_times(first)
        floor.restart()
    assert floor.position() == (1000, -1100)


def test_a_possible_resend_that_was_never_taken_is_an_order() -> None:
    floor = Floor()
    body = "11=A|21=1|38=1000|40=2|44=1.1|54=1|55=EUR/USD|60=20260921-14:13:20|"
    assert floor.answer("D", body, head="97=Y|")["39"] == "2"
    assert floor.position() == (1000, -1100)


@pytest.mark.parametrize("head", ["", "97=N|"])
def test_a_used_name_is_a_duplicate(head: str) -> None:
    floor = Floor()
    floor.order("A")
    again = floor.answer("D", "11=A|21=1|38=1000|40=2|44=1.1|54=1|55=EUR/USD|60=20260921-14:13:20|", head=head)
    assert (again["150"], again["103"]) == ("8", "6")
    assert floor.position() == (1000, -1100)


def test_other_terms_under_a_used_name_are_no_resend() -> None:
    floor = Floor()
    floor.order("A")
    again = floor.answer("D", "11=A|21=1|38=2000|40=2|44=1.1|54=1|55=EUR/USD|60=20260921-14:13:20|", head="97=Y|")
    assert (again["150"], again["103"]) == ("8", "6")


@pytest.mark.parametrize(
    ("type", "body", "response"),
    [
        ("F", "11=B|41={order}|55=EUR/USD|54=1|60=20260921-14:13:20|", "1"),
        ("G", "11=B|41={order}|21=1|38=2000|40=2|44=1.1|54=1|55=EUR/USD|60=20260921-14:13:20|", "2"),
    ],
)
def test_a_filled_or_unknown_order_is_not_changed(type: str, body: str, response: str) -> None:
    floor = Floor()
    filled = floor.order("A")
    late = floor.answer(type, body.format(order="A"))
    assert (late["35"], late["37"], late["39"], late["102"], late["434"]) == ("9", filled["37"], "2", "0", response)
    unknown = floor.answer(type, body.format(order="X"))
    assert (unknown["35"], unknown["37"], unknown["39"], unknown["102"]) == ("9", "NONE", "8", "1")
    assert (unknown["11"], unknown["41"]) == ("B", "X")
    assert floor.position() == (1000, -1100)


def test_the_order_of_another_session_is_unknown() -> None:
    floor = Floor()
    floor.order("A")
    body = "11=B|41=A|55=EUR/USD|54=1|60=20260921-14:13:20|"
    assert floor.answer("F", body, "CLIENT2")["102"] == "1"
    assert floor.answer("F", body, "CLIENT2", head="115=CLIENT1|")["102"] == "1"


def test_status_of_orders() -> None:
    floor = Floor()
    floor.order("A")
    found = floor.answer("H", "11=A|55=EUR/USD|54=1|")
    assert [found[t] for t in ("35", "150", "39", "14", "151", "6")] == ["8", "I", "2", "1000.00", "0.00", "1.1"]
    assert floor.answer("H", f"37={found['37']}|55=EUR/USD|54=1|")["39"] == "2"
    unknown = floor.answer("H", "11=X|55=EUR/USD|54=1|")
    assert [unknown[tag] for tag in ("35", "150", "39", "103", "37")] == ["8", "I", "8", "5", "NONE"]


def test_a_request_that_cannot_be_read_is_answered_its_way() -> None:
    floor = Floor()
    found = floor.answer("G", "11=B|41=A|21=1|38=2000|40=2|44=1.1|54=1|55=EURUSD|60=20260921-14:13:20|")
    assert (found["35"], found["11"], found["41"], found["434"]) == ("9", "B", "A", "2")
    assert floor.answer("F", "11=B|55=EUR/USD|54=1|")["35"] == "j", "9 must name the order"


@pytest.mark.parametrize("type", ["8", "9", "j", "P", "AR", "AG"])
def test_what_answers_us_is_never_answered(type: str) -> None:
    outcome = Floor().say(type, "45=2|372=D|380=0|11=A|17=E|37=1|39=8|150=8|58=no|")
    assert not outcome.answers
    assert [status.code for status in outcome.statuses] == ["ACTC"]


def test_market_data_is_not_served() -> None:
    found = Floor().answer("V", "262=X|263=1|264=1|")
    assert (found["35"], found["372"], found["380"]) == ("j", "V", "3")
