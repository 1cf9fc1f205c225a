"""The stores: the only SQL of the project. `open_store` chooses one by its URL.

sqlite:var/financial-os.db     one file beside the daemon, every commit forced to the disk
sqlite::memory:                nothing is kept; for embedding and tests
postgresql://user@host/name    a server, for more than one machine
"""

from __future__ import annotations

from pathlib import Path

from gateway.store.postgres import PostgresStore
from gateway.store.sqlite import SqliteStore
from gateway.store.sqlite_file import accept

__all__ = ["PostgresStore", "SqliteStore", "accept", "open_store"]


def open_store(url: str) -> SqliteStore | PostgresStore:
    """The store of a URL, not yet opened. Raises ValueError with a sentence for a URL of no known kind."""
    scheme, colon, rest = url.partition(":")
    if scheme in ("postgresql", "postgres"):
        return PostgresStore(url)
    if scheme == "sqlite" and rest == ":memory:":
        return SqliteStore(None)
    if scheme == "sqlite" and rest:
        return SqliteStore(Path(rest))
    raise ValueError(f"a store is sqlite:PATH, sqlite::memory: or postgresql://..., not {scheme + colon!r}")
