"""From configuration records to the snapshot that the pipeline runs on.

Everything that names something else is looked up here, once per generation: formats, doors, checks, writers.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from msgspec import structs

from gateway import compliance, formats, practice
from gateway.addresses import towns
from gateway.config.records import AccountConfig, Configuration, EndpointConfig, RateConfig, StatementConfig
from gateway.engine import CLOCK
from gateway.model import Money, Operation, Venue
from gateway.pipeline import Endpoint, Policy, Snapshot, Way
from gateway.planning import Rate
from gateway.ports import Codec, Door
from gateway.routing.route import Route
from gateway.routing.table import Table
from gateway.settlement.hours import SYSTEMS, Hours
from gateway.settlement.instant import NS_PER_SECOND
from gateway.settlement.plan import Templates
from gateway.statements.rules import Mirror, StatementRule

# Doors of the gateway's own that need no entry in routes.yaml.
DECISIONS = frozenset({"release", "reject", "repair", "cancel", "recall", "return", "ask_status"})
ALL_OPERATIONS = DECISIONS | {"open_account", "close_account", "net", "statement"}
INTERNAL = ("config", "control", "core")


@cache
def door_class(adapter: str) -> type[Door]:
    """The Door class of `adapters/<adapter>.py`."""
    found: type[Door] = importlib.import_module(f"adapters.{adapter}").Door
    return found


def compile_snapshot(config: Configuration, generation: int) -> Snapshot:
    """The snapshot of a checked configuration. Raises ValueError (a list that cannot be read, say) with a sentence."""
    endpoints = {name: Endpoint(name, formats.load("json"), "caller", ALL_OPERATIONS) for name in INTERNAL}
    endpoints[CLOCK] = Endpoint(CLOCK, formats.load("json"), "caller", frozenset({"tick"}))
    for name, entry in config.endpoints.items():
        codec = None if entry.format == "auto" else formats.load(entry.format)
        if entry.allow:
            codec = _loosened(name, codec, entry)
        _check_sessions(name, codec, getattr(entry.config, "sessions", ()))
        endpoints[name] = Endpoint(
            name,
            codec,
            door_class(entry.adapter).answer_by,
            _operations(entry.adapter, entry.config),
            practice.holding(entry.rules),
            practice.answering(entry.rules),
        )
    policies = {name: compliance.policy(name, options, config.base) for name, options in config.policies.items()}
    ways = {route.name: _way(route, policies, endpoints, config) for route in config.routes}
    rates = {symbol: _rate(symbol, rate) for symbol, rate in config.rates.items()}
    identity = config.gateway
    securities = {isin: security.decimals for isin, security in config.securities.items()}
    return Snapshot(
        generation,
        endpoints,
        Table(config.routes),
        ways,
        identity.bic,
        identity.routing_number,
        rates,
        securities,
        tuple(_statements(statement) for statement in config.statements),
        tuple(Mirror(m.account, m.ledger, m.currency, m.signs == "opposite", m.zone) for m in config.reconcile),
        identity.terminal,
    )


def _statements(config: StatementConfig) -> StatementRule:
    return StatementRule(
        config.name,
        config.accounts,
        config.as_,
        config.to,
        config.when,
        formats.writer(config.as_),
        config.at,
        config.zone,
        config.calendar,
        frozenset(config.requesters or (config.to,)),
        config.empty,
        config.receiver,
    )


def _loosened(name: str, codec: Codec | None, entry: EndpointConfig) -> Codec:
    """The format with what the endpoint's files may do. Raises ValueError when it has no such setting."""
    loosened = getattr(codec, "loosened", None)
    if loosened is None:
        raise ValueError(f"endpoints.{name}.allow: the format {entry.format} has no rules that can be switched off")
    try:
        made: Codec = loosened(entry.allow)
    except ValueError as error:
        raise ValueError(f"endpoints.{name}.allow: {error}") from None
    return made


def _check_sessions(name: str, codec: Codec | None, sessions: Any) -> None:
    """Raises ValueError when the endpoint's format cannot serve its sessions."""
    check = getattr(codec, "check_sessions", None)
    if check is None:
        return
    try:
        check(sessions)
    except ValueError as error:
        raise ValueError(f"endpoints.{name}: {error}") from None


def _operations(adapter: str, config: Any) -> frozenset[str]:
    if adapter == "control":
        return ALL_OPERATIONS
    if adapter != "http" or not getattr(config, "api", False):
        return frozenset()
    return frozenset({"open_account"}) | (DECISIONS if getattr(config, "decide", False) else frozenset())


def _way(route: Route, policies: Mapping[str, Policy], endpoints: dict[str, Endpoint], config: Configuration) -> Way:
    settle, send = route.settle, route.send
    templates = Templates(settle.debit, settle.credit, settle.client, settle.principal) if settle else None
    writer = _writer(endpoints[send.to].codec, send.as_) if send else None
    venue = None
    if send is not None and hasattr(writer, "tell"):
        session = send.session or config.endpoints[send.to].config.sessions[0].target
        venue = Venue(send.to, session, send.as_)
    policy = policies.get(route.check)
    way = Way(route, templates, policy, writer, venue)
    if settle is not None:
        affirm, cover, confirm = (wish == "required" for wish in (settle.affirm, settle.cover, settle.confirm))
        within_ns = settle.within_s * NS_PER_SECOND
        way = structs.replace(way, affirm=affirm, cover=cover, confirm=confirm, within_ns=within_ns)
    if send is None or writer is None:
        return way
    rules = config.endpoints[send.to].rules
    form = practice.address_form(send.addresses, rules)
    if form is not None:
        towns.prepare()  # not when the first payment needs it
    broken = practice.breaking(writer, send.as_, rules, config.gateway)
    leg = practice.leg(rules, config.gateway)
    hours = systems(send.hours, config.hours) if send.hours else ()
    head = practice.heading(writer, rules)
    return structs.replace(way, addresses=form, breaks=broken, head=head, leg=leg, hours=hours)


def systems(name: str, own: Mapping[str, Hours]) -> tuple[Hours, ...]:
    """The hours of a payment system, then of those that take what it does not; each once."""
    known, found = {**SYSTEMS, **own}, dict[str, Hours]()
    while name and name not in found:
        found[name] = known[name]
        name = known[name].otherwise
    return tuple(found.values())


def _writer(codec: Codec | None, type: str) -> Codec:
    """The endpoint's own format where it writes the type (a profile such as sepa does), else whoever does."""
    own = (*codec.writes, *getattr(codec, "profiles", ())) if codec is not None else ()
    return codec if codec is not None and type in own else formats.writer(type)


def _rate(symbol: str, rate: RateConfig) -> Rate:
    base = symbol.partition("/")[0]
    bid, ask = (f"{price:f}" if price is not None else "" for price in (rate.bid, rate.ask))
    return Rate(bid, ask, rate.valid_s * 1_000_000_000, Money(base, _minor(base, str(rate.max))))


def account_operations(accounts: Iterable[AccountConfig]) -> list[Operation]:
    """The configured accounts as instructions to open them."""
    return [_open_account(account) for account in accounts]


def _open_account(account: AccountConfig) -> Operation:
    floor = None if account.floor == "none" else _minor(account.currency, str(account.floor))
    balance = _minor(account.currency, str(account.balance)) if account.balance is not None else None
    return Operation(
        "open_account",
        account.id,
        account.currency,
        balance,
        floor,
        account.from_,
        place=f"accounts.open: {account.id}",
        source="routes.yaml",
    )


def _minor(currency: str, text: str) -> int:
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text)
    money = Money.parse(currency, digits)
    if money is None:
        raise ValueError(f"{text} is not an amount of {currency}")
    return sign * money.minor
