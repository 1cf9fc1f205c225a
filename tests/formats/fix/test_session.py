"""The session: what it answers, what it counts, and what of that is durable before it leaves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.formats.fix.gap import QUEUE_MESSAGES_MAX
from gateway.ports import SessionConfig
from tests.formats.fix.peer import NOW_NS, ORDER, SECOND_NS, Peer, framed, shown, stamp

LOGON = "35=A|34=1|98=0|108=30"


@pytest.fixture
def peer() -> Peer:
    made = Peer()
    assert made.logon() == [LOGON]
    return made


# --- logging on and off


def test_a_logon_is_answered_and_both_numbers_are_durable_first() -> None:
    peer = Peer()
    peer.link.receive(peer.write("A", 1, "98=0|108=30|"), peer.now_ns)
    sealed = peer.link.seal()
    assert sealed.state is not None
    assert (sealed.state.session, sealed.state.next_in, sealed.state.next_out) == ("CLIENT1", 2, 2)
    assert sealed.wire.startswith(b"8=FIX.4.4\x019=67\x0135=A\x0134=1\x0149=FINOS\x01")
    assert not peer.link.seal().wire, "once"


@pytest.mark.parametrize(
    "write",
    [
        lambda p: p.write("A", 1, "98=0|108=30|", sender="STRANGER"),
        lambda p: p.write("A", 1, "98=0|108=30|", target="ELSEWHERE"),
        lambda p: framed(f"35=A|34=1|49=CLIENT1|52={stamp(p.now_ns)}|56=FINOS|98=0|108=30|", "FIX.4.2"),
        lambda p: p.write("A", 1, "98=0|108=30|", shift_s=-121),
        lambda p: p.write("A", 1, "98=0|108=30|", shift_s=121),
        lambda p: p.write("A", 1, "98=0|"),
        lambda p: p.write("A", 1, "98=0|108=30|9999=X|"),
        lambda p: p.write("0", 1),
        lambda p: p.write("D", 1, ORDER.format("A")),
        lambda p: p.write("A", 1, "98=0|108=30|").replace(b"9=6", b"9=4"),
        lambda p: p.write("A", 1, "98=0|108=30|")[:-4] + b"000\x01",
        lambda p: b"GET / HTTP/1.1\r\n\r\n",
        lambda p: b"8=FIX.4.4\x01" + b"x" * 5_000,
        lambda p: framed(f"35=A|49=CLIENT1|52={stamp(p.now_ns)}|56=FINOS|98=0|108=30|"),
    ],
)
def test_whoever_does_not_log_on_properly_changes_nothing_and_hears_nothing(write: object) -> None:
    peer = Peer()
    assert peer.feed(write(peer)) == []  # type: ignore[operator]
    assert peer.closed
    assert peer.store.states == {}
    assert not peer.taken
    peer.link.lost()
    peer.connect()
    assert peer.logon() == [LOGON]


def test_a_second_logon_for_a_live_session_is_closed_without_a_word(peer: Peer) -> None:
    first = peer.link
    peer.connect()
    assert peer.logon() == []
    assert peer.closed
    peer.link, peer.closed = first, False
    assert peer.send("1", 2, "112=STILL|") == ["35=0|34=2|112=STILL"]


def test_a_session_can_be_taken_again_once_its_link_is_lost(peer: Peer) -> None:
    peer.link.lost()
    peer.connect()
    assert peer.logon(2) == ["35=A|34=2|98=0|108=30"]


def test_a_logon_again_on_the_same_link_ends_it(peer: Peer) -> None:
    assert peer.logon(2) == []
    assert peer.closed


def test_a_heartbeat_interval_too_long_is_refused_with_the_reason() -> None:
    peer = Peer(SessionConfig("CLIENT1", heartbeat_max_s=20))
    assert peer.logon() == ["35=5|34=1|58=HeartBtInt (108) must be between 0 and 20"]
    assert peer.closed
    assert peer.numbers == (2, 2)


def test_a_logout_is_answered_after_all_other_answers(peer: Peer) -> None:
    data = peer.write("D", 2, ORDER.format("A")) + peer.write("5", 3)
    assert len(peer.link.receive(data, peer.now_ns)) == 1
    assert peer.answer(["35=8|37=1|"]) == ["35=8|34=2|37=1", "35=5|34=3"]
    assert peer.closed
    assert peer.numbers == (4, 4)


def test_a_logout_beyond_a_gap_does_not_lose_what_is_missing(peer: Peer) -> None:
    peer.send("5", 9)
    assert peer.numbers[0] == 2


def test_no_answer_to_our_logout_ends_the_connection(peer: Peer) -> None:
    assert peer.send("0", 2, shift_s=-200)[-1] == "35=5|34=3"
    assert not peer.closed
    assert peer.pass_time(2) == []
    assert peer.closed


# --- numbers


def test_numbers_go_on_after_a_restart(peer: Peer) -> None:
    peer.send("D", 2, ORDER.format("A"))
    peer.answer(["35=8|37=1|"])
    again = Peer(store=peer.store)
    assert again.logon(3) == ["35=A|34=3|98=0|108=30"]


def test_a_number_too_low_ends_the_session_with_the_reason(peer: Peer) -> None:
    peer.send("0", 2)
    assert peer.send("0", 2) == ["35=5|34=2|58=MsgSeqNum too low, expecting 3 but received 2"]
    assert peer.closed


def test_a_logon_too_low_is_refused_with_the_reason() -> None:
    peer = Peer()
    peer.logon()
    peer.link.lost()
    peer.connect()
    assert peer.logon(1) == ["35=5|34=2|58=MsgSeqNum too low, expecting 2 but received 1"]
    assert peer.closed


def test_a_number_too_high_is_asked_for_once_and_taken_in_order(peer: Peer) -> None:
    assert peer.send("D", 4, ORDER.format("C")) == ["35=2|34=2|7=2|16=0"]
    assert peer.send("D", 5, ORDER.format("D")) == []
    assert not peer.taken
    assert peer.numbers[0] == 2
    peer.send("D", 2, ORDER.format("A"))
    assert len(peer.taken) == 1
    peer.send("D", 3, ORDER.format("B"))
    assert [raw.split(b"\x0111=")[1][:1] for raw in peer.taken] == [b"A", b"B", b"C", b"D"]
    assert peer.numbers[0] == 6
    assert peer.send("0", 9) == ["35=2|34=3|7=6|16=0"], "a new gap is asked for again"


def test_a_resend_that_leaves_a_hole_is_asked_for_again(peer: Peer) -> None:
    peer.send("0", 5)
    peer.send("0", 2, extra=f"43=Y|122={stamp(peer.now_ns)}|")
    assert peer.send("0", 4, extra=f"43=Y|122={stamp(peer.now_ns)}|") == ["35=2|34=3|7=3|16=0"]
    assert peer.send("0", 3, extra=f"43=Y|122={stamp(peer.now_ns)}|") == []
    assert peer.numbers[0] == 6


def test_a_logon_too_high_is_answered_and_then_asked(peer: Peer) -> None:
    peer.link.lost()
    peer.connect()
    assert peer.logon(5) == ["35=A|34=2|98=0|108=30", "35=2|34=3|7=2|16=0"]
    peer.send("4", 2, "36=5|123=Y|", extra=f"43=Y|122={stamp(peer.now_ns)}|")
    assert peer.numbers[0] == 6, "the Logon itself is counted when its turn comes"


def test_a_gap_of_two_thousand_million_holds_one_message(peer: Peer) -> None:
    assert peer.send("0", 2**31) == ["35=2|34=2|7=2|16=0"]
    assert peer.send("4", 2, "36=2147483648|123=Y|") == []
    assert peer.numbers[0] == 2**31 + 1


def test_early_messages_are_bounded(peer: Peer) -> None:
    for number in range(100, 10_200):
        peer.link.receive(peer.write("0", number), peer.now_ns)
    session = peer.link._of
    assert session is not None
    assert len(session._gap) == QUEUE_MESSAGES_MAX


def test_a_number_that_is_no_number_ends_the_session(peer: Peer) -> None:
    text = f"35=0|49=CLIENT1|52={stamp(peer.now_ns)}|56=FINOS|"
    assert peer.feed(framed(text)) == ["35=5|34=2|58=MsgSeqNum is missing or not a number"]


def test_reset_by_flag_voids_what_was_sent_before(peer: Peer) -> None:
    peer.send("D", 2, ORDER.format("A"))
    peer.answer(["35=8|37=1|"])
    assert peer.store.sent
    assert peer.logon(1, "98=0|108=30|141=Y|") == ["35=A|34=1|98=0|108=30|141=Y"]
    assert peer.numbers == (2, 2)
    assert not peer.store.sent
    peer.send("D", 2, ORDER.format("B"))
    peer.answer(["35=8|37=2|"])
    assert peer.send("2", 3, "7=1|16=0|") == ["35=4|34=1|43=Y|36=2|123=Y", "35=8|34=2|43=Y|37=2"]


def test_a_resend_between_a_reset_and_its_commit_reads_nothing_old(peer: Peer) -> None:
    peer.send("D", 2, ORDER.format("A"))
    peer.answer(["35=8|37=OLD|"])
    data = peer.write("A", 1, "98=0|108=30|141=Y|") + peer.write("1", 2, "112=X|") + peer.write("2", 3, "7=1|16=0|")
    assert "35=4|34=1|43=Y|36=3|123=Y" in peer.feed(data)


def test_a_reset_with_another_number_than_one_is_refused(peer: Peer) -> None:
    assert peer.logon(7, "98=0|108=30|141=Y|") == ["35=5|34=2|58=MsgSeqNum must be 1 with ResetSeqNumFlag, received 7"]


def test_reset_on_logon_is_for_sessions_that_say_so() -> None:
    peer = Peer(SessionConfig("CLIENT1", reset_on_logon=True))
    peer.logon()
    peer.send("0", 2)
    peer.link.lost()
    peer.connect()
    assert peer.logon() == [LOGON]


def test_a_sequence_reset_goes_forward_only(peer: Peer) -> None:
    assert peer.send("4", 0, "36=10|") == []
    assert peer.numbers[0] == 10
    assert peer.send("4", 0, "36=5|123=N|") == [
        "35=3|34=2|45=0|58=Value is incorrect (out of range) for this tag|372=4|373=5"
    ]
    assert peer.numbers[0] == 10


def test_a_gap_fill_too_low_ends_the_session(peer: Peer) -> None:
    peer.send("0", 2)
    assert peer.send("4", 1, "36=20|123=Y|") == ["35=5|34=2|58=MsgSeqNum too low, expecting 3 but received 1"]


# --- possible duplicates


def test_a_possible_duplicate_is_taken_once(peer: Peer) -> None:
    peer.send("D", 2, ORDER.format("A"))
    assert peer.send("D", 2, ORDER.format("A"), extra=f"43=Y|122={stamp(peer.now_ns)}|") == []
    assert len(peer.taken) == 1
    peer.send("D", 3, ORDER.format("B"), extra=f"43=Y|122={stamp(peer.now_ns)}|")
    assert len(peer.taken) == 2, "one that was not received before is taken"


def test_a_duplicate_without_its_original_time_is_rejected(peer: Peer) -> None:
    peer.send("0", 2)
    assert peer.send("0", 2, extra="43=Y|") == ["35=3|34=2|45=2|58=Required tag missing|371=122|372=0|373=1"]
    assert peer.numbers[0] == 3


# --- rejects


def test_a_wrong_message_is_rejected_and_counted(peer: Peer) -> None:
    assert peer.send("D", 2, "11=A|") == ["35=3|34=2|45=2|58=Required tag missing|371=40|372=D|373=1"]
    assert peer.numbers == (3, 3)
    assert not peer.taken


@pytest.mark.parametrize("names", [{"sender": "WRONG"}, {"target": "WRONG"}])
def test_wrong_names_end_the_session(peer: Peer, names: dict[str, str]) -> None:
    assert peer.send("D", 2, ORDER.format("A"), **names) == [
        "35=3|34=2|45=2|58=CompID problem|372=D|373=9",
        "35=5|34=3",
    ]
    assert not peer.taken
    assert peer.send("5", 3) == []
    assert peer.closed


def test_a_wrong_version_ends_the_session(peer: Peer) -> None:
    text = f"35=0|34=2|49=CLIENT1|52={stamp(peer.now_ns)}|56=FINOS|"
    assert peer.feed(framed(text, "FIX.4.2")) == ["35=5|34=2|58=Incorrect BeginString"]
    assert peer.send("5", 3) == []
    assert peer.closed


def test_a_wrong_reject_is_not_rejected(peer: Peer) -> None:
    assert peer.send("3", 2, "58=no RefSeqNum|") == []
    assert peer.numbers[0] == 3


def test_a_route_is_answered_backwards(peer: Peer) -> None:
    answers = peer.send("D", 2, "11=A|", extra="115=DESK|116=ALMA|144=HAM|")
    assert answers == ["35=3|34=2|128=DESK|129=ALMA|145=HAM|45=2|58=Required tag missing|371=40|372=D|373=1"]


def test_without_validation_only_what_the_session_needs_is_checked() -> None:
    peer = Peer(SessionConfig("CLIENT1", validate=False))
    peer.logon()
    assert peer.send("D", 2, "9999=anything|") == []
    assert len(peer.taken) == 1
    assert peer.send("2", 3, "7=x|16=0|")[0].startswith("35=3|")
    assert peer.send("4", 4, "123=Y|")[0].startswith("35=3|")


# --- garbled input


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[:-4] + b"000\x01",
        lambda data: data.replace(b"9=", b"9=1", 1),
        lambda data: data[1:],
        lambda data: data.replace(b"34=2", b"34x=2"),
        lambda data: b"\x00" * 2_000,
    ],
)
def test_garbled_input_uses_no_number_and_gets_no_answer(peer: Peer, spoil: object) -> None:
    assert peer.feed(spoil(peer.write("0", 2))) == []  # type: ignore[operator]
    assert not peer.closed
    assert peer.numbers == (2, 2)
    answers = [answer for _ in range(4) for answer in peer.send("1", 2, "112=HELLO|")]
    assert answers[0] == "35=0|34=2|112=HELLO", "a length too long takes the next messages with it, no more"


# --- resend


def test_orders_are_resent_and_runs_of_session_messages_are_one_gap_fill(peer: Peer) -> None:
    peer.send("1", 2, "112=A|")
    peer.send("1", 3, "112=B|")
    peer.answer(["35=8|37=1|", "35=8|37=2|"])
    peer.send("1", 4, "112=C|")
    whole = ["35=4|34=1|43=Y|36=4|123=Y", "35=8|34=4|43=Y|37=1", "35=8|34=5|43=Y|37=2", "35=4|34=6|43=Y|36=7|123=Y"]
    assert peer.send("2", 5, "7=1|16=0|") == whole
    assert peer.send("2", 6, "7=4|16=4|") == ["35=8|34=4|43=Y|37=1"]
    assert peer.send("2", 7, "7=2|16=2|") == ["35=4|34=2|43=Y|36=3|123=Y"]
    assert peer.numbers == (8, 7), "a resend uses no numbers"


def test_what_is_resent_says_when_it_was_sent_first(peer: Peer) -> None:
    peer.answer(["35=8|128=DESK|37=1|"])
    first = stamp(peer.now_ns)
    peer.pass_time(10)
    peer.send("2", 2, "7=2|16=0|")
    fields = dict(f.split(b"=", 1) for f in peer.wire.split(b"\x01") if f)
    assert fields[b"122"] == f"{first}.000".encode()
    assert fields[b"52"] == f"{stamp(peer.now_ns)}.000".encode()
    assert fields[b"128"] == b"DESK"
    assert fields[b"34"] == b"2"


def test_a_resend_reads_what_is_sealed_but_not_yet_in_the_store(peer: Peer) -> None:
    peer.link.send([b"35=8\x0137=1\x01"], peer.now_ns)
    peer.link.seal()  # on its way to the disk
    assert peer.store.sent == {}
    assert peer.send("2", 2, "7=2|16=2|") == ["35=8|34=2|43=Y|37=1"]


def test_a_large_resend_comes_in_windows(peer: Peer) -> None:
    for n in range(2_500):
        peer.link.send([b"35=8\x0137=%d\x01" % n], peer.now_ns)
        if n % 500 == 0:
            peer.sealed()
    peer.sealed()
    found = peer.send("2", 2, "7=1|16=0|")
    assert len(found) == 1_000
    while peer.link.tick(peer.now_ns) == peer.now_ns or len(found) < 2_501:
        found += peer.sealed()
    assert found[0] == "35=4|34=1|43=Y|36=2|123=Y"
    assert found[-1] == "35=8|34=2501|43=Y|37=2499"
    assert len(found) == 2_501


def test_a_million_heartbeats_are_one_gap_fill() -> None:
    peer = Peer()
    peer.logon()
    session = peer.link._of
    assert session is not None
    session.out.next_out = 1_000_001
    found = peer.send("2", 2, "7=1|16=0|")
    while peer.link.tick(peer.now_ns) == peer.now_ns:
        found += peer.sealed()
    assert found + peer.sealed() == ["35=4|34=1|43=Y|36=1000001|123=Y"]


def test_a_request_for_what_was_never_sent_is_rejected(peer: Peer) -> None:
    assert peer.send("2", 2, "7=50|16=0|") == [
        "35=3|34=2|45=2|58=Value is incorrect (out of range) for this tag|371=7|372=2|373=5"
    ]


def test_answers_made_while_nobody_is_there_are_asked_for_later(peer: Peer) -> None:
    peer.send("D", 2, ORDER.format("A"))
    peer.link.lost()
    assert peer.answer(["35=8|37=1|"]) == [], "nothing leaves, but it is durable"
    assert peer.numbers == (3, 3)
    link = peer.acceptor.send("CLIENT1", [b"35=8\x0137=2\x01"], peer.now_ns)
    assert link is not None
    peer.store.keep(link.seal())
    peer.connect()
    assert peer.logon(3) == ["35=A|34=4|98=0|108=30"]
    assert peer.send("2", 4, "7=2|16=3|") == ["35=8|34=2|43=Y|37=1", "35=8|34=3|43=Y|37=2"]


# --- time


def test_heartbeats_test_requests_and_the_end(peer: Peer) -> None:
    assert peer.pass_time(29.9) == []
    assert peer.pass_time(0.1) == ["35=0|34=2"]
    assert peer.pass_time(6) == ["35=1|34=3|112=TEST"]
    assert peer.pass_time(30) == [], "no heartbeat while the answer is awaited"
    assert not peer.closed
    assert peer.pass_time(6) == []
    assert peer.closed


def test_any_message_answers_a_test_request(peer: Peer) -> None:
    peer.pass_time(36)
    peer.send("0", 2, "112=TEST|")
    assert peer.pass_time(35) == ["35=0|34=3"]
    assert not peer.closed


def test_garbage_is_no_sign_of_life(peer: Peer) -> None:
    for _ in range(8):
        peer.pass_time(9)
        peer.feed(b"garbage")
    assert peer.closed


def test_tick_says_when_to_come_again(peer: Peer) -> None:
    assert peer.link.tick(NOW_NS) == NOW_NS + 30 * SECOND_NS
    assert Peer().link.tick(NOW_NS) > NOW_NS + 60 * SECOND_NS


def test_interval_zero_means_no_heartbeats() -> None:
    peer = Peer()
    peer.logon(1, "98=0|108=0|")
    assert peer.pass_time(3_000) == []
    assert not peer.closed


# --- pieces


@given(st.data())
def test_pieces_make_no_difference(data: st.DataObject) -> None:
    """One stream, cut anywhere, gives the same answers, messages and numbers."""
    ends = []
    for cut in (False, True):
        peer = Peer()
        stream = b"".join(
            [
                peer.write("A", 1, "98=0|108=30|"),
                peer.write("D", 2, ORDER.format("A")),
                b"garbage",
                peer.write("1", 4, "112=EARLY|"),
                peer.write("D", 3, ORDER.format("B")),
                peer.write("D", 5, "11=A|"),
                peer.write("2", 6, "7=1|16=0|"),
                peer.write("0", 7),
            ]
        )
        answers: list[str] = []
        while stream:
            size = data.draw(st.integers(1, 60)) if cut else len(stream)
            answers += peer.feed(stream[:size])
            stream = stream[size:]
        ends.append((answers, peer.taken, peer.numbers))
    assert ends[0] == ends[1]


def test_byte_by_byte(peer: Peer) -> None:
    stream = peer.write("D", 2, ORDER.format("A")) + peer.write("1", 3, "112=X|")
    assert [answer for byte in stream for answer in peer.feed(bytes([byte]))] == ["35=0|34=2|112=X"]
    assert len(peer.taken) == 1


# --- passwords


def test_passwords_never_leave_the_session(peer: Peer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    peer.link.lost()
    peer.connect()
    peer.logon(2, "98=0|108=30|553=ALMA|554=sesame|")
    peer.send("BE", 3, "923=1|924=3|553=ALMA|554=sesame|925=new sesame|")
    assert len(peer.taken) == 1
    assert b"sesame" not in peer.taken[0]
    assert "sesame" not in caplog.text
    assert b"sesame" not in b"".join(peer.store.sent.values())
    assert "554=******" in shown(peer.taken[0])
