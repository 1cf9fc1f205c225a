"""Orders in and answers out. A pair of files in tests/corpus/fix is a test: messages as `name.fix` with `|` between
fields, `name.json` what becomes of them."""

from __future__ import annotations

import io
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.formats.fix import FORMAT, dictionary
from gateway.formats.fix.message import parse
from gateway.formats.fix.validate import Rules
from gateway.model import EXPONENTS, MINOR_MAX, Money, Order, Payment, Refusal, Status
from gateway.ports import Decoded, Writing
from tests.formats.fix.peer import framed

CORPUS = Path(__file__).resolve().parents[2] / "corpus" / "fix"
WRITING = Writing("FO1", 1_790_000_000_123_000_000)
HEAD = "34=2|49=CLIENT1|52=20260921-14:13:20|56=FINOS|"
BODY = "11=A|21=1|38=1000|40=2|44=1.1|54=1|55=EUR/USD|60=20260921-14:13:20|"
RULES = Rules(dictionary.load("FIX44"))


def decode(body: str, kind: str = "D", head: str = HEAD) -> Decoded:
    return FORMAT.decode(framed(f"35={kind}|{head}{body}"))


def order(**changes: str) -> Order | Refusal:
    """The order of BODY with some fields changed; "" takes one away."""
    fields = dict(field.split("=") for field in BODY.rstrip("|").split("|"))
    fields.update({tag.strip("_"): value for tag, value in changes.items()})
    record = decode("".join(f"{tag}={value}|" for tag, value in fields.items() if value)).records[0]
    assert isinstance(record, Order | Refusal)
    return record


def answered(status: Status, decoded: Decoded | None = None) -> str:
    [frame] = FORMAT.answer(decoded or Decoded("fix", "FIX.4.4/D"), [status], "", WRITING)
    return frame.data.decode("latin-1").replace("\x01", "|")


def corpus_bytes(path: Path) -> bytes:
    """A line is a message without its frame, or after `!` as it stands."""
    lines = path.read_text("latin-1").splitlines()
    return b"".join(
        (line[1:].replace("|", "\x01").encode() if line.startswith("!") else framed(line)) + b"\n" for line in lines
    )


# --- reading


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.fix")), ids=lambda path: path.stem)
def test_corpus(path: Path) -> None:
    data = corpus_bytes(path)
    decoded = FORMAT.decode(data)
    said = {"type": decoded.type, "records": decoded.records, "refusals": decoded.refusals}
    assert msgspec.json.decode(msgspec.json.encode(said)) == msgspec.json.decode(path.with_suffix(".json").read_bytes())
    assert FORMAT.reprint(data) == data or "garbled" in path.stem


def test_an_order_is_read_whole() -> None:
    decoded = decode(BODY + "1=ACC1|59=3|15=EUR|58=note|453=1|448=DESK|", head=HEAD + "115=CORP|")
    assert (decoded.type, decoded.sender, decoded.receiver) == ("FIX.4.4/D", "CLIENT1", "FINOS")
    assert decoded.records == [
        Order(
            "A",
            "EUR/USD",
            "buy",
            Money("EUR", 100_000),
            Money("USD", 110_000),
            "1.1",
            "limit",
            "immediate_or_cancel",
            "ACC1",
            "CLIENT1/A",
            "20260921-14:13:20",
            "tag 11",
            "FIX.4.4/D",
            extra=(("fix:115", "CORP"), ("fix:21", "1"), ("fix:58", "note"), ("fix:453", "1"), ("fix:448", "DESK")),
        )
    ]


def test_a_market_order_has_no_quote_amount() -> None:
    found = order(_40="1", _44="")
    assert isinstance(found, Order)
    assert (found.order_type, found.quote, found.price) == ("market", None, "")


@pytest.mark.parametrize(
    ("changes", "code", "place"),
    [
        ({"_55": "EURUSD"}, "unknown-symbol", "tag 55"),
        ({"_55": "EUR/XXX"}, "unknown-symbol", "tag 55"),
        ({"_55": "EUR/EUR"}, "unknown-symbol", "tag 55"),
        ({"_55": ""}, "unknown-symbol", "tag 55"),
        ({"_54": "5"}, "unsupported-side", "tag 54"),
        ({"_40": "3"}, "unsupported-order-type", "tag 40"),
        ({"_59": "7"}, "unsupported-time-in-force", "tag 59"),
        ({"_15": "USD"}, "quantity-in-quote-currency", "tag 15"),
        ({"_15": "CHF"}, "wrong-currency", "tag 15"),
        ({"_38": ""}, "no-quantity", "tag 38"),
        ({"_38": "0.00"}, "zero-amount", "tag 38"),
        ({"_38": "-5"}, "bad-quantity", "tag 38"),
        ({"_38": "1.005"}, "bad-quantity", "tag 38"),
        ({"_38": "1" * 18}, "bad-quantity", "tag 38"),
        ({"_44": ""}, "no-price", "tag 44"),
        ({"_44": "-1.1"}, "bad-price", "tag 44"),
        ({"_44": "0"}, "zero-amount", "tag 44"),
        ({"_44": "9" * 17}, "amount-too-large", "tag 44"),
        ({"_55": "JPY/USD", "_38": "1", "_44": "0.001"}, "zero-amount", "tag 44"),
    ],
)
def test_orders_that_cannot_be_taken(changes: dict[str, str], code: str, place: str) -> None:
    found = order(**changes)
    assert isinstance(found, Refusal)
    assert (found.code, found.place, found.record) == (code, place, "A")
    report = answered(Status("RJCT", found, 7, found.reason, found.text, found.code, found.place))
    assert report.startswith("35=8|37=7|17=7-8|150=8|39=8|11=A|")
    assert valid(report)


@given(
    st.sampled_from(["EUR/USD", "USD/JPY", "KWD/USD", "JPY/KWD"]),
    st.integers(1, 10**12),
    st.integers(1, 10**9),
    st.integers(0, 8),
)
def test_the_quote_amount_is_quantity_times_price_half_even(pair: str, minor: int, digits: int, decimals: int) -> None:
    base, quote = pair.split("/")
    price = f"{Decimal(digits).scaleb(-decimals):f}"
    found = order(_55=pair, _38=Money(base, minor).text(), _44=price)
    exact = Decimal(minor).scaleb(-EXPONENTS[base]) * Decimal(price)
    expected = int(exact.scaleb(EXPONENTS[quote]).quantize(Decimal(1), ROUND_HALF_EVEN))
    if isinstance(found, Refusal):
        assert expected == 0 or expected > MINOR_MAX
    else:
        assert found.quote == Money(quote, expected)
        assert found.price == price


def test_other_messages_are_refused_in_their_place() -> None:
    [record] = decode("262=X|263=1|264=1|", "V").records
    assert isinstance(record, Refusal)
    assert record.code == "unsupported-message-type"
    assert answered(Status("RJCT", record, 3, text=record.text)) == "35=j|45=2|58=Unsupported Message Type|372=V|380=3|"


def test_a_message_that_no_session_checked_is_checked_here() -> None:
    [record] = decode(BODY.replace("54=1|", "")).records
    assert isinstance(record, Refusal)
    assert (record.code, record.place) == ("missing-tag", "tag 54")
    report = answered(Status("RJCT", record, 3, text=record.text))
    assert report == "35=3|45=2|58=Required tag missing|371=54|372=D|373=1|"
    assert isinstance(FORMAT.decode(framed(f"35=D|{HEAD}{BODY}9999=X|"), "session").records[0], Order)


def test_a_file_of_messages_is_one_part() -> None:
    data = framed(f"35=D|{HEAD}{BODY}") + b"\r\n" + b"8=FIX.4.4\x019=3\x0135=0\x0110=000\x01" + framed(f"35=0|{HEAD}")
    [part] = FORMAT.parts(io.BytesIO(data), 100)
    codes = [record.code if isinstance(record, Refusal) else record.source for record in part.records]
    assert codes == ["FIX.4.4/D", "garbled", "session-message"]
    assert part.type == "FIX.4.4"


def test_an_empty_file_is_refused() -> None:
    assert FORMAT.decode(b"").refusals[0].code == "empty-file"
    assert FORMAT.decode(b" \n").refusals[0].code == "empty-file"


def test_detection() -> None:
    assert FORMAT.detect(b"8=FIX.4.4\x019=")
    assert not FORMAT.detect(b"{1:F01")


def test_payments_are_not_written() -> None:
    with pytest.raises(ValueError, match="FIX carries no payments"):
        FORMAT.encode([], "pacs.008.001.08", WRITING)
    refused = FORMAT.fit(Payment("credit_transfer", Money("EUR", 1)), "FIX.4.4/D").refusal
    assert refused is not None
    assert refused.code == "not-in-format"


@given(st.binary(max_size=400))
def test_no_bytes_raise(data: bytes) -> None:
    FORMAT.decode(data)
    FORMAT.decode(data, "session")
    FORMAT.reprint(data)
    decoded = FORMAT.decode(framed("35=D|").replace(b"35=D\x01", b"35=D\x01" + data))
    for record in decoded.records:
        if isinstance(record, Refusal):
            answered(Status("RJCT", record, 1, record.reason, record.text))


@given(st.lists(st.sampled_from(BODY.rstrip("|").split("|")), max_size=12), st.text("0123456789.+-EU/\x7f", max_size=9))
def test_any_order_gets_one_answer(fields: list[str], value: str) -> None:
    body = "".join(f"{field}|" for field in fields) + f"44={value}|38={value}|"
    data = framed(f"35=D|{HEAD}{body}")
    for type in ("", "session"):
        for record in FORMAT.decode(data, type).records:
            assert isinstance(record, Order | Refusal)
            assert answered(Status("RJCT", record, 1, "AM12", "no")).startswith(("35=8|", "35=3|"))


# --- answering


def valid(report: str) -> bool:
    """Whether an answer is a message by our own dictionary."""
    message = parse(framed(report.replace("|", "|" + HEAD, 1)))
    assert message is not None
    fault = RULES.fault(message)
    assert fault is None, fault
    return True


def test_a_settled_order_is_filled_at_its_price() -> None:
    report = answered(Status("ACSC", order(_1="ACC1"), 17))
    assert report == (
        "35=8|1=ACC1|37=17|11=A|17=17-F|150=F|39=2|55=EUR/USD|54=1|38=1000.00|40=2|44=1.1|15=EUR|31=1.1|"
        "32=1000.00|151=0|14=1000.00|6=1.1|60=20260921-14:13:20.123|"
    )
    assert valid(report)


def test_a_held_order_is_pending_and_its_release_another_execution() -> None:
    held = answered(Status("PDNG", order(), 17, "RR04", "held for review"))
    assert "|17=17-A|150=A|39=A|" in held
    assert "|151=1000.00|14=0|6=0|" in held
    assert "|17=17-F|" in answered(Status("ACSC", order(), 17))
    assert valid(held)


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("AM04", "3"),
        ("AM05", "6"),
        ("AC01", "15"),
        ("AM03", "1"),
        ("AM12", "13"),
        ("AG01", "0"),
        ("TM01", "4"),
        ("NARR", "99"),
        ("", "99"),
    ],
)
def test_a_rejected_order_says_why(reason: str, code: str) -> None:
    report = answered(Status("RJCT", order(), 17, reason, "insufficient\x01funds\n" + "x" * 300))
    assert f"|17=17-8|150=8|39=8|55=EUR/USD|54=1|38=1000.00|40=2|44=1.1|15=EUR|103={code}|151=0|14=0|6=0|" in report
    assert "|58=insufficient funds x" in report
    assert valid(report)


def test_the_way_back_is_the_way_turned_round() -> None:
    found = decode(BODY, head=HEAD + "115=CORP|129=DESK|").records[0]
    assert isinstance(found, Order)
    assert answered(Status("ACSC", found, 1)).startswith("35=8|116=DESK|128=CORP|37=1|")


def test_a_message_refused_as_a_whole_is_told_once() -> None:
    refusal = Refusal("message-id-reused", "DUPL", "message id", "used before")
    [frame] = FORMAT.answer(Decoded("fix", "FIX.4.4/D", refusals=(refusal,)), [], "", WRITING)
    assert frame.data == b"35=j\x0145=0\x0158=used before\x01372=\x01380=0\x01"
