"""A FIX session: a state machine without a socket, version-independent.

Strategy: every message is first checked for itself (version, dictionary, names, time), then put in sequence: too
low ends the session unless it is a possible duplicate, too high waits in a queue while the gap is asked for, and
only what comes at its number is acted upon. TRANSITIONS says what a message does in which state; what is not in it
is an error of the other side's and ends the connection. Nothing leaves, and no number counts, before `seal` hands
both over to be committed together.

Whoever drives a session lets one offer be committed before it feeds the next bytes: a number counts as received
from the seal that follows, and the messages handed out before that seal must be in the same transaction.
"""

from __future__ import annotations

import logging
import re
from enum import Enum, auto
from hmac import compare_digest
from typing import Protocol

from msgspec import Struct

from gateway.formats.fix import validate
from gateway.formats.fix.events import Events
from gateway.formats.fix.message import ADMIN_TYPES, Message, masked, parse_time_ns, whole_number
from gateway.formats.fix.outgoing import Outgoing, Sent
from gateway.formats.fix.rejects import reject_body
from gateway.formats.fix.schedule import SECOND_NS, Calendar
from gateway.formats.fix.validate import Fault, Rules
from gateway.formats.fix.versions import APPLICATIONS, Version
from gateway.ports import Sealed, SessionConfig, SessionState, SessionView

LOGON_S = 10  # how long the answer to our own Logon is awaited
LOGOUT_S = 2  # how long the answer to our own Logout is awaited
QUEUE_MESSAGES_MAX = 10_000  # ahead of a gap; what does not fit is asked for again
QUEUE_BYTES_MAX = 8 * 1024 * 1024
IDLE_S = 3_600  # when nothing is due

log = logging.getLogger("financial_os.fix")


class State(Enum):
    """Where a session is on a connection."""

    WAIT_LOGON = auto()
    LOGON_SENT = auto()
    ACTIVE = auto()
    LOGOUT_SENT = auto()


NOT_LOGGED_ON = (State.WAIT_LOGON, State.LOGON_SENT)
STANDINGS = {
    State.WAIT_LOGON: "logging on",
    State.LOGON_SENT: "logging on",
    State.ACTIVE: "logged on",
    State.LOGOUT_SENT: "logging out",
}
TEXT_MAX = 120  # of a counterparty's Text in our log

_EXPECTING = re.compile(r"(?i)expect\w*\D{0,12}(\d{1,18})")  # how engines word `MsgSeqNum too low`

APPLICATION = b""  # stands for every message that is not of the session layer

# What a message does once it is checked and, where that applies, at its number.
TRANSITIONS = {
    (State.WAIT_LOGON, b"A"): "_take_logon",
    (State.LOGON_SENT, b"A"): "_take_logon_answer",
    (State.LOGON_SENT, b"5"): "_take_refusal",
    **{
        (state, type): handler
        for state in (State.ACTIVE, State.LOGOUT_SENT)
        for type, handler in (
            (b"A", "_take_second_logon"),
            (b"0", "_take_quietly"),
            (b"1", "_take_test_request"),
            (b"2", "_take_resend_request"),
            (b"3", "_take_quietly"),
            (b"4", "_take_sequence_reset"),
            (b"5", "_take_logout"),
            (APPLICATION, "_take_application"),
        )
    },
}
UNSEQUENCED = frozenset((b"A", b"2", b"5"))  # acted upon whatever their number; SequenceReset says so itself
ACTED_UPON = frozenset((b"A", b"2"))  # of those: only counted when the queue comes to them


class Rulebook(Protocol):
    """Where a session finds its dictionaries."""

    def rules(self, version: Version, application: bytes = b"") -> Rules | None: ...


class Connection(Protocol):
    """What a session must know of the link that it is on."""

    closing: bool


class Asked(Struct, frozen=True):
    """An outstanding ResendRequest: the first number asked for, the last of this request, the last that is missing."""

    first: int
    until: int
    missing: int


class Session:
    """One counterparty: durable numbers, and the state of the connection that it is on now."""

    def __init__(
        self,
        endpoint: str,
        config: SessionConfig,
        version: Version,
        state: SessionState | None,
        sent: Sent,
        rulebook: Rulebook,
    ) -> None:
        self.endpoint = endpoint
        self.version = version
        self.enabled = True  # False: no Logon is taken, and a session that is logged on logs out at its next tick
        self.link: Connection | None = None
        self.state = State.WAIT_LOGON
        self.next_in = state.next_in if state else 1
        self.began_ns = state.began_ns if state else 0
        next_out = state.next_out if state else 1
        self.out = Outgoing(config.target, config.sender, version, next_out, sent, lambda: self.next_in - 1)
        self.configure(config)
        self.events = Events()
        self._damaged = state is not None and state.damaged
        if self._damaged:
            log.error("fix.store-damaged endpoint=%s session=%s all is asked for again", endpoint, config.target)
            self.events.out_of_step(0, "store-damaged", self.next_in, next_out)
        self.delivered: list[bytes] = []
        self.connected_ns = 0
        self._now_ns = 0
        self._sealed = (self.next_in, next_out, self.began_ns)
        self._rulebook = rulebook
        self._rules = rulebook.rules(version) if config.validate else None
        self._application = b""  # DefaultApplVerID of FIXT
        self._logon_number = 0  # of our own Logon on this connection
        self._queue: dict[int, Message] = {}
        self._queue_bytes = 0
        self._asked: Asked | None = None
        self._heartbeat_ns = 0
        self._received_ns = 0
        self._test_requests = 0
        self._logout_ns = 0
        self._answer_logout = False
        self._asked_to_leave = False
        self._logged_out = False  # the connection ends as both sides agreed
        self._second = (b"", 0)  # a SendingTime to the second, and the same as a number

    def configure(self, config: SessionConfig) -> None:
        """Take a configuration; names and version are those of the one before. Raises ValueError for its schedule."""
        self.calendar = Calendar(config.schedule)
        self.config = config
        self.out.configure(config.precision, last_processed=config.last_processed)
        self._names = (config.target.encode(), config.sender.encode())
        self._latency_ns = config.latency_max_s * SECOND_NS

    def open(self, now_ns: int) -> bool:
        """Whether its schedule has the session open; numbers start again with each opening."""
        period = self.calendar.period(now_ns)
        if period is None:
            return False
        if not self.began_ns:
            self.began_ns = period.start_ns  # numbers from before it had a schedule are kept
        if self.began_ns < period.start_ns:
            if self.link is not None:
                return False  # logged on since the period before: log out first
            self._reset("a new session period")
            self.began_ns = period.start_ns
        return True

    # -- the connection

    def attach(self, link: Connection, now_ns: int) -> None:
        """A connection whose first message is a Logon for this session."""
        self.link = link
        self.out.connected = True
        self._now_ns = self.connected_ns = self._received_ns = self.out.last_sent_ns = now_ns
        self._test_requests = 0
        self._asked_to_leave = self._logged_out = False

    def dial(self, link: Connection, now_ns: int) -> None:
        """A connection that we opened: log on. Nothing else leaves before the answer."""
        self.attach(link, now_ns)
        config = self.config
        if config.reset_on_logon:
            self._reset("reset_on_logon")
        resets = config.reset_on_logon or config.reset_on_logout or config.reset_on_disconnect
        self.state = State.LOGON_SENT
        self._heartbeat_ns = config.heartbeat_s * SECOND_NS
        self._application = next((id for id, name in APPLICATIONS.items() if name == config.application), b"")
        fresh = resets and (self.next_in, self.out.next_out) == (1, 1)
        self._send_logon(config.heartbeat_s, fresh, self.next_in, now_ns)
        self._logon_number = self.out.next_out - 1
        self.out.connected = False

    def detach(self) -> None:
        """The connection is gone; numbers stay, what waited is asked for again."""
        self.link = None
        self.state = State.WAIT_LOGON
        self.out.disconnect()
        self._forget_gap()
        self._answer_logout = False
        if self.config.reset_on_disconnect or (self.config.reset_on_logout and self._logged_out):
            self._reset("reset_on_disconnect" if self.config.reset_on_disconnect else "reset_on_logout")

    def seal(self, link: Connection, now_ns: int) -> Sealed:
        """What changed since the last seal; bytes only for the link that the session is on."""
        if self._answer_logout and self.link is link:
            self._answer_logout = False
            self.out.admin(b"35=5\x01", now_ns)
            link.closing = self._logged_out = True
        wire = self.out.wire() if self.link is link else b""
        if link.closing and self.link is link:
            self.detach()
        sent, reset = self.out.seal()
        numbers = (self.next_in, self.out.next_out, self.began_ns)
        changed = bool(reset or sent or numbers != self._sealed)
        self._sealed = numbers
        state = SessionState(self.endpoint, self.config.target, *numbers) if changed else None
        return Sealed(state, sent, reset, wire, link.closing)

    # -- checks

    def take(self, message: Message, now_ns: int) -> None:
        """Take one message off the connection."""
        self._now_ns = self._received_ns = now_ns
        self._test_requests = 0
        number = message.number()
        if number is None:
            self._send_logout(b"MsgSeqNum is missing or not a number", now_ns)
        elif message.fields[b"8"] != self.version.begin_string and message.type != b"5":
            self._count(number)
            self._send_logout(b"Incorrect BeginString", now_ns)
        else:
            fault = self._fault(message, now_ns)
            if fault is None:
                self._sequence(message, number, now_ns)
            else:
                self._reject(message, number, fault, now_ns)
        if self._queue:
            self._drain(now_ns)

    def _fault(self, message: Message, now_ns: int) -> Fault | None:
        fields = message.fields
        rules = self._rules
        if rules is not None:
            if b"1128" in fields and self.version.transport:
                rules = self._rulebook.rules(self.version, fields[b"1128"]) or rules
            fault = rules.fault(message)
            if fault is not None:
                return fault
        if abs(now_ns - self._sending_time_ns(fields.get(b"52", b""))) > self._latency_ns:
            return Fault(validate.SENDING_TIME)
        if (fields.get(b"49"), fields.get(b"56")) != self._names:
            return Fault(validate.COMP_ID)
        return None

    def _sending_time_ns(self, text: bytes) -> int:
        """SendingTime to the second, which is exact enough here and read once a second; 0 when it is no time."""
        if text[:17] != self._second[0]:
            self._second = (text[:17], parse_time_ns(text[:17]) or 0)
        return self._second[1]

    def _reject(self, message: Message, number: int, fault: Fault, now_ns: int) -> None:
        """Say what is wrong with a message; one at its number counts as received."""
        if self.state in NOT_LOGGED_ON:
            self.events.out_of_step(now_ns, "logon-invalid", self.next_in, number)
            self._hang_up(f"logon refused: {fault.text.decode()} {fault.tag.decode()}".strip())
            return
        if message.type not in (b"A", b"4"):
            self._count(number)
        if message.type == b"3":
            self._note("a Reject that is wrong itself is not rejected")
            return
        self.events.rejects_sent += 1
        self._note(f"rejected message {number}: {fault.text.decode()} {fault.tag.decode()}".strip())
        self.out.admin(reject_body(self.version, message, number, fault), now_ns)
        if fault.reason is validate.SENDING_TIME:
            self.events.out_of_step(now_ns, "clocks-differ", self.next_in, number)
        if fault.reason in (validate.COMP_ID, validate.SENDING_TIME):
            self._send_logout(b"", now_ns)

    # -- sequence

    def _sequence(self, message: Message, number: int, now_ns: int) -> None:
        type = message.type
        jump = type == b"4" and message.fields.get(b"123") != b"Y"
        if number == self.next_in or jump or type in UNSEQUENCED:
            self._act(message, number, now_ns)
        elif self.state in NOT_LOGGED_ON:
            self._hang_up("the first message is not a Logon")
        elif number > self.next_in:
            self._gap(message, number, now_ns)
        else:
            self._too_low(message, number, now_ns)

    def _act(self, message: Message, number: int, now_ns: int) -> None:
        type = message.type
        handler = TRANSITIONS.get((self.state, type if type in ADMIN_TYPES else APPLICATION))
        if handler is None:
            self._hang_up("the first message is not a Logon")
        else:
            getattr(self, handler)(message, number, now_ns)

    def _count(self, number: int) -> None:
        """A message at its number is received; any other leaves the expectation as it is."""
        if number == self.next_in:
            self._expect(number + 1)

    def _expect(self, number: int) -> None:
        if self._queue and number > self.next_in + 1:
            self._forget_below(number)
        self.next_in = number
        asked = self._asked
        if asked is None or number <= asked.until:
            return
        self._asked = None
        if number <= asked.missing:
            self._ask(asked.missing)  # the next chunk
        elif self.events.problem == "their-number-too-high":
            self._note("the gap is closed")
            self.events.in_step()

    def _gap(self, message: Message, number: int, now_ns: int, *, ask: bool = True) -> None:
        """Keep an early message and ask for what is missing, once; again when a resend itself left a hole.

        `ask` is False where the counterparty resends by itself, told by our NextExpectedMsgSeqNum.
        """
        size = len(message.raw)
        room = len(self._queue) < QUEUE_MESSAGES_MAX and self._queue_bytes + size <= QUEUE_BYTES_MAX
        if room and number not in self._queue:
            self._queue[number] = message
            self._queue_bytes += size
        hole = self._asked is not None and message.fields.get(b"43") == b"Y" and self.next_in > self._asked.first
        if self._asked is None or hole:
            self._note(f"gap: expecting {self.next_in}, received {number}")
            self.events.out_of_step(now_ns, "their-number-too-high", self.next_in, number)
            if ask:
                self._ask(number - 1)
            else:
                self._asked = Asked(self.next_in, number - 1, number - 1)

    def _ask(self, missing: int) -> None:
        """Ask for the numbers up to `missing`, or for the first chunk of them."""
        chunk, end = self.config.resend_chunk, self.version.open_end
        until = missing
        if chunk and missing - self.next_in >= chunk:
            until = self.next_in + chunk - 1
            end = b"%d" % until
        self._asked = Asked(self.next_in, until, missing)
        self.events.resends_asked += 1
        self._note(f"asked for a resend from {self.next_in}")
        self.out.admin(b"35=2\x017=%d\x0116=%b\x01" % (self.next_in, end), self._now_ns)

    def _forget_gap(self) -> None:
        self._queue.clear()
        self._queue_bytes = 0
        self._asked = None

    def _drain(self, now_ns: int) -> None:
        """Act upon queued messages whose number has come."""
        while self._queue and self.link is not None and not self.link.closing:
            message = self._queue.pop(self.next_in, None)
            if message is None:
                break
            self._queue_bytes -= len(message.raw)
            if message.type in ACTED_UPON:
                self._expect(self.next_in + 1)
            else:
                self._act(message, self.next_in, now_ns)

    def _forget_below(self, number: int) -> None:
        """Numbers were passed over: what waited under them is void."""
        for early in [early for early in self._queue if early < number]:
            self._queue_bytes -= len(self._queue.pop(early).raw)

    def _too_low(self, message: Message, number: int, now_ns: int) -> None:
        """Received before. Without PossDupFlag the two sides disagree about numbers, which only people can mend."""
        fields = message.fields
        if fields.get(b"43") != b"Y":
            self.events.out_of_step(now_ns, "their-number-too-low", self.next_in, number)
            self._refuse(b"MsgSeqNum too low, expecting %d but received %d" % (self.next_in, number), now_ns)
            return
        if message.type == b"4":
            return
        original = fields.get(b"122")
        if original is None:
            self._reject(message, number, Fault(validate.MISSING, b"122"), now_ns)
        elif (parse_time_ns(original) or 0) > (parse_time_ns(fields[b"52"]) or 0):
            self._reject(message, number, Fault(validate.SENDING_TIME), now_ns)

    # -- what messages do

    def _take_logon(self, message: Message, number: int, now_ns: int) -> None:
        fields = message.fields
        reset = fields.get(b"141") == b"Y"
        heartbeat_s = whole_number(fields.get(b"108", b""))
        if not self._known_user(fields):
            self.events.out_of_step(now_ns, "wrong-password", self.next_in, number)
            self._hang_up("logon refused: Username (553) or Password (554) is not the one agreed")
        elif not self._choose_application(fields):
            self._hang_up("logon refused: DefaultApplVerID (1137) is missing or has no dictionary here")
        elif heartbeat_s is None or heartbeat_s > self.config.heartbeat_max_s:
            text = b"HeartBtInt (108) must be between 0 and %d" % self.config.heartbeat_max_s
            self._count(number)
            self._refuse(text, now_ns)
        elif reset and number != 1:
            self._refuse(b"MsgSeqNum must be 1 with ResetSeqNumFlag, received %d" % number, now_ns)
        else:
            if reset or self.config.reset_on_logon:
                self._reset("asked for by the counterparty" if reset else "reset_on_logon")
            if number < self.next_in:
                self._too_low_logon(message, number, now_ns)
            else:
                self._answer_logon(message, number, heartbeat_s, reset, now_ns)

    def _known_user(self, fields: dict[bytes, bytes]) -> bool:
        """Whether the counterparty shows the name and password that were agreed, where any were."""
        config = self.config
        if not config.user and not config.password:
            return True
        name = compare_digest(fields.get(b"553", b""), config.user.encode())
        return compare_digest(fields.get(b"554", b""), config.password.encode()) and name

    def _choose_application(self, fields: dict[bytes, bytes]) -> bool:
        if not self.version.transport:
            return True
        self._application = fields.get(b"1137", b"")
        if not self._application:
            return False
        if self.config.validate:
            self._rules = self._rulebook.rules(self.version, self._application)
        return self._rules is not None or not self.config.validate

    def _answer_logon(self, message: Message, number: int, heartbeat_s: int, reset: bool, now_ns: int) -> None:
        newest = self.out.next_out - 1
        if not self._knows_our_number(message, newest + 1, now_ns):
            return
        self.state = State.ACTIVE
        self._heartbeat_ns = heartbeat_s * SECOND_NS
        self._note(f"logged on: next in {self.next_in}, next out {self.out.next_out}, received {number}")
        self._send_logon(heartbeat_s, reset, self.next_in + (number == self.next_in), now_ns)
        self._begin(message, number, newest, now_ns)

    def _take_logon_answer(self, message: Message, number: int, now_ns: int) -> None:
        """The counterparty took our Logon."""
        fields = message.fields
        if fields.get(b"141") == b"Y" and self._logon_number != 1:
            self._reset("asked for by the counterparty")
            self._logon_number = 0
        newest = max(self._logon_number, 0)
        if self.version.transport and not self._choose_application(fields):
            self._hang_up("logon refused: DefaultApplVerID (1137) is missing or has no dictionary here")
        elif number < self.next_in:
            self._too_low_logon(message, number, now_ns)
        elif self._knows_our_number(message, self.out.next_out, now_ns):
            self.state = State.ACTIVE
            self.out.connected = True
            self._note(f"logged on: next in {self.next_in}, next out {self.out.next_out}, received {number}")
            self._begin(message, number, newest, now_ns)
            if self.out.next_out - 1 > newest:
                self.out.resend(newest + 1, self.out.next_out - 1, now_ns)

    def _begin(self, message: Message, number: int, newest: int, now_ns: int) -> None:
        """Both sides are logged on; close the gaps that the two Logons show."""
        expected = self._expected_of_us(message)
        if expected is not None and expected <= newest:
            self._note(f"resending {expected} to {newest}: the counterparty expects them")
            self.events.resends_served += 1
            self.out.resend(expected, newest, now_ns)
        if number > self.next_in:
            self._gap(message, number, now_ns, ask=expected is None)
        else:
            self.events.in_step()
            self._count(number)

    def _expected_of_us(self, message: Message) -> int | None:
        """NextExpectedMsgSeqNum, where both sides agreed on it."""
        return whole_number(message.fields.get(b"789", b"")) if self.config.next_expected else None

    def _knows_our_number(self, message: Message, next_out: int, now_ns: int) -> bool:
        """Whether the counterparty expects no more than we have sent."""
        expected = self._expected_of_us(message)
        if expected is None or 1 <= expected <= next_out:
            return True
        self.events.out_of_step(now_ns, "our-number-too-low", expected, next_out)
        self._refuse(
            b"NextExpectedMsgSeqNum too high, expecting at most %d but received %d" % (next_out, expected), now_ns
        )
        return False

    def _send_logon(self, heartbeat_s: int, reset: bool, expected: int, now_ns: int) -> None:
        config = self.config
        fields = [b"35=A\x0198=0\x01108=%d\x01" % heartbeat_s]
        if reset:
            fields.append(b"141=Y\x01")
        if self.state is State.LOGON_SENT and config.user:
            fields.append(b"553=%b\x01" % config.user.encode())
        if self.state is State.LOGON_SENT and config.password:
            fields.append(b"554=%b\x01" % config.password.encode())
        if config.next_expected:
            fields.append(b"789=%d\x01" % expected)
        if self.version.transport:
            fields.append(b"1137=%b\x01" % self._application)
        self.out.admin(b"".join(fields), now_ns)

    def _take_refusal(self, message: Message, number: int, now_ns: int) -> None:
        """The counterparty does not take our Logon, and may say why."""
        self._count(number)
        text = message.fields.get(b"58", b"").decode("latin-1")
        expected = _EXPECTING.search(text)
        if expected is not None:
            self._go_back(int(expected[1]), self._logon_number, now_ns)
        else:
            self.events.out_of_step(now_ns, "logon-refused", self.next_in, number)
        self._hang_up(f"our logon was refused: {text[:TEXT_MAX]!r}")

    def _go_back(self, expected: int, sent: int, now_ns: int) -> None:
        """The counterparty says that our number is too low: take its word only where our own record was damaged."""
        if self._damaged and expected > self.out.next_out:
            self._note(f"our damaged number is set to {expected}, which the counterparty expects")
            self.out.next_out = expected
        else:
            self.events.out_of_step(now_ns, "our-number-too-low", expected, sent)

    def _too_low_logon(self, message: Message, number: int, now_ns: int) -> None:
        self._note(f"logon refused: expecting {self.next_in}, received {number}; the counterparty went back")
        self.events.out_of_step(now_ns, "their-number-too-low", self.next_in, number)
        self._refuse(b"MsgSeqNum too low, expecting %d but received %d" % (self.next_in, number), now_ns)

    def _take_second_logon(self, message: Message, number: int, now_ns: int) -> None:
        """On a live session a Logon means that numbers start again, or it is a mistake."""
        if message.fields.get(b"141") == b"Y":
            self.state = State.WAIT_LOGON
            self._take_logon(message, number, now_ns)
        else:
            self._hang_up("a second Logon on the same connection")

    def _take_quietly(self, message: Message, number: int, now_ns: int) -> None:
        """Heartbeat and Reject ask for nothing."""
        if message.type == b"3":
            self.events.rejects_received += 1
            self._note(f"the counterparty rejected message {whole_number(message.fields.get(b'45', b''))}")
        self._expect(number + 1)

    def _take_test_request(self, message: Message, number: int, now_ns: int) -> None:
        self.out.admin(b"35=0\x01112=%b\x01" % message.fields.get(b"112", b""), now_ns)
        self._expect(number + 1)

    def _take_resend_request(self, message: Message, number: int, now_ns: int) -> None:
        first = whole_number(message.fields.get(b"7", b""))
        last = whole_number(message.fields.get(b"16", b""))
        newest = self.out.next_out - 1
        if first is None or last is None or first > newest or (0 < last < first):
            self._reject(message, number, Fault(validate.OUT_OF_RANGE, b"7"), now_ns)
            return
        if message.fields[b"16"] in (b"0", self.version.open_end, self.version.also_open) or last > newest:
            last = newest
        self._note(f"resending {first} to {last}")
        self.events.resends_served += 1
        self.out.resend(max(first, 1), last, now_ns)
        if number > self.next_in:
            self._gap(message, number, now_ns)
        else:
            self._count(number)

    def _take_sequence_reset(self, message: Message, number: int, now_ns: int) -> None:
        """Gap fill: these numbers hold nothing for us. Reset: go on at another number, never a lower one."""
        new = whole_number(message.fields.get(b"36", b""))
        if new is None or new < self.next_in:
            self._reject(message, number, Fault(validate.OUT_OF_RANGE), now_ns)
        else:
            if message.fields.get(b"123") != b"Y":
                self._note(f"the counterparty reset its numbers from {self.next_in} to {new}")
            self._expect(new)

    def _take_logout(self, message: Message, number: int, now_ns: int) -> None:
        """Answer, after everything else that is still to be said, and hang up."""
        self._count(number)
        if self.state is State.LOGOUT_SENT:
            self._logged_out = True
            self._hang_up("logged out")
        else:
            text = message.fields.get(b"58", b"").decode("latin-1")
            self._note("logged out by the counterparty" + (f": {text[:TEXT_MAX]!r}" if text else ""))
            expected = _EXPECTING.search(text)
            if expected is not None:
                self._go_back(int(expected[1]), self.out.next_out - 1, now_ns)
            self._answer_logout = True

    def _take_application(self, message: Message, number: int, now_ns: int) -> None:
        self.delivered.append(masked(message))
        self._expect(number + 1)

    # -- time

    def tick(self, now_ns: int) -> int:
        """Heartbeats, test requests, time-outs, the rest of a resend; returns when something is due next (ns)."""
        self._now_ns = now_ns
        if self.link is None or self.state is State.WAIT_LOGON:
            return now_ns + IDLE_S * SECOND_NS
        if self.state is State.LOGON_SENT:
            return self._await_logon(now_ns)
        if self.state is State.ACTIVE:
            self._leave_when_due(now_ns)
        if self.state is State.LOGOUT_SENT and now_ns >= self._logout_ns + LOGOUT_S * SECOND_NS:
            self._hang_up("no answer to our Logout")
        elif self._heartbeat_ns:
            self._keep_alive(now_ns)
        if self.out.resending():
            self.out.resume(now_ns)
            return now_ns
        return self._due_ns(now_ns)

    def _await_logon(self, now_ns: int) -> int:
        due_ns = self.connected_ns + LOGON_S * SECOND_NS
        if now_ns >= due_ns:
            self.events.out_of_step(now_ns, "no-answer", self.next_in, 0)
            self._hang_up("no answer to our Logon")
        return max(due_ns, now_ns + 1)

    def _leave_when_due(self, now_ns: int) -> None:
        """Log out of a session that is switched off, that its schedule closes, or that an operator ends."""
        if not self.enabled or self._asked_to_leave:
            self._send_logout(b"", now_ns)
        elif not self.open(now_ns):
            self._note("the session closes by its schedule")
            self._send_logout(b"", now_ns)

    def _keep_alive(self, now_ns: int) -> None:
        silent_ns = now_ns - self._received_ns
        if silent_ns * 10 >= self._heartbeat_ns * 24:
            self.events.out_of_step(now_ns, "silent", self.next_in, 0)
            self._hang_up("no answer to our TestRequest")
        elif silent_ns * 10 >= self._heartbeat_ns * 12 * (self._test_requests + 1):
            self._test_requests += 1
            self.out.admin(b"35=1\x01112=TEST\x01", now_ns)
        elif now_ns - self.out.last_sent_ns >= self._heartbeat_ns and not self._test_requests:
            self.out.admin(b"35=0\x01", now_ns)

    def _due_ns(self, now_ns: int) -> int:
        due = now_ns + IDLE_S * SECOND_NS
        if self.state is State.LOGOUT_SENT:
            due = self._logout_ns + LOGOUT_S * SECOND_NS
        elif self.config.schedule is not None:
            due = min(due, self.calendar.change_ns(now_ns))
        if self._heartbeat_ns:
            test_due = self._received_ns + self._heartbeat_ns * 12 * min(self._test_requests + 1, 2) // 10
            due = min(due, test_due)
            if not self._test_requests:
                due = min(due, self.out.last_sent_ns + self._heartbeat_ns)
        return max(due, now_ns + 1)

    # -- ends

    def leave(self) -> None:
        """An operator ends the connection: log out at the next tick."""
        self._asked_to_leave = True

    def reset(self, now_ns: int) -> None:
        """An operator starts the numbers again; whoever is logged on is hung up, since it counts on."""
        self._now_ns = now_ns
        if self.link is not None:
            self._hang_up("numbers reset by an operator")
        self._reset("by an operator")
        self.events.in_step()

    def _reset(self, why: str) -> None:
        self._note(f"numbers go back to 1 ({why}); next in was {self.next_in}, next out {self.out.next_out}")
        self.next_in = 1
        self.out.reset()
        self._forget_gap()

    def _send_logout(self, text: bytes, now_ns: int) -> None:
        if self.state in NOT_LOGGED_ON:
            self._hang_up(text.decode())
            return
        self.out.admin(b"35=5\x01" + (b"58=%b\x01" % text if text else b""), now_ns)
        self.state = State.LOGOUT_SENT
        self._logout_ns = now_ns

    def _refuse(self, text: bytes, now_ns: int) -> None:
        """Say why and hang up at once."""
        self.out.connected = self.link is not None
        self.out.admin(b"35=5\x0158=%b\x01" % text, now_ns)
        self._hang_up(text.decode())

    def _hang_up(self, why: str) -> None:
        self._note(why)
        if self.link is not None:
            self.link.closing = True

    # -- for people

    def view(self, now_ns: int) -> SessionView:
        """How it stands."""
        asked, events = self._asked, self.events
        return SessionView(
            self.endpoint,
            self.config.target,
            self.version.begin_string.decode(),
            self._standing(now_ns),
            self.next_in,
            self.out.next_out,
            self.connected_ns if self.link is not None else 0,
            self._received_ns,
            self.out.last_sent_ns,
            (asked.first, asked.missing) if asked is not None else None,
            len(self._queue),
            events.resends_asked,
            events.resends_served,
            events.rejects_sent,
            events.rejects_received,
            events.problem,
            events.problem_ns,
            events.expected,
            events.received,
            tuple(events.ring),
        )

    def _standing(self, now_ns: int) -> str:
        if self.link is not None:
            return STANDINGS[self.state]
        if not self.enabled:
            return "disabled"
        return "disconnected" if self.calendar.period(now_ns) is not None else "closed"

    def _note(self, text: str) -> None:
        self.events.note(self._now_ns, text)
        log.info("fix.session endpoint=%s session=%s %s", self.endpoint, self.config.target, text)
