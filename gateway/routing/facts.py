"""What a record says to the conditions of a route: one reader per condition and kind of record.

Strategy: a table of readers, shared by the compiled table and the interpreter, so that both see the same facts.
A record that has nothing to say to a condition says the empty text, which no condition takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, get_args

from gateway.model import (
    Account,
    Agent,
    Case,
    Money,
    Notice,
    Operation,
    Order,
    Party,
    Payment,
    Record,
    Report,
    Statement,
)
from gateway.model.trading import Trading

MESSAGE_CONDITIONS = ("endpoint", "type", "session")  # facts of the message, the same for all of its records
PREFIX_CONDITIONS = ("debtor_agent", "creditor_agent")  # always met by what begins so

SAID = (Report, Case, Notice, Statement, *get_args(Trading))  # matched by kind and scheme alone

One = Callable[[Any], str]
Two = Callable[[Any], tuple[str, str]]


def _agent_codes(agent: Agent | None) -> tuple[str, str]:
    return (agent.bic, agent.clearing_member) if agent is not None else ("", "")


def _debtor_agent(payment: Payment) -> tuple[str, str]:
    """Of a transfer between institutions that names no agent, the institution itself."""
    return _agent_codes(payment.debtor_agent or payment.debtor_institution)


def _creditor_agent(payment: Payment) -> tuple[str, str]:
    return _agent_codes(payment.creditor_agent or payment.creditor_institution)


def _country(party: Party | None, account: Account | None, agent: Agent | None) -> str:
    """The first of: the party's address, its residence, its IBAN, its agent's address, its agent's BIC."""
    if party is not None:
        if party.address is not None and party.address.country:
            return party.address.country
        if party.country_of_residence:
            return party.country_of_residence
    if account is not None and account.scheme == "IBAN":
        return account.id[:2]
    if agent is None:
        return ""
    if agent.address is not None and agent.address.country:
        return agent.address.country
    return agent.bic[4:6]


def _debtor_country(payment: Payment) -> str:
    agent = payment.debtor_institution or payment.debtor_agent
    return _country(payment.debtor, payment.debtor_account, agent)


def _creditor_country(payment: Payment) -> str:
    agent = payment.creditor_institution or payment.creditor_agent
    return _country(payment.creditor, payment.creditor_account, agent)


def _debtor_account(payment: Payment) -> str:
    return payment.debtor_account.id if payment.debtor_account is not None else ""


def _creditor_account(payment: Payment) -> str:
    return payment.creditor_account.id if payment.creditor_account is not None else ""


SINGLE: Mapping[type[Any], Mapping[str, One]] = {
    Payment: {
        "kind": attrgetter("kind"),
        "scheme": attrgetter("scheme"),
        "currency": attrgetter("amount.currency"),
        "debtor_country": _debtor_country,
        "creditor_country": _creditor_country,
        "debtor_account": _debtor_account,
        "creditor_account": _creditor_account,
    },
    Order: {
        "kind": attrgetter("kind"),
        "scheme": attrgetter("scheme"),
        "currency": attrgetter("base.currency"),
        "debtor_account": attrgetter("account"),
        "symbol": attrgetter("symbol"),
        "side": attrgetter("side"),
    },
    Operation: {
        "kind": attrgetter("kind"),
        "scheme": attrgetter("scheme"),
        "currency": attrgetter("currency"),
        "debtor_account": attrgetter("source_account"),
        "creditor_account": attrgetter("subject"),
    },
    **{said: {"kind": attrgetter("kind"), "scheme": attrgetter("scheme")} for said in SAID},
}
DOUBLE: Mapping[type[Any], Mapping[str, Two]] = {
    Payment: {
        "debtor_agent": _debtor_agent,
        "creditor_agent": _creditor_agent,
        "purpose": attrgetter("purpose", "category_purpose"),
    },
    Order: {},
    Operation: {},
    **{said: {} for said in SAID},
}


def amount_of(record: Record) -> Money | None:
    """The amount that `amount` conditions look at."""
    if isinstance(record, Payment):
        return record.amount
    if isinstance(record, Order):
        return record.base
    if isinstance(record, Operation):
        return Money(record.currency, record.minor) if record.minor is not None else None
    return None  # what is only said is matched by its kind


def facts(record: Record, endpoint: str, type: str, session: str) -> dict[str, tuple[str, ...]]:
    """Every fact by the name of its condition; what the record does not say is an empty tuple."""
    read: dict[str, tuple[str, ...]] = {"endpoint": (endpoint,), "type": (type,), "session": (session,)}
    kind = record.__class__
    read |= {name: (one(record),) for name, one in SINGLE[kind].items()}
    read |= {name: two(record) for name, two in DOUBLE[kind].items()}
    return {name: tuple(text for text in texts if text) for name, texts in read.items()}
