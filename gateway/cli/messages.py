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
from gateway.cli.translation import Ends, target, translated, writer_of
from gateway.entries import answer_name
from gateway.model import Loss, Refusal
from gateway.pipeline import HEAD_BYTES
from gateway.ports import Codec, Decoded, Frame

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
    path, type = Path(options.file), target(options.to)
    writer_of(type)
    codec = _codec(path, options.format)
    if codec is None:
        return _report(options, type, [Refusal("unknown-format", "FF01", "byte 0", "no known format begins so")], [])
    ends = Ends(options.sender, options.receiver, time.time_ns(), options.offset)
    refusals: list[Refusal] = []
    losses: list[tuple[str, Loss]] = []
    for number, decoded in enumerate(_messages(path, codec), 1):
        done = translated(decoded, type, ends, options.header, options.addresses)
        for frame in done.frames:
            _put_out(frame, options.into, number)
        refusals += done.refusals
        losses += done.losses
    return _report(options, type, refusals, losses)


def _messages(path: Path, codec: Codec) -> Iterator[Decoded]:
    """Message by message: a FIN file holds several, each of which is whole in itself."""
    if codec.name != "mt":
        yield from _read(path, codec)
        return
    with path.open("rb") as file:
        yield from codec.parts(file, 1)


def _put_out(frame: Frame, into: str, number: int) -> None:
    """A message to stdout, one after the other, or to a file of its own."""
    if not into:
        sys.stdout.buffer.write(frame.data if frame.data.endswith(b"\n") else frame.data + b"\r\n")
        sys.stdout.buffer.flush()
        return
    folder = Path(into)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / answer_name(number, 0, frame.name.replace("/", "_"), frame.suffix)).write_bytes(frame.data)


def _report(
    options: argparse.Namespace, type: str, refusals: Iterable[Refusal], losses: Iterable[tuple[str, Loss]]
) -> int:
    refused = [_refusal_dict(refusal) for refusal in refusals]
    report = {
        "file": options.file,
        "to": type,
        "losses": [{"place": place, **loss_dict(loss)} for place, loss in losses],
        "refusals": refused,
    }
    print(_json.encode(report).decode(), file=sys.stderr)
    return 1 if refused else 0


def loss_dict(loss: Loss) -> dict[str, str]:
    """A loss as the report has it; the notice number only where there is one."""
    found = {"element": loss.element, "why": loss.why, "severity": loss.severity}
    return {**found, "number": loss.number} if loss.number else found
