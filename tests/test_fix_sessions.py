"""FIX sessions as their operator sees them: a daemon that dials, one that listens, and the commands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.cli import main
from tests.harness import DaemonProcess, free_port, wait_until

LISTENING = """
version: 1
store: sqlite:fos.db
endpoints:
  clients: {{adapter: fix, format: fix, listen: "127.0.0.1:{port}", sessions: [{{target: US, sender: VENUE}}]}}
accounts: {{open: [{{id: EQUITY, currency: USD, floor: none}}]}}
routes: [{{name: default, refuse: {{reason: AG01, because: no route takes it}}}}]
"""
DIALLING = """
version: 1
store: sqlite:fos.db
endpoints:
  venue:
    {{adapter: fix, format: fix, connect: ["127.0.0.1:{port}"], reconnect_s: 0.05, reconnect_max_s: 0.2,
     sessions: [{{target: VENUE, sender: US, heartbeat_s: 1}}{more}]}}
accounts: {{open: [{{id: EQUITY, currency: USD, floor: none}}]}}
routes: [{{name: default, refuse: {{reason: AG01, because: no route takes it}}}}]
"""


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[DaemonProcess, DaemonProcess]]:
    """One daemon that listens and one that dials it."""
    port = free_port()
    daemons = []
    for name, routes in (("venue", LISTENING), ("us", DIALLING)):
        folder = tmp_path / name
        folder.mkdir()
        daemons.append(DaemonProcess(folder, routes.format(port=port, more="")))
    for daemon in daemons:
        daemon.start()
    yield daemons[0], daemons[1]
    for daemon in daemons:
        if daemon.process is not None and daemon.process.poll() is None:
            daemon.kill()


def sessions(daemon: DaemonProcess, capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, object]]:
    capsys.readouterr()
    main(["fix", "sessions", "--json", "--routes", str(daemon.path)])
    views = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return {str(view["session"]): view for view in views}


@pytest.mark.slow
def test_two_daemons_talk_and_their_operators_see_it(
    pair: tuple[DaemonProcess, DaemonProcess], capsys: pytest.CaptureFixture[str]
) -> None:
    venue, ours = pair
    routes = ["--routes", str(ours.path)]
    person = ["--by", "j.doe", "--because", "agreed by telephone"]
    wait_until(lambda: sessions(ours, capsys)["VENUE"]["state"] == "logged on")

    assert main(["fix", "doctor", "VENUE", *routes]) == 0
    assert "Both sides agree about the numbers" in capsys.readouterr().out
    assert main(["fix", "sessions", *routes]) == 0
    assert "venue     VENUE    logged on" in capsys.readouterr().out
    assert main(["fix", "doctor", "NOBODY", *routes]) == 2
    assert "there is no session NOBODY; there are: VENUE" in capsys.readouterr().err

    assert main(["fix", "net", "VENUE", *routes, *person]) in (0, 1)
    assert "status" in capsys.readouterr().out

    # a logout is followed by a new connection, numbers going on
    before = sessions(ours, capsys)["VENUE"]["next_out"]
    assert main(["fix", "logout", "VENUE", *routes, *person]) == 0
    wait_until(lambda: sessions(ours, capsys)["VENUE"]["next_out"] > before)  # type: ignore[operator]
    wait_until(lambda: sessions(ours, capsys)["VENUE"]["state"] == "logged on")

    # one side alone goes back to 1: both doctors know which
    assert main(["fix", "reset", "VENUE", *routes, *person]) == 0
    wait_until(lambda: sessions(venue, capsys)["US"]["problem"] == "their-number-too-low")
    wait_until(lambda: sessions(ours, capsys)["VENUE"]["problem"] == "our-number-too-low")
    capsys.readouterr()
    assert main(["fix", "doctor", "VENUE", *routes]) == 1
    assert "who is wrong: us" in capsys.readouterr().out
    assert main(["fix", "doctor", "US", "--routes", str(venue.path)]) == 1
    assert "who is wrong: them" in capsys.readouterr().out

    # the other side follows, and they agree again
    assert main(["fix", "reset", "US", "--routes", str(venue.path), *person]) == 0
    wait_until(lambda: sessions(ours, capsys)["VENUE"]["state"] == "logged on")
    assert main(["fix", "doctor", "VENUE", *routes]) == 0

    # a session is added by an edit, and the one that is there notices nothing
    capsys.readouterr()
    since = sessions(ours, capsys)["VENUE"]["connected_ns"]
    text = ours.path.read_text()
    ours.path.write_text(text.replace("heartbeat_s: 1}", "heartbeat_s: 1}, {target: OTHER, sender: US}"))
    wait_until(lambda: "OTHER" in sessions(ours, capsys))
    assert sessions(ours, capsys)["VENUE"]["connected_ns"] == since

    # without a daemon the store still tells the numbers
    assert ours.stop() == 0
    capsys.readouterr()
    main(["fix", "sessions", *routes])
    shown = capsys.readouterr()
    assert "not running; what the store holds" in shown.err
    assert "venue     VENUE    not running" in shown.out
    assert main(["fix", "reset", "VENUE", *routes, *person]) == 2
