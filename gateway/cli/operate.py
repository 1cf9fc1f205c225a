"""financial-os payments, ledger, status, verify: the operator's hands and eyes.

A decision (release, reject, recall ...) is a message like any other: it goes to the running daemon over its control
socket, or, when none runs, through the same engine opened here. Reads go to the database beside the writer.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import sys
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from gateway.compile import compile_snapshot
from gateway.config.load import ConfigErrors, load
from gateway.config.records import Configuration
from gateway.engine import Engine
from gateway.ports import Inbound, Store
from gateway.store import accept, open_store
from gateway.telemetry.metrics import Metrics

ADDRESS = ("town", "country", "street", "building_number", "postcode", "post_box", "subdivision", "lines")
ANSWER_S = 30.0  # how long a running daemon may take to commit a decision


def payments(options: argparse.Namespace) -> int:
    """list, show, release, reject, cancel, repair, recall, return, ask."""
    config = configuration(options.routes)
    if config is None:
        return 2
    if options.act == "list":
        return _rows(read_store(config, lambda store: store.payments(options.status, options.after, options.limit)))
    if options.act == "show":
        story = read_store(config, lambda store: store.payment_story(options.id))
        print(json.dumps(story, indent=2, default=str) if story else f"no payment {options.id}")
        return 0 if story else 1
    op = "ask_status" if options.act == "ask" else options.act
    request: dict[str, Any] = {"op": op, "payment": options.id, "by": options.by, "because": options.because}
    if op in ("recall", "return"):
        request |= {"reason": options.reason, "text": options.text}
    if options.act == "repair":
        given = {name: getattr(options, name) for name in ADDRESS}
        request["addresses"] = {options.party: {name: value for name, value in given.items() if value}}
    answer = ask(control_path(config), request) or asyncio.run(_decide_here(config, request))
    print(json.dumps(answer))
    return 0 if answer.get("status") == "ACSC" else 1


def ledger(options: argparse.Namespace) -> int:
    """accounts, balances, transfers ACCOUNT, verify, accept."""
    if options.act == "verify":
        return verify(options)
    config = configuration(options.routes)
    if config is None:
        return 2
    if options.act == "accept":
        print(accept(Path(config.store.removeprefix("sqlite:"))))
        return 0
    if options.act == "transfers":
        if not options.account:
            print("financial-os: ledger transfers needs an account", file=sys.stderr)
            return 2
        return _rows(
            read_store(config, lambda store: store.transactions(options.account, options.after, options.limit))
        )
    rows = read_store(config, lambda store: store.balances())
    return _rows([row for row in rows if options.account in ("", row["account"])])


def verify(options: argparse.Namespace) -> int:
    """Read the whole store again; exit 1 when something does not add up."""
    config = configuration(options.routes)
    if config is None:
        return 2
    problems: list[str] = read_store(config, lambda store: store.verify())
    for problem in problems:
        print(problem)
    if not problems:
        print("verified: hash chain whole, money conserved, balances equal the sum of transfers")
    return 1 if problems else 0


def status(options: argparse.Namespace) -> int:
    """Ask the running daemon; exit 1 when none runs."""
    config = configuration(options.routes)
    if config is None:
        return 2
    answer = ask(control_path(config), {"op": "status"})
    if answer is None:
        print("not running", file=sys.stderr)
        return 1
    print(json.dumps(answer, indent=2))
    return 0


def control_path(config: Configuration) -> Path:
    """Where the daemon of this configuration listens for its operator."""
    for entry in config.endpoints.values():
        if entry.adapter == "control":
            return Path(entry.config.path)
    return config.state_folder / "control.sock"


def ask(path: Path, request: dict[str, Any]) -> dict[str, Any] | None:
    """One request over the control socket; None when no daemon listens there."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(ANSWER_S)
        try:
            sock.connect(str(path))
        except OSError:
            return None
        sock.sendall(json.dumps(request).encode() + b"\n")
        with sock.makefile("rb") as lines:
            answer: dict[str, Any] = json.loads(lines.readline() or b'{"error": "the daemon closed the connection"}')
            return answer


async def _decide_here(config: Configuration, request: dict[str, Any]) -> dict[str, Any]:
    """The same message through an engine of our own, when no daemon runs."""
    engine = Engine(open_store(config.store), compile_snapshot(config, 1), time.time_ns, Metrics())
    await engine.open()
    try:
        data = json.dumps({"type": "operation", **request}).encode()
        [outcome] = await engine.run(
            [Inbound("control", engine.clock_ns(), data, os.environ.get("USER", ""), type="operation")]
        )
    finally:
        await engine.store.close()
    return dict(json.loads(outcome.answers[0].data))


def read_store(config: Configuration, question: Any) -> Any:
    """The answer of a store's read side to a question, beside whoever writes it."""
    store: Store = open_store(config.store)

    async def ask_and_close() -> Any:
        try:
            found: Coroutine[Any, Any, Any] = question(store)
            return await found
        finally:
            await store.close()

    return asyncio.run(ask_and_close())


def _rows(rows: list[dict[str, Any]]) -> int:
    for row in rows:
        print(json.dumps(row, default=str))
    return 0


def configuration(path: str) -> Configuration | None:
    """A checked configuration; None, and its problems told, when it has any."""
    try:
        return load(Path(path), os.environ)
    except ConfigErrors as errors:
        for error in errors.errors:
            print(error, file=sys.stderr)
        return None
