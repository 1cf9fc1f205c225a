"""financial-os ach: what is done with NACHA files without a daemon.

validate says what is wrong; json writes a file as JSON, or JSON as a file; merge, flatten, segment and return write
files from files. Files are read by the same codec as everywhere; those with errors are named and nothing is written.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from gateway.formats.ach import FORMAT, Ach, documents, helpers, jsonform, moov, tools
from gateway.formats.ach.batches import Item, RawFile, put_together, taken_apart
from gateway.model import Refusal


def validate(options: argparse.Namespace) -> int:
    """Exit 0 when all files are right, 1 when one is not."""
    worst = 0
    for name in options.files:
        refusals = _codec(options).decode(Path(name).read_bytes()).refusals
        worst = max(worst, 1 if refusals else 0)
        if options.json:
            line = {
                "file": name,
                "accepted": not refusals,
                "errors": [tools.explained(refusal) for refusal in refusals],
            }
            print(msgspec.json.encode(line).decode())
            continue
        print(f"{name}: {'right' if not refusals else f'{len(refusals)} errors'}")
        for refusal in refusals:
            print(f"  {refusal.code:4} {refusal.place}: {refusal.text}")
    return worst


def json_(options: argparse.Namespace) -> int:
    """Files as JSON on stdout, or with --to-ach the other way round."""
    if not options.to_ach and options.dialect != "own":
        raise ValueError("the dialect of moov is read only: use it with --to-ach")
    return _write(options, b"".join(_turned(Path(name).read_bytes(), options) for name in options.files))


def _turned(data: bytes, options: argparse.Namespace) -> bytes:
    if not options.to_ach:
        return jsonform.encoded(jsonform.to_json(data))
    form = _form(data)
    return moov.to_ach(form) if options.dialect == "moov" else jsonform.from_json(form)


def _form(data: bytes) -> dict[str, Any]:
    try:
        form = msgspec.json.decode(data)
    except msgspec.DecodeError as error:
        raise ValueError(f"not JSON: {error}") from error
    if not isinstance(form, dict):
        raise ValueError("not a JSON object")
    return form


def merge(options: argparse.Namespace) -> int:
    """As few files as the limits allow."""
    files = _right(options)
    if files is None:
        return 1
    return _write_all(options, "merged", helpers.merge(files, options.lines_max, options.amount_max))


def flatten(options: argparse.Namespace) -> int:
    """Each file with one batch for each header."""
    files = _right(options)
    return 1 if files is None else _write_all(options, "flat", [helpers.flatten(file) for file in files])


def segment(options: argparse.Namespace) -> int:
    """Each file as a file of its credits and a file of its debits; one without batches is not written."""
    files = _right(options)
    if files is None:
        return 1
    worst = 0
    for place, file in enumerate(files, 1):
        number = "" if len(files) == 1 else f"-{place}"
        for name, part in zip(("credits", "debits"), helpers.segment(file), strict=True):
            if part.batches:
                worst = max(worst, _write_all(options, name + number, [part]))
    return worst


def return_(options: argparse.Namespace) -> int:
    """A return file for chosen entries."""
    files = _right(options)
    if files is None:
        return 1
    traces = frozenset(options.trace)

    def chosen(item: Item) -> bool:
        return not traces or item.entry[79:94] in traces

    made = [helpers.returns(file, options.code, chosen, time.time_ns(), options.information) for file in files]
    missing = traces - {item.lines[-1][6:21] for file in made for item in file.items}
    if missing:
        raise ValueError(f"no entry has the trace number {min(missing)}")
    return _write_all(options, "returns", made)


def rules(options: argparse.Namespace) -> int:
    """The rules, the settings and the layouts, as tables."""
    print(
        documents.rules()
        if options.of == "rules"
        else documents.settings()
        if options.of == "settings"
        else documents.layouts()
    )
    return 0


# --- in and out -----------------------------------------------------------------------------------


def _codec(options: argparse.Namespace) -> Ach:
    return FORMAT.loosened([name for text in options.allow for name in text.split(",") if name])


def _right(options: argparse.Namespace) -> list[RawFile] | None:
    """The files taken apart; None when one of them is wrong, which is told."""
    files, wrong = [], False
    for name in options.files:
        data = Path(name).read_bytes()
        refusals = _codec(options).decode(data).refusals
        _tell(name, refusals)
        wrong = wrong or bool(refusals)
        files.append(taken_apart(data))
    return None if wrong else files


def _tell(name: str, refusals: Iterable[Refusal]) -> None:
    for refusal in refusals:
        print(f"{name}: {refusal.code} {refusal.place}: {refusal.text}", file=sys.stderr)


def _write(options: argparse.Namespace, data: bytes) -> int:
    if options.output:
        Path(options.output).write_bytes(data)
    else:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    return 0


def _write_all(options: argparse.Namespace, word: str, files: list[RawFile]) -> int:
    """To stdout, or each into a file of its own in the folder."""
    if not options.folder:
        return _write(argparse.Namespace(output=""), b"".join(map(put_together, files)))
    folder = Path(options.folder)
    folder.mkdir(parents=True, exist_ok=True)
    for place, file in enumerate(files, 1):
        path = folder / (f"{word}.ach" if len(files) == 1 else f"{word}-{place}.ach")
        path.write_bytes(put_together(file))
        print(path)
    return 0
