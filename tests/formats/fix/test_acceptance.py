"""The published acceptance scripts, played in this process on a clock of their own."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from tests.formats.fix.script import Player
from tests.live.fix_echo import Host
from tests.support import shared_corpus

CORPUS = shared_corpus("fix")
SCRIPTS = sorted((CORPUS / "at").glob("*/*.def"))


@cache
def host(version: str) -> Host:
    return Host(version, CORPUS / "dictionaries")


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_script(path: Path) -> None:
    Player(host(path.parent.name)).play(path)
