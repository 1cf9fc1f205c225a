"""The accepting side: many sessions behind one address, and the links that they come by.

Strategy: a link belongs to nobody until its first message, a Logon that names a session by version and both
CompIDs; until then it may hold a few kilobytes and change nothing. A session that is on a live link stays there: a
second Logon for it is closed without a word.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from gateway.formats.fix import dictionary
from gateway.formats.fix.frame import GARBLED, LOGON_BYTES_MAX, MESSAGE_BYTES_MAX, Framer
from gateway.formats.fix.message import Message, parse
from gateway.formats.fix.outgoing import Sent
from gateway.formats.fix.session import IDLE_S, SECOND_NS, Session
from gateway.formats.fix.validate import Rules
from gateway.formats.fix.versions import APPLICATIONS, VERSIONS, Version
from gateway.ports import Sealed, SessionConfig, SessionState

log = logging.getLogger("financial_os.fix")


class Library:
    """Rules from a folder of dictionaries, each read once."""

    def __init__(self, folder: Path = dictionary.SHIPPED) -> None:
        self._folder = folder
        self._rules: dict[tuple[str, str], Rules] = {}

    def rules(self, version: Version, application: bytes = b"") -> Rules | None:
        """Rules of a version, for FIXT with those of an application (ApplVerID); None for an unknown application.

        Raises ValueError when the folder has no dictionary of the version itself.
        """
        name = APPLICATIONS.get(application, "")
        if application and not name:
            return None
        found = self._rules.get((version.dictionary, name))
        if found is None:
            found = self._read(version.dictionary, name)
            if found is not None:
                self._rules[version.dictionary, name] = found
        return found

    def _read(self, name: str, application: str) -> Rules | None:
        session = dictionary.load(name, self._folder)
        if not application:
            return Rules(session)
        try:
            return Rules(session, dictionary.load(application, self._folder))
        except ValueError as error:
            log.warning("fix.dictionary-missing %s", error)
            return None


@cache
def shipped() -> Library:
    """The dictionaries that come with the project."""
    return Library()


class FixLink:
    """ports.Link: one connection, or (without one) a session that is written to while nobody is there."""

    def __init__(self, acceptor: FixAcceptor, now_ns: int, session: Session | None = None) -> None:
        self.closing = False
        self.session = session.config.target if session is not None else ""
        self._acceptor = acceptor
        self._now_ns = now_ns
        self._of = session
        self._framer = Framer(LOGON_BYTES_MAX)

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
        self.reconfigure(sessions)

    def connect(self, now_ns: int) -> FixLink:
        return FixLink(self, now_ns)

    def send(self, session: str, bodies: Sequence[bytes], now_ns: int) -> FixLink | None:
        """Queue messages for a session; None when there is no such session."""
        found = self._sessions.get(session)
        if found is None:
            return None
        link = found.link if isinstance(found.link, FixLink) else FixLink(self, now_ns, found)
        link.send(bodies, now_ns)
        return link

    def reconfigure(self, sessions: Sequence[SessionConfig]) -> None:
        """Add, change and switch off sessions; those that stay as they are notice nothing.

        A session that is switched off logs out at its next tick; one whose version or names changed is hung up.
        Numbers are kept in both cases.
        """
        wanted = {config.target: config for config in sessions}
        if len(wanted) < len(sessions):
            raise ValueError(f"endpoint {self._endpoint}: two sessions have the same target")
        versions = {name: _version(config) for name, config in wanted.items()}
        for name, session in self._sessions.items():
            if name not in wanted:
                session.enabled = False
        for name, config in wanted.items():
            self._sessions[name] = self._made(config, versions[name])

    def _made(self, config: SessionConfig, version: Version) -> Session:
        """The session as it is configured: the one there is, where only its options changed."""
        old = self._sessions.get(config.target)
        state = self._states.get(config.target)
        if old is not None:
            if (old.version, old.config.sender, old.config.validate) == (version, config.sender, config.validate):
                old.enabled = True
                old.configure(config)
                return old
            if old.link is not None:
                old.link.closing = True
            state = SessionState(self._endpoint, config.target, old.next_in, old.out.next_out)
            old.detach()
        return Session(self._endpoint, config, version, state, self._sent, self._library)

    def claim(self, message: Message, link: FixLink, now_ns: int) -> Session | None:
        """The session that a first message belongs to; None when it may not have it."""
        fields = message.fields
        session = self._sessions.get(fields.get(b"49", b"").decode("latin-1"))
        problem = ""
        if message.type != b"A":
            problem = "the first message is not a Logon"
        elif session is None or not session.enabled:
            problem = "no such session"
        elif fields.get(b"8") != session.version.begin_string or fields.get(b"56") != session.config.sender.encode():
            problem = "BeginString or TargetCompID is another one"
        elif session.link is not None:
            problem = "the session is logged on already"
        if problem or session is None:
            log.warning("fix.refused endpoint=%s %s", self._endpoint, problem)
            return None
        session.attach(link, now_ns)
        return session


def _version(config: SessionConfig) -> Version:
    version = VERSIONS.get(config.begin_string.encode())
    if version is None:
        known = ", ".join(name.decode() for name in VERSIONS)
        raise ValueError(f"session {config.target}: begin_string {config.begin_string!r} is none of {known}")
    return version
