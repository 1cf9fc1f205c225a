"""Our engine against itself: an acceptor and an initiator over a line that breaks, with stores that restart."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.formats.fix import logon
from gateway.formats.fix.acceptor import FixAcceptor, FixLink
from gateway.formats.fix.message import parse
from gateway.ports import Schedule, SessionConfig
from tests.formats.fix.peer import NOW_NS, SECOND_NS, Store

NEWS = "35=B\x01148={}\x0133=1\x0158=text\x01"


@dataclass
class Side:
    """One engine with its store; `link` while a connection is up."""

    config: SessionConfig
    store: Store = field(default_factory=Store)
    link: FixLink | None = None
    taken: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Begin with nothing but what was sealed, as after a crash."""
        self.link = None
        self.engine = FixAcceptor("fix", [self.config], list(self.store.states.values()), self.store.read)

    def seal(self, link: FixLink) -> bytes:
        sealed = link.seal()
        self.store.keep(sealed)
        if sealed.close and link is self.link:
            link.lost()
            self.store.keep(link.seal())
            self.link = None
        return sealed.wire

    def receive(self, data: bytes, now_ns: int) -> bytes:
        if self.link is None:
            return b""
        for raw in self.link.receive(data, now_ns):
            message = parse(raw)
            assert message is not None
            self.taken.append(message.fields[b"148"].decode())
        return self.seal(self.link)

    def tick(self, now_ns: int) -> bytes:
        if self.link is None:
            return b""
        self.link.tick(now_ns)
        return self.seal(self.link)

    def say(self, text: str, now_ns: int) -> bytes:
        link = self.engine.send(self.config.target, [NEWS.format(text).encode()], now_ns)
        assert link is not None
        return self.seal(link)

    @property
    def numbers(self) -> tuple[int, int]:
        state = self.store.states[self.config.target]
        return state.next_in, state.next_out


class Line:
    """What connects the two sides; carries bytes in order until it breaks."""

    def __init__(self, **options: object) -> None:
        both = {"begin_string": "FIX.4.4", "heartbeat_s": 30, "validate": False} | options
        self.ours = Side(SessionConfig("VENUE", "US", **both))  # type: ignore[arg-type]
        self.theirs = Side(SessionConfig("US", "VENUE", **both))  # type: ignore[arg-type]
        self.now_ns = NOW_NS
        self.to_them = self.to_us = b""

    def connect(self) -> None:
        self.cut()
        link = self.ours.engine.dial("VENUE", self.now_ns)
        assert link is not None
        self.ours.link = link
        self.theirs.link = self.theirs.engine.connect(self.now_ns)
        self.to_them += self.ours.seal(link)

    def cut(self) -> None:
        """The line breaks; what was under way is lost."""
        self.to_them = self.to_us = b""
        for side in (self.ours, self.theirs):
            if side.link is not None:
                side.link.lost()
                side.store.keep(side.link.seal())
                side.link = None

    def carry(self) -> None:
        """Everything that is under way arrives, and what it brings about."""
        for _ in range(100):
            if not self.to_them and not self.to_us:
                return
            data, self.to_them = self.to_them, b""
            self.to_us += self.theirs.receive(data, self.now_ns)
            data, self.to_us = self.to_us, b""
            self.to_them += self.ours.receive(data, self.now_ns)
        raise AssertionError("the two sides do not come to rest")

    def pass_time(self, seconds: float) -> None:
        self.now_ns += int(seconds * SECOND_NS)
        self.to_them += self.ours.tick(self.now_ns)
        self.to_us += self.theirs.tick(self.now_ns)
        self.carry()

    def settle(self) -> None:
        """Connect again and let heartbeats show what is missing."""
        self.connect()
        self.carry()
        for _ in range(3):
            self.pass_time(31)

    def agree(self) -> None:
        ours, theirs = self.ours.numbers, self.theirs.numbers
        assert ours == theirs[::-1], "what one side expects is not what the other will send"


OPTIONS = [
    {},
    {"next_expected": True},
    {"last_processed": True},
    {"resend_chunk": 2},
    {"next_expected": True, "resend_chunk": 3, "last_processed": True, "precision": "nanoseconds"},
]
STEP = st.sampled_from(
    ["connect", "carry", "cut", "we say", "we say", "they say", "they say", "we crash", "they crash", "time"]
)


@settings(max_examples=200)
@given(st.sampled_from(OPTIONS), st.lists(STEP, max_size=25))
def test_everything_said_arrives_once_and_in_order(options: dict[str, object], steps: list[str]) -> None:
    line = Line(**options)
    said: tuple[list[str], list[str]] = ([], [])
    for number, step in enumerate(steps):
        match step:
            case "connect":
                line.connect()
            case "carry":
                line.carry()
            case "cut":
                line.cut()
            case "we say":
                said[0].append(str(number))
                line.to_them += line.ours.say(str(number), line.now_ns)
            case "they say":
                said[1].append(str(number))
                line.to_us += line.theirs.say(str(number), line.now_ns)
            case "we crash":
                line.cut()
                line.ours.start()
            case "they crash":
                line.cut()
                line.theirs.start()
            case "time":
                line.pass_time(5)
    line.settle()
    assert line.theirs.taken == said[0]
    assert line.ours.taken == said[1]
    line.agree()


@pytest.mark.parametrize("version", ["FIX.4.0", "FIX.4.1", "FIX.4.2", "FIX.4.3", "FIX.4.4"])
def test_every_version_dials(version: str) -> None:
    line = Line(begin_string=version)
    line.settle()
    line.to_them += line.ours.say("hello", line.now_ns)
    line.carry()
    assert line.theirs.taken == ["hello"]
    line.agree()


def test_an_application_version_is_told() -> None:
    line = Line(begin_string="FIXT.1.1", application="FIX50SP2")
    line.settle()
    line.agree()
    assert line.ours.link is not None


@pytest.mark.parametrize("option", ["reset_on_logon", "reset_on_disconnect"])
def test_numbers_start_again(option: str) -> None:
    line = Line(**{option: True})
    line.settle()
    line.to_them += line.ours.say("one", line.now_ns)
    line.carry()
    line.cut()
    line.connect()
    line.carry()
    assert line.ours.numbers == (2, 2)
    line.agree()


def test_numbers_start_again_after_a_logout_and_not_after_a_cut() -> None:
    line = Line(reset_on_logout=True)
    line.connect()
    line.carry()
    line.cut()
    line.connect()
    line.carry()
    assert line.ours.numbers == (3, 3)
    line.ours.engine.command("VENUE", "logout", line.now_ns)
    line.pass_time(1)
    assert line.ours.numbers == line.theirs.numbers == (1, 1)


def test_a_password_is_asked_for_and_compared() -> None:
    line = Line(user="US", password="correct horse")
    line.connect()
    assert b"\x01553=US\x01554=correct horse\x01" in line.to_them
    line.carry()
    line.agree()
    assert line.ours.link is not None
    line.cut()
    line.theirs.engine.reconfigure([replace(line.theirs.config, password="another")])
    line.connect()
    line.carry()
    assert line.ours.numbers == (2, 3), "a Logon with a wrong password counts for nothing"
    [view] = line.theirs.engine.views(line.now_ns)
    assert view.problem == "wrong-password"
    assert "horse" not in str(view)


def test_a_session_closes_and_opens_by_its_schedule() -> None:
    line = Line(schedule=Schedule("14:00", "14:20"))  # the tests' clock stands at 14:13:20
    line.connect()
    line.carry()
    line.to_them += line.ours.say("before closing", line.now_ns)
    line.carry()
    line.pass_time(7 * 60)
    line.pass_time(1)
    assert line.ours.link is None
    assert line.ours.engine.dial("VENUE", line.now_ns) is None
    assert line.ours.engine.send("VENUE", [b"35=B\x01"], line.now_ns) is None, "what is numbered now would be void"
    assert [view.state for view in line.ours.engine.views(line.now_ns)] == ["closed"]
    line.now_ns += 24 * 3600 * SECOND_NS - 5 * 60 * SECOND_NS
    line.connect()
    line.carry()
    assert line.ours.numbers == (2, 2), "each opening begins at 1"
    line.agree()


def test_an_initiator_that_went_back_learns_it_and_says_so() -> None:
    line = Line()
    line.settle()
    line.cut()
    line.ours.store.states.clear()
    line.ours.start()
    line.connect()
    line.carry()
    [view] = line.ours.engine.views(line.now_ns)
    assert (view.problem, view.expected, view.received) == ("our-number-too-low", 5, 1)
    [view] = line.theirs.engine.views(line.now_ns)
    assert (view.problem, view.expected, view.received) == ("their-number-too-low", 5, 1)


def test_a_damaged_record_heals_by_a_resend_of_everything() -> None:
    line = Line()
    line.settle()
    for text in ("one", "two"):
        line.to_us += line.theirs.say(text, line.now_ns)
    line.carry()
    line.cut()
    states = line.ours.store.states
    states["VENUE"] = replace(states["VENUE"], next_in=1, next_out=1, damaged=True)
    line.ours.start()
    line.connect()
    line.carry()
    assert line.ours.link is None, (
        "the first Logon bears a number that was used before, and the refusal says the right one"
    )
    line.settle()
    assert line.ours.taken == ["one", "two", "one", "two"], "all of it again, each marked as a possible duplicate"
    line.agree()


def test_a_command_resets_while_logged_on() -> None:
    line = Line()
    line.settle()
    link = line.theirs.engine.command("US", "reset", line.now_ns)
    assert link is not None
    line.theirs.seal(link)
    assert line.theirs.numbers == (1, 1)
    assert line.theirs.engine.command("NOBODY", "reset", line.now_ns) is None


def test_a_text_of_any_length_is_read_in_no_time() -> None:
    assert logon.expected_number("MsgSeqNum too low, expecting 12 but received 3") == 12
    assert logon.expected_number("expect" * 20_000) is None
