"""Sanctions lists as they are published: each layout read into entries.

Strategy: the layout is known by what stands in the file, not by its name: XML by its root; a CSV whose first cell is
a number is OFAC's legacy layout, and its number of columns says which of the four files it is; everything else is a
table with a header, whose columns are found by the names that publishers give them. What is not understood is an
error: a list that is passed over in silence is a list that is not screened.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from lxml import etree
from msgspec import Struct

NULL = "-0-"  # OFAC's nothing, often with a blank behind it
END_OF_FILE = b"\x1a\r\n \t"  # OFAC's files end with the end-of-file mark of DOS
OFAC_NAMES, OFAC_ALIASES, OFAC_ADDRESSES, OFAC_REMARKS = 12, 5, 6, 2  # columns
_WEAK_ALIAS = re.compile(r"a\.k\.a\. '([^']{2,200})'")
_BETWEEN_NAMES = re.compile(r"[;()]|original script:?|\b[a-z]\)")
_CLAUSE = re.compile(r";?\s*and any successor.*", re.IGNORECASE)  # of the State Department, behind the name
_ORDINALS = ("FIRST", "SECOND", "THIRD", "FOURTH")

# What publishers call the columns of their tables, in lower case; the first that is there counts.
_NAME = ("name", "full_name", "whole_name", "namealias_wholename")
_ALIASES = ("alt_names", "aliases", "alias")
_ID = ("entity_number", "_id", "id", "entity_logicalid")
_KIND = ("type", "kind", "entity_subjecttype")
_PROGRAMME = ("programs", "programme", "program", "entity_regulation_programme")
_LIST = ("source",)
_WEAK = ("weak",)
_YES = ("1", "y", "yes", "true")


class Entry(Struct, frozen=True, gc=False):
    """One name on a list; an entity with aliases has several entries with one id."""

    id: str
    name: str
    kind: str = ""  # individual, entity, vessel, aircraft; "" unknown
    list: str = ""
    programme: str = ""
    weak: bool = False  # an alias that the list itself calls weak


class File(NamedTuple):
    """A file of a list: what it is called without suffix, and what stands in it."""

    stem: str
    data: bytes


def entries(files: Sequence[File]) -> list[Entry]:
    """All names in files that belong together (one folder). Raises ValueError with a sentence."""
    found: list[Entry] = []
    ofac: list[tuple[str, list[list[str]]]] = []
    for file in files:
        try:
            if file.data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
                found += _united_nations(file)
                continue
            text = _text(file.data)
            rows = _ofac_rows(text, file.stem.lower())
            if rows:
                ofac.append((file.stem, rows))
            else:
                found += _table(text, file.stem)
        except (csv.Error, etree.XMLSyntaxError) as error:
            raise ValueError(f"{file.stem}: {error}") from error
    return [*_ofac(ofac), *found]


def _text(data: bytes) -> str:
    data = data.rstrip(END_OF_FILE)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


# --- OFAC, legacy CSV -----------------------------------------------------------------------------


def _ofac_rows(text: str, stem: str) -> list[list[str]]:
    """The rows of one of OFAC's files; nothing when it is something else."""
    rows = csv.reader(io.StringIO(text))
    first = [cell.strip() for cell in next(rows, [])]
    if not first or not first[0].isdigit():
        return []
    known = (
        len(first) == OFAC_NAMES
        or (len(first) in (OFAC_ALIASES, OFAC_ADDRESSES) and first[1].isdigit())
        or (len(first) == OFAC_REMARKS and "comments" in stem)
    )
    return [first, *([cell.strip() for cell in row] for row in rows)] if known else []


def _ofac(files: Sequence[tuple[str, list[list[str]]]]) -> list[Entry]:
    """Names, weak aliases out of remarks (and what overflowed of those), then aliases; joined on OFAC's number."""
    remarks = {row[0]: row[1] for _, rows in files for row in rows if len(row) == OFAC_REMARKS}
    found: list[Entry] = []
    for stem, rows in files:
        for row in rows:
            if len(row) == OFAC_NAMES and row[1] not in ("", NULL):
                found += _ofac_entity(stem, row, remarks.get(row[0], ""))
    known = {entry.id: entry for entry in found}
    for stem, rows in files:
        for row in rows:
            if len(row) == OFAC_ALIASES and row[3] not in ("", NULL):
                of = known.get(row[0], Entry(row[0], "", list=stem))
                found.append(Entry(row[0], row[3], of.kind, of.list, of.programme))
    return found


def _ofac_entity(stem: str, row: Sequence[str], overflow: str) -> Iterator[Entry]:
    kind = "entity" if row[2] == NULL else row[2].lower()
    programme = "" if row[3] == NULL else row[3]
    yield Entry(row[0], row[1], kind, stem, programme)
    for alias in _WEAK_ALIAS.findall(row[-1] + overflow):
        yield Entry(row[0], alias, kind, stem, programme, True)


# --- United Nations, XML --------------------------------------------------------------------------


def _united_nations(file: File) -> Iterator[Entry]:
    """The Security Council's consolidated list; aliases of QUALITY Low are weak, names in original script count."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    root = etree.fromstring(file.data.rstrip(END_OF_FILE), parser)
    if root.tag != "CONSOLIDATED_LIST":
        raise ValueError(f"{file.stem}: XML of a list that is not known, <{root.tag}>; known is CONSOLIDATED_LIST (UN)")
    for tag, kind in (("INDIVIDUAL", "individual"), ("ENTITY", "entity")):
        for node in root.iter(tag):
            yield from _united_nations_entity(node, tag, kind, file.stem)


def _united_nations_entity(node: etree._Element, tag: str, kind: str, stem: str) -> Iterator[Entry]:
    id = _said(node, "REFERENCE_NUMBER") or _said(node, "DATAID")
    programme = _said(node, "UN_LIST_TYPE")
    name = " ".join(filter(None, (_said(node, f"{ordinal}_NAME") for ordinal in _ORDINALS)))
    yield Entry(id, name, kind, stem, programme)
    if original := _said(node, "NAME_ORIGINAL_SCRIPT"):
        yield Entry(id, original, kind, stem, programme)
    for alias in node.iter(f"{tag}_ALIAS"):
        for one in _several(_said(alias, "ALIAS_NAME")):
            yield Entry(id, one, kind, stem, programme, _said(alias, "QUALITY") == "Low")


def _several(text: str) -> list[str]:
    """The names in an alias that holds several: `Orlan; Orlando (original script: ...)`."""
    parts = [part.strip(" :,-") for part in _BETWEEN_NAMES.split(text)]
    return [part for part in parts if part]


def _said(node: etree._Element, tag: str) -> str:
    return (node.findtext(tag) or "").strip()


# --- tables with a header -------------------------------------------------------------------------


def _table(text: str, stem: str) -> Iterator[Entry]:
    """BIS denied persons, the consolidated screening list, the EU's files, a bank's own list."""
    head = text.partition("\n")[0]
    rows = csv.reader(io.StringIO(text), delimiter=max("\t;,", key=head.count))
    header = [cell.strip().lower() for cell in next(rows, [])]
    name = _column(header, _NAME)
    if name is None:
        raise ValueError(f"{stem}: no layout that is known, and no column called name")
    columns = [_column(header, names) for names in (_ID, _KIND, _LIST, _PROGRAMME, _ALIASES, _WEAK)]
    for row in rows:
        id, kind, source, programme, aliases, weak = (_cell(row, column) for column in columns)
        one = Entry(
            id or f"line {rows.line_num}",
            _CLAUSE.sub("", _cell(row, name)),
            kind.lower(),
            source or stem,
            programme,
            weak.lower() in _YES,
        )
        yield one
        for alias in filter(None, map(str.strip, aliases.split(";"))):
            yield Entry(one.id, alias, one.kind, one.list, one.programme)


def _column(header: Sequence[str], names: Iterable[str]) -> int | None:
    return next((header.index(name) for name in names if name in header), None)


def _cell(row: Sequence[str], column: int | None) -> str:
    return row[column].strip() if column is not None and column < len(row) else ""
