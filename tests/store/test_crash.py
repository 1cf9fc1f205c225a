"""A writer that is killed at any moment has lost nothing that it acknowledged."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gateway.store import open_store
from tests.support import ROOT

CYCLES = 6


def killed_after(url: str, seed: int, seconds: float) -> tuple[int, int, int]:
    """Let a writer work for a while after its first commit, kill it, and return what it acknowledged last."""
    command = [sys.executable, "-m", "tests.store.committer", url, str(seed)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(seconds)
        process.kill()
        lines = (first + process.stdout.read()).split(b"\n")
    batch, payment, transfer = map(int, lines[-2].split())  # the last line may be torn, or is empty
    return batch, payment, transfer


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:{tmp_path / 'test.db'}"
    found: str = request.getfixturevalue("postgres_url")
    return found


async def test_nothing_acknowledged_is_lost(url: str) -> None:
    chance = random.Random(20261)
    for cycle in range(CYCLES):
        acknowledged = killed_after(url, cycle, chance.uniform(0.0, 0.15))
        store = open_store(url)
        found = await store.open()
        assert (found.batch, found.payment, found.transfer) >= acknowledged
        assert store.payment(acknowledged[1]) is not None
        assert len(found.references) == found.payment
        assert await store.verify() == []
        await store.close()
