"""What is known by name in this program: found by looking, not by registering."""

from __future__ import annotations

from gateway.config.known import Modules
from gateway.ports import SessionConfig


def test_adapters_are_modules_with_a_config_and_a_door() -> None:
    known = Modules()
    assert "http" in known.adapters()
    assert all(not name.startswith("_") for name in known.adapters())
    assert known.adapter_config("http").__name__ == "Config"


def test_formats_and_what_they_write() -> None:
    known = Modules()
    assert "json" in known.formats()
    assert "json.payment" in known.writes()


def test_checks_have_options() -> None:
    known = Modules()
    assert all(known.check_options(name) is not None for name in known.checks())
    assert SessionConfig.__name__ not in known.checks()
