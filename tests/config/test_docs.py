"""The pages for operators name every key and variable, and their example is a good one."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from msgspec import Struct

from gateway.config import env, reference
from gateway.config.known import Modules
from gateway.config.load import parse
from gateway.config.records import AccountConfig, Expect, Identity, MirrorConfig, StatementConfig, TestCase, Top
from gateway.routing.route import KINDS, Amount, Refuse, Route, Send, Settle, When
from tests.config.known import World
from tests.support import ROOT

ROUTES = (ROOT / "docs" / "routes.md").read_text(encoding="utf-8")
SETTINGS = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "record",
    [
        Top,
        Identity,
        AccountConfig,
        Route,
        When,
        Amount,
        Settle,
        Send,
        Refuse,
        StatementConfig,
        MirrorConfig,
        TestCase,
        Expect,
    ],
)
def test_every_key_is_on_the_page(record: type[Struct]) -> None:
    keys = [field.encode_name for field in msgspec.structs.fields(record)]
    assert [key for key in keys if f"`{key}`" not in ROUTES and f"[].{key}`" not in ROUTES] == []


def test_every_kind_is_on_the_page() -> None:
    assert all(f"`{kind}`" in ROUTES for kind in KINDS)


def test_every_variable_is_on_the_page() -> None:
    assert all(f"| `{name}` |" in SETTINGS for name in env.VARIABLES)


def test_the_example_is_a_good_configuration() -> None:
    example = ROUTES.partition("```yaml\n")[2].partition("```")[0]
    config = parse(example, "routes.md", {}, ROOT, Modules())
    assert [route.name for route in config.routes] == [
        "large-sepa",
        "sepa-credit",
        "fx-spot",
        "book-transfer",
        "default",
    ]


def test_the_reference_is_current() -> None:
    """After a change of a Config or Options: python -m gateway.config.reference"""
    assert reference.FILE.read_text(encoding="utf-8") == reference.text()


def test_the_reference_tells_what_a_key_takes() -> None:
    text = reference.text(World())
    assert "| `path` | path | required |  |" in text
    assert "| `accept` | `rename` or `marker` | `rename` |  |" in text
    assert "| `sessions` | list of keys |  |  |" in text
    assert "### `adapter: fix, sessions`" in text
    assert "| `password` | where a secret is kept |  |  |" in text
    assert "| `recursive` | true or false | `false` |  |" in text
    assert "Takes `text: amount, ...`." in text
    assert Path(reference.FILE).name == "keys.md"
