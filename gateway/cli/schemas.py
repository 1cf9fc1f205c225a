"""financial-os schemas import: official ISO 20022 schemas, checked and put where they are used first.

Strategy: a folder, a ZIP archive or a wheel is looked through for XSD files; each is bounded, opened without entities
or network, must name an ISO 20022 message as its target, must need no other file, and must compile. Its file name
is made of its namespace, never taken from the archive. Nothing is installed when one file is wrong.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from gateway.formats.iso20022.xml import NAMESPACE, OWN

FILE_BYTES_MAX = 4 * 1024 * 1024  # the largest published schema has 300 KiB
FILES_MAX = 3_000  # all messages in all editions are about 2,500
TOTAL_BYTES_MAX = 256 * 1024 * 1024
TYPE = re.compile(r"[a-z]{4}\.\d{3}\.\d{3}\.\d{2}")
XS = "{http://www.w3.org/2001/XMLSchema}"
OUTSIDE = ("include", "import", "redefine", "override")


def import_(options: argparse.Namespace) -> int:
    """Exit 0 when all are installed, 1 when one is refused, 2 when the source cannot be read."""
    target = Path(options.to or os.environ.get("FINOS_SCHEMAS", "") or OWN / "official")
    source = Path(options.source)
    if not source.exists():
        raise ValueError(f"{source}: there is no such file or folder")
    good: dict[str, bytes] = {}
    problems = []
    for name, data in found(source):
        outcome = check(data)
        if isinstance(outcome, Problem):
            problems.append(f"{name}: {outcome}")
        elif good.setdefault(outcome, data) != data:
            problems.append(f"{name}: a second, different schema of {outcome}")
    if not good and not problems:
        raise ValueError(f"{source}: no XSD files in it")
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        print(f"nothing installed: {len(problems)} of {len(problems) + len(good)} schemas are wrong", file=sys.stderr)
        return 1
    install(good, target)
    print(f"{len(good)} schemas installed in {target}")
    return 0


class Problem(str):
    """Why a schema is not taken, in words."""


def found(source: Path) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each XSD file; ValueError when there are too many or they are too large."""
    total = 0
    for number, (name, data) in enumerate(_archived(source) if source.is_file() else _files(source), 1):
        total += len(data)
        if number > FILES_MAX or total > TOTAL_BYTES_MAX:
            raise ValueError(f"{source}: more than {FILES_MAX} schemas or {TOTAL_BYTES_MAX} bytes")
        yield name, data


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*.xsd")):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                yield str(path.relative_to(folder)), file.read(FILE_BYTES_MAX + 1)


def _archived(archive: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(archive) as opened:
            for member in opened.infolist():
                if member.filename.endswith(".xsd") and not member.is_dir():
                    with opened.open(member) as file:  # what it says of its size is not believed
                        yield member.filename, file.read(FILE_BYTES_MAX + 1)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise ValueError(f"{archive}: neither a folder nor a ZIP archive that can be read: {error}") from error


def check(data: bytes) -> str | Problem:
    """The message type that a schema defines, or what is wrong with it."""
    if len(data) > FILE_BYTES_MAX:
        return Problem(f"more than {FILE_BYTES_MAX} bytes")
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        return Problem("has a document type declaration")
    try:
        root = etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
    except etree.XMLSyntaxError as error:
        return Problem(f"not well-formed XML: {error.msg}")
    if root.tag != XS + "schema":
        return Problem("not an XML Schema")
    type = (root.get("targetNamespace") or "").removeprefix(NAMESPACE)
    if not TYPE.fullmatch(type) or not str(root.get("targetNamespace")).startswith(NAMESPACE):
        return Problem(
            f"its target namespace is {str(root.get('targetNamespace'))[:80]}, not that of an ISO 20022 message"
        )
    if any(root.find(XS + name) is not None for name in OUTSIDE):
        return Problem("asks for another file")
    try:
        etree.XMLSchema(root)
    except etree.XMLSchemaParseError as error:
        return Problem(f"does not compile: {error}"[:300])
    return type


def install(schemas: dict[str, bytes], folder: Path) -> None:
    """Write them one by one, each whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    for type, data in sorted(schemas.items()):
        waiting = folder / f".{type}.xsd.part"
        waiting.write_bytes(data)
        waiting.replace(folder / f"{type}.xsd")
