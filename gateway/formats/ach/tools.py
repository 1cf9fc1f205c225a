"""What is done with files that nobody posts: checked, turned into JSON and back, merged, flattened, split, returned.

Strategy: each tool takes the bytes of one or several files, one after the other, and options as texts; it answers with
files, or with what is wrong. They keep nothing and ask nothing, so any number may run beside a gateway.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from gateway.formats.ach import helpers, jsonform
from gateway.formats.ach.batches import Item, RawFile, put_together, taken_apart
from gateway.formats.ach.codes import RETURNS
from gateway.model import Refusal
from gateway.ports import Frame, Made, Tool, Toolbox

Errors = Callable[[bytes, Sequence[str]], Sequence[Refusal]]
FILES_MAX = 1_000  # of one request
MEDIA = "text/plain"


def toolbox(errors: Errors) -> Toolbox:
    """The tools by name; `errors` says what is wrong with a file when some rules need not be kept."""

    def read(data: bytes, options: Mapping[str, str]) -> tuple[list[Refusal], list[bytes]]:
        pieces = _files(data)
        if len(pieces) > FILES_MAX:
            text = f"{len(pieces)} files; at most {FILES_MAX} at a time"
            return [Refusal("too-many-files", "FF01", "body", text)], []
        return [refusal for piece in pieces for refusal in errors(piece, _allowed(options))], pieces

    def tool(make: Callable[[list[RawFile], Mapping[str, str], int], list[tuple[str, RawFile]]]) -> Tool:
        def work(data: bytes, options: Mapping[str, str], now_ns: int) -> Made:
            wrong, pieces = read(data, options)
            if wrong:
                return wrong
            made = make([taken_apart(piece) for piece in pieces], options, now_ns)
            return [Frame(put_together(file), "ACH", ".ach", MEDIA, name) for name, file in made if file.batches]

        return work

    def validate(data: bytes, options: Mapping[str, str], now_ns: int) -> Made:
        found = errors(data, _allowed(options))
        verdict = {"accepted": not found, "errors": [explained(refusal) for refusal in found]}
        return [Frame(msgspec.json.encode(verdict), "ACH-VERDICT", ".json", "application/json", "verdict")]

    return {
        "validate": validate,
        "json": _to_json,
        "from-json": _from_json,
        "merge": tool(_merge),
        "flatten": tool(lambda files, options, now_ns: _named("flat", map(helpers.flatten, files))),
        "segment": tool(_segment),
        "return": tool(_return),
    }


def explained(refusal: Refusal) -> dict[str, str]:
    """A refusal with everything that is known of its place, by name."""
    told = {path.removeprefix("ach:"): value for path, value in refusal.extra}
    return told | {"code": refusal.code, "reason": refusal.reason, "place": refusal.place, "message": refusal.text}


def _allowed(options: Mapping[str, str]) -> list[str]:
    return [name for name in options.get("allow", "").split(",") if name]


def _files(data: bytes) -> list[bytes]:
    """Files that stand one after the other: each begins with a file header."""
    found: list[list[bytes]] = []
    for line in data.splitlines(keepends=True):
        if line[:1] == b"1" or not found:
            found.append([])
        found[-1].append(line)
    return [b"".join(lines) for lines in found]


def _to_json(data: bytes, options: Mapping[str, str], now_ns: int) -> Made:
    form = jsonform.encoded(jsonform.to_json(data))
    return [Frame(form, "ACH-JSON", ".json", "application/json", "file")]


def _from_json(data: bytes, options: Mapping[str, str], now_ns: int) -> Made:
    try:
        form: Any = msgspec.json.decode(data)
    except msgspec.DecodeError as error:
        raise ValueError(f"not JSON: {error}") from error
    if not isinstance(form, dict):
        raise ValueError("not a JSON object")
    return [Frame(jsonform.from_json(form), "ACH", ".ach", MEDIA, "file")]


def _merge(files: list[RawFile], options: Mapping[str, str], now_ns: int) -> list[tuple[str, RawFile]]:
    lines = _number(options, "lines_max", helpers.LINES_MAX)
    return _named("merged", helpers.merge(files, lines, _number(options, "amount_max", helpers.AMOUNT_MAX)))


def _number(options: Mapping[str, str], name: str, usual: int) -> int:
    text = options.get(name, "")
    if text and not (text.isascii() and text.isdecimal() and 0 < int(text) <= usual):
        raise ValueError(f"{name} is a whole number from 1 to {usual}")
    return int(text) if text else usual


def _segment(files: list[RawFile], options: Mapping[str, str], now_ns: int) -> list[tuple[str, RawFile]]:
    parts = [helpers.segment(file) for file in files]
    return [*_named("credits", (part[0] for part in parts)), *_named("debits", (part[1] for part in parts))]


def _return(files: list[RawFile], options: Mapping[str, str], now_ns: int) -> list[tuple[str, RawFile]]:
    code, traces = options.get("code", ""), frozenset(filter(None, options.get("trace", "").split(",")))
    if code not in RETURNS:
        raise ValueError("code is a return code, R01 to R85")

    def chosen(item: Item) -> bool:
        return not traces or item.entry[79:94] in traces

    made = [helpers.returns(file, code, chosen, now_ns, options.get("information", "")) for file in files]
    missing = traces - {item.lines[-1][6:21] for file in made for item in file.items}
    if missing:
        raise ValueError(f"no entry has the trace number {min(missing)}")
    return _named("returns", made)


def _named(word: str, files: Any) -> list[tuple[str, RawFile]]:
    return [(word if not place else f"{word}-{place + 1}", file) for place, file in enumerate(files)]
