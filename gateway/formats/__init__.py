"""Formats, found by name: the name in routes.yaml is the module name.

Strategy: importing is the registry. `load` imports one format, `detect` asks each in turn, `writer` finds who
writes a message type.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from difflib import get_close_matches
from functools import cache
from typing import Any

from gateway.ports import Codec


@cache
def names() -> tuple[str, ...]:
    """All formats there are, in alphabetical order."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")))


@cache
def load(name: str) -> Codec:
    """The codec called `name`; ValueError when there is none."""
    if name not in names():
        raise ValueError(f"no format {name!r}; known are auto, {', '.join(names())}")
    codec: Codec = importlib.import_module(f"{__name__}.{name}").FORMAT
    return codec


def detect(head: bytes) -> Codec | None:
    """The format whose messages begin so; None when no format says yes."""
    return next((codec for codec in map(load, names()) if codec.detect(head)), None)


@cache
def rule_sets() -> dict[str, Any]:
    """Rule sets of market practice by name: what a format's module `rules` gives as `sets()`."""
    found: dict[str, Any] = {}
    for name in names():
        if importlib.util.find_spec(f"{__name__}.{name}.rules") is not None:
            sets = getattr(importlib.import_module(f"{__name__}.{name}.rules"), "sets", None)
            found |= sets() if sets is not None else {}
    return found


@cache
def writer(type: str) -> Codec:
    """The codec that writes messages of `type`; ValueError when none does."""
    for codec in map(load, names()):
        if type in codec.writes:
            return codec
    known = sorted(t for name in names() for t in load(name).writes)
    near = get_close_matches(type, known, 5, 0.5) or [t for t in known if not t[0].islower()]  # ISO 20022 has hundreds
    raise ValueError(f"no format writes {type!r}; near it are {', '.join(near)} ({len(known)} types in all)")
