"""Fields, raw data, times and passwords."""

from __future__ import annotations

import pytest
import simplefix  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from gateway.formats.fix.frame import cut
from gateway.formats.fix.message import DATA_AFTER, Stamps, assemble, join, masked, parse, parse_time_ns
from tests.formats.fix.peer import framed

OWN = {8, 9, 10, 34, 35, 49, 52, 56}  # of every message
RAW = {int(tag) for pair in DATA_AFTER.items() for tag in pair}
tags = st.integers(1, 2_900).filter(lambda tag: tag not in OWN | RAW)
values = st.text(st.characters(min_codepoint=32, max_codepoint=255), min_size=1, max_size=20)


def test_fields_keep_their_order() -> None:
    message = parse(framed("35=D|34=2|58=a=b|11=X|"))
    assert message is not None
    assert message.type == b"D"
    assert message.tags == (b"8", b"9", b"35", b"34", b"58", b"11", b"10")
    assert message.fields[b"58"] == b"a=b"


@pytest.mark.parametrize("text", ["35=0|4garbled9=X|", "35=0|no equals sign|", "35=0|=value|", "35=0|5 8=x|", "35=0||"])
def test_a_garbled_tag_garbles_the_message(text: str) -> None:
    assert parse(framed(text)) is None


def test_a_negative_tag_is_a_tag_for_the_dictionary_to_refuse() -> None:
    message = parse(framed("35=0|-1=HI|"))
    assert message is not None
    assert message.fields[b"-1"] == b"HI"


def test_raw_data_may_hold_separators() -> None:
    message = parse(assemble(b"FIX.4.4", b"35=A\x0195=7\x0196=a\x01b=c\x01d\x0198=0\x01"))
    assert message is not None
    assert message.fields[b"96"] == b"a\x01b=c\x01d"
    assert message.fields[b"98"] == b"0"


def test_a_wrong_length_of_raw_data_counts_as_none() -> None:
    message = parse(assemble(b"FIX.4.4", b"35=A\x0195=400\x0196=abc\x0198=0\x01"))
    assert message is not None
    assert message.fields[b"96"] == b"abc"
    assert parse(assemble(b"FIX.4.4", b"35=A\x0195=2\x0196=a\x01bcd\x0198=0\x01")) is None


def test_passwords_are_starred_out_and_the_message_stays_whole() -> None:
    raw = framed("35=BE|34=2|923=1|553=ALMA|554=secret|925=new secret|")
    message = parse(raw)
    assert message is not None
    hidden = masked(message)
    assert b"secret" not in hidden
    assert b"554=******\x01925=**********\x01" in hidden
    assert cut(hidden, 0, 1_000) == (len(hidden), hidden)


def test_times() -> None:
    assert parse_time_ns(b"20260921-14:13:20") == 1_790_000_000 * 10**9
    assert parse_time_ns(b"20260921-14:13:20.123") == 1_790_000_000_123 * 10**6
    assert parse_time_ns(b"20260921-14:13:20.123456789") == 1_790_000_000_123_456_789
    assert parse_time_ns(b"20161231-23:59:60") == parse_time_ns(b"20170101-00:00:00")
    for wrong in (b"", b"20260921", b"20261321-14:13:20", b"20260931-14:13:20", b"20260921-24:13:20", b"now"):
        assert parse_time_ns(wrong) is None


def test_stamps() -> None:
    assert Stamps(0)(1_790_000_000_123_456_789) == b"20260921-14:13:20"
    assert Stamps(3)(1_790_000_000_123_456_789) == b"20260921-14:13:20.123"
    assert Stamps(9)(1_790_000_000_000_000_001) == b"20260921-14:13:20.000000001"


@given(st.lists(st.tuples(tags, values), max_size=20))
def test_another_reader_finds_the_same_fields(fields: list[tuple[int, str]]) -> None:
    text = join([(b"35", b"D"), *((b"%d" % tag, value.encode("latin-1")) for tag, value in fields)])
    raw = assemble(b"FIX.4.4", text)
    message = parse(raw)
    parser = simplefix.FixParser()
    parser.append_buffer(raw)
    other = parser.get_message()
    assert message is not None
    assert [(int(tag), value) for tag, value in message.pairs()] == [(int(tag), value) for tag, value in other.pairs]


@given(st.binary(max_size=300))
def test_no_bytes_raise(data: bytes) -> None:
    parse(data)
    parse_time_ns(data)
