"""A short form of tests/interop/run.py, for every run of the tests where quickfix is installed."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

from tests.interop import run

pytestmark = [
    pytest.mark.interop,
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("quickfix") is None, reason="quickfix is not installed: pip install -e '.[interop]'"
    ),
]


@pytest.mark.parametrize("role", ["acceptor", "initiator"])
def test_nothing_is_lost_or_doubled(role: str, tmp_path: Path) -> None:
    long = os.environ.get("INTEROP") == "long"
    messages, reconnects, kills = (100_000, 50, 20) if long else (3_000, 3, 2)
    for attempt in (1, 2):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        try:
            result = run.play(role, messages, reconnects, kills, attempt, folder)
        except run.Stuck:  # the other engine answers nothing about itself: that says nothing of ours
            if attempt == 2:
                raise
            continue
        assert result.good(), result
        return
