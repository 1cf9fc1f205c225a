"""The stores that the contract is tested on, each empty at first."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from gateway.store import PostgresStore, SqliteStore, open_store
from tests.services import postgres_server, postgres_url

__all__ = ["postgres_server", "postgres_url"]

AnyStore = SqliteStore | PostgresStore
Make = Callable[[], AnyStore]


@pytest.fixture(params=["sqlite", "postgres"])
def durable(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """Makes stores over one place that outlives them."""
    if request.param == "sqlite":
        return lambda: open_store(f"sqlite:{tmp_path / 'books' / 'test.db'}")
    url: str = request.getfixturevalue("postgres_url")
    return lambda: open_store(url)


@pytest.fixture(params=["sqlite", "memory", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AnyStore]:
    """An open store."""
    urls = {"sqlite": f"sqlite:{tmp_path / 'test.db'}", "memory": "sqlite::memory:"}
    made = open_store(urls.get(request.param) or request.getfixturevalue("postgres_url"))
    await made.open()
    yield made
    await made.close()
