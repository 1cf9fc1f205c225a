"""JSON: answers, events, and the published schema."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from gateway.formats.json import FORMAT, schema
from gateway.model import Account, Money, Order, Party, Payment, Refusal, Status
from gateway.ports import Decoded, Writing

WRITING = Writing("M1", 1_767_225_600_123_000_000)
PAYMENT = Payment("credit_transfer", Money("EUR", 1250), end_to_end_id="R-1", debtor_account=Account("ALICE"))

PAYMENTS = st.builds(
    Payment,
    st.sampled_from(["credit_transfer", "fi_transfer", "return"]),
    st.builds(Money, st.just("EUR"), st.integers(1, 10**18 - 1)),
    end_to_end_id=st.text(max_size=35),
    debtor=st.none() | st.builds(Party, st.text(max_size=20)),
    remittance=st.lists(st.text(max_size=20)).map(tuple),
    extra=st.lists(st.tuples(st.text(max_size=9), st.text(max_size=9))).map(tuple),
)


def answer(decoded: Decoded, *statuses: Status) -> object:
    [frame] = FORMAT.answer(decoded, statuses, "", WRITING)
    assert (frame.media, frame.suffix) == ("application/json", ".json")
    return json.loads(frame.data)


def test_one_record_is_answered_by_its_result() -> None:
    assert answer(Decoded("json", "transfer"), Status("ACSC", PAYMENT, 12)) == {
        "status": "ACSC",
        "payment_id": 12,
        "reference": "R-1",
    }


def test_a_refused_record_says_why() -> None:
    status = Status("RJCT", PAYMENT, 12, "AM04", "not enough", "insufficient-funds", "$")
    assert answer(Decoded("json", "transfer"), status) == {
        "status": "RJCT",
        "payment_id": 12,
        "reference": "R-1",
        "reason": "AM04",
        "code": "insufficient-funds",
        "text": "not enough",
        "place": "$",
    }


def test_several_records_are_listed() -> None:
    order = Order("O-1", "EUR/USD", "buy", Money("EUR", 1), None)
    refusal = Refusal("zero-amount", "AM01", "$[1].amount", "nothing", "R-2")
    statuses = [Status("ACSC", order, 1), Status("RJCT", refusal, 2, "AM01", "nothing", "zero-amount", "$[1].amount")]
    found = answer(Decoded("json", "transfer", count=2), *statuses)
    assert isinstance(found, dict)
    assert [result["reference"] for result in found["results"]] == ["O-1", "R-2"]
    assert found["records"] == 2


def test_of_a_large_file_only_what_did_not_settle_is_listed() -> None:
    assert answer(Decoded("json", "transfer", count=20_000)) == {"message_id": "M1", "records": 20_000}


def test_a_refused_message_lists_its_reasons() -> None:
    decoded = FORMAT.decode(b"{")
    found = answer(decoded)
    assert isinstance(found, dict)
    assert found["status"] == "RJCT"
    assert found["refusals"][0]["code"] == "json-syntax"


@given(st.lists(PAYMENTS, min_size=1, max_size=3))
def test_what_is_sent_on_comes_back_equal(payments: list[Payment]) -> None:
    assert all(FORMAT.fit(payment, "json.payment").refusal is None for payment in payments)
    event = json.loads(FORMAT.encode(payments, "json.payment", WRITING).data)
    assert (event["type"], event["message_id"], event["created"]) == ("payments", "M1", "2026-01-01T00:00:00.123Z")
    assert msgspec.convert(event["payments"], list[Payment]) == payments


def test_the_published_schema_is_that_of_the_records() -> None:
    published = Path(__file__).parents[3] / "schemas" / "json" / "messages.json"
    command = "python -m gateway.formats.json.schema > schemas/json/messages.json"
    assert published.read_bytes() == schema.printed(), f"run: {command}"
