"""What is to be done with a record, decided without looking at any state: route, accounts, outgoing format, checks.

Strategy: a generation of the configuration is compiled once into a Snapshot; a plan is a pure function of a record,
the message it came in, and that. Records that the gateway makes itself while it applies a batch (the deal in a quote
response or a trade report) are planned by the same functions, one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from msgspec import Struct, structs

from gateway import addressing
from gateway.addresses import Form
from gateway.model import (
    SECURITY_DECIMALS,
    Case,
    Loss,
    Money,
    Notice,
    Operation,
    Order,
    Payment,
    Record,
    Refusal,
    Report,
    Venue,
)
from gateway.model.trading import Execution, OrderAction, Told
from gateway.ports import AnswerBy, Codec, Decoded, Finding, Frame, Writing
from gateway.routing.route import Route
from gateway.routing.table import Table
from gateway.settlement.hours import Hours
from gateway.settlement.ledger import Leg
from gateway.settlement.plan import Templates, order_legs, payment_legs
from gateway.statements.rules import Mirror, StatementRule

# Payments that give an earlier one back: they settle along its legs, and have no route of their own.
GIVING_BACK = frozenset({"return", "reversal"})

Policy = Callable[[Sequence[Record]], Sequence[Sequence[Finding]]]


HARMLESS = ("info", "derived")  # severities of what is said about a translation but is not lost in it


class Speaker(Protocol):
    """A codec that can say more than answers: what trading tells a session, in the version that `type` names."""

    def tell(self, told: Told, type: str, now_ns: int) -> list[Frame]: ...


class Endpoint(Struct, frozen=True):
    """What the pipeline must know of a door: its format (None: found by content) and how answers leave."""

    name: str
    codec: Codec | None
    answer_by: AnswerBy
    operations: frozenset[str] = frozenset()  # which instructions to the gateway itself may come through it
    held_to: Callable[[Decoded], Decoded] | None = None  # its rule sets: what breaks one becomes a refusal
    head: Callable[[Codec, Frame, Writing], Frame] | None = None  # puts the header that they ask for around answers


class Way(Struct, frozen=True):
    """A route, compiled: its accounts, its checks and its outgoing format."""

    route: Route
    templates: Templates | None
    policy: Policy | None
    writer: Codec | None
    venue: Venue | None = None  # who works its orders; None: they are filled here
    affirm: bool = False  # its orders settle once their counterparty affirms them
    cover: bool = False  # its payments wait for their other half
    confirm: bool = False  # its payments are final once the receiving side says so
    within_ns: int = 0  # how long after its acceptance a payment may be decided; 0: for ever
    hours: tuple[Hours, ...] = ()  # of the system it is sent by, and of that for what the first does not take
    addresses: Form | None = None  # what the addresses of its payments are made before they are sent; None: as they are
    breaks: Callable[[Payment], Refusal | None] | None = None  # a rule of the endpoint that what would be sent breaks
    head: Callable[[Frame, Payment, Writing], Frame] | None = None  # puts a header around what is sent
    leg: Callable[[Payment], Payment] | None = None  # who instructs whom, from us on


class Rate(Struct, frozen=True):
    """What is quoted for a symbol."""

    bid: str
    ask: str
    valid_ns: int
    quantity: Money  # at most so much of the base currency


class Snapshot(Struct, frozen=True):
    """One generation of the configuration; `prepare` needs nothing else."""

    generation: int
    endpoints: dict[str, Endpoint]
    table: Table
    ways: dict[str, Way]
    sender: str = ""  # our BIC
    routing_number: str = ""
    rates: dict[str, Rate] = {}  # by symbol
    securities: dict[str, int] = {}  # ISIN -> decimals that a quantity may have
    statements: tuple[StatementRule, ...] = ()
    mirrors: tuple[Mirror, ...] = ()
    terminal: str = ""  # the source of our IMADs


class Source(Struct, frozen=True, gc=False):
    """The message that a record came in, as far as plans and answers need it."""

    endpoint: str
    session: str
    type: str
    message: int = 0
    sender: str = ""  # as the message names it


class Plan(Struct, frozen=True, gc=False):
    """What is to be done with one record, decided without looking at any state."""

    way: Way
    legs: tuple[Leg, ...] = ()
    refusal: Refusal | None = None
    losses: tuple[Loss, ...] = ()
    findings: Sequence[Finding] = ()
    sent: Payment | None = None  # what leaves in place of the record: with addresses completed


def plan_record(record: Payment | Order, source: Source, snapshot: Snapshot) -> Plan:
    """Route, accounts and outgoing format of one record; checks are run over many, see `checked`."""
    way = snapshot.ways[snapshot.table.match(record, source.endpoint, source.type, source.session).name]
    refuse = way.route.refuse
    if refuse is not None:
        return Plan(way, refusal=refusal(record, "refused-by-route", refuse.reason, refuse.because))
    if record.scheme == "security" and isinstance(record, Order):
        problem = _security_problem(record, snapshot)
        if problem is not None:
            return Plan(way, refusal=problem)
    return plan_way(record, way, source)


def _security_problem(order: Order, snapshot: Snapshot) -> Refusal | None:
    """Only securities that the configuration declares are traded, in quantities that it allows."""
    decimals = snapshot.securities.get(order.base.currency)
    if decimals is None:
        return refusal(order, "unknown-security", "AM03", "this security is not traded here")
    if order.base.minor % 10 ** (SECURITY_DECIMALS - decimals):
        return refusal(order, "bad-quantity", "AM12", f"a quantity of this security has at most {decimals} decimals")
    return None


def plan_way(record: Payment | Order, way: Way, source: Source) -> Plan:
    """The plan of a record whose route is known."""
    assert way.templates is not None, "a route either settles or refuses"
    if isinstance(record, Order):
        if way.venue is not None and record.quote is None:
            return Plan(way)  # a market order: the venue finds the price
        legs = order_legs(record, way.templates, source.session, source.endpoint)
        return Plan(way, refusal=legs) if isinstance(legs, Refusal) else Plan(way, legs)
    legs = payment_legs(record, way.templates, source.session, source.endpoint)
    return Plan(way, refusal=legs) if isinstance(legs, Refusal) else _fit(record, way, legs)


def plan_whole(record: Payment | Order, source: Source, snapshot: Snapshot) -> Plan:
    """The plan of a record that came into being while a batch is applied, with what the checks say of it."""
    planned = plan_record(record, source, snapshot)
    policy = planned.way.policy
    if planned.refusal is not None or policy is None:
        return planned
    return structs.replace(planned, findings=(*policy([record])[0], *planned.findings))


def _fit(payment: Payment, way: Way, legs: tuple[Leg, ...]) -> Plan:
    """Can the outgoing format carry it? Asked before the money moves, since encoding may not fail after."""
    send = way.route.send
    if send is None or way.writer is None:
        return Plan(way, legs)
    made = addressing.Completed(payment) if way.addresses is None else addressing.completed(payment, way.addresses)
    if made.hold is not None:
        return Plan(way, legs, None, made.derived, (made.hold,))
    sent = made.payment if way.leg is None else way.leg(made.payment)
    fit = way.writer.fit(sent, send.as_)
    refused = fit.refusal
    if refused is None and way.breaks is not None:
        refused = way.breaks(sent)
    if refused is not None:
        return Plan(way, refusal=refused)
    if way.route.losses == "refuse" and (counting := [loss for loss in fit.losses if loss.severity not in HARMLESS]):
        lost = ", ".join(loss.element for loss in counting[:8])
        return Plan(way, refusal=refusal(payment, "translation-loss", "NARR", f"{send.as_} cannot carry: {lost}"))
    return Plan(way, legs, None, (*made.derived, *fit.losses), (), None if sent is payment else sent)


def refusal(record: Payment | Order, code: str, reason: str, text: str) -> Refusal:
    """A refusal of a record as a whole."""
    return Refusal(code, reason, record.place, text, reference(record))


def reference(record: Record | Refusal) -> str:
    """The sender's own reference for a record, for people who look for it."""
    if isinstance(record, Payment):
        return record.end_to_end_id or record.transaction_id or record.instruction_id
    if isinstance(record, Order | OrderAction):
        return record.client_order_id
    if isinstance(record, Operation):
        return record.subject
    if isinstance(record, Execution):
        return record.exec_id or record.client_order_id
    if isinstance(record, Refusal):
        return record.record
    return _subject(record)


def _subject(record: Record) -> str:
    """What a record that moves no money is about: the reference of the original, else its own."""
    original = record.original if isinstance(record, Report | Case | Notice) else None
    if original is not None:
        return original.end_to_end_id or original.transaction_id or original.instruction_id or original.message_id
    id: str = getattr(record, "id", "") or getattr(record, "quote_id", "")
    return id
