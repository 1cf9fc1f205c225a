"""Sanctions screening: the names in a payment against lists; a hit holds the payment for a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.compliance._lists import Listed, read
from gateway.compliance._matcher import Matcher
from gateway.model import Payment, Record
from gateway.ports import Check, Finding

Role = Literal[
    "debtor",
    "creditor",
    "ultimate_debtor",
    "ultimate_creditor",
    "initiating_party",
    "debtor_institution",
    "creditor_institution",
]
ROLES: tuple[Role, ...] = (
    "debtor",
    "creditor",
    "ultimate_debtor",
    "ultimate_creditor",
    "debtor_institution",
    "creditor_institution",
)


class Options(Struct, frozen=True, forbid_unknown_fields=True):
    """`lists`: files or folders. `threshold`: 0 to 1; .80 is useful, graded above. `parties`: whose names."""

    lists: Annotated[tuple[str, ...], Meta(min_length=1)]
    threshold: Annotated[float, Meta(gt=0.5, le=1.0)] = 0.80
    parties: tuple[Role, ...] = ROLES


@lru_cache(maxsize=4)
def _index(listed: Listed) -> Matcher:
    return Matcher([entry.name for entry in listed.entries])


def build(options: Options, base: Path) -> Check:
    """The check; lists are read and indexed here, once per set of bytes."""
    listed = read(options.lists, base)
    matcher = _index(listed)

    def check(records: Sequence[Record]) -> list[tuple[int, Finding]]:
        found = []
        for place, record in enumerate(records):
            if isinstance(record, Payment):
                finding = _screen(record, matcher, listed, options)
                if finding is not None:
                    found.append((place, finding))
        return found

    return check


def _screen(payment: Payment, matcher: Matcher, listed: Listed, options: Options) -> Finding | None:
    best: tuple[float, str, int] | None = None
    for role, name in _names(payment, options.parties):
        hit = matcher.best(name)
        if hit is not None and hit.score >= options.threshold and (best is None or hit.score > best[0]):
            best = hit.score, role, hit.place
    if best is None:
        return None
    entry = listed.entries[best[2]]
    detail = f"{best[1]} ~ {entry.list} entry {entry.id}: {entry.name}"
    # What the sender is told must not give the hit away.
    return Finding("screen", "hold", "sanctions-hit", "RR04", "held for review", detail, round(best[0], 4), listed.hash)


def _names(payment: Payment, roles: Sequence[Role]) -> Iterator[tuple[str, str]]:
    for role in roles:
        party = getattr(payment, role)
        if party is not None and party.name:
            yield role, party.name
    if payment.underlying is not None:
        yield from _names(payment.underlying, roles)
