"""From routes.yaml and the environment to a checked Configuration, or every problem at once.

Strategy: text -> nodes -> overrides from the environment -> typed parts -> rules between the parts. Each step works
on what the one before could make of the file, and the problems of all steps are reported together.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from gateway.config import problems, secrets
from gateway.config.check_parts import check_parts, is_amount
from gateway.config.check_routes import check_routes
from gateway.config.check_statements import check_statements
from gateway.config.convert import BAD, Converter, Raw, label, record_fields, required
from gateway.config.draft import Draft
from gateway.config.env import override
from gateway.config.known import Known, Modules
from gateway.config.problems import ConfigError, ConfigErrors, unknown
from gateway.config.records import (
    AccountConfig,
    Accounts,
    Configuration,
    EndpointConfig,
    MirrorConfig,
    Name,
    StatementConfig,
    TestCase,
    Top,
)
from gateway.config.yaml import TEXT_CHARACTERS_MAX, Items, Node, read
from gateway.config.yaml import Mapping as Keys
from gateway.model import EXPONENTS
from gateway.ports import Limits
from gateway.routing.route import Route

__all__ = ["ConfigError", "ConfigErrors", "load", "parse"]

OWN_KEYS = ("adapter", "format", "rules", "allow")  # of an endpoint; all others are its adapter's
RULED_FORMATS = ("iso20022", "sepa", "auto")
MEMORY = "sqlite::memory:"


def load(path: Path, environ: Mapping[str, str] = os.environ, known: Known | None = None) -> Configuration:
    """Read and check a file. Raises ConfigErrors with every problem, also when the file cannot be read."""
    name = str(path)
    try:
        with path.open("rb") as file:
            data = file.read(4 * TEXT_CHARACTERS_MAX + 1)  # UTF-8 takes up to four bytes a character
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or "bad name"
        raise ConfigErrors([ConfigError(name, 1, 1, "", f"cannot be read: {reason}")]) from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, column = data.count(b"\n", 0, error.start) + 1, error.start - data.rfind(b"\n", 0, error.start)
        problem = ConfigError(name, line, column, "", f"byte {data[error.start]:#04x} is not UTF-8")
        raise ConfigErrors([problem]) from None
    return parse(text, name, environ, path.absolute().parent, known)


def parse(
    text: str,
    name: str = "routes.yaml",
    environ: Mapping[str, str] = os.environ,
    base: Path | None = None,
    known: Known | None = None,
) -> Configuration:
    """Check a text; `base` is what relative paths are below, else the working folder. Raises ConfigErrors."""
    root, found = read(text, name)
    if root is not None and not isinstance(root, Keys):
        found.append(ConfigError(name, root.line, root.column, "", "expected keys and values at the top"))
    if not isinstance(root, Keys):
        raise ConfigErrors(found)
    found += override(root, environ)
    base = (base or Path()).absolute()
    reader = _Reader(root, Converter(base, environ), Draft(root, known or Modules(), base))
    top = reader.read()
    found += reader.converter.problems + reader.draft.problems
    if found:
        raise ConfigErrors(found)
    return _configuration(top, reader, base, environ)


class _Reader:
    """Types the parts of the file one by one, then has them checked."""

    def __init__(self, root: Keys, converter: Converter, draft: Draft) -> None:
        self.root, self.converter, self.draft = root, converter, draft
        self.policies: dict[str, dict[str, Any]] = {}

    def read(self) -> dict[str, Any]:
        """The plain values of the top level by name; everything else is in the draft."""
        values = self._top()
        for key, node in self._keys("endpoints"):
            self._endpoint(key, node)
        for key, node in self._keys("policies"):
            self.policies[key] = self._policy(key, node)
        self.draft.accounts = list(self._accounts())
        self.draft.routes = list(self._list(self.root.entries.get("routes"), Route, ("routes",)))
        for section, wanted, found in (
            ("tests", TestCase, self.draft.tests),
            ("statements", StatementConfig, self.draft.statements),
            ("reconcile", MirrorConfig, self.draft.mirrors),
        ):
            found.extend(self._list(self.root.entries.get(section), wanted, (section,)))
        self.draft.rates = _typed(values.get("rates"))
        self.draft.securities = _typed(values.get("securities"))
        self.draft.hours = _typed(values.get("hours"))
        check_parts(self.draft)
        check_statements(self.draft)
        check_routes(self.draft)
        return values

    def _top(self) -> dict[str, Any]:
        known = record_fields(Top)
        for key in self.root.entries.keys() - known.keys():
            self.converter.problem(self.root.keys[key], (), unknown("key", key, known))
        for key, field in known.items():
            if key not in self.root.entries and required(field):
                self.converter.problem(self.root, (), f"the key {key!r} is missing")
        return {
            key: self.converter.convert(node, known[key].type, (key,))
            for key, node in self.root.entries.items()
            if key in known and known[key].type is not Raw
        }

    def _keys(self, section: str) -> Iterator[tuple[str, Node]]:
        """The named parts of a section whose names are names."""
        node = self.root.entries.get(section)
        if not isinstance(node, Keys):
            if node is not None:
                self.converter.problem(node, (section,), "expected names, each with keys and values")
            return
        for key, value in node.entries.items():
            if self.converter.convert(node.keys[key], Name, (section,)) is not BAD:
                yield key, value

    def _list(self, node: Node | None, wanted: type[Struct], path: problems.Path) -> Iterator[tuple[int, Any]]:
        """The items that could be typed, each with its place."""
        if node is not None and not isinstance(node, Items):
            self.converter.problem(node, path, "expected a list")
        for place, item in enumerate(node.items if isinstance(node, Items) else ()):
            value = self.converter.struct(item, wanted, (*path, label(item, place)))
            if value is not BAD:
                yield place, value

    def _accounts(self) -> Iterator[tuple[int, AccountConfig]]:
        node = self.root.entries.get("accounts")
        if isinstance(node, Keys):
            for key in node.entries.keys() - {"open"}:
                self.converter.problem(node.keys[key], ("accounts",), unknown("key", key, ["open"]))
            yield from self._list(node.entries.get("open"), AccountConfig, ("accounts", "open"))
        elif node is not None:
            self.converter.problem(node, ("accounts",), "expected keys and values")

    # -- parts typed by a module

    def _endpoint(self, name: str, node: Node) -> None:
        """`adapter` and `format` say whose, `allow` loosens the format; all other keys are the adapter's Config."""
        path = ("endpoints", name)
        if not isinstance(node, Keys):
            self.converter.problem(node, path, "expected keys and values")
            return
        adapters, formats = tuple(self.draft.known.adapters()), ("auto", *self.draft.known.formats())
        adapter = self._choice(node, "adapter", adapters, path)
        format = self._choice(node, "format", formats, path)
        if not adapter:
            return
        rest = Keys({}, {}, node.file, node.line, node.column)
        for key, value in node.entries.items():
            if key not in OWN_KEYS:
                rest.put(node.keys[key], value)
        rules = self._rules(node, format, path)
        config = self.converter.convert(rest, self.draft.known.adapter_config(adapter), path)
        allow: Any = ()
        if "allow" in node.entries:
            allow = self.converter.convert(node.entries["allow"], tuple[str, ...], (*path, "allow"))
        if format and config is not BAD and allow is not BAD:
            self.draft.endpoints[name] = EndpointConfig(name, adapter, format, config, node.line, rules, allow)

    def _rules(self, node: Keys, format: str, path: problems.Path) -> tuple[str, ...]:
        """Rule sets by name; they are about ISO 20022 messages."""
        value = node.entries.get("rules")
        if value is None:
            return ()
        names = self.converter.convert(value, tuple[str, ...], (*path, "rules"))
        known = tuple(self.draft.known.rule_sets())
        for name in () if names is BAD else names:
            if name not in known:
                self.converter.problem(value, (*path, "rules"), unknown("rule set", name, known))
        if format not in ("", *RULED_FORMATS):
            self.converter.problem(value, (*path, "rules"), f"rule sets hold {', '.join(RULED_FORMATS)}, not {format}")
        return () if names is BAD else tuple(names)

    def _choice(self, node: Keys, key: str, known: Sequence[str], path: problems.Path) -> str:
        """The name that a key gives, when it is one of those known; else "" and a problem."""
        value = node.entries.get(key)
        if value is None:
            self.converter.problem(node, path, f"the key {key!r} is missing; known are {', '.join(known)}")
            return ""
        name = self.converter.convert(value, str, (*path, key))
        if name is BAD or name in known:
            return "" if name is BAD else str(name)
        self.converter.problem(value, (*path, key), unknown(key, name, known))
        return ""

    def _policy(self, name: str, node: Node) -> dict[str, Any]:
        """Check name -> that check's Options."""
        path = ("policies", name)
        if not isinstance(node, Keys):
            self.converter.problem(node, path, "expected names of checks, each with its options")
            return {}
        known = tuple(self.draft.known.checks())
        options: dict[str, Any] = {}
        for check, value in node.entries.items():
            if check not in known:
                self.converter.problem(node.keys[check], path, unknown("check", check, known))
                continue
            wanted = self.draft.known.check_options(check)
            options[check] = self.converter.convert(value, wanted, (*path, check))
            if wanted == Limits and isinstance(value, Keys):
                self._limits(value, options[check], (*path, check))
        return options

    def _limits(self, node: Keys, limits: Any, path: problems.Path) -> None:
        """Amounts by currency: known currencies, amounts of them, none below zero."""
        for currency, value in node.entries.items():
            units = limits[currency] if limits is not BAD else None
            if currency not in EXPONENTS:
                self.converter.problem(node.keys[currency], path, unknown("currency", currency, EXPONENTS))
            elif units is not None and (units < 0 or not is_amount(currency, units)):
                self.converter.problem(value, (*path, currency), f"{units} is not an amount of {currency}")


def _typed(section: Any) -> dict[str, Any]:
    """The parts of a section that are as they should be."""
    return {name: part for name, part in section.items() if part is not BAD} if isinstance(section, dict) else {}


# --- the checked configuration -----------------------------------------------------------------------


def _configuration(top: dict[str, Any], reader: _Reader, base: Path, environ: Mapping[str, str]) -> Configuration:
    draft = reader.draft
    store = secrets.masked(_store(top.pop("store"), base))
    config = Configuration(
        store=store,
        routes=tuple(route for _, route in draft.routes),
        endpoints=draft.endpoints,
        accounts=Accounts(tuple(account for _, account in draft.accounts)),
        policies=reader.policies,
        statements=tuple(statement for _, statement in draft.statements),
        reconcile=tuple(mirror for _, mirror in draft.mirrors),
        tests=tuple(test for _, test in draft.tests),
        base=base,
        state_folder=_state_folder(store, base, environ),
        **top,
    )
    return msgspec.structs.replace(config, generation_hash=meaning(config))


def _store(text: str, base: Path) -> str:
    """The store with a relative SQLite path made absolute; URLs are written in one way."""
    if text.startswith(("postgres:", "postgresql:")) or text == MEMORY:
        return text
    path = text.removeprefix("sqlite:").removeprefix("///") or "financial-os.db"
    return f"sqlite:{base / path}"


def _state_folder(store: str, base: Path, environ: Mapping[str, str]) -> Path:
    """Beside an SQLite store; else where systemd says; else `var` beside the configuration."""
    if store.startswith("sqlite:") and store != MEMORY:
        return Path(store.removeprefix("sqlite:")).parent
    state = environ.get("STATE_DIRECTORY", "").partition(":")[0]
    return Path(state) if state else base / "var"


def meaning(config: Configuration) -> str:
    """SHA-256 of what a configuration means: comments, order of keys, line numbers and secrets do not count."""
    left_out = msgspec.structs.replace(config, base=Path(), state_folder=Path(), generation_hash="")
    return hashlib.sha256(msgspec.json.encode(_plain(left_out), order="sorted")).hexdigest()


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, EndpointConfig):
        return [value.adapter, value.format, _plain(value.config), list(value.rules), list(value.allow)]
    if isinstance(value, Struct):
        return {name: _plain(one) for name, one in msgspec.structs.asdict(value).items()}
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    if isinstance(value, frozenset):
        return sorted(map(str, value))
    if isinstance(value, secrets.Secret):
        return "***"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return str(value) if isinstance(value, Path) else value
