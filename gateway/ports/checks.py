"""Checks: a rule sees a batch and speaks only when it objects."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

from msgspec import Struct

from gateway.model import Record


class Finding(Struct, frozen=True, gc=False):
    """What a check has to say of one record; kept with the payment as a decision."""

    check: str  # "screen", "limits"
    outcome: Literal["hold", "refuse", "record"]
    code: str  # "sanctions-hit", "over-limit"
    reason: str  # ISO 20022 code told to the sender: RR04, AM02
    text: str  # what the sender may know
    detail: str = ""  # what only the operator sees: list entry, matched name
    score: float = 0.0
    evidence: str = ""  # hash of the list or rule set that decided


class Check(Protocol):
    """A rule sees the batch and speaks only when it objects. Stateless: same records, same findings."""

    def __call__(self, records: Sequence[Record]) -> list[tuple[int, Finding]]: ...


class Builder(Protocol):
    """`build` of a check's module; relative paths are below `base`. Raises ValueError with a sentence."""

    def __call__(self, options: Any, base: Path) -> Check: ...
