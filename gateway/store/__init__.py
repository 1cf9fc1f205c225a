"""The stores: the only SQL of the project. `open_store` chooses one by its URL."""

from __future__ import annotations

from pathlib import Path

from gateway.store.sqlite import SqliteStore

__all__ = ["SqliteStore", "open_store"]


def open_store(url: str) -> SqliteStore:
    scheme, _, rest = url.partition(":")
    if scheme == "sqlite":
        return SqliteStore(None if rest == ":memory:" else Path(rest))
    raise ValueError(url)
