"""Trade capture, affirmation, settlement instructions."""

from __future__ import annotations

import pytest

from gateway.model import Operation
from tests.trading.floor import AT_ONCE, STAMP, Fields, Floor

TRADES = AT_ONCE.replace("kind: order", "kind: [order, trade]")
AFFIRMED = TRADES.replace("{client", "{affirm: required, client")
TRADE = "571={id}|487={kind}|570=N|55=EUR/USD|32={quantity}|31={price}|75=20260921|60=" + STAMP + "|552=1|54=1|37=NONE|"


def capture(
    floor: Floor, id: str, quantity: str = "1000", price: str = "1.1", kind: str = "0", head: str = "", more: str = ""
) -> Fields:
    body = TRADE.format(id=id, quantity=quantity, price=price, kind=kind)
    return floor.answer("AE", more + body, head=head)


def test_a_trade_settles_once() -> None:
    floor = Floor(TRADES)
    told = capture(floor, "T1")
    assert [told[tag] for tag in ("35", "571", "939")] == ["AR", "T1", "0"]
    assert floor.position() == (1000, -1100)
    floor.restart()
    assert capture(floor, "T1")["939"] == "1"
    again = capture(floor, "T1", head="97=Y|")
    assert (again["939"], again["818"]) == ("0", told["818"])
    assert floor.position() == (1000, -1100)


def test_a_trade_needs_a_route_of_its_own() -> None:
    floor = Floor(AT_ONCE)
    assert capture(floor, "T1")["939"] == "1"
    assert floor.position() == (0, 0)


@pytest.mark.parametrize(
    "change", [("55=EUR/USD", "55=EURUSD"), ("32=1000", "32=0"), ("31=1.1", "31=x"), ("54=1", "54=9")]
)
def test_trades_that_cannot_be_read(change: tuple[str, str]) -> None:
    body = TRADE.format(id="T1", quantity="1000", price="1.1", kind="0").replace(*change)
    told = Floor(TRADES).answer("AE", body)
    assert (told["35"], told["571"], told["939"]) == ("AR", "T1", "1")


def test_a_trade_is_undone_or_booked_anew() -> None:
    floor = Floor(TRADES)
    capture(floor, "T1")
    assert capture(floor, "T2", "500", "1.2", "2", more="572=T1|")["939"] == "0"
    assert floor.position() == (500, -600)
    assert capture(floor, "T3", kind="1", more="572=T1|")["939"] == "1"
    floor.restart()
    assert capture(floor, "T3", kind="1", more="572=T2|")["939"] == "0"
    assert floor.position() == (0, 0)
    assert capture(floor, "T4", kind="1", more="572=T2|")["939"] == "1"


def test_trades_are_told_to_their_own_session() -> None:
    floor = Floor(TRADES)
    for n in range(3):
        capture(floor, f"T{n}", "10")
    capture(floor, "T9", kind="1", more="572=T1|")
    floor.order("A", quantity="7")
    floor.restart()
    head, *copies = floor.answers("AD", "568=Q|569=0|")
    assert (head["35"], head["568"], head["748"], head["750"]) == ("AQ", "Q", "2", "0")
    assert [(one["35"], one["571"], one["912"]) for one in copies] == [("AE", "T2", "N"), ("AE", "T0", "Y")]
    assert [one["35"] for one in floor.answers("AD", "568=Q|569=1|571=T0|")] == ["AQ", "AE"]
    assert [one.get("32") for one in floor.answers("AD", "568=Q|569=1|11=A|")] == [None, "7.00"]
    [none] = floor.answers("AD", "568=Q|569=0|", "CLIENT2")
    assert (none["748"], none["749"]) == ("0", "0")
    assert len(floor.answers("AD", "568=Q|569=1|37=10|", "CLIENT2")) == 1


def test_a_deal_waits_for_its_affirmation() -> None:
    floor = Floor(AFFIRMED)
    body = f"11=A|21=1|38=1000|40=2|44=1.1|54=1|55=EUR/USD|60={STAMP}|"
    report, confirmation = floor.answers("D", body)
    assert (report["35"], report["39"], confirmation["35"]) == ("8", "2", "AK")
    assert floor.position() == (0, 0)
    floor.restart()
    name = confirmation["664"]
    assert floor.answer("AU", f"664={name}|940=3|", "CLIENT2")["35"] == "j"
    assert floor.answers("AU", f"664={name}|940=1|") == []
    assert floor.position() == (0, 0)
    assert floor.answers("AU", f"664={name}|940=3|") == []
    assert floor.position() == (1000, -1100)
    assert floor.answer("AU", f"664={name}|940=3|")["35"] == "j"
    [again] = floor.answers("BH", "859=B1|773=2|73=1|11=A|")
    assert (again["35"], again["664"], again["859"]) == ("AK", name, "B1")


def test_a_dispute_is_for_people() -> None:
    floor = Floor(AFFIRMED)
    ack, confirmation = floor.answers("AE", TRADE.format(id="T1", quantity="1000", price="1.1", kind="0"))
    assert (ack["35"], ack["939"]) == ("AR", "0")
    floor.answers("AU", f"664={confirmation['664']}|940=2|58=wrong price|")
    floor.restart()
    [held] = floor.engine.state.held
    assert floor.operate(Operation("reject", str(held), by="j.doe", because="agreed")).statuses[0].code == "ACSC"
    assert floor.position() == (0, 0)
    [told] = floor.sent("CLIENT1")
    assert (told["35"], told["939"]) == ("AR", "1")


def test_what_cannot_settle_waits_on() -> None:
    floor = Floor(AFFIRMED)
    body = f"11=A|21=1|38=900000|40=2|44=1.2|54=1|55=EUR/USD|60={STAMP}|"
    _, confirmation = floor.answers("D", body)
    for _ in range(2):
        assert floor.answer("AU", f"664={confirmation['664']}|940=3|")["35"] == "j"
        floor.restart()
    assert len(floor.engine.state.held) == 1


def test_a_deal_that_waits_can_be_cancelled() -> None:
    floor = Floor(AFFIRMED)
    floor.answers("D", f"11=A|21=1|38=1000|40=2|44=1.1|54=1|55=EUR/USD|60={STAMP}|")
    told = floor.answer("F", f"11=B|41=A|55=EUR/USD|54=1|60={STAMP}|")
    assert (told["39"], told["11"], told["41"]) == ("4", "B", "A")
    assert not floor.engine.state.held


def test_settlement_instructions_stand_and_are_told() -> None:
    floor = Floor()
    given = (
        "777=M1|160=1|60="
        + STAMP
        + "|778=2|162=I1|163=N|453=1|448=ACC1|452=24|172=0|162=I2|163=N|453=1|448=ACC2|452=24|"
    )
    assert floor.answers("T", given) == []
    floor.restart()
    [one] = floor.answers("AV", f"791=V1|60={STAMP}|453=1|448=ACC1|452=24|")
    assert [one[tag] for tag in ("35", "791", "778", "162", "448", "172")] == ["T", "V1", "1", "I1", "ACC1", "0"]
    assert floor.answer("AV", f"791=V2|60={STAMP}|")["778"] == "2"
    assert floor.answer("AV", f"791=V3|60={STAMP}|", "CLIENT2")["160"] == "5"
    assert floor.answers("T", f"777=M2|160=1|60={STAMP}|778=1|162=I3|163=R|214=I1|453=1|448=ACC1|172=1|") == []
    assert floor.answer("AV", f"791=V4|60={STAMP}|453=1|448=ACC1|")["162"] == "I3"
    assert floor.answers("T", f"777=M3|160=1|60={STAMP}|778=1|162=I3|163=C|453=1|448=ACC1|") == []
    floor.restart()
    assert floor.answer("AV", f"791=V5|60={STAMP}|453=1|448=ACC1|")["160"] == "5"
    assert floor.answer("T", f"777=M4|160=1|60={STAMP}|778=1|162=I3|163=C|453=1|448=ACC1|")["35"] == "j"


def test_open_deals_are_netted() -> None:
    floor = Floor(AFFIRMED)
    for id, side, quantity in (("A", "1", "1000"), ("B", "2", "400"), ("C", "1", "100")):
        floor.answers("D", f"11={id}|21=1|38={quantity}|40=2|44=1.1|54={side}|55=EUR/USD|60={STAMP}|")
    net = Operation("net", "clients/CLIENT1", by="j.doe", because="end of day")
    assert floor.operate(net).statuses[0].code == "ACSC"
    [item] = [item for item in floor.disk.outbox.values() if item.type == "BQ"]
    text = item.data.decode().replace("\x01", "|")
    assert item.session == "CLIENT1"
    assert "1165=2|" in text
    assert "119=700.00|120=EUR|453=1|448=CLIENT1|" in text
    assert "119=-770.00|120=USD|453=1|448=CLIENT1|" in text
    other = floor.operate(Operation("net", "clients/CLIENT2", by="j.doe", because="end of day"))
    assert other.statuses[0].refusal_code == "nothing-to-net"


def test_checks_see_what_is_dealt_in_a_trade_or_a_response() -> None:
    checked = TRADES.replace("settle:", "check: desk, settle:")
    floor = Floor(checked, "rates: {EUR/USD: {ask: 1.1, max: 5000}}\npolicies: {desk: {limits: {EUR: 500}}}")
    assert capture(floor, "T1", "501")["939"] == "1"
    quote = floor.answer("R", "131=R|146=1|55=EUR/USD|")["117"]
    hit = f"693=H|117={quote}|694=1|55=EUR/USD|54=1|38={{}}|44=1.1|"
    assert floor.answer("AJ", hit.format("501"))["39"] == "8"
    assert floor.position() == (0, 0)
    assert floor.answer("AJ", hit.format("500"))["39"] == "2"
    assert capture(floor, "T2", "500")["939"] == "0"
