"""The other side of a session in tests: writes messages with `|` between fields, reads answers the same way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from gateway.formats.fix.acceptor import FixAcceptor
from gateway.formats.fix.frame import Framer
from gateway.formats.fix.message import assemble
from gateway.ports import Sealed, SessionConfig, SessionState

NOW_NS = 1_790_000_000 * 1_000_000_000
SECOND_NS = 1_000_000_000
EVERYWHERE = ("8", "9", "49", "56", "52", "122", "10")
ORDER = "11={}|21=1|38=1000|40=2|44=1.1000|54=1|55=EUR/USD|60=20260921-14:13:20|"


def stamp(now_ns: int, shift_s: int = 0) -> str:
    return datetime.fromtimestamp(now_ns // SECOND_NS + shift_s, UTC).strftime("%Y%m%d-%H:%M:%S")


def framed(text: str, begin_string: str = "FIX.4.4") -> bytes:
    return assemble(begin_string.encode(), text.replace("|", "\x01").encode("latin-1"))


def shown(data: bytes) -> str:
    """A message without what every message has: version, length, names, times, sum."""
    fields = [field.partition("=") for field in data.decode("latin-1").rstrip("\x01").split("\x01")]
    return "|".join(f"{tag}={value}" for tag, _, value in fields if tag not in EVERYWHERE)


class Store:
    """What was sealed, as a store would keep it."""

    def __init__(self) -> None:
        self.states: dict[str, SessionState] = {}
        self.sent: dict[tuple[str, int], bytes] = {}

    def keep(self, sealed: Sealed) -> None:
        if sealed.state is None:
            return
        name = sealed.state.session
        if sealed.reset:
            self.sent = {key: data for key, data in self.sent.items() if key[0] != name}
        self.states[name] = sealed.state
        self.sent.update({(name, number): data for number, data in sealed.sent})

    def read(self, session: str, first: int, last: int) -> list[tuple[int, bytes]]:
        return [(n, self.sent[session, n]) for n in range(first, last + 1) if (session, n) in self.sent]


class Peer:
    """A counterparty, its acceptor and the store behind it."""

    def __init__(self, config: SessionConfig | None = None, store: Store | None = None) -> None:
        self.config = config or SessionConfig("CLIENT1")
        self.store = store or Store()
        self.now_ns = NOW_NS
        self.acceptor = FixAcceptor("fix", [self.config], list(self.store.states.values()), self.store.read)
        self.connect()

    def connect(self) -> None:
        self.link = self.acceptor.connect(self.now_ns)
        self.framer = Framer()
        self.taken: list[bytes] = []
        self.closed = False

    def write(
        self,
        kind: str,
        number: int,
        body: str = "",
        extra: str = "",
        shift_s: int = 0,
        sender: str = "",
        target: str = "",
    ) -> bytes:
        head = f"35={kind}|34={number}|49={sender or self.config.target}|52={stamp(self.now_ns, shift_s)}"
        text = f"{head}|56={target or self.config.sender}|{extra}{body}"
        return framed(text, self.config.begin_string)

    def send(self, kind: str, number: int, body: str = "", extra: str = "", **options: object) -> list[str]:
        """Send one message; the answers, shown."""
        return self.feed(self.write(kind, number, body, extra, **options))  # type: ignore[arg-type]

    def feed(self, data: bytes) -> list[str]:
        self.taken += self.link.receive(data, self.now_ns)
        return self.sealed()

    def answer(self, bodies: Sequence[str]) -> list[str]:
        self.link.send([body.replace("|", "\x01").encode() for body in bodies], self.now_ns)
        return self.sealed()

    def pass_time(self, seconds: float) -> list[str]:
        self.now_ns += int(seconds * SECOND_NS)
        self.link.tick(self.now_ns)
        return self.sealed()

    def sealed(self) -> list[str]:
        sealed = self.link.seal()
        self.store.keep(sealed)
        self.closed = self.closed or sealed.close
        self.wire = sealed.wire
        return [shown(frame) for frame in self.framer.feed(sealed.wire)]

    def logon(self, number: int = 1, body: str = "98=0|108=30|") -> list[str]:
        return self.send("A", number, body)

    @property
    def numbers(self) -> tuple[int, int]:
        """Durable next in and next out."""
        state = self.store.states.get(self.config.target)
        return (state.next_in, state.next_out) if state else (1, 1)
