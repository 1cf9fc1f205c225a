"""docs/formats/translation.md says what the tables of the program say, and no more."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.cli.translation import EDITIONS
from gateway.formats.mt import tables
from gateway.formats.mt.notices import NOTICES

PAGE = (Path(__file__).parents[3] / "docs" / "formats" / "translation.md").read_text(encoding="utf-8")
ROWS = {tuple(cell.strip() for cell in line.strip("|").split("|")) for line in PAGE.splitlines() if line[:1] == "|"}


@pytest.mark.parametrize(
    "table",
    [EDITIONS, NOTICES, tables.CLEARING],
    ids=["editions", "notices", "clearing"],
)
def test_every_row_stands_there(table: dict[str, str]) -> None:
    assert set(table.items()) <= ROWS


def test_what_excludes_what_stands_there() -> None:
    assert set(tables.EXCLUDED_CODES) <= ROWS


def test_no_notice_is_invented() -> None:
    assert set(re.findall(r"\bT[0-9]{4}[0-9A-Z]\b", PAGE)) == set(NOTICES)


@pytest.mark.parametrize("word", [*tables.INSTRUCTION_CODES, *tables.RESIDENCE, *tables.IDENTIFIERS, *tables.FIN_COPY])
def test_every_word_stands_there(word: str) -> None:
    assert re.search(rf"\b{word}\b", PAGE)
