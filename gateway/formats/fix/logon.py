"""Logging on: taking a Logon, sending ours, and bringing both sides' numbers together.

Strategy: what each Logon says of the other side's numbers decides what is resent and by whom: a ResendRequest for
what did not come, or, where both agreed on NextExpectedMsgSeqNum (789), a resend without being asked.
"""

from __future__ import annotations

import re
from hmac import compare_digest
from typing import TYPE_CHECKING

from gateway.formats.fix.message import Message, whole_number
from gateway.formats.fix.schedule import SECOND_NS
from gateway.formats.fix.states import State
from gateway.formats.fix.versions import APPLICATIONS

if TYPE_CHECKING:
    from gateway.formats.fix.session import Session

TEXT_MAX = 120  # of a counterparty's Text in our log

TEXT_READ_MAX = 1_024  # of a Text that may name a number: a sentence, not a search of 128 KiB

_EXPECTING = re.compile(r"(?i)expect[a-z]{0,4}\D{0,12}(\d{1,18})")  # how engines word `MsgSeqNum too low`


def expected_number(text: str) -> int | None:
    """The number of ours that a counterparty says it expects, in the words of a Logout; None when it says none."""
    found = _EXPECTING.search(text[:TEXT_READ_MAX])
    return int(found[1]) if found is not None else None


def send(session: Session, now_ns: int) -> None:
    """Log on, on a connection that we opened. Nothing else leaves before the answer."""
    config = session.config
    if config.reset_on_logon:
        session.start_again("reset_on_logon")
    resets = config.reset_on_logon or config.reset_on_logout or config.reset_on_disconnect
    session.state = State.LOGON_SENT
    session.heartbeat_ns = config.heartbeat_s * SECOND_NS
    session.application = next((id for id, name in APPLICATIONS.items() if name == config.application), b"")
    fresh = resets and (session.next_in, session.out.next_out) == (1, 1)
    _write(session, config.heartbeat_s, fresh, session.next_in, now_ns)
    session.logon_number = session.out.next_out - 1
    session.out.connected = False


def take(session: Session, message: Message, number: int, now_ns: int) -> None:
    """A Logon on a connection that came in: answer it, or say why not."""
    fields = message.fields
    reset = fields.get(b"141") == b"Y"
    heartbeat_s = whole_number(fields.get(b"108", b""))
    if not _known_user(session, fields):
        session.events.out_of_step(now_ns, "wrong-password", session.next_in, number)
        session.hang_up("logon refused: Username (553) or Password (554) is not the one agreed")
    elif not _choose_application(session, fields):
        session.hang_up("logon refused: DefaultApplVerID (1137) is missing or has no dictionary here")
    elif heartbeat_s is None or heartbeat_s > session.config.heartbeat_max_s:
        text = b"HeartBtInt (108) must be between 0 and %d" % session.config.heartbeat_max_s
        session.count(number)
        session.refuse(text, now_ns)
    elif reset and number != 1:
        session.refuse(b"MsgSeqNum must be 1 with ResetSeqNumFlag, received %d" % number, now_ns)
    else:
        if reset or session.config.reset_on_logon:
            session.start_again("asked for by the counterparty" if reset else "reset_on_logon")
        if number < session.next_in:
            _too_low_logon(session, message, number, now_ns)
        else:
            _answer_logon(session, message, number, heartbeat_s, reset, now_ns)


def _known_user(session: Session, fields: dict[bytes, bytes]) -> bool:
    """Whether the counterparty shows the name and password that were agreed, where any were."""
    config = session.config
    if not config.user and not config.password:
        return True
    name = compare_digest(fields.get(b"553", b""), config.user.encode())
    return compare_digest(fields.get(b"554", b""), config.password.encode()) and name


def _choose_application(session: Session, fields: dict[bytes, bytes]) -> bool:
    if not session.version.transport:
        return True
    session.application = fields.get(b"1137", b"")
    if not session.application:
        return False
    if session.config.validate:
        session.rules = session.rulebook.rules(session.version, session.application, session.config.checks)
    return session.rules is not None or not session.config.validate


def _answer_logon(session: Session, message: Message, number: int, heartbeat_s: int, reset: bool, now_ns: int) -> None:
    newest = session.out.next_out - 1
    if not _knows_our_number(session, message, newest + 1, now_ns):
        return
    session.state = State.ACTIVE
    session.heartbeat_ns = heartbeat_s * SECOND_NS
    session.note(f"logged on: next in {session.next_in}, next out {session.out.next_out}, received {number}")
    _write(session, heartbeat_s, reset, session.next_in + (number == session.next_in), now_ns)
    _begin(session, message, number, newest, now_ns)


def take_answer(session: Session, message: Message, number: int, now_ns: int) -> None:
    """The counterparty took our Logon."""
    fields = message.fields
    if fields.get(b"141") == b"Y" and session.logon_number != 1:
        session.start_again("asked for by the counterparty")
        session.logon_number = 0
    newest = max(session.logon_number, 0)
    if session.version.transport and not _choose_application(session, fields):
        session.hang_up("logon refused: DefaultApplVerID (1137) is missing or has no dictionary here")
    elif number < session.next_in:
        _too_low_logon(session, message, number, now_ns)
    elif _knows_our_number(session, message, session.out.next_out, now_ns):
        session.state = State.ACTIVE
        session.out.connected = True
        session.note(f"logged on: next in {session.next_in}, next out {session.out.next_out}, received {number}")
        _begin(session, message, number, newest, now_ns)
        if session.out.next_out - 1 > newest:
            session.out.resend(newest + 1, session.out.next_out - 1, now_ns)


def _begin(session: Session, message: Message, number: int, newest: int, now_ns: int) -> None:
    """Both sides are logged on; close the gaps that the two Logons show."""
    expected = _expected_of_us(session, message)
    if expected is not None and expected <= newest:
        session.note(f"resending {expected} to {newest}: the counterparty expects them")
        session.events.resends_served += 1
        session.out.resend(expected, newest, now_ns)
    if number > session.next_in:
        session.gap(message, number, now_ns, ask=expected is None)
    else:
        session.events.in_step()
        session.count(number)


def _expected_of_us(session: Session, message: Message) -> int | None:
    """NextExpectedMsgSeqNum, where both sides agreed on it."""
    return whole_number(message.fields.get(b"789", b"")) if session.config.next_expected else None


def _knows_our_number(session: Session, message: Message, next_out: int, now_ns: int) -> bool:
    """Whether the counterparty expects no more than we have sent."""
    expected = _expected_of_us(session, message)
    if expected is None or 1 <= expected <= next_out:
        return True
    session.events.out_of_step(now_ns, "our-number-too-low", expected, next_out)
    session.refuse(
        b"NextExpectedMsgSeqNum too high, expecting at most %d but received %d" % (next_out, expected), now_ns
    )
    return False


def _write(session: Session, heartbeat_s: int, reset: bool, expected: int, now_ns: int) -> None:
    config = session.config
    fields = [b"35=A\x0198=0\x01108=%d\x01" % heartbeat_s]
    if reset:
        fields.append(b"141=Y\x01")
    if session.state is State.LOGON_SENT and config.user:
        fields.append(b"553=%b\x01" % config.user.encode())
    if session.state is State.LOGON_SENT and config.password:
        fields.append(b"554=%b\x01" % config.password.encode())
    if config.next_expected:
        fields.append(b"789=%d\x01" % expected)
    if session.version.transport:
        fields.append(b"1137=%b\x01" % session.application)
    session.out.admin(b"".join(fields), now_ns)


def take_refusal(session: Session, message: Message, number: int, now_ns: int) -> None:
    """The counterparty does not take our Logon, and may say why."""
    session.count(number)
    text = message.fields.get(b"58", b"").decode("latin-1")
    expected = expected_number(text)
    if expected is not None:
        go_back(session, expected, session.logon_number, now_ns)
    else:
        session.events.out_of_step(now_ns, "logon-refused", session.next_in, number)
    session.hang_up(f"our logon was refused: {text[:TEXT_MAX]!r}")


def go_back(session: Session, expected: int, sent: int, now_ns: int) -> None:
    """The counterparty says that our number is too low: take its word only where our own record was damaged."""
    if session.damaged and expected > session.out.next_out:
        session.note(f"our damaged number is set to {expected}, which the counterparty expects")
        session.out.next_out = expected
    else:
        session.events.out_of_step(now_ns, "our-number-too-low", expected, sent)


def _too_low_logon(session: Session, message: Message, number: int, now_ns: int) -> None:
    session.note(f"logon refused: expecting {session.next_in}, received {number}; the counterparty went back")
    session.events.out_of_step(now_ns, "their-number-too-low", session.next_in, number)
    session.refuse(b"MsgSeqNum too low, expecting %d but received %d" % (session.next_in, number), now_ns)


def take_second(session: Session, message: Message, number: int, now_ns: int) -> None:
    """On a live session a Logon means that numbers start again, or it is a mistake."""
    if message.fields.get(b"141") == b"Y":
        session.state = State.WAIT_LOGON
        take(session, message, number, now_ns)
    else:
        session.hang_up("a second Logon on the same connection")
