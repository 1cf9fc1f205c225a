"""The folder door: files in, answers out, as banks exchange them over SFTP.

    in/ -> work/ -> done/          taken, whatever became of its payments: the answer in out/ says
                 -> quarantine/    not taken: refused as a whole, or a duplicate; NAME.reason.json says why
    out/                           answers and deliveries, complete when they appear

Strategy: one task takes complete files by rename, a few at a time, offers them together and lets go of them after
the commit. A large file is hashed, checked and read in parts, a few parts under way. What lies in work/ at a start
was ours: it is offered again, and the engine tells what it has already. When the engine is busy nothing is
claimed: the folder is the queue.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Sequence

from adapters import _inotify
from adapters.folder.config import STREAM_ABOVE, Config
from adapters.folder.place import Claimed, Place, Spoiled, Verdict
from adapters.folder.ready import SCAN_MAX, Ready
from adapters.folder.stream import Stream, verdict
from gateway.ports import AnswerBy, Delivery, Desk, Inbound, StoreFailed

BATCH_BYTES_MAX = 8 * 1024 * 1024  # of files read at once

log = logging.getLogger("financial_os.folder")


class Door:
    """ports.Door over a folder."""

    answer_by: AnswerBy = "outbox"

    def __init__(self, name: str, config: Config, desk: Desk) -> None:
        self._name = name
        self._config = config
        self._desk = desk
        self._place = Place(config.path, config.size_bytes_max, config.stream_above_bytes, desk.clock_ns)
        self._ready = Ready(config, self._place)
        self._watch: _inotify.Watch | None = None
        self._news = asyncio.Event()
        self._events: deque[tuple[int, str]] = deque()
        self._backlog: deque[str] = deque()  # complete, not yet claimed
        self._ignored: set[str] = set()  # cannot even be moved: said once
        self._unmoved: list[tuple[str, Verdict]] = []  # committed, but the disk refused the move: tried again
        self._streams: set[asyncio.Task[None]] = set()
        self._task: asyncio.Task[None] | None = None
        self._stopping = False

    async def start(self) -> None:
        """Raises OSError with a sentence when the folders cannot be made, locked or renamed between."""
        await asyncio.to_thread(self._place.open)
        try:
            self._watch = _inotify.Watch(str(self._place.path / "in"))
            asyncio.get_running_loop().add_reader(self._watch.fd, self._notified)
        except OSError as error:
            log.warning("folder.no-notifications endpoint=%s error=%s", self._name, error.strerror or error)
        self._task = asyncio.create_task(self._run(), name=f"folder {self._name}")

    async def stop(self) -> None:
        self._stopping = True
        self._news.set()
        if self._task is not None:
            await self._task
            await asyncio.gather(*self._streams)
            self._task = None
        if self._watch is not None:
            asyncio.get_running_loop().remove_reader(self._watch.fd)
            self._watch.close()
            self._watch = None
        self._place.close()

    async def deliver(self, items: Sequence[Delivery]) -> list[int]:
        return await asyncio.to_thread(self._place.deliver, items)

    # -- the loop

    async def _run(self) -> None:
        try:
            await self._take(await asyncio.to_thread(self._recovered))
        except StoreFailed:
            return
        while not self._stopping:
            await self._room()
            try:
                claimed = await asyncio.to_thread(self._claim)
                await self._take(claimed)
            except StoreFailed:
                return  # the files stay in work/ for the next start
            except OSError as error:
                log.error("folder.trouble endpoint=%s error=%s", self._name, error)
                claimed = []
            if not claimed:
                await self._rest()

    async def _room(self) -> None:
        """Wait for the engine; a stop ends the wait."""
        if self._desk.has_room():
            return
        room = asyncio.ensure_future(self._desk.room())
        while not room.done() and not self._stopping:
            await asyncio.wait({room}, timeout=self._config.rescan_s)
        room.cancel()

    async def _rest(self) -> None:
        """Until there is news, or it is time to look again."""
        seconds = min(self._config.rescan_s, self._config.stable_s) if self._ready.waiting else self._config.rescan_s
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()
        self._news.clear()

    def _notified(self) -> None:
        assert self._watch is not None, "only an open watch notifies"
        self._events.extend(self._watch.read())
        self._news.set()

    # -- claiming: in a thread

    def _recovered(self) -> list[Claimed]:
        """What was under way when the process ended."""
        found: list[Claimed] = []
        for name in self._place.names("work", SCAN_MAX):
            try:
                found.append(self._place.open_claimed(name, recovered=True))
            except Spoiled as spoiled:
                self._set_aside(name, spoiled)
        return found

    def _claim(self) -> list[Claimed]:
        """Claim the next complete files; what is no file at all goes to quarantine on the way."""
        self._move_again()
        events = [self._events.popleft() for _ in range(len(self._events))]
        self._backlog.extend(self._ready.told(events))
        if not self._backlog:
            self._backlog.extend(self._ready.found(time.monotonic()))
        claimed, passed, size = list[Claimed](), list[str](), 0
        while self._backlog and len(claimed) < self._config.batch_max and size < BATCH_BYTES_MAX:
            name = self._backlog.popleft()
            if len(self._streams) >= self._config.large_max and self._place.is_large(name):
                passed.append(name)
                continue
            one = self._claim_one(name) if name not in self._ignored else None
            if one is not None:
                claimed.append(one)
                size += len(one.data) if one.data is not None else BATCH_BYTES_MAX
        self._backlog.extendleft(reversed(passed))
        if claimed:
            self._place.settle_claims()
        return claimed

    def _claim_one(self, name: str) -> Claimed | None:
        try:
            claimed = self._place.claim(name)
        except Spoiled as spoiled:
            self._set_aside(name, spoiled)
            claimed = None
        except OSError as error:
            self._ignore(name, error)
            return None
        self._ready.taken(name)
        return claimed

    def _set_aside(self, name: str, spoiled: Spoiled) -> None:
        try:
            self._place.quarantine(spoiled.folder, name, spoiled.verdict)
        except OSError as error:
            self._ignore(name, error)
        else:
            self._tell(name, spoiled.verdict)

    def _ignore(self, name: str, error: OSError) -> None:
        """A thing that can be neither taken nor moved is said once and left."""
        self._ignored.add(name)
        log.error("folder.stuck endpoint=%s file=%s error=%s", self._name, name, error.strerror)

    def _tell(self, name: str, verdict: Verdict) -> None:
        first = verdict.refusals[0]
        log.warning(
            "folder.quarantined endpoint=%s file=%s message=%d code=%s where=%s",
            self._name,
            name,
            verdict.message,
            first.code,
            first.place,
        )

    # -- offering and letting go

    async def _take(self, claimed: Sequence[Claimed]) -> None:
        small = [one for one in claimed if one.data is not None]
        for one in claimed:
            if one.data is None:
                task = asyncio.create_task(self._stream(one), name=f"folder {self._name} {one.name}")
                self._streams.add(task)
                task.add_done_callback(self._streams.discard)
        if small:
            offered = [Inbound(self._name, self._desk.clock_ns(), one.data or b"", one.name) for one in small]
            outcomes = (await self._desk.offer(offered)).outcomes
            await asyncio.to_thread(self._let_go, small, [verdict(o, c) for o, c in zip(outcomes, small, strict=True)])

    async def _stream(self, claimed: Claimed) -> None:
        try:
            found = await Stream(self._name, self._config, self._desk, claimed, lambda: self._stopping).run()
        except (StoreFailed, OSError) as error:
            log.error("folder.trouble endpoint=%s file=%s error=%s", self._name, claimed.name, error)
            claimed.file.close()  # it stays in work/ for the next start
            return
        if found is None:
            claimed.file.close()
        else:
            await asyncio.to_thread(self._let_go, [claimed], [found])
        self._news.set()

    def _let_go(self, claimed: Sequence[Claimed], verdicts: Sequence[Verdict]) -> None:
        for one, found in zip(claimed, verdicts, strict=True):
            one.file.close()
            self._finish(one.name, found)
        self._place.sync()

    def _finish(self, name: str, found: Verdict) -> None:
        try:
            self._place.finish(name, found)
        except OSError as error:
            self._unmoved.append((name, found))
            log.error("folder.not-moved endpoint=%s file=%s error=%s", self._name, name, error.strerror)
        else:
            if found.refusals:
                self._tell(name, found)

    def _move_again(self) -> None:
        unmoved, self._unmoved = self._unmoved, []
        for name, found in unmoved:
            self._finish(name, found)


__all__ = ["STREAM_ABOVE", "Config", "Door"]
