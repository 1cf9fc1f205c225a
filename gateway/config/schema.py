"""The JSON Schema of routes.yaml, for completion and hints in editors; written from the types that read it.

    python -m gateway.config.schema        writes schemas/routes.schema.json

Strategy: the same walk over annotations as `convert`, answering shapes instead of values. A record's docstring and
the comment beside a field become descriptions, so the source is where a key is described.
"""

from __future__ import annotations

import inspect
import io
import json
import sys
import textwrap
import tokenize
import types
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args

from msgspec import NODEFAULT, Meta, Struct

from gateway.config.convert import Raw, get_origin, record_fields, required
from gateway.config.known import Known, Modules
from gateway.config.records import Accounts, MirrorConfig, Name, StatementConfig, TestCase, Top
from gateway.routing.route import Route

FILE = Path(__file__).resolve().parents[2] / "schemas" / "routes.schema.json"
RULES = "rule sets that what comes in, and what is sent, is held to"
_SCALARS: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    Decimal: {"type": ["number", "string"]},
    Path: {"type": "string"},
    type(None): {"type": "null"},
    Any: {},
}
_BOUNDS = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
    "pattern": "pattern",
    "description": "description",
}


def text(known: Known | None = None) -> str:
    """The schema as it is written to the file."""
    return json.dumps(schema(known or Modules()), indent=2, sort_keys=True) + "\n"


def schema(known: Known) -> dict[str, Any]:
    """The schema with everything that is known by name: adapters, formats, checks, message types."""
    shapes = _Shapes()
    top = shapes.inline(Top)
    top["properties"] |= {
        "endpoints": _named({"oneOf": [_endpoint(shapes, known, name) for name in known.adapters()]}),
        "policies": _named(_policy(shapes, known)),
        "accounts": shapes.of(Accounts),
        "routes": {"type": "array", "minItems": 1, "items": shapes.of(Route)},
        "statements": {"type": "array", "items": shapes.of(StatementConfig)},
        "reconcile": {"type": "array", "items": shapes.of(MirrorConfig)},
        "tests": {"type": "array", "items": shapes.of(TestCase)},
    }
    head = {"$schema": "http://json-schema.org/draft-07/schema#", "title": "routes.yaml of Financial OS"}
    return {**head, **top, "definitions": shapes.definitions}


def _named(part: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "propertyNames": _Shapes().of(Name), "additionalProperties": part}


def _endpoint(shapes: _Shapes, known: Known, adapter: str) -> dict[str, Any]:
    shape = shapes.inline(known.adapter_config(adapter))
    own = {"adapter": {"const": adapter}, "format": {"enum": ["auto", *known.formats()]}}
    own["rules"] = {"type": "array", "items": {"enum": [*known.rule_sets()]}, "description": RULES}
    own["allow"] = shapes.of(tuple[str, ...])
    return {**shape, "properties": own | shape["properties"], "required": ["adapter", "format", *shape["required"]]}


def _policy(shapes: _Shapes, known: Known) -> dict[str, Any]:
    checks = {name: shapes.of(known.check_options(name)) for name in known.checks()}
    return {"type": "object", "properties": checks, "additionalProperties": False}


class _Shapes:
    """Shapes of annotations; records are written once, under `definitions`."""

    def __init__(self) -> None:
        self.definitions: dict[str, Any] = {}

    def of(self, wanted: Any) -> dict[str, Any]:
        """The shape that `convert` takes for an annotation."""
        origin, of = get_origin(wanted), get_args(wanted)
        if origin is Annotated:
            return self._bounded(of[0], [note for note in of[1:] if isinstance(note, Meta)])
        if origin is Union or origin is types.UnionType:
            return {"anyOf": [self.of(option) for option in of]}
        if origin is Literal:
            return {"enum": list(of)}
        if origin in (tuple, list, frozenset):
            return self._items(origin, of)
        if origin is dict:
            return {"type": "object", "propertyNames": self.of(of[0]), "additionalProperties": self.of(of[1])}
        if isinstance(wanted, type) and issubclass(wanted, Struct):
            return self._definition(wanted)
        return dict(_SCALARS[wanted])

    def inline(self, wanted: type[Struct]) -> dict[str, Any]:
        """The shape of a record, in place."""
        notes, known = comments(wanted), record_fields(wanted)
        properties = {
            key: self._described(self.of(field.type), notes.get(field.name, ""), field.default)
            for key, field in known.items()
            if field.type is not Raw
        }
        return {
            "type": "object",
            "properties": properties,
            "additionalProperties": False,
            "required": [key for key, field in known.items() if required(field)],
        }

    def _definition(self, wanted: type[Struct]) -> dict[str, Any]:
        name = f"{wanted.__module__}.{wanted.__name__}"
        if name not in self.definitions:
            self.definitions[name] = {}  # for records that hold themselves
            first = inspect.cleandoc(wanted.__doc__ or "").partition("\n\n")[0]
            self.definitions[name] = {**self.inline(wanted), "description": " ".join(first.split())}
        return {"$ref": f"#/definitions/{name}"}

    def _items(self, origin: Any, of: tuple[Any, ...]) -> dict[str, Any]:
        if origin is tuple and of[-1:] != (Ellipsis,):
            return {"type": "array", "items": [self.of(one) for one in of], "minItems": len(of), "maxItems": len(of)}
        item = self.of(of[0])
        many = {"type": "array", "items": item}
        return many if "$ref" in item or item.get("type") in ("object", "array") else {"anyOf": [item, many]}

    def _bounded(self, wanted: Any, notes: list[Meta]) -> dict[str, Any]:
        shape = self.of(wanted)
        for note in notes:
            given = {name: getattr(note, name) for name in _BOUNDS}
            shape |= {_BOUNDS[name]: value for name, value in given.items() if value is not None}
            size = "Length" if shape.get("type") == "string" else "Items"
            part = shape["anyOf"][1] if "anyOf" in shape else shape
            part |= {f"min{size}": note.min_length} if note.min_length is not None else {}
            part |= {f"max{size}": note.max_length} if note.max_length is not None else {}
        return shape

    def _described(self, shape: dict[str, Any], comment: str, default: Any) -> dict[str, Any]:
        if "$ref" in shape:  # nothing may stand beside a reference
            return {"allOf": [shape], "description": comment} if comment else shape
        plain = isinstance(default, str | int | float) and default != "" and default is not NODEFAULT
        described = {"description": comment} if comment else {}
        return shape | described | ({"default": default} if plain else {})


@cache
def comments(wanted: type[Struct]) -> dict[str, str]:
    """The comment at the end of each field's line, by field name."""
    try:
        source = textwrap.dedent(inspect.getsource(wanted))
    except (OSError, TypeError):  # a class made at run time has no source, and so no comments
        return {}
    found: dict[str, str] = {}
    for line in _lines(source):
        note = next((token.string for token in line if token.type == tokenize.COMMENT), "")
        words = [token for token in line if token.type not in (tokenize.INDENT, tokenize.DEDENT, tokenize.NL)]
        if note and len(words) > 2 and words[0].type == tokenize.NAME and words[1].string == ":":
            found[words[0].string] = note.lstrip("# ").rstrip()
    return found


def _lines(source: str) -> Iterator[list[tokenize.TokenInfo]]:
    line: list[tokenize.TokenInfo] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        line.append(token)
        if token.type == tokenize.NEWLINE:
            yield line
            line = []


def main() -> int:
    """Write the file; prints its path."""
    FILE.write_text(text(), encoding="utf-8")
    print(FILE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
