"""financial-os statement and reconcile: what an account looks like, and how the bank's view of it compares."""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import Any

import msgspec

from gateway.cli.operate import configuration, read_store
from gateway.compile import compile_snapshot
from gateway.model import Refusal
from gateway.ports import Store, Writing
from gateway.statements.look import Look, look

PAGE = 1_000
KIND = "reconciliation"


def statement(options: argparse.Namespace) -> int:
    """Print the statement of an account; what the type cannot carry goes to stderr."""
    config = configuration(options.routes)
    if config is None:
        return 2
    snapshot = compile_snapshot(config, 1)
    want = Look(options.account, options.date, options.type, options.currency)
    writing = Writing("LOOK", time.time_ns(), snapshot.sender, "", snapshot.routing_number)
    seen = read_store(config, lambda store: look(store, snapshot.statements, want, writing))
    if isinstance(seen, Refusal):
        print(f"financial-os: {seen.place}: {seen.text}", file=sys.stderr)
        return 1
    for frame in seen.frames:
        sys.stdout.buffer.write(frame.data)
    sys.stdout.buffer.flush()
    for loss in seen.losses:
        print(msgspec.json.encode(loss).decode(), file=sys.stderr)
    return 0


def reconcile(options: argparse.Namespace) -> int:
    """list: a line for each statement compared; show ID: everything about one. Exit 1 when something differs."""
    config = configuration(options.routes)
    if config is None:
        return 2
    if options.act == "show":
        return _show(read_store(config, lambda store: store.payment_story(options.id)), options.id)
    rows = read_store(config, lambda store: _listed(store, options.after, options.limit))
    for row in rows:
        print(json.dumps({name: row[name] for name in ("id", "reference", "text", "message")}))
    return 1 if any(_differs(row["text"]) for row in rows) else 0


async def _listed(store: Store, after: int, limit: int) -> list[dict[str, Any]]:
    """Reconciliations with ids above `after`, oldest first."""
    found: list[dict[str, Any]] = []
    while len(found) < limit:
        rows = await store.payments("ACTC", after, PAGE)
        found += [row for row in rows if row["kind"] == KIND]
        if len(rows) < PAGE:
            break
        after = rows[-1]["id"]
    return found[:limit]


def _show(story: dict[str, Any] | None, id: int) -> int:
    if story is None or story["kind"] != KIND:
        print(f"no reconciliation {id}")
        return 1
    record = {"id": id, "text": story["text"], "received": story["received"], **story["record"]}
    print(json.dumps(record, indent=2, default=str))
    return 1 if story["record"].get("differences") else 0


def _differs(text: str) -> bool:
    """Whether anything but matched entries was counted."""
    return "," in text
