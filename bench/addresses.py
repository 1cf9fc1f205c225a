"""How well addresses in lines are completed: accuracy over the labelled addresses, and time.

    python bench/addresses.py --json

Strategy: the same labelled file that the tests hold, `tests/corpus/addresses/labelled.tsv`; an address is resolved when
its confidence is enough to go on without a person. Of those with nothing certain in them, none may be resolved.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.figures import Figure, options, show  # noqa: E402
from gateway.addresses import NO_HINTS, Found, Hints, complete  # noqa: E402
from gateway.addresses.countries import candidates  # noqa: E402
from gateway.addresses.pieces import joined, split  # noqa: E402
from gateway.model import Address  # noqa: E402

LABELLED = ROOT / "tests" / "corpus" / "addresses" / "labelled.tsv"
ROUNDS = 5


def labelled() -> list[tuple[Address, Hints, tuple[str, str, str, str]]]:
    """Address, hints, and expected country, town, postcode, street."""
    found = []
    for line in LABELLED.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            lines, hints, country, town, postcode, street = line.split("\t")
            said = dict(hint.split("=") for hint in hints.split(",") if hint)
            found.append((Address(lines=tuple(lines.split("|"))), Hints(**said), (country, town, postcode, street)))
    return found


def wrong(found: Found, expected: tuple[str, str, str, str]) -> str:
    """What differs from the label; "" when nothing does."""
    country, town, postcode, street = expected
    resolved = not found.missing
    if country == "-":
        return f"resolved as {found.address.town}, {found.address.country}" if resolved else ""
    if not resolved:
        return f"not resolved: {found.missing}, confidence {found.confidence}"
    got = (found.address.country, found.address.town, found.address.postcode, found.address.street)
    return "" if got == (country, town, postcode, street) else f"{got}, expected {expected}"


IBANS = (
    "AD AE AT BA BE BG BR CH CY CZ DE DK EE EG ES FI FR GB GR HR HU IE IL IS IT LI LT LU LV MC ME MK MT NL NO PL PT RO"
    " RS SA SE SI SK SM TN TR UA"
).split()


def undressed() -> list[tuple[Address, str]]:
    """The labelled addresses without the words that name their country, and it: nothing but a hint tells it then."""
    bare = []
    for address, _, (country, *_others) in labelled():
        said = next(candidates(split(address.lines), NO_HINTS), None)
        lines = address.lines if said is None else tuple(joined(said.pieces))
        if country != "-" and complete(Address(lines=lines)).missing:
            bare.append((Address(lines=lines), country))
    return bare


def misled() -> tuple[int, int, int, int]:
    """Every bare address with every country's IBAN: right pairs, resolved of them, wrong pairs, resolved of them."""
    right = resolved = wrong_pairs = taken_in = 0
    for address, country in undressed():
        for iban in IBANS:
            done = not complete(address, Hints(account=iban)).missing
            if iban == country:
                right, resolved = right + 1, resolved + done
            else:
                wrong_pairs, taken_in = wrong_pairs + 1, taken_in + done
    return right, resolved, wrong_pairs, taken_in


def measure() -> dict[str, Any]:
    """Accuracy and time."""
    cases = labelled()
    answers = [complete(address, hints) for address, hints, _ in cases]
    pairs = list(zip(answers, (expected for _, _, expected in cases), strict=True))
    sure = [(found, expected) for found, expected in pairs if expected[0] != "-"]
    both = sum(not f.missing and (f.address.country, f.address.town) == e[:2] for f, e in sure)
    wrong_country = sum(not f.missing and f.address.country != e[0] for f, e in pairs)
    begun = time.perf_counter()
    for _ in range(ROUNDS):
        for address, hints, _expected in cases:
            complete(address, hints)
    each = (time.perf_counter() - begun) / ROUNDS / len(cases)
    right, resolved, wrong_pairs, taken_in = misled()
    return {
        "addresses": len(cases),
        "countries": len({expected[0] for _, expected in sure}),
        "certain": len(sure),
        "town_and_country_right": round(both / len(sure), 4),
        "street_right": round(sum(f.address.street == e[3] for f, e in sure) / len(sure), 4),
        "postcode_right": round(sum(f.address.postcode == e[2] for f, e in sure) / len(sure), 4),
        "wrong_country": wrong_country,
        "uncertain_left_to_a_person": sum(bool(f.missing) for f, e in pairs if e[0] == "-"),
        "uncertain": len(cases) - len(sure),
        "right_ibans": right,
        "right_ibans_resolved": resolved,
        "wrong_ibans": wrong_pairs,
        "wrong_ibans_believed": taken_in,
        "microseconds_each": round(each * 1e6, 1),
    }


def shown(figures: dict[str, Any]) -> Iterator[Figure]:
    """What is published of it."""
    beside = float(figures["certain"])
    yield Figure("town and country right", figures["town_and_country_right"] * 100, "%", 95)
    yield Figure("postcode right", figures["postcode_right"] * 100, "%")
    yield Figure("street right", figures["street_right"] * 100, "%")
    yield Figure("wrong country", figures["wrong_country"], "addresses", 0, True, beside, "addresses that are certain")
    left, uncertain = figures["uncertain_left_to_a_person"], figures["uncertain"]
    yield Figure("uncertain, left to a person", left, "addresses", uncertain, False, uncertain, "that are uncertain")
    believed, pairs = figures["wrong_ibans_believed"], figures["wrong_ibans"]
    yield Figure("believed because of a wrong IBAN", believed, "pairs", 0, True, pairs, "pairs tried")
    done, right = figures["right_ibans_resolved"], figures["right_ibans"]
    yield Figure("resolved by the right IBAN alone", done, "pairs", None, False, right, "pairs tried")
    yield Figure("an address in lines", figures["microseconds_each"], "us")


def main() -> int:
    """Print the figures; without --json also each address that differs."""
    chosen = options(__doc__ or "")
    if not chosen.json:
        for address, hints, expected in labelled():
            if what := wrong(complete(address, hints), expected):
                print(" | ".join(address.lines), "->", what)
    figures = measure()
    for figure in shown(figures):
        show(figure, chosen.json)
    return 1 if figures["wrong_country"] or figures["wrong_ibans_believed"] else 0


if __name__ == "__main__":
    sys.exit(main())
