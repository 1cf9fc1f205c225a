"""Every key of doors and checks as a page for people, written from the types that read them.

    python -m gateway.config.reference     writes docs/keys.md

Strategy: one table per record: its docstring above, and per field the key, what it takes, its default and the comment
beside it in the source.
"""

from __future__ import annotations

import inspect
import sys
import types
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args

from msgspec import NODEFAULT, Struct
from msgspec.structs import FieldInfo

from gateway.config.convert import get_origin, record_fields, required
from gateway.config.known import Known, Modules
from gateway.config.schema import comments
from gateway.config.secrets import SECRET_FIELD

FILE = Path(__file__).resolve().parents[2] / "docs" / "keys.md"
_WORDS: dict[Any, str] = {
    str: "text",
    bool: "true or false",
    int: "whole number",
    float: "number",
    Decimal: "amount",
    Path: "path",
    type(None): "nothing",
    Any: "anything",
}
HEAD = """\
# Keys of doors and checks

Written from the source by `python -m gateway.config.reference`. What stands around these keys is in
[routes.md](routes.md). A relative path is below the folder that routes.yaml stands in. A list of one text may be
written as the text.
"""


def text(known: Known | None = None) -> str:
    """The page."""
    return "\n".join([HEAD, *_parts(known or Modules())])


def _parts(known: Known) -> Iterator[str]:
    yield "## Doors\n"
    yield "Beside `adapter`, `format`, `rules` and `allow`, an endpoint takes the keys of its adapter.\n"
    for name in known.adapters():
        yield from _record(f"adapter: {name}", known.adapter_config(name))
    yield "## Checks\n"
    for name in known.checks():
        yield from _record(name, known.check_options(name))


def _record(title: str, wanted: Any) -> Iterator[str]:
    """A record's table, then those of the records inside it."""
    yield f"### `{title}`\n"
    if not _is_record(wanted):
        yield f"Takes `{words(wanted)}`.\n"
        return
    yield inspect.cleandoc(wanted.__doc__ or "") + "\n"
    yield "| key | takes | default | |\n|---|---|---|---|"
    notes = comments(wanted)
    for key, field in record_fields(wanted).items():
        yield f"| `{key}` | {_takes(key, field)} | {_default(field)} | {_escaped(notes.get(field.name, ''))} |"
    yield ""
    for key, field in record_fields(wanted).items():
        for inner in _records_in(field.type):
            yield from _record(f"{title}, {key}", inner)


def _takes(key: str, field: FieldInfo) -> str:
    return "where a secret is kept" if SECRET_FIELD.search(key) and field.type is str else _escaped(words(field.type))


def _default(field: FieldInfo) -> str:
    if required(field):
        return "required"
    value = field.default_factory() if field.default is NODEFAULT else field.default
    if value is None or value in ("", (), {}, []):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def words(wanted: Any) -> str:
    """What an annotation takes, in words."""
    origin, of = get_origin(wanted), get_args(wanted)
    if origin is Annotated:
        return words(of[0])
    if origin is Literal:
        return " or ".join(f"`{option}`" for option in of)
    if origin is Union or origin is types.UnionType:
        return " or ".join(words(option) for option in of if option is not type(None))
    if origin in (tuple, list, frozenset):
        return f"list of {words(of[0])}"
    if origin is dict:
        return f"{words(of[0])}: {words(of[1])}, ..."
    return "keys" if _is_record(wanted) else _WORDS[wanted]


def _records_in(wanted: Any) -> list[type[Struct]]:
    if _is_record(wanted):
        return [wanted]
    return [record for inner in get_args(wanted) for record in _records_in(inner)]


def _is_record(wanted: Any) -> bool:
    return isinstance(wanted, type) and issubclass(wanted, Struct)


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> int:
    """Write the file; prints its path."""
    FILE.write_text(text(), encoding="utf-8")
    print(FILE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
