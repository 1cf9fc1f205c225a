"""From nodes of the file to typed records, by annotation; every problem is collected, none stops the reading.

Strategy: one method per shape of annotation (record, dict, tuple, union, scalar). The record types are the
grammar: their fields are the known keys, their defaults the defaults, their Meta the bounds. A value that cannot be
converted becomes BAD, and so does whatever holds it, but its neighbours are still looked at.
"""

from __future__ import annotations

import operator
import re
import types
from collections.abc import Iterable
from collections.abc import Mapping as MappingType
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Union, get_args
from typing import get_origin as _get_origin

from msgspec import NODEFAULT, Meta, Struct
from msgspec.structs import FieldInfo, fields

from gateway.config import problems, scalars, secrets
from gateway.config.problems import ConfigError, shorten, unknown
from gateway.config.yaml import Items, Mapping, Node, Scalar


def get_origin(wanted: Any) -> Any:
    """`typing.get_origin`, whose declared type says less than it answers."""
    return _get_origin(wanted)


class _Bad:
    """What became of a value that is wrong; the problem is on the list."""


BAD: Final = _Bad()


class Raw:
    """Annotation of a value that is converted later, when its type is known: the node itself."""


class Converter:
    """Reads nodes as types. `base` is what relative paths are below, `environ` where secrets may come from."""

    def __init__(self, base: Path, environ: MappingType[str, str]) -> None:
        self.base = base
        self.environ = environ
        self.problems: list[ConfigError] = []

    def problem(self, node: Node, path: problems.Path, text: str) -> _Bad:
        self.problems.append(ConfigError(node.file, node.line, node.column, render(path), text))
        return BAD

    def convert(self, node: Node, wanted: Any, path: problems.Path, secret: bool = False) -> Any:
        """The value of a node as the type wanted, or BAD."""
        origin = get_origin(wanted)
        if origin is Annotated:
            return self._bounded(node, wanted, path, secret)
        if wanted is Raw or wanted is Any:
            return node if wanted is Raw else self._anything(node)
        if origin is Union or origin is types.UnionType:
            return self._union(node, get_args(wanted), path, secret)
        if origin is Literal:
            return self._literal(node, get_args(wanted), path)
        if origin in (tuple, list, frozenset):
            return self._items(node, origin, get_args(wanted), path, secret)
        if origin is dict:
            return self._dict(node, get_args(wanted), path, secret)
        if isinstance(wanted, type) and issubclass(wanted, Struct):
            return self.struct(node, wanted, path)
        return self._scalar(node, wanted, path, secret)

    # -- records

    def struct(self, node: Node, wanted: type[Struct], path: problems.Path) -> Any:
        """A mapping as a record: unknown and missing keys are problems."""
        if not isinstance(node, Mapping):
            return self.problem(node, path, f"expected keys and values, found {_kind(node)}")
        known = record_fields(wanted)
        values: dict[str, Any] = {}
        for key, value in node.entries.items():
            field = known.get(key)
            if field is None:
                values[key] = self.problem(node.keys[key], path, unknown("key", key, known))
            else:
                secret = secrets.SECRET_FIELD.search(key) is not None
                values[field.name] = self.convert(value, field.type, (*path, key), secret)
        for key, field in known.items():
            if key not in node.entries and required(field):
                values[key] = self.problem(node, path, f"the key {key!r} is missing")
        return BAD if _any_bad(values.values()) else self._made(node, wanted, values, path)

    def _made(self, node: Node, wanted: type[Struct], values: dict[str, Any], path: problems.Path) -> Any:
        try:
            return wanted(**values)
        except (TypeError, ValueError) as error:  # the record's own __post_init__ objects
            return self.problem(node, path, str(error))

    # -- collections

    def _items(self, node: Node, origin: Any, of: tuple[Any, ...], path: problems.Path, secret: bool) -> Any:
        fixed = origin is tuple and of[-1:] != (Ellipsis,)
        if isinstance(node, Scalar) and not node.null and not fixed:
            value = self.convert(node, of[0], path, secret)  # a single text is a list of one
            return BAD if value is BAD else origin((value,))
        if not isinstance(node, Items):
            return self.problem(node, path, f"expected a list, found {_kind(node)}")
        if fixed and len(of) != len(node.items):
            return self.problem(node, path, f"expected a list of {len(of)}, found {len(node.items)}")
        wanted = of if fixed else of[:1] * len(node.items)
        values = [
            self.convert(item, kind, (*path, label(item, place)), secret)
            for place, (item, kind) in enumerate(zip(node.items, wanted, strict=True))
        ]
        return BAD if _any_bad(values) else origin(values)

    def _dict(self, node: Node, of: tuple[Any, ...], path: problems.Path, secret: bool) -> Any:
        if not isinstance(node, Mapping):
            return self.problem(node, path, f"expected keys and values, found {_kind(node)}")
        keys = [self.convert(key, of[0], (*path, key.text)) for key in node.keys.values()]
        values = [self.convert(value, of[1], (*path, key), secret) for key, value in node.entries.items()]
        return BAD if _any_bad(keys) or _any_bad(values) else dict(zip(keys, values, strict=True))

    def _anything(self, node: Node) -> Any:
        """A value of no declared type, as YAML's core schema reads it."""
        if isinstance(node, Mapping):
            return {key: self._anything(value) for key, value in node.entries.items()}
        if isinstance(node, Items):
            return [self._anything(item) for item in node.items]
        if node.null:
            return None
        read = (reader(node) for reader in (scalars.boolean, scalars.integer, scalars.real))
        return next((value for value in read if not isinstance(value, scalars.Bad)), node.text)

    # -- choices

    def _union(self, node: Node, options: tuple[Any, ...], path: problems.Path, secret: bool) -> Any:
        """The first option that takes the value; literals before everything else."""
        if types.NoneType in options and isinstance(node, Scalar) and node.null:
            return None
        rest = sorted((o for o in options if o is not types.NoneType), key=lambda o: get_origin(o) is not Literal)
        fitting = [option for option in rest if _could_be(node, option)] or rest
        attempts: list[list[ConfigError]] = []
        for option in fitting:
            attempt = Converter(self.base, self.environ)
            value = attempt.convert(node, option, path, secret)
            if value is not BAD:
                return value
            attempts.append(attempt.problems)
        if len(fitting) == 1:
            self.problems += attempts[0]
            return BAD
        names = " or ".join(_name(option) for option in rest)
        return self.problem(node, path, f"expected {names}, found {_kind(node)}")

    def _literal(self, node: Node, options: tuple[Any, ...], path: problems.Path) -> Any:
        if isinstance(node, Scalar):
            for option in options:
                exact = node.text == (str(option).lower() if isinstance(option, bool) else str(option))
                if exact and (isinstance(option, str) or node.plain):
                    return option
                if exact:
                    return self.problem(node, path, f"{node.text!r} is a text in quotes; write it without")
            return self.problem(node, path, unknown("value", node.text, [str(option) for option in options]))
        return self.problem(node, path, f"expected {_name(Literal[options])}, found {_kind(node)}")

    def _bounded(self, node: Node, wanted: Any, path: problems.Path, secret: bool) -> Any:
        kind, *notes = get_args(wanted)
        value = self.convert(node, kind, path, secret)
        if value is BAD:
            return BAD
        for note in notes:
            if isinstance(note, Meta) and (objection := bounds(value, note)):
                return self.problem(node, path, objection)
        return value

    # -- scalars

    def _scalar(self, node: Node, wanted: Any, path: problems.Path, secret: bool) -> Any:
        name = _name(wanted)
        if not isinstance(node, Scalar):
            return self.problem(node, path, f"expected {name}, found {_kind(node)}")
        reader = scalars.READERS.get(str if wanted is Path else wanted)
        assert reader is not None, f"{wanted!r} is not a type that configuration can hold"
        value = reader(node)
        if wanted is Path and value == "":
            return self.problem(node, path, "a path is missing")
        if isinstance(value, str) and wanted is str:
            value = self._text(value, secret)
        if isinstance(value, scalars.Bad):
            return self.problem(node, path, value.text)
        return self.base / value if wanted is Path else value

    def _text(self, value: str, secret: bool) -> str | scalars.Bad:
        if secret:
            return secrets.reference(value, self.environ, self.base) if value else value
        if secrets.refers(value):
            return scalars.Bad("only passwords, tokens and the like may be kept elsewhere")
        return value


# --- about types -----------------------------------------------------------------------------------


@cache
def record_fields(wanted: type[Struct]) -> MappingType[str, FieldInfo]:
    """The keys that a record takes in the file."""
    return {field.encode_name: field for field in fields(wanted)}


def _any_bad(values: Iterable[Any]) -> bool:
    return any(value is BAD for value in values)


def required(field: FieldInfo) -> bool:
    return field.default is NODEFAULT and field.default_factory is NODEFAULT


def bounds(value: Any, meta: Meta) -> str:
    """What a bound has to say against a value; "" when nothing."""
    shown = repr(shorten(value)) if isinstance(value, str) else str(value)
    if meta.pattern is not None and re.search(meta.pattern.replace("$", r"\Z"), value) is None:
        return f"{shown} is not {meta.description or f'of the form {meta.pattern}'}"
    if meta.min_length is not None and len(value) < meta.min_length:
        return "is empty" if not value else f"{shown} is shorter than {meta.min_length}"
    if meta.max_length is not None and len(value) > meta.max_length:
        return f"{shown} is longer than {meta.max_length}"
    for limit, word, beyond in (
        (meta.ge, "below", operator.lt),
        (meta.gt, "not above", operator.le),
        (meta.le, "above", operator.gt),
        (meta.lt, "not below", operator.ge),
    ):
        if limit is not None and beyond(value, Decimal(str(limit)) if isinstance(value, Decimal) else limit):
            return f"{shown} is {word} {limit}"
    return ""


def _could_be(node: Node, wanted: Any) -> bool:
    """Whether the shape of a node is that of a type."""
    origin = get_origin(wanted)
    if origin is Annotated:
        return _could_be(node, get_args(wanted)[0])
    record = origin is dict or (isinstance(wanted, type) and issubclass(wanted, Struct))
    many = origin in (tuple, list, frozenset)
    return isinstance(node, Mapping if record else Items if many else Scalar) or (many and isinstance(node, Scalar))


def _name(wanted: Any) -> str:
    origin = get_origin(wanted)
    if origin is Annotated:
        return _name(get_args(wanted)[0])
    if origin is Literal:
        return " or ".join(map(str, get_args(wanted)))
    if origin in (tuple, list, frozenset):
        return "a list"
    return scalars.NAMES.get(wanted, "a path" if wanted is Path else "keys and values")


def _kind(node: Node) -> str:
    if isinstance(node, Scalar):
        return "nothing" if node.null else f"the text {shorten(node.text)!r}"
    return "a list" if isinstance(node, Items) else "keys and values"


# --- paths -----------------------------------------------------------------------------------------


def label(item: Node, place: int) -> str | int:
    """How an item of a list is called in a path: by its name or id when it has one, else by its number from 1."""
    if isinstance(item, Mapping):
        for key in ("name", "id"):
            name = item.entries.get(key)
            if isinstance(name, Scalar) and name.text:
                return f"[{shorten(name.text, 40)}]"
    return place + 1


def render(path: problems.Path) -> str:
    """`routes[sepa-credit].send.to`, `endpoints.bank_x`, `tests[3]`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif step.startswith("[") or not text:
            text += step
        else:
            text += f".{step}"
    return text
