"""Waiting for what a door does, without naming a time: a test that waits too long fails by its own limit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

PATIENCE_S = 10.0

T = TypeVar("T")


async def until(found: Callable[[], T | None]) -> T:
    """The first true value."""
    async with asyncio.timeout(PATIENCE_S):
        while not (value := found()):  # what is waited for has no event: files, foreign processes
            await asyncio.sleep(0.005)
    return value
