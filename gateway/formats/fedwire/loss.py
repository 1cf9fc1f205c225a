"""What a FAIM message would lose of a payment, found by reading the written message again.

Strategy: both payments are flattened to paths and texts. A path whose text came back is carried; one whose text stands
elsewhere is carried there; everything else is a loss, told by its canonical name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from gateway.formats.fedwire.meaning import FAMILY
from gateway.model import Loss, Payment

# Said by the head of the message, by where it stands or by the service itself.
NOT_COMPARED = frozenset(
    "place source scheme identity kind settlement_method clearing_system clearing_reference instructing_agent".split()
)
# Texts that are one text in several lines.
_LINES = re.compile(r"(.*(?:remittance|lines|instructions_for_\w+))\[\d+\](?:\.text)?\Z")
_STRUCTURED = re.compile(r"(?:underlying\.)?remittance_structured\Z")
PART_MIN = 4  # characters of a text that must have come back for it to count as cut, not lost


def compared(before: Payment, after: Payment) -> list[Loss]:
    """Every leaf of `before` that `after` does not say."""
    old, new = dict(flat(before)), dict(flat(after))
    joined_old, joined_new = _joined(old), _joined(new)
    elsewhere = {text for text in new.values() if len(text) > 2}
    losses: dict[str, Loss] = {}
    for path, text in old.items():
        if new.get(path) == text or _implied(path, text, new):
            continue
        line = _LINES.match(path)
        if line and joined_old[line[1]] == joined_new.get(line[1]):
            losses.setdefault(line[1], Loss(line[1], "the same text in lines of another length", "info"))
            continue
        losses[path] = _loss(path, text, new.get(path, ""), elsewhere)
    return list(losses.values())


def _implied(path: str, text: str, new: Mapping[str, str]) -> bool:
    """What the other side says by saying nothing."""
    return (
        (path == "charge_bearer" and text == "SHAR" and path not in new)
        or text == "NOTPROVIDED"
        or (path == "priority" and text == "NORM")
        or text == ""
    )


def _loss(path: str, text: str, found: str, elsewhere: set[str]) -> Loss:
    if text in elsewhere:
        return Loss(path, "carried, but in another field", "info")
    if found and len(found) == len(text) and path not in ("settlement_date", "uetr"):
        return Loss(path, "letters that FAIM does not have are written otherwise", "info")
    if len(found) >= PART_MIN and text.startswith(found[:PART_MIN]):
        return Loss(path, f"{len(text)} characters, the element takes {len(found)}", "truncated")
    return Loss(path, "the message has no place for it")


def _joined(leaves: Mapping[str, str]) -> dict[str, str]:
    groups: dict[str, str] = {}
    for path, text in leaves.items():
        if line := _LINES.match(path):
            groups[line[1]] = groups.get(line[1], "") + text.replace(" ", "")
    return groups


def flat(payment: Payment) -> Iterator[tuple[str, str]]:
    """Paths and texts of everything that a payment says."""
    yield from _walk(msgspec.to_builtins(payment), "")


def _walk(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "type" and not path:
                continue
            if path in ("", "underlying") and (name in NOT_COMPARED or (path and name == "amount")):
                continue
            yield from _walk(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list | tuple):
        if path.endswith("extra"):
            yield from _extra(value)
        elif path.endswith("original") or _STRUCTURED.match(path):
            yield from ((f"{path}.{name}", text) for name, text in value)
        else:
            for number, inner in enumerate(value):
                yield from _walk(inner, f"{path}[{number}]")
    elif value not in (None, ""):
        yield path, str(value)


def _extra(pairs: Any) -> Iterator[tuple[str, str]]:
    for path, text in pairs:
        family, _, rest = path.partition(":")
        if f"{family}:" == FAMILY or not rest.startswith(("header", "{")):
            yield path, text
