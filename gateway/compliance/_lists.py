"""Sanctions lists from files and folders: who is on them, which bytes said so, and the index over their names.

Strategy: files are read once, hashed, and parsed from those very bytes. What the hash has been seen for is not parsed
and indexed again, so that a reload with unchanged lists costs the reading alone. The SHA-256 over all files, in the
order of their paths, is the evidence that goes with each finding.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from msgspec import Struct

from gateway.compliance._layouts import Entry, File, entries
from gateway.compliance._matcher import Matcher
from gateway.compliance._words import NAME_CHARACTERS_MAX, words

FILE_BYTES_MAX = 256 * 1024 * 1024  # the largest published list is a tenth of this
FILES_MAX = 1_000  # of a policy; more is somebody's home directory
INDEXES_KEPT = 4  # sets of lists: of several policies, and the one before a reload
SUFFIXES = (".csv", ".tsv", ".txt", ".xml")


class Listed(Struct, frozen=True):
    """All names of some files, the SHA-256 over the files in hexadecimal, and the names' index."""

    entries: tuple[Entry, ...]
    hash: str
    matcher: Matcher


_kept: dict[str, Listed] = {}


def read(paths: Sequence[str], base: Path) -> Listed:
    """Read files, and folders with all that is below them. Raises ValueError or OSError with a sentence."""
    files = [(path, _bytes(path)) for path in sorted({file for path in paths for file in _files(base / path)})]
    if not files:
        raise ValueError(f"no list in {', '.join(paths)}")
    digest = hashlib.sha256()
    for path, data in files:
        digest.update(path.name.encode() + b"\0" + hashlib.sha256(data).digest())
    hash = digest.hexdigest()
    listed = _kept.pop(hash, None) or _index(files, hash)
    _kept[hash] = listed  # the last used last
    while len(_kept) > INDEXES_KEPT:
        del _kept[next(iter(_kept))]
    return listed


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise ValueError(f"no such list: {path}")
    if not path.is_dir():
        return [path]
    found = [file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file()]
    found = [file for file in found if not any(part.startswith(".") for part in file.relative_to(path).parts)]
    if len(found) > FILES_MAX:
        raise ValueError(f"{path} holds more than {FILES_MAX} files")
    return found


def _bytes(path: Path) -> bytes:
    if path.stat().st_size > FILE_BYTES_MAX:
        raise ValueError(f"{path.name} is larger than {FILE_BYTES_MAX} bytes")
    return path.read_bytes()


def _index(files: Sequence[tuple[Path, bytes]], hash: str) -> Listed:
    """Files of one folder belong together: OFAC's aliases stand in another file than the names."""
    found: list[Entry] = []
    for _, group in groupby(files, key=lambda file: file[0].parent):
        found += entries([File(path.stem, data) for path, data in group])
    kept = tuple(entry for entry in found if len(entry.name) <= NAME_CHARACTERS_MAX and words(entry.name))
    if not kept:
        raise ValueError(f"no names found in {', '.join(path.name for path, _ in files)}")
    return Listed(kept, hash, Matcher([entry.name for entry in kept], [entry.weak for entry in kept]))
