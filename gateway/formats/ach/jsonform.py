"""A NACHA file as JSON, one to one: every field of every record by its name, and from that the same bytes again.

Strategy: records are cut by their layouts into a flat list; where they stand in the regular order, the list is nested
as file header, batches with entries and addenda, file control. What is irregular about a record's line (its width, its
end) stands beside its fields, so that nothing is lost; a line that is no record is kept as text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from gateway.formats.ach import tables
from gateway.formats.ach.codes import addenda_layout, entry_layout, international
from gateway.formats.ach.tables import DIGITS, LAYOUTS, RECORD, Column, Layout

LINE_ENDS = {"lf": "\n", "crlf": "\r\n", "none": ""}
_END_NAMES = {end: name for name, end in LINE_ENDS.items()}

Fields = dict[str, Any]


def layouts(lines: Sequence[str]) -> Iterator[Layout | None]:
    """The layout of each record, from the batch it stands in; None for padding and what is no record."""
    sec, abroad, advice = "", False, False
    for line in lines:
        kind = line[:1]
        layout: Layout | None = None
        if kind == "1":
            layout = tables.FILE_HEADER
        elif kind == "5":
            sec, abroad = line[50:53], international(line)
            advice = advice or sec == "ADV"
            layout = tables.BATCH_HEADER_IAT if abroad else tables.BATCH_HEADER
        elif kind == "6":
            layout = tables.ENTRY_IAT if abroad else entry_layout(sec, line)
        elif kind == "7":
            layout = addenda_layout(line, abroad)
        elif kind == "8":
            layout = tables.BATCH_CONTROL_ADV if sec == "ADV" else tables.BATCH_CONTROL
        elif kind == "9" and line.strip("9"):
            layout = tables.FILE_CONTROL_ADV if advice else tables.FILE_CONTROL
        yield layout


# --- to JSON --------------------------------------------------------------------------------------


def to_json(data: bytes) -> Fields:
    """The file as plain values for a JSON encoder."""
    encoding = "utf-8"
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        encoding, text = "latin-1", data.decode("latin-1")
    pieces = _pieces(text)
    usual = max((end for _, end in pieces), key=[end for _, end in pieces].count, default="\n")
    records = [
        _record(line, layout, end, usual)
        for (line, end), layout in zip(pieces, layouts([line for line, _ in pieces]), strict=True)
    ]
    head: Fields = {"format": "nacha", "line_end": _END_NAMES.get(usual, "lf")}
    if encoding != "utf-8":
        head["encoding"] = encoding
    nested = _nested(records)
    return head | (nested if nested is not None else {"records": records})


def _pieces(text: str) -> list[tuple[str, str]]:
    """Records and what ends each: line feed, carriage return and line feed, or nothing."""
    pieces = []
    for line in text.split("\n"):
        bare = line.removesuffix("\r")
        end = line[len(bare) :] + "\n"
        if len(bare) > RECORD and len(bare.rstrip()) >= 2 * RECORD:
            cuts = [bare[at : at + RECORD] for at in range(0, len(bare), RECORD)]
            pieces += [(cut, "") for cut in cuts[:-1]]
            bare = cuts[-1]
        pieces.append((bare, end))
    last, end = pieces.pop()  # what stands behind the last line feed, which may be nothing
    return [*pieces, (last + end.removesuffix("\n"), "")] if last or end != "\n" else pieces


def _record(line: str, layout: Layout | None, end: str, usual: str) -> Fields:
    if layout is None:
        fields: Fields = {"record": "padding"} if line == tables.PADDING else {"record": "line", "text": line}
    else:
        whole = line[:RECORD].ljust(RECORD)
        fields = {"record": layout.name, **{c.name: _value(c, whole) for c in layout[1:]}}
        if layout[0].kind != line[:1] or (len(line) > RECORD and line[RECORD:].strip()):
            fields = {"record": "line", "text": line}
        elif len(line) != RECORD:
            fields["width"] = len(line)
    if end != usual:
        fields["end"] = end
    return fields


def _value(c: Column, line: str) -> Any:
    """A field as a person would write it, where that prints as the same columns again."""
    raw = line[c.where]
    value: Any = int(raw) if c.kind in "i$" and raw.isascii() and raw.isdecimal() else raw.rstrip()
    if c.kind == "r" and raw.strip().rjust(c.width) == raw:
        value = raw.strip()
    return value if _print(c, value) == raw else raw


def _print(c: Column, value: Any) -> str:
    if isinstance(value, int):
        return f"{value:0{c.width}d}"
    if c.kind == "r" and len(value) < c.width:
        return str(value).rjust(c.width)
    return str(value).ljust(c.width)


def _nested(records: list[Fields]) -> Fields | None:
    """The regular order as a tree; None when the records stand in another one."""
    found: Fields = {"batches": []}
    batches: list[Fields] = found["batches"]
    state = ""
    for place, fields in enumerate(records):
        kind = fields["record"]
        group = kind.partition("_")[0] + ("_" + kind.split("_")[1] if kind.startswith(("file", "batch")) else "")
        if (state, group) not in _ORDER:
            return None
        if group == "file_header":
            found["file_header"] = fields
        elif group == "batch_header":
            batches.append({"header": fields, "entries": []})
        elif group == "entry":
            batches[-1]["entries"].append(fields)
        elif group == "addenda":
            batches[-1]["entries"][-1].setdefault("addenda", []).append(fields)
        elif group == "batch_control":
            batches[-1]["control"] = fields
        elif group == "file_control":
            found["file_control"] = fields
            found["after"] = _after(records[place + 1 :])
            break
        state = group
    return found if "file_control" in found else None


_ORDER = {
    ("", "file_header"),
    ("file_header", "batch_header"),
    ("file_header", "file_control"),
    ("batch_header", "entry"),
    ("batch_header", "batch_control"),
    ("entry", "entry"),
    ("entry", "addenda"),
    ("addenda", "addenda"),
    ("addenda", "entry"),
    ("entry", "batch_control"),
    ("addenda", "batch_control"),
    ("batch_control", "batch_header"),
    ("batch_control", "file_control"),
}


def _after(records: list[Fields]) -> Any:
    """Padding as a number of lines, or every line where there is something else."""
    return len(records) if all(fields == {"record": "padding"} for fields in records) else records


# --- from JSON ------------------------------------------------------------------------------------


def from_json(form: Fields) -> bytes:
    """The bytes of the file; ValueError says what in the form cannot be printed."""
    usual = LINE_ENDS.get(form.get("line_end", "lf"), "\n")
    records = form["records"] if "records" in form else list(_flat(form))
    printed = "".join(_line(fields) + fields.get("end", usual) for fields in records)
    return printed.encode(form.get("encoding", "utf-8"))


def _flat(form: Fields) -> Iterator[Fields]:
    yield form["file_header"]
    for batch in form["batches"]:
        yield batch["header"]
        for entry in batch["entries"]:
            yield entry
            yield from entry.get("addenda", ())
        yield batch["control"]
    yield form["file_control"]
    after = form.get("after", 0)
    yield from [{"record": "padding"}] * after if isinstance(after, int) else after


def _line(fields: Fields) -> str:
    kind = fields.get("record", "")
    if kind == "padding":
        return tables.PADDING
    if kind == "line":
        return str(fields["text"])
    layout = LAYOUTS.get(kind)
    if layout is None:
        raise ValueError(f"{kind!r} is not a record; known are {', '.join(LAYOUTS)}, padding, line")
    line = "".join(_field(c, fields, kind) for c in layout)
    return line[: fields["width"]].ljust(fields["width"]) if "width" in fields else line


def _field(c: Column, fields: Fields, kind: str) -> str:
    default = c.kind if c.kind.isdecimal() else 0 if c.kind in DIGITS and c.kind != "n" else ""
    value = fields.get(c.name, default)
    if not isinstance(value, (str, int)) or isinstance(value, bool):
        raise ValueError(f"{kind}.{c.name}: a text or a number, not {type(value).__name__}")
    printed = _print(c, value)
    if len(printed) != c.width or "\n" in printed:
        raise ValueError(f"{kind}.{c.name}: {printed!r} has not {c.width} characters")
    return printed


def encoded(form: Fields) -> bytes:
    """The form as JSON for people."""
    return msgspec.json.format(msgspec.json.encode(form), indent=2) + b"\n"


def reprinted(data: bytes) -> bytes:
    """Every record cut into its fields and printed again from them."""
    return from_json(to_json(data))
