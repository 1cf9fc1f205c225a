"""From an element to canonical records: one walk to (path, text), one pass through the table.

What stands in the group header or in the payment information and holds for each transaction is inherited by each.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import TypeVar

from lxml import etree

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


T = TypeVar("T")


def optional(texts: Mapping[str, list[str]] | None, make: Callable[[Mapping[str, list[str]]], T]) -> T | None:
    """A record when something was said for it."""
    return make(texts) if texts else None


def in_order(found: Found, field: str, make: Callable[[Mapping[str, list[str]]], T]) -> tuple[T | None, ...]:
    """A tuple of up to three agents or accounts; gaps become None, trailing ones vanish."""
    made = [make(found[key]) if (key := f"{field}.{n}") in found else None for n in range(3)]
    while made and made[-1] is None:
        made.pop()
    return tuple(made)


def without_gaps(agents: tuple[Agent | None, ...]) -> tuple[Agent, ...]:
    """Where the second is given and the first is not, an agent of whom nothing is known stands first."""
    return tuple(one_agent or Agent() for one_agent in agents)


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
    """A payment from sorted leaves."""
    own = found.get("", {})

    return Payment(
        kind,
        money,
        place,
        source,
        instruction_id=one(own, "instruction_id"),
        end_to_end_id=one(own, "end_to_end_id"),
        transaction_id=one(own, "transaction_id"),
        uetr=one(own, "uetr"),
        clearing_reference=one(own, "clearing_reference"),
        batch_id=one(own, "batch_id"),
        settlement_date=one(own, "settlement_date"),
        instructed_amount=instructed,
        exchange_rate=one(own, "exchange_rate"),
        charge_bearer=one(own, "charge_bearer"),
        charges=charges(own),
        debtor=optional(found.get("debtor"), party),
        debtor_account=optional(found.get("debtor_account"), account),
        debtor_agent=optional(found.get("debtor_agent"), agent),
        debtor_agent_account=optional(found.get("debtor_agent_account"), account),
        creditor=optional(found.get("creditor"), party),
        creditor_account=optional(found.get("creditor_account"), account),
        creditor_agent=optional(found.get("creditor_agent"), agent),
        creditor_agent_account=optional(found.get("creditor_agent_account"), account),
        debtor_institution=optional(found.get("debtor_institution"), agent),
        creditor_institution=optional(found.get("creditor_institution"), agent),
        ultimate_debtor=optional(found.get("ultimate_debtor"), party),
        ultimate_creditor=optional(found.get("ultimate_creditor"), party),
        initiating_party=optional(found.get("initiating_party"), party),
        intermediary_agents=without_gaps(in_order(found, "intermediary_agents", agent)),
        intermediary_accounts=in_order(found, "intermediary_accounts", account),
        previous_agents=without_gaps(in_order(found, "previous_agents", agent)),
        instructing_agent=optional(found.get("instructing_agent"), agent),
        instructed_agent=optional(found.get("instructed_agent"), agent),
        settlement_method=one(own, "settlement_method"),
        settlement_account=optional(found.get("settlement_account"), account),
        clearing_system=one(own, "clearing_system"),
        reimbursement_agents=in_order(found, "reimbursement_agents", agent),
        reimbursement_accounts=in_order(found, "reimbursement_accounts", account),
        priority=one(own, "priority"),
        service_level=tuple(own.get("service_level", ())),
        local_instrument=one(own, "local_instrument"),
        category_purpose=one(own, "category_purpose"),
        purpose=one(own, "purpose"),
        remittance=tuple(own.get("remittance", ())),
        remittance_structured=structured,
        instructions_for_creditor_agent=instructions(own, "for_creditor_agent"),
        instructions_for_next_agent=instructions(own, "for_next_agent"),
        regulatory=tuple(own.get("regulatory", ())),
        settlement_times=tuple((key[5:], values[0]) for key, values in own.items() if key.startswith("time.")),
        underlying=underlying,
        extra=extra,
    )


def split_rest(rest: Iterable[tuple[str, str]]) -> tuple[Extra, Extra]:
    """What the table does not know: structured remittance, and everything else as `iso:` extras."""
    structured, extra = [], []
    for path, text in rest:
        if path.startswith("RmtInf/"):
            structured.append((path[len("RmtInf/") :], text))
        else:
            extra.append((f"iso:{path}", text))
    return tuple(extra), tuple(structured)
