"""Streams of good and damaged FIX frames through framer, parser and session.

    python tests/fuzz/fix_frames.py [--frames 1000000] [--seed 1]

What must hold of each stream, whatever was done to it:

- no exception leaves the session, and it says or does nothing unbounded;
- a number is used up only by a frame that a second, plainer reading of the stream finds whole (`whole_frames`), so
  garbled input uses up none;
- a frame that was left alone arrives when the damage before it cannot have swallowed it: noise that holds neither
  the beginning of a message nor a CheckSum field;
- tags and values are those that simplefix finds, for every frame that both take.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

import simplefix  # noqa: E402  # the path comes first

from gateway.formats.fix.acceptor import FixAcceptor, FixLink  # noqa: E402
from gateway.formats.fix.message import parse  # noqa: E402
from gateway.ports import SessionConfig  # noqa: E402
from tests.fix_peer import frame, order_body, stamp  # noqa: E402
from tests.fuzz.mutate import mutate  # noqa: E402

FRAMES_PER_STREAM = 8
WIRE_BYTES_MAX = 64 * 1024  # of answers to one stream; rejects are small, and a resend has nothing to send
COMPARED_EACH = 50  # of so many frames one is read by simplefix too, which is slow

_HEAD = re.compile(rb"8=FIX[^\x01]{0,13}\x019=(\d{1,9})\x0135=")


class Damaged(AssertionError):
    """What must hold does not; the text says of which stream."""


class Fuzzer:
    """One session after another, fed with streams."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.now_ns = time.time_ns()
        self.frames = self.streams = self.compared = self.numbers_used = 0
        self.sent = stamp(self.now_ns)
        self._connect()

    def _connect(self) -> None:
        acceptor = FixAcceptor("fix", [SessionConfig("C", heartbeat_max_s=60)], [], lambda session, first, last: [])
        self.link: FixLink = acceptor.connect(self.now_ns)
        self.link.receive(frame("A", "C", "FINOS", 1, "98=0\x01108=30\x01", sent=self.sent), self.now_ns)
        sealed = self.link.seal()
        assert sealed.state is not None, "the Logon was taken"
        assert sealed.state.next_in == 2, "and counted"
        self.number = 2

    def stream(self) -> None:
        """One stream: some frames as they are, some damaged, some noise between."""
        kind = self.random.randrange(3)
        pieces = [self._good(self.number + place) for place in range(FRAMES_PER_STREAM)]
        if kind == 0:
            data = b"".join(piece + self._noise() for piece in pieces)
            expected = FRAMES_PER_STREAM
        else:
            damaged = [mutate(p, self.random, pieces) if self.random.random() < 0.6 else p for p in pieces]
            data, expected = b"".join(damaged), None
        self._check(data, expected)
        self.frames += FRAMES_PER_STREAM
        self.streams += 1

    def _good(self, number: int) -> bytes:
        kind = self.random.choice("DD01")
        body = {"D": order_body(f"O{number}", "1", "1000", "1.1"), "0": "", "1": "112=T\x01"}[kind]
        return frame(kind, "C", "FINOS", number, body, sent=self.sent)

    def _noise(self) -> bytes:
        """Bytes that begin no message and end none."""
        if self.random.random() < 0.5:
            return b""
        return bytes(self.random.choice(b"abc=1\x01\x00\xff|") for _ in range(self.random.randrange(30)))

    def _check(self, data: bytes, expected: int | None) -> None:
        before = self.number
        cuts = sorted(self.random.randrange(len(data) + 1) for _ in range(self.random.randrange(4)))
        for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
            self.link.receive(data[start:end], self.now_ns)
        self.link.tick(self.now_ns)
        sealed = self.link.seal()
        used = sealed.state.next_in - before if sealed.state is not None else 0
        self.numbers_used += used
        whole = whole_frames(data)
        if expected is not None and used != expected:
            raise Damaged(f"{used} of {expected} whole frames arrived: {data!r}")
        if not 0 <= used <= _reach(whole, before) - before:
            raise Damaged(f"{used} numbers used up by {len(whole)} whole frames: {data!r}")
        if len(sealed.wire) > WIRE_BYTES_MAX:
            raise Damaged(f"{len(sealed.wire)} bytes of answers: {data!r}")
        self.number += used
        for raw in whole:
            if self.random.randrange(COMPARED_EACH) == 0:
                self._compare(raw)
        if sealed.close or self.streams % 50 == 49 or self._waits():
            self._connect()

    def _waits(self) -> bool:
        """Half a frame or a gap is left over, which the next stream should not inherit."""
        [view] = self.link._acceptor.views(self.now_ns)
        return bool(self.link._framer.pending() or view.queued or view.waiting_for)

    def _compare(self, raw: bytes) -> None:
        """simplefix sees what we see, where raw data and empty values, which it reads otherwise, play no part."""
        ours = parse(raw)
        if ours is None or any(not value or b"\x01" in value for value in ours.values):
            return
        parser = simplefix.FixParser()
        parser.append_buffer(raw)
        theirs = parser.get_message()
        if theirs is None:
            return
        self.compared += 1
        if [(bytes(tag), value) for tag, value in theirs.pairs] != ours.pairs():
            raise Damaged(f"simplefix reads otherwise: {raw!r}")


def whole_frames(data: bytes) -> list[bytes]:
    """Every frame, at any place, whose first fields, length and sum are right: read by a plain search."""
    found = []
    for head in _HEAD.finditer(data):
        end = head.end() - 3 + int(head[1])
        body = data[head.start() : end]
        if end <= len(data) and body[-1:] == b"\x01" and data[end : end + 7] == b"10=%03d\x01" % (sum(body) % 256):
            found.append(data[head.start() : end + 7])
    return found


def _reach(whole: list[bytes], number: int) -> int:
    """The furthest that numbers can come: one for each whole frame, or where a reset among them leads."""
    reach = number + len(whole)
    for raw in whole:
        for tag in (b"\x0136=", b"\x0134="):
            place = raw.find(tag)
            digits = raw[place + 4 : place + 23].split(b"\x01")[0] if place >= 0 else b""
            if tag == b"\x0136=" and b"\x0135=4\x01" in raw and digits.isdigit():
                reach = max(reach, int(digits) + len(whole))
    return reach


def fuzz(frames: int, seed: int) -> Fuzzer:
    """Run until so many frames were sent. Raises Damaged, or whatever escaped."""
    fuzzer = Fuzzer(seed)
    while fuzzer.frames < frames:
        fuzzer.stream()
    return fuzzer


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    done = fuzz(options.frames, options.seed)
    print(
        f"fix frames   {done.frames} frames in {done.streams} streams, {done.numbers_used} numbers used up,"
        f" {done.compared} compared with simplefix, 0 escapes"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
