"""Business messages read, and what trading says in the words of each version."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.formats.fix import FORMAT
from gateway.formats.fix.business import READERS
from gateway.model import Money, Order, Refusal, Status, Venue
from gateway.model.trading import (
    ActionReject,
    Allocation,
    Execution,
    OrderAction,
    OrderReport,
    Placement,
    QuoteReject,
    QuoteRequest,
    SettlementInstruction,
    Share,
    TradeReport,
)
from gateway.ports import Decoded, Writing
from tests.formats.fix.peer import framed

NOW_NS = 1_790_000_000_123_000_000
HEAD = "34=2|49=CLIENT1|52=20260921-14:13:20|56=FINOS|"
EUR = Money("EUR", 100_000)
ORDER = Order("A", "EUR/USD", "buy", EUR, Money("USD", 110_000), "1.1", "limit", "day", source="FIX.4.4/D")
TAGS = (
    "1 6 11 17 19 20 22 31 32 37 38 39 40 41 44 48 53 54 55 70 71 72 73 75 78 79 80 87 102 103 117 131 146 150 151 162"
    " 163 298 423 448 453 467 487 552 568 571 572 664 693 694 778 791 859 940"
).split()


def read(type: str, body: str, version: str = "FIX.4.4") -> list[object]:
    return list(FORMAT.decode(framed(f"35={type}|{HEAD}{body}", version), "session").records)


def told(record: object, type: str = "FIX.4.4/D") -> str:
    [frame] = FORMAT.tell(record, type, NOW_NS)  # type: ignore[arg-type]
    return frame.data.decode("latin-1").replace("\x01", "|")


def test_order_actions() -> None:
    [cancel] = read("F", "11=B|41=A|37=7|55=EUR/USD|54=2|58=please|")
    assert isinstance(cancel, OrderAction)
    assert (cancel.kind, cancel.client_order_id, cancel.original_id, cancel.order_id) == ("cancel", "B", "A", "7")
    assert (cancel.side, cancel.identity, cancel.source) == ("sell", "CLIENT1/B", "FIX.4.4/F")
    assert ("fix:58", "please") in cancel.extra
    [replace] = read("G", "11=B|41=A|38=5|40=2|44=1.2|55=EUR/USD|54=2|")
    assert isinstance(replace, OrderAction)
    assert replace.order is not None
    assert (replace.order.base, replace.order.price) == (Money("EUR", 500), "1.2")


@pytest.mark.parametrize(
    ("version", "body", "kind"),
    [
        ("FIX.4.4", "150=F|39=1|", "fill"),
        ("FIX.4.4", "150=H|39=0|", "busted"),
        ("FIX.4.4", "150=G|39=1|", "corrected"),
        ("FIX.4.4", "150=I|39=1|", "status"),
        ("FIX.4.4", "150=0|39=0|", "new"),
        ("FIX.4.4", "150=A|39=A|", "pending"),
        ("FIX.4.4", "150=3|39=3|", "pending"),
        ("FIX.4.2", "20=0|150=1|39=1|", "fill"),
        ("FIX.4.2", "20=0|150=2|39=2|", "fill"),
        ("FIX.4.2", "20=1|150=1|39=1|", "busted"),
        ("FIX.4.2", "20=2|150=1|39=1|", "corrected"),
        ("FIX.4.2", "20=3|150=1|39=1|", "status"),
        ("FIX.4.0", "20=0|39=1|", "fill"),
        ("FIX.4.0", "20=0|39=4|", "canceled"),
    ],
)
def test_executions_of_all_versions(version: str, body: str, kind: str) -> None:
    [found] = read("8", f"11=FO7|17=E1|37=V|32=4|31=1.1|{body}", version)
    assert isinstance(found, Execution)
    assert (found.kind, found.client_order_id, found.last_quantity, found.last_price) == (kind, "FO7", "4", "1.1")


def test_an_allocation_and_a_trade() -> None:
    [block] = read("J", "70=J|71=0|73=2|11=A|11=B|54=1|55=EUR/USD|53=3|78=2|79=X|80=1|467=S1|79=Y|80=2|")
    assert isinstance(block, Allocation)
    assert block.orders == ("A", "B")
    assert block.shares == (Share("X", "1", "S1"), Share("Y", "2"))
    [trade] = read("AE", "571=T|487=0|55=EUR/USD|32=10|31=1.1|552=2|54=2|1=ACC|54=1|1=OTHER|")
    assert isinstance(trade, TradeReport)
    assert trade.deal is not None
    assert (trade.deal.kind, trade.deal.side, trade.deal.account) == ("trade", "sell", "ACC")


def test_instructions_keep_their_fields() -> None:
    first, second = read("T", "777=M|778=2|162=I1|163=N|453=1|448=A|447=D|452=24|162=I2|163=N|79=B|")
    assert isinstance(first, SettlementInstruction)
    assert isinstance(second, SettlementInstruction)
    assert (first.account, second.account) == ("A", "B")
    assert first.fields[-1] == ("fix:452", "24")


@pytest.mark.parametrize(
    ("type", "body", "code"),
    [
        ("F", "11=B|", "missing-field"),
        ("F", "41=B|", "missing-field"),
        ("H", "55=EUR/USD|", "missing-field"),
        ("R", "146=1|55=EUR/USD|", "missing-field"),
        ("R", "131=R|146=0|", "missing-field"),
        ("R", "131=R|146=1|55=EUR/USD|38=-1|", "bad-quantity"),
        ("Z", "298=1|", "missing-field"),
        ("J", "71=0|", "missing-field"),
        ("J", "70=J|71=9|", "unsupported-allocation"),
        ("J", "70=J|78=2|79=A|80=1|", "wrong-group-count"),
        ("AU", "940=3|", "missing-field"),
        ("AE", "55=EUR/USD|", "missing-field"),
        ("AE", "571=T|487=7|", "unsupported-trade-report"),
        ("AD", "569=0|", "missing-field"),
        ("T", "777=M|", "missing-field"),
        ("AV", "60=x|", "missing-field"),
        ("AJ", "693=H|694=1|117=Q1|", "missing-field"),
    ],
)
def test_what_cannot_be_read(type: str, body: str, code: str) -> None:
    [found] = read(type, body)
    assert isinstance(found, Refusal)
    assert found.code == code
    frames = FORMAT.answer(
        Decoded("fix", f"FIX.4.4/{type}"),
        [Status("RJCT", found, 1, found.reason, found.text)],
        "",
        Writing("M", NOW_NS),
    )
    assert len(frames) == 1


def report(**changes: object) -> OrderReport:
    none = Money("EUR", 0)
    terms: dict[str, object] = {"kind": "fill", "status": "filled", "filled": EUR, "leaves": none, "average": "1.1"}
    terms |= {"last_quantity": "1000", "last_price": "1.1"} | changes
    return OrderReport(ORDER, 7, "9-F", **terms)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("version", "kind", "expected"),
    [
        ("FIX.4.4", "fill", "17=9-F|150=F|39=2|"),
        ("FIX.4.2", "fill", "17=9-F|20=0|150=2|39=2|"),
        ("FIX.4.0", "fill", "17=9070|20=0|39=2|"),
        ("FIX.4.4", "busted", "17=9-F|150=H|39=2|"),
        ("FIX.4.2", "busted", "17=9-F|20=1|150=2|39=2|"),
        ("FIX.4.2", "corrected", "17=9-F|20=2|150=2|39=2|"),
        ("FIX.4.2", "status", "17=9-F|20=3|150=2|39=2|"),
        ("FIX.4.2", "replaced", "17=9-F|20=0|150=5|39=2|"),
    ],
)
def test_reports_in_the_words_of_a_version(version: str, kind: str, expected: str) -> None:
    text = told(report(kind=kind), f"{version}/D")
    assert expected in text
    assert ("151=" in text) == (version != "FIX.4.0")


def test_a_plain_fill_in_an_older_version() -> None:
    [order] = read("D", "11=A|38=1000|40=2|44=1.1|54=1|55=EUR/USD|", "FIX.4.2")
    assert isinstance(order, Order)
    [frame] = FORMAT.answer(Decoded("fix", "FIX.4.2/D"), [Status("ACSC", order, 7)], "", Writing("M", NOW_NS))
    assert b"\x0120=0\x01150=2\x0139=2\x01" in frame.data


def test_placements() -> None:
    order = Order("A", "EUR/USD", "sell", EUR, None, "", "market", "fill_or_kill", venue=Venue("v", "V", "FIX.4.4/D"))
    expected = "55=EUR/USD|54=2|38=1000.00|40=1|15=EUR|59=4|60=20260921-14:13:20.123|"
    assert told(Placement("order", "FO7", order)) == f"35=D|11=FO7|21=1|{expected}"
    assert told(Placement("replace", "FO8", order, "FO7")) == f"35=G|41=FO7|11=FO8|21=1|{expected}"
    cancel = "11=FO8|55=EUR/USD|54=2|38=1000.00|"
    assert told(Placement("cancel", "FO8", order, "FO7")) == f"35=F|41=FO7|{cancel}60=20260921-14:13:20.123|"
    assert told(Placement("cancel", "FO8", order, "FO7"), "FIX.4.1/D") == f"35=F|41=FO7|{cancel}".replace(".00", "")


def test_rejections_in_older_versions() -> None:
    cancel = OrderAction("cancel", "B", "A")
    assert told(ActionReject(cancel, "duplicate", "7", "new", "no")) == "35=9|37=7|11=B|41=A|39=0|434=1|102=6|58=no|"
    assert told(ActionReject(cancel, "duplicate", "7", "new", "no"), "FIX.4.0/F") == "35=9|37=7|11=B|102=0|58=no|"
    request = QuoteRequest("R1", "EUR/USD", extra=(("fix:34", "5"),))
    assert told(QuoteReject(request, "other", "no"), "FIX.4.2/R") == "35=j|45=5|372=R|380=0|58=no|"


@given(
    st.sampled_from([type.decode() for type in READERS]),
    st.lists(st.tuples(st.sampled_from(TAGS), st.text("0129.-ABFOQX/*{}\xff", max_size=12)), max_size=24),
)
def test_no_fields_raise(type: str, fields: list[tuple[str, str]]) -> None:
    for record in read(type, "".join(f"{tag}={value}|" for tag, value in fields)):
        if isinstance(record, Refusal):
            status = Status("RJCT", record, 1, record.reason, record.text, record.code, record.place)
            FORMAT.answer(Decoded("fix", f"FIX.4.4/{type}"), [status], "", Writing("M", NOW_NS))
