"""What a schema allows, for the writer: which elements exist, in which order they stand, what a leaf may hold.

Read from the same XSD files that messages are validated with, so that the writer cannot disagree with them.
"""

from __future__ import annotations

import re
from functools import cache

from lxml import etree
from msgspec import Struct

from gateway.formats.iso20022.facets import BUILT_IN, Facets
from gateway.formats.iso20022.library import XS, Types, named
from gateway.formats.iso20022.xml import folders

UNBOUNDED = 1_000_000_000
FOREIGN = "*"  # the name under which content of any namespace is kept: one text, XML as it came


class Particle(Struct, frozen=True):
    """One piece of a content model: `element`, `any`, `sequence` or `choice`."""

    what: str
    name: str = ""
    type: str = ""
    least: int = 1
    most: int = 1
    parts: tuple[Particle, ...] = ()


class Child(Struct, frozen=True):
    """An element of a complex type: where it stands among its siblings, what it is, how often it may come."""

    position: int
    type: str
    most: int
    least: int


class Shape:
    """One message type's schema, from its root element down."""

    def __init__(self, type: str) -> None:
        self._contents: dict[str, Particle | None] = {}
        self._children: dict[str, dict[str, Child]] = {}
        self._leaves: dict[str, Facets | None] = {}
        path = next(p for folder in folders() if (p := folder / f"{type}.xsd").exists())
        root = etree.parse(str(path)).getroot()
        self._nodes: Types = named(root, path)
        element = next(node for node in root if node.tag == XS + "element")
        self.root = str(element.get("name"))
        self.start = str(element.get("type") or "")
        if not self.start:
            self.start = "#root"
            self._nodes[self.start] = next(element.iter(XS + "complexType"))

    def _node(self, type: str) -> etree._Element | None:
        return self._nodes.get(type if type in self._nodes else type.rpartition(":")[2])

    def content(self, type: str) -> Particle | None:
        """What may stand inside an element of this type; None for a leaf."""
        if type not in self._contents:
            node = self._node(type)
            group = None
            if node is not None and node.tag == XS + "complexType":
                group = next((k for k in node if k.tag in (XS + "sequence", XS + "choice")), None)
            self._contents[type] = _particle(group) if group is not None else None
        return self._contents[type]

    def children(self, type: str) -> dict[str, Child]:
        """The elements of a complex type in the order in which they may come."""
        if type not in self._children:
            found: dict[str, Child] = {}
            content = self.content(type)
            if content is not None:
                for part in _elements(content):
                    name = part.name if part.what == "element" else FOREIGN
                    found.setdefault(name, Child(len(found), part.type, part.most, part.least))
            self._children[type] = found
        return self._children[type]

    def at(self, type: str, steps: str) -> str:
        """The type of the element reached by `steps`, as `a/b`, from an element of `type`; empty when there is none."""
        for step in steps.split("/"):
            child = self.children(type).get(step)
            if child is None:
                return ""
            type = child.type
        return type

    def leaf(self, type: str) -> Facets | None:
        """What a text of this type may be; None when it is not a leaf."""
        if type not in self._leaves:
            self._leaves[type] = None if self.content(type) is not None else self._facets(type)
        return self._leaves[type]

    def _facets(self, type: str) -> Facets:
        lines: list[tuple[str, str]] = []
        attributes: dict[str, str] = {}
        required: set[str] = set()
        base = type
        while (node := self._node(base)) is not None:
            for part in node.iter(XS + "attribute"):
                attributes[str(part.get("name"))] = str(part.get("type"))
                if part.get("use") == "required":
                    required.add(str(part.get("name")))
            lines += [
                (str(facet.tag).removeprefix(XS), str(facet.get("value")))
                for facet in node.iter()
                if facet.get("value")
            ]
            base = next((str(n.get("base")) for n in node.iter() if n.get("base")), "")
        return Facets.of(base if base in BUILT_IN else "xs:string", lines, attributes, frozenset(required))


def _particle(node: etree._Element) -> Particle:
    what = str(node.tag).removeprefix(XS)
    top = node.get("maxOccurs", "1")
    parts = tuple(_particle(k) for k in node if k.tag in (XS + "element", XS + "any", XS + "sequence", XS + "choice"))
    return Particle(
        what,
        str(node.get("name") or node.get("namespace") or ""),
        str(node.get("type") or ""),
        int(node.get("minOccurs", "1")),
        UNBOUNDED if top == "unbounded" else int(top),
        parts if what in ("sequence", "choice") else (),
    )


def _elements(part: Particle) -> list[Particle]:
    if part.what in ("element", "any"):
        return [part]
    return [one for inner in part.parts for one in _elements(inner)]


@cache
def shape(type: str) -> Shape:
    """The shape of a message type."""
    return Shape(type)


_STEP = re.compile(r"([^\[]+)(?:\[(\d+)\])?\Z")


@cache
def step(text: str) -> tuple[str, int]:
    """`Ntry[3]` as ("Ntry", 3); `Ntry` as ("Ntry", 1)."""
    found = _STEP.match(text)
    return (found[1], int(found[2] or 1)) if found else (text, 1)
