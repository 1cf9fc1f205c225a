"""A strict subset of YAML, as nodes that know their line and column.

Strategy: PyYAML's C parser gives events; one loop with a stack of its own builds nodes from them. Events and not
PyYAML's own nodes, because they still show anchors, aliases and tags, and because the loop needs no recursion, so
that depth is ours to bound. Scalars stay texts: what one means is decided by the type that is wanted, so `NO`
is a country, `010` an account and 16:30 a time wherever a text is asked for. Any text is read or refused; none raises.
"""

from __future__ import annotations

from typing import Any

import yaml
from msgspec import Struct

from gateway.config.problems import PROBLEMS_MAX, ConfigError, shorten

TEXT_CHARACTERS_MAX = 4 * 1024 * 1024  # a hundred times the largest configuration seen
DEPTH_MAX = 24  # routes.yaml itself needs 7
NODES_MAX = 400_000  # what TEXT_CHARACTERS_MAX of ordinary YAML holds

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C parser is ten times faster; either will do


class Scalar(Struct, frozen=True):
    """A text as it stands in the file; `plain`: without quotes."""

    text: str
    plain: bool
    file: str
    line: int
    column: int

    @property
    def null(self) -> bool:
        """Nothing written, or `null` or `~` without quotes."""
        return self.plain and self.text in ("", "null", "~")


class Items(Struct):
    """A list."""

    items: list[Node]
    file: str
    line: int
    column: int


class Mapping(Struct):
    """Keys and values, in file order; `keys` says where each key stands."""

    entries: dict[str, Node]
    keys: dict[str, Scalar]
    file: str
    line: int
    column: int

    def put(self, key: Scalar, value: Node) -> None:
        self.entries[key.text] = value
        self.keys[key.text] = key


Node = Scalar | Items | Mapping


def read(text: str, file: str, loader: Any = None) -> tuple[Node | None, list[ConfigError]]:
    """Read one document; what is wrong with it, and the tree as far as it could be read (None: not at all)."""
    if len(text) > TEXT_CHARACTERS_MAX:
        return None, [ConfigError(file, 1, 1, "", f"longer than {TEXT_CHARACTERS_MAX} characters")]
    tree = _Tree(file)
    try:
        text.encode()
        for event in yaml.parse(text, loader or LOADER):
            if not tree.take(event):
                break
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        tree.problem(line, column, f"not YAML: {error.problem or error.context or 'cannot be read'}")
        return None, tree.problems
    except (yaml.YAMLError, UnicodeError) as error:
        tree.problem(1, 1, f"not YAML: {shorten(str(error).splitlines()[0], 120)}")
        return None, tree.problems
    if tree.root is None and not tree.problems:
        tree.problem(1, 1, "holds nothing")
    return tree.root, tree.problems


class _Tree:
    """Builds nodes from events, one by one."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.root: Node | None = None
        self.problems: list[ConfigError] = []
        self.open: list[tuple[Items | Mapping, list[Scalar]]] = []  # with the key that waits for its value
        self.nodes = 0
        self.documents = 0

    def problem(self, line: int, column: int, text: str) -> None:
        self.problems.append(ConfigError(self.file, line, column, "", text))

    def take(self, event: Any) -> bool:
        """Take one event; False when there is no use in going on."""
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        if isinstance(event, yaml.NodeEvent):
            return self._node(event, line, column)
        if isinstance(event, yaml.CollectionEndEvent):
            self.open.pop()
        elif isinstance(event, yaml.DocumentStartEvent):
            return self._document(event, line, column)
        return True

    def _document(self, event: Any, line: int, column: int) -> bool:
        self.documents += 1
        if event.version or event.tags:
            self.problem(line, column, "directives (%YAML, %TAG) are not taken")
        if self.documents > 1:
            self.problem(line, column, "a second document begins; only one is taken")
        return self.documents == 1

    def _node(self, event: Any, line: int, column: int) -> bool:
        self.nodes += 1
        if self.nodes > NODES_MAX or len(self.open) >= DEPTH_MAX or len(self.problems) >= PROBLEMS_MAX:
            self.problem(line, column, f"too much: at most {NODES_MAX} values, {DEPTH_MAX} deep, are read")
            return False
        self._plainness(event, line, column)
        self._place(self._made(event, line, column))
        return True

    def _plainness(self, event: Any, line: int, column: int) -> None:
        if isinstance(event, yaml.AliasEvent):
            self.problem(line, column, f"the alias *{shorten(event.anchor or '')} is not taken; write the value out")
            return
        if event.anchor is not None:
            self.problem(line, column, f"the anchor &{shorten(event.anchor)} is not taken")
        if event.tag is not None:
            self.problem(line, column, f"the tag {shorten(event.tag)} is not taken")

    def _made(self, event: Any, line: int, column: int) -> Node:
        if isinstance(event, yaml.MappingStartEvent):
            return Mapping({}, {}, self.file, line, column)
        if isinstance(event, yaml.SequenceStartEvent):
            return Items([], self.file, line, column)
        if isinstance(event, yaml.ScalarEvent):
            return Scalar(event.value, event.style is None or event.style == "", self.file, line, column)
        return Scalar("", True, self.file, line, column)

    def _place(self, node: Node) -> None:
        """Put a node where it belongs, and open it when it holds others."""
        if not self.open:
            self.root = node
        else:
            parent, waiting = self.open[-1]
            if isinstance(parent, Items):
                parent.items.append(node)
            elif waiting:
                parent.put(waiting.pop(), node)
            else:
                waiting.append(self._key(parent, node))
        if not isinstance(node, Scalar):
            self.open.append((node, []))

    def _key(self, parent: Mapping, node: Node) -> Scalar:
        if not isinstance(node, Scalar):
            self.problem(node.line, node.column, "a key must be a text")
            return Scalar("?", False, node.file, node.line, node.column)
        if node.plain and node.text == "<<":
            self.problem(node.line, node.column, "the merge key << is not taken; write the values out")
        elif node.text in parent.entries:
            before = parent.keys[node.text].line
            self.problem(node.line, node.column, f"key {shorten(node.text)!r} stands here again, after line {before}")
        elif node.null:
            self.problem(node.line, node.column, "a key is missing before the colon")
        return node
