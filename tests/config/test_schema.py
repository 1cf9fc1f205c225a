"""The JSON Schema: current, whole, and saying what the records say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any

from msgspec import Meta, Struct

from gateway.config import schema as subject
from gateway.config.schema import comments, schema, text
from tests.config.known import World


class Noted(Struct):
    """A record with notes.

    And more that is not for editors.
    """

    plain: int
    noted: str = "#5"  # what it is # really
    long: tuple[int, ...] = ()  # over several lines
    other: dict[str, int] = {}


def _walk(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _walk(inner)


def test_the_file_is_current() -> None:
    """After a change of a Config, Options or route record: python -m gateway.config.schema"""
    assert subject.FILE.read_text(encoding="utf-8") == text()


def test_references_are_there() -> None:
    made = schema(World())
    references = {part["$ref"] for part in _walk(made) if "$ref" in part}
    assert references
    assert {reference.removeprefix("#/definitions/") for reference in references} <= made["definitions"].keys()


def test_endpoints_have_the_keys_of_their_adapter() -> None:
    made = schema(World())
    shapes = made["properties"]["endpoints"]["additionalProperties"]["oneOf"]
    folder = next(shape for shape in shapes if shape["properties"]["adapter"] == {"const": "folder"})
    assert folder["required"] == ["adapter", "format", "path"]
    assert folder["additionalProperties"] is False
    assert folder["properties"]["format"] == {"enum": ["auto", "ach", "fix", "iso20022", "json", "mt"]}
    assert folder["properties"]["batch_max"] == {"type": "integer", "minimum": 1, "maximum": 10_000, "default": 256}
    assert folder["properties"]["accept"] == {"enum": ["rename", "marker"], "default": "rename"}


def test_policies_have_the_options_of_their_checks() -> None:
    policy = schema(World())["properties"]["policies"]["additionalProperties"]
    assert set(policy["properties"]) == set(World().checks())
    assert policy["properties"]["limits"]["additionalProperties"] == {"type": ["number", "string"]}


def test_routes() -> None:
    made = schema(World())
    when = made["definitions"]["gateway.routing.route.When"]
    assert when["properties"]["currency"]["anyOf"][0]["type"] == "string"
    assert when["properties"]["currency"]["anyOf"][1]["minItems"] == 1
    assert when["properties"]["currency"]["description"] == "of the amount; of an order, its base currency"
    assert made["definitions"]["gateway.routing.route.Send"]["required"] == ["to", "as"]
    assert made["required"] == ["version", "store", "routes"]


def test_comments_beside_fields() -> None:
    assert comments(Noted) == {"noted": "what it is # really", "long": "over several lines"}


def test_a_class_without_source() -> None:
    made: type[Struct] = type("Made", (Struct,), {"__annotations__": {"a": Annotated[int, Meta(ge=1)]}})
    assert comments(made) == {}


def test_it_is_json() -> None:
    assert json.loads(text(World()))["title"] == "routes.yaml of Financial OS"
