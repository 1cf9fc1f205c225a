"""Schema files with the library that they include, and no more of it than they use.

Strategy: the library of shared types is parsed once for all messages; a schema that is compiled gets copies of the
types that it reaches. The whole library compiled anew for each message would take seven megabytes each.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path

from lxml import etree

XS = "{http://www.w3.org/2001/XMLSchema}"
NAMED = (XS + "complexType", XS + "simpleType")
_REFERRING = ("type", "base", "itemType", "memberTypes")
Types = dict[str, etree._Element]


@cache
def shared(path: Path) -> Types:
    """The types of an included file and of what it includes itself, by name. Not to be changed."""
    return named(etree.parse(str(path)).getroot(), path)


def named(root: etree._Element, path: Path) -> Types:
    """The types that a schema has, its own before included ones."""
    found: Types = {}
    for one in _includes(root, path):
        found |= shared(one)
    for node in root:
        if node.get("name") and node.tag in NAMED:
            found[str(node.get("name"))] = node
    return found


def alone(path: Path) -> etree._ElementTree:
    """A schema that includes nothing: the types that it reaches stand in it."""
    tree = etree.parse(str(path))
    root = tree.getroot()
    if not _includes(root, path):
        return tree
    every = named(root, path)
    own = {str(node.get("name")) for node in root if node.tag in NAMED}
    for name in sorted(_reached(root, path) - own):
        root.append(deepcopy(every[name]))
    for node in [node for node in root if node.tag == XS + "include"]:
        root.remove(node)
    # Printed and read again: names without a prefix then belong to the namespace of this schema, as included ones do.
    return etree.ElementTree(etree.fromstring(etree.tostring(root)))


def _reached(root: etree._Element, path: Path) -> set[str]:
    """Names of shared types that a schema needs, one through another."""
    known = {name: used for one in _includes(root, path) for name, used in uses(one).items()}
    found: set[str] = set()
    waiting = set(_referred(root))
    while waiting:
        name = waiting.pop()
        if name in known and name not in found:
            found.add(name)
            waiting.update(known[name])
    return found


@cache
def uses(path: Path) -> dict[str, tuple[str, ...]]:
    """The types that each shared type names."""
    return {name: tuple(_referred(node)) for name, node in shared(path).items()}


def _includes(root: etree._Element, path: Path) -> list[Path]:
    return [path.parent / str(node.get("schemaLocation")) for node in root if node.tag == XS + "include"]


def _referred(node: etree._Element) -> Iterator[str]:
    for one in node.iter(etree.Element):
        for attribute in _REFERRING:
            yield from str(one.get(attribute) or "").split()
