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
from typing import Protocol

from gateway.formats.fix import logon, validate
from gateway.formats.fix.events import Events
from gateway.formats.fix.gap import Asked, Gap
from gateway.formats.fix.message import ADMIN_TYPES, Message, masked, parse_time_ns, whole_number
from gateway.formats.fix.outgoing import Outgoing, Sent
from gateway.formats.fix.rejects import reject_body
from gateway.formats.fix.schedule import SECOND_NS, Calendar
from gateway.formats.fix.states import NOT_LOGGED_ON, STANDINGS, State
from gateway.formats.fix.validate import Fault, Rules
from gateway.formats.fix.versions import Version
from gateway.ports import ALL_CHECKS, Checks, Sealed, SessionConfig, SessionState, SessionView

LOGON_S = 10  # how long the answer to our own Logon is awaited
LOGOUT_S = 2  # how long the answer to our own Logout is awaited
IDLE_S = 3_600  # when nothing is due

log = logging.getLogger("financial_os.fix")

APPLICATION = b""  # stands for every message that is not of the session layer

UNSEQUENCED = frozenset((b"A", b"2", b"5"))  # acted upon whatever their number; SequenceReset says so itself
ACTED_UPON = frozenset((b"A", b"2"))  # of those: only counted when the queue comes to them


class Rulebook(Protocol):
    """Where a session finds its dictionaries."""

    def rules(self, version: Version, application: bytes = b"", checks: Checks = ALL_CHECKS) -> Rules | None: ...


class Connection(Protocol):
    """What a session must know of the link that it is on."""

    closing: bool


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
        self.damaged = state is not None and state.damaged
        if self.damaged:
            log.error("fix.store-damaged endpoint=%s session=%s all is asked for again", endpoint, config.target)
            self.events.out_of_step(0, "store-damaged", self.next_in, next_out)
        self.delivered: list[bytes] = []
        self.connected_ns = 0
        self._now_ns = 0
        self._sealed = (self.next_in, next_out, self.began_ns)
        self.rulebook = rulebook
        self.rules = rulebook.rules(version, checks=config.checks) if config.validate else None
        self.application = b""  # DefaultApplVerID of FIXT
        self.logon_number = 0  # of our own Logon on this connection
        self._gap = Gap()
        self.heartbeat_ns = 0
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
            self.start_again("a new session period")
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
        logon.send(self, now_ns)

    @property
    def never_used(self) -> bool:
        """Whether nobody is there and nothing was ever counted."""
        return self.link is None and (self.next_in, self.out.next_out) == (1, 1) and not self.out.reset_due

    def detach(self) -> None:
        """The connection is gone; numbers stay, what waited is asked for again."""
        self.link = None
        self.state = State.WAIT_LOGON
        self.out.disconnect()
        self._gap.forget()
        self._answer_logout = False
        if self.config.reset_on_disconnect or (self.config.reset_on_logout and self._logged_out):
            self.start_again("reset_on_disconnect" if self.config.reset_on_disconnect else "reset_on_logout")

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
            self.count(number)
            self._send_logout(b"Incorrect BeginString", now_ns)
        else:
            fault = self._fault(message, now_ns)
            if fault is None:
                self._sequence(message, number, now_ns)
            else:
                self._reject(message, number, fault, now_ns)
        if self._gap:
            self._drain(now_ns)

    def _fault(self, message: Message, now_ns: int) -> Fault | None:
        fields = message.fields
        rules = self.rules
        if rules is not None:
            if b"1128" in fields and self.version.transport:
                rules = self.rulebook.rules(self.version, fields[b"1128"], self.config.checks) or rules
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
            self.hang_up(f"logon refused: {fault.text.decode()} {fault.tag.decode()}".strip())
            return
        if message.type not in (b"A", b"4"):
            self.count(number)
        if message.type == b"3":
            self.note("a Reject that is wrong itself is not rejected")
            return
        self.events.rejects_sent += 1
        self.note(f"rejected message {number}: {fault.text.decode()} {fault.tag.decode()}".strip())
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
            self.hang_up("the first message is not a Logon")
        elif number > self.next_in:
            self.gap(message, number, now_ns)
        else:
            self._too_low(message, number, now_ns)

    def _act(self, message: Message, number: int, now_ns: int) -> None:
        type = message.type
        handler = TRANSITIONS.get((self.state, type if type in ADMIN_TYPES else APPLICATION))
        if handler is None:
            self.hang_up("the first message is not a Logon")
        else:
            handler(self, message, number, now_ns)

    def count(self, number: int) -> None:
        """A message at its number is received; any other leaves the expectation as it is."""
        if number == self.next_in:
            self._expect(number + 1)

    def _expect(self, number: int) -> None:
        gap = self._gap
        if gap and number > self.next_in + 1:
            gap.forget_below(number)
        self.next_in = number
        asked = gap.asked
        if asked is None or number <= asked.until:
            return
        gap.asked = None
        if number <= asked.missing:
            self._ask(asked.missing)  # the next chunk
        elif self.events.problem == "their-number-too-high":
            self.note("the gap is closed")
            self.events.in_step()

    def gap(self, message: Message, number: int, now_ns: int, *, ask: bool = True) -> None:
        """Keep an early message and ask for what is missing, once; again when a resend itself left a hole.

        `ask` is False where the counterparty resends by itself, told by our NextExpectedMsgSeqNum.
        """
        gap = self._gap
        gap.keep(message, number)
        hole = gap.asked is not None and message.fields.get(b"43") == b"Y" and self.next_in > gap.asked.first
        if gap.asked is None or hole:
            self.note(f"gap: expecting {self.next_in}, received {number}")
            self.events.out_of_step(now_ns, "their-number-too-high", self.next_in, number)
            if ask:
                self._ask(number - 1)
            else:
                gap.asked = Asked(self.next_in, number - 1, number - 1)

    def _ask(self, missing: int) -> None:
        """Ask for the numbers up to `missing`, or for the first chunk of them."""
        chunk, end = self.config.resend_chunk, self.version.open_end
        until = missing
        if chunk and missing - self.next_in >= chunk:
            until = self.next_in + chunk - 1
            end = b"%d" % until
        self._gap.asked = Asked(self.next_in, until, missing)
        self.events.resends_asked += 1
        self.note(f"asked for a resend from {self.next_in}")
        self.out.admin(b"35=2\x017=%d\x0116=%b\x01" % (self.next_in, end), self._now_ns)

    def _drain(self, now_ns: int) -> None:
        """Act upon queued messages whose number has come."""
        while self._gap and self.link is not None and not self.link.closing:
            message = self._gap.pop(self.next_in)
            if message is None:
                break
            if message.type in ACTED_UPON:
                self._expect(self.next_in + 1)
            else:
                self._act(message, self.next_in, now_ns)

    def _too_low(self, message: Message, number: int, now_ns: int) -> None:
        """Received before. Without PossDupFlag the two sides disagree about numbers, which only people can mend."""
        fields = message.fields
        if fields.get(b"43") != b"Y":
            self.events.out_of_step(now_ns, "their-number-too-low", self.next_in, number)
            self.refuse(b"MsgSeqNum too low, expecting %d but received %d" % (self.next_in, number), now_ns)
            return
        if message.type == b"4":
            return
        original = fields.get(b"122")
        if original is None:
            self._reject(message, number, Fault(validate.MISSING, b"122"), now_ns)
        elif (parse_time_ns(original) or 0) > (parse_time_ns(fields[b"52"]) or 0):
            self._reject(message, number, Fault(validate.SENDING_TIME), now_ns)

    # -- what messages do

    def _take_quietly(self, message: Message, number: int, now_ns: int) -> None:
        """Heartbeat and Reject ask for nothing."""
        if message.type == b"3":
            self.events.rejects_received += 1
            self.note(f"the counterparty rejected message {whole_number(message.fields.get(b'45', b''))}")
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
        self.note(f"resending {first} to {last}")
        self.events.resends_served += 1
        self.out.resend(max(first, 1), last, now_ns)
        if number > self.next_in:
            self.gap(message, number, now_ns)
        else:
            self.count(number)

    def _take_sequence_reset(self, message: Message, number: int, now_ns: int) -> None:
        """Gap fill: these numbers hold nothing for us. Reset: go on at another number, never a lower one."""
        new = whole_number(message.fields.get(b"36", b""))
        if new is None or new < self.next_in:
            self._reject(message, number, Fault(validate.OUT_OF_RANGE), now_ns)
        else:
            if message.fields.get(b"123") != b"Y":
                self.note(f"the counterparty reset its numbers from {self.next_in} to {new}")
            self._expect(new)

    def _take_logout(self, message: Message, number: int, now_ns: int) -> None:
        """Answer, after everything else that is still to be said, and hang up."""
        self.count(number)
        if self.state is State.LOGOUT_SENT:
            self._logged_out = True
            self.hang_up("logged out")
        else:
            text = message.fields.get(b"58", b"").decode("latin-1")
            self.note("logged out by the counterparty" + (f": {text[: logon.TEXT_MAX]!r}" if text else ""))
            expected = logon.expected_number(text)
            if expected is not None:
                logon.go_back(self, expected, self.out.next_out - 1, now_ns)
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
            self.hang_up("no answer to our Logout")
        elif self.heartbeat_ns:
            self._keep_alive(now_ns)
        if self.out.resending():
            self.out.resume(now_ns)
            return now_ns
        return self._due_ns(now_ns)

    def _await_logon(self, now_ns: int) -> int:
        due_ns = self.connected_ns + LOGON_S * SECOND_NS
        if now_ns >= due_ns:
            self.events.out_of_step(now_ns, "no-answer", self.next_in, 0)
            self.hang_up("no answer to our Logon")
        return max(due_ns, now_ns + 1)

    def _leave_when_due(self, now_ns: int) -> None:
        """Log out of a session that is switched off, that its schedule closes, or that an operator ends."""
        if not self.enabled or self._asked_to_leave:
            self._send_logout(b"", now_ns)
        elif not self.open(now_ns):
            self.note("the session closes by its schedule")
            self._send_logout(b"", now_ns)

    def _keep_alive(self, now_ns: int) -> None:
        silent_ns = now_ns - self._received_ns
        if silent_ns * 10 >= self.heartbeat_ns * 24:
            self.events.out_of_step(now_ns, "silent", self.next_in, 0)
            self.hang_up("no answer to our TestRequest")
        elif silent_ns * 10 >= self.heartbeat_ns * 12 * (self._test_requests + 1):
            self._test_requests += 1
            self.out.admin(b"35=1\x01112=TEST\x01", now_ns)
        elif now_ns - self.out.last_sent_ns >= self.heartbeat_ns and not self._test_requests:
            self.out.admin(b"35=0\x01", now_ns)

    def _due_ns(self, now_ns: int) -> int:
        due = now_ns + IDLE_S * SECOND_NS
        if self.state is State.LOGOUT_SENT:
            due = self._logout_ns + LOGOUT_S * SECOND_NS
        elif self.config.schedule is not None:
            due = min(due, self.calendar.change_ns(now_ns))
        if self.heartbeat_ns:
            test_due = self._received_ns + self.heartbeat_ns * 12 * min(self._test_requests + 1, 2) // 10
            due = min(due, test_due)
            if not self._test_requests:
                due = min(due, self.out.last_sent_ns + self.heartbeat_ns)
        return max(due, now_ns + 1)

    # -- ends

    def leave(self) -> None:
        """An operator ends the connection: log out at the next tick."""
        self._asked_to_leave = True

    def reset(self, now_ns: int) -> None:
        """An operator starts the numbers again; whoever is logged on is hung up, since it counts on."""
        self._now_ns = now_ns
        if self.link is not None:
            self.hang_up("numbers reset by an operator")
        self.start_again("by an operator")
        self.events.in_step()

    def start_again(self, why: str) -> None:
        self.note(f"numbers go back to 1 ({why}); next in was {self.next_in}, next out {self.out.next_out}")
        self.next_in = 1
        self.out.reset()
        self._gap.forget()

    def _send_logout(self, text: bytes, now_ns: int) -> None:
        if self.state in NOT_LOGGED_ON:
            self.hang_up(text.decode())
            return
        self.out.admin(b"35=5\x01" + (b"58=%b\x01" % text if text else b""), now_ns)
        self.state = State.LOGOUT_SENT
        self._logout_ns = now_ns

    def refuse(self, text: bytes, now_ns: int) -> None:
        """Say why and hang up at once."""
        self.out.connected = self.link is not None
        self.out.admin(b"35=5\x0158=%b\x01" % text, now_ns)
        self.hang_up(text.decode())

    def hang_up(self, why: str) -> None:
        self.note(why)
        if self.link is not None:
            self.link.closing = True

    # -- for people

    def view(self, now_ns: int) -> SessionView:
        """How it stands."""
        asked, events = self._gap.asked, self.events
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
            len(self._gap),
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

    def note(self, text: str) -> None:
        self.events.note(self._now_ns, text)
        log.info("fix.session endpoint=%s session=%s %s", self.endpoint, self.config.target, text)


# What a message does once it is checked and, where that applies, at its number.
TRANSITIONS = {
    (State.WAIT_LOGON, b"A"): logon.take,
    (State.LOGON_SENT, b"A"): logon.take_answer,
    (State.LOGON_SENT, b"5"): logon.take_refusal,
    **{
        (state, type): handler
        for state in (State.ACTIVE, State.LOGOUT_SENT)
        for type, handler in (
            (b"A", logon.take_second),
            (b"0", Session._take_quietly),
            (b"1", Session._take_test_request),
            (b"2", Session._take_resend_request),
            (b"3", Session._take_quietly),
            (b"4", Session._take_sequence_reset),
            (b"5", Session._take_logout),
            (APPLICATION, Session._take_application),
        )
    },
}
