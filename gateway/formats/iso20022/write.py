"""From canonical records to messages.

Strategy: each record is laid out by level of its message (`layout`), each level is printed by a template that is
made once for a set of paths (`plan`). Records of one message share what stands above them: those of one group
(`settlement`) have the same body, neighbours with the same payment information share it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from msgspec import Struct

from gateway.formats.iso20022.kinds import FAMILIES, Kind, kind_of
from gateway.formats.iso20022.kinds import types as installed
from gateway.formats.iso20022.layout import Laid, Leaves, escape, fill, lay_out, printed, stamp
from gateway.formats.iso20022.read import Record
from gateway.formats.iso20022.xml import NAMESPACE
from gateway.model import Loss, Notice, Payment, Refusal
from gateway.ports import Writing

__all__ = ["escape", "fitted", "message", "refusal", "settlement", "stamp"]

# What a message carries beside the kind that it is read as.
CARRIES: dict[str, frozenset[str]] = {
    "pacs.008": frozenset({"credit_transfer", "equivalent_transfer", "payment_request", "prenote"}),
    "pain.001": frozenset({"credit_transfer", "equivalent_transfer", "payment_request"}),
    "pain.013": frozenset({"credit_transfer", "equivalent_transfer", "payment_request"}),
    "pacs.002": frozenset({"payment_status", "group_status"}),
    "pain.002": frozenset({"payment_status", "group_status"}),
    "camt.026": frozenset({"query", "unable_to_apply"}),
    "camt.027": frozenset({"query", "claim_non_receipt"}),
    "camt.087": frozenset({"query", "modification_request"}),
    "admi.007": frozenset({"receipt", "acknowledgement"}),
}

# Documents of FIN that stand under the paths of a type: advices of cheques, stop requests and answers.
DOCUMENTS = {"MT110": "camt.107", "MT111": "camt.108", "MT112": "camt.109"}


class Fitted(Struct, frozen=True):
    """A record laid out for a type, with what that loses and what the type would still miss."""

    laid: Laid
    losses: tuple[Loss, ...]
    missing: str


RECENT_MAX = 4_096  # records laid out for `fit` that `encode` will ask for in the same batch
_recent: dict[int, tuple[Record, str, Fitted]] = {}


def refusal(record: Record, type: str) -> Refusal | None:
    """Why a type cannot carry a record at all; None when it can."""
    kind = kind_of(type)
    reference = record.end_to_end_id if isinstance(record, Payment) else record.id
    if kind is None:
        text = f"no schema for {type} is installed"
        return Refusal("unsupported-type", "FF01", record.place, text, reference)
    if not _carries(record, kind):
        return Refusal("wrong-kind", "FF01", record.place, f"{type} does not carry a {record.kind}", reference)
    missing = fitted(record, type).missing
    if missing:
        text = f"{type} asks for {missing}, and the record does not say it"
        return Refusal("incomplete", "FF01", record.place, text, reference)
    return None


def _carries(record: Record, kind: Kind) -> bool:
    family = kind.family
    if isinstance(record, Notice) and record.kind == "document":
        return DOCUMENTS.get(record.source, record.source[:8]) == kind.type[:8]
    if isinstance(record, Notice) and family.record is Payment:
        return record.kind in (family.outer, family.kind) and record.source[:8] == kind.type[:8]
    if not isinstance(record, family.record):
        return False
    return record.kind == family.kind or record.kind in CARRIES.get(kind.type[:8], frozenset())


def fitted(record: Record, type: str) -> Fitted:
    """The record laid out. Not to be changed."""
    found = _recent.get(id(record))
    if found is not None and found[0] is record and found[1] == type:
        return found[2]
    if len(_recent) >= RECENT_MAX:
        _recent.clear()
    made = _fit(record, type)
    _recent[id(record)] = (record, type, made)
    return made


def _fit(record: Record, type: str) -> Fitted:
    kind = kind_of(type)
    assert kind is not None, f"no schema of {type}"
    laid = lay_out(record, kind)
    fill(laid, kind)
    return Fitted(laid, tuple(laid.losses.values()), laid.missing)


def settlement(record: Record, type: str) -> str:
    """What stands in the body, as one text: records of one message have the same."""
    return "\0".join(f"{path}={text}" for path, text in fitted(record, type).laid.levels[0].items())


def message(records: Sequence[Record], type: str, writing: Writing) -> bytes:
    """A whole message. Records of one message share one body: what the first says of it goes."""
    kind = kind_of(type)
    assert kind is not None, f"no schema of {type}"
    laid = [fitted(record, type).laid for record in records]
    now = stamp(writing.now_ns)
    special = (escape(writing.message_id), now, now[:10], str(sum(one.depth == kind.depth for one in laid)))
    body = _level(kind, 0, laid, kind.body, special)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{NAMESPACE}{type}">{body}</Document>\n'.encode()


def _level(kind: Kind, level: int, laid: Sequence[Laid], name: str, special: Sequence[str]) -> str:
    """One element of the spine with what stands below it."""
    leaves: Leaves = {}
    for one in laid:
        for path, text in one.levels[level].items():
            leaves.setdefault(path, text)
    slots: Leaves = {}
    if level == kind.depth:
        inner = [text for one in laid for text in one.inner]
        if inner:
            slots["Ntry"] = "".join(inner)
    else:
        below = [one for one in laid if one.depth > level]
        if below:
            step = kind.family.spine[level]
            groups = _groups(kind, below, level)
            slots[step] = "".join(_level(kind, level + 1, group, step, special) for group in groups)
    return printed(laid[0], kind, kind.levels[level], leaves, slots, name, special=special).rstrip("\n") + "\n" * (
        level > 0
    )


def _groups(kind: Kind, laid: Sequence[Laid], level: int) -> Iterator[Sequence[Laid]]:
    """The records of each element of the spine below a level: each its own, or neighbours that say the same of it."""
    step = kind.family.spine[level]
    level += 1
    if kind.shape.children(kind.levels[level - 1])[step].most == 1:
        yield laid
        return
    if level == kind.depth:
        yield from ([one] for one in laid)
        return
    for _, group in groupby(laid, key=lambda one: one.levels[level] if one.depth > level else id(one)):
        yield list(group)


def types() -> tuple[str, ...]:
    """Types that records are written as: all of which a schema is installed, those with a table first."""
    return tuple(sorted(installed(), key=lambda type: type[:8] not in FAMILIES))
