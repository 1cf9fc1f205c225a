"""Sanctions lists from files: who is on them, and which bytes said so.

Strategy: the layout is known by the file's name or its first bytes; every reader yields Entry records, and the
SHA-256 over all files, in the order of their names, is the evidence that goes with each finding.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from lxml import etree
from msgspec import Struct

FILE_BYTES_MAX = 256 * 1024 * 1024  # the largest published list is a tenth of this
NAME_CHARACTERS_MAX = 350  # the longest published names are about 200
NULL = "-0-"
_WEAK_ALIAS = re.compile(r"a\.k\.a\. '([^']{2,200})'")


class Entry(Struct, frozen=True, gc=False):
    """One name on a list; an entity with aliases has several entries with one id."""

    id: str
    name: str
    kind: str = ""  # individual, entity, vessel, aircraft
    list: str = ""
    programme: str = ""
    weak: bool = False  # an alias that the list itself calls weak


class Listed(Struct, frozen=True):
    """All names of some files, and the hash over the files."""

    entries: tuple[Entry, ...]
    hash: str


def read(paths: Sequence[str], base: Path) -> Listed:
    """Read files and folders (all files directly in them). Raises ValueError or OSError with a sentence."""
    files = sorted({file for path in paths for file in _files(base / path)})
    if not files:
        raise ValueError(f"no list in {', '.join(paths)}")
    digest = hashlib.sha256()
    stamps = []
    for file in files:
        stat = file.stat()
        if stat.st_size > FILE_BYTES_MAX:
            raise ValueError(f"{file.name} is larger than {FILE_BYTES_MAX} bytes")
        data = file.read_bytes()
        digest.update(file.name.encode() + b"\0" + hashlib.sha256(data).digest())
        stamps.append((str(file), hashlib.sha256(data).hexdigest()))
    return _parse(tuple(stamps), digest.hexdigest())


@lru_cache(maxsize=8)
def _parse(files: tuple[tuple[str, str], ...], hash: str) -> Listed:
    entries = [
        entry for path, _ in files for entry in _read_file(Path(path)) if 1 < len(entry.name) <= NAME_CHARACTERS_MAX
    ]
    if not entries:
        raise ValueError(f"no names found in {', '.join(Path(path).name for path, _ in files)}")
    return Listed(tuple(entries), hash)


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return [p for p in path.iterdir() if p.is_file() and p.suffix.lower() in (".csv", ".xml", ".txt")]
    if not path.exists():
        raise ValueError(f"no such list: {path}")
    return [path]


def _read_file(path: Path) -> Iterator[Entry]:
    name = path.name.lower()
    if name.endswith(".xml"):
        return _un(path)
    text = path.read_bytes().rstrip(b"\x1a\r\n \t").decode("utf-8-sig", "replace")
    if "comments" in name or name in ("add.csv", "cons_add.csv"):
        return iter(())
    if name in ("sdn.csv", "cons_prim.csv"):
        return _ofac(text, path.stem)
    if name in ("alt.csv", "cons_alt.csv"):
        return _ofac_aliases(text, path.stem)
    if name.endswith(".txt"):
        return _table(text, path.stem, "\t")
    return _table(text, path.stem, ",")


def _ofac(text: str, source: str) -> Iterator[Entry]:
    """sdn.csv: number, name, type, programme, ..., remarks; no header, -0- for nothing."""
    for row in csv.reader(io.StringIO(text)):
        if len(row) < 4 or row[1].strip() == NULL:
            continue
        cells = [cell.strip() for cell in row]
        kind = "entity" if cells[2] == NULL else cells[2].lower()
        yield Entry(cells[0], _turned(cells[1]), kind, source, cells[3])
        for alias in _WEAK_ALIAS.findall(cells[-1]):
            yield Entry(cells[0], alias, kind, source, cells[3], True)


def _ofac_aliases(text: str, source: str) -> Iterator[Entry]:
    """alt.csv: number, alias number, kind of alias, name, remarks."""
    for row in csv.reader(io.StringIO(text)):
        if len(row) >= 4 and row[3].strip() != NULL:
            yield Entry(row[0].strip(), _turned(row[3].strip()), "", source)


def _turned(name: str) -> str:
    """`FAMILY, Given` as it is said; order does not matter to the matcher, the comma would."""
    return name.replace(",", " ")


def _table(text: str, source: str, delimiter: str) -> Iterator[Entry]:
    """Any table with a header: BIS denied persons, the consolidated screening list, a bank's own list."""
    rows = csv.DictReader(io.StringIO(text), delimiter=delimiter)
    fields = {(field or "").strip().lower(): field for field in rows.fieldnames or ()}
    name = next(
        (fields[key] for key in ("name", "full_name", "whole_name", "namealias_wholename") if key in fields), None
    )
    if name is None:
        raise ValueError(f"{source}: no column called name")
    alias = next((fields[key] for key in ("alt_names", "aliases") if key in fields), None)
    id = next((fields[key] for key in ("entity_number", "_id", "id") if key in fields), None)
    kind, programme = fields.get("type"), fields.get("programs")
    for number, row in enumerate(rows, 2):
        entry = Entry(
            row[id] if id and row[id] else f"line {number}",
            _turned(row[name] or ""),
            (row[kind] or "").lower() if kind else "",
            source,
            (row[programme] or "") if programme else "",
        )
        yield entry
        for other in (row[alias] or "").split(";") if alias else ():
            if other.strip():
                yield Entry(entry.id, _turned(other.strip()), entry.kind, source, entry.programme)


def _un(path: Path) -> Iterator[Entry]:
    """The UN Security Council's consolidated list: FIRST_NAME ... FOURTH_NAME, aliases with QUALITY."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    root = etree.parse(str(path), parser).getroot()
    for tag, kind in (("INDIVIDUAL", "individual"), ("ENTITY", "entity")):
        for node in root.iter(tag):
            id = node.findtext("REFERENCE_NUMBER") or node.findtext("DATAID") or ""
            parts = [node.findtext(f"{ordinal}_NAME") or "" for ordinal in ("FIRST", "SECOND", "THIRD", "FOURTH")]
            programme = node.findtext("UN_LIST_TYPE") or ""
            yield Entry(id.strip(), " ".join(part.strip() for part in parts if part), kind, path.stem, programme)
            for alias in node.iter(f"{tag}_ALIAS"):
                name = (alias.findtext("ALIAS_NAME") or "").strip()
                yield Entry(id.strip(), name, kind, path.stem, programme, (alias.findtext("QUALITY") or "") == "Low")
