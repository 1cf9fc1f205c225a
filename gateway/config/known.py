"""What names in routes.yaml may name: adapters, formats, checks, message types.

Strategy: the name is the module name, so looking one up is importing it. Modules are named here as texts: the
configuration depends on none of them. Tests and other programs give a `Known` of their own.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from functools import cache
from typing import Any, Protocol


class Known(Protocol):
    """What there is, by name; types are annotations that `convert` reads, mostly records."""

    def adapters(self) -> Iterable[str]: ...
    def adapter_config(self, name: str) -> Any: ...
    def formats(self) -> Iterable[str]: ...
    def checks(self) -> Iterable[str]: ...
    def check_options(self, name: str) -> Any: ...
    def writes(self) -> Iterable[str]: ...
    def rule_sets(self) -> Iterable[str]: ...


class Modules:
    """The modules of this program."""

    def adapters(self) -> tuple[str, ...]:
        """Modules of `adapters` that have a Config and a Door."""
        return _having("adapters", "Config", "Door")

    def adapter_config(self, name: str) -> Any:
        return importlib.import_module(f"adapters.{name}").Config

    def formats(self) -> tuple[str, ...]:
        return tuple(importlib.import_module("gateway.formats").names())

    def checks(self) -> tuple[str, ...]:
        """Modules of `gateway.compliance` that have Options and build."""
        return _having("gateway.compliance", "Options", "build")

    def check_options(self, name: str) -> Any:
        return importlib.import_module(f"gateway.compliance.{name}").Options

    def writes(self) -> frozenset[str]:
        """Message types that some format writes."""
        formats = importlib.import_module("gateway.formats")
        return frozenset(type for name in formats.names() for type in formats.load(name).writes)

    def rule_sets(self) -> tuple[str, ...]:
        """Sets of rules of market practice, such as cbpr-2026."""
        return tuple(sorted(importlib.import_module("gateway.formats").rule_sets()))


@cache
def _having(package: str, *wanted: str) -> tuple[str, ...]:
    """Names of the modules of a package that have everything wanted."""
    path = importlib.import_module(package).__path__
    names = sorted(found.name for found in pkgutil.iter_modules(path) if not found.name.startswith("_"))
    modules = ((name, importlib.import_module(f"{package}.{name}")) for name in names)
    return tuple(name for name, module in modules if all(hasattr(module, part) for part in wanted))
