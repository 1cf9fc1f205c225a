"""Checks, found by name: the name in a policy of routes.yaml is the module name.

Strategy: importing is the registry. A policy runs each of its checks once over all records of a batch; modules
whose names begin with an underscore are what checks are made of.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from gateway.compliance._lists import Listed, read
from gateway.compliance._matcher import Hit
from gateway.model import Record
from gateway.ports import Check, Finding

NOTHING: tuple[Finding, ...] = ()


@cache
def names() -> tuple[str, ...]:
    """All checks there are, in alphabetical order."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")))


def load(name: str) -> ModuleType:
    """The module of a check, with `Options` and `build`; ValueError when there is none."""
    if name not in names():
        raise ValueError(f"no check {name!r}; known are {', '.join(names())}")
    return importlib.import_module(f"{__name__}.{name}")


def policy(name: str, options: Mapping[str, Any], base: Path) -> Callable[[Sequence[Record]], list[Sequence[Finding]]]:
    """A policy: check name -> that check's Options. Raises ValueError with a sentence (a list that cannot be read)."""
    checks: list[Check] = []
    for check, chosen in options.items():
        try:
            checks.append(load(check).build(chosen, base))
        except (ValueError, OSError) as error:
            raise ValueError(f"policies.{name}.{check}: {error}") from error

    def run(records: Sequence[Record]) -> list[Sequence[Finding]]:
        found: list[Sequence[Finding]] = [NOTHING] * len(records)
        for check in checks:
            for place, finding in check(records):
                found[place] = (*found[place], finding)
        return found

    return run


def screen_names(names: Sequence[str], lists: Sequence[str], threshold: float) -> list[dict[str, Any]]:
    """Hits for names typed by a person, best first: score, list entry, and which words matched how."""
    listed = read(lists, Path())
    return [_shown(name, hit, listed) for name in names for hit in listed.matcher.hits(name, threshold)]


def _shown(name: str, hit: Hit, listed: Listed) -> dict[str, Any]:
    entry = listed.entries[hit.place]
    return {
        "name": name,
        "score": round(hit.score, 3),
        "entry": entry.id,
        "listed_name": entry.name,
        "kind": entry.kind,
        "weak_alias": entry.weak,
        "list": entry.list,
        "programme": entry.programme,
        "why": [f"{pair.query} ~ {pair.listed} {pair.likeness:.2f}" for pair in hit.pairs],
    }
