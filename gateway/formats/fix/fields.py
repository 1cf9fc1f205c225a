"""Fields of a message as the readers of business messages want them.

Strategy: an entry of a repeating group begins with the group's first field, and what it holds is looked up within it,
so that one function reads every group. Where a message carries a deal (a replacement, a hit on a quote, a trade), its
fields are put under the tags of an order and read by the order's reader: one rule for symbols, quantities and prices.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from gateway.formats.fix.message import Message
from gateway.formats.fix.orders import order_of, refusal
from gateway.model import Extra, Order, Refusal

GROUP_ENTRIES_MAX = 1_000  # of one message: accounts of a block, symbols of a request
SESSION_FIELDS = frozenset(b"8 9 10 34 35 43 49 52 56 97 122".split())
_HEADER = frozenset(b"8 9 10 43 49 52 56 122".split())  # 34 and 35 are kept: a rejection names them

SESSION_FIELDS = frozenset(b"8 9 10 34 35 43 49 52 56 97 122".split())
_HEADER = frozenset(b"8 9 10 43 49 52 56 122".split())  # 34 and 35 are kept: a rejection names them


def text_of(message: Message, *tags: bytes) -> str:
    """The first of some fields that is given."""
    for tag in tags:
        if tag in message.fields:
            return message.fields[tag].decode("latin-1")
    return ""


def source_of(message: Message) -> str:
    return f"{text_of(message, b'8')}/{message.type.decode('latin-1')}"


def identity_of(message: Message, id: str, kind: str = "") -> str:
    """What must be unique: the counterparty and its name for this; orders and their changes share one space."""
    sender = text_of(message, b"49")
    return f"{sender}/{kind}/{id}" if kind else f"{sender}/{id}"


def extra_of(message: Message, *mapped: bytes) -> Extra:
    return tuple(
        (f"fix:{tag.decode('latin-1')}", value.decode("latin-1"))
        for tag, value in message.pairs()
        if tag not in _HEADER and tag not in mapped
    )


def group_of(message: Message, count: bytes, first: bytes) -> list[dict[str, str]] | Refusal:
    """The entries of a repeating group, each from its first field to the next one's; as many as `count` says."""
    found: list[dict[str, str]] = []
    begun = False
    for tag, value in message.pairs():
        if tag == count:
            begun = True
        elif begun and tag == first:
            found.append({})
        if found and tag != count:
            found[-1].setdefault(tag.decode("latin-1"), value.decode("latin-1"))
    said = message.fields.get(count, b"0")
    if not said.isdigit() or len(said) > 6 or int(said) != len(found) or len(found) > GROUP_ENTRIES_MAX:
        text = f"the group counted by {count.decode()} has {len(found)} entries; at most {GROUP_ENTRIES_MAX} are taken"
        return refusal(message, "wrong-group-count", "FF01", count, text)
    return found


def missing(message: Message, tag: bytes, what: str) -> Refusal:
    return refusal(message, "missing-field", "FF01", tag, f"{what} is missing")


def deal_of(message: Message, fields: Mapping[bytes, bytes]) -> Order | Refusal:
    """The deal in a message, read as an order whose tags are `fields` where they are given."""
    return order_of(msgspec.structs.replace(message, fields={**message.fields, **fields}))


def spans_of(message: Message, count: bytes, first: bytes) -> list[list[tuple[bytes, bytes]]]:
    """The fields of every entry of a group, in their order."""
    found: list[list[tuple[bytes, bytes]]] = []
    begun = False
    for tag, value in message.pairs():
        begun = begun or tag == count
        if begun and tag == first:
            found.append([])
        if found and tag not in SESSION_FIELDS:
            found[-1].append((tag, value))
    return found
