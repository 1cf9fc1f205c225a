"""JSON: every file of the corpus, and what must hold for all bytes."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.formats.json import FORMAT, read
from gateway.model import EXPONENTS, Money, Payment, Refusal
from gateway.ports import Decoded

CORPUS = Path(__file__).parents[2] / "corpus" / "json"
CASES = sorted(CORPUS.glob("*.msg"))

AMOUNTS = st.sampled_from(sorted(EXPONENTS)).flatmap(
    lambda currency: st.builds(Money, st.just(currency), st.integers(1, 10**18 - 1))
)


def shown(decoded: Decoded) -> dict[str, object]:
    """What a corpus file states of a message; refusals by code, reason and place."""

    def brief(record: object) -> object:
        if isinstance(record, Refusal):
            return {"refused": record.code, "reason": record.reason, "place": record.place, "record": record.record}
        return msgspec.to_builtins(record)

    return {
        "type": decoded.type,
        "records": [brief(r) for r in decoded.records],
        "refusals": [brief(r) for r in decoded.refusals],
    }


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_corpus(path: Path) -> None:
    expected = json.loads(path.with_suffix(".json").read_text())
    assert json.loads(msgspec.json.encode(shown(FORMAT.decode(path.read_bytes())))) == expected


@given(AMOUNTS)
def test_amounts_are_exact(amount: Money) -> None:
    body = {"debit_account": "A", "credit_account": "B", "amount": amount.text(), "currency": amount.currency}
    decoded = FORMAT.decode(json.dumps(body).encode(), "transfer")
    [payment] = decoded.records
    assert isinstance(payment, Payment)
    assert payment.amount == amount


@given(st.binary(max_size=200), st.sampled_from(["", "transfer", "account", "operation", "nonsense"]))
def test_no_bytes_make_it_raise(data: bytes, type: str) -> None:
    FORMAT.decode(data, type)
    FORMAT.reprint(data)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["type", "id", "amount", "currency", "op", "payment", "\n"]), inner, max_size=6
            )
        ),
        max_leaves=20,
    )
)
def test_no_document_makes_it_raise(document: object) -> None:
    data = json.dumps(document).encode("utf-8", "surrogatepass")
    for type in ("", "transfer", "account", "operation"):
        for record in FORMAT.decode(data, type).records:
            assert not isinstance(record, Refusal) or record.text.isprintable()


def test_a_deep_document_is_refused() -> None:
    for data in (b"[" * 300_000, b'{"a":' * 300_000):
        assert FORMAT.decode(data).refusals[0].code == "json-syntax"


def test_a_hostile_key_does_not_swell_the_refusal() -> None:
    data = json.dumps({"type": "account", "id": "A", "currency": "EUR", "x\r\n" * 10_000: 1}).encode()
    [refusal] = FORMAT.decode(data).records
    assert isinstance(refusal, Refusal)
    assert len(refusal.text) < 300
    assert refusal.text.isprintable()


def test_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "DATA_BYTES_MAX", 100)
    monkeypatch.setattr(read, "RECORDS_MAX", 2)
    assert FORMAT.decode(b" " * 101).refusals[0].code == "json-too-large"
    assert FORMAT.decode(b"[1,2,3]").refusals[0].code == "json-too-large"


def test_a_known_type_is_not_overruled_by_the_message() -> None:
    data = b'{"type": "operation", "op": "release", "payment": 1, "by": "x", "because": "y"}'
    [refusal] = FORMAT.decode(data, "transfer").refusals or FORMAT.decode(data, "transfer").records
    assert isinstance(refusal, Refusal)
    assert refusal.code == "json-type"


def test_parts_are_the_whole_in_pieces() -> None:
    one = {"type": "transfer", "debit_account": "A", "credit_account": "B", "amount": "1", "currency": "EUR"}
    data = json.dumps([one] * 10).encode()
    pieces = list(FORMAT.parts(BytesIO(data), 4))
    assert [len(piece.records) for piece in pieces] == [4, 4, 2]
    assert [record for piece in pieces for record in piece.records] == list(FORMAT.decode(data).records)
    [refused] = FORMAT.parts(BytesIO(b"[1"), 4)
    assert refused.refusals


@pytest.mark.parametrize("head", [b'{"', b"[", b"{}", b' \r\n\t{ "'])
def test_detect(head: bytes) -> None:
    assert FORMAT.detect(head)


@pytest.mark.parametrize("head", [b"", b"<", b"\xef\xbb\xbf{", b"101", b'"', b"{1:F01"])
def test_detect_not(head: bytes) -> None:
    assert not FORMAT.detect(head)


def test_reprint_shows_what_was_dropped() -> None:
    same = b'{\n  "amount": "1.50"\n}'
    assert FORMAT.reprint(same) == same
    assert FORMAT.reprint(b'{"amount": 1.50}') == b'{"amount":1.5}'
