"""Addresses in lines: the labelled ones, and what must hold of any lines at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.addresses import LABELLED, measure, wrong
from gateway.addresses import Hints, complete, is_complete, towns
from gateway.addresses.words import folded, spellings
from gateway.model import Address

HELD_OUT = LABELLED.with_name("held-out.tsv")


def cases(path: Path) -> list[tuple[str, str, str, str, str, str]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [tuple(line.split("\t")) for line in lines if line and not line.startswith("#")]  # type: ignore[misc]


@pytest.mark.parametrize("case", [*cases(LABELLED), *cases(HELD_OUT)], ids=lambda case: f"{case[0][:30]} {case[1]}")
def test_labelled(case: tuple[str, str, str, str, str, str]) -> None:
    lines, said, *expected = case
    hints = Hints(**dict(hint.split("=") for hint in said.split(",") if hint))
    found = complete(Address(lines=tuple(lines.split("|"))), hints)
    assert wrong(found, tuple(expected)) == ""  # type: ignore[arg-type]
    if not found.missing:
        assert {"country", "town"} <= {evidence.field for evidence in found.evidence}


def test_the_measure_counts() -> None:
    figures = measure()
    assert figures["addresses"] == len(cases(LABELLED)) >= 200
    assert figures["wrong_country"] == 0
    assert figures["town_and_country_right"] >= 0.95  # type: ignore[operator]
    assert figures["wrong_ibans"] > 5_000  # type: ignore[operator]
    assert figures["wrong_ibans_believed"] == 0, "an IBAN of another country than the address"
    assert figures["right_ibans_resolved"] >= 0.9 * figures["right_ibans"]  # type: ignore[operator]


WORDS = st.sampled_from(
    "HAUPTSTR 5 10115 BERLIN PARIS 75001 LONDON NW1 6XE DE FR US CA IN GEORGIA GERMANY D-10115 3/DE/BERLIN 2/ ROAD 12 ,"
    " LUXEMBOURG SINGAPORE 048620 OR 97201 PORTLAND São Łódź NOTPROVIDED MI MILANO 20121 é ß".split()
)
LINES = st.lists(st.lists(WORDS, min_size=1, max_size=6).map(" ".join) | st.text(max_size=40), max_size=4)
COUNTRIES = st.sampled_from(["", "DE", "FR", "GB", "US", "XX"])
HINTS = st.builds(Hints, COUNTRIES, COUNTRIES, COUNTRIES)


@given(LINES, HINTS, st.sampled_from(["hybrid", "structured"]))
def test_completing_twice_is_completing_once(lines: list[str], hints: Hints, form: str) -> None:
    first = complete(Address(lines=tuple(lines)), hints, form)  # type: ignore[arg-type]
    if not first.missing:
        assert is_complete(first.address, form)  # type: ignore[arg-type]
        again = complete(first.address, hints, form)  # type: ignore[arg-type]
        assert again.address == first.address
        assert not again.evidence


@given(LINES, st.builds(Hints, COUNTRIES, COUNTRIES))
def test_a_country_is_never_made_up(lines: list[str], hints: Hints) -> None:
    """It stands in the lines (as name, code or sign), or in a hint; the agent's alone is not asked here."""
    found = complete(Address(lines=tuple(lines)), hints)
    if not found.missing:
        [evidence] = [one for one in found.evidence if one.field == "country"]
        said = evidence.source in (hints.account, hints.residence)
        assert said or evidence.rule.startswith(("country", "line 3/")), evidence


@given(LINES, HINTS)
def test_no_word_is_lost(lines: list[str], hints: Hints) -> None:
    """Every word of the lines is in a field, in a line that is left, or was what said the country."""
    found = complete(Address(lines=tuple(lines)), hints)
    if found.missing:
        return
    made = found.address
    fields = (made.town, made.postcode, made.street, made.building_number, made.post_box, made.subdivision)
    country = " ".join(one.source for one in found.evidence if one.field in ("country", "post_box"))
    kept = folded(" ".join((*fields, *made.lines, country))).replace(" ", "")
    for word in folded(" ".join(lines).replace("2/", " ").replace("3/", " ")).split():
        assert word in kept or word == made.country, (word, found)


def test_structured_passes_untouched() -> None:
    address = Address(street="Lindenweg", building_number="3", town="Kiel", country="DE", lines=("Hinterhaus",))
    found = complete(address, Hints(account="FR"))
    assert found.address is address
    assert not found.evidence


def test_country_of_the_address_is_believed() -> None:
    found = complete(Address(country="DE", lines=("LINDENWEG 3", "24103 KIEL")))
    assert (found.address.town, found.address.country, found.address.street) == ("KIEL", "DE", "LINDENWEG")
    assert complete(Address(town="Kiel", lines=("LINDENWEG 3", "GERMANY"))).address.country == "DE"


def test_structured_form_takes_no_line() -> None:
    lines = ("ATTN MILDE", "LINDENWEG 3", "24103 KIEL", "GERMANY")
    assert not complete(Address(lines=lines), form="hybrid").missing
    assert "lines" in complete(Address(lines=lines), form="structured").missing
    assert not complete(Address(lines=lines[1:]), form="structured").missing


def test_too_much_for_two_lines() -> None:
    lines = ("A" * 70, "B" * 70, "C" * 70, "24103 KIEL", "GERMANY")
    assert "lines" in complete(Address(lines=lines)).missing


def test_towns_by_any_spelling() -> None:
    assert towns.has("DE", "München")
    assert towns.has("DE", "MUENCHEN")
    assert towns.has("CH", "St. Gallen")
    assert not towns.has("DE", "Paris")
    assert "MUNCHEN" in spellings("Muenchen")
    assert towns.mistakable("DE", "Bergen")
    assert not towns.mistakable("NO", "Bergen"), "the largest of that name"
