"""Framing: what is whole is found, what is garbled is skipped, and pieces make no difference."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.formats.fix.frame import GARBLED, MESSAGE_BYTES_MAX, Framer, checksum, cut
from tests.formats.fix.peer import framed

HEARTBEAT = framed("35=0|34=2|49=CLIENT1|52=20260921-14:13:20|56=FINOS|")
TEST_REQUEST = framed("35=1|34=3|49=CLIENT1|52=20260921-14:13:20|56=FINOS|112=HELLO|")

noise = st.sampled_from(
    [
        HEARTBEAT,
        TEST_REQUEST,
        HEARTBEAT[:-9],
        HEARTBEAT.replace(b"9=", b"9=1"),
        HEARTBEAT.replace(b"34=2", b"34=3"),
        b"8=FIX.4.4\x019=999999999\x0135=0\x01",
        b"8=FIX.4.4\x019=-5\x0135=0\x01",
        b"8=",
        b"8=FI",
        b"8=FIX",
        b"garbage",
        b"\x01",
        b"10=000\x01",
        b"9=5\x018=FIX.4.4\x0135=0\x01",
        b"35=0\x01" + HEARTBEAT,
    ]
)


def whole(data: bytes) -> list[bytes]:
    return Framer().feed(data)


def test_messages_are_cut() -> None:
    assert whole(HEARTBEAT + TEST_REQUEST) == [HEARTBEAT, TEST_REQUEST]


def test_a_wrong_sum_skips_the_message() -> None:
    assert whole(HEARTBEAT[:-4] + b"999\x01" + TEST_REQUEST) == [GARBLED, TEST_REQUEST]


def test_a_length_too_short_skips_the_message() -> None:
    assert whole(HEARTBEAT.replace(b"9=51", b"9=30") + TEST_REQUEST) == [GARBLED, TEST_REQUEST]


def test_a_length_too_long_takes_the_next_message_with_it() -> None:
    wrong = HEARTBEAT.replace(b"9=5", b"9=7", 1)
    assert whole(wrong + TEST_REQUEST + HEARTBEAT) == [GARBLED, HEARTBEAT]


def test_an_absurd_length_costs_one_message() -> None:
    for length in (b"0", b"999999999", b"-1", b"", b"12x", b"99999999999999999999"):
        data = b"8=FIX.4.4\x019=" + length + b"\x0135=0\x0134=2\x0110=000\x01"
        assert whole(data + TEST_REQUEST) == [GARBLED, TEST_REQUEST], length


def test_garbage_before_a_message_is_skipped() -> None:
    assert whole(b"\x00\xffgarbage" + HEARTBEAT) == [GARBLED, HEARTBEAT]
    assert whole(b"9=54\x018=FIX.4.4\x0135=0\x0110=000\x01" + HEARTBEAT)[-1] == HEARTBEAT


def test_the_first_fields_out_of_order_skip_the_message() -> None:
    for text in (
        "8=FIX.4.4|35=0|9=40|34=2|49=CLIENT1|52=20260921-14:13:20|56=FINOS|10=000|",
        "8=FIX.4.4|9=51|34=2|35=0|49=CLIENT1|52=20260921-14:13:20|56=FINOS|10=000|",
        "9=54|8=FIX.4.4|35=0|34=2|49=CLIENT1|52=20260921-14:13:20|56=FINOS|10=000|",
    ):
        assert whole(text.replace("|", "\x01").encode() + HEARTBEAT)[-1] == HEARTBEAT, text


def test_an_endless_line_is_bounded() -> None:
    framer = Framer()
    for _ in range(40):
        framer.feed(b"x" * 10_000)
        assert framer.pending() < 8
    framer = Framer()
    framer.feed(b"8=FIX.4.4\x01")
    for _ in range(40):
        framer.feed(b"x" * 10_000)
        assert framer.pending() <= MESSAGE_BYTES_MAX
    assert framer.feed(HEARTBEAT)[-1] == HEARTBEAT


@given(st.lists(noise, max_size=6), st.data())
def test_pieces_make_no_difference(parts: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(parts)
    framer, found, place = Framer(), [], 0
    while place < len(stream):
        size = data.draw(st.integers(1, 40))
        found += framer.feed(stream[place : place + size])
        place += size
    assert [frame for frame in found if frame] == [frame for frame in whole(stream) if frame]


@given(st.lists(noise, max_size=8))
def test_byte_by_byte_is_the_same(parts: list[bytes]) -> None:
    stream = b"".join(parts)
    framer = Framer()
    found = [frame for byte in stream for frame in framer.feed(bytes([byte])) if frame]
    assert found == [frame for frame in whole(stream) if frame]


@given(st.binary(max_size=2_000))
def test_no_bytes_raise(data: bytes) -> None:
    Framer().feed(data)
    assert cut(b"8=" + data, 0, 1_000, final=True) is not None


@given(st.binary(max_size=3_000))
def test_the_checksum_is_the_sum(data: bytes) -> None:
    assert checksum(data) == sum(data) % 256
