"""FIX dictionaries, read from QuickFIX's XML format, so that files which users have are used as they are.

Strategy: components are opened in place and names become tags, so that a message is a tuple of members, some of
which are groups of members again. One attribute is our own: `described='N'` on a message says that the type is
known and its body is not checked. `schemas/fix/` holds the dictionaries that the project ships.
"""

from __future__ import annotations

from pathlib import Path

from lxml import etree
from msgspec import Struct

SHIPPED = Path(__file__).resolve().parents[3] / "schemas" / "fix"
NESTING_MAX = 64  # components in groups in components, to find a circle; FIX 5.0 SP2 goes to 17


class Field(Struct, frozen=True):
    """A field of the dictionary; `values` is empty when any value of its type may stand."""

    tag: bytes
    name: str
    type: str
    values: frozenset[bytes] = frozenset()


class Group(Struct, frozen=True):
    """The entries of a repeating group; an entry begins with the first member."""

    members: tuple[Member, ...]

    @property
    def delimiter(self) -> bytes:
        return self.members[0].tag


class Member(Struct, frozen=True):
    """A field's place in a message; `group` when the field counts the entries of one."""

    tag: bytes
    required: bool
    group: Group | None = None


class Layout(Struct, frozen=True):
    """A message type."""

    type: bytes
    name: str
    members: tuple[Member, ...]
    described: bool = True


class Dictionary(Struct, frozen=True):
    """Everything one file says."""

    begin_string: bytes
    version: str  # "FIX44"
    fields: dict[bytes, Field]
    header: tuple[Member, ...]
    trailer: tuple[Member, ...]
    messages: dict[bytes, Layout]


class _Reader:
    """One file on its way into a Dictionary."""

    def __init__(self, root: etree._Element, path: Path) -> None:
        self.root = root
        self.path = path
        self.fields: dict[str, Field] = {}
        self.components = {self._name(e): e for e in self._children("components")}
        self._opened: dict[tuple[str, bool], tuple[Member, ...]] = {}

    def read(self) -> Dictionary:
        version, begin_string = self._version()
        self.fields = {self._name(e): self._field(e, begin_string) for e in self._children("fields")}
        header, trailer = self.root.find("header"), self.root.find("trailer")
        layouts = [self._layout(e) for e in self._children("messages")]
        return Dictionary(
            begin_string,
            version,
            {field.tag: field for field in self.fields.values()},
            self._members(header, 0, True) if header is not None else (),
            self._members(trailer, 0, True) if trailer is not None else (),
            {layout.type: layout for layout in layouts},
        )

    def _version(self) -> tuple[str, bytes]:
        kind, major, minor = (self.root.get(name, "") for name in ("type", "major", "minor"))
        pack = self.root.get("servicepack", "0")
        suffix = f"SP{pack}" if pack not in ("", "0") else ""
        return f"{kind or 'FIX'}{major}{minor}{suffix}", f"{kind or 'FIX'}.{major}.{minor}".encode()

    def _children(self, name: str) -> list[etree._Element]:
        found = self.root.find(name)
        return [] if found is None else list(found.iterchildren(tag=etree.Element))

    def _name(self, element: etree._Element) -> str:
        name = element.get("name")
        if not name:
            raise ValueError(f"{self.path.name}:{element.sourceline}: <{element.tag}> has no name")
        return name

    def _field(self, element: etree._Element, begin_string: bytes) -> Field:
        number, kind = element.get("number", ""), element.get("type", "STRING").upper()
        if not number.isdecimal():
            raise ValueError(f"{self.path.name}:{element.sourceline}: field {self._name(element)} has no number")
        if kind == "CHAR" and begin_string < b"FIX.4.2":
            kind = "STRING"  # what was called char up to FIX 4.1 is any text
        values = frozenset(v.get("enum", "").encode() for v in element if v.tag == "value")
        if element.get("allowOtherValues", "N").upper() in ("Y", "TRUE"):
            values = frozenset()
        return Field(number.encode(), self._name(element), kind, values)

    def _layout(self, element: etree._Element) -> Layout:
        type = element.get("msgtype")
        if not type:
            raise ValueError(f"{self.path.name}:{element.sourceline}: message {self._name(element)} has no msgtype")
        described = element.get("described", "Y") != "N"
        return Layout(type.encode(), self._name(element), self._members(element, 0, True), described)

    def _members(self, element: etree._Element, depth: int, required: bool) -> tuple[Member, ...]:
        """Fields, groups and opened components below an element; nothing is required in what itself is not."""
        if depth > NESTING_MAX:
            raise ValueError(f"{self.path.name}:{element.sourceline}: components contain each other")
        members: list[Member] = []
        for child in element.iterchildren(tag=etree.Element):
            needed = required and child.get("required", "N").upper() == "Y"
            if child.tag == "component":
                members.extend(self._component(child, depth + 1, needed))
            else:
                members.append(self._member(child, depth, needed))
        return tuple(members)

    def _component(self, element: etree._Element, depth: int, needed: bool) -> tuple[Member, ...]:
        name = self._name(element)
        if name not in self.components:
            raise ValueError(f"{self.path.name}:{element.sourceline}: component {name} is not defined")
        members = self._opened.get((name, needed))
        if members is None:
            members = self._opened[name, needed] = self._members(self.components[name], depth, needed)
        return members

    def _member(self, element: etree._Element, depth: int, needed: bool) -> Member:
        name = self._name(element)
        field = self.fields.get(name)
        if field is None:
            raise ValueError(f"{self.path.name}:{element.sourceline}: field {name} is not defined")
        if element.tag != "group":
            return Member(field.tag, needed)
        members = self._members(element, depth + 1, True)
        if not members:
            raise ValueError(f"{self.path.name}:{element.sourceline}: group {name} is empty")
        return Member(field.tag, needed, Group(members))


def read(path: Path) -> Dictionary:
    """Read a dictionary. Raises ValueError with file, line and a sentence, or OSError."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        root = etree.fromstring(path.read_bytes(), parser)
    except etree.XMLSyntaxError as error:
        raise ValueError(f"{path.name}: not XML: {error}") from None
    if root.tag != "fix":
        raise ValueError(f"{path.name}: a FIX dictionary begins with <fix>, this one with <{root.tag}>")
    return _Reader(root, path).read()


def load(name: str, folder: Path = SHIPPED) -> Dictionary:
    """The dictionary `FIX44` of a folder. Raises ValueError when there is none."""
    path = folder / f"{name}.xml"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in folder.glob("FIX*.xml"))) or "none"
        raise ValueError(f"there is no dictionary {name}.xml in {folder.name}/ (there: {known})")
    return read(path)
