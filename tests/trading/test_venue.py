"""Orders that a venue works: placed under our own name, settled fill by fill, reported to the client."""

from __future__ import annotations

import pytest
from msgspec import structs

from gateway.config.load import ConfigErrors
from gateway.model import Operation
from gateway.ports import Finding, Inbound
from tests.trading.floor import AT_ONCE, BY_VENUE, STAMP, Fields, Floor


def placed(floor: Floor) -> Fields:
    """What the venue was sent."""
    [found] = floor.sent("VENUE")
    return found


def working(**order: str) -> tuple[Floor, str]:
    """A floor with one order at the venue, and the venue's name for it."""
    floor = Floor(BY_VENUE)
    told = floor.order("A", **order)
    assert (told["35"], told["150"], told["39"]) == ("8", "A", "A")
    return floor, placed(floor)["11"]


def execution(name: str, id: str, type: str = "F", status: str = "1", more: str = "") -> str:
    return f"37=V1|11={name}|17={id}|150={type}|39={status}|55=EUR/USD|54=1|151=0|14=0|6=0|{more}"


def fill(floor: Floor, name: str, id: str, quantity: str, price: str, type: str = "F", more: str = "") -> list[Fields]:
    """The venue reports a fill; what the client hears."""
    floor.venue("8", execution(name, id, type, more=f"32={quantity}|31={price}|{more}"))
    return floor.sent("CLIENT1")


def test_an_order_is_placed_under_a_name_of_ours() -> None:
    floor = Floor(BY_VENUE)
    floor.order("A", more="59=1|")
    found = placed(floor)
    assert found.pop("60")
    assert found == {
        "35": "D",
        "11": "FO9",
        "21": "1",
        "55": "EUR/USD",
        "54": "1",
        "38": "1000.00",
        "40": "2",
        "44": "1.1",
        "15": "EUR",
        "59": "1",
    }
    assert floor.position() == (0, 0)
    floor.venue("8", execution("FO9", "N", "0", "0"))
    [told] = floor.sent("CLIENT1")
    assert [told[tag] for tag in ("35", "11", "150", "39", "151", "14")] == ["8", "A", "0", "0", "1000.00", "0.00"]


def test_fills_settle_and_are_reported() -> None:
    floor, name = working()
    [first] = fill(floor, name, "E1", "400", "1.0900")
    assert floor.position() == (400, -436)
    assert [first[t] for t in ("11", "150", "39", "32", "31", "14", "151", "6")] == [
        "A", "F", "1", "400", "1.0900", "400.00", "600.00", "1.09",
    ]  # fmt: skip
    floor.restart()
    [last] = fill(floor, name, "E2", "600", "1.0850", "2")
    assert floor.position() == (1000, -1087)
    assert [last[t] for t in ("39", "14", "151", "6")] == ["2", "1000.00", "0.00", "1.087"]
    assert first["17"] != last["17"]
    assert not floor.engine.state.book.working
    assert floor.answer("H", "11=A|55=EUR/USD|54=1|")["39"] == "2"


def test_a_report_that_comes_again_does_nothing() -> None:
    floor, name = working()
    fill(floor, name, "E1", "400", "1.09")
    for _ in range(2):
        assert fill(floor, name, "E1", "400", "1.09") == []
        assert fill(floor, name, "E1", "400", "1.09", more="97=Y|") == []
        floor.restart()
    assert floor.position() == (400, -436)


def test_two_reports_in_one_batch_count_once() -> None:
    floor, name = working()
    body = floor.message("8", execution(name, "E1", more="32=400|31=1.09|"), "VENUE")
    floor.run([Inbound("venue", floor.now_ns, body, session="VENUE", type="session")] * 3)
    assert floor.position() == (400, -436)


@pytest.mark.parametrize("client", ["CLIENT1", "CLIENT2"])
def test_only_the_venue_is_believed(client: str) -> None:
    floor, name = working()
    outcome = floor.say("8", execution(name, "E1", more="32=400|31=1.09|"), client)
    assert not outcome.answers
    assert floor.position() == (0, 0)
    assert floor.sent("CLIENT1") == []


def test_unknown_names_are_kept_and_nothing_else() -> None:
    floor, name = working()
    for other in ("A", "FO1", "FO999", "FOx", "", name + "0"):
        assert [s.code for s in floor.venue("8", execution(other, "E1", more="32=1|31=1|")).statuses] == ["ACTC"]
    assert floor.position() == (0, 0)


def test_a_rejected_order_is_closed() -> None:
    floor, name = working()
    floor.venue("8", execution(name, "E1", "8", "8", "103=2|58=closed for today|"))
    [told] = floor.sent("CLIENT1")
    assert [told[tag] for tag in ("150", "39", "103", "58")] == ["8", "8", "2", "closed for today"]
    fill(floor, name, "E2", "1", "1.1")
    assert floor.position() == (0, 0), "a fill of an order that the venue refused waits for people"
    assert len(floor.engine.state.held) == 1


def test_a_venue_that_cannot_take_orders_ends_them() -> None:
    floor, name = working()
    floor.venue("j", f"45=2|372=D|379={name}|380=3|58=no orders here|")
    [told] = floor.sent("CLIENT1")
    assert [told[tag] for tag in ("150", "39", "103", "58")] == ["8", "8", "99", "no orders here"]
    assert not floor.engine.state.book.working


def test_an_order_that_was_held_is_placed_when_it_is_released() -> None:
    floor = Floor(BY_VENUE)
    way = floor.snapshot.ways["fx"]
    hold = Finding("review", "hold", "looked-at", "RR04", "held for review")
    held_way = structs.replace(way, policy=lambda records: [[hold] for _ in records])
    floor.engine.snapshot = structs.replace(floor.snapshot, ways={**floor.snapshot.ways, "fx": held_way})
    assert floor.order("A")["39"] == "A"
    assert floor.sent("VENUE") == []
    floor.restart()
    [id] = floor.engine.state.held
    floor.operate(Operation("release", str(id), by="j.doe", because="known to us"))
    items = [item for item in floor.disk.outbox.values() if item.session == "VENUE"]
    assert [item.type for item in items] == ["D"]
    floor.restart()
    fill(floor, f"FO{id}", "E1", "1000", "1.1")
    assert floor.position() == (1000, -1100)


def test_a_venue_that_is_gone_is_not_asked() -> None:
    floor, _ = working()
    endpoints = {name: one for name, one in floor.snapshot.endpoints.items() if name != "venue"}
    floor.engine.snapshot = structs.replace(floor.snapshot, endpoints=endpoints)
    told = floor.answer("F", f"11=B|41=A|55=EUR/USD|54=1|60={STAMP}|")
    assert (told["35"], told["102"]) == ("9", "99")


def test_a_market_order_is_the_venues_to_price() -> None:
    floor = Floor(BY_VENUE)
    assert floor.answer("D", f"11=A|21=1|38=1000|40=1|54=2|55=EUR/USD|60={STAMP}|")["39"] == "A"
    found = placed(floor)
    assert (found["40"], "44" in found) == ("1", False)
    fill(floor, found["11"], "E1", "1000", "1.0995")
    assert floor.position() == (-1000, 1099)


def test_an_order_without_accounts_is_not_placed() -> None:
    floor = Floor(BY_VENUE)
    told = floor.answer("D", f"11=A|21=1|38=1000|40=2|44=1|54=1|55=GBP/USD|60={STAMP}|")
    assert (told["39"], told["103"]) == ("8", "15")
    assert floor.sent("VENUE") == []


def test_cancel_and_its_answer() -> None:
    floor, name = working()
    fill(floor, name, "E1", "400", "1.09")
    told = floor.answer("F", f"11=B|41=A|55=EUR/USD|54=1|60={STAMP}|")
    assert [told[tag] for tag in ("35", "11", "41", "150", "39")] == ["8", "B", "A", "6", "6"]
    asked = placed(floor)
    assert (asked["35"], asked["41"], asked["54"]) == ("F", name, "1")
    twice = floor.answer("F", f"11=C|41=A|55=EUR/USD|54=1|60={STAMP}|")
    assert (twice["35"], twice["102"]) == ("9", "3")
    floor.restart()
    floor.venue("8", execution(asked["11"], "E2", "4", "4", f"41={name}|"))
    [done] = floor.sent("CLIENT1")
    assert [done[t] for t in ("11", "41", "150", "39", "14", "151")] == ["B", "A", "4", "4", "400.00", "0.00"]
    assert floor.position() == (400, -436)
    late = floor.answer("F", f"11=D|41=A|55=EUR/USD|54=1|60={STAMP}|")
    assert (late["35"], late["39"], late["102"]) == ("9", "4", "0")


def test_a_cancel_that_the_venue_refuses() -> None:
    floor, name = working()
    floor.answer("F", f"11=B|41=A|55=EUR/USD|54=1|60={STAMP}|")
    asked = placed(floor)
    floor.venue("9", f"37=V1|11={asked['11']}|41={name}|39=0|434=1|102=0|58=too late|")
    [told] = floor.sent("CLIENT1")
    assert [told[t] for t in ("35", "11", "41", "39", "434", "102")] == ["9", "B", "A", "0", "1", "0"]
    assert fill(floor, name, "E1", "1000", "1.1")[0]["39"] == "2"


def test_a_replacement_becomes_the_order() -> None:
    floor, name = working()
    fill(floor, name, "E1", "400", "1.09")
    told = floor.answer("G", f"11=B|41=A|21=1|38=2000|40=2|44=1.2|54=1|55=EUR/USD|60={STAMP}|")
    assert [told[tag] for tag in ("150", "39", "11", "41")] == ["E", "E", "B", "A"]
    asked = placed(floor)
    assert [asked[tag] for tag in ("35", "41", "38", "44")] == ["G", name, "2000.00", "1.2"]
    floor.restart()
    floor.venue("8", execution(asked["11"], "E2", "5", "1", f"41={name}|"))
    [done] = floor.sent("CLIENT1")
    assert [done[t] for t in ("11", "41", "150", "39", "38", "151")] == ["B", "A", "5", "1", "2000.00", "1600.00"]
    floor.restart()
    [last] = fill(floor, asked["11"], "E3", "1600", "1.2")
    assert (last["11"], last["39"], last["14"]) == ("B", "2", "2000.00")
    assert floor.position() == (2000, -2356)


def test_replacements_that_cannot_be() -> None:
    floor, name = working()
    fill(floor, name, "E1", "400", "1.09")
    body = "11={}|41=A|21=1|38={}|40=2|44=1.2|54={}|55=EUR/USD|60=" + STAMP + "|"
    assert floor.answer("G", body.format("B", "400", "1"))["102"] == "0"
    assert floor.answer("G", body.format("C", "900", "2"))["102"] == "99"
    assert floor.answer("G", body.format("A", "900", "1"))["102"] == "6"


def test_a_bust_takes_the_fill_back() -> None:
    floor, name = working()
    [first] = fill(floor, name, "E1", "400", "1.09")
    floor.restart()
    floor.venue("8", execution(name, "E2", "H", "0", "19=E1|"))
    [told] = floor.sent("CLIENT1")
    assert [told[t] for t in ("150", "39", "14", "151", "19")] == ["H", "0", "0.00", "1000.00", first["17"]]
    assert floor.position() == (0, 0)
    assert [s.code for s in floor.venue("8", execution(name, "E3", "H", "0", "19=E1|")).statuses] == ["RJCT"]
    assert floor.position() == (0, 0)


def test_a_correction_books_anew() -> None:
    floor, name = working()
    fill(floor, name, "E1", "400", "1.09")
    [told] = fill(floor, name, "E2", "300", "1.08", "G", "19=E1|")
    assert [told[t] for t in ("150", "39", "14", "151", "6")] == ["G", "1", "300.00", "700.00", "1.08"]
    assert floor.position() == (300, -324)
    floor.venue("8", execution(name, "E3", "H", "0", "19=E2|"))
    assert floor.position() == (0, 0)


@pytest.mark.parametrize(("leaves", "status", "at_work"), [("1000", "0", True), ("0", "4", False)])
def test_a_fill_of_a_final_order_is_taken_back(leaves: str, status: str, at_work: bool) -> None:
    floor, name = working()
    fill(floor, name, "E1", "1000", "1.1")
    floor.restart()
    body = execution(name, "E2", "H", "0", "19=E1|").replace("151=0", f"151={leaves}")
    floor.venue("8", body)
    [told] = floor.sent("CLIENT1")
    assert (told["150"], told["39"]) == ("H", status)
    assert floor.position() == (0, 0)
    floor.restart()
    assert bool(floor.engine.state.book.working) == at_work


def test_a_fill_beyond_the_clients_money_waits_for_people() -> None:
    floor = Floor(BY_VENUE)
    floor.order("A", quantity="900000", price="1.2")
    name = placed(floor)["11"]
    [told] = fill(floor, name, "E1", "900000", "1.2")
    assert told["39"] == "2"
    assert floor.position() == (0, 0)
    [held] = floor.engine.state.held
    floor.restart()
    assert list(floor.engine.state.held) == [held]
    release = Operation("release", str(held), by="j.doe", because="funded")
    assert [s.refusal_code for s in floor.operate(release).statuses] == ["insufficient-funds"]
    reject = Operation("reject", str(held), by="j.doe", because="no")
    assert [s.refusal_code for s in floor.operate(reject).statuses] == ["not-rejectable"]
    floor.operate(Operation("open_account", "GIFT-USD", "USD", place="x"))
    moved = Operation("open_account", "UNUSED", "USD", 0, place="x")
    floor.operate(moved)
    floor.venue("8", execution(name, "E2", "H", "0", "19=E1|"))
    assert floor.position() == (0, 0)
    assert not floor.engine.state.held


def test_final_orders_are_told_as_they_ended() -> None:
    floor, name = working()
    fill(floor, name, "E1", "400", "1.09")
    floor.venue("8", execution(name, "E2", "4", "4"))
    floor.restart()
    found = floor.answer("H", "11=A|55=EUR/USD|54=1|")
    assert [found[tag] for tag in ("150", "39", "14", "151", "6")] == ["I", "4", "400.00", "0.00", "1.09"]
    again = floor.answer("D", f"11=A|21=1|38=1000|40=2|44=1.1|54=1|55=EUR/USD|60={STAMP}|", head="97=Y|")
    assert [again[tag] for tag in ("39", "14", "6")] == ["4", "400.00", "1.09"]


def spent() -> tuple[Floor, str]:
    """A fill was settled, and what it brought is gone: it cannot be undone now."""
    floor, name = working()
    fill(floor, name, "E1", "400", "1.09")
    floor.operate(Operation("open_account", "SINK", "EUR", place="x"))
    floor.operate(
        Operation("open_account", "GONE", "EUR", floor.balance("CLIENT1-EUR"), 0, "CLIENT1-EUR", place="everything")
    )
    assert floor.balance("CLIENT1-EUR") == 0
    return floor, name


def test_a_bust_that_waits_is_not_taken_twice() -> None:
    floor, name = spent()
    floor.venue("8", execution(name, "E2", "H", "0", "19=E1|"))
    [held] = floor.engine.state.held
    assert [s.refusal_code for s in floor.venue("8", execution(name, "E3", "H", "0", "19=E1|")).statuses] == [
        "unknown-execution"
    ]
    floor.restart()
    assert [s.filled_minor for s in floor.engine.state.book.working.values()] == [0]
    assert list(floor.engine.state.held) == [held]
    back = Operation("open_account", "CLIENT1-EUR-2", "EUR", 40_000, 0, "GONE", place="x")
    floor.operate(back)
    release = Operation("release", str(held), by="j.doe", because="funded")
    assert [s.refusal_code for s in floor.operate(release).statuses] == ["insufficient-funds"]


def test_a_correction_that_waits_is_corrected_in_turn() -> None:
    floor, name = spent()
    fill(floor, name, "E2", "300", "1.08", "G", "19=E1|")
    floor.venue("8", execution(name, "E3", "H", "0", "19=E2|"))
    first, second = floor.engine.state.held
    codes = [floor.engine.state.held[id].refusal_code for id in (first, second)]
    assert codes == ["insufficient-funds", "held-correction"]
    release = Operation("release", str(second), by="j.doe", because="try")
    assert [s.refusal_code for s in floor.operate(release).statuses] == ["held-correction"]


def test_an_older_venue_and_an_older_client() -> None:
    floor = Floor(BY_VENUE.replace("FIX.4.4/D", "FIX.4.2/D"))
    floor.order("A")
    name = placed(floor)["11"]
    floor.venue("8", f"37=V|11={name}|17=E1|20=0|150=1|39=1|55=EUR/USD|54=1|151=600|14=400|6=1|32=400|31=1.09|")
    assert floor.position() == (400, -436)
    floor.venue("8", f"37=V|11={name}|17=E2|20=1|150=1|39=0|19=E1|55=EUR/USD|54=1|151=0|14=0|6=1|32=400|31=1.09|")
    assert floor.position() == (0, 0)


def test_a_possible_resend_of_an_order_at_work_is_its_status() -> None:
    floor, name = working()
    fill(floor, name, "E1", "400", "1.09")
    again = floor.answer("D", f"11=A|21=1|38=1000|40=2|44=1.1|54=1|55=EUR/USD|60={STAMP}|", head="97=Y|")
    assert [again[tag] for tag in ("150", "39", "14", "151")] == ["I", "1", "400.00", "600.00"]
    assert floor.sent("VENUE") == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("to: venue, as: FIX.4.4/D", "to: clients, as: FIX.4.4/D"), "several sessions"),
        (("to: venue, as: FIX.4.4/D", "to: venue, as: FIX.4.4/D, session: X"), "unknown session"),
        (("principal:", "affirm: required, principal:"), "cannot wait"),
    ],
)
def test_routes_that_cannot_work(change: tuple[str, str], problem: str) -> None:
    with pytest.raises(ConfigErrors, match=problem):
        Floor(BY_VENUE.replace(*change))
    assert Floor(AT_ONCE)
