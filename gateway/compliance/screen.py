"""Sanctions screening: the names in a payment against lists; a hit holds the payment for a person.

Strategy: the names of a payment are asked one by one of a matcher that remembers names it was asked before; of
several hits the best is told. What the sender is told must not give the hit away.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.compliance._lists import Listed, read
from gateway.compliance._matcher import Hit
from gateway.compliance._words import NAME_CHARACTERS_MAX
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
    "debtor_agent",
    "creditor_agent",
]
ROLES: tuple[Role, ...] = (
    "debtor",
    "creditor",
    "ultimate_debtor",
    "ultimate_creditor",
    "debtor_institution",
    "creditor_institution",
    "debtor_agent",
    "creditor_agent",
)


class Options(Struct, frozen=True, forbid_unknown_fields=True):
    """`lists`: files or folders. `threshold`: .80 is useful. `parties`: whose names. `hold`: false only records."""

    lists: Annotated[tuple[str, ...], Meta(min_length=1)]
    threshold: Annotated[float, Meta(gt=0.5, le=1.0)] = 0.80
    parties: Annotated[tuple[Role, ...], Meta(min_length=1)] = ROLES
    hold: bool = True


def build(options: Options, base: Path) -> Check:
    """The check; lists are read and indexed here, once per set of bytes."""
    listed = read(options.lists, base)
    find = listed.matcher.screener(options.threshold)
    names = _Names(options.parties)

    def check(records: Sequence[Record]) -> list[tuple[int, Finding]]:
        found = []
        for place, record in enumerate(records):
            if isinstance(record, Payment):
                best: tuple[Hit, str] | None = None
                for role, name in names.of(record):
                    hit = find(name[:NAME_CHARACTERS_MAX])
                    if hit is not None and (best is None or hit.score > best[0].score):
                        best = hit, role
                if best is not None:
                    found.append((place, _finding(*best, listed, options.hold)))
        return found

    return check


class _Names:
    """Who is named in a payment, of the roles that are looked at; also in the transfer inside a cover payment."""

    def __init__(self, roles: Sequence[Role]) -> None:
        self._roles = roles
        self._parties = attrgetter(*roles, "kind")  # never one alone: always a tuple

    def of(self, payment: Payment | None) -> Iterator[tuple[str, str]]:
        while payment is not None:
            for role, party in zip(self._roles, self._parties(payment), strict=False):
                if party is not None and party.name:
                    yield role, party.name
            payment = payment.underlying


def _finding(hit: Hit, role: str, listed: Listed, hold: bool) -> Finding:
    entry = listed.entries[hit.place]
    what = ", ".join(filter(None, (entry.kind, entry.programme, "weak alias" if entry.weak else "")))
    why = ", ".join(f"{pair.query} = {pair.listed} {pair.likeness:.2f}" for pair in hit.pairs)
    detail = f"{role} ~ {entry.list} entry {entry.id}: {entry.name} ({what}); {why}"
    outcome: Literal["hold", "record"] = "hold" if hold else "record"
    return Finding(
        "screen", outcome, "sanctions-hit", "RR04", "held for review", detail, round(hit.score, 4), listed.hash
    )
