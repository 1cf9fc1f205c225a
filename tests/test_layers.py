"""Imports point one way: what a folder may import is written here and compared with what it does import."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.support import ROOT

# What the steps of the way of a batch stand on.
BELOW = (
    "gateway.addresses",
    "gateway.addressing",
    "gateway.formats",
    "gateway.model",
    "gateway.ports",
    "gateway.repeats",
    "gateway.routing",
    "gateway.settlement",
)
# Folder or module -> what of ours it may import. Longest prefix wins; itself is always allowed.
MAY: dict[str, tuple[str, ...]] = {
    "gateway.model": (),
    "gateway.ports": ("gateway.model",),
    "gateway.addresses": ("gateway.model",),
    "gateway.formats": ("gateway.model", "gateway.ports"),
    "gateway.formats.sepa": ("gateway.model", "gateway.ports", "gateway.formats.iso20022"),
    "gateway.compliance": ("gateway.model", "gateway.ports"),
    "gateway.routing": ("gateway.model", "gateway.ports"),
    "gateway.settlement": ("gateway.model", "gateway.ports"),
    "gateway.repeats": ("gateway.model", "gateway.ports"),
    "gateway.security": ("gateway.model", "gateway.ports"),
    "gateway.telemetry": ("gateway.model", "gateway.ports"),
    "gateway.store": ("gateway.model", "gateway.ports"),
    "gateway.config": (
        "gateway.model",
        "gateway.ports",
        "gateway.routing",
        "gateway.settlement",
        "gateway.statements.rules",
    ),
    "gateway.addressing": ("gateway.addresses", "gateway.model", "gateway.ports"),
    "gateway.planning": (
        "gateway.addresses",
        "gateway.addressing",
        "gateway.model",
        "gateway.ports",
        "gateway.routing",
        "gateway.settlement",
        "gateway.statements.rules",
    ),
    "gateway.entries": (*BELOW, "gateway.planning"),
    "gateway.settling": (*BELOW, "gateway.planning", "gateway.entries", "gateway.covers"),
    "gateway.covers": (*BELOW, "gateway.planning", "gateway.entries"),
    "gateway.conversations": (*BELOW, "gateway.planning", "gateway.entries", "gateway.settling"),
    "gateway.statements": (*BELOW, "gateway.planning", "gateway.entries"),
    "gateway.statements.rules": ("gateway.model", "gateway.ports", "gateway.settlement"),
    "gateway.operations": (
        *BELOW,
        "gateway.planning",
        "gateway.entries",
        "gateway.settling",
        "gateway.trading",
        "gateway.statements",
        "gateway.conversations",
    ),
    "gateway.trading": (*BELOW, "gateway.planning", "gateway.entries", "gateway.settling"),
    "gateway.pipeline": (
        *BELOW,
        "gateway.planning",
        "gateway.entries",
        "gateway.settling",
        "gateway.operations",
        "gateway.trading",
        "gateway.statements",
        "gateway.conversations",
    ),
    "adapters": ("gateway.model", "gateway.ports"),
}
# `routing.graph` draws a whole configuration, and needs nothing of it but its shape.
EXCEPTIONS = {("gateway.routing.graph", "gateway.config")}


def modules() -> list[Path]:
    return [path for folder in ("gateway", "adapters") for path in sorted((ROOT / folder).rglob("*.py"))]


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.split(".")[0] in ("gateway", "adapters")}


def rule(module: str) -> tuple[str, tuple[str, ...]] | None:
    fitting = [prefix for prefix in MAY if module == prefix or module.startswith(prefix + ".")]
    best = max(fitting, key=len, default=None)
    return (best, MAY[best]) if best is not None else None


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_imports_point_one_way(path: Path) -> None:
    module = name_of(path)
    found = rule(module)
    if found is None:
        return  # the composition root, the command and what they share may import everything
    own, allowed = found
    for imported in imports(path):
        fine = any(imported == p or imported.startswith(p + ".") for p in (own, *allowed))
        fine = fine or any(module == m and imported.startswith(p) for m, p in EXCEPTIONS)
        assert fine, f"{module} imports {imported}; it may import {', '.join(allowed) or 'nothing of ours'}"
