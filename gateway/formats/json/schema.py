"""The published schema of the JSON format, written from the records.

    python -m gateway.formats.json.schema > schemas/json/messages.json

Doors and editors read that file; a test compares it with what this module prints.
"""

from __future__ import annotations

import sys

import msgspec

from gateway.formats.json import shapes

SHAPES = (shapes.Transfer, shapes.Account, shapes.Operation, shapes.Result, shapes.Problem, shapes.Answer)


def components() -> dict[str, object]:
    """JSON Schema of every object, by name; references as OpenAPI writes them."""
    _, found = msgspec.json.schema_components(SHAPES, ref_template="#/components/schemas/{name}")
    return dict(sorted(found.items()))


def printed() -> bytes:
    """The file's bytes."""
    return msgspec.json.format(msgspec.json.encode(components()), indent=2) + b"\n"


if __name__ == "__main__":
    sys.stdout.buffer.write(printed())
