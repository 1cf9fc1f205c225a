"""financial-os fix sessions, doctor, reset, logout, net: a FIX session's state, and what to do about it.

The running daemon is asked over its control socket. When none runs, `sessions` and `doctor` tell what the store
holds; what changes a session takes a daemon.
"""

from __future__ import annotations

import argparse
import sys
import time
from datetime import UTC, datetime

import msgspec

from gateway.cli.operate import ask, configuration, control_path, read_store
from gateway.config.records import Configuration
from gateway.formats.fix.doctor import diagnose
from gateway.ports import SessionState, SessionView

COLUMNS = ("endpoint", "session", "state", "next in", "next out", "last seen", "trouble")


def sessions(options: argparse.Namespace) -> int:
    """A line for each session; exit 1 when one is out of step."""
    views = _views(options)
    if views is None:
        return 2
    if options.json:
        for view in views:
            print(msgspec.json.encode(view).decode())
    else:
        _table([COLUMNS, *map(_row, views)])
    return 1 if any(view.problem for view in views) else 0


def doctor(options: argparse.Namespace) -> int:
    """What is wrong with a session, whose fault it is, what to do; exit 1 when something is."""
    view = _one(options)
    if view is None:
        return 2
    advice = diagnose(view)
    numbers = f"next in {view.next_in}, next out {view.next_out}"
    print(f"{view.endpoint}/{view.session} ({view.version}): {view.state}, {numbers}")
    if view.waiting_for is not None:
        print(f"waiting for {view.waiting_for[0]} to {view.waiting_for[1]}, {view.queued} messages kept ahead of them")
    print(f"who is wrong: {advice.side}\nwhat happened: {advice.what}\nwhat to do: {advice.do}")
    for moment, sentence in view.events[-options.events :]:
        print(f"  {_moment(moment)}  {sentence}")
    return 1 if view.problem else 0


def reset(options: argparse.Namespace) -> int:
    """Numbers go back to 1 on our side."""
    return _command(options, "session_reset", "reset: next in 1, next out 1; the counterparty must do the same")


def logout(options: argparse.Namespace) -> int:
    """Log out of a session that is logged on; its counterparty may come back."""
    return _command(options, "session_logout", "logging out")


def net(options: argparse.Namespace) -> int:
    """Send a counterparty what it owes and is owed from open deals, netted (BQ)."""
    view = _one(options)
    config = configuration(options.routes) if view is not None else None
    if view is None or config is None:
        return 2
    request = {"op": "net", "account": f"{view.endpoint}/{view.session}", "by": options.by, "because": options.because}
    answer = ask(control_path(config), request)
    if answer is None:
        print("not running: obligations are sent by the daemon that serves the session", file=sys.stderr)
        return 2
    print(answer)
    return 0 if answer.get("status") == "ACSC" else 1


def _command(options: argparse.Namespace, op: str, done: str) -> int:
    view = _one(options)
    if view is None:
        return 2
    config = configuration(options.routes)
    assert config is not None, "it was read for the view"
    request = {
        "op": op,
        "endpoint": view.endpoint,
        "session": view.session,
        "by": options.by,
        "because": options.because,
    }
    answer = ask(control_path(config), request)
    if answer is None:
        print("not running: a session is changed by the daemon that serves it", file=sys.stderr)
        return 2
    if "error" in answer:
        print(f"{answer['error']}: {answer.get('text', '')}", file=sys.stderr)
        return 1
    print(f"{view.endpoint}/{view.session}: {done}")
    return 0


def _one(options: argparse.Namespace) -> SessionView | None:
    """The session that is meant; says so when none is, or several are."""
    views = _views(options)
    if views is None:
        return None
    found = [view for view in views if view.session == options.session and options.endpoint in ("", view.endpoint)]
    if len(found) == 1:
        return found[0]
    if found:
        print(f"several endpoints have a session {options.session}: name one with --endpoint", file=sys.stderr)
    else:
        known = ", ".join(sorted(view.session for view in views)) or "none"
        print(f"there is no session {options.session}; there are: {known}", file=sys.stderr)
    return None


def _views(options: argparse.Namespace) -> list[SessionView] | None:
    config = configuration(options.routes)
    if config is None:
        return None
    answer = ask(control_path(config), {"op": "sessions"})
    if answer is None:
        print("not running; what the store holds:", file=sys.stderr)
        return _stored(config)
    return msgspec.convert(answer["sessions"], list[SessionView])


def _stored(config: Configuration) -> list[SessionView]:
    """Sessions as they are configured and as the store remembers their numbers."""
    found: list[SessionState] = read_store(config, lambda store: store.sessions())
    states: dict[tuple[str, str], SessionState | None] = {(one.endpoint, one.session): one for one in found}
    for name, entry in config.endpoints.items():
        for session in getattr(entry.config, "sessions", ()):
            states.setdefault((name, session.target), None)
    return [_resting(endpoint, session, state) for (endpoint, session), state in sorted(states.items())]


def _resting(endpoint: str, session: str, state: SessionState | None) -> SessionView:
    numbers = (state.next_in, state.next_out) if state is not None else (1, 1)
    return SessionView(endpoint, session, "", "not running", *numbers, 0, 0, 0, None, 0, 0, 0, 0, 0, "", 0, 0, 0, ())


def _row(view: SessionView) -> tuple[str, ...]:
    seen = f"{max(0, int(time.time() - view.received_ns / 1e9))} s ago" if view.received_ns else "never"
    return (view.endpoint, view.session, view.state, str(view.next_in), str(view.next_out), seen, view.problem or "-")


def _table(rows: list[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def _moment(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns / 1e9, UTC).strftime("%Y-%m-%d %H:%M:%S")
