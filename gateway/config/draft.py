"""The configuration while it is being checked: what could be typed, and where everything stands.

Strategy: parts are typed one by one, so that a mistake in one route does not hide those in the others. Names are
taken from the tree and not from the typed parts: a broken endpoint is still an endpoint that a route may name.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from msgspec import Struct

from gateway.config.convert import label, render
from gateway.config.known import Known
from gateway.config.problems import ConfigError
from gateway.config.records import (
    AccountConfig,
    EndpointConfig,
    MirrorConfig,
    RateConfig,
    SecurityConfig,
    StatementConfig,
    TestCase,
)
from gateway.config.yaml import Items, Mapping, Node, Scalar
from gateway.routing.route import Route
from gateway.settlement.hours import Hours

Where = tuple[str | int, ...]  # keys and indexes from 0, from the root of the tree


class Draft(Struct, dict=True):
    """What checks look at; `problems` is what they find."""

    root: Mapping
    known: Known
    base: Path
    problems: list[ConfigError] = []
    endpoints: dict[str, EndpointConfig] = {}
    accounts: list[tuple[int, AccountConfig]] = []  # with their place in the list, as the broken ones are left out
    routes: list[tuple[int, Route]] = []
    tests: list[tuple[int, TestCase]] = []
    statements: list[tuple[int, StatementConfig]] = []
    mirrors: list[tuple[int, MirrorConfig]] = []
    rates: dict[str, RateConfig] = {}  # those that could be typed
    securities: dict[str, SecurityConfig] = {}
    hours: dict[str, Hours] = {}

    @cached_property
    def writes(self) -> frozenset[str]:
        """Message types that some format writes."""
        return frozenset(self.known.writes())

    @cached_property
    def account_pairs(self) -> list[tuple[str, str]]:
        """Id and currency of every account to be opened, the broken ones too; "" for what cannot be read."""
        found: list[tuple[str, str]] = []
        for item in self.items("accounts", "open"):
            pair = [item.entries.get(key) if isinstance(item, Mapping) else None for key in ("id", "currency")]
            id, currency = (one.text if isinstance(one, Scalar) else "" for one in pair)
            found.append((id, currency))
        return found

    @cached_property
    def account_currencies(self) -> dict[str, set[str]]:
        """Account id -> the currencies that it is opened in."""
        found: dict[str, set[str]] = {}
        for id, currency in self.account_pairs:
            found.setdefault(id, set()).add(currency)
        return found

    def items(self, *where: str) -> list[Node]:
        """The items of a list; none when there is no list at that place."""
        node: Node | None = self.root
        for step in where:
            node = node.entries.get(step) if isinstance(node, Mapping) else None
        return node.items if isinstance(node, Items) else []

    def names(self, section: str) -> list[str]:
        """The keys of a section, broken ones too."""
        node = self.root.entries.get(section)
        return list(node.entries) if isinstance(node, Mapping) else []

    def complain(self, where: Where, text: str, key: bool = False) -> None:
        """Note a problem at a place (`key`: at its key, not its value), or at the nearest one that is in the file."""
        node: Node = self.root
        path: tuple[str | int, ...] = ()
        for step in where:
            if isinstance(node, Mapping) and step in node.entries:
                last = key and step == where[-1]
                path, node = (*path, str(step)), node.keys[str(step)] if last else node.entries[str(step)]
            elif isinstance(node, Items) and isinstance(step, int):
                path, node = (*path, label(node.items[step], step)), node.items[step]
        self.problems.append(ConfigError(node.file, node.line, node.column, render(path), text))
