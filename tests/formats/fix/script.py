"""Plays an acceptance script against an engine in this process, on a clock of its own.

A script is lines of actions: I and E a message sent and expected, i and e a connection opened, closed, or expected to
be closed; corpus/fix/README.md describes them. Messages must be equal field by field, in order; of times, only the
shape.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gateway.formats.fix.frame import cut, trailer

START_NS = 1_790_000_000 * 1_000_000_000
WAIT_NS = 10 * 1_000_000_000  # as long as the player over TCP waits
STEP = re.compile(r"([IEie])(?:(\d+),)?(.*)\Z", re.DOTALL)
TIME = re.compile(r"<TIME(?:([+-])(\d+))?>")
TIME_TAGS = ("42", "52", "60", "122")
TIME_SHAPE = re.compile(r"\d{8}-\d{2}:\d{2}:\d{2}(\.(\d{3}|\d{6}|\d{9}))?\Z")


class Player:
    """`host.connect(now_ns)` gives something with feed, tick, closed and link, as tests.live.fix_echo does."""

    def __init__(self, host: Any) -> None:
        self.host = host
        self.now_ns = START_NS
        self.open: dict[int, Any] = {}
        self.received: dict[int, bytes] = {}

    def play(self, path: Path) -> None:
        for number, line in enumerate(path.read_text("latin-1").split("\n"), 1):
            step = STEP.match(line.rstrip("\r"))
            if not line.strip() or line.startswith("#"):
                continue
            assert step is not None, f"line {number}: not a script line"
            try:
                self._step(step[1], int(step[2] or 1), step[3])
            except AssertionError as error:
                raise AssertionError(f"{path.name} line {number}: {error}") from None
        for number in list(self.open):
            self._close(number)

    def _step(self, action: str, number: int, text: str) -> None:
        if text == "CONNECT":
            self.open[number], self.received[number] = self.host.connect(self.now_ns), b""
        elif text == "DISCONNECT":
            if action == "e":
                self._wait(number, lambda: self.open[number].closed or self.received[number])
                assert not self.received[number], f"expected a disconnection, got {self.received[number]!r}"
            self._close(number)
        elif action == "I":
            self.received[number] += self.open[number].feed(self._render(text), self.now_ns)
        else:
            self._expect(number, text)

    def _close(self, number: int) -> None:
        self.open.pop(number).link.lost()

    def _wait(self, number: int, done: Any) -> None:
        """Let time pass, from one thing that is due to the next."""
        limit_ns = self.now_ns + WAIT_NS
        connection = self.open[number]
        while not done():
            wire, due = connection.tick(self.now_ns)
            self.received[number] += wire
            if done():
                break
            assert not connection.closed, "disconnected"
            assert due <= limit_ns, "nothing happened"
            self.now_ns = max(self.now_ns, due)

    def _expect(self, number: int, text: str) -> None:
        self._wait(number, lambda: self.received[number])
        found = cut(self.received[number], 0, 1 << 20)
        assert found is not None
        assert found[1], f"not a well framed message: {self.received[number]!r}"
        self.received[number] = self.received[number][found[0] :]
        compare(_fields(self._render(text)), _fields(found[1]))

    def _render(self, text: str) -> bytes:
        def stamp(match: re.Match[str]) -> str:
            shift = int((match[1] or "+") + (match[2] or "0"))
            return datetime.fromtimestamp(self.now_ns // 10**9 + shift, UTC).strftime("%Y%m%d-%H:%M:%S")

        data = TIME.sub(stamp, text).encode("latin-1")
        parts = re.fullmatch(rb"(8=[^\x01]*\x01)(.*?)((?<=\x01)10=[^\x01]*\x01?)?", data, re.DOTALL)
        if parts is None:
            return data
        begin, rest, end = parts.groups()
        if not re.search(rb"(\A|\x01)9=", rest):
            begin += b"9=%d\x01" % len(rest)
        return begin + rest + (end or trailer(begin + rest))


def _fields(data: bytes) -> list[tuple[str, str]]:
    return [(f.partition("=")[0], f.partition("=")[2]) for f in data.decode("latin-1").rstrip("\x01").split("\x01")]


def compare(wanted: list[tuple[str, str]], received: list[tuple[str, str]]) -> None:
    """Field by field; the CheckSum was verified by the framing."""
    assert [tag for tag, _ in wanted] == [tag for tag, _ in received], f"expected {wanted}, received {received}"
    for (tag, want), (_, got) in zip(wanted, received, strict=True):
        if tag in TIME_TAGS:
            assert TIME_SHAPE.match(got), f"{tag}: {got!r} is not a time"
        elif tag != "10":
            assert want == got, f"{tag}: expected {want!r}, received {got!r} in {received}"
