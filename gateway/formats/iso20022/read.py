"""From an element to canonical records: one walk to (path, text), one pass through the table.

What stands in the group header or in the payment information and holds for each transaction is inherited by each.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from lxml import etree

from gateway.formats.iso20022 import mapping
from gateway.formats.iso20022.mapping import LISTS, Leaf
from gateway.model import (
    Account,
    Address,
    Agent,
    Birth,
    Charge,
    Extra,
    Identification,
    Instruction,
    Money,
    Party,
    Payment,
)

Leaves = dict[str, str]
NOTHING: frozenset[str] = frozenset()
Found = dict[str, dict[str, list[str]]]  # field -> attribute -> texts by occurrence
_INDEX = re.compile(r"\[(\d+)\]")
KNOWN_SCHEMES = frozenset({"BBAN", "CUID", "UPIC"})  # of accounts: written as codes, all else as proprietary
MEMO = 50_000  # parties, agents and accounts that come again are made once


def walk(element: etree._Element, space: int, skip: frozenset[str] = NOTHING) -> Leaves:
    """All leaves below an element, and their attributes; branches have none in ISO 20022.

    `space` is the length of `{namespace}`. Second siblings get [2], third [3].
    """
    out: Leaves = {}
    _walk(element, "", space, skip, out)
    return out


def _walk(element: etree._Element, prefix: str, space: int, skip: frozenset[str], out: Leaves) -> None:
    last, number = "", 0
    for child in element:
        tag = str(child.tag)[space:]
        if tag in skip:
            continue
        number = number + 1 if tag == last else 1  # the schema lets equal siblings stand only side by side
        last = tag
        path = prefix + tag if number == 1 else f"{prefix}{tag}[{number}]"
        if len(child):
            _walk(child, path + "/", space, NOTHING, out)
        else:
            for name, value in child.items():
                out[f"{path}/@{name!s}"] = str(value)
            if child.text:
                out[path] = child.text


@lru_cache(maxsize=100_000)
def plain(path: str) -> tuple[str, int]:
    """A path without its indexes, and the last index in it."""
    numbers = _INDEX.findall(path)
    return (_INDEX.sub("", path), int(numbers[-1])) if numbers else (path, 1)


def sort_leaves(leaves: Leaves, table: Mapping[str, Leaf]) -> tuple[Found, list[tuple[str, str]]]:
    """Leaves by field and attribute, and those that the table does not know."""
    found: Found = {}
    rest: list[tuple[str, str]] = []
    for path, text in leaves.items():
        leaf = table.get(path)
        number = 1
        if leaf is None:
            bare, number = plain(path)
            leaf = table.get(bare)
            if leaf is None or not _repeats(leaf[1], path):
                rest.append((path, text))
                continue
        texts = found.setdefault(leaf[0], {}).setdefault(leaf[1], [])
        while len(texts) < number - 1:
            texts.append("")
        texts.append(text)
    return found, rest


def _repeats(attribute: str, path: str) -> bool:
    """Whether a repeated element has room in the model: plain lists, and groups that have a record of their own."""
    if path.count("[") > 1:
        return False
    last = attribute.rpartition(".")[2]
    return last in LISTS or attribute.partition(".")[0] in (
        "organisation",
        "private",
        "charge",
        "for_creditor_agent",
        "for_next_agent",
    )


def one(texts: Mapping[str, list[str]], attribute: str) -> str:
    values = texts.get(attribute)
    return values[0] if values else ""


def address(texts: Mapping[str, list[str]], prefix: str = "address.") -> Address | None:
    own = {key[len(prefix) :]: values for key, values in texts.items() if key.startswith(prefix)}
    if not own:
        return None
    lines = tuple(own.pop("lines", ()))
    return Address(**{key: values[0] for key, values in own.items()}, lines=lines)


Key = tuple[tuple[str, tuple[str, ...]], ...]


def _memo(texts: Mapping[str, list[str]]) -> Key:
    return tuple((key, tuple(values)) for key, values in texts.items())


def party(texts: Mapping[str, list[str]]) -> Party:
    return _party(_memo(texts))


@lru_cache(MEMO)
def _party(key: Key) -> Party:
    texts = {name: list(values) for name, values in key}
    birth = None
    if "birth.date" in texts:
        birth = Birth(
            one(texts, "birth.date"),
            one(texts, "birth.city"),
            one(texts, "birth.country"),
            one(texts, "birth.province"),
        )
    ids = (*_identifications(texts, "organisation"), *_identifications(texts, "private"))
    return Party(
        one(texts, "name"),
        address(texts),
        one(texts, "bic"),
        one(texts, "lei"),
        ids,
        birth,
        one(texts, "country_of_residence"),
    )


def _identifications(texts: Mapping[str, list[str]], group: str) -> list[Identification]:
    def at(attribute: str, place: int) -> str:
        values = texts.get(f"{group}.{attribute}", ())
        return values[place] if place < len(values) else ""

    return [
        Identification(
            id,
            at("proprietary", place) or at("code", place),
            bool(at("proprietary", place)),
            at("issuer", place),
            group == "private",
        )
        for place, id in enumerate(texts.get(f"{group}.id", ()))
    ]


def agent(texts: Mapping[str, list[str]]) -> Agent:
    return _agent(_memo(texts))


@lru_cache(MEMO)
def _agent(key: Key) -> Agent:
    texts = {name: list(values) for name, values in key}
    return Agent(
        one(texts, "bic"),
        one(texts, "clearing_system"),
        one(texts, "clearing_member"),
        one(texts, "lei"),
        one(texts, "name"),
        address(texts),
        one(texts, "other_id"),
        one(texts, "branch"),
    )


def account(texts: Mapping[str, list[str]]) -> Account:
    iban = one(texts, "iban")
    scheme = "IBAN" if iban else one(texts, "code") or one(texts, "proprietary")
    return Account(
        iban or one(texts, "id"),
        scheme,
        one(texts, "currency"),
        one(texts, "name"),
        one(texts, "type"),
        one(texts, "issuer"),
    )


def charges(texts: Mapping[str, list[str]]) -> tuple[Charge, ...]:
    """ChrgsInf, one after the other; an amount that its currency does not have is left to the caller's check."""
    made = []
    for place, amount in enumerate(texts.get("charge.amount", ())):
        money = Money.parse(texts["charge.currency"][place], amount)
        own = {
            key[len("charge.agent.") :]: [values[place]]
            for key, values in texts.items()
            if key.startswith("charge.agent.") and place < len(values) and values[place]
        }
        if money is not None:
            made.append(Charge(money, agent(own) if own else None))
    return tuple(made)


def instructions(texts: Mapping[str, list[str]], group: str) -> tuple[Instruction, ...]:
    codes, free = texts.get(f"{group}.code", []), texts.get(f"{group}.text", [])
    return tuple(
        Instruction(codes[place] if place < len(codes) else "", free[place] if place < len(free) else "")
        for place in range(max(len(codes), len(free)))
    )


Make = Callable[[Mapping[str, list[str]]], Any]
_MAKERS: dict[str, Make] = {"party": party, "account": account, "agent": agent}
MAKERS: dict[str, Make] = {
    field: _MAKERS[kind] for kind, field in (*mapping.CUSTOMER.values(), *mapping.INSTITUTION.values())
}
# Attributes of the payment itself that are one text, and lists of texts.
TEXTS = (
    frozenset(
        attribute
        for attribute in (*mapping.INTERBANK.values(), *mapping.INITIATION.values())
        if "." not in attribute and not attribute.startswith(("amount", "instructed"))
    )
    - LISTS
)
# Attributes that are made of several leaves: the name of the record's field, and its maker.
GROUPS: dict[str, tuple[str, Callable[[Mapping[str, list[str]]], Any]]] = {
    "charge": ("charges", charges),
    "for_creditor_agent": ("instructions_for_creditor_agent", lambda own: instructions(own, "for_creditor_agent")),
    "for_next_agent": ("instructions_for_next_agent", lambda own: instructions(own, "for_next_agent")),
    "time": (
        "settlement_times",
        lambda own: tuple((key[5:], values[0]) for key, values in own.items() if key.startswith("time.")),
    ),
}


def build(
    found: Found,
    money: Money,
    instructed: Money | None,
    kind: str,
    place: str,
    source: str,
    extra: Extra,
    structured: Extra,
    underlying: Payment | None,
) -> Payment:
    """A payment from sorted leaves: only what was said is made."""
    fields: dict[str, Any] = {"instructed_amount": instructed, "extra": extra, "underlying": underlying}
    if structured:
        fields["remittance_structured"] = structured
    numbered: dict[str, dict[int, Any]] = {}
    for name, texts in found.items():
        if not name:
            _own_fields(texts, fields)
        elif "." in name:
            field, _, number = name.partition(".")
            numbered.setdefault(field, {})[int(number)] = MAKERS[name](texts)
        else:
            fields[name] = MAKERS[name](texts)
    for field, made in numbered.items():
        fields[field] = _in_order(field, made)
    return Payment(kind, money, place, source, **fields)


def _own_fields(own: Mapping[str, list[str]], fields: dict[str, Any]) -> None:
    """What is said of the payment itself."""
    for attribute, texts in own.items():
        if attribute in TEXTS:
            fields[attribute] = texts[0]
        elif attribute in LISTS:
            fields[attribute] = tuple(texts)
        else:
            group = GROUPS.get(attribute.partition(".")[0])
            if group is not None and group[0] not in fields:
                fields[group[0]] = group[1](own)


def _in_order(field: str, made: Mapping[int, Any]) -> tuple[Any, ...]:
    """First, second, third. Where one is not given, an agent of whom nothing is known, or no account, stands for it."""
    gap = Agent() if field in ("intermediary_agents", "previous_agents") else None
    return tuple(made.get(number, gap) for number in range(max(made) + 1))


def split_rest(rest: Iterable[tuple[str, str]]) -> tuple[Extra, Extra]:
    """What the table does not know: structured remittance, and everything else as `iso:` extras."""
    structured, extra = [], []
    for path, text in rest:
        if path.startswith("RmtInf/"):
            structured.append((path[len("RmtInf/") :], text))
        else:
            extra.append((f"iso:{path}", text))
    return tuple(extra), tuple(structured)
