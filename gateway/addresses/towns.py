"""Whether a country has a town of a name: a list of places with a thousand inhabitants and more.

Strategy: one text a country, searched for a name between its separators; that takes microseconds, and the list is
read only when an address has to be completed.
"""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path

import schemas
from gateway.addresses.words import spellings

FILE = Path(schemas.__file__).parent / "addresses" / "towns.txt"


@cache
def _lists() -> dict[str, str]:
    lines = FILE.read_text(encoding="utf-8").splitlines()
    return {line[:2]: line[2:] for line in lines if not line.startswith("#")}


@lru_cache(maxsize=50_000)
def has(country: str, name: str) -> bool:
    """Whether the country has a town of that name."""
    names = _lists().get(country, "")
    return any(f";{spelling};" in names for spelling in spellings(name) if spelling)


@lru_cache(maxsize=20_000)
def elsewhere(country: str, name: str) -> bool:
    """Whether another country has one."""
    return any(other != country and has(other, name) for other in _lists())


def prepare() -> None:
    """Read the list now, not when the first address needs it."""
    _lists()
