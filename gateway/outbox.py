"""The outbox: what was committed to be sent is sent, in order, until it has arrived.

Strategy: one task per endpoint takes the oldest items and gives them to the door; what did not arrive stays at
the front and is tried again, later and later. Memory holds a bounded number of items per endpoint; beyond that
the endpoint is behind and reads on from the store. An item may be sent twice when the process dies between
arrival and note, under the same name both times.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence

from gateway.ports import Delivery, Door, Store

ITEMS_MAX = 2_000  # per endpoint in memory; beyond that the store is the queue
SEND_MAX = 100  # handed to a door at once: one fsync of a folder, one pipeline of requests
RETRY_FIRST_S = 0.2
RETRY_MAX_S = 30.0
NOTE_EVERY_S = 0.2  # arrivals are written down together, so that they do not cost a commit each

log = logging.getLogger("financial_os.outbox")


class Lane:
    """What waits for one endpoint."""

    def __init__(self) -> None:
        self.items: deque[Delivery] = deque()
        self.last = 0  # highest id ever taken into memory
        self.behind = True  # the store holds items that memory does not
        self.refilling = False  # the store is being read: what comes meanwhile is read after
        self.wake = asyncio.Event()
        self.wake.set()


class Outbox:
    """Delivers committed items through the doors of their endpoints."""

    def __init__(self, store: Store, doors: Mapping[str, Door], clock_ns: Callable[[], int]) -> None:
        self._store = store
        self._doors = doors
        self._clock_ns = clock_ns
        self._lanes: dict[str, Lane] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._arrived: list[int] = []
        self._noting = asyncio.Lock()
        self._note_task: asyncio.Task[None] | None = None

    def start(self, endpoint: str) -> None:
        """Begin (or go on) delivering to an endpoint, from what the store still holds."""
        if endpoint not in self._tasks:
            self._lanes.setdefault(endpoint, Lane())
            self._tasks[endpoint] = asyncio.create_task(self._run(endpoint), name=f"outbox {endpoint}")
        if self._note_task is None:
            self._note_task = asyncio.create_task(self._note_now_and_then(), name="outbox notes")

    async def halt(self, endpoint: str) -> None:
        """Stop delivering to an endpoint; what waits stays in the store."""
        task = self._tasks.pop(endpoint, None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._lanes.pop(endpoint, None)

    async def stop(self) -> None:
        for endpoint in list(self._tasks):
            await self.halt(endpoint)
        if self._note_task is not None:
            self._note_task.cancel()
            await asyncio.gather(self._note_task, return_exceptions=True)
        await self.note()

    def add(self, items: Sequence[Delivery]) -> None:
        """Take items that were just committed."""
        for item in items:
            lane = self._lanes.get(item.endpoint)
            if lane is None:
                continue  # no such door now; the store keeps it until there is
            if lane.behind or lane.refilling or len(lane.items) >= ITEMS_MAX:
                lane.behind = True
            else:
                lane.items.append(item)
                lane.last = item.id
            lane.wake.set()

    def pending(self) -> dict[str, int]:
        """Items waiting in memory, per endpoint."""
        return {name: len(lane.items) for name, lane in self._lanes.items()}

    async def drained(self) -> None:
        """Wait until nothing waits in memory or store: for demonstrations and orderly stops."""
        while any(lane.items or lane.behind for lane in self._lanes.values()):
            await asyncio.sleep(0.01)

    async def note(self) -> None:
        """Write down which items arrived."""
        async with self._noting:
            ids, self._arrived = self._arrived, []
            if ids:
                await self._store.delivered(ids, self._clock_ns())

    async def _note_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(NOTE_EVERY_S)
            await self.note()

    async def _run(self, endpoint: str) -> None:
        lane, wait_s = self._lanes[endpoint], RETRY_FIRST_S
        while True:
            if not lane.items and not await self._refill(endpoint, lane):
                lane.wake.clear()
                await lane.wake.wait()
                continue
            if await self._send(endpoint, lane):
                wait_s = RETRY_FIRST_S
            else:
                await asyncio.sleep(wait_s)
                wait_s = min(wait_s * 2, RETRY_MAX_S)

    async def _refill(self, endpoint: str, lane: Lane) -> bool:
        if not lane.behind:
            return False
        await self.note()
        lane.behind, lane.refilling = False, True
        found = await self._store.undelivered(endpoint, lane.last, ITEMS_MAX)
        lane.refilling = False
        lane.behind = lane.behind or len(found) == ITEMS_MAX
        lane.items.extend(found)
        if found:
            lane.last = found[-1].id
        return bool(found)

    async def _send(self, endpoint: str, lane: Lane) -> bool:
        items = [lane.items[i] for i in range(min(SEND_MAX, len(lane.items)))]
        try:
            arrived = set(await self._doors[endpoint].deliver(items))
        except Exception as error:  # whatever a door meets, the items are kept and tried again
            log.warning("outbox.retry endpoint=%s items=%d error=%s", endpoint, len(items), type(error).__name__)
            return False
        for _ in items:
            lane.items.popleft()
        lane.items.extendleft(reversed([item for item in items if item.id not in arrived]))
        self._arrived.extend(sorted(arrived))
        return len(arrived) == len(items)
