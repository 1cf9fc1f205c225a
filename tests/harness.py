"""A daemon of our own in a process of its own, for tests and benches that kill it, load it and restart it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
READY_S = 60.0


def free_port() -> int:
    """A port on loopback that nobody uses now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class DaemonProcess:
    """`financial-os run` on a folder of its own; readiness is what it tells systemd."""

    def __init__(self, folder: Path, routes: str, environ: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.path = folder / "routes.yaml"
        self.path.write_text(routes)
        self.environ = environ or {}
        self.process: subprocess.Popen[bytes] | None = None
        self.log = folder / "daemon.log"

    def start(self) -> float:
        """Start and wait until ready; seconds it took. RuntimeError with the log's end when it does not get there."""
        address = str(self.folder / "notify.sock")
        Path(address).unlink(missing_ok=True)
        started = time.perf_counter()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock, self.log.open("ab") as log:
            sock.bind(address)
            sock.settimeout(0.05)
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gateway", "run", str(self.path)],
                cwd=ROOT,
                stdout=log,
                stderr=log,
                env={**os.environ, "NOTIFY_SOCKET": address, "PYTHONDONTWRITEBYTECODE": "", **self.environ},
            )
            while time.perf_counter() - started < READY_S and self.process.poll() is None:
                try:
                    if b"READY=1" in sock.recv(4096):
                        return time.perf_counter() - started
                except TimeoutError:
                    continue
        tail = self.log.read_text(errors="replace")[-3000:]
        raise RuntimeError(f"the daemon did not become ready (exit {self.process.poll()}):\n{tail}")

    def kill(self) -> None:
        """kill -9: nothing is written any more."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM and wait; the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    def rss_bytes(self) -> int:
        """Resident memory now."""
        assert self.process is not None
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        return 0


def wait_until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait for something that happens in another process; AssertionError when it does not."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
