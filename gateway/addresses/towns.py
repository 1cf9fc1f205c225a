"""Which countries have a town of a name: a list of places with a thousand inhabitants and more.

Strategy: one line a name, sorted, found by bisection; read only when an address has to be completed. Of a name that
several countries have, the one with the largest town is marked; so are names that only other languages have for it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection
from functools import cache, lru_cache
from pathlib import Path

import schemas
from gateway.addresses.words import spellings

FILE = Path(schemas.__file__).parent / "addresses" / "towns.txt"
LARGEST, FOREIGN = "*", "~"


@cache
def _lines() -> list[str]:
    return [line for line in FILE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]


@lru_cache(maxsize=50_000)
def _countries(name: str) -> dict[str, str]:
    """Country -> its mark, for every spelling of the name."""
    lines = _lines()
    found: dict[str, str] = {}
    for spelling in spellings(name):
        place = bisect_left(lines, f"{spelling};")
        if spelling and place < len(lines) and lines[place].startswith(f"{spelling};"):
            for country in lines[place].partition(";")[2].split():
                found.setdefault(country[-2:], country[:-2])
    return found


def has(country: str, name: str) -> bool:
    """Whether the country has a town of that name, in whichever language."""
    return country in _countries(name)


def elsewhere(country: str, name: str) -> bool:
    """Whether another country has one."""
    return bool(_countries(name).keys() - {country})


def mistakable(country: str, name: str, among: Collection[str] | None = None) -> bool:
    """Whether the name may as well mean the town of another country (of `among`, when given)."""
    known = _countries(name)
    others = [one for one, mark in known.items() if one != country and mark != FOREIGN]
    if among is not None:
        others = [one for one in others if one in among]
    return bool(others) and known.get(country) != LARGEST


def prepare() -> None:
    """Read the list now, not when the first address needs it."""
    _lines()
