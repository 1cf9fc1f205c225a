"""The session layer's test cases, as ISO 3531-3 numbers them, in every version that we speak.

docs/formats/fix.md lists the cases, each with its test here; a test below keeps the list true.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.formats.fix.message import assemble
from gateway.formats.fix.versions import APPLICATIONS, VERSIONS
from gateway.ports import SessionConfig
from tests.formats.fix.peer import NOW_NS, Peer, framed, stamp
from tests.formats.fix.test_two_sides import Line

VERSION_NAMES = ["FIX.4.0", "FIX.4.1", "FIX.4.2", "FIX.4.3", "FIX.4.4", "FIX50", "FIX50SP1", "FIX50SP2"]
ORDER = "11=A|21=1|38=100|40=2|44=1.1|54=1|55=EUR/USD|60=20260921-14:13:20|"
ORDER_40 = "11=A|21=1|38=100|40=2|44=1.1|54=1|55=EUR/USD|"


class Case(Peer):
    """A counterparty of a version, logged on; the next number that it sends is 2."""

    def __init__(self, name: str, **options: object) -> None:
        begin_string = "FIXT.1.1" if name.startswith("FIX5") else name
        self.application = next((id.decode() for id, of in APPLICATIONS.items() if of == name), "")
        self.version = VERSIONS[begin_string.encode()]
        self.order = ORDER if begin_string >= "FIX.4.2" or self.version.transport else ORDER_40
        super().__init__(SessionConfig("CLIENT1", begin_string=begin_string, **options))  # type: ignore[arg-type]

    def log_on(self, number: int = 1, more: str = "") -> list[str]:
        default = f"1137={self.application}|" if self.version.transport else ""
        return self.send("A", number, f"98=0|108=30|{more}{default}")

    def rejected(self, answers: list[str], number: int, reason: int, tag: str = "") -> bool:
        """Whether the answer is a Reject for this, as much of it as the version has."""
        if len(answers) != 1 or not answers[0].startswith("35=3|") or f"|45={number}" not in answers[0]:
            return False
        if self.version.reject_reason_max < 0:
            return not tag or f"({tag})" in answers[0]
        said = f"|373={reason}" in answers[0] or reason > self.version.reject_reason_max
        return said and (not tag or f"|371={tag}|" in answers[0])

    def expects(self, number: int) -> bool:
        """Whether this number comes next: a TestRequest at it is answered."""
        answers = self.send("1", number, "112=NEXT|")
        return len(answers) == 1 and answers[0].startswith("35=0|") and answers[0].endswith("|112=NEXT")


@pytest.fixture(params=VERSION_NAMES)
def case(request: pytest.FixtureRequest) -> Case:
    made = Case(request.param)
    answers = made.log_on()
    assert [answer[:10] for answer in answers] == ["35=A|34=1|"]
    return made


@pytest.fixture(params=VERSION_NAMES)
def fresh(request: pytest.FixtureRequest) -> Case:
    return Case(request.param)


# --- 1: logging on


def test_1S_a_valid_logon_is_answered(fresh: Case) -> None:
    assert [answer[:5] for answer in fresh.log_on()] == ["35=A|"]
    assert fresh.expects(2)


def test_1S_a_logon_above_the_expected_number_is_answered_and_the_gap_asked_for(fresh: Case) -> None:
    answers = fresh.log_on(5)
    assert [answer[:5] for answer in answers] == ["35=A|", "35=2|"]
    end = fresh.version.open_end.decode()
    assert answers[1].endswith(f"|7=1|16={end}")


def test_1S_b_second_connection_of_a_session_is_closed(case: Case) -> None:
    first = case.link
    case.connect()
    assert case.log_on() == []
    assert case.closed
    case.link, case.closed = first, False
    assert case.expects(2)


@pytest.mark.parametrize("wrong", [{"sender": "NOBODY"}, {"target": "NOBODY"}, {"shift_s": 130}])
def test_1S_c_d_invalid_logon_is_hung_up(fresh: Case, wrong: dict[str, object]) -> None:
    assert fresh.send("A", 1, "98=0|108=30|", **wrong) == []
    assert fresh.closed


def test_1S_e_first_message_is_not_a_logon(fresh: Case) -> None:
    assert fresh.send("D", 1, fresh.order) == []
    assert fresh.closed


def test_1B_we_log_on() -> None:
    for name in VERSION_NAMES:
        transport = name.startswith("FIX5")
        options = {"application": name} if transport else {}
        line = Line(begin_string="FIXT.1.1" if transport else name, **options)
        line.settle()
        line.agree()
        assert line.ours.link is not None


# --- 2: the standard header


def test_2a_number_as_expected(case: Case) -> None:
    assert case.send("D", 2, case.order) == []
    assert len(case.taken) == 1
    assert case.expects(3)


def test_2b_number_too_high(case: Case) -> None:
    [answer] = case.send("D", 4, case.order)
    assert answer.startswith("35=2|")
    assert "|7=2|" in answer
    assert not case.taken
    case.send("4", 2, "36=4|123=Y|", "43=Y|" + f"122={stamp(NOW_NS)}|")
    assert len(case.taken) == 1, "what came early is taken once the gap is closed"


def test_2c_number_too_low(case: Case) -> None:
    [answer] = case.send("D", 1, case.order)
    assert answer.startswith("35=5|")
    assert "MsgSeqNum too low, expecting 2 but received 1" in answer
    assert case.closed


@pytest.mark.parametrize("spoil", [lambda m: m.replace(b"10=", b"10=9"), lambda m: m.replace(b"\x0135=", b"\x0136=")])
def test_2d_garbled_message(case: Case, spoil: Callable[[bytes], bytes]) -> None:
    assert case.feed(spoil(case.write("D", 2, case.order))) == []
    assert case.expects(2)


def test_2e_possible_duplicate_that_was_received(case: Case) -> None:
    case.send("D", 2, case.order)
    assert case.send("D", 2, case.order, f"43=Y|122={stamp(NOW_NS)}|") == []
    assert len(case.taken) == 1
    assert case.expects(3)


def test_2f_original_time_later_than_the_sending_time(case: Case) -> None:
    case.send("D", 2, case.order)
    answers = case.send("D", 2, case.order, f"43=Y|122={stamp(NOW_NS, 30)}|")
    assert case.rejected(answers[:1], 2, 10)
    assert answers[1].startswith("35=5|")


def test_2g_possible_duplicate_without_original_time(case: Case) -> None:
    case.send("D", 2, case.order)
    assert case.rejected(case.send("D", 2, case.order, "43=Y|"), 2, 1, "122")


def test_2h_original_time_not_later(case: Case) -> None:
    assert case.send("D", 2, case.order, f"43=Y|122={stamp(NOW_NS, -5)}|") == []
    assert len(case.taken) == 1


def test_2i_begin_string_of_another_version(case: Case) -> None:
    other = "FIX.4.4" if case.version.begin_string != b"FIX.4.4" else "FIX.4.2"
    raw = framed(f"35=1|34=2|49=CLIENT1|52={stamp(NOW_NS)}|56=FINOS|112=X|", other)
    [answer] = case.feed(raw)
    assert answer.startswith("35=5|")
    assert "Incorrect BeginString" in answer


@pytest.mark.parametrize("wrong", [{"sender": "NOBODY"}, {"target": "NOBODY"}])
def test_2k_names_of_another_session(case: Case, wrong: dict[str, str]) -> None:
    answers = case.send("D", 2, case.order, **wrong)
    assert case.rejected(answers[:1], 2, 9)
    assert answers[1].startswith("35=5|")


@pytest.mark.parametrize("shift", [3, -3])
def test_2m_body_length_is_wrong(case: Case, shift: int) -> None:
    raw = case.write("D", 2, case.order)
    length = int(re.search(rb"\x019=(\d+)", raw)[1])  # type: ignore[index]
    case.feed(raw.replace(b"\x019=%d" % length, b"\x019=%d" % (length + shift), 1))
    answers = case.send("1", 2, "112=NEXT|") or case.send("1", 2, "112=NEXT|")
    assert any("112=NEXT" in answer for answer in answers), "a length that is too long takes the next message with it"


def test_2o_sending_time_is_far_from_our_clock(case: Case) -> None:
    answers = case.send("D", 2, case.order, shift_s=-130)
    assert case.rejected(answers[:1], 2, 10)
    assert answers[1].startswith("35=5|")


def test_2q_message_type_that_does_not_exist(case: Case) -> None:
    assert case.rejected(case.send("ZZZ", 2), 2, 11)
    assert case.expects(3)


def test_2r_message_type_without_an_application_behind_it(case: Case) -> None:
    headline = "148=hello|" if case.config.begin_string != "FIX.4.0" else ""
    assert case.send("B", 2, f"{headline}33=1|58=text|") == []
    assert len(case.taken) == 1, "handed over: what nobody serves is answered by the application layer"


def test_2t_first_three_fields_out_of_order(case: Case) -> None:
    body = f"34=2|35=1|49=CLIENT1|52={stamp(NOW_NS)}|56=FINOS|112=X|".replace("|", "\x01").encode()
    assert case.feed(assemble(case.version.begin_string, body)) == []
    assert case.expects(2)


# --- 3: the trailer


def test_3b_check_sum_is_wrong(case: Case) -> None:
    raw = case.write("D", 2, case.order)
    spoiled = raw[:-4] + b"%03d\x01" % ((int(raw[-4:-1]) + 1) % 256)
    assert case.feed(spoiled) == []
    assert case.expects(2)


def test_3c_check_sum_is_not_three_digits(case: Case) -> None:
    raw = case.write("D", 2, case.order)
    assert case.feed(raw[:-4] + b"%d\x01" % int(raw[-4:-1]) if raw[-4:-3] == b"0" else raw[:-4] + b"1\x01") == []
    assert case.expects(2)


# --- 4 to 7: heartbeats, test requests, rejects


def test_4a_a_heartbeat_after_an_interval_of_silence(case: Case) -> None:
    case.pass_time(15)
    case.send("0", 2)
    [answer] = case.pass_time(15)
    assert answer == "35=0|34=2"


def test_4b_a_test_request_is_answered_with_its_id(case: Case) -> None:
    assert case.send("1", 2, "112=HELLO|") == ["35=0|34=2|112=HELLO"]


def test_5_a_heartbeat_asks_for_nothing(case: Case) -> None:
    assert case.send("0", 2) == []
    assert case.expects(3)


def test_6_silence_is_asked_about_and_then_ended(case: Case) -> None:
    answers = case.pass_time(36)
    assert any(answer.startswith("35=1|") for answer in answers)
    case.pass_time(36)
    case.pass_time(1)
    assert case.closed


def test_7_a_reject_is_counted(case: Case) -> None:
    assert case.send("3", 2, "45=1|58=no|") == []
    assert case.expects(3)


# --- 8 to 11: resend requests and sequence resets


def test_8_only_application_messages_are_resent(case: Case) -> None:
    case.answer(["35=B|148=one|33=1|58=x|", "35=B|148=two|33=1|58=x|"])
    answers = case.send("2", 2, "7=1|16=0|")
    assert [answer.split("|")[0] for answer in answers] == ["35=4", "35=B", "35=B"]
    assert "|34=1|43=Y|" in answers[0]
    assert "|36=2|123=Y" in answers[0]
    assert all("|43=Y" in answer for answer in answers)


def test_8_only_session_messages_become_one_gap_fill(case: Case) -> None:
    case.send("1", 2, "112=X|")
    [answer] = case.send("2", 3, "7=1|16=0|")
    assert "|36=3|123=Y" in answer


def test_10a_gap_fill_above_the_expected_number(case: Case) -> None:
    assert case.send("4", 2, "36=20|123=Y|") == []
    assert case.expects(20)


def test_10b_gap_fill_that_comes_early(case: Case) -> None:
    [answer] = case.send("4", 5, "36=20|123=Y|")
    assert answer.startswith("35=2|")


def test_10c_gap_fill_that_was_received(case: Case) -> None:
    assert case.send("4", 1, "36=2|123=Y|", f"43=Y|122={stamp(NOW_NS)}|") == []
    assert case.expects(2)


def test_10d_gap_fill_with_a_number_too_low(case: Case) -> None:
    [answer] = case.send("4", 1, "36=2|123=Y|")
    assert answer.startswith("35=5|")


def test_10e_gap_fill_that_leads_back(case: Case) -> None:
    case.send("0", 2)
    assert case.rejected(case.send("4", 3, "36=2|123=Y|"), 3, 5)


@pytest.mark.parametrize("number", [1, 2, 50])
def test_11a_reset_forwards_whatever_its_own_number(case: Case, number: int) -> None:
    assert case.send("4", number, "36=20|") == []
    assert case.expects(20)


def test_11b_reset_to_the_expected_number(case: Case) -> None:
    assert case.send("4", 2, "36=2|") == []
    assert case.expects(2)


def test_11c_reset_backwards_is_rejected(case: Case) -> None:
    case.send("0", 2)
    assert case.rejected(case.send("4", 3, "36=1|"), 3, 5)
    assert case.expects(3)


# --- 12, 13: logging out


def test_12_we_log_out_and_wait_for_the_answer(case: Case) -> None:
    case.acceptor.command("CLIENT1", "logout", case.now_ns)
    assert case.pass_time(1) == ["35=5|34=2"]
    assert not case.closed
    case.send("5", 2)
    assert case.closed


def test_12_nobody_answers_our_logout(case: Case) -> None:
    case.acceptor.command("CLIENT1", "logout", case.now_ns)
    case.pass_time(1)
    case.pass_time(3)
    assert case.closed


def test_13b_the_counterparty_logs_out(case: Case) -> None:
    assert case.send("5", 2) == ["35=5|34=2"]
    assert case.closed


# --- 14, 15: fields


@pytest.mark.parametrize(
    ("more", "reason", "tag"),
    [
        ("4999=X|", 0, "4999"),  # a: a tag that does not exist
        ("112=X|", 2, "112"),  # c: not in this message
        ("58=|", 4, "58"),  # d: without a value
        ("59=?|", 5, "59"),  # e: not one of its values
        ("99=price|", 6, "99"),  # f: not of its format
        ("11=B|", 13, "11"),  # h: twice
    ],
)
def test_14_a_field_that_is_wrong(more: str, reason: int, tag: str) -> None:
    for name in VERSION_NAMES[:-1]:  # of FIX 5.0 SP2 we know the types of messages only
        case = Case(name)
        case.log_on()
        assert case.rejected(case.send("D", 2, case.order + more), 2, reason, tag), name
        assert case.expects(3)


def test_14b_a_required_field_is_missing(case: Case) -> None:
    assert case.rejected(case.send("1", 2), 2, 1, "112")
    assert case.expects(3)


def test_14g_header_in_the_body(case: Case) -> None:
    assert case.rejected(case.send("1", 2, "112=X|57=LATE|"), 2, 14)


@pytest.mark.parametrize("name", ["FIX.4.3", "FIX.4.4", "FIX50", "FIX50SP1"])
def test_14i_j_groups(name: str) -> None:
    case = Case(name)
    case.log_on()
    assert case.rejected(case.send("D", 2, case.order + "386=2|336=PRE|"), 2, 16, "386")
    assert case.rejected(case.send("D", 3, case.order + "386=1|625=SUB|336=PRE|"), 3, 15)


def test_15_fields_in_another_order(case: Case) -> None:
    head = f"35=1|56=FINOS|52={stamp(NOW_NS)}|49=CLIENT1|34=2|112=X|"
    assert case.feed(framed(head, case.config.begin_string)) == ["35=0|34=2|112=X"]


# --- 16 to 20


def test_16_what_was_queued_while_nobody_was_there_is_asked_for(case: Case) -> None:
    case.link.lost()
    link = case.acceptor.send("CLIENT1", [b"35=B\x01148=late\x0133=1\x0158=x\x01"], case.now_ns)
    assert link is not None
    case.store.keep(link.seal())
    case.connect()
    case.log_on(2)
    answers = case.send("2", 3, "7=2|16=0|")
    assert any("|148=late" in answer for answer in answers)


def test_18_third_parties_are_answered_by_the_way_they_came(case: Case) -> None:
    [answer] = case.send("ZZZ", 2, "", "115=FUND|116=DESK|128=VENUE|")
    assert "|115=VENUE|" in answer
    assert "|128=FUND|129=DESK|" in answer


def test_19_a_possible_resend_is_handed_over_with_its_flag(case: Case) -> None:
    case.send("D", 2, case.order, "97=Y|")
    assert b"\x0197=Y\x01" in case.taken[0]


def test_20_both_sides_ask_for_a_resend_at_once(case: Case) -> None:
    case.answer(["35=B|148=one|33=1|58=x|"])
    answers = case.send("2", 4, "7=2|16=0|")
    kinds = [answer.split("|")[0] for answer in answers]
    assert "35=B" in kinds, "theirs is answered"
    assert "35=2" in kinds, "and ours is asked"


# --- the list


def test_the_list_in_the_documents_is_true() -> None:
    text = (Path(__file__).resolve().parents[3] / "docs" / "formats" / "fix.md").read_text()
    listed = set(re.findall(r"`(test_\d+\w*)`", text))
    here = {name for name in globals() if re.match(r"test_\d", name)}
    assert listed == here
