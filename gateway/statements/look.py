"""A statement for who only wants to look: read beside the writer, without a number, nothing is kept.

Strategy: the balances at the beginning of the day and what moved since are read of one instant; the rest is the same
as for the statements that are sent. The day is that of the rule which covers the account, else a day of UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from msgspec import Struct, structs

from gateway import formats
from gateway.model import Loss, Refusal, Statement
from gateway.ports import Frame, Movement, Writing
from gateway.settlement.calendars import day_begins, local_day
from gateway.statements.build import Mark, Span, statement, to_send
from gateway.statements.rules import StatementRule, kind_of

NS_PER_DAY = 86_400 * 1_000_000_000
DEFAULT_TYPE = "camt.053.001.08"
FIRST_YEAR, LAST_YEAR = 1970, 2200  # in which a day may be asked for; nanoseconds fit into 64 bits
UNNUMBERED = "0"  # MT 28C must have a number


class History(Protocol):
    """What is needed of a store."""

    async def history(self, account: str, since_ns: int) -> tuple[dict[str, int], list[Movement]]: ...


class Look(Struct, frozen=True):
    """What somebody wants to see."""

    account: str
    day: str = ""  # "": what has come since the end of the last business day
    type: str = ""  # "": as the rule that covers the account says, else camt.053
    currency: str = ""  # "": all


class Seen(Struct, frozen=True):
    """The messages, and what they could not carry."""

    frames: tuple[Frame, ...]
    losses: tuple[Loss, ...] = ()


async def look(store: History, rules: Sequence[StatementRule], want: Look, writing: Writing) -> Seen | Refusal:
    """The statements of an account, written. A Refusal when there is no such account, or the type cannot carry it."""
    if want.day and not _is_day(want.day):
        return Refusal("bad-date", "DT01", "date", "a date is written YYYY-MM-DD")
    rule = _rule(rules, want)
    if isinstance(rule, Refusal):
        return rule
    begin_ns, end_ns = _period(rule, want, writing.now_ns)
    balances, moves = await store.history(want.account, begin_ns)
    currencies = [currency for currency in balances if want.currency in ("", currency)]
    if not currencies:
        return Refusal("unknown-account", "AC01", "account", "there is no such account, or not in this currency")
    inside = [move for move in moves if move.time_ns < end_ns]
    made = [
        _statement(rule, want.account, currency, balances[currency], inside, Span(begin_ns, end_ns, writing.now_ns, id))
        for currency, id in ((currency, f"LOOK-{currency}") for currency in currencies)
    ]
    return _written(made, rule, writing)


def _statement(
    rule: StatementRule, account: str, currency: str, opening_minor: int, moves: Sequence[Movement], span: Span
) -> Statement:
    own = [move for move in moves if move.transfer.currency == currency]
    made = to_send(statement(rule, account, currency, Mark(closing_minor=opening_minor), own, span))
    number = UNNUMBERED if rule.type.startswith("MT") else ""
    return structs.replace(made, electronic_number="", legal_number=number)


def _written(made: Sequence[Statement], rule: StatementRule, writing: Writing) -> Seen | Refusal:
    frames, losses = list[Frame](), list[Loss]()
    for one in made:
        fit = rule.writer.fit(one, rule.type)  # type: ignore[arg-type]  # a statement's writer
        if fit.refusal is not None:
            return fit.refusal
        losses += fit.losses
        frames.append(rule.writer.encode([one], rule.type, writing))  # type: ignore[list-item]
    return Seen(tuple(frames), tuple(losses))


def _rule(rules: Sequence[StatementRule], want: Look) -> StatementRule | Refusal:
    """The rule that covers the account, with the type that is wanted; a plain one where none does."""
    covering = [rule for rule in rules if rule.covers(want.account) and rule.when != "each_entry"]
    own = covering[0] if covering else None
    type = want.type or (own.type if own is not None else DEFAULT_TYPE)
    try:
        writer = formats.writer(type)
    except ValueError as error:
        return Refusal("unknown-type", "NARR", "as", str(error))
    if kind_of(type) not in ("statement", "report"):
        return Refusal("unknown-type", "NARR", "as", f"{type} is no statement of account")
    if own is not None:
        return structs.replace(own, type=type, writer=writer)
    return StatementRule("look", ("*",), type, "", "on_request", writer, "00:00")


def _is_day(text: str) -> bool:
    try:
        return FIRST_YEAR <= date.fromisoformat(text).year <= LAST_YEAR and len(text) == len("YYYY-MM-DD")
    except ValueError:
        return False


def _period(rule: StatementRule, want: Look, now_ns: int) -> tuple[int, int]:
    """From when until when: never later than now."""
    if rule.name != "look":
        end_ns = min(rule.end_of(want.day), now_ns) if want.day else now_ns
        return rule.day_before(rule.end_of(want.day) if want.day else now_ns), end_ns
    begin_ns = day_begins(want.day or local_day(now_ns, "UTC"), "UTC")
    return begin_ns, min(begin_ns + NS_PER_DAY, now_ns)
