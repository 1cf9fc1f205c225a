"""Every type but the transfers with a table of their own: from the grammar to the record that the type becomes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import structs

from gateway.formats.mt import cheques, entries, said, several, statements
from gateway.formats.mt.blocks import Message, fields_of
from gateway.formats.mt.family_rules import broken_rule, unled
from gateway.formats.mt.grammar import Level, walk
from gateway.formats.mt.meaning import Fault
from gateway.formats.mt.messages import grammar
from gateway.formats.mt.rules import Broken
from gateway.model import Agent, Extra, Record, Refusal

# Statements with lines, and the field behind which these stand.
_ENTRIES = {"940": ("60F", "60M"), "950": ("60F", "60M"), "942": ("13D",)}
MANY = frozenset(several.READERS)
# What has no payment of its own, and so keeps {121:} as it stands.
_UNTRACED = frozenset(("110", "111", "112", "920", "940", "941", "942", "950"))


def records(message: Message, prefix: str, header: Extra, bic: Callable[[str], str]) -> list[Record | Refusal]:
    """The records of a message whose headers are right. Raises Fault for the first thing that is wrong."""
    type = message.type
    booked, fields = _lines(message) if type in _ENTRIES else ([], message.fields)
    sender, receiver = bic(message.sender), bic(message.receiver)
    found = grammar(type)
    traced = found is not None and type not in _UNTRACED
    kept = (pair for pair in message.headers.items() if pair[0] != "121" or not traced)
    extra = [*header, *((f"mt:{{{tag}}}", text) for tag, text in kept)]
    reference = next((value for tag, value in fields if tag == "20"), "").partition("\n")[0]
    place, identity = f"{prefix}:20:{reference}", f"{sender[:8]}/{reference}" if reference else ""
    parts: dict[str, Any] = {"assigner": Agent(sender), "assignee": Agent(receiver)}
    if "MT" + type in cheques.ISO_TYPES:
        made = said.document([], type, place, identity, parts, [*extra, *cheques.extras("MT" + type, fields)])
        return [structs.replace(made, id=reference[:35])]
    if found is None:
        return [said.document(fields, type, place, identity, parts, extra)]
    _hold(unled(type, fields))
    level = walk(fields, found, f"MT{type}")
    _hold(broken_rule(type, level))
    if type in MANY:
        common = {
            "uetr": message.headers.get("121", ""),
            "instructing_agent": Agent(sender),
            "instructed_agent": Agent(receiver),
        }
        return list(several.payments(level, type, prefix, common, extra))
    if type in statements.KINDS and type not in ("900", "910"):
        return [statements.statement(level, type, place, identity, extra, booked)]
    return _said(type, level, place, identity, parts, extra, message.headers.get("121", ""))


def _lines(message: Message) -> tuple[list[entries.Groups], list[tuple[str, str]]]:
    """The entries of a statement, taken out of the text at once where all have their format, and the other fields."""
    text = message.lines
    found, before, after = entries.taken(text, entries.STANDARD_PAIR)
    lead = before[before.rfind("\n:") + 2 :].partition(":")[0]
    if not found or lead not in _ENTRIES[message.type] or (message.type == "950" and any(one[-1] for one in found)):
        return [], fields_of(text)  # each field for itself, so that what is wrong is named
    return found, fields_of(before + after)


def _hold(broken: Broken | None) -> None:
    """Raises Fault for a rule that is broken."""
    if broken is not None:
        raise Fault(broken[0], "FF01", broken[1], broken[2])


def _said(
    type: str, level: Level, place: str, identity: str, parts: dict[str, Any], extra: list[tuple[str, str]], uetr: str
) -> list[Record | Refusal]:
    if type in ("900", "910"):
        return [statements.confirmation(level, type, place, identity, extra, uetr)]
    ends = (parts["assigner"], parts["assignee"])
    if type == "210":
        return list(said.receipts(level, place, identity, extra, uetr, ends))
    if type == "920":
        return list(said.requests(level, place, identity, extra, ends))
    return [*said.records(level, type, place, identity, parts, extra, uetr)]
