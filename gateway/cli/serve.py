"""financial-os run: the daemon in the foreground, as systemd and containers want it."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path

from gateway.config.load import ConfigErrors
from gateway.daemon import Daemon
from gateway.ports import StoreDamaged, StoreFailed
from gateway.telemetry import logs

SWITCH_S = 0.0005  # a thread that reads a large file lets the loop in after so long: it is waited for at each turn


def run(options: argparse.Namespace) -> int:
    """Serve; exit 0 after an orderly stop, 1 when the store failed or is damaged, 2 when nothing could be started."""
    configure_logs()
    sys.setswitchinterval(SWITCH_S)
    try:
        with runner() as loop:
            loop.run(_serve(Path(options.routes)))
    except ConfigErrors as errors:
        for error in errors.errors:
            print(error, file=sys.stderr)
        return 2
    except StoreDamaged as damage:
        print(f"financial-os: the store is damaged and was not opened: {damage}", file=sys.stderr)
        return 1
    except StoreFailed as failure:
        print(f"financial-os: stopped, since a commit failed: {failure}", file=sys.stderr)
        return 1
    return 0


def configure_logs(level: str = "INFO") -> None:
    """Structured lines on standard error: LOG_FORM=json for machines, LOG_LEVEL for how much."""
    form: logs.LogForm = "json" if os.environ.get("LOG_FORM") == "json" else "text"
    logs.setup(form, os.environ.get("LOG_LEVEL", level).upper())


def runner() -> asyncio.Runner:
    """An event loop: uvloop where it exists."""
    try:
        import uvloop
    except ImportError:
        return asyncio.Runner()
    return asyncio.Runner(loop_factory=uvloop.new_event_loop)


async def _serve(path: Path) -> None:
    await Daemon(path, os.environ).run()
