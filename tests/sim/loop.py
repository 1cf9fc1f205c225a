"""An event loop without a world: time is a number, and what is ready runs in an order that the seed decides."""

from __future__ import annotations

import asyncio
import selectors
from collections import deque
from random import Random
from typing import Any


class Deadlock(Exception):
    """Nothing is ready and nobody waits for a time: the program would hang."""


class _Nothing(selectors.BaseSelector):
    """A selector that never finds anything; waiting only moves the clock."""

    def __init__(self) -> None:
        self.loop: SimLoop | None = None
        self._keys: dict[Any, selectors.SelectorKey] = {}

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        key = selectors.SelectorKey(fileobj, fileobj if isinstance(fileobj, int) else fileobj.fileno(), events, data)
        self._keys[fileobj] = key
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._keys.pop(fileobj)

    def get_map(self) -> Any:
        return self._keys

    def select(self, timeout: float | None = None) -> list[Any]:
        assert self.loop is not None
        if timeout is None:
            raise Deadlock
        self.loop.now += max(timeout, 0.0)
        return []


class SimLoop(asyncio.SelectorEventLoop):
    """Seeded and virtual: the same seed gives the same run."""

    def __init__(self, random: Random) -> None:
        selector = _Nothing()
        super().__init__(selector)
        selector.loop = self
        self.random = random
        self.now = 0.0

    def time(self) -> float:
        return self.now

    def _run_once(self) -> None:
        ready: deque[Any] = self._ready  # type: ignore[attr-defined]  # the only way to reorder what is ready
        if len(ready) > 1:
            shuffled = list(ready)
            self.random.shuffle(shuffled)
            ready.clear()
            ready.extend(shuffled)
        super()._run_once()  # type: ignore[misc]
