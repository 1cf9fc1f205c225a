"""Real services that tests run against: each starts its own server on a private port and folder and ends it.

A service whose program is not installed skips the test with a plain reason; with CI=true that is a failure, since
there everything must be installed. Fixtures are session-wide: `from tests.services import postgres_url`.
"""

from __future__ import annotations

import glob
import itertools
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

START_S = 30
_databases = itertools.count(1)


def free_port() -> int:
    """A TCP port nobody listens on now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def absent(what: str) -> None:
    """Skip because a program is not installed; where everything must be (CI=true), fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is not installed, and CI must test against it")
    pytest.skip(f"{what} is not installed")


# --- PostgreSQL ----------------------------------------------------------------------------------


def _postgres_programs() -> Path:
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda path: float(path.split("/")[4]))
    on_path = shutil.which("initdb")
    if not found and on_path is None:
        absent("PostgreSQL (initdb)")
    return Path(found[-1] if found else str(on_path)).parent


def _as_postgres(command: list[str]) -> list[str]:
    """The server refuses to run as root: then it runs as the user its package made."""
    if os.getuid() != 0:
        return command
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command]


def start_postgres(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    """A server in this folder, and the URL of its first database. To be ended with `terminate`."""
    programs, port = _postgres_programs(), free_port()
    if os.getuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    initdb = [
        str(programs / "initdb"),
        "-D",
        str(folder / "data"),
        "-U",
        "test",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C",
        "--no-sync",
    ]
    if _quietly(_as_postgres(initdb), folder).wait():
        raise RuntimeError("initdb failed")
    settings = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": str(folder), "fsync": "off"}
    options = [f"-c{name}={value}" for name, value in settings.items()]
    process = _quietly(_as_postgres([str(programs / "postgres"), "-D", str(folder / "data"), *options]), folder)
    ready = [str(programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port), "-d", "postgres", "-U", "test"]
    deadline = time.monotonic() + START_S
    while _quietly(ready, folder).wait():
        if process.poll() is not None or time.monotonic() > deadline:
            process.terminate()
            raise RuntimeError(f"PostgreSQL did not start within {START_S} s")
        time.sleep(0.05)
    return process, f"postgresql://test@127.0.0.1:{port}/postgres"


def _quietly(command: list[str], folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server's first database, for one test session."""
    folder = Path(tempfile.mkdtemp(prefix="financial-os-postgres-"))
    folder.chmod(0o755)
    process, url = start_postgres(folder)
    try:
        yield url
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: str) -> str:
    """The URL of a fresh, empty database."""
    name = f"test_{next(_databases)}"
    subprocess.run([str(_postgres_programs() / "createdb"), f"--maintenance-db={postgres_server}", name], check=True)
    return postgres_server.rpartition("/")[0] + f"/{name}"


# --- Mosquitto -----------------------------------------------------------------------------------


class Mosquitto:
    """An MQTT broker on a port of its own, which keeps sessions and messages over a restart."""

    def __init__(self, program: str, folder: Path) -> None:
        self.port = free_port()
        self._config = folder / "mosquitto.conf"
        self._config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location {folder}/\n"
            "user root\nmax_inflight_messages 20\n"
        )
        self._command = [program, "-c", str(self._config)]
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = _quietly(self._command, self._folder)
        deadline = time.monotonic() + START_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
            except ConnectionRefusedError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("mosquitto did not start") from None
                time.sleep(0.01)
            else:
                return

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A running broker."""
    program = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if program is None:
        absent("Mosquitto")
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    broker = Mosquitto(str(program), folder)
    broker.start()
    yield broker
    broker.stop()
