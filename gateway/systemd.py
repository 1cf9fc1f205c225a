"""systemd's notification protocol (sd_notify): readiness, reload, status, watchdog.

One datagram to the socket named in NOTIFY_SOCKET; without it every call does nothing, so the daemon runs the
same under systemd, in a container and in a terminal.
"""

from __future__ import annotations

import os
import socket
import time


def notify(*lines: str) -> bool:
    """Send `READY=1`, `STATUS=...`, `WATCHDOG=1` ...; False when nobody listens."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    if address[0] == "@":
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
        try:
            sock.sendto("\n".join(lines).encode(), address)
        except OSError:  # a manager that went away must not end the daemon
            return False
    return True


def reloading() -> bool:
    """Tell that a reload begins; Type=notify-reload wants the monotonic time with it."""
    return notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")


def watchdog_s() -> float:
    """How often to send WATCHDOG=1: half of what the unit allows; 0 without a watchdog."""
    if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return 0.0
    return int(os.environ.get("WATCHDOG_USEC", "0")) / 2_000_000
