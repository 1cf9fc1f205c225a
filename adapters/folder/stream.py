"""A large file on its way: hashed, checked as a whole, then handed over in parts, in order, in constant memory.

The parts carry the file's hash, so that after a crash the engine passes over those it has already. A part is
decoded while those before it are being committed; no more than a few are under way. One thread reads one file from
its first byte to its last: a parser in C that is carried on by another thread than it was begun in corrupts memory.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from adapters.folder.config import Config
from adapters.folder.place import Claimed, Verdict
from gateway.model import Refusal
from gateway.ports import Committed, Decoded, Desk, Inbound, Outcome

PARTS_UNDER_WAY = 32  # a transaction's worth being committed, and the next one waiting
PARTS_AT_ONCE = 8  # read at a time: a change of threads costs more than a part


T = TypeVar("T")


class Stream:
    """One large file of one endpoint."""

    def __init__(
        self, endpoint: str, config: Config, desk: Desk, claimed: Claimed, stopping: Callable[[], bool]
    ) -> None:
        self._endpoint = endpoint
        self._part_records = config.part_records
        self._desk = desk
        self._claimed = claimed
        self._stopping = stopping
        self._offered: deque[asyncio.Future[Committed]] = deque()
        self._last = Outcome(0)
        self._refusals: list[Refusal] = []

    async def run(self) -> Verdict | None:
        """What becomes of the file; None when a stop came first: it stays in work/ and goes on at the next start."""
        with ThreadPoolExecutor(1, "stream") as self._reader:
            digest = await self._in_reader(self._digest)
            if self._claimed.changed():
                return _spoiled("changed-while-read", "the file was still being written to")
            try:
                pieces = await self._in_reader(self._parts)
            except ValueError:
                return _spoiled("unknown-format", "the first bytes belong to none of the known formats")
            try:
                return await self._hand_over(digest, pieces)
            finally:
                await self._in_reader(lambda: _close(pieces))

    async def _in_reader(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._reader, work)

    def _parts(self) -> Iterator[Decoded]:
        return self._desk.parts(self._endpoint, self._claimed.file, self._part_records)

    def _digest(self) -> bytes:
        digest = hashlib.file_digest(self._claimed.file, "sha256").digest()
        self._claimed.file.seek(0)
        return digest

    async def _hand_over(self, digest: bytes, pieces: Iterator[Decoded]) -> Verdict | None:
        ready, number, first = deque(await self._next(pieces)), 0, 0
        if not ready:
            return _spoiled("no-records", "the file holds no records")
        while ready:
            piece = ready.popleft()
            ready.extend(() if ready else await self._next(pieces))
            if self._claimed.changed():
                await self._settle(0)
                return _spoiled("changed-while-read", f"the file was written to; its first {number} parts were taken")
            if self._stopping():
                await self._settle(0)
                return None
            await self._desk.room()
            inbound = Inbound(
                self._endpoint,
                self._desk.clock_ns(),
                b"",
                self._claimed.name,
                digest=digest,
                decoded=piece,
                part=number,
                first=first,
                last=not ready,
            )
            self._offered.append(self._desk.offer((inbound,)))
            await self._settle(PARTS_UNDER_WAY - 1)
            number, first = number + 1, first + len(piece.records)
        await self._settle(0)
        return verdict(self._last, self._claimed, self._refusals)

    async def _next(self, pieces: Iterator[Decoded]) -> list[Decoded]:
        """The next parts of the file; none at its end."""
        return await self._in_reader(lambda: list(islice(pieces, PARTS_AT_ONCE)))

    async def _settle(self, under_way: int) -> None:
        """Wait for the oldest parts until no more than so many are under way."""
        while len(self._offered) > under_way:
            self._last = (await self._offered.popleft()).outcomes[0]
            self._refusals.extend(self._last.refusals)


def _close(pieces: Iterator[Decoded]) -> None:
    """End a generator where it ran."""
    close = getattr(pieces, "close", None)
    if close is not None:
        close()


def verdict(outcome: Outcome, claimed: Claimed, refusals: list[Refusal] | None = None) -> Verdict:
    """Where a file goes, by what became of it.

    A repetition is a duplicate, unless the file was already ours when the process ended: then it is the one that
    was committed.
    """
    found = list(outcome.refusals) if refusals is None else refusals
    if not found and outcome.repeated and not claimed.recovered:
        text = f"the same content came before, as message {outcome.message}; its first answer stands"
        found = [Refusal("duplicate-file", "DUPL", "file", text)]
    return Verdict(outcome.message, found)


def _spoiled(code: str, text: str) -> Verdict:
    return Verdict(0, [Refusal(code, "FF01", "file", text)])
