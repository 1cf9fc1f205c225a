"""Every type but the transfers with a table of their own: from the grammar to the record that the type becomes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import structs

from gateway.formats.mt import cheques, said, several, statements
from gateway.formats.mt.blocks import Message
from gateway.formats.mt.family_rules import broken_rule, unled
from gateway.formats.mt.grammar import Level, walk
from gateway.formats.mt.meaning import Fault
from gateway.formats.mt.messages import grammar
from gateway.formats.mt.rules import Broken
from gateway.model import Agent, Extra, Record, Refusal

MANY = frozenset(several.READERS)


def records(message: Message, prefix: str, header: Extra, bic: Callable[[str], str]) -> list[Record | Refusal]:
    """The records of a message whose headers are right. Raises Fault for the first thing that is wrong."""
    type, fields = message.type, message.fields
    sender, receiver = bic(message.sender), bic(message.receiver)
    extra = [*header, *((f"mt:{{{tag}}}", text) for tag, text in message.headers.items() if tag != "121")]
    reference = next((value for tag, value in fields if tag == "20"), "").partition("\n")[0]
    place, identity = f"{prefix}:20:{reference}", f"{sender[:8]}/{reference}" if reference else ""
    parts: dict[str, Any] = {"assigner": Agent(sender), "assignee": Agent(receiver)}
    found = grammar(type)
    if "MT" + type in cheques.ISO_TYPES:
        made = said.document([], type, place, identity, parts, [*extra, *cheques.extras("MT" + type, fields)])
        return [structs.replace(made, id=reference[:35])]
    if found is None:
        return [said.document(fields, type, place, identity, parts, extra)]
    _kept(unled(type, fields))
    level = walk(fields, found, f"MT{type}")
    _kept(broken_rule(type, level))
    if type in MANY:
        common = {
            "uetr": message.headers.get("121", ""),
            "instructing_agent": Agent(sender),
            "instructed_agent": Agent(receiver),
        }
        return list(several.payments(level, type, prefix, common, extra))
    return _said(type, level, place, identity, parts, extra, message.headers.get("121", ""))


def _kept(broken: Broken | None) -> None:
    """Raise for a rule that is not."""
    if broken is not None:
        raise Fault(broken[0], "FF01", broken[1], broken[2])


def _said(
    type: str, level: Level, place: str, identity: str, parts: dict[str, Any], extra: list[tuple[str, str]], uetr: str
) -> list[Record | Refusal]:
    if type in ("900", "910"):
        return [statements.confirmation(level, type, place, identity, extra, uetr)]
    if type in statements.KINDS:
        return [statements.statement(level, type, place, identity, extra)]
    ends = (parts["assigner"], parts["assignee"])
    if type == "210":
        return list(said.receipts(level, place, identity, extra, uetr, ends))
    if type == "920":
        return list(said.requests(level, place, identity, extra, ends))
    return [*said.records(level, type, place, identity, parts, extra, uetr)]
