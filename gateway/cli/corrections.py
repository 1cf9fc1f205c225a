"""financial-os ach corrections: what other banks say is wrong with entries of ours, and how to refuse it.

The data is offered, never applied: who keeps the payees decides. Read beside the running daemon.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import msgspec

from gateway.cli.operate import configuration, read_store
from gateway.formats.ach.corrections import corrections, refused
from gateway.model import Notice
from gateway.ports import Store

NOTED = "ACTC"  # the status of what is kept and moves nothing
PAGE = 500
COLUMNS = ("notice", "payment", "trace", "code", "field", "old", "new")


def corrections_(options: argparse.Namespace) -> int:
    """A line for each corrected field; exit 1 when there is none."""
    config = configuration(options.routes)
    if config is None:
        return 2
    rows = read_store(config, lambda store: _all(store, options.after))
    for row in rows:
        line = dict(zip(COLUMNS, row, strict=True))
        print(msgspec.json.encode(line).decode() if options.json else "  ".join(str(value) or "-" for value in row))
    return 0 if rows else 1


async def _all(store: Store, after: int) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    while page := await store.payments(NOTED, after, PAGE):
        for listed in page:
            if listed["kind"] == "change_notice":
                rows += await _lines(store, listed["id"])
        after = page[-1]["id"]
    return rows


async def _lines(store: Store, id: int) -> list[tuple[Any, ...]]:
    story = await store.payment_story(id)
    assert story is not None, "what is listed has a story"
    notice = _notice(story)
    about = next((said["payment"] for said in story["conversation"]), "")
    trace = notice.original.transaction_id if notice.original else ""
    return [(id, about, trace, *correction) for correction in corrections(notice)]


def _notice(story: dict[str, Any]) -> Notice:
    return msgspec.convert(story["record"], Notice)


def refuse_change(options: argparse.Namespace) -> int:
    """The file that refuses a notification, on stdout or as a file."""
    config = configuration(options.routes)
    if config is None:
        return 2
    story = read_store(config, lambda store: store.payment_story(options.id))
    if story is None or story["kind"] != "change_notice":
        print(f"{options.id} is no notification of change", file=sys.stderr)
        return 1
    data = refused(_notice(story), options.code, config.gateway.routing_number, options.id, time.time_ns())
    if options.output:
        Path(options.output).write_bytes(data)
    else:
        sys.stdout.buffer.write(data)
    return 0
