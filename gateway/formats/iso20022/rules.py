"""Rules of market practice over records: one rule a line, with its id, its reason and the years it holds.

Strategy: a rule set is a table; a test is built from a name and a value (`required("uetr")`, `at_most(16,
"instruction_id")`) and says what is wrong, or nothing. Several sets hold at once; a record that breaks a rule becomes a
Refusal in its place, and the rest of its message goes on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any

from msgspec import Struct, structs

from gateway.formats.iso20022 import iban, identifiers
from gateway.model import Address, Agent, Money, Party, Payment, Refusal
from gateway.ports import Decoded

Test = Callable[[Any], str]  # a record in, a sentence out; empty when the rule is kept
MessageTest = Callable[[Decoded], str]
FOREVER = 9_999


class Rule(Struct, frozen=True):
    """One rule: for which kinds of record and from which year to which."""

    id: str
    reason: str
    place: str
    test: Test
    kinds: frozenset[str] = frozenset()  # empty: all
    since: int = 0
    until: int = FOREVER


class MessageRule(Struct, frozen=True):
    """A rule of the message as a whole: its header, its count."""

    id: str
    reason: str
    place: str
    test: MessageTest
    types: tuple[str, ...] = ()  # beginnings of message types; empty: all
    since: int = 0
    until: int = FOREVER


class RuleSet(Struct, frozen=True):
    """The rules of one practice in one year."""

    name: str
    year: int
    rules: tuple[Rule, ...]
    message_rules: tuple[MessageRule, ...] = ()
    headed: bool = False  # its messages have a business header ...
    service: str = ""  # ... which names this service
    of_kind: dict[str, tuple[Rule, ...]] = {}  # the rules for each kind of record that came

    def fitting(self, kind: str) -> tuple[Rule, ...]:
        """The rules for a kind of record."""
        found = self.of_kind.get(kind)
        if found is None:
            found = tuple(rule for rule in self.rules if not rule.kinds or kind in rule.kinds)
            self.of_kind[kind] = found
        return found

    def broken(self, record: Any) -> Refusal | None:
        """The first rule that a record breaks."""
        for rule in self.fitting(record.kind):
            wrong = rule.test(record)
            if wrong:
                return refusal(rule, record, wrong)
        return None

    def all_broken(self, record: Any) -> list[Refusal]:
        """Every rule that a record breaks."""
        found = ((rule, rule.test(record)) for rule in self.fitting(record.kind))
        return [refusal(rule, record, wrong) for rule, wrong in found if wrong]

    def message(self, decoded: Decoded) -> list[Refusal]:
        """What is wrong with the message as a whole."""
        fitting = (rule for rule in self.message_rules if not rule.types or decoded.type.startswith(rule.types))
        found = ((rule, rule.test(decoded)) for rule in fitting)
        return [Refusal(rule.id, rule.reason, rule.place, wrong) for rule, wrong in found if wrong]


def refusal(rule: Rule, record: Any, wrong: str) -> Refusal:
    """A broken rule in its place, with the references that an answer needs."""
    names = (
        ("InstrId", "instruction_id"),
        ("EndToEndId", "end_to_end_id"),
        ("TxId", "transaction_id"),
        ("UETR", "uetr"),
        ("PmtInfId", "batch_id"),
    )
    ids = tuple((f"iso:{name}", value) for name, field in names if (value := getattr(record, field, "")))
    place = f"{record.place}/{rule.place}"
    return Refusal(rule.id, rule.reason, place, wrong, getattr(record, "end_to_end_id", ""), ids)


def rule_set(
    name: str,
    year: int,
    rules: Iterable[Rule],
    message_rules: Iterable[MessageRule] = (),
    *,
    headed: bool = False,
    service: str = "",
) -> RuleSet:
    """The set as it holds in a year."""
    return RuleSet(
        f"{name}-{year}",
        year,
        tuple(rule for rule in rules if rule.since <= year <= rule.until),
        tuple(rule for rule in message_rules if rule.since <= year <= rule.until),
        headed,
        service,
    )


@cache
def sets() -> dict[str, RuleSet]:
    """Every rule set by name: `cbpr-2026`, `hvps-2025`."""
    from gateway.formats.iso20022 import rules_cbpr, rules_hvps

    return {made.name: made for module in (rules_cbpr, rules_hvps) for made in module.SETS}


def hold(decoded: Decoded, chosen: Sequence[RuleSet]) -> Decoded:
    """The message held against rule sets: broken records become refusals, a broken message is refused as a whole."""
    wrong = [refused for one in chosen for refused in one.message(decoded)]
    if wrong:
        return structs.replace(decoded, records=(), refusals=(*decoded.refusals, *wrong))
    held = [_held(record, chosen) for record in decoded.records]
    kept = all(after is before for after, before in zip(held, decoded.records, strict=True))
    return decoded if kept else structs.replace(decoded, records=held)


def _held(record: Any, chosen: Sequence[RuleSet]) -> Any:
    if isinstance(record, Refusal):
        return record
    for one in chosen:
        broken = one.broken(record)
        if broken is not None:
            return broken
    return record


# --- tests, by name and value -------------------------------------------------------------------


def required(field: str) -> Test:
    """The field says something."""
    return lambda record: "" if getattr(record, field) else f"{field} is missing"


def absent(field: str) -> Test:
    """The field says nothing."""
    return lambda record: f"{field} is not allowed here" if getattr(record, field) else ""


def at_most(length: int, *fields: str) -> Test:
    """Texts no longer than so many characters."""

    def test(record: Any) -> str:
        for field in fields:
            if len(getattr(record, field)) > length:
                return f"{field} has {len(getattr(record, field))} characters, at most {length} are taken"
        return ""

    return test


def one_of(field: str, *values: str) -> Test:
    """A word out of a list, or nothing."""
    return lambda record: (
        ""
        if getattr(record, field) in ("", *values)
        else f"{field} is {getattr(record, field)[:35]}, not {'/'.join(values)}"
    )


def matches(field: str, pattern: str, meaning: str) -> Test:
    """A text of a form, or nothing."""
    compiled = re.compile(pattern)
    return lambda record: (
        "" if not (text := getattr(record, field)) or compiled.fullmatch(text) else f"{field} {meaning}"
    )


def currency(*, only: Iterable[str] = (), never: Iterable[str] = ()) -> Test:
    """The currency of the amount; what is never taken is not taken for the instructed or the original amount either."""
    allowed, forbidden = frozenset(only), frozenset(never)

    def test(record: Any) -> str:
        original = getattr(record, "original", None)
        for money in (record.amount, record.instructed_amount, original.amount if original is not None else None):
            code = money.currency if isinstance(money, Money) else ""
            if code in forbidden or (allowed and code and code not in allowed and money is record.amount):
                return f"the currency is {code}"
        for path, text in record.extra:
            if path.endswith("/@Ccy") and text in forbidden:
                return f"the currency of {path.removeprefix('iso:').removesuffix('/@Ccy')} is {text}"
        return ""

    return test


def parties(record: Payment) -> Iterator[tuple[str, Party]]:
    """Debtor, creditor and those behind them."""
    for side in ("debtor", "creditor", "ultimate_debtor", "ultimate_creditor", "initiating_party"):
        party = getattr(record, side)
        if party is not None:
            yield side, party


def agents(record: Payment) -> Iterator[tuple[str, Agent]]:
    """Every institution that a payment names."""
    for side in (
        "debtor_agent",
        "creditor_agent",
        "instructing_agent",
        "instructed_agent",
        "debtor_institution",
        "creditor_institution",
    ):
        agent = getattr(record, side)
        if agent is not None:
            yield side, agent
    for name in ("intermediary_agents", "previous_agents", "reimbursement_agents"):
        for number, agent in enumerate(getattr(record, name)):
            if agent is not None:
                yield f"{name}[{number + 1}]", agent


def addresses(record: Payment) -> Iterator[tuple[str, Address]]:
    """Every address that a payment names."""
    for side, party in parties(record):
        if party.address is not None:
            yield side, party.address
    for side, agent in agents(record):
        if agent.address is not None:
            yield side, agent.address


def address_form(*, lines_max: int, line_max: int, unstructured: bool) -> Test:
    """Structured, or hybrid with town and country beside at most so many lines; unstructured while it is taken."""

    def test(record: Payment) -> str:
        for side, where in addresses(record):
            fixed = where.town and where.country
            if unstructured and not fixed and where.lines and _only_lines(where):
                if len(where.lines) > 3 or any(len(line) > 35 for line in where.lines):
                    return f"the {side}'s address in lines has more than 3 of 35 characters"
            elif not fixed:
                return f"the {side}'s address lacks town or country"
            elif len(where.lines) > lines_max or any(len(line) > line_max for line in where.lines):
                return f"the {side}'s address has more than {lines_max} lines of {line_max} characters"
        return ""

    return test


def _only_lines(where: Address) -> bool:
    return structs.replace(where, lines=(), type="", country="") == Address()


def identified(record: Payment) -> str:
    """BICs, LEIs and member ids carry their own proof."""
    for side, agent in agents(record):
        wrong = (identifiers.bic(agent.bic) if agent.bic else "") or (identifiers.lei(agent.lei) if agent.lei else "")
        wrong = wrong or identifiers.member(agent.clearing_system, agent.clearing_member)
        if wrong:
            return f"{side}: {wrong}"
    for side, party in parties(record):
        wrong = (identifiers.bic(party.bic) if party.bic else "") or (identifiers.lei(party.lei) if party.lei else "")
        if wrong:
            return f"{side}: {wrong}"
    return ""


def uetr(record: Any) -> str:
    """A UUID of version 4."""
    return identifiers.uetr(record.uetr) if record.uetr else ""


def ibans(record: Payment) -> str:
    """What is called an IBAN is one."""
    for side in ("debtor_account", "creditor_account"):
        account = getattr(record, side)
        if account is not None and account.scheme == "IBAN" and (wrong := iban.problem(account.id)):
            return f"{side}: {wrong}"
    return ""


def characters(pattern: str, *fields: str) -> Test:
    """Texts in a set of characters; lists of texts line by line."""
    compiled = re.compile(pattern)

    def test(record: Any) -> str:
        for field in fields:
            value = getattr(record, field)
            for text in (value,) if isinstance(value, str) else value:
                if not compiled.fullmatch(text):
                    return f"{field} has characters outside the set"
        return ""

    return test
