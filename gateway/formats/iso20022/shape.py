"""What a schema allows, for the writer: which paths exist, in which order they stand, what a leaf may hold.

Read from the same XSD files that messages are validated with, so that the writer cannot disagree with them.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from pathlib import Path

from lxml import etree
from msgspec import Struct

from gateway.formats.iso20022.xml import folders

XS = "{http://www.w3.org/2001/XMLSchema}"
_SEGMENT = re.compile(r"([^\[]+)(?:\[(\d+)\])?\Z")


_DAY = r"\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|1\d|2\d))"
_OFFSET = r"(?:Z|[+-](?:0\d|1[0-3]):[0-5]\d|[+-]14:00)?"
_CLOCK = r"(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?"
BUILT_IN = {
    "xs:date": re.compile(_DAY + _OFFSET),
    "xs:time": re.compile(_CLOCK + _OFFSET),
    "xs:dateTime": re.compile(_DAY + "T" + _CLOCK + _OFFSET),
    "xs:boolean": re.compile("true|false|0|1"),
}


def _decimal(node: etree._Element) -> re.Pattern[str]:
    """A decimal with as many digits as its facets allow."""
    said = {
        str(facet.tag).removeprefix(XS): int(facet.get("value", "0"))
        for facet in node.iter()
        if facet.get("value", "x").isdigit()
    }
    digits, fraction = said.get("totalDigits", 18), said.get("fractionDigits", 17)
    return re.compile(rf"(?=[\d.]{{1,{digits + 1}}}\Z)\d{{1,{digits}}}(?:\.\d{{1,{fraction}}})?")


class Leaf(Struct, frozen=True):
    """What a text may be: its longest length, its pattern, its enumeration; `order` sorts leaves as the schema does."""

    order: tuple[tuple[int, int], ...]
    length_max: int | None
    pattern: re.Pattern[str] | None
    values: frozenset[str] | None

    def takes(self, text: str) -> bool:
        """Whether the text stands within the facets other than the length."""
        if self.values is not None and text not in self.values:
            return False
        return self.pattern is None or self.pattern.fullmatch(text) is not None


class Child(Struct, frozen=True):
    """An element of a complex type: where it stands, what it is, how often it may come."""

    position: int
    type: str
    many: float


class Shape:
    """One message type's schema, from its Document (or header) down."""

    def __init__(self, type: str) -> None:
        self._types: dict[str, etree._Element] = {}
        path = next(p for folder in folders() if (p := folder / f"{type}.xsd").exists())
        self._root = self._load(path)

    def _load(self, path: Path) -> etree._Element:
        root = etree.parse(str(path)).getroot()
        for node in root:
            if node.tag == XS + "include":
                self._load(path.parent / str(node.get("schemaLocation")))
            elif node.get("name") and node.tag in (XS + "complexType", XS + "simpleType"):
                self._types[str(node.get("name"))] = node
        return root

    def find(self, steps: str) -> str:
        """The type of the element reached by `steps` from the root element, as `a/b`."""
        element = next(node for node in self._root if node.tag == XS + "element")
        type = str(element.get("type") or "")
        parts = steps.split("/")
        if not type:
            inner = next(element.iter(XS + "sequence"))
            type = str(next(e for e in inner if e.get("name") == parts[0]).get("type"))
            parts = parts[1:]
        elif type == "Document":
            type, parts = self.children("Document")[parts[0]].type, parts[1:]
        for part in parts:
            type = self.children(type)[part].type
        return type

    @cache  # noqa: B019  # a Shape lives as long as the process
    def children(self, type: str) -> dict[str, Child]:
        """The elements of a complex type, choices flattened, in order."""
        node = self._types.get(type.rpartition(":")[2])
        if node is None or node.tag != XS + "complexType":
            return {}
        found: dict[str, Child] = {}
        for element in node.iter(XS + "element"):
            top = element.get("maxOccurs", "1")
            found[str(element.get("name"))] = Child(
                len(found), str(element.get("type")), float("inf") if top == "unbounded" else int(top)
            )
        return found

    @lru_cache(maxsize=50_000)  # noqa: B019
    def leaf(self, start: str, path: str) -> Leaf | None:
        """The leaf at a path below the type `start`; None when the schema has no such place."""
        order: list[tuple[int, int]] = []
        type = start
        steps = path.split("/")
        attribute = steps.pop() if steps[-1].startswith("@") else ""
        for step in steps:
            found = _SEGMENT.match(step)
            child = self.children(type).get(found[1]) if found else None
            number = int(found[2] or 1) if found else 1
            if child is None or number > child.many:
                return None
            order.append((child.position, 2 * number))
            type = child.type
        if attribute:
            if attribute != "@Ccy" or not self._has_attribute(type):
                return None
            order[-1] = (order[-1][0], order[-1][1] - 1)  # an attribute stands before its element's text
            return Leaf(tuple(order), 3, None, None)
        if self.children(type):
            return None
        return self._facets(type, tuple(order))

    def _has_attribute(self, type: str) -> bool:
        node = self._types.get(type.rpartition(":")[2])
        return node is not None and next(node.iter(XS + "attribute"), None) is not None

    def _facets(self, type: str, order: tuple[tuple[int, int], ...]) -> Leaf:
        length: int | None = None
        pattern: re.Pattern[str] | None = None
        values: set[str] = set()
        node = self._types.get(type.rpartition(":")[2])
        while node is not None:
            for facet in node.iter():
                value = str(facet.get("value", ""))
                if facet.tag == XS + "maxLength":
                    length = length or int(value)
                elif facet.tag == XS + "pattern":
                    pattern = pattern or re.compile(value)
                elif facet.tag == XS + "enumeration":
                    values.add(value)
            base = next((str(n.get("base")) for n in node.iter() if n.get("base")), "")
            if base == "xs:decimal":
                pattern = pattern or _decimal(node)
            pattern = pattern or BUILT_IN.get(base)
            node = self._types.get(base.rpartition(":")[2]) if not base.startswith("xs:") else None
        return Leaf(order, length, pattern, frozenset(values) or None)


@cache
def shape(type: str) -> Shape:
    """The shape of a message type."""
    return Shape(type)
