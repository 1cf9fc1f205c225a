"""The sessions of one endpoint, and the links that they come by or are dialled on.

Strategy: a link that came in belongs to nobody until its first message, a Logon that names a session by version and
both CompIDs; until then it may hold a few kilobytes and change nothing. A session that is on a live link stays
there: a second Logon for it is closed without a word. A template makes a session for each counterparty whose name
begins as it says; its numbers are durable like those of any other.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from functools import cache
from ipaddress import ip_address, ip_network
from pathlib import Path

import msgspec

from gateway.formats.fix import dictionary
from gateway.formats.fix.frame import GARBLED, LOGON_BYTES_MAX, MESSAGE_BYTES_MAX, Framer
from gateway.formats.fix.message import Message, parse
from gateway.formats.fix.outgoing import Sent
from gateway.formats.fix.schedule import SECOND_NS, Calendar
from gateway.formats.fix.session import IDLE_S, Session
from gateway.formats.fix.validate import Rules
from gateway.formats.fix.versions import APPLICATIONS, VERSIONS, Version
from gateway.ports import ALL_CHECKS, UNKNOWN, Checks, Peer, Sealed, SessionConfig, SessionState, SessionView

TEMPLATE = "*"
NAME = re.compile(r"[!-~]{1,64}")  # a CompID that a template gives a session to

log = logging.getLogger("financial_os.fix")


class Library:
    """Rules from a folder of dictionaries, each read once; what it lacks comes from those of the project."""

    def __init__(self, folder: Path = dictionary.SHIPPED) -> None:
        self._folder = folder
        self._rules: dict[tuple[str, str, Checks], Rules] = {}

    def rules(self, version: Version, application: bytes = b"", checks: Checks = ALL_CHECKS) -> Rules | None:
        """Rules of a version, for FIXT with those of an application (ApplVerID); None for an unknown application.

        Raises ValueError when the folder has no dictionary of the version itself.
        """
        name = APPLICATIONS.get(application, "")
        if application and not name:
            return None
        found = self._rules.get((version.dictionary, name, checks))
        if found is None:
            found = self._read(version.dictionary, name, checks)
            if found is not None:
                self._rules[version.dictionary, name, checks] = found
        return found

    def _read(self, name: str, application: str, checks: Checks) -> Rules | None:
        session = self._load(name)
        if not application:
            return Rules(session, None, checks)
        try:
            return Rules(session, self._load(application), checks)
        except ValueError as error:
            log.warning("fix.dictionary-missing %s", error)
            return None

    def _load(self, name: str) -> dictionary.Dictionary:
        own = self._folder / f"{name}.xml"
        return dictionary.load(name, self._folder if own.exists() else dictionary.SHIPPED)


@cache
def shipped() -> Library:
    """The dictionaries that come with the project."""
    return Library()


@cache
def own_library(folder: Path) -> Library:
    """The dictionaries of a user's folder, read once."""
    return Library(folder)


class Pace:
    """How fast a counterparty sends: a bucket that holds what it may send in one second."""

    def __init__(self, now_ns: int) -> None:
        self._taken = 0.0
        self._since_ns = now_ns

    def count(self, messages: int) -> None:
        self._taken += messages

    def hold_ns(self, per_s: int, now_ns: int) -> int:
        """How long to read nothing, so that no more than `per_s` messages come in a second; 0 for no limit."""
        if not per_s:
            return 0
        self._taken = max(0.0, self._taken - (now_ns - self._since_ns) * per_s / SECOND_NS)
        self._since_ns = now_ns
        over = self._taken - per_s
        return int(over * SECOND_NS / per_s) + 1 if over > 0 else 0


class FixLink:
    """ports.Link: one connection, or (without one) a session that is written to while nobody is there."""

    def __init__(
        self, acceptor: FixAcceptor, now_ns: int, session: Session | None = None, peer: Peer = UNKNOWN
    ) -> None:
        self.closing = False
        self.peer = peer
        self.session = session.config.target if session is not None else ""
        self._acceptor = acceptor
        self._now_ns = now_ns
        self._of = session
        self._framer = Framer(LOGON_BYTES_MAX if session is None else MESSAGE_BYTES_MAX)
        self._pace = Pace(now_ns)

    def receive(self, data: bytes, now_ns: int) -> list[bytes]:
        """Application messages that are valid and in sequence, passwords masked.

        Offer them, and let that offer be committed, before the next call: `seal` counts all of them as received.
        """
        self._now_ns = now_ns
        for raw in self._framer.feed(data):
            if self.closing:
                break
            message = parse(raw) if raw is not GARBLED else None
            if message is not None:
                self._take(message, now_ns)
            elif self._of is None:
                self.closing = True  # nothing but a Logon may come first
        if self._of is None:
            return []
        delivered, self._of.delivered = self._of.delivered, []
        self._pace.count(len(delivered))
        return delivered

    def _take(self, message: Message, now_ns: int) -> None:
        if self._of is None:
            self._of = self._acceptor.claim(message, self, now_ns)
            if self._of is None:
                self.closing = True
                return
            self.session = self._of.config.target
            self._framer.size_max = MESSAGE_BYTES_MAX
        self._of.take(message, now_ns)

    def tick(self, now_ns: int) -> int:
        self._now_ns = now_ns
        if self._of is None or self._of.link is not self:
            return now_ns + IDLE_S * SECOND_NS
        return self._of.tick(now_ns)

    def send(self, bodies: Sequence[bytes], now_ns: int) -> None:
        assert self._of is not None, "only a session is written to"
        self._now_ns = now_ns
        for body in bodies:
            self._of.out.application(body, now_ns)

    def seal(self) -> Sealed:
        if self._of is None:
            return Sealed(close=self.closing)
        return self._of.seal(self, self._now_ns)

    def hold_ns(self, now_ns: int) -> int:
        return self._pace.hold_ns(self._of.config.messages_per_s, now_ns) if self._of is not None else 0

    def lost(self) -> None:
        self.closing = True
        if self._of is not None and self._of.link is self:
            self._of.detach()


class FixAcceptor:
    """ports.Acceptor: the sessions of one endpoint. Raises ValueError for sessions that cannot be served."""

    def __init__(
        self,
        endpoint: str,
        sessions: Sequence[SessionConfig],
        states: Sequence[SessionState],
        sent: Sent,
        library: Library | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._sent = sent
        self._library = library or shipped()
        self._states = {state.session: state for state in states}
        self._sessions: dict[str, Session] = {}
        self._templates: list[SessionConfig] = []
        self.reconfigure(sessions)

    def connect(self, now_ns: int, peer: Peer = UNKNOWN) -> FixLink:
        return FixLink(self, now_ns, peer=peer)

    def dial(self, session: str, now_ns: int, peer: Peer = UNKNOWN) -> FixLink | None:
        """A connection that we opened, with our Logon on it; None while the session is closed or not to be had."""
        found = self._sessions.get(session)
        if found is None or not found.enabled or found.link is not None or not found.open(now_ns):
            return None
        problem = _stranger(found.config, peer)
        if problem:
            log.warning("fix.refused endpoint=%s session=%s %s", self._endpoint, session, problem)
            return None
        link = FixLink(self, now_ns, found, peer)
        found.dial(link, now_ns)
        return link

    def opens_ns(self, session: str, now_ns: int) -> int:
        found = self._sessions.get(session)
        if found is None or not found.enabled:
            return now_ns + IDLE_S * SECOND_NS
        return now_ns if found.calendar.period(now_ns) is not None else found.calendar.change_ns(now_ns)

    def send(self, session: str, bodies: Sequence[bytes], now_ns: int) -> FixLink | None:
        """Queue messages for a session; None when there is no such session, or its schedule has it closed."""
        found = self._sessions.get(session) or self._from_template(session)
        if found is None or (found.link is None and not found.open(now_ns)):
            return None
        link = self._link(found, now_ns)
        link.send(bodies, now_ns)
        return link

    def command(self, session: str, command: str, now_ns: int) -> FixLink | None:
        """Reset the numbers of a session, or log out of it."""
        found = self._sessions.get(session)
        if found is None:
            return None
        link = self._link(found, now_ns)
        if command == "reset":
            found.reset(now_ns)
        else:
            found.leave()
        return link

    def views(self, now_ns: int) -> list[SessionView]:
        return [session.view(now_ns) for session in self._sessions.values()]

    def _link(self, session: Session, now_ns: int) -> FixLink:
        return session.link if isinstance(session.link, FixLink) else FixLink(self, now_ns, session)

    def reconfigure(self, sessions: Sequence[SessionConfig]) -> None:
        """Add, change and switch off sessions; those that stay as they are notice nothing.

        A session that is switched off logs out at its next tick; one whose version or names changed is hung up.
        Numbers are kept in both cases.
        """
        if len({config.target for config in sessions}) < len(sessions):
            raise ValueError(f"endpoint {self._endpoint}: two sessions have the same target")
        for config in sessions:
            check(config)
        self._templates = [config for config in sessions if config.target.endswith(TEMPLATE)]
        wanted = {config.target: config for config in sessions if not config.target.endswith(TEMPLATE)}
        for name in self._sessions.keys() - wanted.keys():
            template = self._template(name)
            if template is None:
                self._sessions[name].enabled = False
            else:
                wanted[name] = msgspec.structs.replace(template, target=name)
        for name, config in wanted.items():
            self._sessions[name] = self._made(config, _version(config))

    def _made(self, config: SessionConfig, version: Version) -> Session:
        """The session as it is configured: the one there is, where only its options changed."""
        old = self._sessions.get(config.target)
        state = self._states.get(config.target)
        if old is not None:
            if old.version == version and _rulings(old.config) == _rulings(config):
                old.enabled = True
                old.configure(config)
                return old
            if old.link is not None:
                old.link.closing = True
            old.detach()
            state = SessionState(self._endpoint, config.target, old.next_in, old.out.next_out, old.began_ns)
        return Session(self._endpoint, config, version, state, self._sent, self._library_of(config))

    def _library_of(self, config: SessionConfig) -> Library:
        return own_library(config.dictionaries) if config.dictionaries is not None else self._library

    def _template(self, name: str) -> SessionConfig | None:
        """The template that a counterparty's name begins as; the longest of several."""
        found = [config for config in self._templates if name.startswith(config.target.removesuffix(TEMPLATE))]
        return max(found, key=lambda config: len(config.target), default=None)

    def _from_template(self, name: str) -> Session | None:
        """A session for a counterparty that only a template knows, as long as there is room."""
        template = self._template(name)
        if template is None or not NAME.fullmatch(name):
            return None
        if self._count(template) >= template.sessions_max:
            self._forget_strangers(template)
        if self._count(template) >= template.sessions_max:
            log.warning("fix.refused endpoint=%s template=%s has all its sessions", self._endpoint, template.target)
            return None
        made = self._made(msgspec.structs.replace(template, target=name), _version(template))
        self._sessions[name] = made
        return made

    def _count(self, template: SessionConfig) -> int:
        return sum(self._template(name) is template for name in self._sessions)

    def _forget_strangers(self, template: SessionConfig) -> None:
        """Let go of names that somebody tried and that never logged on: nobody shall fill a template with those."""
        for name, session in list(self._sessions.items()):
            if session.never_used and self._template(name) is template:
                del self._sessions[name]

    def claim(self, message: Message, link: FixLink, now_ns: int) -> Session | None:
        """The session that a first message belongs to; None when it may not have it."""
        name = message.fields.get(b"49", b"").decode("latin-1")
        session = self._sessions.get(name)
        template = self._template(name) if session is None else None
        if template is not None and message.type == b"A" and not _stranger(template, link.peer):
            session = self._from_template(name)
        problem = self._problem(message, session, link.peer, now_ns)
        if problem or session is None:
            log.warning("fix.refused endpoint=%s %s", self._endpoint, problem)
            return None
        session.attach(link, now_ns)
        return session

    @staticmethod
    def _problem(message: Message, session: Session | None, peer: Peer, now_ns: int) -> str:
        """Why a first message may not have its session; "" when it may."""
        fields = message.fields
        if message.type != b"A":
            return "the first message is not a Logon"
        if session is None or not session.enabled:
            return "no such session"
        if fields.get(b"8") != session.version.begin_string or fields.get(b"56") != session.config.sender.encode():
            return "BeginString or TargetCompID is another one"
        if session.link is not None:
            return "the session is logged on already"
        if not session.open(now_ns):
            return "the session is closed now, by its schedule"
        return _stranger(session.config, peer)


def _rulings(config: SessionConfig) -> tuple[object, ...]:
    """What cannot change under a connection."""
    return (config.sender, config.validate, config.checks, config.dictionaries)


def _stranger(config: SessionConfig, peer: Peer) -> str:
    """Why whoever is at the other end is not the counterparty, as far as the network tells; "" when it may be."""
    if config.addresses:
        try:
            address = ip_address(peer.address)
        except ValueError:
            return "its address is unknown, and the session is for some networks only"
        if not any(address in ip_network(network, strict=False) for network in config.addresses):
            return "its address is not in the session's networks"
    if config.certificate and config.certificate not in peer.certificate:
        return "its certificate is not the one of this counterparty"
    return ""


def check(config: SessionConfig) -> None:
    """Raises ValueError for what the types of a configuration do not say."""
    version = _version(config)
    if config.application and not version.transport:
        raise ValueError(f"session {config.target}: application belongs to begin_string FIXT.1.1")
    if config.next_expected and version.begin_string not in (b"FIX.4.4", b"FIXT.1.1"):
        raise ValueError(f"session {config.target}: next_expected belongs to FIX.4.4 and FIXT.1.1")
    for network in config.addresses:
        try:
            ip_network(network, strict=False)
        except ValueError:
            raise ValueError(f"session {config.target}: {network!r} is not a network such as 192.0.2.0/24") from None
    Calendar(config.schedule)
    if config.validate:
        library = own_library(config.dictionaries) if config.dictionaries is not None else shipped()
        library.rules(version, checks=config.checks)


def _version(config: SessionConfig) -> Version:
    version = VERSIONS.get(config.begin_string.encode())
    if version is None:
        known = ", ".join(name.decode() for name in VERSIONS)
        raise ValueError(f"session {config.target}: begin_string {config.begin_string!r} is none of {known}")
    return version
