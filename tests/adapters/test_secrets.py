"""Where secrets are kept, and addresses to listen on."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters import _address, _secrets


def test_a_secret_is_read_from_where_it_is_kept(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from a file\r\n")
    environ = {"TOKEN": "from the environment", "CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert _secrets.resolve("env:TOKEN", environ) == "from the environment"
    assert _secrets.resolve(f"file:{tmp_path}/token", environ) == "from a file"
    assert _secrets.resolve("credential:token", environ) == "from a file"


@pytest.mark.parametrize(
    "reference",
    [
        "hunter2",
        "",
        "env:",
        "env:EMPTY",
        "env:MISSING",
        "file:/nowhere/at/all",
        "credential:token",
        "credential:../token",
        "plain:hunter2",
    ],
)
def test_a_secret_that_is_not_kept_anywhere_is_an_error_without_it(reference: str) -> None:
    with pytest.raises(ValueError) as found:
        _secrets.resolve(reference, {"EMPTY": ""})
    assert "hunter2" not in str(found.value)


def test_a_secret_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match="cannot be read"):
        _secrets.resolve(f"file:{tmp_path}/token", {})


@pytest.mark.parametrize(
    ("listen", "expected", "loopback"),
    [
        ("127.0.0.1:80", ("127.0.0.1", 80), True),
        ("[::1]:0", ("::1", 0), True),
        ("localhost:1", ("localhost", 1), True),
        ("0.0.0.0:65535", ("0.0.0.0", 65535), False),
        ("127.0.0.53:1", ("127.0.0.53", 1), True),
        ("bank.example:1", ("bank.example", 1), False),
    ],
)
def test_an_address(listen: str, expected: tuple[str, int], loopback: bool) -> None:
    assert _address.split(listen) == expected
    assert _address.is_loopback(expected[0]) == loopback


@pytest.mark.parametrize("listen", ["", "80", ":80", "127.0.0.1", "127.0.0.1:", "a:x", "a:65536", "a:-1", "a:²"])
def test_what_is_no_address(listen: str) -> None:
    with pytest.raises(ValueError, match="host:port"):
        _address.split(listen)
