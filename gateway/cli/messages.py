"""financial-os decode and translate: what a message says, and what it would be in another format."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from gateway import formats
from gateway.model import Loss, Payment, Refusal
from gateway.pipeline import HEAD_BYTES
from gateway.ports import Codec, Decoded, Writing

STREAM_ABOVE = 64 * 1024 * 1024  # larger files are read in parts
PART_RECORDS = 1_024
REFUSALS_SHOWN = 1_000  # of one file

_json = msgspec.json.Encoder()


def decode(options: argparse.Namespace) -> int:
    """Exit 0 when every file is accepted, 1 when some are refused, 2 when one cannot be read."""
    worst = 0
    for name in options.files:
        try:
            verdict = _decode_file(Path(name), options)
        except OSError as error:
            verdict = {"file": name, "accepted": False, "error": str(error)}
            worst = 2
        if not verdict["accepted"]:
            worst = max(worst, 1)
        _print(verdict, options.jsonl)
    return worst


def _decode_file(path: Path, options: argparse.Namespace) -> dict[str, Any]:
    codec = _codec(path, options.format)
    if codec is None:
        refusal = Refusal("unknown-format", "FF01", "byte 0", "the first bytes belong to none of the known formats")
        return {
            "file": str(path),
            "format": "",
            "type": "",
            "accepted": False,
            "records": 0,
            "refusals": [_refusal_dict(refusal)],
        }
    verdict: dict[str, Any] = {
        "file": str(path),
        "format": codec.name,
        "type": "",
        "accepted": True,
        "records": 0,
        "refusals": [],
    }
    shown: list[Any] = []
    for decoded in _read(path, codec):
        verdict["type"] = decoded.type
        _count(verdict, decoded)
        if not options.jsonl:
            shown.extend(decoded.records)
    verdict["accepted"] = not verdict["refusals"]
    if options.roundtrip:
        data = path.read_bytes()
        verdict["roundtrip"] = codec.reprint(data) == data
    if not options.jsonl:
        verdict["canonical"] = [record for record in shown if not isinstance(record, Refusal)]
    return verdict


def _count(verdict: dict[str, Any], decoded: Decoded) -> None:
    refused = [record for record in decoded.records if isinstance(record, Refusal)]
    verdict["records"] += len(decoded.records)
    room = REFUSALS_SHOWN - len(verdict["refusals"])
    verdict["refusals"].extend(_refusal_dict(r) for r in [*decoded.refusals, *refused][:room])


def _refusal_dict(refusal: Refusal) -> dict[str, Any]:
    """What a refusal says, and the details of formats that tell them: rule, record, offset, field, value, ..."""
    said = {"code": refusal.code, "reason": refusal.reason, "place": refusal.place, "message": refusal.text}
    details = {path.partition(":")[2]: value for path, value in refusal.extra if path.startswith("ach:")}
    return said | ({"details": details} if details else {})


def _codec(path: Path, format: str) -> Codec | None:
    if format and format != "auto":
        return formats.load(format)
    with path.open("rb") as file:
        return formats.detect(file.read(HEAD_BYTES))


def _read(path: Path, codec: Codec) -> Iterator[Decoded]:
    if path.stat().st_size <= STREAM_ABOVE:
        yield codec.decode(path.read_bytes())
        return
    with path.open("rb") as file:
        yield from codec.parts(file, PART_RECORDS)


def _print(verdict: dict[str, Any], jsonl: bool) -> None:
    line = _json.encode(verdict)
    print((line if jsonl else msgspec.json.format(line, indent=2)).decode())


def translate(options: argparse.Namespace) -> int:
    """The message on stdout, the loss report as JSON on stderr; exit 1 when something is refused."""
    path = Path(options.file)
    writer = formats.writer(options.to)
    codec = _codec(path, options.format)
    if codec is None:
        return _report(options, [Refusal("unknown-format", "FF01", "byte 0", "no known format begins so")], [])
    carried: list[Any] = []
    refusals: list[Refusal] = []
    carries: tuple[type, ...] = getattr(writer, "carries", (Payment,))
    for decoded in _read(path, codec):
        refusals += decoded.refusals
        refusals += [record for record in decoded.records if isinstance(record, Refusal)]
        others = [record for record in decoded.records if not isinstance(record, (*carries, Refusal))]
        refusals += [_not_carried(record, options.to) for record in others]
        carried += [record for record in decoded.records if isinstance(record, carries)]
    fits = [(record, writer.fit(record, options.to)) for record in carried]
    refusals += [fit.refusal for _, fit in fits if fit.refusal is not None]
    losses = [(record.place, loss) for record, fit in fits for loss in fit.losses]
    fitting = [record for record, fit in fits if fit.refusal is None]
    if fitting:
        writing = Writing("FOTRANSLATE00001", time.time_ns(), options.sender, options.receiver)
        sys.stdout.buffer.write(writer.encode(fitting, options.to, writing).data)
        sys.stdout.buffer.flush()
    return _report(options, refusals, losses)


def _not_carried(record: Any, type: str) -> Refusal:
    text = f"{type} carries no {getattr(record, 'kind', 'record')} of the kind that {record.source} is"
    return Refusal("not-in-format", "AG02", record.place, text)


def _report(options: argparse.Namespace, refusals: Iterable[Refusal], losses: Iterable[tuple[str, Loss]]) -> int:
    refused = [_refusal_dict(refusal) for refusal in refusals]
    report = {
        "file": options.file,
        "to": options.to,
        "losses": [
            {"place": place, "element": loss.element, "why": loss.why, "severity": loss.severity}
            for place, loss in losses
        ],
        "refusals": refused,
    }
    print(_json.encode(report).decode(), file=sys.stderr)
    return 1 if refused else 0
